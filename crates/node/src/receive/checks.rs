//! The checks between a proven signature and the schema. Pure.

use beckn_wire::action::{Action, Role};
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::context::Context;
use units::Timestamp;

use crate::address::{base_path, uri_matches};
use crate::identity::Identity;
use crate::registry::Record;

/// Whether the action may carry whole catalogs, and so a large body (ruling 12).
pub(super) fn carries_catalogs(action: Action) -> bool {
    matches!(
        action,
        Action::CatalogPublish | Action::OnDiscover | Action::CatalogPush | Action::CatalogOnPull
    )
}

/// `application/json`, with or without parameters; an absent type is taken as that.
pub(super) fn is_json(content_type: Option<&str>) -> bool {
    content_type.is_none_or(|value| {
        value.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
    })
}

pub(super) fn id_member(role: Role) -> &'static str {
    match role {
        Role::Bap => "bapId",
        Role::Bpp => "bppId",
    }
}

fn uri_of(context: &Context, role: Role) -> (Option<&str>, &'static str) {
    match role {
        Role::Bap => (context.bap_uri.as_deref(), "context/bapUri"),
        Role::Bpp => (context.bpp_uri.as_deref(), "context/bppUri"),
    }
}

pub(super) fn same_base(a: &Identity, b: &Identity) -> bool {
    base_path(&a.base_url) == base_path(&b.base_url)
}

/// The action of the path, and the ttl on the wire clock (ruling 1).
///
/// # Errors
/// `CTX_ACTION_MISMATCH`, `CTX_TTL_EXPIRED`.
pub(super) fn context(context: &Context, action: Action, now: Timestamp) -> Result<(), WireError> {
    if context.action != action {
        let message = format!("context.action is not {action}, the action of this address");
        return Err(WireError::new(ErrorCode::CtxActionMismatch, message).at("context/action"));
    }
    if context.deadline().is_some_and(|deadline| deadline < now) {
        return Err(
            WireError::new(ErrorCode::CtxTtlExpired, "the message is older than its ttl").at("context/ttl")
        );
    }
    Ok(())
}

/// Both addresses must be those of the registry (ruling 2). They are compared, never called.
///
/// # Errors
/// `CTX_INVALID_BPP_URI`, and `CTX_CALLBACK_URL_MISSING` when a request does not say where its answer goes.
pub(super) fn addresses(context: &Context, sender: &Record, receiver: &Identity) -> Result<(), WireError> {
    // A catalog service signs as itself; the context has no member for it, so there is nothing to compare.
    let sender_named = context.sender_id() == Some(sender.subscriber_id.as_str());
    let (uri, path) = uri_of(context, context.action.sender());
    match uri {
        Some(uri) if sender_named => matches(&sender.url, uri, path)?,
        None if sender_named && context.action.callback().is_some() => {
            let message = "the context does not say where the answer goes";
            return Err(WireError::new(ErrorCode::CtxCallbackUrlMissing, message).at(path));
        }
        _ => {}
    }
    let (uri, path) = uri_of(context, context.action.receiver());
    match uri {
        Some(uri) if context.receiver_id().is_some() => matches(&receiver.base_url, uri, path),
        _ => Ok(()),
    }
}

fn matches(registered: &str, uri: &str, path: &str) -> Result<(), WireError> {
    if uri_matches(registered, uri).is_some() {
        return Ok(());
    }
    Err(WireError::new(ErrorCode::CtxInvalidBppUri, "the address is not that of the registry").at(path))
}

/// The network must be one of ours, and the sender a member of it (ruling 13).
///
/// # Errors
/// `AUT_DOMAIN_NOT_ALLOWED`.
pub(super) fn network(named: Option<&str>, ours: &[String], sender: &Record) -> Result<(), WireError> {
    let member = |network: &str| sender.network_memberships.iter().any(|membership| membership == network);
    match named {
        Some(network) if ours.iter().any(|our| our == network) && member(network) => Ok(()),
        _ => {
            let message = "the message is not of a network that both sides are members of";
            Err(WireError::new(ErrorCode::AutDomainNotAllowed, message).at("context/networkId"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        assert!(
            is_json(None)
                && is_json(Some("application/json"))
                && is_json(Some("Application/JSON; charset=utf-8"))
        );
        assert!(!is_json(Some("text/plain")) && !is_json(Some("")) && !is_json(Some("application/jsonp")));
    }

    #[test]
    fn a_message_lives_to_the_end_of_its_ttl() {
        let at = Timestamp::from_seconds(1_793_520_000);
        let mut message = Context::new(Action::Select, "t", "m");
        message.timestamp = Some(at);
        assert!(context(&message, Action::Select, at.saturating_add(units::Span::from_hours(9))).is_ok());
        message.ttl = Some(units::Span::from_secs(30));
        assert!(context(&message, Action::Select, at.saturating_add(units::Span::from_secs(30))).is_ok());
        let late = context(&message, Action::Select, at.saturating_add(units::Span::from_millis(30_001)));
        assert_eq!(late.unwrap_err().code, ErrorCode::CtxTtlExpired);
        assert_eq!(context(&message, Action::Init, at).unwrap_err().code, ErrorCode::CtxActionMismatch);
    }
}
