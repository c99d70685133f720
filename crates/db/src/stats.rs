//! Counters of what the database did, for metrics and for tests of the grouping.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use clock::Clock;
use units::{Span, Timestamp};

/// A body that holds the one write transaction for longer than this is logged.
const SLOW_BODY: Span = Span::from_micros(20_000);

/// What the database did since it was connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Write bodies run, whatever came of them; a retry counts again.
    pub transactions: u64,
    /// Commits: on SQLite one for a whole group.
    pub commits: u64,
    /// The longest that a write body ran.
    pub longest_body: Span,
}

/// The counters behind [`Stats`].
pub(crate) struct Gauge {
    transactions: AtomicU64,
    commits: AtomicU64,
    longest_body_micros: AtomicI64,
    clock: Arc<dyn Clock>,
}

impl Gauge {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let (transactions, commits) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { transactions, commits, longest_body_micros: AtomicI64::new(0), clock }
    }

    pub(crate) fn begin(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn end(&self, begun: Timestamp) {
        let took = self.clock.now().since(begun);
        self.transactions.fetch_add(1, Ordering::Relaxed);
        self.longest_body_micros.fetch_max(took.micros(), Ordering::Relaxed);
        if took > SLOW_BODY {
            tracing::warn!(micros = took.micros(), "slow transaction body");
        }
    }

    pub(crate) fn committed(&self) {
        self.commits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Stats {
        Stats {
            transactions: self.transactions.load(Ordering::Relaxed),
            commits: self.commits.load(Ordering::Relaxed),
            longest_body: Span::from_micros(self.longest_body_micros.load(Ordering::Relaxed)),
        }
    }
}
