//! The text of a PDF by pages, and the files attached to it.
//!
//! A PDF of a stranger's is a program for a parser that was not written against enemies: it may loop, panic, overflow
//! the stack, or unfold to gigabytes. [`Apart`] therefore starts a process for it, with limits of memory, time and
//! output that the kernel and we enforce, and gives what it printed; nothing that happens there hurts the caller.
//! [`extract`] is what runs in that process. Text that stands in pictures only is not read.
//!
//! ```text
//! caller → Apart::extract → (stdin: the PDF) child → extract → (stdout: JSON) → PdfText
//! ```

mod apart;
mod read;

use std::time::Duration;

pub use apart::{Apart, Turn, child};
pub use read::extract;
use serde::{Deserialize, Serialize};

/// How much of a PDF is read, and what that may cost.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Of the PDF.
    pub bytes: usize,
    pub pages: usize,
    pub objects: usize,
    /// Of the text of all pages together, bytes; what is longer is refused.
    pub text: usize,
    /// Of all attachments together, bytes, unpacked.
    pub attachments: usize,
    /// Memory of the process, bytes.
    pub memory: u64,
    /// From the start of the process to its end; beyond it the process is killed.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 1024 * 1024,
            pages: 40,
            objects: 20_000,
            text: 1024 * 1024,
            attachments: 1024 * 1024,
            memory: 512 * 1024 * 1024,
            time: Duration::from_secs(10),
        }
    }
}

/// What a PDF says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PdfText {
    /// One text for each page; empty where there is none, or none that can be read.
    pub pages: Vec<String>,
    pub attachments: Vec<Attachment>,
}

/// A file in the PDF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Why a PDF is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum PdfError {
    #[error("it is no PDF that can be read")]
    Unreadable,
    #[error("the PDF is locked with a password")]
    Locked,
    #[error("the PDF is too large, or too much is packed into it")]
    TooLarge,
    #[error("reading the PDF takes too long")]
    TooSlow,
    #[error("PDFs cannot be read now")]
    Unavailable,
    #[error("too many PDFs are being read at this moment")]
    Busy,
    #[error("another PDF of the same owner is being read at this moment")]
    OneAtATime,
}

impl PdfError {
    /// After how many seconds the same PDF may be read, when the moment is at fault and not the PDF.
    pub const fn retry_after(self) -> Option<i64> {
        match self {
            Self::Busy => Some(15),
            Self::OneAtATime => Some(5),
            _ => None,
        }
    }
}
