//! Does the seller's answer say what was asked for? Pure.
//!
//! A seller fills in what is the seller's: the stock, the quote, the payment terms, the contract's id. Everything
//! else must come back as it was sent: the offer, who takes part, the policy, and the price and quantity of every slot
//! that is bought. A difference is told to the user and never bought.

use beckn_wire::energy::{Contract as WireContract, Writer, same_meter};
use units::{Paise, WattHours};

use super::terms::{failure, rows};
use crate::contract::{ContractSlot, Failure, amount_due};

/// The rows of an answer that agrees with what was asked for.
///
/// # Errors
/// The first difference, in the network's words.
pub(super) fn check(asked: &WireContract, answer: &WireContract) -> Result<Vec<ContractSlot>, Failure> {
    let differs = |what: &str| failure("BIZ_UPDATE_INCONSISTENT", format!("the answer names another {what}"));
    let offer = |contract: &WireContract| {
        contract.commitments.first().and_then(|c| c.offer.as_ref()).and_then(|offer| offer.id.clone())
    };
    if offer(asked) != offer(answer) {
        return Err(differs("offer"));
    }
    let table = answer.series().map_err(|error| failure(error.code.as_str(), error.message))?;
    energy_rules::check_agreeing_table(table)
        .map_err(|rule| failure(rule.code().as_str(), rule.to_string()))?;
    for role in Writer::ALL {
        if asked.holder(role) != answer.holder(role) {
            return Err(differs(role.as_str()));
        }
    }
    let policy = |contract: &WireContract| {
        let policy = contract.contract_attributes.as_ref().and_then(|terms| terms.policy.as_ref());
        policy.map(|policy| (policy.url.clone(), policy.query_path.clone()))
    };
    if policy(asked) != policy(answer) {
        return Err(differs("contract policy"));
    }
    for (role, what) in
        [(Writer::BuyerPlatform, "meter of the buyer"), (Writer::SellerPlatform, "meter of the seller")]
    {
        match (asked.meter_of(role), answer.meter_of(role)) {
            (Some(one), Some(other)) if !same_meter(one, other) => return Err(differs(what)),
            _ => {}
        }
    }
    same_rows(asked, answer)
}

/// Rows that ask for nothing may be left out; the others must be the same.
fn same_rows(asked: &WireContract, answer: &WireContract) -> Result<Vec<ContractSlot>, Failure> {
    let unreadable = |error: beckn_wire::code::WireError| failure(error.code.as_str(), error.message);
    let (mine, all) = (rows(asked).map_err(unreadable)?, rows(answer).map_err(unreadable)?);
    let bought = |rows: &[ContractSlot]| -> Vec<ContractSlot> {
        rows.iter().filter(|row| row.requested > WattHours::ZERO).copied().collect()
    };
    let (mine, theirs) = (bought(&mine), bought(&all));
    for (one, other) in mine.iter().zip(&theirs).filter(|(one, other)| one.slot == other.slot) {
        if one.price != other.price {
            let message = format!(
                "slot {}: the price was {}, the seller now says {} INR per kWh",
                units::ist_label(one.slot.start()),
                one.price.to_inr_text(),
                other.price.to_inr_text()
            );
            return Err(failure("BIZ_PRICE_MISMATCH", message));
        }
    }
    let same = |(one, other): (&ContractSlot, &ContractSlot)| {
        one.slot == other.slot && one.requested == other.requested
    };
    if mine.len() != theirs.len() || !mine.iter().zip(&theirs).all(same) {
        return Err(failure(
            "BIZ_UPDATE_INCONSISTENT",
            "the answer does not carry the quantities that were asked for",
        ));
    }
    Ok(all)
}

/// A total that the seller quotes must be the sum of its rows; each row may be rounded to a paisa of its own.
///
/// # Errors
/// Both amounts, in the network's words.
pub(super) fn check_total(rows: &[ContractSlot], quoted: Paise) -> Result<(), Failure> {
    let beyond = |_| failure("BIZ_PRICE_MISMATCH", "the amount is out of range");
    let total = amount_due(rows).map_err(beyond)?;
    let leeway = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    if total.get().abs_diff(quoted.get()) > leeway {
        let message = format!(
            "the quantities and prices come to {} INR, the seller quotes {}",
            total.to_inr_text(),
            quoted.to_inr_text()
        );
        return Err(failure("BIZ_PRICE_MISMATCH", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::order::tests::init_of_two_slots;
    use super::*;
    use beckn_wire::energy::{Column, SettlementTerm, messages};
    use units::Price;

    fn code(asked: &WireContract, answer: &WireContract) -> String {
        check(asked, answer).unwrap_err().code
    }

    #[test]
    fn terms_may_be_added() {
        let asked = init_of_two_slots();
        let answer = messages::on_init(&asked, None, "s", SettlementTerm::on_fulfillment(None));
        let rows = check(&asked, &answer).unwrap();
        assert_eq!(rows.len(), 2);
        let confirmed = messages::on_confirm(&answer, "0195e0a0-7000-7000-8000-000000000001");
        assert_eq!(check(&answer, &confirmed).unwrap(), rows);
    }

    #[test]
    fn price_quantity_and_parties_may_not_differ() {
        let asked = init_of_two_slots();
        let mut dearer = asked.clone();
        dearer.series_mut().unwrap().set_price(0, Price::new(50_001)).unwrap();
        let told = check(&asked, &dearer).unwrap_err();
        assert_eq!(told.code, "BIZ_PRICE_MISMATCH");
        assert!(told.message.contains("the price was 5, the seller now says 5.0001"), "{}", told.message);
        for quantity in [0, 1_990, 2_010] {
            let mut other = asked.clone();
            other
                .series_mut()
                .unwrap()
                .set_energy(0, &Column::RequestedQty, WattHours::new(quantity))
                .unwrap();
            assert_eq!(code(&asked, &other), "BIZ_UPDATE_INCONSISTENT");
        }
        for role in Writer::ALL {
            let mut other = asked.clone();
            other.contract_attributes.as_mut().unwrap().bind(role, "somebody.else");
            assert_eq!(code(&asked, &other), "BIZ_UPDATE_INCONSISTENT", "{role}");
        }
        let mut other = asked.clone();
        other.contract_attributes.as_mut().unwrap().policy.as_mut().unwrap().url =
            "https://x.example/rules".into();
        assert_eq!(code(&asked, &other), "BIZ_UPDATE_INCONSISTENT");
        let mut other = asked.clone();
        other.commitments[0].offer.as_mut().unwrap().id = Some("another".into());
        assert_eq!(code(&asked, &other), "BIZ_UPDATE_INCONSISTENT");
    }

    #[test]
    fn a_row_of_nothing_may_be_left_out() {
        let mut asked = init_of_two_slots();
        asked.series_mut().unwrap().set_energy(1, &Column::RequestedQty, WattHours::ZERO).unwrap();
        let mut answer = asked.clone();
        answer.series_mut().unwrap().intervals.truncate(1);
        assert_eq!(check(&asked, &answer).unwrap().len(), 1);
    }

    #[test]
    fn a_quote_is_the_sum_of_its_rows() {
        let rows = rows(&init_of_two_slots()).unwrap();
        // 2 kWh at 5 and 1.5 kWh at 6.
        for paise in [1_898, 1_900, 1_902] {
            assert_eq!(check_total(&rows, Paise::new(paise)), Ok(()));
        }
        for paise in [1_897, 1_903, 0, -1_900] {
            assert_eq!(check_total(&rows, Paise::new(paise)).unwrap_err().code, "BIZ_PRICE_MISMATCH");
        }
    }
}
