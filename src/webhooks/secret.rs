//! The secrets that sign, and the signature of Standard Webhooks: `v1,` and base64 of HMAC-SHA256 over
//! `{id}.{timestamp}.{body}`.
//!
//! A webhook's secret is HMAC-SHA256 of the platform's secret over the webhook's id and generation. So there is nothing
//! to encrypt at rest and no key to keep beside the data; the platform's secret is a file that the operator backs up like
//! the signing keys. A check of each derived secret stands in the database: with another file nothing is sent at all,
//! rather than signed with what nobody knows.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::config::Secret;
use crate::secrets::{self, LENGTH, SecretFileError};

/// Before the base64 text of a secret.
const PREFIX: &str = "whsec_";
const DOMAIN: &[u8] = b"wattmandi webhook secret 1";

/// What all secrets are derived from.
#[derive(Clone)]
pub struct Secrets([u8; LENGTH]);

impl Secrets {
    /// Of anything that is secret enough.
    pub fn from_seed(seed: &[u8]) -> Self {
        Self(Sha256::digest(seed).into())
    }

    /// Reads the platform's secret; the first start makes it, readable by its owner only.
    ///
    /// # Errors
    /// It can be neither read nor made, or is of another form.
    pub fn open(path: &Path, random: impl FnOnce(&mut [u8])) -> Result<Self, SecretFileError> {
        secrets::read_or_make(path, random).map(Self)
    }

    fn derive(&self, webhook: Uuid, generation: i64) -> [u8; LENGTH] {
        mac(&self.0, &[DOMAIN, webhook.as_bytes(), &generation.to_be_bytes()])
    }

    /// As its user is shown it, once: `whsec_…`.
    pub fn shown(&self, webhook: Uuid, generation: i64) -> Secret {
        Secret::new(format!("{PREFIX}{}", STANDARD.encode(self.derive(webhook, generation))))
    }

    /// What is stored of it: tells nothing of the secret, and shows whether another one was derived.
    pub(super) fn check(&self, webhook: Uuid, generation: i64) -> String {
        let digest = mac(&self.derive(webhook, generation), &[b"check"]);
        hex::encode(&digest[..8])
    }

    /// The value of `webhook-signature`: one signature for each generation, separated by spaces.
    pub(super) fn signatures(
        &self,
        webhook: Uuid,
        generations: &[i64],
        (id, timestamp, body): (&str, i64, &[u8]),
    ) -> String {
        let all = generations
            .iter()
            .map(|generation| sign(&self.derive(webhook, *generation), id, timestamp, body));
        all.collect::<Vec<_>>().join(" ")
    }
}

/// One signature, `v1,…`.
pub fn sign(secret: &[u8], id: &str, timestamp: i64, body: &[u8]) -> String {
    let digest = mac(secret, &[id.as_bytes(), b".", timestamp.to_string().as_bytes(), b".", body]);
    format!("v1,{}", STANDARD.encode(digest))
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; LENGTH] {
    // A key of any length is one; the other case does not exist for HMAC.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; LENGTH] };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn the_signature_of_the_reference() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_webhook_and_generation_has_a_secret_of_its_own() {
        let (secrets, id) = (Secrets::from_seed(b"a"), Uuid::from_u128(1));
        let shown = secrets.shown(id, 1);
        assert!(shown.expose().starts_with(PREFIX) && shown == secrets.shown(id, 1));
        assert_ne!(shown, secrets.shown(id, 2));
        assert_ne!(shown, secrets.shown(Uuid::from_u128(2), 1));
        assert_ne!(shown, Secrets::from_seed(b"b").shown(id, 1));
        assert_ne!(secrets.check(id, 1), secrets.check(id, 2));
    }
}
