//! A bill as it is kept.

use bill_reader::{Check, Grade, Reading};
use units::Timestamp;
use uuid::Uuid;

/// What became of the model's help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelUse {
    Used,
    NotConfigured,
    /// The user has not agreed that the operator's model sees bills.
    NoConsent,
    /// Too many bills were shown to it at this moment.
    Busy,
    Unavailable,
    /// Its answer was too long, no JSON, or out of the schema.
    Unusable,
}

impl ModelUse {
    pub const fn as_str(self) -> &'static str {
        match self {
            ModelUse::Used => "used",
            ModelUse::NotConfigured => "not_configured",
            ModelUse::NoConsent => "no_consent",
            ModelUse::Busy => "busy",
            ModelUse::Unavailable => "unavailable",
            ModelUse::Unusable => "unusable",
        }
    }
}

/// Whether the bonus of trust was given, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bonus {
    Given,
    MeterNotYours,
    GradeTooLow,
    AccountHadIt,
    MeterHadIt,
    DocumentHadIt,
}

impl Bonus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Bonus::Given => "given",
            Bonus::MeterNotYours => "meter_not_yours",
            Bonus::GradeTooLow => "grade_too_low",
            Bonus::AccountHadIt => "account_had_it",
            Bonus::MeterHadIt => "meter_had_it",
            Bonus::DocumentHadIt => "document_had_it",
        }
    }
}

/// A bill that was read.
#[derive(Clone, Debug)]
pub struct NewDocument {
    pub id: Uuid,
    pub user_id: Uuid,
    /// Hex of the SHA-256 of the file.
    pub digest: String,
    pub pages: i64,
    pub grade: Grade,
    pub model: ModelUse,
    /// JSON: of [`Check`]s, and of a [`Reading`]. Written before the transaction.
    pub checks: String,
    pub reading: String,
    /// The account's own meter that the bill names.
    pub meter_key: Option<String>,
}

/// A bill on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub id: Uuid,
    pub pages: i64,
    pub grade: String,
    pub model: String,
    pub bonus: String,
    pub checks: Vec<Check>,
    pub reading: Reading,
    pub created_at: Timestamp,
}
