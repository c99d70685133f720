//! String formats and number bounds, on the text itself (RFC 3339, RFC 4122 text form, JSON numbers).

use std::cmp::Ordering;

/// `8-4-4-4-12` hexadecimal digits, either case.
pub(crate) fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// RFC 3339 `date-time`: a date, `T`, a time with a zone.
pub(crate) fn is_date_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(date), Some(b'T' | b't'), Some(time)) = (bytes.get(..10), bytes.get(10), bytes.get(11..))
    else {
        return false;
    };
    is_date(date) && is_time_bytes(time)
}

/// RFC 3339 `full-time`: hours, minutes, seconds, optional fraction, and a zone.
pub(crate) fn is_time(text: &str) -> bool {
    is_time_bytes(text.as_bytes())
}

fn is_date(date: &[u8]) -> bool {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date else { return false };
    let (Some(century), Some(year), Some(month), Some(day)) =
        (two(y1, y2), two(y3, y4), two(m1, m2), two(d1, d2))
    else {
        return false;
    };
    let leap = if year == 0 { century % 4 == 0 } else { year % 4 == 0 };
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn is_time_bytes(time: &[u8]) -> bool {
    let Some((&[h1, h2, b':', m1, m2, b':', s1, s2], rest)) = time.split_first_chunk::<8>() else {
        return false;
    };
    let (Some(hour), Some(minute), Some(second)) = (two(h1, h2), two(m1, m2), two(s1, s2)) else {
        return false;
    };
    if hour > 23 || minute > 59 || second > 60 {
        return false;
    }
    let zone = match rest.split_first() {
        Some((b'.', fraction)) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return false;
            }
            &fraction[digits..]
        }
        _ => rest,
    };
    let Some(offset) = zone_minutes(zone) else { return false };
    // A leap second exists only at the end of a UTC day.
    let utc = (i32::from(hour) * 60 + i32::from(minute) - offset).rem_euclid(24 * 60);
    second < 60 || utc == 24 * 60 - 1
}

fn zone_minutes(zone: &[u8]) -> Option<i32> {
    match *zone {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hour, minute) = (two(h1, h2)?, two(m1, m2)?);
            let minutes = (hour < 24 && minute < 60).then(|| i32::from(hour) * 60 + i32::from(minute))?;
            Some(if sign == b'+' { minutes } else { -minutes })
        }
        _ => None,
    }
}

fn two(tens: u8, ones: u8) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
}

/// The label `BLAKE-512=`, at least one base64 character, then only padding.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("BLAKE-512=").is_some_and(|base64| {
        let body = base64.trim_end_matches('=');
        !body.is_empty() && body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
    })
}

/// A JSON number taken apart without rounding: ±`digits` · 10^`exponent`, digits without zeros at either end.
struct Exact {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Exact {
    fn read(number: &str) -> Self {
        let (negative, unsigned) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let written: i64 =
            exponent.parse().unwrap_or(if exponent.starts_with('-') { i64::MIN / 4 } else { i64::MAX / 4 });
        let all = format!("{whole}{fraction}");
        let significant = all.trim_end_matches('0');
        let dropped = length(&all) - length(significant);
        Self {
            negative,
            digits: significant.trim_start_matches('0').to_owned(),
            exponent: written.clamp(i64::MIN / 4, i64::MAX / 4) - length(fraction) + dropped,
        }
    }

    /// Compares with a bound that is not negative.
    fn compare(&self, bound: u64) -> Ordering {
        if self.digits.is_empty() {
            return 0.cmp(&bound);
        }
        if self.negative {
            return Ordering::Less;
        }
        let size = length(&self.digits) + self.exponent;
        if size > 20 {
            return Ordering::Greater;
        }
        let Ok(size) = usize::try_from(size) else {
            return if bound == 0 { Ordering::Greater } else { Ordering::Less };
        };
        let (whole, fraction) = self.digits.split_at(size.min(self.digits.len()));
        let whole: u128 = format!("{whole:0<size$}").parse().unwrap_or(0);
        whole.cmp(&u128::from(bound)).then(if fraction.is_empty() {
            Ordering::Equal
        } else {
            Ordering::Greater
        })
    }
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX / 4)
}

/// Whether the number has no fractional part: `3`, `3.0` and `3e0` are integers.
pub(crate) fn is_integer(number: &str) -> bool {
    let exact = Exact::read(number);
    exact.digits.is_empty() || exact.exponent >= 0
}

/// Whether the number lies within the bounds; both are small and not negative.
pub(crate) fn is_within(number: &str, min: Option<u64>, max: Option<u64>) -> bool {
    let exact = Exact::read(number);
    min.is_none_or(|bound| exact.compare(bound) != Ordering::Less)
        && max.is_none_or(|bound| exact.compare(bound) != Ordering::Greater)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids() {
        assert!(is_uuid("e6d9f908-1d26-4ff3-a6d1-3af3d3721054"));
        assert!(is_uuid("E6D9F908-1D26-4FF3-A6D1-3AF3D3721054"));
        for bad in [
            "",
            "contract-flex-001",
            "e6d9f9081d264ff3a6d13af3d3721054",
            "{e6d9f908-1d26-4ff3-a6d1-3af3d372105}",
        ] {
            assert!(!is_uuid(bad), "{bad}");
        }
    }

    #[test]
    fn date_times_follow_rfc_3339() {
        for good in [
            "2026-11-01T08:00:00Z",
            "2026-11-01t08:00:00.123456789z",
            "2024-02-29T00:00:00-05:30",
            "2000-02-29T00:00:00+23:59",
            "1998-12-31T23:59:60Z",
            "1998-12-31T15:59:60.5-08:00",
        ] {
            assert!(is_date_time(good), "{good}");
        }
        for bad in [
            "2026-11-01T08:00:00",
            "2026-11-01 08:00:00Z",
            "2026-11-01",
            "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-11-01T24:00:00Z",
            "2026-11-01T08:60:00Z",
            "1998-12-31T22:59:60Z",
            "2026-11-01T08:00:00.Z",
            "2026-11-01T08:00:00+2400",
            "2026-11-01T08:00:00+24:00",
            "2026-11-01T08:00Z",
            "२०२६-11-01T08:00:00Z",
        ] {
            assert!(!is_date_time(bad), "{bad}");
        }
        assert!(is_time("10:00:00+05:30") && !is_time("10:00:00") && !is_time(""));
    }

    #[test]
    fn digests_need_the_label_and_base64() {
        assert!(is_digest("BLAKE-512=ab+/9==") && is_digest("BLAKE-512=a"));
        for bad in [
            "BLAKE-512=",
            "BLAKE-512===",
            "BLAKE2b-512=abcd",
            "BLAKE-512=a=b",
            "blake-512=ab",
            "BLAKE-512=ab\n",
        ] {
            assert!(!is_digest(bad), "{bad}");
        }
    }

    #[test]
    fn numbers_are_judged_without_rounding() {
        for integer in [
            "0",
            "-0.0",
            "12",
            "3.0",
            "1e2",
            "1.5e1",
            "10e-1",
            "0e-999999999999999999999",
            "1e99999999999999999999",
        ] {
            assert!(is_integer(integer), "{integer}");
        }
        for other in ["0.1", "15e-1", "1e-400", "123456789012345678901234567890.5"] {
            assert!(!is_integer(other), "{other}");
        }
        for (number, within) in [
            ("1", true),
            ("100", true),
            ("1e2", true),
            ("99.999", true),
            ("100.0000000000000000000001", false),
            ("101", false),
            ("0", false),
            ("0.999", false),
            ("-1", false),
            ("1e30", false),
            ("1e-30", false),
            ("1e999999999999999999999", false),
        ] {
            assert_eq!(is_within(number, Some(1), Some(100)), within, "{number}");
        }
        assert!(is_within("-0.0", Some(0), None) && is_within("1e-999999", Some(0), None));
        assert!(!is_within("-1e-999999", Some(0), None));
    }
}
