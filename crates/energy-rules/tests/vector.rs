//! The derived cases of allocation, settlement, ledger nets and timing, read in place.
//!
//! Files are found by walking, and told apart by what a case contains, so that further files of the same kind
//! are run as well. A case of no known kind fails.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use beckn_wire::energy::{Column, Contract, MoneyAttributes, Writer};
use beckn_wire::json::Json;
use energy_rules::{
    BuyerRound, Claim, Deviation, NetTrade, PolicyRates, RuleSet, SettledSlot, Side, Step, check_final,
    closes_at, final_allocation, opens_at, pro_rata, revenue_flows, round_two, settle_deviation,
    settled_slots, share_net,
};
use units::{DeliverySlot, Paise, Price, Timestamp, WattHours};

/// The folder of derived vectors; `None`, with a note, where there is none and nobody insists.
fn derived() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder =
        root.join(std::env::var("WATTMANDI_VECTORS").unwrap_or_else(|_| "../shared/vectors".to_owned()));
    if !folder.is_dir() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no vectors at {}", folder.display());
        println!("vectors: skipped, no folder {}", folder.display());
        return None;
    }
    Some(folder.join("energy"))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => walk(&path, found),
            false if path.extension().is_some_and(|ext| ext == "json") => found.push(path),
            false => {}
        }
    }
}

/// A number, also in quotes.
fn number(json: &Json) -> &str {
    json.as_number().or_else(|| json.as_str()).unwrap_or_else(|| panic!("no number: {json:?}"))
}

fn energy(json: &Json) -> WattHours {
    WattHours::from_kwh_text(number(json)).unwrap()
}

fn price(json: &Json) -> Price {
    Price::from_inr_text(number(json)).unwrap()
}

fn money(json: &Json) -> Paise {
    Paise::from_inr_text(number(json)).unwrap()
}

/// Compares with what a case expects under a name; what it does not expect is not compared.
fn expect<T: PartialEq + std::fmt::Debug>(
    case: &Json,
    key: &str,
    ours: &T,
    read: impl Fn(&Json) -> T,
    name: &str,
) {
    if let Some(expected) = case.at(&["expect", key]).filter(|expected| **expected != Json::Null) {
        assert_eq!(*ours, read(expected), "{name}: {key}");
    }
}

type Energies = BTreeMap<String, WattHours>;

fn energies(json: &Json) -> Energies {
    json.as_object().unwrap().iter().map(|(id, value)| (id.to_owned(), energy(value))).collect()
}

fn text(json: &Json, name: &str) -> String {
    json.get(name).unwrap().as_str().unwrap().to_owned()
}

struct Trade {
    id: String,
    seller: String,
    buyer: String,
    traded: WattHours,
}

fn trade(json: &Json) -> Trade {
    Trade {
        id: text(json, "id"),
        seller: text(json, "seller"),
        buyer: text(json, "buyer"),
        traded: energy(json.get("qtyKwh").unwrap()),
    }
}

/// One side's allocation: each meter's reading shared among its trades.
fn side(trades: &[Trade], meter: fn(&Trade) -> &str, readings: &Json) -> Energies {
    let mut allocated = BTreeMap::new();
    for (name, metered) in energies(readings) {
        let own: Vec<_> =
            trades.iter().filter(|trade| meter(trade) == name).map(|t| (t.id.clone(), t.traded)).collect();
        let shares = pro_rata(metered, &own).unwrap();
        allocated.extend(own.into_iter().map(|(id, _)| id).zip(shares));
    }
    allocated
}

/// The buyers' round, each trade capped by the first.
fn capped(trades: &[Trade], readings: &Json, first: &Energies, rule: BuyerRound) -> Energies {
    let mut allocated = BTreeMap::new();
    for (name, metered) in energies(readings) {
        let own: Vec<_> = trades
            .iter()
            .filter(|trade| trade.buyer == name)
            .filter_map(|trade| Some((trade, *first.get(&trade.id)?)))
            .map(|(trade, cap)| Claim { id: &trade.id, traded: trade.traded, cap })
            .collect();
        let shares = round_two(metered, &own, rule).unwrap();
        allocated.extend(own.iter().map(|claim| claim.id.clone()).zip(shares));
    }
    allocated
}

fn total(shares: &Energies) -> WattHours {
    WattHours::checked_sum(shares.values().copied()).unwrap()
}

fn allocation(case: &Json, name: &str) {
    let trades: Vec<Trade> = case.get("trades").unwrap().as_array().unwrap().iter().map(trade).collect();
    let readings = case.get("meterActualKwh").unwrap();
    let seller_side = side(&trades, |trade| &trade.seller, readings.get("sellers").unwrap());
    let alone = side(&trades, |trade| &trade.buyer, readings.get("buyers").unwrap());
    let buyers = readings.get("buyers").unwrap();
    let buyer_side = capped(&trades, buyers, &seller_side, BuyerRound::ProRata);
    let filled = capped(&trades, buyers, &seller_side, BuyerRound::WaterFilling);
    let settled: Energies = seller_side
        .iter()
        .filter_map(|(id, share)| Some((id.clone(), final_allocation(Some(*share), alone.get(id).copied())?)))
        .collect();

    expect(case, "round1SellerAllocProRata", &seller_side, energies, name);
    expect(case, "buyerAllocProRataIndependent", &alone, energies, name);
    expect(case, "finalMinOfTwo", &settled, energies, name);
    expect(case, "round2BuyerCapped", &buyer_side, energies, name);
    expect(case, "totalMinOfTwo", &total(&settled), energy, name);
    expect(case, "optional_round2Waterfill", &filled, energies, name);
    expect(case, "optional_totalWaterfill", &total(&filled), energy, name);
    if let Some(most) = case.at(&["expect", "upperBoundMaxFlow"]) {
        assert!(total(&filled) <= energy(most), "{name}");
    }
    // The published worked examples print two decimals.
    let near = |published: WattHours, ours: WattHours| (published.get() - ours.get()).abs() <= 5;
    for (id, published) in
        case.get("officialNumbers").and_then(Json::as_object).into_iter().flat_map(|o| o.iter())
    {
        let ours = if id == "settled" { total(&settled) } else { settled[id] };
        assert!(near(energy(published), ours), "{name}: {id}");
    }
}

fn ledger_net(case: &Json, name: &str) {
    let trades: Vec<NetTrade<String>> = case
        .get("trades")
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|trade| NetTrade {
            id: text(trade, "id"),
            side: if text(trade, "side") == "BUY" { Side::Buy } else { Side::Sell },
            traded: energy(trade.get("qty").unwrap()),
        })
        .collect();
    let shares = share_net(energy(case.get("actualImported").unwrap()), &trades).unwrap();
    let allocated: Energies = trades.iter().map(|trade| trade.id.clone()).zip(shares).collect();
    assert_eq!(allocated, energies(case.at(&["expect", "allocated"]).unwrap()), "{name}");
}

fn settlement(case: &Json, name: &str) {
    let rate = |key: &str| case.at(&["rates", key]).map_or(Price::ZERO, price);
    let rates = PolicyRates {
        wheeling_buyer: rate("wheelingBuyer"),
        wheeling_seller: rate("wheelingSeller"),
        penalty: rate("penalty"),
    };
    let slot = |interval: &Json| SettledSlot {
        requested: energy(interval.get("requested").unwrap()),
        // An empty cell, however it is written, is not settled.
        settled: interval.get("final").filter(|json| json.as_number().is_some()).map(energy),
        price: price(interval.get("price").unwrap()),
    };
    let slots: Vec<_> = case.get("intervals").unwrap().as_array().unwrap().iter().map(slot).collect();
    let told = case.at(&["expect", "flows"]).and_then(Json::as_array).unwrap_or_default();
    let Some(flows) = revenue_flows(&slots, &rates).unwrap() else {
        assert!(told.is_empty(), "{name}: nothing is settled, so there are no flows");
        return;
    };
    expect(case, "tradeValue", &flows.trade_value, money, name);
    expect(case, "settledKwh", &flows.settled, energy, name);
    expect(case, "shortfallKwh", &flows.shortfall, energy, name);
    // A pair of role and value, or an object of both.
    let flow = |told: &Json| {
        let role = told.as_array().map_or_else(|| told.get("role"), |pair| pair.first());
        let value = told.as_array().map_or_else(|| told.get("value"), |pair| pair.get(1));
        (Writer::from_name(role.unwrap().as_str().unwrap()).unwrap(), money(value.unwrap()))
    };
    assert_eq!(flows.all().to_vec(), told.iter().map(flow).collect::<Vec<_>>(), "{name}");
    let sum: i64 = flows.all().into_iter().map(|(_, value)| value.get()).sum();
    assert_eq!(sum, 0, "{name}");
}

fn deviation(case: &Json, name: &str) {
    let at = |path: &[&str]| case.at(path).unwrap();
    let flows = settle_deviation(&Deviation {
        traded: energy(at(&["trade", "qty"])),
        price: price(at(&["trade", "price"])),
        load: energy(at(&["actual", "load"])),
        generated: energy(at(&["actual", "gen"])),
        export_rate: price(at(&["rates", "exportBU"])),
        import_rate: price(at(&["rates", "importSU"])),
    })
    .unwrap();
    expect(case, "buyerPays", &flows.buyer_pays, money, name);
    expect(case, "sellerReceives", &flows.seller_gets, money, name);
    expect(case, "sellerUtilityReceives", &flows.seller_utility_gets, money, name);
    expect(case, "buyerUtilityPays", &flows.buyer_utility_pays, money, name);
}

fn timing(file: &Json) {
    let instant = |json: &Json| Timestamp::parse_rfc3339(json.as_str().unwrap()).unwrap();
    let at = |name: &str| instant(file.get(name).unwrap());
    let slot = DeliverySlot::starting_at(at("slotStart")).unwrap();
    let rules = RuleSet::ies_test();
    if let Some(closes) = file.get("gateClosure4h") {
        assert_eq!(closes_at(slot, &rules), instant(closes));
    }
    if let Some(opens) = file.get("tradeWindowOpens24h") {
        assert_eq!(opens_at(slot, &rules), instant(opens));
    }
    if let Some(duration) = file.get("slotDuration").and_then(Json::as_str) {
        assert_eq!(units::Span::parse_iso8601(duration), Ok(DeliverySlot::DURATION));
    }
    let deadlines = file.get("dPlus1Deadlines").and_then(Json::as_object);
    for (name, deadline) in deadlines.into_iter().flat_map(|deadlines| deadlines.iter()) {
        let (table, day) = (rules.timetable, slot.ist_date());
        let ours = match name {
            "meterDataAvailable" => table.at(Step::MeterData, day),
            "round1SellerDiscom" => table.by(Step::RoundOne, day),
            "buyerReads" => table.at(Step::BuyerReads, day),
            "round2BuyerDiscom" => table.by(Step::RoundTwo, day),
            "round3SellerDiscom" => table.by(Step::RoundThree, day),
            "platformsReadFinal" => table.at(Step::FinalRead, day),
            other => panic!("an unknown step: {other}"),
        };
        assert_eq!(ours, instant(deadline), "{name}");
    }
}

/// A settled message: what it says is final may be settled, and its flows are ours at rates of zero.
fn settled_message(file: &Json) {
    let contract = Contract::of_message(file.get("message").unwrap()).unwrap();
    let table = contract.series().unwrap();
    for interval in &table.intervals {
        let cell = |column: &Column| table.energy(interval.id, column).unwrap().unwrap();
        let verdict = check_final(
            cell(&Column::RequestedQty),
            cell(&Column::BuyerDiscomAlloc),
            cell(&Column::SellerDiscomAlloc),
            cell(&Column::FinalAlloc),
        );
        assert_eq!(verdict, Ok(()), "interval {}", interval.id);
    }
    let flows = revenue_flows(&settled_slots(table).unwrap(), &PolicyRates::default()).unwrap().unwrap();
    let told: BTreeMap<String, Paise> = contract
        .consideration
        .iter()
        .filter_map(|consideration| match &consideration.attributes {
            Some(MoneyAttributes::Flows(flows)) => Some(&flows.flows),
            _ => None,
        })
        .flatten()
        .map(|flow| (flow.role.clone(), flow.paise().unwrap()))
        .collect();
    let ours: BTreeMap<String, Paise> =
        flows.all().into_iter().map(|(role, value)| (role.as_str().to_owned(), value)).collect();
    assert_eq!(ours, told);
}

#[test]
fn vector_derived() {
    let Some(folder) = derived() else { return };
    let mut files = Vec::new();
    walk(&folder, &mut files);
    files.retain(|path| path.components().any(|part| part.as_os_str() == "derived"));
    files.sort();
    let mut passed = 0;
    for path in &files {
        let file = Json::parse(&std::fs::read(path).unwrap()).unwrap();
        if file.get("slotStart").is_some() {
            timing(&file);
            passed += 1;
        } else if file.get("message").is_some() {
            settled_message(&file);
            passed += 1;
        }
        for case in file.get("cases").and_then(Json::as_array).into_iter().flatten() {
            let name = case.get("name").and_then(Json::as_str).unwrap_or_default();
            let name = format!("{}: {name}", path.display());
            match case {
                case if case.get("slotStart").is_some() => timing(case),
                case if case.get("meterActualKwh").is_some() => allocation(case, &name),
                case if case.get("actualImported").is_some() => ledger_net(case, &name),
                case if case.get("intervals").is_some() => settlement(case, &name),
                case if case.get("actual").is_some() => deviation(case, &name),
                _ => panic!("a case of no known kind: {name}"),
            }
            passed += 1;
        }
    }
    assert!(passed >= files.len(), "a file of no known kind in {}", folder.display());
    println!("vectors: {passed} passed, 0 skipped (allocation, settlement, ledger nets, timing)");
}
