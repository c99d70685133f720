//! Whether what is published can be shown: a piece that would make an `on_discover` invalid under one of the
//! two texts (ruling 8) must not get in, or it would spoil the answer for everybody.

use beckn_wire::code::WireError;
use beckn_wire::json::{Json, Object};
use beckn_wire::validate::sendable;

/// Ids of the probe; any UUID does.
const PROBE_ID: &str = "00000000-0000-4000-8000-000000000000";

/// The list in which a piece stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Resources,
    Offers,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::Offers => "offers",
        }
    }
}

/// A catalog without resources and offers, in the form in which it is shown.
///
/// # Errors
/// What is wrong with it; the path is that of the catalog at `path`.
pub(super) fn head(head: &Object, path: &str) -> Result<(), WireError> {
    probe(head, None, path)
}

/// An element of one of the two lists of a catalog.
///
/// # Errors
/// As [`head`]; the path is that of the element.
pub(super) fn element(head: &Object, place: Place, element: &Json, path: &str) -> Result<(), WireError> {
    probe(head, Some((place, element)), path)
}

fn probe(head: &Object, element: Option<(Place, &Json)>, path: &str) -> Result<(), WireError> {
    let mut catalog = head.clone();
    for place in [Place::Resources, Place::Offers] {
        let item = element.filter(|(at, _)| *at == place).map(|(_, json)| json.clone());
        catalog.set(place.name(), Json::array(item));
    }
    let context = Json::object(
        [
            ("version", "2.0.0"),
            ("action", "on_discover"),
            ("bapId", "bap.example"),
            ("bapUri", "https://bap.example"),
            ("bppId", "cds.example"),
            ("bppUri", "https://cds.example"),
            ("transactionId", PROBE_ID),
            ("messageId", PROBE_ID),
            ("networkId", "probe.example/network"),
            ("timestamp", "2026-01-01T00:00:00Z"),
        ]
        .map(|(name, text)| (name, Json::from(text))),
    );
    let message = Json::object([("catalogs", Json::array([Json::Object(catalog)]))]);
    let Err(violations) = sendable(&Json::object([("context", context), ("message", message)])) else {
        return Ok(());
    };
    let Some(violation) = violations.into_iter().next() else { return Ok(()) };
    let stem = match element {
        None => "message/catalogs/0".to_owned(),
        Some((place, _)) => format!("message/catalogs/0/{}/0", place.name()),
    };
    let place = violation
        .path
        .strip_prefix(stem.as_str())
        .map_or_else(|| path.to_owned(), |rest| format!("{path}{rest}"));
    Err(WireError::new(violation.code, violation.message).at(place))
}
