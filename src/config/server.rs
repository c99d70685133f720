//! `[server]`: where it listens, where it stores, who it is.
//!
//! | key | variable | meaning |
//! |---|---|---|
//! | `listen` | `WATTMANDI_LISTEN` | public port: network, client API, web app |
//! | `ops_listen` | `WATTMANDI_OPS_LISTEN` | `/metrics` and `/admin`, loopback only |
//! | `database_url` | `DATABASE_URL` | `sqlite:PATH` or `postgres://…` |
//! | `key_file` | `WATTMANDI_KEY_FILE` | the signing keys |
//! | `storage_key_file` | `WATTMANDI_STORAGE_KEY_FILE` | seals messages at rest; made by the first start |
//! | `insecure_demo` | `WATTMANDI_INSECURE_DEMO` | http peers, loopback addresses, demo keys and tokens |

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::ConfigError;

/// A value that must not be shown.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The value itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The process.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    #[serde(default = "default_ops_listen")]
    pub ops_listen: SocketAddr,
    #[serde(default = "default_database")]
    pub database_url: Secret,
    /// JSON, as `wattmandi keys generate` writes it.
    pub key_file: PathBuf,
    /// Without it the stored messages cannot be read: every instance needs the same, and a backup apart from the
    /// database's.
    #[serde(default)]
    pub storage_key_file: Option<PathBuf>,
    #[serde(default)]
    pub insecure_demo: bool,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 4000))
}

fn default_ops_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 4900))
}

fn default_database() -> Secret {
    Secret::new("sqlite:wattmandi.db")
}

/// The storage key of an SQLite file, unless the operator says otherwise.
pub fn beside_database(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    Some(PathBuf::from(format!("{}.key", path.strip_prefix("//").unwrap_or(path))))
}

impl ServerConfig {
    pub(super) fn overlay(&mut self, environment: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        let address = |name: &str| -> Result<Option<SocketAddr>, ConfigError> {
            let parse = |text: &String| {
                text.parse().map_err(|_| ConfigError::invalid(name, "an address and a port, as 0.0.0.0:4000"))
            };
            environment.get(name).map(parse).transpose()
        };
        self.listen = address("WATTMANDI_LISTEN")?.unwrap_or(self.listen);
        self.ops_listen = address("WATTMANDI_OPS_LISTEN")?.unwrap_or(self.ops_listen);
        if let Some(url) = environment.get("DATABASE_URL") {
            self.database_url = Secret::new(url);
        }
        if let Some(path) = environment.get("WATTMANDI_KEY_FILE") {
            self.key_file = PathBuf::from(path);
        }
        if let Some(path) = environment.get("WATTMANDI_STORAGE_KEY_FILE") {
            self.storage_key_file = Some(PathBuf::from(path));
        }
        match environment.get("WATTMANDI_INSECURE_DEMO").map(String::as_str) {
            None => {}
            Some("1" | "true") => self.insecure_demo = true,
            Some("0" | "false" | "") => self.insecure_demo = false,
            Some(_) => return Err(ConfigError::invalid("WATTMANDI_INSECURE_DEMO", "true or false")),
        }
        Ok(())
    }

    /// Where the key is that messages at rest are sealed with; nowhere for a demo without files of its own.
    pub fn storage_key_file(&self) -> Option<PathBuf> {
        let given = self.storage_key_file.clone();
        given.or_else(|| beside_database(self.database_url.expose())).or_else(|| {
            let mut name = self.key_file.file_stem()?.to_owned();
            name.push(".storage.key");
            Some(self.key_file.with_file_name(name))
        })
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let url = self.database_url.expose();
        if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(ConfigError::invalid(
                "server.database_url",
                "sqlite:PATH or postgres://… is expected",
            ));
        }
        if !self.ops_listen.ip().is_loopback() {
            return Err(ConfigError::invalid(
                "server.ops_listen",
                "the operator's port is a loopback address",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show() {
        let config: ServerConfig =
            toml::from_str("key_file = 'k'\ndatabase_url = 'postgres://u:hunter2@db/x'").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(config.validate().is_ok());
    }

    #[test]
    fn a_database_without_a_known_scheme_is_refused() {
        let config: ServerConfig = toml::from_str("key_file = 'k'\ndatabase_url = 'wattmandi.db'").unwrap();
        assert!(config.validate().unwrap_err().to_string().contains("server.database_url"));
    }

    #[test]
    fn the_storage_key_is_beside_the_database_or_the_signing_keys() {
        let config = |text: &str| toml::from_str::<ServerConfig>(text).unwrap().storage_key_file();
        let at = |path: &str| Some(PathBuf::from(path));
        assert_eq!(
            config("key_file = '/etc/w/key.json'\ndatabase_url = 'sqlite:/var/w/a.db'"),
            at("/var/w/a.db.key")
        );
        assert_eq!(config("key_file = 'k'\ndatabase_url = 'sqlite://a.db'"), at("a.db.key"));
        let postgres = "database_url = 'postgres://db/x'\nkey_file = ";
        assert_eq!(config(&format!("{postgres}'/etc/w/key.json'")), at("/etc/w/key.storage.key"));
        assert_eq!(config(&format!("{postgres}''")), None);
        assert_eq!(config(&format!("{postgres}'k'\nstorage_key_file = '/run/s'")), at("/run/s"));
    }
}
