//! Answers of the index: the way that promises the fewest candidates is walked, the other conditions are held
//! against the entries.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use energy_rules::RuleSet;
use rstar::AABB;
use units::{Span, Timestamp};

use super::entry::{self, Entry, MIXED, NONE, PRICE_MAX};
use super::intern::index;
use super::sorted::{Sorted, pair, second};
use super::state::{Shelf, State};
use super::words::Words;
use super::{CatalogField, Wanted};
use crate::catalog::facts::Key;

/// So many entries are looked at before others may change the index.
const LOOKED_MAX: usize = 50_000;
/// A way with more than this part of all offers is not worth walking: everything is looked at in order then.
const WORTH: usize = 4;
/// A second way with at most so many candidates is intersected with the first.
const SECOND_MAX: usize = 400_000;
/// A first way with at most so few is not worth a second.
const FEW: usize = 64;

/// Judges whom an offer is meant for.
pub trait Watcher: Send + Sync {
    /// `audience` is an `availableTo` as it was written.
    fn may_see(&self, audience: &str) -> bool;
}

/// Candidates of one catalog, in order.
#[derive(Clone, Debug)]
pub struct Group {
    pub publisher: Arc<str>,
    pub catalog_id: Arc<str>,
    /// So long before its start a slot closes.
    pub gate: Span,
    /// The catalog's state from which the candidates are.
    pub revision: i64,
    pub positions: Vec<i64>,
}

/// Candidates, in order.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub groups: Vec<Group>,
    /// Nothing comes behind this.
    pub last: bool,
}

enum Mode {
    /// Catalog and position, in order, and how many were given.
    List(Vec<(u32, u32)>, usize),
    /// The catalog that is walked, and the position behind which.
    Walk(Option<u32>, u32),
}

/// Where an answer stands.
pub struct Cursor {
    wanted: Wanted,
    watcher: Arc<dyn Watcher>,
    now: Timestamp,
    mode: Mode,
    /// The gate of each catalog that is shown, none of the others.
    gates: HashMap<u32, Option<Span>>,
    audiences: HashMap<u32, bool>,
}

/// A way to candidates.
enum Way {
    Key(u32),
    Price(u32),
    Start(u32, u32),
    Slot(u32, u32),
    Catalogs(Vec<u32>),
    Words(Words),
    Places(Vec<u32>),
}

impl Cursor {
    pub(super) fn open(state: &State, wanted: Wanted, watcher: Arc<dyn Watcher>, now: Timestamp) -> Self {
        let mut cursor = Self {
            wanted,
            watcher,
            now,
            mode: Mode::Walk(None, 0),
            gates: HashMap::new(),
            audiences: HashMap::new(),
        };
        if let Some(handles) = cursor.handles(state) {
            cursor.mode = Mode::List(cursor.ordered(state, &handles), 0);
        }
        cursor
    }

    /// The next candidates, at most `limit`; of one catalog only when `alone`. Without `last`, a batch may be
    /// empty, and more come.
    pub(super) fn next(&mut self, state: &State, limit: usize, alone: bool) -> Batch {
        let mut groups: Vec<(u32, Vec<i64>)> = Vec::new();
        let mut taken = 0_usize;
        let mut take = |catalog: u32, position: u32| match groups.last_mut() {
            Some((same, positions)) if *same == catalog => positions.push(position.into()),
            _ => groups.push((catalog, vec![position.into()])),
        };
        let last = if let Mode::List(items, given) = &mut self.mode {
            let from = *given;
            let first = items.get(from).map(|(catalog, _)| *catalog);
            let next = items.iter().skip(from).take(limit);
            for (catalog, position) in next.take_while(|(c, _)| !alone || Some(*c) == first) {
                take(*catalog, *position);
                *given = given.saturating_add(1);
            }
            *given >= items.len()
        } else {
            let mut looked = 0;
            loop {
                let Some((catalog, position, handle)) = self.step(state) else { break true };
                let Some(handle) = handle else {
                    // The end of a catalog.
                    if alone && taken > 0 { break false } else { continue }
                };
                looked += 1;
                let held = entry::at(&state.entries, handle).is_some_and(|e| self.admits(state, handle, e));
                if held {
                    take(catalog, position);
                    taken += 1;
                }
                if taken >= limit || looked >= LOOKED_MAX {
                    break false;
                }
            }
        };
        let named = groups.into_iter().filter_map(|(catalog, positions)| {
            let Shelf { publisher, id, facts, .. } = state.shelves.get(index(catalog))?;
            let gate = self.gates.get(&catalog).copied().flatten()?;
            let (publisher, catalog_id) = (Arc::clone(publisher), Arc::clone(id));
            Some(Group { publisher, catalog_id, gate, revision: facts.revision, positions })
        });
        Batch { groups: named.collect(), last }
    }

    /// One step of the walk: the next offer, or none at the end of its catalog; `None` at the end of all.
    fn step(&mut self, state: &State) -> Option<(u32, u32, Option<u32>)> {
        let Mode::Walk(at, behind) = self.mode else { return None };
        if let Some(catalog) = at {
            let shelf = state.shelves.get(index(catalog))?;
            let from = pair(behind.saturating_add(1), 0);
            if let Some(found) = shelf.offers.range(from, u64::MAX).next() {
                let position = u32::try_from(found >> 32).unwrap_or(u32::MAX);
                self.mode = Mode::Walk(at, position);
                return Some((catalog, position, Some(second(found))));
            }
        }
        let behind = at.and_then(|catalog| state.shelves.get(index(catalog)));
        let from = behind.map_or(Bound::Unbounded, |shelf| {
            Bound::Excluded((Arc::clone(&shelf.publisher), Arc::clone(&shelf.id)))
        });
        for number in state.by_name.range((from, Bound::Unbounded)).map(|(_, number)| *number) {
            if self.gate(state, number).is_some() {
                self.mode = Mode::Walk(Some(number), 0);
                return Some((number, 0, None));
            }
        }
        None
    }

    /// The gate of a catalog when it is shown to the one who asks.
    fn gate(&mut self, state: &State, number: u32) -> Option<Span> {
        if let Some(known) = self.gates.get(&number) {
            return *known;
        }
        let shelf = state.shelves.get(index(number))?;
        let facts = &shelf.facts;
        let shown = facts.shown
            && facts.valid_until.is_none_or(|until| until > self.now)
            && facts.networks.iter().any(|network| self.wanted.networks.contains(network))
            && self.wanted.catalog.iter().all(|(field, text)| shelf.has(*field, text));
        let rules = facts.networks.iter().find_map(|network| RuleSet::for_network(network, self.now));
        let gate = shown.then(|| rules.unwrap_or_else(RuleSet::ies_test).gate_closes);
        self.gates.insert(number, gate);
        gate
    }

    /// Whether an entry meets every condition that the index knows.
    fn admits(&mut self, state: &State, handle: u32, entry: &Entry) -> bool {
        if entry.shown_until <= self.now {
            return false;
        }
        let Some(gate) = self.gate(state, entry.catalog) else { return false };
        if !self.hears(state, entry.audience) {
            return false;
        }
        let wanted = &self.wanted;
        let one_of = |kind: Key, number: u32| {
            let asked = wanted.keys.iter().filter(|(key, _)| *key == kind);
            number == MIXED || asked.map(|(key, value)| state.hash(*key, value)).all(|hash| hash == number)
        };
        let start = wanted.start.is_none_or(|(from, to)| {
            entry.start != NONE && (entry::clip(from)..=entry::clip(to)).contains(&entry.start)
        });
        // Price and hour may be asked of two slots.
        let gate = gate.as_secs();
        let open = |prices, hours| entry.has_slot(prices, hours, self.now.seconds(), gate);
        let slot = wanted
            .price
            .is_none_or(|(from, to)| open((entry::clip_price(from), entry::clip_price(to)), (0, NONE)))
            && wanted
                .slot
                .is_none_or(|(from, to)| open((0, PRICE_MAX), (entry::hour(from), entry::hour(to))));
        start
            && slot
            && one_of(Key::Kind, entry.kind)
            && one_of(Key::Provider, entry.provider)
            && wanted.places.iter().all(|wanted| {
                let own = state.places.get(&handle);
                let shared =
                    state.shelves.get(index(entry.catalog)).and_then(|shelf| shelf.facts.facts.bounds);
                own.is_some_and(|own| own.meets(wanted)) || shared.is_some_and(|shared| shared.meets(wanted))
            })
    }

    fn hears(&mut self, state: &State, audience: u32) -> bool {
        let watcher = &self.watcher;
        let judge = || state.audiences.text(audience).is_none_or(|text| watcher.may_see(text));
        audience == NONE || *self.audiences.entry(audience).or_insert_with(judge)
    }

    /// The candidates by the best ways; `None` when it is better to walk through everything.
    fn handles(&self, state: &State) -> Option<Vec<u32>> {
        let mut ways = self.ways(state);
        ways.sort_by_key(|(estimate, _)| *estimate);
        let mut ways = ways.into_iter();
        let (estimate, first) = ways.next()?;
        if estimate > state.live / WORTH && estimate > FEW {
            return None;
        }
        let mut found = first.handles(state);
        for (estimate, way) in ways {
            // The other conditions are held against the entries one by one; these can not.
            if matches!(way, Way::Key(_) | Way::Words(_)) && found.len() > FEW && estimate < SECOND_MAX {
                let others = way.handles(state);
                found.retain(|handle| others.binary_search(handle).is_ok());
            }
        }
        Some(found)
    }

    fn ways(&self, state: &State) -> Vec<(usize, Way)> {
        let wanted = &self.wanted;
        let mut ways = Vec::new();
        for (key, value) in &wanted.keys {
            let hash = state.hash(*key, value);
            let any = state.hash(Key::Any, "");
            let count = |hash| state.keys.count(pair(hash, 0), pair(hash, u32::MAX));
            ways.push((count(hash).saturating_add(count(any)), Way::Key(hash)));
        }
        if let Some((_, to)) = wanted.price {
            let to = entry::clip_price(to);
            ways.push((state.prices.count(0, pair(to, u32::MAX)), Way::Price(to)));
        }
        if let Some((from, to)) = wanted.start {
            let (from, to) = (entry::clip(from), entry::clip(to));
            ways.push((state.starts.count(pair(from, 0), pair(to, u32::MAX)), Way::Start(from, to)));
        }
        if let Some((from, to)) = wanted.slot {
            let (from, to) = (entry::hour(from), entry::hour(to));
            if from <= to {
                let count = state.in_hours(from, to).map(Sorted::len).sum();
                ways.push((count, Way::Slot(from, to)));
            }
        }
        if !wanted.catalog.is_empty() {
            let has = |shelf: &Shelf| wanted.catalog.iter().all(|(field, text)| shelf.has(*field, text));
            let numbers = state.by_name.values().filter(|n| state.shelves.get(index(**n)).is_some_and(has));
            let numbers: Vec<u32> = numbers.copied().collect();
            let shelves = numbers.iter().filter_map(|number| state.shelves.get(index(*number)));
            ways.push((shelves.map(|shelf| shelf.offers.len()).sum(), Way::Catalogs(numbers)));
        }
        if let Some(words) = Words::prepare(state, &wanted.words) {
            ways.push((words.estimate, Way::Words(words)));
        }
        for bounds in &wanted.places {
            let [west, south, east, north] = bounds.0;
            let area = AABB::from_corners([west, south], [east, north]);
            let most = (state.live / WORTH).max(FEW);
            let near = state.spots.locate_in_envelope_intersecting(area).map(|spot| spot.data);
            let mut found: Vec<u32> = near.take(most.saturating_add(1)).collect();
            for shelf in &state.shelves {
                if found.len() <= most && shelf.facts.facts.bounds.is_some_and(|own| own.meets(bounds)) {
                    found.extend(shelf.offers.iter().map(second));
                }
            }
            if found.len() <= most {
                ways.push((found.len(), Way::Places(found)));
            }
        }
        ways
    }

    /// The candidates that meet every condition, by catalog and position.
    fn ordered(&mut self, state: &State, handles: &[u32]) -> Vec<(u32, u32)> {
        let mut found: Vec<(u32, u32)> = Vec::new();
        for handle in handles {
            if let Some(entry) = entry::at(&state.entries, *handle)
                && self.admits(state, *handle, entry)
            {
                found.push((entry.catalog, entry.position));
            }
        }
        let mut catalogs: Vec<u32> =
            found.iter().map(|(c, _)| *c).collect::<BTreeSet<_>>().into_iter().collect();
        catalogs.sort_by_key(|c| state.shelves.get(index(*c)).map(|shelf| (&shelf.publisher, &shelf.id)));
        let ranks: BTreeMap<u32, usize> =
            catalogs.into_iter().enumerate().map(|(rank, c)| (c, rank)).collect();
        found.sort_unstable_by_key(|(catalog, position)| (ranks.get(catalog).copied(), *position));
        found.dedup();
        found
    }
}

impl Shelf {
    fn has(&self, field: CatalogField, text: &str) -> bool {
        match field {
            CatalogField::Id => &*self.id == text,
            CatalogField::BppId => &*self.publisher == text,
            CatalogField::ProviderId => self.facts.provider_id.as_deref() == Some(text),
        }
    }
}

impl Way {
    /// The offers on this way, rising, each once.
    fn handles(self, state: &State) -> Vec<u32> {
        let mut found: Vec<u32> = match self {
            Self::Key(hash) => {
                let any = state.hash(Key::Any, "");
                let of = |hash| state.keys.range(pair(hash, 0), pair(hash, u32::MAX)).map(second);
                of(hash).chain(of(any)).collect()
            }
            Self::Price(to) => state.prices.range(0, pair(to, u32::MAX)).map(second).collect(),
            Self::Start(from, to) => {
                state.starts.range(pair(from, 0), pair(to, u32::MAX)).map(second).collect()
            }
            Self::Slot(from, to) => state.in_hours(from, to).flat_map(Sorted::iter).collect(),
            Self::Catalogs(numbers) => {
                let shelves = numbers.iter().filter_map(|number| state.shelves.get(index(*number)));
                shelves.flat_map(|shelf| shelf.offers.iter()).map(second).collect()
            }
            Self::Words(words) => return words.handles(state),
            Self::Places(handles) => handles,
        };
        found.sort_unstable();
        found.dedup();
        found
    }
}
