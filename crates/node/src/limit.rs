//! Rate limits per caller: the generic cell rate algorithm on the wire clock, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use units::{Span, Timestamp};

/// How often one caller may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub per_second: u32,
    /// So many may come at once after a pause.
    pub burst: u32,
}

/// Keeps one instant per caller: when its bucket will be empty again.
pub struct Limiter<K> {
    interval: Span,
    depth: Span,
    capacity: usize,
    empty_at: Mutex<HashMap<K, Timestamp>>,
}

impl<K: Hash + Eq> Limiter<K> {
    /// Remembers at most `capacity` callers.
    pub fn new(rate: Rate, capacity: usize) -> Self {
        let interval = 1_000_000_i64.checked_div(i64::from(rate.per_second.max(1))).unwrap_or(1);
        Self::every(Span::from_micros(interval), rate.burst, capacity)
    }

    /// One call in each `interval`, for rates that are not a whole number a second; `burst` may come at once
    /// after a pause. Remembers at most `capacity` callers.
    pub fn every(interval: Span, burst: u32, capacity: usize) -> Self {
        let interval = interval.micros().max(1);
        let depth = interval.saturating_mul(i64::from(burst.max(1)));
        Self {
            interval: Span::from_micros(interval),
            depth: Span::from_micros(depth),
            capacity: capacity.max(1),
            empty_at: Mutex::new(HashMap::new()),
        }
    }

    /// Counts one call.
    ///
    /// # Errors
    /// The time after which the next one will be taken.
    pub fn take(&self, caller: K, now: Timestamp) -> Result<(), Span> {
        self.count(caller, now).map(drop)
    }

    /// Counts one call, and says after which time the caller's bucket is empty again.
    ///
    /// # Errors
    /// The time after which the next one will be taken.
    pub fn count(&self, caller: K, now: Timestamp) -> Result<Span, Span> {
        let mut buckets = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.capacity && !buckets.contains_key(&caller) {
            buckets.retain(|_, empty_at| *empty_at > now);
            if buckets.len() >= self.capacity {
                // More callers within one bucket's time than there is room for: overload, whoever they are.
                return Err(self.interval);
            }
        }
        let bucket = buckets.entry(caller).or_insert(now);
        let empty_at = (*bucket).max(now).saturating_add(self.interval);
        let wait = empty_at.since(now).micros().saturating_sub(self.depth.micros());
        if wait > 0 {
            return Err(Span::from_micros(wait));
        }
        *bucket = empty_at;
        Ok(empty_at.since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_rate_per_caller() {
        let limiter = Limiter::new(Rate { per_second: 2, burst: 3 }, 10);
        let at = |ms: i64| Timestamp::from_micros(1_000_000_000 + ms * 1000);
        for _ in 0..3 {
            assert_eq!(limiter.take("a", at(0)), Ok(()));
        }
        assert_eq!(limiter.take("a", at(0)), Err(Span::from_millis(500)));
        assert_eq!(limiter.take("b", at(0)), Ok(()));
        assert_eq!(limiter.take("a", at(500)), Ok(()));
        assert!(limiter.take("a", at(500)).is_err());
    }

    #[test]
    fn memory_is_bounded_and_idle_callers_are_forgotten() {
        let limiter = Limiter::new(Rate { per_second: 1, burst: 1 }, 2);
        let at = |s: i64| Timestamp::from_seconds(1000 + s);
        assert!(limiter.take(1, at(0)).is_ok() && limiter.take(2, at(0)).is_ok());
        assert!(limiter.take(3, at(0)).is_err());
        assert!(limiter.take(3, at(2)).is_ok());
    }
}
