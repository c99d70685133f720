//! The SQL of standing interests.

use db::{DbError, Row, Tx, params, sql};
use units::{Paise, Timestamp, WattHours};
use uuid::Uuid;

use super::service::Interest;

sql! {
    INSERT = "INSERT INTO interests (id, user_id, search_id, state, wish, buys, fresh, limit_wh, limit_paise, used_wh, \
        used_paise, plan_id, created_at, updated_at) VALUES ($1, $2, $3, 'active', $4, $5, 0, $6, $7, 0, 0, NULL, $8, $8)";
    FIND = "SELECT id, user_id, search_id, state, wish, buys, limit_wh, limit_paise, used_wh, used_paise, plan_id, \
        created_at FROM interests WHERE id = $1";
    OF_USER = "SELECT id, user_id, search_id, state, wish, buys, limit_wh, limit_paise, used_wh, used_paise, plan_id, \
        created_at FROM interests WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    ACTIVE = "SELECT id, user_id, search_id, state, wish, buys, limit_wh, limit_paise, used_wh, used_paise, plan_id, \
        created_at FROM interests WHERE state = 'active' AND id > $1 ORDER BY id LIMIT $2";
    READY = "SELECT id, user_id, search_id, state, wish, buys, limit_wh, limit_paise, used_wh, used_paise, plan_id, \
        created_at FROM interests WHERE state = 'active' AND buys = 1 AND fresh = 1 AND plan_id IS NULL \
        ORDER BY id LIMIT $1";
    BUYING = "SELECT id, user_id, search_id, state, wish, buys, limit_wh, limit_paise, used_wh, used_paise, plan_id, \
        created_at FROM interests WHERE plan_id IS NOT NULL ORDER BY id LIMIT $1";
    COUNT_OF_USER = "SELECT COUNT(*) AS n FROM interests WHERE user_id = $1 AND state = 'active'";
    CLOSE = "UPDATE interests SET state = 'closed', updated_at = $2 WHERE id = $1";
    FRESH = "UPDATE interests SET fresh = $2, updated_at = $3 WHERE id = $1";
    TAKE = "UPDATE interests SET used_wh = used_wh + $2, used_paise = used_paise + $3, plan_id = $4, fresh = 0, \
        updated_at = $5 WHERE id = $1 AND state = 'active' AND plan_id IS NULL \
        AND used_wh + $2 <= limit_wh AND used_paise + $3 <= limit_paise";
    GIVE_BACK = "UPDATE interests SET used_wh = used_wh - $3, used_paise = used_paise - $4, plan_id = NULL, \
        updated_at = $5 WHERE id = $1 AND plan_id = $2";
    OLDEST_ACTIVE = "SELECT MIN(created_at) AS at FROM interests WHERE state = 'active'";
    SUBSCRIPTION = "SELECT subscription_id, checked_at, catch_up_id, catch_up_asked_at, caught_up_at \
        FROM catalog_subscriptions WHERE service_id = $1";
    SUBSCRIBED = "INSERT INTO catalog_subscriptions (service_id, subscription_id, created_at, checked_at, catch_up_id) \
        VALUES ($1, $2, $3, $3, $4) ON CONFLICT (service_id) DO UPDATE SET \
        subscription_id = excluded.subscription_id, checked_at = excluded.checked_at, \
        catch_up_id = excluded.catch_up_id, catch_up_asked_at = NULL, caught_up_at = NULL";
    CHECKED = "UPDATE catalog_subscriptions SET checked_at = $3 WHERE service_id = $1 AND subscription_id = $2";
    CATCH_UP_ASKED = "UPDATE catalog_subscriptions SET catch_up_asked_at = $3 \
        WHERE service_id = $1 AND catch_up_id = $2 AND caught_up_at IS NULL";
    CATCH_UP = "SELECT service_id FROM catalog_subscriptions WHERE catch_up_id = $1";
    CAUGHT_UP = "UPDATE catalog_subscriptions SET caught_up_at = $2 WHERE catch_up_id = $1 AND caught_up_at IS NULL";
    UNSUBSCRIBED = "DELETE FROM catalog_subscriptions WHERE service_id = $1";
}

pub(super) async fn insert(tx: &mut Tx, interest: &Interest, now: Timestamp) -> Result<(), DbError> {
    let wish = serde_json::to_string(&interest.wish).map_err(|error| DbError::Other(error.to_string()))?;
    let values = params![
        interest.id,
        interest.user_id,
        &interest.search_id,
        wish,
        interest.buys,
        interest.limit,
        interest.limit_amount,
        now
    ];
    tx.execute(&INSERT, &values).await.map(drop)
}

pub(super) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Interest>, DbError> {
    tx.query_opt(&FIND, &params![id]).await?.as_ref().map(read).transpose()
}

pub(super) async fn of_user(
    tx: &mut Tx,
    user_id: Uuid,
    before: &str,
    limit: i64,
) -> Result<Vec<Interest>, DbError> {
    tx.query(&OF_USER, &params![user_id, before, limit]).await?.iter().map(read).collect()
}

/// Those after `after`, in the order of their ids.
pub(super) async fn active(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<Interest>, DbError> {
    tx.query(&ACTIVE, &params![after, limit]).await?.iter().map(read).collect()
}

/// Those that may buy now.
pub(super) async fn ready(tx: &mut Tx, limit: i64) -> Result<Vec<Interest>, DbError> {
    tx.query(&READY, &params![limit]).await?.iter().map(read).collect()
}

/// Those with a plan under way.
pub(super) async fn buying(tx: &mut Tx, limit: i64) -> Result<Vec<Interest>, DbError> {
    tx.query(&BUYING, &params![limit]).await?.iter().map(read).collect()
}

pub(super) async fn count_of_user(tx: &mut Tx, user_id: Uuid) -> Result<i64, DbError> {
    tx.query_one(&COUNT_OF_USER, &params![user_id]).await?.get("n")
}

pub(super) async fn close(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<(), DbError> {
    tx.execute(&CLOSE, &params![id, now]).await.map(drop)
}

pub(super) async fn set_fresh(tx: &mut Tx, id: Uuid, fresh: bool, now: Timestamp) -> Result<(), DbError> {
    tx.execute(&FRESH, &params![id, fresh, now]).await.map(drop)
}

/// Counts energy and money for a plan. False when they are beyond the limits, or another plan is under way.
pub(super) async fn take(
    tx: &mut Tx,
    id: Uuid,
    energy: WattHours,
    amount: Paise,
    plan: Uuid,
    now: Timestamp,
) -> Result<bool, DbError> {
    Ok(tx.execute(&TAKE, &params![id, energy, amount, plan, now]).await? == 1)
}

/// Gives back what the plan did not need. False when that was done before.
pub(super) async fn give_back(
    tx: &mut Tx,
    id: Uuid,
    plan: Uuid,
    energy: WattHours,
    amount: Paise,
    now: Timestamp,
) -> Result<bool, DbError> {
    Ok(tx.execute(&GIVE_BACK, &params![id, plan, energy, amount, now]).await? == 1)
}

/// Since when somebody has waited.
pub(super) async fn oldest_active(tx: &mut Tx) -> Result<Option<Timestamp>, DbError> {
    tx.query_one(&OLDEST_ACTIVE, &params![]).await?.get("at")
}

/// Our subscription as it was last seen.
#[derive(Clone, Debug)]
pub(super) struct Subscribed {
    pub(super) id: String,
    pub(super) checked_at: Timestamp,
    /// The transaction of the search for what was missed; none when nothing was.
    pub(super) catch_up_id: Option<String>,
    pub(super) catch_up_asked_at: Option<Timestamp>,
    pub(super) caught_up_at: Option<Timestamp>,
}

pub(super) async fn subscription(tx: &mut Tx, service: &str) -> Result<Option<Subscribed>, DbError> {
    let Some(row) = tx.query_opt(&SUBSCRIPTION, &params![service]).await? else { return Ok(None) };
    Ok(Some(Subscribed {
        id: row.get("subscription_id")?,
        checked_at: row.get("checked_at")?,
        catch_up_id: row.get("catch_up_id")?,
        catch_up_asked_at: row.get("catch_up_asked_at")?,
        caught_up_at: row.get("caught_up_at")?,
    }))
}

/// `catch_up` is the transaction of the search for what was missed.
pub(super) async fn subscribed(
    tx: &mut Tx,
    service: &str,
    id: &str,
    catch_up: Option<&str>,
    now: Timestamp,
) -> Result<(), DbError> {
    tx.execute(&SUBSCRIBED, &params![service, id, now, catch_up]).await.map(drop)
}

pub(super) async fn checked(tx: &mut Tx, service: &str, id: &str, now: Timestamp) -> Result<(), DbError> {
    tx.execute(&CHECKED, &params![service, id, now]).await.map(drop)
}

/// False when it was answered before.
pub(super) async fn catch_up_asked(
    tx: &mut Tx,
    service: &str,
    catch_up: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    Ok(tx.execute(&CATCH_UP_ASKED, &params![service, catch_up, now]).await? == 1)
}

/// That transaction is a search for what was missed.
pub(super) async fn is_catch_up(tx: &mut Tx, transaction_id: &str) -> Result<bool, DbError> {
    Ok(tx.query_opt(&CATCH_UP, &params![transaction_id]).await?.is_some())
}

pub(super) async fn caught_up(tx: &mut Tx, transaction_id: &str, now: Timestamp) -> Result<(), DbError> {
    tx.execute(&CAUGHT_UP, &params![transaction_id, now]).await.map(drop)
}

pub(super) async fn unsubscribed(tx: &mut Tx, service: &str) -> Result<(), DbError> {
    tx.execute(&UNSUBSCRIBED, &params![service]).await.map(drop)
}

fn read(row: &Row) -> Result<Interest, DbError> {
    let wish: String = row.get("wish")?;
    Ok(Interest {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        search_id: row.get("search_id")?,
        active: row.get::<String>("state")? == "active",
        wish: serde_json::from_str(&wish)
            .map_err(|_| DbError::Other("a stored interest cannot be read".into()))?,
        buys: row.get("buys")?,
        limit: row.get("limit_wh")?,
        limit_amount: row.get("limit_paise")?,
        used: row.get("used_wh")?,
        used_amount: row.get("used_paise")?,
        plan_id: row.get("plan_id")?,
        created_at: row.get("created_at")?,
    })
}
