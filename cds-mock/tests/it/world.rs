//! A running service, and participants with their own keys and their own little HTTP servers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use beckn_wire::action::Action;
use beckn_wire::context::Context;
use beckn_wire::energy::publish::{OfferTerms, Platform, Seller, catalog, offer, publish};
use beckn_wire::energy::{Catalog, DiscomLedgerProvider, Offer, Policy, Resource, SlotTerms};
use beckn_wire::envelope::body;
use beckn_wire::json::Json;
use beckn_wire::signature::{
    Chain, KeyId, PublicKey, SignatureHeader, SigningKey, VerifyPolicy, sign, verify, verify_response,
};
use cds_mock::registry::Registration;
use cds_mock::{Config, Running, start};
use clock::{Clock, Clocks, Ids, SystemClock, TestClock};
use test_support::database::TestDb;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use units::{DeliverySlot, Price, Span, Timestamp, WattHours};

pub const NETWORK: &str = energy_rules::NETWORK_TEST;
pub const OTHER_NETWORK: &str = energy_rules::NETWORK_TEST_DEG;
const PATIENCE: Duration = Duration::from_secs(30);

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

pub fn seconds() -> i64 {
    SystemClock.now().seconds()
}

/// The market's morning in every test, in India 10:00.
pub fn morning() -> Timestamp {
    at("2026-11-21T04:30:00Z")
}

pub struct World {
    pub cds: Running,
    pub market: TestClock,
    pub wire: Arc<dyn Clock>,
    pub http: reqwest::Client,
    service_key: PublicKey,
    url: String,
}

impl World {
    pub async fn new(db: &TestDb) -> Self {
        Self::on(db, Arc::new(SystemClock)).await
    }

    /// With this clock for everything but the market.
    pub async fn on(db: &TestDb, wire: Arc<dyn Clock>) -> Self {
        let market = TestClock::at(morning());
        let cds = launch(db.url(), &market, &wire).await;
        let service_key = SigningKey::from_seed(&[9; 32]).public();
        #[allow(clippy::disallowed_methods, reason = "a foreign client, which knows nothing of ours")]
        let http = reqwest::Client::new();
        Self { cds, market, wire, http, service_key, url: db.url().to_owned() }
    }

    /// Stops the service and starts it again on the same database; on another port, so peers look it up
    /// again.
    pub async fn restart(self) -> Self {
        let Self { cds, market, wire, http, service_key, url } = self;
        cds.stop().await;
        let cds = launch(&url, &market, &wire).await;
        Self { cds, market, wire, http, service_key, url }
    }

    /// A participant with these memberships, by the operator's word.
    pub async fn peer(&self, id: &str, seed: u8, networks: &[&str]) -> Peer {
        let peer = Peer::new(id, seed).await;
        self.cds.register(peer.registration(networks)).await.unwrap();
        peer
    }

    /// Posts a signed message and checks the signature of the answer.
    pub async fn post(&self, peer: &Peer, action: Action, bytes: Vec<u8>) -> (u16, Json) {
        self.signed(peer, "POST", action.as_str(), bytes).await
    }

    /// A signed request and the answer to it, whose signature is checked.
    pub async fn signed(&self, peer: &Peer, method: &str, path: &str, bytes: Vec<u8>) -> (u16, Json) {
        let now = self.wire.now().seconds();
        let authorization = sign(&peer.key, &peer.key_id, now, now + 300, &bytes, Chain::None);
        let url = format!("{}/{path}", self.cds.base_url);
        let request =
            self.http.request(method.parse().unwrap(), url).header("content-type", "application/json");
        let response = request.header("authorization", &authorization).body(bytes).send().await.unwrap();
        let status = response.status().as_u16();
        let signature = response.headers().get("signature").unwrap().to_str().unwrap().to_owned();
        let answer = response.bytes().await.unwrap();
        let header = SignatureHeader::parse_response(&signature).unwrap();
        let policy = VerifyPolicy::spec();
        verify_response(status, &header, &answer, &self.service_key, now, &policy, Some(&authorization))
            .unwrap();
        (status, Json::parse(&answer).unwrap())
    }

    /// Publishes and gives the result of each catalog.
    pub async fn publish(&self, peer: &Peer, message: Json) -> Vec<Json> {
        self.publish_at(peer, message, NETWORK, self.wire.now()).await
    }

    pub async fn publish_at(&self, peer: &Peer, message: Json, network: &str, made: Timestamp) -> Vec<Json> {
        let mut context = context(Action::CatalogPublish, network, made);
        context.bpp_id = Some(peer.id.clone());
        context.bpp_uri = Some(format!("{}/bpp/receiver", peer.url));
        let (status, answer) = self.post(peer, Action::CatalogPublish, body(&context, message)).await;
        assert_eq!(status, 200, "{answer}");
        let callback = self.callback(peer, "/bpp/receiver/catalog/on_publish", &context).await;
        assert_eq!(callback.at(&["context", "bppId"]).and_then(Json::as_str), Some(peer.id.as_str()));
        callback.at(&["message", "results"]).unwrap().as_array().unwrap().to_vec()
    }

    /// Discovers and gives the catalogs of the one page.
    pub async fn discover(&self, peer: &Peer, network: &str, intent: Json) -> Vec<Json> {
        let (context, bytes) = discover_message(peer, network, intent);
        let (status, answer) = self.post(peer, Action::Discover, bytes).await;
        assert_eq!(status, 200, "{answer}");
        let callback = self.callback(peer, "/bap/receiver/on_discover", &context).await;
        callback.at(&["message", "catalogs"]).unwrap().as_array().unwrap().to_vec()
    }

    /// The ids of all offers that a peer sees.
    pub async fn offers(&self, peer: &Peer) -> Vec<String> {
        offer_ids(&self.discover(peer, NETWORK, everything()).await)
    }

    /// The next message to the peer: it must be on this path, answer this context, and be signed by the
    /// service.
    pub async fn callback(&self, peer: &Peer, path: &str, request: &Context) -> Json {
        let callback = self.delivery(peer, path).await;
        for (member, value) in
            [("messageId", &request.message_id), ("transactionId", &request.transaction_id)]
        {
            assert_eq!(callback.at(&["context", member]).and_then(Json::as_str), Some(value.as_str()));
        }
        callback
    }

    /// The next message to the peer: it must be on this path, and be signed by the service.
    pub async fn delivery(&self, peer: &Peer, path: &str) -> Json {
        let (came_on, authorization, bytes) = peer.next().await;
        assert_eq!(came_on, path);
        let header = SignatureHeader::parse(&authorization).unwrap();
        assert_eq!(header.key_id.subscriber_id(), cds_mock::SUBSCRIBER_ID);
        let now = self.wire.now().seconds();
        verify(&header, &bytes, &self.service_key, now, &VerifyPolicy::spec(), None).unwrap();
        Json::parse(&bytes).unwrap()
    }
}

async fn launch(url: &str, market: &TestClock, wire: &Arc<dyn Clock>) -> Running {
    let key = SigningKey::from_seed(&[9; 32]);
    let config = Config::new("127.0.0.1:0".parse().unwrap(), url, "cds-key-1", key).demo();
    let clocks = Clocks { wire: Arc::clone(wire), market: Arc::new(market.clone()) };
    start(config, clocks, Ids::system()).await.unwrap()
}

/// Path, `Authorization` and body of a message.
type Delivery = (String, String, Vec<u8>);

/// A participant: it signs, and acknowledges whatever comes.
pub struct Peer {
    pub id: String,
    pub key: SigningKey,
    pub key_id: KeyId,
    pub url: String,
    inbox: Arc<Mailbox>,
}

/// What came, and the status with which it is answered; 0 hangs up.
struct Mailbox(Mutex<VecDeque<Delivery>>, Notify, AtomicU16);

impl Peer {
    pub async fn new(id: &str, seed: u8) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inbox = Arc::new(Mailbox(Mutex::new(VecDeque::new()), Notify::new(), AtomicU16::new(200)));
        let taking = Arc::clone(&inbox);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let inbox = Arc::clone(&taking);
                tokio::spawn(acknowledge(stream, inbox));
            }
        });
        let key_id = KeyId::new(id, format!("key-{seed}")).unwrap();
        Self { id: id.to_owned(), key: SigningKey::from_seed(&[seed; 32]), key_id, url, inbox }
    }

    /// Whoever has the service's own key.
    pub fn of_service(world: &World) -> Self {
        let key_id = KeyId::new(cds_mock::SUBSCRIBER_ID, "cds-key-1").unwrap();
        let inbox = Arc::new(Mailbox(Mutex::new(VecDeque::new()), Notify::new(), AtomicU16::new(200)));
        let (id, url) = (cds_mock::SUBSCRIBER_ID.to_owned(), world.cds.base_url.clone());
        Self { id, key: SigningKey::from_seed(&[9; 32]), key_id, url, inbox }
    }

    pub fn registration(&self, networks: &[&str]) -> Registration {
        Registration {
            subscriber_id: self.id.clone(),
            url: self.url.clone(),
            kind: "BPP".to_owned(),
            domain: "energy".to_owned(),
            key_id: self.key_id.key_id().to_owned(),
            public_key: self.key.public(),
            encr_public_key: String::new(),
            network_memberships: networks.iter().map(|n| (*n).to_owned()).collect(),
            valid_until: None,
        }
    }

    /// Answers with this status from now on, and keeps only what it answers with 200; 0 hangs up.
    pub fn says(&self, status: u16) {
        self.inbox.2.store(status, Ordering::SeqCst);
    }

    pub async fn next(&self) -> Delivery {
        let wait = async {
            loop {
                let woken = self.inbox.1.notified();
                if let Some(delivery) = self.inbox.0.lock().unwrap().pop_front() {
                    return delivery;
                }
                woken.await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("a callback in time")
    }

    /// Whether something comes within this time.
    pub async fn mail_within(&self, patience: Duration) -> bool {
        let wait = async {
            while !self.has_mail() {
                node::pause(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(patience, wait).await.is_ok()
    }

    pub fn has_mail(&self) -> bool {
        !self.inbox.0.lock().unwrap().is_empty()
    }
}

async fn acknowledge(mut stream: tokio::net::TcpStream, inbox: Arc<Mailbox>) {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let field = |name: &str| {
        let fields = text.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.to_owned()).next()
    };
    let length: usize = field("content-length").unwrap().parse().unwrap();
    while bytes.len() < head + length {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let path = text.split(' ').nth(1).unwrap().to_owned();
    let delivery = (path, field("authorization").unwrap_or_default(), bytes[head..].to_vec());
    let status = inbox.2.load(Ordering::SeqCst);
    let body = match status {
        0 => return,
        200 => {
            inbox.0.lock().unwrap().push_back(delivery);
            inbox.1.notify_one();
            r#"{"message":{"status":"ACK","messageId":"x"}}"#
        }
        _ => r#"{"message":{"status":"NACK","error":{"code":"SCH_INVALID_JSON","message":"no"}}}"#,
    };
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}

pub fn context(action: Action, network: &str, made: Timestamp) -> Context {
    let id = || Ids::system().uuid().to_string();
    let mut context = Context::new(action, id(), id());
    context.network_id = Some(network.to_owned());
    context.timestamp = Some(made);
    context
}

pub fn discover_message(peer: &Peer, network: &str, intent: Json) -> (Context, Vec<u8>) {
    let mut context = context(Action::Discover, network, SystemClock.now());
    context.bap_id = Some(peer.id.clone());
    context.bap_uri = Some(format!("{}/bap/receiver", peer.url));
    context.ttl = Some(Span::from_secs(30));
    let bytes = body(&context, Json::object([("intent", intent)]));
    (context, bytes)
}

pub fn filter(expression: &str) -> Json {
    let filters = [("type", "jsonpath"), ("expression", expression)].map(|(k, v)| (k, Json::from(v)));
    Json::object([("filters", Json::object(filters))])
}

pub fn everything() -> Json {
    filter(r#"$.catalogs[*].offers[*] ? (@.offerAttributes."@type" == "EnergyTradeOffer")"#)
}

pub fn offer_ids(catalogs: &[Json]) -> Vec<String> {
    let offers = catalogs.iter().flat_map(|c| c.get("offers").unwrap().as_array().unwrap());
    offers.map(|o| o.get("id").unwrap().as_str().unwrap().to_owned()).collect()
}

/// What is said of one catalog: its status, and code and path of each error.
pub fn verdict(result: &Json) -> (String, Vec<(String, String)>) {
    let text = |json: Option<&Json>| json.and_then(Json::as_str).unwrap_or_default().to_owned();
    let errors = result.get("errors").and_then(Json::as_array).unwrap_or_default();
    let errors = errors.iter().map(|e| (text(e.get("code")), text(e.at(&["details", "path"])))).collect();
    (text(result.get("status")), errors)
}

/// One offer of tomorrow 11:00 and 12:00 in India, 5 and 6 rupees, this much in each hour.
pub fn terms(peer: &Peer, id: &str, available: i64) -> (Resource, Offer) {
    let first = DeliverySlot::starting_at(at("2026-11-22T05:30:00Z")).unwrap();
    let slot =
        |slot, price| SlotTerms { slot, price: Price::new(price), available: WattHours::new(available) };
    let slots = [slot(first, 50_000), slot(first.next(), 60_000)];
    let discom = DiscomLedgerProvider::new(
        "discom.example",
        "https://discom.example",
        "ledger.example",
        "https://ledger.example",
    );
    let policy = Policy::new("https://policy.example/rules");
    let seller = Seller {
        platform: Platform { id: &peer.id, url: &peer.url, name: "Sun platform" },
        meter_id: "TEST_METER_1",
        display_name: "Asha's roof",
        discom_code: "TEST_DISCOM_SELLER",
        discom: &discom,
        policy: &policy,
    };
    let resource_id = format!("resource-of-{id}");
    let terms = OfferTerms {
        offer_id: id,
        resource_id: &resource_id,
        name: &format!("Solar hours {id}"),
        short_desc: None,
        resource_type: "SOLAR",
        valid_from: morning(),
        valid_until: at("2026-11-22T02:30:00Z"),
        slots: &slots,
    };
    offer(&seller, &terms).unwrap()
}

pub fn catalog_of(peer: &Peer, id: &str, entries: Vec<(Resource, Offer)>) -> Catalog {
    let platform = Platform { id: &peer.id, url: &peer.url, name: "Sun platform" };
    catalog(id, &platform, &format!("{}/bpp/receiver", peer.url), entries)
}

/// A publication of one catalog, merged.
pub fn merge(catalog: Catalog, networks: &[&str]) -> Json {
    let networks: Vec<String> = networks.iter().map(|n| (*n).to_owned()).collect();
    publish(catalog, &networks).to_json()
}

/// The value at this place of the first catalog, replaced.
pub fn with(mut message: Json, place: &[&str], value: Json) -> Json {
    fn put(json: &mut Json, place: &[&str], value: Json) {
        let Some((step, rest)) = place.split_first() else {
            *json = value;
            return;
        };
        match json {
            Json::Object(object) => {
                if object.get(step).is_none() {
                    object.set(*step, Json::Null);
                }
                put(object.get_mut(step).unwrap(), rest, value);
            }
            Json::Array(items) => put(&mut items[step.parse::<usize>().unwrap()], rest, value),
            other => panic!("{step} in {other}"),
        }
    }
    put(&mut message, place, value);
    message
}

/// A whole catalog of so many offers of one resource. The second edition keeps the upper half of the first one's offers,
/// with another quantity, and adds as many new ones.
pub fn edition(peer: &Peer, number: usize, many: usize) -> Json {
    let first = (number - 1) * many / 2;
    let quantity = 1_000 * i64::try_from(number).unwrap();
    let (resource, sample) = terms(peer, "sample", quantity);
    let offers = (first..first + many).map(|n| Offer { id: Some(format!("offer-{n:05}")), ..sample.clone() });
    let offers: Vec<Json> = offers.map(|offer| offer.to_json()).collect();
    let message = merge(catalog_of(peer, "large", vec![(resource, sample)]), &[NETWORK]);
    let message = with(message, &["catalogs", "0", "offers"], Json::array(offers));
    with(message, &["publishDirectives", "0", "updateMode"], "FULL".into())
}

/// Which edition these offers are: none when they are of two, or not all of one.
pub fn edition_of(offers: &[Json], many: usize) -> Option<usize> {
    (1..=2).find(|number| {
        let first = (number - 1) * many / 2;
        let quantity = format!(r#""AVAILABLE_QTY","values":[{number}]"#);
        offers.len() == many
            && offers.iter().enumerate().all(|(n, offer)| {
                let id = format!("offer-{:05}", first + n);
                offer.get("id").and_then(Json::as_str) == Some(&id) && offer.to_string().contains(&quantity)
            })
    })
}
