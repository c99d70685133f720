//! Trades that are called off, by either side, in time and too late (ruling 17).

use serde_json::json;
use units::{Span, WattHours};
use wattmandi::config::TradeConfig;

use crate::audit::Book;
use crate::client::eventually;
use crate::world::*;

/// How many messages of an action were sent to a peer in a transaction.
fn count(book: &Book, transaction: &str, action: &str, target: &str) -> usize {
    book.sent_in(transaction).into_iter().filter(|(a, t, _)| (*a, *t) == (action, target)).count()
}

on_both_databases! {
    async fn the_buyer_previews_and_commits(databases: Databases) {
        let world = World::start(databases).await;
        let (offer, transaction) = farid_has_bought(&world).await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        let wish = json!({"transaction_id": transaction, "reason": "plans changed"});
        farid.post("/api/cancel", &wish).await.ok();
        let told = farid.until(&transaction, &["cancelled"]).await;
        assert_eq!((&told["cancelled_by"], &told["ledger"]), (&json!("buyer"), &json!("withdrawn")));
        let (alpha, beta) = world.settled().await;
        assert_eq!(asha.stock(&offer.1).await, ["5", "0", "0"]);
        let order = asha.get(&format!("/seller/orders/{transaction}")).await.ok();
        assert_eq!((&order["state"], &order["cancelled_by"]), (&json!("cancelled"), &json!("buyer")));
        for ledger in [NORTH_LEDGER, SOUTH_LEDGER] {
            assert_eq!(world.record(ledger, &transaction).await["status"], "CANCELLED");
        }
        assert_eq!(count(&beta, &transaction, "cancel", ALPHA), 2);
        assert_eq!(count(&alpha, &transaction, "on_cancel", BETA), 2);
        assert_eq!(count(&alpha, &transaction, "on_cancel", NORTH_LEDGER), 1);
        assert_eq!(count(&beta, &transaction, "on_cancel", SOUTH_LEDGER), 1);
        // What came back is on sale again.
        asha.published(&offer.1).await;
        let shown = farid.shown(&offer.1).await.unwrap();
        assert_eq!(shown["slots"][0]["available_kwh"], "5");
        // It is over.
        let again = farid.post("/api/cancel", &wish).await.refusal();
        assert_eq!(again, (409, "trade.state_conflict".to_owned()));
        world.close().await;
    }

    async fn the_seller_tells_the_buyer(databases: Databases) {
        let world = World::start(databases).await;
        let (offer, transaction) = farid_has_bought(&world).await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        let path = format!("/seller/orders/{transaction}/cancel");
        asha.post(&path, &json!({"reason": "the panel is being cleaned"})).await.ok();
        let told = farid.until(&transaction, &["cancelled"]).await;
        assert_eq!((&told["cancelled_by"], &told["ledger"]), (&json!("seller"), &json!("withdrawn")));
        let (alpha, beta) = world.settled().await;
        assert_eq!(asha.stock(&offer.1).await, ["5", "0", "0"]);
        assert_eq!(alpha.contract("seller", &transaction).cancelled_by.as_deref(), Some("seller"));
        assert_eq!(count(&beta, &transaction, "cancel", ALPHA), 0);
        assert_eq!(count(&alpha, &transaction, "on_cancel", BETA), 1);
        for ledger in [NORTH_LEDGER, SOUTH_LEDGER] {
            assert_eq!(world.record(ledger, &transaction).await["status"], "CANCELLED");
        }
        assert_eq!(beta.loads.values().copied().collect::<Vec<_>>(), [WattHours::ZERO]);
        let again = asha.post(&path, &json!({})).await.refusal();
        assert_eq!(again, (409, "trade.state_conflict".to_owned()));
        world.close().await;
    }

    async fn twenty_cancellations_by_both_sides_refund_once(databases: Databases) {
        let world = World::start(databases).await;
        let (offer, transaction) = farid_has_bought(&world).await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        let held = farid.get("/users/me/account").await.ok();
        assert_ne!(held["held_inr"], "0.00", "{held}");
        let wish = json!({"transaction_id": transaction});
        let path = format!("/seller/orders/{transaction}/cancel");
        // One in four is the seller's.
        let asked = (0..20).map(|n| {
            let (person, path) = if n % 4 == 3 { (&asha, path.as_str()) } else { (&farid, "/api/cancel") };
            let body = if n % 4 == 3 { json!({}) } else { wish.clone() };
            async move { person.post(path, &body).await }
        });
        let told = futures_util::future::join_all(asked).await;
        assert!(told.iter().any(|reply| reply.status < 300), "{told:?}");
        assert!(told.iter().all(|reply| reply.status < 300 || reply.status == 409), "{told:?}");
        farid.until(&transaction, &["cancelled"]).await;
        world.settled().await;
        assert_eq!(asha.stock(&offer.1).await, ["5", "0", "0"]);
        for (person, releases) in [(&farid, 1), (&asha, 0)] {
            let account = person.get("/users/me/account").await.ok();
            assert_eq!((&account["held_inr"], &account["balance_inr"]), (&json!("0.00"), &json!("0.00")));
            let journal = person.get("/users/me/account/journal").await.ok();
            let kinds = crate::client::items(&journal).into_iter().filter(|entry| entry["kind"] == "release");
            assert_eq!(kinds.count(), releases, "{journal}");
        }
        // One of the two bears it, once.
        let mut borne = 0;
        for person in [&farid, &asha] {
            let trust = person.get("/users/me/trust").await.ok();
            let rows = trust["history"]["items"].as_array().unwrap();
            borne += rows.iter().filter(|row| row["cause"] == "cancelled").count();
        }
        assert_eq!(borne, 1);
        world.close().await;
    }

    async fn what_is_not_confirmed_needs_no_ledger(databases: Databases) {
        let world = World::start(databases).await;
        let (offer, transaction) = farid_is_offered(&world, "2").await;
        let farid = world.person("farid");
        farid.post("/api/cancel", &json!({"transaction_id": transaction})).await.ok();
        farid.until(&transaction, &["cancelled"]).await;
        // Nobody needs to agree: the seller's reservation lapses.
        world.market.advance(Span::from_minutes(11));
        eventually("the stock", || async {
            let stock = world.person("asha").stock(&offer.1).await;
            if stock == ["5", "0", "0"] { Ok(()) } else { Err(format!("{stock:?}")) }
        })
        .await;
        let (alpha, beta) = world.settled().await;
        assert_eq!(alpha.contract("seller", &transaction).state, "expired");
        for ledger in [NORTH_LEDGER, SOUTH_LEDGER] {
            assert!(world.records(ledger, &transaction).await.is_empty());
        }
        assert!(beta.sent_in(&transaction).iter().all(|(_, target, _)| [ALPHA, CATALOG].contains(target)));
        world.close().await;
    }

    async fn our_own_window_binds_our_own_people(databases: Databases) {
        let trade = TradeConfig { cancel_window_minutes: 0, ..TradeConfig::default() };
        let world = World::with(databases, trade).await;
        let (offer, transaction) = farid_has_bought(&world).await;
        let wish = json!({"transaction_id": transaction});
        let late = world.person("farid").post("/api/cancel", &wish).await.refusal();
        assert_eq!(late, (409, "trade.cancel_window_closed".to_owned()));
        let path = format!("/seller/orders/{transaction}/cancel");
        let late = world.person("asha").post(&path, &json!({})).await.refusal();
        assert_eq!(late, (409, "trade.cancel_window_closed".to_owned()));
        assert_eq!(world.person("asha").stock(&offer.1).await, ["5", "0", "2"]);
        world.close().await;
    }

    async fn nobody_cancels_after_the_gate(databases: Databases) {
        let world = World::start(databases).await;
        let (offer, transaction) = farid_has_bought(&world).await;
        world.market.advance(TO_THE_GATE);
        let wish = json!({"transaction_id": transaction});
        let late = world.person("farid").post("/api/cancel", &wish).await.refusal();
        assert_eq!(late, (409, "trade.gate_closed".to_owned()));
        let path = format!("/seller/orders/{transaction}/cancel");
        let late = world.person("asha").post(&path, &json!({})).await.refusal();
        assert_eq!(late, (409, "trade.gate_closed".to_owned()));
        let (alpha, beta) = world.settled().await;
        assert_eq!(world.person("asha").stock(&offer.1).await, ["5", "0", "2"]);
        assert_eq!(alpha.contract("seller", &transaction).state, "active");
        assert_eq!(beta.contract("buyer", &transaction).state, "standing");
        assert_eq!(count(&beta, &transaction, "cancel", ALPHA), 0);
        world.close().await;
    }
}
