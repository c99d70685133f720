//! Statements: what a month adds up to, in each of its forms.

use serde_json::{Value, json};
use test_support::both_databases;
use units::Span;
use wattmandi::contract::{Side, State};

use crate::lifecycle::{result, settle};
use crate::world::{ASHA, BILAL, Reply, World};

const FULL: &[(i64, i64, i64)] = &[(1_250, 1_250, 1_250), (2_000, 2_000, 2_000)];

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn a_month_adds_up_and_a_past_one_stays(db: db::Db) {
        let world = World::start(db).await;
        let bought = world.contract(Side::Buyer, State::Standing, "t-1").await;
        let sold = world.contract(Side::Seller, State::Active, "t-2").await;
        settle(&world, &result(&bought, 1, FULL, 0)).await.unwrap();
        settle(&world, &result(&sold, 1, &[(1_000, 1_000, 1_000), (2_000, 2_000, 2_000)], 0)).await.unwrap();
        world.post(ASHA, "/users/me/account/top-ups", &json!({"amount_inr": "5"})).await.is(201);
        let november = world.get(ASHA, "/users/me/statements/2026-11").await;
        let document = november.is(200);
        assert_eq!((&document["opening_inr"], &document["closing_inr"]), (&json!("0.00"), &json!("3.37")));
        assert_eq!((&document["reconciled"], &document["bought"]["amount_inr"]), (&json!(true), &json!("-20.13")));
        assert_eq!((&document["sold"]["amount_inr"], &document["movements"][0]["amount_inr"]), (&json!("18.50"), &json!("5.00")));
        assert_eq!(document["meters"][0], json!({"meter_id": "TEST_METER_000111", "discom": "NORTH",
            "customer_number": "C-1", "bought_kwh": "3.25", "sold_kwh": "3"}));
        assert_eq!(document["lines"].as_array().unwrap().len(), 4);
        let line = &document["lines"][0];
        assert_eq!((&line["meter_id"], &line["allocation"]["requested_kwh"]), (&json!("TEST_METER_000111"), &json!("1.25")));
        world.get(ASHA, line["links"]["trade"].as_str().unwrap()).await.is(200);
        assert_eq!(line["links"]["events"], "/api/transactions/t-1/events");
        // A correction in the next month is a line of that month.
        world.clock.advance(Span::from_days(12));
        settle(&world, &result(&bought, 2, &[(1_250, 1_250, 1_250), (2_000, 2_000, 1_000)], 0)).await.unwrap();
        assert_eq!(world.get(ASHA, "/users/me/statements/2026-11").await.body, november.body);
        let december = world.get(ASHA, "/users/me/statements/2026-12").await.is(200);
        assert_eq!((&december["opening_inr"], &december["closing_inr"]), (&json!("3.37"), &json!("9.37")));
        assert_eq!((&december["reconciled"], &december["meters"][0]["bought_kwh"]), (&json!(true), &json!("-1")));
        assert_eq!(december["lines"][1]["allocation"]["settled_before_kwh"], "2");
        let months = world.get(ASHA, "/users/me/statements").await.is(200);
        let heads: Vec<_> = months["items"].as_array().unwrap().iter().map(|head| (head["month"].clone(), head["open"].clone())).collect();
        assert_eq!(heads, [(json!("2026-12"), json!(true)), (json!("2026-11"), json!(false))]);
        let first = world.get(ASHA, "/users/me/statements?limit=1").await.is(200);
        let cursor = first["next_cursor"].as_str().unwrap();
        let next = world.get(ASHA, &format!("/users/me/statements?limit=1&cursor={cursor}")).await.is(200);
        assert_eq!((&first["items"][0], &next["items"][0]), (&months["items"][0], &months["items"][1]));
        assert_eq!((next["items"].as_array().unwrap().len(), &next["next_cursor"]), (1, &Value::Null));
        // A month after shows what was carried over, one before nothing.
        assert_eq!(world.get(ASHA, "/users/me/statements/2027-01").await.is(200)["closing_inr"], "9.37");
        assert_eq!(world.get(ASHA, "/users/me/statements/2026-10").await.is(200)["closing_inr"], "0.00");
        assert_eq!(world.get(BILAL, "/users/me/statements/2026-11").await.is(200)["lines"], json!([]));
        for odd in ["2026-13", "2026-1", "november", "2026-11.pdf", "..csv"] {
            world.get(ASHA, &format!("/users/me/statements/{odd}")).await.problem(404, "resource.not_found");
        }
        world.running.stop().await;
    }

    async fn it_is_a_table_and_a_page_without_script(db: db::Db) {
        let world = World::start(db).await;
        let name = "t-<script>alert(1)</script>\"=&";
        let bought = world.contract(Side::Buyer, State::Standing, name).await;
        settle(&world, &result(&bought, 1, FULL, 0)).await.unwrap();
        let csv = world.get(ASHA, "/users/me/statements/2026-11.csv").await;
        assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv; charset=utf-8"));
        let text = csv.text();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines.len(), 1 + 1 + 2 + 1 + 1);
        assert!(lines[1].starts_with("opening,") && lines[4].starts_with("closing,") && lines[4].contains("-20.13"));
        assert!(lines[2].contains("\"t-<script>alert(1)</script>\"\"=&\""), "{}", lines[2]);
        // One's own meter stands there as the DISCOM writes it, not as we compare it.
        assert!(lines[2].contains(",TEST_METER_000111,NORTH,"), "{}", lines[2]);
        let html = world.get(ASHA, "/users/me/statements/2026-11.html").await;
        html.dressed();
        let policy = html.header("content-security-policy").to_owned();
        assert!(policy.contains("style-src 'sha256-") && !policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
        let page = html.text();
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script") && page.contains("-20.13"), "{page}");
        for (accept, kind) in [
            ("text/csv", "text/csv; charset=utf-8"),
            ("text/html, */*;q=0.1", "text/html; charset=utf-8"),
            ("*/*", "application/json"),
        ] {
            let asked = world.request(ASHA, "GET", "/users/me/statements/2026-11").header("Accept", accept);
            assert_eq!(Reply::of(asked).await.header("content-type"), kind);
        }
        world.running.stop().await;
    }
}
