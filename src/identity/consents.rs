//! What people have agreed to, and what they have taken back: one row each time, never changed.

use db::{DbError, Row, Tx, sql};
use futures_util::FutureExt;
use units::Timestamp;
use uuid::Uuid;

use crate::error::{Code, Coded};
use crate::events::idempotency::{self, Key};
use crate::network::Participant;

const VERSION_MAX: usize = 32;

sql! {
    INSERT = "INSERT INTO consents (id, user_id, purpose, version, granted, at) VALUES ($1, $2, $3, $4, $5, $6)";
    NEWEST = "SELECT id, purpose, version, granted, at FROM consents WHERE user_id = $1 ORDER BY id DESC LIMIT $2";
    LAST = "SELECT granted FROM consents WHERE user_id = $1 AND purpose = $2 ORDER BY id DESC LIMIT 1";
    BEFORE = "SELECT id, purpose, version, granted, at FROM consents WHERE user_id = $1 AND id < $3 \
        ORDER BY id DESC LIMIT $2";
}

/// What can be agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The terms of this platform.
    Terms,
    /// How it handles personal data.
    Privacy,
    /// Reading the meter from the DISCOM.
    MeterData,
    /// Showing an uploaded bill to the language model that the operator has configured.
    BillReading,
    /// Mail that no trade needs.
    Marketing,
}

impl Purpose {
    pub const ALL: &'static [Purpose] =
        &[Purpose::Terms, Purpose::Privacy, Purpose::MeterData, Purpose::BillReading, Purpose::Marketing];

    pub const fn as_str(self) -> &'static str {
        match self {
            Purpose::Terms => "terms",
            Purpose::Privacy => "privacy",
            Purpose::MeterData => "meter_data",
            Purpose::BillReading => "bill_reading",
            Purpose::Marketing => "marketing",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|purpose| purpose.as_str() == text)
    }
}

/// One word of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub id: Uuid,
    pub purpose: Purpose,
    /// Of the text that was shown.
    pub version: String,
    /// False where it is taken back.
    pub granted: bool,
    /// Wire time.
    pub at: Timestamp,
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    #[error("a purpose is one of terms, privacy, meter_data, bill_reading, marketing")]
    Purpose,
    #[error("a version has 1 to 32 letters, digits, dots and dashes")]
    Version,
    /// The same request on another connection was faster, and its answer is there.
    #[error("the idempotency key was used at this moment")]
    Repeated,
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Coded for ConsentError {
    fn code(&self) -> Code {
        match self {
            Self::Purpose | Self::Version => Code::FieldInvalid,
            Self::Repeated => Code::IdempotencyMismatch,
            Self::Db(_) => Code::Internal,
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Purpose => Some("purpose".to_owned()),
            Self::Version => Some("version".to_owned()),
            Self::Repeated | Self::Db(_) => None,
        }
    }
}

impl Consent {
    /// What a user says now.
    ///
    /// # Errors
    /// The purpose or the version is none.
    pub fn new(p: &Participant, purpose: &str, version: &str, granted: bool) -> Result<Self, ConsentError> {
        let purpose = Purpose::parse(purpose).ok_or(ConsentError::Purpose)?;
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if !(1..=VERSION_MAX).contains(&version.len()) || !version.bytes().all(letter) {
            return Err(ConsentError::Version);
        }
        Ok(Self { id: p.ids.uuid(), purpose, version: version.to_owned(), granted, at: p.now() })
    }
}

/// Records it, and the answer under its key, in a transaction of its own.
///
/// # Errors
/// [`ConsentError::Repeated`]; the database's.
pub async fn record(
    p: &Participant,
    user: Uuid,
    consent: Consent,
    key: Option<(Key, Vec<u8>)>,
) -> Result<Consent, ConsentError> {
    let stored = consent.clone();
    let write = p.db.write(move |tx| {
        let (consent, key) = (stored.clone(), key.clone());
        async move {
            let params = [
                consent.id.into(),
                user.into(),
                consent.purpose.as_str().into(),
                consent.version.as_str().into(),
                consent.granted.into(),
                consent.at.into(),
            ];
            tx.execute(&INSERT, &params).await?;
            if let Some((key, body)) = &key
                && !idempotency::remember(tx, key, 201, body, consent.at).await?
            {
                return Err(ConsentError::Repeated);
            }
            Ok(())
        }
        .boxed()
    });
    write.await?;
    Ok(consent)
}

/// What the user has said, newest first.
///
/// # Errors
/// The database's.
pub async fn of_user(
    tx: &mut Tx,
    user: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Consent>, DbError> {
    let rows = match before {
        Some(id) => tx.query(&BEFORE, &[user.into(), limit.into(), id.into()]).await?,
        None => tx.query(&NEWEST, &[user.into(), limit.into()]).await?,
    };
    rows.iter().map(read).collect()
}

/// Whether the user's last word on a purpose was a yes.
///
/// # Errors
/// The database's.
pub async fn granted(tx: &mut Tx, user: Uuid, purpose: Purpose) -> Result<bool, DbError> {
    let last = tx.query_opt(&LAST, &[user.into(), purpose.as_str().into()]).await?;
    last.map_or(Ok(false), |row| row.get("granted"))
}

fn read(row: &Row) -> Result<Consent, DbError> {
    let purpose: String = row.get("purpose")?;
    let purpose = Purpose::parse(&purpose).ok_or_else(|| DbError::Other(format!("consent to {purpose}")))?;
    Ok(Consent {
        id: row.get("id")?,
        purpose,
        version: row.get("version")?,
        granted: row.get("granted")?,
        at: row.get("at")?,
    })
}
