//! The judgement on `select`, `init` and `confirm` that needs the message and one read of the offer (ruling
//! 6).
//!
//! What passes here may still lose a race for the stock; that is decided in the database and told in the
//! callback.

use std::collections::{BTreeMap, BTreeSet};

use beckn_wire::energy::same_meter;
use units::{DeliverySlot, Price, Timestamp, WattHours};

use crate::gate::{check_hours, check_slot, closes_at};
use crate::party::{check_discoms, check_meter};
use crate::quantity::{check_load, check_price, check_quantity};
use crate::{RuleError, RuleSet};

/// What is asked of one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestedSlot {
    pub slot: DeliverySlot,
    /// Zero: nothing of this slot, whose gate then does not matter.
    pub requested: WattHours,
    /// The price that the buyer believes in.
    pub price: Price,
}

/// What was published for one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferedSlot {
    pub slot: DeliverySlot,
    pub price: Price,
    /// Neither sold nor reserved.
    pub available: WattHours,
}

/// A buyer's wish, read from a message.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub slots: &'a [RequestedSlot],
    /// Not named in `select` (ruling 11).
    pub buyer_meter: Option<&'a str>,
    pub seller_meter: &'a str,
    /// Not named in `select`.
    pub buyer_discom: Option<&'a str>,
    pub seller_discom: &'a str,
    /// What the buyer's connection takes in an hour, where the message says.
    pub buyer_load: Option<WattHours>,
}

/// The current published version of an offer.
#[derive(Clone, Copy, Debug)]
pub struct OfferTerms<'a> {
    pub slots: &'a [OfferedSlot],
}

/// The request keeps every rule, and what it asks for was there when the offer was read.
///
/// # Errors
/// The first broken rule: the parties, then slot by slot its place in the offer, price, gate, quantity and
/// stock.
pub fn check_request(
    request: &Request<'_>,
    offer: &OfferTerms<'_>,
    rules: &RuleSet,
    now: Timestamp,
) -> Result<(), RuleError> {
    check_parties(request, rules)?;
    let offered: BTreeMap<_, _> = offer.slots.iter().map(|row| (row.slot, row)).collect();
    check_distinct(request.slots.iter().map(|row| row.slot))?;
    for row in request.slots {
        let published = offered.get(&row.slot).ok_or(RuleError::SlotNotOffered { slot: row.slot })?;
        if row.price != published.price {
            return Err(RuleError::PriceMismatch { slot: row.slot, published: published.price });
        }
        if row.requested == WattHours::ZERO {
            continue;
        }
        check_slot(row.slot, now, rules)?;
        check_quantity(row.requested, rules)?;
        if let Some(load) = request.buyer_load {
            check_load(row.slot, row.requested, load)?;
        }
        if row.requested > published.available {
            let available = published.available.max(WattHours::ZERO);
            return Err(RuleError::QuantityUnavailable { slot: row.slot, available });
        }
    }
    match request.slots.iter().all(|row| row.requested == WattHours::ZERO) {
        true => Err(RuleError::NothingRequested),
        false => Ok(()),
    }
}

/// A seller may list these slots at these prices and quantities. A slot whose window is not open yet may be
/// listed; one that is closed may not.
///
/// # Errors
/// The first broken rule.
pub fn check_listing(slots: &[OfferedSlot], rules: &RuleSet, now: Timestamp) -> Result<(), RuleError> {
    check_distinct(slots.iter().map(|row| row.slot))?;
    for row in slots {
        check_hours(row.slot, rules)?;
        let closed = closes_at(row.slot, rules);
        if now >= closed {
            return Err(RuleError::GateClosed { slot: row.slot, closed });
        }
        check_quantity(row.available, rules)?;
        check_price(row.price, rules)?;
    }
    if slots.is_empty() { Err(RuleError::NothingRequested) } else { Ok(()) }
}

fn check_parties(request: &Request<'_>, rules: &RuleSet) -> Result<(), RuleError> {
    check_meter(request.seller_meter, rules)?;
    if let Some(meter) = request.buyer_meter {
        if same_meter(meter, request.seller_meter) {
            return Err(RuleError::OwnMeter);
        }
        check_meter(meter, rules)?;
    }
    match request.buyer_discom {
        Some(discom) => check_discoms(discom, request.seller_discom, rules),
        None => Ok(()),
    }
}

fn check_distinct(slots: impl Iterator<Item = DeliverySlot>) -> Result<(), RuleError> {
    let mut seen = BTreeSet::new();
    for slot in slots {
        if !seen.insert(slot) {
            return Err(RuleError::SlotRepeated { slot });
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
