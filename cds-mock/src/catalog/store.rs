//! SQL of the catalogs. Every function runs inside the caller's transaction.
//!
//! `stamped_at` is when the publisher made the message that a row is from: what is older never replaces what
//! is newer.

use beckn_wire::code::{ErrorCode, WireError};
use db::{DbError, Tx, params};
use units::Timestamp;

use super::judge::{Judged, OfferRow, ResourceRow};
use super::limits::{CATALOGS_MAX, ITEMS_MAX};

db::sql! {
    LOCK_CATALOG = "SELECT replaced_at, stamped_at FROM catalogs
        WHERE publisher = $1 AND catalog_id = $2 {FOR UPDATE}";
    COUNT_CATALOGS = "SELECT COUNT(*) AS n FROM catalogs WHERE publisher = $1";
    UPSERT_CATALOG = "INSERT INTO catalogs
        (publisher, catalog_id, kind, active, valid_until, replaced_at, stamped_at, head)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (publisher, catalog_id) DO UPDATE SET kind = excluded.kind, active = excluded.active,
            valid_until = excluded.valid_until, replaced_at = excluded.replaced_at,
            stamped_at = excluded.stamped_at, head = excluded.head";
    CLEAR_NETWORKS = "DELETE FROM catalog_networks WHERE publisher = $1 AND catalog_id = $2";
    INSERT_NETWORK = "INSERT INTO catalog_networks (network_id, publisher, catalog_id) VALUES ($1, $2, $3)";
    COUNT_RESOURCES = "SELECT COUNT(*) AS n FROM catalog_resources WHERE publisher = $1 AND catalog_id = $2";
    HAS_RESOURCE = "SELECT COUNT(*) AS n FROM catalog_resources
        WHERE publisher = $1 AND catalog_id = $2 AND resource_id = $3";
    UPSERT_RESOURCE = "INSERT INTO catalog_resources
        (publisher, catalog_id, resource_id, source, stamped_at, body) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (publisher, catalog_id, resource_id) DO UPDATE SET source = excluded.source,
            stamped_at = excluded.stamped_at, body = excluded.body
        WHERE catalog_resources.stamped_at <= excluded.stamped_at";
    COUNT_OFFERS = "SELECT COUNT(*) AS n, COALESCE(MAX(position), 0) AS top FROM catalog_offers
        WHERE publisher = $1 AND catalog_id = $2";
    UPSERT_OFFER = "INSERT INTO catalog_offers
        (publisher, catalog_id, offer_id, position, source, stamped_at, listed, shown_until, body)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (publisher, catalog_id, offer_id) DO UPDATE SET source = excluded.source,
            stamped_at = excluded.stamped_at, listed = excluded.listed, shown_until = excluded.shown_until,
            body = excluded.body
        WHERE catalog_offers.stamped_at <= excluded.stamped_at";
    CLEAR_LINKS = "DELETE FROM catalog_offer_resources
        WHERE publisher = $1 AND catalog_id = $2 AND offer_id = $3";
    INSERT_LINK = "INSERT INTO catalog_offer_resources (publisher, catalog_id, offer_id, resource_id)
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    /// What a full publication does not bring and is not newer.
    DROP_REPLACED_OFFERS = "DELETE FROM catalog_offers
        WHERE publisher = $1 AND catalog_id = $2 AND stamped_at <= $3 AND source <> $4";
    DROP_REPLACED_RESOURCES = "DELETE FROM catalog_resources
        WHERE publisher = $1 AND catalog_id = $2 AND stamped_at <= $3 AND source <> $4";
    DROP_OLD_OFFERS = "DELETE FROM catalog_offers
        WHERE publisher = $1 AND catalog_id = $2 AND shown_until < $3";
    /// Resources older than a date that no offer names.
    DROP_LOOSE_RESOURCES = "DELETE FROM catalog_resources
        WHERE publisher = $1 AND catalog_id = $2 AND stamped_at < $3
        AND NOT EXISTS (SELECT 1 FROM catalog_offer_resources l
            WHERE l.publisher = catalog_resources.publisher AND l.catalog_id = catalog_resources.catalog_id
            AND l.resource_id = catalog_resources.resource_id)";
    VISIBLE = "SELECT c.publisher, c.catalog_id FROM catalog_networks n
        JOIN catalogs c ON c.publisher = n.publisher AND c.catalog_id = n.catalog_id
        WHERE n.network_id = $1 AND c.active = 1 AND c.kind = 'REGULAR'
            AND (c.valid_until IS NULL OR c.valid_until > $2) AND EXISTS (SELECT 1 FROM catalog_offers o
            WHERE o.publisher = c.publisher AND o.catalog_id = c.catalog_id
            AND o.listed = 1 AND o.shown_until > $2)";
    HEAD = "SELECT head FROM catalogs WHERE publisher = $1 AND catalog_id = $2";
    SHOWN_OFFERS = "SELECT offer_id, position, body FROM catalog_offers
        WHERE publisher = $1 AND catalog_id = $2
        AND listed = 1 AND shown_until > $3 AND position > $4 ORDER BY position LIMIT $5";
    NAMED_RESOURCES = "SELECT r.resource_id, r.body FROM catalog_offer_resources l
        JOIN catalog_resources r ON r.publisher = l.publisher AND r.catalog_id = l.catalog_id
            AND r.resource_id = l.resource_id
        WHERE l.publisher = $1 AND l.catalog_id = $2 AND l.offer_id = $3";
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

/// Writes resources; an older one than is there changes nothing. False when the catalog is full.
pub(super) async fn put_resources(
    tx: &mut Tx,
    to: Publication<'_>,
    rows: &[ResourceRow],
) -> Result<bool, DbError> {
    let Publication { publisher, catalog_id, source, stamped_at } = to;
    let count: i64 = tx.query_one(&COUNT_RESOURCES, &params![publisher, catalog_id]).await?.get("n")?;
    if count.saturating_add(i64::try_from(rows.len()).unwrap_or(i64::MAX)) > ITEMS_MAX {
        return Ok(false);
    }
    for row in rows {
        let fields = params![publisher, catalog_id, &row.id, source, stamped_at, &row.body];
        tx.execute(&UPSERT_RESOURCE, &fields).await?;
    }
    Ok(true)
}

/// Writes offers and gives the errors of those that were not taken: overtaken, or one too many.
pub(super) async fn put_offers(
    tx: &mut Tx,
    to: Publication<'_>,
    rows: &[OfferRow],
) -> Result<Vec<WireError>, DbError> {
    let Publication { publisher, catalog_id, source, stamped_at } = to;
    let counts = tx.query_one(&COUNT_OFFERS, &params![publisher, catalog_id]).await?;
    let (count, mut top): (i64, i64) = (counts.get("n")?, counts.get("top")?);
    if count.saturating_add(i64::try_from(rows.len()).unwrap_or(i64::MAX)) > ITEMS_MAX {
        let full = |row: &OfferRow| {
            let why = "the catalog has too many offers";
            WireError::new(ErrorCode::PolNpCapacityExceeded, why).at(row.path.as_str())
        };
        return Ok(rows.iter().map(full).collect());
    }
    let mut errors = Vec::new();
    for row in rows {
        top = top.saturating_add(1);
        let (listed, shown_until) = (row.listed, row.shown_until);
        let fields =
            params![publisher, catalog_id, &row.id, top, source, stamped_at, listed, shown_until, &row.body];
        if tx.execute(&UPSERT_OFFER, &fields).await? == 0 {
            errors.push(stale().at(row.path.as_str()));
            continue;
        }
        tx.execute(&CLEAR_LINKS, &params![publisher, catalog_id, &row.id]).await?;
        for resource in &row.resource_ids {
            tx.execute(&INSERT_LINK, &params![publisher, catalog_id, &row.id, resource]).await?;
        }
    }
    Ok(errors)
}

/// Drops what a full publication has replaced.
pub(super) async fn drop_replaced(tx: &mut Tx, to: Publication<'_>) -> Result<(), DbError> {
    let fields = params![to.publisher, to.catalog_id, to.stamped_at, to.source];
    tx.execute(&DROP_REPLACED_OFFERS, &fields).await?;
    tx.execute(&DROP_REPLACED_RESOURCES, &fields).await.map(|_| ())
}

/// Drops offers that ended before `ended` (market time), and resources older than `made` (wire time) without
/// an offer.
pub(super) async fn drop_old(
    tx: &mut Tx,
    to: Publication<'_>,
    ended: Timestamp,
    made: Timestamp,
) -> Result<(), DbError> {
    tx.execute(&DROP_OLD_OFFERS, &params![to.publisher, to.catalog_id, ended]).await?;
    tx.execute(&DROP_LOOSE_RESOURCES, &params![to.publisher, to.catalog_id, made]).await.map(|_| ())
}

/// A catalog in which something is on offer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VisibleCatalog {
    pub publisher: String,
    pub catalog_id: String,
}

/// The catalogs that members of this network see at `now` (market time), in no order.
///
/// # Errors
/// Those of the database.
pub async fn visible(tx: &mut Tx, network: &str, now: Timestamp) -> Result<Vec<VisibleCatalog>, DbError> {
    let rows = tx.query(&VISIBLE, &params![network, now]).await?;
    rows.iter()
        .map(|row| {
            Ok(VisibleCatalog { publisher: row.get("publisher")?, catalog_id: row.get("catalog_id")? })
        })
        .collect()
}

/// An offer as it was published.
#[derive(Clone, Debug)]
pub struct StoredOffer {
    pub position: i64,
    pub body: Vec<u8>,
}

/// A part of a catalog, read in one snapshot.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    pub head: Vec<u8>,
    pub offers: Vec<StoredOffer>,
    /// The resources that these offers name, each once.
    pub resources: std::collections::BTreeMap<String, Vec<u8>>,
}

/// The offers shown at `now` behind a position, at most `limit`, in the order in which they were first
/// published.
///
/// # Errors
/// Those of the database.
pub async fn chunk(
    tx: &mut Tx,
    of: &VisibleCatalog,
    now: Timestamp,
    behind: i64,
    limit: i64,
) -> Result<Chunk, DbError> {
    let (publisher, catalog_id) = (&of.publisher, &of.catalog_id);
    let Some(head) = tx.query_opt(&HEAD, &params![publisher, catalog_id]).await? else {
        return Ok(Chunk::default());
    };
    let mut chunk = Chunk { head: head.get("head")?, ..Chunk::default() };
    for row in tx.query(&SHOWN_OFFERS, &params![publisher, catalog_id, now, behind, limit]).await? {
        let offer_id: String = row.get("offer_id")?;
        for resource in tx.query(&NAMED_RESOURCES, &params![publisher, catalog_id, offer_id]).await? {
            chunk.resources.insert(resource.get("resource_id")?, resource.get("body")?);
        }
        chunk.offers.push(StoredOffer { position: row.get("position")?, body: row.get("body")? });
    }
    Ok(chunk)
}
