//! The seller's answers on the way to a contract: `on_select`, `on_init`, `on_confirm`.
//!
//! An answer that is not what was asked for is not bought: before `on_confirm` the contract is rejected, after it what
//! the seller holds as confirmed is cancelled.

use beckn_wire::energy::{Contract as WireContract, MoneyAttributes, Settlement, SettlementTerm, Writer};
use node::{InboxJob, Outgoing, ProcessError};
use units::Paise;

use super::agreement;
use super::error::BuyerError;
use super::preview;
use super::step::{Callback, Ends, Pending, Step, end_alone, load, rounds};
use super::terms::{self, failure};

use crate::contract::{self, Contract, ContractSlot, Failure, Holds, LedgerState, Party, Side, State};
use crate::events::Fact;
use crate::network::{Action, LedgerAct, Participant};

/// An answer that disagrees is an outcome, not an error of ours.
type Judged<T> = Result<T, Failure>;

/// Works off one answer of the seller.
///
/// # Errors
/// A passing trouble; a message that cannot be read.
pub(super) async fn process(p: &Participant, job: &InboxJob) -> Result<(), ProcessError> {
    let callback = Callback::read(job)?;
    let done = match job.action {
        Action::OnConfirm => rounds!(confirmed(p, job, &callback).await),
        _ => rounds!(answered(p, job, &callback).await),
    };
    Ok(done?)
}

/// `on_select` and `on_init`. An answer to an older question than the one under way changes nothing.
async fn answered(p: &Participant, job: &InboxJob, callback: &Callback) -> Result<(), BuyerError> {
    let Some((contract, _)) = load(p, &job.transaction_id).await? else {
        return end_alone(p, job.into()).await;
    };
    let reserving = contract.holds == Holds::Reservation;
    let awaited = contract.awaiting.as_deref() == Some(&job.message_id)
        && contract.state == State::Draft
        && reserving == (job.action == Action::OnInit);
    if !awaited {
        return end_alone(p, job.into()).await;
    }
    let mut after = contract.clone();
    after.awaiting = None;
    match judge(p, job.action, &contract, callback)? {
        Ok((wire, rows)) => {
            let step = if reserving { contract::Step::Offer } else { contract::Step::Quote };
            after.step(step)?;
            after.gate_closes_at = terms::gate_of(&rows, &p.settings.rules).unwrap_or(after.gate_closes_at);
            after.slots = rows;
            after.document = wire.to_json().to_bytes();
        }
        Err(why) => {
            after.step(contract::Step::Refuse)?;
            after.holds = Holds::Nothing;
            after.failure = Some(why);
        }
    }
    finish(&contract, after, job).commit(p).await
}

/// The answer and its rows when it says what was asked for, else why not.
fn judge(
    p: &Participant,
    action: Action,
    contract: &Contract,
    callback: &Callback,
) -> Result<Judged<(WireContract, Vec<ContractSlot>)>, BuyerError> {
    let asked = terms::document(contract)?;
    if let Some(failure) = &callback.failure {
        return Ok(Err(failure.clone()));
    }
    Ok(callback.contract().and_then(|wire| {
        let rows = agreement::check(&asked, &wire)?;
        if let (Action::OnSelect, Some(quoted)) = (action, total(&wire)?) {
            agreement::check_total(&rows, quoted)?;
        }
        if action != Action::OnSelect {
            payment(&asked, &wire, &rows)?;
            let own = p.own_discom(&wire, Writer::BuyerDiscom);
            own.map_err(|error| failure(error.code.as_str(), error.message))?;
        }
        Ok((wire, rows))
    }))
}

/// The payment terms ask for what the rows come to, and for nobody else than they did before.
fn payment(asked: &WireContract, answer: &WireContract, rows: &[ContractSlot]) -> Result<(), Failure> {
    let terms = |contract: &WireContract| -> Vec<SettlementTerm> {
        let term = |settlement: &Settlement| match &settlement.attributes {
            Some(MoneyAttributes::Term(term)) => Some(term.clone()),
            _ => None,
        };
        contract.settlements.iter().filter_map(term).collect()
    };
    let unreadable = |_| failure("BIZ_PRICE_MISMATCH", "the amount is finer than one paisa or out of range");
    let before = terms(asked);
    for term in terms(answer) {
        if let Some(amount) = &term.amount {
            agreement::check_total(rows, amount.paise().map_err(unreadable)?)?;
        }
        if !before.is_empty() && !before.iter().any(|known| known.pay_to == term.pay_to) {
            return Err(failure("BIZ_UPDATE_INCONSISTENT", "the confirmation names another payee"));
        }
    }
    Ok(())
}

/// What a quote says is to be paid for the energy.
fn total(wire: &WireContract) -> Result<Option<Paise>, Failure> {
    let amount = wire.consideration.iter().find_map(|consideration| match &consideration.attributes {
        Some(MoneyAttributes::Term(term)) => term.amount.as_ref(),
        _ => None,
    });
    let unreadable = |_| failure("BIZ_PRICE_MISMATCH", "the amount is finer than one paisa or out of range");
    amount.map(|amount| amount.paise().map_err(unreadable)).transpose()
}

fn finish(before: &Contract, after: Contract, job: &InboxJob) -> Step {
    let mut step = Step::new(Some(before), after, job.action.as_str());
    step.message_id = Some(job.message_id.clone());
    step.ends = Ends::from(job);
    step
}

/// `on_confirm`: recorded with our DISCOM's ledger, whose ACK makes the trade stand.
async fn confirmed(p: &Participant, job: &InboxJob, callback: &Callback) -> Result<(), BuyerError> {
    let Some((contract, _)) = load(p, &job.transaction_id).await? else {
        return end_alone(p, job.into()).await;
    };
    match contract.state {
        State::Confirming => conclude(p, job, callback, &contract).await,
        State::Expired | State::Rejected | State::Cancelled if callback.failure.is_none() => {
            orphan(p, job, callback, &contract).await
        }
        _ => end_alone(p, job.into()).await,
    }
}

async fn conclude(
    p: &Participant,
    job: &InboxJob,
    callback: &Callback,
    contract: &Contract,
) -> Result<(), BuyerError> {
    let mut after = contract.clone();
    after.awaiting = None;
    if let Some(why) = &callback.failure {
        if contract.awaiting.as_deref() != Some(&job.message_id) {
            return end_alone(p, job.into()).await;
        }
        after.step(contract::Step::Refuse)?;
        after.holds = Holds::Nothing;
        after.failure = Some(why.clone());
        return finish(contract, after, job).commit(p).await;
    }
    let agreed = judge(p, job.action, contract, callback)?;
    let (why, theirs) = match agreed {
        Ok((wire, rows)) => match record(p, contract, &wire, rows).await? {
            Ok((after, leg)) => {
                let mut step = finish(contract, after, job);
                step.out.push(leg);
                return step.commit(p).await;
            }
            Err(why) => (why, Some(wire)),
        },
        Err(why) => (why, callback.contract().ok()),
    };
    refuse_confirmed(p, job, contract, theirs, why).await
}

/// Our side with the ledger leg that records it, or why the answer is no confirmation.
async fn record(
    p: &Participant,
    contract: &Contract,
    wire: &WireContract,
    rows: Vec<ContractSlot>,
) -> Result<Judged<(Contract, Outgoing)>, BuyerError> {
    let invalid = |what: &str| Ok(Err(failure("BIZ_UPDATE_INCONSISTENT", what)));
    let Some(id) = wire.id.clone().filter(|_| wire.status.as_deref() == Some("ACTIVE")) else {
        return invalid("the seller's confirmation is not an active contract with an id");
    };
    if taken(p, contract, &id).await? {
        return invalid("the seller's confirmation has the id of another contract");
    }
    let mut after = contract.clone();
    after.step(contract::Step::Record)?;
    after.awaiting = None;
    after.contract_id = Some(id);
    after.gate_closes_at = terms::gate_of(&rows, &p.settings.rules).unwrap_or(after.gate_closes_at);
    after.slots = rows;
    after.document = wire.to_json().to_bytes();
    after.holds = Holds::Sale;
    after.ledger = LedgerState::Pending;
    after.confirmed_at = Some(p.now());
    let discom = match p.own_discom(wire, Writer::BuyerDiscom) {
        Ok(discom) => discom,
        Err(error) => return Ok(Err(failure(error.code.as_str(), error.message))),
    };
    let deadline = Some(p.wire_deadline(after.gate_closes_at));
    let transaction_id = &after.transaction_id;
    match p.ledger_leg(LedgerAct::Confirm, discom, wire, transaction_id, after.id, deadline) {
        Ok(leg) => Ok(Ok((after, leg))),
        Err(error) => {
            tracing::error!(%error, "a confirmed contract cannot be passed on to the ledger");
            invalid("the seller's confirmation cannot be recorded")
        }
    }
}

/// Another contract of ours as a buyer has that id already.
async fn taken(p: &Participant, contract: &Contract, id: &str) -> Result<bool, BuyerError> {
    let id = id.to_owned();
    let read = p.db.read(move |tx| {
        let id = id.clone();
        Box::pin(async move { contract::service::by_contract_id(tx, Side::Buyer, &id).await })
    });
    Ok(read.await?.is_some_and(|other| other.id != contract.id))
}

/// The seller has confirmed something else than what was asked for: nothing is bought, and it is called off.
async fn refuse_confirmed(
    p: &Participant,
    job: &InboxJob,
    contract: &Contract,
    theirs: Option<WireContract>,
    why: Failure,
) -> Result<(), BuyerError> {
    let mut after = contract.clone();
    after.awaiting = None;
    after.holds = Holds::Nothing;
    after.failure = Some(why);
    let theirs = theirs.filter(|_| p.market_now() < contract.gate_closes_at);
    let id = theirs.as_ref().and_then(|wire| wire.id.clone());
    let free = match &id {
        // The id of another contract would cancel that one.
        Some(id) => !taken(p, contract, id).await?,
        None => false,
    };
    let withdrawal = theirs.filter(|_| free).and_then(|wire| preview::withdraw(p, contract, &wire));
    let mut pending = Pending::Keep;
    let mut out = Vec::new();
    match withdrawal {
        Some((message, change)) => {
            after.step(contract::Step::CallOff)?;
            after.cancelled_by = Some(Party::Buyer);
            after.contract_id = id;
            out.push(message);
            pending = change;
        }
        None => after.step(contract::Step::Refuse)?,
    }
    let mut step = finish(contract, after, job);
    step.pending = pending;
    step.out = out;
    step.commit(p).await
}

/// A confirmation for what we no longer wait for: our user was told that nothing is bought, so it is called off while
/// that is possible, and else somebody must look.
async fn orphan(
    p: &Participant,
    job: &InboxJob,
    callback: &Callback,
    contract: &Contract,
) -> Result<(), BuyerError> {
    let theirs = match callback.contract() {
        Ok(wire) => wire,
        Err(_) => return end_alone(p, job.into()).await,
    };
    let known = contract.contract_id.as_deref().is_none_or(|id| theirs.id.as_deref() == Some(id));
    let free = match &theirs.id {
        Some(id) if known => !taken(p, contract, id).await?,
        _ => false,
    };
    if !free {
        return end_alone(p, job.into()).await;
    }
    let mut after = contract.clone();
    after.contract_id.clone_from(&theirs.id);
    let open = p.market_now() < contract.gate_closes_at;
    let withdrawal = if open { preview::withdraw(p, contract, &theirs) } else { None };
    if contract.state == State::Expired {
        after.step(contract::Step::Record)?;
        after.step(if withdrawal.is_some() { contract::Step::CallOff } else { contract::Step::Dispute })?;
        after.cancelled_by = withdrawal.is_some().then_some(Party::Buyer);
    }
    let why = failure("BIZ_INVALID_STATE_TRANSITION", "the seller confirmed what was not awaited any more");
    let mut step = finish(contract, after, job);
    step.event = Some((Fact::ContractConfirmedLate, why));
    if let Some((message, change)) = withdrawal {
        step.out.push(message);
        step.pending = change;
    }
    step.commit(p).await
}
