//! Cuts an answer into messages of bounded size. Pure.

use std::collections::BTreeSet;

use beckn_wire::json::{Json, Object};

/// Largest `message` of one `on_discover`, in bytes; receivers read at least 1 MiB.
pub const PAGE_MAX: usize = 900 * 1000;
/// Most pages of one answer. What does not fit is left out: who finds more should ask more precisely.
pub const PAGES_MAX: usize = 16;
/// For brackets, names and commas around each piece.
const SLACK: usize = 64;

/// A piece of JSON, and the length of its text.
pub type Piece = (Json, usize);

/// An answer under construction.
#[derive(Debug, Default)]
pub struct Pages {
    done: Vec<Json>,
    page: Vec<Part>,
    size: usize,
    full: bool,
}

/// What one page shows of one catalog.
#[derive(Debug)]
struct Part {
    catalog: usize,
    head: Object,
    named: BTreeSet<String>,
    resources: Vec<Json>,
    offers: Vec<Json>,
}

impl Pages {
    /// Adds an offer with the resources that it names. `catalog` numbers the catalogs; those of one are added
    /// in a row. False when there is no more room.
    pub fn add(&mut self, catalog: usize, head: &Piece, offer: &Piece, resources: &[(&str, &Piece)]) -> bool {
        if self.full {
            return false;
        }
        let mut cost = self.cost(catalog, head, offer, resources);
        if self.size.saturating_add(cost) > PAGE_MAX && !self.page.is_empty() {
            self.turn();
            self.full = self.done.len() >= PAGES_MAX;
            if self.full {
                return false;
            }
            cost = self.cost(catalog, head, offer, resources);
        }
        self.size = self.size.saturating_add(cost);
        if self.current(catalog).is_none() {
            let head = head.0.as_object().cloned().unwrap_or_default();
            let (named, resources, offers) = (BTreeSet::new(), Vec::new(), Vec::new());
            self.page.push(Part { catalog, head, named, resources, offers });
        }
        if let Some(part) = self.page.last_mut() {
            for (id, resource) in resources {
                if part.named.insert((*id).to_owned()) {
                    part.resources.push(resource.0.clone());
                }
            }
            part.offers.push(offer.0.clone());
        }
        true
    }

    /// Whether something had to be left out.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// The messages: at least one, which is empty when nothing was added.
    pub fn finish(mut self) -> Vec<Json> {
        if !self.page.is_empty() || self.done.is_empty() {
            self.turn();
        }
        self.done
    }

    fn current(&self, catalog: usize) -> Option<&Part> {
        self.page.last().filter(|part| part.catalog == catalog)
    }

    /// How much longer the page gets.
    fn cost(&self, catalog: usize, head: &Piece, offer: &Piece, resources: &[(&str, &Piece)]) -> usize {
        let part = self.current(catalog);
        let head = if part.is_some() { 0 } else { head.1.saturating_add(SLACK) };
        let fresh = resources.iter().filter(|(id, _)| part.is_none_or(|part| !part.named.contains(*id)));
        let pieces = fresh.map(|(_, resource)| resource.1).chain([offer.1]);
        pieces.fold(head, |sum, piece| sum.saturating_add(piece).saturating_add(SLACK))
    }

    fn turn(&mut self) {
        let catalogs = std::mem::take(&mut self.page).into_iter().map(|part| {
            let mut catalog = part.head;
            catalog.set("resources", part.resources);
            catalog.set("offers", part.offers);
            Json::Object(catalog)
        });
        self.done.push(Json::object([("catalogs", Json::array(catalogs))]));
        self.size = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(id: &str, size: usize) -> Piece {
        let json = Json::object([("id", Json::from(id)), ("pad", Json::from("x".repeat(size)))]);
        let length = json.to_string().len();
        (json, length)
    }

    fn ids(message: &Json, list: &str) -> Vec<Vec<String>> {
        let catalogs = message.get("catalogs").unwrap().as_array().unwrap();
        let id = |item: &Json| item.get("id").unwrap().as_str().unwrap().to_owned();
        catalogs.iter().map(|c| c.get(list).unwrap().as_array().unwrap().iter().map(id).collect()).collect()
    }

    #[test]
    fn nothing_found_is_one_empty_message() {
        let pages = Pages::default().finish();
        assert_eq!(pages.iter().map(ToString::to_string).collect::<Vec<_>>(), [r#"{"catalogs":[]}"#]);
    }

    #[test]
    fn a_resource_is_named_once_per_page_and_again_on_the_next() {
        let mut pages = Pages::default();
        let (head, resource) = (piece("c", 10), piece("r", 10));
        for id in ["a", "b", "c", "d"] {
            assert!(pages.add(0, &head, &piece(id, 250_000), &[("r", &resource)]));
        }
        assert!(pages.add(1, &piece("c2", 10), &piece("e", 10), &[]));
        let pages = pages.finish();
        assert_eq!(
            pages.iter().map(|p| ids(p, "offers")).collect::<Vec<_>>(),
            [vec![vec!["a", "b", "c"]], vec![vec!["d"], vec!["e"]]]
        );
        assert_eq!(ids(&pages[0], "resources"), [vec!["r"]]);
        assert_eq!(ids(&pages[1], "resources"), [vec!["r"], Vec::<&str>::new()]);
        assert!(pages.iter().all(|page| page.to_string().len() <= PAGE_MAX));
    }

    #[test]
    fn the_number_of_pages_is_bounded() {
        let mut pages = Pages::default();
        let (head, offer) = (piece("c", 10), piece("o", 600_000));
        let added = (0..40).filter(|_| pages.add(0, &head, &offer, &[])).count();
        assert_eq!(added, PAGES_MAX);
        assert!(pages.is_full());
        assert_eq!(pages.finish().len(), PAGES_MAX);
    }
}
