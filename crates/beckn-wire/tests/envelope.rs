//! Reading of messages: what is demanded of a context, what is tolerated, and whose signature a message may
//! carry.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use beckn_wire::action::Action;
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::context::Context;
use beckn_wire::envelope::{Envelope, Verified, body, body_with_error, message_id_of};
use beckn_wire::json::Json;
use beckn_wire::signature::{
    Chain, KeyId, SignatureHeader, Signer, SigningKey, VerifyPolicy, digest, sign, verify,
};
use beckn_wire::validate::Tolerance;
use units::{Span, Timestamp};

const TX: &str = "e6d9f908-1d26-4ff3-a6d1-3af3d3721054";
const MSG: &str = "a2fe6d52-9fe4-4d1a-9d0b-dccb8b48522d";

fn context(action: Action) -> Context {
    let mut context = Context::new(action, TX, MSG);
    context.bap_id = Some("bap.example.com".to_owned());
    context.bap_uri = Some("https://bap.example.com/bap/receiver".to_owned());
    context.bpp_id = Some("bpp.example.com".to_owned());
    context.bpp_uri = Some("https://bpp.example.com/bpp/receiver".to_owned());
    context.network_id = Some("example.org/energy-net".to_owned());
    context.timestamp = Some(Timestamp::parse_rfc3339("2026-11-01T08:00:00.000Z").unwrap());
    context.ttl = Some(Span::from_secs(30));
    context
}

fn message() -> Json {
    Json::parse(br#"{"contract":{"price":6.50}}"#).unwrap()
}

fn read(text: &str, tolerance: &Tolerance) -> Result<Context, WireError> {
    Context::read(&Json::parse(text.as_bytes()).unwrap(), tolerance)
}

fn signed_by(subscriber: &str, bytes: &[u8]) -> Signer {
    let key = SigningKey::from_seed(&[5; 32]);
    let key_id = KeyId::new(subscriber, "k1").unwrap();
    let header = SignatureHeader::parse(&sign(&key, &key_id, 100, 200, bytes, Chain::None)).unwrap();
    verify(&header, bytes, &key.public(), 150, &VerifyPolicy::spec(), None).unwrap()
}

fn admit(context: &Context, subscriber: &str) -> Result<Verified<Envelope>, ErrorCode> {
    let bytes = body(context, message());
    let signer = signed_by(subscriber, &bytes);
    Verified::new(signer, Envelope::parse(bytes, &Tolerance::strict()).unwrap()).map_err(|e| e.code)
}

#[test]
fn a_written_message_reads_back_with_its_bytes() {
    for action in Action::ALL {
        let mut context = context(*action);
        context.schema_context = vec!["https://schema.example/c".to_owned()];
        if action.has_preview() {
            context.try_ = true;
            context.request_digest = Some(format!("BLAKE-512={}", digest(b"")));
        }
        context.rest.set("domain", "energy");
        let bytes = body(&context, message());
        let envelope = Envelope::parse(bytes.clone(), &Tolerance::strict()).unwrap();
        assert_eq!(envelope.context, context);
        assert_eq!(envelope.bytes(), &bytes[..]);
        assert_eq!(envelope.digest().base64(), digest(&bytes));
        assert_eq!(envelope.message().unwrap(), message());
        assert_eq!(envelope.reported_error().unwrap(), None);
        assert_eq!(message_id_of(&bytes).as_deref(), Some(MSG));
        assert_eq!(context.to_json(), envelope.document().unwrap().get("context").unwrap().clone());
    }
}

#[test]
fn each_required_member_is_missed_by_name() {
    let full = context(Action::Select).to_json();
    for name in ["version", "action", "transactionId", "messageId"] {
        for value in [None, Some(Json::from(""))] {
            let mut json = full.clone();
            let object = json.as_object_mut().unwrap();
            object.remove(name);
            if let Some(value) = value {
                object.set(name, value);
            }
            let error = Context::read(&json, &Tolerance::strict()).unwrap_err();
            assert_eq!(
                (error.code, error.path),
                (ErrorCode::CtxMissingField, Some(format!("context/{name}")))
            );
        }
    }
    let mut json = full.clone();
    json.as_object_mut().unwrap().remove("bapId");
    assert!(Context::read(&json, &Tolerance::strict()).is_ok());
    json.as_object_mut().unwrap().remove("bppId");
    assert_eq!(Context::read(&json, &Tolerance::strict()).unwrap_err().code, ErrorCode::CtxMissingField);
}

#[test]
fn members_of_the_wrong_form_are_refused_by_name() {
    let cases = [
        ("version", Json::from("1.1.0"), ErrorCode::CtxVersionUnsupported),
        ("version", Json::Number("2.0".to_owned()), ErrorCode::CtxInvalidField),
        ("action", Json::from("Select"), ErrorCode::CtxInvalidField),
        ("transactionId", Json::from("msg-1"), ErrorCode::CtxInvalidField),
        ("messageId", Json::from("a2fe6d529fe44d1a9d0bdccb8b48522d"), ErrorCode::CtxInvalidField),
        ("bapId", Json::from("bap example"), ErrorCode::CtxInvalidField),
        ("bppUri", Json::from(format!("https://{}", "x".repeat(3000))), ErrorCode::CtxInvalidField),
        ("networkId", Json::Array(vec![]), ErrorCode::CtxInvalidField),
        ("timestamp", Json::from("2026-11-01T08:00:00"), ErrorCode::CtxInvalidField),
        ("ttl", Json::from("P1Y"), ErrorCode::CtxInvalidField),
        ("ttl", Json::from("30"), ErrorCode::CtxInvalidField),
        ("schemaContext", Json::from("https://schema.example"), ErrorCode::CtxInvalidField),
        (
            "requestDigest",
            Json::object([("digest", Json::from("BLAKE2b-512=xx"))]),
            ErrorCode::CtxInvalidField,
        ),
        ("try", Json::from("yes"), ErrorCode::CtxInvalidField),
    ];
    for (name, value, code) in cases {
        let mut json = context(Action::Update).to_json();
        json.as_object_mut().unwrap().set(name, value);
        let error = Context::read(&json, &Tolerance::strict()).unwrap_err();
        assert_eq!((error.code, error.path), (code, Some(format!("context/{name}"))));
    }
    assert_eq!(read("[]", &Tolerance::strict()).unwrap_err().code, ErrorCode::CtxInvalidField);
}

#[test]
fn preview_members_are_ignored_where_they_mean_nothing() {
    let mut json = context(Action::Confirm).to_json();
    json.as_object_mut().unwrap().set("try", "yes");
    json.as_object_mut().unwrap().set("requestDigest", 7);
    let context = Context::read(&json, &Tolerance::strict()).unwrap();
    assert!(!context.try_ && context.request_digest.is_none());
}

#[test]
fn aliases_are_read_only_where_tolerated_and_never_against_the_name() {
    let old = format!(
        r#"{{"version":"2.0.0","action":"on_catalog_publish","bap_id":"a","bpp_id":"b","bpp_uri":"https://b",
            "network_id":"n/r","transaction_id":"tx-1","message_id":"{MSG}","x":1}}"#
    );
    let context = read(&old, &Tolerance::ies()).unwrap();
    assert_eq!(context.action, Action::CatalogOnPublish);
    assert_eq!((context.bap_id.as_deref(), context.bpp_id.as_deref()), (Some("a"), Some("b")));
    assert_eq!((context.transaction_id.as_str(), context.network_id.as_deref()), ("tx-1", Some("n/r")));
    assert_eq!(context.rest.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["x"]);
    assert!(read(&old, &Tolerance::strict()).is_err());

    let both = format!(
        r#"{{"version":"2.0.0","action":"select","bapId":"a","bap_id":"evil",
            "transactionId":"{TX}","messageId":"{MSG}"}}"#
    );
    assert_eq!(read(&both, &Tolerance::ies()).unwrap_err().code, ErrorCode::CtxInvalidField);
    let did = both.replace("bap_id", "senderId");
    let context = read(&did, &Tolerance::ies()).unwrap();
    assert_eq!(context.bap_id.as_deref(), Some("a"));
    assert!(context.rest.contains("senderId"));
}

#[test]
fn frames_that_are_not_messages() {
    let context_text = context(Action::Select).to_json().to_string();
    let cases = [
        (String::new(), ErrorCode::SchInvalidJson),
        ("[]".to_owned(), ErrorCode::SchInvalidJson),
        ("{}".to_owned(), ErrorCode::SchRequiredFieldMissing),
        (format!(r#"{{"context":{context_text}}}"#), ErrorCode::SchRequiredFieldMissing),
        (format!(r#"{{"context":{context_text},"message":[]}}"#), ErrorCode::SchInvalidFormat),
        (format!(r#"{{"context":{context_text},"message":{{}},"message":{{}}}}"#), ErrorCode::SchInvalidJson),
        (format!(r#"{{"context":{context_text},"message":{{}}"#), ErrorCode::SchInvalidJson),
        (format!(r#"{{"context":{context_text},"message":{{}}}} x"#), ErrorCode::SchInvalidJson),
        (r#"{"context":{"bapId":"a","bapId":"b"},"message":{}}"#.to_owned(), ErrorCode::SchInvalidJson),
        (
            format!(r#"{{"context":{{"x":"{}"}},"message":{{}}}}"#, "x".repeat(70_000)),
            ErrorCode::CtxInvalidField,
        ),
    ];
    for (text, code) in cases {
        let error = Envelope::parse(text.as_bytes(), &Tolerance::strict()).unwrap_err();
        assert_eq!(error.code, code, "{text}");
    }
    assert_eq!(
        Envelope::parse(&[b'{', 0xff][..], &Tolerance::strict()).unwrap_err().code,
        ErrorCode::SchInvalidJson
    );

    let many: String = (0..100).map(|i| format!(r#""m{i}":1,"#)).collect();
    let many = format!(r#"{{{many}"context":{context_text},"message":{{}}}}"#);
    assert_eq!(
        Envelope::parse(many.as_bytes(), &Tolerance::strict()).unwrap_err().code,
        ErrorCode::SchInvalidJson
    );

    let deep = format!(
        r#"{{"context":{context_text},"message":{{"a":{}{}}}}}"#,
        "[".repeat(90_000),
        "]".repeat(90_000)
    );
    let refused =
        Envelope::parse(deep.as_bytes(), &Tolerance::strict()).and_then(|e| e.message()).unwrap_err();
    assert_eq!(refused.code, ErrorCode::SchInvalidJson);
}

#[test]
fn a_callback_reports_its_failure_beside_the_message_or_inside() {
    let why =
        WireError::new(ErrorCode::BizQuantityUnavailable, "the slot is sold out").at("message/contract");
    let bytes = body_with_error(&context(Action::OnConfirm), message(), &why);
    let envelope = Envelope::parse(bytes, &Tolerance::strict()).unwrap();
    let reported = envelope.reported_error().unwrap().unwrap();
    assert_eq!(
        (reported.code.as_str(), reported.path.as_deref()),
        ("BIZ_QUANTITY_UNAVAILABLE", Some("message/contract"))
    );
    assert_eq!(envelope.message().unwrap(), message());

    let inside = Json::object([(
        "error",
        Json::object([("code", "POL_X"), ("message", "no")].map(|(k, v)| (k, Json::from(v)))),
    )]);
    let envelope = Envelope::parse(body(&context(Action::OnInit), inside), &Tolerance::strict()).unwrap();
    assert_eq!(envelope.reported_error().unwrap().unwrap().code, "POL_X");
}

#[test]
fn only_the_named_sender_may_sign() {
    use ErrorCode::AutUnauthorizedAction as NO;
    let sides = [
        (Action::Discover, "bap"),
        (Action::Select, "bap"),
        (Action::Status, "bap"),
        (Action::OnSelect, "bpp"),
        (Action::OnStatus, "bpp"),
        (Action::OnDiscover, "bpp"),
        (Action::CatalogPublish, "bpp"),
        (Action::CatalogSearch, "bpp"),
        (Action::CatalogSubscription, "bap"),
        (Action::CatalogPull, "bap"),
    ];
    for (action, side) in sides {
        let (sender, other) = if side == "bap" { ("bap", "bpp") } else { ("bpp", "bap") };
        let verified = admit(&context(action), &format!("{sender}.example.com")).unwrap();
        assert_eq!(verified.context.action, action);
        assert_eq!(verified.signer().subscriber_id(), format!("{sender}.example.com"));
        assert_eq!(admit(&context(action), &format!("{other}.example.com")).unwrap_err(), NO, "{action}");
        assert_eq!(admit(&context(action), "stranger.example.com").unwrap_err(), NO, "{action}");
    }
    for action in [Action::CatalogOnPublish, Action::CatalogPush, Action::CatalogOnPull] {
        let verified = admit(&context(action), "cds.example.com").unwrap();
        assert_eq!(verified.signer().subscriber_id(), "cds.example.com");
    }
    for (action, verdict) in
        [(Action::OnDiscover, None), (Action::OnSelect, Some(NO)), (Action::OnStatus, Some(NO))]
    {
        let mut context = context(action);
        context.bpp_id = None;
        assert_eq!(admit(&context, "ds.example.com").err(), verdict, "{action}");
    }
    let mut context = context(Action::Select);
    context.bap_id = None;
    assert_eq!(admit(&context, "bap.example.com").unwrap_err(), NO);
}

#[test]
fn a_signature_does_not_carry_over_to_another_body() {
    let bytes = body(&context(Action::Select), message());
    let signer = signed_by("bap.example.com", &body(&context(Action::Init), message()));
    let refused = Verified::new(signer, Envelope::parse(bytes, &Tolerance::strict()).unwrap()).unwrap_err();
    assert_eq!(refused.code, ErrorCode::AutSignatureInvalid);
}

#[test]
fn callbacks_echo_and_deadlines_end() {
    let request = context(Action::Confirm);
    let now = Timestamp::parse_rfc3339("2026-11-01T08:00:05Z").unwrap();
    let callback = request.callback(now).unwrap();
    assert_eq!(callback.action, Action::OnConfirm);
    assert_eq!(
        (&callback.transaction_id, &callback.message_id),
        (&request.transaction_id, &request.message_id)
    );
    assert_eq!((callback.sender_id(), callback.receiver_id()), (request.receiver_id(), request.sender_id()));
    assert_eq!((callback.timestamp, callback.deadline()), (Some(now), None));
    assert_eq!(request.deadline(), Some(Timestamp::parse_rfc3339("2026-11-01T08:00:30Z").unwrap()));
    assert!(callback.callback(now).is_none());
}
