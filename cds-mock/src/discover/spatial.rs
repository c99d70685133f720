//! Spatial constraints of an intent: read, reduced to bounds for the index, and judged over bodies (facts,
//! beckn-wire b.5).
//!
//! A target that begins at `$.catalogs` is a path of the whole document. Any other is a path of the item: the
//! offer, else the resources that it names, else its catalog, whichever is the first to have a geometry
//! there. An offer without any passes only under `NONE`. Constraints hold together.

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::json::Json;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::filter::compile_path;
use crate::catalog::{Bounds, Relation, Shape, meters};

/// Most constraints of one intent, and most targets of one constraint.
const CONSTRAINTS_MAX: usize = 8;
const TARGETS_MAX: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    Any,
    All,
    None,
}

/// One constraint, ready to be judged.
#[derive(Debug)]
pub struct Spatial {
    relation: Relation,
    shape: Shape,
    quantifier: Quantifier,
    /// Whether the path begins at the document, and the path.
    targets: Vec<(bool, JsonPath)>,
}

/// Reads `message.intent.spatial`.
///
/// # Errors
/// `SCH_` codes with the place of the fault.
pub(super) fn read(intent: &Json) -> Result<Vec<Spatial>, WireError> {
    let place = "message/intent/spatial";
    let Some(list) = intent.get("spatial") else { return Ok(Vec::new()) };
    let list = list.as_array().filter(|list| list.len() <= CONSTRAINTS_MAX);
    let list = list.ok_or_else(|| {
        WireError::format(place, format!("a list of at most {CONSTRAINTS_MAX} constraints is expected"))
    })?;
    list.iter().enumerate().map(|(at, json)| one(json, &format!("{place}/{at}"))).collect()
}

fn one(json: &Json, place: &str) -> Result<Spatial, WireError> {
    let at = |member: &str| format!("{place}/{member}");
    let relation = match json.get("op").and_then(Json::as_str) {
        Some("S_WITHIN") => Relation::Within,
        Some("S_CONTAINS") => Relation::Contains,
        Some("S_INTERSECTS") => Relation::Intersects,
        Some("S_DISJOINT") => Relation::Disjoint,
        Some("S_OVERLAPS") => Relation::Overlaps,
        Some("S_CROSSES") => Relation::Crosses,
        Some("S_TOUCHES") => Relation::Touches,
        Some("S_EQUALS") => Relation::Equals,
        Some("S_DWITHIN") => {
            let distance = json.get("distanceMeters");
            let distance = distance.ok_or_else(|| WireError::required(at("distanceMeters")))?;
            Relation::DistanceWithin(meters(distance).ok_or_else(|| {
                WireError::format(at("distanceMeters"), "a number of meters that is not negative is expected")
            })?)
        }
        Some(_) => return Err(WireError::new(ErrorCode::SchInvalidEnum, "no such operator").at(at("op"))),
        None => return Err(WireError::required(at("op"))),
    };
    let quantifier = match json.get("quantifier").and_then(Json::as_str) {
        None => Quantifier::Any,
        Some(word) if word.eq_ignore_ascii_case("ANY") => Quantifier::Any,
        Some(word) if word.eq_ignore_ascii_case("ALL") => Quantifier::All,
        Some(word) if word.eq_ignore_ascii_case("NONE") => Quantifier::None,
        Some(_) => {
            return Err(WireError::new(ErrorCode::SchInvalidEnum, "no such quantifier").at(at("quantifier")));
        }
    };
    if json.get("srid").is_some_and(|srid| srid.as_str() != Some("EPSG:4326")) {
        let error = WireError::new(ErrorCode::SchInvalidEnum, "coordinates are read in EPSG:4326 only");
        return Err(error.at(at("srid")));
    }
    let geometry = json.get("geometry").ok_or_else(|| WireError::required(at("geometry")))?;
    let shape = Shape::read(geometry).ok_or_else(|| {
        WireError::format(at("geometry"), "a GeoJSON geometry with longitudes and latitudes is expected")
    })?;
    Ok(Spatial { relation, shape, quantifier, targets: targets(json, &at("targets"))? })
}

fn targets(json: &Json, place: &str) -> Result<Vec<(bool, JsonPath)>, WireError> {
    let targets = json.get("targets").ok_or_else(|| WireError::required(place))?;
    let texts: Option<Vec<&str>> = match targets {
        Json::String(text) => Some(vec![text.as_str()]),
        Json::Array(list) => list.iter().map(Json::as_str).collect(),
        _ => None,
    };
    let texts = texts.filter(|texts| (1..=TARGETS_MAX).contains(&texts.len())).ok_or_else(|| {
        WireError::format(place, format!("a path, or 1 to {TARGETS_MAX} of them, is expected"))
    })?;
    let compile = |text: &str| {
        let path = compile_path(text);
        let path =
            path.map_err(|e| WireError::new(ErrorCode::SchInvalidJsonpath, e.to_string()).at(place))?;
        let whole =
            ["$['catalogs']", "$[\"catalogs\"]", "$.catalogs"].iter().any(|p| text.trim().starts_with(p));
        Ok((whole, path))
    };
    texts.into_iter().map(compile).collect()
}

impl Spatial {
    /// Where a geometry of the offer must be for it to pass; `None` when that cannot be said.
    pub(super) fn reach(&self) -> Option<Bounds> {
        if self.quantifier == Quantifier::None { None } else { self.shape.reach(self.relation) }
    }

    /// Whether the offer passes. `document` has one catalog with this offer and its resources alone.
    pub(super) fn admits(&self, document: &Value) -> bool {
        let catalog = &document["catalogs"][0];
        let list = |name: &str| catalog[name].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut shapes: Vec<Shape> = Vec::new();
        for (whole, path) in &self.targets {
            let mut found = |holders: &[Value]| {
                let before = shapes.len();
                for value in holders.iter().flat_map(|holder| path.query(holder).all()) {
                    shapes.extend(shapes_of(value));
                }
                shapes.len() > before
            };
            if *whole {
                found(std::slice::from_ref(document));
            } else if !found(list("offers")) && !found(list("resources")) {
                found(std::slice::from_ref(catalog));
            }
        }
        let mut judged = shapes.iter().map(|shape| shape.has(self.relation, &self.shape));
        match self.quantifier {
            Quantifier::Any => judged.any(|held| held),
            Quantifier::All => !shapes.is_empty() && judged.all(|held| held),
            Quantifier::None => !judged.any(|held| held),
        }
    }
}

/// The geometries that a target's value is: one, or a list of them; a location holds its own under `geo`.
fn shapes_of(value: &Value) -> Vec<Shape> {
    let read = |value: &Value| Json::parse_text(&value.to_string()).ok().and_then(|json| Shape::read(&json));
    match value {
        Value::Array(items) => items.iter().flat_map(shapes_of).collect(),
        Value::Object(members) => read(value).or_else(|| read(members.get("geo")?)).into_iter().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<Spatial>, WireError> {
        read(&Json::parse(format!(r#"{{"spatial":{text}}}"#).as_bytes()).unwrap())
    }

    #[test]
    fn quantifiers_and_the_nearest_holder_decide() {
        let document = serde_json::json!({"catalogs": [{
            "provider": {"availableAt": [{"geo": {"type": "Point", "coordinates": [77.0, 12.0]}}]},
            "resources": [{"places": [{"type": "Point", "coordinates": [1, 1]}, {"type": "Point", "coordinates": [5, 5]}]}],
            "offers": [{"id": "o"}]}]});
        let square = r#"{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]}"#;
        let admits = |op: &str, targets: &str, quantifier: &str| {
            let text = format!(
                r#"[{{"op":"{op}","targets":"{targets}","geometry":{square},"quantifier":"{quantifier}"}}]"#
            );
            parsed(&text).unwrap()[0].admits(&document)
        };
        assert!(admits("S_WITHIN", "$.places[*]", "ANY") && admits("S_WITHIN", "$.places", "any"));
        assert!(!admits("S_WITHIN", "$.places[*]", "ALL") && !admits("S_WITHIN", "$.places[*]", "NONE"));
        assert!(admits("S_DISJOINT", "$['provider']['availableAt'][*]['geo']", "ALL"));
        assert!(admits("S_DISJOINT", "$.catalogs[*].provider.availableAt[*]", "ANY"));
        assert!(!admits("S_WITHIN", "$.nowhere", "ANY") && !admits("S_WITHIN", "$.nowhere", "ALL"));
        assert!(admits("S_WITHIN", "$.nowhere", "NONE"));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let point = r#""geometry":{"type":"Point","coordinates":[1,1]}"#;
        for (text, path) in [
            ("7".to_owned(), ""),
            (r#"[{"op":"S_NEAR"}]"#.to_owned(), "/0/op"),
            (r#"[{"op":"S_DWITHIN"}]"#.to_owned(), "/0/distanceMeters"),
            (r#"[{"op":"S_DWITHIN","distanceMeters":-1}]"#.to_owned(), "/0/distanceMeters"),
            (r#"[{"op":"S_WITHIN"}]"#.to_owned(), "/0/geometry"),
            (
                r#"[{"op":"S_WITHIN","geometry":{"type":"Point","coordinates":[500,0]}}]"#.to_owned(),
                "/0/geometry",
            ),
            (format!(r#"[{{"op":"S_WITHIN",{point}}}]"#), "/0/targets"),
            (format!(r#"[{{"op":"S_WITHIN",{point},"targets":"$..["}}]"#), "/0/targets"),
            (format!(r#"[{{"op":"S_WITHIN",{point},"targets":"$","quantifier":"SOME"}}]"#), "/0/quantifier"),
            (format!(r#"[{{"op":"S_WITHIN",{point},"targets":"$","srid":"EPSG:3857"}}]"#), "/0/srid"),
        ] {
            let error = parsed(&text).unwrap_err();
            assert_eq!(error.path, Some(format!("message/intent/spatial{path}")), "{text}");
        }
    }
}
