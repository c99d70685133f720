//! E-mail by SMTP, through one relay, with `lettre`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use clock::{Clock, Ids};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lettre::address::AddressError;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use crate::message::{Carrier, CarryError, Mail, Message};

/// One command of the conversation may take so long.
const COMMAND_TIME: Duration = Duration::from_secs(10);

/// How the conversation is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte; usually port 465.
    Tls,
    /// TLS after `STARTTLS`, or nothing is sent; usually port 587.
    StartTls,
    /// Nothing; for a relay on this machine.
    Plain,
}

/// The relay that takes our mail.
#[derive(Clone)]
pub struct Relay {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// User name and password.
    pub login: Option<(String, String)>,
    /// `Wattmandi <no-reply@solar.example.com>`.
    pub from: String,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

/// Why a relay cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RelayFault {
    #[error("the sender is not an e-mail address: {0}")]
    From(#[from] AddressError),
    #[error("TLS cannot be prepared")]
    Tls,
}

/// Hands mail to a relay, a connection for each.
pub struct SmtpCarrier {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    clock: Arc<dyn Clock>,
    ids: Ids,
}

impl SmtpCarrier {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// See [`RelayFault`].
    pub fn new(relay: &Relay, clock: Arc<dyn Clock>, ids: Ids) -> Result<Self, RelayFault> {
        let from: Mailbox = relay.from.parse()?;
        let parameters = || {
            TlsParameters::new(relay.host.clone()).map_err(|error| {
                tracing::error!(%error, "TLS for the mail relay cannot be prepared");
                RelayFault::Tls
            })
        };
        let tls = match relay.security {
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::StartTls => Tls::Required(parameters()?),
            Security::Plain => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&relay.host)
            .port(relay.port)
            .tls(tls)
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .timeout(Some(COMMAND_TIME));
        if let Some((user, password)) = &relay.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(Self { transport: builder.build(), from, clock, ids })
    }

    fn letter(&self, mail: &Mail) -> Result<lettre::Message, CarryError> {
        let to = mail.to.parse().map_err(|_| CarryError::Never("no e-mail address"))?;
        let micros = u64::try_from(self.clock.now().micros()).unwrap_or(0);
        let id = format!("<{}@{}>", self.ids.uuid(), self.from.email.domain());
        // Mail systems answer nothing to what says of itself that a machine sent it (RFC 3834).
        let automatic =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject.clone())
            .date(std::time::UNIX_EPOCH + Duration::from_micros(micros))
            .message_id(Some(id))
            .raw_header(automatic)
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.clone())
            .map_err(|_| CarryError::Never("no letter can be made of it"))
    }
}

impl Carrier for SmtpCarrier {
    fn carry<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), CarryError>> {
        async move {
            let Message::Mail(mail) = message else {
                return Err(CarryError::Never("a mail relay takes mail only"));
            };
            let letter = self.letter(mail)?;
            self.transport.send(letter).await.map(drop).map_err(|error| judge(&error))
        }
        .boxed()
    }
}

/// Without the relay's own words, which often repeat the address.
fn judge(error: &lettre::transport::smtp::Error) -> CarryError {
    if error.is_permanent() {
        CarryError::Never("the mail relay refuses it")
    } else if error.is_transient() {
        CarryError::Later("the mail relay does not take it now")
    } else if error.is_tls() {
        CarryError::Later("the mail relay's TLS cannot be trusted")
    } else if error.is_client() {
        // A relay without STARTTLS, or without a way to log in that we know.
        CarryError::Never("the mail relay does not offer what is needed")
    } else {
        CarryError::Later("the mail relay cannot be talked to")
    }
}
