//! One issuer at work: what it publishes, the way to it, and the way back.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::{Clock, Ids};
use node::GuardedClient;
use openidconnect::core::{
    CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet,
    CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreResponseType,
};
use openidconnect::{
    AuthType, AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, TokenResponse,
};
use subtle::ConstantTimeEq;
use tokio::sync::Mutex;
use units::{Span, Timestamp};

use crate::error::{OidcError, TokenFault};
use crate::issuer::{Issuer, IssuerFault};
use crate::person::Person;
use crate::transport::{self, TransportError};

/// So long a discovery document and its keys are used, unless a token names a key that is not among them.
pub const KEEP: Span = Span::from_secs(3_600);
/// The shortest time between two looks at an issuer's keys, and after a look that failed.
pub const REFRESH_PAUSE: Span = Span::from_secs(30);
/// An issuer's clock may be so far ahead of ours.
const SKEW: Span = Span::from_secs(60);
/// Longest code that is passed on, bytes.
const CODE_MAX: usize = 4_096;

/// Every algorithm with a private key that stays at the issuer; never `none`, never a shared secret.
const ASYMMETRIC: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// One configured issuer. Cheap to clone; all clones share what was discovered.
#[derive(Clone)]
pub struct Provider {
    inner: Arc<Inner>,
}

struct Inner {
    issuer: Issuer,
    url: IssuerUrl,
    client: GuardedClient,
    clock: Arc<dyn Clock>,
    ids: Ids,
    /// Held while the issuer is asked, so that it is asked once however many wait.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    published: Option<Arc<Published>>,
    /// When the issuer was last asked, whatever came of it.
    asked: Option<Timestamp>,
}

/// What an issuer publishes.
struct Published {
    metadata: CoreProviderMetadata,
    read: Timestamp,
}

/// A sign-in on its way: send the browser to `url`, keep `pending`.
#[derive(Debug)]
pub struct Begun {
    pub url: String,
    pub pending: Pending,
}

/// What must be remembered between the way there and the way back; for one use.
#[derive(Clone, PartialEq, Eq)]
pub struct Pending {
    /// Comes back in the browser's address.
    pub state: String,
    /// Comes back in the token.
    pub nonce: String,
    /// The PKCE verifier: proves to the issuer that who exchanges the code is who asked for it.
    pub verifier: String,
    pub redirect_url: String,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending(…)")
    }
}

/// What the browser brings back in its address.
#[derive(Clone, Default)]
pub struct Callback {
    pub code: Option<String>,
    pub state: Option<String>,
    /// Who answers (RFC 9207); few issuers say it.
    pub iss: Option<String>,
    pub error: Option<String>,
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback(…)")
    }
}

impl Provider {
    /// Asks nobody yet.
    ///
    /// # Errors
    /// [`OidcError::Configuration`].
    pub fn new(
        issuer: Issuer,
        client: GuardedClient,
        clock: Arc<dyn Clock>,
        ids: Ids,
    ) -> Result<Self, OidcError> {
        issuer.validate()?;
        let url = IssuerUrl::new(issuer.url.clone()).map_err(|_| IssuerFault::Url)?;
        let known = Mutex::new(Known::default());
        Ok(Self { inner: Arc::new(Inner { issuer, url, client, clock, ids, known }) })
    }

    /// The name in our addresses.
    pub fn name(&self) -> &str {
        &self.inner.issuer.name
    }

    /// The way to the issuer, from which the browser comes back to `redirect_url`.
    ///
    /// # Errors
    /// [`OidcError::Unavailable`]; [`OidcError::Configuration`] when `redirect_url` is none.
    pub async fn begin(&self, redirect_url: &str) -> Result<Begun, OidcError> {
        let published = self.published().await?;
        let redirect = RedirectUrl::new(redirect_url.to_owned()).map_err(|_| IssuerFault::RedirectUrl)?;
        let pending = Pending {
            state: self.random(),
            nonce: self.random(),
            verifier: self.random(),
            redirect_url: redirect_url.to_owned(),
        };
        let verifier = PkceCodeVerifier::new(pending.verifier.clone());
        let (state, nonce) = (pending.state.clone(), pending.nonce.clone());
        let client = CoreClient::from_provider_metadata(published.metadata.clone(), self.client_id(), None)
            .set_redirect_uri(redirect);
        let mut request = client.authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            move || CsrfToken::new(state),
            move || Nonce::new(nonce),
        );
        for scope in &self.inner.issuer.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        let (url, _, _) = request.set_pkce_challenge(challenge).url();
        Ok(Begun { url: url.into(), pending })
    }

    /// Whom the issuer vouches for. `pending` must have been taken out of wherever it was kept: it is for one use.
    ///
    /// # Errors
    /// See [`OidcError`].
    pub async fn finish(&self, pending: &Pending, callback: &Callback) -> Result<Person, OidcError> {
        let state = callback.state.as_deref().unwrap_or_default();
        if pending.state.is_empty() || !bool::from(state.as_bytes().ct_eq(pending.state.as_bytes())) {
            return Err(OidcError::StateMismatch);
        }
        if callback.iss.as_ref().is_some_and(|iss| *iss != self.inner.issuer.url) {
            return Err(OidcError::OtherIssuer);
        }
        let code = callback.code.as_deref().filter(|_| callback.error.is_none());
        let code = code.filter(|code| (1..=CODE_MAX).contains(&code.len())).ok_or(OidcError::Denied)?;
        let published = self.published().await?;
        let token = self.exchange(&published, pending, code).await?;
        let nonce = Nonce::new(pending.nonce.clone());
        match self.verify(&published, &token, &nonce) {
            // The issuer may have changed its keys since we looked.
            Err(fault) if fault.may_be_rotation() => match self.renewed(&published).await? {
                Some(newer) => Ok(self.verify(&newer, &token, &nonce)?),
                None => Err(fault.into()),
            },
            verdict => Ok(verdict?),
        }
    }

    async fn exchange(
        &self,
        published: &Published,
        pending: &Pending,
        code: &str,
    ) -> Result<CoreIdToken, OidcError> {
        // RFC 7636 wants 43 to 128 characters; without one, nothing would bind the code to this attempt.
        if !(43..=128).contains(&pending.verifier.len()) {
            return Err(OidcError::CodeRefused);
        }
        let redirect =
            RedirectUrl::new(pending.redirect_url.clone()).map_err(|_| IssuerFault::RedirectUrl)?;
        let secret = self.inner.issuer.client_secret.clone().map(ClientSecret::new);
        let client = CoreClient::from_provider_metadata(published.metadata.clone(), self.client_id(), secret)
            .set_redirect_uri(redirect)
            .set_auth_type(auth_type(&published.metadata));
        let transport = self.inner.client.clone();
        let http = move |request| transport::send(transport.clone(), request);
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|_| OidcError::Unavailable)?
            .set_pkce_verifier(PkceCodeVerifier::new(pending.verifier.clone()));
        let response = request.request_async(&http).await.map_err(|error| match error {
            RequestTokenError::ServerResponse(refusal) => {
                tracing::info!(issuer = self.name(), error = %refusal.error(), "an issuer refused a code");
                OidcError::CodeRefused
            }
            RequestTokenError::Parse(error, _) => {
                tracing::warn!(issuer = self.name(), at = %error.path(), "an issuer's token cannot be read");
                TokenFault::Malformed.into()
            }
            RequestTokenError::Request(error) => self.unreachable(error),
            RequestTokenError::Other(_) => OidcError::Unavailable,
        })?;
        Ok(response.id_token().cloned().ok_or(TokenFault::Missing)?)
    }

    fn verify(
        &self,
        published: &Published,
        token: &CoreIdToken,
        nonce: &Nonce,
    ) -> Result<Person, TokenFault> {
        let now = self.inner.clock.now().micros();
        let now = chrono::DateTime::from_timestamp_micros(now).ok_or(TokenFault::Expired)?;
        let latest = chrono::TimeDelta::microseconds(SKEW.micros());
        let announced = published.metadata.id_token_signing_alg_values_supported();
        let allowed = ASYMMETRIC.into_iter().filter(|algorithm| announced.contains(algorithm));
        // As a public client, so that no shared secret can ever be taken for a key.
        let keys = published.metadata.jwks().clone();
        let verifier = CoreIdTokenVerifier::new_public_client(self.client_id(), self.inner.url.clone(), keys)
            .set_allowed_algs(allowed)
            .set_time_fn(move || now);
        let claims = token.claims(&verifier, nonce).map_err(|error| TokenFault::of(&error))?;
        if claims.issue_time().signed_duration_since(now) > latest {
            return Err(TokenFault::NotYet);
        }
        let party = claims.authorized_party();
        if party.is_some_and(|party| party.as_str() != self.inner.issuer.client_id) {
            return Err(TokenFault::AuthorizedParty);
        }
        Person::read(claims)
    }

    /// What the issuer publishes, asked for if it is not known or old.
    async fn published(&self) -> Result<Arc<Published>, OidcError> {
        let mut known = self.inner.known.lock().await;
        let now = self.inner.clock.now();
        if let Some(published) = &known.published
            && now.since(published.read) < KEEP
        {
            return Ok(Arc::clone(published));
        }
        let failed = known.published.is_none() || known.asked > known.published.as_ref().map(|p| p.read);
        if failed && known.asked.is_some_and(|asked| now.since(asked) < REFRESH_PAUSE) {
            return Err(OidcError::Unavailable);
        }
        self.ask(&mut known, now).await
    }

    /// What the issuer publishes now, if that is newer than what was used and it may be asked.
    async fn renewed(&self, used: &Arc<Published>) -> Result<Option<Arc<Published>>, OidcError> {
        let mut known = self.inner.known.lock().await;
        if let Some(published) = &known.published
            && !Arc::ptr_eq(published, used)
        {
            return Ok(Some(Arc::clone(published)));
        }
        let now = self.inner.clock.now();
        if known.asked.is_some_and(|asked| now.since(asked) < REFRESH_PAUSE) {
            return Ok(None);
        }
        self.ask(&mut known, now).await.map(Some)
    }

    async fn ask(&self, known: &mut Known, now: Timestamp) -> Result<Arc<Published>, OidcError> {
        known.asked = Some(now);
        let transport = self.inner.client.clone();
        let http = move |request| transport::send(transport.clone(), request);
        let metadata = CoreProviderMetadata::discover_async(self.inner.url.clone(), &http).await;
        let metadata = metadata.map_err(|error| {
            // The text may quote what the issuer sent; the kind of failure is enough.
            let kind = match error {
                openidconnect::DiscoveryError::Request(error) => error.to_string(),
                openidconnect::DiscoveryError::Validation(_) => "it calls itself otherwise".to_owned(),
                _ => "its answer cannot be read".to_owned(),
            };
            tracing::warn!(issuer = self.name(), kind, "an issuer cannot be discovered");
            OidcError::Unavailable
        })?;
        if !self.sound(&metadata) {
            tracing::warn!(issuer = self.name(), "an issuer publishes addresses or keys of no use");
            return Err(OidcError::Unavailable);
        }
        let published = Arc::new(Published { metadata, read: now });
        known.published = Some(Arc::clone(&published));
        Ok(published)
    }

    /// The browser is sent where the issuer says: never to plain http unless the issuer itself is there.
    fn sound(&self, metadata: &CoreProviderMetadata) -> bool {
        let scheme = metadata.authorization_endpoint().url().scheme();
        let safe = scheme == "https" || (scheme == "http" && self.inner.url.url().scheme() == "http");
        let keys: &CoreJsonWebKeySet = metadata.jwks();
        safe && metadata.token_endpoint().is_some() && !keys.keys().is_empty()
    }

    fn unreachable(&self, error: TransportError) -> OidcError {
        tracing::warn!(issuer = self.name(), %error, "an issuer does not answer");
        OidcError::Unavailable
    }

    fn client_id(&self) -> ClientId {
        ClientId::new(self.inner.issuer.client_id.clone())
    }

    /// 256 random bits as 43 characters: a state, a nonce, a PKCE verifier.
    fn random(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.inner.ids.bytes::<32>())
    }
}

/// How the client shows its secret: as the specification's default, unless the issuer takes only the other way.
fn auth_type(metadata: &CoreProviderMetadata) -> AuthType {
    let Some(methods) = metadata.token_endpoint_auth_methods_supported() else { return AuthType::BasicAuth };
    let takes = |method| methods.contains(&method);
    if !takes(CoreClientAuthMethod::ClientSecretBasic) && takes(CoreClientAuthMethod::ClientSecretPost) {
        AuthType::RequestBody
    } else {
        AuthType::BasicAuth
    }
}
