//! The clock of the day after delivery (pure): the steps of the rules, and one more after which nobody waits.

use energy_rules::{Step as Rule, Timetable};
use units::{IstDate, Span, Timestamp};

/// So long after the last step estimated readings may still be corrected before they stand.
const HORIZON: Span = Span::from_hours(72);

/// A step of the day after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// 09:00: what the meters read is fixed.
    MeterData,
    /// 09:50: the seller's ledger allocates what was fed in.
    Round1,
    /// 10:00: the buyer's ledger should have it.
    BuyerReads,
    /// 10:50: the buyer's ledger allocates what was drawn.
    Round2,
    /// 11:00: the seller's ledger should have that.
    SellerReads,
    /// 11:50: the seller's ledger settles.
    Final,
    /// 12:00: the platforms read; what is not settled is an exception.
    Close,
    /// 72 hours later: estimated readings stand, and what is still open stays an exception.
    Horizon,
}

impl Step {
    pub const ALL: [Self; 8] = [
        Self::MeterData,
        Self::Round1,
        Self::BuyerReads,
        Self::Round2,
        Self::SellerReads,
        Self::Final,
        Self::Close,
        Self::Horizon,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MeterData => "METER_DATA",
            Self::Round1 => "ROUND_1",
            Self::BuyerReads => "BUYER_READS",
            Self::Round2 => "ROUND_2",
            Self::SellerReads => "SELLER_READS",
            Self::Final => "FINAL",
            Self::Close => "CLOSE",
            Self::Horizon => "HORIZON",
        }
    }

    const fn rule(self) -> Rule {
        match self {
            Self::MeterData => Rule::MeterData,
            Self::Round1 => Rule::RoundOne,
            Self::BuyerReads => Rule::BuyerReads,
            Self::Round2 => Rule::RoundTwo,
            Self::SellerReads => Rule::SellerReads,
            Self::Final => Rule::RoundThree,
            Self::Close | Self::Horizon => Rule::FinalRead,
        }
    }

    /// When the step of a delivery day is due; `day` is the first instant of that day in India.
    pub fn due(self, day: Timestamp) -> Timestamp {
        let due = Timetable::IES.at(self.rule(), IstDate::of(day));
        if self == Self::Horizon { due.saturating_add(HORIZON) } else { due }
    }

    /// Until when the step is in time.
    pub fn by(self, day: Timestamp) -> Timestamp {
        let by = Timetable::IES.by(self.rule(), IstDate::of(day));
        if self == Self::Horizon { by.saturating_add(HORIZON) } else { by }
    }

    /// The steps of a day that are due at an instant, in order.
    pub fn due_at(day: Timestamp, now: Timestamp) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |step| step.due(day) <= now)
    }

    /// When the next step of a day is due.
    pub fn next_at(day: Timestamp, now: Timestamp) -> Option<Timestamp> {
        Self::ALL.into_iter().map(|step| step.due(day)).find(|due| *due > now)
    }
}

/// The first instant of the day in India in which a slot begins.
pub fn day_of(slot: Timestamp) -> Timestamp {
    IstDate::of(slot).first_slot().start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_after_keeps_its_hours_vector() {
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        let day = day_of(at("2026-04-26T04:30:00Z"));
        assert_eq!(day, at("2026-04-25T18:30:00Z"));
        assert_eq!(Step::Horizon.due(day), at("2026-04-30T06:30:00Z"));
        assert_eq!(Step::due_at(day, at("2026-04-27T04:30:00Z")).count(), 3);
        assert_eq!(Step::next_at(day, at("2026-04-27T04:30:00Z")), Some(at("2026-04-27T05:20:00Z")));
        assert_eq!(Step::next_at(day, at("2026-05-27T04:30:00Z")), None);
        let Some(vectors) = test_support::vectors::dir() else { return };
        let timing = std::fs::read(vectors.join("energy/derived/timing.json")).unwrap();
        let timing = beckn_wire::json::Json::parse(&timing).unwrap();
        let deadline = |name: &str| at(timing.at(&["dPlus1Deadlines", name]).unwrap().as_str().unwrap());
        assert_eq!(Step::MeterData.due(day), deadline("meterDataAvailable"));
        assert_eq!(Step::BuyerReads.due(day), deadline("buyerReads"));
        assert_eq!(Step::Close.due(day), deadline("platformsReadFinal"));
        for (step, name) in [
            (Step::Round1, "round1SellerDiscom"),
            (Step::Round2, "round2BuyerDiscom"),
            (Step::Final, "round3SellerDiscom"),
        ] {
            assert_eq!(step.by(day), deadline(name), "{name}");
        }
        println!("vectors: 6 passed, 0 skipped");
    }
}
