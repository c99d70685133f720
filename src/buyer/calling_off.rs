//! Calling a contract off: our user's `cancel`, and every `on_cancel`, asked for or not (ruling 17).
//!
//! The contract goes on until the seller has cancelled it; then our ledger is told, and only its ACK ends it.

use beckn_wire::energy::{Contract as WireContract, Writer, messages};
use beckn_wire::json::{Json, Object};
use node::{InboxJob, Outgoing, ProcessError};
use units::WattHours;

use super::error::BuyerError;
use super::model::{Accepted, CancelWish};
use super::preview;
use super::step::{Callback, Ends, Pending, Step, answer, end_alone, load, load_own, replay, rounds};
use super::store::{Change, ChangeKind, Phase};
use super::terms::{self, failure};
use crate::contract::{self, Contract, Failure, Holds, LedgerState, Party, State};
use crate::events::idempotency;
use crate::identity::User;
use crate::network::{LedgerAct, Participant};

const REASON_MAX: usize = 200;

/// Calls a contract off. What is confirmed is cancelled with the seller, by preview and commit, until the gate closes
/// and within the time that this platform gives its users; what is not confirmed is simply dropped, and the seller's
/// reservation lapses.
///
/// # Errors
/// The contract is being confirmed or is over; the gate is closed; the time to cancel is over; another change is
/// being committed.
pub async fn cancel(
    p: &Participant,
    user: &User,
    wish: CancelWish,
    key: Option<idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    rounds!(cancel_once(p, user, &wish, key.as_ref()).await)
}

async fn cancel_once(
    p: &Participant,
    user: &User,
    wish: &CancelWish,
    key: Option<&idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    if let Some(answered) = replay(p, key).await? {
        return Ok(answered);
    }
    let reason = wish.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    if reason
        .is_some_and(|reason| reason.chars().count() > REASON_MAX || reason.chars().any(char::is_control))
    {
        return Err(BuyerError::Field {
            field: "reason",
            reason: "at most 200 characters without line breaks",
        });
    }
    let (contract, change) = load_own(p, user, &wish.transaction_id).await?;
    let mut after = contract.clone();
    after.failure = None;
    let mut step = match contract.state {
        State::Draft | State::Quoted | State::Offered => {
            drop_unconfirmed(&mut after)?;
            Step::new(Some(&contract), after, "cancel")
        }
        State::Recording | State::Standing => {
            check_cancellation(p, &contract)?;
            if change.is_some_and(|change| change.phase == Phase::Commit) {
                return Err(BuyerError::ChangeUnderWay);
            }
            let asked = with_reason(&terms::document(&contract)?, reason);
            let (message, change) = preview::ask(p, &contract, ChangeKind::Cancel, &asked)?;
            let mut step = Step::new(Some(&contract), after, "cancel");
            step.message_id = Some(change.message_id.clone());
            step.pending = Pending::Set(change);
            step.out.push(message);
            step
        }
        state => return Err(BuyerError::State(state)),
    };
    let accepted = Accepted {
        transaction_id: contract.transaction_id.clone(),
        message_id: step.message_id.clone().unwrap_or_else(|| p.ids.uuid().to_string()),
        state: step.after.state.as_str().to_owned(),
    };
    step.answer = answer(key, &accepted)?;
    step.commit(p).await?;
    Ok(accepted)
}

/// Nothing is confirmed, so nobody needs to agree. A late answer finds nothing that awaits it.
fn drop_unconfirmed(contract: &mut Contract) -> Result<(), BuyerError> {
    if contract.state == State::Offered {
        contract.step(contract::Step::CallOff)?;
        contract.step(contract::Step::CalledOff)?;
    } else {
        contract.step(contract::Step::Expire)?;
        contract.failure = Some(failure("BIZ_INVALID_STATE_TRANSITION", "dropped before it was concluded"));
    }
    contract.awaiting = None;
    contract.holds = Holds::Nothing;
    contract.cancelled_by = Some(Party::Buyer);
    Ok(())
}

/// The gate binds everybody; the window from our confirmation binds our own users.
pub(super) fn check_cancellation(p: &Participant, contract: &Contract) -> Result<(), BuyerError> {
    let slots = contract.slots.iter().filter(|row| row.requested > WattHours::ZERO).map(|row| row.slot);
    energy_rules::check_cancellation(Writer::BuyerPlatform, slots, p.market_now(), &p.settings.rules)?;
    let until = contract.confirmed_at.map(|at| at.saturating_add(p.settings.cancel_window));
    match until {
        Some(until) if p.now() > until => Err(BuyerError::CancelWindowClosed { until }),
        _ => Ok(()),
    }
}

/// The protocol has no member for the reason of a cancellation; the contract's descriptor is text for people.
fn with_reason(contract: &WireContract, reason: Option<&str>) -> WireContract {
    let mut asked = messages::as_it_stands(contract);
    if let Some(reason) = reason {
        let mut descriptor = Object::new();
        descriptor.set("name", "Cancellation");
        descriptor.set("shortDesc", reason);
        asked.rest.set("descriptor", Json::from(descriptor));
    }
    asked
}

/// Works off an `on_cancel`.
///
/// # Errors
/// A passing trouble; a message that cannot be read.
pub(super) async fn process(p: &Participant, job: &InboxJob) -> Result<(), ProcessError> {
    let callback = Callback::read(job)?;
    Ok(rounds!(once(p, job, &callback).await)?)
}

async fn once(p: &Participant, job: &InboxJob, callback: &Callback) -> Result<(), BuyerError> {
    let Some((contract, change)) = load(p, &job.transaction_id).await? else {
        return end_alone(p, job.into()).await;
    };
    let change = change.filter(|change| change.kind == ChangeKind::Cancel);
    let own = change.filter(|change| change.message_id == job.message_id);
    let ends = Ends::from(job);
    if let Some(why) = &callback.failure {
        return match own {
            Some(_) => refused(p, &contract, why, job.action.as_str(), ends).await,
            None => end_alone(p, ends).await,
        };
    }
    if callback.context.try_ {
        return match own.filter(|change| change.phase == Phase::Preview) {
            Some(change) => commit(p, job, &contract, &change, callback.digest()).await,
            None => end_alone(p, ends).await,
        };
    }
    let Ok(theirs) = callback.contract() else { return end_alone(p, ends).await };
    cancelled(p, job, &contract, own, &theirs).await
}

/// The preview is there: now it is meant.
async fn commit(
    p: &Participant,
    job: &InboxJob,
    contract: &Contract,
    previewed: &Change,
    digest: &str,
) -> Result<(), BuyerError> {
    let (message, change) = preview::commit(p, contract, previewed, digest)?;
    let mut step = Step::new(Some(contract), contract.clone(), job.action.as_str());
    step.message_id = Some(job.message_id.clone());
    step.pending = Pending::Set(change);
    step.out.push(message);
    step.ends = Ends::from(job);
    step.commit(p).await
}

/// The seller has cancelled. With nothing recorded that is the end; else our ledger is told first.
async fn cancelled(
    p: &Participant,
    job: &InboxJob,
    contract: &Contract,
    own: Option<Change>,
    theirs: &WireContract,
) -> Result<(), BuyerError> {
    let mut after = contract.clone();
    let (mut step_out, mut breach) = (Vec::new(), false);
    if contract.state.after(contract.side, contract::Step::CallOff).is_ok() {
        let first = contract.state != State::Cancelling;
        after.step(contract::Step::CallOff)?;
        after.awaiting = None;
        after.holds = Holds::Nothing;
        if first {
            after.cancelled_by = Some(if own.is_some() { Party::Buyer } else { Party::Seller });
            // What was not confirmed is not broken; what we call off ourselves is `Cancelling` already.
            breach = own.is_some() && contract.confirmed_at.is_some();
        }
        after.document = document(contract, theirs)?.to_json().to_bytes();
        match contract.ledger {
            LedgerState::None => after.step(contract::Step::CalledOff)?,
            LedgerState::Withdrawing | LedgerState::Withdrawn => {}
            _ => {
                step_out.push(ledger_leg(p, &after)?);
                after.ledger = LedgerState::Withdrawing;
            }
        }
    } else if own.is_none() {
        return end_alone(p, Ends::from(job)).await;
    }
    let mut step = Step::new(Some(contract), after, job.action.as_str());
    step.message_id = Some(job.message_id.clone());
    step.pending = Pending::Drop;
    step.breach = breach;
    step.out = step_out;
    step.ends = Ends::from(job);
    step.commit(p).await
}

/// The cancelled contract as the seller wrote it; as we know it, cancelled, when the seller's is not the same contract.
fn document(contract: &Contract, theirs: &WireContract) -> Result<WireContract, BuyerError> {
    let ours = terms::document(contract)?;
    let same = theirs.id.is_some()
        && theirs.id.as_deref() == contract.contract_id.as_deref()
        && Writer::ALL.into_iter().all(|role| theirs.holder(role) == ours.holder(role));
    if same {
        return Ok(theirs.clone());
    }
    let mut ours = messages::on_cancel(&ours);
    ours.id.clone_from(&contract.contract_id);
    Ok(ours)
}

/// `on_cancel` to our own ledger, whatever was recorded there: an ACK of it may have been lost.
fn ledger_leg(p: &Participant, contract: &Contract) -> Result<Outgoing, BuyerError> {
    let wire = messages::on_cancel(&terms::document(contract)?);
    let discom =
        p.own_discom(&wire, Writer::BuyerDiscom).map_err(|error| BuyerError::Compose(error.to_string()))?;
    Ok(p.ledger_leg(LedgerAct::Cancel, discom, &wire, &contract.transaction_id, contract.id, None)?)
}

/// The seller does not cancel. The contract stays as it is; one that we could not let stand is disputed.
pub(super) async fn refused(
    p: &Participant,
    contract: &Contract,
    why: &Failure,
    cause: &'static str,
    ends: Ends,
) -> Result<(), BuyerError> {
    let mut after = contract.clone();
    after.failure = Some(why.clone());
    if contract.state == State::Cancelling {
        after.step(contract::Step::Dispute)?;
    }
    let mut step = Step::new(Some(contract), after, cause);
    step.pending = Pending::Drop;
    step.event = Some(("contract.cancel_refused", why.clone()));
    step.ends = ends;
    step.commit(p).await
}

#[cfg(test)]
mod tests {
    use super::super::order::tests::init_of_two_slots;
    use super::*;

    #[test]
    fn a_reason_is_text_for_people() {
        let contract = init_of_two_slots();
        let asked = with_reason(&contract, Some("moving house"));
        let json = asked.to_json();
        assert_eq!(json.at(&["descriptor", "shortDesc"]).and_then(Json::as_str), Some("moving house"));
        assert!(with_reason(&contract, None).to_json().get("descriptor").is_none());
    }
}
