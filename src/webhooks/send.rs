//! Sends what is due: claim by a lease, post, record.
//!
//! No transaction is open while a receiver is waited for. Each webhook has a few messages under way, a failing one has
//! one, and one host has a bound over all webhooks that lead to it: a slow receiver holds up nobody else. A crash leaves
//! a lease, after which the message is sent again, under the same id.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use db::DbError;
use futures_util::FutureExt;
use node::GuardedClient;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use units::{Span, Timestamp};
use uuid::Uuid;

use super::model::{DISABLED_AFTER, DeliveryState, GIVEN_UP_AFTER, State, Webhook, message_id};
use super::secret::Secrets;
use super::service::disable;
use super::store::{self, Attempt, Due};
use crate::events::Event;
use crate::network::Participant;

/// Messages under way to one webhook, to one host, and in all.
const PER_WEBHOOK: usize = 4;
const PER_HOST: usize = 16;
const IN_FLIGHT: usize = 256;
/// When a message whose host had no free place is tried again.
const CROWDED_WAIT: Span = Span::from_secs(1);
/// Longer than an attempt can take.
const LEASE: Span = Span::from_secs(60);
/// Nothing of an answer is read but its beginning.
const ANSWER_MAX: usize = 1_024;
/// A failing webhook is probed again after at most the table's sixth time.
const FAILS_MAX: u32 = 6;
/// How often one looks, when there was nothing to do.
const EVERY: Duration = Duration::from_millis(250);

/// What sends. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    participant: Participant,
    client: GuardedClient,
    secrets: Secrets,
    under_way: Arc<Mutex<UnderWay>>,
}

/// How many messages are under way to whom.
#[derive(Default)]
struct UnderWay {
    total: usize,
    webhooks: HashMap<Uuid, usize>,
    hosts: HashMap<String, usize>,
}

/// A place among them, given back when dropped.
struct Place {
    table: Arc<Mutex<UnderWay>>,
    webhook: Uuid,
    host: Option<String>,
}

impl Place {
    fn take(table: &Arc<Mutex<UnderWay>>, due: &Due) -> Option<Self> {
        let mut places = table.lock().unwrap_or_else(PoisonError::into_inner);
        let most = if due.failures > 0 { 1 } else { PER_WEBHOOK };
        let used = places.webhooks.get(&due.webhook).copied().unwrap_or(0);
        if used >= most || places.total >= IN_FLIGHT {
            return None;
        }
        places.webhooks.insert(due.webhook, used.saturating_add(1));
        places.total = places.total.saturating_add(1);
        Some(Self { table: Arc::clone(table), webhook: due.webhook, host: None })
    }

    /// False when its host has no place left.
    fn at(&mut self, host: &str) -> bool {
        let mut places = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let used = places.hosts.entry(host.to_owned()).or_default();
        if *used >= PER_HOST {
            return false;
        }
        *used = used.saturating_add(1);
        self.host = Some(host.to_owned());
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        places.total = places.total.saturating_sub(1);
        give_back(&mut places.webhooks, &self.webhook);
        if let Some(host) = &self.host {
            give_back(&mut places.hosts, host);
        }
    }
}

fn give_back<K: std::hash::Hash + Eq>(table: &mut HashMap<K, usize>, key: &K) {
    if let Some(used) = table.get_mut(key) {
        *used = used.saturating_sub(1);
        if *used == 0 {
            table.remove(key);
        }
    }
}

/// A claimed message.
struct Ready {
    webhook: Webhook,
    event: Event,
    attempts: i64,
    lease: Timestamp,
    place: Place,
}

/// What is sent, in the form that Standard Webhooks recommends.
#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: Timestamp,
    data: Told<'a>,
}

/// The event, as the streams tell it.
#[derive(Serialize)]
struct Told<'a> {
    seq: i64,
    transaction_id: &'a str,
    kind: &'a str,
    at: Timestamp,
    data: &'a RawValue,
}

/// How an attempt went.
struct Met {
    status: Option<u16>,
    error: Option<String>,
    retry_after: Option<Span>,
}

impl Met {
    fn failed(error: impl Into<String>) -> Self {
        Self { status: None, error: Some(error.into()), retry_after: None }
    }
}

impl Sender {
    pub fn new(participant: Participant, client: GuardedClient, secrets: Secrets) -> Self {
        Self { participant, client, secrets, under_way: Arc::default() }
    }

    /// The client that calls the webhooks, and that says which addresses may be called.
    pub fn client(&self) -> &GuardedClient {
        &self.client
    }

    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Sends until `stop`; what is under way then ends, or is sent again after its lease.
    pub async fn run(&self, stop: &CancellationToken) {
        let mut tasks = JoinSet::new();
        while !stop.is_cancelled() {
            let begun = self.begin(&mut tasks).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the webhooks cannot be read");
                0
            });
            while tasks.try_join_next().is_some() {}
            if begun > 0 {
                continue;
            }
            tokio::select! {
                () = node::pause(EVERY) => {}
                Some(_) = tasks.join_next() => {}
                () = stop.cancelled() => {}
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Sends what is due now, and waits for its end: for tests that move the clock. Gives how much was sent.
    ///
    /// # Errors
    /// The database's.
    pub async fn pass(&self) -> Result<usize, DbError> {
        let mut tasks = JoinSet::new();
        let begun = self.begin(&mut tasks).await?;
        while tasks.join_next().await.is_some() {}
        Ok(begun)
    }

    /// Claims what is due, as far as there are places, and begins to send it.
    async fn begin(&self, tasks: &mut JoinSet<()>) -> Result<usize, DbError> {
        let now = self.participant.now();
        let (each, limit) =
            (PER_WEBHOOK.try_into().unwrap_or(i64::MAX), IN_FLIGHT.try_into().unwrap_or(i64::MAX));
        let found = self
            .participant
            .db
            .read(move |tx| async move { store::due(tx, now, each, limit).await }.boxed())
            .await?;
        let chosen: Vec<(Due, Place)> =
            found.into_iter().filter_map(|due| Some((due, Place::take(&self.under_way, &due)?))).collect();
        let ready = self.claim(chosen, now).await?;
        let count = ready.len();
        for one in ready {
            let sender = self.clone();
            tasks.spawn(async move { sender.deliver(one).await });
        }
        Ok(count)
    }

    async fn claim(&self, chosen: Vec<(Due, Place)>, now: Timestamp) -> Result<Vec<Ready>, DbError> {
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let lease = now.saturating_add(LEASE);
        let wanted: Vec<Due> = chosen.iter().map(|(due, _)| *due).collect();
        let written = self.participant.db.write(move |tx| {
            let wanted = wanted.clone();
            async move {
                let mut won = Vec::with_capacity(wanted.len());
                for due in &wanted {
                    let mut loaded = None;
                    if store::claim(tx, due, lease, now).await? {
                        loaded = store::find(tx, due.webhook).await?.zip(store::event(tx, due.event).await?);
                    }
                    won.push(loaded);
                }
                Ok::<_, DbError>(won)
            }
            .boxed()
        });
        let won = written.await?;
        let ready = chosen.into_iter().zip(won).filter_map(|((due, place), loaded)| {
            let (webhook, event) = loaded?;
            Some(Ready { webhook, event, attempts: due.attempts.saturating_add(1), lease, place })
        });
        Ok(ready.collect())
    }

    async fn deliver(&self, mut ready: Ready) {
        let stored = if ready.place.at(host_of(&ready.webhook.url)) {
            let met = self.post(&ready).await;
            self.conclude(&ready, &met).await
        } else {
            self.put_back(&ready).await
        };
        if let Err(error) = stored {
            // The lease runs out, and it is sent again.
            tracing::warn!(webhook = %ready.webhook.id, %error, "the end of a delivery was not stored");
        }
    }

    /// Its host has no place left, which is nobody's failure.
    async fn put_back(&self, ready: &Ready) -> Result<(), DbError> {
        let until = self.participant.now().saturating_add(CROWDED_WAIT);
        let attempt = Attempt {
            webhook: ready.webhook.id,
            event: ready.event.seq,
            lease: ready.lease,
            status: None,
            error: None,
        };
        let written = self.participant.db.write(move |tx| {
            let attempt = attempt.clone();
            async move { store::postpone(tx, &attempt, until).await }.boxed()
        });
        written.await
    }

    async fn post(&self, ready: &Ready) -> Met {
        let (webhook, event) = (&ready.webhook, &ready.event);
        let generations = webhook.signing(self.participant.now());
        if self.secrets.check(webhook.id, webhook.generation) != webhook.secret_check {
            tracing::error!(webhook = %webhook.id, "the platform's secret is not the one that webhooks were made with");
            return Met::failed("this platform has lost the secret of the webhook: rotate it");
        }
        let Ok(data) = serde_json::from_str::<&RawValue>(&event.payload) else {
            return Met::failed("the event cannot be read");
        };
        let told = Told {
            seq: event.seq,
            transaction_id: &event.transaction_id,
            kind: &event.kind,
            at: event.at,
            data,
        };
        let body = serde_json::to_vec(&Message { kind: &event.kind, timestamp: event.at, data: told });
        let Ok(body) = body else { return Met::failed("the event cannot be written") };
        let (id, timestamp) = (message_id(webhook.id, event.seq), self.participant.now().seconds());
        let signature = self.secrets.signatures(webhook.id, &generations, (&id, timestamp, &body));
        let timestamp = timestamp.to_string();
        let headers = [
            ("webhook-id", id.as_str()),
            ("webhook-timestamp", timestamp.as_str()),
            ("webhook-signature", signature.as_str()),
        ];
        match self.client.post(&webhook.url, &headers, Bytes::from(body), ANSWER_MAX).await {
            Err(error) => Met::failed(error.to_string()),
            Ok(answer) => {
                let fine = (200..300).contains(&answer.status);
                let wished = answer.headers.get("retry-after").and_then(|text| text.trim().parse().ok());
                Met {
                    status: Some(answer.status),
                    error: (!fine).then(|| format!("HTTP status {}", answer.status)),
                    retry_after: wished.map(|seconds: u32| Span::from_secs(i64::from(seconds))),
                }
            }
        }
    }

    /// Records the attempt, and what it says of the webhook. One transaction.
    async fn conclude(&self, ready: &Ready, met: &Met) -> Result<(), DbError> {
        let (now, dice) = (self.participant.now(), self.participant.ids.below(1_000_000));
        let (id, attempts, created_at) = (ready.webhook.id, ready.attempts, ready.event.at);
        let attempt = Attempt {
            webhook: id,
            event: ready.event.seq,
            lease: ready.lease,
            status: met.status.map(i64::from),
            error: met.error.clone(),
        };
        let (gone, wished, url) = (met.status == Some(410), met.retry_after, ready.webhook.url.clone());
        let db = &self.participant.db;
        let Some(why) = met.error.clone() else {
            let healthy = ready.webhook.failures == 0;
            let written = db.write(move |tx| {
                let attempt = attempt.clone();
                async move {
                    store::end(tx, &attempt, DeliveryState::Delivered, now).await?;
                    if !healthy && let Some(mut webhook) = store::lock(tx, id).await? {
                        (webhook.failures, webhook.failing_since, webhook.retry_at) = (0, None, now);
                        store::update(tx, &webhook).await?;
                    }
                    Ok(())
                }
                .boxed()
            });
            return written.await;
        };
        tracing::info!(target: "webhooks", webhook = %id, event = attempt.event, why, "not delivered");
        let written = db.write(move |tx| {
            let (attempt, why, url) = (attempt.clone(), why.clone(), url.clone());
            async move {
                let times = u32::try_from(attempts).unwrap_or(u32::MAX);
                let until = now.saturating_add(node::retry_delay(times, dice, wished));
                if now.since(created_at) >= GIVEN_UP_AFTER && attempts > 1 {
                    store::end(tx, &attempt, DeliveryState::Failed, now).await?;
                } else {
                    store::postpone(tx, &attempt, until).await?;
                }
                let locked = store::lock(tx, id).await?;
                // What its user has changed meanwhile begins anew.
                let same = locked.filter(|webhook| webhook.state == State::Active && webhook.url == url);
                let Some(mut webhook) = same else { return Ok(()) };
                webhook.failures = webhook.failures.saturating_add(1);
                let since = *webhook.failing_since.get_or_insert(now);
                if gone || now.since(since) >= DISABLED_AFTER {
                    let reason = if gone {
                        "the receiver answered 410".to_owned()
                    } else {
                        format!("it failed for days: {why}")
                    };
                    return disable(tx, &mut webhook, reason, now).await;
                }
                let times = u32::try_from(webhook.failures).unwrap_or(u32::MAX).min(FAILS_MAX);
                webhook.retry_at = now.saturating_add(node::retry_delay(times, dice, wished));
                store::update(tx, &webhook).await
            }
            .boxed()
        });
        written.await
    }
}

/// Host and port of a URL that was accepted: what stands between the scheme and the path.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}
