//! `[trust]`: what a trade does to a score, and what an unknown capacity allows. Exact decimals, written as text.
//!
//! | key | variable | meaning |
//! |---|---|---|
//! | `default_score` | `TRUST_DEFAULT_SCORE` | where a new user starts, 0 to 1 |
//! | `default_limit_kwh` | `TRUST_DEFAULT_LIMIT` | what a user without a known capacity may trade in a month, kWh |
//! | `success_bonus` | `TRUST_SUCCESS_BONUS` | full delivery |
//! | `failure_penalty` | `TRUST_FAILURE_PENALTY` | no delivery; a share of it for a part |
//! | `cancel_penalty` | `TRUST_CANCEL_PENALTY` | cancellation of a confirmed contract |
//! | `meter_bonus` | `TRUST_METER_BONUS` | good meter data: a bill that is graded A or B, once an account and a meter |

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use units::{WattHours, parse_scaled};

use super::ConfigError;

/// Decimal places of a score.
const PLACES: u32 = 6;

/// The rules of trust. Scores, bonuses and penalties in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrustConfig {
    #[serde(deserialize_with = "millionths")]
    pub default_score: i64,
    pub default_limit_kwh: WattHours,
    #[serde(deserialize_with = "millionths")]
    pub success_bonus: i64,
    #[serde(deserialize_with = "millionths")]
    pub failure_penalty: i64,
    #[serde(deserialize_with = "millionths")]
    pub cancel_penalty: i64,
    #[serde(deserialize_with = "millionths")]
    pub meter_bonus: i64,
}

impl Default for TrustConfig {
    fn default() -> Self {
        Self {
            default_score: 300_000,
            default_limit_kwh: WattHours::new(10_000),
            success_bonus: 50_000,
            failure_penalty: 100_000,
            cancel_penalty: 50_000,
            meter_bonus: 100_000,
        }
    }
}

fn millionths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_scaled(&text, PLACES).map_err(serde::de::Error::custom)
}

impl TrustConfig {
    pub(super) fn overlay(&mut self, environment: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        let read = |name: &str, places: u32, now: i64| -> Result<i64, ConfigError> {
            let parse = |text: &String| {
                parse_scaled(text, places).map_err(|error| ConfigError::invalid(name, error.to_string()))
            };
            environment.get(name).map_or(Ok(now), parse)
        };
        self.default_score = read("TRUST_DEFAULT_SCORE", PLACES, self.default_score)?;
        self.success_bonus = read("TRUST_SUCCESS_BONUS", PLACES, self.success_bonus)?;
        self.failure_penalty = read("TRUST_FAILURE_PENALTY", PLACES, self.failure_penalty)?;
        self.cancel_penalty = read("TRUST_CANCEL_PENALTY", PLACES, self.cancel_penalty)?;
        self.meter_bonus = read("TRUST_METER_BONUS", PLACES, self.meter_bonus)?;
        self.default_limit_kwh =
            WattHours::new(read("TRUST_DEFAULT_LIMIT", 3, self.default_limit_kwh.get())?);
        Ok(())
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let shares = [
            ("trust.default_score", self.default_score),
            ("trust.success_bonus", self.success_bonus),
            ("trust.failure_penalty", self.failure_penalty),
            ("trust.cancel_penalty", self.cancel_penalty),
            ("trust.meter_bonus", self.meter_bonus),
        ];
        for (place, value) in shares {
            if !(0..=1_000_000).contains(&value) {
                return Err(ConfigError::invalid(place, "0 to 1, as text: \"0.05\""));
            }
        }
        if !(0..=1_000_000_000).contains(&self.default_limit_kwh.get()) {
            return Err(ConfigError::invalid("trust.default_limit_kwh", "0 to 1000000 kWh"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_the_environment_goes_over_the_file() {
        let mut config: TrustConfig =
            toml::from_str("default_score = '0.25'\ndefault_limit_kwh = '12.5'\nmeter_bonus = '0.000001'")
                .unwrap();
        assert_eq!((config.default_score, config.default_limit_kwh.get()), (250_000, 12_500));
        assert_eq!((config.meter_bonus, config.success_bonus), (1, 50_000));
        let set = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        config.overlay(&set("TRUST_FAILURE_PENALTY", "0.2")).unwrap();
        config.overlay(&set("TRUST_DEFAULT_LIMIT", "20")).unwrap();
        assert_eq!((config.failure_penalty, config.default_limit_kwh.get()), (200_000, 20_000));
        assert!(config.validate().is_ok());
        assert!(config.overlay(&set("TRUST_CANCEL_PENALTY", "0.0000001")).is_err());
        assert!(toml::from_str::<TrustConfig>("success_bonus = 0.05").is_err());
        config.success_bonus = 1_000_001;
        assert!(config.validate().unwrap_err().to_string().contains("trust.success_bonus"));
    }
}
