//! The accounts of a platform at work: what signing in needs beside the database, and what comes of it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::{Clock, Ids};
use db::{Db, DbError, Tx, TxFuture};
use futures_util::FutureExt;
use units::{Span, Timestamp};
use uuid::Uuid;

use super::keys::{ACCESS_LIFE, Bearer, Judged, Jwk, Keys, Root};
use super::sessions::{self, EndedBy, NewSession, REFRESH_LIFE, Session};
use super::tokens::{self, ApiToken};
use super::{Hasher, IdentityError, Scope, User, addresses, codes, contact, find_by_token, logins};
use crate::network::SigningKey;

/// A refresh token begins so.
const REFRESH_PREFIX: &str = "wmr_";
const DAYS_MAX: i64 = 365;

/// What the domains give a new user, in the transaction that adds the user.
pub type Welcome =
    Arc<dyn for<'t> Fn(&'t mut Tx, Uuid, Timestamp) -> TxFuture<'t, Result<(), DbError>> + Send + Sync>;

/// What accounts stand on.
pub struct Setup<'a> {
    pub db: Db,
    /// Wire time.
    pub clock: Arc<dyn Clock>,
    pub ids: Ids,
    /// What this platform signs its messages with: the keys of access tokens are derived from it.
    pub signing_key: &'a SigningKey,
    /// The base of our addresses: the issuer of access tokens, and where links lead.
    pub base_url: &'a str,
    pub welcome: Welcome,
}

/// Signing in, and what comes of it. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(pub(super) Arc<Parts>);

pub(super) struct Parts {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub ids: Ids,
    pub root: Root,
    pub keys: Keys,
    pub hasher: Hasher,
    pub base_url: String,
    pub welcome: Welcome,
}

/// Somebody who has just signed in, or goes on.
#[derive(Clone)]
pub struct SignedIn {
    pub user: User,
    pub session: Uuid,
    pub access_token: String,
    pub refresh_token: String,
    /// Seconds.
    pub expires_in: i64,
    /// Seconds.
    pub refresh_expires_in: i64,
}

/// Who a token says that he is.
#[derive(Clone, Debug)]
pub enum Identified {
    Session {
        user: User,
        id: Uuid,
    },
    ApiToken {
        user: User,
        id: Uuid,
        scopes: Vec<Scope>,
    },
    /// By a token of the operator's configuration.
    Configured(User),
    /// An access token that was good until a moment ago.
    Expired,
    Unknown,
}

impl Accounts {
    pub fn new(setup: Setup<'_>) -> Self {
        let root = Root::of(setup.signing_key);
        let base_url = setup.base_url.trim_end_matches('/').to_owned();
        Self(Arc::new(Parts {
            keys: Keys::new(root.clone(), &base_url),
            root,
            hasher: Hasher::new(setup.ids.clone()),
            db: setup.db,
            clock: setup.clock,
            ids: setup.ids,
            base_url,
            welcome: setup.welcome,
        }))
    }

    pub fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    /// Who carries this token. An access token counts only while its session goes on.
    ///
    /// # Errors
    /// The database's.
    pub async fn identify(&self, token: &str) -> Result<Identified, DbError> {
        let (parts, now) = (&self.0, self.now());
        if token.matches('.').count() == 2 {
            let bearer = match parts.keys.judge(&parts.db, token, now).await? {
                Judged::Good(bearer) => bearer,
                Judged::Expired => return Ok(Identified::Expired),
                Judged::Invalid => return Ok(Identified::Unknown),
            };
            let Bearer { user, session } = bearer;
            let read = parts.db.read(move |tx| sessions::bearer(tx, session, user, now).boxed());
            return Ok(match read.await? {
                Some(user) => Identified::Session { user, id: session },
                None => Identified::Unknown,
            });
        }
        let (given, ours) = (token.to_owned(), token.starts_with(tokens::PREFIX));
        let read = parts.db.read(move |tx| {
            let given = given.clone();
            async move {
                if ours {
                    return Ok::<_, DbError>((tokens::find(tx, &given, now).await?, None));
                }
                Ok((None, find_by_token(tx, &given).await?))
            }
            .boxed()
        });
        Ok(match read.await? {
            (Some(found), _) => {
                self.note_use(&found).await?;
                Identified::ApiToken { user: found.user, id: found.id, scopes: found.scopes }
            }
            (None, Some(user)) => Identified::Configured(user),
            (None, None) => Identified::Unknown,
        })
    }

    /// Goes on with a session: the refresh token is replaced.
    ///
    /// # Errors
    /// It is not good, or not any more; then, if it was used before, its session has ended. The account is locked.
    pub async fn refresh(&self, token: &str) -> Result<SignedIn, IdentityError> {
        let (given, next, now) = (token.to_owned(), self.secret(REFRESH_PREFIX), self.now());
        let new = next.clone();
        let refreshed = self.0.db.write(move |tx| {
            let (given, new) = (given.clone(), new.clone());
            async move { sessions::refresh(tx, &given, &new, now).await }.boxed()
        });
        let refreshed: Result<(User, Uuid), IdentityError> = refreshed.await?.into();
        let (user, session) = refreshed?;
        self.signed_in(user, session, next, now).await
    }

    /// Where the user is signed in, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn sessions(&self, user: Uuid) -> Result<Vec<Session>, DbError> {
        let now = self.now();
        self.0.db.read(move |tx| sessions::of_user(tx, user, now).boxed()).await
    }

    /// Ends one session of the user.
    ///
    /// # Errors
    /// The user has no such session that goes on.
    pub async fn end_session(&self, user: Uuid, session: Uuid) -> Result<(), IdentityError> {
        let now = self.now();
        let ended = self.0.db.write(move |tx| sessions::end(tx, user, session, EndedBy::User, now).boxed());
        if ended.await? { Ok(()) } else { Err(IdentityError::NotFound("session")) }
    }

    /// Ends every session of the user. Gives how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_all_sessions(&self, user: Uuid) -> Result<u64, DbError> {
        let now = self.now();
        let ended =
            self.0.db.write(move |tx| sessions::end_others(tx, user, None, EndedBy::User, now).boxed());
        ended.await
    }

    /// Makes an API token; what it opens is given this once.
    ///
    /// # Errors
    /// Its name, scopes or life cannot be accepted; the user has too many.
    pub async fn create_token(
        &self,
        user: Uuid,
        name: &str,
        scopes: &[String],
        days: i64,
    ) -> Result<(ApiToken, String), IdentityError> {
        let mut granted = Vec::new();
        for scope in scopes {
            let scope = Scope::parse(scope).ok_or(IdentityError::ScopeUnknown)?;
            if !granted.contains(&scope) {
                granted.push(scope);
            }
        }
        if granted.is_empty() {
            return Err(IdentityError::ScopeUnknown);
        }
        if !(1..=DAYS_MAX).contains(&days) {
            return Err(IdentityError::TokenLife);
        }
        let now = self.now();
        let token = ApiToken {
            id: self.0.ids.uuid(),
            name: contact::name(name)?,
            scopes: granted,
            created_at: now,
            expires_at: now.saturating_add(Span::from_days(days)),
            used_at: None,
        };
        let secret = self.secret(tokens::PREFIX);
        let row = (token.clone(), secret.clone());
        let added = self.0.db.write(move |tx| {
            let (token, secret) = row.clone();
            async move { tokens::add(tx, user, &token, &secret).await }.boxed()
        });
        added.await?;
        Ok((token, secret))
    }

    /// The user's API tokens that are good, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn tokens(&self, user: Uuid) -> Result<Vec<ApiToken>, DbError> {
        let now = self.now();
        self.0.db.read(move |tx| tokens::of_user(tx, user, now).boxed()).await
    }

    /// Takes an API token back.
    ///
    /// # Errors
    /// The user has no such token.
    pub async fn revoke_token(&self, user: Uuid, token: Uuid) -> Result<(), IdentityError> {
        let now = self.now();
        let revoked = self.0.db.write(move |tx| tokens::revoke(tx, user, token, now).boxed());
        if revoked.await? { Ok(()) } else { Err(IdentityError::NotFound("token")) }
    }

    /// The public keys of access tokens.
    ///
    /// # Errors
    /// The database's.
    pub async fn public_keys(&self) -> Result<Vec<Jwk>, IdentityError> {
        self.0.keys.published(&self.0.db, self.now()).await
    }

    /// Forgets what is over: sessions, codes, links, tokens.
    ///
    /// # Errors
    /// The database's.
    pub async fn prune(db: &Db, now: Timestamp) -> Result<(), DbError> {
        while db.write(move |tx| sessions::prune(tx, now).boxed()).await? > 0 {}
        let rest = db.write(move |tx| {
            async move {
                codes::prune(tx, now).await?;
                logins::prune_links(tx, now).await?;
                addresses::prune(tx, now).await?;
                tokens::prune(tx, now).await
            }
            .boxed()
        });
        rest.await?;
        Ok(())
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// 256 random bits, with a beginning that says what they are.
    pub(super) fn secret(&self, prefix: &str) -> String {
        format!("{prefix}{}", URL_SAFE_NO_PAD.encode(self.0.ids.bytes::<32>()))
    }

    /// A session that is about to begin.
    pub(super) fn new_session(&self, user: Uuid, way: &'static str, device: &str) -> NewSession {
        NewSession {
            id: self.0.ids.uuid(),
            user,
            way,
            device: device.to_owned(),
            refresh_token: self.secret(REFRESH_PREFIX),
        }
    }

    /// Signs a user in who has shown elsewhere who he is: by another issuer's word, which the caller has verified.
    ///
    /// # Errors
    /// The account is locked; the database's.
    pub async fn open_session(
        &self,
        user: User,
        way: &'static str,
        device: &str,
    ) -> Result<SignedIn, IdentityError> {
        if user.locked {
            return Err(IdentityError::Locked);
        }
        let (new, now) = (self.new_session(user.id, way, &contact::device(device)?), self.now());
        let row = new.clone();
        let opened = self.0.db.write(move |tx| {
            let row = row.clone();
            async move { sessions::open(tx, &row, now).await }.boxed()
        });
        opened.await?;
        self.signed_in(user, new.id, new.refresh_token, now).await
    }

    pub(super) async fn signed_in(
        &self,
        user: User,
        session: Uuid,
        refresh_token: String,
        now: Timestamp,
    ) -> Result<SignedIn, IdentityError> {
        let (parts, bearer) = (&self.0, Bearer { user: user.id, session });
        Ok(SignedIn {
            access_token: parts.keys.issue(&parts.db, &parts.ids, bearer, now).await?,
            user,
            session,
            refresh_token,
            expires_in: ACCESS_LIFE.as_secs(),
            refresh_expires_in: REFRESH_LIFE.as_secs(),
        })
    }

    async fn note_use(&self, found: &tokens::Presented) -> Result<(), DbError> {
        let (id, now) = (found.id, self.now());
        if found.used_at.is_some_and(|at| now.since(at) < tokens::USED_WITHIN) {
            return Ok(());
        }
        self.0.db.write(move |tx| tokens::used(tx, id, now).boxed()).await
    }
}
