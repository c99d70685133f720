//! The ledger's REST interface (facts of the domain, section 9; OpenAPI 0.4.0): `/ledger/put`,
//! `/ledger/record`, `/ledger/allocate` and `/ledger/get`, signed like messages of the network.
//!
//! ```text
//! bytes → caller (signature) → request (pure: fields, kinds, roles) → service ─┬→ store
//!                                                        ledger, delivery ←→ items ┘
//! ```
//!
//! A record belongs to a transaction and an order item. Platforms own who, when, how much and at what price;
//! each DISCOM owns its own actuals and status. Invariants: no field is written by anybody but its owner;
//! what identifies a trade never changes once it is set; the same `clientReference` never writes twice; every
//! answer of a write carries the digest of the row as it then stands. What was told over the network is a
//! record here, and what is put here is counted and allocated like it ([`items`]).

pub mod items;
pub mod request;
pub mod service;
pub mod store;

use beckn_wire::json::Json;

/// Largest body of a call, in bytes.
pub const BODY_MAX: usize = 64 * 1_024;

/// Why a call was refused, in the terms of the interface.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct RestError {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
    /// The member at fault, and what is wrong with it.
    pub field: Option<(String, String)>,
}

impl RestError {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), field: None }
    }

    pub fn unsigned(message: impl Into<String>) -> Self {
        Self::new(401, "AUT_SIGNATURE_INVALID", message)
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, "AUT_NOT_AUTHORIZED", message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "PRC_NOT_FOUND", message)
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "PRC_CONFLICT", message)
    }

    pub fn internal() -> Self {
        Self::new(500, "SRV_INTERNAL_ERROR", "the ledger cannot answer now")
    }

    pub fn field(name: &str, issue: impl Into<String>) -> Self {
        let field = Some((name.to_owned(), issue.into()));
        Self { field, ..Self::new(400, "SCH_FIELD_NOT_ALLOWED", "Invalid request body") }
    }

    pub fn missing(name: &str) -> Self {
        let field = Some((name.to_owned(), "is required".to_owned()));
        Self { field, ..Self::new(400, "SCH_MISSING_REQUIRED", format!("{name} is required")) }
    }

    pub fn to_json(&self) -> Json {
        let mut members =
            vec![("code", Json::from(self.code)), ("message", Json::from(self.message.as_str()))];
        if let Some((field, issue)) = &self.field {
            let details = [("field", Json::from(field.as_str())), ("issue", Json::from(issue.as_str()))];
            members.push(("details", Json::object(details)));
        }
        Json::object(members)
    }
}
