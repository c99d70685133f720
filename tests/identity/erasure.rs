//! An account is taken away: what says who somebody is goes, what was traded stays under a random id.

use futures_util::FutureExt;
use serde_json::{Value, json};
use test_support::both_databases;
use units::{Paise, Span};
use uuid::Uuid;
use wattmandi::contract::{Contract, Side, State};
use wattmandi::identity::{self, Accounts, Proven};
use wattmandi::network::normalize_meter;
use wattmandi::privacy::{erase, marks, sweep};
use wattmandi::settlement::{self, MoneyError, Stamp};
use wattmandi::trust::{Side as TradeSide, Trade, service as trust};
use wattmandi::{events, market};

use crate::people::{EMAIL, PASSWORD, code_in, instance, login, message, register, say, sign_in, text};
use crate::scan::found;
use crate::world::{ASHA, BILAL, Reply, US, World};

const ME: &str = "/users/me";
pub const METER: &str = "TEST_METER_000111";

db::sql! {
    STATE = "UPDATE contracts SET state = $2, document = $3, failure_message = $4 WHERE id = $1";
    DOCUMENTS = "SELECT document FROM contracts";
    PHONE = "UPDATE logins SET phone = $2 WHERE user_id = $1";
    NAMED = "UPDATE meters SET customer_number = 'CUST-4711', latitude = 2861, longitude = 7721 WHERE user_id = $1";
    OFFERS = "SELECT state, publish_state, name FROM offers WHERE user_id = $1";
    METERS = "SELECT verified, released_at FROM meters WHERE user_id = $1";
    RECEIVED = "INSERT INTO inbox (id, receiver, sender, key_id, action, message_id, transaction_id, body_digest, dedupe, \
        path, headers, authorization_header, body, received_at, state, not_before, reply_status, reply_headers, reply_body) \
        VALUES ($1, 'us.example', 'peer.example', 'k', 'confirm', $1, $2, $3, '', '/', $4, 'Signature of it', $5, 0, $6, 0, \
        200, $4, $5)";
    SENT = "INSERT INTO outbox (id, sender, target, face, action, transaction_id, message_id, body, purpose, state, \
        not_before, created_at) VALUES ($1, 'us.example', 'peer.example', 'base', 'on_confirm', $2, $1, $3, 'message', $4, 0, 0)";
    ATTEMPT = "INSERT INTO outbox_attempts (outbox_id, number, at, authorization_header, response_headers, response_body) \
        VALUES ($1, 1, 0, 'Signature of it', $2, $3)";
    ENDED = "UPDATE outbox SET state = 'delivered' WHERE state IN ('queued', 'sending')";
    DIGESTS = "SELECT (SELECT body_digest FROM inbox) AS received, o.body_digest AS sent, o.body FROM outbox o \
        WHERE o.action = 'on_confirm'";
    TAKEN = "UPDATE meters SET user_id = $1 WHERE user_id = $2";
    STANDING = "SELECT m.user_id, m.meter_key, o.meter_key AS offered FROM offers o JOIN meters m ON m.id = o.meter_id";
    ERASURE = "SELECT state FROM erasures WHERE user_id = $1";
}

pub async fn run(world: &World, sql: &'static db::Sql, values: Vec<db::Value>) -> u64 {
    let done = world.participant.db.write(move |tx| {
        let values = values.clone();
        async move { tx.execute(sql, &values).await }.boxed()
    });
    done.await.unwrap()
}

pub async fn rows(world: &World, sql: &'static db::Sql, values: Vec<db::Value>) -> Vec<db::Row> {
    let read = world.participant.db.read(move |tx| {
        let values = values.clone();
        async move { tx.query(sql, &values).await }.boxed()
    });
    read.await.unwrap()
}

pub async fn erase_with(world: &World, token: &str, body: &Value) -> Reply {
    Reply::of(world.request(token, "DELETE", ME).json(body)).await
}

/// Gives Asha, whom the operator entered, an address and a password, and signs her in.
pub async fn ashas_session(world: &World, accounts: &Accounts) -> String {
    session_of(world, accounts, world.asha.id).await
}

async fn session_of(world: &World, accounts: &Accounts, user: Uuid) -> String {
    let now = world.participant.now();
    let hash = accounts.hasher().hash(PASSWORD).await.unwrap();
    let entered = world.participant.db.write(move |tx| {
        let hash = hash.clone();
        async move { identity::enter(tx, user, "asha.rao@example.com", Some(hash), now).await }.boxed()
    });
    entered.await.unwrap();
    text(&login(world, "asha.rao@example.com", PASSWORD).await.is(200)["access_token"])
}

async fn books_hold(world: &World) {
    let audit = world.participant.db.read(|tx| async move { settlement::audit(tx).await }.boxed());
    let audit: Result<settlement::Audit, db::DbError> = audit.await;
    assert!(audit.unwrap().holds());
}

/// A trade of Asha's that is over, with the messages that made it: all of them say who she is.
async fn finished_trade(world: &World, state: State) -> Contract {
    let contract = world.contract_with(US, Side::Seller, State::Active, "sold").await;
    let says = format!("{{\"meter\":\"{METER}\",\"name\":\"Asha Rao\",\"customer\":\"CUST-4711\"}}");
    let bytes = says.clone().into_bytes();
    let over = vec![contract.id.into(), state.as_str().into(), bytes.clone().into(), says.as_str().into()];
    run(world, &STATE, over).await;
    let (got, gave) = (world.participant.ids.uuid(), world.participant.ids.uuid());
    let digest = beckn_wire::signature::digest(&bytes);
    let headers = json!([["x-meter", METER]]).to_string();
    let received = [
        got.into(),
        "sold".into(),
        digest.into(),
        headers.as_str().into(),
        bytes.clone().into(),
        "done".into(),
    ];
    run(world, &RECEIVED, received.to_vec()).await;
    run(world, &SENT, vec![gave.into(), "sold".into(), bytes.clone().into(), "delivered".into()]).await;
    run(world, &ATTEMPT, vec![gave.into(), headers.into(), bytes.into()]).await;
    contract
}

pub async fn score(world: &World, user: Uuid) -> i64 {
    let config = world.participant.settings.trust;
    let read =
        world.participant.db.read(move |tx| async move { trust::rebuild(tx, &config, user).await }.boxed());
    read.await.unwrap().millionths()
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn nothing_says_any_more_who_it_was(db: db::Db) {
        let world = World::start(db.clone()).await;
        register(&world).await;
        let (gita, _) = sign_in(&world).await;
        let me = Reply::of(world.request(&gita, "PATCH", ME).json(&json!({"name": "Gitanjali Iyer"}))).await.is(200);
        let id: Uuid = me["id"].as_str().unwrap().parse().unwrap();
        run(&world, &PHONE, vec![id.into(), "+919810012345".into()]).await;
        let said = json!({"customer_number": "CUST-0815", "discom": "NORTH", "place": "28.61, 77.21"});
        Reply::of(world.request(&gita, "PATCH", "/users/me/profile").json(&said)).await.is(200);
        let consent = json!({"purpose": "terms", "version": "1", "granted": true});
        let kept = world.request(&gita, "POST", "/users/me/consents").header("Idempotency-Key", "k1").json(&consent);
        Reply::of(kept).await.is(201);
        let token = json!({"name": "Gitanjali's battery", "scopes": ["read", "account"]});
        let token = text(&world.post(&gita, "/auth/tokens", &token).await.is(201)["token"]);
        let needles = [EMAIL, "9810012345", "Gitanjali", "CUST-0815"];
        assert_eq!(found(&db, &needles).await.iter().filter(|place| place.contains("CUST-0815")).count(), 1);

        // Only somebody who is there, signed in, and shows it again.
        let with = |password: &str| json!({"password": password});
        Reply::of(world.plain("DELETE", ME).header("Cookie", "wattmandi_refresh=x").json(&with(PASSWORD))).await
            .problem(401, "auth.token_missing");
        erase_with(&world, &token, &with(PASSWORD)).await.problem(403, "auth.scope_missing");
        for body in [json!({}), json!({"password": PASSWORD, "code": "123456"}), with("another one")] {
            let refused = erase_with(&world, &gita, &body).await.problem(422, "request.field_invalid");
            assert_eq!(refused["field"], "password");
        }
        erase_with(&world, &gita, &json!({"code": "123456"})).await.problem(401, "auth.code_invalid");
        assert_eq!(world.get(&gita, ME).await.is(200)["name"], "Gitanjali Iyer");

        let reply = erase_with(&world, &gita, &with(PASSWORD)).await;
        let gone = reply.is(200);
        assert!(reply.header("set-cookie").contains("Max-Age=0"));
        let until = world.participant.market_now().saturating_add(world.participant.settings.dispute_period);
        assert_eq!(gone["evidence_until"], until.to_rfc3339());
        assert_eq!(found(&db, &needles).await, Default::default());
        for token in [&gita, &token] {
            world.get(token, ME).await.problem(401, "auth.token_invalid");
        }
        erase_with(&world, &gita, &with(PASSWORD)).await.problem(401, "auth.token_invalid");
        let accounts = instance(&world);
        let again = erase::erase(&world.participant, &accounts, id, Proven::Password(String::new())).await;
        assert!(matches!(again, Err(erase::EraseError::Gone)), "{again:?}");
        login(&world, EMAIL, PASSWORD).await.problem(401, "auth.credentials_wrong");
        assert_eq!(message(&world, "notice", 1).await["subject"], "Your account was erased");
        books_hold(&world).await;

        // The address begins anew.
        let wish = json!({"email": EMAIL, "password": PASSWORD, "name": "Gita"});
        say(&world, "/auth/register", &wish).await.is(202);
        let link = crate::people::token_in(&message(&world, "verify_email", 2).await);
        say(&world, "/auth/verify-email", &json!({"token": link, "password": PASSWORD})).await;
        let anew = login(&world, EMAIL, PASSWORD).await.is(200);
        assert_ne!(anew["user_id"], json!(id));
        let export = world.get(&text(&anew["access_token"]), "/users/me/export").await.is(200);
        assert_eq!((&export["consents"], &export["api_tokens"], &export["profile"]), (&json!([]), &json!([]), &json!([])));
        assert_eq!(export["trust_history"].as_array().unwrap().len(), 1);

        // What a request under way has left goes later.
        let now = world.participant.now();
        let late = db.write(move |tx| async move { events::record(tx, id, "late", "test.late", "{}", now).await }.boxed());
        let late: Result<(), db::DbError> = late.await;
        late.unwrap();
        let tick = || sweep::sweep(&world.participant);
        assert_eq!(tick().await.unwrap(), 0);
        world.clock.advance(Span::from_minutes(11));
        assert_eq!((tick().await.unwrap(), tick().await.unwrap()), (1, 0));
        let left = db.read(move |tx| async move { events::after(tx, id, None, 0, 10).await }.boxed());
        let left: Result<Vec<events::Event>, db::DbError> = left.await;
        assert!(left.unwrap().is_empty());
        world.running.stop().await;
    }

    async fn a_number_is_shown_again_by_a_code(db: db::Db) {
        let world = World::start(db.clone()).await;
        let phone = json!({"phone": "+919810054321"});
        say(&world, "/auth/phone/code", &phone).await.is(202);
        let code = code_in(&message(&world, "sign_in_code", 1).await);
        let body = json!({"phone": "+919810054321", "code": code, "name": "Hari"});
        let hari = text(&say(&world, "/auth/phone/verify", &body).await.is(201)["access_token"]);
        erase_with(&world, &hari, &json!({"password": PASSWORD})).await.problem(422, "request.field_invalid");
        // The code of the sign-in is spent.
        erase_with(&world, &hari, &json!({"code": code})).await.problem(401, "auth.code_invalid");
        say(&world, "/auth/phone/code", &phone).await.is(202);
        let code = code_in(&message(&world, "sign_in_code", 2).await);
        // A refusal spends nothing: what stood in the way is put right, and the same code erases the account.
        let amount = json!({"amount_inr": "100.00"});
        world.post(&hari, "/users/me/account/top-ups", &amount).await.is(201);
        erase_with(&world, &hari, &json!({"code": code})).await.problem(409, "account.not_settled");
        world.post(&hari, "/users/me/account/withdrawals", &amount).await.is(201);
        erase_with(&world, &hari, &json!({"code": code})).await.is(200);
        erase_with(&world, &hari, &json!({"code": code})).await.problem(401, "auth.token_invalid");
        assert_eq!(found(&db, &["9810054321"]).await, Default::default());
        world.running.stop().await;
    }

    async fn what_is_open_is_named_and_keeps_the_account(db: db::Db) {
        let world = World::start(db.clone()).await;
        let accounts = instance(&world);
        let asha = ashas_session(&world, &accounts).await;
        let offer = world.offer().await;
        let contract = world.contract(Side::Seller, State::Active, "sold").await;
        world.contract(Side::Buyer, State::Offered, "not-bought").await;
        let body = json!({"password": PASSWORD});
        let refused = |words: &'static str| {
            let (world, asha, body) = (&world, &asha, &body);
            async move {
                let problem = erase_with(world, asha, body).await.problem(409, "account.not_settled");
                assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
            }
        };
        refused("1 trade is not settled").await;
        let offers = rows(&world, &OFFERS, vec![world.asha.id.into()]).await;
        assert_eq!(offers[0].get::<String>("state").unwrap(), "live", "a refusal changes nothing");
        let state = |state: &str| vec![contract.id.into(), state.into(), b"{}".as_slice().into(), "".into()];
        run(&world, &STATE, state("disputed")).await;
        refused("1 trade is disputed and not settled").await;
        run(&world, &STATE, state("cancelled")).await;
        world.post(ASHA, "/users/me/account/top-ups", &json!({"amount_inr": "100.00"})).await.is(201);
        refused("100").await;
        world.post(ASHA, "/users/me/account/withdrawals", &json!({"amount_inr": "100.00"})).await.is(201);
        erase_with(&world, &asha, &body).await.is(200);
        world.get(ASHA, ME).await.problem(401, "auth.token_invalid");
        let offers = rows(&world, &OFFERS, vec![world.asha.id.into()]).await;
        assert_eq!(offers[0].get::<String>("state").unwrap(), "withdrawn");
        assert_eq!(offers[0].get::<String>("name").unwrap(), "Former offer");
        // The catalog is told, by nobody's name.
        assert_eq!(wattmandi::seller::publish(&world.participant).await.unwrap(), 1);
        let meter = rows(&world, &METERS, vec![world.asha.id.into()]).await;
        assert!(!meter[0].get::<bool>("verified").unwrap());
        assert!(meter[0].get::<Option<i64>>("released_at").unwrap().is_some());
        books_hold(&world).await;
        // A purchase that was under way finds no money, a buyer no stock.
        let (p, user) = (world.participant.clone(), world.asha.id);
        let held = db.write(move |tx| {
            let p = p.clone();
            async move { settlement::adjust(tx, contract.id, user, Paise::new(1), &Stamp::of(&p)).await }.boxed()
        });
        assert!(matches!(held.await, Err(MoneyError::CreditExceeded { .. })));
        let (offer, now): (Uuid, _) = (offer["id"].as_str().unwrap().parse().unwrap(), world.participant.now());
        let wanted = contract.quantities();
        let taken = db.write(move |tx| {
            let wanted = wanted.clone();
            async move { market::service::take(tx, offer, &wanted, market::service::Hold::Sale, now).await }.boxed()
        });
        assert!(taken.await.is_err());
        world.running.stop().await;
    }

    async fn the_evidence_goes_after_the_dispute_period_and_digests_stay(db: db::Db) {
        let world = World::start(db.clone()).await;
        let accounts = instance(&world);
        let asha = ashas_session(&world, &accounts).await;
        run(&world, &NAMED, vec![world.asha.id.into()]).await;
        world.offer().await;
        let contract = finished_trade(&world, State::Cancelled).await;
        erase_with(&world, &asha, &json!({"password": PASSWORD})).await.is(200);
        assert_eq!(wattmandi::seller::publish(&world.participant).await.unwrap(), 1);
        let key = normalize_meter(METER);
        let evidence = found(&db, &["CUST-4711", "Asha Rao"]).await;
        let kept = ["contracts.document", "contracts.failure_message", "inbox.body", "inbox.reply_body", "outbox.body",
            "outbox_attempts.response_body"];
        assert!(evidence.iter().all(|place| kept.contains(&place.split(':').next().unwrap())), "{evidence:?}");
        assert_eq!(found(&db, &["asha.rao@example.com"]).await, Default::default());
        assert!(!found(&db, &[METER]).await.is_empty());

        // Not before its time, nor while a trade is a case for a person or a message is under way.
        let state = || rows(&world, &ERASURE, vec![world.asha.id.into()]);
        world.clock.advance(Span::from_days(89));
        sweep::sweep(&world.participant).await.unwrap();
        assert!(!found(&db, &["CUST-4711"]).await.is_empty());
        let says = |state: &str| vec![contract.id.into(), state.into(), b"CUST-4711".as_slice().into(), "".into()];
        run(&world, &STATE, says("disputed")).await;
        world.clock.advance(Span::from_days(2));
        sweep::sweep(&world.participant).await.unwrap();
        assert!(!found(&db, &["CUST-4711"]).await.is_empty());
        run(&world, &STATE, says("cancelled")).await;
        world.clock.advance(Span::from_days(2));
        sweep::sweep(&world.participant).await.unwrap();
        assert_eq!(state().await[0].get::<String>("state").unwrap(), "swept", "the withdrawal has not left yet");
        run(&world, &ENDED, vec![]).await;
        // A crash in between repeats a step.
        assert!(node::erase::forget_bytes(&db, "sold").await.unwrap());
        world.clock.advance(Span::from_days(2));
        sweep::sweep(&world.participant).await.unwrap();
        assert_eq!(state().await[0].get::<String>("state").unwrap(), "done");
        assert_eq!(found(&db, &["CUST-4711", "Asha Rao", "asha.rao@", METER, &key]).await, Default::default());
        let digests = rows(&world, &DIGESTS, vec![]).await;
        let received: String = digests[0].get("received").unwrap();
        assert_eq!(digests[0].get::<String>("sent").unwrap(), received);
        assert!(digests[0].get::<Vec<u8>>("body").unwrap().is_empty() && received.len() > 80);
        books_hold(&world).await;
        assert_eq!(sweep::sweep(&world.participant).await.unwrap(), 0);
        world.running.stop().await;
    }

    async fn a_meter_that_was_anothers_before_goes_alone(db: db::Db) {
        let world = World::start(db.clone()).await;
        let accounts = instance(&world);
        world.offer().await;
        let profile = world.get(BILAL, "/seller/profile").await.is(200);
        let bilal: Uuid = profile["id"].as_str().unwrap().parse().unwrap();
        run(&world, &TAKEN, vec![bilal.into(), world.asha.id.into()]).await;
        let session = session_of(&world, &accounts, bilal).await;
        erase_with(&world, &session, &json!({"password": PASSWORD})).await.is(200);
        world.clock.advance(Span::from_days(91));
        sweep::sweep(&world.participant).await.unwrap();
        let state = rows(&world, &ERASURE, vec![bilal.into()]).await;
        assert_eq!(state[0].get::<String>("state").unwrap(), "done");
        // Asha's offer is hers still, and of a meter that nobody can name.
        let standing = rows(&world, &STANDING, vec![]).await;
        assert_eq!(standing[0].get::<Uuid>("user_id").unwrap(), bilal);
        assert!(standing[0].get::<String>("meter_key").unwrap().starts_with("former"));
        assert_eq!(standing[0].get::<String>("offered").unwrap(), normalize_meter(METER));
        assert!(!found(&db, &["TEST_METER_000222"]).await.iter().any(|place| place.starts_with("meters.")));
        world.running.stop().await;
    }

    async fn bad_trust_stays_with_the_meter_and_good_does_not(db: db::Db) {
        let world = World::start(db.clone()).await;
        let accounts = instance(&world);
        let asha = ashas_session(&world, &accounts).await;
        let (p, user, key) = (world.participant.clone(), world.asha.id, normalize_meter(METER));
        let contract = world.contract(Side::Seller, State::Cancelled, "broken").await;
        let (config, now) = (p.settings.trust, p.now());
        let trade = Trade { contract: contract.id, side: TradeSide::Seller };
        let lost = db.write(move |tx| {
            async move { trust::apply_cancellation(tx, &config, user, trade, now).await }.boxed()
        });
        lost.await.unwrap();
        let bad = score(&world, user).await;
        assert!(bad < config.default_score);
        erase_with(&world, &asha, &json!({"password": PASSWORD})).await.is(200);
        let profile = world.get(BILAL, "/seller/profile").await.is(200);
        let bilal: Uuid = profile["id"].as_str().unwrap().parse().unwrap();
        let inherit = |meter: String| {
            let (db, accounts) = (db.clone(), accounts.clone());
            async move {
                let done = db.write(move |tx| {
                    let (accounts, meter) = (accounts.clone(), meter.clone());
                    async move { marks::inherit(tx, (&accounts, &config), bilal, &meter, now).await }.boxed()
                });
                done.await.unwrap();
            }
        };
        let before = score(&world, bilal).await;
        inherit(normalize_meter("TEST_METER_OTHER")).await;
        assert_eq!(score(&world, bilal).await, before);
        inherit(key.clone()).await;
        inherit(key.clone()).await;
        assert_eq!(score(&world, bilal).await, bad.min(before));
        // It names no meter, and is forgotten in a year.
        assert!(!found(&db, &[&key]).await.iter().any(|place| place.starts_with("meter_marks")));
        let later = now.saturating_add(Span::from_days(366));
        let pruned = db.write(move |tx| async move { marks::prune(tx, later).await }.boxed());
        let pruned: Result<u64, db::DbError> = pruned.await;
        assert_eq!(pruned.unwrap(), 1);
        world.running.stop().await;
    }
}
