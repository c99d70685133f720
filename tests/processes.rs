//! A real network in separate processes on free ports: catalog service, DISCOMs, a seller's and a buyer's
//! platform. People trade over the client API while processes are killed and ledgers fail; every test on both
//! databases.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[macro_use]
#[path = "processes/databases.rs"]
#[allow(dead_code, reason = "shared with tests/network.rs")]
mod databases;

#[path = "processes/audit.rs"]
#[allow(dead_code, reason = "shared with tests/network.rs, which reads other parts")]
mod audit;
#[path = "processes/client.rs"]
#[allow(dead_code, reason = "shared with tests/network.rs, which asks other things")]
mod client;
#[path = "processes/credential.rs"]
mod credential;
#[path = "processes/faults.rs"]
mod faults;
#[path = "processes/issued.rs"]
mod issued;
#[path = "processes/network.rs"]
mod network;
#[path = "processes/plans.rs"]
mod plans;
#[path = "processes/process.rs"]
mod process;
#[path = "processes/race.rs"]
mod race;
#[path = "processes/secrets.rs"]
mod secrets;
#[path = "processes/serve.rs"]
mod serve;
