//! `[bills]`: how bills are read besides by rules, and how many a user may hand in.
//!
//! | key | variable | meaning |
//! |---|---|---|
//! | `model.url` | `DEEPSEEK_BASE_URL` | any service with OpenAI's `/chat/completions` below this address |
//! | `model.key` | `DEEPSEEK_API_KEY` | its key |
//! | `model.name` | `DEEPSEEK_MODEL` | which of its models; `deepseek-chat` |
//! | `model.timeout_secs` | | so long its answer may take: 1 to 60, 20 |
//! | `per_day` | | files of one user within a day: 1 to 1000, 10 |
//!
//! Without `model` bills are read by rules alone. The bonus of a good one is `trust.meter_bonus`.

use std::collections::BTreeMap;

use node::AllowList;
use serde::Deserialize;

use super::{ConfigError, Secret};

/// The reading of bills.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BillsConfig {
    pub per_day: i64,
    pub model: Option<ModelConfig>,
}

/// A language model.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    pub url: String,
    pub key: Secret,
    #[serde(default = "default_name")]
    pub name: String,
    #[serde(default = "default_timeout")]
    pub timeout_secs: u64,
}

fn default_name() -> String {
    "deepseek-chat".to_owned()
}

fn default_timeout() -> u64 {
    20
}

impl Default for BillsConfig {
    fn default() -> Self {
        Self { per_day: 10, model: None }
    }
}

impl BillsConfig {
    pub(super) fn overlay(&mut self, environment: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        let get = |name: &str| environment.get(name).filter(|text| !text.is_empty());
        match (get("DEEPSEEK_BASE_URL"), get("DEEPSEEK_API_KEY"), &mut self.model) {
            (None, None, _) => {}
            (url, key, Some(model)) => {
                model.url = url.cloned().unwrap_or_else(|| model.url.clone());
                model.key = key.map_or_else(|| model.key.clone(), Secret::new);
            }
            (Some(url), Some(key), none) => {
                *none = Some(ModelConfig {
                    url: url.clone(),
                    key: Secret::new(key),
                    name: default_name(),
                    timeout_secs: default_timeout(),
                });
            }
            (Some(_), None, None) => {
                return Err(ConfigError::invalid("DEEPSEEK_API_KEY", "it belongs to DEEPSEEK_BASE_URL"));
            }
            (None, Some(_), None) => {
                return Err(ConfigError::invalid("DEEPSEEK_BASE_URL", "it belongs to DEEPSEEK_API_KEY"));
            }
        }
        if let (Some(model), Some(name)) = (&mut self.model, get("DEEPSEEK_MODEL")) {
            model.name.clone_from(name);
        }
        Ok(())
    }

    pub(super) fn validate(&self, insecure_demo: bool) -> Result<(), ConfigError> {
        if !(1..=1_000).contains(&self.per_day) {
            return Err(ConfigError::invalid("bills.per_day", "1 to 1000"));
        }
        let Some(model) = &self.model else { return Ok(()) };
        AllowList::chosen(&model.url, insecure_demo).map_err(|_| {
            ConfigError::invalid("bills.model.url", "an https address, or one of this machine")
        })?;
        let key = model.key.expose();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConfigError::invalid("bills.model.key", "printable characters without a space"));
        }
        if model.name.is_empty() || model.name.len() > 128 {
            return Err(ConfigError::invalid("bills.model.name", "1 to 128 characters"));
        }
        if !(1..=60).contains(&model.timeout_secs) {
            return Err(ConfigError::invalid("bills.model.timeout_secs", "1 to 60 seconds"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlaid(config: &str, pairs: &[(&str, &str)]) -> Result<BillsConfig, ConfigError> {
        let mut config: BillsConfig = toml::from_str(config).unwrap();
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        config.overlay(&pairs.collect())?;
        config.validate(false)?;
        Ok(config)
    }

    #[test]
    fn the_environment_alone_names_a_model_and_shows_no_key() {
        let both = [("DEEPSEEK_BASE_URL", "https://api.deepseek.com"), ("DEEPSEEK_API_KEY", "hunter2")];
        let config = overlaid("", &both).unwrap();
        let model = config.model.as_ref().unwrap();
        assert_eq!(
            (model.name.as_str(), model.key.expose(), config.per_day),
            ("deepseek-chat", "hunter2", 10)
        );
        assert!(!format!("{config:?}").contains("hunter2"));
        let file = "per_day = 3\n[model]\nurl = 'http://127.0.0.1:8000/v1'\nkey = 'k'\ntimeout_secs = 5";
        let config = overlaid(file, &[("DEEPSEEK_API_KEY", "hunter3"), ("DEEPSEEK_MODEL", "m")]).unwrap();
        let model = config.model.unwrap();
        assert_eq!(
            (model.url.as_str(), model.key.expose(), model.name.as_str()),
            ("http://127.0.0.1:8000/v1", "hunter3", "m")
        );
        assert!(overlaid("", &[("DEEPSEEK_MODEL", "m")]).unwrap().model.is_none());
    }

    #[test]
    fn faults_name_their_place() {
        let fault = |config: &str, pairs: &[(&str, &str)]| overlaid(config, pairs).unwrap_err().to_string();
        assert!(fault("", &[("DEEPSEEK_BASE_URL", "https://a.example")]).starts_with("DEEPSEEK_API_KEY"));
        assert!(fault("", &[("DEEPSEEK_API_KEY", "k")]).starts_with("DEEPSEEK_BASE_URL"));
        assert!(fault("per_day = 0", &[]).starts_with("bills.per_day"));
        for url in ["http://model.example", "model", "https://u:p@model.example"] {
            assert!(fault(&format!("[model]\nurl = '{url}'\nkey = 'k'"), &[]).starts_with("bills.model.url"));
        }
        let with = |more: &str| fault(&format!("[model]\nurl = 'https://a.example'\n{more}"), &[]);
        assert!(with("key = 'a b'").starts_with("bills.model.key"));
        assert!(with("key = 'k'\nname = ''").starts_with("bills.model.name"));
        assert!(with("key = 'k'\ntimeout_secs = 61").starts_with("bills.model.timeout_secs"));
    }
}
