//! The energy views over the official wave-2 payloads, and the builders against both texts of the protocol.
//!
//! The vectors are read in place from `$WATTMANDI_VECTORS`, by default beside the repository.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "energy_vectors/flow.rs"]
mod flow;
#[path = "energy_vectors/oracle.rs"]
mod oracle;
#[path = "energy_vectors/tables.rs"]
mod tables;
#[path = "energy_vectors/world.rs"]
mod world;

use std::path::PathBuf;

use beckn_wire::energy::{
    Catalogs, Column, Contract, MoneyAttributes, Path, PayTo, PublishResults, Writer, meter_leg, schema,
};
use beckn_wire::json::Json;
use units::{Paise, Price, WattHours};

/// A folder of the vectors; `None` when it is absent, which is a failure in CI.
pub fn folder(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("WATTMANDI_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let path = root.join(name);
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is missing", path.display());
    println!("vectors: 0 passed, skipped: {} is missing", path.display());
    None
}

/// Every JSON document below a folder, with its path from there, in order.
pub fn documents(root: &std::path::Path) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "json") {
                let json = Json::parse(&std::fs::read(&path).unwrap()).unwrap();
                found.push((path.strip_prefix(root).unwrap().display().to_string(), json));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn official(name: &str) -> Option<Json> {
    let path = folder("energy")?.join(name);
    Some(Json::parse(&std::fs::read(path).unwrap()).unwrap())
}

fn official_contract(name: &str) -> Option<Contract> {
    official(name).map(|json| Contract::of_message(json.get("message").unwrap()).unwrap())
}

#[test]
fn vector_every_official_payload_comes_out_as_it_went_in() {
    let Some(root) = folder("energy") else { return };
    let (mut contracts, mut catalogs) = (0, 0);
    for part in ["lts-wave2", "lts-policy", "derived"] {
        for (name, json) in documents(&root.join(part)) {
            let Some(message) = json.get("message") else { continue };
            if message.get("contract").is_some() {
                let contract = Contract::of_message(message).unwrap_or_else(|e| panic!("{part}/{name}: {e}"));
                assert_eq!(contract.to_message().to_string(), message.to_string(), "{part}/{name}");
                contracts += 1;
            } else if message.get("catalogs").is_some() {
                let read = Catalogs::read(message, &Path::new("message")).unwrap();
                assert_eq!(read.to_json().to_string(), message.to_string(), "{part}/{name}");
                catalogs += 1;
            }
        }
    }
    assert!(contracts >= 20 && catalogs >= 2, "{contracts} contracts, {catalogs} catalogs");
    println!("vectors: {} passed, 0 skipped", contracts + catalogs);
}

/// Whatever a node of an official contract is replaced by: it is refused, or it comes out as it went in.
#[test]
fn vector_damaged_payloads_are_refused_or_kept() {
    let Some(settled) = official("lts-wave2/platforms/on-status-response-settled.json") else { return };
    let Some(publish) = official("lts-wave2/platforms/publish-catalog.json") else { return };
    let (mut refused, mut kept) = (0, 0);
    for document in [settled, publish] {
        let message = document.get("message").unwrap();
        let mut nodes = 0;
        replace(message, &mut nodes, usize::MAX, &Json::Null);
        for place in 0..nodes {
            for text in
                ["null", "true", "7", "1e400", r#""x""#, "[]", "[[]]", "{}", r#"{"@type":"TimeSeries"}"#]
            {
                let damaged = replace(message, &mut 0, place, &Json::parse_text(text).unwrap());
                let again = match damaged.get("contract") {
                    Some(_) => Contract::of_message(&damaged).map(|c| c.to_message()),
                    None => Catalogs::read(&damaged, &Path::new("message")).map(|c| c.to_json()),
                };
                match again {
                    Ok(again) => assert_eq!(again.to_string(), damaged.to_string()),
                    Err(error) => {
                        assert!(error.code.as_str().starts_with("SCH_") && error.path.is_some(), "{error}");
                        refused += 1;
                        continue;
                    }
                }
                kept += 1;
            }
        }
    }
    assert!(refused > 1_000 && kept > 1_000, "{refused} refused, {kept} kept");
    println!("vectors: {} mutations passed, 0 skipped", refused + kept);
}

/// A copy with the node of that number (in order of appearance) replaced, and how many nodes there are.
fn replace(value: &Json, seen: &mut usize, place: usize, by: &Json) -> Json {
    let here = *seen;
    *seen += 1;
    let copy = match value {
        Json::Array(items) => Json::array(items.iter().map(|item| replace(item, seen, place, by))),
        Json::Object(object) => Json::object(object.iter().map(|(k, v)| (k, replace(v, seen, place, by)))),
        leaf => leaf.clone(),
    };
    if here == place { by.clone() } else { copy }
}

/// Contracts of other domains have other attributes; they are carried all the same.
#[test]
fn vector_foreign_domains_come_out_as_they_went_in() {
    let Some(root) = folder("beckn/examples") else { return };
    let mut passed = 0;
    for (name, json) in documents(&root) {
        let Some(message) = json.get("message") else { continue };
        if name.starts_with("rc1") {
            continue;
        }
        if message.get("contract").is_some() {
            let contract = Contract::of_message(message).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(contract.to_message().to_string(), message.to_string(), "{name}");
        } else if message.get("catalogs").is_some() {
            let read =
                Catalogs::read(message, &Path::new("message")).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(read.to_json().to_string(), message.to_string(), "{name}");
        } else if message.get("results").is_some() {
            let read = PublishResults::read(message, &Path::new("message")).unwrap();
            assert_eq!(read.to_json().to_string(), message.to_string(), "{name}");
        } else {
            continue;
        }
        passed += 1;
    }
    assert!(passed >= 50, "{passed} payloads");
    println!("vectors: {passed} passed, 0 skipped");
}

#[test]
fn vector_columns_hold_the_expected_numbers() {
    let Some(root) = folder("energy") else { return };
    let expected = Json::parse(&std::fs::read(root.join("expected.json")).unwrap()).unwrap();
    let mut cells = 0;
    for (name, verdict) in expected.get("lts").and_then(Json::as_object).unwrap().iter() {
        let Some(columns) = verdict.get("columns").and_then(Json::as_object) else { continue };
        let contract = official_contract(name).unwrap();
        let series = contract.series().unwrap();
        for (column, values) in columns.iter() {
            let column = Column::from_name(column);
            assert!(series.declares(&column), "{name} {column}");
            let read: Vec<i64> = series
                .intervals
                .iter()
                .filter_map(|row| match column {
                    Column::PricePerKwh => series.price(row.id).unwrap().map(Price::get),
                    _ => series.energy(row.id, &column).unwrap().map(WattHours::get),
                })
                .collect();
            let places = if column == Column::PricePerKwh { 4 } else { 3 };
            let wanted: Vec<i64> = values
                .as_array()
                .unwrap()
                .iter()
                .map(|v| units::parse_scaled(v.as_number().unwrap(), places).unwrap())
                .collect();
            assert_eq!(read, wanted, "{name} {column}");
            cells += read.len();
        }
    }
    assert!(cells >= 60, "{cells} cells");
    println!("vectors: {cells} cells passed, 0 skipped");
}

#[test]
fn vector_an_empty_cell_is_not_written() {
    let Some(contract) = official_contract("lts-wave2/responses-buyer-ledger/on_status.json") else { return };
    let series = contract.series().unwrap();
    assert_eq!(series.energy(0, &Column::BuyerDiscomAlloc).unwrap(), Some(WattHours::new(18_500)));
    assert_eq!(series.cell(1, &Column::BuyerDiscomStatus), Some("COMPLETED"));
    assert_eq!(series.energy(0, &Column::FinalAlloc).unwrap(), None);
    assert_eq!(series.cell(0, &Column::SellerDiscomAlloc), None);
    assert_eq!(series.price(0).unwrap(), None);
    assert!(series.interval(0).unwrap().payload(&Column::FinalAlloc).is_some());
    // The official report of a buyer's ledger is what our builder makes of the settled table.
    let settled = official_contract("lts-wave2/platforms/on-status-response-settled.json").unwrap();
    let report = settled.series().unwrap().as_written_by(Writer::BuyerDiscom);
    assert_eq!(report.to_json(), series.to_json());
}

#[test]
fn vector_roles_join_with_participants() {
    let Some(contract) = official_contract("lts-wave2/platforms/on-confirm-response.json") else { return };
    assert_eq!(contract.meter_of(Writer::BuyerPlatform), Some("TEST_METER_BUYER_001"));
    assert_eq!(contract.meter_of(Writer::SellerDiscom), Some("TEST_METER_SELLER_001"));
    assert_eq!(contract.holder(Writer::SellerDiscom), Some("TEST_DISCOM_SELLER"));
    let ledger = contract.discom_of(Writer::BuyerPlatform).unwrap();
    assert_eq!(ledger.ledger_id.as_deref(), Some("buyer-discom-ledger.example.com"));
    assert_eq!(contract.roles_of("buyerapp.example.com"), [Writer::BuyerPlatform]);
    let slots: Vec<u8> =
        contract.series().unwrap().lines().unwrap().iter().map(|l| l.slot.ist_hour()).collect();
    assert_eq!(slots, [10, 11]);
}

/// Inputs of the policy check are cut down to what the policy reads, and spell the roles in the participants.
#[test]
fn vector_policy_inputs_are_readable() {
    let Some(contract) = official_contract("lts-policy/init-allowed.json") else { return };
    assert_eq!(contract.holder(Writer::BuyerDiscom), Some("buyer-discom-ledger.example.com"));
    let seller = contract.discom_of(Writer::SellerPlatform).unwrap();
    assert_eq!(seller.ledger_uri.as_deref(), Some("https://ies-p2p-energy-ledger.beckn.io"));
    assert_eq!(seller.discom_id.as_deref(), Some("TEST_DISCOM_SELLER"));
    let series = contract.series().unwrap();
    assert_eq!(series.price(0).unwrap(), Some(Price::new(125_000)));
    assert_eq!(series.period_of(0).unwrap_err().path.as_deref(), Some("intervalPeriod"));
    let settled = official_contract("lts-policy/on-status-settled.json").unwrap();
    assert_eq!(
        settled.series().unwrap().energy(0, &Column::FinalAlloc).unwrap(),
        Some(WattHours::new(20_000))
    );
}

#[test]
fn vector_settlement_terms_in_every_published_form() {
    let term = |name: &str| {
        let contract = official_contract(name)?;
        let attributes = contract.settlements.first().map(|s| s.attributes.clone());
        let attributes = attributes.unwrap_or_else(|| contract.consideration[0].attributes.clone());
        let Some(MoneyAttributes::Term(term)) = attributes else { panic!("{name} has no term") };
        Some(term)
    };
    let Some(bank) = term("lts-wave2/platforms/on-init-response.json") else { return };
    assert!(matches!(&bank.pay_to, Some(PayTo::Bank { ifsc, .. }) if ifsc == "HDFC0001234"));
    assert_eq!(bank.accepted_payment_methods, ["BANK_TRANSFER"]);
    assert!(!format!("{bank:?}").contains("0012345678901"), "an account number in a log line");
    let upi = term("lts-wave2/platforms/on-init-response-vpa.json").unwrap();
    assert_eq!(upi.pay_to, Some(PayTo::Vpa("sellerplatform@hdfc".to_owned())));
    let older = term("lts-wave2/responses-sellerapp/on_init.json").unwrap();
    assert_eq!(older.amount.unwrap().paise().unwrap(), Paise::new(48_100));
}

#[test]
fn vector_settled_flows_and_payment() {
    let Some(contract) = official_contract("derived/on-status-settled.strict.json") else { return };
    let Some(MoneyAttributes::Flows(flows)) = &contract.consideration[0].attributes else { panic!("flows") };
    let paise: Vec<Paise> = flows.flows.iter().map(|f| f.paise().unwrap()).collect();
    assert_eq!(paise, [43_715, -43_715, 0, 0].map(Paise::new));
    assert_eq!(contract.consideration[0].status.as_deref(), Some("COMPLETE"));
    let Some(MoneyAttributes::Payment(payment)) = &contract.settlements[1].attributes else {
        panic!("payment")
    };
    assert_eq!(payment.method.as_deref(), Some("BANK_TRANSFER"));
    assert_eq!(payment.payment_status.as_deref(), Some("SETTLED"));
    assert_eq!(payment.amount.as_ref().unwrap().paise().unwrap(), Paise::new(43_715));
}

#[test]
fn vector_meter_legs() {
    let Some(report) = official_contract("lts-wave2/platforms/buyerdiscom-on-status.json") else { return };
    let values = meter_leg::meter_values(&report).unwrap();
    let read: Vec<_> = values.iter().map(|v| (v.meter_id.as_str(), v.slot.ist_hour(), v.net)).collect();
    let wh = |n| Some(WattHours::new(n));
    assert_eq!(read, [("TEST_METER_BUYER_001", 10, wh(5_000)), ("TEST_METER_BUYER_001", 11, wh(7_000))]);
    let request = official_contract("lts-wave2/responses-buyer-ledger/status-request.json").unwrap();
    let asked = meter_leg::meter_values(&request).unwrap();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|v| v.net.is_none()));
    let filled = meter_leg::meter_report(&request, |meter, _| {
        (meter == "TEST_METER_BUYER_002").then(|| WattHours::new(-1_250))
    });
    let values = meter_leg::meter_values(&filled.unwrap()).unwrap();
    assert_eq!(values.iter().map(|v| v.net).collect::<Vec<_>>(), [None, wh(-1_250)]);
}

#[test]
fn vector_the_published_catalog() {
    let Some(json) = official("lts-wave2/platforms/publish-catalog.json") else { return };
    let message = json.get("message").unwrap();
    let publish = Catalogs::read(message, &Path::new("message")).unwrap();
    let directive = publish.directive("catalog-p2p-energy-2026-04").unwrap();
    assert_eq!(directive.update_mode.as_deref(), Some("MERGE"));
    let catalog = &publish.catalogs[0];
    let offer = &catalog.offers[0];
    let attributes = offer.attributes.as_ref().unwrap();
    let validity = attributes.validity.as_ref().unwrap();
    assert_eq!(validity.end.unwrap().to_rfc3339(), "2026-04-26T00:30:00.000Z");
    assert_eq!(attributes.seller().unwrap().meter_id, "TEST_METER_SELLER_001");
    assert_eq!(attributes.discom_code(), Some("TEST_DISCOM_SELLER"));
    assert!(attributes.discom().unwrap().ledger_uri.is_some());
    assert_eq!(offer.series().unwrap().descriptors.len(), 8);
    assert!(offer.series().unwrap().undeclared().is_empty());
    assert_eq!(catalog.resource(&offer.resource_ids[0]).unwrap().meter(), Some("TEST_METER_SELLER_001"));
    // What the message says it uses is what it uses; the list of the context may name more.
    let used = schema::contexts_of(message);
    assert!(used.contains(&schema::TIME_SERIES.context.to_owned()) && used.len() == 6, "{used:?}");
}
