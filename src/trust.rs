//! Trust: a score from 0 to 1 that each user earns by delivering what was traded, and the monthly limits it opens
//! (rulings 20, 23, 26).
//!
//! Invariants: a score is the fold of its history, whose rows are never changed; one contract changes the trust of one
//! side once, however often its result comes, and a correction is another row; what is used of a month's quota never
//! passes the limit that held when it was used, whatever races, and a score that falls voids nothing. Locks, in this
//! order: quotas by month, meter slot, offer, score.

pub mod error;
pub mod model;
pub mod provider;
pub mod quota;
pub mod service;
pub mod store;

pub use error::TrustError;
pub use model::{Applied, Capacity, Cause, Change, Delivery, Score, Side, Tier, Trade, Use};
pub use provider::{ProviderDelivery, ProviderTrust};
