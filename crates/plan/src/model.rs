//! What is asked of the planner, and its answer.

use std::cmp::Ordering;

use units::{DeliverySlot, Paise, Price, WattHours};

/// Energy and prices up to here keep every sum within 64 bits.
const ENERGY_MAX: i64 = 1_000_000_000;
pub(crate) const PRICE_MAX: i64 = 1_000_000_000;
/// Work that one plan may cost by default, in steps of the tables.
const EFFORT: u64 = 150_000_000;

/// Price times energy, exact: 0.0001 INR/kWh times Wh, a ten-millionth of an INR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cost(i128);

impl Cost {
    /// So much in units of a paisa; this is how many of its units a paisa has.
    pub const PER_PAISA: i128 = 100_000;

    pub const fn new(count: i128) -> Self {
        Self(count)
    }

    pub const fn get(self) -> i128 {
        self.0
    }

    /// What so much energy costs at that price.
    pub fn of(energy: WattHours, price: Price) -> Self {
        Self(i128::from(energy.get()).saturating_mul(i128::from(price.get())))
    }

    /// An amount of money, exactly.
    pub fn of_paise(amount: Paise) -> Self {
        Self(i128::from(amount.get()).saturating_mul(Self::PER_PAISA))
    }

    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// One hour of one offer. Who sells it is a number that the caller gives each seller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub seller: u32,
    pub slot: DeliverySlot,
    pub price: Price,
    pub available: WattHours,
}

/// What is to be covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// So much of each slot named.
    PerSlot(Vec<(DeliverySlot, WattHours)>),
    /// So much over all slots named, of each at most what stands beside it.
    Total { energy: WattHours, slots: Vec<(DeliverySlot, WattHours)> },
}

/// What a plan must keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The least of a row, and the grain of its quantity.
    pub minimum: WattHours,
    pub step: WattHours,
    /// Dearer rows are not taken.
    pub price: Option<Price>,
    /// The whole may not cost more.
    pub cost: Option<Cost>,
    /// The most sellers.
    pub sellers: Option<usize>,
    /// How much work may be done before the best answer so far is given.
    pub effort: u64,
}

impl Limits {
    /// No other limit than the minimum of a row and its step.
    pub const fn of(minimum: WattHours, step: WattHours) -> Self {
        Self { minimum, step, price: None, cost: None, sellers: None, effort: EFFORT }
    }
}

/// A wish, the offers, and the limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Among equals the earlier one is taken.
    pub rows: Vec<Row>,
    pub wanted: Wanted,
    pub limits: Limits,
}

/// Why nothing can be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("minimum and step must be positive")]
    Step,
    #[error("a slot is wanted more than once")]
    SlotRepeated,
    #[error("energy is out of range")]
    Energy,
}

impl Problem {
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        if self.limits.minimum <= WattHours::ZERO || self.limits.step <= WattHours::ZERO {
            return Err(PlanError::Step);
        }
        let (slots, energy) = match &self.wanted {
            Wanted::PerSlot(slots) => (slots, WattHours::ZERO),
            Wanted::Total { energy, slots } => (slots, *energy),
        };
        let mut named: Vec<DeliverySlot> = slots.iter().map(|(slot, _)| *slot).collect();
        named.sort_unstable();
        if named.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(PlanError::SlotRepeated);
        }
        let each = slots.iter().map(|(_, energy)| *energy);
        let sum = match self.wanted {
            Wanted::PerSlot(_) => WattHours::checked_sum(each),
            // Caps beyond what is wanted at all do no harm.
            Wanted::Total { .. } => each.min().or(Some(WattHours::ZERO)),
        };
        let fits = |energy: WattHours| (0..=ENERGY_MAX).contains(&energy.get());
        if !fits(energy) || sum.is_none_or(|sum| sum < WattHours::ZERO || (sum.get() > ENERGY_MAX)) {
            return Err(PlanError::Energy);
        }
        Ok(())
    }
}

/// So much of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its place in [`Problem::rows`].
    pub row: usize,
    pub energy: WattHours,
}

/// How sure an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing covers more, and nothing that covers as much costs less.
    Optimal,
    /// The work was used up. Nothing covers more than this, and nothing that covers this much costs less than that.
    Bounded { covered: WattHours, cost: Cost },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// In the order of the rows.
    pub parts: Vec<Part>,
    pub wanted: WattHours,
    pub covered: WattHours,
    pub cost: Cost,
    pub proof: Proof,
}

impl Solution {
    /// Recomputes energy and cost from the parts, in integers.
    pub(crate) fn of(problem: &Problem, mut parts: Vec<Part>, wanted: WattHours, proof: Proof) -> Self {
        parts.sort_unstable_by_key(|part| part.row);
        let mut covered = WattHours::ZERO;
        let mut cost = Cost::default();
        for part in &parts {
            let Some(row) = problem.rows.get(part.row) else { continue };
            covered = covered.checked_add(part.energy).unwrap_or(covered);
            cost = cost.plus(Cost::of(part.energy, row.price));
        }
        Self { parts, wanted, covered, cost, proof }
    }

    /// Covers all that is wanted.
    pub fn is_full(&self) -> bool {
        self.covered >= self.wanted
    }

    /// More cover comes first, then less cost.
    pub fn compare(&self, other: &Self) -> Ordering {
        self.covered.cmp(&other.covered).then(other.cost.cmp(&self.cost))
    }

    /// The sellers of this answer, each once, by their numbers.
    pub fn sellers(&self, problem: &Problem) -> Vec<u32> {
        let rows = self.parts.iter().filter_map(|part| problem.rows.get(part.row));
        let mut sellers: Vec<u32> = rows.map(|row| row.seller).collect();
        sellers.sort_unstable();
        sellers.dedup();
        sellers
    }
}
