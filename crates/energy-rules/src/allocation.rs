//! Sharing what a meter saw among the trades of that meter and slot.
//!
//! Pro rata in whole watt-hours by largest remainder, ties by trade id: the same trades and the same reading
//! give the same shares to everyone who computes them, in whatever order they stand. No trade gets more than
//! it traded, and all together never more than the meter saw. The settled quantity is the smaller of the two
//! sides.

use units::WattHours;

use crate::RuleError;

/// Why nothing was allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllocationError {
    /// A traded or metered quantity below zero. A meter that ran the other way delivered zero; that is for
    /// the caller to say.
    #[error("a quantity to allocate is negative")]
    Negative,
    /// The quantities are too large to multiply.
    #[error("a quantity to allocate is out of range")]
    OutOfRange,
}

/// Shares `metered` among `trades` in proportion to what each traded, in the order given. Trade ids are
/// distinct.
///
/// # Errors
/// [`AllocationError`].
pub fn pro_rata<I: Ord>(
    metered: WattHours,
    trades: &[(I, WattHours)],
) -> Result<Vec<WattHours>, AllocationError> {
    if metered < WattHours::ZERO || trades.iter().any(|(_, traded)| *traded < WattHours::ZERO) {
        return Err(AllocationError::Negative);
    }
    let total: i128 = trades.iter().map(|(_, traded)| i128::from(traded.get())).sum();
    if i128::from(metered.get()) >= total {
        return Ok(trades.iter().map(|(_, traded)| *traded).collect());
    }
    let shares = apportion(metered.get(), trades.iter().map(|(id, traded)| (id, traded.get())))?;
    Ok(shares.into_iter().map(WattHours::new).collect())
}

/// Divides `whole` in proportion to the weights, in the order given: whole numbers that sum to it exactly, by
/// largest remainder, ties by id. Nothing below zero; all weights zero give nothing to anybody. While `whole`
/// is at most the sum of the weights, no share exceeds its weight.
pub(crate) fn apportion<I: Ord>(
    whole: i64,
    parts: impl Iterator<Item = (I, i64)>,
) -> Result<Vec<i64>, AllocationError> {
    let parts: Vec<(I, i64)> = parts.collect();
    let total: i128 = parts.iter().map(|(_, weight)| i128::from(*weight)).sum();
    if total == 0 {
        return Ok(vec![0; parts.len()]);
    }
    let mut shares = Vec::with_capacity(parts.len());
    let mut remainders = Vec::with_capacity(parts.len());
    let mut left = i128::from(whole);
    for (index, (id, weight)) in parts.iter().enumerate() {
        let product = i128::from(*weight).checked_mul(i128::from(whole));
        let product = product.ok_or(AllocationError::OutOfRange)?;
        let share = product.checked_div(total).ok_or(AllocationError::OutOfRange)?;
        let remainder = product.checked_rem(total).ok_or(AllocationError::OutOfRange)?;
        left = left.checked_sub(share).ok_or(AllocationError::OutOfRange)?;
        shares.push(i64::try_from(share).map_err(|_| AllocationError::OutOfRange)?);
        remainders.push((std::cmp::Reverse(remainder), id, index));
    }
    // Fewer units are left than there are remainders above zero: each such part gets one at most.
    remainders.sort_unstable();
    let extra = usize::try_from(left).map_err(|_| AllocationError::OutOfRange)?;
    for (_, _, index) in remainders.into_iter().take(extra) {
        if let Some(share) = shares.get_mut(index) {
            *share = share.saturating_add(1);
        }
    }
    Ok(shares)
}

/// Trade by trade the smaller of two allocations: what is settled, and what a later round may keep of an
/// earlier one. Beyond the end of the shorter list nothing is allocated.
pub fn min_of_two(one: &[WattHours], other: &[WattHours]) -> Vec<WattHours> {
    one.iter().zip(other).map(|(one, other)| *one.min(other)).collect()
}

/// A slot's final quantity may be settled: it exceeds neither side's allocation, and neither of those the
/// request (ruling 15).
///
/// # Errors
/// [`RuleError::AllocationAboveRequest`], [`RuleError::FinalAboveAllocation`].
pub fn check_final(
    requested: WattHours,
    buyer_side: WattHours,
    seller_side: WattHours,
    settled: WattHours,
) -> Result<(), RuleError> {
    if buyer_side.max(seller_side) > requested {
        return Err(RuleError::AllocationAboveRequest);
    }
    match settled > buyer_side.min(seller_side) {
        true => Err(RuleError::FinalAboveAllocation),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shares(metered: i64, trades: &[(&str, i64)]) -> Vec<i64> {
        let trades: Vec<_> = trades.iter().map(|(id, traded)| (*id, WattHours::new(*traded))).collect();
        pro_rata(WattHours::new(metered), &trades).unwrap().into_iter().map(WattHours::get).collect()
    }

    #[test]
    fn the_largest_remainder_gets_the_odd_watt_hour() {
        assert_eq!(shares(7_000, &[("A", 5_000), ("B", 4_000)]), [3_889, 3_111]);
        assert_eq!(shares(8_000, &[("A", 10_000)]), [8_000]);
        assert_eq!(shares(10, &[("b", 10), ("c", 10), ("a", 10)]), [3, 3, 4]);
        assert_eq!(shares(11, &[("b", 10), ("c", 10), ("a", 10)]), [4, 3, 4]);
        assert_eq!(shares(0, &[("a", 10), ("b", 0)]), [0, 0]);
        assert_eq!(shares(99, &[("a", 10), ("b", 0)]), [10, 0]);
        assert_eq!(shares(5, &[]), [0; 0]);
        assert_eq!(shares(0, &[("a", 0)]), [0]);
        assert_eq!(shares(i64::MAX - 1, &[("a", i64::MAX), ("b", i64::MAX)]), [i64::MAX / 2; 2]);
    }

    #[test]
    fn nothing_is_shared_below_zero() {
        assert_eq!(pro_rata(WattHours::new(-1), &[("a", WattHours::new(1))]), Err(AllocationError::Negative));
        assert_eq!(pro_rata(WattHours::new(1), &[("a", WattHours::new(-1))]), Err(AllocationError::Negative));
    }

    #[test]
    fn a_final_quantity_is_bounded_by_both_sides() {
        let check = |requested, buyer, seller, settled| {
            check_final(
                WattHours::new(requested),
                WattHours::new(buyer),
                WattHours::new(seller),
                WattHours::new(settled),
            )
        };
        assert_eq!(check(20, 18, 19, 18), Ok(()));
        assert_eq!(check(20, 18, 19, 0), Ok(()));
        assert_eq!(check(20, 18, 19, 19), Err(RuleError::FinalAboveAllocation));
        assert_eq!(check(20, 19, 18, 19), Err(RuleError::FinalAboveAllocation));
        assert_eq!(check(20, 21, 18, 18), Err(RuleError::AllocationAboveRequest));
        assert_eq!(check(20, 18, 21, 18), Err(RuleError::AllocationAboveRequest));
    }

    fn trades() -> impl Strategy<Value = Vec<(u32, WattHours)>> {
        let ids = prop::collection::btree_map(any::<u32>(), (0_i64..100_000).prop_map(WattHours::new), 0..12);
        ids.prop_map(|ids| ids.into_iter().collect::<Vec<_>>()).prop_shuffle()
    }

    proptest! {
        #[test]
        fn shares_are_exact_fair_and_bounded(metered in 0_i64..800_000, trades in trades()) {
            let shares = pro_rata(WattHours::new(metered), &trades).unwrap();
            let total: i64 = trades.iter().map(|(_, traded)| traded.get()).sum();
            let shared: i64 = shares.iter().map(|share| share.get()).sum();
            prop_assert_eq!(shared, metered.min(total));
            for ((_, traded), share) in trades.iter().zip(&shares) {
                prop_assert!(WattHours::ZERO <= *share && share <= traded);
                // Within one watt-hour of the exact share.
                let exact = i128::from(traded.get()) * i128::from(metered.min(total));
                let off = i128::from(share.get()) * i128::from(total) - exact;
                prop_assert!(off.abs() < i128::from(total.max(1)), "{} of {} off", off, total);
            }
        }

        #[test]
        fn the_order_of_trades_does_not_matter(metered in 0_i64..800_000, trades in trades()) {
            let by_id = |order: &[(u32, WattHours)]| {
                let shares = pro_rata(WattHours::new(metered), order).unwrap();
                let ids = order.iter().map(|(id, _)| *id);
                ids.zip(shares).collect::<std::collections::BTreeMap<_, _>>()
            };
            let mut sorted = trades.clone();
            sorted.sort_unstable();
            prop_assert_eq!(by_id(&trades), by_id(&sorted));
        }

        #[test]
        fn what_is_settled_fits_both_meters(sold in 0_i64..800_000, used in 0_i64..800_000, of in trades()) {
            let seller_side = pro_rata(WattHours::new(sold), &of).unwrap();
            let buyer_side = pro_rata(WattHours::new(used), &of).unwrap();
            let settled = min_of_two(&seller_side, &buyer_side);
            prop_assert_eq!(settled.len(), of.len());
            prop_assert!(settled.iter().map(|share| share.get()).sum::<i64>() <= sold.min(used));
            for (index, (_, traded)) in of.iter().enumerate() {
                let verdict = check_final(*traded, buyer_side[index], seller_side[index], settled[index]);
                prop_assert_eq!(verdict, Ok(()));
            }
        }
    }
}
