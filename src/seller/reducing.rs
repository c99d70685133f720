//! `update`: less than was contracted, before the gate. More, or another price, is a contract of its own.

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::{Contract as WireContract, Writer, messages};
use beckn_wire::signature::Digest;
use node::InboxJob;
use units::WattHours;

use super::answering::total;
use super::error::SellerError;
use super::step::{Ends, Step, end_with, load, rounds};
use super::terms::{Asked, bytes, callback, contract_callback, document, gate_of, rows};
use crate::contract::{Contract, ContractSlot, State};
use crate::network::{Action, LedgerAct, Participant};

/// The rows after an update: every slot that is there, at its price, with at most what was contracted.
///
/// # Errors
/// More of a slot, another price, a slot that is not in the contract, nothing left, nothing changed.
pub(super) fn reduced_rows(
    p: &Participant,
    contract: &Contract,
    wire: &WireContract,
) -> Result<Vec<ContractSlot>, SellerError> {
    let refuse =
        |code: ErrorCode, text: &str| SellerError::from(WireError::new(code, text).at(super::terms::TABLE));
    let asked = rows(wire, &p.settings.rules)?;
    let mut after = contract.slots.clone();
    for row in &mut after {
        let wanted = asked.iter().find(|other| other.slot == row.slot);
        let wanted = wanted.ok_or_else(|| refuse(ErrorCode::BizInvalidUpdateTarget, "a slot is missing"))?;
        if wanted.price != row.price {
            return Err(refuse(ErrorCode::BizPriceMismatch, "the price of a contract does not change"));
        }
        if wanted.requested > row.requested {
            return Err(refuse(ErrorCode::PolUpdateNotAllowed, "a contract can be reduced, not enlarged"));
        }
        row.requested = wanted.requested;
    }
    if asked.len() != after.len() {
        return Err(refuse(ErrorCode::BizInvalidUpdateTarget, "a slot is not in the contract"));
    }
    if after.iter().all(|row| row.requested == WattHours::ZERO) {
        return Err(refuse(ErrorCode::BizUpdateInconsistent, "to take nothing is to cancel"));
    }
    if after == contract.slots {
        return Err(refuse(ErrorCode::BizUpdateInconsistent, "nothing would change"));
    }
    Ok(after)
}

/// Previews a reduction, or carries it out.
///
/// # Errors
/// Our own trouble; the message is worked off again.
pub(super) async fn update(p: &Participant, job: &InboxJob) -> Result<(), SellerError> {
    let asked = Asked::read(job)?;
    let wire = asked.contract()?;
    let done = rounds!(update_once(p, job, &asked, &wire).await);
    let Err(error) = done else { return Ok(()) };
    let told = error.wire().ok_or(error)?;
    let Some(contract) = load(p, &job.transaction_id).await? else { return Err(SellerError::Document) };
    let last = document(&contract)?;
    let out = contract_callback(p, job, &asked.context, Action::OnUpdate, &last, Some(told))?;
    end_with(p, Ends::from(job), vec![out]).await
}

async fn update_once(
    p: &Participant,
    job: &InboxJob,
    asked: &Asked,
    wire: &WireContract,
) -> Result<(), SellerError> {
    let before = load(p, &job.transaction_id).await?.ok_or(SellerError::Document)?;
    if before.state != State::Active {
        return Err(SellerError::State(before.state));
    }
    let slots = before.quantities().into_iter().map(|part| part.slot);
    energy_rules::check_update(slots, p.market_now(), &p.settings.rules)?;
    let rows = reduced_rows(p, &before, wire)?;
    let quantities: Vec<(i64, WattHours)> = rows.iter().map(|row| (row.interval_id, row.requested)).collect();
    let updated = messages::updated(&document(&before)?, &quantities, total(&rows)?)?;
    let mut leg = callback(p, job, &asked.context, Action::OnUpdate, updated.to_message());
    leg.try_ = asked.context.try_;
    let out = p.compose(&leg)?;
    let mut after = before.clone();
    if asked.context.try_ {
        after.preview_digest = Some(Digest::of(&out.body).labeled());
        let mut step = Step::by(Some(&before), after, job);
        step.out = vec![out];
        return step.commit(p).await;
    }
    after.gate_closes_at = gate_of(&rows, &p.settings.rules).unwrap_or(before.gate_closes_at);
    after.slots = rows;
    after.document = bytes(&updated);
    after.preview_digest = None;
    let discom = p.own_discom(&updated, Writer::SellerDiscom)?;
    let record =
        p.ledger_leg(LedgerAct::Update, discom, &updated, &before.transaction_id, before.id, None)?;
    let mut step = Step::by(Some(&before), after, job);
    step.out = vec![out, record];
    step.commit(p).await
}
