//! Faults on demand, and what a platform sees of them.

use std::time::Duration;

use beckn_wire::action::Action;
use beckn_wire::code::ErrorCode;
use discom_mock::behavior::{Behavior, Fault};
use test_support::both_databases;
use test_support::database::TestDb;

use crate::harness::*;

const CONFIRM: &str = "/bap/receiver/on_confirm";

both_databases! {
    async fn a_ledger_refuses_the_next_one_and_then_records(db: TestDb) {
        let world = world_with(&db, NOW, |config| {
            let refuse = Behavior::next(Fault::Refuse(ErrorCode::PolEngagementRefused), 1);
            config.behavior = vec![(SELLER_LEDGER.to_owned(), refuse)];
        })
        .await;
        let trade = trade(&world.ids, &["2.5"]);
        // A stranger does not use the fault up.
        let body = world.leg(SELLER, SELLER_LEDGER, "on_confirm", &trade);
        assert_eq!(world.send(MALLORY, CONFIRM, &body).await.status, 401);
        let refused = world.send(SELLER, CONFIRM, &body).await;
        assert_eq!((refused.status, refused.code()), (403, "POL_ENGAGEMENT_REFUSED"));
        assert_eq!(world.records(SELLER_LEDGER).await, []);
        // The other ledger is not touched by it.
        world.tell(BUYER, BUYER_LEDGER, "on_confirm", &trade).await.receipt();
        world.send(SELLER, CONFIRM, &body).await.receipt();
        world.running.stop().await;
    }

    async fn a_lost_ack_and_its_retry_are_one_record(db: TestDb) {
        let world = world(&db).await;
        world.running.behavior.set(SELLER_LEDGER, Some(Behavior::next(Fault::LoseAck, 2)));
        let trade = trade(&world.ids, &["2.5"]);
        let body = world.leg(SELLER, SELLER_LEDGER, "on_confirm", &trade);
        // Recorded, but the platform does not know; nor at its first retry.
        for _ in 0..2 {
            let lost = world.signed(SELLER, CONFIRM, &body).send().await;
            assert!(lost.is_err(), "{lost:?}");
            assert_eq!(world.records(SELLER_LEDGER).await.len(), 1);
        }
        let first = world.send(SELLER, CONFIRM, &body).await.receipt();
        assert_eq!(world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt(), first);
        let records = world.records(SELLER_LEDGER).await;
        assert_eq!((records.len(), records[0].get("recordId")), (1, first.get("recordId")));
        world.running.stop().await;
    }

    async fn a_ledger_that_times_out_records_nothing(db: TestDb) {
        let world = world(&db).await;
        world.running.behavior.set(SELLER_LEDGER, Some(Behavior::next(Fault::Timeout, 1)));
        let trade = trade(&world.ids, &["2.5"]);
        let body = world.leg(SELLER, SELLER_LEDGER, "on_confirm", &trade);
        let impatient = world.signed(SELLER, CONFIRM, &body).timeout(Duration::from_millis(1_500)).send().await;
        assert!(impatient.unwrap_err().is_timeout());
        assert_eq!(world.records(SELLER_LEDGER).await, []);
        world.send(SELLER, CONFIRM, &body).await.receipt();
        world.running.stop().await;
    }

    async fn the_wait_for_a_silent_ledger_is_bounded(db: TestDb) {
        let world = world_with(&db, NOW, |config| config.hold = Duration::from_millis(50)).await;
        world.running.behavior.set(SELLER_LEDGER, Some(Behavior::always(Fault::Timeout)));
        let trade = trade(&world.ids, &["2.5"]);
        for _ in 0..2 {
            let answer = world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await;
            assert_eq!((answer.status, answer.code()), (504, "NET_TIMEOUT"));
        }
        assert_eq!(world.records(SELLER_LEDGER).await, []);
        world.running.behavior.set(SELLER_LEDGER, None);
        world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt();
        world.running.stop().await;
    }

    async fn a_fault_can_be_put_on_the_cancellation(db: TestDb) {
        let world = world(&db).await;
        let trade = trade(&world.ids, &["2.5"]);
        let refuse = Behavior::next(Fault::Refuse(ErrorCode::BizGenericError), 1).on(Action::OnCancel);
        world.running.behavior.set(SELLER_LEDGER, Some(refuse));
        world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt();
        let refused = world.tell(SELLER, SELLER_LEDGER, "on_cancel", &trade.cancelled()).await;
        assert_eq!(refused.code(), "BIZ_GENERIC_ERROR");
        let lose = Behavior::next(Fault::LoseAck, 1).on(Action::OnCancel);
        world.running.behavior.set(SELLER_LEDGER, Some(lose));
        let body = world.leg(SELLER, SELLER_LEDGER, "on_cancel", &trade.cancelled());
        assert!(world.signed(SELLER, "/bap/receiver/on_cancel", &body).send().await.is_err());
        let first = world.send(SELLER, "/bap/receiver/on_cancel", &body).await.receipt();
        let again = world.tell(SELLER, SELLER_LEDGER, "on_cancel", &trade.cancelled()).await.receipt();
        assert_eq!(first, again);
        world.running.stop().await;
    }

    async fn faults_are_set_by_the_admin_route_of_a_demo(db: TestDb) {
        let world = world(&db).await;
        let path = format!("/admin/ledgers/{SELLER_LEDGER}/behavior");
        let put = async |path: &str, body: &str| {
            let sent = world.http.put(world.url(path)).body(body.to_owned()).send().await.unwrap();
            (sent.status().as_u16(), sent.text().await.unwrap())
        };
        let (status, text) = put(&path, r#"{"behavior":"refuse:BIZ_GENERIC_ERROR:1"}"#).await;
        assert_eq!((status, text.as_str()), (200, r#"{"behavior":"refuse:BIZ_GENERIC_ERROR:1@on_confirm"}"#));
        let trade = trade(&world.ids, &["2.5"]);
        let refused = world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await;
        assert_eq!(refused.code(), "BIZ_GENERIC_ERROR");
        assert_eq!(world.get(&path).await.body.to_string(), r#"{"behavior":"normal"}"#);
        for wrong in ["{}", "", r#"{"behavior":"sulk"}"#, r#"{"behavior":"normal","x":1}"#] {
            assert_eq!(put(&path, wrong).await.0, 400, "{wrong}");
        }
        assert_eq!(put(&path, &" ".repeat(5_000)).await.0, 413);
        assert_eq!(put("/admin/ledgers/nobody.example/behavior", r#"{"behavior":"normal"}"#).await.0, 404);
        world.running.stop().await;
    }

    async fn outside_of_a_demo_nothing_is_shown_and_nothing_can_be_set(db: TestDb) {
        let world = world_with(&db, NOW, |config| config.insecure_demo = false).await;
        let trade = trade(&world.ids, &["2.5"]);
        world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt();
        assert_eq!(world.get(&format!("/ledgers/{SELLER_LEDGER}/records")).await.status, 404);
        let path = format!("/admin/ledgers/{SELLER_LEDGER}/behavior");
        assert_eq!(world.get(&path).await.status, 404);
        let put = world.http.put(world.url(&path)).body(r#"{"behavior":"refuse"}"#).send().await.unwrap();
        assert_eq!(put.status().as_u16(), 404);
        assert_eq!(world.running.behavior.get(SELLER_LEDGER), None);
        for (path, status) in [("/health", 200), ("/ready", 200), ("/", 200), ("/nothing", 404)] {
            assert_eq!(world.get(path).await.status, status, "{path}");
        }
        world.running.stop().await;
    }
}
