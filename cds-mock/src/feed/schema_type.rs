//! Schema types: what a catalog's resources and offers are, and what a subscriber asks for. Pure.
//!
//! A type is written `BASE#Name`, where BASE is the address of the JSON-LD context without `/context.jsonld`. Who asks
//! may leave out either half, or name the context itself.

use std::collections::BTreeSet;

use beckn_wire::json::Json;

const CONTEXT_FILE: &str = "/context.jsonld";
/// Most types that are kept of one catalog.
pub(super) const TYPES_MAX: usize = 64;
const TYPE_MAX: usize = 512;

/// The type of an attributes object.
pub(super) fn type_of(attributes: &Json) -> Option<String> {
    let text = |name: &str| attributes.get(name).and_then(Json::as_str);
    let (context, name) = (text("@context")?, text("@type")?);
    let base = context.strip_suffix(CONTEXT_FILE).unwrap_or(context);
    let text = format!("{base}#{name}");
    (text.len() <= TYPE_MAX && !text.chars().any(char::is_control)).then_some(text)
}

/// A type that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    base: Option<String>,
    name: Option<String>,
}

impl Wanted {
    /// `BASE`, `BASE#Name`, `BASE/context.jsonld`, `BASE/context.jsonld#Name`, or `Name`.
    pub(super) fn parse(text: &str) -> Self {
        if !text.contains("://") {
            return Self { base: None, name: Some(text.to_owned()) };
        }
        let (base, name) = text.split_once('#').map_or((text, None), |(base, name)| (base, Some(name)));
        let base = base.strip_suffix(CONTEXT_FILE).unwrap_or(base).trim_end_matches('/');
        Self { base: Some(base.to_owned()), name: name.map(str::to_owned) }
    }

    fn fits(&self, have: &str) -> bool {
        let (base, name) = have.rsplit_once('#').unwrap_or((have, ""));
        self.base.as_deref().is_none_or(|wanted| wanted == base)
            && self.name.as_deref().is_none_or(|wanted| wanted == name)
    }
}

/// Whether one of these is wanted; nothing wanted is everything wanted.
pub(super) fn any_wanted(wanted: &[Wanted], have: &BTreeSet<String>) -> bool {
    wanted.is_empty() || have.iter().any(|have| wanted.iter().any(|wanted| wanted.fits(have)))
}

/// The types that are asked for in a list of texts.
pub(super) fn wanted<'a>(texts: impl IntoIterator<Item = &'a String>) -> Vec<Wanted> {
    texts.into_iter().filter(|text| *text != "*").map(|text| Wanted::parse(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_half_or_both_find_a_type() {
        let attributes = r#"{"@context":"https://s.example/Offer/v2.0/context.jsonld","@type":"Offer"}"#;
        let have: BTreeSet<String> =
            type_of(&Json::parse(attributes.as_bytes()).unwrap()).into_iter().collect();
        assert_eq!(have.first().map(String::as_str), Some("https://s.example/Offer/v2.0#Offer"));
        for text in [
            "Offer",
            "https://s.example/Offer/v2.0",
            "https://s.example/Offer/v2.0/",
            "https://s.example/Offer/v2.0#Offer",
            "https://s.example/Offer/v2.0/context.jsonld",
            "https://s.example/Offer/v2.0/context.jsonld#Offer",
        ] {
            assert!(any_wanted(&[Wanted::parse(text)], &have), "{text}");
        }
        for text in ["offer", "https://s.example/Offer/v2.1", "https://s.example/Offer/v2.0#Other", ""] {
            assert!(!any_wanted(&[Wanted::parse(text)], &have), "{text}");
        }
        assert!(any_wanted(&wanted(&["*".to_owned()]), &BTreeSet::new()));
        assert!(!any_wanted(&[Wanted::parse("Offer")], &BTreeSet::new()));
    }

    #[test]
    fn half_an_attributes_object_has_no_type() {
        for text in
            [r#"{"@type":"X"}"#, r#"{"@context":"u"}"#, "{}", "7", r#"{"@context":"a\nb","@type":"X"}"#]
        {
            assert_eq!(type_of(&Json::parse(text.as_bytes()).unwrap()), None, "{text}");
        }
    }
}
