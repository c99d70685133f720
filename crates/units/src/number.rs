//! Exact decimal text: into a scaled integer, and back.
//!
//! Invariant: `parse_scaled(&format_scaled(n, places), places) == Ok(n)` for every `n`. The grammar is that
//! of a JSON number, with leading zeros tolerated (people type them); the general decimal parsers accept more
//! (`1_0`, `+1`, `.5`) and round or refuse past 28 digits, which is why none is used here.

/// Why decimal text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not a decimal number: empty, signs or letters where none belong, `NaN`, `Infinity`.
    #[error("not a decimal number")]
    NotANumber,
    /// Digits other than zero past the allowed places.
    #[error("at most {places} decimal places are allowed")]
    TooPrecise {
        /// The places that are allowed.
        places: u32,
    },
    /// Larger than can be counted.
    #[error("the number is out of range")]
    OutOfRange,
}

/// The number in `text` times ten to the `places`, exactly.
///
/// Takes an optional `-`, digits, an optional fraction and an optional exponent (`1e3`, `2.50`, `1E-1`);
/// zeros past the allowed places are harmless. Work is linear in the text, whatever its exponent.
///
/// # Errors
/// [`NumberError`]: not a number, not exact in so many places, or outside `i64`.
pub fn parse_scaled(text: &str, places: u32) -> Result<i64, NumberError> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) if is_digits(fraction) => (whole, fraction),
        Some(_) => return Err(NumberError::NotANumber),
        None => (mantissa, ""),
    };
    if !is_digits(whole) {
        return Err(NumberError::NotANumber);
    }
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).skip_while(|digit| *digit == b'0').collect();
    let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
    let significant = digits.get(..digits.len().saturating_sub(zeros)).unwrap_or_default();
    if significant.is_empty() {
        return Ok(0);
    }
    let shift = exponent
        .saturating_sub(length(fraction.len()))
        .saturating_add(length(zeros))
        .saturating_add(i64::from(places));
    let shift = u32::try_from(shift).map_err(|_| match shift < 0 {
        true => NumberError::TooPrecise { places },
        false => NumberError::OutOfRange,
    })?;
    scale(negative, significant, shift).ok_or(NumberError::OutOfRange)
}

/// `number` over ten to the `places`, in the shortest exact decimal text: `20500` in 3 places is `20.5`.
pub fn format_scaled(number: i64, places: u32) -> String {
    let width = usize::try_from(places).unwrap_or(usize::MAX);
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = width.saturating_add(1));
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(width));
    let fraction = fraction.trim_end_matches('0');
    let sign = if number < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn length(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

/// Saturates: an exponent of any length is only far out of range, not an error of its own.
fn parse_exponent(text: &str) -> Result<i64, NumberError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !is_digits(digits) {
        return Err(NumberError::NotANumber);
    }
    let size = digits.bytes().fold(0_i64, |size, byte| {
        size.saturating_mul(10).saturating_add(i64::from(byte.saturating_sub(b'0')))
    });
    Ok(if negative { size.saturating_neg() } else { size })
}

fn scale(negative: bool, digits: &[u8], shift: u32) -> Option<i64> {
    let mut value: i128 = 0;
    for byte in digits {
        value = value.checked_mul(10)?.checked_add(i128::from(byte.saturating_sub(b'0')))?;
    }
    value = value.checked_mul(10_i128.checked_pow(shift)?)?;
    i64::try_from(if negative { value.checked_neg()? } else { value }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    #[test]
    fn reads_exact_text_in_every_notation() {
        for (text, places, number) in [
            ("0", 3, 0),
            ("-0", 3, 0),
            ("-0.000", 2, 0),
            ("20.5", 3, 20_500),
            ("2.50", 2, 250),
            ("2.5000000000000000000000000000000000000000000", 1, 25),
            ("1e3", 3, 1_000_000),
            ("1E-1", 1, 1),
            ("1.25e+2", 0, 125),
            ("12000e-3", 0, 12),
            ("0e99999999999999999999999999", 0, 0),
            ("007.10", 2, 710),
            ("9223372036854775807", 0, i64::MAX),
            ("-9223372036854775808", 0, i64::MIN),
            ("-922337203685477.5808", 4, i64::MIN),
        ] {
            assert_eq!(parse_scaled(text, places), Ok(number), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in [
            "",
            " ",
            "-",
            "+1",
            "--1",
            "1 ",
            " 1",
            ".5",
            "5.",
            "1.e3",
            "1e",
            "1e+",
            "1e1.5",
            "1_000",
            "1,5",
            "NaN",
            "nan",
            "inf",
            "-Infinity",
            "0x10",
            "1e3e3",
            "1.2.3",
            "\u{661}",
            "1\u{0}",
            "1.-5",
            "-e1",
        ] {
            assert_eq!(parse_scaled(text, 3), Err(NumberError::NotANumber), "{text:?}");
        }
    }

    #[test]
    fn refuses_what_does_not_fit() {
        for text in ["0.001", "1.005", "1e-3", "1e-999999999999999999999", "1e-400"] {
            assert_eq!(parse_scaled(text, 2), Err(NumberError::TooPrecise { places: 2 }), "{text}");
        }
        for text in [
            "1e309",
            "1e99999999999999999999",
            "9223372036854775808",
            "-9223372036854775809",
            "92233720368547758.08",
        ] {
            assert_eq!(parse_scaled(text, 3), Err(NumberError::OutOfRange), "{text}");
        }
        assert_eq!(parse_scaled(&"9".repeat(100_000), 0), Err(NumberError::OutOfRange));
    }

    proptest! {
        #[test]
        fn text_of_any_number_reads_back(number: i64, places in 0_u32..12) {
            prop_assert_eq!(parse_scaled(&format_scaled(number, places), places), Ok(number));
        }

        #[test]
        fn agrees_with_another_decimal_library(
            mantissa in -1_000_000_000_000_i64..1_000_000_000_000,
            scale in 0_u32..8,
            places in 0_u32..8,
        ) {
            let decimal = Decimal::new(mantissa, scale);
            let scaled = decimal * Decimal::from(10_i64.pow(places));
            let expected = match scaled.is_integer() {
                true => i64::try_from(scaled.normalize().mantissa()).map_err(|_| NumberError::OutOfRange),
                false => Err(NumberError::TooPrecise { places }),
            };
            prop_assert_eq!(parse_scaled(&decimal.to_string(), places), expected);
            prop_assert_eq!(parse_scaled(&format!("{mantissa}e-{scale}"), places), expected);
        }

        #[test]
        fn no_text_makes_it_fail_badly(text in "[-+0-9.eEN_ ]{0,40}", places in 0_u32..9) {
            if let Ok(number) = parse_scaled(&text, places) {
                prop_assert_eq!(parse_scaled(&format_scaled(number, places), places), Ok(number));
            }
        }
    }
}
