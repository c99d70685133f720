//! Questions whose answer is the HTTP response itself: subscriptions, searches (Beckn section b.1). Nothing of them is
//! stored; who needs to be sure asks again.

use beckn_wire::json::Json;
use beckn_wire::signature::{self, Chain};
use bytes::Bytes;
use units::Span;

use crate::client::{ClientError, Method};
use crate::node::Node;
use crate::registry::RegistryError;

/// Largest answer that is read, bytes.
const ANSWER_MAX: usize = 10 * 1024 * 1024;

/// What was answered.
#[derive(Clone, Debug)]
pub struct Asked {
    pub status: u16,
    pub body: Json,
    /// Signed by the peer and chained to the question.
    pub verified: bool,
    /// How long the peer wishes to be left alone, a day at most.
    pub retry_after: Option<Span>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    #[error("the asking side is not an identity of this node")]
    UnknownIdentity,
    #[error("the peer is not to be found: {0}")]
    Registry(#[from] RegistryError),
    #[error("no answer: {0}")]
    Client(#[from] ClientError),
    #[error("the answer is no JSON, or too large")]
    Unreadable,
}

impl Node {
    /// Asks `target` at `path` (with its query) below its base in the registry. The body is a whole message, made by
    /// [`Node::compose`], or empty for `GET` and `DELETE`.
    ///
    /// # Errors
    /// See [`AskError`]; a refusal is an answer, with its status.
    pub async fn ask(
        &self,
        identity: &str,
        target: &str,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Asked, AskError> {
        let identity = self.identity(identity).ok_or(AskError::UnknownIdentity)?;
        let record = self.registry.subscriber(target).await?;
        let url = format!("{}/{path}", record.url.trim_end_matches('/'));
        let authorization = crate::deliver::authorize(identity, &body, Chain::None, self.now());
        let headers = [("authorization", authorization.as_str())];
        let answer = self.client.send(method, &url, &headers, Bytes::from(body), ANSWER_MAX).await?;
        if answer.truncated {
            return Err(AskError::Unreadable);
        }
        let verified = self.answer_verified(&answer, target, &authorization).await;
        let body = Json::parse(&answer.body).map_err(|_| AskError::Unreadable)?;
        let retry_after = crate::retry::retry_after(answer.headers.get("retry-after"));
        Ok(Asked { status: answer.status, body, verified, retry_after })
    }

    /// Whether an answer is signed by this peer and chained to our message.
    pub(crate) async fn answer_verified(
        &self,
        answer: &crate::client::Answer,
        peer: &str,
        authorization: &str,
    ) -> bool {
        let Some(header) = answer.headers.get("signature") else { return false };
        let Ok(header) = signature::SignatureHeader::parse_response(header) else { return false };
        if !header.key_id.subscriber_id().eq_ignore_ascii_case(peer) {
            return false;
        }
        let Ok(record) = self.registry.key(&header.key_id).await else { return false };
        signature::verify_response(
            answer.status,
            &header,
            &answer.body,
            &record.public_key,
            self.now().seconds(),
            &self.policy,
            Some(authorization),
        )
        .is_ok()
    }
}
