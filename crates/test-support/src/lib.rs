//! A database per test, fixtures, and the place of the official vectors. For tests only: everything here
//! panics.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

pub mod database;
pub mod issuer;
pub mod pdf;
pub mod peer;
pub mod vectors;

/// Whether what is missing must fail the run rather than be skipped (ruling 34).
pub fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}
