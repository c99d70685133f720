//! The OpenAPI document against itself: every answer is described, and every recorded example is valid.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wattmandi::api::SERVED;
use wattmandi::error::Code;
use wattmandi::events::KINDS;

fn document() -> Value {
    serde_json::from_str(&wattmandi::api::openapi::document()).unwrap()
}

fn operation<'d>(document: &'d Value, path: &str, method: &str) -> &'d Value {
    let operation = &document["paths"][path][method];
    assert!(operation.is_object(), "{method} {path} is not documented");
    operation
}

/// Asserts that a value is valid against a schema of the document.
fn valid(document: &Value, schema: &Value, value: &Value, what: &str) {
    let whole = json!({"components": document["components"], "allOf": [schema]});
    let validator = jsonschema::validator_for(&whole).unwrap();
    let faults: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{what}: {faults:?}\n{value}");
}

#[test]
fn every_operation_names_each_of_its_answers() {
    let document = document();
    for route in SERVED {
        let what = format!("{} {}", route.method, route.path);
        let answers = operation(&document, route.path, route.method)["responses"].as_object().unwrap();
        assert!(!answers.contains_key("default"), "{what}: an answer that may be anything");
        assert!(
            answers.keys().any(|status| status.starts_with('2') || status == "101"),
            "{what}: no success"
        );
        if route.access.who.roles().is_some() {
            for status in ["400", "401", "403", "422", "429", "500"] {
                assert!(answers.contains_key(status), "{what}: {status} is missing");
            }
            assert!(!route.path.contains('{') || answers.contains_key("404"), "{what}: 404 is missing");
        }
    }
}

#[test]
fn every_answer_is_described() {
    let document = document();
    let said = |place: String, answer: &Value| {
        let text = answer["description"].as_str().unwrap_or_default();
        assert!(answer.get("$ref").is_some() || !text.trim().is_empty(), "{place} says nothing of itself");
    };
    let paths = document["paths"].as_object().unwrap().iter();
    let mut answers = 0;
    for (path, item) in paths.chain(document["webhooks"].as_object().unwrap()) {
        for (method, operation) in item.as_object().unwrap() {
            for (status, answer) in operation["responses"].as_object().unwrap() {
                said(format!("{method} {path}, {status}"), answer);
                answers += 1;
            }
        }
    }
    for (name, answer) in document["components"]["responses"].as_object().unwrap() {
        said(name.clone(), answer);
    }
    assert!(answers > 500, "{answers}");
    let login = &operation(&document, "/auth/login", "post")["responses"]["200"]["description"];
    assert_eq!(login, "What a signed-in user goes on with.");
}

#[test]
fn an_operation_names_what_it_takes_and_nothing_else() {
    let document = document();
    let takes = |path: &str, method: &str, name: &str| {
        let parameters = operation(&document, path, method)["parameters"].as_array();
        parameters.into_iter().flatten().find(|parameter| parameter["name"] == name)
    };
    let removed = operation(&document, "/api/webhooks/{id}", "delete")["responses"].as_object().unwrap();
    let good: Vec<&String> = removed.keys().filter(|status| status.starts_with('2')).collect();
    assert_eq!(good, ["204"]);
    let stream = operation(&document, "/api/transactions/{id}/events", "get");
    assert!(stream["responses"].get("304").is_none() && stream["responses"]["200"]["headers"].is_null());
    for route in SERVED.iter().filter(|route| route.method != "get" && route.access.who.roles().is_some()) {
        let whole = ["/api/events/", "/api/interests", "/api/webhooks"];
        let waits =
            route.path.starts_with("/api/") && !whole.iter().any(|start| route.path.starts_with(start));
        if route.path.starts_with("/auth/") {
            continue;
        }
        assert_eq!(
            takes(route.path, route.method, "Prefer").is_some(),
            waits,
            "{} {}",
            route.method,
            route.path
        );
        if let Some(key) = takes(route.path, route.method, "Idempotency-Key") {
            assert_eq!(key["schema"]["maxLength"], 128, "{} {}", route.method, route.path);
        }
    }
    assert!(takes("/api/webhooks", "post", "Idempotency-Key").is_some());
    // What was recorded of a statement is its JSON.
    let forms = &operation(&document, "/users/me/statements/{month}", "get")["responses"]["200"]["content"];
    assert!(forms["application/json"].get("example").is_some_and(Value::is_object));
    for form in ["text/csv", "text/html"] {
        assert!(forms[form].get("example").is_none_or(Value::is_string), "{form}");
    }
}

#[test]
fn every_code_stands_at_its_status() {
    let document = document();
    for code in Code::ALL {
        let name = format!("Problem{}", code.status());
        let content = &document["components"]["responses"][&name]["content"]["application/problem+json"];
        let listed = content["schema"]["allOf"][1]["properties"]["code"]["enum"].as_array().unwrap();
        assert!(listed.contains(&json!(code.as_str())), "{} is not at {name}", code.as_str());
    }
}

#[test]
fn what_runs_have_recorded_is_valid() {
    let document = document();
    let (mut requests, mut answers) = (0, 0);
    for route in SERVED {
        let what = format!("{} {}", route.method, route.path);
        let operation = operation(&document, route.path, route.method);
        let body = &operation["requestBody"]["content"]["application/json"];
        if let Some(example) = body.get("example") {
            valid(&document, &body["schema"], example, &what);
            requests += 1;
        }
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let content = &answer["content"]["application/json"];
            if let Some(example) = content.get("example") {
                valid(&document, &content["schema"], example, &format!("{what}, {status}"));
                answers += 1;
            }
        }
    }
    assert!(requests >= 12 && answers >= 35, "{requests} requests, {answers} answers");
}

#[test]
fn recorded_problems_and_events_are_valid() {
    let document = document();
    let mut problems = 0;
    for (name, response) in document["components"]["responses"].as_object().unwrap() {
        let content = &response["content"]["application/problem+json"];
        for (code, example) in content["examples"].as_object().into_iter().flatten() {
            assert_eq!(example["value"]["code"], *code);
            valid(&document, &content["schema"], &example["value"], name);
            problems += 1;
        }
    }
    let mut kinds = BTreeSet::new();
    let event = json!({"$ref": "#/components/schemas/Event"});
    for schema in document["components"]["schemas"].as_object().unwrap().values() {
        for example in
            schema["examples"].as_array().into_iter().flatten().filter(|one| one.get("seq").is_some())
        {
            valid(&document, &event, example, "an event");
            kinds.insert(example["kind"].as_str().unwrap());
        }
    }
    assert!(problems >= 8, "{problems} problems");
    assert!(kinds.len() >= 20 && kinds.len() <= KINDS.len(), "{} kinds of events", kinds.len());
}
