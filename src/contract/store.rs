//! The contract's SQL.

use db::{DbError, Row, Tx, Value, sql};
use units::Timestamp;
use uuid::Uuid;

use super::model::{Contract, ContractSlot, Failure, HistoryEntry, Holds, LedgerState, Party, Side, State};

sql! {
    INSERT = "INSERT INTO contracts (id, side, transaction_id, contract_id, user_id, peer_id, peer_uri, network_id, \
        offer_id, seller_meter, buyer_meter, state, revision, document, gate_closes_at, reserved_until, holds, \
        ledger_state, awaiting, answers, preview_digest, cancelled_by, failure_code, failure_message, confirmed_at, \
        created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
        $18, $19, $20, $21, $22, $23, $24, $25, $26, $27) ON CONFLICT (side, transaction_id) DO NOTHING";
    UPDATE = "UPDATE contracts SET contract_id = $3, peer_uri = $4, offer_id = $5, seller_meter = $6, \
        buyer_meter = $7, state = $8, document = $9, gate_closes_at = $10, reserved_until = $11, holds = $12, \
        ledger_state = $13, awaiting = $14, answers = $15, preview_digest = $16, cancelled_by = $17, \
        failure_code = $18, failure_message = $19, confirmed_at = $20, updated_at = $21, revision = revision + 1 \
        WHERE id = $1 AND revision = $2";
    FIND = "SELECT * FROM contracts WHERE side = $1 AND transaction_id = $2";
    LOCK = "SELECT * FROM contracts WHERE side = $1 AND transaction_id = $2 {FOR UPDATE}";
    BY_ID = "SELECT * FROM contracts WHERE id = $1";
    LOCK_BY_ID = "SELECT * FROM contracts WHERE id = $1 {FOR UPDATE}";
    BY_CONTRACT_ID = "SELECT * FROM contracts WHERE side = $1 AND contract_id = $2";
    OF_USER = "SELECT * FROM contracts WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    OF_USER_AND_SIDE = "SELECT * FROM contracts WHERE user_id = $1 AND side = $2 AND id < $3 ORDER BY id DESC LIMIT $4";
    OF_DISCOM = "SELECT c.* FROM contracts c JOIN meters m \
        ON m.meter_key = CASE WHEN c.side = 'seller' THEN c.seller_meter ELSE c.buyer_meter END \
        WHERE m.discom_code = $1 AND c.confirmed_at IS NOT NULL AND c.id < $2 ORDER BY c.id DESC LIMIT $3";
    RESERVED_UNTIL = "SELECT id FROM contracts WHERE state = 'reserved' AND reserved_until <= $1 \
        ORDER BY reserved_until LIMIT $2";
    PAST_GATE = "SELECT id FROM contracts WHERE state IN ('draft', 'quoted', 'offered', 'confirming', 'recording') \
        AND gate_closes_at <= $1 AND side = $2 ORDER BY gate_closes_at LIMIT $3";
    OPEN_OF_PEER = "SELECT COUNT(*) AS n FROM contracts WHERE state = 'reserved' AND peer_id = $1";
    OPEN_OF_METER = "SELECT COUNT(*) AS n FROM contracts WHERE state = 'reserved' AND buyer_meter = $1 AND side = 'seller'";
    SLOTS = "SELECT slot_start, interval_id, price, requested_wh FROM contract_slots WHERE contract = $1 \
        ORDER BY slot_start";
    DELETE_SLOTS = "DELETE FROM contract_slots WHERE contract = $1";
    INSERT_SLOT = "INSERT INTO contract_slots (contract, slot_start, interval_id, price, requested_wh) \
        VALUES ($1, $2, $3, $4, $5)";
    INSERT_HISTORY = "INSERT INTO contract_history (contract, revision, state, cause, message_id, at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    HISTORY = "SELECT revision, state, cause, message_id, at FROM contract_history WHERE contract = $1 \
        ORDER BY revision";
    INSERT_CELL = "INSERT INTO contract_cells (contract, slot_start, column_name, round, value, writer, provenance, \
        message_id, written_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    LAST_CELL = "SELECT round, value, provenance FROM contract_cells WHERE contract = $1 AND slot_start = $2 \
        AND column_name = $3 ORDER BY round DESC LIMIT 1";
    CELLS = "SELECT slot_start, column_name, round, value, writer, provenance FROM contract_cells \
        WHERE contract = $1 ORDER BY slot_start, column_name, round";
    COUNT_STATES = "SELECT side, state, COUNT(*) AS n FROM contracts GROUP BY side, state ORDER BY side, state";
}

/// False when the transaction has a contract of that side already.
pub(super) async fn insert(tx: &mut Tx, c: &Contract) -> Result<bool, DbError> {
    let params: [Value; 27] = [
        c.id.into(),
        c.side.as_str().into(),
        c.transaction_id.as_str().into(),
        c.contract_id.clone().into(),
        c.user_id.into(),
        c.peer_id.as_str().into(),
        c.peer_uri.as_str().into(),
        c.network_id.as_str().into(),
        c.offer_id.as_str().into(),
        c.seller_meter.as_str().into(),
        c.buyer_meter.clone().into(),
        c.state.as_str().into(),
        c.revision.into(),
        c.document.clone().into(),
        c.gate_closes_at.into(),
        c.reserved_until.into(),
        c.holds.as_str().into(),
        c.ledger.as_str().into(),
        c.awaiting.clone().into(),
        c.answers.map(|id| id.to_string()).into(),
        c.preview_digest.clone().into(),
        c.cancelled_by.map(|p| p.as_str().to_owned()).into(),
        c.failure.as_ref().map(|f| f.code.clone()).into(),
        c.failure.as_ref().map(|f| f.message.clone()).into(),
        c.confirmed_at.into(),
        c.created_at.into(),
        c.updated_at.into(),
    ];
    if tx.execute(&INSERT, &params).await? == 0 {
        return Ok(false);
    }
    insert_slots(tx, c).await?;
    Ok(true)
}

/// Stores the contract over the revision that was read. False when another change came first.
pub(super) async fn update(tx: &mut Tx, c: &Contract) -> Result<bool, DbError> {
    let params: [Value; 21] = [
        c.id.into(),
        c.revision.into(),
        c.contract_id.clone().into(),
        c.peer_uri.as_str().into(),
        c.offer_id.as_str().into(),
        c.seller_meter.as_str().into(),
        c.buyer_meter.clone().into(),
        c.state.as_str().into(),
        c.document.clone().into(),
        c.gate_closes_at.into(),
        c.reserved_until.into(),
        c.holds.as_str().into(),
        c.ledger.as_str().into(),
        c.awaiting.clone().into(),
        c.answers.map(|id| id.to_string()).into(),
        c.preview_digest.clone().into(),
        c.cancelled_by.map(|p| p.as_str().to_owned()).into(),
        c.failure.as_ref().map(|f| f.code.clone()).into(),
        c.failure.as_ref().map(|f| f.message.clone()).into(),
        c.confirmed_at.into(),
        c.updated_at.into(),
    ];
    if tx.execute(&UPDATE, &params).await? == 0 {
        return Ok(false);
    }
    tx.execute(&DELETE_SLOTS, &[c.id.into()]).await?;
    insert_slots(tx, c).await?;
    Ok(true)
}

async fn insert_slots(tx: &mut Tx, c: &Contract) -> Result<(), DbError> {
    for row in &c.slots {
        let params =
            [c.id.into(), row.slot.into(), row.interval_id.into(), row.price.into(), row.requested.into()];
        tx.execute(&INSERT_SLOT, &params).await?;
    }
    Ok(())
}

pub(super) async fn find(tx: &mut Tx, side: Side, transaction: &str) -> Result<Option<Contract>, DbError> {
    let row = tx.query_opt(&FIND, &[side.as_str().into(), transaction.into()]).await?;
    complete(tx, row).await
}

pub(super) async fn lock(tx: &mut Tx, side: Side, transaction: &str) -> Result<Option<Contract>, DbError> {
    let row = tx.query_opt(&LOCK, &[side.as_str().into(), transaction.into()]).await?;
    complete(tx, row).await
}

pub(super) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<Contract>, DbError> {
    let row = tx.query_opt(&BY_ID, &[id.into()]).await?;
    complete(tx, row).await
}

pub(super) async fn lock_by_id(tx: &mut Tx, id: Uuid) -> Result<Option<Contract>, DbError> {
    let row = tx.query_opt(&LOCK_BY_ID, &[id.into()]).await?;
    complete(tx, row).await
}

pub(super) async fn by_contract_id(tx: &mut Tx, side: Side, id: &str) -> Result<Option<Contract>, DbError> {
    let row = tx.query_opt(&BY_CONTRACT_ID, &[side.as_str().into(), id.into()]).await?;
    complete(tx, row).await
}

pub(super) async fn of_user(
    tx: &mut Tx,
    user: Uuid,
    side: Option<Side>,
    before: &str,
    limit: i64,
) -> Result<Vec<Contract>, DbError> {
    let rows = match side {
        Some(side) => {
            let params = [user.into(), side.as_str().into(), before.into(), limit.into()];
            tx.query(&OF_USER_AND_SIDE, &params).await?
        }
        None => tx.query(&OF_USER, &[user.into(), before.into(), limit.into()]).await?,
    };
    let mut contracts = Vec::with_capacity(rows.len());
    for row in rows {
        contracts.extend(complete(tx, Some(row)).await?);
    }
    Ok(contracts)
}

pub(super) async fn of_discom(
    tx: &mut Tx,
    discom: &str,
    before: &str,
    limit: i64,
) -> Result<Vec<Contract>, DbError> {
    let mut contracts = Vec::new();
    for row in tx.query(&OF_DISCOM, &[discom.into(), before.into(), limit.into()]).await? {
        contracts.extend(complete(tx, Some(row)).await?);
    }
    Ok(contracts)
}

pub(super) async fn reserved_until(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<Uuid>, DbError> {
    tx.query(&RESERVED_UNTIL, &[now.into(), limit.into()]).await?.iter().map(|row| row.get("id")).collect()
}

pub(super) async fn past_gate(
    tx: &mut Tx,
    side: Side,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Uuid>, DbError> {
    tx.query(&PAST_GATE, &[now.into(), side.as_str().into(), limit.into()])
        .await?
        .iter()
        .map(|row| row.get("id"))
        .collect()
}

pub(super) async fn open_of_peer(tx: &mut Tx, peer: &str) -> Result<i64, DbError> {
    tx.query_one(&OPEN_OF_PEER, &[peer.into()]).await?.get("n")
}

pub(super) async fn open_of_meter(tx: &mut Tx, meter: &str) -> Result<i64, DbError> {
    tx.query_one(&OPEN_OF_METER, &[meter.into()]).await?.get("n")
}

pub(super) async fn count_states(tx: &mut Tx) -> Result<Vec<(Side, State, i64)>, DbError> {
    let read = |row: &Row| -> Result<(Side, State, i64), DbError> {
        Ok((
            Side::parse(&row.get::<String>("side")?)?,
            State::parse(&row.get::<String>("state")?)?,
            row.get("n")?,
        ))
    };
    tx.query(&COUNT_STATES, &[]).await?.iter().map(read).collect()
}

pub(super) async fn add_history(tx: &mut Tx, contract: Uuid, entry: &HistoryEntry) -> Result<(), DbError> {
    let params = [
        contract.into(),
        entry.revision.into(),
        entry.state.as_str().into(),
        entry.cause.as_str().into(),
        entry.message_id.clone().into(),
        entry.at.into(),
    ];
    tx.execute(&INSERT_HISTORY, &params).await?;
    Ok(())
}

pub(super) async fn history(tx: &mut Tx, contract: Uuid) -> Result<Vec<HistoryEntry>, DbError> {
    let read = |row: &Row| -> Result<HistoryEntry, DbError> {
        Ok(HistoryEntry {
            revision: row.get("revision")?,
            state: State::parse(&row.get::<String>("state")?)?,
            cause: row.get("cause")?,
            message_id: row.get("message_id")?,
            at: row.get("at")?,
        })
    };
    tx.query(&HISTORY, &[contract.into()]).await?.iter().map(read).collect()
}

/// A value that a party wrote into the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub slot_start: Timestamp,
    pub column: String,
    /// 1 for the first value; a later value of the same cell is a new round, never an edit.
    pub round: i64,
    /// As it stood in the message.
    pub value: String,
    /// The role that may write the column.
    pub writer: String,
    /// `direct` or `relayed` by the platform of the writer's side (ruling 15).
    pub provenance: String,
}

pub(super) async fn last_cell(
    tx: &mut Tx,
    contract: Uuid,
    slot_start: Timestamp,
    column: &str,
) -> Result<Option<(i64, String, String)>, DbError> {
    let row = tx.query_opt(&LAST_CELL, &[contract.into(), slot_start.into(), column.into()]).await?;
    row.map(|row| Ok((row.get("round")?, row.get("value")?, row.get("provenance")?))).transpose()
}

pub(super) async fn add_cell(
    tx: &mut Tx,
    contract: Uuid,
    cell: &Cell,
    message_id: &str,
    at: Timestamp,
) -> Result<(), DbError> {
    let params = [
        contract.into(),
        cell.slot_start.into(),
        cell.column.as_str().into(),
        cell.round.into(),
        cell.value.as_str().into(),
        cell.writer.as_str().into(),
        cell.provenance.as_str().into(),
        message_id.into(),
        at.into(),
    ];
    tx.execute(&INSERT_CELL, &params).await?;
    Ok(())
}

pub(super) async fn cells(tx: &mut Tx, contract: Uuid) -> Result<Vec<Cell>, DbError> {
    let read = |row: &Row| -> Result<Cell, DbError> {
        Ok(Cell {
            slot_start: row.get("slot_start")?,
            column: row.get("column_name")?,
            round: row.get("round")?,
            value: row.get("value")?,
            writer: row.get("writer")?,
            provenance: row.get("provenance")?,
        })
    };
    tx.query(&CELLS, &[contract.into()]).await?.iter().map(read).collect()
}

async fn complete(tx: &mut Tx, row: Option<Row>) -> Result<Option<Contract>, DbError> {
    let Some(row) = row else { return Ok(None) };
    let id: Uuid = row.get("id")?;
    let slots = tx.query(&SLOTS, &[id.into()]).await?.iter().map(read_slot).collect::<Result<Vec<_>, _>>()?;
    read(&row, id, slots).map(Some)
}

fn read(row: &Row, id: Uuid, slots: Vec<ContractSlot>) -> Result<Contract, DbError> {
    let code: Option<String> = row.get("failure_code")?;
    let message: Option<String> = row.get("failure_message")?;
    Ok(Contract {
        id,
        side: Side::parse(&row.get::<String>("side")?)?,
        transaction_id: row.get("transaction_id")?,
        contract_id: row.get("contract_id")?,
        user_id: row.get("user_id")?,
        peer_id: row.get("peer_id")?,
        peer_uri: row.get("peer_uri")?,
        network_id: row.get("network_id")?,
        offer_id: row.get("offer_id")?,
        seller_meter: row.get("seller_meter")?,
        buyer_meter: row.get("buyer_meter")?,
        state: State::parse(&row.get::<String>("state")?)?,
        revision: row.get("revision")?,
        document: row.get("document")?,
        gate_closes_at: row.get("gate_closes_at")?,
        reserved_until: row.get("reserved_until")?,
        holds: Holds::parse(&row.get::<String>("holds")?)?,
        ledger: LedgerState::parse(&row.get::<String>("ledger_state")?)?,
        awaiting: row.get("awaiting")?,
        answers: row.get::<Option<Uuid>>("answers")?,
        preview_digest: row.get("preview_digest")?,
        cancelled_by: row.get::<Option<String>>("cancelled_by")?.as_deref().map(Party::parse).transpose()?,
        failure: code.map(|code| Failure { code, message: message.unwrap_or_default() }),
        confirmed_at: row.get("confirmed_at")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        slots,
    })
}

fn read_slot(row: &Row) -> Result<ContractSlot, DbError> {
    Ok(ContractSlot {
        slot: row.get("slot_start")?,
        interval_id: row.get("interval_id")?,
        price: row.get("price")?,
        requested: row.get("requested_wh")?,
    })
}
