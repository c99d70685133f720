//! Against every answer there is on small cases, and against the rules on large ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use plan::{Cost, Limits, Problem, Proof, Row, Solution, Wanted, greedy, next_best, solve};
use units::{DeliverySlot, Price, Span, Timestamp, WattHours};

/// Repeatable numbers without a dependency: xorshift.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn from(&mut self, least: i64, most: i64) -> i64 {
        least + i64::try_from(self.below(u64::try_from(most - least + 1).unwrap())).unwrap()
    }
}

fn slot(hour: i64) -> DeliverySlot {
    let start = Timestamp::parse_rfc3339("2026-11-21T00:00:00+05:30").unwrap();
    DeliverySlot::starting_at(start.saturating_add(Span::from_hours(hour))).unwrap()
}

fn wh(count: i64) -> WattHours {
    WattHours::new(count)
}

/// Up to five rows of few units, so that every answer can be tried.
fn small(draw: &mut Draw) -> Problem {
    let slots = draw.from(1, 3);
    let rows = (0..draw.from(0, 5))
        .map(|_| Row {
            seller: u32::try_from(draw.from(1, 4)).unwrap(),
            slot: slot(draw.from(0, slots)),
            price: Price::new(draw.from(1, 6)),
            available: wh(draw.from(0, 6) * 10 + draw.from(0, 1) * 3),
        })
        .collect();
    let named = |draw: &mut Draw| (0..slots).map(|hour| (slot(hour), wh(draw.from(0, 9) * 10))).collect();
    let wanted = if draw.below(2) == 0 {
        Wanted::PerSlot(named(draw))
    } else {
        Wanted::Total { energy: wh(draw.from(0, 15) * 10), slots: named(draw) }
    };
    let mut limits = Limits::of(wh(draw.from(1, 4) * 10), wh(10));
    limits.price = (draw.below(4) == 0).then(|| Price::new(draw.from(1, 6)));
    limits.cost = (draw.below(3) == 0).then(|| Cost::new(i128::from(draw.from(0, 400))));
    limits.sellers = (draw.below(2) == 0).then(|| usize::try_from(draw.from(1, 3)).unwrap());
    Problem { rows, wanted, limits }
}

/// The best cover and its cost, by trying everything.
fn by_trying(problem: &Problem) -> (i64, i128) {
    let mut best = (0, 0);
    try_rows(problem, &mut Vec::new(), &mut best);
    best
}

fn try_rows(problem: &Problem, chosen: &mut Vec<i64>, best: &mut (i64, i128)) {
    let Some(row) = problem.rows.get(chosen.len()) else {
        if let Some((covered, cost)) = value(problem, chosen)
            && (covered > best.0 || (covered == best.0 && cost < best.1))
        {
            *best = (covered, cost);
        }
        return;
    };
    let (least, most) = (problem.limits.minimum.get(), row.available.get());
    for quantity in std::iter::once(0).chain((least..=most).step_by(10)) {
        chosen.push(quantity);
        try_rows(problem, chosen, best);
        chosen.pop();
    }
}

/// Cover and cost of quantities by row; none when they break a rule. Written apart from the planner.
fn value(problem: &Problem, quantities: &[i64]) -> Option<(i64, i128)> {
    let (slots, most) = match &problem.wanted {
        Wanted::PerSlot(slots) => (slots, i64::MAX),
        Wanted::Total { energy, slots } => (slots, energy.get()),
    };
    let mut of_slot = vec![0; slots.len()];
    let mut sellers = BTreeSet::new();
    let (mut covered, mut cost) = (0, 0);
    for (row, quantity) in problem.rows.iter().zip(quantities).filter(|(_, quantity)| **quantity != 0) {
        let at = slots.iter().position(|(slot, _)| *slot == row.slot)?;
        of_slot[at] += quantity;
        sellers.insert(row.seller);
        covered += quantity;
        cost += i128::from(row.price.get()) * i128::from(*quantity);
        let step = problem.limits.step.get();
        let fits = *quantity >= problem.limits.minimum.get() && *quantity <= row.available.get();
        let dear = problem.limits.price.is_some_and(|limit| row.price > limit);
        if !fits || quantity % step != 0 || dear {
            return None;
        }
    }
    let kept = of_slot.iter().zip(slots).all(|(sum, (_, cap))| *sum <= cap.get());
    let affordable = problem.limits.cost.is_none_or(|limit| cost <= limit.get());
    let few = problem.limits.sellers.is_none_or(|most| sellers.len() <= most);
    (kept && affordable && few && covered <= most).then_some((covered, cost))
}

/// Cover and cost of an answer, after every rule was checked.
fn checked(problem: &Problem, solution: &Solution) -> (i64, i128) {
    let mut quantities = vec![0; problem.rows.len()];
    for part in &solution.parts {
        assert!(part.energy > WattHours::ZERO && quantities[part.row] == 0, "{problem:?} {solution:?}");
        quantities[part.row] = part.energy.get();
    }
    let (covered, cost) = value(problem, &quantities).unwrap_or_else(|| panic!("{problem:?} {solution:?}"));
    assert_eq!((solution.covered.get(), solution.cost.get()), (covered, cost), "{problem:?}");
    (covered, cost)
}

#[test]
fn small_cases_are_solved_as_by_trying_everything() {
    let mut draw = Draw(0x9E37_79B9_7F4A_7C15);
    for case in 0..6_000 {
        let problem = small(&mut draw);
        let solution = solve(&problem).unwrap();
        assert_eq!(solution.proof, Proof::Optimal, "case {case}: {problem:?}");
        assert_eq!(checked(&problem, &solution), by_trying(&problem), "case {case}: {problem:?}");
    }
}

/// A market of some size.
fn large(draw: &mut Draw, rows: i64, sellers: i64, slots: i64) -> Problem {
    let rows = (0..rows)
        .map(|_| Row {
            seller: u32::try_from(draw.from(1, sellers)).unwrap(),
            slot: slot(draw.from(0, slots - 1)),
            price: Price::new(draw.from(300, 900) * 100),
            available: wh(draw.from(80, 500) * 10),
        })
        .collect();
    let wanted = Wanted::PerSlot((0..slots).map(|hour| (slot(hour), wh(draw.from(100, 700) * 10))).collect());
    Problem { rows, wanted, limits: Limits::of(wh(1_000), wh(10)) }
}

#[test]
fn no_answer_loses_to_the_cheapest_first_and_every_rule_is_kept() {
    let mut draw = Draw(42);
    for case in 0..300 {
        let (rows, slots) = (draw.from(1, 80), draw.from(1, 8));
        let mut problem = large(&mut draw, rows, 12, slots);
        if case % 3 == 0 {
            problem.limits.sellers = Some(usize::try_from(draw.from(1, 5)).unwrap());
        }
        if case % 4 == 0 {
            problem.limits.cost = Some(Cost::new(i128::from(draw.from(1, 900)) * 1_000_000));
        }
        if case % 5 == 0
            && let Wanted::PerSlot(slots) = problem.wanted.clone()
        {
            problem.wanted = Wanted::Total { energy: wh(draw.from(100, 2_000) * 10), slots };
        }
        let (found, baseline) = (solve(&problem).unwrap(), greedy(&problem).unwrap());
        checked(&problem, &found);
        checked(&problem, &baseline);
        assert!(found.compare(&baseline).is_ge(), "case {case}: {problem:?}");
        assert_eq!(found.proof, Proof::Optimal, "case {case}");
        assert_eq!(solve(&problem).unwrap(), found, "case {case} is not repeatable");
    }
}

#[test]
fn an_answer_without_work_is_bounded_and_no_worse_than_the_baseline() {
    let mut draw = Draw(7);
    let mut bounded = 0;
    for _ in 0..100 {
        let mut problem = large(&mut draw, 60, 10, 6);
        problem.limits.sellers = Some(3);
        let exact = solve(&problem).unwrap();
        problem.limits.effort = 500;
        let quick = solve(&problem).unwrap();
        checked(&problem, &quick);
        assert!(quick.compare(&greedy(&problem).unwrap()).is_ge());
        assert!(exact.compare(&quick).is_ge());
        if let Proof::Bounded { covered, cost } = quick.proof {
            bounded += 1;
            assert!(exact.covered < covered || (exact.covered == covered && exact.cost >= cost));
        }
    }
    assert!(bounded > 50, "{bounded}");
}

#[test]
fn the_next_best_does_without_the_largest_seller() {
    let row = |seller, price, available| Row {
        seller,
        slot: slot(0),
        price: Price::new(price),
        available: wh(available),
    };
    let problem = Problem {
        rows: vec![row(1, 50_000, 3_000), row(2, 60_000, 5_000), row(3, 70_000, 1_000)],
        wanted: Wanted::PerSlot(vec![(slot(0), wh(4_000))]),
        limits: Limits::of(wh(1_000), wh(10)),
    };
    let first = solve(&problem).unwrap();
    assert_eq!((first.covered, first.cost), (wh(4_000), Cost::new(3_000 * 50_000 + 1_000 * 60_000)));
    let next = next_best(&problem, &first).unwrap().unwrap();
    assert_eq!((next.without, next.solution.covered), (1, wh(4_000)));
    assert_eq!(next.solution.cost, Cost::new(4_000 * 60_000));
    assert_eq!(next.solution.parts[0].row, 1);
    let lonely = Problem { rows: vec![row(1, 1, 2_000)], ..problem };
    let first = solve(&lonely).unwrap();
    assert_eq!((first.covered, first.is_full()), (wh(2_000), false));
    assert_eq!(next_best(&lonely, &first).unwrap(), None);
}

#[test]
fn a_rest_below_the_minimum_is_shared() {
    // The cheapest first would take 3 kWh and leave half a kWh that nobody sells alone.
    let row = |seller, price| Row { seller, slot: slot(0), price: Price::new(price), available: wh(3_000) };
    let problem = Problem {
        rows: vec![row(1, 40_000), row(2, 50_000)],
        wanted: Wanted::PerSlot(vec![(slot(0), wh(3_500))]),
        limits: Limits::of(wh(1_000), wh(10)),
    };
    assert_eq!(greedy(&problem).unwrap().covered, wh(3_000));
    let found = solve(&problem).unwrap();
    assert_eq!((found.covered, found.cost), (wh(3_500), Cost::new(2_500 * 40_000 + 1_000 * 50_000)));
}

#[test]
fn what_cannot_be_read_is_refused() {
    let twice = Wanted::PerSlot(vec![(slot(0), wh(10)), (slot(0), wh(10))]);
    let limits = Limits::of(wh(1_000), wh(10));
    let problem = |wanted, limits| Problem { rows: Vec::new(), wanted, limits };
    assert!(solve(&problem(twice, limits.clone())).is_err());
    let none = Wanted::PerSlot(Vec::new());
    assert!(solve(&problem(none.clone(), Limits::of(wh(0), wh(10)))).is_err());
    let beyond = Wanted::Total { energy: wh(i64::MAX), slots: Vec::new() };
    assert!(solve(&problem(beyond, limits.clone())).is_err());
    let empty = solve(&problem(none, limits)).unwrap();
    assert!(empty.is_full() && empty.parts.is_empty());
}
