//! DISCOMs and their ledgers: any number of them in one process, on one port and one database.
//!
//! `mock` means that no utility stands behind it. The protocol, the signatures, the storage and the
//! arithmetic are real: another implementer can test against it, and faults can be put on each ledger on
//! demand.
//!
//! ```text
//! http (actix) → node (verify, store, answer) → application → ledger (terms → service → store)
//!                                                    behavior ┘      ↑
//!                                        delivery worker → delivery ──┴─ metering
//! ```

pub mod application;
mod auth;
pub mod behavior;
pub mod config;
pub mod delivery;
pub mod enrolled;
mod http;
pub mod ledger;
pub mod metering;
pub mod rest;

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use beckn_wire::energy::normalize_meter;
use beckn_wire::signature::{KeyId, PublicKey};
use clock::{Clocks, Ids};
use db::{Db, DbError, Options};
use node::{ClientConfig, GuardedClient, Identity, Node, NodeConfig};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::application::Ledgers;
use crate::behavior::Behaviors;
use crate::config::{Config, ConfigError, Discom, Key};
use crate::delivery::meters::{HeadEnd, HeadEnds};
use crate::ledger::meters::Meters;

/// Why the process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),
    #[error("the subscriber or key id {0} cannot stand in a signature")]
    Identity(String),
    #[error("the base address {0} cannot be used")]
    BaseUrl(String),
    #[error("listening: {0}")]
    Listen(#[from] std::io::Error),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("the HTTP client: {0}")]
    Client(#[from] node::client::ClientError),
}

/// A process of DISCOMs at work. Dropping it leaves it running; [`Running::stop`] ends it.
pub struct Running {
    pub address: SocketAddr,
    /// The address in the registry records of every identity.
    pub base_url: String,
    pub node: Arc<Node>,
    pub db: Db,
    /// Faults of the ledgers, to be changed at any time.
    pub behavior: Behaviors,
    server: http::Serving,
    cancel: CancellationToken,
    working: JoinHandle<()>,
    delivery: Arc<delivery::service::Tools>,
    delivering: JoinHandle<()>,
}

/// What the registry has to know of one identity.
#[derive(Clone, Debug)]
pub struct Registration {
    pub key_id: KeyId,
    pub public_key: PublicKey,
    pub url: String,
}

impl Running {
    /// One registration per DISCOM and per ledger.
    pub fn registrations(&self) -> Vec<Registration> {
        let registration = |identity: &Arc<Identity>| Registration {
            key_id: identity.key_id.clone(),
            public_key: identity.signing_key.public(),
            url: identity.base_url.clone(),
        };
        self.node.identities().iter().map(registration).collect()
    }

    /// Works off at once what is due of the days after delivery. Gives how many cells were written.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle(&self) -> Result<usize, DbError> {
        self.delivery.tick().await
    }

    /// Takes no more messages, finishes what is under way, and closes the database.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.server.stop().await;
        // A worker that panicked has been reported already; there is nothing left to wait for.
        let _ = self.working.await;
        let _ = self.delivering.await;
        self.db.close().await;
    }
}

/// Prepares the database, listens, and works until it is stopped.
///
/// # Errors
/// See [`Error`].
pub async fn start(config: Config, clocks: Clocks, ids: Ids) -> Result<Running, Error> {
    config.check()?;
    let db = Db::connect(&config.database_url, &Options::default()).await?;
    db.migrate(node::COMPONENT, node::MIGRATIONS, clocks.wire.now()).await?;
    db.migrate(ledger::COMPONENT, ledger::MIGRATIONS, clocks.wire.now()).await?;

    let listener = TcpListener::bind(config.listen)?;
    let address = listener.local_addr()?;
    let base_url = config.base_url.unwrap_or_else(|| format!("http://{address}"));
    let client = GuardedClient::new(&ClientConfig { allow: config.allow_list, ..ClientConfig::default() })?;
    let networks = config.networks;
    let node_config = NodeConfig {
        identities: identities(&config.discoms, &base_url)?,
        networks: networks.clone(),
        tolerance: beckn_wire::validate::Tolerance::ies(),
        policy: beckn_wire::signature::VerifyPolicy::spec(),
        limits: node::Limits::default(),
        callback_signing: node::CallbackSigning::default(),
        poll: std::time::Duration::from_millis(500),
    };
    let node = Node::new(node_config, db.clone(), clocks.clone(), ids, config.registry, client);
    let node = Arc::new(node.map_err(|_| Error::BaseUrl(base_url.clone()))?);

    let behavior = Behaviors::default();
    for (ledger_id, fault) in config.behavior {
        behavior.set(&ledger_id, Some(fault));
    }
    let enrolled = config.enrolled.iter().map(enrolled::Enrolled::limits);
    let meters = Arc::new(Meters::new(enrolled.chain(config.meters)));
    let head_ends = head_ends(&config.discoms, &config.metering);
    let delivery = Arc::new(delivery::service::Tools {
        db: db.clone(),
        clocks: clocks.clone(),
        node: Arc::clone(&node),
        meters: Arc::clone(&meters),
        simulator: config.metering.simulator,
        head_ends: head_ends.clone(),
        upload_only: config.metering.upload_only.iter().map(|meter| normalize_meter(meter)).collect(),
    });
    rest::items::catch_up(&db).await?;
    let directory = rest::service::Directory::new(&config.discoms, &networks);
    let ledgers = Ledgers::new(
        &config.discoms,
        db.clone(),
        clocks.clone(),
        Arc::clone(&meters),
        behavior.clone(),
        config.hold,
        head_ends,
    );
    let ledgers = Arc::new(ledgers);
    ledgers.attach(&node);
    node.attach(Arc::clone(&ledgers) as Arc<dyn node::Application>);
    // An embedded database is one process's own: what a killed one had begun need not wait for its lease.
    if db.dialect() == db::Dialect::Sqlite {
        node.recover().await?;
    }

    let state = http::State {
        node: Arc::clone(&node),
        ledgers,
        db: db.clone(),
        behaviors: behavior.clone(),
        clocks,
        directory,
        meters,
        enrolled: enrolled::Register::new(config.enrolled),
        insecure_demo: config.insecure_demo,
    };
    let server = http::serve(listener, state)?;
    let cancel = CancellationToken::new();
    let working = tokio::spawn(Arc::clone(&node).run(cancel.clone()));
    let worker = Arc::clone(&delivery);
    let stopping = cancel.clone();
    let delivering = tokio::spawn(async move { worker.work(stopping).await });
    tracing::info!(%address, base_url, "DISCOM ledgers listen");
    Ok(Running { address, base_url, node, db, behavior, server, cancel, working, delivery, delivering })
}

/// Who reads the meters of each DISCOM.
fn head_ends(discoms: &[Discom], metering: &config::Metering) -> HeadEnds {
    let of = |discom: &Discom| {
        let elsewhere = metering.head_ends.get(&discom.code);
        HeadEnd {
            code: discom.code.clone(),
            ledger_id: discom.ledger_id.clone(),
            subscriber_id: elsewhere.unwrap_or(&discom.discom_id).clone(),
            elsewhere: elsewhere.is_some(),
        }
    };
    HeadEnds::new(discoms.iter().map(of).collect())
}

/// Each DISCOM and each ledger once.
fn identities(discoms: &[Discom], base_url: &str) -> Result<Vec<Identity>, Error> {
    let mut seen = BTreeSet::new();
    let mut identities = Vec::new();
    for discom in discoms {
        for (subscriber_id, key) in
            [(&discom.discom_id, &discom.discom_key), (&discom.ledger_id, &discom.ledger_key)]
        {
            if seen.insert(subscriber_id.clone()) {
                identities.push(identity(subscriber_id, key, base_url)?);
            }
        }
    }
    Ok(identities)
}

fn identity(subscriber_id: &str, key: &Key, base_url: &str) -> Result<Identity, Error> {
    let key_id = KeyId::new(subscriber_id, &key.id).map_err(|_| Error::Identity(subscriber_id.to_owned()))?;
    Ok(Identity {
        subscriber_id: subscriber_id.to_owned(),
        key_id,
        signing_key: key.signing_key.clone(),
        base_url: base_url.to_owned(),
    })
}
