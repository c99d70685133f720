//! What is brought to people, and who brings it.

use std::fmt;

use futures_util::future::BoxFuture;

/// An e-mail in plain text.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
}

/// A text message to a phone.
#[derive(Clone, PartialEq, Eq)]
pub struct Sms {
    /// International form: `+919876543210`.
    pub to: String,
    pub text: String,
    /// The one-time code in the text, for gateways that fill registered templates themselves.
    pub code: Option<String>,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Message {
    Mail(Mail),
    Sms(Sms),
}

impl Message {
    pub fn to(&self) -> &str {
        match self {
            Self::Mail(mail) => &mail.to,
            Self::Sms(sms) => &sms.to,
        }
    }

    /// `mail` or `sms`.
    pub fn channel(&self) -> &'static str {
        match self {
            Self::Mail(_) => "mail",
            Self::Sms(_) => "sms",
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.channel(), masked(self.to()))
    }
}

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CarryError {
    /// It may be taken later.
    #[error("{0}")]
    Later(&'static str),
    /// It never will.
    #[error("{0}")]
    Never(&'static str),
}

/// Brings one kind of message.
pub trait Carrier: Send + Sync + 'static {
    /// One attempt, bounded in time.
    fn carry<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), CarryError>>;
}

/// An address as a log may show it: enough to recognize one's own, not enough to use.
pub fn masked(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, host)) => {
            let first: String = local.chars().take(1).collect();
            format!("{first}***@{host}")
        }
        None => {
            let digits: Vec<char> = address.chars().filter(char::is_ascii_digit).collect();
            let shown = if digits.len() >= 8 { digits.len().saturating_sub(2) } else { digits.len() };
            let last: String = digits.get(shown..).unwrap_or_default().iter().collect();
            format!("***{last}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_masked() {
        assert_eq!(masked("asha.rao@example.com"), "a***@example.com");
        assert_eq!(masked("@example.com"), "***@example.com");
        assert_eq!(masked("+919876543210"), "***10");
        assert_eq!(masked("12345"), "***");
        assert_eq!(masked(""), "***");
        let sms = Sms { to: "+919876543210".into(), text: "123456".into(), code: Some("123456".into()) };
        assert_eq!(format!("{:?}", Message::Sms(sms)), "sms to ***10");
    }
}
