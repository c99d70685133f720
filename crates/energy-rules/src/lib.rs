//! The rules of an energy trade, as pure functions.
//!
//! Platforms and DISCOM ledgers judge the same things the same way: this crate knows no database, no clock
//! and no network. The present instant, the rule set in force and what is stored come in as arguments; out
//! comes a verdict. Limits are data ([`RuleSet`], with dates), not constants in the code that applies them.
//!
//! # Refusals and their codes
//!
//! | [`RuleError`] | Code |
//! |---|---|
//! | `SlotOffTheHour` | `BIZ_FULFILLMENT_UNAVAILABLE` |
//! | `SlotNotOffered` `OutsideTradingHours` | `BIZ_FULFILLMENT_UNAVAILABLE` |
//! | `GateNotOpen` `GateClosed` | `BIZ_FULFILLMENT_UNAVAILABLE` |
//! | `SlotRepeated` | `SCH_ATTRIBUTE_PACK_INVALID` |
//! | `QuantityInvalid` `QuantityTooPrecise` | `BIZ_QUANTITY_UNAVAILABLE` |
//! | `QuantityBelowMinimum` `NothingRequested` | `BIZ_QUANTITY_UNAVAILABLE` |
//! | `QuantityUnavailable` `CapacityExceeded` | `BIZ_QUANTITY_UNAVAILABLE` |
//! | `PriceInvalid` `PriceOutOfRange` `PriceMismatch` | `BIZ_PRICE_MISMATCH` |
//! | `OwnMeter` `MeterBlank` | `POL_ELIGIBILITY_NOT_MET` |
//! | `TestMeterRequired` `TestMeterForbidden` | `POL_ELIGIBILITY_NOT_MET` |
//! | `SameDiscom` `DiscomNotAllowed` | `POL_ELIGIBILITY_NOT_MET` |
//! | `LoadExceeded` | `POL_ELIGIBILITY_NOT_MET` |
//! | `UpdateAfterGate` | `POL_UPDATE_NOT_ALLOWED` |
//! | `CellNotYours` `CellTooEarly` `CellFrozen` | `POL_UPDATE_NOT_ALLOWED` |
//! | `CancellationAfterGate` | `POL_CANCELLATION_NOT_ALLOWED` |
//! | `CancellationByStranger` | `POL_CANCELLATION_NOT_ALLOWED` |
//! | `FinalAboveAllocation` | `BIZ_UPDATE_INCONSISTENT` |
//! | `AllocationAboveRequest` | `BIZ_UPDATE_INCONSISTENT` |
//!
//! Before the gate opens and after it closes, `select`, `init` and `confirm` ask for what is not for sale;
//! `update` and `cancel` have codes of their own. A well-formed instant that starts no slot is a service that
//! does not exist, not a broken format; hence `BIZ_` and not `SCH_`. The same holds for a number that the
//! schema admits and the market does not.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod allocation;
mod cell;
mod copy;
mod error;
mod flows;
mod gate;
mod net;
mod outcome;
mod party;
mod quantity;
mod request;
mod rounds;
mod rule_set;
mod table;
mod timetable;

pub use allocation::{AllocationError, check_final, min_of_two, pro_rata};
pub use cell::{Cell, Leg, Merge, Provenance, Stage, merge_cell};
pub use copy::{divergences, table_digest};
pub use error::RuleError;
pub use flows::{
    Deviation, DeviationFlows, FlowError, Flows, PenaltyShares, PolicyRates, SettledSlot, penalty_shares,
    revenue_flows, settle_deviation, settled_slots,
};
pub use gate::{
    Gate, check_cancellation, check_update, closes_at, first_closes_at, gate, open_slots, opens_at,
};
pub use net::{NetTrade, Side, share_net};
pub use outcome::{Delivery, Shortfall, TradeStatus, attribute};
pub use party::{check_discoms, check_meter, is_test_meter};
pub use quantity::{check_capacity, check_load, read_allocation, read_price, read_quantity, read_requested};
pub use request::{OfferTerms, OfferedSlot, Request, RequestedSlot, check_listing, check_request};
pub use rounds::{BuyerRound, Claim, final_allocation, round_two};
pub use rule_set::{NETWORK_PRODUCTION, NETWORK_TEST, NETWORK_TEST_DEG, PolicyUse, RuleSet, TradingHours};
pub use table::check_agreeing_table;
pub use timetable::{Step, StepTime, Timetable};
