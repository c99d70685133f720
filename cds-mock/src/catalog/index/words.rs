//! Which offers have names with certain words: their own, those of their resources, and those of their
//! catalogs, which are kept once for all of its offers.

use std::collections::BTreeMap;

use super::intern::index;
use super::sorted::{pair, second};
use super::state::State;
use crate::catalog::facts;

/// A beginning of more different words than these is not looked up.
const BEGINNINGS_MAX: usize = 4_096;
/// More words than these are judged by the bodies.
const WORDS_MAX: usize = 32;
/// Catalogs whose names have different ones of the words, at most so many kinds of them.
const KINDS_MAX: usize = 64;

/// A question for words, made ready.
pub(super) struct Words {
    /// The words of the names that each one begins; `None`: too many.
    beginnings: Vec<Option<Vec<u32>>>,
    /// Catalogs by which of the words their own names have, one bit each.
    kinds: BTreeMap<u32, Vec<u32>>,
    /// At most so many offers.
    pub(super) estimate: usize,
}

impl Words {
    /// `None` when the index cannot say which offers have these words.
    pub(super) fn prepare(state: &State, words: &[String]) -> Option<Self> {
        if words.is_empty() || words.len() > WORDS_MAX {
            return None;
        }
        let words: Vec<&str> = words.iter().map(|word| facts::cut(word)).collect();
        let beginnings: Vec<Option<Vec<u32>>> = words
            .iter()
            .map(|word| {
                // The empty word stands for any.
                let any = state.words.beginning("").next().filter(|n| state.words.text(*n) == Some(""));
                let found = state.words.beginning(word).take(BEGINNINGS_MAX.saturating_add(1));
                let found: Vec<u32> = any.into_iter().chain(found).collect();
                (found.len() <= BEGINNINGS_MAX).then_some(found)
            })
            .collect();
        let mut kinds: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (number, shelf) in state.shelves.iter().enumerate() {
            let has = |word: &&str| {
                shelf.facts.facts.words.iter().any(|own| own.is_empty() || own.starts_with(*word))
            };
            let mask = words.iter().enumerate().filter(|(_, word)| has(word));
            let mask = mask.fold(0_u32, |mask, (bit, _)| mask | 1 << bit);
            if mask != 0 {
                kinds.entry(mask).or_default().push(u32::try_from(number).unwrap_or(u32::MAX));
            }
        }
        if kinds.len() > KINDS_MAX {
            return None;
        }
        let mut made = Self { beginnings, kinds, estimate: 0 };
        made.estimate = made.smallest(state, 0)?.0;
        for (mask, shelves) in &made.kinds {
            let all =
                shelves.iter().filter_map(|n| state.shelves.get(index(*n))).map(|s| s.offers.len()).sum();
            let some = made.smallest(state, *mask).map_or(all, |(count, _)| count.min(all));
            made.estimate = made.estimate.saturating_add(some);
        }
        Some(made)
    }

    /// The word, among those that `mask` leaves, which the fewest offers have, and how many.
    fn smallest(&self, state: &State, mask: u32) -> Option<(usize, usize)> {
        let counted = self.left(mask).filter_map(|at| Some((self.count(state, at)?, at)));
        counted.min()
    }

    fn left(&self, mask: u32) -> impl Iterator<Item = usize> {
        (0..self.beginnings.len()).filter(move |bit| mask & 1 << bit == 0)
    }

    fn count(&self, state: &State, at: usize) -> Option<usize> {
        let words = self.beginnings.get(at)?.as_ref()?;
        Some(words.iter().map(|word| state.word_uses.count(pair(*word, 0), pair(*word, u32::MAX))).sum())
    }

    /// The offers with these words, rising.
    pub(super) fn handles(&self, state: &State) -> Vec<u32> {
        let mut found = self.with_own_names(state, 0);
        for (mask, shelves) in &self.kinds {
            let inside = |handle: &u32| {
                super::entry::at(&state.entries, *handle).is_some_and(|e| shelves.contains(&e.catalog))
            };
            if self.smallest(state, *mask).is_some() {
                found.extend(self.with_own_names(state, *mask).into_iter().filter(inside));
            } else {
                let shelves = shelves.iter().filter_map(|number| state.shelves.get(index(*number)));
                found.extend(shelves.flat_map(|shelf| shelf.offers.iter()).map(second));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The offers whose own names have the words that `mask` leaves.
    fn with_own_names(&self, state: &State, mask: u32) -> Vec<u32> {
        let Some((_, first)) = self.smallest(state, mask) else { return Vec::new() };
        let mut found = self.uses(state, first).unwrap_or_default();
        for other in self.left(mask).filter(|at| *at != first) {
            let Some(users) = self.uses(state, other) else { continue };
            found.retain(|handle| users.binary_search(handle).is_ok());
        }
        found
    }

    fn uses(&self, state: &State, at: usize) -> Option<Vec<u32>> {
        let words = self.beginnings.get(at)?.as_ref()?;
        let uses = words.iter().flat_map(|word| state.word_uses.range(pair(*word, 0), pair(*word, u32::MAX)));
        let mut handles: Vec<u32> = uses.map(second).collect();
        handles.sort_unstable();
        handles.dedup();
        Some(handles)
    }
}
