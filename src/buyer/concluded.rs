//! The ends of our own messages: a request that was refused or never arrived, and what our ledger said (ruling 16).

use std::sync::Arc;

use beckn_wire::ack::{AckShape, AckVerdict};
use node::{OutboxJob, Outcome, ProcessError};
use uuid::Uuid;

use super::error::BuyerError;
use super::preview;
use super::step::{Ends, Pending, Step, end_alone, rounds};
use super::store::{self, Change, ChangeKind};
use super::terms::{self, failure, failure_of};
use super::{calling_off, changing, extras, offers};
use crate::contract::{self, Contract, Failure, Holds, LedgerState, Party, Side, State};
use crate::events::{self, Fact};
use crate::network::{Action, Participant};

/// Draws the consequence of the end of one message of ours.
///
/// # Errors
/// A passing trouble: the message will be sent again, and its receiver answers that it has it.
pub async fn concluded(p: &Participant, job: &OutboxJob, outcome: &Outcome) -> Result<(), ProcessError> {
    let done = match (job.purpose.as_str(), job.action) {
        ("ledger.on_confirm", _) => rounds!(recorded(p, job, outcome).await),
        ("ledger.on_update", _) => rounds!(updated(p, job, outcome).await),
        ("ledger.on_cancel", _) => rounds!(withdrawn(p, job, outcome).await),
        (_, Action::Select | Action::Init | Action::Confirm) => rounds!(asked(p, job, outcome).await),
        (_, Action::Cancel | Action::Update) => rounds!(change(p, job, outcome).await),
        _ => question(p, job, outcome).await,
    };
    Ok(done?)
}

/// The buyer's contract that a message is about, and the change under way.
async fn subject(p: &Participant, job: &OutboxJob) -> Result<Option<(Contract, Option<Change>)>, BuyerError> {
    let Some(id) = job.reference.as_deref().and_then(|text| Uuid::parse_str(text).ok()) else {
        return Ok(None);
    };
    let read = p.db.read(move |tx| {
        Box::pin(async move {
            let Some(contract) = contract::service::by_id(tx, id).await? else { return Ok(None) };
            let change = store::find_change(tx, id).await?;
            Ok::<_, db::DbError>(
                Some((contract, change)).filter(|(contract, _)| contract.side == Side::Buyer),
            )
        })
    });
    Ok(read.await?)
}

/// `select`, `init` and `confirm`: an ACK promises an answer, anything else is one.
async fn asked(p: &Participant, job: &OutboxJob, outcome: &Outcome) -> Result<(), BuyerError> {
    let ends = Ends::outbox(job, outcome);
    let (Some((contract, _)), Some(why)) = (subject(p, job).await?, failure_of(outcome)) else {
        return end_alone(p, ends).await;
    };
    if contract.awaiting.as_deref() != Some(&job.message_id) {
        return end_alone(p, ends).await;
    }
    let mut after = contract.clone();
    let undelivered = matches!(outcome, Outcome::Expired | Outcome::Dead { .. });
    after.step(if undelivered { contract::Step::Expire } else { contract::Step::Refuse })?;
    after.awaiting = None;
    after.holds = Holds::Nothing;
    after.failure = Some(why);
    let mut step = Step::new(Some(&contract), after, job.action.as_str());
    step.message_id = Some(job.message_id.clone());
    step.ends = ends;
    step.commit(p).await
}

/// `cancel` and `update`: a refusal leaves the contract as it is.
async fn change(p: &Participant, job: &OutboxJob, outcome: &Outcome) -> Result<(), BuyerError> {
    let ends = Ends::outbox(job, outcome);
    let (Some((contract, Some(change))), Some(why)) = (subject(p, job).await?, failure_of(outcome)) else {
        return end_alone(p, ends).await;
    };
    if change.message_id != job.message_id {
        return end_alone(p, ends).await;
    }
    match change.kind {
        ChangeKind::Cancel => calling_off::refused(p, &contract, &why, job.action.as_str(), ends).await,
        ChangeKind::Update => changing::refused(p, &contract, &why, job.action.as_str(), ends).await,
    }
}

/// `discover`, `status`, `track`, `rate`, `support`: who asked is told.
async fn question(p: &Participant, job: &OutboxJob, outcome: &Outcome) -> Result<(), BuyerError> {
    let ends = Ends::outbox(job, outcome);
    let Some(why) = failure_of(outcome) else { return end_alone(p, ends).await };
    let contract = subject(p, job).await?.map(|(contract, _)| contract);
    let (plan, now) = (Arc::new((job.clone(), why, contract, ends)), p.now());
    let stored = p.db.write(move |tx| {
        let plan = Arc::clone(&plan);
        Box::pin(async move {
            let (job, why, contract, ends) = &*plan;
            match (job.action, contract) {
                (Action::Discover, _) => {
                    if let Some((user_id, _)) = store::find_search(tx, &job.transaction_id).await? {
                        offers::fail(tx, &job.transaction_id, user_id, why, now).await?;
                    }
                }
                (Action::Status, Some(contract)) => {
                    let id = &contract.transaction_id;
                    let fact = Fact::StatusRefused(super::step::told(id, why));
                    events::tell(tx, contract.user_id, id, &fact, now).await?;
                }
                _ => extras::failed(tx, &job.message_id, job.action, why, now).await?,
            }
            ends.run(tx, now).await
        })
    });
    Ok(stored.await?)
}

/// Why a ledger has not recorded; none when it has. Success without an acknowledgement is none (a proxy's page).
fn ledger_failure(outcome: &Outcome) -> Option<Failure> {
    match outcome {
        Outcome::Delivered { duplicate: true, .. } => None,
        Outcome::Delivered { ack: AckVerdict::Ack { shape: AckShape::Unknown, .. }, .. } => {
            Some(failure("DEG_LEDGER_ACK_INVALID", "the ledger's answer is no acknowledgement"))
        }
        other => failure_of(other),
    }
}

/// Our ledger has recorded the contract: now it stands. It has not: the contract is called off while that is possible,
/// and after the gate a person must look.
async fn recorded(p: &Participant, job: &OutboxJob, outcome: &Outcome) -> Result<(), BuyerError> {
    let ends = Ends::outbox(job, outcome);
    let Some((contract, change)) = subject(p, job).await? else { return end_alone(p, ends).await };
    if contract.state != State::Recording || contract.ledger != LedgerState::Pending {
        return end_alone(p, ends).await;
    }
    let mut after = contract.clone();
    let mut pending = Pending::Keep;
    let mut out = Vec::new();
    match ledger_failure(outcome) {
        None => {
            after.step(contract::Step::Recorded)?;
            after.ledger = LedgerState::Recorded;
        }
        Some(why) => {
            after.ledger = LedgerState::Refused;
            after.failure = Some(why);
            let under_way = change.is_some_and(|change| change.kind == ChangeKind::Cancel);
            let open = p.market_now() < contract.gate_closes_at;
            let withdrawal = if open && !under_way {
                preview::withdraw(p, &contract, &terms::document(&contract)?)
            } else {
                None
            };
            if open && (under_way || withdrawal.is_some()) {
                after.step(contract::Step::CallOff)?;
                after.cancelled_by = Some(Party::Ledger);
            } else {
                after.step(contract::Step::Dispute)?;
            }
            if let Some((message, change)) = withdrawal {
                out.push(message);
                pending = change;
            }
        }
    }
    let mut step = Step::new(Some(&contract), after, "ledger.on_confirm");
    step.message_id = Some(job.message_id.clone());
    step.pending = pending;
    step.out = out;
    step.ends = ends;
    step.commit(p).await
}

/// Our ledger knows of the smaller quantity, or the two differ.
async fn updated(p: &Participant, job: &OutboxJob, outcome: &Outcome) -> Result<(), BuyerError> {
    let ends = Ends::outbox(job, outcome);
    let Some((contract, _)) = subject(p, job).await? else { return end_alone(p, ends).await };
    if contract.state != State::Standing || contract.ledger != LedgerState::Pending {
        return end_alone(p, ends).await;
    }
    let mut after = contract.clone();
    match ledger_failure(outcome) {
        None => after.ledger = LedgerState::Recorded,
        Some(why) => {
            after.ledger = LedgerState::Refused;
            after.failure = Some(why);
            after.step(contract::Step::Dispute)?;
        }
    }
    let mut step = Step::new(Some(&contract), after, "ledger.on_update");
    step.message_id = Some(job.message_id.clone());
    step.ends = ends;
    step.commit(p).await
}

/// Our ledger knows that the contract is cancelled: that is its end.
async fn withdrawn(p: &Participant, job: &OutboxJob, outcome: &Outcome) -> Result<(), BuyerError> {
    let ends = Ends::outbox(job, outcome);
    let Some((contract, _)) = subject(p, job).await? else { return end_alone(p, ends).await };
    if contract.state != State::Cancelling || contract.ledger != LedgerState::Withdrawing {
        return end_alone(p, ends).await;
    }
    let mut after = contract.clone();
    match ledger_failure(outcome) {
        None => {
            after.ledger = LedgerState::Withdrawn;
            after.step(contract::Step::CalledOff)?;
        }
        Some(why) => {
            after.failure = Some(why);
            after.step(contract::Step::Dispute)?;
        }
    }
    let mut step = Step::new(Some(&contract), after, "ledger.on_cancel");
    step.message_id = Some(job.message_id.clone());
    step.ends = ends;
    step.commit(p).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_says_yes_or_it_does_not() {
        let delivered = |ack, duplicate| Outcome::Delivered { ack, duplicate };
        let ack = |shape| AckVerdict::Ack { ledger: None, shape };
        for shape in [AckShape::Message, AckShape::MessageAck, AckShape::Flat, AckShape::AckStatus] {
            assert_eq!(ledger_failure(&delivered(ack(shape), false)), None);
        }
        let silent = ledger_failure(&delivered(ack(AckShape::Unknown), false)).unwrap();
        assert_eq!(silent.code, "DEG_LEDGER_ACK_INVALID");
        assert_eq!(ledger_failure(&delivered(AckVerdict::Unreadable { http_status: 400 }, true)), None);
        assert!(ledger_failure(&Outcome::Expired).is_some());
        assert!(ledger_failure(&Outcome::Dead { reason: "x".into() }).is_some());
    }
}
