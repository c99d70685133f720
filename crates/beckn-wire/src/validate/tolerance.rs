//! What is accepted from peers beyond the main text, by name, so that it can be counted (rulings, 8).

use super::actions::rule;
use super::check::Walk;
use super::format::is_uuid;
use super::shape::Text;
use super::{VIOLATIONS_MAX, Violation, rule_of};
use crate::action::Action;
use crate::code::ErrorCode;
use crate::json::Json;

/// Which deviations are accepted from the peers of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    /// `transactionId`, `messageId` and `contract.id` may be any short printable text.
    pub non_uuid_ids: bool,
    /// `consideration[].status` may be absent. The main text allows it and the tag does not, so the verdict
    /// is the same either way; the flag has it counted, because such a body cannot be passed on to a peer
    /// that goes by the tag.
    pub missing_consideration_status: bool,
    /// Older spellings: snake case in the context, underscores in the catalog actions.
    pub aliases: bool,
}

impl Tolerance {
    /// The main text and nothing else.
    pub const fn strict() -> Self {
        Self { non_uuid_ids: false, missing_consideration_status: false, aliases: false }
    }

    /// What the participants of the India Energy Stack networks are known to send.
    pub const fn ies() -> Self {
        Self { non_uuid_ids: true, missing_consideration_status: true, aliases: true }
    }
}

/// The ids that may be something else than a UUID, and the name under which that is counted.
const IDS: [(&[&str], &str); 4] = [
    (&["context", "transactionId"], "non_uuid_transaction_id"),
    (&["context", "messageId"], "non_uuid_message_id"),
    (&["message", "contract", "id"], "non_uuid_contract_id"),
    (&["message", "tracking", "contract", "id"], "non_uuid_contract_id"),
];

const SNAKE_CASE: [&str; 7] =
    ["bap_id", "bap_uri", "bpp_id", "bpp_uri", "transaction_id", "message_id", "network_id"];

/// Longest id that is accepted when it is not a UUID, in bytes.
const ID_MAX: usize = 128;

/// Whether a received body may be processed: valid in the main text, less the tolerances. On success, the
/// names of the tolerances that were needed. `message` has to be an object, which some schemas forget to say.
///
/// # Errors
/// The first violation that no tolerance covers.
pub fn admit(body: &Json, tolerance: &Tolerance) -> Result<Vec<&'static str>, Violation> {
    let mut used = Vec::new();
    let mut text = Text::Main;
    let rule = match rule_of(Text::Main, body) {
        Ok(rule) => rule,
        Err(violation) => {
            let alias = body.at(&["context", "action"]).and_then(Json::as_str).filter(|_| tolerance.aliases);
            let action = alias.and_then(Action::parse_alias).ok_or_else(|| violation.clone())?;
            match rule(Text::Main, action.as_str()) {
                Some(rule) => {
                    used.push("action_alias");
                    rule
                }
                // What only the older text knows is judged by that one.
                None => {
                    text = Text::Tag;
                    used.push("old_action");
                    rule(text, action.as_str()).ok_or(violation)?
                }
            }
        }
    };
    let mut walk = Walk::new(text, VIOLATIONS_MAX);
    walk.body(rule, body);
    for violation in walk.finish().err().unwrap_or_default() {
        match tolerated(body, &violation).filter(|_| tolerance.non_uuid_ids) {
            Some(name) => used.push(name),
            None => return Err(violation),
        }
    }
    if body.get("message").and_then(Json::as_object).is_none() {
        let message = "must be an object".to_owned();
        return Err(Violation { code: ErrorCode::SchInvalidFormat, path: "message".to_owned(), message });
    }
    if tolerance.aliases && SNAKE_CASE.iter().any(|name| body.at(&["context", name]).is_some()) {
        used.push("context_alias");
    }
    if tolerance.missing_consideration_status && lacks_consideration_status(body) {
        used.push("missing_consideration_status");
    }
    Ok(used)
}

fn tolerated(body: &Json, violation: &Violation) -> Option<&'static str> {
    let (path, name) = IDS.iter().find(|(path, _)| path.join("/") == violation.path)?;
    let id = body.at(path)?.as_str()?;
    let acceptable = !id.is_empty() && id.len() <= ID_MAX && id.bytes().all(|byte| byte.is_ascii_graphic());
    (acceptable && !is_uuid(id)).then_some(name)
}

fn lacks_consideration_status(body: &Json) -> bool {
    let considerations = body.at(&["message", "contract", "consideration"]).and_then(Json::as_array);
    considerations.is_some_and(|all| all.iter().any(|one| one.get("status").is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(action: &str, message_id: &str, contract_id: &str, context: &str, consideration: &str) -> Json {
        let commitment = r#"{"status":{"descriptor":{"code":"ACTIVE"}},"resources":[{"id":"r","quantity":{}}],
            "offer":{"id":"o","resourceIds":["r"]}}"#;
        let text = format!(
            r#"{{"context":{{"action":"{action}","messageId":"{message_id}"{context}}},
            "message":{{"contract":{{"id":"{contract_id}","commitments":[{commitment}],
            "consideration":[{{"id":"c"{consideration}}}]}}}}}}"#
        );
        Json::parse(text.as_bytes()).unwrap()
    }

    const ID: &str = "e6d9f908-1d26-4ff3-a6d1-3af3d3721054";
    const STATUS: &str = r#","status":{"code":"DRAFT"}"#;

    #[test]
    fn a_valid_body_needs_no_tolerance() {
        let body = status("on_status", ID, ID, "", STATUS);
        assert_eq!(admit(&body, &Tolerance::ies()), Ok(vec![]));
        assert_eq!(admit(&body, &Tolerance::strict()), Ok(vec![]));
    }

    #[test]
    fn tolerances_are_named_and_can_be_off() {
        let body = status("on_status", "bdiscom-msg-001", "contract-p2p-001", r#","bap_id":"a""#, "");
        let mut used = admit(&body, &Tolerance::ies()).unwrap();
        used.sort_unstable();
        assert_eq!(
            used,
            ["context_alias", "missing_consideration_status", "non_uuid_contract_id", "non_uuid_message_id"]
        );
        let refused = admit(&body, &Tolerance::strict()).unwrap_err();
        assert_eq!((refused.code, refused.path.as_str()), (ErrorCode::CtxInvalidField, "context/messageId"));
        let hostile = status("on_status", &"x".repeat(129), ID, "", STATUS);
        assert!(admit(&hostile, &Tolerance::ies()).is_err());
        let blank = status("on_status", "a b", ID, "", STATUS);
        assert!(admit(&blank, &Tolerance::ies()).is_err());
    }

    #[test]
    fn a_tolerated_id_does_not_hide_another_fault() {
        let mut body = status("on_status", "m-1", ID, "", STATUS);
        body.as_object_mut().unwrap().get_mut("message").unwrap().as_object_mut().unwrap().set("extra", true);
        let refused = admit(&body, &Tolerance::ies()).unwrap_err();
        assert_eq!((refused.code, refused.path.as_str()), (ErrorCode::SchFieldNotAllowed, "message"));
    }

    #[test]
    fn the_old_action_name_counts_and_a_message_must_be_an_object() {
        let text = r#"{"context":{"action":"on_catalog_publish"},"message":{"results":[]}}"#;
        let body = Json::parse(text.as_bytes()).unwrap();
        assert_eq!(admit(&body, &Tolerance::ies()), Ok(vec!["action_alias"]));
        assert_eq!(admit(&body, &Tolerance::strict()).unwrap_err().path, "context/action");
        let text = br#"{"context":{"action":"catalog/master_search"},"message":{"pagination":{"limit":0}}}"#;
        let master = Json::parse(text).unwrap();
        assert_eq!(admit(&master, &Tolerance::ies()).unwrap_err().path, "message/pagination/limit");
        let text = br#"{"context":{"action":"catalog/master_search"},"message":{}}"#;
        assert_eq!(admit(&Json::parse(text).unwrap(), &Tolerance::ies()), Ok(vec!["old_action"]));
        let bare = Json::parse(br#"{"context":{"action":"on_init"},"message":"x"}"#).unwrap();
        assert!(super::super::validate_json(Text::Main, &bare).is_ok());
        assert_eq!(admit(&bare, &Tolerance::ies()).unwrap_err().path, "message");
    }
}
