//! Bills: handed in, read with their evidence and graded, shown to their owner, taken back.

use actix_web::http::{StatusCode, header};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use bill_reader::{Check, Found};
use futures_util::FutureExt;
use serde::Serialize;
use units::{Timestamp, WattHours};
use utoipa::ToSchema;
use uuid::Uuid;

use super::credentials::{CheckView, PdfFile, collected, essence};
use super::offers::EmptyBody;
use super::paging::{Asked as PageAsked, Page};
use super::{Answer, id};
use crate::api::State;
use crate::api::access::Caller;
use crate::api::idempotency::{Answered, Asked, Unkept};
use crate::api::problem::Problem;
use crate::bills::{Accepted, Stored, service};
use crate::error::Code;

/// A bill, as it was read. What it says is declared, not verified: it raises no limit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MeterDocument)]
pub struct MeterDocumentView {
    #[schema(value_type = String, format = "uuid")]
    pub meter_document_id: Uuid,
    /// `A` and `B` are good. A: no check failed; consumer number, meter number, sanctioned load and the units of three
    /// months. B: no check failed; both numbers, the units of a month, and the load or the period. C: one of the numbers
    /// and another field. D: less.
    #[schema(example = "A")]
    pub grade: String,
    /// Whether this bill gave the bonus of trust: `given`, or why not: `meter_not_yours`, `grade_too_low`,
    /// `account_had_it`, `meter_had_it`, `document_had_it`.
    #[schema(example = "given")]
    pub bonus: String,
    /// What the operator's language model did besides the rules: `used`, `not_configured`, `no_consent` (consent to
    /// `bill_reading` is missing), `busy`, `unavailable` or `unusable`.
    #[schema(example = "not_configured")]
    pub model: String,
    /// `meter`, `customer`, `load`, `period` and `readers`.
    pub checks: Vec<CheckView>,
    pub consumer_number: Option<TextView>,
    pub meter_number: Option<TextView>,
    pub discom: Option<TextView>,
    pub sanctioned_load_w: Option<WattsView>,
    pub bill_period: Option<PeriodView>,
    /// The newest first.
    pub months: Vec<MonthView>,
    /// What the model said and does not count.
    pub dropped: Vec<DroppedView>,
    #[schema(example = 2)]
    pub pages: i64,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// Where a value stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BillEvidence)]
pub struct EvidenceView {
    /// The line of the bill's text.
    pub line: String,
    /// From 1.
    #[schema(example = 1)]
    pub page: u32,
    /// `rules`, `model` or `both`.
    #[schema(example = "rules")]
    pub read_by: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BillText)]
pub struct TextView {
    pub value: String,
    pub evidence: EvidenceView,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BillWatts)]
pub struct WattsView {
    #[schema(example = 5000)]
    pub value: i64,
    pub evidence: EvidenceView,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BillPeriod)]
pub struct PeriodView {
    #[schema(example = "2026-04-01")]
    pub from: String,
    #[schema(example = "2026-04-30")]
    pub to: String,
    pub evidence: EvidenceView,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BillMonth)]
pub struct MonthView {
    #[schema(example = "2026-04")]
    pub month: String,
    #[schema(value_type = String, example = "312")]
    pub units_kwh: WattHours,
    pub evidence: EvidenceView,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BillDropped)]
pub struct DroppedView {
    /// `discom`, `consumer_number`, `meter_number`, `sanctioned_load`, `bill_period` or `months`.
    #[schema(example = "meter_number")]
    pub field: &'static str,
    pub value: String,
    /// `not_in_text`, `out_of_range`, or `disagrees` with what the rules read.
    #[schema(example = "not_in_text")]
    pub reason: &'static str,
}

/// Hands in an electricity bill as PDF: it is read by rules, and by the operator's language model where there is one and
/// the user has consented to `bill_reading`. A good one of a meter of the user's gives the bonus of trust, once for an
/// account, a meter and a document. The file is not kept, and what it says raises no limit. One file of a user is read
/// at a time: another one at the same moment is refused, and not counted.
#[utoipa::path(post, path = "/users/me/meter-documents", tag = "users",
    request_body(content((PdfFile = "application/pdf"))),
    responses((status = 201, body = MeterDocumentView)))]
pub async fn upload(
    state: State,
    Caller { user, .. }: Caller,
    request: HttpRequest,
    payload: Payload,
) -> Answer {
    if essence(&request) != "application/pdf" {
        return Err(Problem::new(Code::UnsupportedMediaType, "A bill is a PDF.")
            .advise("Send the header Content-Type: application/pdf."));
    }
    let bytes = collected(payload, "A bill").await?;
    let key = state.keyed(&request, &bytes, user.id).await?;
    let (p, desk, reader) = (state.participant.clone(), state.bills.clone(), state.documents.clone());
    let under = key.clone();
    let work = async move { service::hand_in(&p, &desk, &reader, user.id, bytes.to_vec(), under).await };
    let answered = state
        .once(key, work, |accepted| Answered {
            status: StatusCode::CREATED,
            body: serde_json::to_vec(accepted).unwrap_or_default(),
        })
        .await?;
    let accepted: Accepted =
        serde_json::from_slice(&answered.body).map_err(|_| Problem::of(Code::Internal))?;
    let document = read(&state, user.id, accepted.meter_document_id).await?;
    let place = format!("/users/me/meter-documents/{}", accepted.meter_document_id);
    let mut response = HttpResponse::Created().insert_header((header::LOCATION, place)).json(document);
    // What a bill says goes when its owner takes it back: no copy of it is kept under the key.
    response.extensions_mut().insert(Unkept);
    Ok(response)
}

/// The user's bills, newest first.
#[utoipa::path(get, path = "/users/me/meter-documents", tag = "users",
    params(("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<MeterDocumentView>)))]
pub async fn list(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let page = PageAsked::read(&request, &[])?;
    let (before, rows) = (page.before, page.rows());
    let found = state.read(move |tx| service::of_user(tx, user.id, before, rows).boxed()).await?;
    Ok(page.answer(&request, found, |bill| bill.id, |bill| shown(bill.clone())))
}

/// One bill.
#[utoipa::path(get, path = "/users/me/meter-documents/{id}", tag = "users",
    params(("id" = String, Path, description = "The id of the bill here")),
    responses((status = 200, body = MeterDocumentView)))]
pub async fn show(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    Ok(HttpResponse::Ok().json(read(&state, user.id, document_id(&request)?).await?))
}

/// Takes a bill back: what it says is forgotten. A bonus that it gave stays, and is not given again.
#[utoipa::path(delete, path = "/users/me/meter-documents/{id}", tag = "users",
    params(("id" = String, Path, description = "The id of the bill here")),
    responses((status = 204, description = "It is gone")))]
pub async fn remove(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, .. } = state.asked::<EmptyBody>(&request, payload).await?;
    let (id, now) = (document_id(&request)?, state.participant.now());
    let db = state.participant.db.clone();
    let work = async move { db.write(move |tx| service::remove(tx, user.id, id, now).boxed()).await };
    if state.run(work).await?? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Problem::not_found("bill"))
    }
}

fn document_id(request: &HttpRequest) -> Result<Uuid, Problem> {
    Uuid::parse_str(id(request, "bill")?).map_err(|_| Problem::not_found("bill"))
}

async fn read(state: &State, user: Uuid, id: Uuid) -> Result<MeterDocumentView, Problem> {
    let found = state.read(move |tx| service::find(tx, user, id).boxed()).await?;
    found.map(shown).ok_or_else(|| Problem::not_found("bill"))
}

fn evidence<T>(found: &Found<T>) -> EvidenceView {
    EvidenceView { line: found.line.clone(), page: found.page, read_by: found.read_by.as_str() }
}

fn shown(bill: Stored) -> MeterDocumentView {
    let text = |found: Found<String>| TextView { evidence: evidence(&found), value: found.value };
    let check = |check: Check| CheckView {
        check: check.name,
        verdict: check.verdict.as_str().to_owned(),
        reason: check.reason,
    };
    let reading = bill.reading;
    MeterDocumentView {
        meter_document_id: bill.id,
        grade: bill.grade,
        bonus: bill.bonus,
        model: bill.model,
        checks: bill.checks.into_iter().map(check).collect(),
        consumer_number: reading.consumer_number.map(text),
        meter_number: reading.meter_number.map(text),
        discom: reading.discom.map(text),
        sanctioned_load_w: reading
            .sanctioned_load_w
            .map(|found| WattsView { value: found.value, evidence: evidence(&found) }),
        bill_period: reading.bill_period.map(|found| PeriodView {
            from: found.value.from.to_string(),
            to: found.value.to.to_string(),
            evidence: evidence(&found),
        }),
        months: reading
            .months
            .iter()
            .map(|found| MonthView {
                month: found.value.month.to_string(),
                units_kwh: found.value.kwh,
                evidence: evidence(found),
            })
            .collect(),
        dropped: reading
            .dropped
            .into_iter()
            .map(|one| DroppedView {
                field: one.field.as_str(),
                value: one.value,
                reason: one.reason.as_str(),
            })
            .collect(),
        pages: bill.pages,
        created_at: bill.created_at,
    }
}
