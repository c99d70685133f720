//! What a user's trades look like now, and the events that made them so.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use futures_util::FutureExt;
use serde::Serialize;
use serde_json::value::RawValue;
use units::Timestamp;
use utoipa::ToSchema;

use super::paging::{Asked, Page};
use super::{Answer, id};
use crate::api::access::Caller;
use crate::api::problem::Problem;
use crate::api::view::{self, DeliveryView, History, Reason, Transaction};
use crate::api::{Shared, State, stream};
use crate::buyer::{self, BuyerError, Exchange, Search};
use crate::contract::{self, Contract, Side, State as ContractState, delivery};
use crate::events;
use crate::identity::User;
use crate::metering::{self, Meter};
use crate::network::masks::{self, Own};

/// Events that are looked through for an answer.
const EVENTS_MAX: i64 = 100;

/// One trade with everything that is known of it, or a search that has led to none yet.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum TransactionDocument {
    Contract(Box<ContractDocument>),
    Search(SearchDocument),
}

/// One side of a trade, with its history and the questions beside it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContractDocument {
    #[serde(flatten)]
    pub transaction: Transaction,
    /// The search from which it came.
    pub search: Option<SearchView>,
    /// Oldest first.
    pub history: Vec<History>,
    /// `track`, `rate` and `support`, newest first.
    pub exchanges: Vec<ExchangeView>,
    /// What was delivered; null before the contract stands.
    pub delivery: Option<DeliveryView>,
}

/// A search without a contract.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchDocument {
    pub transaction_id: String,
    #[schema(example = "buyer")]
    pub side: &'static str,
    /// `sent`, `answered` or `failed`.
    #[schema(example = "answered")]
    pub state: &'static str,
    pub search: SearchView,
    pub failure: Option<Reason>,
    /// Where the offers are.
    #[schema(example = "/api/transactions/0199-…/offers")]
    pub offers: String,
}

/// How far a search is.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchView {
    /// `sent`, `answered` or `failed`.
    #[schema(example = "answered")]
    pub state: &'static str,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
}

/// A question beside the trade, and its answer, as they stood on the wire but for meters and customer numbers that are
/// not yours, which are masked.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExchangeView {
    pub message_id: String,
    /// `track`, `rate` or `support`.
    #[schema(example = "track")]
    pub action: String,
    #[schema(value_type = Option<Object>)]
    pub request: Option<Box<RawValue>>,
    #[schema(value_type = Option<Object>)]
    pub response: Option<Box<RawValue>>,
    pub failure: Option<Reason>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
}

/// The user's trades, newest first.
#[utoipa::path(get, path = "/api/transactions", tag = "transactions",
    params(("side" = Option<String>, Query, description = "buyer or seller"),
        ("state" = Option<String>, Query, description = "`offered`, `standing`, `active`, …"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<Transaction>)))]
pub async fn list(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let page = Asked::read(&request, &["side", "state"])?;
    contracts(&state, &request, &user, &page, side(&page)?).await
}

/// A page of contracts of one side, or of both.
pub(super) async fn contracts(
    state: &Shared,
    request: &HttpRequest,
    user: &User,
    page: &Asked,
    side: Option<Side>,
) -> Answer {
    let wanted = page.other("state").map(ContractState::parse).transpose();
    let wanted = wanted.map_err(|_| Problem::field("state", "There is no such state of a trade."))?;
    let (user, before, rows) = (user.id, page.before, page.rows());
    let (contracts, meters) = state
        .read(move |tx| {
            async move {
                let contracts = contract::service::of_user(tx, user, side, wanted, before, rows).await?;
                Ok((contracts, metering::of_user(tx, user).await?))
            }
            .boxed()
        })
        .await?;
    Ok(page.answer(
        request,
        contracts,
        |contract| contract.id,
        |contract| view::transaction(contract, &meters),
    ))
}

/// One trade of the user. Inside one platform a user may be both sides of it: `side` chooses, buyer comes first.
#[utoipa::path(get, path = "/api/transactions/{id}", tag = "transactions",
    params(("id" = String, Path, description = "The transaction id"),
        ("side" = Option<String>, Query, description = "buyer or seller")),
    responses((status = 200, body = TransactionDocument)))]
pub async fn show(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let side = side(&Asked::read(&request, &["side"])?)?;
    let found = document(&state, &user, id(&request, "transaction")?, side).await?;
    found.map(|document| HttpResponse::Ok().json(document)).ok_or_else(|| Problem::not_found("transaction"))
}

/// The events of one transaction as they happen: `id` its number, `event` its kind, `data` JSON. `Last-Event-ID`, or
/// `after`, continues after an event; without it the stream begins with the first. It ends as `/api/events` does.
#[utoipa::path(get, path = "/api/transactions/{id}/events", tag = "transactions",
    params(("id" = String, Path, description = "The transaction id"), ("Last-Event-ID" = Option<i64>, Header),
        ("after" = Option<i64>, Query, minimum = 0, description = "As Last-Event-ID, which wins")),
    responses((status = 200, description = "Server-sent events", body = String, content_type = "text/event-stream")))]
pub async fn events(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let transaction = id(&request, "transaction")?;
    if document(&state, &user, transaction, None).await?.is_none() {
        return Err(Problem::not_found("transaction"));
    }
    stream::open(&state, &request, Some(transaction.to_owned())).await
}

/// All events of the user from now on, or after `Last-Event-ID` or `after`. A last event `end`, without a number, whose
/// data has the `code` and `detail` of an error, says that whoever opened the stream would not be let in any more: signed
/// out, locked.
#[utoipa::path(get, path = "/api/events", tag = "transactions",
    params(("Last-Event-ID" = Option<i64>, Header),
        ("after" = Option<i64>, Query, minimum = 0, description = "As Last-Event-ID, which wins")),
    responses((status = 200, description = "Server-sent events", body = String, content_type = "text/event-stream")))]
pub async fn all_events(state: State, request: HttpRequest) -> Answer {
    stream::open(&state, &request, None).await
}

fn side(page: &Asked) -> Result<Option<Side>, Problem> {
    match page.other("side") {
        None => Ok(None),
        Some("buyer") => Ok(Some(Side::Buyer)),
        Some("seller") => Ok(Some(Side::Seller)),
        Some(_) => Err(Problem::field("side", "buyer or seller is expected.")),
    }
}

/// The user's contract of that transaction, of the side that is named or of the buyer's before the seller's.
pub(super) async fn find(
    state: &Shared,
    user: &User,
    transaction_id: &str,
    side: Option<Side>,
) -> Result<Option<Contract>, Problem> {
    let (user, transaction_id) = (user.id, transaction_id.to_owned());
    let sides: &'static [Side] = match side {
        Some(Side::Buyer) => &[Side::Buyer],
        Some(Side::Seller) => &[Side::Seller],
        None => &[Side::Buyer, Side::Seller],
    };
    state
        .read(move |tx| {
            let transaction_id = transaction_id.clone();
            async move {
                for side in sides {
                    let found = contract::service::find(tx, *side, &transaction_id).await?;
                    if let Some(contract) = found.filter(|contract| contract.user_id == user) {
                        return Ok(Some(contract));
                    }
                }
                Ok(None)
            }
            .boxed()
        })
        .await
}

/// What a transaction is to the user: a contract, or only a search; none when it is neither.
///
/// # Errors
/// The database's.
pub async fn document(
    state: &Shared,
    user: &User,
    transaction_id: &str,
    side: Option<Side>,
) -> Result<Option<TransactionDocument>, Problem> {
    let contract = find(state, user, transaction_id, side).await?;
    let search = match side {
        Some(Side::Seller) => None,
        _ => search(state, user, transaction_id).await?,
    };
    let Some(contract) = contract else {
        return Ok(search.map(|search| TransactionDocument::Search(search_document(&search))));
    };
    let exchanges = match contract.side {
        Side::Buyer => exchanges(state, user, transaction_id).await?,
        Side::Seller => Vec::new(),
    };
    let (contract_id, user_id) = (contract.id, user.id);
    let (history, meters, delivered) = state
        .read(move |tx| {
            async move {
                let history = contract::service::history(tx, contract_id).await?;
                let delivered = match delivery::find(tx, contract_id).await? {
                    None => None,
                    Some(found) => {
                        let cells = contract::service::cells(tx, contract_id).await?;
                        Some((found, cells, delivery::copies(tx, contract_id).await?))
                    }
                };
                Ok((history, metering::of_user(tx, user_id).await?, delivered))
            }
            .boxed()
        })
        .await?;
    let delivery = delivered.map(|(found, cells, copies)| view::delivery(&contract, &found, &cells, copies));
    let own = own(&contract, &meters);
    let other = match contract.side {
        Side::Buyer => Some(contract.seller_meter.as_str()),
        Side::Seller => contract.buyer_meter.as_deref(),
    };
    let exchanges = exchanges.into_iter().map(|exchange| exchange_view(exchange, &own, other)).collect();
    Ok(Some(TransactionDocument::Contract(Box::new(ContractDocument {
        search: search.as_ref().filter(|_| contract.side == Side::Buyer).map(search_view),
        transaction: view::transaction(&contract, &meters),
        history: history.into_iter().map(view::history).collect(),
        exchanges,
        delivery,
    }))))
}

/// The user's search of that transaction.
pub(super) async fn search(
    state: &Shared,
    user: &User,
    transaction_id: &str,
) -> Result<Option<Search>, Problem> {
    let (participant, user, id) = (state.participant.clone(), user.clone(), transaction_id.to_owned());
    match state.run(async move { buyer::search(&participant, &user, &id).await }).await? {
        Ok(search) => Ok(Some(search)),
        Err(BuyerError::TransactionNotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether the seller's platform has told the user of a contract after that event.
pub(super) async fn told_since(
    state: &Shared,
    user: &User,
    transaction_id: &str,
    since: i64,
) -> Result<bool, Problem> {
    let (user, id) = (user.id, transaction_id.to_owned());
    let after = state.read(move |tx| {
        let id = id.clone();
        async move { events::after(tx, user, Some(&id), since, EVENTS_MAX).await }.boxed()
    });
    Ok(after.await?.iter().any(|event| ["contract.status", "status.refused"].contains(&event.kind.as_str())))
}

/// The questions that the user asked beside a contract.
pub(super) async fn exchanges(
    state: &Shared,
    user: &User,
    transaction_id: &str,
) -> Result<Vec<Exchange>, Problem> {
    let (participant, user) = (state.participant.clone(), Arc::new(user.clone()));
    let id = transaction_id.to_owned();
    match state.run(async move { buyer::exchanges(&participant, &user, &id).await }).await? {
        Ok(exchanges) => Ok(exchanges),
        Err(BuyerError::TransactionNotFound) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn search_document(search: &Search) -> SearchDocument {
    SearchDocument {
        transaction_id: search.transaction_id.clone(),
        side: Side::Buyer.as_str(),
        state: search.state.as_str(),
        search: search_view(search),
        failure: search.failure.as_ref().map(view::reason),
        offers: format!("/api/transactions/{}/offers", search.transaction_id),
    }
}

fn search_view(search: &Search) -> SearchView {
    SearchView {
        state: search.state.as_str(),
        created_at: search.created_at,
        answered_at: search.answered_at,
    }
}

/// What of a contract is the user's own: also a meter that was released since.
fn own(contract: &Contract, meters: &[Meter]) -> Own {
    let traded = match contract.side {
        Side::Buyer => contract.buyer_meter.clone(),
        Side::Seller => Some(contract.seller_meter.clone()),
    };
    Own {
        meters: meters.iter().map(|meter| meter.meter_key.clone()).chain(traded).collect(),
        customers: meters.iter().map(|meter| meter.customer_number.clone()).collect(),
    }
}

fn exchange_view(exchange: Exchange, own: &Own, other: Option<&str>) -> ExchangeView {
    // What cannot be read is not shown; it was JSON when it was stored.
    let json = |text: String| RawValue::from_string(masks::masked_message(&text, own, other)?).ok();
    ExchangeView {
        message_id: exchange.message_id,
        action: exchange.action,
        request: json(exchange.request),
        response: exchange.response.and_then(json),
        failure: exchange.failure.as_ref().map(view::reason),
        created_at: exchange.created_at,
        answered_at: exchange.answered_at,
    }
}
