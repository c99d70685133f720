//! SQL of what comes after delivery, and nothing else. Every function runs in its caller's transaction.

use beckn_wire::energy::Column;
use db::{DbError, Row, Tx, params};
use units::{DeliverySlot, Timestamp};

use super::compute::Write;
use super::model::{Cell, Cells, DayLine, LineKey, Origin};
use super::timetable::Step;
use crate::ledger::model::{Party, Side};

db::sql! {
    LINES = "SELECT c.contract_id, c.network_id, v.buyer_platform, v.buyer_discom, v.buyer_ledger, \
        v.buyer_meter, v.seller_platform, v.seller_discom, v.seller_ledger, v.seller_meter, \
        r.commitment_id, r.interval_id, r.slot, r.requested_wh FROM ledger_rows r JOIN \
        ledger_contracts c ON c.ledger_id = r.ledger_id AND c.contract_id = r.contract_id AND \
        c.revision = r.revision JOIN ledger_revisions v ON v.ledger_id = r.ledger_id AND \
        v.contract_id = r.contract_id AND v.revision = r.revision WHERE r.ledger_id = $1 AND r.slot \
        >= $2 AND r.slot < $3 AND c.status = 'ACTIVE'";
    CELLS_OF_DAY = "SELECT x.contract_id, x.commitment_id, x.interval_id, x.cell, x.round, x.value, \
        x.provenance, x.written_at FROM ledger_cells x WHERE x.ledger_id = $1 AND EXISTS (SELECT 1 \
        FROM ledger_rows r WHERE r.ledger_id = x.ledger_id AND r.slot >= $2 AND r.slot < $3 AND \
        r.contract_id = x.contract_id AND r.commitment_id = x.commitment_id AND r.interval_id = \
        x.interval_id) ORDER BY x.round";
    CELLS = "SELECT contract_id, commitment_id, interval_id, cell, round, value, provenance, \
        written_at FROM ledger_cells WHERE ledger_id = $1 AND contract_id = $2 ORDER BY round";
    ADD_CELL = "INSERT INTO ledger_cells (ledger_id, contract_id, commitment_id, interval_id, cell, \
        round, value, provenance, told_by, message_id, written_at) VALUES ($1, $2, $3, $4, $5, $6, \
        $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING";
    ADD_EVIDENCE = "INSERT INTO ledger_evidence (ledger_id, contract_id, message_id, commitment_id, \
        interval_id, cell, value, reason, told_by, told_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \
        $9, $10) ON CONFLICT DO NOTHING";
    COUNT_EVIDENCE = "SELECT COUNT(*) AS kept FROM ledger_evidence WHERE ledger_id = $1 AND \
        contract_id = $2";
    EVIDENCE = "SELECT contract_id, message_id, commitment_id, interval_id, cell, value, reason, \
        told_by, told_at FROM ledger_evidence WHERE ledger_id = $1 ORDER BY told_at DESC, \
        contract_id LIMIT $2";
    UNTOLD = "INSERT INTO ledger_untold (ledger_id, contract_id, since) VALUES ($1, $2, $3) ON CONFLICT \
        DO NOTHING";
    ALL_UNTOLD = "SELECT contract_id FROM ledger_untold WHERE ledger_id = $1 ORDER BY since, \
        contract_id";
    TOLD = "DELETE FROM ledger_untold WHERE ledger_id = $1 AND contract_id = $2";
    OPEN_DAY = "INSERT INTO ledger_days (ledger_id, day, next_at, news) VALUES ($1, $2, $3, 0) ON \
        CONFLICT DO NOTHING";
    TELL_DAY = "UPDATE ledger_days SET news = news + 1 WHERE ledger_id = $1 AND day = $2";
    DUE_DAYS = "SELECT ledger_id, day, news FROM ledger_days WHERE next_at <= $1 OR news > 0 ORDER \
        BY day, ledger_id LIMIT $2";
    CLOSE_DAY = "UPDATE ledger_days SET news = news - $3, next_at = $4 WHERE ledger_id = $1 AND day \
        = $2 AND news >= $3";
    STEP = "SELECT state, open_lines FROM ledger_steps WHERE ledger_id = $1 AND day = $2 AND step = \
        $3 {FOR UPDATE}";
    ADD_STEP = "INSERT INTO ledger_steps (ledger_id, day, step, state, due_at, taken_at, updated_at, \
        open_lines) VALUES ($1, $2, $3, $4, $5, $6, $6, $7) ON CONFLICT DO NOTHING";
    CHANGE_STEP = "UPDATE ledger_steps SET state = $4, updated_at = $5, open_lines = $6 WHERE \
        ledger_id = $1 AND day = $2 AND step = $3";
    STEPS = "SELECT day, step, state, due_at, taken_at, updated_at, open_lines FROM ledger_steps \
        WHERE ledger_id = $1 ORDER BY day DESC, due_at LIMIT $2";
    EXCEPTION_DAYS = "SELECT DISTINCT day FROM ledger_steps WHERE ledger_id = $1 AND state = \
        'EXCEPTION' ORDER BY day DESC LIMIT $2";
}

/// Most refused cells that are kept of one contract.
pub const EVIDENCE_MAX: i64 = 2_000;

/// The standing lines of a ledger that are delivered in `from..until`.
pub async fn lines(
    tx: &mut Tx,
    ledger_id: &str,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<DayLine>, DbError> {
    let rows = tx.query(&LINES, &params![ledger_id, from, until]).await?;
    let mut lines = rows.iter().map(|row| line(row, ledger_id)).collect::<Result<Vec<_>, _>>()?;
    lines.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(lines)
}

fn line(row: &Row, ledger_id: &str) -> Result<DayLine, DbError> {
    let party = |side: &str| {
        Ok::<_, DbError>(Party {
            platform: row.get(&format!("{side}_platform"))?,
            discom: row.get(&format!("{side}_discom"))?,
            ledger: row.get(&format!("{side}_ledger"))?,
            meter: row.get(&format!("{side}_meter"))?,
        })
    };
    let (buyer, seller) = (party("buyer")?, party("seller")?);
    let kept = |side: &Side| {
        let party = if *side == Side::Buyer { &buyer } else { &seller };
        party.ledger == ledger_id
    };
    let sides = Side::ALL.into_iter().filter(kept).collect();
    Ok(DayLine {
        key: line_key(row)?,
        network: row.get("network_id")?,
        slot: row.get::<DeliverySlot>("slot")?,
        requested: row.get("requested_wh")?,
        buyer,
        seller,
        sides,
    })
}

fn line_key(row: &Row) -> Result<LineKey, DbError> {
    Ok(LineKey {
        contract: row.get("contract_id")?,
        commitment: row.get("commitment_id")?,
        interval: row.get("interval_id")?,
    })
}

/// The latest cells of a delivery day.
pub async fn cells_of_day(
    tx: &mut Tx,
    ledger_id: &str,
    from: Timestamp,
    until: Timestamp,
) -> Result<Cells, DbError> {
    gather(&tx.query(&CELLS_OF_DAY, &params![ledger_id, from, until]).await?)
}

/// The latest cells of a contract.
pub async fn cells(tx: &mut Tx, ledger_id: &str, contract_id: &str) -> Result<Cells, DbError> {
    gather(&tx.query(&CELLS, &params![ledger_id, contract_id]).await?)
}

/// Rows in the order of their rounds: the last one counts.
fn gather(rows: &[Row]) -> Result<Cells, DbError> {
    let mut cells = Cells::default();
    for row in rows {
        let (column, origin): (String, String) = (row.get("cell")?, row.get("provenance")?);
        let origin = Origin::parse(&origin)
            .ok_or_else(|| DbError::Other("a cell has an unknown provenance".to_owned()))?;
        let cell = Cell {
            value: row.get("value")?,
            round: row.get("round")?,
            origin,
            written_at: row.get("written_at")?,
        };
        cells.set(line_key(row)?, Column::from_name(&column), cell);
    }
    Ok(cells)
}

/// Who wrote a cell, and when.
#[derive(Clone, Debug)]
pub struct Writing<'a> {
    pub ledger_id: &'a str,
    pub origin: Origin,
    pub told_by: &'a str,
    pub message_id: Option<&'a str>,
    pub at: Timestamp,
}

/// Adds a round of a cell; false when there is one of that number.
pub async fn add_cell(tx: &mut Tx, write: &Write, writing: &Writing<'_>) -> Result<bool, DbError> {
    let values = params![
        writing.ledger_id,
        &write.line.contract,
        &write.line.commitment,
        write.line.interval,
        write.column.as_str(),
        write.round,
        &write.value,
        writing.origin.as_str(),
        writing.told_by,
        writing.message_id,
        writing.at,
    ];
    Ok(tx.execute(&ADD_CELL, &values).await? == 1)
}

/// A cell that changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub line: LineKey,
    pub cell: String,
    pub value: String,
    pub reason: String,
    pub told_by: String,
    pub message_id: String,
    pub told_at: Timestamp,
}

/// Keeps what was refused, up to [`EVIDENCE_MAX`] cells of a contract.
pub async fn add_evidence(tx: &mut Tx, ledger_id: &str, evidence: &[Evidence]) -> Result<(), DbError> {
    let Some(first) = evidence.first() else { return Ok(()) };
    let kept = tx.query_one(&COUNT_EVIDENCE, &params![ledger_id, &first.line.contract]).await?;
    let room = EVIDENCE_MAX.saturating_sub(kept.get("kept")?);
    for item in evidence.iter().take(usize::try_from(room).unwrap_or(0)) {
        let values = params![
            ledger_id,
            &item.line.contract,
            &item.message_id,
            &item.line.commitment,
            item.line.interval,
            &item.cell,
            &item.value,
            &item.reason,
            &item.told_by,
            item.told_at,
        ];
        tx.execute(&ADD_EVIDENCE, &values).await?;
    }
    Ok(())
}

/// What was refused lately.
pub async fn evidence(tx: &mut Tx, ledger_id: &str, limit: i64) -> Result<Vec<Evidence>, DbError> {
    let rows = tx.query(&EVIDENCE, &params![ledger_id, limit]).await?;
    let read = |row: &Row| {
        Ok(Evidence {
            line: line_key(row)?,
            cell: row.get("cell")?,
            value: row.get("value")?,
            reason: row.get("reason")?,
            told_by: row.get("told_by")?,
            message_id: row.get("message_id")?,
            told_at: row.get("told_at")?,
        })
    };
    rows.iter().map(read).collect()
}

/// The platforms of a contract are to be told of its cells when its day is next looked at.
pub async fn untold(
    tx: &mut Tx,
    ledger_id: &str,
    contract_id: &str,
    since: Timestamp,
) -> Result<(), DbError> {
    tx.execute(&UNTOLD, &params![ledger_id, contract_id, since]).await.map(drop)
}

/// The contracts whose platforms are to be told, the longest waiting first.
pub async fn all_untold(tx: &mut Tx, ledger_id: &str) -> Result<Vec<String>, DbError> {
    tx.query(&ALL_UNTOLD, &params![ledger_id]).await?.iter().map(|row| row.get("contract_id")).collect()
}

/// They were told.
pub async fn told(tx: &mut Tx, ledger_id: &str, contract_id: &str) -> Result<(), DbError> {
    tx.execute(&TOLD, &params![ledger_id, contract_id]).await.map(drop)
}

/// A day on which a ledger delivers, from its first contract on.
pub async fn open_day(tx: &mut Tx, ledger_id: &str, day: Timestamp) -> Result<(), DbError> {
    tx.execute(&OPEN_DAY, &params![ledger_id, day, Step::MeterData.due(day)]).await.map(drop)
}

/// Something has come that may change the day.
pub async fn tell_day(tx: &mut Tx, ledger_id: &str, day: Timestamp) -> Result<(), DbError> {
    tx.execute(&TELL_DAY, &params![ledger_id, day]).await.map(drop)
}

/// A day to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDay {
    pub ledger_id: String,
    pub day: Timestamp,
    pub news: i64,
}

/// Days with a step that is due, or with news.
pub async fn due_days(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<DueDay>, DbError> {
    let rows = tx.query(&DUE_DAYS, &params![now, limit]).await?;
    let read = |row: &Row| {
        Ok(DueDay { ledger_id: row.get("ledger_id")?, day: row.get("day")?, news: row.get("news")? })
    };
    rows.iter().map(read).collect()
}

/// The day was looked at; what came meanwhile is still news.
pub async fn close_day(tx: &mut Tx, due: &DueDay, next_at: Option<Timestamp>) -> Result<(), DbError> {
    tx.execute(&CLOSE_DAY, &params![&due.ledger_id, due.day, due.news, next_at]).await.map(drop)
}

/// Notes that a step was taken, and what it left open. Late stays late; an exception that was caught up is
/// late.
pub async fn take_step(
    tx: &mut Tx,
    due: &DueDay,
    step: Step,
    open: i64,
    now: Timestamp,
) -> Result<(), DbError> {
    let stands = tx.query_opt(&STEP, &params![&due.ledger_id, due.day, step.as_str()]).await?;
    let Some(stands) = stands else {
        let state = match (open, now > step.by(due.day)) {
            (1.., _) => "EXCEPTION",
            (_, true) => "LATE",
            (_, false) => "DONE",
        };
        let values = params![&due.ledger_id, due.day, step.as_str(), state, step.due(due.day), now, open];
        return tx.execute(&ADD_STEP, &values).await.map(drop);
    };
    let (state, before): (String, i64) = (stands.get("state")?, stands.get("open_lines")?);
    let next = match (open, state.as_str(), now > step.by(due.day)) {
        (1.., ..) => "EXCEPTION",
        (_, "EXCEPTION", true) => "LATE",
        (_, "EXCEPTION", false) => "DONE",
        _ => state.as_str(),
    };
    if (next, open) == (state.as_str(), before) {
        return Ok(());
    }
    let values = params![&due.ledger_id, due.day, step.as_str(), next, now, open];
    tx.execute(&CHANGE_STEP, &values).await.map(drop)
}

/// A step as it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub day: Timestamp,
    pub step: String,
    pub state: String,
    pub due_at: Timestamp,
    pub taken_at: Timestamp,
    pub updated_at: Timestamp,
    pub open: i64,
}

/// The latest steps of a ledger.
pub async fn steps(tx: &mut Tx, ledger_id: &str, limit: i64) -> Result<Vec<Taken>, DbError> {
    let rows = tx.query(&STEPS, &params![ledger_id, limit]).await?;
    let read = |row: &Row| {
        Ok(Taken {
            day: row.get("day")?,
            step: row.get("step")?,
            state: row.get("state")?,
            due_at: row.get("due_at")?,
            taken_at: row.get("taken_at")?,
            updated_at: row.get("updated_at")?,
            open: row.get("open_lines")?,
        })
    };
    rows.iter().map(read).collect()
}

/// The latest days with a step in exception.
pub async fn exception_days(tx: &mut Tx, ledger_id: &str, limit: i64) -> Result<Vec<Timestamp>, DbError> {
    let rows = tx.query(&EXCEPTION_DAYS, &params![ledger_id, limit]).await?;
    rows.iter().map(|row| row.get("day")).collect()
}
