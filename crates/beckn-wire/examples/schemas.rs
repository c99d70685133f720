//! Writes the JSON Schemas of all bodies into the repository's `schemas` folder: `cargo run -p beckn-wire
//! --example schemas`.

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
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
