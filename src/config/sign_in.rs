//! `[sign_in]`: where people may sign in besides here.
//!
//! | key | variable | meaning |
//! |---|---|---|
//! | `issuers` | `GOOGLE_CLIENT_ID`, `GOOGLE_CLIENT_SECRET` | OpenID Connect issuers; the variables make `google` |
//! | `return_path` | `SIGN_IN_RETURN_PATH` | where the browser goes when it is done, on this server |
//!
//! An issuer must be told our callback: `BASE_URL/auth/oidc/NAME/callback`.

use std::collections::{BTreeMap, BTreeSet};

use oidc::Issuer;
use serde::Deserialize;

use super::{ConfigError, Secret};

/// Signing in elsewhere.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInConfig {
    #[serde(default)]
    pub issuers: Vec<SignInIssuer>,
    #[serde(default = "default_return_path")]
    pub return_path: String,
}

/// One OpenID Connect issuer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInIssuer {
    /// In our addresses: lower-case letters, digits, dashes.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub title: Option<String>,
    /// As its discovery document says it.
    pub url: String,
    pub client_id: String,
    #[serde(default)]
    pub client_secret: Option<Secret>,
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
}

fn default_return_path() -> String {
    "/".to_owned()
}

fn default_scopes() -> Vec<String> {
    vec!["email".to_owned(), "profile".to_owned()]
}

impl Default for SignInConfig {
    fn default() -> Self {
        Self { issuers: Vec::new(), return_path: default_return_path() }
    }
}

impl SignInIssuer {
    /// As the sign-in wants it.
    pub fn issuer(&self) -> Issuer {
        Issuer {
            name: self.name.clone(),
            url: self.url.clone(),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.as_ref().map(|secret| secret.expose().to_owned()),
            scopes: self.scopes.clone(),
        }
    }
}

impl SignInConfig {
    pub(super) fn overlay(&mut self, environment: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        let get = |name: &str| environment.get(name).filter(|text| !text.is_empty());
        if let Some(path) = get("SIGN_IN_RETURN_PATH") {
            self.return_path.clone_from(path);
        }
        match (get("GOOGLE_CLIENT_ID"), get("GOOGLE_CLIENT_SECRET")) {
            (None, None) => Ok(()),
            (Some(id), Some(secret)) => {
                let google = Issuer::google(id, secret);
                self.issuers.retain(|issuer| issuer.name != google.name);
                self.issuers.push(SignInIssuer {
                    name: google.name,
                    title: Some("Google".to_owned()),
                    url: google.url,
                    client_id: google.client_id,
                    client_secret: google.client_secret.map(Secret::new),
                    scopes: google.scopes,
                });
                Ok(())
            }
            _ => Err(ConfigError::invalid("GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET belongs to it")),
        }
    }

    pub(super) fn validate(&self, insecure_demo: bool) -> Result<(), ConfigError> {
        // A browser takes a backslash for a slash, and two of them for another server.
        let path = &self.return_path;
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '\\' | '#');
        if !path.starts_with('/') || path.starts_with("//") || !path.chars().all(plain) {
            return Err(ConfigError::invalid("sign_in.return_path", "a path on this server, as /welcome"));
        }
        let mut names = BTreeSet::new();
        for (index, issuer) in self.issuers.iter().enumerate() {
            let place = format!("sign_in.issuers[{index}]");
            let checked = issuer.issuer().validate();
            checked.map_err(|error| ConfigError::invalid(&place, error.to_string()))?;
            if !issuer.url.starts_with("https://") && !insecure_demo {
                return Err(ConfigError::invalid(&place, "an issuer is reached by https"));
            }
            if !names.insert(&issuer.name) {
                return Err(ConfigError::invalid(&place, "the name is another issuer's"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn google_comes_from_the_environment_alone() {
        let pairs = [("GOOGLE_CLIENT_ID", "id"), ("GOOGLE_CLIENT_SECRET", "hunter2")];
        let environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut config = SignInConfig::default();
        config.overlay(&BTreeMap::from(environment.clone())).unwrap();
        config.validate(false).unwrap();
        assert_eq!(config.issuers[0].issuer().client_secret.as_deref(), Some("hunter2"));
        assert!(!format!("{config:?}").contains("hunter2"));
        // A second time it takes the place of the first.
        config.overlay(&BTreeMap::from(environment)).unwrap();
        assert_eq!(config.issuers.len(), 1);
        let half = BTreeMap::from([("GOOGLE_CLIENT_ID".to_owned(), "id".to_owned())]);
        assert!(SignInConfig::default().overlay(&half).is_err());
    }

    #[test]
    fn faults_name_their_place() {
        let fault = |text: &str| {
            let config: SignInConfig = toml::from_str(text).unwrap();
            config.validate(false).unwrap_err().to_string()
        };
        for path in ["https://evil.example", "//evil.example", "/\\evil.example", "/a b", "", "/#x"] {
            assert!(fault(&format!("return_path = '{path}'")).starts_with("sign_in.return_path"), "{path}");
        }
        let issuer =
            |name: &str, url: &str| format!("[[issuers]]\nname = '{name}'\nurl = '{url}'\nclient_id = 'c'\n");
        assert!(fault(&issuer("a", "http://a.example")).starts_with("sign_in.issuers[0]"));
        assert!(fault(&issuer("A/B", "https://a.example")).starts_with("sign_in.issuers[0]"));
        let twice = issuer("a", "https://a.example").repeat(2);
        assert!(fault(&twice).starts_with("sign_in.issuers[1]"));
    }
}
