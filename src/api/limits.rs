//! How often one user may ask: reads and trades are counted apart, on the wire clock, in bounded memory.

use actix_web::http::header;
use node::Limiter;
use units::{Span, Timestamp};
use uuid::Uuid;

use super::problem::Problem;
use crate::error::Code;

/// Users that a limit remembers at once.
const USERS_MAX: usize = 100_000;
const READS_PER_MINUTE: u32 = 1_000;
const TRADES_PER_MINUTE: u32 = 100;

/// What a request is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Not counted.
    Free,
    Read,
    Trade,
    /// An attempt to sign in; nobody is known yet.
    SignIn,
}

impl Class {
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Free => "free",
            Class::Read => "read",
            Class::Trade => "trade",
            Class::SignIn => "sign_in",
        }
    }
}

/// The counters.
pub struct Limits {
    reads: Limiter<Uuid>,
    trades: Limiter<Uuid>,
}

impl Limits {
    pub fn new() -> Self {
        Self { reads: per_minute(READS_PER_MINUTE), trades: per_minute(TRADES_PER_MINUTE) }
    }

    /// Counts one request.
    pub fn take(&self, user: Uuid, class: Class, now: Timestamp) -> Result<(), Problem> {
        let limiter = match class {
            Class::Read => &self.reads,
            Class::Trade => &self.trades,
            Class::Free | Class::SignIn => return Ok(()),
        };
        limiter.take(user, now).map_err(|wait| {
            let seconds = wait.as_secs().saturating_add(1);
            Problem::new(Code::RateLimited, format!("Too many requests; ask again in {seconds} s."))
                .with(header::RETRY_AFTER, seconds.to_string())
        })
    }
}

fn per_minute(count: u32) -> Limiter<Uuid> {
    let interval = Span::from_minutes(1).micros().checked_div(i64::from(count)).unwrap_or(1);
    Limiter::every(Span::from_micros(interval), count, USERS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_trades_a_minute_and_reads_apart() {
        let limits = Limits::new();
        let (user, now) = (Uuid::from_u128(1), Timestamp::from_seconds(1_000));
        for _ in 0..TRADES_PER_MINUTE {
            assert!(limits.take(user, Class::Trade, now).is_ok());
        }
        let refused = limits.take(user, Class::Trade, now).unwrap_err();
        assert!(refused.to_string().contains("ask again in 1 s"), "{refused}");
        assert!(limits.take(user, Class::Read, now).is_ok());
        assert!(limits.take(Uuid::from_u128(2), Class::Trade, now).is_ok());
        assert!(limits.take(user, Class::Trade, now.saturating_add(Span::from_secs(1))).is_ok());
    }
}
