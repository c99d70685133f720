//! Runs a query: candidates from the index, their bodies from the database in the order of the answer,
//! judged, and put on pages until there is no more room.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use beckn_wire::json::Json;
use db::{Db, DbError};
use serde_json::Value;
use units::{Span, Timestamp};

use super::filter::evaluable;
use super::intent::Query;
use super::open::{has_begun, keep_open_hours};
use super::pages::{Pages, Piece};
use crate::catalog::{self, Chunk, Group, Index, Watcher};

/// Offers that are read and judged at a time. A filter that asks about a catalog as a whole sees these of it.
const CHUNK: usize = 64;

/// Who looks.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub id: String,
    /// Role in the registry.
    pub kind: String,
    /// The message's network, or all of the viewer's where it names none.
    pub networks: Vec<String>,
}

impl Watcher for Viewer {
    fn may_see(&self, audience: &str) -> bool {
        Json::parse_text(audience).is_ok_and(|list| hears(list.as_array().unwrap_or_default(), self))
    }
}

/// An answer.
#[derive(Debug)]
pub struct Found {
    /// The messages of `on_discover`.
    pub pages: Vec<Json>,
    /// Each catalog in it is as it was at one moment. Otherwise a publication came in between: it may show one offer of
    /// before and another of after.
    pub whole: bool,
}

/// The moment of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Slots, gates and ends go by it.
    pub market: Timestamp,
    /// Where the market clock is behind it, an offer that has begun by the publisher's clock has begun.
    pub wire: Timestamp,
}

impl Now {
    fn latest(self) -> Timestamp {
        self.market.max(self.wire)
    }
}

/// The messages of `on_discover` that answer the query. Several read transactions;
/// the filter is evaluated between them, off the async threads.
///
/// # Errors
/// Those of the database, and [`DbError::Closed`] when the process is stopping.
pub async fn search(
    db: &Db,
    index: &Arc<Index>,
    query: Arc<Query>,
    viewer: Viewer,
    now: Now,
) -> Result<Found, DbError> {
    let (epoch, mut whole) = (index.epoch(), true);
    let end = |pages: Pages, whole: bool| {
        Ok(Found { pages: pages.finish(), whole: whole && index.epoch() == epoch })
    };
    let viewer = Arc::new(viewer);
    let stopping = |_| DbError::Closed;
    let opened = {
        let (index, watcher) = (Arc::clone(index), Arc::clone(&viewer));
        let wanted = query.wanted(&viewer.networks);
        tokio::task::spawn_blocking(move || index.open(wanted, watcher, now.market))
    };
    let mut cursor = opened.await.map_err(stopping)?;
    let mut pages = Pages::default();
    let mut numbers = BTreeMap::new();
    loop {
        let (source, alone) = (Arc::clone(index), query.by_catalog());
        let looked = tokio::task::spawn_blocking(move || {
            let batch = source.next(&mut cursor, CHUNK, alone);
            (cursor, batch)
        });
        let batch;
        (cursor, batch) = looked.await.map_err(stopping)?;
        for group in batch.groups {
            let next = numbers.len();
            let name = (Arc::clone(&group.publisher), Arc::clone(&group.catalog_id));
            let number = *numbers.entry(name).or_insert(next);
            let (gate, revision) = (group.gate, group.revision);
            let chunk = read(db, group, now.market).await?;
            whole &= chunk.revision == revision;
            let (query, viewer) = (Arc::clone(&query), Arc::clone(&viewer));
            let judged = tokio::task::spawn_blocking(move || {
                let room = show(&mut pages, number, &chunk, &query, &viewer, (now, gate));
                (pages, room)
            });
            let room;
            (pages, room) = judged.await.map_err(stopping)?;
            if !room {
                tracing::warn!("an answer to discover was cut: it would have had too many pages");
                return end(pages, whole);
            }
        }
        if batch.last {
            return end(pages, whole);
        }
    }
}

async fn read(db: &Db, group: Group, now: Timestamp) -> Result<Chunk, DbError> {
    let group = Arc::new(group);
    db.read(move |tx| {
        let group = Arc::clone(&group);
        Box::pin(async move {
            catalog::chunk(tx, &group.publisher, &group.catalog_id, &group.positions, now).await
        })
    })
    .await
}

/// Adds to the pages what of this part the viewer may see and the query selects. False when there is no more
/// room. Beside now: so long before its start a slot closes.
fn show(
    pages: &mut Pages,
    number: usize,
    chunk: &Chunk,
    query: &Query,
    viewer: &Viewer,
    (now, gate): (Now, Span),
) -> bool {
    let begun = |json: &Json| has_begun(json, now.latest());
    let Some(head) = piece(&chunk.head).filter(|(head, _)| begun(head)) else { return true };
    let resources: BTreeMap<&str, Piece> =
        chunk.resources.iter().filter_map(|(id, body)| Some((id.as_str(), piece(body)?))).collect();
    let offers = chunk.offers.iter().filter_map(|offer| piece(offer));
    let offers: Vec<Piece> = offers
        .filter(|(offer, _)| may_see(offer, viewer) && begun(offer))
        .filter_map(|(offer, length)| Some((keep_open_hours(offer, (now.market, gate))?, length)))
        .collect();
    let selected: Option<BTreeSet<usize>> = query
        .evaluated()
        .map(|filter| filter.select(&document(&head.0, &offers, &resources)).into_iter().collect());
    let selected = |index: usize| selected.as_ref().is_none_or(|selected| selected.contains(&index));
    offers
        .iter()
        .enumerate()
        .filter(|(index, (offer, _))| {
            selected(*index)
                && query.matches_names(names(&head.0, offer, &resources))
                && is_there(query, &head.0, offer, &resources)
        })
        .all(|(_, offer)| {
            let with: Vec<(&str, &Piece)> = named(&offer.0, &resources).collect();
            pages.add(number, &head, offer, &with)
        })
}

/// Whether the offer is where it is looked for.
fn is_there(query: &Query, head: &Json, offer: &Json, resources: &BTreeMap<&str, Piece>) -> bool {
    if query.spatial.is_empty() {
        return true;
    }
    let own = named(offer, resources).map(|(id, piece)| (id, piece.clone())).collect();
    let catalog = document(head, std::slice::from_ref(&(offer.clone(), 0)), &own);
    let document = serde_json::json!({ "catalogs": [catalog] });
    query.spatial.iter().all(|constraint| constraint.admits(&document))
}

/// The resources that an offer names.
fn named<'a>(
    offer: &'a Json,
    resources: &'a BTreeMap<&str, Piece>,
) -> impl Iterator<Item = (&'a str, &'a Piece)> {
    ids(offer).filter_map(|id| resources.get(id).map(|piece| (id, piece)))
}

fn piece(body: &[u8]) -> Option<Piece> {
    Json::parse(body).ok().map(|json| (json, body.len()))
}

/// The part of a catalog as one document for the filter.
fn document(head: &Json, offers: &[Piece], resources: &BTreeMap<&str, Piece>) -> Value {
    let mut document = evaluable(head);
    if let Value::Object(members) = &mut document {
        let resources = resources.values().map(|(json, _)| evaluable(json)).collect();
        members.insert("resources".to_owned(), Value::Array(resources));
        let offers = offers.iter().map(|(json, _)| evaluable(json)).collect();
        members.insert("offers".to_owned(), Value::Array(offers));
    }
    document
}

fn ids(offer: &Json) -> impl Iterator<Item = &str> + Clone {
    offer.get("resourceIds").and_then(Json::as_array).unwrap_or_default().iter().filter_map(Json::as_str)
}

/// The names by which people know the offer: its own, its provider's, its catalog's, its resources'.
fn names<'a>(
    head: &'a Json,
    offer: &'a Json,
    resources: &'a BTreeMap<&str, Piece>,
) -> impl Iterator<Item = &'a str> + Clone {
    let resources = ids(offer).filter_map(|id| resources.get(id)).map(|(resource, _)| resource);
    let providers = [head, offer].into_iter().filter_map(|holder| holder.get("provider"));
    let holders = [head, offer].into_iter().chain(providers).chain(resources);
    holders.filter_map(|holder| holder.at(&["descriptor", "name"]).and_then(Json::as_str))
}

/// An empty or absent `availableTo` restricts nothing (ruling 9); otherwise one of its entries must fit.
pub(crate) fn may_see(offer: &Json, viewer: &Viewer) -> bool {
    hears(offer.get("availableTo").and_then(Json::as_array).unwrap_or_default(), viewer)
}

fn hears(entries: &[Json], viewer: &Viewer) -> bool {
    entries.is_empty()
        || entries.iter().any(|entry| {
            let id = entry.get("id").and_then(Json::as_str).unwrap_or_default();
            match entry.get("type").and_then(Json::as_str) {
                Some("NETWORK") => viewer.networks.iter().any(|network| network == id),
                Some("PARTICIPANT") => viewer.id == id,
                Some("ROLE") => viewer.kind == id,
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_begins_by_the_clock_that_is_ahead() {
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        let window = r#"{"offerAttributes":{"validityWindow":{"schema:startTime":"2026-11-21T06:00:00Z"}}}"#;
        let offer = Json::parse(window.as_bytes()).unwrap();
        let (early, start) = (at("2026-11-21T05:59:59Z"), at("2026-11-21T06:00:00Z"));
        let begun = |market, wire| has_begun(&offer, Now { market, wire }.latest());
        assert!(!begun(early, early) && begun(start, early) && begun(early, start));
    }

    #[test]
    fn available_to_restricts_when_it_names_somebody() {
        let viewer = Viewer { id: "bap.example".into(), kind: "BAP".into(), networks: vec!["n/one".into()] };
        let sees = |list: &str| may_see(&Json::parse(list.as_bytes()).unwrap(), &viewer);
        assert!(sees("{}"));
        assert!(sees(r#"{"availableTo":[]}"#));
        assert!(sees(r#"{"availableTo":[{"type":"NETWORK","id":"n/one"}]}"#));
        assert!(sees(
            r#"{"availableTo":[{"type":"PARTICIPANT","id":"x"},{"type":"PARTICIPANT","id":"bap.example"}]}"#
        ));
        assert!(sees(r#"{"availableTo":[{"type":"ROLE","id":"BAP"}]}"#));
        for list in [
            r#"{"availableTo":[{"type":"NETWORK","id":"n/two"}]}"#,
            r#"{"availableTo":[{"type":"PARTICIPANT","id":"n/one"}]}"#,
            r#"{"availableTo":[{"type":"COUNTRY","id":"IN"}]}"#,
            r#"{"availableTo":[7]}"#,
        ] {
            assert!(!sees(list), "{list}");
        }
    }
}
