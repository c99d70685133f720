//! What a write transaction promises.

use std::sync::Arc;

use db::{Db, DbError, Options, params};
use test_support::both_databases;
use test_support::database::TestDb;

use crate::*;

async fn add_one(db: &Db) -> Result<(), DbError> {
    db.write(|tx| {
        Box::pin(async move {
            let paise: i64 = tx.query_one(&LOCK_ACCOUNT, &params!["hot"]).await?.get("paise")?;
            tx.execute(&SET_PAISE, &params!["hot", paise + 1]).await.map(drop)
        })
    })
    .await
}

both_databases! {
    migrations = [("test", ACCOUNTS)];

    async fn no_update_is_lost_among_32_concurrent_ones(db: Db) {
        insert(&db, "hot", 0).await.unwrap();
        let tasks: Vec<_> = (0..32)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move {
                    for _ in 0..5 {
                        add_one(&db).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(paise(&db, "hot").await, Some(160));
    }

    async fn a_refused_body_leaves_nothing(db: Db) {
        let refused: Result<(), DomainError> = db
            .write(|tx| {
                Box::pin(async move {
                    tx.execute(&INSERT_ACCOUNT, &params!["a", 1]).await?;
                    assert_eq!(count_in(tx).await?, 1);
                    Err(DomainError::Refused)
                })
            })
            .await;
        assert_eq!(refused, Err(DomainError::Refused));
        assert_eq!(count(&db).await, 0);
    }

    async fn a_panicking_body_is_an_error_and_leaves_nothing(db: Db) {
        let panicked: Result<(), DbError> = db
            .write(|tx| {
                Box::pin(async move {
                    tx.execute(&INSERT_ACCOUNT, &params!["a", 1]).await?;
                    panic!("on purpose")
                })
            })
            .await;
        assert_eq!(panicked, Err(DbError::Panicked));
        let panicked: Result<(), DbError> = db.write(|_| panic!("on purpose, before the first poll")).await;
        assert_eq!(panicked, Err(DbError::Panicked));
        assert_eq!(count(&db).await, 0);
        assert_eq!(insert(&db, "b", 1).await, Ok(1));
    }

    async fn a_swallowed_failure_is_not_a_success(db: Db) {
        insert(&db, "a", 1).await.unwrap();
        let swallowed: Result<(), DbError> = db
            .write(|tx| {
                Box::pin(async move {
                    tx.execute(&INSERT_ACCOUNT, &params!["b", 1]).await?;
                    let twice = tx.execute(&INSERT_ACCOUNT, &params!["a", 1]).await;
                    assert!(matches!(twice, Err(DbError::Unique { .. })), "{twice:?}");
                    assert_eq!(tx.execute(&INSERT_ACCOUNT, &params!["c", 1]).await, Err(DbError::Aborted));
                    Ok(())
                })
            })
            .await;
        assert_eq!(swallowed, Err(DbError::Aborted));
        assert_eq!(count(&db).await, 1);
    }

    async fn a_conflict_that_does_nothing_leaves_the_transaction_whole(db: Db) {
        insert(&db, "a", 1).await.unwrap();
        let changed: Result<(u64, u64), DbError> = db
            .write(|tx| {
                Box::pin(async move {
                    let first = tx.execute(&OFFER_ACCOUNT, &params!["a", 2]).await?;
                    Ok((first, tx.execute(&OFFER_ACCOUNT, &params!["b", 2]).await?))
                })
            })
            .await;
        assert_eq!(changed, Ok((0, 1)));
        assert_eq!((paise(&db, "a").await, paise(&db, "b").await), (Some(1), Some(2)));
    }

    async fn row_counts_are_exact(db: Db) {
        insert(&db, "a", 1).await.unwrap();
        insert(&db, "b", 1).await.unwrap();
        let outcomes: Result<_, DbError> = db
            .write(|tx| {
                Box::pin(async move {
                    const ALL: db::Sql = db::Sql::new("all", "UPDATE accounts SET paise = $1");
                    assert_eq!(tx.execute(&ALL, &params![5]).await?, 2);
                    assert_eq!(tx.execute(&SET_PAISE, &params!["absent", 5]).await?, 0);
                    let absent = tx.query_one(&FIND_ACCOUNT, &params!["absent"]).await.map(drop);
                    Ok((absent, tx.query_opt(&LIST_ACCOUNTS, &[]).await.map(drop)))
                })
            })
            .await;
        let (absent, several) = outcomes.unwrap();
        assert_eq!(absent, Err(DbError::NotFound { statement: FIND_ACCOUNT.name() }));
        assert_eq!(several, Err(DbError::TooManyRows { statement: LIST_ACCOUNTS.name() }));
    }

    async fn lock_tokens_run(db: Db) {
        insert(&db, "a", 7).await.unwrap();
        let claimed: Result<(String, i64), DbError> = db
            .write(|tx| {
                Box::pin(async move {
                    let id: String = tx.query_one(&CLAIM_ACCOUNT, &[]).await?.get("id")?;
                    let paise = tx.query_one(&LOCK_ACCOUNT, &params![&id]).await?.get("paise")?;
                    Ok((id, paise))
                })
            })
            .await;
        assert_eq!(claimed, Ok(("a".to_owned(), 7)));
    }

    async fn what_was_wrong_before_the_database_was_asked_harms_nothing(db: Db) {
        let whole: Result<_, DbError> = db
            .write(|tx| {
                Box::pin(async move {
                    let few = tx.execute(&INSERT_ACCOUNT, &params!["a"]).await;
                    let nul = tx.execute(&INSERT_ACCOUNT, &params!["a\0b", 1]).await;
                    tx.execute(&INSERT_ACCOUNT, &params!["a", 1]).await?;
                    Ok((few, nul))
                })
            })
            .await;
        let statement = INSERT_ACCOUNT.name();
        let (few, nul) = whole.unwrap();
        assert_eq!(few, Err(DbError::Parameters { statement, expected: 2, given: 1 }));
        assert_eq!(nul, Err(DbError::NulInText { statement }));
        assert_eq!(count(&db).await, 1);
    }

    async fn a_closed_database_says_so(test: TestDb) {
        let db = test.reconnect(&Options::default()).await;
        db.ping().await.unwrap();
        db.close().await;
        assert_eq!(insert(&db, "a", 1).await, Err(DbError::Closed));
        assert_eq!(db.ping().await, Err(DbError::Closed));
        db.close().await;
        assert_eq!(count(test.db()).await, 0);
    }

    async fn bodies_are_counted(db: Db) {
        let before = db.stats();
        insert(&db, "a", 1).await.unwrap();
        insert(&db, "a", 1).await.unwrap_err();
        insert(&db, "b", 1).await.unwrap();
        let after = db.stats();
        assert_eq!(after.transactions - before.transactions, 3);
        assert!(after.longest_body.micros() > 0);
    }
}

/// Only what is behind `{FOR UPDATE SKIP LOCKED}` can tell two workers apart on PostgreSQL.
#[test]
fn two_workers_of_postgres_claim_different_rows() {
    test_support::database::run(
        test_support::database::Backend::Postgres,
        &[("test", ACCOUNTS)],
        |db: Db| async move {
            insert(&db, "a", 1).await.unwrap();
            insert(&db, "b", 1).await.unwrap();
            let both_have_claimed = Arc::new(tokio::sync::Barrier::new(2));
            let claim = || {
                let barrier = Arc::clone(&both_have_claimed);
                db.write(move |tx| {
                    let barrier = Arc::clone(&barrier);
                    Box::pin(async move {
                        let id: String = tx.query_one(&CLAIM_ACCOUNT, &[]).await?.get("id")?;
                        barrier.wait().await;
                        Ok::<_, DbError>(id)
                    })
                })
            };
            let (one, other) = tokio::join!(claim(), claim());
            let mut claimed = [one.unwrap(), other.unwrap()];
            claimed.sort();
            assert_eq!(claimed, ["a", "b"]);
        },
    );
}

#[tokio::test]
async fn unknown_databases_are_refused() {
    for url in
        ["", "wattmandi.db", "mysql://localhost/x", "sqlite::memory:", "sqlite:", "sqlite:a.db?mode=memory"]
    {
        let refused = Db::connect(url, &Options::default()).await.map(drop);
        assert!(matches!(refused, Err(DbError::Url(_))), "{url}: {refused:?}");
    }
    let absent = Db::connect("sqlite:/nonexistent/folder/a.db", &Options::default()).await.map(drop);
    assert!(matches!(absent, Err(DbError::Unavailable(_))), "{absent:?}");
}
