//! Copies of one contract: four parties hold one, and all must tell the same.
//!
//! The digest is over what the table says, not over the bytes of a message: parties write the same numbers in different
//! ways, list columns in any order, and leave out what they do not know.

use std::collections::BTreeMap;

use beckn_wire::energy::{Column, TimeSeries};
use beckn_wire::signature::Digest;
use units::Timestamp;

/// What a table says: values by start of the slot and column, in one spelling.
type Said = BTreeMap<(Timestamp, String), String>;

/// `BLAKE-512=…` over the filled cells of a table: price, request and what the DISCOMs wrote. Equal tables have equal
/// digests, whoever wrote them. An interval that is no slot of an hour says nothing.
pub fn table_digest(series: &TimeSeries) -> String {
    let mut text = String::new();
    for ((start, column), value) in said(series) {
        text.push_str(&format!("{start} {column} {value}\n"));
    }
    Digest::of(text.as_bytes()).labeled()
}

/// The cells that both tables fill, and differently: `COLUMN@start`, in order.
pub fn divergences(ours: &TimeSeries, theirs: &TimeSeries) -> Vec<String> {
    let theirs = said(theirs);
    said(ours)
        .into_iter()
        .filter(|(cell, value)| theirs.get(cell).is_some_and(|other| other != value))
        .map(|((start, column), _)| format!("{column}@{start}"))
        .collect()
}

fn said(series: &TimeSeries) -> Said {
    let mut all = Said::new();
    for interval in &series.intervals {
        let Ok(slot) = series.slot_of(interval.id) else { continue };
        for payload in interval.payloads.iter().filter(|payload| Column::REPORT.contains(&payload.column)) {
            if let Some(value) = payload.text() {
                let name = payload.column.as_str().to_owned();
                all.insert((slot.start(), name), spelled(&payload.column, value));
            }
        }
    }
    all
}

/// Numbers in the shortest spelling that is exact; `18.50` and `1.85e1` are one value.
fn spelled(column: &Column, value: &str) -> String {
    let number = match column {
        Column::PricePerKwh => units::Price::from_inr_text(value).ok().map(|price| price.to_string()),
        _ if column.is_energy() => {
            units::WattHours::from_kwh_text(value).ok().map(|energy| energy.to_string())
        }
        _ => None,
    };
    number.unwrap_or_else(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use beckn_wire::energy::SlotTerms;
    use units::{DeliverySlot, Price, WattHours};

    fn table() -> TimeSeries {
        let slot = DeliverySlot::containing(Timestamp::from_seconds(1_800_000_000));
        let terms = [slot, slot.next()].map(|slot| SlotTerms {
            slot,
            price: Price::new(62_500),
            available: WattHours::new(5_000),
        });
        let offer = TimeSeries::offer(&terms).unwrap();
        TimeSeries::request(&offer, &[(0, WattHours::new(2_000)), (1, WattHours::new(1_500))]).unwrap()
    }

    #[test]
    fn a_copy_is_the_same_whatever_is_left_out_of_it_but_not_when_a_cell_differs() {
        let ours = table();
        let mut without_stock = ours.clone();
        without_stock.remove_column(&Column::AvailableQty);
        assert_eq!(table_digest(&ours), table_digest(&without_stock));
        assert!(divergences(&ours, &without_stock).is_empty());

        let mut allocated = ours.clone();
        allocated.set_energy(1, &Column::SellerDiscomAlloc, WattHours::new(1_400)).unwrap();
        assert_ne!(table_digest(&ours), table_digest(&allocated), "more is known");
        assert!(divergences(&ours, &allocated).is_empty(), "but nothing is contradicted");

        let mut lied = allocated.clone();
        lied.set_energy(1, &Column::SellerDiscomAlloc, WattHours::new(1_401)).unwrap();
        let second = allocated.slot_of(1).unwrap().start();
        assert_eq!(divergences(&allocated, &lied), [format!("SELLER_DISCOM_ALLOC@{second}")]);
        assert_ne!(table_digest(&allocated), table_digest(&lied));
    }

    #[test]
    fn a_number_is_one_value_in_every_spelling() {
        for spelling in ["18.5", "18.50", "1.85e1", "18.500"] {
            assert_eq!(spelled(&Column::FinalAlloc, spelling), "18.5", "{spelling}");
        }
        assert_eq!(spelled(&Column::SellerDiscomStatus, "COMPLETED"), "COMPLETED");
    }
}
