//! Bad trust that a meter brings along. Whoever erases an account begins anew, with the trust of a stranger, and so does
//! another account of the same person; so that nobody washes a bad score off in this way, the meters of an account that
//! stood worse than a stranger keep the score when it is erased or gives them up, and the next account that claims one of
//! them stands no better than it.
//!
//! Good trust is not kept: nothing is inherited but what would be escaped from. A year later the mark is gone, because
//! houses change hands. What is stored is a keyed digest: without this platform's key it names no meter. After an erasure
//! it is remembered under the same digest, for good, that a meter's bill has given its bonus: whoever claims the meter gets
//! no second one. Of a meter that was only given up this stays under its number, so that it is given once either way.

use db::{DbError, Tx, params, sql};
use units::{Span, Timestamp};
use uuid::Uuid;

use crate::config::TrustConfig;
use crate::identity::Accounts;
use crate::trust::{self, TrustError};

/// How long a meter keeps it.
const KEPT: Span = Span::from_hours(365 * 24);

sql! {
    KEEP = "INSERT INTO meter_marks (digest, score, valid_until, left_by) VALUES ($1, $2, $3, $4) ON CONFLICT (digest) \
        DO UPDATE SET score = excluded.score, valid_until = excluded.valid_until, left_by = excluded.left_by";
    DROP = "DELETE FROM meter_marks WHERE digest = $1";
    FIND = "SELECT score FROM meter_marks WHERE digest = $1 AND valid_until > $2 AND (left_by IS NULL OR left_by <> $3)";
    RENAME_BONUS = "UPDATE meter_bonuses SET meter_key = $2 WHERE meter_key = $1";
    PRUNE = "DELETE FROM meter_marks WHERE valid_until <= $1";
}

fn digest(accounts: &Accounts, meter_key: &str) -> String {
    accounts.sealed("meter of an erased account", meter_key)
}

/// Keeps the score of the meter's account, when it is worse than a stranger's: in the transaction that takes the meter from
/// it. Whoever has earned more since the mark was made, leaves none.
///
/// # Errors
/// The database's.
pub async fn keep(
    tx: &mut Tx,
    (accounts, config): (&Accounts, &TrustConfig),
    user: Uuid,
    meter_key: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    let score = trust::service::score(tx, config, user).await?.millionths();
    let digest = digest(accounts, meter_key);
    if score >= config.default_score {
        return tx.execute(&DROP, &params![digest]).await.map(drop);
    }
    let until = now.saturating_add(KEPT);
    tx.execute(&KEEP, &params![digest, score, until, user]).await.map(drop)
}

/// Lets the bonus of a meter name it no more. [`inherit`] gives it its number back.
pub(super) async fn hide_bonus(tx: &mut Tx, accounts: &Accounts, meter_key: &str) -> Result<(), DbError> {
    let digest = digest(accounts, meter_key);
    tx.execute(&RENAME_BONUS, &params![meter_key, &digest]).await.map(drop)
}

/// Lowers the trust of who has claimed a meter to what the meter brings along, in the transaction of the claim. Not that of
/// who gave it up himself: he has borne the score, and whatever he earned since is his.
///
/// # Errors
/// The database's.
pub async fn inherit(
    tx: &mut Tx,
    (accounts, config): (&Accounts, &TrustConfig),
    user: Uuid,
    meter_key: &str,
    now: Timestamp,
) -> Result<(), TrustError> {
    let digest = digest(accounts, meter_key);
    tx.execute(&RENAME_BONUS, &params![&digest, meter_key]).await?;
    let Some(row) = tx.query_opt(&FIND, &params![digest, now, user]).await? else {
        return Ok(());
    };
    trust::service::lower_to(tx, config, user, row.get("score")?, now).await.map(drop)
}

/// Forgets the marks that are over.
///
/// # Errors
/// The database's.
pub async fn prune(tx: &mut Tx, now: Timestamp) -> Result<u64, DbError> {
    tx.execute(&PRUNE, &params![now]).await
}
