//! How the delivery of a contract looks: what each DISCOM wrote, slot by slot, and whether all hold the same copy.

use serde::Serialize;
use units::{DeliverySlot, Timestamp};
use utoipa::ToSchema;

use crate::contract::Contract;
use crate::contract::delivery::{Copy, Delivery};
use crate::contract::service::Cell;
use crate::discom;

/// What became of a contract after its gate.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// `awaited`, `told`, `settled`, `exception` or `void`.
    #[schema(example = "settled")]
    pub state: &'static str,
    /// Why a person must look.
    pub reason: Option<String>,
    /// The end of its last slot, market time.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// 0: not settled; each correction by a DISCOM adds one to the first settlement.
    #[schema(example = 1)]
    pub settlement: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub settled_at: Option<Timestamp>,
    /// In order of time; a slot that nothing was requested of is left out.
    pub slots: Vec<DeliverySlotView>,
    /// Of our own table, to compare the copies with.
    pub digest: Option<String>,
    /// How the other holders of a copy last told it.
    pub copies: Vec<CopyView>,
}

/// What the DISCOMs wrote of one slot, newest values; null: not written.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliverySlotView {
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T05:30:00.000Z")]
    pub start: DeliverySlot,
    #[schema(value_type = String, example = "2.5")]
    pub requested_kwh: units::WattHours,
    #[schema(example = "2.4")]
    pub seller_allocated_kwh: Option<String>,
    #[schema(example = "COMPLETED")]
    pub seller_status: Option<String>,
    #[schema(example = "2.5")]
    pub buyer_allocated_kwh: Option<String>,
    #[schema(example = "COMPLETED")]
    pub buyer_status: Option<String>,
    #[schema(example = "2.4")]
    pub final_kwh: Option<String>,
    /// `direct` or `relayed` by a platform: how the final value came.
    #[schema(example = "direct")]
    pub final_provenance: Option<String>,
    /// How often the final value was written; more than 1: corrected.
    pub final_round: i64,
}

/// The copy of another holder.
#[derive(Debug, Serialize, ToSchema)]
pub struct CopyView {
    /// Subscriber id.
    pub holder: String,
    /// Over the cells that it fills; equal tables have equal digests.
    pub digest: String,
    /// The cells in which it contradicts ours, `COLUMN@start`.
    pub differs: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    pub told_at: Timestamp,
}

/// Shows a delivery.
pub fn delivery(contract: &Contract, delivery: &Delivery, cells: &[Cell], copies: Vec<Copy>) -> DeliveryView {
    let newest = |slot: DeliverySlot, column: &str| {
        let of_cell = |cell: &&Cell| cell.slot_start == slot.start() && cell.column == column;
        cells.iter().filter(of_cell).max_by_key(|cell| cell.round)
    };
    let text = |slot, column: &str| newest(slot, column).map(|cell| cell.value.clone());
    let slots = contract.quantities().into_iter().map(|row| {
        let last = newest(row.slot, "FINAL_ALLOC");
        DeliverySlotView {
            start: row.slot,
            requested_kwh: row.quantity,
            seller_allocated_kwh: text(row.slot, "SELLER_DISCOM_ALLOC"),
            seller_status: text(row.slot, "SELLER_DISCOM_STATUS"),
            buyer_allocated_kwh: text(row.slot, "BUYER_DISCOM_ALLOC"),
            buyer_status: text(row.slot, "BUYER_DISCOM_STATUS"),
            final_kwh: last.map(|cell| cell.value.clone()),
            final_provenance: last.map(|cell| cell.provenance.clone()),
            final_round: last.map_or(0, |cell| cell.round),
        }
    });
    let slots = slots.collect();
    let copies = copies.into_iter().map(|copy| CopyView {
        holder: copy.holder,
        digest: copy.digest,
        differs: copy.differs.split(',').filter(|cell| !cell.is_empty()).map(str::to_owned).collect(),
        told_at: copy.told_at,
    });
    DeliveryView {
        state: delivery.state.as_str(),
        reason: delivery.reason.clone(),
        ends_at: delivery.ends_at,
        settlement: delivery.settlement,
        settled_at: delivery.settled_at,
        slots,
        digest: discom::own_table(contract),
        copies: copies.collect(),
    }
}
