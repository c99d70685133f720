//! The counters in Redis: one script, so that instances that count at the same time do not lose a call.
//!
//! A caller's key holds one number, as in memory: when its bucket will be empty again, in microseconds. It expires by
//! itself. Instances bring their own clocks; one that is ahead costs a caller at most one bucket.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use deadpool_redis::redis::cmd;
use deadpool_redis::{Config, Pool, Runtime};
use units::{Span, Timestamp};

use super::{CacheError, Counted, Quota};

/// Whoever asks Redis waits no longer than this for all of it.
const PATIENCE: Duration = Duration::from_millis(200);
/// After a failure Redis is not asked for so long.
const PAUSE: Span = Span::from_secs(5);
const CONNECTIONS_MAX: usize = 8;

/// The generic cell rate algorithm: 1 and how long the bucket is busy, or 0 and how long to wait.
const COUNT: &str = "
local now, interval, depth = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local empty_at = tonumber(redis.call('GET', KEYS[1]) or ARGV[1])
empty_at = math.max(now, math.min(empty_at, now + depth))
local after = empty_at + interval
local wait = after - now - depth
if wait > 0 then return {0, wait} end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000) + 1000)
return {1, after - now}
";

pub(super) struct Redis {
    pool: Pool,
    platform: String,
    /// Microseconds; before that instant Redis is taken to be away.
    away_until: AtomicI64,
}

impl Redis {
    pub fn new(url: &str, platform: &str) -> Result<Self, CacheError> {
        // The text of an error may hold the password of the address.
        let address = |_| CacheError::Address("redis://HOST:PORT is expected".to_owned());
        let builder = Config::from_url(url).builder().map_err(address)?;
        let pool = builder
            .max_size(CONNECTIONS_MAX)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .recycle_timeout(Some(PATIENCE))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| CacheError::Address(error.to_string()))?;
        let platform = platform.to_owned();
        Ok(Self { pool, platform, away_until: AtomicI64::new(i64::MIN) })
    }

    /// Counts a call; nothing when Redis is away.
    pub async fn count(&self, quota: Quota, caller: &str, now: Timestamp) -> Option<Counted> {
        if now.micros() < self.away_until.load(Ordering::Relaxed) {
            metrics::counter!("cache_fallbacks_total").increment(1);
            return None;
        }
        let key = format!("wattmandi:{}:limit:{}:{caller}", self.platform, quota.name);
        match self.ask(&key, quota, now).await {
            Ok((1, busy)) => Some(Counted::taken(quota, Span::from_micros(busy))),
            Ok((_, wait)) => Some(Counted::refused(quota, Span::from_micros(wait))),
            Err(reason) => {
                let until = now.saturating_add(PAUSE).micros();
                // One line for all who noticed it together.
                if self.away_until.swap(until, Ordering::Relaxed) != until {
                    tracing::warn!(reason, "Redis is away: this process counts for itself for a while");
                }
                metrics::counter!("cache_fallbacks_total").increment(1);
                None
            }
        }
    }

    async fn ask(&self, key: &str, quota: Quota, now: Timestamp) -> Result<(i64, i64), String> {
        let asked = async {
            let mut connection = self.pool.get().await.map_err(|error| error.to_string())?;
            let mut call = cmd("EVAL");
            call.arg(COUNT).arg(1).arg(key);
            call.arg(now.micros()).arg(quota.interval().micros()).arg(quota.depth().micros());
            call.query_async(&mut connection).await.map_err(|error| error.to_string())
        };
        tokio::time::timeout(PATIENCE, asked).await.map_err(|_| "no answer in time".to_owned())?
    }

    pub async fn answers(&self) -> bool {
        let asked = async {
            let mut connection = self.pool.get().await.ok()?;
            cmd("PING").query_async::<String>(&mut connection).await.ok()
        };
        tokio::time::timeout(PATIENCE, asked).await.is_ok_and(|answer| answer.is_some())
    }
}
