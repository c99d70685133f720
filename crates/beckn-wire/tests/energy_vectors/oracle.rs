//! The two OpenAPI texts of Beckn 2.0.0 as JSON Schemas, with formats asserted.

use serde_json::{Value, json};

use crate::folder;

/// One text of the protocol.
pub struct Oracle(Value);

/// Both texts, the tag first; `None` when the vectors are absent.
pub fn both() -> Option<[Oracle; 2]> {
    let root = folder("beckn/openapi")?;
    Some(["beckn.yaml", "beckn-main-2026-05-27.yaml"].map(|name| {
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        Oracle(serde_yaml_ng::from_str(&text).unwrap())
    }))
}

impl Oracle {
    /// The complaints about a request body of that action.
    pub fn complaints(&self, action: &str, body: &Value) -> Vec<String> {
        let path = format!("/{action}").replace('/', "~1");
        let mut schema = self.0.clone();
        let target = format!("#/paths/{path}/post/requestBody/content/application~1json/schema");
        schema["$ref"] = json!(target);
        let validator =
            jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
        validator.iter_errors(body).map(|e| format!("{}: {e}", e.instance_path())).collect()
    }
}
