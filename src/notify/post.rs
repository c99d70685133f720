//! Messages that leave: mail by the operator's relay, text messages by the operator's gateway.
//!
//! A message is taken at once and brought later (`docs/adr/0008`), so that nobody can tell by the time of an answer
//! whether one was sent. A kind without a way lies on the desk, where the operator reads it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clock::{Clock, Ids};
use courier::{Carrier, GatewayFault, Mail, Queue, QueueConfig, RelayFault, Sms, SmsCarrier, SmtpCarrier};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use units::Span;

use super::{Desk, Kept, Message, MessageKind, Messenger, MessengerError, Recipient};
use crate::config::NotifyConfig;

/// A gateway has this long to answer.
const GATEWAY_TIME: Duration = Duration::from_secs(10);
/// Digits of a one-time code.
const CODE_DIGITS: usize = 6;

/// Why a configured way cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PostFault {
    #[error("the mail relay: {0}")]
    Relay(#[from] RelayFault),
    #[error("the SMS gateway: {0}")]
    Gateway(#[from] GatewayFault),
}

/// Brings messages to people, each kind by its way. Cheap to clone; all clones have one queue.
#[derive(Clone)]
pub struct Post {
    desk: Arc<Desk>,
    queue: Queue,
    mail: bool,
    sms: bool,
    clock: Arc<dyn Clock>,
}

impl Post {
    /// Messages travel on the runtime that this is called on. `operators` is the address of the operator's port.
    ///
    /// # Errors
    /// See [`PostFault`].
    pub fn new(
        config: &NotifyConfig,
        operators: Option<SocketAddr>,
        unprotected: bool,
        clock: &Arc<dyn Clock>,
        ids: &Ids,
    ) -> Result<Self, PostFault> {
        let mail: Option<Arc<dyn Carrier>> = match &config.smtp {
            Some(smtp) => Some(Arc::new(SmtpCarrier::new(&smtp.relay(), Arc::clone(clock), ids.clone())?)),
            None => None,
        };
        let sms: Option<Arc<dyn Carrier>> = match &config.sms {
            Some(sms) => Some(Arc::new(SmsCarrier::new(&sms.gateway(), GATEWAY_TIME, unprotected)?)),
            None => None,
        };
        let desk = match operators {
            Some(address) => Desk::at(Arc::clone(clock), address),
            None => Desk::new(Arc::clone(clock)),
        };
        Ok(Self {
            desk: Arc::new(desk),
            mail: mail.is_some(),
            sms: sms.is_some(),
            queue: Queue::new(mail, sms, Arc::clone(clock), QueueConfig::default(), Handle::current()),
            clock: Arc::clone(clock),
        })
    }

    /// Waits, at most so long, for what was taken.
    pub async fn finish(&self, at_most: Duration) {
        self.queue.finish(at_most).await;
    }

    /// A code is worth nothing after its five minutes; a link is asked for anew sooner than an hour later.
    fn take(&self, message: courier::Message, kind: MessageKind) -> Result<(), MessengerError> {
        let life = match kind {
            MessageKind::SignInCode => Span::from_secs(300),
            MessageKind::VerifyEmail | MessageKind::ResetPassword | MessageKind::Notice => {
                Span::from_secs(3_600)
            }
        };
        let expires = self.clock.now().saturating_add(life);
        self.queue.post(message, expires).map_err(|full| MessengerError::Unavailable(full.to_string()))
    }
}

impl Messenger for Post {
    fn send(&self, message: Message) -> BoxFuture<'_, Result<(), MessengerError>> {
        let kind = message.kind;
        let letter = match &message.to {
            Recipient::Email(to) if self.mail => {
                let (to, subject) = (to.clone(), message.subject);
                courier::Message::Mail(Mail { to, subject, text: message.body })
            }
            Recipient::Phone(to) if self.sms => {
                let code = (kind == MessageKind::SignInCode).then(|| code_in(&message.body)).flatten();
                courier::Message::Sms(Sms { to: to.clone(), text: message.body, code })
            }
            _ => return self.desk.send(message),
        };
        let taken = self.take(letter, kind);
        async move { taken }.boxed()
    }

    fn kept(&self) -> Vec<Kept> {
        self.desk.kept()
    }
}

/// The one-time code of a text: gateways that fill registered templates want it alone.
fn code_in(text: &str) -> Option<String> {
    let mut runs = text.split(|c: char| !c.is_ascii_digit());
    runs.find(|run| run.len() == CODE_DIGITS).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clock::{SeededEntropy, TestClock};
    use test_support::peer::{Peer, Reply};
    use units::Timestamp;

    use super::*;

    fn message(to: Recipient, kind: MessageKind) -> Message {
        let body = "Your code for Wattmandi is 048213. It is good for 5 minutes.".into();
        Message { to, kind, subject: "Sign in".into(), body }
    }

    #[tokio::test]
    async fn each_kind_goes_its_way_and_what_has_none_lies_on_the_desk() {
        let gateway = Peer::start(|_| Reply::json(200, "{}")).await;
        let environment = BTreeMap::from([
            ("SMS_URL".to_owned(), format!("{}/send", gateway.url)),
            ("SMS_JSON".to_owned(), r#"{"to":"{to_digits}","otp":"{code}","text":"{text}"}"#.to_owned()),
        ]);
        let mut config = NotifyConfig::default();
        config.overlay(&environment).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(TestClock::at(Timestamp::from_seconds(1_793_520_000)));
        let ids = Ids::new(Arc::clone(&clock), Arc::new(SeededEntropy::new(1)));
        let post = Post::new(&config, None, false, &clock, &ids).unwrap();
        let phone = || Recipient::Phone("+919810012345".into());
        post.send(message(phone(), MessageKind::SignInCode)).await.unwrap();
        post.send(message(phone(), MessageKind::Notice)).await.unwrap();
        post.send(message(Recipient::Email("asha@example.com".into()), MessageKind::VerifyEmail))
            .await
            .unwrap();
        post.finish(Duration::from_secs(20)).await;
        let mut bodies: Vec<serde_json::Value> =
            gateway.requests().iter().map(|r| serde_json::from_str(&r.body).unwrap()).collect();
        bodies.sort_by_key(|body| body["otp"] == "");
        assert_eq!((bodies.len(), &bodies[0]["otp"], &bodies[1]["otp"]), (2, &"048213".into(), &"".into()));
        assert_eq!(bodies[0]["to"], "919810012345");
        assert_eq!(bodies[0]["text"], message(phone(), MessageKind::Notice).body);
        let kept = post.kept();
        assert_eq!((kept.len(), kept[0].message.to.address()), (1, "asha@example.com"));
    }

    #[test]
    fn the_code_is_the_six_digits() {
        assert_eq!(code_in("Code 048213. Valid 5 minutes").as_deref(), Some("048213"));
        assert_eq!(code_in("Call 9810012345").as_deref(), None);
        assert_eq!(code_in("").as_deref(), None);
    }
}
