//! What an operator sees of the queues and of the peers: counts by state, and what was given up. Reads only.

use db::{DbError, Row, Tx, params};
use units::Timestamp;

db::sql! {
    // Two halves, each the condition of an index, word for word: no body is read to be counted.
    pub(crate) OUTBOX_COUNTS = "SELECT state, COUNT(*) AS n FROM outbox WHERE state IN ('queued', 'sending') \
        GROUP BY state UNION ALL SELECT state, COUNT(*) AS n FROM outbox WHERE state IN ('delivered', \
        'refused', 'expired', 'dead') GROUP BY state ORDER BY state";
    pub(crate) INBOX_COUNTS = "SELECT state, COUNT(*) AS n FROM inbox WHERE state IN ('queued', 'working') \
        GROUP BY state UNION ALL SELECT state, COUNT(*) AS n FROM inbox WHERE state IN ('done', 'failed') \
        GROUP BY state ORDER BY state";
    OUTBOX_OLDEST = "SELECT MIN(created_at) AS at FROM outbox WHERE state IN ('queued', 'sending')";
    INBOX_OLDEST = "SELECT MIN(received_at) AS at FROM inbox WHERE state IN ('queued', 'working')";
    pub(crate) OUTBOX_ENDED_BADLY = "SELECT id, action, target AS peer, purpose, attempts, outcome AS reason, \
        finished_at FROM outbox WHERE state IN ('dead', 'expired', 'refused') ORDER BY finished_at DESC \
        LIMIT $1";
    pub(crate) INBOX_ENDED_BADLY = "SELECT id, action, sender AS peer, 'message' AS purpose, attempts, \
        error_code AS reason, finished_at FROM inbox WHERE state = 'failed' ORDER BY finished_at DESC \
        LIMIT $1";
    PEERS = "SELECT subscriber_id, callback_signing, pinned, fail_count, next_try_at, last_error, ack_shape, \
        last_seen_at FROM peers ORDER BY fail_count DESC, subscriber_id LIMIT $1";
}

/// One of the two queues at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Rows per state.
    pub counts: Vec<(String, i64)>,
    /// Since when the oldest unfinished row waits.
    pub oldest_unfinished: Option<Timestamp>,
    /// The latest rows that did not end well.
    pub ended_badly: Vec<Ended>,
}

/// A message that was refused, expired or given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub id: String,
    pub action: String,
    /// The other side's subscriber id.
    pub peer: String,
    pub purpose: String,
    pub attempts: i64,
    pub reason: Option<String>,
    pub at: Option<Timestamp>,
}

/// What is known of one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    pub subscriber_id: String,
    pub callback_signing: Option<String>,
    pub pinned: bool,
    pub fail_count: i64,
    /// Before this it is not called.
    pub next_try_at: Timestamp,
    pub last_error: Option<String>,
    pub ack_shape: Option<String>,
    pub last_seen_at: Option<Timestamp>,
}

/// The outbox, with at most `limit` of the rows that did not end well.
///
/// # Errors
/// Those of the database.
pub async fn outbox(tx: &mut Tx, limit: i64) -> Result<Queue, DbError> {
    Ok(Queue {
        counts: tx.query(&OUTBOX_COUNTS, &[]).await?.iter().map(count).collect::<Result<_, _>>()?,
        oldest_unfinished: tx.query_one(&OUTBOX_OLDEST, &[]).await?.get("at")?,
        ended_badly: tx
            .query(&OUTBOX_ENDED_BADLY, &params![limit])
            .await?
            .iter()
            .map(ended)
            .collect::<Result<_, _>>()?,
    })
}

/// The inbox, with at most `limit` of the rows that could not be processed.
///
/// # Errors
/// Those of the database.
pub async fn inbox(tx: &mut Tx, limit: i64) -> Result<Queue, DbError> {
    Ok(Queue {
        counts: tx.query(&INBOX_COUNTS, &[]).await?.iter().map(count).collect::<Result<_, _>>()?,
        oldest_unfinished: tx.query_one(&INBOX_OLDEST, &[]).await?.get("at")?,
        ended_badly: tx
            .query(&INBOX_ENDED_BADLY, &params![limit])
            .await?
            .iter()
            .map(ended)
            .collect::<Result<_, _>>()?,
    })
}

/// At most `limit` peers, those in trouble first.
///
/// # Errors
/// Those of the database.
pub async fn peers(tx: &mut Tx, limit: i64) -> Result<Vec<Peer>, DbError> {
    let read = |row: &Row| -> Result<Peer, DbError> {
        Ok(Peer {
            subscriber_id: row.get("subscriber_id")?,
            callback_signing: row.get("callback_signing")?,
            pinned: row.get("pinned")?,
            fail_count: row.get("fail_count")?,
            next_try_at: row.get("next_try_at")?,
            last_error: row.get("last_error")?,
            ack_shape: row.get("ack_shape")?,
            last_seen_at: row.get("last_seen_at")?,
        })
    };
    tx.query(&PEERS, &params![limit]).await?.iter().map(read).collect()
}

fn count(row: &Row) -> Result<(String, i64), DbError> {
    Ok((row.get("state")?, row.get("n")?))
}

fn ended(row: &Row) -> Result<Ended, DbError> {
    Ok(Ended {
        id: row.get("id")?,
        action: row.get("action")?,
        peer: row.get("peer")?,
        purpose: row.get("purpose")?,
        attempts: row.get("attempts")?,
        reason: row.get("reason")?,
        at: row.get("finished_at")?,
    })
}
