//! Seals bytes before they are stored: AES-256-GCM under a data key, which is stored wrapped under the vault's own key.
//!
//! The vault's key never stands in the database. Whoever destroys a wrapped data key destroys with it everything that was
//! sealed under it, also in copies of the database that are made later. Invariants: a nonce is drawn for each sealing;
//! what is sealed names its place, so that bytes moved to another row or column do not open; nothing of the bytes is in an
//! error.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use clock::Entropy;
use zeroize::Zeroizing;

use crate::DbError;

const KEY_LEN: usize = 32;

/// Wraps data keys.
pub struct Vault {
    key: LessSafeKey,
    entropy: Arc<dyn Entropy>,
}

/// Seals the bytes of one thing.
pub struct DataKey {
    key: LessSafeKey,
    entropy: Arc<dyn Entropy>,
}

impl Vault {
    /// # Errors
    /// [`DbError::Sealed`] when the library refuses the key.
    pub fn new(key: &[u8; KEY_LEN], entropy: Arc<dyn Entropy>) -> Result<Self, DbError> {
        Ok(Self { key: cipher(key)?, entropy })
    }

    /// A new data key for `of`, and what is stored of it.
    ///
    /// # Errors
    /// [`DbError::Sealed`].
    pub fn new_key(&self, of: &str) -> Result<(DataKey, Vec<u8>), DbError> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        self.entropy.fill(bytes.as_mut_slice());
        let wrapped = seal(&self.key, self.entropy.as_ref(), of, bytes.as_slice())?;
        Ok((DataKey { key: cipher(&bytes)?, entropy: Arc::clone(&self.entropy) }, wrapped))
    }

    /// The data key of `of` that was stored.
    ///
    /// # Errors
    /// [`DbError::Sealed`] when it was wrapped by another vault or for something else, or was damaged.
    pub fn unwrap_key(&self, of: &str, wrapped: &[u8]) -> Result<DataKey, DbError> {
        let bytes = Zeroizing::new(open(&self.key, of, wrapped)?);
        let bytes: &[u8; KEY_LEN] = bytes.as_slice().try_into().map_err(|_| DbError::Sealed)?;
        Ok(DataKey { key: cipher(bytes)?, entropy: Arc::clone(&self.entropy) })
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl DataKey {
    /// The bytes as they are stored at `place`: longer by nonce and tag, 28 bytes.
    ///
    /// # Errors
    /// [`DbError::Sealed`].
    pub fn seal(&self, place: &str, bytes: &[u8]) -> Result<Vec<u8>, DbError> {
        seal(&self.key, self.entropy.as_ref(), place, bytes)
    }

    /// The bytes that were sealed for `place`.
    ///
    /// # Errors
    /// [`DbError::Sealed`] when they were sealed under another key or for another place, or were damaged.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, DbError> {
        open(&self.key, place, sealed)
    }
}

fn cipher(key: &[u8; KEY_LEN]) -> Result<LessSafeKey, DbError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| DbError::Sealed)
}

fn seal(key: &LessSafeKey, entropy: &dyn Entropy, place: &str, bytes: &[u8]) -> Result<Vec<u8>, DbError> {
    let mut nonce = [0; NONCE_LEN];
    entropy.fill(&mut nonce);
    let mut sealed = Vec::with_capacity(NONCE_LEN + bytes.len() + AES_256_GCM.tag_len());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(bytes);
    let (_, text) = sealed.split_at_mut(NONCE_LEN);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(place), text).map_err(|_| DbError::Sealed)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

fn open(key: &LessSafeKey, place: &str, sealed: &[u8]) -> Result<Vec<u8>, DbError> {
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(DbError::Sealed)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| DbError::Sealed)?;
    let mut bytes = text.to_vec();
    let length = key.open_in_place(nonce, Aad::from(place), &mut bytes).map_err(|_| DbError::Sealed)?.len();
    bytes.truncate(length);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use clock::SystemEntropy;

    use super::*;

    fn vault(key: u8) -> Vault {
        Vault::new(&[key; KEY_LEN], Arc::new(SystemEntropy)).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_under_the_stored_key_and_shows_nothing() {
        let (key, wrapped) = vault(1).new_key("trade").unwrap();
        for bytes in [&b""[..], b"4 kWh at 6.00", &[0; 100_000]] {
            let sealed = key.seal("inbox.body", bytes).unwrap();
            assert_eq!(sealed.len(), bytes.len() + 28);
            assert!(
                bytes.is_empty()
                    || !sealed.windows(bytes.len().min(13)).any(|part| part == &bytes[..part.len()])
            );
            let again = vault(1).unwrap_key("trade", &wrapped).unwrap();
            assert_eq!(again.open("inbox.body", &sealed).unwrap(), bytes);
        }
        assert_ne!(key.seal("p", b"same").unwrap(), key.seal("p", b"same").unwrap());
    }

    #[test]
    fn nothing_opens_elsewhere_or_damaged() {
        let (key, wrapped) = vault(1).new_key("trade").unwrap();
        let sealed = key.seal("inbox.body", b"4 kWh").unwrap();
        assert_eq!(key.open("outbox.body", &sealed), Err(DbError::Sealed));
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(key.open("inbox.body", &damaged), Err(DbError::Sealed), "byte {at}");
            assert_eq!(key.open("inbox.body", &sealed[..at]), Err(DbError::Sealed), "cut at {at}");
        }
        assert!(vault(2).unwrap_key("trade", &wrapped).is_err(), "another vault");
        assert!(vault(1).unwrap_key("other", &wrapped).is_err(), "the key of something else");
        let (other, _) = vault(1).new_key("trade").unwrap();
        assert!(other.open("inbox.body", &sealed).is_err(), "another data key");
    }
}
