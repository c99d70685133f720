//! `/users/me/meter-documents`: bills of our own making, read through a real process, with a model that the test runs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use pdf_text::Apart;
use serde_json::{Value, json};
use test_support::peer::{Peer, Reply as Said};
use test_support::{both_databases, pdf};
use units::Span;
use wattmandi::bills::{Desk, Model};
use wattmandi::config::{ModelConfig, Secret};

use crate::world::{ASHA, BILAL, Reply, World};

const PATH: &str = "/users/me/meter-documents";
const KEY: &str = "key-of-the-model-7781";
const METER: &str = "TEST_METER_000111";

db::sql! {
    PROVEN = "UPDATE meters SET customer_number = $2, sanctioned_load_w = 5000 WHERE meter_id = $1";
    RENAME = "UPDATE meters SET meter_id = $2, meter_key = $3 WHERE meter_id = $1";
    HAND_OVER = "UPDATE meters SET user_id = (SELECT id FROM users WHERE handle = 'bilal') WHERE meter_id = $1";
    KEPT = "SELECT COUNT(*) AS n FROM meter_documents WHERE reading IS NOT NULL";
    GIVEN = "SELECT COUNT(*) AS n FROM trust_changes WHERE cause = 'meter_data'";
}

/// Labels with their values beside them; a table with a column of units, on a second page.
fn beside(month: &str) -> Vec<u8> {
    let period = format!("Bill Period : 01-{month}-2026 to 28-{month}-2026");
    pdf::document(&[
        &[
            "NORTH Light Limited",
            "Consumer No. : 60012345678 Meter Sr. No : TEST_METER_000111",
            "Sanctioned Load (kW) 5.00 Category Domestic",
            &period,
            "Units Consumed : 1,312.5 kWh",
        ],
        &[
            "Consumption history",
            "Month Reading Units Amount (Rs.)",
            "Jul-2026 10,298 298 1,845.00",
            "Jun-2026 10,000 1,05,000 7,10,250.25",
        ],
    ])
}

/// Hindi, digits of Devanagari, odd spaces.
fn hindi() -> Vec<u8> {
    pdf::document(&[&[
        "PVVNL",
        "उपभोक्ता  संख्या / Consumer  No :- ६००१२३४५६७८",
        "M e t e r   N o : TEST_METER_000111",
        "स्वीकृत भार : ५ किलोवाट",
        "बिल अवधि ०५/०९/२०२६ - ०४/१०/२०२६",
        "कुल यूनिट : १,०२४",
        "माह खपत",
        "अगस्त 2026 210",
    ]])
}

/// Values below a row of labels; months side by side.
fn below() -> Vec<u8> {
    pdf::document(&[&[
        "BESCOM",
        "Customer ID Meter No Due date",
        "60012345678 TEST_METER_000111 03-11-2026",
        "Contracted Load : 5 KW",
        "Bill for the month of OCT-2026",
        "Units history",
        "OCT-26 SEP-26 AUG-26",
        "Units 110 120 131.25",
    ]])
}

async fn execute(world: &World, sql: &'static db::Sql, values: &[&str]) {
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    let done = world.participant.db.write(move |tx| {
        let values = values.clone();
        async move {
            let values: Vec<db::Value> = values.iter().map(|value| value.as_str().into()).collect();
            tx.execute(sql, &values).await
        }
        .boxed()
    });
    assert_eq!(done.await.unwrap(), 1);
}

async fn count(world: &World, sql: &'static db::Sql) -> i64 {
    let read = world.participant.db.read(move |tx| async move { tx.query_one(sql, &[]).await }.boxed());
    read.await.unwrap().get("n").unwrap()
}

/// A world whose PDFs are read, and where Asha's meter is proven.
async fn world(db: db::Db, model: Option<(&Peer, Duration)>) -> World {
    let model = model.map(|(peer, patience)| {
        let (url, key) = (format!("{}/v1/", peer.url), Secret::new(KEY));
        let config = ModelConfig { url, key, name: "a-model".into(), timeout_secs: 60 };
        Model::patient(&config, false, patience).unwrap()
    });
    let world = World::with(db, |state| {
        state.documents = Apart::new(env!("CARGO_BIN_EXE_wattmandi"), &["pdf-text"]);
        state.bills = Arc::new(Desk { model, per_day: 10 });
    })
    .await;
    execute(&world, &PROVEN, &[METER, "60012345678"]).await;
    world
}

async fn hand_in(world: &World, token: &str, pdf: Vec<u8>) -> Reply {
    send(world, token, PATH, pdf).await
}

async fn send(world: &World, token: &str, path: &str, pdf: Vec<u8>) -> Reply {
    let request = world.request(token, "POST", path).header("Content-Type", "application/pdf");
    Reply::of(request.body(pdf)).await
}

/// A world with that reader of PDFs, where two bills of a user are read in a day.
async fn two_a_day(db: db::Db, reader: Apart) -> World {
    World::with(db, |state| {
        state.documents = reader;
        state.bills = Arc::new(Desk { model: None, per_day: 2 });
    })
    .await
}

/// Asha's word on whether the model may see her bills.
async fn agree(world: &World, granted: bool) {
    // A later word counts, and words are told apart by their time.
    world.clock.advance(Span::from_secs(1));
    let consent = json!({"purpose": "bill_reading", "version": "1", "granted": granted});
    world.post(ASHA, "/users/me/consents", &consent).await.is(201);
}

async fn score(world: &World, token: &str) -> String {
    world.get(token, "/users/me/trust").await.is(200)["score"].as_str().unwrap().to_owned()
}

fn verdicts(bill: &Value) -> Vec<(&str, &str)> {
    let checks = bill["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["reason"].as_str().is_some_and(|reason| !reason.is_empty())));
    checks.iter().map(|c| (c["check"].as_str().unwrap(), c["verdict"].as_str().unwrap())).collect()
}

fn months(bill: &Value) -> Vec<(&str, &str)> {
    let months = bill["months"].as_array().unwrap();
    months.iter().map(|m| (m["month"].as_str().unwrap(), m["units_kwh"].as_str().unwrap())).collect()
}

/// The model's answer to everything.
fn says(content: impl ToString) -> Said {
    Said::json(200, json!({"choices": [{"message": {"role": "assistant", "content": content.to_string()}}]}))
}

fn answer() -> Value {
    json!({
        "discom": "NORTH Light Limited", "consumer_number": "60012345678", "meter_number": METER,
        "sanctioned_load_kw": "5", "bill_period": {"from": "2026-09-01", "to": "2026-09-28"},
        "months": [{"month": "2026-09", "units_kwh": "1312.5"}],
    })
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn bills_of_three_layouts_are_read_with_their_evidence(db: db::Db) {
        let world = world(db, None).await;
        let limits = |trust: &Value| (trust["capacity"].clone(), trust["buying"]["limit_kwh"].clone());
        let before = limits(&world.get(ASHA, "/users/me/trust").await.is(200));
        let first = hand_in(&world, ASHA, beside("09")).await;
        let bill = first.is(201);
        let id = bill["meter_document_id"].as_str().unwrap();
        assert_eq!(first.header("location"), format!("{PATH}/{id}"));
        assert_eq!((&bill["grade"], &bill["bonus"], &bill["model"]), (&json!("A"), &json!("given"), &json!("not_configured")));
        assert_eq!(bill["consumer_number"]["value"], "60012345678");
        let evidence = json!({"line": "Consumer No. : 60012345678 Meter Sr. No : TEST_METER_000111", "page": 1, "read_by": "rules"});
        assert_eq!(bill["meter_number"], json!({"value": METER, "evidence": evidence}));
        assert_eq!((&bill["sanctioned_load_w"]["value"], &bill["discom"]["value"]), (&json!(5_000), &json!("NORTH")));
        assert_eq!((&bill["bill_period"]["from"], &bill["bill_period"]["to"]), (&json!("2026-09-01"), &json!("2026-09-28")));
        assert_eq!(months(&bill), [("2026-09", "1312.5"), ("2026-07", "298"), ("2026-06", "105000")]);
        assert_eq!(bill["months"][1]["evidence"], json!({"line": "Jul-2026 10,298 298 1,845.00", "page": 2, "read_by": "rules"}));
        let passed = ["meter", "customer", "load", "period"].map(|name| (name, "passed"));
        assert_eq!(verdicts(&bill), [&passed[..], &[("readers", "unknown")]].concat());
        assert_eq!(score(&world, ASHA).await, "0.4");

        // The newest is the first of the list.
        world.clock.advance(Span::from_secs(1));
        let hindi = hand_in(&world, ASHA, hindi()).await.is(201);
        assert_eq!((&hindi["grade"], &hindi["bonus"]), (&json!("B"), &json!("account_had_it")), "{hindi}");
        assert_eq!((&hindi["consumer_number"]["value"], &hindi["sanctioned_load_w"]["value"]), (&json!("60012345678"), &json!(5_000)));
        assert_eq!(months(&hindi), [("2026-09", "1024"), ("2026-08", "210")]);
        world.clock.advance(Span::from_secs(1));
        let below = hand_in(&world, ASHA, below()).await.is(201);
        assert_eq!((&below["grade"], &below["discom"]["value"]), (&json!("A"), &json!("BESCOM")), "{below}");
        assert_eq!(months(&below), [("2026-10", "110"), ("2026-09", "120"), ("2026-08", "131.25")]);

        // A bill is declared: the score moved, once, and no limit beside what the score opens.
        assert_eq!(score(&world, ASHA).await, "0.4");
        assert_eq!(limits(&world.get(ASHA, "/users/me/trust").await.is(200)), before);
        let listed = world.get(ASHA, &format!("{PATH}?limit=2")).await.is(200);
        assert_eq!(listed["items"], json!([below, hindi]));
        let next = listed["next_cursor"].as_str().unwrap();
        let rest = world.get(ASHA, &format!("{PATH}?limit=2&cursor={next}")).await.is(200);
        assert_eq!((&rest["items"], &rest["next_cursor"]), (&json!([bill]), &Value::Null));
        assert_eq!(world.get(ASHA, &format!("{PATH}/{id}")).await.is(200), bill);
        world.running.stop().await;
    }

    async fn a_bill_is_its_owners_and_goes_when_told(db: db::Db) {
        let world = world(db, None).await;
        let request = || world.request(ASHA, "POST", PATH).header("Content-Type", "application/pdf");
        let keyed = || Reply::of(request().header("Idempotency-Key", "k-1").body(beside("09")));
        let (first, again) = (keyed().await, keyed().await);
        assert_eq!((first.status, &first.body), (201, &again.body));
        let id = first.is(201)["meter_document_id"].as_str().unwrap().to_owned();
        let path = format!("{PATH}/{id}");
        world.get(BILAL, &path).await.problem(404, "resource.not_found");
        Reply::of(world.request(BILAL, "DELETE", &path)).await.problem(404, "resource.not_found");
        assert_eq!(world.get(BILAL, PATH).await.is(200)["items"], json!([]));
        world.get(ASHA, &format!("{PATH}/1")).await.problem(404, "resource.not_found");
        assert_eq!((count(&world, &KEPT).await, score(&world, ASHA).await.as_str()), (1, "0.4"));
        assert_eq!(Reply::of(world.request(ASHA, "DELETE", &path)).await.status, 204);
        Reply::of(world.request(ASHA, "DELETE", &path)).await.problem(404, "resource.not_found");
        world.get(ASHA, &path).await.problem(404, "resource.not_found");
        assert_eq!(count(&world, &KEPT).await, 0);
        // Handed in anew it is read anew, and worth nothing more.
        assert_eq!(hand_in(&world, ASHA, beside("09")).await.is(201)["bonus"], "account_had_it");
        assert_eq!(score(&world, ASHA).await, "0.4");
        world.running.stop().await;
    }

    async fn the_bonus_is_given_once_whatever_races(db: db::Db) {
        let world = world(db, None).await;
        // Bilal has no such meter, Asha hands in four bills at once.
        let strange = hand_in(&world, BILAL, beside("09")).await.is(201);
        assert_eq!((&strange["grade"], &strange["bonus"]), (&json!("C"), &json!("meter_not_yours")));
        let bills = ["10", "09", "08", "08"];
        let all = bills.map(|month| hand_in(&world, ASHA, beside(month)));
        let mut bonuses: Vec<String> = Vec::new();
        for (month, reply) in bills.into_iter().zip(join_all(all).await) {
            // While one of hers is being read, another one is refused.
            let late = reply.status == 429;
            let reply = if late { hand_in(&world, ASHA, beside(month)).await } else { reply };
            bonuses.push(reply.is(201)["bonus"].as_str().unwrap().to_owned());
        }
        bonuses.sort();
        assert_eq!(bonuses, ["account_had_it", "account_had_it", "account_had_it", "given"]);
        assert_eq!((count(&world, &GIVEN).await, score(&world, ASHA).await.as_str()), (1, "0.4"));
        // The meter changes hands: it has had its bonus.
        execute(&world, &HAND_OVER, &[METER]).await;
        assert_eq!(hand_in(&world, BILAL, hindi()).await.is(201)["bonus"], "meter_had_it");
        // And so has the document, on a meter that is written otherwise.
        execute(&world, &RENAME, &[METER, "TEST-METER-000111", "test-meter-000111"]).await;
        let months = ["10", "09", "08"];
        let mut again = Vec::new();
        for month in months {
            again.push(hand_in(&world, BILAL, beside(month)).await.is(201)["bonus"].as_str().unwrap().to_owned());
        }
        // One of the three gave Asha's bonus; the first other one gives Bilal his.
        let given = again.iter().position(|bonus| bonus == "given").unwrap();
        let had = again.iter().position(|bonus| bonus == "document_had_it");
        assert!(had.is_none_or(|had| had < given) && given <= 1, "{again:?}");
        assert!(again[given + 1..].iter().all(|bonus| bonus == "account_had_it"), "{again:?}");
        assert_eq!((count(&world, &GIVEN).await, score(&world, BILAL).await.as_str()), (2, "0.4"));
        world.running.stop().await;
    }

    async fn a_bill_that_contradicts_the_meter_is_worth_nothing(db: db::Db) {
        let world = world(db, None).await;
        for (customer, failed) in [("7", "customer"), ("60012345678", "period")] {
            execute(&world, &PROVEN, &[METER, customer]).await;
            if failed == "period" {
                world.clock.advance(Span::from_days(400));
            }
            let bill = hand_in(&world, ASHA, beside("09")).await.is(201);
            assert_eq!((&bill["grade"], &bill["bonus"]), (&json!("C"), &json!("grade_too_low")));
            assert!(verdicts(&bill).contains(&(failed, "failed")), "{bill}");
        }
        let little = hand_in(&world, ASHA, pdf::document(&[&["A letter without a number"]])).await.is(201);
        assert_eq!((&little["grade"], &little["consumer_number"]), (&json!("D"), &Value::Null));
        assert_eq!(score(&world, ASHA).await, "0.3");
        world.running.stop().await;
    }

    async fn what_is_no_bill_is_refused_with_its_reason(db: db::Db) {
        let world = world(db, None).await;
        let typed = |kind: &str| world.request(ASHA, "POST", PATH).header("Content-Type", kind).body(beside("09"));
        for kind in ["application/json", "application/octet-stream", "text/plain"] {
            let refused = Reply::of(typed(kind)).await.problem(415, "request.unsupported_media_type");
            assert_eq!(refused["next_step"], "Send the header Content-Type: application/pdf.");
        }
        let huge = vec![b'%'; 1024 * 1024 + 1];
        hand_in(&world, ASHA, huge).await.problem(413, "request.too_large");
        let lines: &[&str] = &["Consumer No 60012345678"];
        for (bytes, status, code) in [
            (b"%PDF-1.7 and then nothing".to_vec(), 422, "document.unreadable"),
            (b"Consumer No 60012345678".to_vec(), 422, "document.unreadable"),
            (Vec::new(), 422, "document.unreadable"),
            (pdf::locked(&[lines]), 422, "document.locked"),
            (pdf::document(&[&[]]), 422, "document.no_text"),
            (pdf::document(&[lines; 21]), 413, "request.too_large"),
        ] {
            hand_in(&world, ASHA, bytes).await.problem(status, code);
        }
        assert_eq!(count(&world, &KEPT).await, 0);
        // Six were counted, whatever came of them.
        for _ in 6..10 {
            hand_in(&world, ASHA, Vec::new()).await.problem(422, "document.unreadable");
        }
        world.clock.advance(Span::from_hours(23));
        let refused = hand_in(&world, ASHA, beside("09")).await;
        refused.problem(429, "request.rate_limited");
        assert_eq!(refused.header("retry-after"), "3601");
        hand_in(&world, BILAL, Vec::new()).await.problem(422, "document.unreadable");
        world.clock.advance(Span::from_hours(1));
        assert_eq!(hand_in(&world, ASHA, beside("09")).await.is(201)["bonus"], "given");
        world.running.stop().await;
    }

    async fn one_file_of_a_user_is_read_at_a_time(db: db::Db) {
        let reader = Apart::new(env!("CARGO_BIN_EXE_wattmandi"), &["pdf-text"]);
        let world = two_a_day(db, reader.clone()).await;
        // As long as one of Asha's is being read, no other of hers is, bill or credential, and none is counted.
        let turn = reader.turn(world.asha.id.as_u128()).unwrap();
        for path in [PATH, "/users/me/credentials", PATH, PATH] {
            let refused = send(&world, ASHA, path, beside("09")).await;
            refused.problem(429, "request.rate_limited");
            assert_eq!(refused.header("retry-after"), "5", "{path}");
        }
        hand_in(&world, BILAL, beside("09")).await.is(201);
        drop(turn);
        hand_in(&world, ASHA, beside("09")).await.is(201);
        hand_in(&world, ASHA, beside("08")).await.is(201);
        let refused = hand_in(&world, ASHA, beside("10")).await;
        refused.problem(429, "request.rate_limited");
        assert_eq!(refused.header("retry-after"), "86401");
        world.running.stop().await;
    }

    async fn the_wait_for_a_place_to_be_read_at_ends(db: db::Db) {
        let reader = Apart::new(env!("CARGO_BIN_EXE_wattmandi"), &["pdf-text"]);
        let world = two_a_day(db, reader.with_places(0, Duration::ZERO)).await;
        for path in [PATH, "/users/me/credentials", PATH] {
            let refused = send(&world, ASHA, path, beside("09")).await;
            refused.problem(503, "request.busy");
            assert_eq!(refused.header("retry-after"), "15", "{path}");
        }
        // They were counted.
        hand_in(&world, ASHA, beside("09")).await.problem(429, "request.rate_limited");
        world.running.stop().await;
    }

    async fn a_model_is_asked_with_consent_and_believed_where_the_text_has_it(db: db::Db) {
        let script = Arc::new(Mutex::new(answer()));
        let said = Arc::clone(&script);
        let peer = Peer::start(move |_| says(said.lock().unwrap())).await;
        let world = world(db, Some((&peer, Duration::from_secs(60)))).await;
        let bill = hand_in(&world, ASHA, beside("09")).await.is(201);
        assert_eq!((&bill["model"], peer.requests().len()), (&json!("no_consent"), 0));
        agree(&world, true).await;
        let bill = hand_in(&world, ASHA, beside("09")).await.is(201);
        assert_eq!((&bill["model"], &bill["grade"], &bill["dropped"]), (&json!("used"), &json!("A"), &json!([])));
        assert_eq!(bill["meter_number"]["evidence"]["read_by"], "both");
        assert_eq!((&bill["months"][0]["evidence"]["read_by"], verdicts(&bill)[4]), (&json!("both"), ("readers", "passed")));
        let asked = &peer.requests()[0];
        assert_eq!((asked.path.as_str(), asked.header("authorization")), ("/v1/chat/completions", format!("Bearer {KEY}").as_str()));
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        assert_eq!((&body["model"], &body["temperature"]), (&json!("a-model"), &json!(0)));
        let shown: Value = serde_json::from_str(body["messages"][1]["content"].as_str().unwrap()).unwrap();
        assert!(shown["bill_text"].as_str().unwrap().contains("Units Consumed : 1,312.5 kWh"));

        // It makes up a number, and takes the one of the customer for that of the meter.
        let mut lie = answer();
        lie["consumer_number"] = "99999999999".into();
        lie["meter_number"] = "60012345678".into();
        lie["months"] = json!([{"month": "2026-05", "units_kwh": "298"}]);
        *script.lock().unwrap() = lie;
        let bill = hand_in(&world, ASHA, beside("08")).await.is(201);
        let dropped = |field: &str, value: &str, reason: &str| json!({"field": field, "value": value, "reason": reason});
        let expected = [
            dropped("consumer_number", "99999999999", "not_in_text"),
            dropped("meter_number", "60012345678", "disagrees"),
            dropped("bill_period", "2026-09-01/2026-09-28", "not_in_text"),
            dropped("months", "2026-05 298", "not_in_text"),
        ];
        assert_eq!(bill["dropped"], json!(expected));
        assert_eq!((&bill["meter_number"]["value"], &bill["grade"]), (&json!(METER), &json!("C")));

        agree(&world, false).await;
        let bill = hand_in(&world, ASHA, beside("09")).await.is(201);
        assert_eq!((&bill["model"], peer.requests().len()), (&json!("no_consent"), 2));
        world.running.stop().await;
    }

    async fn a_model_that_fails_changes_nothing(db: db::Db) {
        let turn = Arc::new(AtomicUsize::new(0));
        let now = Arc::clone(&turn);
        let peer = Peer::start(move |_| match now.load(Ordering::SeqCst) {
            0 => says("I am sorry, I cannot read that"),
            1 => says(json!({"grade": "A"})),
            2 => Said::json(200, "{\"choices\": []}"),
            3 => Said::Endless(200),
            4 => Said::json(500, json!({"error": KEY})),
            _ => Said::redirect("http://127.0.0.1:1/"),
        })
        .await;
        let world = world(db, Some((&peer, Duration::from_secs(60)))).await;
        agree(&world, true).await;
        let alone = ["unusable", "unusable", "unusable", "unusable", "unavailable", "unavailable"];
        for (index, expected) in alone.into_iter().enumerate() {
            turn.store(index, Ordering::SeqCst);
            let reply = hand_in(&world, ASHA, beside("09")).await;
            assert!(!reply.text().contains(KEY));
            let bill = reply.is(201);
            assert_eq!((&bill["model"], &bill["grade"]), (&json!(expected), &json!("A")), "{index}");
            assert_eq!((verdicts(&bill)[4], &bill["dropped"]), (("readers", "unknown"), &json!([])));
            assert_eq!(bill["bonus"], if index == 0 { "given" } else { "account_had_it" });
        }
        assert_eq!(peer.requests().len(), alone.len());
        world.running.stop().await;
    }

    async fn a_model_that_never_ends_holds_nobody_up(db: db::Db) {
        let peer = Peer::start(|_| Said::Stalled).await;
        let world = world(db, Some((&peer, Duration::from_millis(300)))).await;
        agree(&world, true).await;
        let bill = hand_in(&world, ASHA, beside("09")).await.is(201);
        assert_eq!((&bill["model"], &bill["bonus"]), (&json!("unavailable"), &json!("given")));
        world.running.stop().await;
    }
}
