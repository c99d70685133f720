//! What happens to trust: opened, declared, moved by a delivery, a cancellation, meter data. Each function runs in the
//! caller's transaction; the row of the score is the last lock that it takes.

use db::{DbError, Tx};
use units::{IstMonth, Timestamp, WattHours};
use uuid::Uuid;

use super::error::TrustError;
use super::model::{self, Applied, Capacity, Cause, Change, Delivery, Score, Tier, Trade, Use, Verdict};
pub use super::provider::apply_provider_delivery;
use super::store;
pub use super::store::Shown;
use crate::config::TrustConfig;
use crate::events::fact::TrustChanged;
use crate::events::{self, Fact};

/// The round of a contract's first result.
const FIRST: i64 = 1;
/// Rows of a history that are read at once.
const PAGE: i64 = 1_000;

/// Records what a user's roof and household are said to do in a month, and opens the score of a new user. The
/// generators are read from the meters, not from here.
///
/// # Errors
/// A negative quantity, as a CHECK; the database's.
pub async fn declare(
    tx: &mut Tx,
    config: &TrustConfig,
    user: Uuid,
    capacity: &Capacity,
    now: Timestamp,
) -> Result<(), DbError> {
    store::declare(tx, user, capacity).await?;
    open(tx, config, user, now).await
}

/// What the user now says of production and consumption: none leaves it as it was, an inner none takes it back. What
/// was verified stays so only up to what was verified: a claim raises nothing.
///
/// # Errors
/// The database's.
pub async fn claim(
    tx: &mut Tx,
    config: &TrustConfig,
    user: Uuid,
    production: Option<Option<WattHours>>,
    consumption: Option<Option<WattHours>>,
    now: Timestamp,
) -> Result<(), DbError> {
    let mut capacity = store::capacity(tx, user).await?;
    let within = |new: Option<WattHours>, old: Option<WattHours>| new.zip(old).is_some_and(|(n, o)| n <= o);
    if let Some(new) = production {
        capacity.verified = capacity.verified && within(new, capacity.production);
        capacity.production = new;
    }
    if let Some(new) = consumption {
        capacity.consumption_claimed = capacity.consumption_claimed || !within(new, capacity.consumption);
        capacity.consumption = new;
    }
    declare(tx, config, user, &capacity, now).await
}

/// What roof and household are said to do in a month.
///
/// # Errors
/// The database's.
pub async fn capacity(tx: &mut Tx, user: Uuid) -> Result<Capacity, DbError> {
    store::capacity(tx, user).await
}

/// Gives a new user the first row of a history.
async fn open(tx: &mut Tx, config: &TrustConfig, user: Uuid, now: Timestamp) -> Result<(), DbError> {
    let opening = Change::opening(Score::clamped(config.default_score));
    if store::open_score(tx, user, opening.after, now).await? {
        store::append(tx, user, &opening, now).await?;
    }
    Ok(())
}

/// The score; that of a new user for one whose history has not begun.
///
/// # Errors
/// The database's.
pub async fn score(tx: &mut Tx, config: &TrustConfig, user: Uuid) -> Result<Score, DbError> {
    let known = store::score(tx, user).await?;
    Ok(known.map_or(Score::clamped(config.default_score), |(score, _)| score))
}

/// Applies the FINAL result of one side of a contract, once: shortfall moves the trust of the side that fell short, full
/// delivery raises it. For a correction see [`correct_delivery`].
///
/// # Errors
/// A negative quantity; the database's.
pub async fn apply_delivery(
    tx: &mut Tx,
    config: &TrustConfig,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<Applied, TrustError> {
    let verdict = model::judge(delivery, config)?;
    let trade = Trade { contract: delivery.contract, side: delivery.side };
    once(tx, config, delivery.user, trade, verdict, now).await
}

/// Applies a later revision of a result, above 1, as a compensating row: what the contract did so far is undone and the
/// new result done. A revision that is not above the last one changes nothing; one that changes nothing of the score
/// is kept as a row all the same. A contract without a result gets this one as its first.
///
/// # Errors
/// A negative quantity; a revision below 2; the database's.
pub async fn correct_delivery(
    tx: &mut Tx,
    config: &TrustConfig,
    delivery: &Delivery,
    revision: i64,
    now: Timestamp,
) -> Result<Applied, TrustError> {
    if revision <= FIRST {
        return Err(TrustError::OutOfRange);
    }
    let verdict = model::judge(delivery, config)?;
    let trade = Trade { contract: delivery.contract, side: delivery.side };
    open(tx, config, delivery.user, now).await?;
    let standing = store::lock_score(tx, delivery.user).await?;
    let rounds = store::of_contract(tx, trade).await?;
    let verdict = match rounds.last() {
        Some(last) if last.round >= Some(revision) || last.cause == Cause::Cancelled => {
            return Ok(Applied::Already);
        }
        Some(_) => {
            let so_far = rounds.iter().fold(0_i64, |sum, row| sum.saturating_add(row.effect()));
            model::correction(so_far, verdict)
        }
        None => verdict,
    };
    append(tx, delivery.user, standing, verdict, Some((trade, revision)), now).await
}

/// The user calls a confirmed contract off (ruling 17); the other side's trust does not change.
///
/// # Errors
/// The database's.
pub async fn apply_cancellation(
    tx: &mut Tx,
    config: &TrustConfig,
    user: Uuid,
    trade: Trade,
    now: Timestamp,
) -> Result<Applied, TrustError> {
    let verdict = Verdict::loss(Cause::Cancelled, config.cancel_penalty);
    once(tx, config, user, trade, verdict, now).await
}

/// The user's meter has given good data; once an account.
///
/// # Errors
/// The database's.
pub async fn apply_meter_bonus(
    tx: &mut Tx,
    config: &TrustConfig,
    user: Uuid,
    now: Timestamp,
) -> Result<Applied, TrustError> {
    open(tx, config, user, now).await?;
    let standing = store::lock_score(tx, user).await?;
    if store::has_meter_bonus(tx, user).await? {
        return Ok(Applied::Already);
    }
    append(tx, user, standing, Verdict::gain(Cause::MeterData, config.meter_bonus), None, now).await
}

/// Lowers the user's trust to a score, millionths, when it is above it.
///
/// # Errors
/// The database's.
pub async fn lower_to(
    tx: &mut Tx,
    config: &TrustConfig,
    user: Uuid,
    score: i64,
    now: Timestamp,
) -> Result<Applied, TrustError> {
    open(tx, config, user, now).await?;
    let standing = store::lock_score(tx, user).await?;
    let above = standing.0.millionths().saturating_sub(score);
    if above <= 0 {
        return Ok(Applied::Already);
    }
    append(tx, user, standing, Verdict::loss(Cause::Correction, above), None, now).await
}

/// One change per contract and side. The user's row is locked first, so whoever comes second sees the first.
async fn once(
    tx: &mut Tx,
    config: &TrustConfig,
    user: Uuid,
    trade: Trade,
    verdict: Verdict,
    now: Timestamp,
) -> Result<Applied, TrustError> {
    open(tx, config, user, now).await?;
    let standing = store::lock_score(tx, user).await?;
    if !store::of_contract(tx, trade).await?.is_empty() {
        return Ok(Applied::Already);
    }
    append(tx, user, standing, verdict, Some((trade, FIRST)), now).await
}

async fn append(
    tx: &mut Tx,
    user: Uuid,
    (before, seq): (Score, i64),
    verdict: Verdict,
    trade: Option<(Trade, i64)>,
    now: Timestamp,
) -> Result<Applied, TrustError> {
    let (trade, round) = trade.unzip();
    let change = Change::of(seq, before, verdict, trade, round);
    store::append(tx, user, &change, now).await?;
    let fact = Fact::TrustChanged(TrustChanged {
        cause: change.cause.as_str(),
        side: trade.map(|trade| trade.side.as_str()),
        score_before: change.before.to_string(),
        score: change.after.to_string(),
        tier: change.after.tier().as_str(),
        arithmetic: change.arithmetic.clone(),
    });
    events::tell(tx, user, EVENTS, &fact, now).await?;
    Ok(Applied::Changed(change))
}

/// Under what the events of trust stand in the place of a transaction: a change is of an account.
pub const EVENTS: &str = "trust";

/// Adds the history of a user up again, and compares it with the score: gives the score that both say.
///
/// # Errors
/// They differ, or a row is missing; the database's.
pub async fn rebuild(tx: &mut Tx, config: &TrustConfig, user: Uuid) -> Result<Score, TrustError> {
    let Some((stored, count)) = store::score(tx, user).await? else {
        return Ok(Score::clamped(config.default_score));
    };
    let (mut score, mut next) = (Score::clamped(0), 0_i64);
    loop {
        let rows = store::changes(tx, user, next, PAGE).await?;
        if rows.is_empty() {
            break;
        }
        score = model::fold(score, &rows)?;
        for row in &rows {
            if row.seq != next {
                return Err(TrustError::HistoryBroken);
            }
            next = next.saturating_add(1);
        }
    }
    if score == stored && next == count { Ok(score) } else { Err(TrustError::HistoryBroken) }
}

/// What is used of a month and what remains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    pub month: IstMonth,
    pub used: WattHours,
    pub remaining: WattHours,
}

/// One kind of trade, and how much of it is open to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The capacity that counts; none is unknown.
    pub counted: Option<WattHours>,
    /// What may be traded in a month.
    pub limit: WattHours,
    /// This month, and later ones of which something is used.
    pub months: Vec<Month>,
}

/// How a user stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub score: Score,
    pub capacity: Capacity,
    pub listing: Limit,
    pub purchase: Limit,
}

impl Standing {
    pub fn tier(&self) -> Tier {
        self.score.tier()
    }
}

/// How a user stands in that month, market time, and after it.
///
/// # Errors
/// The database's.
pub async fn standing(
    tx: &mut Tx,
    config: &TrustConfig,
    user: Uuid,
    this_month: IstMonth,
) -> Result<Standing, DbError> {
    let score = score(tx, config, user).await?;
    let capacity = store::capacity(tx, user).await?;
    let quotas = store::quotas(tx, user, this_month).await?;
    let of = |kind: Use| {
        let counted = capacity.counted(kind);
        let limit = model::limit(score, counted, config);
        let mut used: Vec<(IstMonth, WattHours)> =
            quotas.iter().filter(|(k, ..)| *k == kind).map(|(_, month, used)| (*month, *used)).collect();
        if used.first().is_none_or(|(month, _)| *month != this_month) {
            used.insert(0, (this_month, WattHours::ZERO));
        }
        let month = |(month, used): (IstMonth, WattHours)| {
            let rest = limit.checked_sub(used).unwrap_or(WattHours::ZERO);
            Month { month, used, remaining: rest.max(WattHours::ZERO) }
        };
        Limit { counted, limit, months: used.into_iter().map(month).collect() }
    };
    Ok(Standing { score, capacity, listing: of(Use::Listing), purchase: of(Use::Purchase) })
}

/// The rows of a history before that number, newest first.
///
/// # Errors
/// The database's.
pub async fn history(
    tx: &mut Tx,
    user: Uuid,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Shown>, DbError> {
    store::history(tx, user, before.unwrap_or(i64::MAX), limit).await
}

/// How many changes there were of which cause, for the metrics.
///
/// # Errors
/// The database's.
pub async fn count_causes(tx: &mut Tx) -> Result<Vec<(String, i64)>, DbError> {
    store::count_causes(tx).await
}
