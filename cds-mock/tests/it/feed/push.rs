//! Who is told what, in which order, and what becomes of those who do not listen.

use std::sync::Arc;

use beckn_wire::json::Json;
use clock::{Clock as _, SystemClock, TestClock};
use test_support::both_databases;
use test_support::database::TestDb;
use units::Span;

use super::*;

fn one(seller: &Peer, id: &str) -> Json {
    merge(catalog_of(seller, id, vec![terms(seller, &format!("offer-{id}"), 3_000)]), &[NETWORK])
}

both_databases! {
    async fn a_push_carries_exactly_what_was_accepted(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let peer = world.peer("ds.example", 2, &[NETWORK]).await;
        world.publish(&seller, one(&seller, "before")).await;
        let subscription = world.subscribe(&peer, &[NETWORK], &[]).await;
        let links = Json::parse(br#"[{"resourceId":"resource-of-a","extends":{"masterResourceId":"m"}}]"#).unwrap();
        let message = merge(
            catalog_of(&seller, "cat", vec![terms(&seller, "a", 3_000), terms(&seller, "b", 2_000)]),
            &[NETWORK],
        );
        let message = with(message, &["publishDirectives", "0", "resourceDirectives"], links);
        // One offer is not accepted, and so not pushed.
        let named = &["catalogs", "0", "offers", "1", "resourceIds"];
        let bad = with(message.clone(), named, Json::array([Json::from("x")]));
        assert_eq!(verdict(&world.publish(&seller, bad).await[0]).0, "PARTIAL");
        let push = world.pushed(&peer).await;
        let catalog = push.at(&["message", "catalogs", "0"]).unwrap();
        assert_eq!(offer_ids(std::slice::from_ref(catalog)), ["a"]);
        let published = message.at(&["catalogs", "0"]).unwrap();
        assert_eq!(catalog.at(&["offers", "0"]), published.at(&["offers", "0"]));
        assert_eq!(catalog.get("resources"), published.get("resources"));
        let directives = push.at(&["message", "publishDirectives"]).unwrap().as_array().unwrap();
        let published = message.at(&["publishDirectives", "0"]).unwrap();
        for member in ["catalogId", "catalogType", "updateMode", "visibleTo", "resourceDirectives"] {
            assert_eq!(directives[0].get(member), published.get(member), "{member}");
        }
        // All that a subscriber gets is of one transaction.
        let transaction = |push: &Json| push.at(&["context", "transactionId"]).cloned();
        world.publish(&seller, one(&seller, "next")).await;
        let next = world.pushed(&peer).await;
        assert_eq!((catalog_id(&next), transaction(&next)), ("next", transaction(&push)));

        // Who has ended hears nothing, and nothing of the time between when it begins again.
        let target = beckn_wire::energy::feed::subscription_target(&subscription.id);
        assert_eq!(world.signed(&peer, "DELETE", &target, Vec::new()).await.0, 200);
        world.publish(&seller, one(&seller, "unheard")).await;
        let again = subscribe(&texts(&[NETWORK]), &[]);
        assert_eq!(world.try_subscribe(&peer, &target, again).await.0, 200);
        world.publish(&seller, one(&seller, "heard")).await;
        assert_eq!(world.pushed_id(&peer).await, "heard");
    }

    async fn networks_types_and_audiences_decide_who_is_told(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK, OTHER_NETWORK]).await;
        let both = world.peer("both.example", 2, &[NETWORK, OTHER_NETWORK]).await;
        let here = world.peer("here.example", 3, &[NETWORK]).await;
        let wind = world.peer("wind.example", 4, &[NETWORK, OTHER_NETWORK]).await;
        world.subscribe(&both, &[NETWORK, OTHER_NETWORK], &["EnergyTradeOffer"]).await;
        // Two wishes of one subscriber that overlap do not make two pushes.
        world.subscribe(&both, &[OTHER_NETWORK], &[]).await;
        world.subscribe(&here, &[NETWORK], &[]).await;
        world.subscribe(&wind, &[NETWORK, OTHER_NETWORK], &["WindResource"]).await;
        let message = |id: &str, networks: &[&str]| {
            merge(catalog_of(&seller, id, vec![terms(&seller, id, 3_000)]), networks)
        };
        world.publish(&seller, message("there", &[OTHER_NETWORK])).await;
        world.publish(&seller, message("shared", &[NETWORK, OTHER_NETWORK])).await;
        assert_eq!(world.pushed_id(&both).await, "there");
        let visible = |push: &Json| push.at(&["message", "publishDirectives", "0", "visibleTo"]).unwrap().to_string();
        let push = world.pushed(&both).await;
        assert_eq!((catalog_id(&push), visible(&push)), ("shared", format!(r#"["{NETWORK}","{OTHER_NETWORK}"]"#)));
        // Nobody hears of a network of which they are no member.
        let push = world.pushed(&here).await;
        assert_eq!((catalog_id(&push), visible(&push)), ("shared", format!(r#"["{NETWORK}"]"#)));

        // Offers for others are left out, with their resources; a push of nothing else does not happen.
        let only = |id: &str| {
            let entry = [("type", "PARTICIPANT"), ("id", id)].map(|(k, v)| (k, Json::from(v)));
            Json::array([Json::object(entry)])
        };
        let audience = &["catalogs", "0", "offers", "0", "availableTo"];
        world.publish(&seller, with(message("secret", &[NETWORK]), audience, only("both.example"))).await;
        assert_eq!(world.pushed_id(&both).await, "secret");
        let entries = vec![terms(&seller, "hidden", 3_000), terms(&seller, "open", 3_000)];
        let mixed = merge(catalog_of(&seller, "mixed", entries), &[NETWORK]);
        world.publish(&seller, with(mixed, audience, only("both.example"))).await;
        let push = world.pushed(&here).await;
        assert_eq!(catalog_id(&push), "mixed");
        let catalogs = push.at(&["message", "catalogs"]).unwrap().as_array().unwrap();
        assert_eq!(offer_ids(catalogs), ["open"]);
        assert!(!push.to_string().contains("resource-of-hidden"));
        assert_eq!(world.pushed_id(&both).await, "mixed");

        // A catalog that moves away is told as withdrawn to who loses it; an end is told to all.
        world.publish(&seller, message("shared", &[OTHER_NETWORK])).await;
        let push = world.pushed(&here).await;
        let catalog = push.at(&["message", "catalogs", "0"]).unwrap();
        assert_eq!(catalog.get("id").and_then(Json::as_str), Some("shared"));
        assert_eq!(catalog.get("isActive"), Some(&Json::Bool(false)));
        assert!(!push.to_string().contains(OTHER_NETWORK) && !push.to_string().contains("Sun platform"));
        assert_eq!(world.pushed_id(&both).await, "shared");
        let end = with(message("mixed", &[NETWORK]), &["catalogs", "0", "isActive"], Json::Bool(false));
        world.publish(&seller, end).await;
        let push = world.pushed(&here).await;
        assert_eq!(push.at(&["message", "catalogs", "0", "isActive"]), Some(&Json::Bool(false)));
        assert!(!wind.has_mail());
    }

    async fn a_large_publication_comes_in_parts_of_bounded_size(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let peer = world.peer("ds.example", 2, &[NETWORK]).await;
        world.subscribe(&peer, &[NETWORK], &[]).await;
        let entries = (0..400).map(|n| terms(&seller, &format!("offer-{n:03}"), 3_000)).collect();
        let mode = &["publishDirectives", "0", "updateMode"];
        let message = with(merge(catalog_of(&seller, "cat", entries), &[]), mode, "FULL".into());
        world.publish(&seller, message).await;
        let (mut found, mut modes) = (Vec::new(), Vec::new());
        while found.len() < 400 {
            let push = world.pushed(&peer).await;
            assert!(push.to_string().len() < 1024 * 1024);
            found.extend(offer_ids(push.at(&["message", "catalogs"]).unwrap().as_array().unwrap()));
            let mode = push.at(&["message", "publishDirectives", "0", "updateMode"]).and_then(Json::as_str);
            modes.push(mode.unwrap().to_owned());
        }
        assert!(modes.len() > 1 && modes[0] == "FULL" && modes[1..].iter().all(|mode| mode == "MERGE"), "{modes:?}");
        assert_eq!(found, (0..400).map(|n| format!("offer-{n:03}")).collect::<Vec<_>>());
    }

    async fn who_was_down_for_an_hour_receives_everything_in_order(db: TestDb) {
        let clock = TestClock::at(SystemClock.now());
        let world = World::on(&db, Arc::new(clock.clone())).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let peer = world.peer("ds.example", 2, &[NETWORK]).await;
        let other = world.peer("other.example", 3, &[NETWORK]).await;
        world.subscribe(&peer, &[NETWORK], &[]).await;
        world.subscribe(&other, &[NETWORK], &[]).await;
        peer.says(0);
        // More than is ever under way.
        let ids: Vec<String> = (0..40).map(|n| format!("cat-{n:02}")).collect();
        for id in &ids {
            pass(&world, &clock, Span::from_secs(90)).await;
            world.publish(&seller, one(&seller, id)).await;
            // Who listens hears it at once.
            assert_eq!(world.pushed_id(&other).await, *id);
        }
        let world = world.restart().await;
        pass(&world, &clock, Span::from_hours(1)).await;
        peer.says(200);
        assert_eq!(collect(&world, &clock, &peer, ids.len()).await, ids);
        assert!(!peer.has_mail() && !other.has_mail());
        assert!(world.cds.feed.dead_letters(&peer.id).await.unwrap().is_empty());
    }

    async fn what_is_given_up_is_a_dead_letter_and_can_be_replayed(db: TestDb) {
        let clock = TestClock::at(SystemClock.now());
        let world = World::on(&db, Arc::new(clock.clone())).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let peer = world.peer("ds.example", 2, &[NETWORK]).await;
        let stranger = world.peer("stranger.example", 3, &[NETWORK]).await;
        world.subscribe(&peer, &[NETWORK], &[]).await;
        let before = clock.now();
        world.publish(&seller, one(&seller, "first")).await;
        assert_eq!(world.pushed_id(&peer).await, "first");
        // Refused again and again: given up soon.
        peer.says(400);
        world.publish(&seller, one(&seller, "second")).await;
        eventually(&world, &clock, async || world.cds.feed.dead_letters(&peer.id).await.unwrap().len() == 1).await;
        // Silent for longer than the policy's five days: given up as well.
        peer.says(503);
        world.publish(&seller, one(&seller, "third")).await;
        pass(&world, &clock, Span::from_hours(24 * 5)).await;
        eventually(&world, &clock, async || world.cds.feed.dead_letters(&peer.id).await.unwrap().len() == 2).await;
        peer.says(200);

        let (status, told) = world.signed(&peer, "GET", "feed/dead-letters", Vec::new()).await;
        let letters = told.get("deadLetters").unwrap().as_array().unwrap();
        assert_eq!((status, letters.len()), (200, 2), "{told}");
        assert!(letters[0].get("reason").and_then(Json::as_str).unwrap().contains("SCH_INVALID_JSON"));
        let ask = |from: Option<String>| {
            let mut members = vec![("subscriber", Json::from(peer.id.as_str()))];
            members.extend(from.map(|from| ("from", Json::from(from))));
            Json::object(members).to_bytes()
        };
        let query = "feed/dead-letters?subscriber=ds.example";
        for (method, path) in [("GET", query), ("POST", "feed/replay")] {
            let body = if method == "GET" { Vec::new() } else { ask(None) };
            let (status, answer) = world.signed(&stranger, method, path, body).await;
            assert_eq!((status, code(&answer)), (403, "AUT_UNAUTHORIZED_ACTION"));
        }
        for bad in [&b"x"[..], br#"{"subscriber":7}"#, br#"{"subscriber":"ds.example","from":"yesterday"}"#] {
            let (status, answer) = world.signed(&peer, "POST", "feed/replay", bad.to_vec()).await;
            assert_eq!((status, code(&answer)), (400, "SCH_INVALID_FORMAT"));
        }
        assert!(!peer.has_mail());

        let (status, told) = world.signed(&peer, "POST", "feed/replay", ask(None)).await;
        assert_eq!((status, told.get("deadLetters").and_then(Json::as_number)), (200, Some("2")), "{told}");
        assert_eq!(collect(&world, &clock, &peer, 2).await, ["second", "third"]);
        assert!(world.cds.feed.dead_letters(&peer.id).await.unwrap().is_empty());
        // The operator, who has the service's key, replays from a date.
        let operator = service(&world);
        let (status, told) = world.signed(&operator, "POST", "feed/replay", ask(Some(before.to_rfc3339()))).await;
        assert_eq!((status, told.get("deadLetters").and_then(Json::as_number)), (200, Some("0")), "{told}");
        assert_eq!(collect(&world, &clock, &peer, 3).await, ["first", "second", "third"]);
    }

    async fn what_is_kept_is_bounded_and_a_gap_is_told(db: TestDb) {
        const COUNT: db::Sql = db::Sql::new("test::count", "SELECT (SELECT COUNT(*) FROM publications) AS a, \
            (SELECT COUNT(*) FROM pushes) AS b, (SELECT COUNT(*) FROM outbox WHERE purpose = 'push') AS c");
        let clock = TestClock::at(SystemClock.now());
        let world = World::on(&db, Arc::new(clock.clone())).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let peer = world.peer("ds.example", 2, &[NETWORK]).await;
        world.subscribe(&peer, &[NETWORK], &[]).await;
        world.publish(&seller, one(&seller, "first")).await;
        assert_eq!(world.pushed_id(&peer).await, "first");
        let counts = || async {
            let row = world.cds.db.read(|tx| Box::pin(async move { tx.query_one(&COUNT, &[]).await })).await;
            let row = row.unwrap();
            ["a", "b", "c"].map(|name| row.get::<i64>(name).unwrap())
        };
        assert_eq!(counts().await, [1, 1, 1]);
        pass(&world, &clock, Span::from_hours(24 * 7 + 23)).await;
        eventually(&world, &clock, async || {
            world.cds.feed.prune().await;
            counts().await == [0, 0, 0]
        }).await;
        // Who asks for what is gone is told so, and gets what comes next.
        world.cds.feed.replay(&peer.id, None).await.unwrap();
        const BACK: db::Sql = db::Sql::new("test::back", "UPDATE feed_subscribers SET place = 0");
        world.cds.db.write(|tx| Box::pin(async move { tx.execute(&BACK, &[]).await })).await.unwrap();
        world.publish(&seller, one(&seller, "second")).await;
        assert_eq!(collect(&world, &clock, &peer, 1).await, ["second"]);
        let letters = world.cds.feed.dead_letters(&peer.id).await.unwrap();
        assert_eq!(letters.len(), 1);
        assert!(letters[0].reason.contains("pull FULL"), "{letters:?}");
    }
}
