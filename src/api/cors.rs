//! Which pages of other origins may use the API: those that the operator lists, exactly (Fetch, "CORS protocol").
//!
//! A listed origin may send cookies and read the headers that a client needs. Any other one gets no word of permission,
//! and its preflight is answered like a method that is not offered.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Request headers beyond those that need no permission.
const ALLOWED: &str =
    "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Prefer, X-Request-Id";
/// Answer headers that a page may read.
const EXPOSED: &str = "Content-Location, ETag, Idempotent-Replayed, Link, Location, Preference-Applied, RateLimit, \
    RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id";
const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
/// How long a browser may remember a permission, seconds.
const REMEMBERED: &str = "600";

/// The listed origin that a request comes from.
pub fn origin(listed: &[String], headers: &HeaderMap) -> Option<HeaderValue> {
    let mut fields = headers.get_all(header::ORIGIN);
    let origin = fields.next().filter(|_| fields.next().is_none())?;
    listed.iter().any(|listed| listed.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

/// The answer to a listed origin's question whether it may send a request.
pub fn preflight(listed: &[String], request: &ServiceRequest) -> Option<HttpResponse> {
    let asks = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !asks || origin(listed, request.headers()).is_none() {
        return None;
    }
    let mut response = HttpResponse::NoContent();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED),
        (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED),
    ] {
        response.insert_header((name, value));
    }
    Some(response.finish())
}

/// Permits a listed origin to read the answer.
pub fn permit(origin: Option<HeaderValue>, headers: &mut HeaderMap) {
    let Some(origin) = origin else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let fixed: [(HeaderName, &'static str); 2] = [
        (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
