//! Credentials of our own making, good and spoilt in one way each. The fixtures with a proof over RDF were signed with
//! pyld, which shares no code with us, by the key of seed 07…07.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use beckn_wire::json::Json;
use ed25519_dalek::{Signer, SigningKey};
use energy_credentials::{
    Binding, Contexts, Evidence, Issuer, Kind, Policy, Presented, Report, Role, Status, TrustList, Verdict,
    VerificationKey, names, verify, web_document_url,
};
use units::Timestamp;

const SEED: [u8; 32] = [7; 32];

fn did() -> String {
    let key = VerificationKey::Ed25519(Box::new(SigningKey::from_bytes(&SEED).verifying_key()));
    format!("did:key:{}", key.to_multibase())
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn trust(ids: &[&str]) -> TrustList {
    let issuer = || Issuer { discom: "NORTH".into(), keys: Vec::new() };
    TrustList::new(ids.iter().map(|id| ((*id).to_owned(), issuer())))
}

struct Judge {
    trust: TrustList,
    evidence: Evidence,
    now: Timestamp,
    covers: Option<(Timestamp, Timestamp)>,
    binding: Binding,
}

impl Judge {
    fn new() -> Self {
        Self {
            trust: trust(&[&did()]),
            evidence: Evidence::default(),
            now: at("2026-06-01T00:00:00Z"),
            covers: None,
            binding: Binding::default(),
        }
    }

    fn judge(&self, bytes: &[u8]) -> Report {
        let contexts = Contexts::default();
        let policy = Policy {
            trust: &self.trust,
            contexts: &contexts,
            now: self.now,
            covers: self.covers,
            binding: self.binding.clone(),
        };
        verify(&Presented::parse(bytes).unwrap(), &policy, &self.evidence)
    }
}

fn fault(report: &Report) -> Option<(&'static str, Verdict)> {
    report.fault().map(|check| (check.name, check.verdict))
}

fn credential() -> String {
    format!(
        r#"{{"@context":["https://www.w3.org/ns/credentials/v2","https://example.org/context"],
        "id":"urn:uuid:0f2f8a5e-2a61-4f0c-9c9f-0d8f3c0f1a09","type":["VerifiableCredential","GenerationProfileCredential"],
        "issuer":"{}","validFrom":"2026-01-01T00:00:00Z","validUntil":"2027-01-01T00:00:00Z",
        "credentialSubject":{{"id":"did:example:meena","consumerNumber":"TEST_CUST_MEENA","meterNumber":"TEST_METER_MEENA",
        "generationType":"Solar","capacityKW":"4.5","commissioningDate":"2024-05-01"}}}}"#,
        did()
    )
}

fn jwt_with(header: &str, payload: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let input = format!("{}.{}", B64.encode(header), B64.encode(payload));
    let signature = B64.encode(sign(input.as_bytes()));
    format!("{input}.{signature}").into_bytes()
}

fn jwt(payload: &str) -> Vec<u8> {
    let key = SigningKey::from_bytes(&SEED);
    jwt_with(r#"{"alg":"EdDSA","typ":"vc+jwt"}"#, payload, |input| key.sign(input).to_bytes().to_vec())
}

#[test]
fn a_jwt_of_either_data_model_is_verified() {
    let judge = Judge::new();
    let report = judge.judge(&jwt(&credential()));
    assert!(report.verified(), "{:?}", report.checks);
    let claims = report.claims.unwrap();
    assert_eq!(claims.kind, Kind::GenerationProfile);
    assert_eq!(claims.meters[0].installed_capacity_w(), Some(4_500));
    assert_eq!(claims.of_meter("test_meter_meena").unwrap().resource_type(), Some("SOLAR"));

    // The older form: the JWT's own members stand for the credential's.
    let older = format!(
        r#"{{"iss":"{}","nbf":1767225600,"exp":1798761600,"jti":"urn:uuid:1","sub":"did:example:meena","vc":{{
        "@context":["https://www.w3.org/2018/credentials/v1"],"type":["VerifiableCredential","ConsumptionProfileCredential"],
        "credentialSubject":{{"consumerNumber":"TEST_CUST_MEENA","fullName":"Meena","premisesType":"residential",
        "connectionType":"Single Phase","sanctionedLoadKW":5,"tariffCategoryCode":"LT-1"}}}}}}"#,
        did()
    );
    let report = judge.judge(&jwt(&older));
    assert!(report.verified(), "{:?}", report.checks);
    assert_eq!(report.validity, Some((at("2026-01-01T00:00:00Z"), Some(at("2027-01-01T00:00:00Z")))));
    let contradicting = older.replace(r#""type":["Ver"#, r#""issuer":"did:web:other.example","type":["Ver"#);
    assert_eq!(fault(&judge.judge(&jwt(&contradicting))), Some((names::FORMAT, Verdict::Failed)));
    let contradicting =
        older.replace(r#""type":["Ver"#, r#""expirationDate":"2030-01-01T00:00:00Z","type":["Ver"#);
    assert_eq!(fault(&judge.judge(&jwt(&contradicting))), Some((names::FORMAT, Verdict::Failed)));
}

#[test]
fn es256_verifies_with_its_own_key_and_no_other() {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref()).unwrap();
    let key = VerificationKey::P256(pair.public_key().as_ref().to_vec());
    let issuer = format!("did:key:{}", key.to_multibase());
    let sign = |input: &[u8]| pair.sign(&random, input).unwrap().as_ref().to_vec();
    let payload = credential().replace(&did(), &issuer);
    let judge = Judge { trust: trust(&[&issuer, &did()]), ..Judge::new() };
    let report = judge.judge(&jwt_with(r#"{"alg":"ES256"}"#, &payload, sign));
    assert!(report.verified(), "{:?}", report.checks);
    // Its key under the name of the other algorithm, and another issuer's name over its signature.
    let swapped = judge.judge(&jwt_with(r#"{"alg":"EdDSA"}"#, &payload, sign));
    assert_eq!(fault(&swapped), Some((names::PROOF, Verdict::Failed)));
    let other = judge.judge(&jwt_with(r#"{"alg":"ES256"}"#, &credential(), sign));
    assert_eq!(fault(&other), Some((names::PROOF, Verdict::Failed)));
    // A key in the header is nobody's.
    let header = format!(r#"{{"alg":"ES256","kid":"{issuer}#{}"}}"#, issuer.trim_start_matches("did:key:"));
    let foreign = judge.judge(&jwt_with(&header, &credential(), sign));
    assert_eq!(fault(&foreign), Some((names::PROOF, Verdict::Failed)));
}

#[test]
fn an_envelope_of_the_data_model_holds_a_jwt() {
    let judge = Judge::new();
    let token = String::from_utf8(jwt(&credential())).unwrap();
    let envelope = |kind: &str| {
        format!(
            r#"{{"@context":["https://www.w3.org/ns/credentials/v2"],"type":"EnvelopedVerifiableCredential",
            "id":"data:{kind},{token}"}}"#
        )
    };
    let good = envelope("application/vc+jwt");
    let presentation = format!(r#"{{"type":["VerifiablePresentation"],"verifiableCredential":[{good}]}}"#);
    for text in [&good, &presentation, &format!("\u{feff}{token}")] {
        assert!(judge.judge(text.as_bytes()).verified(), "{text}");
    }
    // What stands beside it is not what was signed.
    let beside = good.replacen('{', r#"{"issuer":"did:web:other.example","#, 1);
    assert_eq!(Presented::parse(beside.as_bytes()).unwrap().issuer(), Some(did().as_str()));
    for other in ["application/vc+sd-jwt", "text/plain"] {
        assert!(Presented::parse(envelope(other).as_bytes()).is_err(), "{other}");
    }
}

#[test]
fn forged_jwts_are_refused() {
    let judge = Judge::new();
    for algorithm in ["none", "HS256", "RS256", "EdDSA\",\"crit\":[\"x\"],\"x\":\"", "eddsa"] {
        let forged = jwt_with(&format!(r#"{{"alg":"{algorithm}"}}"#), &credential(), |_| Vec::new());
        let text = String::from_utf8(forged).unwrap();
        assert!(Presented::parse(text.as_bytes()).is_err(), "{algorithm}");
    }
    let good = String::from_utf8(jwt(&credential())).unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let changed = credential().replace("\"4.5\"", "\"45\"");
    let forged = format!("{}.{}.{}", parts[0], B64.encode(changed), parts[2]);
    assert_eq!(fault(&judge.judge(forged.as_bytes())), Some((names::PROOF, Verdict::Failed)));
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    assert_eq!(fault(&judge.judge(unsigned.as_bytes())), Some((names::PROOF, Verdict::Failed)));
    let twice = credential().replace("\"issuer\"", "\"issuer\":\"did:key:z6\",\"issuer\"");
    assert!(Presented::parse(&jwt(&twice)).is_err(), "a twin member");
    // Without any proof.
    assert_eq!(fault(&judge.judge(credential().as_bytes())), Some((names::PROOF, Verdict::Failed)));
}

#[test]
fn dates_hold_now_and_for_the_whole_slot() {
    let mut judge = Judge::new();
    let credential = jwt(&credential());
    for (now, passes) in [
        ("2025-12-31T23:59:59Z", false),
        ("2026-01-01T00:00:00Z", true),
        ("2026-12-31T23:59:59Z", true),
        ("2027-01-01T00:00:00Z", false),
    ] {
        judge.now = at(now);
        assert_eq!(judge.judge(&credential).verified(), passes, "{now}");
    }
    judge.now = at("2026-12-31T00:00:00Z");
    judge.covers = Some((at("2026-12-31T22:30:00Z"), at("2026-12-31T23:30:00Z")));
    assert!(judge.judge(&credential).verified());
    judge.covers = Some((at("2026-12-31T23:30:00Z"), at("2027-01-01T00:30:00Z")));
    assert_eq!(fault(&judge.judge(&credential)), Some((names::DATES, Verdict::Failed)));
}

#[test]
fn revocation_fails_closed() {
    let status = r#""credentialStatus":{"id":"https://dedi.example/dedi/lookup/north/revoked/09","type":"dedi"},"validFrom""#;
    let payload = credential().replace("\"validFrom\"", status);
    let presented = Presented::parse(&jwt(&payload)).unwrap();
    assert_eq!(presented.status_url().as_deref(), Some("https://dedi.example/dedi/lookup/north/revoked/09"));
    let mut judge = Judge::new();
    for (found, verdict) in [
        (Status::Answered(200), Verdict::Failed),
        (Status::Answered(404), Verdict::Passed),
        (Status::Answered(410), Verdict::Passed),
        (Status::Answered(500), Verdict::Unknown),
        (Status::Answered(301), Verdict::Unknown),
        (Status::Unreachable, Verdict::Unknown),
        (Status::NotAsked, Verdict::Unknown),
    ] {
        judge.evidence.status = found;
        let report = judge.judge(&jwt(&payload));
        assert_eq!(report.verdict(names::REVOCATION), Some(verdict), "{found:?}");
        assert_eq!(report.verified(), verdict == Verdict::Passed, "{found:?}");
    }
    // An entry that names the registry: the credential's own place in it is asked.
    let registry = payload.replace("/dedi/lookup/north/revoked/09", "/dedi/query/did:web:north/revoked");
    let presented = Presented::parse(&jwt(&registry)).unwrap();
    let url = "https://dedi.example/dedi/lookup/did:web:north/revoked/0f2f8a5e-2a61-4f0c-9c9f-0d8f3c0f1a09";
    assert_eq!(presented.status_url().as_deref(), Some(url));
    // An entry in a list of its own, and several, of which none may be left out.
    let entry = r#"{"id":"https://dedi.example/dedi/lookup/north/revoked/09","type":"dedi"}"#;
    judge.evidence.status = Status::Answered(404);
    let single = payload.replace(entry, &format!("[{entry}]"));
    assert!(single != payload && judge.judge(&jwt(&single)).verified());
    judge.evidence.status = Status::Answered(200);
    assert_eq!(fault(&judge.judge(&jwt(&single))), Some((names::REVOCATION, Verdict::Failed)));
    judge.evidence.status = Status::Answered(404);
    let several = payload.replace(entry, &format!("[{entry},{entry}]"));
    assert_eq!(fault(&judge.judge(&jwt(&several))), Some((names::REVOCATION, Verdict::Unknown)));
    let list = payload.replace(r#""type":"dedi"}"#, r#""type":"BitstringStatusListEntry"}"#);
    judge.evidence.status = Status::Answered(404);
    assert_eq!(fault(&judge.judge(&jwt(&list))), Some((names::REVOCATION, Verdict::Unknown)));
}

#[test]
fn it_is_bound_to_meter_customer_discom_and_role() {
    let good = jwt(&credential());
    let bound = |binding: Binding| Judge { binding, ..Judge::new() }.judge(&good);
    let whole = Binding {
        meter: Some("der://meter/TEST_METER_MEENA".into()),
        customer: Some("test_cust_meena".into()),
        discom: Some("NORTH".into()),
        role: Some(Role::Seller),
    };
    assert!(bound(whole.clone()).verified());
    let other = || Some("OTHER".to_owned());
    let meter = bound(Binding { meter: other(), ..whole.clone() });
    assert_eq!(meter.verdict(names::METER), Some(Verdict::Failed));
    assert_eq!(
        fault(&bound(Binding { customer: other(), ..whole.clone() })),
        Some((names::CUSTOMER, Verdict::Failed))
    );
    assert_eq!(
        fault(&bound(Binding { discom: other(), ..whole.clone() })),
        Some((names::DISCOM, Verdict::Failed))
    );
    let buyer = bound(Binding { role: Some(Role::Buyer), ..whole });
    assert_eq!(fault(&buyer), Some((names::ROLE, Verdict::Failed)));
    let stranger = Judge { trust: trust(&["did:web:other.example"]), ..Judge::new() }.judge(&good);
    assert_eq!(fault(&stranger), Some((names::ISSUER, Verdict::Failed)));
}

#[test]
fn keys_of_a_did_web_come_from_its_document() {
    let issuer = "did:web:north.example%3A8443:energy";
    assert_eq!(web_document_url(issuer).as_deref(), Some("https://north.example:8443/energy/did.json"));
    assert_eq!(
        web_document_url("did:web:a.example").as_deref(),
        Some("https://a.example/.well-known/did.json")
    );
    for bad in [
        "did:web:",
        "did:web:a.example:..",
        "did:web:a@b.example",
        "did:web:a/b",
        "did:key:z6",
        "did:web:a%3Ax",
    ] {
        assert_eq!(web_document_url(bad), None, "{bad}");
    }
    let key = did().trim_start_matches("did:key:").to_owned();
    let document = format!(
        r##"{{"id":"{issuer}","verificationMethod":[{{"id":"{issuer}#key-1","controller":"{issuer}",
        "type":"Ed25519VerificationKey2020","publicKeyMultibase":"{key}"}}],"assertionMethod":["#key-1"]}}"##
    );
    let payload = credential().replace(&did(), issuer);
    let key = SigningKey::from_bytes(&SEED);
    let header = format!(r#"{{"alg":"EdDSA","kid":"{issuer}#key-1"}}"#);
    let token = jwt_with(&header, &payload, |input| key.sign(input).to_bytes().to_vec());
    let mut judge = Judge { trust: trust(&[issuer]), ..Judge::new() };
    assert_eq!(fault(&judge.judge(&token)), Some((names::PROOF, Verdict::Unknown)), "not fetched");
    let mut with = |document: Option<&str>| {
        let document = document.map(|text| Json::parse_text(text).unwrap());
        judge.evidence.documents = [(issuer.to_owned(), document)].into();
        fault(&judge.judge(&token))
    };
    assert_eq!(with(Some(&document)), None);
    assert_eq!(with(None), Some((names::PROOF, Verdict::Unknown)));
    for (from, to) in [
        ("\"assertionMethod\":[\"#key-1\"]", "\"authentication\":[\"#key-1\"]"),
        ("#key-1\",\"controller", "#key-2\",\"controller"),
        ("{\"id\":\"did:web:north", "{\"id\":\"did:web:south"),
        ("\"controller\":\"did:web:north", "\"controller\":\"did:web:south"),
    ] {
        assert!(document.contains(from), "{from}");
        assert_eq!(
            with(Some(&document.replacen(from, to, 1))),
            Some((names::PROOF, Verdict::Failed)),
            "{to}"
        );
    }
}

#[test]
fn a_proof_inside_the_json_is_verified_over_rdf_and_over_jcs() {
    let judge = Judge::new();
    for fixture in [
        include_str!("fixtures/generation-2020.json"),
        include_str!("fixtures/customer-2020.json"),
        include_str!("fixtures/consumption-2020.json"),
        include_str!("fixtures/consumption-2020-without-suite.json"),
        include_str!("fixtures/generation-rdfc.json"),
    ] {
        let report = judge.judge(fixture.as_bytes());
        assert!(report.verified(), "{:?}", report.checks);
        let wrapped = format!(r#"{{"credential":{fixture},"credentialSchemaId":"did:schema:1","tags":[]}}"#);
        assert!(judge.judge(wrapped.as_bytes()).verified());
        for (from, to) in [("TEST_METER_MEENA", "TEST_METER_OTHER"), ("2026-01-18", "2026-01-17")] {
            assert_eq!(
                fault(&judge.judge(fixture.replacen(from, to, 1).as_bytes())),
                Some((names::PROOF, Verdict::Failed)),
                "{to}"
            );
        }
    }
}

#[test]
fn an_electricity_credential_is_verified_over_rdf_as_any_signer_makes_it() {
    let mut judge = Judge::new();
    judge.evidence.status = Status::Answered(404);
    for (fixture, asks) in [
        (include_str!("fixtures/electricity-rdfc.json"), false),
        // The type of the status is a relative name: one signer leaves it out, another one has an address for it.
        (include_str!("fixtures/electricity-status.json"), true),
        (include_str!("fixtures/electricity-status-based.json"), true),
    ] {
        let report = judge.judge(fixture.as_bytes());
        assert!(report.verified(), "{:?}", report.checks);
        assert_eq!(Presented::parse(fixture.as_bytes()).unwrap().status_url().is_some(), asks);
        let claims = report.claims.unwrap();
        let meter = claims.of_meter("test_meter_meena").unwrap();
        assert_eq!((meter.installed_capacity_w(), meter.sanctioned_load_w), (Some(4_500), Some(6_000)));
        assert_eq!(meter.storage[0].capacity_wh, 10_000);
        // Canonical forms take their time in a program that is not optimized: each change once.
        if asks {
            continue;
        }
        for (from, to) in [
            ("\"value\": 4.5", "\"value\": 45"),
            ("\"unit\": \"kW\"", "\"unit\": \"MW\""),
            ("\"SOLAR_PV\"", "\"WIND\""),
            ("TEST_CUST_MEENA", "TEST_CUST_OTHER"),
            ("meter:TEST_METER_MEENA", "meter:TEST_METER_OTHER"),
            ("assets:solar:ROOF-7", "assets:solar:ROOF-8"),
            ("2027-01-18", "2028-01-18"),
        ] {
            assert!(fixture.contains(from), "{from}");
            let changed = judge.judge(fixture.replacen(from, to, 1).as_bytes());
            assert_eq!(changed.verdict(names::PROOF), Some(Verdict::Failed), "{to}");
        }
        // What nobody reads may stand there unsigned; what is read may not.
        let idle = fixture.replace("\"M-1\"", "\"M-2\"");
        assert!(idle != fixture && judge.judge(idle.as_bytes()).verified());
        let more = fixture.replace("\"serialNumber\"", "\"maxExportKw\": 900, \"serialNumber\"");
        assert!(more != fixture && !judge.judge(more.as_bytes()).verified());
        let profile = "\"generationProfiles\": [{\"capacityKW\": 900}], \"customerDetails\"";
        assert!(!judge.judge(fixture.replace("\"customerDetails\"", profile).as_bytes()).verified());
    }
}

#[test]
fn what_rdf_leaves_open_is_not_believed() {
    let judge = Judge::new();
    let proof_of = |text: &str| {
        let report = judge.judge(text.as_bytes());
        assert!(!report.verified());
        report.checks.iter().find(|check| check.name == names::PROOF).unwrap().clone()
    };
    // The store's context gives every member one meaning: the signature is right, and proves nothing.
    let store = include_str!("fixtures/store-2020.json");
    assert!(proof_of(store).reason.contains("which value is whose"), "{}", proof_of(store).reason);
    let good = include_str!("fixtures/generation-2020.json");
    let more = good.replace("\"assetId\"", "\"sanctionedLoadKW\": \"900\", \"assetId\"");
    assert!(proof_of(&more).reason.contains("not all of it is signed"));
    let own = good.replacen("\"@context\": [", "\"@context\": [{\"assetId\":\"urn:x\"},", 1);
    assert!(proof_of(&own).reason.contains("another meaning"));
    let inner = good.replacen("\"credentialSubject\": {", "\"credentialSubject\": {\"@context\":{},", 1);
    assert!(proof_of(&inner).reason.contains("another meaning"));
    let strange = good.replacen(
        "\"@context\": [",
        "\"@context\": [\"https://www.w3.org/2018/credentials/v1\",\"https://x.example/c\",",
        1,
    );
    let check = proof_of(&strange);
    assert_eq!(check.verdict, Verdict::Unknown, "{}", check.reason);
}

#[test]
fn a_proof_over_rdf_is_bounded_whoever_made_it() {
    let judge = Judge::new();
    let proof_of = |judge: &Judge, text: &str| {
        let report = judge.judge(text.as_bytes());
        report.checks.iter().find(|check| check.name == names::PROOF).unwrap().clone()
    };
    let good = include_str!("fixtures/generation-2020.json");
    let contexts = |more: &[String]| {
        let more: String = more.iter().map(|url| format!("\"{url}\",")).collect();
        let all = format!("\"@context\": [\"https://www.w3.org/2018/credentials/v1\",{more}");
        let text = good.replacen("\"@context\": [", &all, 1);
        assert!(text != good);
        text
    };
    // A context that is named again is read once; of others there are few.
    let again = contexts(&vec!["https://www.w3.org/2018/credentials/v1".to_owned(); 500]);
    assert!(judge.judge(again.as_bytes()).verified());
    let others: Vec<String> = (0..9).map(|number| format!("https://x.example/{number}")).collect();
    let check = proof_of(&judge, &contexts(&others));
    assert_eq!(check.verdict, Verdict::Failed);
    assert!(check.reason.contains("more than 8 contexts"), "{}", check.reason);
    // A word may bring a context of its own, which is read for every value under it.
    let idle = vec!["\"x\""; 600].join(",");
    let many =
        good.replacen("\"credentialSubject\": {", &format!("\"credentialSubject\": {{\"idle\":[{idle}],"), 1);
    let check = proof_of(&judge, &many);
    assert_eq!(check.verdict, Verdict::Failed);
    assert!(check.reason.contains("too much"), "{}", check.reason);
    // Whose key nobody trusts meets the same bounds, and is never believed.
    let nobody = Judge { trust: trust(&[]), ..Judge::new() };
    for text in [&contexts(&others), &many] {
        assert_eq!(proof_of(&nobody, text).verdict, Verdict::Failed);
        assert!(!nobody.judge(text.as_bytes()).verified());
    }
}

#[test]
fn the_canonical_json_suites_verify() {
    use sha2::{Digest, Sha256};
    let options = format!(
        concat!(
            r#"{{"created":"2026-01-02T00:00:00Z","cryptosuite":"eddsa-jcs-2022","#,
            r#""proofPurpose":"assertionMethod","type":"DataIntegrityProof","verificationMethod":"{did}#{key}"}}"#,
        ),
        did = did(),
        key = did().trim_start_matches("did:key:"),
    );
    let value: serde_json::Value = serde_json::from_str(&credential()).unwrap();
    let canonical = serde_json_canonicalizer::to_vec(&value).unwrap();
    let input = [Sha256::digest(options.as_bytes()), Sha256::digest(&canonical)].concat();
    let signature = SigningKey::from_bytes(&SEED).sign(&input).to_bytes();
    let proof = options.replace(
        "\"type\"",
        &format!("\"proofValue\":\"z{}\",\"type\"", bs58::encode(signature).into_string()),
    );
    let signed = credential().replacen('{', &format!("{{\"proof\":{proof},"), 1);
    let judge = Judge::new();
    let report = judge.judge(signed.as_bytes());
    assert!(report.verified(), "{:?}", report.checks);
    let changed = signed.replace("\"4.5\"", "\"4.50\"");
    assert_eq!(fault(&judge.judge(changed.as_bytes())), Some((names::PROOF, Verdict::Failed)));
    let purpose = signed.replace("assertionMethod", "authentication");
    assert_eq!(fault(&judge.judge(purpose.as_bytes())), Some((names::PROOF, Verdict::Failed)));
}

#[test]
fn members_that_are_missing_or_out_of_range_are_named() {
    let judge = Judge::new();
    for (from, to, name) in [
        ("\"4.5\"", "\"much\"", "capacityKW"),
        ("\"4.5\"", "\"4.5555\"", "capacityKW"),
        ("\"4.5\"", "0.01", "capacityKW"),
        ("\"4.5\"", "-4.5", "capacityKW"),
        ("\"4.5\"", "1e9", "capacityKW"),
        ("\"Solar\"", "\"Coal\"", "generationType"),
        ("\"consumerNumber\"", "\"number\"", "consumerNumber"),
    ] {
        let report = judge.judge(&jwt(&credential().replace(from, to)));
        let check = report.fault().unwrap();
        assert_eq!((check.name, check.verdict), (names::SCHEMA, Verdict::Failed));
        assert!(check.reason.contains(name), "{}", check.reason);
    }
    let both = credential().replace(
        "\"GenerationProfileCredential\"",
        "\"GenerationProfileCredential\",\"StorageProfileCredential\"",
    );
    assert_eq!(fault(&judge.judge(&jwt(&both))), Some((names::FORMAT, Verdict::Failed)));
}

#[test]
fn vector_credentials_are_read_and_none_of_them_is_believed() {
    let Some(vectors) = test_support::vectors::dir() else { return };
    let mut count = 0;
    for folder in [
        "eos",
        "rcw-issued",
        "electricity-credential/v1.0",
        "electricity-credential/v1.1",
        "electricity-credential/v1.2",
    ] {
        for entry in std::fs::read_dir(vectors.join("energy/credentials").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let presented = Presented::parse(&std::fs::read(&path).unwrap()).unwrap();
            let issuer = presented.issuer().unwrap().to_owned();
            let judge = Judge { trust: trust(&[&issuer]), ..Judge::new() };
            let report = judge.judge(&std::fs::read(&path).unwrap());
            assert_eq!(report.verdict(names::FORMAT), Some(Verdict::Passed), "{path:?}");
            assert_eq!(report.verdict(names::SCHEMA), Some(Verdict::Passed), "{path:?}: {:?}", report.checks);
            assert!(!report.verified(), "{path:?}");
            let claims = report.claims.unwrap();
            let capacity: Vec<_> =
                claims.meters.iter().map(|m| (m.installed_capacity_w(), m.sanctioned_load_w)).collect();
            let expected = match (folder, claims.kind, path.file_name().unwrap().to_str().unwrap()) {
                ("rcw-issued", Kind::GenerationProfile, _) => vec![(Some(20_000), None)],
                (_, Kind::GenerationProfile, _) => vec![(Some(3_000), None)],
                (_, Kind::ConsumptionProfile, _) => vec![(None, Some(5_000))],
                (_, Kind::Electricity, "example-submetering.json") => {
                    vec![(None, None), (Some(2_000), Some(3_000)), (None, Some(3_000))]
                }
                (_, Kind::Electricity, "example-parallel-metering.json") => {
                    vec![(None, Some(10_000)), (Some(5_000), Some(5_000))]
                }
                (_, Kind::Electricity, _) => vec![(Some(4_500), Some(5_000))],
                (_, Kind::UtilityCustomer, _) => vec![(None, None)],
                _ => vec![],
            };
            assert_eq!(capacity, expected, "{path:?}");
            count += 1;
        }
    }
    println!("vectors: {count} passed, 0 skipped");
    assert!(count > 0);
}
