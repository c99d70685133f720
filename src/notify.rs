//! Messages to people, by e-mail or SMS: what is sent, to whom, and the trait that carries it.
//!
//! The embedded default, [`Desk`], sends nothing: it keeps the last messages in memory, where the operator reads them
//! (`GET /admin/messages`). Invariants: a log never contains a body (it holds codes and links) nor a whole address; the
//! memory that messages take is bounded.

mod post;

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use clock::Clock;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use units::Timestamp;

pub use self::post::{Post, PostFault};

/// Messages that the desk keeps.
const KEPT: usize = 200;

/// Whom a message goes to. `Debug` and `Display` show it masked.
#[derive(Clone, PartialEq, Eq)]
pub enum Recipient {
    /// An address of the form `name@host`.
    Email(String),
    /// A number in the form of E.164: `+919810012345`.
    Phone(String),
}

impl Recipient {
    /// The whole address: for the adapter that sends to it.
    pub fn address(&self) -> &str {
        match self {
            Recipient::Email(address) | Recipient::Phone(address) => address,
        }
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Recipient::Email(address) => {
                let (name, host) = address.rsplit_once('@').unwrap_or((address, ""));
                write!(f, "{}…@{host}", name.chars().next().unwrap_or('…'))
            }
            Recipient::Phone(number) => {
                let last: String = number.chars().skip(number.chars().count().saturating_sub(2)).collect();
                write!(f, "…{last}")
            }
        }
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What a message is about; a gateway may want a template of its own for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    VerifyEmail,
    ResetPassword,
    SignInCode,
    /// Something has happened to the account that its owner should know of.
    Notice,
}

impl MessageKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            MessageKind::VerifyEmail => "verify_email",
            MessageKind::ResetPassword => "reset_password",
            MessageKind::SignInCode => "sign_in_code",
            MessageKind::Notice => "notice",
        }
    }
}

/// One message.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    pub to: Recipient,
    pub kind: MessageKind,
    /// One line; an SMS has none.
    pub subject: String,
    /// Plain text. It may hold a code or a link: never to be logged.
    pub body: String,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("to", &self.to).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Why a message did not leave.
#[derive(Debug, thiserror::Error)]
pub enum MessengerError {
    /// Sent again, it would be refused again.
    #[error("the message was refused: {0}")]
    Refused(String),
    #[error("the message cannot be sent now: {0}")]
    Unavailable(String),
}

/// Carries messages to people.
pub trait Messenger: Send + Sync + 'static {
    /// Sends one message, within a time that the adapter bounds. Never called inside a transaction.
    fn send(&self, message: Message) -> BoxFuture<'_, Result<(), MessengerError>>;

    /// What was sent lately, newest first, where the adapter keeps it for the operator.
    fn kept(&self) -> Vec<Kept> {
        Vec::new()
    }
}

/// A message on the desk.
#[derive(Clone, Debug)]
pub struct Kept {
    pub message: Message,
    /// Wire time.
    pub at: Timestamp,
}

/// Keeps the last 200 messages for the operator, and sends none.
pub struct Desk {
    clock: Arc<dyn Clock>,
    /// Where the operator reads them, for the log.
    place: String,
    kept: Mutex<VecDeque<Kept>>,
}

impl Desk {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, place: "GET /admin/messages".to_owned(), kept: Mutex::new(VecDeque::new()) }
    }

    /// A desk that says where the operator's port is.
    pub fn at(clock: Arc<dyn Clock>, operators: SocketAddr) -> Self {
        Self { place: format!("http://{operators}/admin/messages"), ..Self::new(clock) }
    }
}

impl Messenger for Desk {
    fn send(&self, message: Message) -> BoxFuture<'_, Result<(), MessengerError>> {
        tracing::info!(to = %message.to, kind = message.kind.as_str(), "a message lies at {}", self.place);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(KEPT.saturating_sub(1));
        kept.push_front(Kept { message, at: self.clock.now() });
        async { Ok(()) }.boxed()
    }

    fn kept(&self) -> Vec<Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use clock::TestClock;

    use super::*;

    fn message(to: Recipient, body: &str) -> Message {
        Message { to, kind: MessageKind::SignInCode, subject: String::new(), body: body.to_owned() }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let mail = message(Recipient::Email("asha.rao@example.com".into()), "482913");
        let sms = message(Recipient::Phone("+919810012345".into()), "482913");
        let (mail, sms) = (format!("{mail:?}"), format!("{sms:?}"));
        assert!(mail.contains("a…@example.com") && sms.contains("…45"), "{mail} {sms}");
        for text in [mail, sms] {
            assert!(!text.contains("482913") && !text.contains("rao") && !text.contains("98100"), "{text}");
        }
    }

    #[test]
    fn the_desk_says_where_it_stands() {
        let clock = Arc::new(TestClock::at(Timestamp::from_seconds(7)));
        let desk = Desk::at(clock, SocketAddr::from(([127, 0, 0, 1], 4900)));
        assert_eq!(desk.place, "http://127.0.0.1:4900/admin/messages");
    }

    #[test]
    fn the_desk_keeps_the_last_messages_only() {
        let desk = Desk::new(Arc::new(TestClock::at(Timestamp::from_seconds(7))));
        for number in 0..KEPT + 5 {
            let sent = desk.send(message(Recipient::Phone("+910".into()), &number.to_string()));
            assert!(sent.now_or_never().is_some_and(|sent| sent.is_ok()));
        }
        let kept = desk.kept();
        assert_eq!(kept.len(), KEPT);
        assert_eq!((kept[0].message.body.as_str(), kept[KEPT - 1].message.body.as_str()), ("204", "5"));
    }
}
