//! Webhooks, from the transaction of an event to a receiver that checks signatures: nothing is lost, whoever is down,
//! slow or killed. Every test on both databases, with a clock that the tests move.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "webhooks/receiver.rs"]
mod receiver;
#[path = "api/world.rs"]
#[allow(dead_code, reason = "shared with tests/api.rs, which asks other things")]
mod world;

use std::collections::BTreeSet;

use db::Db;
use futures_util::FutureExt;
use node::{ClientConfig, GuardedClient};
use serde_json::{Value, json};
use test_support::both_databases;
use tokio_util::sync::CancellationToken;
use units::{Span, Timestamp};
use wattmandi::events::fact::SearchAnswered;
use wattmandi::events::{self, Fact};
use wattmandi::identity::admin;
use wattmandi::webhooks::{self, PER_USER, Secrets, Sender};

use receiver::{Manner, Receiver};
use world::{ASHA, BILAL, Reply, World};

db::sql! {
    KEPT = "SELECT body FROM idempotency_keys \
        UNION ALL SELECT body FROM answers WHERE LENGTH(body) > 0";
    ROWS = "SELECT COUNT(*) AS n FROM webhook_deliveries";
}

/// Something happens to Asha.
async fn happen(world: &World, name: &str) {
    let (user, name, now) = (world.asha.id, name.to_owned(), world.participant.now());
    let told = world.participant.db.write(move |tx| {
        let fact = Fact::SearchAnswered(SearchAnswered { transaction_id: name.clone(), offers: 1 });
        let name = name.clone();
        async move { events::tell(tx, user, &name, &fact, now).await }.boxed()
    });
    told.await.unwrap();
}

/// Asha's webhook at that receiver: its document, with the secret.
async fn hooked(world: &World, receiver: &Receiver, kinds: &[&str]) -> Value {
    world.post(ASHA, "/api/webhooks", &json!({"url": receiver.url, "kinds": kinds})).await.is(201)
}

fn text<'v>(document: &'v Value, name: &str) -> &'v str {
    document[name].as_str().unwrap()
}

fn place(hook: &Value, rest: &str) -> String {
    format!("/api/webhooks/{}{rest}", text(hook, "id"))
}

/// Sends until nothing is due any more.
async fn drain(world: &World) {
    while world.webhooks.pass().await.unwrap() > 0 {}
}

/// Sends for that long, looking every half minute.
async fn for_so_long(world: &World, span: Span) {
    let end = world.clock_now().saturating_add(span);
    while world.clock_now() < end {
        drain(world).await;
        world.clock.advance(Span::from_secs(30));
    }
}

impl World {
    fn clock_now(&self) -> Timestamp {
        self.participant.now()
    }

    async fn change(&self, hook: &Value, body: &Value) -> Value {
        Reply::of(self.request(ASHA, "PATCH", &place(hook, "")).json(body)).await.is(200)
    }

    async fn deliveries(&self, hook: &Value) -> Vec<Value> {
        self.get(ASHA, &place(hook, "/deliveries?limit=100")).await.is(200)["items"]
            .as_array()
            .unwrap()
            .clone()
    }
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn an_event_comes_signed_and_the_secret_is_shown_once(db: Db) {
        let (world, receiver) = (World::start(db).await, Receiver::start());
        let hook = hooked(&world, &receiver, &[]).await;
        let secret = text(&hook, "secret").to_owned();
        assert!(secret.starts_with("whsec_"));
        happen(&world, "t-1").await;
        assert_eq!(world.webhooks.pass().await, Ok(1));
        let [came] = &receiver.received()[..] else { panic!("one message") };
        assert_eq!(came.signed_by(&secret), [true]);
        assert_eq!(came.timestamp, world.clock_now().seconds());
        let body = came.json();
        assert_eq!((&body["type"], &body["data"]["kind"]), (&json!("search.answered"), &json!("search.answered")));
        assert_eq!(body["timestamp"], body["data"]["at"]);
        assert_eq!(body["data"]["data"], json!({"transaction_id": "t-1", "offers": 1}));
        let mut forged = came.clone();
        forged.body.push(b' ');
        assert_eq!(forged.signed_by(&secret), [false]);

        let [sent] = &world.deliveries(&hook).await[..] else { panic!("one delivery") };
        assert_eq!((text(sent, "id"), text(sent, "state"), &sent["status"]), (came.id.as_str(), "delivered", &json!(204)));
        for path in ["/api/webhooks".to_owned(), place(&hook, "")] {
            assert!(!world.get(ASHA, &path).await.text().contains("whsec_"), "{path}");
        }
        assert_eq!(world.webhooks.pass().await, Ok(0), "it is sent once");
    }

    async fn only_the_wanted_kinds_of_the_own_user_come(db: Db) {
        let (world, all, some) = (World::start(db).await, Receiver::start(), Receiver::start());
        hooked(&world, &all, &["*"]).await;
        let narrow = hooked(&world, &some, &["contract.*", "offer.listed"]).await;
        let bilals = Receiver::start();
        world.post(BILAL, "/api/webhooks", &json!({"url": bilals.url})).await.is(201);
        happen(&world, "t").await;
        world.offer().await;
        drain(&world).await;
        let kinds = |receiver: &Receiver| -> BTreeSet<String> {
            receiver.received().iter().map(|one| text(&one.json(), "type").to_owned()).collect()
        };
        assert_eq!(kinds(&all), BTreeSet::from(["offer.listed".to_owned(), "search.answered".to_owned()]));
        assert_eq!(kinds(&some), BTreeSet::from(["offer.listed".to_owned()]));
        assert!(bilals.received().is_empty());
        world.change(&narrow, &json!({"kinds": ["search.answered"]})).await;
        happen(&world, "t-2").await;
        drain(&world).await;
        assert_eq!(some.received().len(), 2);
    }

    async fn after_a_rotation_both_secrets_sign_for_a_day(db: Db) {
        let (world, receiver) = (World::start(db).await, Receiver::start());
        let hook = hooked(&world, &receiver, &[]).await;
        let rotated = world.post(ASHA, &place(&hook, "/rotate"), &json!({})).await.is(200);
        let (old, new) = (text(&hook, "secret"), text(&rotated, "secret"));
        assert_ne!(old, new);
        happen(&world, "t-1").await;
        drain(&world).await;
        world.clock.advance(Span::from_hours(24));
        happen(&world, "t-2").await;
        drain(&world).await;
        let [both, one] = &receiver.received()[..] else { panic!("two messages") };
        assert_eq!((both.signed_by(new), both.signed_by(old)), (vec![true, false], vec![false, true]));
        assert_eq!((one.signed_by(new), one.signed_by(old)), (vec![true], vec![false]));
    }

    async fn a_repeated_request_gets_the_same_secret_and_the_database_has_none(db: Db) {
        let (world, receiver) = (World::start(db).await, Receiver::start());
        let ask = || {
            let request = world.request(ASHA, "POST", "/api/webhooks").header("Idempotency-Key", "k");
            Reply::of(request.json(&json!({"url": receiver.url})))
        };
        let (first, again) = (ask().await, ask().await);
        assert_eq!((first.status, &first.body), (201, &again.body));
        assert!(first.header("location").ends_with(text(&first.json(), "id")));
        assert_eq!((again.status, again.header("location")), (201, first.header("location")));
        let other = world.request(ASHA, "POST", "/api/webhooks").header("Idempotency-Key", "k");
        let other = Reply::of(other.json(&json!({"url": receiver.url, "kinds": ["*"]}))).await;
        other.problem(422, "request.idempotency_mismatch");
        let rotate = || {
            let path = place(&first.json(), "/rotate");
            Reply::of(world.request(ASHA, "POST", &path).header("Idempotency-Key", "r").json(&json!({})))
        };
        let (once, twice) = (rotate().await.is(200), rotate().await.is(200));
        assert_eq!(once, twice, "it is rotated once");
        assert_eq!(ask().await.body, first.body, "as it was answered then");
        let changed = world.request(ASHA, "PATCH", &place(&once, "")).header("Idempotency-Key", "c");
        Reply::of(changed.json(&json!({"description": "kept"}))).await.is(200);
        assert_eq!(world.get(ASHA, "/api/webhooks").await.is(200)["items"].as_array().unwrap().len(), 1);
        let kept = world.participant.db.read(|tx| async move { tx.query(&KEPT, &[]).await }.boxed());
        let kept: Result<Vec<db::Row>, db::DbError> = kept.await;
        let kept = kept.unwrap();
        // What each of the three leaves with its effect, and the one answer that shows no secret.
        assert_eq!(kept.len(), 4);
        let secrets = [first.json(), once].map(|shown| text(&shown, "secret").replace("whsec_", ""));
        for row in kept {
            let body = String::from_utf8(row.get::<Vec<u8>>("body").unwrap()).unwrap();
            assert!(!body.contains("whsec_") && !secrets.iter().any(|secret| body.contains(secret)), "{body}");
        }
    }

    async fn a_receiver_that_was_down_for_an_hour_gets_everything_once(db: Db) {
        let (world, receiver) = (World::start(db).await, Receiver::start());
        let hook = hooked(&world, &receiver, &[]).await;
        receiver.behaves(Manner::Status(503));
        for number in 0..40 {
            happen(&world, &format!("t-{number}")).await;
        }
        for_so_long(&world, Span::from_hours(1)).await;
        let tries = receiver.received();
        assert!(tries.len() > 5 && tries.len() < 60, "a receiver that is down is probed, not stormed: {}", tries.len());
        assert!(text(&world.get(ASHA, &place(&hook, "")).await.is(200), "failing_since").starts_with("2026"));
        receiver.behaves(Manner::Status(200));
        for_so_long(&world, Span::from_minutes(10)).await;
        let late = world.deliveries(&hook).await.iter().filter(|one| one["state"] == "pending").count();
        assert!(late < 15, "{late} of 40 wait ten minutes after the receiver is back");
        for_so_long(&world, Span::from_hours(1)).await;
        let taken = receiver.taken();
        let names: BTreeSet<String> =
            taken.iter().map(|one| text(&one.json()["data"], "transaction_id").to_owned()).collect();
        assert_eq!((names.len(), taken.len()), (40, 40));
        // However often one was sent, it was the same message.
        for one in &tries {
            let again = taken.iter().find(|other| other.id == one.id).unwrap();
            assert_eq!(again.body, one.body);
        }
        assert_eq!(world.get(ASHA, &place(&hook, "")).await.is(200)["failing_since"], Value::Null);
        assert!(world.deliveries(&hook).await.iter().all(|one| one["state"] == "delivered"));
    }

    async fn what_a_killed_process_had_begun_is_sent_again(db: Db) {
        let (world, receiver) = (World::start(db).await, Receiver::start());
        let secret = text(&hooked(&world, &receiver, &[]).await, "secret").to_owned();
        receiver.behaves(Manner::Hang);
        happen(&world, "t-1").await;
        let sender = world.webhooks.clone();
        let killed = tokio::spawn(async move { sender.pass().await });
        let waiting = receiver.clone();
        tokio::task::spawn_blocking(move || waiting.until(1)).await.unwrap();
        killed.abort();
        assert!(killed.await.is_err());
        receiver.behaves(Manner::Status(200));
        // Another process, with what is in the database.
        let reach = ClientConfig { allow: node::AllowList::loopback_for_demo(), ..ClientConfig::default() };
        let secrets = Secrets::from_seed(b"a secret of the tests");
        let other = Sender::new(world.participant.clone(), GuardedClient::new(&reach).unwrap(), secrets);
        assert_eq!(other.pass().await, Ok(0), "the lease is not over");
        world.clock.advance(Span::from_secs(61));
        assert_eq!(other.pass().await, Ok(1));
        let [first, second] = &receiver.received()[..] else { panic!("two attempts") };
        assert_eq!((&first.id, &first.body), (&second.id, &second.body));
        assert_eq!((second.signed_by(&secret), second.status), (vec![true], Some(200)));
    }

    async fn a_slow_receiver_slows_nobody(db: Db) {
        let (world, slow, quick) = (World::start(db).await, Receiver::start(), Receiver::start());
        slow.behaves(Manner::Hang);
        hooked(&world, &slow, &[]).await;
        hooked(&world, &quick, &[]).await;
        for number in 0..60 {
            happen(&world, &format!("t-{number}")).await;
        }
        let stop = CancellationToken::new();
        let (sender, until) = (world.webhooks.clone(), stop.clone());
        let running = tokio::spawn(async move { sender.run(&until).await });
        let waiting = quick.clone();
        tokio::task::spawn_blocking(move || waiting.until(60)).await.unwrap();
        // Its first messages are still under way: nobody has waited for their end.
        assert!((1..=4).contains(&slow.received().len()), "{}", slow.received().len());
        running.abort();
    }

    async fn after_days_of_failure_it_is_disabled_and_can_be_taken_up_again(db: Db) {
        let (world, receiver, other) = (World::start(db).await, Receiver::start(), Receiver::start());
        let hook = hooked(&world, &receiver, &["search.*"]).await;
        hooked(&world, &other, &["webhook.*"]).await;
        receiver.behaves(Manner::Status(500));
        happen(&world, "t-1").await;
        for _ in 0..74 {
            drain(&world).await;
            world.clock.advance(Span::from_hours(1));
        }
        let shown = world.get(ASHA, &place(&hook, "")).await.is(200);
        assert_eq!((text(&shown, "state"), text(&shown, "reason")), ("disabled", "it failed for days: HTTP status 500"));
        drain(&world).await;
        let [told] = &other.received()[..] else { panic!("one event") };
        assert_eq!(told.json()["data"]["data"]["webhook_id"], hook["id"]);
        let tried = receiver.received().len();
        happen(&world, "t-2").await;
        drain(&world).await;
        assert_eq!(receiver.received().len(), tried, "it is not called any more");

        receiver.behaves(Manner::Status(200));
        assert_eq!(world.change(&hook, &json!({"active": true})).await["state"], "active");
        world.clock.advance(Span::from_hours(1));
        drain(&world).await;
        assert_eq!(receiver.taken().len(), 1, "what was waiting is sent");
        let replayed = world.post(ASHA, &place(&hook, "/replay"), &json!({})).await.is(202);
        assert_eq!(replayed, json!({"queued": 2, "after_event": null}));
        drain(&world).await;
        let taken = receiver.taken();
        let ids: BTreeSet<&str> = taken.iter().map(|one| one.id.as_str()).collect();
        assert_eq!((taken.len(), ids.len()), (3, 2), "what comes again keeps its id");
    }

    async fn events_are_replayed_from_an_instant_or_an_event(db: Db) {
        let (world, receiver) = (World::start(db).await, Receiver::start());
        happen(&world, "t-1").await;
        world.clock.advance(Span::from_minutes(1));
        let second = world.clock_now();
        happen(&world, "t-2").await;
        let hook = hooked(&world, &receiver, &[]).await;
        world.change(&hook, &json!({"active": false})).await;
        happen(&world, "t-3").await;
        drain(&world).await;
        assert!(receiver.received().is_empty(), "what happened before, and while it was paused, does not come by itself");
        world.change(&hook, &json!({"active": true})).await;
        let since = world.post(ASHA, &place(&hook, "/replay"), &json!({"since": second})).await.is(202);
        assert_eq!(since["queued"], 2);
        drain(&world).await;
        let numbers: Vec<i64> =
            receiver.taken().iter().map(|one| one.json()["data"]["seq"].as_i64().unwrap()).collect();
        let last = *numbers.iter().max().unwrap();
        let ask = || {
            let request = world.request(ASHA, "POST", &place(&hook, "/replay")).header("Idempotency-Key", "k");
            Reply::of(request.json(&json!({"after_event": last - 1})))
        };
        let (first, again) = (ask().await, ask().await);
        assert_eq!((first.is(202)["queued"].clone(), &first.body), (json!(1), &again.body));
        drain(&world).await;
        assert_eq!(receiver.taken().len(), 3);
        let both = json!({"since": second, "after_event": 1});
        world.post(ASHA, &place(&hook, "/replay"), &both).await.problem(422, "request.field_invalid");
    }

    async fn it_calls_no_private_address_and_follows_nobody(db: Db) {
        let (world, receiver) = (World::start(db).await, Receiver::start());
        let hook = hooked(&world, &receiver, &[]).await;
        receiver.behaves(Manner::Status(302));
        happen(&world, "t-1").await;
        drain(&world).await;
        assert_eq!((receiver.received().len(), world.deliveries(&hook).await[0]["error"].clone()), (1, json!("HTTP status 302")));
        // A platform of the public internet, to which the same webhook is a private address.
        let client = GuardedClient::new(&ClientConfig::default()).unwrap();
        let secrets = Secrets::from_seed(b"a secret of the tests");
        let strict = Sender::new(world.participant.clone(), client.clone(), secrets.clone());
        world.clock.advance(Span::from_minutes(5));
        assert_eq!(strict.pass().await, Ok(1));
        assert_eq!((receiver.received().len(), world.deliveries(&hook).await[0]["error"].clone()), (1, json!("the address may not be called")));
        for url in ["http://a.example/x", "https://127.0.0.1/x", "https://10.0.0.1", "https://[::1]/", "https://169.254.169.254/x", "ftp://a.example", "https://u:p@a.example", "x"] {
            let new = webhooks::New { url: url.into(), description: None, filters: Vec::new(), api_token: None };
            let under = webhooks::Under { key: None, body: |_| Vec::new() };
            let refused = webhooks::create(&world.participant, (&client, &secrets), world.asha.id, new, under).await;
            assert!(matches!(refused, Err(webhooks::WebhookError::Invalid { field: "url", .. })), "{url}: {refused:?}");
        }
        // With another secret of the platform nothing is sent, rather than signed with what nobody knows.
        let reach = ClientConfig { allow: node::AllowList::loopback_for_demo(), ..ClientConfig::default() };
        let lost = Sender::new(world.participant.clone(), GuardedClient::new(&reach).unwrap(), Secrets::from_seed(b"x"));
        world.clock.advance(Span::from_minutes(5));
        assert_eq!(lost.pass().await, Ok(1));
        assert_eq!(receiver.received().len(), 1);
        assert!(text(&world.deliveries(&hook).await[0], "error").contains("lost the secret"));
    }

    async fn a_webhook_belongs_to_its_user_and_their_number_is_bounded(db: Db) {
        let (world, receiver) = (World::start(db).await, Receiver::start());
        let hook = hooked(&world, &receiver, &[]).await;
        for (method, rest) in [("GET", ""), ("GET", "/deliveries"), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate"), ("POST", "/replay")] {
            let mut request = world.request(BILAL, method, &place(&hook, rest));
            if method != "GET" {
                request = request.json(&json!({}));
            }
            Reply::of(request).await.problem(404, "resource.not_found");
        }
        for _ in 1..PER_USER {
            hooked(&world, &receiver, &[]).await;
        }
        let one_more = json!({"url": receiver.url});
        world.post(ASHA, "/api/webhooks", &one_more).await.problem(409, "webhook.limit_reached");
        let page = world.get(ASHA, "/api/webhooks?limit=3").await.is(200);
        let rest = world.get(ASHA, &format!("/api/webhooks?limit=100&cursor={}", text(&page, "next_cursor"))).await.is(200);
        assert_eq!(rest["items"].as_array().unwrap().len(), usize::try_from(PER_USER).unwrap() - 3);
        happen(&world, "t").await;
        let gone = Reply::of(world.request(ASHA, "DELETE", &place(&hook, ""))).await;
        assert_eq!((gone.status, gone.body.len()), (204, 0));
        Reply::of(world.request(ASHA, "GET", &place(&hook, ""))).await.problem(404, "resource.not_found");
        hooked(&world, &receiver, &[]).await;
        for wrong in [json!({"url": "http://10.0.0.1/"}), json!({"url": receiver.url, "kinds": ["contract.nothing"]})] {
            world.post(ASHA, "/api/webhooks", &wrong).await.problem(422, "request.field_invalid");
        }
    }

    async fn nothing_is_sent_for_a_locked_user(db: Db) {
        let (world, receiver, others) = (World::start(db).await, Receiver::start(), Receiver::start());
        let hook = hooked(&world, &receiver, &[]).await;
        world.post(BILAL, "/api/webhooks", &json!({"url": others.url})).await.is(201);
        happen(&world, "t-1").await;
        let lock = |locked: bool| {
            let (db, user, now) = (world.participant.db.clone(), world.asha.id, world.clock_now());
            async move { db.write(move |tx| admin::set_lock(tx, user, locked, now).boxed()).await.unwrap() }
        };
        lock(true).await;
        happen(&world, "t-2").await;
        assert_eq!(world.webhooks.pass().await, Ok(0));
        world.clock.advance(Span::from_hours(1));
        assert_eq!(world.webhooks.pass().await, Ok(0));
        assert!(receiver.received().is_empty());
        // The lock is no failure of the webhook: once it is gone, what waited comes.
        lock(false).await;
        drain(&world).await;
        assert_eq!(receiver.received().len(), 2);
        let tried: Vec<Value> = world.deliveries(&hook).await.iter().map(|one| one["attempts"].clone()).collect();
        assert_eq!(tried, [json!(1), json!(1)]);
        world.running.stop().await;
    }

    async fn old_deliveries_are_forgotten_in_pages(db: Db) {
        let (world, receiver) = (World::start(db).await, Receiver::start());
        let hook = hooked(&world, &receiver, &[]).await;
        for number in 0..5 {
            happen(&world, &format!("t-{number}")).await;
        }
        drain(&world).await;
        let first = world.get(ASHA, &place(&hook, "/deliveries?limit=2")).await.is(200);
        let next = place(&hook, &format!("/deliveries?limit=2&cursor={}", text(&first, "next_cursor")));
        let second = world.get(ASHA, &next).await.is(200);
        let events = |page: &Value| -> Vec<i64> {
            page["items"].as_array().unwrap().iter().map(|one| one["event"].as_i64().unwrap()).collect()
        };
        assert_eq!([events(&first), events(&second)].concat(), [5, 4, 3, 2]);
        assert_eq!(webhooks::prune(&world.participant).await, Ok(0));
        world.clock.advance(Span::from_hours(31 * 24));
        assert_eq!(webhooks::prune(&world.participant).await, Ok(5));
        let rows = world.participant.db.read(|tx| async move { tx.query_one(&ROWS, &[]).await?.get("n") }.boxed());
        let rows: Result<i64, db::DbError> = rows.await;
        assert_eq!(rows, Ok(0));
    }
}
