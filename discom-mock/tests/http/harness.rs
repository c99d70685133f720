//! A running process of two DISCOMs, the platforms that talk to it, and the messages that they send.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use beckn_wire::json::Json;
use beckn_wire::signature::{Chain, KeyId, sign};
use clock::{Clocks, Ids, TestClock};
use discom_mock::Running;
use discom_mock::config::{Config, Discom, Key, Metering};
use discom_mock::ledger::meters::Meter;
use node::{AllowList, StaticRegistry};
use test_support::database::TestDb;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use units::{DeliverySlot, Span, Timestamp};

pub const NETWORK: &str = "indiaenergystack.in/test-ies-p2p-trading-network";
pub const SELLER_LEDGER: &str = "seller-ledger.example";
pub const BUYER_LEDGER: &str = "buyer-ledger.example";
pub const SELLER: &str = "seller.example";
pub const BUYER: &str = "buyer.example";
pub const MALLORY: &str = "mallory.example";
/// 2026-11-01 08:00 UTC.
pub const NOW: Timestamp = Timestamp::from_seconds(1_793_520_000);

/// Everything that a test holds.
pub struct World {
    pub running: Running,
    pub clock: TestClock,
    pub registry: Arc<StaticRegistry>,
    pub ids: Ids,
    pub http: reqwest::Client,
}

/// An answer with its body read.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub signed: bool,
    pub body: Json,
}

impl Answer {
    fn text(&self, path: &[&str]) -> &str {
        self.body.at(path).and_then(Json::as_str).unwrap_or_default()
    }

    /// The receipt of an ACK.
    #[track_caller]
    pub fn receipt(&self) -> Json {
        assert_eq!((self.status, self.text(&["message", "status"])), (200, "ACK"), "{}", self.body);
        assert!(self.signed, "the answer is signed");
        self.body.at(&["message", "ledger"]).cloned().expect("a receipt")
    }

    /// The code of a NACK.
    pub fn code(&self) -> &str {
        assert_ne!(self.status, 200, "{}", self.body);
        self.text(&["message", "error", "code"])
    }

    pub fn error(&self) -> &str {
        self.text(&["message", "error", "message"])
    }
}

pub fn key(name: &str) -> Key {
    let mut seed = [7_u8; 32];
    for (place, byte) in seed.iter_mut().zip(name.bytes()) {
        *place ^= byte;
    }
    Key::from_seed("k1", &seed)
}

fn discom(side: &str) -> Discom {
    let (discom_id, ledger_id) = (format!("{side}-discom.example"), format!("{side}-ledger.example"));
    Discom {
        code: format!("TEST_DISCOM_{}", side.to_uppercase()),
        discom_key: key(&discom_id),
        ledger_key: key(&ledger_id),
        discom_id,
        ledger_id,
    }
}

pub fn config(database: &str, registry: &Arc<StaticRegistry>) -> Config {
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        database_url: database.to_owned(),
        base_url: None,
        discoms: vec![discom("seller"), discom("buyer")],
        networks: vec![NETWORK.to_owned()],
        registry: Arc::clone(registry) as Arc<dyn node::Registry>,
        allow_list: AllowList::loopback_for_demo(),
        meters: vec![Meter {
            id: "TEST_METER_SELLER".to_owned(),
            capacity_w: Some(10_000),
            sanctioned_load_w: None,
        }],
        enrolled: Vec::new(),
        metering: Metering::default(),
        behavior: Vec::new(),
        hold: Duration::from_secs(3),
        insecure_demo: true,
    }
}

pub async fn world(db: &TestDb) -> World {
    world_with(db, NOW, |_| {}).await
}

pub async fn world_with(db: &TestDb, now: Timestamp, change: impl FnOnce(&mut Config)) -> World {
    world_at(db.url(), now, change).await
}

/// As [`world_with`], by the address of the database.
pub async fn world_at(database: &str, now: Timestamp, change: impl FnOnce(&mut Config)) -> World {
    let registry = Arc::new(StaticRegistry::new());
    let clock = TestClock::at(now);
    let mut config = config(database, &registry);
    change(&mut config);
    let running = discom_mock::start(config, Clocks::both(clock.clone()), Ids::system()).await.unwrap();
    let world = World {
        running,
        clock,
        registry,
        ids: Ids::system(),
        http: reqwest::Client::builder().build().unwrap(),
    };
    for platform in [SELLER, BUYER, MALLORY] {
        world.register(platform, &platform_url(platform));
    }
    world
}

pub fn platform_url(platform: &str) -> String {
    format!("https://{platform}")
}

impl World {
    pub fn register(&self, platform: &str, url: &str) {
        let key_id = KeyId::new(platform, "k1").unwrap();
        let public = key(platform).signing_key.public();
        self.registry.add(&key_id, public, url, &[NETWORK]);
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.base_url)
    }

    /// A request that `signer` has signed, ready to be sent.
    pub fn signed(&self, signer: &str, path: &str, body: &[u8]) -> reqwest::RequestBuilder {
        self.signed_as(signer, path, "application/json", body)
    }

    /// As [`World::signed`], with another content type.
    pub fn signed_as(&self, signer: &str, path: &str, kind: &str, body: &[u8]) -> reqwest::RequestBuilder {
        let seconds = clock::Clock::now(&self.clock).seconds();
        let key_id = KeyId::new(signer, "k1").unwrap();
        let header = sign(&key(signer).signing_key, &key_id, seconds - 1, seconds + 300, body, Chain::None);
        self.http
            .post(self.url(path))
            .header("Authorization", header)
            .header("Content-Type", kind)
            .body(body.to_vec())
    }

    pub async fn send(&self, signer: &str, path: &str, body: &[u8]) -> Answer {
        read(self.signed(signer, path, body).send().await.unwrap()).await
    }

    /// `on_confirm`, `on_cancel` or `on_update` of `platform` to `ledger`.
    pub async fn tell(&self, platform: &str, ledger: &str, action: &str, trade: &Trade) -> Answer {
        let body = self.leg(platform, ledger, action, trade);
        self.send(platform, &format!("/bap/receiver/{action}"), &body).await
    }

    /// The body of a leg from a platform to a ledger, with a message id of its own.
    pub fn leg(&self, platform: &str, ledger: &str, action: &str, trade: &Trade) -> Vec<u8> {
        let base = &self.running.base_url;
        let members = [
            ("bapId", ledger.to_owned()),
            ("bapUri", format!("{base}/bap/receiver")),
            ("bppId", platform.to_owned()),
            ("bppUri", format!("{}/bpp/caller", platform_url(platform))),
        ];
        self.body(action, &members, trade)
    }

    /// A leg from a platform to a ledger with this contract.
    pub fn leg_with(
        &self,
        platform: &str,
        ledger: &str,
        action: &str,
        trade: &Trade,
        contract: Json,
    ) -> Vec<u8> {
        let mut document = Json::parse(&self.leg(platform, ledger, action, trade)).unwrap();
        document.as_object_mut().unwrap().set("message", Json::object([("contract", contract)]));
        document.to_bytes()
    }

    /// The whole body: these context members beside the ones that every message has.
    pub fn body(&self, action: &str, members: &[(&str, String)], trade: &Trade) -> Vec<u8> {
        let own = [
            ("version", "2.0.0".to_owned()),
            ("action", action.to_owned()),
            ("networkId", NETWORK.to_owned()),
            ("transactionId", trade.transaction.clone()),
            ("messageId", self.ids.uuid().to_string()),
            ("timestamp", clock::Clock::now(&self.clock).to_rfc3339()),
        ];
        let members = own.into_iter().chain(members.iter().cloned());
        let context = Json::object(members.map(|(name, text)| (name, Json::from(text))));
        Json::object([("context", context), ("message", Json::object([("contract", trade.contract())]))])
            .to_bytes()
    }

    pub async fn get(&self, path: &str) -> Answer {
        read(self.http.get(self.url(path)).send().await.unwrap()).await
    }

    /// The records of a ledger, by the public read side.
    pub async fn records(&self, ledger: &str) -> Vec<Json> {
        let answer = self.get(&format!("/ledgers/{ledger}/records")).await;
        assert_eq!(answer.status, 200);
        answer.body.get("records").and_then(Json::as_array).expect("records").to_vec()
    }
}

pub async fn read(response: reqwest::Response) -> Answer {
    let (status, signed) = (response.status().as_u16(), response.headers().contains_key("signature"));
    let bytes = response.bytes().await.unwrap();
    Answer { status, signed, body: Json::parse(&bytes).unwrap_or(Json::Null) }
}

/// A contract between a seller and a buyer, as a test wants it.
#[derive(Clone, Debug)]
pub struct Trade {
    pub id: String,
    pub transaction: String,
    pub status: String,
    /// Price and requested quantity by slot, as JSON text; the first slot begins at `start`.
    pub cells: Vec<(String, String)>,
    pub start: String,
    pub duration: String,
    pub seller_meter: String,
    pub buyer_meter: String,
    pub seller: String,
    pub buyer: String,
    pub seller_discom: String,
    pub seller_ledger: String,
    pub buyer_ledger: String,
}

pub fn trade(ids: &Ids, requested: &[&str]) -> Trade {
    let slot = DeliverySlot::containing(NOW.saturating_add(Span::from_hours(24)));
    Trade {
        id: ids.uuid().to_string(),
        transaction: ids.uuid().to_string(),
        status: "ACTIVE".to_owned(),
        cells: requested.iter().map(|text| ("6.25".to_owned(), (*text).to_owned())).collect(),
        start: slot.start().to_rfc3339(),
        duration: "PT1H".to_owned(),
        seller_meter: "TEST_METER_SELLER".to_owned(),
        buyer_meter: "TEST_METER_BUYER".to_owned(),
        seller: SELLER.to_owned(),
        buyer: BUYER.to_owned(),
        seller_discom: "TEST_DISCOM_SELLER".to_owned(),
        seller_ledger: SELLER_LEDGER.to_owned(),
        buyer_ledger: BUYER_LEDGER.to_owned(),
    }
}

fn context(schema: &str) -> String {
    format!("https://schema.nfh.global/{schema}/context.jsonld")
}

impl Trade {
    pub fn contract(&self) -> Json {
        let rows: Vec<String> = self
            .cells
            .iter()
            .enumerate()
            .map(|(id, (price, requested))| {
                format!(
                    r#"{{"id":{id},"payloads":[{{"type":"PRICE_PER_KWH","values":[{price}]}},
                        {{"type":"REQUESTED_QTY","values":[{requested}]}}]}}"#
                )
            })
            .collect();
        let commitment = match self.status.as_str() {
            "CANCELLED" => "CLOSED",
            _ => "ACTIVE",
        };
        let text = format!(
            r#"{{"id":"{id}","status":{{"code":"{status}"}},
            "commitments":[{{"id":"commitment-1","status":{{"descriptor":{{"code":"{commitment}"}}}},
              "resources":[{{"id":"res-1","descriptor":{{"name":"Solar"}},
                "quantity":{{"@type":"Quantity","unitCode":"KWH","unitQuantity":1}}}}],
              "offer":{{"id":"offer-1","resourceIds":["res-1"]}},
              "commitmentAttributes":{{"@context":"{table}","@type":"TimeSeries",
                "intervalPeriod":{{"start":"{start}","duration":"{duration}"}},
                "payloadDescriptors":[
                  {{"objectType":"EVENT_PAYLOAD_DESCRIPTOR","payloadType":"PRICE_PER_KWH","currency":"INR"}},
                  {{"objectType":"EVENT_PAYLOAD_DESCRIPTOR","payloadType":"REQUESTED_QTY","units":"KWH"}}],
                "intervals":[{rows}]}}}}],
            "contractAttributes":{{"@context":"{deg}","@type":"DEGContract",
              "roles":[{{"role":"buyerPlatform","participantId":"{buyer}"}},
                {{"role":"sellerPlatform","participantId":"{seller}"}},
                {{"role":"buyerDiscom","participantId":"TEST_DISCOM_BUYER"}},
                {{"role":"sellerDiscom","participantId":"{seller_discom}"}}],
              "policy":{{"url":"https://policy.example/p","queryPath":"data.deg.contracts.p2p_trading"}}}},
            "participants":[
              {{"id":"{seller}","participantAttributes":{{"@context":"{customer}",
                "@type":"EnergyCustomer","meterId":"{seller_meter}"}}}},
              {{"id":"{buyer}","participantAttributes":{{"@context":"{customer}",
                "@type":"EnergyCustomer","meterId":"{buyer_meter}"}}}},
              {{"id":"TEST_DISCOM_BUYER","participantAttributes":{buyer_provider}}},
              {{"id":"{seller_discom}","participantAttributes":{seller_provider}}}]}}"#,
            table = context("BecknTimeSeries/v1.0"),
            deg = context("DEGContract/v2.0"),
            customer = context("EnergyCustomer/v2.0"),
            id = self.id,
            status = self.status,
            start = self.start,
            duration = self.duration,
            rows = rows.join(","),
            buyer = self.buyer,
            seller = self.seller,
            buyer_meter = self.buyer_meter,
            seller_meter = self.seller_meter,
            seller_discom = self.seller_discom,
            buyer_provider = provider("buyer-discom.example", &self.buyer_ledger),
            seller_provider = provider("seller-discom.example", &self.seller_ledger),
        );
        Json::parse_text(&text).expect("the fixture is JSON")
    }

    pub fn cancelled(&self) -> Self {
        Self { status: "CANCELLED".to_owned(), ..self.clone() }
    }

    pub fn requesting(&self, requested: &[&str]) -> Self {
        let cells = requested.iter().map(|text| ("6.25".to_owned(), (*text).to_owned())).collect();
        Self { cells, ..self.clone() }
    }
}

fn provider(discom_id: &str, ledger_id: &str) -> String {
    format!(
        r#"{{"@context":"{}","@type":"DiscomLedgerProvider",
        "discomId":"{discom_id}","discomUri":"https://{discom_id}",
        "ledgerId":"{ledger_id}","ledgerUri":"https://{ledger_id}"}}"#,
        context("DiscomLedgerProvider/v1.0")
    )
}

/// A platform that listens: it acknowledges what comes and keeps path and body.
pub struct Platform {
    pub url: String,
    received: Arc<Mutex<Vec<(String, Json)>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Platform {
    pub async fn start() -> Self {
        let received: Arc<Mutex<Vec<(String, Json)>>> = Arc::default();
        let kept = Arc::clone(&received);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let request = acknowledge(socket).await;
                let id = |message: &(String, Json)| message.1.at(&["context", "messageId"]).cloned();
                // The clock that a test moves lets leases run out, so that a message may come twice.
                let mut kept = kept.lock().unwrap();
                if !kept.iter().any(|before| id(before) == id(&request)) {
                    kept.push(request);
                }
            }
        });
        Self { url, received, task }
    }

    /// What has come, once there is something; a failure after ten seconds.
    pub async fn first(&self) -> (String, Json) {
        self.nth(0).await
    }

    /// How much has come.
    pub fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    /// As [`Platform::first`], for a later message.
    pub async fn nth(&self, index: usize) -> (String, Json) {
        for _ in 0..1_200 {
            if let Some(message) = self.received.lock().unwrap().get(index) {
                return message.clone();
            }
            let _ = tokio::time::timeout(Duration::from_millis(50), std::future::pending::<()>()).await;
        }
        panic!("nothing came");
    }

    pub fn stop(self) {
        self.task.abort();
    }
}

/// Reads one request and answers it.
async fn acknowledge(mut socket: tokio::net::TcpStream) -> (String, Json) {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        let mut chunk = [0; 4096];
        let count = socket.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let length = head.to_lowercase();
        let length = length.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
        if bytes.len() >= end + 4 + length.parse::<usize>().unwrap() {
            break (head, bytes[end + 4..].to_vec());
        }
    };
    let document = Json::parse(&body).unwrap();
    let id = document.at(&["context", "messageId"]).and_then(Json::as_str).unwrap_or_default();
    let ack = beckn_wire::ack::ack_body(id);
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        ack.len()
    );
    socket.write_all(answer.as_bytes()).await.unwrap();
    socket.write_all(&ack).await.unwrap();
    (head.split(' ').nth(1).unwrap().to_owned(), document)
}
