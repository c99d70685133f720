//! What others have bought, or are about to buy, of the user: the seller's side of trades.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::offers::EmptyBody;
use super::paging::{Asked as PageAsked, Page, only};
use super::transactions::{self, ContractDocument};
use super::{Answer, id};
use crate::api::access::Caller;
use crate::api::idempotency::{Answered, Asked};
use crate::api::problem::Problem;
use crate::api::view::Transaction;
use crate::api::{Shared, State};
use crate::contract::Side;
use crate::identity::User;
use crate::seller::{self, Ordered};

/// Longest reason of a cancellation, characters.
const REASON_MAX: usize = 200;

/// Why an order is called off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CancelOrder)]
pub struct CancelBody {
    reason: Option<String>,
}

/// The orders of the user, newest first.
#[utoipa::path(get, path = "/seller/orders", tag = "seller",
    params(("state" = Option<String>, Query, description = "`reserved`, `active`, …"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<Transaction>)))]
pub async fn list(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let page = PageAsked::read(&request, &["state"])?;
    transactions::contracts(&state, &request, &user, &page, Some(Side::Seller)).await
}

/// One order, by its transaction id.
#[utoipa::path(get, path = "/seller/orders/{id}", tag = "seller",
    params(("id" = String, Path, description = "The transaction id")),
    responses((status = 200, body = ContractDocument)))]
pub async fn show(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    only(&request, &[])?;
    let found = transactions::document(&state, &user, id(&request, "order")?, Some(Side::Seller)).await?;
    found.map(|document| HttpResponse::Ok().json(document)).ok_or_else(|| Problem::not_found("order"))
}

/// Calls an order off, before the gate closes and within the time that this platform allows. The buyer's platform is
/// told unasked.
#[utoipa::path(post, path = "/seller/orders/{id}/cancel", tag = "seller", request_body = CancelBody,
    params(("id" = String, Path, description = "The transaction id")),
    responses((status = 202, body = crate::api::openapi::AcceptedSchema)))]
pub async fn cancel(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, body, key, .. } = state.asked::<CancelBody>(&request, payload).await?;
    let readable = |text: &String| text.chars().count() <= REASON_MAX && !text.chars().any(char::is_control);
    if !body.reason.as_ref().is_none_or(readable) {
        return Err(Problem::field(
            "reason",
            format!("At most {REASON_MAX} characters without line breaks."),
        ));
    }
    let (participant, order, under) =
        (state.participant.clone(), order(&state, &request, &user).await?, key.clone());
    let work = async move { seller::cancel_order(&participant, &user, order, body.reason, under).await };
    on_its_way(state.once(key, work, told).await?)
}

/// Tells the buyer's platform, unasked, how the order stands.
#[utoipa::path(post, path = "/seller/orders/{id}/status", tag = "seller",
    params(("id" = String, Path, description = "The transaction id")),
    responses((status = 202, body = crate::api::openapi::AcceptedSchema)))]
pub async fn push_status(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, key, .. } = state.asked::<EmptyBody>(&request, payload).await?;
    let (participant, order, under) =
        (state.participant.clone(), order(&state, &request, &user).await?, key.clone());
    let work = async move { seller::push_status(&participant, &user, order, under).await };
    on_its_way(state.once(key, work, told).await?)
}

/// Our own id of the order that the path names.
async fn order(state: &Shared, request: &HttpRequest, user: &User) -> Result<Uuid, Problem> {
    let found = transactions::find(state, user, id(request, "order")?, Some(Side::Seller)).await?;
    found.map(|contract| contract.id).ok_or_else(|| Problem::not_found("order"))
}

fn told(ordered: &Ordered) -> Answered {
    Answered { status: StatusCode::ACCEPTED, body: serde_json::to_vec(ordered).unwrap_or_default() }
}

fn on_its_way(answered: Answered) -> Answer {
    Ok(HttpResponse::build(answered.status).content_type("application/json").body(answered.body))
}
