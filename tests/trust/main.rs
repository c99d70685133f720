//! Trust on both databases: what races cannot pass, what is applied once, and a score that is the fold of its history.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod limits;
mod scores;
mod world;
