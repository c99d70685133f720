//! `verify + parse + sign` of a 4 KB message against the bare sum of its cryptography, in one run.
//!
//! `cargo bench --bench wire`. Short rounds take turns and the median of each is taken, so that a busy machine slows
//! both: most rounds are over before the scheduler takes the processor away.
//! The bare sum is what nobody can avoid: BLAKE2b of the message that is verified and of the one that is signed, one
//! Ed25519 verification, one Ed25519 signature.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use beckn_wire::envelope::{Envelope, Verified};
use beckn_wire::signature::{
    Body, Chain, Digest, KeyId, SignatureHeader, SigningKey, VerifyPolicy, sign, signing_string, verify_body,
};
use beckn_wire::validate::Tolerance;

const ROUNDS: usize = 801;
const CALLS: u32 = 10;
const NOW: i64 = 1_793_520_000;

fn message() -> Vec<u8> {
    let intervals: Vec<String> = (0..14)
        .map(|id| {
            format!(
                r#"{{"id":{id},"payloads":[{{"type":"PRICE_PER_KWH","values":[6.25]}},{{"type":"AVAILABLE_QTY","values":[12.5]}},{{"type":"REQUESTED_QTY","values":[2.5]}}]}}"#
            )
        })
        .collect();
    format!(
        r#"{{"context":{{"version":"2.0.0","action":"init","bapId":"buyer.example","bapUri":"https://buyer.example/bap/receiver","bppId":"seller.example","bppUri":"https://seller.example/bpp/receiver","transactionId":"018f3c1e-7d4a-7c3e-9b1a-3a5d2f6c8e01","messageId":"018f3c1e-7d4a-7c3e-9b1a-3a5d2f6c8e02","networkId":"example.org/energy","timestamp":"2026-11-01T08:00:00.000Z","ttl":"PT30S"}},"message":{{"contract":{{"status":{{"code":"DRAFT"}},"commitments":[{{"id":"c-1","status":{{"descriptor":{{"code":"DRAFT"}}}},"resources":[{{"id":"r-1","quantity":{{"unitQuantity":35,"unitCode":"KWH"}}}}],"offer":{{"id":"o-1","resourceIds":["r-1"]}},"commitmentAttributes":{{"@context":"https://schema.nfh.global/BecknTimeSeries/v1.0/context.jsonld","@type":"TimeSeries","intervalPeriod":{{"start":"2026-11-02T04:30:00Z","duration":"PT1H"}},"payloadDescriptors":[],"intervals":[{}]}},"note":"{}"}}]}}}}}}"#,
        intervals.join(","),
        "x".repeat(900)
    )
    .into_bytes()
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn time(mut work: impl FnMut()) -> Duration {
    let begun = Instant::now();
    for _ in 0..CALLS {
        work();
    }
    begun.elapsed() / CALLS
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() {
    let key = SigningKey::from_seed(&[7; 32]);
    let public = key.public();
    let key_id = KeyId::new("buyer.example", "key-1").expect("a valid key id");
    let body = message();
    let header = sign(&key, &key_id, NOW, NOW + 300, &body, Chain::None);
    let parsed = SignatureHeader::parse(&header).expect("our own header");
    let text = signing_string(NOW, NOW + 300, &Digest::of(&body), None);
    let policy = VerifyPolicy::spec();
    let (mut whole, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        whole.push(time(|| {
            let header = SignatureHeader::parse(black_box(&header)).expect("our own header");
            let received = Body::new(black_box(&body).clone());
            let signer = verify_body(&header, &received, &public, NOW, &policy, None).expect("verifies");
            let envelope = Envelope::parse(received, &Tolerance::ies()).expect("parses");
            let verified = Verified::<Envelope>::new(signer, envelope).expect("signed by its sender");
            black_box(&verified);
            black_box(sign(&key, &key_id, NOW, NOW + 300, black_box(&body), Chain::None));
        }));
        bare.push(time(|| {
            black_box(Digest::of(black_box(&body)));
            black_box(Digest::of(black_box(&body)));
            assert!(public.verifies(black_box(text.as_bytes()), &parsed.signature));
            black_box(key.sign_bytes(black_box(text.as_bytes())));
        }));
    }
    let (whole, bare) = (median(whole), median(bare));
    let percent = bare.as_nanos() * 100 / whole.as_nanos().max(1);
    println!("message            {} bytes", body.len());
    println!("verify+parse+sign  {:>6} ns", whole.as_nanos());
    println!("bare cryptography  {:>6} ns", bare.as_nanos());
    println!("ratio              0.{percent:02} (at least 0.80 is asked for)");
}
