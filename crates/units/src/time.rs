//! Instants and spans of time, in microseconds.
//!
//! An instant is UTC; its text is RFC 3339 and must name its zone. A span is ISO 8601 without years and
//! months, whose length is not fixed. A day in a span is 24 hours (India has no summer time).

use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde::de::{Deserializer, Error};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::number::parse_scaled;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;
/// Days from 0001-01-01 to 1970-01-01, as chrono counts them.
const EPOCH_FROM_CE: i64 = 719_163;

/// Why the text of an instant, a span or a date was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not RFC 3339 with a zone and at most nine digits of fraction, or no such date or time.
    #[error("not an RFC 3339 date-time with a time zone")]
    NotAnInstant,
    /// Not an ISO 8601 duration of weeks, days, hours, minutes and seconds.
    #[error("not an ISO 8601 duration of weeks, days, hours, minutes and seconds")]
    NotASpan,
    /// Not a calendar date `YYYY-MM-DD` of the years 1 to 9999.
    #[error("not a calendar date YYYY-MM-DD")]
    NotADate,
    /// Not a month `YYYY-MM` of the years 1 to 9999.
    #[error("not a month YYYY-MM")]
    NotAMonth,
}

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest and latest instants that can be counted.
    pub const MIN: Self = Self(i64::MIN);
    pub const MAX: Self = Self(i64::MAX);

    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Saturates far outside the years 0 to 9999.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// Reads RFC 3339 in any zone, digits of the fraction below the microsecond cut off. A leap second counts
    /// as the first second of the next minute, and only where UTC can have one.
    ///
    /// # Errors
    /// [`TimeError::NotAnInstant`].
    pub fn parse_rfc3339(text: &str) -> Result<Self, TimeError> {
        read_rfc3339(text).ok_or(TimeError::NotAnInstant)
    }

    /// `2026-11-01T08:00:00.000Z`; six digits of fraction where three do not tell it all. Reads back exactly
    /// for the years 0 to 9999.
    pub fn to_rfc3339(self) -> String {
        let date = date_of(self.0.div_euclid(MICROS_PER_DAY));
        let in_day = self.0.rem_euclid(MICROS_PER_DAY);
        let (seconds, micros) = (in_day.div_euclid(MICROS_PER_SECOND), in_day.rem_euclid(MICROS_PER_SECOND));
        let (hour, minute, second) =
            (seconds.div_euclid(3600), seconds.div_euclid(60).rem_euclid(60), seconds.rem_euclid(60));
        let fraction = match micros.rem_euclid(1000) {
            0 => format!("{:03}", micros.div_euclid(1000)),
            _ => format!("{micros:06}"),
        };
        let (year, month, day) = (date.year(), date.month(), date.day());
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction}Z")
    }

    pub fn checked_add(self, span: Span) -> Option<Self> {
        self.0.checked_add(span.0).map(Self)
    }

    pub fn checked_sub(self, span: Span) -> Option<Self> {
        self.0.checked_sub(span.0).map(Self)
    }

    pub const fn saturating_add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    pub const fn saturating_sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// How long after `earlier` this is; negative if before.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_rfc3339())
    }
}

/// A length of time in microseconds; may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Span {
    pub const ZERO: Self = Self(0);

    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    pub const fn from_minutes(minutes: i64) -> Self {
        Self::from_secs(minutes.saturating_mul(60))
    }

    pub const fn from_hours(hours: i64) -> Self {
        Self::from_secs(hours.saturating_mul(3600))
    }

    pub const fn from_days(days: i64) -> Self {
        Self::from_secs(days.saturating_mul(SECONDS_PER_DAY))
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// Whole milliseconds, rounded down.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// So many times as long; `None` past `i64`.
    pub fn checked_mul(self, times: i64) -> Option<Self> {
        self.0.checked_mul(times).map(Self)
    }

    /// Reads `PT30S`, `PT1H30M`, `P1D`, `P2W`, `PT0.5S`, each also with a leading `-`. Only the last part may
    /// have a fraction, exact to the microsecond. Years and months are refused: their length is not fixed.
    ///
    /// # Errors
    /// [`TimeError::NotASpan`].
    pub fn parse_iso8601(text: &str) -> Result<Self, TimeError> {
        read_iso8601(text).ok_or(TimeError::NotASpan)
    }

    /// The shortest of the forms that [`Span::parse_iso8601`] reads, in days, hours, minutes and seconds.
    pub fn to_iso8601(self) -> String {
        let total = self.0.unsigned_abs();
        let (seconds, micros) = (total / 1_000_000, total % 1_000_000);
        let (days, hours, minutes, seconds) =
            (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        let mut text = String::from(if self.0 < 0 { "-P" } else { "P" });
        if days > 0 {
            text.push_str(&format!("{days}D"));
        }
        let mut time = String::new();
        if hours > 0 {
            time.push_str(&format!("{hours}H"));
        }
        if minutes > 0 {
            time.push_str(&format!("{minutes}M"));
        }
        if micros > 0 {
            time.push_str(format!("{seconds}.{micros:06}").trim_end_matches('0'));
            time.push('S');
        } else if seconds > 0 || total == 0 {
            time.push_str(&format!("{seconds}S"));
        }
        if !time.is_empty() {
            text.push('T');
            text.push_str(&time);
        }
        text
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_iso8601())
    }
}

/// The calendar date so many days after 1970-01-01; the nearest that chrono can name.
pub(crate) fn date_of(days: i64) -> NaiveDate {
    let nearest = if days < 0 { NaiveDate::MIN } else { NaiveDate::MAX };
    i32::try_from(days.saturating_add(EPOCH_FROM_CE))
        .ok()
        .and_then(NaiveDate::from_num_days_from_ce_opt)
        .unwrap_or(nearest)
}

/// Days from 1970-01-01 to a date.
pub(crate) fn days_to(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()).saturating_sub(EPOCH_FROM_CE)
}

/// Exactly so many digits off the front of the text.
pub(crate) fn take_digits(text: &mut &str, count: usize) -> Option<u32> {
    let (digits, rest) = text.split_at_checked(count)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    *text = rest;
    digits.parse().ok()
}

/// One of these characters off the front of the text.
pub(crate) fn take_char(text: &mut &str, accepted: &[char]) -> Option<char> {
    let found = text.chars().next().filter(|found| accepted.contains(found))?;
    *text = text.get(found.len_utf8()..)?;
    Some(found)
}

/// `YYYY-MM-DD` off the front of the text.
pub(crate) fn take_date(text: &mut &str) -> Option<NaiveDate> {
    let year = i32::try_from(take_digits(text, 4)?).ok()?;
    take_char(text, &['-'])?;
    let month = take_digits(text, 2)?;
    take_char(text, &['-'])?;
    NaiveDate::from_ymd_opt(year, month, take_digits(text, 2)?)
}

fn read_rfc3339(text: &str) -> Option<Timestamp> {
    let mut text = text;
    let date = take_date(&mut text)?;
    take_char(&mut text, &['T', 't'])?;
    let hour = i64::from(take_digits(&mut text, 2).filter(|hour| *hour < 24)?);
    take_char(&mut text, &[':'])?;
    let minute = i64::from(take_digits(&mut text, 2).filter(|minute| *minute < 60)?);
    take_char(&mut text, &[':'])?;
    let second = i64::from(take_digits(&mut text, 2).filter(|second| *second <= 60)?);
    let micros = if take_char(&mut text, &['.']).is_some() { take_fraction(&mut text)? } else { 0 };
    let offset = take_offset(&mut text)?;
    if !text.is_empty() {
        return None;
    }
    let minutes = hour.checked_mul(60)?.checked_add(minute)?.checked_sub(offset)?;
    if second == 60 && minutes.rem_euclid(1440) != 1439 {
        return None;
    }
    let seconds = days_to(date)
        .checked_mul(SECONDS_PER_DAY)?
        .checked_add(minutes.checked_mul(60)?)?
        .checked_add(second)?;
    seconds.checked_mul(MICROS_PER_SECOND)?.checked_add(micros).map(Timestamp)
}

/// One to nine digits, as microseconds, the rest cut off.
fn take_fraction(text: &mut &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 9 {
        return None;
    }
    let (fraction, rest) = text.split_at_checked(digits)?;
    *text = rest;
    format!("{fraction:0<9}").parse::<i64>().ok().map(|nanos| nanos.div_euclid(1000))
}

/// The zone, as minutes east of UTC.
fn take_offset(text: &mut &str) -> Option<i64> {
    let sign = take_char(text, &['Z', 'z', '+', '-'])?;
    if sign.eq_ignore_ascii_case(&'Z') {
        return Some(0);
    }
    let hours = i64::from(take_digits(text, 2).filter(|hours| *hours < 24)?);
    take_char(text, &[':'])?;
    let minutes = i64::from(take_digits(text, 2).filter(|minutes| *minutes < 60)?);
    let offset = hours.checked_mul(60)?.checked_add(minutes)?;
    if sign == '-' { offset.checked_neg() } else { Some(offset) }
}

fn read_iso8601(text: &str) -> Option<Span> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let body = unsigned.strip_prefix('P')?;
    let (date, time) = match body.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (body, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let mut total: i64 = 0;
    let mut rest = date;
    for (designators, seconds_of) in [
        (date, &[('W', 7 * SECONDS_PER_DAY), ('D', SECONDS_PER_DAY)][..]),
        (time, &[('H', 3600), ('M', 60), ('S', 1)][..]),
    ] {
        rest = designators;
        for (letter, seconds) in seconds_of {
            let Some((number, after)) = rest.split_once(*letter) else {
                continue;
            };
            let last = after.is_empty() && (time.is_empty() || *seconds < SECONDS_PER_DAY);
            if !number.bytes().all(|byte| byte.is_ascii_digit() || (last && byte == b'.')) {
                return None;
            }
            // A number in six places is that many microseconds, once multiplied by the seconds of its unit.
            // The sign goes in first, so that the most negative span reads back.
            let scaled = parse_scaled(number, 6).ok()?.checked_mul(*seconds)?.checked_mul(sign)?;
            total = total.checked_add(scaled)?;
            rest = after;
        }
        if !rest.is_empty() {
            return None;
        }
    }
    rest.is_empty().then_some(Span(total))
}

macro_rules! serde_as_text {
    ($name:ident, $to:ident, $from:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.$to())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                Self::$from(&text).map_err(D::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_text;

serde_as_text!(Timestamp, to_rfc3339, parse_rfc3339);
serde_as_text!(Span, to_iso8601, parse_iso8601);

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
