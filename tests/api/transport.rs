//! What stands around every answer: security headers, other origins, TLS, proxies, limits, and tags.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client};
use serde_json::json;
use tempfile::TempDir;
use test_support::both_databases;
use units::Span;
use wattmandi::api::{Proxies, Tls, Web};
use wattmandi::cache::Cache;
use wattmandi::config::{LimitsConfig, ProxyHeader, Subnet};

use crate::world::{ASHA, BILAL, Reply, World};

const APP: &str = "https://app.example.com";

/// Writes a new certificate for 127.0.0.1, and gives it.
fn certify(folder: &Path) -> Certificate {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    Certificate::from_pem(made.cert.pem().as_bytes()).unwrap()
}

/// One who believes this certificate only.
fn believer(certificate: Certificate) -> Client {
    let builder = Client::builder().no_proxy().timeout(Duration::from_secs(10));
    builder.tls_certs_only([certificate]).build().unwrap()
}

fn proxied(header: ProxyHeader, anonymous: u32) -> Web {
    let proxies = Proxies { trusted: vec![Subnet::parse("127.0.0.1").unwrap()], header };
    let limits = LimitsConfig { anonymous, ..LimitsConfig::default() };
    Web { proxies, limits, ..Web::default() }
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn every_answer_is_dressed_failures_too(db: db::Db) {
        let world = World::start(db).await;
        for (method, path, status) in [
            ("GET", "/", 200),
            ("GET", "/health", 200),
            ("GET", "/openapi.json", 200),
            ("GET", "/docs/", 200),
            ("GET", "/api/plans", 401),
            ("POST", "/api/confirm", 401),
            ("GET", "/nothing", 404),
            ("GET", "/docs/nothing", 404),
            ("POST", "/", 405),
            ("OPTIONS", "/api/plans", 405),
            ("POST", "/bap/receiver/on_select", 401),
        ] {
            let reply = Reply::of(world.plain(method, path)).await;
            assert_eq!(reply.status, status, "{method} {path}");
            reply.dressed();
            assert_eq!(reply.header("strict-transport-security"), "", "{path}");
        }
        world.running.stop().await;
    }

    async fn the_api_page_obeys_its_own_policy(db: db::Db) {
        let world = World::start(db).await;
        let page = Reply::of(world.plain("GET", "/docs/")).await;
        let policy = page.header("content-security-policy").to_owned();
        assert!(policy.contains("script-src 'self';") && policy.contains("connect-src 'self';"), "{policy}");
        let text = page.text();
        // Scripts and styles come from files of this server, and nothing stands in the page itself.
        assert!(text.matches("<script").count() >= 3);
        for script in text.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap();
            assert!(tag.contains("src=\"./"), "{tag}");
            assert!(script[tag.len() + 1..].trim_start().starts_with("</script>"), "{tag}");
        }
        for forbidden in ["<style", " onload=", " onclick=", "javascript:", "http://", "https://"] {
            assert!(!text.contains(forbidden), "{forbidden} in {text}");
        }
        let sources = text.split("src=\"").chain(text.split("href=\"")).filter_map(|rest| rest.split('"').next());
        let files: BTreeSet<&str> = sources.filter_map(|source| source.strip_prefix("./")).collect();
        assert!(files.contains("swagger-ui-bundle.js") && files.contains("swagger-ui.css"), "{files:?}");
        for file in files {
            let reply = Reply::of(world.plain("GET", &format!("/docs/{file}"))).await;
            assert_eq!(reply.status, 200, "{file}");
        }
        world.running.stop().await;
    }

    async fn pages_of_listed_origins_may_use_the_api_and_no_others(db: db::Db) {
        let web = Web { cors: vec![APP.to_owned()], ..Web::default() };
        let world = World::with(db, |state| state.web = web).await;
        let ask = |origin: &'static str| {
            Reply::of(world.request(ASHA, "GET", "/seller/offers").header("Origin", origin))
        };
        let listed = ask(APP).await;
        assert_eq!((listed.status, listed.header("access-control-allow-origin")), (200, APP));
        assert_eq!(listed.header("access-control-allow-credentials"), "true");
        assert!(listed.header("access-control-expose-headers").contains("RateLimit"));
        assert!(listed.header("vary").contains("Origin"));
        // A failure can be read as well.
        let failed = Reply::of(world.plain("GET", "/seller/offers").header("Origin", APP)).await;
        assert_eq!((failed.status, failed.header("access-control-allow-origin")), (401, APP));
        let preflight = |origin: &'static str| {
            let request = world.plain("OPTIONS", "/seller/offers").header("Origin", origin);
            Reply::of(request.header("Access-Control-Request-Method", "POST"))
        };
        let permitted = preflight(APP).await;
        assert_eq!((permitted.status, permitted.header("access-control-allow-origin")), (204, APP));
        assert!(permitted.header("access-control-allow-methods").contains("POST"));
        assert!(permitted.header("access-control-allow-headers").contains("Idempotency-Key"));
        permitted.dressed();
        let near = ["https://app.example.com.evil.example", "http://app.example.com", "https://app.example.com:444"];
        for stranger in near.into_iter().chain(["https://evil.example", "null", "*"]) {
            for reply in [ask(stranger).await, preflight(stranger).await] {
                assert_eq!(reply.header("access-control-allow-origin"), "", "{stranger}");
                assert_eq!(reply.header("access-control-allow-credentials"), "", "{stranger}");
            }
            assert_eq!(preflight(stranger).await.status, 405);
        }
        world.running.stop().await;
    }

    async fn tls_is_served_and_a_new_certificate_without_a_restart(db: db::Db) {
        let folder = TempDir::new().unwrap();
        let old = certify(folder.path());
        let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let tls = Tls::load(&cert, &key).unwrap();
        let web = Web { tls: Some(tls.clone()), ..Web::default() };
        let world = World::with(db, |state| state.web = web).await;
        let url = format!("{}/health", world.base.replace("http://", "https://"));
        let reply = Reply::of(believer(old.clone()).get(&url)).await;
        assert_eq!((reply.status, reply.header("strict-transport-security")), (200, "max-age=31536000"));
        reply.dressed();
        assert!(world.plain("GET", "/health").send().await.is_err(), "no plain HTTP on the port of TLS");
        assert!(!tls.reload().unwrap());
        let new = certify(folder.path());
        assert!(believer(new.clone()).get(&url).send().await.is_err());
        assert!(tls.reload().unwrap());
        assert_eq!(Reply::of(believer(new.clone()).get(&url)).await.status, 200);
        assert!(believer(old).get(&url).send().await.is_err());
        // A key of another certificate changes nothing, and is refused at a start.
        let other = TempDir::new().unwrap();
        certify(other.path());
        std::fs::copy(other.path().join("key.pem"), &key).unwrap();
        assert!(tls.reload().is_err());
        assert!(Tls::load(&cert, &key).is_err());
        assert_eq!(Reply::of(believer(new).get(&url)).await.status, 200);
        std::fs::remove_file(&key).unwrap();
        assert!(tls.reload().unwrap_err().to_string().contains("key.pem"));
        world.running.stop().await;
    }

    async fn a_proxy_that_is_trusted_says_who_calls(db: db::Db) {
        let world = World::with(db, |state| state.web = proxied(ProxyHeader::XForwardedFor, 2)).await;
        let from = |address: &str| Reply::of(world.plain("GET", "/").header("X-Forwarded-For", address));
        for client in ["1.2.3.4", "6.6.6.6, 1.2.3.5"] {
            assert_eq!((from(client).await.status, from(client).await.status), (200, 200));
            from(client).await.problem(429, "request.rate_limited");
        }
        // Whatever the client has put before its own address.
        from("9.9.9.9, 1.2.3.4").await.problem(429, "request.rate_limited");
        let secure = world.plain("GET", "/health").header("X-Forwarded-Proto", "https");
        assert!(!Reply::of(secure).await.header("strict-transport-security").is_empty());
        let plain = world.plain("GET", "/health").header("X-Forwarded-Proto", "http");
        assert!(Reply::of(plain).await.header("strict-transport-security").is_empty());
        world.running.stop().await;
    }

    async fn without_a_trusted_proxy_the_header_says_nothing(db: db::Db) {
        let web = Web { proxies: Proxies::default(), ..proxied(ProxyHeader::Forwarded, 2) };
        let world = World::with(db, |state| state.web = web).await;
        let from = |address: &str| {
            Reply::of(world.plain("GET", "/").header("Forwarded", format!("for={address};proto=https")))
        };
        assert_eq!((from("1.1.1.1").await.status, from("2.2.2.2").await.status), (200, 200));
        let refused = from("3.3.3.3").await;
        refused.problem(429, "request.rate_limited");
        assert_eq!(refused.header("strict-transport-security"), "");
        world.running.stop().await;
    }

    async fn every_counted_answer_says_how_the_limit_stands(db: db::Db) {
        let limits = LimitsConfig { trade: 2, read: 3, anonymous: 4, ..LimitsConfig::default() };
        let web = Web { limits, ..Web::default() };
        let world = World::with(db, |state| state.web = web).await;
        let read = world.get(ASHA, "/seller/offers").await;
        assert_eq!((read.header("ratelimit-policy"), read.header("ratelimit")), ("\"read\";q=3;w=60", "\"read\";r=2;t=20"));
        let nothing = json!({"transaction_id": "none"});
        let confirm = || world.post(ASHA, "/api/confirm", &nothing);
        let failed = confirm().await;
        failed.problem(404, "resource.not_found");
        assert_eq!(failed.header("ratelimit"), "\"trade\";r=1;t=30");
        // The last one that is taken, and the first one that is not, name the same instant.
        assert_eq!(confirm().await.header("ratelimit"), "\"trade\";r=0;t=30");
        let refused = confirm().await;
        refused.problem(429, "request.rate_limited");
        assert_eq!((refused.header("retry-after"), refused.header("ratelimit")), ("30", "\"trade\";r=0;t=30"));
        // Another user, and another class of the same one, are not held up.
        assert_eq!(world.get(ASHA, "/seller/offers").await.status, 200);
        assert_eq!(world.post(BILAL, "/api/confirm", &nothing).await.status, 404);
        world.clock.advance(Span::from_secs(30));
        assert_eq!(confirm().await.status, 404);
        // Guesses of tokens, and requests without one, are counted by address.
        for left in ["3", "2", "1", "0"] {
            let guessed = world.get("a-token-of-nobody", "/seller/offers").await;
            guessed.problem(401, "auth.token_invalid");
            let told = guessed.header("ratelimit");
            assert!(told.starts_with(&format!("\"anonymous\";r={left};")), "{told}");
        }
        world.get("a-token-of-nobody", "/seller/offers").await.problem(429, "request.rate_limited");
        Reply::of(world.plain("GET", "/openapi.json")).await.problem(429, "request.rate_limited");
        assert_eq!(world.get(ASHA, "/seller/offers").await.status, 200);
        // Neither what orchestrators ask nor the network's doors are.
        let health = Reply::of(world.plain("GET", "/health")).await;
        assert_eq!((health.status, health.header("ratelimit")), (200, ""));
        assert_eq!(Reply::of(world.plain("POST", "/bap/receiver/on_select")).await.status, 401);
        world.running.stop().await;
    }

    async fn a_token_that_nobody_looks_at_leaves_no_limit(db: db::Db) {
        let web = Web { limits: LimitsConfig { anonymous: 3, ..LimitsConfig::default() }, ..Web::default() };
        let world = World::with(db, |state| state.web = web).await;
        let doors = [
            ("POST", "/auth/refresh"),
            ("GET", "/auth/oidc/none/callback"),
            ("GET", "/auth/oidc/discom/callback"),
            ("GET", "/auth/verify-email"),
            ("GET", "/.well-known/jwks.json"),
            ("GET", "/docs/"),
            ("GET", "/docs/callbacks/x"),
            ("GET", "/"),
            ("GET", "/nothing"),
            ("GET", "/x/discom/nothing"),
            ("DELETE", "/seller/offers"),
            ("GET", "/api/events/ws?odd=1"),
        ];
        for (method, path) in doors {
            for told in [ASHA, "x"] {
                // A browser would be led on from the callback.
                let ask = || Reply::of(world.request(told, method, path).header("Accept", "application/json"));
                for left in [2, 1, 0] {
                    let reply = ask().await;
                    let stands = reply.header("ratelimit");
                    assert!(stands.contains(&format!("\"anonymous\";r={left};")), "{method} {path}: {stands}");
                    assert_ne!(reply.status, 429, "{method} {path}");
                }
                ask().await.problem(429, "request.rate_limited");
                world.clock.advance(Span::from_minutes(1));
            }
        }
        // Where somebody looks at it, a token that is good is counted for its user alone.
        for _ in 0..5 {
            assert_eq!(world.get(ASHA, "/seller/offers").await.status, 200);
        }
        world.running.stop().await;
    }

    async fn sessions_go_on_sixty_times_a_minute_of_an_address(db: db::Db) {
        let world = World::with(db, |state| state.web = proxied(ProxyHeader::XForwardedFor, 600)).await;
        let body = json!({"refresh_token": "wmr_of_nobody"});
        let ask = |from: &str| {
            Reply::of(world.plain("POST", "/auth/refresh").header("X-Forwarded-For", from).json(&body))
        };
        for _ in 0..60 {
            assert_eq!(ask("1.2.3.4").await.status, 401);
        }
        let refused = ask("1.2.3.4").await;
        refused.problem(429, "request.rate_limited");
        assert!(refused.header("ratelimit").contains("\"refresh\";r=0;"), "{}", refused.header("ratelimit"));
        assert_eq!(ask("1.2.3.5").await.status, 401);
        world.clock.advance(Span::from_secs(1));
        assert_eq!(ask("1.2.3.4").await.status, 401);
        world.running.stop().await;
    }

    async fn two_instances_share_their_limits_in_redis(db: db::Db) {
        let Ok(url) = std::env::var("WATTMANDI_TEST_REDIS") else {
            assert!(!test_support::is_ci(), "WATTMANDI_TEST_REDIS is not set");
            return eprintln!("skipped: WATTMANDI_TEST_REDIS is not set");
        };
        let platform = clock::Ids::system().uuid().to_string();
        let web = || Web {
            cache: Cache::redis(&url, &platform).unwrap(),
            limits: LimitsConfig { anonymous: 2, ..LimitsConfig::default() },
            ..Web::default()
        };
        let one = World::with(db.clone(), |state| state.web = web()).await;
        let other = World::with(db, |state| state.web = web()).await;
        for world in [&one, &other] {
            assert_eq!(Reply::of(world.plain("GET", "/")).await.status, 200);
        }
        for world in [&one, &other] {
            Reply::of(world.plain("GET", "/")).await.problem(429, "request.rate_limited");
            assert_eq!(Reply::of(world.plain("GET", "/ready")).await.json()["checks"]["redis"], "ok");
        }
        one.running.stop().await;
        other.running.stop().await;
    }

    async fn a_platform_whose_redis_is_away_is_ready_and_says_so(db: db::Db) {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let web = Web { cache: Cache::redis(&format!("redis://{closed}"), "us").unwrap(), ..Web::default() };
        let world = World::with(db, |state| state.web = web).await;
        let ready = Reply::of(world.plain("GET", "/ready")).await.is(200);
        assert!(ready["checks"]["redis"].as_str().unwrap().starts_with("does not answer"), "{ready}");
        assert_eq!(world.get(ASHA, "/seller/offers").await.header("ratelimit"), "\"read\";r=999;t=1");
        world.running.stop().await;
    }

    async fn a_read_that_the_client_has_is_not_sent_again(db: db::Db) {
        let world = World::start(db).await;
        world.offer().await;
        let ask = |tag: &str| {
            Reply::of(world.request(ASHA, "GET", "/seller/offers").header("If-None-Match", tag))
        };
        let first = world.get(ASHA, "/seller/offers").await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() == 34, "{tag}");
        assert_eq!((first.header("cache-control"), first.header("vary")), ("private, no-cache", "Authorization, Origin"));
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let same = ask(&known).await;
            assert_eq!((same.status, same.body.len(), same.header("etag")), (304, 0, &*tag), "{known}");
            assert_eq!(same.header("cache-control"), "private, no-cache");
            same.dressed();
        }
        for other in ["\"x\"", "x", ""] {
            assert_eq!(ask(other).await.status, 200, "{other}");
        }
        world.offer().await;
        let changed = ask(&tag).await;
        assert_eq!(changed.status, 200);
        assert_ne!(changed.header("etag"), tag);
        // Of another user's answer the tag is another one; writes, failures and streams have none.
        assert_ne!(world.get(BILAL, "/seller/offers").await.header("etag"), changed.header("etag"));
        let stream = world.request(ASHA, "GET", "/api/events").send().await.unwrap();
        assert!(!stream.headers().contains_key("etag"));
        assert_eq!(stream.headers()["cache-control"], "no-store");
        let failed = world.get(ASHA, "/seller/offers/none").await;
        assert_eq!((failed.header("etag"), failed.header("cache-control")), ("", "private, no-store"));
        let written = world.post(ASHA, "/users/me/account/top-ups", &json!({"amount_inr": "5"})).await;
        assert_eq!((written.header("etag"), written.header("cache-control")), ("", "private, no-store"));
        let page = Reply::of(world.plain("GET", "/openapi.json")).await;
        assert!(!page.header("etag").is_empty());
        let again = world.plain("GET", "/openapi.json").header("If-None-Match", page.header("etag"));
        assert_eq!(Reply::of(again).await.status, 304);
        world.running.stop().await;
    }
}
