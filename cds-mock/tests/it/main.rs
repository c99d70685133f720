//! The service over real HTTP, with participants that sign and listen, on both databases.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod discover;
mod feed;
mod publish;
mod registry;
mod vectors;
mod world;
