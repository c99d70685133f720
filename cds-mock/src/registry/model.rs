//! What a registration says, what it must look like, and how it is answered. Pure.

use beckn_wire::json::{Json, Object};
use beckn_wire::signature::{KeyId, PublicKey, SignatureError};
use db::DbError;
use node::address::{Face, is_public_https, own_uri};
use serde::Deserialize;
use units::Timestamp;

/// Longest URL of a subscriber, in bytes.
const URL_MAX: usize = 512;
/// Most networks that one registration may name.
const NETWORKS_MAX: usize = 16;
/// Longest name of a network, a key or a domain, in bytes.
const NAME_MAX: usize = 255;

/// A subscriber and one key of it: what the operator seeds, and what a participant registers.
#[derive(Clone, Debug)]
pub struct Registration {
    /// In lower case once it is stored: a name is one participant's, however it is written.
    pub subscriber_id: String,
    /// Base address, http or https.
    pub url: String,
    /// Role in upper case: `BAP`, `BPP`, `DISCOM`, `CDS`, …
    pub kind: String,
    pub domain: String,
    pub key_id: String,
    pub public_key: PublicKey,
    /// X25519 key for encryption; empty when there is none.
    pub encr_public_key: String,
    pub network_memberships: Vec<String>,
    pub valid_until: Option<Timestamp>,
}

/// Body of `POST /registry/subscribers`, and an entry of the seed file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationBody {
    pub subscriber_id: String,
    pub url: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub domain: String,
    pub key_id: String,
    pub signing_public_key: String,
    #[serde(default)]
    pub encr_public_key: String,
    #[serde(default)]
    pub network_memberships: Vec<String>,
    #[serde(default)]
    pub valid_until: Option<Timestamp>,
}

/// Body of `POST /registry/subscribers/{id}/keys`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotationBody {
    pub subscriber_id: String,
    pub key_id: String,
    pub signing_public_key: String,
    #[serde(default)]
    pub encr_public_key: String,
    #[serde(default)]
    pub valid_until: Option<Timestamp>,
}

/// Body of `DELETE /registry/subscribers/{id}/keys/{key}`. It is there so that the signature is over what is
/// revoked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationBody {
    pub subscriber_id: String,
    pub key_id: String,
    /// `revoke`
    pub action: String,
}

impl TryFrom<RegistrationBody> for Registration {
    type Error = RegistryFault;

    fn try_from(mut body: RegistrationBody) -> Result<Self, RegistryFault> {
        body.subscriber_id.make_ascii_lowercase();
        let public_key =
            usable_key(&body.subscriber_id, &body.key_id, &body.signing_public_key, &body.encr_public_key)?;
        let kind_fits =
            (2..=16).contains(&body.kind.len()) && body.kind.bytes().all(|b| b.is_ascii_uppercase());
        if !kind_fits {
            return Err(RegistryFault::invalid("type", "is a role in capital letters"));
        }
        if !plain(&body.domain) {
            return Err(RegistryFault::invalid("domain", "is too long"));
        }
        let networks = &body.network_memberships;
        if networks.len() > NETWORKS_MAX || !networks.iter().all(|n| !n.is_empty() && plain(n)) {
            return Err(RegistryFault::invalid(
                "network_memberships",
                "are too many, or not names of networks",
            ));
        }
        Ok(Self {
            subscriber_id: body.subscriber_id,
            url: body.url,
            kind: body.kind,
            domain: body.domain,
            key_id: body.key_id,
            public_key,
            encr_public_key: body.encr_public_key,
            network_memberships: body.network_memberships,
            valid_until: body.valid_until,
        })
    }
}

/// The key of a body, when its names and its bytes are usable.
///
/// # Errors
/// `INVALID_FIELD` with the field.
pub(super) fn usable_key(
    subscriber_id: &str,
    key_id: &str,
    signing: &str,
    encryption: &str,
) -> Result<PublicKey, RegistryFault> {
    if KeyId::new(subscriber_id, key_id).is_err() || !plain(subscriber_id) || !plain(key_id) {
        return Err(RegistryFault::invalid(
            "subscriber_id",
            "and key_id are names without | and control characters",
        ));
    }
    if !plain(encryption) {
        return Err(RegistryFault::invalid("encr_public_key", "is too long"));
    }
    PublicKey::from_base64_or_der(signing)
        .map_err(|_| RegistryFault::invalid("signing_public_key", "is not a usable Ed25519 key in base64"))
}

fn plain(text: &str) -> bool {
    text.len() <= NAME_MAX && !text.chars().any(char::is_control)
}

/// Whether participants may be sent to this address: http or https, without user, query and fragment; plain
/// http and addresses that are not public only in the demo.
///
/// # Errors
/// `INVALID_FIELD`.
pub(super) fn check_url(url: &str, insecure_demo: bool) -> Result<(), RegistryFault> {
    let refuse = |what| Err(RegistryFault::invalid("url", what));
    let Some(normal) = Some(url).filter(|u| u.len() <= URL_MAX).and_then(|u| own_uri(u, Face::Base).ok())
    else {
        return refuse("is not an http or https address without user, query and fragment");
    };
    if insecure_demo {
        return Ok(());
    }
    if is_public_https(&normal) { Ok(()) } else { refuse("is not a public https address") }
}

/// One key with its subscriber, as stored.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) registration: Registration,
    pub(super) revoked: bool,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl Entry {
    pub(super) fn lives(&self, now: Timestamp) -> bool {
        !self.revoked && self.registration.valid_until.is_none_or(|until| until > now)
    }

    /// The answer to a lookup.
    pub(super) fn document(&self, ttl_secs: i64) -> Json {
        let entry = &self.registration;
        let text = |t: &str| Json::from(t);
        let details = Json::object([
            ("url", text(&entry.url)),
            ("type", text(&entry.kind)),
            ("domain", text(&entry.domain)),
            ("subscriber_id", text(&entry.subscriber_id)),
            ("signing_public_key", text(&entry.public_key.to_base64())),
            ("encr_public_key", text(&entry.encr_public_key)),
        ]);
        let networks = Json::array(entry.network_memberships.iter().map(|n| text(n)));
        let mut data = Object::new();
        data.set("record_id", text(&entry.key_id));
        data.set("details", details);
        data.set("network_memberships", networks);
        data.set("meta", Object::new());
        data.set("ttl", ttl_secs);
        data.set("created_at", self.created_at.to_rfc3339());
        data.set("updated_at", self.updated_at.to_rfc3339());
        if let Some(until) = entry.valid_until {
            data.set("valid_until", until.to_rfc3339());
        }
        data.set("is_revoked", self.revoked);
        Json::object([("message", text("Record retrieved")), ("data", Json::Object(data))])
    }
}

/// Why a change of the registry is refused. The texts may be shown to the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryFault {
    #[error("the body is not the JSON object that is expected here")]
    InvalidBody,
    #[error("{field} {why}")]
    InvalidField { field: &'static str, why: &'static str },
    #[error("the new key has not signed the request: {0}")]
    ProofInvalid(SignatureError),
    #[error("a live key of this subscriber must sign the request: {0}")]
    EndorsementInvalid(SignatureError),
    #[error("this subscriber has no live key; only the operator can give it one")]
    NoLiveKey,
    #[error("something newer is known of this subscriber; sign the request again")]
    Outdated,
    #[error("the key id is taken, or its key was revoked")]
    KeyIdTaken,
    #[error("only the operator gives membership of {0}")]
    MembershipNotOpen(String),
    #[error("there is no such subscriber or key")]
    NotFound,
    #[error("the registry takes no more of these")]
    Full,
    #[error("the registry is not available")]
    Db(#[from] DbError),
}

impl RegistryFault {
    pub(super) fn invalid(field: &'static str, why: &'static str) -> Self {
        Self::InvalidField { field, why }
    }

    /// HTTP status and stable code.
    pub fn answer(&self) -> (u16, &'static str) {
        match self {
            Self::InvalidBody => (400, "INVALID_BODY"),
            Self::InvalidField { .. } => (400, "INVALID_FIELD"),
            Self::ProofInvalid(SignatureError::Missing) => (401, "PROOF_MISSING"),
            Self::ProofInvalid(_) => (401, "PROOF_INVALID"),
            Self::EndorsementInvalid(SignatureError::Missing) => (403, "ENDORSEMENT_MISSING"),
            Self::EndorsementInvalid(_) => (403, "ENDORSEMENT_INVALID"),
            Self::NoLiveKey => (403, "NO_LIVE_KEY"),
            Self::Outdated => (409, "OUTDATED"),
            Self::KeyIdTaken => (409, "KEY_ID_TAKEN"),
            Self::MembershipNotOpen(_) => (403, "MEMBERSHIP_NOT_OPEN"),
            Self::NotFound => (404, "NOT_FOUND"),
            Self::Full => (409, "REGISTRY_FULL"),
            Self::Db(_) => (503, "UNAVAILABLE"),
        }
    }

    /// The JSON body of the answer.
    pub fn body(&self) -> Vec<u8> {
        let (_, code) = self.answer();
        Json::object([("code", Json::from(code)), ("message", Json::from(self.to_string()))]).to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_https_addresses_outside_of_the_demo() {
        for url in ["https://bpp.example", "https://bpp.example:8443/beckn", "https://8.8.8.8/x"] {
            assert_eq!(check_url(url, false), Ok(()), "{url}");
        }
        for url in [
            "http://bpp.example",
            "https://127.0.0.1",
            "https://[::1]:4000",
            "https://localhost:4000",
            "https://a.localhost",
            "https://10.1.2.3/x",
            "https://169.254.169.254",
            "https://2130706433",
        ] {
            assert!(check_url(url, false).is_err(), "{url}");
            assert_eq!(check_url(url, true), Ok(()), "{url}");
        }
        for url in
            ["ftp://bpp.example", "https://u:p@bpp.example", "https://bpp.example?x=1", "bpp.example", ""]
        {
            assert!(check_url(url, true).is_err(), "{url}");
        }
        assert!(check_url(&format!("https://bpp.example/{}", "x".repeat(URL_MAX)), true).is_err());
    }
}
