//! Energy, price and money.
//!
//! Each is an `i64` of its finest unit, reads and prints as exact decimal text, and travels in our own JSON
//! as a string (`"20.5"`), so that no parser between can make a float of it. Arithmetic is checked; there are
//! no operators.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::number::{NumberError, format_scaled, parse_scaled};

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $places:literal, $from_text:ident, $to_text:ident, $unit:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// Nothing of it.
            pub const ZERO: Self = Self(0);
            /// The most that can be counted.
            pub const MAX: Self = Self(i64::MAX);

            /// So many of the finest unit.
            pub const fn new(count: i64) -> Self {
                Self(count)
            }

            /// The count in the finest unit.
            pub const fn get(self) -> i64 {
                self.0
            }

            #[doc = concat!("Exact decimal text in ", $unit, ".")]
            ///
            /// # Errors
            /// [`NumberError`], see [`parse_scaled`].
            pub fn $from_text(text: &str) -> Result<Self, NumberError> {
                parse_scaled(text, $places).map(Self)
            }

            /// The sum; `None` past `i64`.
            pub fn checked_add(self, other: Self) -> Option<Self> {
                self.0.checked_add(other.0).map(Self)
            }

            /// The difference, which may be negative; `None` past `i64`.
            pub fn checked_sub(self, other: Self) -> Option<Self> {
                self.0.checked_sub(other.0).map(Self)
            }

            /// The sum of all; `None` past `i64`. No items sum to zero.
            pub fn checked_sum(items: impl IntoIterator<Item = Self>) -> Option<Self> {
                items.into_iter().try_fold(Self::ZERO, Self::checked_add)
            }
        }

        #[doc = concat!("Decimal text in ", $unit, ", without the unit.")]
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.$to_text())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.$to_text())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Scaled($places)).map(Self)
            }
        }
    };
}

quantity! {
    /// Energy: whole watt-hours, written in kWh with at most three decimals.
    WattHours, 3, from_kwh_text, to_kwh_text, "kWh"
}

quantity! {
    /// A price: hundredths of a paisa (0.0001 INR) per kWh, written in INR per kWh with at most four
    /// decimals.
    Price, 4, from_inr_text, to_inr_text, "INR per kWh"
}

quantity! {
    /// Money: whole paise, written in INR with at most two decimals.
    Paise, 2, from_inr_text, to_inr_text, "INR"
}

impl WattHours {
    /// Shortest exact text in kWh: `20.5`, `0`, `3.889`.
    pub fn to_kwh_text(self) -> String {
        format_scaled(self.0, 3)
    }
}

impl Price {
    /// Shortest exact text in INR per kWh: `12.5`.
    pub fn to_inr_text(self) -> String {
        format_scaled(self.0, 4)
    }
}

impl Paise {
    /// Text in INR with both decimals, as money is written: `437.15`, `0.00`, `-0.05`.
    pub fn to_inr_text(self) -> String {
        let text = format_scaled(self.0, 2);
        match text.split_once('.') {
            None => format!("{text}.00"),
            Some((_, fraction)) if fraction.len() == 1 => format!("{text}0"),
            Some(_) => text,
        }
    }

    /// The same sum the other way; `None` for the one number without a counterpart.
    pub fn checked_neg(self) -> Option<Self> {
        self.0.checked_neg().map(Self)
    }
}

/// How an amount that falls between two paise becomes one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rounding {
    /// To the nearest, halves away from zero.
    HalfAwayFromZero,
    /// To the nearest, halves to the even neighbour.
    HalfEven,
    /// Towards minus infinity.
    Floor,
}

/// What `energy` costs at `price`, rounded once, by the rule named. Exact in between.
///
/// # Errors
/// [`NumberError::OutOfRange`] if the amount is more paise than can be counted.
pub fn amount(energy: WattHours, price: Price, rounding: Rounding) -> Result<Paise, NumberError> {
    total_amount([(energy, price)], rounding)
}

/// What all the parts cost together: exact sums, rounded once at the end. No parts cost nothing.
///
/// # Errors
/// [`NumberError::OutOfRange`] if the amount is more paise than can be counted.
pub fn total_amount(
    parts: impl IntoIterator<Item = (WattHours, Price)>,
    rounding: Rounding,
) -> Result<Paise, NumberError> {
    // Wh/1000 kWh times p/10000 INR, in hundredths of an INR.
    const DIVISOR: i128 = 100_000;
    let product = parts.into_iter().try_fold(0_i128, |sum, (energy, price)| {
        sum.checked_add(i128::from(energy.0).checked_mul(i128::from(price.0))?)
    });
    let product = product.ok_or(NumberError::OutOfRange)?;
    let floor = product.div_euclid(DIVISOR);
    let up = match (product.rem_euclid(DIVISOR).cmp(&(DIVISOR / 2)), rounding) {
        (_, Rounding::Floor) | (std::cmp::Ordering::Less, _) => false,
        (std::cmp::Ordering::Greater, _) => true,
        (std::cmp::Ordering::Equal, Rounding::HalfAwayFromZero) => product > 0,
        (std::cmp::Ordering::Equal, Rounding::HalfEven) => floor.rem_euclid(2) == 1,
    };
    let paise = floor.checked_add(i128::from(up)).ok_or(NumberError::OutOfRange)?;
    i64::try_from(paise).map(Paise).map_err(|_| NumberError::OutOfRange)
}

/// Reads a string or a whole number; a float has lost its digits before it gets here.
struct Scaled(u32);

impl Visitor<'_> for Scaled {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a decimal number as a string with at most {} decimal places", self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        parse_scaled(text, self.0).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<i64, E> {
        Err(E::custom("a decimal number must be written as a string, for example \"20.5\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_of_each() {
        assert_eq!(WattHours::new(20_500).to_kwh_text(), "20.5");
        assert_eq!(WattHours::ZERO.to_kwh_text(), "0");
        assert_eq!(WattHours::new(3_889).to_string(), "3.889");
        assert_eq!(WattHours::new(-7).to_kwh_text(), "-0.007");
        assert_eq!(Price::new(125_000).to_inr_text(), "12.5");
        assert_eq!(Paise::new(43_715).to_inr_text(), "437.15");
        assert_eq!(Paise::new(-5).to_inr_text(), "-0.05");
        assert_eq!(Paise::new(-150).to_inr_text(), "-1.50");
        assert_eq!(Paise::ZERO.to_inr_text(), "0.00");
        assert_eq!(Paise::new(i64::MIN).to_inr_text(), "-92233720368547758.08");
    }

    #[test]
    fn json_is_text_and_never_a_float() {
        assert_eq!(serde_json::to_string(&WattHours::new(20_500)).unwrap(), "\"20.5\"");
        assert_eq!(serde_json::from_str::<WattHours>("\"20.50\"").unwrap(), WattHours::new(20_500));
        assert_eq!(serde_json::from_str::<WattHours>("20").unwrap(), WattHours::new(20_000));
        assert_eq!(serde_json::from_str::<Paise>("-3").unwrap(), Paise::new(-300));
        let refused = serde_json::from_str::<WattHours>("20.5").unwrap_err().to_string();
        assert!(refused.contains("as a string"), "{refused}");
        for json in ["\"NaN\"", "\"1e309\"", "null", "true", "9223372036854775807", "\"0.0001\"", "{}"] {
            assert!(serde_json::from_str::<WattHours>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn arithmetic_is_checked() {
        assert_eq!(WattHours::MAX.checked_add(WattHours::new(1)), None);
        assert_eq!(WattHours::new(3).checked_sub(WattHours::new(5)), Some(WattHours::new(-2)));
        assert_eq!(Paise::new(i64::MIN).checked_neg(), None);
        assert_eq!(Paise::checked_sum([Paise::new(2), Paise::new(-5)]), Some(Paise::new(-3)));
        assert_eq!(Paise::checked_sum([Paise::MAX, Paise::new(1)]), None);
    }

    #[test]
    fn an_amount_rounds_once_by_its_rule() {
        let of = |wh, price, rounding| amount(WattHours::new(wh), Price::new(price), rounding).unwrap().get();
        assert_eq!(of(20_500, 125_000, Rounding::HalfEven), 25_625);
        // 10 Wh at 0.5 and 1.5 INR/kWh are 0.5 and 1.5 paise.
        for (wh, price, away, even, floor) in [
            (10, 5_000, 1, 0, 0),
            (10, 15_000, 2, 2, 1),
            (-10, 5_000, -1, 0, -1),
            (-10, 15_000, -2, -2, -2),
            (1, 1, 0, 0, 0),
        ] {
            assert_eq!(of(wh, price, Rounding::HalfAwayFromZero), away);
            assert_eq!(of(wh, price, Rounding::HalfEven), even);
            assert_eq!(of(wh, price, Rounding::Floor), floor);
        }
        assert_eq!(amount(WattHours::MAX, Price::MAX, Rounding::Floor), Err(NumberError::OutOfRange));
        // Two halves of a paisa are one: the sum is rounded, not the parts.
        let half = (WattHours::new(10), Price::new(5_000));
        let sum = total_amount([half, half], Rounding::HalfAwayFromZero);
        assert_eq!(sum, Ok(Paise::new(1)));
        assert_eq!(total_amount([], Rounding::HalfEven), Ok(Paise::ZERO));
    }

    proptest! {
        #[test]
        fn text_and_json_read_back(count: i64) {
            let (energy, price, money) = (WattHours::new(count), Price::new(count), Paise::new(count));
            prop_assert_eq!(WattHours::from_kwh_text(&energy.to_kwh_text()), Ok(energy));
            prop_assert_eq!(Price::from_inr_text(&price.to_inr_text()), Ok(price));
            prop_assert_eq!(Paise::from_inr_text(&money.to_inr_text()), Ok(money));
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Paise>(&json).unwrap(), money);
        }

        #[test]
        fn an_amount_is_within_its_rounding(
            wh in -1_000_000_000_i64..1_000_000_000,
            price in -10_000_000_i64..10_000_000,
        ) {
            let exact = i128::from(wh) * i128::from(price);
            for (rounding, least, most) in [
                (Rounding::HalfAwayFromZero, -50_000, 50_000),
                (Rounding::HalfEven, -50_000, 50_000),
                (Rounding::Floor, 0, 99_999),
            ] {
                let paise = amount(WattHours::new(wh), Price::new(price), rounding).unwrap().get();
                let lost = exact - i128::from(paise) * 100_000;
                prop_assert!((least..=most).contains(&lost), "{:?} lost {}", rounding, lost);
            }
            let negated = amount(WattHours::new(-wh), Price::new(price), Rounding::HalfEven).unwrap();
            let plain = amount(WattHours::new(wh), Price::new(price), Rounding::HalfEven).unwrap();
            prop_assert_eq!(negated.checked_neg(), Some(plain));
        }
    }
}
