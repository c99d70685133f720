//! Where the official test vectors lie. They are read in place and never copied into the repository.

use std::path::{Path, PathBuf};

const VARIABLE: &str = "WATTMANDI_VECTORS";

/// The folder of the vectors: `WATTMANDI_VECTORS`, by default `../shared/vectors` from the workspace root.
/// `None` when there is none, so that the test says so and ends; with `CI=true` that is a failure.
///
/// # Panics
/// With `CI=true`, or with `WATTMANDI_VECTORS` set, when the folder is missing.
pub fn dir() -> Option<PathBuf> {
    let given = std::env::var_os(VARIABLE);
    // A relative path means the workspace root, wherever cargo runs the test.
    let folder = workspace_root().join(given.as_deref().unwrap_or("../shared/vectors".as_ref()));
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(given.is_none() && !crate::is_ci(), "no vectors at {}; set {VARIABLE}", folder.display());
    eprintln!("skipped: no vectors at {}; set {VARIABLE}", folder.display());
    None
}

/// The folder of the workspace, from that of the crate under test.
///
/// # Panics
/// Outside of a workspace.
pub fn workspace_root() -> PathBuf {
    let start = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let is_root = |folder: &&Path| {
        std::fs::read_to_string(folder.join("Cargo.toml"))
            .is_ok_and(|manifest| manifest.contains("[workspace]"))
    };
    Path::new(&start).ancestors().find(is_root).expect("the test runs inside the workspace").to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_root_holds_this_crate() {
        assert!(super::workspace_root().join("crates/test-support/src/vectors.rs").is_file());
    }
}
