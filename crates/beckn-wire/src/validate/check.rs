//! Walks a document along its description and collects what is wrong, at most a few places of it.
//!
//! Bounded on hostile input: the depth is the document's own, which `Json::parse` limits; every member is
//! looked at once per description that applies to it, and at most two apply at any place; the walk ends when
//! the report is full.

use super::Violation;
use super::actions::Rule;
use super::core::CONTEXT;
use super::format;
use super::shape::{Form, Object, Shape, Text};
use crate::code::ErrorCode;
use crate::json::Json;

/// Longest member name that is repeated to the sender, in characters.
const NAME_MAX: usize = 40;

/// One step of a path into the document.
#[derive(Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

/// A walk over one document.
pub(crate) struct Walk<'a> {
    text: Text,
    path: Vec<Step<'a>>,
    found: Vec<Violation>,
    most: usize,
}

impl<'a> Walk<'a> {
    /// Stops after `most` violations.
    pub(crate) fn new(text: Text, most: usize) -> Self {
        Self { text, path: Vec::new(), found: Vec::new(), most }
    }

    pub(crate) fn finish(self) -> Result<(), Vec<Violation>> {
        if self.found.is_empty() { Ok(()) } else { Err(self.found) }
    }

    /// A whole body, `{context, message}`, of the action that `rule` is about.
    pub(crate) fn body(&mut self, rule: &Rule, body: &'a Json) {
        let Json::Object(members) = body else { return self.wrong_kind("an object") };
        for (name, value) in members.iter() {
            match name {
                "context" => self.inside(Step::Name(name), |walk| walk.context(rule, value)),
                "message" => self.inside(Step::Name(name), |walk| walk.value(&rule.message, value)),
                _ if rule.closed.holds(self.text) => self.not_allowed(name),
                _ => {}
            }
        }
        for name in ["context", "message"] {
            if !members.contains(name) {
                self.missing(name);
            }
        }
    }

    fn context(&mut self, rule: &Rule, context: &'a Json) {
        self.value(&Shape::Object(&CONTEXT), context);
        if rule.in_transaction.holds(self.text) && context.get("transactionId").is_none() {
            self.missing("transactionId");
        }
    }

    /// One value against one description.
    pub(crate) fn value(&mut self, shape: &Shape, value: &'a Json) {
        if self.found.len() >= self.most {
            return;
        }
        match (*shape, value) {
            (Shape::Any, _) | (Shape::Bool, Json::Bool(_)) | (Shape::NullOr(_), Json::Null) => {}
            (Shape::Str(form), Json::String(text)) => self.form(form, text),
            (Shape::Words(words), Json::String(text)) => self.word(words, text),
            (Shape::Number { min }, Json::Number(number)) => self.bounds(number, min, None),
            (Shape::Integer { min, max }, Json::Number(number)) if format::is_integer(number) => {
                self.bounds(number, min, max);
            }
            (Shape::NullOr(inner), _) => self.value(inner, value),
            (Shape::List { items, min, max }, Json::Array(list)) => self.list(items, list, min, max),
            (Shape::Map(each), Json::Object(members)) => {
                for (name, member) in members.iter() {
                    self.inside(Step::Name(name), |walk| walk.value(each, member));
                }
            }
            (Shape::Object(object), _) => self.object(object, value),
            (Shape::All(shapes), _) => shapes.iter().for_each(|shape| self.value(shape, value)),
            (Shape::OneOf(shapes), _) => self.one_of(shapes, value),
            (Shape::PerText { tag, main }, _) => {
                self.value(if self.text == Text::Tag { tag } else { main }, value)
            }
            (Shape::Bool, _) => self.wrong_kind("a boolean"),
            (Shape::Str(_) | Shape::Words(_), _) => self.wrong_kind("a string"),
            (Shape::Number { .. }, _) => self.wrong_kind("a number"),
            (Shape::Integer { .. }, _) => self.wrong_kind("an integer"),
            (Shape::List { .. }, _) => self.wrong_kind("an array"),
            (Shape::Map(_), _) => self.wrong_kind("an object"),
        }
    }

    fn object(&mut self, object: &'static Object, value: &'a Json) {
        let Json::Object(members) = value else {
            if object.typed {
                self.wrong_kind("an object");
            }
            return;
        };
        for (name, member) in members.iter() {
            match object.fields(self.text).find(|field| field.name == name) {
                Some(field) => self.inside(Step::Name(name), |walk| walk.value(&field.shape, member)),
                None if object.closed.holds(self.text) => self.not_allowed(name),
                None => {}
            }
        }
        for field in object.fields(self.text) {
            if field.required.holds(self.text) && !members.contains(field.name) {
                self.missing(field.name);
            }
        }
        let (texts, sets) = object.any_of;
        if texts.holds(self.text) && !sets.iter().any(|set| set.iter().all(|name| members.contains(name))) {
            let sets: Vec<String> = sets.iter().map(|set| set.join(" and ")).collect();
            self.report(ErrorCode::SchSchemaValidationFailed, format!("needs {}", sets.join(", or ")));
        }
    }

    fn list(&mut self, items: &Shape, list: &'a [Json], min: usize, max: Option<usize>) {
        if list.len() < min {
            self.report(ErrorCode::SchSchemaValidationFailed, format!("needs at least {min} item(s)"));
        }
        if let Some(max) = max.filter(|max| list.len() > *max) {
            self.report(ErrorCode::SchSchemaValidationFailed, format!("takes at most {max} items"));
        }
        for (at, item) in list.iter().enumerate() {
            if self.found.len() >= self.most {
                return;
            }
            self.inside(Step::Index(at), |walk| walk.value(items, item));
        }
    }

    fn one_of(&mut self, shapes: &'static [Shape], value: &'a Json) {
        let fits = |shape: &&Shape| {
            let mut probe = Walk::new(self.text, 1);
            probe.value(shape, value);
            probe.found.is_empty()
        };
        if shapes.iter().filter(fits).count() != 1 {
            self.report(
                ErrorCode::SchSchemaValidationFailed,
                "must have exactly one of the allowed forms".to_owned(),
            );
        }
    }

    fn form(&mut self, form: Form, text: &str) {
        let (fits, what) = match form {
            Form::Plain | Form::Uri => return,
            Form::Uuid => (format::is_uuid(text), "must be a UUID".to_owned()),
            Form::DateTime => {
                (format::is_date_time(text), "must be an RFC 3339 date and time with a zone".to_owned())
            }
            Form::Time => (format::is_time(text), "must be an RFC 3339 time with a zone".to_owned()),
            Form::Digest => (format::is_digest(text), "must be BLAKE-512= followed by base64".to_owned()),
            Form::Length(length) => {
                (text.chars().count() == length, format!("must have {length} characters"))
            }
        };
        if !fits {
            self.report(ErrorCode::SchInvalidFormat, what);
        }
    }

    fn word(&mut self, words: &[&str], text: &str) {
        if !words.contains(&text) {
            self.report(ErrorCode::SchInvalidEnum, format!("must be one of: {}", words.join(", ")));
        }
    }

    fn bounds(&mut self, number: &str, min: Option<u64>, max: Option<u64>) {
        if !format::is_within(number, min, max) {
            self.report(ErrorCode::SchSchemaValidationFailed, "is outside the allowed range".to_owned());
        }
    }

    fn wrong_kind(&mut self, kind: &str) {
        self.report(ErrorCode::SchInvalidFormat, format!("must be {kind}"));
    }

    fn missing(&mut self, name: &'static str) {
        self.inside(Step::Name(name), |walk| {
            walk.report(ErrorCode::SchRequiredFieldMissing, "is required and missing".to_owned());
        });
    }

    fn not_allowed(&mut self, name: &str) {
        let shown: String = name.chars().take(NAME_MAX).filter(|c| !c.is_control()).collect();
        self.report(ErrorCode::SchFieldNotAllowed, format!("member '{shown}' is not allowed here"));
    }

    fn inside(&mut self, step: Step<'a>, work: impl FnOnce(&mut Self)) {
        self.path.push(step);
        work(self);
        self.path.pop();
    }

    fn report(&mut self, code: ErrorCode, message: String) {
        if self.found.len() < self.most {
            let (code, path) = (self.in_layer(code), self.path());
            self.found.push(Violation { code, path, message });
        }
    }

    /// What is wrong in the context is the context layer's to say.
    fn in_layer(&self, code: ErrorCode) -> ErrorCode {
        match (self.path.first(), self.path.get(1), code) {
            (Some(Step::Name("context")), _, ErrorCode::SchRequiredFieldMissing) => {
                ErrorCode::CtxMissingField
            }
            (Some(Step::Name("context")), Some(Step::Name("version")), _) => ErrorCode::CtxVersionUnsupported,
            (Some(Step::Name("context")), ..) => ErrorCode::CtxInvalidField,
            _ => code,
        }
    }

    fn path(&self) -> String {
        let steps: Vec<String> = self
            .path
            .iter()
            .map(|step| match step {
                Step::Name(name) => name.chars().take(NAME_MAX).filter(|c| !c.is_control()).collect(),
                Step::Index(at) => at.to_string(),
            })
            .collect();
        steps.join("/")
    }
}
