//! The cells of an `on_status` against ours: who may write which, and what is kept of the rest.

use beckn_wire::code::ErrorCode;
use beckn_wire::energy::{Column, Contract as WireContract, Writer};
use db::DbError;
use energy_rules::{Cell as RuleCell, Leg, Merge, Provenance, Stage, merge_cell};
use node::ProcessError;

use crate::contract::service::Cell;
use crate::contract::{self, Contract, Side, State};
use crate::network::Participant;

/// What a message does to our copy.
#[derive(Clone, Debug)]
pub(super) struct Merged {
    pub(super) document: WireContract,
    /// Values that are new to us, or confirmed by their owner.
    pub(super) written: Vec<Cell>,
    /// Cells that the sender may not write: changed nothing.
    pub(super) refused: Vec<String>,
    /// Cells in which the owner contradicts what its platform had relayed.
    pub(super) disputed: Vec<String>,
    /// The seller's platform told its revenue flows, and they are new to us.
    pub(super) flows: bool,
}

/// What was written into the contract so far, in rounds.
///
/// # Errors
/// The database's.
pub(super) async fn stored(p: &Participant, contract: &Contract) -> Result<Vec<Cell>, DbError> {
    let id = contract.id;
    p.db.read(move |tx| Box::pin(async move { contract::service::cells(tx, id).await })).await
}

/// Merges the told contract into ours.
///
/// # Errors
/// One of the two has no table.
pub(super) fn merge(
    p: &Participant,
    contract: &Contract,
    document: WireContract,
    told: &WireContract,
    sender: &str,
    stored: &[Cell],
) -> Result<Merged, ProcessError> {
    let fail = |error: beckn_wire::code::WireError| ProcessError::Fail(error.code);
    let from = roles_of(p, &document, sender);
    let to = match contract.side {
        Side::Seller => [Writer::SellerPlatform],
        Side::Buyer => [Writer::BuyerPlatform],
    };
    let leg = Leg { from: &from, to: &to };
    let agreeing = [State::Draft, State::Quoted, State::Reserved, State::Offered, State::Confirming];
    let stage = if agreeing.contains(&contract.state) { Stage::Agreeing } else { Stage::Concluded };
    let mut merged =
        Merged { document, written: Vec::new(), refused: Vec::new(), disputed: Vec::new(), flows: false };
    for interval in &told.series().map_err(fail)?.intervals {
        let Ok(slot) = told.series().map_err(fail)?.slot_of(interval.id) else { continue };
        for payload in &interval.payloads {
            let Some(value) = payload.text() else { continue };
            let column = &payload.column;
            let known = known(&merged.document, stored, slot.start(), interval.id, column);
            let name = format!("{}@{}", column.as_str(), slot.start());
            let cell = match merge_cell(column, &leg, stage, known.as_ref(), Some(value.to_owned())) {
                Merge::Unchanged => continue,
                Merge::Refused(_) => {
                    merged.refused.push(name);
                    continue;
                }
                Merge::Confirmed(cell) | Merge::Written(cell) => cell,
                Merge::Disputed(cell) => {
                    merged.disputed.push(name);
                    cell
                }
            };
            let writer = column.owner().map_or("", Writer::as_str).to_owned();
            merged.written.push(Cell {
                slot_start: slot.start(),
                column: column.as_str().to_owned(),
                round: i64::from(cell.round),
                value: cell.value.clone(),
                writer,
                provenance: provenance_text(cell.provenance).to_owned(),
            });
            let series = merged.document.series_mut().map_err(fail)?;
            if series.interval(interval.id).is_some() {
                let unknown = |_| ProcessError::Fail(ErrorCode::BizUpdateInconsistent);
                series.take_over(interval.id, payload).map_err(unknown)?;
            }
        }
    }
    Ok(merged)
}

/// The stored cell: from the rounds that were written, else from the document, which the platforms agreed on.
fn known(
    document: &WireContract,
    stored: &[Cell],
    slot_start: units::Timestamp,
    interval: i64,
    column: &Column,
) -> Option<RuleCell<String>> {
    let last = stored
        .iter()
        .filter(|cell| cell.slot_start == slot_start && cell.column == column.as_str())
        .max_by_key(|cell| cell.round);
    if let Some(cell) = last {
        let provenance = if cell.provenance == "direct" { Provenance::Direct } else { Provenance::Relayed };
        let round = u32::try_from(cell.round).unwrap_or(u32::MAX);
        return Some(RuleCell { value: cell.value.clone(), provenance, round });
    }
    let value = document.series().ok()?.cell(interval, column)?.to_owned();
    Some(RuleCell { value, provenance: Provenance::Direct, round: 1 })
}

/// The roles of a contract that a sender speaks for: a platform its own, a ledger those of its DISCOMs.
fn roles_of(p: &Participant, document: &WireContract, sender: &str) -> Vec<Writer> {
    let mut roles = document.roles_of(sender);
    for role in [Writer::SellerDiscom, Writer::BuyerDiscom] {
        let ledger = document.holder(role).and_then(|code| p.settings.discom(code));
        if ledger.is_some_and(|discom| discom.ledger_id == sender) {
            roles.push(role);
        }
    }
    roles
}

fn provenance_text(provenance: Provenance) -> &'static str {
    match provenance {
        Provenance::Direct => "direct",
        Provenance::Relayed => "relayed",
    }
}
