//! Taking less: our user's `update`, and the seller's `on_update` to it. More, or another slot, is another contract.

use beckn_wire::energy::{Contract as WireContract, Writer, messages};
use energy_rules::RuleError;
use node::{InboxJob, Outgoing, ProcessError};
use units::WattHours;

use super::agreement;
use super::error::BuyerError;
use super::model::{Accepted, SlotWish, UpdateWish};
use super::preview;
use super::step::{Callback, Ends, Pending, Step, answer, end_alone, load, load_own, replay, rounds};
use super::store::{Change, ChangeKind, Phase};
use super::terms::{self, failure};
use crate::contract::{Contract, ContractSlot, Failure, LedgerState, State, amount_due};
use crate::events::{Fact, idempotency};
use crate::identity::User;
use crate::network::{LedgerAct, Participant};

/// Takes less of a standing contract, by preview and commit. A slot with nothing left is dropped; a contract with
/// nothing left is cancelled instead.
///
/// # Errors
/// The contract does not stand; a gate of it is closed; more than before, or nothing in all, or below the minimum;
/// another change is under way.
pub async fn update(
    p: &Participant,
    user: &User,
    wish: UpdateWish,
    key: Option<idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    rounds!(update_once(p, user, &wish, key.as_ref()).await)
}

async fn update_once(
    p: &Participant,
    user: &User,
    wish: &UpdateWish,
    key: Option<&idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    if let Some(answered) = replay(p, key).await? {
        return Ok(answered);
    }
    let (contract, change) = load_own(p, user, &wish.transaction_id).await?;
    if contract.state != State::Standing {
        return Err(BuyerError::State(contract.state));
    }
    if change.is_some_and(|change| change.phase == Phase::Commit) || contract.ledger == LedgerState::Pending {
        return Err(BuyerError::ChangeUnderWay);
    }
    let open = contract.slots.iter().filter(|row| row.requested > WattHours::ZERO).map(|row| row.slot);
    energy_rules::check_update(open, p.market_now(), &p.settings.rules)?;
    let rows = lowered(&contract.slots, &wish.slots, &p.settings.rules)?;
    let requested: Vec<_> = rows.iter().map(|row| (row.interval_id, row.requested)).collect();
    let amount = amount_due(&rows).map_err(|_| BuyerError::OnlyLess)?;
    let asked = messages::updated(&terms::document(&contract)?, &requested, amount)?;
    let (message, change) = preview::ask(p, &contract, ChangeKind::Update, &asked)?;
    let accepted = Accepted {
        transaction_id: contract.transaction_id.clone(),
        message_id: change.message_id.clone(),
        state: contract.state.as_str().to_owned(),
    };
    let mut after = contract.clone();
    after.failure = None;
    let mut step = Step::new(Some(&contract), after, "update");
    step.message_id = Some(accepted.message_id.clone());
    step.pending = Pending::Set(change);
    step.out.push(message);
    step.answer = answer(key, &accepted)?;
    step.commit(p).await?;
    Ok(accepted)
}

/// Every row, with its new quantity.
///
/// # Errors
/// See [`update`].
fn lowered(
    rows: &[ContractSlot],
    wishes: &[SlotWish],
    rules: &energy_rules::RuleSet,
) -> Result<Vec<ContractSlot>, BuyerError> {
    let mut new: Vec<ContractSlot> = rows.to_vec();
    for (at, wish) in wishes.iter().enumerate() {
        if wishes.iter().take(at).any(|earlier| earlier.slot == wish.slot) {
            return Err(RuleError::SlotRepeated { slot: wish.slot }.into());
        }
        let row = new.iter_mut().find(|row| row.slot == wish.slot && row.requested > WattHours::ZERO);
        let row = row.ok_or(RuleError::SlotNotOffered { slot: wish.slot })?;
        if wish.quantity > row.requested {
            return Err(BuyerError::OnlyLess);
        }
        row.requested = energy_rules::read_requested(&wish.quantity.to_kwh_text(), rules)?;
    }
    if new.iter().all(|row| row.requested == WattHours::ZERO) {
        return Err(RuleError::NothingRequested.into());
    }
    if new == rows {
        return Err(BuyerError::NothingChanged);
    }
    Ok(new)
}

/// Works off an `on_update`.
///
/// # Errors
/// A passing trouble; a message that cannot be read.
pub(super) async fn process(p: &Participant, job: &InboxJob) -> Result<(), ProcessError> {
    let callback = Callback::read(job)?;
    Ok(rounds!(once(p, job, &callback).await)?)
}

async fn once(p: &Participant, job: &InboxJob, callback: &Callback) -> Result<(), BuyerError> {
    let ends = Ends::from(job);
    let Some((contract, Some(change))) = load(p, &job.transaction_id).await? else {
        return end_alone(p, ends).await;
    };
    if change.kind != ChangeKind::Update || change.message_id != job.message_id {
        return end_alone(p, ends).await;
    }
    if let Some(why) = &callback.failure {
        return refused(p, &contract, why, job.action.as_str(), ends).await;
    }
    let asked = terms::read_document(&change.document)?;
    let agreed = callback.contract().and_then(|theirs| Ok((agreement::check(&asked, &theirs)?, theirs)));
    match (agreed, change.phase, callback.context.try_) {
        (Ok(_), Phase::Preview, true) => commit(p, job, &contract, &change, callback.digest()).await,
        (Ok((rows, theirs)), Phase::Commit, false) => adopt(p, job, &contract, rows, &theirs).await,
        // What was committed differs from what was asked: the two sides hold different contracts now.
        (Err(why), Phase::Commit, false) => dispute(p, job, &contract, why).await,
        (Err(why), Phase::Preview, true) => refused(p, &contract, &why, job.action.as_str(), ends).await,
        (_, Phase::Preview, false) | (_, Phase::Commit, true) => end_alone(p, ends).await,
    }
}

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

/// The contract is the smaller one now; our ledger is told.
async fn adopt(
    p: &Participant,
    job: &InboxJob,
    contract: &Contract,
    rows: Vec<ContractSlot>,
    theirs: &WireContract,
) -> Result<(), BuyerError> {
    let mut after = contract.clone();
    let mut step_out = Vec::new();
    // A cancellation that came in between goes before: nothing is left to be recorded.
    if contract.state == State::Standing {
        after.gate_closes_at = terms::gate_of(&rows, &p.settings.rules).unwrap_or(after.gate_closes_at);
        after.slots = rows;
        after.document = theirs.to_json().to_bytes();
        after.ledger = LedgerState::Pending;
        step_out.push(ledger_leg(p, &after, theirs)?);
    }
    let mut step = Step::new(Some(contract), after, job.action.as_str());
    step.message_id = Some(job.message_id.clone());
    step.pending = Pending::Drop;
    step.out = step_out;
    step.ends = Ends::from(job);
    step.commit(p).await
}

fn ledger_leg(p: &Participant, contract: &Contract, wire: &WireContract) -> Result<Outgoing, BuyerError> {
    let discom =
        p.own_discom(wire, Writer::BuyerDiscom).map_err(|error| BuyerError::Compose(error.to_string()))?;
    let deadline = Some(p.wire_deadline(contract.gate_closes_at));
    let transaction_id = &contract.transaction_id;
    Ok(p.ledger_leg(LedgerAct::Update, discom, wire, transaction_id, contract.id, deadline)?)
}

async fn dispute(
    p: &Participant,
    job: &InboxJob,
    contract: &Contract,
    why: Failure,
) -> Result<(), BuyerError> {
    let mut after = contract.clone();
    if after.step(crate::contract::Step::Dispute).is_ok() {
        after.failure = Some(why);
    }
    let mut step = Step::new(Some(contract), after, job.action.as_str());
    step.message_id = Some(job.message_id.clone());
    step.pending = Pending::Drop;
    step.ends = Ends::from(job);
    step.commit(p).await
}

/// The seller does not change the contract, which stays as it is.
pub(super) async fn refused(
    p: &Participant,
    contract: &Contract,
    why: &Failure,
    cause: &'static str,
    ends: Ends,
) -> Result<(), BuyerError> {
    let mut after = contract.clone();
    after.failure = Some(failure(&why.code, why.message.as_str()));
    let mut step = Step::new(Some(contract), after, cause);
    step.pending = Pending::Drop;
    step.event = Some((Fact::ContractUpdateRefused, why.clone()));
    step.ends = ends;
    step.commit(p).await
}

#[cfg(test)]
mod tests {
    use super::super::order::tests::{init_of_two_slots, slot};
    use super::*;
    use energy_rules::RuleSet;

    fn lower(wishes: &[(u8, i64)]) -> Result<Vec<(i64, i64)>, BuyerError> {
        let rows = terms::rows(&init_of_two_slots()).unwrap();
        let wish = |(hour, wh): &(u8, i64)| SlotWish { slot: slot(*hour), quantity: WattHours::new(*wh) };
        let wishes: Vec<SlotWish> = wishes.iter().map(wish).collect();
        let lowered = lowered(&rows, &wishes, &RuleSet::ies_test())?;
        Ok(lowered.iter().map(|row| (row.interval_id, row.requested.get())).collect())
    }

    #[test]
    fn less_is_possible_until_nothing_is_left() {
        // 2 kWh at 10 and 1.5 kWh at 11 o'clock.
        assert_eq!(lower(&[(10, 1_000)]), Ok(vec![(0, 1_000), (1, 1_500)]));
        assert_eq!(lower(&[(10, 0)]), Ok(vec![(0, 0), (1, 1_500)]));
        assert_eq!(lower(&[(10, 2_010)]), Err(BuyerError::OnlyLess));
        assert_eq!(lower(&[(10, 990)]).unwrap_err().to_string(), "a quantity must be at least 1 kWh");
        assert!(matches!(lower(&[(10, 1_001)]), Err(BuyerError::Rule(RuleError::QuantityTooPrecise { .. }))));
        assert_eq!(lower(&[(10, 0), (11, 0)]), Err(BuyerError::Rule(RuleError::NothingRequested)));
        assert_eq!(lower(&[(10, 2_000)]), Err(BuyerError::NothingChanged));
        assert_eq!(lower(&[]), Err(BuyerError::NothingChanged));
        assert!(matches!(lower(&[(12, 0)]), Err(BuyerError::Rule(RuleError::SlotNotOffered { .. }))));
        let twice = lower(&[(10, 1_000), (10, 1_000)]);
        assert!(matches!(twice, Err(BuyerError::Rule(RuleError::SlotRepeated { .. }))));
        assert!(matches!(lower(&[(10, -10)]), Err(BuyerError::Rule(RuleError::QuantityInvalid))));
    }
}
