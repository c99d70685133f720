//! Cancellation: by the buyer through `cancel` (preview, then commit), by our own user unasked (ruling 17).
//!
//! It releases the stock at once, and stands when the ledgers have acknowledged it.

use beckn_wire::energy::{Writer, messages};
use beckn_wire::signature::Digest;
use node::InboxJob;
use uuid::Uuid;

use super::error::{SellerError, state_refusal};
use super::model::Ordered;
use super::recording::{ordered, own_order, to_buyer, withdrawal};
use super::step::{Ends, Step, end_with, load, rounds};
use super::terms::{Asked, bytes, callback, contract_callback, document, failure};
use crate::contract::{Contract, Holds, LedgerState, Party, State, Step as Transition};
use crate::events::idempotency;
use crate::identity::User;
use crate::network::{Action, Participant};

/// Previews a cancellation, or carries it out.
///
/// # Errors
/// Our own trouble; the message is worked off again.
pub(super) async fn cancel(p: &Participant, job: &InboxJob) -> Result<(), SellerError> {
    let asked = Asked::read(job)?;
    let done = rounds!(cancel_once(p, job, &asked).await);
    let Err(error) = done else { return Ok(()) };
    let told = error.wire().ok_or(error)?;
    let Some(contract) = load(p, &job.transaction_id).await? else { return Err(SellerError::Document) };
    let last = document(&contract)?;
    let out = contract_callback(p, job, &asked.context, Action::OnCancel, &last, Some(told))?;
    end_with(p, Ends::from(job), vec![out]).await
}

async fn cancel_once(p: &Participant, job: &InboxJob, asked: &Asked) -> Result<(), SellerError> {
    let before = load(p, &job.transaction_id).await?.ok_or(SellerError::Document)?;
    if !matches!(before.state, State::Reserved | State::Recording | State::Active) {
        return Err(state_refusal(before.state).into());
    }
    let slots = before.quantities().into_iter().map(|part| part.slot);
    energy_rules::check_cancellation(Writer::BuyerPlatform, slots, p.market_now(), &p.settings.rules)?;
    let cancelled = messages::on_cancel(&document(&before)?);
    let mut leg = callback(p, job, &asked.context, Action::OnCancel, cancelled.to_message());
    leg.try_ = asked.context.try_;
    let out = p.compose(&leg)?;
    let mut after = before.clone();
    if asked.context.try_ {
        after.preview_digest = Some(Digest::of(&out.body).labeled());
        let mut step = Step::by(Some(&before), after, job);
        step.out = vec![out];
        return step.commit(p).await;
    }
    call_off(&mut after, Party::Buyer)?;
    let mut step = Step::by(Some(&before), after, job);
    step.out = vec![out];
    if step.after.state == State::Cancelling {
        step.out.push(withdrawal(p, &before, &cancelled)?);
    }
    step.after.document = bytes(&cancelled);
    step.commit(p).await
}

/// What a cancellation does to the contract. One that was never confirmed needs no ledger and is over at once.
fn call_off(contract: &mut Contract, by: Party) -> Result<(), SellerError> {
    let recorded = contract.state != State::Reserved;
    contract.step(Transition::CallOff)?;
    contract.holds = Holds::Nothing;
    contract.reserved_until = None;
    contract.preview_digest = None;
    contract.cancelled_by = Some(by);
    if recorded {
        contract.ledger = LedgerState::Withdrawing;
    } else {
        contract.step(Transition::CalledOff)?;
    }
    Ok(())
}

/// Cancels an order of this user, by an unasked `on_cancel`.
///
/// # Errors
/// Not an order of this user; not confirmed; after the window that binds our users, or the gate.
pub async fn cancel_order(
    p: &Participant,
    user: &User,
    order: Uuid,
    reason: Option<String>,
    key: Option<idempotency::Key>,
) -> Result<Ordered, SellerError> {
    rounds!(cancel_order_once(p, user, order, reason.as_deref(), key.clone()).await)
}

async fn cancel_order_once(
    p: &Participant,
    user: &User,
    order: Uuid,
    reason: Option<&str>,
    key: Option<idempotency::Key>,
) -> Result<Ordered, SellerError> {
    let before = own_order(p, user, order).await?;
    if before.state != State::Active {
        return Err(SellerError::State(before.state));
    }
    let slots = before.quantities().into_iter().map(|part| part.slot);
    energy_rules::check_cancellation(Writer::SellerPlatform, slots, p.market_now(), &p.settings.rules)?;
    let until = before.confirmed_at.map(|at| at.saturating_add(p.settings.cancel_window));
    if until.is_none_or(|until| p.now() > until) {
        return Err(SellerError::CancelWindowClosed);
    }
    let cancelled = messages::on_cancel(&document(&before)?);
    let message_id = p.ids.uuid().to_string();
    let leg = to_buyer(&before, Action::OnCancel, &message_id, &cancelled);
    let mut after = before.clone();
    call_off(&mut after, Party::Seller)?;
    after.document = bytes(&cancelled);
    if let Some(reason) = reason {
        let error = beckn_wire::code::WireError::new(beckn_wire::code::ErrorCode::BizGenericError, reason);
        after.failure =
            Some(crate::contract::Failure { code: "cancelled_by_seller".to_owned(), ..failure(&error) });
    }
    let ordered = ordered(&after, &message_id);
    let out = vec![p.compose(&leg)?, withdrawal(p, &before, &cancelled)?];
    let mut step = Step::new(Some(&before), after, "on_cancel");
    step.message_id = Some(message_id);
    step.breach = true;
    step.out = out;
    step.answer = super::listing::answer(key, &ordered)?;
    step.commit(p).await?;
    Ok(ordered)
}
