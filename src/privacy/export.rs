//! Everything that is stored of a user, as JSON, page by page: however much it is, one page is in memory.
//!
//! A section is a list of rows of one kind, in the order of their keys ([`super::sections`]); a page begins after the
//! last key of the one before. Each page is a transaction of its own, so the whole is no snapshot: what is written
//! meanwhile may be missing, what stood before is there.

use db::{DbError, Row, Sql, Tx, params};
use serde_json::{Map, Value};
use units::{Paise, Price, Timestamp, WattHours};
use uuid::Uuid;

/// What the document says of its form; another form gets another number.
pub const FORMAT: &str = "wattmandi.export.1";
/// Rows of one page.
pub const PAGE: i64 = 200;

/// What a column holds, and so how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// RFC 3339.
    Instant,
    Count,
    Flag,
    /// INR, a decimal string.
    Money,
    /// INR per kWh, a decimal string.
    PerKwh,
    /// kWh, a decimal string.
    Energy,
    /// kW of stored watts, a decimal string.
    Power,
    /// Of stored millionths, a decimal string.
    Share,
    /// Of stored hundredths, a decimal string.
    Degrees,
    /// `2026-11` of a stored 202611.
    Month,
    /// A JSON text, as it is stored.
    Json,
}

/// By what the rows of a section are in order, and a page is found.
#[derive(Clone, Copy, Debug)]
pub enum Key {
    /// One text: parameters user, text, limit.
    Text(&'static str),
    /// One number: user, number, limit.
    Number(&'static str),
    /// A text and a number: user, text, number, limit.
    Pair(&'static str, &'static str),
}

/// One list of the document.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    pub name: &'static str,
    /// For people.
    pub about: &'static str,
    /// The tables that it gives out.
    pub tables: &'static [&'static str],
    pub sql: &'static Sql,
    pub key: Key,
    pub fields: &'static [(&'static str, Kind)],
}

/// Where a page begins: after this key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    text: String,
    number: i64,
}

impl Default for After {
    fn default() -> Self {
        Self { text: String::new(), number: i64::MIN }
    }
}

/// Some rows of a section, each a JSON object, and where the next page begins when there may be one.
///
/// # Errors
/// The database's.
pub async fn page(
    tx: &mut Tx,
    section: &Section,
    user: Uuid,
    after: &After,
) -> Result<(Vec<Value>, Option<After>), DbError> {
    let rows = match section.key {
        Key::Text(_) => tx.query(section.sql, &params![user, &after.text, PAGE]).await?,
        Key::Number(_) => tx.query(section.sql, &params![user, after.number, PAGE]).await?,
        Key::Pair(..) => tx.query(section.sql, &params![user, &after.text, after.number, PAGE]).await?,
    };
    let full = i64::try_from(rows.len()).is_ok_and(|count| count >= PAGE);
    let next = match rows.last().filter(|_| full) {
        None => None,
        Some(row) => Some(match section.key {
            Key::Text(text) => After { text: row.get(text)?, number: 0 },
            Key::Number(number) => After { text: String::new(), number: row.get(number)? },
            Key::Pair(text, number) => After { text: row.get(text)?, number: row.get(number)? },
        }),
    };
    let items = rows.iter().map(|row| object(section, row)).collect::<Result<Vec<_>, _>>()?;
    Ok((items, next))
}

fn object(section: &Section, row: &Row) -> Result<Value, DbError> {
    let mut members = Map::new();
    for (name, kind) in section.fields {
        members.insert((*name).to_owned(), member(row, name, *kind)?);
    }
    Ok(Value::Object(members))
}

fn member(row: &Row, name: &str, kind: Kind) -> Result<Value, DbError> {
    let scaled = |places: u32| -> Result<Value, DbError> {
        let number: Option<i64> = row.get(name)?;
        Ok(number.map_or(Value::Null, |number| units::format_scaled(number, places).into()))
    };
    Ok(match kind {
        Kind::Text => row.get::<Option<String>>(name)?.into(),
        Kind::Instant => row.get::<Option<Timestamp>>(name)?.map(Timestamp::to_rfc3339).into(),
        Kind::Count => row.get::<Option<i64>>(name)?.into(),
        Kind::Flag => row.get::<Option<bool>>(name)?.into(),
        Kind::Money => row.get::<Option<Paise>>(name)?.map(Paise::to_inr_text).into(),
        Kind::PerKwh => row.get::<Option<Price>>(name)?.map(Price::to_inr_text).into(),
        Kind::Energy => row.get::<Option<WattHours>>(name)?.map(WattHours::to_kwh_text).into(),
        Kind::Power => scaled(3)?,
        Kind::Share => scaled(6)?,
        Kind::Degrees => scaled(2)?,
        Kind::Month => row.get::<Option<i64>>(name)?.map(month).into(),
        Kind::Json => row.get::<Option<String>>(name)?.map_or(Value::Null, json),
    })
}

fn month(number: i64) -> String {
    format!("{:04}-{:02}", number.div_euclid(100), number.rem_euclid(100))
}

/// What is no JSON is given as it stands.
fn json(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_stored_json_are_written_as_people_know_them() {
        assert_eq!(month(202_611), "2026-11");
        assert_eq!(json(r#"{"price":"6.50"}"#.to_owned())["price"], "6.50");
        assert_eq!(json("no json".to_owned()), "no json");
    }
}
