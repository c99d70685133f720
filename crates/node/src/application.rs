//! What a participant adds to the node: which messages it takes, how it judges them, and what they change.
//!
//! The node verifies, stores, orders, retries and signs; the application decides. Everything durable happens
//! inside database transactions that the application owns, so that a message and its effect are one commit
//! (architecture, section 7).

use std::sync::Arc;

use beckn_wire::action::Action;
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::envelope::{Envelope, Verified};
use beckn_wire::json::{Json, Object};
use db::{DbError, Tx, TxFuture};
use futures_util::future::BoxFuture;
use units::Timestamp;
use uuid::Uuid;

use crate::address::Face;
use crate::inbox::InboxJob;
use crate::outbox::{OutboxJob, Outcome};
use crate::registry::Record;

/// The part of a participant that knows its domain.
pub trait Application: Send + Sync + 'static {
    /// Whether this action is served at this face; otherwise the sender gets 404 and `NET_NOT_IMPLEMENTED`.
    fn accepts(&self, face: Face, action: Action) -> bool;

    /// The synchronous judgement: everything that the message and one read decide (ruling 6). Called after
    /// every check of the node and before anything is stored; it must change nothing itself.
    ///
    /// # Errors
    /// The NACK that the sender gets; nothing is stored.
    fn admit<'a>(&'a self, incoming: &'a Incoming) -> BoxFuture<'a, Result<Admission, Refusal>>;

    /// Works a queued message off. The implementation runs one transaction that holds the effects, the
    /// messages that they cause ([`crate::outbox::enqueue`]) and [`crate::inbox::complete`]. It may be called
    /// again for the same message when the process died or the lease ran out before that commit.
    ///
    /// # Errors
    /// [`ProcessError::Retry`] is tried again later, [`ProcessError::Fail`] ends the message as failed.
    fn process<'a>(&'a self, job: &'a InboxJob) -> BoxFuture<'a, Result<(), ProcessError>>;

    /// A message of ours has come to its end. The implementation runs one transaction that holds its own
    /// effects and [`crate::outbox::conclude`], which fails when another worker has concluded the same
    /// message.
    ///
    /// # Errors
    /// Any error leaves the message to be sent again, which the peer answers as a duplicate.
    fn concluded<'a>(
        &'a self,
        job: &'a OutboxJob,
        outcome: &'a Outcome,
    ) -> BoxFuture<'a, Result<(), ProcessError>>;
}

/// A message that has passed every check of the node.
#[derive(Debug)]
pub struct Incoming {
    /// Which of our identities is addressed.
    pub receiver: String,
    pub face: Face,
    /// What followed the path behind `?`; empty without one.
    pub query: String,
    pub envelope: Verified<Envelope>,
    /// The whole body, read once; numbers keep their text.
    pub document: Json,
    /// The registry record of the signer's key.
    pub sender: Arc<Record>,
    /// The id that its inbox row will have.
    pub inbox_id: Uuid,
    /// The `Authorization` header as received.
    pub authorization: String,
    /// Our receipt, on the wire clock.
    pub received_at: Timestamp,
    /// Names of the tolerances (ruling 8) without which the message would have been refused.
    pub tolerated: Vec<&'static str>,
}

/// What happens to an admitted message.
pub enum Admission {
    /// Stored and acknowledged; [`Application::process`] works it off later.
    Queue,
    /// As `Queue`, with further members beside `status` and `messageId` in the acknowledgement.
    QueueWith(Object),
    /// As `Queue`, with this whole body as the answer.
    QueueAs(Json),
    /// Runs in the transaction that stores the message, which is then done; returns the further members of
    /// the acknowledgement.
    Effect(Effect),
    /// As `Effect`; what it returns is the whole body of the answer.
    Answer(Effect),
    /// Answered at once with this whole body. Nothing was changed by it, so of the answer only its status is stored.
    Read(Json),
    /// Answered with 202 and this reason: accepted, but no callback will follow.
    NoCallback(WireError),
}

/// The body of an [`Admission::Effect`]. It must be safe to run again, and may await nothing but the
/// transaction.
pub type Effect = Arc<dyn for<'t> Fn(&'t mut Tx) -> TxFuture<'t, Result<Object, EffectError>> + Send + Sync>;

/// Why an effect did not happen. Nothing of it and of its message stays.
#[derive(Debug, thiserror::Error)]
pub enum EffectError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// A synchronous NACK.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Refusal {
    pub error: WireError,
    /// The HTTP status, when it is not the one of the code.
    pub status: Option<u16>,
}

impl Refusal {
    /// The HTTP status of the answer.
    pub fn http_status(&self) -> u16 {
        self.status.unwrap_or_else(|| self.error.http_status())
    }
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Self {
        Self { error, status: None }
    }
}

/// Why a job could not be finished.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProcessError {
    /// A passing trouble; the reason is for our own log.
    #[error("to be tried again: {0}")]
    Retry(String),
    /// The message can never be processed.
    #[error("failed with {0}")]
    Fail(ErrorCode),
}

impl From<DbError> for ProcessError {
    fn from(error: DbError) -> Self {
        Self::Retry(error.to_string())
    }
}
