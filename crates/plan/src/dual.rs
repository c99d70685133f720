//! A bound on what so many sellers can earn: the caps are priced instead of kept (Lagrange), so that each seller is worth
//! what it has above these prices, and the best sellers are simply those that are worth most. Any prices give a bound;
//! good ones are found by following, from the prices of a good answer, what is sold too much and too little.

use crate::scaled::{Entry, Scaled};

/// Steps towards better prices.
const STEPS: u32 = 120;

/// The prices and what follows from them.
#[derive(Clone, Debug)]
pub(crate) struct Dual {
    /// What the caps are worth.
    base: i128,
    /// What each seller is worth above the prices; never negative.
    worths: Vec<i128>,
}

impl Dual {
    /// Looks for the prices with the least bound over all sets of `most` sellers, when a unit is worth `worth`.
    /// `taken` is a good answer: entries and units.
    pub(crate) fn of(
        scaled: &Scaled,
        of_seller: &[Vec<Entry>],
        most: usize,
        worth: i128,
        taken: &[(Entry, i64)],
    ) -> Self {
        let mut prices = Prices::of(scaled, worth, taken);
        let dearest = scaled.entries.last().map_or(0, |entry| i128::from(entry.price));
        let mut step = (dearest / 4).max(1);
        let mut best: Option<(i128, Self)> = None;
        for _ in 0..STEPS {
            let dual = prices.value(scaled, of_seller, worth);
            let sellers = dual.order();
            let chosen: Vec<usize> = sellers.into_iter().take(most).collect();
            let bound = chosen.iter().fold(dual.base, |sum, seller| sum.saturating_add(dual.worth(*seller)));
            if best.as_ref().is_none_or(|(least, _)| bound < *least) {
                best = Some((bound, dual));
            }
            prices.follow(scaled, of_seller, &chosen, worth, step);
            step = (step * 19 / 20).max(1);
        }
        best.map_or_else(|| Self { base: i128::MAX, worths: Vec::new() }, |(_, dual)| dual)
    }

    pub(crate) fn worth(&self, seller: usize) -> i128 {
        self.worths.get(seller).copied().unwrap_or(0)
    }

    /// No set that holds these and at most `room` of the others earns more.
    pub(crate) fn bound(&self, held: &[usize], others: impl Iterator<Item = usize>, room: usize) -> i128 {
        let mut worths: Vec<i128> = others.map(|seller| self.worth(seller)).collect();
        worths.sort_unstable_by(|one, other| other.cmp(one));
        let held = held.iter().map(|seller| self.worth(*seller));
        held.chain(worths.into_iter().take(room)).fold(self.base, i128::saturating_add)
    }

    /// By seller: no set of at most `most` sellers that holds it earns more.
    pub(crate) fn bounds(&self, most: usize) -> Vec<i128> {
        let order = self.order();
        let sum = |count: usize| {
            let first = order.iter().take(count).map(|seller| self.worth(*seller));
            first.fold(self.base, i128::saturating_add)
        };
        let (all, others) = (sum(most), sum(most.saturating_sub(1)));
        // With one of the best it is the bound of all; any other takes the place of the last of them.
        let mut bounds: Vec<i128> = self.worths.iter().map(|worth| others.saturating_add(*worth)).collect();
        for seller in order.iter().take(most) {
            if let Some(bound) = bounds.get_mut(*seller) {
                *bound = all;
            }
        }
        bounds
    }

    /// The sellers, the one that is worth most first; the earlier among equals.
    fn order(&self) -> Vec<usize> {
        let mut sellers: Vec<usize> = (0..self.worths.len()).collect();
        sellers.sort_by_key(|seller| (std::cmp::Reverse(self.worth(*seller)), *seller));
        sellers
    }
}

/// What a unit of each slot's cap, and of the cap in all, costs.
struct Prices {
    slots: Vec<i128>,
    all: i128,
}

impl Prices {
    /// A slot that is used up is worth what its dearest unit leaves; so is the whole.
    fn of(scaled: &Scaled, worth: i128, taken: &[(Entry, i64)]) -> Self {
        let mut used = vec![0_i64; scaled.caps.len()];
        let mut least: Vec<Option<i128>> = vec![None; scaled.caps.len()];
        let mut all = 0_i64;
        for (entry, units) in taken {
            let left = worth.saturating_sub(i128::from(entry.price)).max(0);
            if let (Some(used), Some(least)) = (used.get_mut(entry.slot), least.get_mut(entry.slot)) {
                *used = used.saturating_add(*units);
                *least = Some(least.map_or(left, |least| least.min(left)));
            }
            all = all.saturating_add(*units);
        }
        let caps = scaled.caps.iter().fold(0_i64, |sum, cap| sum.saturating_add(*cap));
        if scaled.total < caps && all >= scaled.total {
            let least = least.iter().flatten().min().copied().unwrap_or(0);
            return Self { slots: vec![0; scaled.caps.len()], all: least };
        }
        let full = used.iter().zip(&scaled.caps).zip(&least);
        let slots = full.map(|((used, cap), least)| least.filter(|_| used >= cap).unwrap_or(0));
        Self { slots: slots.collect(), all: 0 }
    }

    fn gain(&self, entry: &Entry, worth: i128) -> i128 {
        let slot = self.slots.get(entry.slot).copied().unwrap_or(0);
        let price = i128::from(entry.price).saturating_add(slot).saturating_add(self.all);
        worth.saturating_sub(price)
    }

    fn value(&self, scaled: &Scaled, of_seller: &[Vec<Entry>], worth: i128) -> Dual {
        let caps = scaled.caps.iter().zip(&self.slots);
        let base = caps.fold(i128::from(scaled.total).saturating_mul(self.all), |sum, (cap, price)| {
            sum.saturating_add(i128::from(*cap).saturating_mul(*price))
        });
        let seller = |entries: &Vec<Entry>| {
            entries.iter().fold(0_i128, |sum, entry| {
                let gain = self.gain(entry, worth).max(0);
                sum.saturating_add(gain.saturating_mul(i128::from(entry.available)))
            })
        };
        Dual { base, worths: of_seller.iter().map(seller).collect() }
    }

    /// Dearer where the chosen sellers would sell more than the cap, cheaper where less.
    fn follow(
        &mut self,
        scaled: &Scaled,
        of_seller: &[Vec<Entry>],
        chosen: &[usize],
        worth: i128,
        step: i128,
    ) {
        let mut sold = vec![0_i128; scaled.caps.len()];
        let mut all = 0_i128;
        for entry in chosen.iter().filter_map(|seller| of_seller.get(*seller)).flatten() {
            if self.gain(entry, worth) > 0 {
                if let Some(sold) = sold.get_mut(entry.slot) {
                    *sold = sold.saturating_add(i128::from(entry.available));
                }
                all = all.saturating_add(i128::from(entry.available));
            }
        }
        let moved = |price: i128, sold: i128, cap: i64| {
            let cap = i128::from(cap).max(1);
            let by = step.saturating_mul(sold.saturating_sub(cap).clamp(-cap, cap)) / cap;
            price.saturating_add(by).clamp(0, worth)
        };
        if self.all > 0 {
            self.all = moved(self.all, all, scaled.total);
        }
        for ((price, sold), cap) in self.slots.iter_mut().zip(&sold).zip(&scaled.caps) {
            *price = moved(*price, *sold, *cap);
        }
    }
}
