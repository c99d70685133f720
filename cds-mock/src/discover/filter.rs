//! Filter expressions: bounded, translated, and evaluated over catalogs.
//!
//! An expression is RFC 9535 or the wave-2 dialect ([`super::dialect`]). `serde_json_path` evaluates it. What
//! a stranger's expression may cost is bounded before it is parsed: length, nesting, descendants, references
//! to the whole document, and patterns. Times are compared as times: a string that is an RFC 3339 instant is
//! brought to one form, in the expression and in the document alike.
//!
//! Numbers are compared by `serde_json_path` as JSON numbers of `serde_json`; this decides only what is
//! shown, never what is traded.

use beckn_wire::json::Json;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::plan::{Plan, plan};
use super::{dialect, translate};
use crate::catalog::canonical;

/// Longest expression, in bytes.
pub const LENGTH_MAX: usize = 2048;
/// Deepest nesting of brackets and parentheses.
pub const NESTING_MAX: usize = 12;
/// Longest pattern of `match`, `search` and `like_regex`, in bytes.
const PATTERN_MAX: usize = 64;

/// A compiled filter.
#[derive(Debug)]
pub struct Filter {
    path: JsonPath,
    /// `$[?…]` speaks of a flat list of items (resources and offers), as the retail examples do.
    flat: bool,
    /// What of it the index can answer.
    plan: Plan,
}

/// Why an expression is refused; for the sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FilterError(String);

impl Filter {
    /// Reads an expression.
    ///
    /// # Errors
    /// It is neither RFC 9535 nor the wave-2 dialect, or it would cost too much.
    pub fn compile(expression: &str) -> Result<Self, FilterError> {
        let expression = expression.trim();
        check_cost(expression)?;
        let expression = &canonical_times(expression);
        // The dialect reads most of RFC 9535, too, and means the same by it.
        let plan = dialect::parse(expression).map(|tree| plan(&tree)).unwrap_or_default();
        let (text, path) = match JsonPath::parse(expression) {
            Ok(path) => (expression.clone(), path),
            Err(_) => translated(expression)?,
        };
        Ok(Self { path, flat: text.starts_with("$[?"), plan })
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Which offers of one catalog are selected, by their place in `catalog.offers`.
    ///
    /// Selecting a catalog, or a part of it that is neither an offer nor a resource, selects all its offers;
    /// selecting a resource, or a part of one, selects the offers that name it.
    pub fn select(&self, catalog: &Value) -> Vec<usize> {
        let offers = list(catalog, "offers");
        let resources = list(catalog, "resources");
        let mut chosen = vec![false; offers.len()];
        if self.flat {
            let items = Value::Array(resources.iter().chain(offers).cloned().collect());
            for location in self.path.query_located(&items).locations() {
                let Some(index) = location.first().and_then(|e| e.as_index()) else { continue };
                match index.checked_sub(resources.len()) {
                    Some(offer) => choose(&mut chosen, offer),
                    None => choose_by_resource(&mut chosen, offers, resources.get(index)),
                }
            }
        } else {
            let document = serde_json::json!({ "catalogs": [catalog] });
            for location in self.path.query_located(&document).locations() {
                let name = location.get(2).and_then(|e| e.as_name());
                let index = location.get(3).and_then(|e| e.as_index());
                match (name, index) {
                    (Some("offers"), Some(offer)) => choose(&mut chosen, offer),
                    (Some("resources"), Some(resource)) => {
                        choose_by_resource(&mut chosen, offers, resources.get(resource));
                    }
                    _ => chosen.fill(true),
                }
            }
        }
        chosen.iter().enumerate().filter_map(|(i, yes)| yes.then_some(i)).collect()
    }
}

/// A path of RFC 9535, bounded like a filter.
pub(super) fn compile_path(expression: &str) -> Result<JsonPath, FilterError> {
    check_cost(expression)?;
    JsonPath::parse(expression).map_err(|_| FilterError("the path is not understood".to_owned()))
}

fn translated(expression: &str) -> Result<(String, JsonPath), FilterError> {
    let tree = dialect::parse(expression).map_err(|(at, what)| {
        FilterError(format!("the expression is not understood at character {at}: {what}"))
    })?;
    let text = translate::to_rfc9535(&tree).map_err(|what| FilterError(what.to_owned()))?;
    let path =
        JsonPath::parse(&text).map_err(|_| FilterError("the expression is not understood".to_owned()))?;
    Ok((text, path))
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn choose(chosen: &mut [bool], index: usize) {
    if let Some(flag) = chosen.get_mut(index) {
        *flag = true;
    }
}

fn choose_by_resource(chosen: &mut [bool], offers: &[Value], resource: Option<&Value>) {
    let Some(id) = resource.and_then(|r| r.get("id")) else { return };
    for (flag, offer) in chosen.iter_mut().zip(offers) {
        *flag |= list(offer, "resourceIds").contains(id);
    }
}

/// A document for evaluation: numbers as `serde_json` has them, instants in one form.
pub fn evaluable(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        // A number beyond every machine number matches nothing.
        Json::Number(n) => serde_json::from_str(n).unwrap_or(Value::Null),
        Json::String(s) => Value::String(canonical(s).into_owned()),
        Json::Array(items) => Value::Array(items.iter().map(evaluable).collect()),
        Json::Object(o) => Value::Object(o.iter().map(|(k, v)| (k.to_owned(), evaluable(v))).collect()),
    }
}

/// The expression with the instants among its string literals in one form.
fn canonical_times(expression: &str) -> String {
    pieces(expression)
        .into_iter()
        .map(|(inside, piece)| if inside { canonical(piece).into_owned() } else { piece.to_owned() })
        .collect()
}

/// The expression cut at its quotes: `(true, …)` is the inside of a string, the quotes belong to the outside.
fn pieces(expression: &str) -> Vec<(bool, &str)> {
    let mut pieces = Vec::new();
    let (mut start, mut open, mut escaped) = (0, None, false);
    for (at, c) in expression.char_indices() {
        let Some(quote) = open else {
            if matches!(c, '"' | '\'') {
                let next = at.saturating_add(1);
                pieces.push((false, expression.get(start..next).unwrap_or_default()));
                (start, open) = (next, Some(c));
            }
            continue;
        };
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            pieces.push((true, expression.get(start..at).unwrap_or_default()));
            (start, open) = (at, None);
        }
    }
    pieces.push((open.is_some(), expression.get(start..).unwrap_or_default()));
    pieces
}

/// Each wildcard visits everything at its level once more.
const WILDCARDS_MAX: usize = 8;

/// Refuses what would take too long to parse or to evaluate.
fn check_cost(expression: &str) -> Result<(), FilterError> {
    let refuse = |what: &str| Err(FilterError(what.to_owned()));
    if expression.len() > LENGTH_MAX {
        return refuse("the expression is too long");
    }
    let pieces = pieces(expression);
    let outside: Vec<&str> =
        pieces.iter().filter_map(|(inside, piece)| (!inside).then_some(*piece)).collect();
    let (mut open, mut wildcards, mut roots, mut descendants) = (Vec::new(), 0_usize, 0_usize, 0_usize);
    for piece in &outside {
        descendants = descendants.saturating_add(piece.matches("..").count());
        for c in piece.chars() {
            match c {
                '(' | '[' => open.push(c),
                ')' | ']' => drop(open.pop()),
                '$' => roots = roots.saturating_add(1),
                '*' => wildcards = wildcards.saturating_add(1),
                // A list of selectors repeats nodes, and a list of lists multiplies them.
                ',' if open.last() == Some(&'[') => {
                    return refuse("an expression may not list several selectors");
                }
                _ => {}
            }
            if open.len() > NESTING_MAX {
                return refuse("the expression is nested too deeply");
            }
        }
    }
    if wildcards > WILDCARDS_MAX {
        return refuse("an expression has too many wildcards");
    }
    if roots > 1 || descendants > 1 {
        return refuse("an expression may use $ and .. once each");
    }
    // A pattern is compiled for each value that it is held against: it must be small, and written out.
    if outside.iter().any(|p| p.contains("match(") || p.contains("search(") || p.contains("like_regex")) {
        let computed = outside.iter().any(|piece| {
            piece.split(',').skip(1).any(|behind| !behind.trim_start().starts_with(['"', '\'']))
        });
        if computed {
            return refuse("a pattern is written as a string");
        }
        if pieces.iter().any(|(inside, piece)| *inside && !cheap_pattern(piece)) {
            return refuse("a pattern may have 64 characters, without counts and classes");
        }
    }
    Ok(())
}

fn cheap_pattern(pattern: &str) -> bool {
    let mut before = ' ';
    let class_or_count = pattern.chars().any(|c| {
        let found = c == '{' || (before == '\\' && c.is_alphanumeric());
        before = c;
        found
    });
    pattern.len() <= PATTERN_MAX && !class_or_count
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
