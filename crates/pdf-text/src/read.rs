//! The parser's side: runs in the process of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{Dictionary, Document, Object, PlainTextOutput, output_doc_page};

use crate::{Attachment, Limits, PdfError, PdfText};

/// Longest name of an attachment, characters.
const NAME_MAX: usize = 200;
/// Within so many bytes a PDF says that it is one.
const HEAD: usize = 1024;

/// Reads a PDF here and now. It may panic, or use whatever the process has: for strangers' files use [`crate::Apart`].
///
/// # Errors
/// See [`PdfError`].
pub fn extract(bytes: &[u8], limits: &Limits) -> Result<PdfText, PdfError> {
    if bytes.len() > limits.bytes {
        return Err(PdfError::TooLarge);
    }
    let head = bytes.get(..HEAD.min(bytes.len())).unwrap_or_default();
    if !head.windows(5).any(|window| window == b"%PDF-") {
        return Err(PdfError::Unreadable);
    }
    let mut document = Document::load_mem(bytes).map_err(|_| PdfError::Unreadable)?;
    if document.is_encrypted() {
        // Many bills are locked against changes only, and open with no password.
        document.decrypt("").map_err(|_| PdfError::Locked)?;
    }
    if document.objects.len() > limits.objects {
        return Err(PdfError::TooLarge);
    }
    let count = document.get_pages().len();
    if count > limits.pages {
        return Err(PdfError::TooLarge);
    }
    let attachments = attachments(&document, limits)?;
    let mut pages = Vec::new();
    let mut size = 0_usize;
    for number in 1..=u32::try_from(count).map_err(|_| PdfError::TooLarge)? {
        // A page that the parser stumbles over is a page without text.
        let text = catch_unwind(AssertUnwindSafe(|| page(&document, number))).unwrap_or_default();
        size = size.saturating_add(text.len());
        if size > limits.text {
            return Err(PdfError::TooLarge);
        }
        pages.push(text);
    }
    Ok(PdfText { pages, attachments })
}

fn page(document: &Document, number: u32) -> String {
    let mut text = String::new();
    let mut output = PlainTextOutput::new(&mut text);
    if output_doc_page(document, &mut output, number).is_err() {
        return String::new();
    }
    text
}

/// Every file specification with a file in it, wherever it hangs.
fn attachments(document: &Document, limits: &Limits) -> Result<Vec<Attachment>, PdfError> {
    let mut found = Vec::new();
    let mut size = 0_usize;
    for object in document.objects.values() {
        let Ok(specification) = object.as_dict() else { continue };
        let Some(file) = embedded(document, specification) else { continue };
        let Ok(stream) = file.as_stream() else { continue };
        // A stream without a filter is not packed.
        let bytes = stream.decompressed_content().unwrap_or_else(|_| stream.content.clone());
        size = size.saturating_add(bytes.len());
        if size > limits.attachments {
            return Err(PdfError::TooLarge);
        }
        let name = ["UF", "F"].iter().find_map(|key| specification.get(key.as_bytes()).ok()?.as_str().ok());
        let name = String::from_utf8_lossy(name.unwrap_or_default()).chars().take(NAME_MAX).collect();
        found.push(Attachment { name, bytes });
    }
    Ok(found)
}

fn embedded<'a>(document: &'a Document, specification: &'a Dictionary) -> Option<&'a Object> {
    let resolve = |object: &'a Object| document.dereference(object).ok().map(|(_, object)| object);
    let files = resolve(specification.get(b"EF").ok()?)?.as_dict().ok()?;
    resolve(["UF", "F"].iter().find_map(|key| files.get(key.as_bytes()).ok())?)
}
