//! Signed answers. Everything that is known of a message while it is judged gathers on a [`Desk`], so that
//! every answer, also a refusal, is chained to its request and names its message.

use std::sync::Arc;

use beckn_wire::ack;
use beckn_wire::action::Action;
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::signature::sign_response;
use bytes::Bytes;
use clock::Clock;
use units::Span;

use super::{OVERLOADED_WAIT, Stop, challenge};
use crate::identity::Identity;
use crate::node::Node;
use crate::reply::{Headers, Reply};

/// Answers are dated a second back and live five minutes.
const BACKDATE_SECS: i64 = 1;
const LIFE_SECS: i64 = 300;

/// What is known so far.
#[derive(Clone)]
pub(super) struct Desk {
    clock: Arc<dyn Clock>,
    /// Who signs the answer: our first identity until the receiver is known.
    pub(super) identity: Arc<Identity>,
    authorization: Option<String>,
    pub(super) action: Option<Action>,
    pub(super) message_id: Option<String>,
    pub(super) transaction_id: Option<String>,
    /// Proven by its signature.
    pub(super) sender: Option<String>,
}

impl Desk {
    pub(super) fn new(node: &Node, headers: &Headers) -> Self {
        Self {
            clock: Arc::clone(&node.clocks.wire),
            identity: Arc::clone(&node.default_identity),
            authorization: headers.get("authorization").map(str::to_owned),
            action: None,
            message_id: None,
            transaction_id: None,
            sender: None,
        }
    }

    /// The answer with this status and body, signed over the body and the request's signature.
    pub(super) fn reply(&self, status: u16, body: Vec<u8>, extra: &[(&str, String)]) -> Reply {
        let created = self.clock.now().seconds().saturating_sub(BACKDATE_SECS);
        let signature = sign_response(
            &self.identity.signing_key,
            &self.identity.key_id,
            created,
            created.saturating_add(LIFE_SECS),
            &body,
            self.authorization.as_deref(),
        );
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("signature".to_owned(), signature),
        ];
        headers.extend(extra.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Reply { status, headers, body: Bytes::from(body) }
    }

    /// The answer to a message that was not taken.
    pub(super) fn stopped(&self, stop: Stop) -> Reply {
        let (refusal, wait) = match stop {
            Stop::DuplicateCallback { status, body } => return self.reply(status, body, &[]),
            Stop::DuplicateRequest => {
                let message = "a message with this id was received before";
                (
                    WireError::new(ErrorCode::CtxMessageIdDuplicate, message).at("context/messageId").into(),
                    None,
                )
            }
            Stop::Refused(refusal) => (refusal, None),
            Stop::Limited(wait) => {
                (WireError::new(ErrorCode::AutRateLimited, "too many messages").into(), Some(wait))
            }
            Stop::Database(error) => {
                tracing::error!(%error, "a message could not be stored");
                let busy = WireError::new(ErrorCode::NetOverloaded, "the message could not be stored now");
                (busy.into(), Some(OVERLOADED_WAIT))
            }
        };
        let status = refusal.http_status();
        let mut extra = Vec::new();
        if status == 401 {
            extra.push(("www-authenticate", challenge(&self.identity.subscriber_id)));
        }
        if let Some(wait) = wait {
            extra.push(("retry-after", seconds_up(wait).to_string()));
        }
        self.reply(status, ack::nack_body(self.message_id.as_deref(), &refusal.error), &extra)
    }

    /// One readable line per message.
    pub(super) fn log(&self, path: &str, reply: &Reply, took: Span) {
        let transaction = crate::deliver::tail(self.transaction_id.as_deref().unwrap_or("-"));
        let action = self.action.map_or("?", Action::as_str);
        let sender = self.sender.as_deref().unwrap_or("unknown sender");
        let verdict = match ack::parse_ack(reply.status, &reply.body) {
            ack::AckVerdict::Nack { refusal, .. } => format!("NACK {} {}", refusal.code, refusal.message),
            ack::AckVerdict::AckNoCallback { .. } => "ACK, no callback".to_owned(),
            _ => "ACK".to_owned(),
        };
        let (to, took) = (&self.identity.subscriber_id, took.as_millis());
        let status = reply.status;
        tracing::info!(
            target: "messages::in",
            "← {action:<18} {sender} to {to}  tx …{transaction}  {status} {verdict}  {took} ms",
        );
        if self.action.is_none() {
            tracing::debug!(target: "messages", path, "no such address");
        }
    }
}

/// Whole seconds, at least one.
fn seconds_up(span: Span) -> i64 {
    span.micros().saturating_add(999_999).checked_div(1_000_000).unwrap_or(1).max(1)
}
