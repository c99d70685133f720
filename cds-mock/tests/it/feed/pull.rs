//! Fetching: the latest of everything, or all of a time; inline, or as a download that proves itself.

use std::io::Read as _;
use std::sync::Arc;

use beckn_wire::action::Action;
use beckn_wire::energy::Path;
use beckn_wire::energy::feed::{Download, Pull, PullMode, Pulled, subscription_target};
use beckn_wire::json::Json;
use clock::{Clock as _, SystemClock, TestClock};
use sha2::{Digest as _, Sha256};
use test_support::both_databases;
use test_support::database::TestDb;
use units::Span;

use super::*;

const ALL: PullMode = PullMode::Incremental { from: None, to: None };

fn pull(id: &str, mode: PullMode) -> Pull {
    Pull { subscription_id: id.to_owned(), mode, limit: 100, offset: 0 }
}

/// Pulls and gives the message of the callback.
async fn pulled(world: &World, peer: &Peer, pull: &Pull) -> Json {
    let (context, bytes) = from_bap(peer, Action::CatalogPull, world.wire.now(), pull.to_json());
    let (status, answer) = world.signed(peer, "POST", "catalog/pull", bytes).await;
    assert_eq!(status, 200, "{answer}");
    judge_answer("/catalog/pull", &answer);
    let callback = world.callback(peer, "/catalog/on_pull", &context).await;
    judge_message(&callback);
    callback.get("message").unwrap().clone()
}

/// The ids of the catalogs in a message of `on_pull`, with the ids of their offers.
fn shown(message: &Json) -> Vec<(String, Vec<String>)> {
    let catalogs = message.get("catalogs").unwrap_or_else(|| panic!("{message}")).as_array().unwrap();
    let id = |catalog: &Json| catalog.get("id").unwrap().as_str().unwrap().to_owned();
    catalogs.iter().map(|catalog| (id(catalog), offer_ids(std::slice::from_ref(catalog)))).collect()
}

fn ids(message: &Json) -> Vec<String> {
    shown(message).into_iter().map(|(id, _)| id).collect()
}

both_databases! {
    async fn full_gives_the_latest_and_incremental_every_version(db: TestDb) {
        let clock = TestClock::at(SystemClock.now());
        let world = World::on(&db, Arc::new(clock.clone())).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK, OTHER_NETWORK]).await;
        let puller = world.peer("ds.example", 2, &[NETWORK]).await;
        puller.says(0);
        let subscription = world.subscribe(&puller, &[NETWORK], &[]).await;
        let one = |id: &str, offer: &str, networks: &[&str]| {
            merge(catalog_of(&seller, id, vec![terms(&seller, offer, 3_000)]), networks)
        };
        let start = clock.now();
        for (id, offer, networks) in [
            ("a", "a1", &[NETWORK][..]),
            ("a", "a2", &[NETWORK]),
            ("b", "b1", &[NETWORK, OTHER_NETWORK]),
            ("c", "c1", &[OTHER_NETWORK]),
            ("d", "d1", &[NETWORK]),
            ("d", "d1", &[OTHER_NETWORK]),
        ] {
            pass(&world, &clock, Span::from_secs(10)).await;
            world.publish(&seller, one(id, offer, networks)).await;
        }
        let middle = clock.now();
        pass(&world, &clock, Span::from_secs(10)).await;
        let entry = [("type", "PARTICIPANT"), ("id", "somebody.example")].map(|(k, v)| (k, Json::from(v)));
        let secret = with(
            one("e", "e1", &[NETWORK]),
            &["catalogs", "0", "offers", "0", "availableTo"],
            Json::array([Json::object(entry)]),
        );
        world.publish(&seller, secret).await;
        let end = with(one("b", "b1", &[NETWORK]), &["catalogs", "0", "isActive"], Json::Bool(false));
        world.publish(&seller, end).await;
        puller.says(200);
        // The pushes that did not get through meanwhile.
        assert_eq!(collect(&world, &clock, &puller, 6).await, ["a", "a", "b", "d", "d", "b"]);

        let id = subscription.id.as_str();
        let full = pulled(&world, &puller, &pull(id, PullMode::Full)).await;
        let told: Vec<(&str, Vec<&str>)> = vec![("a", vec!["a1", "a2"]), ("b", vec![]), ("e", vec![])];
        let told: Vec<(String, Vec<String>)> = told.into_iter().map(|(id, o)| (id.to_owned(), texts(&o))).collect();
        assert_eq!(shown(&full), told);
        assert_eq!(full.at(&["catalogs", "1", "isActive"]), Some(&Json::Bool(false)));

        let all = pulled(&world, &puller, &pull(id, ALL)).await;
        // What is not for the puller is not counted among the catalogs, and what it lost is told without anything.
        assert_eq!(ids(&all), ["a", "a", "b", "d", "d", "b"]);
        assert_eq!(all.at(&["catalogs", "4", "isActive"]), Some(&Json::Bool(false)));
        assert!(!all.to_string().contains(OTHER_NETWORK));
        let some = PullMode::Incremental { from: Some(start), to: Some(middle) };
        assert_eq!(ids(&pulled(&world, &puller, &pull(id, some)).await), ["a", "a", "b", "d", "d"]);
        let later = PullMode::Incremental { from: Some(clock.now().saturating_add(Span::from_secs(1))),
            to: Some(clock.now().saturating_add(Span::from_secs(2))) };
        assert_eq!(ids(&pulled(&world, &puller, &pull(id, later)).await), Vec::<String>::new());

        // Pages join without a seam.
        for (mode, whole) in [(PullMode::Full, ids(&full)), (some, texts(&["a", "a", "b", "d", "d"]))] {
            let mut pages = Vec::new();
            for offset in 0..4 {
                let page = Pull { limit: 2, offset: offset * 2, ..pull(id, mode) };
                let page = pulled(&world, &puller, &page).await;
                let total = page.at(&["pagination", "total"]).and_then(Json::as_number);
                assert_eq!(total, Some(whole.len().to_string().as_str()));
                assert!(ids(&page).len() <= 2);
                pages.extend(ids(&page));
            }
            assert_eq!(pages, whole);
        }
        // An hour that can no longer be traded is not shown.
        world.market.set(at("2026-11-22T02:30:00Z"));
        let late = pulled(&world, &puller, &pull(id, PullMode::Full)).await;
        assert_eq!(shown(&late)[0], ("a".to_owned(), vec![]));
    }

    async fn a_large_result_is_a_download_that_proves_itself(db: TestDb) {
        let clock = TestClock::at(SystemClock.now());
        let world = World::on(&db, Arc::new(clock.clone())).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let puller = world.peer("ds.example", 2, &[NETWORK]).await;
        let entries = (0..400).map(|n| terms(&seller, &format!("offer-{n:03}"), 3_000)).collect();
        world.publish(&seller, merge(catalog_of(&seller, "large", entries), &[])).await;
        let subscription = world.subscribe(&puller, &[NETWORK], &[]).await;
        let message = pulled(&world, &puller, &pull(&subscription.id, PullMode::Full)).await;
        let Ok(Pulled::Download(download)) = Pulled::read(&message, &Path::new("message")) else {
            panic!("{message}")
        };
        let Download { url, format, size, checksum, expires_at } = download;
        assert_eq!((format.as_str(), expires_at.since(clock.now()) <= Span::from_hours(1)), ("json.gz", true));
        let bytes = world.http.get(&url).send().await.unwrap().bytes().await.unwrap();
        assert_eq!(u64::try_from(bytes.len()).unwrap(), size);
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(checksum, format!("sha256:{digest}"));
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut text).unwrap();
        let content = Json::parse(&text).unwrap();
        assert_eq!(shown(&content)[0].1.len(), 400);
        assert!(!content.to_string().contains("token"));

        let status = |url: String| async { world.http.get(url).send().await.unwrap().status().as_u16() };
        let (before, token) = url.rsplit_once("token=").unwrap();
        let flipped = if token.starts_with('A') { "B" } else { "A" };
        let expires = format!("expires={}", expires_at.seconds());
        for (forged, expected) in [
            (format!("{before}token={flipped}{}", &token[1..]), 403),
            (format!("{before}token="), 403),
            (url.split('?').next().unwrap().to_owned(), 403),
            (url.replace(&expires, &format!("expires={}", expires_at.seconds() + 9_999)), 403),
            (url.replace("catalogs.json.gz", "secrets.json"), 404),
            (url.replace("catalogs.json.gz", "..%2f..%2fcds.db"), 404),
            (url.replace("/result/", "/result/x"), 404),
        ] {
            assert_eq!(status(forged.clone()).await, expected, "{forged}");
        }
        clock.set(expires_at);
        assert_eq!(status(url.clone()).await, 410);
        world.cds.feed.prune().await;
        assert_eq!(status(url).await, 410);
    }

    async fn a_pull_that_cannot_be_is_refused(db: TestDb) {
        let world = World::new(&db).await;
        let puller = world.peer("ds.example", 1, &[NETWORK]).await;
        let stranger = world.peer("stranger.example", 2, &[NETWORK]).await;
        let own = world.subscribe(&puller, &[NETWORK], &[]).await.id;
        let unknown = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
        let now = world.wire.now();
        let long = PullMode::Incremental { from: Some(now.saturating_sub(Span::from_hours(169))), to: None };
        let backwards = PullMode::Incremental { from: Some(now), to: Some(now.saturating_sub(Span::from_secs(1))) };
        let full = pull(&own, PullMode::Full).to_json();
        let other = |json: Json| with(full.clone(), &["limit"], json);
        for (peer, message, expected) in [
            (&puller, pull(unknown, PullMode::Full).to_json(), (404, "BIZ_ITEM_NOT_FOUND")),
            (&stranger, pull(&own, PullMode::Full).to_json(), (403, "AUT_UNAUTHORIZED_ACTION")),
            (&puller, pull(&own, long).to_json(), (400, "SCH_SCHEMA_VALIDATION_FAILED")),
            (&puller, pull(&own, backwards).to_json(), (400, "SCH_SCHEMA_VALIDATION_FAILED")),
            (&puller, other(Json::from(0)), (400, "SCH_SCHEMA_VALIDATION_FAILED")),
            (&puller, other(Json::from(101)), (400, "SCH_SCHEMA_VALIDATION_FAILED")),
            (&puller, other(Json::from("1")), (400, "SCH_INVALID_FORMAT")),
            (&puller, with(full.clone(), &["mode"], "ALL".into()), (400, "SCH_INVALID_ENUM")),
            (&puller, with(full.clone(), &["subscriptionId"], "x".into()), (400, "SCH_INVALID_FORMAT")),
            (&puller, with(full.clone(), &["fromDate"], "2026".into()), (400, "SCH_INVALID_FORMAT")),
            (&puller, with(full.clone(), &["more"], "x".into()), (400, "SCH_FIELD_NOT_ALLOWED")),
        ] {
            let (_, bytes) = from_bap(peer, Action::CatalogPull, now, message.clone());
            let (status, answer) = world.signed(peer, "POST", "catalog/pull", bytes).await;
            assert_eq!((status, code(&answer)), expected, "{message}");
        }
        world.signed(&puller, "DELETE", &subscription_target(&own), Vec::new()).await;
        let (_, bytes) = from_bap(&puller, Action::CatalogPull, now, full);
        let (status, answer) = world.signed(&puller, "POST", "catalog/pull", bytes).await;
        assert_eq!((status, code(&answer)), (400, "BIZ_INVALID_STATE_TRANSITION"));
        assert!(!puller.has_mail());
    }
}
