//! The clock of the day after delivery, as data of a rule set.
//!
//! Everything delivered on one day in India is settled during the next morning there, in fixed steps. A step
//! is taken at its time; whoever has not taken it by its deadline has missed it, which is for people to look
//! at and stops nobody else.

use units::{DeliverySlot, IstDate, Span, Timestamp};

/// One step of the morning, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The meters' readings are there.
    MeterData,
    /// The seller's DISCOM allocates.
    RoundOne,
    /// The buyer's side reads round one.
    BuyerReads,
    /// The buyer's DISCOM allocates.
    RoundTwo,
    /// The seller's side reads round two.
    SellerReads,
    /// The seller's DISCOM says what is final.
    RoundThree,
    /// The platforms read what is final and settle it.
    FinalRead,
}

impl Step {
    /// In the order of the morning.
    pub const ALL: [Self; 7] = [
        Self::MeterData,
        Self::RoundOne,
        Self::BuyerReads,
        Self::RoundTwo,
        Self::SellerReads,
        Self::RoundThree,
        Self::FinalRead,
    ];

    /// A short name for records and people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MeterData => "meter_data",
            Self::RoundOne => "round_one",
            Self::BuyerReads => "buyer_reads",
            Self::RoundTwo => "round_two",
            Self::SellerReads => "seller_reads",
            Self::RoundThree => "round_three",
            Self::FinalRead => "final_read",
        }
    }
}

/// When a step is taken and until when it is in time, since midnight in India.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepTime {
    pub at: Span,
    /// The last instant in time.
    pub by: Span,
}

/// The morning of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timetable {
    pub meter_data: StepTime,
    pub round_one: StepTime,
    pub buyer_reads: StepTime,
    pub round_two: StepTime,
    pub seller_reads: StepTime,
    pub round_three: StepTime,
    pub final_read: StepTime,
}

const fn minutes(at: i64, by: i64) -> StepTime {
    StepTime { at: Span::from_minutes(at), by: Span::from_minutes(by) }
}

impl Timetable {
    /// 09:00, 09:50, 10:00, 10:50, 11:00, 11:50 and 12:00. Each round is due five minutes before the next
    /// reading; what is read may be read until the next round begins, the final until the day ends.
    pub const IES: Self = Self {
        meter_data: minutes(540, 590),
        round_one: minutes(590, 595),
        buyer_reads: minutes(600, 650),
        round_two: minutes(650, 655),
        seller_reads: minutes(660, 710),
        round_three: minutes(710, 715),
        final_read: minutes(720, 1_440),
    };

    /// The step's times of day.
    pub const fn times(&self, step: Step) -> StepTime {
        match step {
            Step::MeterData => self.meter_data,
            Step::RoundOne => self.round_one,
            Step::BuyerReads => self.buyer_reads,
            Step::RoundTwo => self.round_two,
            Step::SellerReads => self.seller_reads,
            Step::RoundThree => self.round_three,
            Step::FinalRead => self.final_read,
        }
    }

    /// When the step is taken for what was delivered on `day`: on the day after it.
    pub fn at(&self, step: Step, day: IstDate) -> Timestamp {
        morning_after(day).saturating_add(self.times(step).at)
    }

    /// Until when the step is in time for what was delivered on `day`.
    pub fn by(&self, step: Step, day: IstDate) -> Timestamp {
        morning_after(day).saturating_add(self.times(step).by)
    }

    /// When the step is taken for a slot: by the day in India on which the slot starts.
    pub fn for_slot(&self, step: Step, slot: DeliverySlot) -> Timestamp {
        self.at(step, slot.ist_date())
    }

    /// The step is past its deadline at `now`.
    pub fn missed(&self, step: Step, day: IstDate, now: Timestamp) -> bool {
        now > self.by(step, day)
    }

    /// The last step that has come at `now` for what was delivered on `day`; `None` before the first.
    pub fn reached(&self, day: IstDate, now: Timestamp) -> Option<Step> {
        Step::ALL.into_iter().rev().find(|step| now >= self.at(*step, day))
    }
}

/// Midnight in India between `day` and the next.
fn morning_after(day: IstDate) -> Timestamp {
    day.next().first_slot().start()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn the_morning_of_the_day_after_in_india() {
        let day = IstDate::parse("2026-04-26").unwrap();
        let times: Vec<String> =
            Step::ALL.into_iter().map(|step| units::ist_label(Timetable::IES.at(step, day))).collect();
        let expected = ["09:00", "09:50", "10:00", "10:50", "11:00", "11:50", "12:00"];
        assert_eq!(times, expected.map(|time| format!("2026-04-27 {time} IST")));
        // The last hour of a day starts on that day and is settled with it.
        let last = day.slots()[23];
        assert_eq!(Timetable::IES.for_slot(Step::MeterData, last), at("2026-04-27T09:00:00+05:30"));
        let midnight = Timetable::IES.for_slot(Step::MeterData, last.next());
        assert_eq!(midnight, at("2026-04-28T09:00:00+05:30"));
    }

    #[test]
    fn a_step_is_reached_and_missed() {
        let (table, day) = (Timetable::IES, IstDate::parse("2026-04-26").unwrap());
        assert_eq!(table.reached(day, at("2026-04-27T08:59:59+05:30")), None);
        assert_eq!(table.reached(day, at("2026-04-27T09:00:00+05:30")), Some(Step::MeterData));
        assert_eq!(table.reached(day, at("2026-04-27T10:49:59+05:30")), Some(Step::BuyerReads));
        assert_eq!(table.reached(day, at("2026-05-27T10:49:59+05:30")), Some(Step::FinalRead));
        let due = at("2026-04-27T09:55:00+05:30");
        assert!(!table.missed(Step::RoundOne, day, due));
        assert!(table.missed(Step::RoundOne, day, due.saturating_add(Span::from_micros(1))));
    }

    #[test]
    fn steps_follow_each_other() {
        let table = Timetable::IES;
        for (one, next) in Step::ALL.into_iter().zip(Step::ALL.into_iter().skip(1)) {
            assert!(table.times(one).at < table.times(next).at, "{one:?}");
            assert!(table.times(one).by <= table.times(next).at, "{one:?}");
        }
    }
}
