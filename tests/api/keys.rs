//! Idempotency keys on every write: the same bytes again, also after a restart, and no second effect.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use serde_json::{Value, json};
use test_support::both_databases;
use units::{Span, Timestamp};
use uuid::Uuid;
use wattmandi::api::SERVED;
use wattmandi::contract::{Side, State};
use wattmandi::events::answers::{self, Claim, Kept};
use wattmandi::events::idempotency::Key;

use crate::world::{ASHA, BILAL, ELEVEN, Reply, TEN, World};

db::sql! {
    COUNT = "SELECT COUNT(*) AS n FROM answers";
    BODIES = "SELECT body FROM answers WHERE LENGTH(body) > 0";
}

/// Writes that succeed in this world with the bodies of [`prepare`]; of the others, which need a network, the same failure
/// is given twice.
const SUCCEED: &[&str] = &[
    "post /api/discover",
    "post /api/cancel",
    "post /api/plans",
    "post /api/interests",
    "delete /api/interests/{id}",
    "post /seller/offers",
    "patch /seller/offers/{id}",
    "delete /seller/offers/{id}",
    "post /users/me/account/top-ups",
    "post /users/me/account/withdrawals",
];

/// Each request gets another secret, and none is kept.
const TICKETS: &str = "/api/events/tickets";

/// Every write of a user whose answer is kept: method and path.
fn writes() -> impl Iterator<Item = (&'static str, &'static str)> {
    let wrote = SERVED.iter().filter(|route| route.access.who.roles().is_some() && route.method != "get");
    let ours = wrote.filter(|route| route.path != TICKETS);
    ours.map(|route| (route.method, route.path))
}

/// Ids that paths name, and bodies, by route.
async fn prepare(world: &World) -> BTreeMap<&'static str, (String, Value)> {
    let offer = |id: &Value| id.as_str().unwrap().to_owned();
    let (one, two) = (world.offer().await, world.offer().await);
    world.contract(Side::Buyer, State::Offered, "t-cancel").await;
    for transaction in ["t-cancel-order", "t-status"] {
        world.contract(Side::Seller, State::Active, transaction).await;
    }
    let total = json!({"quantity_kwh": "5", "from": TEN, "to": "2026-11-21T13:30:00Z"});
    let interest = json!({"meter_id": "TEST_METER_000111", "total": total});
    let made = world.post(ASHA, "/api/interests", &interest).await.is(201);
    let new_offer = json!({"meter_id": "TEST_METER_000111",
        "slots": [{"start": "2026-11-21T12:30:00Z", "quantity_kwh": "1", "price_inr": "6"}]});
    let slots = json!([{"start": TEN, "quantity_kwh": "1"}]);
    let wish = json!({"bpp_id": "peer.example", "offer_id": "x", "slots": slots});
    let mut start = wish.clone();
    start["transaction_id"] = json!(Uuid::from_u128(77).to_string());
    start["meter_id"] = json!("TEST_METER_000111");
    let top_up = json!({"amount_inr": "100"});
    world.post(ASHA, "/users/me/account/top-ups", &top_up).await.is(201);
    let change = json!({"slots": [{"start": ELEVEN, "price_inr": "7"}]});
    [
        ("post /api/discover", (String::new(), json!({"text": "solar"}))),
        ("post /api/select", (String::new(), wish)),
        ("post /api/init", (String::new(), start)),
        ("post /api/cancel", (String::new(), json!({"transaction_id": "t-cancel"}))),
        ("post /api/plans", (String::new(), interest.clone())),
        ("post /api/interests", (String::new(), interest)),
        ("delete /api/interests/{id}", (offer(&made["interest_id"]), json!({}))),
        ("post /seller/offers", (String::new(), new_offer)),
        ("patch /seller/offers/{id}", (offer(&one["id"]), change)),
        ("delete /seller/offers/{id}", (offer(&two["id"]), json!({}))),
        ("post /seller/orders/{id}/cancel", ("t-cancel-order".to_owned(), json!({}))),
        ("post /seller/orders/{id}/status", ("t-status".to_owned(), json!({}))),
        ("post /users/me/account/top-ups", (String::new(), top_up)),
        ("post /users/me/account/withdrawals", (String::new(), json!({"amount_inr": "10"}))),
    ]
    .into_iter()
    .collect()
}

async fn send(world: &World, route: &str, given: &(String, Value), key: &str) -> Reply {
    let (method, path) = route.split_once(' ').unwrap();
    let path = path.replace("{id}", &given.0);
    let request = world.request(ASHA, &method.to_uppercase(), &path).header("Idempotency-Key", key);
    Reply::of(request.json(&given.1)).await
}

fn same(route: &str, first: &Reply, again: &Reply) {
    assert_eq!(first.status, again.status, "{route}: {} {}", first.text(), again.text());
    if first.status >= 300 {
        assert_eq!(first.json()["code"], again.json()["code"], "{route}");
        return;
    }
    assert_eq!(first.text(), again.text(), "{route}");
    for header in ["content-type", "location"] {
        assert_eq!(first.header(header), again.header(header), "{route}");
    }
    assert_eq!(
        (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
        ("", "true"),
        "{route}"
    );
}

fn key(name: &str, hash: &str) -> Key {
    Key { user_id: Uuid::from_u128(5), key: name.to_owned(), request_hash: hash.to_owned() }
}

async fn claim(db: &db::Db, key: Key, now: Timestamp) -> Claim {
    let claim = db.write(move |tx| {
        let key = key.clone();
        async move { answers::claim(tx, &key, now).await }.boxed()
    });
    claim.await.unwrap()
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn every_write_gives_the_same_bytes_again_also_after_a_restart(db: db::Db) {
        // All of it in one minute.
        let world = World::with(db.clone(), |state| state.web.limits.trade = 1_000).await;
        let given = prepare(&world).await;
        let nothing = (Uuid::from_u128(9).to_string(), json!({}));
        let mut replies = Vec::new();
        for (method, path) in writes() {
            let route = format!("{method} {path}");
            let given = given.get(route.as_str()).unwrap_or(&nothing);
            let key = format!("key of {route}");
            let first = send(&world, &route, given, &key).await;
            same(&route, &first, &send(&world, &route, given, &key).await);
            if first.status < 300 {
                // Under the same key nothing else is done, at whatever route.
                let other = (given.0.clone(), json!({"amount_inr": "1"}));
                let refused = send(&world, &route, &other, &key).await;
                assert_eq!(refused.problem(422, "request.idempotency_mismatch")["field"], "Idempotency-Key");
            }
            replies.push((route, given.clone(), key, first));
        }
        let done: BTreeSet<&str> =
            replies.iter().filter(|(.., first)| first.status < 300).map(|(route, ..)| route.as_str()).collect();
        let failed: Vec<String> = replies
            .iter()
            .filter(|(route, ..)| SUCCEED.contains(&route.as_str()) && !done.contains(route.as_str()))
            .map(|(route, .., first)| format!("{route}: {}", first.text()))
            .collect();
        assert!(failed.is_empty(), "{failed:#?}");
        world.running.stop().await;
        let world = World::start(db).await;
        for (route, given, key, first) in replies.iter().filter(|(.., first)| first.status < 300) {
            same(route, first, &send(&world, route, given, key).await);
        }
        // Another user's key of the same name is another key.
        let theirs = world.request(BILAL, "POST", "/api/discover").header("Idempotency-Key", &replies[0].2);
        assert_eq!(Reply::of(theirs.json(&replies[0].1.1)).await.header("idempotent-replayed"), "");
        world.running.stop().await;
    }

    async fn a_ticket_is_nowhere_but_in_its_answer(db: db::Db) {
        let world = World::start(db.clone()).await;
        let ask = || {
            let request = world.request(ASHA, "POST", TICKETS).header("Idempotency-Key", "k");
            Reply::of(request.json(&json!({})))
        };
        let (one, other) = (ask().await.is(201)["ticket"].clone(), ask().await.is(201)["ticket"].clone());
        assert_ne!(one, other);
        let kept = db.read(|tx| async move { tx.query(&BODIES, &[]).await }.boxed());
        let kept: Result<Vec<db::Row>, db::DbError> = kept.await;
        for row in kept.unwrap() {
            let body = String::from_utf8(row.get::<Vec<u8>>("body").unwrap()).unwrap();
            assert!(!body.contains("ticket"), "{body}");
        }
        world.running.stop().await;
    }

    async fn a_failure_leaves_the_key_free(db: db::Db) {
        let world = World::start(db).await;
        let money = |path: &'static str, amount: &'static str, key: &'static str| {
            let request = world.request(ASHA, "POST", path).header("Idempotency-Key", key);
            Reply::of(request.json(&json!({"amount_inr": amount})))
        };
        let withdraw = || money("/users/me/account/withdrawals", "40", "take");
        withdraw().await.problem(409, "account.withdrawal_exceeded");
        money("/users/me/account/top-ups", "50", "give").await.is(201);
        let taken = withdraw().await;
        taken.is(201);
        assert_eq!(withdraw().await.body, taken.body);
        assert_eq!(world.get(ASHA, "/users/me/account").await.is(200)["balance_inr"], "10.00");
        world.running.stop().await;
    }

    async fn while_it_is_worked_off_the_same_request_waits(db: db::Db) {
        let world = World::start(db.clone()).await;
        let body = json!({"text": "solar"});
        let ask = || {
            let request = world.request(ASHA, "POST", "/api/discover").header("Idempotency-Key", "k");
            Reply::of(request.json(&body))
        };
        // Many at the same time: one works, all have its answer.
        let replies = futures_util::future::join_all((0..8).map(|_| ask())).await;
        let bodies: BTreeSet<String> = replies.iter().map(Reply::text).collect();
        assert!(replies.iter().all(|reply| reply.status == 202) && bodies.len() == 1, "{bodies:?}");
        world.running.stop().await;
    }

    async fn a_lease_keeps_others_out_until_it_ends(db: db::Db) {
        let at = |seconds: i64| Timestamp::from_seconds(1_800_000_000 + seconds);
        let Claim::Ours(lease) = claim(&db, key("k", "a"), at(0)).await else { panic!() };
        assert!(matches!(claim(&db, key("k", "a"), at(9)).await, Claim::UnderWay));
        assert!(matches!(claim(&db, key("k", "b"), at(11)).await, Claim::OtherRequest));
        // The process that had it may be dead; should it live, the first whole answer is the answer.
        let Claim::Ours(taken) = claim(&db, key("k", "a"), at(11)).await else { panic!() };
        let answer = |text: &str| Kept { status: 201, headers: "location: /x\n".into(), body: text.into() };
        let (kept, late) = (answer("kept"), answer("late"));
        let stored = db.write({
            let (lease, taken, late, kept) = (lease.clone(), taken.clone(), late.clone(), kept.clone());
            move |tx| {
                let (lease, taken, late, kept) = (lease.clone(), taken.clone(), late.clone(), kept.clone());
                async move {
                    let first = answers::keep(tx, &lease, &kept).await?;
                    answers::release(tx, &taken).await?;
                    Ok::<_, db::DbError>((first, answers::keep(tx, &taken, &late).await?))
                }
                .boxed()
            }
        });
        assert_eq!(stored.await.unwrap(), (true, false));
        let Claim::Answered(found) = claim(&db, key("k", "a"), at(12)).await else { panic!() };
        assert_eq!(found, kept);
        // Forty-eight hours, and no longer.
        let left = |now| {
            let db = db.clone();
            async move {
                let pruned = db.write(move |tx| {
                    async move {
                        answers::prune(tx, now).await?;
                        tx.query_one(&COUNT, &[]).await?.get::<i64>("n")
                    }
                    .boxed()
                });
                pruned.await.unwrap()
            }
        };
        let end = at(0).saturating_add(Span::from_hours(48));
        assert_eq!((left(end).await, left(end.saturating_add(Span::from_secs(1))).await), (1, 0));
    }
}
