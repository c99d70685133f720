//! The contract policy that our offers name: resolved by its DeDi record, verified, compiled once, asked about whole
//! messages (rulings 27, 29).
//!
//! A record is kept for two days unless configured otherwise, never less than one. One caller resolves, the others
//! wait for its answer; a failure is believed for some seconds, so that strangers' messages do not become calls of
//! ours. Without a verdict there is no agreement: every failure refuses. Policies are other people's code and are
//! evaluated on threads of their own, never inside a transaction.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::json::Json;
use clock::Clock;
use contract_policy::{
    Checksum, ENTRY_POINT, FlowDifference, Limits, Policy, PolicyCache, PolicyError, Verdict,
};
use energy_rules::{Flows, PolicyUse};
use node::GuardedClient;
use units::{Span, Timestamp};

use super::Participant;

/// Largest record that is read, in bytes.
const RECORD_MAX: usize = 64 * 1024;
/// So long a failure is believed.
const FAILURE_KEPT: Span = Span::from_secs(5);
/// So many addresses are remembered. Ours come from the configuration, so that this is never reached.
const ADDRESSES_MAX: usize = 64;
/// So many violations are told in a refusal.
const TOLD_MAX: usize = 5;

/// Why a policy gave no verdict. What its server said is for the log, not for the network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    #[error("no policies are resolved here")]
    Off,
    #[error("the policy's address is not one that this platform is allowed to resolve")]
    AddressNotAllowed,
    #[error("the policy's query path is not the pinned one")]
    QueryPathForeign,
    #[error("the policy cannot be resolved: {0}")]
    Unresolved(&'static str),
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// What the operator decided about policies.
#[derive(Clone, Debug)]
pub struct PolicySource {
    /// Records are resolved below these addresses only.
    pub prefixes: Vec<String>,
    /// So long a resolved policy is used.
    pub keep: Span,
    pub limits: Limits,
}

/// Resolves policies and asks them. The default resolves none, and so refuses whatever needs one. Cheap to clone.
#[derive(Clone, Default)]
pub struct Policies {
    desk: Option<Arc<Desk>>,
}

struct Desk {
    client: GuardedClient,
    /// Real time: how long a record is kept is between us and its server.
    clock: Arc<dyn Clock>,
    source: PolicySource,
    compiled: Arc<PolicyCache>,
    slots: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Slot>>>>,
}

/// What is known of one address. Locked while its server is asked.
#[derive(Default)]
enum Slot {
    #[default]
    Unknown,
    Resolved(Box<Policy>, Timestamp),
    Failed(PolicyFault, Timestamp),
}

impl Policies {
    pub fn new(client: GuardedClient, clock: Arc<dyn Clock>, source: PolicySource) -> Self {
        let (compiled, slots) = (Arc::default(), Mutex::default());
        Self { desk: Some(Arc::new(Desk { client, clock, source, compiled, slots })) }
    }

    /// The verdict on a message, the bytes of its body, by the policy of that record.
    ///
    /// # Errors
    /// [`PolicyFault`]; the message is to be refused.
    pub async fn ask(&self, url: &str, query_path: &str, body: Vec<u8>) -> Result<Verdict, PolicyFault> {
        let desk = self.desk.as_ref().ok_or(PolicyFault::Off)?;
        if query_path != ENTRY_POINT {
            return Err(PolicyFault::QueryPathForeign);
        }
        let policy = desk.resolve(url).await?;
        let evaluated = tokio::task::spawn_blocking(move || policy.evaluate(&body)).await;
        Ok(evaluated.map_err(|_| PolicyError::Failed)??)
    }
}

impl Desk {
    async fn resolve(&self, url: &str) -> Result<Policy, PolicyFault> {
        if !self.source.prefixes.iter().any(|prefix| below(url, prefix)) {
            return Err(PolicyFault::AddressNotAllowed);
        }
        let slot = self.slot(url).ok_or(PolicyFault::Unresolved("too many addresses"))?;
        let mut slot = slot.lock().await;
        let now = self.clock.now();
        match &*slot {
            Slot::Resolved(policy, until) if now < *until => return Ok(Policy::clone(policy)),
            Slot::Failed(fault, until) if now < *until => return Err(fault.clone()),
            _ => {}
        }
        let fetched = self.fetch(url).await;
        *slot = match &fetched {
            Ok(policy) => Slot::Resolved(Box::new(policy.clone()), now.saturating_add(self.source.keep)),
            Err(fault) => {
                tracing::warn!(%fault, url, "a contract policy is not at hand; what needs it is refused");
                Slot::Failed(fault.clone(), now.saturating_add(FAILURE_KEPT))
            }
        };
        fetched
    }

    fn slot(&self, url: &str) -> Option<Arc<tokio::sync::Mutex<Slot>>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= ADDRESSES_MAX && !slots.contains_key(url) {
            return None;
        }
        Some(Arc::clone(slots.entry(url.to_owned()).or_default()))
    }

    /// Record, module, checksum. A module that is known by its checksum is not fetched again.
    async fn fetch(&self, url: &str) -> Result<Policy, PolicyFault> {
        let record = self.get(url, RECORD_MAX).await?;
        let record = Json::parse(&record).map_err(|_| PolicyFault::Unresolved("the record is not JSON"))?;
        let data = record.get("data").unwrap_or(&record);
        let details = data.get("details").unwrap_or(data);
        let revoked = |json: &Json| json.get("is_revoked").and_then(Json::as_bool) == Some(true);
        if revoked(data) || revoked(details) {
            return Err(PolicyFault::Unresolved("the record is revoked"));
        }
        let member = |name: &str| details.get(name).and_then(Json::as_str);
        let (Some(module_url), Some(checksum)) = (member("data_url"), member("data_url_checksum")) else {
            return Err(PolicyFault::Unresolved("the record names no module or no checksum"));
        };
        let checksum =
            Checksum::parse(checksum).map_err(|_| PolicyFault::Unresolved("the checksum is unreadable"))?;
        if let Some(policy) = self.compiled.get(checksum) {
            return Ok(policy);
        }
        let limits = self.source.limits;
        let module = self.get(module_url, limits.source_bytes).await?;
        let compiled = Arc::clone(&self.compiled);
        let policy = tokio::task::spawn_blocking(move || compiled.compile(&module, checksum, limits)).await;
        let policy = policy.map_err(|_| PolicyError::NotCompiled)??;
        tracing::info!(url, %checksum, "a contract policy is in force");
        Ok(policy)
    }

    async fn get(&self, url: &str, cap: usize) -> Result<Vec<u8>, PolicyFault> {
        let answer = self.client.get(url, cap).await.map_err(|error| {
            tracing::debug!(%error, url, "a contract policy could not be fetched");
            PolicyFault::Unresolved("its server cannot be reached")
        })?;
        match (answer.status, answer.truncated) {
            (200, false) => Ok(answer.body.to_vec()),
            (200, true) => Err(PolicyFault::Unresolved("it is too large")),
            _ => Err(PolicyFault::Unresolved("its server does not have it")),
        }
    }
}

/// The address is the prefix or below it, by whole segments, and says so plainly.
fn below(url: &str, prefix: &str) -> bool {
    let plain = !url.contains(['?', '#', '%', '\\', '@']) && !url.split('/').any(|part| part == "..");
    let rest = url.strip_prefix(prefix.trim_end_matches('/'));
    plain && !prefix.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Participant {
    /// Judges a message by the contract policy, where the network asks it at such an occasion: `init`, `confirm` and
    /// publications are [`PolicyUse::Commitments`], `select` is [`PolicyUse::Everywhere`].
    ///
    /// # Errors
    /// The violations, or that there is no verdict; either way the message is not to be agreed to.
    pub async fn check_policy(&self, occasion: PolicyUse, body: Vec<u8>) -> Result<(), PolicyRefusal> {
        if self.settings.rules.policy < occasion {
            return Ok(());
        }
        let named = &self.settings.policy;
        match self.policies.ask(&named.url, &named.query_path, body).await {
            Ok(verdict) => refusal(&verdict).map_or(Ok(()), |error| Err(PolicyRefusal::Violated(error))),
            Err(fault) => {
                tracing::warn!(%fault, "a message was refused without the contract policy's verdict");
                Err(PolicyRefusal::NoVerdict(fault))
            }
        }
    }

    /// Compares the flows that our own rules computed with those of the contract policy over the same `on_status`
    /// (ruling 27), where the network has a policy at all.
    ///
    /// # Errors
    /// A difference, which is for people to look at, or that there is no verdict.
    pub async fn compare_flows(&self, body: Vec<u8>, ours: &Flows) -> Result<(), FlowsRefusal> {
        if self.settings.rules.policy == PolicyUse::Nowhere {
            return Ok(());
        }
        let named = &self.settings.policy;
        let verdict = self.policies.ask(&named.url, &named.query_path, body).await;
        let verdict = verdict.map_err(FlowsRefusal::NoVerdict)?;
        verdict.check_flows(Some(ours)).map_err(FlowsRefusal::Different)
    }
}

/// Why our flows are not settled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlowsRefusal {
    #[error("{0}")]
    Different(FlowDifference),
    /// There is no verdict, perhaps only now.
    #[error("the contract policy gives no verdict: {0}")]
    NoVerdict(PolicyFault),
}

/// Why a message is not agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyRefusal {
    /// The policy says no.
    Violated(WireError),
    /// It says nothing, perhaps only now.
    NoVerdict(PolicyFault),
}

/// What the network is told.
impl From<PolicyRefusal> for WireError {
    fn from(refusal: PolicyRefusal) -> Self {
        match refusal {
            PolicyRefusal::Violated(error) => error,
            PolicyRefusal::NoVerdict(_) => {
                let text = "the contract policy cannot be applied now; without it nothing is agreed";
                Self::new(ErrorCode::PolGenericError, text)
            }
        }
    }
}

/// The NACK that names what is violated; the code is the first violation's.
fn refusal(verdict: &Verdict) -> Option<WireError> {
    let first = verdict.violations.first()?;
    let told: Vec<&str> = verdict.violations.iter().take(TOLD_MAX).map(|v| v.text.as_str()).collect();
    let text = format!("the contract policy refuses this: {}", told.join("; "));
    Some(WireError::new(first.code, text))
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
