//! Money on both databases: holds, settlements, corrections, payments, clearing, statements, and random histories of
//! all of them, in memory and through the databases.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod account;
mod book;
mod exceptions;
mod histories;
mod lifecycle;
mod statements;
#[allow(dead_code, reason = "shared with the tests of the API")]
#[path = "../api/world.rs"]
mod world;
