//! What was read. `Debug` shows no value: numbers of customers and meters stay out of logs.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use units::{IstDate, IstMonth, WattHours};

/// Who has read a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    Rules,
    Model,
    Both,
}

impl Reader {
    pub const fn as_str(self) -> &'static str {
        match self {
            Reader::Rules => "rules",
            Reader::Model => "model",
            Reader::Both => "both",
        }
    }
}

/// A value with its evidence.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found<T> {
    pub value: T,
    /// The line of the text that says it, cleaned and cut.
    pub line: String,
    /// From 1.
    pub page: u32,
    pub read_by: Reader,
}

impl<T> fmt::Debug for Found<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Found(page {}, {})", self.page, self.read_by.as_str())
    }
}

/// What can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Discom,
    ConsumerNumber,
    MeterNumber,
    SanctionedLoad,
    BillPeriod,
    Months,
}

impl Field {
    pub const fn as_str(self) -> &'static str {
        match self {
            Field::Discom => "discom",
            Field::ConsumerNumber => "consumer_number",
            Field::MeterNumber => "meter_number",
            Field::SanctionedLoad => "sanctioned_load",
            Field::BillPeriod => "bill_period",
            Field::Months => "months",
        }
    }
}

/// The days that a bill is for, both included.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    #[serde(serialize_with = "text", deserialize_with = "date")]
    pub from: IstDate,
    #[serde(serialize_with = "text", deserialize_with = "date")]
    pub to: IstDate,
}

/// What was drawn in a month.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthUnits {
    #[serde(serialize_with = "text", deserialize_with = "month")]
    pub month: IstMonth,
    pub kwh: WattHours,
}

fn text<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IstDate, D::Error> {
    IstDate::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

fn month<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IstMonth, D::Error> {
    IstMonth::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

/// Why what the model says does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    NotInText,
    OutOfRange,
    /// The rules read another value, which stands.
    Disagrees,
}

impl Reason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::NotInText => "not_in_text",
            Reason::OutOfRange => "out_of_range",
            Reason::Disagrees => "disagrees",
        }
    }
}

/// A value of the model's that does not count.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    pub field: Field,
    pub value: String,
    pub reason: Reason,
}

impl fmt::Debug for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dropped({}, {})", self.field.as_str(), self.reason.as_str())
    }
}

/// What a bill says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// A code of the caller's list, or the usual abbreviation.
    pub discom: Option<Found<String>>,
    pub consumer_number: Option<Found<String>>,
    pub meter_number: Option<Found<String>>,
    pub sanctioned_load_w: Option<Found<i64>>,
    pub bill_period: Option<Found<Period>>,
    /// The newest first, each month once.
    pub months: Vec<Found<MonthUnits>>,
    /// What the model said besides.
    pub dropped: Vec<Dropped>,
    /// Whether a model's answer was taken in.
    pub model: bool,
}

impl Reading {
    /// How many of the six fields were read.
    pub fn fields(&self) -> usize {
        [
            self.discom.is_some(),
            self.consumer_number.is_some(),
            self.meter_number.is_some(),
            self.sanctioned_load_w.is_some(),
            self.bill_period.is_some(),
            !self.months.is_empty(),
        ]
        .into_iter()
        .filter(|read| *read)
        .count()
    }
}
