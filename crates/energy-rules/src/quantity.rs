//! Quantities and prices from the raw text of a message, and the limits of one meter in one slot.
//!
//! The text is what stands in the JSON, so nothing has been rounded before it gets here (ruling 25).

use units::{DeliverySlot, NumberError, Price, WattHours};

use crate::{RuleError, RuleSet};

/// A gigawatt for an hour, which no customer's meter passes. Sums of quantities below it stay far from `i64`.
const BEYOND_REASON: WattHours = WattHours::new(1_000_000_000);

/// A traded quantity in kWh: at least the minimum, in whole steps.
///
/// # Errors
/// [`RuleError::QuantityInvalid`] for what is no number, negative or astronomic,
/// [`RuleError::QuantityTooPrecise`], [`RuleError::QuantityBelowMinimum`].
pub fn read_quantity(text: &str, rules: &RuleSet) -> Result<WattHours, RuleError> {
    let quantity = read_energy(text, rules.quantity_step)?;
    check_quantity(quantity, rules)?;
    Ok(quantity)
}

/// As [`read_quantity`] for one slot of several, where zero means: nothing of this one.
///
/// # Errors
/// As [`read_quantity`].
pub fn read_requested(text: &str, rules: &RuleSet) -> Result<WattHours, RuleError> {
    match read_energy(text, rules.quantity_step)? {
        WattHours::ZERO => Ok(WattHours::ZERO),
        quantity => check_quantity(quantity, rules).map(|()| quantity),
    }
}

/// What a DISCOM allocates or meters in kWh: not negative, in whole watt-hours. A finer value is an exception
/// for people to look at, never rounded.
///
/// # Errors
/// [`RuleError::QuantityInvalid`], [`RuleError::QuantityTooPrecise`].
pub fn read_allocation(text: &str) -> Result<WattHours, RuleError> {
    read_energy(text, WattHours::new(1))
}

/// A price in INR per kWh within the network's range.
///
/// # Errors
/// [`RuleError::PriceInvalid`], [`RuleError::PriceOutOfRange`].
pub fn read_price(text: &str, rules: &RuleSet) -> Result<Price, RuleError> {
    let price = Price::from_inr_text(text).map_err(|_| RuleError::PriceInvalid)?;
    check_price(price, rules)?;
    Ok(price)
}

/// What the seller's meter owes in one slot, over all contracts, fits its installed capacity for one hour.
///
/// # Errors
/// [`RuleError::CapacityExceeded`].
pub fn check_capacity(slot: DeliverySlot, total: WattHours, capacity: WattHours) -> Result<(), RuleError> {
    if total <= capacity { Ok(()) } else { Err(RuleError::CapacityExceeded { slot, limit: capacity }) }
}

/// What the buyer's meter takes in one slot, over all contracts, fits its sanctioned load for one hour.
///
/// # Errors
/// [`RuleError::LoadExceeded`].
pub fn check_load(slot: DeliverySlot, total: WattHours, load: WattHours) -> Result<(), RuleError> {
    if total <= load { Ok(()) } else { Err(RuleError::LoadExceeded { slot, limit: load }) }
}

/// A positive quantity that did not come as text.
pub(crate) fn check_quantity(quantity: WattHours, rules: &RuleSet) -> Result<(), RuleError> {
    check_step(quantity, rules.quantity_step)?;
    match quantity < rules.min_quantity {
        true => Err(RuleError::QuantityBelowMinimum { minimum: rules.min_quantity }),
        false => Ok(()),
    }
}

pub(crate) fn check_price(price: Price, rules: &RuleSet) -> Result<(), RuleError> {
    match (rules.price_min..=rules.price_max).contains(&price) {
        true => Ok(()),
        false => Err(RuleError::PriceOutOfRange { min: rules.price_min, max: rules.price_max }),
    }
}

fn check_step(quantity: WattHours, step: WattHours) -> Result<(), RuleError> {
    if quantity < WattHours::ZERO || quantity > BEYOND_REASON {
        return Err(RuleError::QuantityInvalid);
    }
    match quantity.get().checked_rem(step.get()) {
        None | Some(0) => Ok(()),
        Some(_) => Err(RuleError::QuantityTooPrecise { step }),
    }
}

fn read_energy(text: &str, step: WattHours) -> Result<WattHours, RuleError> {
    let quantity = WattHours::from_kwh_text(text).map_err(|error| match error {
        // The sign is looked at first: a negative number is not to be mended by rounding it.
        NumberError::TooPrecise { .. } if !text.starts_with('-') => RuleError::QuantityTooPrecise { step },
        _ => RuleError::QuantityInvalid,
    })?;
    check_step(quantity, step)?;
    Ok(quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_two_decimals_and_a_minimum() {
        let rules = RuleSet::ies_test();
        for (text, wh) in [
            ("1", 1_000),
            ("20.5", 20_500),
            ("20.50000", 20_500),
            ("1e1", 10_000),
            ("1.01", 1_010),
            ("1e6", 1_000_000_000),
        ] {
            assert_eq!(read_quantity(text, &rules), Ok(WattHours::new(wh)), "{text}");
        }
        for text in
            ["-5", "-0.001", "-0.0001", "NaN", "1e309", "Infinity", "", "ten", "1,5", "9e15", "1000000.01"]
        {
            assert_eq!(read_quantity(text, &rules), Err(RuleError::QuantityInvalid), "{text}");
        }
        let step = WattHours::new(10);
        for text in ["1.005", "1.0001", "1e-9", "20.123456789"] {
            assert_eq!(read_quantity(text, &rules), Err(RuleError::QuantityTooPrecise { step }), "{text}");
        }
        let minimum = WattHours::new(1_000);
        for text in ["0.99", "0", "-0", "1e-2"] {
            assert_eq!(
                read_quantity(text, &rules),
                Err(RuleError::QuantityBelowMinimum { minimum }),
                "{text}"
            );
        }
        for error in [
            RuleError::QuantityInvalid,
            RuleError::QuantityTooPrecise { step },
            RuleError::QuantityBelowMinimum { minimum },
        ] {
            assert_eq!(error.code().as_str(), "BIZ_QUANTITY_UNAVAILABLE");
        }
    }

    #[test]
    fn zero_of_one_slot_is_nothing_of_it() {
        let rules = RuleSet::ies_test();
        assert_eq!(read_requested("0.00", &rules), Ok(WattHours::ZERO));
        assert_eq!(read_requested("2", &rules), Ok(WattHours::new(2_000)));
        let minimum = WattHours::new(1_000);
        assert_eq!(read_requested("0.5", &rules), Err(RuleError::QuantityBelowMinimum { minimum }));
        assert_eq!(read_requested("-1", &rules), Err(RuleError::QuantityInvalid));
    }

    #[test]
    fn allocations_are_whole_watt_hours() {
        assert_eq!(read_allocation("3.889"), Ok(WattHours::new(3_889)));
        assert_eq!(read_allocation("0"), Ok(WattHours::ZERO));
        assert_eq!(read_allocation("3.8889"), Err(RuleError::QuantityTooPrecise { step: WattHours::new(1) }));
        assert_eq!(read_allocation("-1"), Err(RuleError::QuantityInvalid));
    }

    #[test]
    fn prices_are_exact_and_in_range() {
        let rules = RuleSet::ies_test();
        assert_eq!(read_price("12.5000", &rules), Ok(Price::new(125_000)));
        assert_eq!(read_price("0.0001", &rules), Ok(Price::new(1)));
        for text in ["NaN", "12.00001", "", "1e309"] {
            assert_eq!(read_price(text, &rules), Err(RuleError::PriceInvalid), "{text}");
        }
        for text in ["0", "-1", "1000.0001"] {
            let refused = read_price(text, &rules).unwrap_err();
            assert!(matches!(refused, RuleError::PriceOutOfRange { .. }), "{text}");
            assert_eq!(refused.code().as_str(), "BIZ_PRICE_MISMATCH");
        }
    }

    #[test]
    fn a_meter_has_its_limit_in_a_slot() {
        let slot = DeliverySlot::containing(units::Timestamp::from_seconds(1_793_520_000));
        let limit = WattHours::new(5_000);
        assert_eq!(check_capacity(slot, limit, limit), Ok(()));
        assert_eq!(check_load(slot, limit, limit), Ok(()));
        let more = WattHours::new(5_001);
        assert_eq!(check_capacity(slot, more, limit), Err(RuleError::CapacityExceeded { slot, limit }));
        assert_eq!(check_load(slot, more, limit), Err(RuleError::LoadExceeded { slot, limit }));
    }
}
