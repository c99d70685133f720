//! The SQL of credentials. Each function is one step of its caller's transaction.

use db::{DbError, Row, Tx, params, sql};
use units::Timestamp;
use uuid::Uuid;

use super::model::{Judged, NewCredential, Stored, StoredCheck};

sql! {
    INSERT = "INSERT INTO credentials (id, user_id, digest, form, kind, issuer, discom_code, verdict, checks, claims, \
        valid_from, valid_until, status_url, status_due, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    OF_USER = "SELECT id, user_id, form, kind, issuer, discom_code, verdict, checks, claims, valid_from, valid_until, \
        status_url, suspended_at, revoked_at, created_at FROM credentials WHERE user_id = $1 AND deleted_at IS NULL AND id < $2 ORDER BY id DESC LIMIT $3";
    BY_ID = "SELECT id, user_id, form, kind, issuer, discom_code, verdict, checks, claims, valid_from, valid_until, \
        status_url, suspended_at, revoked_at, created_at FROM credentials WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL";
    DUE = "SELECT id, user_id, form, kind, issuer, discom_code, verdict, checks, claims, valid_from, valid_until, \
        status_url, suspended_at, revoked_at, created_at FROM credentials WHERE status_due <= $1 \
        AND deleted_at IS NULL AND (valid_until IS NULL OR valid_until > $1) ORDER BY status_due, id LIMIT $2";
    LOCK = "SELECT id, user_id, form, kind, issuer, discom_code, verdict, checks, claims, valid_from, valid_until, \
        status_url, suspended_at, revoked_at, created_at FROM credentials \
        WHERE id = $1 AND deleted_at IS NULL {FOR UPDATE}";
    DELETE = "UPDATE credentials SET deleted_at = $3, claims = NULL, status_url = NULL, status_due = NULL WHERE id = $1 AND user_id = $2 \
        AND deleted_at IS NULL";
    OPEN_HOUR = "INSERT INTO credential_hours (user_id, since, uploads) VALUES ($1, $2, 0) \
        ON CONFLICT (user_id) DO NOTHING";
    LOCK_HOUR = "SELECT since, uploads FROM credential_hours WHERE user_id = $1 {FOR UPDATE}";
    SET_HOUR = "UPDATE credential_hours SET since = $2, uploads = $3 WHERE user_id = $1";
}

/// Keeps a judgment; a verified credential is asked for again at `due`.
///
/// # Errors
/// The database's.
pub async fn insert(tx: &mut Tx, new: &NewCredential, due: Timestamp, now: Timestamp) -> Result<(), DbError> {
    let json = |text: Result<String, serde_json::Error>| text.map_err(|e| DbError::Other(e.to_string()));
    let claims = new.claims.as_ref().map(|claims| json(serde_json::to_string(claims))).transpose()?;
    let values = params![
        new.id,
        new.user_id,
        &new.digest,
        new.form,
        new.kind,
        new.issuer.clone(),
        new.discom.clone(),
        if new.verified { "verified" } else { "refused" },
        json(serde_json::to_string(&new.checks))?,
        claims,
        new.valid_from,
        new.valid_until,
        new.status_url.clone(),
        new.verified.then_some(due),
        now
    ];
    tx.execute(&INSERT, &values).await.map(drop)
}

/// Since when a user's files are counted, and how many there were, readable or not; under a lock of the row.
///
/// # Errors
/// The database's.
pub async fn lock_hour(tx: &mut Tx, user: Uuid, now: Timestamp) -> Result<(Timestamp, i64), DbError> {
    tx.execute(&OPEN_HOUR, &params![user, now]).await?;
    let row = tx.query_one(&LOCK_HOUR, &params![user]).await?;
    Ok((row.get("since")?, row.get("uploads")?))
}

/// Counts them so from now on; under the lock of [`lock_hour`].
///
/// # Errors
/// The database's.
pub async fn set_hour(tx: &mut Tx, user: Uuid, since: Timestamp, uploads: i64) -> Result<(), DbError> {
    tx.execute(&SET_HOUR, &params![user, since, uploads]).await.map(drop)
}

/// The user's credentials, newest first, those before `before`.
///
/// # Errors
/// The database's.
pub async fn of_user(
    tx: &mut Tx,
    user: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Stored>, DbError> {
    let before = before.unwrap_or(Uuid::max());
    tx.query(&OF_USER, &params![user, before, limit]).await?.iter().map(read).collect()
}

/// A credential of that user.
///
/// # Errors
/// The database's.
pub async fn find(tx: &mut Tx, user: Uuid, id: Uuid) -> Result<Option<Stored>, DbError> {
    tx.query_opt(&BY_ID, &params![id, user]).await?.as_ref().map(read).transpose()
}

/// Verified credentials whose revocation is to be asked for now, the longest due first.
///
/// # Errors
/// The database's.
pub async fn due(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<Stored>, DbError> {
    tx.query(&DUE, &params![now, limit]).await?.iter().map(read).collect()
}

/// Whether a credential still proves something, and keeps that so until the transaction ends.
///
/// # Errors
/// The database's.
pub async fn holds(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<bool, DbError> {
    let row = tx.query_opt(&LOCK, &params![id]).await?;
    Ok(row.as_ref().map(read).transpose()?.is_some_and(|credential| credential.holds_at(now)))
}

/// Takes a credential out of sight, and what it says out of the record; false when there is none of that user.
///
/// # Errors
/// The database's.
pub async fn delete(tx: &mut Tx, user: Uuid, id: Uuid, now: Timestamp) -> Result<bool, DbError> {
    Ok(tx.execute(&DELETE, &params![id, user, now]).await? == 1)
}

fn read(row: &Row) -> Result<Stored, DbError> {
    let broken = |error: serde_json::Error| DbError::Other(error.to_string());
    let checks: String = row.get("checks")?;
    let claims: Option<String> = row.get("claims")?;
    Ok(Stored {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        form: row.get("form")?,
        kind: row.get("kind")?,
        issuer: row.get("issuer")?,
        discom: row.get("discom_code")?,
        verified: row.get::<String>("verdict")? == "verified",
        checks: serde_json::from_str::<Vec<StoredCheck>>(&checks).map_err(broken)?,
        claims: claims.map(|text| serde_json::from_str::<Judged>(&text)).transpose().map_err(broken)?,
        valid_from: row.get("valid_from")?,
        valid_until: row.get("valid_until")?,
        status_url: row.get("status_url")?,
        suspended_at: row.get("suspended_at")?,
        revoked_at: row.get("revoked_at")?,
        created_at: row.get("created_at")?,
    })
}
