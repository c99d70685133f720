//! One ledger: what comes over the network is read and written through the REST interface, and what is put
//! there is counted and allocated like it.

use beckn_wire::json::Json;
use discom_mock::config::{Config, Metering};
use discom_mock::metering::simulator::Simulator;
use serde_json::{Value, json};
use test_support::both_databases;
use test_support::database::TestDb;
use units::Timestamp;

use crate::harness::*;
use crate::rest::{DISCOM_A, DISCOM_B, actuals, call, rest_world, with};

/// A record of the hour of [`trade`], at the capacity of whose seller's meter (10 kW) it may be refused.
fn put(transaction: &str, quantity: Value) -> Value {
    with(
        &crate::rest::record(transaction, quantity),
        &[
            ("tradeTime", json!("2026-11-01T07:30:00Z")),
            ("deliveryStartTime", json!("2026-11-02T07:30:00Z")),
            ("deliveryEndTime", json!("2026-11-02T08:30:00Z")),
        ],
    )
}

fn meter(side: &str) -> Value {
    json!(format!("TEST_METER_{side}"))
}

fn reliable(config: &mut Config) {
    let simulator = Simulator { seller_success: 1_000_000, ..Simulator::default() };
    config.metering = Metering { simulator: Some(simulator), ..Metering::default() };
}

fn at(time: &str) -> Timestamp {
    Timestamp::parse_rfc3339(&format!("2026-11-03T{time}:00+05:30")).unwrap()
}

async fn settle_at(world: &World, time: &str) {
    world.clock.set(at(time));
    world.running.settle().await.unwrap();
}

/// The records of a transaction as that reader sees them.
async fn seen(world: &World, reader: &str, transaction: &str) -> Vec<Value> {
    let found = call(world, reader, "get", &json!({ "transactionId": transaction })).await;
    found.of("ledgerGetResponse")["records"].as_array().unwrap().clone()
}

/// As `actuals`, of the only line of a trade of the network.
fn of_trade(role: &str, trade: &Trade, value: Value) -> Value {
    with(&actuals(role, &trade.transaction, value), &[("orderItemId", json!(trade.id))])
}

/// A cell of the first row in a ledger: value, origin, round.
async fn cell(world: &World, ledger: &str, contract: &str, column: &str) -> String {
    let records = world.records(ledger).await;
    let of = |record: &&Json| record.get("contractId").and_then(Json::as_str) == Some(contract);
    let record = records.iter().find(of).expect("the contract");
    let Some(cell) = record.at(&["intervals", "0", "cells", column]) else { return String::new() };
    let text = |name: &str| cell.get(name).and_then(Json::as_str).unwrap();
    let round = cell.get("round").and_then(Json::as_number).unwrap();
    format!("{} {} {round}", text("value"), text("provenance"))
}

both_databases! {
    async fn a_contract_of_the_network_is_a_record_for_its_parties(db: TestDb) {
        let world = rest_world(&db).await;
        let trade = trade(&world.ids, &["2.5"]);
        let receipt = world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt();
        world.tell(BUYER, BUYER_LEDGER, "on_confirm", &trade).await.receipt();
        for reader in [BUYER, SELLER, DISCOM_A, DISCOM_B] {
            let records = seen(&world, reader, &trade.transaction).await;
            assert_eq!(records.len(), 1, "{reader} sees it once, though two ledgers keep it");
            let row = &records[0];
            assert_eq!(row["recordId"].as_str(), receipt.get("recordId").and_then(Json::as_str));
            assert_eq!((&row["orderItemId"], &row["networkId"]), (&json!(trade.id), &json!(NETWORK)));
            assert_eq!((&row["buyerId"], &row["sellerId"]), (&meter("BUYER"), &meter("SELLER")));
            assert_eq!(row["discomIdSeller"], "TEST_DISCOM_SELLER");
            assert_eq!(row["tradeDetails"][0]["tradeQty"], 2.5);
            assert_eq!(row["tradeDetails"][0]["pricePerUnit"], 6.25);
            assert!(row.get("statusSellerDiscom").is_none(), "nothing is delivered yet");
        }
        assert_eq!(seen(&world, MALLORY, &trade.transaction).await, Vec::<Value>::new());

        // A lowered quantity and a cancellation are seen, with another digest each.
        let before = seen(&world, SELLER, &trade.transaction).await[0]["rowDigest"].clone();
        world.tell(SELLER, SELLER_LEDGER, "on_update", &trade.requesting(&["2"])).await.receipt();
        let lowered = seen(&world, SELLER, &trade.transaction).await;
        assert_eq!(lowered[0]["tradeDetails"][0]["tradeQty"], 2);
        assert_ne!(lowered[0]["rowDigest"], before);
        world.tell(SELLER, SELLER_LEDGER, "on_cancel", &trade.cancelled()).await.receipt();
        assert_eq!(seen(&world, SELLER, &trade.transaction).await[0]["tradeDetails"][0]["tradeQty"], 0);

        // Of several hours each is a record; the receipt's id finds them all.
        let long = crate::harness::trade(&world.ids, &["1", "0", "1.5"]);
        let receipt = world.tell(SELLER, SELLER_LEDGER, "on_confirm", &long).await.receipt();
        let id = receipt.get("recordId").and_then(Json::as_str).unwrap();
        let ask = json!({ "recordId": id, "sort": "deliveryStartTime", "sortOrder": "asc" });
        let found = call(&world, SELLER, "get", &ask).await.of("ledgerGetResponse");
        assert_eq!(found["count"], 2);
        assert_eq!(found["records"][1]["deliveryStartTime"], "2026-11-02T09:30:00.000Z");
        world.running.stop().await;
    }

    async fn what_a_discom_records_is_the_next_round_of_its_own_cells(db: TestDb) {
        let world = world_with(&db, NOW, reliable).await;
        let (seller, buyer) = (Platform::start().await, Platform::start().await);
        world.register(DISCOM_A, &world.running.base_url);
        world.register(DISCOM_B, &world.running.base_url);
        let trade = trade(&world.ids, &["2.5"]);
        world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt();
        world.tell(BUYER, BUYER_LEDGER, "on_confirm", &trade).await.receipt();
        world.register(SELLER, &seller.url);
        world.register(BUYER, &buyer.url);
        settle_at(&world, "09:50").await;
        assert_eq!(cell(&world, SELLER_LEDGER, &trade.id, "SELLER_DISCOM_ALLOC").await, "2.5 OWN 1");
        let shown = seen(&world, SELLER, &trade.transaction).await[0].clone();
        assert_eq!(shown["sellerFulfillmentValidationMetrics"][0]["validationMetricValue"], 2.5);
        assert_eq!(shown["statusSellerDiscom"], "PENDING");
        seller.first().await;

        let foreign = call(&world, DISCOM_A, "record", &of_trade("SELLER_DISCOM", &trade, json!(1))).await;
        assert_eq!(foreign.refused(), (403, "AUT_NOT_AUTHORIZED"));
        let negative = of_trade("SELLER_DISCOM", &trade, json!(-1));
        assert_eq!(call(&world, DISCOM_B, "record", &negative).await.refused().0, 400);
        let word = with(&of_trade("SELLER_DISCOM", &trade, json!(2)), &[("clientReference", json!("r-1"))]);
        let first = call(&world, DISCOM_B, "record", &word).await.of("ledgerWriteResponse");
        assert_eq!(call(&world, DISCOM_B, "record", &word).await.of("ledgerWriteResponse"), first);
        assert_eq!(cell(&world, SELLER_LEDGER, &trade.id, "SELLER_DISCOM_ALLOC").await, "2 DIRECT 2");
        let status = cell(&world, SELLER_LEDGER, &trade.id, "SELLER_DISCOM_STATUS").await;
        assert_eq!(status, "COMPLETED DIRECT 2");
        let shown = seen(&world, SELLER, &trade.transaction).await[0].clone();
        assert_eq!(shown["rowDigest"], first["rowDigest"]);
        // The meter does not overrule its DISCOM, and the platform is told.
        world.running.settle().await.unwrap();
        assert_eq!(cell(&world, SELLER_LEDGER, &trade.id, "SELLER_DISCOM_ALLOC").await, "2 DIRECT 2");
        let (_, told) = seller.nth(1).await;
        assert!(told.to_string().contains(r#""type":"SELLER_DISCOM_ALLOC","values":[2]"#), "{told}");
        world.running.settle().await.unwrap();
        assert_eq!(seller.count(), 2, "nothing is told twice");

        // By the meter, and more than was traded: of the trade no more than all.
        let meter = json!({
            "meterId": "TEST_METER_BUYER", "discomId": "TEST_DISCOM_BUYER", "actualImported": 4,
            "deliveryStartTime": "2026-11-02T07:30:00Z", "deliveryEndTime": "2026-11-02T08:30:00Z",
        });
        let answer = call(&world, DISCOM_A, "allocate", &meter).await.of("ledgerAllocateResponse");
        assert_eq!((&answer["totalMatched"], &answer["totalAllocated"]), (&json!(1), &json!(2.5)));
        assert_eq!(cell(&world, BUYER_LEDGER, &trade.id, "BUYER_DISCOM_ALLOC").await, "2.5 DIRECT 1");
        assert_eq!(cell(&world, SELLER_LEDGER, &trade.id, "BUYER_DISCOM_ALLOC").await, "");
        let shown = seen(&world, BUYER, &trade.transaction).await[0].clone();
        assert_eq!(shown["rowDigest"], answer["allocations"][0]["rowDigest"]);
        // A platform puts the same: nothing changes; another quantity: refused.
        let item = [("orderItemId", json!(trade.id)), ("buyerId", json!("TEST_METER_BUYER"))];
        let same = with(&put(&trade.transaction, json!(2.5)), &item);
        let other = [("pricePerUnit", json!(6.25))];
        let mut same = with(&same, &[("tradeTime", Value::Null)]);
        same["tradeDetails"][0][other[0].0] = other[0].1.clone();
        let again = call(&world, BUYER, "put", &same).await.of("ledgerWriteResponse");
        assert_eq!(again["rowDigest"], shown["rowDigest"]);
        same["tradeDetails"][0]["tradeQty"] = json!(3);
        assert_eq!(call(&world, BUYER, "put", &same).await.refused(), (409, "PRC_CONFLICT"));
        seller.stop();
        buyer.stop();
        world.running.stop().await;
    }

    async fn what_is_put_is_counted_beside_what_is_told(db: TestDb) {
        let world = rest_world(&db).await;
        let message = |answer: &Value| answer["message"].as_str().unwrap().to_owned();
        let first = call(&world, BUYER, "put", &put("tx-1", json!(6))).await.of("ledgerWriteResponse");
        assert_eq!(message(&first), "Accepted");
        // Another platform sells the rest of the panel over the network, and no more.
        let mut told = Trade { seller: MALLORY.to_owned(), ..trade(&world.ids, &["5"]) };
        "2026-11-02T07:30:00Z".clone_into(&mut told.start);
        let refused = world.tell(MALLORY, SELLER_LEDGER, "on_confirm", &told).await;
        assert_eq!(refused.code(), "POL_ELIGIBILITY_NOT_MET");
        let told = told.requesting(&["4"]);
        world.tell(MALLORY, SELLER_LEDGER, "on_confirm", &told).await.receipt();
        for (transaction, quantity) in [("tx-2", json!(1)), ("tx-1", json!(6.5))] {
            let reply = call(&world, BUYER, "put", &put(transaction, quantity)).await;
            assert_eq!(reply.refused(), (409, "PRC_CONFLICT"), "{transaction}");
            assert!(reply.1["message"].as_str().unwrap().contains("DiscomLimitCheck"), "{}", reply.1);
        }
        assert_eq!(seen(&world, BUYER, "tx-2").await, Vec::<Value>::new(), "what is refused is not kept");
        let less = call(&world, BUYER, "put", &put("tx-1", json!(5))).await.of("ledgerWriteResponse");
        assert_ne!(less["rowDigest"], first["rowDigest"]);
        call(&world, BUYER, "put", &put("tx-2", json!(1))).await.of("ledgerWriteResponse");

        // What cannot be allocated is kept, and says why.
        for (changes, why) in [
            (vec![("sellerId", Value::Null)], "parties"),
            (vec![("deliveryEndTime", json!("2026-11-02T08:00:00Z"))], "slot"),
            (vec![("discomIdBuyer", json!("X")), ("discomIdSeller", json!("Y"))], "served"),
            (
                vec![
                    ("deliveryStartTime", json!("2026-11-01T06:30:00Z")),
                    ("deliveryEndTime", json!("2026-11-01T07:30:00Z")),
                ],
                "begun",
            ),
        ] {
            let record = with(&put(&format!("tx-{why}"), json!(50)), &changes);
            let answer = call(&world, BUYER, "put", &record).await.of("ledgerWriteResponse");
            assert!(message(&answer).contains(why), "{answer}");
        }
        world.running.stop().await;
    }

    async fn one_trade_that_is_put_and_told_is_counted_once(db: TestDb) {
        let world = rest_world(&db).await;
        let mut trade = trade(&world.ids, &["6"]);
        "2026-11-02T07:30:00Z".clone_into(&mut trade.start);
        let record = put(&trade.transaction, json!(6));
        let sellers = with(&record, &[("role", json!("SELLER"))]);
        call(&world, SELLER, "put", &sellers).await.of("ledgerWriteResponse");
        // 6 and 6 would be more than the panel's ten.
        world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt();
        let active: Vec<Json> = world.records(SELLER_LEDGER).await;
        let status = |record: &Json| record.get("status").and_then(Json::as_str).unwrap().to_owned();
        let mut states: Vec<String> = active.iter().map(status).collect();
        states.sort_unstable();
        assert_eq!(states, ["ACTIVE", "CANCELLED"]);
        let again = call(&world, SELLER, "put", &with(&record, &[("role", json!("SELLER"))])).await;
        let again = again.of("ledgerWriteResponse");
        assert!(again["message"].as_str().unwrap().contains("over the network"), "{again}");
        // And the other way round.
        let mut second = crate::harness::trade(&world.ids, &["4"]);
        second.start.clone_from(&trade.start);
        world.tell(SELLER, SELLER_LEDGER, "on_confirm", &second).await.receipt();
        let record = put(&second.transaction, json!(4));
        let answer = call(&world, BUYER, "put", &record).await.of("ledgerWriteResponse");
        assert!(answer["message"].as_str().unwrap().contains("over the network"), "{answer}");
        world.running.stop().await;
    }

    async fn what_is_put_is_settled_on_the_day_after(db: TestDb) {
        let world = world_with(&db, NOW, reliable).await;
        world.register(DISCOM_A, &world.running.base_url);
        world.register(DISCOM_B, &world.running.base_url);
        for (transaction, quantity) in [("tx-1", json!(6)), ("tx-2", json!(3))] {
            call(&world, BUYER, "put", &put(transaction, quantity)).await.of("ledgerWriteResponse");
        }
        for time in ["09:00", "09:50", "10:50", "11:50", "12:00"] {
            settle_at(&world, time).await;
            // What one ledger writes is news for the other.
            world.running.settle().await.unwrap();
        }
        for (transaction, value) in [("tx-1", json!(6)), ("tx-2", json!(3))] {
            for reader in [BUYER, SELLER, DISCOM_A, DISCOM_B] {
                let row = seen(&world, reader, transaction).await[0].clone();
                for side in ["buyer", "seller"] {
                    let metrics = &row[format!("{side}FulfillmentValidationMetrics")];
                    assert_eq!(metrics[0]["validationMetricValue"], value, "{reader} {side}: {row}");
                }
                assert_eq!(row["statusBuyerDiscom"], "COMPLETED");
                assert_eq!(row["statusSellerDiscom"], "COMPLETED");
            }
            let contract = format!("rest:{transaction}_item-1");
            for ledger in [SELLER_LEDGER, BUYER_LEDGER] {
                let settled = cell(&world, ledger, &contract, "FINAL_ALLOC").await;
                assert!(settled.starts_with(&value.to_string()), "{ledger}: {settled}");
            }
        }
        // A DISCOM corrects: a new round on both sides, and the settlement follows.
        let less = actuals("SELLER_DISCOM", "tx-1", json!(4));
        call(&world, DISCOM_B, "record", &less).await.of("ledgerWriteResponse");
        world.running.settle().await.unwrap();
        world.running.settle().await.unwrap();
        let contract = "rest:tx-1_item-1";
        for ledger in [SELLER_LEDGER, BUYER_LEDGER] {
            assert!(cell(&world, ledger, contract, "SELLER_DISCOM_ALLOC").await.starts_with("4 DIRECT "));
            assert!(cell(&world, ledger, contract, "FINAL_ALLOC").await.starts_with("4 "), "{ledger}");
        }
        world.running.stop().await;
    }
}
