//! Delivery slots and the calendar of India Standard Time.
//!
//! A slot is one hour, half-open, aligned to the hour of IST (UTC+05:30), so that it starts at minute 30 of
//! UTC. Dates and months are those of IST, whatever zone the machine is in. The calendar runs over the years
//! 1 to 9999 and saturates at its ends, which keeps every slot aligned and every step infallible.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde::de::{Deserializer, Error};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::time::{
    Span, TimeError, Timestamp, date_of, days_to, serde_as_text, take_char, take_date, take_digits,
};

/// IST is so far ahead of UTC.
const IST: Span = Span::from_minutes(330);
const HOUR: i64 = Span::from_hours(1).micros();
const DAY: i64 = Span::from_days(1).micros();
/// 0001-01-01 00:00 IST and 9999-12-31 23:00 IST.
const FIRST: Timestamp = Timestamp::from_seconds(-62_135_616_600);
const LAST: Timestamp = Timestamp::from_seconds(253_402_277_400);

/// Why an instant starts no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// Not at the hour of IST.
    #[error("a delivery slot starts on the hour of India Standard Time (UTC+05:30)")]
    OffTheHour,
    /// Outside the years 1 to 9999.
    #[error("a delivery slot lies in the years 1 to 9999")]
    OutOfRange,
}

/// One hour of delivery, named by its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliverySlot(Timestamp);

impl DeliverySlot {
    /// How long every slot is.
    pub const DURATION: Span = Span::from_hours(1);

    /// The slot that starts at `start`.
    ///
    /// # Errors
    /// [`SlotError`] unless the instant is on the hour of IST within the calendar.
    pub fn starting_at(start: Timestamp) -> Result<Self, SlotError> {
        if !(FIRST..=LAST).contains(&start) {
            return Err(SlotError::OutOfRange);
        }
        let slot = Self::containing(start);
        if slot.0 == start { Ok(slot) } else { Err(SlotError::OffTheHour) }
    }

    /// The slot that `at` falls into: its start is in it, its end is not.
    pub fn containing(at: Timestamp) -> Self {
        let within = at.clamp(FIRST, LAST);
        // FIRST is on the hour, so whole hours are counted from there.
        let past = Span::from_micros(within.since(FIRST).micros().rem_euclid(HOUR));
        Self(within.saturating_sub(past))
    }

    pub const fn start(self) -> Timestamp {
        self.0
    }

    pub const fn end(self) -> Timestamp {
        self.0.saturating_add(Self::DURATION)
    }

    pub fn next(self) -> Self {
        Self::containing(self.end())
    }

    pub fn previous(self) -> Self {
        Self::containing(self.0.saturating_sub(Self::DURATION))
    }

    /// The date in India on which it starts.
    pub fn ist_date(self) -> IstDate {
        IstDate::of(self.0)
    }

    /// The hour in India at which it starts, 0 to 23.
    pub fn ist_hour(self) -> u8 {
        u8::try_from(self.0.saturating_add(IST).micros().rem_euclid(DAY).div_euclid(HOUR)).unwrap_or(0)
    }

    /// The month in India in which it starts.
    pub fn ist_month(self) -> IstMonth {
        self.ist_date().month_of_year()
    }

    fn text(&self) -> String {
        self.0.to_rfc3339()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let start = Timestamp::parse_rfc3339(text).map_err(|error| error.to_string())?;
        Self::starting_at(start).map_err(|error| error.to_string())
    }
}

/// Its start, RFC 3339.
impl fmt::Display for DeliverySlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A calendar date in India, of the years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IstDate {
    year: i32,
    month: u8,
    day: u8,
}

impl IstDate {
    /// # Errors
    /// [`TimeError::NotADate`] if there is no such day, or not in these years.
    pub fn new(year: i32, month: u8, day: u8) -> Result<Self, TimeError> {
        NaiveDate::from_ymd_opt(year, u32::from(month), u32::from(day))
            .filter(|_| (1..=9999).contains(&year))
            .map(|_| Self { year, month, day })
            .ok_or(TimeError::NotADate)
    }

    /// Reads `2026-11-21`.
    ///
    /// # Errors
    /// [`TimeError::NotADate`].
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let mut rest = text;
        let date = take_date(&mut rest).filter(|_| rest.is_empty()).ok_or(TimeError::NotADate)?;
        let (month, day) = (u8::try_from(date.month()), u8::try_from(date.day()));
        Self::new(date.year(), month.map_err(|_| TimeError::NotADate)?, day.map_err(|_| TimeError::NotADate)?)
    }

    /// The date in India at an instant.
    pub fn of(at: Timestamp) -> Self {
        let local = at.clamp(FIRST, LAST).saturating_add(IST);
        let date = date_of(local.micros().div_euclid(DAY));
        // A month and a day always fit; the fallbacks only satisfy the types.
        let (month, day) = (u8::try_from(date.month()).unwrap_or(1), u8::try_from(date.day()).unwrap_or(1));
        Self { year: date.year(), month, day }
    }

    pub const fn year(self) -> i32 {
        self.year
    }

    /// 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// 1 to 31.
    pub const fn day(self) -> u8 {
        self.day
    }

    pub const fn month_of_year(self) -> IstMonth {
        IstMonth { year: self.year, month: self.month }
    }

    /// The slot that starts at midnight in India.
    pub fn first_slot(self) -> DeliverySlot {
        let date = NaiveDate::from_ymd_opt(self.year, u32::from(self.month), u32::from(self.day))
            .unwrap_or_default();
        let midnight = Timestamp::from_micros(days_to(date).saturating_mul(DAY));
        DeliverySlot::containing(midnight.saturating_sub(IST))
    }

    /// The day's slots in order.
    pub fn slots(self) -> [DeliverySlot; 24] {
        let mut slots = [self.first_slot(); 24];
        let mut slot = self.first_slot();
        for place in &mut slots {
            *place = slot;
            slot = slot.next();
        }
        slots
    }

    /// The day after; the last day of the calendar stays.
    pub fn next(self) -> Self {
        Self::of(self.first_slot().start().saturating_add(Span::from_days(1)))
    }

    /// The day before; the first day of the calendar stays.
    pub fn previous(self) -> Self {
        Self::of(self.first_slot().start().saturating_sub(Span::from_days(1)))
    }
}

impl fmt::Display for IstDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-{:02}-{:02}", self.year, self.month, self.day))
    }
}

/// A calendar month in India, of the years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IstMonth {
    year: i32,
    month: u8,
}

impl IstMonth {
    /// # Errors
    /// [`TimeError::NotAMonth`] unless the month is 1 to 12 and the year 1 to 9999.
    pub fn new(year: i32, month: u8) -> Result<Self, TimeError> {
        IstDate::new(year, month, 1).map(IstDate::month_of_year).map_err(|_| TimeError::NotAMonth)
    }

    /// Reads `2026-11`.
    ///
    /// # Errors
    /// [`TimeError::NotAMonth`].
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let mut rest = text;
        let mut read = || {
            let year = i32::try_from(take_digits(&mut rest, 4)?).ok()?;
            take_char(&mut rest, &['-'])?;
            let month = u8::try_from(take_digits(&mut rest, 2)?).ok()?;
            rest.is_empty().then_some((year, month))
        };
        read().ok_or(TimeError::NotAMonth).and_then(|(year, month)| Self::new(year, month))
    }

    /// The month in India at an instant.
    pub fn of(at: Timestamp) -> Self {
        IstDate::of(at).month_of_year()
    }

    pub const fn year(self) -> i32 {
        self.year
    }

    /// 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    pub const fn first_date(self) -> IstDate {
        IstDate { year: self.year, month: self.month, day: 1 }
    }

    /// The slot at its first midnight.
    pub fn first_slot(self) -> DeliverySlot {
        self.first_date().first_slot()
    }

    /// The month after; the last month of the calendar stays.
    pub fn next(self) -> Self {
        // Thirty-one days from the first of a month are always in the next one.
        Self::of(self.first_slot().start().saturating_add(Span::from_days(31)))
    }
}

impl fmt::Display for IstMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-{:02}", self.year, self.month))
    }
}

/// `2026-11-21 10:00 IST`: an instant for people, to the minute.
pub fn ist_label(at: Timestamp) -> String {
    let minute = at.saturating_add(IST).micros().rem_euclid(HOUR).div_euclid(Span::from_minutes(1).micros());
    format!("{} {:02}:{minute:02} IST", IstDate::of(at), DeliverySlot::containing(at).ist_hour())
}

serde_as_text!(DeliverySlot, text, parse);
serde_as_text!(IstDate, to_string, parse);
serde_as_text!(IstMonth, to_string, parse);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn a_slot_starts_on_the_hour_of_india() {
        let slot = DeliverySlot::starting_at(at("2026-11-21T04:30:00Z")).unwrap();
        assert_eq!(slot.ist_hour(), 10);
        assert_eq!(slot.ist_date().to_string(), "2026-11-21");
        assert_eq!(slot.end(), at("2026-11-21T11:00:00+05:30"));
        assert_eq!(slot.next().previous(), slot);
        for text in [
            "2026-11-21T04:00:00Z",
            "2026-11-21T04:30:01Z",
            "2026-11-21T04:30:00.000001Z",
            "2026-11-21T10:15:00+05:30",
        ] {
            assert_eq!(DeliverySlot::starting_at(at(text)), Err(SlotError::OffTheHour), "{text}");
        }
        assert_eq!(DeliverySlot::starting_at(Timestamp::MAX), Err(SlotError::OutOfRange));
    }

    #[test]
    fn the_day_and_month_of_india_turn_at_half_past_six_utc() {
        let before = DeliverySlot::containing(at("2026-11-30T18:29:59.999999Z"));
        assert_eq!((before.ist_hour(), before.ist_month().to_string().as_str()), (23, "2026-11"));
        let after = before.next();
        assert_eq!((after.ist_hour(), after.ist_date().to_string().as_str()), (0, "2026-12-01"));
        assert_eq!(IstMonth::parse("2026-11").unwrap().next(), after.ist_month());
        assert_eq!(IstMonth::parse("2026-12").unwrap().next().to_string(), "2027-01");
        assert_eq!(IstDate::parse("2028-02-28").unwrap().next().to_string(), "2028-02-29");
        assert_eq!(IstDate::parse("2028-03-01").unwrap().previous().to_string(), "2028-02-29");
    }

    #[test]
    fn a_day_has_24_slots() {
        let day = IstDate::parse("2026-11-21").unwrap();
        let slots = day.slots();
        assert_eq!(slots[0].start(), at("2026-11-21T00:00:00+05:30"));
        for (hour, slot) in slots.iter().enumerate() {
            assert_eq!((usize::from(slot.ist_hour()), slot.ist_date()), (hour, day));
        }
        assert_eq!(slots[23].next(), day.next().first_slot());
    }

    #[test]
    fn text_and_json() {
        assert_eq!(ist_label(at("2026-11-21T04:30:59Z")), "2026-11-21 10:00 IST");
        assert_eq!(ist_label(at("2026-11-21T18:45:00Z")), "2026-11-22 00:15 IST");
        let slot = DeliverySlot::containing(at("2026-11-21T04:30:00Z"));
        assert_eq!(serde_json::to_string(&slot).unwrap(), "\"2026-11-21T04:30:00.000Z\"");
        assert_eq!(serde_json::from_str::<DeliverySlot>("\"2026-11-21T10:00:00+05:30\"").unwrap(), slot);
        assert!(serde_json::from_str::<DeliverySlot>("\"2026-11-21T10:00:00Z\"").is_err());
        assert_eq!(serde_json::from_str::<IstDate>("\"2026-11-21\"").unwrap(), slot.ist_date());
        assert_eq!(serde_json::to_string(&slot.ist_month()).unwrap(), "\"2026-11\"");
        for text in ["", "2026-11", "2026-02-30", "0000-01-01", "2026-11-21 ", "26-11-21", "2026-11-21T"] {
            assert_eq!(IstDate::parse(text), Err(TimeError::NotADate), "{text:?}");
        }
        for text in ["", "2026-13", "2026-00", "2026-1", "2026-11-", "0000-01"] {
            assert_eq!(IstMonth::parse(text), Err(TimeError::NotAMonth), "{text:?}");
        }
    }

    #[test]
    fn the_calendar_saturates_at_its_ends() {
        let (first, last) =
            (DeliverySlot::containing(Timestamp::MIN), DeliverySlot::containing(Timestamp::MAX));
        assert_eq!((first.ist_date().to_string().as_str(), first.ist_hour()), ("0001-01-01", 0));
        assert_eq!((last.ist_date().to_string().as_str(), last.ist_hour()), ("9999-12-31", 23));
        assert_eq!((first.previous(), last.next()), (first, last));
        assert_eq!(last.ist_date().next(), last.ist_date());
        assert_eq!(last.ist_month().next(), last.ist_month());
        assert_eq!(DeliverySlot::starting_at(first.start()), Ok(first));
        assert_eq!(DeliverySlot::starting_at(last.start()), Ok(last));
    }

    proptest! {
        #[test]
        fn every_instant_is_in_its_slot(micros in FIRST.micros()..LAST.micros()) {
            let now = Timestamp::from_micros(micros);
            let slot = DeliverySlot::containing(now);
            prop_assert!(slot.start() <= now && now < slot.end());
            prop_assert_eq!(slot.start().micros().rem_euclid(HOUR), HOUR / 2);
            prop_assert_eq!(DeliverySlot::starting_at(slot.start()), Ok(slot));
            prop_assert_eq!(slot.ist_date().slots()[usize::from(slot.ist_hour())], slot);
            prop_assert_eq!(IstDate::parse(&slot.ist_date().to_string()), Ok(slot.ist_date()));
            prop_assert_eq!(IstMonth::parse(&slot.ist_month().to_string()), Ok(slot.ist_month()));
            let label = ist_label(now);
            let (day, minute) = label.strip_suffix(" IST").unwrap().split_once(' ').unwrap();
            let read = at(&format!("{day}T{minute}:00+05:30"));
            prop_assert!((0..60_000_000).contains(&now.since(read).micros()));
        }
    }
}
