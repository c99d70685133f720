//! The network of the tests: platforms alpha and beta, DISCOMs north and south, six people, and a clock.

use std::collections::BTreeSet;
use std::sync::Arc;

use clock::{Clock, Clocks, SystemClock, TestClock};
use serde_json::{Value, json};
use units::{Span, Timestamp};
pub use wattmandi::cli::local::{ALPHA, BETA, NORTH, SOUTH};
use wattmandi::cli::local::{LocalNetwork, LocalOptions};
use wattmandi::config::TradeConfig;
use wattmandi::identity::{self, NewUser};
use wattmandi::network::Participant;

use crate::audit::{self, Book};
use crate::client::{Api, Person, eventually};
use crate::databases::Databases;
use crate::events;

pub const CATALOG: &str = cds_mock::SUBSCRIBER_ID;
pub const NORTH_LEDGER: &str = "north.ledger.example";
pub const SOUTH_LEDGER: &str = "south.ledger.example";

/// The market's time when a test begins: 10:00 in India.
const START: &str = "2026-11-21T10:00:00+05:30";
/// Two hours that are open then. The gate of the first closes at 14:00 in India, four hours after the start.
pub const FIRST: &str = "2026-11-21T12:30:00.000Z";
pub const SECOND: &str = "2026-11-21T13:30:00.000Z";
pub const TO_THE_GATE: Span = Span::from_hours(4);

db::sql! {
    SENT = "SELECT id FROM outbox WHERE action = $1 AND (transaction_id = $2 OR $2 = '') ORDER BY seq DESC LIMIT 1";
    RECEIVED = "SELECT id FROM inbox WHERE message_id = $1";
    DOCUMENT = "SELECT document FROM contracts WHERE side = 'seller' AND transaction_id = $1";
    CLAIMS = "SELECT outcome, COUNT(*) AS n FROM meter_claims GROUP BY outcome ORDER BY outcome";
    SUBSCRIPTIONS = "SELECT COUNT(*) AS n FROM catalog_subscriptions";
    SUBSCRIPTION = "SELECT subscription_id, caught_up_at IS NOT NULL AS caught_up FROM catalog_subscriptions";
}

/// The network at work.
pub struct World {
    network: LocalNetwork,
    pub market: TestClock,
    options: Kept,
    pub discoms: Api,
}

/// What it takes to start it again.
struct Kept {
    databases: Databases,
    trade: TradeConfig,
    rate: i64,
    ports: [u16; 6],
}

/// The market's clock: it moves when a test moves it, and says of itself that it runs at a rate. From that
/// the platforms reckon when a gate closes on the wire's clock, which no test moves.
#[derive(Clone)]
struct Market {
    hand: TestClock,
    rate: i64,
}

impl Clock for Market {
    fn now(&self) -> Timestamp {
        self.hand.now()
    }

    fn rate(&self) -> i64 {
        self.rate
    }
}

impl World {
    pub async fn start(databases: Databases) -> Self {
        Self::with(databases, TradeConfig::default()).await
    }

    pub async fn with(databases: Databases, trade: TradeConfig) -> Self {
        Self::begin(Kept { databases, trade, rate: 1, ports: [0; 6] }).await
    }

    /// A network whose first gate closes after seven real seconds, as far as messages are concerned.
    pub async fn hurried(databases: Databases) -> Self {
        Self::begin(Kept { databases, trade: TradeConfig::default(), rate: 2_000, ports: [0; 6] }).await
    }

    async fn begin(kept: Kept) -> Self {
        Self::run(kept, TestClock::at(Timestamp::parse_rfc3339(START).unwrap())).await
    }

    async fn run(options: Kept, market: TestClock) -> Self {
        let shown = Market { hand: market.clone(), rate: options.rate };
        let clocks = Clocks { wire: Arc::new(SystemClock), market: Arc::new(shown) };
        let mut local = LocalOptions::in_folder(options.databases.folder(), clocks);
        local.databases = options.databases.urls();
        local.trade = options.trade.clone();
        local.ports = options.ports;
        let network = LocalNetwork::start(local).await.unwrap();
        let discoms = Api::new(&network.discoms.base_url);
        Self { network, market, options, discoms }
    }

    /// Stops everything and starts it again on the same databases, at the same addresses.
    pub async fn restart(self) -> Self {
        self.restart_after(false).await
    }

    /// [`World::restart`], with a catalog service that has lost everything.
    pub async fn restart_with_an_empty_catalog(self) -> Self {
        self.restart_after(true).await
    }

    async fn restart_after(self, empty: bool) -> Self {
        let [alpha, beta] = [0, 1].map(|n| &self.network.platforms[n]);
        let ports = [
            self.network.catalog.address.port(),
            self.network.discoms.address.port(),
            alpha.address.port(),
            beta.address.port(),
            alpha.ops_address.unwrap().port(),
            beta.ops_address.unwrap().port(),
        ];
        self.network.stop().await;
        if empty {
            self.options.databases.empty("catalog").await;
        }
        Self::run(Kept { ports, ..self.options }, self.market).await
    }

    /// A person of the demo: asha, bilal, chitra on alpha; dev, esha, farid on beta.
    pub fn person(&self, handle: &str) -> Person {
        let platform = usize::from(!["asha", "bilal", "chitra"].contains(&handle));
        let api = Api::new(format!("http://{}", self.network.platforms[platform].address));
        api.person(&format!("demo-token-of-{handle}"))
    }

    /// Somebody new on alpha (0) or beta (1), without a meter.
    pub async fn stranger(&self, platform: usize, handle: &'static str) -> Person {
        let (platform, token) =
            (&self.network.platforms[platform], format!("token-of-the-stranger-{handle}"));
        let new = NewUser {
            id: platform.participant.ids.uuid(),
            handle: handle.into(),
            display_name: handle.into(),
            token: token.clone(),
            payout_name: handle.into(),
            payout_vpa: format!("{handle}@upi"),
        };
        let now = platform.participant.now();
        let added = platform.participant.db.write(move |tx| {
            let new = new.clone();
            Box::pin(async move { identity::add(tx, &new, now).await })
        });
        added.await.unwrap();
        Api::new(format!("http://{}", platform.address)).person(&token)
    }

    /// How the tries to claim a meter on alpha ended, and how many did.
    pub async fn claims(&self) -> Vec<(String, i64)> {
        let db = &self.network.platforms[0].participant.db;
        let rows = db.read(|tx| Box::pin(async move { tx.query(&CLAIMS, &[]).await }));
        let rows: Result<Vec<db::Row>, db::DbError> = rows.await;
        rows.unwrap().iter().map(|row| (row.get("outcome").unwrap(), row.get("n").unwrap())).collect()
    }

    /// What alpha and beta have stored.
    pub async fn books(&self) -> (Book, Book) {
        let [alpha, beta] = [0, 1].map(|n| &self.network.platforms[n].participant.db);
        (audit::read(alpha).await, audit::read(beta).await)
    }

    /// The kinds of the events of a transaction on alpha (0) or beta (1).
    pub async fn events(&self, platform: usize, transaction: &str) -> Vec<String> {
        audit::events(&self.network.platforms[platform].participant.db, transaction).await
    }

    /// The kinds of all events of alpha and of beta, each of them valid against its schema.
    pub async fn kinds(&self) -> [BTreeSet<String>; 2] {
        let [alpha, beta] = [0, 1].map(|n| &self.network.platforms[n].participant.db);
        [events::validated(alpha).await, events::validated(beta).await]
    }

    /// The subscriptions that alpha (0) or beta (1) knows of itself.
    pub async fn subscriptions(&self, platform: usize) -> i64 {
        let db = &self.network.platforms[platform].participant.db;
        let count = db.read(|tx| Box::pin(async move { tx.query_one(&SUBSCRIPTIONS, &[]).await?.get("n") }));
        let count: Result<i64, db::DbError> = count.await;
        count.unwrap()
    }

    /// The id of the subscription of alpha (0) or beta (1), and whether what was missed has been caught up with.
    pub async fn subscription(&self, platform: usize) -> (String, bool) {
        let db = &self.network.platforms[platform].participant.db;
        let row = db.read(|tx| Box::pin(async move { tx.query_one(&SUBSCRIPTION, &[]).await }));
        let row: Result<db::Row, db::DbError> = row.await;
        let row = row.unwrap();
        (row.get("subscription_id").unwrap(), row.get("caught_up").unwrap())
    }

    /// The last message of that action that alpha (0) or beta (1) sent in a transaction, its body.
    pub async fn sent(&self, platform: usize, transaction: &str, action: &str) -> Vec<u8> {
        let db = &self.network.platforms[platform].participant.db;
        let (action, transaction) = (action.to_owned(), transaction.to_owned());
        let read = db.read(move |tx| {
            let params = [action.clone().into(), transaction.clone().into()];
            Box::pin(async move { tx.query_one(&SENT, &params).await?.get("id") })
        });
        let id: Result<uuid::Uuid, db::DbError> = read.await;
        node::outbox::load(db, id.unwrap()).await.unwrap().body.to_vec()
    }

    /// What alpha (0) or beta (1) was answered under a message id, as text.
    pub async fn received(&self, platform: usize, message_id: &str) -> Option<String> {
        let db = &self.network.platforms[platform].participant.db;
        let id = message_id.to_owned();
        let read = db.read(move |tx| {
            let id = id.clone();
            Box::pin(async move {
                let row = tx.query_opt(&RECEIVED, &[id.into()]).await?;
                row.map(|row| row.get::<uuid::Uuid>("id")).transpose()
            })
        });
        let id: Result<Option<uuid::Uuid>, db::DbError> = read.await;
        let message = node::inbox::load(db, id.unwrap()?).await.unwrap();
        Some(String::from_utf8(message.body).unwrap())
    }

    /// The seller's copy of a contract on alpha (0) or beta (1).
    pub async fn document(&self, platform: usize, transaction: &str) -> Vec<u8> {
        let db = &self.network.platforms[platform].participant.db;
        let transaction = transaction.to_owned();
        let read = db.read(move |tx| {
            let params = [transaction.clone().into()];
            Box::pin(async move { tx.query_one(&DOCUMENT, &params).await?.get("document") })
        });
        let body: Result<Vec<u8>, db::DbError> = read.await;
        body.unwrap()
    }

    /// As [`World::sent`], of any transaction.
    pub async fn sent_of(&self, platform: usize, action: &str) -> Vec<u8> {
        self.sent(platform, "", action).await
    }

    /// The network itself.
    pub fn network(&self) -> &LocalNetwork {
        &self.network
    }

    /// Alpha (0) or beta (1) at work.
    pub fn participant(&self, platform: usize) -> &Participant {
        &self.network.platforms[platform].participant
    }

    /// Where alpha (0) or beta (1) is.
    pub fn base(&self, platform: usize) -> String {
        format!("http://{}", self.network.platforms[platform].address)
    }

    /// Where the catalog service is.
    pub fn catalog(&self) -> String {
        format!("http://{}", self.network.catalog.address)
    }

    /// The end, however it stands.
    pub async fn stop(self) {
        self.network.stop().await;
    }

    /// The records of a ledger for one transaction.
    pub async fn records(&self, ledger: &str, transaction: &str) -> Vec<Value> {
        let path = format!("/ledgers/{ledger}/records?transaction_id={transaction}");
        self.discoms.document(&path).await["records"].as_array().unwrap().clone()
    }

    /// The one record of a ledger for one transaction.
    pub async fn record(&self, ledger: &str, transaction: &str) -> Value {
        let records = self.records(ledger, transaction).await;
        assert_eq!(records.len(), 1, "{records:?}");
        records[0].clone()
    }

    pub async fn ledger_behaves(&self, ledger: &str, behavior: &str) {
        let path = format!("/admin/ledgers/{ledger}/behavior");
        self.discoms.put(&path, &json!({"behavior": behavior})).await.ok();
    }

    /// Lets everything come to its end, and checks each platform and both together: what alpha and beta have
    /// stored. The sellers are on alpha.
    pub async fn settled(&self) -> (Book, Book) {
        eventually("an end of all work", || async {
            let (alpha, beta) = self.books().await;
            alpha.unfinished().or(beta.unfinished()).map_or(Ok(()), Err)
        })
        .await;
        let (alpha, beta) = self.books().await;
        for book in [&alpha, &beta] {
            book.check_queues();
            book.check_stock();
        }
        audit::check_agreement((ALPHA, &alpha), (BETA, &beta));
        self.kinds().await;
        (alpha, beta)
    }

    /// [`World::settled`], and then the end of the network.
    pub async fn close(self) -> (Book, Book) {
        let books = self.settled().await;
        self.network.stop().await;
        books
    }
}

/// The meter of a person of the demo.
pub fn meter(handle: &str) -> String {
    format!("TEST_METER_{}", handle.to_uppercase())
}

/// Asha of alpha (DISCOM north) lists 5 kWh of the first hour at 6.50 and 4 kWh of the second at 7 INR.
pub async fn ashas_offer(world: &World) -> (String, String) {
    let hours = [(FIRST, "5", "6.5"), (SECOND, "4", "7")];
    (ALPHA.to_owned(), world.person("asha").list(&meter("asha"), &hours).await)
}

/// Farid of beta (DISCOM south) has bought 2 kWh of the first hour: offer and transaction.
pub async fn farid_has_bought(world: &World) -> ((String, String), String) {
    let offer = ashas_offer(world).await;
    let trade = world.person("farid").buy(&meter("farid"), &offer, &[(FIRST, "2")]).await;
    (offer, crate::client::text(&trade, "transaction_id"))
}

/// Farid's terms are named, nothing is confirmed: offer and transaction.
pub async fn farid_is_offered(world: &World, kwh: &str) -> ((String, String), String) {
    let (farid, offer) = (world.person("farid"), ashas_offer(world).await);
    let search = farid.discover().await;
    farid.init(&search, &meter("farid"), &offer, &[(FIRST, kwh)]).await.ok();
    farid.until(&search, &["offered"]).await;
    (offer, search)
}
