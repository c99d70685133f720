//! The HTTP face of the participant: the network's doors, the client API, its documentation and its events.
//!
//! The only module that knows actix. A handler authenticates, reads, calls one function of a lower level and shows what
//! it gave; decisions are made below. Invariants: nothing is read before the head of its request was judged, and never
//! beyond a limit; every failure is an `application/problem+json` with a code of [`crate::error::Code`]; a row of
//! another user does not exist for the asker (404); work runs on the runtime that the server was started on, so that a
//! client who hangs up interrupts nothing and a panic is one failed request.

mod access;
mod auth;
mod cors;
mod fresh;
mod idempotency;
mod json;
mod limits;
mod network;
mod news;
pub mod openapi;
mod page;
mod problem;
mod remote;
mod respond;
mod routes;
mod slots;
mod socket;
mod stream;
mod tls;
mod view;
mod wait;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpServer, middleware, web};
use db::{DbError, Tx, TxFuture};
use futures_util::FutureExt;
use metrics_exporter_prometheus::PrometheusHandle;
use node::Registry;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

pub use self::access::{Access, Who};
pub use self::limits::Class;
use self::limits::Limits;
use self::news::News;
use self::problem::Problem;
pub use self::remote::Proxies;
pub use self::routes::{OPERATED, PAGES, SERVED, Served};
use self::stream::Streams;
pub use self::tls::{Tls, TlsError};
use crate::cache::Cache;
use crate::config::LimitsConfig;
use crate::credentials::Verifier;
use crate::error::Code;
use crate::identity::external::Issuers;
use crate::identity::{Accounts, Setup, Welcome};
use crate::network::{Participant, SigningKey};
use crate::notify::{Desk, Message, Messenger};
use crate::settlement::{self, MoneyError, Payments, SimulatedBank};
use crate::trust::{self, Capacity};
use crate::{bills, telemetry, webhooks};

/// So long a request that is under way may still take when the server stops, seconds.
const SHUTDOWN_SECS: u64 = 10;
/// A connection that is being closed may take so long.
const DISCONNECT_TIME: Duration = Duration::from_secs(5);
/// Connections of the operator's port.
const OPERATORS_MAX: usize = 64;

/// Messages to people that may be on their way at once.
const SENDING: usize = 64;

/// How long clients may take, and how many may be there at once.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Within this time the head of a request must have arrived.
    pub head: Duration,
    /// A connection may wait so long for its next request.
    pub idle: Duration,
    /// A client that takes nothing of its answer for so long is cut off.
    pub stalled: Duration,
    /// Connections of one worker; more wait to be accepted.
    pub connections: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            stalled: Duration::from_secs(30),
            connections: 2_000,
        }
    }
}

/// What the API stands on.
#[derive(Clone)]
pub struct ApiState {
    pub participant: Participant,
    /// Asked by `/ready` whether our own record is there.
    pub registry: Arc<dyn Registry>,
    /// What `/metrics` shows beside the numbers of this platform.
    pub metrics: Option<PrometheusHandle>,
    /// Where top-ups come from and withdrawals go.
    pub bank: Arc<dyn Payments>,
    /// What sends to the users' webhooks; without it there are none.
    pub webhooks: Option<webhooks::Sender>,
    /// Carries codes and links to people.
    pub messenger: Arc<dyn Messenger>,
    pub accounts: Accounts,
    /// Where people may sign in besides here.
    pub issuers: Issuers,
    pub patience: Patience,
    pub web: Web,
    /// Judges the credentials of users.
    pub credentials: Arc<Verifier>,
    /// Reads the bills of users.
    pub bills: Arc<bills::Desk>,
    /// Reads the PDFs of users, in processes of their own.
    pub documents: pdf_text::Apart,
}

/// How the public port meets browsers, proxies and those who ask too often.
#[derive(Clone, Default)]
pub struct Web {
    /// Origins whose pages may use the API.
    pub cors: Vec<String>,
    pub proxies: Proxies,
    pub limits: LimitsConfig,
    /// Where the limits are counted.
    pub cache: Cache,
    /// The certificate of the public port; plain HTTP without one.
    pub tls: Option<Arc<Tls>>,
}

impl ApiState {
    /// The first of a process also records the metrics of the whole process.
    pub fn new(participant: Participant, registry: Arc<dyn Registry>) -> Self {
        Self {
            messenger: Arc::new(Desk::new(Arc::clone(&participant.clocks.wire))),
            accounts: accounts(&participant),
            issuers: Issuers::default(),
            participant,
            registry,
            metrics: telemetry::metrics(),
            bank: Arc::new(SimulatedBank),
            webhooks: None,
            patience: Patience::default(),
            web: Web::default(),
            credentials: Arc::default(),
            bills: Arc::default(),
            documents: pdf_text::Apart::new(std::env::current_exe().unwrap_or_default(), &["pdf-text"]),
        }
    }
}

/// Where people sign in. A new user gets what the operator's users get: a trust score and credit.
fn accounts(participant: &Participant) -> Accounts {
    let settings = Arc::clone(&participant.settings);
    let welcome: Welcome = Arc::new(move |tx, user, now| {
        let settings = Arc::clone(&settings);
        async move {
            trust::service::declare(tx, &settings.trust, user, &Capacity::default(), now).await?;
            match settlement::open_user(tx, user, settings.credit_limit, now).await {
                Ok(_) => Ok(()),
                Err(MoneyError::Database(error)) => Err(error),
                Err(error) => Err(DbError::Other(error.to_string())),
            }
        }
        .boxed()
    });
    let identity = participant.node.identity(&participant.settings.subscriber_id);
    // A node without an identity signs nothing; what it gives its users is good for itself only.
    let own = || SigningKey::from_seed(&participant.ids.bytes());
    Accounts::new(Setup {
        db: participant.db.clone(),
        clock: Arc::clone(&participant.clocks.wire),
        ids: participant.ids.clone(),
        signing_key: &identity.map_or_else(own, |identity| identity.signing_key.clone()),
        base_url: &participant.settings.base_url,
        welcome,
    })
}

/// What every handler gets.
struct Shared {
    participant: Participant,
    registry: Arc<dyn Registry>,
    metrics: Option<PrometheusHandle>,
    bank: Arc<dyn Payments>,
    credentials: Arc<Verifier>,
    bills: Arc<bills::Desk>,
    documents: pdf_text::Apart,
    webhooks: Option<webhooks::Sender>,
    messenger: Arc<dyn Messenger>,
    accounts: Accounts,
    issuers: Issuers,
    /// Messages to people that are on their way.
    sending: Arc<Semaphore>,
    runtime: Handle,
    cors: Vec<String>,
    proxies: Proxies,
    cache: Cache,
    limits: Arc<Limits>,
    news: News,
    streams: Streams,
    /// A client that takes nothing for so long is cut off.
    stalled: Duration,
    stopping: CancellationToken,
}

type State = web::Data<Shared>;

impl Shared {
    /// Runs work on the runtime that the server was started on, to its end, whether or not the client waits for it.
    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Problem> {
        self.runtime.spawn(work.in_current_span()).await.map_err(|error| {
            tracing::error!(%error, "a request was not worked off");
            Problem::of(Code::Internal)
        })
    }

    /// Sends a message, whose sender does not wait for it: the time would tell what it is about.
    fn deliver(&self, message: Message) {
        let Ok(place) = Arc::clone(&self.sending).try_acquire_owned() else {
            tracing::error!(to = %message.to, "a message was not sent: too many are on their way");
            return;
        };
        let messenger = Arc::clone(&self.messenger);
        let sent = async move {
            let (to, kind) = (message.to.to_string(), message.kind.as_str());
            if let Err(error) = messenger.send(message).await {
                tracing::error!(%error, to, kind, "a message was not sent");
            }
            drop(place);
        };
        self.runtime.spawn(sent.in_current_span());
    }

    /// One read transaction.
    async fn read<T, F>(&self, body: F) -> Result<T, Problem>
    where
        F: for<'t> Fn(&'t mut Tx) -> TxFuture<'t, Result<T, DbError>> + Send + Sync + 'static,
        T: Send + 'static,
    {
        let db = self.participant.db.clone();
        Ok(self.run(async move { db.read(body).await }).await??)
    }
}

/// A server at work.
pub struct Running {
    /// Where the network and the clients come.
    pub address: SocketAddr,
    /// Where the operator comes.
    pub ops_address: Option<SocketAddr>,
    handles: Vec<ServerHandle>,
    tasks: Vec<JoinHandle<()>>,
    stopping: CancellationToken,
}

impl Running {
    /// Takes no more requests, ends the event streams, and waits a while for the requests under way.
    pub async fn stop(self) {
        self.stopping.cancel();
        for handle in &self.handles {
            handle.stop(true).await;
        }
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the HTTP server ended badly");
            }
        }
    }
}

/// Serves the public face on `listen`, and `/metrics` and `/admin` on `ops`, until [`Running::stop`]. Call it on the
/// runtime that holds the database.
///
/// # Errors
/// A socket cannot be used.
pub fn serve(state: ApiState, listen: TcpListener, ops: Option<TcpListener>) -> io::Result<Running> {
    let address = listen.local_addr()?;
    let ops_address = ops.as_ref().map(TcpListener::local_addr).transpose()?;
    let stopping = CancellationToken::new();
    let shared = web::Data::new(Shared {
        limits: Arc::new(Limits::new(&state.web.cache, &state.web.limits)),
        cors: state.web.cors,
        proxies: state.web.proxies,
        cache: state.web.cache,
        participant: state.participant,
        registry: state.registry,
        metrics: state.metrics,
        bank: state.bank,
        credentials: state.credentials,
        bills: state.bills,
        documents: state.documents,
        webhooks: state.webhooks,
        messenger: state.messenger,
        accounts: state.accounts,
        issuers: state.issuers,
        sending: Arc::new(Semaphore::new(SENDING)),
        runtime: Handle::current(),
        news: News::new(),
        streams: Streams::new(),
        stalled: state.patience.stalled,
        stopping: stopping.clone(),
    });
    let tls = state.web.tls;
    let mut servers = vec![public(shared.clone(), listen, state.patience, tls.as_ref())?];
    if let Some(ops) = ops {
        servers.push(operators(shared.clone(), ops, state.patience)?);
    }
    let handles = servers.iter().map(Server::handle).collect();
    let mut tasks: Vec<JoinHandle<()>> =
        servers.into_iter().map(|server| tokio::spawn(run(server))).collect();
    tasks.push(tokio::spawn(async move { shared.news.run(&shared.participant.db, &shared.stopping).await }));
    if let Some(tls) = tls {
        tasks.push(tokio::spawn(tls.watch(stopping.clone())));
    }
    Ok(Running { address, ops_address, handles, tasks, stopping })
}

async fn run(server: Server) {
    if let Err(error) = server.await {
        tracing::error!(%error, "the HTTP server failed");
    }
}

fn public(
    shared: State,
    listener: TcpListener,
    patience: Patience,
    tls: Option<&Arc<Tls>>,
) -> io::Result<Server> {
    node::listener::cut_off_stalled(&listener, patience.stalled)?;
    let app = move || {
        App::new()
            .app_data(shared.clone())
            .wrap(middleware::from_fn(respond::dress))
            .configure(routes::public)
    };
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
    let server = HttpServer::new(app)
        .workers(workers)
        .disable_signals()
        .max_connections(patience.connections)
        .client_request_timeout(patience.head)
        .client_disconnect_timeout(DISCONNECT_TIME)
        .keep_alive(patience.idle)
        .tls_handshake_timeout(patience.head)
        .shutdown_timeout(SHUTDOWN_SECS);
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls.config().map_err(io::Error::other)?)?,
        None => server.listen(listener)?,
    };
    Ok(server.run())
}

fn operators(shared: State, listener: TcpListener, patience: Patience) -> io::Result<Server> {
    node::listener::cut_off_stalled(&listener, patience.stalled)?;
    let app = move || {
        App::new()
            .app_data(shared.clone())
            .wrap(middleware::from_fn(routes::ops::to_this_machine_only))
            .wrap(middleware::from_fn(respond::dress_operators))
            .configure(routes::operators)
            .default_service(web::to(routes::ops::elsewhere))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .max_connections(OPERATORS_MAX)
        .client_request_timeout(patience.head)
        .client_disconnect_timeout(DISCONNECT_TIME)
        .keep_alive(patience.idle)
        .shutdown_timeout(SHUTDOWN_SECS);
    Ok(server.listen(listener)?.run())
}
