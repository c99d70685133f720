//! Claims what is due: reads, signs, and commits lease and attempt in one transaction, before the first byte
//! leaves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use beckn_wire::signature::{self, Chain, signature_text};
use db::{DbError, Row, params};
use units::Timestamp;
use uuid::Uuid;

use crate::identity::Identity;
use crate::node::Node;
use crate::outbox::{self, OutboxJob};
use crate::peers::CallbackSigning;

/// Messages under way to one peer, to all peers at one host, and in all. A peer that is failing is probed by one
/// message; a host that answers slowly under many names holds up its own peers only.
const PER_PEER_MAX: usize = 8;
const PER_HOST_MAX: usize = 16;
const IN_FLIGHT_MAX: usize = 64;
/// Peers whose host is remembered.
const HOSTS_MAX: usize = 10_000;
/// A signature is dated a second back, for peers whose clock is late, and lives five minutes.
const BACKDATE_SECS: i64 = 1;
const LIFE_SECS: i64 = 300;

/// How many messages are under way to whom.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    total: usize,
    per_peer: HashMap<String, usize>,
    /// By host; those whose host is not known yet count together, under the empty name.
    per_host: HashMap<String, usize>,
    /// Where the peers were found to be.
    hosts: HashMap<String, String>,
}

/// One place among the messages under way; given back when dropped.
pub(crate) struct Place {
    table: Arc<Mutex<InFlight>>,
    peer: String,
    /// `None` for messages to ourselves, which no host can hold up.
    host: Option<String>,
}

impl Place {
    fn take(table: &Arc<Mutex<InFlight>>, peer: &str, cap: usize, local: bool) -> Option<Self> {
        let mut places = table.lock().unwrap_or_else(PoisonError::into_inner);
        let host = (!local).then(|| places.hosts.get(peer).cloned().unwrap_or_default());
        let used = places.per_peer.get(peer).copied().unwrap_or(0);
        let full = host.as_ref().is_some_and(|host| places.full(host));
        if used >= cap || full || places.total >= IN_FLIGHT_MAX {
            return None;
        }
        places.per_peer.insert(peer.to_owned(), used.saturating_add(1));
        if let Some(host) = &host {
            places.enter(host);
        }
        places.total = places.total.saturating_add(1);
        Some(Self { table: Arc::clone(table), peer: peer.to_owned(), host })
    }

    /// Whether it is counted with those whose host is not known yet.
    pub(super) fn is_nowhere(&self) -> bool {
        self.host.as_deref() == Some("")
    }

    /// The peer turned out to be at this host; false when that has no free place.
    pub(super) fn found_at(&mut self, host: &str) -> bool {
        let mut places = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if places.hosts.len() >= HOSTS_MAX && !places.hosts.contains_key(&self.peer) {
            places.hosts.clear();
        }
        places.hosts.insert(self.peer.clone(), host.to_owned());
        if self.host.as_deref() == Some(host) {
            return true;
        }
        if places.full(host) {
            return false;
        }
        places.enter(host);
        if let Some(before) = self.host.replace(host.to_owned()) {
            places.leave(&before);
        }
        true
    }
}

impl InFlight {
    fn full(&self, host: &str) -> bool {
        self.per_host.get(host).is_some_and(|used| *used >= PER_HOST_MAX)
    }

    fn enter(&mut self, host: &str) {
        let used = self.per_host.entry(host.to_owned()).or_default();
        *used = used.saturating_add(1);
    }

    fn leave(&mut self, host: &str) {
        give_back(&mut self.per_host, host);
    }
}

fn give_back(table: &mut HashMap<String, usize>, name: &str) {
    if let Some(used) = table.get_mut(name) {
        *used = used.saturating_sub(1);
        if *used == 0 {
            table.remove(name);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        places.total = places.total.saturating_sub(1);
        give_back(&mut places.per_peer, &self.peer);
        if let Some(host) = &self.host {
            places.leave(host);
        }
    }
}

/// A claimed message, signed.
pub(crate) struct Ready {
    pub(super) job: OutboxJob,
    /// Empty when the sender is no identity of this node any more.
    pub(super) authorization: String,
    pub(super) may_unchain: bool,
    pub(super) fail_count: u32,
    pub(super) ack_shape: Option<String>,
    pub(super) place: Place,
}

impl Node {
    /// Claims what is due: reads, signs, and then commits lease and attempt in one transaction.
    pub(crate) async fn claim_outbox(&self) -> Result<Vec<Ready>, DbError> {
        if self.app.get().is_none() {
            return Ok(Vec::new());
        }
        let now = self.now();
        let mut chosen = Vec::new();
        for (id, target, fail_count) in self.due(now).await? {
            let cap = if fail_count > 0 { 1 } else { PER_PEER_MAX };
            if let Some(place) = Place::take(&self.in_flight, &target, cap, self.identity(&target).is_some())
            {
                chosen.push((id, place));
            }
        }
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = chosen.iter().map(|(id, _)| *id).collect();
        let rows = self
            .db
            .read(move |tx| {
                let ids = ids.clone();
                Box::pin(async move {
                    let mut rows = Vec::with_capacity(ids.len());
                    for id in ids {
                        rows.push(tx.query_one(&outbox::LOAD, &params![id]).await?);
                    }
                    Ok::<_, DbError>(rows)
                })
            })
            .await?;
        let mut ready = Vec::with_capacity(rows.len());
        for (row, (_, place)) in rows.iter().zip(chosen) {
            ready.push(self.prepare(row, place, now)?);
        }
        let claims: Vec<_> =
            ready.iter().map(|one| (one.job.id, one.job.attempts, one.authorization.clone())).collect();
        let won = self.claim_all(claims, now).await?;
        for one in &mut ready {
            one.job.attempts = one.job.attempts.saturating_add(1);
        }
        ready.retain(|one| won.contains(&one.job.id));
        Ok(ready)
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<(Uuid, String, u32)>, DbError> {
        let per_peer = i64::try_from(PER_PEER_MAX).unwrap_or(i64::MAX);
        // More than there are places for, so that peers without a free place do not hide the others.
        let limit = i64::try_from(IN_FLIGHT_MAX.saturating_mul(PER_PEER_MAX)).unwrap_or(i64::MAX);
        let rows = self
            .db
            .read(move |tx| {
                Box::pin(async move { tx.query(&outbox::DUE, &params![now, per_peer, limit]).await })
            })
            .await?;
        rows.iter().map(|row| Ok((row.get("id")?, row.get("target")?, row.get("fail_count")?))).collect()
    }

    /// Signs a loaded row for one attempt.
    fn prepare(&self, row: &Row, place: Place, now: Timestamp) -> Result<Ready, DbError> {
        let job = outbox::read_job(row, self.db.vault())?;
        let known: Option<String> = row.get("callback_signing")?;
        let mode = known.as_deref().and_then(CallbackSigning::parse).unwrap_or(self.callback_signing);
        let answered: Option<String> = row.get("answered_authorization")?;
        let answered = answered.filter(|_| job.action.is_callback());
        let chain = match (mode, answered.as_deref()) {
            (CallbackSigning::Chained, Some(header)) => {
                signature_text(header).map_or(Chain::None, Chain::Bare)
            }
            (CallbackSigning::OnixFullHeader, Some(header)) => Chain::WholeHeader(header),
            _ => Chain::None,
        };
        let authorization = self
            .identity(&job.sender)
            .map(|identity| authorize(identity, &job.body, chain, now))
            .unwrap_or_default();
        let pinned = row.get::<Option<bool>>("pinned")?.unwrap_or(false);
        Ok(Ready {
            may_unchain: chain != Chain::None && !pinned,
            fail_count: row.get("fail_count")?,
            ack_shape: row.get("ack_shape")?,
            authorization,
            place,
            job,
        })
    }

    async fn claim_all(
        &self,
        claims: Vec<(Uuid, u32, String)>,
        now: Timestamp,
    ) -> Result<Vec<Uuid>, DbError> {
        self.db
            .write(move |tx| {
                let claims = claims.clone();
                Box::pin(async move {
                    let lease = now.saturating_add(outbox::LEASE);
                    let mut won = Vec::with_capacity(claims.len());
                    for (id, attempts, authorization) in claims {
                        if tx.execute(&outbox::CLAIM, &params![id, attempts, now, lease]).await? == 1 {
                            let number = attempts.saturating_add(1);
                            tx.execute(&outbox::INSERT_ATTEMPT, &params![id, number, now, authorization])
                                .await?;
                            won.push(id);
                        }
                    }
                    Ok(won)
                })
            })
            .await
    }
}

pub(crate) fn authorize(identity: &Identity, body: &[u8], chain: Chain<'_>, now: Timestamp) -> String {
    let created = now.seconds().saturating_sub(BACKDATE_SECS);
    let expires = created.saturating_add(LIFE_SECS);
    signature::sign(&identity.signing_key, &identity.key_id, created, expires, body, chain)
}
