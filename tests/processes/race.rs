//! A hundred buyers race for 10 kWh, 1 kWh each; also while a platform is killed or stopped and comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use clock::{Clock, SystemClock};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use units::WattHours;

use crate::audit;
use crate::client::{PATIENCE, Person, text};
use crate::network::{NORTH, Network, Platform, SOUTH, buyer_meter};

const BUYERS: usize = 100;
/// 10 kWh are offered, each buyer wants one.
const WINNERS: usize = 10;
/// A platform ends when so many contracts have come so far.
const ENDED_AFTER: usize = 2;
/// How many buyers confirm at the same time when a platform is to end in the midst of it.
const CAREFUL: usize = 2;

/// How the race ended for one buyer.
#[derive(Clone, Debug)]
enum Told {
    /// The transaction.
    Standing(Box<Value>),
    /// The code.
    Refused(String),
}

/// Starts the race, in which so many may confirm at the same time. Each buyer's outcome comes from the set.
async fn start(network: &Network, offer: &(String, String), confirming: usize) -> JoinSet<Told> {
    let confirming = Arc::new(Semaphore::new(confirming));
    let mut searches = JoinSet::new();
    for n in 0..BUYERS {
        let buyer = network.buyer(n);
        searches.spawn(async move { (n, buyer.discover().await) });
    }
    let searches = searches.join_all().await;
    let mut race = JoinSet::new();
    for (n, search) in searches {
        let (buyer, offer, slot) = (network.buyer(n), offer.clone(), network.slot.clone());
        let confirming = Arc::clone(&confirming);
        let wish = (buyer_meter(n), search, offer, slot);
        race.spawn(async move { run(&buyer, &wish, &confirming).await });
    }
    race
}

/// Meter, search, offer, slot.
type Wish = (String, String, (String, String), String);

async fn run(buyer: &Person, wish: &Wish, confirming: &Semaphore) -> Told {
    let (meter, search, offer, slot) = wish;
    let reply = buyer.init(search, meter, offer, &[(slot.as_str(), "1")]).await;
    if reply.status >= 400 {
        let (status, code) = reply.refusal();
        assert_eq!((status, code.as_str()), (409, "trade.quantity_unavailable"));
        return Told::Refused(code);
    }
    let offered = buyer.until(search, &["offered", "rejected"]).await;
    if offered["state"] == "rejected" {
        return Told::Refused(text(&offered["failure"], "code"));
    }
    let _turn = confirming.acquire().await.unwrap();
    buyer.confirm(search).await.ok();
    let end = buyer.until(search, &["standing", "rejected"]).await;
    match end["state"].as_str() {
        Some("standing") => Told::Standing(Box::new(end)),
        _ => Told::Refused(text(&end["failure"], "code")),
    }
}

/// Exactly the stock is sold, to the tenth part of the buyers; the others were told why; platforms and
/// ledgers agree.
async fn check(network: Network, offer: &(String, String), told: &[Told]) {
    assert_eq!(told.len(), BUYERS);
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    let mut standing = BTreeSet::new();
    for told in told {
        match told {
            Told::Standing(transaction) => {
                assert_eq!(transaction["totals"]["quantity_kwh"], "1");
                assert_eq!(transaction["totals"]["amount_inr"], "5.00");
                assert_eq!(transaction["ledger"], "recorded");
                standing.insert(text(transaction, "contract_id"));
            }
            Told::Refused(code) => *refused.entry(code).or_default() += 1,
        }
    }
    assert_eq!(standing.len(), WINNERS, "refused: {refused:?}");
    let known = ["BIZ_QUANTITY_UNAVAILABLE", "trade.quantity_unavailable"];
    assert!(refused.keys().all(|code| known.contains(code)), "{refused:?}");
    assert_eq!(network.seller().stock(&offer.1).await, ["10", "0", "10"]);
    network.settle().await;
    for ledger in [NORTH, SOUTH] {
        let records = network.records(ledger, None).await;
        let recorded: BTreeSet<String> = records.iter().map(|record| text(record, "contractId")).collect();
        assert_eq!((records.len(), &recorded), (WINNERS, &standing), "{ledger}: {records:?}");
        for record in &records {
            assert_eq!((&record["status"], &record["revision"]), (&"ACTIVE".into(), &1.into()), "{record}");
            assert_eq!(record["intervals"][0]["requested"], "1");
        }
    }
    let (seller, buyer) = network.close().await;
    let sold = seller.stock[&offer.1];
    assert_eq!((sold.sold, sold.reserved), (WattHours::new(10_000), WattHours::ZERO));
    for (book, side, state) in [(&seller, "seller", "active"), (&buyer, "buyer", "standing")] {
        let stand: Vec<_> = book.of(side).into_iter().filter(|contract| contract.state == state).collect();
        let ids: BTreeSet<String> =
            stand.iter().filter_map(|contract| contract.contract_id.clone()).collect();
        assert_eq!((stand.len(), &ids), (WINNERS, &standing), "{side}");
        assert!(stand.iter().all(|contract| contract.ledger == "recorded"), "{stand:?}");
        let others = book.of(side).into_iter().filter(|contract| contract.state != state);
        assert!(others.into_iter().all(|c| c.state == "rejected" && c.holds == "nothing"), "{side}");
    }
}

/// How a platform ends in the midst of the race.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// `kill -9`.
    Killed,
    /// Ctrl-C.
    Stopped,
}

/// Ends the platform as soon as some contracts of that side are in one of these states, and starts it again.
async fn restart(platform: &mut Platform, end: End, side: &str, states: &[&str]) {
    let db = platform.database().await;
    let deadline = SystemClock.now().saturating_add(PATIENCE);
    while audit::count(&db, side, states).await < ENDED_AFTER {
        assert!(SystemClock.now() < deadline, "the race does not come to {states:?}");
        node::pause(Duration::from_millis(1)).await;
    }
    if end == End::Killed {
        platform.process.kill();
        let reached = audit::count(&db, side, states).await;
        println!("killed with {reached} contracts {states:?}");
        assert!(reached < WINNERS, "it was killed too late");
    } else {
        assert_eq!(platform.process.interrupt().await.code(), Some(0), "{}", platform.process.log());
    }
    db.close().await;
    platform.process.spawn();
    platform.ready().await;
}

on_both_databases! {
    async fn exactly_the_stock_is_sold(databases: Databases) {
        let network = Network::start(&databases, BUYERS).await;
        let offer = network.list().await;
        let started = SystemClock.now();
        let race = start(&network, &offer, BUYERS).await;
        let told = race.join_all().await;
        println!("the race took {} ms", SystemClock.now().since(started).as_millis());
        check(network, &offer, &told).await;
    }

    async fn a_killed_seller_loses_and_doubles_nothing(databases: Databases) {
        let mut network = Network::start(&databases, BUYERS).await;
        let offer = network.list().await;
        let race = start(&network, &offer, CAREFUL).await;
        let (held, sold) = (["reserved", "recording", "active"], ["active"]);
        restart(&mut network.alpha, End::Killed, "seller", &held).await;
        restart(&mut network.alpha, End::Killed, "seller", &sold).await;
        let told = race.join_all().await;
        check(network, &offer, &told).await;
    }

    async fn a_killed_buyer_loses_and_doubles_nothing(databases: Databases) {
        let mut network = Network::start(&databases, BUYERS).await;
        let offer = network.list().await;
        let race = start(&network, &offer, CAREFUL).await;
        let (held, bought) = (["offered", "confirming", "recording", "standing"], ["standing"]);
        restart(&mut network.beta, End::Killed, "buyer", &held).await;
        restart(&mut network.beta, End::Killed, "buyer", &bought).await;
        let told = race.join_all().await;
        check(network, &offer, &told).await;
    }
    async fn what_is_stopped_goes_on_where_it_was(databases: Databases) {
        let mut network = Network::start(&databases, BUYERS).await;
        let offer = network.list().await;
        let race = start(&network, &offer, CAREFUL).await;
        restart(&mut network.alpha, End::Stopped, "seller", &["active"]).await;
        restart(&mut network.beta, End::Stopped, "buyer", &["standing"]).await;
        let told = race.join_all().await;
        check(network, &offer, &told).await;
    }
}
