//! Which slot of a request a refusal is about: `slots[1].quantity_kwh` in place of `slots.quantity_kwh`.
//!
//! The levels below judge slots and know nothing of their places in a request; here the places are known. Where a
//! refusal is about several slots, or about one that it does not name, the list as a whole stays at fault.

use energy_rules::RuleSet;
use units::{DeliverySlot, Price, WattHours};

use super::problem::Problem;
use crate::error::OfSlot;

/// One slot of a request.
#[derive(Clone, Copy, Debug)]
pub struct Wished {
    pub start: DeliverySlot,
    pub quantity: Option<WattHours>,
    pub price: Option<Price>,
}

impl Wished {
    /// So much of a slot.
    pub fn of(start: DeliverySlot, quantity: WattHours) -> Self {
        Self { start, quantity: Some(quantity), price: None }
    }
}

/// The problem with the index of the slot that it is about, as far as it knows.
pub fn placed(problem: Problem, wished: &[Wished], rules: &RuleSet) -> Problem {
    let Some(member) = problem.at_field().and_then(|field| field.strip_prefix("slots.")).map(str::to_owned)
    else {
        return problem;
    };
    let index = match problem.slot() {
        _ if wished.len() == 1 => Some(0),
        // Of a slot that is named twice the second one is at fault.
        Some(OfSlot::Labelled(label)) => {
            wished.iter().rposition(|row| units::ist_label(row.start.start()) == *label)
        }
        Some(OfSlot::Unfit) => unfit(&member, wished, rules),
        None => None,
    };
    match index {
        Some(index) => problem.at(format!("slots[{index}].{member}")),
        None => problem,
    }
}

/// The first slot whose member nobody would take.
fn unfit(member: &str, wished: &[Wished], rules: &RuleSet) -> Option<usize> {
    match member {
        "quantity_kwh" => {
            let unfit =
                |quantity: WattHours| energy_rules::read_requested(&quantity.to_kwh_text(), rules).is_err();
            let zero = |quantity: WattHours| quantity == WattHours::ZERO;
            // A buyer may ask for nothing of a slot, so that zero is at fault only where nothing else is.
            let first = wished.iter().position(|row| row.quantity.is_some_and(unfit));
            first.or_else(|| wished.iter().position(|row| row.quantity.is_some_and(zero)))
        }
        "price_inr" => {
            let unfit = |price: Price| energy_rules::read_price(&price.to_inr_text(), rules).is_err();
            wished.iter().position(|row| row.price.is_some_and(unfit))
        }
        "start" => wished
            .iter()
            .enumerate()
            .position(|(at, row)| wished.iter().take(at).any(|earlier| earlier.start == row.start)),
        _ => None,
    }
}
