//! The answers that clients were given under their idempotency keys, byte by byte, and who is at work on one.
//!
//! Beside [`super::idempotency`], whose row stands in the transaction of an effect and keeps it from happening twice:
//! this one is written when the answer is whole, so that whoever asks again gets the same bytes and headers, also after
//! a restart and from another instance. A request that is begun is leased; a process that dies keeps nobody out longer.

use db::{DbError, Tx, params, sql};
use units::{Span, Timestamp};

use super::idempotency::{KEPT_FOR, Key};

/// So long nobody else begins. A request that takes longer shares its work with whoever asks again: the effect has its
/// own row, and the first whole answer is everybody's.
const LEASE: Span = Span::from_secs(10);

sql! {
    CLAIM = "INSERT INTO answers (user_id, key, request_hash, leased_until, created_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id, key) DO NOTHING";
    RECLAIM = "UPDATE answers SET leased_until = $4 WHERE user_id = $1 AND key = $2 AND request_hash = $3 \
        AND leased_until <> 0 AND leased_until < $5";
    FIND = "SELECT request_hash, leased_until, status, headers, body FROM answers WHERE user_id = $1 AND key = $2";
    KEEP = "UPDATE answers SET leased_until = 0, status = $4, headers = $5, body = $6 \
        WHERE user_id = $1 AND key = $2 AND request_hash = $3 AND leased_until <> 0";
    RELEASE = "DELETE FROM answers WHERE user_id = $1 AND key = $2 AND leased_until = $3 AND leased_until <> 0";
    PRUNE = "DELETE FROM answers WHERE created_at < $1";
}

/// An answer as it left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub status: u16,
    /// Whatever the caller wrote there.
    pub headers: String,
    pub body: Vec<u8>,
}

/// The right to work a request off.
#[derive(Clone, Debug)]
pub struct Lease {
    pub key: Key,
    until: Timestamp,
}

/// How a key stands.
#[derive(Clone, Debug)]
pub enum Claim {
    /// Ours to work off, then [`keep`] or [`release`].
    Ours(Lease),
    Answered(Kept),
    /// Somebody is at work on the same request.
    UnderWay,
    /// The key belongs to another request.
    OtherRequest,
}

/// Takes a request on, unless it is answered or under way.
///
/// # Errors
/// The database's.
pub async fn claim(tx: &mut Tx, key: &Key, now: Timestamp) -> Result<Claim, DbError> {
    let until = now.saturating_add(LEASE);
    let (user, name, hash) = (key.user_id, key.key.as_str(), key.request_hash.as_str());
    if tx.execute(&CLAIM, &params![user, name, hash, until, now]).await? == 1
        || tx.execute(&RECLAIM, &params![user, name, hash, until, now]).await? == 1
    {
        return Ok(Claim::Ours(Lease { key: key.clone(), until }));
    }
    // Gone in between: whoever asks again takes it on.
    let Some(row) = tx.query_opt(&FIND, &params![user, name]).await? else { return Ok(Claim::UnderWay) };
    if row.get::<String>("request_hash")? != hash {
        return Ok(Claim::OtherRequest);
    }
    if row.get::<i64>("leased_until")? != 0 {
        return Ok(Claim::UnderWay);
    }
    let status = u16::try_from(row.get::<i64>("status")?).unwrap_or(200);
    Ok(Claim::Answered(Kept { status, headers: row.get("headers")?, body: row.get("body")? }))
}

/// Keeps the answer of a request that was ours. False when there is none to be kept: there is an earlier one, or nobody
/// holds the key any more.
///
/// # Errors
/// The database's.
pub async fn keep(tx: &mut Tx, lease: &Lease, answer: &Kept) -> Result<bool, DbError> {
    let (key, status) = (&lease.key, i64::from(answer.status));
    let (headers, body) = (answer.headers.as_str(), answer.body.as_slice());
    let hash = key.request_hash.as_str();
    let params = params![key.user_id, key.key.as_str(), hash, status, headers, body];
    Ok(tx.execute(&KEEP, &params).await? == 1)
}

/// Gives a request back that has no answer to be kept: the key is free again.
///
/// # Errors
/// The database's.
pub async fn release(tx: &mut Tx, lease: &Lease) -> Result<(), DbError> {
    let key = &lease.key;
    tx.execute(&RELEASE, &params![key.user_id, key.key.as_str(), lease.until]).await?;
    Ok(())
}

/// Forgets answers older than [`KEPT_FOR`].
///
/// # Errors
/// The database's.
pub async fn prune(tx: &mut Tx, now: Timestamp) -> Result<u64, DbError> {
    tx.execute(&PRUNE, &params![now.saturating_sub(KEPT_FOR)]).await
}
