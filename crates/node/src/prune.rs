//! Forgets what need not be kept (ruling 10): finished messages that only asked or answered, after two days.
//!
//! What agrees on something stays for good: `init`, `confirm`, `update`, `cancel`, their callbacks in either
//! direction, and with these the legs to the ledgers; and every callback that came or went unasked, because a push
//! of cells is evidence. What remains — `select`, `status`, discovery, catalogs and their answers — is a log that
//! does not grow; with the last message of a transaction goes the key that they were sealed under. Invariants:
//! nothing unfinished goes, nor a request whose answer is still to be sent (its signature may be chained); a row
//! stays for twice the longest life of a signature, so that a replay meets its duplicate; each transaction is short,
//! whatever has piled up.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use beckn_wire::action::Action;
use db::{DbError, Sql, params};
use tokio_util::sync::CancellationToken;
use units::{Span, Timestamp};
use uuid::Uuid;

use crate::node::Node;
use crate::pause::pause;
use crate::seal;

/// Kept at least so long after it was received or had ended.
pub const KEPT: Span = Span::from_hours(48);
/// Requests of ours are kept so much longer where an answer is told by them from a callback that came unasked.
const REQUESTS_KEPT_LONGER: Span = Span::from_hours(24);
/// One round in this time, on the wire clock.
pub const INTERVAL: Span = Span::from_minutes(10);
/// Rows of one transaction.
const BATCH: i64 = 100;
/// Transactions of one round; what is left waits for the next.
const BATCHES_MAX: usize = 500;
/// What is agreed, and who agreed to it: never pruned.
const EVIDENCE: [Action; 8] = [
    Action::Init,
    Action::OnInit,
    Action::Confirm,
    Action::OnConfirm,
    Action::Update,
    Action::OnUpdate,
    Action::Cancel,
    Action::OnCancel,
];

db::sql! {
    // `state IN (…)` repeats the condition of the index, word for word.
    pub(crate) RECEIVED = "SELECT i.id, i.transaction_id FROM inbox i WHERE i.state IN ('done', 'failed') AND \
        i.action = $1 AND i.received_at < $2 AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.answers = i.id \
        AND o.state IN ('queued', 'sending')) LIMIT $3";
    pub(crate) RECEIVED_WHEN_ASKED = "SELECT i.id, i.transaction_id FROM inbox i WHERE i.state IN ('done', 'failed') AND \
        i.action = $1 AND i.received_at < $2 AND EXISTS (SELECT 1 FROM outbox o WHERE \
        o.message_id = i.message_id AND o.action = $4) LIMIT $3";
    pub(crate) SENT = "SELECT id, transaction_id FROM outbox WHERE state IN ('delivered', 'refused', 'expired', \
        'dead') AND action = $1 AND finished_at < $2 LIMIT $3";
    pub(crate) SENT_WHEN_ASKED = "SELECT id, transaction_id FROM outbox WHERE state IN ('delivered', 'refused', 'expired', \
        'dead') AND action = $1 AND finished_at < $2 AND answers IS NOT NULL LIMIT $3";
    DELETE_RECEIVED = "DELETE FROM inbox WHERE id = $1";
    DELETE_ATTEMPTS = "DELETE FROM outbox_attempts WHERE outbox_id = $1";
    DELETE_SENT = "DELETE FROM outbox WHERE id = $1";
}

/// The rows of one action in one of the queues.
struct Heap {
    find: &'static Sql,
    delete: &'static [&'static Sql],
    action: Action,
    before: Timestamp,
    /// The request that the action answers.
    answered: Option<Action>,
}

/// Whether finished messages of this action may be forgotten.
fn passing(action: Action) -> bool {
    !EVIDENCE.contains(&action)
}

/// A message that only its request makes a passing one: unasked it tells something, and is kept.
fn may_come_unasked(action: Action) -> bool {
    action == Action::OnStatus
}

impl Node {
    /// Forgets what need not be kept, once in [`INTERVAL`] of the wire clock, and gives how many messages that were.
    /// [`Node::run`] calls it. Many short transactions.
    ///
    /// # Errors
    /// Those of the database; what was deleted before stays deleted.
    pub async fn tick_prune(&self) -> Result<u64, DbError> {
        let now = self.now();
        {
            let mut pruned_at = self.pruned_at.lock().unwrap_or_else(PoisonError::into_inner);
            if pruned_at.is_some_and(|at| now.since(at) < INTERVAL) {
                return Ok(0);
            }
            *pruned_at = Some(now);
        }
        let life = Span::from_secs(self.policy.life_max_secs.saturating_mul(2));
        let before = now.saturating_sub(KEPT.max(life));
        let (mut count, mut batches) = (0_u64, 0);
        for heap in heaps(before) {
            while batches < BATCHES_MAX {
                let found = self.found(&heap).await?;
                let whole = i64::try_from(found.len()).unwrap_or(i64::MAX) >= BATCH;
                if !found.is_empty() {
                    batches = batches.saturating_add(1);
                    count = count.saturating_add(self.forget(&heap, found).await?);
                }
                if !whole {
                    break;
                }
            }
        }
        if count > 0 {
            tracing::info!(target: "messages", count, "forgot finished messages that only asked or answered");
        }
        Ok(count)
    }

    async fn found(&self, heap: &Heap) -> Result<Vec<(Uuid, String)>, DbError> {
        let (find, action, before) = (heap.find, heap.action.as_str(), heap.before);
        let answered = heap.answered.map(Action::as_str);
        let rows = self
            .db
            .read(move |tx| {
                Box::pin(async move {
                    let mut values = params![action, before, BATCH].to_vec();
                    values.extend(answered.map(db::Value::from));
                    tx.query(find, &values).await
                })
            })
            .await?;
        rows.iter().map(|row| Ok((row.get("id")?, row.get("transaction_id")?))).collect()
    }

    async fn forget(&self, heap: &Heap, found: Vec<(Uuid, String)>) -> Result<u64, DbError> {
        let (delete, found) = (heap.delete, Arc::new(found));
        self.db
            .write(move |tx| {
                let found = Arc::clone(&found);
                Box::pin(async move {
                    let mut count = 0_u64;
                    for (id, _) in found.iter() {
                        let mut deleted = 0;
                        for statement in delete {
                            deleted = tx.execute(statement, &params![*id]).await?;
                        }
                        count = count.saturating_add(deleted);
                    }
                    let names = found.iter().map(|(_, name)| name.as_str()).collect::<BTreeSet<_>>();
                    if tx.vault().is_none() {
                        return Ok(count);
                    }
                    for name in names {
                        tx.query(&seal::LOCK, &params![name]).await?;
                        tx.execute(&seal::DESTROY_UNUSED, &params![name]).await?;
                    }
                    Ok::<_, DbError>(count)
                })
            })
            .await
    }

    /// Prunes until `cancel`; a round that is under way ends first.
    pub(crate) async fn run_prune(&self, cancel: CancellationToken) {
        while !cancel.is_cancelled() {
            if let Err(error) = self.tick_prune().await {
                tracing::warn!(%error, "finished messages could not be forgotten");
            }
            tokio::select! {
                () = pause(self.poll) => {}
                () = cancel.cancelled() => {}
            }
        }
    }
}

/// What is looked through, the received before the sent: a sent request tells which callbacks were asked for.
fn heaps(before: Timestamp) -> Vec<Heap> {
    let actions = || Action::ALL.iter().copied().filter(|action| passing(*action));
    let received = actions().map(|action| {
        let answered = action.request().filter(|_| may_come_unasked(action));
        let find = if answered.is_some() { &RECEIVED_WHEN_ASKED } else { &RECEIVED };
        Heap { find, delete: &[&DELETE_RECEIVED], action, before, answered }
    });
    let sent = actions().map(|action| {
        let tells = action.callback().is_some_and(may_come_unasked);
        Heap {
            find: if may_come_unasked(action) { &SENT_WHEN_ASKED } else { &SENT },
            delete: &[&DELETE_ATTEMPTS, &DELETE_SENT],
            action,
            before: if tells { before.saturating_sub(REQUESTS_KEPT_LONGER) } else { before },
            answered: None,
        }
    });
    received.chain(sent).collect()
}
