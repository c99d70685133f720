//! What a platform's database says when all is done, and whether two platforms say the same.

use std::collections::{BTreeMap, BTreeSet};

use db::{Db, DbError, Row, Tx, sql};
use units::WattHours;

sql! {
    CONTRACTS = "SELECT side, transaction_id, contract_id, state, holds, ledger_state, failure_code, \
        cancelled_by, offer_id, buyer_meter, peer_id, c.id, \
        CAST(COALESCE((SELECT SUM(requested_wh) FROM contract_slots s \
        WHERE s.contract = c.id), 0) AS BIGINT) AS wh FROM contracts c ORDER BY c.id";
    STATES = "SELECT side, state FROM contracts";
    HISTORY = "SELECT state, cause FROM contract_history WHERE contract = $1 ORDER BY revision";
    STOCK = "SELECT offer_id, CAST(SUM(published_wh) AS BIGINT) AS published, \
        CAST(SUM(reserved_wh) AS BIGINT) AS reserved, CAST(SUM(sold_wh) AS BIGINT) AS sold \
        FROM offer_slots GROUP BY offer_id ORDER BY offer_id";
    LOADS = "SELECT meter_key, CAST(SUM(bought_wh) AS BIGINT) AS bought FROM load_slots GROUP BY meter_key";
    SENT = "SELECT id, target, action, transaction_id, message_id, state, answers, purpose, attempts, \
        outcome FROM outbox ORDER BY seq";
    RECEIVED = "SELECT id, sender, action, transaction_id, message_id, state, error_code FROM inbox \
        ORDER BY seq";
    PUBLISHING = "SELECT id FROM offers WHERE publish_state IN ('pending', 'sent')";
    EVENTS = "SELECT kind FROM events WHERE transaction_id = $1 ORDER BY seq";
}

/// Our side of a contract.
#[derive(Clone, Debug)]
pub struct Contract {
    pub side: String,
    pub transaction_id: String,
    pub contract_id: Option<String>,
    pub state: String,
    pub holds: String,
    pub ledger: String,
    pub failure: Option<String>,
    pub cancelled_by: Option<String>,
    pub offer_id: String,
    pub peer_id: String,
    pub buyer_meter: Option<String>,
    pub requested: WattHours,
    /// State and cause, oldest first.
    pub history: Vec<(String, String)>,
}

/// Stock of an offer over all its slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    pub published: WattHours,
    pub reserved: WattHours,
    pub sold: WattHours,
}

/// A row of the outbox.
#[derive(Clone, Debug)]
pub struct Sent {
    pub id: String,
    pub target: String,
    pub action: String,
    pub transaction_id: String,
    pub message_id: String,
    pub state: String,
    pub answers: Option<String>,
    pub purpose: String,
    pub attempts: i64,
    pub outcome: Option<String>,
}

/// A row of the inbox.
#[derive(Clone, Debug)]
pub struct Received {
    pub id: String,
    pub sender: String,
    pub action: String,
    pub transaction_id: String,
    pub message_id: String,
    pub state: String,
    pub error: Option<String>,
}

/// Everything that a platform has stored of its trades.
#[derive(Clone, Debug)]
pub struct Book {
    pub contracts: Vec<Contract>,
    pub stock: BTreeMap<String, Stock>,
    /// What each meter has bought.
    pub loads: BTreeMap<String, WattHours>,
    pub sent: Vec<Sent>,
    pub received: Vec<Received>,
    /// Offers whose newest revision is not in the catalog yet.
    pub publishing: Vec<String>,
}

/// How many contracts of a side are in one of these states.
pub async fn count(db: &Db, side: &str, states: &[&str]) -> usize {
    let book = db.read(|tx| Box::pin(async move { tx.query(&STATES, &[]).await }));
    let rows: Result<Vec<Row>, DbError> = book.await;
    let rows = rows.unwrap();
    let found = rows.iter().filter(|row| {
        let (of, state): (String, String) = (row.get("side").unwrap(), row.get("state").unwrap());
        of == side && states.contains(&state.as_str())
    });
    found.count()
}

/// Reads a platform's database.
pub async fn read(db: &Db) -> Book {
    db.read(|tx| Box::pin(book(tx))).await.unwrap()
}

/// The kinds of the events of a transaction, oldest first.
pub async fn events(db: &Db, transaction_id: &str) -> Vec<String> {
    let id = transaction_id.to_owned();
    let read = db.read(move |tx| {
        let id = id.clone();
        Box::pin(async move { tx.query(&EVENTS, &[id.as_str().into()]).await })
    });
    let rows: Result<Vec<Row>, DbError> = read.await;
    rows.unwrap().iter().map(|row| row.get("kind").unwrap()).collect()
}

async fn book(tx: &mut Tx) -> Result<Book, DbError> {
    let mut contracts = Vec::new();
    for row in tx.query(&CONTRACTS, &[]).await? {
        let history = tx.query(&HISTORY, &[row.get::<String>("id")?.into()]).await?;
        let history = history.iter().map(|line| Ok((line.get("state")?, line.get("cause")?)));
        contracts.push(Contract {
            side: row.get("side")?,
            transaction_id: row.get("transaction_id")?,
            contract_id: row.get("contract_id")?,
            state: row.get("state")?,
            holds: row.get("holds")?,
            ledger: row.get("ledger_state")?,
            failure: row.get("failure_code")?,
            cancelled_by: row.get("cancelled_by")?,
            offer_id: row.get("offer_id")?,
            peer_id: row.get("peer_id")?,
            buyer_meter: row.get("buyer_meter")?,
            requested: row.get("wh")?,
            history: history.collect::<Result<_, DbError>>()?,
        });
    }
    let stock = tx.query(&STOCK, &[]).await?;
    let loads = tx.query(&LOADS, &[]).await?;
    let publishing = tx.query(&PUBLISHING, &[]).await?;
    let (sent, received) = (tx.query(&SENT, &[]).await?, tx.query(&RECEIVED, &[]).await?);
    Ok(Book {
        contracts,
        stock: stock.iter().map(stock_of).collect::<Result<_, _>>()?,
        loads: loads
            .iter()
            .map(|row| Ok((row.get("meter_key")?, row.get("bought")?)))
            .collect::<Result<_, DbError>>()?,
        sent: sent.iter().map(sent_of).collect::<Result<_, _>>()?,
        received: received.iter().map(received_of).collect::<Result<_, _>>()?,
        publishing: publishing.iter().map(|row| row.get("id")).collect::<Result<_, _>>()?,
    })
}

fn stock_of(row: &Row) -> Result<(String, Stock), DbError> {
    let stock =
        Stock { published: row.get("published")?, reserved: row.get("reserved")?, sold: row.get("sold")? };
    Ok((row.get("offer_id")?, stock))
}

fn sent_of(row: &Row) -> Result<Sent, DbError> {
    Ok(Sent {
        id: row.get("id")?,
        target: row.get("target")?,
        action: row.get("action")?,
        transaction_id: row.get("transaction_id")?,
        message_id: row.get("message_id")?,
        state: row.get("state")?,
        answers: row.get("answers")?,
        purpose: row.get("purpose")?,
        attempts: row.get("attempts")?,
        outcome: row.get("outcome")?,
    })
}

fn received_of(row: &Row) -> Result<Received, DbError> {
    Ok(Received {
        id: row.get("id")?,
        sender: row.get("sender")?,
        action: row.get("action")?,
        transaction_id: row.get("transaction_id")?,
        message_id: row.get("message_id")?,
        state: row.get("state")?,
        error: row.get("error_code")?,
    })
}

/// One message between two platforms.
type Message<'b> = (&'b str, &'b str);

impl Book {
    /// What is still to be sent or to be worked off, in words; none when all is done.
    pub fn unfinished(&self) -> Option<String> {
        let sending = self.sent.iter().filter(|row| matches!(row.state.as_str(), "queued" | "sending"));
        let working = self.received.iter().filter(|row| matches!(row.state.as_str(), "queued" | "working"));
        let open = |state: &str| matches!(state, "draft" | "confirming" | "recording" | "cancelling");
        let open: Vec<_> = self.contracts.iter().filter(|contract| open(&contract.state)).collect();
        let (sending, working) = (sending.collect::<Vec<_>>(), working.collect::<Vec<_>>());
        let messages_done = sending.is_empty() && working.is_empty();
        let all_done = messages_done && open.is_empty() && self.publishing.is_empty();
        (!all_done).then(|| format!("{sending:?} {working:?} {open:?} {:?}", self.publishing))
    }

    pub fn of(&self, side: &str) -> Vec<&Contract> {
        self.contracts.iter().filter(|contract| contract.side == side).collect()
    }

    /// Our side of a transaction.
    pub fn contract(&self, side: &str, transaction_id: &str) -> &Contract {
        let mut found = self.of(side);
        found.retain(|contract| contract.transaction_id == transaction_id);
        assert_eq!(found.len(), 1, "{side} {transaction_id}: {:?}", self.contracts);
        found[0]
    }

    /// The states through which our side of a transaction went, each once in a row.
    pub fn path(&self, side: &str, transaction_id: &str) -> Vec<&str> {
        let history = &self.contract(side, transaction_id).history;
        let mut path: Vec<&str> = history.iter().map(|(state, _)| state.as_str()).collect();
        path.dedup();
        path
    }

    /// What was sent in a transaction: action, target, state.
    pub fn sent_in(&self, transaction_id: &str) -> Vec<(&str, &str, &str)> {
        let rows = self.sent.iter().filter(|row| row.transaction_id == transaction_id);
        rows.map(|row| (row.action.as_str(), row.target.as_str(), row.state.as_str())).collect()
    }

    /// What was received in a transaction: action, sender, state.
    pub fn received_in(&self, transaction_id: &str) -> Vec<(&str, &str, &str)> {
        let rows = self.received.iter().filter(|row| row.transaction_id == transaction_id);
        rows.map(|row| (row.action.as_str(), row.sender.as_str(), row.state.as_str())).collect()
    }

    /// Every message that was acknowledged has been worked off, every one of ours has come to a good or a
    /// refused end, and each request is answered by one callback at most.
    pub fn check_queues(&self) {
        for row in &self.received {
            assert_eq!(row.state, "done", "acknowledged without an effect: {row:?}");
        }
        for row in &self.sent {
            // A ledger that refused, or was silent until the gate, is told of the withdrawal.
            let withdrawn = row.purpose == "ledger.on_confirm"
                && self.sent.iter().any(|later| {
                    let same = later.transaction_id == row.transaction_id && later.target == row.target;
                    same && later.purpose == "ledger.on_cancel" && later.state == "delivered"
                });
            assert!(matches!(row.state.as_str(), "delivered" | "refused") || withdrawn, "{row:?}");
        }
        let mut answered: BTreeMap<&str, Vec<&Sent>> = BTreeMap::new();
        for row in &self.sent {
            if let Some(request) = &row.answers {
                answered.entry(request).or_default().push(row);
            }
        }
        let twice: Vec<_> = answered.values().filter(|rows| rows.len() > 1).collect();
        assert!(twice.is_empty(), "answered more than once: {twice:?}");
        for row in &self.received {
            let owed = matches!(row.action.as_str(), "select" | "init" | "confirm" | "cancel" | "update");
            assert!(!owed || answered.contains_key(row.id.as_str()), "never answered: {row:?}");
        }
    }

    /// What the offers count as reserved and sold is what the contracts hold, and what the meters count as
    /// bought is what the contracts still ask for.
    pub fn check_stock(&self) {
        let mut held: BTreeMap<&str, Stock> = BTreeMap::new();
        for contract in self.of("seller") {
            let stock = held.entry(&contract.offer_id).or_default();
            let target = match contract.holds.as_str() {
                "sale" => &mut stock.sold,
                "reservation" => &mut stock.reserved,
                _ => continue,
            };
            *target = target.checked_add(contract.requested).unwrap();
        }
        for (offer, stock) in &self.stock {
            let held = held.get(offer.as_str()).copied().unwrap_or_default();
            assert_eq!(
                (stock.sold, stock.reserved),
                (held.sold, held.reserved),
                "offer {offer}: {:#?}",
                self.contracts
            );
            let bound = stock.sold.checked_add(stock.reserved).unwrap();
            assert!(bound <= stock.published, "offer {offer}: {stock:?}");
        }
        let mut bought: BTreeMap<&str, WattHours> = BTreeMap::new();
        for contract in self.of("buyer") {
            let Some(meter) = contract.buyer_meter.as_deref().filter(|_| contract.holds != "nothing") else {
                continue;
            };
            let sum = bought.entry(meter).or_default();
            *sum = sum.checked_add(contract.requested).unwrap();
        }
        for (meter, load) in &self.loads {
            assert_eq!(*load, bought.get(meter.as_str()).copied().unwrap_or_default(), "load of {meter}");
        }
    }

    fn delivered_to(&self, peer: &str) -> BTreeSet<Message<'_>> {
        let rows = self.sent.iter().filter(|row| row.target == peer && row.state == "delivered");
        rows.map(|row| (row.action.as_str(), row.message_id.as_str())).collect()
    }

    fn received_from(&self, peer: &str) -> BTreeSet<Message<'_>> {
        let rows = self.received.iter().filter(|row| row.sender == peer);
        rows.map(|row| (row.action.as_str(), row.message_id.as_str())).collect()
    }
}

/// Two platforms agree: each message that one has delivered the other has received, and none besides; each
/// contract has the same id, the same energy and the same outcome on both sides.
pub fn check_agreement<'b>(seller: (&'b str, &'b Book), buyer: (&'b str, &'b Book)) {
    for ((one, book), (other, others)) in [(seller, buyer), (buyer, seller)] {
        let (sent, received) = (book.delivered_to(other), others.received_from(one));
        let differ: Vec<_> = sent.symmetric_difference(&received).collect();
        assert!(differ.is_empty(), "{one} to {other}: sent or received only: {differ:?}");
    }
    let with = |book: &'b Book, side, peer: &'b str| {
        book.of(side)
            .into_iter()
            .filter(move |contract| contract.peer_id == peer && contract.contract_id.is_some())
    };
    for contract in with(buyer.1, "buyer", seller.0) {
        let counterpart = seller.1.contract("seller", &contract.transaction_id);
        assert_eq!(contract.contract_id, counterpart.contract_id);
        assert_eq!(contract.requested, counterpart.requested, "{contract:?} {counterpart:?}");
        let states = (counterpart.state.as_str(), contract.state.as_str());
        assert!(
            matches!(states, ("active", "standing") | ("cancelled", "cancelled")),
            "{states:?} {contract:?}"
        );
    }
    for contract in with(seller.1, "seller", buyer.0).filter(|contract| contract.state == "active") {
        assert_eq!(buyer.1.contract("buyer", &contract.transaction_id).state, "standing");
    }
}
