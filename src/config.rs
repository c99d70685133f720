//! Configuration: a TOML file, then the environment over it, then validation that names the place of the fault.
//!
//! One file per section; unknown keys are errors, a secret never shows in `Debug`. Every variable is in `.env.example`.

mod bills;
mod choice;
mod credentials;
mod network;
mod notify;
mod server;
mod settlement;
mod sign_in;
mod trade;
mod trust;
mod users;
mod web;
mod webhooks;

use std::collections::BTreeMap;
use std::path::Path;

pub use bills::{BillsConfig, ModelConfig};
pub use choice::{ChoiceConfig, MILLION};
pub use credentials::{ContextConfig, CredentialsConfig, IssuerConfig};
pub use network::{Discom, NetworkConfig, Policy};
pub use notify::{NotifyConfig, SmsConfig, SmtpConfig, SmtpSecurity};
use serde::Deserialize;
pub use server::{Secret, ServerConfig, beside_database};
pub use settlement::{RATE_KINDS, RateConfig, SettlementConfig};
pub use sign_in::{SignInConfig, SignInIssuer};
pub use trade::TradeConfig;
pub use trust::TrustConfig;
use units::WattHours;
pub use users::ROLES;
pub use web::{LimitsConfig, ProxyHeader, Subnet, WebConfig};
pub use webhooks::WebhooksConfig;

/// Everything that an operator decides about one participant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: ServerConfig,
    pub network: NetworkConfig,
    #[serde(default)]
    pub trade: TradeConfig,
    #[serde(default)]
    pub trust: TrustConfig,
    #[serde(default)]
    pub settlement: SettlementConfig,
    #[serde(default)]
    pub choice: ChoiceConfig,
    #[serde(default)]
    pub notify: NotifyConfig,
    #[serde(default)]
    pub sign_in: SignInConfig,
    #[serde(default)]
    pub web: WebConfig,
    #[serde(default)]
    pub credentials: CredentialsConfig,
    #[serde(default)]
    pub bills: BillsConfig,
    #[serde(default)]
    pub webhooks: WebhooksConfig,
    /// People and meters that exist from the start; accounts come later.
    #[serde(default)]
    pub users: Vec<UserConfig>,
}

/// A seeded user.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserConfig {
    pub handle: String,
    pub name: String,
    /// An API token that may do all that a token can.
    #[serde(default)]
    pub token: Option<Secret>,
    /// With the password a way to sign in.
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub password: Option<Secret>,
    /// Without one the user keeps the present role, at first that of a prosumer.
    #[serde(default)]
    pub role: Option<String>,
    /// With the role `utility`: the DISCOM whose desk it is.
    #[serde(default)]
    pub discom: Option<String>,
    #[serde(default)]
    pub payout_name: Option<String>,
    /// Where buyers pay; without one the user says it before anything is offered.
    #[serde(default)]
    pub payout_vpa: Option<String>,
    /// What the roof gives in a month; unknown, little may be listed.
    #[serde(default)]
    pub monthly_production_kwh: Option<WattHours>,
    /// The operator has checked that; otherwise it counts only as far as the panels go.
    #[serde(default)]
    pub production_verified: bool,
    /// What the household draws in a month; unknown, little may be bought.
    #[serde(default)]
    pub monthly_consumption_kwh: Option<WattHours>,
    /// How far the account may be in debit; without it that of `[settlement]`.
    #[serde(default)]
    pub credit_limit_inr: Option<units::Paise>,
    #[serde(default)]
    pub meters: Vec<MeterConfig>,
}

/// A seeded meter, verified by the operator.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeterConfig {
    pub id: String,
    pub discom: String,
    pub customer_number: String,
    #[serde(default)]
    pub resource_type: Option<String>,
    #[serde(default)]
    pub installed_capacity_w: Option<i64>,
    #[serde(default)]
    pub sanctioned_load_w: Option<i64>,
    /// Latitude and longitude in degrees, `"28.61, 77.21"`: two decimals at most, which is about a kilometer.
    #[serde(default)]
    pub place: Option<String>,
}

impl MeterConfig {
    /// Hundredths of a degree out of `"28.61, 77.21"`; none when it is no place, or finer than is told to anybody.
    pub fn read_place(text: &str) -> Option<(i64, i64)> {
        let hundredths = |text: &str| units::parse_scaled(text.trim(), 2).ok();
        let (latitude, longitude) = text.split_once(',')?;
        let place = (hundredths(latitude)?, hundredths(longitude)?);
        Some(place).filter(|(lat, lon)| lat.unsigned_abs() <= 9_000 && lon.unsigned_abs() <= 18_000)
    }

    /// The place in hundredths of a degree.
    ///
    /// # Errors
    /// It is none on the globe, or finer than is told to anybody.
    pub fn coarse_place(&self) -> Result<Option<(i64, i64)>, ConfigError> {
        let Some(text) = &self.place else { return Ok(None) };
        match Self::read_place(text) {
            Some(place) => Ok(Some(place)),
            None => {
                Err(ConfigError::invalid("meters.place", "two numbers of degrees with two decimals at most"))
            }
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path}: {reason}")]
    Unreadable { path: String, reason: String },
    /// Where, as `section.key` or the variable's name.
    #[error("{place}: {reason}")]
    Invalid { place: String, reason: String },
}

impl ConfigError {
    pub(crate) fn invalid(place: &str, reason: impl Into<String>) -> Self {
        Self::Invalid { place: place.to_owned(), reason: reason.into() }
    }
}

/// What is wrong with the file, and in which line. The line itself may hold a secret.
fn fault(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    match before {
        Some(before) => {
            let line = before.matches('\n').count().saturating_add(1);
            format!("line {line}: {}", error.message())
        }
        None => error.message().to_owned(),
    }
}

impl Config {
    /// Reads a file, lays the environment over it, and validates.
    ///
    /// # Errors
    /// The file cannot be read, a key is unknown, a value cannot be used.
    pub fn load(path: &Path, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let unreadable =
            |reason: String| ConfigError::Unreadable { path: path.display().to_string(), reason };
        let text = std::fs::read_to_string(path).map_err(|e| unreadable(e.to_string()))?;
        let mut config: Config = toml::from_str(&text).map_err(|e| unreadable(fault(&text, &e)))?;
        config.server.overlay(environment)?;
        config.network.overlay(environment);
        config.trade.overlay(environment)?;
        config.trust.overlay(environment)?;
        config.notify.overlay(environment)?;
        config.sign_in.overlay(environment)?;
        config.web.overlay(environment)?;
        config.bills.overlay(environment)?;
        config.webhooks.overlay(environment);
        config.validate()?;
        Ok(config)
    }

    /// Checks what no type can.
    ///
    /// # Errors
    /// The first fault, with its place.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.server.validate()?;
        self.network.validate(self.server.insecure_demo)?;
        self.trade.validate()?;
        self.trust.validate()?;
        self.settlement.validate()?;
        self.choice.validate()?;
        self.notify.validate(self.server.insecure_demo)?;
        self.sign_in.validate(self.server.insecure_demo)?;
        self.web.validate()?;
        self.bills.validate(self.server.insecure_demo)?;
        let discoms: Vec<&str> = self.network.discoms.iter().map(|discom| discom.code.as_str()).collect();
        self.credentials.validate(&discoms)?;
        for (index, user) in self.users.iter().enumerate() {
            let place = |key: &str| format!("users[{index}].{key}");
            user.validate_login(index, self.server.insecure_demo)?;
            for (key, amount) in [
                ("monthly_production_kwh", user.monthly_production_kwh),
                ("monthly_consumption_kwh", user.monthly_consumption_kwh),
            ] {
                if amount.is_some_and(|amount| amount < WattHours::ZERO) {
                    return Err(ConfigError::invalid(&place(key), "a positive number is expected"));
                }
            }
            if let Some(limit) = user.credit_limit_inr {
                settlement::check_limit(&place("credit_limit_inr"), limit)?;
            }
            for meter in &user.meters {
                meter.coarse_place()?;
                if !self.network.discoms.iter().any(|discom| discom.code == meter.discom) {
                    return Err(ConfigError::invalid(
                        &place("meters"),
                        "the meter's DISCOM is not configured",
                    ));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_on_the_globe_and_never_finer_than_a_kilometer() {
        let place = |text: &str| {
            let meter = MeterConfig {
                id: "m".into(),
                discom: "d".into(),
                customer_number: "c".into(),
                resource_type: None,
                installed_capacity_w: None,
                sanctioned_load_w: None,
                place: Some(text.into()),
            };
            meter.coarse_place().ok().flatten()
        };
        assert_eq!(place("28.61, 77.2"), Some((2_861, 7_720)));
        assert_eq!(place("-90,180"), Some((-9_000, 18_000)));
        for wrong in ["28.613, 77.2", "91, 0", "0, 181", "28.61", "here, there", ""] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }
}
