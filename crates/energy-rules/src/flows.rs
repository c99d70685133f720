//! Who owes whom for a contract: the four revenue flows of the contract policy (ruling 27).
//!
//! Exactly the published formula, in integers: every amount is an exact sum of watt-hours times prices,
//! rounded once to the paisa, halves away from zero. Invariants: the flows sum to zero; only slots with a
//! written final allocation take part, and a contract without any has no flows at all, which is not the same
//! as flows of zero. The penalty of these flows is on all that was not settled, whoever was short; who bears
//! it among users is [`penalty_shares`].

use beckn_wire::code::WireError;
use beckn_wire::energy::{Column, TimeSeries, Writer};
use units::{NumberError, Paise, Price, Rounding, WattHours, amount, total_amount};

use crate::allocation::apportion;
use crate::{AllocationError, RuleError, Shortfall};

/// The policy's rounding, of every amount.
pub const ROUNDING: Rounding = Rounding::HalfAwayFromZero;

/// The rates of a contract policy, per kWh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyRates {
    /// Wheeling, from the buyer's platform to the buyer's DISCOM, of what was settled.
    pub wheeling_buyer: Price,
    /// Wheeling, from the seller's platform to the seller's DISCOM, of what was settled.
    pub wheeling_seller: Price,
    /// From the seller's platform to the seller's DISCOM, of what was requested and not settled.
    pub penalty: Price,
}

/// One slot of a contract after delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledSlot {
    pub requested: WattHours,
    /// FINAL_ALLOC; `None` while the cell is empty: the slot is unsettled.
    pub settled: Option<WattHours>,
    pub price: Price,
}

/// The rows of a contract's table as its settlement sees them.
///
/// # Errors
/// A row that requests or settles something without a price, or a cell that is no exact number.
pub fn settled_slots(table: &TimeSeries) -> Result<Vec<SettledSlot>, WireError> {
    let slot = |id: i64| {
        let requested = table.energy(id, &Column::RequestedQty)?.unwrap_or(WattHours::ZERO);
        let settled = table.energy(id, &Column::FinalAlloc)?;
        let price = match table.price(id)? {
            Some(price) => price,
            None if requested == WattHours::ZERO && settled.is_none() => Price::ZERO,
            None => return Err(RuleError::PriceInvalid.into()),
        };
        Ok(SettledSlot { requested, settled, price })
    };
    table.intervals.iter().map(|interval| slot(interval.id)).collect()
}

/// Why a contract has no flows although slots are settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    #[error("a quantity or a rate is negative")]
    Negative,
    #[error("an amount is out of range")]
    OutOfRange,
}

impl From<NumberError> for FlowError {
    fn from(_: NumberError) -> Self {
        Self::OutOfRange
    }
}

/// What a contract's settled slots amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flows {
    /// Settled energy at its prices.
    pub trade_value: Paise,
    pub settled: WattHours,
    /// Requested and not settled, over the settled slots.
    pub shortfall: WattHours,
    pub wheeling_buyer: Paise,
    pub wheeling_seller: Paise,
    pub penalty: Paise,
    buyer_platform: Paise,
    seller_platform: Paise,
    seller_discom: Paise,
}

impl Flows {
    /// What the party gets; negative: pays.
    pub const fn of(&self, role: Writer) -> Paise {
        match role {
            Writer::BuyerPlatform => self.buyer_platform,
            Writer::SellerPlatform => self.seller_platform,
            Writer::BuyerDiscom => self.wheeling_buyer,
            Writer::SellerDiscom => self.seller_discom,
        }
    }

    /// All four, in the order of the wire.
    pub fn all(&self) -> [(Writer, Paise); 4] {
        Writer::ALL.map(|role| (role, self.of(role)))
    }
}

/// The flows of a contract; `None` while no slot is settled.
///
/// # Errors
/// [`FlowError`].
pub fn revenue_flows(slots: &[SettledSlot], rates: &PolicyRates) -> Result<Option<Flows>, FlowError> {
    let settled: Vec<(WattHours, WattHours, Price)> = slots
        .iter()
        .filter_map(|slot| slot.settled.map(|settled| (slot.requested, settled, slot.price)))
        .collect();
    let rated = [rates.wheeling_buyer, rates.wheeling_seller, rates.penalty];
    if settled.iter().any(|(requested, settled, price)| {
        *requested < WattHours::ZERO || *settled < WattHours::ZERO || *price < Price::ZERO
    }) || rated.into_iter().any(|rate| rate < Price::ZERO)
    {
        return Err(FlowError::Negative);
    }
    if settled.is_empty() {
        return Ok(None);
    }
    let trade_value = total_amount(settled.iter().map(|(_, wh, price)| (*wh, *price)), ROUNDING)?;
    let short = |requested: WattHours, settled: WattHours| {
        requested.checked_sub(settled).unwrap_or(WattHours::ZERO).max(WattHours::ZERO)
    };
    let shortfall = WattHours::checked_sum(settled.iter().map(|(asked, got, _)| short(*asked, *got)));
    let shortfall = shortfall.ok_or(FlowError::OutOfRange)?;
    let total =
        WattHours::checked_sum(settled.iter().map(|(_, got, _)| *got)).ok_or(FlowError::OutOfRange)?;
    let wheeling_buyer = amount(total, rates.wheeling_buyer, ROUNDING)?;
    let wheeling_seller = amount(total, rates.wheeling_seller, ROUNDING)?;
    let penalty = amount(shortfall, rates.penalty, ROUNDING)?;
    let flows = || {
        let buyer_platform = trade_value.checked_add(wheeling_buyer)?.checked_neg()?;
        let seller_discom = wheeling_seller.checked_add(penalty)?;
        let seller_platform = trade_value.checked_sub(seller_discom)?;
        Some(Flows {
            trade_value,
            settled: total,
            shortfall,
            wheeling_buyer,
            wheeling_seller,
            penalty,
            buyer_platform,
            seller_platform,
            seller_discom,
        })
    };
    flows().map(Some).ok_or(FlowError::OutOfRange)
}

/// Who bears the penalty of a contract between a platform and its users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PenaltyShares {
    pub seller: Paise,
    pub buyer: Paise,
    /// By no user: the platforms' own account.
    pub excused: Paise,
}

/// Divides a penalty as the shortfall was attributed: exactly, by largest remainder, ties in the order
/// seller, buyer, nobody. A penalty for no shortfall is nobody's.
///
/// # Errors
/// [`AllocationError`] for what is negative or beyond range.
pub fn penalty_shares(penalty: Paise, shortfall: &Shortfall) -> Result<PenaltyShares, AllocationError> {
    let parts = [shortfall.seller, shortfall.buyer, shortfall.excused];
    if penalty < Paise::ZERO || parts.into_iter().any(|part| part < WattHours::ZERO) {
        return Err(AllocationError::Negative);
    }
    if parts.into_iter().all(|part| part == WattHours::ZERO) {
        return Ok(PenaltyShares { excused: penalty, ..PenaltyShares::default() });
    }
    let shares = apportion(penalty.get(), parts.iter().enumerate().map(|(rank, part)| (rank, part.get())))?;
    let share = |rank: usize| Paise::new(shares.get(rank).copied().unwrap_or(0));
    Ok(PenaltyShares { seller: share(0), buyer: share(1), excused: share(2) })
}

/// One slot under the method of deviations, which some inter-DISCOM texts recommend instead: the trade is
/// paid as contracted, and each side squares with its own utility what it used or made less than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deviation {
    pub traded: WattHours,
    pub price: Price,
    /// What the buyer used.
    pub load: WattHours,
    /// What the seller made.
    pub generated: WattHours,
    /// What the buyer's utility pays for energy left over.
    pub export_rate: Price,
    /// What the seller's utility takes for energy missing.
    pub import_rate: Price,
}

/// What each pays and gets; `buyer_pays + buyer_utility_pays == seller_gets + seller_utility_gets`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviationFlows {
    pub buyer_pays: Paise,
    pub seller_gets: Paise,
    pub buyer_utility_pays: Paise,
    pub seller_utility_gets: Paise,
}

/// Settles one slot by deviations. Using or making more than was traded changes nothing here: that is
/// ordinary energy of the retail contract.
///
/// # Errors
/// [`FlowError`].
pub fn settle_deviation(slot: &Deviation) -> Result<DeviationFlows, FlowError> {
    let energies = [slot.traded, slot.load, slot.generated];
    let prices = [slot.price, slot.export_rate, slot.import_rate];
    if energies.into_iter().any(|wh| wh < WattHours::ZERO) || prices.into_iter().any(|p| p < Price::ZERO) {
        return Err(FlowError::Negative);
    }
    let missing =
        |actual: WattHours| slot.traded.checked_sub(actual).unwrap_or(WattHours::ZERO).max(WattHours::ZERO);
    let value = amount(slot.traded, slot.price, ROUNDING)?;
    let buyer_utility_pays = amount(missing(slot.load), slot.export_rate, ROUNDING)?;
    let seller_utility_gets = amount(missing(slot.generated), slot.import_rate, ROUNDING)?;
    let buyer_pays = value.checked_sub(buyer_utility_pays).ok_or(FlowError::OutOfRange)?;
    let seller_gets = value.checked_sub(seller_utility_gets).ok_or(FlowError::OutOfRange)?;
    Ok(DeviationFlows { buyer_pays, seller_gets, buyer_utility_pays, seller_utility_gets })
}

#[cfg(test)]
#[path = "flows_tests.rs"]
mod tests;
