//! Making a signature header. Times are given by the caller; nothing random is used (Ed25519 is
//! deterministic).

use super::digest::{DIGEST_LABEL, Digest};
use super::header::{Covered, KeyId, signature_text, write};
use super::key::SigningKey;

/// What the fourth line says about the message that is being answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain<'a> {
    /// No fourth line: requests, and callbacks that nobody asked for.
    None,
    /// The base64 of the request's signature: the specification's form.
    Bare(&'a str),
    /// The request's whole `Authorization` value: what the Go reference adapter makes and expects.
    WholeHeader(&'a str),
}

/// The text that is signed; times are Unix seconds.
pub fn signing_string(
    created: i64,
    expires: i64,
    digest: &Digest,
    request_signature: Option<&str>,
) -> String {
    let mut text = format!("(created): {created}\n(expires): {expires}\ndigest: {DIGEST_LABEL}{digest}");
    if let Some(value) = request_signature {
        text.push_str("\nrequest-signature: ");
        text.push_str(value);
    }
    text
}

/// The value of the `Authorization` header for `body`, valid from `created` to `expires` (Unix seconds).
pub fn sign(
    key: &SigningKey,
    key_id: &KeyId,
    created: i64,
    expires: i64,
    body: &[u8],
    chain: Chain<'_>,
) -> String {
    let (covered, line) = match chain {
        Chain::None => (Covered::Three, None),
        Chain::Bare(text) | Chain::WholeHeader(text) => (Covered::Four, Some(text)),
    };
    let text = signing_string(created, expires, &Digest::of(body), line);
    write(key_id, created, expires, covered, &key.sign_bytes(text.as_bytes()))
}

/// The value of the `Signature` header of a synchronous response, chained to the request's `Authorization`.
///
/// A response always declares four lines. When the request carried no signature to chain to, three are signed
/// all the same; a verifier accepts that on a 401 only.
pub fn sign_response(
    key: &SigningKey,
    key_id: &KeyId,
    created: i64,
    expires: i64,
    body: &[u8],
    request_authorization: Option<&str>,
) -> String {
    let line = request_authorization.and_then(signature_text);
    let text = signing_string(created, expires, &Digest::of(body), line);
    write(key_id, created, expires, Covered::Four, &key.sign_bytes(text.as_bytes()))
}
