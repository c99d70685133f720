//! The buyer's flows against a network that the test plays, on both databases.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod calling_off;
mod contracting;
mod day_after;
mod money;
mod plans;
mod questions;
mod telling;
mod trust;
mod world;
