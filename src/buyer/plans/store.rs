//! The SQL of plans. A plan is written over the revision that was read; its parts only together with it.

use db::{DbError, Row, Tx, params, sql};
use serde::Serialize;
use serde::de::DeserializeOwned;
use units::Timestamp;
use uuid::Uuid;

use super::model::{Part, PartState, Plan, PlanState};
use crate::buyer::store::read_failure;

sql! {
    INSERT = "INSERT INTO plans (id, user_id, search_id, state, wish, proposal, rounds, failures_seen, failure_code, \
        failure_message, revision, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $11)";
    FIND = "SELECT id, user_id, search_id, state, wish, proposal, rounds, failures_seen, failure_code, \
        failure_message, revision, created_at, updated_at FROM plans WHERE id = $1";
    OF_USER = "SELECT id, user_id, search_id, state, wish, proposal, rounds, failures_seen, failure_code, \
        failure_message, revision, created_at, updated_at FROM plans \
        WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    RUNNING = "SELECT id FROM plans WHERE state IN ('searching', 'reserving', 'confirming', 'cancelling') \
        ORDER BY id LIMIT $1";
    UPDATE = "UPDATE plans SET state = $3, proposal = $4, rounds = $5, failures_seen = $6, failure_code = $7, \
        failure_message = $8, updated_at = $9, revision = revision + 1 WHERE id = $1 AND revision = $2";
    PARTS = "SELECT transaction_id, round, bpp_id, offer_id, seller_meter, state, slots, merits, failure_code, \
        failure_message FROM plan_parts WHERE plan_id = $1 ORDER BY round, transaction_id";
    UPSERT_PART = "INSERT INTO plan_parts (transaction_id, plan_id, round, bpp_id, offer_id, seller_meter, state, \
        slots, merits, failure_code, failure_message, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (transaction_id) DO UPDATE SET \
        state = excluded.state, failure_code = excluded.failure_code, failure_message = excluded.failure_message";
    LAST_FOUND = "SELECT MAX(found_at) AS at FROM found_offers WHERE transaction_id = $1";
}

pub(super) async fn insert(tx: &mut Tx, plan: &Plan, now: Timestamp) -> Result<(), DbError> {
    let (code, message) = failure(plan.failure.as_ref());
    let values = params![
        plan.id,
        plan.user_id,
        &plan.search_id,
        plan.state.as_str(),
        text(&plan.wish)?,
        plan.proposal.as_ref().map(text).transpose()?,
        plan.rounds,
        plan.failures_seen,
        code,
        message,
        now
    ];
    tx.execute(&INSERT, &values).await.map(drop)
}

/// False when another change came first.
pub(super) async fn update(tx: &mut Tx, plan: &Plan, now: Timestamp) -> Result<bool, DbError> {
    let (code, message) = failure(plan.failure.as_ref());
    let values = params![
        plan.id,
        plan.revision,
        plan.state.as_str(),
        plan.proposal.as_ref().map(text).transpose()?,
        plan.rounds,
        plan.failures_seen,
        code,
        message,
        now
    ];
    Ok(tx.execute(&UPDATE, &values).await? == 1)
}

pub(super) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<(Plan, Vec<Part>)>, DbError> {
    let Some(row) = tx.query_opt(&FIND, &params![id]).await? else { return Ok(None) };
    Ok(Some((read(&row)?, parts(tx, id).await?)))
}

/// Newest first, those before `before`.
pub(super) async fn of_user(
    tx: &mut Tx,
    user_id: Uuid,
    before: &str,
    limit: i64,
) -> Result<Vec<(Plan, Vec<Part>)>, DbError> {
    let mut plans = Vec::new();
    for row in tx.query(&OF_USER, &params![user_id, before, limit]).await? {
        let plan = read(&row)?;
        let parts = parts(tx, plan.id).await?;
        plans.push((plan, parts));
    }
    Ok(plans)
}

pub(super) async fn running(tx: &mut Tx, limit: i64) -> Result<Vec<Uuid>, DbError> {
    tx.query(&RUNNING, &params![limit]).await?.iter().map(|row| row.get("id")).collect()
}

/// Writes a part, or its new state.
pub(super) async fn upsert_part(tx: &mut Tx, plan: Uuid, part: &Part, now: Timestamp) -> Result<(), DbError> {
    let (code, message) = failure(part.failure.as_ref());
    let values = params![
        &part.transaction_id,
        plan,
        part.round,
        &part.bpp_id,
        &part.offer_id,
        &part.seller_meter,
        part.state.as_str(),
        text(&part.slots)?,
        text(&part.merits)?,
        code,
        message,
        now
    ];
    tx.execute(&UPSERT_PART, &values).await.map(drop)
}

/// When the newest page of a search came.
pub(super) async fn last_found(tx: &mut Tx, search_id: &str) -> Result<Option<Timestamp>, DbError> {
    tx.query_one(&LAST_FOUND, &params![search_id]).await?.get("at")
}

async fn parts(tx: &mut Tx, plan: Uuid) -> Result<Vec<Part>, DbError> {
    let read = |row: &Row| -> Result<Part, DbError> {
        Ok(Part {
            transaction_id: row.get("transaction_id")?,
            round: row.get("round")?,
            bpp_id: row.get("bpp_id")?,
            offer_id: row.get("offer_id")?,
            seller_meter: row.get("seller_meter")?,
            state: PartState::parse(&row.get::<String>("state")?)?,
            slots: value(&row.get::<String>("slots")?)?,
            merits: value(&row.get::<String>("merits")?)?,
            failure: read_failure(row)?,
        })
    };
    tx.query(&PARTS, &params![plan]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Plan, DbError> {
    let proposal: Option<String> = row.get("proposal")?;
    Ok(Plan {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        search_id: row.get("search_id")?,
        state: PlanState::parse(&row.get::<String>("state")?)?,
        wish: value(&row.get::<String>("wish")?)?,
        proposal: proposal.as_deref().map(value).transpose()?,
        rounds: row.get("rounds")?,
        failures_seen: row.get("failures_seen")?,
        failure: read_failure(row)?,
        revision: row.get("revision")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn failure(failure: Option<&crate::contract::Failure>) -> (Option<String>, Option<String>) {
    (failure.map(|f| f.code.clone()), failure.map(|f| f.message.clone()))
}

fn text<T: Serialize>(value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::Other(error.to_string()))
}

fn value<T: DeserializeOwned>(text: &str) -> Result<T, DbError> {
    serde_json::from_str(text).map_err(|_| DbError::Other("a stored plan cannot be read".into()))
}
