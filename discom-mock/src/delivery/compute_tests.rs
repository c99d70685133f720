//! The rules of a delivery day: rounds, waiting, estimates, and the derived vectors.

use super::*;
use crate::ledger::model::Party;
use test_support::vectors;
use units::{DeliverySlot, Timestamp};

const ALL: [Step; 7] = [
    Step::MeterData,
    Step::Round1,
    Step::BuyerReads,
    Step::Round2,
    Step::SellerReads,
    Step::Final,
    Step::Close,
];

fn slot() -> DeliverySlot {
    DeliverySlot::containing(Timestamp::from_seconds(1_793_520_000))
}

fn party(meter: &str) -> Party {
    let text = |what: &str| format!("{what}.example");
    Party { platform: text("p"), discom: text("d"), ledger: text("l"), meter: meter.to_owned() }
}

fn line(id: &str, seller: &str, buyer: &str, requested: i64, sides: &[Side]) -> DayLine {
    DayLine {
        key: LineKey { contract: id.to_owned(), commitment: "c".to_owned(), interval: 0 },
        network: energy_rules::NETWORK_TEST.to_owned(),
        slot: slot(),
        requested: WattHours::new(requested),
        buyer: party(buyer),
        seller: party(seller),
        sides: sides.to_vec(),
    }
}

fn reads(day: &mut Day, meter: &str, import: i64, export: i64, quality: Quality) {
    let reading =
        Reading { import: WattHours::new(import), export: WattHours::new(export), quality, version: 4 };
    day.readings.insert((meter.to_lowercase(), slot()), reading);
}

/// Tells a cell as the other side's ledger would through its platform.
fn relay(day: &mut Day, line: &LineKey, column: Column, value: &str) {
    let round = day.cells.get(line, &column).map_or(1, |cell| cell.round + 1);
    let cell = Cell { value: value.to_owned(), round, origin: Origin::Relayed, written_at: day.now };
    day.cells.set(line.clone(), column, cell);
}

fn value<'a>(cells: &'a Cells, line: &LineKey, column: Column) -> &'a str {
    cells.get(line, &column).map_or("", |cell| cell.value.as_str())
}

#[test]
fn a_shared_ledger_settles_in_one_pass_and_changes_nothing_in_the_next() {
    let mut day = Day { lines: vec![line("a", "S", "B", 10_000, &Side::ALL)], ..Day::default() };
    reads(&mut day, "S", 0, 8_000, Quality::Measured);
    reads(&mut day, "B", 15_000, 0, Quality::Measured);
    let outcome = compute(&mut day, &ALL);
    let key = day.lines[0].key.clone();
    let columns = [
        Column::SellerDiscomAlloc,
        Column::SellerDiscomStatus,
        Column::BuyerDiscomAlloc,
        Column::BuyerDiscomStatus,
        Column::FinalAlloc,
    ];
    let cells = columns.map(|column| value(&day.cells, &key, column));
    assert_eq!(cells, ["8", COMPLETED, "8", COMPLETED, "8"]);
    // One pass is one round, also of the status that was pending for a moment.
    assert_eq!(outcome.writes.iter().map(|write| write.round).collect::<Vec<_>>(), [1; 5]);
    assert!(outcome.open.values().all(|open| *open == 0));
    assert_eq!(compute(&mut day, &ALL).writes, []);
}

#[test]
fn each_side_waits_for_the_other_and_never_takes_silence_for_zero() {
    let mut seller = Day { lines: vec![line("a", "S", "B", 10_000, &[Side::Seller])], ..Day::default() };
    let key = seller.lines[0].key.clone();
    reads(&mut seller, "S", 0, 8_000, Quality::Measured);
    let outcome = compute(&mut seller, &ALL);
    assert_eq!(value(&seller.cells, &key, Column::SellerDiscomAlloc), "8");
    assert_eq!(value(&seller.cells, &key, Column::SellerDiscomStatus), PENDING);
    assert_eq!(
        (outcome.open[&Step::Round1], outcome.open[&Step::SellerReads], outcome.open[&Step::Final]),
        (0, 1, 1)
    );
    assert_eq!(troubles(&seller, &seller.lines[0]), [Trouble::CounterpartMissing(Side::Buyer)]);

    let mut buyer = Day { lines: vec![line("a", "S", "B", 10_000, &[Side::Buyer])], ..Day::default() };
    reads(&mut buyer, "B", 7_000, 0, Quality::Measured);
    assert_eq!(compute(&mut buyer, &ALL).writes, []);
    relay(&mut buyer, &key, Column::SellerDiscomAlloc, "8");
    compute(&mut buyer, &ALL);
    assert_eq!(value(&buyer.cells, &key, Column::BuyerDiscomAlloc), "7");

    relay(&mut seller, &key, Column::BuyerDiscomAlloc, "7");
    // Pending is no word to settle on.
    relay(&mut seller, &key, Column::BuyerDiscomStatus, PENDING);
    assert_eq!(compute(&mut seller, &ALL).writes, []);
    relay(&mut seller, &key, Column::BuyerDiscomStatus, COMPLETED);
    compute(&mut seller, &ALL);
    assert_eq!(value(&seller.cells, &key, Column::FinalAlloc), "7");
    // A correction of the buyer's is the next round of the final.
    relay(&mut seller, &key, Column::BuyerDiscomAlloc, "6.5");
    let outcome = compute(&mut seller, &ALL);
    assert_eq!(outcome.writes.len(), 1);
    assert_eq!((outcome.writes[0].value.as_str(), outcome.writes[0].round), ("6.5", 2));
}

#[test]
fn estimates_are_provisional_until_the_horizon() {
    let mut day = Day { lines: vec![line("a", "S", "B", 5_000, &Side::ALL)], ..Day::default() };
    let key = day.lines[0].key.clone();
    reads(&mut day, "S", 0, 5_000, Quality::Estimated);
    reads(&mut day, "B", 5_000, 0, Quality::Estimated);
    compute(&mut day, &ALL);
    assert_eq!(value(&day.cells, &key, Column::BuyerDiscomStatus), PENDING);
    assert_eq!(value(&day.cells, &key, Column::FinalAlloc), "");
    assert_eq!(troubles(&day, &day.lines[0]).len(), 2);
    compute(&mut day, &Step::ALL);
    assert_eq!(value(&day.cells, &key, Column::FinalAlloc), "5");
    assert_eq!(troubles(&day, &day.lines[0]), []);
}

/// The seller's ledger of a line that was settled at 8 of 10 kWh, an hour ago.
fn settled_at_eight() -> Day {
    let now = Timestamp::from_seconds(1_793_600_000);
    let lines = vec![line("a", "S", "B", 10_000, &[Side::Seller])];
    let mut day = Day { lines, now, ..Day::default() };
    let key = day.lines[0].key.clone();
    reads(&mut day, "S", 0, 8_000, Quality::Measured);
    compute(&mut day, &[Step::Round1]);
    relay(&mut day, &key, Column::BuyerDiscomAlloc, "8");
    relay(&mut day, &key, Column::BuyerDiscomStatus, COMPLETED);
    compute(&mut day, &ALL);
    assert!(is_settled(&day.cells, &key));
    day.now = now.saturating_add(Span::from_hours(1));
    day
}

#[test]
fn less_than_was_settled_counts_at_once() {
    let mut day = settled_at_eight();
    let key = day.lines[0].key.clone();
    reads(&mut day, "S", 0, 6_000, Quality::Measured);
    let outcome = compute(&mut day, &ALL);
    assert_eq!(outcome.writes.len(), 2, "quantity and final, nothing else: {:?}", outcome.writes);
    assert_eq!(value(&day.cells, &key, Column::FinalAlloc), "6");
    assert_eq!(value(&day.cells, &key, Column::SellerDiscomStatus), COMPLETED);
}

#[test]
fn more_than_was_settled_waits_for_the_buyers_round() {
    for (said, last) in [(Some("10"), "10"), (Some("9"), "9"), (None, "8")] {
        let mut day = settled_at_eight();
        let key = day.lines[0].key.clone();
        reads(&mut day, "S", 0, 10_000, Quality::Measured);
        let outcome = compute(&mut day, &ALL);
        assert_eq!(value(&day.cells, &key, Column::SellerDiscomAlloc), "10");
        assert_eq!(value(&day.cells, &key, Column::SellerDiscomStatus), PENDING, "no word to act upon");
        assert_eq!(value(&day.cells, &key, Column::FinalAlloc), "8");
        assert_eq!(outcome.open[&Step::Final], 1);
        assert_eq!(troubles(&day, &day.lines[0]), [Trouble::Reopened]);
        let until = outcome.wake.unwrap();
        assert_eq!(until, day.now.saturating_add(REOPENED));
        day.now = day.now.saturating_add(Span::from_minutes(5));
        assert_eq!(compute(&mut day, &ALL).writes, []);
        match said {
            // The buyer's ledger takes its word back, and gives it anew.
            Some(said) => {
                relay(&mut day, &key, Column::BuyerDiscomStatus, PENDING);
                assert_eq!(compute(&mut day, &ALL).writes, []);
                relay(&mut day, &key, Column::BuyerDiscomAlloc, said);
                relay(&mut day, &key, Column::BuyerDiscomStatus, COMPLETED);
            }
            // It has nothing to change, and says nothing.
            None => day.now = until,
        }
        compute(&mut day, &ALL);
        assert_eq!(value(&day.cells, &key, Column::FinalAlloc), last);
        assert_eq!(value(&day.cells, &key, Column::SellerDiscomStatus), COMPLETED);
        assert_eq!(compute(&mut day, &ALL).writes, []);
    }
}

#[test]
fn a_discoms_own_word_stands_and_is_taken_out_of_what_the_meter_shares() {
    let lines = vec![line("a", "S", "B", 6_000, &Side::ALL), line("b", "S", "C", 6_000, &Side::ALL)];
    let mut day = Day { lines, ..Day::default() };
    let (a, b) = (day.lines[0].key.clone(), day.lines[1].key.clone());
    for (meter, import, export) in [("S", 0, 8_000), ("B", 6_000, 0), ("C", 6_000, 0)] {
        reads(&mut day, meter, import, export, Quality::Measured);
    }
    let told = Cell { value: "5".to_owned(), round: 1, origin: Origin::Direct, written_at: day.now };
    day.cells.set(a.clone(), Column::SellerDiscomAlloc, told);
    compute(&mut day, &ALL);
    let finals = [&a, &b].map(|key| value(&day.cells, key, Column::FinalAlloc).to_owned());
    assert_eq!(finals, ["5", "3"]);
    let told = Cell { value: PENDING.to_owned(), round: 2, origin: Origin::Direct, written_at: day.now };
    day.cells.set(a.clone(), Column::SellerDiscomStatus, told);
    compute(&mut day, &ALL);
    assert_eq!(value(&day.cells, &a, Column::SellerDiscomStatus), PENDING);
    assert!(!is_settled(&day.cells, &a) && is_settled(&day.cells, &b));
}

#[test]
fn what_no_meter_said_stays_open() {
    let mut day = Day { lines: vec![line("a", "S", "B", 5_000, &Side::ALL)], ..Day::default() };
    let outcome = compute(&mut day, &Step::ALL);
    assert_eq!(outcome.writes, []);
    assert!(outcome.open.values().all(|open| *open == 1));
}

#[test]
fn the_derived_allocations_hold_vector() {
    use beckn_wire::json::Json;
    let Some(folder) = vectors::dir() else { return };
    let file = std::fs::read(folder.join("energy/derived/allocation.json")).unwrap();
    let file = Json::parse(&file).unwrap();
    let cases = file.get("cases").and_then(Json::as_array).unwrap();
    let text = |json: &Json, name: &str| json.get(name).and_then(Json::as_str).unwrap().to_owned();
    let kwh = |json: &Json| WattHours::from_kwh_text(json.as_number().unwrap()).unwrap();
    for case in cases {
        let mut day = Day::default();
        for trade in case.get("trades").and_then(Json::as_array).unwrap() {
            let requested = kwh(trade.get("qtyKwh").unwrap()).get();
            let names = [text(trade, "id"), text(trade, "seller"), text(trade, "buyer")];
            day.lines.push(line(&names[0], &names[1], &names[2], requested, &Side::ALL));
        }
        for (group, sells) in [("sellers", true), ("buyers", false)] {
            let meters = case.at(&["meterActualKwh", group]).and_then(Json::as_object).unwrap();
            for (meter, actual) in meters.iter() {
                let actual = kwh(actual).get();
                let (import, export) = if sells { (0, actual) } else { (actual, 0) };
                reads(&mut day, meter, import, export, Quality::Measured);
            }
        }
        compute(&mut day, &ALL);
        for (expected, column) in [
            ("round1SellerAllocProRata", Column::SellerDiscomAlloc),
            ("round2BuyerCapped", Column::BuyerDiscomAlloc),
            ("round2BuyerCapped", Column::FinalAlloc),
        ] {
            for (id, quantity) in case.at(&["expect", expected]).and_then(Json::as_object).unwrap().iter() {
                let key = &day.lines.iter().find(|line| line.key.contract == id).unwrap().key;
                let name = text(case, "name");
                assert_eq!(day.cells.energy(key, &column), Some(kwh(quantity)), "{name} {column} {id}");
            }
        }
    }
    println!("vectors: {} passed, 0 skipped", cases.len());
}

#[test]
fn what_the_grid_took_is_told_as_that() {
    use crate::metering::outage::Outage;
    // (seller's meter fails, export, buyer's meter fails, import) and the two last words.
    for (seller, export, buyer, import, words) in [
        (true, 0, false, 9_000, ["CANCELLED_OUTAGE", COMPLETED]),
        (true, 4_000, false, 9_000, ["CURTAILED_OUTAGE", COMPLETED]),
        (true, 9_000, false, 9_000, [COMPLETED, COMPLETED]),
        (false, 5_000, true, 0, [COMPLETED, "CANCELLED_OUTAGE"]),
        (false, 5_000, true, 3_000, [COMPLETED, "CURTAILED_OUTAGE"]),
        (true, 0, true, 0, ["CANCELLED_OUTAGE", COMPLETED]),
    ] {
        let mut day = Day { lines: vec![line("a", "S", "B", 5_000, &Side::ALL)], ..Day::default() };
        let key = day.lines[0].key.clone();
        reads(&mut day, "S", 0, export, Quality::Measured);
        reads(&mut day, "B", import, 0, Quality::Measured);
        for (fails, meter) in [(seller, "s"), (buyer, "b")] {
            if fails {
                day.outages.insert((meter.to_owned(), slot()), Outage::TOTAL);
            }
        }
        compute(&mut day, &ALL);
        let told = [Column::SellerDiscomStatus, Column::BuyerDiscomStatus];
        assert_eq!(told.map(|column| value(&day.cells, &key, column).to_owned()), words);
        assert!(is_settled(&day.cells, &key));
    }
}
