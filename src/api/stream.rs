//! Server-sent events: what happens to a user's transactions, as it happens.
//!
//! `id` is the event's sequence number; `Last-Event-ID`, or `after`, continues after it. An event may be told late, as
//! transactions commit out of order, but none is left out while a stream is open: the last seconds are always read again.
//! Streams are counted per user, so that a client which forgets its streams harms itself only. A stream goes on no longer
//! than whoever opened it would be let in: that is looked at whenever there is something to tell, in the transaction that
//! reads it, and at least every [`CHECKED_EVERY`].

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::{FutureExt, Stream, stream};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::{Interval, MissedTickBehavior, interval};
use units::{Span, Timestamp};
use uuid::Uuid;

use super::access::Pass;
use super::news::Waiting;
use super::problem::Problem;
use super::routes::paging;
use super::{Shared, State};
use crate::error::Code;
use crate::events::{self, Event};

static LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
static ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// Streams of one user at the same time.
const PER_USER: usize = 8;
/// Events that are read at once.
const PAGE: i64 = 100;
/// A comment so often keeps proxies from closing the connection.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// So often, by the wire clock, the right of a stream is looked at that has nothing to tell.
const CHECKED_EVERY: Span = Span::from_secs(15);
/// A transaction has committed so long after it began, or failed.
const LATE: Span = Span::from_secs(5);

/// How many streams each user has open.
#[derive(Clone)]
pub struct Streams(Arc<Mutex<HashMap<Uuid, usize>>>);

/// One open stream; dropping it makes room.
pub(super) struct Seat {
    streams: Streams,
    user: Uuid,
}

impl Streams {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(HashMap::new())))
    }

    pub(super) fn sit(&self, user: Uuid) -> Result<Seat, Problem> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(user).or_insert(0);
        if *count >= PER_USER {
            let problem =
                Problem::new(Code::RateLimited, format!("A user has at most {PER_USER} open streams."));
            return Err(problem.with(header::RETRY_AFTER, "15"));
        }
        *count = count.saturating_add(1);
        Ok(Seat { streams: self.clone(), user })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.user) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}

/// The body of one event.
#[derive(Serialize)]
struct Told<'a> {
    seq: i64,
    transaction_id: &'a str,
    kind: &'a str,
    at: Timestamp,
    data: &'a RawValue,
}

/// Reads a user's events in their order, from a place on, and of one transaction when it is named.
pub struct Reader {
    state: State,
    pass: Pass,
    checked_at: Timestamp,
    transaction: Option<String>,
    /// Nothing up to here is told any more.
    after: i64,
    /// What was told above `after`.
    told: BTreeSet<i64>,
    waiting: Waiting,
    _seat: Seat,
}

/// One stream at work.
struct Feed {
    reader: Reader,
    heartbeat: Interval,
    opened: bool,
    ended: bool,
}

/// Why a stream ended, as its last event says.
#[derive(Serialize)]
struct EndOf {
    code: &'static str,
    detail: String,
}

/// Opens a stream of the events of who was let in, of one transaction when it is named: after `Last-Event-ID`, or else
/// after the parameter `after`, which a client that reconnects by itself gives unchanged. Without either a transaction is
/// told from its beginning, all events from now on.
///
/// # Errors
/// 422 for what is no number of an event, and for another parameter; 429 when the user has too many streams.
pub async fn open(
    state: &State,
    request: &HttpRequest,
    transaction: Option<String>,
) -> Result<HttpResponse, Problem> {
    let query = paging::only(request, &["after"])?;
    let after = query.get("after").map(|text| number(text)).transpose()?;
    let last = last_event_id(request)?.or(after);
    // A transaction is told from its beginning.
    let last = last.or(transaction.is_some().then_some(0));
    let reader = Reader::begin(state, Pass::of(request)?, transaction, last).await?;
    let feed = Feed { reader, heartbeat: heartbeat(), opened: false, ended: false };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((ACCEL_BUFFERING.clone(), "no"))
        .streaming(chunks(feed)))
}

fn last_event_id(request: &HttpRequest) -> Result<Option<i64>, Problem> {
    let Some(value) = request.headers().get(&LAST_EVENT_ID) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.trim().parse::<i64>().ok()).filter(|seq| *seq >= 0);
    number.map(Some).ok_or_else(|| Problem::field("Last-Event-ID", "The number of an event is expected."))
}

fn number(text: &str) -> Result<i64, Problem> {
    let number = text.parse::<i64>().ok().filter(|seq| *seq >= 0);
    number.ok_or_else(|| Problem::field("after", "The number of an event is expected."))
}

fn chunks(feed: Feed) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(feed, |mut feed| async move { feed.next().await.map(|chunk| (Ok(chunk), feed)) })
}

/// Ticks when nothing was sent for a while.
pub fn heartbeat() -> Interval {
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    heartbeat
}

impl Reader {
    /// Begins after an event, or from now on.
    ///
    /// # Errors
    /// 429 when the user has too many streams; the database's.
    pub async fn begin(
        state: &State,
        pass: Pass,
        transaction: Option<String>,
        after: Option<i64>,
    ) -> Result<Self, Problem> {
        let seat = state.streams.sit(pass.user)?;
        let after = match after {
            Some(seq) => seq,
            None => state.read(|tx| events::last_seq(tx).boxed()).await?,
        };
        let waiting = state.news.subscribe();
        let (told, checked_at) = (BTreeSet::new(), state.participant.now());
        Ok(Self { state: state.clone(), pass, checked_at, transaction, after, told, waiting, _seat: seat })
    }

    /// Begins anew after an event.
    pub fn resume(&mut self, after: i64) {
        self.after = after;
        self.told.clear();
    }

    /// Until there may be something new.
    pub async fn news(&mut self) {
        self.waiting.news().await;
    }

    /// What is new, at most [`PAGE`] events.
    ///
    /// # Errors
    /// 401 and 403 when the right to it is over; the database's.
    pub async fn read(&mut self) -> Result<Vec<Event>, Problem> {
        let now = self.state.participant.now();
        let due = now.since(self.checked_at) >= CHECKED_EVERY;
        let (pass, transaction, after) = (self.pass.clone(), self.transaction.clone(), self.after);
        let (events, held) = Shared::read(&self.state, move |tx| {
            let (pass, transaction) = (pass.clone(), transaction.clone());
            async move {
                let events = events::after(tx, pass.user, transaction.as_deref(), after, PAGE).await?;
                let looked = due || !events.is_empty();
                let held = if looked { Some(pass.grant.held(tx, pass.user, now).await?) } else { None };
                Ok((events, held))
            }
            .boxed()
        })
        .await?;
        if let Some(held) = held {
            self.pass.judge(held)?;
            self.checked_at = now;
        }
        let settled = now.saturating_sub(LATE);
        let full = i64::try_from(events.len()).is_ok_and(|count| count >= PAGE);
        // What is old enough has no earlier event still to come; a full page must move on in any case.
        let done = events.iter().take_while(|event| full || event.at < settled).last().map(|event| event.seq);
        let mut events = events;
        events.retain(|event| self.told.insert(event.seq));
        if let Some(seq) = done {
            self.after = seq;
            self.told = self.told.split_off(&seq.saturating_add(1));
        }
        Ok(events)
    }
}

impl Feed {
    /// The next piece of the stream; none when it has ended, the server stops or cannot read the log.
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        if !self.opened {
            self.opened = true;
            return Some(Bytes::from_static(b"retry: 2000\n\n"));
        }
        let stopping = self.reader.state.stopping.clone();
        loop {
            let chunk: String = match self.reader.read().await {
                Ok(events) => events.iter().map(told).collect(),
                Err(problem) if problem.is_ours() => return None,
                Err(problem) => {
                    self.ended = true;
                    return Some(Bytes::from(end_of(&problem)));
                }
            };
            if !chunk.is_empty() {
                return Some(Bytes::from(chunk));
            }
            tokio::select! {
                () = self.reader.news() => {}
                _ = self.heartbeat.tick() => return Some(Bytes::from_static(b": heartbeat\n\n")),
                () = stopping.cancelled() => return None,
            }
        }
    }
}

/// An event as JSON in one line; nothing when it cannot be shown.
pub fn document(event: &Event) -> Option<String> {
    let data = serde_json::from_str::<&RawValue>(&event.payload).ok()?;
    let body =
        Told { seq: event.seq, transaction_id: &event.transaction_id, kind: &event.kind, at: event.at, data };
    // JSON has no line break outside of strings, and none inside.
    serde_json::to_string(&body).ok().map(|body| body.replace(['\n', '\r'], " "))
}

/// Without a number: it is no event of the log, and nothing is resumed after it.
fn end_of(problem: &Problem) -> String {
    let end = EndOf { code: problem.code(), detail: problem.to_string() };
    format!("event: end\ndata: {}\n\n", serde_json::to_string(&end).unwrap_or_default())
}

fn told(event: &Event) -> String {
    document(event).map_or_else(String::new, |body| {
        format!("id: {}\nevent: {}\ndata: {body}\n\n", event.seq, event.kind)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_a_number_of_seats_and_gets_them_back() {
        let (streams, user) = (Streams::new(), Uuid::from_u128(1));
        let seats: Vec<Seat> = (0..PER_USER).map(|_| streams.sit(user).unwrap()).collect();
        assert!(streams.sit(user).is_err());
        assert!(streams.sit(Uuid::from_u128(2)).is_ok());
        drop(seats);
        assert!(streams.0.lock().unwrap().is_empty());
        assert!(streams.sit(user).is_ok());
    }

    #[test]
    fn an_event_is_three_lines() {
        let event = Event {
            seq: 7,
            transaction_id: "t".into(),
            kind: "contract.active".into(),
            payload: "{\"state\":\n\"active\"}".into(),
            at: Timestamp::from_seconds(0),
        };
        let text = told(&event);
        assert!(text.starts_with("id: 7\nevent: contract.active\ndata: {\"seq\":7,"), "{text}");
        assert_eq!(text.matches('\n').count(), 4);
        assert!(text.contains("\"data\":{\"state\": \"active\"}"), "{text}");
    }
}
