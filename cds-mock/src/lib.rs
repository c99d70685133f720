//! Catalog service and registry of keys (architecture, section 2): what a marketplace and a DeDi directory
//! are to the network, in one program with its own storage.
//!
//! It is a participant itself: it has an identity and a key, verifies what it is sent, and signs what it
//! answers. The protocol parts stand on [`node`]; here are the registry ([`registry`]), catalogs
//! ([`catalog`]), the search over them ([`discover`]), the feed for subscribers ([`feed`]), the glue
//! ([`service`]) and the HTTP adapter ([`http`]), the only module that knows actix.
//!
//! ```text
//! catalog/publish → judge (pure) → store → index → catalog/on_publish
//! catalog/publish → feed → catalog/push to subscribers; catalog/pull → catalog/on_pull
//! discover → candidates of the index → filter, names and places over their bodies → pages → on_discover
//! ```

pub mod catalog;
pub mod discover;
pub mod feed;
pub mod http;
pub mod policy;
pub mod registry;
pub mod service;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use beckn_wire::signature::{KeyId, SignatureError, SigningKey};
use clock::{Clocks, Ids};
use db::{Db, DbError};
use node::{AllowList, ClientConfig, GuardedClient, Identity, Node, NodeConfig, Registry};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::feed::Feed;
use crate::http::Shared;
use crate::registry::{Directory, DirectoryPolicy, OwnRegistry, Registration, RegistryFault};
use crate::service::CatalogService;

/// The tables of this crate.
pub const MIGRATIONS: &[db::Migration] = &[
    db::Migration {
        version: 1,
        name: "registry_and_catalogs",
        sqlite: include_str!("../migrations/sqlite/0001_registry_and_catalogs.sql"),
        postgres: include_str!("../migrations/postgres/0001_registry_and_catalogs.sql"),
    },
    db::Migration {
        version: 2,
        name: "index",
        sqlite: include_str!("../migrations/sqlite/0002_index.sql"),
        postgres: include_str!("../migrations/postgres/0002_index.sql"),
    },
    db::Migration {
        version: 3,
        name: "feed",
        sqlite: include_str!("../migrations/sqlite/0003_feed.sql"),
        postgres: include_str!("../migrations/postgres/0003_feed.sql"),
    },
    db::Migration {
        version: 4,
        name: "revision",
        sqlite: include_str!("../migrations/sqlite/0004_revision.sql"),
        postgres: include_str!("../migrations/postgres/0004_revision.sql"),
    },
];
/// The name under which [`MIGRATIONS`] are recorded.
pub const COMPONENT: &str = "cds-mock";
/// The subscriber id unless configured otherwise.
pub const SUBSCRIBER_ID: &str = "cds.wattmandi.example";
/// So long a registry record may be kept, in seconds (ruling 13).
const RECORD_TTL_SECS: i64 = 60;
/// So many may register by themselves.
const SELF_REGISTERED_MAX: i64 = 10_000;

/// What one instance is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Port 0 takes any free one.
    pub listen: SocketAddr,
    /// `sqlite:FILE` or `postgres://…`.
    pub database: String,
    /// Address in the registry; that of `listen` when absent.
    pub base_url: Option<String>,
    pub subscriber_id: String,
    pub key_id: String,
    pub key: SigningKey,
    /// Networks served.
    pub networks: Vec<String>,
    /// Those of which anyone may become a member by registering.
    pub open_networks: Vec<String>,
    /// Subscribers seeded by the operator.
    pub registrations: Vec<Registration>,
    /// Allows http and loopback addresses in the registry.
    pub insecure_demo: bool,
    /// Addresses that may be called beyond the public internet.
    pub allow: AllowList,
}

impl Config {
    /// The defaults: the test networks, open to all who register; nothing but public https addresses.
    pub fn new(
        listen: SocketAddr,
        database: impl Into<String>,
        key_id: impl Into<String>,
        key: SigningKey,
    ) -> Self {
        let networks =
            [energy_rules::NETWORK_TEST, energy_rules::NETWORK_TEST_DEG].map(str::to_owned).to_vec();
        Self {
            listen,
            database: database.into(),
            base_url: None,
            subscriber_id: SUBSCRIBER_ID.to_owned(),
            key_id: key_id.into(),
            key,
            open_networks: networks.clone(),
            networks,
            registrations: Vec::new(),
            insecure_demo: false,
            allow: AllowList::none(),
        }
    }

    /// The same for tests and the demo: http and loopback are allowed.
    #[must_use]
    pub fn demo(mut self) -> Self {
        self.insecure_demo = true;
        self.allow = AllowList::loopback_for_demo();
        self
    }
}

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("the subscriber id and the key id: {0}")]
    Name(#[from] SignatureError),
    #[error("the registration of {0}: {1}")]
    Seed(String, RegistryFault),
    #[error(transparent)]
    Node(#[from] node::ConfigError),
    #[error("the HTTP client: {0}")]
    Client(#[from] node::client::ClientError),
}

/// A running service.
pub struct Running {
    pub address: SocketAddr,
    pub base_url: String,
    pub node: Arc<Node>,
    pub db: Db,
    pub directory: Directory,
    pub feed: Arc<Feed>,
    pub index: Arc<catalog::Index>,
    cancel: CancellationToken,
    server: http::Serving,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// The URL template of lookups of one key, as `wattmandi serve` takes it.
    pub fn lookup_base(&self) -> String {
        format!("{}/registry/dedi", self.base_url)
    }

    /// The address of the contract policy's record, as offers name it.
    pub fn policy_url(&self) -> String {
        format!("{}/lookup/{}", self.lookup_base(), policy::RECORD.join("/"))
    }

    /// Registers a subscriber by the operator's word, with whatever membership.
    ///
    /// # Errors
    /// See [`Directory::seed`].
    pub async fn register(&self, registration: Registration) -> Result<(), RegistryFault> {
        self.directory.seed(registration).await
    }

    /// Stops serving, waits for what is under way, and closes the database. What was acknowledged is stored.
    pub async fn stop(self) {
        self.server.stop().await;
        self.cancel.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task ended badly");
            }
        }
        self.db.close().await;
    }
}

/// Starts the service: database, own identity, seeded subscribers, workers, HTTP.
///
/// # Errors
/// See [`Error`]; nothing is left running then.
pub async fn start(config: Config, clocks: Clocks, ids: Ids) -> Result<Running, Error> {
    let listen = |e| Error::Listen(config.listen, e);
    let listener = TcpListener::bind(config.listen).map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let base_url = config.base_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let key_id = KeyId::new(&*config.subscriber_id, &*config.key_id)?;
    let (db, directory) = open(&config, &clocks, &base_url).await?;
    let identity = Identity {
        subscriber_id: config.subscriber_id.clone(),
        key_id,
        signing_key: config.key.clone(),
        base_url: base_url.clone(),
    };
    let networks: Vec<&str> = config.networks.iter().map(String::as_str).collect();
    let node_config = NodeConfig::new(identity, &networks);
    let tolerance = node_config.tolerance;
    let client =
        GuardedClient::new(&ClientConfig { allow: config.allow.clone(), ..ClientConfig::default() })?;
    let registry: Arc<dyn Registry> = Arc::new(OwnRegistry::new(directory.clone()));
    let node = Node::new(node_config, db.clone(), clocks.clone(), ids, Arc::clone(&registry), client)?;
    let node = Arc::new(node);
    let own = feed::Service {
        subscriber_id: config.subscriber_id.clone(),
        base_url: base_url.clone(),
        key: config.key.clone(),
        networks: config.networks.clone(),
    };
    let feed = Arc::new(Feed::new(db.clone(), clocks.clone(), Arc::clone(&registry), own));
    let index = Arc::new(catalog::load(&db, clocks.market.now()).await?);
    let (told, shown) = (Arc::clone(&feed), Arc::clone(&index));
    let service = Arc::new(CatalogService::new(db.clone(), shown, clocks, registry, tolerance, told));
    service.speak_through(&node);
    node.attach(service);
    // An embedded database is one process's own: what a killed one had begun need not wait for its lease.
    if db.dialect() == db::Dialect::Sqlite {
        node.recover().await?;
    }
    let runtime = tokio::runtime::Handle::current();
    let shared = Shared {
        node: Arc::clone(&node),
        directory: directory.clone(),
        feed: Arc::clone(&feed),
        db: db.clone(),
        runtime,
        base_url: base_url.as_str().into(),
    };
    let server = http::serve(shared, listener).map_err(listen)?;
    let cancel = CancellationToken::new();
    let working = tokio::spawn(Arc::clone(&node).run(cancel.clone()));
    let feeding = tokio::spawn(Arc::clone(&feed).run(cancel.clone()));
    let subscriber = config.subscriber_id;
    tracing::info!(%address, base_url, subscriber, "catalog service and registry ready");
    let tasks = vec![working, feeding];
    Ok(Running { address, base_url, node, db, directory, feed, index, cancel, server, tasks })
}

/// The database, brought up to date, and the registry over it with the service itself and the seeded
/// subscribers.
async fn open(config: &Config, clocks: &Clocks, base_url: &str) -> Result<(Db, Directory), Error> {
    let db = Db::connect(&config.database, &db::Options::default()).await?;
    let now = clocks.wire.now();
    db.migrate(node::COMPONENT, node::MIGRATIONS, now).await?;
    db.migrate(COMPONENT, MIGRATIONS, now).await?;
    let policy = DirectoryPolicy {
        open_networks: config.open_networks.clone(),
        insecure_demo: config.insecure_demo,
        ttl_secs: RECORD_TTL_SECS,
        self_registered_max: SELF_REGISTERED_MAX,
    };
    let directory = Directory::new(db.clone(), Arc::clone(&clocks.wire), policy);
    let own = Registration {
        subscriber_id: config.subscriber_id.clone(),
        url: base_url.to_owned(),
        kind: "CDS".to_owned(),
        domain: String::new(),
        key_id: config.key_id.clone(),
        public_key: config.key.public(),
        encr_public_key: String::new(),
        network_memberships: config.networks.clone(),
        valid_until: None,
    };
    for registration in std::iter::once(own).chain(config.registrations.clone()) {
        let name = registration.subscriber_id.clone();
        directory.seed(registration).await.map_err(|fault| Error::Seed(name, fault))?;
    }
    Ok((db, directory))
}
