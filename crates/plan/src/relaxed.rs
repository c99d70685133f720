//! The problem without the minimum of a row and without a limit of sellers.
//!
//! Caps by slot lie inside the cap in all, so taking the cheapest first gives for every amount its least cost; a budget
//! ends it where the next unit is too dear. The answer bounds every answer of the whole problem.

use crate::scaled::{Entry, Scaled, Take};

/// What the relaxed problem takes: an optimal answer of the whole one if [`Relaxed::kept`].
#[derive(Clone, Debug)]
pub(crate) struct Relaxed {
    pub(crate) takes: Vec<Take>,
    pub(crate) covered: i64,
    pub(crate) cost: i64,
    /// Every quantity is at least the minimum.
    pub(crate) kept: bool,
}

pub(crate) fn solve(scaled: &Scaled) -> Relaxed {
    let mut caps = scaled.caps.clone();
    let mut answer = Relaxed { takes: Vec::new(), covered: 0, cost: 0, kept: true };
    for entry in &scaled.entries {
        let Some(cap) = caps.get_mut(entry.slot) else { continue };
        let left = scaled.total.saturating_sub(answer.covered);
        let affordable = match scaled.budget {
            Some(budget) if entry.price > 0 => budget.saturating_sub(answer.cost).max(0) / entry.price,
            Some(budget) if budget < 0 => 0,
            _ => i64::MAX,
        };
        let units = entry.available.min(*cap).min(left).min(affordable);
        if units <= 0 {
            continue;
        }
        *cap = cap.saturating_sub(units);
        answer.covered = answer.covered.saturating_add(units);
        answer.cost = answer.cost.saturating_add(entry.price.saturating_mul(units));
        answer.kept &= units >= scaled.minimum;
        answer.takes.push(Take { entry: *entry, units });
    }
    answer
}

/// The most that these entries, the cheapest first, can earn when a unit is worth `worth` and costs its price.
/// Submodular in the set of entries.
pub(crate) fn profit(scaled: &Scaled, entries: &[Entry], worth: i128, caps: &mut Vec<i64>) -> i128 {
    caps.clone_from(&scaled.caps);
    let mut left = scaled.total;
    let mut profit: i128 = 0;
    for entry in entries {
        let gain = worth.saturating_sub(i128::from(entry.price));
        if gain <= 0 || left <= 0 {
            break;
        }
        let Some(cap) = caps.get_mut(entry.slot) else { continue };
        let units = entry.available.min(*cap).min(left);
        *cap = cap.saturating_sub(units);
        left = left.saturating_sub(units);
        profit = profit.saturating_add(gain.saturating_mul(i128::from(units)));
    }
    profit
}
