//! The table of a contract that is being agreed: in the network's units, and without anything that only delivery can
//! tell. A missing unit is not taken for the right one.

use beckn_wire::energy::{Column, TimeSeries};

use crate::RuleError;

/// The currency of every price.
const CURRENCY: &str = "INR";

/// Every column that is declared is in kWh or INR, and no cell that a DISCOM writes after delivery is filled.
///
/// # Errors
/// [`RuleError::UnitForeign`], [`RuleError::CellTooEarly`].
pub fn check_agreeing_table(series: &TimeSeries) -> Result<(), RuleError> {
    for descriptor in &series.descriptors {
        let column = &descriptor.payload_type;
        let foreign = match column {
            Column::PricePerKwh => descriptor.currency.as_deref() != Some(CURRENCY),
            _ if column.is_energy() => {
                !descriptor.units.as_deref().is_some_and(|units| units.eq_ignore_ascii_case("KWH"))
            }
            _ => false,
        };
        if foreign {
            return Err(RuleError::UnitForeign { column: column.clone() });
        }
    }
    let early = series
        .intervals
        .iter()
        .flat_map(|interval| &interval.payloads)
        .find(|payload| payload.column.is_delivery() && !payload.values.is_empty());
    match early {
        Some(payload) => Err(RuleError::CellTooEarly { column: payload.column.clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use beckn_wire::energy::SlotTerms;
    use units::{DeliverySlot, Price, Timestamp, WattHours};

    fn table() -> TimeSeries {
        let slot = DeliverySlot::containing(Timestamp::from_seconds(1_793_520_000));
        let terms = SlotTerms { slot, price: Price::new(62_500), available: WattHours::new(5_000) };
        TimeSeries::offer(&[terms]).unwrap()
    }

    #[test]
    fn our_own_tables_pass() {
        assert_eq!(check_agreeing_table(&table()), Ok(()));
    }

    #[test]
    fn foreign_units_are_refused() {
        for column in [Column::PricePerKwh, Column::AvailableQty] {
            for unit in [None, Some("USD".to_owned()), Some("MWH".to_owned())] {
                let mut series = table();
                let descriptor = series.descriptors.iter_mut().find(|d| d.payload_type == column).unwrap();
                if column == Column::PricePerKwh {
                    descriptor.currency.clone_from(&unit);
                } else {
                    descriptor.units.clone_from(&unit);
                }
                let refused = Err(RuleError::UnitForeign { column: column.clone() });
                assert_eq!(check_agreeing_table(&series), refused, "{unit:?}");
            }
        }
    }

    #[test]
    fn what_delivery_tells_cannot_be_agreed() {
        let mut series = table();
        series.set_energy(0, &Column::FinalAlloc, WattHours::new(1_000)).unwrap();
        assert_eq!(
            check_agreeing_table(&series),
            Err(RuleError::CellTooEarly { column: Column::FinalAlloc })
        );
    }
}
