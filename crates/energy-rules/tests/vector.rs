//! The published and derived cases of allocation and timing, read in place.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use beckn_wire::json::Json;
use energy_rules::{RuleSet, closes_at, min_of_two, opens_at, pro_rata};
use units::{DeliverySlot, Timestamp, WattHours};

/// The file below the folder of vectors; `None`, with a note, where there is none and nobody insists.
fn vector(path: &str) -> Option<Json> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder =
        root.join(std::env::var("WATTMANDI_VECTORS").unwrap_or_else(|_| "../shared/vectors".to_owned()));
    if !folder.is_dir() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no vectors at {}", folder.display());
        println!("vectors: skipped, no folder {}", folder.display());
        return None;
    }
    Some(Json::parse(&std::fs::read(folder.join(path)).unwrap()).unwrap())
}

fn energy(json: &Json) -> WattHours {
    WattHours::from_kwh_text(json.as_number().unwrap()).unwrap()
}

fn energies(json: &Json) -> BTreeMap<String, WattHours> {
    json.as_object().unwrap().iter().map(|(id, value)| (id.to_owned(), energy(value))).collect()
}

struct Trade {
    id: String,
    seller: String,
    buyer: String,
    traded: WattHours,
}

fn trade(json: &Json) -> Trade {
    let text = |name: &str| json.get(name).unwrap().as_str().unwrap().to_owned();
    Trade {
        id: text("id"),
        seller: text("seller"),
        buyer: text("buyer"),
        traded: energy(json.get("qtyKwh").unwrap()),
    }
}

/// One side's allocation: each meter's reading shared among its trades.
fn side(trades: &[Trade], meter: fn(&Trade) -> &str, readings: &Json) -> BTreeMap<String, WattHours> {
    let mut allocated = BTreeMap::new();
    for (name, metered) in energies(readings) {
        let own: Vec<_> =
            trades.iter().filter(|trade| meter(trade) == name).map(|t| (t.id.clone(), t.traded)).collect();
        let shares = pro_rata(metered, &own).unwrap();
        allocated.extend(own.into_iter().map(|(id, _)| id).zip(shares));
    }
    allocated
}

#[test]
fn vector_allocation() {
    let Some(file) = vector("energy/derived/allocation.json") else { return };
    let cases = file.get("cases").unwrap().as_array().unwrap();
    for case in cases {
        let name = case.get("name").unwrap().as_str().unwrap();
        let trades: Vec<Trade> = case.get("trades").unwrap().as_array().unwrap().iter().map(trade).collect();
        let readings = case.get("meterActualKwh").unwrap();
        let seller_side = side(&trades, |trade| &trade.seller, readings.get("sellers").unwrap());
        let buyer_side = side(&trades, |trade| &trade.buyer, readings.get("buyers").unwrap());
        let values = |side: &BTreeMap<String, WattHours>| side.values().copied().collect::<Vec<_>>();
        let smaller = min_of_two(&values(&seller_side), &values(&buyer_side));
        let settled: BTreeMap<_, _> = seller_side.keys().cloned().zip(smaller.iter().copied()).collect();

        let expect = |key: &str| energies(case.at(&["expect", key]).unwrap());
        assert_eq!(seller_side, expect("round1SellerAllocProRata"), "{name}");
        assert_eq!(buyer_side, expect("buyerAllocProRataIndependent"), "{name}");
        assert_eq!(settled, expect("finalMinOfTwo"), "{name}");
        // The second round: the buyer's share, capped by the first round.
        assert_eq!(settled, expect("round2BuyerCapped"), "{name}");
        let total = energy(case.at(&["expect", "totalMinOfTwo"]).unwrap());
        assert_eq!(WattHours::checked_sum(smaller), Some(total), "{name}");
    }
    assert!(!cases.is_empty());
    println!("vectors: {} passed, 0 skipped (allocation)", cases.len());
}

#[test]
fn vector_timing() {
    let Some(file) = vector("energy/derived/timing.json") else { return };
    let instant = |name: &str| Timestamp::parse_rfc3339(file.get(name).unwrap().as_str().unwrap()).unwrap();
    let slot = DeliverySlot::starting_at(instant("slotStart")).unwrap();
    let rules = RuleSet::ies_test();
    assert_eq!(closes_at(slot, &rules), instant("gateClosure4h"));
    assert_eq!(opens_at(slot, &rules), instant("tradeWindowOpens24h"));
    let duration = file.get("slotDuration").unwrap().as_str().unwrap();
    assert_eq!(units::Span::parse_iso8601(duration), Ok(DeliverySlot::DURATION));
    println!("vectors: 1 passed, 0 skipped (timing)");
}
