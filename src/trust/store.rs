//! The SQL of trust. A limit needs facts of three tables, so the capacity is read beside the meters of its user.

use db::{DbError, Row, Tx, params, sql};
use units::{IstMonth, Timestamp, WattHours};
use uuid::Uuid;

use super::model::{Capacity, Cause, Change, Score, Side, Trade, Use};
use super::provider::{ProviderDelivery, ProviderHistory};

sql! {
    DECLARE = "UPDATE users SET monthly_production_wh = $2, production_verified = $3, monthly_consumption_wh = $4, \
        consumption_claimed = $5 WHERE id = $1";
    CAPACITY = "SELECT u.monthly_production_wh, u.production_verified, u.monthly_consumption_wh, \
        u.consumption_claimed, \
        (SELECT CAST(COALESCE(SUM(l.sanctioned_load_w), 0) AS BIGINT) FROM meters l \
        WHERE l.user_id = u.id AND l.verified = 1) AS load_w, \
        (SELECT CAST(COALESCE(SUM(m.installed_capacity_w), 0) AS BIGINT) FROM meters m \
        WHERE m.user_id = u.id AND m.verified = 1) AS installed_w FROM users u WHERE u.id = $1";
    OPEN_SCORE = "INSERT INTO trust_scores (user_id, score, changes, updated_at) VALUES ($1, $2, 1, $3) \
        ON CONFLICT (user_id) DO NOTHING";
    SCORE = "SELECT score, changes FROM trust_scores WHERE user_id = $1";
    LOCK_SCORE = "SELECT score, changes FROM trust_scores WHERE user_id = $1 {FOR UPDATE}";
    SET_SCORE = "UPDATE trust_scores SET score = $2, changes = $3, updated_at = $4 WHERE user_id = $1";
    INSERT_CHANGE = "INSERT INTO trust_changes (user_id, seq, cause, contract, side, round, expected_wh, delivered_wh, \
        delta, score_before, score_after, arithmetic, at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    OF_CONTRACT = "SELECT seq, cause, contract, side, round, expected_wh, delivered_wh, delta, score_before, \
        score_after, arithmetic FROM trust_changes WHERE contract = $1 AND side = $2 ORDER BY round";
    METER_DATA = "SELECT seq FROM trust_changes WHERE user_id = $1 AND cause = 'meter_data'";
    ALL_CHANGES = "SELECT seq, cause, contract, side, round, expected_wh, delivered_wh, delta, score_before, \
        score_after, arithmetic FROM trust_changes WHERE user_id = $1 AND seq >= $2 ORDER BY seq LIMIT $3";
    HISTORY = "SELECT c.seq, c.cause, c.contract, c.side, c.round, c.expected_wh, c.delivered_wh, c.delta, \
        c.score_before, c.score_after, c.arithmetic, c.at, t.transaction_id FROM trust_changes c \
        LEFT JOIN contracts t ON t.id = c.contract WHERE c.user_id = $1 AND c.seq < $2 ORDER BY c.seq DESC LIMIT $3";
    COUNT_CAUSES = "SELECT cause, COUNT(*) AS n FROM trust_changes GROUP BY cause ORDER BY cause";
    OPEN_QUOTA = "INSERT INTO trade_quotas (user_id, kind, month, used_wh, ceiling_wh) VALUES ($1, $2, $3, 0, 0) \
        ON CONFLICT (user_id, kind, month) DO NOTHING";
    LOCK_QUOTA = "SELECT used_wh, ceiling_wh FROM trade_quotas WHERE user_id = $1 AND kind = $2 AND month = $3 \
        {FOR UPDATE}";
    SET_QUOTA = "UPDATE trade_quotas SET used_wh = $4, ceiling_wh = $5 WHERE user_id = $1 AND kind = $2 AND month = $3";
    QUOTAS = "SELECT kind, month, used_wh FROM trade_quotas WHERE user_id = $1 AND month >= $2 ORDER BY month, kind \
        LIMIT 24";
    PUT_PROVIDER = "INSERT INTO provider_history (bpp_id, meter_key, contract, revision, requested_wh, delivered_wh, \
        share, settled_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (bpp_id, meter_key, contract) \
        DO UPDATE SET revision = excluded.revision, requested_wh = excluded.requested_wh, \
        delivered_wh = excluded.delivered_wh, share = excluded.share, settled_at = excluded.settled_at \
        WHERE provider_history.revision < excluded.revision";
    PROVIDERS = "SELECT bpp_id, meter_key, COUNT(*) AS settled, CAST(COALESCE(SUM(share), 0) AS BIGINT) AS shares \
        FROM provider_history GROUP BY bpp_id, meter_key ORDER BY bpp_id, meter_key";
}

pub(super) async fn declare(tx: &mut Tx, user: Uuid, capacity: &Capacity) -> Result<(), DbError> {
    let claimed = capacity.consumption_claimed;
    let values = params![user, capacity.production, capacity.verified, capacity.consumption, claimed];
    tx.execute(&DECLARE, &values).await.map(drop)
}

pub(super) async fn capacity(tx: &mut Tx, user: Uuid) -> Result<Capacity, DbError> {
    let row = tx.query_one(&CAPACITY, &params![user]).await?;
    Ok(Capacity {
        production: row.get("monthly_production_wh")?,
        verified: row.get("production_verified")?,
        installed_w: row.get("installed_w")?,
        consumption: row.get("monthly_consumption_wh")?,
        consumption_claimed: row.get("consumption_claimed")?,
        load_w: row.get("load_w")?,
    })
}

/// False when the user has a score already.
pub(super) async fn open_score(
    tx: &mut Tx,
    user: Uuid,
    score: Score,
    now: Timestamp,
) -> Result<bool, DbError> {
    Ok(tx.execute(&OPEN_SCORE, &params![user, score.millionths(), now]).await? == 1)
}

/// A score, and how many rows its history has.
pub(super) async fn score(tx: &mut Tx, user: Uuid) -> Result<Option<(Score, i64)>, DbError> {
    tx.query_opt(&SCORE, &params![user]).await?.as_ref().map(read_score).transpose()
}

pub(super) async fn lock_score(tx: &mut Tx, user: Uuid) -> Result<(Score, i64), DbError> {
    read_score(&tx.query_one(&LOCK_SCORE, &params![user]).await?)
}

fn read_score(row: &Row) -> Result<(Score, i64), DbError> {
    Ok((Score::clamped(row.get("score")?), row.get("changes")?))
}

/// Adds a row to the history, and makes its result the score.
pub(super) async fn append(tx: &mut Tx, user: Uuid, change: &Change, now: Timestamp) -> Result<(), DbError> {
    let (contract, side) = change.trade.map(|trade| (trade.contract, trade.side.as_str())).unzip();
    let values = params![
        user,
        change.seq,
        change.cause.as_str(),
        contract,
        side,
        change.round,
        change.expected,
        change.delivered,
        change.delta,
        change.before.millionths(),
        change.after.millionths(),
        &change.arithmetic,
        now
    ];
    tx.execute(&INSERT_CHANGE, &values).await?;
    let count = change.seq.saturating_add(1);
    tx.execute(&SET_SCORE, &params![user, change.after.millionths(), count, now]).await.map(drop)
}

/// What a contract did to the trust of one side, in rounds.
pub(super) async fn of_contract(tx: &mut Tx, trade: Trade) -> Result<Vec<Change>, DbError> {
    let rows = tx.query(&OF_CONTRACT, &params![trade.contract, trade.side.as_str()]).await?;
    rows.iter().map(read_change).collect()
}

pub(super) async fn has_meter_bonus(tx: &mut Tx, user: Uuid) -> Result<bool, DbError> {
    Ok(tx.query_opt(&METER_DATA, &params![user]).await?.is_some())
}

/// Rows of a history from that number on, oldest first.
pub(super) async fn changes(tx: &mut Tx, user: Uuid, from: i64, limit: i64) -> Result<Vec<Change>, DbError> {
    tx.query(&ALL_CHANGES, &params![user, from, limit]).await?.iter().map(read_change).collect()
}

/// A row as its user sees it.
#[derive(Clone, Debug)]
pub struct Shown {
    pub change: Change,
    pub transaction_id: Option<String>,
    pub at: Timestamp,
}

pub(super) async fn history(tx: &mut Tx, user: Uuid, before: i64, limit: i64) -> Result<Vec<Shown>, DbError> {
    let shown = |row: &Row| {
        Ok(Shown {
            change: read_change(row)?,
            transaction_id: row.get("transaction_id")?,
            at: row.get("at")?,
        })
    };
    tx.query(&HISTORY, &params![user, before, limit]).await?.iter().map(shown).collect()
}

fn read_change(row: &Row) -> Result<Change, DbError> {
    let contract: Option<Uuid> = row.get("contract")?;
    let side = row.get::<Option<String>>("side")?.as_deref().map(Side::parse).transpose()?;
    Ok(Change {
        seq: row.get("seq")?,
        cause: Cause::parse(&row.get::<String>("cause")?)?,
        trade: contract.zip(side).map(|(contract, side)| Trade { contract, side }),
        round: row.get("round")?,
        expected: row.get("expected_wh")?,
        delivered: row.get("delivered_wh")?,
        delta: row.get("delta")?,
        before: Score::clamped(row.get("score_before")?),
        after: Score::clamped(row.get("score_after")?),
        arithmetic: row.get("arithmetic")?,
    })
}

pub(super) async fn count_causes(tx: &mut Tx) -> Result<Vec<(String, i64)>, DbError> {
    let rows = tx.query(&COUNT_CAUSES, &[]).await?;
    rows.iter().map(|row| Ok((row.get("cause")?, row.get("n")?))).collect()
}

/// What is used of a month, and the ceiling of the last consumption, under a row lock.
pub(super) async fn lock_quota(
    tx: &mut Tx,
    user: Uuid,
    kind: Use,
    month: &str,
) -> Result<(WattHours, WattHours), DbError> {
    tx.execute(&OPEN_QUOTA, &params![user, kind.as_str(), month]).await?;
    let row = tx.query_one(&LOCK_QUOTA, &params![user, kind.as_str(), month]).await?;
    Ok((row.get("used_wh")?, row.get("ceiling_wh")?))
}

pub(super) async fn set_quota(
    tx: &mut Tx,
    user: Uuid,
    kind: Use,
    month: &str,
    (used, ceiling): (WattHours, WattHours),
) -> Result<(), DbError> {
    tx.execute(&SET_QUOTA, &params![user, kind.as_str(), month, used, ceiling]).await.map(drop)
}

/// What is used of that month and later ones.
pub(super) async fn quotas(
    tx: &mut Tx,
    user: Uuid,
    from: IstMonth,
) -> Result<Vec<(Use, IstMonth, WattHours)>, DbError> {
    let read = |row: &Row| {
        let listing = row.get::<String>("kind")? == Use::Listing.as_str();
        let month = IstMonth::parse(&row.get::<String>("month")?);
        let month = month.map_err(|_| DbError::Other("a quota of no month".into()))?;
        Ok((if listing { Use::Listing } else { Use::Purchase }, month, row.get("used_wh")?))
    };
    tx.query(&QUOTAS, &params![user, from.to_string()]).await?.iter().map(read).collect()
}

/// False when that revision, or a later one, is there already.
pub(super) async fn put_provider(
    tx: &mut Tx,
    delivery: &ProviderDelivery,
    share: i64,
    now: Timestamp,
) -> Result<bool, DbError> {
    let values = params![
        &delivery.bpp_id,
        &delivery.meter_key,
        delivery.contract,
        delivery.revision,
        delivery.requested,
        delivery.round1,
        share,
        now
    ];
    Ok(tx.execute(&PUT_PROVIDER, &values).await? == 1)
}

/// How many contracts with each provider are settled, and the sum of the shares that came.
pub(super) async fn providers(tx: &mut Tx) -> Result<Vec<ProviderHistory>, DbError> {
    let read = |row: &db::Row| {
        Ok(ProviderHistory {
            provider: (row.get("bpp_id")?, row.get("meter_key")?),
            settled: row.get("settled")?,
            shares: row.get("shares")?,
        })
    };
    tx.query(&PROVIDERS, &[]).await?.iter().map(read).collect()
}
