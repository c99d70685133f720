//! `init` and `confirm` as the seller stores them, 32 buyers at once: grouped commits against one commit for each
//! transaction on SQLite at `synchronous=FULL`, and PostgreSQL when `WATTMANDI_TEST_POSTGRES` names one.
//!
//! `cargo bench --bench trade`. A trade is two durable transactions, with the statements of the seller's steps: the
//! stock is held, the contract stored, `on_init` put into the outbox; then the stock is sold, the contract stored over
//! its revision, the leg to the ledger put into the outbox. Rounds take turns on fresh databases, so that a busy disk
//! slows all of them, and the median of each counts. At the end of a round the stock must add up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]

use std::sync::Arc;

use clock::{Clock, Ids, SystemClock};
use db::{Db, DbError, Options, Sql, Tx};
use energy_rules::RuleSet;
use node::{Face, Outgoing, outbox};
use units::{DeliverySlot, Price, Span, Timestamp, WattHours};
use uuid::Uuid;

use wattmandi::config::TrustConfig;
use wattmandi::contract::{
    self, Contract, ContractSlot, Holds, LedgerState, Side, SlotQuantity, State, Step,
};
use wattmandi::identity::{self, NewUser};
use wattmandi::market::service::{self as market, Hold};
use wattmandi::market::{Bounds, MarketError, NewOffer, NewSlot};
use wattmandi::metering::{self, Meter};
use wattmandi::network::Action;
use wattmandi::trust::Capacity;

const BUYERS: usize = 32;
const TRADES_EACH: usize = 40;
const OFFERS: usize = 128;
const ROUNDS: usize = 5;
/// What one trade buys.
const QUANTITY: WattHours = WattHours::new(1_000);
const PRICE: Price = Price::new(62_500);
/// Bytes of the messages and of the stored contract, as the demo has them for one slot.
const ON_INIT: usize = 4_050;
const LEDGER_LEG: usize = 3_880;
const DOCUMENT: usize = 3_350;

/// The parts of a database that trades need.
struct World {
    db: Db,
    ids: Ids,
    user: Uuid,
    offers: Vec<Uuid>,
    slot: DeliverySlot,
    now: Timestamp,
}

impl World {
    async fn new(url: &str, group_max: usize, offers: usize) -> Self {
        let pool_max = u32::try_from(BUYERS).expect("few buyers");
        let db =
            Db::connect(url, &Options { group_max, pool_max, ..Options::default() }).await.expect("opens");
        let now = SystemClock.now();
        db.migrate(node::COMPONENT, node::MIGRATIONS, now).await.expect("migrates");
        db.migrate(wattmandi::COMPONENT, wattmandi::MIGRATIONS, now).await.expect("migrates");
        let rules = RuleSet::for_network(energy_rules::NETWORK_TEST, now).expect("a known network");
        let slot = energy_rules::open_slots(now, &rules).nth(1).expect("an open slot");
        let ids = Ids::system();
        let (user, maker) = (ids.uuid(), ids.clone());
        let offers = db
            .write(move |tx| {
                let (ids, rules) = (maker.clone(), rules.clone());
                Box::pin(async move {
                    let meter = seller(tx, &ids, user, now).await?;
                    let trust = TrustConfig::default();
                    let roof =
                        Capacity { production: Some(WattHours::MAX), verified: true, ..Capacity::default() };
                    wattmandi::trust::service::declare(tx, &trust, user, &roof, now).await?;
                    let bounds = Bounds { rules: &rules, trust: &trust };
                    let mut listed = Vec::with_capacity(offers);
                    for _ in 0..offers {
                        let offer =
                            market::list(tx, &meter, &offer(&ids, user, slot), bounds, now, now).await?;
                        listed.push(offer.id);
                    }
                    Ok::<_, MarketError>(listed)
                })
            })
            .await
            .expect("lists offers");
        Self { db, ids, user, offers, slot, now }
    }

    /// Held for a buyer, as `init` leaves it.
    fn reserved(&self, offer: Uuid) -> Contract {
        let closes = self.slot.start().saturating_sub(Span::from_hours(4));
        Contract {
            id: self.ids.uuid(),
            side: Side::Seller,
            transaction_id: self.ids.uuid().to_string(),
            contract_id: None,
            user_id: self.user,
            peer_id: "buyer.example".to_owned(),
            peer_uri: "https://buyer.example/bap/receiver".to_owned(),
            network_id: energy_rules::NETWORK_TEST.to_owned(),
            offer_id: offer.to_string(),
            seller_meter: "test_meter_seller".to_owned(),
            buyer_meter: Some(self.ids.uuid().to_string()),
            state: State::Reserved,
            revision: 1,
            document: vec![b'd'; DOCUMENT],
            gate_closes_at: closes,
            reserved_until: Some(self.now.saturating_add(Span::from_minutes(10))),
            holds: Holds::Reservation,
            ledger: LedgerState::None,
            awaiting: None,
            answers: None,
            preview_digest: None,
            cancelled_by: None,
            failure: None,
            confirmed_at: None,
            created_at: self.now,
            updated_at: self.now,
            slots: vec![ContractSlot { slot: self.slot, interval_id: 0, price: PRICE, requested: QUANTITY }],
        }
    }

    fn message(&self, contract: &Contract, action: Action, size: usize) -> Outgoing {
        let ledger = action == Action::OnConfirm;
        Outgoing {
            sender: "seller.example".to_owned(),
            target: if ledger { "ledger.example".to_owned() } else { contract.peer_id.clone() },
            face: Face::BapReceiver,
            action,
            transaction_id: contract.transaction_id.clone(),
            message_id: self.ids.uuid().to_string(),
            body: vec![b'm'; size],
            answers: None,
            purpose: if ledger { "ledger.on_confirm" } else { "message" },
            reference: Some(contract.id.to_string()),
            deadline: Some(contract.gate_closes_at),
        }
    }

    /// One buyer's `init`, then its `confirm`.
    async fn trade(&self, offer: Uuid) -> Result<(), MarketError> {
        let (ids, now) = (self.ids.clone(), self.now);
        let reserved = self.reserved(offer);
        let out = self.message(&reserved, Action::OnInit, ON_INIT);
        let plan = Arc::new((reserved.clone(), out, ids));
        let stored = self.db.write(move |tx| {
            let plan = Arc::clone(&plan);
            Box::pin(async move { init(tx, offer, &plan.0, &plan.1, &plan.2, now).await })
        });
        stored.await?;
        let mut sold = reserved;
        sold.step(Step::Record).expect("a reserved contract can be recorded");
        sold.contract_id = Some(self.ids.uuid().to_string());
        sold.holds = Holds::Sale;
        sold.reserved_until = None;
        sold.ledger = LedgerState::Pending;
        let leg = self.message(&sold, Action::OnConfirm, LEDGER_LEG);
        let plan = Arc::new((sold, leg, self.ids.clone()));
        let stored = self.db.write(move |tx| {
            let plan = Arc::clone(&plan);
            Box::pin(async move { confirm(tx, offer, &plan.0, &plan.1, &plan.2, now).await })
        });
        stored.await
    }

    /// Watt-hours that all offers have sold; nothing may be left reserved.
    async fn sold(&self) -> i64 {
        let mut sold = 0;
        for id in self.offers.clone() {
            let offer = self.db.read(move |tx| Box::pin(async move { market::find(tx, id).await }));
            for slot in offer.await.expect("the offer is there").slots {
                assert_eq!(slot.reserved, WattHours::ZERO);
                sold += slot.sold.get();
            }
        }
        sold
    }
}

async fn seller(tx: &mut Tx, ids: &Ids, user: Uuid, now: Timestamp) -> Result<Meter, DbError> {
    let new = NewUser {
        id: user,
        handle: "seller".to_owned(),
        display_name: "Seller".to_owned(),
        token: "a token".to_owned(),
        payout_name: "Seller".to_owned(),
        payout_vpa: "seller@upi".to_owned(),
    };
    identity::add(tx, &new, now).await?;
    let meter = Meter {
        id: ids.uuid(),
        user_id: user,
        meter_id: "TEST_METER_SELLER".to_owned(),
        meter_key: "test_meter_seller".to_owned(),
        discom_code: "TEST_DISCOM_NORTH".to_owned(),
        customer_number: "TEST_CUST_SELLER".to_owned(),
        resource_type: Some("SOLAR".to_owned()),
        installed_capacity_w: None,
        sanctioned_load_w: None,
        verified: true,
        place: None,
    };
    metering::add(tx, &meter, now).await
}

fn offer(ids: &Ids, user: Uuid, slot: DeliverySlot) -> NewOffer {
    let quantity = WattHours::new(QUANTITY.get() * 1_000_000);
    NewOffer {
        id: ids.uuid(),
        publish_transaction_id: ids.uuid(),
        user_id: user,
        name: "solar hours".to_owned(),
        slots: vec![NewSlot { slot, price: PRICE, quantity }],
    }
}

async fn init(
    tx: &mut Tx,
    offer: Uuid,
    contract: &Contract,
    out: &Outgoing,
    ids: &Ids,
    now: Timestamp,
) -> Result<(), MarketError> {
    let wanted: Vec<SlotQuantity> = contract.quantities();
    market::take(tx, offer, &wanted, Hold::Reservation, now).await?;
    contract::service::open_of_peer(tx, &contract.peer_id).await?;
    contract::service::open_of_meter(tx, contract.buyer_meter.as_deref().unwrap_or_default()).await?;
    assert!(contract::service::create(tx, contract, "init", Some(&out.message_id), now).await?);
    outbox::enqueue(tx, ids, out, now).await?;
    Ok(())
}

async fn confirm(
    tx: &mut Tx,
    offer: Uuid,
    contract: &Contract,
    leg: &Outgoing,
    ids: &Ids,
    now: Timestamp,
) -> Result<(), MarketError> {
    market::sell_reserved(tx, offer, &contract.quantities(), now).await?;
    let mut contract = contract.clone();
    contract::service::save(tx, &mut contract, "confirm", Some(&leg.message_id), now).await?;
    outbox::enqueue(tx, ids, leg, now).await?;
    Ok(())
}

/// What a round gave.
#[derive(Clone, Copy)]
struct Measured {
    /// Trades a second.
    rate: i64,
    /// Transactions in a commit, in hundredths; each has its own on PostgreSQL.
    group: i64,
}

async fn measure(url: &str, group_max: usize, offers: usize) -> Measured {
    let world = Arc::new(World::new(url, group_max, offers).await);
    let (before, begun) = (world.db.stats(), SystemClock.now());
    let buyers: Vec<_> = (0..BUYERS)
        .map(|buyer| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                for turn in 0..TRADES_EACH {
                    let offer = world.offers[(buyer * 37 + turn * 11) % world.offers.len()];
                    world.trade(offer).await.expect("the trade is stored");
                }
            })
        })
        .collect();
    for buyer in buyers {
        buyer.await.expect("the buyer ends well");
    }
    let took = SystemClock.now().since(begun).micros().max(1);
    let after = world.db.stats();
    let trades = i64::try_from(BUYERS * TRADES_EACH).expect("few trades");
    assert_eq!(world.sold().await, trades * QUANTITY.get(), "every trade is sold once");
    world.db.close().await;
    let commits = i64::try_from(after.commits - before.commits).expect("few commits").max(1);
    let transactions = i64::try_from(after.transactions - before.transactions).expect("few transactions");
    Measured { rate: trades * 1_000_000 / took, group: transactions * 100 / commits }
}

async fn on_sqlite(group_max: usize, offers: usize) -> Measured {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk");
    let url = format!("sqlite:{}", folder.path().join("trade.db").display());
    measure(&url, group_max, offers).await
}

/// In a schema of its own, which is dropped afterwards.
async fn on_postgres(server: &str, offers: usize) -> Measured {
    let schema = format!("bench_{}", Ids::system().uuid().simple());
    administer(server, format!("CREATE SCHEMA {schema}")).await;
    let join = if server.contains('?') { '&' } else { '?' };
    let measured = measure(&format!("{server}{join}options[search_path]={schema}"), 1, offers).await;
    administer(server, format!("DROP SCHEMA {schema} CASCADE")).await;
    measured
}

/// Statements are constants, so the text of this one is leaked.
async fn administer(server: &str, text: String) {
    let sql = Sql::new("bench::administer", Box::leak(text.into_boxed_str()));
    let db = Db::connect(server, &Options::default()).await.expect("PostgreSQL answers");
    db.write(move |tx| Box::pin(async move { tx.execute(&sql, &[]).await })).await.expect("a schema");
    db.close().await;
}

db::sql! {
    FSYNC = "SELECT current_setting('fsync') AS fsync";
}

async fn fsync_of(server: &str) -> String {
    let db = Db::connect(server, &Options::default()).await.expect("PostgreSQL answers");
    let row = db.read(|tx| Box::pin(async move { tx.query_one(&FSYNC, &[]).await }));
    let setting = row.await.and_then(|row| row.get("fsync")).expect("a setting");
    db.close().await;
    setting
}

/// Microseconds that the disk takes to make 4 KiB durable.
fn disk() -> i64 {
    use std::io::Write as _;
    let mut file = tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR")).expect("a file on the disk");
    let mut times: Vec<i64> = (0..101)
        .map(|_| {
            let begun = SystemClock.now();
            file.write_all(&[0; 4096]).expect("writes");
            file.sync_data().expect("syncs");
            SystemClock.now().since(begun).micros()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn median(rounds: &[Measured], part: impl Fn(&Measured) -> i64) -> i64 {
    let mut parts: Vec<i64> = rounds.iter().map(part).collect();
    parts.sort_unstable();
    parts[parts.len() / 2]
}

fn hundredths(number: i64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

async fn compare(name: &str, offers: usize, postgres: Option<&str>) {
    let (mut grouped, mut single, mut server) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        grouped.push(on_sqlite(Options::default().group_max, offers).await);
        single.push(on_sqlite(1, offers).await);
        if let Some(url) = postgres {
            server.push(on_postgres(url, offers).await);
        }
    }
    let (many, one) = (median(&grouped, |m| m.rate), median(&single, |m| m.rate));
    println!("{name}");
    println!(
        "  SQLite, grouped commits      {many:>6} trades/s, {} transactions to a commit",
        hundredths(median(&grouped, |m| m.group))
    );
    println!("  SQLite, one commit each      {one:>6} trades/s");
    if !server.is_empty() {
        println!("  PostgreSQL                   {:>6} trades/s", median(&server, |m| m.rate));
    }
    println!(
        "  ratio                        {:>6} (at least 3.00 is asked for)",
        hundredths(many * 100 / one.max(1))
    );
}

#[tokio::main]
async fn main() {
    let postgres = std::env::var("WATTMANDI_TEST_POSTGRES").ok();
    let postgres = postgres.as_deref();
    println!("init + confirm, {BUYERS} buyers, {} trades a round, {ROUNDS} rounds", BUYERS * TRADES_EACH);
    println!("the disk makes 4 KiB durable in {} µs", disk());
    match postgres {
        Some(url) => println!("PostgreSQL has fsync {}", fsync_of(url).await),
        None => println!("PostgreSQL is left out: WATTMANDI_TEST_POSTGRES is not set"),
    }
    compare(&format!("{OFFERS} offers"), OFFERS, postgres).await;
    compare("one offer", 1, postgres).await;
}
