//! Accounts over real sockets: who becomes a user and how, which tokens are believed, who may call what.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod accounts;
mod erasure;
mod leaving;
mod limits;
mod matrix;
mod payout;
mod people;
mod privacy;
mod scan;
mod secrets;
mod streams;
mod tokens;
mod ways;
#[path = "../api/world.rs"]
#[allow(dead_code, reason = "the tests of the API use the rest")]
mod world;
