//! The index itself: the entries, and the sorted sets by which they are found.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use rstar::RTree;
use rstar::primitives::{GeomWithData, Rectangle};
use units::Timestamp;

use super::entry::{self, Entry, MIXED, NONE};
use super::intern::{Interner, index};
use super::sorted::{Sorted, pair};
use super::{CatalogFacts, Put, Size};
use crate::catalog::facts::{Facts, Key};
use crate::catalog::place::Bounds;

/// Entries that one change looks at for what has ended.
const SWEEP: usize = 64;
/// What a spot costs in the tree of places: itself, its part of the nodes above, and of their spare room.
const SPOT_BYTES: usize = 72;

pub(super) type Spot = GeomWithData<Rectangle<[f32; 2]>, u32>;

/// A catalog and its offers in order.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) publisher: Arc<str>,
    pub(super) id: Arc<str>,
    pub(super) facts: CatalogFacts,
    /// Position and handle.
    pub(super) offers: Sorted<u64>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) shelves: Vec<Shelf>,
    pub(super) by_name: BTreeMap<(Arc<str>, Arc<str>), u32>,
    pub(super) entries: Vec<Entry>,
    free: Vec<u32>,
    pub(super) live: usize,
    /// Counts the changes of more than one offer at once.
    pub(super) epoch: u64,
    swept: usize,
    hasher: RandomState,
    /// Hash of a key, and handle.
    pub(super) keys: Sorted<u64>,
    /// Number of a word, and handle.
    pub(super) word_uses: Sorted<u64>,
    pub(super) words: Interner,
    pub(super) audiences: Interner,
    /// Lowest price and handle.
    pub(super) prices: Sorted<u64>,
    /// Start of the table and handle.
    pub(super) starts: Sorted<u64>,
    /// Handles by the hour of a slot; of offers whose slots are not all known under [`NONE`].
    pub(super) hours: BTreeMap<u32, Sorted<u32>>,
    pub(super) places: HashMap<u32, Bounds>,
    pub(super) spots: RTree<Spot>,
}

impl State {
    pub(super) fn describe(&mut self, publisher: &str, catalog_id: &str, facts: CatalogFacts) {
        let name: (Arc<str>, Arc<str>) = (publisher.into(), catalog_id.into());
        if let Some(number) = self.by_name.get(&name) {
            if let Some(shelf) = self.shelves.get_mut(index(*number)) {
                let same = shelf.facts.revision == facts.revision;
                self.epoch = self.epoch.wrapping_add(u64::from(!same));
                shelf.facts = facts;
            }
            return;
        }
        let Ok(number) = u32::try_from(self.shelves.len()) else { return };
        self.epoch = self.epoch.wrapping_add(1);
        let (publisher, id) = name.clone();
        self.shelves.push(Shelf { publisher, id, facts, offers: Sorted::default() });
        self.by_name.insert(name, number);
    }

    pub(super) fn put(&mut self, publisher: &str, catalog_id: &str, put: &Put) {
        let name = (Arc::from(publisher), Arc::from(catalog_id));
        let Some(number) = self.by_name.get(&name).copied() else { return };
        let Ok(position) = u32::try_from(put.position) else { return };
        if let Some(handle) = self.find(number, position) {
            self.remove(handle);
        }
        if let Some((facts, shown_until)) = &put.offer {
            self.insert(number, position, facts, *shown_until);
        }
    }

    fn find(&self, number: u32, position: u32) -> Option<u32> {
        let shelf = self.shelves.get(index(number))?;
        shelf.offers.range(pair(position, 0), pair(position, u32::MAX)).next().map(super::sorted::second)
    }

    pub(super) fn hash(&self, key: Key, value: &str) -> u32 {
        let hash = self.hasher.hash_one((key, value));
        u32::try_from(hash >> 32).unwrap_or(NONE).max(MIXED + 1)
    }

    /// One number for all keys of a kind.
    fn only(&self, facts: &Facts, kind: Key) -> u32 {
        let mut found = facts.keys.iter().filter(|(key, _)| *key == kind || *key == Key::Any);
        match (found.next(), found.next()) {
            (None, _) => 0,
            (Some((Key::Any, _)), _) | (Some(_), Some(_)) => MIXED,
            (Some((_, value)), None) => self.hash(kind, value),
        }
    }

    fn insert(&mut self, catalog: u32, position: u32, facts: &Facts, shown_until: Timestamp) {
        let keys: Vec<u32> = facts.keys.iter().map(|(key, value)| self.hash(*key, value)).collect();
        let words: Vec<u32> = facts.words.iter().map(|word| self.words.take(word)).collect();
        let audience = facts.audience.as_ref().map_or(NONE, |text| self.audiences.take(text));
        let start = facts.start.map_or(NONE, entry::clip);
        let (kind, provider) = (self.only(facts, Key::Kind), self.only(facts, Key::Provider));
        let fields = Entry {
            shown_until,
            catalog,
            position,
            start,
            kind,
            provider,
            audience,
            live: true,
            ..Entry::default()
        };
        let made = fields.pack(&facts.slots, facts.more_slots, &keys, &words);
        let handle = match self.free.pop() {
            Some(handle) => handle,
            None => {
                let Ok(handle) = u32::try_from(self.entries.len()) else { return };
                self.entries.push(Entry::default());
                handle
            }
        };
        for key in made.keys() {
            self.keys.insert(pair(*key, handle));
        }
        for word in made.words() {
            self.word_uses.insert(pair(*word, handle));
        }
        for hour in hours(&made) {
            self.hours.entry(hour).or_default().insert(handle);
        }
        self.prices.insert(pair(made.lowest(), handle));
        self.starts.insert(pair(start, handle));
        if let Some(bounds) = facts.bounds {
            self.places.insert(handle, bounds);
            self.spots.insert(spot(bounds, handle));
        }
        if let Some(shelf) = self.shelves.get_mut(index(catalog)) {
            shelf.offers.insert(pair(position, handle));
        }
        if let Some(place) = self.entries.get_mut(index(handle)) {
            *place = made;
            self.live = self.live.saturating_add(1);
        }
    }

    fn remove(&mut self, handle: u32) {
        let Some(entry) = self.entries.get_mut(index(handle)).map(std::mem::take) else { return };
        for key in entry.keys() {
            self.keys.remove(&pair(*key, handle));
        }
        for word in entry.words() {
            self.word_uses.remove(&pair(*word, handle));
            self.words.give_back(*word);
        }
        for hour in hours(&entry) {
            if let Some(handles) = self.hours.get_mut(&hour) {
                handles.remove(&handle);
                if handles.is_empty() {
                    self.hours.remove(&hour);
                }
            }
        }
        self.prices.remove(&pair(entry.lowest(), handle));
        self.starts.remove(&pair(entry.start, handle));
        if entry.audience != NONE {
            self.audiences.give_back(entry.audience);
        }
        if let Some(bounds) = self.places.remove(&handle) {
            self.spots.remove(&spot(bounds, handle));
        }
        if let Some(shelf) = self.shelves.get_mut(index(entry.catalog)) {
            shelf.offers.remove(&pair(entry.position, handle));
        }
        self.free.push(handle);
        self.live = self.live.saturating_sub(1);
    }

    /// Takes out what has ended, of the next few entries.
    pub(super) fn sweep(&mut self, now: Timestamp) {
        for _ in 0..SWEEP.min(self.entries.len()) {
            self.swept =
                self.swept.checked_add(1).filter(|next| *next < self.entries.len()).unwrap_or_default();
            let ended = self.entries.get(self.swept).is_some_and(|e| e.live && e.shown_until <= now);
            if ended && let Ok(handle) = u32::try_from(self.swept) {
                self.remove(handle);
            }
        }
    }

    /// The offers with a slot in these hours, hour by hour.
    pub(super) fn in_hours(&self, from: u32, to: u32) -> impl Iterator<Item = &Sorted<u32>> {
        self.hours.range(from..=to).map(|(_, handles)| handles).chain(self.hours.get(&NONE))
    }

    pub(super) fn compact(&mut self) {
        self.entries.shrink_to_fit();
        for set in [&mut self.keys, &mut self.word_uses, &mut self.prices, &mut self.starts] {
            set.compact();
        }
        self.hours.values_mut().for_each(Sorted::compact);
        self.shelves.iter_mut().for_each(|shelf| shelf.offers.compact());
        self.places.shrink_to_fit();
        let spots = self.places.iter().map(|(handle, bounds)| spot(*bounds, *handle)).collect();
        self.spots = RTree::bulk_load(spots);
    }

    pub(super) fn size(&self) -> Size {
        let sets = [&self.keys, &self.word_uses, &self.prices, &self.starts];
        let bytes = [
            self.entries.capacity().saturating_mul(size_of::<Entry>()),
            self.entries.iter().filter(|entry| entry.live).map(Entry::bytes).sum(),
            self.free.capacity().saturating_mul(4),
            sets.into_iter().chain(self.shelves.iter().map(|shelf| &shelf.offers)).map(Sorted::bytes).sum(),
            self.hours.values().map(|handles| handles.bytes().saturating_add(64)).sum(),
            self.words.bytes(),
            self.audiences.bytes(),
            // A hash table has one byte of its own for each place.
            self.places.capacity().saturating_mul(size_of::<(u32, Bounds)>().saturating_add(1)),
            self.spots.size().saturating_mul(SPOT_BYTES),
        ];
        let bytes = bytes.iter().fold(0_usize, |sum, part| sum.saturating_add(*part));
        Size { catalogs: self.shelves.len(), offers: self.live, bytes }
    }
}

fn spot(Bounds([west, south, east, north]): Bounds, handle: u32) -> Spot {
    GeomWithData::new(Rectangle::from_corners([west, south], [east, north]), handle)
}

fn hours(entry: &Entry) -> impl Iterator<Item = u32> {
    entry.slots().map(|(hour, _)| hour).chain(entry.coarse.then_some(NONE))
}
