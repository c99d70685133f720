//! The ledger of a DISCOM: it records the contracts of its customers' platforms (facts of the domain,
//! sections 4.7, 5 and 10). A confirmed trade is by definition a recorded one, so the ledger's ACK with its
//! receipt is what both platforms wait for (ruling 16).
//!
//! `model`, `meters` and `limit` are pure, `terms` reads the wire, `store` is SQL, `service` decides inside a
//! transaction, and `view` shows records to people and tests. One process keeps many ledgers; every row names
//! its own.

pub mod limit;
pub mod meters;
pub mod model;
pub mod service;
pub mod store;
pub mod terms;
pub mod view;

use db::Migration;

/// The name of these tables in `schema_migrations`.
pub const COMPONENT: &str = "discom";

macro_rules! migration {
    ($version:literal, $name:literal, $file:literal) => {
        Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../migrations/postgres/", $file)),
        }
    };
}

/// The tables of the ledgers, their meters, what comes after delivery, and the REST interface.
pub const MIGRATIONS: &[Migration] = &[
    migration!(1, "ledger", "0001_ledger.sql"),
    migration!(2, "meters", "0002_meters.sql"),
    migration!(3, "delivery", "0003_delivery.sql"),
    migration!(4, "rest", "0004_rest.sql"),
    migration!(5, "one ledger", "0005_one_ledger.sql"),
    migration!(6, "outages", "0006_outages.sql"),
    migration!(7, "meter leg", "0007_meter_leg.sql"),
];
