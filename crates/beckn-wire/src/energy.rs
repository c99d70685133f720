//! Energy on the wire: the contract table, offers, catalogs, contracts and their builders (wave 2, Beckn 2.0
//! LTS).
//!
//! Every type reads from [`crate::json::Json`] and writes back without loss: members that it does not know
//! stay in `rest`, in their places, and an unchanged value keeps its spelling. A value made here begins with
//! the `rest` that its constructor gives it, which holds `@context` and `@type`. Numbers stay text until a
//! checked integer is asked for. Presence of members is judged by `crate::validate`; a view here refuses what
//! has the wrong type and leaves out what is not there.

mod catalog;
mod column;
mod contract;
mod deg;
pub mod feed;
pub mod messages;
mod meter;
pub mod meter_leg;
mod money;
mod offer;
mod party;
mod path;
pub mod publish;
mod resource;
pub mod schema;
mod series;
mod settlement;
mod table;

pub use catalog::{Catalog, Catalogs, PublishDirective, PublishResult, PublishResults};
pub use column::{Column, Writer};
pub use contract::{Commitment, Contract, OfferRef};
pub use deg::{DegContract, Policy, RevenueFlow, Role};
pub use meter::{normalize_meter, plain_meter, same_meter};
pub use money::{Money, PayTo};
pub use offer::{EnergyTradeOffer, Offer, Provider, Validity};
pub use party::{DiscomLedgerProvider, EnergyCustomer, Participant, PartyAttributes};
pub use path::{LIST_MAX, Path};
pub use resource::{DatasetItem, EnergyResource, Resource, ResourceAttributes};
pub use series::{Descriptor, Interval, IntervalPeriod, Payload, TimeSeries};
pub use settlement::{
    Consideration, MoneyAttributes, PaymentAction, RevenueFlows, Settlement, SettlementTerm,
};
pub use table::{Line, SlotTerms};

use crate::code::WireError;

/// A message cannot be made from what was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("there is no delivery slot")]
    NoSlots,
    #[error("a delivery slot occurs twice")]
    SlotTwice,
    #[error("the table has no interval {0}")]
    NoSuchInterval(i64),
    #[error("no energy is requested")]
    NothingRequested,
    #[error("the offer is not a complete energy offer")]
    NotAnEnergyOffer,
    #[error("the table cannot be used: {0}")]
    Table(WireError),
}
