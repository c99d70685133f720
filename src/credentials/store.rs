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
    COUNT = "SELECT COUNT(*) AS n FROM credentials WHERE user_id = $1 AND created_at > $2";
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

/// How many credentials a user has handed in since then, deleted ones too.
///
/// # Errors
/// The database's.
pub async fn count_since(tx: &mut Tx, user: Uuid, since: Timestamp) -> Result<i64, DbError> {
    tx.query_one(&COUNT, &params![user, since]).await?.get("n")
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
