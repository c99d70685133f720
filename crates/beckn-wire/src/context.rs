//! `context`: who speaks to whom, in which transaction (Beckn 2.0, schema "Context").
//!
//! The schema requires nothing; the prose requires version, action, both ids and one of the two participants,
//! and that is what [`Context::read`] checks. Unknown members are kept in `rest`. Every text is bounded,
//! because ids become database keys and addresses become requests.

use units::{Span, Timestamp};

use crate::action::{Action, Role};
use crate::code::{ErrorCode, WireError};
use crate::json::{Json, Object};
use crate::signature::DIGEST_LABEL;
use crate::validate::Tolerance;

/// The only version there is; five different texts carry it.
pub const VERSION: &str = "2.0.0";

const ID_MAX: usize = 255;
const URI_MAX: usize = 2048;
const SCHEMAS_MAX: usize = 64;

/// Members and the other names under which they are met (older text, adapter): read with
/// `Tolerance::aliases`.
const ALIASES: &[(&str, &[&str])] = &[
    ("bapId", &["bap_id"]),
    ("bapUri", &["bap_uri"]),
    ("bppId", &["bpp_id"]),
    ("bppUri", &["bpp_uri"]),
    ("transactionId", &["transaction_id"]),
    ("messageId", &["message_id"]),
    ("networkId", &["network_id"]),
    ("schemaContext", &["schema_context"]),
];

/// The `context` of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    pub version: String,
    pub action: Action,
    pub bap_id: Option<String>,
    pub bap_uri: Option<String>,
    pub bpp_id: Option<String>,
    pub bpp_uri: Option<String>,
    pub transaction_id: String,
    pub message_id: String,
    pub network_id: Option<String>,
    /// When the sender made the message; never a time on which a right depends.
    pub timestamp: Option<Timestamp>,
    /// For how long after `timestamp` processing may begin.
    pub ttl: Option<Span>,
    pub schema_context: Vec<String>,
    /// `BLAKE-512=…` of the preview that a commit refers to; read for `update` and `cancel` only.
    pub request_digest: Option<String>,
    /// Preview: compute the outcome, change nothing. Read for `update` and `cancel` only.
    pub try_: bool,
    /// Members that are not read here.
    pub rest: Object,
}

impl Context {
    /// A context with nothing optional in it.
    pub fn new(action: Action, transaction_id: impl Into<String>, message_id: impl Into<String>) -> Self {
        Self {
            version: VERSION.to_owned(),
            action,
            bap_id: None,
            bap_uri: None,
            bpp_id: None,
            bpp_uri: None,
            transaction_id: transaction_id.into(),
            message_id: message_id.into(),
            network_id: None,
            timestamp: None,
            ttl: None,
            schema_context: Vec::new(),
            request_digest: None,
            try_: false,
            rest: Object::new(),
        }
    }

    /// The context of the callback to this request, made at `now`: same participants and ids, no ttl. `None`
    /// when the action has no callback.
    pub fn callback(&self, now: Timestamp) -> Option<Self> {
        let mut context = Self::new(self.action.callback()?, &self.transaction_id, &self.message_id);
        context.bap_id.clone_from(&self.bap_id);
        context.bap_uri.clone_from(&self.bap_uri);
        context.bpp_id.clone_from(&self.bpp_id);
        context.bpp_uri.clone_from(&self.bpp_uri);
        context.network_id.clone_from(&self.network_id);
        context.timestamp = Some(now);
        context.try_ = self.try_;
        Some(context)
    }

    /// Reads the value of `context`.
    ///
    /// # Errors
    /// `CTX_MISSING_FIELD`, `CTX_VERSION_UNSUPPORTED`, or `CTX_INVALID_FIELD` with the member's path.
    pub fn read(json: &Json, tolerance: &Tolerance) -> Result<Self, WireError> {
        Self::take(json.clone(), tolerance)
    }

    /// As [`Context::read`], without a copy.
    pub(crate) fn take(json: Json, tolerance: &Tolerance) -> Result<Self, WireError> {
        let Json::Object(mut rest) = json else {
            let message = format!("context is {}, not an object", json.kind());
            return Err(WireError::new(ErrorCode::CtxInvalidField, message).at("context"));
        };
        if tolerance.aliases {
            rename_aliases(&mut rest)?;
        }
        let from = &mut rest;
        let version = required(from, "version", ID_MAX)?;
        if version != VERSION {
            let error = WireError::new(
                ErrorCode::CtxVersionUnsupported,
                format!("only version {VERSION} is spoken here"),
            );
            return Err(error.at("context/version"));
        }
        let action_text = required(from, "action", ID_MAX)?;
        let action =
            if tolerance.aliases { Action::parse_alias(&action_text) } else { Action::parse(&action_text) };
        let action =
            action.ok_or_else(|| WireError::context_invalid("action", "is not an action of the protocol"))?;
        let context = Self {
            version,
            action,
            transaction_id: id(from, "transactionId", tolerance)?,
            message_id: id(from, "messageId", tolerance)?,
            bap_id: optional(from, "bapId", ID_MAX)?,
            bap_uri: optional(from, "bapUri", URI_MAX)?,
            bpp_id: optional(from, "bppId", ID_MAX)?,
            bpp_uri: optional(from, "bppUri", URI_MAX)?,
            network_id: optional(from, "networkId", ID_MAX)?,
            timestamp: timestamp(from)?,
            ttl: ttl(from)?,
            schema_context: schema_context(from)?,
            request_digest: request_digest(from, action)?,
            try_: preview(from, action)?,
            rest,
        };
        if context.bap_id.is_none() && context.bpp_id.is_none() {
            let error = WireError::new(ErrorCode::CtxMissingField, "context names neither bapId nor bppId");
            return Err(error.at("context"));
        }
        Ok(context)
    }

    /// The context as a JSON object, members in the customary order, those of `rest` last.
    pub fn to_json(&self) -> Json {
        let mut object = Object::new();
        object.set("version", self.version.as_str());
        object.set("action", self.action.as_str());
        let texts = [
            ("bapId", &self.bap_id),
            ("bapUri", &self.bap_uri),
            ("bppId", &self.bpp_id),
            ("bppUri", &self.bpp_uri),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                object.set(name, value.as_str());
            }
        }
        object.set("transactionId", self.transaction_id.as_str());
        object.set("messageId", self.message_id.as_str());
        if let Some(network_id) = &self.network_id {
            object.set("networkId", network_id.as_str());
        }
        if let Some(timestamp) = self.timestamp {
            object.set("timestamp", timestamp.to_rfc3339());
        }
        if let Some(ttl) = self.ttl {
            object.set("ttl", ttl.to_iso8601());
        }
        if !self.schema_context.is_empty() {
            object.set(
                "schemaContext",
                Json::array(self.schema_context.iter().map(|s| Json::from(s.as_str()))),
            );
        }
        if let Some(digest) = &self.request_digest {
            object.set("requestDigest", Json::object([("digest", Json::from(digest.as_str()))]));
        }
        if self.try_ {
            object.set("try", true);
        }
        for (name, value) in self.rest.iter() {
            object.set(name, value.clone());
        }
        Json::Object(object)
    }

    /// Until when processing may begin: `timestamp` + `ttl`, when both are given.
    pub fn deadline(&self) -> Option<Timestamp> {
        Some(self.timestamp?.saturating_add(self.ttl?))
    }

    /// The sending participant's id, as far as the context names it. A catalog service is not named in it.
    pub fn sender_id(&self) -> Option<&str> {
        match self.action.sender() {
            Role::Bap => self.bap_id.as_deref(),
            Role::Bpp => self.bpp_id.as_deref(),
        }
    }

    /// The receiving participant's id, as far as the context names it.
    pub fn receiver_id(&self) -> Option<&str> {
        match self.action.receiver() {
            Role::Bap => self.bap_id.as_deref(),
            Role::Bpp => self.bpp_id.as_deref(),
        }
    }
}

/// Whether the text has the form of a UUID, of any version.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

fn rename_aliases(object: &mut Object) -> Result<(), WireError> {
    for (name, aliases) in ALIASES {
        for alias in *aliases {
            // The DID forms may stand beside the ids and say something else; a second spelling may not.
            let spelling = alias.contains('_');
            match object.get(name) {
                Some(value) if spelling && object.get(alias).is_some_and(|other| other != value) => {
                    return Err(WireError::context_invalid(name, "is given twice and differs"));
                }
                Some(_) if spelling => {
                    object.remove(alias);
                }
                Some(_) => {}
                None => {
                    if let Some(value) = object.remove(alias) {
                        object.set(*name, value);
                    }
                }
            }
        }
    }
    Ok(())
}

fn optional(from: &mut Object, name: &str, max: usize) -> Result<Option<String>, WireError> {
    match from.remove(name) {
        None => Ok(None),
        Some(Json::String(text)) if text.is_empty() => Ok(None),
        Some(Json::String(text)) if text.len() > max => Err(WireError::context_invalid(name, "is too long")),
        Some(Json::String(text)) if text.chars().any(|c| c.is_control() || c.is_whitespace()) => {
            Err(WireError::context_invalid(name, "contains white space or control characters"))
        }
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(WireError::context_invalid(name, "is not a string")),
    }
}

fn required(from: &mut Object, name: &str, max: usize) -> Result<String, WireError> {
    optional(from, name, max)?.ok_or_else(|| WireError::context_missing(name))
}

fn id(from: &mut Object, name: &str, tolerance: &Tolerance) -> Result<String, WireError> {
    let text = required(from, name, ID_MAX)?;
    if tolerance.non_uuid_ids || is_uuid(&text) {
        Ok(text)
    } else {
        Err(WireError::context_invalid(name, "is not a UUID"))
    }
}

fn timestamp(from: &mut Object) -> Result<Option<Timestamp>, WireError> {
    let Some(text) = optional(from, "timestamp", ID_MAX)? else { return Ok(None) };
    let invalid = |_| WireError::context_invalid("timestamp", "is not an RFC 3339 date and time with a zone");
    Timestamp::parse_rfc3339(&text).map(Some).map_err(invalid)
}

fn ttl(from: &mut Object) -> Result<Option<Span>, WireError> {
    let Some(text) = optional(from, "ttl", ID_MAX)? else { return Ok(None) };
    let span = Span::parse_iso8601(&text).ok().filter(|span| span.micros() >= 0);
    span.map(Some).ok_or_else(|| WireError::context_invalid("ttl", "is not an ISO 8601 duration"))
}

fn schema_context(from: &mut Object) -> Result<Vec<String>, WireError> {
    let invalid = || WireError::context_invalid("schemaContext", "is not a short list of addresses");
    let Some(value) = from.remove("schemaContext") else { return Ok(Vec::new()) };
    let items = value.as_array().filter(|items| items.len() <= SCHEMAS_MAX).ok_or_else(invalid)?;
    items
        .iter()
        .map(|item| item.as_str().filter(|s| s.len() <= URI_MAX).map(str::to_owned).ok_or_else(invalid))
        .collect()
}

fn request_digest(from: &mut Object, action: Action) -> Result<Option<String>, WireError> {
    let Some(value) = from.remove("requestDigest") else { return Ok(None) };
    if !action.has_preview() {
        return Ok(None);
    }
    let text = value.get("digest").and_then(Json::as_str).filter(|text| {
        text.len() <= ID_MAX && text.strip_prefix(DIGEST_LABEL).is_some_and(|base64| !base64.is_empty())
    });
    let text =
        text.ok_or_else(|| WireError::context_invalid("requestDigest", "is not a BLAKE-512 digest"))?;
    Ok(Some(text.to_owned()))
}

fn preview(from: &mut Object, action: Action) -> Result<bool, WireError> {
    match from.remove("try") {
        Some(_) if !action.has_preview() => Ok(false),
        None => Ok(false),
        Some(Json::Bool(value)) => Ok(value),
        Some(_) => Err(WireError::context_invalid("try", "is not a boolean")),
    }
}
