//! What the DISCOMs tell of a purchase is settled once: cut off between any two steps and taken up by another process,
//! or by two workers at a time, it ends as without that.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use beckn_wire::action::Action;
use beckn_wire::energy::{Column, Contract, messages};
use db::{Db, DbError, Options, params};
use futures_util::future::join_all;
use test_support::both_databases;
use test_support::database::TestDb;
use units::{Span, WattHours};
use wattmandi::buyer::{self, ConfirmWish};
use wattmandi::contract::State;
use wattmandi::discom;
use wattmandi::settlement::{self, NETTED_EVERY, Stamp};
use wattmandi::trust::service as trust;

use crate::world::{LEDGER, SELLER, World, slot};

/// The journey is cut at so many places, spread over all of it; each is a purchase of its own.
const CUTS: usize = 24;
/// As many where each step waits for another process.
const CUTS_ON_POSTGRES: usize = 10;

db::sql! {
    DUMP = "SELECT 1 AS part, 'contract ' || state || ' ' || holds || ' ' || ledger_state AS line FROM contracts \
            WHERE id = $1 \
        UNION ALL SELECT 2, 'delivery ' || state || ' ' || CAST(settlement AS TEXT) || ' ' || COALESCE(digest, '-') \
            || ' ' || COALESCE(reason, '-') FROM deliveries WHERE contract = $1 \
        UNION ALL SELECT 3, 'cell ' || CAST(slot_start AS TEXT) || ' ' || column_name || ' ' || CAST(round AS TEXT) \
            || ' ' || value || ' ' || writer || ' ' || provenance FROM contract_cells WHERE contract = $1 \
        UNION ALL SELECT 4, 'journal ' || j.kind || ' ' || j.reference || ' ' || l.account || ' ' \
            || CAST(l.amount AS TEXT) || ' ' || CAST(l.held AS TEXT) FROM journals j \
            JOIN journal_lines l ON l.journal = j.id WHERE j.contract = $1 \
        UNION ALL SELECT 5, 'settlement ' || CAST(revision AS TEXT) || ' ' || CAST(traded AS TEXT) FROM settlements \
            WHERE contract = $1 \
        UNION ALL SELECT 6, 'trust ' || cause || ' ' || CAST(round AS TEXT) || ' ' || CAST(delta AS TEXT) || ' ' \
            || CAST(score_after AS TEXT) || ' ' || arithmetic FROM trust_changes WHERE contract = $1 \
        UNION ALL SELECT 7, 'provider ' || CAST(revision AS TEXT) || ' ' || CAST(share AS TEXT) FROM provider_history \
            WHERE contract = $1 \
        UNION ALL SELECT 8, 'payment ' || kind || ' ' || CAST(amount AS TEXT) || ' ' || state || ' ' \
            || COALESCE(reference, '-') FROM payments WHERE contract = $1 \
        UNION ALL SELECT 9, 'event ' || kind FROM events WHERE transaction_id = $2 \
        UNION ALL SELECT 10, 'sent ' || action || ' ' || target || ' ' || purpose || ' ' || state FROM outbox \
            WHERE transaction_id = $2 AND purpose <> 'delivery.status' \
        UNION ALL SELECT 11, 'received ' || action || ' ' || sender || ' ' || state FROM inbox \
            WHERE transaction_id = $2 AND receiver = 'buyer.example' \
        ORDER BY 1, 2";
}

/// A purchase that stands, and what will be told of it: sender and message.
struct Trade {
    world: World,
    id: String,
    contract_id: String,
    told: Vec<(&'static str, Vec<u8>)>,
}

impl Trade {
    /// 2 kWh at 10 o'clock for a new user; the messages are those of the day after, and of a correction two hours later.
    async fn stand(world: &World, handle: &str) -> Self {
        world.clock.set(slot(0).start());
        let world = world.for_another(handle).await;
        let id = world.offered().await;
        let wish = ConfirmWish { transaction_id: id.clone() };
        buyer::confirm(&world.p, &world.user, wish, None).await.unwrap();
        world.drain().await;
        let contract_id = world.p.ids.uuid().to_string();
        let active = messages::on_confirm(&world.last(Action::Confirm).unwrap().contract(), &contract_id);
        assert_eq!(world.answer(Action::Confirm, &active).await, "ACK");
        assert_eq!(world.state(&id).await, State::Standing);
        let mut trade = Self { world, id, contract_id, told: Vec::new() };
        let done = |status: Column| (status, "COMPLETED".to_owned());
        let kwh = |column: Column, wh: i64| (column, WattHours::new(wh).to_kwh_text());
        trade.tell(
            SELLER,
            &active,
            &[kwh(Column::SellerDiscomAlloc, 1_800), done(Column::SellerDiscomStatus)],
        );
        trade.tell(LEDGER, &active, &[kwh(Column::BuyerDiscomAlloc, 1_500), done(Column::BuyerDiscomStatus)]);
        trade.tell(SELLER, &active, &[kwh(Column::FinalAlloc, 1_500)]);
        trade.tell(SELLER, &active, &[kwh(Column::FinalAlloc, 1_200)]);
        // The next noon in India, when everything is told.
        trade.world.clock.set(slot(12).start().saturating_add(Span::from_days(1)));
        trade
    }

    fn tell(&mut self, from: &'static str, active: &Contract, cells: &[(Column, String)]) {
        let mut told = active.clone();
        let series = told.series_mut().unwrap();
        let first = series.intervals[0].id;
        for (column, value) in cells {
            match column.is_energy() {
                true => series.set_energy(first, column, WattHours::from_kwh_text(value).unwrap()).unwrap(),
                false => series.set_text(first, column, value).unwrap(),
            }
        }
        let request = self.world.last(Action::Confirm).unwrap();
        let mut draft = self.world.draft(from, Action::OnStatus, &request, told.to_message());
        draft.message_id = self.world.p.ids.uuid().to_string();
        self.told.push((from, self.world.body(draft)));
    }

    /// Everything that follows from what is told from the `done`th message on, step by step. A message counts as done
    /// when it is acknowledged: then its sender does not send it again.
    async fn go_on(&self, world: &World, done: &Cell<usize>) {
        work_off(world).await;
        while let Some((from, body)) = self.told.get(done.get()) {
            assert_eq!(world.receive(from, body).await, "ACK");
            done.set(done.get() + 1);
            work_off(world).await;
        }
    }

    /// All that is stored of it, with its own names taken out.
    async fn dump(&self) -> Vec<String> {
        let contract = self.world.contract(&self.id).await.id.to_string();
        let (key, id) = (contract.clone(), self.id.clone());
        let read = self.world.p.db.read(move |tx| {
            let (key, id) = (key.clone(), id.clone());
            Box::pin(async move { tx.query(&DUMP, &params![key, id]).await })
        });
        let rows: Result<Vec<db::Row>, DbError> = read.await;
        let user = self.world.user.id.to_string();
        let names = [
            (&contract, "CONTRACT"),
            (&self.id, "TRANSACTION"),
            (&self.contract_id, "NAME"),
            (&user, "USER"),
        ];
        let plain =
            |line: String| names.iter().fold(line, |line, (name, word)| line.replace(name.as_str(), word));
        rows.unwrap().iter().map(|row| plain(row.get("line").unwrap())).collect()
    }
}

async fn work_off(world: &World) {
    world.drain().await;
    discom::check(&world.p).await.unwrap();
    world.drain().await;
}

/// Goes so many steps, and then drops the work with all that it had in memory, as `kill -9` does. True when the work
/// had ended before.
async fn cut_after(steps: usize, work: impl Future<Output = ()>) -> (bool, usize) {
    let (mut work, mut gone) = (pin!(work), 0);
    let ended = poll_fn(|cx| {
        if gone == steps {
            return Poll::Ready(false);
        }
        gone += 1;
        work.as_mut().poll(cx).map(|()| true)
    });
    (ended.await, gone)
}

async fn check_books(world: &World) {
    let (user, config) = (world.user.id, world.p.settings.trust);
    let read = world.p.db.read(move |tx| {
        Box::pin(async move {
            trust::rebuild(tx, &config, user).await.unwrap();
            settlement::audit(tx).await
        })
    });
    let audit = read.await.unwrap();
    assert!(audit.holds(), "{audit:?}");
}

/// The dump of a purchase that nothing disturbs, and in how many steps it is done.
async fn undisturbed(world: &World) -> (Vec<String>, usize) {
    let trade = Trade::stand(world, "undisturbed").await;
    let (ended, steps) = cut_after(usize::MAX, trade.go_on(&trade.world, &Cell::new(0))).await;
    assert!(ended);
    let dump = trade.dump().await;
    let count = |what: &str| dump.iter().filter(|line| line.starts_with(what)).count();
    assert_eq!(
        (count("settlement "), count("trust "), count("payment "), count("cell ")),
        (2, 2, 2, 6),
        "{dump:#?}"
    );
    assert_eq!(count("journal correction "), 2, "the user's account and the peer's: {dump:#?}");
    (dump, steps)
}

both_databases! {
    migrations = [(node::COMPONENT, node::MIGRATIONS), (wattmandi::COMPONENT, wattmandi::MIGRATIONS)];

    async fn cut_off_between_any_two_steps_it_ends_the_same(db: Db) {
        let world = World::new(db.clone()).await;
        let (expected, steps) = undisturbed(&world).await;
        let cuts = if db.dialect() == db::Dialect::Postgres { CUTS_ON_POSTGRES } else { CUTS };
        assert!(steps > cuts, "{steps} steps");
        let mut cut_off = 0;
        for cut in 0..cuts {
            let trade = Trade::stand(&world, &format!("cut-{cut}")).await;
            let done = Cell::new(0);
            let (ended, _) = cut_after(1 + cut * steps / cuts, trade.go_on(&trade.world, &done)).await;
            cut_off += usize::from(!ended);
            // Its leases have run out when the next process comes.
            world.clock.advance(Span::from_minutes(2));
            let next = trade.world.again(db.clone(), 100 + u64::try_from(cut).unwrap());
            trade.go_on(&next, &done).await;
            assert_eq!(trade.dump().await, expected, "cut off after {cut}/{cuts} of {steps} steps");
            check_books(&trade.world).await;
        }
        assert!(cut_off > cuts / 2, "{cut_off} of {cuts} were cut off");
    }

    async fn two_workers_apply_each_result_once(test: TestDb) {
        let world = World::new(test.db().clone()).await;
        let (expected, _) = undisturbed(&world).await;
        for round in 0..8 {
            let trade = Trade::stand(&world, &format!("shared-{round}")).await;
            // SQLite has one process; its two workers share the handle.
            let db = match test.is_postgres() {
                true => test.reconnect(&Options::default()).await,
                false => test.db().clone(),
            };
            let other = trade.world.again(db, 200 + round);
            for (from, body) in &trade.told {
                let both = futures_util::join!(trade.world.receive(from, body), other.receive(from, body));
                assert_eq!(both, ("ACK".to_owned(), "ACK".to_owned()), "a callback that comes twice is welcome");
                futures_util::join!(trade.world.drain(), other.drain());
                let workers = [&trade.world.p, &other.p, &trade.world.p, &other.p, &trade.world.p, &other.p];
                for checked in join_all(workers.map(discom::check)).await {
                    checked.unwrap();
                }
                futures_util::join!(work_off(&trade.world), work_off(&other));
            }
            assert_eq!(trade.dump().await, expected, "round {round}");
            check_books(&trade.world).await;
        }
        // Whoever nets, nets what both have booked, once.
        world.clock.advance(NETTED_EVERY);
        let net = |p: wattmandi::network::Participant| async move {
            let db = p.db.clone();
            let netted = db.write(move |tx| {
                let p = p.clone();
                Box::pin(async move { settlement::net_clearing(tx, &Stamp::of(&p)).await })
            });
            netted.await.unwrap()
        };
        let netted = futures_util::join!(net(world.p.clone()), net(world.p.clone()));
        let netted: Vec<_> = netted.0.into_iter().chain(netted.1).collect();
        assert_eq!(netted.len(), 1, "{netted:?}");
        // 1.2 kWh at 5 INR, nine times.
        assert_eq!(netted[0].amount, units::Paise::new(9 * 600));
        check_books(&world).await;
    }
}
