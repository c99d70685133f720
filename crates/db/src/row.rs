//! Rows coming out, read by column name; a value that does not fit its type is an error that names the
//! column.

use std::sync::Arc;

use units::{DeliverySlot, Paise, Price, Span, Timestamp, WattHours};
use uuid::Uuid;

use crate::DbError;

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Null,
    I64(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Why a cell does not fit a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Mismatch(pub String);

impl Mismatch {
    fn wanted(what: &str, cell: &Cell) -> Self {
        let found = match cell {
            Cell::Null => "null",
            Cell::I64(_) => "an integer",
            Cell::Text(_) => "text",
            Cell::Bytes(_) => "bytes",
        };
        Self(format!("{what} wanted, {found} found"))
    }
}

/// A type that can be read from a column. Implement it for newtypes of a domain by way of their inner type.
pub trait FromValue: Sized {
    /// # Errors
    /// The cell is null, of another kind, or out of the type's range.
    fn from_value(cell: &Cell) -> Result<Self, Mismatch>;
}

/// One row of a result.
#[derive(Clone, Debug)]
pub struct Row {
    columns: Arc<[String]>,
    cells: Vec<Cell>,
}

impl Row {
    pub(crate) fn new(columns: Arc<[String]>, cells: Vec<Cell>) -> Self {
        Self { columns, cells }
    }

    /// The value of the column of that name.
    ///
    /// # Errors
    /// [`DbError::Column`]: no such column, or its value does not fit `T`.
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T, DbError> {
        let cell =
            self.columns.iter().position(|name| name == column).and_then(|index| self.cells.get(index));
        match cell {
            None => Err(column_error(column, "not in the result")),
            Some(cell) => T::from_value(cell).map_err(|Mismatch(reason)| column_error(column, reason)),
        }
    }

    /// The names of the columns, in order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }
}

pub(crate) fn column_error(column: &str, reason: impl Into<String>) -> DbError {
    DbError::Column { column: column.to_owned(), reason: reason.into() }
}

impl FromValue for i64 {
    fn from_value(cell: &Cell) -> Result<Self, Mismatch> {
        match cell {
            Cell::I64(value) => Ok(*value),
            other => Err(Mismatch::wanted("an integer", other)),
        }
    }
}

impl FromValue for bool {
    fn from_value(cell: &Cell) -> Result<Self, Mismatch> {
        match i64::from_value(cell)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(Mismatch(format!("0 or 1 wanted, {other} found"))),
        }
    }
}

impl FromValue for String {
    fn from_value(cell: &Cell) -> Result<Self, Mismatch> {
        match cell {
            Cell::Text(value) => Ok(value.clone()),
            other => Err(Mismatch::wanted("text", other)),
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(cell: &Cell) -> Result<Self, Mismatch> {
        match cell {
            Cell::Bytes(value) => Ok(value.clone()),
            other => Err(Mismatch::wanted("bytes", other)),
        }
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(cell: &Cell) -> Result<Self, Mismatch> {
        match cell {
            Cell::Bytes(value) => Self::try_from(value.as_slice())
                .map_err(|_| Mismatch(format!("{N} bytes wanted, {} found", value.len()))),
            other => Err(Mismatch::wanted("bytes", other)),
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(cell: &Cell) -> Result<Self, Mismatch> {
        match cell {
            Cell::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }
}

impl FromValue for Uuid {
    fn from_value(cell: &Cell) -> Result<Self, Mismatch> {
        match cell {
            Cell::Text(value) => Self::try_parse(value).map_err(|_| Mismatch("not a UUID".to_owned())),
            other => Err(Mismatch::wanted("a UUID", other)),
        }
    }
}

impl FromValue for DeliverySlot {
    fn from_value(cell: &Cell) -> Result<Self, Mismatch> {
        Self::starting_at(Timestamp::from_value(cell)?).map_err(|fault| Mismatch(fault.to_string()))
    }
}

macro_rules! narrowed {
    ($($type:ty),*) => { $(
        impl FromValue for $type {
            fn from_value(cell: &Cell) -> Result<Self, Mismatch> {
                let value = i64::from_value(cell)?;
                Self::try_from(value)
                    .map_err(|_| Mismatch(format!("{value} is not a {}", stringify!($type))))
            }
        }
    )* };
}

narrowed!(i32, u64, u32, u16, u8, usize);

macro_rules! integers {
    ($($type:ty = $make:expr;)*) => { $(
        impl FromValue for $type {
            fn from_value(cell: &Cell) -> Result<Self, Mismatch> {
                i64::from_value(cell).map($make)
            }
        }
    )* };
}

integers! {
    Timestamp = Timestamp::from_micros;
    Span = Span::from_micros;
    WattHours = WattHours::new;
    Price = Price::new;
    Paise = Paise::new;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cell: Cell) -> Row {
        Row::new(Arc::from([String::from("amount")]), vec![cell])
    }

    #[test]
    fn errors_name_the_column_and_what_was_found() {
        let fault = row(Cell::Text("x".into())).get::<Paise>("amount").unwrap_err();
        assert_eq!(fault.to_string(), "column amount: an integer wanted, text found");
        let fault = row(Cell::I64(1)).get::<Paise>("amounts").unwrap_err();
        assert_eq!(fault.to_string(), "column amounts: not in the result");
    }

    #[test]
    fn nothing_is_narrowed_or_guessed() {
        assert!(row(Cell::I64(-1)).get::<u32>("amount").is_err());
        assert!(row(Cell::I64(1 << 32)).get::<u32>("amount").is_err());
        assert_eq!(row(Cell::I64((1 << 32) - 1)).get::<u32>("amount"), Ok(u32::MAX));
        assert!(row(Cell::I64(2)).get::<bool>("amount").is_err());
        assert!(row(Cell::Null).get::<i64>("amount").is_err());
        assert_eq!(row(Cell::Null).get::<Option<i64>>("amount"), Ok(None));
        assert!(row(Cell::Text("not-a-uuid".into())).get::<Uuid>("amount").is_err());
        assert!(row(Cell::Bytes(vec![1, 2])).get::<[u8; 3]>("amount").is_err());
        assert_eq!(row(Cell::Bytes(vec![1, 2])).get::<[u8; 2]>("amount"), Ok([1, 2]));
    }

    #[test]
    fn a_slot_off_the_hour_of_india_is_refused() {
        let slot = DeliverySlot::containing(Timestamp::from_seconds(1_793_520_000));
        assert_eq!(row(Cell::I64(slot.start().micros())).get::<DeliverySlot>("amount"), Ok(slot));
        assert!(row(Cell::I64(slot.start().micros() + 1)).get::<DeliverySlot>("amount").is_err());
    }
}
