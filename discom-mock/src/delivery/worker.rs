//! The loop that looks for days with something to do. Any number of processes may run it: each day is worked
//! off from what is stored, and what another one did is found done.

use std::time::Duration;

use db::DbError;
use tokio_util::sync::CancellationToken;

use super::service::Tools;
use super::store;

/// Days that one round looks at.
const DAYS: i64 = 64;

/// How often it is looked, in real time.
pub const POLL: Duration = Duration::from_millis(250);

impl Tools {
    /// One round: works off every day that is due now. Gives how many cells were written.
    ///
    /// # Errors
    /// The database's.
    pub async fn tick(&self) -> Result<usize, DbError> {
        let now = self.clocks.market.now();
        let days = self.db.read(move |tx| Box::pin(async move { store::due_days(tx, now, DAYS).await }));
        let mut written = 0_usize;
        for due in days.await? {
            match self.run(&due).await {
                Ok(cells) => written = written.saturating_add(cells),
                Err(error) => tracing::warn!(%error, ledger = due.ledger_id, "a delivery day waits"),
            }
        }
        if written > 0 {
            self.node.wake();
        }
        Ok(written)
    }

    /// Rounds until `cancel`.
    pub async fn work(&self, cancel: CancellationToken) {
        loop {
            if let Err(error) = self.tick().await {
                tracing::warn!(%error, "the delivery days cannot be read");
            }
            if tokio::time::timeout(POLL, cancel.cancelled()).await.is_ok() {
                return;
            }
        }
    }
}
