//! The buyer's steps of a trade. Each answers 202 as soon as it is stored and on its way; the outcome comes by the
//! events, by `GET /api/transactions/{id}`, or here with `Prefer: wait=N`.

use actix_web::http::{StatusCode, header};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::FutureExt;
use serde::Deserialize;
use units::{DeliverySlot, WattHours};
use utoipa::ToSchema;

use super::Answer;
use super::transactions::{self, TransactionDocument};
use crate::api::idempotency::{Answered, Asked};
use crate::api::problem::Problem;
use crate::api::slots::{Wished, placed};
use crate::api::{Shared, State, wait};
use crate::buyer::{
    self, Accepted, BuyerError, CancelWish, ConfirmWish, InitWish, Purchase, RateWish, SearchState,
    SelectWish, SlotWish, StatusWish, SupportWish, TrackWish, UpdateWish,
};
use crate::contract::{Contract, LedgerState, Side, State as ContractState};
use crate::error::Code;
use crate::events::{self, idempotency::Key};
use crate::identity::User;
use crate::network::Participant;

/// So much energy of one delivery slot.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SlotQuantity)]
pub struct SlotBody {
    /// On the hour of India Standard Time.
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T05:30:00Z")]
    start: DeliverySlot,
    /// At least 1 kWh, in hundredths.
    #[schema(value_type = String, example = "2.50")]
    quantity_kwh: WattHours,
}

/// An offer, and how much of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Select)]
pub struct SelectBody {
    /// The search that found the offer. Absent: a transaction of its own.
    transaction_id: Option<String>,
    bpp_id: String,
    offer_id: String,
    slots: Vec<SlotBody>,
}

/// Which of one's meters buys; offer and slots when no `select` named them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Init)]
pub struct InitBody {
    transaction_id: String,
    meter_id: String,
    bpp_id: Option<String>,
    offer_id: Option<String>,
    slots: Option<Vec<SlotBody>>,
}

/// A transaction of the user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TransactionReference)]
pub struct ReferenceBody {
    transaction_id: String,
}

/// A transaction to be called off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Cancel)]
pub struct CancelBody {
    transaction_id: String,
    reason: Option<String>,
}

/// The new, smaller quantities; slots that are not named stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Update)]
pub struct UpdateBody {
    transaction_id: String,
    slots: Vec<SlotBody>,
}

/// What the seller is worth to the buyer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Rate)]
pub struct RateBody {
    transaction_id: String,
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    value: i64,
    comment: Option<String>,
}

/// When a request that went to the network has its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// The search has brought a page, or failed.
    Searched,
    /// No answer is awaited any more, and no ledger.
    Settled,
    /// The seller has said how the contract stands, in an event after this one.
    Told { since: i64 },
    /// The question beside the trade has its answer.
    Replied,
}

/// Asks the seller for a price. Nothing is held.
#[utoipa::path(post, path = "/api/select", tag = "trade", request_body = SelectBody)]
pub async fn select(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let asked = state.asked::<SelectBody>(&request, payload).await?;
    let wished = wished(&asked.body.slots);
    let work = |participant: Participant, user: User, body: SelectBody, key| async move {
        let wish = SelectWish {
            transaction_id: body.transaction_id,
            bpp_id: body.bpp_id,
            offer_id: body.offer_id,
            slots: slots(body.slots),
        };
        buyer::select(&participant, &user, wish, key).await
    };
    let done = carried_out(&state, asked, Until::Settled, work).await;
    done.map_err(|problem| placed(problem, &wished, &state.participant.settings.rules))
}

/// Asks the seller to hold the energy and to name its terms.
#[utoipa::path(post, path = "/api/init", tag = "trade", request_body = InitBody)]
pub async fn init(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let mut asked = state.asked::<InitBody>(&request, payload).await?;
    let wished = asked.body.slots.as_deref().map(wished).unwrap_or_default();
    let body = &mut asked.body;
    let purchase = match (body.bpp_id.take(), body.offer_id.take(), body.slots.take()) {
        (Some(bpp_id), Some(offer_id), Some(bodies)) => {
            Some(Purchase { bpp_id, offer_id, slots: slots(bodies) })
        }
        (None, None, None) => None,
        (bpp_id, offer_id, _) => {
            let missing = [("bpp_id", bpp_id.is_none()), ("offer_id", offer_id.is_none())];
            let field = missing.into_iter().find(|(_, missing)| *missing).map_or("slots", |(name, _)| name);
            return Err(Problem::field(
                field,
                "bpp_id, offer_id and slots are given together, or none of them.",
            ));
        }
    };
    let work = |participant: Participant, user: User, body: InitBody, key| async move {
        let wish = InitWish { transaction_id: body.transaction_id, meter_id: body.meter_id, purchase };
        buyer::init(&participant, &user, wish, key).await
    };
    let done = carried_out(&state, asked, Until::Settled, work).await;
    done.map_err(|problem| placed(problem, &wished, &state.participant.settings.rules))
}

/// Buys on the terms that the seller named. The trade stands when our DISCOM's ledger has recorded it.
#[utoipa::path(post, path = "/api/confirm", tag = "trade", request_body = ReferenceBody)]
pub async fn confirm(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let asked = state.asked::<ReferenceBody>(&request, payload).await?;
    let work = |participant: Participant, user: User, body: ReferenceBody, key| async move {
        buyer::confirm(&participant, &user, ConfirmWish { transaction_id: body.transaction_id }, key).await
    };
    carried_out(&state, asked, Until::Settled, work).await
}

/// Asks the seller how the contract stands.
#[utoipa::path(post, path = "/api/status", tag = "trade", request_body = ReferenceBody)]
pub async fn status(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let asked = state.asked::<ReferenceBody>(&request, payload).await?;
    let work = |participant: Participant, user: User, body: ReferenceBody, key| async move {
        buyer::status(&participant, &user, StatusWish { transaction_id: body.transaction_id }, key).await
    };
    let since = match asked.wait {
        Some(_) => state.read(|tx| events::last_seq(tx).boxed()).await?,
        None => 0,
    };
    carried_out(&state, asked, Until::Told { since }, work).await
}

/// Calls the contract off, before the gate closes and within the time that this platform allows.
#[utoipa::path(post, path = "/api/cancel", tag = "trade", request_body = CancelBody)]
pub async fn cancel(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let asked = state.asked::<CancelBody>(&request, payload).await?;
    let work = |participant: Participant, user: User, body: CancelBody, key| async move {
        let wish = CancelWish { transaction_id: body.transaction_id, reason: body.reason };
        buyer::cancel(&participant, &user, wish, key).await
    };
    carried_out(&state, asked, Until::Settled, work).await
}

/// Takes less of a standing contract, before the gate closes.
#[utoipa::path(post, path = "/api/update", tag = "trade", request_body = UpdateBody)]
pub async fn update(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let asked = state.asked::<UpdateBody>(&request, payload).await?;
    let wished = wished(&asked.body.slots);
    let work = |participant: Participant, user: User, body: UpdateBody, key| async move {
        let wish = UpdateWish { transaction_id: body.transaction_id, slots: slots(body.slots) };
        buyer::update(&participant, &user, wish, key).await
    };
    let done = carried_out(&state, asked, Until::Settled, work).await;
    done.map_err(|problem| placed(problem, &wished, &state.participant.settings.rules))
}

/// Asks where the delivery can be followed.
#[utoipa::path(post, path = "/api/track", tag = "trade", request_body = ReferenceBody)]
pub async fn track(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let asked = state.asked::<ReferenceBody>(&request, payload).await?;
    let work = |participant: Participant, user: User, body: ReferenceBody, key| async move {
        buyer::track(&participant, &user, TrackWish { transaction_id: body.transaction_id }, key).await
    };
    carried_out(&state, asked, Until::Replied, work).await
}

/// Rates the seller once the contract is over.
#[utoipa::path(post, path = "/api/rate", tag = "trade", request_body = RateBody)]
pub async fn rate(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let asked = state.asked::<RateBody>(&request, payload).await?;
    let work = |participant: Participant, user: User, body: RateBody, key| async move {
        let wish = RateWish { transaction_id: body.transaction_id, value: body.value, comment: body.comment };
        buyer::rate(&participant, &user, wish, key).await
    };
    carried_out(&state, asked, Until::Replied, work).await
}

/// Asks how the seller can be reached.
#[utoipa::path(post, path = "/api/support", tag = "trade", request_body = ReferenceBody)]
pub async fn support(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let asked = state.asked::<ReferenceBody>(&request, payload).await?;
    let work = |participant: Participant, user: User, body: ReferenceBody, key| async move {
        buyer::support(&participant, &user, SupportWish { transaction_id: body.transaction_id }, key).await
    };
    carried_out(&state, asked, Until::Replied, work).await
}

fn slots(bodies: Vec<SlotBody>) -> Vec<SlotWish> {
    bodies.into_iter().map(|body| SlotWish { slot: body.start, quantity: body.quantity_kwh }).collect()
}

/// The slots of a request, for the place of the one at fault.
fn wished(bodies: &[SlotBody]) -> Vec<Wished> {
    bodies.iter().map(|body| Wished::of(body.start, body.quantity_kwh)).collect()
}

/// Stores a wish, once under its key, and answers 202; or 200 with the outcome when the client waits for it and it
/// comes in time.
pub(super) async fn carried_out<B, W, F>(state: &State, asked: Asked<B>, until: Until, work: W) -> Answer
where
    W: FnOnce(Participant, User, B, Option<Key>) -> F,
    F: Future<Output = Result<Accepted, BuyerError>> + Send + 'static,
{
    let Asked { user, body, key, wait } = asked;
    let working = work(state.participant.clone(), user.clone(), body, key.clone());
    let answered = state
        .once(key, working, |accepted| Answered {
            status: StatusCode::ACCEPTED,
            body: serde_json::to_vec(accepted).unwrap_or_default(),
        })
        .await?;
    let accepted: Accepted = serde_json::from_slice(&answered.body).map_err(|error| {
        tracing::error!(%error, "a stored answer cannot be read");
        Problem::of(Code::Internal)
    })?;
    let place = format!("/api/transactions/{}", accepted.transaction_id);
    if let Some(seconds) = wait {
        let outcome = state.outcome(seconds, async || reached(state, &user, &accepted, until).await).await?;
        if let Some(document) = outcome {
            return Ok(HttpResponse::Ok()
                .insert_header((wait::PREFERENCE_APPLIED.clone(), format!("wait={seconds}")))
                .insert_header((header::CONTENT_LOCATION, place))
                .json(document));
        }
    }
    Ok(HttpResponse::build(answered.status)
        .insert_header((header::LOCATION, place))
        .content_type("application/json")
        .body(answered.body))
}

/// The transaction, once the request has its outcome.
async fn reached(
    state: &Shared,
    user: &User,
    accepted: &Accepted,
    until: Until,
) -> Result<Option<TransactionDocument>, Problem> {
    let id = &accepted.transaction_id;
    let there = match until {
        Until::Searched => {
            let search = transactions::search(state, user, id).await?;
            search.is_some_and(|search| search.state != SearchState::Sent)
        }
        Until::Settled => {
            let contract = transactions::find(state, user, id, Some(Side::Buyer)).await?;
            contract.is_some_and(|contract| settled(&contract)) && !changing(state, user, id).await?
        }
        Until::Told { since } => transactions::told_since(state, user, id, since).await?,
        Until::Replied => {
            let exchanges = transactions::exchanges(state, user, id).await?;
            let ours = exchanges.into_iter().find(|exchange| exchange.message_id == accepted.message_id);
            ours.is_some_and(|exchange| exchange.response.is_some() || exchange.failure.is_some())
        }
    };
    if !there {
        return Ok(None);
    }
    transactions::document(state, user, id, Some(Side::Buyer)).await
}

/// Nobody owes an answer: neither the seller nor our ledger.
fn settled(contract: &Contract) -> bool {
    use ContractState::{Cancelling, Confirming, Recording, Standing};
    let recording = contract.state == Standing && contract.ledger == LedgerState::Pending;
    contract.awaiting.is_none()
        && !recording
        && !matches!(contract.state, Confirming | Recording | Cancelling)
}

async fn changing(state: &Shared, user: &User, transaction_id: &str) -> Result<bool, Problem> {
    let (participant, user, id) = (state.participant.clone(), user.clone(), transaction_id.to_owned());
    Ok(state.run(async move { buyer::change_under_way(&participant, &user, &id).await }).await??)
}
