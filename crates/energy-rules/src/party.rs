//! Who may trade with whom: meters and DISCOMs.
//!
//! Meters are compared in their normalised form (ruling 19), so that another spelling of a meter is the same
//! meter.

use beckn_wire::energy::normalize_meter;

use crate::{RuleError, RuleSet};

/// The start of every test meter's number.
const TEST_PREFIX: &str = "TEST_";

/// The meter is one of a test network.
pub fn is_test_meter(meter: &str) -> bool {
    normalize_meter(meter)
        .get(..TEST_PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(TEST_PREFIX))
}

/// The meter may trade on this network.
///
/// # Errors
/// [`RuleError::MeterBlank`], [`RuleError::TestMeterRequired`], [`RuleError::TestMeterForbidden`].
pub fn check_meter(meter: &str, rules: &RuleSet) -> Result<(), RuleError> {
    if normalize_meter(meter).is_empty() {
        return Err(RuleError::MeterBlank);
    }
    match (rules.test_meters, is_test_meter(meter)) {
        (true, false) => Err(RuleError::TestMeterRequired),
        (false, true) => Err(RuleError::TestMeterForbidden),
        _ => Ok(()),
    }
}

/// The DISCOMs of buyer and seller may be connected by a trade on this network (ruling 18).
///
/// # Errors
/// [`RuleError::SameDiscom`], [`RuleError::DiscomNotAllowed`].
pub fn check_discoms(buyer: &str, seller: &str, rules: &RuleSet) -> Result<(), RuleError> {
    let (buyer, seller) = (buyer.trim(), seller.trim());
    if !rules.intra_discom && buyer.eq_ignore_ascii_case(seller) {
        return Err(RuleError::SameDiscom);
    }
    let admitted =
        |code: &str| !code.is_empty() && (rules.discoms.is_empty() || rules.discoms.contains(&code));
    if admitted(buyer) && admitted(seller) { Ok(()) } else { Err(RuleError::DiscomNotAllowed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_meters_stay_on_test_networks() {
        let (test, production) = (RuleSet::ies_test(), RuleSet::ies_production());
        for meter in ["TEST_METER_1", "der://meter/TEST_METER_1", "test_1"] {
            assert_eq!(check_meter(meter, &test), Ok(()), "{meter}");
            assert_eq!(check_meter(meter, &production), Err(RuleError::TestMeterForbidden), "{meter}");
        }
        for meter in ["MTR-100", "TESTMETER", "é", "my TEST_1"] {
            assert_eq!(check_meter(meter, &test), Err(RuleError::TestMeterRequired), "{meter}");
            assert_eq!(check_meter(meter, &production), Ok(()), "{meter}");
        }
        for meter in ["", "  "] {
            assert_eq!(check_meter(meter, &production), Err(RuleError::MeterBlank));
        }
    }

    #[test]
    fn discoms_must_differ_and_take_part() {
        let (test, production) = (RuleSet::ies_test(), RuleSet::ies_production());
        assert_eq!(check_discoms("TPDDL", "BRPL", &production), Ok(()));
        assert_eq!(check_discoms("TPDDL", "tpddl ", &production), Err(RuleError::SameDiscom));
        assert_eq!(
            check_discoms("TPDDL", "TEST_DISCOM_SELLER", &production),
            Err(RuleError::DiscomNotAllowed)
        );
        assert_eq!(check_discoms("TEST_DISCOM_BUYER", "TEST_DISCOM_SELLER", &test), Ok(()));
        assert_eq!(check_discoms("", "TEST_DISCOM_SELLER", &test), Err(RuleError::DiscomNotAllowed));
        let intra = RuleSet { intra_discom: true, ..test };
        assert_eq!(check_discoms("TPDDL", "TPDDL", &intra), Ok(()));
    }
}
