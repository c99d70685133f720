//! Sends the outbox: claim and sign, post, judge, record (architecture, section 7).
//!
//! No transaction is open while the network is waited for. What must survive a crash is committed before the
//! first byte leaves: the lease, the attempt, and the `Authorization` that a callback may be chained to.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use beckn_wire::ack::{AckShape, AckVerdict};
use beckn_wire::action::Action;
use bytes::Bytes;
use db::DbError;
use futures_util::FutureExt;
use units::{Span, Timestamp};

use crate::address::address;
use crate::application::ProcessError;
use crate::node::Node;
use crate::outbox::{self, OutboxJob, Outcome, Report};
use crate::peers::{self, CallbackSigning};
use crate::reply::Headers;
use crate::retry::{Facts, Met, Next, delay, judge, retry_after};

mod claim;

pub(crate) use claim::{InFlight, Ready, authorize};

/// Largest answer that is read, bytes.
const ANSWER_MAX: usize = 1024 * 1024;
/// A failing peer is tried again after at most the table's fifth time, whatever its messages wait for.
const PEER_FAILS_MAX: u32 = 5;
/// A push waits at most the table's sixth time: its subscriber holds a place for all that follows it (the delivery
/// policy's longest delay, Beckn section b.5).
const PUSH_FAILS_MAX: u32 = 6;
/// So often the application is asked to conclude before the lease decides.
const CONCLUDE_TRIES: u32 = 3;

impl Node {
    /// One attempt, from the address to the record of its outcome.
    pub(crate) async fn deliver(&self, mut ready: Ready) {
        let started = self.now();
        if ready.job.deadline.is_some_and(|deadline| deadline <= started) {
            self.finish(&ready, Outcome::Expired).await;
            return self.wake_outbox();
        }
        if ready.authorization.is_empty() {
            let reason = "the sender is not an identity of this node".to_owned();
            self.finish(&ready, Outcome::Dead { reason }).await;
            return self.wake_outbox();
        }
        let report = self.attempt(&ready, started).await;
        let now = self.now();
        let facts = Facts {
            // A refused push is tried again like a callback: its subscriber misses it otherwise.
            callback: ready.job.action.is_callback() || ready.job.action == Action::CatalogPush,
            may_unchain: ready.may_unchain,
            refusals: ready.job.refusals,
            created_at: ready.job.created_at,
            deadline: ready.job.deadline,
            now,
        };
        let met = match report.status {
            Some(status) => Met::Answer { status, body: &report.body },
            None => Met::Nothing(report.error.as_deref().unwrap_or("no answer")),
        };
        let next = judge(&met, &facts);
        log(&ready.job, &report, &next);
        let wished = retry_after(report.headers.get("retry-after"));
        let local = self.identity(&ready.job.target).is_some();
        ready.job.report = Some(Arc::new(report));
        match next {
            Next::Conclude(outcome) => self.finish(&ready, outcome).await,
            Next::PeerFailed(why) => self.put_back(&ready, Back::Failed { why, wished, local }, now).await,
            Next::Refused(_) => self.put_back(&ready, Back::Refused, now).await,
            Next::Unchain => self.put_back(&ready, Back::Unchained, now).await,
        }
        drop(ready);
        self.wake_outbox();
    }

    async fn attempt(&self, ready: &Ready, started: Timestamp) -> Report {
        let mut report = Report::default();
        let outcome = if self.identity(&ready.job.target).is_some() {
            self.hand_over(ready, &mut report).await
        } else {
            self.post(ready, &mut report).await
        };
        report.error = outcome.err();
        report.duration = self.now().since(started);
        report
    }

    /// A message to ourselves is signed and stored like any other, and handed over without a socket (ruling
    /// 18).
    async fn hand_over(&self, ready: &Ready, report: &mut Report) -> Result<(), String> {
        let job = &ready.job;
        let path = format!("{}/{}", job.face.suffix(), job.action.as_str());
        let headers: Headers =
            [("content-type", "application/json"), ("authorization", ready.authorization.as_str())]
                .into_iter()
                .collect();
        report.url = Some(format!("local:{path}"));
        let reply = self.receive(&path, &headers, Bytes::from(job.body.clone())).await;
        report.status = Some(reply.status);
        report.headers = reply.headers.iter().map(|(name, value)| (name, value.as_str())).collect();
        report.body = reply.body.to_vec();
        report.verified = true;
        Ok(())
    }

    async fn post(&self, ready: &Ready, report: &mut Report) -> Result<(), String> {
        let job = &ready.job;
        let record = self.registry.subscriber(&job.target).await.map_err(|error| error.to_string())?;
        let url = address(&record.url, job.face, job.action).map_err(|error| error.to_string())?;
        report.url = Some(url.clone());
        let headers = [("authorization", ready.authorization.as_str())];
        let answer = self
            .client
            .post(&url, &headers, Bytes::from(job.body.clone()), ANSWER_MAX)
            .await
            .map_err(|error| error.to_string())?;
        report.status = Some(answer.status);
        // Recorded as evidence, never a reason to fail (Beckn section c.5).
        report.verified = self.answer_verified(&answer, &job.target, &ready.authorization).await;
        report.headers = answer.headers;
        report.body = answer.body.to_vec();
        Ok(())
    }

    /// Ends the message with the application's effects. When that cannot be stored, the lease runs out and
    /// the message is sent again; the peer then answers that it has it.
    async fn finish(&self, ready: &Ready, outcome: Outcome) {
        let Some(app) = self.app.get().map(Arc::clone) else { return };
        for _ in 0..CONCLUDE_TRIES {
            let concluded =
                AssertUnwindSafe(async { app.concluded(&ready.job, &outcome).await }).catch_unwind().await;
            match concluded
                .unwrap_or_else(|_| Err(ProcessError::Retry("the application panicked".to_owned())))
            {
                Ok(()) => break,
                Err(ProcessError::Retry(reason)) => {
                    let id = ready.job.id;
                    tracing::warn!(target: "messages", %id, reason, "an outcome was not stored");
                }
                Err(ProcessError::Fail(code)) => {
                    let id = ready.job.id;
                    tracing::error!(target: "messages", %id, %code, "an outcome has no effect");
                    if let Err(error) =
                        outbox::conclude_alone(&self.db, &ready.job, &outcome, self.now()).await
                    {
                        let id = ready.job.id;
                        tracing::warn!(target: "messages", %id, %error, "an outcome was not stored");
                    }
                    break;
                }
            }
        }
        self.wake_inbox();
        self.remember_success(ready, &outcome).await;
    }

    async fn remember_success(&self, ready: &Ready, outcome: &Outcome) {
        let shape = match outcome {
            Outcome::Delivered {
                ack: AckVerdict::Ack { shape, .. } | AckVerdict::AckNoCallback { shape, .. },
                ..
            } => *shape,
            Outcome::Delivered { .. } | Outcome::Refused { .. } => AckShape::Message,
            Outcome::Expired | Outcome::Dead { .. } => return,
        };
        if ready.fail_count == 0 && ready.ack_shape.as_deref() == Some(shape.as_str()) {
            return;
        }
        let (peer, now) = (ready.job.target.clone(), self.now());
        let stored: Result<(), DbError> = self
            .db
            .write(move |tx| {
                let peer = peer.clone();
                Box::pin(async move { peers::succeeded(tx, &peer, shape.as_str(), now).await })
            })
            .await;
        if let Err(error) = stored {
            tracing::warn!(%error, "what was learnt of a peer was not stored");
        }
    }

    async fn put_back(&self, ready: &Ready, back: Back, now: Timestamp) {
        let dice = self.ids.below(1_000_000);
        let job = Arc::new(ready.job.clone());
        let (fail_count, back) = (ready.fail_count.saturating_add(1), Arc::new(back));
        let stored: Result<(), DbError> = self
            .db
            .write(move |tx| {
                let (job, back) = (Arc::clone(&job), Arc::clone(&back));
                Box::pin(async move {
                    let (wait, refusals) = match &*back {
                        Back::Failed { wished, .. } => {
                            let most =
                                if job.action == Action::CatalogPush { PUSH_FAILS_MAX } else { u32::MAX };
                            (delay(job.attempts.min(most), dice, *wished), job.refusals)
                        }
                        Back::Refused => (
                            delay(job.refusals.saturating_add(1), dice, None),
                            job.refusals.saturating_add(1),
                        ),
                        Back::Unchained => (Span::from_micros(0), job.refusals),
                    };
                    if !outbox::postpone(tx, &job, now.saturating_add(wait), refusals).await? {
                        return Ok(());
                    }
                    match &*back {
                        Back::Failed { why, wished, local: false } => {
                            let pause = delay(fail_count.min(PEER_FAILS_MAX), dice, *wished);
                            peers::failed(tx, &job.target, fail_count, now.saturating_add(pause), why).await
                        }
                        Back::Unchained => {
                            peers::learn_signing(tx, &job.target, CallbackSigning::Plain).await
                        }
                        Back::Failed { .. } | Back::Refused => Ok(()),
                    }
                })
            })
            .await;
        if let Err(error) = stored {
            let id = ready.job.id;
            tracing::warn!(target: "messages", %id, %error, "the state of a message was not stored");
        }
    }
}

/// Why a message goes back into the queue.
enum Back {
    Failed { why: String, wished: Option<Span>, local: bool },
    Refused,
    Unchained,
}

/// One readable line per attempt.
fn log(job: &OutboxJob, report: &Report, next: &Next) {
    let verdict = match next {
        Next::Conclude(outcome) => outcome.summary(),
        Next::PeerFailed(why) => format!("again later: {why}"),
        Next::Refused(why) => format!("refused, again later: {why}"),
        Next::Unchain => "again, signed plainly".to_owned(),
    };
    let status = report.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
    let transaction = tail(&job.transaction_id);
    tracing::info!(
        target: "messages::out",
        "→ {:<18} {} to {}  tx …{transaction}  {status} {verdict}  {} ms",
        job.action.as_str(),
        job.sender,
        job.target,
        report.duration.as_millis(),
    );
}

/// The end of a transaction id: the beginning of a UUIDv7 is the time, which neighbors share.
pub(crate) fn tail(transaction_id: &str) -> String {
    let skip = transaction_id.chars().count().saturating_sub(8);
    transaction_id.chars().skip(skip).collect()
}
