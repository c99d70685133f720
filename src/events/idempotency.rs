//! Idempotency keys: a write that is asked again gives the same bytes again and has no second effect.
//!
//! The row stands in the transaction of the effect. A key is one user's, lives 48 hours, and belongs to one request:
//! the same key with another body is refused.

use db::{DbError, Tx, sql};
use units::{Span, Timestamp};
use uuid::Uuid;

/// How long a key is remembered.
pub const KEPT_FOR: Span = Span::from_hours(48);

sql! {
    FIND = "SELECT request_hash, status, body FROM idempotency_keys WHERE user_id = $1 AND key = $2";
    INSERT = "INSERT INTO idempotency_keys (user_id, key, request_hash, status, body, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, key) DO NOTHING";
    COMPLETE = "UPDATE idempotency_keys SET body = $4 WHERE user_id = $1 AND key = $2 AND body = $3";
    PRUNE = "DELETE FROM idempotency_keys WHERE created_at < $1";
}

/// The key that a client sent, and what it was sent with.
#[derive(Clone, Debug)]
pub struct Key {
    pub user_id: Uuid,
    pub key: String,
    /// Hex of the SHA-256 over method, path and body.
    pub request_hash: String,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Never seen: go on, then [`remember`].
    No,
    /// The answer that was given.
    Answered { status: u16, body: Vec<u8> },
    /// The key was used for another request.
    OtherRequest,
}

/// Looks a key up.
///
/// # Errors
/// The database's.
pub async fn find(tx: &mut Tx, key: &Key) -> Result<Known, DbError> {
    let Some(row) = tx.query_opt(&FIND, &[key.user_id.into(), key.key.as_str().into()]).await? else {
        return Ok(Known::No);
    };
    if row.get::<String>("request_hash")? != key.request_hash {
        return Ok(Known::OtherRequest);
    }
    let status = u16::try_from(row.get::<i64>("status")?).unwrap_or(200);
    Ok(Known::Answered { status, body: row.get("body")? })
}

/// Stores the answer in the transaction of the effect. False when another request with the key came first: then the
/// caller must roll back and look again.
///
/// # Errors
/// The database's.
pub async fn remember(
    tx: &mut Tx,
    key: &Key,
    status: u16,
    body: &[u8],
    now: Timestamp,
) -> Result<bool, DbError> {
    let params = [
        key.user_id.into(),
        key.key.as_str().into(),
        key.request_hash.as_str().into(),
        i64::from(status).into(),
        body.into(),
        now.into(),
    ];
    Ok(tx.execute(&INSERT, &params).await? == 1)
}

/// Replaces what was remembered in the transaction of the effect by the bytes that the client is answered, for answers
/// that can only be written once the effect stands. False when they are there already.
///
/// # Errors
/// The database's.
pub async fn complete(tx: &mut Tx, key: &Key, remembered: &[u8], body: &[u8]) -> Result<bool, DbError> {
    let params = [key.user_id.into(), key.key.as_str().into(), remembered.into(), body.into()];
    Ok(tx.execute(&COMPLETE, &params).await? == 1)
}

/// Forgets keys older than [`KEPT_FOR`].
///
/// # Errors
/// The database's.
pub async fn prune(tx: &mut Tx, now: Timestamp) -> Result<u64, DbError> {
    tx.execute(&PRUNE, &[now.saturating_sub(KEPT_FOR).into()]).await
}
