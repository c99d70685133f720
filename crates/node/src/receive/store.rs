//! The transaction before the ACK: the inbox row, the effect if there is one, and the answer that the sender
//! gets.

use std::sync::Arc;

use beckn_wire::ack;
use beckn_wire::json::{Json, Object};
use db::DbError;

use super::Stop;
use super::answer::Desk;
use crate::application::{Admission, Effect, Incoming};
use crate::inbox::{self, NewRow, StoredReply};
use crate::node::Node;
use crate::reply::{Headers, Reply};

impl Node {
    /// Stores the message; when this gives an answer, the message is durable.
    pub(super) async fn store(
        &self,
        desk: &Desk,
        path: &str,
        headers: &Headers,
        incoming: &Incoming,
        admission: Admission,
    ) -> Result<Reply, Stop> {
        let id = incoming.envelope.context.message_id.clone();
        let (status, body, effect, queued) = match &admission {
            Admission::Queue => (200, ack::ack_body(&id), None, true),
            Admission::QueueWith(extra) => (200, ack::ack_body_with(&id, extra), None, true),
            Admission::QueueAs(body) => (200, body.to_bytes(), None, true),
            Admission::Effect(effect) | Admission::Answer(effect) => {
                (200, ack::ack_body(&id), Some(Arc::clone(effect)), false)
            }
            Admission::Read(body) => (200, body.to_bytes(), None, false),
            Admission::NoCallback(why) => (202, ack::ack_no_callback_body(&id, why), None, false),
        };
        let plan = Arc::new(Plan {
            row: new_row(path, headers, incoming, queued),
            reply: desk.reply(status, body, &[]),
            effect,
            whole: matches!(admission, Admission::Answer(_)),
            kept: !matches!(admission, Admission::Read(_)),
            desk: desk.clone(),
        });
        let stored = self.db.write(move |tx| {
            let plan = Arc::clone(&plan);
            Box::pin(async move { plan.run(tx).await })
        });
        match stored.await {
            Ok(reply) => {
                // An effect may have enqueued something, a queued message wants a worker.
                self.wake();
                Ok(reply)
            }
            // Another copy of the message was stored in the meantime.
            Err(Stored::Duplicate) => {
                let identity = Arc::clone(&desk.identity);
                self.refuse_duplicate(&incoming.envelope, &incoming.sender, &identity).await?;
                Err(Stop::Database(DbError::Serialization))
            }
            Err(Stored::Stop(stop)) => Err(stop),
        }
    }
}

/// What the storing transaction does.
struct Plan {
    row: NewRow,
    reply: Reply,
    effect: Option<Effect>,
    /// The effect gives the whole body of the answer.
    whole: bool,
    /// The body of the answer is stored.
    kept: bool,
    desk: Desk,
}

/// Why nothing was stored.
enum Stored {
    Duplicate,
    Stop(Stop),
}

impl<E: Into<Stop>> From<E> for Stored {
    fn from(error: E) -> Self {
        Self::Stop(error.into())
    }
}

impl Plan {
    async fn run(&self, tx: &mut db::Tx) -> Result<Reply, Stored> {
        let mut kept = stored(&self.reply);
        if !self.kept {
            kept.body.clear();
        }
        if !inbox::insert(tx, &self.row, &kept).await? {
            return Err(Stored::Duplicate);
        }
        let Some(effect) = &self.effect else { return Ok(self.reply.clone()) };
        let extra: Object = effect(tx).await?;
        if extra.is_empty() {
            return Ok(self.reply.clone());
        }
        let body = match self.whole {
            true => Json::Object(extra).to_bytes(),
            false => ack::ack_body_with(&self.row.message_id, &extra),
        };
        let reply = self.desk.reply(200, body, &[]);
        inbox::set_reply(tx, &self.row, &stored(&reply)).await?;
        Ok(reply)
    }
}

fn stored(reply: &Reply) -> StoredReply {
    StoredReply {
        status: reply.status,
        headers: reply.headers.iter().map(|(name, value)| (name, value.as_str())).collect(),
        body: reply.body.to_vec(),
    }
}

fn new_row(path: &str, headers: &Headers, incoming: &Incoming, queued: bool) -> NewRow {
    let context = &incoming.envelope.context;
    NewRow {
        id: incoming.inbox_id,
        receiver: incoming.receiver.clone(),
        sender: incoming.sender.subscriber_id.clone(),
        key_id: incoming.envelope.signer().key_id().to_string(),
        action: context.action,
        message_id: context.message_id.clone(),
        transaction_id: context.transaction_id.clone(),
        body_digest: incoming.envelope.digest().base64(),
        path: path.to_owned(),
        headers: headers.clone(),
        authorization: incoming.authorization.clone(),
        body: incoming.envelope.bytes().to_vec(),
        received_at: incoming.received_at,
        queued,
    }
}
