//! When a slot may be traded, and a contract changed or cancelled.
//!
//! The window of a slot is half-open like the slot itself: its first instant trades, the instant of its
//! closure no longer does. `now` is always our receipt on the market clock, never what a message says of
//! itself (ruling 1).

use beckn_wire::energy::Writer;
use units::{DeliverySlot, Timestamp};

use crate::{RuleError, RuleSet};

/// Where a slot is in its trading window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    NotOpen,
    Open,
    Closed,
}

/// The first instant at which the slot may be traded.
pub fn opens_at(slot: DeliverySlot, rules: &RuleSet) -> Timestamp {
    slot.start().saturating_sub(rules.gate_opens)
}

/// The first instant at which it may be traded no longer.
pub fn closes_at(slot: DeliverySlot, rules: &RuleSet) -> Timestamp {
    slot.start().saturating_sub(rules.gate_closes)
}

/// The earliest closure among the slots of a contract, up to which all of it can still be changed; `None`
/// without slots. Reservations, and requests that live until gate closure, end there at the latest.
pub fn first_closes_at(slots: impl IntoIterator<Item = DeliverySlot>, rules: &RuleSet) -> Option<Timestamp> {
    slots.into_iter().map(|slot| closes_at(slot, rules)).min()
}

/// Where the slot is in its trading window at `now`.
pub fn gate(slot: DeliverySlot, now: Timestamp, rules: &RuleSet) -> Gate {
    if now >= closes_at(slot, rules) {
        Gate::Closed
    } else if now < opens_at(slot, rules) {
        Gate::NotOpen
    } else {
        Gate::Open
    }
}

/// Every slot that may be traded at `now`, in order: inside its window and the network's trading hours.
pub fn open_slots(now: Timestamp, rules: &RuleSet) -> impl Iterator<Item = DeliverySlot> {
    let first = DeliverySlot::containing(now.saturating_add(rules.gate_closes));
    std::iter::successors(Some(first), |slot| Some(slot.next()).filter(|next| next > slot))
        .take_while(move |slot| opens_at(*slot, rules) <= now)
        .filter(move |slot| check_slot(*slot, now, rules).is_ok())
}

/// The slot may be traded at `now`.
pub(crate) fn check_slot(slot: DeliverySlot, now: Timestamp, rules: &RuleSet) -> Result<(), RuleError> {
    check_hours(slot, rules)?;
    match gate(slot, now, rules) {
        Gate::Open => Ok(()),
        Gate::NotOpen => Err(RuleError::GateNotOpen { slot, opens: opens_at(slot, rules) }),
        Gate::Closed => Err(RuleError::GateClosed { slot, closed: closes_at(slot, rules) }),
    }
}

pub(crate) fn check_hours(slot: DeliverySlot, rules: &RuleSet) -> Result<(), RuleError> {
    match rules.trading_hours {
        Some(hours) if !hours.contain(slot) => Err(RuleError::OutsideTradingHours { slot }),
        _ => Ok(()),
    }
}

/// A contract over these slots may be changed at `now`: none of them is past its gate.
///
/// # Errors
/// [`RuleError::UpdateAfterGate`].
pub fn check_update(
    slots: impl IntoIterator<Item = DeliverySlot>,
    now: Timestamp,
    rules: &RuleSet,
) -> Result<(), RuleError> {
    match first_closes_at(slots, rules) {
        Some(closed) if now >= closed => Err(RuleError::UpdateAfterGate { closed }),
        _ => Ok(()),
    }
}

/// `by` may cancel a contract over these slots at `now`: either platform, until the first gate closes (ruling
/// 17). The shorter window that binds our own users is not a rule of the network and is judged where they
/// are.
///
/// # Errors
/// [`RuleError::CancellationByStranger`], [`RuleError::CancellationAfterGate`].
pub fn check_cancellation(
    by: Writer,
    slots: impl IntoIterator<Item = DeliverySlot>,
    now: Timestamp,
    rules: &RuleSet,
) -> Result<(), RuleError> {
    if !matches!(by, Writer::BuyerPlatform | Writer::SellerPlatform) {
        return Err(RuleError::CancellationByStranger);
    }
    match first_closes_at(slots, rules) {
        Some(closed) if now >= closed => Err(RuleError::CancellationAfterGate { closed }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TradingHours;
    use proptest::prelude::*;
    use units::Span;

    const TICK: Span = Span::from_micros(1);

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn a_slot_trades_from_24_to_4_hours_before() {
        let rules = RuleSet::ies_test();
        let slot = DeliverySlot::starting_at(at("2026-11-21T04:30:00Z")).unwrap();
        let (opens, closes) = (at("2026-11-20T04:30:00Z"), at("2026-11-21T00:30:00Z"));
        assert_eq!((opens_at(slot, &rules), closes_at(slot, &rules)), (opens, closes));
        assert_eq!(gate(slot, opens.saturating_sub(TICK), &rules), Gate::NotOpen);
        assert_eq!(gate(slot, opens, &rules), Gate::Open);
        assert_eq!(gate(slot, closes.saturating_sub(TICK), &rules), Gate::Open);
        assert_eq!(gate(slot, closes, &rules), Gate::Closed);
        assert_eq!(gate(slot, Timestamp::MIN, &rules), Gate::NotOpen);
        assert_eq!(gate(slot, Timestamp::MAX, &rules), Gate::Closed);
    }

    #[test]
    fn twenty_hours_are_open_at_ten_in_the_morning() {
        let rules = RuleSet::ies_test();
        let now = at("2026-11-21T10:00:00+05:30");
        let slots: Vec<_> = open_slots(now, &rules).collect();
        assert_eq!(slots.len(), 20);
        assert_eq!(slots[0].start(), at("2026-11-21T15:00:00+05:30"));
        assert_eq!(slots[19].start(), at("2026-11-22T10:00:00+05:30"));
        let pilot = RuleSet { trading_hours: Some(TradingHours::PILOT), ..rules };
        assert_eq!(open_slots(now, &pilot).count(), 3 + 5);
    }

    #[test]
    fn either_platform_cancels_until_the_first_gate() {
        let rules = RuleSet::ies_test();
        let early = DeliverySlot::starting_at(at("2026-11-21T04:30:00Z")).unwrap();
        let slots = [early.next(), early];
        let closed = closes_at(early, &rules);
        for by in [Writer::BuyerPlatform, Writer::SellerPlatform] {
            assert_eq!(check_cancellation(by, slots, closed.saturating_sub(TICK), &rules), Ok(()));
            let late = check_cancellation(by, slots, closed, &rules).unwrap_err();
            assert_eq!(late, RuleError::CancellationAfterGate { closed });
            assert_eq!(late.code().as_str(), "POL_CANCELLATION_NOT_ALLOWED");
        }
        for by in [Writer::BuyerDiscom, Writer::SellerDiscom] {
            assert_eq!(
                check_cancellation(by, slots, Timestamp::MIN, &rules),
                Err(RuleError::CancellationByStranger)
            );
        }
        assert_eq!(check_update(slots, closed.saturating_sub(TICK), &rules), Ok(()));
        let late = check_update(slots, closed, &rules).unwrap_err();
        assert_eq!(late.code().as_str(), "POL_UPDATE_NOT_ALLOWED");
        assert_eq!(first_closes_at([], &rules), None);
    }

    proptest! {
        #[test]
        fn open_slots_are_exactly_the_open_ones(seconds in 1_700_000_000_i64..1_900_000_000, hours: bool) {
            let trading_hours = hours.then_some(TradingHours::PILOT);
            let rules = RuleSet { trading_hours, ..RuleSet::ies_test() };
            let now = Timestamp::from_seconds(seconds);
            let mut slot = DeliverySlot::containing(now.saturating_sub(Span::from_hours(2)));
            let mut expected = Vec::new();
            for _ in 0..30 {
                if gate(slot, now, &rules) == Gate::Open && (!hours || TradingHours::PILOT.contain(slot)) {
                    expected.push(slot);
                }
                slot = slot.next();
            }
            prop_assert_eq!(open_slots(now, &rules).collect::<Vec<_>>(), expected);
        }
    }
}
