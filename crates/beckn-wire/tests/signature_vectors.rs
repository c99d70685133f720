//! Every case of `beckn/signature_vectors.json`: positives are reproduced byte for byte and verified,
//! negatives get the verdict of the specification. The folder is `$WATTMANDI_VECTORS`, by default beside the
//! repository.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::path::{Path, PathBuf};

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::envelope::{Envelope, Verified};
use beckn_wire::signature::{
    Chain, ChainProof, Digest, KeyId, PublicKey, SignatureError, SignatureHeader, Signer, SigningKey,
    VerifyPolicy, digest, sign, sign_response, signing_string, verify, verify_response,
};
use beckn_wire::validate::Tolerance;
use serde_json::Value;

fn folder() -> PathBuf {
    std::env::var_os("WATTMANDI_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    )
}

/// The cases under `group`; `None` when the folder is absent, which is a failure in CI.
fn vectors(group: &str) -> Option<Vec<Value>> {
    let path = folder().join("beckn/signature_vectors.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is missing", path.display());
        println!("vectors: 0 passed, {group} skipped: {} is missing", path.display());
        return None;
    };
    let document: Value = serde_json::from_str(&text).unwrap();
    let cases = document[group].as_array().unwrap().clone();
    assert!(!cases.is_empty(), "no {group} vectors in {}", path.display());
    Some(cases)
}

struct Case<'a>(&'a Value);

impl<'a> Case<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.0[name].as_str()
    }

    fn need(&self, name: &str) -> &'a str {
        self.text(name).unwrap_or_else(|| panic!("{} has no {name}", self.0["id"]))
    }

    fn number(&self, name: &str) -> i64 {
        self.0[name].as_i64().unwrap_or_else(|| panic!("{} has no {name}", self.0["id"]))
    }

    fn is_response(&self) -> bool {
        self.text("kind") == Some("response")
    }

    fn body(&self) -> &'a [u8] {
        self.text("body").unwrap_or_default().as_bytes()
    }

    /// The `Authorization` of the answered request. Some cases give its signature only, since a receiver by
    /// the specification always keeps the request; a header is put around it. `""` means: kept none.
    fn request_authorization(&self) -> Option<String> {
        match self.text("stored_request_header") {
            Some("") => None,
            Some(stored) => Some(stored.to_owned()),
            None => self.text("request_signature").map(|signature| {
                if signature.starts_with("Signature ") {
                    signature.to_owned()
                } else {
                    format!("Signature keyId=\"a|b|ed25519\",signature=\"{signature}\"")
                }
            }),
        }
    }

    fn verify(&self) -> Result<Signer, WireError> {
        let value = self.text("header").unwrap_or_default();
        let header = if self.is_response() {
            SignatureHeader::parse_response(value)
        } else {
            SignatureHeader::parse(value)
        }?;
        let not_usable = |code| Err(WireError::new(code, "registry"));
        match self.text("registry") {
            None => {}
            Some("empty") => return not_usable(ErrorCode::AutSubscriberNotFound),
            Some("error") => return not_usable(ErrorCode::AutKeyNotFound),
            Some(_) => return not_usable(ErrorCode::AutKeyExpiredOrRevoked),
        }
        let key =
            PublicKey::from_base64(self.need("public_key_b64")).map_err(|_| SignatureError::Mismatch)?;
        let (now, policy) = (self.number("now"), VerifyPolicy::spec());
        let answered = self.request_authorization();
        let signer = if self.is_response() {
            let status = if self.need("body").contains("AUT_SIGNATURE_MISSING") { 401 } else { 200 };
            verify_response(status, &header, self.body(), &key, now, &policy, answered.as_deref())
        } else {
            verify(&header, self.body(), &key, now, &policy, answered.as_deref())
        };
        Ok(signer?)
    }

    /// What a receiver answers: HTTP status and code.
    fn verdict(&self) -> (u16, Option<&'static str>) {
        let accepted = (200, None);
        let refused = |error: &WireError| (error.http_status(), Some(error.code.as_str()));
        let signer = match self.verify() {
            Ok(signer) => signer,
            Err(error) => return refused(&error),
        };
        if self.is_response() || self.body().is_empty() {
            return accepted;
        }
        match Envelope::parse(self.body(), &Tolerance::strict()) {
            Ok(envelope) => {
                Verified::new(signer, envelope).map_or_else(|error| refused(&error), |_| accepted)
            }
            // Some bodies are too short to be messages; their cases are about the signature alone.
            Err(error) if error.code == ErrorCode::CtxMissingField => accepted,
            Err(error) => refused(&error),
        }
    }
}

#[test]
fn positive_signature_vectors_are_reproduced() {
    let Some(cases) = vectors("positive") else { return };
    for value in &cases {
        let case = Case(value);
        let id = case.need("id");
        let body = case.body();
        assert_eq!(i64::try_from(body.len()), Ok(case.number("body_len")), "{id}");
        assert_eq!(digest(body), case.need("digest_b64"), "{id}");

        let key = SigningKey::from_base64(case.need("private_seed_b64")).unwrap();
        assert_eq!(key.public().to_base64(), case.need("public_key_b64"), "{id}");
        let (created, expires) = (case.number("created"), case.number("expires"));
        let line = case.text("request_signature");
        let text = signing_string(created, expires, &Digest::of(body), line);
        assert_eq!(text, case.need("signing_string"), "{id}");
        assert_eq!(key.sign_bytes(text.as_bytes()), case.need("signature_b64"), "{id}");

        let key_id = KeyId::new(case.need("subscriber_id"), case.need("unique_key_id")).unwrap();
        let header = if case.is_response() {
            sign_response(&key, &key_id, created, expires, body, case.request_authorization().as_deref())
        } else {
            sign(&key, &key_id, created, expires, body, line.map_or(Chain::None, Chain::Bare))
        };
        assert_eq!(header, case.need("header"), "{id}");
        assert_eq!(case.verdict(), (200, None), "{id}");
        if let Some(bare) = case.text("nfh007_example_form") {
            let parsed = SignatureHeader::parse_response(&header).unwrap();
            assert_eq!(SignatureHeader::parse_response(bare).unwrap(), parsed, "{id}");
        }
    }
    println!("vectors: {} passed, 0 skipped", cases.len());
}

#[test]
fn negative_signature_vectors_get_the_verdict_of_the_specification() {
    let Some(cases) = vectors("negative") else { return };
    for value in &cases {
        let case = Case(value);
        let expected = &value["expect_spec"];
        let (status, code) = case.verdict();
        assert_eq!(i64::from(status), expected["http"].as_i64().unwrap(), "{}", case.need("id"));
        if let Some(expected) = expected["code"].as_str() {
            assert_eq!(code, Some(expected), "{}", case.need("id"));
        }
    }
    println!("vectors: {} passed, 0 skipped", cases.len());
}

/// The same cases under the policy for peers that chain the whole header.
#[test]
fn whole_header_vector_is_accepted_where_the_policy_says_so() {
    let Some(cases) = vectors("negative") else { return };
    let policy = VerifyPolicy { accept_whole_header: true, ..VerifyPolicy::spec() };
    let whole: Vec<_> = cases
        .iter()
        .map(Case)
        .filter(|case| {
            case.text("stored_request_header").is_some_and(|h| Some(h) == case.text("request_signature"))
        })
        .collect();
    for case in &whole {
        let header = SignatureHeader::parse(case.need("header")).unwrap();
        let key = PublicKey::from_base64(case.need("public_key_b64")).unwrap();
        let answered = case.request_authorization();
        let signer =
            verify(&header, case.body(), &key, case.number("now"), &policy, answered.as_deref()).unwrap();
        assert_eq!(signer.chain(), ChainProof::WholeHeader);
    }
    assert!(!whole.is_empty(), "no vector chains the whole header");
    println!("vectors: {} passed, 0 skipped", whole.len());
}

fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            json_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}

/// The context of every official message of the current texts is read, and comes out as it was.
#[test]
fn example_message_vectors_have_contexts_that_are_read() {
    if vectors("positive").is_none() {
        return;
    }
    let mut files = Vec::new();
    for part in ["beckn/examples", "energy/lts-wave2"] {
        json_files(&folder().join(part), &mut files);
    }
    let mut read = 0;
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        if !value["context"]["bapId"].is_string() && !value["context"]["bppId"].is_string() {
            continue;
        }
        let envelope = Envelope::parse(&bytes[..], &Tolerance::ies())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let context: Value = serde_json::from_str(&envelope.context.to_json().to_string()).unwrap();
        for (name, written) in value["context"].as_object().unwrap() {
            if name != "timestamp" {
                assert_eq!(&context[name], written, "{}: {name}", path.display());
            }
        }
        read += 1;
    }
    assert!(read > 0, "no example message was found");
    println!("vectors: {read} passed, 0 skipped");
}
