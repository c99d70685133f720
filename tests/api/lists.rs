//! Lists: pages by cursor, filters by field, and what is refused.

use serde_json::{Value, json};
use test_support::both_databases;
use units::Span;
use wattmandi::api::SERVED;
use wattmandi::contract::{Side, State};
use wattmandi::identity::{Role, Scope};

use crate::world::{ASHA, BILAL, Reply, World};
use crate::{happen, read};

/// Streams, and answers that nobody may keep: a link or a token is in them.
const UNTAGGED: &[&str] = &[
    "/api/events",
    "/api/events/ws",
    "/api/transactions/{id}/events",
    "/users/me/export",
    "/auth/verify-email",
    "/auth/password/reset",
    "/auth/oidc/{provider}/start",
    "/auth/oidc/{provider}/callback",
];

/// What a schema of the document comes to, without its references.
fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(name) => &document["components"]["schemas"][name.rsplit('/').next().unwrap()],
        None => schema,
    }
}

#[test]
fn every_list_has_pages_and_every_read_a_tag() {
    let document: Value = serde_json::from_str(&wattmandi::api::openapi::document()).unwrap();
    let mut lists = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(operation) = item.get("get") else { continue };
        let takes = |name: &str| {
            operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == name))
        };
        let found = &operation["responses"]["200"];
        if UNTAGGED.contains(&path.as_str()) {
            assert!(!takes("If-None-Match") && operation["responses"]["304"].is_null(), "{path}");
            continue;
        }
        assert!(takes("If-None-Match") && found["headers"]["ETag"].is_object(), "{path}");
        assert!(operation["responses"]["304"].is_object(), "{path}");
        let page = resolved(&document, &found["content"]["application/json"]["schema"]);
        let list = page["properties"]["items"]["type"] == json!("array");
        if list {
            lists += 1;
            assert!(takes("limit") && takes("cursor"), "{path}");
            assert!(page["properties"]["next_cursor"].is_object(), "{path}");
            assert!(found["headers"]["Link"].is_object(), "{path}");
        }
    }
    assert!(lists > 15, "{lists}");
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn every_read_is_answered_again_by_its_tag(db: db::Db) {
        let world = World::start(db).await;
        let mut reads = 0;
        for route in SERVED.iter().filter(|route| route.method == "get" && !route.path.contains('{')) {
            let roles = route.access.who.roles().unwrap_or(&[Role::Prosumer]);
            let session = route.access.scope == Some(Scope::Session);
            if UNTAGGED.contains(&route.path) || session || !roles.contains(&Role::Prosumer) {
                continue;
            }
            let first = world.get(ASHA, route.path).await;
            let tag = first.header("etag").to_owned();
            assert!(first.status == 200 && !tag.is_empty(), "{}: {}", route.path, first.status);
            let again = world.request(ASHA, "GET", route.path).header("If-None-Match", &tag);
            let again = Reply::of(again).await;
            assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, &*tag), "{}", route.path);
            let other = world.request(ASHA, "GET", route.path).header("If-None-Match", "\"another\"");
            assert_eq!(Reply::of(other).await.status, 200, "{}", route.path);
            reads += 1;
        }
        assert!(reads > 20, "{reads}");
        world.running.stop().await;
    }

    async fn a_read_without_parameters_refuses_them(db: db::Db) {
        let world = World::start(db).await;
        let offer = format!("/seller/offers/{}", world.offer().await["id"].as_str().unwrap());
        let reads = ["/users/me", "/users/me/account", "/users/me/profile", "/seller/profile", "/api/events", offer.as_str()];
        for path in reads {
            let odd = world.get(ASHA, &format!("{path}?odd=1")).await;
            assert_eq!(odd.problem(422, "request.field_invalid")["field"], "odd", "{path}");
        }
        world.running.stop().await;
    }

    async fn a_stream_goes_on_after_a_number(db: db::Db) {
        let world = World::start(db).await;
        let open = |path: &str| world.request(ASHA, "GET", path);
        let kinds = |events: &[(String, String, Value)]| -> Vec<String> {
            events.iter().map(|(_, kind, _)| kind.clone()).collect()
        };
        let mut whole = open("/api/events").send().await.unwrap();
        read(&mut whole, 0).await;
        for kind in ["test.one", "test.two", "test.three"] {
            happen(&world, "t-1", kind).await;
        }
        let all = read(&mut whole, 3).await;
        let after_first = format!("/api/events?after={}", all[0].0);
        let mut rest = open(&after_first).send().await.unwrap();
        assert_eq!(kinds(&read(&mut rest, 2).await), ["test.two", "test.three"]);
        // A browser that reconnects by itself gives the address as it was, and where it really is in the header.
        let again = open(&after_first).header("Last-Event-ID", &all[1].0);
        assert_eq!(kinds(&read(&mut again.send().await.unwrap(), 1).await), ["test.three"]);
        for wrong in ["x", "-1", ""] {
            let odd = world.get(ASHA, &format!("/api/events?after={wrong}")).await;
            assert_eq!(odd.problem(422, "request.field_invalid")["field"], "after", "{wrong}");
        }
        world.running.stop().await;
    }

    async fn the_tag_of_a_profile_outlives_the_clock(db: db::Db) {
        let world = World::start(db).await;
        for path in ["/seller/profile", "/users/me/profile"] {
            let first = world.get(ASHA, path).await;
            let tag = first.header("etag").to_owned();
            assert!(tag.starts_with("W/\""), "{tag}");
            world.clock.advance(Span::from_secs(7));
            let later = world.get(ASHA, path).await;
            assert_ne!(later.is(200)["platform"]["market_time"], first.is(200)["platform"]["market_time"]);
            assert_eq!(later.header("etag"), tag);
            let ask = || Reply::of(world.request(ASHA, "GET", path).header("If-None-Match", &tag));
            assert_eq!(ask().await.status, 304, "{path}");
            let change = json!({"place": if path.starts_with("/seller") { "28.61, 77.21" } else { "28.62, 77.21" }});
            Reply::of(world.request(ASHA, "PATCH", "/users/me/profile").json(&change)).await.is(200);
            assert_eq!(ask().await.status, 200, "{path}");
        }
        world.running.stop().await;
    }

    async fn lists_come_in_pages(db: db::Db) {
        let world = World::start(db).await;
        for number in 0..5 {
            world.contract(Side::Buyer, State::Draft, &format!("t-{number}")).await;
        }
        world.contract(Side::Seller, State::Draft, "t-9").await;
        let mut path = "/api/transactions?side=buyer&limit=2".to_owned();
        let mut seen = Vec::new();
        loop {
            let page = world.get(ASHA, &path).await;
            let body = page.is(200);
            let items = body["items"].as_array().unwrap().clone();
            assert!(items.len() <= 2);
            seen.extend(items.iter().map(|item| item["transaction_id"].as_str().unwrap().to_owned()));
            let Some(link) = page.header("link").strip_suffix(">; rel=\"next\"") else {
                assert_eq!(body["next_cursor"], Value::Null);
                break;
            };
            path = link.trim_start_matches('<').to_owned();
            assert!(path.contains(body["next_cursor"].as_str().unwrap()) && path.contains("side=buyer"));
        }
        seen.sort();
        assert_eq!(seen, ["t-0", "t-1", "t-2", "t-3", "t-4"]);
        for (query, field) in [("limit=0", "limit"), ("limit=many", "limit"), ("page=2", "page")] {
            let reply = world.get(ASHA, &format!("/api/transactions?{query}")).await;
            assert_eq!(reply.problem(422, "request.field_invalid")["field"], field);
        }
        // Also of lists that are short, and of nobody's.
        for path in ["/users/me/meters", "/users/me/statements", "/auth/oidc"] {
            let reply = world.get(ASHA, &format!("{path}?limit=0")).await;
            assert_eq!(reply.problem(422, "request.field_invalid")["field"], "limit", "{path}");
            assert_eq!(world.get(ASHA, &format!("{path}?limit=1")).await.is(200)["next_cursor"], Value::Null, "{path}");
        }
        // By a field.
        let count = async |path: &str| world.get(ASHA, path).await.is(200)["items"].as_array().unwrap().len();
        for (path, found) in [
            ("/api/transactions?state=draft", 6),
            ("/api/transactions?state=draft&side=seller", 1),
            ("/api/transactions?state=active", 0),
            ("/seller/orders?state=draft", 1),
            ("/seller/orders?state=active", 0),
            ("/seller/offers?state=live", 0),
            ("/api/plans?state=standing", 0),
            ("/api/interests?state=active", 0),
            ("/users/me/account/journal?kind=top_up", 0),
        ] {
            assert_eq!(count(path).await, found, "{path}");
            let (list, _) = path.split_once('=').unwrap();
            let field = list.rsplit(['?', '&']).next().unwrap();
            let odd = world.get(ASHA, &format!("{list}=odd")).await;
            assert_eq!(odd.problem(422, "request.field_invalid")["field"], field, "{path}");
        }
        world.offer().await;
        assert_eq!((count("/seller/offers?state=live").await, count("/seller/offers?state=withdrawn").await), (1, 0));
        // Garbage, the cursor of other filters, of another list, and of another user.
        let cursor = path.split("cursor=").nth(1).unwrap().split('&').next().unwrap();
        let orders = format!("/seller/orders?limit=2&side=buyer&cursor={cursor}").replace("&side=buyer", "");
        for (token, path) in [
            (ASHA, "/api/transactions?cursor=x".to_owned()),
            (ASHA, format!("/api/transactions?side=seller&cursor={cursor}")),
            (ASHA, orders),
            (BILAL, path.clone()),
        ] {
            let reply = world.get(token, &path).await;
            assert_eq!(reply.problem(400, "request.cursor_invalid")["field"], "cursor", "{path}");
        }
        world.running.stop().await;
    }
}
