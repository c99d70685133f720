//! The specification's own files as an oracle: read in place, compiled by a JSON Schema library, formats
//! asserted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use beckn_wire::json::{Json, Object};
use beckn_wire::validate::Text;
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

/// The folder of the vectors; `None` (with a note) when it is not there, a failure under `CI=true`.
pub fn folder() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    let folder = env::var_os("WATTMANDI_VECTORS").map_or(default, PathBuf::from);
    if folder.join("beckn/openapi").is_dir() {
        return Some(folder);
    }
    assert_ne!(env::var("CI").as_deref(), Ok("true"), "no vectors at {}", folder.display());
    println!("skipped: no vectors at {}", folder.display());
    None
}

pub fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Every JSON file below a folder, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// One text of the specification.
pub struct Oracle {
    pub text: Text,
    pub components: Value,
    /// Schema of the request body by value of `context.action`.
    pub bodies: BTreeMap<String, Value>,
    /// Schemas of the 200 answers by path.
    pub answers: BTreeMap<String, Value>,
    validators: BTreeMap<String, Validator>,
}

impl Oracle {
    pub fn load(folder: &Path, text: Text) -> Self {
        let name = match text {
            Text::Tag => "beckn.yaml",
            Text::Main => "beckn-main-2026-05-27.yaml",
        };
        let yaml = fs::read_to_string(folder.join("beckn/openapi").join(name)).unwrap();
        let document = scrub(serde_yaml_ng::from_str(&yaml).unwrap());
        let (mut bodies, mut answers) = (BTreeMap::new(), BTreeMap::new());
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let body = &operation["requestBody"]["content"]["application/json"]["schema"];
                for action in actions(body) {
                    bodies.insert(action, body.clone());
                }
                let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
                if answer.is_object() && method == "post" {
                    answers.insert(path.clone(), answer.clone());
                }
            }
        }
        let components = document["components"].clone();
        let validators =
            bodies.iter().map(|(action, body)| (action.clone(), compile(&components, body))).collect();
        Self { text, components, bodies, answers, validators }
    }

    /// The verdict on a body, chosen by its own action; an action without a schema is never valid.
    pub fn is_valid(&self, body: &Value) -> bool {
        let action = body["context"]["action"].as_str().unwrap_or_default();
        self.validators.get(action).is_some_and(|validator| validator.is_valid(body))
    }
}

/// A validator of one schema of the document; `uri` is known and takes everything.
pub fn compile(components: &Value, schema: &Value) -> Validator {
    let mut root: Map<String, Value> = schema.as_object().unwrap().clone();
    root.insert("components".to_owned(), components.clone());
    compile_alone(&Value::Object(root))
}

pub fn compile_alone(schema: &Value) -> Validator {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .with_format("uri", |_: &str| true)
        .build(schema)
        .unwrap()
}

fn actions(body: &Value) -> Vec<String> {
    let conjuncts = body["properties"]["context"]["allOf"].as_array().cloned().unwrap_or_default();
    let action = conjuncts.iter().map(|part| &part["properties"]["action"]);
    action
        .flat_map(|action| {
            action["const"].as_str().map_or_else(|| words(&action["enum"]), |only| vec![only.to_owned()])
        })
        .collect()
}

fn words(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}

/// Without the keywords that confuse a plain JSON Schema library.
fn scrub(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(name, _)| !["$schema", "example", "examples"].contains(&name.as_str()))
            .map(|(name, inner)| (name, scrub(inner)))
            .collect(),
        Value::Array(items) => items.into_iter().map(scrub).collect(),
        other => other,
    }
}

/// An instance with every member that the schema names, made from the schema alone.
pub fn sample(components: &Value, schema: &Value, seen: &mut Vec<String>) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        if reference.ends_with("/AddOn") {
            // Two open types of which exactly one must fit: a value that breaks the second.
            return json!({"id": "add-on", "provider": 5});
        }
        if seen.iter().filter(|name| *name == reference).count() > 1 {
            return Value::Null;
        }
        let target = components.pointer(reference.trim_start_matches("#/components")).unwrap();
        seen.push(reference.to_owned());
        let mut made = sample(components, target, seen);
        seen.pop();
        for name in words(&schema["required"]) {
            if made.get(&name).is_none() {
                made[name.as_str()] = json!({"unitQuantity": 1.5});
            }
        }
        return made;
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = Map::new();
        for part in parts {
            if let Value::Object(members) = sample(components, part, seen) {
                whole.extend(members);
            }
        }
        return Value::Object(whole);
    }
    if let Some(choice) = schema["oneOf"].as_array() {
        return sample(components, &choice[0], seen);
    }
    if let Some(only) = schema.get("const") {
        return only.clone();
    }
    if let Some(first) = schema["enum"].as_array() {
        return first[0].clone();
    }
    match schema["type"].as_str() {
        Some("string") => string(schema),
        Some("boolean") => json!(true),
        Some("number") => json!(1.5),
        Some("integer") => schema.get("minimum").cloned().unwrap_or(json!(3)),
        Some("array") => {
            let item = sample(components, &schema["items"], seen);
            let count = usize::try_from(schema["minItems"].as_u64().unwrap_or(1)).unwrap();
            if item.is_null() { json!([]) } else { Value::Array(vec![item; count]) }
        }
        _ => object(components, schema, seen),
    }
}

fn object(components: &Value, schema: &Value, seen: &mut Vec<String>) -> Value {
    let mut whole = Map::new();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let made = sample(components, member, seen);
        if !made.is_null() {
            whole.insert(name.clone(), made);
        }
    }
    if schema["additionalProperties"].is_object() {
        whole.insert("any".to_owned(), sample(components, &schema["additionalProperties"], seen));
    }
    Value::Object(whole)
}

fn string(schema: &Value) -> Value {
    json!(match (schema["format"].as_str(), schema["pattern"].as_str()) {
        (Some("uuid"), _) => "e6d9f908-1d26-4ff3-a6d1-3af3d3721054",
        (Some("date-time"), _) => "2026-11-01T08:00:00.000Z",
        (Some("time"), _) => "10:00:00+05:30",
        (Some("uri"), _) => "https://example.com/x",
        (_, Some(_)) => "BLAKE-512=abcd+/==",
        _ => "text",
    })
}

/// The same document in our own reader's form.
pub fn ours(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(bool) => Json::Bool(*bool),
        Value::Number(number) => Json::Number(number.to_string()),
        Value::String(text) => Json::String(text.clone()),
        Value::Array(items) => Json::Array(items.iter().map(ours).collect()),
        Value::Object(members) => {
            Json::Object(members.iter().map(|(name, inner)| (name.clone(), ours(inner))).collect::<Object>())
        }
    }
}
