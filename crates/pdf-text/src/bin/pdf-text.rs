//! The process of its own, as a program of its own: for tests, and for whoever has no other program to start.

use std::process::ExitCode;

fn main() -> ExitCode {
    pdf_text::child(&std::env::args().nth(1).unwrap_or_default())
}
