//! The user's money on this platform: what there is, what moved it, and money to and from the user's bank.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use units::{Paise, Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Answer;
use super::paging::{Asked as PageAsked, Page, only};
use crate::api::State;
use crate::api::access::Caller;
use crate::api::idempotency::Asked;
use crate::api::problem::Problem;
use crate::settlement::{self, Entry, Payment, PaymentKind};

/// What a booking may be, for lists.
const KINDS: &[&str] = &["hold", "release", "settlement", "correction", "top_up", "withdrawal"];

/// The account of the user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountDocument {
    /// Always `INR`.
    #[schema(example = "INR")]
    pub currency: &'static str,
    /// Negative on credit.
    #[schema(value_type = String, example = "-48.00")]
    pub balance_inr: Paise,
    /// Set aside for trades and withdrawals under way.
    #[schema(value_type = String, example = "62.10")]
    pub held_inr: Paise,
    /// How far the balance may be in debit.
    #[schema(value_type = String, example = "10000.00")]
    pub credit_limit_inr: Paise,
    /// Balance and credit, less what is held: what can be bought for.
    #[schema(value_type = String, example = "9889.90")]
    pub available_inr: Paise,
    /// Owed beyond the limit, after a settlement that came to more; paid first from what comes in.
    #[schema(value_type = String, example = "0.00")]
    pub arrears_inr: Paise,
}

/// One booking.
#[derive(Debug, Serialize, ToSchema)]
pub struct JournalEntry {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    /// `hold`, `release`, `settlement`, `correction`, `top_up` or `withdrawal`.
    #[schema(example = "settlement")]
    pub kind: &'static str,
    /// Unique among those of its kind.
    pub reference: String,
    /// The trade that it is about.
    pub transaction_id: Option<String>,
    /// What the account got; negative for what it paid.
    #[schema(value_type = String, example = "-48.00")]
    pub amount_inr: Paise,
    /// How what is held has changed.
    #[schema(value_type = String, example = "-62.10")]
    pub held_inr: Paise,
    /// Market time.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// How much to move.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MoveMoney)]
pub struct MoveBody {
    #[schema(value_type = String, example = "500.00")]
    amount_inr: Paise,
}

/// Money on its way to or from the user's bank.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentDocument {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    /// `top_up` or `withdrawal`.
    #[schema(example = "top_up")]
    pub kind: &'static str,
    #[schema(value_type = String, example = "500.00")]
    pub amount_inr: Paise,
    /// `pending`, `paid` or `refused`.
    #[schema(example = "paid")]
    pub state: &'static str,
    /// The bank's.
    pub reference: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// Balance, holds and credit.
#[utoipa::path(get, path = "/users/me/account", tag = "account",
    responses((status = 200, body = AccountDocument)))]
pub async fn show(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    only(&request, &[])?;
    let (db, limit) = (state.participant.db.clone(), state.participant.settings.credit_limit);
    let work = async move {
        db.read(move |tx| async move { settlement::overview(tx, user.id, limit).await }.boxed()).await
    };
    let money = state.run(work).await??;
    Ok(HttpResponse::Ok().json(AccountDocument {
        currency: "INR",
        balance_inr: money.balance,
        held_inr: money.held,
        credit_limit_inr: money.credit_limit,
        available_inr: money.available,
        arrears_inr: money.arrears,
    }))
}

/// Every booking that touched the account, newest first.
#[utoipa::path(get, path = "/users/me/account/journal", tag = "account",
    params(("kind" = Option<String>, Query, description = "`hold`, `settlement`, …"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<JournalEntry>)))]
pub async fn journal(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let page = PageAsked::read(&request, &["kind"])?;
    let kind = page.one_of("kind", KINDS)?;
    let (before, rows) = (page.before, page.rows());
    let read = state.read(move |tx| settlement::entries(tx, user.id, kind, before, rows).boxed());
    Ok(page.answer(&request, read.await?, |entry| entry.id, entry))
}

pub fn entry(entry: &Entry) -> JournalEntry {
    JournalEntry {
        id: entry.id,
        kind: entry.kind.as_str(),
        reference: entry.reference.clone(),
        transaction_id: entry.transaction_id.clone(),
        amount_inr: entry.amount,
        held_inr: entry.held,
        at: entry.at,
    }
}

/// Adds money from the user's bank.
#[utoipa::path(post, path = "/users/me/account/top-ups", tag = "account", request_body = MoveBody,
    responses((status = 201, description = "It has its end: `paid` or `refused`", body = PaymentDocument),
        (status = 202, description = "The bank has not answered yet", body = PaymentDocument)))]
pub async fn top_up(state: State, request: HttpRequest, payload: Payload) -> Answer {
    pay(state, request, payload, PaymentKind::TopUp).await
}

/// Pays money out to the user's bank: what the balance has beyond what is held, never on credit.
#[utoipa::path(post, path = "/users/me/account/withdrawals", tag = "account", request_body = MoveBody,
    responses((status = 201, description = "It has its end: `paid` or `refused`", body = PaymentDocument),
        (status = 202, description = "The bank has not answered yet", body = PaymentDocument)))]
pub async fn withdraw(state: State, request: HttpRequest, payload: Payload) -> Answer {
    pay(state, request, payload, PaymentKind::Withdrawal).await
}

/// The key is remembered with the payment, in its transaction; asked for again, the payment is shown as it stands.
async fn pay(state: State, request: HttpRequest, payload: Payload, kind: PaymentKind) -> Answer {
    let Asked { user, body, key, .. } = state.asked::<MoveBody>(&request, payload).await?;
    let (p, bank) = (state.participant.clone(), state.bank.clone());
    let work = async move {
        match kind {
            PaymentKind::Withdrawal => settlement::withdraw(&p, &*bank, user.id, body.amount_inr, key).await,
            _ => settlement::top_up(&p, &*bank, user.id, body.amount_inr, key).await,
        }
    };
    let payment = state.run(work).await?.map_err(Problem::from)?;
    let pending = payment.state == settlement::PaymentState::Pending;
    let status = if pending { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    Ok(HttpResponse::build(status).json(document(&payment)))
}

fn document(payment: &Payment) -> PaymentDocument {
    PaymentDocument {
        id: payment.id,
        kind: payment.kind.as_str(),
        amount_inr: payment.amount,
        state: payment.state.as_str(),
        reference: payment.reference.clone(),
        at: payment.at,
    }
}
