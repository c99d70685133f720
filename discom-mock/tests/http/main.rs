//! The ledgers over real HTTP, with signed messages, on both databases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod behavior;
mod crash;
mod delivery;
mod harness;
mod meter_leg;

mod one_ledger;
mod refusals;
mod rest;
mod trade;
mod vectors;
