//! The cells of an `on_status` against ours: who may write which, and what is kept of the rest.

use beckn_wire::code::ErrorCode;
use beckn_wire::energy::{Column, Contract as WireContract, Payload, Writer};
use db::DbError;
use energy_rules::{Cell as RuleCell, Leg, Merge, Provenance, Stage, merge_cell};
use node::ProcessError;
use units::{Price, Timestamp, WattHours};

use crate::contract::service::Cell;
use crate::contract::{self, Contract, Side, State};
use crate::network::Participant;

/// Longest value of a cell: a number or a status.
const VALUE_MAX: usize = 64;
/// So often a cell may change; corrections are few.
const ROUNDS_MAX: u32 = 32;
/// So many refused cells of one message are named.
const REFUSED_MAX: usize = 64;

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
    /// The reference of the payment that the buyer's platform told, when it is new to us.
    pub(super) paid: Option<String>,
}

/// What was written into the contract so far, in rounds.
///
/// # Errors
/// The database's.
pub(super) async fn stored(p: &Participant, contract: &Contract) -> Result<Vec<Cell>, DbError> {
    let id = contract.id;
    p.db.read(move |tx| Box::pin(async move { contract::service::cells(tx, id).await })).await
}

/// Merges the told contract into ours. Only what DISCOMs write, only once the contract is concluded, and only in the
/// slots that it has: price and request are agreed by the messages that agree on a contract, never by a status.
///
/// # Errors
/// One of the two has no table, or theirs has more rows than ours.
pub(super) fn merge(
    p: &Participant,
    contract: &Contract,
    document: WireContract,
    told: &WireContract,
    sender: &str,
    stored: &[Cell],
) -> Result<Merged, ProcessError> {
    let fail = |error: beckn_wire::code::WireError| ProcessError::Fail(error.code);
    let from = roles_of(p, contract, &document, sender);
    let to = match contract.side {
        Side::Seller => [Writer::SellerPlatform],
        Side::Buyer => [Writer::BuyerPlatform],
    };
    let leg = Leg { from: &from, to: &to };
    let mut merged = Merged::nothing(document);
    let theirs = told.series().map_err(fail)?;
    if theirs.intervals.len() > merged.document.series().map_err(fail)?.intervals.len() {
        return Err(ProcessError::Fail(ErrorCode::BizUpdateInconsistent));
    }
    for interval in &theirs.intervals {
        let slot = theirs.slot_of(interval.id).ok();
        let ours = merged.document.series().map_err(fail)?.slot_of(interval.id).ok();
        for payload in &interval.payloads {
            let Some(value) = payload.text().map(|text| spelled(&payload.column, text)) else { continue };
            let Some(slot) = slot.filter(|slot| ours == Some(*slot)) else {
                merged.refuse(format!("{}#{}", short(&payload.column), interval.id));
                continue;
            };
            let name = format!("{}@{}", short(&payload.column), slot.start());
            let known = known(&merged.document, stored, slot.start(), interval.id, &payload.column);
            if known.as_ref().is_some_and(|cell| cell.value == value && cell.provenance == Provenance::Direct)
            {
                continue;
            }
            let rounds = known.as_ref().map_or(0, |cell| cell.round);
            if !payload.column.is_delivery() || value.len() > VALUE_MAX || rounds >= ROUNDS_MAX {
                if known.is_none_or(|cell| cell.value != value) {
                    merged.refuse(name);
                }
                continue;
            }
            let cell = match merge_cell(&payload.column, &leg, Stage::Concluded, known.as_ref(), Some(value))
            {
                Merge::Unchanged => continue,
                Merge::Refused(_) => {
                    merged.refuse(name);
                    continue;
                }
                Merge::Confirmed(_) | Merge::Written(_) | Merge::Disputed(_)
                    if !concluded(contract.state) =>
                {
                    merged.refuse(name);
                    continue;
                }
                Merge::Confirmed(cell) | Merge::Written(cell) => cell,
                Merge::Disputed(cell) => {
                    merged.disputed.push(name);
                    cell
                }
            };
            merged.take(slot.start(), interval.id, payload, cell)?;
        }
    }
    Ok(merged)
}

/// The states in which the DISCOMs write.
fn concluded(state: State) -> bool {
    matches!(state, State::Recording | State::Active | State::Standing | State::Cancelling | State::Disputed)
}

/// Numbers in one spelling, so that `1.5` and `1.50` are one value.
fn spelled(column: &Column, value: &str) -> String {
    let number = match column {
        Column::PricePerKwh => Price::from_inr_text(value).ok().map(Price::to_inr_text),
        _ if column.is_energy() => WattHours::from_kwh_text(value).ok().map(WattHours::to_kwh_text),
        _ => None,
    };
    number.unwrap_or_else(|| value.to_owned())
}

/// The column's name, of a foreign one its first part.
fn short(column: &Column) -> String {
    column.as_str().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(32).collect()
}

impl Merged {
    /// Our copy as it is.
    pub(super) fn nothing(document: WireContract) -> Self {
        let (written, refused, disputed) = (Vec::new(), Vec::new(), Vec::new());
        Self { document, written, refused, disputed, flows: false, paid: None }
    }

    fn refuse(&mut self, name: String) {
        if self.refused.len() < REFUSED_MAX {
            self.refused.push(name);
        }
    }

    fn take(
        &mut self,
        slot_start: Timestamp,
        interval: i64,
        payload: &Payload,
        cell: RuleCell<String>,
    ) -> Result<(), ProcessError> {
        let column = &payload.column;
        self.written.push(Cell {
            slot_start,
            column: column.as_str().to_owned(),
            round: i64::from(cell.round),
            value: cell.value,
            writer: column.owner().map_or("", Writer::as_str).to_owned(),
            provenance: provenance_text(cell.provenance).to_owned(),
        });
        let unknown = |_| ProcessError::Fail(ErrorCode::BizUpdateInconsistent);
        let series = self.document.series_mut().map_err(|error| ProcessError::Fail(error.code))?;
        series.take_over(interval, payload).map_err(unknown)
    }
}

/// The stored cell: from the rounds that were written, else from the document, which the platforms agreed on.
fn known(
    document: &WireContract,
    stored: &[Cell],
    slot_start: Timestamp,
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
    let value = spelled(column, document.series().ok()?.cell(interval, column)?);
    Some(RuleCell { value, provenance: Provenance::Direct, round: 1 })
}

/// The roles of a contract that a sender speaks for: a platform its own, a ledger those of its DISCOMs. What we hand over
/// to ourselves, where both sides are ours, is said by the other side's platform only.
fn roles_of(p: &Participant, contract: &Contract, document: &WireContract, sender: &str) -> Vec<Writer> {
    if sender == p.settings.subscriber_id {
        return match contract.side {
            Side::Seller => vec![Writer::BuyerPlatform],
            Side::Buyer => vec![Writer::SellerPlatform],
        };
    }
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
