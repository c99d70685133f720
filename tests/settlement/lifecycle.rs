//! From the hold to the last correction: what a trade does to the accounts, to the paisa.

use db::{Db, DbError, params};
use futures_util::FutureExt;
use futures_util::future::join_all;
use test_support::both_databases;
use units::{Paise, Price, Timestamp, WattHours};
use wattmandi::contract::{Contract, Side, State};
use wattmandi::settlement::{
    self, AccountId, AccountKind, MoneyError, Outcome, PaymentKind, PaymentState, Quality, Rate, RateKind,
    SettledSlot, Settlement, Stamp, store,
};

use crate::book::{flows, rows};
use crate::world::{US, World};

db::sql! {
    BALANCE = "SELECT balance FROM money_accounts WHERE id = $1";
    HELD = "SELECT held FROM money_accounts WHERE id = $1";
    OF_KIND = "SELECT COUNT(*) AS n FROM money_accounts WHERE kind = $1";
    JOURNALS = "SELECT COUNT(*) AS n FROM journals WHERE kind = $1";
    PLUNDER = "UPDATE money_accounts SET balance = balance - 100000000 WHERE id = $1";
    FORGE = "UPDATE journals SET total_debit = 1, total_credit = 1";
    SHRED = "DELETE FROM journal_lines";
}

async fn number(world: &World, sql: &'static db::Sql, key: &str) -> i64 {
    let key = key.to_owned();
    let read = world.participant.db.read(move |tx| {
        let key = key.clone();
        async move {
            let row = tx.query_opt(sql, &params![key]).await?;
            row.map_or(Ok(0), |row| row.get(row.columns()[0].as_str()))
        }
        .boxed()
    });
    let read: Result<i64, DbError> = read.await;
    read.unwrap()
}

async fn balance(world: &World, kind: AccountKind, owner: &str) -> i64 {
    number(world, &BALANCE, &AccountId::new(kind, owner).key()).await
}

async fn own(world: &World, kind: AccountKind) -> i64 {
    number(world, &BALANCE, &AccountId::own(kind).key()).await
}

async fn user(world: &World) -> (i64, i64) {
    let key = AccountId::user(world.asha.id).key();
    (number(world, &BALANCE, &key).await, number(world, &HELD, &key).await)
}

async fn rate(world: &World, kind: RateKind, discom: &str, from: &str, rate: i64) {
    let from = Timestamp::parse_rfc3339(from).unwrap();
    let rates =
        vec![Rate { network_id: "*".into(), discom: discom.into(), kind, from, rate: Price::new(rate) }];
    let added = world.participant.db.write(move |tx| {
        let rates = rates.clone();
        async move { settlement::add_rates(tx, &rates).await }.boxed()
    });
    assert_eq!(added.await, Ok(Vec::new()));
}

async fn hold(world: &World, contract: &Contract, target: i64) -> Result<Paise, MoneyError> {
    let (p, id, user) = (world.participant.clone(), contract.id, contract.user_id);
    let adjusted = world.participant.db.write(move |tx| {
        let p = p.clone();
        async move { settlement::adjust(tx, id, user, Paise::new(target), &Stamp::of(&p)).await }.boxed()
    });
    adjusted.await
}

pub async fn settle(world: &World, settlement: &Settlement) -> Result<Outcome, MoneyError> {
    let (p, settlement) = (world.participant.clone(), settlement.clone());
    let settled = world.participant.db.write(move |tx| {
        let (p, settlement) = (p.clone(), settlement.clone());
        async move { settlement::settle(tx, &settlement, &Stamp::of(&p)).await }.boxed()
    });
    settled.await
}

/// What the user got by it.
async fn booked(world: &World, settlement: &Settlement) -> i64 {
    match settle(world, settlement).await.unwrap() {
        Outcome::Booked { user, .. } => user.get(),
        Outcome::Already => panic!("it was booked before"),
    }
}

/// What the DISCOMs say: by slot seller's allocation, buyer's allocation, final value.
pub fn result(contract: &Contract, revision: i64, values: &[(i64, i64, i64)], penalty: i64) -> Settlement {
    let slots: Vec<SettledSlot> = rows(contract)
        .into_iter()
        .zip(values)
        .map(|((slot, price, requested), (round1, round2, settled))| SettledSlot {
            slot,
            price,
            requested,
            round1: Some(WattHours::new(*round1)),
            round2: Some(WattHours::new(*round2)),
            settled: WattHours::new(*settled),
            quality: Quality::Measured,
        })
        .collect();
    let flows = flows(&slots, (0, 0), penalty);
    Settlement { contract: contract.id, revision, slots, flows }
}

async fn audited(world: &World) {
    let audit = world.participant.db.read(|tx| settlement::audit(tx).boxed()).await.unwrap();
    assert!(audit.holds(), "{audit:?}");
}

const FULL: &[(i64, i64, i64)] = &[(1_250, 1_250, 1_250), (2_000, 2_000, 2_000)];

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn every_statement_is_one_of_this_database(db: Db) {
        db.check_statements(store::STATEMENTS).await.unwrap();
        db.check_statements(store::trades::STATEMENTS).await.unwrap();
    }

    async fn a_purchase_is_held_and_paid_to_the_paisa(db: Db) {
        let world = World::start(db).await;
        rate(&world, RateKind::TransactionCharge, "*", "2026-02-11T00:00:00+05:30", 4_200).await;
        rate(&world, RateKind::PlatformFee, "NORTH", "2026-02-11T00:00:00+05:30", 1_000).await;
        let bought = world.contract(Side::Buyer, State::Standing, "t-1").await;
        let contract = bought.clone();
        let most = world.participant.db.read(move |tx| {
            let contract = contract.clone();
            async move { settlement::amount_for(tx, &contract).await }.boxed()
        });
        // 8.13 + 12.00 of energy; of 0.53 and 0.84 of charge the greater halves; 0.13 and 0.20 of fee.
        assert_eq!(most.await, Ok(Paise::new(2_013 + 27 + 42 + 13 + 20)));
        assert_eq!(hold(&world, &bought, 2_115).await, Ok(Paise::new(2_115)));
        assert_eq!(user(&world).await, (0, 2_115));
        // 1 and 2 kWh are delivered.
        let final_result = result(&bought, 1, &[(1_000, 1_000, 1_000), (2_000, 2_000, 2_000)], 0);
        assert_eq!(booked(&world, &final_result).await, -(650 + 1_200 + 21 + 42 + 10 + 20));
        assert_eq!(user(&world).await, (-1_943, 0));
        assert_eq!(balance(&world, AccountKind::Clearing, "peer.example").await, 1_850);
        assert_eq!(balance(&world, AccountKind::Charge, "NORTH").await, 63);
        assert_eq!(own(&world, AccountKind::Fee).await, 30);
        assert_eq!(settle(&world, &final_result).await, Ok(Outcome::Already));
        assert_eq!(hold(&world, &bought, 2_115).await, Ok(Paise::ZERO), "what is settled is not held for again");
        let id = bought.id;
        let paid = world.participant.db.read(move |tx| settlement::of_contract(tx, id).boxed()).await.unwrap();
        assert_eq!(paid.len(), 1);
        let shown = (paid[0].kind, paid[0].state, paid[0].amount);
        assert_eq!(shown, (PaymentKind::Trade, PaymentState::Paid, Paise::new(1_850)));
        assert_eq!(paid[0].reference.as_deref(), Some("P2P/t-1/1"));
        audited(&world).await;
        world.running.stop().await;
    }

    async fn both_sides_of_one_trade_clear_to_nothing(db: Db) {
        let world = World::start(db).await;
        rate(&world, RateKind::TransactionCharge, "*", "2026-02-11T00:00:00+05:30", 4_200).await;
        let bought = world.contract(Side::Buyer, State::Standing, "t-1").await;
        let sold = world.contract(Side::Seller, State::Active, "t-1").await;
        settle(&world, &result(&bought, 1, FULL, 0)).await.unwrap();
        settle(&world, &result(&sold, 1, FULL, 0)).await.unwrap();
        assert_eq!(balance(&world, AccountKind::Clearing, "peer.example").await, 0);
        // 8.125 + 12 rounds to 20.13 at once, and the slots to 8.13 + 12.00: nothing is left over. The whole charge of
        // 0.53 + 0.84 is there, the odd paisa from the buyer.
        assert_eq!(own(&world, AccountKind::Rounding).await, 0);
        assert_eq!(balance(&world, AccountKind::Charge, "NORTH").await, 137);
        assert_eq!(user(&world).await.0, -137);
        audited(&world).await;
        world.running.stop().await;
    }

    async fn a_trade_between_our_own_users_is_cleared_with_nobody(db: Db) {
        let world = World::start(db).await;
        let bought = world.contract_with(US, Side::Buyer, State::Standing, "t-1").await;
        let sold = world.contract_with(US, Side::Seller, State::Active, "t-1").await;
        settle(&world, &result(&bought, 1, FULL, 0)).await.unwrap();
        let within = AccountId::within().key();
        assert_eq!(number(&world, &BALANCE, &within).await, 2_013, "the seller is still to be settled");
        let market = world.participant.market_now();
        let due = |world: &World| {
            let db = world.participant.db.clone();
            async move { db.read(move |tx| settlement::clearing_due(tx, market).boxed()).await }
        };
        assert_eq!(due(&world).await, Ok(false), "we owe ourselves nothing");
        settle(&world, &result(&sold, 1, FULL, 0)).await.unwrap();
        assert_eq!(number(&world, &BALANCE, &within).await, 0);
        // A correction of both sides takes the same way.
        let corrected = [(1_250, 1_250, 1_250), (2_000, 500, 500)];
        assert_eq!(booked(&world, &result(&sold, 2, &corrected, 0)).await, -900);
        assert_eq!(booked(&world, &result(&bought, 2, &corrected, 0)).await, 900);
        assert_eq!((number(&world, &BALANCE, &within).await, user(&world).await), (0, (0, 0)));
        assert_eq!(balance(&world, AccountKind::Clearing, US).await, 0);
        assert_eq!(number(&world, &OF_KIND, "clearing").await, 0, "no clearing account was opened");
        audited(&world).await;
        world.running.stop().await;
    }

    async fn a_shortfall_is_charged_to_the_side_that_fell_short(db: Db) {
        let world = World::start(db).await;
        rate(&world, RateKind::ShortfallPenalty, "*", "2026-01-01T00:00:00+05:30", 5_000).await;
        let bought = world.contract(Side::Buyer, State::Standing, "t-1").await;
        let sold = world.contract(Side::Seller, State::Active, "t-1").await;
        // The roof made everything; the buyer drew 1 kWh less. The flows charge the seller all the same: 0.50 INR.
        let drawn_less = [(1_250, 1_250, 1_250), (2_000, 1_000, 1_000)];
        let traded = 813 + 600;
        assert_eq!(booked(&world, &result(&sold, 1, &drawn_less, 50)).await, traded);
        assert_eq!(balance(&world, AccountKind::Discom, "NORTH").await, 50);
        assert_eq!(own(&world, AccountKind::Platform).await, -50, "we bear what our user did not cause");
        assert_eq!(booked(&world, &result(&bought, 1, &drawn_less, 50)).await, -traded - 50);
        assert_eq!(own(&world, AccountKind::Platform).await, 0);
        // An outage costs nobody.
        let other = world.contract(Side::Buyer, State::Standing, "t-2").await;
        let mut outage = result(&other, 1, &drawn_less, 0);
        outage.slots[1].quality = Quality::Outage;
        assert_eq!(booked(&world, &outage).await, -traded);
        audited(&world).await;
        world.running.stop().await;
    }

    async fn the_rate_of_the_slots_date_applies(db: Db) {
        let world = World::start(db).await;
        // The slots are at 16:00 and 17:00 IST on 2026-11-21: the new rate comes in between.
        rate(&world, RateKind::PlatformFee, "*", "2026-01-01T00:00:00+05:30", 10_000).await;
        rate(&world, RateKind::PlatformFee, "NORTH", "2026-11-21T17:00:00+05:30", 20_000).await;
        rate(&world, RateKind::PlatformFee, "NORTH", "2026-11-22T00:00:00+05:30", 90_000).await;
        let sold = world.contract(Side::Seller, State::Active, "t-1").await;
        settle(&world, &result(&sold, 1, &[(1_000, 1_000, 1_000), (1_000, 1_000, 1_000)], 0)).await.unwrap();
        assert_eq!(own(&world, AccountKind::Fee).await, 100 + 200);
        let changed = vec![Rate {
            network_id: "*".into(),
            discom: "*".into(),
            kind: RateKind::PlatformFee,
            from: Timestamp::parse_rfc3339("2026-01-01T00:00:00+05:30").unwrap(),
            rate: Price::new(1),
        }];
        let again = changed.clone();
        let refused = world.participant.db.write(move |tx| {
            let rates = again.clone();
            async move { settlement::add_rates(tx, &rates).await }.boxed()
        });
        assert_eq!(refused.await, Ok(changed), "a rate in force is not changed");
        world.running.stop().await;
    }

    async fn a_correction_books_the_difference(db: Db) {
        let world = World::start(db).await;
        let bought = world.contract(Side::Buyer, State::Standing, "t-1").await;
        settle(&world, &result(&bought, 1, FULL, 0)).await.unwrap();
        assert_eq!(user(&world).await.0, -2_013);
        let corrected = result(&bought, 3, &[(1_250, 1_250, 1_250), (2_000, 500, 500)], 0);
        assert_eq!(booked(&world, &corrected).await, 900);
        assert_eq!(user(&world).await.0, -1_113);
        assert_eq!(balance(&world, AccountKind::Clearing, "peer.example").await, 1_113);
        // Older revisions come late, the same comes again: nothing moves. Another result under its number is refused.
        assert_eq!(settle(&world, &result(&bought, 2, FULL, 0)).await, Ok(Outcome::Already));
        assert_eq!(settle(&world, &corrected).await, Ok(Outcome::Already));
        assert_eq!(settle(&world, &result(&bought, 3, FULL, 0)).await, Err(MoneyError::RevisionTaken));
        assert_eq!((number(&world, &JOURNALS, "settlement").await, number(&world, &JOURNALS, "correction").await), (1, 1));
        assert_eq!(user(&world).await.0, -1_113);
        audited(&world).await;
        world.running.stop().await;
    }

    async fn what_does_not_fit_is_not_booked(db: Db) {
        let world = World::start(db).await;
        let bought = world.contract(Side::Buyer, State::Standing, "t-1").await;
        let good = result(&bought, 1, FULL, 0);
        let with = |change: fn(&mut Settlement)| {
            let mut wrong = good.clone();
            change(&mut wrong);
            wrong
        };
        let wrongs = [
            with(|s| s.revision = 0),
            with(|s| s.slots.truncate(1)),
            with(|s| s.slots[1] = s.slots[0]),
            with(|s| s.slots[0].price = Price::new(1)),
            with(|s| s.slots[0].requested = WattHours::new(1_260)),
            with(|s| s.slots[0].settled = WattHours::new(1_251)),
            with(|s| s.slots[0].round2 = Some(WattHours::new(1_249))),
            with(|s| s.flows.buyer_platform = Paise::new(-2_012)),
            with(|s| {
                s.flows.buyer_platform = Paise::new(-2_020);
                s.flows.seller_platform = Paise::new(2_020);
            }),
        ];
        for wrong in wrongs {
            let refused = settle(&world, &wrong).await;
            assert!(matches!(refused, Err(MoneyError::Result(_))), "{wrong:?}: {refused:?}");
        }
        for state in [State::Draft, State::Offered, State::Cancelled, State::Rejected] {
            let other = world.contract(Side::Buyer, state, state.as_str()).await;
            assert_eq!(settle(&world, &result(&other, 1, FULL, 0)).await, Err(MoneyError::NotSettled(state)));
        }
        assert_eq!((user(&world).await, number(&world, &JOURNALS, "settlement").await), ((0, 0), 0));
        world.running.stop().await;
    }

    async fn what_the_limit_does_not_bear_is_owed_and_paid_first(db: Db) {
        let world = World::start(db).await;
        let (id, now) = (world.asha.id, world.participant.now());
        let set = world.participant.db.write(move |tx| {
            async move { settlement::open_user(tx, id, Paise::new(1_000), now).await }.boxed()
        });
        assert_eq!(set.await, Ok(Paise::new(1_000)));
        let bought = world.contract(Side::Buyer, State::Standing, "t-1").await;
        let refused = hold(&world, &bought, 1_001).await;
        let (available, needed) = (Paise::new(1_000), Paise::new(1_001));
        assert_eq!(refused, Err(MoneyError::CreditExceeded { available, needed }));
        assert_eq!(user(&world).await, (0, 0));
        settle(&world, &result(&bought, 1, FULL, 0)).await.unwrap();
        let arrears = AccountId::arrears(id).key();
        assert_eq!((user(&world).await.0, number(&world, &BALANCE, &arrears).await), (-1_000, -1_013));
        let sold = world.contract(Side::Seller, State::Active, "t-2").await;
        settle(&world, &result(&sold, 1, FULL, 0)).await.unwrap();
        assert_eq!((user(&world).await.0, number(&world, &BALANCE, &arrears).await), (0, 0));
        audited(&world).await;
        world.running.stop().await;
    }

    async fn twenty_at_once_refund_once_and_settle_once(db: Db) {
        let world = World::start(db).await;
        let bought = world.contract(Side::Buyer, State::Standing, "t-1").await;
        hold(&world, &bought, 2_013).await.unwrap();
        let refunds = join_all((0..20).map(|_| hold(&world, &bought, 0))).await;
        let effects: Vec<Paise> = refunds.into_iter().map(Result::unwrap).filter(|change| *change != Paise::ZERO).collect();
        assert_eq!(effects, [Paise::new(-2_013)]);
        assert_eq!((user(&world).await, number(&world, &JOURNALS, "release").await), ((0, 0), 1));
        let other = world.contract(Side::Buyer, State::Standing, "t-2").await;
        hold(&world, &other, 2_013).await.unwrap();
        let final_result = result(&other, 1, FULL, 0);
        let settled = join_all((0..20).map(|_| settle(&world, &final_result))).await;
        let count = settled.into_iter().map(Result::unwrap).filter(|outcome| *outcome != Outcome::Already).count();
        assert_eq!((count, user(&world).await), (1, (-2_013, 0)));
        audited(&world).await;
        world.running.stop().await;
    }

    async fn the_database_itself_keeps_limits_and_journals(db: Db) {
        let world = World::start(db).await;
        let bought = world.contract(Side::Buyer, State::Standing, "t-1").await;
        settle(&world, &result(&bought, 1, FULL, 0)).await.unwrap();
        let key = AccountId::user(world.asha.id).key();
        let plunder = world.participant.db.write(move |tx| {
            let key = key.clone();
            async move { tx.execute(&PLUNDER, &params![key]).await }.boxed()
        });
        let plundered: Result<u64, DbError> = plunder.await;
        assert!(matches!(&plundered, Err(DbError::Check { constraint }) if constraint.contains("money_accounts_limit")), "{plundered:?}");
        for sql in [&FORGE, &SHRED] {
            let forged: Result<u64, DbError> =
                world.participant.db.write(move |tx| async move { tx.execute(sql, &[]).await }.boxed()).await;
            assert!(forged.is_err(), "{forged:?}");
        }
        audited(&world).await;
        world.running.stop().await;
    }

    async fn peers_are_netted_every_72_hours(db: Db) {
        let world = World::start(db).await;
        let bought = world.contract(Side::Buyer, State::Standing, "t-1").await;
        settle(&world, &result(&bought, 1, FULL, 0)).await.unwrap();
        let net = || async {
            let p = world.participant.clone();
            let netted = world.participant.db.write(move |tx| {
                let p = p.clone();
                async move { settlement::net_clearing(tx, &Stamp::of(&p)).await }.boxed()
            });
            netted.await.unwrap()
        };
        let both = futures_util::join!(net(), net());
        let netted: Vec<_> = both.0.into_iter().chain(both.1).collect();
        assert_eq!(netted.len(), 1, "two instances net a window once");
        assert_eq!((netted[0].amount, netted[0].kind), (Paise::new(2_013), PaymentKind::Netting));
        assert!(netted[0].reference.as_ref().is_some_and(|text| text.starts_with("NET/peer.example/")));
        assert_eq!((balance(&world, AccountKind::Clearing, "peer.example").await, own(&world, AccountKind::Bank).await), (0, 2_013));
        // A sale in the same window waits for the next.
        let sold = world.contract(Side::Seller, State::Active, "t-2").await;
        settle(&world, &result(&sold, 1, FULL, 0)).await.unwrap();
        assert_eq!(net().await, []);
        world.clock.advance(settlement::NETTED_EVERY);
        assert_eq!(net().await[0].amount, Paise::new(-2_013), "now the peer pays");
        assert_eq!(own(&world, AccountKind::Bank).await, 0);
        assert_eq!(net().await, []);
        audited(&world).await;
        world.running.stop().await;
    }
}
