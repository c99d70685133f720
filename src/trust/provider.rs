//! How far a provider elsewhere is trusted by us: what its settled contracts with our buyers delivered, shrunk towards
//! the score of an unknown one, so that few contracts say little (ruling 26). A provider is a platform and a meter.

use db::{DbError, Tx};
use units::{Timestamp, WattHours};
use uuid::Uuid;

use super::error::TrustError;
use super::model::{ONE, half_even};
use super::store;

/// What a seller elsewhere delivered of one contract with one of our buyers, summed over its slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderDelivery {
    /// Subscriber id of the seller's platform.
    pub bpp_id: String,
    /// The seller's meter, normalised.
    pub meter_key: String,
    /// Our own id of our side of the contract.
    pub contract: Uuid,
    /// 1 for the first result; a correction has a higher one, and replaces it.
    pub revision: i64,
    pub requested: WattHours,
    /// What the seller's round allocated.
    pub round1: WattHours,
    /// An outage or a curtailment lay over what is missing.
    pub outage: bool,
}

/// How far a provider is trusted, for ranking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderTrust {
    pub score_millionths: i64,
    /// The sample: settled contracts.
    pub settled: i64,
    /// Nothing is settled yet: it ranks as 0.30.
    pub unknown: bool,
}

/// What is settled with a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderHistory {
    /// Platform and normalised meter.
    pub provider: (String, String),
    /// Contracts.
    pub settled: i64,
    /// The sum of their delivered shares, millionths.
    pub shares: i64,
}

/// The mean of the shares and of a prior, which weighs as so many contracts; millionths, half-even.
pub fn shrunk(prior: i64, weight: i64, settled: i64, shares: i64) -> ProviderTrust {
    let weight = weight.max(1);
    let sum = i128::from(shares) + i128::from(prior) * i128::from(weight);
    let weight = i128::from(settled) + i128::from(weight);
    let score = i64::try_from(half_even(sum, weight)).unwrap_or(prior).clamp(0, ONE);
    ProviderTrust { score_millionths: score, settled, unknown: settled == 0 }
}

/// Keeps what a provider delivered, in the transaction that settles the contract. False when that revision is known, or
/// nothing can be learnt of it.
///
/// # Errors
/// A negative quantity; the database's.
pub async fn apply_provider_delivery(
    tx: &mut Tx,
    delivery: &ProviderDelivery,
    now: Timestamp,
) -> Result<bool, TrustError> {
    let delivered = delivery.round1.min(delivery.requested);
    if delivered < WattHours::ZERO {
        return Err(TrustError::OutOfRange);
    }
    let excused = delivery.outage && delivered < delivery.requested;
    if delivery.requested == WattHours::ZERO || excused {
        return Ok(false);
    }
    let share =
        half_even(i128::from(delivered.get()) * i128::from(ONE), i128::from(delivery.requested.get()));
    let share = i64::try_from(share).map_err(|_| TrustError::OutOfRange)?;
    Ok(store::put_provider(tx, delivery, share, now).await?)
}

/// Every provider with which something is settled.
///
/// # Errors
/// The database's.
pub async fn histories(tx: &mut Tx) -> Result<Vec<ProviderHistory>, DbError> {
    store::providers(tx).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_contracts_say_little() {
        let score = |settled, shares| shrunk(300_000, 5, settled, shares).score_millionths;
        assert_eq!(
            shrunk(300_000, 5, 0, 0),
            ProviderTrust { score_millionths: 300_000, settled: 0, unknown: true }
        );
        // (5 × 0.3 + 1) / 6, and so on towards 1.
        assert_eq!((score(1, ONE), score(5, 5 * ONE), score(95, 95 * ONE)), (416_667, 650_000, 965_000));
        assert_eq!((score(1, 0), score(15, 0)), (250_000, 75_000));
        assert!(!shrunk(300_000, 5, 1, 0).unknown);
    }
}
