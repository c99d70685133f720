//! The synchronous answer to a request or callback (Beckn 2.0, schemas "Ack", "Nack…", "AckNoCallback").
//!
//! We send one shape, `{"message":{"status","messageId","error"?}}`. Four shapes are read, and two of the
//! error object; the HTTP status decides before the body does.

use crate::code::WireError;
use crate::json::{Json, Object};

const CODE_MAX: usize = 64;
const TEXT_MAX: usize = 512;

/// What a peer gave as the reason of its refusal. Its code may be any text, also one outside our enumeration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: String,
    /// Cut to 512 characters; some adapters send whole schemas.
    pub message: String,
    pub path: Option<String>,
}

impl Refusal {
    /// Reads `{code, message, details{path}}` or the older `{errorCode, errorMessage}`. `None` when there is
    /// no code in it.
    pub fn read(json: &Json) -> Option<Self> {
        let code = json.get("code").or_else(|| json.get("errorCode"))?;
        let code = code.as_str().or_else(|| code.as_number()).filter(|code| !code.is_empty())?;
        let message = json.get("message").or_else(|| json.get("errorMessage")).and_then(Json::as_str);
        let path = json.at(&["details", "path"]).or_else(|| json.get("path")).and_then(Json::as_str);
        Some(Self {
            code: cut(code, CODE_MAX),
            message: cut(message.unwrap_or_default(), TEXT_MAX),
            path: path.map(|path| cut(path, TEXT_MAX)),
        })
    }

    /// The error object as we send it.
    pub fn to_json(&self) -> Json {
        let mut error = Object::new();
        error.set("code", self.code.as_str());
        error.set("message", self.message.as_str());
        if let Some(path) = &self.path {
            error.set("details", Json::object([("path", Json::from(path.as_str()))]));
        }
        Json::Object(error)
    }
}

impl From<&WireError> for Refusal {
    fn from(error: &WireError) -> Self {
        Self {
            code: error.code.as_str().to_owned(),
            message: error.message.clone(),
            path: error.path.clone(),
        }
    }
}

/// The body of a 200: taken over, a callback will follow where the action has one.
pub fn ack_body(message_id: &str) -> Vec<u8> {
    ack_body_with(message_id, &Object::new())
}

/// As [`ack_body`], with further members beside `status` and `messageId` (a ledger's receipt).
pub fn ack_body_with(message_id: &str, extra: &Object) -> Vec<u8> {
    answer("ACK", Some(message_id), None, extra)
}

/// The body of a 202: understood, but no callback will follow, and why.
pub fn ack_no_callback_body(message_id: &str, why: &WireError) -> Vec<u8> {
    answer("ACK", Some(message_id), Some(why), &Object::new())
}

/// The body of a refusal. `message_id` is that of the request, absent when the request could not be read.
pub fn nack_body(message_id: Option<&str>, error: &WireError) -> Vec<u8> {
    answer("NACK", message_id, Some(error), &Object::new())
}

fn answer(status: &str, message_id: Option<&str>, error: Option<&WireError>, extra: &Object) -> Vec<u8> {
    let mut message = Object::new();
    message.set("status", status);
    if let Some(id) = message_id {
        message.set("messageId", id);
    }
    if let Some(error) = error {
        message.set("error", Refusal::from(error).to_json());
    }
    for (name, value) in extra.iter() {
        if !message.contains(name) {
            message.set(name, value.clone());
        }
    }
    Json::object([("message", Json::Object(message))]).to_bytes()
}

/// In which text's form a peer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckShape {
    /// `{"message":{"status":"ACK"}}`: current.
    Message,
    /// `{"message":{"ack":{"status":"ACK"}}}`: version 1, sandboxes.
    MessageAck,
    /// `{"status":"ACK"}`: the tagged text.
    Flat,
    /// `{"ack_status":"ACK"}`: release candidate 1.
    AckStatus,
    /// No status that could be read.
    Unknown,
}

impl AckShape {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message.status",
            Self::MessageAck => "message.ack.status",
            Self::Flat => "status",
            Self::AckStatus => "ack_status",
            Self::Unknown => "unknown",
        }
    }
}

/// What a synchronous answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AckVerdict {
    /// Taken over. `ledger` is the receipt of a ledger, when there is one. With [`AckShape::Unknown`] the
    /// HTTP status alone says so, which deserves a warning.
    Ack { ledger: Option<Json>, shape: AckShape },
    /// Understood, but no callback will follow.
    AckNoCallback { reason: Option<Refusal>, shape: AckShape },
    /// Refused, with a reason.
    Nack { refusal: Refusal, shape: AckShape },
    /// Neither success nor a refusal that could be read: a proxy's error page, a redirect, an empty 500.
    Unreadable { http_status: u16 },
}

/// Reads the answer to a request or callback.
pub fn parse_ack(http_status: u16, body: &[u8]) -> AckVerdict {
    let json = Json::parse(body).unwrap_or(Json::Null);
    let (shape, acked) = status_in(&json);
    let reason = json.at(&["message", "error"]).or_else(|| json.get("error")).and_then(Refusal::read);
    // 409 says "no callback" in the tagged text; with NACK in the body it is a refusal like any other.
    let no_callback = http_status == 202 || (http_status == 409 && acked == Some(true));
    let success = (200..300).contains(&http_status);
    if no_callback {
        return AckVerdict::AckNoCallback { reason, shape };
    }
    if success && acked != Some(false) {
        return AckVerdict::Ack { ledger: json.at(&["message", "ledger"]).cloned(), shape };
    }
    match reason {
        Some(refusal) => AckVerdict::Nack { refusal, shape },
        None if acked == Some(false) => {
            let refusal =
                Refusal { code: String::new(), message: "refused without a reason".to_owned(), path: None };
            AckVerdict::Nack { refusal, shape }
        }
        None => AckVerdict::Unreadable { http_status },
    }
}

fn status_in(json: &Json) -> (AckShape, Option<bool>) {
    let places: [(AckShape, &[&str]); 4] = [
        (AckShape::Message, &["message", "status"]),
        (AckShape::MessageAck, &["message", "ack", "status"]),
        (AckShape::Flat, &["status"]),
        (AckShape::AckStatus, &["ack_status"]),
    ];
    for (shape, path) in places {
        match json.at(path).and_then(Json::as_str) {
            Some("ACK") => return (shape, Some(true)),
            Some("NACK") => return (shape, Some(false)),
            _ => {}
        }
    }
    (AckShape::Unknown, None)
}

fn cut(text: &str, max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::ErrorCode;

    fn text(body: Vec<u8>) -> String {
        String::from_utf8(body).unwrap()
    }

    #[test]
    fn bodies_have_the_current_shape() {
        assert_eq!(text(ack_body("m1")), r#"{"message":{"status":"ACK","messageId":"m1"}}"#);
        let error = WireError::required("message/contract");
        assert_eq!(
            text(nack_body(Some("m1"), &error)),
            concat!(
                r#"{"message":{"status":"NACK","messageId":"m1","#,
                r#""error":{"code":"SCH_REQUIRED_FIELD_MISSING","message":"a required member is missing","details":{"path":"message/contract"}}}}"#
            )
        );
        assert!(!text(nack_body(None, &error)).contains("messageId"));
        let extra: Object = [
            ("ledger".to_owned(), Json::object([("success", Json::Bool(true))])),
            ("status".to_owned(), Json::Null),
        ]
        .into_iter()
        .collect();
        let body = ack_body_with("m1", &extra);
        assert_eq!(
            text(body.clone()),
            r#"{"message":{"status":"ACK","messageId":"m1","ledger":{"success":true}}}"#
        );
        let AckVerdict::Ack { ledger: Some(ledger), shape: AckShape::Message } = parse_ack(200, &body) else {
            panic!("not an ack with a ledger")
        };
        assert_eq!(ledger.get("success"), Some(&Json::Bool(true)));
    }

    #[test]
    fn four_shapes_and_the_status_first() {
        let ack = |shape| AckVerdict::Ack { ledger: None, shape };
        for (body, shape) in [
            (r#"{"message":{"status":"ACK","messageId":"m"}}"#, AckShape::Message),
            (r#"{"message":{"ack":{"status":"ACK"}}}"#, AckShape::MessageAck),
            (r#"{"status":"ACK","signature":"x"}"#, AckShape::Flat),
            (r#"{"transaction_id":"t","timestamp":"x","ack_status":"ACK"}"#, AckShape::AckStatus),
            ("OK", AckShape::Unknown),
            ("", AckShape::Unknown),
        ] {
            assert_eq!(parse_ack(200, body.as_bytes()), ack(shape), "{body}");
        }
        assert!(matches!(
            parse_ack(202, &ack_no_callback_body("m", &WireError::new(ErrorCode::PolNpDormant, "asleep"))),
            AckVerdict::AckNoCallback { reason: Some(r), .. } if r.code == "POL_NP_DORMANT"
        ));
        assert!(matches!(parse_ack(409, br#"{"status":"ACK"}"#), AckVerdict::AckNoCallback { .. }));
        assert_eq!(
            parse_ack(500, br#"{"message":{"status":"ACK"}}"#),
            AckVerdict::Unreadable { http_status: 500 }
        );
        assert_eq!(parse_ack(302, b""), AckVerdict::Unreadable { http_status: 302 });
    }

    #[test]
    fn refusals_in_every_place_and_both_error_shapes() {
        for (status, body) in [
            (
                400,
                r#"{"message":{"status":"NACK","error":{"code":"X","message":"y","details":{"path":"p"}}}}"#,
            ),
            (200, r#"{"message":{"ack":{"status":"NACK"},"error":{"code":"X","message":"y","path":"p"}}}"#),
            (409, r#"{"message":{"ack":{"status":"NACK"}},"error":{"code":"X","message":"y","path":"p"}}"#),
            (200, r#"{"status":"NACK","error":{"errorCode":"X","errorMessage":"y","details":{"path":"p"}}}"#),
            (500, r#"{"ack_status":"NACK","error":{"code":"X","message":"y","details":{"path":"p"}}}"#),
        ] {
            let AckVerdict::Nack { refusal, .. } = parse_ack(status, body.as_bytes()) else {
                panic!("{body}")
            };
            assert_eq!(
                (refusal.code.as_str(), refusal.message.as_str(), refusal.path.as_deref()),
                ("X", "y", Some("p"))
            );
        }
        let long = format!(
            r#"{{"message":{{"status":"NACK","error":{{"code":30001,"message":"{}"}}}}}}"#,
            "é\\n".repeat(9000)
        );
        let AckVerdict::Nack { refusal, .. } = parse_ack(400, long.as_bytes()) else {
            panic!("not a refusal")
        };
        assert_eq!((refusal.code.as_str(), refusal.message.chars().count()), ("30001", TEXT_MAX));
        assert!(matches!(parse_ack(200, br#"{"status":"NACK"}"#), AckVerdict::Nack { .. }));
    }
}
