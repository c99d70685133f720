//! Around every handler: a request id, one line of log and metrics, security headers, and failures made uniform.

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest};
use tracing::Instrument;

use super::State;
use super::problem::{self, Problem};
use crate::error::Code;

/// Names a request in the log and in the answer.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The middleware of both ports.
pub async fn dress(
    state: State,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = state.participant.now();
    let id = given_id(request.request()).unwrap_or_else(|| state.participant.ids.uuid().to_string());
    let span = tracing::info_span!("request", id);
    let response = next.call(request).instrument(span).await?.map_into_boxed_body();
    let mut response = uniform(response, &id);
    let took = state.participant.now().since(started).as_millis();
    tell(&response, &id, took);
    let path = response.request().path();
    let api = ["/api", "/seller", "/users", "/auth", "/admin", "/utility"]
        .iter()
        .any(|start| path.starts_with(start));
    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(header::REFERRER_POLICY, "no-referrer");
    default(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    if api {
        default(header::CACHE_CONTROL, "no-store");
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    Ok(response)
}

/// A client may name its request itself, in characters that do no harm anywhere.
fn given_id(request: &HttpRequest) -> Option<String> {
    let id = request.headers().get(&REQUEST_ID)?.to_str().ok()?;
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    ((1..=64).contains(&id.len()) && id.bytes().all(harmless)).then(|| id.to_owned())
}

/// Every failure leaves as a problem with the id of its request.
fn uniform(response: ServiceResponse<BoxBody>, id: &str) -> ServiceResponse<BoxBody> {
    let Some(error) = response.response().error() else { return response };
    let problem = match error.as_error::<Problem>() {
        Some(problem) => problem.clone(),
        None => problem::of_status(response.status()),
    };
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, problem.render(id))
}

fn tell(response: &ServiceResponse<BoxBody>, id: &str, millis: i64) {
    let request = response.request();
    let status = response.status().as_u16();
    // The pattern, not the path: an id of a transaction stays out of logs and labels.
    let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
    let method = match request.method().as_str() {
        known @ ("GET" | "POST" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS" | "PUT") => known.to_owned(),
        _ => "other".to_owned(),
    };
    tracing::debug!(target: "http", id, method, route, status, millis, "served");
    let took = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    metrics::counter!("http_requests_total", "method" => method, "route" => route.clone(),
        "status" => status.to_string())
    .increment(1);
    metrics::histogram!("http_request_duration_seconds", "route" => route).record(took);
}

/// For paths that nothing is served at.
pub async fn not_found() -> Result<actix_web::HttpResponse, Problem> {
    Err(Problem::new(Code::NotFound, "Nothing is served at this path; GET /openapi.json lists what is."))
}
