//! The thin HTTP adapter: the only place with actix. It carries bytes to and from the node, loses an answer
//! when told to, and shows the ledgers to people.
//!
//! Invariants: no body is read before the node has seen the head of the request, none beyond the limit that
//! it set, and none for longer than [`BODY_TIME`].

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::dev::ServerHandle;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Bytes, BytesMut, Data, Path, Payload, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use beckn_wire::envelope::Envelope;
use beckn_wire::json::Json;
use beckn_wire::validate::Tolerance;
use clock::Clocks;
use db::{Db, DbError};
use futures_util::StreamExt;
use node::{Headers, Node, Reply};
use serde::Deserialize;
use tokio::task::JoinHandle;

use crate::application::Ledgers;
use crate::auth;
use crate::behavior::{Behavior, Behaviors, Fault, Setting};
use crate::delivery::view as delivery;
use crate::enrolled;
use crate::ledger::meters::Meters;
use crate::ledger::view;
use crate::metering::{outage, upload};
use crate::rest::request::Call;
use crate::rest::service::{CallError, Directory};
use crate::rest::{self, RestError};

/// Longest time in which the body of a request must have arrived.
const BODY_TIME: Duration = Duration::from_secs(10);

/// A connection may wait so long for its next request, and may leave its answer unread for so long.
const IDLE_TIME: Duration = Duration::from_secs(30);
const STALLED_TIME: Duration = Duration::from_secs(30);
/// Connections of one worker; more wait to be accepted.
const CONNECTIONS_MAX: usize = 2_000;

/// Largest body of an administrative request, in bytes.
const ADMIN_BODY: usize = 1_024;

/// Largest upload of readings, in bytes.
const UPLOAD_BODY: usize = 2 * 1_024 * 1_024;

const NO_LEDGER: &str = "there is no such ledger";

const NOTICE: &str = "\
DISCOM ledgers of a Wattmandi network.

No utility stands behind them; protocol, signatures, storage and arithmetic are real.
Readings are uploaded to /discom/meters, outages told to /discom/meters/{id}/outages.
A meter and its key are checked at /discom/meters/check.
Records of the REST interface are written and read under /ledger.
Each ledger takes on_confirm, on_update, on_cancel and on_status at /bap/receiver and status at /bpp/receiver.

";

/// What the routes need.
pub struct State {
    pub node: Arc<Node>,
    pub ledgers: Arc<Ledgers>,
    pub db: Db,
    pub behaviors: Behaviors,
    pub clocks: Clocks,
    pub directory: Directory,
    pub meters: Arc<Meters>,
    pub enrolled: enrolled::Register,
    pub insecure_demo: bool,
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
        // A server that failed has been reported by its own task.
        let _ = self.task.await;
    }
}

/// Serves on a listening socket until it is stopped.
///
/// # Errors
/// The socket cannot be used.
pub fn serve(listener: TcpListener, state: State) -> io::Result<Serving> {
    node::listener::cut_off_stalled(&listener, STALLED_TIME)?;
    let state = Data::new(state);
    let app = move || {
        App::new()
            .app_data(Data::clone(&state))
            .route("/", web::get().to(notice))
            .route("/health", web::get().to(health))
            .route("/ready", web::get().to(ready))
            .route("/ledgers/{id}/records", web::get().to(records))
            .route("/ledgers/{id}/{what:steps|exceptions|evidence}", web::get().to(days))
            .route("/discom/meters", web::post().to(meters))
            .route("/discom/meters/check", web::post().to(check_meter))
            .route("/discom/meters/{id}/outages", web::post().to(outages))
            .route("/ledger/{call}", web::post().to(ledger_call))
            .route("/ledgers/{id}/ledger/{call}", web::post().to(ledger_call))
            .route("/admin/ledgers/{id}/behavior", web::get().to(behavior))
            .route("/admin/ledgers/{id}/behavior", web::put().to(set_behavior))
            .route("/admin/meters/{id}/outages", web::put().to(set_outages))
            .default_service(web::to(network))
    };
    let server = HttpServer::new(app)
        .workers(2)
        .disable_signals()
        .max_connections(CONNECTIONS_MAX)
        .client_request_timeout(Duration::from_secs(5))
        .client_disconnect_timeout(Duration::from_secs(5))
        .keep_alive(IDLE_TIME)
        .shutdown_timeout(2)
        .listen(listener)?
        .run();
    let handle = server.handle();
    let task = tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the HTTP server failed");
        }
    });
    Ok(Serving { handle, task })
}

async fn network(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    if request.method() != Method::POST {
        if let Some(reply) = state.node.wrong_method(request.path(), &headers_of(&request)) {
            return answer(reply);
        }
        return problem(StatusCode::NOT_FOUND, "there is nothing here");
    }
    let headers = headers_of(&request);
    let length = headers.get("content-length").and_then(|text| text.parse().ok());
    let remote = request.peer_addr().map(|address| address.ip());
    let limit = match state.node.preflight(request.path(), &headers, length, remote) {
        Ok(limit) => limit,
        Err(reply) => return answer(reply),
    };
    let expected = length.and_then(|length: u64| usize::try_from(length).ok()).unwrap_or(limit);
    let asked = state.node.reserve(request.path(), &headers, expected.min(limit), remote);
    let _room = match asked.await {
        Ok(room) => room,
        Err(reply) => return answer(reply),
    };
    let body = match read(payload, limit).await {
        Ok(body) => body,
        Err(status) => return problem(status, "the body is too slow or broken"),
    };
    // A body that is too long is cut; the node sees that it is, and says so in its own way.
    let reply = state.node.receive(request.path(), &headers, body.clone()).await;
    if reply.status == 200 && loses_the_ack(&state, &body) { no_answer() } else { answer(reply) }
}

/// Whether the ledger that this message was for now loses its ACK. Only asked after a 200, so that the sender
/// is known.
fn loses_the_ack(state: &State, body: &Bytes) -> bool {
    let Ok(envelope) = Envelope::parse(body.to_vec(), &Tolerance::ies()) else { return false };
    let context = &envelope.context;
    let lost =
        |ledger| state.behaviors.take(ledger, context.action, |fault| fault == Fault::LoseAck).is_some();
    context.receiver_id().is_some_and(lost)
}

/// Closes the connection where the answer should have been: a body that breaks before its first byte takes
/// the head of the response with it.
fn no_answer() -> HttpResponse {
    let broken =
        futures_util::stream::once(async { Err::<Bytes, _>(io::Error::other("the answer is lost")) });
    HttpResponse::Ok().force_close().body(SizedStream::new(1, broken))
}

/// The body; of a body longer than `limit` something that is longer, too, but not by more than one chunk.
async fn read(mut payload: Payload, limit: usize) -> Result<Bytes, StatusCode> {
    let collect = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
            body.extend_from_slice(&chunk);
            if body.len() > limit {
                break;
            }
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(BODY_TIME, collect).await.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
}

fn answer(reply: Reply) -> HttpResponse {
    let mut response =
        HttpResponse::build(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.insert_header((name, value));
        }
    }
    response.body(reply.body)
}

async fn notice(state: Data<State>) -> HttpResponse {
    let mut page = String::from(NOTICE);
    for identity in state.node.identities() {
        let what = if state.ledgers.is_ledger(&identity.subscriber_id) { "ledger" } else { "DISCOM" };
        page.push_str(&format!("{what}  {}\n", identity.subscriber_id));
    }
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(page)
}

async fn health() -> HttpResponse {
    json(StatusCode::OK, &Json::object([("status", Json::from("ok"))]))
}

async fn ready(state: Data<State>) -> HttpResponse {
    let (status, database) = match state.db.ping().await {
        Ok(()) => (StatusCode::OK, "ok"),
        Err(error) => {
            tracing::warn!(%error, "the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "does not answer")
        }
    };
    json(
        status,
        &Json::object([("ready", Json::from(status == StatusCode::OK)), ("database", Json::from(database))]),
    )
}

#[derive(Deserialize)]
struct RecordsQuery {
    transaction_id: Option<String>,
}

async fn records(ledger: Path<String>, query: Query<RecordsQuery>, state: Data<State>) -> HttpResponse {
    if !state.insecure_demo || !state.ledgers.is_ledger(&ledger) {
        return problem(StatusCode::NOT_FOUND, NO_LEDGER);
    }
    match view::records(&state.db, &ledger, query.transaction_id.as_deref()).await {
        Ok(records) => HttpResponse::Ok().json(serde_json::json!({ "records": records })),
        Err(DbError::NulInText { .. }) => {
            problem(StatusCode::BAD_REQUEST, "a transaction id has no such character")
        }
        Err(error) => {
            tracing::error!(%error, "the records cannot be read");
            problem(StatusCode::SERVICE_UNAVAILABLE, "the records cannot be read now")
        }
    }
}

/// The days after delivery: for everyone in a demo, else for a DISCOM of this process, which signs an empty
/// body.
async fn days(request: HttpRequest, path: Path<(String, String)>, state: Data<State>) -> HttpResponse {
    let (ledger, what) = path.into_inner();
    let entitled = state.insecure_demo
        || match auth::header(header(&request, "authorization")) {
            Ok(signature) => {
                let caller = auth::caller(&state.node, &state.clocks, &signature, b"").await;
                caller.is_ok_and(|caller| state.ledgers.is_discom(&caller))
            }
            Err(_) => false,
        };
    if !entitled || !state.ledgers.is_ledger(&ledger) {
        return problem(StatusCode::NOT_FOUND, NO_LEDGER);
    }
    let shown = match what.as_str() {
        "steps" => delivery::steps(&state.db, &ledger).await.map(|all| serde_json::json!({ "steps": all })),
        "exceptions" => {
            delivery::exceptions(&state.db, &ledger).await.map(|all| serde_json::json!({ "exceptions": all }))
        }
        _ => delivery::evidence(&state.db, &ledger).await.map(|all| serde_json::json!({ "evidence": all })),
    };
    match shown {
        Ok(body) => HttpResponse::Ok().json(body),
        Err(error) => {
            tracing::error!(%error, "the days after delivery cannot be read");
            problem(StatusCode::SERVICE_UNAVAILABLE, "the days cannot be read now")
        }
    }
}

/// A call of the REST interface, of the ledger that the path names or that the body belongs to.
async fn ledger_call(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    let refuse = |error: &RestError| {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        json(status, &error.to_json())
    };
    let part = |name: &str| request.match_info().get(name).map(str::to_owned);
    let call = part("call").and_then(|name| Call::parse(&name));
    let ledger_id = part("id");
    let known = ledger_id.as_ref().is_none_or(|id| state.ledgers.is_ledger(id));
    let Some(call) = call.filter(|_| known) else { return refuse(&RestError::not_found(NO_LEDGER)) };
    let signature = match auth::header(header(&request, "authorization")) {
        Ok(signature) => signature,
        Err(why) => return refuse(&RestError::unsigned(why.message)),
    };
    let remote = request.peer_addr().map(|address| address.ip());
    let _room = match state.node.reserve_call(&headers_of(&request), rest::BODY_MAX, remote).await {
        Ok(room) => room,
        Err(reply) if reply.status == 401 => return refuse(&RestError::unsigned("the key is not known")),
        Err(_) => return refuse(&RestError::internal()),
    };
    let body = match read(payload, rest::BODY_MAX).await {
        Ok(body) if body.len() > rest::BODY_MAX => return refuse(&RestError::field("body", "is too long")),
        Ok(body) => body,
        Err(_) => return refuse(&RestError::field("body", "is too slow or broken")),
    };
    let caller = match auth::caller(&state.node, &state.clocks, &signature, &body).await {
        Ok(caller) => caller,
        Err(why) => return refuse(&RestError::unsigned(why.message)),
    };
    let now = state.clocks.market.now();
    let call = rest::service::Request { call, ledger_id, caller, body: body.to_vec(), now };
    match rest::service::answer(&state.db, &state.directory, &state.meters, call).await {
        Ok(answer) => HttpResponse::Ok().content_type("application/json").body(answer),
        Err(CallError::Refused(error)) => refuse(&error),
        Err(CallError::Db(error)) => {
            tracing::error!(%error, "a call of the REST interface failed");
            refuse(&RestError::internal())
        }
    }
}

/// Readings of a head-end: CSV or interval profiles, signed by one of our DISCOMs.
async fn meters(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    let signature = match auth::header(header(&request, "authorization")) {
        Ok(signature) => signature,
        Err(why) => return problem(StatusCode::UNAUTHORIZED, &why.message),
    };
    let remote = request.peer_addr().map(|address| address.ip());
    let _room = match state.node.reserve_call(&headers_of(&request), UPLOAD_BODY, remote).await {
        Ok(room) => room,
        Err(reply) => return answer(reply),
    };
    let body = match read(payload, UPLOAD_BODY).await {
        Ok(body) if body.len() > UPLOAD_BODY => {
            return problem(StatusCode::PAYLOAD_TOO_LARGE, "the upload is too long");
        }
        Ok(body) => body,
        Err(status) => return problem(status, "the body is too slow or broken"),
    };
    match auth::caller(&state.node, &state.clocks, &signature, &body).await {
        Ok(caller) if state.ledgers.is_discom(&caller) => {}
        Ok(_) => return problem(StatusCode::FORBIDDEN, "only a DISCOM of this process uploads readings"),
        Err(why) => return problem(StatusCode::UNAUTHORIZED, &why.message),
    }
    let csv = header(&request, "content-type").starts_with("text/csv");
    match upload::store(&state.db, csv, &body, state.clocks.market.now()).await {
        Ok(news) => HttpResponse::Ok().json(serde_json::json!({ "newBlocks": news })),
        Err(upload::StoreError::Refused(why)) => problem(StatusCode::BAD_REQUEST, &why.to_string()),
        Err(upload::StoreError::Db(error)) => {
            tracing::error!(%error, "readings cannot be stored");
            problem(StatusCode::SERVICE_UNAVAILABLE, "the readings cannot be stored now")
        }
    }
}

/// Whether serial number and key are a meter's, for a platform of the network; the answer is signed by that DISCOM.
async fn check_meter(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    let authorization = header(&request, "authorization").to_owned();
    let signature = match auth::header(&authorization) {
        Ok(signature) => signature,
        Err(why) => return problem(StatusCode::UNAUTHORIZED, &why.message),
    };
    let remote = request.peer_addr().map(|address| address.ip());
    let _room = match state.node.reserve_call(&headers_of(&request), enrolled::BODY_MAX, remote).await {
        Ok(room) => room,
        Err(reply) => return answer(reply),
    };
    let body = match read(payload, enrolled::BODY_MAX).await {
        Ok(body) if body.len() > enrolled::BODY_MAX => {
            return problem(StatusCode::PAYLOAD_TOO_LARGE, "the question is too long");
        }
        Ok(body) => body,
        Err(status) => return problem(status, "the body is too slow or broken"),
    };
    let caller = match auth::caller(&state.node, &state.clocks, &signature, &body).await {
        Ok(caller) => caller,
        Err(why) => return problem(StatusCode::UNAUTHORIZED, &why.message),
    };
    match state.enrolled.answer(&caller, &body, state.clocks.wire.now()) {
        Ok(found) => {
            let code = Json::parse(&body).ok();
            let code = code.as_ref().and_then(|question| question.get("discom")?.as_str());
            let asked = code.and_then(|code| state.directory.discom_id(code));
            let body = found.to_bytes();
            let mut response = HttpResponse::Ok();
            if let Some(signature) =
                asked.and_then(|id| auth::sign_answer(&state.node, &state.clocks, id, &body, &authorization))
            {
                response.insert_header(("signature", signature));
            }
            response.content_type("application/json").body(body)
        }
        Err(why @ enrolled::Refused::Malformed) => problem(StatusCode::BAD_REQUEST, &why.to_string()),
        Err(why @ enrolled::Refused::TooOften { wait }) => {
            let mut refused = problem(StatusCode::TOO_MANY_REQUESTS, &why.to_string());
            refused.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().saturating_add(1)));
            refused
        }
    }
}

/// An outage or a curtailment, told by one of our DISCOMs.
async fn outages(
    request: HttpRequest,
    meter: Path<String>,
    payload: Payload,
    state: Data<State>,
) -> HttpResponse {
    let signature = match auth::header(header(&request, "authorization")) {
        Ok(signature) => signature,
        Err(why) => return problem(StatusCode::UNAUTHORIZED, &why.message),
    };
    let remote = request.peer_addr().map(|address| address.ip());
    let _room = match state.node.reserve_call(&headers_of(&request), ADMIN_BODY, remote).await {
        Ok(room) => room,
        Err(reply) => return answer(reply),
    };
    let body = match read(payload, ADMIN_BODY).await {
        Ok(body) => body,
        Err(status) => return problem(status, "the body is too slow or broken"),
    };
    match auth::caller(&state.node, &state.clocks, &signature, &body).await {
        Ok(caller) if state.ledgers.is_discom(&caller) => tell(&state, &meter, &body, &caller).await,
        Ok(_) => problem(StatusCode::FORBIDDEN, "only a DISCOM of this process tells of its grid"),
        Err(why) => problem(StatusCode::UNAUTHORIZED, &why.message),
    }
}

/// The same from this machine, in a demo.
async fn set_outages(
    request: HttpRequest,
    meter: Path<String>,
    payload: Payload,
    state: Data<State>,
) -> HttpResponse {
    if !is_operator(&request, &state) {
        return problem(StatusCode::NOT_FOUND, "there is no such resource");
    }
    match read(payload, ADMIN_BODY).await {
        Ok(body) => tell(&state, &meter, &body, "operator").await,
        Err(status) => problem(status, "the body is too slow or broken"),
    }
}

async fn tell(state: &State, meter: &str, body: &[u8], told_by: &str) -> HttpResponse {
    if body.len() > ADMIN_BODY {
        return problem(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long");
    }
    let Ok(wish) = serde_json::from_slice::<outage::Wish>(body) else {
        let wanted = r#"{"kind": "OUTAGE", "CURTAILMENT" or "NONE", "from", "until", "share"?} wanted"#;
        return problem(StatusCode::BAD_REQUEST, wanted);
    };
    let told = match outage::read(meter, &wish) {
        Ok(told) => told,
        Err(why) => return problem(StatusCode::BAD_REQUEST, &why.to_string()),
    };
    match outage::tell(&state.db, told, told_by, state.clocks.market.now()).await {
        Ok(news) => HttpResponse::Ok().json(serde_json::json!({ "newSlots": news })),
        Err(error) => {
            tracing::error!(%error, "an outage cannot be stored");
            problem(StatusCode::SERVICE_UNAVAILABLE, "the outage cannot be stored now")
        }
    }
}

fn headers_of(request: &HttpRequest) -> Headers {
    let readable = request.headers().iter();
    readable.filter_map(|(name, value)| value.to_str().ok().map(|value| (name.as_str(), value))).collect()
}

fn header<'r>(request: &'r HttpRequest, name: &str) -> &'r str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn behavior(request: HttpRequest, ledger: Path<String>, state: Data<State>) -> HttpResponse {
    if !may_administer(&request, &ledger, &state) {
        return problem(StatusCode::NOT_FOUND, NO_LEDGER);
    }
    json(StatusCode::OK, &setting(state.behaviors.get(&ledger)))
}

async fn set_behavior(
    request: HttpRequest,
    ledger: Path<String>,
    payload: Payload,
    state: Data<State>,
) -> HttpResponse {
    if !may_administer(&request, &ledger, &state) {
        return problem(StatusCode::NOT_FOUND, NO_LEDGER);
    }
    let wish = match read(payload, ADMIN_BODY).await {
        Ok(body) if body.len() > ADMIN_BODY => {
            return problem(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long");
        }
        Ok(body) => serde_json::from_slice::<Wish>(&body).ok(),
        Err(status) => return problem(status, "the body is too slow or broken"),
    };
    let Some(wish) = wish else {
        return problem(StatusCode::BAD_REQUEST, r#"the body must be {"behavior": "…"}"#);
    };
    match wish.behavior.parse::<Setting>() {
        Err(error) => problem(StatusCode::BAD_REQUEST, &error.to_string()),
        Ok(Setting(behavior)) => {
            state.behaviors.set(&ledger, behavior);
            json(StatusCode::OK, &setting(behavior))
        }
    }
}

/// As on the command line: `refuse:2`, `lose-ack:1`, `normal`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    behavior: String,
}

/// Faults are set from this machine only, and only in a demo. A browser's page from elsewhere cannot either:
/// it may not send `PUT` without being asked first, which is never granted.
fn may_administer(request: &HttpRequest, ledger: &str, state: &State) -> bool {
    is_operator(request, state) && state.ledgers.is_ledger(ledger)
}

fn is_operator(request: &HttpRequest, state: &State) -> bool {
    state.insecure_demo && request.peer_addr().is_some_and(|address| address.ip().is_loopback())
}

fn setting(behavior: Option<Behavior>) -> Json {
    let text = behavior.map_or_else(|| "normal".to_owned(), |behavior| behavior.to_string());
    Json::object([("behavior", Json::from(text))])
}

fn problem(status: StatusCode, detail: &str) -> HttpResponse {
    json(
        status,
        &Json::object([("status", Json::from(i64::from(status.as_u16()))), ("detail", Json::from(detail))]),
    )
}

fn json(status: StatusCode, body: &Json) -> HttpResponse {
    HttpResponse::build(status).content_type("application/json").body(body.to_bytes())
}
