//! Records of a ledger as people and tests read them: one object per contract, with its lines.

use std::collections::BTreeMap;

use db::{Db, DbError};
use serde::Serialize;
use units::{Timestamp, WattHours};

use super::model::{ContractRow, Line, Party, Side, Terms};
use super::store;
use crate::delivery::model::{Cells, LineKey};
use crate::delivery::store as delivery;

/// Most contracts that one answer lists.
pub const PAGE: i64 = 500;

/// A contract in a ledger. Quantities in kWh, prices in INR per kWh, as decimal text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordView {
    pub record_id: String,
    pub contract_id: String,
    pub transaction_id: String,
    pub network_id: String,
    /// `ACTIVE`, `CANCELLED`, or `WITHDRAWN` for a cancellation that came first.
    pub status: &'static str,
    /// The revision that `intervals` shows; 0 when nothing is recorded.
    pub revision: i64,
    pub declared_by: String,
    pub creation_time: Timestamp,
    pub updated_time: Timestamp,
    pub row_digest: String,
    pub buyer: Option<PartyView>,
    pub seller: Option<PartyView>,
    pub intervals: Vec<LineView>,
}

/// One side of a contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartyView {
    pub platform_id: String,
    pub discom: String,
    pub ledger_id: String,
    pub meter_id: String,
}

/// One delivery slot of a contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LineView {
    pub commitment_id: String,
    pub interval_id: i64,
    pub delivery_start: Timestamp,
    pub delivery_end: Timestamp,
    pub price: String,
    pub requested: String,
    /// What was written after delivery, the latest round, by column.
    pub cells: BTreeMap<String, CellView>,
}

/// A cell of the contract's table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CellView {
    /// Energy in kWh, or a status.
    pub value: String,
    pub round: i64,
    /// `OWN`, `DIRECT` or `RELAYED`.
    pub provenance: &'static str,
    pub written_time: Timestamp,
}

/// The contracts of one transaction, or the newest of the ledger; at most [`PAGE`].
///
/// # Errors
/// The database's.
pub async fn records(
    db: &Db,
    ledger_id: &str,
    transaction_id: Option<&str>,
) -> Result<Vec<RecordView>, DbError> {
    let (ledger_id, transaction_id) = (ledger_id.to_owned(), transaction_id.map(str::to_owned));
    db.read(move |tx| {
        let (ledger_id, transaction_id) = (ledger_id.clone(), transaction_id.clone());
        Box::pin(async move {
            let mut views = Vec::new();
            for row in store::contracts(tx, &ledger_id, transaction_id.as_deref(), PAGE).await? {
                let terms = store::in_force(tx, &row).await?.map(|revision| revision.terms);
                let cells = delivery::cells(tx, &ledger_id, &row.contract_id).await?;
                views.push(view(&row, terms.as_ref(), &cells));
            }
            Ok(views)
        })
    })
    .await
}

/// What stands recorded for a meter, by the start of the delivery slot.
///
/// # Errors
/// The database's.
pub async fn recorded(
    db: &Db,
    ledger_id: &str,
    meter: &str,
    side: Side,
) -> Result<Vec<(Timestamp, WattHours)>, DbError> {
    let (ledger_id, meter) = (ledger_id.to_owned(), beckn_wire::energy::normalize_meter(meter));
    db.read(move |tx| {
        let (ledger_id, meter) = (ledger_id.clone(), meter.clone());
        Box::pin(async move {
            let slots = store::headroom(tx, &ledger_id, &meter, side, PAGE).await?;
            Ok(slots.into_iter().map(|(slot, energy)| (slot.start(), energy)).collect())
        })
    })
    .await
}

fn view(row: &ContractRow, terms: Option<&Terms>, cells: &Cells) -> RecordView {
    RecordView {
        record_id: row.record_id.clone(),
        contract_id: row.contract_id.clone(),
        transaction_id: row.transaction_id.clone(),
        network_id: row.network_id.clone(),
        status: row.status.as_str(),
        revision: row.revision,
        declared_by: row.declared_by.clone(),
        creation_time: row.created_at,
        updated_time: row.updated_at,
        row_digest: row.row_digest.clone(),
        buyer: terms.map(|terms| party(&terms.buyer)),
        seller: terms.map(|terms| party(&terms.seller)),
        intervals: terms.map(|terms| lines(terms, cells)).unwrap_or_default(),
    }
}

fn party(party: &Party) -> PartyView {
    PartyView {
        platform_id: party.platform.clone(),
        discom: party.discom.clone(),
        ledger_id: party.ledger.clone(),
        meter_id: party.meter.clone(),
    }
}

fn lines(terms: &Terms, cells: &Cells) -> Vec<LineView> {
    let view = |traded: &Line| {
        let of = |key: &LineKey| key.commitment == traded.commitment && key.interval == traded.interval;
        let written = cells.iter().filter(|(key, ..)| of(key)).map(|(_, column, cell)| {
            let view = CellView {
                value: cell.value.clone(),
                round: cell.round,
                provenance: cell.origin.as_str(),
                written_time: cell.written_at,
            };
            (column.as_str().to_owned(), view)
        });
        line(traded, written.collect())
    };
    terms.lines.iter().map(view).collect()
}

fn line(line: &Line, cells: BTreeMap<String, CellView>) -> LineView {
    LineView {
        commitment_id: line.commitment.clone(),
        interval_id: line.interval,
        delivery_start: line.slot.start(),
        delivery_end: line.slot.end(),
        price: line.price.to_inr_text(),
        requested: line.requested.to_kwh_text(),
        cells,
    }
}
