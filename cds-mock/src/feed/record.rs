//! Records what was accepted of a publication, in the transaction that accepts it.

use std::collections::{BTreeMap, BTreeSet};

use beckn_wire::code::WireError;
use beckn_wire::json::Json;
use db::{DbError, Tx};
use units::Timestamp;

use super::schema_type::{TYPES_MAX, type_of};
use super::store::{self, NewPublication};
use crate::catalog::{Judged, Stamp};

/// Largest part of a publication, in bytes: a push of it fits the 1 MiB that every receiver reads.
pub const PART_MAX: usize = 400 * 1024;

/// What was accepted of one catalog of a message, ready to be stored.
#[derive(Clone, Debug)]
pub struct Accepted {
    publisher: String,
    catalog_id: String,
    source: String,
    kind: &'static str,
    full: bool,
    networks: BTreeSet<String>,
    types: BTreeSet<String>,
    restricted: bool,
    stamped_at: Timestamp,
    at: Timestamp,
    directives: Vec<u8>,
    parts: Vec<Vec<u8>>,
}

impl Accepted {
    /// Puts together what is stored: reads every offer and resource once, so keep it out of transactions. `refused` are
    /// the errors of offers that were judged good and not taken all the same.
    pub fn of(judged: &Judged, refused: &[WireError], stamp: &Stamp) -> Self {
        let refused: BTreeSet<&str> = refused.iter().filter_map(|error| error.path.as_deref()).collect();
        let resources: Vec<&[u8]> = judged.resources.iter().map(|row| row.body.as_slice()).collect();
        let offers = judged.offers.iter().filter(|row| !refused.contains(row.path.as_str()));
        let offers: Vec<&[u8]> = offers.map(|row| row.body.as_slice()).collect();
        let (mut types, mut restricted) = (BTreeSet::new(), false);
        for (bodies, member) in [(&resources, "resourceAttributes"), (&offers, "offerAttributes")] {
            for item in bodies.iter().filter_map(|body| Json::parse(body).ok()) {
                types.extend(item.get(member).and_then(type_of));
                let audience = item.get("availableTo").and_then(Json::as_array);
                restricted |= audience.is_some_and(|entries| !entries.is_empty());
            }
        }
        Self {
            publisher: stamp.publisher.clone(),
            catalog_id: judged.catalog_id.clone(),
            source: stamp.source.clone(),
            kind: judged.kind.as_str(),
            full: judged.full,
            networks: judged.networks.iter().cloned().collect(),
            types,
            restricted,
            stamped_at: stamp.made_at,
            at: stamp.wire_now,
            directives: stamp.resource_directives.get(&judged.catalog_id).cloned().unwrap_or_default(),
            parts: parts(&judged.head, &resources, &offers),
        }
    }
}

/// The `resourceDirectives` of a message by catalog id.
pub fn resource_directives(message: &Json) -> BTreeMap<String, Vec<u8>> {
    let directives = message.get("publishDirectives").and_then(Json::as_array).unwrap_or_default();
    let found = directives.iter().filter_map(|directive| {
        let list = directive.get("resourceDirectives").filter(|list| list.as_array().is_some())?;
        Some((directive.get("catalogId")?.as_str()?.to_owned(), list.to_bytes()))
    });
    found.filter(|(_, bytes)| bytes.len() <= PART_MAX / 2).collect()
}

/// A catalog's text from its head, which is an object with at least an id, and the elements of its lists.
fn assemble(head: &[u8], resources: &[&[u8]], offers: &[&[u8]]) -> Vec<u8> {
    let mut text = head.strip_suffix(b"}").unwrap_or(head).to_vec();
    for (name, items) in [(&b",\"resources\":["[..], resources), (&b",\"offers\":["[..], offers)] {
        text.extend_from_slice(name);
        text.extend_from_slice(&items.join(&b","[..]));
        text.push(b']');
    }
    text.push(b'}');
    text
}

/// Catalogs of bounded size that are together what the whole one is; at least one.
fn parts(head: &[u8], resources: &[&[u8]], offers: &[&[u8]]) -> Vec<Vec<u8>> {
    let room = PART_MAX.saturating_sub(head.len()).saturating_sub(64);
    let (mut parts, mut size) = (Vec::new(), 0_usize);
    let mut page: (Vec<&[u8]>, Vec<&[u8]>) = (Vec::new(), Vec::new());
    let all = resources.iter().map(|item| (*item, true)).chain(offers.iter().map(|item| (*item, false)));
    for (item, is_resource) in all {
        let grown = size.saturating_add(item.len()).saturating_add(1);
        if grown > room && size > 0 {
            parts.push(assemble(head, &page.0, &page.1));
            page = (Vec::new(), Vec::new());
            size = 0;
        }
        size = size.saturating_add(item.len()).saturating_add(1);
        if is_resource { page.0.push(item) } else { page.1.push(item) }
    }
    if size > 0 || parts.is_empty() {
        parts.push(assemble(head, &page.0, &page.1));
    }
    parts
}

/// Stores what was accepted, in the caller's transaction: the one that makes it so. Once for each message, however
/// often that is worked off.
///
/// # Errors
/// Those of the database.
pub async fn record(tx: &mut Tx, accepted: &Accepted) -> Result<(), DbError> {
    let Accepted { publisher, catalog_id, source, .. } = accepted;
    if store::is_recorded(tx, publisher, catalog_id, source).await? {
        return Ok(());
    }
    let mut seq = store::lock_counter(tx).await?;
    let before = store::catalog(tx, publisher, catalog_id).await?;
    let overtaken = before.as_ref().is_some_and(|known| known.stamped_at > accepted.stamped_at);
    let known = before.unwrap_or_default();
    // An older message changes offers, but not where the catalog is seen.
    let networks: BTreeSet<String> = if overtaken {
        accepted.networks.intersection(&known.networks).cloned().collect()
    } else {
        accepted.networks.clone()
    };
    let left: BTreeSet<String> =
        if overtaken { BTreeSet::new() } else { known.networks.difference(&networks).cloned().collect() };
    for (number, body) in (0_i64..).zip(&accepted.parts) {
        seq = seq.saturating_add(1);
        // The first part makes room, the others are added to it.
        let full = accepted.full && number == 0;
        let gone = if number == 0 { &left } else { &BTreeSet::new() };
        let row = NewPublication {
            seq,
            publisher,
            catalog_id,
            source,
            part: number,
            kind: accepted.kind,
            mode: if full { "FULL" } else { "MERGE" },
            networks: &networks,
            left: gone,
            types: &accepted.types,
            restricted: accepted.restricted,
            stamped_at: accepted.stamped_at,
            at: accepted.at,
            directives: &accepted.directives,
            body,
        };
        store::insert_publication(tx, &row).await?;
    }
    let mut types = accepted.types.clone();
    if !accepted.full {
        types.extend(known.types);
    }
    let types: BTreeSet<String> = types.into_iter().take(TYPES_MAX).collect();
    let seen = store::KnownCatalog {
        networks: if overtaken { known.networks } else { networks },
        types,
        stamped_at: accepted.stamped_at.max(known.stamped_at),
    };
    store::put_catalog(tx, publisher, catalog_id, &seen).await?;
    store::set_counter(tx, seq).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(part: &[u8], list: &str) -> Vec<String> {
        let part = Json::parse(part).unwrap();
        let items = part.get(list).unwrap().as_array().unwrap();
        items.iter().map(|item| item.get("id").unwrap().as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn parts_are_bounded_and_together_the_whole() {
        let item = |id: usize| format!(r#"{{"id":"{id}","pad":"{}"}}"#, "x".repeat(60_000)).into_bytes();
        let items: Vec<Vec<u8>> = (0..20).map(item).collect();
        let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
        let parts = parts(br#"{"id":"c"}"#, &items[..2], &items[2..]);
        assert!(parts.len() > 2 && parts.iter().all(|part| part.len() <= PART_MAX));
        let offers: Vec<String> = parts.iter().flat_map(|part| ids(part, "offers")).collect();
        assert_eq!(offers, (2..20).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(ids(&parts[0], "resources"), ["0", "1"]);
        assert!(parts.iter().all(|part| Json::parse(part).unwrap().get("id").is_some()));
    }

    #[test]
    fn a_catalog_without_items_is_one_part() {
        let parts = parts(br#"{"id":"c","isActive":false}"#, &[], &[]);
        assert_eq!(parts, [br#"{"id":"c","isActive":false,"resources":[],"offers":[]}"#.to_vec()]);
    }
}
