//! The inbox: what the network sent us, stored before it was acknowledged (architecture, section 7).
//!
//! A row is inserted in the transaction whose commit precedes the ACK, so an acknowledged message is never
//! lost. Its work is claimed by a lease and finished in the transaction that holds its effects, so it is done
//! exactly once, whenever the process dies: a lease that ran out is claimed again, and [`complete`] fails for
//! the worker that lost it. Order is kept per receiver and transaction.

use std::sync::Arc;

use beckn_wire::action::Action;
use beckn_wire::code::ErrorCode;
use beckn_wire::json::{Json, JsonError};
use db::{Db, DbError, Row, Tx, Vault, params};
use units::{Span, Timestamp};
use uuid::Uuid;

use crate::reply::Headers;
use crate::seal::{self, Sealer};

/// So long a worker may take before another one takes over.
pub const LEASE: Span = Span::from_secs(30);
/// After so many attempts a message is given up as failed.
pub const ATTEMPTS_MAX: u32 = 10;

/// A stored message that is being worked off.
#[derive(Clone, Debug)]
pub struct InboxJob {
    pub id: Uuid,
    /// Which of our identities is addressed.
    pub receiver: String,
    pub sender: String,
    pub action: Action,
    pub message_id: String,
    pub transaction_id: String,
    /// The path on which it came.
    pub path: String,
    pub headers: Headers,
    pub body: Vec<u8>,
    pub received_at: Timestamp,
    /// Counts this attempt.
    pub attempts: u32,
}

impl InboxJob {
    /// The body, numbers as written.
    ///
    /// # Errors
    /// Never for a stored message: it was read once before it was stored.
    pub fn document(&self) -> Result<Json, JsonError> {
        Json::parse(&self.body)
    }
}

/// A row to be inserted.
pub(crate) struct NewRow {
    pub(crate) id: Uuid,
    pub(crate) receiver: String,
    pub(crate) sender: String,
    pub(crate) key_id: String,
    pub(crate) action: Action,
    pub(crate) message_id: String,
    pub(crate) transaction_id: String,
    pub(crate) body_digest: String,
    pub(crate) path: String,
    pub(crate) headers: Headers,
    pub(crate) authorization: String,
    pub(crate) body: Vec<u8>,
    pub(crate) received_at: Timestamp,
    /// Whether a worker has to take it up.
    pub(crate) queued: bool,
}

/// What is stored of the answer that we gave.
#[derive(Clone, Debug)]
pub(crate) struct StoredReply {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

db::sql! {
    INSERT = "INSERT INTO inbox (id, receiver, sender, key_id, action, message_id, transaction_id, \
        body_digest, dedupe, path, headers, authorization_header, body, received_at, state, \
        attempts, not_before, finished_at, reply_status, reply_headers, reply_body, sealed) VALUES ($1, $2, \
        $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, $14, $16, $17, $18, $19, $20) ON \
        CONFLICT (receiver, sender, action, message_id, dedupe) DO NOTHING";
    SET_REPLY = "UPDATE inbox SET reply_status = $2, reply_headers = $3, reply_body = $4 WHERE id = $1";
    FIND_DUPLICATE = "SELECT i.id, i.transaction_id, i.reply_status, i.reply_body, i.sealed, k.wrapped FROM inbox i \
        LEFT JOIN message_keys k ON k.transaction_id = i.transaction_id \
        WHERE i.receiver = $1 AND i.sender = $2 AND i.action = $3 AND i.message_id = $4 AND i.dedupe = $5";
    // `state IN (…)` repeats the condition of the index, word for word, so that what is finished is never read; the
    // plus keeps SQLite from walking the whole table in the order of `seq` instead.
    pub(crate) DUE = "SELECT i.id, i.attempts FROM inbox i WHERE i.state IN ('queued', 'working') AND \
        ((i.state = 'queued' AND i.not_before <= $1 AND NOT EXISTS (SELECT 1 FROM inbox e \
            WHERE e.receiver = i.receiver AND e.transaction_id = i.transaction_id AND e.seq < i.seq \
            AND e.state IN ('queued', 'working'))) \
        OR (i.state = 'working' AND i.lease_until <= $1)) \
        ORDER BY +i.seq LIMIT $2";
    CLAIM = "UPDATE inbox SET state = 'working', attempts = attempts + 1, lease_until = $4 \
        WHERE id = $1 AND attempts = $2 AND (state = 'queued' OR (state = 'working' AND lease_until <= $3))";
    LOAD = "SELECT i.id, i.receiver, i.sender, i.action, i.message_id, i.transaction_id, i.path, i.headers, i.body, \
        i.sealed, i.received_at, i.attempts, k.wrapped FROM inbox i \
        LEFT JOIN message_keys k ON k.transaction_id = i.transaction_id WHERE i.id = $1";
    FINISH = "UPDATE inbox SET state = $3, finished_at = $4, error_code = $5, lease_until = NULL \
        WHERE id = $1 AND attempts = $2 AND state = 'working'";
    POSTPONE = "UPDATE inbox SET state = 'queued', not_before = $3, lease_until = NULL \
        WHERE id = $1 AND attempts = $2 AND state = 'working'";
    pub(crate) RECOVER = "UPDATE inbox SET state = 'queued', lease_until = NULL \
        WHERE state IN ('queued', 'working') AND state = 'working'";
}

/// Marks the message as done. Call it inside the transaction that holds its effects.
///
/// # Errors
/// [`DbError::NotFound`] when the lease ran out and another worker took the message: the transaction must be
/// given up then, which returning the error does.
pub async fn complete(tx: &mut Tx, job: &InboxJob, now: Timestamp) -> Result<(), DbError> {
    finish(tx, job, "done", None, now).await
}

/// Ends the message without its effect.
///
/// # Errors
/// As [`complete`].
pub async fn fail(tx: &mut Tx, job: &InboxJob, code: ErrorCode, now: Timestamp) -> Result<(), DbError> {
    finish(tx, job, "failed", Some(code.as_str()), now).await
}

async fn finish(
    tx: &mut Tx,
    job: &InboxJob,
    state: &'static str,
    code: Option<&'static str>,
    now: Timestamp,
) -> Result<(), DbError> {
    match tx.execute(&FINISH, &params![job.id, job.attempts, state, now, code]).await? {
        1 => Ok(()),
        _ => Err(DbError::NotFound { statement: FINISH.name() }),
    }
}

/// A message by its id.
///
/// # Errors
/// [`DbError::NotFound`], and those of the database.
pub async fn load(db: &Db, id: Uuid) -> Result<InboxJob, DbError> {
    db.read(move |tx| {
        Box::pin(async move {
            let row = tx.query_one(&LOAD, &params![id]).await?;
            read_job(&row, tx.vault())
        })
    })
    .await
}

/// Inserts the row; false when one with the same key is there.
pub(crate) async fn insert(tx: &mut Tx, row: &NewRow, reply: &StoredReply) -> Result<bool, DbError> {
    let sealer = Sealer::of(tx, &row.transaction_id).await?;
    let (state, finished) = if row.queued { ("queued", None) } else { ("done", Some(row.received_at)) };
    let inserted = tx
        .execute(
            &INSERT,
            &params![
                row.id,
                &row.receiver,
                &row.sender,
                &row.key_id,
                row.action.as_str(),
                &row.message_id,
                &row.transaction_id,
                &row.body_digest,
                dedupe(row.action, &row.body_digest),
                &row.path,
                row.headers.to_json(),
                &row.authorization,
                sealer.seal(&body_of(row.id), &row.body)?,
                row.received_at,
                state,
                finished,
                reply.status,
                reply.headers.to_json(),
                sealer.seal(&reply_of(row.id), &reply.body)?,
                sealer.seals(),
            ],
        )
        .await?;
    Ok(inserted == 1)
}

/// Replaces the stored answer of a row inserted in this transaction.
pub(crate) async fn set_reply(tx: &mut Tx, row: &NewRow, reply: &StoredReply) -> Result<(), DbError> {
    let body = Sealer::of(tx, &row.transaction_id).await?.seal(&reply_of(row.id), &reply.body)?;
    let fields = params![row.id, reply.status, reply.headers.to_json(), body];
    tx.execute(&SET_REPLY, &fields).await.map(|_| ())
}

/// Status and body of the answer that the same message got before (ruling 4).
pub(crate) async fn find_duplicate(
    tx: &mut Tx,
    receiver: &str,
    sender: &str,
    action: Action,
    message_id: &str,
    body_digest: &str,
) -> Result<Option<(u16, Vec<u8>)>, DbError> {
    let key = params![receiver, sender, action.as_str(), message_id, dedupe(action, body_digest)];
    let row = tx.query_opt(&FIND_DUPLICATE, &key).await?;
    let Some(row) = row else { return Ok(None) };
    let body = seal::opened(tx.vault(), &row, ("reply_body", &reply_of(row.get("id")?), "sealed"))?;
    Ok(Some((row.get("reply_status")?, body)))
}

/// Where the body of a row is, for its seal.
pub(crate) fn body_of(id: Uuid) -> String {
    format!("inbox.body {id}")
}

/// Where our answer is.
pub(crate) fn reply_of(id: Uuid) -> String {
    format!("inbox.reply_body {id}")
}

fn dedupe(action: Action, body_digest: &str) -> &str {
    if action.is_callback() { body_digest } else { "" }
}

/// What a claim gave.
pub(crate) enum Claimed {
    Job(Box<InboxJob>),
    /// It was given up: too many attempts.
    Exhausted(Uuid),
}

/// Claims up to `limit` messages that are due, each for [`LEASE`]. One transaction.
pub(crate) async fn claim(db: &Db, now: Timestamp, limit: usize) -> Result<Vec<Claimed>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let due = db.read(move |tx| Box::pin(async move { tx.query(&DUE, &params![now, limit]).await })).await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let due = due
        .iter()
        .map(|row| Ok((row.get("id")?, row.get("attempts")?)))
        .collect::<Result<Vec<(Uuid, u32)>, DbError>>()?;
    db.write(move |tx| {
        let due = due.clone();
        Box::pin(async move {
            let mut claimed = Vec::with_capacity(due.len());
            for (id, attempts) in due {
                let lease = now.saturating_add(LEASE);
                if tx.execute(&CLAIM, &params![id, attempts, now, lease]).await? == 0 {
                    continue;
                }
                let row = tx.query_one(&LOAD, &params![id]).await?;
                let job = read_job(&row, tx.vault())?;
                if attempts >= ATTEMPTS_MAX {
                    fail(tx, &job, ErrorCode::NetInternalError, now).await?;
                    claimed.push(Claimed::Exhausted(id));
                } else {
                    claimed.push(Claimed::Job(Box::new(job)));
                }
            }
            Ok(claimed)
        })
    })
    .await
}

/// Puts a claimed message back until `not_before`. Does nothing when another worker holds it.
pub(crate) async fn postpone(db: &Db, job: &InboxJob, not_before: Timestamp) -> Result<(), DbError> {
    let (id, attempts) = (job.id, job.attempts);
    db.write(move |tx| {
        Box::pin(async move { tx.execute(&POSTPONE, &params![id, attempts, not_before]).await.map(|_| ()) })
    })
    .await
}

fn read_job(row: &Row, vault: Option<&Arc<Vault>>) -> Result<InboxJob, DbError> {
    let id = row.get("id")?;
    Ok(InboxJob {
        id,
        receiver: row.get("receiver")?,
        sender: row.get("sender")?,
        action: read_action(row)?,
        message_id: row.get("message_id")?,
        transaction_id: row.get("transaction_id")?,
        path: row.get("path")?,
        headers: Headers::from_json(&row.get::<String>("headers")?),
        body: seal::opened(vault, row, ("body", &body_of(id), "sealed"))?,
        received_at: row.get("received_at")?,
        attempts: row.get("attempts")?,
    })
}

pub(crate) fn read_action(row: &Row) -> Result<Action, DbError> {
    let text: String = row.get("action")?;
    Action::parse(&text)
        .ok_or_else(|| DbError::Column { column: "action".to_owned(), reason: "not an action".to_owned() })
}
