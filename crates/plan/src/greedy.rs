//! The baseline: the cheapest first, as much of each as there is, until the wish is covered.

use std::collections::BTreeSet;

use units::WattHours;

use crate::model::{Part, PlanError, Problem, Proof, Solution};
use crate::scaled::{Scaled, Take};
use crate::solve::{bound, wanted};

/// The cover that takes the cheapest row first. What is left of a slot below the minimum stays uncovered.
///
/// # Errors
/// The problem cannot be read: see [`PlanError`].
pub fn greedy(problem: &Problem) -> Result<Solution, PlanError> {
    problem.check()?;
    let scaled = Scaled::new(problem, 1);
    let parts = parts(&scaled, problem.limits.sellers);
    let (covered, cost) = bound(&scaled);
    Ok(Solution::of(
        problem,
        parts,
        wanted(problem),
        Proof::Bounded { covered: WattHours::new(covered), cost },
    ))
}

pub(crate) fn parts(scaled: &Scaled, sellers: Option<usize>) -> Vec<Part> {
    let mut caps = scaled.caps.clone();
    let mut total = scaled.total;
    let mut budget = scaled.budget;
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let mut takes = Vec::new();
    for entry in &scaled.entries {
        let Some(cap) = caps.get_mut(entry.slot) else { continue };
        let affordable = match budget {
            Some(budget) if entry.price > 0 => budget.max(0) / entry.price,
            _ => i64::MAX,
        };
        let units = entry.available.min(*cap).min(total).min(affordable);
        let full = sellers.is_some_and(|most| taken.len() >= most) && !taken.contains(&entry.seller);
        if full || units < scaled.minimum {
            continue;
        }
        *cap = cap.saturating_sub(units);
        total = total.saturating_sub(units);
        budget = budget.map(|budget| budget.saturating_sub(entry.price.saturating_mul(units)));
        taken.insert(entry.seller);
        takes.push(Take { entry: *entry, units });
    }
    scaled.parts(&takes)
}
