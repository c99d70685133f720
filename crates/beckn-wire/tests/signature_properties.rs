//! Properties of signing and reading that hold for every input.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use beckn_wire::ack::parse_ack;
use beckn_wire::envelope::{Envelope, message_id_of};
use beckn_wire::signature::{
    Body, Chain, ChainProof, KeyId, SignatureError, SignatureHeader, SigningKey, VerifyPolicy, sign,
    sign_response, signature_text, verify, verify_body, verify_response,
};
use beckn_wire::validate::Tolerance;
use proptest::prelude::*;

const MESSAGE: &str = r#"{"context":{"version":"2.0.0","action":"select","bapId":"bap.example.com",
    "transactionId":"e6d9f908-1d26-4ff3-a6d1-3af3d3721054","messageId":"a2fe6d52-9fe4-4d1a-9d0b-dccb8b48522d",
    "timestamp":"2026-11-01T08:00:00.000Z","ttl":"PT30S","schemaContext":["https://schema.example/c"]},
    "message":{"contract":{"n":[1.50,2e1]}},"error":{"code":"X","message":"y"}}"#;

fn key_id() -> KeyId {
    KeyId::new("bap.example.com", "k1").unwrap()
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_verifies_in_its_window_and_chain(
        seed: [u8; 32], body in bodies(), request in bodies(), created in 0_i64..4_000_000_000,
        life in 1_i64..86_400, at in 0_i64..86_400, shape in 0_u8..3,
    ) {
        let key = SigningKey::from_seed(&seed);
        let now = created + at.min(life);
        let authorization = sign(&key, &key_id(), created, created + life, &request, Chain::None);
        let text = signature_text(&authorization).unwrap();
        let (chain, proof) = match shape {
            0 => (Chain::None, ChainProof::None),
            1 => (Chain::Bare(text), ChainProof::Bare),
            _ => (Chain::WholeHeader(&authorization), ChainProof::WholeHeader),
        };
        let value = sign(&key, &key_id(), created, created + life, &body, chain);
        let header = SignatureHeader::parse(&value).unwrap();
        let policy = VerifyPolicy { accept_whole_header: true, ..VerifyPolicy::spec() };
        let public = key.public();
        let check = |now, policy: &VerifyPolicy, kept| verify(&header, &body, &public, now, policy, kept);
        let kept = Some(authorization.as_str());

        let signer = check(now, &policy, kept).unwrap();
        let shared = Body::from(&body[..]);
        let same = verify_body(&header, &shared, &public, now, &policy, kept);
        prop_assert_eq!(same.as_ref(), Ok(&signer));
        prop_assert_eq!(signer.chain(), proof);
        prop_assert_eq!(signer.subscriber_id(), "bap.example.com");
        prop_assert_eq!(check(created + life + 1, &policy, kept), Err(SignatureError::Expired));
        prop_assert_eq!(check(created - 61, &policy, kept), Err(SignatureError::NotYetValid));
        match proof {
            ChainProof::None => prop_assert!(check(now, &policy, None).is_ok()),
            ChainProof::Bare => {
                prop_assert_eq!(check(now, &policy, None), Err(SignatureError::RequestUnknown));
            }
            ChainProof::WholeHeader => {
                let spec = check(now, &VerifyPolicy::spec(), kept);
                prop_assert_eq!(spec, Err(SignatureError::Mismatch));
            }
        }
    }

    #[test]
    fn any_changed_byte_of_the_body_fails(
        seed: [u8; 32], body in prop::collection::vec(any::<u8>(), 1..400), at: prop::sample::Index,
        flip in 1_u8..=255,
    ) {
        let key = SigningKey::from_seed(&seed);
        let header = SignatureHeader::parse(&sign(&key, &key_id(), 100, 200, &body, Chain::None)).unwrap();
        let mut changed = body.clone();
        changed[at.index(body.len())] ^= flip;
        let verdict = verify(&header, &changed, &key.public(), 150, &VerifyPolicy::spec(), None);
        prop_assert_eq!(verdict, Err(SignatureError::Mismatch));
        let longer = [&body[..], b"\n"].concat();
        prop_assert!(verify(&header, &longer, &key.public(), 150, &VerifyPolicy::spec(), None).is_err());
    }

    #[test]
    fn a_changed_header_fails_or_says_the_same(
        seed: [u8; 32], body in bodies(), at: prop::sample::Index, with in 0x20_u8..0x7f,
    ) {
        let key = SigningKey::from_seed(&seed);
        let value = sign(&key, &key_id(), 100, 200, &body, Chain::None);
        let header = SignatureHeader::parse(&value).unwrap();
        let mut changed = value.clone().into_bytes();
        changed[at.index(value.len())] = with;
        let Ok(read) = SignatureHeader::parse(std::str::from_utf8(&changed).unwrap()) else { return Ok(()) };
        if verify(&read, &body, &key.public(), 150, &VerifyPolicy::spec(), None).is_ok() {
            // The key id is not signed: another id leads to another key.
            prop_assert_eq!(SignatureHeader { key_id: header.key_id.clone(), ..read }, header);
        }
    }

    #[test]
    fn a_response_is_bound_to_its_request(
        seed: [u8; 32], body in bodies(), request in bodies(), other in bodies(),
    ) {
        prop_assume!(request != other);
        let key = SigningKey::from_seed(&seed);
        let authorization = |body: &[u8]| sign(&key, &key_id(), 100, 200, body, Chain::None);
        let (ours, foreign) = (authorization(&request), authorization(&other));
        let read = |value: &str| SignatureHeader::parse_response(value).unwrap();
        let check = |status, value: &str, answered| {
            verify_response(status, &read(value), &body, &key.public(), 150, &VerifyPolicy::spec(), answered)
        };
        let chained = sign_response(&key, &key_id(), 100, 200, &body, Some(&ours));
        prop_assert_eq!(check(200, &chained, Some(&ours)).unwrap().chain(), ChainProof::Bare);
        prop_assert_eq!(check(200, &chained, Some(&foreign)), Err(SignatureError::Mismatch));
        let unchained = sign_response(&key, &key_id(), 100, 200, &body, None);
        prop_assert_eq!(check(401, &unchained, Some(&ours)).unwrap().chain(), ChainProof::None);
        prop_assert_eq!(check(200, &unchained, Some(&ours)), Err(SignatureError::Mismatch));
    }

    #[test]
    fn reading_never_panics(text in "\\PC{0,300}", bytes in bodies(), status: u16) {
        let _ = SignatureHeader::parse(&text);
        let _ = SignatureHeader::parse_response(&format!("Signature {text}"));
        let _ = KeyId::parse(&text);
        let _ = signature_text(&text);
        let _ = parse_ack(status, &bytes);
        let _ = message_id_of(&bytes);
        let _ = Envelope::parse(bytes, &Tolerance::ies());
    }

    #[test]
    fn reading_a_damaged_message_never_panics(at: prop::sample::Index, with: u8, cut: prop::sample::Index) {
        let mut bytes = MESSAGE.as_bytes().to_vec();
        bytes[at.index(MESSAGE.len())] = with;
        let _ = parse_ack(200, &bytes);
        for bytes in [bytes[..cut.index(bytes.len())].to_vec(), bytes] {
            if let Ok(envelope) = Envelope::parse(bytes.clone(), &Tolerance::ies()) {
                prop_assert_eq!(envelope.bytes(), &bytes[..]);
                let _ = (envelope.message(), envelope.document(), envelope.reported_error());
            }
        }
    }
}
