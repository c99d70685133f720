//! From the wave-2 dialect to RFC 9535 text (ruling 9).
//!
//! Three differences are bridged. `list[*] ? (p)` keeps items, where RFC 9535 filters children: it becomes
//! `list[?p]`. A comparison with several values holds when one of them satisfies it, where RFC 9535 compares
//! single values only: `@.list[*].x == 1` becomes the existence test `@.list[?@.x == 1]`. And names are
//! always written in brackets and quotes, because `schema:endTime` and `@type` are no shorthand names.

use super::dialect::{Comparison, Operand, Path, Predicate, Step};

/// Members that hold lists wherever they occur: a filter behind one of these judges the list's items.
const LISTS: &[&str] = &[
    "availableTo",
    "beckn:items",
    "beckn:offers",
    "catalogs",
    "considerations",
    "intervals",
    "items",
    "offers",
    "participants",
    "payloadDescriptors",
    "payloads",
    "publishDirectives",
    "resourceIds",
    "resources",
    "revenueFlows",
    "roles",
    "values",
];

/// Whether a member of this name holds a list.
pub(super) fn is_list(name: &str) -> bool {
    LISTS.contains(&name)
}

/// A segment of the RFC 9535 text.
enum Segment {
    Name(String),
    Index(i64),
    Wild,
    Filter(String),
}

/// The same selection in RFC 9535.
///
/// # Errors
/// A form that has no counterpart there, in words for the sender.
pub(super) fn to_rfc9535(path: &Path) -> Result<String, &'static str> {
    if !path.absolute {
        return Err("the expression starts with $");
    }
    Ok(format!("${}", write(&lower(&path.steps)?)))
}

fn lower(steps: &[Step]) -> Result<Vec<Segment>, &'static str> {
    let mut out: Vec<Segment> = Vec::with_capacity(steps.len());
    for step in steps {
        match step {
            Step::Name(name) => out.push(Segment::Name(name.clone())),
            Step::Index(index) => out.push(Segment::Index(*index)),
            Step::Wild => out.push(Segment::Wild),
            Step::Children(predicate) => out.push(Segment::Filter(condition(predicate)?)),
            Step::Keep(predicate) => keep(&mut out, predicate)?,
        }
    }
    Ok(out)
}

/// Applies `? (predicate)` to what the segments so far select.
fn keep(out: &mut Vec<Segment>, predicate: &Predicate) -> Result<(), &'static str> {
    if let Some(Segment::Name(name)) = out.last()
        && is_list(name)
    {
        out.push(Segment::Filter(condition(predicate)?));
        return Ok(());
    }
    let Some(at) = out.iter().rposition(|s| matches!(s, Segment::Wild | Segment::Filter(_))) else {
        return Err("a filter stands behind a list, such as offers[*]");
    };
    // `catalogs[*].provider ? (p)` is `catalogs[?p'].provider`, where p' looks at @.provider.
    let behind: Vec<Step> = out
        .iter()
        .skip(at.saturating_add(1))
        .map(|segment| match segment {
            Segment::Name(name) => Step::Name(name.clone()),
            Segment::Index(index) => Step::Index(*index),
            Segment::Wild | Segment::Filter(_) => Step::Wild,
        })
        .collect();
    let text = condition(&seen_from_above(predicate, &behind))?;
    if let Some(segment) = out.get_mut(at) {
        *segment = match segment {
            Segment::Filter(first) => Segment::Filter(format!("({first}) && ({text})")),
            _ => Segment::Filter(text),
        };
    }
    Ok(())
}

/// The predicate with `@` moved up by `behind`.
fn seen_from_above(predicate: &Predicate, behind: &[Step]) -> Predicate {
    let all = |list: &[Predicate]| list.iter().map(|p| seen_from_above(p, behind)).collect();
    let path = |path: &Path| {
        if path.absolute {
            return path.clone();
        }
        Path { absolute: false, steps: behind.iter().chain(&path.steps).cloned().collect() }
    };
    let operand = |operand: &Operand| match operand {
        Operand::Path(p) => Operand::Path(path(p)),
        other => other.clone(),
    };
    match predicate {
        Predicate::Or(list) => Predicate::Or(all(list)),
        Predicate::And(list) => Predicate::And(all(list)),
        Predicate::Not(inside) => Predicate::Not(Box::new(seen_from_above(inside, behind))),
        Predicate::Exists(p) => Predicate::Exists(path(p)),
        Predicate::Compare(left, operator, right) => {
            Predicate::Compare(operand(left), *operator, operand(right))
        }
        Predicate::Matches(p, pattern) => Predicate::Matches(path(p), pattern.clone()),
        Predicate::StartsWith(p, prefix) => Predicate::StartsWith(path(p), prefix.clone()),
    }
}

/// The logical expression behind `?`.
fn condition(predicate: &Predicate) -> Result<String, &'static str> {
    let join = |list: &[Predicate], with: &str| -> Result<String, &'static str> {
        let parts = list.iter().map(|part| condition(part).map(|text| format!("({text})")));
        Ok(parts.collect::<Result<Vec<String>, _>>()?.join(with))
    };
    match predicate {
        Predicate::Or(list) => join(list, " || "),
        Predicate::And(list) => join(list, " && "),
        Predicate::Not(inside) => Ok(format!("!({})", condition(inside)?)),
        Predicate::Exists(path) => Ok(format!("{}{}", root(path), write(&lower(&path.steps)?))),
        Predicate::Compare(left, operator, right) => compare(left, *operator, right),
        Predicate::Matches(path, pattern) => {
            test_one(path, |value| format!("search({value}, {})", quote(pattern)))
        }
        Predicate::StartsWith(path, prefix) => {
            let pattern = quote(&format!("{}.*", literal_pattern(prefix)));
            test_one(path, |value| format!("match({value}, {pattern})"))
        }
    }
}

fn compare(left: &Operand, operator: Comparison, right: &Operand) -> Result<String, &'static str> {
    match (left, right) {
        (Operand::Path(a), Operand::Path(b)) => {
            let (first, second) = (lower(&a.steps)?, lower(&b.steps)?);
            if [&first, &second].into_iter().any(|side| side.iter().any(is_many)) {
                return Err("a list can be compared with a value only");
            }
            let symbol = operator.symbol();
            Ok(format!("{}{} {symbol} {}{}", root(a), write(&first), root(b), write(&second)))
        }
        (Operand::Path(path), Operand::Literal(value)) => {
            test_one(path, |item| format!("{item} {} {value}", operator.symbol()))
        }
        (Operand::Literal(value), Operand::Path(path)) => {
            test_one(path, |item| format!("{item} {} {value}", operator.mirrored().symbol()))
        }
        (Operand::Literal(_), Operand::Literal(_)) => Err("one side of a comparison is a path"),
    }
}

/// A test of the value of `path`; with several values, that one of them passes.
fn test_one(path: &Path, test: impl FnOnce(&str) -> String) -> Result<String, &'static str> {
    let mut segments = lower(&path.steps)?;
    let Some(at) = segments.iter().rposition(is_many) else {
        return Ok(test(&format!("{}{}", root(path), write(&segments))));
    };
    let behind = segments.split_off(at.saturating_add(1));
    let passed = test(&format!("@{}", write(&behind)));
    let filter = match segments.pop() {
        Some(Segment::Filter(first)) => format!("({first}) && ({passed})"),
        _ => passed,
    };
    segments.push(Segment::Filter(filter));
    Ok(format!("{}{}", root(path), write(&segments)))
}

fn is_many(segment: &Segment) -> bool {
    matches!(segment, Segment::Wild | Segment::Filter(_))
}

fn root(path: &Path) -> char {
    if path.absolute { '$' } else { '@' }
}

fn write(segments: &[Segment]) -> String {
    let mut text = String::new();
    for segment in segments {
        match segment {
            Segment::Name(name) => text.extend(["[", &quote(name), "]"]),
            Segment::Index(index) => text.extend(["[", &index.to_string(), "]"]),
            Segment::Wild => text.push_str("[*]"),
            Segment::Filter(filter) => text.extend(["[?", filter, "]"]),
        }
    }
    text
}

/// A string literal in single quotes.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            c if u32::from(c) < 0x20 => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// A pattern that matches exactly this text.
fn literal_pattern(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars() {
        if "\\.+*?()|[]{}^$".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}
