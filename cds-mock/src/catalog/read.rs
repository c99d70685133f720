//! Reads of the stored catalogs: candidates for an answer, and everything for the index.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use beckn_wire::json::Json;
use db::{Db, DbError, Row, Sql, Tx, Value, params};
use units::Timestamp;

use super::facts::{Facts, VERSION};
use super::index::{CatalogFacts, Index, Put};

/// Rows that one read of a start takes.
const PAGE: i64 = 2_000;
/// Bodies whose facts are made anew in one transaction; offers that one read puts into the index.
const PART: usize = 256;

db::sql! {
    CATALOGS = "SELECT publisher, catalog_id, kind, active, valid_until, revision, head FROM catalogs
        WHERE (publisher = $1 AND catalog_id > $2) OR publisher > $1 ORDER BY publisher, catalog_id LIMIT $3";
    CATALOG = "SELECT publisher, catalog_id, kind, active, valid_until, revision, head FROM catalogs
        WHERE publisher = $1 AND catalog_id = $2";
    NETWORKS = "SELECT network_id FROM catalog_networks WHERE publisher = $1 AND catalog_id = $2
        ORDER BY network_id";
    RESOURCE_FACTS_FROM = "SELECT resource_id, facts FROM catalog_resource_facts
        WHERE publisher = $1 AND catalog_id = $2 AND resource_id > $3 ORDER BY resource_id LIMIT $4";
    OFFER_FACTS_FROM = "SELECT position, listed, shown_until, facts FROM catalog_offer_facts
        WHERE publisher = $1 AND catalog_id = $2 AND position > $3 ORDER BY position LIMIT $4";
    OFFER_FACTS_AT = "SELECT position, listed, shown_until, facts FROM catalog_offer_facts
        WHERE publisher = $1 AND catalog_id = $2 AND position = $3";
    RESOURCE_FACTS_OF = "SELECT facts FROM catalog_resource_facts
        WHERE publisher = $1 AND catalog_id = $2 AND resource_id = $3";
    OFFERS_WITHOUT_FACTS = "SELECT o.publisher, o.catalog_id, o.position, o.listed, o.shown_until, o.body
        FROM catalog_offers o LEFT JOIN catalog_offer_facts f ON f.publisher = o.publisher
            AND f.catalog_id = o.catalog_id AND f.position = o.position AND f.version = $1
        WHERE f.position IS NULL LIMIT $2";
    RESOURCES_WITHOUT_FACTS = "SELECT r.publisher, r.catalog_id, r.resource_id, r.body
        FROM catalog_resources r LEFT JOIN catalog_resource_facts f ON f.publisher = r.publisher
            AND f.catalog_id = r.catalog_id AND f.resource_id = r.resource_id AND f.version = $1
        WHERE f.resource_id IS NULL LIMIT $2";
    PUT_OFFER_FACTS = "INSERT INTO catalog_offer_facts
        (publisher, catalog_id, position, version, listed, shown_until, facts)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (publisher, catalog_id, position) DO UPDATE SET version = excluded.version,
            listed = excluded.listed, shown_until = excluded.shown_until, facts = excluded.facts";
    PUT_RESOURCE_FACTS = "INSERT INTO catalog_resource_facts
        (publisher, catalog_id, resource_id, version, facts) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (publisher, catalog_id, resource_id) DO UPDATE SET version = excluded.version,
            facts = excluded.facts";
    HEAD = "SELECT head, revision FROM catalogs WHERE publisher = $1 AND catalog_id = $2";
    SHOWN_OFFER = "SELECT offer_id, body FROM catalog_offers
        WHERE publisher = $1 AND catalog_id = $2 AND position = $3 AND listed = 1 AND shown_until > $4";
    NAMED_RESOURCES = "SELECT r.resource_id, r.body FROM catalog_offer_resources l
        JOIN catalog_resources r ON r.publisher = l.publisher AND r.catalog_id = l.catalog_id
            AND r.resource_id = l.resource_id
        WHERE l.publisher = $1 AND l.catalog_id = $2 AND l.offer_id = $3";
}

/// A part of a catalog, read in one snapshot.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    /// Of the catalog, as it was read.
    pub revision: i64,
    pub head: Vec<u8>,
    /// Offers as they were published.
    pub offers: Vec<Vec<u8>>,
    /// The resources that these offers name, each once.
    pub resources: BTreeMap<String, Vec<u8>>,
}

/// Those of the offers at these positions that are shown at `now` (market time).
///
/// # Errors
/// Those of the database.
pub async fn chunk(
    tx: &mut Tx,
    publisher: &str,
    catalog_id: &str,
    positions: &[i64],
    now: Timestamp,
) -> Result<Chunk, DbError> {
    let Some(head) = tx.query_opt(&HEAD, &params![publisher, catalog_id]).await? else {
        return Ok(Chunk::default());
    };
    let mut chunk = Chunk { head: head.get("head")?, revision: head.get("revision")?, ..Chunk::default() };
    for position in positions {
        let key = params![publisher, catalog_id, *position, now];
        let Some(row) = tx.query_opt(&SHOWN_OFFER, &key).await? else { continue };
        let offer_id: String = row.get("offer_id")?;
        for resource in tx.query(&NAMED_RESOURCES, &params![publisher, catalog_id, offer_id]).await? {
            chunk.resources.insert(resource.get("resource_id")?, resource.get("body")?);
        }
        chunk.offers.push(row.get("body")?);
    }
    Ok(chunk)
}

/// A catalog by its publisher and its id.
type Name = (String, String);

/// Brings the index to where the database is, for one catalog and these positions in it: several reads, one change of
/// the index.
/// `now` is market time.
///
/// # Errors
/// Those of the database; the whole may be repeated.
pub(super) async fn refresh(
    db: &Db,
    index: &Index,
    name: &Arc<Name>,
    mut positions: Vec<i64>,
    now: Timestamp,
) -> Result<(), DbError> {
    positions.sort_unstable();
    positions.dedup();
    let catalog = Arc::clone(name);
    let described = db.read(move |tx| {
        let name = Arc::clone(&catalog);
        Box::pin(async move {
            match tx.query_opt(&CATALOG, &params![&name.0, &name.1]).await? {
                Some(row) => Ok::<_, DbError>(Some(described(tx, &row).await?.1)),
                None => Ok(None),
            }
        })
    });
    let Some(facts) = described.await? else { return Ok(()) };
    let mut all = Vec::with_capacity(positions.len());
    for part in positions.chunks(PART) {
        let work = Arc::new((Arc::clone(name), part.to_vec()));
        let puts = db.read(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move { puts(tx, &work.0, &work.1).await })
        });
        all.extend(puts.await?);
    }
    index.renew(&name.0, &name.1, facts, &all, now);
    Ok(())
}

async fn puts(tx: &mut Tx, (publisher, catalog_id): &Name, positions: &[i64]) -> Result<Vec<Put>, DbError> {
    let mut puts = Vec::with_capacity(positions.len());
    for position in positions {
        let row = tx.query_opt(&OFFER_FACTS_AT, &params![publisher, catalog_id, *position]).await?;
        let mut put = Put { position: *position, offer: None };
        if let Some((mut facts, shown_until)) = row.as_ref().map(listed).transpose()?.flatten() {
            for id in std::mem::take(&mut facts.resources) {
                let key = params![publisher, catalog_id, id];
                if let Some(row) = tx.query_opt(&RESOURCE_FACTS_OF, &key).await? {
                    facts.include(&read(&row)?);
                }
            }
            put.offer = Some((facts, shown_until));
        }
        puts.push(put);
    }
    Ok(puts)
}

/// The facts of an offer that is listed, and until when it is shown.
fn listed(row: &Row) -> Result<Option<(Facts, Timestamp)>, DbError> {
    if !row.get::<bool>("listed")? {
        return Ok(None);
    }
    Ok(Some((read(row)?, row.get("shown_until")?)))
}

/// Facts that cannot be read say everything: the body decides.
fn read(row: &Row) -> Result<Facts, DbError> {
    Ok(Facts::from_text(&row.get::<String>("facts")?).unwrap_or_else(|_| Facts::anything()))
}

/// The name of a catalog, and what the index is told of it.
async fn described(tx: &mut Tx, row: &Row) -> Result<(Name, CatalogFacts), DbError> {
    let name: Name = (row.get("publisher")?, row.get("catalog_id")?);
    let networks = tx.query(&NETWORKS, &params![&name.0, &name.1]).await?;
    let head = Json::parse(&row.get::<Vec<u8>>("head")?).unwrap_or(Json::Null);
    let facts = CatalogFacts {
        networks: networks.iter().map(|row| row.get("network_id")).collect::<Result<_, _>>()?,
        shown: row.get::<bool>("active")? && row.get::<String>("kind")? == "REGULAR",
        valid_until: row.get("valid_until")?,
        revision: row.get("revision")?,
        provider_id: head.at(&["provider", "id"]).and_then(Json::as_str).map(str::to_owned),
        facts: Facts::of_head(&head),
    };
    Ok((name, facts))
}

/// Makes the index of everything that is stored. What ended before `now` (market time) stays out.
///
/// # Errors
/// Those of the database.
pub async fn load(db: &Db, now: Timestamp) -> Result<Index, DbError> {
    heal(db).await?;
    let index = Index::default();
    let mut after: Name = Default::default();
    loop {
        let key = Arc::new(after.clone());
        let catalogs = db.read(move |tx| {
            let key = Arc::clone(&key);
            Box::pin(async move {
                let mut found = Vec::new();
                for row in tx.query(&CATALOGS, &params![&key.0, &key.1, PAGE]).await? {
                    found.push(described(tx, &row).await?);
                }
                Ok::<_, DbError>(found)
            })
        });
        let catalogs = catalogs.await?;
        let Some((last, _)) = catalogs.last() else { break };
        after = last.clone();
        for (name, facts) in catalogs {
            index.describe(&name.0, &name.1, facts);
            load_offers(db, &index, Arc::new(name), now).await?;
        }
    }
    index.compact();
    Ok(index)
}

async fn load_offers(db: &Db, index: &Index, name: Arc<Name>, now: Timestamp) -> Result<(), DbError> {
    let mut resources = HashMap::new();
    let mut last = String::new();
    loop {
        let key = Arc::new((Arc::clone(&name), last.clone()));
        let rows = db.read(move |tx| {
            let key = Arc::clone(&key);
            let (name, last) = (Arc::clone(&key.0), key.1.clone());
            Box::pin(
                async move { tx.query(&RESOURCE_FACTS_FROM, &params![&name.0, &name.1, last, PAGE]).await },
            )
        });
        let rows = rows.await?;
        for row in &rows {
            last = row.get("resource_id")?;
            resources.insert(last.clone(), read(row)?);
        }
        if rows.is_empty() {
            break;
        }
    }
    let mut behind = 0_i64;
    loop {
        let key = Arc::clone(&name);
        let rows = db.read(move |tx| {
            let name = Arc::clone(&key);
            Box::pin(
                async move { tx.query(&OFFER_FACTS_FROM, &params![&name.0, &name.1, behind, PAGE]).await },
            )
        });
        let rows = rows.await?;
        let mut puts = Vec::with_capacity(rows.len());
        for row in &rows {
            behind = row.get("position")?;
            if let Some((mut facts, shown_until)) = listed(row)?.filter(|(_, until)| *until > now) {
                for id in std::mem::take(&mut facts.resources) {
                    if let Some(resource) = resources.get(&id) {
                        facts.include(resource);
                    }
                }
                puts.push(Put { position: behind, offer: Some((facts, shown_until)) });
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        index.put(&name.0, &name.1, &puts, now);
    }
}

/// Makes the facts that are missing or of another version from the bodies.
async fn heal(db: &Db) -> Result<(), DbError> {
    let limit = i64::try_from(PART).unwrap_or(i64::MAX);
    let without = |sql: &'static Sql| {
        db.read(move |tx| Box::pin(async move { tx.query(sql, &params![VERSION, limit]).await }))
    };
    loop {
        let mut made = Vec::new();
        for row in without(&OFFERS_WITHOUT_FACTS).await? {
            let facts = anew(&row, Facts::of_offer)?;
            let (publisher, catalog): (String, String) = (row.get("publisher")?, row.get("catalog_id")?);
            let (position, until): (i64, Timestamp) = (row.get("position")?, row.get("shown_until")?);
            let listed: bool = row.get("listed")?;
            made.push(params![publisher, catalog, position, VERSION, listed, until, facts].to_vec());
        }
        if made.is_empty() {
            break;
        }
        write_all(db, &PUT_OFFER_FACTS, made).await?;
    }
    loop {
        let mut made = Vec::new();
        for row in without(&RESOURCES_WITHOUT_FACTS).await? {
            let facts = anew(&row, Facts::of_resource)?;
            let (publisher, catalog): (String, String) = (row.get("publisher")?, row.get("catalog_id")?);
            made.push(
                params![publisher, catalog, row.get::<String>("resource_id")?, VERSION, facts].to_vec(),
            );
        }
        if made.is_empty() {
            return Ok(());
        }
        write_all(db, &PUT_RESOURCE_FACTS, made).await?;
    }
}

fn anew(row: &Row, make: fn(&Json) -> Facts) -> Result<String, DbError> {
    let body = Json::parse(&row.get::<Vec<u8>>("body")?).unwrap_or(Json::Null);
    make(&body).to_text().map_err(|error| DbError::Other(error.to_string()))
}

async fn write_all(db: &Db, sql: &'static Sql, rows: Vec<Vec<Value>>) -> Result<(), DbError> {
    let rows = Arc::new(rows);
    db.write(move |tx| {
        let rows = Arc::clone(&rows);
        Box::pin(async move {
            for row in rows.iter() {
                tx.execute(sql, row).await?;
            }
            Ok(())
        })
    })
    .await
}
