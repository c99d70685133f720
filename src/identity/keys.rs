//! Access tokens: JWTs of 15 minutes, signed with EdDSA under a key of the day (RFC 7519, 8037, 9068).
//!
//! An instance derives the key of each day from the key that it signs its messages with, so that no private key is
//! stored; a stolen database signs nothing. Public keys stand in the database, where every instance on it finds those
//! of the others, also while their signing keys differ because one is being replaced. Invariants: one algorithm; the
//! key is the one that `kid` names in our own table, whatever the header says beside it; issuer, audience and type are
//! ours; time is that of the clock that we were given.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clock::Ids;
use db::{Db, DbError, Tx, sql};
use futures_util::FutureExt;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use units::{Span, Timestamp};
use uuid::Uuid;

use super::IdentityError;
use crate::network::SigningKey;

/// How long an access token is good.
pub const ACCESS_LIFE: Span = Span::from_minutes(15);
/// So long one key signs.
const PERIOD: Span = Span::from_hours(24);
/// So long after its day a key still verifies: longer than any token lives.
const AFTERWARDS: Span = Span::from_hours(1);
/// What an instance does not yet know may have been signed by another whose clock is ahead.
const SKEW: Span = Span::from_secs(60);
const AUDIENCE: &str = "wattmandi-api";
const TYPE: &str = "at+jwt";
/// Keys that are remembered; there are two or three good ones for each instance.
const KNOWN_MAX: usize = 64;
/// Before the 32 bytes of a private key (RFC 8410).
const PKCS8: [u8; 16] = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];

sql! {
    PUBLISH = "INSERT INTO access_keys (kid, public_key, verifies_until) VALUES ($1, $2, $3) \
        ON CONFLICT (kid) DO NOTHING";
    GOOD = "SELECT kid, public_key FROM access_keys WHERE verifies_until > $1 ORDER BY verifies_until DESC, kid LIMIT 100";
    BY_KID = "SELECT public_key, verifies_until FROM access_keys WHERE kid = $1";
    FORGET = "DELETE FROM access_keys WHERE verifies_until < $1";
}

/// What no one else has: derived from our signing key by signing a text that is no message of the network.
#[derive(Clone)]
pub struct Root(Arc<zeroize::Zeroizing<[u8; 32]>>);

impl Root {
    pub fn of(key: &SigningKey) -> Self {
        let signature =
            key.sign_bytes(b"wattmandi: the root of what this platform's accounts are guarded by");
        Self(Arc::new(zeroize::Zeroizing::new(Sha256::digest(signature.as_bytes()).into())))
    }

    /// A hash that only we can compute, for that use.
    pub fn keyed(&self, usage: &str, parts: &[&str]) -> [u8; 32] {
        // Any key is of a length that this takes.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_slice()) else { return [0; 32] };
        for part in std::iter::once(&usage).chain(parts) {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

/// Whose token it is, and of which session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    pub user: Uuid,
    pub session: Uuid,
}

/// What a token says that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    Good(Bearer),
    /// It was good once.
    Expired,
    Invalid,
}

/// A public key, as RFC 7517 and 8037 write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwk {
    pub kty: &'static str,
    pub crv: &'static str,
    pub alg: &'static str,
    #[serde(rename = "use")]
    pub usage: &'static str,
    pub kid: String,
    pub x: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    jti: Uuid,
    iat: i64,
    exp: i64,
}

/// The key of one day.
struct Signer {
    period: i64,
    kid: String,
    x: String,
    key: EncodingKey,
    verifies_until: Timestamp,
}

/// Signs and judges access tokens.
pub struct Keys {
    root: Root,
    issuer: String,
    current: Mutex<Option<Arc<Signer>>>,
    known: Mutex<HashMap<String, (String, Timestamp)>>,
}

impl Keys {
    pub fn new(root: Root, issuer: &str) -> Self {
        Self { root, issuer: issuer.to_owned(), current: Mutex::new(None), known: Mutex::new(HashMap::new()) }
    }

    /// A token for a session.
    ///
    /// # Errors
    /// The database's, where a new key has to be published first.
    pub async fn issue(
        &self,
        db: &Db,
        ids: &Ids,
        bearer: Bearer,
        now: Timestamp,
    ) -> Result<String, IdentityError> {
        let signer = self.signer(db, now).await?;
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: bearer.user,
            sid: bearer.session,
            jti: ids.uuid(),
            iat: seconds(now),
            exp: seconds(now.saturating_add(ACCESS_LIFE)),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(signer.kid.clone());
        jsonwebtoken::encode(&header, &claims, &signer.key)
            .map_err(|error| IdentityError::Signing(error.to_string()))
    }

    /// Whether a token is ours and good now. Says nothing of its session.
    ///
    /// # Errors
    /// The database's.
    pub async fn judge(&self, db: &Db, token: &str, now: Timestamp) -> Result<Judged, DbError> {
        let Ok(header) = jsonwebtoken::decode_header(token) else { return Ok(Judged::Invalid) };
        let kid = header.kid.filter(|kid| (1..=64).contains(&kid.len()));
        let (Algorithm::EdDSA, Some(TYPE), Some(kid)) = (header.alg, header.typ.as_deref(), kid) else {
            return Ok(Judged::Invalid);
        };
        let Some(key) = self.public(db, &kid, now).await? else { return Ok(Judged::Invalid) };
        let Ok(key) = DecodingKey::from_ed_components(&key) else { return Ok(Judged::Invalid) };
        let mut rules = Validation::new(Algorithm::EdDSA);
        // The library would ask the machine for the time.
        rules.validate_exp = false;
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[AUDIENCE]);
        rules.required_spec_claims = HashSet::from(["exp", "iss", "aud", "sub"].map(str::to_owned));
        let Ok(read) = jsonwebtoken::decode::<Claims>(token, &key, &rules) else {
            return Ok(Judged::Invalid);
        };
        let Claims { sub, sid, iat, exp, .. } = read.claims;
        if iat > seconds(now.saturating_add(SKEW)) || exp > iat.saturating_add(ACCESS_LIFE.as_secs()) {
            return Ok(Judged::Invalid);
        }
        Ok(if exp <= seconds(now) {
            Judged::Expired
        } else {
            Judged::Good(Bearer { user: sub, session: sid })
        })
    }

    /// The public keys of every instance that verify now.
    ///
    /// # Errors
    /// The database's.
    pub async fn published(&self, db: &Db, now: Timestamp) -> Result<Vec<Jwk>, IdentityError> {
        self.signer(db, now).await?;
        let read = db.read(move |tx| async move { tx.query(&GOOD, &[now.into()]).await }.boxed());
        let keys = read.await?.into_iter().map(|row| {
            Ok::<_, DbError>(Jwk {
                kty: "OKP",
                crv: "Ed25519",
                alg: "EdDSA",
                usage: "sig",
                kid: row.get("kid")?,
                x: row.get("public_key")?,
            })
        });
        Ok(keys.collect::<Result<_, _>>()?)
    }

    /// The key of today; published before the first token is signed with it.
    async fn signer(&self, db: &Db, now: Timestamp) -> Result<Arc<Signer>, IdentityError> {
        let period = now.micros().div_euclid(PERIOD.micros());
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(signer) = current.filter(|signer| signer.period == period) {
            return Ok(signer);
        }
        let signer = Arc::new(self.derive(period)?);
        let row = Arc::clone(&signer);
        let publish = db.write(move |tx| {
            let row = Arc::clone(&row);
            async move { publish(tx, &row, now).await }.boxed()
        });
        publish.await?;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&signer));
        Ok(signer)
    }

    fn derive(&self, period: i64) -> Result<Signer, IdentityError> {
        let seed = zeroize::Zeroizing::new(self.root.keyed("access tokens", &[&period.to_string()]));
        let public = SigningKey::from_seed(&seed).public().to_base64();
        let public = STANDARD.decode(public).map_err(|error| IdentityError::Signing(error.to_string()))?;
        let x = URL_SAFE_NO_PAD.encode(public);
        // The thumbprint of RFC 7638: the required members in order, without space.
        let thumbprint = Sha256::digest(format!("{{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"{x}\"}}"));
        let der = zeroize::Zeroizing::new([PKCS8.as_slice(), seed.as_slice()].concat());
        let end = period.saturating_add(1).saturating_mul(PERIOD.micros());
        Ok(Signer {
            period,
            kid: URL_SAFE_NO_PAD.encode(thumbprint),
            x,
            key: EncodingKey::from_ed_der(&der),
            verifies_until: Timestamp::from_micros(end).saturating_add(AFTERWARDS),
        })
    }

    async fn public(&self, db: &Db, kid: &str, now: Timestamp) -> Result<Option<String>, DbError> {
        let good = |(key, until): (String, Timestamp)| (until > now).then_some(key);
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(kid) {
            return Ok(good(known.clone()));
        }
        let wanted = kid.to_owned();
        let read = db.read(move |tx| {
            let wanted = wanted.clone();
            async move { tx.query_opt(&BY_KID, &[wanted.into()]).await }.boxed()
        });
        let Some(row) = read.await? else { return Ok(None) };
        let found: (String, Timestamp) = (row.get("public_key")?, row.get("verifies_until")?);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(kid.to_owned(), found.clone());
        drop(known);
        Ok(good(found))
    }
}

async fn publish(tx: &mut Tx, signer: &Signer, now: Timestamp) -> Result<(), DbError> {
    tx.execute(&FORGET, &[now.saturating_sub(PERIOD).into()]).await?;
    let (kid, x) = (signer.kid.as_str(), signer.x.as_str());
    tx.execute(&PUBLISH, &[kid.into(), x.into(), signer.verifies_until.into()]).await?;
    Ok(())
}

const fn seconds(at: Timestamp) -> i64 {
    at.seconds()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(seed: u8) -> Root {
        Root::of(&SigningKey::from_seed(&[seed; 32]))
    }

    #[test]
    fn keys_follow_from_the_signing_key_and_the_day() {
        let keys = Keys::new(root(7), "https://us.example");
        let (one, same) = (keys.derive(20_000).unwrap(), Keys::new(root(7), "x").derive(20_000).unwrap());
        assert_eq!((&one.kid, &one.x), (&same.kid, &same.x));
        assert_ne!(one.kid, keys.derive(20_001).unwrap().kid);
        assert_ne!(one.kid, Keys::new(root(8), "x").derive(20_000).unwrap().kid);
        assert_eq!((one.kid.len(), one.x.len()), (43, 43));
    }

    #[test]
    fn a_keyed_hash_tells_its_parts_and_uses_apart() {
        let of = |usage: &str, parts: &[&str]| root(7).keyed(usage, parts);
        assert_eq!(of("code", &["1", "23"]), of("code", &["1", "23"]));
        assert_ne!(of("code", &["1", "23"]), of("code", &["12", "3"]));
        assert_ne!(of("code", &["1"]), of("phone", &["1"]));
        assert_ne!(of("code", &["1"]), root(8).keyed("code", &["1"]));
    }
}
