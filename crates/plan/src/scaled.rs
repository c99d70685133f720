//! The problem in its own grain: rows that can be used, dense numbers for slots and sellers, energy in units.

use std::collections::BTreeMap;

use units::{DeliverySlot, WattHours};

use crate::model::{PRICE_MAX, Part, Problem, Wanted};

/// A row that can be used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Its place in the problem.
    pub(crate) row: usize,
    pub(crate) seller: usize,
    pub(crate) slot: usize,
    pub(crate) price: i64,
    /// Units, at most the slot's cap.
    pub(crate) available: i64,
}

/// So many units of one entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Take {
    pub(crate) entry: Entry,
    pub(crate) units: i64,
}

/// A problem in units. Rows are sorted: the cheapest first, among equals the earlier.
#[derive(Clone, Debug)]
pub(crate) struct Scaled {
    pub(crate) entries: Vec<Entry>,
    /// Of each slot at most so much.
    pub(crate) caps: Vec<i64>,
    /// In all at most so much.
    pub(crate) total: i64,
    pub(crate) minimum: i64,
    /// In price times units.
    pub(crate) budget: Option<i64>,
    /// Watt-hours of a unit.
    pub(crate) unit: i64,
    pub(crate) sellers: usize,
}

impl Scaled {
    /// In units of the step times `coarser`. With 1 nothing is lost; with more an answer is still one, but there may be
    /// a better one in between.
    pub(crate) fn new(problem: &Problem, coarser: i64) -> Self {
        let step = problem.limits.step.get();
        let unit = step.saturating_mul(coarser.max(1));
        let steps = |energy: WattHours| energy.get().max(0) / unit;
        let (named, energy) = match &problem.wanted {
            Wanted::PerSlot(slots) => (slots, None),
            Wanted::Total { energy, slots } => (slots, Some(steps(*energy))),
        };
        let slots: BTreeMap<DeliverySlot, usize> =
            named.iter().enumerate().map(|(at, (slot, _))| (*slot, at)).collect();
        let caps: Vec<i64> = named
            .iter()
            .map(|(_, cap)| energy.map_or_else(|| steps(*cap), |energy| steps(*cap).min(energy)))
            .collect();
        let minimum = problem.limits.minimum.get();
        let minimum = minimum.div_euclid(unit).saturating_add(i64::from(minimum.rem_euclid(unit) != 0));
        let mut sellers: BTreeMap<u32, usize> = BTreeMap::new();
        let mut entries = Vec::new();
        for (at, row) in problem.rows.iter().enumerate() {
            let Some(slot) = slots.get(&row.slot).copied() else { continue };
            let available = steps(row.available).min(caps.get(slot).copied().unwrap_or(0));
            let dear = problem.limits.price.is_some_and(|limit| row.price > limit);
            if dear || available < minimum || !(0..=PRICE_MAX).contains(&row.price.get()) {
                continue;
            }
            let next = sellers.len();
            let seller = *sellers.entry(row.seller).or_insert(next);
            entries.push(Entry { row: at, seller, slot, price: row.price.get(), available });
        }
        entries.sort_by_key(|entry| (entry.price, entry.row));
        let sum = caps.iter().fold(0_i64, |sum, cap| sum.saturating_add(*cap));
        let total = energy.unwrap_or(sum).min(sum);
        let budget = problem.limits.cost.map(|cost| {
            let units = cost.get().div_euclid(i128::from(unit));
            i64::try_from(units).unwrap_or(if units < 0 { -1 } else { i64::MAX })
        });
        let sellers = sellers.len();
        Self { entries, caps, total, minimum, budget, unit, sellers }
    }

    /// The largest multiple of the step in which everything here is whole. Without a budget an optimal answer is whole
    /// in it too: caps by slot and in all are nested, so that corners have the grain of the numbers.
    pub(crate) fn grain(&self) -> i64 {
        if self.budget.is_some() {
            return 1;
        }
        let numbers = self.caps.iter().copied().chain([self.total, self.minimum]);
        let numbers = numbers.chain(self.entries.iter().map(|entry| entry.available));
        numbers.fold(0, common).max(1)
    }

    /// Only these entries; slots and sellers keep their numbers.
    pub(crate) fn only(&self, keep: impl Fn(&Entry) -> bool) -> Self {
        Self { entries: self.entries.iter().filter(|entry| keep(entry)).copied().collect(), ..self.clone() }
    }

    /// As one of so many times coarser units, everything being whole in them.
    pub(crate) fn in_grain(mut self, grain: i64) -> Self {
        for number in self.caps.iter_mut().chain([&mut self.total, &mut self.minimum]) {
            *number /= grain;
        }
        for entry in &mut self.entries {
            entry.available /= grain;
        }
        self.unit = self.unit.saturating_mul(grain);
        self
    }

    /// The caps of the slots bind one by one, nothing binds them together.
    pub(crate) fn separate(&self) -> bool {
        let sum = self.caps.iter().fold(0_i64, |sum, cap| sum.saturating_add(*cap));
        self.budget.is_none() && self.total >= sum
    }

    pub(crate) fn parts(&self, takes: &[Take]) -> Vec<Part> {
        let part = |take: &Take| Part {
            row: take.entry.row,
            energy: WattHours::new(take.units.saturating_mul(self.unit)),
        };
        takes.iter().filter(|take| take.units > 0).map(part).collect()
    }
}

fn common(one: i64, other: i64) -> i64 {
    let (mut one, mut other) = (one, other);
    while other != 0 {
        (one, other) = (other, one.rem_euclid(other));
    }
    one
}
