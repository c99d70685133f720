//! One participant at work in this process: database, node, flows, API, workers. `serve` starts one, the demo two.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clock::{Clocks, Ids, SystemEntropy};
use contract_policy::Limits;
use db::{Db, DbError, Vault};
use energy_rules::RuleSet;
use futures_util::FutureExt;
use node::{
    AllowList, CallbackSigning, ClientConfig, DediConfig, DediRegistry, GuardedClient, Identity, Node,
    NodeConfig, Registry,
};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use units::{Paise, Span, Timestamp};

use crate::api::{self, ApiState};
use crate::bills::{Desk, Model};
use crate::cache::Cache;
use crate::config::{Config, ConfigError, ServerConfig, UserConfig};
use crate::credentials::Verifier;
use crate::identity::external::{IssuerError, Issuers};
use crate::identity::{self, Hasher, IdentityError, NewUser, Role, admin, contact};
use crate::metering::{self, Meter};
use crate::network::{Participant, Policies, PolicySource, Settings};
use crate::notify::{Post, PostFault};
use crate::secrets::{self, SecretFileError};
use crate::settlement::{self, MoneyError, Rate, RateKind};
use crate::trust::{self, Capacity};
use crate::webhooks::{Secrets, Sender};
use crate::workers::{self, Dispatcher};

/// So long a platform that stops waits for messages to people.
const POST_TIME: Duration = Duration::from_secs(10);

/// Why a platform does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the database: {0}")]
    Database(#[from] DbError),
    #[error("the signing key: {0}")]
    Key(#[from] node::keys::KeyFileError),
    #[error("the node: {0}")]
    Node(#[from] node::ConfigError),
    #[error("the HTTP client: {0}")]
    Client(#[from] node::client::ClientError),
    #[error("allowed_hosts: {0} is not host:port")]
    AllowedHost(String),
    #[error("the secret of the webhooks: {0}")]
    Secrets(SecretFileError),
    #[error("the storage key: {0}")]
    StorageKey(SecretFileError),
    #[error(
        "the messages in the database were sealed with another storage key than {0}: bring its file back"
    )]
    OtherStorageKey(String),
    #[error("network.network_id: no rules are known for {0}")]
    UnknownNetwork(String),
    #[error("sign_in: {0}")]
    SignIn(#[from] IssuerError),
    #[error("notify: {0}")]
    Notify(#[from] PostFault),
    #[error("users: {0}")]
    Users(#[from] IdentityError),
    #[error("settlement: {0}")]
    Settlement(#[from] MoneyError),
    #[error("web.redis_url: {0}")]
    Cache(#[from] crate::cache::CacheError),
    #[error("TLS: {0}")]
    Tls(#[from] api::TlsError),
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
}

/// A running platform.
pub struct Platform {
    pub participant: Participant,
    /// Where the public port listens.
    pub address: SocketAddr,
    /// Where the operator's port listens.
    pub ops_address: Option<SocketAddr>,
    cancel: CancellationToken,
    server: api::Running,
    tasks: Vec<JoinHandle<()>>,
    post: Post,
}

impl Platform {
    /// Stops serving, lets what is under way end, and closes the database. What was acknowledged is stored.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.server.stop().await;
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a worker ended badly");
            }
        }
        self.post.finish(POST_TIME).await;
        self.participant.db.close().await;
    }
}

/// Where a platform listens and what it signs with: apart from the configuration, so that a test or the demo can give
/// bound ports and keys of its own.
pub struct Place {
    pub identity: Identity,
    pub listen: std::net::TcpListener,
    pub ops: Option<std::net::TcpListener>,
}

/// Opens the database and brings it to the newest schema. Without a vault its messages cannot be read.
///
/// # Errors
/// It cannot be reached, is newer than this program, or was changed by hand.
pub async fn open_database(url: &str, clocks: &Clocks, vault: Option<Vault>) -> Result<Db, DbError> {
    let options = db::Options { vault: vault.map(Arc::new), ..db::Options::default() };
    let db = Db::connect(url, &options).await?;
    let now = clocks.wire.now();
    db.migrate(node::COMPONENT, node::MIGRATIONS, now).await?;
    db.migrate(crate::COMPONENT, crate::MIGRATIONS, now).await?;
    Ok(db)
}

/// Opens the database of a platform with its storage key, which the first start makes.
async fn open_sealed(config: &ServerConfig, clocks: &Clocks, ids: &Ids) -> Result<Db, StartError> {
    let random = |bytes: &mut [u8]| bytes.copy_from_slice(&ids.bytes::<32>());
    let file = config.storage_key_file();
    let key = match &file {
        Some(file) => secrets::read_or_make(file, random).map_err(StartError::StorageKey)?,
        // Only the demo has no file of its own; whatever it could use is as public as its signing keys.
        None => Sha256::digest(b"wattmandi demo storage key").into(),
    };
    let vault = Vault::new(&key, Arc::new(SystemEntropy))?;
    let db = open_database(config.database_url.expose(), clocks, Some(vault)).await?;
    match node::seal::check(&db).await {
        Ok(()) => Ok(db),
        Err(DbError::Sealed) => {
            db.close().await;
            let file = file.map_or_else(|| "the demo's".to_owned(), |file| file.display().to_string());
            Err(StartError::OtherStorageKey(file))
        }
        Err(error) => Err(error.into()),
    }
}

/// Starts a platform.
///
/// # Errors
/// See [`StartError`]; nothing is left running then.
pub async fn start(config: &Config, place: Place, clocks: Clocks, ids: Ids) -> Result<Platform, StartError> {
    config.validate()?;
    let db = open_sealed(&config.server, &clocks, &ids).await?;
    seed(&db, &ids, &clocks, config).await?;
    seed_money(&db, &clocks, config).await?;
    let client = make_client(config, &config.network.allowed_hosts)?;
    let (node, registry) = make_node(config, place.identity, &client, &db, &clocks, &ids)?;
    let settings = settings(config, &clocks)?;
    for (peer, mode) in &config.network.peer_signing {
        let (peer, mode) = (peer.clone(), signing(mode));
        db.write(move |tx| {
            let peer = peer.clone();
            async move { node::peers::pin(tx, &peer, mode).await }.boxed()
        })
        .await?;
    }
    let dispatcher = Arc::new(Dispatcher::new());
    node.attach(Arc::<Dispatcher>::clone(&dispatcher));
    let source = PolicySource {
        prefixes: config.network.policy_prefixes.clone(),
        keep: Span::from_secs(config.network.policy_cache_secs),
        limits: Limits { time: Duration::from_millis(config.network.policy_time_ms), ..Limits::default() },
    };
    let verifier = Arc::new(Verifier::new(&config.credentials, client.clone())?);
    let issuers = Issuers::new(&config.sign_in, &config.network.base_url, &client, &clocks.wire, &ids)?;
    let policies = Policies::new(client, Arc::clone(&clocks.wire), source);
    let participant = Participant { db, clocks, ids, node, settings: Arc::new(settings), policies };
    dispatcher.serve(participant.clone());
    // An embedded database is one process's own: what a killed one had begun need not wait for its lease.
    if participant.db.dialect() == db::Dialect::Sqlite {
        participant.node.recover().await?;
    }
    let cancel = CancellationToken::new();
    let webhooks = make_webhooks(config, &participant)?;
    let mut state = ApiState::new(participant.clone(), registry);
    let (clock, ids) = (&participant.clocks.wire, &participant.ids);
    let ops_address = place.ops.as_ref().and_then(|ops| ops.local_addr().ok());
    let post = Post::new(&config.notify, ops_address, config.server.insecure_demo, clock, ids)?;
    state.issuers = issuers;
    state.messenger = Arc::new(post.clone());
    state.web = web(config)?;
    state.webhooks = Some(webhooks.clone());
    state.credentials = Arc::clone(&verifier);
    state.bills = Arc::new(bills(config)?);
    let address = place.listen.local_addr().map_err(|e| StartError::Listen(config.server.listen, e))?;
    let server = api::serve(state, place.listen, place.ops).map_err(|e| StartError::Listen(address, e))?;
    let mut tasks = workers::spawn(&participant, &cancel);
    tasks.push(workers::watch_credentials(&participant, verifier, &cancel));
    let stop = cancel.clone();
    tasks.push(tokio::spawn(async move { webhooks.run(&stop).await }));
    Ok(Platform { participant, address, ops_address, cancel, server, tasks, post })
}

/// How the public port meets browsers, proxies and those who ask too often.
fn web(config: &Config) -> Result<api::Web, StartError> {
    let web = &config.web;
    let cache = match &web.redis_url {
        Some(url) => Cache::redis(url.expose(), &config.network.subscriber_id)?,
        None => Cache::memory(),
    };
    let tls = match (&web.tls_cert_file, &web.tls_key_file) {
        (Some(certificate), Some(key)) => Some(api::Tls::load(certificate, key)?),
        _ => None,
    };
    Ok(api::Web {
        cors: web.cors_origins.clone(),
        proxies: api::Proxies { trusted: web.trusted_proxies.clone(), header: web.proxy_header },
        limits: web.limits,
        cache,
        tls,
    })
}

/// What reads bills: with a client for the model alone.
fn bills(config: &Config) -> Result<Desk, StartError> {
    let model = config.bills.model.as_ref();
    let model = model.map(|model| Model::new(model, config.server.insecure_demo)).transpose()?;
    Ok(Desk { model, per_day: config.bills.per_day })
}

fn signing(mode: &str) -> CallbackSigning {
    CallbackSigning::parse(&mode.replace('-', "_")).unwrap_or(CallbackSigning::Plain)
}

/// The client for everything that is not ours; the demo's reaches this machine as well.
pub(super) fn make_client(config: &Config, allowed: &[String]) -> Result<GuardedClient, StartError> {
    let mut allow =
        if config.server.insecure_demo { AllowList::loopback_for_demo() } else { AllowList::none() };
    for host in allowed {
        allow = allow.with(host).map_err(StartError::AllowedHost)?;
    }
    Ok(GuardedClient::new(&ClientConfig { allow, ..ClientConfig::default() })?)
}

/// What sends to the users' webhooks: with a client of its own, for whoever may be called as a peer is not for users to
/// call.
fn make_webhooks(config: &Config, participant: &Participant) -> Result<Sender, StartError> {
    let key_file = &config.server.key_file;
    let secrets = if config.server.insecure_demo && key_file.as_os_str().is_empty() {
        Secrets::from_seed(format!("wattmandi demo webhooks of {}", config.network.subscriber_id).as_bytes())
    } else {
        let random = |bytes: &mut [u8]| bytes.copy_from_slice(&participant.ids.bytes::<32>());
        Secrets::open(&config.webhooks.secret_file(key_file), random).map_err(StartError::Secrets)?
    };
    let client = make_client(config, &config.webhooks.allowed_hosts)?;
    Ok(Sender::new(participant.clone(), client, secrets))
}

fn make_node(
    config: &Config,
    identity: Identity,
    client: &GuardedClient,
    db: &Db,
    clocks: &Clocks,
    ids: &Ids,
) -> Result<(Arc<Node>, Arc<dyn Registry>), StartError> {
    let network = &config.network;
    let mut dedi = DediConfig::at(&network.registry_url);
    dedi.key_template.clone_from(&network.registry_key_template);
    dedi.subscriber_template.clone_from(&network.registry_subscriber_template);
    let registry: Arc<dyn Registry> =
        Arc::new(DediRegistry::new(dedi, client.clone(), Arc::clone(&clocks.wire)));
    let mut node_config = NodeConfig::new(identity, &[&network.network_id]);
    node_config.policy.skew_secs = network.skew_secs;
    if !network.tolerant {
        node_config.tolerance = crate::network::Tolerance::strict();
    }
    node_config.callback_signing = signing(&network.callback_signing);
    let node = Node::new(
        node_config,
        db.clone(),
        clocks.clone(),
        ids.clone(),
        Arc::clone(&registry),
        client.clone(),
    )?;
    Ok((Arc::new(node), registry))
}

fn settings(config: &Config, clocks: &Clocks) -> Result<Settings, StartError> {
    let network = &config.network;
    let rules = RuleSet::for_network(&network.network_id, clocks.market.now())
        .ok_or_else(|| StartError::UnknownNetwork(network.network_id.clone()))?;
    Ok(Settings {
        subscriber_id: network.subscriber_id.clone(),
        base_url: network.base_url.clone(),
        network_id: network.network_id.clone(),
        catalog_service_id: network.catalog_service_id.clone(),
        policy: network.policy.clone(),
        discoms: network.discoms.clone(),
        rules: rules.clone(),
        reservation_ttl: Span::from_minutes(config.trade.reservation_minutes),
        cancel_window: Span::from_minutes(config.trade.cancel_window_minutes),
        check_interval: Span::from_millis(config.trade.discom_check_interval_ms),
        subscription_interval: Span::from_millis(config.trade.subscription_check_interval_ms),
        dispute_period: Span::from_days(config.trade.dispute_days),
        open_per_meter_max: config.trade.open_per_meter_max,
        open_per_peer_max: config.trade.open_per_peer_max,
        trust: config.trust,
        credit_limit: config.settlement.credit_limit_inr,
        choice: config.choice.clone(),
    })
}

/// Adds the configured people and meters that are not there yet.
async fn seed(db: &Db, ids: &Ids, clocks: &Clocks, config: &Config) -> Result<(), StartError> {
    let (users, rules, now) = (&config.users, config.trust, clocks.wire.now());
    let hasher = Hasher::new(ids.clone());
    let handles: Vec<String> = users.iter().map(|user| user.handle.clone()).collect();
    db.write(move |tx| {
        let handles = handles.clone();
        async move { identity::lock_out_others(tx, &handles).await }.boxed()
    })
    .await?;
    for user in users {
        let new = NewUser {
            id: ids.uuid(),
            handle: user.handle.clone(),
            display_name: user.name.clone(),
            // Without a token of the operator's: one that nobody knows.
            token: user.token.as_ref().map_or_else(|| nobodys(ids), |token| token.expose().to_owned()),
            payout_name: user.payout_name.clone().unwrap_or_else(|| user.name.clone()),
            payout_vpa: user.payout_vpa.clone().unwrap_or_default(),
        };
        let declared = declared(user);
        // A place was checked with the rest of the configuration.
        let meters: Vec<_> = user
            .meters
            .iter()
            .map(|meter| (ids.uuid(), meter.clone(), meter.coarse_place().ok().flatten()))
            .collect();
        db.write(move |tx| {
            let (new, meters) = (new.clone(), meters.clone());
            async move {
                let user = identity::add(tx, &new, now).await?;
                if let Some(capacity) = &declared {
                    trust::service::declare(tx, &rules, user.id, capacity, now).await?;
                }
                for (id, meter, place) in meters {
                    let meter = Meter {
                        id,
                        user_id: user.id,
                        meter_key: crate::network::normalize_meter(&meter.id),
                        meter_id: meter.id,
                        discom_code: meter.discom,
                        customer_number: meter.customer_number,
                        resource_type: meter.resource_type,
                        installed_capacity_w: meter.installed_capacity_w,
                        sanctioned_load_w: meter.sanctioned_load_w,
                        verified: true,
                        place,
                    };
                    metering::add(tx, &meter, now).await?;
                }
                Ok::<_, DbError>(())
            }
            .boxed()
        })
        .await?;
        seed_login(db, &hasher, user, now).await?;
    }
    Ok(())
}

fn nobodys(ids: &Ids) -> String {
    ids.bytes::<32>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Gives a configured user the address, password and role that the file names; a password that is the same stays
/// hashed as it is.
async fn seed_login(db: &Db, hasher: &Hasher, user: &UserConfig, now: Timestamp) -> Result<(), StartError> {
    let email = user.email.as_deref().map(contact::email).transpose()?;
    let role =
        user.role.as_deref().map(|text| Role::parse(text).ok_or(IdentityError::RoleUnknown)).transpose()?;
    let (handle, mut hash) = (user.handle.clone(), None);
    if let Some(password) = &user.password {
        let handle = handle.clone();
        let old = db.read(move |tx| {
            let handle = handle.clone();
            async move {
                match identity::find_by_handle(tx, &handle).await? {
                    Some(user) => identity::login(tx, user.id).await,
                    None => Ok(None),
                }
            }
            .boxed()
        });
        let old = old.await?.and_then(|login| login.password_hash);
        if old.is_none() || !hasher.verify(password.expose(), old.as_deref()).await? {
            hash = Some(hasher.hash(password.expose()).await?);
        }
    }
    let discom = user.discom.clone();
    let entered = db.write(move |tx| {
        let (handle, email, hash, discom) = (handle.clone(), email.clone(), hash.clone(), discom.clone());
        async move {
            let user = admin::named(tx, &handle).await?;
            if let Some(email) = email {
                identity::enter(tx, user.id, &email, hash, now).await?;
            }
            if let Some(role) = role {
                admin::set_role(tx, user.id, role, discom.as_deref(), now).await?;
            }
            Ok::<_, IdentityError>(())
        }
        .boxed()
    });
    Ok(entered.await?)
}

/// What the operator says of a user's roof and household, when the operator says anything.
fn declared(user: &UserConfig) -> Option<Capacity> {
    if user.monthly_production_kwh.is_none() && user.monthly_consumption_kwh.is_none() {
        return None;
    }
    Some(Capacity {
        production: user.monthly_production_kwh,
        verified: user.production_verified,
        consumption: user.monthly_consumption_kwh,
        ..Capacity::default()
    })
}

/// Adds the configured rates, and gives every configured user the credit that the operator decided.
async fn seed_money(db: &Db, clocks: &Clocks, config: &Config) -> Result<(), StartError> {
    let now = clocks.wire.now();
    let mut rates = Vec::new();
    for rate in &config.settlement.rates {
        rates.push(Rate {
            network_id: rate.network.clone(),
            discom: rate.discom.clone(),
            kind: RateKind::parse(&rate.kind)?,
            from: rate.from.first_slot().start(),
            rate: rate.inr_per_kwh,
        });
    }
    let limits: Vec<(String, Paise)> = config
        .users
        .iter()
        .map(|user| {
            (user.handle.clone(), user.credit_limit_inr.unwrap_or(config.settlement.credit_limit_inr))
        })
        .collect();
    let kept = db.write(move |tx| {
        let (rates, limits) = (rates.clone(), limits.clone());
        async move {
            for (handle, limit) in &limits {
                if let Some(user) = identity::find_by_handle(tx, handle).await? {
                    settlement::open_user(tx, user.id, *limit, now).await?;
                }
            }
            Ok::<_, MoneyError>(settlement::add_rates(tx, &rates).await?)
        }
        .boxed()
    });
    for rate in kept.await? {
        tracing::warn!(
            kind = rate.kind.as_str(),
            discom = rate.discom,
            "a rate of that date is in force already and stays: give the new one a new date"
        );
    }
    Ok(())
}
