//! The arithmetic of trust, exact: scores in millionths, rounded half to even, clamped to 0 to 1 at each step. Pure.

use std::fmt;

use db::DbError;
use units::{WattHours, format_scaled};
use uuid::Uuid;

use super::error::TrustError;
use crate::config::TrustConfig;

/// A score of 1, in millionths.
pub const ONE: i64 = 1_000_000;
/// What an installed kilowatt may count for in a month while nobody has verified the production (ruling 23).
pub const UNVERIFIED_WH_PER_KW: i64 = 150_000;

/// How far a user is trusted: 0 to 1, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(i64);

impl Score {
    /// The nearest score.
    pub const fn clamped(millionths: i64) -> Self {
        Self(if millionths < 0 {
            0
        } else if millionths > ONE {
            ONE
        } else {
            millionths
        })
    }

    pub const fn millionths(self) -> i64 {
        self.0
    }

    /// The score after a change.
    #[must_use]
    pub const fn moved(self, delta: i64) -> Self {
        Self::clamped(self.0.saturating_add(delta))
    }

    pub fn tier(self) -> Tier {
        Tier::ALL.into_iter().rev().find(|tier| self >= tier.lowest()).unwrap_or(Tier::New)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal(self.0))
    }
}

/// Millionths as decimal text.
pub fn decimal(millionths: i64) -> String {
    format_scaled(millionths, 6)
}

/// A range of scores, and the share of the capacity that it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    New,
    Starter,
    Bronze,
    Silver,
    Gold,
    Platinum,
}

impl Tier {
    /// From the lowest.
    pub const ALL: [Tier; 6] =
        [Tier::New, Tier::Starter, Tier::Bronze, Tier::Silver, Tier::Gold, Tier::Platinum];

    /// Name, lowest score in millionths, percent.
    const fn row(self) -> (&'static str, &'static str, i64, i64) {
        match self {
            Tier::New => ("new", "New", 0, 10),
            Tier::Starter => ("starter", "Starter", 300_000, 10),
            Tier::Bronze => ("bronze", "Bronze", 500_000, 40),
            Tier::Silver => ("silver", "Silver", 700_000, 60),
            Tier::Gold => ("gold", "Gold", 850_000, 80),
            Tier::Platinum => ("platinum", "Platinum", 950_000, 100),
        }
    }

    /// As the client API writes it.
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// For people.
    pub const fn title(self) -> &'static str {
        self.row().1
    }

    /// The lowest score of the tier.
    pub const fn lowest(self) -> Score {
        Score(self.row().2)
    }

    /// How much of the monthly capacity may be traded.
    pub const fn percent(self) -> i64 {
        self.row().3
    }

    /// The tier above.
    pub fn next(self) -> Option<Tier> {
        Tier::ALL.into_iter().find(|tier| *tier > self)
    }
}

/// What a quota is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Energy put on sale, against the production.
    Listing,
    /// Energy bought, against the consumption.
    Purchase,
}

impl Use {
    pub const fn as_str(self) -> &'static str {
        match self {
            Use::Listing => "listing",
            Use::Purchase => "purchase",
        }
    }
}

/// What a user's roof and household are said to do in a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    pub production: Option<WattHours>,
    /// Somebody has checked the production.
    pub verified: bool,
    /// The generators of the user's verified meters, watts.
    pub installed_w: i64,
    pub consumption: Option<WattHours>,
    /// The consumption is only the user's word.
    pub consumption_claimed: bool,
    /// The sanctioned loads of the user's verified meters, watts.
    pub load_w: i64,
}

impl Capacity {
    /// What counts; none is an unknown capacity. An unverified production counts as far as its panels go, and the
    /// panels of verified meters count without one; a consumption that is only claimed, as far as the connection goes.
    pub fn counted(&self, kind: Use) -> Option<WattHours> {
        let known = match kind {
            Use::Purchase if !self.consumption_claimed => self.consumption,
            Use::Purchase => self.consumption.map(|consumption| consumption.min(most_of(self.load_w))),
            Use::Listing if self.verified => self.production,
            Use::Listing => {
                let most = most_of(self.installed_w);
                Some(self.production.map_or(most, |production| production.min(most)))
            }
        };
        known.filter(|capacity| *capacity > WattHours::ZERO)
    }
}

/// What so many watts may count for in a month while nobody has verified more.
fn most_of(watts: i64) -> WattHours {
    let wh = i128::from(watts.max(0)) * i128::from(UNVERIFIED_WH_PER_KW) / 1_000;
    WattHours::new(i64::try_from(wh).unwrap_or(i64::MAX))
}

/// What may be traded in a month; whole watt-hours, never more than the share.
pub fn limit(score: Score, counted: Option<WattHours>, config: &TrustConfig) -> WattHours {
    let Some(capacity) = counted else { return config.default_limit_kwh };
    let share = i128::from(capacity.get()) * i128::from(score.tier().percent()) / 100;
    // At most 100 % of an i64.
    i64::try_from(share).map_or(capacity, WattHours::new)
}

/// Which side of a contract the user had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Seller,
    Buyer,
}

impl Side {
    pub const fn as_str(self) -> &'static str {
        match self {
            Side::Seller => "seller",
            Side::Buyer => "buyer",
        }
    }

    /// # Errors
    /// Another text, which a CHECK of the table excludes.
    pub fn parse(text: &str) -> Result<Self, DbError> {
        match text {
            "seller" => Ok(Side::Seller),
            "buyer" => Ok(Side::Buyer),
            _ => Err(DbError::Other("unknown side".into())),
        }
    }
}

/// One side of one contract of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Our own id of our side of the contract.
    pub contract: Uuid,
    pub side: Side,
}

/// How a contract ended, summed over all its slots (ruling 26).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub user: Uuid,
    pub contract: Uuid,
    pub side: Side,
    /// What was contracted.
    pub requested: WattHours,
    /// What the seller's round allocated.
    pub round1: WattHours,
    /// What the buyer's round left of it: FINAL.
    pub round2: WattHours,
    /// An outage or a curtailment lay over what is missing: it costs nobody.
    pub outage: bool,
}

impl Delivery {
    /// What this side owed, and what of it came.
    ///
    /// # Errors
    /// A negative quantity.
    pub fn owed(&self) -> Result<(WattHours, WattHours), TrustError> {
        let all = [self.requested, self.round1, self.round2];
        if all.into_iter().any(|quantity| quantity < WattHours::ZERO) {
            return Err(TrustError::OutOfRange);
        }
        let round1 = self.round1.min(self.requested);
        Ok(match self.side {
            Side::Seller => (self.requested, round1),
            Side::Buyer => (round1, self.round2.min(round1)),
        })
    }
}

/// Why a score changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The score that the user began with.
    Opening,
    Delivered,
    Partial,
    Failed,
    /// Nothing was owed, or an outage was to blame.
    Excused,
    Cancelled,
    MeterData,
    /// A later revision of a result, in place of the earlier one.
    Correction,
}

impl Cause {
    pub const ALL: [Cause; 8] = [
        Cause::Opening,
        Cause::Delivered,
        Cause::Partial,
        Cause::Failed,
        Cause::Excused,
        Cause::Cancelled,
        Cause::MeterData,
        Cause::Correction,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Cause::Opening => "opening",
            Cause::Delivered => "delivered",
            Cause::Partial => "partial",
            Cause::Failed => "failed",
            Cause::Excused => "excused",
            Cause::Cancelled => "cancelled",
            Cause::MeterData => "meter_data",
            Cause::Correction => "correction",
        }
    }

    /// # Errors
    /// Another text, which a CHECK of the table excludes.
    pub fn parse(text: &str) -> Result<Self, DbError> {
        let unknown = || DbError::Other("unknown cause of a change of trust".into());
        Cause::ALL.into_iter().find(|cause| cause.as_str() == text).ok_or_else(unknown)
    }
}

/// What is to be done to a score, before it meets one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub cause: Cause,
    /// Millionths, before clamping.
    pub delta: i64,
    /// The delta as arithmetic: `+ 0.05`, `- 0.1 × (1 - 4.2/5)`.
    pub term: String,
    /// What was owed and what came, when it is about a delivery.
    pub owed: Option<(WattHours, WattHours)>,
}

impl Verdict {
    /// A bonus.
    pub fn gain(cause: Cause, bonus: i64) -> Self {
        Self { cause, delta: bonus, term: format!("+ {}", decimal(bonus)), owed: None }
    }

    /// A penalty, given as a positive number.
    pub fn loss(cause: Cause, penalty: i64) -> Self {
        Self { cause, delta: penalty.saturating_neg(), term: format!("- {}", decimal(penalty)), owed: None }
    }
}

/// What a delivery does to the trust of its side.
///
/// # Errors
/// A negative quantity.
pub fn judge(delivery: &Delivery, config: &TrustConfig) -> Result<Verdict, TrustError> {
    let (expected, delivered) = delivery.owed()?;
    let excused = Verdict { cause: Cause::Excused, delta: 0, term: "+ 0".to_owned(), owed: None };
    let verdict = if expected == WattHours::ZERO {
        excused
    } else if delivered == expected {
        Verdict::gain(Cause::Delivered, config.success_bonus)
    } else if delivery.outage {
        excused
    } else if delivered == WattHours::ZERO {
        Verdict::loss(Cause::Failed, config.failure_penalty)
    } else {
        let missing = i128::from(expected.get()) - i128::from(delivered.get());
        let penalty = i128::from(config.failure_penalty);
        let share = half_even(penalty * missing, i128::from(expected.get()));
        let term = format!(
            "- {} × (1 - {}/{})",
            decimal(config.failure_penalty),
            delivered.to_kwh_text(),
            expected.to_kwh_text()
        );
        // A share of an i64.
        let delta = i64::try_from(-share).map_err(|_| TrustError::OutOfRange)?;
        Verdict { cause: Cause::Partial, delta, term, owed: None }
    };
    Ok(Verdict { owed: Some((expected, delivered)), ..verdict })
}

/// The quotient to the nearest whole, halves to the even one. The divisor is positive.
pub fn half_even(dividend: i128, divisor: i128) -> i128 {
    let (floor, rest) = (dividend.div_euclid(divisor), dividend.rem_euclid(divisor));
    match (rest * 2).cmp(&divisor) {
        std::cmp::Ordering::Less => floor,
        std::cmp::Ordering::Greater => floor + 1,
        std::cmp::Ordering::Equal => floor + floor.rem_euclid(2),
    }
}

/// One row of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// 0 for the opening; grows by one.
    pub seq: i64,
    pub cause: Cause,
    pub trade: Option<Trade>,
    /// 1 for a contract's first result, then the revision of each correction.
    pub round: Option<i64>,
    pub expected: Option<WattHours>,
    pub delivered: Option<WattHours>,
    /// Millionths, before clamping.
    pub delta: i64,
    pub before: Score,
    pub after: Score,
    /// `0.3 + 0.05 = 0.35`
    pub arithmetic: String,
}

impl Change {
    /// The first row.
    pub fn opening(score: Score) -> Self {
        Self {
            seq: 0,
            cause: Cause::Opening,
            trade: None,
            round: None,
            expected: None,
            delivered: None,
            delta: score.millionths(),
            before: Score(0),
            after: score,
            arithmetic: format!("a new account starts at {score}"),
        }
    }

    /// The row that a verdict adds to a score.
    pub fn of(seq: i64, before: Score, verdict: Verdict, trade: Option<Trade>, round: Option<i64>) -> Self {
        let after = before.moved(verdict.delta);
        let free = before.millionths().saturating_add(verdict.delta);
        let mut arithmetic = format!("{before} {} = {}", verdict.term, decimal(free));
        if free != after.millionths() {
            arithmetic.push_str(&format!(", clamped to {after}"));
        }
        Self {
            seq,
            cause: verdict.cause,
            trade,
            round,
            expected: verdict.owed.map(|(expected, _)| expected),
            delivered: verdict.owed.map(|(_, delivered)| delivered),
            delta: verdict.delta,
            before,
            after,
            arithmetic,
        }
    }

    /// What it has moved, after clamping.
    pub fn effect(&self) -> i64 {
        self.after.millionths().saturating_sub(self.before.millionths())
    }
}

/// What became of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    Changed(Change),
    /// It had been applied before; nothing changed.
    Already,
}

/// What replaces the effect that a contract had so far by another verdict: undone exactly, then done anew.
pub fn correction(effect_so_far: i64, verdict: Verdict) -> Verdict {
    let delta = verdict.delta.saturating_sub(effect_so_far);
    let undo = if effect_so_far < 0 { "+" } else { "-" };
    let term = format!("{undo} {} {}", decimal(effect_so_far.saturating_abs()), verdict.term);
    Verdict { cause: Cause::Correction, delta, term, owed: verdict.owed }
}

/// Adds rows up again, each to what came before it.
///
/// # Errors
/// A row is missing, or says another score than the rows before it give.
pub fn fold<'c>(start: Score, rows: impl IntoIterator<Item = &'c Change>) -> Result<Score, TrustError> {
    let mut score = start;
    for row in rows {
        let after = score.moved(row.delta);
        if row.before != score || row.after != after {
            return Err(TrustError::HistoryBroken);
        }
        score = after;
    }
    Ok(score)
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
