//! Which tokens are believed: forged, expired, swapped and replayed ones are not, and an instance knows those of the
//! others.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use test_support::both_databases;
use test_support::database::TestDb;
use units::Span;
use wattmandi::events;
use wattmandi::identity::{Accounts, Identified, Setup};
use wattmandi::network::SigningKey;

use crate::people::{EMAIL, PASSWORD, instance, refresh, register, say, sign_in, text};
use crate::world::{ASHA, BILAL, Reply, World};

db::sql! {
    PUT_KEY = "INSERT INTO access_keys (kid, public_key, verifies_until) VALUES ($1, $2, $3)";
    SECRETS = "SELECT token_hash AS secret FROM api_tokens UNION ALL SELECT token_hash FROM refresh_tokens \
        UNION ALL SELECT token_hash FROM mail_links UNION ALL SELECT password_hash FROM logins \
        UNION ALL SELECT public_key FROM access_keys UNION ALL SELECT code_hash FROM phone_codes \
        UNION ALL SELECT phone_hash FROM phone_codes";
}

fn coded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Signs with Ed25519.
fn signed(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", coded(header), coded(claims));
    let signature =
        base64::engine::general_purpose::STANDARD.decode(key.sign_bytes(text.as_bytes())).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn with(value: &Value, name: &str, other: Value) -> Value {
    let mut changed = value.clone();
    changed[name] = other;
    changed
}

fn x_of(key: &SigningKey) -> String {
    let bytes = base64::engine::general_purpose::STANDARD.decode(key.public().to_base64()).unwrap();
    URL_SAFE_NO_PAD.encode(bytes)
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn only_what_a_key_of_ours_has_signed_for_us_is_believed(db: db::Db) {
        let world = World::start(db).await;
        register(&world).await;
        let (access, _) = sign_in(&world).await;
        let parts: Vec<&str> = access.split('.').collect();
        let (header, claims) = (decoded(parts[0]), decoded(parts[1]));
        assert_eq!((&header["alg"], &header["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
        let keys = Reply::of(world.plain("GET", "/.well-known/jwks.json")).await.is(200);
        let ours = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap();
        assert_eq!((&ours["kty"], &ours["crv"], &ours["alg"], ours.get("d")), (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"), None));
        // A key that stands in our table, so that each claim is tried by itself.
        let other = SigningKey::from_seed(&[9; 32]);
        let (x, until) = (x_of(&other), world.participant.now().saturating_add(Span::from_hours(1)));
        let put = world.participant.db.write(move |tx| {
            let x = x.clone();
            async move { tx.execute(&PUT_KEY, &["test".into(), x.into(), until.into()]).await }.boxed()
        });
        put.await.unwrap();
        let head = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "test"});
        world.get(&access, "/users/me").await.is(200);
        world.get(&signed(&other, &head, &claims), "/users/me").await.is(200);

        let mut forged = vec![
            ("claims changed", format!("{}.{}.{}", parts[0], coded(&with(&claims, "sub", json!(world.asha.id))), parts[2])),
            ("no signature", format!("{}.{}.", parts[0], parts[1])),
            ("none", format!("{}.{}.", coded(&with(&header, "alg", json!("none"))), parts[1])),
            ("None, signed", format!("{}.{}.{}", coded(&with(&header, "alg", json!("None"))), parts[1], parts[2])),
            ("another key under our kid", signed(&other, &header, &claims)),
            ("a stranger's key", signed(&SigningKey::from_seed(&[10; 32]), &head, &claims)),
            ("its own key beside it", signed(&SigningKey::from_seed(&[10; 32]), &with(&head, "jwk",
                json!({"kty": "OKP", "crv": "Ed25519", "x": x_of(&SigningKey::from_seed(&[10; 32]))})), &claims)),
            ("an unknown kid", signed(&other, &with(&head, "kid", json!("nobodys")), &claims)),
            ("a kid that is SQL", signed(&other, &with(&head, "kid", json!("' OR '1'='1")), &claims)),
            ("no kid", signed(&other, &json!({"alg": "EdDSA", "typ": "at+jwt"}), &claims)),
            ("another type", signed(&other, &with(&head, "typ", json!("JWT")), &claims)),
            ("no type", signed(&other, &json!({"alg": "EdDSA", "kid": "test"}), &claims)),
            ("from tomorrow", signed(&other, &head, &with(&with(&claims, "iat", json!(claims["iat"].as_i64().unwrap() + 86_400)),
                "exp", json!(claims["exp"].as_i64().unwrap() + 86_400)))),
            ("for ever", signed(&other, &head, &with(&claims, "exp", json!(4_000_000_000_i64)))),
            ("another's session", signed(&other, &head, &with(&claims, "sub", json!(world.asha.id)))),
            ("no session", signed(&other, &head, &with(&claims, "sid", json!(uuid::Uuid::from_u128(5))))),
        ];
        for (name, value) in [("iss", json!("https://evil.example")), ("aud", json!("another-api")), ("sub", json!("gita")), ("exp", json!(null))] {
            forged.push((name, signed(&other, &head, &with(&claims, name, value))));
        }
        let public = URL_SAFE_NO_PAD.decode(ours["x"].as_str().unwrap()).unwrap();
        for secret in [public.as_slice(), ours["x"].as_str().unwrap().as_bytes()] {
            let text = format!("{}.{}", coded(&with(&header, "alg", json!("HS256"))), parts[1]);
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
            mac.update(text.as_bytes());
            forged.push(("HS256", format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))));
        }
        for (name, token) in &forged {
            let refused = world.get(token, "/users/me").await;
            assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("auth.token_invalid")), "{name}");
            assert!(refused.header("www-authenticate").contains("invalid_token"), "{name}");
        }
        world.running.stop().await;
    }

    async fn tokens_expire_and_keys_are_replaced_daily(db: db::Db) {
        let world = World::start(db).await;
        register(&world).await;
        let (access, renewal) = sign_in(&world).await;
        let kid = |token: &str| decoded(token.split('.').next().unwrap())["kid"].clone();
        let published = || async {
            let keys = Reply::of(world.plain("GET", "/.well-known/jwks.json")).await.is(200);
            keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
        };
        world.clock.advance(Span::from_secs(899));
        world.get(&access, "/users/me").await.is(200);
        world.clock.advance(Span::from_secs(1));
        let expired = world.get(&access, "/users/me").await;
        assert!(expired.problem(401, "auth.token_expired")["next_step"].as_str().unwrap().contains("/auth/refresh"));
        let renewed = refresh(&world, &renewal).await.is(200);
        let (second, renewal) = (text(&renewed["access_token"]), text(&renewed["refresh_token"]));
        world.get(&second, "/users/me").await.is(200);
        assert_eq!(published().await, [kid(&access)]);
        world.clock.advance(Span::from_hours(24));
        let next = refresh(&world, &renewal).await.is(200);
        let third = text(&next["access_token"]);
        assert_ne!(kid(&third), kid(&second));
        assert!(published().await.contains(&kid(&third)));
        world.clock.advance(Span::from_hours(25));
        assert!(!published().await.contains(&kid(&second)));
        // Seven days without use, and a new sign-in is needed.
        world.clock.advance(Span::from_days(7));
        refresh(&world, &text(&next["refresh_token"])).await.problem(401, "auth.refresh_invalid");
        world.running.stop().await;
    }

    async fn a_refresh_token_that_comes_twice_ends_its_session(db: db::Db) {
        let world = World::start(db).await;
        register(&world).await;
        let ((_, stolen), (elsewhere, _)) = (sign_in(&world).await, sign_in(&world).await);
        let first = refresh(&world, &stolen).await.is(200);
        let second = refresh(&world, &text(&first["refresh_token"])).await.is(200);
        world.get(&text(&second["access_token"]), "/users/me").await.is(200);
        refresh(&world, &stolen).await.problem(401, "auth.refresh_invalid");
        // Whoever holds the newest one is out as well, at once; other devices are not.
        world.get(&text(&second["access_token"]), "/users/me").await.problem(401, "auth.token_invalid");
        refresh(&world, &text(&second["refresh_token"])).await.problem(401, "auth.refresh_invalid");
        let me = world.get(&elsewhere, "/users/me").await.is(200);
        let user = uuid::Uuid::parse_str(&text(&me["id"])).unwrap();
        let told = world.participant.db.read(move |tx| events::after(tx, user, None, 0, 100).boxed()).await.unwrap();
        let told: Vec<_> = told.iter().filter(|event| event.kind == "session.reused").collect();
        assert_eq!(told.len(), 1);
        assert!(told[0].payload.contains(&text(&first["session_id"])), "{}", told[0].payload);
        for odd in ["", "wmr_", "wmr_nothing", "x"] {
            refresh(&world, odd).await.problem(401, "auth.refresh_invalid");
        }
        world.running.stop().await;
    }

    async fn a_page_keeps_its_refresh_token_in_a_cookie_of_its_own_origin(db: db::Db) {
        let world = World::start(db).await;
        register(&world).await;
        let signed = say(&world, "/auth/login", &json!({"email": EMAIL, "password": PASSWORD, "cookie": true})).await;
        assert_eq!(signed.is(200).get("refresh_token"), None);
        let set = signed.header("set-cookie");
        for attribute in ["HttpOnly", "SameSite=Strict", "Path=/auth", "Max-Age=604800"] {
            assert!(set.split("; ").any(|part| part == attribute), "{set}");
        }
        let cookie = set.split(';').next().unwrap().to_owned();
        let host = world.base.strip_prefix("http://").unwrap();
        let ask = |name: &'static str, value: String| {
            let request = world.plain("POST", "/auth/refresh").header("Cookie", &cookie).json(&json!({}));
            async move { Reply::of(request.header(name, value)).await }
        };
        for (name, value) in [("Origin", "https://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site")] {
            ask(name, value.to_owned()).await.problem(403, "auth.forbidden");
        }
        let form = world.plain("POST", "/auth/refresh").header("Cookie", &cookie)
            .header("Content-Type", "text/plain").body("{}");
        Reply::of(form).await.problem(415, "request.unsupported_media_type");
        let renewed = ask("Origin", format!("http://{host}")).await;
        assert_eq!(renewed.is(200).get("refresh_token"), None);
        assert_ne!(renewed.header("set-cookie").split(';').next().unwrap(), cookie);
        say(&world, "/auth/refresh", &json!({})).await.problem(401, "auth.refresh_invalid");
        world.running.stop().await;
    }

    async fn a_machines_token_is_confined_shown_once_and_taken_back(db: db::Db) {
        let world = World::start(db).await;
        register(&world).await;
        let (access, _) = sign_in(&world).await;
        let make = |body: Value| { let access = access.clone(); let world = &world;
            async move { world.post(&access, "/auth/tokens", &body).await } };
        for (field, body) in [
            ("name", json!({"name": "", "scopes": ["read"]})),
            ("scopes", json!({"name": "t", "scopes": []})),
            ("scopes", json!({"name": "t", "scopes": ["session"]})),
            ("expires_in_days", json!({"name": "t", "scopes": ["read"], "expires_in_days": 366})),
        ] {
            assert_eq!(make(body).await.problem(422, "request.field_invalid")["field"], field);
        }
        let made = make(json!({"name": "battery", "scopes": ["read"], "expires_in_days": 1})).await.is(201);
        let token = text(&made["token"]);
        assert!(token.starts_with("wmt_") && token.len() == 47, "{token}");
        let list = world.get(&access, "/auth/tokens").await;
        assert_eq!(list.is(200)["items"][0]["name"], "battery");
        assert!(!list.text().contains(&token));
        assert_eq!(world.get(&token, "/users/me").await.is(200)["scopes"], json!(["read"]));
        let confined = world.post(&token, "/api/discover", &json!({})).await;
        assert!(confined.problem(403, "auth.scope_missing")["detail"].as_str().unwrap().contains("trade"));
        world.post(&token, "/auth/tokens", &json!({"name": "t", "scopes": ["read"]})).await.problem(403, "auth.scope_missing");
        world.get(&token, "/admin/users").await.problem(403, "auth.forbidden");
        assert!(world.get(&access, "/auth/tokens").await.is(200)["items"][0]["used_at"].is_string());
        // It outlives the session that made it, is another's to nobody, and ends when it is taken back, or with its day.
        let path = format!("/auth/tokens/{}", text(&made["id"]));
        let asha = instance(&world).open_session(world.asha.clone(), "test", "").await.ok().unwrap();
        Reply::of(world.request(&asha.access_token, "DELETE", &path)).await.problem(404, "resource.not_found");
        world.get(&token, "/users/me").await.is(200);
        let second = text(&make(json!({"name": "t", "scopes": ["read", "trade"], "expires_in_days": 1})).await.is(201)["token"]);
        world.post(&second, "/api/discover", &json!({})).await.is(202);
        let page = world.get(&access, "/auth/tokens?limit=1").await;
        let link = page.header("link").trim_start_matches('<').split('>').next().unwrap();
        let names = [page.is(200)["items"].clone(), world.get(&access, link).await.is(200)["items"].clone()];
        let mut names = names.map(|items| (items.as_array().unwrap().len(), text(&items[0]["name"])));
        // Made in one instant of this clock, they come in either order.
        names.sort();
        assert_eq!(names, [(1, "battery".to_owned()), (1, "t".to_owned())]);
        assert_eq!(Reply::of(world.request(&access, "DELETE", &path)).await.status, 204);
        world.get(&token, "/users/me").await.problem(401, "auth.token_invalid");
        world.clock.advance(Span::from_hours(24));
        world.get(&second, "/users/me").await.problem(401, "auth.token_invalid");
        world.running.stop().await;
    }

    async fn a_stolen_database_opens_nothing(db: db::Db) {
        let world = World::start(db).await;
        register(&world).await;
        let (access, renewal) = sign_in(&world).await;
        let made = world.post(&access, "/auth/tokens", &json!({"name": "t", "scopes": ["read"]})).await.is(201);
        say(&world, "/auth/phone/code", &json!({"phone": "9810012345"})).await.is(202);
        let read = world.participant.db.read(|tx| async move { tx.query(&SECRETS, &[]).await }.boxed());
        let rows: Vec<db::Row> = read.await.unwrap();
        assert!(rows.len() >= 6, "{}", rows.len());
        for row in rows {
            let stored: String = row.get::<Option<String>>("secret").unwrap().unwrap_or_default();
            assert!(![&renewal, &access, &text(&made["token"]), &PASSWORD.to_owned()].contains(&&stored));
            assert!(!stored.contains("98100") && !stored.contains("wmt_") && !stored.contains("wmr_"), "{stored}");
            world.get(&stored, "/users/me").await.problem(401, "auth.token_invalid");
            refresh(&world, &stored).await.problem(401, "auth.refresh_invalid");
        }
        world.running.stop().await;
    }

    async fn instances_on_one_database_believe_one_another(test: TestDb) {
        let (here, there) = if test.is_postgres() {
            let options = db::Options::default();
            (World::start(test.reconnect(&options).await).await, World::start(test.reconnect(&options).await).await)
        } else {
            (World::start(test.db().clone()).await, World::start(test.db().clone()).await)
        };
        // Both have the address of the platform, and one has a new signing key already.
        let accounts = |world: &World, seed: u8| Accounts::new(Setup {
            db: world.participant.db.clone(),
            clock: Arc::clone(&world.participant.clocks.wire),
            ids: clock::Ids::system(),
            signing_key: &SigningKey::from_seed(&[seed; 32]),
            base_url: "https://us.example",
            welcome: Arc::new(|_, _, _| async { Ok(()) }.boxed()),
        });
        let (old, new) = (accounts(&here, 7), accounts(&there, 8));
        let signed = old.open_session(here.asha.clone(), "test", "").await.ok().unwrap();
        let renewed = new.refresh(&signed.refresh_token).await.ok().unwrap();
        assert_ne!(signed.access_token.split('.').next(), renewed.access_token.split('.').next());
        for token in [&signed.access_token, &renewed.access_token] {
            for accounts in [&old, &new] {
                let known = accounts.identify(token).await.unwrap();
                assert!(matches!(&known, Identified::Session { user, .. } if user.handle == "asha"), "{known:?}");
            }
        }
        assert_eq!(old.public_keys().await.unwrap().len(), new.public_keys().await.unwrap().len());
        // Of many who use a token at the same time, at either instance, one goes on, and then nobody.
        let tries = (0..8).map(|n| { let accounts = if n % 2 == 0 { old.clone() } else { new.clone() };
            let token = renewed.refresh_token.clone();
            tokio::spawn(async move { accounts.refresh(&token).await.is_ok() }) });
        let went_on = futures_util::future::join_all(tries).await.into_iter().filter(|went| *went.as_ref().unwrap()).count();
        assert_eq!(went_on, 1);
        for accounts in [&old, &new] {
            assert!(matches!(accounts.identify(&renewed.access_token).await.unwrap(), Identified::Unknown));
        }
        here.get(ASHA, "/users/me").await.is(200);
        there.get(BILAL, "/users/me").await.is(200);
        here.running.stop().await;
        there.running.stop().await;
    }
}
