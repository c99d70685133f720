//! Writes the JSON Schemas of all bodies into the repository's `schemas` folder, or into another one:
//! `cargo run -p beckn-wire --example schemas [-- FOLDER]`.

use std::path::{Path, PathBuf};
use std::{fs, io};

fn main() -> io::Result<()> {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let folder = std::env::args_os().nth(1).map_or_else(own, PathBuf::from);
    let files = beckn_wire::validate::generated();
    for file in &files {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, &file.content)?;
    }
    println!("{} schemas written", files.len());
    Ok(())
}
