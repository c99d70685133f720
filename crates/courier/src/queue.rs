//! The queue: takes messages without waiting, and tries each a bounded number of times.

use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use units::{Span, Timestamp};

use crate::message::{Carrier, CarryError, Message, masked};

/// How much is held, and how patiently.
#[derive(Clone, Debug)]
pub struct QueueConfig {
    /// Messages held, those that wait for another attempt included.
    pub capacity: usize,
    /// Messages under way at the same time.
    pub at_once: usize,
    /// The pauses before the second attempt, the third, …
    pub pauses: Vec<Duration>,
    /// One attempt is given up after this.
    pub attempt: Duration,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            capacity: 1_000,
            at_once: 8,
            pauses: [2, 10, 60].map(Duration::from_secs).to_vec(),
            attempt: Duration::from_secs(30),
        }
    }
}

/// The queue holds all that it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many messages wait")]
pub struct Full;

/// Cheap to clone; all clones are one queue.
#[derive(Clone)]
pub struct Queue {
    inner: Arc<Inner>,
}

struct Inner {
    mail: Option<Arc<dyn Carrier>>,
    sms: Option<Arc<dyn Carrier>>,
    clock: Arc<dyn Clock>,
    config: QueueConfig,
    room: Arc<Semaphore>,
    roads: Semaphore,
    runtime: Handle,
    tasks: TaskTracker,
}

impl Queue {
    /// A kind of message without a carrier is dropped, and the log says so. The messages travel on this runtime,
    /// whoever posts them.
    pub fn new(
        mail: Option<Arc<dyn Carrier>>,
        sms: Option<Arc<dyn Carrier>>,
        clock: Arc<dyn Clock>,
        config: QueueConfig,
        runtime: Handle,
    ) -> Self {
        let room = Arc::new(Semaphore::new(config.capacity));
        let roads = Semaphore::new(config.at_once.max(1));
        let tasks = TaskTracker::new();
        Self { inner: Arc::new(Inner { mail, sms, clock, config, room, roads, runtime, tasks }) }
    }

    /// Takes a message that is of use until `expires`, wire time. Returns at once.
    ///
    /// # Errors
    /// [`Full`]: the message is dropped.
    pub fn post(&self, message: Message, expires: Timestamp) -> Result<(), Full> {
        let Ok(place) = Arc::clone(&self.inner.room).try_acquire_owned() else {
            tell(&message, "dropped");
            tracing::warn!(message = ?message, "too many messages wait; this one is dropped");
            return Err(Full);
        };
        let inner = Arc::clone(&self.inner);
        let work = async move { inner.bring(message, expires, place).await };
        self.inner.tasks.spawn_on(work, &self.inner.runtime);
        Ok(())
    }

    /// Messages held now.
    pub fn waiting(&self) -> usize {
        self.inner.config.capacity.saturating_sub(self.inner.room.available_permits())
    }

    /// Waits, at most so long, for what is held.
    pub async fn finish(&self, at_most: Duration) {
        self.inner.tasks.close();
        if tokio::time::timeout(at_most, self.inner.tasks.wait()).await.is_err() {
            tracing::warn!(count = self.waiting(), "messages were not brought before the end");
        }
        self.inner.tasks.reopen();
    }
}

impl Inner {
    async fn bring(&self, message: Message, expires: Timestamp, place: OwnedSemaphorePermit) {
        let carrier = match &message {
            Message::Mail(_) => self.mail.as_ref(),
            Message::Sms(_) => self.sms.as_ref(),
        };
        let outcome = match carrier {
            Some(carrier) => self.attempts(carrier.as_ref(), &message, expires).await,
            None => Err(CarryError::Never("no way is configured for this kind of message")),
        };
        match outcome {
            Ok(()) => {
                tell(&message, "brought");
                tracing::debug!(message = ?message, "a message was brought");
            }
            Err(error) => {
                tell(&message, "failed");
                let to = masked(message.to());
                tracing::warn!(channel = message.channel(), to, %error, "a message could not be brought");
            }
        }
        drop(place);
    }

    async fn attempts(
        &self,
        carrier: &dyn Carrier,
        message: &Message,
        expires: Timestamp,
    ) -> Result<(), CarryError> {
        let mut pauses = self.config.pauses.iter();
        loop {
            let outcome = self.attempt(carrier, message, expires).await;
            let Err(CarryError::Later(reason)) = outcome else { return outcome };
            let Some(pause) = pauses.next() else { return outcome };
            let micros = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
            let next = self.clock.now().checked_add(Span::from_micros(micros));
            if next.is_none_or(|next| next >= expires) {
                return outcome;
            }
            tell(message, "retried");
            tracing::info!(message = ?message, reason, "a message will be tried again");
            node::pause(*pause).await;
        }
    }

    async fn attempt(
        &self,
        carrier: &dyn Carrier,
        message: &Message,
        expires: Timestamp,
    ) -> Result<(), CarryError> {
        // The semaphore is never closed.
        let Ok(_road) = self.roads.acquire().await else { return Err(CarryError::Later("closed")) };
        if self.clock.now() >= expires {
            return Err(CarryError::Never("it expired on the way"));
        }
        tokio::time::timeout(self.config.attempt, carrier.carry(message))
            .await
            .unwrap_or(Err(CarryError::Later("no answer in time")))
    }
}

fn tell(message: &Message, outcome: &'static str) {
    metrics::counter!("messages_to_people_total", "channel" => message.channel(), "outcome" => outcome)
        .increment(1);
}
