//! `[settlement]`: how far users may be in debit, and what trades are charged.
//!
//! | key | meaning |
//! |---|---|
//! | `credit_limit_inr` | of every user who has no own `credit_limit_inr` |
//! | `rates` | dated rates per kWh, by network and DISCOM; `*` stands for all |

use energy_rules::{NETWORK_PRODUCTION, NETWORK_TEST, NETWORK_TEST_DEG};
use serde::Deserialize;
use units::{IstDate, Paise, Price};

use super::ConfigError;

/// Credit and charges.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SettlementConfig {
    pub credit_limit_inr: Paise,
    pub rates: Vec<RateConfig>,
}

/// A rate from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateConfig {
    /// `transaction_charge`, `platform_fee`, `wheeling_buyer`, `wheeling_seller` or `shortfall_penalty`.
    pub kind: String,
    #[serde(default = "any")]
    pub network: String,
    #[serde(default = "any")]
    pub discom: String,
    /// From midnight in India.
    pub from: IstDate,
    pub inr_per_kwh: Price,
}

fn any() -> String {
    "*".to_owned()
}

/// The kinds of rates.
pub const RATE_KINDS: &[&str] =
    &["transaction_charge", "platform_fee", "wheeling_buyer", "wheeling_seller", "shortfall_penalty"];

/// More would not be a credit but a loan: ten million INR.
const LIMIT_MAX: Paise = Paise::new(1_000_000_000);

impl Default for SettlementConfig {
    /// The first pilot's transaction charge of 0.42 INR from the day of its order on: of the DISCOMs that the order names,
    /// and of every DISCOM on the test networks. Nothing else.
    fn default() -> Self {
        let charged = [
            (NETWORK_TEST, "*"),
            (NETWORK_TEST_DEG, "*"),
            (NETWORK_PRODUCTION, "BRPL"),
            (NETWORK_PRODUCTION, "BYPL"),
            (NETWORK_PRODUCTION, "TPDDL"),
        ];
        let ordered = IstDate::new(2026, 2, 11).into_iter();
        let rates = ordered.flat_map(|from| {
            charged.map(|(network, discom)| RateConfig {
                kind: "transaction_charge".to_owned(),
                network: network.to_owned(),
                discom: discom.to_owned(),
                from,
                inr_per_kwh: Price::new(4_200),
            })
        });
        Self { credit_limit_inr: Paise::new(10_000_000), rates: rates.collect() }
    }
}

/// A limit that can be given.
pub(super) fn check_limit(place: &str, limit: Paise) -> Result<(), ConfigError> {
    if (Paise::ZERO..=LIMIT_MAX).contains(&limit) {
        return Ok(());
    }
    Err(ConfigError::invalid(place, format!("0 to {} INR", LIMIT_MAX.to_inr_text())))
}

impl SettlementConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        check_limit("settlement.credit_limit_inr", self.credit_limit_inr)?;
        for (index, rate) in self.rates.iter().enumerate() {
            let place = |key: &str| format!("settlement.rates[{index}].{key}");
            if !RATE_KINDS.contains(&rate.kind.as_str()) {
                return Err(ConfigError::invalid(
                    &place("kind"),
                    format!("one of {}", RATE_KINDS.join(", ")),
                ));
            }
            if rate.inr_per_kwh < Price::ZERO || rate.inr_per_kwh > Price::new(10_000_000) {
                return Err(ConfigError::invalid(&place("inr_per_kwh"), "0 to 1000 INR per kWh"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_judged() {
        let read = |text: &str| toml::from_str::<SettlementConfig>(text);
        let good = read(
            "credit_limit_inr = \"500\"\n[[rates]]\nkind = \"platform_fee\"\ndiscom = \"D\"\n\
             from = \"2026-04-01\"\ninr_per_kwh = \"0.05\"\n",
        )
        .unwrap();
        assert!(good.validate().is_ok());
        assert_eq!((good.credit_limit_inr, good.rates[0].network.as_str()), (Paise::new(50_000), "*"));
        let mut odd = good.clone();
        odd.rates[0].kind = "tip".into();
        assert!(odd.validate().unwrap_err().to_string().contains("settlement.rates[0].kind"));
        let mut odd = good;
        odd.credit_limit_inr = Paise::new(-1);
        assert!(odd.validate().is_err());
        assert!(SettlementConfig::default().validate().is_ok());
        assert_eq!(SettlementConfig::default().rates.len(), 5);
    }
}
