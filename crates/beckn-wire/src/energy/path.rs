//! Reading members of an object with their place in the message, and writing them back where they were.
//!
//! What is read is split in two: members that a type knows, and `rest`. Leaves stay in `rest` too, so that an
//! unchanged value is written as it was spelled; children leave a null there that keeps their place.

use std::fmt;

use units::Timestamp;

use crate::code::{ErrorCode, WireError};
use crate::json::{Json, Object};

/// Most elements that are read of any list inside one contract or one offer. A day has 24 slots.
pub const LIST_MAX: usize = 1_000;

/// A place in a message; written as steps joined by `/`.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// A starting place, such as `message/contract`.
    pub const fn new(root: &'a str) -> Self {
        Self { parent: None, step: Step::Name(root) }
    }

    /// The member of that name below this place.
    pub const fn member(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Name(name) }
    }

    /// The element of that index below this place.
    pub const fn element(&'a self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Index(index) }
    }

    pub(super) fn wrong_type(&self, expected: &str, found: &Json) -> WireError {
        let message = format!("expected {expected}, found {}", found.kind());
        WireError::new(ErrorCode::SchSchemaValidationFailed, message).at(self.to_string())
    }

    pub(super) fn refuse(&self, message: &str) -> WireError {
        WireError::new(ErrorCode::SchSchemaValidationFailed, message).at(self.to_string())
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}/")?;
        }
        match self.step {
            Step::Name(name) => f.write_str(name),
            Step::Index(index) => write!(f, "{index}"),
        }
    }
}

/// The members of one object while it is being read.
pub(super) struct Members<'a> {
    source: &'a Object,
    path: &'a Path<'a>,
    children: Vec<&'static str>,
}

impl<'a> Members<'a> {
    pub(super) fn of(json: &'a Json, path: &'a Path<'a>) -> Result<Self, WireError> {
        let source = json.as_object().ok_or_else(|| path.wrong_type("an object", json))?;
        Ok(Self { source, path, children: Vec::new() })
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Json> {
        self.source.get(name)
    }

    /// A string leaf; null counts as absent.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, WireError> {
        match self.source.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.path.member(name).wrong_type("a string", other)),
        }
    }

    pub(super) fn required_text(&self, name: &str) -> Result<String, WireError> {
        self.text(name)?.ok_or_else(|| self.missing(name))
    }

    /// The first of these names that is there.
    pub(super) fn any_text(&self, names: &[&str]) -> Result<Option<String>, WireError> {
        for name in names {
            if let Some(text) = self.text(name)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<String>, WireError> {
        match self.source.get(name) {
            None => Ok(None),
            Some(Json::Number(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.path.member(name).wrong_type("a number", other)),
        }
    }

    /// A list of strings, kept as a leaf.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, WireError> {
        let Some(value) = self.source.get(name) else { return Ok(Vec::new()) };
        let path = self.path.member(name);
        let items = value.as_array().ok_or_else(|| path.wrong_type("an array", value))?;
        items
            .iter()
            .enumerate()
            .map(|(i, item)| match item {
                Json::String(text) => Ok(text.clone()),
                other => Err(path.element(i).wrong_type("a string", other)),
            })
            .collect()
    }

    pub(super) fn timestamp(&self, name: &str) -> Result<Option<Timestamp>, WireError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        Timestamp::parse_rfc3339(&text).map(Some).map_err(|_| self.not_a_time(name))
    }

    /// The `code` of a descriptor that serves as a status; `steps` leads to the code.
    pub(super) fn code(&self, steps: &[&str]) -> Result<Option<String>, WireError> {
        let [first, inner @ ..] = steps else { return Ok(None) };
        match self.source.get(first).and_then(|status| status.at(inner)) {
            None => Ok(None),
            Some(Json::String(code)) => Ok(Some(code.clone())),
            Some(other) => Err(self.path.member(first).wrong_type("a string as code", other)),
        }
    }

    /// A child that is read by its own type.
    pub(super) fn child<T>(&mut self, name: &'static str, read: Reader<T>) -> Result<Option<T>, WireError> {
        let Some(value) = self.source.get(name) else { return Ok(None) };
        self.children.push(name);
        read(value, &self.path.member(name)).map(Some)
    }

    /// A list of at most [`LIST_MAX`] children.
    pub(super) fn list<T>(&mut self, name: &'static str, read: Reader<T>) -> Result<Vec<T>, WireError> {
        let items = self.long_list(name, read)?;
        if items.len() > LIST_MAX {
            return Err(self.path.member(name).refuse("too many elements"));
        }
        Ok(items)
    }

    /// A list bounded only by the size of the message: what a catalog holds.
    pub(super) fn long_list<T>(&mut self, name: &'static str, read: Reader<T>) -> Result<Vec<T>, WireError> {
        let Some(value) = self.source.get(name) else { return Ok(Vec::new()) };
        self.children.push(name);
        let path = self.path.member(name);
        let items = value.as_array().ok_or_else(|| path.wrong_type("an array", value))?;
        items.iter().enumerate().map(|(i, item)| read(item, &path.element(i))).collect()
    }

    pub(super) fn missing(&self, name: &str) -> WireError {
        WireError::required(self.path.member(name).to_string())
    }

    pub(super) fn not_a_time(&self, name: &str) -> WireError {
        WireError::format(self.path.member(name).to_string(), "not an RFC 3339 date and time with a zone")
    }

    /// Everything, with a null in the place of each child that was read.
    pub(super) fn rest(self) -> Object {
        let keep = |(name, value): (&str, &Json)| {
            let value = if self.children.contains(&name) { Json::Null } else { value.clone() };
            (name.to_owned(), value)
        };
        self.source.iter().map(keep).collect()
    }
}

/// Two values are equal when they are written alike: what `rest` holds beside the fields depends on where
/// they came from.
macro_rules! equal_as_written {
    ($($name:ty),+ $(,)?) => {$(
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.to_json() == other.to_json()
            }
        }

        impl Eq for $name {}
    )+};
}

pub(super) use equal_as_written;

/// How a child is read.
pub(super) type Reader<T> = fn(&Json, &Path<'_>) -> Result<T, WireError>;

/// Sets a string leaf, or takes it out; a null that meant "none" stays.
pub(super) fn put_text(object: &mut Object, name: &str, value: Option<&str>) {
    match value {
        Some(text) => object.set(name, text),
        None if object.get(name) == Some(&Json::Null) => {}
        None => {
            object.remove(name);
        }
    }
}

/// Sets a list of strings; an empty list is written only where there was one.
pub(super) fn put_texts(object: &mut Object, name: &str, values: &[String]) {
    if !values.is_empty() || object.contains(name) {
        object.set(name, Json::array(values.iter().map(|v| Json::from(v.as_str()))));
    }
}

/// Sets a time, leaving the spelling of an unchanged one.
pub(super) fn put_timestamp(object: &mut Object, name: &str, value: Timestamp) {
    let same = |text: &str| Timestamp::parse_rfc3339(text) == Ok(value);
    if !object.get(name).and_then(Json::as_str).is_some_and(same) {
        object.set(name, wire_time(value));
    }
}

/// A time as the table spells it: without a fraction when the second is whole, because filters compare times
/// as text.
pub(super) fn wire_time(value: Timestamp) -> String {
    value.to_rfc3339().replace(".000Z", "Z")
}

/// Sets a child, or takes it out.
pub(super) fn put_child(object: &mut Object, name: &str, value: Option<Json>) {
    match value {
        Some(value) => object.set(name, value),
        None => {
            object.remove(name);
        }
    }
}

/// Sets a list of children; an empty list is written only where there was one.
pub(super) fn put_list<T>(object: &mut Object, name: &str, items: &[T], write: fn(&T) -> Json) {
    if !items.is_empty() || object.contains(name) {
        object.set(name, Json::array(items.iter().map(write)));
    }
}

/// Sets a code inside nested objects, keeping what else they hold.
pub(super) fn put_code(object: &mut Object, steps: &[&str], code: Option<&str>) {
    let ([first, inner @ ..], Some(code)) = (steps, code) else { return };
    if inner.is_empty() {
        object.set(*first, code);
        return;
    }
    if object.get(first).and_then(Json::as_object).is_none() {
        object.set(*first, Object::new());
    }
    if let Some(Json::Object(nested)) = object.get_mut(first) {
        put_code(nested, inner, Some(code));
    }
}

/// Whether the JSON-LD type is that name, with or without a prefix (`beckn:TimePeriod`).
pub(super) fn has_type(json: &Json, name: &str) -> bool {
    let of = |text: &str| text.rsplit(':').next() == Some(name);
    json.get("@type").and_then(Json::as_str).is_some_and(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_steps() {
        let root = Path::new("message/contract");
        let list = root.member("commitments");
        assert_eq!(list.element(3).member("status").to_string(), "message/contract/commitments/3/status");
    }

    #[test]
    fn codes_keep_what_stands_beside_them() {
        let Json::Object(mut object) =
            Json::parse_text(r#"{"status":{"descriptor":{"code":"A","name":"n"}}}"#).unwrap()
        else {
            panic!("an object")
        };
        put_code(&mut object, &["status", "descriptor", "code"], Some("B"));
        put_code(&mut object, &["state", "code"], Some("C"));
        let text = Json::Object(object).to_string();
        assert_eq!(text, r#"{"status":{"descriptor":{"code":"B","name":"n"}},"state":{"code":"C"}}"#);
    }
}
