//! The events of a user over a WebSocket (RFC 6455): the same log, the same documents and the same numbers as the
//! stream of [`super::stream`], one text message for each event.
//!
//! A client resumes by `?after=N`, or by a first message `{"after": N}`; it says nothing else. Messages to a client are
//! bounded in number, and one that takes none of them is cut off. A browser sends cookies and its origin with a
//! handshake whatever page it is on, so the origin must be ours or a listed one; it shows a ticket in place of a token.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::web::{Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use db::DbError;
use futures_util::{FutureExt, StreamExt};
use serde::Deserialize;
use tokio::time::timeout;

use super::access::{Access, Caller, Pass};
use super::problem::{Problem, challenge};
use super::stream::{self, Reader};
use super::{Shared, State, cors};
use crate::error::Code;
use crate::events::{Event, tickets};
use crate::identity::grants::{Grant, Held};

/// Where streams are opened.
pub const PATH: &str = "/api/events/ws";
/// Longest message of a client.
const MESSAGE_MAX: usize = 1024;
/// Pings that a client may leave without an answer.
const UNANSWERED_MAX: u32 = 2;
/// Longer tickets are not looked up.
const TICKET_MAX: usize = 128;

/// What a handshake says beside its headers.
struct Wish {
    ticket: Option<String>,
    after: Option<i64>,
}

/// The only thing that a client says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resume {
    after: i64,
}

impl Wish {
    /// Reads the query of a handshake, and judges where it comes from.
    ///
    /// # Errors
    /// 403 for a page of an origin that is not listed, 422 for a parameter.
    fn read(state: &Shared, request: &HttpRequest) -> Result<Self, Problem> {
        if !from_here(state, request) {
            let detail = "Pages of this origin may not open a stream; the operator lists those that may.";
            return Err(Problem::new(Code::Forbidden, detail));
        }
        let query = Query::<BTreeMap<String, String>>::from_query(request.query_string());
        let mut given = query.map_err(|_| Problem::field("query", "The query cannot be read."))?.into_inner();
        let ticket = given.remove("ticket");
        let after = given.remove("after").map(|text| text.parse::<i64>().ok().filter(|seq| *seq >= 0));
        if let Some(name) = given.keys().next() {
            return Err(Problem::field(name.as_str(), "There is no such query parameter."));
        }
        match after {
            Some(None) => Err(Problem::field("after", "The number of an event is expected.")),
            after => Ok(Self { ticket, after: after.flatten() }),
        }
    }
}

/// Programs send no origin; a page sends its own, which must be this server's or listed.
fn from_here(state: &Shared, request: &HttpRequest) -> bool {
    let headers = request.headers();
    let mut origins = headers.get_all("origin");
    let Some(origin) = origins.next() else { return true };
    let own = |origin: &str, host: &str| origin.split_once("://").is_some_and(|(_, at)| at == host);
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    let ours = origin.to_str().ok().zip(host).is_some_and(|(origin, host)| own(origin, host));
    (ours && origins.next().is_none()) || cors::origin(&state.cors, headers).is_some()
}

impl Shared {
    /// Who opens a stream: by a token as everywhere, or by a ticket, which is gone then.
    ///
    /// # Errors
    /// 401 without either, 403 for a page of elsewhere and for whom streams are not, 429 beyond a limit.
    pub async fn opener(&self, access: Access, request: &HttpRequest) -> Result<Caller, Problem> {
        // Before the ticket is taken: a page of elsewhere cannot spoil it.
        let wish = match Wish::read(self, request) {
            Ok(wish) => wish,
            Err(problem) => {
                self.count_guess(request).await?;
                return Err(problem);
            }
        };
        let Some(ticket) = wish.ticket else { return access.caller(self, request).await };
        let Some((grant, held)) = self.redeemed(ticket).await? else {
            self.count_address(request).await?;
            let detail = "The ticket was used before, has expired, or is none.";
            return Err(challenge(Problem::new(Code::TokenInvalid, detail), Some("invalid_token")));
        };
        let caller = match Caller::again(&grant, held) {
            Ok(caller) => caller,
            Err(problem) => {
                self.count_address(request).await?;
                return Err(problem);
            }
        };
        self.count_user(request, caller.user.id, access.class).await?;
        access.admit(&caller)?;
        Ok(caller)
    }

    /// By what the ticket's user was let in, and what that is still worth.
    async fn redeemed(&self, ticket: String) -> Result<Option<(Grant, Option<Held>)>, Problem> {
        if ticket.len() > TICKET_MAX {
            return Ok(None);
        }
        let (db, now) = (self.participant.db.clone(), self.participant.now());
        let work = async move {
            db.write(move |tx| {
                let ticket = ticket.clone();
                async move {
                    let Some((user, by)) = tickets::redeem(tx, &ticket, now).await? else {
                        return Ok::<_, DbError>(None);
                    };
                    let Some(grant) = Grant::read(&by) else { return Ok(None) };
                    let held = grant.held(tx, user, now).await?;
                    Ok(Some((grant, held)))
                }
                .boxed()
            })
            .await
        };
        Ok(self.run(work).await??)
    }
}

/// Opens a stream of all events of who was let in, for as long as he would be.
///
/// # Errors
/// 400 when no WebSocket is asked for, 429 when the user has too many streams.
pub async fn open(state: &State, request: &HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let wish = Wish::read(state, request)?;
    let reader = Reader::begin(state, Pass::of(request)?, None, wish.after).await?;
    let (response, session, messages) = actix_ws::handle(request, payload)
        .map_err(|_| Problem::new(Code::RequestMalformed, "The handshake of a WebSocket is expected."))?;
    let messages = messages.max_frame_size(MESSAGE_MAX);
    let line = Line { session, stalled: state.stalled, unanswered: 0, spoken: false };
    let stopping = state.stopping.clone();
    actix_web::rt::spawn(async move {
        let (mut line, mut messages) = (line, messages);
        let told = tokio::select! {
            told = line.tell(reader, &mut messages) => told,
            () = stopping.cancelled() => Some((CloseCode::Away, "the server stops")),
        };
        line.close(told).await;
    });
    Ok(response)
}

/// Why a line is closed by us; nothing when the client has gone.
type End = Option<(CloseCode, &'static str)>;

/// One client at the other end.
struct Line {
    session: Session,
    stalled: Duration,
    /// Pings since the client was last heard.
    unanswered: u32,
    /// The client has said where to begin.
    spoken: bool,
}

impl Line {
    async fn tell(&mut self, mut reader: Reader, messages: &mut MessageStream) -> End {
        let mut heartbeat = stream::heartbeat();
        loop {
            let events = match reader.read().await {
                Ok(events) => events,
                Err(problem) if problem.is_ours() => {
                    return Some((CloseCode::Error, "the events cannot be read"));
                }
                // He is told why, in the words of the errors.
                Err(problem) => return Some((CloseCode::Policy, problem.code())),
            };
            for event in &events {
                if let Err(end) = self.send(event).await {
                    return end;
                }
            }
            if !events.is_empty() {
                heartbeat.reset();
                continue;
            }
            tokio::select! {
                () = reader.news() => {}
                message = messages.next() => match message {
                    Some(Ok(message)) => {
                        if let Err(end) = self.hear(message, &mut reader).await {
                            return end;
                        }
                    }
                    Some(Err(_)) => return Some((CloseCode::Protocol, "that cannot be read")),
                    None => return None,
                },
                _ = heartbeat.tick() => {
                    self.unanswered = self.unanswered.saturating_add(1);
                    if self.unanswered > UNANSWERED_MAX {
                        return Some((CloseCode::Policy, "no answer to a ping"));
                    }
                    if !matches!(timeout(self.stalled, self.session.ping(b"")).await, Ok(Ok(()))) {
                        return None;
                    }
                }
            }
        }
    }

    async fn send(&mut self, event: &Event) -> Result<(), End> {
        let Some(text) = stream::document(event) else { return Ok(()) };
        match timeout(self.stalled, self.session.text(text)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(None),
            Err(_) => Err(Some((CloseCode::Policy, "the client does not read"))),
        }
    }

    async fn hear(&mut self, message: Message, reader: &mut Reader) -> Result<(), End> {
        self.unanswered = 0;
        match message {
            Message::Text(text) => {
                let begin = serde_json::from_str::<Resume>(&text).ok().filter(|begin| begin.after >= 0);
                match begin.filter(|_| !self.spoken) {
                    Some(begin) => {
                        self.spoken = true;
                        reader.resume(begin.after);
                        Ok(())
                    }
                    None => Err(Some((CloseCode::Policy, "only a first message {\"after\": N} is heard"))),
                }
            }
            Message::Ping(bytes) => match timeout(self.stalled, self.session.pong(&bytes)).await {
                Ok(Ok(())) => Ok(()),
                _ => Err(None),
            },
            Message::Pong(_) | Message::Nop => Ok(()),
            Message::Close(_) => Err(Some((CloseCode::Normal, ""))),
            Message::Binary(_) | Message::Continuation(_) => {
                Err(Some((CloseCode::Unsupported, "text in one piece is expected")))
            }
        }
    }

    async fn close(self, end: End) {
        let reason =
            end.map(
                |(code, text)| {
                    if text.is_empty() { CloseReason::from(code) } else { CloseReason::from((code, text)) }
                },
            );
        // A client that does not read is left to the operating system.
        let _ = timeout(self.stalled, self.session.close(reason)).await;
    }
}
