//! At most so many sellers: branch and bound over sets of sellers.
//!
//! A unit is given a worth above every cost, so that more cover always pays and then less cost does. Without minimum
//! and budget the profit of a set of sellers is submodular: with `r` more sellers it grows by at most the sum of the
//! `r` largest single gains. That sum bounds every set below a node, and so does what the sellers are worth above the
//! prices of the caps ([`Dual`]); a second worth, near the price that a budget can pay, bounds what the budget allows.
//! Each set that passes is solved exactly by the tables.

use crate::dual::Dual;
use crate::relaxed;
use crate::scaled::{Entry, Scaled, Take};
use crate::table;

/// The best set of takes that was found, and whether nothing better can exist.
pub(crate) struct Found {
    pub(crate) takes: Vec<Take>,
    pub(crate) exact: bool,
    /// With this worth of a unit no answer earns more than that.
    pub(crate) bound: (i128, i128),
}

struct Search<'p> {
    scaled: &'p Scaled,
    of_seller: Vec<Vec<Entry>>,
    most: usize,
    /// What a unit is worth: above every cost, and near what the budget can pay.
    worths: Vec<i128>,
    /// By worth.
    duals: Vec<Dual>,
    /// No answer costs more.
    spend_max: i128,
    /// Cover and cost of the best.
    best: (i64, i64),
    takes: Vec<Take>,
    work: u64,
    exact: bool,
    caps: Vec<i64>,
}

/// Finds the best answer with at most `most` sellers. `floor` is cover and cost of an answer that is known already:
/// only better ones are looked for, and none is given when there is none.
pub(crate) fn solve(scaled: &Scaled, most: usize, floor: (i64, i64), work: &mut u64) -> Found {
    let mut of_seller = vec![Vec::new(); scaled.sellers];
    for entry in &scaled.entries {
        if let Some(list) = of_seller.get_mut(entry.seller) {
            list.push(*entry);
        }
    }
    let dearest = scaled.entries.last().map_or(0, |entry| entry.price);
    let whole = i128::from(dearest).saturating_mul(i128::from(scaled.total));
    let spend_max = scaled.budget.map_or(whole, |budget| whole.min(i128::from(budget.max(0))));
    let mut search = Search {
        scaled,
        of_seller,
        most,
        worths: vec![spend_max.saturating_add(1)],
        duals: Vec::new(),
        spend_max,
        best: floor,
        takes: Vec::new(),
        work: *work,
        exact: true,
        caps: Vec::new(),
    };
    search.worths.extend(search.budget_worth());
    search.begin();
    let all = search.worthwhile();
    search.visit(&mut Vec::new(), &[], &all);
    *work = search.work;
    let worth = search.worths.first().copied().unwrap_or(1);
    let root = search.duals.first().map_or(i128::MAX, |dual| dual.bound(&[], 0..scaled.sellers, most));
    Found { takes: search.takes, exact: search.exact, bound: (worth, root) }
}

impl Search<'_> {
    /// The worth that bounds the cover under the budget best when every seller could be used.
    fn budget_worth(&self) -> Option<i128> {
        self.scaled.budget?;
        let mut prices: Vec<i64> = self.scaled.entries.iter().map(|entry| entry.price).collect();
        prices.dedup();
        let stride = (prices.len() / 32).max(1);
        let mut caps = Vec::new();
        let rate = |worth: i128, caps: &mut Vec<i64>| {
            let profit = relaxed::profit(self.scaled, &self.scaled.entries, worth, caps);
            profit.saturating_add(self.spend_max).checked_div(worth)
        };
        let worths = prices.iter().step_by(stride).map(|price| i128::from(*price).saturating_add(1));
        worths.min_by_key(|worth| rate(*worth, &mut caps).unwrap_or(i128::MAX))
    }

    fn pay(&mut self, steps: usize) -> bool {
        match self.work.checked_sub(u64::try_from(steps).unwrap_or(u64::MAX)) {
            Some(left) => self.work = left,
            None => {
                self.work = 0;
                self.exact = false;
            }
        }
        self.exact
    }

    /// Something of at most that profit, at that worth of a unit, may be better than the best.
    fn hopeful(&self, worth: i128, profit: i128) -> bool {
        let (covered, cost) = (i128::from(self.best.0), i128::from(self.best.1));
        let more = worth.saturating_mul(covered.saturating_add(1)).saturating_sub(self.spend_max);
        let cheaper = worth.saturating_mul(covered).saturating_sub(cost);
        profit >= more || profit > cheaper
    }

    /// A good set to begin with: the seller that gains most, again and again, then one exchanged for another while
    /// that gains. Takes at most a quarter of the work.
    fn begin(&mut self) {
        let whole = self.work;
        self.work /= 4;
        let mut chosen: Vec<usize> = Vec::new();
        while chosen.len() < self.most {
            let Some(seller) = self.best_with(&chosen) else { break };
            chosen.push(seller);
        }
        let mut at = 0;
        let mut unchanged = 0;
        while unchanged < chosen.len() && self.exact {
            let Some(old) = chosen.get(at).copied() else { break };
            chosen.remove(at);
            let new = self.best_with(&chosen).unwrap_or(old);
            unchanged = if new == old { unchanged.saturating_add(1) } else { 0 };
            chosen.insert(at, new);
            at = at.saturating_add(1).checked_rem(chosen.len()).unwrap_or(0);
        }
        let entries = self.entries_of(&chosen);
        self.try_set(&entries);
        let mut own = self.scaled.only(|_| false);
        own.entries = entries;
        let taken: Vec<(Entry, i64)> =
            relaxed::solve(&own).takes.iter().map(|take| (take.entry, take.units)).collect();
        for worth in &self.worths {
            self.duals.push(Dual::of(self.scaled, &self.of_seller, self.most, *worth, &taken));
        }
        self.work = whole.saturating_sub((whole / 4).saturating_sub(self.work));
        self.exact = true;
    }

    /// The sellers that may be in an answer that is better than the best.
    fn worthwhile(&self) -> Vec<usize> {
        let bounds: Vec<Vec<i128>> = self.duals.iter().map(|dual| dual.bounds(self.most)).collect();
        let hopeful = |seller: &usize| {
            self.worths
                .iter()
                .zip(&bounds)
                .all(|(worth, bounds)| bounds.get(*seller).is_some_and(|bound| self.hopeful(*worth, *bound)))
        };
        (0..self.scaled.sellers).filter(hopeful).collect()
    }

    /// The seller whose entries earn most beside the chosen ones; the earlier among equals, none when none earns.
    fn best_with(&mut self, chosen: &[usize]) -> Option<usize> {
        let entries = self.entries_of(chosen);
        let others: Vec<usize> = (0..self.scaled.sellers).filter(|other| !chosen.contains(other)).collect();
        let (gains, _) = self.gains(&entries, &others)?;
        let gain = |gains: &(usize, Vec<i128>)| gains.1.first().copied();
        let best = gains.iter().rev().max_by_key(|other| gain(other))?;
        gain(best).filter(|gain| *gain > 0).map(|_| best.0)
    }

    fn entries_of(&self, sellers: &[usize]) -> Vec<Entry> {
        sellers.iter().fold(Vec::new(), |entries, seller| self.with(&entries, *seller))
    }

    /// All sets that hold `chosen` and some of `others`.
    fn visit(&mut self, chosen: &mut Vec<usize>, entries: &[Entry], others: &[usize]) {
        self.try_set(entries);
        let room = self.most.saturating_sub(chosen.len());
        if room == 0 || others.is_empty() || !self.exact {
            return;
        }
        let Some((mut gains, bases)) = self.gains(entries, others) else { return };
        // The largest gain first; among equals the seller of the earlier row.
        gains.sort_by(|one, other| other.1.first().cmp(&one.1.first()).then(one.0.cmp(&other.0)));
        for at in 0..gains.len() {
            let rest = gains.get(at..).unwrap_or_default();
            if !self.pay(rest.len().saturating_mul(4)) {
                return;
            }
            if !self.any_hope(rest, &bases, room) || !self.priced_hope(chosen, rest, 0, room) {
                // The next ones have no larger gains.
                return;
            }
            let Some(seller) = rest.first().map(|(seller, _)| *seller) else { return };
            if !self.priced_hope(chosen, rest, 1, room) {
                continue;
            }
            let others: Vec<usize> = rest.iter().skip(1).map(|(seller, _)| *seller).collect();
            let more = self.with(entries, seller);
            chosen.push(seller);
            self.visit(chosen, &more, &others);
            chosen.pop();
            if !self.exact {
                return;
            }
        }
    }

    /// Each worth's bound over the sets that take from the rest.
    fn any_hope(&self, rest: &[(usize, Vec<i128>)], bases: &[i128], room: usize) -> bool {
        self.worths.iter().zip(bases).enumerate().all(|(at, (worth, base))| {
            let mut single: Vec<i128> = rest.iter().filter_map(|(_, gains)| gains.get(at).copied()).collect();
            if at > 0 {
                single.sort_unstable_by(|one, other| other.cmp(one));
            }
            let most = single.iter().take(room).fold(*base, |sum, gain| sum.saturating_add(*gain));
            self.hopeful(*worth, most)
        })
    }

    /// As [`Search::any_hope`], by the prices of the caps, over the sets that hold the chosen ones, the first `held` of
    /// the rest, and others of it.
    fn priced_hope(&self, chosen: &[usize], rest: &[(usize, Vec<i128>)], held: usize, room: usize) -> bool {
        let sellers = rest.iter().map(|(seller, _)| *seller);
        let with: Vec<usize> = chosen.iter().copied().chain(sellers.clone().take(held)).collect();
        self.worths.iter().zip(&self.duals).all(|(worth, dual)| {
            let bound = dual.bound(&with, sellers.clone().skip(held), room.saturating_sub(held));
            self.hopeful(*worth, bound)
        })
    }

    /// What each seller would add alone, by worth, and what there is without any of them.
    #[allow(clippy::type_complexity, reason = "gains by seller beside the bases they grow from")]
    fn gains(&mut self, entries: &[Entry], others: &[usize]) -> Option<(Vec<(usize, Vec<i128>)>, Vec<i128>)> {
        let mut caps = std::mem::take(&mut self.caps);
        let worths = self.worths.clone();
        let bases: Vec<i128> =
            worths.iter().map(|worth| relaxed::profit(self.scaled, entries, *worth, &mut caps)).collect();
        let mut gains = Vec::with_capacity(others.len());
        for seller in others {
            let more = self.with(entries, *seller);
            // Twice through the entries for each worth, and once to put them together.
            let steps = more.len().saturating_add(self.scaled.caps.len()).saturating_mul(worths.len());
            let steps = steps.saturating_mul(3);
            if !self.pay(steps) {
                return None;
            }
            let each = worths.iter().zip(&bases).map(|(worth, base)| {
                relaxed::profit(self.scaled, &more, *worth, &mut caps).saturating_sub(*base)
            });
            let each: Vec<i128> = each.collect();
            if each.iter().any(|gain| *gain > 0) {
                gains.push((*seller, each));
            }
        }
        self.caps = caps;
        Some((gains, bases))
    }

    /// The entries with a seller's, the cheapest first.
    fn with(&self, entries: &[Entry], seller: usize) -> Vec<Entry> {
        let own = self.of_seller.get(seller).map(Vec::as_slice).unwrap_or_default();
        let mut all = Vec::with_capacity(entries.len().saturating_add(own.len()));
        let (mut left, mut right) = (entries.iter().peekable(), own.iter().peekable());
        loop {
            let next = match (left.peek(), right.peek()) {
                (Some(one), Some(other)) if (one.price, one.row) <= (other.price, other.row) => left.next(),
                (_, Some(_)) => right.next(),
                (Some(_), None) => left.next(),
                (None, None) => return all,
            };
            all.extend(next.copied());
        }
    }

    /// Solves one set exactly, when it can be better than the best.
    fn try_set(&mut self, entries: &[Entry]) {
        if entries.is_empty() || !self.exact {
            return;
        }
        let mut own = self.scaled.only(|_| false);
        own.entries = entries.to_vec();
        let free = relaxed::solve(&own);
        if !better((free.covered, free.cost), self.best) {
            return;
        }
        let grain = own.grain();
        let own = own.in_grain(grain);
        let known = (self.best.0 / grain, self.best.1.saturating_div(grain).saturating_add(1));
        let Some(takes) = table::solve(&own, Some(known), &mut self.work) else {
            self.exact = false;
            return;
        };
        let takes: Vec<Take> =
            takes.into_iter().map(|take| Take { units: take.units.saturating_mul(grain), ..take }).collect();
        let covered = takes.iter().fold(0_i64, |sum, take| sum.saturating_add(take.units));
        let cost = takes
            .iter()
            .fold(0_i64, |sum, take| sum.saturating_add(take.units.saturating_mul(take.entry.price)));
        if better((covered, cost), self.best) {
            self.best = (covered, cost);
            self.takes = takes;
        }
    }
}

/// More cover, or as much for less.
pub(crate) fn better(one: (i64, i64), other: (i64, i64)) -> bool {
    one.0 > other.0 || (one.0 == other.0 && one.1 < other.1)
}
