//! A bill is handed in, shown, and taken back.

use std::sync::Arc;

use bill_reader::{Document, Own, Reading, judge, same_number};
use db::{DbError, Tx};
use futures_util::FutureExt;
use pdf_text::{Apart, Limits, PdfError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use units::{IstDate, Span, Timestamp};
use uuid::Uuid;

use super::asking::Model;
use super::model::{Bonus, ModelUse, NewDocument, Stored};
use super::store;
use crate::config::TrustConfig;
use crate::error::{Code, Coded};
use crate::events::idempotency::{self, Key};
use crate::identity::consents::{self, Purpose};
use crate::metering::{self, Meter};
use crate::network::Participant;
use crate::trust::{self, Applied, TrustError};

/// Files are counted for so long from the first one.
const DAY: Span = Span::from_days(1);
/// Pages of a bill.
const PAGES_MAX: usize = 20;

/// What reads bills.
pub struct Desk {
    pub model: Option<Model>,
    /// Files of one user in a day.
    pub per_day: i64,
}

impl Default for Desk {
    /// Rules alone.
    fn default() -> Self {
        Self { model: None, per_day: crate::config::BillsConfig::default().per_day }
    }
}

/// Why a bill is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum BillError {
    #[error(transparent)]
    Pdf(#[from] PdfError),
    #[error("the PDF has no text: a picture of a bill cannot be read")]
    NoText,
    #[error("so many bills are not read for one account in a day")]
    TooOften { wait: Span },
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    #[error("the document could not be worked off")]
    Lost,
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error("the database cannot be used now")]
    Database(#[from] DbError),
}

impl Coded for BillError {
    fn code(&self) -> Code {
        match self {
            Self::Pdf(PdfError::Unreadable | PdfError::TooSlow) => Code::DocumentUnreadable,
            Self::Pdf(PdfError::Locked) => Code::DocumentLocked,
            Self::Pdf(PdfError::TooLarge) => Code::RequestTooLarge,
            Self::Pdf(PdfError::Unavailable) | Self::Lost | Self::Database(_) => Code::Internal,
            Self::Pdf(PdfError::Busy) => Code::Busy,
            Self::NoText => Code::DocumentEmpty,
            Self::Pdf(PdfError::OneAtATime) | Self::TooOften { .. } => Code::RateLimited,
            Self::IdempotencyMismatch => Code::IdempotencyMismatch,
            Self::Trust(error) => error.code(),
        }
    }

    fn retry_after(&self) -> Option<i64> {
        match self {
            Self::Pdf(error) => error.retry_after(),
            Self::TooOften { wait } => Some(wait.as_secs().saturating_add(1)),
            _ => None,
        }
    }
}

/// What is remembered under the idempotency key.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Accepted {
    pub meter_document_id: Uuid,
}

/// The text of a bill, out of a process of its own.
///
/// # Errors
/// A PDF that cannot be read within the limits, or that has no text.
pub async fn text(reader: &Apart, pdf: Vec<u8>) -> Result<(Document, usize), BillError> {
    let limits = Limits { pages: PAGES_MAX, ..Limits::default() };
    let pages = reader.extract(pdf, &limits).await?.pages;
    aside(move || {
        let document = Document::new(&pages);
        if document.is_empty() { Err(BillError::NoText) } else { Ok((document, pages.len())) }
    })
    .await?
}

/// Work for a processor, beside those who wait for sockets.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, BillError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a bill could not be worked off");
        BillError::Lost
    })
}

/// Reads a bill, grades it and keeps it; a good one of an own meter gives the bonus, in the same transaction. The file
/// counts against the day whatever comes of it, unless another one of the same user is being read: then nothing is done.
///
/// # Errors
/// No PDF with a text, too many, no place to read it; a bill of which little can be read is none.
pub async fn hand_in(
    p: &Participant,
    desk: &Desk,
    reader: &Apart,
    user: Uuid,
    pdf: Vec<u8>,
    key: Option<Key>,
) -> Result<Accepted, BillError> {
    let now = p.now();
    let turn = reader.turn(user.as_u128())?;
    count(p, user, desk.per_day, now).await?;
    let digest: String = Sha256::digest(&pdf).iter().map(|byte| format!("{byte:02x}")).collect();
    let (document, pages) = text(reader, pdf).await?;
    drop(turn);
    let document = Arc::new(document);
    let known = p.db.read(move |tx| {
        async move {
            let agreed = consents::granted(tx, user, Purpose::BillReading).await?;
            Ok::<_, DbError>((metering::of_user(tx, user).await?, agreed))
        }
        .boxed()
    });
    let (meters, agreed) = known.await?;
    let said = ask(desk.model.as_ref(), agreed, &document).await;
    let codes: Vec<String> = p.settings.discoms.iter().map(|discom| discom.code.clone()).collect();
    let (reading, model) = aside(move || read(&document, &codes, said)).await?;
    let own = own(&reading, &meters);
    let facts = own.map(|meter| Own {
        customer_number: Some(meter.customer_number.clone()),
        sanctioned_load_w: meter.sanctioned_load_w.filter(|_| meter.verified),
    });
    let (grade, checks) = judge(&reading, facts.as_ref(), IstDate::of(now));
    let json = |text: serde_json::Result<String>| text.map_err(|_| BillError::Lost);
    let new = NewDocument {
        id: p.ids.uuid(),
        user_id: user,
        digest,
        pages: i64::try_from(pages).unwrap_or(i64::MAX),
        grade,
        model,
        checks: json(serde_json::to_string(&checks))?,
        reading: json(serde_json::to_string(&reading))?,
        meter_key: own.map(|meter| meter.meter_key.clone()),
    };
    keep(p, new, key, now).await
}

/// Counts a file, or says how long to wait.
async fn count(p: &Participant, user: Uuid, per_day: i64, now: Timestamp) -> Result<(), BillError> {
    let wait = p.db.write(move |tx| {
        async move {
            let (since, uploads) = store::lock_day(tx, user, now).await?;
            let over = since.saturating_add(DAY);
            if now < over && uploads >= per_day {
                return Ok::<_, DbError>(Some(over.since(now)));
            }
            let (since, uploads) = if now < over { (since, uploads) } else { (now, 0) };
            store::set_day(tx, user, since, uploads.saturating_add(1)).await?;
            Ok(None)
        }
        .boxed()
    });
    wait.await?.map_or(Ok(()), |wait| Err(BillError::TooOften { wait }))
}

/// What the model says of a bill that its owner lets it see.
async fn ask(model: Option<&Model>, agreed: bool, document: &Document) -> Result<String, ModelUse> {
    let model = model.ok_or(ModelUse::NotConfigured)?;
    if !agreed {
        return Err(ModelUse::NoConsent);
    }
    model.ask(document).await
}

fn read(document: &Document, codes: &[String], said: Result<String, ModelUse>) -> (Reading, ModelUse) {
    let mut reading = bill_reader::read(document, codes);
    let used = said.and_then(|said| {
        bill_reader::model::apply(&mut reading, document, &said).map_err(|fault| {
            tracing::warn!(%fault, "what the model says of a bill does not count");
            ModelUse::Unusable
        })
    });
    (reading, used.map_or_else(|unused| unused, |()| ModelUse::Used))
}

/// The account's meter that a bill names.
fn own<'m>(reading: &Reading, meters: &'m [Meter]) -> Option<&'m Meter> {
    let named = &reading.meter_number.as_ref()?.value;
    meters.iter().find(|meter| same_number(&meter.meter_key, named) || same_number(&meter.meter_id, named))
}

async fn keep(
    p: &Participant,
    new: NewDocument,
    key: Option<Key>,
    now: Timestamp,
) -> Result<Accepted, BillError> {
    let accepted = Accepted { meter_document_id: new.id };
    let answer = serde_json::to_vec(&accepted).map_err(|_| BillError::Lost)?;
    let rules = p.settings.trust;
    let written = p.db.write(move |tx| {
        let (new, key, answer) = (new.clone(), key.clone(), answer.clone());
        async move {
            let first = match (&new.meter_key, new.grade.good()) {
                (None, _) => Bonus::MeterNotYours,
                (Some(_), false) => Bonus::GradeTooLow,
                (Some(_), true) => Bonus::Given,
            };
            store::insert(tx, &new, first, now).await?;
            if let (Bonus::Given, Some(meter_key)) = (first, &new.meter_key) {
                let bonus = reward(tx, &rules, &new, meter_key, now).await?;
                if bonus != first {
                    store::set_bonus(tx, new.id, bonus).await?;
                }
            }
            if let Some(key) = &key
                && !idempotency::remember(tx, key, 201, &answer, now).await?
            {
                return Err(BillError::IdempotencyMismatch);
            }
            Ok(())
        }
        .boxed()
    });
    written.await.map(|()| accepted)
}

/// Gives the bonus, if this account, this meter and this document have never had it. The row of the score is the last
/// lock.
async fn reward(
    tx: &mut Tx,
    rules: &TrustConfig,
    new: &NewDocument,
    meter_key: &str,
    now: Timestamp,
) -> Result<Bonus, BillError> {
    // It may have been given up while the bill was read.
    if !metering::of_user(tx, new.user_id).await?.iter().any(|meter| meter.meter_key == meter_key) {
        return Ok(Bonus::MeterNotYours);
    }
    let bonus = store::take_bonus(tx, new, meter_key, now).await?;
    if bonus != Bonus::Given {
        return Ok(bonus);
    }
    match trust::service::apply_meter_bonus(tx, rules, new.user_id, now).await? {
        Applied::Changed(_) => Ok(Bonus::Given),
        Applied::Already => {
            store::return_bonus(tx, new.id).await?;
            Ok(Bonus::AccountHadIt)
        }
    }
}

/// The user's bills, newest first, those before `before`.
///
/// # Errors
/// The database's.
pub async fn of_user(
    tx: &mut Tx,
    user: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Stored>, DbError> {
    store::of_user(tx, user, before.unwrap_or(Uuid::max()), limit).await
}

/// A bill of that user.
///
/// # Errors
/// The database's.
pub async fn find(tx: &mut Tx, user: Uuid, id: Uuid) -> Result<Option<Stored>, DbError> {
    store::find(tx, user, id).await
}

/// Takes a bill out of sight, and what it says out of the record; false when there is none of that user. A bonus that it
/// gave stays, and is given to nobody again.
///
/// # Errors
/// The database's.
pub async fn remove(tx: &mut Tx, user: Uuid, id: Uuid, now: Timestamp) -> Result<bool, DbError> {
    store::delete(tx, user, id, now).await
}
