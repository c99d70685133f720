//! An OpenID Connect issuer that a test runs: discovery, keys, authorization with PKCE, tokens; it lies on demand.
//!
//! It signs with Ed25519, and with RSA as Google does. The person at its door agrees to everything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKey, KeySize};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256};
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use units::Timestamp;

use crate::peer::{Peer, Reply, Request};

pub const CLIENT_ID: &str = "client-of-the-test";
pub const CLIENT_SECRET: &str = "secret:of the/test";

/// How the next tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    Ed25519,
    Rs256,
    /// `alg: none`, no signature.
    Unsigned,
    /// HS256 with the client's secret as the key.
    SharedSecret,
    /// HS256 with the public key as the key: the classic confusion.
    PublicKeyAsSecret,
    /// A key of somebody else under the name of the issuer's key.
    Stranger,
}

/// Who is at the door.
#[derive(Clone, Debug)]
pub struct Account {
    pub subject: String,
    pub email: String,
    pub email_verified: bool,
    pub name: String,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            subject: "248289761001".into(),
            email: "asha@example.com".into(),
            email_verified: true,
            name: "Asha Rao".into(),
        }
    }
}

struct Grant {
    redirect: String,
    challenge: String,
    claims: Value,
}

type Change = Arc<dyn Fn(&mut Value) + Send + Sync>;
type Lie = Arc<dyn Fn() -> Reply + Send + Sync>;

struct State {
    account: Account,
    now: Timestamp,
    signing: Signing,
    change: Change,
    lies: BTreeMap<String, Lie>,
    grants: BTreeMap<String, Grant>,
    issued: usize,
    generation: usize,
    ed25519: Ed25519KeyPair,
    stranger: Ed25519KeyPair,
    rsa: RsaKey,
}

/// The issuer; it ends with the runtime of its test.
pub struct LocalIssuer {
    pub url: String,
    peer: Peer,
    state: Arc<Mutex<State>>,
}

impl LocalIssuer {
    /// Its tokens are issued at `now` and live for an hour.
    ///
    /// # Panics
    /// When no socket or no key can be had.
    pub async fn start(now: Timestamp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            account: Account::default(),
            now,
            signing: Signing::Ed25519,
            change: Arc::new(|_| {}),
            lies: BTreeMap::new(),
            grants: BTreeMap::new(),
            issued: 0,
            generation: 1,
            ed25519: Ed25519KeyPair::generate().unwrap(),
            stranger: Ed25519KeyPair::generate().unwrap(),
            rsa: RsaKey::generate(KeySize::Rsa2048).unwrap(),
        }));
        let (shared, own) = (Arc::clone(&state), url.clone());
        let peer = Peer::serve(listener, move |request| shared.lock().unwrap().answer(&own, request));
        Self { url, peer, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn set_account(&self, account: Account) {
        self.state().account = account;
    }

    pub fn set_now(&self, now: Timestamp) {
        self.state().now = now;
    }

    pub fn set_signing(&self, signing: Signing) {
        self.state().signing = signing;
    }

    /// Changes the claims of every token from now on.
    pub fn change_claims(&self, change: impl Fn(&mut Value) + Send + Sync + 'static) {
        self.state().change = Arc::new(change);
    }

    /// Answers at that path otherwise than an issuer should.
    pub fn lie_at(&self, path: &str, lie: impl Fn() -> Reply + Send + Sync + 'static) {
        self.state().lies.insert(path.into(), Arc::new(lie));
    }

    /// Tells the truth again.
    pub fn stop_lying(&self) {
        self.state().lies.clear();
    }

    /// Replaces the Ed25519 key by a new one under a new name.
    pub fn rotate(&self) {
        let mut state = self.state();
        state.generation += 1;
        state.ed25519 = Ed25519KeyPair::generate().unwrap();
    }

    pub fn count(&self, path: &str) -> usize {
        self.peer.count(path)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.peer.requests()
    }

    /// What a browser does that is sent to `url`: the issuer's form is agreed to, and the address to which it sends
    /// the browser back is read.
    ///
    /// # Panics
    /// When `url` is not the issuer's authorization endpoint.
    pub fn agree(&self, url: &str) -> BTreeMap<String, String> {
        let query = url.strip_prefix(&format!("{}/authorize?", self.url)).expect("the way to the issuer");
        let back = self.state().authorize(&crate::peer::pairs(query));
        crate::peer::pairs(back.split_once('?').expect("a way back with a query").1)
    }
}

impl State {
    fn answer(&mut self, url: &str, request: &Request) -> Reply {
        if let Some(lie) = self.lies.get(&request.path) {
            return lie();
        }
        match request.path.as_str() {
            "/.well-known/openid-configuration" => Reply::json(
                200,
                json!({
                    "issuer": url,
                    "authorization_endpoint": format!("{url}/authorize"),
                    "token_endpoint": format!("{url}/token"),
                    "jwks_uri": format!("{url}/keys"),
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    // One that says it would take anything, so that only our own list protects.
                    "id_token_signing_alg_values_supported": ["EdDSA", "RS256", "HS256", "none"],
                    "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                }),
            ),
            "/keys" => Reply::json(200, self.keys()),
            "/authorize" => Reply::redirect(&self.authorize(&request.query)),
            "/token" => self.token(url, request),
            _ => Reply::json(404, "{}"),
        }
    }

    fn kid(&self) -> String {
        format!("key-{}", self.generation)
    }

    fn keys(&self) -> Value {
        let rsa = self.rsa.public_key();
        let (n, e) = (rsa.modulus(), rsa.exponent());
        json!({"keys": [
            {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.kid(),
             "x": URL_SAFE_NO_PAD.encode(self.ed25519.public_key().as_ref())},
            {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "rsa",
             "n": URL_SAFE_NO_PAD.encode(n.big_endian_without_leading_zero()),
             "e": URL_SAFE_NO_PAD.encode(e.big_endian_without_leading_zero())},
        ]})
    }

    fn authorize(&mut self, query: &BTreeMap<String, String>) -> String {
        let get = |name: &str| query.get(name).cloned().unwrap_or_default();
        assert_eq!(get("client_id"), CLIENT_ID);
        assert_eq!(get("response_type"), "code");
        assert_eq!(get("code_challenge_method"), "S256");
        assert!(get("scope").split(' ').any(|scope| scope == "openid"));
        self.issued += 1;
        let number = self.issued;
        let claims = json!({
            "sub": self.account.subject, "email": self.account.email, "name": self.account.name,
            "email_verified": self.account.email_verified, "nonce": get("nonce"),
        });
        let grant = Grant { redirect: get("redirect_uri"), challenge: get("code_challenge"), claims };
        // A code may have any character: who passes it on must encode it.
        self.grants.insert(format!("code/{number} +"), grant);
        format!("{}?state={}&code=code%2F{number}%20%2B", get("redirect_uri"), get("state"))
    }

    fn token(&mut self, url: &str, request: &Request) -> Reply {
        let form = request.form();
        let get = |name: &str| form.get(name).cloned().unwrap_or_default();
        // RFC 6749 section 2.3.1: both are form-encoded before they are joined.
        let secret = "secret%3Aof+the%2Ftest";
        let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{secret}")));
        if request.header("authorization") != expected {
            return Reply::json(401, json!({"error": "invalid_client"}));
        }
        let refused = || Reply::json(400, json!({"error": "invalid_grant"}));
        let Some(grant) = self.grants.remove(&get("code")) else { return refused() };
        let proof = digest::digest(&digest::SHA256, get("code_verifier").as_bytes());
        let proven = URL_SAFE_NO_PAD.encode(proof) == grant.challenge;
        if get("grant_type") != "authorization_code" || get("redirect_uri") != grant.redirect || !proven {
            return refused();
        }
        let issued = self.now.micros() / 1_000_000;
        let mut claims = grant.claims;
        claims["iss"] = url.into();
        claims["aud"] = CLIENT_ID.into();
        claims["iat"] = issued.into();
        claims["exp"] = (issued + 3600).into();
        (self.change)(&mut claims);
        let id_token = self.sign(&claims);
        Reply::json(200, json!({"access_token": "at", "token_type": "Bearer", "id_token": id_token}))
    }

    fn sign(&self, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let (algorithm, kid) = match self.signing {
            Signing::Ed25519 | Signing::Stranger => ("EdDSA", self.kid()),
            Signing::Rs256 => ("RS256", "rsa".to_owned()),
            Signing::Unsigned => ("none", self.kid()),
            Signing::SharedSecret | Signing::PublicKeyAsSecret => ("HS256", self.kid()),
        };
        let header = json!({"alg": algorithm, "kid": kid, "typ": "JWT"});
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let mac = |key: &[u8]| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes()).as_ref().to_vec()
        };
        let signature = match self.signing {
            Signing::Ed25519 => self.ed25519.sign(signed.as_bytes()).as_ref().to_vec(),
            Signing::Stranger => self.stranger.sign(signed.as_bytes()).as_ref().to_vec(),
            Signing::Unsigned => Vec::new(),
            Signing::SharedSecret => mac(CLIENT_SECRET.as_bytes()),
            Signing::PublicKeyAsSecret => mac(self.ed25519.public_key().as_ref()),
            Signing::Rs256 => {
                let mut signature = vec![0; self.rsa.public_modulus_len()];
                let random = SystemRandom::new();
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
