//! Reads `message.intent` of `discover`. Pure.

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::json::Json;
use node::Refusal;

use super::filter::Filter;
use super::spatial::{self, Spatial};
use crate::catalog::{Wanted, fold};

/// Longest text to search for, in bytes.
const TEXT_MAX: usize = 512;

/// What is looked for.
#[derive(Debug, Default)]
pub struct Query {
    pub filter: Option<Filter>,
    /// Words, folded, each of which begins a word in one of the names.
    pub words: Vec<String>,
    /// Constraints of place, which hold together.
    pub spatial: Vec<Spatial>,
}

impl Query {
    /// Reads the message of `discover`.
    ///
    /// # Errors
    /// `SCH_INVALID_JSONPATH` for an expression that is not understood or costs too much;
    /// `NET_NOT_IMPLEMENTED`, with status 400, for ways of searching that this service does not have; `SCH_`
    /// codes for what has the wrong form.
    pub fn read(message: &Json) -> Result<Self, Refusal> {
        let intent = message.get("intent").ok_or_else(|| WireError::required("message/intent"))?;
        if intent.get("mediaSearch").is_some_and(|media| *media != Json::object::<String, _>([])) {
            let error = WireError::new(ErrorCode::NetNotImplemented, "mediaSearch is not served here");
            // Trying again would not help: so it is the request's fault, not a failure of the service.
            return Err(Refusal { error: error.at("message/intent/mediaSearch"), status: Some(400) });
        }
        Ok(Self { filter: filter(intent)?, words: words(intent)?, spatial: spatial::read(intent)? })
    }

    /// What the index is asked for, for members of these networks.
    pub(super) fn wanted(&self, networks: &[String]) -> Wanted {
        let known = self.filter.as_ref().map(|filter| filter.plan().wanted.clone()).unwrap_or_default();
        let places = self.spatial.iter().filter_map(Spatial::reach).collect();
        Wanted { networks: networks.to_vec(), words: self.words.clone(), places, ..known }
    }

    /// Whether the filter must be evaluated over the bodies.
    pub(super) fn evaluated(&self) -> Option<&Filter> {
        self.filter.as_ref().filter(|filter| !filter.plan().exact)
    }

    /// Whether the filter may look at a catalog as a whole.
    pub(super) fn by_catalog(&self) -> bool {
        self.evaluated().is_some_and(|filter| !filter.plan().by_item)
    }

    /// Whether the names contain every word.
    pub fn matches_names<'a>(&self, names: impl Iterator<Item = &'a str> + Clone) -> bool {
        self.words
            .iter()
            .all(|word| names.clone().any(|name| fold(name).any(|part| part.starts_with(word.as_str()))))
    }
}

fn filter(intent: &Json) -> Result<Option<Filter>, WireError> {
    let Some(filters) = intent.get("filters") else { return Ok(None) };
    let place = "message/intent/filters";
    if filters.get("type").and_then(Json::as_str) != Some("jsonpath") {
        let error = WireError::new(ErrorCode::SchInvalidEnum, "only filters of type jsonpath are understood");
        return Err(error.at(format!("{place}/type")));
    }
    let place = format!("{place}/expression");
    let expression = filters.get("expression").and_then(Json::as_str);
    let expression = expression.ok_or_else(|| WireError::required(place.as_str()))?;
    let compiled = Filter::compile(expression);
    compiled.map(Some).map_err(|e| WireError::new(ErrorCode::SchInvalidJsonpath, e.to_string()).at(place))
}

fn words(intent: &Json) -> Result<Vec<String>, WireError> {
    let Some(text) = intent.get("textSearch") else { return Ok(Vec::new()) };
    match text.as_str() {
        Some(text) if text.len() <= TEXT_MAX => Ok(fold(text).collect()),
        _ => Err(WireError::format("message/intent/textSearch", "a text of at most 512 bytes is expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(intent: &str) -> Result<Query, Refusal> {
        Query::read(&Json::parse(format!(r#"{{"intent":{intent}}}"#).as_bytes()).unwrap())
    }

    #[test]
    fn words_are_folded_and_match_the_beginnings_of_words() {
        let query = read(r#"{"textSearch":"  Morning SOL, "}"#).unwrap();
        assert_eq!(query.words, ["morning", "sol"]);
        assert!(query.matches_names(["Rooftop solar", "A good Morning"].into_iter()));
        assert!(!query.matches_names(["Rooftop solar"].into_iter()));
        assert!(read("{}").unwrap().matches_names([].into_iter()));
    }

    #[test]
    fn what_is_not_served_is_refused_with_its_place() {
        for (intent, code, path) in [
            (
                r#"{"spatial":[{"op":"S_WITHIN"}]}"#,
                "SCH_REQUIRED_FIELD_MISSING",
                "message/intent/spatial/0/geometry",
            ),
            (r#"{"mediaSearch":{"media":[]}}"#, "NET_NOT_IMPLEMENTED", "message/intent/mediaSearch"),
            (
                r#"{"filters":{"type":"xpath","expression":"$"}}"#,
                "SCH_INVALID_ENUM",
                "message/intent/filters/type",
            ),
            (
                r#"{"filters":{"type":"jsonpath"}}"#,
                "SCH_REQUIRED_FIELD_MISSING",
                "message/intent/filters/expression",
            ),
            (
                r#"{"filters":{"type":"jsonpath","expression":"$..["}}"#,
                "SCH_INVALID_JSONPATH",
                "message/intent/filters/expression",
            ),
            (r#"{"textSearch":7}"#, "SCH_INVALID_FORMAT", "message/intent/textSearch"),
        ] {
            let refusal = read(intent).unwrap_err();
            assert_eq!((refusal.error.code.as_str(), refusal.http_status()), (code, 400), "{intent}");
            assert_eq!(refusal.error.path.as_deref(), Some(path));
        }
        assert!(read(r#"{"spatial":[],"mediaSearch":{}}"#).is_ok());
    }
}
