//! The doors of the network: bytes in, bytes out. Everything else is [`node`]'s.
//!
//! The head is judged, and the key that it names is found, before a body is read; a body is read up to the limit that
//! this gave, and no further. Refusals are signed, whatever the method; only where no action is served, or no node
//! knows the address, the answer is a problem document, because nobody of the network was addressed.

use std::sync::Arc;

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use node::{Headers, Reply};

use super::State;
use super::json::{Unread, collect};
use super::problem::Problem;
use crate::error::Code;

/// Messages for a buyer's platform, and those of our ledger.
#[utoipa::path(post, path = "/bap/receiver/{action}", tag = "network",
    params(("action" = String, Path, description = "on_discover, on_select, …")),
    request_body(content = Object, description = "A signed Beckn message"),
    responses((status = 200, description = "Signed ACK", body = Object)))]
pub async fn bap(state: State, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    receive(state, request, payload).await
}

/// Messages for a seller's platform.
#[utoipa::path(post, path = "/bpp/receiver/{action}", tag = "network",
    params(("action" = String, Path, description = "select, init, confirm, …")),
    request_body(content = Object, description = "A signed Beckn message"),
    responses((status = 200, description = "Signed ACK", body = Object)))]
pub async fn bpp(state: State, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    receive(state, request, payload).await
}

/// The catalog service's verdict on our offers.
#[utoipa::path(post, path = "/bpp/receiver/catalog/on_publish", tag = "network",
    request_body(content = Object, description = "A signed Beckn message"),
    responses((status = 200, description = "Signed ACK", body = Object)))]
pub async fn on_publish(
    state: State,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    receive(state, request, payload).await
}

/// The same as /bap/receiver.
#[utoipa::path(post, path = "/callbacks/{action}", tag = "network",
    params(("action" = String, Path, description = "on_discover, on_select, …")),
    request_body(content = Object, description = "A signed Beckn message"),
    responses((status = 200, description = "Signed ACK", body = Object)))]
pub async fn callbacks(
    state: State,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    receive(state, request, payload).await
}

/// The signed results of a DISCOM's ledger: the same as /bap/receiver, where on_status is taken.
#[utoipa::path(post, path = "/discom/{action}", tag = "network",
    params(("action" = String, Path, description = "on_status")),
    request_body(content = Object, description = "A signed Beckn message"),
    responses((status = 200, description = "Signed ACK", body = Object)))]
pub async fn discom(state: State, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    receive(state, request, payload).await
}

/// New offers, for those who wait for them.
#[utoipa::path(post, path = "/catalog/push", tag = "network",
    request_body(content = Object, description = "A signed Beckn message"),
    responses((status = 200, description = "Signed ACK", body = Object)))]
pub async fn push(state: State, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    receive(state, request, payload).await
}

/// Any message of the network, at whatever door.
pub async fn receive(state: State, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let headers = headers(&request);
    let length = headers.get("content-length").and_then(|text| text.parse().ok());
    let remote = request.peer_addr().map(|address| address.ip());
    let node = Arc::clone(&state.participant.node);
    let path = request.path().to_owned();
    let max = match node.preflight(&path, &headers, length, remote) {
        Ok(max) => max,
        Err(reply) => return Ok(shown(reply)),
    };
    let expected = length.and_then(|length: u64| usize::try_from(length).ok()).unwrap_or(max);
    let asked = {
        let (node, path, headers) = (Arc::clone(&node), path.clone(), headers.clone());
        async move { node.reserve(&path, &headers, expected.min(max), remote).await }
    };
    let _room = match state.run(asked).await? {
        Ok(room) => room,
        Err(reply) => return Ok(shown(reply)),
    };
    let body = match collect(payload, max).await {
        Ok(body) => body,
        Err(Unread::TooLong) => {
            // The node says it in the network's way, from the length that is known now.
            let beyond = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
            return match node.preflight(&path, &headers, Some(beyond), None) {
                Err(reply) => Ok(shown(reply)),
                Ok(_) => Err(Problem::of(Code::RequestTooLarge)),
            };
        }
        Err(Unread::Broken) => {
            return Err(Problem::new(Code::RequestMalformed, "The body did not arrive whole."));
        }
    };
    let reply = state.run(async move { node.receive(&path, &headers, body).await }).await?;
    Ok(shown(reply))
}

/// The network's signed answer to any other method than POST at one of its doors; `None` elsewhere.
pub fn wrong_method(state: &State, request: &HttpRequest) -> Option<HttpResponse> {
    if request.method() == Method::POST {
        return None;
    }
    state.participant.node.wrong_method(request.path(), &headers(request)).map(shown)
}

fn headers(request: &HttpRequest) -> Headers {
    let fields = request.headers().iter();
    fields.filter_map(|(name, value)| value.to_str().ok().map(|value| (name.as_str(), value))).collect()
}

fn shown(reply: Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::build(status);
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
            && name != header::CONTENT_LENGTH
        {
            response.insert_header((name, value));
        }
    }
    response.body(reply.body)
}
