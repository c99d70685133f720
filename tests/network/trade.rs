//! From the search to a trade that stands, and the wishes that the rules do not allow.

use serde_json::{Value, json};

use crate::audit::{Book, check_agreement};
use crate::client::{items, slots, text};
use crate::world::*;

/// What a ledger knows of Farid's 2 and 1.5 kWh of Asha's hours.
fn check_record(record: &Value) {
    assert_eq!((&record["status"], &record["revision"]), (&json!("ACTIVE"), &json!(1)), "{record}");
    let parties = [
        ("seller", [ALPHA, NORTH, NORTH_LEDGER, "TEST_METER_ASHA"]),
        ("buyer", [BETA, SOUTH, SOUTH_LEDGER, "TEST_METER_FARID"]),
    ];
    for (side, expected) in parties {
        let names = ["platformId", "discom", "ledgerId", "meterId"];
        assert_eq!(names.map(|name| text(&record[side], name)), expected);
    }
    let row = |row: &Value| ["deliveryStart", "price", "requested"].map(|name| text(row, name));
    let rows: Vec<_> = record["intervals"].as_array().unwrap().iter().map(row).collect();
    assert_eq!(rows, [[FIRST, "6.5", "2"], [SECOND, "7", "1.5"]]);
}

/// Every message of a trade with `select`, in order: the ledger first, then the other platform.
fn check_messages(alpha: &Book, beta: &Book, transaction: &str) {
    let with = |state: &'static str, rows: &[(&'static str, &'static str)]| -> Vec<_> {
        rows.iter().map(|(action, peer)| (*action, *peer, state)).collect()
    };
    let asked = [("discover", CATALOG), ("select", ALPHA), ("init", ALPHA), ("confirm", ALPHA)];
    let sent = [&asked[..], &[("on_confirm", SOUTH_LEDGER)]].concat();
    assert_eq!(beta.sent_in(transaction), with("delivered", &sent));
    let answers = [("on_discover", CATALOG), ("on_select", ALPHA), ("on_init", ALPHA), ("on_confirm", ALPHA)];
    assert_eq!(beta.received_in(transaction), with("done", &answers));
    let asked = [("select", BETA), ("init", BETA), ("confirm", BETA)];
    assert_eq!(alpha.received_in(transaction), with("done", &asked));
    let sent = [("on_select", BETA), ("on_init", BETA), ("on_confirm", NORTH_LEDGER), ("on_confirm", BETA)];
    assert_eq!(alpha.sent_in(transaction), with("delivered", &sent));
}

on_both_databases! {
    async fn two_platforms_and_two_ledgers_agree(databases: Databases) {
        let world = World::start(databases).await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        let offer = ashas_offer(&world).await;
        let search = farid.discover().await;
        let found = farid.found(&search).await;
        assert_eq!(found.len(), 1, "{found:?}");
        let found = &found[0];
        assert_eq!((&found["bpp_id"], &found["offer_id"]), (&json!(ALPHA), &json!(offer.1)));
        assert_eq!((&found["seller_meter"], &found["discom"]), (&json!("••••ASHA"), &json!(NORTH)));
        assert!(found["obstacle"].is_null(), "{found}");
        let first = &found["slots"][0];
        assert_eq!(first["start"], FIRST);
        let shown = ["price_inr", "available_kwh", "state", "label_ist"].map(|name| text(first, name));
        assert_eq!(shown, ["6.5", "5", "open", "2026-11-21 18:00 IST"]);

        let wish = json!({
            "transaction_id": search, "bpp_id": offer.0, "offer_id": offer.1,
            "slots": slots(&[(FIRST, "2"), (SECOND, "1.5")]),
        });
        let selected = farid.post("/api/select", &wish).await;
        assert_eq!((selected.status, selected.header("preference-applied")), (200, Some("wait=30")));
        assert_eq!(selected.ok()["state"], "quoted");
        assert_eq!(asha.stock(&offer.1).await, ["5", "0", "0"]);
        let init = json!({"transaction_id": search, "meter_id": meter("farid")});
        assert_eq!(farid.post("/api/init", &init).await.ok()["state"], "offered");
        assert_eq!(asha.stock(&offer.1).await, ["5", "2", "0"]);
        farid.confirm(&search).await.ok();
        let trade = farid.until(&search, &["standing"]).await;
        assert_eq!(asha.stock(&offer.1).await, ["5", "0", "2"]);
        assert_eq!(trade["totals"], json!({"quantity_kwh": "3.5", "amount_inr": "23.50"}));
        assert_eq!((&trade["ledger"], &trade["peer_id"]), (&json!("recorded"), &json!(ALPHA)));
        let meters = ["buyer_meter", "seller_meter"];
        assert_eq!(meters.map(|name| text(&trade, name)), ["TEST_METER_FARID", "••••ASHA"]);

        let order = asha.get(&format!("/seller/orders/{search}")).await.ok();
        assert_eq!((&order["state"], &order["ledger"]), (&json!("active"), &json!("recorded")));
        assert_eq!((&order["contract_id"], &order["totals"]), (&trade["contract_id"], &trade["totals"]));
        assert_eq!(meters.map(|name| text(&order, name)), ["••••ARID", "TEST_METER_ASHA"]);
        assert_eq!(items(&asha.get("/seller/orders").await.ok()).len(), 1);

        for (ledger, platform) in [(NORTH_LEDGER, ALPHA), (SOUTH_LEDGER, BETA)] {
            let record = world.record(ledger, &search).await;
            let known = (&record["contractId"], &record["declaredBy"]);
            assert_eq!(known, (&trade["contract_id"], &json!(platform)));
            check_record(&record);
        }
        let (alpha, beta) = world.settled().await;
        check_messages(&alpha, &beta, &search);
        let steps = ["draft", "quoted", "draft", "offered", "confirming", "recording", "standing"];
        assert_eq!(beta.path("buyer", &search), steps);
        let sold = alpha.path("seller", &search);
        assert!(sold.ends_with(&["reserved", "recording", "active"]), "{sold:?}");
        let events = world.events(1, &search).await;
        assert_eq!(events.first().map(String::as_str), Some("search.answered"));
        let mut told: Vec<_> = events.iter().filter_map(|kind| kind.strip_prefix("contract.")).collect();
        told.dedup();
        assert_eq!(told, steps, "{events:?}");
        let told = world.events(0, &search).await;
        assert!(told.iter().any(|kind| kind == "contract.active"), "{told:?}");
        world.close().await;
    }

    async fn a_trade_inside_one_platform_uses_no_socket(databases: Databases) {
        let world = World::start(databases).await;
        let (asha, bilal) = (world.person("asha"), world.person("bilal"));
        let offer = ashas_offer(&world).await;
        let trade = bilal.buy(&meter("bilal"), &offer, &[(FIRST, "5")]).await;
        let transaction = text(&trade, "transaction_id");
        assert_eq!((&trade["side"], &trade["peer_id"]), (&json!("buyer"), &json!(ALPHA)));
        let order = asha.get(&format!("/seller/orders/{transaction}")).await.ok();
        assert_eq!((&order["state"], &order["contract_id"]), (&json!("active"), &trade["contract_id"]));
        assert_eq!(asha.stock(&offer.1).await, ["5", "0", "5"]);
        for ledger in [NORTH_LEDGER, SOUTH_LEDGER] {
            let record = world.record(ledger, &transaction).await;
            assert_eq!((&record["status"], &record["contractId"]), (&json!("ACTIVE"), &trade["contract_id"]));
        }
        let (alpha, beta) = world.close().await;
        check_agreement((ALPHA, &alpha), (ALPHA, &alpha));
        assert!(beta.contracts.is_empty());
        let to_itself = alpha.sent_in(&transaction).into_iter().filter(|(_, target, _)| *target == ALPHA);
        let to_itself: Vec<_> = to_itself.map(|(action, ..)| action).collect();
        assert_eq!(to_itself, ["init", "on_init", "confirm", "on_confirm"]);
    }

    async fn what_the_rules_forbid_is_refused_before_anything_is_sent(databases: Databases) {
        let world = World::start(databases).await;
        let offer = ashas_offer(&world).await;
        // Esha belongs to Asha's DISCOM; Asha's own meter sells.
        for (handle, code) in [("esha", "trade.not_eligible"), ("asha", "trade.own_meter")] {
            let person = world.person(handle);
            let search = person.discover().await;
            let found = person.found(&search).await;
            assert!(found[0]["obstacle"]["code"].is_string(), "{handle}: {found:?}");
            let refused = person.init(&search, &meter(handle), &offer, &[(FIRST, "2")]).await.refusal();
            assert_eq!(refused, (409, code.to_owned()), "{handle}");
        }
        let farid = world.person("farid");
        let search = farid.discover().await;
        let far = "2026-11-22T12:30:00Z";
        for (wanted, status, code) in [
            (vec![(FIRST, "5.01")], 409, "trade.quantity_unavailable"),
            (vec![(FIRST, "0.99")], 422, "trade.quantity_invalid"),
            (vec![(FIRST, "1.005")], 422, "trade.quantity_invalid"),
            (vec![(FIRST, "-1")], 422, "trade.quantity_invalid"),
            (vec![("2026-11-21T12:00:00Z", "1")], 422, "trade.slot_invalid"),
            (vec![(far, "1")], 422, "trade.slot_invalid"),
            (vec![(FIRST, "1"), (FIRST, "1")], 422, "trade.slot_invalid"),
        ] {
            let refused = farid.init(&search, &meter("farid"), &offer, &wanted).await.refusal();
            assert_eq!(refused, (status, code.to_owned()), "{wanted:?}");
        }
        // Somebody else's meter, and one that is nobody's.
        for meter_id in [meter("dev"), "TEST_METER_NOBODY".to_owned()] {
            let refused = farid.init(&search, &meter_id, &offer, &[(FIRST, "1")]).await.refusal();
            assert_eq!(refused, (404, "resource.not_found".to_owned()), "{meter_id}");
        }
        let (alpha, beta) = world.close().await;
        let known = ["on_discover", "catalog/on_publish"];
        let strange = alpha.received.iter().find(|row| !known.contains(&row.action.as_str()));
        assert!(strange.is_none(), "{strange:?}");
        assert!(alpha.contracts.is_empty() && beta.of("seller").is_empty());
        assert!(beta.sent.iter().all(|row| row.action == "discover"), "{:?}", beta.sent);
    }
}
