//! PostgreSQL: transactions that meet one another are run again, and sessions that the server ended are
//! replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use db::{Db, DbError, Sql, params};
use test_support::database::{Backend, TestDb, run};
use tokio::sync::Barrier;

use crate::*;

fn on_postgres<P: test_support::database::FromTestDb, F: Future<Output = ()>>(test: impl FnOnce(P) -> F) {
    run(Backend::Postgres, &[("test", ACCOUNTS)], test);
}

const SERIALIZATION_FAILURE: Sql =
    Sql::new("raise", "DO $body$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '40001'; END $body$");

/// A transaction that the server refuses the first `failures` times; the number of its runs.
async fn failing(db: &Db, failures: u32, swallow: bool) -> (Result<u64, DomainError>, u32) {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let result = db
        .write(move |tx| {
            let run = counted.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move {
                let inserted = tx.execute(&INSERT_ACCOUNT, &params!["a", i64::from(run)]).await?;
                if run < failures {
                    let failed = tx.execute(&SERIALIZATION_FAILURE, &[]).await;
                    // What the body makes of the error does not matter.
                    if swallow {
                        return Err(DomainError::Refused);
                    }
                    failed?;
                }
                Ok(inserted)
            })
        })
        .await;
    (result, runs.load(Ordering::SeqCst))
}

#[test]
fn a_serialization_failure_is_retried_five_times() {
    on_postgres(|db: Db| async move {
        assert_eq!(failing(&db, 6, false).await, (Err(DomainError::Db(DbError::Serialization)), 6));
        assert_eq!(count(&db).await, 0);
        assert_eq!(failing(&db, 5, false).await, (Ok(1), 6));
        assert_eq!(paise(&db, "a").await, Some(5));
    });
}

#[test]
fn a_domain_error_does_not_hide_a_serialization_failure() {
    on_postgres(|db: Db| async move {
        assert_eq!(failing(&db, 2, true).await, (Ok(1), 3));
    });
}

#[test]
fn other_errors_are_not_retried() {
    on_postgres(|db: Db| async move {
        insert(&db, "a", 1).await.unwrap();
        let (result, runs) = failing(&db, 0, false).await;
        assert!(matches!(result, Err(DomainError::Db(DbError::Unique { .. }))), "{result:?}");
        assert_eq!(runs, 1);
    });
}

#[test]
fn of_two_in_a_deadlock_both_succeed() {
    on_postgres(|db: Db| async move {
        insert(&db, "a", 0).await.unwrap();
        insert(&db, "b", 0).await.unwrap();
        let each_holds_one = Arc::new(Barrier::new(2));
        let runs = Arc::new(AtomicU32::new(0));
        let transfer = |first: &'static str, second: &'static str| {
            let (barrier, runs) = (Arc::clone(&each_holds_one), Arc::clone(&runs));
            let mine = AtomicU32::new(0);
            db.write(move |tx| {
                runs.fetch_add(1, Ordering::SeqCst);
                let barrier = (mine.fetch_add(1, Ordering::SeqCst) == 0).then(|| Arc::clone(&barrier));
                Box::pin(async move {
                    let one: i64 = tx.query_one(&LOCK_ACCOUNT, &params![first]).await?.get("paise")?;
                    if let Some(barrier) = barrier {
                        barrier.wait().await;
                    }
                    let other: i64 = tx.query_one(&LOCK_ACCOUNT, &params![second]).await?.get("paise")?;
                    tx.execute(&SET_PAISE, &params![first, one + 1]).await?;
                    tx.execute(&SET_PAISE, &params![second, other + 1]).await?;
                    Ok::<_, DbError>(())
                })
            })
        };
        let (one, other) = tokio::join!(transfer("a", "b"), transfer("b", "a"));
        assert_eq!((one, other), (Ok(()), Ok(())));
        // One of them at least was the victim and ran again; on a busy machine the second run may meet the other's.
        assert!(runs.load(Ordering::SeqCst) >= 3);
        assert_eq!((paise(&db, "a").await, paise(&db, "b").await), (Some(2), Some(2)));
    });
}

#[test]
fn sessions_that_the_server_ended_are_replaced_unseen() {
    on_postgres(|test: TestDb| async move {
        let name = format!("ended_{}", std::process::id());
        let url = format!("{}&application_name={name}", test.url());
        let db = Db::connect(&url, &db::Options { pool_max: 4, ..db::Options::default() }).await.unwrap();
        let all_hold_one = Arc::new(Barrier::new(4));
        let reads = (0..4).map(|_| {
            let barrier = Arc::clone(&all_hold_one);
            db.read(move |tx| {
                let barrier = Arc::clone(&barrier);
                Box::pin(async move {
                    barrier.wait().await;
                    count_in(tx).await
                })
            })
        });
        futures_util::future::try_join_all(reads).await.unwrap();
        const END: Sql = Sql::new(
            "end",
            "SELECT COUNT(pg_terminate_backend(pid, 5000)) AS ended FROM pg_stat_activity
             WHERE application_name = $1",
        );
        let ended: Result<i64, DbError> = test
            .db()
            .write(move |tx| {
                let name = name.clone();
                Box::pin(async move { tx.query_one(&END, &params![name]).await?.get("ended") })
            })
            .await;
        assert_eq!(ended, Ok(4));
        assert_eq!(insert(&db, "a", 1).await, Ok(1));
        assert_eq!(count(&db).await, 1);
        db.close().await;
    });
}

#[test]
fn a_caller_who_leaves_takes_the_transaction_along() {
    on_postgres(|db: Db| async move {
        let inserted = Arc::new(Barrier::new(2));
        let (writer, signal) = (db.clone(), Arc::clone(&inserted));
        let caller = tokio::spawn(async move {
            writer
                .write(move |tx| {
                    let signal = Arc::clone(&signal);
                    Box::pin(async move {
                        tx.execute(&INSERT_ACCOUNT, &params!["a", 1]).await?;
                        signal.wait().await;
                        std::future::pending::<Result<(), DbError>>().await
                    })
                })
                .await
        });
        inserted.wait().await;
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        // Waits for the row's lock, so it also proves that the transaction has ended.
        assert_eq!(insert(&db, "a", 2).await, Ok(1));
        assert_eq!(paise(&db, "a").await, Some(2));
    });
}
