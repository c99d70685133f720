//! The SQL of webhooks and deliveries. The row of a delivery is first written by [`crate::events`].

use db::{DbError, Row, Tx, sql};
use units::Timestamp;
use uuid::Uuid;

use super::model::{Delivery, DeliveryState, State, Webhook};

sql! {
    INSERT = "INSERT INTO webhooks (id, user_id, url, description, state, generation, secret_check, failures, \
        retry_at, created_at, updated_at, api_token) VALUES ($1, $2, $3, $4, 'active', 1, $5, 0, $6, $6, $6, $7)";
    UPDATE = "UPDATE webhooks SET url = $2, description = $3, state = $4, reason = $5, generation = $6, \
        rotated_at = $7, secret_check = $8, failures = $9, failing_since = $10, retry_at = $11, updated_at = $12, \
        api_token = $13 WHERE id = $1";
    COUNT = "SELECT COUNT(*) AS n FROM webhooks WHERE user_id = $1";
    COUNT_ACTIVE = "SELECT COUNT(*) AS n FROM webhooks w WHERE w.user_id = $1 AND w.state = 'active' \
        AND (w.api_token IS NULL OR EXISTS (SELECT 1 FROM api_tokens t WHERE t.id = w.api_token \
        AND t.revoked_at IS NULL AND t.expires_at > $2))";
    FIND = "SELECT id, user_id, url, description, state, reason, generation, rotated_at, secret_check, failures, \
        failing_since, retry_at, created_at, updated_at, api_token FROM webhooks WHERE id = $1";
    LOCK = "SELECT id, user_id, url, description, state, reason, generation, rotated_at, secret_check, failures, \
        failing_since, retry_at, created_at, updated_at, api_token FROM webhooks WHERE id = $1 {FOR UPDATE}";
    OF_USER = "SELECT id, user_id, url, description, state, reason, generation, rotated_at, secret_check, failures, \
        failing_since, retry_at, created_at, updated_at, api_token FROM webhooks WHERE user_id = $1 AND id < $2 \
        ORDER BY id DESC LIMIT $3";
    IDS = "SELECT id FROM webhooks WHERE id > $1 ORDER BY id LIMIT $2";
    LOCK_USER = "SELECT id FROM users WHERE id = $1 {FOR UPDATE}";
    DELETE = "DELETE FROM webhooks WHERE id = $1";
    FILTERS = "SELECT pattern FROM webhook_filters WHERE webhook = $1 ORDER BY pattern";
    INSERT_FILTER = "INSERT INTO webhook_filters (webhook, pattern) VALUES ($1, $2)";
    DELETE_FILTERS = "DELETE FROM webhook_filters WHERE webhook = $1";
    DELETE_DELIVERIES = "DELETE FROM webhook_deliveries WHERE webhook = $1";
    // The oldest few of each webhook that may be called. Nothing goes out for a user who is locked; once unlocked he gets
    // what was not forgotten meanwhile. Nothing goes out for an API token that is not good any more.
    DUE = "SELECT r.webhook, r.event, r.attempts, r.failures FROM (SELECT d.webhook, d.event, d.attempts, w.failures, \
        ROW_NUMBER() OVER (PARTITION BY d.webhook ORDER BY d.due_at, d.event) AS place FROM webhooks w \
        JOIN users u ON u.id = w.user_id AND u.locked_at IS NULL \
        JOIN webhook_deliveries d ON d.webhook = w.id AND d.state = 'pending' AND d.due_at <= $1 \
        WHERE w.state = 'active' AND w.retry_at <= $1 AND (w.api_token IS NULL OR EXISTS (SELECT 1 FROM api_tokens t \
        WHERE t.id = w.api_token AND t.revoked_at IS NULL AND t.expires_at > $1))) AS r WHERE r.place <= $2 ORDER BY r.place LIMIT $3";
    CLAIM = "UPDATE webhook_deliveries SET attempts = attempts + 1, due_at = $3 \
        WHERE webhook = $1 AND event = $2 AND state = 'pending' AND due_at <= $4 AND NOT EXISTS (SELECT 1 \
        FROM webhooks w JOIN users u ON u.id = w.user_id WHERE w.id = $1 AND (u.locked_at IS NOT NULL \
        OR w.api_token IS NOT NULL AND NOT EXISTS (SELECT 1 FROM api_tokens t WHERE t.id = w.api_token \
        AND t.revoked_at IS NULL AND t.expires_at > $4)))";
    TOKEN_OVER = "SELECT 1 AS over FROM webhooks w WHERE w.id = $1 AND w.api_token IS NOT NULL AND NOT EXISTS \
        (SELECT 1 FROM api_tokens t WHERE t.id = w.api_token AND t.revoked_at IS NULL AND t.expires_at > $2)";
    EVENT = "SELECT transaction_id, kind, payload, at FROM events WHERE seq = $1";
    // What was replayed while it was under way is still to be sent.
    END = "UPDATE webhook_deliveries SET state = $3, status = $4, error = $5, ended_at = $6 \
        WHERE webhook = $1 AND event = $2 AND state = 'pending' AND due_at = $7";
    POSTPONE = "UPDATE webhook_deliveries SET due_at = $3, status = $4, error = $5 \
        WHERE webhook = $1 AND event = $2 AND state = 'pending' AND due_at = $6";
    DELIVERIES = "SELECT d.webhook, d.event, e.kind, d.state, d.attempts, d.due_at, d.status, d.error, d.created_at, \
        d.ended_at FROM webhook_deliveries d JOIN events e ON e.seq = d.event \
        WHERE d.webhook = $1 AND d.event < $2 ORDER BY d.event DESC LIMIT $3";
    AGAIN = "INSERT INTO webhook_deliveries (webhook, event, state, attempts, due_at, created_at) \
        VALUES ($1, $2, 'pending', 0, $3, $3) ON CONFLICT (webhook, event) DO UPDATE SET state = 'pending', \
        attempts = 0, due_at = excluded.due_at, created_at = excluded.created_at, ended_at = NULL";
    WAITING = "SELECT COUNT(*) AS n FROM webhook_deliveries WHERE webhook = $1 AND state = 'pending'";
    FORGET_OLD = "DELETE FROM webhook_deliveries WHERE webhook = $1 AND state <> 'pending' AND ended_at < $2";
    FORGET_MANY = "DELETE FROM webhook_deliveries WHERE webhook = $1 AND state <> 'pending' AND event <= \
        (SELECT MIN(k.event) - 1 FROM (SELECT event FROM webhook_deliveries WHERE webhook = $1 \
        AND state <> 'pending' ORDER BY event DESC LIMIT $2) AS k)";
    FORGET_WAITING = "DELETE FROM webhook_deliveries WHERE webhook = $1 AND state = 'pending' AND created_at < $2";
}

fn webhook(row: &Row, filters: Vec<String>) -> Result<Webhook, DbError> {
    Ok(Webhook {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        url: row.get("url")?,
        description: row.get("description")?,
        filters,
        state: State::parse(&row.get::<String>("state")?)?,
        reason: row.get("reason")?,
        generation: row.get("generation")?,
        rotated_at: row.get("rotated_at")?,
        api_token: row.get("api_token")?,
        secret_check: row.get("secret_check")?,
        failures: row.get("failures")?,
        failing_since: row.get("failing_since")?,
        retry_at: row.get("retry_at")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

async fn with_filters(tx: &mut Tx, row: &Row) -> Result<Webhook, DbError> {
    let id: Uuid = row.get("id")?;
    let filters = tx.query(&FILTERS, &[id.into()]).await?;
    webhook(row, filters.iter().map(|row| row.get("pattern")).collect::<Result<_, _>>()?)
}

/// Serializes the writers of one user's webhooks, so that their number is exact.
pub(super) async fn lock_user(tx: &mut Tx, user: Uuid) -> Result<(), DbError> {
    tx.query(&LOCK_USER, &[user.into()]).await.map(|_| ())
}

pub(super) async fn count(tx: &mut Tx, user: Uuid) -> Result<i64, DbError> {
    tx.query_one(&COUNT, &[user.into()]).await?.get("n")
}

pub(super) async fn count_active(tx: &mut Tx, user: Uuid, now: Timestamp) -> Result<i64, DbError> {
    tx.query_one(&COUNT_ACTIVE, &[user.into(), now.into()]).await?.get("n")
}

/// Whether the API token that it hangs on is not good any more.
pub(super) async fn token_over(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<bool, DbError> {
    Ok(tx.query_opt(&TOKEN_OVER, &[id.into(), now.into()]).await?.is_some())
}

pub(super) async fn insert(tx: &mut Tx, webhook: &Webhook) -> Result<(), DbError> {
    let params = [
        webhook.id.into(),
        webhook.user_id.into(),
        webhook.url.as_str().into(),
        webhook.description.clone().into(),
        webhook.secret_check.as_str().into(),
        webhook.created_at.into(),
        webhook.api_token.into(),
    ];
    tx.execute(&INSERT, &params).await?;
    insert_filters(tx, webhook).await
}

async fn insert_filters(tx: &mut Tx, webhook: &Webhook) -> Result<(), DbError> {
    for filter in &webhook.filters {
        tx.execute(&INSERT_FILTER, &[webhook.id.into(), filter.as_str().into()]).await?;
    }
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, webhook: &Webhook) -> Result<(), DbError> {
    let params = [
        webhook.id.into(),
        webhook.url.as_str().into(),
        webhook.description.clone().into(),
        webhook.state.as_str().into(),
        webhook.reason.clone().into(),
        webhook.generation.into(),
        webhook.rotated_at.into(),
        webhook.secret_check.as_str().into(),
        webhook.failures.into(),
        webhook.failing_since.into(),
        webhook.retry_at.into(),
        webhook.updated_at.into(),
        webhook.api_token.into(),
    ];
    tx.execute(&UPDATE, &params).await.map(|_| ())
}

pub(super) async fn replace_filters(tx: &mut Tx, webhook: &Webhook) -> Result<(), DbError> {
    tx.execute(&DELETE_FILTERS, &[webhook.id.into()]).await?;
    insert_filters(tx, webhook).await
}

pub(super) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Webhook>, DbError> {
    match tx.query_opt(&FIND, &[id.into()]).await? {
        Some(row) => with_filters(tx, &row).await.map(Some),
        None => Ok(None),
    }
}

/// Under a row lock.
pub(super) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Webhook>, DbError> {
    match tx.query_opt(&LOCK, &[id.into()]).await? {
        Some(row) => with_filters(tx, &row).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn of_user(
    tx: &mut Tx,
    user: Uuid,
    before: &str,
    limit: i64,
) -> Result<Vec<Webhook>, DbError> {
    let rows = tx.query(&OF_USER, &[user.into(), before.into(), limit.into()]).await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        all.push(with_filters(tx, row).await?);
    }
    Ok(all)
}

/// Ids after this one, in their order.
pub(super) async fn ids(tx: &mut Tx, after: Uuid, limit: i64) -> Result<Vec<Uuid>, DbError> {
    tx.query(&IDS, &[after.into(), limit.into()]).await?.iter().map(|row| row.get("id")).collect()
}

pub(super) async fn delete(tx: &mut Tx, id: Uuid) -> Result<(), DbError> {
    for statement in [&DELETE_DELIVERIES, &DELETE_FILTERS, &DELETE] {
        tx.execute(statement, &[id.into()]).await?;
    }
    Ok(())
}

/// A delivery that may be sent now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) webhook: Uuid,
    pub(super) event: i64,
    pub(super) attempts: i64,
    /// Failures of its webhook in a row.
    pub(super) failures: i64,
}

pub(super) async fn due(tx: &mut Tx, now: Timestamp, each: i64, limit: i64) -> Result<Vec<Due>, DbError> {
    let read = |row: &Row| {
        Ok(Due {
            webhook: row.get("webhook")?,
            event: row.get("event")?,
            attempts: row.get("attempts")?,
            failures: row.get("failures")?,
        })
    };
    tx.query(&DUE, &[now.into(), each.into(), limit.into()]).await?.iter().map(read).collect()
}

/// False when somebody else was faster.
pub(super) async fn claim(tx: &mut Tx, due: &Due, lease: Timestamp, now: Timestamp) -> Result<bool, DbError> {
    let params = [due.webhook.into(), due.event.into(), lease.into(), now.into()];
    Ok(tx.execute(&CLAIM, &params).await? == 1)
}

pub(super) async fn event(tx: &mut Tx, seq: i64) -> Result<Option<crate::events::Event>, DbError> {
    let row = tx.query_opt(&EVENT, &[seq.into()]).await?;
    let read = |row: Row| {
        Ok(crate::events::Event {
            seq,
            transaction_id: row.get("transaction_id")?,
            kind: row.get("kind")?,
            payload: row.get("payload")?,
            at: row.get("at")?,
        })
    };
    row.map(read).transpose()
}

/// How an attempt ended, for the row of its delivery.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) webhook: Uuid,
    pub(super) event: i64,
    /// What the claim set: another value is another claim, or a replay.
    pub(super) lease: Timestamp,
    pub(super) status: Option<i64>,
    pub(super) error: Option<String>,
}

pub(super) async fn end(
    tx: &mut Tx,
    attempt: &Attempt,
    state: DeliveryState,
    now: Timestamp,
) -> Result<(), DbError> {
    let params = [
        attempt.webhook.into(),
        attempt.event.into(),
        state.as_str().into(),
        attempt.status.into(),
        attempt.error.clone().into(),
        now.into(),
        attempt.lease.into(),
    ];
    tx.execute(&END, &params).await.map(|_| ())
}

pub(super) async fn postpone(tx: &mut Tx, attempt: &Attempt, until: Timestamp) -> Result<(), DbError> {
    let params = [
        attempt.webhook.into(),
        attempt.event.into(),
        until.into(),
        attempt.status.into(),
        attempt.error.clone().into(),
        attempt.lease.into(),
    ];
    tx.execute(&POSTPONE, &params).await.map(|_| ())
}

pub(super) async fn deliveries(
    tx: &mut Tx,
    webhook: Uuid,
    before: i64,
    limit: i64,
) -> Result<Vec<Delivery>, DbError> {
    let read = |row: &Row| {
        Ok(Delivery {
            webhook: row.get("webhook")?,
            event: row.get("event")?,
            kind: row.get("kind")?,
            state: DeliveryState::parse(&row.get::<String>("state")?)?,
            attempts: row.get("attempts")?,
            due_at: row.get("due_at")?,
            status: row.get("status")?,
            error: row.get("error")?,
            created_at: row.get("created_at")?,
            ended_at: row.get("ended_at")?,
        })
    };
    tx.query(&DELIVERIES, &[webhook.into(), before.into(), limit.into()]).await?.iter().map(read).collect()
}

/// Puts a delivery to its beginning, or makes it.
pub(super) async fn again(tx: &mut Tx, webhook: Uuid, event: i64, now: Timestamp) -> Result<(), DbError> {
    tx.execute(&AGAIN, &[webhook.into(), event.into(), now.into()]).await.map(|_| ())
}

pub(super) async fn waiting(tx: &mut Tx, webhook: Uuid) -> Result<i64, DbError> {
    tx.query_one(&WAITING, &[webhook.into()]).await?.get("n")
}

/// Forgets deliveries that ended before `since`, or are not among the newest `kept`; gives how many.
pub(super) async fn forget(tx: &mut Tx, webhook: Uuid, since: Timestamp, kept: i64) -> Result<u64, DbError> {
    let old = tx.execute(&FORGET_OLD, &[webhook.into(), since.into()]).await?;
    let waiting = tx.execute(&FORGET_WAITING, &[webhook.into(), since.into()]).await?;
    let many = tx.execute(&FORGET_MANY, &[webhook.into(), kept.into()]).await?;
    Ok(old.saturating_add(many).saturating_add(waiting))
}
