//! The house rules, held by a test: the table of levels in docs/ARCHITECTURE.md against every `crate::…`, who may know a
//! database driver, actix or wire types, and the sizes of files and functions.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules of the server by level; a module imports from lower levels, or what [`SIDEWAYS`] names.
const LEVELS: &[(u32, &[&str])] = &[
    (1, &["error", "config", "telemetry", "secrets"]),
    (2, &["cache", "network", "notify", "events"]),
    (3, &["identity", "credentials", "webhooks"]),
    (4, &["metering", "trust", "contract"]),
    (5, &["market", "settlement", "bills"]),
    (6, &["buyer", "seller", "discom", "privacy"]),
    (7, &["api", "workers"]),
    (8, &["cli", "main", "lib"]),
];

/// None so far: what two modules of a level share belongs below them.
const SIDEWAYS: &[(&str, &str)] = &[];

const LINE_MAX: usize = 126;
const FILE_MAX: usize = 600;
const FUNCTION_MAX: usize = 80;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(under: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(under) else { return files };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if !path.ends_with("target") {
                files.extend(rust_files(&path));
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn product_files() -> Vec<(String, String)> {
    ["src", "crates", "cds-mock", "discom-mock", "benches", "tests"]
        .iter()
        .flat_map(|folder| rust_files(&root().join(folder)))
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

fn is_test(name: &str) -> bool {
    name.contains("/tests/")
        || name.starts_with("tests/")
        || name.contains("_tests.rs")
        || name.contains("benches/")
}

/// The text before a file's test module: what is shipped.
fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

fn level_of(module: &str) -> Option<u32> {
    LEVELS.iter().find(|(_, modules)| modules.contains(&module)).map(|(level, _)| *level)
}

fn report(faults: Vec<String>) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn modules_import_downwards() {
    let mut faults = Vec::new();
    for path in rust_files(&root().join("src")) {
        let name = path.strip_prefix(root().join("src")).unwrap().to_string_lossy().into_owned();
        let module = name.split(['/', '.']).next().unwrap().to_owned();
        let Some(level) = level_of(&module) else {
            faults.push(format!("src/{name}: module {module} has no level"));
            continue;
        };
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in shipped(&text).lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let allowed = used == module
                    || SIDEWAYS.contains(&(module.as_str(), used.as_str()))
                    || level_of(&used).is_none_or(|other| other < level);
                if !allowed {
                    faults.push(format!("src/{name}:{}: {module} may not import {used}", number + 1));
                }
                if level == 7 && line.contains("::store") {
                    faults.push(format!("src/{name}:{}: a store is private to its domain", number + 1));
                }
            }
        }
    }
    report(faults);
}

#[test]
fn drivers_actix_and_wire_types_stay_where_they_belong() {
    let rules: &[(&str, &[&str])] = &[
        ("rusqlite", &["crates/db/"]),
        ("sqlx", &["crates/db/"]),
        ("openidconnect", &["crates/oidc/"]),
        ("lettre", &["crates/courier/"]),
        ("actix_web", &["src/api", "cds-mock/src/http.rs", "discom-mock/src/http.rs"]),
        (
            "beckn_wire",
            &["src/network", "src/buyer", "src/seller", "src/discom", "crates/", "cds-mock/", "discom-mock/"],
        ),
    ];
    let mut faults = Vec::new();
    for (name, text) in product_files().iter().filter(|(name, _)| !is_test(name)) {
        for (word, places) in rules {
            let used = shipped(text).lines().any(|line| {
                !line.trim_start().starts_with("//")
                    && (line.contains(&format!("{word}::")) || line.contains(&format!("use {word}")))
            });
            if used && !places.iter().any(|place| name.starts_with(place)) {
                faults.push(format!("{name}: {word} may not be named here"));
            }
        }
        if shipped(text).contains("FOR UPDATE")
            && !shipped(text).contains("{FOR UPDATE")
            && !name.starts_with("crates/db/")
        {
            faults.push(format!("{name}: row locks come from the transaction object"));
        }
    }
    report(faults);
}

#[test]
fn leaf_crates_and_mocks_never_stand_on_the_server() {
    let mut faults = Vec::new();
    let mut manifests: Vec<PathBuf> =
        fs::read_dir(root().join("crates")).unwrap().map(|e| e.unwrap().path().join("Cargo.toml")).collect();
    manifests.extend([root().join("cds-mock/Cargo.toml"), root().join("discom-mock/Cargo.toml")]);
    for manifest in manifests {
        let text = fs::read_to_string(&manifest).unwrap();
        if text.contains("\nwattmandi") {
            faults.push(format!("{}: depends on the server", manifest.display()));
        }
        let leaf = manifest.starts_with(root().join("crates"));
        if leaf && text.contains("\nactix") {
            faults.push(format!("{}: actix in a leaf crate", manifest.display()));
        }
    }
    report(faults);
}

#[test]
fn no_floats_and_nothing_left_behind() {
    // Places on the earth are geometry; neither energy nor money.
    let geometry = ["cds-mock/src/catalog/place.rs", "cds-mock/src/catalog/index/state.rs"];
    let mut faults = Vec::new();
    for (name, text) in product_files() {
        for (number, line) in text.lines().enumerate() {
            let place = format!("{name}:{}", number + 1);
            let code = line.split("//").next().unwrap_or("");
            let float =
                |word: &str| code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == word);
            // serde offers floats to every visitor; ours refuse them.
            let refuses = code.contains("fn visit_f64");
            let exempt = is_test(&name) || name.contains("examples/") || geometry.contains(&name.as_str());
            if !exempt && !refuses && (float("f64") || float("f32")) {
                faults.push(format!("{place}: a float"));
            }
            if name != "tests/architecture.rs"
                && ["TODO", "FIXME", "XXX", "HACK"].iter().any(|w| line.contains(w))
            {
                faults.push(format!("{place}: left behind"));
            }
            if line.chars().count() > LINE_MAX && !line.contains("http") && !line.contains('"') {
                faults.push(format!("{place}: {} characters", line.chars().count()));
            }
        }
    }
    report(faults);
}

#[test]
fn modules_are_documented_and_of_a_size_to_read() {
    let mut faults = Vec::new();
    for (name, text) in product_files() {
        if !text.starts_with("//!") {
            faults.push(format!("{name}: no module documentation"));
        }
        let lines = shipped(&text).lines().count();
        if lines > FILE_MAX {
            faults.push(format!("{name}: {lines} lines"));
        }
        if is_test(&name) {
            continue;
        }
        for (start, length) in functions(shipped(&text)) {
            if length > FUNCTION_MAX {
                faults.push(format!("{name}:{start}: a function of {length} lines"));
            }
        }
    }
    report(faults);
}

/// First line and length of each function: from its `fn` to the closing brace of the same indentation.
fn functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let is_fn = [
            "fn ",
            "pub fn ",
            "async fn ",
            "pub async fn ",
            "pub(crate) fn ",
            "pub(super) fn ",
            "pub(super) async fn ",
        ]
        .iter()
        .any(|start| trimmed.starts_with(start));
        if is_fn && !trimmed.ends_with(';') {
            let close = format!("{}}}", &line[..line.len() - trimmed.len()]);
            if let Some(end) = lines[at..].iter().position(|l| *l == close) {
                found.push((at + 1, end + 1));
            }
        }
    }
    found
}

#[test]
fn migrations_have_twins() {
    let mut faults = Vec::new();
    for folder in ["migrations", "crates/node/migrations", "cds-mock/migrations", "discom-mock/migrations"] {
        let names = |dialect: &str| -> BTreeMap<String, String> {
            fs::read_dir(root().join(folder).join(dialect))
                .unwrap_or_else(|_| panic!("{folder}/{dialect} is missing"))
                .map(|e| e.unwrap().path())
                .map(|p| {
                    (p.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(p).unwrap())
                })
                .collect()
        };
        let (sqlite, postgres) = (names("sqlite"), names("postgres"));
        if sqlite.keys().ne(postgres.keys()) {
            faults.push(format!("{folder}: {:?} against {:?}", sqlite.keys(), postgres.keys()));
        }
        for (name, text) in &sqlite {
            for table in text.split("CREATE TABLE ").skip(1) {
                if !table.split(';').next().unwrap().trim_end().ends_with("STRICT") {
                    faults.push(format!("{folder}/sqlite/{name}: a table is not STRICT"));
                }
            }
            if ["REAL", "FLOAT", "DOUBLE", "NUMERIC"].iter().any(|float| text.contains(float)) {
                faults.push(format!("{folder}/sqlite/{name}: a float column"));
            }
        }
        for (name, text) in &postgres {
            if [" INTEGER", " REAL", " DOUBLE", " NUMERIC", " TIMESTAMP"].iter().any(|t| text.contains(t)) {
                faults.push(format!(
                    "{folder}/postgres/{name}: integers are BIGINT, and nothing else is a number"
                ));
            }
        }
    }
    report(faults);
}

/// The time of a comparison of texts tells how much of a guess is right. Secrets are looked up by their hash, checked by
/// a key, or compared by `subtle`.
#[test]
fn no_secret_is_compared_as_a_text() {
    let secret = [".expose()", "bearer", "password", "ticket", "token"];
    let mut faults = Vec::new();
    for (name, text) in product_files().iter().filter(|(name, _)| !is_test(name)) {
        for (number, line) in shipped(text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            for sign in [" == ", " != "] {
                let Some((before, after)) = code.split_once(sign) else { continue };
                let first = |text: &str| {
                    let word = |c: char| c.is_alphanumeric() || "_.()&*".contains(c);
                    text.chars().take_while(|c| word(*c)).collect::<String>()
                };
                let last: String = before.chars().rev().collect::<String>();
                let last: String = first(&last).chars().rev().collect();
                let named =
                    |side: &str| secret.iter().any(|word| side.trim_end_matches("()").ends_with(word));
                let exposed = |side: &str| side.contains(".expose()") && !side.ends_with(".len()");
                let after = first(after);
                if named(&last) || named(&after) || exposed(&last) || exposed(&after) {
                    faults.push(format!("{name}:{}: {}", number + 1, code.trim()));
                }
            }
        }
    }
    report(faults);
}
