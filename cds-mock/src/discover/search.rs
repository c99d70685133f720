//! Runs a query over the stored catalogs: read a part, judge it, show what is left, read the next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use beckn_wire::json::Json;
use db::{Db, DbError};
use serde_json::Value;
use units::Timestamp;

use super::filter::evaluable;
use super::intent::Query;
use super::pages::{Pages, Piece};
use crate::catalog::{self, Chunk, VisibleCatalog};

/// Offers that are read and judged at a time. A filter that asks about a catalog as a whole sees these of it.
const CHUNK: i64 = 64;

/// Who looks.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub id: String,
    /// Role in the registry.
    pub kind: String,
    /// The message's network, or all of the viewer's where it names none.
    pub networks: Vec<String>,
}

/// The messages of `on_discover` that answer the query, at `now` (market time). Several read transactions;
/// the filter is evaluated between them, off the async threads.
///
/// # Errors
/// Those of the database, and [`DbError::Closed`] when the process is stopping.
pub async fn search(db: &Db, query: Query, viewer: Viewer, now: Timestamp) -> Result<Vec<Json>, DbError> {
    let (query, viewer) = (Arc::new(query), Arc::new(viewer));
    let mut pages = Pages::default();
    for (number, catalog) in visible(db, &viewer, now).await?.into_iter().enumerate() {
        let catalog = Arc::new(catalog);
        let mut behind = 0;
        loop {
            let chunk = read(db, &catalog, now, behind).await?;
            let Some(last) = chunk.offers.last().map(|offer| offer.position) else { break };
            behind = last;
            let (query, viewer) = (Arc::clone(&query), Arc::clone(&viewer));
            let judged = tokio::task::spawn_blocking(move || {
                let room = show(&mut pages, number, &chunk, &query, &viewer);
                (pages, room)
            });
            let room;
            (pages, room) = judged.await.map_err(|_| DbError::Closed)?;
            if !room {
                tracing::warn!("an answer to discover was cut: it would have had too many pages");
                return Ok(pages.finish());
            }
        }
    }
    Ok(pages.finish())
}

/// The catalogs of all the viewer's networks, each once, in a stable order.
async fn visible(db: &Db, viewer: &Arc<Viewer>, now: Timestamp) -> Result<BTreeSet<VisibleCatalog>, DbError> {
    let viewer = Arc::clone(viewer);
    db.read(move |tx| {
        let viewer = Arc::clone(&viewer);
        Box::pin(async move {
            let mut found = BTreeSet::new();
            for network in &viewer.networks {
                found.extend(catalog::visible(tx, network, now).await?);
            }
            Ok(found)
        })
    })
    .await
}

async fn read(db: &Db, catalog: &Arc<VisibleCatalog>, now: Timestamp, behind: i64) -> Result<Chunk, DbError> {
    let catalog = Arc::clone(catalog);
    db.read(move |tx| {
        let catalog = Arc::clone(&catalog);
        Box::pin(async move { catalog::chunk(tx, &catalog, now, behind, CHUNK).await })
    })
    .await
}

/// Adds to the pages what of this part the viewer may see and the query selects. False when there is no more
/// room.
fn show(pages: &mut Pages, number: usize, chunk: &Chunk, query: &Query, viewer: &Viewer) -> bool {
    let Some(head) = piece(&chunk.head) else { return true };
    let resources: BTreeMap<&str, Piece> =
        chunk.resources.iter().filter_map(|(id, body)| Some((id.as_str(), piece(body)?))).collect();
    let offers = chunk.offers.iter().filter_map(|offer| piece(&offer.body));
    let offers: Vec<Piece> = offers.filter(|(offer, _)| may_see(offer, viewer)).collect();
    let selected: Option<BTreeSet<usize>> = query
        .filter
        .as_ref()
        .map(|filter| filter.select(&document(&head.0, &offers, &resources)).into_iter().collect());
    let selected = |index: usize| selected.as_ref().is_none_or(|selected| selected.contains(&index));
    offers
        .iter()
        .enumerate()
        .filter(|(index, (offer, _))| {
            selected(*index) && query.matches_names(names(&head.0, offer, &resources))
        })
        .all(|(_, offer)| {
            let with: Vec<(&str, &Piece)> = ids(&offer.0)
                .filter_map(|id| resources.get_key_value(id))
                .map(|(id, piece)| (*id, piece))
                .collect();
            pages.add(number, &head, offer, &with)
        })
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
    let entries = offer.get("availableTo").and_then(Json::as_array).unwrap_or_default();
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
