//! Systematic damage: every node of a document is removed, renamed, retyped, or gets a stranger beside it.

use beckn_wire::json::Json;
use serde_json::{Value, json};

use crate::oracle::ours;

/// One step down.
#[derive(Clone, Debug)]
pub enum Step {
    Name(String),
    Index(usize),
}

/// The paths of all nodes down to a depth, root first.
pub fn paths(root: &Value, depth: usize) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    collect(root, depth, &mut Vec::new(), &mut found);
    found
}

fn collect(node: &Value, depth: usize, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    found.push(path.clone());
    if path.len() == depth {
        return;
    }
    let children: Vec<(Step, &Value)> = match node {
        Value::Object(members) => {
            members.iter().map(|(name, inner)| (Step::Name(name.clone()), inner)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(at, inner)| (Step::Index(at), inner)).collect(),
        _ => Vec::new(),
    };
    for (step, inner) in children {
        path.push(step);
        collect(inner, depth, path, found);
        path.pop();
    }
}

/// What may stand in the place of any node.
const QUICK: [&str; 5] = ["null", "7", "\"text\"", "[]", "{}"];
const THOROUGH: [&str; 27] = [
    "null",
    "true",
    "0",
    "1",
    "100",
    "101",
    "-1",
    "1.5",
    "3.0",
    "1e2",
    "\"\"",
    "\"text\"",
    "\"e6d9f908-1d26-4ff3-a6d1-3af3d3721054\"",
    "\"E6D9F908-1D26-4FF3-A6D1-3AF3D372105G\"",
    "\"e6d9f9081d264ff3a6d13af3d3721054\"",
    "\"2026-11-01T08:00:00+05:30\"",
    "\"2026-11-01T08:00:00\"",
    "\"2023-02-29T08:00:00z\"",
    "\"1998-12-31t23:59:60Z\"",
    "\"10:00:00Z\"",
    "\"10:00:00\"",
    "\"BLAKE-512=ab==\"",
    "\"BLAKE-512=a=b\"",
    "[]",
    "[\"text\"]",
    "[7]",
    "{}",
];

/// The damaged forms of one node; `thorough` tries every kind of text and number in the place of a scalar.
pub fn mutants(node: &Value, thorough: bool) -> Vec<Value> {
    let scalar = !node.is_object() && !node.is_array();
    let texts: &[&str] = if thorough && scalar { &THOROUGH } else { &QUICK };
    let mut all: Vec<Value> = texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    match node {
        Value::Object(members) => {
            for name in members.keys() {
                let mut without = members.clone();
                let inner = without.remove(name).unwrap();
                all.push(Value::Object(without.clone()));
                without.insert(format!("{name}X"), inner);
                all.push(Value::Object(without));
            }
            let mut with = members.clone();
            with.insert("stranger".to_owned(), json!({"a": 1}));
            all.push(Value::Object(with));
        }
        Value::Array(items) if !items.is_empty() => {
            all.push(Value::Array(items[1..].to_vec()));
            all.push(Value::Array(items.iter().chain(&items[..1]).cloned().collect()));
            all.push(Value::Array(items.iter().cloned().chain([Value::Null]).collect()));
        }
        Value::String(text) if thorough => {
            all.extend([json!(text.to_lowercase()), json!(text.to_uppercase()), json!(format!("{text} "))]);
        }
        _ => {}
    }
    all.retain(|mutant| mutant != node);
    all
}

/// The same document in both readers' forms, damaged and repaired in place.
pub struct Twin {
    pub theirs: Value,
    pub ours: Json,
}

impl Twin {
    pub fn new(theirs: Value) -> Self {
        let ours = ours(&theirs);
        Self { theirs, ours }
    }

    pub fn get(&self, path: &[Step]) -> &Value {
        path.iter().fold(&self.theirs, |node, step| match step {
            Step::Name(name) => &node[name.as_str()],
            Step::Index(at) => &node[*at],
        })
    }

    /// Puts a value at a path; returns what was there.
    pub fn put(&mut self, path: &[Step], value: Value) -> Value {
        let ours = ours(&value);
        let node = path.iter().fold(&mut self.ours, |node, step| match step {
            Step::Name(name) => node.as_object_mut().unwrap().get_mut(name).unwrap(),
            Step::Index(at) => &mut node.as_array_mut().unwrap()[*at],
        });
        *node = ours;
        let node = path.iter().fold(&mut self.theirs, |node, step| match step {
            Step::Name(name) => &mut node[name.as_str()],
            Step::Index(at) => &mut node[*at],
        });
        std::mem::replace(node, value)
    }
}
