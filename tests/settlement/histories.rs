//! Random histories: 100,000 in memory, 1,000 through SQLite, 100 through PostgreSQL, each ending as the memory says,
//! with steps that are rolled back and steps that come twice.

use db::DbError;
use futures_util::FutureExt;
use test_support::both_databases;
use units::{DeliverySlot, Paise, Price, Timestamp, WattHours};
use uuid::Uuid;
use wattmandi::contract::{Contract, Side, State};
use wattmandi::settlement::{
    self, Account, AccountId, MoneyError, Outcome, Overview, Settlement, SimulatedBank, Stamp,
};

use crate::book::{Book, Dice, Event, Row, event, odd_rates, rows};
use crate::world::World;

const STEPS: i64 = 10;

#[test]
fn a_hundred_thousand_histories_keep_the_books() {
    let slot =
        |hour: i64| DeliverySlot::starting_at(Timestamp::from_seconds(1_795_199_400 + hour * 3_600)).unwrap();
    let (mut refused, mut over) = (0_u32, 0_u32);
    for seed in 0..100_000 {
        let mut dice = Dice::new(seed + 1);
        let mut book = Book::new(Uuid::from_u128(1), dice.below(4_000), odd_rates());
        let rows: Vec<Row> = (0..1 + dice.below(3))
            .map(|hour| (slot(hour), Price::new(dice.below(120_000)), WattHours::new(10 * dice.below(400))))
            .collect();
        for _ in 0..STEPS {
            let event = event(&mut dice, &rows);
            match book.apply(&event, &rows) {
                Ok(true) if is_repeatable(&event) => {
                    assert_eq!(book.apply(&event, &rows), Ok(false), "{event:?}");
                }
                Ok(_) => {}
                Err(MoneyError::CreditExceeded { .. } | MoneyError::Withdrawal { .. }) => refused += 1,
                Err(error) => panic!("{seed}: {event:?}: {error}"),
            }
            book.check();
        }
        over += u32::from(book.account(&AccountId::arrears(book.user)).balance < Paise::ZERO);
        book.rebuild();
    }
    assert!(
        refused > 1_000 && over > 1_000,
        "{refused} refused, {over} in arrears: the histories are too tame"
    );
}

/// Comes it again, it has no effect. A payment has an order of its own, so that another one is another matter.
fn is_repeatable(event: &Event) -> bool {
    !matches!(event, Event::TopUp(_) | Event::Withdraw(_))
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn the_database_ends_as_the_memory_does(db: db::Db) {
        let count = if db.dialect() == db::Dialect::Sqlite { 1_000 } else { 100 };
        let world = World::start(db).await;
        let rates = odd_rates();
        let seeded = rates.clone();
        let added = world.participant.db.write(move |tx| {
            let rates = seeded.clone();
            async move { settlement::add_rates(tx, &rates).await }.boxed()
        });
        assert_eq!(added.await, Ok(Vec::new()));
        // One user for all: each history goes on where the last one ended.
        let mut balance = (Paise::ZERO, Paise::ZERO);
        for seed in 0..count {
            let mut dice = Dice::new(seed + 1);
            let limit = dice.below(4_000);
            let limit = set_limit(&world, Paise::new(limit)).await;
            let bought = world.contract(Side::Buyer, State::Standing, &format!("t-{seed}")).await;
            let sold = world.contract(Side::Seller, State::Active, &format!("t-{seed}")).await;
            let rows = rows(&bought);
            let mut book = Book::new(world.asha.id, limit.get(), rates.clone());
            start_from(&mut book, balance);
            for step in 0..STEPS {
                let event = event(&mut dice, &rows);
                let expected = book.apply(&event, &rows);
                if dice.below(3) == 0 {
                    crash(&world, &bought, &sold, &event).await;
                }
                let done = perform(&world, &bought, &sold, &event, &book, &rows).await;
                assert_eq!(done, expected, "history {seed}, step {step}: {event:?}");
                if is_repeatable(&event) && dice.below(3) == 0 && done == Ok(true) {
                    assert_eq!(perform(&world, &bought, &sold, &event, &book, &rows).await, Ok(false));
                }
            }
            // What is still held is given back, for the next history.
            let _ = book.apply(&Event::Hold(0), &rows).unwrap();
            perform(&world, &bought, &sold, &Event::Hold(0), &book, &rows).await.unwrap();
            let (user, arrears) =
                (book.account(&AccountId::user(book.user)), book.account(&AccountId::arrears(book.user)));
            let overview = overview(&world).await;
            assert_eq!(
                (overview.balance, overview.held, overview.arrears),
                (user.balance, user.held, arrears.balance.checked_neg().unwrap()),
                "history {seed}"
            );
            balance = (user.balance, arrears.balance);
        }
        let audit = world.participant.db.read(|tx| settlement::audit(tx).boxed()).await.unwrap();
        assert!(audit.holds() && audit.debits > Paise::ZERO, "{audit:?}");
        world.running.stop().await;
    }
}

/// The book begins with the balances that the database has; what balances them is none of its history.
fn start_from(book: &mut Book, (balance, arrears): (Paise, Paise)) {
    let (user, debts) = (AccountId::user(book.user), AccountId::arrears(book.user));
    book.accounts.get_mut(&user.key()).unwrap().balance = balance;
    book.accounts.insert(debts.key(), Account { balance: arrears, ..Account::new(debts, Paise::ZERO) });
}

async fn set_limit(world: &World, limit: Paise) -> Paise {
    let (user, now) = (world.asha.id, world.participant.now());
    let set = world
        .participant
        .db
        .write(move |tx| async move { settlement::open_user(tx, user, limit, now).await }.boxed());
    set.await.unwrap()
}

async fn overview(world: &World) -> Overview {
    let user = world.asha.id;
    let read = world
        .participant
        .db
        .read(move |tx| async move { settlement::overview(tx, user, Paise::ZERO).await }.boxed());
    read.await.unwrap()
}

fn settlement_of(bought: &Contract, sold: &Contract, event: &Event) -> Option<Settlement> {
    let Event::Settle { side, revision, slots, flows } = event else { return None };
    let contract = if *side == Side::Buyer { bought.id } else { sold.id };
    Some(Settlement { contract, revision: *revision, slots: slots.clone(), flows: *flows })
}

async fn perform(
    world: &World,
    bought: &Contract,
    sold: &Contract,
    event: &Event,
    book: &Book,
    rows: &[Row],
) -> Result<bool, MoneyError> {
    let (p, user) = (world.participant.clone(), world.asha.id);
    match event {
        Event::Hold(share) => {
            let (contract, target) = (bought.id, Paise::new(book.cost(rows) * share / 1_000));
            let adjusted = world.participant.db.write(move |tx| {
                let p = p.clone();
                async move { settlement::adjust(tx, contract, user, target, &Stamp::of(&p)).await }.boxed()
            });
            Ok(adjusted.await? != Paise::ZERO)
        }
        Event::Settle { .. } => {
            let settlement = settlement_of(bought, sold, event).unwrap();
            let settled = world.participant.db.write(move |tx| {
                let (p, settlement) = (p.clone(), settlement.clone());
                async move { settlement::settle(tx, &settlement, &Stamp::of(&p)).await }.boxed()
            });
            Ok(settled.await? != Outcome::Already)
        }
        Event::TopUp(amount) => {
            settlement::top_up(&p, &SimulatedBank, user, *amount, None).await.map(|_| true)
        }
        Event::Withdraw(amount) => {
            settlement::withdraw(&p, &SimulatedBank, user, *amount, None).await.map(|_| true)
        }
    }
}

/// The same in a transaction that never commits.
async fn crash(world: &World, bought: &Contract, sold: &Contract, event: &Event) {
    let Some(settlement) = settlement_of(bought, sold, event) else { return };
    let p = world.participant.clone();
    let broken: Result<(), MoneyError> = world
        .participant
        .db
        .write(move |tx| {
            let (p, settlement) = (p.clone(), settlement.clone());
            async move {
                settlement::settle(tx, &settlement, &Stamp::of(&p)).await?;
                Err(DbError::Other("killed".into()).into())
            }
            .boxed()
        })
        .await;
    assert!(broken.is_err());
}
