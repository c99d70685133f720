//! The events in the document: a schema for what each kind carries, and `Event`, which is any of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::events::{KINDS, Kind, fact};

/// The two streams.
const STREAMS: [&str; 2] = ["/api/events", "/api/transactions/{id}/events"];

/// Adds the schemas of all events, and says at the streams what they tell.
pub fn add(document: &mut Value) {
    let mut by_data: BTreeMap<&str, Vec<&Kind>> = BTreeMap::new();
    for kind in KINDS {
        by_data.entry(kind.data).or_default().push(kind);
    }
    let schemas = &mut document["components"]["schemas"];
    for (name, schema) in fact::schemas() {
        schemas[name] = serde_json::to_value(schema).unwrap_or_default();
    }
    let (mut any, mut mapping) = (Vec::new(), Map::new());
    for (data, kinds) in &by_data {
        let name = format!("{data}Event");
        let reference = format!("#/components/schemas/{name}");
        for kind in kinds {
            mapping.insert(kind.name.to_owned(), reference.as_str().into());
        }
        any.push(json!({"$ref": reference}));
        schemas[name] = event(data, kinds);
    }
    schemas["Event"] = json!({
        "description": "One event of the user's log, as streams and webhooks tell it",
        "oneOf": any,
        "discriminator": {"propertyName": "kind", "mapping": mapping},
    });
    let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    schemas["EventKind"] = json!({"type": "string", "enum": kinds, "description": table()});
    schemas["WebhookMessage"] = json!({
        "type": "object",
        "description": "What is posted to a webhook (Standard Webhooks 1.0.0), under `webhook-id`, \
            `webhook-timestamp` and `webhook-signature`",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"$ref": "#/components/schemas/EventKind"},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": {"$ref": "#/components/schemas/Event"},
        },
    });
    document["webhooks"]["event"]["post"] = webhook();
    for path in STREAMS {
        let operation = &mut document["paths"][path]["get"];
        if let Some(about) = operation["description"].as_str() {
            let more = "The `data` of each is an `Event`; its kinds:";
            operation["description"] = format!("{about}\n\n{more}\n\n{}", table()).into();
        }
        operation["responses"]["200"]["content"]["text/event-stream"]["x-event-schema"] =
            json!({"$ref": "#/components/schemas/Event"});
    }
}

/// What we send, and what we take for an answer.
fn webhook() -> Value {
    let header = |name: &str, about: &str| json!({"name": name, "in": "header", "required": true, "description": about, "schema": {"type": "string"}});
    json!({
        "summary": "An event of the user, sent to each of the user's webhooks that wants its kind",
        "operationId": "webhook_event",
        "tags": ["webhooks"],
        "security": [],
        "parameters": [
            header("webhook-id", "The same each time that the event is sent to this webhook"),
            header("webhook-timestamp", "When it was sent, seconds since 1970"),
            header("webhook-signature", "`v1,` and base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`; several, \
                separated by spaces, for a day after a rotation"),
        ],
        "requestBody": {"required": true, "content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/WebhookMessage"},
        }}},
        "responses": {
            "2XX": {"description": "Taken"},
            "410": {"description": "Not wanted any more: the webhook is disabled"},
            "default": {"description": "It is sent again, later and later, for up to five days"},
        },
    })
}

fn event(data: &str, kinds: &[&Kind]) -> Value {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
    let about: Vec<String> = kinds.iter().map(|kind| format!("- `{}`: {}", kind.name, kind.about)).collect();
    let recorded = super::examples();
    let examples: Vec<&Value> = names.iter().filter_map(|name| recorded["events"].get(name)).collect();
    let mut schema = json!({
        "type": "object",
        "description": about.join("\n"),
        "required": ["seq", "transaction_id", "kind", "at", "data"],
        "properties": {
            "seq": {"type": "integer", "format": "int64", "description": "Grows; the id of the server-sent event"},
            "transaction_id": {
                "type": "string",
                "description": "The trade, plan, interest or publication; `account` and `trust` where there is none",
            },
            "kind": {"type": "string", "enum": names},
            "at": {"type": "string", "format": "date-time"},
            "data": {"$ref": format!("#/components/schemas/{data}")},
        },
    });
    if !examples.is_empty() {
        schema["examples"] = json!(examples);
    }
    schema
}

/// All kinds, for people.
fn table() -> String {
    let rows = KINDS.iter().map(|kind| format!("- `{}` ({}): {}", kind.name, kind.data, kind.about));
    rows.collect::<Vec<_>>().join("\n")
}
