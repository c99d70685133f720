//! From what is known of a day to what is to be written (pure).
//!
//! Round 1: the seller's ledger shares what the meter fed in among the trades of the meter and slot, pro
//! rata. Round 2: the buyer's ledger shares what the meter drew, and no trade gets more than round 1 gave it.
//! Then the seller's ledger settles at the smaller of the two. An estimated reading allocates provisionally
//! and is settled only when it was corrected, or when the horizon has passed.

use std::collections::BTreeMap;

use beckn_wire::energy::{Column, normalize_meter};
use energy_rules::{BuyerRound, Claim, RuleSet, check_final, final_allocation, pro_rata, round_two};
use units::WattHours;

use super::model::{COMPLETED, Cell, Day, DayLine, LineKey, MeterSlot, Origin, PENDING, columns_of};
use super::timetable::Step;
use crate::ledger::model::Side;
use crate::metering::model::{Quality, Reading};

/// A cell to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    pub line: LineKey,
    pub column: Column,
    pub value: String,
    pub round: i64,
}

/// What a day makes of the steps that are due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// In order of lines and columns.
    pub writes: Vec<Write>,
    /// How many lines a step could not do yet.
    pub open: BTreeMap<Step, i64>,
}

/// Why a line is not settled, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    MeterDataMissing(Side),
    MeterDataEstimated(Side),
    /// The other side's allocation has not come.
    CounterpartMissing(Side),
    /// The seller's ledger has not told the final quantity.
    FinalMissing,
    /// The two sides and the request contradict each other.
    Inconsistent,
}

impl Trouble {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MeterDataMissing(Side::Buyer) => "BUYER_METER_DATA_MISSING",
            Self::MeterDataMissing(Side::Seller) => "SELLER_METER_DATA_MISSING",
            Self::MeterDataEstimated(Side::Buyer) => "BUYER_METER_DATA_ESTIMATED",
            Self::MeterDataEstimated(Side::Seller) => "SELLER_METER_DATA_ESTIMATED",
            Self::CounterpartMissing(Side::Buyer) => "BUYER_ALLOCATION_MISSING",
            Self::CounterpartMissing(Side::Seller) => "SELLER_ALLOCATION_MISSING",
            Self::FinalMissing => "FINAL_MISSING",
            Self::Inconsistent => "ALLOCATIONS_INCONSISTENT",
        }
    }
}

/// Works a day off as far as `due` allows. The cells of `day` are brought to what they are after the writes.
pub fn compute(day: &mut Day, due: &[Step]) -> Outcome {
    let mut outcome = Outcome::default();
    let settled_anyway = due.contains(&Step::Horizon);
    if due.contains(&Step::Round1) {
        first_round(day, &mut outcome);
    }
    if due.contains(&Step::Round2) {
        second_round(day, &mut outcome, settled_anyway);
    }
    if due.contains(&Step::Final) {
        settle(day, &mut outcome, settled_anyway);
    }
    for step in due {
        let open = day.lines.iter().filter(|line| is_open(day, line, *step)).count();
        outcome.open.insert(*step, i64::try_from(open).unwrap_or(i64::MAX));
    }
    outcome
}

/// The lines of one side by meter and slot, where the meter has a reading.
fn metered(day: &Day, side: Side) -> Vec<(Reading, Vec<DayLine>)> {
    let mut meters: BTreeMap<MeterSlot, Vec<DayLine>> = BTreeMap::new();
    for line in day.lines.iter().filter(|line| line.has(side)) {
        meters.entry(meter_slot(line, side)).or_default().push(line.clone());
    }
    meters.into_iter().filter_map(|(at, lines)| Some((*day.readings.get(&at)?, lines))).collect()
}

fn first_round(day: &mut Day, outcome: &mut Outcome) {
    for (reading, lines) in metered(day, Side::Seller) {
        let trades: Vec<(&LineKey, WattHours)> =
            lines.iter().map(|line| (&line.key, line.requested)).collect();
        // Only a negative or absurd quantity fails, and neither is ever recorded.
        let Ok(shares) = pro_rata(reading.export, &trades) else { continue };
        for (line, share) in lines.iter().zip(shares) {
            write_energy(day, outcome, &line.key, &Column::SellerDiscomAlloc, share);
            // What was settled stays so until it is settled anew.
            if day.cells.get(&line.key, &Column::FinalAlloc).is_none() {
                write(day, outcome, &line.key, &Column::SellerDiscomStatus, PENDING);
            }
        }
    }
}

fn second_round(day: &mut Day, outcome: &mut Outcome, settled_anyway: bool) {
    for (reading, lines) in metered(day, Side::Buyer) {
        let cap = |line: &DayLine| day.cells.energy(&line.key, &Column::SellerDiscomAlloc);
        let caps: Vec<Option<WattHours>> = lines.iter().map(cap).collect();
        let claim = |(line, cap): (&DayLine, &Option<WattHours>)| Claim {
            id: line.key.clone(),
            traded: line.requested,
            // What round one has not said yet waits, and takes nothing from the others meanwhile.
            cap: cap.unwrap_or_default(),
        };
        let claims: Vec<Claim<LineKey>> = lines.iter().zip(&caps).map(claim).collect();
        let Ok(shares) = round_two(reading.import, &claims, buyer_rule(&lines)) else { continue };
        let firm = reading.quality == Quality::Measured || settled_anyway;
        for ((line, cap), share) in lines.iter().zip(caps).zip(shares) {
            if cap.is_some() {
                write_energy(day, outcome, &line.key, &Column::BuyerDiscomAlloc, share);
                let status = if firm { COMPLETED } else { PENDING };
                write(day, outcome, &line.key, &Column::BuyerDiscomStatus, status);
            }
        }
    }
}

fn buyer_rule(lines: &[DayLine]) -> BuyerRound {
    let rules = lines.first().and_then(|line| RuleSet::for_network(&line.network, line.slot.start()));
    rules.map(|rules| rules.buyer_round).unwrap_or_default()
}

/// Final quantities, where both sides stand.
fn settle(day: &mut Day, outcome: &mut Outcome, settled_anyway: bool) {
    let lines: Vec<DayLine> = day.lines.iter().filter(|line| line.has(Side::Seller)).cloned().collect();
    for line in lines {
        let firm = reading_of(day, &line, Side::Seller)
            .is_some_and(|reading| reading.quality == Quality::Measured || settled_anyway);
        let seller = day.cells.energy(&line.key, &Column::SellerDiscomAlloc);
        let buyer = day.cells.energy(&line.key, &Column::BuyerDiscomAlloc);
        let Some(settled) = final_allocation(seller, buyer) else { continue };
        if !firm || !day.cells.says(&line.key, &Column::BuyerDiscomStatus, COMPLETED) {
            continue;
        }
        let (seller, buyer) = (seller.unwrap_or_default(), buyer.unwrap_or_default());
        if check_final(line.requested, buyer, seller, settled).is_err() {
            continue;
        }
        write_energy(day, outcome, &line.key, &Column::FinalAlloc, settled);
        write(day, outcome, &line.key, &Column::SellerDiscomStatus, COMPLETED);
    }
}

/// The meter and slot of a line's side.
pub fn meter_slot(line: &DayLine, side: Side) -> MeterSlot {
    (normalize_meter(&line.party(side).meter), line.slot)
}

fn reading_of(day: &Day, line: &DayLine, side: Side) -> Option<Reading> {
    day.readings.get(&meter_slot(line, side)).copied()
}

fn write_energy(day: &mut Day, outcome: &mut Outcome, line: &LineKey, column: &Column, energy: WattHours) {
    write(day, outcome, line, column, &energy.to_kwh_text());
}

/// Writes a cell unless it stands so already.
fn write(day: &mut Day, outcome: &mut Outcome, line: &LineKey, column: &Column, value: &str) {
    let stands = day.cells.get(line, column);
    if stands.is_some_and(|cell| cell.value == value) {
        return;
    }
    // Several changes of one pass are one round: nobody has seen the ones before.
    let pending = outcome.writes.iter_mut().find(|write| write.line == *line && write.column == *column);
    let round = match pending {
        Some(pending) => {
            value.clone_into(&mut pending.value);
            pending.round
        }
        None => {
            let round = stands.map_or(0, |cell| cell.round).saturating_add(1);
            let write = Write { line: line.clone(), column: column.clone(), value: value.to_owned(), round };
            outcome.writes.push(write);
            round
        }
    };
    let written_at = units::Timestamp::MIN;
    let cell = Cell { value: value.to_owned(), round, origin: Origin::Own, written_at };
    day.cells.set(line.clone(), column.clone(), cell);
}

fn is_open(day: &Day, line: &DayLine, step: Step) -> bool {
    let lacks = |column: Column| day.cells.get(&line.key, &column).is_none();
    let measured = |side| reading_of(day, line, side).is_some_and(|r| r.quality == Quality::Measured);
    match step {
        Step::MeterData => line.sides.iter().any(|side| !measured(*side)),
        Step::Round1 => line.has(Side::Seller) && lacks(columns_of(Side::Seller).0),
        Step::BuyerReads => line.has(Side::Buyer) && lacks(columns_of(Side::Seller).0),
        Step::Round2 => line.has(Side::Buyer) && lacks(columns_of(Side::Buyer).0),
        Step::SellerReads => line.has(Side::Seller) && lacks(columns_of(Side::Buyer).0),
        Step::Final => line.has(Side::Seller) && lacks(Column::FinalAlloc),
        Step::Close | Step::Horizon => lacks(Column::FinalAlloc),
    }
}

/// Why a line is not settled; nothing once it is.
pub fn troubles(day: &Day, line: &DayLine) -> Vec<Trouble> {
    if day.cells.get(&line.key, &Column::FinalAlloc).is_some() {
        return Vec::new();
    }
    let mut troubles = Vec::new();
    for side in Side::ALL {
        if line.has(side) {
            match reading_of(day, line, side).map(|reading| reading.quality) {
                None => troubles.push(Trouble::MeterDataMissing(side)),
                Some(Quality::Estimated) => troubles.push(Trouble::MeterDataEstimated(side)),
                Some(_) => {}
            }
        } else if day.cells.get(&line.key, &columns_of(side).0).is_none() {
            troubles.push(Trouble::CounterpartMissing(side));
        }
    }
    if !line.has(Side::Seller) && troubles.is_empty() {
        troubles.push(Trouble::FinalMissing);
    }
    let buyer = day.cells.energy(&line.key, &Column::BuyerDiscomAlloc);
    if buyer.is_some_and(|buyer| buyer > line.requested) {
        troubles.push(Trouble::Inconsistent);
    }
    troubles
}

#[cfg(test)]
#[path = "compute_tests.rs"]
mod tests;
