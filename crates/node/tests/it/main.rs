//! The node as its participants use it: what it takes and refuses, what it stores, what it sends, and that an
//! effect happens once, on both databases.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod client;
mod compose;
mod dedi;
mod duplicates;
mod export;
mod http;
mod inbox;
mod kill;
mod outbox;
mod prune;
mod receive;
mod seal;
mod signing;
mod world;

use test_support::both_databases;

both_databases! {
    migrations = [("node", node::MIGRATIONS)];

    async fn every_statement_prepares(db: db::Db) {
        for statements in [
            node::inbox::STATEMENTS,
            node::outbox::STATEMENTS,
            node::peers::STATEMENTS,
            node::export::STATEMENTS,
            node::overview::STATEMENTS,
            node::prune::STATEMENTS,
            node::seal::STATEMENTS,
            node::erase::STATEMENTS,
        ] {
            assert_eq!(db.check_statements(statements).await, Ok(()));
        }
    }
}
