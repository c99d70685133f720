//! A delivery day of a ledger as its rules see it (pure).

use std::collections::BTreeMap;

use beckn_wire::energy::{Column, Writer};
use units::{DeliverySlot, Timestamp, WattHours};

use crate::ledger::model::{Party, Side};
use crate::metering::model::Reading;
use crate::metering::outage::Outage;

/// Pending: provisional; completed: to be settled by.
pub const PENDING: &str = "PENDING";
pub const COMPLETED: &str = "COMPLETED";

/// The row of a contract's table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineKey {
    pub contract: String,
    pub commitment: String,
    pub interval: i64,
}

/// How a cell came to this ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Written here for its own DISCOM.
    Own,
    Direct,
    Relayed,
}

impl Origin {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "OWN",
            Self::Direct => "DIRECT",
            Self::Relayed => "RELAYED",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Own, Self::Direct, Self::Relayed].into_iter().find(|origin| origin.as_str() == text)
    }
}

/// The latest round of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Energy as decimal kWh in its shortest form, a status as its name.
    pub value: String,
    pub round: i64,
    pub origin: Origin,
    pub written_at: Timestamp,
}

/// The latest cells of some lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells(BTreeMap<LineKey, BTreeMap<Column, Cell>>);

impl Cells {
    pub fn set(&mut self, line: LineKey, column: Column, cell: Cell) {
        self.0.entry(line).or_default().insert(column, cell);
    }

    pub fn get(&self, line: &LineKey, column: &Column) -> Option<&Cell> {
        self.0.get(line)?.get(column)
    }

    /// The energy in a cell.
    pub fn energy(&self, line: &LineKey, column: &Column) -> Option<WattHours> {
        WattHours::from_kwh_text(&self.get(line, column)?.value).ok()
    }

    /// Whether a status cell says so.
    pub fn says(&self, line: &LineKey, column: &Column, status: &str) -> bool {
        self.get(line, column).is_some_and(|cell| cell.value == status)
    }

    /// Every cell, by line and column.
    pub fn iter(&self) -> impl Iterator<Item = (&LineKey, &Column, &Cell)> {
        self.0.iter().flat_map(|(line, cells)| cells.iter().map(move |(column, cell)| (line, column, cell)))
    }
}

/// A traded slot of a standing contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayLine {
    pub key: LineKey,
    pub network: String,
    pub slot: DeliverySlot,
    pub requested: WattHours,
    pub buyer: Party,
    pub seller: Party,
    /// Whose DISCOM keeps its ledger here.
    pub sides: Vec<Side>,
}

impl DayLine {
    pub fn has(&self, side: Side) -> bool {
        self.sides.contains(&side)
    }

    pub const fn party(&self, side: Side) -> &Party {
        match side {
            Side::Buyer => &self.buyer,
            Side::Seller => &self.seller,
        }
    }
}

/// One meter in one slot; the meter is normalized.
pub type MeterSlot = (String, DeliverySlot);

/// What is known of a delivery day.
#[derive(Clone, Debug, Default)]
pub struct Day {
    pub lines: Vec<DayLine>,
    pub cells: Cells,
    pub readings: BTreeMap<MeterSlot, Reading>,
    pub outages: BTreeMap<MeterSlot, Outage>,
    /// The market's time at which the day is looked at.
    pub now: Timestamp,
}

/// The columns of one side: energy, then status.
pub const fn columns_of(side: Side) -> (Column, Column) {
    match side {
        Side::Buyer => (Column::BuyerDiscomAlloc, Column::BuyerDiscomStatus),
        Side::Seller => (Column::SellerDiscomAlloc, Column::SellerDiscomStatus),
    }
}

/// The DISCOM of a side.
pub const fn discom_of(side: Side) -> Writer {
    match side {
        Side::Buyer => Writer::BuyerDiscom,
        Side::Seller => Writer::SellerDiscom,
    }
}

/// The platform of a side.
pub const fn platform_of(side: Side) -> Writer {
    match side {
        Side::Buyer => Writer::BuyerPlatform,
        Side::Seller => Writer::SellerPlatform,
    }
}
