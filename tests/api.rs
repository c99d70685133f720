//! The client API over real sockets: who is let in, what is refused and how, what is shown, and what stays untouched.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "api/bills.rs"]
mod bills;
#[path = "api/consents.rs"]
mod consents;
#[path = "api/credentials.rs"]
mod credentials;
#[path = "api/doors.rs"]
mod doors;
#[path = "api/heads.rs"]
mod heads;
#[path = "api/keys.rs"]
mod keys;
#[path = "api/lists.rs"]
mod lists;
#[path = "api/sign_in.rs"]
mod sign_in;
#[path = "api/slots.rs"]
mod slots;
#[path = "api/sockets.rs"]
mod sockets;
#[path = "api/transport.rs"]
mod transport;
#[path = "api/trust.rs"]
mod trust;
#[path = "api/words.rs"]
mod words;
#[path = "api/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::{Value, json};
use test_support::both_databases;
use uuid::Uuid;
use wattmandi::api::{OPERATED, PAGES, SERVED, Served};
use wattmandi::contract::{Side, State};
use wattmandi::error::Code;
use wattmandi::events;
use wattmandi::identity::{Role, Scope};
use wattmandi::network::{KeyId, SigningKey};
use world::{ASHA, BILAL, ELEVEN, Reply, TEN, World};

db::sql! {
    ANSWER_SEARCH = "UPDATE searches SET state = 'failed', failure_code = 'NET_TIMEOUT', failure_message = 'no answer' \
        WHERE transaction_id = $1";
    SEARCHES = "SELECT transaction_id FROM searches";
}

const ERRORS: &str = include_str!("../docs/errors.md");

fn is_client(route: &Served) -> bool {
    route.access.who.roles().is_some()
}

/// Every documented route that a prosumer's API token opens, with a random id in its path.
fn client_routes() -> impl Iterator<Item = (String, String)> {
    let open = |route: &&Served| {
        let roles = route.access.who.roles().is_some_and(|roles| roles.contains(&Role::Prosumer));
        roles && route.access.scope != Some(Scope::Session)
    };
    let routes = SERVED.iter().filter(open);
    routes.map(|route| {
        (route.method.to_uppercase(), route.path.replace("{id}", &Uuid::from_u128(9).to_string()))
    })
}

async fn searches(world: &World) -> Vec<String> {
    let read = world.participant.db.read(|tx| async move { tx.query(&SEARCHES, &[]).await }.boxed());
    let rows: Vec<db::Row> = read.await.unwrap();
    rows.iter().map(|row| row.get("transaction_id").unwrap()).collect()
}

async fn happen(world: &World, transaction: &str, kind: &'static str) {
    let (user, transaction, now) = (world.asha.id, transaction.to_owned(), world.participant.now());
    let recorded = world.participant.db.write(move |tx| {
        let transaction = transaction.clone();
        async move { events::record(tx, user, &transaction, kind, r#"{"n":1}"#, now).await }.boxed()
    });
    recorded.await.unwrap();
}

#[test]
fn the_page_of_errors_lists_exactly_the_codes() {
    let listed: Vec<&str> =
        ERRORS.lines().filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`')).collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(listed, codes);
    for code in Code::ALL {
        let section = ERRORS.split(&format!("## `{}`\n\n", code.as_str())).nth(1).unwrap();
        assert!(
            section.starts_with(&format!("{}. ", code.status())),
            "{}: its status comes first",
            code.as_str()
        );
    }
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn the_document_lists_what_is_served(db: db::Db) {
        let world = World::start(db).await;
        let document = Reply::of(world.plain("GET", "/openapi.json")).await;
        let text = document.text();
        assert_eq!(text, wattmandi::api::openapi::document());
        let document = document.is(200);
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let (mut documented, mut names) = (BTreeSet::new(), BTreeSet::new());
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                documented.insert((method.clone(), path.clone()));
                assert!(names.insert(operation["operationId"].to_string()), "{method} {path}: a name twice");
                let responses = operation["responses"].as_object().unwrap();
                let good = |status: &String| status.starts_with('2') || status == "101";
                assert!(responses.keys().any(good), "{method} {path}");
                let served = SERVED.iter().find(|r| (r.method, r.path) == (method.as_str(), path.as_str()));
                let client = served.is_some_and(is_client);
                assert!(responses.contains_key("401") || !client, "{method} {path}");
                let who = served.map(|route| route.access.who.as_str());
                assert_eq!(operation["x-access"]["who"].as_str(), who, "{method} {path}");
                assert_eq!(operation["security"] == json!([{}]), !client, "{method} {path}");
            }
        }
        let served: BTreeSet<_> = SERVED.iter().map(|r| (r.method.to_owned(), r.path.to_owned())).collect();
        assert_eq!(documented, served);
        for schema in text.split("#/components/schemas/").skip(1) {
            let name = schema.split('"').next().unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name} is missing");
        }
        world.running.stop().await;
    }

    async fn strangers_are_kept_out_everywhere(db: db::Db) {
        let world = World::start(db).await;
        for (method, path) in client_routes() {
            let anonymous = Reply::of(world.plain(&method, &path)).await;
            anonymous.problem(401, "auth.token_missing");
            assert_eq!(anonymous.header("www-authenticate"), "Bearer realm=\"wattmandi\"");
            let wrong = Reply::of(world.request("token-of-nobody-at-all", &method, &path)).await;
            wrong.problem(401, "auth.token_invalid");
            assert!(wrong.header("www-authenticate").contains("invalid_token"));
            for authorization in ["Basic YTpi", "Bearer", "Bearer ", &format!("Bearer {}", "x".repeat(600))] {
                let odd = world.plain(&method, &path).header("Authorization", authorization);
                Reply::of(odd).await.problem(401, "auth.token_invalid");
            }
        }
        world.running.stop().await;
    }

    async fn bodies_are_read_strictly_everywhere(db: db::Db) {
        let world = World::start(db).await;
        for (method, path) in client_routes() {
            // A minute for each route: what is counted here is not the limit.
            world.clock.advance(units::Span::from_minutes(1));
            let put = Reply::of(world.request(BILAL, "PUT", &path)).await;
            put.problem(405, "request.method_not_allowed");
            assert!(put.header("allow").contains(&method), "{path}: {}", put.header("allow"));
            // Credentials and bills are documents of their own kinds.
            let documents = ["/users/me/credentials", "/users/me/meter-documents"];
            if method == "GET" || (method == "POST" && documents.contains(&path.as_str())) {
                continue;
            }
            let ask = || world.request(BILAL, &method, &path);
            let typed = |kind: &str, body: &str| ask().header("Content-Type", kind).body(body.to_owned());
            Reply::of(typed("text/plain", "{}")).await.problem(415, "request.unsupported_media_type");
            Reply::of(typed("application/json", "{")).await.problem(400, "request.malformed");
            let unknown = Reply::of(typed("application/json", r#"{"no_such":1}"#)).await;
            assert_eq!(unknown.problem(422, "request.field_invalid")["field"], "no_such", "{method} {path}");
            let nul = Reply::of(typed("application/json", r#"{"transaction_id":"\u0000"}"#)).await;
            nul.problem(422, "request.field_invalid");
            let long = format!("\"{}\"", "x".repeat(64 * 1024));
            Reply::of(typed("application/json", &long)).await.problem(413, "request.too_large");
        }
        assert_eq!(searches(&world).await, Vec::<String>::new());
        world.running.stop().await;
    }

    async fn what_is_anothers_does_not_exist(db: db::Db) {
        let world = World::start(db).await;
        let offer = world.offer().await["id"].as_str().unwrap().to_owned();
        let search = world.post(ASHA, "/api/discover", &json!({})).await.is(202)["transaction_id"].clone();
        let search = search.as_str().unwrap();
        world.contract(Side::Buyer, State::Offered, "bought").await;
        world.contract(Side::Seller, State::Active, "sold").await;
        let paths = [
            format!("/seller/offers/{offer}"),
            format!("/api/transactions/{search}"),
            format!("/api/transactions/{search}/offers"),
            format!("/api/transactions/{search}/events"),
            "/api/transactions/bought".to_owned(),
            "/api/transactions/bought/events".to_owned(),
            "/seller/orders/sold".to_owned(),
        ];
        for path in &paths {
            world.get(BILAL, path).await.problem(404, "resource.not_found");
        }
        for path in paths.iter().filter(|path| !path.ends_with("/events")) {
            world.get(ASHA, path).await.is(200);
        }
        for route in ["confirm", "status", "cancel", "track", "support"] {
            let reply = world.post(BILAL, &format!("/api/{route}"), &json!({"transaction_id": "bought"})).await;
            reply.problem(404, "resource.not_found");
        }
        let slots = json!([{"start": TEN, "quantity_kwh": "1"}]);
        let update = json!({"transaction_id": "bought", "slots": slots});
        world.post(BILAL, "/api/update", &update).await.problem(404, "resource.not_found");
        let rate = json!({"transaction_id": "bought", "value": 5});
        world.post(BILAL, "/api/rate", &rate).await.problem(404, "resource.not_found");
        for route in ["cancel", "status"] {
            let reply = world.post(BILAL, &format!("/seller/orders/sold/{route}"), &json!({})).await;
            reply.problem(404, "resource.not_found");
        }
        let change = world.request(BILAL, "PATCH", &paths[0]).json(&json!({"name": "Mine"}));
        Reply::of(change).await.problem(404, "resource.not_found");
        Reply::of(world.request(BILAL, "DELETE", &paths[0])).await.problem(404, "resource.not_found");
        for list in ["/api/transactions", "/seller/offers", "/seller/orders"] {
            assert_eq!(world.get(BILAL, list).await.is(200)["items"], json!([]));
        }
        for odd in ["/seller/offers/1", "/api/transactions/%00", "/api/transactions/%0a", "/nothing", "/api", "/seller/"] {
            world.get(ASHA, odd).await.problem(404, "resource.not_found");
        }
        assert_eq!(world.get(ASHA, &paths[0]).await.is(200)["name"], "Roof");
        world.running.stop().await;
    }

    async fn an_offer_is_listed_changed_and_withdrawn(db: db::Db) {
        let world = World::start(db).await;
        let offer = world.offer().await;
        let path = format!("/seller/offers/{}", offer["id"].as_str().unwrap());
        assert_eq!((&offer["state"], &offer["meter_id"]), (&json!("live"), &json!("TEST_METER_000111")));
        assert_eq!(offer["publication"], json!({"state": "pending", "revision": 1, "published_revision": 0, "error": null}));
        let first = &offer["slots"][0];
        assert_eq!((&first["price_inr"], &first["available_kwh"]), (&json!("6.5"), &json!("5")));
        assert_eq!((&first["label_ist"], &first["state"]), (&json!("2026-11-21 16:00 IST"), &json!("open")));
        let change = json!({"slots": [{"start": ELEVEN, "quantity_kwh": "4.50", "price_inr": "7"}]});
        let changed = Reply::of(world.request(ASHA, "PATCH", &path).json(&change)).await.is(200);
        assert_eq!((&changed["slots"][1]["price_inr"], &changed["slots"][1]["published_kwh"]), (&json!("7"), &json!("4.5")));
        assert_eq!((&changed["slots"][0], &changed["publication"]["revision"]), (first, &json!(2)));
        let beyond = json!({"slots": [{"start": TEN, "quantity_kwh": "11"}]});
        let beyond = Reply::of(world.request(ASHA, "PATCH", &path).json(&beyond)).await;
        assert_eq!(beyond.problem(409, "market.capacity_exceeded")["field"], "slots[0].quantity_kwh");
        let gone = Reply::of(world.request(ASHA, "DELETE", &path)).await.is(200);
        assert_eq!((&gone["state"], &gone["slots"][0]["published_kwh"]), (&json!("withdrawn"), &json!("0")));
        Reply::of(world.request(ASHA, "DELETE", &path)).await.problem(409, "market.offer_withdrawn");
        world.running.stop().await;
    }

    async fn wrong_offers_are_refused_with_their_field(db: db::Db) {
        let world = World::start(db).await;
        let with = |start: Value, quantity: Value, price: Value| {
            json!({"meter_id": "TEST_METER_000111", "slots": [{"start": start, "quantity_kwh": quantity, "price_inr": price}]})
        };
        let good = || (json!(TEN), json!("2"), json!("6"));
        let (ten, two, six) = good();
        for (body, status, code, field) in [
            (with(json!("2026-11-21T10:00:00Z"), two.clone(), six.clone()), 422, "trade.slot_invalid", "slots[0].start"),
            (with(json!("2026-11-21T05:30:00Z"), two.clone(), six.clone()), 409, "trade.gate_closed", "slots[0].start"),
            (with(ten.clone(), json!(2.5), six.clone()), 422, "trade.quantity_invalid", "slots[0].quantity_kwh"),
            (with(ten.clone(), json!("NaN"), six.clone()), 422, "trade.quantity_invalid", "slots[0].quantity_kwh"),
            (with(ten.clone(), json!("0.99"), six.clone()), 422, "trade.quantity_invalid", "slots[0].quantity_kwh"),
            (with(ten.clone(), json!("-1"), six.clone()), 422, "trade.quantity_invalid", "slots[0].quantity_kwh"),
            (with(ten.clone(), json!("1.001"), six.clone()), 422, "trade.quantity_invalid", "slots[0].quantity_kwh"),
            (with(ten.clone(), json!("10.01"), six), 409, "market.capacity_exceeded", "slots[0].quantity_kwh"),
            (with(ten.clone(), two.clone(), json!("6.00001")), 422, "request.field_invalid", "slots[0].price_inr"),
            (with(ten, two, json!("-6")), 422, "request.field_invalid", "slots[0].price_inr"),
            (json!({"meter_id": "TEST_METER_000111", "slots": []}), 422, "request.field_invalid", "slots"),
            (json!({"meter_id": "TEST_METER_000222", "slots": []}), 404, "resource.not_found", "meter_id"),
            (json!({"slots": []}), 422, "request.field_invalid", "meter_id"),
        ] {
            let refused = world.post(ASHA, "/seller/offers", &body).await;
            assert_eq!(refused.problem(status, code)["field"], field, "{body}");
        }
        assert_eq!(world.get(ASHA, "/seller/offers").await.is(200)["items"], json!([]));
        world.running.stop().await;
    }

    async fn a_key_makes_a_request_once(db: db::Db) {
        let world = World::start(db).await;
        let ask = |body: &Value, key: &str| {
            world.request(ASHA, "POST", "/api/discover").header("Idempotency-Key", key).json(body)
        };
        let first = Reply::of(ask(&json!({"text": "solar"}), "k-1")).await;
        let again = Reply::of(ask(&json!({"text": "solar"}), "k-1")).await;
        first.is(202);
        assert_eq!((again.status, again.body), (202, first.body));
        assert_eq!(searches(&world).await.len(), 1);
        let other = Reply::of(ask(&json!({"text": "wind"}), "k-1")).await;
        assert_eq!(other.problem(422, "request.idempotency_mismatch")["field"], "Idempotency-Key");
        let theirs = world.request(BILAL, "POST", "/api/discover").header("Idempotency-Key", "k-1").json(&json!({}));
        Reply::of(theirs).await.is(202);
        for key in ["".as_bytes(), "clé".as_bytes(), "x".repeat(129).as_bytes()] {
            let odd = world.request(ASHA, "POST", "/api/discover").header("Idempotency-Key", key).json(&json!({}));
            assert_eq!(Reply::of(odd).await.problem(422, "request.field_invalid")["field"], "Idempotency-Key");
        }
        assert_eq!(searches(&world).await.len(), 2);
        let list = |quantity: &str| {
            let slots = json!([{"start": TEN, "quantity_kwh": quantity, "price_inr": "6"}]);
            let body = json!({"meter_id": "TEST_METER_000111", "slots": slots});
            world.request(ASHA, "POST", "/seller/offers").header("Idempotency-Key", "k-2").json(&body)
        };
        let (first, again) = (Reply::of(list("2")).await, Reply::of(list("2")).await);
        assert_eq!(first.is(201)["id"], again.is(201)["id"]);
        assert_eq!(first.header("location"), again.header("location"));
        Reply::of(list("3")).await.problem(422, "request.idempotency_mismatch");
        assert_eq!(world.get(ASHA, "/seller/offers").await.is(200)["items"].as_array().unwrap().len(), 1);
        world.running.stop().await;
    }

    async fn many_at_once_under_one_key_have_one_effect(db: db::Db) {
        let world = World::start(db).await;
        let asks = (0..8).map(|_| {
            let ask = world.request(ASHA, "POST", "/api/discover").header("Idempotency-Key", "same");
            Reply::of(ask.json(&json!({})))
        });
        let replies = futures_util::future::join_all(asks).await;
        let bodies: BTreeSet<Vec<u8>> = replies.iter().map(|reply| reply.body.clone()).collect();
        assert!(replies.iter().all(|reply| reply.status == 202), "{replies:?}");
        assert_eq!((bodies.len(), searches(&world).await.len()), (1, 1));
        world.running.stop().await;
    }

    async fn a_client_may_wait_for_the_outcome(db: db::Db) {
        let world = World::start(db).await;
        let ask = |wait: &str| world.request(ASHA, "POST", "/api/discover").header("Prefer", wait).json(&json!({}));
        let late = Reply::of(ask("wait=1")).await;
        let id = late.is(202)["transaction_id"].as_str().unwrap().to_owned();
        assert_eq!((late.header("location"), late.header("preference-applied")), (&*format!("/api/transactions/{id}"), ""));
        let answering = async {
            let found = loop {
                let new = searches(&world).await.into_iter().find(|found| *found != id);
                if let Some(new) = new {
                    break new;
                }
                node::pause(Duration::from_millis(20)).await;
            };
            let answered = world.participant.db.write(move |tx| {
                let found = found.clone();
                async move { tx.execute(&ANSWER_SEARCH, &[found.as_str().into()]).await }.boxed()
            });
            assert_eq!(answered.await.unwrap(), 1);
        };
        let (reply, ()) = futures_util::join!(Reply::of(ask("respond-async, wait=20")), answering);
        let document = reply.is(200);
        assert_eq!(reply.header("preference-applied"), "wait=20");
        assert_eq!((&document["state"], &document["failure"]["code"]), (&json!("failed"), &json!("NET_TIMEOUT")));
        // What is settled at once is not waited for.
        world.contract(Side::Buyer, State::Offered, "dropped").await;
        let cancel = world.request(ASHA, "POST", "/api/cancel").header("Prefer", "wait=20");
        let cancelled = Reply::of(cancel.json(&json!({"transaction_id": "dropped"}))).await.is(200);
        assert_eq!((&cancelled["state"], &cancelled["cancelled_by"]), (&json!("cancelled"), &json!("buyer")));
        world.running.stop().await;
    }

    async fn a_trade_shows_its_sums_and_hides_the_others_meter(db: db::Db) {
        let world = World::start(db).await;
        world.contract(Side::Buyer, State::Offered, "t-1").await;
        let shown = world.get(ASHA, "/api/transactions/t-1").await.is(200);
        assert_eq!((&shown["side"], &shown["state"], &shown["ledger"]), (&json!("buyer"), &json!("offered"), &json!("none")));
        assert_eq!((&shown["buyer_meter"], &shown["seller_meter"]), (&json!("TEST_METER_000111"), &json!("••••9333")));
        // 1.25 × 6.50 is 8.125.
        assert_eq!((&shown["slots"][0]["amount_inr"], &shown["slots"][1]["amount_inr"]), (&json!("8.13"), &json!("12.00")));
        assert_eq!(shown["totals"], json!({"quantity_kwh": "3.25", "amount_inr": "20.13"}));
        assert_eq!((&shown["history"][0]["state"], &shown["exchanges"]), (&json!("offered"), &json!([])));
        world.contract(Side::Seller, State::Active, "t-1").await;
        let sides = |side: &str| format!("/api/transactions/t-1?side={side}");
        assert_eq!(world.get(ASHA, &sides("seller")).await.is(200)["seller_meter"], "TEST_METER_000111");
        assert_eq!(world.get(ASHA, &sides("buyer")).await.is(200)["side"], "buyer");
        assert_eq!(world.get(ASHA, &sides("both")).await.problem(422, "request.field_invalid")["field"], "side");
        assert_eq!(world.get(ASHA, "/seller/orders/t-1").await.is(200)["state"], "active");
        let profile = world.get(ASHA, "/seller/profile").await.is(200);
        assert_eq!((&profile["handle"], &profile["meters"][0]["discom"]), (&json!("asha"), &json!("NORTH")));
        assert!(!profile.to_string().contains("token"));
        world.running.stop().await;
    }

    async fn events_are_streamed_and_resumed(db: db::Db) {
        let world = World::start(db).await;
        world.contract(Side::Buyer, State::Draft, "t-1").await;
        world.contract(Side::Buyer, State::Draft, "t-2").await;
        let open = |path: &str, last: Option<&str>| {
            let request = world.request(ASHA, "GET", path);
            last.map_or_else(|| world.request(ASHA, "GET", path), |last| request.header("Last-Event-ID", last)).send()
        };
        let mut one = open("/api/transactions/t-1/events", None).await.unwrap();
        assert_eq!(one.headers()["content-type"], "text/event-stream");
        let first = read(&mut one, 1).await;
        assert_eq!((&first[0].1, &first[0].2["transaction_id"]), (&"contract.draft".to_owned(), &json!("t-1")));
        let mut all = open("/api/events", None).await.unwrap();
        read(&mut all, 0).await;
        happen(&world, "t-2", "test.other").await;
        happen(&world, "t-1", "test.own").await;
        let next = read(&mut one, 1).await;
        assert_eq!((&next[0].1, &next[0].2["data"]), (&"test.own".to_owned(), &json!({"n": 1})));
        let both: Vec<String> = read(&mut all, 2).await.into_iter().map(|event| event.1).collect();
        assert_eq!(both, ["test.other", "test.own"]);
        let mut resumed = open("/api/transactions/t-1/events", Some(&first[0].0)).await.unwrap();
        assert_eq!(read(&mut resumed, 1).await[0].0, next[0].0);
        let odd = open("/api/events", Some("x")).await.unwrap();
        assert_eq!(odd.status(), 422);
        // A user has a number of streams, and another one has her own.
        let mut held = Vec::new();
        let refused = loop {
            let stream = open("/api/events", None).await.unwrap();
            if stream.status() != 200 {
                break stream;
            }
            held.push(stream);
            assert!(held.len() < 8);
        };
        assert_eq!((refused.status().as_u16(), held.len()), (429, 5));
        assert!(world.request(BILAL, "GET", "/api/events").send().await.unwrap().status().is_success());
        // The server does not wait for those who listen.
        world.running.stop().await;
        assert!(one.chunk().await.is_ok_and(|rest| rest.is_none()));
    }

    async fn a_user_who_asks_too_often_is_told_when_to_come_back(db: db::Db) {
        let world = World::start(db).await;
        for _ in 0..100 {
            world.post(ASHA, "/api/confirm", &json!({"transaction_id": "none"})).await.problem(404, "resource.not_found");
        }
        let refused = world.post(ASHA, "/api/confirm", &json!({"transaction_id": "none"})).await;
        refused.problem(429, "request.rate_limited");
        let wait: i64 = refused.header("retry-after").parse().unwrap();
        assert_eq!(wait, 1);
        world.get(ASHA, "/seller/profile").await.is(200);
        world.post(BILAL, "/api/confirm", &json!({"transaction_id": "none"})).await.problem(404, "resource.not_found");
        world.clock.advance(units::Span::from_secs(wait));
        world.post(ASHA, "/api/confirm", &json!({"transaction_id": "none"})).await.problem(404, "resource.not_found");
        world.running.stop().await;
    }

    async fn the_networks_doors_answer_as_the_network_does(db: db::Db) {
        let world = World::start(db).await;
        let send = |path: &str| world.plain("POST", path).header("Content-Type", "application/json");
        for path in ["/bap/receiver/on_select", "/callbacks/on_select", "/bpp/receiver/select", "/bpp/receiver/catalog/on_publish"] {
            let unsigned = Reply::of(send(path).body("{}")).await;
            assert_eq!(unsigned.status, 401, "{path}: {}", unsigned.text());
            assert!(unsigned.text().contains("AUT_") && !unsigned.header("www-authenticate").is_empty());
            unsigned.dressed();
            for method in ["GET", "PUT", "DELETE"] {
                let refused = Reply::of(world.plain(method, path)).await;
                let nack = refused.is(405);
                assert_eq!(nack["message"]["status"], "NACK", "{method} {path}");
                assert_eq!((refused.header("allow"), refused.header("signature").is_empty()), ("POST", false));
                refused.dressed();
            }
            let encoded = Reply::of(send(path).header("Content-Encoding", "gzip").body("{}")).await;
            assert_eq!((encoded.is(415)["message"]["status"].as_str(), encoded.header("signature").is_empty()), (Some("NACK"), false));
        }
        for path in ["/bpp/receiver/nothing", "/bap/receiver/on_select/more"] {
            let unknown = Reply::of(send(path).body("{}")).await;
            assert_eq!((unknown.status, unknown.text().contains("NET_NOT_IMPLEMENTED")), (404, true));
            assert!(!unknown.header("signature").is_empty());
        }
        // No action, so nobody of the network is addressed.
        Reply::of(world.plain("GET", "/bpp/receiver/nothing")).await.problem(405, "request.method_not_allowed");
        let signature = format!(
            "Signature keyId=\"p.example|k|ed25519\",algorithm=\"ed25519\",created=\"1\",expires=\"2\",\
            headers=\"(created) (expires) digest\",signature=\"{}==\"",
            "A".repeat(86)
        );
        let large = || send("/bpp/receiver/select").header("Authorization", &signature);
        let stranger = Reply::of(large().body("{}")).await;
        assert_eq!((stranger.status, stranger.text().contains("AUT_SUBSCRIBER_NOT_FOUND")), (401, true));
        let known = KeyId::new("p.example", "k").unwrap();
        let public = SigningKey::from_seed(&[8; 32]).public();
        world.registry.add(&known, public, "https://p.example", &[energy_rules::NETWORK_TEST]);
        let announced = Reply::of(large().body(vec![b' '; 1024 * 1024 + 1])).await;
        assert_eq!(announced.status, 413, "{}", announced.text());
        // Without a length the limit shows only while the body comes.
        let (address, head) = (world.running.address, format!("Authorization: {signature}"));
        let answer = tokio::task::spawn_blocking(move || in_chunks(address, &head)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("larger than"), "{answer}");
        world.running.stop().await;
    }

    async fn it_says_whether_it_is_ready_and_why_not(db: db::Db) {
        let world = World::start(db).await;
        assert_eq!(Reply::of(world.plain("GET", "/health")).await.is(200), json!({"status": "ok"}));
        let ready = Reply::of(world.plain("GET", "/ready")).await.is(200);
        assert_eq!(ready, json!({"status": "ready", "checks": {"database": "ok", "registry": "ok", "key": "ok"}}));
        world.registry.revoke(&world.key_id);
        let not = Reply::of(world.plain("GET", "/ready")).await.is(503);
        assert_eq!((&not["status"], &not["checks"]["database"]), (&json!("not_ready"), &json!("ok")));
        assert_ne!(not["checks"]["registry"], "ok");
        world.running.stop().await;
    }

    async fn the_operator_has_a_port_of_her_own(db: db::Db) {
        let world = World::start(db).await;
        world.contract(Side::Buyer, State::Standing, "t-1").await;
        world.post(ASHA, "/api/discover", &json!({})).await.is(202);
        let metrics = world.operator("/metrics").await;
        assert!(metrics.header("content-type").starts_with("text/plain"));
        for line in ["wattmandi_contracts{side=\"buyer\",state=\"standing\"} 1", "wattmandi_outbox_messages{state=\"queued\"} 1"] {
            assert!(metrics.text().lines().any(|each| each == line), "{line} in {}", metrics.text());
        }
        let outbox = world.operator("/admin/outbox").await.is(200);
        assert_eq!((&outbox["counts"], &outbox["ended_badly"]), (&json!({"queued": 1}), &json!([])));
        assert_eq!(world.operator("/admin/inbox").await.is(200)["counts"], json!({}));
        assert_eq!(world.operator("/admin/peers").await.is(200), json!([]));
        for path in OPERATED.iter().filter(|route| route.method == "get").map(|route| route.path) {
            let reply = world.operator(path).await;
            assert_eq!(reply.status, 200, "{path}: {}", reply.text());
            reply.dressed();
        }
        world.operator("/api/transactions").await.problem(404, "resource.not_found");
        // There is no document to look into: the answer itself says what there is.
        let missed = world.operator("/openapi.json").await.problem(404, "resource.not_found");
        for Served { method, path, .. } in OPERATED {
            let named = format!("{} {path}", method.to_uppercase());
            assert!(missed["detail"].as_str().unwrap().contains(&named), "{named}: {missed}");
        }
        for path in ["/metrics", "/admin/outbox"] {
            Reply::of(world.plain("GET", path)).await.problem(404, "resource.not_found");
        }
        world.running.stop().await;
    }

    async fn there_are_pages_for_people(db: db::Db) {
        let world = World::start(db).await;
        let page = |path: &'static str| Reply::of(world.plain("GET", path));
        for Served { method, path, .. } in PAGES {
            let path = path.replace("{file:.*}", "index.html");
            let reply = Reply::of(world.plain(&method.to_uppercase(), &path)).await;
            assert_eq!(reply.status, 200, "{path}: {}", reply.text());
            Reply::of(world.plain("POST", &path)).await.problem(405, "request.method_not_allowed");
        }
        let notice = page("/").await;
        assert!(notice.text().contains("/docs/") && notice.header("content-type").starts_with("text/html"));
        notice.dressed();
        let errors = page("/docs/errors").await.text();
        for code in Code::ALL {
            assert!(errors.contains(&format!("<h2 id=\"{}\">", code.as_str())), "{}", code.as_str());
        }
        let docs = page("/docs").await;
        assert!((docs.status, docs.text().contains("swagger-ui.css")) == (200, true), "{}", docs.text());
        assert!(docs.text().contains("<title>Wattmandi client API</title>"), "{}", docs.text());
        docs.dressed();
        assert!(page("/docs/swagger-initializer.js").await.text().contains("/openapi.json"));
        page("/docs/../Cargo.toml").await.problem(404, "resource.not_found");
        page("/docs/nothing.js").await.problem(404, "resource.not_found");
        let named = Reply::of(world.plain("GET", "/health").header("X-Request-Id", "mine-1")).await;
        assert_eq!(named.header("x-request-id"), "mine-1");
        let odd = Reply::of(world.plain("GET", "/health").header("X-Request-Id", "a b\"c")).await;
        assert!(Uuid::parse_str(odd.header("x-request-id")).is_ok());
        world.running.stop().await;
    }
}

/// Sends `select` with a body of 20 times 64 KiB in chunks: the answer, or its beginning.
fn in_chunks(address: std::net::SocketAddr, header: &str) -> String {
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    let head = "POST /bpp/receiver/select HTTP/1.1\r\nHost: us\r\nContent-Type: application/json\r\n\
        Transfer-Encoding: chunked\r\nConnection: close\r\n";
    socket.write_all(format!("{head}{header}\r\n\r\n").as_bytes()).unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(64 * 1024));
    for _ in 0..20 {
        // The server may hang up as soon as it has seen enough.
        if socket.write_all(chunk.as_bytes()).is_err() {
            break;
        }
    }
    let mut answer = vec![0; 4096];
    let length = socket.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// Reads so many events: id, kind, data. With none asked for, the beginning of the stream.
async fn read(stream: &mut reqwest::Response, count: usize) -> Vec<(String, String, Value)> {
    let mut text = String::new();
    let mut events = Vec::new();
    while events.len() < count || text.is_empty() {
        let chunk = stream.chunk().await.unwrap().expect("the stream goes on");
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        events = text.split("\n\n").filter_map(event).collect();
    }
    assert_eq!(events.len(), count);
    events
}

fn event(block: &str) -> Option<(String, String, Value)> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    Some((field("id: ")?, field("event: ")?, serde_json::from_str(&field("data: ")?).unwrap()))
}
