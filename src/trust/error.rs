//! Why trust says no.

use db::DbError;
use units::{IstMonth, WattHours};

use super::model::{Score, Tier, Use};
use crate::error::{Code, Coded};

/// What is refused, or what failed on our side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    #[error("{}", exceeded(.0))]
    LimitExceeded(Box<Exceeded>),
    #[error("a number is out of range")]
    OutOfRange,
    /// The stored score is not the fold of its history: somebody has edited the database.
    #[error("the history of a score does not add up")]
    HistoryBroken,
    #[error("the database cannot be used now")]
    Database(#[from] DbError),
}

/// The facts of a refusal by the monthly limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceeded {
    pub kind: Use,
    pub month: IstMonth,
    pub limit: WattHours,
    pub used: WattHours,
    /// What was wanted beside what is used.
    pub wanted: WattHours,
    pub score: Score,
    /// Whether the limit is that of an unknown capacity.
    pub capacity_known: bool,
}

impl Exceeded {
    /// What may still be used in that month.
    pub fn remaining(&self) -> WattHours {
        self.limit.checked_sub(self.used).filter(|rest| *rest > WattHours::ZERO).unwrap_or(WattHours::ZERO)
    }
}

fn exceeded(e: &Exceeded) -> String {
    let done = match e.kind {
        Use::Listing => "listed",
        Use::Purchase => "bought",
    };
    format!(
        "for {month} your trust of {score} ({tier}) allows {limit} kWh, {used} kWh are {done} already: {rest} kWh \
         remain, {wanted} kWh more were asked for",
        month = e.month,
        score = e.score,
        tier = e.score.tier().as_str(),
        limit = e.limit.to_kwh_text(),
        used = e.used.to_kwh_text(),
        rest = e.remaining().to_kwh_text(),
        wanted = e.wanted.to_kwh_text(),
    )
}

fn next_step(e: &Exceeded) -> String {
    let unknown = match e.kind {
        Use::Listing => {
            "Have your monthly production capacity recorded: without one, only a small amount may be listed."
        }
        Use::Purchase => "Declare your monthly consumption: without one, only a small amount may be bought.",
    };
    match (e.capacity_known, e.score.tier().next()) {
        (false, _) => unknown.to_owned(),
        (true, Some(next)) => format!(
            "Trade successfully to rise to {} ({} % of your capacity from a score of {}), or ask for less.",
            Tier::title(next),
            next.percent(),
            next.lowest(),
        ),
        (true, None) => "Ask for less, or wait for another month.".to_owned(),
    }
}

impl Coded for TrustError {
    fn code(&self) -> Code {
        match self {
            Self::LimitExceeded(_) => Code::TrustLimitExceeded,
            Self::OutOfRange => Code::FieldInvalid,
            Self::HistoryBroken | Self::Database(_) => Code::Internal,
        }
    }

    fn field(&self) -> Option<String> {
        matches!(self, Self::LimitExceeded(_)).then(|| "slots.quantity_kwh".to_owned())
    }

    fn next_step(&self) -> Option<String> {
        match self {
            Self::LimitExceeded(exceeded) => Some(next_step(exceeded)),
            _ => None,
        }
    }

    fn remaining_kwh(&self) -> Option<String> {
        match self {
            Self::LimitExceeded(exceeded) => Some(exceeded.remaining().to_kwh_text()),
            _ => None,
        }
    }
}
