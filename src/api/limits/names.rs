//! How often a name may be tried, and how many messages it may be sent: an e-mail address, a number or a link that
//! somebody shows who is nobody yet.
//!
//! Each purpose has buckets of its own: whoever spends those of one spends none of another. Every call counts before
//! anything is looked up, whether or not somebody has the name: the answer is the same for both.
//!
//! The first bucket is that of a name and the client's address together, and not of the name alone: a bucket of the name
//! is filled by whoever likes, so that a stranger with one computer would keep the owner out of the account by wrong
//! passwords. Where guessing has to end wherever it comes from, the name alone has a second, wide one: it takes many
//! addresses, for long, to keep it full, and it still leaves a guesser fewer tries than a password stands. Only calls
//! that the first one took are counted in the second. A message costs its recipient: what is sent to one address has a
//! quota whoever asks, wider than what one client may ask for, and beyond it the answer stays the same.

use std::sync::Arc;

use actix_web::HttpRequest;
use units::Span;

use super::note;
use crate::api::Shared;
use crate::api::problem::Problem;
use crate::cache::{Cache, Counter, Quota};

const HOUR: Span = Span::from_hours(1);
/// Tries of one client for one name, at once; then one a minute.
const TRIES: u32 = 10;
const TRIES_IN: Span = Span::from_minutes(10);
/// Tries of all clients for one name.
const TRIES_OF_NAME: u32 = 300;
/// Codes of one number that one client may try at once; then one a minute. A code has five tries whoever makes them, so
/// these are few enough that no single stranger spoils one code after the other.
const CODE_TRIES: u32 = 6;
const CODE_TRIES_IN: Span = Span::from_minutes(6);
/// Messages to one name that one client may ask for.
const ASKED: u32 = 3;
/// Messages of one purpose to one address, whoever asks.
const SENT: u32 = 12;
/// Codes for addresses to be added, to one address, whoever asks.
const SENT_CODES: u32 = 5;
/// Codes that one client may ask for, whatever the numbers: each costs the operator money.
const CODES: u32 = 10;

/// What a name is shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A password is tried: for an address, or by who is signed in for the own account.
    Login,
    /// An account is asked for.
    Register,
    /// A link to a new password is asked for.
    Forgot,
    /// A password is tried for a link.
    Verify,
    /// Another link is asked for.
    Resend,
    /// A code by SMS is asked for. How many a number gets, the database counts: [`crate::identity::codes`].
    Code,
    /// A code is asked for by who is signed in, to add an address to the account.
    Address,
    /// A code is tried. How often each can be, the database counts.
    CodeTry,
}

/// What is counted for one purpose.
struct Buckets {
    client: Option<Arc<Counter>>,
    pair: Arc<Counter>,
    name: Option<Arc<Counter>>,
    sent: Option<Arc<Counter>>,
}

/// The counters of all purposes.
pub(super) struct Names {
    login: Buckets,
    register: Buckets,
    forgot: Buckets,
    verify: Buckets,
    resend: Buckets,
    code: Buckets,
    address: Buckets,
    code_try: Buckets,
}

impl Names {
    pub fn new(cache: &Cache) -> Self {
        let counter = |name, limit, window| Arc::new(cache.counter(Quota { name, limit, window }));
        let of = |pair| Buckets { client: None, pair, name: None, sent: None };
        let tried = |pair, name| Buckets {
            name: Some(counter(name, TRIES_OF_NAME, HOUR)),
            ..of(counter(pair, TRIES, TRIES_IN))
        };
        let mailed =
            |pair, sent| Buckets { sent: Some(counter(sent, SENT, HOUR)), ..of(counter(pair, ASKED, HOUR)) };
        Self {
            login: tried("login", "login-name"),
            verify: tried("verify", "verify-name"),
            register: mailed("register", "mail-register"),
            forgot: mailed("forgot", "mail-forgot"),
            resend: mailed("resend", "mail-resend"),
            code: Buckets {
                client: Some(counter("otp-address", CODES, HOUR)),
                ..of(counter("otp", ASKED, HOUR))
            },
            address: Buckets {
                client: Some(counter("address-client", CODES, HOUR)),
                name: Some(counter("address-user", CODES, HOUR)),
                sent: Some(counter("sent-address", SENT_CODES, HOUR)),
                ..of(counter("address", ASKED, HOUR))
            },
            code_try: of(counter("otp-try", CODE_TRIES, CODE_TRIES_IN)),
        }
    }

    fn of(&self, purpose: Purpose) -> &Buckets {
        match purpose {
            Purpose::Login => &self.login,
            Purpose::Register => &self.register,
            Purpose::Forgot => &self.forgot,
            Purpose::Verify => &self.verify,
            Purpose::Resend => &self.resend,
            Purpose::Code => &self.code,
            Purpose::Address => &self.address,
            Purpose::CodeTry => &self.code_try,
        }
    }
}

impl Shared {
    /// Counts a call for a name, in the one form in which it is looked up.
    ///
    /// # Errors
    /// 429 beyond a limit.
    pub async fn count_name(
        &self,
        request: &HttpRequest,
        purpose: Purpose,
        name: &str,
    ) -> Result<(), Problem> {
        let (buckets, client) = (self.limits.names.of(purpose), self.remote(request).counted());
        if let Some(counter) = &buckets.client {
            note(request, self.ask(counter, client.clone()).await?)?;
        }
        // No address of a client has a space.
        note(request, self.ask(&buckets.pair, format!("{client} {name}")).await?)?;
        if let Some(counter) = &buckets.name {
            let counted = self.ask(counter, name.to_owned()).await?;
            // How much is left there is told to nobody: it says how often others come for that name.
            if counted.refused.is_some() {
                note(request, counted)?;
            }
        }
        Ok(())
    }

    /// Counts a message to an address. False when it has got enough: then nothing is done, and nobody is told.
    ///
    /// # Errors
    /// The counters cannot be asked: a fault of ours.
    pub async fn may_send(&self, purpose: Purpose, address: &str) -> Result<bool, Problem> {
        let Some(counter) = &self.limits.names.of(purpose).sent else { return Ok(true) };
        let counted = self.ask(counter, address.to_owned()).await?;
        if counted.refused.is_some() {
            metrics::counter!("messages_withheld_total", "quota" => counted.quota.name).increment(1);
        }
        Ok(counted.refused.is_none())
    }
}
