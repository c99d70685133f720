//! SMS by any gateway with an HTTP interface: address, body and headers are templates of the operator.
//!
//! `{to}` is the number in international form, `{to_digits}` the same without the plus, `{text}` the message, `{code}`
//! the one-time code in it. In an address and in a form they are percent-encoded; in JSON they stand inside of strings,
//! which are written by a JSON writer: no message can break out of its place.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use node::client::ClientError;
use node::{AllowList, ClientConfig, GuardedClient, Method};
use serde_json::Value;

use crate::message::{Carrier, CarryError, Message, Sms};

/// What of an answer is read; nobody looks at it.
const ANSWER_MAX: usize = 4_096;
const WORDS: [&str; 4] = ["{to}", "{to_digits}", "{text}", "{code}"];

/// An HTTP gateway, as the operator describes it.
#[derive(Clone, Default)]
pub struct Gateway {
    /// `https://sms.example/send?to={to_digits}`; placeholders after the host only.
    pub url: String,
    /// A JSON body, as text; placeholders in its strings.
    pub json: Option<String>,
    /// A form, `to={to}&text={text}`, instead.
    pub form: Option<String>,
    /// Names and values; they hold the key of the gateway.
    pub headers: Vec<(String, String)>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gateway(…)")
    }
}

/// Why a gateway cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayFault {
    #[error("the address is not an http or https URL with a fixed host")]
    Url,
    #[error("plain http is for this machine only")]
    Unprotected,
    #[error("the body is not JSON")]
    Json,
    #[error("a body is JSON or a form, not both")]
    TwoBodies,
    #[error("a header cannot be sent")]
    Header,
    #[error("neither the address nor the body has a place for {{to}}")]
    NoRecipient,
    #[error("neither the address nor the body has a place for {{text}} or {{code}}")]
    NoText,
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl Gateway {
    /// Checks what can be seen without asking it.
    ///
    /// # Errors
    /// The first fault.
    pub fn validate(&self, unprotected: bool) -> Result<(), GatewayFault> {
        self.check(unprotected).map(drop)
    }

    /// The gateway's place, and the body's template.
    fn check(&self, unprotected: bool) -> Result<(AllowList, Body), GatewayFault> {
        let place = place_of(&self.url, unprotected)?;
        let body = match (&self.json, &self.form) {
            (Some(_), Some(_)) => return Err(GatewayFault::TwoBodies),
            (Some(json), None) => Body::Json(serde_json::from_str(json).map_err(|_| GatewayFault::Json)?),
            (None, Some(form)) => Body::Form(form.clone()),
            (None, None) => Body::None,
        };
        let sound = |(name, value): &(String, String)| {
            let token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            !name.is_empty() && name.bytes().all(token) && value.bytes().all(|b| (0x20..0x7f).contains(&b))
        };
        if !self.headers.iter().all(sound) {
            return Err(GatewayFault::Header);
        }
        let templates = [Some(self.url.as_str()), self.json.as_deref(), self.form.as_deref()];
        let has = |word: &str| templates.iter().flatten().any(|template| template.contains(word));
        if !has("{to}") && !has("{to_digits}") {
            return Err(GatewayFault::NoRecipient);
        }
        if !has("{text}") && !has("{code}") {
            return Err(GatewayFault::NoText);
        }
        Ok((place, body))
    }
}

enum Body {
    None,
    Json(Value),
    Form(String),
}

/// Hands text messages to a gateway: `POST` where there is a body, else `GET`.
pub struct SmsCarrier {
    url: String,
    body: Body,
    headers: Vec<(String, String)>,
    client: GuardedClient,
}

impl SmsCarrier {
    /// The gateway's host, and no other, may be a private one: the operator chose it. `unprotected` allows plain http
    /// to other machines, in a demo.
    ///
    /// # Errors
    /// See [`GatewayFault`].
    pub fn new(gateway: &Gateway, timeout: Duration, unprotected: bool) -> Result<Self, GatewayFault> {
        let (allow, body) = gateway.check(unprotected)?;
        let config = ClientConfig { allow, total_timeout: timeout, ..ClientConfig::default() };
        let client = GuardedClient::new(&config)?;
        Ok(Self { url: gateway.url.clone(), body, headers: gateway.headers.clone(), client })
    }

    async fn send(&self, sms: &Sms) -> Result<(), CarryError> {
        let url = fill(&self.url, sms, percent);
        let (method, kind, body) = match &self.body {
            Body::None => (Method::GET, None, Bytes::new()),
            Body::Json(value) => {
                let text = filled(value, sms).to_string();
                (Method::POST, Some("application/json"), Bytes::from(text))
            }
            Body::Form(form) => {
                let text = fill(form, sms, percent);
                (Method::POST, Some("application/x-www-form-urlencoded"), Bytes::from(text))
            }
        };
        let headers: Vec<(&str, &str)> = kind
            .map(|kind| ("content-type", kind))
            .into_iter()
            .chain(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .collect();
        match self.client.send(method, &url, &headers, body, ANSWER_MAX).await {
            Ok(answer) => match answer.status {
                200..=299 => Ok(()),
                408 | 425 | 429 | 500..=599 => Err(CarryError::Later("the SMS gateway does not take it now")),
                _ => Err(CarryError::Never("the SMS gateway refuses it")),
            },
            Err(ClientError::BadUrl | ClientError::Forbidden | ClientError::Setup) => {
                Err(CarryError::Never("the SMS gateway's address cannot be called"))
            }
            // It may have been taken all the same: a code that comes twice does no harm.
            Err(ClientError::Unreachable | ClientError::Timeout | ClientError::Broken) => {
                Err(CarryError::Later("the SMS gateway does not answer"))
            }
        }
    }
}

impl Carrier for SmsCarrier {
    fn carry<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), CarryError>> {
        async move {
            match message {
                Message::Sms(sms) => self.send(sms).await,
                Message::Mail(_) => Err(CarryError::Never("an SMS gateway takes text messages only")),
            }
        }
        .boxed()
    }
}

/// The gateway's place, which may be called.
fn place_of(url: &str, unprotected: bool) -> Result<AllowList, GatewayFault> {
    let authority = url.split_once("://").ok_or(GatewayFault::Url)?.1;
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains(['{', '}', '@']) {
        return Err(GatewayFault::Url);
    }
    let sample = WORDS.iter().fold(url.to_owned(), |url, word| url.replace(word, "0"));
    AllowList::chosen(&sample, unprotected).map_err(|error| match error {
        ClientError::Forbidden => GatewayFault::Unprotected,
        _ => GatewayFault::Url,
    })
}

/// Fills the placeholders in one pass, so that a message that looks like one stays what it is.
fn fill(template: &str, sms: &Sms, encode: impl Fn(&str) -> String) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value = after.split_once('}').and_then(|(word, after)| {
            let value = match word {
                "to" => sms.to.as_str(),
                "to_digits" => sms.to.trim_start_matches('+'),
                "text" => sms.text.as_str(),
                "code" => sms.code.as_deref().unwrap_or_default(),
                _ => return None,
            };
            Some((value, after))
        });
        match value {
            Some((value, after)) => {
                filled.push_str(&encode(value));
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

fn filled(value: &Value, sms: &Sms) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text, sms, str::to_owned)),
        Value::Array(items) => items.iter().map(|item| filled(item, sms)).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), filled(value, sms))).collect())
        }
        other => other.clone(),
    }
}

fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sms(text: &str) -> Sms {
        Sms { to: "+919876543210".into(), text: text.into(), code: Some("012345".into()) }
    }

    #[test]
    fn placeholders_are_filled_once_and_nothing_breaks_out() {
        let nasty = "{to}\"}&x=1\n#";
        assert_eq!(
            fill("to={to}&d={to_digits}&t={text}&c={code}&{other}{", &sms(nasty), percent),
            "to=%2B919876543210&d=919876543210&t=%7Bto%7D%22%7D%26x%3D1%0A%23&c=012345&{other}{"
        );
        let template: Value =
            serde_json::from_str(r#"{"to":["{to}"],"body":{"text":"Hi {text}"},"flash":false}"#).unwrap();
        let body = filled(&template, &sms(nasty));
        assert_eq!(body["body"]["text"], format!("Hi {nasty}"));
        assert_eq!(body["to"][0], "+919876543210");
        assert_eq!(body["flash"], false);
    }

    #[test]
    fn a_gateway_is_checked_before_it_is_used() {
        let check = |url: &str, json: Option<&str>, form: Option<&str>, headers: &[(&str, &str)]| {
            let gateway = Gateway {
                url: url.into(),
                json: json.map(str::to_owned),
                form: form.map(str::to_owned),
                headers: headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
            };
            SmsCarrier::new(&gateway, Duration::from_secs(1), false).err()
        };
        let both = "https://sms.example/?t={to}&x={text}";
        let key = [("Authorization", "Bearer k")];
        assert_eq!(check(both, None, None, &key), None);
        assert_eq!(check("https://sms.example/", Some(r#"["{to}","{code}"]"#), None, &[]), None);
        assert_eq!(check("http://127.0.0.1:9/", None, Some("t={to_digits}&x={text}"), &[]), None);
        for url in ["sms", "ftp://h/{to}{text}", "https://{to}.example/{text}", "https://u:p@h/{to}{text}"] {
            assert_eq!(check(url, None, None, &[]), Some(GatewayFault::Url), "{url}");
        }
        assert_eq!(check("http://sms.example/{to}{text}", None, None, &[]), Some(GatewayFault::Unprotected));
        assert_eq!(check(both, Some("{to}"), None, &[]), Some(GatewayFault::Json));
        assert_eq!(check(both, Some("{}"), Some(""), &[]), Some(GatewayFault::TwoBodies));
        assert_eq!(check(both, None, None, &[("a b", "c")]), Some(GatewayFault::Header));
        assert_eq!(check(both, None, None, &[("a", "c\r\nd")]), Some(GatewayFault::Header));
        assert_eq!(check("https://h/{text}", None, None, &[]), Some(GatewayFault::NoRecipient));
        assert_eq!(check("https://h/{to}", None, None, &[]), Some(GatewayFault::NoText));
        assert!(
            !format!("{:?}", Gateway { url: "https://h/?key=s3cret".into(), ..Gateway::default() })
                .contains("s3cret")
        );
    }
}
