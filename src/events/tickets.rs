//! Tickets: for a browser, which cannot send a header when it opens a WebSocket, and must not put its token into an
//! address. A ticket opens one stream within seconds, once, on whatever instance; only its hash is stored, and by what
//! its user was let in, which is what the stream then stands on.

use db::{DbError, Tx, params, sql};
use sha2::{Digest, Sha256};
use units::{Span, Timestamp};
use uuid::Uuid;

/// How long a ticket can be used.
pub const VALID_FOR: Span = Span::from_secs(30);
/// Unused tickets of one user.
const PER_USER: i64 = 20;

sql! {
    INSERT = "INSERT INTO event_tickets (hash, user_id, granted_by, expires_at) VALUES ($1, $2, $3, $4)";
    COUNT = "SELECT COUNT(*) AS n FROM event_tickets WHERE user_id = $1";
    EXPIRE = "DELETE FROM event_tickets WHERE user_id = $1 AND expires_at <= $2";
    FIND = "SELECT user_id, granted_by FROM event_tickets WHERE hash = $1 AND expires_at > $2";
    TAKE = "DELETE FROM event_tickets WHERE hash = $1";
    PRUNE = "DELETE FROM event_tickets WHERE expires_at <= $1";
}

fn hash(ticket: &str) -> String {
    Sha256::digest(ticket.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Gives a user a ticket until the instant that comes back; nothing when there are too many unused ones. `granted_by`
/// says by what the user was let in.
///
/// # Errors
/// The database's.
pub async fn issue(
    tx: &mut Tx,
    ticket: &str,
    user: Uuid,
    granted_by: &str,
    now: Timestamp,
) -> Result<Option<Timestamp>, DbError> {
    tx.execute(&EXPIRE, &params![user, now]).await?;
    if tx.query_one(&COUNT, &params![user]).await?.get::<i64>("n")? >= PER_USER {
        return Ok(None);
    }
    let until = now.saturating_add(VALID_FOR);
    tx.execute(&INSERT, &params![hash(ticket), user, granted_by, until]).await?;
    Ok(Some(until))
}

/// Takes a ticket in: whose it is and by what, when nobody has used it and it is still good.
///
/// # Errors
/// The database's.
pub async fn redeem(tx: &mut Tx, ticket: &str, now: Timestamp) -> Result<Option<(Uuid, String)>, DbError> {
    let hash = hash(ticket);
    let Some(row) = tx.query_opt(&FIND, &params![hash.as_str(), now]).await? else { return Ok(None) };
    // Of two at the same time one finds nothing to delete.
    let taken = tx.execute(&TAKE, &params![hash.as_str()]).await? == 1;
    Ok(if taken { Some((row.get("user_id")?, row.get("granted_by")?)) } else { None })
}

/// Forgets tickets that were not used.
///
/// # Errors
/// The database's.
pub async fn prune(tx: &mut Tx, now: Timestamp) -> Result<u64, DbError> {
    tx.execute(&PRUNE, &params![now]).await
}
