//! `track`, `rate` and `support`: questions beside the trade, answered and kept.

use std::sync::Arc;

use beckn_wire::energy::messages;
use beckn_wire::json::Json;
use node::{InboxJob, inbox, outbox};

use super::error::SellerError;
use super::step::load;
use super::store::{self, Exchange};
use super::terms::{Asked, callback, document};
use crate::contract::Contract;
use crate::events::fact::OrderAsked;
use crate::events::{self, Fact};
use crate::network::{Action, Participant};

/// The attribute pack of a support channel of ours.
const CHANNEL_CONTEXT: &str = "https://schema.org/docs/jsonldcontext.jsonld";

/// Answers and keeps question and answer.
///
/// # Errors
/// Our own trouble; the message is worked off again.
pub(super) async fn answer(p: &Participant, job: &InboxJob) -> Result<(), SellerError> {
    let asked = Asked::read(job)?;
    let contract = load(p, &job.transaction_id).await?.ok_or(SellerError::Document)?;
    let (action, message) = match job.action {
        Action::Track => (Action::OnTrack, tracking(p, &contract)?),
        Action::Rate => (Action::OnRate, ratings(&asked.message)),
        _ => (Action::OnSupport, support(p, &contract)),
    };
    let out = p.compose(&callback(p, job, &asked.context, action, message.clone()))?;
    let exchange = Exchange {
        message_id: job.message_id.clone(),
        transaction_id: job.transaction_id.clone(),
        user_id: contract.user_id,
        action: job.action.as_str(),
        request: asked.message.to_string(),
        response: message.to_string(),
    };
    let (work, ids, now) = (Arc::new((exchange, out, job.clone())), p.ids.clone(), p.now());
    let stored = p.db.write(move |tx| {
        let (work, ids) = (Arc::clone(&work), ids.clone());
        Box::pin(async move {
            let (exchange, out, job) = &*work;
            store::insert_exchange(tx, exchange, now).await?;
            let data = OrderAsked {
                transaction_id: exchange.transaction_id.clone(),
                message_id: exchange.message_id.clone(),
                action: exchange.action.to_owned(),
            };
            let fact = match job.action {
                Action::Track => Fact::OrderTrack(data),
                Action::Rate => Fact::OrderRate(data),
                _ => Fact::OrderSupport(data),
            };
            events::tell(tx, exchange.user_id, &exchange.transaction_id, &fact, now).await?;
            outbox::enqueue(tx, &ids, out, now).await?;
            inbox::complete(tx, job, now).await
        })
    });
    stored.await?;
    p.node.wake();
    Ok(())
}

/// Where the delivery can be followed: it is followed by the contract's status until meters report it.
fn tracking(p: &Participant, contract: &Contract) -> Result<Json, SellerError> {
    let mut wire = messages::as_it_stands(&document(contract)?);
    // The protocol wants an id here; before confirmation the contract has none, and ours is as good a name.
    wire.id.get_or_insert_with(|| contract.id.to_string());
    let id = wire.id.clone().unwrap_or_default();
    let status = if contract.state.is_confirmed() { "ACTIVE" } else { "INACTIVE" };
    let url = format!("{}/track/{id}", p.settings.base_url.trim_end_matches('/'));
    let tracking = Json::object([
        ("contract", wire.to_json()),
        ("status", Json::from(status)),
        ("url", Json::from(url)),
    ]);
    Ok(Json::object([("tracking", tracking)]))
}

/// The ratings as we took them.
fn ratings(message: &Json) -> Json {
    let given = message.get("ratingInputs").cloned().unwrap_or_else(|| Json::array([]));
    Json::object([("ratings", given)])
}

/// How our support can be reached about this contract.
fn support(p: &Participant, contract: &Contract) -> Json {
    let channel = Json::object([
        ("@context", Json::from(CHANNEL_CONTEXT)),
        ("@type", Json::from("ContactPoint")),
        ("contactType", Json::from("customer support")),
        ("url", Json::from(format!("{}/docs", p.settings.base_url.trim_end_matches('/')))),
    ]);
    let order_id = contract.contract_id.clone().unwrap_or_else(|| contract.transaction_id.clone());
    let support = Json::object([("orderId", Json::from(order_id)), ("channels", Json::array([channel]))]);
    Json::object([("support", support)])
}
