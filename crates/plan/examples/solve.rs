//! Reads cases as JSON, one in a line, and writes the planner's answer and the baseline's, one in a line: so that a
//! program of another origin can compare them (`tests/foreign/plan_oracle.py`).
//!
//! ```text
//! {"rows": [[seller, slot, price, available], …], "caps": [wanted of slot 0, …], "total": null, "minimum": 1000,
//!  "step": 10, "price": null, "cost": null, "sellers": null}
//! {"covered": 7500, "cost": 470000000, "optimal": true, "parts": [[row, energy], …], "greedy": [7000, 437000000]}
//! ```

#![allow(
    clippy::unwrap_used,
    reason = "a program of the tests, which ends with a panic when a case cannot be read"
)]

use std::io::BufRead as _;

use plan::{Cost, Limits, Problem, Proof, Row, Wanted, greedy, solve};
use serde_json::{Value, json};
use units::{DeliverySlot, Price, Span, Timestamp, WattHours};

fn slot(hour: i64) -> DeliverySlot {
    let start = Timestamp::parse_rfc3339("2026-11-21T00:00:00+05:30").unwrap();
    DeliverySlot::starting_at(start.saturating_add(Span::from_hours(hour))).unwrap()
}

fn list(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|one| one.as_i64().unwrap()).collect()
}

fn problem(case: &Value) -> Problem {
    let rows = case["rows"].as_array().unwrap().iter().map(|row| {
        let row = list(row);
        Row {
            seller: u32::try_from(row[0]).unwrap(),
            slot: slot(row[1]),
            price: Price::new(row[2]),
            available: WattHours::new(row[3]),
        }
    });
    let caps = list(&case["caps"]);
    let hours = 0..i64::try_from(caps.len()).unwrap();
    let slots = hours.zip(caps).map(|(hour, cap)| (slot(hour), WattHours::new(cap))).collect();
    let wanted = match case["total"].as_i64() {
        Some(energy) => Wanted::Total { energy: WattHours::new(energy), slots },
        None => Wanted::PerSlot(slots),
    };
    let energy = |name: &str| WattHours::new(case[name].as_i64().unwrap());
    let mut limits = Limits::of(energy("minimum"), energy("step"));
    limits.price = case["price"].as_i64().map(Price::new);
    limits.cost = case["cost"].as_i64().map(|cost| Cost::new(cost.into()));
    limits.sellers = case["sellers"].as_u64().map(|most| usize::try_from(most).unwrap());
    Problem { rows: rows.collect(), wanted, limits }
}

fn main() {
    for line in std::io::stdin().lock().lines() {
        let problem = problem(&serde_json::from_str(&line.unwrap()).unwrap());
        let (found, baseline) = (solve(&problem).unwrap(), greedy(&problem).unwrap());
        let cost = |cost: Cost| i64::try_from(cost.get()).unwrap();
        let parts: Vec<Value> = found.parts.iter().map(|part| json!([part.row, part.energy.get()])).collect();
        let answer = json!({
            "covered": found.covered.get(), "cost": cost(found.cost), "optimal": found.proof == Proof::Optimal,
            "parts": parts, "greedy": [baseline.covered.get(), cost(baseline.cost)],
        });
        println!("{answer}");
    }
}
