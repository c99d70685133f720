//! `[notify]`: how messages reach people. Without a way of their own they lie at the operator's port.
//!
//! | key | variable | meaning |
//! |---|---|---|
//! | `smtp.host`, `smtp.port` | `SMTP_HOST`, `SMTP_PORT` | the mail relay; 587, or 465 with `tls` |
//! | `smtp.security` | `SMTP_SECURITY` | `starttls` (the default), `tls`, or `none` for a relay on this machine |
//! | `smtp.username`, `smtp.password` | `SMTP_USERNAME`, `SMTP_PASSWORD` | how it knows us |
//! | `smtp.from` | `SMTP_FROM` | `Wattmandi <no-reply@solar.example.com>` |
//! | `sms.url` | `SMS_URL` | the SMS gateway; `{to}`, `{to_digits}`, `{text}`, `{code}` are filled in |
//! | `sms.json` or `sms.form` | `SMS_JSON`, `SMS_FORM` | its body, with the same places; none is a GET |
//! | `sms.headers` | `SMS_HEADER` | its key, as `Authorization: Bearer …` |

use std::collections::BTreeMap;
use std::net::IpAddr;

use courier::{Gateway, Relay, Security};
use serde::Deserialize;

use super::{ConfigError, Secret};

/// The ways to people.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifyConfig {
    #[serde(default)]
    pub smtp: Option<SmtpConfig>,
    #[serde(default)]
    pub sms: Option<SmsConfig>,
}

/// A mail relay.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmtpConfig {
    pub host: String,
    pub port: Option<u16>,
    pub security: SmtpSecurity,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub from: String,
}

/// How the conversation with the relay is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    #[default]
    StartTls,
    Tls,
    None,
}

/// An HTTP gateway for text messages. Any part of it may hold its key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmsConfig {
    pub url: Secret,
    #[serde(default)]
    pub json: Option<Secret>,
    #[serde(default)]
    pub form: Option<Secret>,
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
}

impl SmtpConfig {
    /// As the courier wants it.
    pub fn relay(&self) -> Relay {
        let (security, usual) = match self.security {
            SmtpSecurity::StartTls => (Security::StartTls, 587),
            SmtpSecurity::Tls => (Security::Tls, 465),
            SmtpSecurity::None => (Security::Plain, 25),
        };
        let password = self.password.as_ref().map_or("", Secret::expose);
        Relay {
            host: self.host.clone(),
            port: self.port.unwrap_or(usual),
            security,
            login: self.username.clone().map(|name| (name, password.to_owned())),
            from: self.from.clone(),
        }
    }
}

impl SmsConfig {
    /// As the courier wants it.
    pub fn gateway(&self) -> Gateway {
        let text = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        Gateway {
            url: self.url.expose().to_owned(),
            json: text(&self.json),
            form: text(&self.form),
            headers: self.headers.iter().map(|(n, v)| (n.clone(), v.expose().to_owned())).collect(),
        }
    }
}

impl NotifyConfig {
    pub(crate) fn overlay(&mut self, environment: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        let get = |name: &str| environment.get(name).filter(|text| !text.is_empty());
        if let Some(host) = get("SMTP_HOST") {
            self.smtp.get_or_insert_default().host.clone_from(host);
        }
        if let Some(smtp) = &mut self.smtp {
            if let Some(port) = get("SMTP_PORT") {
                let port = port.parse().map_err(|_| ConfigError::invalid("SMTP_PORT", "a port"))?;
                smtp.port = Some(port);
            }
            smtp.security = match get("SMTP_SECURITY").map(String::as_str) {
                None => smtp.security,
                Some("starttls") => SmtpSecurity::StartTls,
                Some("tls") => SmtpSecurity::Tls,
                Some("none") => SmtpSecurity::None,
                Some(_) => return Err(ConfigError::invalid("SMTP_SECURITY", "starttls, tls or none")),
            };
            smtp.username = get("SMTP_USERNAME").cloned().or(smtp.username.take());
            smtp.password = get("SMTP_PASSWORD").map(Secret::new).or(smtp.password.take());
            if let Some(from) = get("SMTP_FROM") {
                smtp.from.clone_from(from);
            }
        }
        if let Some(url) = get("SMS_URL") {
            let empty = SmsConfig { url: Secret::new(""), json: None, form: None, headers: BTreeMap::new() };
            self.sms.get_or_insert(empty).url = Secret::new(url);
        }
        if let Some(sms) = &mut self.sms {
            sms.json = get("SMS_JSON").map(Secret::new).or(sms.json.take());
            sms.form = get("SMS_FORM").map(Secret::new).or(sms.form.take());
            if let Some(header) = get("SMS_HEADER") {
                let (name, value) = header
                    .split_once(':')
                    .ok_or_else(|| ConfigError::invalid("SMS_HEADER", "a header, as Name: value"))?;
                sms.headers.insert(name.trim().to_owned(), Secret::new(value.trim()));
            }
        }
        Ok(())
    }

    pub(super) fn validate(&self, insecure_demo: bool) -> Result<(), ConfigError> {
        if let Some(smtp) = &self.smtp {
            smtp.relay().validate().map_err(|e| ConfigError::invalid("notify.smtp", e.to_string()))?;
            let here = smtp.host == "localhost"
                || smtp.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
            if smtp.security == SmtpSecurity::None && !here && !insecure_demo {
                let reason = "without TLS only a relay on this machine may be used";
                return Err(ConfigError::invalid("notify.smtp.security", reason));
            }
        }
        if let Some(sms) = &self.sms {
            let checked = sms.gateway().validate(insecure_demo);
            checked.map_err(|e| ConfigError::invalid("notify.sms", e.to_string()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_environment_alone_configures_both_ways_and_shows_no_secret() {
        let mut config = NotifyConfig::default();
        config
            .overlay(&environment(&[
                ("SMTP_HOST", "mail.example.com"),
                ("SMTP_USERNAME", "mailer"),
                ("SMTP_PASSWORD", "hunter2"),
                ("SMTP_FROM", "Wattmandi <no-reply@solar.example.com>"),
                ("SMS_URL", "https://sms.example/send?key=hunter3"),
                ("SMS_JSON", r#"{"to":"{to}","text":"{text}"}"#),
                ("SMS_HEADER", "Authorization: Bearer hunter4"),
            ]))
            .unwrap();
        config.validate(false).unwrap();
        let relay = config.smtp.as_ref().unwrap().relay();
        assert_eq!((relay.port, relay.security), (587, Security::StartTls));
        assert_eq!(relay.login, Some(("mailer".into(), "hunter2".into())));
        let gateway = config.sms.as_ref().unwrap().gateway();
        assert_eq!(gateway.headers, [("Authorization".to_owned(), "Bearer hunter4".to_owned())]);
        assert!(!format!("{config:?} {relay:?} {gateway:?}").contains("hunter"));
    }

    #[test]
    fn what_would_tell_codes_to_the_street_is_refused() {
        let refused = |text: &str| {
            let config: NotifyConfig = toml::from_str(text).unwrap();
            assert!(config.validate(true).is_ok(), "{text}");
            config.validate(false).unwrap_err().to_string()
        };
        let plain = "[smtp]\nhost = 'mail.example.com'\nsecurity = 'none'\nfrom = 'a@b.example'";
        assert!(refused(plain).contains("notify.smtp.security"));
        let http = "[sms]\nurl = 'http://sms.example/?to={to}&text={text}'";
        assert!(refused(http).contains("notify.sms"));
        let local: NotifyConfig = toml::from_str(&plain.replace("mail.example.com", "127.0.0.1")).unwrap();
        assert!(local.validate(false).is_ok());
        for text in
            ["[smtp]\nhost = 'h'", "[smtp]\nfrom = 'a@b.example'", "[sms]\nurl = 'https://h/?to={to}'"]
        {
            assert!(toml::from_str::<NotifyConfig>(text).unwrap().validate(true).is_err(), "{text}");
        }
    }
}
