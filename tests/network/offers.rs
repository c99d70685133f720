//! Offers that change while they are on sale (ruling 22): what the seller may do, and what buyers then see.

use serde_json::json;
use units::Span;
use wattmandi::identity::{self, admin};

use crate::client::{Person, eventually, slots, text};
use crate::world::*;

db::sql! {
    VERIFIED = "UPDATE meters SET verified = $2 WHERE meter_id = $1";
}

/// The operator locks Asha's account, or unlocks it.
async fn lock_asha(world: &World, locked: bool) {
    let p = world.participant(0);
    let now = p.now();
    let done = p.db.write(move |tx| {
        Box::pin(async move {
            let asha = identity::find_by_handle(tx, "asha").await?.unwrap();
            admin::set_lock(tx, asha.id, locked, now).await
        })
    });
    assert_eq!(done.await.unwrap().locked, locked);
}

/// A proof of Asha's meter lapses, or there is one again.
async fn prove_asha(world: &World, verified: bool) {
    let done = world.participant(0).db.write(move |tx| {
        Box::pin(async move { tx.execute(&VERIFIED, &[meter("asha").into(), verified.into()]).await })
    });
    let done: Result<u64, db::DbError> = done.await;
    assert_eq!(done.unwrap(), 1);
}

/// Farid, who has found the offer, gets none of it: with the code of an offer that is not there.
async fn is_refused(farid: &Person, offer: &(String, String)) {
    let search = farid.discover().await;
    let reply = farid.init(&search, &meter("farid"), offer, &[(FIRST, "1")]).await;
    let told = if reply.status < 400 { farid.until(&search, &["rejected"]).await } else { reply.json() };
    let code = told["failure"]["code"].as_str().or(told["code"].as_str());
    assert_eq!(code, Some("BIZ_OFFER_NOT_FOUND"), "{told}");
}

on_both_databases! {
    async fn what_is_sold_is_taken_out_of_the_catalog(databases: Databases) {
        let world = World::start(databases).await;
        let (asha, farid, bilal) = (world.person("asha"), world.person("farid"), world.person("bilal"));
        let offer = ashas_offer(&world).await;
        farid.buy(&meter("farid"), &offer, &[(FIRST, "2"), (SECOND, "4")]).await;
        asha.published(&offer.1).await;
        let shown = farid.shown(&offer.1).await.unwrap();
        let left = [0, 1].map(|n| text(&shown["slots"][n], "available_kwh"));
        assert_eq!(left, ["3", "0"]);
        bilal.buy(&meter("bilal"), &offer, &[(FIRST, "3")]).await;
        asha.published(&offer.1).await;
        assert!(farid.shown(&offer.1).await.is_none(), "a sold out offer is shown");
        world.close().await;
    }

    async fn a_new_price_holds_for_who_comes_later(databases: Databases) {
        let world = World::start(databases).await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        let offer = ashas_offer(&world).await;
        let search = farid.discover().await;
        let wish = json!({
            "transaction_id": search, "bpp_id": offer.0, "offer_id": offer.1, "slots": slots(&[(FIRST, "2")]),
        });
        assert_eq!(farid.post("/api/select", &wish).await.ok()["state"], "quoted");
        let path = format!("/seller/offers/{}", offer.1);
        let slot = json!({"start": FIRST, "price_inr": "8.25", "quantity_kwh": "6"});
        let change = json!({"name": "evening sun", "slots": [slot]});
        let changed = asha.patch(&path, &change).await.ok();
        let slot = &changed["slots"][0];
        assert_eq!(["price_inr", "published_kwh"].map(|name| text(slot, name)), ["8.25", "6"]);
        assert_eq!(changed["name"], "evening sun");
        asha.published(&offer.1).await;

        // The quote was for the old price: the buyer is told, and buys nothing.
        let init = json!({"transaction_id": search, "meter_id": meter("farid")});
        let reply = farid.post("/api/init", &init).await;
        let told = reply.json();
        let code = if reply.status >= 400 { text(&told, "code") } else { text(&told["failure"], "code") };
        assert!(["BIZ_PRICE_MISMATCH", "trade.price_mismatch"].contains(&code.as_str()), "{told}");
        assert_eq!(asha.stock(&offer.1).await, ["6", "0", "0"]);
        let shown = farid.shown(&offer.1).await.unwrap();
        assert_eq!(["price_inr", "available_kwh"].map(|name| text(&shown["slots"][0], name)), ["8.25", "6"]);
        let trade = farid.buy(&meter("farid"), &offer, &[(FIRST, "2")]).await;
        assert_eq!(trade["totals"]["amount_inr"], "16.50");
        world.close().await;
    }

    async fn an_offer_never_shrinks_below_what_is_sold(databases: Databases) {
        let world = World::start(databases).await;
        let (offer, _) = farid_has_bought(&world).await;
        let asha = world.person("asha");
        let path = format!("/seller/offers/{}", offer.1);
        let change = |kwh: &str| json!({"slots": [{"start": FIRST, "quantity_kwh": kwh}]});
        let refused = asha.patch(&path, &change("1.99")).await.refusal();
        assert_eq!(refused, (409, "market.below_sold".to_owned()));
        // Her panel has 10 kW.
        let refused = asha.patch(&path, &change("10.01")).await.refusal();
        assert_eq!(refused, (409, "market.capacity_exceeded".to_owned()));
        let nobodys = json!({"slots": [{"start": "2026-11-21T20:30:00Z", "quantity_kwh": "1"}]});
        assert_eq!(asha.patch(&path, &nobodys).await.refusal().0, 404);
        asha.patch(&path, &change("2")).await.ok();
        assert_eq!(asha.stock(&offer.1).await, ["2", "0", "2"]);
        world.close().await;
    }

    async fn a_withdrawn_offer_keeps_what_is_sold(databases: Databases) {
        let world = World::start(databases).await;
        let (offer, transaction) = farid_has_bought(&world).await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        let search = farid.discover().await;
        let path = format!("/seller/offers/{}", offer.1);
        world.market.advance(Span::from_minutes(1));
        let withdrawn = asha.delete(&path).await;
        assert!(withdrawn.status < 300, "{}", withdrawn.status);
        let now = asha.offer(&offer.1).await;
        assert_eq!(now["state"], "withdrawn");
        assert_eq!(asha.stock(&offer.1).await, ["2", "0", "2"]);
        assert_eq!(asha.delete(&path).await.refusal(), (409, "market.offer_withdrawn".to_owned()));
        // Who found it before is told.
        let reply = farid.init(&search, &meter("farid"), &offer, &[(FIRST, "1")]).await;
        let told = if reply.status < 400 { farid.until(&search, &["rejected"]).await } else { reply.json() };
        assert!(told["code"].is_string() || told["failure"]["code"].is_string(), "{told}");
        asha.published(&offer.1).await;
        assert!(farid.shown(&offer.1).await.is_none(), "a withdrawn offer is shown");
        assert_eq!(farid.transaction(&transaction).await["state"], "standing");
        // What comes back is not on sale again.
        farid.post("/api/cancel", &json!({"transaction_id": transaction})).await.ok();
        farid.until(&transaction, &["cancelled"]).await;
        world.settled().await;
        assert_eq!(asha.stock(&offer.1).await, ["0", "0", "0"]);
        world.close().await;
    }

    async fn who_is_locked_or_proves_the_meter_no_more_sells_nothing_more(databases: Databases) {
        let world = World::start(databases).await;
        let (offer, transaction) = farid_has_bought(&world).await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        let reserved = farid.discover().await;
        farid.init(&reserved, &meter("farid"), &offer, &[(FIRST, "1")]).await.ok();
        farid.until(&reserved, &["offered"]).await;

        lock_asha(&world, true).await;
        is_refused(&farid, &offer).await;
        farid.confirm(&reserved).await;
        let told = farid.until(&reserved, &["rejected"]).await;
        assert_eq!(told["failure"]["code"], "BIZ_OFFER_NOT_FOUND", "{told}");
        // What stands, stands.
        assert_eq!(farid.transaction(&transaction).await["state"], "standing");
        lock_asha(&world, false).await;
        farid.buy(&meter("farid"), &offer, &[(FIRST, "1")]).await;

        prove_asha(&world, false).await;
        is_refused(&farid, &offer).await;
        let path = format!("/seller/offers/{}", offer.1);
        let change = |kwh: &str| json!({"slots": [{"start": FIRST, "quantity_kwh": kwh}]});
        let refused = asha.patch(&path, &change("6")).await.refusal();
        assert_eq!(refused, (409, "trade.meter_unverified".to_owned()));
        asha.patch(&path, &change("4.5")).await.ok();
        prove_asha(&world, true).await;
        asha.patch(&path, &change("6")).await.ok();

        // What was reserved and not sold lapses.
        world.market.advance(Span::from_minutes(11));
        eventually("the stock", || async {
            let stock = asha.stock(&offer.1).await;
            if stock == ["6", "0", "3"] { Ok(()) } else { Err(format!("{stock:?}")) }
        })
        .await;
        world.close().await;
    }

    async fn two_offers_share_the_capacity_of_their_meter(databases: Databases) {
        let world = World::start(databases).await;
        ashas_offer(&world).await;
        let asha = world.person("asha");
        let hours = |kwh: &str| json!([{"start": FIRST, "quantity_kwh": kwh, "price_inr": "5"}]);
        let wish = |kwh: &str| json!({"meter_id": meter("asha"), "slots": hours(kwh)});
        let refused = asha.post("/seller/offers", &wish("5.01")).await.refusal();
        assert_eq!(refused, (409, "market.capacity_exceeded".to_owned()));
        let created = asha.post("/seller/offers", &wish("5")).await;
        assert_eq!(created.status, 201);
        let place = created.header("location").unwrap().to_owned();
        assert_eq!(place, format!("/seller/offers/{}", text(&created.json(), "id")));
        assert_eq!(asha.get(&place).await.ok()["id"], created.json()["id"]);
        // Bilal's meter only draws.
        let bilal = world.person("bilal");
        let cannot = json!({"meter_id": meter("bilal"), "slots": hours("1")});
        let refused = bilal.post("/seller/offers", &cannot).await.refusal();
        assert_eq!(refused, (409, "trade.not_eligible".to_owned()));
        world.close().await;
    }

    async fn an_offer_says_coarsely_where_it_is(databases: Databases) {
        let world = World::start(databases).await;
        let offer = ashas_offer(&world).await;
        // Asha's place is 28.70, 77.10 and Farid's 28.49, 77.09.
        let shown = world.person("farid").shown(&offer.1).await.unwrap();
        assert_eq!(text(&shown["rank"], "distance_km"), "23.4", "{shown}");
        assert_eq!(shown["rank"]["local"], true);
        let chitra = world.person("chitra");
        let search = chitra.discover().await;
        let near = chitra.get(&format!("/api/transactions/{search}/offers?lat=28.70&lon=77.10")).await.ok();
        let own = crate::client::items(&near).into_iter().find(|item| item["offer_id"] == offer.1.as_str()).unwrap();
        assert_eq!(text(&own["rank"], "distance_km"), "0");
        let far = chitra.get(&format!("/api/transactions/{search}/offers?lat=12.97&lon=77.59")).await.ok();
        let own = crate::client::items(&far).into_iter().find(|item| item["offer_id"] == offer.1.as_str()).unwrap();
        assert_eq!(own["rank"]["local"], false, "{own}");
        world.close().await;
    }
}
