//! The behavior of `db`, on both databases unless it belongs to one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod constraints;
mod crash;
mod groups;
mod migrations;
mod reads;
mod retries;
mod transactions;
mod values;

use db::{Db, DbError, Migration, Tx, params};

/// One table that all the tests use.
pub const ACCOUNTS: &[Migration] = &[Migration {
    version: 1,
    name: "accounts",
    sqlite: "CREATE TABLE accounts (id TEXT PRIMARY KEY, paise INTEGER NOT NULL,
                 CONSTRAINT accounts_paise_positive CHECK (paise >= 0)) STRICT;
             CREATE TABLE entries (id INTEGER PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts (id))
                 STRICT;",
    postgres: "CREATE TABLE accounts (id TEXT PRIMARY KEY, paise BIGINT NOT NULL,
                 CONSTRAINT accounts_paise_positive CHECK (paise >= 0));
               CREATE TABLE entries (id BIGINT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts (id));",
}];

db::sql! {
    pub INSERT_ACCOUNT = "INSERT INTO accounts (id, paise) VALUES ($1, $2)";
    pub OFFER_ACCOUNT = "INSERT INTO accounts (id, paise) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    pub LOCK_ACCOUNT = "SELECT paise FROM accounts WHERE id = $1 {FOR UPDATE}";
    pub CLAIM_ACCOUNT = "SELECT id FROM accounts ORDER BY id LIMIT 1 {FOR UPDATE SKIP LOCKED}";
    pub FIND_ACCOUNT = "SELECT paise FROM accounts WHERE id = $1";
    pub SET_PAISE = "UPDATE accounts SET paise = $2 WHERE id = $1";
    pub COUNT_ACCOUNTS = "SELECT COUNT(*) AS accounts FROM accounts";
    pub LIST_ACCOUNTS = "SELECT id, paise FROM accounts ORDER BY id";
    pub INSERT_ENTRY = "INSERT INTO entries (id, account) VALUES ($1, $2)";
}

/// An error of a domain above the database.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum DomainError {
    #[error("refused")]
    Refused,
    #[error(transparent)]
    Db(#[from] DbError),
}

pub async fn insert(db: &Db, id: &str, paise: i64) -> Result<u64, DbError> {
    let id = id.to_owned();
    db.write(move |tx| {
        let id = id.clone();
        Box::pin(async move { tx.execute(&INSERT_ACCOUNT, &params![id, paise]).await })
    })
    .await
}

pub async fn count_in(tx: &mut Tx) -> Result<i64, DbError> {
    tx.query_one(&COUNT_ACCOUNTS, &[]).await?.get("accounts")
}

pub async fn count(db: &Db) -> i64 {
    db.read(|tx| Box::pin(count_in(tx))).await.unwrap()
}

pub async fn paise(db: &Db, id: &'static str) -> Option<i64> {
    let found =
        db.read(move |tx| Box::pin(async move { tx.query_opt(&FIND_ACCOUNT, &params![id]).await })).await;
    let found: Result<_, DbError> = found;
    found.unwrap().map(|row| row.get("paise").unwrap())
}

test_support::both_databases! {
    migrations = [("test", ACCOUNTS)];

    async fn every_statement_of_the_tests_prepares(db: Db) {
        assert_eq!(db.check_statements(STATEMENTS).await, Ok(()));
    }

    async fn wrong_statements_are_named(db: Db) {
        const WRONG: &[&db::Sql] = &[
            &db::Sql::new("syntax", "SELEC 1"),
            &db::Sql::new("column", "SELECT rupees FROM accounts"),
            &db::Sql::new("twice", "SELECT a.id, b.id FROM accounts a JOIN entries b ON b.account = a.id"),
            &db::Sql::new("commit", " commit;"),
            &db::Sql::new("quotes", "SELECT id FROM accounts WHERE id = \"text\""),
            &db::Sql::new("token", "SELECT id FROM accounts {FOR SHARE}"),
            &FIND_ACCOUNT,
        ];
        let faults = db.check_statements(WRONG).await.unwrap_err();
        let named: Vec<&str> = faults.iter().map(|fault| fault.split(':').next().unwrap()).collect();
        assert_eq!(named, ["syntax", "column", "twice", "commit", "quotes", "token"]);
    }
}
