//! The SQL of bills. Each function is one step of its caller's transaction.

use db::{DbError, Row, Tx, params, sql};
use units::Timestamp;
use uuid::Uuid;

use super::model::{Bonus, NewDocument, Stored};

sql! {
    INSERT = "INSERT INTO meter_documents (id, user_id, digest, pages, grade, model, bonus, checks, reading, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    SET_BONUS = "UPDATE meter_documents SET bonus = $2 WHERE id = $1";
    OF_USER = "SELECT id, pages, grade, model, bonus, checks, reading, created_at FROM meter_documents \
        WHERE user_id = $1 AND deleted_at IS NULL AND id < $2 ORDER BY id DESC LIMIT $3";
    BY_ID = "SELECT id, pages, grade, model, bonus, checks, reading, created_at FROM meter_documents \
        WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL";
    DELETE = "UPDATE meter_documents SET deleted_at = $3, reading = NULL WHERE id = $1 AND user_id = $2 \
        AND deleted_at IS NULL";
    TAKE_BONUS = "INSERT INTO meter_bonuses (meter_key, user_id, digest, document, at) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT DO NOTHING";
    RIVALS = "SELECT meter_key, user_id FROM meter_bonuses WHERE user_id = $1 OR meter_key = $2 OR digest = $3";
    RETURN_BONUS = "DELETE FROM meter_bonuses WHERE document = $1";
    OPEN_DAY = "INSERT INTO meter_document_days (user_id, since, uploads) VALUES ($1, $2, 0) \
        ON CONFLICT (user_id) DO NOTHING";
    LOCK_DAY = "SELECT since, uploads FROM meter_document_days WHERE user_id = $1 {FOR UPDATE}";
    SET_DAY = "UPDATE meter_document_days SET since = $2, uploads = $3 WHERE user_id = $1";
}

/// Keeps a bill, at first without a bonus.
///
/// # Errors
/// The database's.
pub(super) async fn insert(
    tx: &mut Tx,
    new: &NewDocument,
    bonus: Bonus,
    now: Timestamp,
) -> Result<(), DbError> {
    let values = params![
        new.id,
        new.user_id,
        &new.digest,
        new.pages,
        new.grade.as_str(),
        new.model.as_str(),
        bonus.as_str(),
        &new.checks,
        &new.reading,
        now
    ];
    tx.execute(&INSERT, &values).await.map(drop)
}

pub(super) async fn set_bonus(tx: &mut Tx, document: Uuid, bonus: Bonus) -> Result<(), DbError> {
    tx.execute(&SET_BONUS, &params![document, bonus.as_str()]).await.map(drop)
}

/// Takes the bonus for an account, a meter and a document, unless one of them has had it: who waits for another
/// transaction that takes it sees what came of that.
pub(super) async fn take_bonus(
    tx: &mut Tx,
    new: &NewDocument,
    meter_key: &str,
    now: Timestamp,
) -> Result<Bonus, DbError> {
    let values = params![meter_key, new.user_id, &new.digest, new.id, now];
    if tx.execute(&TAKE_BONUS, &values).await? == 1 {
        return Ok(Bonus::Given);
    }
    let (mut account, mut meter) = (false, false);
    for row in tx.query(&RIVALS, &params![new.user_id, meter_key, &new.digest]).await? {
        account |= row.get::<Uuid>("user_id")? == new.user_id;
        meter |= row.get::<String>("meter_key")? == meter_key;
    }
    Ok(match (account, meter) {
        (true, _) => Bonus::AccountHadIt,
        (false, true) => Bonus::MeterHadIt,
        (false, false) => Bonus::DocumentHadIt,
    })
}

pub(super) async fn return_bonus(tx: &mut Tx, document: Uuid) -> Result<(), DbError> {
    tx.execute(&RETURN_BONUS, &params![document]).await.map(drop)
}

/// Since when a user's files are counted, and how many there were; under a lock of the row.
pub(super) async fn lock_day(tx: &mut Tx, user: Uuid, now: Timestamp) -> Result<(Timestamp, i64), DbError> {
    tx.execute(&OPEN_DAY, &params![user, now]).await?;
    let row = tx.query_one(&LOCK_DAY, &params![user]).await?;
    Ok((row.get("since")?, row.get("uploads")?))
}

pub(super) async fn set_day(tx: &mut Tx, user: Uuid, since: Timestamp, uploads: i64) -> Result<(), DbError> {
    tx.execute(&SET_DAY, &params![user, since, uploads]).await.map(drop)
}

pub(super) async fn of_user(
    tx: &mut Tx,
    user: Uuid,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Stored>, DbError> {
    tx.query(&OF_USER, &params![user, before, limit]).await?.iter().map(read).collect()
}

pub(super) async fn find(tx: &mut Tx, user: Uuid, id: Uuid) -> Result<Option<Stored>, DbError> {
    tx.query_opt(&BY_ID, &params![id, user]).await?.as_ref().map(read).transpose()
}

pub(super) async fn delete(tx: &mut Tx, user: Uuid, id: Uuid, now: Timestamp) -> Result<bool, DbError> {
    Ok(tx.execute(&DELETE, &params![id, user, now]).await? == 1)
}

fn read(row: &Row) -> Result<Stored, DbError> {
    // What a parser says of a text quotes it.
    let broken = |_| DbError::Other("a bill on record cannot be read".to_owned());
    Ok(Stored {
        id: row.get("id")?,
        pages: row.get("pages")?,
        grade: row.get("grade")?,
        model: row.get("model")?,
        bonus: row.get("bonus")?,
        checks: serde_json::from_str(&row.get::<String>("checks")?).map_err(broken)?,
        reading: serde_json::from_str(&row.get::<String>("reading")?).map_err(broken)?,
        created_at: row.get("created_at")?,
    })
}
