//! What one side of a contract pays and gets, slot by slot, and the journal lines that follow. Pure.
//!
//! Each slot's amounts are rounded once, half a paisa away from zero ([`ROUNDING`]), and are what the user sees. The
//! contract's revenue flows round the sum instead (ruling 27): the difference stands on the rounding account.

use energy_rules::{Delivery, TradeStatus, attribute};
use units::{DeliverySlot, Paise, Price, WattHours, amount};

use super::model::{AccountId, AccountKind, Draft, MoneyError, Quality, SettledSlot, add, neg, sub};
use super::rates::{RateKind, Rates};
use crate::contract::{ROUNDING, Side};

/// The contract's revenue flows, credit positive; they sum to zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flows {
    pub buyer_platform: Paise,
    pub seller_platform: Paise,
    pub buyer_discom: Paise,
    pub seller_discom: Paise,
}

impl Flows {
    /// What the energy came to: from the buyer's platform to the seller's.
    ///
    /// # Errors
    /// They do not sum to zero.
    pub fn traded(&self) -> Result<Paise, MoneyError> {
        let paid = neg(add(self.buyer_platform, self.buyer_discom)?)?;
        if paid != add(self.seller_platform, self.seller_discom)? {
            return Err(MoneyError::Result("the flows do not sum to zero"));
        }
        Ok(paid)
    }

    /// What that side's DISCOM gets.
    pub(super) fn discom(&self, side: Side) -> Paise {
        if side == Side::Buyer { self.buyer_discom } else { self.seller_discom }
    }
}

/// What one slot costs, or brings, one side; every amount not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotBill {
    pub energy: Paise,
    pub wheeling: Paise,
    /// One half of the transaction charge; the odd paisa is the buyer's.
    pub charge: Paise,
    pub fee: Paise,
    /// For what this side itself fell short.
    pub penalty: Paise,
}

impl SlotBill {
    /// The bill of a slot by the rates in force at its start.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn of(side: Side, slot: &SettledSlot, rates: &Rates) -> Result<Self, MoneyError> {
        let start = slot.slot.start();
        let cost = |energy: WattHours, price: Price| {
            amount(energy, price, ROUNDING).map_err(|_| MoneyError::OutOfRange)
        };
        let by = |energy: WattHours, kind: RateKind| cost(energy, rates.at(kind, start));
        let wheeling = if side == Side::Buyer { RateKind::WheelingBuyer } else { RateKind::WheelingSeller };
        let short = shortfall(side, slot);
        Ok(Self {
            energy: cost(slot.settled, slot.price)?,
            wheeling: by(slot.settled, wheeling)?,
            charge: half(side, by(slot.settled, RateKind::TransactionCharge)?),
            fee: by(slot.settled, RateKind::PlatformFee)?,
            penalty: by(short, RateKind::ShortfallPenalty)?,
        })
    }

    pub(super) fn added(&self, other: &Self) -> Result<Self, MoneyError> {
        Ok(Self {
            energy: add(self.energy, other.energy)?,
            wheeling: add(self.wheeling, other.wheeling)?,
            charge: add(self.charge, other.charge)?,
            fee: add(self.fee, other.fee)?,
            penalty: add(self.penalty, other.penalty)?,
        })
    }

    /// All but the energy.
    pub(super) fn costs(&self) -> Result<Paise, MoneyError> {
        add(add(self.wheeling, self.charge)?, add(self.fee, self.penalty)?)
    }

    /// What the user's account gets: negative for a buyer.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn for_user(&self, side: Side) -> Result<Paise, MoneyError> {
        match side {
            Side::Buyer => neg(add(self.energy, self.costs()?)?),
            Side::Seller => sub(self.energy, self.costs()?),
        }
    }
}

/// What a side failed to deliver or to draw (ruling 26). Without the rounds nobody is to blame, and only what was
/// measured costs anybody a penalty.
fn shortfall(side: Side, slot: &SettledSlot) -> WattHours {
    if slot.quality != Quality::Measured {
        return WattHours::ZERO;
    }
    let round_one = slot.round1.unwrap_or(slot.requested);
    let short = attribute(&Delivery {
        requested: slot.requested,
        round_one,
        round_two: slot.round2.unwrap_or(round_one),
        settled: slot.settled,
        seller_status: TradeStatus::Completed,
        buyer_status: TradeStatus::Completed,
    });
    if side == Side::Seller { short.seller } else { short.buyer }
}

fn half(side: Side, whole: Paise) -> Paise {
    let smaller = whole.get().div_euclid(2);
    match side {
        Side::Seller => Paise::new(smaller),
        Side::Buyer => Paise::new(whole.get().saturating_sub(smaller)),
    }
}

/// One slot beside its bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterLine {
    pub result: SettledSlot,
    pub bill: SlotBill,
}

/// The bill of one side of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    pub side: Side,
    /// The user's DISCOM.
    pub discom: String,
    /// The platform of the other side; none when both users are ours.
    pub peer_id: Option<String>,
    /// What the flows say the energy came to.
    pub traded: Paise,
    /// What the flows owe the user's DISCOM.
    pub discom_flow: Paise,
    pub slots: Vec<MeterLine>,
}

impl Bill {
    /// Makes it.
    ///
    /// # Errors
    /// A final value above what was requested or allocated; flows that do not sum to zero, or that come to another
    /// amount than the slots; out of range.
    pub fn of(
        side: Side,
        (discom, peer_id): (&str, Option<&str>),
        results: &[SettledSlot],
        flows: &Flows,
        rates: &Rates,
    ) -> Result<Self, MoneyError> {
        let mut slots = Vec::with_capacity(results.len());
        for result in results {
            let least = [Some(result.requested), result.round1, result.round2].into_iter().flatten().min();
            if result.settled < WattHours::ZERO || least.is_some_and(|least| result.settled > least) {
                return Err(MoneyError::Result("a final value is above what was requested or allocated"));
            }
            slots.push(MeterLine { result: *result, bill: SlotBill::of(side, result, rates)? });
        }
        let traded = flows.traded()?;
        let bill = Self {
            side,
            discom: discom.to_owned(),
            peer_id: peer_id.map(str::to_owned),
            traded,
            discom_flow: flows.discom(side),
            slots,
        };
        // Half a paisa for each slot, and one half for the sum.
        let apart = sub(bill.sums()?.energy, traded)?.get().unsigned_abs();
        if apart > u64::try_from(bill.slots.len()).unwrap_or(u64::MAX) {
            return Err(MoneyError::Result("the flows come to another amount than the slots"));
        }
        Ok(bill)
    }

    /// The sums over all slots.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn sums(&self) -> Result<SlotBill, MoneyError> {
        self.slots.iter().try_fold(SlotBill::default(), |sum, slot| sum.added(&slot.bill))
    }

    /// What the user gets over all slots: negative for a buyer.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn for_user(&self) -> Result<Paise, MoneyError> {
        self.sums()?.for_user(self.side)
    }

    /// The lines of all accounts but the user's, which balance it.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub(super) fn others(&self) -> Result<Vec<(AccountId, Paise)>, MoneyError> {
        let sums = self.sums()?;
        let (clearing, rounding) = match self.side {
            Side::Buyer => (self.traded, sub(sums.energy, self.traded)?),
            Side::Seller => (neg(self.traded)?, sub(self.traded, sums.energy)?),
        };
        // Nothing is owed to a platform for a trade between our own users.
        let peer = self.peer_id.as_deref();
        let other = peer.map_or_else(AccountId::within, |peer| AccountId::new(AccountKind::Clearing, peer));
        let attribution = sub(add(sums.wheeling, sums.penalty)?, self.discom_flow)?;
        Ok(vec![
            (other, clearing),
            (AccountId::new(AccountKind::Discom, &self.discom), self.discom_flow),
            (AccountId::new(AccountKind::Charge, &self.discom), sums.charge),
            (AccountId::own(AccountKind::Fee), sums.fee),
            (AccountId::own(AccountKind::Rounding), rounding),
            (AccountId::own(AccountKind::Platform), attribution),
        ])
    }

    /// Books what this bill changes over the one that it corrects. Gives what the user gets by it, which the caller
    /// books with the user's accounts.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn book(&self, before: Option<&Self>, draft: &mut Draft) -> Result<Paise, MoneyError> {
        for (account, amount) in self.others()? {
            draft.book(&account, amount, Paise::ZERO)?;
        }
        let Some(before) = before else { return self.for_user() };
        for (account, amount) in before.others()? {
            draft.book(&account, neg(amount)?, Paise::ZERO)?;
        }
        sub(self.for_user()?, before.for_user()?)
    }

    /// The result of that slot.
    pub(super) fn slot(&self, slot: DeliverySlot) -> Option<&MeterLine> {
        self.slots.iter().find(|line| line.result.slot == slot)
    }
}
