//! The index of all offers on show: where each one is found by network, kind of resource, slot, price, place,
//! words and ids. Bodies stay in the database (ruling 33).
//!
//! Invariants: it is made from the database alone, so that a crash costs nothing; what it gives for a
//! question is never too little, and what it gives too much falls when the body is read; an answer comes in the order
//! of publisher, catalog and first publication. Putting one offer costs the same however many there are.

mod entry;
mod intern;
mod look;
mod sorted;
mod state;
mod words;

use std::sync::{Arc, PoisonError, RwLock};

use units::Timestamp;

pub use self::look::{Batch, Cursor, Group, Watcher};
use self::state::State;
use super::facts::{Facts, Key};
use super::place::Bounds;

/// What must hold for an offer to be looked at. Every condition is necessary, together they may not suffice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// One of these networks shows the catalog.
    pub networks: Vec<String>,
    /// The offer, or a resource of it, has each of these.
    pub keys: Vec<(Key, String)>,
    /// A price of an open slot lies here, in 0.0001 INR/kWh, both ends included.
    pub price: Option<(i64, i64)>,
    /// The table of slots begins here, in seconds, both ends included.
    pub start: Option<(i64, i64)>,
    /// An open slot begins here, in seconds, both ends included.
    pub slot: Option<(i64, i64)>,
    /// Each begins a word of a name.
    pub words: Vec<String>,
    /// A geometry meets each of these.
    pub places: Vec<Bounds>,
    pub catalog: Vec<(CatalogField, String)>,
}

/// A member of a catalog that is compared with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogField {
    Id,
    BppId,
    ProviderId,
}

/// A catalog as the index knows it.
#[derive(Clone, Debug, Default)]
pub struct CatalogFacts {
    pub networks: Vec<String>,
    /// Regular and switched on.
    pub shown: bool,
    pub valid_until: Option<Timestamp>,
    /// Which of the stored states the index knows.
    pub revision: i64,
    pub provider_id: Option<String>,
    pub facts: Facts,
}

/// One offer for the index: its facts with those of its resources; `None` takes it out.
#[derive(Clone, Debug)]
pub struct Put {
    pub position: i64,
    pub offer: Option<(Facts, Timestamp)>,
}

/// How much is in the index, and what it costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub catalogs: usize,
    pub offers: usize,
    /// Bytes of memory, by its own account.
    pub bytes: usize,
}

/// The index, shared by those who publish and those who look.
#[derive(Debug, Default)]
pub struct Index(RwLock<State>);

impl Index {
    /// Tells what a catalog is; the offers in it stay.
    pub fn describe(&self, publisher: &str, catalog_id: &str, catalog: CatalogFacts) {
        self.write(|state| state.describe(publisher, catalog_id, catalog));
    }

    /// Tells what a catalog is, and what changed in it, in one step.
    pub fn renew(
        &self,
        publisher: &str,
        catalog_id: &str,
        catalog: CatalogFacts,
        offers: &[Put],
        now: Timestamp,
    ) {
        self.write(|state| {
            state.describe(publisher, catalog_id, catalog);
            for put in offers {
                state.put(publisher, catalog_id, put);
            }
            state.sweep(now);
        });
    }

    /// A number that changes when more than one offer of a catalog has changed at once.
    pub fn epoch(&self) -> u64 {
        self.read(|state| state.epoch)
    }

    /// Puts offers into a catalog that was described, or takes them out. `now` is market time: some of what
    /// has ended before is taken out on the way.
    pub fn put(&self, publisher: &str, catalog_id: &str, offers: &[Put], now: Timestamp) {
        self.write(|state| {
            for put in offers {
                state.put(publisher, catalog_id, put);
            }
            state.sweep(now);
        });
    }

    /// Gives back the memory that building left over.
    pub fn compact(&self) {
        self.write(State::compact);
    }

    /// Begins an answer at `now` (market time).
    pub fn open(&self, wanted: Wanted, watcher: Arc<dyn Watcher>, now: Timestamp) -> Cursor {
        self.read(|state| Cursor::open(state, wanted, watcher, now))
    }

    /// The next candidates of an answer, at most `limit`; of one catalog only when `alone`.
    pub fn next(&self, cursor: &mut Cursor, limit: usize, alone: bool) -> Batch {
        self.read(|state| cursor.next(state, limit, alone))
    }

    pub fn size(&self) -> Size {
        self.read(State::size)
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What is asked of the index (ruling 33), for offers of a whole day.
    const BYTES_MAX: usize = 500;

    #[test]
    fn an_offer_of_24_hours_costs_at_most_500_bytes() {
        let index = Index::default();
        index.describe("bpp.example", "shelf", CatalogFacts { shown: true, ..CatalogFacts::default() });
        let put = |number: i64| {
            let kind = if number % 3 == 0 { "WIND" } else { "SOLAR" };
            let keys = [
                (Key::Offer, format!("offer-{number}")),
                (Key::Meter, format!("meter-{}", number / 4)),
                (Key::Provider, format!("provider-{}", number / 4)),
                (Key::Resource, format!("resource-{}", number / 4)),
                (Key::Kind, kind.to_owned()),
            ];
            let words = ["roof", "of", "solar", "hours"].map(str::to_owned);
            let words = words.into_iter().chain([format!("name{}", number / 4)]);
            let slots =
                (0..24).map(|hour| (1_800_000_000 + hour * 3_600, 50_000 + (number * 7 + hour) % 9_000));
            let facts = Facts {
                start: Some(1_800_000_000),
                slots: slots.collect(),
                words: words.collect::<BTreeSet<String>>(),
                keys: keys.into_iter().collect(),
                bounds: Some(Bounds::GLOBE),
                ..Facts::default()
            };
            Put { position: number, offer: Some((facts, Timestamp::from_seconds(1_900_000_000))) }
        };
        for from in (0..20_000).step_by(500) {
            let puts: Vec<Put> = (from..from + 500).map(put).collect();
            index.put("bpp.example", "shelf", &puts, Timestamp::from_seconds(1_700_000_000));
        }
        let grown = index.size();
        index.compact();
        let size = index.size();
        println!("{} bytes an offer, {} as it grew", size.bytes / size.offers, grown.bytes / grown.offers);
        assert_eq!(size.offers, 20_000);
        assert!(size.bytes / size.offers <= BYTES_MAX, "{} bytes an offer", size.bytes / size.offers);
    }
}
