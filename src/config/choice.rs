//! `[choice]`: how offers are ranked for a buyer, and what energy from the neighborhood is compared with.
//!
//! | key | meaning |
//! |---|---|
//! | `weight_price`, `weight_trust`, `weight_window` | millionths, together one million |
//! | `trust_floor` | providers below are refused, millionths |
//! | `trust_unknown`, `trust_shrink` | what an unknown provider counts as, and as how many settled contracts that weighs |
//! | `local_km` | within so many kilometers energy is local |
//! | `co2_grams_per_kwh`, `co2_source` | what a kWh of the grid emits, and who says so; the operator enters newer editions |
//! | `grid_tariff_inr` | by DISCOM, what a kWh of the grid costs, exact decimal text |

use std::collections::BTreeMap;

use serde::Deserialize;
use units::Price;

use super::ConfigError;

/// One whole, in the unit of weights and scores.
pub const MILLION: i64 = 1_000_000;

/// What a buyer's choice is made by.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChoiceConfig {
    pub weight_price: i64,
    pub weight_trust: i64,
    pub weight_window: i64,
    pub trust_floor: i64,
    pub trust_unknown: i64,
    pub trust_shrink: i64,
    pub local_km: i64,
    pub co2_grams_per_kwh: i64,
    pub co2_source: String,
    pub grid_tariff_inr: BTreeMap<String, Price>,
}

impl Default for ChoiceConfig {
    fn default() -> Self {
        Self {
            weight_price: 400_000,
            weight_trust: 350_000,
            weight_window: 250_000,
            trust_floor: 200_000,
            trust_unknown: 300_000,
            trust_shrink: 5,
            local_km: 25,
            co2_grams_per_kwh: 727,
            co2_source:
                "CEA CO2 Baseline Database for the Indian Power Sector, version 20.0 (December 2024), \
                         FY 2023-24, weighted average with renewables"
                    .to_owned(),
            grid_tariff_inr: BTreeMap::new(),
        }
    }
}

impl ChoiceConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let parts = [
            ("choice.weight_price", self.weight_price),
            ("choice.weight_trust", self.weight_trust),
            ("choice.weight_window", self.weight_window),
            ("choice.trust_floor", self.trust_floor),
            ("choice.trust_unknown", self.trust_unknown),
        ];
        for (place, value) in parts {
            if !(0..=MILLION).contains(&value) {
                return Err(ConfigError::invalid(place, "0 to 1000000 millionths"));
            }
        }
        if self.weight_price + self.weight_trust + self.weight_window != MILLION {
            return Err(ConfigError::invalid("choice.weight_price", "the three weights add up to 1000000"));
        }
        let whole = [
            ("choice.trust_shrink", self.trust_shrink, 1),
            ("choice.local_km", self.local_km, 0),
            ("choice.co2_grams_per_kwh", self.co2_grams_per_kwh, 0),
        ];
        for (place, value, least) in whole {
            if !(least..=10_000).contains(&value) {
                return Err(ConfigError::invalid(place, format!("{least} to 10000")));
            }
        }
        if self.grid_tariff_inr.values().any(|tariff| !(1..=10_000_000).contains(&tariff.get())) {
            return Err(ConfigError::invalid(
                "choice.grid_tariff_inr",
                "a positive price per kWh is expected",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_one_whole_and_tariffs_are_exact() {
        ChoiceConfig::default().validate().unwrap();
        let choice: ChoiceConfig = toml::from_str("grid_tariff_inr = { TPDDL = \"6.5\" }").unwrap();
        assert_eq!(choice.grid_tariff_inr.get("TPDDL"), Some(&Price::new(65_000)));
        for wrong in ["weight_price = 400001", "trust_shrink = 0", "trust_floor = -1", "local_km = 20000"] {
            let choice: ChoiceConfig = toml::from_str(wrong).unwrap();
            assert!(choice.validate().is_err(), "{wrong}");
        }
        assert!(toml::from_str::<ChoiceConfig>("grid_tariff_inr = { TPDDL = 6.5 }").is_err());
    }
}
