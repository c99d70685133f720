//! Whether a client has the answer already: `ETag` from its bytes, `If-None-Match` answered by 304 (RFC 9110, 13), and
//! what may be kept where.
//!
//! An answer is made in any case, so a 304 saves its way and not its work; a stream has no tag.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use sha2::{Digest, Sha256};

/// Stands in the extensions of an answer whose bytes change by themselves, as a clock does: what is tagged in their
/// place, by a weak tag, as the bytes may differ.
pub struct Tagged(pub Vec<u8>);

/// Adds the tag to a read that succeeded, and takes the body from one that the client has.
pub fn tagged(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let read = response.request().method() == Method::GET && response.status() == StatusCode::OK;
    // What nobody may keep, nobody asks for again.
    let rule = response.headers().get(header::CACHE_CONTROL).and_then(|rule| rule.to_str().ok());
    let read = read && !rule.is_some_and(|rule| rule.contains("no-store"));
    if !read || response.headers().contains_key(header::ETAG) {
        return response;
    }
    let (request, response) = response.into_parts();
    let (mut response, body) = response.into_parts();
    let bytes = match body.try_into_bytes() {
        Ok(bytes) => bytes,
        Err(stream) => return ServiceResponse::new(request, response.set_body(stream)),
    };
    let (digest, weak) = match response.extensions_mut().remove::<Tagged>() {
        Some(Tagged(still)) => (Sha256::digest(&still), "W/"),
        None => (Sha256::digest(&bytes), ""),
    };
    let tag: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    if let Ok(value) = HeaderValue::from_str(&format!("{weak}{tag}")) {
        response.headers_mut().insert(header::ETAG, value);
    }
    if has(request.headers(), &tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(header::CONTENT_TYPE);
        return ServiceResponse::new(request, response.set_body(BoxBody::new(())));
    }
    ServiceResponse::new(request, response.set_body(BoxBody::new(bytes)))
}

/// Whether the client says that it has the answer of this tag; weak tags are compared by their text.
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let fields = headers.get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let mut tags = fields.flat_map(|field| field.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// What of the request an answer depends on, and who may keep it: a user's data no shared cache and, without a tag to
/// ask for it again, nobody at all.
pub fn cached(status: StatusCode, personal: bool, headers: &mut HeaderMap) {
    let tagged = headers.contains_key(header::ETAG);
    if !headers.contains_key(header::CACHE_CONTROL) {
        let rule = match (personal, tagged) {
            (true, true) => "private, no-cache",
            (true, false) => "private, no-store",
            (false, true) => "no-cache",
            (false, false) if status.is_client_error() || status.is_server_error() => "no-store",
            (false, false) => return,
        };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(rule));
    }
}

/// Adds to `Vary` what every answer depends on.
pub fn vary(personal: bool, headers: &mut HeaderMap) {
    let own = if personal { "Authorization, Origin" } else { "Origin" };
    let before = headers.get(header::VARY).and_then(|value| value.to_str().ok());
    let text = before.map_or_else(|| own.to_owned(), |before| format!("{before}, {own}"));
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(header::VARY, value);
    }
}
