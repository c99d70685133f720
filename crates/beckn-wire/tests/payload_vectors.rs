//! The validator against the outside: published verdicts, official payloads, and a JSON Schema library that
//! reads the specification's own files. The files stay where they are; nothing of them is in this repository.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests do")]

#[path = "payload_vectors/mutate.rs"]
mod mutate;
#[path = "payload_vectors/oracle.rs"]
mod oracle;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use beckn_wire::json::Json;
use beckn_wire::validate::{
    Answer, Text, Tolerance, VIOLATIONS_MAX, admit, generated, sendable, validate, validate_answer,
    validate_attributes, validate_json,
};
use jsonschema::Validator;
use mutate::{Twin, mutants, paths};
use oracle::{Oracle, compile, compile_alone, files, folder, ours, read, sample};
use serde_json::{Value, json};

fn oracles(folder: &Path) -> [Oracle; 2] {
    Text::ALL.map(|text| Oracle::load(folder, text))
}

/// The generated schema of each body, by the actions it is for.
fn generated_bodies(text: Text) -> BTreeMap<String, Validator> {
    let mut all = BTreeMap::new();
    for file in generated().into_iter().filter(|file| !file.path.contains("answers")) {
        if file.path.starts_with(&format!("{}/", text.as_str())) {
            let schema: Value = serde_json::from_str(&file.content).unwrap();
            let action = &schema["properties"]["context"]["allOf"][1]["properties"]["action"];
            let names = action["enum"].as_array().cloned().unwrap_or_else(|| vec![action["const"].clone()]);
            for name in names {
                all.insert(name.as_str().unwrap().to_owned(), compile_alone(&schema));
            }
        }
    }
    all
}

/// Damages every node down to a depth and compares the verdicts; returns how many were valid and invalid.
fn compare(
    oracle: &Oracle,
    own: Option<&Validator>,
    body: &Value,
    depth: usize,
    thorough: bool,
    bad: &mut Vec<String>,
) -> (u64, u64) {
    let mut twin = Twin::new(body.clone());
    let (mut valid, mut invalid) = (0, 0);
    for path in paths(body, depth) {
        for mutant in mutants(twin.get(&path), thorough) {
            let original = twin.put(&path, mutant);
            let expected = oracle.is_valid(&twin.theirs);
            let verdict = validate_json(oracle.text, &twin.ours);
            // Another action may have been put in; the generated schema is for one action only.
            let own = own.filter(|_| twin.theirs["context"]["action"] == body["context"]["action"]);
            let own_differs = own.is_some_and(|own| own.is_valid(&twin.theirs) != expected);
            if verdict.is_ok() != expected || own_differs {
                bad.push(format!(
                    "{:?} {path:?}: oracle {expected}, ours {verdict:?}, schema differs {own_differs}: {}",
                    oracle.text,
                    twin.get(&path)
                ));
            }
            if expected {
                valid += 1
            } else {
                invalid += 1
            }
            twin.put(&path, original);
        }
    }
    (valid, invalid)
}

fn assert_none(bad: &[String]) {
    assert!(bad.is_empty(), "{} differences, the first:\n{}", bad.len(), bad[..bad.len().min(20)].join("\n"));
}

#[test]
fn payload_vectors_have_the_published_verdicts() {
    let Some(folder) = folder() else { return };
    let file = read(&folder.join("beckn/payload_vectors.json"));
    let cases = file["cases"].as_array().unwrap();
    for case in cases {
        let bytes = serde_json::to_vec(&case["body"]).unwrap();
        for (text, key) in [(Text::Tag, "lts_tag"), (Text::Main, "main")] {
            let verdict = validate(text, &bytes);
            let expected = case["expect"][key].as_str().unwrap() == "valid";
            assert_eq!(verdict.is_ok(), expected, "{} in {key}: {verdict:?}", case["id"]);
        }
    }
    println!("vectors: {} passed, 0 skipped", cases.len());
}

#[test]
fn payload_vectors_name_the_place_and_the_kind_of_the_fault() {
    let Some(folder) = folder() else { return };
    let file = read(&folder.join("beckn/payload_vectors.json"));
    let expected = [
        ("S3", "SCH_REQUIRED_FIELD_MISSING", "message/contract/commitments"),
        ("S4b", "SCH_SCHEMA_VALIDATION_FAILED", "message/contract/commitments"),
        ("S5", "SCH_REQUIRED_FIELD_MISSING", "message/contract/commitments/0/status"),
        ("S5c", "SCH_REQUIRED_FIELD_MISSING", "message/contract/commitments/0/offer/resourceIds"),
        ("S6", "SCH_FIELD_NOT_ALLOWED", "message/contract"),
        ("S7b", "CTX_INVALID_FIELD", "context/messageId"),
        ("S8", "CTX_VERSION_UNSUPPORTED", "context/version"),
        ("S11", "SCH_INVALID_ENUM", "message/contract/settlements/0/status"),
        ("D6b", "SCH_SCHEMA_VALIDATION_FAILED", "message/catalogs/0"),
        ("U2b", "SCH_REQUIRED_FIELD_MISSING", "message/subscriptionId"),
        ("E1", "SCH_FIELD_NOT_ALLOWED", "message"),
    ];
    for (id, code, path) in expected {
        let case = file["cases"].as_array().unwrap().iter().find(|case| case["id"] == id).unwrap();
        let found = validate_json(Text::Main, &ours(&case["body"])).unwrap_err();
        let hit = found.iter().any(|violation| violation.code.as_str() == code && violation.path == path);
        assert!(hit, "{id}: {found:?}");
    }
    println!("vectors: {} passed, 0 skipped", expected.len());
}

#[test]
fn official_payload_vectors_agree_with_the_oracle_whole_and_damaged() {
    let Some(folder) = folder() else { return };
    let oracles = oracles(&folder);
    let mut bad = Vec::new();
    let (mut bodies, mut verdicts) = (0, 0);
    for place in ["beckn/examples", "energy/lts-wave2", "energy/lts-policy", "energy/derived"] {
        for path in files(&folder.join(place)) {
            let body = read(&path);
            if body.get("context").is_none() {
                continue;
            }
            bodies += 1;
            for oracle in &oracles {
                let verdict = validate_json(oracle.text, &ours(&body));
                if verdict.is_ok() != oracle.is_valid(&body) {
                    bad.push(format!("{} in {:?}: {verdict:?}", path.display(), oracle.text));
                }
                if verdict.is_ok() {
                    let (valid, invalid) = compare(oracle, None, &body, 6, false, &mut bad);
                    verdicts += valid + invalid;
                }
            }
        }
    }
    assert_none(&bad);
    assert!(bodies > 110 && verdicts > 50_000, "{bodies} bodies, {verdicts} verdicts");
    println!("vectors: {bodies} passed, 0 skipped ({verdicts} damaged forms)");
}

/// The bodies of one contract message differ from those of another in the outer levels only.
fn is_repetition(action: &str) -> bool {
    ["on_select", "init", "on_init", "on_confirm", "on_status", "update", "on_update", "on_cancel"]
        .contains(&action)
        || ["on_track", "on_support", "on_rate", "catalog/push", "catalog_publish", "on_catalog_publish"]
            .contains(&action)
}

/// Makes a full body of every action of one text, puts it before both texts, and damages it everywhere.
fn full_bodies(source: Text) {
    let Some(folder) = folder() else { return };
    let oracles = oracles(&folder);
    let own = Text::ALL.map(generated_bodies);
    let source = oracles.iter().find(|oracle| oracle.text == source).unwrap();
    let mut bad = Vec::new();
    let (mut valid, mut invalid) = (0, 0);
    for (action, schema) in &source.bodies {
        let mut body = sample(&source.components, schema, &mut Vec::new());
        body["context"]["action"] = json!(action);
        body["context"]["version"] = json!("2.0.0");
        assert!(source.is_valid(&body), "{action}: the full sample is not valid: {body}");
        for (oracle, own) in oracles.iter().zip(&own) {
            let verdict = validate_json(oracle.text, &ours(&body));
            assert_eq!(verdict.is_ok(), oracle.is_valid(&body), "{action} in {:?}: {verdict:?}", oracle.text);
            let same = oracle.text == source.text;
            let depth = if !same || is_repetition(action) { 5 } else { usize::MAX };
            let (some, others) = compare(oracle, own.get(action), &body, depth, same, &mut bad);
            (valid, invalid) = (valid + some, invalid + others);
        }
    }
    assert_none(&bad);
    let made = source.bodies.len();
    assert_eq!(made, 27, "actions in {:?}", source.text);
    assert!(valid > 10_000 && invalid > 40_000, "{valid} valid, {invalid} invalid");
    println!("vectors: {made} passed, 0 skipped ({valid} valid and {invalid} invalid forms)");
}

#[test]
fn full_payload_vectors_made_from_the_main_text_agree_in_every_damaged_form() {
    full_bodies(Text::Main);
}

#[test]
fn full_payload_vectors_made_from_the_tag_agree_in_every_damaged_form() {
    full_bodies(Text::Tag);
}

#[test]
fn payload_vectors_of_members_that_are_needed_together() {
    let Some(folder) = folder() else { return };
    let oracles = oracles(&folder);
    let members = [
        ("startDate", "2026-11-01T08:00:00Z"),
        ("endDate", "2026-11-01T09:00:00Z"),
        ("startTime", "08:00:00Z"),
        ("endTime", "09:00:00Z"),
    ];
    let period = |set: usize| -> Value {
        let chosen = members.iter().enumerate().filter(|(at, _)| set & (1 << at) != 0);
        chosen.map(|(_, (name, value))| ((*name).to_owned(), json!(value))).collect()
    };
    let catalog = |period: Value| {
        json!({"id": "c", "descriptor": {}, "provider": {"id": "p", "descriptor": {}},
        "resources": [], "validity": period})
    };
    let body = |action: &str, message: Value| json!({"context": {"action": action}, "message": message});
    let publish = |catalog: Value| body("catalog/publish", json!({"catalogs": [catalog]}));
    let subscribe = |request: Value| body("catalog/subscription", json!({"subscription": request}));
    let mut bodies: Vec<Value> = (0..16).map(|set| publish(catalog(period(set)))).collect();
    for request in [
        json!({}),
        json!({"networkIds": []}),
        json!({"schemaTypes": []}),
        json!({"networkIds": 1, "schemaTypes": []}),
    ] {
        bodies.push(subscribe(request));
    }
    for body in &bodies {
        for oracle in &oracles {
            let verdict = validate_json(oracle.text, &ours(body));
            assert_eq!(verdict.is_ok(), oracle.is_valid(body), "{body} in {:?}: {verdict:?}", oracle.text);
        }
    }
    println!("vectors: {} passed, 0 skipped", bodies.len());
}

#[test]
fn payload_vectors_of_things_that_fit_exactly_one_of_two_forms() {
    let Some(folder) = folder() else { return };
    let oracles = oracles(&folder);
    let add_ons = [
        json!({"id": "a"}),
        json!({"id": "a", "provider": 5}),
        json!({"id": "a", "resourceAttributes": 5}),
        json!({"id": "a", "resourceAttributes": 5, "provider": 5}),
        json!({"id": "a", "addOns": [{"id": "b"}]}),
        json!({"id": "a", "addOns": [{"id": "b", "validity": {}}]}),
        json!({"id": "a", "availableTo": [{"type": "X", "id": "b"}]}),
        json!({"id": 5}),
        json!("a"),
    ];
    let nested = |levels| (0..levels).fold(json!({}), |inner, _| json!({"id": "o", "addOns": [inner]}));
    let add_ons: Vec<Value> = add_ons.into_iter().chain((1..16).map(nested)).collect();
    for add_on in &add_ons {
        let catalog = json!({"id": "c", "descriptor": {}, "provider": {"id": "p", "descriptor": {}},
            "offers": [{"id": "o", "addOns": [add_on]}]});
        let body = json!({"context": {"action": "on_discover"}, "message": {"catalogs": [catalog]}});
        for oracle in &oracles {
            let verdict = validate_json(oracle.text, &ours(&body));
            assert_eq!(verdict.is_ok(), oracle.is_valid(&body), "{add_on} in {:?}: {verdict:?}", oracle.text);
        }
    }
    println!("vectors: {} passed, 0 skipped", add_ons.len());
}

#[test]
fn answer_vectors_agree_with_the_oracle_in_every_damaged_form() {
    let Some(folder) = folder() else { return };
    let main = Oracle::load(&folder, Text::Main);
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let (mut bad, mut verdicts) = (Vec::new(), 0);
    for answer in Answer::ALL {
        let schema = match answer {
            Answer::Ack => reference("Ack"),
            Answer::AckNoCallback => reference("AckNoCallback"),
            Answer::Nack => reference("NackBadRequest"),
            Answer::ServerError => reference("ServerError"),
            Answer::Subscriptions => reference("CatalogSubscriptionResponse"),
            Answer::SearchResult => main.answers["/catalog/search"].clone(),
            Answer::PullAccepted => main.answers["/catalog/pull"].clone(),
        };
        let theirs = compile(&main.components, &schema);
        let own = generated()
            .into_iter()
            .find(|file| file.path == format!("main/answers/{}.json", answer.as_str()));
        let own = compile_alone(&serde_json::from_str(&own.unwrap().content).unwrap());
        let body = sample(&main.components, &schema, &mut Vec::new());
        assert!(
            theirs.is_valid(&body) && validate_answer(answer, &ours(&body)).is_ok(),
            "{answer:?}: {body}"
        );
        let mut twin = Twin::new(body.clone());
        for path in paths(&body, 6) {
            for mutant in mutants(twin.get(&path), true) {
                let original = twin.put(&path, mutant);
                let expected = theirs.is_valid(&twin.theirs);
                let verdict = validate_answer(answer, &twin.ours);
                if verdict.is_ok() != expected || own.is_valid(&twin.theirs) != expected {
                    bad.push(format!(
                        "{answer:?} {path:?}: oracle {expected}, ours {verdict:?}: {}",
                        twin.get(&path)
                    ));
                }
                verdicts += 1;
                twin.put(&path, original);
            }
        }
    }
    assert_none(&bad);
    println!("vectors: {} passed, 0 skipped ({verdicts} damaged forms)", Answer::ALL.len());
}

/// The vocabulary's own schemas, of types that refer to no other file; they leave the JSON-LD members out.
fn official_packs(folder: &Path) -> BTreeMap<&'static str, Validator> {
    let places = [
        ("DEGContract", "v2.0"),
        ("EnergyCustomer", "v2.0"),
        ("DiscomLedgerProvider", "v1.0"),
        ("RevenueFlow", "v2.0"),
    ];
    let compiled = places.map(|(kind, version)| {
        let path = folder.join(format!("energy/schemas/{kind}/{version}/attributes.yaml"));
        let document: Value = serde_yaml_ng::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        (kind, compile(&document["components"], &document["components"]["schemas"][kind]))
    });
    compiled.into()
}

#[test]
fn official_energy_payload_vectors_are_admitted_and_fit_the_packs() {
    let Some(folder) = folder() else { return };
    let packs: BTreeMap<String, Validator> = generated()
        .iter()
        .filter_map(|file| {
            let kind = file.path.strip_prefix("energy/")?.strip_suffix(".json")?.to_owned();
            Some((kind, compile_alone(&serde_json::from_str(&file.content).unwrap())))
        })
        .collect();
    let official = official_packs(&folder);
    let (mut admitted, mut judged, mut compared) = (0, 0, 0);
    for path in files(&folder.join("energy/lts-wave2")) {
        let body = read(&path);
        // Beside the messages lie synchronous answers and network manifests.
        if body.get("context").is_none() || body["message"].get("ack").is_some() {
            continue;
        }
        admitted += 1;
        let name = path.display();
        let tolerated = admit(&ours(&body), &Tolerance::ies());
        let by_main = validate_json(Text::Main, &ours(&body));
        assert!(tolerated.is_ok(), "{name}: {tolerated:?}");
        assert_eq!(admit(&ours(&body), &Tolerance::strict()).is_ok(), by_main.is_ok(), "{name}");
        let verdict = validate_attributes(&ours(&body));
        assert!(verdict.is_ok(), "{name}: {verdict:?}");
        for path in paths(&body, usize::MAX) {
            let twin = Twin::new(body.clone());
            let node = twin.get(&path);
            let kind = node["@type"].as_str().unwrap_or_default();
            if let Some(pack) = packs.get(kind) {
                judged += 1;
                for mutant in mutants(node, false)
                    .iter()
                    .filter(|mutant| mutant["@type"] == kind && mutant["@context"] == node["@context"])
                {
                    let ours = validate_attributes(&ours(mutant));
                    assert_eq!(ours.is_ok(), pack.is_valid(mutant), "{name}: {ours:?}: {mutant}");
                    if let Some(official) = official.get(kind) {
                        compared += 1;
                        let mut bare = mutant.clone();
                        bare.as_object_mut().unwrap().retain(|name, _| !name.starts_with('@'));
                        assert_eq!(ours.is_ok(), official.is_valid(&bare), "{name}: {ours:?}: {mutant}");
                    }
                }
            }
        }
    }
    assert!(
        admitted >= 12 && judged > 80 && compared > 400,
        "{admitted} bodies, {judged} objects, {compared}"
    );
    println!("vectors: {admitted} passed, 0 skipped ({judged} attribute objects)");
}

#[test]
fn what_is_sent_has_to_be_valid_in_both_texts() {
    let with = |consideration: &str| {
        let text = format!(
            r#"{{"context":{{"action":"select"}},"message":{{"contract":{{
            "consideration":[{consideration}],"commitments":[{{"status":{{}},"resources":[],
            "offer":{{"id":"o","resourceIds":[]}}}}]}}}}}}"#
        );
        Json::parse(text.as_bytes()).unwrap()
    };
    assert_eq!(sendable(&with(r#"{"id":"c","status":{"code":"DRAFT"}}"#)), Ok(()));
    let refused = sendable(&with(r#"{"id":"c"}"#)).unwrap_err();
    assert_eq!(refused[0].path, "message/contract/consideration/0/status");
    // An action that the tag does not have goes by the main text alone.
    let push = Json::parse(br#"{"context":{"action":"catalog/push"},"message":{"catalogs":[]}}"#).unwrap();
    assert_eq!(sendable(&push).unwrap_err()[0].path, "message/catalogs");
}

#[test]
fn hostile_bodies_get_a_short_answer() {
    let strangers: String = (0..50_000).map(|at| format!("\"{at}{}\":0,", "x".repeat(60))).collect();
    let body = format!(r#"{{"context":{{"action":"select"}},"message":{{{strangers}"contract":{{}}}}}}"#);
    let found = validate(Text::Main, body.as_bytes()).unwrap_err();
    assert_eq!(found.len(), VIOLATIONS_MAX);
    assert!(found.iter().all(|violation| violation.path.len() + violation.message.len() < 200));
    let deep = format!(
        r#"{{"context":{{"action":"on_discover"}},"message":{{"catalogs":[{}{}]}}}}"#,
        r#"{"offers":[{"addOns":["#.repeat(100_000),
        "]}]}".repeat(100_000)
    );
    assert_eq!(validate(Text::Main, deep.as_bytes()).unwrap_err()[0].code.as_str(), "SCH_INVALID_JSON");
    for rubbish in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"context":5}"#,
        r#"{"context":{"action":5}}"#,
        "{\"context\":{\"action\":\"\u{0}\"}}",
    ] {
        assert!(validate(Text::Tag, rubbish.as_bytes()).is_err(), "{rubbish}");
    }
}

#[test]
fn the_checked_in_schemas_are_the_generated_ones() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let files = generated();
    for file in &files {
        let kept = fs::read_to_string(folder.join(&file.path)).unwrap_or_default();
        assert_eq!(kept, file.content, "{} is stale: cargo run -p beckn-wire --example schemas", file.path);
    }
    assert_eq!(oracle::files(&folder).len(), files.len(), "files in schemas/ that nobody generates");
}
