//! The outbox: what we owe the network, enqueued in the transaction that decided it (architecture, section
//! 7).
//!
//! The row keeps the exact bytes, sealed ([`crate::seal`]); the signature is made anew for each attempt. An attempt
//! is claimed by a lease and committed, with its `Authorization`, before the first byte leaves; no transaction is
//! open during I/O. A process that dies in between sends again, and the peer recognises the duplicate. [`conclude`]
//! ends a message exactly once. Order is kept per transaction and target (ruling 5).

use std::sync::Arc;

use beckn_wire::ack::AckVerdict;
use beckn_wire::action::Action;
use clock::Ids;
use db::{Db, DbError, Row, Tx, Vault, params};
use units::{Span, Timestamp};
use uuid::Uuid;

use crate::address::Face;
use crate::inbox::read_action;
use crate::reply::Headers;
use crate::seal::{self, Sealer};

/// So long one attempt may take, with the registry lookup before it, until another worker takes over.
pub const LEASE: Span = Span::from_secs(30);
/// So much of an answer is stored, bytes.
pub const RESPONSE_KEPT: usize = 20 * 1024;

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Which of our identities sends and signs it.
    pub sender: String,
    /// The subscriber id of the receiver; its address comes from the registry at sending.
    pub target: String,
    pub face: Face,
    pub action: Action,
    pub transaction_id: String,
    pub message_id: String,
    pub body: Vec<u8>,
    /// The inbox row that this callback answers, for the chained signature.
    pub answers: Option<Uuid>,
    /// What the application needs to know at the end, in its own words.
    pub purpose: &'static str,
    /// The application's own key for it: an order, a publication.
    pub reference: Option<String>,
    /// After this it is not sent any more.
    pub deadline: Option<Timestamp>,
}

/// A stored message that is being sent or has come to its end.
#[derive(Clone, Debug)]
pub struct OutboxJob {
    pub id: Uuid,
    pub sender: String,
    pub target: String,
    pub face: Face,
    pub action: Action,
    pub transaction_id: String,
    pub message_id: String,
    pub purpose: String,
    pub reference: Option<String>,
    pub body: Vec<u8>,
    /// Counts this attempt.
    pub attempts: u32,
    pub answers: Option<Uuid>,
    pub deadline: Option<Timestamp>,
    pub created_at: Timestamp,
    /// How often the peer has refused it so far.
    pub(crate) refusals: u32,
    /// What this attempt met, stored with the conclusion.
    pub(crate) report: Option<Arc<Report>>,
}

/// How a message ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The peer has it. `duplicate` when it said that it had it before: then there is no ledger record in
    /// `ack`.
    Delivered { ack: AckVerdict, duplicate: bool },
    /// The peer refused it. The code is the peer's, and may be any text.
    Refused { code: String, message: String },
    /// Its deadline passed before it could be delivered.
    Expired,
    /// Given up.
    Dead { reason: String },
}

impl Outcome {
    fn state(&self) -> &'static str {
        match self {
            Self::Delivered { .. } => "delivered",
            Self::Refused { .. } => "refused",
            Self::Expired => "expired",
            Self::Dead { .. } => "dead",
        }
    }

    /// One line for logs and for the row.
    pub fn summary(&self) -> String {
        match self {
            Self::Delivered { ack: AckVerdict::AckNoCallback { .. }, .. } => {
                "delivered, no callback".to_owned()
            }
            Self::Delivered { duplicate: true, .. } => "delivered before".to_owned(),
            Self::Delivered { .. } => "delivered".to_owned(),
            Self::Refused { code, message } => format!("refused: {code} {message}"),
            Self::Expired => "expired".to_owned(),
            Self::Dead { reason } => format!("given up: {reason}"),
        }
    }
}

/// What one attempt met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) url: Option<String>,
    pub(crate) duration: Span,
    pub(crate) status: Option<u16>,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    pub(crate) error: Option<String>,
    pub(crate) verified: bool,
    /// Nothing was sent: the peer's host has no free place.
    pub(crate) crowded: bool,
}

db::sql! {
    INSERT = "INSERT INTO outbox (id, sender, target, face, action, transaction_id, message_id, body, \
        answers, purpose, reference, state, not_before, deadline, attempts, refusals, created_at, sealed) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'queued', $13, $12, 0, 0, $13, $14)";
    // `state IN (…)` repeats the condition of the index, word for word, so that what is finished is never read. The
    // first message of each target comes before the second of any: a target with many hides nobody.
    pub(crate) DUE = "SELECT c.id, c.target, c.fail_count FROM (SELECT o.id, o.seq, o.target, \
        COALESCE(p.fail_count, 0) AS fail_count, ROW_NUMBER() OVER (PARTITION BY o.target \
        ORDER BY o.seq) AS place FROM outbox o LEFT JOIN peers p ON p.subscriber_id = \
        o.target WHERE o.state IN ('queued', 'sending') AND ((o.state = 'queued' AND o.not_before <= $1 AND \
        COALESCE(p.next_try_at, 0) <= $1 AND NOT EXISTS (SELECT 1 FROM outbox e WHERE \
        e.transaction_id = o.transaction_id AND e.target = o.target AND e.seq < o.seq AND \
        e.state IN ('queued', 'sending'))) OR (o.state = 'queued' AND o.deadline <= $1) OR \
        (o.state = 'sending' AND o.lease_until <= $1))) c WHERE c.place <= $2 ORDER BY \
        c.place, c.seq LIMIT $3";
    pub(crate) LOAD = "SELECT o.id, o.sender, o.target, o.face, o.action, o.transaction_id, o.message_id, \
        o.body, o.answers, o.purpose, o.reference, o.attempts, o.refusals, o.deadline, \
        o.created_at, o.sealed, k.wrapped, p.callback_signing, p.pinned, p.ack_shape, COALESCE(p.fail_count, 0) \
        AS fail_count, i.authorization_header AS answered_authorization FROM outbox o LEFT \
        JOIN peers p ON p.subscriber_id = o.target LEFT JOIN inbox i ON i.id = o.answers LEFT \
        JOIN message_keys k ON k.transaction_id = o.transaction_id \
        WHERE o.id = $1";
    pub(crate) CLAIM = "UPDATE outbox SET state = 'sending', attempts = attempts + 1, lease_until = $4 \
        WHERE id = $1 AND attempts = $2 AND (state = 'queued' OR (state = 'sending' AND lease_until <= $3))";
    pub(crate) INSERT_ATTEMPT = "INSERT INTO outbox_attempts (outbox_id, number, at, authorization_header) \
        VALUES ($1, $2, $3, $4)";
    REPORT = "UPDATE outbox_attempts SET url = $3, duration_us = $4, status = $5, response_headers = $6, \
        response_body = $7, error = $8, response_verified = $9, sealed = $10 WHERE outbox_id = $1 AND number = $2";
    CONCLUDE = "UPDATE outbox SET state = $3, finished_at = $4, outcome = $5, lease_until = NULL \
        WHERE id = $1 AND attempts = $2 AND state = 'sending'";
    POSTPONE = "UPDATE outbox SET state = 'queued', not_before = $3, refusals = $4, lease_until = NULL \
        WHERE id = $1 AND attempts = $2 AND state = 'sending'";
    pub(crate) RECOVER = "UPDATE outbox SET state = 'queued', lease_until = NULL \
        WHERE state IN ('queued', 'sending') AND state = 'sending'";
    FORGET_ATTEMPTS = "DELETE FROM outbox_attempts WHERE outbox_id = $1 AND EXISTS \
        (SELECT 1 FROM outbox o WHERE o.id = $1 AND o.finished_at IS NOT NULL)";
    FORGET = "DELETE FROM outbox WHERE id = $1 AND finished_at IS NOT NULL";
    SENT_AUTHORIZATIONS = "SELECT a.authorization_header FROM outbox o JOIN outbox_attempts a ON \
        a.outbox_id = o.id WHERE o.message_id = $1 AND o.target = $2 AND o.action = $3 \
        ORDER BY a.number DESC LIMIT 8";
}

/// Puts a message into the outbox; call it inside the transaction that decided to send it, and
/// [`crate::Node::wake`] after the commit. Give [`Ids`] the wire clock.
///
/// # Errors
/// Those of the database.
pub async fn enqueue(tx: &mut Tx, ids: &Ids, message: &Outgoing, now: Timestamp) -> Result<Uuid, DbError> {
    let id = ids.uuid();
    let sealer = Sealer::of(tx, &message.transaction_id).await?;
    tx.execute(
        &INSERT,
        &params![
            id,
            &message.sender,
            message.target.to_ascii_lowercase(),
            message.face.as_str(),
            message.action.as_str(),
            &message.transaction_id,
            &message.message_id,
            sealer.seal(&body_of(id), &message.body)?,
            message.answers,
            message.purpose,
            message.reference.as_deref(),
            message.deadline,
            now,
            sealer.seals(),
        ],
    )
    .await?;
    Ok(id)
}

/// Ends a message and stores what its last attempt met. Call it inside the transaction that holds the effects
/// of the outcome.
///
/// # Errors
/// [`DbError::NotFound`] when another worker has taken or ended the message: the transaction must be given up
/// then, which returning the error does.
pub async fn conclude(
    tx: &mut Tx,
    job: &OutboxJob,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<(), DbError> {
    let fields = params![job.id, job.attempts, outcome.state(), now, clean(&outcome.summary())];
    match tx.execute(&CONCLUDE, &fields).await? {
        1 => report(tx, job).await,
        _ => Err(DbError::NotFound { statement: CONCLUDE.name() }),
    }
}

/// As [`conclude`], in a transaction of its own: for outcomes without any effect.
///
/// # Errors
/// As [`conclude`].
pub async fn conclude_alone(
    db: &Db,
    job: &OutboxJob,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<(), DbError> {
    let (job, outcome) = (Arc::new(job.clone()), Arc::new(outcome.clone()));
    db.write(move |tx| {
        let (job, outcome) = (Arc::clone(&job), Arc::clone(&outcome));
        Box::pin(async move { conclude(tx, &job, &outcome, now).await })
    })
    .await
}

/// Removes a message that has come to its end, and its attempts: for what is sent in numbers and proves nothing.
///
/// # Errors
/// Those of the database.
pub async fn forget(tx: &mut Tx, id: Uuid) -> Result<(), DbError> {
    tx.execute(&FORGET_ATTEMPTS, &params![id]).await?;
    tx.execute(&FORGET, &params![id]).await.map(|_| ())
}

/// A message by its id.
///
/// # Errors
/// [`DbError::NotFound`], and those of the database.
pub async fn load(db: &Db, id: Uuid) -> Result<OutboxJob, DbError> {
    db.read(move |tx| {
        Box::pin(async move {
            let row = tx.query_one(&LOAD, &params![id]).await?;
            read_job(&row, tx.vault())
        })
    })
    .await
}

/// Where the body of a row is, for its seal.
pub(crate) fn body_of(id: Uuid) -> String {
    format!("outbox.body {id}")
}

/// Where the answer to an attempt is.
pub(crate) fn response_of(id: Uuid, number: i64) -> String {
    format!("outbox_attempts.response_body {id} {number}")
}

/// Puts a message back until `not_before`, storing what this attempt met. False when another worker holds it.
pub(crate) async fn postpone(
    tx: &mut Tx,
    job: &OutboxJob,
    not_before: Timestamp,
    refusals: u32,
) -> Result<bool, DbError> {
    if tx.execute(&POSTPONE, &params![job.id, job.attempts, not_before, refusals]).await? == 0 {
        return Ok(false);
    }
    report(tx, job).await.map(|()| true)
}

async fn report(tx: &mut Tx, job: &OutboxJob) -> Result<(), DbError> {
    let Some(report) = &job.report else { return Ok(()) };
    let kept = report.body.get(..RESPONSE_KEPT).unwrap_or(&report.body);
    let sealer = Sealer::of(tx, &job.transaction_id).await?;
    let fields = params![
        job.id,
        job.attempts,
        report.url.as_deref(),
        report.duration,
        report.status,
        report.headers.to_json(),
        sealer.seal(&response_of(job.id, job.attempts.into()), kept)?,
        report.error.as_deref().map(clean),
        report.verified,
        sealer.seals(),
    ];
    tx.execute(&REPORT, &fields).await.map(|_| ())
}

/// PostgreSQL stores no U+0000, and a peer may have put one into its error text.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(1000).collect()
}

pub(crate) fn read_job(row: &Row, vault: Option<&Arc<Vault>>) -> Result<OutboxJob, DbError> {
    let id = row.get("id")?;
    let face: String = row.get("face")?;
    let face = Face::parse(&face)
        .ok_or_else(|| DbError::Column { column: "face".to_owned(), reason: "not a face".to_owned() })?;
    Ok(OutboxJob {
        id,
        sender: row.get("sender")?,
        target: row.get("target")?,
        face,
        action: read_action(row)?,
        transaction_id: row.get("transaction_id")?,
        message_id: row.get("message_id")?,
        purpose: row.get("purpose")?,
        reference: row.get("reference")?,
        body: seal::opened(vault, row, ("body", &body_of(id), "sealed"))?,
        attempts: row.get("attempts")?,
        answers: row.get("answers")?,
        deadline: row.get("deadline")?,
        created_at: row.get("created_at")?,
        refusals: row.get("refusals")?,
        report: None,
    })
}

/// The `Authorization` values under which we sent the request of this message id, latest first: what a
/// four-line callback of `peer` may be chained to.
pub(crate) async fn sent_authorizations(
    tx: &mut Tx,
    message_id: &str,
    peer: &str,
    request: Action,
) -> Result<Vec<String>, DbError> {
    let rows = tx.query(&SENT_AUTHORIZATIONS, &params![message_id, peer, request.as_str()]).await?;
    rows.iter().map(|row| row.get("authorization_header")).collect()
}
