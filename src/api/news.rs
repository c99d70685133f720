//! Tells everyone who waits in this process that something happened: one look at the event log for all of them.
//!
//! Other processes write the same log, so the database is asked, not a channel between the writers.

use std::time::Duration;

use db::{Db, DbError};
use futures_util::FutureExt;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::events;

/// How often the log is looked at while somebody waits.
const EVERY: Duration = Duration::from_millis(50);
/// A transaction that commits late has a number below the newest: so often one looks without being told.
const AT_LEAST: Duration = Duration::from_secs(1);

/// The newest sequence number, watched.
pub struct News {
    newest: watch::Sender<i64>,
    wanted: Notify,
}

/// One who waits for news.
pub struct Waiting(watch::Receiver<i64>);

impl News {
    pub fn new() -> Self {
        Self { newest: watch::Sender::new(0), wanted: Notify::new() }
    }

    /// Look first, then wait: what happens between the two is not missed.
    pub fn subscribe(&self) -> Waiting {
        let waiting = Waiting(self.newest.subscribe());
        self.wanted.notify_one();
        waiting
    }

    /// Watches the log until `stop`.
    pub async fn run(&self, db: &Db, stop: &CancellationToken) {
        loop {
            if self.newest.receiver_count() == 0 {
                tokio::select! {
                    () = self.wanted.notified() => {}
                    () = stop.cancelled() => return,
                }
            }
            let newest: Result<i64, DbError> = db.read(|tx| events::last_seq(tx).boxed()).await;
            match newest {
                Ok(seq) => {
                    self.newest.send_if_modified(|known| std::mem::replace(known, seq) != seq);
                }
                Err(error) => tracing::warn!(%error, "the event log cannot be read"),
            }
            tokio::select! {
                () = node::pause(EVERY) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

impl Waiting {
    /// Until there may be something new.
    pub async fn news(&mut self) {
        tokio::select! {
            _ = self.0.changed() => {}
            () = node::pause(AT_LEAST) => {}
        }
    }
}
