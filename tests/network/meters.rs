//! A stranger's meter: claimed with a proof, it sells and buys; without one it does nothing.

use serde_json::{Value, json};
use wattmandi::cli::local::SPARES;

use crate::client::{Person, eventually, text};
use crate::issued::credential;
use crate::world::*;

fn claim(index: usize, key: &str) -> Value {
    let spare = &SPARES[index];
    json!({"discom": spare.discom, "serial_number": spare.meter, "key": key, "place": "28.61, 77.21"})
}

async fn upload(person: &Person, credential: &str) -> Value {
    person.send("/users/me/credentials", "application/vc+jwt", credential).await.ok()
}

fn verdict(document: &Value, check: &str) -> String {
    let found = document["checks"].as_array().unwrap().iter().find(|found| found["check"] == check);
    text(found.unwrap(), "verdict")
}

on_both_databases! {
    async fn a_claimed_meter_sells_and_buys(databases: Databases) {
        let world = World::start(databases).await;
        let (gita, hari) = (world.stranger(0, "gita").await, world.stranger(1, "hari").await);
        let wrong = gita.post("/users/me/meters", &claim(0, "N-0000-0000")).await;
        assert_eq!(wrong.refusal(), (409, "meter.not_proven".into()));
        let meter = gita.post("/users/me/meters", &claim(0, SPARES[0].key)).await;
        assert_eq!(meter.status, 201);
        let meter = meter.ok();
        assert_eq!((&meter["verified"], &meter["installed_capacity_w"]), (&json!(true), &json!(6_000)));
        assert_eq!(meter["customer_number"], "••••UN_1");
        // It is hers, and whose it is, is nobody's business; wherever it is claimed.
        let taken = world.person("asha").post("/users/me/meters", &claim(0, SPARES[0].key)).await;
        assert_eq!(taken.refusal(), (409, "meter.taken".into()));
        assert_eq!(world.person("asha").get("/users/me/meters").await.ok()["items"].as_array().unwrap().len(), 1);

        let home = hari.post("/users/me/meters", &claim(3, SPARES[3].key)).await.ok();
        assert_eq!(home["resource_type"], Value::Null);
        let offer = (ALPHA.to_owned(), gita.list(SPARES[0].meter, &[(FIRST, "5", "6.5")]).await);
        let more = json!({"meter_id": SPARES[0].meter, "name": "More",
            "slots": [{"start": FIRST, "quantity_kwh": "1.5", "price_inr": "6"}]});
        assert_eq!(gita.post("/seller/offers", &more).await.refusal(), (409, "market.capacity_exceeded".into()));
        let trade = hari.buy(SPARES[3].meter, &offer, &[(FIRST, "2")]).await;
        assert_eq!(text(&trade, "state"), "standing");
        // Whoever compares the platforms knows the newcomers, too: one of the demo's people has bought of one.
        let trade = world.person("farid").buy("TEST_METER_FARID", &offer, &[(FIRST, "1")]).await;
        assert_eq!(text(&trade, "state"), "standing");
        eventually("both sides agree", || async {
            let faults = wattmandi::cli::demo::faults(world.network()).await.unwrap();
            if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
        })
        .await;
        for (person, meter) in [(&gita, SPARES[0].meter), (&hari, SPARES[3].meter)] {
            let refused = person.delete(&format!("/users/me/meters/{meter}")).await;
            assert_eq!(refused.refusal(), (409, "meter.in_use".into()));
        }
        world.close().await;
    }

    async fn what_a_credential_proves_is_the_limit_and_nothing_else_is(databases: Databases) {
        let world = World::start(databases).await;
        let gita = world.stranger(0, "gita").await;
        let said = json!({"monthly_production_kwh": "5000", "installed_capacity_kw": "50"});
        let profile = gita.patch("/users/me/profile", &said).await.ok();
        let production = &profile["energy"]["monthly_production_kwh"];
        assert_eq!((&production["declared"], &production["counts"]), (&json!("5000"), &json!("none")));

        let forged = credential("TEST_METER_GITA", "4.5").replacen("eyJ", "eyK", 1);
        let refused = gita.send("/users/me/credentials", "application/vc+jwt", &forged).await;
        assert_eq!(refused.refusal(), (422, "credential.unreadable".into()));
        let good = credential("TEST_METER_GITA", "4.5");
        let (content, _) = good.rsplit_once('.').unwrap();
        let other = credential("TEST_METER_GITA", "45");
        let swapped = format!("{content}.{}", other.rsplit_once('.').unwrap().1);
        let refused = upload(&gita, &swapped).await;
        assert_eq!((text(&refused, "state"), verdict(&refused, "proof")), ("refused".into(), "failed".into()));
        let claim = |document: &Value| json!({"credential_id": document["credential_id"]});
        let unproven = gita.post("/users/me/meters", &claim(&refused)).await;
        assert_eq!(unproven.refusal(), (409, "meter.not_proven".into()));

        let verified = upload(&gita, &good).await;
        assert_eq!(text(&verified, "state"), "verified", "{verified}");
        assert_eq!(verified["meters"][0]["meter_id"], "••••GITA");
        assert_eq!(verified["customer_number"], "••••GITA");
        let meter = gita.post("/users/me/meters", &claim(&verified)).await.ok();
        assert_eq!((&meter["verified"], &meter["installed_capacity_w"]), (&json!(true), &json!(4_500)));
        let energy = gita.get("/users/me/profile").await.ok()["energy"].clone();
        assert_eq!(energy["installed_capacity_kw"], json!({
            "declared": "50", "verified": "4.5", "counted": "4.5", "counts": "verified"}));
        assert_eq!(energy["monthly_production_kwh"], json!({
            "declared": "5000", "verified": null, "counted": "675", "counts": "declared_capped"}));

        // Nobody else sees the credential, or can claim with it.
        let bilal = world.person("bilal");
        let path = format!("/users/me/credentials/{}", text(&verified, "credential_id"));
        assert_eq!(bilal.get(&path).await.refusal(), (404, "resource.not_found".into()));
        assert_eq!(bilal.delete(&path).await.refusal(), (404, "resource.not_found".into()));
        assert_eq!(bilal.post("/users/me/meters", &claim(&verified)).await.refusal().1, "meter.not_proven");

        // Without the credential the meter trades no more.
        assert_eq!(gita.delete(&path).await.status, 204);
        assert_eq!(gita.get("/users/me/meters").await.ok()["items"][0]["verified"], false);
        let offer = json!({"meter_id": "TEST_METER_GITA", "name": "Roof",
            "slots": [{"start": FIRST, "quantity_kwh": "1", "price_inr": "6"}]});
        assert_eq!(gita.post("/seller/offers", &offer).await.refusal(), (409, "trade.meter_unverified".into()));
        assert_eq!(gita.delete("/users/me/meters/TEST_METER_GITA").await.status, 204);
        assert_eq!(gita.get("/users/me/meters").await.ok()["items"], json!([]));
        world.close().await;
    }

    async fn there_are_five_tries_an_hour_and_each_is_on_record(databases: Databases) {
        let world = World::start(databases).await;
        let gita = world.stranger(0, "gita").await;
        for _ in 0..5 {
            let refused = gita.post("/users/me/meters", &claim(1, "guess")).await;
            assert_eq!(refused.refusal(), (409, "meter.not_proven".into()));
        }
        let refused = gita.post("/users/me/meters", &claim(1, SPARES[1].key)).await;
        assert_eq!(refused.refusal(), (429, "request.rate_limited".into()));
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((3_000..=3_601).contains(&wait), "{wait}");
        assert_eq!(world.claims().await, [("not_proven".to_owned(), 5), ("too_often".to_owned(), 1)]);
        // The DISCOM counts the platform's tries for the meter too: whoever asks for it.
        let other = world.stranger(0, "hari").await;
        let refused = other.post("/users/me/meters", &claim(1, SPARES[1].key)).await;
        assert_eq!(refused.refusal(), (429, "request.rate_limited".into()));
        // It has another try every twelve minutes, and says so itself.
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=722).contains(&wait), "{wait}");
        let told = refused.json();
        assert!(text(&told, "detail").contains("other accounts"), "{told}");
        assert!(text(&told, "next_step").contains("/users/me/credentials"), "{told}");
        world.close().await;
    }
}
