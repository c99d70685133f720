//! Reads are snapshots, and change nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use db::{Db, DbError, Sql, params};
use test_support::both_databases;
use test_support::database::TestDb;

use crate::*;

both_databases! {
    migrations = [("test", ACCOUNTS)];

    async fn a_read_cannot_write_or_lock(db: Db) {
        insert(&db, "a", 1).await.unwrap();
        let written: Result<u64, DbError> =
            db.read(|tx| Box::pin(async move { tx.execute(&INSERT_ACCOUNT, &params!["b", 1]).await })).await;
        assert_eq!(written, Err(DbError::ReadOnly));
        let locked: Result<(), DbError> =
            db.read(|tx| Box::pin(async { tx.query(&LOCK_ACCOUNT, &params!["a"]).await.map(drop) })).await;
        assert_eq!(locked, Err(DbError::ReadOnly));
        assert_eq!(count(&db).await, 1);
    }

    async fn a_read_sees_one_snapshot(db: Db) {
        insert(&db, "a", 1).await.unwrap();
        let writer = db.clone();
        let seen: Result<(i64, i64), DbError> = db
            .read(move |tx| {
                let writer = writer.clone();
                Box::pin(async move {
                    let before = count_in(tx).await?;
                    // Another thread commits in the middle of this read, which does not await it.
                    let runtime = tokio::runtime::Handle::current();
                    let other = std::thread::spawn(move || runtime.block_on(insert(&writer, "b", 1)));
                    other.join().unwrap()?;
                    Ok((before, count_in(tx).await?))
                })
            })
            .await;
        assert_eq!(seen, Ok((1, 1)));
        assert_eq!(count(&db).await, 2);
    }

    async fn a_read_sees_what_was_acknowledged(db: Db) {
        for n in 1..=50 {
            insert(&db, &n.to_string(), 1).await.unwrap();
            assert_eq!(count(&db).await, n);
        }
    }

    async fn a_panicking_read_harms_no_later_one(db: Db) {
        let panicked: Result<(), DbError> = db
            .read(|tx| {
                Box::pin(async move {
                    count_in(tx).await?;
                    panic!("on purpose")
                })
            })
            .await;
        assert_eq!(panicked, Err(DbError::Panicked));
        assert_eq!(count(&db).await, 0);
    }

    async fn reads_run_beside_one_another_and_beside_writes(test: TestDb) {
        let db = test.db().clone();
        insert(&db, "a", 1).await.unwrap();
        let done = Arc::new(AtomicU32::new(0));
        let tasks: Vec<_> = (0..16)
            .map(|n| {
                let (db, done) = (db.clone(), Arc::clone(&done));
                tokio::spawn(async move {
                    for k in 0..20 {
                        assert!(count(&db).await >= 1);
                        if k % 10 == 0 {
                            insert(&db, &format!("{n}-{k}"), 1).await.unwrap();
                        }
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(done.load(Ordering::SeqCst), 320);
        assert_eq!(count(&db).await, 1 + 32);
    }
}

/// The reader's connection itself refuses, whatever a statement switches.
#[test]
fn a_reader_of_sqlite_cannot_make_itself_a_writer() {
    test_support::database::run(
        test_support::database::Backend::Sqlite,
        &[("test", ACCOUNTS)],
        |db: Db| async move {
            const SWITCH: Sql = Sql::new("switch", "PRAGMA query_only=OFF");
            let written: Result<u64, DbError> = db
                .read(|tx| {
                    Box::pin(async move {
                        tx.query(&SWITCH, &[]).await?;
                        tx.execute(&INSERT_ACCOUNT, &params!["a", 1]).await
                    })
                })
                .await;
            assert_eq!(written, Err(DbError::ReadOnly));
        },
    );
}
