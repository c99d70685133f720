//! The ledger's decisions against both databases, below HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use discom_mock::ledger::meters::{Meter, Meters};
use discom_mock::ledger::model::{Line, Party, Receipt, Side, Terms};
use discom_mock::ledger::service::{self, LedgerError, Told, Withdrawal};
use discom_mock::ledger::store::Revision;
use discom_mock::ledger::{COMPONENT, MIGRATIONS, store, view};

use beckn_wire::code::ErrorCode::{
    self, AutUnauthorizedAction, BizAlreadyCancelled, BizFulfillmentUnavailable, BizInvalidStateTransition,
    BizOrderNotFound, BizUpdateInconsistent, PolEligibilityNotMet, PolUpdateNotAllowed,
};
use db::Db;
use test_support::both_databases;
use units::{DeliverySlot, Price, Span, Timestamp, WattHours};

const NOW: Timestamp = Timestamp::from_seconds(1_793_520_000);
const SELLER_LEDGER: &str = "seller-ledger.example";
const BUYER_LEDGER: &str = "buyer-ledger.example";

fn slot(hours: i64) -> DeliverySlot {
    DeliverySlot::containing(NOW.saturating_add(Span::from_hours(24 + hours)))
}

fn party(side: &str) -> Party {
    Party {
        platform: format!("{side}.example"),
        discom: format!("TEST_DISCOM_{}", side.to_uppercase()),
        ledger: format!("{side}-ledger.example"),
        meter: format!("TEST_METER_{}", side.to_uppercase()),
    }
}

fn terms(contract: &str, wh: &[i64]) -> Terms {
    let line = |(interval, wh): (usize, &i64)| Line {
        commitment: "commitment-1".to_owned(),
        interval: i64::try_from(interval).unwrap(),
        slot: slot(i64::try_from(interval).unwrap()),
        price: Price::new(60_000),
        requested: WattHours::new(*wh),
    };
    Terms {
        contract_id: contract.to_owned(),
        network_id: "indiaenergystack.in/test-ies-p2p-trading-network".to_owned(),
        transaction_id: format!("tx-{contract}"),
        buyer: party("buyer"),
        seller: party("seller"),
        lines: wh.iter().enumerate().map(line).collect(),
    }
}

fn told(ledger: &str, platform: &str, terms: Terms) -> Told {
    Told {
        ledger_id: ledger.to_owned(),
        platform: platform.to_owned(),
        revision: Revision { terms, document: "{}".to_owned() },
        now: NOW,
    }
}

fn by_seller(terms: Terms) -> Told {
    told(SELLER_LEDGER, "seller.example", terms)
}

fn withdrawal(contract: &str, platform: &str, entitled: bool) -> Withdrawal {
    Withdrawal {
        ledger_id: SELLER_LEDGER.to_owned(),
        platform: platform.to_owned(),
        contract_id: contract.to_owned(),
        network_id: "indiaenergystack.in/test-ies-p2p-trading-network".to_owned(),
        transaction_id: format!("tx-{contract}"),
        entitled,
        now: NOW,
    }
}

fn ten_kilowatts() -> Meters {
    let meter =
        |id: &str| Meter { id: id.to_owned(), capacity_w: Some(10_000), sanctioned_load_w: Some(5_000) };
    Meters::new([meter("der://meter/TEST_METER_SELLER"), meter("TEST_METER_BUYER")])
}

async fn record_with(db: &Db, told: Told, meters: Meters) -> Result<Receipt, LedgerError> {
    db.write(move |tx| {
        let (told, meters) = (told.clone(), meters.clone());
        Box::pin(async move { service::record(tx, &told, &meters).await })
    })
    .await
}

async fn record(db: &Db, told: Told) -> Result<Receipt, LedgerError> {
    record_with(db, told, ten_kilowatts()).await
}

async fn revise(db: &Db, told: Told) -> Result<Receipt, LedgerError> {
    db.write(move |tx| {
        let told = told.clone();
        Box::pin(async move { service::revise(tx, &told).await })
    })
    .await
}

async fn cancel(db: &Db, told: Withdrawal) -> Result<Receipt, LedgerError> {
    db.write(move |tx| {
        let told = told.clone();
        Box::pin(async move { service::cancel(tx, &told).await })
    })
    .await
}

fn code(outcome: Result<Receipt, LedgerError>) -> ErrorCode {
    match outcome.unwrap_err() {
        LedgerError::Refused(error) => error.code,
        LedgerError::Db(error) => panic!("{error}"),
    }
}

/// What stands for the seller's meter, in Wh by slot, in order.
async fn sold(db: &Db) -> Vec<i64> {
    let slots = view::recorded(db, SELLER_LEDGER, "TEST_METER_SELLER", Side::Seller).await.unwrap();
    slots.into_iter().map(|(_, energy)| energy.get()).collect()
}

both_databases! {
    migrations = [(COMPONENT, MIGRATIONS)];

    async fn every_statement_prepares(db: Db) {
        db.check_statements(store::STATEMENTS).await.unwrap();
        db.check_statements(discom_mock::delivery::store::STATEMENTS).await.unwrap();
        db.check_statements(discom_mock::rest::store::STATEMENTS).await.unwrap();
        db.check_statements(discom_mock::metering::store::STATEMENTS).await.unwrap();
        db.check_statements(discom_mock::metering::outage::STATEMENTS).await.unwrap();
        db.check_statements(discom_mock::delivery::meters::STATEMENTS).await.unwrap();
    }

    async fn the_same_contract_again_finds_its_record(db: Db) {
        let first = record(&db, by_seller(terms("c", &[2_000, 3_000]))).await.unwrap();
        let mut later = by_seller(terms("c", &[2_000, 3_000]));
        later.now = NOW.saturating_add(Span::from_hours(48));
        later.revision.document = r#"{"another":"spelling"}"#.to_owned();
        assert_eq!(record(&db, later).await.unwrap(), first);
        assert_eq!(first.record_id, "tx-c_c");
        assert!(first.row_digest.starts_with("sha256:") && first.row_digest.len() == 71);
        assert_eq!(sold(&db).await, [2_000, 3_000]);
        let views = view::records(&db, SELLER_LEDGER, Some("tx-c")).await.unwrap();
        assert_eq!(views.len(), 1);
        assert_eq!((views[0].status, views[0].revision, views[0].creation_time), ("ACTIVE", 1, NOW));
        let intervals: Vec<(&str, &str)> =
            views[0].intervals.iter().map(|l| (l.requested.as_str(), l.price.as_str())).collect();
        assert_eq!(intervals, [("2", "6"), ("3", "6")]);
        // The other ledger of the same process knows nothing of it.
        assert_eq!(view::records(&db, BUYER_LEDGER, None).await.unwrap(), []);
    }

    async fn other_content_under_a_recorded_id_is_refused(db: Db) {
        let first = record(&db, by_seller(terms("c", &[2_000]))).await.unwrap();
        let mut price = terms("c", &[2_000]);
        price.lines[0].price = Price::new(60_001);
        let mut meter = terms("c", &[2_000]);
        meter.buyer.meter = "TEST_METER_OTHER".to_owned();
        for other in [price, meter, terms("c", &[2_010]), terms("c", &[2_000, 1_000])] {
            assert_eq!(code(record(&db, by_seller(other)).await), BizInvalidStateTransition);
        }
        assert_eq!(sold(&db).await, [2_000]);
        assert_eq!(record(&db, by_seller(terms("c", &[2_000]))).await.unwrap(), first);
    }

    async fn headroom_is_one_sum_over_all_contracts_of_the_meter(db: Db) {
        record(&db, by_seller(terms("a", &[6_000, 1_000]))).await.unwrap();
        record(&db, by_seller(terms("b", &[4_000]))).await.unwrap();
        let refused = record(&db, by_seller(terms("c", &[1_000, 1_000]))).await.unwrap_err();
        let LedgerError::Refused(error) = refused else { panic!("a refusal") };
        assert_eq!(error.code, PolEligibilityNotMet);
        assert!(error.message.contains("leaves 0 kWh"), "{}", error.message);
        assert_eq!(code(record(&db, by_seller(terms("d", &[1, 9_010]))).await), PolEligibilityNotMet);
        // A refusal leaves nothing behind: neither its rows nor its sums.
        assert_eq!(sold(&db).await, [10_000, 1_000]);
        assert_eq!(view::records(&db, SELLER_LEDGER, None).await.unwrap().len(), 2);
        // Cancelling gives the room back, and the refused contract fits.
        cancel(&db, withdrawal("a", "seller.example", true)).await.unwrap();
        assert_eq!(sold(&db).await, [4_000]);
        record(&db, by_seller(terms("c", &[1_000, 1_000]))).await.unwrap();
        assert_eq!(sold(&db).await, [5_000, 1_000]);
    }

    async fn the_buyers_ledger_limits_by_the_sanctioned_load(db: Db) {
        let told_buyers = |terms| told(BUYER_LEDGER, "buyer.example", terms);
        record(&db, told_buyers(terms("a", &[5_000]))).await.unwrap();
        assert_eq!(code(record(&db, told_buyers(terms("b", &[1_000]))).await), PolEligibilityNotMet);
        // The seller's limit is the other ledger's business.
        record(&db, by_seller(terms("b", &[9_000]))).await.unwrap();
        let mut unknown = terms("c", &[900_000]);
        unknown.buyer.meter = "TEST_METER_ELSEWHERE".to_owned();
        record(&db, told_buyers(unknown)).await.unwrap();
    }

    async fn a_shared_ledger_counts_both_sides_and_records_once(db: Db) {
        let mut both = terms("c", &[5_000]);
        both.buyer.ledger = SELLER_LEDGER.to_owned();
        let first = record(&db, told(SELLER_LEDGER, "seller.example", both.clone())).await.unwrap();
        assert_eq!(record(&db, told(SELLER_LEDGER, "buyer.example", both)).await.unwrap(), first);
        assert_eq!(sold(&db).await, [5_000]);
        let bought = view::recorded(&db, SELLER_LEDGER, "test_meter_buyer", Side::Buyer).await.unwrap();
        assert_eq!(bought, [(slot(0).start(), WattHours::new(5_000))]);
    }

    async fn a_cancelled_contract_stays_cancelled(db: Db) {
        let first = record(&db, by_seller(terms("c", &[2_000]))).await.unwrap();
        assert_eq!(code(cancel(&db, withdrawal("c", "mallory.example", true)).await), AutUnauthorizedAction);
        assert_eq!(sold(&db).await, [2_000]);
        // The buyer's platform belongs to the contract, but not to this ledger.
        assert_eq!(code(cancel(&db, withdrawal("c", "buyer.example", true)).await), AutUnauthorizedAction);
        let cancelled = cancel(&db, withdrawal("c", "seller.example", false)).await.unwrap();
        assert_eq!((&cancelled.record_id, cancelled.creation_time), (&first.record_id, first.creation_time));
        assert_ne!(cancelled.row_digest, first.row_digest);
        assert_eq!(cancel(&db, withdrawal("c", "seller.example", true)).await.unwrap(), cancelled);
        assert_eq!(sold(&db).await, [] as [i64; 0]);
        assert_eq!(code(record(&db, by_seller(terms("c", &[2_000]))).await), BizAlreadyCancelled);
        assert_eq!(code(revise(&db, by_seller(terms("c", &[1_000]))).await), BizAlreadyCancelled);
        assert_eq!(sold(&db).await, [] as [i64; 0]);
    }

    async fn a_withdrawal_before_arrival_refuses_the_late_contract(db: Db) {
        let tombstone = cancel(&db, withdrawal("c", "seller.example", true)).await.unwrap();
        assert_eq!(cancel(&db, withdrawal("c", "seller.example", true)).await.unwrap(), tombstone);
        assert_eq!(code(record(&db, by_seller(terms("c", &[2_000]))).await), BizAlreadyCancelled);
        assert_eq!(code(revise(&db, by_seller(terms("c", &[1_000]))).await), BizOrderNotFound);
        let views = view::records(&db, SELLER_LEDGER, None).await.unwrap();
        assert_eq!((views.len(), views[0].status, views[0].revision), (1, "WITHDRAWN", 0));
        assert_eq!(sold(&db).await, [] as [i64; 0]);
    }

    async fn a_strangers_withdrawal_binds_nobody(db: Db) {
        assert_eq!(code(cancel(&db, withdrawal("c", "mallory.example", false)).await), AutUnauthorizedAction);
        assert_eq!(view::records(&db, SELLER_LEDGER, None).await.unwrap(), []);
        // By roles that she wrote herself she is a party, of some contract of that name.
        cancel(&db, withdrawal("c", "mallory.example", true)).await.unwrap();
        record(&db, by_seller(terms("c", &[2_000]))).await.unwrap();
        assert_eq!(sold(&db).await, [2_000]);
        // And she cannot hide the seller's own withdrawal under hers.
        cancel(&db, withdrawal("d", "mallory.example", true)).await.unwrap();
        cancel(&db, withdrawal("d", "seller.example", true)).await.unwrap();
        cancel(&db, withdrawal("d", "mallory.example", true)).await.unwrap();
        assert_eq!(code(record(&db, by_seller(terms("d", &[2_000]))).await), BizAlreadyCancelled);
    }

    async fn a_revision_only_lowers_and_is_numbered(db: Db) {
        let first = record(&db, by_seller(terms("c", &[4_000, 3_000]))).await.unwrap();
        let second = revise(&db, by_seller(terms("c", &[4_000, 1_000]))).await.unwrap();
        assert_eq!((&second.record_id, second.creation_time), (&first.record_id, first.creation_time));
        assert_ne!(second.row_digest, first.row_digest);
        assert_eq!(revise(&db, by_seller(terms("c", &[4_000, 1_000]))).await.unwrap(), second);
        assert_eq!(sold(&db).await, [4_000, 1_000]);
        assert_eq!(code(revise(&db, by_seller(terms("c", &[4_000, 3_000]))).await), PolUpdateNotAllowed);
        let more = by_seller(terms("c", &[1_000, 1_000, 1_000]));
        assert_eq!(code(revise(&db, more).await), BizUpdateInconsistent);
        let mut price = terms("c", &[1_000, 1_000]);
        price.lines[0].price = Price::new(1);
        assert_eq!(code(revise(&db, by_seller(price)).await), BizUpdateInconsistent);
        let mut other = terms("c", &[1_000, 1_000]);
        other.buyer.platform = "other.example".to_owned();
        assert_eq!(code(revise(&db, by_seller(other)).await), BizUpdateInconsistent);
        let hers = told(SELLER_LEDGER, "mallory.example", terms("c", &[1_000]));
        assert_eq!(code(revise(&db, hers).await), AutUnauthorizedAction);
        assert_eq!(code(revise(&db, by_seller(terms("unknown", &[1_000]))).await), BizOrderNotFound);
        // A slot that is gone counts as zero; the first contract, told again, is still known.
        let third = revise(&db, by_seller(terms("c", &[4_000]))).await.unwrap();
        assert_eq!(sold(&db).await, [4_000]);
        assert_eq!(record(&db, by_seller(terms("c", &[4_000, 3_000]))).await.unwrap(), third);
        let views = view::records(&db, SELLER_LEDGER, None).await.unwrap();
        assert_eq!((views[0].revision, views[0].intervals.len()), (3, 1));
    }

    async fn nothing_is_recorded_once_delivery_has_begun(db: Db) {
        let mut late = by_seller(terms("c", &[2_000, 2_000]));
        late.now = slot(0).start();
        assert_eq!(code(record(&db, late.clone()).await), BizFulfillmentUnavailable);
        late.now = Timestamp::from_micros(slot(0).start().micros() - 1);
        record(&db, late).await.unwrap();
    }

    async fn the_copy_is_for_the_parties_of_this_ledger(db: Db) {
        record(&db, by_seller(terms("c", &[2_000]))).await.unwrap();
        let ask = async |asker: &'static str| {
            let copy = db.read(move |tx| {
                Box::pin(async move { service::copy(tx, SELLER_LEDGER, "c", asker).await })
            });
            copy.await
        };
        assert_eq!(ask("seller.example").await.unwrap().1.terms, terms("c", &[2_000]));
        for stranger in ["mallory.example", "buyer.example"] {
            let LedgerError::Refused(error) = ask(stranger).await.unwrap_err() else { panic!("a refusal") };
            assert_eq!(error.code, BizOrderNotFound);
        }
    }

    async fn racing_contracts_fill_a_meter_exactly(db: Db) {
        let race = (0..32).map(|n| {
            let db = db.clone();
            tokio::spawn(async move { record(&db, by_seller(terms(&format!("c{n}"), &[1_000]))).await })
        });
        let mut recorded = 0;
        for outcome in futures_util::future::join_all(race).await {
            match outcome.unwrap() {
                Ok(_) => recorded += 1,
                Err(LedgerError::Refused(error)) => assert_eq!(error.code, PolEligibilityNotMet),
                Err(LedgerError::Db(error)) => panic!("{error}"),
            }
        }
        assert_eq!(recorded, 10);
        assert_eq!(sold(&db).await, [10_000]);
        assert_eq!(view::records(&db, SELLER_LEDGER, None).await.unwrap().len(), 10);
    }

    async fn a_contract_racing_with_its_withdrawal_never_stands_afterwards(db: Db) {
        for n in 0..12 {
            let name = format!("c{n}");
            let (one, other) = (db.clone(), db.clone());
            let (contract, id) = (terms(&name, &[1_000]), name.clone());
            let recording = tokio::spawn(async move { record(&one, by_seller(contract)).await });
            let withdrawing =
                tokio::spawn(async move { cancel(&other, withdrawal(&id, "seller.example", true)).await });
            let _ = recording.await.unwrap();
            withdrawing.await.unwrap().unwrap();
        }
        assert_eq!(sold(&db).await, [] as [i64; 0]);
        for view in view::records(&db, SELLER_LEDGER, None).await.unwrap() {
            assert_ne!(view.status, "ACTIVE");
        }
    }

    async fn random_histories_keep_the_sums_equal_to_what_stands(db: Db) {
        let clock = std::sync::Arc::new(clock::TestClock::at(NOW));
        for seed in 0..6 {
            let entropy = std::sync::Arc::new(clock::SeededEntropy::new(seed));
            let dice = clock::Ids::new(clock.clone(), entropy);
            let roll = |sides: u64| i64::try_from(dice.below(sides)).unwrap();
            for _ in 0..80 {
                let contract = format!("s{seed}-{}", roll(30));
                let quantities: Vec<i64> = (0..=roll(3)).map(|_| 1_000 + 500 * roll(8)).collect();
                let told = by_seller(terms(&contract, &quantities));
                let outcome = match roll(10) {
                    0 => cancel(&db, withdrawal(&contract, "seller.example", true)).await,
                    1..=4 => revise(&db, told).await,
                    _ => record(&db, told).await,
                };
                assert!(!matches!(outcome, Err(LedgerError::Db(_))), "{outcome:?}");
            }
            let mut standing = std::collections::BTreeMap::new();
            for record in view::records(&db, SELLER_LEDGER, None).await.unwrap() {
                for line in record.intervals.iter().filter(|_| record.status == "ACTIVE") {
                    *standing.entry(line.delivery_start).or_insert(0) +=
                        WattHours::from_kwh_text(&line.requested).unwrap().get();
                }
            }
            let sums = view::recorded(&db, SELLER_LEDGER, "TEST_METER_SELLER", Side::Seller).await.unwrap();
            let sums: std::collections::BTreeMap<Timestamp, i64> =
                sums.into_iter().map(|(slot, energy)| (slot, energy.get())).collect();
            assert_eq!(sums, standing, "seed {seed}");
            assert!(!sums.is_empty(), "seed {seed}");
            assert!(sums.values().all(|energy| *energy <= 10_000), "seed {seed}: {sums:?}");
        }
    }
}
