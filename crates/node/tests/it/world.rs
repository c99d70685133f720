//! A node with a tiny application, and strangers that sign.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use beckn_wire::action::Action;
use beckn_wire::code::ErrorCode;
use beckn_wire::json::{Json, Object};
use beckn_wire::signature::{Chain, KeyId, PublicKey, SignatureHeader, SigningKey, sign, verify_response};
use bytes::Bytes;
use clock::{Clock, Clocks, Ids, SeededEntropy, TestClock};
use db::{Db, params};
use futures_util::future::BoxFuture;
use node::{
    Admission, AllowList, Application, ClientConfig, Draft, Face, GuardedClient, Headers, Identity, InboxJob,
    Incoming, Node, NodeConfig, OutboxJob, Outcome, Outgoing, ProcessError, Refusal, Registry, Reply,
    StaticRegistry,
};
use units::{Span, Timestamp};

pub const NETWORK: &str = "example.org/test-network";
pub const BUYER: &str = "buyer.example";
pub const SELLER: &str = "seller.example";
pub const STRANGER: &str = "stranger.example";
pub const NOW: Timestamp = Timestamp::from_seconds(1_793_520_000);

/// A table of the test's own, to prove that effects happen in the same transaction and once.
pub const EFFECTS: &[db::Migration] = &[db::Migration {
    version: 1,
    name: "effects",
    sqlite: "CREATE TABLE effects (what TEXT NOT NULL) STRICT;",
    postgres: "CREATE TABLE effects (what TEXT NOT NULL);",
}];

db::sql! {
    pub ADD_EFFECT = "INSERT INTO effects (what) VALUES ($1)";
    EFFECT_LIST = "SELECT what FROM effects ORDER BY what";
    INBOX_STATES = "SELECT action, state, attempts, error_code FROM inbox ORDER BY seq";
    OUTBOX_STATES = "SELECT action, target, state, attempts FROM outbox ORDER BY seq";
}

/// The transaction of that short name: a UUID, as what we send must have one.
pub fn transaction(name: &str) -> String {
    let digits: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    if name.len() == 36 { name.to_owned() } else { format!("00000000-0000-4000-8000-{digits:0>12}") }
}

pub fn key(seed: u8, subscriber: &str) -> (KeyId, SigningKey) {
    (KeyId::new(subscriber, format!("k{seed}")).unwrap(), SigningKey::from_seed(&[seed; 32]))
}

/// How the application handles the next message, once each; then as usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// As if the process had died before the commit.
    Dies,
    Panics,
    Retries,
    Fails,
}

type Admit = dyn Fn(&Incoming) -> Result<Admission, Refusal> + Send + Sync;

/// Answers `select` with `on_select`, and notes everything.
pub struct Echo {
    node: OnceLock<Arc<Node>>,
    pub admit: Mutex<Box<Admit>>,
    pub admitted: Mutex<usize>,
    pub mishaps: Mutex<VecDeque<Mishap>>,
    pub conclusions_that_die: Mutex<usize>,
    pub processed: Mutex<Vec<InboxJob>>,
    pub outcomes: Mutex<Vec<(String, Outcome)>>,
}

impl Echo {
    fn node(&self) -> &Node {
        self.node.get().unwrap()
    }

    fn answer(&self, job: &InboxJob) -> Option<Outgoing> {
        let document = job.document().unwrap();
        let contract = document.get("message").unwrap().clone();
        let mut draft = Draft::new(
            job.action.callback()?,
            &job.receiver,
            NETWORK,
            &job.transaction_id,
            &job.message_id,
            contract,
        );
        let uri = document.at(&["context", "bapUri"]).and_then(Json::as_str).unwrap();
        draft = draft.to(&job.sender, uri);
        Some(Outgoing {
            sender: job.receiver.clone(),
            target: job.sender.clone(),
            face: Face::BapReceiver,
            action: draft.action,
            transaction_id: job.transaction_id.clone(),
            message_id: job.message_id.clone(),
            body: self.node().compose(&draft).unwrap(),
            answers: Some(job.id),
            purpose: "echo",
            reference: None,
            deadline: None,
        })
    }
}

impl Application for Echo {
    fn accepts(&self, face: Face, action: Action) -> bool {
        matches!(face, Face::BapReceiver | Face::BppReceiver) && action != Action::Rate
    }

    fn admit<'a>(&'a self, incoming: &'a Incoming) -> BoxFuture<'a, Result<Admission, Refusal>> {
        *self.admitted.lock().unwrap() += 1;
        let judged = (self.admit.lock().unwrap_or_else(PoisonError::into_inner))(incoming);
        Box::pin(std::future::ready(judged))
    }

    fn process<'a>(&'a self, job: &'a InboxJob) -> BoxFuture<'a, Result<(), ProcessError>> {
        Box::pin(async move {
            self.processed.lock().unwrap().push(job.clone());
            let mishap = self.mishaps.lock().unwrap().pop_front();
            match mishap {
                Some(Mishap::Dies) => return Ok(()),
                Some(Mishap::Panics) => panic!("a test panics"),
                Some(Mishap::Retries) => return Err(ProcessError::Retry("not now".to_owned())),
                Some(Mishap::Fails) => return Err(ProcessError::Fail(ErrorCode::BizGenericError)),
                None => {}
            }
            let job = Arc::new(job.clone());
            let answer = Arc::new(self.answer(&job));
            let (ids, now) = (self.node().ids().clone(), self.node().clocks().wire.now());
            self.node()
                .db()
                .write(move |tx| {
                    let (job, answer, ids) = (Arc::clone(&job), Arc::clone(&answer), ids.clone());
                    Box::pin(async move {
                        let what = format!("{} {}", job.action, job.message_id);
                        tx.execute(&ADD_EFFECT, &params![what]).await?;
                        if let Some(answer) = &*answer {
                            node::outbox::enqueue(tx, &ids, answer, now).await?;
                        }
                        node::inbox::complete(tx, &job, now).await?;
                        Ok::<_, ProcessError>(())
                    })
                })
                .await
        })
    }

    fn concluded<'a>(
        &'a self,
        job: &'a OutboxJob,
        outcome: &'a Outcome,
    ) -> BoxFuture<'a, Result<(), ProcessError>> {
        Box::pin(async move {
            {
                let mut die = self.conclusions_that_die.lock().unwrap();
                if *die > 0 {
                    *die -= 1;
                    return Err(ProcessError::Retry("died".to_owned()));
                }
            }
            node::outbox::conclude_alone(self.node().db(), job, outcome, self.node().clocks().wire.now())
                .await?;
            self.outcomes.lock().unwrap().push((job.action.to_string(), outcome.clone()));
            Ok(())
        })
    }
}

/// One node that is buyer and seller, a stranger with a key, and a clock that stands still.
pub struct World {
    pub node: Arc<Node>,
    pub app: Arc<Echo>,
    pub clock: TestClock,
    pub registry: Arc<StaticRegistry>,
    pub ids: Ids,
    db: Db,
}

pub struct Setup {
    pub change: fn(&mut NodeConfig),
    pub registry: Option<Arc<dyn Registry>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { change: |_| {}, registry: None }
    }
}

impl World {
    pub fn new(db: &Db) -> Self {
        Self::with(db, Setup::default())
    }

    /// Ids of its own, for a second process on the same database.
    pub fn seeded(db: &Db, seed: u64) -> Self {
        Self::build(db, Setup::default(), seed)
    }

    pub fn with(db: &Db, setup: Setup) -> Self {
        Self::build(db, setup, 7)
    }

    fn build(db: &Db, setup: Setup, seed: u64) -> Self {
        let clock = TestClock::at(NOW);
        let ids = Ids::new(Arc::new(clock.clone()), Arc::new(SeededEntropy::new(seed)));
        let registry = Arc::new(StaticRegistry::new());
        let mut identities = Vec::new();
        for (seed, id) in [(1, BUYER), (2, SELLER)] {
            let (key_id, signing_key) = key(seed, id);
            let base_url = format!("https://{id}");
            registry.add(&key_id, signing_key.public(), &base_url, &[NETWORK]);
            identities.push(Identity { subscriber_id: id.to_owned(), key_id, signing_key, base_url });
        }
        let (key_id, stranger) = key(3, STRANGER);
        registry.add(&key_id, stranger.public(), &format!("https://{STRANGER}/beckn"), &[NETWORK]);
        let first = identities.remove(0);
        let mut config = NodeConfig::new(first, &[NETWORK]);
        config.identities.append(&mut identities);
        (setup.change)(&mut config);
        let used: Arc<dyn Registry> =
            setup.registry.unwrap_or_else(|| Arc::clone(&registry) as Arc<dyn Registry>);
        let clocks = Clocks::both(clock.clone());
        let node = Node::new(config, db.clone(), clocks, ids.clone(), used, demo_client()).unwrap();
        let node = Arc::new(node);
        let app = Arc::new(Echo {
            node: OnceLock::new(),
            admit: Mutex::new(Box::new(|_| Ok(Admission::Queue))),
            admitted: Mutex::new(0),
            mishaps: Mutex::new(VecDeque::new()),
            conclusions_that_die: Mutex::new(0),
            processed: Mutex::new(Vec::new()),
            outcomes: Mutex::new(Vec::new()),
        });
        assert!(app.node.set(Arc::clone(&node)).is_ok());
        assert!(node.attach(Arc::clone(&app) as Arc<dyn Application>));
        Self { node, app, clock, registry, ids, db: db.clone() }
    }

    /// A node on the same database that has no application yet.
    pub fn twin_without_application(&self) -> Node {
        let (key_id, signing_key) = key(2, SELLER);
        let base_url = format!("https://{SELLER}");
        let identity = Identity { subscriber_id: SELLER.to_owned(), key_id, signing_key, base_url };
        let config = NodeConfig::new(identity, &[NETWORK]);
        let registry = Arc::clone(&self.registry) as Arc<dyn Registry>;
        let clocks = Clocks::both(self.clock.clone());
        Node::new(config, self.db.clone(), clocks, self.ids.clone(), registry, demo_client()).unwrap()
    }

    pub fn advance(&self, span: Span) {
        self.clock.advance(span);
    }

    pub fn admits(&self, judge: impl Fn(&Incoming) -> Result<Admission, Refusal> + Send + Sync + 'static) {
        *self.app.admit.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(judge);
    }

    /// A registered participant at that address.
    pub fn peer(&self, seed: u8, id: &str, url: &str) -> (KeyId, SigningKey) {
        let (key_id, signing_key) = key(seed, id);
        self.registry.add(&key_id, signing_key.public(), url, &[NETWORK]);
        (key_id, signing_key)
    }

    pub fn uuid(&self) -> String {
        self.ids.uuid().to_string()
    }

    pub async fn enqueue(&self, message: Outgoing) {
        let (ids, now, message) = (self.ids.clone(), self.clock.now(), Arc::new(message));
        self.db
            .write(move |tx| {
                let (ids, message) = (ids.clone(), Arc::clone(&message));
                Box::pin(async move { node::outbox::enqueue(tx, &ids, &message, now).await })
            })
            .await
            .unwrap();
    }

    /// A `select` of our buyer to `target`.
    pub fn select_to(&self, target: &str, name: &str) -> Outgoing {
        self.ask(Action::Select, target, name, contract())
    }

    /// A request of our buyer to `target`.
    pub fn ask(&self, action: Action, target: &str, name: &str, message: Json) -> Outgoing {
        let transaction_id = &transaction(name);
        let message_id = self.uuid();
        let draft = Draft::new(action, BUYER, NETWORK, transaction_id, &message_id, message);
        let body = self.node.compose(&draft.to(target, &format!("https://{target}/bpp/receiver"))).unwrap();
        Outgoing {
            sender: BUYER.to_owned(),
            target: target.to_owned(),
            face: Face::BppReceiver,
            action,
            transaction_id: transaction_id.to_owned(),
            message_id,
            body,
            answers: None,
            purpose: "test",
            reference: Some("order-1".to_owned()),
            deadline: None,
        }
    }

    pub async fn effects(&self) -> Vec<String> {
        self.rows(&EFFECT_LIST).await.iter().map(|row| row.get("what").unwrap()).collect()
    }

    /// `action state attempts`, in order of arrival.
    pub async fn inbox(&self) -> Vec<String> {
        let line = |row: &db::Row| {
            let text = |column| row.get::<String>(column).unwrap();
            let code = row.get::<Option<String>>("error_code").unwrap().unwrap_or_default();
            format!("{} {} {} {code}", text("action"), text("state"), row.get::<i64>("attempts").unwrap())
                .trim_end()
                .to_owned()
        };
        self.rows(&INBOX_STATES).await.iter().map(line).collect()
    }

    /// `action state attempts`, in order of enqueueing.
    pub async fn outbox(&self) -> Vec<String> {
        let line = |row: &db::Row| {
            let text = |column| row.get::<String>(column).unwrap();
            format!("{} {} {}", text("action"), text("state"), row.get::<i64>("attempts").unwrap())
        };
        self.rows(&OUTBOX_STATES).await.iter().map(line).collect()
    }

    async fn rows(&self, sql: &'static db::Sql) -> Vec<db::Row> {
        self.db.read(move |tx| Box::pin(async move { tx.query(sql, &[]).await })).await.unwrap()
    }

    pub fn outcomes(&self) -> Vec<(String, Outcome)> {
        self.app.outcomes.lock().unwrap().clone()
    }

    /// Receives a message on the path of its action, signed by the stranger now.
    pub async fn receive(&self, message: &Message) -> Reply {
        let (path, headers, body) = message.sealed(self.clock.now());
        self.node.receive(&path, &headers, body).await
    }
}

/// How long the client waits for an answer.
pub const PATIENCE: Duration = Duration::from_secs(2);

pub fn demo_client() -> GuardedClient {
    let config = ClientConfig {
        connect_timeout: Duration::from_secs(1),
        total_timeout: PATIENCE,
        allow: AllowList::loopback_for_demo(),
    };
    GuardedClient::new(&config).unwrap()
}

pub fn contract() -> Json {
    Json::parse_text(
        r#"{"contract":{"commitments":[{"id":"c1","status":{"descriptor":{"code":"DRAFT"}},
        "resources":[{"id":"r1","quantity":{"unitQuantity":12.50,"unitCode":"KWH"}}],
        "offer":{"id":"o1","resourceIds":["r1"]}}]}}"#,
    )
    .unwrap()
}

/// A message of the stranger to one of our sides, before it is signed.
#[derive(Clone)]
pub struct Message {
    pub action: Action,
    pub context: Object,
    pub message: Json,
    pub signer: (KeyId, SigningKey),
    /// Replaces the customary path.
    pub path: Option<String>,
    /// Seconds from now.
    pub created: i64,
    pub expires: i64,
    /// The `Authorization` of the answered request, and whether the whole of it is chained.
    pub chain: Option<(String, bool)>,
}

impl Message {
    /// From the stranger's buyer side to our seller, or from its seller side to our buyer.
    pub fn new(action: Action, transaction_id: &str, message_id: &str) -> Self {
        let stranger = format!("https://{STRANGER}/beckn");
        let (bap, bpp) = if action.is_callback() {
            ((BUYER, format!("https://{BUYER}/bap/receiver")), (STRANGER, format!("{stranger}/bpp/caller")))
        } else {
            (
                (STRANGER, format!("{stranger}/bap/receiver")),
                (SELLER, format!("https://{SELLER}/bpp/receiver")),
            )
        };
        let mut context = Object::new();
        context.set("version", "2.0.0");
        context.set("action", action.as_str());
        context.set("bapId", bap.0);
        context.set("bapUri", bap.1);
        context.set("bppId", bpp.0);
        context.set("bppUri", bpp.1);
        context.set("transactionId", transaction_id);
        context.set("messageId", message_id);
        context.set("networkId", NETWORK);
        context.set("timestamp", NOW.to_rfc3339());
        Self {
            action,
            context,
            message: contract(),
            signer: key(3, STRANGER),
            path: None,
            created: -1,
            expires: 300,
            chain: None,
        }
    }

    pub fn set(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.context.set(name, value);
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.context.remove(name).unwrap();
        self
    }

    pub fn body(&self) -> Vec<u8> {
        Json::object([("context", Json::Object(self.context.clone())), ("message", self.message.clone())])
            .to_bytes()
    }

    pub fn authorization(&self, body: &[u8], now: Timestamp) -> String {
        let now = now.seconds();
        let chain = match &self.chain {
            None => Chain::None,
            Some((header, true)) => Chain::WholeHeader(header),
            Some((header, false)) => Chain::Bare(beckn_wire::signature::signature_text(header).unwrap()),
        };
        sign(&self.signer.1, &self.signer.0, now + self.created, now + self.expires, body, chain)
    }

    pub fn sealed(&self, now: Timestamp) -> (String, Headers, Bytes) {
        let body = self.body();
        let side = if self.action.is_callback() { "bap" } else { "bpp" };
        let path = self.path.clone().unwrap_or_else(|| format!("/{side}/receiver/{}", self.action));
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("authorization", self.authorization(&body, now)),
        ];
        (path, headers.into_iter().collect(), Bytes::from(body))
    }
}

/// `(status, code)`, after checking that the answer is signed by one of ours and chained to the request.
pub fn verdict(reply: &Reply, authorization: Option<&str>, at: Timestamp) -> (u16, String) {
    let header = SignatureHeader::parse_response(reply.header("signature").unwrap()).unwrap();
    let public: PublicKey = match header.key_id.subscriber_id() {
        BUYER => key(1, BUYER).1.public(),
        SELLER => key(2, SELLER).1.public(),
        other => panic!("signed by {other}"),
    };
    let policy = beckn_wire::signature::VerifyPolicy::spec();
    let now = at.seconds();
    verify_response(reply.status, &header, &reply.body, &public, now, &policy, authorization).unwrap();
    let body = Json::parse(&reply.body).unwrap();
    let code = body.at(&["message", "error", "code"]).and_then(Json::as_str).unwrap_or("ACK");
    (reply.status, code.to_owned())
}
