//! How contracts, offers and people look in the client API. Pure: from the domain's types to documents.
//!
//! Energy is in kWh, money in INR, each as a decimal string; instants are RFC 3339 in UTC. A meter of somebody else
//! shows its last four characters only.

mod delivery;

use energy_rules::{Gate, RuleSet};
use serde::Serialize;
use units::{DeliverySlot, NumberError, Paise, Price, Timestamp, WattHours};
use utoipa::ToSchema;

pub use self::delivery::{DeliveryView, delivery};
use crate::contract::{Contract, Failure, HistoryEntry, Side};
use crate::market::{Offer, OfferSlot};
use crate::metering::Meter;
pub use crate::network::masks::masked;

/// One side of a trade, as its user sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Transaction {
    pub transaction_id: String,
    /// `buyer` or `seller`.
    #[schema(example = "buyer")]
    pub side: &'static str,
    /// `draft`, `quoted`, `reserved`, `offered`, `confirming`, `recording`, `active`, `standing`, `cancelling`,
    /// `cancelled`, `rejected`, `expired` or `disputed`.
    #[schema(example = "standing")]
    pub state: &'static str,
    /// Given by the seller's platform when it confirms.
    pub contract_id: Option<String>,
    /// The other platform.
    pub peer_id: String,
    pub network_id: String,
    pub offer_id: String,
    /// Masked unless it is yours.
    pub seller_meter: String,
    /// Masked unless it is yours; known from `init` on.
    pub buyer_meter: Option<String>,
    pub slots: Vec<ContractSlot>,
    pub totals: Totals,
    /// When the first of its slots can no longer be traded, market time.
    #[schema(value_type = String, format = DateTime)]
    pub gate_closes_at: Timestamp,
    /// Until when the energy is held for the buyer, market time, on the seller's side. Null on the buyer's: `on_init`
    /// does not say it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub reserved_until: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub confirmed_at: Option<Timestamp>,
    /// `none`, `pending`, `recorded`, `refused`, `withdrawing` or `withdrawn`: what our DISCOM's ledger knows.
    #[schema(example = "recorded")]
    pub ledger: &'static str,
    /// `buyer`, `seller` or `ledger`.
    pub cancelled_by: Option<&'static str>,
    /// Whether an answer of the network is awaited.
    pub awaiting_answer: bool,
    /// Why it was refused or has failed, in the network's words.
    pub failure: Option<Reason>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// One hour of a contract.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContractSlot {
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T05:30:00.000Z")]
    pub start: DeliverySlot,
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T06:30:00.000Z")]
    pub end: Timestamp,
    #[schema(example = "2026-11-22 11:00 IST")]
    pub label_ist: String,
    #[schema(value_type = String, example = "6.5")]
    pub price_inr: Price,
    #[schema(value_type = String, example = "2.5")]
    pub quantity_kwh: WattHours,
    /// Price times quantity; null when that cannot be counted.
    #[schema(value_type = Option<String>, example = "16.25")]
    pub amount_inr: Option<Paise>,
}

/// The sums over all slots; null when a sum cannot be counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Totals {
    #[schema(value_type = Option<String>, example = "2.5")]
    pub quantity_kwh: Option<WattHours>,
    #[schema(value_type = Option<String>, example = "16.25")]
    pub amount_inr: Option<Paise>,
}

/// A refusal.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reason {
    #[schema(example = "BIZ_QUANTITY_UNAVAILABLE")]
    pub code: String,
    pub message: String,
}

/// A line of history.
#[derive(Debug, Serialize, ToSchema)]
pub struct History {
    pub revision: i64,
    pub state: &'static str,
    /// The action of the network, or the worker, that made it so.
    #[schema(example = "on_confirm")]
    pub cause: String,
    pub message_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// A seller's offer.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferDocument {
    #[schema(value_type = String, format = "uuid")]
    pub id: uuid::Uuid,
    pub name: String,
    pub meter_id: String,
    /// `live` or `withdrawn`.
    #[schema(example = "live")]
    pub state: &'static str,
    pub publication: PublicationView,
    /// The gate closure of its first slot, market time.
    #[schema(value_type = String, format = DateTime)]
    pub valid_until: Timestamp,
    pub slots: Vec<StockSlot>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// How far an offer is on its way into the catalog.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicationView {
    /// `pending`, `sent`, `accepted` or `rejected`.
    #[schema(example = "accepted")]
    pub state: &'static str,
    pub revision: i64,
    /// The revision that was last sent; 0 for none.
    pub published_revision: i64,
    /// The catalog's reasons, when it rejected the offer.
    pub error: Option<String>,
}

/// The stock of one hour: `sold + reserved <= published`, always.
#[derive(Debug, Serialize, ToSchema)]
pub struct StockSlot {
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T05:30:00.000Z")]
    pub start: DeliverySlot,
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T06:30:00.000Z")]
    pub end: Timestamp,
    #[schema(example = "2026-11-22 11:00 IST")]
    pub label_ist: String,
    #[schema(value_type = String, example = "6.5")]
    pub price_inr: Price,
    #[schema(value_type = String, example = "5")]
    pub published_kwh: WattHours,
    #[schema(value_type = String, example = "1")]
    pub reserved_kwh: WattHours,
    #[schema(value_type = String, example = "1.5")]
    pub sold_kwh: WattHours,
    #[schema(value_type = String, example = "2.5")]
    pub available_kwh: WattHours,
    /// `open`, `closed` or `not_open` for trade now.
    #[schema(example = "open")]
    pub state: &'static str,
}

/// Shows a contract to the user whose side it is.
pub fn transaction(contract: &Contract, meters: &[Meter]) -> Transaction {
    let slots: Vec<ContractSlot> = contract
        .slots
        .iter()
        .map(|row| ContractSlot {
            start: row.slot,
            end: row.slot.end(),
            label_ist: units::ist_label(row.slot.start()),
            price_inr: row.price,
            quantity_kwh: row.requested,
            amount_inr: cost(row.requested, row.price).ok(),
        })
        .collect();
    let totals = Totals {
        quantity_kwh: WattHours::checked_sum(slots.iter().map(|slot| slot.quantity_kwh)),
        amount_inr: slots.iter().try_fold(Paise::ZERO, |sum, slot| sum.checked_add(slot.amount_inr?)),
    };
    Transaction {
        transaction_id: contract.transaction_id.clone(),
        side: contract.side.as_str(),
        state: contract.state.as_str(),
        contract_id: contract.contract_id.clone(),
        peer_id: contract.peer_id.clone(),
        network_id: contract.network_id.clone(),
        offer_id: contract.offer_id.clone(),
        seller_meter: meter(&contract.seller_meter, contract.side == Side::Seller, meters),
        buyer_meter: contract
            .buyer_meter
            .as_deref()
            .map(|key| meter(key, contract.side == Side::Buyer, meters)),
        slots,
        totals,
        gate_closes_at: contract.gate_closes_at,
        reserved_until: contract.reserved_until,
        confirmed_at: contract.confirmed_at,
        ledger: contract.ledger.as_str(),
        cancelled_by: contract.cancelled_by.map(crate::contract::Party::as_str),
        awaiting_answer: contract.awaiting.is_some(),
        failure: contract.failure.as_ref().map(reason),
        created_at: contract.created_at,
        updated_at: contract.updated_at,
    }
}

/// What so much energy costs, as contracts count it.
fn cost(energy: WattHours, price: Price) -> Result<Paise, NumberError> {
    units::amount(energy, price, crate::contract::ROUNDING)
}

/// One's own meter as the DISCOM writes it, another's masked.
fn meter(key: &str, own: bool, meters: &[Meter]) -> String {
    match meters.iter().find(|meter| own && meter.meter_key == key) {
        Some(meter) => meter.meter_id.clone(),
        None => masked(key),
    }
}

pub fn reason(failure: &Failure) -> Reason {
    Reason { code: failure.code.clone(), message: failure.message.clone() }
}

pub fn history(entry: HistoryEntry) -> History {
    History {
        revision: entry.revision,
        state: entry.state.as_str(),
        cause: entry.cause,
        message_id: entry.message_id,
        at: entry.at,
    }
}

/// Shows an offer to its seller; `now` is the market's.
pub fn offer(offer: &Offer, meters: &[Meter], rules: &RuleSet, now: Timestamp) -> OfferDocument {
    let own = meters.iter().find(|meter| meter.id == offer.meter_id);
    OfferDocument {
        id: offer.id,
        name: offer.name.clone(),
        meter_id: own.map_or_else(|| masked(&offer.meter_key), |meter| meter.meter_id.clone()),
        state: offer.state.as_str(),
        publication: PublicationView {
            state: offer.publication.as_str(),
            revision: offer.revision,
            published_revision: offer.published_revision,
            error: offer.publish_error.clone(),
        },
        valid_until: offer.valid_until,
        slots: offer.slots.iter().map(|slot| stock(slot, rules, now)).collect(),
        created_at: offer.created_at,
        updated_at: offer.updated_at,
    }
}

fn stock(slot: &OfferSlot, rules: &RuleSet, now: Timestamp) -> StockSlot {
    let state = match energy_rules::gate(slot.slot, now, rules) {
        Gate::Open => "open",
        Gate::NotOpen => "not_open",
        Gate::Closed => "closed",
    };
    StockSlot {
        start: slot.slot,
        end: slot.slot.end(),
        label_ist: units::ist_label(slot.slot.start()),
        price_inr: slot.price,
        published_kwh: slot.published,
        reserved_kwh: slot.reserved,
        sold_kwh: slot.sold,
        available_kwh: slot.available(),
        state,
    }
}
