//! How often one may ask: by user, by address and by class of route, on the wire clock, shared between instances where
//! there is a Redis ([`crate::cache`]).
//!
//! Every answer that was counted says how it stands in the fields `RateLimit-Policy` and `RateLimit`
//! (draft-ietf-httpapi-ratelimit-headers-09); a refused one is 429 with `Retry-After`, and `t` is the same instant, as the
//! draft wants it: always the time until one more request is taken than `r` says. How often a name is tried by those
//! who are nobody yet, and sent a message, is counted in [`names`].

pub mod names;

use std::fmt::Write;
use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use units::Span;
use uuid::Uuid;

use self::names::Names;
use super::access::Who;
use super::problem::Problem;
use super::remote::Remote;
use super::{Shared, routes};
use crate::cache::{Cache, Counted, Counter, Quota};
use crate::config::LimitsConfig;
use crate::error::Code;

static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
static RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What a request is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Not counted for a user.
    Free,
    /// A user reads.
    Read,
    /// A user changes something.
    Trade,
    /// An attempt to sign in; nobody is known yet.
    SignIn,
    /// A device goes on with its session.
    Refresh,
    /// No valid token.
    Anonymous,
}

impl Class {
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Free => "free",
            Class::Read => "read",
            Class::Trade => "trade",
            Class::SignIn => "sign_in",
            Class::Refresh => "refresh",
            Class::Anonymous => "anonymous",
        }
    }
}

/// Sessions that one address may go on with in a minute, and never fewer than may begin: a device does every fifteen
/// minutes, and many may share an address.
const REFRESHES: u32 = 60;

/// The counters.
pub struct Limits {
    read: Arc<Counter>,
    trade: Arc<Counter>,
    sign_in: Arc<Counter>,
    refresh: Arc<Counter>,
    anonymous: Arc<Counter>,
    names: Names,
}

/// How a request was counted, for its answer.
#[derive(Default)]
struct Counts(Vec<Counted>);

impl Limits {
    pub fn new(cache: &Cache, config: &LimitsConfig) -> Self {
        let counter =
            |name, limit| Arc::new(cache.counter(Quota { name, limit, window: Span::from_minutes(1) }));
        Self {
            read: counter("read", config.read),
            trade: counter("trade", config.trade),
            sign_in: counter("sign-in", config.sign_in),
            refresh: counter("refresh", REFRESHES.max(config.sign_in)),
            anonymous: counter("anonymous", config.anonymous),
            names: Names::new(cache),
        }
    }

    fn of(&self, class: Class) -> Option<&Arc<Counter>> {
        match class {
            Class::Free => None,
            Class::Read => Some(&self.read),
            Class::Trade => Some(&self.trade),
            Class::SignIn => Some(&self.sign_in),
            Class::Refresh => Some(&self.refresh),
            Class::Anonymous => Some(&self.anonymous),
        }
    }
}

impl Shared {
    /// Counts a request of a user.
    ///
    /// # Errors
    /// 429 beyond the limit.
    pub async fn count_user(&self, request: &HttpRequest, user: Uuid, class: Class) -> Result<(), Problem> {
        self.count(request, class, format!("user:{user}")).await
    }

    /// Counts a request of nobody whom we know, by its address.
    ///
    /// # Errors
    /// 429 beyond the limit.
    pub async fn count_address(&self, request: &HttpRequest) -> Result<(), Problem> {
        self.count(request, Class::Anonymous, self.address_of(request)).await
    }

    /// Counts a token that opens nothing, by the address that shows it; who shows none is counted at the start.
    ///
    /// # Errors
    /// 429 beyond the limit.
    pub async fn count_guess(&self, request: &HttpRequest) -> Result<(), Problem> {
        if request.headers().contains_key(header::AUTHORIZATION) {
            self.count(request, Class::Anonymous, self.address_of(request)).await?;
        }
        Ok(())
    }

    /// Counts an attempt to sign in or to go on, by its address: the doors of such routes do.
    ///
    /// # Errors
    /// 429 beyond the limit.
    pub async fn count_attempt(&self, request: &HttpRequest, class: Class) -> Result<(), Problem> {
        self.count(request, class, self.address_of(request)).await
    }

    fn address_of(&self, request: &HttpRequest) -> String {
        format!("address:{}", self.remote(request).counted())
    }

    /// From where a request comes.
    pub fn remote(&self, request: &HttpRequest) -> Remote {
        self.proxies.remote(request)
    }

    async fn count(&self, request: &HttpRequest, class: Class, caller: String) -> Result<(), Problem> {
        match self.limits.of(class) {
            Some(counter) => note(request, self.ask(counter, caller).await?),
            None => Ok(()),
        }
    }

    /// Counts one call where the counters are kept.
    async fn ask(&self, counter: &Arc<Counter>, caller: String) -> Result<Counted, Problem> {
        let now = self.participant.now();
        if !self.cache.is_shared() {
            return Ok(counter.count(&caller, now).await);
        }
        // A connection to Redis lives on the runtime that does not end with a worker.
        let counter = Arc::clone(counter);
        self.run(async move { counter.count(&caller, now).await }).await
    }
}

/// Keeps a count for the answer.
///
/// # Errors
/// 429 when it is beyond the limit.
fn note(request: &HttpRequest, counted: Counted) -> Result<(), Problem> {
    let mut extensions = request.extensions_mut();
    match extensions.get_mut::<Counts>() {
        Some(counts) => counts.0.push(counted),
        None => {
            extensions.insert(Counts(vec![counted]));
        }
    }
    let Some(wait) = counted.refused else { return Ok(()) };
    let seconds = whole_seconds(wait);
    metrics::counter!("http_limited_total", "class" => counted.quota.name).increment(1);
    Err(Problem::new(Code::RateLimited, format!("Too many requests; ask again in {seconds} s."))
        .with(header::RETRY_AFTER, seconds.to_string()))
}

/// At least one.
fn whole_seconds(span: Span) -> i64 {
    span.micros().max(0).saturating_add(999_999).checked_div(1_000_000).unwrap_or(1).max(1)
}

/// Whether a request is counted by its address before anything else: not what orchestrators ask, not the doors of
/// the network, where the node counts, and no token where the route looks at it and counts its user. Where nobody
/// looks at it, a token changes nothing.
pub fn is_counted(request: &ServiceRequest) -> bool {
    if ["/health", "/ready"].contains(&request.path()) {
        return false;
    }
    match routes::access_of(request) {
        Some(access) if access.who == Who::Network => false,
        Some(access) if access.who.roles().is_some() => {
            !request.headers().contains_key(header::AUTHORIZATION)
        }
        Some(_) => true,
        None => !routes::is_door(request),
    }
}

/// Says on the answer how the request was counted; of two counts of one class the tighter one.
pub fn tell(request: &HttpRequest, headers: &mut HeaderMap) {
    let extensions = request.extensions();
    let Some(Counts(counts)) = extensions.get::<Counts>() else { return };
    let (mut policies, mut states) = (String::new(), String::new());
    for (index, counted) in counts.iter().enumerate() {
        let Quota { name, limit, window } = counted.quota;
        let others = counts.iter().enumerate().filter(|(other, _)| *other != index);
        let tighter = |(other, count): (usize, &Counted)| {
            count.quota.name == name && (count.remaining, other) < (counted.remaining, index)
        };
        if others.into_iter().any(tighter) {
            continue;
        }
        let comma = if policies.is_empty() { "" } else { ", " };
        let next = whole_seconds(counted.next);
        // Writing to a string cannot fail.
        let _ = write!(policies, "{comma}\"{name}\";q={limit};w={}", window.as_secs());
        let _ = write!(states, "{comma}\"{name}\";r={};t={next}", counted.remaining);
    }
    for (name, text) in [(&RATE_LIMIT_POLICY, policies), (&RATE_LIMIT, states)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name.clone(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use units::Timestamp;

    #[tokio::test]
    async fn a_hundred_trades_a_minute_and_reads_apart() {
        let limits = Limits::new(&Cache::memory(), &LimitsConfig::default());
        let now = Timestamp::from_seconds(1_000);
        for left in (0..100).rev() {
            assert_eq!(limits.of(Class::Trade).unwrap().count("a", now).await.remaining, left);
        }
        let refused = limits.of(Class::Trade).unwrap().count("a", now).await.refused;
        assert_eq!(refused.map(whole_seconds), Some(1));
        assert_eq!(limits.of(Class::Read).unwrap().count("a", now).await.remaining, 999);
        assert_eq!(limits.of(Class::SignIn).unwrap().count("a", now).await.remaining, 4);
    }

    #[test]
    fn the_page_of_errors_names_every_class() {
        let page = include_str!("../../docs/errors.md");
        let limits = Limits::new(&Cache::memory(), &LimitsConfig::default());
        for class in [Class::Read, Class::Trade, Class::SignIn, Class::Refresh, Class::Anonymous] {
            let Quota { name, limit, .. } = limits.of(class).unwrap().quota();
            let said = format!("- `{name}`: {limit} ");
            assert!(page.contains(&said), "{said}");
        }
    }

    #[test]
    fn the_tighter_of_two_counts_is_told() {
        let quota = |name, limit| Quota { name, limit, window: Span::from_minutes(1) };
        let count = |quota, remaining, refused: Option<i64>| Counted {
            quota,
            remaining,
            next: refused.map_or(Span::from_millis(36_500), Span::from_secs),
            refused: refused.map(Span::from_secs),
        };
        let request = TestRequest::default().to_http_request();
        let mut headers = HeaderMap::new();
        tell(&request, &mut headers);
        assert!(headers.is_empty());
        let sign_in = quota("sign-in", 5);
        request.extensions_mut().insert(Counts(vec![
            count(quota("anonymous", 600), 599, None),
            count(sign_in, 3, None),
            count(sign_in, 0, Some(12)),
        ]));
        tell(&request, &mut headers);
        assert_eq!(headers.get("ratelimit").unwrap(), "\"anonymous\";r=599;t=37, \"sign-in\";r=0;t=12");
        assert_eq!(
            headers.get("ratelimit-policy").unwrap(),
            "\"anonymous\";q=600;w=60, \"sign-in\";q=5;w=60"
        );
    }
}
