//! What was settled with a provider, and the trust that follows (ruling 26).
//!
//! A provider is a platform and a meter. Of each contract of ours with it that has final allocations, the share of the
//! requested energy that was delivered counts once; the mean is shrunk towards what an unknown provider counts as.

use std::collections::BTreeMap;

use db::{DbError, Tx, params, sql};
use units::WattHours;
use uuid::Uuid;

use crate::network::{ChoiceConfig, MILLION};

/// Rows of allocations that are looked at, the newest contracts first.
const ROWS_MAX: i64 = 20_000;

sql! {
    SETTLED = "SELECT c.id, c.peer_id, c.seller_meter, s.requested_wh, f.value FROM contract_cells f \
        JOIN contracts c ON c.id = f.contract \
        JOIN contract_slots s ON s.contract = f.contract AND s.slot_start = f.slot_start \
        WHERE f.column_name = 'FINAL_ALLOC' AND c.side = 'buyer' AND s.requested_wh > 0 AND NOT EXISTS \
        (SELECT 1 FROM contract_cells l WHERE l.contract = f.contract AND l.slot_start = f.slot_start \
        AND l.column_name = 'FINAL_ALLOC' AND l.round > f.round) ORDER BY c.id DESC LIMIT $1";
}

/// How far a provider is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderTrust {
    pub score_millionths: i64,
    /// Settled contracts behind it.
    pub settled: i64,
    /// There are none: the score is what an unknown provider counts as.
    pub unknown: bool,
}

impl ProviderTrust {
    pub(in crate::buyer) fn unknown(choice: &ChoiceConfig) -> Self {
        Self { score_millionths: choice.trust_unknown, settled: 0, unknown: true }
    }

    /// From the delivered shares of settled contracts, in millionths; half-even.
    fn of_shares(choice: &ChoiceConfig, shares: &[i64]) -> Self {
        let settled = i64::try_from(shares.len()).unwrap_or(i64::MAX);
        let prior = choice.trust_unknown.saturating_mul(choice.trust_shrink);
        let sum = shares.iter().fold(prior, |sum, share| sum.saturating_add(*share));
        let score = divide(i128::from(sum), i128::from(settled.saturating_add(choice.trust_shrink)));
        Self { score_millionths: score.clamp(0, MILLION), settled, unknown: settled == 0 }
    }
}

/// Half-even; the divisor is positive.
fn divide(dividend: i128, divisor: i128) -> i64 {
    let divisor = divisor.max(1);
    let (floor, rest) = (dividend.div_euclid(divisor), dividend.rem_euclid(divisor) * 2);
    let up = rest > divisor || (rest == divisor && floor.rem_euclid(2) == 1);
    i64::try_from(floor + i128::from(up)).unwrap_or(i64::MAX)
}

/// The providers with a settled history, by platform and normalised meter.
///
/// # Errors
/// The database's.
pub(in crate::buyer) async fn of_providers(
    tx: &mut Tx,
    choice: &ChoiceConfig,
) -> Result<BTreeMap<(String, String), ProviderTrust>, DbError> {
    let mut contracts: BTreeMap<(String, String), BTreeMap<Uuid, (i128, i128)>> = BTreeMap::new();
    for row in tx.query(&SETTLED, &params![ROWS_MAX]).await? {
        // A value that cannot be read counts for nobody.
        let Ok(allocated) = WattHours::from_kwh_text(&row.get::<String>("value")?) else { continue };
        let requested: WattHours = row.get("requested_wh")?;
        let sums = contracts.entry((row.get("peer_id")?, row.get("seller_meter")?)).or_default();
        let (delivered, asked) = sums.entry(row.get("id")?).or_default();
        *delivered += i128::from(allocated.get().clamp(0, requested.get()));
        *asked += i128::from(requested.get());
    }
    let trust = |sums: &BTreeMap<Uuid, (i128, i128)>| {
        let shares = sums.values().map(|(delivered, asked)| divide(*delivered * i128::from(MILLION), *asked));
        ProviderTrust::of_shares(choice, &shares.collect::<Vec<_>>())
    };
    Ok(contracts.iter().map(|(provider, sums)| (provider.clone(), trust(sums))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_shrunk_towards_the_unknown() {
        let choice = ChoiceConfig::default();
        let of = |shares: &[i64]| ProviderTrust::of_shares(&choice, shares);
        assert_eq!(of(&[]), ProviderTrust::unknown(&choice));
        assert_eq!(of(&[MILLION]).score_millionths, 416_667);
        assert_eq!(of(&[0]).score_millionths, 250_000);
        let long = of(&[MILLION; 95]);
        assert_eq!((long.score_millionths, long.settled, long.unknown), (965_000, 95, false));
        assert!(of(&[0; 5]).score_millionths < choice.trust_floor);
    }

    #[test]
    fn halves_go_to_the_even() {
        assert_eq!([divide(1, 2), divide(3, 2), divide(5, 2), divide(7, 3)], [0, 2, 2, 2]);
    }
}
