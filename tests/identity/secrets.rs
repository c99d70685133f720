//! What opens something is in its answer and nowhere else: no cache keeps it.

use serde_json::json;
use test_support::both_databases;

use crate::people::{EMAIL, PASSWORD, code_in, login, message, refresh, register, say, text, token_in};
use crate::world::{Reply, World};

/// Asserts that nobody keeps an answer that holds that, and gives it.
fn unkept(reply: Reply, status: u16, secret: &str) -> Reply {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert!(reply.text().contains(secret), "{}", reply.text());
    let rule = reply.header("cache-control");
    assert!(rule.split(", ").any(|part| part == "no-store"), "{secret}: {rule}");
    assert_eq!(reply.header("etag"), "", "{secret}");
    reply
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn what_opens_an_account_is_kept_by_no_cache(db: db::Db) {
        let world = World::start(db).await;
        register(&world).await;
        let link = token_in(&message(&world, "verify_email", 1).await);
        for path in ["/auth/verify-email", "/auth/password/reset"] {
            unkept(Reply::of(world.plain("GET", &format!("{path}?token={link}"))).await, 200, &link);
        }
        let tokens = unkept(login(&world, EMAIL, PASSWORD).await, 200, "wmr_").json();
        let tokens = unkept(refresh(&world, &text(&tokens["refresh_token"])).await, 200, "wmr_").json();
        let by_cookie = json!({"email": EMAIL, "password": PASSWORD, "cookie": true});
        let by_cookie = unkept(say(&world, "/auth/login", &by_cookie).await, 200, "access_token");
        let cookie = by_cookie.header("set-cookie").split(';').next().unwrap().to_owned();
        let renewed = world.plain("POST", "/auth/refresh").header("Cookie", cookie).json(&json!({}));
        unkept(Reply::of(renewed).await, 200, "access_token");
        let phone = json!({"phone": "9810012345"});
        for status in [201, 200] {
            say(&world, "/auth/phone/code", &phone).await.is(202);
            let code = code_in(&message(&world, "sign_in_code", if status == 201 { 1 } else { 2 }).await);
            let shown = json!({"phone": "9810012345", "code": code});
            unkept(say(&world, "/auth/phone/verify", &shown).await, status, "wmr_");
        }
        let access = text(&tokens["access_token"]);
        let wish = json!({"name": "machine", "scopes": ["read"], "expires_in_days": 1});
        unkept(world.post(&access, "/auth/tokens", &wish).await, 201, "wmt_");
        unkept(world.post(&access, "/api/events/tickets", &json!({})).await, 201, "ticket=");
        let hook = json!({"url": "http://127.0.0.1:1/hook"});
        let make = || {
            let request = world.request(&access, "POST", "/api/webhooks").header("Idempotency-Key", "k");
            Reply::of(request.json(&hook))
        };
        let made = unkept(make().await, 201, "whsec_").json();
        unkept(make().await, 201, "whsec_");
        let rotate = format!("/api/webhooks/{}/rotate", text(&made["id"]));
        unkept(world.post(&access, &rotate, &json!({})).await, 200, "whsec_");
        world.running.stop().await;
    }
}
