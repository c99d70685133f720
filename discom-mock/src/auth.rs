//! Who calls, where a call is signed like a message of the network but is none.

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::signature::{SignatureHeader, VerifyPolicy, sign_response, verify};
use clock::Clocks;
use node::Node;

/// Reads the signature of a call, before its body is.
///
/// # Errors
/// `AUT_` codes, as for a message.
pub fn header(authorization: &str) -> Result<SignatureHeader, WireError> {
    Ok(SignatureHeader::parse(authorization)?)
}

/// The subscriber whose key signed the body.
///
/// # Errors
/// `AUT_` codes, as for a message.
pub async fn caller(
    node: &Node,
    clocks: &Clocks,
    header: &SignatureHeader,
    body: &[u8],
) -> Result<String, WireError> {
    let registry = node.registry();
    let record = registry.key(&header.key_id).await.map_err(|error| error.wire())?;
    if record.valid_until.is_some_and(|until| header.expires > until.seconds()) {
        let text = "the signature outlives its key";
        return Err(WireError::new(ErrorCode::AutSignatureInvalid, text));
    }
    let now = clocks.wire.now().seconds();
    let check = |record: &node::registry::Record| {
        verify(header, body, &record.public_key, now, &VerifyPolicy::spec(), None)
    };
    let signer = match check(&record) {
        Err(error) if error.depends_on_key() => {
            let fresh = registry.refresh(&header.key_id).await.map_err(|error| error.wire())?;
            check(&fresh)?
        }
        verdict => verdict?,
    };
    Ok(signer.subscriber_id().to_owned())
}

/// How long the signature of an answer is good, seconds.
const ANSWER_LIFE: i64 = 300;

/// The signature of an answer of ours, chained to the question's.
pub fn sign_answer(
    node: &Node,
    clocks: &Clocks,
    signer: &str,
    body: &[u8],
    authorization: &str,
) -> Option<String> {
    let identity = node.identity(signer)?;
    let now = clocks.wire.now().seconds();
    let until = now.saturating_add(ANSWER_LIFE);
    Some(sign_response(&identity.signing_key, &identity.key_id, now, until, body, Some(authorization)))
}
