//! What a ledger does with a contract: record, cancel, revise, show. Each function is one step of its
//! caller's transaction and may be run again from the start when that transaction is retried.
//!
//! Everything about one contract happens under the lock of its row, and headroom rows are locked after it, in
//! the order of their keys. A repetition is answered with the record that stands; a contradiction is refused
//! and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::normalize_meter;
use db::{DbError, Tx};
use units::{Timestamp, WattHours, ist_label};

use super::limit::{Room, Verdict};
use super::meters::Meters;
use super::model::{ContractRow, Receipt, Side, Status, Terms, judge_revision, out_of_range, record_id};
use super::store::{self, HeadroomKey, Revision};
use crate::delivery::store as days;
use crate::delivery::timetable::day_of;
use crate::rest::{items, store as rest};

/// Contracts of one transaction that are looked at.
const PUT_MAX: i64 = 500;

/// Why a ledger did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error(transparent)]
    Refused(#[from] WireError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A contract as told by a platform, ready to be recorded.
#[derive(Clone, Debug)]
pub struct Told {
    pub ledger_id: String,
    /// The platform whose signature the message bears.
    pub platform: String,
    pub revision: Revision,
    pub now: Timestamp,
}

/// Records a contract, once.
///
/// # Errors
/// `BIZ_ALREADY_CANCELLED` after a cancellation or withdrawal, `BIZ_INVALID_STATE_TRANSITION` for other
/// content under a recorded contract id, `POL_ELIGIBILITY_NOT_MET` when a meter's headroom does not suffice,
/// or the database's error.
pub async fn record(tx: &mut Tx, told: &Told, meters: &Meters) -> Result<Receipt, LedgerError> {
    Ok(record_checked(tx, told, meters).await?.0)
}

/// As [`record`], with what the meters have left; nothing for a repetition.
///
/// # Errors
/// As [`record`].
pub async fn record_checked(
    tx: &mut Tx,
    told: &Told,
    meters: &Meters,
) -> Result<(Receipt, Room), LedgerError> {
    let terms = &told.revision.terms;
    let mut row = ContractRow {
        ledger_id: told.ledger_id.clone(),
        contract_id: terms.contract_id.clone(),
        record_id: record_id(&terms.transaction_id, &terms.contract_id),
        network_id: terms.network_id.clone(),
        transaction_id: terms.transaction_id.clone(),
        declared_by: told.platform.clone(),
        status: Status::Active,
        revision: 1,
        row_digest: String::new(),
        created_at: told.now,
        updated_at: told.now,
    };
    let content = terms.digest();
    row.row_digest = row.compute_digest(&content);
    if !store::claim(tx, &row).await? {
        let stands = store::lock(tx, &row.ledger_id, &row.contract_id).await?.ok_or_else(vanished)?;
        if stands.status != Status::Withdrawn {
            return Ok((repeated(tx, &stands, &content).await?, Room::default()));
        }
        // A stranger's withdrawal of an id that is not its own binds nobody.
        for side in Side::ALL {
            if store::withdrawn_by(tx, &stands, &terms.party(side).platform).await? {
                return Err(cancelled().into());
            }
        }
        store::rewrite(tx, &row).await?;
    }
    if terms.first_delivery().is_none_or(|start| start <= told.now) {
        let error = WireError::new(ErrorCode::BizFulfillmentUnavailable, "the delivery has begun");
        return Err(error.into());
    }
    if !row.is_rest() {
        supersede(tx, &row, terms, told.now).await?;
    }
    store::add_revision(tx, &row, &told.revision, &told.platform, told.now).await?;
    let room = change_headroom(tx, &row.ledger_id, None, Some(terms), meters).await?;
    for day in days_of(terms) {
        days::open_day(tx, &row.ledger_id, day).await?;
    }
    items::reflect(tx, &row).await?;
    Ok((row.receipt(), room))
}

/// What is told over the network takes the place of what was put of the same trade through the REST
/// interface, so that it is counted once.
async fn supersede(tx: &mut Tx, row: &ContractRow, terms: &Terms, now: Timestamp) -> Result<(), LedgerError> {
    for put in store::contracts(tx, &row.ledger_id, Some(&row.transaction_id), PUT_MAX).await? {
        if put.is_rest() && put.status == Status::Active && items::covers(tx, &put, terms).await? {
            replace(tx, &put, None, &Meters::default(), now).await?;
            rest::unlink(tx, &put.contract_id).await?;
        }
    }
    Ok(())
}

/// Brings a contract of the REST interface to what is now told of it, or cancels it. The caller holds the
/// lock of its row.
///
/// # Errors
/// `BIZ_FULFILLMENT_UNAVAILABLE` once the delivery has begun, `POL_ELIGIBILITY_NOT_MET` when a meter's
/// headroom does not suffice, or the database's error.
pub async fn replace(
    tx: &mut Tx,
    row: &ContractRow,
    told: Option<&Told>,
    meters: &Meters,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let current = store::in_force(tx, row).await?.ok_or_else(vanished)?.terms;
    let digest = told.map(|told| told.revision.terms.digest());
    if digest.as_ref() == Some(&current.digest()) {
        return Ok(());
    }
    if told.is_some() && current.first_delivery().is_none_or(|start| start <= now) {
        let error = WireError::new(ErrorCode::BizFulfillmentUnavailable, "the delivery has begun");
        return Err(error.into());
    }
    let mut row = ContractRow { updated_at: now, ..row.clone() };
    match told {
        None => row.status = Status::Cancelled,
        Some(_) => row.revision = row.revision.checked_add(1).ok_or_else(out_of_range)?,
    }
    row.row_digest = row.compute_digest(&digest.unwrap_or_else(|| current.digest()));
    store::rewrite(tx, &row).await?;
    let new = told.map(|told| &told.revision.terms);
    if let Some(told) = told {
        store::add_revision(tx, &row, &told.revision, &told.platform, now).await?;
    }
    change_headroom(tx, &row.ledger_id, Some(&current), new, meters).await?;
    Ok(tell_days(tx, &row.ledger_id, &current).await?)
}

/// A contract that is already known: the same content again finds its record, whichever revision it was.
async fn repeated(tx: &mut Tx, stands: &ContractRow, content: &str) -> Result<Receipt, LedgerError> {
    if !store::knows_content(tx, stands, content).await? {
        let why = "another contract is recorded under this id";
        return Err(WireError::new(ErrorCode::BizInvalidStateTransition, why)
            .at("message/contract/id")
            .into());
    }
    match stands.status {
        Status::Active => Ok(stands.receipt()),
        Status::Cancelled | Status::Withdrawn => Err(cancelled().into()),
    }
}

/// What a cancellation says about its contract.
#[derive(Clone, Debug)]
pub struct Withdrawal {
    pub ledger_id: String,
    pub platform: String,
    pub contract_id: String,
    pub network_id: String,
    pub transaction_id: String,
    /// Whether the platform and this ledger belong to the contract by the message's own roles. Decides only
    /// when nothing is recorded.
    pub entitled: bool,
    pub now: Timestamp,
}

/// Cancels a contract: its rows count no longer, neither for headroom nor for allocation. When it is not
/// recorded, the withdrawal itself is, so that the contract is refused should it still arrive. A repetition
/// changes nothing.
///
/// The gate is judged by the platforms, which may have to withdraw after it what was never confirmed (ruling
/// 16).
///
/// # Errors
/// `AUT_UNAUTHORIZED_ACTION` for a platform that is no party of the contract, or the database's error.
pub async fn cancel(tx: &mut Tx, told: &Withdrawal) -> Result<Receipt, LedgerError> {
    let mut tombstone = ContractRow {
        ledger_id: told.ledger_id.clone(),
        contract_id: told.contract_id.clone(),
        record_id: record_id(&told.transaction_id, &told.contract_id),
        network_id: told.network_id.clone(),
        transaction_id: told.transaction_id.clone(),
        declared_by: told.platform.clone(),
        status: Status::Withdrawn,
        revision: 0,
        row_digest: String::new(),
        created_at: told.now,
        updated_at: told.now,
    };
    tombstone.row_digest = tombstone.compute_digest("");
    let mut stands = match store::lock(tx, &told.ledger_id, &told.contract_id).await? {
        Some(stands) => stands,
        None if !told.entitled => return Err(not_a_party().into()),
        None if store::claim(tx, &tombstone).await? => tombstone,
        // The contract came in between.
        None => store::lock(tx, &told.ledger_id, &told.contract_id).await?.ok_or_else(vanished)?,
    };
    if stands.status == Status::Withdrawn {
        if !told.entitled {
            return Err(not_a_party().into());
        }
        store::add_withdrawal(tx, &stands, &told.platform, told.now).await?;
        return Ok(stands.receipt());
    }
    let current = store::in_force(tx, &stands).await?.ok_or_else(vanished)?;
    if !current.terms.may_tell(&told.platform, &told.ledger_id) {
        return Err(not_a_party().into());
    }
    if stands.status == Status::Active {
        stands.status = Status::Cancelled;
        stands.updated_at = told.now;
        stands.row_digest = stands.compute_digest(&current.terms.digest());
        store::rewrite(tx, &stands).await?;
        change_headroom(tx, &told.ledger_id, Some(&current.terms), None, &Meters::default()).await?;
        tell_days(tx, &told.ledger_id, &current.terms).await?;
        items::reflect(tx, &stands).await?;
    }
    Ok(stands.receipt())
}

/// Records a lowered quantity as the next revision; the earlier ones stay.
///
/// # Errors
/// `BIZ_ORDER_NOT_FOUND`, `BIZ_ALREADY_CANCELLED`, `AUT_UNAUTHORIZED_ACTION`, those of [`judge_revision`], or
/// the database's error.
pub async fn revise(tx: &mut Tx, told: &Told) -> Result<Receipt, LedgerError> {
    let new = &told.revision.terms;
    let stands = store::lock(tx, &told.ledger_id, &new.contract_id).await?;
    let mut stands = stands.filter(|row| row.status != Status::Withdrawn).ok_or_else(not_found)?;
    let current = store::in_force(tx, &stands).await?.ok_or_else(vanished)?;
    if !current.terms.may_tell(&told.platform, &told.ledger_id) {
        return Err(not_a_party().into());
    }
    if stands.status == Status::Cancelled {
        return Err(cancelled().into());
    }
    let content = new.digest();
    if content == current.terms.digest() {
        return Ok(stands.receipt());
    }
    judge_revision(&current.terms, new)?;
    stands.revision = stands.revision.checked_add(1).ok_or_else(out_of_range)?;
    stands.updated_at = told.now;
    stands.row_digest = stands.compute_digest(&content);
    store::rewrite(tx, &stands).await?;
    store::add_revision(tx, &stands, &told.revision, &told.platform, told.now).await?;
    change_headroom(tx, &told.ledger_id, Some(&current.terms), Some(new), &Meters::default()).await?;
    tell_days(tx, &told.ledger_id, &current.terms).await?;
    items::reflect(tx, &stands).await?;
    Ok(stands.receipt())
}

/// The ledger's copy of a contract.
///
/// # Errors
/// `BIZ_ORDER_NOT_FOUND` when nothing is recorded, or when the asker is no party of it: a stranger does not
/// learn which contracts exist. Or the database's error.
pub async fn copy(
    tx: &mut Tx,
    ledger_id: &str,
    contract_id: &str,
    asker: &str,
) -> Result<(ContractRow, Revision), LedgerError> {
    let row = store::find(tx, ledger_id, contract_id).await?.ok_or_else(not_found)?;
    let revision = store::in_force(tx, &row).await?.ok_or_else(not_found)?;
    if revision.is_rest() || !revision.terms.may_tell(asker, ledger_id) {
        return Err(not_found().into());
    }
    Ok((row, revision))
}

/// The delivery days of a contract, in order.
fn days_of(terms: &Terms) -> BTreeSet<Timestamp> {
    terms.lines.iter().map(|line| day_of(line.slot.start())).collect()
}

/// What the other contracts of the same meters get has changed.
async fn tell_days(tx: &mut Tx, ledger_id: &str, terms: &Terms) -> Result<(), DbError> {
    for day in days_of(terms) {
        days::tell_day(tx, ledger_id, day).await?;
    }
    Ok(())
}

/// Moves the recorded sums of this ledger's meters from `old` to `new`. Only a rise is judged by the meter's
/// limit; gives what the rises have left.
async fn change_headroom(
    tx: &mut Tx,
    ledger_id: &str,
    old: Option<&Terms>,
    new: Option<&Terms>,
    meters: &Meters,
) -> Result<Room, LedgerError> {
    let mut room = Room::default();
    let mut changes: BTreeMap<HeadroomKey, (WattHours, WattHours)> = BTreeMap::new();
    for (key, energy) in sums(ledger_id, old)? {
        changes.entry(key).or_default().0 = energy;
    }
    for (key, energy) in sums(ledger_id, new)? {
        changes.entry(key).or_default().1 = energy;
    }
    for (key, (before, after)) in changes {
        if before == after {
            continue;
        }
        let recorded = store::lock_headroom(tx, ledger_id, &key).await?;
        let others = recorded.checked_sub(before).ok_or_else(out_of_range)?;
        let total = others.checked_add(after).ok_or_else(out_of_range)?;
        if after < before {
            store::return_headroom(tx, ledger_id, &key, total).await?;
            continue;
        }
        let limit = meters.limit(&key.meter, key.side);
        if let Some(limit) = limit.filter(|limit| total > *limit) {
            return Err(no_headroom(&key, limit, others, after).into());
        }
        store::take_headroom(tx, ledger_id, &key, total, limit).await?;
        if let Some(left) = limit.and_then(|limit| limit.checked_sub(total)) {
            room.note(key.side, left);
        }
    }
    Ok(room)
}

/// Energy per meter, direction and slot, for the sides that this ledger keeps.
fn sums(ledger_id: &str, terms: Option<&Terms>) -> Result<BTreeMap<HeadroomKey, WattHours>, WireError> {
    let mut sums = BTreeMap::new();
    let Some(terms) = terms else { return Ok(sums) };
    for side in terms.sides_of(ledger_id) {
        let meter = normalize_meter(&terms.party(side).meter);
        for (slot, energy) in terms.per_slot()? {
            sums.insert(HeadroomKey { meter: meter.clone(), side, slot }, energy);
        }
    }
    Ok(sums)
}

fn no_headroom(key: &HeadroomKey, limit: WattHours, recorded: WattHours, asked: WattHours) -> WireError {
    let left = limit.checked_sub(recorded).unwrap_or_default().max(WattHours::ZERO);
    let what = match key.side {
        Side::Seller => "capacity of the seller's meter",
        Side::Buyer => "sanctioned load of the buyer's meter",
    };
    let message = format!(
        "DiscomLimitCheck {}: the {what} leaves {} kWh in the hour of {}, {} kWh were asked",
        Verdict::refusing(left).as_str(),
        left.to_kwh_text(),
        ist_label(key.slot.start()),
        asked.to_kwh_text()
    );
    WireError::new(ErrorCode::PolEligibilityNotMet, message)
}

fn cancelled() -> WireError {
    WireError::new(ErrorCode::BizAlreadyCancelled, "the contract was cancelled")
}

fn not_found() -> WireError {
    WireError::new(ErrorCode::BizOrderNotFound, "no such contract is recorded here").at("message/contract/id")
}

pub(crate) fn not_a_party() -> WireError {
    let why = "only a platform whose DISCOM keeps its ledger here may tell it about the contract";
    WireError::new(ErrorCode::AutUnauthorizedAction, why)
}

/// A row that a lock or a foreign key promised is not there.
fn vanished() -> DbError {
    DbError::NotFound { statement: "ledger row" }
}
