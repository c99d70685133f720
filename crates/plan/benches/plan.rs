//! One plan of 96 slots over 10,000 offers of one hour each, in its usual shapes. Prints milliseconds, the best of five.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a bench measures real time")]

use std::time::Instant;

use plan::{Cost, Limits, Problem, Proof, Row, Wanted, solve};
use units::{DeliverySlot, Price, Span, Timestamp, WattHours};

const OFFERS: u64 = 10_000;
const SLOTS: u64 = 96;

fn slot(hour: u64) -> DeliverySlot {
    let start = Timestamp::parse_rfc3339("2026-11-21T00:00:00+05:30").unwrap();
    DeliverySlot::starting_at(start.saturating_add(Span::from_hours(i64::try_from(hour).unwrap()))).unwrap()
}

fn market() -> Vec<Row> {
    let mut state: u64 = 0x2545_F491_4F6C_DD1D;
    let mut below = |end: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % end
    };
    (0..OFFERS)
        .map(|_| Row {
            seller: u32::try_from(below(2_000)).unwrap(),
            slot: slot(below(SLOTS)),
            price: Price::new(i64::try_from(30_000 + below(600) * 100).unwrap()),
            available: WattHours::new(i64::try_from(1_000 + below(400) * 10).unwrap()),
        })
        .collect()
}

fn main() {
    let rows = market();
    let each: Vec<_> = (0..SLOTS).map(|hour| (slot(hour), WattHours::new(4_370))).collect();
    let limits = Limits::of(WattHours::new(1_000), WattHours::new(10));
    let budget = Limits { cost: Some(Cost::new(9_000_000_000)), ..limits.clone() };
    let few = Limits { sellers: Some(5), ..limits.clone() };
    let total = Wanted::Total { energy: WattHours::new(100_000), slots: each.clone() };
    let per_slot = Wanted::PerSlot(each);
    let shapes = [
        ("per slot", per_slot.clone(), limits.clone()),
        ("in total", total, limits),
        ("with a budget", per_slot.clone(), budget),
        ("with at most 5 sellers", per_slot, few),
    ];
    for (name, wanted, limits) in shapes {
        let problem = Problem { rows: rows.clone(), wanted, limits };
        let mut best = u128::MAX;
        let mut proof = Proof::Optimal;
        for _ in 0..5 {
            let start = Instant::now();
            proof = solve(&problem).unwrap().proof;
            best = best.min(start.elapsed().as_micros());
        }
        let sure = if proof == Proof::Optimal { "optimal" } else { "bounded" };
        println!("plan {name}: {}.{:03} ms, {sure}", best / 1_000, best % 1_000);
    }
}
