//! Constraint errors mean the same, and have the same names, on both databases.

use db::{Db, DbError, Migration, Sql};
use test_support::both_databases;

use crate::*;

const KINDS: &[Migration] = &[Migration {
    version: 1,
    name: "kinds",
    sqlite: "CREATE TABLE kinds (a INTEGER NOT NULL, b TEXT, c INTEGER, d INTEGER, e TEXT, f TEXT,
                 PRIMARY KEY (a, b), UNIQUE (c, d)) STRICT;
             CREATE UNIQUE INDEX kinds_open_e ON kinds (e) WHERE c = 1;
             CREATE UNIQUE INDEX kinds_folded ON kinds (lower(f));",
    postgres: "CREATE TABLE kinds (a BIGINT NOT NULL, b TEXT, c BIGINT, d BIGINT, e TEXT, f TEXT,
                 PRIMARY KEY (a, b), UNIQUE (c, d));
               CREATE UNIQUE INDEX kinds_open_e ON kinds (e) WHERE c = 1;
               CREATE UNIQUE INDEX kinds_folded ON kinds (lower(f));",
}];

async fn fault(db: &Db, sql: Sql) -> DbError {
    let refused: Result<u64, DbError> =
        db.write(move |tx| Box::pin(async move { tx.execute(&sql, &[]).await })).await;
    refused.unwrap_err()
}

fn unique(constraint: &str) -> DbError {
    DbError::Unique { constraint: constraint.to_owned() }
}

both_databases! {
    migrations = [("test", ACCOUNTS), ("kinds", KINDS)];

    async fn they_are_told_apart(db: Db) {
        insert(&db, "a", 1).await.unwrap();
        assert_eq!(insert(&db, "a", 1).await, Err(unique("accounts_pkey")));
        let check = DbError::Check { constraint: "accounts_paise_positive".to_owned() };
        assert_eq!(insert(&db, "b", -1).await, Err(check));
        const ORPHAN: Sql = Sql::new("orphan", "INSERT INTO entries (id, account) VALUES (1, 'absent')");
        assert_eq!(fault(&db, ORPHAN).await, DbError::ForeignKey);
        const NULL: Sql = Sql::new("null", "UPDATE accounts SET paise = NULL");
        assert_eq!(fault(&db, NULL).await, DbError::NotNull { column: "accounts.paise".to_owned() });
        assert_eq!(count(&db).await, 1);
    }

    async fn every_kind_of_unique_has_its_name(db: Db) {
        const FIRST: Sql =
            Sql::new("first", "INSERT INTO kinds (a, b, c, d, e, f) VALUES (1, 'x', 1, 1, 'e', 'x')");
        let inserted: Result<u64, DbError> =
            db.write(|tx| Box::pin(async move { tx.execute(&FIRST, &[]).await })).await;
        assert_eq!(inserted, Ok(1));
        const SAME_KEY: Sql = Sql::new("key", "INSERT INTO kinds (a, b) VALUES (1, 'x')");
        assert_eq!(fault(&db, SAME_KEY).await, unique("kinds_pkey"));
        const SAME_PAIR: Sql = Sql::new("pair", "INSERT INTO kinds (a, b, c, d) VALUES (2, 'y', 1, 1)");
        assert_eq!(fault(&db, SAME_PAIR).await, unique("kinds_c_d_key"));
        const SAME_OPEN: Sql =
            Sql::new("open", "INSERT INTO kinds (a, b, c, d, e) VALUES (2, 'y', 1, 2, 'e')");
        assert_eq!(fault(&db, SAME_OPEN).await, unique("kinds_open_e"));
        const SAME_FOLDED: Sql = Sql::new("folded", "INSERT INTO kinds (a, b, f) VALUES (2, 'y', 'X')");
        assert_eq!(fault(&db, SAME_FOLDED).await, unique("kinds_folded"));
    }

    async fn a_rowid_key_has_the_name_of_a_primary_key(db: Db) {
        insert(&db, "a", 1).await.unwrap();
        const ENTRY: Sql = Sql::new("entry", "INSERT INTO entries (id, account) VALUES (1, 'a')");
        let inserted: Result<u64, DbError> =
            db.write(|tx| Box::pin(async move { tx.execute(&ENTRY, &[]).await })).await;
        assert_eq!(inserted, Ok(1));
        assert_eq!(fault(&db, ENTRY).await, unique("entries_pkey"));
    }
}
