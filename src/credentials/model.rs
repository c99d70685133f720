//! A credential as it is kept: the judgment, and the few facts of it that count here.

use energy_credentials::{Check, Claims};
use serde::{Deserialize, Serialize};
use units::Timestamp;
use uuid::Uuid;

/// One check, as it is kept and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCheck {
    pub name: String,
    /// `passed`, `failed` or `unknown`.
    pub verdict: String,
    pub reason: String,
}

impl From<&Check> for StoredCheck {
    fn from(check: &Check) -> Self {
        Self {
            name: check.name.to_owned(),
            verdict: check.verdict.as_str().to_owned(),
            reason: check.reason.clone(),
        }
    }
}

/// What a credential says of one meter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proven {
    /// As the issuer writes it; none when it is about the customer's connection as a whole.
    pub meter: Option<String>,
    pub resource_type: Option<String>,
    pub installed_capacity_w: Option<i64>,
    pub sanctioned_load_w: Option<i64>,
    /// All batteries behind the meter.
    pub storage_wh: Option<i64>,
}

/// What is kept of what a credential says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    pub customer_number: Option<String>,
    pub meters: Vec<Proven>,
    pub program: Option<String>,
}

impl From<&Claims> for Judged {
    fn from(claims: &Claims) -> Self {
        let meters = claims.meters.iter().map(|meter| Proven {
            meter: meter.meter.clone(),
            resource_type: meter.resource_type().map(str::to_owned),
            installed_capacity_w: meter.installed_capacity_w(),
            sanctioned_load_w: meter.sanctioned_load_w,
            storage_wh: meter.storage.iter().try_fold(0_i64, |sum, one| sum.checked_add(one.capacity_wh)),
        });
        Self {
            customer_number: claims.customer_number.clone(),
            meters: meters.collect(),
            program: claims.program.clone(),
        }
    }
}

/// A credential that was judged.
#[derive(Clone, Debug)]
pub struct NewCredential {
    pub id: Uuid,
    pub user_id: Uuid,
    /// Hex of the SHA-256 of what was handed in.
    pub digest: String,
    /// `json`, `jwt` or `pdf`.
    pub form: &'static str,
    pub kind: Option<&'static str>,
    pub issuer: Option<String>,
    pub discom: Option<String>,
    pub verified: bool,
    pub checks: Vec<StoredCheck>,
    pub claims: Option<Judged>,
    pub valid_from: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
    /// Where its revocation stands; none where it names no registry.
    pub status_url: Option<String>,
}

/// A credential on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub id: Uuid,
    pub user_id: Uuid,
    pub form: String,
    pub kind: Option<String>,
    pub issuer: Option<String>,
    pub discom: Option<String>,
    pub verified: bool,
    pub checks: Vec<StoredCheck>,
    pub claims: Option<Judged>,
    pub valid_from: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
    /// Where its revocation stands; none where it names no registry.
    pub status_url: Option<String>,
    /// Since when it proves nothing for the time being, for nobody says whether it is revoked.
    pub suspended_at: Option<Timestamp>,
    /// For good.
    pub revoked_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl Stored {
    /// Whether it proves anything at this instant.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.verified
            && self.suspended_at.is_none()
            && self.revoked_at.is_none()
            && self.valid_from.is_none_or(|from| from <= now)
            && self.valid_until.is_none_or(|until| now < until)
    }
}
