//! Why a rule refuses, and the code of the protocol that says so.
//!
//! The texts go to strangers: they name the rule and what would satisfy it, and repeat nothing that a
//! stranger wrote.

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::Column;
use units::{DeliverySlot, Price, SlotError, Timestamp, WattHours};

/// A rule that a message breaks. The table in the crate's documentation explains the choice of codes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("a delivery slot is one hour and starts on the hour of India Standard Time (UTC+05:30)")]
    SlotOffTheHour,
    #[error("the slot {slot} occurs more than once")]
    SlotRepeated { slot: DeliverySlot },
    #[error("the slot {slot} is not in the offer")]
    SlotNotOffered { slot: DeliverySlot },
    #[error("the slot {slot} is outside the network's trading hours")]
    OutsideTradingHours { slot: DeliverySlot },
    #[error("the slot {slot} can be traded from {opens} on")]
    GateNotOpen { slot: DeliverySlot, opens: Timestamp },
    #[error("trading in the slot {slot} closed at {closed}")]
    GateClosed { slot: DeliverySlot, closed: Timestamp },

    #[error("no quantity is requested in any slot")]
    NothingRequested,
    #[error("a quantity must be a decimal number of kWh, not negative and not beyond reason")]
    QuantityInvalid,
    #[error("a quantity must be a multiple of {step} kWh")]
    QuantityTooPrecise { step: WattHours },
    #[error("a quantity must be at least {minimum} kWh")]
    QuantityBelowMinimum { minimum: WattHours },
    #[error("{available} kWh are available in the slot {slot}")]
    QuantityUnavailable { slot: DeliverySlot, available: WattHours },
    #[error("the seller's installed capacity allows {limit} kWh in the slot {slot}")]
    CapacityExceeded { slot: DeliverySlot, limit: WattHours },
    #[error("the buyer's sanctioned load allows {limit} kWh in the slot {slot}")]
    LoadExceeded { slot: DeliverySlot, limit: WattHours },

    #[error("a price must be a decimal number of INR per kWh with at most four decimals")]
    PriceInvalid,
    #[error("a price must be between {min} and {max} INR per kWh")]
    PriceOutOfRange { min: Price, max: Price },
    #[error("the published price in the slot {slot} is {published} INR per kWh")]
    PriceMismatch { slot: DeliverySlot, published: Price },

    #[error("buyer and seller have the same meter")]
    OwnMeter,
    #[error("a meter is not named")]
    MeterBlank,
    #[error("only test meters (TEST_) may trade on this network")]
    TestMeterRequired,
    #[error("a test meter (TEST_) may not trade on this network")]
    TestMeterForbidden,
    #[error("buyer and seller are customers of the same DISCOM, between whom this network does not trade")]
    SameDiscom,
    #[error("a DISCOM does not take part in this network")]
    DiscomNotAllowed,

    #[error("the contract could be changed until {closed}")]
    UpdateAfterGate { closed: Timestamp },
    #[error("the contract could be cancelled until {closed}")]
    CancellationAfterGate { closed: Timestamp },
    #[error("only the two platforms of a contract may cancel it")]
    CancellationByStranger,

    #[error("{} must be in {}", name(.column), unit(.column))]
    UnitForeign { column: Column },
    #[error("{} may not be written by this sender", name(.column))]
    CellNotYours { column: Column },
    #[error("{} is written after delivery, under a contract", name(.column))]
    CellTooEarly { column: Column },
    #[error("{} cannot change once the contract is concluded", name(.column))]
    CellFrozen { column: Column },
    #[error("FINAL_ALLOC exceeds an allocation of the two DISCOMs")]
    FinalAboveAllocation,
    #[error("an allocation exceeds the quantity that was requested")]
    AllocationAboveRequest,
}

impl RuleError {
    /// The most precise code of the protocol.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::SlotOffTheHour
            | Self::SlotNotOffered { .. }
            | Self::OutsideTradingHours { .. }
            | Self::GateNotOpen { .. }
            | Self::GateClosed { .. } => ErrorCode::BizFulfillmentUnavailable,
            Self::SlotRepeated { .. } | Self::UnitForeign { .. } => ErrorCode::SchAttributePackInvalid,
            Self::NothingRequested
            | Self::QuantityInvalid
            | Self::QuantityTooPrecise { .. }
            | Self::QuantityBelowMinimum { .. }
            | Self::QuantityUnavailable { .. }
            | Self::CapacityExceeded { .. } => ErrorCode::BizQuantityUnavailable,
            Self::PriceInvalid | Self::PriceOutOfRange { .. } | Self::PriceMismatch { .. } => {
                ErrorCode::BizPriceMismatch
            }
            Self::OwnMeter
            | Self::MeterBlank
            | Self::TestMeterRequired
            | Self::TestMeterForbidden
            | Self::SameDiscom
            | Self::DiscomNotAllowed
            | Self::LoadExceeded { .. } => ErrorCode::PolEligibilityNotMet,
            Self::UpdateAfterGate { .. }
            | Self::CellNotYours { .. }
            | Self::CellTooEarly { .. }
            | Self::CellFrozen { .. } => ErrorCode::PolUpdateNotAllowed,
            Self::CancellationAfterGate { .. } | Self::CancellationByStranger => {
                ErrorCode::PolCancellationNotAllowed
            }
            Self::FinalAboveAllocation | Self::AllocationAboveRequest => ErrorCode::BizUpdateInconsistent,
        }
    }
}

/// An instant that starts no slot offers none.
impl From<SlotError> for RuleError {
    fn from(_: SlotError) -> Self {
        Self::SlotOffTheHour
    }
}

impl From<&RuleError> for WireError {
    fn from(error: &RuleError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<RuleError> for WireError {
    fn from(error: RuleError) -> Self {
        Self::from(&error)
    }
}

/// The name of a column of this network; any other is a stranger's text, which is not repeated.
fn name(column: &Column) -> &str {
    match column {
        Column::Other(_) => "a column that this network does not define",
        known => known.as_str(),
    }
}

/// What the cells of a column are counted in.
fn unit(column: &Column) -> &'static str {
    column.units().unwrap_or("INR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_gets_code_and_sentence() {
        let slot = DeliverySlot::containing(Timestamp::from_seconds(1_793_520_000));
        let error =
            WireError::from(RuleError::QuantityUnavailable { slot, available: WattHours::new(9_990) });
        assert_eq!(error.code.as_str(), "BIZ_QUANTITY_UNAVAILABLE");
        assert_eq!(error.message, "9.99 kWh are available in the slot 2026-11-01T07:30:00.000Z");
    }

    #[test]
    fn an_instant_off_the_hour_is_no_service() {
        let noon_utc = Timestamp::from_seconds(1_793_534_400);
        let error = DeliverySlot::starting_at(noon_utc).map_err(RuleError::from).unwrap_err();
        assert_eq!(error.code().as_str(), "BIZ_FULFILLMENT_UNAVAILABLE");
    }

    #[test]
    fn a_strangers_text_is_not_repeated() {
        let error = RuleError::CellNotYours { column: Column::Other("<script>".into()) };
        assert_eq!(
            error.to_string(),
            "a column that this network does not define may not be written by this sender"
        );
        let error = RuleError::CellNotYours { column: Column::FinalAlloc };
        assert_eq!(error.to_string(), "FINAL_ALLOC may not be written by this sender");
    }
}
