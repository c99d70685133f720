//! Which slot of a list is at fault: named by its place in the request.

use serde_json::{Value, json};
use test_support::both_databases;
use wattmandi::contract::{Side, State};

use crate::world::{ASHA, ELEVEN, Reply, TEN, World};

/// An hour that is not offered, and one whose gate is closed.
const TWELVE: &str = "2026-11-21T12:30:00Z";
const SOON: &str = "2026-11-21T05:30:00Z";

fn slot(start: &str, quantity: &str) -> Value {
    json!({"start": start, "quantity_kwh": quantity})
}

fn priced(start: &str, quantity: &str, price: &str) -> Value {
    json!({"start": start, "quantity_kwh": quantity, "price_inr": price})
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn the_slot_of_an_offer_at_fault_is_named(db: db::Db) {
        let world = World::start(db).await;
        let good = priced(TEN, "2", "6");
        for (second, status, code, field) in [
            (priced(ELEVEN, "0.5", "6"), 422, "trade.quantity_invalid", "slots[1].quantity_kwh"),
            (priced(ELEVEN, "0", "6"), 422, "trade.quantity_invalid", "slots[1].quantity_kwh"),
            (priced(ELEVEN, "1.001", "6"), 422, "trade.quantity_invalid", "slots[1].quantity_kwh"),
            (priced(ELEVEN, "11", "6"), 409, "market.capacity_exceeded", "slots[1].quantity_kwh"),
            (priced(ELEVEN, "2", "-6"), 422, "request.field_invalid", "slots[1].price_inr"),
            (priced(SOON, "2", "6"), 409, "trade.gate_closed", "slots[1].start"),
        ] {
            let body = json!({"meter_id": "TEST_METER_000111", "slots": [good, second]});
            let refused = world.post(ASHA, "/seller/offers", &body).await;
            assert_eq!(refused.problem(status, code)["field"], field, "{body}");
        }
        let offer = world.offer().await;
        let path = format!("/seller/offers/{}", offer["id"].as_str().unwrap());
        for (second, status, code, field) in [
            (slot(ELEVEN, "11"), 409, "market.capacity_exceeded", "slots[1].quantity_kwh"),
            (slot(TWELVE, "2"), 404, "resource.not_found", "slots[1].start"),
        ] {
            let change = json!({"slots": [slot(TEN, "4"), second]});
            let refused = Reply::of(world.request(ASHA, "PATCH", &path).json(&change)).await;
            assert_eq!(refused.problem(status, code)["field"], field, "{change}");
        }
        world.running.stop().await;
    }

    async fn the_slot_of_a_purchase_at_fault_is_named(db: db::Db) {
        let world = World::start(db).await;
        world.contract(Side::Buyer, State::Standing, "t-1").await;
        for (second, code, field) in [
            (slot(ELEVEN, "0.5"), "trade.quantity_invalid", "slots[1].quantity_kwh"),
            (slot(TWELVE, "1"), "trade.slot_invalid", "slots[1].start"),
            (slot(TEN, "1"), "trade.slot_invalid", "slots[1].start"),
        ] {
            let body = json!({"transaction_id": "t-1", "slots": [slot(TEN, "1"), second]});
            let refused = world.post(ASHA, "/api/update", &body).await;
            assert_eq!(refused.problem(422, code)["field"], field, "{body}");
        }
        for (second, field) in [
            (slot(ELEVEN, "0.5"), "slots[1].quantity_kwh"),
            (slot(TEN, "1"), "slots[1].start"),
        ] {
            let body = json!({"meter_id": "TEST_METER_000111", "slots": [slot(TEN, "1"), second]});
            let refused = world.post(ASHA, "/api/plans", &body).await;
            assert_eq!(refused.problem(422, "request.field_invalid")["field"], field, "{body}");
        }
        world.running.stop().await;
    }
}
