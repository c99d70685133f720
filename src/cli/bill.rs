//! `wattmandi bill FILE`: what the rules read of one bill, offline, each value with its line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use pdf_text::Apart;
use serde_json::json;

use super::AnyError;
use crate::bills::service;

/// What is read.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    /// A PDF.
    file: PathBuf,
    /// A DISCOM's code that counts as its name, besides the usual ones.
    #[arg(long)]
    discom: Vec<String>,
}

/// Prints what was read as JSON; fails when it is nothing.
///
/// # Errors
/// The file cannot be read, or is no PDF with a text.
pub(super) async fn run(options: Options) -> Result<ExitCode, AnyError> {
    let reader = Apart::new(std::env::current_exe()?, &["pdf-text"]);
    let (document, pages) = service::text(&reader, std::fs::read(&options.file)?).await?;
    let reading = bill_reader::read(&document, &options.discom);
    println!("{:#}", json!({"pages": pages, "fields": reading.fields(), "reading": reading}));
    Ok(if reading.fields() > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
