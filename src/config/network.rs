//! `[network]`: who we are in the network, whom we ask for keys and catalogs, which DISCOMs we know.
//!
//! | key | variable | meaning |
//! |---|---|---|
//! | `subscriber_id` | `WATTMANDI_SUBSCRIBER_ID` | our id in the registry |
//! | `base_url` | `WATTMANDI_BASE_URL` | the base of our addresses, as the registry has it |
//! | `network_id` | `WATTMANDI_NETWORK_ID` | the network that we trade on |
//! | `registry_url` | `WATTMANDI_REGISTRY_URL` | base of the DeDi lookups |
//! | `policy.url` | | DeDi record of the contract policy that our offers name |
//! | `policy_prefixes` | | below these addresses a policy's record may be |
//! | `policy_cache_secs` | | how long a policy is used before its record is read again |
//! | `policy_time_ms` | | how long a policy may take over one rule |

use std::collections::BTreeMap;

use node::address::is_public_https;
use serde::Deserialize;

use super::ConfigError;

/// A DISCOM and its ledger provider, as our operator configured them; what a message says of them is only compared.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discom {
    /// Code in the network, `TPDDL`; the participant id of its role.
    pub code: String,
    /// Subscriber id of the DISCOM.
    pub discom_id: String,
    pub discom_uri: String,
    /// Subscriber id of its ledger.
    pub ledger_id: String,
    pub ledger_uri: String,
}

/// The contract policy that our offers name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub url: String,
    pub query_path: String,
}

/// The network as this participant sees it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    pub subscriber_id: String,
    pub base_url: String,
    #[serde(default = "default_network")]
    pub network_id: String,
    pub registry_url: String,
    /// `{base}`, `{subscriber_id}` and `{key_id}` are filled in.
    #[serde(default = "default_key_template")]
    pub registry_key_template: String,
    /// The same without a key: the live record, to address a peer.
    #[serde(default = "default_subscriber_template")]
    pub registry_subscriber_template: String,
    pub catalog_service_id: String,
    #[serde(default = "default_policy")]
    pub policy: Policy,
    /// Records of policies are resolved below these addresses only.
    #[serde(default = "default_policy_prefixes")]
    pub policy_prefixes: Vec<String>,
    /// So long a resolved policy is used, a day at least.
    #[serde(default = "default_policy_cache")]
    pub policy_cache_secs: i64,
    /// So long a policy may take over one rule; beyond it there is no verdict, and without one no agreement.
    #[serde(default = "default_policy_time")]
    pub policy_time_ms: u64,
    #[serde(default)]
    pub discoms: Vec<Discom>,
    /// `plain`, `chained` or `onix-full-header`, for peers of whom nothing else is known.
    #[serde(default = "default_callback_signing")]
    pub callback_signing: String,
    /// Peers whose callbacks may chain the whole header (ruling 7), and how callbacks to them are signed.
    #[serde(default)]
    pub peer_signing: BTreeMap<String, String>,
    /// How far a peer's clock may be ahead, seconds.
    #[serde(default = "default_skew")]
    pub skew_secs: i64,
    /// Accept what the peers of the IES networks are known to get wrong (ruling 8).
    #[serde(default = "default_tolerant")]
    pub tolerant: bool,
    /// `host:port` of peers that may be reached by http or at a private address; only with `insecure_demo`.
    #[serde(default)]
    pub allowed_hosts: Vec<String>,
}

fn default_network() -> String {
    energy_rules::NETWORK_TEST.to_owned()
}

fn default_key_template() -> String {
    "{base}/lookup/{subscriber_id}/subscribers.beckn.one/{key_id}".to_owned()
}

fn default_subscriber_template() -> String {
    "{base}/lookup/{subscriber_id}/subscribers.beckn.one".to_owned()
}

fn default_policy() -> Policy {
    Policy {
        url: "https://api.dedi.global/dedi/lookup/indiaenergystack.in/ies-rulesets/p2p-trading-ies-contractpolicy-common"
            .to_owned(),
        query_path: "data.deg.contracts.p2p_trading".to_owned(),
    }
}

fn default_policy_prefixes() -> Vec<String> {
    vec!["https://api.dedi.global/dedi/lookup/indiaenergystack.in".to_owned()]
}

fn default_policy_cache() -> i64 {
    172_800
}

fn default_policy_time() -> u64 {
    500
}

fn default_callback_signing() -> String {
    "plain".to_owned()
}

fn default_skew() -> i64 {
    60
}

fn default_tolerant() -> bool {
    true
}

const NOT_CALLABLE: &str =
    "a public https URL is expected (http, loopback and private addresses need --insecure-demo)";

/// Whether we may be told to call this, or to be called there.
fn callable(url: &str, insecure_demo: bool) -> bool {
    let web = url.starts_with("https://") || url.starts_with("http://");
    is_public_https(url) || (insecure_demo && web)
}

/// Whether a template of lookups is callable, whatever ids are filled in: they stand behind the host.
fn leads_to_one_host(template: &str, insecure_demo: bool) -> bool {
    let path = template.split('?').next().unwrap_or_default();
    let host =
        path.split_once("://").and_then(|(_, rest)| rest.split(['/', '#', '\\']).next()).unwrap_or_default();
    let filled = path.replace("{subscriber_id}", "s").replace("{key_id}", "k");
    !host.contains(['{', '}']) && callable(&filled, insecure_demo)
}

impl NetworkConfig {
    /// The defaults, for a participant of the test network.
    pub fn new(subscriber_id: &str, base_url: &str, registry_url: &str, catalog_service_id: &str) -> Self {
        Self {
            subscriber_id: subscriber_id.to_owned(),
            base_url: base_url.to_owned(),
            network_id: default_network(),
            registry_url: registry_url.to_owned(),
            registry_key_template: default_key_template(),
            registry_subscriber_template: default_subscriber_template(),
            catalog_service_id: catalog_service_id.to_owned(),
            policy: default_policy(),
            policy_prefixes: default_policy_prefixes(),
            policy_cache_secs: default_policy_cache(),
            policy_time_ms: default_policy_time(),
            discoms: Vec::new(),
            callback_signing: default_callback_signing(),
            peer_signing: BTreeMap::new(),
            skew_secs: default_skew(),
            tolerant: default_tolerant(),
            allowed_hosts: Vec::new(),
        }
    }

    pub(super) fn overlay(&mut self, environment: &BTreeMap<String, String>) {
        let lay = |name: &str, target: &mut String| {
            if let Some(value) = environment.get(name) {
                target.clone_from(value);
            }
        };
        lay("WATTMANDI_SUBSCRIBER_ID", &mut self.subscriber_id);
        lay("WATTMANDI_BASE_URL", &mut self.base_url);
        lay("WATTMANDI_NETWORK_ID", &mut self.network_id);
        lay("WATTMANDI_REGISTRY_URL", &mut self.registry_url);
    }

    pub(super) fn validate(&self, insecure_demo: bool) -> Result<(), ConfigError> {
        if self.subscriber_id.is_empty() || self.subscriber_id.contains(['|', ' ', '/', '"']) {
            return Err(ConfigError::invalid("network.subscriber_id", "a host-like name is expected"));
        }
        let own = [("base_url", &self.base_url), ("registry_url", &self.registry_url)];
        let own = own.map(|(key, url)| (format!("network.{key}"), url));
        let prefixes = self.policy_prefixes.iter().map(|url| ("network.policy_prefixes".to_owned(), url));
        let discoms = self.discoms.iter().enumerate().flat_map(|(index, discom)| {
            let uris = [("discom_uri", &discom.discom_uri), ("ledger_uri", &discom.ledger_uri)];
            uris.map(|(key, url)| (format!("network.discoms[{index}].{key}"), url))
        });
        for (place, url) in own.into_iter().chain(prefixes).chain(discoms) {
            if !callable(url, insecure_demo) {
                return Err(ConfigError::invalid(&place, NOT_CALLABLE));
            }
        }
        let templates = [
            ("network.registry_key_template", &self.registry_key_template),
            ("network.registry_subscriber_template", &self.registry_subscriber_template),
        ];
        for (place, template) in templates {
            if !leads_to_one_host(&template.replace("{base}", &self.registry_url), insecure_demo) {
                return Err(ConfigError::invalid(place, NOT_CALLABLE));
            }
        }
        if !self.allowed_hosts.is_empty() && !insecure_demo {
            return Err(ConfigError::invalid("network.allowed_hosts", "private peers need --insecure-demo"));
        }
        if !(86_400..=2_592_000).contains(&self.policy_cache_secs) {
            return Err(ConfigError::invalid("network.policy_cache_secs", "1 to 30 days, in seconds"));
        }
        if !(10..=30_000).contains(&self.policy_time_ms) {
            return Err(ConfigError::invalid("network.policy_time_ms", "10 to 30,000 milliseconds"));
        }
        if !(0..=300).contains(&self.skew_secs) {
            return Err(ConfigError::invalid("network.skew_secs", "0 to 300 seconds"));
        }
        let modes = std::iter::once(&self.callback_signing).chain(self.peer_signing.values());
        for mode in modes {
            if !["plain", "chained", "onix-full-header"].contains(&mode.as_str()) {
                return Err(ConfigError::invalid(
                    "network.callback_signing",
                    "plain, chained or onix-full-header is expected",
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Set = fn(&mut NetworkConfig, String);

    fn config() -> NetworkConfig {
        let mut config = NetworkConfig::new(
            "us.example",
            "https://us.example",
            "https://registry.example/dedi",
            "cds.example",
        );
        config.discoms.push(Discom {
            code: "D".to_owned(),
            discom_id: "d.example".to_owned(),
            discom_uri: "https://d.example".to_owned(),
            ledger_id: "l.example".to_owned(),
            ledger_uri: "https://l.example".to_owned(),
        });
        config
    }

    #[test]
    fn addresses_that_are_not_public_need_the_demo() {
        assert!(config().validate(false).is_ok());
        for url in [
            "http://x.example",
            "https://127.0.0.1:4000",
            "https://localhost",
            "https://[::1]/x",
            "https://10.0.0.7",
            "https://192.168.1.2/dedi",
            "https://169.254.169.254",
            "https://registry.local",
        ] {
            let places: [(&str, Set); 6] = [
                ("network.base_url", |c, url| c.base_url = url),
                ("network.registry_url", |c, url| c.registry_url = url),
                ("network.discoms[0].discom_uri", |c, url| c.discoms[0].discom_uri = url),
                ("network.discoms[0].ledger_uri", |c, url| c.discoms[0].ledger_uri = url),
                ("network.registry_key_template", |c, url| {
                    c.registry_key_template = format!("{url}/{{subscriber_id}}/{{key_id}}");
                }),
                ("network.registry_subscriber_template", |c, url| {
                    c.registry_subscriber_template = format!("{url}/lookup?subscriberId={{subscriber_id}}");
                }),
            ];
            for (place, set) in places {
                let mut config = config();
                set(&mut config, url.to_owned());
                let refused = config.validate(false).unwrap_err().to_string();
                assert!(refused.starts_with(place) && refused.contains("--insecure-demo"), "{refused}");
                assert!(config.validate(true).is_ok(), "{place} {url}");
            }
        }
    }

    #[test]
    fn no_stranger_chooses_the_host_that_is_asked_for_keys() {
        for template in [
            "https://{subscriber_id}/keys/{key_id}",
            "https://{subscriber_id}.registry.example/{key_id}",
            "lookup",
        ] {
            let mut config = config();
            config.registry_key_template = template.to_owned();
            assert!(config.validate(false).is_err() && config.validate(true).is_err(), "{template}");
        }
        let mut config = config();
        config.registry_key_template = "{base}/lookup?subscriberId={subscriber_id}&keyId={key_id}".to_owned();
        assert!(config.validate(false).is_ok());
    }
}
