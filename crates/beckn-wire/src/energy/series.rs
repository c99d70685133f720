//! The contract table: `TimeSeries` of BecknTimeSeries v1.0, with its descriptors, intervals and payloads.
//!
//! Invariants of what was read: interval ids are unique, a column occurs once in an interval, a column of
//! this network holds at most one value, a number where it is energy or a price, a string where it is a
//! status.

use units::{Span, Timestamp};

use super::column::{Column, Writer};
use super::path::{Members, Path, equal_as_written, put_child, put_list, put_text, put_timestamp};
use crate::code::WireError;
use crate::json::{Json, Object};

/// A table of cells by interval and column.
#[derive(Clone, Debug)]
pub struct TimeSeries {
    /// Where interval 0 begins and how long each interval is. Required by the schema.
    pub interval_period: Option<IntervalPeriod>,
    pub descriptors: Vec<Descriptor>,
    pub intervals: Vec<Interval>,
    /// The meter that the series is about; only on meter legs.
    pub resource_name: Option<String>,
    /// Who reports; only on meter legs.
    pub client_name: Option<String>,
    pub rest: Object,
}

/// A beginning and a length.
#[derive(Clone, Debug)]
pub struct IntervalPeriod {
    pub start: Timestamp,
    pub duration: Span,
    pub rest: Object,
}

/// The declaration of a column.
#[derive(Clone, Debug)]
pub struct Descriptor {
    /// `EVENT_PAYLOAD_DESCRIPTOR` or `REPORT_PAYLOAD_DESCRIPTOR`.
    pub object_type: Option<String>,
    pub payload_type: Column,
    pub units: Option<String>,
    pub currency: Option<String>,
    /// Who writes the column; a party that we do not know is left in `rest`.
    pub inserted_by: Option<Writer>,
    pub rest: Object,
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Interval {
    pub id: i64,
    /// Overrides the table's period for this row.
    pub period: Option<IntervalPeriod>,
    pub payloads: Vec<Payload>,
    pub rest: Object,
}

/// A cell: no value means "not written by me".
#[derive(Clone, Debug)]
pub struct Payload {
    pub column: Column,
    pub values: Vec<Json>,
    pub rest: Object,
}

equal_as_written!(TimeSeries, IntervalPeriod, Descriptor, Interval, Payload);

impl TimeSeries {
    /// # Errors
    /// A member of the wrong type, a duplicate interval or column, a value that the column cannot hold.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        let series = Self {
            interval_period: members.child("intervalPeriod", IntervalPeriod::read)?,
            descriptors: members.list("payloadDescriptors", Descriptor::read)?,
            intervals: members.list("intervals", Interval::read)?,
            resource_name: members.text("resourceName")?,
            client_name: members.text("clientName")?,
            rest: members.rest(),
        };
        let mut ids: Vec<i64> = series.intervals.iter().map(|i| i.id).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(path.member("intervals").refuse("two intervals have the same id"));
        }
        Ok(series)
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "resourceName", self.resource_name.as_deref());
        put_text(&mut object, "clientName", self.client_name.as_deref());
        put_child(&mut object, "intervalPeriod", self.interval_period.as_ref().map(IntervalPeriod::to_json));
        put_list(&mut object, "payloadDescriptors", &self.descriptors, Descriptor::to_json);
        put_list(&mut object, "intervals", &self.intervals, Interval::to_json);
        object.into()
    }
}

impl IntervalPeriod {
    pub fn new(start: Timestamp, duration: Span) -> Self {
        Self { start, duration, rest: Object::new() }
    }

    /// # Errors
    /// `start` or `duration` is missing or not readable; the duration is not positive.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(json, path)?;
        let start = members.timestamp("start")?.ok_or_else(|| members.missing("start"))?;
        let text = members.required_text("duration")?;
        let refuse = |message| WireError::format(path.member("duration").to_string(), message);
        let duration =
            Span::parse_iso8601(&text).map_err(|_| refuse("not an ISO 8601 duration of fixed length"))?;
        if duration.micros() <= 0 {
            return Err(refuse("the duration must be longer than nothing"));
        }
        Ok(Self { start, duration, rest: members.rest() })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_timestamp(&mut object, "start", self.start);
        let same = |text: &str| Span::parse_iso8601(text) == Ok(self.duration);
        if !object.get("duration").and_then(Json::as_str).is_some_and(same) {
            object.set("duration", self.duration.to_iso8601());
        }
        object.into()
    }
}

impl Descriptor {
    /// The declaration of that column as this network writes it.
    pub fn of(column: &Column) -> Self {
        let price = *column == Column::PricePerKwh;
        Self {
            object_type: Some(column.object_type().to_owned()),
            payload_type: column.clone(),
            units: column.units().map(str::to_owned),
            currency: price.then(|| super::schema::CURRENCY.to_owned()),
            inserted_by: column.owner(),
            rest: Object::new(),
        }
    }

    /// # Errors
    /// `payloadType` is missing; a member of the wrong type.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(json, path)?;
        Ok(Self {
            object_type: members.text("objectType")?,
            payload_type: Column::from_name(&members.required_text("payloadType")?),
            units: members.text("units")?,
            currency: members.text("currency")?,
            inserted_by: members.text("insertedBy")?.and_then(|name| Writer::from_name(&name)),
            rest: members.rest(),
        })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "objectType", self.object_type.as_deref());
        put_text(&mut object, "payloadType", Some(self.payload_type.as_str()));
        put_text(&mut object, "units", self.units.as_deref());
        put_text(&mut object, "currency", self.currency.as_deref());
        let spelled = object.get("insertedBy").and_then(Json::as_str).and_then(Writer::from_name);
        if spelled != self.inserted_by {
            put_text(&mut object, "insertedBy", self.inserted_by.map(Writer::as_str));
        }
        object.into()
    }
}

impl Interval {
    pub fn new(id: i64) -> Self {
        Self { id, period: None, payloads: Vec::new(), rest: Object::new() }
    }

    /// # Errors
    /// `id` is missing or not whole; a column occurs twice or holds what it cannot hold.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        let text = members.number("id")?.ok_or_else(|| members.missing("id"))?;
        let not_whole = |_| WireError::format(path.member("id").to_string(), "not a whole number");
        let interval = Self {
            id: units::parse_scaled(&text, 0).map_err(not_whole)?,
            period: members.child("intervalPeriod", IntervalPeriod::read)?,
            payloads: members.list("payloads", Payload::read)?,
            rest: members.rest(),
        };
        let mut names: Vec<&str> = interval.payloads.iter().map(|p| p.column.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(path.member("payloads").refuse("a column occurs twice in one interval"));
        }
        Ok(interval)
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        let same = |text: &str| units::parse_scaled(text, 0) == Ok(self.id);
        if !object.get("id").and_then(Json::as_number).is_some_and(same) {
            object.set("id", self.id);
        }
        put_child(&mut object, "intervalPeriod", self.period.as_ref().map(IntervalPeriod::to_json));
        put_list(&mut object, "payloads", &self.payloads, Payload::to_json);
        if self.payloads.is_empty() && !object.contains("payloads") {
            object.set("payloads", Vec::new());
        }
        object.into()
    }

    /// The cell of that column, when the row has one.
    pub fn payload(&self, column: &Column) -> Option<&Payload> {
        self.payloads.iter().find(|p| p.column == *column)
    }
}

impl Payload {
    pub fn new(column: Column, values: Vec<Json>) -> Self {
        Self { column, values, rest: Object::new() }
    }

    /// # Errors
    /// `type` or `values` is missing; more than one value, or a value of the wrong kind, in a column of this
    /// network.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        let column = Column::from_name(&members.required_text("type")?);
        if members.get("values").is_none() {
            return Err(members.missing("values"));
        }
        let values = members.list("values", |value, _| Ok(value.clone()))?;
        check_values(&column, &values, &path.member("values"))?;
        Ok(Self { column, values, rest: members.rest() })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "type", Some(self.column.as_str()));
        object.set("values", self.values.clone());
        object.into()
    }

    /// The one value as text: a number as it was written, or a string. None when nothing is written.
    pub fn text(&self) -> Option<&str> {
        match self.values.as_slice() {
            [Json::Number(text) | Json::String(text)] => Some(text),
            _ => None,
        }
    }
}

fn check_values(column: &Column, values: &[Json], path: &Path<'_>) -> Result<(), WireError> {
    if matches!(column, Column::Other(_)) {
        return Ok(());
    }
    if values.len() > 1 {
        return Err(path.refuse("a cell holds one value"));
    }
    let Some(value) = values.first() else { return Ok(()) };
    let (fits, expected) = match column.units() {
        Some("STRING") => (value.as_str().is_some(), "a string"),
        _ => (value.as_number().is_some(), "a number"),
    };
    if fits { Ok(()) } else { Err(path.element(0).wrong_type(expected, value)) }
}
