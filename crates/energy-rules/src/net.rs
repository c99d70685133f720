//! Sharing one signed reading among purchases and sales of the same meter, as a ledger does that is told only
//! the net (ledger API 0.4.0, `/ledger/allocate`).
//!
//! The reading over the net of the book is one ratio for every trade, between nothing and all. Invariant:
//! with a ratio below one, purchases less sales are exactly what the meter saw.

use units::WattHours;

use crate::AllocationError;
use crate::allocation::apportion;

/// On which side of a trade the meter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    Buy,
    Sell,
}

/// A trade of the meter in the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetTrade<I> {
    /// Distinct among the trades of a meter; breaks ties.
    pub id: I,
    pub side: Side,
    pub traded: WattHours,
}

/// Shares `imported` (negative: exported) among the trades, in the order given.
///
/// # Errors
/// [`AllocationError`].
pub fn share_net<I: Ord>(
    imported: WattHours,
    trades: &[NetTrade<I>],
) -> Result<Vec<WattHours>, AllocationError> {
    if trades.iter().any(|trade| trade.traded < WattHours::ZERO) {
        return Err(AllocationError::Negative);
    }
    let total = |side: Side| -> i128 {
        trades.iter().filter(|trade| trade.side == side).map(|trade| i128::from(trade.traded.get())).sum()
    };
    let (bought, sold, seen) = (total(Side::Buy), total(Side::Sell), i128::from(imported.get()));
    let net = bought.saturating_sub(sold);
    let covered = seen.signum() == net.signum() && seen.unsigned_abs() >= net.unsigned_abs();
    if net == 0 || covered {
        return Ok(trades.iter().map(|trade| trade.traded).collect());
    }
    if seen.signum() != net.signum() {
        return Ok(vec![WattHours::ZERO; trades.len()]);
    }
    let mut shares = vec![WattHours::ZERO; trades.len()];
    for (side, total) in [(Side::Buy, bought), (Side::Sell, sold)] {
        // Both sides lose the same fraction of a watt-hour here, since they differ by a whole number.
        let part = total.checked_mul(seen).and_then(|product| product.checked_div(net));
        let part = part.and_then(|part| i64::try_from(part).ok()).ok_or(AllocationError::OutOfRange)?;
        let own = || trades.iter().enumerate().filter(|(_, trade)| trade.side == side);
        let given = apportion(part, own().map(|(_, trade)| (&trade.id, trade.traded.get())))?;
        for ((index, _), share) in own().zip(given) {
            if let Some(place) = shares.get_mut(index) {
                *place = WattHours::new(share);
            }
        }
    }
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn trades(rows: &[(Side, i64)]) -> Vec<NetTrade<usize>> {
        let trade = |(id, (side, traded)): (usize, &(Side, i64))| NetTrade {
            id,
            side: *side,
            traded: WattHours::new(*traded),
        };
        rows.iter().enumerate().map(trade).collect()
    }

    fn shares(imported: i64, rows: &[(Side, i64)]) -> Vec<i64> {
        let shares = share_net(WattHours::new(imported), &trades(rows)).unwrap();
        shares.into_iter().map(WattHours::get).collect()
    }

    #[test]
    fn one_ratio_for_both_sides() {
        use Side::{Buy, Sell};
        assert_eq!(shares(3_000, &[(Buy, 10_000), (Sell, 4_000)]), [5_000, 2_000]);
        assert_eq!(shares(-3_000, &[(Buy, 4_000), (Sell, 10_000)]), [2_000, 5_000]);
        assert_eq!(shares(6_001, &[(Buy, 10_000), (Sell, 4_000)]), [10_000, 4_000]);
        assert_eq!(shares(-1, &[(Buy, 10_000), (Sell, 4_000)]), [0, 0]);
        assert_eq!(shares(0, &[(Buy, 10_000)]), [0]);
        assert_eq!(shares(-7, &[(Buy, 5), (Sell, 5)]), [5, 5]);
        assert_eq!(shares(2, &[(Buy, 1), (Buy, 1), (Buy, 1)]), [1, 1, 0]);
        let negative = share_net(WattHours::ZERO, &trades(&[(Buy, -1)]));
        assert_eq!(negative, Err(AllocationError::Negative));
    }

    proptest! {
        #[test]
        fn the_net_of_the_shares_is_what_the_meter_saw(
            rows in prop::collection::vec((any::<bool>(), 0_i64..50_000), 0..8),
            imported in -120_000_i64..120_000,
        ) {
            let side = |buy: bool| if buy { Side::Buy } else { Side::Sell };
            let rows: Vec<(Side, i64)> = rows.iter().map(|(buy, traded)| (side(*buy), *traded)).collect();
            let given = shares(imported, &rows);
            let signed = |values: &[i64]| -> i64 {
                let sign = |side: Side| if side == Side::Buy { 1 } else { -1 };
                rows.iter().zip(values).map(|((side, _), wh)| sign(*side) * wh).sum()
            };
            let net = signed(&rows.iter().map(|(_, traded)| *traded).collect::<Vec<_>>());
            if net != 0 {
                prop_assert_eq!(signed(&given), imported.clamp(net.min(0), net.max(0)));
            }
            for ((_, traded), share) in rows.iter().zip(&given) {
                prop_assert!((0..=*traded).contains(share));
            }
        }
    }
}
