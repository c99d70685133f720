//! What an electricity bill of an Indian DISCOM says: consumer and meter number, sanctioned load, units by month, period.
//!
//! Pure: text in, values out, each with the line that says it ([`Found`]). [`read`] goes by labels and tables; a
//! language model may be asked besides ([`model`]), and is believed only where the text has what it says. Energy is in
//! whole watt-hours, power in whole watts; there is no float. Everything is bounded by [`Document::new`].
//!
//! ```
//! let document = bill_reader::Document::new(&["Consumer No. : 1234567890\nSanctioned Load 5.00 kW".to_owned()]);
//! let reading = bill_reader::read(&document, &[]);
//! assert_eq!(reading.consumer_number.unwrap().value, "1234567890");
//! assert_eq!(reading.sanctioned_load_w.unwrap().value, 5_000);
//! ```

mod dates;
pub mod grade;
mod labels;
pub mod model;
mod months;
mod reading;
mod rules;
mod text;

pub use grade::{Check, Grade, Own, Verdict, judge, same_number};
pub use reading::{Dropped, Field, Found, MonthUnits, Period, Reader, Reading, Reason};
pub use rules::read;
pub use text::Document;

/// The most energy of one month that is believed: 10 MW for 31 days, as in a profile.
pub const MONTH_MAX_WH: i64 = 7_440_000_000;
/// The largest load that is believed, watts.
pub const LOAD_MAX_W: i64 = 10_000_000;
/// Months that are kept, the newest.
pub const MONTHS_MAX: usize = 36;

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
