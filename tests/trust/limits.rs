//! The quota of a month: what it is, what uses it, what gives it back, and what races cannot pass.

use db::{Db, DbError};
use futures_util::FutureExt;
use futures_util::future::join_all;
use test_support::both_databases;
use units::WattHours;
use uuid::Uuid;
use wattmandi::error::Coded;
use wattmandi::trust::{Side, Use, quota};

use super::world::*;

both_databases! {
    migrations = [
        (node::COMPONENT, node::MIGRATIONS),
        (wattmandi::COMPONENT, wattmandi::MIGRATIONS),
    ];

    async fn thirty_hundredths_and_500_kwh_give_50(db: Db) {
        let world = World::new(db).await;
        world.declares(Some("500"), None, true).await;
        let standing = world.standing().await;
        assert_eq!((standing.score.to_string(), standing.tier().as_str()), ("0.3".into(), "starter"));
        assert_eq!(standing.listing.limit.to_kwh_text(), "50");
        world.list(&[(5, "30"), (6, "15")]).await.unwrap();
        let (code, field, remaining, next, text) = refusal(world.list(&[(5, "5.01")]).await);
        assert_eq!((code.as_str(), field.as_str()), ("trust.limit_exceeded", "slots.quantity_kwh"));
        assert_eq!(remaining, "5");
        assert!(next.starts_with("Trade successfully to rise to Bronze (40 %"), "{next}");
        assert!(text.contains("2026-11") && text.contains("5 kWh remain"), "{text}");
        assert_eq!(world.listed().await, "45");
        world.list(&[(5, "5")]).await.unwrap();
        assert_eq!(world.listed().await, "50");
        // The hours after midnight are December's, with a quota of their own.
        world.list(&[(15, "50")]).await.unwrap();
        assert!(world.list(&[(16, "0.01")]).await.is_err());
    }

    async fn unknown_and_unverified_capacities_are_limited(db: Db) {
        let world = World::new(db).await;
        let limit = async || world.standing().await.listing.limit.to_kwh_text();
        assert_eq!(limit().await, "10");
        world.list(&[(5, "10")]).await.unwrap();
        let (.., next, _) = refusal(world.list(&[(5, "1")]).await);
        assert!(next.contains("production capacity"), "{next}");
        // 100 kW installed: 15,000 kWh a month at most, of which 10 %.
        world.declares(Some("90000"), None, false).await;
        assert_eq!(limit().await, "1500");
        world.declares(Some("9000"), None, false).await;
        assert_eq!(limit().await, "900");
        world.declares(Some("90000"), None, true).await;
        assert_eq!(limit().await, "9000");
    }

    async fn energy_goes_back_to_the_month_it_came_from(db: Db) {
        let world = World::new(db).await;
        world.declares(Some("500"), None, true).await;
        let first = world.list(&[(5, "20"), (6, "20")]).await.unwrap();
        world.change(&first, 6, "12").await.unwrap();
        assert_eq!(world.listed().await, "32");
        assert!(world.change(&first, 6, "31").await.is_err());
        world.change(&first, 6, "30").await.unwrap();
        assert_eq!(world.listed().await, "50");
        // Selling does not count again, and what is sold stays counted when the rest is withdrawn.
        world.sell(&first, 5, "8").await;
        assert_eq!(world.listed().await, "50");
        world.withdraw(&first).await;
        assert_eq!(world.listed().await, "8");
        // Called off, it is withdrawn with its offer.
        world.unsell(&first, 5, "8").await;
        assert_eq!(world.listed().await, "0");
        // Of a live offer it is on sale again.
        let second = world.list(&[(5, "20")]).await.unwrap();
        world.sell(&second, 5, "8").await;
        world.unsell(&second, 5, "3").await;
        assert_eq!(world.listed().await, "20");
    }

    async fn what_was_not_sold_before_the_gate_goes_back_once(db: Db) {
        let world = World::new(db).await;
        world.declares(Some("500"), None, true).await;
        let offer = world.list(&[(5, "20"), (12, "20")]).await.unwrap();
        world.sell(&offer, 5, "8").await;
        assert_eq!(world.lapse(0).await, 0);
        // Four hours before delivery the gate closes: one hour from now for the first slot.
        assert_eq!(world.lapse(1).await, 1);
        assert_eq!(world.listed().await, "28");
        assert_eq!(world.lapse(1).await, 0);
        // A ledger that refuses after the gate gives the sale back: nobody can buy it any more.
        world.unsell(&offer, 5, "3").await;
        assert_eq!(world.listed().await, "25");
        assert_eq!(world.lapse(40).await, 1);
        assert_eq!(world.listed().await, "5");
        world.withdraw(&offer).await;
        assert_eq!(world.listed().await, "5");
    }

    async fn a_score_that_falls_voids_nothing(db: Db) {
        let world = World::new(db).await;
        world.declares(Some("500"), None, true).await;
        for contract in 1..=5 {
            world.deliver(world.result(contract, 5_000, 5_000, 5_000)).await.unwrap();
        }
        assert_eq!((world.score().await.as_str(), world.standing().await.tier().as_str()), ("0.55", "bronze"));
        let offer = world.list(&[(5, "90"), (6, "90")]).await.unwrap();
        world.cancel(Uuid::from_u128(77), Side::Seller).await.unwrap();
        world.cancel(Uuid::from_u128(78), Side::Seller).await.unwrap();
        assert_eq!(world.score().await, "0.45");
        let standing = world.standing().await.listing;
        assert_eq!((standing.limit.to_kwh_text(), standing.months[0].used.to_kwh_text()), ("50".into(), "180".into()));
        assert_eq!(standing.months[0].remaining, WattHours::ZERO);
        // No more, but less is possible, and so is another price.
        assert_eq!(refusal(world.list(&[(7, "1")]).await).2, "0");
        world.change(&offer, 5, "80").await.unwrap();
        assert!(world.change(&offer, 5, "80.01").await.is_err());
        assert_eq!(world.listed().await, "170");
    }

    async fn a_hundred_listings_at_once_never_pass_the_limit(db: Db) {
        let world = World::new(db).await;
        world.declares(Some("500"), None, true).await;
        // 2 kWh each, in two slots of one month: 25 fit into 50 kWh.
        let listings = (0..100).map(|n| {
            let world = world.clone();
            tokio::spawn(async move { world.list(&[(5 + n % 3, "1"), (8, "1")]).await })
        });
        let outcomes = join_all(listings).await;
        let listed = outcomes.iter().filter(|outcome| outcome.as_ref().unwrap().is_ok()).count();
        for outcome in outcomes {
            if let Err(error) = outcome.unwrap() {
                assert_eq!(error.code().as_str(), "trust.limit_exceeded", "{error}");
            }
        }
        assert_eq!(listed, 25);
        assert_eq!(world.listed().await, "50");
        // The database itself refuses what passes the ceiling.
        let refused = world.run(&OVERDRAW).await;
        assert_eq!(refused, Err(DbError::Check { constraint: "trade_quotas_ceiling".into() }));
    }

    async fn listings_withdrawals_and_lapses_at_once_leave_an_exact_quota(db: Db) {
        let world = World::new(db).await;
        world.declares(Some("500"), None, true).await;
        let mut offers = Vec::new();
        for n in 0..20 {
            let offer = world.list(&[(5, "1"), (9 + n % 3, "1")]).await.unwrap();
            world.sell(&offer, 5, "0.5").await;
            offers.push(offer);
        }
        let work = offers.into_iter().enumerate().map(|(n, offer)| {
            let world = world.clone();
            tokio::spawn(async move {
                match n % 4 {
                    0 => world.withdraw(&offer).await,
                    1 => {
                        world.withdraw(&offer).await;
                        world.unsell(&offer, 5, "0.5").await;
                    }
                    2 => drop(world.lapse(1).await),
                    _ => drop(world.list(&[(6, "1")]).await),
                }
            })
        });
        for done in join_all(work).await {
            done.unwrap();
        }
        world.lapse(1).await;
        world.listed().await;
    }

    async fn purchases_are_held_against_the_consumption(db: Db) {
        let world = World::new(db).await;
        world.declares(None, Some("200"), true).await;
        assert_eq!(world.standing().await.purchase.limit.to_kwh_text(), "20");
        let (user, trust) = (world.user, world.trust);
        let shift = |before: &'static str, after: &'static str| {
            let shifts = [(slot(5), kwh(before), kwh(after))];
            world.db.write(move |tx| {
                async move { quota::shift(tx, &trust, user, Use::Purchase, &shifts).await }.boxed()
            })
        };
        shift("0", "15").await.unwrap();
        let error = shift("0", "5.01").await.unwrap_err();
        assert_eq!((error.code().as_str(), error.remaining_kwh().as_deref()), ("trust.limit_exceeded", Some("5")));
        assert!(error.to_string().contains("bought"), "{error}");
        shift("15", "20").await.unwrap();
        shift("20", "0").await.unwrap();
        assert_eq!(world.standing().await.purchase.months[0].used, WattHours::ZERO);
        // Nothing of it counts against what is listed.
        assert_eq!(world.listed().await, "0");
    }
}
