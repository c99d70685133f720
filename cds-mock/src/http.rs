//! The HTTP adapter, and the only module with actix: routes, body limits, and the translation of requests and
//! replies.
//!
//! A body is read after the head of its request was judged, never beyond its limit, and not for longer than
//! [`BODY_TIME`]. Everything behind that runs on the runtime that the service was started on: connections of
//! the database belong to it, and a client that hangs up interrupts nothing.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::error::InternalError;
use actix_web::http::{StatusCode, header};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use beckn_wire::json::Json;
use bytes::{Bytes, BytesMut};
use db::Db;
use futures_util::StreamExt as _;
use node::{Caller, Headers, Node, Refusal, Reply};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::feed::Feed;
use crate::registry::{Directory, Proofs, RegistryFault};

/// Within this time a body must have arrived.
const BODY_TIME: Duration = Duration::from_secs(20);
/// So much of a body that is not wanted is still taken from the wire, and for so long: a client that is
/// writing when the connection is closed never sees why.
const DISCARD_MAX: usize = 1024 * 1024;
const DISCARD_TIME: Duration = Duration::from_secs(2);
/// Largest body of a request to the registry, in bytes.
const REGISTRY_BODY_MAX: usize = 16 * 1024;
/// Largest body of a request that should have none, in bytes; it is signed like any other.
const EMPTY_MAX: usize = 1024;
/// The only registry name that lookups use: any registry.
const ANY_REGISTRY: &str = "subscribers.beckn.one";

/// What the handlers stand on.
#[derive(Clone)]
pub struct Shared {
    pub node: Arc<Node>,
    pub directory: Directory,
    pub feed: Arc<Feed>,
    pub db: Db,
    pub runtime: Handle,
}

impl Shared {
    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, actix_web::Error> {
        self.runtime.spawn(work).await.map_err(|error| {
            tracing::error!(%error, "a request was not worked off");
            early(refused(500, "INTERNAL", "the request could not be worked off"))
        })
    }
}

/// A server on this socket; it runs when it is polled.
///
/// # Errors
/// The socket cannot be used.
pub fn serve(shared: Shared, listener: TcpListener) -> std::io::Result<Serving> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(shared.clone()))
            .route("/", web::get().to(notice))
            .route("/health", web::get().to(health))
            .route("/ready", web::get().to(ready))
            .service(
                web::scope("/registry")
                    .route("/dedi/lookup/{subscriber}/{registry}", web::get().to(lookup_subscriber))
                    .route("/dedi/lookup/{subscriber}/{registry}/{key}", web::get().to(lookup_key))
                    .route("/subscribers", web::post().to(register))
                    .route("/subscribers/{subscriber}/keys", web::post().to(rotate))
                    .route("/subscribers/{subscriber}/keys/{key}", web::delete().to(revoke)),
            )
            .configure(feed_routes)
            .default_service(web::to(network))
    });
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get().min(4));
    let server = server.workers(workers).disable_signals().shutdown_timeout(5).listen(listener)?.run();
    let handle = server.handle();
    let task = tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the HTTP server ended");
        }
    });
    Ok(Serving { handle, task })
}

/// What is asked of the feed without a message. A `POST` at the same address is one.
fn feed_routes(routes: &mut web::ServiceConfig) {
    let at = |path: &str| web::resource(path).default_service(web::to(network));
    routes
        .service(
            at("/catalog/subscription")
                .route(web::get().to(subscriptions))
                .route(web::delete().to(unsubscribe)),
        )
        .service(at("/catalog/subscriptions").route(web::get().to(subscriptions)))
        .service(
            at("/catalog/subscription/{id}")
                .route(web::get().to(subscriptions))
                .route(web::delete().to(unsubscribe)),
        )
        .service(at("/catalog/master/schemaTypes").route(web::get().to(schema_types)))
        .service(at("/catalog/master/{id}").route(web::get().to(master)))
        .service(at("/catalog/pull/result/{id}/{file}").route(web::get().to(download)))
        .service(at("/feed/dead-letters").route(web::get().to(dead_letters)))
        .service(at("/feed/replay").route(web::post().to(replay)));
}

/// A server at work.
pub struct Serving {
    handle: ServerHandle,
    task: JoinHandle<()>,
}

impl Serving {
    /// Takes no more requests, and waits a moment for those under way.
    pub async fn stop(self) {
        self.handle.stop(true).await;
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the HTTP server ended badly");
        }
    }
}

/// The error is an answer too; it ends a handler early.
type Answer = Result<HttpResponse, actix_web::Error>;

fn early(response: HttpResponse) -> actix_web::Error {
    InternalError::from_response("answered early", response).into()
}

async fn notice() -> HttpResponse {
    let text = "cds-mock: catalog service and registry of keys for energy trading over Beckn 2.0.\n\n\
        POST /catalog/publish              signed; answered by catalog/on_publish\n\
        POST /discover                     signed; answered by on_discover\n\
        POST, GET, DELETE /catalog/subscription[?subscriptionId=]   signed; answered at once\n\
        POST /catalog/pull                 signed; answered by catalog/on_pull\n\
        POST /catalog/search, /catalog/master/search                signed; answered at once\n\
        GET  /catalog/master/schemaTypes, /catalog/master/{id}      signed\n\
        GET  /feed/dead-letters, POST /feed/replay   signed by the subscriber or by this service\n\
        GET  /registry/dedi/lookup/{subscriber}/subscribers.beckn.one[/{key}]\n\
        POST /registry/subscribers         a subscriber with its first key, signed by that key\n\
        POST /registry/subscribers/{subscriber}/keys\n\
        DELETE /registry/subscribers/{subscriber}/keys/{key}\n\
        GET  /health, /ready\n";
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)
}

async fn health() -> HttpResponse {
    status(200, "ok")
}

async fn ready(shared: web::Data<Shared>) -> Answer {
    let db = shared.db.clone();
    let (status, whole, database) = match shared.run(async move { db.ping().await }).await? {
        Ok(()) => (200, "ready", "ok"),
        Err(_) => (503, "not ready", "unavailable"),
    };
    let body = [("status", whole), ("database", database)].map(|(name, text)| (name, Json::from(text)));
    Ok(json(status, Json::object(body).to_bytes()))
}

async fn lookup_subscriber(shared: web::Data<Shared>, path: web::Path<(String, String)>) -> Answer {
    let (subscriber, registry) = path.into_inner();
    lookup(&shared, subscriber, &registry, None).await
}

async fn lookup_key(shared: web::Data<Shared>, path: web::Path<(String, String, String)>) -> Answer {
    let (subscriber, registry, key) = path.into_inner();
    lookup(&shared, subscriber, &registry, Some(key)).await
}

async fn lookup(shared: &Shared, subscriber: String, registry: &str, key: Option<String>) -> Answer {
    if registry != ANY_REGISTRY {
        return Err(early(fault(&RegistryFault::NotFound)));
    }
    let directory = shared.directory.clone();
    let found = shared.run(async move { directory.lookup(&subscriber, key.as_deref()).await }).await?;
    found.map(|document| json(200, document.to_bytes())).map_err(|error| early(fault(&error)))
}

async fn register(shared: web::Data<Shared>, request: HttpRequest, payload: web::Payload) -> Answer {
    let (proofs, body) = (proofs(&request), read(payload, REGISTRY_BODY_MAX).await?);
    let directory = shared.directory.clone();
    created(shared.run(async move { directory.register(&proofs, &body).await }).await?)
}

async fn rotate(
    shared: web::Data<Shared>,
    path: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    let (proofs, body) = (proofs(&request), read(payload, REGISTRY_BODY_MAX).await?);
    let directory = shared.directory.clone();
    created(shared.run(async move { directory.rotate(&path, &proofs, &body).await }).await?)
}

async fn revoke(
    shared: web::Data<Shared>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    let (proofs, body) = (proofs(&request), read(payload, REGISTRY_BODY_MAX).await?);
    let ((subscriber, key), directory) = (path.into_inner(), shared.directory.clone());
    let revoked =
        shared.run(async move { directory.revoke(&subscriber, &key, &proofs, &body).await }).await?;
    revoked.map(|()| status(200, "REVOKED")).map_err(|error| early(fault(&error)))
}

fn created(outcome: Result<bool, RegistryFault>) -> Answer {
    match outcome {
        Ok(true) => Ok(status(201, "REGISTERED")),
        Ok(false) => Ok(status(200, "UNCHANGED")),
        Err(error) => Err(early(fault(&error))),
    }
}

/// Finds out who asks, and answers them signed.
async fn asked<F, W>(shared: &Shared, request: &HttpRequest, body: Bytes, work: F) -> Answer
where
    F: FnOnce(Arc<Feed>, Arc<node::Record>, String, Bytes) -> W + Send + 'static,
    W: Future<Output = Result<Json, Refusal>> + Send + 'static,
{
    let headers = headers_of(request);
    let remote = request.peer_addr().map(|address| address.ip());
    let query = request.query_string().to_owned();
    let (node, feed) = (Arc::clone(&shared.node), Arc::clone(&shared.feed));
    let reply = async move {
        let caller: Caller = match node.caller(&headers, &body, remote).await {
            Ok(caller) => caller,
            Err(reply) => return reply,
        };
        match work(feed, Arc::clone(&caller.record), query, body).await {
            Ok(body) => caller.reply(200, &body),
            Err(refusal) => caller.refuse(refusal),
        }
    };
    shared.run(reply).await.map(answer)
}

async fn subscriptions(shared: web::Data<Shared>, request: HttpRequest, payload: web::Payload) -> Answer {
    let body = read(payload, EMPTY_MAX).await?;
    let id = request.match_info().get("id").map(str::to_owned);
    asked(&shared, &request, body, |feed, who, query, _| async move {
        feed.subscriptions(&who, id.as_deref(), &query).await
    })
    .await
}

async fn unsubscribe(shared: web::Data<Shared>, request: HttpRequest, payload: web::Payload) -> Answer {
    let body = read(payload, EMPTY_MAX).await?;
    let id = request.match_info().get("id").map(str::to_owned);
    asked(&shared, &request, body, |feed, who, query, _| async move {
        feed.unsubscribe(&who, id.as_deref(), &query).await
    })
    .await
}

async fn schema_types(shared: web::Data<Shared>, request: HttpRequest, payload: web::Payload) -> Answer {
    let body = read(payload, EMPTY_MAX).await?;
    asked(&shared, &request, body, |feed, who, _, _| async move { feed.schema_types(&who).await }).await
}

async fn master(shared: web::Data<Shared>, request: HttpRequest, payload: web::Payload) -> Answer {
    let body = read(payload, EMPTY_MAX).await?;
    let id = request.match_info().get("id").unwrap_or_default().to_owned();
    asked(&shared, &request, body, |feed, who, _, _| async move { feed.master(&who, &id).await }).await
}

async fn dead_letters(shared: web::Data<Shared>, request: HttpRequest, payload: web::Payload) -> Answer {
    let body = read(payload, EMPTY_MAX).await?;
    asked(
        &shared,
        &request,
        body,
        |feed, who, query, _| async move { feed.dead_letters_told(&who, &query).await },
    )
    .await
}

async fn replay(shared: web::Data<Shared>, request: HttpRequest, payload: web::Payload) -> Answer {
    let body = read(payload, REGISTRY_BODY_MAX).await?;
    asked(&shared, &request, body, |feed, who, _, body| async move { feed.replay_told(&who, &body).await })
        .await
}

/// The address is its own proof, so neither side signs.
async fn download(
    shared: web::Data<Shared>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Answer {
    let ((id, file), query) = (path.into_inner(), request.query_string().to_owned());
    let feed = Arc::clone(&shared.feed);
    let found = shared.run(async move { feed.download(&id, &file, &query).await }).await?;
    match found {
        Ok(body) => Ok(HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, "application/gzip"))
            .insert_header((header::CACHE_CONTROL, "private, no-store"))
            .body(body)),
        Err(refusal) => {
            Err(early(refused(refusal.http_status(), refusal.error.code.as_str(), &refusal.error.message)))
        }
    }
}

fn headers_of(request: &HttpRequest) -> Headers {
    let fields = request.headers().iter();
    fields.filter_map(|(name, value)| value.to_str().ok().map(|value| (name.as_str(), value))).collect()
}

/// Everything else is a message of the network.
async fn network(shared: web::Data<Shared>, request: HttpRequest, mut payload: web::Payload) -> Answer {
    if request.method() != actix_web::http::Method::POST {
        return Err(early(refused(404, "NOT_FOUND", "there is nothing at this address")));
    }
    let headers = headers_of(&request);
    let path = match request.query_string() {
        "" => request.path().to_owned(),
        query => format!("{}?{query}", request.path()),
    };
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    let remote = request.peer_addr().map(|address| address.ip());
    let limit = match shared.node.preflight(&path, &headers, length, remote) {
        Ok(limit) => limit,
        Err(reply) => {
            discard(&mut payload).await;
            return Ok(answer(reply));
        }
    };
    let expected = length.and_then(|length: u64| usize::try_from(length).ok()).unwrap_or(limit);
    let _room = match shared.node.reserve(&headers, expected.min(limit)) {
        Ok(room) => room,
        Err(reply) => return Ok(answer(reply)),
    };
    // One byte more than allowed is enough for the node to see, and to refuse in its own signed way.
    let body = match read_to(&mut payload, limit.saturating_add(1)).await {
        Ok(body) | Err(Cut::TooLong(body)) => body,
        Err(Cut::Broken(error)) => return Err(error),
    };
    let node = Arc::clone(&shared.node);
    shared.run(async move { node.receive(&path, &headers, body).await }).await.map(answer)
}

fn proofs(request: &HttpRequest) -> Proofs {
    let text = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    Proofs { authorization: text("authorization"), endorsement: text("x-endorsement") }
}

enum Cut {
    /// The first bytes, as many as asked for, when there were more.
    TooLong(Bytes),
    Broken(actix_web::Error),
}

async fn read(mut payload: web::Payload, max: usize) -> Result<Bytes, actix_web::Error> {
    read_to(&mut payload, max).await.map_err(|cut| match cut {
        Cut::Broken(error) => error,
        Cut::TooLong(_) => early(refused(413, "BODY_TOO_LARGE", "the body is too large")),
    })
}

async fn read_to(payload: &mut web::Payload, max: usize) -> Result<Bytes, Cut> {
    let broken = |status, code: &str, message: &str| Err(Cut::Broken(early(refused(status, code, message))));
    let collect = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let Ok(chunk) = chunk else {
                return broken(400, "BODY_INCOMPLETE", "the body could not be read");
            };
            let room = max.saturating_sub(body.len());
            body.extend_from_slice(chunk.get(..chunk.len().min(room)).unwrap_or_default());
            if chunk.len() > room {
                return Err(Cut::TooLong(body.freeze()));
            }
        }
        Ok(body.freeze())
    };
    match tokio::time::timeout(BODY_TIME, collect).await {
        Ok(Err(Cut::TooLong(body))) => {
            discard(payload).await;
            Err(Cut::TooLong(body))
        }
        Ok(outcome) => outcome,
        Err(_) => broken(408, "BODY_TOO_SLOW", "the body did not arrive in time"),
    }
}

async fn discard(payload: &mut web::Payload) {
    let rest = async {
        let mut left = DISCARD_MAX;
        while let Some(Ok(chunk)) = payload.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                return;
            }
        }
    };
    // Whether it came to its end makes no difference to the answer.
    let _ = tokio::time::timeout(DISCARD_TIME, rest).await;
}

fn answer(reply: Reply) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK));
    for (name, value) in &reply.headers {
        response.insert_header((name.as_str(), value.as_str()));
    }
    response.body(reply.body)
}

fn fault(error: &RegistryFault) -> HttpResponse {
    if let RegistryFault::Db(cause) = error {
        tracing::error!(%cause, "the registry's database did not answer");
    }
    json(error.answer().0, error.body())
}

fn refused(status: u16, code: &str, message: &str) -> HttpResponse {
    json(
        status,
        Json::object([("code", code), ("message", message)].map(|(k, v)| (k, Json::from(v)))).to_bytes(),
    )
}

fn status(http: u16, text: &str) -> HttpResponse {
    json(http, Json::object([("status", Json::from(text))]).to_bytes())
}

fn json(status: u16, body: Vec<u8>) -> HttpResponse {
    HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .body(body)
}
