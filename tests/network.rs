//! How people trade: a whole network in this process, over HTTP, with a market clock that the tests move.
//! Every test on both databases.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[macro_use]
#[path = "processes/databases.rs"]
#[allow(dead_code, reason = "shared with tests/processes.rs")]
mod databases;

#[path = "processes/audit.rs"]
#[allow(dead_code, reason = "shared with tests/processes.rs, which reads other parts")]
mod audit;
#[path = "network/cancel.rs"]
mod cancel;
#[path = "processes/client.rs"]
#[allow(dead_code, reason = "shared with tests/processes.rs, which asks other things")]
mod client;
#[path = "network/delivery.rs"]
mod delivery;
#[path = "network/erasure.rs"]
mod erasure;
#[path = "network/events.rs"]
mod events;
#[path = "network/extras.rs"]
mod extras;
#[path = "network/interests.rs"]
mod interests;
#[path = "processes/issued.rs"]
#[allow(dead_code, reason = "shared with tests/processes.rs, which configures the issuer")]
mod issued;
#[path = "network/meters.rs"]
mod meters;
#[path = "network/offers.rs"]
mod offers;
#[path = "network/plans.rs"]
mod plans;
#[path = "network/policy.rs"]
mod policy;
#[path = "network/privacy.rs"]
mod privacy;
#[path = "identity/scan.rs"]
mod scan;
#[path = "network/time.rs"]
mod time;
#[path = "network/trade.rs"]
mod trade;
#[path = "network/trust.rs"]
mod trust;
#[path = "network/update.rs"]
mod update;
#[path = "network/world.rs"]
mod world;
