//! Scores: what moves them, once, and that each is the fold of its history.

use std::sync::Arc;

use clock::{Entropy, Ids, SeededEntropy};
use db::Db;
use futures_util::FutureExt;
use futures_util::future::join_all;
use test_support::both_databases;
use test_support::database::TestDb;
use units::WattHours;
use uuid::Uuid;
use wattmandi::config::TrustConfig;
use wattmandi::events;
use wattmandi::identity::{self, NewUser};
use wattmandi::trust::service::{self};
use wattmandi::trust::{Applied, Cause, Delivery, ProviderDelivery, Side, Trade, TrustError};

use super::world::*;

both_databases! {
    migrations = [
        (node::COMPONENT, node::MIGRATIONS),
        (wattmandi::COMPONENT, wattmandi::MIGRATIONS),
    ];

    async fn statements_can_be_prepared(db: Db) {
        db.check_statements(wattmandi::trust::store::STATEMENTS).await.unwrap();
        db.check_statements(wattmandi::market::store::STATEMENTS).await.unwrap();
    }

    async fn a_result_counts_once_however_often_it_comes(db: Db) {
        let world = World::new(db).await;
        let result = world.result(1, 5_000, 4_200, 4_200);
        let again = (0..20).map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.deliver(result).await.unwrap() })
        });
        let changed = join_all(again).await.into_iter().filter(|done| done.as_ref().unwrap() != &Applied::Already);
        assert_eq!(changed.count(), 1);
        assert_eq!(world.score().await, "0.284");
        // The other side of the same contract is another change; a cancellation of it comes too late.
        world.deliver(Delivery { side: Side::Buyer, ..result }).await.unwrap();
        assert_eq!(world.cancel(result.contract, Side::Seller).await, Ok(Applied::Already));
        assert_eq!(world.score().await, "0.334");
        let negative = world.deliver(world.result(2, -1, 0, 0)).await;
        assert_eq!(negative, Err(TrustError::OutOfRange));
    }

    async fn twenty_cancels_at_once_cost_once(db: Db) {
        let world = World::new(db).await;
        let contract = Uuid::from_u128(5);
        let cancels = (0..20).map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.cancel(contract, Side::Buyer).await.unwrap() })
        });
        let changed = join_all(cancels).await.into_iter().filter(|done| done.as_ref().unwrap() != &Applied::Already);
        assert_eq!(changed.count(), 1);
        assert_eq!(world.score().await, "0.25");
        assert_eq!(world.arithmetic().await, ["a new account starts at 0.3", "0.3 - 0.05 = 0.25"]);
        // A result that comes for a cancelled contract changes nothing.
        let late = Delivery { side: Side::Buyer, ..world.result(5, 5_000, 5_000, 5_000) };
        assert_eq!(world.deliver(late).await, Ok(Applied::Already));
        assert_eq!(world.correct(late, 2).await, Ok(Applied::Already));
    }

    async fn good_meter_data_counts_once_an_account(db: Db) {
        let world = World::new(db).await;
        let bonuses = (0..10).map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.bonus().await.unwrap() })
        });
        let changed = join_all(bonuses).await.into_iter().filter(|done| done.as_ref().unwrap() != &Applied::Already);
        assert_eq!((changed.count(), world.score().await.as_str()), (1, "0.4"));
    }

    async fn a_correction_is_another_row(db: Db) {
        let world = World::new(db).await;
        world.deliver(world.result(1, 5_000, 5_000, 5_000)).await.unwrap();
        world.deliver(world.result(2, 5_000, 5_000, 5_000)).await.unwrap();
        // Late meter data: of the first contract nothing had come.
        let corrected = world.correct(world.result(1, 5_000, 0, 0), 2).await.unwrap();
        let Applied::Changed(row) = corrected else { panic!("not applied") };
        assert_eq!((row.cause, row.round, row.delta), (Cause::Correction, Some(2), -150_000));
        assert_eq!(world.score().await, "0.25");
        assert_eq!(world.correct(world.result(1, 5_000, 0, 0), 2).await, Ok(Applied::Already));
        // And corrected once more: in the end the contract has done what its last result says.
        world.correct(world.result(1, 5_000, 4_200, 0), 3).await.unwrap();
        assert_eq!(world.score().await, "0.334");
        assert_eq!(world.correct(world.result(1, 5_000, 0, 0), 2).await, Ok(Applied::Already));
        // A contract whose first result is already a revision.
        world.correct(world.result(3, 5_000, 5_000, 0), 4).await.unwrap();
        assert_eq!(world.deliver(world.result(3, 5_000, 5_000, 0)).await, Ok(Applied::Already));
        assert_eq!(world.score().await, "0.384");
        assert_eq!(world.correct(world.result(4, 1, 1, 0), 1).await, Err(TrustError::OutOfRange));
    }

    async fn each_change_is_told(db: Db) {
        let world = World::new(db).await;
        world.deliver(world.result(1, 5_000, 5_000, 5_000)).await.unwrap();
        world.deliver(world.result(1, 5_000, 5_000, 5_000)).await.unwrap();
        let user = world.user;
        let told = world.db.read(move |tx| events::after(tx, user, None, 0, 10).boxed()).await.unwrap();
        let told: Vec<(&str, serde_json::Value)> =
            told.iter().map(|e| (e.kind.as_str(), serde_json::from_str(&e.payload).unwrap())).collect();
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].0, &told[0].1["score"]), ("trust.changed", &serde_json::json!("0.35")));
        let counts = world.db.read(|tx| service::count_causes(tx).boxed()).await.unwrap();
        assert_eq!(counts, [("delivered".to_owned(), 1), ("opening".to_owned(), 1)]);
    }

    async fn an_edited_database_does_not_rebuild(db: Db) {
        let world = World::new(db).await;
        assert_eq!(world.rebuild().await, Ok(()));
        world.deliver(world.result(1, 5_000, 5_000, 5_000)).await.unwrap();
        world.deliver(world.result(2, 5_000, 5_000, 5_000)).await.unwrap();
        assert_eq!(world.rebuild().await, Ok(()));
        world.run(&FORGE).await.unwrap();
        assert_eq!(world.rebuild().await, Err(TrustError::HistoryBroken));
        world.run(&FORGET).await.unwrap();
        assert_eq!(world.rebuild().await, Err(TrustError::HistoryBroken));
    }

    async fn a_provider_elsewhere_is_known_by_what_it_delivered(db: Db) {
        let world = World::new(db).await;
        let deliver = |contract: u128, revision: i64, round1: i64, outage: bool| {
            let delivery = Arc::new(ProviderDelivery {
                bpp_id: "peer.example".into(),
                meter_key: "m1".into(),
                contract: Uuid::from_u128(contract),
                revision,
                requested: WattHours::new(3_000),
                round1: WattHours::new(round1),
                outage,
            });
            world.db.write(move |tx| {
                let delivery = Arc::clone(&delivery);
                async move { service::apply_provider_delivery(tx, &delivery, now()).await }.boxed()
            })
        };
        let trust = async |meter: &'static str| {
            let read = world.db.read(move |tx| {
                async move { wattmandi::trust::provider::histories(tx).await }.boxed()
            });
            let all = read.await.unwrap();
            let known = all.iter().find(|each| each.provider == ("peer.example".into(), meter.into()));
            let (settled, shares) = known.map_or((0, 0), |each| (each.settled, each.shares));
            let trust = wattmandi::trust::provider::shrunk(300_000, 5, settled, shares);
            (trust.score_millionths, trust.settled, trust.unknown)
        };
        assert_eq!(trust("m1").await, (300_000, 0, true));
        assert_eq!(deliver(1, 1, 3_000, false).await, Ok(true));
        assert_eq!(deliver(1, 1, 3_000, false).await, Ok(false));
        assert_eq!(trust("m1").await, (416_667, 1, false));
        // A third of the second contract; an outage says nothing.
        assert_eq!(deliver(2, 1, 1_000, false).await, Ok(true));
        assert_eq!(deliver(3, 1, 0, true).await, Ok(false));
        assert_eq!(trust("m1").await, (404_762, 2, false));
        // Corrected: all of it. An older revision that comes late changes nothing.
        assert_eq!(deliver(2, 2, 3_000, false).await, Ok(true));
        assert_eq!(deliver(2, 1, 1_000, false).await, Ok(false));
        assert_eq!(trust("m1").await, (500_000, 2, false));
        assert_eq!(trust("m2").await, (300_000, 0, true));
        assert_eq!(deliver(4, 1, -1, false).await, Err(TrustError::OutOfRange));
    }

    async fn the_score_is_the_fold_of_random_histories(test: TestDb) {
        // Each history is a user of its own; one transaction adds its user and lives it.
        let histories: u64 = if test.is_postgres() { 100 } else { 1_000 };
        let world = World::new(test.db().clone()).await;
        for seed in 0..histories {
            let (ids, trust) = (world.ids.clone(), world.trust);
            let lived = test.db().write(move |tx| {
                let new = NewUser {
                    id: ids.uuid(),
                    handle: format!("user-{seed}"),
                    display_name: "U".into(),
                    token: format!("token-of-user-{seed}"),
                    payout_name: "U".into(),
                    payout_vpa: "u@upi".into(),
                };
                let ids = ids.clone();
                async move {
                    let user = identity::add(tx, &new, now()).await?.id;
                    live(tx, &trust, user, &ids, seed).await?;
                    let folded = service::rebuild(tx, &trust, user).await?;
                    Ok::<_, TrustError>((folded, service::score(tx, &trust, user).await?))
                }
                .boxed()
            });
            let (folded, stored) = lived.await.unwrap();
            assert_eq!(folded, stored, "history {seed}");
        }
    }
}

/// One to twelve random results, cancellations, bonuses and corrections of few contracts, so that some come twice.
async fn live(
    tx: &mut db::Tx,
    trust: &TrustConfig,
    user: Uuid,
    ids: &Ids,
    seed: u64,
) -> Result<(), TrustError> {
    let entropy = SeededEntropy::new(seed);
    let draw = |bound: i64| {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        i64::try_from(u64::from_le_bytes(bytes) >> 1).unwrap() % bound
    };
    let contracts: Vec<Uuid> = (0..5).map(|_| ids.uuid()).collect();
    for _ in 0..=draw(12) {
        let requested = draw(20_000);
        let round1 = draw(requested + 1);
        let side = if draw(2) == 0 { Side::Seller } else { Side::Buyer };
        let delivery = Delivery {
            user,
            contract: contracts[usize::try_from(draw(5)).unwrap()],
            side,
            requested: WattHours::new(requested),
            round1: WattHours::new(round1),
            round2: WattHours::new(draw(round1 + 1)),
            outage: draw(6) == 0,
        };
        let trade = Trade { contract: delivery.contract, side };
        match draw(8) {
            0 => drop(service::apply_cancellation(tx, trust, user, trade, now()).await?),
            1 => drop(service::apply_meter_bonus(tx, trust, user, now()).await?),
            2 => drop(service::correct_delivery(tx, trust, &delivery, 2 + draw(4), now()).await?),
            _ => drop(service::apply_delivery(tx, trust, &delivery, now()).await?),
        }
    }
    Ok(())
}
