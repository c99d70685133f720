//! Whether the issuer signed exactly this: a JWT, or a proof inside the JSON.
//!
//! | secured by | what is signed |
//! |---|---|
//! | JWT with `EdDSA` or `ES256` | the bytes of header and payload |
//! | `Ed25519Signature2020`, `eddsa-rdfc-2022`, `ecdsa-rdfc-2019` | the canonical RDF of options and credential |
//! | `eddsa-jcs-2022`, `ecdsa-jcs-2019` | the canonical JSON of options and credential |

use beckn_wire::json::{Json, Object};
use sha2::{Digest, Sha256};

use crate::contexts::{Contexts, SUITE_2020};
use crate::did::{self, KeyDocuments, NoKey};
use crate::jsonld::{self, CONTEXTS_MAX, Unreadable, context_urls};
use crate::key::{VerificationKey, base58};
use crate::presented::Presented;
use crate::trust::Issuer;
use crate::verify::Verdict;

type Outcome = (Verdict, String);

fn failed(reason: &str) -> Outcome {
    (Verdict::Failed, reason.to_owned())
}

fn unknown(reason: &str) -> Outcome {
    (Verdict::Unknown, reason.to_owned())
}

pub fn check(
    presented: &Presented,
    trusted: Option<&Issuer>,
    contexts: &Contexts,
    documents: &KeyDocuments,
) -> Outcome {
    let Some(issuer) = presented.issuer() else {
        return failed("it names no issuer who could have signed it");
    };
    let keys = |method: Option<&str>| did::key_of(issuer, method, trusted, documents);
    if let Some(jwt) = &presented.jwt {
        return match keys(jwt.key_id.as_deref()) {
            Ok(keys) => {
                let fits = |key: &VerificationKey| {
                    key.algorithm() == jwt.algorithm && key.verifies(jwt.input.as_bytes(), &jwt.signature)
                };
                judged(keys.iter().any(fits))
            }
            Err(missing) => no_key(missing),
        };
    }
    let proof = match &presented.proof {
        Some(Json::Object(proof)) => proof,
        Some(Json::Array(several)) if several.len() == 1 => match &several[0] {
            Json::Object(proof) => proof,
            _ => return failed("its proof is no object"),
        },
        Some(_) => return unknown("it has several proofs, or none that can be read"),
        None => return failed("it is not signed"),
    };
    embedded(presented, proof, contexts, keys)
}

fn judged(verified: bool) -> Outcome {
    if verified {
        (Verdict::Passed, "its issuer signed it".to_owned())
    } else {
        failed("the signature is not the issuer's over this content")
    }
}

fn no_key(missing: NoKey) -> Outcome {
    match missing {
        NoKey::Refused(reason) => failed(reason),
        NoKey::Unknown(reason) => unknown(reason),
    }
}

/// How the signed bytes are made, and for which key.
#[derive(Clone, Copy)]
enum Suite {
    Rdf(&'static str),
    Jcs(&'static str),
}

fn embedded(
    presented: &Presented,
    proof: &Object,
    contexts: &Contexts,
    keys: impl Fn(Option<&str>) -> Result<Vec<VerificationKey>, NoKey>,
) -> Outcome {
    let text = |name: &str| proof.get(name).and_then(Json::as_str);
    let suite = match (text("type"), text("cryptosuite")) {
        (Some("Ed25519Signature2020"), _) | (Some("DataIntegrityProof"), Some("eddsa-rdfc-2022")) => {
            Suite::Rdf("EdDSA")
        }
        (Some("DataIntegrityProof"), Some("ecdsa-rdfc-2019")) => Suite::Rdf("ES256"),
        (Some("DataIntegrityProof"), Some("eddsa-jcs-2022")) => Suite::Jcs("EdDSA"),
        (Some("DataIntegrityProof"), Some("ecdsa-jcs-2019")) => Suite::Jcs("ES256"),
        _ => return unknown("its proof is of a kind that is not known here"),
    };
    if text("proofPurpose") != Some("assertionMethod") {
        return failed("its proof is not made to assert anything");
    }
    let signature = text("proofValue").and_then(|value| value.strip_prefix('z')).and_then(|v| base58(v).ok());
    let Some(signature) = signature.filter(|signature| signature.len() == 64) else {
        return failed("its proof holds no signature");
    };
    let Some(method) = text("verificationMethod") else { return failed("its proof names no key") };
    let keys = match keys(Some(method)) {
        Ok(keys) => keys,
        Err(missing) => return no_key(missing),
    };
    let mut options = proof.clone();
    options.remove("proofValue");
    let algorithm = match suite {
        Suite::Rdf(algorithm) | Suite::Jcs(algorithm) => algorithm,
    };
    let fits =
        |input: &[u8]| keys.iter().any(|key| key.algorithm() == algorithm && key.verifies(input, &signature));
    let signed = match suite {
        Suite::Rdf(_) => rdf_fits(&presented.document, options, contexts, fits),
        Suite::Jcs(_) => jcs_input(&presented.document, &options).map(|input| fits(&input)),
    };
    match signed {
        Ok(signed) => judged(signed),
        Err(Unreadable::Unknown(reason)) => (Verdict::Unknown, reason),
        Err(Unreadable::Refused(reason)) => failed(reason),
    }
}

/// Whether what may have been signed fits: with the contexts as they are, and with that of the suite added, as signers
/// add it.
fn rdf_fits(
    document: &Object,
    options: Object,
    contexts: &Contexts,
    fits: impl Fn(&[u8]) -> bool,
) -> Result<bool, Unreadable> {
    let urls = context_urls(document.get("@context"), CONTEXTS_MAX)?;
    let mut variants = vec![urls.clone()];
    if !urls.contains(&SUITE_2020) {
        variants.push(urls.into_iter().chain([SUITE_2020]).collect());
    }
    let (mut readable, mut fault) = (false, None);
    for urls in variants {
        let context = Json::array(urls.into_iter().map(Json::from));
        let with = |object: &Object| {
            let mut object = object.clone();
            object.set("@context", context.clone());
            Json::Object(object)
        };
        let (document, options) = (with(document), with(&options));
        let read = jsonld::says_what_it_says(&document, contexts).and_then(|()| {
            Ok((jsonld::canonical(&options, contexts)?, jsonld::canonical(&document, contexts)?))
        });
        match read {
            Ok((options, documents)) => {
                readable = true;
                let options = options.first().map(String::as_bytes).unwrap_or_default();
                if documents.iter().any(|document| fits(&digests(options, document.as_bytes()))) {
                    return Ok(true);
                }
            }
            Err(unreadable) => fault = fault.or(Some(unreadable)),
        }
    }
    match fault {
        Some(fault) if !readable => Err(fault),
        _ => Ok(false),
    }
}

fn jcs_input(document: &Object, options: &Object) -> Result<Vec<u8>, Unreadable> {
    let canonical = |object: &Object| -> Result<Vec<u8>, Unreadable> {
        let broken = Unreadable::Refused("it holds a number that has no canonical form");
        let bytes = Json::Object(object.clone()).to_bytes();
        let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|_| broken.clone())?;
        serde_json_canonicalizer::to_vec(&value).map_err(|_| broken)
    };
    if options.get("@context").is_some_and(|context| document.get("@context") != Some(context)) {
        return Err(Unreadable::Refused("its proof is for other contexts"));
    }
    Ok(digests(&canonical(options)?, &canonical(document)?))
}

fn digests(options: &[u8], document: &[u8]) -> Vec<u8> {
    [Sha256::digest(options).to_vec(), Sha256::digest(document).to_vec()].concat()
}
