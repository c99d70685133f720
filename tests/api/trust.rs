//! `GET /users/me/trust`, and how the client API refuses what trust does not allow.

use futures_util::FutureExt;
use serde_json::{Value, json};
use test_support::both_databases;
use units::WattHours;
use uuid::Uuid;
use wattmandi::config::TrustConfig;
use wattmandi::contract::{Side, State};
use wattmandi::trust::{self, Delivery};

use crate::world::{ASHA, BILAL, ELEVEN, TEN, World};

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn trust_shows_what_may_be_traded_and_why(db: db::Db) {
        let world = World::start(db).await;
        let trust = world.get(ASHA, "/users/me/trust").await;
        assert_eq!(trust.header("cache-control"), "private, no-cache");
        let trust = trust.is(200);
        assert_eq!((&trust["score"], &trust["tier"]["name"]), (&json!("0.3"), &json!("starter")));
        assert_eq!(trust["next_tier"], json!({"name": "bronze", "from_score": "0.5", "percent": 40}));
        assert_eq!(trust["capacity"]["monthly_production_kwh"], "500");
        assert_eq!((&trust["selling"]["limit_kwh"], &trust["buying"]["limit_kwh"]), (&json!("50"), &json!("30")));
        let month = json!({"month": "2026-11", "used_kwh": "0", "remaining_kwh": "50"});
        assert_eq!(trust["selling"]["months"], json!([month]));
        assert_eq!(trust["history"]["items"][0]["cause"], "opening");
        // Ten kWh an offer; the sixth is too much, and says how much is left and what helps.
        for _ in 0..2 {
            world.offer().await;
        }
        let slot = |start: &str, kwh: &str| json!({"start": start, "quantity_kwh": kwh, "price_inr": "6.50"});
        let body = json!({"meter_id": "TEST_METER_000222", "slots": [slot(TEN, "10"), slot(ELEVEN, "10")]});
        world.post(BILAL, "/seller/offers", &body).await.is(201);
        let used = world.get(ASHA, "/users/me/trust").await.is(200);
        let month = json!({"month": "2026-11", "used_kwh": "20", "remaining_kwh": "30"});
        assert_eq!(used["selling"]["months"], json!([month]));
        let body = json!({"meter_id": "TEST_METER_000222", "slots": [slot("2026-11-21T12:30:00Z", "10"),
            slot("2026-11-21T13:30:00Z", "10"), slot("2026-11-21T14:30:00Z", "10"), slot("2026-11-21T15:30:00Z", "1")]});
        let refused = world.post(BILAL, "/seller/offers", &body).await.problem(409, "trust.limit_exceeded");
        assert_eq!((&refused["field"], &refused["remaining_kwh"]), (&json!("slots.quantity_kwh"), &json!("30")));
        assert!(refused["next_step"].as_str().unwrap().starts_with("Trade successfully to rise to Bronze"));
        assert!(refused["detail"].as_str().unwrap().contains("31 kWh more"), "{refused}");
    }

    async fn the_history_of_trust_comes_in_pages_and_names_its_trades(db: db::Db) {
        let world = World::start(db).await;
        let contract = world.contract(Side::Seller, State::Active, "tx-of-trust").await.id;
        let (user, now) = (world.asha.id, world.participant.now());
        let told = world.participant.db.write(move |tx| {
            async move {
                let config = TrustConfig::default();
                let full = |contract, round1| Delivery {
                    user,
                    contract,
                    side: trust::Side::Seller,
                    requested: WattHours::new(5_000),
                    round1: WattHours::new(round1),
                    round2: WattHours::new(round1),
                    outage: false,
                };
                trust::service::apply_delivery(tx, &config, &full(contract, 4_200), now).await?;
                trust::service::apply_delivery(tx, &config, &full(Uuid::nil(), 5_000), now).await.map(drop)
            }
            .boxed()
        });
        told.await.unwrap();
        let reply = world.get(ASHA, "/users/me/trust?limit=2").await;
        let first = reply.is(200);
        assert_eq!(first["score"], "0.334");
        let row = &first["history"]["items"][1];
        assert_eq!((&row["cause"], &row["transaction_id"]), (&json!("partial"), &json!("tx-of-trust")));
        assert_eq!((&row["expected_kwh"], &row["delivered_kwh"]), (&json!("5"), &json!("4.2")));
        assert_eq!(row["arithmetic"], "0.3 - 0.1 × (1 - 4.2/5) = 0.284");
        assert_eq!(first["history"]["items"][0]["transaction_id"], Value::Null);
        let cursor = first["history"]["next_cursor"].as_str().unwrap();
        assert!(reply.header("link").contains(&format!("cursor={cursor}>; rel=\"next\"")));
        let last = world.get(ASHA, &format!("/users/me/trust?limit=2&cursor={cursor}")).await.is(200);
        assert_eq!((&last["history"]["items"][0]["number"], &last["history"]["next_cursor"]), (&json!(0), &Value::Null));
        // Another user's history is another one; so is its score.
        assert_eq!(world.get(BILAL, "/users/me/trust").await.is(200)["score"], "0.3");
        let metrics = world.operator("/metrics").await.text();
        assert!(metrics.contains("wattmandi_trust_changes{cause=\"partial\"} 1\n"), "{metrics}");
    }
}
