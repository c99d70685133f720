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
