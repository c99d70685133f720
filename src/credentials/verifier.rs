//! Judging a credential, with what has to be fetched for it: keys of trusted `did:web` issuers, and revocations.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use energy_credentials::{
    Binding, Contexts, Evidence, Json, Policy, Presented, Refused, Report, Status, TrustList, Verdict, names,
    verify,
};
use node::GuardedClient;
use tokio::sync::Semaphore;
use units::{DeliverySlot, Span, Timestamp};

use crate::config::{ConfigError, CredentialsConfig};

/// Largest document of an issuer, and largest answer of a registry, bytes.
const DOCUMENT_MAX: usize = 64 * 1024;
/// Answers that are remembered at once.
const REMEMBERED_MAX: usize = 1_000;
/// Judgements at once; more wait.
const AT_ONCE: usize = 2;
/// So long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why nothing was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unjudged {
    /// What was handed in cannot be read as a credential.
    #[error(transparent)]
    Unreadable(#[from] Refused),
    #[error("too many credentials are being judged at this moment")]
    Busy,
}

/// How a credential was judged.
#[derive(Clone, Debug)]
pub struct Judgment {
    pub presented: Presented,
    pub report: Report,
}

#[derive(Clone)]
struct Remembered {
    status: u16,
    body: Option<Json>,
    until: Timestamp,
}

/// Judges credentials by the operator's list of issuers.
pub struct Verifier {
    trust: TrustList,
    contexts: Contexts,
    client: Option<GuardedClient>,
    keep: Span,
    answers: Mutex<HashMap<String, Remembered>>,
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Default for Verifier {
    /// Trusts nobody.
    fn default() -> Self {
        Self {
            trust: TrustList::default(),
            contexts: Contexts::default(),
            client: None,
            keep: Span::from_secs(300),
            answers: Mutex::default(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            patience: PATIENCE,
        }
    }
}

impl Verifier {
    /// # Errors
    /// A key or a context of the configuration cannot be used.
    pub fn new(config: &CredentialsConfig, client: GuardedClient) -> Result<Self, ConfigError> {
        Ok(Self {
            trust: config.trust()?,
            contexts: config.contexts()?,
            client: Some(client),
            keep: Span::from_secs(config.status_cache_secs),
            ..Self::default()
        })
    }

    /// As it is, but with so many judgements at once, for which one waits so long.
    #[must_use]
    pub fn with_places(self, places: usize, patience: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), patience, ..self }
    }

    /// Judges what was handed in, at this instant, and for this use; for all of a delivery slot, when it is for one.
    ///
    /// # Errors
    /// It is no credential that can be read; too many others are being judged.
    pub async fn judge(
        &self,
        bytes: Vec<u8>,
        binding: Binding,
        slot: Option<DeliverySlot>,
        now: Timestamp,
    ) -> Result<Judgment, Unjudged> {
        let covers = slot.map(|slot| (slot.start(), slot.end()));
        let presented = Presented::parse(&bytes)?;
        let mut evidence = Evidence::default();
        if let (Some(url), Some(issuer)) = (presented.did_document_url(), presented.issuer())
            && self.trust.find(issuer).is_some_and(|issuer| issuer.keys.is_empty())
        {
            let document = self.fetch(&url, now).await.filter(|answer| answer.status == 200);
            evidence.documents.insert(issuer.to_owned(), document.and_then(|answer| answer.body));
        }
        let report = self.verify(&presented, &evidence, &binding, covers, now).await?;
        let passed = |name| report.verdict(name) == Some(Verdict::Passed);
        let worth_asking = [names::FORMAT, names::ISSUER, names::PROOF].into_iter().all(passed);
        let Some(url) = presented.status_url().filter(|_| worth_asking) else {
            return Ok(Judgment { presented, report });
        };
        evidence.status = self.status(&url, now).await;
        let report = self.verify(&presented, &evidence, &binding, covers, now).await?;
        Ok(Judgment { presented, report })
    }

    /// What the registry says at the address of a credential, asked now or within the last minutes. Only for an address
    /// that a verified credential names.
    pub async fn status(&self, url: &str, now: Timestamp) -> Status {
        let answer = self.fetch(url, now).await;
        answer.map_or(Status::Unreachable, |answer| Status::Answered(answer.status))
    }

    /// Whether that issuer is still believed, for that DISCOM.
    pub fn believes(&self, issuer: Option<&str>, discom: Option<&str>) -> bool {
        let trusted = issuer.and_then(|issuer| self.trust.find(issuer));
        trusted.is_some_and(|trusted| Some(trusted.discom.as_str()) == discom)
    }

    /// Canonical forms take a moment of a processor: aside from those who wait for sockets, and few at once. Whoever no
    /// longer waits for it leaves his place taken until it is done.
    async fn verify(
        &self,
        presented: &Presented,
        evidence: &Evidence,
        binding: &Binding,
        covers: Option<(Timestamp, Timestamp)>,
        now: Timestamp,
    ) -> Result<Report, Unjudged> {
        let place = tokio::time::timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await;
        let place = place.ok().and_then(Result::ok).ok_or(Unjudged::Busy)?;
        let (trust, contexts) = (self.trust.clone(), self.contexts.clone());
        let (evidence, binding, presented) = (evidence.clone(), binding.clone(), presented.clone());
        let work = tokio::task::spawn_blocking(move || {
            let _place = place;
            let policy = Policy { trust: &trust, contexts: &contexts, now, covers, binding };
            verify(&presented, &policy, &evidence)
        });
        Ok(work.await.unwrap_or_else(|error| {
            // A report without claims is verified by nothing.
            tracing::error!(%error, "a credential could not be judged");
            Report { checks: Vec::new(), claims: None, discom: None, validity: None }
        }))
    }

    /// What stands at the address; of a machine of our own by http, which only the demo's client takes.
    async fn fetch(&self, url: &str, now: Timestamp) -> Option<Remembered> {
        let known = self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned();
        if let Some(known) = known.filter(|known| now < known.until) {
            return Some(known);
        }
        let client = self.client.as_ref()?;
        let local = ["https://localhost", "https://127.0.0.1"].iter().any(|start| url.starts_with(start));
        let address = if local { url.replacen("https://", "http://", 1) } else { url.to_owned() };
        let answer = match client.get(&address, DOCUMENT_MAX).await {
            Ok(answer) if !answer.truncated => answer,
            Ok(_) => return None,
            Err(error) => {
                tracing::warn!(%error, "what a credential names cannot be fetched");
                return None;
            }
        };
        let body = Json::parse(&answer.body).ok();
        let found = Remembered { status: answer.status, body, until: now.saturating_add(self.keep) };
        if [200, 404, 410].contains(&found.status) {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            if answers.len() >= REMEMBERED_MAX {
                answers.retain(|_, known| now < known.until);
            }
            if answers.len() < REMEMBERED_MAX {
                answers.insert(url.to_owned(), found.clone());
            }
        }
        Some(found)
    }
}
