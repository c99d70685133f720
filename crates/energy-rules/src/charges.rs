//! What a trade costs beside its price, as dated data by network and DISCOM.
//!
//! Policy rates make the flows of the wire ([`crate::revenue_flows`]). The transaction charge and the
//! platforms' fees are between a platform and its users (ruling 27). The rates of a contract are those that
//! its seller's DISCOM has in force on the day of delivery, since that DISCOM's policy governs it; a change
//! is a new entry with a later date, never an edit.

use units::{IstDate, NumberError, Paise, Price, WattHours, amount};

use crate::flows::ROUNDING;
use crate::rule_set::{NETWORK_PRODUCTION, NETWORK_TEST, NETWORK_TEST_DEG};
use crate::{FlowError, PolicyRates};

/// The transaction charge of the first pilot order, INR 0.42 per kWh.
const PILOT_CHARGE: Price = Price::new(4_200);

/// Millionths in one.
const MILLION: i128 = 1_000_000;

/// What users are charged for a trade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChargeRates {
    /// Per settled kWh, shared equally by buyer and seller.
    pub transaction: Price,
    /// The buyer's platform takes so many millionths of the trade's value from the buyer,
    pub buyer_fee_millionths: u32,
    /// the seller's platform so many from the seller,
    pub seller_fee_millionths: u32,
    /// and each at most so much per settled kWh.
    pub fee_cap: Price,
}

/// All rates of one DISCOM in one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    pub policy: PolicyRates,
    pub charges: ChargeRates,
}

/// What one user is charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SideCharges {
    pub transaction: Paise,
    pub fee: Paise,
}

/// What buyer and seller are charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    pub buyer: SideCharges,
    pub seller: SideCharges,
}

impl ChargeRates {
    /// The charges of `settled` energy worth `value`. The transaction charge is rounded once and then halved;
    /// its odd paisa is the buyer's.
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn charges(&self, settled: WattHours, value: Paise) -> Result<Charges, FlowError> {
        let rated = self.transaction < Price::ZERO || self.fee_cap < Price::ZERO;
        if settled < WattHours::ZERO || value < Paise::ZERO || rated {
            return Err(FlowError::Negative);
        }
        let whole = amount(settled, self.transaction, ROUNDING)?;
        let sellers = Paise::new(whole.get().div_euclid(2));
        let buyers = whole.checked_sub(sellers).ok_or(FlowError::OutOfRange)?;
        let cap = amount(settled, self.fee_cap, ROUNDING)?;
        let fee = |millionths: u32| part_of(value, millionths).map(|fee| fee.min(cap));
        Ok(Charges {
            buyer: SideCharges { transaction: buyers, fee: fee(self.buyer_fee_millionths)? },
            seller: SideCharges { transaction: sellers, fee: fee(self.seller_fee_millionths)? },
        })
    }
}

/// So many millionths of a sum that is not negative, halves up.
fn part_of(value: Paise, millionths: u32) -> Result<Paise, NumberError> {
    let product = i128::from(value.get()).checked_mul(i128::from(millionths));
    let rounded = product.and_then(|product| product.checked_add(MILLION / 2)).map(|sum| sum / MILLION);
    let paise = rounded.and_then(|paise| i64::try_from(paise).ok());
    paise.map(Paise::new).ok_or(NumberError::OutOfRange)
}

/// Rates from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateEntry {
    pub network: String,
    /// The seller's DISCOM, by its code; `None`: every DISCOM of the network without entries of its own.
    pub discom: Option<String>,
    /// The first day of delivery, in India; `None`: always.
    pub from: Option<IstDate>,
    pub rates: Rates,
}

/// Every rate that is or was in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateBook {
    entries: Vec<RateEntry>,
}

impl RateBook {
    pub const fn new(entries: Vec<RateEntry>) -> Self {
        Self { entries }
    }

    /// What the networks have published: policy rates of zero everywhere; the pilot's charge for the DISCOMs
    /// under the order of Delhi's regulator; on the test networks that charge for everybody, and fees of 2 %
    /// and 3 %, so that statements have something to show.
    pub fn published() -> Self {
        let delhi = ChargeRates { transaction: PILOT_CHARGE, ..ChargeRates::default() };
        let trial = ChargeRates {
            transaction: PILOT_CHARGE,
            buyer_fee_millionths: 20_000,
            seller_fee_millionths: 30_000,
            fee_cap: PILOT_CHARGE,
        };
        let entry =
            |network: &str, discom: Option<&str>, from: Option<IstDate>, charges: ChargeRates| RateEntry {
                network: network.to_owned(),
                discom: discom.map(str::to_owned),
                from,
                rates: Rates { policy: PolicyRates::default(), charges },
            };
        let ordered = IstDate::new(2026, 2, 11).ok();
        Self::new(vec![
            entry(NETWORK_TEST, None, None, trial),
            entry(NETWORK_TEST_DEG, None, None, trial),
            entry(NETWORK_PRODUCTION, None, None, ChargeRates::default()),
            entry(NETWORK_PRODUCTION, Some("BRPL"), ordered, delhi),
            entry(NETWORK_PRODUCTION, Some("TPDDL"), ordered, delhi),
        ])
    }

    /// The rates for a delivery on `day` under a contract whose seller's DISCOM is `discom`: the latest of
    /// that DISCOM's own, else the latest of the network; `None` for a network without any.
    pub fn in_force(&self, network: &str, discom: &str, day: IstDate) -> Option<Rates> {
        let discom = discom.trim();
        self.entries
            .iter()
            .filter(|entry| entry.network == network && entry.from.is_none_or(|from| from <= day))
            .filter(|entry| entry.discom.as_ref().is_none_or(|own| own.eq_ignore_ascii_case(discom)))
            .max_by_key(|entry| (entry.discom.is_some(), entry.from))
            .map(|entry| entry.rates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> IstDate {
        IstDate::parse(text).unwrap()
    }

    #[test]
    fn the_charge_is_shared_and_the_odd_paisa_is_the_buyers() {
        let rates =
            RateBook::published().in_force(NETWORK_TEST, "TEST_DISCOM_SELLER", day("2026-04-26")).unwrap();
        assert_eq!(rates.policy, PolicyRates::default());
        let charges = rates.charges.charges(WattHours::new(32_700), Paise::new(43_715)).unwrap();
        // 13.734 -> 13.73; 2 % and 3 % of 437.15.
        assert_eq!(charges.buyer, SideCharges { transaction: Paise::new(687), fee: Paise::new(874) });
        assert_eq!(charges.seller, SideCharges { transaction: Paise::new(686), fee: Paise::new(1_311) });
        // A dear kWh: the fee stops at the cap.
        let dear = rates.charges.charges(WattHours::new(1_000), Paise::new(100_000)).unwrap();
        assert_eq!((dear.buyer.fee, dear.seller.fee), (Paise::new(42), Paise::new(42)));
        let nothing = rates.charges.charges(WattHours::ZERO, Paise::ZERO).unwrap();
        assert_eq!(nothing, Charges::default());
        let negative = rates.charges.charges(WattHours::new(-1), Paise::ZERO);
        assert_eq!(negative, Err(FlowError::Negative));
    }

    #[test]
    fn rates_are_those_of_network_discom_and_day() {
        let book = RateBook::published();
        let charge = |discom, on| {
            let rates = book.in_force(NETWORK_PRODUCTION, discom, day(on)).unwrap();
            rates.charges.transaction
        };
        assert_eq!(charge("BRPL", "2026-02-10"), Price::ZERO);
        assert_eq!(charge("brpl ", "2026-02-11"), PILOT_CHARGE);
        assert_eq!(charge("PaVVNL", "2026-02-11"), Price::ZERO);
        assert_eq!(book.in_force("nobody.example/market", "BRPL", day("2026-02-11")), None);
    }

    #[test]
    fn a_later_entry_replaces_an_earlier_from_its_day_on() {
        let entry = |discom: Option<&str>, from: Option<&str>, penalty| RateEntry {
            network: "n".to_owned(),
            discom: discom.map(str::to_owned),
            from: from.map(day),
            rates: Rates {
                policy: PolicyRates { penalty: Price::new(penalty), ..PolicyRates::default() },
                charges: ChargeRates::default(),
            },
        };
        let book = RateBook::new(vec![
            entry(None, Some("2026-06-01"), 3),
            entry(Some("D"), Some("2026-01-01"), 2),
            entry(None, None, 1),
        ]);
        let penalty = |discom, on| book.in_force("n", discom, day(on)).unwrap().policy.penalty.get();
        assert_eq!(penalty("E", "2026-05-31"), 1);
        assert_eq!(penalty("E", "2026-06-01"), 3);
        assert_eq!(penalty("D", "2025-12-31"), 1);
        assert_eq!(penalty("D", "2026-06-02"), 2);
    }

    proptest! {
        #[test]
        fn the_two_halves_are_the_whole_charge(settled in 0_i64..10_000_000, rate in 0_i64..100_000) {
            let rates = ChargeRates { transaction: Price::new(rate), ..ChargeRates::default() };
            let charges = rates.charges(WattHours::new(settled), Paise::ZERO).unwrap();
            let whole = amount(WattHours::new(settled), Price::new(rate), ROUNDING).unwrap();
            let (buyer, seller) = (charges.buyer.transaction, charges.seller.transaction);
            prop_assert_eq!(buyer.checked_add(seller), Some(whole));
            prop_assert!((0..=1).contains(&(buyer.get() - seller.get())));
        }
    }
}
