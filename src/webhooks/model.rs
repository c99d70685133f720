//! What a webhook and its deliveries are. Pure.

use db::DbError;
use units::{Span, Timestamp};
use uuid::Uuid;

use crate::error::{Code, Coded};
use crate::events::KINDS;

/// Webhooks of one user.
pub const PER_USER: i64 = 10;
/// Filters of one webhook.
const FILTERS_MAX: usize = 50;
const URL_MAX: usize = 2_000;
const DESCRIPTION_MAX: usize = 200;
/// So long after a rotation the secret before it signs too.
pub(super) const BOTH_SIGN: Span = Span::from_hours(24);
/// A webhook that has failed for so long is disabled.
pub(super) const DISABLED_AFTER: Span = Span::from_hours(72);
/// A delivery that was refused for so long is given up, though others go through.
pub(super) const GIVEN_UP_AFTER: Span = Span::from_hours(5 * 24);
/// More than this waiting for one webhook disables it.
pub(super) const WAITING_MAX: i64 = 10_000;
/// So many ended deliveries of one webhook are kept, and so long.
pub(super) const KEPT: i64 = 1_000;
pub(super) const KEPT_FOR: Span = Span::from_hours(30 * 24);
/// Events that one replay sends again at most.
pub(super) const REPLAY_MAX: usize = 1_000;

/// Two texts for each variant: of the database and of the client API.
macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$about])* $variant,)+ }

        impl $name {
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Reads what [`Self::as_str`] wrote.
            ///
            /// # Errors
            /// Another text, which a CHECK of the table excludes.
            pub fn parse(text: &str) -> Result<Self, DbError> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(DbError::Other(concat!("unknown ", stringify!($name)).into())),
                }
            }
        }
    };
}

states! {
    /// Whether a webhook is called.
    State {
        Active = "active",
        /// By its user: events that happen meanwhile are not sent, but can be replayed.
        Paused = "paused",
        /// By us: it failed for too long, or too much was waiting.
        Disabled = "disabled",
    }
}

states! {
    /// How far a delivery is.
    DeliveryState {
        Pending = "pending",
        Delivered = "delivered",
        /// Given up.
        Failed = "failed",
    }
}

/// An address that is told of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    pub id: Uuid,
    pub user_id: Uuid,
    pub url: String,
    pub description: Option<String>,
    /// Kinds, nouns (`contract.*`) or `*`, sorted.
    pub filters: Vec<String>,
    pub state: State,
    /// Why it is disabled.
    pub reason: Option<String>,
    /// Of its secret: 1, and one more for each rotation.
    pub generation: i64,
    pub rotated_at: Option<Timestamp>,
    /// The API token that made it or changed it last, with which it ends; none for somebody who had signed in.
    pub api_token: Option<Uuid>,
    /// What shows whether a derived secret is the one that its user was given.
    pub secret_check: String,
    /// Attempts that failed since the last one that did not.
    pub failures: i64,
    pub failing_since: Option<Timestamp>,
    /// Nothing is sent before; wire time.
    pub retry_at: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Webhook {
    /// The generations of the secret that sign now, newest first.
    pub(super) fn signing(&self, now: Timestamp) -> Vec<i64> {
        let recent = self.rotated_at.is_some_and(|at| now < at.saturating_add(BOTH_SIGN));
        if recent && self.generation > 1 {
            vec![self.generation, self.generation.saturating_sub(1)]
        } else {
            vec![self.generation]
        }
    }
}

/// A webhook to be added.
#[derive(Clone, Debug)]
pub struct New {
    pub url: String,
    pub description: Option<String>,
    /// Empty for all.
    pub filters: Vec<String>,
    /// The API token that asks for it.
    pub api_token: Option<Uuid>,
}

/// What is to change of a webhook.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub url: Option<String>,
    pub description: Option<String>,
    pub filters: Option<Vec<String>>,
    /// `active` also takes up what a disabled webhook has left.
    pub active: Option<bool>,
    /// The API token that asks for it.
    pub api_token: Option<Uuid>,
}

/// A webhook after a rotation.
#[derive(Clone, Debug)]
pub struct Rotated {
    pub webhook: Webhook,
    /// Until then the secret before signs too.
    pub both_until: Timestamp,
}

impl Rotated {
    pub(super) fn of(webhook: Webhook) -> Self {
        let since = webhook.rotated_at.unwrap_or(webhook.updated_at);
        Self { webhook, both_until: since.saturating_add(BOTH_SIGN) }
    }
}

/// One event for one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub webhook: Uuid,
    /// The number of the event.
    pub event: i64,
    pub kind: String,
    pub state: DeliveryState,
    pub attempts: i64,
    /// When it is sent next; while it is pending.
    pub due_at: Timestamp,
    /// The receiver's last HTTP status.
    pub status: Option<i64>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// `webhook-id`: the same however often the event is sent to that webhook, and of no other message.
pub fn message_id(webhook: Uuid, event: i64) -> String {
    format!("msg_{}_{event}", webhook.simple())
}

/// Why a webhook cannot be made, changed or found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    #[error("there is no such webhook")]
    NotFound,
    #[error("a user has at most {PER_USER} webhooks")]
    TooMany,
    #[error("{reason}")]
    Invalid { field: &'static str, reason: String },
    #[error("the request came at the same time on another connection")]
    Stale,
    #[error(transparent)]
    Database(#[from] DbError),
}

impl Coded for WebhookError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::NotFound,
            Self::TooMany => Code::WebhookLimit,
            Self::Invalid { .. } => Code::FieldInvalid,
            Self::Stale => Code::StateConflict,
            Self::Database(_) => Code::Internal,
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Invalid { field, .. } => Some((*field).to_owned()),
            _ => None,
        }
    }
}

fn invalid(field: &'static str, reason: impl Into<String>) -> WebhookError {
    WebhookError::Invalid { field, reason: reason.into() }
}

/// An address of plausible form; whether it may be called is the client's to say.
pub(super) fn check_url(url: &str) -> Result<(), WebhookError> {
    let plausible = (1..=URL_MAX).contains(&url.len()) && url.bytes().all(|byte| byte.is_ascii_graphic());
    if plausible {
        Ok(())
    } else {
        Err(invalid("url", format!("an https URL of at most {URL_MAX} characters is expected")))
    }
}

pub(super) fn forbidden_url() -> WebhookError {
    invalid("url", "only public https addresses can be called")
}

pub(super) fn check_description(description: Option<&str>) -> Result<(), WebhookError> {
    match description {
        Some(text) if text.chars().count() > DESCRIPTION_MAX => {
            Err(invalid("description", format!("at most {DESCRIPTION_MAX} characters are kept")))
        }
        _ => Ok(()),
    }
}

/// Filters in their one form: sorted, each once, `*` for all.
pub(super) fn normal(mut filters: Vec<String>) -> Result<Vec<String>, WebhookError> {
    if filters.is_empty() {
        return Ok(vec!["*".to_owned()]);
    }
    if filters.len() > FILTERS_MAX {
        return Err(invalid("kinds", format!("at most {FILTERS_MAX} kinds can be named")));
    }
    if let Some(unknown) = filters.iter().find(|filter| !KINDS.iter().any(|kind| matches(filter, kind.name)))
    {
        return Err(invalid(
            "kinds",
            format!("no kind of event is named {unknown:.60}; see EventKind in /openapi.json"),
        ));
    }
    filters.sort();
    filters.dedup();
    Ok(filters)
}

/// Whether a filter lets a kind through.
pub(super) fn matches(filter: &str, kind: &str) -> bool {
    filter == "*" || filter == kind || crate::events::noun_pattern(kind) == filter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_kinds_nouns_or_all() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(normal(Vec::new()).unwrap(), ["*"]);
        let sorted = normal(texts(&["trust.changed", "contract.*", "trust.changed"])).unwrap();
        assert_eq!(sorted, ["contract.*", "trust.changed"]);
        for wrong in ["contract", "contract.", "contract.nothing", "nothing.*", "**", ""] {
            assert!(normal(texts(&[wrong])).is_err(), "{wrong}");
        }
        assert!(normal(vec!["*".to_owned(); 51]).is_err());
        assert!(matches("contract.*", "contract.active") && !matches("contract.*", "contractor.x"));
    }

    #[test]
    fn both_secrets_sign_for_a_day_after_a_rotation() {
        let at = Timestamp::from_seconds(1_000_000);
        let mut webhook = Webhook {
            id: Uuid::from_u128(1),
            user_id: Uuid::from_u128(2),
            url: "https://a.example".into(),
            description: None,
            filters: vec!["*".into()],
            state: State::Active,
            reason: None,
            generation: 1,
            rotated_at: None,
            api_token: None,
            secret_check: String::new(),
            failures: 0,
            failing_since: None,
            retry_at: at,
            created_at: at,
            updated_at: at,
        };
        assert_eq!(webhook.signing(at), [1]);
        (webhook.generation, webhook.rotated_at) = (2, Some(at));
        assert_eq!(webhook.signing(at), [2, 1]);
        assert_eq!(webhook.signing(at.saturating_add(BOTH_SIGN)), [2]);
    }
}
