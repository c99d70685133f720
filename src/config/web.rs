//! `[web]`: who may call from a browser, through which proxies, over TLS or not, and how often.
//!
//! | key | variable | meaning |
//! |---|---|---|
//! | `cors_origins` | `WATTMANDI_CORS_ORIGINS` | exact origins, `https://app.example.com`; none by default, never `*` |
//! | `trusted_proxies` | `WATTMANDI_TRUSTED_PROXIES` | addresses or networks whose forwarding header is believed |
//! | `proxy_header` | `WATTMANDI_PROXY_HEADER` | `x-forwarded-for` or `forwarded`: the one that the proxies write |
//! | `tls_cert_file`, `tls_key_file` | `WATTMANDI_TLS_CERT_FILE`, `WATTMANDI_TLS_KEY_FILE` | PEM, both or none |
//! | `redis_url` | `REDIS_URL` | where instances share their limits; without it each counts for itself |
//! | `limits.*` | `WATTMANDI_LIMIT_SIGN_IN`, `…_TRADE`, `…_READ`, `…_ANONYMOUS` | requests a minute |

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::{ConfigError, Secret};

/// How the public port meets browsers, proxies and those who ask too often.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebConfig {
    pub cors_origins: Vec<String>,
    pub trusted_proxies: Vec<Subnet>,
    pub proxy_header: ProxyHeader,
    pub tls_cert_file: Option<PathBuf>,
    pub tls_key_file: Option<PathBuf>,
    pub redis_url: Option<Secret>,
    pub limits: LimitsConfig,
}

/// Which header the proxies in front of us write. Only one is believed: a proxy passes on what it does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// `X-Forwarded-For`, and `X-Forwarded-Proto` with it.
    #[default]
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

/// Requests a minute, by class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Attempts to sign in, of one address.
    pub sign_in: u32,
    /// Requests of one user that change something.
    pub trade: u32,
    /// Reads of one user.
    pub read: u32,
    /// Requests of one address without a valid token.
    pub anonymous: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { sign_in: 5, trade: 100, read: 1_000, anonymous: 600 }
    }
}

/// A network of addresses, `10.0.0.0/8`; without a length one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    address: IpAddr,
    prefix: u32,
}

impl Subnet {
    /// Reads `ADDRESS` or `ADDRESS/LENGTH`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address.parse::<IpAddr>().ok()?, Some(prefix.parse::<u32>().ok()?)),
            None => (text.trim().parse::<IpAddr>().ok()?, None),
        };
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        (prefix <= bits).then_some(Self { address, prefix })
    }

    /// Whether an address is in it; one of IPv4 in the form of IPv6 is taken as what it is.
    pub fn contains(&self, address: IpAddr) -> bool {
        let shifted = |left: u128, right: u128, bits: u32| {
            let shift = bits.saturating_sub(self.prefix);
            left.checked_shr(shift).unwrap_or(0) == right.checked_shr(shift).unwrap_or(0)
        };
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(own)) => shifted(net.to_bits().into(), own.to_bits().into(), 32),
            (IpAddr::V6(net), IpAddr::V6(own)) => shifted(net.to_bits(), own.to_bits(), 128),
            _ => false,
        }
    }
}

impl<'de> Deserialize<'de> for Subnet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("an address, or ADDRESS/LENGTH, is expected"))
    }
}

/// The parts of a list with commas.
fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

impl WebConfig {
    /// What the environment alone says.
    ///
    /// # Errors
    /// A value that cannot be used.
    pub fn of_environment(environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut web = Self::default();
        web.overlay(environment)?;
        web.validate()?;
        Ok(web)
    }

    pub(super) fn overlay(&mut self, environment: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        if let Some(text) = environment.get("WATTMANDI_CORS_ORIGINS") {
            self.cors_origins = listed(text).map(str::to_owned).collect();
        }
        if let Some(text) = environment.get("WATTMANDI_TRUSTED_PROXIES") {
            let read: Option<Vec<Subnet>> = listed(text).map(Subnet::parse).collect();
            self.trusted_proxies = read.ok_or_else(|| {
                ConfigError::invalid("WATTMANDI_TRUSTED_PROXIES", "addresses or ADDRESS/LENGTH, with commas")
            })?;
        }
        match environment.get("WATTMANDI_PROXY_HEADER").map(String::as_str) {
            None => {}
            Some("x-forwarded-for") => self.proxy_header = ProxyHeader::XForwardedFor,
            Some("forwarded") => self.proxy_header = ProxyHeader::Forwarded,
            Some(_) => {
                let choice = "x-forwarded-for or forwarded";
                return Err(ConfigError::invalid("WATTMANDI_PROXY_HEADER", choice));
            }
        }
        let path = |name: &str| environment.get(name).filter(|text| !text.is_empty()).map(PathBuf::from);
        self.tls_cert_file = path("WATTMANDI_TLS_CERT_FILE").or_else(|| self.tls_cert_file.take());
        self.tls_key_file = path("WATTMANDI_TLS_KEY_FILE").or_else(|| self.tls_key_file.take());
        if let Some(url) = environment.get("REDIS_URL") {
            self.redis_url = (!url.is_empty()).then(|| Secret::new(url));
        }
        for (name, limit) in [
            ("WATTMANDI_LIMIT_SIGN_IN", &mut self.limits.sign_in),
            ("WATTMANDI_LIMIT_TRADE", &mut self.limits.trade),
            ("WATTMANDI_LIMIT_READ", &mut self.limits.read),
            ("WATTMANDI_LIMIT_ANONYMOUS", &mut self.limits.anonymous),
        ] {
            if let Some(text) = environment.get(name) {
                *limit = text.parse().map_err(|_| ConfigError::invalid(name, "requests a minute"))?;
            }
        }
        Ok(())
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if let Some(origin) = self.cors_origins.iter().find(|origin| !is_origin(origin)) {
            let reason = format!("{origin}: an exact origin is expected, as https://app.example.com");
            return Err(ConfigError::invalid("web.cors_origins", reason));
        }
        if self.tls_cert_file.is_some() != self.tls_key_file.is_some() {
            return Err(ConfigError::invalid("web.tls_cert_file", "certificate and key are given together"));
        }
        let reachable = |url: &Secret| {
            ["redis://", "redis+unix://", "unix://"].iter().any(|scheme| url.expose().starts_with(scheme))
        };
        if !self.redis_url.as_ref().is_none_or(reachable) {
            return Err(ConfigError::invalid("web.redis_url", "redis://HOST:PORT is expected"));
        }
        let LimitsConfig { sign_in, trade, read, anonymous } = self.limits;
        for (key, limit) in [("sign_in", sign_in), ("trade", trade), ("read", read), ("anonymous", anonymous)]
        {
            if !(1..=1_000_000).contains(&limit) {
                let place = format!("web.limits.{key}");
                return Err(ConfigError::invalid(&place, "1 to 1000000 requests a minute"));
            }
        }
        Ok(())
    }
}

/// Scheme, host and perhaps a port, in lower case, as a browser writes it; no path and no wildcard.
fn is_origin(text: &str) -> bool {
    let Some(host) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
    let default_port = if text.starts_with("https:") { ":443" } else { ":80" };
    !host.is_empty() && host.bytes().all(fits) && !host.ends_with(':') && !host.ends_with(default_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses_and_no_other() {
        let holds = |net: &str, address: &str| Subnet::parse(net).unwrap().contains(address.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.255.1.2") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("127.0.0.1", "::ffff:127.0.0.1"));
        assert!(holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "2001:db8::1"));
        assert!(holds("0.0.0.0/0", "8.8.8.8") && !holds("0.0.0.0/0", "::1"));
        for wrong in ["", "10.0.0.0/33", "::1/129", "proxy.example", "10.0.0.0/x", "10.0.0.0/-1"] {
            assert_eq!(Subnet::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_origin_is_exact() {
        for right in ["https://app.example.com", "http://localhost:5173", "https://[2001:db8::1]:8443"] {
            assert!(is_origin(right), "{right}");
        }
        for wrong in [
            "*",
            "null",
            "https://*.example.com",
            "https://app.example.com/",
            "https://App.example.com",
            "app.example.com",
            "https://app.example.com:443",
            "https://",
            "ftp://app.example.com",
            "https://user@app.example.com",
        ] {
            assert!(!is_origin(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_environment_is_laid_over_the_file_and_faults_name_their_place() {
        let mut web: WebConfig =
            toml::from_str("cors_origins = ['https://a.example']\n[limits]\ntrade = 7").unwrap();
        let set = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let environment = set(&[
            ("WATTMANDI_CORS_ORIGINS", "https://b.example, https://c.example"),
            ("WATTMANDI_TRUSTED_PROXIES", "10.0.0.0/8,::1"),
            ("WATTMANDI_LIMIT_READ", "9"),
            ("REDIS_URL", "redis://:hunter2@127.0.0.1:6379"),
        ]);
        web.overlay(&environment).unwrap();
        web.validate().unwrap();
        assert_eq!(web.cors_origins, ["https://b.example", "https://c.example"]);
        assert_eq!((web.limits.trade, web.limits.read, web.trusted_proxies.len()), (7, 9, 2));
        assert!(!format!("{web:?}").contains("hunter2"));
        for (name, value) in [
            ("WATTMANDI_TRUSTED_PROXIES", "everybody"),
            ("WATTMANDI_PROXY_HEADER", "via"),
            ("WATTMANDI_LIMIT_TRADE", "many"),
        ] {
            let error = web.clone().overlay(&set(&[(name, value)])).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
        for (text, place) in [
            ("cors_origins = ['*']", "web.cors_origins"),
            ("tls_cert_file = 'cert.pem'", "web.tls_cert_file"),
            ("redis_url = 'http://127.0.0.1'", "web.redis_url"),
            ("[limits]\nanonymous = 0", "web.limits.anonymous"),
        ] {
            let web: WebConfig = toml::from_str(text).unwrap();
            assert!(web.validate().unwrap_err().to_string().starts_with(place), "{text}");
        }
        assert!(toml::from_str::<WebConfig>("trusted_proxies = ['10.0.0.0/40']").is_err());
    }
}
