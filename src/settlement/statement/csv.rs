//! A statement as CSV (RFC 4180): one table, what opens and closes it included.

use units::{Paise, WattHours, ist_label};

use super::{Statement, TradeLine};
use crate::settlement::model::{Entry, MoneyError};

const HEAD: &str = "kind,slot,transaction_id,contract_id,side,peer,meter,discom,revision,quality,price_inr_per_kwh,\
    requested_kwh,seller_allocation_kwh,buyer_allocation_kwh,settled_kwh,settled_before_kwh,energy_inr,wheeling_inr,\
    transaction_charge_inr,platform_fee_inr,penalty_inr,amount_inr,booked,reference";
const COLUMNS: usize = 24;

/// The table, with CRLF at each end of line.
///
/// # Errors
/// A sum is out of range.
pub fn render_csv(statement: &Statement) -> Result<String, MoneyError> {
    let mut text = format!("{HEAD}\r\n");
    row(&mut text, &balance("opening", statement.opening));
    for line in &statement.lines {
        row(&mut text, &trade(line)?);
    }
    for movement in &statement.movements {
        row(&mut text, &moved(movement));
    }
    row(&mut text, &balance("closing", statement.closing));
    Ok(text)
}

fn row(text: &mut String, cells: &[String; COLUMNS]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&quoted(cell));
    }
    text.push_str("\r\n");
}

/// A text that a spreadsheet would run as a formula gets an apostrophe before it; a number stays one.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && Paise::from_inr_text(cell).is_err();
    let safe = if formula { format!("'{cell}") } else { cell.to_owned() };
    if safe.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

fn empty() -> [String; COLUMNS] {
    std::array::from_fn(|_| String::new())
}

fn balance(kind: &str, amount: Paise) -> [String; COLUMNS] {
    let mut cells = empty();
    cells[0] = kind.to_owned();
    cells[21] = amount.to_inr_text();
    cells
}

fn moved(entry: &Entry) -> [String; COLUMNS] {
    let mut cells = balance(entry.kind.as_str(), entry.amount);
    cells[22] = ist_label(entry.at);
    cells[23].clone_from(&entry.reference);
    cells
}

fn trade(line: &TradeLine) -> Result<[String; COLUMNS], MoneyError> {
    let (slot, bill) = (&line.line.result, line.bill()?);
    let energy = |energy: Option<WattHours>| energy.map_or_else(String::new, WattHours::to_kwh_text);
    Ok([
        if line.settled_before.is_some() { "correction" } else { "trade" }.to_owned(),
        ist_label(slot.slot.start()),
        line.transaction_id.clone(),
        line.contract_id.clone().unwrap_or_default(),
        line.side.as_str().to_owned(),
        line.peer_id.clone(),
        line.meter_id.clone(),
        line.discom.clone(),
        line.revision.to_string(),
        slot.quality.as_str().to_owned(),
        slot.price.to_inr_text(),
        slot.requested.to_kwh_text(),
        energy(slot.round1),
        energy(slot.round2),
        slot.settled.to_kwh_text(),
        energy(line.settled_before),
        bill.energy.to_inr_text(),
        bill.wheeling.to_inr_text(),
        bill.charge.to_inr_text(),
        bill.fee.to_inr_text(),
        bill.penalty.to_inr_text(),
        line.amount()?.to_inr_text(),
        ist_label(line.settled_at),
        String::new(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_text_and_never_a_formula() {
        assert_eq!(quoted("=1+1"), "'=1+1");
        assert_eq!(quoted("@sum"), "'@sum");
        assert_eq!(quoted("-5.00"), "-5.00");
        assert_eq!(quoted("-5+A1"), "'-5+A1");
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(HEAD.split(',').count(), COLUMNS);
    }
}
