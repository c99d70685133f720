//! A user hands in a credential: it is judged, put on record, and what it proves is laid over the user's meters.

use db::DbError;
use energy_credentials::{Binding, Claims, Presented, carried};
use pdf_text::{Apart, Limits, PdfError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use units::Span;
use uuid::Uuid;

use super::{profile, proof, standing};
use crate::credentials::{self, Judged, Judgment, NewCredential, StoredCheck, Unreadable, Verifier};
use crate::error::{Code, Coded};
use crate::events::idempotency::{self, Key};
use crate::network::{Participant, normalize_meter};

/// Credentials that one user may hand in within [`IN`].
const PER_USER: i64 = 20;
const IN: Span = Span::from_hours(1);

/// Why a credential is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum PresentError {
    #[error("{}", .0.reason())]
    Unreadable(#[from] Unreadable),
    #[error("the PDF carries no credential that can be read")]
    NotCarried,
    #[error(transparent)]
    Pdf(#[from] PdfError),
    #[error("too many credentials in an hour")]
    TooOften,
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    #[error("the database cannot be used now")]
    Database(#[from] DbError),
}

impl Coded for PresentError {
    fn code(&self) -> Code {
        match self {
            Self::Pdf(PdfError::Unavailable) => Code::Internal,
            Self::Unreadable(_) | Self::NotCarried | Self::Pdf(_) => Code::CredentialUnreadable,
            Self::TooOften => Code::RateLimited,
            Self::IdempotencyMismatch => Code::IdempotencyMismatch,
            Self::Database(_) => Code::Internal,
        }
    }
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

/// Judges a credential, keeps the judgment, and applies what is proven; the last two in one transaction.
///
/// # Errors
/// Nothing that can be read, too many; a credential that is not believed is none.
pub async fn present(
    p: &Participant,
    verifier: &Verifier,
    user: Uuid,
    bytes: Vec<u8>,
    form: Option<&'static str>,
    key: Option<Key>,
) -> Result<Accepted, PresentError> {
    let now = p.now();
    let since = now.saturating_sub(IN);
    let digest = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let claims = Claims::read(&Presented::parse(&bytes)?).ok();
    let read = p.db.read(move |tx| {
        Box::pin(async move {
            let count = credentials::store::count_since(tx, user, since).await?;
            Ok::<_, DbError>((count, profile::get(tx, user).await?, super::of_user(tx, user).await?))
        })
    });
    let (count, declared, meters) = read.await?;
    // Whoever has had his number already makes us fetch and verify nothing.
    if count >= PER_USER {
        return Err(PresentError::TooOften);
    }
    let named = |key: &str| {
        let ids = claims.iter().flat_map(|claims| &claims.meters).filter_map(|said| said.meter.as_deref());
        ids.map(normalize_meter).any(|id| id == key)
    };
    let own = meters.iter().find(|meter| named(&meter.meter_key));
    let binding = Binding {
        meter: None,
        customer: own.map(|meter| meter.customer_number.clone()).or(declared.customer_number),
        discom: own.map(|meter| meter.discom_code.clone()).or(declared.discom),
        role: None,
    };
    let judgment = verifier.judge(bytes, binding, None, now).await?;
    let new = record(p.ids.uuid(), user, digest, form, &judgment);
    let accepted = Accepted { credential_id: new.id };
    let answer = serde_json::to_vec(&accepted).map_err(|e| DbError::Other(e.to_string()))?;
    let ids: Vec<(Uuid, Uuid)> = meters.iter().map(|_| (p.ids.uuid(), p.ids.uuid())).collect();
    let written = p.db.write(move |tx| {
        let (new, ids, key, answer) = (new.clone(), ids.clone(), key.clone(), answer.clone());
        Box::pin(async move {
            // Uploads at the same time are counted one after the other.
            super::alone(tx, user).await?;
            if credentials::store::count_since(tx, user, since).await? >= PER_USER {
                return Err(PresentError::TooOften);
            }
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
