//! What an erasure cannot do at once: ten minutes later it takes away what a request under way may have left; and after
//! the dispute period it destroys the bytes of the messages, the copies of contracts and the numbers of meters (ruling
//! 10). Digests, journals and the cells of the contracts stay, under a random id.
//!
//! Invariants: a trade that is a case for a person keeps its evidence; each step may be repeated, and the row that says
//! that it is done is written with the last one, so a crash loses nothing and ends nothing early.

use db::{DbError, Tx, params, sql};
use units::{Span, Timestamp};
use uuid::Uuid;

use super::erase;
use crate::network::Participant;

/// Erasures of one round.
const BATCH: i64 = 20;
/// Transactions that are read at once.
const PAGE: i64 = 100;
/// An account whose evidence is still needed is looked at again after this time, market time.
const LATER: Span = Span::from_hours(24);

sql! {
    DUE_AGAIN = "SELECT user_id FROM erasures WHERE state = 'erased' AND again_at <= $1 ORDER BY user_id LIMIT $2";
    SWEPT = "UPDATE erasures SET state = 'swept' WHERE user_id = $1 AND state = 'erased'";
    DUE = "SELECT user_id FROM erasures WHERE state <> 'done' AND evidence_until <= $1 ORDER BY user_id LIMIT $2";
    LATER_ON = "UPDATE erasures SET evidence_until = $2 WHERE user_id = $1";
    NEEDED = "SELECT COUNT(*) AS n FROM contracts c JOIN contracts o ON o.transaction_id = c.transaction_id \
        LEFT JOIN deliveries d ON d.contract = o.id WHERE c.user_id = $1 \
        AND o.state NOT IN ('cancelled', 'rejected', 'expired') \
        AND (d.contract IS NULL OR d.state NOT IN ('settled', 'void'))";
    TRANSACTIONS = "SELECT id FROM (SELECT transaction_id AS id FROM contracts WHERE user_id = $1 UNION \
        SELECT publish_transaction_id AS id FROM offers WHERE user_id = $1) AS t WHERE id > $2 ORDER BY id LIMIT $3";
    // Both sides' copies where both are ours: each names the other.
    DOCUMENTS = "UPDATE contracts SET document = $2 WHERE transaction_id IN \
        (SELECT transaction_id FROM contracts WHERE user_id = $1)";
    CHANGES = "DELETE FROM pending_changes WHERE contract IN (SELECT id FROM contracts WHERE transaction_id IN \
        (SELECT transaction_id FROM contracts WHERE user_id = $1))";
    FAILURES = "UPDATE contracts SET failure_message = NULL WHERE user_id = $1";
    METER_KEYS = "SELECT meter_key FROM meters WHERE user_id = $1 UNION SELECT meter_key FROM offers WHERE user_id = $1 \
        UNION SELECT seller_meter AS meter_key FROM contracts WHERE user_id = $1 AND side = 'seller' \
        UNION SELECT buyer_meter AS meter_key FROM contracts WHERE user_id = $1 AND side = 'buyer' \
        AND buyer_meter IS NOT NULL";
    NEW_OWNER = "SELECT COUNT(*) AS n FROM meters WHERE meter_key = $1 AND user_id <> $2";
    SELLERS = "UPDATE contracts SET seller_meter = $3 WHERE seller_meter = $2 AND transaction_id IN \
        (SELECT transaction_id FROM contracts WHERE user_id = $1)";
    BUYERS = "UPDATE contracts SET buyer_meter = $3 WHERE buyer_meter = $2 AND transaction_id IN \
        (SELECT transaction_id FROM contracts WHERE user_id = $1)";
    HISTORY = "UPDATE provider_history SET meter_key = $3 WHERE meter_key = $2 AND contract IN (SELECT id FROM contracts \
        WHERE transaction_id IN (SELECT transaction_id FROM contracts WHERE user_id = $1))";
    PLANNED = "UPDATE plan_parts SET seller_meter = $3 WHERE seller_meter = $2 AND offer_id IN \
        (SELECT id FROM offers WHERE user_id = $1)";
    PROPOSED = "UPDATE plans SET proposal = NULL WHERE state NOT IN ('searching', 'proposed', 'reserving', 'confirming', \
        'cancelling') AND id IN (SELECT plan_id FROM plan_parts WHERE seller_meter = $1)";
    STAND_IN = "INSERT INTO meters (id, user_id, meter_id, meter_key, discom_code, customer_number, verified, created_at, \
        released_at) SELECT $2, $3, $4, $4, discom_code, '', 0, $5, $5 FROM meters WHERE meter_key = $1";
    // Also those of whose meter it was before.
    MOVE_OFFERS = "UPDATE offers SET meter_id = $2 WHERE (user_id = $1 AND meter_key = $3) OR meter_id IN \
        (SELECT id FROM meters WHERE meter_key = $3 AND user_id = $1)";
    OFFERED = "UPDATE offers SET meter_key = $3 WHERE meter_key = $2 AND user_id = $1";
    DROP_METER = "DELETE FROM meters WHERE meter_key = $1 AND user_id = $2";
    DROP_SLOTS = "DELETE FROM meter_slots WHERE meter_key = $1";
    DROP_LOADS = "DELETE FROM load_slots WHERE meter_key = $1";
    DROP_CLAIMS = "DELETE FROM meter_claims WHERE meter_key = $1";
    DROP_PROOFS = "DELETE FROM meter_proofs WHERE meter_key = $1";
    DONE = "UPDATE erasures SET state = 'done', ended_at = $2 WHERE user_id = $1";
}

/// One round over what is due; gives how many accounts it came on with.
///
/// # Errors
/// The database's; what was done stays done.
pub async fn sweep(p: &Participant) -> Result<usize, DbError> {
    let (now, market) = (p.now(), p.market_now());
    let mut count = 0_usize;
    for user in users(p, &DUE_AGAIN, now).await? {
        let again = p.db.write(move |tx| {
            Box::pin(async move {
                erase::forget_person(tx, user, now).await?;
                tx.execute(&SWEPT, &params![user]).await.map(drop)
            })
        });
        again.await?;
        count = count.saturating_add(1);
    }
    for user in users(p, &DUE, market).await? {
        if end(p, user).await? {
            count = count.saturating_add(1);
        } else {
            let later = market.saturating_add(LATER);
            p.db.write(move |tx| Box::pin(async move { tx.execute(&LATER_ON, &params![user, later]).await }))
                .await?;
        }
    }
    Ok(count)
}

async fn users(p: &Participant, due: &'static db::Sql, now: Timestamp) -> Result<Vec<Uuid>, DbError> {
    let read = p.db.read(move |tx| Box::pin(async move { tx.query(due, &params![now, BATCH]).await }));
    let rows: Result<Vec<db::Row>, DbError> = read.await;
    rows?.iter().map(|row| row.get("user_id")).collect()
}

/// Destroys the evidence of an account. False while a trade still needs it, or a message is under way.
async fn end(p: &Participant, user: Uuid) -> Result<bool, DbError> {
    let needed = p.db.read(move |tx| {
        Box::pin(async move { tx.query_one(&NEEDED, &params![user]).await?.get::<i64>("n") })
    });
    let needed: Result<i64, DbError> = needed.await;
    if needed? > 0 {
        return Ok(false);
    }
    let mut after = String::new();
    loop {
        let from = after.clone();
        let read = p.db.read(move |tx| {
            let from = from.clone();
            Box::pin(async move { tx.query(&TRANSACTIONS, &params![user, from, PAGE]).await })
        });
        let rows: Result<Vec<db::Row>, DbError> = read.await;
        let rows = rows?;
        for row in &rows {
            after = row.get("id")?;
            if !node::erase::forget_bytes(&p.db, &after).await? {
                return Ok(false);
            }
        }
        if rows.is_empty() {
            break;
        }
    }
    let under = p.clone();
    let ended = p.db.write(move |tx| {
        let p = under.clone();
        Box::pin(async move { forget_evidence(tx, &p, user).await })
    });
    ended.await.map(|()| true)
}

/// Copies of contracts, and the numbers of meters: each becomes a random one.
async fn forget_evidence(tx: &mut Tx, p: &Participant, user: Uuid) -> Result<(), DbError> {
    let now = p.now();
    erase::forget_person(tx, user, now).await?;
    let nothing: &[u8] = b"{}";
    tx.execute(&DOCUMENTS, &params![user, nothing]).await?;
    tx.execute(&CHANGES, &params![user]).await?;
    tx.execute(&FAILURES, &params![user]).await?;
    for row in tx.query(&METER_KEYS, &params![user]).await? {
        let key: String = row.get("meter_key")?;
        let stand_in: String = p.ids.bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        let stand_in = format!("former{stand_in}");
        tx.execute(&PROPOSED, &params![&key]).await?;
        for sql in [&SELLERS, &BUYERS, &HISTORY, &PLANNED] {
            tx.execute(sql, &params![user, &key, &stand_in]).await?;
        }
        let id = p.ids.uuid();
        if tx.execute(&STAND_IN, &params![&key, id, user, &stand_in, now]).await? == 1 {
            tx.execute(&MOVE_OFFERS, &params![user, id, &key]).await?;
        }
        tx.execute(&OFFERED, &params![user, &key, &stand_in]).await?;
        tx.execute(&DROP_METER, &params![&key, user]).await?;
        // Whose meter it is now keeps what is counted by the meter.
        if tx.query_one(&NEW_OWNER, &params![&key, user]).await?.get::<i64>("n")? == 0 {
            for sql in [&DROP_SLOTS, &DROP_LOADS, &DROP_CLAIMS, &DROP_PROOFS] {
                tx.execute(sql, &params![&key]).await?;
            }
        }
    }
    tx.execute(&DONE, &params![user, now]).await.map(drop)
}
