//! A platform with its API on free ports, two users, and nobody else: no workers run, so that nothing happens by itself.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use clock::{Clocks, Ids, SeededEntropy, TestClock};
use energy_rules::{NETWORK_TEST, PolicyUse, RuleSet};
use futures_util::FutureExt;
use node::{AllowList, ClientConfig, GuardedClient, Identity, Node, NodeConfig, Registry, StaticRegistry};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use units::{DeliverySlot, Paise, Price, Span, Timestamp, WattHours};
use uuid::Uuid;
use wattmandi::api::{self, ApiState, Patience, Running};
use wattmandi::config::{Discom, Policy, TrustConfig};
use wattmandi::contract::{Contract, ContractSlot, Holds, LedgerState, Side, State, service};
use wattmandi::identity::{self, NewUser, User};
use wattmandi::metering::{self, Meter};
use wattmandi::network::{KeyId, Participant, Policies, Settings, SigningKey, normalize_meter};
use wattmandi::trust::{Capacity, service as service_of_trust};
use wattmandi::webhooks::{Secrets, Sender};
use wattmandi::workers::Dispatcher;

pub const US: &str = "us.example";
pub const ASHA: &str = "token-of-asha-0001";
pub const BILAL: &str = "token-of-bilal-002";
/// Now on both clocks; it stands still.
pub const NOW: &str = "2026-11-21T04:30:00Z";
/// Hours that can be traded now.
pub const TEN: &str = "2026-11-21T10:30:00Z";
pub const ELEVEN: &str = "2026-11-21T11:30:00Z";

pub struct World {
    pub participant: Participant,
    pub registry: Arc<StaticRegistry>,
    pub key_id: KeyId,
    pub asha: User,
    pub clock: TestClock,
    pub running: Running,
    pub base: String,
    pub ops: String,
    /// Sends when a test says so.
    #[allow(dead_code, reason = "not every suite that shares this world sends")]
    pub webhooks: Sender,
    client: Client,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}: {}", self.status, self.text()))
    }

    /// The document of an answer with this status.
    pub fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// Asserts a whole problem document and gives it.
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let text = self.text();
        assert_eq!(
            (self.status, self.header("content-type")),
            (status, "application/problem+json"),
            "{text}"
        );
        let body = self.json();
        assert_eq!(body["code"], code, "{text}");
        assert_eq!(body["status"], status, "{text}");
        assert_eq!(body["type"], format!("/docs/errors#{code}"), "{text}");
        assert_eq!(body["instance"], self.header("x-request-id"), "{text}");
        assert!(body["title"].as_str().is_some_and(|title| !title.is_empty()), "{text}");
        assert!(body["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "{text}");
        self.dressed();
        body
    }

    /// Asserts what every answer carries.
    pub fn dressed(&self) {
        assert!(!self.header("x-request-id").is_empty());
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert_eq!(self.header("x-frame-options"), "DENY");
        assert_eq!(self.header("referrer-policy"), "no-referrer");
        assert!(self.header("content-security-policy").contains("default-src 'none'"));
        assert!(self.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert!(self.header("permissions-policy").contains("geolocation=()"));
        assert_eq!(self.header("cross-origin-resource-policy"), "same-origin");
        assert!(self.header("vary").contains("Origin"));
    }
}

pub fn slot(text: &str) -> DeliverySlot {
    DeliverySlot::starting_at(Timestamp::parse_rfc3339(text).unwrap()).unwrap()
}

impl World {
    pub async fn start(db: db::Db) -> Self {
        Self::patient(db, Patience::default()).await
    }

    pub async fn patient(db: db::Db, patience: Patience) -> Self {
        Self::with(db, |state| state.patience = patience).await
    }

    /// With another state than usual.
    pub async fn with(db: db::Db, change: impl FnOnce(&mut ApiState)) -> Self {
        let clock = TestClock::at(Timestamp::parse_rfc3339(NOW).unwrap());
        let clocks = Clocks::both(clock.clone());
        let ids = Ids::new(Arc::new(clock.clone()), Arc::new(SeededEntropy::new(7)));
        let listen = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listen.local_addr().unwrap());
        let key_id = KeyId::new(US, "k1").unwrap();
        let signing_key = SigningKey::from_seed(&[7; 32]);
        let registry = Arc::new(StaticRegistry::new());
        registry.add(&key_id, signing_key.public(), &base, &[NETWORK_TEST]);
        let identity = Identity {
            subscriber_id: US.into(),
            key_id: key_id.clone(),
            signing_key,
            base_url: base.clone(),
        };
        let known: Arc<dyn Registry> = Arc::<StaticRegistry>::clone(&registry);
        let client = GuardedClient::new(&ClientConfig::default()).unwrap();
        let node_config = NodeConfig::new(identity, &[NETWORK_TEST]);
        let node =
            Node::new(node_config, db.clone(), clocks.clone(), ids.clone(), Arc::clone(&known), client);
        let participant = Participant {
            db,
            clocks,
            ids,
            node: Arc::new(node.unwrap()),
            settings: Arc::new(settings(&base)),
            policies: Policies::default(),
        };
        let dispatcher = Arc::new(Dispatcher::new());
        participant.node.attach(Arc::<Dispatcher>::clone(&dispatcher));
        dispatcher.serve(participant.clone());
        let asha = add(&participant, "asha", ASHA, "TEST_METER_000111").await;
        add(&participant, "bilal", BILAL, "TEST_METER_000222").await;
        let ops = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut state = ApiState::new(participant.clone(), known);
        // All people of a test sign in from one address.
        state.web.limits.sign_in = 1_000;
        let reach = ClientConfig { allow: AllowList::loopback_for_demo(), ..ClientConfig::default() };
        let secrets = Secrets::from_seed(b"a secret of the tests");
        let webhooks = Sender::new(participant.clone(), GuardedClient::new(&reach).unwrap(), secrets);
        state.webhooks = Some(webhooks.clone());
        change(&mut state);
        let running = api::serve(state, listen, Some(ops)).unwrap();
        let ops = format!("http://{}", running.ops_address.unwrap());
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        Self { participant, registry, key_id, asha, clock, running, base, ops, webhooks, client }
    }

    /// A request to the public port without a token.
    pub fn plain(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(Method::from_bytes(method.as_bytes()).unwrap(), format!("{}{path}", self.base))
    }

    pub fn request(&self, token: &str, method: &str, path: &str) -> RequestBuilder {
        self.plain(method, path).bearer_auth(token)
    }

    pub async fn get(&self, token: &str, path: &str) -> Reply {
        Reply::of(self.request(token, "GET", path)).await
    }

    pub async fn post(&self, token: &str, path: &str, body: &Value) -> Reply {
        Reply::of(self.request(token, "POST", path).json(body)).await
    }

    pub async fn operator(&self, path: &str) -> Reply {
        Reply::of(self.at_operators(path)).await
    }

    pub fn at_operators(&self, path: &str) -> RequestBuilder {
        self.to_operators("GET", path)
    }

    pub fn to_operators(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(Method::from_bytes(method.as_bytes()).unwrap(), format!("{}{path}", self.ops))
    }

    /// Asha offers two hours: the offer.
    pub async fn offer(&self) -> Value {
        let slot = |start| json!({"start": start, "quantity_kwh": "5", "price_inr": "6.50"});
        let body =
            json!({"meter_id": "TEST_METER_000111", "name": "Roof", "slots": [slot(TEN), slot(ELEVEN)]});
        self.post(ASHA, "/seller/offers", &body).await.is(201)
    }

    /// A contract of Asha's with a platform elsewhere.
    pub async fn contract(&self, side: Side, state: State, transaction: &str) -> Contract {
        self.contract_with("peer.example", side, state, transaction).await
    }

    /// A contract of Asha's with that platform, which may be her own.
    pub async fn contract_with(&self, peer: &str, side: Side, state: State, transaction: &str) -> Contract {
        let now = self.participant.now();
        let row = |id, start, price, wh| ContractSlot {
            slot: slot(start),
            interval_id: id,
            price: Price::new(price),
            requested: WattHours::new(wh),
        };
        let (own, other) = (normalize_meter("TEST_METER_000111"), normalize_meter("TEST_METER_999333"));
        let (seller_meter, buyer_meter) = if side == Side::Seller { (own, other) } else { (other, own) };
        let contract = Contract {
            id: self.participant.ids.uuid(),
            side,
            transaction_id: transaction.to_owned(),
            contract_id: None,
            user_id: self.asha.id,
            peer_id: peer.into(),
            peer_uri: format!("https://{peer}"),
            network_id: NETWORK_TEST.into(),
            offer_id: "an-offer".into(),
            seller_meter,
            buyer_meter: Some(buyer_meter),
            state,
            revision: 1,
            document: Vec::new(),
            gate_closes_at: slot(TEN).start().saturating_sub(Span::from_hours(4)),
            reserved_until: None,
            holds: Holds::Nothing,
            ledger: LedgerState::None,
            awaiting: None,
            answers: None,
            preview_digest: None,
            cancelled_by: None,
            failure: None,
            confirmed_at: None,
            created_at: now,
            updated_at: now,
            slots: vec![row(0, TEN, 65_000, 1_250), row(1, ELEVEN, 60_000, 2_000)],
        };
        let stored = Arc::new(contract.clone());
        let created = self.participant.db.write(move |tx| {
            let contract = Arc::clone(&stored);
            async move { service::create(tx, &contract, "test", None, now).await }.boxed()
        });
        assert!(created.await.unwrap());
        contract
    }
}

fn settings(base: &str) -> Settings {
    let discom = Discom {
        code: "NORTH".into(),
        discom_id: "north.example".into(),
        discom_uri: "https://north.example".into(),
        ledger_id: "north.ledger.example".into(),
        ledger_uri: "https://north.ledger.example".into(),
    };
    Settings {
        subscriber_id: US.into(),
        base_url: base.into(),
        network_id: NETWORK_TEST.into(),
        catalog_service_id: "cds.example".into(),
        policy: Policy { url: "https://policy.example".into(), query_path: "data.policy".into() },
        discoms: vec![discom],
        rules: RuleSet { policy: PolicyUse::Nowhere, ..RuleSet::ies_test() },
        reservation_ttl: Span::from_minutes(10),
        cancel_window: Span::from_minutes(30),
        check_interval: Span::from_secs(60),
        subscription_interval: Span::from_secs(60),
        dispute_period: Span::from_days(90),
        open_per_meter_max: 20,
        open_per_peer_max: 1_000,
        trust: TrustConfig::default(),
        credit_limit: Paise::new(10_000_000),
        choice: wattmandi::network::ChoiceConfig::default(),
    }
}

async fn add(participant: &Participant, handle: &str, token: &str, meter: &str) -> User {
    let (ids, now) = (&participant.ids, participant.now());
    let user = NewUser {
        id: ids.uuid(),
        handle: handle.into(),
        display_name: handle.into(),
        token: token.into(),
        payout_name: handle.into(),
        payout_vpa: format!("{handle}@upi"),
    };
    let (meter_id, row): (String, Uuid) = (meter.into(), ids.uuid());
    let added = participant.db.write(move |tx| {
        let (user, meter_id) = (user.clone(), meter_id.clone());
        async move {
            let user = identity::add(tx, &user, now).await?;
            let meter = Meter {
                id: row,
                user_id: user.id,
                meter_key: normalize_meter(&meter_id),
                meter_id,
                discom_code: "NORTH".into(),
                customer_number: "C-1".into(),
                resource_type: Some("SOLAR".into()),
                installed_capacity_w: Some(10_000),
                sanctioned_load_w: Some(10_000),
                verified: true,
                place: None,
            };
            metering::add(tx, &meter, now).await?;
            let capacity = Capacity {
                production: Some(WattHours::new(500_000)),
                verified: true,
                consumption: Some(WattHours::new(300_000)),
                ..Capacity::default()
            };
            service_of_trust::declare(tx, &TrustConfig::default(), user.id, &capacity, now).await?;
            Ok::<_, db::DbError>(user)
        }
        .boxed()
    });
    added.await.unwrap()
}
