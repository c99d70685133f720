//! Standing interests: told by the catalog's pushes, and bought within the limits of their owner.

use serde_json::{Value, json};
use wattmandi::config::TradeConfig;

use crate::client::{Person, eventually, text};
use crate::world::*;

/// Farid waits for up to 6 kWh of the two hours, at 6.60 INR per kWh and 30 INR in all.
async fn waiting(farid: &Person, buy: bool) -> String {
    let wish = json!({
        "meter_id": meter("farid"), "max_price_inr": "6.6", "max_total_inr": "30", "buy": buy,
        "total": {"quantity_kwh": "6", "from": FIRST, "to": "2026-11-21T14:30:00.000Z"},
    });
    let made = farid.post("/api/interests", &wish).await;
    assert_eq!(made.status, 201);
    text(&made.json(), "interest_id")
}

async fn interest(farid: &Person, id: &str) -> Value {
    farid.get(&format!("/api/interests/{id}")).await.ok()
}

async fn used(farid: &Person, id: &str, kwh: &str) -> Value {
    eventually(kwh, || async {
        let interest = interest(farid, id).await;
        let done = interest["used_kwh"] == *kwh && interest["plan_id"].is_null();
        if done { Ok(interest) } else { Err(interest.to_string()) }
    })
    .await
}

/// The catalog service has our subscription, so that what is published from now on is pushed.
async fn subscribed(world: &World) {
    eventually("a subscription", || async {
        let count = world.subscriptions(1).await;
        if count == 1 { Ok(()) } else { Err(count.to_string()) }
    })
    .await;
}

/// The interest knows of these offers.
async fn matched(world: &World, id: &str, offers: &[&String]) {
    let farid = world.person("farid");
    let search = text(&interest(&farid, id).await, "search_id");
    eventually("a match", || async {
        let found: Vec<String> =
            farid.found(&search).await.iter().map(|offer| text(offer, "offer_id")).collect();
        let all = offers.iter().all(|offer| found.contains(offer));
        if all { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
}

on_both_databases! {
    async fn what_is_pushed_is_told_and_bought_within_the_limits(databases: Databases) {
        let world = World::start(databases).await;
        let farid = world.person("farid");
        let id = waiting(&farid, true).await;
        subscribed(&world).await;
        // 5 kWh at 6.50 would be 32.50 INR: 4.61 kWh are bought for 29.97. The second hour is too dear.
        let (_, asha) = ashas_offer(&world).await;
        let done = used(&farid, &id, "4.61").await;
        assert_eq!(done["used_inr"], "29.97");
        assert_eq!(world.person("asha").stock(&asha).await, ["5", "0", "4.61"]);
        let events = world.events(1, &id).await;
        assert_eq!(events[..3], ["interest.matched", "interest.buying", "interest.bought"], "{events:?}");
        // Nothing is left of the limit for another kWh.
        world.person("chitra").list(&meter("chitra"), &[(FIRST, "3", "6")]).await;
        eventually("another push", || async {
            let events = world.events(1, &id).await;
            let count = events.iter().filter(|kind| *kind == "interest.matched").count();
            if count >= 2 { Ok(()) } else { Err(format!("{events:?}")) }
        })
        .await;
        world.settled().await;
        let after = interest(&farid, &id).await;
        assert_eq!((&after["used_kwh"], &after["used_inr"]), (&json!("4.61"), &json!("29.97")));

        let closed = farid.delete(&format!("/api/interests/{id}")).await.ok();
        assert_eq!(closed["state"], "closed");
        eventually("the end of the subscription", || async {
            let count = world.subscriptions(1).await;
            if count == 0 { Ok(()) } else { Err(count.to_string()) }
        })
        .await;
        world.close().await;
    }

    async fn without_leave_to_buy_it_is_only_told(databases: Databases) {
        let world = World::start(databases).await;
        let farid = world.person("farid");
        let id = waiting(&farid, false).await;
        subscribed(&world).await;
        let (_, asha) = ashas_offer(&world).await;
        let search = text(&interest(&farid, &id).await, "search_id");
        let found = eventually("a match", || async {
            let found = farid.found(&search).await;
            if found.is_empty() { Err("nothing".to_owned()) } else { Ok(found) }
        })
        .await;
        assert_eq!(text(&found[0], "offer_id"), asha);
        world.settled().await;
        assert_eq!(world.person("asha").stock(&asha).await, ["5", "0", "0"]);
        let poor = json!({
            "meter_id": meter("farid"), "buy": true,
            "total": {"quantity_kwh": "6", "from": FIRST, "to": "2026-11-21T14:30:00.000Z"},
        });
        assert_eq!(farid.post("/api/interests", &poor).await.refusal(), (422, "request.field_invalid".into()));
        let strange = world.person("esha").get(&format!("/api/interests/{id}")).await;
        assert_eq!(strange.refusal(), (404, "resource.not_found".into()));
        world.close().await;
    }

    async fn what_a_forgetful_catalog_service_did_not_push_is_caught_up_with(databases: Databases) {
        let trade = TradeConfig { subscription_check_interval_ms: 3_000, ..TradeConfig::default() };
        let world = World::with(databases, trade).await;
        let id = waiting(&world.person("farid"), false).await;
        subscribed(&world).await;
        let asha = ashas_offer(&world).await.1;
        matched(&world, &id, &[&asha]).await;
        let (before, caught_up) = world.subscription(1).await;
        assert!(!caught_up, "nothing was missed");

        let world = world.restart_with_an_empty_catalog().await;
        // Published while nobody is subscribed; the new subscription begins after it, or just before.
        let chitra = world.person("chitra").list(&meter("chitra"), &[(FIRST, "3", "6")]).await;
        matched(&world, &id, &[&asha, &chitra]).await;
        let after = eventually("an end of catching up", || async {
            let (after, caught_up) = world.subscription(1).await;
            if caught_up { Ok(after) } else { Err(after) }
        })
        .await;
        assert_ne!(after, before);
        // What is published from here on is pushed, and what came twice was told once.
        let second = world.person("chitra").list(&meter("chitra"), &[(SECOND, "3", "6.1")]).await;
        matched(&world, &id, &[&asha, &chitra, &second]).await;
        world.settled().await;
        let events = world.events(1, &id).await;
        assert_eq!(events, ["interest.matched"; 3]);
        world.close().await;
    }
}
