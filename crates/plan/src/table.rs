//! The exact answer by tables: the least cost of every quantity, row by row within a slot, then slot by slot.
//!
//! Within a slot a row adds between the minimum and what it has; the best place to add it is found by a window that
//! slides over the table, so that a row costs one pass. Rows that cannot matter are left out first: of a slot at most
//! `cap / minimum` rows are used, and a row that so many others beat in price and in quantity is never needed.
//!
//! Where the slots are bound together, an answer that is known already leaves out quantities of a slot: counted at the
//! price at which the relaxed problem ends, they lose more than that answer loses in all ([`Hope`]).

use std::collections::VecDeque;

use crate::relaxed::{self, Relaxed};
use crate::scaled::{Entry, Scaled, Take};

/// No way to that quantity.
const NONE: i64 = i64::MAX;

/// Least cost by quantity, and how it is reached.
struct SlotTable {
    cost: Vec<i64>,
    entries: Vec<Entry>,
    /// By entry, then by quantity: how much of the entry is in it.
    taken: Vec<Vec<i64>>,
}

/// An exact answer without a limit of sellers, or none when it costs more than `work`, which is counted down. `known`
/// is cover and cost of an answer that need not be beaten: what is given is the best, or worse than that one.
pub(crate) fn solve(scaled: &Scaled, known: Option<(i64, i64)>, work: &mut u64) -> Option<Vec<Take>> {
    let free = relaxed::solve(scaled);
    spend(work, scaled.entries.len(), 1)?;
    if free.kept {
        return Some(free.takes);
    }
    let mut of_slot: Vec<Vec<Entry>> = vec![Vec::new(); scaled.caps.len()];
    for entry in &scaled.entries {
        if let Some(list) = of_slot.get_mut(entry.slot) {
            list.push(*entry);
        }
    }
    if scaled.separate() {
        return separate(scaled, &of_slot, work);
    }
    let mut tables: Vec<SlotTable> = Vec::with_capacity(of_slot.len());
    for (entries, cap) in of_slot.iter().zip(&scaled.caps) {
        tables.push(slot_table(entries, (*cap).min(scaled.total), scaled.minimum, work)?);
    }
    let hope = known.map(|known| Hope::of(scaled, &tables, &free, known));
    if let Some(hope) = &hope {
        hope.narrow(&mut tables);
    }
    merge(scaled, &tables, hope.as_ref(), work)
}

/// What an answer as good as one that is known may lose.
///
/// At a price `p` per unit every answer loses `cost - p * cover`, and each slot at least its least loss. An answer as
/// good as the known one covers more and keeps the budget, or covers as much and costs no more; what some slots may
/// lose beyond their least is what that leaves.
struct Hope {
    price: i128,
    /// By slot.
    least: Vec<i128>,
    slack: i128,
}

impl Hope {
    fn of(scaled: &Scaled, tables: &[SlotTable], free: &Relaxed, known: (i64, i64)) -> Self {
        let price = i128::from(free.takes.last().map_or(0, |take| take.entry.price));
        let mut hope = Self { price, least: Vec::with_capacity(tables.len()), slack: 0 };
        for table in tables {
            let ways = table.cost.iter().zip(0_i128..).filter(|(cost, _)| **cost != NONE);
            hope.least.push(ways.map(|(cost, units)| hope.loss(*cost, units)).min().unwrap_or(0));
        }
        let sum = hope.least.iter().fold(0_i128, |sum, least| sum.saturating_add(*least));
        let dearest = scaled.entries.last().map_or(0, |entry| entry.price).saturating_mul(scaled.total);
        let budget = scaled.budget.map_or(dearest, |budget| budget.min(dearest));
        let covered = i128::from(known.0);
        let mut most = hope.loss(known.1, covered);
        if known.0 < free.covered {
            most = most.max(hope.loss(budget, covered.saturating_add(1)));
        }
        hope.slack = most.saturating_sub(sum);
        hope
    }

    fn loss(&self, cost: i64, units: i128) -> i128 {
        i128::from(cost).saturating_sub(self.price.saturating_mul(units))
    }

    /// Leaves out the quantities that lose too much.
    fn narrow(&self, tables: &mut [SlotTable]) {
        for (table, least) in tables.iter_mut().zip(&self.least) {
            self.keep(&mut table.cost, *least);
        }
    }

    fn keep(&self, costs: &mut [i64], least: i128) {
        for (cost, units) in costs.iter_mut().zip(0_i128..) {
            if *cost != NONE && self.loss(*cost, units).saturating_sub(least) > self.slack {
                *cost = NONE;
            }
        }
    }
}

fn separate(scaled: &Scaled, of_slot: &[Vec<Entry>], work: &mut u64) -> Option<Vec<Take>> {
    let mut takes = Vec::new();
    for (slot, entries) in of_slot.iter().enumerate() {
        let cap = scaled.caps.get(slot).copied().unwrap_or(0);
        let mut alone = scaled.clone_empty();
        alone.entries.clone_from(entries);
        alone.total = cap;
        if let Some(own) = alone.caps.get_mut(slot) {
            *own = cap;
        }
        let free = relaxed::solve(&alone);
        if free.kept {
            takes.extend(free.takes);
            continue;
        }
        let table = slot_table(entries, cap, scaled.minimum, work)?;
        let most = table.cost.iter().rposition(|cost| *cost != NONE).unwrap_or(0);
        takes.extend(unwind(&table, most));
    }
    Some(takes)
}

impl Scaled {
    /// The same limits without entries and with caps of nothing.
    fn clone_empty(&self) -> Self {
        Self {
            entries: Vec::new(),
            caps: vec![0; self.caps.len()],
            total: 0,
            minimum: self.minimum,
            budget: None,
            unit: self.unit,
            sellers: self.sellers,
        }
    }
}

fn spend(work: &mut u64, one: usize, other: usize) -> Option<()> {
    let steps = u64::try_from(one.saturating_mul(other)).unwrap_or(u64::MAX);
    *work = work.checked_sub(steps)?;
    Some(())
}

fn size(units: i64) -> usize {
    usize::try_from(units.max(0)).unwrap_or(usize::MAX)
}

/// Of entries sorted by price, those that an optimal answer of the slot may need.
fn needed(entries: &[Entry], cap: i64, minimum: i64) -> Vec<Entry> {
    let used = size(cap / minimum.max(1));
    let mut kept: Vec<Entry> = Vec::new();
    for entry in entries.iter().map(|entry| Entry { available: entry.available.min(cap), ..*entry }) {
        let better = kept.iter().filter(|other| other.available >= entry.available).count();
        if better < used && entry.available >= minimum {
            kept.push(entry);
        }
    }
    kept
}

fn slot_table(entries: &[Entry], cap: i64, minimum: i64, work: &mut u64) -> Option<SlotTable> {
    let entries = needed(entries, cap, minimum);
    let length = size(cap).checked_add(1)?;
    spend(work, entries.len().saturating_add(1), length)?;
    let mut cost = vec![NONE; length];
    if let Some(first) = cost.first_mut() {
        *first = 0;
    }
    let mut taken = Vec::with_capacity(entries.len());
    for entry in &entries {
        let (next, from) = add(&cost, entry, minimum);
        cost = next;
        taken.push(from);
    }
    Some(SlotTable { cost, entries, taken })
}

/// The table with one more entry, and how much of it is in each quantity.
fn add(old: &[i64], entry: &Entry, minimum: i64) -> (Vec<i64>, Vec<i64>) {
    let mut next = old.to_vec();
    let mut taken = vec![0; old.len()];
    // Places from which the entry could be added, the one that comes out cheapest in front.
    let mut window: VecDeque<(i64, i64)> = VecDeque::new();
    let places = next.iter_mut().zip(taken.iter_mut()).zip(0_i64..);
    for ((best, units), quantity) in places {
        let from = quantity.saturating_sub(minimum);
        if let Some(cost) = old.get(size(from)).filter(|cost| from >= 0 && **cost != NONE) {
            let key = cost.saturating_sub(entry.price.saturating_mul(from));
            while window.back().is_some_and(|(last, _)| *last > key) {
                window.pop_back();
            }
            window.push_back((key, from));
        }
        let least = quantity.saturating_sub(entry.available);
        while window.front().is_some_and(|(_, place)| *place < least) {
            window.pop_front();
        }
        if let Some((key, place)) = window.front() {
            let cost = key.saturating_add(entry.price.saturating_mul(quantity));
            if cost < *best {
                *best = cost;
                *units = quantity.saturating_sub(*place);
            }
        }
    }
    (next, taken)
}

/// How that quantity of the slot is made up.
fn unwind(table: &SlotTable, quantity: usize) -> Vec<Take> {
    let mut left = quantity;
    let mut takes = Vec::new();
    for (entry, taken) in table.entries.iter().zip(&table.taken).rev() {
        let units = taken.get(left).copied().unwrap_or(0);
        if units > 0 {
            takes.push(Take { entry: *entry, units });
            left = left.saturating_sub(size(units));
        }
    }
    takes
}

/// The best of all slots together, under what binds them together.
fn merge(scaled: &Scaled, tables: &[SlotTable], hope: Option<&Hope>, work: &mut u64) -> Option<Vec<Take>> {
    let length = size(scaled.total).checked_add(1)?;
    let mut best = vec![0_i64];
    let mut least: i128 = 0;
    let mut chosen: Vec<Vec<u32>> = Vec::with_capacity(tables.len());
    for (at, table) in tables.iter().enumerate() {
        let ways = reached(&table.cost);
        let before = reached(&best);
        spend(work, before.len(), ways.len())?;
        let grown = best.len().saturating_add(table.cost.len()).saturating_sub(1).min(length);
        spend(work, grown, 1)?;
        let mut next = vec![NONE; grown];
        let mut choice = vec![0_u32; grown];
        for (quantity, cost) in ways {
            let mark = u32::try_from(quantity).ok()?;
            for (place, reached) in &before {
                let place = place.saturating_add(quantity);
                let (Some(target), Some(choice)) = (next.get_mut(place), choice.get_mut(place)) else {
                    break;
                };
                let sum = reached.saturating_add(cost);
                if sum < *target {
                    *target = sum;
                    *choice = mark;
                }
            }
        }
        if let Some(hope) = hope {
            least = least.saturating_add(hope.least.get(at).copied().unwrap_or(0));
            hope.keep(&mut next, least);
        }
        best = next;
        chosen.push(choice);
    }
    let within = |cost: &i64| *cost != NONE && scaled.budget.is_none_or(|budget| *cost <= budget);
    let Some(mut left) = best.iter().rposition(within) else { return Some(Vec::new()) };
    let mut takes = Vec::new();
    for (table, choice) in tables.iter().zip(&chosen).rev() {
        let quantity = choice.get(left).and_then(|units| usize::try_from(*units).ok()).unwrap_or(0);
        takes.extend(unwind(table, quantity));
        left = left.saturating_sub(quantity);
    }
    Some(takes)
}

/// The quantities that there is a way to, with their costs, in order.
fn reached(costs: &[i64]) -> Vec<(usize, i64)> {
    costs.iter().copied().enumerate().filter(|(_, cost)| *cost != NONE).collect()
}
