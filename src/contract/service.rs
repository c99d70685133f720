//! Reading and storing contracts: every stored change has a cause, a line of history and an event.

use db::{DbError, Tx};
use units::Timestamp;
use uuid::Uuid;

use super::delivery;
use super::model::{Contract, HistoryEntry, Side, State};
use super::store;
pub use super::store::Cell;
use crate::events;

/// Stores a new contract. False when the transaction has one of that side already.
///
/// # Errors
/// The database's.
pub async fn create(
    tx: &mut Tx,
    contract: &Contract,
    cause: &str,
    message_id: Option<&str>,
    now: Timestamp,
) -> Result<bool, DbError> {
    if !store::insert(tx, contract).await? {
        return Ok(false);
    }
    tell(tx, contract, contract.revision, cause, message_id, now).await?;
    Ok(true)
}

/// Stores a changed contract over the revision that was read, and leaves the new revision in it. A contract that
/// stands from now on is one whose delivery is awaited.
///
/// # Errors
/// [`DbError::Serialization`] when another change came first: the caller reads again.
pub async fn save(
    tx: &mut Tx,
    contract: &mut Contract,
    cause: &str,
    message_id: Option<&str>,
    now: Timestamp,
) -> Result<(), DbError> {
    contract.updated_at = now;
    if !store::update(tx, contract).await? {
        return Err(DbError::Serialization);
    }
    contract.revision = contract.revision.saturating_add(1);
    delivery::follow(tx, contract).await?;
    tell(tx, contract, contract.revision, cause, message_id, now).await
}

async fn tell(
    tx: &mut Tx,
    contract: &Contract,
    revision: i64,
    cause: &str,
    message_id: Option<&str>,
    now: Timestamp,
) -> Result<(), DbError> {
    let entry = HistoryEntry {
        revision,
        state: contract.state,
        cause: cause.to_owned(),
        message_id: message_id.map(str::to_owned),
        at: now,
    };
    store::add_history(tx, contract.id, &entry).await?;
    let mut payload = serde_json::json!({
        "transaction_id": contract.transaction_id,
        "contract_id": contract.contract_id,
        "side": contract.side.as_str(),
        "state": contract.state.as_str(),
        "cause": cause,
    });
    if let (Some(failure), Some(object)) = (&contract.failure, payload.as_object_mut()) {
        object
            .insert("failure".into(), serde_json::json!({"code": failure.code, "message": failure.message}));
    }
    let kind = format!("contract.{}", contract.state.as_str());
    events::record(tx, contract.user_id, &contract.transaction_id, &kind, &payload, now).await
}

/// Our side of a transaction.
///
/// # Errors
/// The database's.
pub async fn find(tx: &mut Tx, side: Side, transaction_id: &str) -> Result<Option<Contract>, DbError> {
    store::find(tx, side, transaction_id).await
}

/// Our side of a transaction, under a row lock.
///
/// # Errors
/// The database's.
pub async fn lock(tx: &mut Tx, side: Side, transaction_id: &str) -> Result<Option<Contract>, DbError> {
    store::lock(tx, side, transaction_id).await
}

/// The contract of our own id.
///
/// # Errors
/// The database's.
pub async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<Contract>, DbError> {
    store::by_id(tx, id).await
}

/// The contract of our own id, under a row lock.
///
/// # Errors
/// The database's.
pub async fn lock_by_id(tx: &mut Tx, id: Uuid) -> Result<Option<Contract>, DbError> {
    store::lock_by_id(tx, id).await
}

/// Our side of a contract by the id that the network knows.
///
/// # Errors
/// The database's.
pub async fn by_contract_id(tx: &mut Tx, side: Side, contract_id: &str) -> Result<Option<Contract>, DbError> {
    store::by_contract_id(tx, side, contract_id).await
}

/// The user's contracts, newest first, those before `before`.
///
/// # Errors
/// The database's.
pub async fn of_user(
    tx: &mut Tx,
    user: Uuid,
    side: Option<Side>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Contract>, DbError> {
    let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
    store::of_user(tx, user, side, &before, limit).await
}

/// The confirmed contracts whose side of ours has a meter of that DISCOM, newest first, those before `before`.
///
/// # Errors
/// The database's.
pub async fn of_discom(
    tx: &mut Tx,
    discom: &str,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Contract>, DbError> {
    let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
    store::of_discom(tx, discom, &before, limit).await
}

/// Reservations whose time is over, oldest first.
///
/// # Errors
/// The database's.
pub async fn lapsed(tx: &mut Tx, now_market: Timestamp, limit: i64) -> Result<Vec<Uuid>, DbError> {
    store::reserved_until(tx, now_market, limit).await
}

/// Contracts of that side that are not concluded although their gate is closed.
///
/// # Errors
/// The database's.
pub async fn past_gate(
    tx: &mut Tx,
    side: Side,
    now_market: Timestamp,
    limit: i64,
) -> Result<Vec<Uuid>, DbError> {
    store::past_gate(tx, side, now_market, limit).await
}

/// Open reservations of one peer platform.
///
/// # Errors
/// The database's.
pub async fn open_of_peer(tx: &mut Tx, peer_id: &str) -> Result<i64, DbError> {
    store::open_of_peer(tx, peer_id).await
}

/// Open reservations for one buyer's meter.
///
/// # Errors
/// The database's.
pub async fn open_of_meter(tx: &mut Tx, meter_key: &str) -> Result<i64, DbError> {
    store::open_of_meter(tx, meter_key).await
}

/// How many contracts stand in which state, for the summary and the metrics.
///
/// # Errors
/// The database's.
pub async fn count_states(tx: &mut Tx) -> Result<Vec<(Side, State, i64)>, DbError> {
    store::count_states(tx).await
}

/// What happened to a contract, oldest first.
///
/// # Errors
/// The database's.
pub async fn history(tx: &mut Tx, contract: Uuid) -> Result<Vec<HistoryEntry>, DbError> {
    store::history(tx, contract).await
}

/// Every value that a party wrote, in rounds.
///
/// # Errors
/// The database's.
pub async fn cells(tx: &mut Tx, contract: Uuid) -> Result<Vec<Cell>, DbError> {
    store::cells(tx, contract).await
}

/// Keeps a value as the next round of its cell; the same value by the same way again changes nothing. True when it is
/// new.
///
/// # Errors
/// The database's.
pub async fn write_cell(
    tx: &mut Tx,
    contract: Uuid,
    mut cell: Cell,
    message_id: &str,
    at: Timestamp,
) -> Result<bool, DbError> {
    cell.round = match store::last_cell(tx, contract, cell.slot_start, &cell.column).await? {
        Some((_, value, provenance)) if value == cell.value && provenance == cell.provenance => {
            return Ok(false);
        }
        Some((round, _, _)) => round.saturating_add(1),
        None => 1,
    };
    store::add_cell(tx, contract, &cell, message_id, at).await?;
    Ok(true)
}
