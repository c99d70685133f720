//! Values going in. There is no float, so none can reach a column; a null carries the type of its column.

use units::{DeliverySlot, Paise, Price, Span, Timestamp, WattHours};
use uuid::Uuid;

/// A parameter of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    I64(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// A type that may be null as a parameter: `Option` of it converts into [`Value`].
///
/// Implement it, and `From<T> for Value`, for an identifier or another newtype of a domain.
pub trait Nullable: Into<Value> {
    /// The null of this type's column.
    const NULL: Value;
}

impl<T: Nullable> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(T::NULL, Into::into)
    }
}

macro_rules! values {
    ($( $type:ty as $variant:ident = $convert:expr; )*) => {
        $(
            impl From<$type> for Value {
                fn from(value: $type) -> Self {
                    let convert: fn($type) -> _ = $convert;
                    Self::$variant(Some(convert(value)))
                }
            }

            impl Nullable for $type {
                const NULL: Value = Value::$variant(None);
            }
        )*
    };
}

values! {
    i64 as I64 = |v| v;
    i32 as I64 = i64::from;
    u32 as I64 = i64::from;
    u16 as I64 = i64::from;
    u8 as I64 = i64::from;
    bool as I64 = i64::from;
    Timestamp as I64 = |v| v.micros();
    Span as I64 = |v| v.micros();
    WattHours as I64 = |v| v.get();
    Price as I64 = |v| v.get();
    Paise as I64 = |v| v.get();
    DeliverySlot as I64 = |v| v.start().micros();
    &str as Text = |v| v.to_owned();
    &String as Text = |v| v.clone();
    String as Text = |v| v;
    Uuid as Text = |v| v.to_string();
    &[u8] as Bytes = |v| v.to_vec();
    &Vec<u8> as Bytes = |v| v.clone();
    Vec<u8> as Bytes = |v| v;
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(Some(value.to_vec()))
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(value: &[u8; N]) -> Self {
        Self::Bytes(Some(value.to_vec()))
    }
}

/// An array of [`Value`]s: `tx.execute(&INSERT, &params![id, name, amount])`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { [ $( $crate::Value::from($value) ),* ] };
}
