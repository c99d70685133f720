//! Whether a credential may be believed: every check by its name, with its reason.

use beckn_wire::energy::normalize_meter;
use units::Timestamp;

use crate::claims::Claims;
use crate::contexts::Contexts;
use crate::did::KeyDocuments;
use crate::presented::{Kind, Presented};
use crate::status::{self, Status};
use crate::trust::{Issuer, TrustList};
use crate::{dates, proof};

/// The names of the checks.
pub mod names {
    pub const FORMAT: &str = "format";
    pub const SCHEMA: &str = "schema";
    pub const ISSUER: &str = "issuer";
    pub const PROOF: &str = "proof";
    pub const DATES: &str = "dates";
    pub const REVOCATION: &str = "revocation";
    pub const DISCOM: &str = "discom";
    pub const METER: &str = "meter";
    pub const CUSTOMER: &str = "customer";
    pub const ROLE: &str = "role";
}

/// How a check ended. Unknown is not passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Failed,
    Unknown,
}

impl Verdict {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Passed, Self::Failed, Self::Unknown].into_iter().find(|verdict| verdict.as_str() == text)
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub name: &'static str,
    pub verdict: Verdict,
    /// For people; holds no number and no name of anybody.
    pub reason: String,
}

/// What a credential is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Needs a plant.
    Seller,
    /// Needs a connection that may draw.
    Buyer,
}

/// What it has to fit. What is none is not asked for, and its check is left out.
#[derive(Clone, Debug, Default)]
pub struct Binding {
    /// In any spelling.
    pub meter: Option<String>,
    pub customer: Option<String>,
    /// The DISCOM's code.
    pub discom: Option<String>,
    pub role: Option<Role>,
}

/// By what it is judged.
#[derive(Clone, Debug)]
pub struct Policy<'a> {
    pub trust: &'a TrustList,
    pub contexts: &'a Contexts,
    pub now: Timestamp,
    /// The delivery slot that it has to cover whole, when it is for one.
    pub covers: Option<(Timestamp, Timestamp)>,
    pub binding: Binding,
}

/// What was found at the addresses that the credential names.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub documents: KeyDocuments,
    pub status: Status,
}

impl Default for Evidence {
    fn default() -> Self {
        Self { documents: KeyDocuments::new(), status: Status::NotAsked }
    }
}

/// Every check, and what the credential says.
#[derive(Clone, Debug)]
pub struct Report {
    pub checks: Vec<Check>,
    pub claims: Option<Claims>,
    /// The code of the DISCOM whose issuer it is, when the issuer is trusted.
    pub discom: Option<String>,
    /// From when until when its dates allow it.
    pub validity: Option<(Timestamp, Option<Timestamp>)>,
}

impl Report {
    /// Whether every check passed.
    pub fn verified(&self) -> bool {
        self.claims.is_some() && self.checks.iter().all(|check| check.verdict == Verdict::Passed)
    }

    /// How a check ended; none when it was not asked for.
    pub fn verdict(&self, name: &str) -> Option<Verdict> {
        self.checks.iter().find(|check| check.name == name).map(|check| check.verdict)
    }

    /// The first check that did not pass.
    pub fn fault(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.verdict != Verdict::Passed)
    }
}

/// Runs every check. CPU only: some milliseconds, for a signature over RDF up to some hundred, and bounded for any input; a
/// caller that serves others counts it, runs it aside, and few at once.
pub fn verify(presented: &Presented, policy: &Policy<'_>, evidence: &Evidence) -> Report {
    let mut checks = Vec::new();
    let mut add = |name: &'static str, (verdict, reason): (Verdict, String)| {
        checks.push(Check { name, verdict, reason });
    };
    let trusted = presented.issuer().and_then(|issuer| policy.trust.find(issuer));
    let claims = Claims::read(presented);
    add(names::FORMAT, format(presented));
    add(
        names::SCHEMA,
        match &claims {
            Ok(_) => (Verdict::Passed, "it has every member that its kind needs".to_owned()),
            Err(fault) => (Verdict::Failed, fault.clone()),
        },
    );
    add(names::ISSUER, issuer(presented, trusted));
    add(names::PROOF, proof::check(presented, trusted, policy.contexts, &evidence.documents));
    add(names::DATES, dates::check(presented, policy.now, policy.covers));
    add(names::REVOCATION, status::check(presented, evidence.status));
    for (name, outcome) in bound(&policy.binding, trusted, claims.as_ref().ok()) {
        add(name, outcome);
    }
    Report {
        checks,
        claims: claims.ok(),
        discom: trusted.map(|issuer| issuer.discom.clone()),
        validity: dates::validity(presented).ok(),
    }
}

/// The first context decides which data model it is.
const MODELS: [&str; 2] = ["https://www.w3.org/2018/credentials/v1", "https://www.w3.org/ns/credentials/v2"];

fn format(presented: &Presented) -> (Verdict, String) {
    let failed = |reason: &str| (Verdict::Failed, reason.to_owned());
    if let Some(contradiction) = presented.contradiction {
        return failed(contradiction);
    }
    let context = presented.document.get("@context");
    let first =
        context.and_then(|context| context.as_str().or_else(|| context.as_array()?.first()?.as_str()));
    if !first.is_some_and(|first| MODELS.contains(&first)) {
        return failed("its first context is not that of a verifiable credential");
    }
    if !presented.types().any(|kind| kind == "VerifiableCredential") {
        return failed("its type is not VerifiableCredential");
    }
    if presented.kind().is_none() {
        return failed("its type is not one that is known here");
    }
    if presented.issuer().is_none() {
        return failed("it names no issuer");
    }
    (Verdict::Passed, "it is a verifiable credential of a known kind".to_owned())
}

fn issuer(presented: &Presented, trusted: Option<&Issuer>) -> (Verdict, String) {
    match (presented.issuer(), trusted) {
        (None, _) => (Verdict::Failed, "it names no issuer".to_owned()),
        (_, None) => (Verdict::Failed, "its issuer is not on the list of trusted issuers".to_owned()),
        (_, Some(trusted)) => (Verdict::Passed, format!("its issuer speaks for {}", trusted.discom)),
    }
}

type Outcome = (&'static str, (Verdict, String));

fn bound(binding: &Binding, trusted: Option<&Issuer>, claims: Option<&Claims>) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut compare = |name: &'static str, fits: Option<bool>, what: &str| {
        outcomes.push(match fits {
            Some(true) => (name, (Verdict::Passed, format!("it is for this {what}"))),
            Some(false) => (name, (Verdict::Failed, format!("it is for another {what}"))),
            None => (name, (Verdict::Failed, format!("it does not say for which {what} it is"))),
        });
    };
    if let Some(code) = &binding.discom {
        compare(names::DISCOM, trusted.map(|issuer| issuer.discom == *code), "DISCOM");
    }
    let key = binding.meter.as_deref().map(normalize_meter);
    let named = |claims: &Claims| -> Vec<String> {
        claims.meters.iter().filter_map(|claim| claim.meter.as_deref()).map(normalize_meter).collect()
    };
    if let Some(key) = &key {
        let meters = claims.map(named).filter(|meters| !meters.is_empty());
        compare(names::METER, meters.map(|meters| meters.contains(key)), "meter");
    }
    if let Some(number) = &binding.customer {
        let said = claims.and_then(|claims| claims.customer_number.as_deref());
        compare(names::CUSTOMER, said.map(|said| same_customer(said, number)), "customer");
    }
    if let Some(role) = binding.role {
        outcomes.push((names::ROLE, fits_role(role, key.as_deref(), claims)));
    }
    outcomes
}

/// Whether two texts are one customer number.
pub(crate) fn same_customer(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

fn fits_role(role: Role, meter: Option<&str>, claims: Option<&Claims>) -> (Verdict, String) {
    let Some(claims) = claims else {
        return (Verdict::Failed, "it does not say what it is for".to_owned());
    };
    let relevant = claims.meters.iter().filter(|claim| {
        meter.is_none_or(|meter| claim.meter.as_deref().is_none_or(|id| normalize_meter(id) == meter))
    });
    let mut relevant = relevant.peekable();
    let fits = match role {
        Role::Seller => relevant.any(|claim| claim.installed_capacity_w().is_some()),
        Role::Buyer => relevant.any(|claim| claim.sanctioned_load_w.is_some()),
    };
    match (fits, role) {
        (true, Role::Seller) => (Verdict::Passed, "it shows a plant that can sell".to_owned()),
        (true, Role::Buyer) => (Verdict::Passed, "it shows a connection that can buy".to_owned()),
        (false, Role::Seller) => (Verdict::Failed, "a seller needs a credential of generation".to_owned()),
        (false, Role::Buyer) => (Verdict::Failed, "a buyer needs a credential of consumption".to_owned()),
    }
}

/// The kinds that tell what a meter can do; the others tell who is behind it.
impl Kind {
    pub fn shows_limits(self) -> bool {
        !matches!(self, Self::UtilityCustomer | Self::ProgramEnrollment)
    }
}
