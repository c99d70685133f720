//! Checking a signature against a body, a key and a moment.

use super::SignatureError;
use super::digest::{Body, Digest};
use super::header::{Covered, KeyId, SignatureHeader, signature_text};
use super::key::PublicKey;
use super::sign::signing_string;

/// What a network allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyPolicy {
    /// How far `created` may lie ahead of our clock, in seconds. `expires` has no tolerance.
    pub skew_secs: i64,
    /// Longest accepted time from `created` to `expires`, in seconds.
    pub life_max_secs: i64,
    /// Whether the fourth line may hold the request's whole header; for peers marked so only.
    pub accept_whole_header: bool,
}

impl VerifyPolicy {
    /// The text of the specification: 60 s of skew, a day of life at most, the bare form of chaining.
    pub const fn spec() -> Self {
        Self { skew_secs: 60, life_max_secs: 86_400, accept_whole_header: false }
    }
}

impl Default for VerifyPolicy {
    fn default() -> Self {
        Self::spec()
    }
}

/// Which proof of the answered request a signature contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainProof {
    None,
    Bare,
    WholeHeader,
}

/// Who signed, proven. Only a successful verification makes one, and it holds for the verified bytes alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    key_id: KeyId,
    chain: ChainProof,
    digest: Digest,
}

impl Signer {
    pub fn subscriber_id(&self) -> &str {
        self.key_id.subscriber_id()
    }

    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    pub fn chain(&self) -> ChainProof {
        self.chain
    }

    /// Of the body that was signed.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// Verifies a request or callback. `key` is the registry's for `header.key_id`, `now` the wire clock in Unix
/// seconds, `answered` the whole `Authorization` value of the request that a four-line callback answers, if
/// kept.
///
/// The order is: window, digest of the body, Ed25519 (strict).
///
/// # Errors
/// [`SignatureError`], every one a 401. A four-line header without a known request cannot be checked and
/// fails.
pub fn verify(
    header: &SignatureHeader,
    body: &[u8],
    key: &PublicKey,
    now: i64,
    policy: &VerifyPolicy,
    answered: Option<&str>,
) -> Result<Signer, SignatureError> {
    check_window(header, now, policy)?;
    verify_in_window(header, &Digest::of(body), key, policy, answered)
}

/// As [`verify`], from a [`Body`] that keeps its digest: an envelope read from the same body does not hash it
/// again.
///
/// # Errors
/// As [`verify`].
pub fn verify_body(
    header: &SignatureHeader,
    body: &Body,
    key: &PublicKey,
    now: i64,
    policy: &VerifyPolicy,
    answered: Option<&str>,
) -> Result<Signer, SignatureError> {
    check_window(header, now, policy)?;
    verify_in_window(header, body.digest(), key, policy, answered)
}

fn verify_in_window(
    header: &SignatureHeader,
    digest: &Digest,
    key: &PublicKey,
    policy: &VerifyPolicy,
    answered: Option<&str>,
) -> Result<Signer, SignatureError> {
    let fits = |line: Option<&str>| {
        let text = signing_string(header.created, header.expires, digest, line);
        key.verifies(text.as_bytes(), &header.signature)
    };
    let chain = match header.headers {
        Covered::Three => fits(None).then_some(ChainProof::None),
        Covered::Four => {
            let answered = answered.ok_or(SignatureError::RequestUnknown)?;
            let bare = signature_text(answered).ok_or(SignatureError::RequestUnknown)?;
            if fits(Some(bare)) {
                Some(ChainProof::Bare)
            } else {
                (policy.accept_whole_header && fits(Some(answered))).then_some(ChainProof::WholeHeader)
            }
        }
    };
    let chain = chain.ok_or(SignatureError::Mismatch)?;
    Ok(Signer { key_id: header.key_id.clone(), chain, digest: *digest })
}

/// Verifies a synchronous response to the request that carried `request_authorization`.
///
/// On a 401 the form that names four lines and signs three is accepted as well, with [`ChainProof::None`]: a
/// receiver that saw no signature has nothing to chain to.
///
/// # Errors
/// As [`verify`].
pub fn verify_response(
    http_status: u16,
    header: &SignatureHeader,
    body: &[u8],
    key: &PublicKey,
    now: i64,
    policy: &VerifyPolicy,
    request_authorization: Option<&str>,
) -> Result<Signer, SignatureError> {
    match verify(header, body, key, now, policy, request_authorization) {
        Err(SignatureError::Mismatch | SignatureError::RequestUnknown)
            if http_status == 401 && header.headers == Covered::Four =>
        {
            let unchained = SignatureHeader { headers: Covered::Three, ..header.clone() };
            verify(&unchained, body, key, now, policy, None)
        }
        verdict => verdict,
    }
}

fn check_window(header: &SignatureHeader, now: i64, policy: &VerifyPolicy) -> Result<(), SignatureError> {
    if header.created > now.saturating_add(policy.skew_secs) {
        return Err(SignatureError::NotYetValid);
    }
    if now > header.expires {
        return Err(SignatureError::Expired);
    }
    if header.expires <= header.created {
        return Err(SignatureError::Inverted);
    }
    if header.expires.saturating_sub(header.created) > policy.life_max_secs {
        return Err(SignatureError::LivesTooLong);
    }
    Ok(())
}
