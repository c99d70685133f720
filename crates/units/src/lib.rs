//! Energy, money, prices, instants and delivery slots as checked integers.
//!
//! Everything that is counted here is an `i64` in the finest unit anybody may write: watt-hours, hundredths
//! of a paisa per kWh, paise, microseconds. Decimal text is read and written exactly or refused; nothing is
//! ever rounded but by [`amount`], which names its rule. No clock is read: the present instant is a parameter
//! wherever it matters.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod number;
mod quantity;
mod slot;
mod time;

pub use number::{NumberError, format_scaled, parse_scaled};
pub use quantity::{Paise, Price, Rounding, WattHours, amount, total_amount};
pub use slot::{DeliverySlot, IstDate, IstMonth, SlotError, ist_label};
pub use time::{Span, TimeError, Timestamp};
