//! Every answer of every operation: the statuses that it may have, each with the codes of its problem document.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::api::problem::MEDIA_TYPE;
use crate::error::Code;

/// What stands at the doors of the network.
const DOORS: [&str; 5] = ["/bap/", "/bpp/", "/callbacks/", "/discom/", "/catalog/"];
/// What any request of a client may meet.
const ANY: [u16; 6] = [400, 401, 403, 422, 429, 500];
/// What a request that changes something may meet besides.
const WRITES: [u16; 5] = [404, 409, 413, 415, 503];

/// Completes the answers of all operations, and writes the shared ones into the components.
pub fn add(document: &mut Value) {
    let statuses = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503];
    for status in statuses {
        document["components"]["responses"][name(status)] = problem(status);
    }
    document["components"]["schemas"]["Nack"] = nack();
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let Some(answers) = operation["responses"].as_object_mut() else { continue };
            answers.remove("default");
            if DOORS.iter().any(|door| path.starts_with(door)) {
                answers.insert(
                    "4XX".to_owned(),
                    refused(
                        "A signed NACK; a problem document where nobody of the \
                    network was addressed",
                    ),
                );
                answers.insert("5XX".to_owned(), refused("A signed NACK: again later, as Retry-After says"));
                continue;
            }
            for status in of(path, method, answers) {
                answers
                    .entry(status.to_string())
                    .or_insert_with(|| json!({"$ref": format!("#/components/responses/{}", name(status))}));
            }
        }
    }
}

/// An answer that says nothing of itself is described by what stands in it, or by what the operation does: a document
/// without such a text is none (OpenAPI 3.1, Response Object).
pub fn describe(document: &mut Value) {
    let abouts: BTreeMap<String, String> = document["components"]["schemas"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, schema)| Some((name.clone(), schema["description"].as_str()?.to_owned())))
        .collect();
    for item in document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            let summary = operation["summary"].as_str().unwrap_or("The answer").to_owned();
            for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
                let said = answer["description"].as_str().is_some_and(|text| !text.is_empty());
                if said || answer.get("$ref").is_some() {
                    continue;
                }
                let about = schema_of(answer).and_then(|name| abouts.get(name)).unwrap_or(&summary);
                let start = match status.as_str() {
                    "201" => "Created. ",
                    "202" => "Taken on. ",
                    _ => "",
                };
                answer["description"] = format!("{start}{}", about.replace('\n', " ")).into();
            }
        }
    }
}

/// The name of the schema of an answer, where it has one.
fn schema_of(answer: &Value) -> Option<&str> {
    let content = answer.get("content")?.as_object()?.values().next()?;
    content.get("schema")?.get("$ref")?.as_str()?.rsplit('/').next()
}

fn of(path: &str, method: &str, answers: &Map<String, Value>) -> Vec<u16> {
    if ["/health", "/ready"].contains(&path) || path.starts_with("/.well-known/") {
        return vec![400, 500];
    }
    let mut statuses = ANY.to_vec();
    if method != "get" {
        statuses.extend(WRITES);
    }
    if path.contains('{') {
        statuses.push(404);
    }
    statuses.retain(|status| !answers.contains_key(&status.to_string()));
    statuses
}

fn name(status: u16) -> String {
    format!("Problem{status}")
}

/// A failure with this status: which codes it may carry, and an example of each that a run has recorded.
fn problem(status: u16) -> Value {
    let codes: Vec<&Code> = Code::ALL.iter().filter(|code| code.status() == status).collect();
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let about: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.title())).collect();
    let recorded = super::examples();
    let examples: Map<String, Value> = names
        .iter()
        .filter_map(|code| Some(((*code).to_owned(), json!({"value": recorded["problems"].get(code)?}))))
        .collect();
    let mut content = json!({"schema": {"allOf": [{"$ref": "#/components/schemas/Problem"}, {
        "type": "object",
        "properties": {"code": {"type": "string", "enum": names}, "status": {"const": status}},
    }]}});
    if !examples.is_empty() {
        content["examples"] = Value::Object(examples);
    }
    let mut answer = json!({"description": about.join("; "), "content": {(MEDIA_TYPE): content}});
    let header = |about: &str| json!({"description": about, "schema": {"type": "string"}});
    match status {
        401 => answer["headers"]["WWW-Authenticate"] = header("`Bearer`, RFC 6750"),
        405 => answer["headers"]["Allow"] = header("The methods that are offered"),
        429 => answer["headers"]["Retry-After"] = header("Seconds until the next request is taken"),
        _ => {}
    }
    answer
}

fn nack() -> Value {
    json!({
        "type": "object",
        "description": "A refusal in the network's words (Beckn 2.0)",
        "required": ["message"],
        "properties": {"message": {
            "type": "object",
            "required": ["status", "error"],
            "properties": {
                "status": {"const": "NACK"},
                "messageId": {"type": "string"},
                "error": {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                },
            },
        }},
    })
}

fn refused(description: &str) -> Value {
    json!({"description": description, "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/Nack"}},
        (MEDIA_TYPE): {"schema": {"$ref": "#/components/schemas/Problem"}},
    }})
}
