//! Cells of the contract table: reading them exactly, filling them, and the forms of the table at each step.

use units::{DeliverySlot, NumberError, Price, Span, Timestamp, WattHours};

use super::column::{Column, Writer};
use super::schema;
use super::series::{Descriptor, Interval, IntervalPeriod, Payload, TimeSeries};
use super::{EditError, Path};
use crate::code::{ErrorCode, WireError};
use crate::json::Json;

/// What a seller publishes for one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotTerms {
    pub slot: DeliverySlot,
    pub price: Price,
    pub available: WattHours,
}

/// One row of the table as its numbers, as far as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub interval: i64,
    pub slot: DeliverySlot,
    pub price: Option<Price>,
    pub available: Option<WattHours>,
    pub requested: Option<WattHours>,
}

impl TimeSeries {
    /// The row of that id.
    pub fn interval(&self, id: i64) -> Option<&Interval> {
        self.intervals.iter().find(|i| i.id == id)
    }

    /// The value of a cell as it was written. None when the row, the column or the value is not there.
    pub fn cell(&self, interval: i64, column: &Column) -> Option<&str> {
        self.interval(interval)?.payload(column)?.text()
    }

    /// Energy in a cell, exact to one watt-hour. `values: []` is "not written", hence none.
    ///
    /// # Errors
    /// The text is not a number, is finer than one watt-hour, or does not fit. The path begins at the series.
    pub fn energy(&self, interval: i64, column: &Column) -> Result<Option<WattHours>, WireError> {
        let read = |text| WattHours::from_kwh_text(text).map_err(|e| bad_number(interval, column, &e));
        self.cell(interval, column).map(read).transpose()
    }

    /// The price of a row, exact to 0.0001 INR.
    ///
    /// # Errors
    /// As [`TimeSeries::energy`].
    pub fn price(&self, interval: i64) -> Result<Option<Price>, WireError> {
        let column = &Column::PricePerKwh;
        let read = |text| Price::from_inr_text(text).map_err(|e| bad_number(interval, column, &e));
        self.cell(interval, column).map(read).transpose()
    }

    /// When a row begins and how long it lasts: its own period, or `start + id * duration` of the table's.
    ///
    /// # Errors
    /// No such row, no period, or a time out of range.
    pub fn period_of(&self, interval: i64) -> Result<(Timestamp, Span), WireError> {
        let row = self.interval(interval).ok_or_else(|| WireError::required("intervals"))?;
        if let Some(own) = &row.period {
            return Ok((own.start, own.duration));
        }
        let period = self.interval_period.as_ref().ok_or_else(|| WireError::required("intervalPeriod"))?;
        let offset = period.duration.checked_mul(interval);
        let start = offset.and_then(|offset| period.start.checked_add(offset));
        let start = start.ok_or_else(|| WireError::format("intervals", "an interval lies outside time"))?;
        Ok((start, period.duration))
    }

    /// The delivery slot of a row.
    ///
    /// # Errors
    /// As [`TimeSeries::period_of`]; `BIZ_FULFILLMENT_UNAVAILABLE` when the row is not one whole hour of
    /// Indian Standard Time.
    pub fn slot_of(&self, interval: i64) -> Result<DeliverySlot, WireError> {
        let (start, duration) = self.period_of(interval)?;
        let refuse = || {
            let message = "a delivery slot is one hour and begins on the hour of Indian Standard Time";
            WireError::new(ErrorCode::BizFulfillmentUnavailable, message).at("intervalPeriod")
        };
        if duration != DeliverySlot::DURATION {
            return Err(refuse());
        }
        DeliverySlot::starting_at(start).map_err(|_| refuse())
    }

    /// Every row with its numbers, in the order of the table.
    ///
    /// # Errors
    /// As [`TimeSeries::slot_of`], [`TimeSeries::energy`] and [`TimeSeries::price`]; two rows for one slot.
    pub fn lines(&self) -> Result<Vec<Line>, WireError> {
        let lines = self.intervals.iter().map(|row| self.line(row.id)).collect::<Result<Vec<_>, _>>()?;
        let mut slots: Vec<DeliverySlot> = lines.iter().map(|line| line.slot).collect();
        slots.sort_unstable();
        if slots.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Path::new("intervals").refuse("two intervals lie in the same slot"));
        }
        Ok(lines)
    }

    fn line(&self, interval: i64) -> Result<Line, WireError> {
        Ok(Line {
            interval,
            slot: self.slot_of(interval)?,
            price: self.price(interval)?,
            available: self.energy(interval, &Column::AvailableQty)?,
            requested: self.energy(interval, &Column::RequestedQty)?,
        })
    }

    /// Whether the column is declared.
    pub fn declares(&self, column: &Column) -> bool {
        self.descriptors.iter().any(|d| d.payload_type == *column)
    }

    /// Columns that are used in a row and not declared (rule N16).
    pub fn undeclared(&self) -> Vec<&Column> {
        let used = self.intervals.iter().flat_map(|row| row.payloads.iter().map(|p| &p.column));
        let mut missing: Vec<&Column> = used.filter(|column| !self.declares(column)).collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Declares a column, unless it is declared.
    pub fn declare(&mut self, column: &Column) {
        if !self.declares(column) {
            self.descriptors.push(Descriptor::of(column));
        }
    }

    /// Takes a column out: its declaration and its cells.
    pub fn remove_column(&mut self, column: &Column) {
        self.descriptors.retain(|d| d.payload_type != *column);
        for row in &mut self.intervals {
            row.payloads.retain(|p| p.column != *column);
        }
    }

    /// Fills a cell with energy, declaring the column.
    ///
    /// # Errors
    /// There is no such row.
    pub fn set_energy(&mut self, interval: i64, column: &Column, value: WattHours) -> Result<(), EditError> {
        self.set(interval, column, vec![Json::Number(value.to_kwh_text())])
    }

    /// Fills the price of a row.
    ///
    /// # Errors
    /// There is no such row.
    pub fn set_price(&mut self, interval: i64, value: Price) -> Result<(), EditError> {
        self.set(interval, &Column::PricePerKwh, vec![Json::Number(value.to_inr_text())])
    }

    /// Fills a status cell.
    ///
    /// # Errors
    /// There is no such row.
    pub fn set_text(&mut self, interval: i64, column: &Column, value: &str) -> Result<(), EditError> {
        self.set(interval, column, vec![value.into()])
    }

    /// Marks a cell as not written: the column is there, without a value.
    ///
    /// # Errors
    /// There is no such row.
    pub fn clear(&mut self, interval: i64, column: &Column) -> Result<(), EditError> {
        self.set(interval, column, Vec::new())
    }

    /// Takes over a cell as another copy of the contract has it, its spelling included.
    ///
    /// # Errors
    /// There is no such row.
    pub fn take_over(&mut self, interval: i64, payload: &Payload) -> Result<(), EditError> {
        self.set(interval, &payload.column, payload.values.clone())
    }

    fn set(&mut self, interval: i64, column: &Column, values: Vec<Json>) -> Result<(), EditError> {
        let row = self.intervals.iter_mut().find(|i| i.id == interval);
        let row = row.ok_or(EditError::NoSuchInterval(interval))?;
        match row.payloads.iter_mut().find(|p| p.column == *column) {
            Some(payload) => payload.values = values,
            None => row.payloads.push(Payload::new(column.clone(), values)),
        }
        self.declare(column);
        Ok(())
    }

    /// The table as one party reports it: all seven columns, only its own filled.
    #[must_use]
    pub fn as_written_by(&self, writer: Writer) -> Self {
        let mut report = self.clone();
        report.remove_column(&Column::AvailableQty);
        for column in &Column::REPORT {
            report.declare(column);
        }
        for row in &mut report.intervals {
            for column in &Column::REPORT {
                match row.payloads.iter_mut().find(|p| p.column == *column) {
                    Some(payload) if column.owner() != Some(writer) => payload.values.clear(),
                    Some(_) => {}
                    None => row.payloads.push(Payload::new(column.clone(), Vec::new())),
                }
            }
        }
        report
    }

    /// The table of an offer: eight columns declared, price and stock filled. Slots in any order; a gap
    /// between them is written as a period of the row's own.
    ///
    /// # Errors
    /// No slot at all, or a slot twice.
    pub fn offer(slots: &[SlotTerms]) -> Result<Self, EditError> {
        let mut slots = slots.to_vec();
        slots.sort_unstable_by_key(|terms| terms.slot);
        let starts: Vec<DeliverySlot> = slots.iter().map(|terms| terms.slot).collect();
        let mut series = Self::over(&starts)?;
        for column in &Column::OFFER {
            series.declare(column);
        }
        for (row, terms) in series.intervals.iter_mut().zip(&slots) {
            let cell = |column, text| Payload::new(column, vec![Json::Number(text)]);
            row.payloads.push(cell(Column::PricePerKwh, terms.price.to_inr_text()));
            row.payloads.push(cell(Column::AvailableQty, terms.available.to_kwh_text()));
        }
        Ok(series)
    }

    /// The table of a request for an offer: the offer's price and stock and what is asked for, by interval. A
    /// slot that is not asked for carries a zero.
    ///
    /// # Errors
    /// Nothing is asked for, or something in a row that the offer does not have.
    pub fn request(offer: &Self, asked: &[(i64, WattHours)]) -> Result<Self, EditError> {
        if !asked.iter().any(|(_, energy)| energy.get() > 0) {
            return Err(EditError::NothingRequested);
        }
        let columns = [Column::PricePerKwh, Column::AvailableQty, Column::RequestedQty];
        let mut series = offer.clone();
        series.descriptors.retain(|d| columns.contains(&d.payload_type));
        let ids: Vec<i64> = series.intervals.iter().map(|row| row.id).collect();
        for row in &mut series.intervals {
            row.payloads.retain(|p| columns.contains(&p.column));
        }
        for id in ids {
            series.set_energy(id, &Column::RequestedQty, WattHours::ZERO)?;
        }
        for (id, energy) in asked {
            series.set_energy(*id, &Column::RequestedQty, *energy)?;
        }
        Ok(series)
    }

    /// The table of one meter over these slots, its cells not yet written.
    ///
    /// # Errors
    /// No slot at all, or a slot twice.
    pub fn meter(meter: &str, discom: &str, slots: &[DeliverySlot]) -> Result<Self, EditError> {
        let mut slots = slots.to_vec();
        slots.sort_unstable();
        let mut series = Self::over(&slots)?;
        series.resource_name = Some(meter.to_owned());
        series.client_name = Some(discom.to_owned());
        let mut descriptor = Descriptor::of(&Column::EnergyConsumption);
        descriptor.inserted_by = None;
        series.descriptors.push(descriptor);
        for row in &mut series.intervals {
            row.payloads.push(Payload::new(Column::EnergyConsumption, Vec::new()));
        }
        Ok(series)
    }

    /// Empty rows over these slots, which are in order.
    fn over(slots: &[DeliverySlot]) -> Result<Self, EditError> {
        let first = *slots.first().ok_or(EditError::NoSlots)?;
        if slots.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(EditError::SlotTwice);
        }
        let mut expected = first;
        let mut intervals = Vec::with_capacity(slots.len());
        for (id, slot) in (0_i64..).zip(slots) {
            let mut row = Interval::new(id);
            if *slot != expected {
                row.period = Some(IntervalPeriod::new(slot.start(), DeliverySlot::DURATION));
            }
            expected = expected.next();
            intervals.push(row);
        }
        Ok(Self {
            interval_period: Some(IntervalPeriod::new(first.start(), DeliverySlot::DURATION)),
            descriptors: Vec::new(),
            intervals,
            resource_name: None,
            client_name: None,
            rest: schema::TIME_SERIES.members(),
        })
    }

    /// What is asked for over all rows.
    ///
    /// # Errors
    /// A cell that is not a number; the sum does not fit.
    pub fn total(&self, column: &Column) -> Result<WattHours, WireError> {
        let cells = self.intervals.iter().map(|row| self.energy(row.id, column));
        let cells: Vec<WattHours> = cells.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        let out_of_range = || WireError::format("intervals", "the sum of a column is out of range");
        WattHours::checked_sum(cells).ok_or_else(out_of_range)
    }
}

fn bad_number(interval: i64, column: &Column, error: &NumberError) -> WireError {
    let message = format!("interval {interval}, {column}: {error}");
    WireError::format("intervals", message)
}
