//! The buyer's SQL: searches and what they found, changes under way, questions beside the trade.

use db::{DbError, Row, Tx, params, sql};
use units::Timestamp;
use uuid::Uuid;

use super::model::{Exchange, Search, SearchState};
use super::ranking::Place;
use crate::contract::{Failure, Side};

sql! {
    INSERT_SEARCH = "INSERT INTO searches (transaction_id, user_id, message_id, state, created_at) \
        VALUES ($1, $2, $3, 'sent', $4)";
    FIND_SEARCH = "SELECT transaction_id, user_id, message_id, state, failure_code, failure_message, created_at, \
        answered_at FROM searches WHERE transaction_id = $1";
    ANSWER_SEARCH = "UPDATE searches SET state = 'answered', failure_code = NULL, failure_message = NULL, \
        answered_at = COALESCE(answered_at, $2) WHERE transaction_id = $1";
    FAIL_SEARCH = "UPDATE searches SET state = 'failed', failure_code = $2, failure_message = $3, answered_at = $4 \
        WHERE transaction_id = $1 AND state = 'sent'";
    UNANSWERED = "SELECT transaction_id, user_id FROM searches WHERE state = 'sent' AND created_at <= $1 \
        ORDER BY created_at LIMIT $2";
    UPSERT_FOUND = "INSERT INTO found_offers (transaction_id, bpp_id, offer_id, bpp_uri, seller_meter, resource, offer, \
        found_at, place_lat, place_lon) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
        ON CONFLICT (transaction_id, bpp_id, offer_id) \
        DO UPDATE SET bpp_uri = excluded.bpp_uri, seller_meter = excluded.seller_meter, resource = excluded.resource, \
        offer = excluded.offer, found_at = excluded.found_at, place_lat = excluded.place_lat, \
        place_lon = excluded.place_lon";
    FOUND_OF_SEARCH = "SELECT transaction_id, bpp_id, bpp_uri, resource, offer, found_at, place_lat, place_lon FROM found_offers \
        WHERE transaction_id = $1 ORDER BY bpp_id, offer_id LIMIT $2";
    IS_FOUND = "SELECT offer, resource FROM found_offers WHERE transaction_id = $1 AND bpp_id = $2 AND offer_id = $3";
    COUNT_FOUND = "SELECT COUNT(*) AS n FROM found_offers WHERE transaction_id = $1";
    FOUND_OF_USER = "SELECT f.transaction_id, f.bpp_id, f.bpp_uri, f.resource, f.offer, f.found_at, f.place_lat, f.place_lon \
        FROM found_offers f JOIN searches s ON s.transaction_id = f.transaction_id \
        WHERE f.bpp_id = $2 AND f.offer_id = $3 AND s.user_id = $1 ORDER BY f.found_at DESC LIMIT 1";
    FIND_CHANGE = "SELECT action, phase, message_id, document FROM pending_changes WHERE contract = $1";
    UPSERT_CHANGE = "INSERT INTO pending_changes (contract, action, phase, message_id, document) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (contract) DO UPDATE SET action = excluded.action, \
        phase = excluded.phase, message_id = excluded.message_id, document = excluded.document";
    DELETE_CHANGE = "DELETE FROM pending_changes WHERE contract = $1";
    INSERT_EXCHANGE = "INSERT INTO exchanges (message_id, side, transaction_id, user_id, action, request, created_at) \
        VALUES ($1, 'buyer', $2, $3, $4, $5, $6)";
    FIND_EXCHANGE = "SELECT user_id, transaction_id FROM exchanges WHERE side = 'buyer' AND message_id = $1";
    ANSWER_EXCHANGE = "UPDATE exchanges SET response = $2, failure_code = $3, failure_message = $4, answered_at = $5 \
        WHERE side = 'buyer' AND message_id = $1";
    EXCHANGES = "SELECT message_id, action, request, response, failure_code, failure_message, created_at, answered_at \
        FROM exchanges WHERE side = 'buyer' AND transaction_id = $1 AND user_id = $2 \
        ORDER BY created_at DESC, message_id LIMIT $3";
}

pub(super) async fn insert_search(
    tx: &mut Tx,
    transaction_id: &str,
    user_id: Uuid,
    message_id: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    tx.execute(&INSERT_SEARCH, &params![transaction_id, user_id, message_id, now]).await.map(drop)
}

/// The search, and whose it is.
pub(super) async fn find_search(
    tx: &mut Tx,
    transaction_id: &str,
) -> Result<Option<(Uuid, Search)>, DbError> {
    let Some(row) = tx.query_opt(&FIND_SEARCH, &params![transaction_id]).await? else { return Ok(None) };
    let search = Search {
        transaction_id: row.get("transaction_id")?,
        message_id: row.get("message_id")?,
        state: SearchState::parse(&row.get::<String>("state")?),
        failure: read_failure(&row)?,
        created_at: row.get("created_at")?,
        answered_at: row.get("answered_at")?,
    };
    Ok(Some((row.get("user_id")?, search)))
}

/// A search that was given up is answered after all when its offers come late.
pub(super) async fn answer_search(tx: &mut Tx, transaction_id: &str, now: Timestamp) -> Result<(), DbError> {
    tx.execute(&ANSWER_SEARCH, &params![transaction_id, now]).await.map(drop)
}

/// False when it was answered or given up before.
pub(super) async fn fail_search(
    tx: &mut Tx,
    transaction_id: &str,
    failure: &Failure,
    now: Timestamp,
) -> Result<bool, DbError> {
    Ok(tx.execute(&FAIL_SEARCH, &params![transaction_id, &failure.code, &failure.message, now]).await? == 1)
}

/// Searches of before `sent_before` that nobody has answered, and whose they are.
pub(super) async fn unanswered(
    tx: &mut Tx,
    sent_before: Timestamp,
    limit: i64,
) -> Result<Vec<(String, Uuid)>, DbError> {
    let rows = tx.query(&UNANSWERED, &params![sent_before, limit]).await?;
    rows.iter().map(|row| Ok((row.get("transaction_id")?, row.get("user_id")?))).collect()
}

/// An offer as a search brought it; documents as bytes.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) transaction_id: String,
    pub(super) bpp_id: String,
    pub(super) bpp_uri: String,
    pub(super) resource: Vec<u8>,
    pub(super) offer: Vec<u8>,
    pub(super) found_at: Timestamp,
    /// Where the seller is, coarsely, if the catalog says it.
    pub(super) place: Option<Place>,
}

/// `key` is the offer's id and the seller's normalised meter. The newer page replaces the older.
pub(super) async fn upsert_found(tx: &mut Tx, found: &Found, key: (&str, &str)) -> Result<(), DbError> {
    let values = params![
        &found.transaction_id,
        &found.bpp_id,
        key.0,
        &found.bpp_uri,
        key.1,
        &found.resource,
        &found.offer,
        found.found_at,
        found.place.map(Place::lat),
        found.place.map(Place::lon)
    ];
    tx.execute(&UPSERT_FOUND, &values).await.map(drop)
}

/// The search has the offer just like that.
pub(super) async fn is_found(tx: &mut Tx, found: &Found, offer_id: &str) -> Result<bool, DbError> {
    let key = params![&found.transaction_id, &found.bpp_id, offer_id];
    let Some(row) = tx.query_opt(&IS_FOUND, &key).await? else { return Ok(false) };
    Ok(row.get::<Vec<u8>>("offer")? == found.offer && row.get::<Vec<u8>>("resource")? == found.resource)
}

pub(super) async fn count_found(tx: &mut Tx, transaction_id: &str) -> Result<i64, DbError> {
    tx.query_one(&COUNT_FOUND, &params![transaction_id]).await?.get("n")
}

pub(super) async fn found_of_search(
    tx: &mut Tx,
    transaction_id: &str,
    limit: i64,
) -> Result<Vec<Found>, DbError> {
    tx.query(&FOUND_OF_SEARCH, &params![transaction_id, limit]).await?.iter().map(read_found).collect()
}

/// The newest that any search of the user knows of that offer.
pub(super) async fn found_of_user(
    tx: &mut Tx,
    user_id: Uuid,
    bpp_id: &str,
    offer_id: &str,
) -> Result<Option<Found>, DbError> {
    let row = tx.query_opt(&FOUND_OF_USER, &params![user_id, bpp_id, offer_id]).await?;
    row.as_ref().map(read_found).transpose()
}

/// What a change does to the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangeKind {
    Cancel,
    Update,
}

/// How far a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The seller is asked what would happen.
    Preview,
    /// The seller is told to do it.
    Commit,
}

/// A change that was asked for and is not answered. At most one of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) kind: ChangeKind,
    pub(super) phase: Phase,
    /// Of our request under way.
    pub(super) message_id: String,
    /// The contract that was sent, JSON: what is committed is what was previewed.
    pub(super) document: Vec<u8>,
}

pub(super) async fn find_change(tx: &mut Tx, contract: Uuid) -> Result<Option<Change>, DbError> {
    let Some(row) = tx.query_opt(&FIND_CHANGE, &params![contract]).await? else { return Ok(None) };
    let update = row.get::<String>("action")? == "update";
    let commit = row.get::<String>("phase")? == "commit";
    Ok(Some(Change {
        kind: if update { ChangeKind::Update } else { ChangeKind::Cancel },
        phase: if commit { Phase::Commit } else { Phase::Preview },
        message_id: row.get("message_id")?,
        document: row.get("document")?,
    }))
}

pub(super) async fn upsert_change(tx: &mut Tx, contract: Uuid, change: &Change) -> Result<(), DbError> {
    let kind = if change.kind == ChangeKind::Update { "update" } else { "cancel" };
    let phase = if change.phase == Phase::Commit { "commit" } else { "preview" };
    tx.execute(&UPSERT_CHANGE, &params![contract, kind, phase, &change.message_id, &change.document])
        .await
        .map(drop)
}

pub(super) async fn delete_change(tx: &mut Tx, contract: Uuid) -> Result<(), DbError> {
    tx.execute(&DELETE_CHANGE, &params![contract]).await.map(drop)
}

/// A question to be stored.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) message_id: String,
    pub(super) transaction_id: String,
    pub(super) user_id: Uuid,
    pub(super) action: &'static str,
    pub(super) request: String,
}

pub(super) async fn insert_exchange(tx: &mut Tx, question: &Question, now: Timestamp) -> Result<(), DbError> {
    let values = params![
        &question.message_id,
        &question.transaction_id,
        question.user_id,
        question.action,
        &question.request,
        now
    ];
    tx.execute(&INSERT_EXCHANGE, &values).await.map(drop)
}

/// Whose question that was, and in which transaction.
pub(super) async fn find_exchange(tx: &mut Tx, message_id: &str) -> Result<Option<(Uuid, String)>, DbError> {
    let row = tx.query_opt(&FIND_EXCHANGE, &params![message_id]).await?;
    row.map(|row| Ok((row.get("user_id")?, row.get("transaction_id")?))).transpose()
}

pub(super) async fn answer_exchange(
    tx: &mut Tx,
    message_id: &str,
    response: Option<&str>,
    failure: Option<&Failure>,
    now: Timestamp,
) -> Result<(), DbError> {
    let (code, message) = (failure.map(|f| f.code.clone()), failure.map(|f| f.message.clone()));
    tx.execute(&ANSWER_EXCHANGE, &params![message_id, response, code, message, now]).await.map(drop)
}

pub(super) async fn exchanges(
    tx: &mut Tx,
    transaction_id: &str,
    user_id: Uuid,
    limit: i64,
) -> Result<Vec<Exchange>, DbError> {
    let read = |row: &Row| -> Result<Exchange, DbError> {
        Ok(Exchange {
            message_id: row.get("message_id")?,
            side: Side::Buyer,
            action: row.get("action")?,
            request: row.get("request")?,
            response: row.get("response")?,
            failure: read_failure(row)?,
            created_at: row.get("created_at")?,
            answered_at: row.get("answered_at")?,
        })
    };
    tx.query(&EXCHANGES, &params![transaction_id, user_id, limit]).await?.iter().map(read).collect()
}

pub(super) fn read_failure(row: &Row) -> Result<Option<Failure>, DbError> {
    let code: Option<String> = row.get("failure_code")?;
    let message: Option<String> = row.get("failure_message")?;
    Ok(code.map(|code| Failure { code, message: message.unwrap_or_default() }))
}

fn read_found(row: &Row) -> Result<Found, DbError> {
    let place = row.get::<Option<i64>>("place_lat")?.zip(row.get::<Option<i64>>("place_lon")?);
    Ok(Found {
        transaction_id: row.get("transaction_id")?,
        bpp_id: row.get("bpp_id")?,
        bpp_uri: row.get("bpp_uri")?,
        resource: row.get("resource")?,
        offer: row.get("offer")?,
        found_at: row.get("found_at")?,
        place: place.and_then(|(lat, lon)| Place::new(lat, lon)),
    })
}
