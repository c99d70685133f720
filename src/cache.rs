//! What instances of one platform share beside the database: counters of how often somebody comes.
//!
//! In memory, or in Redis when the operator has one. Never the source of truth: whatever is lost here costs a caller
//! at most one more burst. Redis may be away: a question to it takes a bounded time, its silence is logged and counted,
//! and then this process counts for itself until it looks again.

mod redis;

use std::sync::Arc;

use node::Limiter;
use sha2::{Digest, Sha256};
use units::{Span, Timestamp};

use self::redis::Redis;

/// Callers that a counter remembers at once.
const CALLERS_MAX: usize = 100_000;

/// Why a cache cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The address is none of a Redis.
    #[error("the address of Redis cannot be used: {0}")]
    Address(String),
}

/// How often one caller may come: `limit` times at once after a pause, and in the long run so often a `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Names the counter, for clients too.
    pub name: &'static str,
    pub limit: u32,
    pub window: Span,
}

impl Quota {
    fn interval(&self) -> Span {
        Span::from_micros(self.window.micros().checked_div(i64::from(self.limit.max(1))).unwrap_or(1).max(1))
    }

    /// How far the bucket can be filled.
    fn depth(&self) -> Span {
        Span::from_micros(self.interval().micros().saturating_mul(i64::from(self.limit.max(1))))
    }
}

/// How one call was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    pub quota: Quota,
    /// So many more would be taken now.
    pub remaining: u32,
    /// After this time one more is taken than now.
    pub next: Span,
    /// The call is refused; the next one is taken after this time.
    pub refused: Option<Span>,
}

impl Counted {
    /// The bucket is empty again after `busy`.
    fn taken(quota: Quota, busy: Span) -> Self {
        let interval = quota.interval().micros().max(1);
        let free = quota.depth().micros().saturating_sub(busy.micros()).max(0);
        let remaining = free.checked_div(interval).unwrap_or(0);
        let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
        let next = interval.saturating_sub(free.checked_rem(interval).unwrap_or(0));
        Self { quota, remaining, next: Span::from_micros(next), refused: None }
    }

    fn refused(quota: Quota, wait: Span) -> Self {
        Self { quota, remaining: 0, next: wait, refused: Some(wait) }
    }
}

/// The store behind the counters of one platform. Cheap to clone.
#[derive(Clone, Default)]
pub struct Cache {
    redis: Option<Arc<Redis>>,
}

impl Cache {
    /// Every process for itself.
    pub fn memory() -> Self {
        Self::default()
    }

    /// Shared through the Redis at `url`, under names that begin with `platform`. Does not connect yet.
    ///
    /// # Errors
    /// The address cannot be used.
    pub fn redis(url: &str, platform: &str) -> Result<Self, CacheError> {
        Ok(Self { redis: Some(Arc::new(Redis::new(url, platform)?)) })
    }

    /// Whether other processes see what is counted here.
    pub fn is_shared(&self) -> bool {
        self.redis.is_some()
    }

    /// Whether Redis answers; nothing where there is none. Never takes long.
    pub async fn answers(&self) -> Option<bool> {
        match &self.redis {
            Some(redis) => Some(redis.answers().await),
            None => None,
        }
    }

    /// A counter; one per quota and process.
    pub fn counter(&self, quota: Quota) -> Counter {
        let memory = Limiter::every(quota.interval(), quota.limit.max(1), CALLERS_MAX);
        Counter { quota, memory, redis: self.redis.clone() }
    }
}

/// Counts the calls of many callers against one quota.
pub struct Counter {
    quota: Quota,
    memory: Limiter<String>,
    redis: Option<Arc<Redis>>,
}

impl Counter {
    pub fn quota(&self) -> Quota {
        self.quota
    }

    /// Counts one call at `now`, the wire clock's. With Redis on the runtime of the caller, which must live on.
    pub async fn count(&self, caller: &str, now: Timestamp) -> Counted {
        // Names and addresses of people stand in no other process.
        let caller: String =
            Sha256::digest(caller.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        if let Some(redis) = &self.redis
            && let Some(counted) = redis.count(self.quota, &caller, now).await
        {
            return counted;
        }
        match self.memory.count(caller, now) {
            Ok(busy) => Counted::taken(self.quota, busy),
            Err(wait) => Counted::refused(self.quota, wait),
        }
    }
}
