//! A message as received: the exact bytes, its context read, its `message` left as text until somebody asks.
//!
//! Invariants: the bytes are never written anew, so their digest stays the one that was signed; a
//! [`Verified`] envelope exists only when its own bytes were verified and the signer is the participant that
//! the context names as the sender.

use std::fmt;
use std::ops::{Deref, Range};

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::ack::Refusal;
use crate::action::Action;
use crate::code::{ErrorCode, WireError};
use crate::context::Context;
use crate::json::Json;
use crate::signature::{Body, Digest, Signer};
use crate::validate::Tolerance;

/// Longest context that is read, in bytes; a real one has about 600.
pub const CONTEXT_MAX: usize = 64 * 1024;
const MEMBERS_MAX: usize = 64;

/// One request or callback: `{context, message}` and, beside them, perhaps `error`.
#[derive(Clone)]
pub struct Envelope {
    pub context: Context,
    body: Body,
    message: Range<usize>,
    error: Option<Range<usize>>,
}

impl Envelope {
    /// Reads the frame and the context; of `message` only that it is a JSON object.
    ///
    /// # Errors
    /// `SCH_INVALID_JSON`, `SCH_REQUIRED_FIELD_MISSING` for an absent `context` or `message`,
    /// `SCH_INVALID_FORMAT` for a `message` that is not an object, and those of [`Context::read`].
    pub fn parse(body: impl Into<Body>, tolerance: &Tolerance) -> Result<Self, WireError> {
        let body = body.into();
        let text = utf8(body.bytes())?;
        let frame = Frame::read(text)?;
        let context = frame.context.ok_or_else(|| WireError::required("context"))?;
        if context.get().len() > CONTEXT_MAX {
            return Err(WireError::new(ErrorCode::CtxInvalidField, "context is too large").at("context"));
        }
        let context = Json::parse_text(context.get()).map_err(|e| invalid_json(&e.to_string(), "context"))?;
        let context = Context::take(context, tolerance)?;
        let message = frame.message.ok_or_else(|| WireError::required("message"))?;
        if !message.get().starts_with('{') {
            return Err(WireError::format("message", "message is not an object"));
        }
        let message = range_in(text, message)?;
        let error = frame.error.map(|error| range_in(text, error)).transpose()?;
        Ok(Self { context, body, message, error })
    }

    /// `message` as a tree.
    ///
    /// # Errors
    /// `SCH_INVALID_JSON` for a member name given twice or for nesting beyond the limit.
    pub fn message(&self) -> Result<Json, WireError> {
        self.part(&self.message, "message")
    }

    /// The whole body as a tree.
    ///
    /// # Errors
    /// As [`Envelope::message`].
    pub fn document(&self) -> Result<Json, WireError> {
        Json::parse(self.bytes()).map_err(|e| invalid_json(&e.to_string(), ""))
    }

    /// The failure that a callback reports: `error` beside `message` or inside it. A callback reports
    /// failures there because its schema has no other place.
    ///
    /// # Errors
    /// As [`Envelope::message`].
    pub fn reported_error(&self) -> Result<Option<Refusal>, WireError> {
        if let Some(range) = &self.error {
            return Ok(Refusal::read(&self.part(range, "error")?));
        }
        Ok(self.message()?.get("error").and_then(Refusal::read))
    }

    /// The bytes as received.
    pub fn bytes(&self) -> &[u8] {
        self.body.bytes()
    }

    /// The bytes as received, shared.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The digest of the bytes, computed once.
    pub fn digest(&self) -> &Digest {
        self.body.digest()
    }

    fn part(&self, range: &Range<usize>, path: &str) -> Result<Json, WireError> {
        let bytes = self.bytes().get(range.clone()).unwrap_or_default();
        Json::parse(bytes).map_err(|e| invalid_json(&e.to_string(), path))
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("context", &self.context).field("body", &self.body).finish()
    }
}

/// The body of a message: `{"context":…,"message":…}`, compact.
pub fn body(context: &Context, message: Json) -> Vec<u8> {
    Json::object([("context", context.to_json()), ("message", message)]).to_bytes()
}

/// The body of a callback that reports a failure beside the last state of the contract.
pub fn body_with_error(context: &Context, message: Json, error: &WireError) -> Vec<u8> {
    let members =
        [("context", context.to_json()), ("message", message), ("error", Refusal::from(error).to_json())];
    Json::object(members).to_bytes()
}

/// The `messageId` of a body that may be faulty otherwise, so that a refusal can name it.
pub fn message_id_of(bytes: &[u8]) -> Option<String> {
    let frame = Frame::read(std::str::from_utf8(bytes).ok()?).ok()?;
    let context = frame.context.filter(|raw| raw.get().len() <= CONTEXT_MAX)?;
    let context = Json::parse_text(context.get()).ok()?;
    let id = context.get("messageId").or_else(|| context.get("message_id"))?.as_str()?;
    let fits = !id.is_empty() && id.len() <= 255 && !id.chars().any(char::is_control);
    fits.then(|| id.to_owned())
}

/// Something whose sender is proven.
#[derive(Clone, Debug)]
pub struct Verified<T> {
    inner: T,
    signer: Signer,
}

impl Verified<Envelope> {
    /// Joins a verified signature and the envelope read from the same bytes.
    ///
    /// Requests must be signed by `bapId`, callbacks by `bppId`, `catalog/publish` by `bppId`. A discovery
    /// service is not named in the context: its `on_discover` may come without `bppId`. What a catalog
    /// service sends (`catalog/on_publish`, `catalog/push`, …) may be signed by anyone; the caller compares
    /// [`Self::signer`] with the services that it trusts.
    ///
    /// # Errors
    /// `AUT_SIGNATURE_INVALID` when the signature was made for other bytes, `AUT_UNAUTHORIZED_ACTION` when
    /// the signer is not the sender.
    pub fn new(signer: Signer, envelope: Envelope) -> Result<Self, WireError> {
        if signer.digest() != envelope.digest() {
            return Err(WireError::new(ErrorCode::AutSignatureInvalid, "the signature is for another body"));
        }
        let context = &envelope.context;
        let allowed = match context.sender_id() {
            _ if context.action.from_catalog_service() => true,
            Some(sender) => sender == signer.subscriber_id(),
            None => context.action == Action::OnDiscover,
        };
        if !allowed {
            let message = "the signer is not the participant that the context names as the sender";
            return Err(WireError::new(ErrorCode::AutUnauthorizedAction, message));
        }
        Ok(Self { inner: envelope, signer })
    }
}

impl<T> Verified<T> {
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    pub fn into_parts(self) -> (T, Signer) {
        (self.inner, self.signer)
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, WireError> {
    std::str::from_utf8(bytes).map_err(|_| invalid_json("the text is not UTF-8", ""))
}

fn invalid_json(why: &str, path: &str) -> WireError {
    let error = WireError::new(ErrorCode::SchInvalidJson, why);
    if path.is_empty() { error } else { error.at(path) }
}

/// Where in `text` the part lies that was read from it.
fn range_in(text: &str, part: &RawValue) -> Result<Range<usize>, WireError> {
    let start = part.get().as_ptr().addr().checked_sub(text.as_ptr().addr());
    let range = start.and_then(|start| Some(start..start.checked_add(part.get().len())?));
    range
        .filter(|range| text.get(range.clone()).is_some())
        .ok_or_else(|| WireError::new(ErrorCode::NetInternalError, "the message could not be read"))
}

/// The outermost object, its parts as text.
#[derive(Default)]
struct Frame<'a> {
    context: Option<&'a RawValue>,
    message: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
}

impl<'a> Frame<'a> {
    fn read(text: &'a str) -> Result<Self, WireError> {
        serde_json::from_str(text).map_err(|e| {
            let place = format!(
                "not one JSON object with distinct members (line {} column {})",
                e.line(),
                e.column()
            );
            invalid_json(&place, "")
        })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Frame<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Frame<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut frame = Frame::default();
                let mut names: Vec<String> = Vec::with_capacity(3);
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    if names.contains(&name) || names.len() == MEMBERS_MAX {
                        return Err(serde::de::Error::custom("twin or too many members"));
                    }
                    match name.as_str() {
                        "context" => frame.context = Some(value),
                        "message" => frame.message = Some(value),
                        "error" => frame.error = Some(value),
                        _ => {}
                    }
                    names.push(name);
                }
                Ok(frame)
            }
        }
        deserializer.deserialize_map(V)
    }
}
