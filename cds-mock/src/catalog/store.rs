//! SQL of publications. Every function runs inside the caller's transaction.
//!
//! `stamped_at` is when the publisher made the message that a row is from: what is older never replaces what
//! is newer. What is counted stands in the row of the catalog, which each step locks; nothing here looks at
//! all offers of a catalog but a full publication.

use beckn_wire::code::{ErrorCode, WireError};
use db::{DbError, Sql, Tx, Value, params};
use units::Timestamp;

use super::facts::VERSION;
use super::judge::{Judged, OfferRow, ResourceRow};
use super::limits::{CATALOGS_MAX, ITEMS_MAX};

/// Resources that one publication looks at for those that nothing names.
const TIDIED: i64 = 64;

db::sql! {
    LOCK_CATALOG = "SELECT replaced_at, stamped_at, offers, resources, top_position, tidied_to FROM catalogs
        WHERE publisher = $1 AND catalog_id = $2 {FOR UPDATE}";
    COUNT_CATALOGS = "SELECT COUNT(*) AS n FROM catalogs WHERE publisher = $1";
    UPSERT_CATALOG = "INSERT INTO catalogs
        (publisher, catalog_id, kind, active, valid_until, replaced_at, stamped_at, head)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (publisher, catalog_id) DO UPDATE SET kind = excluded.kind, active = excluded.active,
            valid_until = excluded.valid_until, replaced_at = excluded.replaced_at,
            stamped_at = excluded.stamped_at, head = excluded.head";
    NEXT_REVISION = "UPDATE catalogs SET revision = revision + 1 WHERE publisher = $1 AND catalog_id = $2";
    CLEAR_NETWORKS = "DELETE FROM catalog_networks WHERE publisher = $1 AND catalog_id = $2";
    INSERT_NETWORK = "INSERT INTO catalog_networks (network_id, publisher, catalog_id) VALUES ($1, $2, $3)";
    SET_COUNTS = "UPDATE catalogs SET offers = $3, resources = $4, top_position = $5, tidied_to = $6
        WHERE publisher = $1 AND catalog_id = $2";
    HAS_RESOURCE = "SELECT COUNT(*) AS n FROM catalog_resources
        WHERE publisher = $1 AND catalog_id = $2 AND resource_id = $3";
    UPSERT_RESOURCE = "INSERT INTO catalog_resources
        (publisher, catalog_id, resource_id, source, stamped_at, body) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (publisher, catalog_id, resource_id) DO UPDATE SET source = excluded.source,
            stamped_at = excluded.stamped_at, body = excluded.body
        WHERE catalog_resources.stamped_at <= excluded.stamped_at";
    RESOURCE_FACTS = "SELECT facts FROM catalog_resource_facts
        WHERE publisher = $1 AND catalog_id = $2 AND resource_id = $3 AND version = $4";
    UPSERT_RESOURCE_FACTS = "INSERT INTO catalog_resource_facts
        (publisher, catalog_id, resource_id, version, facts) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (publisher, catalog_id, resource_id) DO UPDATE SET version = excluded.version,
            facts = excluded.facts";
    NAMING_OFFERS = "SELECT o.position FROM catalog_offer_resources l
        JOIN catalog_offers o ON o.publisher = l.publisher AND o.catalog_id = l.catalog_id
            AND o.offer_id = l.offer_id
        WHERE l.publisher = $1 AND l.catalog_id = $2 AND l.resource_id = $3";
    HAS_OFFER = "SELECT COUNT(*) AS n FROM catalog_offers
        WHERE publisher = $1 AND catalog_id = $2 AND offer_id = $3";
    UPSERT_OFFER = "INSERT INTO catalog_offers
        (publisher, catalog_id, offer_id, position, source, stamped_at, listed, shown_until, body)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (publisher, catalog_id, offer_id) DO UPDATE SET source = excluded.source,
            stamped_at = excluded.stamped_at, listed = excluded.listed, shown_until = excluded.shown_until,
            body = excluded.body
        WHERE catalog_offers.stamped_at <= excluded.stamped_at
        RETURNING position";
    UPSERT_OFFER_FACTS = "INSERT INTO catalog_offer_facts
        (publisher, catalog_id, position, version, listed, shown_until, facts)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (publisher, catalog_id, position) DO UPDATE SET version = excluded.version,
            listed = excluded.listed, shown_until = excluded.shown_until, facts = excluded.facts";
    CLEAR_LINKS = "DELETE FROM catalog_offer_resources
        WHERE publisher = $1 AND catalog_id = $2 AND offer_id = $3";
    INSERT_LINK = "INSERT INTO catalog_offer_resources (publisher, catalog_id, offer_id, resource_id)
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    /// What a full publication does not bring and is not newer.
    DROP_REPLACED_OFFERS = "DELETE FROM catalog_offers
        WHERE publisher = $1 AND catalog_id = $2 AND stamped_at <= $3 AND source <> $4 RETURNING position";
    DROP_REPLACED_RESOURCES = "DELETE FROM catalog_resources
        WHERE publisher = $1 AND catalog_id = $2 AND stamped_at <= $3 AND source <> $4";
    DROP_OLD_OFFERS = "DELETE FROM catalog_offers
        WHERE publisher = $1 AND catalog_id = $2 AND shown_until < $3 RETURNING position";
    NEXT_RESOURCES = "SELECT COUNT(*) AS n, MAX(resource_id) AS last FROM (SELECT resource_id
        FROM catalog_resources WHERE publisher = $1 AND catalog_id = $2 AND resource_id > $3
        ORDER BY resource_id LIMIT $4) AS next";
    /// Resources of this part of the catalog, older than a date, that no offer names.
    DROP_LOOSE_RESOURCES = "DELETE FROM catalog_resources
        WHERE publisher = $1 AND catalog_id = $2 AND resource_id > $3 AND resource_id <= $4 AND stamped_at < $5
        AND NOT EXISTS (SELECT 1 FROM catalog_offer_resources l
            WHERE l.publisher = catalog_resources.publisher AND l.catalog_id = catalog_resources.catalog_id
            AND l.resource_id = catalog_resources.resource_id)";
}

/// One publication of one catalog.
#[derive(Clone, Copy, Debug)]
pub(super) struct Publication<'a> {
    pub(super) publisher: &'a str,
    pub(super) catalog_id: &'a str,
    /// Names the message, so that rows of it can be told from others of the same moment.
    pub(super) source: &'a str,
    pub(super) stamped_at: Timestamp,
}

fn stale() -> WireError {
    WireError::new(ErrorCode::NetCatalogStale, "a newer publication has been taken in before this one")
}

/// Locks the catalog and writes what describes it, unless it is older than what is there.
/// The inner error rejects the catalog.
pub(super) async fn put_catalog(
    tx: &mut Tx,
    to: Publication<'_>,
    judged: &Judged,
) -> Result<Result<(), WireError>, DbError> {
    let Publication { publisher, catalog_id, stamped_at, .. } = to;
    let known = tx.query_opt(&LOCK_CATALOG, &params![publisher, catalog_id]).await?;
    let (replaced_at, described_at) = match &known {
        Some(row) => (row.get::<Timestamp>("replaced_at")?, row.get::<Timestamp>("stamped_at")?),
        None => {
            let count: i64 = tx.query_one(&COUNT_CATALOGS, &params![publisher]).await?.get("n")?;
            if count >= CATALOGS_MAX {
                let why = "the publisher has too many catalogs";
                return Ok(Err(
                    WireError::new(ErrorCode::PolNpCapacityExceeded, why).at(judged.path.as_str())
                ));
            }
            (Timestamp::from_micros(0), stamped_at)
        }
    };
    if stamped_at < replaced_at || (judged.full && stamped_at < described_at) {
        return Ok(Err(stale().at(judged.path.as_str())));
    }
    if stamped_at < described_at {
        return Ok(Ok(()));
    }
    let replaced_at = if judged.full { stamped_at } else { replaced_at };
    let fields = params![
        publisher,
        catalog_id,
        judged.kind.as_str(),
        judged.active,
        judged.valid_until,
        replaced_at,
        stamped_at,
        &judged.head
    ];
    tx.execute(&UPSERT_CATALOG, &fields).await?;
    tx.execute(&CLEAR_NETWORKS, &params![publisher, catalog_id]).await?;
    for network in &judged.networks {
        tx.execute(&INSERT_NETWORK, &params![network, publisher, catalog_id]).await?;
    }
    Ok(Ok(()))
}

/// Which of these ids the catalog has no resource for.
pub(super) async fn missing_resources(
    tx: &mut Tx,
    publisher: &str,
    catalog_id: &str,
    ids: impl Iterator<Item = &String>,
) -> Result<std::collections::BTreeSet<String>, DbError> {
    let mut missing = std::collections::BTreeSet::new();
    for id in ids {
        let count: i64 = tx.query_one(&HAS_RESOURCE, &params![publisher, catalog_id, id]).await?.get("n")?;
        if count == 0 {
            missing.insert(id.clone());
        }
    }
    Ok(missing)
}

/// The counters of a catalog that is locked.
struct Counts {
    offers: i64,
    resources: i64,
    top: i64,
    tidied_to: String,
}

impl Counts {
    async fn lock(tx: &mut Tx, to: Publication<'_>) -> Result<Self, DbError> {
        let row = tx.query_one(&LOCK_CATALOG, &params![to.publisher, to.catalog_id]).await?;
        Ok(Self {
            offers: row.get("offers")?,
            resources: row.get("resources")?,
            top: row.get("top_position")?,
            tidied_to: row.get("tidied_to")?,
        })
    }

    async fn save(self, tx: &mut Tx, to: Publication<'_>) -> Result<(), DbError> {
        let Self { offers, resources, top, tidied_to } = self;
        let fields = params![to.publisher, to.catalog_id, offers, resources, top, tidied_to];
        tx.execute(&SET_COUNTS, &fields).await.map(|_| ())
    }
}

/// What a step of a publication did.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken {
    /// Positions of offers of which the index must be told.
    pub(super) touched: Vec<i64>,
    /// What was not taken: overtaken, or one too many.
    pub(super) errors: Vec<WireError>,
}

/// Writes resources; an older one than is there changes nothing. `None` when the catalog is full.
pub(super) async fn put_resources(
    tx: &mut Tx,
    to: Publication<'_>,
    rows: &[ResourceRow],
) -> Result<Option<Taken>, DbError> {
    let Publication { publisher, catalog_id, source, stamped_at } = to;
    let mut counts = Counts::lock(tx, to).await?;
    let mut taken = Taken::default();
    for row in rows {
        let key = params![publisher, catalog_id, &row.id];
        if tx.query_one(&HAS_RESOURCE, &key).await?.get::<i64>("n")? == 0 {
            counts.resources = counts.resources.saturating_add(1);
            if counts.resources > ITEMS_MAX {
                return Ok(None);
            }
        }
        let fields = params![publisher, catalog_id, &row.id, source, stamped_at, &row.body];
        if tx.execute(&UPSERT_RESOURCE, &fields).await? == 0 {
            continue;
        }
        let known = tx.query_opt(&RESOURCE_FACTS, &params![publisher, catalog_id, &row.id, VERSION]).await?;
        let known = known.map(|row| row.get::<String>("facts")).transpose()?;
        if known.as_ref() == Some(&row.facts) {
            continue;
        }
        tx.execute(&UPSERT_RESOURCE_FACTS, &params![publisher, catalog_id, &row.id, VERSION, &row.facts])
            .await?;
        for offer in tx.query(&NAMING_OFFERS, &key).await? {
            taken.touched.push(offer.get("position")?);
        }
    }
    counts.save(tx, to).await?;
    Ok(Some(taken))
}

/// Writes offers.
pub(super) async fn put_offers(
    tx: &mut Tx,
    to: Publication<'_>,
    rows: &[OfferRow],
) -> Result<Taken, DbError> {
    let Publication { publisher, catalog_id, source, stamped_at } = to;
    let mut counts = Counts::lock(tx, to).await?;
    let mut taken = Taken::default();
    for row in rows {
        let new =
            tx.query_one(&HAS_OFFER, &params![publisher, catalog_id, &row.id]).await?.get::<i64>("n")? == 0;
        if new {
            // The index counts positions in 32 bits.
            if counts.offers >= ITEMS_MAX || counts.top >= i64::from(u32::MAX) - 1 {
                let why = "the catalog has too many offers";
                let full = WireError::new(ErrorCode::PolNpCapacityExceeded, why);
                taken.errors.push(full.at(row.path.as_str()));
                continue;
            }
            counts.offers = counts.offers.saturating_add(1);
            counts.top = counts.top.saturating_add(1);
        }
        let (listed, shown_until) = (row.listed, row.shown_until);
        let fields = params![
            publisher,
            catalog_id,
            &row.id,
            counts.top,
            source,
            stamped_at,
            listed,
            shown_until,
            &row.body
        ];
        let Some(written) = tx.query_opt(&UPSERT_OFFER, &fields).await? else {
            taken.errors.push(stale().at(row.path.as_str()));
            continue;
        };
        let position: i64 = written.get("position")?;
        let fields = params![publisher, catalog_id, position, VERSION, listed, shown_until, &row.facts];
        tx.execute(&UPSERT_OFFER_FACTS, &fields).await?;
        taken.touched.push(position);
        tx.execute(&CLEAR_LINKS, &params![publisher, catalog_id, &row.id]).await?;
        for resource in &row.resource_ids {
            tx.execute(&INSERT_LINK, &params![publisher, catalog_id, &row.id, resource]).await?;
        }
    }
    counts.save(tx, to).await?;
    Ok(taken)
}

/// More than one offer of the catalog changes in this transaction.
pub(super) async fn next_revision(tx: &mut Tx, to: Publication<'_>) -> Result<(), DbError> {
    tx.execute(&NEXT_REVISION, &params![to.publisher, to.catalog_id]).await.map(|_| ())
}

/// Drops what a full publication has replaced.
pub(super) async fn drop_replaced(tx: &mut Tx, to: Publication<'_>) -> Result<Taken, DbError> {
    let fields = params![to.publisher, to.catalog_id, to.stamped_at, to.source];
    let mut counts = Counts::lock(tx, to).await?;
    let taken = dropped(tx, &mut counts, &DROP_REPLACED_OFFERS, &fields).await?;
    let resources = tx.execute(&DROP_REPLACED_RESOURCES, &fields).await?;
    counts.resources = less(counts.resources, resources);
    counts.save(tx, to).await?;
    Ok(taken)
}

/// Drops offers that ended before `ended` (market time); and of the next few resources those older than
/// `made` (wire time) without an offer, so that each gets its turn.
pub(super) async fn drop_old(
    tx: &mut Tx,
    to: Publication<'_>,
    ended: Timestamp,
    made: Timestamp,
) -> Result<Taken, DbError> {
    let (publisher, catalog_id) = (to.publisher, to.catalog_id);
    let mut counts = Counts::lock(tx, to).await?;
    let taken = dropped(tx, &mut counts, &DROP_OLD_OFFERS, &params![publisher, catalog_id, ended]).await?;
    let from = std::mem::take(&mut counts.tidied_to);
    let next = tx.query_one(&NEXT_RESOURCES, &params![publisher, catalog_id, &from, TIDIED]).await?;
    if let Some(last) = next.get::<Option<String>>("last")? {
        let fields = params![publisher, catalog_id, &from, &last, made];
        let loose = tx.execute(&DROP_LOOSE_RESOURCES, &fields).await?;
        counts.resources = less(counts.resources, loose);
        if next.get::<i64>("n")? == TIDIED {
            counts.tidied_to = last;
        }
    }
    counts.save(tx, to).await?;
    Ok(taken)
}

async fn dropped(tx: &mut Tx, counts: &mut Counts, sql: &Sql, fields: &[Value]) -> Result<Taken, DbError> {
    let rows = tx.query(sql, fields).await?;
    let touched = rows.iter().map(|row| row.get("position")).collect::<Result<Vec<i64>, _>>()?;
    counts.offers = less(counts.offers, u64::try_from(touched.len()).unwrap_or(u64::MAX));
    Ok(Taken { touched, errors: Vec::new() })
}

fn less(count: i64, dropped: u64) -> i64 {
    count.saturating_sub(i64::try_from(dropped).unwrap_or(i64::MAX)).max(0)
}
