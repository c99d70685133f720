//! Verdicts on message bodies: JSON Schema 2020-12 with formats asserted, against both texts of Beckn 2.0.0.
//!
//! Two texts are in force (rulings, 8): what we send has to be valid in both, what we receive has to be valid
//! in the main one, less a short list of tolerances that are named and counted. Our own description of the
//! bodies stands in the vocabulary of `shape`; the specification's files are an oracle in the tests and
//! nothing more. The walk is bounded in time by the document's size, in depth by `Json::parse`, in memory by
//! [`VIOLATIONS_MAX`].
//!
//! What the schemas do not say and the prose does (which context members are required, that an action equals
//! its path) is judged by `context` and by the receiver.

mod actions;
mod answers;
mod check;
mod core;
mod format;
mod packs;
mod schema;
mod shape;
mod tolerance;

use std::fmt;

use crate::code::{ErrorCode, WireError};
use crate::json::Json;
use check::Walk;

pub use answers::Answer;
pub use packs::validate_attributes;
pub use schema::{SchemaFile, generated};
pub use shape::Text;
pub use tolerance::{Tolerance, admit};

/// So many violations are reported at most; the rest of a bad document is not looked at.
pub const VIOLATIONS_MAX: usize = 16;

/// One thing that is wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub code: ErrorCode,
    /// Steps from the root joined by `/`: `message/contract/commitments/0/status`. Empty for the body as a
    /// whole.
    pub path: String,
    /// What the value at `path` should have been; never quotes a value.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.code, self.path, self.message)
    }
}

impl From<Violation> for WireError {
    fn from(violation: Violation) -> Self {
        let error = Self::new(violation.code, violation.message);
        if violation.path.is_empty() { error } else { error.at(violation.path) }
    }
}

/// Judges the bytes of a request or callback by its own `context.action`.
///
/// # Errors
/// The first violations, at most [`VIOLATIONS_MAX`].
pub fn validate(text: Text, bytes: &[u8]) -> Result<(), Vec<Violation>> {
    let body = Json::parse(bytes).map_err(|error| {
        vec![Violation { code: ErrorCode::SchInvalidJson, path: String::new(), message: error.to_string() }]
    })?;
    validate_json(text, &body)
}

/// As [`validate`], of a document that is read already.
///
/// # Errors
/// As [`validate`].
pub fn validate_json(text: Text, body: &Json) -> Result<(), Vec<Violation>> {
    let rule = rule_of(text, body).map_err(|violation| vec![violation])?;
    let mut walk = Walk::new(text, VIOLATIONS_MAX);
    walk.body(rule, body);
    walk.finish()
}

/// Whether a body may be sent: valid in the main text, and in the tag when the tag knows the action at all.
///
/// # Errors
/// As [`validate`].
pub fn sendable(body: &Json) -> Result<(), Vec<Violation>> {
    validate_json(Text::Main, body)?;
    if rule_of(Text::Tag, body).is_ok() { validate_json(Text::Tag, body) } else { Ok(()) }
}

/// Judges the body of a synchronous answer, in the main text.
///
/// # Errors
/// As [`validate`].
pub fn validate_answer(answer: Answer, body: &Json) -> Result<(), Vec<Violation>> {
    let shape = answer.shape();
    let mut walk = Walk::new(Text::Main, VIOLATIONS_MAX);
    walk.value(&shape, body);
    walk.finish()
}

fn rule_of(text: Text, body: &Json) -> Result<&'static actions::Rule, Violation> {
    let refuse = |code, path: &str, message: &str| Violation {
        code,
        path: path.to_owned(),
        message: message.to_owned(),
    };
    if body.as_object().is_none() {
        return Err(refuse(ErrorCode::SchInvalidFormat, "", "must be an object"));
    }
    let Some(action) = body.at(&["context", "action"]) else {
        return Err(refuse(ErrorCode::CtxMissingField, "context/action", "is required and missing"));
    };
    action.as_str().and_then(|action| actions::rule(text, action)).ok_or_else(|| {
        refuse(ErrorCode::CtxInvalidField, "context/action", "is not an action of this specification")
    })
}
