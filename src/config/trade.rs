//! `[trade]`: the operator's own limits; the network's rules are in its dated rule set.
//!
//! | key | variable | meaning |
//! |---|---|---|
//! | `reservation_minutes` | `RESERVATION_MINUTES` | how long stock is held after `init`, market time |
//! | `cancel_window_minutes` | `CANCEL_WINDOW_MINUTES` | how long our own users may cancel after confirmation |
//! | `discom_check_interval_ms` | `DISCOM_CHECK_INTERVAL_MS` | how often the verification worker looks |
//! | `subscription_check_interval_ms` | | how often the subscription with the catalog service is looked at |
//! | `dispute_days` | `DISPUTE_DAYS` | how long messages of an erased account are kept, days of market time |
//! | `open_per_meter_max`, `open_per_peer_max` | | open reservations of one buyer's meter, of one peer platform |

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ConfigError;

/// Limits of this platform.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TradeConfig {
    pub reservation_minutes: i64,
    pub cancel_window_minutes: i64,
    pub discom_check_interval_ms: i64,
    pub subscription_check_interval_ms: i64,
    pub dispute_days: i64,
    pub open_per_meter_max: i64,
    pub open_per_peer_max: i64,
}

impl Default for TradeConfig {
    fn default() -> Self {
        Self {
            reservation_minutes: 10,
            cancel_window_minutes: 30,
            discom_check_interval_ms: 60_000,
            subscription_check_interval_ms: 60_000,
            dispute_days: 90,
            open_per_meter_max: 20,
            open_per_peer_max: 1_000,
        }
    }
}

impl TradeConfig {
    pub(super) fn overlay(&mut self, environment: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        let minutes = |name: &str, now: i64| -> Result<i64, ConfigError> {
            let parse = |text: &String| {
                text.parse().map_err(|_| ConfigError::invalid(name, "a whole number is expected"))
            };
            environment.get(name).map_or(Ok(now), parse)
        };
        self.reservation_minutes = minutes("RESERVATION_MINUTES", self.reservation_minutes)?;
        self.cancel_window_minutes = minutes("CANCEL_WINDOW_MINUTES", self.cancel_window_minutes)?;
        self.discom_check_interval_ms = minutes("DISCOM_CHECK_INTERVAL_MS", self.discom_check_interval_ms)?;
        self.dispute_days = minutes("DISPUTE_DAYS", self.dispute_days)?;
        Ok(())
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let positive = [
            ("trade.reservation_minutes", self.reservation_minutes),
            ("trade.open_per_meter_max", self.open_per_meter_max),
            ("trade.open_per_peer_max", self.open_per_peer_max),
        ];
        for (place, value) in positive {
            if !(1..=1_000_000).contains(&value) {
                return Err(ConfigError::invalid(place, "a positive number is expected"));
            }
        }
        if !(0..=10_000).contains(&self.cancel_window_minutes) {
            return Err(ConfigError::invalid("trade.cancel_window_minutes", "0 to 10000 minutes"));
        }
        if !(0..=3_650).contains(&self.dispute_days) {
            return Err(ConfigError::invalid("trade.dispute_days", "0 to 3650 days"));
        }
        for (place, interval) in [
            ("trade.discom_check_interval_ms", self.discom_check_interval_ms),
            ("trade.subscription_check_interval_ms", self.subscription_check_interval_ms),
        ] {
            if !(10..=3_600_000).contains(&interval) {
                return Err(ConfigError::invalid(place, "10 to 3600000 milliseconds"));
            }
        }
        Ok(())
    }
}
