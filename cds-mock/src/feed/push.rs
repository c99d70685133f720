//! `catalog/push`: from recorded publications to the outbox, in bounded batches (facts, beckn-wire b.1, e.5).
//!
//! Each subscriber has a place in the sequence of publications. Moving it and enqueueing what lies between is one
//! transaction, so a killed process neither loses nor repeats a push. All pushes to one subscriber are of one
//! transaction id, and so stay in order in the outbox, which retries them by its table. Only a few are under way to
//! each: what a subscriber that is down misses waits as one publication, not as a copy for each.

use std::sync::Arc;
use std::time::Duration;

use beckn_wire::action::Action;
use beckn_wire::energy::schema::contexts_of;
use beckn_wire::json::Json;
use db::{Db, DbError, params};
use node::{Draft, Face, Node, OutboxJob, Outcome, Outgoing, Record, pause};
use tokio_util::sync::CancellationToken;
use units::Timestamp;
use uuid::Uuid;

use super::publication::{Interest, Meeting, Publication};
use super::store;
use super::{Feed, PUSH};

/// Pushes under way to one subscriber.
pub(super) const UNDER_WAY_MAX: i64 = 32;
/// Publications that are looked at in one step for one subscriber.
const BATCH: i64 = 8;
/// Subscribers that are read at a time.
const SUBSCRIBERS: i64 = 64;
/// How often the publications are looked at when nobody says that there are new ones.
const POLL: Duration = Duration::from_secs(1);
const SCHEMA_CONTEXTS_MAX: usize = 32;
const REASON_MAX: usize = 500;

/// A subscriber that has something ahead.
#[derive(Clone, Debug)]
struct Waiting {
    subscriber: String,
    transaction_id: String,
    place: i64,
}

/// What is ahead of it.
struct Ahead {
    publications: Vec<Publication>,
    interests: Vec<store::Stored>,
    /// Publications up to this number may be gone.
    pruned: i64,
}

/// One row of `pushes`, with its message if there is one to send.
struct Push {
    publication: i64,
    message: Option<Outgoing>,
    reason: Option<String>,
}

impl Feed {
    /// Pushes until `cancel`.
    pub async fn run(self: Arc<Self>, cancel: CancellationToken) {
        let mut prune_at = self.clocks.wire.now();
        while !cancel.is_cancelled() {
            let woken = self.news.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            let worked = self.tick().await;
            let now = self.clocks.wire.now();
            if now >= prune_at {
                self.prune().await;
                prune_at = now.saturating_add(super::prune::EVERY);
            }
            if worked == 0 {
                tokio::select! {
                    () = woken => {}
                    () = pause(POLL) => {}
                    () = cancel.cancelled() => {}
                }
            }
        }
    }

    /// One step for each subscriber that has something ahead of it and room for it under way; gives how many those
    /// were.
    pub async fn tick(&self) -> usize {
        let (mut behind, mut moved) = (String::new(), 0_usize);
        loop {
            let waiting = self.waiting(behind.clone()).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the subscribers cannot be read");
                Vec::new()
            });
            let Some(last) = waiting.last() else { break };
            behind = last.subscriber.clone();
            for one in waiting {
                match self.step(&one).await {
                    Ok(true) => moved = moved.saturating_add(1),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(subscriber = one.subscriber, %error, "not pushed");
                    }
                }
            }
        }
        if moved > 0
            && let Some(node) = self.node()
        {
            node.wake();
        }
        moved
    }

    async fn waiting(&self, behind: String) -> Result<Vec<Waiting>, DbError> {
        let read = self.db.read(move |tx| {
            let behind = behind.clone();
            Box::pin(
                async move { tx.query(&store::WAITING, &params![behind, UNDER_WAY_MAX, SUBSCRIBERS]).await },
            )
        });
        let waiting = |row: &db::Row| {
            Ok(Waiting {
                subscriber: row.get("subscriber")?,
                transaction_id: row.get("transaction_id")?,
                place: row.get("place")?,
            })
        };
        read.await?.iter().map(waiting).collect()
    }

    /// One batch for one subscriber. False when it stays where it is: the registry does not know it now.
    async fn step(&self, one: &Waiting) -> Result<bool, DbError> {
        let Some(node) = self.node() else { return Ok(false) };
        let Ok(record) = self.registry.subscriber(&one.subscriber).await else { return Ok(false) };
        let Ahead { publications, interests, pruned } = self.ahead(one).await?;
        let first = publications.first().map_or(i64::MAX, |publication| publication.seq);
        let next = publications.last().map_or(pruned, |publication| publication.seq).max(one.place);
        let common = self.common(&record);
        let interests: Vec<Interest> = interests.iter().map(|stored| Interest::of(stored, &common)).collect();
        let mut pushes = Vec::new();
        if one.place < pruned && first > one.place.saturating_add(1) {
            let until = pruned.min(first.saturating_sub(1));
            let reason = format!("publications up to {until} are not kept any more; pull FULL");
            pushes.push(Push { publication: until, message: None, reason: Some(reason) });
        }
        let (own, composing) = (self.subscriber_id.clone(), Arc::clone(&node));
        let (record, transaction) = (Arc::clone(&record), one.transaction_id.clone());
        let composed = tokio::task::spawn_blocking(move || {
            let meet = |p: &Publication| p.reach.meets(p.seq, &interests);
            let met = publications.iter().filter_map(|p| meet(p).map(|meeting| (p, meeting)));
            met.filter_map(|(p, meeting)| compose(&composing, &own, &record, &transaction, p, &meeting))
                .collect()
        });
        let composed: Vec<Push> = composed.await.map_err(|_| DbError::Closed)?;
        pushes.extend(composed);
        self.move_on(&node, one, next, pushes).await
    }

    async fn ahead(&self, one: &Waiting) -> Result<Ahead, DbError> {
        let (subscriber, place) = (one.subscriber.clone(), one.place);
        let read = self.db.read(move |tx| {
            let subscriber = subscriber.clone();
            Box::pin(async move {
                let rows = tx.query(&store::BEHIND, &params![place, BATCH]).await?;
                let (_, pruned) = store::counter(tx).await?;
                Ok::<_, DbError>((rows, store::active(tx, &subscriber).await?, pruned))
            })
        });
        let (rows, interests, pruned) = read.await?;
        let publications = rows.iter().map(Publication::read).collect::<Result<_, _>>()?;
        Ok(Ahead { publications, interests, pruned })
    }

    /// Moves the place and enqueues, in one transaction. False when somebody else has moved it in the meantime.
    async fn move_on(
        &self,
        node: &Arc<Node>,
        one: &Waiting,
        next: i64,
        pushes: Vec<Push>,
    ) -> Result<bool, DbError> {
        if next == one.place {
            return Ok(false);
        }
        let plan = Arc::new((one.clone(), pushes, node.ids().clone(), self.clocks.wire.now()));
        self.db
            .write(move |tx| {
                let plan = Arc::clone(&plan);
                Box::pin(async move {
                    let (one, pushes, ids, now) = &*plan;
                    let place = params![&one.subscriber, one.place, next];
                    if tx.execute(&store::MOVE_PLACE, &place).await? == 0 {
                        return Ok(false);
                    }
                    for push in pushes {
                        let (id, state) = match &push.message {
                            Some(message) => (node::outbox::enqueue(tx, ids, message, *now).await?, "queued"),
                            None => (ids.uuid(), "dead"),
                        };
                        let ended: Option<Timestamp> = push.message.is_none().then_some(*now);
                        let reason = push.reason.as_deref();
                        let row = params![id, &one.subscriber, push.publication, state, reason, *now, ended];
                        tx.execute(&store::INSERT_PUSH, &row).await?;
                    }
                    Ok(true)
                })
            })
            .await
    }

    /// A push has come to its end: noted with the outbox's own record of it. What was given up is a dead letter.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn pushed(&self, job: &OutboxJob, outcome: &Outcome) -> Result<(), DbError> {
        let now = self.clocks.wire.now();
        let (state, reason) = match outcome {
            Outcome::Delivered { .. } => ("delivered", None),
            other => ("dead", Some(other.summary().chars().take(REASON_MAX).collect::<String>())),
        };
        note(&self.db, job, outcome, state, reason, now).await?;
        self.wake();
        Ok(())
    }
}

async fn note(
    db: &Db,
    job: &OutboxJob,
    outcome: &Outcome,
    state: &'static str,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(), DbError> {
    let plan = Arc::new((job.clone(), outcome.clone(), reason));
    db.write(move |tx| {
        let plan = Arc::clone(&plan);
        Box::pin(async move {
            let (job, outcome, reason) = &*plan;
            tx.execute(&store::END_PUSH, &params![job.id, state, reason.as_deref(), now]).await?;
            node::outbox::conclude(tx, job, outcome, now).await
        })
    })
    .await
}

/// The push of one publication to one subscriber; `None` when there is nothing in it for them.
fn compose(
    node: &Node,
    own: &str,
    record: &Record,
    transaction_id: &str,
    publication: &Publication,
    meeting: &Meeting,
) -> Option<Push> {
    let (Meeting::Seen(networks) | Meeting::Withdrawn(networks)) = meeting;
    let message: Json = publication.push(meeting, &Feed::viewer(record, networks))?;
    let mut schema_context = contexts_of(&message);
    schema_context.truncate(SCHEMA_CONTEXTS_MAX);
    let message_id: Uuid = node.ids().uuid();
    let network = networks.first().cloned().unwrap_or_default();
    let action = Action::CatalogPush;
    let draft = Draft::new(action, own, &network, transaction_id, &message_id.to_string(), message);
    let draft = Draft { schema_context, ..draft.to(&record.subscriber_id, &record.url) };
    let push = |message, reason| Push { publication: publication.seq, message, reason };
    match node.compose(&draft) {
        Ok(body) => {
            let message = Outgoing {
                sender: own.to_owned(),
                target: record.subscriber_id.clone(),
                face: Face::Base,
                action,
                transaction_id: transaction_id.to_owned(),
                message_id: message_id.to_string(),
                body,
                answers: None,
                purpose: PUSH,
                reference: Some(publication.seq.to_string()),
                deadline: None,
            };
            Some(push(Some(message), None))
        }
        Err(error) => {
            tracing::error!(%error, seq = publication.seq, "a push could not be composed");
            Some(push(None, Some("could not be written as a valid message".to_owned())))
        }
    }
}
