//! A user hands in a credential: it is counted, read, judged, put on record, and what it proves is laid over the user's
//! meters.

use db::DbError;
use energy_credentials::{Binding, Claims, Presented, carried};
use pdf_text::{Apart, Limits, PdfError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use units::{Span, Timestamp};
use uuid::Uuid;

use super::profile::Declared;
use super::{Meter, profile, proof, standing};
use crate::credentials::{self, Judged, Judgment, NewCredential, StoredCheck, Unjudged, Verifier};
use crate::error::{Code, Coded};
use crate::events::idempotency::{self, Key};
use crate::network::{Participant, normalize_meter};

/// Files that one user may hand in within [`IN`], which begins with the first of them.
const PER_USER: i64 = 20;
const IN: Span = Span::from_hours(1);

/// Why a credential is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum PresentError {
    #[error(transparent)]
    Unjudged(#[from] Unjudged),
    #[error("the PDF carries no credential that can be read")]
    NotCarried,
    #[error(transparent)]
    Pdf(#[from] PdfError),
    #[error("too many credentials in an hour")]
    TooOften { wait: Span },
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    #[error("the database cannot be used now")]
    Database(#[from] DbError),
}

impl Coded for PresentError {
    fn code(&self) -> Code {
        match self {
            Self::Pdf(PdfError::Unavailable) | Self::Database(_) => Code::Internal,
            Self::Pdf(PdfError::Busy) | Self::Unjudged(Unjudged::Busy) => Code::Busy,
            Self::Pdf(PdfError::OneAtATime) | Self::TooOften { .. } => Code::RateLimited,
            Self::Unjudged(Unjudged::Unreadable(_)) | Self::NotCarried | Self::Pdf(_) => {
                Code::CredentialUnreadable
            }
            Self::IdempotencyMismatch => Code::IdempotencyMismatch,
        }
    }

    fn retry_after(&self) -> Option<i64> {
        match self {
            Self::Pdf(error) => error.retry_after(),
            Self::Unjudged(Unjudged::Busy) => PdfError::Busy.retry_after(),
            Self::TooOften { wait } => Some(wait.as_secs().saturating_add(1)),
            _ => None,
        }
    }
}

/// What was handed in.
#[derive(Clone, Debug)]
pub enum File {
    /// The credential itself.
    Plain(Vec<u8>),
    /// A PDF that carries one.
    Pdf(Vec<u8>),
}

/// What is remembered under the idempotency key.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Accepted {
    pub credential_id: Uuid,
}

/// Takes the credential out of the PDF that carries it, as a file or as text.
///
/// # Errors
/// A PDF that cannot be read within the limits, or that carries none.
pub async fn out_of_pdf(reader: &Apart, pdf: Vec<u8>) -> Result<Vec<u8>, PresentError> {
    let read = reader.extract(pdf, &Limits::default()).await?;
    let search = tokio::task::spawn_blocking(move || {
        let whole = read.pages.concat();
        let texts = read.pages.iter().map(String::as_str).chain([whole.as_str()]);
        carried(read.attachments.iter().map(|file| file.bytes.as_slice()), texts)
    });
    search.await.ok().flatten().ok_or(PresentError::NotCarried)
}

/// Counts a file, or says how long to wait; a transaction of its own, before anything is read.
async fn count(p: &Participant, user: Uuid, now: Timestamp) -> Result<(), PresentError> {
    let wait = p.db.write(move |tx| {
        Box::pin(async move {
            let (since, uploads) = credentials::store::lock_hour(tx, user, now).await?;
            let over = since.saturating_add(IN);
            if now < over && uploads >= PER_USER {
                return Ok::<_, DbError>(Some(over.since(now)));
            }
            let (since, uploads) = if now < over { (since, uploads) } else { (now, 0) };
            credentials::store::set_hour(tx, user, since, uploads.saturating_add(1)).await?;
            Ok(None)
        })
    });
    wait.await?.map_or(Ok(()), |wait| Err(PresentError::TooOften { wait }))
}

/// Reads and judges a credential, keeps the judgment, and applies what is proven; the last two in one transaction. The
/// file counts against the hour whatever comes of it, unless another PDF of the same user is being read: then nothing is
/// done.
///
/// # Errors
/// Nothing that can be read, too many, no place to read or judge it; a credential that is not believed is none.
pub async fn present(
    p: &Participant,
    verifier: &Verifier,
    reader: &Apart,
    user: Uuid,
    file: File,
    key: Option<Key>,
) -> Result<Accepted, PresentError> {
    let now = p.now();
    let turn = match &file {
        File::Pdf(_) => Some(reader.turn(user.as_u128())?),
        File::Plain(_) => None,
    };
    count(p, user, now).await?;
    let (bytes, form) = match file {
        File::Pdf(pdf) => (out_of_pdf(reader, pdf).await?, Some("pdf")),
        File::Plain(bytes) => (bytes, None),
    };
    drop(turn);
    let digest = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let claims = Claims::read(&Presented::parse(&bytes).map_err(Unjudged::from)?).ok();
    let read = p.db.read(move |tx| {
        Box::pin(
            async move { Ok::<_, DbError>((profile::get(tx, user).await?, super::of_user(tx, user).await?)) },
        )
    });
    let (declared, meters) = read.await?;
    let judgment = verifier.judge(bytes, binding(claims.as_ref(), declared, &meters), None, now).await?;
    let new = record(p.ids.uuid(), user, digest, form, &judgment);
    let ids = meters.iter().map(|_| (p.ids.uuid(), p.ids.uuid())).collect();
    keep(p, new, ids, key, now).await
}

/// What a credential has to fit: the user's own meter that it names, else what the user has said.
fn binding(claims: Option<&Claims>, declared: Declared, meters: &[Meter]) -> Binding {
    let named = |key: &str| {
        let ids =
            claims.into_iter().flat_map(|claims| &claims.meters).filter_map(|said| said.meter.as_deref());
        ids.map(normalize_meter).any(|id| id == key)
    };
    let own = meters.iter().find(|meter| named(&meter.meter_key));
    Binding {
        meter: None,
        customer: own.map(|meter| meter.customer_number.clone()).or(declared.customer_number),
        discom: own.map(|meter| meter.discom_code.clone()).or(declared.discom),
        role: None,
    }
}

/// Keeps a judgment and applies what it proves, with two spare `ids` for each of the user's meters.
async fn keep(
    p: &Participant,
    new: NewCredential,
    ids: Vec<(Uuid, Uuid)>,
    key: Option<Key>,
    now: Timestamp,
) -> Result<Accepted, PresentError> {
    let (accepted, user) = (Accepted { credential_id: new.id }, new.user_id);
    let answer = serde_json::to_vec(&accepted).map_err(|e| DbError::Other(e.to_string()))?;
    let written = p.db.write(move |tx| {
        let (new, ids, key, answer) = (new.clone(), ids.clone(), key.clone(), answer.clone());
        Box::pin(async move {
            // What uploads at the same time prove is applied one after the other.
            super::alone(tx, user).await?;
            credentials::insert(tx, &new, now.saturating_add(standing::ASKED_EVERY), now).await?;
            if let Some(stored) = credentials::find(tx, user, new.id).await? {
                proof::apply(tx, &stored, &ids, now).await?;
            }
            if let Some(key) = &key
                && !idempotency::remember(tx, key, 201, &answer, now).await?
            {
                return Err(PresentError::IdempotencyMismatch);
            }
            Ok(())
        })
    });
    written.await.map(|()| accepted)
}

fn record(
    id: Uuid,
    user_id: Uuid,
    digest: String,
    form: Option<&'static str>,
    Judgment { presented, report }: &Judgment,
) -> NewCredential {
    let (valid_from, valid_until) = report.validity.unzip();
    NewCredential {
        id,
        user_id,
        digest,
        form: form.unwrap_or(presented.form().as_str()),
        kind: presented.kind().map(|kind| kind.as_str()),
        issuer: presented
            .issuer()
            .map(|issuer| issuer.chars().filter(|c| !c.is_control()).take(255).collect()),
        discom: report.discom.clone(),
        verified: report.verified(),
        checks: report.checks.iter().map(StoredCheck::from).collect(),
        claims: report.claims.as_ref().map(Judged::from),
        valid_from,
        valid_until: valid_until.flatten(),
        status_url: presented.status_url(),
    }
}
