//! Instants and spans as text.

use proptest::prelude::*;

use super::*;

const YEAR_0: i64 = -62_167_219_200_000_000;
const YEAR_9999_END: i64 = 253_402_300_799_999_999;

#[test]
fn reads_any_zone_to_the_microsecond() {
    let eight = Timestamp::from_seconds(1_793_520_000);
    assert_eq!(eight.to_rfc3339(), "2026-11-01T08:00:00.000Z");
    for text in [
        "2026-11-01T08:00:00Z",
        "2026-11-01t08:00:00.000z",
        "2026-11-01T13:30:00+05:30",
        "2026-10-31T20:15:00.000000-11:45",
        "2026-11-01T08:00:00-00:00",
        "2026-11-01T08:00:00.000000999Z",
    ] {
        assert_eq!(Timestamp::parse_rfc3339(text), Ok(eight), "{text}");
    }
    let micros = Timestamp::parse_rfc3339("2026-11-01T08:00:00.1234567Z").unwrap();
    assert_eq!(micros.to_rfc3339(), "2026-11-01T08:00:00.123456Z");
    assert_eq!(Timestamp::parse_rfc3339("1969-12-31T23:59:59.9Z").unwrap().micros(), -100_000);
    assert_eq!(Timestamp::parse_rfc3339("2024-02-29T00:00:00Z").unwrap().seconds(), 1_709_164_800);
}

#[test]
fn a_leap_second_is_the_next_one() {
    let next = Timestamp::parse_rfc3339("2017-01-01T00:00:00Z");
    assert_eq!(Timestamp::parse_rfc3339("2016-12-31T23:59:60Z"), next);
    assert_eq!(Timestamp::parse_rfc3339("2017-01-01T05:29:60+05:30"), next);
    assert_eq!(Timestamp::parse_rfc3339("2016-12-31T12:00:60Z"), Err(TimeError::NotAnInstant));
}

#[test]
fn refuses_what_is_no_instant() {
    for text in [
        "",
        "2026-11-01",
        "2026-11-01T08:00:00",
        "2026-11-01T08:00Z",
        "2026-11-01 08:00:00Z",
        "2026-13-01T08:00:00Z",
        "2026-02-29T08:00:00Z",
        "2026-11-01T24:00:00Z",
        "2026-11-01T08:60:00Z",
        "2026-11-01T08:00:61Z",
        "2026-11-01T08:00:00.Z",
        "2026-11-01T08:00:00.1234567890Z",
        "2026-11-01T08:00:00+0530",
        "2026-11-01T08:00:00+24:00",
        "2026-11-01T08:00:00+05:60",
        "2026-11-01T08:00:00Z ",
        "2026-11-01T08:00:00ZZ",
        "+2026-11-01T08:00:00Z",
        "2026-1-01T08:00:00Z",
        "٢٠٢٦-11-01T08:00:00Z",
        "2026-11-01T08:00:00é",
        "1793520000",
    ] {
        assert_eq!(Timestamp::parse_rfc3339(text), Err(TimeError::NotAnInstant), "{text:?}");
    }
}

#[test]
fn the_ends_of_time_do_not_panic() {
    assert!(Timestamp::MIN.to_rfc3339().ends_with('Z'));
    assert!(Timestamp::MAX.to_rfc3339().ends_with('Z'));
    assert_eq!(Timestamp::MAX.checked_add(Span::from_micros(1)), None);
    assert_eq!(Timestamp::MIN.checked_sub(Span::from_micros(1)), None);
    assert_eq!(Timestamp::MAX.saturating_add(Span::from_days(1)), Timestamp::MAX);
    assert_eq!(Timestamp::MAX.since(Timestamp::MIN), Span::from_micros(i64::MAX));
    assert_eq!(Timestamp::from_seconds(i64::MAX), Timestamp::MAX);
}

#[test]
fn spans_in_either_direction() {
    for (text, span, again) in [
        ("PT30S", Span::from_secs(30), "PT30S"),
        ("PT1H", Span::from_hours(1), "PT1H"),
        ("P1D", Span::from_days(1), "P1D"),
        ("PT24H", Span::from_days(1), "P1D"),
        ("P2W", Span::from_days(14), "P14D"),
        ("P1W1DT1H1M1S", Span::from_secs(694_861), "P8DT1H1M1S"),
        ("PT0.5S", Span::from_millis(500), "PT0.5S"),
        ("PT1.5H", Span::from_minutes(90), "PT1H30M"),
        ("PT05M", Span::from_minutes(5), "PT5M"),
        ("PT0S", Span::ZERO, "PT0S"),
        ("-PT4H", Span::from_hours(-4), "-PT4H"),
        ("PT60.000001S", Span::from_micros(60_000_001), "PT1M0.000001S"),
    ] {
        assert_eq!(Span::parse_iso8601(text), Ok(span), "{text}");
        assert_eq!(span.to_iso8601(), again);
    }
}

#[test]
fn refuses_spans_of_no_fixed_length() {
    for text in [
        "",
        "P",
        "PT",
        "P1DT",
        "P1Y",
        "P1M",
        "P1Y2M3D",
        "1H",
        "PT1",
        "PT1H1H",
        "PT1S1M",
        "P1H",
        "PT1D",
        "PTS",
        "PT-1S",
        "pt1s",
        "PT1.5H30M",
        "P1.5DT1H",
        "PT0.0000001S",
        "PT1,5S",
        "PT1e3S",
        "P99999999999999W",
        "PT1H ",
        "PTT1H",
        "PT1HT1M",
        "--PT1S",
    ] {
        assert_eq!(Span::parse_iso8601(text), Err(TimeError::NotASpan), "{text:?}");
    }
}

#[test]
fn json_is_text() {
    let at = Timestamp::from_seconds(1_793_520_000);
    assert_eq!(serde_json::to_string(&at).unwrap(), "\"2026-11-01T08:00:00.000Z\"");
    assert_eq!(serde_json::from_str::<Timestamp>("\"2026-11-01T13:30:00\\u002b05:30\"").unwrap(), at);
    assert_eq!(serde_json::to_string(&Span::from_secs(30)).unwrap(), "\"PT30S\"");
    assert_eq!(serde_json::from_str::<Span>("\"PT30S\"").unwrap(), Span::from_secs(30));
    assert!(serde_json::from_str::<Timestamp>("1793520000").is_err());
}

proptest! {
    #[test]
    fn instants_read_back(micros in YEAR_0..=YEAR_9999_END) {
        let at = Timestamp::from_micros(micros);
        prop_assert_eq!(Timestamp::parse_rfc3339(&at.to_rfc3339()), Ok(at));
    }

    #[test]
    fn instants_agree_with_chrono(micros in YEAR_0..=YEAR_9999_END) {
        let theirs = chrono::DateTime::from_timestamp_micros(micros).unwrap();
        let ours = Timestamp::from_micros(micros).to_rfc3339();
        prop_assert_eq!(chrono::DateTime::parse_from_rfc3339(&ours).unwrap(), theirs);
    }

    #[test]
    fn spans_read_back(micros: i64) {
        let span = Span::from_micros(micros);
        prop_assert_eq!(Span::parse_iso8601(&span.to_iso8601()), Ok(span));
    }

    #[test]
    fn no_text_makes_either_fail_badly(text in "[-+0-9TZPWDHMS:.\u{e9}]{0,30}") {
        if let Ok(span) = Span::parse_iso8601(&text) {
            prop_assert_eq!(Span::parse_iso8601(&span.to_iso8601()), Ok(span));
        }
        prop_assert!(Timestamp::parse_rfc3339(&text).is_err() || text.contains('T'));
    }
}
