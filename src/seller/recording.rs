//! The saga of the seller's side (ruling 16): our DISCOM's ledger first, then the buyer.
//!
//! `on_confirm` is enqueued in the transaction that stores the ledger's acknowledgement, and nowhere else. When the
//! ledger refuses or the gate closes first, the stock goes back, the buyer is told why, and the ledger gets a
//! withdrawal, because only its acknowledgement may have been lost.

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::{Contract as WireContract, Writer, messages};
use beckn_wire::json::Json;
use node::{OutboxJob, Outcome, Outgoing};
use uuid::Uuid;

use super::error::SellerError;
use super::model::Ordered;
use super::step::{Ends, Step, end_alone, load_by_id, rounds};
use super::terms::{bytes, document, face_of, failure, refused_by_ledger};
use crate::contract::{Contract, Holds, LedgerState, Side, State, Step as Transition};
use crate::events::idempotency;
use crate::identity::User;
use crate::network::{Action, LedgerAct, Leg, Participant};

/// What is known of the delivery before it begins.
pub(super) fn scheduled(contract: &WireContract) -> Json {
    let ids = contract.commitments.iter().filter_map(|c| c.id.as_deref()).map(Json::from);
    Json::object([
        ("id", Json::from("performance-1")),
        ("status", Json::object([("code", Json::from("SCHEDULED"))])),
        ("commitmentIds", Json::array(ids)),
    ])
}

/// The contract that a ledger leg is about.
async fn contract_of(p: &Participant, job: &OutboxJob) -> Result<Option<Contract>, SellerError> {
    let id = job.reference.as_deref().and_then(|text| Uuid::parse_str(text).ok());
    match id {
        Some(id) => Ok(load_by_id(p, id).await?),
        None => Ok(None),
    }
}

/// The ledger's answer to `on_confirm`.
///
/// # Errors
/// Our own trouble; the leg is sent again, which the ledger answers as it did.
pub(super) async fn recorded(p: &Participant, job: &OutboxJob, outcome: &Outcome) -> Result<(), SellerError> {
    rounds!(recorded_once(p, job, outcome).await)
}

async fn recorded_once(p: &Participant, job: &OutboxJob, outcome: &Outcome) -> Result<(), SellerError> {
    let ends = Ends::outbox(job, outcome);
    let Some(before) = contract_of(p, job).await? else { return end_alone(p, ends).await };
    if before.state != State::Recording {
        // Called off meanwhile: the withdrawal follows this leg, in order.
        return end_alone(p, ends).await;
    }
    let mut after = before.clone();
    let mut out = Vec::new();
    match refused_by_ledger(outcome) {
        None => {
            after.step(Transition::Recorded)?;
            after.ledger = LedgerState::Recorded;
            after.confirmed_at = Some(p.now());
            out.push(on_confirm(p, &before, &document(&before)?, None)?);
        }
        Some(error) => {
            after.step(Transition::Refuse)?;
            after.holds = Holds::Nothing;
            after.ledger = LedgerState::Withdrawing;
            after.failure = Some(failure(&error));
            let last = messages::on_cancel(&document(&before)?);
            out.push(on_confirm(p, &before, &last, Some(error))?);
            out.push(withdrawal(p, &before, &last)?);
            after.document = bytes(&last);
        }
    }
    after.awaiting = None;
    let mut step = Step::new(Some(&before), after, "ledger.on_confirm");
    step.message_id = Some(job.message_id.clone());
    step.out = out;
    step.ends = ends;
    step.commit(p).await
}

/// The answer to the buyer's `confirm`.
fn on_confirm(
    p: &Participant,
    contract: &Contract,
    document: &WireContract,
    error: Option<WireError>,
) -> Result<Outgoing, SellerError> {
    let message_id = contract.awaiting.clone().unwrap_or_else(|| p.ids.uuid().to_string());
    let mut leg = to_buyer(contract, Action::OnConfirm, &message_id, document);
    leg.answers = contract.answers;
    leg.error = error;
    Ok(p.compose(&leg)?)
}

/// A message about the contract to the buyer's platform.
pub(super) fn to_buyer(
    contract: &Contract,
    action: Action,
    message_id: &str,
    document: &WireContract,
) -> Leg {
    let mut leg = Leg::new(
        action,
        (&contract.peer_id, &contract.peer_uri),
        face_of(&contract.peer_uri),
        &contract.transaction_id,
        message_id,
        document.to_message(),
    );
    leg.reference = Some(contract.id.to_string());
    leg
}

/// The leg that takes the contract out of our ledger. It has no deadline: a ledger must not keep what does not stand.
pub(super) fn withdrawal(
    p: &Participant,
    contract: &Contract,
    cancelled: &WireContract,
) -> Result<Outgoing, SellerError> {
    let discom = p.own_discom(cancelled, Writer::SellerDiscom)?;
    Ok(p.ledger_leg(LedgerAct::Cancel, discom, cancelled, &contract.transaction_id, contract.id, None)?)
}

/// The ledger's answer to `on_cancel`: with it a cancellation stands (ruling 17).
///
/// # Errors
/// Our own trouble; the leg is sent again.
pub(super) async fn withdrawn(
    p: &Participant,
    job: &OutboxJob,
    outcome: &Outcome,
) -> Result<(), SellerError> {
    rounds!(withdrawn_once(p, job, outcome).await)
}

async fn withdrawn_once(p: &Participant, job: &OutboxJob, outcome: &Outcome) -> Result<(), SellerError> {
    let ends = Ends::outbox(job, outcome);
    let Some(before) = contract_of(p, job).await? else { return end_alone(p, ends).await };
    let mut after = before.clone();
    let gone = [ErrorCode::BizAlreadyCancelled, ErrorCode::BizOrderNotFound].map(ErrorCode::as_str);
    let refused = match outcome {
        Outcome::Refused { code, .. } if gone.contains(&code.as_str()) => None,
        _ => refused_by_ledger(outcome),
    };
    match refused {
        None => {
            after.ledger = LedgerState::Withdrawn;
            if before.state == State::Cancelling {
                after.step(Transition::CalledOff)?;
            }
        }
        Some(error) => {
            after.ledger = LedgerState::Refused;
            after.failure = Some(failure(&error));
            if before.state == State::Cancelling {
                after.step(Transition::Dispute)?;
            }
        }
    }
    let mut step = Step::new(Some(&before), after, "ledger.on_cancel");
    step.message_id = Some(job.message_id.clone());
    step.ends = ends;
    step.commit(p).await
}

/// The ledger's answer to `on_update`. The two platforms have agreed on less; a ledger that does not follow is an
/// exception that a person must look at.
///
/// # Errors
/// Our own trouble; the leg is sent again.
pub(super) async fn reduced(p: &Participant, job: &OutboxJob, outcome: &Outcome) -> Result<(), SellerError> {
    rounds!(reduced_once(p, job, outcome).await)
}

async fn reduced_once(p: &Participant, job: &OutboxJob, outcome: &Outcome) -> Result<(), SellerError> {
    let ends = Ends::outbox(job, outcome);
    let Some(before) = contract_of(p, job).await? else { return end_alone(p, ends).await };
    let Some(error) = refused_by_ledger(outcome).filter(|_| before.state == State::Active) else {
        return end_alone(p, ends).await;
    };
    let mut after = before.clone();
    after.step(Transition::Dispute)?;
    after.failure = Some(failure(&error));
    let mut step = Step::new(Some(&before), after, "ledger.on_update");
    step.message_id = Some(job.message_id.clone());
    step.ends = ends;
    step.commit(p).await
}

/// Tells the buyer's platform, unasked, how the contract stands.
///
/// # Errors
/// Not an order of this user; not confirmed yet.
pub async fn push_status(
    p: &Participant,
    user: &User,
    order: Uuid,
    key: Option<idempotency::Key>,
) -> Result<Ordered, SellerError> {
    rounds!(push_once(p, user, order, key.clone()).await)
}

async fn push_once(
    p: &Participant,
    user: &User,
    order: Uuid,
    key: Option<idempotency::Key>,
) -> Result<Ordered, SellerError> {
    let before = own_order(p, user, order).await?;
    if !matches!(before.state, State::Active | State::Cancelling | State::Cancelled | State::Disputed) {
        return Err(SellerError::State(before.state));
    }
    let message_id = p.ids.uuid().to_string();
    let current = messages::as_it_stands(&document(&before)?);
    let ordered = ordered(&before, &message_id);
    let leg = to_buyer(&before, Action::OnStatus, &message_id, &current);
    let mut step = Step::new(Some(&before), before.clone(), "on_status");
    step.message_id = Some(message_id);
    step.out = vec![p.compose(&leg)?];
    step.answer = super::listing::answer(key, &ordered)?;
    step.commit(p).await?;
    Ok(ordered)
}

/// The order of that id, when it is this user's.
///
/// # Errors
/// It is not.
pub(super) async fn own_order(p: &Participant, user: &User, order: Uuid) -> Result<Contract, SellerError> {
    let found = load_by_id(p, order).await?;
    found.filter(|c| c.user_id == user.id && c.side == Side::Seller).ok_or(SellerError::OrderNotFound)
}

pub(super) fn ordered(contract: &Contract, message_id: &str) -> Ordered {
    Ordered {
        transaction_id: contract.transaction_id.clone(),
        message_id: message_id.to_owned(),
        state: contract.state.as_str().to_owned(),
    }
}
