//! How often a name is tried and sent messages: each purpose for itself, by the client's address and by the name, and
//! nothing that a stranger does keeps the owner out.

use serde_json::{Value, json};
use test_support::both_databases;
use wattmandi::api::Proxies;
use wattmandi::cache::Cache;
use wattmandi::config::{LimitsConfig, ProxyHeader, Subnet};

use crate::accounts::{alike, minutes, patient};
use crate::people::{EMAIL, PASSWORD, code_in, login, message, register, say, sign_in, token_in};
use crate::world::{Reply, World};

/// The environment variable with the URL of a Redis where keys may be made.
const REDIS_URL: &str = "WATTMANDI_TEST_REDIS";

/// A platform behind a proxy, which says from where a request comes.
async fn proxied(db: db::Db) -> World {
    let trusted = vec![Subnet::parse("127.0.0.1").unwrap()];
    let proxies = Proxies { trusted, header: ProxyHeader::XForwardedFor };
    World::with(db, |state| {
        state.web = patient(proxies);
        state.web.limits = LimitsConfig { sign_in: 100_000, anonymous: 100_000, ..LimitsConfig::default() };
    })
    .await
}

/// Says it from that address.
async fn from(world: &World, address: usize, path: &str, body: &Value) -> Reply {
    let request = world.plain("POST", path).header("X-Forwarded-For", format!("10.1.{address}.1"));
    Reply::of(request.json(body)).await
}

/// Asserts a refusal that says when to come again, and how the name of that quota stands.
fn refused(reply: &Reply, quota: &str) -> i64 {
    reply.problem(429, "request.rate_limited");
    assert!(reply.header("ratelimit").contains(&format!("\"{quota}\";r=0;t=")), "{:?}", reply.headers);
    assert!(reply.header("ratelimit-policy").contains(&format!("\"{quota}\";q=")), "{:?}", reply.headers);
    let wait = reply.header("retry-after").parse().unwrap();
    assert!(wait > 0);
    wait
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn passwords_are_not_tried_without_end(db: db::Db) {
        let world = World::start(db).await;
        register(&world).await;
        let mut answers = Vec::new();
        for _ in 0..12 {
            answers.push(login(&world, EMAIL, "wrong").await);
        }
        assert!(answers[0].header("ratelimit").contains("\"login\";r=9;t="), "{:?}", answers[0].headers);
        assert_eq!(answers.iter().filter(|reply| reply.status == 401).count(), 10);
        assert_eq!(refused(answers.last().unwrap(), "login"), 60);
        // The right one waits as well, however it is written; others do not, and are told the same.
        refused(&login(&world, " Gita@EXAMPLE.com ", PASSWORD).await, "login");
        let other = login(&world, "nobody@example.com", "wrong").await;
        assert_eq!(alike(&other), alike(&answers[0]));
        assert!(other.header("ratelimit").contains("\"login\";r=9;t="), "{:?}", other.headers);
        world.clock.advance(minutes(2));
        login(&world, EMAIL, PASSWORD).await.is(200);
        world.running.stop().await;
    }

    async fn a_stranger_locks_nobody_out(db: db::Db) {
        let world = proxied(db).await;
        register(&world).await;
        let body = |password: &str| json!({"email": EMAIL, "password": password});
        for _ in 0..10 {
            from(&world, 1, "/auth/login", &body("wrong")).await.problem(401, "auth.credentials_wrong");
        }
        refused(&from(&world, 1, "/auth/login", &body(PASSWORD)).await, "login");
        // Whatever else he asks for, it spends nothing of the owner's either.
        let wish = json!({"email": EMAIL, "password": "another quiet roof", "name": "Mallory"});
        for (path, quota, body) in [
            ("/auth/register", "register", wish),
            ("/auth/password/forgot", "forgot", json!({"email": EMAIL})),
        ] {
            for _ in 0..3 {
                from(&world, 1, path, &body).await.is(202);
            }
            assert_eq!(refused(&from(&world, 1, path, &body).await, quota), 1_200);
            from(&world, 2, path, &body).await.is(202);
        }
        let told = from(&world, 2, "/auth/login", &body(PASSWORD)).await;
        told.is(200);
        // What others have tried stands in no answer.
        assert!(told.header("ratelimit").contains("\"login\";r=9;t="), "{:?}", told.headers);
        assert!(!told.header("ratelimit").contains("-name"), "{:?}", told.headers);
        world.running.stop().await;
    }

    async fn many_addresses_do_not_try_a_name_without_end(db: db::Db) {
        let world = proxied(db).await;
        let body = json!({"token": "wml_of_nobody", "password": PASSWORD});
        for address in 0..30 {
            for _ in 0..10 {
                from(&world, address, "/auth/verify-email", &body).await.problem(401, "auth.code_invalid");
            }
            // Beyond its own limit a client spends nothing of the name's.
            refused(&from(&world, address, "/auth/verify-email", &body).await, "verify");
        }
        assert_eq!(refused(&from(&world, 99, "/auth/verify-email", &body).await, "verify-name"), 12);
        let other = json!({"token": "wml_of_another", "password": PASSWORD});
        from(&world, 99, "/auth/verify-email", &other).await.problem(401, "auth.code_invalid");
        world.clock.advance(minutes(1));
        from(&world, 98, "/auth/verify-email", &body).await.problem(401, "auth.code_invalid");
        world.running.stop().await;
    }

    async fn many_at_once_get_no_more_tries(db: db::Db) {
        let world = proxied(db).await;
        let body = json!({"token": "wml_of_nobody", "password": PASSWORD});
        let tries = (0..40).map(|_| from(&world, 1, "/auth/verify-email", &body));
        let answers = futures_util::future::join_all(tries).await;
        assert_eq!(answers.iter().filter(|reply| reply.status == 401).count(), 10);
        assert_eq!(answers.iter().filter(|reply| reply.status == 429).count(), 30);
        world.running.stop().await;
    }

    async fn a_mailbox_is_not_filled_and_nobody_is_told(db: db::Db) {
        let world = proxied(db).await;
        register(&world).await;
        let ask = |address: usize, email: &'static str| {
            let world = &world;
            async move { from(world, address, "/auth/password/forgot", &json!({"email": email})).await }
        };
        let first = ask(0, EMAIL).await;
        let mut last = message(&world, "reset_password", 1).await;
        for number in 1..15 {
            // The thirteenth to the fifteenth are answered as the others are, known address or not.
            let (known, unknown) = (ask(number / 3, EMAIL).await, ask(number / 3, "nobody@example.com").await);
            assert_eq!(alike(&known), alike(&first));
            assert_eq!(alike(&unknown), alike(&first));
            last = message(&world, "reset_password", 12.min(number + 1)).await;
        }
        // What was sent last is good, and other purposes have their own quota.
        let wish = json!({"email": EMAIL, "password": "another quiet roof", "name": "Mallory"});
        from(&world, 7, "/auth/register", &wish).await.is(202);
        message(&world, "notice", 1).await;
        let reset = json!({"token": token_in(&last), "password": "a new quiet roof"});
        assert_eq!(from(&world, 8, "/auth/password/reset", &reset).await.status, 204);
        world.clock.advance(minutes(5));
        ask(9, EMAIL).await.is(202);
        message(&world, "reset_password", 13).await;
        world.running.stop().await;
    }

    async fn who_claims_an_address_does_not_fill_its_mailbox(db: db::Db) {
        let world = proxied(db).await;
        let wish = json!({"email": EMAIL, "password": PASSWORD, "name": "Mallory"});
        from(&world, 1, "/auth/register", &wish).await.is(202);
        let (access, _) = sign_in(&world).await;
        let mut taken = 0;
        for address in 0..6 {
            for _ in 0..3 {
                let again = world.request(&access, "POST", "/auth/verify-email/resend");
                let again = again.header("X-Forwarded-For", format!("10.2.{address}.1")).json(&json!({}));
                taken += usize::from(Reply::of(again).await.status == 202);
            }
        }
        assert_eq!(taken, 18);
        message(&world, "verify_email", 13).await;
        world.running.stop().await;
    }

    async fn a_number_gets_few_codes_and_nobody_is_told(db: db::Db) {
        let world = proxied(db).await;
        let ask = |address: usize| {
            let world = &world;
            async move { from(world, address, "/auth/phone/code", &json!({"phone": "98100 12345"})).await }
        };
        let first = ask(0).await;
        for number in 1..9 {
            assert_eq!(alike(&ask(number / 3).await), alike(&first));
        }
        assert_eq!(refused(&ask(0).await, "otp"), 1_200);
        // The ninth was not sent, and the eighth is good.
        let code = code_in(&message(&world, "sign_in_code", 8).await);
        let wrong = json!({"phone": "9810012345", "code": if code == "111111" { "222222" } else { "111111" }});
        for _ in 0..4 {
            from(&world, 5, "/auth/phone/verify", &wrong).await.problem(401, "auth.code_invalid");
        }
        let right = json!({"phone": "+91 98100-12345", "code": code});
        from(&world, 0, "/auth/phone/verify", &right).await.is(201);
        // He who tries wrong ones spoils one code, and then no more.
        for _ in 0..2 {
            from(&world, 5, "/auth/phone/verify", &wrong).await.problem(401, "auth.code_invalid");
        }
        assert_eq!(refused(&from(&world, 5, "/auth/phone/verify", &wrong).await, "otp-try"), 60);
        world.clock.advance(minutes(61));
        ask(0).await.is(202);
        message(&world, "sign_in_code", 9).await;
        world.running.stop().await;
    }

    async fn a_network_address_asks_for_few_codes(db: db::Db) {
        let world = World::with(db, |state| state.web = patient(Proxies::default())).await;
        let mut taken = 0;
        for number in 0..15 {
            let body = json!({"phone": format!("98100123{number:02}")});
            let reply = say(&world, "/auth/phone/code", &body).await;
            if reply.status == 202 {
                taken += 1;
            } else {
                assert_eq!(refused(&reply, "otp-address"), 360);
            }
        }
        assert_eq!(taken, 10);
        world.running.stop().await;
    }

    async fn behind_a_trusted_proxy_each_address_asks_for_its_own_codes(db: db::Db) {
        let world = proxied(db).await;
        let mut number = 0;
        let mut ask = |from: &'static str| {
            number += 1;
            let body = json!({"phone": format!("98100123{number:02}")});
            Reply::of(world.plain("POST", "/auth/phone/code").header("X-Forwarded-For", from).json(&body))
        };
        for _ in 0..10 {
            ask("1.2.3.4").await.is(202);
            ask("2001:db8:1:2::1").await.is(202);
        }
        for spent in ["1.2.3.4", "9.9.9.9, 1.2.3.4", "2001:db8:1:2:ffff::7"] {
            ask(spent).await.problem(429, "request.rate_limited");
        }
        for fresh in ["1.2.3.5", "2001:db8:1:3::1"] {
            ask(fresh).await.is(202);
        }
        world.running.stop().await;
    }

    async fn two_instances_count_together(db: db::Db) {
        let Ok(url) = std::env::var(REDIS_URL) else {
            assert!(!test_support::is_ci(), "{REDIS_URL} is not set");
            return eprintln!("skipped: {REDIS_URL} is not set");
        };
        let platform = clock::Ids::system().uuid().to_string();
        let one = World::with(db.clone(), |state| state.web.cache = Cache::redis(&url, &platform).unwrap()).await;
        let other = World::with(db, |state| state.web.cache = Cache::redis(&url, &platform).unwrap()).await;
        let body = json!({"token": "wml_of_nobody", "password": PASSWORD});
        for _ in 0..5 {
            for world in [&one, &other] {
                say(world, "/auth/verify-email", &body).await.problem(401, "auth.code_invalid");
            }
        }
        for world in [&one, &other] {
            refused(&say(world, "/auth/verify-email", &body).await, "verify");
        }
        // A mailbox has one quota at all of them.
        register(&one).await;
        let forgot = json!({"email": EMAIL});
        for world in [&one, &other, &one] {
            say(world, "/auth/password/forgot", &forgot).await.is(202);
        }
        refused(&say(&other, "/auth/password/forgot", &forgot).await, "forgot");
        one.running.stop().await;
        other.running.stop().await;
    }
}
