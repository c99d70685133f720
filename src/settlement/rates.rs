//! What trades cost beside their price, as data by network, DISCOM and date: for the users' bills and for the contract
//! policy's flows. The rate in force at a slot's start applies to it; a change is a new row with a later date.

use db::{DbError, Tx};
use energy_rules::PolicyRates;
use units::{Price, Timestamp};

use super::store;
use crate::contract::model::text_enum;

/// Stands for every network, or every DISCOM.
pub(super) const ANY: &str = "*";

text_enum! {
    /// What a rate is for; each is per kWh. What is not known costs nothing.
    RateKind {
        /// Of the whole trade: buyer and seller bear one half each.
        TransactionCharge = "transaction_charge",
        /// This platform's own, from its user.
        PlatformFee = "platform_fee",
        WheelingBuyer = "wheeling_buyer",
        WheelingSeller = "wheeling_seller",
        /// For what one's own side fell short (ruling 26).
        ShortfallPenalty = "shortfall_penalty",
    }
}

/// One dated rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// `*` is every network.
    pub network_id: String,
    /// `*` is every DISCOM; the DISCOM's own rate goes before.
    pub discom: String,
    pub kind: RateKind,
    /// In force from here, until a later one of the same network, DISCOM and kind.
    pub from: Timestamp,
    pub rate: Price,
}

/// The rates of one network and DISCOM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates(Vec<Rate>);

impl Rates {
    pub fn new(rates: Vec<Rate>) -> Self {
        Self(rates)
    }

    /// The rate in force at an instant: the DISCOM's own before every DISCOM's, the network's own before every
    /// network's, and of these the newest.
    pub fn at(&self, kind: RateKind, at: Timestamp) -> Price {
        let known = self.0.iter().filter(|rate| rate.kind == kind && rate.from <= at);
        let rank = |rate: &&Rate| (rate.discom != ANY, rate.network_id != ANY, rate.from);
        known.max_by_key(rank).map_or(Price::ZERO, |rate| rate.rate)
    }

    /// What the contract policy's flows are reckoned by; these are the rates of the seller's DISCOM.
    pub fn policy(&self, at: Timestamp) -> PolicyRates {
        PolicyRates {
            wheeling_buyer: self.at(RateKind::WheelingBuyer, at),
            wheeling_seller: self.at(RateKind::WheelingSeller, at),
            penalty: self.at(RateKind::ShortfallPenalty, at),
        }
    }
}

/// The rates of a DISCOM: the one reader of them.
///
/// # Errors
/// The database's.
pub async fn rates_of(tx: &mut Tx, network_id: &str, discom: &str) -> Result<Rates, DbError> {
    Ok(Rates::new(store::rates(tx, network_id, discom).await?))
}

/// Adds the operator's rates. Gives those that differ from what is in the table for the same date: a rate that trades
/// may have been settled by is never changed, a new date is.
///
/// # Errors
/// The database's.
pub async fn add_rates(tx: &mut Tx, rates: &[Rate]) -> Result<Vec<Rate>, DbError> {
    let mut refused = Vec::new();
    for rate in rates {
        if store::insert_rate(tx, rate).await? != rate.rate {
            refused.push(rate.clone());
        }
    }
    Ok(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_and_newest_rate_applies() {
        let rate = |network: &str, discom: &str, day: i64, rate: i64| Rate {
            network_id: network.into(),
            discom: discom.into(),
            kind: RateKind::TransactionCharge,
            from: Timestamp::from_seconds(day * 86_400),
            rate: Price::new(rate),
        };
        let rates = Rates::new(vec![
            rate("*", "*", 1, 10),
            rate("*", "*", 9, 20),
            rate("n", "*", 2, 30),
            rate("*", "D", 5, 40),
            rate("n", "D", 6, 50),
        ]);
        let at =
            |day: i64| rates.at(RateKind::TransactionCharge, Timestamp::from_seconds(day * 86_400)).get();
        assert_eq!([0, 1, 2, 5, 6, 10].map(at), [0, 10, 30, 40, 50, 50]);
        assert_eq!(rates.at(RateKind::PlatformFee, Timestamp::from_seconds(1_000_000)), Price::ZERO);
    }
}
