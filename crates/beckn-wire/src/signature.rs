//! HTTP message signatures (NFH-007, Beckn 2.0 "Signature"): Ed25519 over three or four lines.
//!
//! ```text
//! (created): 1793520000
//! (expires): 1793520300
//! digest: BLAKE-512=<base64 of BLAKE2b-512 of the raw body>
//! request-signature: <base64 of the signature that this message answers>     only when there is one
//! ```
//! Lines are joined by one `\n`, none at the end. Parsing a header, finding the key and verifying are three
//! steps; the middle one does I/O and is not here. Nothing in this module knows a clock, a network or a
//! random number.
//!
//! Invariants: what goes into the signed text is taken from the header as parsed, and the digest from the
//! bytes as received; a [`Signer`] is made only by a verification that succeeded and carries the digest of
//! what was verified.

mod digest;
mod header;
mod key;
mod sign;
mod verify;

pub use digest::{Body, DIGEST_LABEL, Digest, digest};
pub use header::{Covered, HEADER_MAX, KeyId, SignatureHeader, challenge, signature_text};
pub use key::{KeyError, PublicKey, SigningKey};
pub use sign::{Chain, sign, sign_response, signing_string};
pub use verify::{ChainProof, Signer, VerifyPolicy, verify, verify_body, verify_response};

use crate::code::{ErrorCode, WireError};

/// Why a signature does not count. Each is a 401; the texts may be shown to the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the message carries no signature")]
    Missing,
    #[error("the signature header cannot be read: {0}")]
    Malformed(&'static str),
    #[error("the signature header names a parameter twice")]
    DuplicateParameter,
    #[error("keyId is not of the form subscriber|key|ed25519")]
    KeyId,
    #[error("the algorithm is not ed25519")]
    Algorithm,
    #[error("the headers parameter names a list that is not used in this protocol")]
    Coverage,
    #[error("the signature is from the future")]
    NotYetValid,
    #[error("the signature has expired")]
    Expired,
    #[error("expires does not lie after created")]
    Inverted,
    #[error("the signature is valid for longer than allowed")]
    LivesTooLong,
    #[error("the message claims to answer a request that is not known here")]
    RequestUnknown,
    #[error("the signature does not fit the message and the key")]
    Mismatch,
}

impl SignatureError {
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Missing => ErrorCode::AutSignatureMissing,
            _ => ErrorCode::AutSignatureInvalid,
        }
    }

    /// Whether another public key of the same id could change the verdict: then one fresh look-up is worth
    /// it.
    pub fn depends_on_key(self) -> bool {
        self == Self::Mismatch
    }
}

impl From<SignatureError> for WireError {
    fn from(error: SignatureError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
