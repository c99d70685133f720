//! From what is known of a day to what is to be written (pure).
//!
//! Round 1: the seller's ledger shares what the meter fed in among the trades of the meter and slot, pro
//! rata. Round 2: the buyer's ledger shares what the meter drew, and no trade gets more than round 1 gave it.
//! Then the seller's ledger settles at the smaller of the two. An estimated reading allocates provisionally
//! and is settled only when it was corrected, or when the horizon has passed.
//!
//! What a DISCOM has recorded itself stands: it is taken out of what the meter has to share. When round 1
//! gives more than the buyer's side knew of, the smaller of the two is no verdict yet: the line is pending
//! until the buyer's round has come again, or [`REOPENED`] has passed. Less counts at once.

use std::collections::BTreeMap;

use beckn_wire::energy::{Column, normalize_meter};
use energy_rules::{
    BuyerRound, Claim, RuleSet, TradeStatus, check_final, final_allocation, pro_rata, round_two,
};
use units::{Span, Timestamp, WattHours};

use super::model::{COMPLETED, Cell, Cells, Day, DayLine, LineKey, MeterSlot, Origin, PENDING, columns_of};
use super::timetable::Step;
use crate::ledger::model::Side;
use crate::metering::model::{Quality, Reading};

/// So long the seller's ledger waits for the buyer's when round 1 has become more; one that has nothing to
/// change may say nothing.
pub const REOPENED: Span = Span::from_hours(2);

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
    /// When a line that waits for the buyer's round is to be looked at again.
    pub wake: Option<Timestamp>,
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
    /// It was settled, and one side has taken that back.
    Reopened,
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
            Self::Reopened => "CORRECTION_PENDING",
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
        let (told, lines) = recorded(day, lines, &Column::SellerDiscomAlloc);
        let trades: Vec<(&LineKey, WattHours)> =
            lines.iter().map(|line| (&line.key, line.requested)).collect();
        // Only a negative or absurd quantity fails, and neither is ever recorded.
        let Ok(shares) = pro_rata(rest(reading.export, told), &trades) else { continue };
        for (line, share) in lines.iter().zip(shares) {
            write_energy(day, outcome, &line.key, &Column::SellerDiscomAlloc, share);
        }
    }
    // What was settled stays so until it is settled anew.
    let fresh = |line: &&DayLine| {
        let has = |column| day.cells.get(&line.key, &column).is_some();
        line.has(Side::Seller) && has(Column::SellerDiscomAlloc) && !has(Column::FinalAlloc)
    };
    let fresh: Vec<LineKey> = day.lines.iter().filter(fresh).map(|line| line.key.clone()).collect();
    for line in fresh {
        write(day, outcome, &line, &Column::SellerDiscomStatus, PENDING);
    }
}

/// What a DISCOM has recorded itself of these lines, and the lines that are left to the ledger.
fn recorded(day: &Day, lines: Vec<DayLine>, column: &Column) -> (WattHours, Vec<DayLine>) {
    let own_word =
        |line: &DayLine| day.cells.get(&line.key, column).is_some_and(|cell| cell.origin == Origin::Direct);
    let (told, left): (Vec<DayLine>, Vec<DayLine>) = lines.into_iter().partition(own_word);
    let told = told.iter().filter_map(|line| day.cells.energy(&line.key, column));
    (WattHours::checked_sum(told).unwrap_or(WattHours::MAX), left)
}

/// What a meter has left beside what was recorded of it.
fn rest(metered: WattHours, told: WattHours) -> WattHours {
    metered.checked_sub(told).unwrap_or_default().max(WattHours::ZERO)
}

fn second_round(day: &mut Day, outcome: &mut Outcome, settled_anyway: bool) {
    for (reading, lines) in metered(day, Side::Buyer) {
        let (told, left) = recorded(day, lines.clone(), &Column::BuyerDiscomAlloc);
        let cap = |line: &DayLine| day.cells.energy(&line.key, &Column::SellerDiscomAlloc);
        let caps: Vec<Option<WattHours>> = left.iter().map(cap).collect();
        let claim = |(line, cap): (&DayLine, &Option<WattHours>)| Claim {
            id: line.key.clone(),
            traded: line.requested,
            // What round one has not said yet waits, and takes nothing from the others meanwhile.
            cap: cap.unwrap_or_default(),
        };
        let claims: Vec<Claim<LineKey>> = left.iter().zip(&caps).map(claim).collect();
        let Ok(shares) = round_two(rest(reading.import, told), &claims, buyer_rule(&left)) else { continue };
        for ((line, cap), share) in left.iter().zip(caps).zip(shares) {
            if cap.is_some() {
                write_energy(day, outcome, &line.key, &Column::BuyerDiscomAlloc, share);
            }
        }
        let firm = reading.quality == Quality::Measured || settled_anyway;
        for line in &lines {
            let has = |column| day.cells.get(&line.key, &column).is_some();
            if has(Column::SellerDiscomAlloc) && has(Column::BuyerDiscomAlloc) {
                let status = if firm { verdict(day, line, Side::Buyer) } else { PENDING };
                write(day, outcome, &line.key, &Column::BuyerDiscomStatus, status);
            }
        }
    }
    // What a DISCOM has recorded itself needs no reading.
    let told = |line: &&DayLine| {
        let alloc = day.cells.get(&line.key, &Column::BuyerDiscomAlloc);
        let seller = day.cells.get(&line.key, &Column::SellerDiscomAlloc);
        let own_word = alloc.is_some_and(|cell| cell.origin == Origin::Direct);
        line.has(Side::Buyer) && seller.is_some() && own_word
    };
    let told: Vec<DayLine> = day.lines.iter().filter(told).cloned().collect();
    for line in told {
        let status = verdict(day, &line, Side::Buyer);
        write(day, outcome, &line.key, &Column::BuyerDiscomStatus, status);
    }
}

/// The last word on a side: completed, or what the grid took of it.
fn verdict(day: &Day, line: &DayLine, side: Side) -> &'static str {
    let energy = |column| day.cells.energy(&line.key, &column).unwrap_or_default();
    let (owed, got) = match side {
        Side::Seller => (line.requested, energy(Column::SellerDiscomAlloc)),
        Side::Buyer => (energy(Column::SellerDiscomAlloc), energy(Column::BuyerDiscomAlloc)),
    };
    let outage = day.outages.contains_key(&meter_slot(line, side));
    match (outage && got < owed, got) {
        (true, WattHours::ZERO) => TradeStatus::CancelledOutage.as_str(),
        (true, _) => TradeStatus::CurtailedOutage.as_str(),
        _ => COMPLETED,
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
        let seller = day.cells.energy(&line.key, &Column::SellerDiscomAlloc);
        let buyer = day.cells.energy(&line.key, &Column::BuyerDiscomAlloc);
        let Some(settled) = final_allocation(seller, buyer) else { continue };
        let wait = awaits_buyer(day, &line);
        if let Some(until) = wait {
            outcome.wake = Some(outcome.wake.map_or(until, |wake| wake.min(until)));
        }
        if wait.is_some() || !stands(day, &line, settled_anyway) {
            // What was told as settled and holds no longer is taken back, before anybody acts upon it.
            if day.cells.get(&line.key, &Column::FinalAlloc).is_some() {
                write(day, outcome, &line.key, &Column::SellerDiscomStatus, PENDING);
            }
            continue;
        }
        let (seller, buyer) = (seller.unwrap_or_default(), buyer.unwrap_or_default());
        if check_final(line.requested, buyer, seller, settled).is_err() {
            continue;
        }
        write_energy(day, outcome, &line.key, &Column::FinalAlloc, settled);
        let status = verdict(day, &line, Side::Seller);
        write(day, outcome, &line.key, &Column::SellerDiscomStatus, status);
    }
}

/// Whether both sides have said their last word on a line, corrections apart.
fn stands(day: &Day, line: &DayLine, settled_anyway: bool) -> bool {
    let cell = |column| day.cells.get(&line.key, &column);
    let own_word = |column| cell(column).is_some_and(|cell| cell.origin == Origin::Direct);
    let read = reading_of(day, line, Side::Seller)
        .is_some_and(|reading| reading.quality == Quality::Measured || settled_anyway);
    let done = |column| cell(column).and_then(|cell| TradeStatus::from_name(&cell.value));
    let seller_waits = own_word(Column::SellerDiscomStatus)
        && !done(Column::SellerDiscomStatus).is_some_and(TradeStatus::is_final);
    (read || own_word(Column::SellerDiscomAlloc))
        && !seller_waits
        && done(Column::BuyerDiscomStatus).is_some_and(TradeStatus::is_final)
}

/// Until when the seller's ledger waits for the buyer's round to come again: round 1 gives more than the
/// buyer's side allocated, and that was said before.
fn awaits_buyer(day: &Day, line: &DayLine) -> Option<Timestamp> {
    if line.has(Side::Buyer) {
        return None;
    }
    let cell = |column| day.cells.get(&line.key, &column);
    let (seller, buyer) = (cell(Column::SellerDiscomAlloc)?, cell(Column::BuyerDiscomAlloc)?);
    let energy = |column| day.cells.energy(&line.key, &column);
    // Not by the quantity: the buyer's ledger may have told one that it reckoned before it knew of ours.
    let said = cell(Column::BuyerDiscomStatus).map_or(buyer.written_at, |status| status.written_at);
    if said >= seller.written_at || energy(Column::SellerDiscomAlloc) <= energy(Column::BuyerDiscomAlloc) {
        return None;
    }
    Some(seller.written_at.saturating_add(REOPENED)).filter(|until| day.now < *until)
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
    // A DISCOM's own word stands until the DISCOM says another.
    if stands.is_some_and(|cell| cell.value == value || cell.origin == Origin::Direct) {
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
    let cell = Cell { value: value.to_owned(), round, origin: Origin::Own, written_at: day.now };
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
        Step::Final => line.has(Side::Seller) && !is_settled(&day.cells, &line.key),
        Step::Close | Step::Horizon => !is_settled(&day.cells, &line.key),
    }
}

/// Whether a line has its final quantity, and neither side has taken its word back.
pub fn is_settled(cells: &Cells, line: &LineKey) -> bool {
    let pending = |side| cells.says(line, &columns_of(side).1, PENDING);
    cells.get(line, &Column::FinalAlloc).is_some() && !Side::ALL.into_iter().any(pending)
}

/// Why a line is not settled; nothing once it is.
pub fn troubles(day: &Day, line: &DayLine) -> Vec<Trouble> {
    if is_settled(&day.cells, &line.key) {
        return Vec::new();
    }
    let reopened = day.cells.get(&line.key, &Column::FinalAlloc).is_some();
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
    if reopened {
        troubles.push(Trouble::Reopened);
    } else if !line.has(Side::Seller) && troubles.is_empty() {
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
