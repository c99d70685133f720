//! `[credentials]`: whose energy credentials are believed, for which DISCOM, and by which JSON-LD contexts.
//!
//! | key | meaning |
//! |---|---|
//! | `issuers[].id` | `did:web:…`, `did:key:…`, `did:rcw:…`, or the URL by which the issuer names itself |
//! | `issuers[].discom` | the code of the DISCOM that it speaks for |
//! | `issuers[].keys` | multibase keys, each alone or behind its fragment: `"key-0 z6Mk…"`; without any they are resolved |
//! | `contexts[].url`, `contexts[].file` | a context that is not held by this program |
//! | `status_cache_secs` | how long the registry's word on a revocation is believed |

use std::path::PathBuf;

use energy_credentials::{Contexts, Issuer, TrustList, VerificationKey};
use serde::Deserialize;

use super::ConfigError;

/// Largest context that is read, bytes.
const CONTEXT_MAX: u64 = 256 * 1024;

/// Whose credentials are believed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialsConfig {
    #[serde(default)]
    pub issuers: Vec<IssuerConfig>,
    #[serde(default)]
    pub contexts: Vec<ContextConfig>,
    #[serde(default = "default_status_cache")]
    pub status_cache_secs: i64,
}

/// One issuer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    pub id: String,
    pub discom: String,
    #[serde(default)]
    pub keys: Vec<String>,
}

/// One context of the operator's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextConfig {
    pub url: String,
    pub file: PathBuf,
}

fn default_status_cache() -> i64 {
    300
}

impl Default for CredentialsConfig {
    fn default() -> Self {
        Self { issuers: Vec::new(), contexts: Vec::new(), status_cache_secs: default_status_cache() }
    }
}

impl CredentialsConfig {
    pub(super) fn validate(&self, discoms: &[&str]) -> Result<(), ConfigError> {
        self.trust()?;
        if !(0..=300).contains(&self.status_cache_secs) {
            return Err(ConfigError::invalid("credentials.status_cache_secs", "0 to 300 seconds"));
        }
        for issuer in &self.issuers {
            if !discoms.contains(&issuer.discom.as_str()) {
                return Err(ConfigError::invalid(
                    "credentials.issuers",
                    "the issuer's DISCOM is not configured",
                ));
            }
        }
        Ok(())
    }

    /// The list of trusted issuers.
    ///
    /// # Errors
    /// A key that is none.
    pub fn trust(&self) -> Result<TrustList, ConfigError> {
        let mut issuers = Vec::new();
        for issuer in &self.issuers {
            let mut keys = Vec::new();
            for text in &issuer.keys {
                let (name, key) = text.trim().rsplit_once(' ').unwrap_or(("", text.trim()));
                let key = VerificationKey::from_multibase(key)
                    .map_err(|error| ConfigError::invalid("credentials.issuers.keys", error.to_string()))?;
                keys.push((name.trim().trim_start_matches('#').to_owned(), key));
            }
            issuers.push((issuer.id.clone(), Issuer { discom: issuer.discom.clone(), keys }));
        }
        Ok(TrustList::new(issuers))
    }

    /// The contexts of this program and of the operator.
    ///
    /// # Errors
    /// A file that cannot be read or is no JSON.
    pub fn contexts(&self) -> Result<Contexts, ConfigError> {
        let mut more = Vec::new();
        for context in &self.contexts {
            let unreadable =
                |reason: String| ConfigError::Unreadable { path: context.file.display().to_string(), reason };
            let size = std::fs::metadata(&context.file).map_err(|e| unreadable(e.to_string()))?.len();
            if size > CONTEXT_MAX {
                return Err(unreadable("the context is too large".to_owned()));
            }
            let text = std::fs::read_to_string(&context.file).map_err(|e| unreadable(e.to_string()))?;
            if !serde_json::from_str::<serde_json::Value>(&text)
                .is_ok_and(|json| json.get("@context").is_some())
            {
                return Err(unreadable("it holds no @context".to_owned()));
            }
            more.push((context.url.clone(), text));
        }
        Ok(Contexts::with(more))
    }
}
