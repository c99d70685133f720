//! Every route, tried by everybody: who is let in is what the table of routes states, and what the OpenAPI document
//! shows; what is another's does not exist.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use serde_json::{Value, json};
use test_support::both_databases;
use wattmandi::api::{SERVED, Served, Who};
use wattmandi::contract::{Side, State};
use wattmandi::identity::{Accounts, Role, Scope, User};

use crate::people::{instance, of_role};
use crate::world::{ASHA, BILAL, Reply, TEN, World};

db::sql! {
    UNVERIFY = "UPDATE users SET verified = 0 WHERE id = $1";
    CREDENTIAL = "INSERT INTO credentials (id, user_id, digest, form, verdict, checks, created_at) \
        VALUES ($1, $2, 'd', 'json', 'refused', '[]', 0)";
    BILL = "INSERT INTO meter_documents (id, user_id, digest, pages, grade, model, bonus, checks, reading, created_at) \
        VALUES ($1, $2, 'd', 1, 'D', 'used', 'given', '[]', $3, 0)";
    LINK = "INSERT INTO external_logins (issuer, subject, user_id, created_at, used_at) \
        VALUES ('https://issuer.example', 'asha', $1, 0, 0)";
    METER = "SELECT id FROM meters WHERE meter_id = 'TEST_METER_000111'";
    CONFIRM = "UPDATE contracts SET confirmed_at = created_at";
    MOVE = "UPDATE meters SET discom_code = 'SOUTH' WHERE meter_id = 'TEST_METER_000222'";
}

/// What is open to everybody: a route that is added here lets strangers in.
const OPEN: &[(&str, &str)] = &[
    ("get", "/.well-known/jwks.json"),
    ("get", "/auth/oidc"),
    ("get", "/auth/oidc/{provider}/callback"),
    ("get", "/auth/oidc/{provider}/start"),
    ("get", "/auth/password/reset"),
    ("get", "/auth/verify-email"),
    ("get", "/health"),
    ("get", "/ready"),
    ("post", "/auth/login"),
    ("post", "/auth/password/forgot"),
    ("post", "/auth/password/reset"),
    ("post", "/auth/phone/code"),
    ("post", "/auth/phone/verify"),
    ("post", "/auth/refresh"),
    ("post", "/auth/register"),
    ("post", "/auth/verify-email"),
];

/// A path with ids in it that nobody has.
fn concrete(path: &str) -> String {
    path.replace("{id}", &uuid::Uuid::from_u128(9).to_string()).replace("{month}", "2026-11")
}

/// Status and code of an answer; an event stream is not read to its end, which never comes.
async fn ask(world: &World, token: Option<&str>, route: &Served, path: &str) -> (u16, String) {
    let mut request = world.plain(&route.method.to_uppercase(), path);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if route.method != "get" {
        request = request.json(&json!({}));
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    if status < 400 {
        return (status, String::new());
    }
    let body: Value = response.json().await.unwrap();
    (status, body["code"].as_str().unwrap().to_owned())
}

/// Asks in a new session, because some routes end it.
async fn as_user(world: &World, accounts: &Accounts, user: &User, route: &Served) -> (u16, String) {
    let signed_in = accounts.open_session(user.clone(), "test", "").await.ok().unwrap();
    ask(world, Some(&signed_in.access_token), route, &concrete(route.path)).await
}

fn denied(answer: &(u16, String)) -> bool {
    answer.0 == 401 || answer.0 == 403
}

/// The routes that ask who calls, with the roles that they let in.
fn guarded() -> impl Iterator<Item = (&'static Served, &'static [Role])> {
    SERVED.iter().filter_map(|route| Some((route, route.access.who.roles()?)))
}

#[test]
fn nothing_is_open_that_is_not_named_here() {
    let public: BTreeSet<_> =
        SERVED.iter().filter(|r| r.access.who == Who::Public).map(|r| (r.method, r.path)).collect();
    assert_eq!(public, OPEN.iter().copied().collect());
    for route in SERVED.iter().filter(|route| route.access.who.roles().is_none()) {
        let network = ["/bap/", "/bpp/", "/callbacks/", "/discom/", "/catalog/"];
        let network = network.iter().any(|start| route.path.starts_with(start));
        assert_eq!(route.access.who == Who::Network, network, "{}", route.path);
    }
    for (route, roles) in guarded() {
        let place = format!("{} {}", route.method, route.path);
        let scope = route.access.scope.unwrap();
        assert!(
            // A ticket opens a stream, which is a read.
            route.method == "get" || scope != Scope::Read || route.path == "/api/events/tickets",
            "{place} changes something with the scope read"
        );
        let only = |start: &str, expected: &[Role]| {
            assert!(!route.path.starts_with(start) || roles == expected, "{place}: {roles:?}");
        };
        only("/admin/", &[Role::Admin]);
        only("/utility/", &[Role::Utility]);
        only("/seller/o", &[Role::Prosumer, Role::Producer]);
        // What opens an account, leads into it, shows all of it, or ends it.
        let own = [("get", "/users/me/export"), ("delete", "/users/me")];
        let ways = ["/auth/", "/users/me/logins"].iter().any(|start| route.path.starts_with(start));
        let session = ways || own.contains(&(route.method, route.path));
        assert_eq!(scope == Scope::Session, session, "{place}");
        let trades = route.path.starts_with("/api/") && !route.path.starts_with("/api/webhooks")
            || route.path.starts_with("/seller/");
        assert!(!trades || !(roles.contains(&Role::Utility) || roles.contains(&Role::Admin)), "{place}");
    }
}

#[test]
fn the_document_shows_what_the_table_states() {
    let document: Value = serde_json::from_str(&wattmandi::api::openapi::document()).unwrap();
    for route in SERVED {
        let operation = &document["paths"][route.path][route.method];
        let (stated, place) = (&operation["x-access"], format!("{} {}", route.method, route.path));
        assert_eq!(stated["who"], route.access.who.as_str(), "{place}");
        let roles =
            route.access.who.roles().map(|roles| roles.iter().map(|r| r.as_str()).collect::<Vec<_>>());
        assert_eq!(stated["roles"], json!(roles), "{place}");
        let scope = route.access.scope.map(Scope::as_str);
        assert_eq!(stated["scope"], json!(scope), "{place}");
        let scopes: Vec<_> = route.access.scopes().map(Scope::as_str).collect();
        let security = if scopes.is_empty() { json!([{}]) } else { json!([{"token": scopes}]) };
        assert_eq!(operation["security"], security, "{place}");
        assert!(operation["responses"].get("403").is_some() || scope.is_none(), "{place}");
    }
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn every_route_lets_in_whom_it_states_and_nobody_else(db: db::Db) {
        let world = World::start(db).await;
        let accounts = instance(&world);
        for (route, _) in guarded() {
            let place = format!("{} {}", route.method, route.path);
            let path = concrete(route.path);
            assert_eq!(ask(&world, None, route, &path).await, (401, "auth.token_missing".into()), "{place}");
            let nobody = ask(&world, Some("wmt_nobody"), route, &path).await;
            assert_eq!(nobody, (401, "auth.token_invalid".into()), "{place}");
        }
        for (index, role) in Role::ALL.iter().enumerate() {
            let user = of_role(&world, &accounts, &format!("person-{index}"), *role).await;
            for (route, roles) in guarded() {
                let answer = as_user(&world, &accounts, &user, route).await;
                let place = format!("{} {} as {}: {answer:?}", route.method, route.path, role.as_str());
                if roles.contains(role) {
                    assert!(!denied(&answer) && answer.0 < 500, "{place}");
                } else {
                    assert_eq!(answer, (403, "auth.forbidden".into()), "{place}");
                }
            }
        }
        for route in SERVED.iter().filter(|route| route.access.who == Who::Public) {
            let answer = ask(&world, None, route, route.path).await;
            assert!(!["auth.token_missing", "auth.forbidden"].contains(&answer.1.as_str()), "{}: {answer:?}", route.path);
        }
        world.running.stop().await;
    }

    async fn a_token_opens_what_its_scope_is_for(db: db::Db) {
        let world = World::start(db).await;
        let accounts = instance(&world);
        for (index, granted) in Scope::GRANTED.iter().enumerate() {
            let role = if *granted == Scope::Admin { Role::Admin } else { Role::Prosumer };
            let user = of_role(&world, &accounts, &format!("machine-{index}"), role).await;
            let scopes = [granted.as_str().to_owned()];
            let (_, token) = accounts.create_token(user.id, "t", &scopes, 1).await.unwrap();
            for (route, roles) in guarded().filter(|(_, roles)| roles.contains(&role)) {
                let answer = ask(&world, Some(&token), route, &concrete(route.path)).await;
                let place = format!("{} {} with {}: {answer:?}", route.method, route.path, granted.as_str());
                assert!(!roles.is_empty());
                if route.access.scopes().eq([*granted]) {
                    assert!(!denied(&answer) && answer.0 < 500, "{place}");
                } else {
                    assert_eq!(answer, (403, "auth.scope_missing".into()), "{place}");
                }
            }
        }
        // Whose address was never checked does not trade, and does not move money.
        let user = of_role(&world, &accounts, "stranger", Role::Prosumer).await;
        let id = user.id;
        let unverified = world.participant.db.write(move |tx| {
            async move { tx.execute(&UNVERIFY, &[id.into()]).await }.boxed()
        });
        unverified.await.unwrap();
        for (route, _) in guarded().filter(|(_, roles)| roles.contains(&Role::Prosumer)) {
            let answer = as_user(&world, &accounts, &user, route).await;
            let needs = matches!(route.access.scope, Some(Scope::Trade | Scope::Money | Scope::Account));
            assert_eq!(answer == (403, "auth.email_unverified".into()), needs, "{} {}: {answer:?}", route.method, route.path);
            assert_eq!(denied(&answer), needs, "{} {}: {answer:?}", route.method, route.path);
        }
        world.running.stop().await;
    }

    async fn a_webhook_tells_what_only_a_reader_may_know(db: db::Db) {
        let world = World::start(db).await;
        let accounts = instance(&world);
        let url = json!({"url": "http://127.0.0.1:9/hook"});
        let hook = world.post(ASHA, "/api/webhooks", &url).await.is(201);
        let place = format!("/api/webhooks/{}", hook["id"].as_str().unwrap());
        let token = |scopes: &'static [&'static str]| {
            let (accounts, user) = (&accounts, world.asha.id);
            let scopes: Vec<_> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
            async move { accounts.create_token(user, "t", &scopes, 1).await.unwrap().1 }
        };
        for (method, path, body) in [
            ("POST", "/api/webhooks".to_owned(), url.clone()),
            ("PATCH", place.clone(), json!({"kinds": ["*"]})),
            ("POST", format!("{place}/replay"), json!({})),
        ] {
            for one in [&["account"] as &[&str], &["read", "trade", "money"]] {
                let refused = Reply::of(world.request(&token(one).await, method, &path).json(&body)).await;
                refused.problem(403, "auth.scope_missing");
            }
            let both = Reply::of(world.request(&token(&["account", "read"]).await, method, &path).json(&body)).await;
            assert!(both.status < 300, "{method} {path}: {}", both.text());
        }
        world.running.stop().await;
    }

    async fn a_webhook_ends_with_the_token_that_made_or_changed_it(db: db::Db) {
        let world = World::start(db).await;
        let accounts = instance(&world);
        let scopes = ["account".to_owned(), "read".to_owned()];
        let (row, token) = accounts.create_token(world.asha.id, "t", &scopes, 1).await.unwrap();
        let session = accounts.open_session(world.asha.clone(), "test", "").await.ok().unwrap().access_token;
        let url = json!({"url": "http://127.0.0.1:9/hook", "kinds": ["offer.*"]});
        let made = world.post(&token, "/api/webhooks", &url).await.is(201);
        let own = world.post(&session, "/api/webhooks", &url).await.is(201);
        world.offer().await;
        // The receiver is not there; what counts is how many are tried.
        let due = || async {
            world.clock.advance(units::Span::from_minutes(5));
            world.webhooks.pass().await.unwrap()
        };
        assert_eq!(due().await, 2);
        let (user, id, now) = (world.asha.id, row.id, world.participant.now());
        let revoked = world.participant.db.write(move |tx| {
            async move { wattmandi::identity::tokens::revoke(tx, user, id, now).await }.boxed()
        });
        assert!(revoked.await.unwrap());
        assert_eq!(due().await, 1, "the session's goes on, the token's does not");
        wattmandi::webhooks::prune(&world.participant).await.unwrap();
        let place = |hook: &Value| format!("/api/webhooks/{}", hook["id"].as_str().unwrap());
        let shown = world.get(ASHA, &place(&made)).await.is(200);
        assert_eq!(shown["state"], "disabled");
        assert!(shown["reason"].as_str().unwrap().contains("API token"), "{shown}");
        assert_eq!(world.get(ASHA, &place(&own)).await.is(200)["state"], "active");
        // Who has signed in takes it over, and one that another token turns elsewhere ends with that.
        let (other, token) = accounts.create_token(user, "u", &scopes, 1).await.unwrap();
        let patch = |token: &str, hook: &Value, body: Value| {
            let asked = world.request(token, "PATCH", &place(hook)).json(&body);
            async move { Reply::of(asked).await.is(200) }
        };
        patch(&session, &made, json!({"active": true})).await;
        patch(&token, &own, json!({"url": "http://127.0.0.1:9/elsewhere"})).await;
        assert_eq!(due().await, 2);
        assert!(accounts.revoke_token(user, other.id).await.is_ok());
        assert_eq!(due().await, 1);
        world.running.stop().await;
    }

    async fn what_is_another_users_does_not_exist(db: db::Db) {
        let world = World::start(db).await;
        let accounts = instance(&world);
        let asha = accounts.open_session(world.asha.clone(), "test", "").await.ok().unwrap();
        let (token, _) = accounts.create_token(world.asha.id, "t", &["read".to_owned()], 1).await.unwrap();
        let offer = world.offer().await["id"].as_str().unwrap().to_owned();
        let total = json!({"quantity_kwh": "2", "from": TEN, "to": "2026-11-21T14:30:00Z"});
        let plan = json!({"meter_id": "TEST_METER_000111", "total": total});
        let plan = world.post(ASHA, "/api/plans", &plan).await.is(202)["plan_id"].as_str().unwrap().to_owned();
        world.contract(Side::Buyer, State::Offered, "bought").await;
        world.contract(Side::Seller, State::Active, "sold").await;
        let interest = json!({"meter_id": "TEST_METER_000111", "total": total, "max_price_inr": "6", "max_total_inr": "10",
            "buy": false});
        let interest = world.post(ASHA, "/api/interests", &interest).await.is(201);
        let hook = world.post(ASHA, "/api/webhooks", &json!({"url": "http://127.0.0.1:9/hook"})).await.is(201);
        let webhook = hook["webhook_id"].as_str().or(hook["id"].as_str()).unwrap().to_owned();
        let interest = interest["interest_id"].as_str().or(interest["id"].as_str()).unwrap().to_owned();
        let (owner, credential) = (world.asha.id, world.participant.ids.uuid());
        let bill = world.participant.ids.uuid();
        let reading = r#"{"months": [], "dropped": [], "model": false}"#;
        let stored = world.participant.db.write(move |tx| {
            async move {
                tx.execute(&CREDENTIAL, &[credential.into(), owner.into()]).await?;
                tx.execute(&BILL, &[bill.into(), owner.into(), reading.into()]).await?;
                tx.execute(&LINK, &[owner.into()]).await?;
                tx.query_one(&METER, &[]).await?.get::<uuid::Uuid>("id")
            }
            .boxed()
        });
        let meter: uuid::Uuid = stored.await.unwrap();
        let link = accounts.linked(owner).await.unwrap()[0].id;
        let own: BTreeMap<&str, String> = [
            ("/users/me/logins/", link.to_string()),
            ("/auth/sessions/", asha.session.to_string()),
            ("/auth/tokens/", token.id.to_string()),
            ("/users/me/credentials/", credential.to_string()),
            ("/users/me/meter-documents/", bill.to_string()),
            ("/users/me/meters/", meter.to_string()),
            ("/api/plans/", plan),
            ("/api/interests/", interest),
            ("/api/transactions/", "bought".to_owned()),
            ("/api/webhooks/", webhook),
            ("/seller/offers/", offer),
            ("/seller/orders/", "sold".to_owned()),
        ].into();
        let bilal = world.get(BILAL, "/users/me").await.is(200)["id"].as_str().unwrap().to_owned();
        let bilal = wattmandi_user(&world, &bilal).await;
        for (route, roles) in guarded().filter(|(route, _)| route.path.contains("{id}")) {
            // An administrator's users are nobody's own.
            if route.path.starts_with("/admin/") {
                assert_eq!(roles, [Role::Admin]);
                continue;
            }
            let (_, id) = own.iter().find(|(start, _)| route.path.starts_with(*start))
                .unwrap_or_else(|| panic!("{}: which id of Asha's is tried there?", route.path));
            let path = route.path.replace("{id}", id);
            let session = accounts.open_session(bilal.clone(), "test", "").await.ok().unwrap();
            let answer = ask(&world, Some(&session.access_token), route, &path).await;
            assert_eq!(answer, (404, "resource.not_found".into()), "{} {path}", route.method);
            if route.method == "get" {
                let own = ask(&world, Some(&asha.access_token), route, &path).await;
                assert!(own.0 == 200 || own.0 == 404 && path.ends_with("/offers"), "{path}: {own:?}");
            }
        }
        world.running.stop().await;
    }

    async fn a_desk_sees_its_own_discom_only(db: db::Db) {
        let world = World::start(db).await;
        let accounts = instance(&world);
        of_role(&world, &accounts, "desk", Role::Utility).await;
        let desk = "token-of-desk-0001";
        let ids = |reply: Reply| -> Vec<String> {
            let body = reply.is(200);
            body["items"].as_array().unwrap().iter().map(|row| row["meter_id"].as_str().unwrap().to_owned()).collect()
        };
        world.contract(Side::Seller, State::Standing, "sold").await;
        assert_eq!(world.get(desk, "/utility/trades").await.is(200)["items"], json!([]));
        let confirmed = world.participant.db.write(|tx| async move {
            tx.execute(&CONFIRM, &[]).await?;
            tx.execute(&MOVE, &[]).await
        }.boxed());
        confirmed.await.unwrap();
        assert_eq!(ids(world.get(desk, "/utility/meters").await), ["TEST_METER_000111"]);
        let trades = world.get(desk, "/utility/trades").await;
        let trade = trades.is(200)["items"][0].clone();
        assert_eq!((&trade["side"], &trade["meter_id"], &trade["customer_number"]), (&json!("seller"), &json!("TEST_METER_000111"), &json!("C-1")));
        assert_eq!(trade["counterpart_meter"], "••••9333");
        assert_eq!(trade["slots"][0], json!({"start": "2026-11-21T10:30:00.000Z", "quantity_kwh": "1.25"}));
        assert!(!trades.text().contains("inr"), "{}", trades.text());
        // The other DISCOM's desk sees the other meter, and no trade.
        let other = world.participant.db.write(move |tx| async move {
            let user = wattmandi::identity::find_by_handle(tx, "desk").await?.unwrap();
            wattmandi::identity::admin::set_role(tx, user.id, Role::Utility, Some("SOUTH"), user.created_at).await
        }.boxed());
        other.await.unwrap();
        assert_eq!(ids(world.get(desk, "/utility/meters").await), ["TEST_METER_000222"]);
        assert_eq!(world.get(desk, "/utility/trades").await.is(200)["items"], json!([]));
        world.running.stop().await;
    }
}

async fn wattmandi_user(world: &World, id: &str) -> User {
    let id = uuid::Uuid::parse_str(id).unwrap();
    let read =
        world.participant.db.read(move |tx| async move { wattmandi::identity::get(tx, id).await }.boxed());
    read.await.unwrap()
}
