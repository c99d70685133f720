//! What the user is billed for each month: JSON, CSV, and a page to print.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::FutureExt;
use serde::Serialize;
use units::{IstMonth, Paise, Price, Timestamp, WattHours};
use utoipa::ToSchema;
use uuid::Uuid;

use super::account::JournalEntry;
use super::paging::{Asked, Order, Page, only};
use super::{Answer, account};
use crate::api::State;
use crate::api::access::Caller;
use crate::api::problem::Problem;
use crate::settlement::{self, MoneyError, Part, Statement, TradeLine};

/// One month.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementHead {
    /// A month in India.
    #[schema(value_type = String, example = "2026-11")]
    pub month: IstMonth,
    #[schema(value_type = String, example = "0.00")]
    pub opening_inr: Paise,
    #[schema(value_type = String, example = "-48.00")]
    pub closing_inr: Paise,
    /// The month goes on.
    pub open: bool,
    pub json: String,
    pub csv: String,
    pub html: String,
}

/// The statement of a month.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statement)]
pub struct StatementDocument {
    #[schema(value_type = String, example = "2026-11")]
    pub month: IstMonth,
    pub name: String,
    pub platform: String,
    /// Always `INR`.
    #[schema(example = "INR")]
    pub currency: &'static str,
    #[schema(value_type = String, example = "0.00")]
    pub opening_inr: Paise,
    #[schema(value_type = String, example = "-48.00")]
    pub closing_inr: Paise,
    /// Opening balance, trades and movements come to the closing balance, to the paisa.
    pub reconciled: bool,
    /// What each meter's DISCOM takes off its own bill.
    pub meters: Vec<MeterAdjustment>,
    pub bought: Sums,
    pub sold: Sums,
    /// Every hour that was settled or corrected in this month.
    pub lines: Vec<StatementLine>,
    /// Money that moved otherwise.
    pub movements: Vec<JournalEntry>,
}

/// One meter.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeterAdjustment {
    pub meter_id: String,
    pub discom: String,
    pub customer_number: String,
    /// To be taken off what was drawn.
    #[schema(value_type = String, example = "8")]
    pub bought_kwh: WattHours,
    /// To be taken off what was fed in.
    #[schema(value_type = String, example = "0")]
    pub sold_kwh: WattHours,
}

/// The positions of one side of trades.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sums {
    #[schema(value_type = String, example = "8")]
    pub energy_kwh: WattHours,
    #[schema(value_type = String, example = "48.00")]
    pub energy_inr: Paise,
    #[schema(value_type = String, example = "0.00")]
    pub wheeling_inr: Paise,
    /// One half of the transaction charge.
    #[schema(value_type = String, example = "1.68")]
    pub transaction_charge_inr: Paise,
    #[schema(value_type = String, example = "0.00")]
    pub platform_fee_inr: Paise,
    /// For what this user's own side fell short.
    #[schema(value_type = String, example = "0.00")]
    pub penalty_inr: Paise,
    /// What the account got: negative for what was bought.
    #[schema(value_type = String, example = "-49.68")]
    pub amount_inr: Paise,
}

/// One hour of a trade, and where to look further.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementLine {
    pub transaction_id: String,
    pub contract_id: Option<String>,
    /// `buyer` or `seller`.
    pub side: &'static str,
    pub peer_id: String,
    /// Yours, as the DISCOM writes it.
    #[schema(example = "TEST_METER_ASHA")]
    pub meter_id: String,
    pub discom: String,
    #[schema(value_type = String, format = DateTime)]
    pub start: Timestamp,
    pub label_ist: String,
    #[schema(value_type = String, example = "6")]
    pub price_inr: Price,
    pub allocation: Allocation,
    /// This line's part of each position; after a correction the difference.
    pub sums: Sums,
    /// Market time.
    #[schema(value_type = String, format = DateTime)]
    pub booked_at: Timestamp,
    pub links: Links,
}

/// How much of the hour was allocated, and by whom.
#[derive(Debug, Serialize, ToSchema)]
pub struct Allocation {
    #[schema(value_type = String, example = "10")]
    pub requested_kwh: WattHours,
    /// By the seller's DISCOM.
    #[schema(value_type = Option<String>, example = "8")]
    pub seller_kwh: Option<WattHours>,
    /// By the buyer's DISCOM.
    #[schema(value_type = Option<String>, example = "8")]
    pub buyer_kwh: Option<WattHours>,
    #[schema(value_type = String, example = "8")]
    pub settled_kwh: WattHours,
    /// What a correction corrects; null in a first result.
    #[schema(value_type = Option<String>)]
    pub settled_before_kwh: Option<WattHours>,
    /// `measured`, `estimated`, `outage` or `curtailed`.
    pub quality: &'static str,
    /// Of the DISCOMs' result.
    pub revision: i64,
}

/// Where a line opens.
#[derive(Debug, Serialize, ToSchema)]
pub struct Links {
    pub trade: String,
    pub events: String,
}

/// The months that have a statement, newest first.
#[utoipa::path(get, path = "/users/me/statements", tag = "account",
    params(("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<StatementHead>)))]
pub async fn list(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let page = Asked::read(&request, &[])?;
    let db = state.participant.db.clone();
    let read =
        async move { db.read(move |tx| async move { settlement::months(tx, user.id).await }.boxed()).await };
    let mut months = state.run(read).await?.map_err(Problem::from)?;
    months.reverse();
    let now = IstMonth::of(state.participant.market_now());
    let path = |month: IstMonth| format!("/users/me/statements/{month}");
    let head = |month: &settlement::Month| StatementHead {
        month: month.month,
        opening_inr: month.opening,
        closing_inr: month.closing,
        open: month.month >= now,
        json: path(month.month),
        csv: format!("{}.csv", path(month.month)),
        html: format!("{}.html", path(month.month)),
    };
    let id = |month: &settlement::Month| {
        Uuid::from_u128(month.month.first_slot().start().micros().unsigned_abs().into())
    };
    page.of_whole(&request, months, Order::Falling, id, head)
}

enum Form {
    Json,
    Csv,
    Html,
}

/// The statement of a month, `2026-11`; as the ending `.csv` or `.html`, or else `Accept`, asks for it.
#[utoipa::path(get, path = "/users/me/statements/{month}", tag = "account",
    params(("month" = String, Path, description = "A month in India, with `.csv` or `.html` for those forms")),
    responses((status = 200, content((StatementDocument = "application/json"), (String = "text/csv"),
        (String = "text/html")))))]
pub async fn show(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    only(&request, &[])?;
    let (month, form) = asked(&request)?;
    let db = state.participant.db.clone();
    let read = async move {
        db.read(move |tx| async move { settlement::of_month(tx, user.id, month).await }.boxed()).await
    };
    let statement = state.run(read).await?.map_err(Problem::from)?;
    let platform = state.participant.settings.subscriber_id.as_str();
    let mut response = HttpResponse::Ok();
    response.insert_header((header::VARY, "Accept"));
    Ok(match form {
        Form::Json => response.json(document(&statement, platform).map_err(Problem::from)?),
        Form::Csv => response
            .content_type("text/csv; charset=utf-8")
            .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{month}.csv\"")))
            .body(settlement::render_csv(&statement).map_err(Problem::from)?),
        Form::Html => {
            let style = settlement::style_hash();
            let policy = format!(
                "default-src 'none'; style-src '{style}'; base-uri 'none'; form-action 'none'; \
                 frame-ancestors 'none'"
            );
            response
                .content_type("text/html; charset=utf-8")
                .insert_header((header::CONTENT_SECURITY_POLICY, policy))
                .body(settlement::render_html(&statement, platform).map_err(Problem::from)?)
        }
    })
}

fn asked(request: &HttpRequest) -> Result<(IstMonth, Form), Problem> {
    let name = request.match_info().get("month").unwrap_or_default();
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let (text, form) = match (name.strip_suffix(".csv"), name.strip_suffix(".html")) {
        (Some(text), _) => (text, Form::Csv),
        (_, Some(text)) => (text, Form::Html),
        _ => (name.strip_suffix(".json").unwrap_or(name), wanted(accept.unwrap_or_default())),
    };
    let month = IstMonth::parse(text).map_err(|_| Problem::not_found("statement"))?;
    Ok((month, form))
}

/// The first of our media types that the client names; JSON when it names none.
fn wanted(accept: &str) -> Form {
    let named = accept.split(',').filter_map(|range| match range.split(';').next().map(str::trim) {
        Some("application/json") => Some(Form::Json),
        Some("text/csv") => Some(Form::Csv),
        Some("text/html") => Some(Form::Html),
        _ => None,
    });
    named.into_iter().next().unwrap_or(Form::Json)
}

fn document(statement: &Statement, platform: &str) -> Result<StatementDocument, MoneyError> {
    let meter = |part: &settlement::MeterPart| MeterAdjustment {
        meter_id: part.meter.meter_id.clone(),
        discom: part.meter.discom_code.clone(),
        customer_number: part.meter.customer_number.clone(),
        bought_kwh: part.bought,
        sold_kwh: part.sold,
    };
    Ok(StatementDocument {
        month: statement.month,
        name: statement.user.display_name.clone(),
        platform: platform.to_owned(),
        currency: "INR",
        opening_inr: statement.opening,
        closing_inr: statement.closing,
        reconciled: statement.reconciled,
        meters: statement.meters.iter().map(meter).collect(),
        bought: sums(&statement.bought),
        sold: sums(&statement.sold),
        lines: statement.lines.iter().map(line).collect::<Result<_, _>>()?,
        movements: statement.movements.iter().map(account::entry).collect(),
    })
}

fn sums(part: &Part) -> Sums {
    Sums {
        energy_kwh: part.energy,
        energy_inr: part.bill.energy,
        wheeling_inr: part.bill.wheeling,
        transaction_charge_inr: part.bill.charge,
        platform_fee_inr: part.bill.fee,
        penalty_inr: part.bill.penalty,
        amount_inr: part.amount,
    }
}

fn line(line: &TradeLine) -> Result<StatementLine, MoneyError> {
    let slot = &line.line.result;
    let part = Part { energy: line.energy()?, bill: line.bill()?, amount: line.amount()? };
    let trade = format!("/api/transactions/{}", line.transaction_id);
    Ok(StatementLine {
        transaction_id: line.transaction_id.clone(),
        contract_id: line.contract_id.clone(),
        side: line.side.as_str(),
        peer_id: line.peer_id.clone(),
        meter_id: line.meter_id.clone(),
        discom: line.discom.clone(),
        start: slot.slot.start(),
        label_ist: units::ist_label(slot.slot.start()),
        price_inr: slot.price,
        allocation: Allocation {
            requested_kwh: slot.requested,
            seller_kwh: slot.round1,
            buyer_kwh: slot.round2,
            settled_kwh: slot.settled,
            settled_before_kwh: line.settled_before,
            quality: slot.quality.as_str(),
            revision: line.revision,
        },
        sums: sums(&part),
        booked_at: line.settled_at,
        links: Links {
            events: format!("{trade}/events"),
            trade: format!("{trade}?side={}", line.side.as_str()),
        },
    })
}
