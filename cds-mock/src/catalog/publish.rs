//! Takes judged catalogs in, and tells the publisher what became of them.
//!
//! A catalog is written in one transaction, however large (a message has at most 10 MiB): whoever reads, and a start
//! after a crash, has the old one or the new one. Each step may be repeated: a message that is worked off again leads to
//! the same rows and the same answer. The index is told after the commit, of everything at once; an answer that was
//! being made meanwhile sees by the catalog's revision that it has read of both, and is made anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use beckn_wire::ack::Refusal;
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::json::{Json, Object};
use db::{Db, DbError};
use tokio::sync::Mutex;
use units::{Span, Timestamp};

use super::index::Index;
use super::judge::{Judged, Kind};
use super::limits::{ERRORS_PER_CATALOG_MAX, ERRORS_PER_MESSAGE_MAX};
use super::read;
use super::store::{self, Publication};
use crate::feed::{self, Accepted};

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
    index: Arc<Index>,
    turn: Mutex<()>,
}

impl Publishing {
    pub fn new(db: Db, index: Arc<Index>) -> Self {
        Self { db, index, turn: Mutex::new(()) }
    }

    /// Waits until the index knows of what was committed before.
    pub async fn settled(&self) {
        drop(self.turn.lock().await);
    }

    /// Stores what was not rejected, and adds the errors that only the stored catalogs reveal: resources that
    /// are not there, publications that came too late, catalogs that are full. One transaction for each catalog.
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
        let done = self.at_once(&job).await?;
        if let Some(error) = done.rejected {
            catalog.reject(error);
            return Ok(());
        }
        catalog.rejected = job.refused_whole(&done.errors);
        catalog.errors.extend(done.errors);
        Ok(())
    }

    /// All is written in one transaction, for subscribers too, unless something was refused in it: then they are told
    /// of the rest in a second one, before the message counts as worked off.
    async fn at_once(&self, job: &Arc<Job>) -> Result<Done, DbError> {
        job.accept(&[]).await?;
        let done = job.run(&self.db, |job, tx| Box::pin(job.at_once(tx))).await?;
        self.tell(job, &done).await?;
        if done.rejected.is_none() && !done.errors.is_empty() && !job.refused_whole(&done.errors) {
            let (stamp, catalog) = (job.stamp.clone(), job.catalog.clone());
            let rest = Arc::new(Job { stamp, catalog, accepted: OnceLock::new() });
            rest.accept(&done.errors).await?;
            rest.run(&self.db, |job, tx| Box::pin(job.record(tx))).await?;
        }
        Ok(done)
    }

    /// Brings the index to what was committed.
    async fn tell(&self, job: &Job, done: &Done) -> Result<(), DbError> {
        let name = Arc::new((job.stamp.publisher.clone(), job.catalog.catalog_id.clone()));
        read::refresh(&self.db, &self.index, &name, done.touched.clone(), job.stamp.market_now).await
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

    /// Everything.
    async fn at_once(&self, tx: &mut db::Tx) -> Result<Done, DbError> {
        let mut all = self.describe(tx).await?;
        if all.rejected.is_none() {
            all.add(self.resources(tx).await?);
        }
        if all.rejected.is_none() {
            all.add(store::put_offers(tx, self.to(), &self.catalog.offers).await?.into());
            if all.errors.is_empty() {
                self.record(tx).await?;
            }
            all.add(self.tidy(tx).await?);
            if self.changes_much() {
                store::next_revision(tx, self.to()).await?;
            }
        }
        Ok(all)
    }

    async fn describe(&self, tx: &mut db::Tx) -> Result<Done, DbError> {
        let rejected = store::put_catalog(tx, self.to(), &self.catalog).await?.err();
        Ok(Done { rejected, ..Done::default() })
    }

    /// More than one offer may change, so that an answer could show one of before and one of after.
    fn changes_much(&self) -> bool {
        self.catalog.full || self.catalog.offers.len() != 1 || self.catalog.resources.len() > 1
    }

    async fn resources(&self, tx: &mut db::Tx) -> Result<Done, DbError> {
        Ok(match store::put_resources(tx, self.to(), &self.catalog.resources).await? {
            Some(taken) => taken.into(),
            None => {
                let why = "the catalog has too many resources";
                let error = WireError::new(ErrorCode::PolNpCapacityExceeded, why);
                Done { rejected: Some(error.at(self.catalog.path.as_str())), ..Done::default() }
            }
        })
    }

    /// Every offer was refused, and there were some.
    fn refused_whole(&self, errors: &[WireError]) -> bool {
        !errors.is_empty() && errors.len() == self.catalog.offers.len()
    }

    /// For subscribers; once, however often the message is worked off.
    async fn record(&self, tx: &mut db::Tx) -> Result<(), DbError> {
        match self.accepted.get() {
            Some(accepted) => feed::record(tx, accepted).await,
            None => Ok(()),
        }
    }

    async fn tidy(&self, tx: &mut db::Tx) -> Result<Done, DbError> {
        let mut done = Done::default();
        if self.catalog.full {
            done.add(store::drop_replaced(tx, self.to()).await?.into());
        }
        if self.catalog.kind == Kind::Master {
            return Ok(done);
        }
        let Stamp { market_now, wire_now, .. } = self.stamp;
        let (ended, made) = (market_now.saturating_sub(KEEP), wire_now.saturating_sub(KEEP));
        done.add(store::drop_old(tx, self.to(), ended, made).await?.into());
        Ok(done)
    }
}

/// What became of a step, or of all.
#[derive(Clone, Debug, Default)]
struct Done {
    /// Why the whole catalog is not taken.
    rejected: Option<WireError>,
    errors: Vec<WireError>,
    /// Positions of which the index must be told.
    touched: Vec<i64>,
}

impl Done {
    fn add(&mut self, step: Self) {
        self.rejected = self.rejected.take().or(step.rejected);
        self.errors.extend(step.errors);
        self.touched.extend(step.touched);
    }
}

impl From<store::Taken> for Done {
    fn from(store::Taken { touched, errors }: store::Taken) -> Self {
        Self { rejected: None, errors, touched }
    }
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
