//! `catalog/publish`: taken in, merged, replaced, in part, not at all; whose it is; and that a restart loses
//! nothing.

use beckn_wire::action::Action;
use beckn_wire::json::Json;
use clock::{Clock as _, SystemClock};
use test_support::both_databases;
use test_support::database::TestDb;
use units::Span;

use super::world::*;

const OFFER: &[&str] = &["catalogs", "0", "offers", "0"];

fn place<'a>(more: &[&'a str]) -> Vec<&'a str> {
    OFFER.iter().copied().chain(more.iter().copied()).collect()
}

both_databases! {
    async fn every_statement_can_be_prepared(db: TestDb) {
        let world = World::new(&db).await;
        let known = [
            cds_mock::catalog::STATEMENTS,
            cds_mock::catalog::READ_STATEMENTS,
            cds_mock::registry::STATEMENTS,
        ];
        for statements in known.into_iter().chain(cds_mock::feed::STATEMENTS.iter().copied()) {
            world.cds.db.check_statements(statements).await.unwrap();
        }
    }

    async fn merge_adds_and_replaces_and_full_replaces_all(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let first = catalog_of(&seller, "cat", vec![terms(&seller, "a", 3_000), terms(&seller, "b", 3_000)]);
        let results = world.publish(&seller, merge(first, &[])).await;
        assert_eq!(results.len(), 1);
        assert_eq!(verdict(&results[0]), ("ACCEPTED".to_owned(), vec![]));
        assert_eq!(results[0].at(&["stats", "itemCount"]).unwrap().as_number(), Some("2"));
        assert_eq!(world.offers(&buyer).await, ["a", "b"]);

        // A merge replaces an offer as a whole, adds a new one, and leaves the rest.
        let second = catalog_of(&seller, "cat", vec![terms(&seller, "b", 7_000), terms(&seller, "c", 1_000)]);
        world.publish(&seller, merge(second, &[])).await;
        let seen = world.discover(&buyer, NETWORK, everything()).await;
        assert_eq!(offer_ids(&seen), ["a", "b", "c"]);
        let b = seen[0].at(&["offers", "1"]).unwrap().to_string();
        assert!(b.contains(r#""AVAILABLE_QTY","values":[7]"#) && !b.contains("[3]"), "{b}");
        let resources = seen[0].get("resources").unwrap().as_array().unwrap();
        assert_eq!(resources.len(), 3);

        let only = merge(catalog_of(&seller, "cat", vec![terms(&seller, "d", 2_000)]), &[]);
        let full = with(only, &["publishDirectives", "0", "updateMode"], "FULL".into());
        assert_eq!(verdict(&world.publish(&seller, full).await[0]).0, "ACCEPTED");
        assert_eq!(world.offers(&buyer).await, ["d"]);
        world.cds.stop().await;
    }

    async fn one_bad_offer_is_left_out_and_named(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let series = |more: &[&'static str]| {
            let mut steps = place(&["offerAttributes", "commitmentAttributes"]);
            steps.extend(more);
            steps
        };
        let cell = |n: &'static str| series(&["intervals", "0", "payloads", n, "values"]);
        let number = |n: &str| Json::array([Json::Number(n.to_owned())]);
        let at = |path: &str| format!("message/catalogs/0/offers/0{path}");
        let table = "/offerAttributes/commitmentAttributes";
        let roles = place(&["offerAttributes", "contractAttributes", "roles", "1", "participantId"]);
        let cases: Vec<(Vec<&str>, Json, &str, String)> = vec![
            (
                cell("0"),
                Json::array([Json::from("cheap")]),
                "SCH_SCHEMA_VALIDATION_FAILED",
                at(&format!("{table}/intervals/0/payloads/0/values/0")),
            ),
            (cell("0"), number("-5"), "BIZ_PRICE_MISMATCH", at(&format!("{table}/intervals/0"))),
            (cell("1"), number("1.005"), "BIZ_QUANTITY_UNAVAILABLE", at(&format!("{table}/intervals/0"))),
            (cell("1"), number("-1"), "BIZ_QUANTITY_UNAVAILABLE", at(&format!("{table}/intervals/0"))),
            (cell("1"), number("1e309"), "SCH_INVALID_FORMAT", at(&format!("{table}/intervals"))),
            (
                series(&["intervalPeriod", "start"]),
                "2026-11-22T05:00:00Z".into(),
                "BIZ_FULFILLMENT_UNAVAILABLE",
                at(&format!("{table}/intervalPeriod")),
            ),
            (
                series(&["payloadDescriptors"]),
                Json::array([]),
                "SCH_ATTRIBUTE_PACK_INVALID",
                at(&format!("{table}/payloadDescriptors")),
            ),
            (
                place(&["offerAttributes", "validityWindow"]),
                Json::object([("@type", "beckn:TimePeriod")].map(|(k, v)| (k, Json::from(v)))),
                "SCH_REQUIRED_FIELD_MISSING",
                at("/offerAttributes/validityWindow"),
            ),
            (
                place(&["resourceIds"]),
                Json::array([Json::from("nobody")]),
                "BIZ_ITEM_NOT_FOUND",
                at("/resourceIds/0"),
            ),
            (
                place(&["offerAttributes", "@type"]),
                "Other".into(),
                "SCH_TYPE_NOT_SUPPORTED",
                at("/offerAttributes"),
            ),
            (
                roles,
                "other.example".into(),
                "AUT_UNAUTHORIZED_ACTION",
                at("/offerAttributes/contractAttributes/roles"),
            ),
        ];
        for (steps, value, code, path) in cases {
            let entries = vec![terms(&seller, "bad", 3_000), terms(&seller, "good", 3_000)];
            let good = catalog_of(&seller, "cat", entries);
            let results = world.publish(&seller, with(merge(good, &[]), &steps, value.clone())).await;
            let expected = ("PARTIAL".to_owned(), vec![(code.to_owned(), path)]);
            assert_eq!(verdict(&results[0]), expected, "{steps:?} {value}");
            assert_eq!(world.offers(&buyer).await, ["good"], "{steps:?} {value}");
        }
    }

    async fn a_catalog_without_any_good_offer_is_rejected(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let message = |id| merge(catalog_of(&seller, id, vec![terms(&seller, "a", 3_000)]), &[]);
        let no_resource = with(message("cat"), &["catalogs", "0", "resources"], Json::array([]));
        let (status, errors) = verdict(&world.publish(&seller, no_resource).await[0]);
        assert_eq!((status.as_str(), errors[0].0.as_str()), ("REJECTED", "BIZ_ITEM_NOT_FOUND"));

        // Twice the same id in one message: the first counts.
        let mut twice = message("cat");
        let copy = twice.at(&["catalogs", "0"]).unwrap().clone();
        twice.as_object_mut().unwrap().get_mut("catalogs").unwrap().as_array_mut().unwrap().push(copy);
        let results = world.publish(&seller, twice).await;
        assert_eq!(results.iter().map(|r| verdict(r).0).collect::<Vec<_>>(), ["ACCEPTED", "REJECTED"]);
        assert_eq!(verdict(&results[1]).1[0].1, "message/catalogs/1/id");
        assert_eq!(world.offers(&buyer).await, ["a"]);
    }

    async fn what_is_too_much_is_refused(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let message = || merge(catalog_of(&seller, "cat", vec![terms(&seller, "a", 3_000)]), &[]);
        let mut many = message();
        let catalog = many.at(&["catalogs", "0"]).unwrap().clone();
        let catalogs = (0..=cds_mock::catalog::CATALOGS_PER_MESSAGE_MAX).map(|_| catalog.clone());
        many.as_object_mut().unwrap().set("catalogs", Json::array(catalogs));
        let mut context = context(beckn_wire::action::Action::CatalogPublish, NETWORK, SystemClock.now());
        context.bpp_id = Some(seller.id.clone());
        context.bpp_uri = Some(format!("{}/bpp/receiver", seller.url));
        let bytes = beckn_wire::envelope::body(&context, many);
        assert_eq!(world.post(&seller, context.action, bytes).await.0, 400);

        // Beyond 10 MiB not even the signature counts; the answer says so, and is signed.
        let (status, _) = world.post(&seller, context.action, vec![b' '; 10 * 1024 * 1024 + 1]).await;
        assert_eq!(status, 413);

        let long = |size: usize| Json::from("x".repeat(size));
        let offer = with(message(), &place(&["descriptor", "longDesc"]), long(70_000));
        let at = ["catalogs", "0", "resources", "0", "descriptor", "longDesc"];
        let resource = with(message(), &at, long(20_000));
        let head = with(message(), &["catalogs", "0", "descriptor", "longDesc"], long(40_000));
        let id = with(message(), &["catalogs", "0", "id"], long(300));
        for (message, path) in [
            (offer, "message/catalogs/0/offers/0"),
            (resource, "message/catalogs/0/resources/0"),
            (head, "message/catalogs/0"),
            (id, "message/catalogs/0/id"),
        ] {
            let (status, errors) = verdict(&world.publish(&seller, message).await[0]);
            assert_eq!((status.as_str(), errors[0].1.as_str()), ("REJECTED", path), "{errors:?}");
        }
        assert_eq!(world.offers(&buyer).await, Vec::<String>::new());
    }

    async fn nobody_touches_anothers_catalog(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let rival = world.peer("rival.example", 3, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let catalog = catalog_of(&seller, "cat", vec![terms(&seller, "a", 3_000)]);
        world.publish(&seller, merge(catalog, &[])).await;

        // In the other's name: refused. Under the same id: a catalog of one's own.
        let theirs = merge(catalog_of(&seller, "cat", vec![terms(&seller, "x", 3_000)]), &[]);
        let result = verdict(&world.publish(&rival, theirs).await[0]);
        let expected = ("AUT_UNAUTHORIZED_ACTION".to_owned(), "message/catalogs/0/bppId".to_owned());
        assert_eq!(result, ("REJECTED".to_owned(), vec![expected]));
        let own = merge(catalog_of(&rival, "cat", vec![terms(&rival, "a", 3_000)]), &[]);
        let full = with(own, &["publishDirectives", "0", "updateMode"], "FULL".into());
        assert_eq!(verdict(&world.publish(&rival, full).await[0]).0, "ACCEPTED");
        let seen = world.discover(&buyer, NETWORK, everything()).await;
        let of = |c: &Json| c.get("bppId").unwrap().as_str().unwrap().to_owned();
        assert_eq!(seen.iter().map(of).collect::<Vec<_>>(), ["bpp.example", "rival.example"]);
        assert_eq!(offer_ids(&seen), ["a", "a"]);

        // Signed by one, in the context of another: not even taken.
        let mut context = context(beckn_wire::action::Action::CatalogPublish, NETWORK, SystemClock.now());
        context.bpp_id = Some(seller.id.clone());
        context.bpp_uri = Some(format!("{}/bpp/receiver", seller.url));
        let theirs = merge(catalog_of(&seller, "cat", vec![terms(&seller, "x", 3_000)]), &[]);
        let bytes = beckn_wire::envelope::body(&context, theirs);
        let (status, answer) = world.post(&rival, context.action, bytes).await;
        let code = answer.at(&["message", "error", "code"]).and_then(Json::as_str);
        assert_eq!((status, code), (401, Some("AUT_UNAUTHORIZED_ACTION")));
    }

    async fn a_late_publication_changes_nothing(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let publication = |available| {
            merge(catalog_of(&seller, "cat", vec![terms(&seller, "a", available)]), &[])
        };
        let now = SystemClock.now();
        let before = |secs| now.saturating_sub(Span::from_secs(secs));
        let first = world.publish_at(&seller, publication(9_000), NETWORK, before(10)).await;
        assert_eq!(verdict(&first[0]).0, "ACCEPTED");
        let late = world.publish_at(&seller, publication(3_000), NETWORK, before(20)).await;
        assert_eq!(verdict(&late[0]).0, "REJECTED");
        assert_eq!(verdict(&late[0]).1[0].0, "NET_CATALOG_STALE");
        let seen = world.discover(&buyer, NETWORK, everything()).await;
        assert!(seen[0].to_string().contains(r#""AVAILABLE_QTY","values":[9]"#));
        // Another offer that was overtaken only by this one gets in.
        let other = merge(catalog_of(&seller, "cat", vec![terms(&seller, "b", 2_000)]), &[]);
        assert_eq!(verdict(&world.publish_at(&seller, other, NETWORK, before(20)).await[0]).0, "ACCEPTED");
        assert_eq!(world.offers(&buyer).await, ["a", "b"]);
    }

    async fn working_a_publication_off_twice_changes_nothing(db: TestDb) {
        use cds_mock::catalog::{Publisher, Publishing, Stamp, judge};
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let catalog = catalog_of(&seller, "cat", vec![terms(&seller, "old", 3_000)]);
        world.publish(&seller, merge(catalog, &[])).await;
        let entries = vec![terms(&seller, "a", 3_000), terms(&seller, "b", 3_000)];
        let catalog = catalog_of(&seller, "cat", entries);
        let message = with(merge(catalog, &[]), &["publishDirectives", "0", "updateMode"], "FULL".into());
        let memberships = [NETWORK.to_owned()];
        let publisher = Publisher { id: &seller.id, memberships: &memberships, uri: None };
        let now = SystemClock.now();
        let (publisher_id, source) = (seller.id.clone(), "message-1".to_owned());
        let market_now = morning();
        let (made_at, wire_now, resource_directives) = (now, now, std::collections::BTreeMap::new());
        let stamp = Stamp { publisher: publisher_id, source, made_at, wire_now, market_now, resource_directives };
        let publishing = Publishing::new(world.cds.db.clone(), world.cds.index.clone());
        for _ in 0..2 {
            let mut judged = judge(&message, &publisher, Some(NETWORK), morning());
            publishing.take(&mut judged, &stamp).await.unwrap();
            assert_eq!((judged[0].status(), judged[0].errors.len()), ("ACCEPTED", 0));
            assert_eq!(world.offers(&buyer).await, ["a", "b"]);
        }
    }

    async fn what_is_long_over_is_dropped_at_the_next_publication(db: TestDb) {
        const ROWS: db::Sql = db::Sql::new(
            "test::rows",
            "SELECT (SELECT COUNT(*) FROM catalog_offers) AS offers,
             (SELECT COUNT(*) FROM catalogs) AS catalogs",
        );
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let rows = || async {
            let row = world.cds.db.read(|tx| Box::pin(async move { tx.query_one(&ROWS, &[]).await })).await;
            let row = row.unwrap();
            (row.get::<i64>("offers").unwrap(), row.get::<i64>("catalogs").unwrap())
        };
        let entries = vec![terms(&seller, "a", 3_000), terms(&seller, "b", 3_000)];
        world.publish(&seller, merge(catalog_of(&seller, "cat", entries), &[])).await;
        assert_eq!(rows().await, (2, 1));
        // Both ended at 02:30 on the 22nd.
        let window = &["catalogs", "0", "offers", "0", "offerAttributes", "validityWindow", "schema:endTime"];
        let slot = ["offerAttributes", "commitmentAttributes", "intervalPeriod", "start"];
        for (day, left) in [("2026-11-29T02:30:00Z", 3), ("2026-11-29T02:30:01Z", 1)] {
            world.market.set(at(day));
            let message = merge(catalog_of(&seller, "cat", vec![terms(&seller, "c", 3_000)]), &[]);
            let message = with(message, window, "2026-12-30T00:00:00Z".into());
            let message = with(message, &place(&slot), "2026-12-30T05:30:00Z".into());
            assert_eq!(verdict(&world.publish(&seller, message).await[0]).0, "ACCEPTED");
            assert_eq!(rows().await, (left, 1));
        }
    }

    async fn a_restart_keeps_catalogs_and_keys(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let catalog = catalog_of(&seller, "cat", vec![terms(&seller, "a", 3_000)]);
        world.publish(&seller, merge(catalog, &[])).await;
        let world = world.restart().await;
        assert_eq!(world.offers(&buyer).await, ["a"]);
    }

    async fn who_looks_while_it_is_published_sees_the_old_catalog_or_the_new_one(db: TestDb) {
        const MANY: usize = 600;
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        world.publish(&seller, edition(&seller, 1, MANY)).await;
        let publishing = async {
            let second = world.publish(&seller, edition(&seller, 2, MANY)).await;
            assert_eq!(verdict(&second[0]).0, "ACCEPTED");
        };
        let looking = async {
            let mut seen = Vec::new();
            while seen.last() != Some(&2) {
                let offers = all_offers(&world, &buyer, MANY).await;
                let edition = edition_of(&offers, MANY);
                seen.push(edition.unwrap_or_else(|| panic!("{:?}", offer_ids_of(&offers))));
            }
            seen
        };
        let (seen, ()) = tokio::join!(looking, publishing);
        println!("editions seen: {seen:?}");
        assert!(seen.is_sorted());
    }
}

/// All offers that a peer sees, of which there are so many; page by page.
async fn all_offers(world: &World, peer: &Peer, many: usize) -> Vec<Json> {
    let (context, bytes) = discover_message(peer, NETWORK, everything());
    assert_eq!(world.post(peer, Action::Discover, bytes).await.0, 200);
    let mut offers = Vec::new();
    while offers.len() < many {
        let page = world.callback(peer, "/bap/receiver/on_discover", &context).await;
        for catalog in page.at(&["message", "catalogs"]).unwrap().as_array().unwrap() {
            offers.extend(catalog.get("offers").unwrap().as_array().unwrap().iter().cloned());
        }
    }
    offers
}

fn offer_ids_of(offers: &[Json]) -> Vec<&str> {
    offers.iter().filter_map(|offer| offer.get("id")?.as_str()).collect()
}
