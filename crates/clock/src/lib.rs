//! Clocks and identifiers as parameters.
//!
//! Nothing in Wattmandi asks the machine for the time or for randomness but through this crate, so that every test
//! decides both. Two clocks run side by side (ruling 1): *wire* time, for signatures, ttl, leases and backoff, is real;
//! *market* time, for delivery slots and gates, may be accelerated.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use units::{Span, Timestamp};
use uuid::Uuid;

/// A source of the present instant.
pub trait Clock: Send + Sync + 'static {
    /// The instant now, UTC microseconds.
    fn now(&self) -> Timestamp;

    /// How many of its seconds pass in one real second.
    fn rate(&self) -> i64 {
        1
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until a test moves it.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.micros())))
    }

    pub fn set(&self, now: Timestamp) {
        self.0.store(now.micros(), Ordering::SeqCst);
    }

    pub fn advance(&self, by: Span) {
        self.0.fetch_add(by.micros(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A clock that starts at `origin` and runs `rate` times as fast as the clock beneath it.
#[derive(Clone)]
pub struct ScaledClock {
    beneath: Arc<dyn Clock>,
    started: Timestamp,
    origin: Timestamp,
    rate: i64,
}

impl ScaledClock {
    /// `rate` 1 runs at the pace of `beneath`; 600 passes ten minutes in each second. Rates below 1 count as 1.
    pub fn starting_at(origin: Timestamp, rate: u32, beneath: Arc<dyn Clock>) -> Self {
        let started = beneath.now();
        Self { beneath, started, origin, rate: i64::from(rate.max(1)) }
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        let elapsed = self.beneath.now().micros().saturating_sub(self.started.micros());
        Timestamp::from_micros(self.origin.micros().saturating_add(elapsed.saturating_mul(self.rate)))
    }

    fn rate(&self) -> i64 {
        self.rate
    }
}

/// The two clocks of a participant (ruling 1).
#[derive(Clone)]
pub struct Clocks {
    /// Real time: signatures, ttl, leases, backoff.
    pub wire: Arc<dyn Clock>,
    /// Delivery slots, gates, months; may be accelerated.
    pub market: Arc<dyn Clock>,
}

impl Clocks {
    /// Both are the machine's clock.
    pub fn system() -> Self {
        Self::both(SystemClock)
    }

    /// The wire instant at which the market clock will show `at`: a gate as a deadline for sending.
    pub fn wire_instant(&self, at: Timestamp) -> Timestamp {
        let ahead = at.micros().saturating_sub(self.market.now().micros());
        let real = ahead.checked_div(self.market.rate()).unwrap_or(ahead);
        Timestamp::from_micros(self.wire.now().micros().saturating_add(real))
    }

    /// Both are the same clock.
    pub fn both(clock: impl Clock) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(clock);
        Self { wire: Arc::clone(&clock), market: clock }
    }
}

/// A source of random bytes.
pub trait Entropy: Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's random source.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness every key and id would be a guess: nothing may go on.
        if getrandom::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// Reproducible bytes for tests (splitmix64); never for keys.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut z =
                self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst).wrapping_add(0x9E37_79B9_7F4A_7C15);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Makes identifiers (UUIDv7) and random bytes from a clock and randomness. A clone counts on with its origin.
#[derive(Clone)]
pub struct Ids {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// Of the last identifier: milliseconds above 12 bits of what came within them.
    last: Arc<AtomicU64>,
}

impl Ids {
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy, last: Arc::default() }
    }

    pub fn system() -> Self {
        Self::new(Arc::new(SystemClock), Arc::new(SystemEntropy))
    }

    /// A fresh UUIDv7 (RFC 9562, 6.2, methods 1 and 3): unique by 62 random bits, and above every one before it, also
    /// within a microsecond and when the clock steps back. What is read in the order of its identifiers, as journals
    /// are, is read in the order in which it happened.
    pub fn uuid(&self) -> Uuid {
        let micros = u64::try_from(self.clock.now().micros()).unwrap_or(0);
        // A millisecond in 4,096 parts: four to a microsecond, the rest for what overflows.
        let now = ((micros / 1000) << 12) | ((micros % 1000) * 4);
        let after = |last: u64| now.max(last.saturating_add(1));
        let last = self.last.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(after(last)));
        let stamp = after(last.unwrap_or(now));
        let mut bytes: [u8; 10] = self.bytes();
        [bytes[0], bytes[1]] = [stamp.to_be_bytes()[6] & 0x0f, stamp.to_be_bytes()[7]];
        uuid::Builder::from_unix_timestamp_millis(stamp >> 12, &bytes).into_uuid()
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// A number below `bound`, for jitter; not for secrets. Zero when `bound` is zero.
    pub fn below(&self, bound: u64) -> u64 {
        u64::from_le_bytes(self.bytes()).checked_rem(bound).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_clock_runs_faster() {
        let real = TestClock::at(Timestamp::from_micros(1_000));
        let market = ScaledClock::starting_at(Timestamp::from_micros(50), 600, Arc::new(real.clone()));
        assert_eq!(market.now().micros(), 50);
        real.advance(Span::from_secs(2));
        assert_eq!(market.now().micros(), 50 + 1_200_000_000);
    }

    #[test]
    fn ids_are_v7_in_order_and_reproducible() {
        let ids = |seed| {
            let clock = TestClock::at(Timestamp::from_micros(1_793_520_000_000_000));
            Ids::new(Arc::new(clock), Arc::new(SeededEntropy::new(seed)))
        };
        let (a, b) = (ids(7), ids(7));
        let first = a.uuid();
        assert_eq!(first, b.uuid());
        assert_ne!(first, a.uuid());
        assert_eq!(first.get_version_num(), 7);
    }

    #[test]
    fn ids_sort_as_they_were_made_though_the_clock_stands_or_steps_back() {
        let clock = TestClock::at(Timestamp::from_micros(1_793_520_000_000_000));
        let ids = Ids::new(Arc::new(clock.clone()), Arc::new(SeededEntropy::new(7)));
        let mut made = Vec::new();
        for step in [0, 3, 10_000, -5_000, 0] {
            clock.advance(Span::from_micros(step));
            made.extend((0..5_000).map(|turn| if turn % 2 == 0 { ids.uuid() } else { ids.clone().uuid() }));
        }
        assert!(made.is_sorted_by(|one, next| one < next));
        let other = Ids::new(Arc::new(clock.clone()), Arc::new(SeededEntropy::new(8)));
        clock.advance(Span::from_secs(1));
        let earlier = ids.uuid();
        clock.advance(Span::from_micros(1));
        assert!(earlier < other.uuid(), "another process, a microsecond later");
    }
}
