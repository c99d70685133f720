//! Destroys the bytes of a transaction's messages and keeps their digests (ruling 10): for whoever's data they hold has
//! left, once nobody may dispute them any more.
//!
//! What goes: bodies, headers, answers, and the key under which they were sealed. What stays: who, when, which
//! action, the digest and the signature over it, and with these the recognition of duplicates. Invariants: nothing
//! unfinished is touched; a row is done once, so a crash repeats at most one batch.

use beckn_wire::signature::digest;
use db::{Db, DbError, params};
use uuid::Uuid;

use crate::{outbox, seal};

/// Bodies that are in memory at once.
const BATCH: i64 = 20;

db::sql! {
    UNFINISHED = "SELECT (SELECT COUNT(*) FROM inbox WHERE transaction_id = $1 AND state IN ('queued', 'working')) \
        + (SELECT COUNT(*) FROM outbox WHERE transaction_id = $1 AND state IN ('queued', 'sending')) AS n";
    FORGET_RECEIVED = "UPDATE inbox SET body = $2, headers = '[]', reply_headers = '[]', reply_body = $2, sealed = 0 \
        WHERE transaction_id = $1 AND state IN ('done', 'failed')";
    SENT = "SELECT o.id, o.transaction_id, o.body, o.sealed, k.wrapped FROM outbox o \
        LEFT JOIN message_keys k ON k.transaction_id = o.transaction_id \
        WHERE o.transaction_id = $1 AND o.body_digest IS NULL \
        AND o.state IN ('delivered', 'refused', 'expired', 'dead') ORDER BY o.seq LIMIT $2";
    LEFT = "SELECT COUNT(*) AS n FROM outbox WHERE transaction_id = $1 AND body_digest IS NULL";
    FORGET_SENT = "UPDATE outbox SET body = $2, body_digest = $3, sealed = 0 WHERE id = $1 AND body_digest IS NULL";
    FORGET_ATTEMPTS = "UPDATE outbox_attempts SET response_headers = NULL, response_body = NULL, sealed = 0 \
        WHERE outbox_id = $1";
}

/// Destroys the bytes of every message of a transaction, and their key. False while one of them is unfinished. Several
/// short transactions; with the last one goes the key, and what came in the meantime.
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
    while forget_sent(db, transaction_id).await? > 0 {}
    let name = transaction_id.to_owned();
    db.write(move |tx| {
        let name = name.clone();
        Box::pin(async move {
            // From here on no other message is sealed under this key.
            tx.query(&seal::LOCK, &params![&name]).await?;
            for open in [&UNFINISHED, &LEFT] {
                if tx.query_one(open, &params![&name]).await?.get::<i64>("n")? > 0 {
                    return Ok(false);
                }
            }
            let nothing: &[u8] = &[];
            tx.execute(&FORGET_RECEIVED, &params![&name, nothing]).await?;
            tx.execute(&seal::DESTROY, &params![&name]).await?;
            Ok(true)
        })
    })
    .await
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
        .map(|row| {
            let id = row.get("id")?;
            let body = seal::opened(db.vault(), row, ("body", &outbox::body_of(id), "sealed"))?;
            Ok((id, digest(&body)))
        })
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
