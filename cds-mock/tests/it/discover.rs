//! `discover`: who sees what, when no longer, what is refused, and answers of many pages.

use std::collections::BTreeSet;

use beckn_wire::action::Action;
use beckn_wire::json::Json;
use test_support::both_databases;
use test_support::database::TestDb;

use super::world::*;

both_databases! {
    async fn networks_and_available_to_decide_who_sees(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK, OTHER_NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK, OTHER_NETWORK]).await;
        let stranger = world.peer("stranger.example", 3, &[NETWORK]).await;
        let one = |id: &str, offer: &str| catalog_of(&seller, id, vec![terms(&seller, offer, 3_000)]);
        world.publish(&seller, merge(one("here", "here"), &[NETWORK])).await;
        world.publish(&seller, merge(one("there", "there"), &[OTHER_NETWORK])).await;
        world.publish(&seller, merge(one("both", "both"), &[NETWORK, OTHER_NETWORK])).await;
        let available_to = &["catalogs", "0", "offers", "0", "availableTo"];
        let only = |kind: &str, id: &str| {
            Json::array([Json::object([("type", kind), ("id", id)].map(|(k, v)| (k, Json::from(v))))])
        };
        let mine = with(merge(one("mine", "mine"), &[]), available_to, only("PARTICIPANT", "bap.example"));
        assert_eq!(verdict(&world.publish(&seller, mine).await[0]).0, "ACCEPTED");
        let net = merge(one("net", "net"), &[NETWORK]);
        let elsewhere = with(net, available_to, only("NETWORK", OTHER_NETWORK));
        world.publish(&seller, elsewhere).await;

        let seen = |catalogs: Vec<Json>| offer_ids(&catalogs);
        assert_eq!(seen(world.discover(&buyer, NETWORK, everything()).await), ["both", "here", "mine"]);
        assert_eq!(seen(world.discover(&buyer, OTHER_NETWORK, everything()).await), ["both", "there"]);
        assert_eq!(seen(world.discover(&stranger, NETWORK, everything()).await), ["both", "here"]);

        // Neither a look into a foreign network nor a catalog in one.
        let (_, bytes) = discover_message(&stranger, OTHER_NETWORK, everything());
        let (status, answer) = world.post(&stranger, Action::Discover, bytes).await;
        let code = answer.at(&["message", "error", "code"]).and_then(Json::as_str);
        assert_eq!((status, code), (403, Some("AUT_DOMAIN_NOT_ALLOWED")));
        let entries = vec![terms(&stranger, "x", 3_000)];
        let foreign = merge(catalog_of(&stranger, "x", entries), &[NETWORK, OTHER_NETWORK]);
        let results = world.publish(&stranger, foreign).await;
        let expected = ("AUT_DOMAIN_NOT_ALLOWED".to_owned(), "message/publishDirectives".to_owned());
        assert_eq!(verdict(&results[0]), ("REJECTED".to_owned(), vec![expected]));

        // A catalog that moves to another network disappears from the first.
        world.publish(&seller, merge(one("here", "here"), &[OTHER_NETWORK])).await;
        assert_eq!(seen(world.discover(&buyer, NETWORK, everything()).await), ["both", "mine"]);
    }

    async fn what_is_sold_out_switched_off_or_over_is_not_shown(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let with_stock = |a, b| {
            merge(catalog_of(&seller, "cat", vec![terms(&seller, "a", a), terms(&seller, "b", b)]), &[])
        };
        world.publish(&seller, with_stock(3_000, 0)).await;
        assert_eq!(world.offers(&buyer).await, ["a"]);
        world.publish(&seller, with_stock(0, 990)).await;
        assert_eq!(world.offers(&buyer).await, Vec::<String>::new());
        world.publish(&seller, with_stock(1_000, 2_000)).await;
        assert_eq!(world.offers(&buyer).await, ["a", "b"]);
        let is_active = &["catalogs", "0", "offers", "0", "isActive"];
        let off = with(with_stock(3_000, 3_000), is_active, Json::Bool(false));
        assert_eq!(verdict(&world.publish(&seller, off).await[0]).0, "ACCEPTED");
        assert_eq!(world.offers(&buyer).await, ["b"]);

        // Valid until 02:30; the last of the two gates closes at 06:30 - 4 h = 02:30.
        let window = &["catalogs", "0", "offers", "0", "offerAttributes", "validityWindow", "schema:endTime"];
        let longer = with(with_stock(3_000, 0), window, "2026-11-22T12:00:00Z".into());
        world.publish(&seller, longer).await;
        world.market.set(at("2026-11-22T02:29:59Z"));
        assert_eq!(world.offers(&buyer).await, ["a"]);
        world.market.set(at("2026-11-22T02:30:00Z"));
        assert_eq!(world.offers(&buyer).await, Vec::<String>::new());
    }

    async fn filters_names_and_their_combination(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let entries = vec![terms(&seller, "a", 3_000), terms(&seller, "b", 8_000)];
        world.publish(&seller, merge(catalog_of(&seller, "cat", entries), &[])).await;
        let cases: &[(Json, &[&str])] = &[
            (Json::object::<String, _>([]), &["a", "b"]),
            (filter(r#"$.catalogs[*].offers[*] ? (@.id == "b")"#), &["b"]),
            (filter("$.catalogs[*].offers[?@.id == 'a']"), &["a"]),
            (
                filter(
                    r#"$.catalogs[*].offers[*] ? (exists(@.offerAttributes.commitmentAttributes
                       .intervals[*].payloads[*]
                       ? (@.type == "AVAILABLE_QTY" && @.values[0] >= 5)))"#,
                ),
                &["b"],
            ),
            (filter(r#"$.catalogs[*].resources[*] ? (@.id == "resource-of-a")"#), &["a"]),
            (filter(r#"$.catalogs[*] ? (@.bppId == "nobody.example")"#), &[]),
            (Json::object([("textSearch", Json::from("SOLAR hours B"))]), &["b"]),
            (Json::object([("textSearch", Json::from("asha wind"))]), &[]),
        ];
        for (intent, expected) in cases {
            let seen = world.discover(&buyer, NETWORK, intent.clone()).await;
            assert_eq!(offer_ids(&seen), *expected, "{intent}");
            for catalog in &seen {
                // Only the resources that the shown offers name.
                let resources = catalog.get("resources").unwrap().as_array().unwrap();
                assert_eq!(resources.len(), catalog.get("offers").unwrap().as_array().unwrap().len());
            }
        }
    }

    async fn what_is_not_yet_valid_is_not_shown(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let start = "2098-11-21T06:00:00Z";
        let offers = |ids: &[&str]| {
            let entries = ids.iter().map(|id| terms(&seller, id, 3_000)).collect();
            merge(catalog_of(&seller, ids[0], entries), &[])
        };
        // One offer by its window, one by the member of every offer, one by that of its catalog; one has begun.
        let window = ["catalogs", "0", "offers", "0", "offerAttributes", "validityWindow", "schema:startTime"];
        let end = [&window[..6], &["schema:endTime"]].concat();
        let message = with(offers(&["window", "now"]), &end, "2099-12-31T00:00:00Z".into());
        let message = with(message, &window, start.into());
        let core = ["catalogs", "0", "offers", "0", "validity"];
        let period = || {
            let period = [("startDate", start), ("endDate", "2099-12-31T00:00:00Z")];
            Json::object(period.map(|(name, text)| (name, Json::from(text))))
        };
        for message in [
            message,
            with(offers(&["core"]), &core, period()),
            with(offers(&["whole"]), &["catalogs", "0", "validity"], period()),
        ] {
            let result = world.publish(&seller, message).await.remove(0);
            assert_eq!(verdict(&result), ("ACCEPTED".to_owned(), vec![]));
        }
        assert_eq!(world.offers(&buyer).await, ["now"]);
    }

    async fn an_hour_past_its_gate_is_not_shown_and_not_found(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        // 11:00 for 5 rupees and 12:00 for 6, whose gates close at 01:30 and 02:30 UTC.
        let message = merge(catalog_of(&seller, "cat", vec![terms(&seller, "a", 3_000)]), &[]);
        world.publish(&seller, message).await;
        let cheap = || {
            filter(
                r#"$.catalogs[*].offers[*] ? (exists(@.offerAttributes.commitmentAttributes
                   .intervals[*].payloads[*] ? (@.type == "PRICE_PER_KWH" && @.values[0] <= 5)))"#,
            )
        };
        let rows = |seen: &[Json]| {
            let rows = seen[0].at(&["offers", "0", "offerAttributes", "commitmentAttributes", "intervals"]);
            let rows = rows.unwrap().as_array().unwrap().to_vec();
            rows.iter().map(|row| row.get("id").unwrap().to_string()).collect::<Vec<_>>()
        };
        world.market.set(at("2026-11-22T01:29:59Z"));
        assert_eq!(rows(&world.discover(&buyer, NETWORK, cheap()).await), ["0", "1"]);
        world.market.set(at("2026-11-22T01:30:00Z"));
        assert_eq!(rows(&world.discover(&buyer, NETWORK, everything()).await), ["1"]);
        assert_eq!(world.discover(&buyer, NETWORK, cheap()).await, []);
    }

    async fn places_words_and_filters_hold_together(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let entries = ["a", "b", "c"].map(|id| terms(&seller, id, 3_000)).to_vec();
        let mut message = merge(catalog_of(&seller, "cat", entries), &[]);
        let geo = |x: &str| {
            Json::parse(format!(r#"{{"type":"Point","coordinates":[{x},13]}}"#).as_bytes()).unwrap()
        };
        for (n, x) in [("0", "77.5"), ("1", "77.6")] {
            let place = ["catalogs", "0", "resources", n, "resourceAttributes", "geo"];
            message = with(message, &place, geo(x));
        }
        assert_eq!(verdict(&world.publish(&seller, message).await[0]).0, "ACCEPTED");
        let near = |meters: u32, more: &str| {
            let text = format!(
                r#"{{"spatial":[{{"op":"S_DWITHIN","targets":"$.resourceAttributes.geo",
                "distanceMeters":{meters},"geometry":{{"type":"Point","coordinates":[77.5,13]}}}}]{more}}}"#
            );
            Json::parse(text.as_bytes()).unwrap()
        };
        // One degree of longitude is 108.3 km there.
        for (intent, expected) in [
            (near(1_000, ""), vec!["a"]),
            (near(11_000, ""), vec!["a", "b"]),
            (near(11_000, r#","textSearch":"hours b""#), vec!["b"]),
            (near(1_000, r#","textSearch":"hours b""#), vec![]),
            (
                near(
                    11_000,
                    r#","filters":{"type":"jsonpath","expression":"$.catalogs[*].offers[?@.id == 'a']"}"#,
                ),
                vec!["a"],
            ),
        ] {
            assert_eq!(offer_ids(&world.discover(&buyer, NETWORK, intent.clone()).await), expected, "{intent}");
        }

        // The resource moves, without its offer: the offer is found where it is now. So it is after a start.
        let moved = merge(catalog_of(&seller, "cat", vec![terms(&seller, "a", 3_000)]), &[]);
        let moved = with(moved, &["catalogs", "0", "resources", "0", "resourceAttributes", "geo"], geo("70"));
        let moved = with(moved, &["catalogs", "0", "offers"], Json::array([]));
        let moved = with(moved, &["publishDirectives", "0", "catalogType"], "REGULAR".into());
        assert_eq!(verdict(&world.publish(&seller, moved).await[0]).0, "ACCEPTED");
        let seen = world.discover(&buyer, NETWORK, near(11_000, "")).await;
        assert_eq!(offer_ids(&seen), ["b"]);
        let world = world.restart().await;
        let seen = world.discover(&buyer, NETWORK, near(11_000, "")).await;
        assert_eq!(offer_ids(&seen), ["b"]);
    }

    async fn a_start_makes_lost_facts_anew(db: TestDb) {
        const LOSE: db::Sql = db::Sql::new("test::lose", "DELETE FROM catalog_offer_facts");
        const OTHERS: db::Sql =
            db::Sql::new("test::others", "UPDATE catalog_resource_facts SET version = 0, facts = ''");
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let entries = ["a", "b"].map(|id| terms(&seller, id, 3_000)).to_vec();
        world.publish(&seller, merge(catalog_of(&seller, "cat", entries), &[])).await;
        let lost = world.cds.db.write(|tx| {
            Box::pin(async move { Ok::<_, db::DbError>((tx.execute(&LOSE, &[]).await?, tx.execute(&OTHERS, &[]).await?)) })
        });
        assert_eq!(lost.await.unwrap(), (2, 2));
        let world = world.restart().await;
        let size = world.cds.index.size();
        assert_eq!((size.catalogs, size.offers), (1, 2));
        for item in ["offers[?@.id == 'b']", "resources[?@.id == 'resource-of-b']"] {
            let intent = filter(&format!("$.catalogs[*].{item}"));
            assert_eq!(offer_ids(&world.discover(&buyer, NETWORK, intent).await), ["b"]);
        }
        assert_eq!(world.offers(&buyer).await, ["a", "b"]);
    }

    async fn what_cannot_be_asked_is_refused_at_once_and_never_called_back(db: TestDb) {
        let world = World::new(&db).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let spatial = r#"{"spatial":[{"op":"S_DWITHIN","targets":"$","distanceMeters":5}]}"#;
        let media = r#"{"mediaSearch":{"media":[{"type":"image","url":"https://x.example/i.png"}]}}"#;
        for (intent, code, path) in [
            (filter("$.catalogs[*] ? ("), "SCH_INVALID_JSONPATH", "message/intent/filters/expression"),
            (filter(&"$..[?@".repeat(200)), "SCH_INVALID_JSONPATH", "message/intent/filters/expression"),
            (
                Json::parse(spatial.as_bytes()).unwrap(),
                "SCH_REQUIRED_FIELD_MISSING",
                "message/intent/spatial/0/geometry",
            ),
            (Json::parse(media.as_bytes()).unwrap(), "NET_NOT_IMPLEMENTED", "message/intent/mediaSearch"),
        ] {
            let (_, bytes) = discover_message(&buyer, NETWORK, intent);
            let (status, answer) = world.post(&buyer, Action::Discover, bytes).await;
            let error = answer.at(&["message", "error"]).unwrap();
            assert_eq!((status, error.get("code").unwrap().as_str()), (400, Some(code)));
            assert_eq!(error.at(&["details", "path"]).unwrap().as_str(), Some(path));
        }
        // The next callback is that of the next good question.
        assert_eq!(world.offers(&buyer).await, Vec::<String>::new());
        assert!(!buyer.has_mail());
    }

    async fn a_large_answer_comes_in_pages_with_one_message_id(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let entries = (0..420).map(|n| terms(&seller, &format!("offer-{n:04}"), 3_000)).collect();
        let mut message = merge(catalog_of(&seller, "cat", entries), &[]);
        for n in 0..420 {
            let step = n.to_string();
            let place = ["catalogs", "0", "offers", &step, "descriptor", "longDesc"];
            message = with(message, &place, "x".repeat(4_000).into());
        }
        assert_eq!(verdict(&world.publish(&seller, message).await[0]).0, "ACCEPTED");
        let (context, bytes) = discover_message(&buyer, NETWORK, everything());
        assert_eq!(world.post(&buyer, Action::Discover, bytes).await.0, 200);
        let mut seen = Vec::new();
        let mut pages = 0;
        while seen.len() < 420 {
            let page = world.callback(&buyer, "/bap/receiver/on_discover", &context).await;
            assert!(page.to_string().len() < 1_000_000);
            seen.extend(offer_ids(page.at(&["message", "catalogs"]).unwrap().as_array().unwrap()));
            pages += 1;
        }
        let expected: Vec<String> = (0..420).map(|n| format!("offer-{n:04}")).collect();
        assert_eq!(seen, expected);
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 420);
        assert!(pages > 2, "{pages}");
    }
}
