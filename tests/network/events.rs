//! What the platforms tell their users: every event is of a documented kind and valid against its schema.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use db::{Db, Row};
use jsonschema::Validator;
use serde_json::{Value, json};
use units::Timestamp;
use wattmandi::config::TradeConfig;
use wattmandi::events::KINDS;

use crate::client::eventually;
use crate::world::*;

db::sql! {
    ALL = "SELECT seq, transaction_id, kind, payload, at FROM events ORDER BY seq";
}

/// A validator for each kind, from the document that the server gives.
static SCHEMAS: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(&wattmandi::api::openapi::document()).unwrap();
    let mapping = document["components"]["schemas"]["Event"]["discriminator"]["mapping"].as_object().unwrap();
    mapping
        .iter()
        .map(|(kind, reference)| {
            let schema = json!({"$ref": reference, "components": document["components"]});
            (kind.clone(), jsonschema::validator_for(&schema).unwrap())
        })
        .collect()
});

/// Validates every event of a platform; gives their kinds.
pub async fn validated(db: &Db) -> BTreeSet<String> {
    let rows = db.read(|tx| Box::pin(async move { tx.query(&ALL, &[]).await })).await;
    let rows: Result<Vec<Row>, db::DbError> = rows;
    let mut kinds = BTreeSet::new();
    for row in rows.unwrap() {
        let kind: String = row.get("kind").unwrap();
        let at: Timestamp = row.get("at").unwrap();
        let payload: Value = serde_json::from_str(&row.get::<String>("payload").unwrap()).unwrap();
        let event = json!({
            "seq": row.get::<i64>("seq").unwrap(),
            "transaction_id": row.get::<String>("transaction_id").unwrap(),
            "kind": kind,
            "at": at,
            "data": payload,
        });
        let schema = SCHEMAS.get(&kind).unwrap_or_else(|| panic!("{kind} is not documented"));
        let faults: Vec<String> = schema.iter_errors(&event).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{event}: {faults:?}");
        kinds.insert(kind);
    }
    kinds
}

#[test]
fn every_kind_is_documented_once_and_a_wrong_event_is_seen() {
    let names: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name).collect();
    assert_eq!(names.len(), KINDS.len());
    assert_eq!(SCHEMAS.keys().map(String::as_str).collect::<BTreeSet<_>>(), names);
    assert!(KINDS.iter().all(|kind| kind.about.ends_with('.')));
    let mut event = json!({
        "seq": 1, "transaction_id": "t", "kind": "search.answered", "at": "2026-11-21T04:30:00Z",
        "data": {"transaction_id": "t", "offers": 3},
    });
    let schema = &SCHEMAS["search.answered"];
    assert!(schema.is_valid(&event));
    event["data"]["offers"] = json!("three");
    assert!(!schema.is_valid(&event));
    event["data"] = json!({"offers": 3});
    assert!(!schema.is_valid(&event));
}

/// Nothing but the table of facts makes events.
#[test]
fn the_server_tells_only_what_is_in_the_table() {
    fn look(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                look(&path, found);
            } else if std::fs::read_to_string(&path).unwrap().contains("events::record(") {
                found.push(path.display().to_string());
            }
        }
    }
    let mut found = Vec::new();
    look(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.is_empty(), "{found:?}");
}

on_both_databases! {
    async fn a_trade_and_its_settlement_tell_both_users_all_of_it(databases: Databases) {
        let trade = TradeConfig { discom_check_interval_ms: 100, ..TradeConfig::default() };
        let world = World::with(databases, trade).await;
        let (_, transaction) = farid_has_bought(&world).await;
        world.market.set(Timestamp::parse_rfc3339("2026-11-22T12:05:00+05:30").unwrap());
        for platform in [0, 1] {
            eventually("the settlement", || async {
                let kinds = world.events(platform, &transaction).await;
                if kinds.contains(&"contract.settled".to_owned()) { Ok(()) } else { Err(format!("{kinds:?}")) }
            })
            .await;
        }
        let [seller, buyer] = world.kinds().await;
        for kind in [
            "offer.listed", "offer.accepted", "offer.stock_changed", "contract.reserved", "contract.recording",
            "contract.active", "contract.status", "contract.settled", "account.changed", "trust.changed",
        ] {
            assert!(seller.contains(kind), "{kind} is not told to the seller: {seller:?}");
        }
        for kind in [
            "search.answered", "contract.draft", "contract.offered", "contract.confirming", "contract.recording",
            "contract.standing", "contract.settled", "account.changed", "trust.changed",
        ] {
            assert!(buyer.contains(kind), "{kind} is not told to the buyer: {buyer:?}");
        }
        world.close().await;
    }
}
