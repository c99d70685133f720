//! What an `on_status` tells a ledger: the cells that its platform relays from the other side (ruling 15).
//!
//! Reading is pure and comes before the transaction, merging is pure and comes inside it. Every cell goes
//! through the one merge of the rules; what the sender may not write, or what cannot be read exactly, changes
//! nothing and is kept as evidence.

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::{Column, Contract, Writer};
use db::{DbError, Tx};
use energy_rules::{Cell as RuleCell, Leg, Merge, Provenance, Stage, merge_cell};
use units::{Price, Timestamp, WattHours};

use super::compute::Write;
use super::model::{Cells, LineKey, Origin, PENDING, discom_of, platform_of};
use super::store::{self, Evidence, Writing};
use super::timetable::day_of;
use crate::ledger::model::{LINES_MAX, Line, Side, Status, Terms};
use crate::ledger::service::{LedgerError, not_a_party};
use crate::ledger::store as contracts;
use crate::rest::items;

/// Longest status or number that is kept.
const VALUE_MAX: usize = 64;

/// A cell as it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldCell {
    pub commitment: String,
    pub interval: i64,
    pub column: Column,
    /// In its one spelling, or as it came and why that cannot be kept.
    pub value: Result<String, (String, String)>,
}

/// An `on_status` of a platform.
#[derive(Clone, Debug)]
pub struct Told {
    pub ledger_id: String,
    pub platform: String,
    pub contract_id: String,
    pub message_id: String,
    pub cells: Vec<ToldCell>,
    pub now: Timestamp,
}

/// The written cells of a contract.
///
/// # Errors
/// There are more than a contract can have.
pub fn read(contract: &Contract) -> Result<Vec<ToldCell>, WireError> {
    let mut cells = Vec::new();
    for commitment in &contract.commitments {
        let (Some(id), Some(series)) = (&commitment.id, &commitment.series) else { continue };
        for row in &series.intervals {
            for payload in &row.payloads {
                let Some(text) = payload.text() else { continue };
                if !Column::REPORT.contains(&payload.column) {
                    continue;
                }
                if cells.len() >= LINES_MAX * Column::REPORT.len() {
                    let message = "more cells than a contract can have";
                    return Err(WireError::new(ErrorCode::SchSchemaValidationFailed, message));
                }
                cells.push(ToldCell {
                    commitment: id.clone(),
                    interval: row.id,
                    column: payload.column.clone(),
                    value: spell(&payload.column, text),
                });
            }
        }
    }
    Ok(cells)
}

/// The one spelling of a value.
fn spell(column: &Column, text: &str) -> Result<String, (String, String)> {
    let kept: String = text.chars().filter(|c| !c.is_control()).take(VALUE_MAX).collect();
    let refuse = |why: String| Err((kept.clone(), why));
    if text.len() > VALUE_MAX {
        return refuse("the value is too long".to_owned());
    }
    match column {
        Column::PricePerKwh => {
            Price::from_inr_text(text).map(Price::to_inr_text).or_else(|error| refuse(error.to_string()))
        }
        _ if column.is_energy() => match WattHours::from_kwh_text(text) {
            Ok(energy) if energy < WattHours::ZERO => refuse("energy is not below zero".to_owned()),
            Ok(energy) => Ok(energy.to_kwh_text()),
            Err(error) => refuse(error.to_string()),
        },
        _ if kept == text && !text.is_empty() => Ok(kept),
        _ => refuse("not a status".to_owned()),
    }
}

/// What a message changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    pub writes: Vec<(Write, Origin)>,
    pub evidence: Vec<Evidence>,
}

/// Merges told cells into the stored ones.
pub fn merge(told: &Told, terms: &Terms, stored: &Cells) -> Merged {
    let sides =
        |has: &dyn Fn(Side) -> bool| Side::ALL.into_iter().filter(|side| has(*side)).collect::<Vec<_>>();
    let from: Vec<Writer> =
        sides(&|side| terms.party(side).platform == told.platform).into_iter().map(platform_of).collect();
    let to: Vec<Writer> =
        sides(&|side| terms.party(side).ledger == told.ledger_id).into_iter().map(discom_of).collect();
    let leg = Leg { from: &from, to: &to };
    let mut merged = Merged::default();
    for cell in &told.cells {
        let key = LineKey {
            contract: terms.contract_id.clone(),
            commitment: cell.commitment.clone(),
            interval: cell.interval,
        };
        let line =
            terms.lines.iter().find(|l| l.commitment == cell.commitment && l.interval == cell.interval);
        let judged = judge(cell, &key, line, &leg, stored);
        match judged {
            Ok(None) => {}
            Ok(Some((round, origin))) => {
                let value = cell.value.clone().unwrap_or_default();
                let write = Write { line: key, column: cell.column.clone(), value, round };
                merged.writes.push((write, origin));
            }
            Err(reason) => merged.evidence.push(Evidence {
                line: key,
                cell: cell.column.as_str().to_owned(),
                value: cell.value.clone().unwrap_or_else(|(text, _)| text),
                reason,
                told_by: told.platform.clone(),
                message_id: told.message_id.clone(),
                told_at: told.now,
            }),
        }
    }
    merged
}

/// The round that a cell becomes, nothing when it says what is known, or why it is refused.
fn judge(
    cell: &ToldCell,
    key: &LineKey,
    line: Option<&Line>,
    leg: &Leg<'_>,
    stored: &Cells,
) -> Result<Option<(i64, Origin)>, String> {
    let value = cell.value.clone().map_err(|(_, why)| why)?;
    let Some(line) = line else {
        // A slot of which nothing was traded; the offer's price stands in every copy.
        let nothing = cell.column == Column::PricePerKwh || value == "0";
        return if nothing { Ok(None) } else { Err("nothing is traded in this slot".to_owned()) };
    };
    let known = match &cell.column {
        Column::PricePerKwh => Some(agreed(line.price.to_inr_text())),
        Column::RequestedQty => Some(agreed(line.requested.to_kwh_text())),
        column => stored.get(key, column).map(|cell| RuleCell {
            value: cell.value.clone(),
            provenance: match cell.origin {
                Origin::Own | Origin::Direct => Provenance::Direct,
                Origin::Relayed => Provenance::Relayed,
            },
            round: u32::try_from(cell.round).unwrap_or(u32::MAX),
        }),
    };
    let above = WattHours::from_kwh_text(&value).is_ok_and(|energy| energy > line.requested);
    match merge_cell(&cell.column, leg, Stage::Concluded, known.as_ref(), Some(value)) {
        Merge::Unchanged | Merge::Confirmed(_) => Ok(None),
        Merge::Written(_) | Merge::Disputed(_) if cell.column.is_energy() && above => {
            Err(energy_rules::RuleError::AllocationAboveRequest.to_string())
        }
        Merge::Written(next) | Merge::Disputed(next) => {
            let origin = match next.provenance {
                Provenance::Direct => Origin::Direct,
                Provenance::Relayed => Origin::Relayed,
            };
            Ok(Some((i64::from(next.round), origin)))
        }
        Merge::Refused(error) => Err(error.to_string()),
    }
}

const fn agreed(value: String) -> RuleCell<String> {
    RuleCell { value, provenance: Provenance::Direct, round: 1 }
}

/// Takes an `on_status` in: new cells, the evidence of refused ones, and news for the days that it touches.
/// One step of its caller's transaction, under the lock of the contract's row.
///
/// # Errors
/// `BIZ_ORDER_NOT_FOUND` and `AUT_UNAUTHORIZED_ACTION` as everywhere in the ledger, or the database's error.
pub async fn take_in(tx: &mut Tx, told: &Told) -> Result<(), LedgerError> {
    let not_found = || {
        WireError::new(ErrorCode::BizOrderNotFound, "no such contract is recorded here")
            .at("message/contract/id")
    };
    let row = contracts::lock(tx, &told.ledger_id, &told.contract_id).await?.ok_or_else(not_found)?;
    let terms = contracts::in_force(tx, &row).await?.ok_or_else(not_found)?.terms;
    if !terms.may_tell(&told.platform, &told.ledger_id) {
        return Err(not_a_party().into());
    }
    // Nothing is delivered by a cancelled contract, whatever a late message says.
    if row.status != Status::Active {
        return Ok(());
    }
    let stored = store::cells(tx, &told.ledger_id, &told.contract_id).await?;
    let merged = merge(told, &terms, &stored);
    let mut days = std::collections::BTreeSet::new();
    for (write, origin) in &merged.writes {
        let writing = Writing {
            ledger_id: &told.ledger_id,
            origin: *origin,
            told_by: &told.platform,
            message_id: Some(&told.message_id),
            at: told.now,
        };
        store::add_cell(tx, write, &writing).await?;
        reopen(tx, &told.ledger_id, &stored, write, told.now).await?;
        let line = |l: &&Line| l.commitment == write.line.commitment && l.interval == write.line.interval;
        days.extend(terms.lines.iter().find(line).map(|line| day_of(line.slot.start())));
    }
    store::add_evidence(tx, &told.ledger_id, &merged.evidence).await?;
    for day in days {
        store::tell_day(tx, &told.ledger_id, day).await?;
    }
    if !merged.writes.is_empty() {
        items::reflect(tx, &row).await?;
    }
    Ok(())
}

/// Round 1 has become more after this ledger's own round: that is taken back, and told so, until the day is
/// looked at. The seller's ledger hears by it that the buyer's round has come again, whatever comes of it.
///
/// # Errors
/// The database's.
pub async fn reopen(
    tx: &mut Tx,
    ledger_id: &str,
    stored: &Cells,
    write: &Write,
    now: Timestamp,
) -> Result<(), DbError> {
    let own = |column| stored.get(&write.line, column).filter(|cell| cell.origin == Origin::Own);
    let before = stored.energy(&write.line, &Column::SellerDiscomAlloc);
    let raised = WattHours::from_kwh_text(&write.value).is_ok_and(|now| before.is_some_and(|was| was < now));
    let (Some(_), Some(status)) = (own(&Column::BuyerDiscomAlloc), own(&Column::BuyerDiscomStatus)) else {
        return Ok(());
    };
    if write.column != Column::SellerDiscomAlloc || !raised || status.value == PENDING {
        return Ok(());
    }
    let pending = Write {
        line: write.line.clone(),
        column: Column::BuyerDiscomStatus,
        value: PENDING.to_owned(),
        round: status.round.saturating_add(1),
    };
    let writing = Writing { ledger_id, origin: Origin::Own, told_by: ledger_id, message_id: None, at: now };
    store::add_cell(tx, &pending, &writing).await?;
    store::untold(tx, ledger_id, &write.line.contract, now).await
}
