//! A JSON document that keeps every number as it was written.
//!
//! Money and energy travel as JSON numbers. `serde_json::Value` would read them as `f64`; here a number stays its
//! own text until a checked integer is made of it (architecture, section 5). Duplicate keys are refused, because two
//! readers that pick different twins would see two different contracts under one signature. Depth is bounded.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Deepest nesting that is read; the deepest official message has 14 levels.
pub const DEPTH_MAX: usize = 48;

/// One JSON value. Objects keep the order in which members were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    /// The literal, exactly as written: `12.50`, `1e3`.
    Number(String),
    String(String),
    Array(Vec<Json>),
    Object(Object),
}

/// The members of a JSON object, in order of appearance, each name once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object(Vec<(String, Json)>);

/// The bytes are not one JSON document that we accept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not valid JSON: {reason}")]
pub struct JsonError {
    /// Why, without any part of the document.
    pub reason: String,
}

impl JsonError {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl Json {
    /// Reads one document.
    ///
    /// # Errors
    /// Invalid UTF-8 or JSON, a duplicate key, nesting beyond [`DEPTH_MAX`].
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        let text = std::str::from_utf8(bytes).map_err(|_| JsonError::new("the text is not UTF-8"))?;
        Self::parse_text(text)
    }

    /// As [`Json::parse`], from text.
    ///
    /// # Errors
    /// As [`Json::parse`].
    pub fn parse_text(text: &str) -> Result<Self, JsonError> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|e| locate(&e))?;
        read(raw, 0)
    }

    /// An object with these members.
    pub fn object<K: Into<String>, I: IntoIterator<Item = (K, Json)>>(members: I) -> Self {
        Self::Object(members.into_iter().map(|(k, v)| (k.into(), v)).collect())
    }

    /// An array with these elements.
    pub fn array<I: IntoIterator<Item = Json>>(items: I) -> Self {
        Self::Array(items.into_iter().collect())
    }

    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(s) = self { Some(s) } else { None }
    }

    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(b) = self { Some(*b) } else { None }
    }

    /// The text of a number.
    pub fn as_number(&self) -> Option<&str> {
        if let Self::Number(n) = self { Some(n) } else { None }
    }

    pub fn as_array(&self) -> Option<&[Json]> {
        if let Self::Array(a) = self { Some(a) } else { None }
    }

    pub fn as_object(&self) -> Option<&Object> {
        if let Self::Object(o) = self { Some(o) } else { None }
    }

    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        if let Self::Object(o) = self { Some(o) } else { None }
    }

    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Json>> {
        if let Self::Array(a) = self { Some(a) } else { None }
    }

    /// The member of that name, when this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.as_object().and_then(|o| o.get(name))
    }

    /// Follows member names, and indices written as decimal text: `at(&["message", "contract", "commitments", "0"])`.
    pub fn at(&self, path: &[&str]) -> Option<&Json> {
        path.iter().try_fold(self, |value, step| match value {
            Self::Object(o) => o.get(step),
            Self::Array(a) => step.parse::<usize>().ok().and_then(|i| a.get(i)),
            _ => None,
        })
    }

    /// What kind of value this is, for error messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// The compact text of this document; numbers come out as they were read.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl From<&str> for Json {
    fn from(s: &str) -> Self {
        Self::String(s.to_owned())
    }
}
impl From<String> for Json {
    fn from(s: String) -> Self {
        Self::String(s)
    }
}
impl From<bool> for Json {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<i64> for Json {
    fn from(n: i64) -> Self {
        Self::Number(n.to_string())
    }
}
impl From<Vec<Json>> for Json {
    fn from(a: Vec<Json>) -> Self {
        Self::Array(a)
    }
}
impl From<Object> for Json {
    fn from(o: Object) -> Self {
        Self::Object(o)
    }
}

impl Object {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(k, _)| k == name).map(|(_, v)| v)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Json> {
        self.0.iter_mut().find(|(k, _)| k == name).map(|(_, v)| v)
    }

    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Sets a member: in its old place when it is there, else at the end.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Json>) {
        let (name, value) = (name.into(), value.into());
        match self.get_mut(&name) {
            Some(old) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Takes a member out.
    pub fn remove(&mut self, name: &str) -> Option<Json> {
        let at = self.0.iter().position(|(k, _)| k == name)?;
        Some(self.0.remove(at).1)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Json)> for Object {
    fn from_iter<I: IntoIterator<Item = (String, Json)>>(members: I) -> Self {
        let mut object = Self::new();
        for (name, value) in members {
            object.set(name, value);
        }
        object
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(b) => serializer.serialize_bool(*b),
            Self::Number(text) => {
                RawValue::from_string(text.clone()).map_err(serde::ser::Error::custom)?.serialize(serializer)
            }
            Self::String(s) => serializer.serialize_str(s),
            Self::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Json {
    /// Only from `serde_json`, and only at the top of a document: numbers are taken from the raw text.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        read(&raw, 0).map_err(serde::de::Error::custom)
    }
}

/// Line and column say where; serde's own text may quote the document, so it is not repeated.
fn locate(error: &serde_json::Error) -> JsonError {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "the document ends too early",
        _ => "syntax error",
    };
    JsonError::new(format!("{what} at line {} column {}", error.line(), error.column()))
}

fn read(raw: &RawValue, depth: usize) -> Result<Json, JsonError> {
    if depth > DEPTH_MAX {
        return Err(JsonError::new("nested too deeply"));
    }
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text).map_err(|e| locate(&e))?;
            let mut seen: Vec<&str> = members.iter().map(|(k, _)| k.as_str()).collect();
            seen.sort_unstable();
            if seen.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(JsonError::new("a member name occurs twice in one object"));
            }
            let members = members
                .into_iter()
                .map(|(name, value)| read(value, depth + 1).map(|value| (name, value)))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(Json::Object(Object(members)))
        }
        Some(b'[') => {
            let Items(items) = serde_json::from_str(text).map_err(|e| locate(&e))?;
            items
                .into_iter()
                .map(|item| read(item, depth + 1))
                .collect::<Result<Vec<_>, _>>()
                .map(Json::Array)
        }
        Some(b'"') => serde_json::from_str(text).map(Json::String).map_err(|e| locate(&e)),
        Some(b't') => Ok(Json::Bool(true)),
        Some(b'f') => Ok(Json::Bool(false)),
        Some(b'n') => Ok(Json::Null),
        _ => Ok(Json::Number(text.to_owned())),
    }
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(V).map(Members)
    }
}

struct Items<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Vec<&'de RawValue>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element::<&'de RawValue>()? {
                    items.push(item);
                }
                Ok(items)
            }
        }
        deserializer.deserialize_seq(V).map(Items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_text() {
        let text = r#"{"b":[12.50,1e309,-0.0,123456789012345678901234567890],"a":{"x":null,"y":true}}"#;
        let json = Json::parse(text.as_bytes()).unwrap();
        assert_eq!(json.to_string(), text);
        assert_eq!(json.at(&["b", "1"]).unwrap().as_number(), Some("1e309"));
    }

    #[test]
    fn twins_depth_and_rubbish_are_refused() {
        for bad in
            ["{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "{", "[1,]", "NaN", "", "1 2", "[+1]", "[01]"]
        {
            assert!(Json::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        assert!(Json::parse(deep.as_bytes()).is_err());
        assert!(Json::parse(&[0xff, 0xfe]).is_err());
    }

    #[test]
    fn serialises_inside_serde_documents() {
        let json: Json = serde_json::from_str(r#"{"n":0.10}"#).unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), r#"{"n":0.10}"#);
    }
}
