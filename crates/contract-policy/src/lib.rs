//! The contract policy of a DISCOM: a Rego module, taken by checksum, compiled once, evaluated over a whole
//! message without input or output and within limits, and read exactly.
//!
//! A policy is other people's code. Invariants: nothing is compiled whose checksum is not the published one; a
//! module can neither reach the network nor the clock nor the file system, because the language is built
//! without those functions; an evaluation ends at the latest after [`Limits`] and then counts as a refusal, as
//! every other failure does; what it says of money is read from decimal text. The pinned entry point is
//! [`ENTRY_POINT`]: `violations`, a set of texts, and `revenue_flows`, an array, which may be undefined.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

mod cache;
mod checksum;
mod policy;
mod verdict;

pub use cache::PolicyCache;
pub use checksum::{Checksum, ChecksumError};
pub use policy::{ENTRY_POINT, Limits, Policy, PolicyError};
pub use verdict::{FlowDifference, PolicyFlow, Verdict, Violation};
