//! `application/problem+json` (RFC 9457): how every failure of the client API looks.
//!
//! The text says what is wrong in the client's terms; what went wrong inside stands in the log under the request id.

use std::fmt;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpResponse, ResponseError};
use db::DbError;
use serde::Serialize;
use utoipa::ToSchema;

use super::idempotency;
use crate::error::{Code, Coded, OfSlot};
use crate::events::answers::Kept;

/// The media type of every failure.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A failure on its way to the client.
#[derive(Clone, Debug)]
pub struct Problem {
    code: Code,
    detail: Option<String>,
    field: Option<String>,
    /// Which slot of the request it is about, until its place is known.
    slot: Option<OfSlot>,
    help: Option<Box<Help>>,
    headers: Vec<(HeaderName, String)>,
    /// What was answered before, which is given again in place of a failure.
    instead: Option<Arc<Kept>>,
}

/// What few failures say of themselves beyond their code.
#[derive(Clone, Debug)]
struct Help {
    next_step: Option<String>,
    remaining_kwh: Option<String>,
}

/// What stands in the body.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Where the code is explained, relative to this server.
    #[serde(rename = "type")]
    #[schema(example = "/docs/errors#trade.gate_closed")]
    pub kind: String,
    /// A short summary of the code, for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request.
    pub detail: String,
    /// The request id, as in `X-Request-Id`.
    pub instance: String,
    /// Stable, for programs.
    #[schema(example = "trade.gate_closed")]
    pub code: String,
    /// The field at fault, as a path into the body: `slots[0].quantity_kwh`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What usually helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
    /// How much could still be had, when a limit is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "4.5")]
    pub remaining_kwh: Option<String>,
}

impl Problem {
    /// With the title of the code as its text.
    pub fn of(code: Code) -> Self {
        Self { code, detail: None, field: None, slot: None, help: None, headers: Vec::new(), instead: None }
    }

    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::of(code) }
    }

    /// A field that cannot be accepted.
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Code::FieldInvalid, detail).at(field)
    }

    /// There is no such thing, or it is somebody else's.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what}."))
    }

    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With another advice than that of the code.
    #[must_use]
    pub fn advise(mut self, next_step: &str) -> Self {
        self.help = Some(Box::new(Help { next_step: Some(next_step.to_owned()), remaining_kwh: None }));
        self
    }

    /// No failure at all: the answer that was given under the request's key before.
    pub fn answered(kept: Kept) -> Self {
        Self { instead: Some(Arc::new(kept)), ..Self::of(Code::Internal) }
    }

    /// The field at fault.
    pub fn at_field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// Which slot of the request it is about, where it knows.
    pub fn slot(&self) -> Option<&OfSlot> {
        self.slot.as_ref()
    }

    /// Something went wrong inside.
    pub fn is_ours(&self) -> bool {
        self.code.status() >= 500
    }

    /// The stable text of its code.
    pub fn code(&self) -> &'static str {
        self.code.as_str()
    }

    /// The answer, under the id of its request.
    pub fn render(&self, request_id: &str) -> HttpResponse {
        if let Some(kept) = &self.instead {
            return idempotency::again(kept);
        }
        let help = self.help.as_deref();
        let body = ProblemBody {
            kind: format!("/docs/errors#{}", self.code.as_str()),
            title: self.code.title().to_owned(),
            status: self.code.status(),
            detail: self.to_string(),
            instance: request_id.to_owned(),
            code: self.code.as_str().to_owned(),
            field: self.field.clone(),
            next_step: help
                .and_then(|help| help.next_step.clone())
                .or_else(|| next_step(self.code).map(str::to_owned)),
            remaining_kwh: help.and_then(|help| help.remaining_kwh.clone()),
        };
        let mut response = HttpResponse::build(self.status_code());
        response.content_type(MEDIA_TYPE);
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.as_str()));
        }
        response.body(serde_json::to_vec(&body).unwrap_or_default())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => f.write_str(detail),
            None => write!(f, "{}.", self.code.title()),
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.render("")
    }
}

/// An error of a lower level: its own text, unless it is about our insides.
impl<E: Coded> From<E> for Problem {
    fn from(error: E) -> Self {
        let code = error.code();
        if code.status() >= 500 {
            tracing::error!(%error, code = code.as_str(), "a request failed");
        }
        if code == Code::Internal {
            return Self::of(code);
        }
        let mut problem = Self::new(code, sentence(&error.to_string()));
        problem.slot = error.slot();
        let help = Help { next_step: error.next_step(), remaining_kwh: error.remaining_kwh() };
        if help.next_step.is_some() || help.remaining_kwh.is_some() {
            problem.help = Some(Box::new(help));
        }
        if let Some(seconds) = error.retry_after() {
            problem = problem.with(header::RETRY_AFTER, seconds.to_string());
        }
        match error.field() {
            Some(field) => problem.at(field),
            None => problem,
        }
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        if let DbError::NulInText { .. } = error {
            return Self::new(Code::FieldInvalid, "A text may not contain the character U+0000.");
        }
        tracing::error!(%error, "the database failed a request");
        Self::of(Code::Internal)
    }
}

/// The errors of lower levels are clauses; here they stand alone.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

fn next_step(code: Code) -> Option<&'static str> {
    let text = match code {
        Code::TokenMissing => {
            "Send the header Authorization: Bearer followed by your token; POST /auth/login gives one."
        }
        Code::TokenInvalid => "Sign in again, or make a new API token.",
        Code::TokenExpired => "POST /auth/refresh gives a new access token.",
        Code::CredentialsWrong => "Check both, or choose a new password: POST /auth/password/forgot.",
        Code::CodeInvalid => {
            "Type the code again: each has five tries within five minutes. After that, or for a link, ask for a \
             new one; the last one sent is the one that counts."
        }
        Code::RefreshInvalid => "Sign in again.",
        Code::EmailUnverified => {
            "Open the link that was sent to you, or ask for another: POST /auth/verify-email/resend."
        }
        Code::AccountLocked => "Ask the operator of this platform.",
        Code::AccountFull => "Revoke one that is not used any more.",
        Code::PasswordWeak => "Choose 8 characters or more that nobody would guess, such as a few words.",
        Code::ScopeMissing => "Use a token that has the scope, or sign in.",
        Code::SignInOver | Code::SignInRefused => "Begin the sign-in again.",
        Code::IssuerUnlinked => "Sign in another way: by password, or by the code for your number.",
        Code::IssuerUnavailable => "Try again later, or sign in another way.",
        Code::StateConflict => "Read the transaction again; its state says what is possible now.",
        Code::GateClosed => "Choose a later delivery slot.",
        Code::GateNotOpen => "Ask again when the slot's trading window is open.",
        Code::QuantityUnavailable => "Ask for less, or discover again.",
        Code::PriceMismatch => "Select again to get the published price.",
        Code::MeterUnverified => {
            "Hand in a credential that proves the meter, or claim it again with its key."
        }
        Code::CreditExceeded => "Top the account up, or ask the operator for more credit.",
        Code::LastWayIn => "Add an e-mail address or a mobile number first: POST /users/me/logins.",
        Code::PayoutMissing => "Say where buyers pay you: PATCH /users/me with payout_vpa.",
        Code::WithdrawalExceeded => "Withdraw at most what the balance has beyond what is held.",
        Code::AccountOpen => {
            "Wait until the trades are settled, pay or withdraw what is left, and ask again."
        }
        Code::BelowSold => "Keep at least what is sold and reserved in that slot.",
        Code::InProgress => "Ask again with the same key, a second later.",
        Code::CursorInvalid => "Begin without a cursor, and follow the Link of each page.",
        Code::IdempotencyMismatch => "Use a new Idempotency-Key for a new request.",
        Code::DocumentLocked => "Save the PDF without a password, and send that.",
        Code::DocumentEmpty => "Send the bill as the DISCOM wrote it, not a scan of it.",
        Code::RateLimited | Code::Busy => "Wait as long as Retry-After says.",
        Code::Internal => "Try again; if it persists, tell the operator the request id.",
        Code::PeerUnavailable => "Try again later.",
        Code::UnsupportedMediaType => "Send the header Content-Type: application/json.",
        _ => return None,
    };
    Some(text)
}

/// The failures that actix itself finds, before or beside our handlers.
pub fn of_status(status: StatusCode) -> Problem {
    match status.as_u16() {
        404 => Problem::of(Code::NotFound),
        405 => Problem::of(Code::MethodNotAllowed),
        413 => Problem::of(Code::RequestTooLarge),
        415 => Problem::of(Code::UnsupportedMediaType),
        429 => Problem::of(Code::RateLimited),
        400..=499 => Problem::of(Code::RequestMalformed),
        _ => Problem::of(Code::Internal),
    }
}

/// Asks for a token, as RFC 6750 does.
pub fn challenge(problem: Problem, error: Option<&str>) -> Problem {
    let value = match error {
        None => "Bearer realm=\"wattmandi\"".to_owned(),
        Some(error) => format!("Bearer realm=\"wattmandi\", error=\"{error}\""),
    };
    problem.with(header::WWW_AUTHENTICATE, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_internal_error_tells_nothing() {
        let problem = Problem::from(DbError::Other("password of postgres".into()));
        assert_eq!(problem.to_string(), "Something went wrong on our side.");
        assert_eq!(problem.status_code(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn clauses_become_sentences() {
        assert_eq!(sentence("the offer is withdrawn"), "The offer is withdrawn.");
        assert_eq!(sentence("Really?"), "Really?");
        assert_eq!(sentence(""), ".");
    }
}
