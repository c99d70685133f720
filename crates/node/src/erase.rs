//! Destroys the bytes of a transaction's messages and keeps their digests (ruling 10): for whoever's data they hold has
//! left, once nobody may dispute them any more.
//!
//! What goes: bodies, headers, answers. What stays: who, when, which action, the digest and the signature over it, and
//! with these the recognition of duplicates. Invariants: nothing unfinished is touched; a row is done once, so a crash
//! repeats at most one batch.

use beckn_wire::signature::digest;
use db::{Db, DbError, params};
use uuid::Uuid;

/// Bodies that are in memory at once.
const BATCH: i64 = 20;

db::sql! {
    UNFINISHED = "SELECT (SELECT COUNT(*) FROM inbox WHERE transaction_id = $1 AND state IN ('queued', 'working')) \
        + (SELECT COUNT(*) FROM outbox WHERE transaction_id = $1 AND state IN ('queued', 'sending')) AS n";
    FORGET_RECEIVED = "UPDATE inbox SET body = $2, headers = '[]', reply_headers = '[]', reply_body = $2 \
        WHERE transaction_id = $1 AND state IN ('done', 'failed')";
    SENT = "SELECT id, body FROM outbox WHERE transaction_id = $1 AND body_digest IS NULL \
        AND state IN ('delivered', 'refused', 'expired', 'dead') ORDER BY seq LIMIT $2";
    FORGET_SENT = "UPDATE outbox SET body = $2, body_digest = $3 WHERE id = $1 AND body_digest IS NULL";
    FORGET_ATTEMPTS = "UPDATE outbox_attempts SET response_headers = NULL, response_body = NULL WHERE outbox_id = $1";
}

/// Destroys the bytes of every message of a transaction. False, and nothing done, while one of them is unfinished.
/// Several short transactions.
///
/// # Errors
/// The database's; what was destroyed before stays so.
pub async fn forget_bytes(db: &Db, transaction_id: &str) -> Result<bool, DbError> {
    let name = transaction_id.to_owned();
    let unfinished = db.read(move |tx| {
        let name = name.clone();
        Box::pin(async move { tx.query_one(&UNFINISHED, &params![name]).await?.get::<i64>("n") })
    });
    let unfinished: Result<i64, DbError> = unfinished.await;
    if unfinished? > 0 {
        return Ok(false);
    }
    let name = transaction_id.to_owned();
    db.write(move |tx| {
        let name = name.clone();
        Box::pin(async move {
            let nothing: &[u8] = &[];
            tx.execute(&FORGET_RECEIVED, &params![name, nothing]).await.map(drop)
        })
    })
    .await?;
    while forget_sent(db, transaction_id).await? > 0 {}
    Ok(true)
}

/// Some of those that were sent; their digests are computed outside of the transaction that keeps them.
async fn forget_sent(db: &Db, transaction_id: &str) -> Result<usize, DbError> {
    let name = transaction_id.to_owned();
    let found = db.read(move |tx| {
        let name = name.clone();
        Box::pin(async move { tx.query(&SENT, &params![name, BATCH]).await })
    });
    let found: Result<Vec<db::Row>, DbError> = found.await;
    let digests = found?
        .iter()
        .map(|row| Ok((row.get("id")?, digest(&row.get::<Vec<u8>>("body")?))))
        .collect::<Result<Vec<(Uuid, String)>, DbError>>()?;
    let count = digests.len();
    if count > 0 {
        db.write(move |tx| {
            let digests = digests.clone();
            Box::pin(async move {
                let nothing: &[u8] = &[];
                for (id, digest) in &digests {
                    tx.execute(&FORGET_SENT, &params![*id, nothing, digest.as_str()]).await?;
                    tx.execute(&FORGET_ATTEMPTS, &params![*id]).await?;
                }
                Ok::<_, DbError>(())
            })
        })
        .await?;
    }
    Ok(count)
}
