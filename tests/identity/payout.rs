//! Whom buyers pay: nobody makes up an address for a new account, and without one nothing is offered.

use futures_util::FutureExt;
use serde_json::{Value, json};
use test_support::both_databases;
use uuid::Uuid;
use wattmandi::identity::{self, NewUser};
use wattmandi::metering::{self, Meter};
use wattmandi::network::normalize_meter;

use crate::people::{code_in, message, register, say, sign_in, text};
use crate::world::{Reply, TEN, World};

const METER: &str = "TEST_METER_000777";

/// A meter of that user.
async fn meter(world: &World, user: &str) {
    let (now, meter) = (
        world.participant.now(),
        Meter {
            id: world.participant.ids.uuid(),
            user_id: Uuid::parse_str(user).unwrap(),
            meter_key: normalize_meter(METER),
            meter_id: METER.into(),
            discom_code: "NORTH".into(),
            customer_number: "C-7".into(),
            resource_type: Some("SOLAR".into()),
            installed_capacity_w: Some(10_000),
            sanctioned_load_w: Some(10_000),
            verified: true,
            place: None,
        },
    );
    let added = world.participant.db.write(move |tx| {
        let meter = meter.clone();
        async move { metering::add(tx, &meter, now).await }.boxed()
    });
    added.await.unwrap();
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn who_has_no_address_to_be_paid_at_offers_nothing(db: db::Db) {
        let world = World::start(db).await;
        register(&world).await;
        let (access, _) = sign_in(&world).await;
        let me = world.get(&access, "/users/me").await.is(200);
        assert_eq!((&me["payout_name"], &me["payout_vpa"]), (&json!("Gita"), &json!("")));
        meter(&world, &text(&me["id"])).await;
        let slots = json!([{"start": TEN, "quantity_kwh": "1", "price_inr": "6"}]);
        let offer = json!({"meter_id": METER, "slots": slots});
        let list = || {
            let request = world.request(&access, "POST", "/seller/offers").header("Idempotency-Key", "k");
            Reply::of(request.json(&offer))
        };
        let refused = list().await.problem(409, "account.payout_missing");
        assert!(refused["next_step"].as_str().unwrap().contains("PATCH /users/me"), "{refused}");
        assert_eq!(world.get(&access, "/seller/offers").await.is(200)["items"], json!([]));
        let said = world.request(&access, "PATCH", "/users/me").json(&json!({"payout_vpa": "gita@examplebank"}));
        assert_eq!(Reply::of(said).await.is(200)["payout_vpa"], "gita@examplebank");
        // It cannot be taken back to nothing.
        let emptied = world.request(&access, "PATCH", "/users/me").json(&json!({"payout_vpa": ""}));
        assert_eq!(Reply::of(emptied).await.problem(422, "request.field_invalid")["field"], "payout_vpa");
        list().await.is(201);
        world.running.stop().await;
    }

    async fn nobody_gets_an_address_that_was_made_up(db: db::Db) {
        let world = World::start(db).await;
        say(&world, "/auth/phone/code", &json!({"phone": "9810012345"})).await.is(202);
        let code = code_in(&message(&world, "sign_in_code", 1).await);
        let created = say(&world, "/auth/phone/verify", &json!({"phone": "9810012345", "code": code})).await.is(201);
        let access = text(&created["access_token"]);
        assert_eq!(world.get(&access, "/users/me").await.is(200)["payout_vpa"], "");
        // Whom the operator configures without an address keeps the one that he has said himself.
        let configured = |address: &str| {
            let p = &world.participant;
            let (user, now) = (
                NewUser {
                    id: p.ids.uuid(),
                    handle: "chandra".into(),
                    display_name: "Chandra".into(),
                    token: "token-of-chandra-01".into(),
                    payout_name: "Chandra".into(),
                    payout_vpa: address.to_owned(),
                },
                p.now(),
            );
            let added = p.db.write(move |tx| {
                let user = user.clone();
                async move { identity::add(tx, &user, now).await }.boxed()
            });
            async move { added.await.unwrap().payout_vpa }
        };
        let mut seen: Vec<Value> = Vec::new();
        for address in ["", "chandra@bank", "", "c@otherbank"] {
            seen.push(configured(address).await.into());
        }
        assert_eq!(seen, ["", "chandra@bank", "chandra@bank", "c@otherbank"]);
        world.running.stop().await;
    }
}
