//! Around every handler: a request id, one line of log and metrics, security headers, and failures made uniform.

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest};
use tracing::Instrument;

use super::problem::{self, Problem};
use super::{State, cors, fresh, limits, routes};
use crate::error::Code;

/// Names a request in the log and in the answer.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Nothing but what a page names itself.
const CSP: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// What a page needs of a device: nothing.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), usb=()";
/// A browser that came over TLS once comes so for a year.
const HSTS: &str = "max-age=31536000";

/// The middleware of the public port: [`dressed`], with permissions for other origins and limits by address.
pub async fn dress(
    state: State,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let origin = cors::origin(&state.cors, request.headers());
    let https = state.remote(request.request()).https;
    let mut response = dressed(&state, request, async |request: ServiceRequest| {
        if let Some(permission) = cors::preflight(&state.cors, &request) {
            return Ok(request.into_response(permission));
        }
        if limits::is_counted(&request) {
            let counted = state.count_address(request.request()).await;
            if let Err(problem) = counted {
                return Ok(request.error_response(problem));
            }
        }
        Ok(next.call(request).await?.map_into_boxed_body())
    })
    .await?;
    let headers = response.headers_mut();
    cors::permit(origin, headers);
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    Ok(response)
}

/// The middleware of the operator's port.
pub async fn dress_operators(
    state: State,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    dressed(&state, request, async |request| Ok(next.call(request).await?.map_into_boxed_body())).await
}

/// What every answer of either port carries.
async fn dressed(
    state: &State,
    mut request: ServiceRequest,
    work: impl AsyncFnOnce(ServiceRequest) -> Result<ServiceResponse<BoxBody>, Error>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // The encoder of the connection knows what was asked, and leaves the body of the answer out.
    if request.method() == Method::HEAD && routes::answers_head(&request) {
        request.head_mut().method = Method::GET;
    }
    let started = state.participant.now();
    let id = given_id(request.request()).unwrap_or_else(|| state.participant.ids.uuid().to_string());
    let span = tracing::info_span!("request", id);
    let response = work(request).instrument(span).await?;
    let response = state.conclude(uniform(response, &id)).await;
    let mut response = fresh::tagged(response);
    let took = state.participant.now().since(started).as_millis();
    tell(&response, &id, took);
    let request = response.request().clone();
    let personal = ["/api", "/seller", "/users", "/auth", "/admin", "/utility"]
        .iter()
        .any(|start| request.path().starts_with(start));
    let status = response.status();
    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(header::REFERRER_POLICY, "no-referrer");
    default(header::CONTENT_SECURITY_POLICY, CSP);
    default(header::PERMISSIONS_POLICY, PERMISSIONS);
    default(header::CROSS_ORIGIN_OPENER_POLICY, "same-origin");
    default(header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin");
    fresh::cached(status, personal, headers);
    fresh::vary(personal, headers);
    limits::tell(&request, headers);
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
