//! Both ends of the process that reads one PDF.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::Semaphore;

use crate::{Attachment, Limits, PdfError, PdfText, extract};

/// Processes at once; more wait.
const AT_ONCE: usize = 2;
/// So long a PDF waits for its place.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the child prints.
#[derive(Serialize, Deserialize)]
enum Printed {
    Read { pages: Vec<String>, attachments: Vec<(String, String)> },
    Refused(PdfError),
}

/// Reads PDFs in processes of their own. Cheap to clone; clones share their places.
#[derive(Clone, Debug)]
pub struct Apart {
    program: PathBuf,
    /// What makes the program call [`child`]; the limits come after it.
    arguments: Vec<String>,
    places: Arc<Semaphore>,
    patience: Duration,
    /// Who has a [`Turn`].
    owners: Arc<Mutex<HashSet<u128>>>,
}

/// The right to have PDFs read for one owner; it ends when this is dropped.
#[derive(Debug)]
pub struct Turn {
    owner: u128,
    owners: Arc<Mutex<HashSet<u128>>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.owner);
    }
}

impl Apart {
    /// With a program that calls [`child`] when it is started with these arguments.
    pub fn new(program: impl Into<PathBuf>, arguments: &[&str]) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            patience: PATIENCE,
            owners: Arc::default(),
        }
    }

    /// As it is, but with so many places, for which a PDF waits so long.
    #[must_use]
    pub fn with_places(self, places: usize, patience: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), patience, ..self }
    }

    /// The turn of an owner whose PDFs are read one after the other, so that nobody takes all places. Whoever serves one
    /// party only needs none.
    ///
    /// # Errors
    /// [`PdfError::OneAtATime`]: the owner has it already.
    pub fn turn(&self, owner: u128) -> Result<Turn, PdfError> {
        if !self.owners.lock().unwrap_or_else(PoisonError::into_inner).insert(owner) {
            return Err(PdfError::OneAtATime);
        }
        Ok(Turn { owner, owners: Arc::clone(&self.owners) })
    }

    /// Reads a PDF, after a bounded wait for its place; the process is gone when this returns, and killed when this is
    /// dropped.
    ///
    /// # Errors
    /// See [`PdfError`].
    pub async fn extract(&self, bytes: Vec<u8>, limits: &Limits) -> Result<PdfText, PdfError> {
        if bytes.len() > limits.bytes {
            return Err(PdfError::TooLarge);
        }
        let place = tokio::time::timeout(self.patience, self.places.acquire()).await;
        let _place = place.map_err(|_| PdfError::Busy)?.map_err(|_| PdfError::Unavailable)?;
        let printed = tokio::time::timeout(limits.time, self.run(bytes, limits));
        let printed = printed.await.unwrap_or(Err(PdfError::TooSlow))?;
        match serde_json::from_slice(&printed).map_err(|_| PdfError::Unreadable)? {
            Printed::Refused(error) => Err(error),
            Printed::Read { pages, attachments } => {
                let attachment = |(name, text): (String, String)| {
                    let bytes = STANDARD.decode(text).map_err(|_| PdfError::Unreadable)?;
                    Ok(Attachment { name, bytes })
                };
                let attachments = attachments.into_iter().map(attachment).collect::<Result<_, PdfError>>()?;
                Ok(PdfText { pages, attachments })
            }
        }
    }

    async fn run(&self, bytes: Vec<u8>, limits: &Limits) -> Result<Vec<u8>, PdfError> {
        let told = serde_json::to_string(limits).map_err(|_| PdfError::Unavailable)?;
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .arg(told)
            // Nothing of ours is any business of the parser's.
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|_| PdfError::Unavailable)?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(PdfError::Unavailable);
        };
        let feed = async move {
            // A child that has seen enough closes its end.
            let _ = input.write_all(&bytes).await;
            drop(input);
        };
        // Text may grow by its escapes, attachments by their base64.
        let most = limits.text.saturating_add(limits.attachments).saturating_mul(6);
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let mut printed = Vec::new();
        let mut output = output.take(most);
        let (read, ()) = tokio::join!(output.read_to_end(&mut printed), feed);
        read.map_err(|_| PdfError::Unreadable)?;
        let status = child.wait().await.map_err(|_| PdfError::Unavailable)?;
        if status.success() { Ok(printed) } else { Err(PdfError::Unreadable) }
    }
}

/// The child's whole life: limits from the argument, the PDF from stdin, JSON to stdout. Call it from `main` before
/// anything else.
pub fn child(limits: &str) -> ExitCode {
    // What the parser says when it panics is nobody's business.
    std::panic::set_hook(Box::new(|_| {}));
    let Some(printed) = answer(limits).and_then(|printed| serde_json::to_vec(&printed).ok()) else {
        return ExitCode::FAILURE;
    };
    match std::io::stdout().write_all(&printed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn answer(limits: &str) -> Option<Printed> {
    let limits: Limits = serde_json::from_str(limits).ok()?;
    confine(&limits)?;
    let mut bytes = Vec::new();
    let most = u64::try_from(limits.bytes).ok()?.saturating_add(1);
    std::io::stdin().take(most).read_to_end(&mut bytes).ok()?;
    Some(match extract(&bytes, &limits) {
        Ok(PdfText { pages, attachments }) => Printed::Read {
            pages,
            attachments: attachments
                .into_iter()
                .map(|attachment| (attachment.name, STANDARD.encode(attachment.bytes)))
                .collect(),
        },
        Err(error) => Printed::Refused(error),
    })
}

/// None when the kernel does not grant the limits: then nothing is read.
fn confine(limits: &Limits) -> Option<()> {
    let limit =
        |resource, most: u64| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) }).ok();
    limit(Resource::As, limits.memory)?;
    limit(Resource::Cpu, limits.time.as_secs().max(1))?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Nofile, 16)
}
