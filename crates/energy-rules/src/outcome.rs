//! What became of a slot: the DISCOMs' word on it, and whose shortfall it was.
//!
//! Ruling 26: the seller is short of what round one did not find at its meter, the buyer of what round two
//! did not find at its own. An outage costs nobody: what a DISCOM reports as one excuses its own side, and
//! only that. Invariant: the three parts sum to requested less settled.

use units::WattHours;

/// The status of a trade in a DISCOM's ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TradeStatus {
    Pending,
    Confirmed,
    Completed,
    CancelledOutage,
    CurtailedOutage,
    CancelledViolation,
    CurtailedViolation,
}

impl TradeStatus {
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Confirmed,
        Self::Completed,
        Self::CancelledOutage,
        Self::CurtailedOutage,
        Self::CancelledViolation,
        Self::CurtailedViolation,
    ];

    /// As ledgers and status columns write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Confirmed => "CONFIRMED",
            Self::Completed => "COMPLETED",
            Self::CancelledOutage => "CANCELLED_OUTAGE",
            Self::CurtailedOutage => "CURTAILED_OUTAGE",
            Self::CancelledViolation => "CANCELLED_POL_VIOLATION",
            Self::CurtailedViolation => "CURTAILED_POL_VIOLATION",
        }
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// The DISCOM has said its last word on the slot, corrections apart.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Confirmed)
    }

    /// The grid failed, nobody else.
    pub const fn is_outage(self) -> bool {
        matches!(self, Self::CancelledOutage | Self::CurtailedOutage)
    }
}

/// What both DISCOMs said of one slot of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub requested: WattHours,
    /// The seller's side, in round one.
    pub round_one: WattHours,
    /// The buyer's side, in round two.
    pub round_two: WattHours,
    /// FINAL_ALLOC. Normally the smaller of the two; the DISCOMs may agree on less.
    pub settled: WattHours,
    pub seller_status: TradeStatus,
    pub buyer_status: TradeStatus,
}

/// What was requested and not settled, by whom it is to be borne.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shortfall {
    pub seller: WattHours,
    pub buyer: WattHours,
    /// By nobody: an outage, or what the DISCOMs took off beyond both sides' allocations.
    pub excused: WattHours,
}

impl Shortfall {
    /// All of it; `None` past what can be counted.
    pub fn total(&self) -> Option<WattHours> {
        WattHours::checked_sum([self.seller, self.buyer, self.excused])
    }

    /// The sum of two slots; `None` past what can be counted.
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        Some(Self {
            seller: self.seller.checked_add(other.seller)?,
            buyer: self.buyer.checked_add(other.buyer)?,
            excused: self.excused.checked_add(other.excused)?,
        })
    }
}

/// Attributes the shortfall of one slot. Quantities below zero count as zero, allocations above the request
/// as the request: whether such values settle at all is [`crate::check_final`]'s to say.
pub fn attribute(delivery: &Delivery) -> Shortfall {
    let requested = delivery.requested.max(WattHours::ZERO);
    let round_one = delivery.round_one.clamp(WattHours::ZERO, requested);
    let round_two = delivery.round_two.clamp(WattHours::ZERO, round_one);
    let settled = delivery.settled.clamp(WattHours::ZERO, round_two);
    let less = |more: WattHours, less: WattHours| more.checked_sub(less).unwrap_or(WattHours::ZERO);
    let seller = match delivery.seller_status.is_outage() {
        true => WattHours::ZERO,
        false => less(requested, round_one),
    };
    let buyer = match delivery.buyer_status.is_outage() {
        true => WattHours::ZERO,
        false => less(round_one, round_two),
    };
    let excused = less(less(less(requested, settled), seller), buyer);
    Shortfall { seller, buyer, excused }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn delivery(requested: i64, one: i64, two: i64, settled: i64) -> Delivery {
        Delivery {
            requested: WattHours::new(requested),
            round_one: WattHours::new(one),
            round_two: WattHours::new(two),
            settled: WattHours::new(settled),
            seller_status: TradeStatus::Completed,
            buyer_status: TradeStatus::Completed,
        }
    }

    fn parts(delivery: &Delivery) -> [i64; 3] {
        let short = attribute(delivery);
        [short.seller.get(), short.buyer.get(), short.excused.get()]
    }

    #[test]
    fn each_side_bears_its_own_shortfall() {
        assert_eq!(parts(&delivery(10, 10, 10, 10)), [0, 0, 0]);
        assert_eq!(parts(&delivery(10, 7, 7, 7)), [3, 0, 0]);
        assert_eq!(parts(&delivery(10, 10, 6, 6)), [0, 4, 0]);
        assert_eq!(parts(&delivery(10, 7, 5, 5)), [3, 2, 0]);
        // The buyer could have taken more than was made: that is not its shortfall.
        assert_eq!(parts(&delivery(10, 7, 9, 7)), [3, 0, 0]);
        // The DISCOMs agreed on less than either found.
        assert_eq!(parts(&delivery(10, 8, 8, 5)), [2, 0, 3]);
    }

    #[test]
    fn an_outage_costs_nobody() {
        for outage in [TradeStatus::CancelledOutage, TradeStatus::CurtailedOutage] {
            let both = delivery(10, 7, 5, 5);
            assert_eq!(parts(&Delivery { seller_status: outage, ..both }), [0, 2, 3]);
            assert_eq!(parts(&Delivery { buyer_status: outage, ..both }), [3, 0, 2]);
            let all = Delivery { seller_status: outage, buyer_status: outage, ..both };
            assert_eq!(parts(&all), [0, 0, 5]);
        }
        let breach = Delivery { seller_status: TradeStatus::CurtailedViolation, ..delivery(10, 7, 7, 7) };
        assert_eq!(parts(&breach), [3, 0, 0]);
    }

    #[test]
    fn statuses_are_named_as_ledgers_name_them() {
        for status in TradeStatus::ALL {
            assert_eq!(TradeStatus::from_name(status.as_str()), Some(status));
        }
        assert_eq!(TradeStatus::from_name("completed"), None);
        assert!(!TradeStatus::Pending.is_final() && TradeStatus::CurtailedOutage.is_final());
        assert!(!TradeStatus::CancelledViolation.is_outage());
    }

    fn status() -> impl Strategy<Value = TradeStatus> {
        prop::sample::select(TradeStatus::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn the_parts_sum_to_what_is_missing(
            requested in 0_i64..50_000,
            one in -5_i64..60_000,
            two in -5_i64..60_000,
            settled in -5_i64..60_000,
            seller_status in status(), buyer_status in status(),
        ) {
            let row = Delivery { seller_status, buyer_status, ..delivery(requested, one, two, settled) };
            let short = attribute(&row);
            let settled = settled.clamp(0, two.clamp(0, one.clamp(0, requested)));
            prop_assert_eq!(short.total(), Some(WattHours::new(requested - settled)));
            for part in [short.seller, short.buyer, short.excused] {
                prop_assert!(part >= WattHours::ZERO);
            }
        }
    }
}
