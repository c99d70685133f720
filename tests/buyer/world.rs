//! A buyer's platform in a network that the test plays: one node holds all identities and hands messages over without
//! a socket, signed and verified like any other. What reaches the seller, the ledger or the catalog service is kept;
//! what they answer is said by the test.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use beckn_wire::action::Action;
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::{
    Catalog, Catalogs, Contract, DegContract, DiscomLedgerProvider, EnergyCustomer, EnergyResource,
    EnergyTradeOffer, Offer, Participant as Party, Policy as WirePolicy, Provider, Resource,
    ResourceAttributes, SettlementTerm, SlotTerms, TimeSeries, Validity, Writer, messages, schema,
};
use beckn_wire::json::{Json, Object};
use beckn_wire::signature::{Chain, KeyId, SigningKey, sign};
use bytes::Bytes;
use clock::{Clocks, Ids, SeededEntropy, TestClock};
use db::{Db, params};
use energy_rules::RuleSet;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use node::{
    Admission, Application, ClientConfig, Draft, Face, GuardedClient, Headers, Identity, InboxJob, Incoming,
    Node, NodeConfig, OutboxJob, Outcome, ProcessError, Refusal, StaticRegistry, inbox, outbox,
};
use units::{DeliverySlot, Paise, Price, Span, Timestamp, WattHours};
use uuid::Uuid;
use wattmandi::buyer::{self, Accepted, ConfirmWish, DiscoverWish, InitWish, SelectWish, SlotWish};
use wattmandi::contract::{self, Contract as Stored, Side, State};
use wattmandi::discom;
use wattmandi::events::{self, Event};
use wattmandi::identity::{self, NewUser, User};
use wattmandi::metering::{self, Meter};
use wattmandi::network::{Discom, Participant, Policies, Policy, Settings};

pub const BUYER: &str = "buyer.example";
pub const SELLER: &str = "seller.example";
pub const STRANGER: &str = "stranger.example";
pub const LEDGER: &str = "buyer-ledger.example";
pub const CATALOG: &str = "cds.example";
pub const METER: &str = "TEST_METER_BUYER";
pub const CONTRACT_ID: &str = "0195e0a0-7000-7000-8000-000000000001";
const NETWORK: &str = energy_rules::NETWORK_TEST;
const POLICY_URL: &str = "https://policy.example/rules";

db::sql! {
    BOUGHT = "SELECT CAST(COALESCE(SUM(bought_wh), 0) AS BIGINT) AS n FROM load_slots";
}

/// The buyer's flows for messages to the buyer, a record of everything else.
struct Stage {
    participant: OnceLock<Participant>,
    kept: Mutex<Vec<InboxJob>>,
    refusals: Mutex<BTreeMap<(String, Action), Vec<Refusal>>>,
}

impl Stage {
    fn participant(&self) -> &Participant {
        self.participant.get().unwrap()
    }
}

fn is_callback_to(receiver: &str, action: Action) -> bool {
    receiver == BUYER && action.is_callback()
}

impl Application for Stage {
    fn accepts(&self, _: Face, _: Action) -> bool {
        true
    }

    fn admit<'a>(&'a self, incoming: &'a Incoming) -> BoxFuture<'a, Result<Admission, Refusal>> {
        async move {
            let action = incoming.envelope.context.action;
            if incoming.receiver == BUYER && action == Action::OnStatus {
                return discom::admit(self.participant(), incoming).await;
            }
            if is_callback_to(&incoming.receiver, action) {
                return buyer::admit(self.participant(), incoming).await;
            }
            let mut refusals = self.refusals.lock().unwrap();
            let key = (incoming.receiver.clone(), action);
            match refusals.get_mut(&key).filter(|queue| !queue.is_empty()).map(|queue| queue.remove(0)) {
                Some(refusal) => Err(refusal),
                None => Ok(Admission::Queue),
            }
        }
        .boxed()
    }

    fn process<'a>(&'a self, job: &'a InboxJob) -> BoxFuture<'a, Result<(), ProcessError>> {
        async move {
            let p = self.participant();
            if job.receiver == BUYER && job.action == Action::OnStatus {
                return discom::process(p, job).await;
            }
            if is_callback_to(&job.receiver, job.action) {
                return buyer::process(p, job).await;
            }
            self.kept.lock().unwrap().push(job.clone());
            let (job, now) = (Arc::new(job.clone()), p.now());
            let done = p.db.write(move |tx| {
                let job = Arc::clone(&job);
                Box::pin(async move { inbox::complete(tx, &job, now).await })
            });
            Ok(done.await?)
        }
        .boxed()
    }

    fn concluded<'a>(
        &'a self,
        job: &'a OutboxJob,
        outcome: &'a Outcome,
    ) -> BoxFuture<'a, Result<(), ProcessError>> {
        async move {
            let p = self.participant();
            if job.sender == BUYER && [discom::CASCADE, discom::QUESTION].contains(&job.purpose.as_str()) {
                return discom::concluded(p, job, outcome).await;
            }
            if job.sender == BUYER {
                return buyer::concluded(p, job, outcome).await;
            }
            Ok(outbox::conclude_alone(&p.db, job, outcome, p.now()).await?)
        }
        .boxed()
    }
}

pub struct World {
    pub p: Participant,
    pub clock: TestClock,
    pub user: User,
    meter: String,
    stage: Arc<Stage>,
}

/// A message as it came to one of the others.
pub struct Sent {
    pub document: Json,
    pub message_id: String,
    pub transaction_id: String,
}

impl Sent {
    pub fn contract(&self) -> Contract {
        Contract::of_message(self.document.get("message").unwrap()).unwrap()
    }

    pub fn context(&self, member: &str) -> Option<&Json> {
        self.document.get("context")?.get(member)
    }
}

/// The slot of that hour in India on 2026-11-21; the world starts at its midnight.
pub fn slot(hour: u8) -> DeliverySlot {
    let midnight = Timestamp::parse_rfc3339("2026-11-21T00:00:00+05:30").unwrap();
    DeliverySlot::starting_at(midnight.saturating_add(Span::from_hours(i64::from(hour)))).unwrap()
}

pub fn wishes(all: &[(u8, i64)]) -> Vec<SlotWish> {
    all.iter().map(|(hour, wh)| SlotWish { slot: slot(*hour), quantity: WattHours::new(*wh) }).collect()
}

fn key(name: &str) -> (KeyId, SigningKey) {
    let mut seed = [7_u8; 32];
    for (byte, letter) in seed.iter_mut().zip(name.bytes()) {
        *byte = letter;
    }
    (KeyId::new(name, "k1").unwrap(), SigningKey::from_seed(&seed))
}

fn base(name: &str) -> String {
    format!("https://{name}")
}

fn settings() -> Settings {
    let discom = |code: &str, ledger: &str| Discom {
        code: code.into(),
        discom_id: format!("{}.example", code.to_lowercase()),
        discom_uri: "https://discom.example".into(),
        ledger_id: ledger.into(),
        ledger_uri: base(ledger),
    };
    Settings {
        subscriber_id: BUYER.into(),
        base_url: base(BUYER),
        network_id: NETWORK.into(),
        catalog_service_id: CATALOG.into(),
        policy: Policy { url: POLICY_URL.into(), query_path: schema::POLICY_QUERY.into() },
        discoms: vec![
            discom("TEST_DISCOM_BUYER", LEDGER),
            discom("TEST_DISCOM_SELLER", "seller-ledger.example"),
        ],
        rules: RuleSet::ies_test(),
        reservation_ttl: Span::from_minutes(10),
        cancel_window: Span::from_minutes(30),
        check_interval: Span::from_secs(60),
        subscription_interval: Span::from_secs(60),
        dispute_period: Span::from_days(90),
        open_per_meter_max: 20,
        open_per_peer_max: 1_000,
        trust: wattmandi::config::TrustConfig::default(),
        credit_limit: Paise::new(10_000_000),
        choice: wattmandi::network::ChoiceConfig::default(),
    }
}

/// 10 and 11 o'clock: 10 kWh at 5 INR, 4 kWh at 6 INR.
pub fn catalog(discom: &str) -> Catalog {
    let terms = |hour, price, available| SlotTerms {
        slot: slot(hour),
        price: Price::new(price),
        available: WattHours::new(available),
    };
    let roles = |writer| match writer {
        Writer::SellerPlatform => Some(SELLER.to_owned()),
        Writer::SellerDiscom => Some(discom.to_owned()),
        Writer::BuyerPlatform | Writer::BuyerDiscom => None,
    };
    let ledger =
        DiscomLedgerProvider::new("d.example", "https://d.example", "l.example", "https://l.example");
    let mut offer = Offer::new("offer-1", "Rooftop", None, "resource-1");
    offer.attributes = Some(EnergyTradeOffer {
        validity: Some(Validity::new(slot(0).start(), slot(6).start())),
        contract_attributes: Some(DegContract::new(roles, WirePolicy::new(POLICY_URL))),
        participants: vec![
            Party::customer(SELLER, EnergyCustomer::new("TEST_METER_SELLER", None)),
            Party::discom(discom, ledger),
        ],
        commitment_attributes: Some(
            TimeSeries::offer(&[terms(10, 50_000, 10_000), terms(11, 60_000, 4_000)]).unwrap(),
        ),
        rest: schema::ENERGY_TRADE_OFFER.members(),
    });
    let source = EnergyResource::new("TEST_METER_SELLER", "SOLAR");
    let resource = Resource::new("resource-1", "Rooftop", ResourceAttributes::Energy(source));
    let mut rest = Object::new();
    rest.set("descriptor", Json::object([("name", Json::from("Rooftops"))]));
    Catalog {
        id: Some("catalog-1".into()),
        provider: Some(Provider::new(SELLER, "Seller", None)),
        bpp_id: Some(SELLER.into()),
        bpp_uri: Some(format!("{}/bpp/receiver", base(SELLER))),
        resources: vec![resource],
        offers: vec![offer],
        rest,
    }
}

impl World {
    pub async fn new(db: Db) -> Self {
        let clock = TestClock::at(slot(0).start());
        let (p, stage) = Self::process(db, &clock, 1);
        let user = Self::add_user(&p, "asha", METER).await;
        Self { p, clock, user, meter: METER.into(), stage }
    }

    /// Another process on the same database, which knows nothing but what is stored.
    pub fn again(&self, db: Db, seed: u64) -> Self {
        let (p, stage) = Self::process(db, &self.clock, seed);
        let (user, meter) = (self.user.clone(), self.meter.clone());
        Self { p, clock: self.clock.clone(), user, meter, stage }
    }

    /// The same process, for a user of its own.
    pub async fn for_another(&self, handle: &str) -> Self {
        let meter = format!("TEST_METER_{}", handle.to_uppercase());
        let user = Self::add_user(&self.p, handle, &meter).await;
        Self { p: self.p.clone(), clock: self.clock.clone(), user, meter, stage: Arc::clone(&self.stage) }
    }

    fn process(db: Db, clock: &TestClock, seed: u64) -> (Participant, Arc<Stage>) {
        let clocks = Clocks::both(clock.clone());
        let ids = Ids::new(Arc::clone(&clocks.wire), Arc::new(SeededEntropy::new(seed)));
        let registry = StaticRegistry::new();
        let mut identities = Vec::new();
        for name in [BUYER, SELLER, STRANGER, LEDGER, CATALOG] {
            let (key_id, signing_key) = key(name);
            registry.add(&key_id, signing_key.public(), &base(name), &[NETWORK]);
            identities.push(Identity {
                subscriber_id: name.into(),
                key_id,
                signing_key,
                base_url: base(name),
            });
        }
        let mut config = NodeConfig::new(identities.remove(0), &[NETWORK]);
        config.identities.extend(identities);
        let client = GuardedClient::new(&ClientConfig::default()).unwrap();
        let node =
            Node::new(config, db.clone(), clocks.clone(), ids.clone(), Arc::new(registry), client).unwrap();
        let node = Arc::new(node);
        let stage = Arc::new(Stage {
            participant: OnceLock::new(),
            kept: Mutex::default(),
            refusals: Mutex::default(),
        });
        node.attach(Arc::<Stage>::clone(&stage));
        let p = Participant {
            db,
            clocks,
            ids,
            node,
            settings: Arc::new(settings()),
            policies: Policies::default(),
        };
        assert!(stage.participant.set(p.clone()).is_ok());
        (p, stage)
    }

    /// A user with one verified meter that may draw 5 kW.
    pub async fn add_user(p: &Participant, handle: &str, meter_id: &str) -> User {
        let user = NewUser {
            id: p.ids.uuid(),
            handle: handle.into(),
            display_name: handle.into(),
            token: format!("token-of-{handle}"),
            payout_name: handle.into(),
            payout_vpa: format!("{handle}@upi"),
        };
        let meter = Meter {
            id: p.ids.uuid(),
            user_id: user.id,
            meter_id: meter_id.into(),
            meter_key: wattmandi::network::normalize_meter(meter_id),
            discom_code: "TEST_DISCOM_BUYER".into(),
            customer_number: "C-1".into(),
            resource_type: None,
            installed_capacity_w: None,
            sanctioned_load_w: Some(5_000),
            verified: true,
            place: None,
        };
        let now = p.now();
        p.db.write(move |tx| {
            let (user, meter) = (user.clone(), meter.clone());
            Box::pin(async move {
                let user = identity::add(tx, &user, now).await?;
                metering::add(tx, &meter, now).await?;
                Ok::<_, db::DbError>(user)
            })
        })
        .await
        .unwrap()
    }

    pub async fn drain(&self) {
        self.p.node.drain().await;
    }

    /// The next messages of that action to that participant are refused with this code.
    pub fn refuse(&self, receiver: &str, action: Action, code: ErrorCode, times: usize) {
        let refusal = Refusal::from(WireError::new(code, "as the test wants it"));
        let mut refusals = self.stage.refusals.lock().unwrap();
        refusals.entry((receiver.to_owned(), action)).or_default().extend(vec![refusal; times]);
    }

    /// The last message of that action that came to somebody else than the buyer.
    pub fn last(&self, action: Action) -> Option<Sent> {
        let kept = self.stage.kept.lock().unwrap();
        kept.iter().rev().find(|job| job.action == action).map(|job| Sent {
            document: job.document().unwrap(),
            message_id: job.message_id.clone(),
            transaction_id: job.transaction_id.clone(),
        })
    }

    pub fn count(&self, action: Action) -> usize {
        self.stage.kept.lock().unwrap().iter().filter(|job| job.action == action).count()
    }

    /// Sends the buyer a callback and gives the body, and `ACK` or the code of the refusal.
    pub async fn send(&self, from: &str, draft: Draft) -> (Vec<u8>, String) {
        let body = self.body(draft);
        let verdict = self.receive(from, &body).await;
        self.drain().await;
        (body, verdict)
    }

    /// A message to the buyer, not sent.
    pub fn body(&self, draft: Draft) -> Vec<u8> {
        self.p.node.compose(&draft.to(BUYER, &format!("{}/bap/receiver", base(BUYER)))).unwrap()
    }

    /// Takes a message in, and does nothing with it: `ACK` or the code of the refusal.
    pub async fn receive(&self, from: &str, body: &[u8]) -> String {
        let (key_id, signing_key) = key(from);
        let now = self.p.now().seconds();
        let signature = sign(&signing_key, &key_id, now, now + 60, body, Chain::None);
        let headers: Headers = [("content-type", "application/json"), ("authorization", signature.as_str())]
            .into_iter()
            .collect();
        let action =
            Json::parse(body).unwrap().at(&["context", "action"]).unwrap().as_str().unwrap().to_owned();
        let path = format!("/bap/receiver/{action}");
        let reply = self.p.node.receive(&path, &headers, Bytes::copy_from_slice(body)).await;
        let answer = Json::parse(&reply.body).unwrap();
        let code = answer.at(&["message", "error", "code"]).or_else(|| answer.at(&["message", "status"]));
        code.unwrap().as_str().unwrap().to_owned()
    }

    pub fn draft(&self, from: &str, action: Action, to: &Sent, message: Json) -> Draft {
        let mut draft = Draft::new(action, from, NETWORK, &to.transaction_id, &to.message_id, message);
        draft.schema_context = schema::contexts_of(&draft.message);
        draft
    }

    /// The seller's answer to the last message of that action; gives the verdict on it.
    pub async fn answer(&self, to: Action, contract: &Contract) -> String {
        let request = self.last(to).unwrap();
        let draft = self.draft(SELLER, to.callback().unwrap(), &request, contract.to_message());
        self.send(SELLER, draft).await.1
    }

    /// As [`World::answer`], with a failure beside the contract as it was asked for.
    pub async fn fail(&self, to: Action, code: ErrorCode) -> String {
        let request = self.last(to).unwrap();
        let message = request.document.get("message").unwrap().clone();
        let mut draft = self.draft(SELLER, to.callback().unwrap(), &request, message);
        draft.error = Some(WireError::new(code, "as the test wants it"));
        self.send(SELLER, draft).await.1
    }

    // The usual steps, each until everybody has done what follows from it.

    pub async fn discovered(&self) -> Accepted {
        let accepted = buyer::discover(&self.p, &self.user, DiscoverWish::default(), None).await.unwrap();
        self.drain().await;
        self.page(CATALOG, &catalog("TEST_DISCOM_SELLER")).await;
        accepted
    }

    pub async fn page(&self, from: &str, catalog: &Catalog) -> String {
        let draft = self.page_from(from, catalog);
        self.send(from, draft).await.1
    }

    /// A page of the last search, not sent.
    pub fn page_from(&self, from: &str, catalog: &Catalog) -> Draft {
        let request = self.last(Action::Discover).unwrap();
        let catalogs =
            Catalogs { directives: Vec::new(), catalogs: vec![catalog.clone()], rest: Object::new() };
        self.draft(from, Action::OnDiscover, &request, catalogs.to_json())
    }

    pub fn select_wish(&self, transaction_id: &str, slots: &[(u8, i64)]) -> SelectWish {
        SelectWish {
            transaction_id: Some(transaction_id.to_owned()),
            bpp_id: SELLER.into(),
            offer_id: "offer-1".into(),
            slots: wishes(slots),
        }
    }

    pub async fn selected(&self, slots: &[(u8, i64)]) -> String {
        let id = self.discovered().await.transaction_id;
        let accepted = buyer::select(&self.p, &self.user, self.select_wish(&id, slots), None).await.unwrap();
        self.drain().await;
        accepted.transaction_id
    }

    pub async fn quoted(&self, slots: &[(u8, i64)], total: i64) -> String {
        let id = self.selected(slots).await;
        let asked = self.last(Action::Select).unwrap().contract();
        assert_eq!(
            self.answer(Action::Select, &messages::on_select(&asked, "q", Paise::new(total))).await,
            "ACK"
        );
        id
    }

    pub fn init_wish(&self, transaction_id: &str) -> InitWish {
        InitWish { transaction_id: transaction_id.to_owned(), meter_id: self.meter.clone(), purchase: None }
    }

    /// 2 kWh at 10 o'clock, reserved.
    pub async fn reserving(&self) -> String {
        let id = self.quoted(&[(10, 2_000)], 1_000).await;
        buyer::init(&self.p, &self.user, self.init_wish(&id), None).await.unwrap();
        self.drain().await;
        id
    }

    pub fn terms(&self) -> Contract {
        let asked = self.last(Action::Init).unwrap().contract();
        messages::on_init(&asked, None, "settlement-1", SettlementTerm::on_fulfillment(None))
    }

    pub async fn offered(&self) -> String {
        let id = self.reserving().await;
        assert_eq!(self.answer(Action::Init, &self.terms()).await, "ACK");
        id
    }

    pub async fn confirming(&self) -> String {
        let id = self.offered().await;
        let wish = ConfirmWish { transaction_id: id.clone() };
        buyer::confirm(&self.p, &self.user, wish, None).await.unwrap();
        self.drain().await;
        id
    }

    pub fn confirmation(&self) -> Contract {
        messages::on_confirm(&self.last(Action::Confirm).unwrap().contract(), CONTRACT_ID)
    }

    pub async fn standing(&self) -> String {
        let id = self.confirming().await;
        assert_eq!(self.answer(Action::Confirm, &self.confirmation()).await, "ACK");
        assert_eq!(self.state(&id).await, State::Standing);
        id
    }

    // What became of it.

    pub async fn contract(&self, id: &str) -> Stored {
        let id = id.to_owned();
        let read = self.p.db.read(move |tx| {
            let id = id.clone();
            Box::pin(async move { contract::service::find(tx, Side::Buyer, &id).await })
        });
        read.await.unwrap().unwrap()
    }

    pub async fn state(&self, id: &str) -> State {
        self.contract(id).await.state
    }

    pub async fn failure(&self, id: &str) -> String {
        self.contract(id).await.failure.map(|failure| failure.code).unwrap_or_default()
    }

    /// Everything that counts against anybody's sanctioned load, Wh.
    pub async fn bought(&self) -> i64 {
        let read = self
            .p
            .db
            .read(|tx| Box::pin(async move { tx.query_one(&BOUGHT, &params![]).await?.get::<i64>("n") }));
        read.await.unwrap()
    }

    pub async fn events(&self, id: &str) -> Vec<Event> {
        let (user, id): (Uuid, String) = (self.user.id, id.to_owned());
        let read = self.p.db.read(move |tx| {
            let id = id.clone();
            Box::pin(async move { events::after(tx, user, Some(&id), 0, 100).await })
        });
        read.await.unwrap()
    }

    pub async fn kinds(&self, id: &str) -> Vec<String> {
        self.events(id).await.into_iter().map(|event| event.kind).collect()
    }
}
