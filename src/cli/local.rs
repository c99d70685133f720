//! A whole network in one process, for the demo and for tests: catalog service and registry, two DISCOMs with their
//! ledgers, two rival platforms. Everything is real but the utility: HTTP, signatures, storage.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use clock::{Clocks, Ids};
use discom_mock::config::Discom as LedgerOfDiscom;
use energy_credentials::VerificationKey;
use node::{AllowList, ClientConfig, DediConfig, DediRegistry, GuardedClient, Identity, Registry};
use sha2::{Digest, Sha256};
use units::WattHours;

use super::platform::{self, Place, Platform, StartError};
use crate::config::{
    BillsConfig, ChoiceConfig, Config, CredentialsConfig, Discom, IssuerConfig, MeterConfig, NetworkConfig,
    NotifyConfig, Secret, ServerConfig, SettlementConfig, SignInConfig, TradeConfig, TrustConfig, UserConfig,
    WebConfig, WebhooksConfig,
};
use crate::network::{KeyId, SigningKey};

/// The DISCOM of the north, in contracts.
pub const NORTH: &str = "TEST_DISCOM_NORTH";
/// The DISCOM of the south.
pub const SOUTH: &str = "TEST_DISCOM_SOUTH";
/// Subscriber ids of the two platforms.
pub const ALPHA: &str = "alpha.wattmandi.example";
pub const BETA: &str = "beta.wattmandi.example";

/// What a local network is told.
pub struct LocalOptions {
    /// Databases of catalog, DISCOMs and the two platforms.
    pub databases: [String; 4],
    /// Ports of catalog, DISCOMs, the two platforms and their two operator's ports; 0 takes any free one.
    pub ports: [u16; 6],
    pub clocks: Clocks,
    pub ids: Ids,
    pub trade: TradeConfig,
    /// How often one may ask, and from where; the network's addresses are http, so no TLS.
    pub web: WebConfig,
    /// The people of each platform.
    pub users: [Vec<UserConfig>; 2],
}

impl LocalOptions {
    /// SQLite files in a folder, free ports, the six people of the demo.
    pub fn in_folder(folder: &Path, clocks: Clocks) -> Self {
        let file = |name: &str| format!("sqlite:{}", folder.join(name).display());
        Self {
            databases: [file("catalog.db"), file("discoms.db"), file("alpha.db"), file("beta.db")],
            ports: [0; 6],
            clocks,
            ids: Ids::system(),
            trade: TradeConfig::default(),
            web: WebConfig::default(),
            users: people(),
        }
    }
}

/// The network at work.
pub struct LocalNetwork {
    pub catalog: cds_mock::Running,
    pub discoms: discom_mock::Running,
    /// Alpha, then beta.
    pub platforms: Vec<Platform>,
}

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    #[error("catalog service: {0}")]
    Catalog(#[from] cds_mock::Error),
    #[error("DISCOMs: {0}")]
    Discoms(#[from] discom_mock::Error),
    #[error("platform: {0}")]
    Platform(#[from] StartError),
    #[error("registry: {0}")]
    Registry(String),
    #[error("cannot listen on port {0}: {1}")]
    Listen(u16, std::io::Error),
}

impl LocalNetwork {
    /// Starts all of it.
    ///
    /// # Errors
    /// Any part does not start.
    pub async fn start(options: LocalOptions) -> Result<Self, LocalError> {
        let [catalog_db, discoms_db, ..] = options.databases.clone();
        let [catalog_port, discoms_port, ..] = options.ports;
        let key = demo_key(cds_mock::SUBSCRIBER_ID);
        let config = cds_mock::Config::new(loopback(catalog_port), catalog_db, "key-1", key).demo();
        let catalog = cds_mock::start(config, options.clocks.clone(), options.ids.clone()).await?;
        let config = discom_config(loopback(discoms_port), discoms_db, &catalog, &options.clocks)?;
        let discoms = discom_mock::start(config, options.clocks.clone(), options.ids.clone()).await?;
        for identity in discoms.registrations() {
            let name = (identity.key_id.subscriber_id(), identity.key_id.key_id());
            register(&catalog, name, "DISCOM", &identity.url, identity.public_key).await?;
        }
        let mut platforms = Vec::new();
        for (index, subscriber) in [ALPHA, BETA].into_iter().enumerate() {
            platforms.push(start_platform(&options, index, subscriber, &catalog, &discoms).await?);
        }
        Ok(Self { catalog, discoms, platforms })
    }

    /// Stops all of it, cleanly.
    pub async fn stop(self) {
        for platform in self.platforms {
            platform.stop().await;
        }
        self.discoms.stop().await;
        self.catalog.stop().await;
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// The key of a demo participant: anyone can compute it, so `serve` refuses it without `--insecure-demo`.
pub fn demo_key(subscriber_id: &str) -> SigningKey {
    let seed: [u8; 32] = Sha256::digest(format!("wattmandi demo key of {subscriber_id}").as_bytes()).into();
    SigningKey::from_seed(&seed)
}

async fn register(
    catalog: &cds_mock::Running,
    (subscriber_id, key_id): (&str, &str),
    kind: &str,
    url: &str,
    public_key: crate::network::PublicKey,
) -> Result<(), LocalError> {
    let registration = cds_mock::registry::Registration {
        subscriber_id: subscriber_id.to_owned(),
        url: url.to_owned(),
        kind: kind.to_owned(),
        domain: String::new(),
        key_id: key_id.to_owned(),
        public_key,
        encr_public_key: String::new(),
        network_memberships: vec![energy_rules::NETWORK_TEST.to_owned()],
        valid_until: None,
    };
    catalog.register(registration).await.map_err(|fault| LocalError::Registry(fault.to_string()))
}

fn discom_config(
    listen: SocketAddr,
    database_url: String,
    catalog: &cds_mock::Running,
    clocks: &Clocks,
) -> Result<discom_mock::config::Config, LocalError> {
    let allow = AllowList::loopback_for_demo();
    let client = GuardedClient::new(&ClientConfig { allow: allow.clone(), ..ClientConfig::default() })
        .map_err(|error| LocalError::Registry(error.to_string()))?;
    let registry: Arc<dyn Registry> =
        Arc::new(DediRegistry::new(DediConfig::at(&catalog.lookup_base()), client, Arc::clone(&clocks.wire)));
    let discom = |code: &str, name: &str| {
        let key = |subscriber: &str| discom_mock::config::Key {
            id: "key-1".to_owned(),
            signing_key: demo_key(subscriber),
        };
        let (discom_id, ledger_id) = (format!("{name}.discom.example"), format!("{name}.ledger.example"));
        LedgerOfDiscom {
            code: code.to_owned(),
            discom_key: key(&discom_id),
            ledger_key: key(&ledger_id),
            discom_id,
            ledger_id,
        }
    };
    Ok(discom_mock::config::Config {
        listen,
        database_url,
        base_url: None,
        discoms: vec![discom(NORTH, "north"), discom(SOUTH, "south")],
        networks: vec![energy_rules::NETWORK_TEST.to_owned()],
        registry,
        allow_list: allow,
        meters: Vec::new(),
        enrolled: SPARES.iter().map(Spare::enrolled).collect(),
        metering: discom_mock::config::Metering::default(),
        behavior: Vec::new(),
        hold: discom_mock::config::HOLD,
        insecure_demo: true,
    })
}

async fn start_platform(
    options: &LocalOptions,
    index: usize,
    subscriber: &str,
    catalog: &cds_mock::Running,
    discoms: &discom_mock::Running,
) -> Result<Platform, LocalError> {
    let bind = |port: u16| TcpListener::bind(loopback(port)).map_err(|e| LocalError::Listen(port, e));
    let (listen, ops) = (bind(options.ports[2 + index])?, bind(options.ports[4 + index])?);
    let address = listen.local_addr().map_err(|e| LocalError::Listen(0, e))?;
    let base_url = format!("http://{address}");
    let key = demo_key(subscriber);
    register(catalog, (subscriber, "key-1"), "BPP", &base_url, key.public()).await?;
    let key_id = KeyId::new(subscriber, "key-1").map_err(|e| LocalError::Registry(e.to_string()))?;
    let identity = Identity {
        subscriber_id: subscriber.to_owned(),
        key_id,
        signing_key: key,
        base_url: base_url.clone(),
    };
    let config = Config {
        server: ServerConfig {
            listen: address,
            ops_listen: loopback(0),
            database_url: Secret::new(options.databases[2 + index].clone()),
            key_file: std::path::PathBuf::new(),
            storage_key_file: None,
            insecure_demo: true,
        },
        network: network_config(subscriber, &base_url, catalog, discoms),
        trade: options.trade.clone(),
        trust: TrustConfig::default(),
        notify: NotifyConfig::default(),
        sign_in: SignInConfig::default(),
        settlement: SettlementConfig { credit_limit_inr: DEMO_CREDIT, ..SettlementConfig::default() },
        choice: choice(),
        web: options.web.clone(),
        credentials: CredentialsConfig { issuers: issuers(), ..CredentialsConfig::default() },
        bills: BillsConfig::default(),
        webhooks: WebhooksConfig::default(),
        users: options.users[index].clone(),
    };
    let place = Place { identity, listen, ops: Some(ops) };
    Ok(platform::start(&config, place, options.clocks.clone(), options.ids.clone()).await?)
}

/// Each DISCOM issues credentials, with its key in the network.
fn issuers() -> Vec<IssuerConfig> {
    let issuer = |(discom, name): (&str, &str)| {
        let domain = format!("{name}.discom.example");
        let key = base64::engine::general_purpose::STANDARD.decode(demo_key(&domain).public().to_base64());
        let key = key.ok().and_then(|key| VerificationKey::ed25519(&key).ok());
        IssuerConfig {
            id: format!("did:web:{domain}"),
            discom: discom.to_owned(),
            keys: key.iter().map(|key| format!("key-1 {}", key.to_multibase())).collect(),
        }
    };
    [(NORTH, "north"), (SOUTH, "south")].map(issuer).into()
}

/// What the grid asks for a kWh in the demo.
fn choice() -> ChoiceConfig {
    let tariffs = [(NORTH, 80_000), (SOUTH, 85_000)];
    let tariffs = tariffs.map(|(discom, price)| (discom.to_owned(), units::Price::new(price)));
    ChoiceConfig { grid_tariff_inr: tariffs.into_iter().collect(), ..ChoiceConfig::default() }
}

fn network_config(
    subscriber: &str,
    base_url: &str,
    catalog: &cds_mock::Running,
    discoms: &discom_mock::Running,
) -> NetworkConfig {
    let discom = |code: &str, name: &str| Discom {
        code: code.to_owned(),
        discom_id: format!("{name}.discom.example"),
        discom_uri: discoms.base_url.clone(),
        ledger_id: format!("{name}.ledger.example"),
        ledger_uri: discoms.base_url.clone(),
    };
    let mut config =
        NetworkConfig::new(subscriber, base_url, &catalog.lookup_base(), cds_mock::SUBSCRIBER_ID);
    config.policy.url = catalog.policy_url();
    config.policy_prefixes = vec![catalog.lookup_base()];
    // A whole network shares one laptop, and the time that counts is that of the wall.
    config.policy_time_ms = 20_000;
    config.discoms = vec![discom(NORTH, "north"), discom(SOUTH, "south")];
    // The two platforms sign their callbacks in the two ways that the network knows.
    if subscriber == BETA {
        config.callback_signing = "chained".to_owned();
    }
    config
}

/// A meter of the demo that is nobody's yet; whoever has its key can claim it.
pub struct Spare {
    pub platform: &'static str,
    pub discom: &'static str,
    pub meter: &'static str,
    pub key: &'static str,
    capacity_w: Option<i64>,
    load_w: i64,
}

/// One that sells and one that buys for the users of each platform, in DISCOMs that trade with one another.
pub const SPARES: [Spare; 4] = [
    spare("alpha", NORTH, "TEST_METER_SPARE_SUN_1", "N-4471-2093", Some(6_000)),
    spare("alpha", NORTH, "TEST_METER_SPARE_HOME_1", "N-8850-6127", None),
    spare("beta", SOUTH, "TEST_METER_SPARE_SUN_2", "S-1364-9058", Some(6_000)),
    spare("beta", SOUTH, "TEST_METER_SPARE_HOME_2", "S-7702-3416", None),
];

const fn spare(
    platform: &'static str,
    discom: &'static str,
    meter: &'static str,
    key: &'static str,
    capacity_w: Option<i64>,
) -> Spare {
    Spare { platform, discom, meter, key, capacity_w, load_w: 12_000 }
}

impl Spare {
    fn enrolled(&self) -> discom_mock::enrolled::Enrolled {
        discom_mock::enrolled::Enrolled {
            discom: self.discom.to_owned(),
            meter: self.meter.to_owned(),
            key: self.key.to_owned(),
            customer_number: self.meter.replace("METER", "CUST"),
            resource_type: self.capacity_w.map(|_| "SOLAR".to_owned()),
            capacity_w: self.capacity_w,
            sanctioned_load_w: Some(self.load_w),
        }
    }
}

/// So much in thirty days without a break.
fn month_at(watts: i64) -> WattHours {
    WattHours::new(watts.saturating_mul(30 * 24))
}

/// Enough for every trade of a long demo: one million INR.
const DEMO_CREDIT: units::Paise = units::Paise::new(100_000_000);

/// Six prosumers, three on each platform, spread over the two DISCOMs: so that every kind of trade happens, also one
/// inside a platform, and one that the network refuses because both belong to one DISCOM.
pub fn people() -> [Vec<UserConfig>; 2] {
    let person =
        |handle: &str, name: &str, discom: &str, solar_w: Option<i64>, load_w: i64, place: &str| UserConfig {
            handle: handle.to_owned(),
            name: name.to_owned(),
            token: Some(Secret::new(format!("demo-token-of-{handle}"))),
            email: Some(format!("{handle}@wattmandi.example")),
            password: Some(Secret::new(format!("demo-password-of-{handle}"))),
            role: None,
            discom: None,
            payout_name: None,
            payout_vpa: Some(format!("{handle}@upi")),
            // The most that panel and connection could do in a month: what trust leaves of it does not hold up the demo.
            monthly_production_kwh: solar_w.map(month_at),
            production_verified: true,
            monthly_consumption_kwh: Some(month_at(load_w)),
            credit_limit_inr: None,
            meters: vec![MeterConfig {
                id: format!("TEST_METER_{}", handle.to_uppercase()),
                discom: discom.to_owned(),
                customer_number: format!("TEST_CUST_{}", handle.to_uppercase()),
                resource_type: solar_w.map(|_| "SOLAR".to_owned()),
                installed_capacity_w: solar_w,
                sanctioned_load_w: Some(load_w),
                place: Some(place.to_owned()),
            }],
        };
    [
        vec![
            person("asha", "Asha", NORTH, Some(10_000), 8_000, "28.70, 77.10"),
            person("bilal", "Bilal", SOUTH, None, 60_000, "28.54, 77.27"),
            person("chitra", "Chitra", NORTH, Some(5_000), 60_000, "28.66, 77.23"),
        ],
        vec![
            person("dev", "Dev", SOUTH, Some(12_000), 8_000, "28.57, 77.21"),
            person("esha", "Esha", NORTH, None, 60_000, "28.73, 77.12"),
            person("farid", "Farid", SOUTH, Some(6_000), 60_000, "28.49, 77.09"),
        ],
    ]
}
