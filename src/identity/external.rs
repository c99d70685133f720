//! Signing in at an issuer elsewhere (OpenID Connect): the way there, the way back, and whose account that is.
//!
//! An attempt is stored, so that any instance can take the browser back; it is good once, for ten minutes, and for the
//! browser that holds its secret. An issuer's pair of issuer and subject names a person for good.
//!
//! A person who comes for the first time gets an account that exists only if both sides have proven the same address:
//! the issuer says that it is hers, and the account has verified it. An address that an account only claims proves
//! nothing: somebody might have opened the account with her address and a password of his, to share what she does in it
//! once she comes (pre-hijacking). She gets an account of her own, and the address with it, since she has shown that it
//! is hers; the claim is void.
//!
//! An account that has let a pair go takes its word no more: an address that both have proven does not link them again,
//! for as long as the account lasts.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::Ids;
use db::{DbError, Tx, sql};
use futures_util::FutureExt;
use node::GuardedClient;
pub use oidc::OidcError as IssuerError;
use oidc::{Callback, OidcError, Pending, Person, Provider};
use units::{Span, Timestamp};
use uuid::Uuid;

use super::logins::{self, Newcomer};
use super::{Accounts, IdentityError, SignedIn, User, contact, get, token_hash};
use crate::config::SignInConfig;
use crate::error::{Code, Coded};
use crate::network::Participant;

/// How such a session has begun.
pub(super) const WAY: &str = "oidc";
/// So long the browser may be away.
pub const ATTEMPT_LIFE: Span = Span::from_secs(600);

sql! {
    FORGET = "DELETE FROM sign_in_attempts WHERE expires_at <= $1";
    KEEP = "INSERT INTO sign_in_attempts (state_hash, browser_hash, provider, nonce, verifier, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    TAKE = "DELETE FROM sign_in_attempts WHERE state_hash = $1 AND browser_hash = $2 AND provider = $3 \
        AND expires_at > $4 RETURNING nonce, verifier";
    KNOWN = "SELECT user_id FROM external_logins WHERE issuer = $1 AND subject = $2";
    USED = "UPDATE external_logins SET used_at = $3 WHERE issuer = $1 AND subject = $2";
    LINK = "INSERT INTO external_logins (issuer, subject, user_id, created_at, used_at) VALUES ($1, $2, $3, $4, $4) \
        ON CONFLICT DO NOTHING";
    UNLINKED = "SELECT at FROM unlinked_logins WHERE issuer = $1 AND subject = $2 AND user_id = $3";
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
    #[error("there is no such issuer")]
    UnknownIssuer,
    #[error("this sign-in is over, or was begun in another browser")]
    Over,
    #[error(transparent)]
    Issuer(#[from] OidcError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Coded for ExternalError {
    fn code(&self) -> Code {
        use OidcError as O;
        match self {
            Self::UnknownIssuer => Code::NotFound,
            Self::Over | Self::Issuer(O::StateMismatch) => Code::SignInOver,
            Self::Issuer(O::Unavailable) => Code::IssuerUnavailable,
            Self::Issuer(O::OtherIssuer | O::Denied | O::CodeRefused | O::Token(_)) => Code::SignInRefused,
            Self::Issuer(O::Configuration(_)) | Self::Db(_) => Code::Internal,
        }
    }
}

/// The issuers of this platform. Cheap to clone.
#[derive(Clone, Default)]
pub struct Issuers {
    known: Arc<Vec<Known>>,
    return_path: Arc<str>,
}

struct Known {
    title: String,
    provider: Provider,
    callback: String,
}

/// A sign-in on its way.
#[derive(Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub url: String,
    /// What the browser must hold when it comes back.
    pub browser: String,
}

impl Issuers {
    /// Asks none of them yet.
    ///
    /// # Errors
    /// [`OidcError::Configuration`].
    pub fn new(
        config: &SignInConfig,
        base_url: &str,
        client: &GuardedClient,
        clock: &Arc<dyn clock::Clock>,
        ids: &Ids,
    ) -> Result<Self, OidcError> {
        let base = base_url.trim_end_matches('/');
        let known = config.issuers.iter().map(|issuer| {
            let provider = Provider::new(issuer.issuer(), client.clone(), Arc::clone(clock), ids.clone())?;
            let callback = format!("{base}/auth/oidc/{}/callback", issuer.name);
            Ok(Known {
                title: issuer.title.clone().unwrap_or_else(|| issuer.name.clone()),
                provider,
                callback,
            })
        });
        let known = Arc::new(known.collect::<Result<_, OidcError>>()?);
        Ok(Self { known, return_path: config.return_path.as_str().into() })
    }

    /// Where a browser goes when it is done.
    pub fn return_path(&self) -> &str {
        if self.return_path.is_empty() { "/" } else { &self.return_path }
    }

    /// Name and title of each.
    pub fn list(&self) -> impl Iterator<Item = (&str, &str)> {
        self.known.iter().map(|known| (known.provider.name(), known.title.as_str()))
    }

    fn find(&self, name: &str) -> Result<&Known, ExternalError> {
        self.known.iter().find(|known| known.provider.name() == name).ok_or(ExternalError::UnknownIssuer)
    }

    /// Begins a sign-in and keeps it for ten minutes, in a transaction of its own.
    ///
    /// # Errors
    /// See [`ExternalError`].
    pub async fn begin(&self, p: &Participant, name: &str) -> Result<Begun, ExternalError> {
        let known = self.find(name)?;
        let begun = known.provider.begin(&known.callback).await?;
        let browser = URL_SAFE_NO_PAD.encode(p.ids.bytes::<32>());
        let now = p.now();
        let kept = [
            token_hash(&begun.pending.state).into(),
            token_hash(&browser).into(),
            name.into(),
            begun.pending.nonce.into(),
            begun.pending.verifier.into(),
            now.saturating_add(ATTEMPT_LIFE).into(),
        ];
        let stored = p.db.write(move |tx| {
            let kept = kept.clone();
            async move {
                tx.execute(&FORGET, &[now.into()]).await?;
                tx.execute(&KEEP, &kept).await
            }
            .boxed()
        });
        stored.await?;
        Ok(Begun { url: begun.url, browser })
    }

    /// Whom the issuer vouches for, once the browser is back. The attempt is used up in a transaction of its own before
    /// the issuer is asked, whatever comes of it.
    ///
    /// # Errors
    /// See [`ExternalError`].
    pub async fn finish(
        &self,
        p: &Participant,
        name: &str,
        browser: &str,
        callback: &Callback,
    ) -> Result<Person, ExternalError> {
        let known = self.find(name)?;
        let state = callback.state.clone().unwrap_or_default();
        let taken = [token_hash(&state).into(), token_hash(browser).into(), name.into(), p.now().into()];
        let taken = p.db.write(move |tx| {
            let taken = taken.clone();
            async move { tx.query_opt(&TAKE, &taken).await }.boxed()
        });
        let row = taken.await?.ok_or(ExternalError::Over)?;
        let pending = Pending {
            state,
            nonce: row.get("nonce")?,
            verifier: row.get("verifier")?,
            redirect_url: known.callback.clone(),
        };
        Ok(known.provider.finish(&pending, callback).await?)
    }
}

impl Accounts {
    /// Signs a person in for whom an issuer vouches; true beside it when the account is new.
    ///
    /// # Errors
    /// The account is locked, or has let the issuer go; the database's.
    pub async fn sign_in_elsewhere(
        &self,
        person: &Person,
        device: &str,
    ) -> Result<(SignedIn, bool), IdentityError> {
        let email = person.verified_email().and_then(|address| contact::email(address).ok());
        let name = person.name.as_deref().and_then(|name| contact::name(name).ok());
        let new = Newcomer {
            id: self.0.ids.uuid(),
            name: name.unwrap_or_else(|| "Neighbor".to_owned()),
            language: "en".to_owned(),
            verified: email.is_some(),
            email,
            phone: None,
            password_hash: None,
        };
        let (row, welcome, now) = ((new, person.clone()), self.0.welcome.clone(), self.now());
        // Two browsers of a new person may come back at once: the slower one then finds what the other has made.
        let found = self.0.db.write(move |tx| {
            let ((new, person), welcome) = (row.clone(), welcome.clone());
            async move {
                let (user, created) = account_of(tx, &person, &new, now).await?;
                if created {
                    welcome(tx, user.id, now).await?;
                }
                Ok::<_, IdentityError>((user, created))
            }
            .boxed()
        });
        let (user, created) = found.await?;
        Ok((self.open_session(user, WAY, device).await?, created))
    }
}

/// The person's account, or `new`; true beside it when it is new.
async fn account_of(
    tx: &mut Tx,
    person: &Person,
    new: &Newcomer,
    now: Timestamp,
) -> Result<(User, bool), IdentityError> {
    let pair: [db::Value; 2] = [person.issuer.as_str().into(), person.subject.as_str().into()];
    let [issuer, subject] = pair.clone();
    if let Some(row) = tx.query_opt(&KNOWN, &pair).await? {
        tx.execute(&USED, &[issuer, subject, now.into()]).await?;
        return Ok((get(tx, row.get("user_id")?).await?, false));
    }
    let proven = match &new.email {
        Some(email) => owner_of(tx, email, now).await?,
        None => None,
    };
    if let Some(user) = proven
        && unlinked(tx, person, user).await?
    {
        return Err(IdentityError::Unlinked);
    }
    let (user, created) = match proven {
        Some(user) => (get(tx, user).await?, false),
        None => (logins::add(tx, new, now).await?, true),
    };
    // Whoever is faster has made the account that this one will then find.
    if tx.execute(&LINK, &[issuer, subject, user.id.into(), now.into()]).await? == 0 {
        return Err(tx.met().into());
    }
    Ok((user, created))
}

/// Whether that account has let the pair go.
async fn unlinked(tx: &mut Tx, person: &Person, user: Uuid) -> Result<bool, DbError> {
    let of = [person.issuer.as_str().into(), person.subject.as_str().into(), user.into()];
    Ok(tx.query_opt(&UNLINKED, &of).await?.is_some())
}

/// Whose verified address that is. A mere claim to it ends here, and with it the links that were sent to it.
async fn owner_of(tx: &mut Tx, email: &str, now: Timestamp) -> Result<Option<Uuid>, DbError> {
    match logins::by_email(tx, email).await? {
        Some(login) if login.email_verified => Ok(Some(login.user_id)),
        Some(login) => {
            logins::release(tx, login.user_id, now).await?;
            Ok(None)
        }
        None => Ok(None),
    }
}
