//! A participant: its identities, its two queues, and the loops that work them off.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use beckn_wire::signature::VerifyPolicy;
use beckn_wire::validate::Tolerance;
use clock::{Clocks, Ids};
use db::{Db, DbError};
use futures_util::future::join_all;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use units::Timestamp;

use crate::application::Application;
use crate::client::GuardedClient;
use crate::deliver::InFlight;
use crate::identity::Identity;
use crate::limit::{Limiter, Rate};
use crate::pause::pause;
use crate::peers::CallbackSigning;
use crate::registry::Registry;

/// Messages of the inbox that are worked off at the same time.
const INBOX_PARALLEL: usize = 16;
/// Callers that a rate limit remembers.
const CALLERS_MAX: usize = 10_000;
/// Bodies above 128 KiB that are judged at the same time.
const LARGE_BODIES_MAX: usize = 4;
/// Rounds of [`Node::drain`]: more means that messages cause each other without end.
const DRAIN_MAX: usize = 10_000;

/// Room for bodies that are being received, KiB: what all senders together can make us hold.
const BODY_ROOM_KIB: usize = 64 * 1024;

/// What strangers may send.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of an ordinary message.
    pub body_max: usize,
    /// Bytes on `catalog/publish` and `on_discover` (ruling 12).
    pub catalog_body_max: usize,
    /// Verified messages per subscriber.
    pub per_peer: Rate,
    /// Requests per address, before anything is read.
    pub per_address: Rate,
    /// Keys that nobody was asked for yet, per address: each costs a question to the registry.
    pub strangers_per_address: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_max: 1024 * 1024,
            catalog_body_max: 10 * 1024 * 1024,
            per_peer: Rate { per_second: 1000, burst: 5000 },
            per_address: Rate { per_second: 2000, burst: 10_000 },
            strangers_per_address: Rate { per_second: 50, burst: 500 },
        }
    }
}

/// What a participant is made of, besides its database and its clocks.
#[derive(Debug)]
pub struct NodeConfig {
    /// At least one. A message that names no receiver is for the one whose base path it came on, else for the
    /// first.
    pub identities: Vec<Identity>,
    /// The networks that we take part in.
    pub networks: Vec<String>,
    pub tolerance: Tolerance,
    pub policy: VerifyPolicy,
    pub limits: Limits,
    /// How callbacks are signed for peers of which nothing else is known.
    pub callback_signing: CallbackSigning,
    /// How often the queues are looked at when nobody wakes them.
    pub poll: Duration,
}

impl NodeConfig {
    /// The defaults of the specification, for one identity.
    pub fn new(identity: Identity, networks: &[&str]) -> Self {
        Self {
            identities: vec![identity],
            networks: networks.iter().map(|network| (*network).to_owned()).collect(),
            tolerance: Tolerance::ies(),
            policy: VerifyPolicy::spec(),
            limits: Limits::default(),
            callback_signing: CallbackSigning::Plain,
            poll: Duration::from_millis(500),
        }
    }
}

/// A node without any identity cannot speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a node needs at least one identity, each with a usable base address")]
pub struct ConfigError;

/// The node. One per process and database; share it by [`Arc`].
pub struct Node {
    pub(crate) identities: Vec<Arc<Identity>>,
    pub(crate) default_identity: Arc<Identity>,
    pub(crate) networks: Vec<String>,
    pub(crate) tolerance: Tolerance,
    pub(crate) policy: VerifyPolicy,
    pub(crate) limits: Limits,
    pub(crate) callback_signing: CallbackSigning,
    pub(crate) db: Db,
    pub(crate) clocks: Clocks,
    pub(crate) ids: Ids,
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) client: GuardedClient,
    pub(crate) app: OnceLock<Arc<dyn Application>>,
    pub(crate) peer_limiter: Limiter<String>,
    pub(crate) address_limiter: Limiter<IpAddr>,
    pub(crate) stranger_limiter: Limiter<IpAddr>,
    pub(crate) large_bodies: Semaphore,
    pub(crate) body_room: Arc<Semaphore>,
    pub(crate) in_flight: Arc<Mutex<InFlight>>,
    pub(crate) outbox_wake: Notify,
    /// When the last round of pruning began.
    pub(crate) pruned_at: Mutex<Option<Timestamp>>,
    inbox_wake: Notify,
    pub(crate) poll: Duration,
}

impl Node {
    /// The tables of [`crate::MIGRATIONS`] must be there. Nothing is received or processed before
    /// [`Node::attach`].
    ///
    /// # Errors
    /// No identity, or one whose base address cannot be used.
    pub fn new(
        config: NodeConfig,
        db: Db,
        clocks: Clocks,
        ids: Ids,
        registry: Arc<dyn Registry>,
        client: GuardedClient,
    ) -> Result<Self, ConfigError> {
        let identities: Vec<Arc<Identity>> = config.identities.into_iter().map(Arc::new).collect();
        let default_identity = identities.first().cloned().ok_or(ConfigError)?;
        if identities.iter().any(|identity| crate::address::base_path(&identity.base_url).is_err()) {
            return Err(ConfigError);
        }
        Ok(Self {
            identities,
            default_identity,
            networks: config.networks,
            tolerance: config.tolerance,
            policy: config.policy,
            limits: config.limits,
            callback_signing: config.callback_signing,
            db,
            clocks,
            ids,
            registry,
            client,
            app: OnceLock::new(),
            peer_limiter: Limiter::new(config.limits.per_peer, CALLERS_MAX),
            address_limiter: Limiter::new(config.limits.per_address, CALLERS_MAX),
            stranger_limiter: Limiter::new(config.limits.strangers_per_address, CALLERS_MAX),
            large_bodies: Semaphore::new(LARGE_BODIES_MAX),
            body_room: Arc::new(Semaphore::new(BODY_ROOM_KIB)),
            in_flight: Arc::new(Mutex::new(InFlight::default())),
            outbox_wake: Notify::new(),
            pruned_at: Mutex::new(None),
            inbox_wake: Notify::new(),
            poll: config.poll,
        })
    }

    /// Gives the node its application; the first one stays. False when there was one.
    pub fn attach(&self, app: Arc<dyn Application>) -> bool {
        self.app.set(app).is_ok()
    }

    pub fn identities(&self) -> &[Arc<Identity>] {
        &self.identities
    }

    /// Our identity of that subscriber id, in whatever case.
    pub fn identity(&self, subscriber_id: &str) -> Option<&Arc<Identity>> {
        self.identities.iter().find(|identity| identity.subscriber_id.eq_ignore_ascii_case(subscriber_id))
    }

    pub fn db(&self) -> &Db {
        &self.db
    }

    pub fn clocks(&self) -> &Clocks {
        &self.clocks
    }

    pub fn ids(&self) -> &Ids {
        &self.ids
    }

    pub fn registry(&self) -> &Arc<dyn Registry> {
        &self.registry
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clocks.wire.now()
    }

    /// Looks at both queues at once: call it after a commit that enqueued something.
    pub fn wake(&self) {
        self.inbox_wake.notify_one();
        self.outbox_wake.notify_one();
    }

    /// Gives back every lease at once, so that what a killed process had begun need not wait for it to run
    /// out. Call it at the start of a process that has its database for itself. Were another one working, it
    /// would lose its work, and nothing would happen twice.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn recover(&self) -> Result<u64, DbError> {
        let recovered = self
            .db
            .write(|tx| {
                Box::pin(async move {
                    let received = tx.execute(&crate::inbox::RECOVER, &[]).await?;
                    let sent = tx.execute(&crate::outbox::RECOVER, &[]).await?;
                    Ok::<_, DbError>(received.saturating_add(sent))
                })
            })
            .await?;
        self.wake();
        Ok(recovered)
    }

    /// One round of the inbox: claims what is due, works it off, and gives how many messages that were.
    pub async fn tick_inbox(&self) -> usize {
        let jobs = self.claimed(self.claim_inbox(INBOX_PARALLEL).await);
        let count = jobs.len();
        join_all(jobs.into_iter().map(|job| self.work(job))).await;
        count
    }

    /// One round of the outbox: claims what is due, sends it, records the outcomes, and gives how many
    /// messages.
    pub async fn tick_outbox(&self) -> usize {
        let ready = self.claimed(self.claim_outbox().await);
        let count = ready.len();
        join_all(ready.into_iter().map(|ready| self.deliver(ready))).await;
        count
    }

    /// Ticks until nothing is due at the present instant: for tests.
    pub async fn drain(&self) {
        for _ in 0..DRAIN_MAX {
            let inbox = self.tick_inbox().await;
            if self.tick_outbox().await == 0 && inbox == 0 {
                return;
            }
        }
    }

    /// Works both queues off, and forgets what need not be kept, until `cancel`; then waits for what is under
    /// way, as long as the client's timeouts allow.
    pub async fn run(self: Arc<Self>, cancel: CancellationToken) {
        tokio::join!(
            Arc::clone(&self).run_inbox(cancel.clone()),
            Arc::clone(&self).run_outbox(cancel.clone()),
            self.run_prune(cancel),
        );
    }

    async fn run_inbox(self: Arc<Self>, cancel: CancellationToken) {
        let mut tasks = JoinSet::new();
        while !cancel.is_cancelled() {
            // Interest is registered before the queue is read, so no wake-up falls between the two.
            let woken = self.inbox_wake.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            while tasks.try_join_next().is_some() {}
            let room = INBOX_PARALLEL.saturating_sub(tasks.len());
            let jobs = if room == 0 { Vec::new() } else { self.claimed(self.claim_inbox(room).await) };
            if jobs.is_empty() {
                tokio::select! {
                    () = woken => {}
                    Some(_) = tasks.join_next() => {}
                    () = pause(self.poll) => {}
                    () = cancel.cancelled() => {}
                }
            }
            for job in jobs {
                let node = Arc::clone(&self);
                tasks.spawn(async move { node.work(job).await });
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    async fn run_outbox(self: Arc<Self>, cancel: CancellationToken) {
        let mut tasks = JoinSet::new();
        while !cancel.is_cancelled() {
            let woken = self.outbox_wake.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            while tasks.try_join_next().is_some() {}
            let ready = self.claimed(self.claim_outbox().await);
            if ready.is_empty() {
                tokio::select! {
                    () = woken => {}
                    Some(_) = tasks.join_next() => {}
                    () = pause(self.poll) => {}
                    () = cancel.cancelled() => {}
                }
            }
            for ready in ready {
                let node = Arc::clone(&self);
                tasks.spawn(async move { node.deliver(ready).await });
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    fn claimed<T>(&self, claimed: Result<Vec<T>, DbError>) -> Vec<T> {
        claimed.unwrap_or_else(|error| {
            tracing::warn!(%error, "the queue cannot be read");
            Vec::new()
        })
    }

    pub(crate) fn wake_inbox(&self) {
        self.inbox_wake.notify_one();
    }

    pub(crate) fn wake_outbox(&self) {
        self.outbox_wake.notify_one();
    }
}
