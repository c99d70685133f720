//! The day after: what the meters saw becomes cells on both platforms, money and trust, once.

use serde_json::{Value, json};
use units::{Paise, Timestamp, WattHours};
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
