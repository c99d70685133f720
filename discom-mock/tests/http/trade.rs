//! Recording, cancelling, revising, asking.

use beckn_wire::json::Json;
use discom_mock::ledger::model::Side;
use discom_mock::ledger::view;
use test_support::both_databases;
use test_support::database::TestDb;

use crate::harness::*;

fn text<'a>(json: &'a Json, path: &[&str]) -> &'a str {
    json.at(path).and_then(Json::as_str).unwrap_or_default()
}

both_databases! {
    async fn a_contract_is_recorded_by_both_ledgers_and_shown(db: TestDb) {
        let world = world(&db).await;
        let trade = trade(&world.ids, &["2.5", "1.00"]);
        let receipt = world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt();
        assert_eq!(receipt.get("success"), Some(&Json::Bool(true)));
        assert_eq!(text(&receipt, &["recordId"]), format!("{}_{}", trade.transaction, trade.id));
        assert_eq!(text(&receipt, &["creationTime"]), NOW.to_rfc3339());
        assert!(text(&receipt, &["rowDigest"]).starts_with("sha256:"));
        world.tell(BUYER, BUYER_LEDGER, "on_confirm", &trade).await.receipt();

        for ledger in [SELLER_LEDGER, BUYER_LEDGER] {
            let records = world.records(ledger).await;
            assert_eq!(records.len(), 1);
            let record = &records[0];
            assert_eq!(text(record, &["contractId"]), trade.id);
            assert_eq!(text(record, &["status"]), "ACTIVE");
            assert_eq!(text(record, &["buyer", "meterId"]), "TEST_METER_BUYER");
            assert_eq!(text(record, &["seller", "platformId"]), SELLER);
            assert_eq!(text(record, &["intervals", "0", "requested"]), "2.5");
            assert_eq!(text(record, &["intervals", "1", "requested"]), "1");
            assert_eq!(text(record, &["intervals", "0", "price"]), "6.25");
            assert_eq!(text(record, &["intervals", "0", "deliveryStart"]), trade.start);
        }
        let of = async |transaction: &str| {
            let path = format!("/ledgers/{SELLER_LEDGER}/records?transaction_id={transaction}");
            world.get(&path).await.body.get("records").and_then(Json::as_array).map(<[Json]>::len)
        };
        assert_eq!(of(&trade.transaction).await, Some(1));
        assert_eq!(of(&trade.id).await, Some(0));
        world.running.stop().await;
    }

    async fn the_same_contract_again_gets_the_same_record(db: TestDb) {
        let world = world(&db).await;
        let trade = trade(&world.ids, &["2.5"]);
        let body = world.leg(SELLER, SELLER_LEDGER, "on_confirm", &trade);
        let first = world.send(SELLER, "/bap/receiver/on_confirm", &body).await.receipt();
        // The same bytes, and the same contract in another message.
        assert_eq!(world.send(SELLER, "/bap/receiver/on_confirm", &body).await.receipt(), first);
        assert_eq!(world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt(), first);
        // The same number in another spelling is the same content.
        let spelled = trade.requesting(&["25e-1"]);
        assert_eq!(world.tell(SELLER, SELLER_LEDGER, "on_confirm", &spelled).await.receipt(), first);

        let refused = world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade.requesting(&["2.51"])).await;
        assert_eq!((refused.status, refused.code()), (400, "BIZ_INVALID_STATE_TRANSITION"));
        let records = world.records(SELLER_LEDGER).await;
        assert_eq!((records.len(), text(&records[0], &["intervals", "0", "requested"])), (1, "2.5"));
        world.running.stop().await;
    }

    async fn a_restart_loses_no_record(db: TestDb) {
        let before = world(&db).await;
        let trade = trade(&before.ids, &["2.5"]);
        let first = before.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt();
        before.running.stop().await;
        let after = world(&db).await;
        assert_eq!(after.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt(), first);
        after.running.stop().await;
    }

    async fn a_cancelled_contract_gives_its_headroom_back(db: TestDb) {
        let world = world(&db).await;
        let first = trade(&world.ids, &["7"]);
        let second = trade(&world.ids, &["4"]);
        let recorded = world.tell(SELLER, SELLER_LEDGER, "on_confirm", &first).await.receipt();
        let refused = world.tell(SELLER, SELLER_LEDGER, "on_confirm", &second).await;
        assert_eq!((refused.status, refused.code()), (400, "POL_ELIGIBILITY_NOT_MET"));
        assert!(refused.error().contains("leaves 3 kWh"), "{}", refused.error());
        assert!(refused.error().starts_with("DiscomLimitCheck ADJUSTED:"), "{}", refused.error());

        let cancelled = world.tell(SELLER, SELLER_LEDGER, "on_cancel", &first.cancelled()).await.receipt();
        assert_eq!(cancelled.get("recordId"), recorded.get("recordId"));
        assert_ne!(cancelled.get("rowDigest"), recorded.get("rowDigest"));
        let again = world.tell(SELLER, SELLER_LEDGER, "on_cancel", &first.cancelled()).await.receipt();
        assert_eq!(again, cancelled);
        world.tell(SELLER, SELLER_LEDGER, "on_confirm", &second).await.receipt();
        let late = world.tell(SELLER, SELLER_LEDGER, "on_confirm", &first).await;
        assert_eq!(late.code(), "BIZ_ALREADY_CANCELLED");
        world.running.stop().await;
    }

    async fn the_acknowledgement_tells_what_the_meter_has_left(db: TestDb) {
        let world = world(&db).await;
        let first = trade(&world.ids, &["7", "2"]);
        let answer = world.tell(SELLER, SELLER_LEDGER, "on_confirm", &first).await;
        let check = answer.body.at(&["message", "limitCheck"]).expect("a limit check");
        assert_eq!((text(check, &["@type"]), text(check, &["subject"])), ("DiscomLimitCheck", "seller"));
        assert_eq!(text(check, &["subjectMeterId"]), "TEST_METER_SELLER");
        assert_eq!(text(check, &["sellerSide", "limitCheckResult"]), "OK");
        let left = check.at(&["sellerSide", "remainingHeadroomKwh"]).and_then(Json::as_number);
        assert_eq!(left, Some("3"));
        // Another platform takes the rest; then the same panel has nothing left for anybody.
        let rest = Trade { seller: MALLORY.to_owned(), ..trade(&world.ids, &["3"]) };
        let answer = world.tell(MALLORY, SELLER_LEDGER, "on_confirm", &rest).await;
        let left = answer.body.at(&["message", "limitCheck", "sellerSide", "remainingHeadroomKwh"]).cloned();
        assert_eq!(left.as_ref().and_then(Json::as_number), Some("0"));
        let refused = world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade(&world.ids, &["1"])).await;
        assert!(refused.error().starts_with("DiscomLimitCheck REJECTED:"), "{}", refused.error());
        // Of a meter without a known limit nothing is said.
        let answer = world.tell(BUYER, BUYER_LEDGER, "on_confirm", &first).await;
        answer.receipt();
        assert_eq!(answer.body.at(&["message", "limitCheck"]), None);
        world.running.stop().await;
    }

    async fn a_withdrawal_that_overtakes_its_contract_stands(db: TestDb) {
        let world = world(&db).await;
        let trade = trade(&world.ids, &["2.5"]);
        world.tell(SELLER, SELLER_LEDGER, "on_cancel", &trade.cancelled()).await.receipt();
        let late = world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await;
        assert_eq!((late.status, late.code()), (400, "BIZ_ALREADY_CANCELLED"));
        let records = world.records(SELLER_LEDGER).await;
        assert_eq!((records.len(), text(&records[0], &["status"])), (1, "WITHDRAWN"));
        world.running.stop().await;
    }

    async fn an_update_is_a_numbered_revision(db: TestDb) {
        let world = world(&db).await;
        let trade = trade(&world.ids, &["6", "5"]);
        let first = world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt();
        let less = trade.requesting(&["4", "5"]);
        let second = world.tell(SELLER, SELLER_LEDGER, "on_update", &less).await.receipt();
        assert_eq!(second.get("recordId"), first.get("recordId"));
        assert_ne!(second.get("rowDigest"), first.get("rowDigest"));
        let more = world.tell(SELLER, SELLER_LEDGER, "on_update", &trade).await;
        assert_eq!((more.status, more.code()), (400, "POL_UPDATE_NOT_ALLOWED"));
        let records = world.records(SELLER_LEDGER).await;
        assert_eq!(records[0].get("revision"), Some(&Json::Number("2".to_owned())));
        assert_eq!(text(&records[0], &["intervals", "0", "requested"]), "4");
        world.running.stop().await;
    }

    async fn status_is_answered_with_the_ledgers_copy(db: TestDb) {
        let world = world(&db).await;
        let platform = Platform::start().await;
        let trade = trade(&world.ids, &["2.5"]);
        world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt();
        world.tell(SELLER, SELLER_LEDGER, "on_cancel", &trade.cancelled()).await.receipt();

        world.register(SELLER, &platform.url);
        let base = &world.running.base_url;
        let members = [
            ("bapId", SELLER.to_owned()),
            ("bapUri", format!("{}/bap/receiver", platform.url)),
            ("bppId", SELLER_LEDGER.to_owned()),
            ("bppUri", format!("{base}/bpp/receiver")),
        ];
        let body = world.body("status", &members, &trade);
        let asked = world.send(SELLER, "/bpp/receiver/status", &body).await;
        assert_eq!((asked.status, text(&asked.body, &["message", "status"])), (200, "ACK"));
        let (path, answer) = platform.first().await;
        assert_eq!(path, "/bap/receiver/on_status");
        assert_eq!(text(&answer, &["context", "bppId"]), SELLER_LEDGER);
        assert_eq!(text(&answer, &["context", "bapId"]), SELLER);
        let request = Json::parse(&body).unwrap();
        assert_eq!(text(&answer, &["context", "messageId"]), text(&request, &["context", "messageId"]));
        assert_eq!(text(&answer, &["message", "contract", "id"]), trade.id);
        assert_eq!(text(&answer, &["message", "contract", "status", "code"]), "CANCELLED");

        let unknown = world.body("status", &members, &crate::harness::trade(&world.ids, &["1"]));
        let refused = world.send(SELLER, "/bpp/receiver/status", &unknown).await;
        assert_eq!((refused.status, refused.code()), (400, "BIZ_ORDER_NOT_FOUND"));
        platform.stop();
        world.running.stop().await;
    }

    async fn racing_platforms_never_oversell_a_meter(db: TestDb) {
        let world = world(&db).await;
        let race = (0..32).map(|_| async {
            let trade = trade(&world.ids, &["0", "1.00"]);
            world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await
        });
        let (mut recorded, mut told_why) = (0, 0);
        for answer in futures_util::future::join_all(race).await {
            if answer.status == 200 {
                answer.receipt();
                recorded += 1;
            } else {
                assert_eq!((answer.status, answer.code()), (400, "POL_ELIGIBILITY_NOT_MET"));
                assert!(answer.error().contains("leaves 0 kWh"), "{}", answer.error());
                told_why += 1;
            }
        }
        assert_eq!((recorded, told_why), (10, 22));
        let db = &world.running.db;
        let sold = view::recorded(db, SELLER_LEDGER, "TEST_METER_SELLER", Side::Seller).await.unwrap();
        let energy: Vec<i64> = sold.iter().map(|(_, energy)| energy.get()).collect();
        assert_eq!(energy, [10_000]);
        assert_eq!(world.records(SELLER_LEDGER).await.len(), 10);
        world.running.stop().await;
    }
}
