//! The durable log of events of each user: it feeds the streams, and a client resumes it by sequence number.
//!
//! An event is written in the transaction that makes it true, so that none is told that did not happen and none is
//! lost, and with it what is to be sent to the user's webhooks. Beside it stand the idempotency keys of the client API,
//! written in the same way, the answers that were given under them, and the tickets that open a stream.

pub mod answers;
pub mod fact;
pub mod idempotency;
pub mod tickets;

use db::{DbError, Row, Tx, sql};
use units::Timestamp;
use uuid::Uuid;

pub use self::fact::{Fact, KINDS, Kind};

sql! {
    INSERT = "INSERT INTO events (user_id, transaction_id, kind, payload, at) VALUES ($1, $2, $3, $4, $5) \
        RETURNING seq";
    // To each webhook of the user that wants this kind, this noun, or all.
    TO_WEBHOOKS = "INSERT INTO webhook_deliveries (webhook, event, state, attempts, due_at, created_at) \
        SELECT w.id, CAST($2 AS BIGINT), 'pending', 0, CAST($3 AS BIGINT), CAST($3 AS BIGINT) FROM webhooks w \
        WHERE w.user_id = $1 AND w.state = 'active' AND EXISTS (SELECT 1 FROM webhook_filters f \
        WHERE f.webhook = w.id AND f.pattern IN ('*', $4, $5))";
    FIRST_SINCE = "SELECT MIN(seq) AS seq FROM events WHERE user_id = $1 AND at >= $2";
    AFTER_OF_USER = "SELECT seq, transaction_id, kind, payload, at FROM events \
        WHERE user_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    AFTER_OF_TRANSACTION = "SELECT seq, transaction_id, kind, payload, at FROM events \
        WHERE user_id = $1 AND transaction_id = $2 AND seq > $3 ORDER BY seq LIMIT $4";
    LAST = "SELECT COALESCE(MAX(seq), 0) AS seq FROM events";
}

/// One event, as a stream tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Grows with each event of this database; the `id` of a server-sent event.
    pub seq: i64,
    pub transaction_id: String,
    /// `contract.active`, `search.answered`, … : noun of the domain, then what became of it.
    pub kind: String,
    /// A JSON object.
    pub payload: String,
    pub at: Timestamp,
}

/// Tells a user, in the caller's transaction, what it has made true.
///
/// # Errors
/// The database's.
pub async fn tell(
    tx: &mut Tx,
    user_id: Uuid,
    transaction_id: &str,
    fact: &Fact,
    at: Timestamp,
) -> Result<(), DbError> {
    let data = fact.data().map_err(|error| DbError::Other(error.to_string()))?;
    record(tx, user_id, transaction_id, fact.kind(), &data, at).await
}

/// Writes an event of any kind in the caller's transaction: [`tell`] is for all that this server tells.
///
/// # Errors
/// The database's.
pub async fn record(
    tx: &mut Tx,
    user_id: Uuid,
    transaction_id: &str,
    kind: &str,
    data: &str,
    at: Timestamp,
) -> Result<(), DbError> {
    let row = [user_id.into(), transaction_id.into(), kind.into(), data.into(), at.into()];
    let seq: i64 = tx.query_one(&INSERT, &row).await?.get("seq")?;
    let to = [user_id.into(), seq.into(), at.into(), kind.into(), noun_pattern(kind).into()];
    tx.execute(&TO_WEBHOOKS, &to).await.map(|_| ())
}

/// What stands for all kinds of the same noun: `contract.*`.
pub fn noun_pattern(kind: &str) -> String {
    format!("{}.*", kind.split('.').next().unwrap_or(kind))
}

/// The number of the user's first event at or after an instant.
///
/// # Errors
/// The database's.
pub async fn first_since(tx: &mut Tx, user_id: Uuid, at: Timestamp) -> Result<Option<i64>, DbError> {
    tx.query_one(&FIRST_SINCE, &[user_id.into(), at.into()]).await?.get("seq")
}

/// The next events of a user (of one transaction, when it is named) after a sequence number, at most `limit`.
///
/// # Errors
/// The database's.
pub async fn after(
    tx: &mut Tx,
    user_id: Uuid,
    transaction_id: Option<&str>,
    seq: i64,
    limit: i64,
) -> Result<Vec<Event>, DbError> {
    let rows = match transaction_id {
        Some(id) => {
            tx.query(&AFTER_OF_TRANSACTION, &[user_id.into(), id.into(), seq.into(), limit.into()]).await?
        }
        None => tx.query(&AFTER_OF_USER, &[user_id.into(), seq.into(), limit.into()]).await?,
    };
    rows.iter().map(read).collect()
}

/// The number of the newest event of anybody; 0 when there is none.
///
/// # Errors
/// The database's.
pub async fn last_seq(tx: &mut Tx) -> Result<i64, DbError> {
    tx.query_one(&LAST, &[]).await?.get("seq")
}

fn read(row: &Row) -> Result<Event, DbError> {
    Ok(Event {
        seq: row.get("seq")?,
        transaction_id: row.get("transaction_id")?,
        kind: row.get("kind")?,
        payload: row.get("payload")?,
        at: row.get("at")?,
    })
}
