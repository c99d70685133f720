//! Wattmandi: a complete participant of the open peer-to-peer energy trading network (Beckn 2.0, India Energy Stack).
//!
//! A module imports from lower levels only; `tests/architecture.rs` holds the table.
//!
//! | level | modules |
//! |---|---|
//! | 0 | crates: `units` ← `beckn-wire` ← `energy-rules` ← `contract-policy`; `plan` `clock` `db` `node` `oidc` `courier` |
//! | 1 | [`error`] [`config`] [`telemetry`] [`secrets`] |
//! | 2 | [`cache`] [`network`] [`notify`] [`events`] |
//! | 3 | [`identity`] [`credentials`] [`webhooks`] |
//! | 4 | [`metering`] [`trust`] [`contract`] |
//! | 5 | [`market`] [`settlement`] [`bills`] |
//! | 6 | [`buyer`] [`seller`] [`discom`]: with [`network`] the only ones that see wire types; [`privacy`] |
//! | 7 | [`api`] [`workers`] |
//! | 8 | [`cli`] |
//!
//! Inside a domain: `model` is pure, `store` is SQL, `service` runs in one transaction.

pub mod api;
pub mod bills;
pub mod buyer;
pub mod cache;
pub mod cli;
pub mod config;
pub mod contract;
pub mod credentials;
pub mod discom;
pub mod error;
pub mod events;
pub mod identity;
pub mod market;
pub mod metering;
pub mod network;
pub mod notify;
pub mod privacy;
pub mod secrets;
pub mod seller;
pub mod settlement;
pub mod telemetry;
pub mod trust;
pub mod webhooks;
pub mod workers;

use db::Migration;

/// The tables of the server; those of the messages are [`node::MIGRATIONS`].
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "participant",
        sqlite: include_str!("../migrations/sqlite/0001_participant.sql"),
        postgres: include_str!("../migrations/postgres/0001_participant.sql"),
    },
    Migration {
        version: 2,
        name: "plans",
        sqlite: include_str!("../migrations/sqlite/0002_plans.sql"),
        postgres: include_str!("../migrations/postgres/0002_plans.sql"),
    },
    Migration {
        version: 3,
        name: "trust",
        sqlite: include_str!("../migrations/sqlite/0003_trust.sql"),
        postgres: include_str!("../migrations/postgres/0003_trust.sql"),
    },
    Migration {
        version: 4,
        name: "settlement",
        sqlite: include_str!("../migrations/sqlite/0004_settlement.sql"),
        postgres: include_str!("../migrations/postgres/0004_settlement.sql"),
    },
    Migration {
        version: 5,
        name: "delivery",
        sqlite: include_str!("../migrations/sqlite/0005_delivery.sql"),
        postgres: include_str!("../migrations/postgres/0005_delivery.sql"),
    },
    Migration {
        version: 6,
        name: "places",
        sqlite: include_str!("../migrations/sqlite/0006_places.sql"),
        postgres: include_str!("../migrations/postgres/0006_places.sql"),
    },
    Migration {
        version: 7,
        name: "accounts",
        sqlite: include_str!("../migrations/sqlite/0007_accounts.sql"),
        postgres: include_str!("../migrations/postgres/0007_accounts.sql"),
    },
    Migration {
        version: 8,
        name: "sign_in",
        sqlite: include_str!("../migrations/sqlite/0008_sign_in.sql"),
        postgres: include_str!("../migrations/postgres/0008_sign_in.sql"),
    },
    Migration {
        version: 9,
        name: "credentials",
        sqlite: include_str!("../migrations/sqlite/0009_credentials.sql"),
        postgres: include_str!("../migrations/postgres/0009_credentials.sql"),
    },
    Migration {
        version: 10,
        name: "webhooks",
        sqlite: include_str!("../migrations/sqlite/0010_webhooks.sql"),
        postgres: include_str!("../migrations/postgres/0010_webhooks.sql"),
    },
    Migration {
        version: 12,
        name: "plans_cancel",
        sqlite: include_str!("../migrations/sqlite/0012_plans_cancel.sql"),
        postgres: include_str!("../migrations/postgres/0012_plans_cancel.sql"),
    },
    Migration {
        version: 13,
        name: "exceptions",
        sqlite: include_str!("../migrations/sqlite/0013_exceptions.sql"),
        postgres: include_str!("../migrations/postgres/0013_exceptions.sql"),
    },
    Migration {
        version: 30,
        name: "web",
        sqlite: include_str!("../migrations/sqlite/0030_web.sql"),
        postgres: include_str!("../migrations/postgres/0030_web.sql"),
    },
    Migration {
        version: 31,
        name: "tickets",
        sqlite: include_str!("../migrations/sqlite/0031_tickets.sql"),
        postgres: include_str!("../migrations/postgres/0031_tickets.sql"),
    },
    Migration {
        version: 32,
        name: "ways",
        sqlite: include_str!("../migrations/sqlite/0032_ways.sql"),
        postgres: include_str!("../migrations/postgres/0032_ways.sql"),
    },
    Migration {
        version: 33,
        name: "meter_documents",
        sqlite: include_str!("../migrations/sqlite/0033_meter_documents.sql"),
        postgres: include_str!("../migrations/postgres/0033_meter_documents.sql"),
    },
    Migration {
        version: 34,
        name: "erasure",
        sqlite: include_str!("../migrations/sqlite/0034_erasure.sql"),
        postgres: include_str!("../migrations/postgres/0034_erasure.sql"),
    },
    Migration {
        version: 35,
        name: "revocation",
        sqlite: include_str!("../migrations/sqlite/0035_revocation.sql"),
        postgres: include_str!("../migrations/postgres/0035_revocation.sql"),
    },
    Migration {
        version: 36,
        name: "unlinked",
        sqlite: include_str!("../migrations/sqlite/0036_unlinked.sql"),
        postgres: include_str!("../migrations/postgres/0036_unlinked.sql"),
    },
    Migration {
        version: 37,
        name: "webhook_tokens",
        sqlite: include_str!("../migrations/sqlite/0037_webhook_tokens.sql"),
        postgres: include_str!("../migrations/postgres/0037_webhook_tokens.sql"),
    },
    Migration {
        version: 38,
        name: "own_marks",
        sqlite: include_str!("../migrations/sqlite/0038_own_marks.sql"),
        postgres: include_str!("../migrations/postgres/0038_own_marks.sql"),
    },
];

/// The component under which [`MIGRATIONS`] are recorded.
pub const COMPONENT: &str = "wattmandi";
