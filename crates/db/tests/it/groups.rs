//! The grouped commits of SQLite.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use db::{Db, DbError, Options, Sql, params};
use test_support::database::{Backend, TestDb, run};

use crate::*;

fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(TestDb) -> F) {
    run(Backend::Sqlite, &[("test", ACCOUNTS)], test);
}

/// Occupies the writer thread until told, so that the writes made meanwhile stand in its queue together.
struct Held {
    release: mpsc::Sender<()>,
    holder: tokio::task::JoinHandle<Result<(), DbError>>,
}

impl Held {
    async fn hold(db: &Db) -> Self {
        let (release, released) = mpsc::channel();
        let (started, has_started) = tokio::sync::oneshot::channel();
        let (released, started) = (Mutex::new(released), Mutex::new(Some(started)));
        let db = db.clone();
        let holder = tokio::spawn(async move {
            db.write(move |_| {
                if let Some(started) = started.lock().unwrap().take() {
                    started.send(()).unwrap();
                }
                released.lock().unwrap().recv().unwrap();
                Box::pin(async { Ok(()) })
            })
            .await
        });
        has_started.await.unwrap();
        Self { release, holder }
    }

    async fn release(self) {
        self.release.send(()).unwrap();
        self.holder.await.unwrap().unwrap();
    }
}

/// Polls each once, which puts it into the queue.
fn queued<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<std::pin::Pin<Box<F>>> {
    let mut queued: Vec<_> = futures.into_iter().map(Box::pin).collect();
    for future in &mut queued {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    queued
}

#[test]
fn waiting_transactions_share_a_commit() {
    on_sqlite(|test| async move {
        let db = test.db();
        let before = db.stats();
        let held = Held::hold(db).await;
        let names: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let writes = queued(names.iter().map(|name| insert(db, name, 1)));
        held.release().await;
        for write in writes {
            assert_eq!(write.await, Ok(1));
        }
        let after = db.stats();
        assert_eq!(after.transactions - before.transactions, 101);
        // The holder and 63 behind it, then the other 37.
        assert_eq!(after.commits - before.commits, 2);
        assert_eq!(count(db).await, 100);
    });
}

#[test]
fn without_grouping_each_has_its_own_commit() {
    on_sqlite(|test| async move {
        let db = test.reconnect(&Options { group_max: 1, ..Options::default() }).await;
        let held = Held::hold(&db).await;
        let names: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        let writes = queued(names.iter().map(|name| insert(&db, name, 1)));
        held.release().await;
        for write in writes {
            assert_eq!(write.await, Ok(1));
        }
        assert_eq!(db.stats().commits, 11);
    });
}

#[test]
fn many_writers_need_fewer_commits_than_transactions() {
    on_sqlite(|test| async move {
        let db = test.db().clone();
        let before = db.stats();
        let tasks: Vec<_> = (0..64)
            .map(|writer| {
                let db = db.clone();
                tokio::spawn(async move {
                    for n in 0..20 {
                        insert(&db, &format!("{writer}-{n}"), 1).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let after = db.stats();
        let (transactions, commits) =
            (after.transactions - before.transactions, after.commits - before.commits);
        assert_eq!(transactions, 1_280);
        assert!(commits * 3 < transactions, "{commits} commits for {transactions} transactions");
        assert_eq!(count(&db).await, 1_280);
    });
}

#[test]
fn one_that_fails_leaves_the_others_of_its_group() {
    on_sqlite(|test| async move {
        let db = test.db();
        let before = db.stats();
        let held = Held::hold(db).await;
        let good = queued([insert(db, "a", 1), insert(db, "b", 1)]);
        let refused = queued([insert(db, "a", 2), insert(db, "c", -1)]);
        let panicking = queued([db.write(|tx| {
            Box::pin(async move {
                tx.execute(&INSERT_ACCOUNT, &params!["d", 1]).await?;
                if tx.dialect() == db::Dialect::Sqlite {
                    panic!("on purpose");
                }
                Ok::<_, DbError>(())
            })
        })]);
        let last = queued([insert(db, "e", 1)]);
        held.release().await;
        for write in good.into_iter().chain(last) {
            assert_eq!(write.await, Ok(1));
        }
        let [twice, negative] = <[_; 2]>::try_from(refused).ok().unwrap();
        assert!(matches!(twice.await, Err(DbError::Unique { .. })));
        assert!(matches!(negative.await, Err(DbError::Check { .. })));
        for write in panicking {
            assert_eq!(write.await, Err(DbError::Panicked));
        }
        assert_eq!(db.stats().commits - before.commits, 1);
        assert_eq!(
            (paise(db, "a").await, paise(db, "b").await, paise(db, "e").await),
            (Some(1), Some(1), Some(1))
        );
        assert_eq!(count(db).await, 3);
    });
}

#[test]
fn a_body_that_awaits_something_else_is_refused() {
    on_sqlite(|test| async move {
        let db = test.db();
        let written: Result<(), DbError> = db
            .write(|tx| {
                Box::pin(async move {
                    tx.execute(&INSERT_ACCOUNT, &params!["a", 1]).await?;
                    tokio::task::yield_now().await;
                    Ok(())
                })
            })
            .await;
        assert_eq!(written, Err(DbError::Suspended));
        let inner = db.clone();
        let nested: Result<u64, DbError> = db
            .write(move |tx| {
                let inner = inner.clone();
                Box::pin(async move {
                    tx.execute(&INSERT_ACCOUNT, &params!["a", 1]).await?;
                    insert(&inner, "b", 1).await
                })
            })
            .await;
        assert_eq!(nested, Err(DbError::Suspended));
        let read: Result<(), DbError> = db
            .read(|_| {
                Box::pin(async {
                    tokio::task::yield_now().await;
                    Ok(())
                })
            })
            .await;
        assert_eq!(read, Err(DbError::Suspended));
        // The nested write was in the queue; its caller has gone.
        assert_eq!(count(db).await, 0);
        assert_eq!(insert(db, "a", 1).await, Ok(1));
    });
}

#[test]
fn a_commit_that_fails_is_told_to_the_whole_group() {
    on_sqlite(|test| async move {
        let db = test.db();
        let deferred = db::Migration {
            version: 1,
            name: "deferred",
            sqlite: "CREATE TABLE late (id INTEGER REFERENCES accounts (id) DEFERRABLE INITIALLY DEFERRED)",
            postgres: "",
        };
        test.migrate("late", &[deferred]).await;
        let before = db.stats();
        let held = Held::hold(db).await;
        // The rule against deferred constraints is for schemas; here one makes the commit itself fail.
        const ORPHAN: Sql = Sql::new("orphan", "INSERT INTO late (id) VALUES (7)");
        let orphan = db.write(|tx| Box::pin(async move { tx.execute(&ORPHAN, &[]).await }));
        let orphan = queued([orphan]);
        let innocent = queued([insert(db, "a", 1)]);
        held.release.send(()).unwrap();
        assert!(held.holder.await.unwrap().is_err());
        for write in innocent {
            assert!(write.await.is_err());
        }
        for write in orphan {
            let refused: Result<u64, DbError> = write.await;
            assert!(refused.is_err());
        }
        assert_eq!(db.stats().commits, before.commits);
        assert_eq!(count(db).await, 0);
        assert_eq!(insert(db, "a", 1).await, Ok(1));
    });
}

/// Whatever SQLite rolls back by itself when there is no room: told and stored agree.
#[test]
fn a_full_disk_makes_nobody_believe_what_is_not_stored() {
    on_sqlite(|test| async move {
        const LIMIT: Sql = Sql::new("limit", "PRAGMA max_page_count=30");
        let db = test.db();
        let limited: Result<i64, DbError> = db
            .write(|tx| Box::pin(async move { tx.query_one(&LIMIT, &[]).await?.get("max_page_count") }))
            .await;
        assert_eq!(limited, Ok(30));
        let held = Held::hold(db).await;
        let (large, names) = ("x".repeat(1_000_000), ["a", "b", "c"]);
        let mut writes = queued([insert(db, "a", 1), insert(db, &large, 1), insert(db, "b", 1)]);
        held.release.send(()).unwrap();
        let _ = held.holder.await.unwrap();
        let last = writes.pop().unwrap().await;
        let full = writes.pop().unwrap().await;
        let first = writes.pop().unwrap().await;
        assert!(matches!(full, Err(DbError::Unavailable(_))), "{full:?}");
        let told = [first, last, insert(db, "c", 1).await];
        for (name, told) in names.into_iter().zip(told) {
            assert_eq!(told.is_ok(), paise(db, name).await.is_some(), "{name}: {told:?}");
        }
        assert_eq!(paise(db, "c").await, Some(1));
    });
}

#[test]
fn what_was_accepted_before_closing_is_finished() {
    on_sqlite(|test| async move {
        let db = test.reconnect(&Options::default()).await;
        let held = Held::hold(&db).await;
        let accepted = queued([insert(&db, "a", 1), insert(&db, "b", 1)]);
        let closing = queued([db.close()]);
        let late = queued([insert(&db, "c", 1)]);
        held.release().await;
        for write in accepted {
            assert_eq!(write.await, Ok(1));
        }
        for close in closing {
            close.await;
        }
        for write in late {
            // In the queue behind the closing, so accepted too.
            assert_eq!(write.await, Ok(1));
        }
        assert_eq!(insert(&db, "d", 1).await, Err(DbError::Closed));
        assert_eq!(count(test.db()).await, 3);
    });
}

#[test]
fn a_caller_who_left_before_its_turn_is_not_served() {
    on_sqlite(|test| async move {
        let db = test.db();
        let before = db.stats();
        let held = Held::hold(db).await;
        drop(queued([insert(db, "a", 1), insert(db, "b", 1)]));
        let stays = queued([insert(db, "c", 1)]);
        held.release().await;
        for write in stays {
            assert_eq!(write.await, Ok(1));
        }
        assert_eq!(db.stats().transactions - before.transactions, 2);
        assert_eq!(count(db).await, 1);
    });
}

#[test]
fn callers_wait_for_a_place_in_a_full_queue() {
    on_sqlite(|test| async move {
        let db = test.reconnect(&Options { queue_max: 2, ..Options::default() }).await;
        let held = Held::hold(&db).await;
        let names: Vec<String> = (0..40).map(|n| n.to_string()).collect();
        let writes = queued(names.iter().map(|name| insert(&db, name, 1)));
        held.release().await;
        let results = futures_util::future::join_all(writes).await;
        assert!(results.iter().all(|result| *result == Ok(1)));
        assert_eq!(count(&db).await, 40);
    });
}

#[test]
fn the_file_is_durable_guarded_and_private() {
    on_sqlite(|test| async move {
        const PRAGMAS: Sql = Sql::new(
            "pragmas",
            "SELECT (SELECT synchronous FROM pragma_synchronous) AS synchronous,
                    (SELECT foreign_keys FROM pragma_foreign_keys) AS foreign_keys,
                    (SELECT trusted_schema FROM pragma_trusted_schema) AS trusted_schema,
                    (SELECT timeout FROM pragma_busy_timeout) AS busy_timeout,
                    (SELECT journal_mode FROM pragma_journal_mode) AS journal_mode",
        );
        let row: Result<db::Row, DbError> =
            test.db().write(|tx| Box::pin(async move { tx.query_one(&PRAGMAS, &[]).await })).await;
        let row = row.unwrap();
        let numbers = ["synchronous", "foreign_keys", "trusted_schema", "busy_timeout"]
            .map(|pragma| row.get::<i64>(pragma).unwrap());
        assert_eq!(numbers, [2, 1, 0, 5_000]);
        assert_eq!(row.get::<String>("journal_mode").unwrap(), "wal");
        #[cfg(unix)]
        for suffix in ["", "-wal", "-shm"] {
            use std::os::unix::fs::PermissionsExt;
            let path = format!("{}{suffix}", test.url().strip_prefix("sqlite:").unwrap());
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path}");
        }
    });
}

/// A panic while a result is dropped for a caller who has gone does not end the thread that everyone writes
/// through.
#[test]
fn the_writer_survives_a_result_that_panics_when_dropped() {
    struct Bomb(Arc<AtomicBool>);
    impl Drop for Bomb {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
            panic!("on purpose");
        }
    }
    on_sqlite(|test| async move {
        let db = test.db();
        let dropped = Arc::new(AtomicBool::new(false));
        let (running, is_running) = tokio::sync::oneshot::channel();
        let (go, gone) = mpsc::channel::<()>();
        let (running, gone) = (Mutex::new(Some(running)), Mutex::new(gone));
        let (writer, flag) = (db.clone(), Arc::clone(&dropped));
        let caller = tokio::spawn(async move {
            let written: Result<Bomb, DbError> = writer
                .write(move |_| {
                    running.lock().unwrap().take().unwrap().send(()).unwrap();
                    gone.lock().unwrap().recv().unwrap();
                    let flag = Arc::clone(&flag);
                    Box::pin(async move { Ok(Bomb(flag)) })
                })
                .await;
            std::mem::forget(written);
        });
        is_running.await.unwrap();
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        go.send(()).unwrap();
        assert_eq!(insert(db, "a", 1).await, Ok(1));
        assert!(dropped.load(Ordering::SeqCst));
    });
}
