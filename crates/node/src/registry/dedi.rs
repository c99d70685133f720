//! The registry over HTTP, in the lookup shape of DeDi (Beckn section d.1), with a bounded cache.
//!
//! What the cache promises: a record is used for at most [`DediConfig::ttl_max`] after it was fetched and
//! never past its own end, so a revocation takes effect within that time; nothing is ever served stale; each
//! key is asked for by one caller at a time; memory is bounded, whatever strangers ask for. Questions whose last
//! answer was good have places of their own and are forgotten last, so that no number of unknown keys holds up or
//! pushes out a known peer. Subscriber ids are compared in lower case.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use beckn_wire::signature::KeyId;
use clock::Clock;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use units::{Span, Timestamp};

use super::document::{key_record, live, subscriber_record};
use super::{Record, Registry, RegistryError};
use crate::client::GuardedClient;

/// Where the registry is and how long its answers are kept.
#[derive(Clone, Debug)]
pub struct DediConfig {
    /// Replaces `{base}` in the templates.
    pub base: String,
    /// URL of one key: `{base}`, `{subscriber_id}`, `{key_id}`.
    pub key_template: String,
    /// URL by which a subscriber is addressed: `{base}`, `{subscriber_id}`.
    pub subscriber_template: String,
    /// No record is used longer than this after it was fetched.
    pub ttl_max: Span,
    /// So long "not found" and "revoked" are believed.
    pub ttl_negative: Span,
    /// So long a registry that could not be reached is left alone, per key.
    pub ttl_unavailable: Span,
    /// At most one forced refresh per key in this time.
    pub refresh_interval: Span,
    /// Largest number of remembered answers.
    pub capacity: usize,
}

impl DediConfig {
    /// The paths of the fabric's registry under this base.
    pub fn at(base: &str) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            key_template: "{base}/lookup/{subscriber_id}/subscribers.beckn.one/{key_id}".to_owned(),
            subscriber_template: "{base}/lookup/{subscriber_id}/subscribers.beckn.one".to_owned(),
            ttl_max: Span::from_secs(60),
            ttl_negative: Span::from_secs(30),
            ttl_unavailable: Span::from_secs(1),
            refresh_interval: Span::from_secs(30),
            capacity: 10_000,
        }
    }
}

/// Largest answer of a registry that is read, bytes.
const ANSWER_MAX: usize = 64 * 1024;
/// Lookups under way at once: of what was found before, and of what was not.
const KNOWN_LOOKUPS_MAX: usize = 16;
const STRANGE_LOOKUPS_MAX: usize = 16;
/// Lookups of strangers that may wait for a place; more are told that the registry cannot be asked now.
const STRANGE_WAITING_MAX: usize = 256;

/// A DeDi registry behind a cache.
pub struct DediRegistry {
    config: DediConfig,
    client: GuardedClient,
    clock: Arc<dyn Clock>,
    slots: Mutex<HashMap<Question, Arc<Slot>>>,
    known: Semaphore,
    strange: Semaphore,
    strange_waiting: Semaphore,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Question {
    Key(String, String),
    Subscriber(String),
}

#[derive(Default)]
struct Slot {
    answer: RwLock<Option<Answer>>,
    /// The last answer was a live record, fresh or not.
    good: AtomicBool,
    /// Held while the registry is asked, so that one caller asks and the others wait for its answer.
    flight: tokio::sync::Mutex<Option<Timestamp>>,
}

#[derive(Clone)]
struct Answer {
    result: Result<Arc<Record>, RegistryError>,
    fresh_until: Timestamp,
}

impl Slot {
    fn fresh(&self, now: Timestamp) -> Option<Result<Arc<Record>, RegistryError>> {
        let answer = self.answer.read().unwrap_or_else(PoisonError::into_inner);
        answer.as_ref().filter(|answer| now < answer.fresh_until).map(|answer| answer.result.clone())
    }

    fn expires(&self) -> Timestamp {
        let answer = self.answer.read().unwrap_or_else(PoisonError::into_inner);
        answer.as_ref().map_or(Timestamp::from_micros(0), |answer| answer.fresh_until)
    }
}

impl DediRegistry {
    /// `clock` is the wire clock.
    pub fn new(config: DediConfig, client: GuardedClient, clock: Arc<dyn Clock>) -> Self {
        Self {
            config,
            client,
            clock,
            slots: Mutex::new(HashMap::new()),
            known: Semaphore::new(KNOWN_LOOKUPS_MAX),
            strange: Semaphore::new(STRANGE_LOOKUPS_MAX),
            strange_waiting: Semaphore::new(STRANGE_WAITING_MAX),
        }
    }

    /// How many answers are remembered now.
    pub fn remembered(&self) -> usize {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    async fn answer(&self, question: Question, force: bool) -> Result<Arc<Record>, RegistryError> {
        let slot = self.slot(&question);
        if !force && let Some(result) = slot.fresh(self.clock.now()) {
            return result;
        }
        let mut refreshed = slot.flight.lock().await;
        let now = self.clock.now();
        let may_force = refreshed.is_none_or(|at| now.since(at) >= self.config.refresh_interval);
        if (!force || !may_force)
            && let Some(result) = slot.fresh(now)
        {
            return result;
        }
        if force {
            *refreshed = Some(now);
        }
        let result = self.fetch(&question, slot.good.load(Ordering::Relaxed)).await;
        // A forced question that nobody answers takes no good answer away: a forged signature must not lock its owner out.
        if force && matches!(result, Err(RegistryError::Unavailable)) && slot.fresh(now).is_some() {
            return result;
        }
        // A registry that cannot be asked says nothing about who is known.
        if !matches!(result, Err(RegistryError::Unavailable)) {
            slot.good.store(result.is_ok(), Ordering::Relaxed);
        }
        let kept = match &result {
            Ok(record) => record.ttl.min(self.config.ttl_max),
            Err(RegistryError::Unavailable) => self.config.ttl_unavailable,
            Err(_) => self.config.ttl_negative.min(self.config.ttl_max),
        };
        // Counted from before the question: a revocation during the call must not live longer than promised.
        let mut fresh_until = now.saturating_add(kept);
        if let Ok(record) = &result
            && let Some(until) = record.valid_until
        {
            fresh_until = fresh_until.min(until);
        }
        *slot.answer.write().unwrap_or_else(PoisonError::into_inner) =
            Some(Answer { result: result.clone(), fresh_until });
        result
    }

    fn slot(&self, question: &Question) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(question) {
            return Arc::clone(slot);
        }
        if slots.len() >= self.config.capacity {
            // Questions under way are kept, so that there stays one asker; a tenth of the rest makes room, strangers
            // first.
            let mut by_age: Vec<((bool, Timestamp), Question)> = slots
                .iter()
                .filter(|(_, slot)| Arc::strong_count(slot) == 1)
                .map(|(question, slot)| {
                    ((slot.good.load(Ordering::Relaxed), slot.expires()), question.clone())
                })
                .collect();
            by_age.sort_unstable_by_key(|(worth, _)| *worth);
            for (_, question) in by_age.into_iter().take(self.config.capacity.div_ceil(10)) {
                slots.remove(&question);
            }
        }
        let slot = Arc::new(Slot::default());
        slots.insert(question.clone(), Arc::clone(&slot));
        slot
    }

    async fn fetch(&self, question: &Question, good: bool) -> Result<Arc<Record>, RegistryError> {
        // Whom we write to was decided by us: that is no stranger's question.
        let known = good || matches!(question, Question::Subscriber(_));
        let _waiting = if known {
            None
        } else {
            Some(self.strange_waiting.try_acquire().map_err(|_| RegistryError::Unavailable)?)
        };
        let places = if known { &self.known } else { &self.strange };
        let _place = places.acquire().await.map_err(|_| RegistryError::Unavailable)?;
        let record = match question {
            Question::Key(subscriber, key) => match self.get(&self.key_url(subscriber, key)).await? {
                Some(body) => key_record(&body, subscriber, key)?,
                // 404 means either; the subscriber's own page tells which.
                None => match self.get(&self.subscriber_url(subscriber)).await? {
                    Some(_) => return Err(RegistryError::KeyNotFound),
                    None => return Err(RegistryError::SubscriberNotFound),
                },
            },
            Question::Subscriber(subscriber) => match self.get(&self.subscriber_url(subscriber)).await? {
                Some(body) => subscriber_record(&body, subscriber, self.clock.now())?,
                None => return Err(RegistryError::SubscriberNotFound),
            },
        };
        live(&record, self.clock.now())?;
        Ok(Arc::new(record))
    }

    /// `None` is "not found".
    async fn get(&self, url: &str) -> Result<Option<bytes::Bytes>, RegistryError> {
        let answer = self.client.get(url, ANSWER_MAX).await.map_err(|error| {
            tracing::warn!(target: "registry", %error, "the registry cannot be asked");
            RegistryError::Unavailable
        })?;
        match answer.status {
            200 if !answer.truncated => Ok(Some(answer.body)),
            404 => Ok(None),
            410 => Err(RegistryError::Revoked),
            status => {
                tracing::warn!(target: "registry", status, "the registry gave an unusable answer");
                Err(RegistryError::Unavailable)
            }
        }
    }

    fn key_url(&self, subscriber: &str, key: &str) -> String {
        self.config
            .key_template
            .replace("{base}", &self.config.base)
            .replace("{subscriber_id}", &percent_encode(subscriber))
            .replace("{key_id}", &percent_encode(key))
    }

    fn subscriber_url(&self, subscriber: &str) -> String {
        self.config
            .subscriber_template
            .replace("{base}", &self.config.base)
            .replace("{subscriber_id}", &percent_encode(subscriber))
    }

    async fn ask_key(&self, key_id: &KeyId, force: bool) -> Result<Arc<Record>, RegistryError> {
        if !plausible(key_id.subscriber_id()) {
            return Err(RegistryError::SubscriberNotFound);
        }
        if !plausible(key_id.key_id()) {
            return Err(RegistryError::KeyNotFound);
        }
        self.answer(asked(key_id), force).await
    }
}

fn asked(key_id: &KeyId) -> Question {
    Question::Key(key_id.subscriber_id().to_ascii_lowercase(), key_id.key_id().to_owned())
}

impl Registry for DediRegistry {
    fn remembers(&self, key_id: &KeyId) -> bool {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots
            .get(&asked(key_id))
            .is_some_and(|slot| slot.good.load(Ordering::Relaxed) || slot.fresh(self.clock.now()).is_some())
    }

    fn key<'a>(&'a self, key_id: &'a KeyId) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>> {
        Box::pin(self.ask_key(key_id, false))
    }

    fn refresh<'a>(&'a self, key_id: &'a KeyId) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>> {
        Box::pin(self.ask_key(key_id, true))
    }

    fn subscriber<'a>(&'a self, subscriber_id: &'a str) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>> {
        Box::pin(async move {
            if !plausible(subscriber_id) {
                return Err(RegistryError::SubscriberNotFound);
            }
            self.answer(Question::Subscriber(subscriber_id.to_ascii_lowercase()), false).await
        })
    }
}

/// Ids become path segments: what would change the path itself (a slash, `..`) is no id.
fn plausible(id: &str) -> bool {
    (1..=255).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_graphic() && !b"/\\?#%".contains(&b))
        && !id.bytes().all(|b| b == b'.')
}

/// Everything but the unreserved characters of RFC 3986 becomes `%XX`.
fn percent_encode(text: &str) -> String {
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

    #[test]
    fn ids_cannot_leave_their_segment() {
        for bad in ["", "..", ".", "a/b", "a\\b", "a?b", "a#b", "a%2fb", "a b", "é"] {
            assert!(!plausible(bad), "{bad}");
        }
        assert!(plausible("bap.example.com") && plausible("76EU+=:x"));
        assert_eq!(percent_encode("did:web:x@y"), "did%3Aweb%3Ax%40y");
    }
}
