//! What a user is billed for a month: laid out like a DISCOM's bill, with the energy that the DISCOM is to take off its
//! own. As JSON (in the API), CSV and a page to print.
//!
//! A month in India holds what was booked in it, so a statement of a past month never changes: a later correction is a
//! line of the month in which it was booked. Opening balance, trades and payments come to the closing balance.

mod csv;
mod html;

use db::Tx;
use units::{DeliverySlot, IstMonth, Paise, Timestamp, WattHours};
use uuid::Uuid;

use super::bill::{MeterLine, SlotBill};
use super::model::{Entry, JournalKind, MoneyError, add, month_number, month_of, sub};
use super::store::{self, trades};
use crate::contract::Side;
use crate::identity::{self, User};
use crate::metering::{self, Meter};

pub use csv::render_csv;
pub use html::{render_html, style_hash};

/// Longest list of a statement; the sums are of what is listed.
const LINES_MAX: i64 = 50_000;

/// A month with bookings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    pub month: IstMonth,
    pub opening: Paise,
    pub closing: Paise,
}

/// Money that came or went otherwise than by a trade.
pub type Movement = Entry;

/// One slot of a trade, settled or corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeLine {
    pub transaction_id: String,
    pub contract_id: Option<String>,
    pub side: Side,
    pub peer_id: String,
    /// The user's own, normalised.
    pub meter: String,
    /// The same as the DISCOM writes it.
    pub meter_id: String,
    pub discom: String,
    /// Of the DISCOMs' result.
    pub revision: i64,
    /// Market time.
    pub settled_at: Timestamp,
    pub line: MeterLine,
    /// What the line corrects; none in a first result.
    pub settled_before: Option<WattHours>,
    pub billed_before: SlotBill,
}

impl TradeLine {
    pub fn slot(&self) -> DeliverySlot {
        self.line.result.slot
    }

    /// What the line adds to each position: all of it, or what the correction changed.
    ///
    /// # Errors
    /// Out of range.
    pub fn bill(&self) -> Result<SlotBill, MoneyError> {
        let (now, before) = (&self.line.bill, &self.billed_before);
        Ok(SlotBill {
            energy: sub(now.energy, before.energy)?,
            wheeling: sub(now.wheeling, before.wheeling)?,
            charge: sub(now.charge, before.charge)?,
            fee: sub(now.fee, before.fee)?,
            penalty: sub(now.penalty, before.penalty)?,
        })
    }

    /// The energy that the line adds.
    ///
    /// # Errors
    /// Out of range.
    pub fn energy(&self) -> Result<WattHours, MoneyError> {
        let before = self.settled_before.unwrap_or(WattHours::ZERO);
        self.line.result.settled.checked_sub(before).ok_or(MoneyError::OutOfRange)
    }

    /// What the user's account got by it.
    ///
    /// # Errors
    /// Out of range.
    pub fn amount(&self) -> Result<Paise, MoneyError> {
        self.bill()?.for_user(self.side)
    }
}

/// What was traded on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    pub energy: WattHours,
    pub bill: SlotBill,
    /// What the account got.
    pub amount: Paise,
}

/// One meter, and what its DISCOM takes off its own bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterPart {
    pub meter: Meter,
    /// To be taken off what the meter drew.
    pub bought: WattHours,
    /// To be taken off what the meter fed in.
    pub sold: WattHours,
}

/// The statement of one user and month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub user: User,
    pub month: IstMonth,
    pub opening: Paise,
    pub closing: Paise,
    pub meters: Vec<MeterPart>,
    pub bought: Part,
    pub sold: Part,
    /// Slots settled or corrected, by time of delivery.
    pub lines: Vec<TradeLine>,
    /// Top-ups, withdrawals.
    pub movements: Vec<Movement>,
    /// Opening balance, trades and movements come to the closing balance: false only if a list was cut.
    pub reconciled: bool,
}

impl Statement {
    /// The account's change by everything but trades.
    ///
    /// # Errors
    /// Out of range.
    pub fn moved(&self) -> Result<Paise, MoneyError> {
        self.movements.iter().try_fold(Paise::ZERO, |sum, movement| add(sum, movement.amount))
    }
}

/// Each month with bookings of the user, oldest first.
///
/// # Errors
/// Out of range; the database's.
pub async fn months(tx: &mut Tx, user: Uuid) -> Result<Vec<Month>, MoneyError> {
    let (mut opening, mut months) = (Paise::ZERO, Vec::new());
    for (number, amount) in store::months(tx, user).await? {
        let closing = add(opening, amount)?;
        months.push(Month { month: month_of(number)?, opening, closing });
        opening = closing;
    }
    Ok(months)
}

/// The statement of a month; one without bookings has no lines.
///
/// # Errors
/// Out of range; the database's.
pub async fn of_month(tx: &mut Tx, user: Uuid, month: IstMonth) -> Result<Statement, MoneyError> {
    let known = months(tx, user).await?;
    let of = known.iter().find(|known| known.month == month).copied();
    let carried = known.iter().rev().find(|known| known.month < month).map_or(Paise::ZERO, |m| m.closing);
    let number = month_number(month);
    let lines = trades::lines(tx, user, number, LINES_MAX).await?;
    let mut movements = store::movements(tx, user, number, LINES_MAX).await?;
    movements.retain(|entry| !matches!(entry.kind, JournalKind::Settlement | JournalKind::Correction));
    let user = identity::get(tx, user).await?;
    let meters = metering::of_user(tx, user.id).await?;
    let mut statement = Statement {
        user,
        month,
        opening: of.map_or(carried, |of| of.opening),
        closing: of.map_or(carried, |of| of.closing),
        meters: Vec::new(),
        bought: part(&lines, Side::Buyer)?,
        sold: part(&lines, Side::Seller)?,
        lines,
        movements,
        reconciled: false,
    };
    statement.meters = meter_parts(meters, &statement.lines)?;
    let traded = add(statement.bought.amount, statement.sold.amount)?;
    let sum = add(add(statement.opening, traded)?, statement.moved()?)?;
    statement.reconciled = sum == statement.closing;
    Ok(statement)
}

fn part(lines: &[TradeLine], side: Side) -> Result<Part, MoneyError> {
    let mut part = Part::default();
    for line in lines.iter().filter(|line| line.side == side) {
        part.energy = part.energy.checked_add(line.energy()?).ok_or(MoneyError::OutOfRange)?;
        part.bill = part.bill.added(&line.bill()?)?;
        part.amount = add(part.amount, line.amount()?)?;
    }
    Ok(part)
}

fn meter_parts(meters: Vec<Meter>, lines: &[TradeLine]) -> Result<Vec<MeterPart>, MoneyError> {
    let mut parts = Vec::with_capacity(meters.len());
    for meter in meters {
        let own: Vec<TradeLine> =
            lines.iter().filter(|line| line.meter == meter.meter_key).cloned().collect();
        let (bought, sold) = (part(&own, Side::Buyer)?.energy, part(&own, Side::Seller)?.energy);
        parts.push(MeterPart { meter, bought, sold });
    }
    Ok(parts)
}
