//! The operator's port (ruling 12): numbers for Prometheus, and the queues and peers as they are. Loopback only.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::IpAddr;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse};
use futures_util::FutureExt;
use node::overview::{self, Ended, Peer, Queue};
use serde::Serialize;
use units::Timestamp;

use super::paging::Asked;
use super::{Answer, OPERATED};
use crate::api::State;
use crate::api::problem::Problem;
use crate::error::Code;
use crate::notify::Kept;
use crate::{contract, trust};

#[derive(Serialize)]
struct QueueView {
    counts: BTreeMap<String, i64>,
    oldest_unfinished: Option<Timestamp>,
    ended_badly: Vec<EndedView>,
}

#[derive(Serialize)]
struct EndedView {
    id: String,
    action: String,
    peer: String,
    purpose: String,
    attempts: i64,
    reason: Option<String>,
    at: Option<Timestamp>,
}

#[derive(Serialize)]
struct PeerView {
    subscriber_id: String,
    callback_signing: Option<String>,
    pinned: bool,
    fail_count: i64,
    next_try_at: Timestamp,
    last_error: Option<String>,
    ack_shape: Option<String>,
    last_seen_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct MessageView {
    to: String,
    kind: &'static str,
    subject: String,
    body: String,
    at: Timestamp,
}

/// Answers requests that name this machine only. A page from elsewhere may lead its own name to a loopback address
/// and so have a browser ask here; the name that the browser then sends gives it away.
pub async fn to_this_machine_only(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut named = request.headers().get_all(header::HOST).map(|value| value.to_str().unwrap_or_default());
    let own = named.next().is_some_and(names_this_machine) && named.next().is_none();
    drop(named);
    if own {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let problem =
        Problem::new(Code::Forbidden, "This port answers to localhost and loopback addresses only.");
    Ok(request.error_response(problem).map_into_right_body())
}

/// Whether a `Host` is localhost or a loopback address, with or without a port.
fn names_this_machine(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((literal, port)) => (literal, port),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let port_fits = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    let own = name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    own && port_fits
}

/// Any other path: this port has no document of its own, so the answer says what there is.
pub async fn elsewhere() -> Answer {
    let served: Vec<_> =
        OPERATED.iter().map(|route| format!("{} {}", route.method.to_uppercase(), route.path)).collect();
    let detail = format!("Nothing is served at this path; this port has {}.", served.join(", "));
    Err(Problem::new(Code::NotFound, detail))
}

/// `GET /admin/outbox`
pub async fn outbox(state: State, request: HttpRequest) -> Answer {
    let limit = Asked::read(&request, &[])?.limit;
    let queue = state.read(move |tx| overview::outbox(tx, limit).boxed()).await?;
    Ok(HttpResponse::Ok().json(shown(queue)))
}

/// `GET /admin/inbox`
pub async fn inbox(state: State, request: HttpRequest) -> Answer {
    let limit = Asked::read(&request, &[])?.limit;
    let queue = state.read(move |tx| overview::inbox(tx, limit).boxed()).await?;
    Ok(HttpResponse::Ok().json(shown(queue)))
}

/// `GET /admin/peers`
pub async fn peers(state: State, request: HttpRequest) -> Answer {
    let limit = Asked::read(&request, &[])?.limit;
    let peers = state.read(move |tx| overview::peers(tx, limit).boxed()).await?;
    Ok(HttpResponse::Ok().json(peers.into_iter().map(peer).collect::<Vec<_>>()))
}

/// `GET /admin/messages`: what the people of this platform would have got, where nothing sends it to them.
pub async fn messages(state: State) -> HttpResponse {
    let shown = |kept: Kept| MessageView {
        to: kept.message.to.address().to_owned(),
        kind: kept.message.kind.as_str(),
        subject: kept.message.subject,
        body: kept.message.body,
        at: kept.at,
    };
    HttpResponse::Ok().json(state.messenger.kept().into_iter().map(shown).collect::<Vec<_>>())
}

/// `GET /metrics`, in the text format of Prometheus: what the process recorded, and this platform's queues, contracts
/// and transactions.
pub async fn metrics(state: State) -> Answer {
    let mut text = state.metrics.as_ref().map_or_else(String::new, |handle| {
        handle.run_upkeep();
        handle.render()
    });
    let read = state.read(|tx| {
        async move {
            let (outbox, inbox) = (overview::outbox(tx, 0).await?, overview::inbox(tx, 0).await?);
            let contracts = contract::service::count_states(tx).await?;
            Ok((outbox, inbox, contracts, trust::service::count_causes(tx).await?))
        }
        .boxed()
    });
    let (outbox, inbox, contracts, changes) = read.await?;
    let mut family = |name: &str, kind: &str, rows: &[(String, i64)]| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# TYPE {name} {kind}");
        for (labels, value) in rows {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    let by_state = |queue: &Queue| -> Vec<(String, i64)> {
        queue.counts.iter().map(|(state, count)| (format!("{{state=\"{state}\"}}"), *count)).collect()
    };
    family("wattmandi_outbox_messages", "gauge", &by_state(&outbox));
    family("wattmandi_inbox_messages", "gauge", &by_state(&inbox));
    let labelled = contracts.iter().map(|(side, state, count)| {
        (format!("{{side=\"{}\",state=\"{}\"}}", side.as_str(), state.as_str()), *count)
    });
    family("wattmandi_contracts", "gauge", &labelled.collect::<Vec<_>>());
    let labelled = changes.into_iter().map(|(cause, count)| (format!("{{cause=\"{cause}\"}}"), count));
    family("wattmandi_trust_changes", "gauge", &labelled.collect::<Vec<_>>());
    let stats = state.participant.db.stats();
    let whole = |count: u64| vec![(String::new(), i64::try_from(count).unwrap_or(i64::MAX))];
    family("wattmandi_db_transactions_total", "counter", &whole(stats.transactions));
    family("wattmandi_db_commits_total", "counter", &whole(stats.commits));
    family(
        "wattmandi_db_longest_body_microseconds",
        "gauge",
        &[(String::new(), stats.longest_body.micros())],
    );
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

fn shown(queue: Queue) -> QueueView {
    QueueView {
        counts: queue.counts.into_iter().collect(),
        oldest_unfinished: queue.oldest_unfinished,
        ended_badly: queue.ended_badly.into_iter().map(ended).collect(),
    }
}

fn ended(row: Ended) -> EndedView {
    let Ended { id, action, peer, purpose, attempts, reason, at } = row;
    EndedView { id, action, peer, purpose, attempts, reason, at }
}

fn peer(row: Peer) -> PeerView {
    let Peer {
        subscriber_id,
        callback_signing,
        pinned,
        fail_count,
        next_try_at,
        last_error,
        ack_shape,
        last_seen_at,
    } = row;
    PeerView {
        subscriber_id,
        callback_signing,
        pinned,
        fail_count,
        next_try_at,
        last_error,
        ack_shape,
        last_seen_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine() {
        for host in ["localhost", "LOCALHOST:4900", "127.0.0.1", "127.8.9.1:4900", "[::1]", "[::1]:4900"] {
            assert!(names_this_machine(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:4900",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "[fd00::1]:4900",
            "localhost:port",
            "[::1",
            "::1",
        ] {
            assert!(!names_this_machine(host), "{host}");
        }
    }
}
