//! One-time codes by SMS: six digits, five minutes, five tries, then a new one is needed.
//!
//! A million codes are tried in a second, so what is stored of one is a hash under a key that is not in the database,
//! and so is the number. A try is counted before it is judged, whatever races.

use db::{DbError, Tx, sql};
use subtle::ConstantTimeEq;
use units::{Span, Timestamp};

use super::keys::Root;

/// How long a code is good.
pub const CODE_LIFE: Span = Span::from_minutes(5);
const TRIES: i64 = 5;
/// Codes that are sent to one number in an hour, whoever asks. They are counted here and not in the cache: so many times
/// [`TRIES`] is what an hour of guessing has, whatever becomes of the cache.
const PER_HOUR: i64 = 8;
const HOUR: Span = Span::from_hours(1);
const MILLION: u64 = 1_000_000;

sql! {
    LOCK = "SELECT sent, window_at FROM phone_codes WHERE phone_hash = $1 {FOR UPDATE}";
    PUT = "INSERT INTO phone_codes (phone_hash, code_hash, tries, expires_at, sent, window_at) \
        VALUES ($1, $2, 0, $3, $4, $5) ON CONFLICT (phone_hash) DO UPDATE SET code_hash = excluded.code_hash, \
        tries = 0, expires_at = excluded.expires_at, sent = excluded.sent, window_at = excluded.window_at";
    TRY = "UPDATE phone_codes SET tries = tries + 1 WHERE phone_hash = $1 AND tries < $2 AND expires_at > $3";
    CODE = "SELECT code_hash FROM phone_codes WHERE phone_hash = $1";
    SPENT = "UPDATE phone_codes SET expires_at = 0 WHERE phone_hash = $1";
    SPEND = "UPDATE phone_codes SET expires_at = 0 WHERE phone_hash = $1 AND code_hash = $2 AND expires_at > $3";
    PRUNE = "DELETE FROM phone_codes WHERE window_at < $1";
}

/// Six digits made of random bytes.
pub fn digits(random: [u8; 8]) -> String {
    let number = u64::from_le_bytes(random).checked_rem(MILLION).unwrap_or(0);
    format!("{number:06}")
}

/// Stores a new code for a number in place of the one before. False when the number got too many within an hour: the
/// one before stays as it is.
///
/// # Errors
/// The database's.
pub async fn put(tx: &mut Tx, root: &Root, phone: &str, code: &str, now: Timestamp) -> Result<bool, DbError> {
    let key = phone_key(root, phone);
    let (mut sent, mut window) = (0, now);
    if let Some(row) = tx.query_opt(&LOCK, &[key.as_str().into()]).await? {
        let begun: Timestamp = row.get("window_at")?;
        if now.since(begun) < HOUR {
            (sent, window) = (row.get("sent")?, begun);
        }
    }
    if sent >= PER_HOUR {
        return Ok(false);
    }
    let params = [
        key.into(),
        hash(root, phone, code).into(),
        now.saturating_add(CODE_LIFE).into(),
        sent.saturating_add(1).into(),
        window.into(),
    ];
    tx.execute(&PUT, &params).await?;
    Ok(true)
}

/// Whether the code is the number's; a right one stays good until [`spend`]. Commit the count of a wrong one as well.
///
/// # Errors
/// The database's.
pub async fn right(
    tx: &mut Tx,
    root: &Root,
    phone: &str,
    code: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let key = phone_key(root, phone);
    let counted = tx.execute(&TRY, &[key.as_str().into(), TRIES.into(), now.into()]).await? == 1;
    let row = tx.query_opt(&CODE, &[key.into()]).await?;
    let stored = row.map(|row| row.get::<String>("code_hash")).transpose()?.unwrap_or_default();
    let same: bool = hash(root, phone, code).as_bytes().ct_eq(stored.as_bytes()).into();
    Ok(counted && same)
}

/// Spends a code that was found right, in the transaction of what it is for. False when it is not good any more.
///
/// # Errors
/// The database's.
pub async fn spend(
    tx: &mut Tx,
    root: &Root,
    phone: &str,
    code: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let params = [phone_key(root, phone).into(), hash(root, phone, code).into(), now.into()];
    Ok(tx.execute(&SPEND, &params).await? == 1)
}

/// Whether the code is the number's; a right one is spent. Commit the count of a wrong one as well.
///
/// # Errors
/// The database's.
pub async fn take(
    tx: &mut Tx,
    root: &Root,
    phone: &str,
    code: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let right = right(tx, root, phone, code, now).await?;
    if right {
        tx.execute(&SPENT, &[phone_key(root, phone).into()]).await?;
    }
    Ok(right)
}

/// Forgets the numbers of hours that are over.
///
/// # Errors
/// The database's.
pub async fn prune(tx: &mut Tx, now: Timestamp) -> Result<u64, DbError> {
    tx.execute(&PRUNE, &[now.saturating_sub(HOUR).into()]).await
}

fn phone_key(root: &Root, phone: &str) -> String {
    hex(root.keyed("phone", &[phone]))
}

fn hash(root: &Root, phone: &str, code: &str) -> String {
    hex(root.keyed("code", &[phone, code]))
}

fn hex(bytes: [u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_six_digits_always() {
        assert_eq!(digits([0; 8]), "000000");
        assert_eq!(digits(42_u64.to_le_bytes()), "000042");
        assert_eq!(digits(7_123_456_u64.to_le_bytes()), "123456");
    }
}
