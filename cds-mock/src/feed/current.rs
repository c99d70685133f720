//! Catalogs as they are now, for whoever fetches them: what may be seen, and the text of each.
//!
//! Shown is what `discover` shows: catalogs of the asking side's networks that have not expired, offers that are
//! listed, can still be traded, and are meant for who asks. A withdrawn catalog is shown without anything in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use beckn_wire::json::Json;
use db::{Db, DbError, params};
use units::Timestamp;

use super::sink::{Full, Sink};
use super::store;
use crate::discover::{Viewer, may_see};

/// Rows that are read at a time.
const CHUNK: i64 = 64;
/// Catalogs that one question looks through.
const CATALOGS_MAX: i64 = 100_000;

db::sql! {
    /// Types are unknown for what was published before there was a feed.
    IN_NETWORK = "SELECT c.publisher, c.catalog_id, c.active, COALESCE(f.types, '') AS types
        FROM catalog_networks n JOIN catalogs c ON c.publisher = n.publisher AND c.catalog_id = n.catalog_id
        LEFT JOIN feed_catalogs f ON f.publisher = c.publisher AND f.catalog_id = c.catalog_id
        WHERE n.network_id = $1 AND ($2 = '' OR c.kind = $2)
            AND (c.valid_until IS NULL OR c.valid_until > $3) ORDER BY c.publisher, c.catalog_id LIMIT $4";
    HEAD = "SELECT head FROM catalogs WHERE publisher = $1 AND catalog_id = $2";
    RESOURCES = "SELECT resource_id, body FROM catalog_resources
        WHERE publisher = $1 AND catalog_id = $2 AND resource_id > $3 ORDER BY resource_id LIMIT $4";
    OFFERS = "SELECT position, body FROM catalog_offers WHERE publisher = $1 AND catalog_id = $2
        AND listed = 1 AND shown_until > $3 AND position > $4 ORDER BY position LIMIT $5";
    /// A resource of a master catalog, by its id alone.
    MASTER_RESOURCE = "SELECT c.head, r.body FROM catalog_resources r
        JOIN catalogs c ON c.publisher = r.publisher AND c.catalog_id = r.catalog_id
        JOIN catalog_networks n ON n.publisher = c.publisher AND n.catalog_id = c.catalog_id
        WHERE r.resource_id = $1 AND n.network_id = $2 AND c.kind = 'MASTER' AND c.active = 1
            AND (c.valid_until IS NULL OR c.valid_until > $3) ORDER BY c.publisher, c.catalog_id LIMIT 1";
}

/// A catalog that may be seen.
#[derive(Clone, Debug)]
pub(super) struct Current {
    pub(super) publisher: String,
    pub(super) catalog_id: String,
    pub(super) active: bool,
    pub(super) types: BTreeSet<String>,
}

/// The catalogs of these networks at `now` (market time), each once, in a stable order; `kind` is empty for both.
pub(super) async fn catalogs(
    db: &Db,
    networks: &BTreeSet<String>,
    kind: &'static str,
    now: Timestamp,
) -> Result<Vec<Current>, DbError> {
    let networks = networks.clone();
    let read = db.read(move |tx| {
        let networks = networks.clone();
        Box::pin(async move {
            let mut found = BTreeMap::new();
            for network in &networks {
                for row in tx.query(&IN_NETWORK, &params![network, kind, now, CATALOGS_MAX]).await? {
                    let (publisher, catalog_id): (String, String) =
                        (row.get("publisher")?, row.get("catalog_id")?);
                    let (active, types) = (row.get("active")?, store::texts(&row, "types")?);
                    let key = (publisher.clone(), catalog_id.clone());
                    found.insert(key, Current { publisher, catalog_id, active, types });
                }
            }
            Ok::<_, DbError>(found)
        })
    });
    Ok(read.await?.into_values().collect())
}

/// Why a catalog was not written whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cut {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Full(#[from] Full),
}

/// Writes one catalog. Several read transactions; a catalog that is gone meanwhile is left out. When the sink is full
/// in the midst of it, the catalog is open: see [`cut`].
pub(super) async fn write(
    db: &Db,
    sink: &mut Sink,
    catalog: &Current,
    viewer: &Viewer,
    now: Timestamp,
) -> Result<(), Cut> {
    let key = Arc::new((catalog.publisher.clone(), catalog.catalog_id.clone()));
    let own = Arc::clone(&key);
    let head = db.read(move |tx| {
        let key = Arc::clone(&own);
        Box::pin(async move { tx.query_opt(&HEAD, &params![&key.0, &key.1]).await })
    });
    let Some(head) = head.await? else { return Ok(()) };
    sink.open(&head.get::<Vec<u8>>("head")?)?;
    if !catalog.active {
        sink.turn();
        sink.end();
        return Ok(());
    }
    let mut behind = String::new();
    loop {
        let (own, from) = (Arc::clone(&key), behind.clone());
        let rows = db.read(move |tx| {
            let (key, from) = (Arc::clone(&own), from.clone());
            Box::pin(async move { tx.query(&RESOURCES, &params![&key.0, &key.1, from, CHUNK]).await })
        });
        let rows = rows.await?;
        let Some(last) = rows.last() else { break };
        behind = last.get("resource_id")?;
        for row in &rows {
            sink.item(&row.get::<Vec<u8>>("body")?)?;
        }
    }
    sink.turn();
    let mut behind = 0_i64;
    loop {
        let own = Arc::clone(&key);
        let rows = db.read(move |tx| {
            let key = Arc::clone(&own);
            Box::pin(async move { tx.query(&OFFERS, &params![&key.0, &key.1, now, behind, CHUNK]).await })
        });
        let rows = rows.await?;
        let Some(last) = rows.last() else { break };
        behind = last.get("position")?;
        for row in &rows {
            let body: Vec<u8> = row.get("body")?;
            if seen(&body, viewer) {
                sink.item(&body)?;
            }
        }
        // Packing is work, and other requests wait for this thread.
        tokio::task::yield_now().await;
    }
    sink.end();
    Ok(())
}

/// The member's name stands in the text of every offer that has it.
fn seen(body: &[u8], viewer: &Viewer) -> bool {
    const NAME: &[u8] = b"availableTo";
    let named = body.windows(NAME.len()).any(|part| part == NAME);
    // A name may be written with escapes.
    if !named && !body.contains(&b'\\') {
        return true;
    }
    Json::parse(body).is_ok_and(|offer| may_see(&offer, viewer))
}

/// The catalog of one resource of a master catalog in one of these networks.
pub(super) async fn master_resource(
    db: &Db,
    networks: &BTreeSet<String>,
    id: &str,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, DbError> {
    let key = Arc::new((networks.clone(), id.to_owned()));
    let read = db.read(move |tx| {
        let key = Arc::clone(&key);
        Box::pin(async move {
            for network in &key.0 {
                if let Some(row) = tx.query_opt(&MASTER_RESOURCE, &params![&key.1, network, now]).await? {
                    return Ok(Some((row.get::<Vec<u8>>("head")?, row.get::<Vec<u8>>("body")?)));
                }
            }
            Ok::<_, DbError>(None)
        })
    });
    Ok(read.await?.map(|(head, body)| {
        let head = head.strip_suffix(b"}").unwrap_or(&head);
        [head, b",\"resources\":[", &body, b"],\"offers\":[]}"].concat()
    }))
}
