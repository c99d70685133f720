//! The operator's port: deliveries that wait for a person, and the decision that ends one.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use units::Timestamp;
use uuid::Uuid;

use super::paging::Asked;
use super::{Answer, id};
use crate::api::State;
use crate::api::json;
use crate::api::problem::Problem;
use crate::contract::delivery::{Decided, Decision};
use crate::contract::service::Cell;
use crate::discom::{self, Exception, Wish};

#[derive(Serialize)]
struct ExceptionView {
    /// Our own id of the contract: what `resolve` takes.
    id: Uuid,
    transaction_id: String,
    contract_id: Option<String>,
    side: &'static str,
    /// Of the contract.
    state: &'static str,
    peer_id: String,
    user_id: Uuid,
    reason: Option<String>,
    /// The cells that it is about.
    cells: Vec<String>,
    /// Real time.
    since: Option<Timestamp>,
    /// 0: nothing was settled before.
    settlement: i64,
    evidence: Evidence,
    decisions: Vec<DecisionView>,
}

#[derive(Serialize)]
struct Evidence {
    /// Of our own table.
    digest: Option<String>,
    written: Vec<CellView>,
    copies: Vec<CopyOfHolder>,
}

#[derive(Serialize)]
struct CellView {
    cell: String,
    value: String,
    writer: String,
    provenance: String,
    round: i64,
}

#[derive(Serialize)]
struct CopyOfHolder {
    holder: String,
    digest: String,
    differs: Vec<String>,
    told_at: Timestamp,
}

#[derive(Serialize)]
struct DecisionView {
    decision: &'static str,
    reason: String,
    by: String,
    settlement: i64,
    at: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResolveBody {
    /// `accept`, `keep` or `close`.
    decision: String,
    reason: String,
    /// Who decides.
    by: String,
}

/// `GET /admin/exceptions`
pub async fn list(state: State, request: HttpRequest) -> Answer {
    let limit = Asked::read(&request, &[])?.limit;
    let p = state.participant.clone();
    let found = state.run(async move { discom::exceptions(&p, limit).await }).await??;
    Ok(HttpResponse::Ok().json(found.into_iter().map(shown).collect::<Vec<_>>()))
}

/// `POST /admin/exceptions/{id}/resolve`. The body is JSON by its content type, which no page of another origin can send
/// without asking first.
pub async fn resolve(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let what = "exception";
    let contract = Uuid::parse_str(id(&request, what)?).map_err(|_| Problem::not_found(what))?;
    let body: ResolveBody = json::parse(&json::body(&request, payload).await?)?;
    let decision = Decision::parse(&body.decision)
        .map_err(|_| Problem::field("decision", "The decision is accept, keep or close."))?;
    let wish = Wish { contract, decision, reason: body.reason, by: body.by };
    let p = state.participant.clone();
    let after = state.run(async move { discom::resolve(&p, wish).await }).await?.map_err(Problem::from)?;
    let answer = serde_json::json!({
        "id": contract, "state": after.state.as_str(), "settlement": after.settlement,
    });
    Ok(HttpResponse::Ok().json(answer))
}

fn shown(exception: Exception) -> ExceptionView {
    let Exception { contract, delivery, about, digest, copies, cells, decided } = exception;
    let copies = copies.into_iter().map(|copy| CopyOfHolder {
        holder: copy.holder,
        digest: copy.digest,
        differs: copy.differs.split(',').filter(|cell| !cell.is_empty()).map(str::to_owned).collect(),
        told_at: copy.told_at,
    });
    let written = cells.into_iter().map(|cell: Cell| CellView {
        cell: format!("{}@{}", cell.column, cell.slot_start),
        value: cell.value,
        writer: cell.writer,
        provenance: cell.provenance,
        round: cell.round,
    });
    let decisions = decided.into_iter().map(|decided: Decided| DecisionView {
        decision: decided.decision.as_str(),
        reason: decided.reason,
        by: decided.by,
        settlement: decided.settlement,
        at: decided.at,
    });
    ExceptionView {
        id: contract.id,
        transaction_id: contract.transaction_id,
        contract_id: contract.contract_id,
        side: contract.side.as_str(),
        state: contract.state.as_str(),
        peer_id: contract.peer_id,
        user_id: contract.user_id,
        reason: delivery.reason,
        cells: about,
        since: delivery.excepted_at,
        settlement: delivery.settlement,
        evidence: Evidence { digest, written: written.collect(), copies: copies.collect() },
        decisions: decisions.collect(),
    }
}
