//! The rounds of the day after delivery: seller's side, buyer's side, final.
//!
//! In round one the seller's DISCOM shares the export of each meter among that meter's trades
//! ([`crate::pro_rata`]). In round two the buyer's DISCOM shares the import of each of its meters, and no
//! trade gets more than round one left it. Round three settles the smaller of the two. Invariants, for every
//! meter and slot: the shares sum to at most what the meter saw; FINAL <= round two <= round one <= traded;
//! the order of the trades does not matter; water-filling shares exactly min(metered, sum of the caps), which
//! no other rule exceeds.

use units::WattHours;

use crate::{AllocationError, pro_rata};

/// How the buyer's DISCOM shares what was consumed among purchases that the first round has capped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BuyerRound {
    /// In proportion to what was traded, then cut to the cap: what a capped trade cannot take is lost. The
    /// published method.
    #[default]
    ProRata,
    /// In proportion to what was traded; what a capped trade cannot take goes to the others.
    WaterFilling,
}

/// One purchase of the meter in the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim<I> {
    /// Distinct among the claims of a meter; breaks ties.
    pub id: I,
    pub traded: WattHours,
    /// What round one left of it. More than was traded counts as what was traded.
    pub cap: WattHours,
}

/// The buyer's round for one meter and slot, in the order of the claims.
///
/// # Errors
/// [`AllocationError`].
pub fn round_two<I: Ord>(
    metered: WattHours,
    claims: &[Claim<I>],
    rule: BuyerRound,
) -> Result<Vec<WattHours>, AllocationError> {
    if claims.iter().any(|claim| claim.cap < WattHours::ZERO) {
        return Err(AllocationError::Negative);
    }
    match rule {
        BuyerRound::ProRata => {
            let trades: Vec<(&I, WattHours)> = claims.iter().map(|claim| (&claim.id, claim.traded)).collect();
            let shares = pro_rata(metered, &trades)?;
            Ok(shares.into_iter().zip(claims).map(|(share, claim)| share.min(claim.cap)).collect())
        }
        BuyerRound::WaterFilling => water_fill(metered, claims),
    }
}

/// Raises one level, a fraction of what was traded, for all trades together. Those that reach their cap first
/// stop there; the rest share what is left in proportion, which is below every cap that remains.
fn water_fill<I: Ord>(metered: WattHours, claims: &[Claim<I>]) -> Result<Vec<WattHours>, AllocationError> {
    if metered < WattHours::ZERO || claims.iter().any(|claim| claim.traded < WattHours::ZERO) {
        return Err(AllocationError::Negative);
    }
    let mut shares = vec![WattHours::ZERO; claims.len()];
    // (cap, traded, index) of what was traded at all, by the level at which the cap is reached. The products
    // of two i64 fit i128.
    let mut rising: Vec<(i128, i128, usize)> = claims
        .iter()
        .enumerate()
        .filter(|(_, claim)| claim.traded > WattHours::ZERO)
        .map(|(index, claim)| {
            (i128::from(claim.cap.min(claim.traded).get()), i128::from(claim.traded.get()), index)
        })
        .collect();
    rising.sort_unstable_by(|(cap, traded, _), (other_cap, other_traded, _)| {
        cap.saturating_mul(*other_traded).cmp(&other_cap.saturating_mul(*traded))
    });
    let mut left = i128::from(metered.get());
    let mut weight: i128 = rising.iter().map(|(_, traded, _)| *traded).sum();
    let mut capped: usize = 0;
    for (cap, traded, index) in &rising {
        let of_cap = cap.checked_mul(weight).ok_or(AllocationError::OutOfRange)?;
        let of_left = traded.checked_mul(left).ok_or(AllocationError::OutOfRange)?;
        if of_cap > of_left {
            break;
        }
        left = left.saturating_sub(*cap);
        weight = weight.saturating_sub(*traded);
        if let (Some(share), Some(claim)) = (shares.get_mut(*index), claims.get(*index)) {
            *share = claim.cap.min(claim.traded);
        }
        capped = capped.saturating_add(1);
    }
    let rest: Vec<(usize, &Claim<I>)> = rising
        .iter()
        .skip(capped)
        .filter_map(|(_, _, index)| claims.get(*index).map(|claim| (*index, claim)))
        .collect();
    let trades: Vec<(&I, WattHours)> = rest.iter().map(|(_, claim)| (&claim.id, claim.traded)).collect();
    let left = WattHours::new(i64::try_from(left).map_err(|_| AllocationError::OutOfRange)?);
    for ((index, _), given) in rest.iter().zip(pro_rata(left, &trades)?) {
        if let Some(share) = shares.get_mut(*index) {
            *share = given;
        }
    }
    Ok(shares)
}

/// What is settled of one trade in one slot, once both sides have spoken: the smaller of the two. While one
/// of them is silent the slot is unsettled, which is not the same as nothing delivered.
pub fn final_allocation(round_one: Option<WattHours>, round_two: Option<WattHours>) -> Option<WattHours> {
    round_one.zip(round_two).map(|(seller_side, buyer_side)| seller_side.min(buyer_side))
}

#[cfg(test)]
#[path = "rounds_tests.rs"]
mod tests;
