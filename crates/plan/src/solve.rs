//! The way to an answer, and to the next best one.

use std::collections::BTreeMap;

use units::WattHours;

use crate::greedy;
use crate::model::{Cost, Part, PlanError, Problem, Proof, Solution, Wanted};
use crate::relaxed;
use crate::scaled::{Scaled, Take};
use crate::sellers;
use crate::table;

/// Units that are tried, times the step, when the exact table would be too large.
const COARSER: [i64; 4] = [10, 50, 100, 500];

/// The best answer: the most cover, and that at the least cost.
///
/// # Errors
/// The problem cannot be read: see [`PlanError`].
pub fn solve(problem: &Problem) -> Result<Solution, PlanError> {
    problem.check()?;
    let scaled = Scaled::new(problem, 1);
    let wanted = wanted(problem);
    let mut work = problem.limits.effort;
    let baseline = greedy::greedy(problem)?;
    let limited = problem.limits.sellers.filter(|most| *most < scaled.sellers);
    let found = match limited {
        None => exact(problem, &scaled, &mut work),
        Some(most) => among(problem, &scaled, most, &baseline, &mut work),
    };
    let (parts, exact, closer) = found.unwrap_or_default();
    let answer = Solution::of(problem, parts, wanted, Proof::Optimal);
    let mut best = if baseline.compare(&answer).is_gt() { baseline } else { answer };
    best.proof = Proof::Optimal;
    if !exact {
        let (covered, cost) = match closer {
            Some((worth, profit)) => closer_bound(&scaled, worth, profit),
            None => bound(&scaled),
        };
        let reached = best.covered.get() == covered && best.cost == cost;
        if !reached {
            best.proof = Proof::Bounded { covered: WattHours::new(covered), cost };
        }
    }
    Ok(best)
}

/// Parts, whether they are proven to be the best, and a worth of a unit with the most that can be earned at it.
type Answer = (Vec<Part>, bool, Option<(i128, i128)>);

/// Without a limit of sellers; none when the tables would be too large.
fn exact(problem: &Problem, scaled: &Scaled, work: &mut u64) -> Option<Answer> {
    let grain = scaled.grain();
    let scaled = scaled.clone().in_grain(grain);
    let known = if scaled.separate() { None } else { Some(coarse(problem, work)) };
    let takes = table::solve(&scaled, known.as_ref().map(|known| value(known, &scaled)), work);
    let answer =
        takes.map(|takes| Solution::of(problem, scaled.parts(&takes), WattHours::ZERO, Proof::Optimal));
    match (answer, known) {
        (Some(answer), Some(known)) if known.compare(&answer).is_gt() => Some((known.parts, true, None)),
        (Some(answer), _) => Some((answer.parts, true, None)),
        (None, Some(known)) => Some((known.parts, false, None)),
        (None, None) => None,
    }
}

/// Cover and cost in these units; not better than it is.
fn value(solution: &Solution, scaled: &Scaled) -> (i64, i64) {
    let unit = scaled.unit.max(1);
    let cost = solution.cost.get().saturating_add(i128::from(unit)).saturating_sub(1) / i128::from(unit);
    (solution.covered.get() / unit, i64::try_from(cost).unwrap_or(i64::MAX))
}

/// With a limit of sellers; none when nothing is better than the baseline.
fn among(
    problem: &Problem,
    scaled: &Scaled,
    most: usize,
    baseline: &Solution,
    work: &mut u64,
) -> Option<Answer> {
    let floor = value(baseline, scaled);
    // When the answer without the limit keeps it, there is none better.
    if let Some((parts, true, _)) = exact(problem, scaled, work) {
        let free = Solution::of(problem, parts, baseline.wanted, Proof::Optimal);
        if free.sellers(problem).len() <= most {
            return Some((free.parts, true, None));
        }
    }
    let found = sellers::solve(scaled, most, floor, work);
    let parts = scaled.parts(&found.takes);
    let parts = if parts.is_empty() { baseline.parts.clone() } else { parts };
    Some((parts, found.exact, Some(found.bound)))
}

/// An answer in coarser units, without a proof: the first grain whose tables are small, or the cheapest first.
fn coarse(problem: &Problem, work: &mut u64) -> Solution {
    let scaled = Scaled::new(problem, 1);
    let mut best = Solution::of(problem, greedy::parts(&scaled, None), WattHours::ZERO, Proof::Optimal);
    for coarser in COARSER {
        let scaled = Scaled::new(problem, coarser);
        let mut own = *work / 4;
        let known = value(&best, &scaled);
        let Some(takes) = table::solve(&scaled, Some(known), &mut own) else { continue };
        *work = work.saturating_sub((*work / 4).saturating_sub(own));
        let answer = Solution::of(problem, scaled.parts(&takes), WattHours::ZERO, Proof::Optimal);
        if answer.compare(&best).is_gt() {
            best = answer;
        }
        break;
    }
    best
}

/// What is wanted in all.
pub(crate) fn wanted(problem: &Problem) -> WattHours {
    match &problem.wanted {
        Wanted::PerSlot(slots) => {
            WattHours::checked_sum(slots.iter().map(|(_, energy)| *energy)).unwrap_or(WattHours::ZERO)
        }
        Wanted::Total { energy, .. } => *energy,
    }
}

/// No answer covers more watt-hours than the first, and none that covers as much costs less than the second.
pub(crate) fn bound(scaled: &Scaled) -> (i64, Cost) {
    let free = relaxed::solve(scaled);
    let cost = |take: &Take| {
        i128::from(take.entry.price)
            .saturating_mul(i128::from(take.units))
            .saturating_mul(i128::from(scaled.unit))
    };
    let sum = free.takes.iter().fold(0_i128, |sum, take| sum.saturating_add(cost(take)));
    (free.covered.saturating_mul(scaled.unit), Cost::new(sum))
}

/// As [`bound`], drawn closer: with so much a unit no answer earns more than that profit. The worth is above every cost.
fn closer_bound(scaled: &Scaled, worth: i128, profit: i128) -> (i64, Cost) {
    let (covered, cost) = bound(scaled);
    let unit = i128::from(scaled.unit);
    let most = profit.saturating_add(worth).saturating_sub(1).checked_div(worth).unwrap_or(i128::MAX);
    let most = i64::try_from(most.max(0).saturating_mul(unit)).unwrap_or(i64::MAX);
    let reach = covered.min(most);
    let units = i128::from(reach) / unit.max(1);
    let least = Cost::new(worth.saturating_mul(units).saturating_sub(profit).max(0).saturating_mul(unit));
    (reach, if reach == covered { cost.max(least) } else { least })
}

/// The best answer that does without the seller that matters most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// The seller of the most energy in the first answer.
    pub without: u32,
    pub solution: Solution,
}

/// The next best answer: the best without the seller of the most energy. None when nothing is left without it.
///
/// # Errors
/// As [`solve`].
pub fn next_best(problem: &Problem, first: &Solution) -> Result<Option<Alternative>, PlanError> {
    let mut energy: BTreeMap<u32, i64> = BTreeMap::new();
    for part in &first.parts {
        if let Some(row) = problem.rows.get(part.row) {
            let sum = energy.entry(row.seller).or_default();
            *sum = sum.saturating_add(part.energy.get());
        }
    }
    // Of equals the one with the smaller number.
    let Some(without) = energy.iter().rev().max_by_key(|(_, sum)| **sum).map(|(seller, _)| *seller) else {
        return Ok(None);
    };
    let kept: Vec<usize> = (0..problem.rows.len())
        .filter(|at| problem.rows.get(*at).is_some_and(|row| row.seller != without))
        .collect();
    let rows = kept.iter().filter_map(|at| problem.rows.get(*at)).copied().collect();
    let mut solution = solve(&Problem { rows, ..problem.clone() })?;
    for part in &mut solution.parts {
        part.row = kept.get(part.row).copied().unwrap_or(part.row);
    }
    Ok(Some(Alternative { without, solution }).filter(|other| !other.solution.parts.is_empty()))
}
