//! What becomes of a contract after its gate: until when it is awaited, and whether it is settled.
//!
//! ```text
//! Awaited → Told → Settled        a cell that comes later: Told again, and a numbered correction
//!        ↘ Exception ↗            nothing came in time, or what came cannot be settled; still asked for
//! Exception → Settled or Void     a person decided (a row of its own, never changed)
//! any → Void                      the contract was called off
//! ```
//! A row is opened in the transaction that makes the contract stand, so none is forgotten.

use db::{DbError, Row, Tx, sql};
use units::Timestamp;
use uuid::Uuid;

use super::model::{Contract, State, text_enum};

sql! {
    OPEN = "INSERT INTO deliveries (contract, state, ends_at, check_at, asked, settlement) \
        VALUES ($1, 'awaited', $2, $2, 0, 0) ON CONFLICT (contract) DO NOTHING";
    VOID = "UPDATE deliveries SET state = 'void' WHERE contract = $1 AND state <> 'void'";
    TOLD = "UPDATE deliveries SET state = 'told', check_at = $2 WHERE contract = $1 AND state <> 'void'";
    QUESTION = "UPDATE deliveries SET state = 'exception', reason = $2, \
        excepted_at = COALESCE(excepted_at, $3) WHERE contract = $1 AND state <> 'void'";
    POSTPONE = "UPDATE deliveries SET check_at = $3 WHERE contract = $1 AND check_at <= $2";
    HURRY = "UPDATE deliveries SET check_at = $2 WHERE contract = $1 AND check_at > $2 \
        AND ends_at <= $2 AND state IN ('awaited', 'told', 'exception')";
    DUE = "SELECT contract FROM deliveries WHERE state IN ('awaited', 'told', 'exception') AND check_at <= $1 \
        ORDER BY check_at LIMIT $2";
    FIND = "SELECT * FROM deliveries WHERE contract = $1";
    LOCK = "SELECT * FROM deliveries WHERE contract = $1 {FOR UPDATE}";
    SAVE = "UPDATE deliveries SET state = $2, check_at = $3, asked = $4, settlement = $5, digest = $6, \
        reason = $7, settled_at = $8, excepted_at = $9 WHERE contract = $1";
    EXCEPTIONS = "SELECT * FROM deliveries WHERE state = 'exception' ORDER BY contract LIMIT $1";
    DECIDE = "INSERT INTO delivery_decisions (id, contract, decision, reason, decided_by, said, settlement, \
        decided_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    DECISIONS = "SELECT * FROM delivery_decisions WHERE contract = $1 ORDER BY decided_at, id";
    COUNT = "SELECT state, COUNT(*) AS n FROM deliveries GROUP BY state ORDER BY state";
    COPY = "INSERT INTO contract_copies (contract, holder, digest, differs, told_at) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (contract, holder) DO UPDATE SET digest = excluded.digest, differs = excluded.differs, \
        told_at = excluded.told_at";
    COPIES = "SELECT holder, digest, differs, told_at FROM contract_copies WHERE contract = $1 ORDER BY holder";
}

/// Why a disputed contract is a case for a person.
pub const DISPUTED: &str = "the contract is disputed";

text_enum! {
    /// How far the delivery of a contract is.
    DeliveryState {
        /// The DISCOMs have not written anything yet.
        Awaited = "awaited",
        /// Something was written since we last looked.
        Told = "told",
        /// What was written is settled.
        Settled = "settled",
        /// A person must look; the reason says why.
        Exception = "exception",
        /// The contract was called off.
        Void = "void",
    }
}

/// The delivery of one side of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub contract: Uuid,
    pub state: DeliveryState,
    /// The end of its last slot, market time.
    pub ends_at: Timestamp,
    /// When to look next, market time.
    pub check_at: Timestamp,
    /// How often our ledger was asked.
    pub asked: i64,
    /// 0: not settled; 1: settled; each correction adds one.
    pub settlement: i64,
    /// Of the cells that were settled.
    pub digest: Option<String>,
    /// Why it is an exception.
    pub reason: Option<String>,
    /// Wire time.
    pub settled_at: Option<Timestamp>,
    /// Since when it is an exception, wire time; none once it is settled.
    pub excepted_at: Option<Timestamp>,
}

text_enum! {
    /// How a person ends an exception.
    Decision {
        /// The DISCOM's final value counts, whatever contradicts it.
        Accept = "accept",
        /// What was settled before stands.
        Keep = "keep",
        /// Nothing is settled; what was settled before is undone.
        Close = "close",
    }
}

/// What a person decided, and on what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    pub id: Uuid,
    pub contract: Uuid,
    pub decision: Decision,
    pub reason: String,
    /// The operator's name of the person.
    pub by: String,
    /// Why it was an exception, and the cells that were written then, JSON.
    pub said: String,
    /// The number of the settlement that was booked by it; 0: none.
    pub settlement: i64,
    /// Wire time.
    pub at: Timestamp,
}

/// How a holder of a copy told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Subscriber id.
    pub holder: String,
    /// Of its table.
    pub digest: String,
    /// The cells in which it is not ours, `COLUMN@start`, by comma.
    pub differs: String,
    /// Wire time.
    pub told_at: Timestamp,
}

/// Opens, voids or questions the delivery of a contract as its state says. In the transaction of the change.
///
/// # Errors
/// The database's.
pub(super) async fn follow(tx: &mut Tx, contract: &Contract) -> Result<(), DbError> {
    let last = contract.quantities().iter().map(|part| part.slot.end()).max();
    match (contract.state, last) {
        (State::Active | State::Standing, Some(last)) => {
            tx.execute(&OPEN, &[contract.id.into(), last.into()]).await?;
        }
        // A person must look: what was called off on one side may stand on the other.
        (State::Disputed, Some(last)) => {
            tx.execute(&OPEN, &[contract.id.into(), last.into()]).await?;
            let since = contract.updated_at;
            tx.execute(&QUESTION, &[contract.id.into(), DISPUTED.into(), since.into()]).await?;
        }
        // Not before the ledgers know of it: until then it stands with them.
        (State::Cancelled, _) => {
            tx.execute(&VOID, &[contract.id.into()]).await?;
        }
        _ => {}
    }
    Ok(())
}

/// A cell came: the delivery is to be looked at now (market time).
///
/// # Errors
/// The database's.
pub async fn told(tx: &mut Tx, contract: Uuid, now_market: Timestamp) -> Result<(), DbError> {
    tx.execute(&TOLD, &[contract.into(), now_market.into()]).await.map(|_| ())
}

/// Somebody asks how it stands: if it has ended and is not settled, our ledger is asked soon, not only when its turn
/// comes.
///
/// # Errors
/// The database's.
pub async fn hurry(tx: &mut Tx, contract: Uuid, now_market: Timestamp) -> Result<(), DbError> {
    tx.execute(&HURRY, &[contract.into(), now_market.into()]).await.map(|_| ())
}

/// A delivery that could not be looked at now is looked at later, behind all others that are due.
///
/// # Errors
/// The database's.
pub async fn postpone(
    tx: &mut Tx,
    contract: Uuid,
    now_market: Timestamp,
    until: Timestamp,
) -> Result<(), DbError> {
    tx.execute(&POSTPONE, &[contract.into(), now_market.into(), until.into()]).await.map(|_| ())
}

/// Contracts whose delivery is to be looked at, those that wait longest first.
///
/// # Errors
/// The database's.
pub async fn due(tx: &mut Tx, now_market: Timestamp, limit: i64) -> Result<Vec<Uuid>, DbError> {
    tx.query(&DUE, &[now_market.into(), limit.into()]).await?.iter().map(|row| row.get("contract")).collect()
}

/// The delivery of a contract.
///
/// # Errors
/// The database's.
pub async fn find(tx: &mut Tx, contract: Uuid) -> Result<Option<Delivery>, DbError> {
    tx.query_opt(&FIND, &[contract.into()]).await?.as_ref().map(read).transpose()
}

/// The delivery of a contract, under a row lock.
///
/// # Errors
/// The database's.
pub async fn lock(tx: &mut Tx, contract: Uuid) -> Result<Option<Delivery>, DbError> {
    tx.query_opt(&LOCK, &[contract.into()]).await?.as_ref().map(read).transpose()
}

/// Stores a delivery that was locked.
///
/// # Errors
/// The database's.
pub async fn save(tx: &mut Tx, delivery: &Delivery) -> Result<(), DbError> {
    let params = [
        delivery.contract.into(),
        delivery.state.as_str().into(),
        delivery.check_at.into(),
        delivery.asked.into(),
        delivery.settlement.into(),
        delivery.digest.clone().into(),
        delivery.reason.clone().into(),
        delivery.settled_at.into(),
        delivery.excepted_at.into(),
    ];
    tx.execute(&SAVE, &params).await.map(|_| ())
}

/// Deliveries that wait for a person, oldest contract first.
///
/// # Errors
/// The database's.
pub async fn exceptions(tx: &mut Tx, limit: i64) -> Result<Vec<Delivery>, DbError> {
    tx.query(&EXCEPTIONS, &[limit.into()]).await?.iter().map(read).collect()
}

/// Keeps a decision.
///
/// # Errors
/// The database's.
pub async fn decide(tx: &mut Tx, decided: &Decided) -> Result<(), DbError> {
    let params = [
        decided.id.into(),
        decided.contract.into(),
        decided.decision.as_str().into(),
        decided.reason.as_str().into(),
        decided.by.as_str().into(),
        decided.said.as_str().into(),
        decided.settlement.into(),
        decided.at.into(),
    ];
    tx.execute(&DECIDE, &params).await.map(|_| ())
}

/// What was decided about a contract, oldest first.
///
/// # Errors
/// The database's.
pub async fn decisions(tx: &mut Tx, contract: Uuid) -> Result<Vec<Decided>, DbError> {
    let read = |row: &Row| {
        Ok(Decided {
            id: row.get("id")?,
            contract: row.get("contract")?,
            decision: Decision::parse(&row.get::<String>("decision")?)?,
            reason: row.get("reason")?,
            by: row.get("decided_by")?,
            said: row.get("said")?,
            settlement: row.get("settlement")?,
            at: row.get("decided_at")?,
        })
    };
    tx.query(&DECISIONS, &[contract.into()]).await?.iter().map(read).collect()
}

/// How many deliveries stand in which state.
///
/// # Errors
/// The database's.
pub async fn count(tx: &mut Tx) -> Result<Vec<(DeliveryState, i64)>, DbError> {
    let read = |row: &Row| Ok((DeliveryState::parse(&row.get::<String>("state")?)?, row.get("n")?));
    tx.query(&COUNT, &[]).await?.iter().map(read).collect()
}

/// Keeps how a holder told its copy.
///
/// # Errors
/// The database's.
pub async fn keep_copy(tx: &mut Tx, contract: Uuid, copy: &Copy) -> Result<(), DbError> {
    let params = [
        contract.into(),
        copy.holder.as_str().into(),
        copy.digest.as_str().into(),
        copy.differs.as_str().into(),
        copy.told_at.into(),
    ];
    tx.execute(&COPY, &params).await.map(|_| ())
}

/// How each holder last told its copy.
///
/// # Errors
/// The database's.
pub async fn copies(tx: &mut Tx, contract: Uuid) -> Result<Vec<Copy>, DbError> {
    let read = |row: &Row| {
        Ok(Copy {
            holder: row.get("holder")?,
            digest: row.get("digest")?,
            differs: row.get("differs")?,
            told_at: row.get("told_at")?,
        })
    };
    tx.query(&COPIES, &[contract.into()]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Delivery, DbError> {
    Ok(Delivery {
        contract: row.get("contract")?,
        state: DeliveryState::parse(&row.get::<String>("state")?)?,
        ends_at: row.get("ends_at")?,
        check_at: row.get("check_at")?,
        asked: row.get("asked")?,
        settlement: row.get("settlement")?,
        digest: row.get("digest")?,
        reason: row.get("reason")?,
        settled_at: row.get("settled_at")?,
        excepted_at: row.get("excepted_at")?,
    })
}
