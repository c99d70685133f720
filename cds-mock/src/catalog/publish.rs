//! Takes judged catalogs in, and tells the publisher what became of them.
//!
//! A catalog is written in several short transactions, so that a large one holds up nobody else's. Each step
//! may be repeated: a message that is worked off again after a crash leads to the same rows and the same
//! answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use beckn_wire::ack::Refusal;
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::json::{Json, Object};
use db::{Db, DbError};
use tokio::sync::Mutex;
use units::{Span, Timestamp};

use super::judge::{Judged, Kind};
use super::limits::{ERRORS_PER_CATALOG_MAX, ERRORS_PER_MESSAGE_MAX};
use super::store::{self, Publication};
use crate::feed::{self, Accepted};

/// Rows written in one transaction.
const ROWS_PER_TRANSACTION: usize = 256;
/// An offer is kept so long after its end, and a resource so long without an offer.
const KEEP: Span = Span::from_hours(24 * 7);

/// Where and when a message was made and received.
#[derive(Clone, Debug)]
pub struct Stamp {
    pub publisher: String,
    /// Names the message.
    pub source: String,
    /// When the publisher made it; never after we received it.
    pub made_at: Timestamp,
    pub wire_now: Timestamp,
    pub market_now: Timestamp,
    /// The message's `resourceDirectives` by catalog id, for those who are told of it.
    pub resource_directives: BTreeMap<String, Vec<u8>>,
}

/// Writes catalogs, one message at a time.
pub struct Publishing {
    db: Db,
    turn: Mutex<()>,
}

impl Publishing {
    pub fn new(db: Db) -> Self {
        Self { db, turn: Mutex::new(()) }
    }

    /// Stores what was not rejected, and adds the errors that only the stored catalogs reveal: resources that
    /// are not there, publications that came too late, catalogs that are full. Several transactions.
    ///
    /// # Errors
    /// Those of the database; what was written stays, and the whole may be repeated.
    pub async fn take(&self, judged: &mut [Judged], stamp: &Stamp) -> Result<(), DbError> {
        let _turn = self.turn.lock().await;
        for catalog in judged.iter_mut().filter(|catalog| !catalog.rejected) {
            self.take_one(catalog, stamp).await?;
        }
        Ok(())
    }

    async fn take_one(&self, catalog: &mut Judged, stamp: &Stamp) -> Result<(), DbError> {
        let missing = self.missing(catalog, stamp).await?;
        catalog.leave_out(&missing);
        if catalog.rejected {
            return Ok(());
        }
        let accepted = OnceLock::new();
        let job = Arc::new(Job { stamp: stamp.clone(), catalog: catalog.clone(), accepted });
        if let Err(error) = job.run(&self.db, |job, tx| Box::pin(job.describe(tx))).await? {
            catalog.reject(error);
            return Ok(());
        }
        for start in (0..job.catalog.resources.len()).step_by(ROWS_PER_TRANSACTION) {
            let taken = job.run(&self.db, move |job, tx| Box::pin(job.resources(tx, start))).await?;
            if !taken {
                let why = "the catalog has too many resources";
                catalog
                    .reject(WireError::new(ErrorCode::PolNpCapacityExceeded, why).at(catalog.path.as_str()));
                return Ok(());
            }
        }
        let mut refused = Vec::new();
        for start in (0..job.catalog.offers.len()).step_by(ROWS_PER_TRANSACTION) {
            let errors = job.run(&self.db, move |job, tx| Box::pin(job.offers(tx, start))).await?;
            refused.extend(errors);
        }
        catalog.rejected = !refused.is_empty() && refused.len() == job.catalog.offers.len();
        if !catalog.rejected {
            job.accept(&refused).await?;
        }
        catalog.errors.extend(refused);
        job.run(&self.db, |job, tx| Box::pin(job.tidy(tx))).await
    }

    /// The resources that offers name, and neither the message nor the stored catalog has.
    async fn missing(&self, catalog: &Judged, stamp: &Stamp) -> Result<BTreeSet<String>, DbError> {
        let wanted = catalog.unresolved();
        if wanted.is_empty() || catalog.full {
            return Ok(wanted);
        }
        let key = Arc::new((stamp.publisher.clone(), catalog.catalog_id.clone(), wanted));
        self.db
            .read(move |tx| {
                let key = Arc::clone(&key);
                Box::pin(async move { store::missing_resources(tx, &key.0, &key.1, key.2.iter()).await })
            })
            .await
    }
}

/// What the transactions of one catalog share.
struct Job {
    stamp: Stamp,
    catalog: Judged,
    /// What is recorded in the last transaction, for subscribers.
    accepted: OnceLock<Accepted>,
}

impl Job {
    async fn accept(self: &Arc<Self>, refused: &[WireError]) -> Result<(), DbError> {
        let (job, refused) = (Arc::clone(self), refused.to_vec());
        let put_together = tokio::task::spawn_blocking(move || {
            job.accepted.get_or_init(|| Accepted::of(&job.catalog, &refused, &job.stamp));
        });
        put_together.await.map_err(|_| DbError::Closed)
    }

    async fn run<T, F>(self: &Arc<Self>, db: &Db, step: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t Self, &'t mut db::Tx) -> db::TxFuture<'t, Result<T, DbError>>
            + Copy
            + Send
            + Sync
            + 'static,
    {
        let job = Arc::clone(self);
        db.write(move |tx| {
            let job = Arc::clone(&job);
            Box::pin(async move { step(&job, tx).await })
        })
        .await
    }

    fn to(&self) -> Publication<'_> {
        Publication {
            publisher: &self.stamp.publisher,
            catalog_id: &self.catalog.catalog_id,
            source: &self.stamp.source,
            stamped_at: self.stamp.made_at,
        }
    }

    async fn describe(&self, tx: &mut db::Tx) -> Result<Result<(), WireError>, DbError> {
        store::put_catalog(tx, self.to(), &self.catalog).await
    }

    async fn resources(&self, tx: &mut db::Tx, start: usize) -> Result<bool, DbError> {
        store::put_resources(tx, self.to(), part(&self.catalog.resources, start)).await
    }

    async fn offers(&self, tx: &mut db::Tx, start: usize) -> Result<Vec<WireError>, DbError> {
        store::put_offers(tx, self.to(), part(&self.catalog.offers, start)).await
    }

    async fn tidy(&self, tx: &mut db::Tx) -> Result<(), DbError> {
        if let Some(accepted) = self.accepted.get() {
            feed::record(tx, accepted).await?;
        }
        if self.catalog.full {
            store::drop_replaced(tx, self.to()).await?;
        }
        if self.catalog.kind == Kind::Master {
            return Ok(());
        }
        let Stamp { market_now, wire_now, .. } = self.stamp;
        store::drop_old(tx, self.to(), market_now.saturating_sub(KEEP), wire_now.saturating_sub(KEEP)).await
    }
}

fn part<T>(rows: &[T], start: usize) -> &[T] {
    let end = start.saturating_add(ROWS_PER_TRANSACTION).min(rows.len());
    rows.get(start..end).unwrap_or_default()
}

/// The message of `catalog/on_publish`: one result for each catalog. Of very many errors only the first are
/// told.
pub fn results_message(judged: &[Judged]) -> Json {
    let mut room = ERRORS_PER_MESSAGE_MAX;
    let results = judged.iter().map(|catalog| {
        let told = catalog.errors.len().min(ERRORS_PER_CATALOG_MAX).min(room);
        room = room.saturating_sub(told);
        let mut result = Object::new();
        result.set("catalogId", catalog.catalog_id.as_str());
        result.set("status", catalog.status());
        if told > 0 {
            let errors = catalog.errors.iter().take(told).map(|error| Refusal::from(error).to_json());
            result.set("errors", Json::array(errors));
        }
        let items = if catalog.rejected { 0 } else { catalog.resources.len() };
        let providers = i64::from(!catalog.rejected);
        let items = i64::try_from(items).unwrap_or(i64::MAX);
        result.set("stats", Json::object([("itemCount", items), ("providerCount", providers)].map(count)));
        Json::Object(result)
    });
    Json::object([("results", Json::array(results))])
}

fn count((name, value): (&'static str, i64)) -> (&'static str, Json) {
    (name, Json::from(value))
}
