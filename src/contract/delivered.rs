//! What the DISCOMs' cells say of a contract: nothing yet, all of it, or something that nobody can settle. Pure.
//!
//! An empty `FINAL_ALLOC` is unsettled, never zero. A value settles only when `FINAL ≤ min` of both allocations and both
//! are at most what was requested (ruling 15); finer than a watt-hour is an exception, never rounded (ruling 25).

use std::collections::BTreeMap;

use energy_rules::{Delivery, TradeStatus};
use units::{DeliverySlot, Price, Timestamp, WattHours};

use super::model::ContractSlot;
use super::store::Cell;

const SELLER_ALLOC: &str = "SELLER_DISCOM_ALLOC";
const BUYER_ALLOC: &str = "BUYER_DISCOM_ALLOC";
const SELLER_STATUS: &str = "SELLER_DISCOM_STATUS";
const BUYER_STATUS: &str = "BUYER_DISCOM_STATUS";
const FINAL: &str = "FINAL_ALLOC";

/// One slot as it was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveredSlot {
    pub slot: DeliverySlot,
    pub price: Price,
    /// What was requested, allocated in both rounds, and settled.
    pub outcome: Delivery,
}

/// What may be done with the cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Something is not written yet, or only provisionally.
    Waiting,
    /// Every slot with a request, in order of time.
    Complete(Vec<DeliveredSlot>),
    /// The cells contradict one another; the text says which.
    Contradiction(String),
}

/// The newest value of every cell, by slot and column.
pub fn newest(cells: &[Cell]) -> BTreeMap<(Timestamp, &str), &Cell> {
    let mut newest: BTreeMap<(Timestamp, &str), &Cell> = BTreeMap::new();
    for cell in cells {
        let known = newest.entry((cell.slot_start, cell.column.as_str())).or_insert(cell);
        if known.round < cell.round {
            *known = cell;
        }
    }
    newest
}

/// The cells of `FINAL_ALLOC` that are not written, `FINAL_ALLOC@start`.
pub fn unwritten(slots: &[ContractSlot], cells: &[Cell]) -> Vec<String> {
    let newest = newest(cells);
    let written = |start| newest.get(&(start, FINAL)).is_some_and(|cell| !cell.value.is_empty());
    let asked = slots.iter().filter(|row| row.requested > WattHours::ZERO).map(|row| row.slot.start());
    asked.filter(|start| !written(*start)).map(|start| format!("{FINAL}@{start}")).collect()
}

/// The delivery by its final values alone, as a person may accept it: an allocation that contradicts its final value
/// counts as much as that, and one that is not written blames nobody.
///
/// # Errors
/// A final value is missing, cannot be read, or is above what was requested; the text says which.
pub fn by_final(slots: &[ContractSlot], cells: &[Cell]) -> Result<Vec<DeliveredSlot>, String> {
    let newest = newest(cells);
    let mut delivered = Vec::with_capacity(slots.len());
    for row in slots.iter().filter(|row| row.requested > WattHours::ZERO) {
        let text =
            |column: &'static str| newest.get(&(row.slot.start(), column)).map(|cell| cell.value.as_str());
        let energy = |column| {
            let value = text(column).and_then(|text| WattHours::from_kwh_text(text).ok());
            value.filter(|value| *value >= WattHours::ZERO)
        };
        let place = format!("{FINAL}@{}", row.slot.start());
        let settled =
            energy(FINAL).ok_or_else(|| format!("{place} is not a quantity in whole watt-hours"))?;
        if settled > row.requested {
            return Err(format!("{place} is above the request"));
        }
        let between = |value: Option<WattHours>, most: WattHours| value.unwrap_or(most).clamp(settled, most);
        let round_one = between(energy(SELLER_ALLOC), row.requested);
        let status = |column| text(column).and_then(TradeStatus::from_name).unwrap_or(TradeStatus::Completed);
        let outcome = Delivery {
            requested: row.requested,
            round_one,
            round_two: between(energy(BUYER_ALLOC), round_one),
            settled,
            seller_status: status(SELLER_STATUS),
            buyer_status: status(BUYER_STATUS),
        };
        delivered.push(DeliveredSlot { slot: row.slot, price: row.price, outcome });
    }
    match delivered.is_empty() {
        true => Err("nothing was requested".to_owned()),
        false => Ok(delivered),
    }
}

/// Reads the newest value of every cell.
pub fn verdict(slots: &[ContractSlot], cells: &[Cell]) -> Verdict {
    let newest = newest(cells);
    let value = |row: &ContractSlot, column| {
        newest
            .get(&(row.slot.start(), column))
            .map(|cell| cell.value.as_str())
            .filter(|text| !text.is_empty())
    };
    if let Some(cell) = newest.values().find(|cell| contradicts(cell, cells)) {
        let place = format!("{}@{}", cell.column, cell.slot_start);
        return Verdict::Contradiction(format!("{place} is not what its platform had relayed"));
    }
    let mut delivered = Vec::with_capacity(slots.len());
    for row in slots.iter().filter(|row| row.requested > WattHours::ZERO) {
        match slot(row, |column| value(row, column)) {
            Ok(Some(slot)) => delivered.push(slot),
            Ok(None) => return Verdict::Waiting,
            Err(why) => return Verdict::Contradiction(why),
        }
    }
    match delivered.is_empty() {
        true => Verdict::Waiting,
        false => Verdict::Complete(delivered),
    }
}

/// The owner's own word is another than the one that its platform had relayed just before (ruling 15).
fn contradicts(newest: &Cell, cells: &[Cell]) -> bool {
    let before = cells.iter().find(|cell| {
        cell.slot_start == newest.slot_start
            && cell.column == newest.column
            && cell.round.checked_add(1) == Some(newest.round)
    });
    newest.provenance == "direct"
        && before.is_some_and(|cell| cell.provenance == "relayed" && cell.value != newest.value)
}

fn slot<'a>(
    row: &ContractSlot,
    value: impl Fn(&'static str) -> Option<&'a str>,
) -> Result<Option<DeliveredSlot>, String> {
    let at = |column: &str| format!("{column}@{}", row.slot.start());
    let energy = |column: &'static str| -> Result<Option<WattHours>, String> {
        let Some(text) = value(column) else { return Ok(None) };
        match WattHours::from_kwh_text(text) {
            Ok(energy) if energy >= WattHours::ZERO => Ok(Some(energy)),
            _ => Err(format!("{} is not a quantity in whole watt-hours", at(column))),
        }
    };
    let [Some(seller), Some(buyer), Some(settled)] =
        [energy(SELLER_ALLOC)?, energy(BUYER_ALLOC)?, energy(FINAL)?]
    else {
        return Ok(None);
    };
    let [Some(seller_status), Some(buyer_status)] =
        [SELLER_STATUS, BUYER_STATUS].map(|column| value(column).and_then(TradeStatus::from_name))
    else {
        return Ok(None);
    };
    if !seller_status.is_final() || !buyer_status.is_final() {
        return Ok(None);
    }
    if settled > seller.min(buyer) {
        return Err(format!("{} is above an allocation", at(FINAL)));
    }
    for (column, allocated) in [(SELLER_ALLOC, seller), (BUYER_ALLOC, buyer)] {
        if allocated > row.requested {
            return Err(format!("{} is above the request", at(column)));
        }
    }
    let outcome = Delivery {
        requested: row.requested,
        round_one: seller,
        round_two: buyer,
        settled,
        seller_status,
        buyer_status,
    };
    Ok(Some(DeliveredSlot { slot: row.slot, price: row.price, outcome }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> DeliverySlot {
        DeliverySlot::containing(Timestamp::from_seconds(1_800_000_000))
    }

    fn rows() -> Vec<ContractSlot> {
        let row = |slot, interval_id, wh| ContractSlot {
            slot,
            interval_id,
            price: Price::new(62_500),
            requested: WattHours::new(wh),
        };
        vec![row(start(), 0, 2_000), row(start().next(), 1, 0)]
    }

    fn cells(of: &[(&str, i64, &str)]) -> Vec<Cell> {
        let cell = |(column, round, value): &(&str, i64, &str)| Cell {
            slot_start: start().start(),
            column: (*column).to_owned(),
            round: *round,
            value: (*value).to_owned(),
            writer: String::new(),
            provenance: "direct".to_owned(),
        };
        of.iter().map(cell).collect()
    }

    fn full() -> Vec<(&'static str, i64, &'static str)> {
        vec![
            (SELLER_ALLOC, 1, "1.8"),
            (SELLER_STATUS, 1, "COMPLETED"),
            (BUYER_ALLOC, 1, "1.5"),
            (BUYER_STATUS, 1, "COMPLETED"),
            (FINAL, 1, "1.5"),
        ]
    }

    #[test]
    fn complete_only_when_every_cell_is_there_and_both_discoms_are_done() {
        let Verdict::Complete(all) = verdict(&rows(), &cells(&full())) else { panic!("complete") };
        assert_eq!(all.len(), 1, "a slot without a request delivers nothing");
        let told = all[0].outcome;
        let wh = [told.requested, told.round_one, told.round_two, told.settled].map(WattHours::get);
        assert_eq!(wh, [2_000, 1_800, 1_500, 1_500]);
        for left_out in 0..full().len() {
            let mut some = full();
            some.remove(left_out);
            assert_eq!(verdict(&rows(), &cells(&some)), Verdict::Waiting, "{left_out}");
        }
        let mut pending = full();
        pending[1].2 = "PENDING";
        assert_eq!(verdict(&rows(), &cells(&pending)), Verdict::Waiting);
        let mut empty = full();
        empty[4].2 = "";
        assert_eq!(verdict(&rows(), &cells(&empty)), Verdict::Waiting, "empty is unsettled, never zero");
    }

    #[test]
    fn a_person_may_accept_a_final_value_that_contradicts_an_allocation_but_no_request() {
        let with = |column: &str, value: &'static str| {
            let mut changed = full();
            changed.iter_mut().filter(|cell| cell.0 == column).for_each(|cell| cell.2 = value);
            by_final(&rows(), &cells(&changed))
        };
        let outcome = with(FINAL, "1.6").unwrap()[0].outcome;
        let wh = [outcome.round_one, outcome.round_two, outcome.settled].map(WattHours::get);
        assert_eq!(wh, [1_800, 1_600, 1_600]);
        let outcome = with(SELLER_ALLOC, "2.5").unwrap()[0].outcome;
        assert_eq!((outcome.round_one.get(), outcome.round_two.get()), (2_000, 1_500));
        let alone = by_final(&rows(), &cells(&[(FINAL, 1, "0.5")])).unwrap()[0].outcome;
        assert_eq!(energy_rules::attribute(&alone).excused, WattHours::new(1_500), "nobody is to blame");
        for wrong in ["2.001", "1.5001", "", "-1"] {
            assert!(with(FINAL, wrong).unwrap_err().contains("FINAL_ALLOC"), "{wrong}");
        }
        assert_eq!(unwritten(&rows(), &[]).len(), 1);
        assert_eq!(unwritten(&rows(), &cells(&full())), Vec::<String>::new());
    }

    #[test]
    fn the_newest_round_counts_in_whatever_order_the_rounds_stand() {
        let mut later = full();
        later.insert(0, (FINAL, 2, "1.2"));
        let Verdict::Complete(all) = verdict(&rows(), &cells(&later)) else { panic!("complete") };
        assert_eq!(all[0].outcome.settled, WattHours::new(1_200));
    }

    #[test]
    fn an_owner_that_contradicts_its_relay_opens_a_dispute_until_it_writes_again() {
        let mut rounds = cells(&full());
        let mut relayed = cells(&[(SELLER_ALLOC, 1, "1.9")]);
        relayed[0].provenance = "relayed".to_owned();
        rounds.retain(|cell| cell.column != SELLER_ALLOC);
        rounds.extend(relayed);
        rounds.extend(cells(&[(SELLER_ALLOC, 2, "1.8")]));
        assert!(matches!(verdict(&rows(), &rounds), Verdict::Contradiction(_)));
        rounds.extend(cells(&[(SELLER_ALLOC, 3, "1.7")]));
        assert!(matches!(verdict(&rows(), &rounds), Verdict::Complete(_)));
    }

    #[test]
    fn what_contradicts_itself_is_named() {
        for (column, value, says) in [
            (FINAL, "1.501", "FINAL_ALLOC"),
            (FINAL, "1.5001", "whole watt-hours"),
            (FINAL, "-1", "whole watt-hours"),
            (SELLER_ALLOC, "2.001", "SELLER_DISCOM_ALLOC"),
        ] {
            let mut wrong = full();
            wrong.iter_mut().filter(|cell| cell.0 == column).for_each(|cell| cell.2 = value);
            let Verdict::Contradiction(why) = verdict(&rows(), &cells(&wrong)) else { panic!("{value}") };
            assert!(why.contains(says), "{why}");
        }
    }
}
