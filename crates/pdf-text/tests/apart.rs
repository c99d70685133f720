//! PDFs of our own making, through a real process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use pdf_text::{Apart, Attachment, Limits, PdfError};

fn apart() -> Apart {
    Apart::new(env!("CARGO_BIN_EXE_pdf-text"), &[])
}

/// A PDF of these objects, the first of them its catalog.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend(format!("{} 0 obj\n", index + 1).bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let start = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        file.extend(format!("{place:010} 00000 n \n").bytes());
    }
    file.extend(
        format!("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1).bytes(),
    );
    file
}

fn stream(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let mut object = format!("<< {dictionary} /Length {} >>\nstream\n", content.len()).into_bytes();
    object.extend(content);
    object.extend(b"\nendstream");
    object
}

fn bill(text: &str, attached: &[u8]) -> Vec<u8> {
    let content = format!("BT /F1 12 Tf 72 700 Td ({text}) Tj ET");
    pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(a) 6 0 R] >> >> >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R \
          /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_vec(),
        stream("", content.as_bytes()),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec(),
        b"<< /Type /Filespec /F (credential.json) /EF << /F 7 0 R >> >>".to_vec(),
        stream("/Type /EmbeddedFile", attached),
    ])
}

#[tokio::test]
async fn text_and_attachments_come_out() {
    let read = apart().extract(bill("Consumer No. 4711", b"{\"a\":1}"), &Limits::default()).await.unwrap();
    assert_eq!(read.pages.len(), 1);
    assert!(read.pages[0].contains("Consumer No. 4711"), "{:?}", read.pages);
    assert_eq!(
        read.attachments,
        [Attachment { name: "credential.json".into(), bytes: b"{\"a\":1}".to_vec() }]
    );
}

#[tokio::test]
async fn what_is_no_pdf_or_too_much_is_refused() {
    let apart = apart();
    let small = Limits { attachments: 3, ..Limits::default() };
    for (bytes, limits, error) in [
        (b"hello".to_vec(), Limits::default(), PdfError::Unreadable),
        (b"%PDF-1.7 and then nothing".to_vec(), Limits::default(), PdfError::Unreadable),
        (bill("x", b"12345"), small, PdfError::TooLarge),
        (bill("x", b""), Limits { pages: 0, ..Limits::default() }, PdfError::TooLarge),
        (bill("x", b""), Limits { objects: 2, ..Limits::default() }, PdfError::TooLarge),
        (bill("x", b""), Limits { bytes: 10, ..Limits::default() }, PdfError::TooLarge),
        (bill("many words", b""), Limits { text: 3, ..Limits::default() }, PdfError::TooLarge),
    ] {
        assert_eq!(apart.extract(bytes, &limits).await, Err(error));
    }
}

#[tokio::test]
async fn a_child_that_runs_out_of_memory_or_time_hurts_nobody() {
    let apart = apart();
    // Too little to begin with: the process dies, and the caller is told.
    let starved = Limits { memory: 1024 * 1024, ..Limits::default() };
    assert_eq!(apart.extract(bill("x", b""), &starved).await, Err(PdfError::Unreadable));
    let hurried = Limits { time: Duration::ZERO, ..Limits::default() };
    assert_eq!(apart.extract(bill("x", b""), &hurried).await, Err(PdfError::TooSlow));
    // A program that is none.
    let nobody = Apart::new("/nonexistent/program", &[]);
    assert_eq!(nobody.extract(bill("x", b""), &Limits::default()).await, Err(PdfError::Unavailable));
    assert!(apart.extract(bill("x", b""), &Limits::default()).await.is_ok());
}

#[tokio::test]
async fn the_wait_for_a_place_ends_and_an_owner_has_one_turn() {
    let full = apart().with_places(0, Duration::ZERO);
    assert_eq!(full.extract(bill("x", b""), &Limits::default()).await, Err(PdfError::Busy));
    // A free place is taken without waiting.
    let free = apart().with_places(1, Duration::ZERO);
    assert!(free.extract(bill("x", b""), &Limits::default()).await.is_ok());
    assert!(free.extract(bill("x", b""), &Limits::default()).await.is_ok(), "it is given back");
    let (one, two) = (free.turn(1).unwrap(), free.turn(2).unwrap());
    // Clones serve the same owners.
    assert_eq!(free.clone().turn(1).unwrap_err(), PdfError::OneAtATime);
    drop(one);
    assert!(free.turn(1).is_ok());
    assert_eq!(free.turn(2).unwrap_err(), PdfError::OneAtATime);
    drop(two);
    assert!(PdfError::Busy.retry_after().is_some() && PdfError::OneAtATime.retry_after().is_some());
    assert_eq!(PdfError::TooSlow.retry_after(), None);
}
