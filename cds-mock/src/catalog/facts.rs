//! What the index knows of an offer, a resource or a catalog's own members, from the published JSON. Pure.
//!
//! Facts are stored beside the bodies, so that a start reads no body. Invariants: they may say more than the
//! body does, never less: what an expression can find in a body it finds by the facts too; their size is
//! bounded whatever a publisher sends.

use std::borrow::Cow;
use std::collections::BTreeSet;

use beckn_wire::energy::{Offer, Path};
use beckn_wire::json::Json;
use serde::{Deserialize, Serialize};
use units::Timestamp;

use super::place::{self, Bounds};

/// Facts of another version are made anew from the bodies at start.
pub const VERSION: i64 = 1;
/// Most words of the names of one offer or resource that are kept one by one.
const WORDS_MAX: usize = 40;
/// Most keys of one offer that are kept one by one.
const KEYS_MAX: usize = 40;
/// Most slots of one offer that are kept one by one.
pub const SLOTS_MAX: usize = 48;
/// Longest word that is kept whole, in bytes: the beginning of a longer one stands for it.
const WORD_MAX: usize = 48;

/// By what an offer is found when the value is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Key {
    /// Stands for every key: the offer has too many.
    Any,
    Offer,
    Resource,
    Meter,
    Provider,
    /// The type of a resource.
    Kind,
}

/// Of an offer without its resources, or of one resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Where the table of slots begins, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<i64>,
    /// Start of each slot in seconds, and its price in 0.0001 INR/kWh.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<(i64, i64)>,
    /// There are more slots than are listed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_slots: bool,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub words: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub keys: BTreeSet<(Key, String)>,
    /// `availableTo` as it was written, when it names somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Bounds>,
    /// The resources that the offer names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
}

impl Facts {
    /// Of an offer.
    pub fn of_offer(json: &Json) -> Self {
        let mut facts = Self::named(json);
        facts.key(Key::Offer, json.get("id"));
        facts.key(Key::Provider, json.at(&["provider", "id"]));
        facts.key(Key::Meter, json.at(&["provider", "providerAttributes", "meterId"]));
        let people = json.at(&["offerAttributes", "participants"]).and_then(Json::as_array);
        for person in people.unwrap_or_default() {
            facts.key(Key::Meter, person.at(&["participantAttributes", "meterId"]));
        }
        facts.audience = json
            .get("availableTo")
            .filter(|list| list.as_array().is_some_and(|list| !list.is_empty()))
            .map(Json::to_string);
        facts.bounds = place::bounds(json);
        let Ok(offer) = Offer::read(json, &Path::new("offer")) else { return facts };
        for id in &offer.resource_ids {
            facts.keys.insert((Key::Resource, canonical(id).into_owned()));
        }
        if let Some(series) = offer.series() {
            facts.start = series.interval_period.as_ref().map(|period| period.start.seconds());
            let lines = series.lines().unwrap_or_default();
            facts.more_slots = lines.len() > SLOTS_MAX;
            let slots = lines.iter().filter_map(|l| Some((l.slot.start().seconds(), l.price?.get())));
            facts.slots = slots.collect();
            facts.slots.sort_unstable_by_key(|(start, price)| (*price, *start));
            // The cheapest slots stay, for the index orders by the lowest price.
            facts.slots.truncate(SLOTS_MAX);
            facts.slots.sort_unstable();
        }
        facts.resources = offer.resource_ids;
        facts.bounded()
    }

    /// Of a resource.
    pub fn of_resource(json: &Json) -> Self {
        let mut facts = Self::named(json);
        facts.key(Key::Kind, json.at(&["resourceAttributes", "type"]));
        facts.key(Key::Meter, json.at(&["resourceAttributes", "id"]));
        facts.bounds = place::bounds(json);
        facts.bounded()
    }

    /// Of a catalog without its lists.
    pub fn of_head(json: &Json) -> Self {
        Self { bounds: place::bounds(json), ..Self::named(json) }.bounded()
    }

    /// Those of which everything may be true.
    pub fn anything() -> Self {
        Self {
            start: Some(0),
            more_slots: true,
            words: BTreeSet::from([String::new()]),
            keys: BTreeSet::from([(Key::Any, String::new())]),
            bounds: Some(Bounds::GLOBE),
            ..Self::default()
        }
    }

    fn named(json: &Json) -> Self {
        let holders = [Some(json), json.get("provider")];
        let names = holders.into_iter().flatten().filter_map(|holder| holder.at(&["descriptor", "name"]));
        let words = names.filter_map(Json::as_str).flat_map(fold).map(|word| cut(&word).to_owned());
        Self { words: words.take(WORDS_MAX.saturating_add(1)).collect(), ..Self::default() }
    }

    fn key(&mut self, key: Key, value: Option<&Json>) {
        if let Some(text) = value.and_then(Json::as_str) {
            self.keys.insert((key, canonical(text).into_owned()));
        }
    }

    /// Too many words or keys are replaced by one that stands for all.
    fn bounded(mut self) -> Self {
        if self.words.len() > WORDS_MAX {
            self.words = BTreeSet::from([String::new()]);
        }
        if self.keys.len() > KEYS_MAX {
            self.keys = BTreeSet::from([(Key::Any, String::new())]);
        }
        self
    }

    /// Takes in what is known of a resource that the offer names.
    pub fn include(&mut self, resource: &Self) {
        self.words.extend(resource.words.iter().cloned());
        self.keys.extend(resource.keys.iter().cloned());
        self.bounds = Bounds::union(self.bounds, resource.bounds);
    }

    /// # Errors
    /// Never for facts that were made here.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// # Errors
    /// The text is not of this version.
    pub fn from_text(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// The words of a text in lower case.
pub fn fold(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// The part of a word that is kept.
pub fn cut(word: &str) -> &str {
    let mut end = word.len().min(WORD_MAX);
    while !word.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    word.get(..end).unwrap_or_default()
}

/// The one form of a text that is an instant, with six digits behind the point, so that the order of texts is
/// the order of times; any other text as it is.
pub fn canonical(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let likely = text.len() >= 20 && bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
    match likely.then(|| Timestamp::parse_rfc3339(text)) {
        Some(Ok(at)) => Cow::Owned(six_digits(&at.to_rfc3339())),
        _ => Cow::Borrowed(text),
    }
}

fn six_digits(text: &str) -> String {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}.{part:0<6}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_one_form_that_sorts_like_time() {
        let forms = ["2026-04-26T06:00:00+05:30", "2026-04-26T00:30:00Z", "2026-04-26T00:30:00.000Z"];
        assert_eq!(forms.map(|text| canonical(text).into_owned()), ["2026-04-26T00:30:00.000000Z"; 3]);
        assert!(canonical("2026-04-26T00:30:00.5Z") > canonical("2026-04-26T00:30:00Z"));
        assert_eq!(canonical("2026-xx-26 is no instant"), "2026-xx-26 is no instant");
    }

    #[test]
    fn facts_are_bounded_and_stand_for_all_when_there_is_too_much() {
        let name: Vec<String> = (0..100).map(|n| format!("word{n}")).collect();
        let json = Json::object([("descriptor", Json::object([("name", Json::from(name.join(" ")))]))]);
        assert_eq!(Facts::of_head(&json).words, BTreeSet::from([String::new()]));
        let long = "ä".repeat(100);
        assert_eq!(cut(&long).len(), 48);
        let people = (0..100).map(|n| {
            let meter = Json::object([("meterId", Json::from(format!("M{n}")))]);
            Json::object([("participantAttributes", meter)])
        });
        let attributes = Json::object([("participants", Json::array(people))]);
        let offer = Json::object([("id", Json::from("o")), ("offerAttributes", attributes)]);
        assert_eq!(Facts::of_offer(&offer).keys, BTreeSet::from([(Key::Any, String::new())]));
    }

    #[test]
    fn facts_come_back_from_their_text() {
        let json = Json::parse(
            br#"{"id":"r","descriptor":{"name":"Roof, South"},"resourceAttributes":{"type":"SOLAR","id":"M1",
            "geo":{"type":"Point","coordinates":[77.5,12.9]}}}"#,
        );
        let facts = Facts::of_resource(&json.unwrap());
        assert_eq!(Facts::from_text(&facts.to_text().unwrap()).unwrap(), facts);
        assert_eq!(facts.words, BTreeSet::from(["roof".to_owned(), "south".to_owned()]));
        let mut offer = Facts::default();
        offer.include(&facts);
        assert!(offer.keys.contains(&(Key::Kind, "SOLAR".to_owned())) && offer.bounds.is_some());
    }
}
