//! The user's events over a WebSocket, and the tickets that open one from a browser.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use serde::Serialize;
use units::Timestamp;
use utoipa::ToSchema;

use super::Answer;
use super::offers::EmptyBody;
use crate::api::access::Caller;
use crate::api::idempotency::{Asked, Unkept};
use crate::api::problem::Problem;
use crate::api::{State, socket};
use crate::error::Code;
use crate::events::tickets;

/// Opens one stream, once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventTicket)]
pub struct TicketDocument {
    pub ticket: String,
    /// Where it is used.
    #[schema(example = "/api/events/ws?ticket=4f…")]
    pub path: String,
    /// Half a minute from now.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// A ticket for `/api/events/ws`, for a page of a browser, which cannot send a header with a WebSocket.
#[utoipa::path(post, path = "/api/events/tickets", tag = "transactions", request_body = EmptyBody,
    responses((status = 201, body = TicketDocument)))]
pub async fn ticket(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, .. } = state.asked::<EmptyBody>(&request, payload).await?;
    let (p, id, by) = (state.participant.clone(), user.id, Caller::of(&request)?.grant().written());
    let ticket = URL_SAFE_NO_PAD.encode(p.ids.bytes::<24>());
    let (text, now) = (ticket.clone(), p.now());
    let issued = state.run(async move {
        p.db.write(move |tx| {
            let (text, by) = (text.clone(), by.clone());
            async move { tickets::issue(tx, &text, id, &by, now).await }.boxed()
        })
        .await
    });
    let Some(expires_at) = issued.await?? else {
        let problem = Problem::new(Code::RateLimited, "Use the tickets that you have, or let them expire.");
        let wait = tickets::VALID_FOR.as_secs().to_string();
        return Err(problem.with(actix_web::http::header::RETRY_AFTER, wait));
    };
    let path = format!("/api/events/ws?ticket={ticket}");
    let mut response = HttpResponse::Created();
    response.extensions_mut().insert(Unkept);
    Ok(response.json(TicketDocument { ticket, path, expires_at }))
}

/// All events of the user over a WebSocket, one text message for each, as in `/api/events`: from now on, after the event
/// `after`, or after the one that a first message `{"after": N}` names. By `Authorization`, or by a ticket. It is closed
/// with 1008 and the code of the error once whoever opened it would not be let in any more.
#[utoipa::path(get, path = "/api/events/ws", tag = "transactions",
    params(("ticket" = Option<String>, Query, description = "Of POST /api/events/tickets, in place of a token"),
        ("after" = Option<i64>, Query, minimum = 0, description = "The number of the last event that was seen")),
    responses((status = 101, description = "A WebSocket follows"),
        (status = 400, description = "No WebSocket was asked for", body = crate::api::problem::ProblemBody,
            content_type = "application/problem+json")))]
pub async fn socket(state: State, request: HttpRequest, payload: Payload) -> Answer {
    socket::open(&state, &request, payload).await
}
