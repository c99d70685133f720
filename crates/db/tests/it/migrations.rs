//! Migrations: once, in order, whole, and never over what a newer program has done.

use db::{Db, DbError, Migration, MigrationFault, Options, Sql};
use test_support::both_databases;
use test_support::database::TestDb;
use units::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_793_520_000);

const fn step(version: u32, text: &'static str) -> Migration {
    Migration { version, name: "step", sqlite: text, postgres: text }
}

const ONE: Migration = step(1, "CREATE TABLE one (id TEXT PRIMARY KEY); CREATE INDEX one_again ON one (id);");
const TWO: Migration = step(2, "CREATE TABLE two (id TEXT PRIMARY KEY); INSERT INTO one VALUES ('a');");
const THREE: Migration = step(3, "CREATE TABLE three (id TEXT PRIMARY KEY)");

fn refused(version: u32, fault: MigrationFault) -> Result<usize, DbError> {
    Err(DbError::Migration { component: "test".to_owned(), version, fault })
}

async fn exists(db: &Db, table: &'static str) -> bool {
    let sql = Sql::new("exists", Box::leak(format!("SELECT 1 AS one FROM {table}").into_boxed_str()));
    let found: Result<(), DbError> =
        db.read(move |tx| Box::pin(async move { tx.query(&sql, &[]).await.map(drop) })).await;
    found.is_ok()
}

both_databases! {
    async fn each_is_applied_once(db: Db) {
        assert_eq!(db.migrate("test", &[ONE], NOW).await, Ok(1));
        assert_eq!(db.migrate("test", &[ONE, TWO], NOW).await, Ok(1));
        assert_eq!(db.migrate("test", &[ONE, TWO], NOW).await, Ok(0));
        const RECORDED: Sql = Sql::new(
            "recorded",
            "SELECT version, name, applied_at FROM schema_migrations
             WHERE component = 'test' ORDER BY version",
        );
        let rows: Result<Vec<db::Row>, DbError> =
            db.read(|tx| Box::pin(async move { tx.query(&RECORDED, &[]).await })).await;
        let rows = rows.unwrap();
        assert_eq!(rows.iter().map(|row| row.get::<u32>("version").unwrap()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(rows[0].get::<String>("name").unwrap(), "step");
        assert_eq!(rows[0].get::<Timestamp>("applied_at"), Ok(NOW));
    }

    async fn components_are_numbered_apart(db: Db) {
        assert_eq!(db.migrate("test", &[ONE, TWO], NOW).await, Ok(2));
        assert_eq!(db.migrate("other", &[step(1, "CREATE TABLE other (id TEXT)")], NOW).await, Ok(1));
    }

    async fn an_edited_one_is_refused(db: Db) {
        db.migrate("test", &[ONE, TWO], NOW).await.unwrap();
        let edited = step(1, "CREATE TABLE one (id TEXT PRIMARY KEY)");
        assert_eq!(db.migrate("test", &[edited, TWO, THREE], NOW).await, refused(1, MigrationFault::Changed));
        assert!(!exists(&db, "three").await);
    }

    async fn a_newer_database_is_refused(db: Db) {
        db.migrate("test", &[ONE, TWO], NOW).await.unwrap();
        assert_eq!(db.migrate("test", &[ONE], NOW).await, refused(2, MigrationFault::Newer));
        assert_eq!(db.migrate("test", &[], NOW).await, refused(1, MigrationFault::Newer));
    }

    async fn gaps_are_refused(db: Db) {
        assert_eq!(db.migrate("test", &[TWO, ONE], NOW).await, refused(1, MigrationFault::Misnumbered));
        assert_eq!(db.migrate("test", &[ONE, ONE], NOW).await, refused(1, MigrationFault::Misnumbered));
        assert!(!exists(&db, "one").await);
        // A number may be left out; what comes in between later, is refused.
        assert_eq!(db.migrate("test", &[ONE, THREE], NOW).await, Ok(2));
        assert_eq!(db.migrate("test", &[ONE, TWO, THREE], NOW).await, refused(2, MigrationFault::Gap));
    }

    async fn what_was_forgotten_is_refused(db: Db) {
        db.migrate("test", &[ONE, TWO], NOW).await.unwrap();
        const FORGET: Sql = Sql::new("forget", "DELETE FROM schema_migrations WHERE version = 1");
        let forgotten: Result<u64, DbError> =
            db.write(|tx| Box::pin(async move { tx.execute(&FORGET, &[]).await })).await;
        assert_eq!(forgotten, Ok(1));
        assert_eq!(db.migrate("test", &[ONE, TWO], NOW).await, refused(1, MigrationFault::Gap));
    }

    async fn one_that_fails_leaves_nothing_of_itself(db: Db) {
        let wrong = step(2, "CREATE TABLE two (id TEXT PRIMARY KEY); INSERT INTO absent VALUES (1);");
        let failed = db.migrate("test", &[ONE, wrong], NOW).await;
        let named = |fault: &DbError| {
            matches!(fault, DbError::Migration { version: 2, fault: MigrationFault::Failed(_), .. })
        };
        assert!(failed.as_ref().is_err_and(named), "{failed:?}");
        assert!(exists(&db, "one").await);
        assert!(!exists(&db, "two").await);
        assert_eq!(db.migrate("test", &[ONE, TWO], NOW).await, Ok(1));
    }

    async fn processes_that_start_together_apply_each_once(test: TestDb) {
        let mut handles = Vec::new();
        for _ in 0..4 {
            handles.push(test.reconnect(&Options { pool_max: 2, ..Options::default() }).await);
        }
        let all = handles.iter().map(|db| db.migrate("test", &[ONE, TWO, THREE], NOW));
        let applied = futures_util::future::try_join_all(all).await.unwrap();
        assert_eq!(applied.iter().sum::<usize>(), 3);
        for db in handles {
            db.close().await;
        }
    }
}
