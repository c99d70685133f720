//! The day after: what the meters saw becomes cells on both platforms, money and trust, once.

use beckn_wire::signature::{Chain, KeyId, sign};
use clock::{Clock, SystemClock};
use serde_json::{Value, json};
use units::{Paise, Span, Timestamp, WattHours};
use wattmandi::config::TradeConfig;

use crate::client::{Person, eventually, text};
use crate::world::*;

/// 12:05 in India on the day after, when the last step of the timetable has been taken.
const NEXT_NOON: &str = "2026-11-22T12:05:00+05:30";

fn hurried() -> TradeConfig {
    TradeConfig { discom_check_interval_ms: 100, ..TradeConfig::default() }
}

/// One side of the trade once its delivery is settled.
async fn settled(person: &Person, transaction: &str, side: &str) -> Value {
    let path = format!("/api/transactions/{transaction}?side={side}");
    eventually(&format!("the {side}'s settlement"), || async {
        let shown = person.get(&path).await.ok();
        match shown["delivery"]["state"].as_str() {
            Some("settled") => Ok(shown),
            other => Err(format!("{other:?}: {}", shown["delivery"])),
        }
    })
    .await
}

fn wh(value: &Value) -> WattHours {
    WattHours::from_kwh_text(value.as_str().unwrap()).unwrap()
}

fn inr(value: &Value) -> Paise {
    Paise::from_inr_text(value.as_str().unwrap()).unwrap()
}

/// The newest change of a user's trust.
async fn last_change(person: &Person) -> Value {
    person.get("/users/me/trust?limit=1").await.ok()["history"]["items"][0].clone()
}

fn noon() -> Timestamp {
    Timestamp::parse_rfc3339(NEXT_NOON).unwrap()
}

/// Every change of a user's trust, the newest first.
async fn rows(person: &Person) -> Vec<Value> {
    person.get("/users/me/trust?limit=50").await.ok()["history"]["items"].as_array().unwrap().clone()
}

/// A DISCOM uploads what a meter read in the first hour: import and export of each quarter in kWh.
async fn upload(world: &World, discom: &str, meter: &str, (import, export): (&str, &str)) {
    let quarter = |minute: &str| format!("{meter},2026-11-21T{minute}:00Z,{import},{export},\n");
    let lines = ["12:30", "12:45", "13:00", "13:15"].map(quarter).concat();
    let body = format!("{}\n{lines}", discom_mock::metering::upload::CSV_HEADER);
    let subscriber = format!("{discom}.discom.example");
    let key = KeyId::new(&subscriber, "key-1").unwrap();
    let now = SystemClock.now().seconds();
    let signing = wattmandi::cli::local::demo_key(&subscriber);
    let header = sign(&signing, &key, now - 1, now + 60, body.as_bytes(), Chain::None);
    let request = reqwest::Client::new()
        .post(format!("{}/discom/meters", world.discoms.base))
        .header("Authorization", header)
        .header("Content-Type", "text/csv");
    let answer = request.body(body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{}", answer.text().await.unwrap());
}

on_both_databases! {
    async fn what_was_delivered_is_settled_once_on_both_sides(databases: Databases) {
        let world = World::with(databases, hurried()).await;
        let (_, transaction) = farid_has_bought(&world).await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        let held = farid.get("/users/me/account").await.ok();
        assert!(inr(&held["held_inr"]) >= Paise::new(1_300), "2 kWh at 6.50 are set aside: {held}");
        world.market.set(noon());
        let bought = settled(&farid, &transaction, "buyer").await;
        let sold = settled(&asha, &transaction, "seller").await;

        let [bought_slot, sold_slot] = [&bought, &sold].map(|side| side["delivery"]["slots"][0].clone());
        for cell in ["start", "requested_kwh", "seller_allocated_kwh", "buyer_allocated_kwh", "final_kwh"] {
            assert_eq!(bought_slot[cell], sold_slot[cell], "{cell}");
        }
        assert_eq!((&bought_slot["seller_status"], &bought_slot["buyer_status"]), (&json!("COMPLETED"), &json!("COMPLETED")));
        let [seller, buyer, last] =
            ["seller_allocated_kwh", "buyer_allocated_kwh", "final_kwh"].map(|cell| wh(&bought_slot[cell]));
        assert!(last == seller.min(buyer) && seller <= WattHours::new(2_000), "{bought_slot}");
        // The seller's DISCOM writes to the seller's platform itself; the buyer's platform is told by the seller's.
        assert_eq!((&sold_slot["final_provenance"], &bought_slot["final_provenance"]), (&json!("direct"), &json!("relayed")));
        for side in [&bought, &sold] {
            let copies = side["delivery"]["copies"].as_array().unwrap();
            assert!(copies.len() >= 2, "the peer and our ledger have told theirs: {copies:?}");
            assert!(copies.iter().all(|copy| copy["differs"] == json!([])), "{copies:?}");
        }

        // The buyer's platform tells how it paid, under a reference that the seller's side keeps.
        let paid = format!("\"P2P/{}/1\"", text(&bought, "contract_id"));
        if last > WattHours::ZERO {
            eventually("the payment at the seller's", || async {
                let told = String::from_utf8(world.document(0, &transaction).await).unwrap();
                if told.contains("PaymentAction") && told.contains(&paid) { Ok(()) } else { Err(told) }
            })
            .await;
        }

        let cost = units::amount(last, units::Price::new(65_000), units::Rounding::HalfAwayFromZero).unwrap();
        let [paid, got] = [farid.get("/users/me/account").await.ok(), asha.get("/users/me/account").await.ok()];
        assert_eq!((inr(&paid["held_inr"]), inr(&got["held_inr"])), (Paise::ZERO, Paise::ZERO), "nothing is set aside any more");
        let charges = inr(&paid["balance_inr"]).checked_neg().unwrap().checked_sub(cost).unwrap();
        assert!(charges >= Paise::ZERO, "the buyer pays the energy and the charges: {paid}");
        let kept = cost.checked_sub(inr(&got["balance_inr"])).unwrap();
        assert!(kept >= Paise::ZERO, "the seller gets the energy less the charges: {got}");

        let (change, expected) = (last_change(&asha).await, seller.min(WattHours::new(2_000)));
        let cause = if expected == WattHours::new(2_000) { "delivered" } else if expected > WattHours::ZERO { "partial" } else { "failed" };
        assert_eq!(change["cause"], cause, "{change}");
        let score = |change: &Value| text(change, "score_after");
        let before = (score(&change), score(&last_change(&farid).await), paid, got);

        // Told once more, after a restart, nothing happens again.
        let world = world.restart().await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        for (person, side) in [(&asha, "seller"), (&farid, "buyer")] {
            person.post("/api/status", &json!({"transaction_id": transaction})).await;
            let again = settled(person, &transaction, side).await;
            assert_eq!(again["delivery"]["settlement"], 1, "{again}");
        }
        let [paid, got] = [farid.get("/users/me/account").await.ok(), asha.get("/users/me/account").await.ok()];
        assert_eq!((score(&last_change(&asha).await), score(&last_change(&farid).await), paid, got), before);
        world.close().await;
    }

    async fn a_trade_inside_one_platform_is_settled_on_both_sides(databases: Databases) {
        let world = World::with(databases, hurried()).await;
        let offer = ashas_offer(&world).await;
        let bilal = world.person("bilal");
        let trade = bilal.buy(&meter("bilal"), &offer, &[(FIRST, "1.5")]).await;
        let transaction = text(&trade, "transaction_id");
        world.market.set(noon());
        let bought = settled(&bilal, &transaction, "buyer").await;
        let sold = settled(&world.person("asha"), &transaction, "seller").await;
        assert_eq!(bought["delivery"]["slots"][0]["final_kwh"], sold["delivery"]["slots"][0]["final_kwh"]);
        world.close().await;
    }

    async fn what_the_grid_took_moves_nobodys_trust(databases: Databases) {
        let world = World::with(databases, hurried()).await;
        let (offer, first) = farid_has_bought(&world).await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        let second = farid.buy(&meter("farid"), &offer, &[(SECOND, "3")]).await;
        let second = text(&second, "transaction_id");
        // The first hour fails at the seller's, of the second the buyer's grid carries nothing.
        for (handle, hour, next) in [("asha", FIRST, SECOND), ("farid", SECOND, "2026-11-21T14:30:00.000Z")] {
            let path = format!("/admin/meters/{}/outages", meter(handle));
            let told = world.discoms.put(&path, &json!({"kind": "OUTAGE", "from": hour, "until": next})).await.ok();
            assert_eq!(told["newSlots"], 1);
        }
        world.market.set(noon());
        for (transaction, words) in [
            (&first, ("CANCELLED_OUTAGE", "COMPLETED")),
            (&second, ("COMPLETED", "CANCELLED_OUTAGE")),
        ] {
            let slot = settled(&farid, transaction, "buyer").await["delivery"]["slots"][0].clone();
            // How much the seller's meter gave in the second hour is drawn; what it lacked would be its own.
            assert_eq!((text(&slot, "buyer_status").as_str(), text(&slot, "final_kwh").as_str()), (words.1, "0"), "{slot}");
            assert_eq!(text(&slot, "seller_status"), words.0);
            settled(&asha, transaction, "seller").await;
        }
        let history = |trust: Value| trust["history"]["items"].as_array().unwrap().clone();
        for person in [&asha, &farid] {
            let rows = history(person.get("/users/me/trust?limit=10").await.ok());
            let of = |transaction: &str| rows.iter().find(|row| row["transaction_id"] == json!(transaction)).unwrap();
            assert_eq!(of(&first)["cause"], "excused", "{rows:?}");
            assert_eq!(of(&first)["score_before"], of(&first)["score_after"], "{rows:?}");
        }
        let rows = history(farid.get("/users/me/trust?limit=10").await.ok());
        assert!(rows.iter().all(|row| row["cause"] == "excused" || row["cause"] == "opening"), "{rows:?}");
        assert_eq!(farid.get("/users/me/trust").await.ok()["score"], "0.3");
        // Nothing was delivered, and nothing is paid.
        let account = farid.get("/users/me/account").await.ok();
        assert_eq!(inr(&account["held_inr"]), Paise::ZERO);
        world.close().await;
    }

    async fn a_correction_moves_trust_once_and_never_by_a_false_shortfall(databases: Databases) {
        let world = World::with(databases, hurried()).await;
        let (_, transaction) = farid_has_bought(&world).await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        // Of 2 kWh the panel gave one; the buyer drew enough for both.
        upload(&world, "north", &meter("asha"), ("0", "0.25")).await;
        upload(&world, "south", &meter("farid"), ("0.5", "0")).await;
        world.market.set(noon());
        for (person, side) in [(&asha, "seller"), (&farid, "buyer")] {
            let shown = settled(person, &transaction, side).await;
            assert_eq!(shown["delivery"]["slots"][0]["final_kwh"], "1", "{shown}");
        }
        let scores = |rows: &[Value]| rows.iter().map(|row| text(row, "score_after")).collect::<Vec<_>>();
        assert_eq!(scores(&rows(&asha).await), ["0.25", "0.3"]);
        assert_eq!(scores(&rows(&farid).await), ["0.35", "0.3"]);
        // Upward: all of it after all. Then downward on the buyer's side, and on the seller's.
        for (minutes, discom, handle, reading, kwh) in [
            (10, "north", "asha", ("0", "0.5"), "2"),
            (20, "south", "farid", ("0.375", "0"), "1.5"),
            (30, "north", "asha", ("0", "0.3"), "1.2"),
            (40, "north", "asha", ("0", "0.5"), "1.5"),
        ] {
            world.market.set(noon().saturating_add(Span::from_minutes(minutes)));
            upload(&world, discom, &meter(handle), reading).await;
            for (person, side) in [(&asha, "seller"), (&farid, "buyer")] {
                let path = format!("/api/transactions/{transaction}?side={side}");
                eventually(&format!("{kwh} kWh settled for the {side}"), || async {
                    let delivery = person.get(&path).await.ok()["delivery"].clone();
                    let slot = &delivery["slots"][0];
                    let done = delivery["state"] == "settled"
                        && [&slot["seller_status"], &slot["buyer_status"]].iter().all(|s| **s == json!("COMPLETED"));
                    if done && slot["final_kwh"] == kwh { Ok(()) } else { Err(delivery.to_string()) }
                })
                .await;
            }
        }
        // The seller gave 2, then 1.2, then 2; the buyer drew all that it could have, then three quarters of 2 kWh, then
        // all of 1.2, then three quarters again. No other score was ever shown.
        let (sellers, buyers) = (scores(&rows(&asha).await), scores(&rows(&farid).await));
        for (seen, expected) in [
            (sellers, vec!["0.35", "0.26", "0.35", "0.25", "0.3"]),
            (buyers, vec!["0.275", "0.35", "0.275", "0.35", "0.3"]),
        ] {
            let mut moves = seen.clone();
            moves.dedup();
            assert_eq!(moves, expected, "{seen:?}");
        }
        world.close().await;
    }

    async fn a_cancelled_trade_is_not_delivered(databases: Databases) {
        let world = World::with(databases, hurried()).await;
        let (_, transaction) = farid_has_bought(&world).await;
        let farid = world.person("farid");
        let reference = json!({"transaction_id": transaction});
        let preview = farid.post("/api/cancel", &reference).await;
        assert!(preview.status < 300, "{}", preview.json());
        farid.until(&transaction, &["cancelled"]).await;
        world.market.set(noon());
        let shown = farid.transaction(&transaction).await;
        assert_eq!(shown["delivery"]["state"], "void", "{shown}");
        let account = farid.get("/users/me/account").await.ok();
        assert_eq!((inr(&account["held_inr"]), inr(&account["balance_inr"])), (Paise::ZERO, Paise::ZERO));
        assert_eq!(last_change(&farid).await["cause"], "cancelled");
        world.close().await;
    }

    async fn the_ledger_is_asked_as_soon_as_the_slot_has_ended(databases: Databases) {
        let world = World::with(databases, hurried()).await;
        let (_, transaction) = farid_has_bought(&world).await;
        let farid = world.person("farid");
        world.market.set(Timestamp::parse_rfc3339("2026-11-21T19:05:00+05:30").unwrap());
        eventually("an answered question to the ledger", || async {
            let (_, beta) = world.books().await;
            let asked = beta.sent.iter().any(|sent| sent.purpose == "delivery.status" && sent.target == SOUTH_LEDGER);
            let told = beta.received.iter().any(|got| got.action == "on_status" && got.sender == SOUTH_LEDGER);
            if asked && told { Ok(()) } else { Err(format!("asked {asked}, told {told}")) }
        })
        .await;
        // Its day has not come: there is nothing to settle, and nobody is told that something is late.
        let shown = farid.transaction(&transaction).await;
        assert!(["awaited", "told"].contains(&shown["delivery"]["state"].as_str().unwrap()), "{shown}");
        assert!(shown["delivery"]["slots"][0]["final_kwh"].is_null(), "{shown}");
        assert!(!world.events(1, &transaction).await.contains(&"delivery.overdue".to_owned()));
        world.market.set(noon());
        settled(&farid, &transaction, "buyer").await;
        world.close().await;
    }
}
