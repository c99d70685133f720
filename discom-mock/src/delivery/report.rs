//! The contract as a ledger tells it to its platform (pure; facts of the domain, sections 3, 4.10 and 4.11).

use beckn_wire::energy::{Column, Contract, EditError, TimeSeries, Writer, messages};
use beckn_wire::json::Json;
use units::WattHours;

use super::model::{Cells, LineKey, discom_of};
use crate::ledger::model::Side;

/// Whether the platforms' own columns are filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platforms {
    /// As they were recorded: the answer to a question.
    AsRecorded,
    /// Not written by a ledger: a report.
    Empty,
}

/// All seven columns, filled only where this ledger writes for its own side; complete once every traded line
/// has its final quantity.
///
/// # Errors
/// A table that cannot be edited; one that was recorded always can.
pub fn report(
    recorded: &Contract,
    sides: &[Side],
    cells: &Cells,
    platforms: Platforms,
    complete: bool,
) -> Result<Contract, EditError> {
    let own: Vec<Writer> = sides.iter().copied().map(discom_of).collect();
    let mut contract = messages::for_ledger(recorded);
    let id = contract.id.clone().unwrap_or_default();
    for commitment in &mut contract.commitments {
        let (Some(name), Some(series)) = (commitment.id.clone(), commitment.series.as_mut()) else {
            continue;
        };
        series.remove_column(&Column::AvailableQty);
        let rows: Vec<i64> = series.intervals.iter().map(|row| row.id).collect();
        for interval in rows {
            let line = LineKey { contract: id.clone(), commitment: name.clone(), interval };
            for column in &Column::REPORT {
                fill(series, &line, column, &own, cells, platforms)?;
            }
        }
        if complete {
            commitment.status = Some("CLOSED".to_owned());
        }
    }
    if complete {
        contract.status = Some("COMPLETE".to_owned());
    }
    Ok(contract)
}

fn fill(
    series: &mut TimeSeries,
    line: &LineKey,
    column: &Column,
    own: &[Writer],
    cells: &Cells,
    platforms: Platforms,
) -> Result<(), EditError> {
    let cell = match column.owner() {
        Some(owner) if own.contains(&owner) => cells.get(line, column),
        _ if !column.is_delivery() && platforms == Platforms::AsRecorded => return Ok(()),
        _ => None,
    };
    match cell {
        None => series.clear(line.interval, column),
        Some(cell) if column.is_energy() => {
            // What was written as energy reads as energy.
            let energy = WattHours::from_kwh_text(&cell.value).unwrap_or_default();
            series.set_energy(line.interval, column, energy)
        }
        Some(cell) => series.set_text(line.interval, column, &cell.value),
    }
}

/// The contract of a stored document.
///
/// # Errors
/// The text of what is wrong; a document was read before it was stored.
pub fn recorded(document: &str) -> Result<Contract, String> {
    let json = Json::parse_text(document).map_err(|error| error.to_string())?;
    let path = beckn_wire::energy::Path::new("message/contract");
    Contract::read(&json, &path).map_err(|error| error.message)
}
