//! What trades and cancellations between two platforms do to trust and to the quotas of a month (rulings 17, 20, 23).

use serde_json::{Value, json};

use crate::client::Person;
use crate::world::*;

async fn trust(person: &Person) -> Value {
    person.get("/users/me/trust").await.ok()
}

/// Score, and what is used of this month to sell and to buy.
async fn standing(person: &Person) -> [String; 3] {
    let trust = trust(person).await;
    let used = |kind: &str| trust[kind]["months"][0]["used_kwh"].as_str().unwrap().to_owned();
    [trust["score"].as_str().unwrap().to_owned(), used("selling"), used("buying")]
}

on_both_databases! {
    async fn the_buyer_who_cancels_pays_and_nobody_else(databases: Databases) {
        let world = World::start(databases).await;
        let (_, transaction) = farid_has_bought(&world).await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        // Asha has listed 9 kWh, of which 2 are sold: that is not counted twice.
        assert_eq!(standing(&asha).await, ["0.3", "9", "0"]);
        assert_eq!(standing(&farid).await, ["0.3", "0", "2"]);
        farid.post("/api/cancel", &json!({"transaction_id": transaction})).await.ok();
        farid.until(&transaction, &["cancelled"]).await;
        world.settled().await;
        assert_eq!(standing(&farid).await, ["0.25", "0", "0"]);
        // What came back is on sale again.
        assert_eq!(standing(&asha).await, ["0.3", "9", "0"]);
        let told = trust(&farid).await;
        let row = &told["history"]["items"][0];
        assert_eq!((&row["cause"], &row["side"]), (&json!("cancelled"), &json!("buyer")));
        assert_eq!((&row["transaction_id"], &row["arithmetic"]), (&json!(transaction), &json!("0.3 - 0.05 = 0.25")));
        assert_eq!((&told["tier"]["name"], told["history"]["items"].as_array().unwrap().len()), (&json!("new"), 2));
        // When the gates have closed, what nobody bought goes back.
        world.market.advance(units::Span::from_hours(8));
        let asha = &asha;
        crate::client::eventually("an empty quota", || async {
            let now = standing(asha).await;
            if now == ["0.3", "0", "0"] { Ok(()) } else { Err(format!("{now:?}")) }
        })
        .await;
        world.close().await;
    }

    async fn the_seller_who_cancels_pays_and_nobody_else(databases: Databases) {
        let world = World::start(databases).await;
        let (offer, transaction) = farid_has_bought(&world).await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        asha.post(&format!("/seller/orders/{transaction}/cancel"), &json!({})).await.ok();
        farid.until(&transaction, &["cancelled"]).await;
        world.settled().await;
        assert_eq!(standing(&asha).await, ["0.25", "9", "0"]);
        assert_eq!(standing(&farid).await, ["0.3", "0", "0"]);
        asha.delete(&format!("/seller/offers/{}", offer.1)).await.ok();
        assert_eq!(standing(&asha).await, ["0.25", "0", "0"]);
        world.close().await;
    }

    async fn what_was_never_confirmed_is_no_breach(databases: Databases) {
        let world = World::start(databases).await;
        let (_, transaction) = farid_is_offered(&world, "2").await;
        let farid = world.person("farid");
        assert_eq!(standing(&farid).await, ["0.3", "0", "2"]);
        farid.post("/api/cancel", &json!({"transaction_id": transaction})).await.ok();
        assert_eq!(standing(&farid).await, ["0.3", "0", "0"]);
        world.close().await;
    }
}
