//! Ed25519 keys (RFC 8032): a private key is its 32-byte seed, a public key its 32 bytes, both as padded
//! base64.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use zeroize::Zeroizing;

/// DER prefix of an Ed25519 `SubjectPublicKeyInfo` (RFC 8410); the 32 key bytes follow.
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The text is not a key that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the key is not padded base64 of 32 bytes")]
    Form,
    #[error("the bytes are not a point on the curve")]
    NotAPoint,
    #[error("the key is weak: it accepts signatures on messages that nobody signed")]
    Weak,
}

/// A private key. Its memory is overwritten when it is dropped; `Debug` does not show it.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// From a seed of 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// # Errors
    /// [`KeyError::Form`].
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        let bytes = Zeroizing::new(STANDARD.decode(text).map_err(|_| KeyError::Form)?);
        let seed: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| KeyError::Form)?;
        Ok(Self::from_seed(seed))
    }

    /// The seed, for the operator's key file.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_bytes()))
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Base64 of the signature over exactly these bytes.
    pub fn sign_bytes(&self, bytes: &[u8]) -> String {
        STANDARD.encode(self.0.sign(bytes).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(public {})", self.public())
    }
}

/// A public key that is on the curve and not weak. Displays as base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(ed25519_dalek::VerifyingKey);

impl PublicKey {
    /// # Errors
    /// [`KeyError`]; weak keys are refused here, once, so that no message has to be judged under one.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        if key.is_weak() { Err(KeyError::Weak) } else { Ok(Self(key)) }
    }

    /// The form of the specification: base64 of 32 bytes.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        let bytes: [u8; 32] =
            STANDARD.decode(text).map_err(|_| KeyError::Form)?.try_into().map_err(|_| KeyError::Form)?;
        Self::from_bytes(&bytes)
    }

    /// As [`PublicKey::from_base64`], and the DER form (44 bytes) that some registry records hold.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_base64_or_der(text: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(text).map_err(|_| KeyError::Form)?;
        let raw = bytes.strip_prefix(&SPKI_PREFIX).filter(|raw| raw.len() == 32).unwrap_or(&bytes);
        Self::from_bytes(raw.try_into().map_err(|_| KeyError::Form)?)
    }

    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0.as_bytes())
    }

    /// Whether `signature` is this key's over exactly these bytes; the strict check, which leaves no second
    /// signature for the same bytes.
    pub fn verifies(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(bytes, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }

    /// As [`PublicKey::verifies`], from the base64 text of [`SigningKey::sign_bytes`].
    pub fn verifies_base64(&self, bytes: &[u8], signature: &str) -> bool {
        super::header::signature_bytes(signature).is_ok_and(|signature| self.verifies(bytes, &signature))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_base64())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_public_key() {
        let public = SigningKey::from_seed(&[3; 32]).public();
        let der = STANDARD.encode([&SPKI_PREFIX[..], public.0.as_bytes()].concat());
        assert_eq!(PublicKey::from_base64(&public.to_base64()), Ok(public));
        assert_eq!(PublicKey::from_base64_or_der(&public.to_base64()), Ok(public));
        assert_eq!(PublicKey::from_base64_or_der(&der), Ok(public));
        assert_eq!(PublicKey::from_base64(&der), Err(KeyError::Form));
        assert_eq!(PublicKey::from_base64(public.to_base64().trim_end_matches('=')), Err(KeyError::Form));
        assert_eq!(PublicKey::from_base64(""), Err(KeyError::Form));
    }

    #[test]
    fn weak_keys_and_bytes_off_the_curve_are_refused() {
        let mut one = [0; 32];
        one[0] = 1;
        assert_eq!(PublicKey::from_bytes(&one), Err(KeyError::Weak));
        assert_eq!(PublicKey::from_bytes(&[0; 32]), Err(KeyError::Weak));
        let mut two = [0; 32];
        two[0] = 2;
        assert_eq!(PublicKey::from_bytes(&two), Err(KeyError::NotAPoint));
    }

    #[test]
    fn a_private_key_is_not_shown() {
        let key = SigningKey::from_seed(&[9; 32]);
        assert!(!format!("{key:?}").contains(key.to_base64().as_str()));
        assert_eq!(SigningKey::from_base64(&key.to_base64()).unwrap().public(), key.public());
        assert!(key.public().verifies_base64(b"text", &key.sign_bytes(b"text")));
        assert!(!key.public().verifies_base64(b"test", &key.sign_bytes(b"text")));
    }
}
