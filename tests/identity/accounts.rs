//! Registering, verifying, signing in and out, forgetting and changing passwords; what others are told of it.

use serde_json::{Value, json};
use test_support::both_databases;
use units::Span;
use wattmandi::api::{Proxies, Web};
use wattmandi::config::LimitsConfig;

use crate::people::{
    EMAIL, PASSWORD, code_in, instance, login, message, of_role, refresh, register, say, sign_in, text,
    token_in,
};
use crate::world::{ASHA, Reply, TEN, World};

/// An answer without what differs between any two.
pub fn alike(reply: &Reply) -> (u16, Value) {
    let mut body = reply.json();
    if let Some(body) = body.as_object_mut() {
        body.remove("instance");
    }
    (reply.status, body)
}

pub fn minutes(count: i64) -> Span {
    Span::from_minutes(count)
}

/// Where attempts to sign in are not what a test is about.
pub fn patient(proxies: Proxies) -> Web {
    Web { proxies, limits: LimitsConfig { sign_in: 100, ..LimitsConfig::default() }, ..Web::default() }
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn a_stranger_becomes_a_user_who_trades(db: db::Db) {
        let world = World::start(db).await;
        let wish = json!({"email": " Gita@Example.com", "password": PASSWORD, "name": "Gita", "language": "hi"});
        let first = say(&world, "/auth/register", &wish).await;
        assert_eq!(alike(&first), (202, json!({"sent_by": "email", "expires_in": 172_800})));
        assert_eq!(first.header("cache-control"), "private, no-store");
        let sent = message(&world, "verify_email", 1).await;
        assert_eq!(sent["to"], EMAIL);
        // Who has not opened the link looks around, and does not trade.
        let (access, _) = sign_in(&world).await;
        let me = world.get(&access, "/users/me").await.is(200);
        assert_eq!((&me["name"], &me["language"], &me["may_trade"]), (&json!("Gita"), &json!("hi"), &json!(false)));
        assert_eq!((&me["role"], &me["signed_in_by"], &me["scopes"]), (&json!("prosumer"), &json!("session"), &json!(null)));
        let slots = json!([{"start": TEN, "quantity_kwh": "1", "price_inr": "6"}]);
        let offer = json!({"meter_id": "TEST_METER_000111", "slots": slots});
        let refused = world.post(&access, "/seller/offers", &offer).await.problem(403, "auth.email_unverified");
        assert!(refused["next_step"].as_str().unwrap().contains("/auth/verify-email/resend"));
        // A newer link replaces the older one; opening its page changes nothing.
        world.post(&access, "/auth/verify-email/resend", &json!({})).await.is(202);
        let newer = token_in(&message(&world, "verify_email", 2).await);
        let older = say(&world, "/auth/verify-email", &json!({"token": token_in(&sent), "password": PASSWORD})).await;
        older.problem(401, "auth.code_invalid");
        let page = Reply::of(world.plain("GET", &format!("/auth/verify-email?token={newer}%22%3E%3Cx"))).await;
        assert!(page.text().contains(&newer) && !page.text().contains("<x") && page.status == 200, "{}", page.text());
        assert!(page.header("content-security-policy").contains("form-action 'self'"));
        world.post(&access, "/seller/offers", &offer).await.problem(403, "auth.email_unverified");
        // A link makes nobody the owner of an account whose password somebody else has chosen.
        let stranger = json!({"token": newer, "password": "password of mallory"});
        say(&world, "/auth/verify-email", &stranger).await.problem(401, "auth.credentials_wrong");
        let form = world.plain("POST", "/auth/verify-email").header("Content-Type", "application/x-www-form-urlencoded");
        let page = Reply::of(form.body(format!("token={newer}&password=quiet+roof+at+noon"))).await;
        assert!(page.status == 200 && page.text().contains("verified"), "{}", page.text());
        say(&world, "/auth/verify-email", &json!({"token": newer, "password": PASSWORD})).await.problem(401, "auth.code_invalid");
        // From here on only the meter is missing, and what every user has is there.
        world.post(&access, "/seller/offers", &offer).await.problem(404, "resource.not_found");
        assert_eq!(world.get(&access, "/users/me/account").await.is(200)["credit_limit_inr"], "100000.00");
        let trust = world.get(&access, "/users/me/trust").await.is(200);
        assert_eq!((&trust["score"], &trust["history"]["items"][0]["cause"]), (&json!("0.3"), &json!("opening")));
        world.post(&access, "/api/discover", &json!({})).await.is(202);
        world.running.stop().await;
    }

    async fn whether_an_address_is_known_only_its_mailbox_is_told(db: db::Db) {
        let world = World::start(db).await;
        register(&world).await;
        let wish = |email: &str| json!({"email": email, "password": "another quiet roof", "name": "Mallory"});
        let known = say(&world, "/auth/register", &wish(EMAIL)).await;
        let unknown = say(&world, "/auth/register", &wish("new@example.com")).await;
        assert_eq!(alike(&known), alike(&unknown));
        assert_eq!(message(&world, "notice", 1).await["to"], EMAIL);
        // Nothing of the account has changed.
        login(&world, EMAIL, "another quiet roof").await.problem(401, "auth.credentials_wrong");
        let (access, _) = sign_in(&world).await;
        assert_eq!(world.get(&access, "/users/me").await.is(200)["name"], "Gita");
        let (wrong, nobody) = (login(&world, EMAIL, "wrong").await, login(&world, "nobody@example.com", "wrong").await);
        assert_eq!(alike(&wrong), alike(&nobody));
        wrong.problem(401, "auth.credentials_wrong");
        let forgot = |email: &str| { let body = json!({"email": email}); let world = &world;
            async move { say(world, "/auth/password/forgot", &body).await } };
        assert_eq!(alike(&forgot(EMAIL).await), alike(&forgot("nobody@example.com").await));
        assert_eq!(message(&world, "reset_password", 1).await["to"], EMAIL);
        for (field, body) in [
            ("email", json!({"email": "gita", "password": PASSWORD, "name": "G"})),
            ("name", json!({"email": "g@example.com", "password": PASSWORD, "name": " "})),
            ("language", json!({"email": "g@example.com", "password": PASSWORD, "name": "G", "language": "hindi!"})),
        ] {
            let refused = say(&world, "/auth/register", &body).await;
            assert_eq!(refused.problem(422, "request.field_invalid")["field"], field);
        }
        for weak in ["short", "password123", "gita@example.com"] {
            let body = json!({"email": EMAIL, "password": weak, "name": "G"});
            say(&world, "/auth/register", &body).await.problem(422, "auth.password_weak");
        }
        world.running.stop().await;
    }

    async fn who_registers_again_before_the_link_was_opened_begins_anew(db: db::Db) {
        let world = World::start(db).await;
        let wish = |password: &str, name: &str| json!({"email": EMAIL, "password": password, "name": name});
        say(&world, "/auth/register", &wish("password of mallory", "Mallory")).await.is(202);
        let early = login(&world, EMAIL, "password of mallory").await.is(200);
        let mallory = world.get(&text(&early["access_token"]), "/users/me").await.is(200)["id"].clone();
        let wish_for_all = json!({"name": "all", "scopes": ["read", "account"], "expires_in_days": 30});
        let token = world.post(&text(&early["access_token"]), "/auth/tokens", &wish_for_all).await.is(201)["token"].clone();
        let lost = token_in(&message(&world, "verify_email", 1).await);
        say(&world, "/auth/register", &wish(PASSWORD, "Gita")).await.is(202);
        world.get(&text(&early["access_token"]), "/users/me").await.problem(401, "auth.token_invalid");
        refresh(&world, &text(&early["refresh_token"])).await.problem(401, "auth.refresh_invalid");
        login(&world, EMAIL, "password of mallory").await.problem(401, "auth.credentials_wrong");
        let (access, _) = sign_in(&world).await;
        assert_eq!(world.get(&access, "/users/me").await.is(200)["name"], "Gita");
        // Nothing of the account that was there before is hers, whatever it had prepared.
        let claim = json!({"token": lost, "password": "password of mallory"});
        say(&world, "/auth/verify-email", &claim).await.problem(401, "auth.code_invalid");
        let newer = token_in(&message(&world, "verify_email", 2).await);
        let verify = json!({"token": newer, "password": PASSWORD});
        assert_eq!(say(&world, "/auth/verify-email", &verify).await.status, 204);
        let (me, prepared) = (world.get(&access, "/users/me").await.is(200), world.get(&text(&token), "/users/me").await.is(200));
        assert_eq!((&prepared["id"], &prepared["email"], &prepared["may_trade"]), (&mallory, &json!(null), &json!(false)));
        assert!(me["id"] != mallory && me["may_trade"] == json!(true), "{me}");
        world.running.stop().await;
    }

    async fn a_forgotten_password_is_replaced_by_a_link_and_signs_everybody_out(db: db::Db) {
        let world = World::start(db).await;
        register(&world).await;
        let (access, renewal) = sign_in(&world).await;
        let forgot = json!({"email": EMAIL});
        say(&world, "/auth/password/forgot", &forgot).await.is(202);
        let token = token_in(&message(&world, "reset_password", 1).await);
        let reset = |token: &str, password: &str| json!({"token": token, "password": password});
        say(&world, "/auth/password/reset", &reset(&token, "12345678")).await.problem(422, "auth.password_weak");
        say(&world, "/auth/password/reset", &reset("wml_no", "a new quiet roof")).await.problem(401, "auth.code_invalid");
        assert_eq!(say(&world, "/auth/password/reset", &reset(&token, "a new quiet roof")).await.status, 204);
        say(&world, "/auth/password/reset", &reset(&token, "a third quiet roof")).await.problem(401, "auth.code_invalid");
        world.get(&access, "/users/me").await.problem(401, "auth.token_invalid");
        refresh(&world, &renewal).await.problem(401, "auth.refresh_invalid");
        login(&world, EMAIL, PASSWORD).await.problem(401, "auth.credentials_wrong");
        login(&world, EMAIL, "a new quiet roof").await.is(200);
        let notice = text(&message(&world, "notice", 1).await["body"]);
        assert!(notice.contains("password") && !notice.contains("webhook"), "{notice}");
        // A link is good for an hour.
        say(&world, "/auth/password/forgot", &forgot).await.is(202);
        let late = token_in(&message(&world, "reset_password", 2).await);
        world.clock.advance(minutes(60));
        say(&world, "/auth/password/reset", &reset(&late, "a third quiet roof")).await.problem(401, "auth.code_invalid");
        world.running.stop().await;
    }

    async fn a_changed_password_signs_the_other_devices_out(db: db::Db) {
        let world = World::start(db).await;
        register(&world).await;
        let ((here, _), (there, _)) = (sign_in(&world).await, sign_in(&world).await);
        let body = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
        let wrong = world.post(&here, "/auth/password", &body("wrong", "a new quiet roof")).await;
        assert_eq!(wrong.problem(422, "request.field_invalid")["field"], "current_password");
        world.post(&here, "/auth/password", &body(PASSWORD, "password")).await.problem(422, "auth.password_weak");
        world.get(&there, "/users/me").await.is(200);
        world.post(&there, "/api/webhooks", &json!({"url": "http://127.0.0.1:9/hook"})).await.is(201);
        assert_eq!(world.post(&here, "/auth/password", &body(PASSWORD, "a new quiet roof")).await.status, 204);
        // What goes on although the device is signed out is named.
        let notice = text(&message(&world, "notice", 1).await["body"]);
        assert!(notice.contains("password") && notice.contains("to 1 of your webhooks"), "{notice}");
        world.get(&here, "/users/me").await.is(200);
        world.get(&there, "/users/me").await.problem(401, "auth.token_invalid");
        login(&world, EMAIL, PASSWORD).await.problem(401, "auth.credentials_wrong");
        login(&world, EMAIL, "a new quiet roof").await.is(200);
        world.running.stop().await;
    }

    async fn a_code_signs_a_number_in_and_is_tried_five_times(db: db::Db) {
        let world = World::with(db, |state| state.web = patient(Proxies::default())).await;
        let phone = "+91 98100 12345";
        let ask = || async { say(&world, "/auth/phone/code", &json!({"phone": phone})).await };
        let show = |code: &str| {
            let body = json!({"phone": "9810012345", "code": code, "name": "Hari"});
            let world = &world;
            async move { say(world, "/auth/phone/verify", &body).await }
        };
        show("000000").await.problem(401, "auth.code_invalid");
        assert_eq!(ask().await.is(202), json!({"sent_by": "phone", "expires_in": 300}));
        let sent = message(&world, "sign_in_code", 1).await;
        assert_eq!(sent["to"], "+919810012345");
        let code = code_in(&sent);
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        let wrong = if code == "111111" { "222222" } else { "111111" };
        for _ in 0..4 {
            show(wrong).await.problem(401, "auth.code_invalid");
        }
        let created = show(&code).await.is(201);
        world.clock.advance(minutes(1));
        show(&code).await.problem(401, "auth.code_invalid");
        let me = world.get(&text(&created["access_token"]), "/users/me").await.is(200);
        assert_eq!((&me["name"], &me["phone"], &me["may_trade"]), (&json!("Hari"), &json!("+919810012345"), &json!(true)));
        // After five wrong ones the right one is of no use, nor after five minutes.
        world.clock.advance(minutes(6));
        ask().await.is(202);
        let spent = code_in(&message(&world, "sign_in_code", 2).await);
        let wrong = if spent == "111111" { "222222" } else { "111111" };
        for _ in 0..5 {
            show(wrong).await.problem(401, "auth.code_invalid");
        }
        show(&spent).await.problem(401, "auth.code_invalid");
        ask().await.is(202);
        let late = code_in(&message(&world, "sign_in_code", 3).await);
        world.clock.advance(minutes(5));
        show(&late).await.problem(401, "auth.code_invalid");
        world.clock.advance(minutes(20));
        ask().await.is(202);
        let again = show(&code_in(&message(&world, "sign_in_code", 4).await)).await.is(200);
        assert_eq!(again["user_id"], created["user_id"]);
        let odd = say(&world, "/auth/phone/code", &json!({"phone": "12345"})).await;
        assert_eq!(odd.problem(422, "request.field_invalid")["field"], "phone");
        world.running.stop().await;
    }

    async fn devices_are_listed_and_signed_out(db: db::Db) {
        let world = World::start(db).await;
        register(&world).await;
        let ((here, _), (there, renewal)) = (sign_in(&world).await, sign_in(&world).await);
        let list = world.get(&here, "/auth/sessions").await.is(200)["items"].clone();
        let other = list.as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
        assert_eq!((list.as_array().unwrap().len(), &other["signed_in_by"], &other["device"]), (2, &json!("password"), &json!("test")));
        let path = format!("/auth/sessions/{}", text(&other["id"]));
        // Another user has no such session.
        let accounts = instance(&world);
        let bilal = accounts.open_session(world.asha.clone(), "test", "").await.ok().unwrap();
        let foreign = Reply::of(world.request(&bilal.access_token, "DELETE", &path)).await;
        foreign.problem(404, "resource.not_found");
        world.get(&there, "/users/me").await.is(200);
        assert_eq!(Reply::of(world.request(&here, "DELETE", &path)).await.status, 204);
        Reply::of(world.request(&here, "DELETE", &path)).await.problem(404, "resource.not_found");
        world.get(&there, "/users/me").await.problem(401, "auth.token_invalid");
        refresh(&world, &renewal).await.problem(401, "auth.refresh_invalid");
        let (third, _) = sign_in(&world).await;
        let out = world.post(&third, "/auth/logout", &json!({})).await;
        assert_eq!(out.status, 204);
        assert!(out.header("set-cookie").contains("Max-Age=0"));
        world.get(&third, "/users/me").await.problem(401, "auth.token_invalid");
        world.get(&here, "/users/me").await.is(200);
        sign_in(&world).await;
        assert_eq!(world.post(&here, "/auth/logout-all", &json!({})).await.status, 204);
        world.get(&here, "/users/me").await.problem(401, "auth.token_invalid");
        // A configured token is nobody's device.
        world.post(ASHA, "/auth/logout", &json!({})).await.problem(403, "auth.scope_missing");
        world.running.stop().await;
    }

    async fn a_profile_is_changed_once_under_a_key(db: db::Db) {
        let world = World::start(db).await;
        let change = |body: Value| world.request(ASHA, "PATCH", "/users/me").header("Idempotency-Key", "k").json(&body);
        let first = Reply::of(change(json!({"name": "Asha Rao", "language": "hi"}))).await;
        assert_eq!((&first.is(200)["name"], &first.json()["payout_vpa"]), (&json!("Asha Rao"), &json!("asha@upi")));
        let between = world.request(ASHA, "PATCH", "/users/me").json(&json!({"name": "A.", "payout_vpa": "a.rao@bank"}));
        Reply::of(between).await.is(200);
        assert_eq!(Reply::of(change(json!({"name": "Asha Rao", "language": "hi"}))).await.body, first.body);
        Reply::of(change(json!({"name": "B"}))).await.problem(422, "request.idempotency_mismatch");
        let me = world.get(ASHA, "/users/me").await.is(200);
        assert_eq!((&me["name"], &me["language"], &me["payout_vpa"]), (&json!("A."), &json!("hi"), &json!("a.rao@bank")));
        for (field, body) in [("name", json!({"name": ""})), ("payout_vpa", json!({"payout_vpa": "x"}))] {
            let refused = Reply::of(world.request(ASHA, "PATCH", "/users/me").json(&body)).await;
            assert_eq!(refused.problem(422, "request.field_invalid")["field"], field);
        }
        world.running.stop().await;
    }

    async fn an_administrator_gives_roles_and_locks_accounts_at_once(db: db::Db) {
        let world = World::start(db).await;
        register(&world).await;
        let accounts = instance(&world);
        let boss = of_role(&world, &accounts, "boss", wattmandi::identity::Role::Admin).await;
        let boss_token = "token-of-boss-0001";
        let (access, renewal) = sign_in(&world).await;
        let id = text(&world.get(&access, "/users/me").await.is(200)["id"]);
        let path = format!("/admin/users/{id}");
        let change = |path: &str, body: Value| {
            let request = world.request(boss_token, "PATCH", path).json(&body);
            async move { Reply::of(request).await }
        };
        let listed = world.get(boss_token, "/admin/users").await.is(200);
        assert!(listed["items"].as_array().unwrap().iter().any(|user| user["email"] == EMAIL), "{listed}");
        world.post(&access, "/api/discover", &json!({})).await.is(202);
        assert_eq!(change(&path, json!({"role": "producer"})).await.is(200)["role"], "producer");
        world.post(&access, "/api/discover", &json!({})).await.problem(403, "auth.forbidden");
        for (field, body) in [
            ("role", json!({"role": "king"})),
            ("discom", json!({"role": "utility"})),
            ("discom", json!({"role": "utility", "discom": "ELSEWHERE"})),
            ("discom", json!({"discom": "NORTH"})),
            ("discom", json!({"role": "consumer", "discom": "NORTH"})),
        ] {
            assert_eq!(change(&path, body).await.problem(422, "request.field_invalid")["field"], field);
        }
        let own = change(&format!("/admin/users/{}", boss.id), json!({"locked": true})).await;
        own.problem(422, "request.field_invalid");
        change(&format!("/admin/users/{}", uuid::Uuid::from_u128(9)), json!({})).await.problem(404, "resource.not_found");
        assert_eq!(change(&path, json!({"locked": true})).await.is(200)["locked"], true);
        world.get(&access, "/users/me").await.problem(401, "auth.token_invalid");
        refresh(&world, &renewal).await.problem(401, "auth.refresh_invalid");
        login(&world, EMAIL, PASSWORD).await.problem(403, "auth.account_locked");
        login(&world, EMAIL, "wrong").await.problem(401, "auth.credentials_wrong");
        change(&format!("/admin/users/{}", world.asha.id), json!({"locked": true})).await.is(200);
        world.get(ASHA, "/users/me").await.problem(403, "auth.account_locked");
        change(&path, json!({"locked": false})).await.is(200);
        login(&world, EMAIL, PASSWORD).await.is(200);
        world.running.stop().await;
    }
}
