//! Public keys of issuers: Ed25519 and P-256, as multibase, JWK or base58, and what they verify.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use beckn_wire::json::Json;
use ed25519_dalek::{Signature, VerifyingKey};

/// The multicodec prefixes of public keys.
const ED25519: [u8; 2] = [0xed, 0x01];
const P256: [u8; 2] = [0x80, 0x24];
/// Longest text of a key that is decoded: base58 takes time by the square of its length.
const TEXT_MAX: usize = 128;

/// Why text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key is of a kind that is not known here, or broken")]
pub struct KeyError;

/// A public key that an issuer signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerificationKey {
    Ed25519(Box<VerifyingKey>),
    /// A point of the curve, as SEC 1 writes it.
    P256(Vec<u8>),
}

impl VerificationKey {
    /// From multibase base58btc with a multicodec prefix, as `did:key` and `publicKeyMultibase` write it.
    ///
    /// # Errors
    /// Another encoding or kind of key, a weak key.
    pub fn from_multibase(text: &str) -> Result<Self, KeyError> {
        let bytes = base58(text.strip_prefix('z').ok_or(KeyError)?)?;
        if let Some(key) = bytes.strip_prefix(&ED25519) {
            return Self::ed25519(key);
        }
        Self::p256(bytes.strip_prefix(&P256).ok_or(KeyError)?.to_vec())
    }

    /// From a JSON Web Key: `OKP` with `Ed25519`, `EC` with `P-256`.
    ///
    /// # Errors
    /// Another kind of key, a weak key.
    pub fn from_jwk(jwk: &Json) -> Result<Self, KeyError> {
        let text = |name: &str| jwk.get(name).and_then(Json::as_str);
        let coordinate = |name: &str| {
            let text = text(name).filter(|text| text.len() <= TEXT_MAX)?;
            URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == 32)
        };
        match (text("kty"), text("crv")) {
            (Some("OKP"), Some("Ed25519")) => Self::ed25519(&coordinate("x").ok_or(KeyError)?),
            (Some("EC"), Some("P-256")) => {
                let (x, y) = coordinate("x").zip(coordinate("y")).ok_or(KeyError)?;
                Self::p256([vec![4], x, y].concat())
            }
            _ => Err(KeyError),
        }
    }

    /// From bare base58, as `publicKeyBase58` of the older Ed25519 suites writes it.
    ///
    /// # Errors
    /// Not 32 bytes, a weak key.
    pub fn from_base58(text: &str) -> Result<Self, KeyError> {
        Self::ed25519(&base58(text)?)
    }

    /// The key of a method of a DID document.
    ///
    /// # Errors
    /// It has none that is known here.
    pub fn from_method(method: &Json) -> Result<Self, KeyError> {
        if let Some(text) = method.get("publicKeyMultibase").and_then(Json::as_str) {
            return Self::from_multibase(text);
        }
        if let Some(jwk) = method.get("publicKeyJwk") {
            return Self::from_jwk(jwk);
        }
        Self::from_base58(method.get("publicKeyBase58").and_then(Json::as_str).ok_or(KeyError)?)
    }

    /// The multibase text of this key.
    pub fn to_multibase(&self) -> String {
        let (prefix, key) = match self {
            Self::Ed25519(key) => (ED25519, key.as_bytes().to_vec()),
            Self::P256(point) => (P256, compressed(point)),
        };
        format!("z{}", bs58::encode([prefix.to_vec(), key].concat()).into_string())
    }

    /// From the 32 bytes of an Ed25519 key.
    ///
    /// # Errors
    /// Not so many bytes, no key, a weak one.
    pub fn ed25519(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| KeyError)?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError)?;
        // With a key of small order one signature fits many messages.
        if key.is_weak() { Err(KeyError) } else { Ok(Self::Ed25519(Box::new(key))) }
    }

    fn p256(point: Vec<u8>) -> Result<Self, KeyError> {
        let plausible = match point.first() {
            Some(4) => point.len() == 65,
            Some(2 | 3) => point.len() == 33,
            _ => false,
        };
        if plausible { Ok(Self::P256(point)) } else { Err(KeyError) }
    }

    /// The JWS algorithm that this key may be used with, and no other.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
        }
    }

    /// Whether the 64 bytes sign the message under this key.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
        }
    }
}

/// The compressed form of a point: the sign of y and x.
fn compressed(point: &[u8]) -> Vec<u8> {
    match (point.first(), point.get(1..33), point.last()) {
        (Some(4), Some(x), Some(y)) => [&[2 | (y & 1)], x].concat(),
        _ => point.to_vec(),
    }
}

/// Decodes base58 of bounded length.
pub(crate) fn base58(text: &str) -> Result<Vec<u8>, KeyError> {
    if text.len() > TEXT_MAX {
        return Err(KeyError);
    }
    bs58::decode(text).into_vec().map_err(|_| KeyError)
}
