//! A plan called off as a whole by its owner: each part as far as it is. What was not begun, or is only held, is
//! dropped; what is bought is cancelled by the rules of a cancellation, with its cost in trust, or stands with the reason
//! why it must (ruling 17). The owner's word is stored first; a worker carries it out, and every step of it may be done
//! twice.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::advance::{fail, is_ours, let_go, save, told};
use super::model::{Part, PartState, Plan, PlanState, energy};
use super::service::{put, read};
use crate::buyer::calling_off::{self, check_cancellation};
use crate::buyer::error::BuyerError;
use crate::buyer::model::CancelWish;
use crate::buyer::step::{Loaded, answer, load, replay, rounds};
use crate::buyer::store::ChangeKind;
use crate::buyer::terms::failure;
use crate::contract::{Contract, Failure, Party, State};
use crate::error::Code;
use crate::events::idempotency;
use crate::identity::User;
use crate::network::Participant;

/// What becomes of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelResult {
    /// Nothing was held.
    Dropped,
    /// The seller holds it, and its reservation lapses.
    Lapses,
    /// It is bought, or being bought, and will be cancelled.
    Cancelling,
    /// It is bought and stands.
    Refused,
    /// It had ended before.
    Over,
}

/// What becomes of one part, and why it stands where it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartResult {
    pub transaction_id: String,
    pub result: CancelResult,
    pub failure: Option<Failure>,
}

/// A plan that is being cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanCancelled {
    pub plan_id: Uuid,
    pub state: String,
    pub parts: Vec<PartResult>,
}

/// Cancels a plan as a whole. One transaction; what has begun is carried out by [`super::advance`].
///
/// # Errors
/// Not the user's; over already; nothing of it can be cancelled, with the reason of the first part.
pub async fn cancel(
    p: &Participant,
    user: &User,
    plan_id: Uuid,
    key: Option<idempotency::Key>,
) -> Result<PlanCancelled, BuyerError> {
    rounds!(once(p, user, plan_id, key.as_ref()).await)
}

async fn once(
    p: &Participant,
    user: &User,
    plan_id: Uuid,
    key: Option<&idempotency::Key>,
) -> Result<PlanCancelled, BuyerError> {
    if let Some(answered) = replay(p, key).await? {
        return Ok(answered);
    }
    let mut view = read(p, user, plan_id).await?;
    if matches!(view.plan.state, PlanState::Failed | PlanState::Cancelling | PlanState::Cancelled) {
        return Err(BuyerError::PlanState(view.plan.state));
    }
    let begun = !matches!(view.plan.state, PlanState::Searching | PlanState::Proposed);
    let (mut parts, mut refusal) = (Vec::new(), None);
    for part in &mut view.parts {
        let loaded = load(p, &part.transaction_id).await?;
        let (result, why) = match foreseen(p, part, loaded.as_ref().map(|(contract, _)| contract)) {
            Ok(result) => (result, None),
            Err(error) => {
                let why = told(&error);
                refusal.get_or_insert(error);
                (CancelResult::Refused, Some(why))
            }
        };
        match part.state {
            // Why it had to stand when this was tried before says nothing of this time.
            PartState::Standing => part.failure = None,
            PartState::Planned if !begun => part.state = PartState::Released,
            _ => {}
        }
        parts.push(PartResult { transaction_id: part.transaction_id.clone(), result, failure: why });
    }
    let futile = parts.iter().all(|part| matches!(part.result, CancelResult::Refused | CancelResult::Over));
    if let Some(error) = refusal.filter(|_| futile) {
        return Err(error);
    }
    view.plan.state = if begun { PlanState::Cancelling } else { PlanState::Cancelled };
    view.plan.failure = None;
    let cancelled = PlanCancelled { plan_id, state: view.plan.state.as_str().to_owned(), parts };
    put(p, view, answer(key, &cancelled)?).await?;
    Ok(cancelled)
}

/// What will become of a part.
fn foreseen(p: &Participant, part: &Part, contract: Option<&Contract>) -> Result<CancelResult, BuyerError> {
    let Some(contract) = contract else {
        let over = matches!(part.state, PartState::Failed | PartState::Released);
        return Ok(if over { CancelResult::Over } else { CancelResult::Dropped });
    };
    match contract.state {
        State::Draft | State::Quoted => Ok(CancelResult::Dropped),
        State::Offered => Ok(CancelResult::Lapses),
        State::Rejected | State::Expired | State::Cancelled | State::Disputed => Ok(CancelResult::Over),
        State::Cancelling => Ok(CancelResult::Cancelling),
        State::Reserved | State::Confirming | State::Recording | State::Standing | State::Active => {
            check_cancellation(p, contract).map(|()| CancelResult::Cancelling)
        }
    }
}

/// One round over a plan that is being cancelled: ends it when every part has come to an end.
pub(super) async fn carry_on(
    p: &Participant,
    user: &User,
    plan: Plan,
    parts: Vec<Part>,
) -> Result<bool, BuyerError> {
    let (mut after, mut now) = (plan.clone(), parts.clone());
    for part in &mut now {
        if !is_over(part) {
            call_off(p, user, part).await?;
        }
    }
    if now.iter().all(is_over) {
        end(&mut after, &now);
    }
    save(p, &plan, &parts, after, now).await
}

/// What stands with a reason has to stand.
fn is_over(part: &Part) -> bool {
    match part.state {
        PartState::Failed | PartState::Released | PartState::Cancelled => true,
        PartState::Standing => part.failure.is_some(),
        _ => false,
    }
}

/// Takes the next step of one part, by how its transaction stands.
async fn call_off(p: &Participant, user: &User, part: &mut Part) -> Result<(), BuyerError> {
    let Some((contract, change)) = load(p, &part.transaction_id).await? else {
        part.state = PartState::Released;
        return Ok(());
    };
    match contract.state {
        // The next round sees that it is over, or that a confirmation was faster.
        State::Draft | State::Quoted | State::Offered => let_go(p, user, &contract).await?,
        State::Cancelled if contract.confirmed_at.is_some() => part.state = PartState::Cancelled,
        State::Cancelled | State::Expired if contract.cancelled_by == Some(Party::Buyer) => {
            part.state = PartState::Released;
        }
        State::Rejected | State::Expired | State::Cancelled | State::Disputed => {
            let why = contract.failure.clone();
            fail(part, why.unwrap_or_else(|| failure("BIZ_GENERIC_ERROR", "the contract was called off")));
        }
        // Its outcome is not known; then it can be cancelled.
        State::Reserved | State::Confirming => part.state = PartState::Confirming,
        State::Cancelling => part.state = PartState::Cancelling,
        State::Recording | State::Standing | State::Active => {
            cancel_bought(p, user, part, Some((contract, change))).await?;
        }
    }
    Ok(())
}

async fn cancel_bought(
    p: &Participant,
    user: &User,
    part: &mut Part,
    loaded: Loaded,
) -> Result<(), BuyerError> {
    let Some((contract, change)) = loaded else { return Ok(()) };
    if change.is_some_and(|change| change.kind == ChangeKind::Cancel) {
        part.state = PartState::Cancelling;
        return Ok(());
    }
    if part.state == PartState::Cancelling {
        let why = contract.failure.clone();
        keep(part, why.unwrap_or_else(|| failure("BIZ_GENERIC_ERROR", "the seller did not cancel it")));
        return Ok(());
    }
    let wish = CancelWish { transaction_id: part.transaction_id.clone(), reason: None };
    match calling_off::cancel(p, user, wish, None).await {
        Ok(_) => part.state = PartState::Cancelling,
        // It has gone on in the meantime, or is being reduced; a later round sees how.
        Err(BuyerError::State(_) | BuyerError::ChangeUnderWay) => {}
        Err(error) if is_ours(&error) => return Err(error),
        // It is not bought for certain before our ledger has it.
        Err(_) if contract.state == State::Recording => {}
        Err(error) => keep(part, told(&error)),
    }
    Ok(())
}

fn keep(part: &mut Part, why: Failure) {
    part.state = PartState::Standing;
    part.failure = Some(why);
}

fn end(plan: &mut Plan, parts: &[Part]) {
    let kept: Vec<&Part> = parts.iter().filter(|part| part.state == PartState::Standing).collect();
    let Some(why) = kept.iter().rev().find_map(|part| part.failure.as_ref()) else {
        plan.state = PlanState::Cancelled;
        plan.failure = None;
        return;
    };
    let energy = units::WattHours::checked_sum(kept.iter().map(|part| energy(&part.slots)));
    let energy = energy.unwrap_or(units::WattHours::MAX);
    let message = format!("{energy} kWh could not be cancelled and stand: {}", why.message);
    plan.state = PlanState::Partial;
    plan.failure = Some(failure(Code::PlanIncomplete.as_str(), message));
}
