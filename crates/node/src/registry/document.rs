//! Reads the lookup documents of a DeDi registry. Pure.

use beckn_wire::json::Json;
use beckn_wire::signature::PublicKey;
use units::{Span, Timestamp};

use super::{Record, RegistryError};

/// Kept so long when the registry names no ttl.
const TTL_DEFAULT: Span = Span::from_secs(300);
/// States of older registries in which a key must not be used.
const DEAD_STATES: [&str; 5] = ["EXPIRED", "UNSUBSCRIBED", "INVALID_SSL", "SUSPENDED", "REVOKED"];

/// The record in the answer to a lookup of one key.
///
/// # Errors
/// `KeyNotFound` when the document is not one that names this subscriber, a usable key and an address.
pub(super) fn key_record(body: &[u8], subscriber_id: &str, key_id: &str) -> Result<Record, RegistryError> {
    let document = Json::parse(body).map_err(|_| RegistryError::Unavailable)?;
    let data = document.get("data").unwrap_or(&document);
    record(data, subscriber_id, Some(key_id)).ok_or(RegistryError::KeyNotFound)
}

/// The live record in the answer to a lookup of a subscriber: the one in `data`, or the first live one of
/// `data.records`.
///
/// # Errors
/// `SubscriberNotFound` when there is none of this subscriber; `Revoked` or `Expired` when none of them
/// lives.
pub(super) fn subscriber_record(
    body: &[u8],
    subscriber_id: &str,
    now: Timestamp,
) -> Result<Record, RegistryError> {
    let document = Json::parse(body).map_err(|_| RegistryError::Unavailable)?;
    let data = document.get("data").unwrap_or(&document);
    let many = data.get("records").and_then(Json::as_array);
    let candidates = match many {
        Some(records) => records,
        None => std::slice::from_ref(data),
    };
    let mut answer = Err(RegistryError::SubscriberNotFound);
    for candidate in candidates {
        let Some(record) = record(candidate, subscriber_id, None) else { continue };
        match live(&record, now) {
            Ok(()) => return Ok(record),
            Err(dead) => answer = Err(dead),
        }
    }
    answer
}

/// Whether a record may be used now.
///
/// # Errors
/// `Revoked` or `Expired`.
pub(super) fn live(record: &Record, now: Timestamp) -> Result<(), RegistryError> {
    if record.revoked {
        return Err(RegistryError::Revoked);
    }
    if record.valid_until.is_some_and(|until| until <= now) {
        return Err(RegistryError::Expired);
    }
    Ok(())
}

fn record(data: &Json, subscriber_id: &str, asked_key: Option<&str>) -> Option<Record> {
    let details = data.get("details").unwrap_or(data);
    // A registry that answers for somebody else than was asked would let one participant sign for another.
    if !text(details, "subscriber_id")?.eq_ignore_ascii_case(subscriber_id) {
        return None;
    }
    let key_id = match asked_key {
        Some(key_id) => key_id.to_owned(),
        None => either(data, details, &["record_id", "record_name", "key_id"])?.to_owned(),
    };
    let state = either(data, details, &["state", "status"]).unwrap_or_default().to_ascii_uppercase();
    let revoked = [data, details].iter().any(|at| at.get("is_revoked").and_then(Json::as_bool) == Some(true));
    let memberships = [data, details].into_iter().find_map(|at| at.get("network_memberships")?.as_array());
    let ttl = [data, details].into_iter().find_map(|at| at.get("ttl")?.as_number()?.parse::<i64>().ok());
    // An end of validity that cannot be read counts as passed.
    let valid_until = either(data, details, &["valid_until", "valid_till"])
        .map(|until| Timestamp::parse_rfc3339(until).unwrap_or(Timestamp::from_micros(0)));
    Some(Record {
        subscriber_id: subscriber_id.to_ascii_lowercase(),
        key_id,
        public_key: PublicKey::from_base64_or_der(text(details, "signing_public_key")?).ok()?,
        url: text(details, "url")?.to_owned(),
        kind: text(details, "type").unwrap_or_default().to_owned(),
        network_memberships: memberships
            .unwrap_or_default()
            .iter()
            .take(1000)
            .filter_map(|network| network.as_str().map(str::to_owned))
            .collect(),
        ttl: ttl.map_or(TTL_DEFAULT, |seconds| Span::from_secs(seconds.clamp(0, 86_400))),
        valid_until,
        revoked: revoked || DEAD_STATES.contains(&state.as_str()),
        meta: data.get("meta").or_else(|| details.get("meta")).cloned().unwrap_or(Json::Null),
    })
}

fn text<'a>(at: &'a Json, name: &str) -> Option<&'a str> {
    at.get(name).and_then(Json::as_str).filter(|text| !text.is_empty())
}

fn either<'a>(data: &'a Json, details: &'a Json, names: &[&str]) -> Option<&'a str> {
    [data, details].into_iter().find_map(|at| names.iter().find_map(|name| text(at, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    fn document(extra: &str) -> Vec<u8> {
        format!(
            r#"{{"message":"ok","data":{{"record_id":"k1","details":{{"url":"https://b.example/beckn",
            "type":"BPP","subscriber_id":"b.example","signing_public_key":"{KEY}"}},
            "network_memberships":["n/one"],"ttl":45{extra}}}}}"#
        )
        .into_bytes()
    }

    #[test]
    fn reads_the_shape_of_the_fabric() {
        let record = key_record(&document(""), "b.example", "k1").unwrap();
        assert_eq!((record.url.as_str(), record.kind.as_str()), ("https://b.example/beckn", "BPP"));
        assert_eq!((record.ttl, record.revoked, record.valid_until), (Span::from_secs(45), false, None));
        assert_eq!(record.network_memberships, ["n/one"]);
        assert!(live(&record, Timestamp::from_seconds(1)).is_ok());
    }

    #[test]
    fn somebody_elses_record_bad_keys_and_dead_records_are_refused() {
        assert_eq!(key_record(&document(""), "c.example", "k1").unwrap_err(), RegistryError::KeyNotFound);
        assert_eq!(key_record(b"<html>", "b.example", "k1").unwrap_err(), RegistryError::Unavailable);
        let short = String::from_utf8(document("")).unwrap().replace(KEY, "AAAA");
        assert_eq!(key_record(short.as_bytes(), "b.example", "k1").unwrap_err(), RegistryError::KeyNotFound);
        let now = Timestamp::parse_rfc3339("2026-11-01T08:00:00Z").unwrap();
        for (extra, dead) in [
            (r#","is_revoked":true"#, RegistryError::Revoked),
            (r#","state":"suspended""#, RegistryError::Revoked),
            (r#","valid_until":"2026-11-01T08:00:00Z""#, RegistryError::Expired),
            (r#","valid_until":"soon""#, RegistryError::Expired),
        ] {
            let record = key_record(&document(extra), "b.example", "k1").unwrap();
            assert_eq!(live(&record, now), Err(dead), "{extra}");
            assert_eq!(subscriber_record(&document(extra), "b.example", now).unwrap_err(), dead);
        }
    }

    #[test]
    fn a_subscriber_is_addressed_by_its_first_live_record() {
        let now = Timestamp::from_seconds(1_793_520_000);
        let one = |id: &str, revoked: bool| {
            format!(
                r#"{{"record_id":"{id}","is_revoked":{revoked},"details":{{"url":"https://b.example/{id}",
                "subscriber_id":"b.example","signing_public_key":"{KEY}"}}}}"#
            )
        };
        let list = format!(r#"{{"data":{{"records":[{},{}]}}}}"#, one("old", true), one("new", false));
        assert_eq!(subscriber_record(list.as_bytes(), "b.example", now).unwrap().key_id, "new");
        let none = br#"{"data":{"records":[]}}"#;
        assert_eq!(subscriber_record(none, "b.example", now).unwrap_err(), RegistryError::SubscriberNotFound);
    }
}
