//! `[webhooks]`: what outgoing webhooks are signed with, and which private addresses they may call.
//!
//! | key | variable | meaning |
//! |---|---|---|
//! | `secret_file` | `WATTMANDI_WEBHOOK_SECRET_FILE` | made by the first start; by default beside the signing keys |
//! | `allowed_hosts` | | `host:port` or `host:*`: receivers that are private or speak plain http |

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Outgoing webhooks.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksConfig {
    /// All secrets are derived from it: every instance of a platform needs the same, and a backup.
    pub secret_file: Option<PathBuf>,
    pub allowed_hosts: Vec<String>,
}

impl WebhooksConfig {
    pub(super) fn overlay(&mut self, environment: &BTreeMap<String, String>) {
        if let Some(path) = environment.get("WATTMANDI_WEBHOOK_SECRET_FILE") {
            self.secret_file = Some(PathBuf::from(path));
        }
    }

    /// Where the secret is: beside the signing keys, unless the operator says otherwise.
    pub fn secret_file(&self, key_file: &Path) -> PathBuf {
        self.secret_file.clone().unwrap_or_else(|| {
            let mut name = key_file.file_stem().unwrap_or_default().to_owned();
            name.push(".webhooks.secret");
            key_file.with_file_name(name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_beside_the_keys_unless_told_otherwise() {
        let mut config = WebhooksConfig::default();
        let keys = Path::new("/etc/wattmandi/key.json");
        assert_eq!(config.secret_file(keys), Path::new("/etc/wattmandi/key.webhooks.secret"));
        let variable = ("WATTMANDI_WEBHOOK_SECRET_FILE".to_owned(), "/run/secret".to_owned());
        config.overlay(&BTreeMap::from([variable]));
        assert_eq!(config.secret_file(keys), Path::new("/run/secret"));
    }
}
