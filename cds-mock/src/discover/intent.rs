//! Reads `message.intent` of `discover`. Pure.

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::json::Json;
use node::Refusal;

use super::filter::Filter;

/// Longest text to search for, in bytes.
const TEXT_MAX: usize = 512;

/// What is looked for.
#[derive(Debug, Default)]
pub struct Query {
    pub filter: Option<Filter>,
    /// Words, folded, each of which begins a word in one of the names.
    pub words: Vec<String>,
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
        for (member, empty) in [("spatial", Json::array([])), ("mediaSearch", Json::object::<String, _>([]))]
        {
            let place = format!("message/intent/{member}");
            if intent.get(member).is_some_and(|value| *value != empty) {
                let error =
                    WireError::new(ErrorCode::NetNotImplemented, format!("{member} is not served here"));
                // Trying again would not help: so it is the request's fault, not a failure of the service.
                return Err(Refusal { error: error.at(place), status: Some(400) });
            }
        }
        Ok(Self { filter: filter(intent)?, words: words(intent)? })
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

/// The words of a text in lower case.
fn fold(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
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
            (r#"{"spatial":[{"op":"S_WITHIN"}]}"#, "NET_NOT_IMPLEMENTED", "message/intent/spatial"),
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
