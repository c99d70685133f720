//! The trust of providers with which something was settled (ruling 26), as the operator weighs it.

use std::collections::BTreeMap;

use db::{DbError, Tx};

use crate::network::ChoiceConfig;
pub use crate::trust::ProviderTrust;
use crate::trust::provider;

/// What an unknown provider counts as.
pub(in crate::buyer) fn unknown(choice: &ChoiceConfig) -> ProviderTrust {
    weighed(choice, 0, 0)
}

/// From the number of settled contracts and the sum of their delivered shares, in millionths.
fn weighed(choice: &ChoiceConfig, settled: i64, shares: i64) -> ProviderTrust {
    provider::shrunk(choice.trust_unknown, choice.trust_shrink, settled, shares)
}

/// The providers with a settled history, by platform and normalised meter.
///
/// # Errors
/// The database's.
pub(in crate::buyer) async fn of_providers(
    tx: &mut Tx,
    choice: &ChoiceConfig,
) -> Result<BTreeMap<(String, String), ProviderTrust>, DbError> {
    let known = provider::histories(tx).await?.into_iter();
    Ok(known.map(|each| (each.provider, weighed(choice, each.settled, each.shares))).collect())
}
