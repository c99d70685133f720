//! Bodies of the client API: read within limits, parsed strictly, and refused with the field at fault.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Payload;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::problem::Problem;
use crate::error::Code;

/// Largest body of a client, bytes.
pub const BODY_MAX: usize = 64 * 1024;
/// Within this time a body must have arrived.
pub const BODY_TIME: Duration = Duration::from_secs(20);

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is longer than allowed.
    TooLong,
    /// It did not come in time, or broke off.
    Broken,
}

/// Reads a body of at most `max` bytes.
pub async fn collect(mut payload: Payload, max: usize) -> Result<Bytes, Unread> {
    let whole = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Unread::Broken)?;
            if body.len().saturating_add(chunk.len()) > max {
                return Err(Unread::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(BODY_TIME, whole).await.unwrap_or(Err(Unread::Broken))
}

/// The body of a client's request, which must be JSON. An absent one is `{}`.
pub async fn body(request: &HttpRequest, payload: Payload) -> Result<Bytes, Problem> {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let announced = announced.map(|text| text.parse::<usize>().unwrap_or(usize::MAX));
    if announced.is_some_and(|length| length > BODY_MAX) {
        return Err(too_large());
    }
    let json = is_json(request);
    if !json && request.headers().contains_key(header::CONTENT_TYPE) {
        return Err(Problem::of(Code::UnsupportedMediaType));
    }
    let bytes = collect_whole(payload).await?;
    match (bytes.is_empty(), json) {
        (true, _) => Ok(Bytes::from_static(b"{}")),
        (false, true) => Ok(bytes),
        (false, false) => Err(Problem::of(Code::UnsupportedMediaType)),
    }
}

/// The body of a client's request, whatever it is.
pub async fn collect_whole(payload: Payload) -> Result<Bytes, Problem> {
    collect(payload, BODY_MAX).await.map_err(|unread| match unread {
        Unread::TooLong => too_large(),
        Unread::Broken => Problem::new(Code::RequestMalformed, "The body did not arrive whole."),
    })
}

fn too_large() -> Problem {
    Problem::new(Code::RequestTooLarge, format!("A body has at most {BODY_MAX} bytes."))
}

fn is_json(request: &HttpRequest) -> bool {
    let text =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    essence
        && parts.all(|parameter| {
            !parameter.to_ascii_lowercase().starts_with("charset=") || {
                parameter.to_ascii_lowercase().trim_start_matches("charset=").trim_matches('"') == "utf-8"
            }
        })
}

/// Parses a body.
///
/// # Errors
/// 400 when it is no JSON, 422 with the field when it is not what is expected.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // No database keeps it in a text, and no field has a use for it.
    if bytes.windows(6).any(|window| window == b"\\u0000") {
        return Err(Problem::new(Code::FieldInvalid, "A text may not contain the character U+0000."));
    }
    // serde would take a list for a struct, its members by position.
    if bytes.trim_ascii_start().starts_with(b"[") && serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
        return Err(Problem::new(Code::FieldInvalid, "The body must be a JSON object."));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        refused(error.inner(), &path)
    })?;
    deserializer.end().map_err(|error| refused(&error, "."))?;
    Ok(value)
}

fn refused(error: &serde_json::Error, path: &str) -> Problem {
    if !error.is_data() {
        return Problem::new(Code::RequestMalformed, format!("The body is not JSON: {error}."));
    }
    let text = error.to_string();
    // The place in the text helps nobody once the field is named.
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
    let quoted = |start: &str| text.strip_prefix(start).and_then(|rest| rest.split('`').next());
    let base = if path == "." { "" } else { path };
    let last = base.rsplit('.').next();
    let twice = quoted("duplicate field `").filter(|name| last != Some(*name));
    let field = match (quoted("missing field `").or(twice), quoted("unknown field `")) {
        (Some(name), _) if base.is_empty() => name.to_owned(),
        (Some(name), _) => format!("{base}.{name}"),
        // The path of an unknown field names it already.
        (_, Some(name)) if base.is_empty() => name.to_owned(),
        _ => base.to_owned(),
    };
    let shape = text.starts_with("missing field")
        || text.starts_with("unknown field")
        || text.starts_with("duplicate field")
        || text.starts_with("invalid type");
    let code = match field.rsplit('.').next() {
        Some("start") if !shape => Code::SlotInvalid,
        Some("quantity_kwh") if !shape => Code::QuantityInvalid,
        _ => Code::FieldInvalid,
    };
    let problem = Problem::new(code, said(if field.is_empty() { "the body" } else { &field }, text));
    if field.is_empty() { problem } else { problem.at(field) }
}

/// What is wrong with a field, in words of the API: the parser names types of ours, and the field a second time.
fn said(field: &str, text: &str) -> String {
    let expected = text.rsplit_once("expected ").map(|(_, expected)| expected.replace('`', ""));
    let kind = text.split([':', '`']).next().unwrap_or_default().trim();
    match (kind, expected) {
        ("missing field", _) => format!("{field} is missing."),
        ("duplicate field", _) => format!("{field} is given twice."),
        ("unknown field", Some(known)) => {
            format!("There is no field {field}; known: {}.", known.trim_start_matches("one of "))
        }
        ("unknown field", None) => format!("There is no field {field}, nor any other."),
        ("unknown variant", Some(known)) => format!("{field}: {known} is expected."),
        ("invalid type" | "invalid value" | "invalid length", Some(expected)) => {
            format!("{field}: {} is expected.", form(&expected))
        }
        _ => format!("{field}: {text}."),
    }
}

/// A form of JSON in place of a type of ours.
fn form(expected: &str) -> &str {
    const WHOLE: &[&str] = &["i8", "i16", "i32", "i64", "isize", "u8", "u16", "u32", "u64", "usize"];
    match expected {
        "a sequence" => "a list",
        "a boolean" => "true or false",
        "a map" => "an object",
        whole if WHOLE.contains(&whole) => "a whole number",
        ours if ours.starts_with("struct ") => "an object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use units::{DeliverySlot, WattHours};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wish {
        #[allow(dead_code, reason = "only read by serde")]
        slots: Vec<Slot>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Slot {
        #[allow(dead_code, reason = "only read by serde")]
        start: DeliverySlot,
        #[allow(dead_code, reason = "only read by serde")]
        quantity_kwh: WattHours,
    }

    fn refusal(body: &str) -> (u16, String, String) {
        let problem = parse::<Wish>(body.as_bytes()).unwrap_err();
        let shown = problem.render("id");
        let status = shown.status().as_u16();
        let body = actix_web::body::MessageBody::try_into_bytes(shown.into_body()).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        (status, text("code"), text("field"))
    }

    fn is(status: u16, code: &str, field: &str) -> (u16, String, String) {
        (status, code.to_owned(), field.to_owned())
    }

    #[test]
    fn a_fault_is_told_in_the_words_of_the_api() {
        let detail = |body: &str| parse::<Wish>(body.as_bytes()).unwrap_err().to_string();
        let slot = |quantity: &str| {
            format!(r#"{{"slots":[{{"start":"2026-11-22T05:30:00Z","quantity_kwh":{quantity}}}]}}"#)
        };
        assert_eq!(detail("{}"), "slots is missing.");
        assert_eq!(detail(r#"{"slots":[{}]}"#), "slots[0].start is missing.");
        assert_eq!(detail(r#"{"slot":[]}"#), "There is no field slot; known: slots.");
        assert_eq!(
            detail(r#"{"slots":[{"price":1}]}"#),
            "There is no field slots[0].price; known: start or quantity_kwh."
        );
        assert_eq!(detail(r#"{"slots":[],"slots":[]}"#), "slots is given twice.");
        assert_eq!(detail(r#"{"slots":1}"#), "slots: a list is expected.");
        assert_eq!(detail(r#"{"slots":[1]}"#), "slots[0]: an object is expected.");
        assert_eq!(detail("1"), "the body: an object is expected.");
        let decimal = "a decimal number as a string with at most 3 decimal places is expected.";
        assert_eq!(detail(&slot("true")), format!("slots[0].quantity_kwh: {decimal}"));
        assert!(detail(&slot("\"NaN\"")).starts_with("slots[0].quantity_kwh: "));
    }

    #[test]
    fn each_fault_names_its_code_and_its_field() {
        let slot = |start: &str, quantity: &str| {
            format!(r#"{{"slots":[{{"start":{start},"quantity_kwh":{quantity}}}]}}"#)
        };
        let good = "\"2026-11-22T05:30:00Z\"";
        assert_eq!(refusal("{"), is(400, "request.malformed", ""));
        assert_eq!(refusal("{}{}"), is(422, "request.field_invalid", "slots"));
        assert_eq!(refusal(r#"{"slots":[]} x"#), is(400, "request.malformed", ""));
        assert_eq!(refusal(r#"{"slots":[],"price":1}"#), is(422, "request.field_invalid", "price"));
        assert_eq!(refusal(" []"), is(422, "request.field_invalid", ""));
        assert_eq!(refusal("[[]"), is(400, "request.malformed", ""));
        assert_eq!(refusal("1"), is(422, "request.field_invalid", ""));
        assert_eq!(
            refusal(r#"{"slots":[{"start":"2026-11-22T05:30:00Z"}]}"#),
            is(422, "request.field_invalid", "slots[0].quantity_kwh")
        );
        assert_eq!(
            refusal(&slot("\"2026-11-22T05:00:00Z\"", "\"1\"")),
            is(422, "trade.slot_invalid", "slots[0].start")
        );
        assert_eq!(
            refusal(&slot(good, "\"NaN\"")),
            is(422, "trade.quantity_invalid", "slots[0].quantity_kwh")
        );
        assert_eq!(
            refusal(&slot(good, "\"1e309\"")),
            is(422, "trade.quantity_invalid", "slots[0].quantity_kwh")
        );
        assert_eq!(refusal(&slot(good, "1.5")), is(422, "trade.quantity_invalid", "slots[0].quantity_kwh"));
        assert_eq!(refusal(&slot(good, "1e309")), is(400, "request.malformed", ""));
        assert!(parse::<Wish>(slot(good, "\"1.50\"").as_bytes()).is_ok());
        assert!(parse::<Wish>(slot(good, "2").as_bytes()).is_ok());
    }
}
