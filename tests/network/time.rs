//! What time does to trades: reservations lapse, gates close, and a ledger may be too late.

use serde_json::json;
use units::Span;

use crate::client::{Person, eventually};
use crate::world::*;

/// The reservation time and a little more.
const LAPSE: Span = Span::from_minutes(11);

/// Waits for the stock of the offer's first slot.
async fn stock_is(seller: &Person, offer: &str, wanted: [&str; 3]) {
    eventually("the stock", || async {
        let stock = seller.stock(offer).await;
        if stock == wanted { Ok(()) } else { Err(format!("{stock:?}")) }
    })
    .await;
}

on_both_databases! {
    async fn a_lapsed_reservation_is_taken_again_at_confirm(databases: Databases) {
        let world = World::start(databases).await;
        let (offer, transaction) = farid_is_offered(&world, "2").await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        assert_eq!(asha.stock(&offer.1).await, ["5", "2", "0"]);
        world.market.advance(LAPSE);
        stock_is(&asha, &offer.1, ["5", "0", "0"]).await;
        assert_eq!(asha.get(&format!("/seller/orders/{transaction}")).await.ok()["state"], "expired");
        farid.confirm(&transaction).await.ok();
        farid.until(&transaction, &["standing"]).await;
        assert_eq!(asha.stock(&offer.1).await, ["5", "0", "2"]);
        let (alpha, _) = world.close().await;
        let path = alpha.path("seller", &transaction);
        assert!(path.ends_with(&["reserved", "expired", "recording", "active"]), "{path:?}");
    }

    async fn a_lapsed_reservation_may_go_to_somebody_else(databases: Databases) {
        let world = World::start(databases).await;
        let (offer, transaction) = farid_is_offered(&world, "3").await;
        let (asha, bilal, farid) = (world.person("asha"), world.person("bilal"), world.person("farid"));
        world.market.advance(LAPSE);
        stock_is(&asha, &offer.1, ["5", "0", "0"]).await;
        asha.published(&offer.1).await;
        bilal.buy(&meter("bilal"), &offer, &[(FIRST, "4")]).await;
        farid.confirm(&transaction).await;
        let told = farid.until(&transaction, &["rejected"]).await;
        assert_eq!(told["failure"]["code"], "BIZ_QUOTE_EXPIRED_OR_CHANGED");
        assert_eq!(asha.stock(&offer.1).await, ["5", "0", "4"]);
        world.close().await;
    }

    async fn nothing_is_confirmed_after_the_gate(databases: Databases) {
        let world = World::start(databases).await;
        let (offer, transaction) = farid_is_offered(&world, "2").await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        world.market.advance(TO_THE_GATE);
        let (status, code) = farid.confirm(&transaction).await.refusal();
        // The worker that looks for closed gates may have been first.
        let known = ["trade.gate_closed", "trade.state_conflict"];
        assert!(status == 409 && known.contains(&code.as_str()), "{status} {code}");
        farid.until(&transaction, &["expired"]).await;
        stock_is(&asha, &offer.1, ["5", "0", "0"]).await;
        let late = farid.post("/api/discover", &json!({})).await.ok();
        let found = farid.found(late["transaction_id"].as_str().unwrap()).await;
        assert!(found.is_empty(), "an offer past its gate is shown: {found:?}");
        let (alpha, beta) = world.close().await;
        assert_eq!(alpha.contract("seller", &transaction).state, "expired");
        assert!(beta.sent.iter().all(|row| row.action != "confirm"));
    }

    async fn the_sellers_ledger_is_silent_until_the_gate(databases: Databases) {
        let world = World::hurried(databases).await;
        let (offer, transaction) = farid_is_offered(&world, "2").await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        world.ledger_behaves(NORTH_LEDGER, "timeout").await;
        let key = clock::Ids::system().uuid().to_string();
        farid.order("/api/confirm", &json!({"transaction_id": transaction}), &key).await.ok();
        eventually("the seller to record", || async {
            let order = asha.get(&format!("/seller/orders/{transaction}")).await.ok();
            if order["state"] == "recording" { Ok(()) } else { Err(order.to_string()) }
        })
        .await;
        world.market.advance(TO_THE_GATE);
        let told = farid.until(&transaction, &["rejected", "expired"]).await;
        assert!(told["failure"]["code"].is_string(), "{told}");
        stock_is(&asha, &offer.1, ["5", "0", "0"]).await;
        world.ledger_behaves(NORTH_LEDGER, "normal").await;
        let (alpha, _) = world.settled().await;
        let sold = alpha.contract("seller", &transaction);
        assert_eq!((sold.state.as_str(), sold.holds.as_str()), ("rejected", "nothing"), "{told}");
        let records = world.records(NORTH_LEDGER, &transaction).await;
        assert!(records.iter().all(|record| record["status"] != "ACTIVE"), "{records:?}");
        assert!(world.records(SOUTH_LEDGER, &transaction).await.is_empty());
        world.close().await;
    }

    async fn the_buyers_ledger_refuses_after_the_gate(databases: Databases) {
        let world = World::start(databases).await;
        let (_, transaction) = farid_is_offered(&world, "2").await;
        let farid = world.person("farid");
        world.ledger_behaves(SOUTH_LEDGER, "timeout:1").await;
        let key = clock::Ids::system().uuid().to_string();
        farid.order("/api/confirm", &json!({"transaction_id": transaction}), &key).await.ok();
        farid.until(&transaction, &["recording"]).await;
        // The leg is on its way; the next attempt comes after the gate and is refused.
        world.market.advance(TO_THE_GATE);
        eventually("the fault to be used up", || async {
            let now = world.discoms.document(&format!("/admin/ledgers/{SOUTH_LEDGER}/behavior")).await;
            if now["behavior"] == "normal" { Ok(()) } else { Err(now.to_string()) }
        })
        .await;
        world.ledger_behaves(SOUTH_LEDGER, "refuse").await;
        let told = farid.until(&transaction, &["disputed"]).await;
        assert!(told["failure"]["code"].is_string(), "{told}");
        assert!(world.records(SOUTH_LEDGER, &transaction).await.is_empty());
        assert_eq!(world.record(NORTH_LEDGER, &transaction).await["status"], "ACTIVE");
        // A person must look: neither side has taken anything back.
        let (alpha, _) = world.books().await;
        assert_eq!(alpha.contract("seller", &transaction).state, "active");
    }
}
