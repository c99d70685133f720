//! A meter becomes an account's: with a verified credential that names it, or with the serial number and the key that
//! its DISCOM confirms; and it is given up again.
//!
//! Invariants: a meter is one account's, by its normalised id; it is verified in the transaction that makes it
//! somebody's; a user has five tries an hour, each on record; whose meter it is already is told nobody, and only after
//! the proof was right.

use std::sync::Arc;

use db::{DbError, Tx, TxFuture, params, sql};
use energy_rules::check_meter;
use serde_json::json;
use units::{Span, Timestamp};
use uuid::Uuid;

use super::proof::{self, Proof, Source};
use super::standing::{self, Standing};
use super::{Meter, find_by_key};
use crate::credentials::{self, Proven, Stored, Verifier};
use crate::error::{Code, Coded, of_rule};
use crate::events::idempotency::{self, Key};
use crate::network::{Participant, normalize_meter, plain_meter};

/// Tries of one user in [`TRIES_IN`].
const TRIES: i64 = 5;
const TRIES_IN: Span = Span::from_hours(1);
/// Where a DISCOM answers, below its address in the registry.
const CHECK_PATH: &str = "discom/meters/check";

sql! {
    LOCK_USER = "SELECT id FROM users WHERE id = $1 AND erased_at IS NULL {FOR UPDATE}";
    COUNT = "SELECT COUNT(*) AS n, CAST(COALESCE(MIN(at), 0) AS BIGINT) AS first FROM meter_claims WHERE user_id = $1 \
        AND at > $2 AND outcome <> 'too_often'";
    TRY = "INSERT INTO meter_claims (id, user_id, meter_key, method, outcome, at) VALUES ($1, $2, $3, $4, $5, $6)";
    OUTCOME = "UPDATE meter_claims SET outcome = $2 WHERE id = $1";
    TAKE_OVER = "UPDATE meters SET user_id = $2, meter_id = $3, discom_code = $4, customer_number = $5, \
        latitude = $6, longitude = $7, released_at = NULL WHERE meter_key = $1 AND released_at IS NOT NULL";
    RELEASE = "UPDATE meters SET released_at = $2, verified = 0, latitude = NULL, longitude = NULL WHERE id = $1";
    OPEN = "SELECT (SELECT COUNT(*) FROM offers o WHERE o.meter_id = $1 AND o.state = 'live' AND EXISTS \
        (SELECT 1 FROM offer_slots s WHERE s.offer_id = o.id AND s.lapsed = 0)) \
        + (SELECT COUNT(*) FROM contracts c LEFT JOIN deliveries d ON d.contract = c.id WHERE c.user_id = $2 \
        AND c.state NOT IN ('cancelled', 'rejected', 'expired') \
        AND (d.contract IS NULL OR d.state NOT IN ('settled', 'void'))) AS n";
}

/// Why a meter is not claimed, or not given up.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    #[error("{reason}")]
    Field { field: &'static str, reason: &'static str },
    #[error(transparent)]
    Rule(#[from] energy_rules::RuleError),
    #[error("the proof is not one of this meter")]
    NotProven,
    #[error("the meter cannot be claimed")]
    Taken,
    #[error("too many tries")]
    TooOften { wait: Span },
    /// It counts the tries for a meter, whoever makes them, and says itself when there is another.
    #[error("the DISCOM takes no more tries for this meter now")]
    DiscomBusy { wait: Span },
    #[error("the DISCOM cannot be asked now")]
    Unanswered,
    #[error("nobody says now whether the credential is revoked")]
    Unconfirmed,
    #[error("you have no such meter")]
    NotFound,
    #[error("offers or trades of yours are still open")]
    InUse,
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    #[error("the database cannot be used now")]
    Database(#[from] DbError),
}

impl Coded for ClaimError {
    fn code(&self) -> Code {
        match self {
            Self::Field { .. } => Code::FieldInvalid,
            Self::Rule(error) => of_rule(error).0,
            Self::NotProven => Code::MeterNotProven,
            Self::Taken => Code::MeterTaken,
            Self::TooOften { .. } | Self::DiscomBusy { .. } => Code::RateLimited,
            Self::Unanswered | Self::Unconfirmed => Code::PeerUnavailable,
            Self::NotFound => Code::NotFound,
            Self::InUse => Code::MeterInUse,
            Self::IdempotencyMismatch => Code::IdempotencyMismatch,
            Self::Database(_) => Code::Internal,
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Field { field, .. } => Some((*field).to_owned()),
            Self::Rule(error) => of_rule(error).1.map(str::to_owned),
            _ => None,
        }
    }
}

/// With what a user claims a meter.
#[derive(Clone, Debug)]
pub enum With {
    /// A verified credential of the user's, and which of its meters when it names several.
    Credential { id: Uuid, meter_id: Option<String> },
    /// What stands on the customer's papers.
    Key { discom: String, serial_number: String, key: String },
}

/// What comes of claiming a meter, or of giving one up, beyond the meter, in its transaction: for whom, and which meter by
/// its normalised id.
pub type Further = Arc<
    dyn for<'t> Fn(&'t mut Tx, Uuid, String, Timestamp) -> TxFuture<'t, Result<(), DbError>> + Send + Sync,
>;

/// A claim.
#[derive(Clone, Debug)]
pub struct Claim {
    pub user_id: Uuid,
    pub with: With,
    /// Latitude and longitude in hundredths of a degree.
    pub place: Option<(i64, i64)>,
}

/// What a proof shows: the meter as it will stand.
#[derive(Clone, Debug)]
struct Shown {
    meter_id: String,
    discom: String,
    customer_number: String,
    says: Proven,
    source: Source,
    valid_until: Option<Timestamp>,
}

/// Claims a meter. The DISCOM is asked between two transactions; both are ours.
///
/// # Errors
/// See [`ClaimError`]; every try, also a refused one, is on record.
pub async fn claim(
    p: &Participant,
    verifier: &Verifier,
    claim: &Claim,
    key: Option<Key>,
    further: &Further,
) -> Result<Meter, ClaimError> {
    let now = p.now();
    let attempt = p.ids.uuid();
    let (named, method) = match &claim.with {
        With::Credential { meter_id, .. } => (meter_id.clone().unwrap_or_default(), "credential"),
        With::Key { serial_number, .. } => (serial_number.clone(), "key"),
    };
    begin(p, claim.user_id, attempt, normalize_meter(&named), method, now).await?;
    let shown = match &claim.with {
        With::Key { discom, serial_number, key } => ask(p, discom, serial_number, key).await,
        With::Credential { id, meter_id } => {
            let (id, meter_id, user) = (*id, meter_id.clone(), claim.user_id);
            let read = p.db.read(move |tx| Box::pin(async move { credentials::find(tx, user, id).await }));
            let credential: Option<Stored> = read.await?;
            confirmed(p, verifier, credential.as_ref(), now)
                .await
                .and_then(|credential| from_credential(credential, meter_id.as_deref()))
        }
    };
    let shown = shown.and_then(|shown| {
        check_meter(&shown.meter_id, &p.settings.rules)?;
        p.settings
            .discom(&shown.discom)
            .map(|_| shown)
            .ok_or(ClaimError::Field { field: "discom", reason: "this platform has no such DISCOM" })
    });
    let shown = match shown {
        Ok(shown) => shown,
        Err(error) => {
            conclude(p, attempt, outcome_of(&error)).await?;
            return Err(error);
        }
    };
    let ids = (p.ids.uuid(), p.ids.uuid(), p.ids.uuid());
    let (owner, place) = (claim.user_id, claim.place);
    let more = Arc::clone(further);
    let taken = p.db.write(move |tx| {
        let (shown, key, more) = (shown.clone(), key.clone(), Arc::clone(&more));
        Box::pin(async move {
            // Not for an account that was erased meanwhile.
            tx.query_opt(&LOCK_USER, &params![owner]).await?.ok_or(ClaimError::NotFound)?;
            let meter = take(tx, owner, &shown, place, ids, now).await?;
            more(tx, owner, meter.meter_key.clone(), now).await?;
            tx.execute(&OUTCOME, &params![attempt, "claimed"]).await?;
            if let Some(key) = &key
                && !idempotency::remember(tx, key, 201, meter.meter_id.as_bytes(), now).await?
            {
                return Err(ClaimError::IdempotencyMismatch);
            }
            Ok(meter)
        })
    });
    match taken.await {
        Err(error @ (ClaimError::Taken | ClaimError::NotProven)) => {
            conclude(p, attempt, if matches!(error, ClaimError::Taken) { "taken" } else { "not_proven" })
                .await?;
            Err(error)
        }
        done => done,
    }
}

fn outcome_of(error: &ClaimError) -> &'static str {
    match error {
        ClaimError::TooOften { .. } | ClaimError::DiscomBusy { .. } => "too_often",
        ClaimError::Unanswered | ClaimError::Unconfirmed => "unanswered",
        _ => "not_proven",
    }
}

/// Counts the try, under a lock of the user: tries at the same time are counted one after the other.
async fn begin(
    p: &Participant,
    user: Uuid,
    attempt: Uuid,
    meter_key: String,
    method: &'static str,
    now: Timestamp,
) -> Result<(), ClaimError> {
    let since = now.saturating_sub(TRIES_IN);
    let wait = p.db.write(move |tx| {
        let meter_key = meter_key.clone();
        Box::pin(async move {
            super::alone(tx, user).await?;
            let row = tx.query_one(&COUNT, &params![user, since]).await?;
            let (tries, first): (i64, Timestamp) = (row.get("n")?, row.get("first")?);
            let outcome = if tries >= TRIES { "too_often" } else { "asked" };
            tx.execute(&TRY, &params![attempt, user, &meter_key, method, outcome, now]).await?;
            Ok::<_, DbError>((tries >= TRIES).then(|| first.saturating_add(TRIES_IN).since(now)))
        })
    });
    match wait.await? {
        Some(wait) => Err(ClaimError::TooOften { wait }),
        None => Ok(()),
    }
}

async fn conclude(p: &Participant, attempt: Uuid, outcome: &'static str) -> Result<(), DbError> {
    let written =
        p.db.write(move |tx| Box::pin(async move { tx.execute(&OUTCOME, &params![attempt, outcome]).await }));
    written.await.map(drop)
}

/// Asks the DISCOM; its answer counts when the DISCOM signed it.
async fn ask(p: &Participant, discom: &str, serial: &str, key: &str) -> Result<Shown, ClaimError> {
    let Some(known) = p.settings.discom(discom) else {
        return Err(ClaimError::Field { field: "discom", reason: "this platform has no such DISCOM" });
    };
    let question = json!({"discom": discom, "serial_number": serial, "key": key}).to_string().into_bytes();
    let us = &p.settings.subscriber_id;
    let asked = p.node.ask(us, &known.discom_id, node::Method::POST, CHECK_PATH, question).await;
    let answer = asked.map_err(|error| {
        tracing::warn!(%error, discom, "a DISCOM cannot be asked for a meter");
        ClaimError::Unanswered
    })?;
    match answer.status {
        200 if answer.verified => {}
        400 => return Err(ClaimError::NotProven),
        429 => return Err(ClaimError::DiscomBusy { wait: answer.retry_after.unwrap_or(TRIES_IN) }),
        status => {
            tracing::warn!(status, verified = answer.verified, discom, "a DISCOM's answer is not usable");
            return Err(ClaimError::Unanswered);
        }
    }
    if answer.body.get("match").and_then(|value| value.as_bool()) != Some(true) {
        return Err(ClaimError::NotProven);
    }
    let text = |name: &str| Some(answer.body.get(name)?.as_str()?.to_owned());
    let watts = |name: &str| {
        let number = answer.body.get(name)?.as_number()?;
        units::parse_scaled(number, 0).ok().filter(|watts| *watts >= 0)
    };
    let meter_id = text("meter_id").ok_or(ClaimError::Unanswered)?;
    if normalize_meter(&meter_id) != normalize_meter(serial) {
        return Err(ClaimError::Unanswered);
    }
    Ok(Shown {
        meter_id,
        discom: discom.to_owned(),
        customer_number: text("customer_number").ok_or(ClaimError::Unanswered)?,
        says: Proven {
            meter: None,
            resource_type: text("resource_type"),
            installed_capacity_w: watts("installed_capacity_w"),
            sanctioned_load_w: watts("sanctioned_load_w"),
            storage_wh: None,
        },
        source: Source::Discom,
        valid_until: None,
    })
}

/// A credential that nobody has revoked: what it is to prove anew is asked for anew.
async fn confirmed<'c>(
    p: &Participant,
    verifier: &Verifier,
    credential: Option<&'c Stored>,
    now: Timestamp,
) -> Result<&'c Stored, ClaimError> {
    let timely = |credential: &&Stored| Stored { suspended_at: None, ..(*credential).clone() }.holds_at(now);
    let credential = credential.filter(timely).ok_or(ClaimError::NotProven)?;
    match standing::ask(p, verifier, credential).await? {
        Standing::Good => Ok(credential),
        Standing::Doubted => Err(ClaimError::Unconfirmed),
        Standing::Ended => Err(ClaimError::NotProven),
    }
}

fn from_credential(credential: &Stored, meter_id: Option<&str>) -> Result<Shown, ClaimError> {
    let claims = credential.claims.as_ref().ok_or(ClaimError::NotProven)?;
    let mut named = claims.meters.iter().filter_map(|said| Some((said.meter.as_deref()?, said)));
    let (id, says) = match meter_id.map(normalize_meter) {
        Some(key) => named.find(|(id, _)| normalize_meter(id) == key).ok_or(ClaimError::NotProven)?,
        None => {
            let first = named.next().ok_or(ClaimError::NotProven)?;
            if named.next().is_some() {
                return Err(ClaimError::Field {
                    field: "meter_id",
                    reason: "the credential names several meters: say which",
                });
            }
            first
        }
    };
    // Issuers address a meter in many ways; the plain number in it is what goes on the wire.
    let plain = plain_meter(id).to_owned();
    Ok(Shown {
        meter_id: plain,
        discom: credential.discom.clone().ok_or(ClaimError::NotProven)?,
        customer_number: claims.customer_number.clone().ok_or(ClaimError::NotProven)?,
        says: says.clone(),
        source: Source::Credential(credential.id),
        valid_until: credential.valid_until,
    })
}

/// Makes the meter the user's, unless it is somebody else's.
async fn take(
    tx: &mut Tx,
    user: Uuid,
    shown: &Shown,
    place: Option<(i64, i64)>,
    (id, proof_id, spare): (Uuid, Uuid, Uuid),
    now: Timestamp,
) -> Result<Meter, ClaimError> {
    let meter_key = normalize_meter(&shown.meter_id);
    let new = Meter {
        id,
        user_id: user,
        meter_id: shown.meter_id.clone(),
        meter_key: meter_key.clone(),
        discom_code: shown.discom.clone(),
        customer_number: shown.customer_number.clone(),
        resource_type: None,
        installed_capacity_w: Some(0),
        sanctioned_load_w: Some(0),
        verified: false,
        place,
    };
    if let Source::Credential(credential) = shown.source
        && !credentials::holds(tx, credential, now).await?
    {
        return Err(ClaimError::NotProven);
    }
    let (latitude, longitude) = place.unzip();
    let values = params![
        &meter_key,
        user,
        &shown.meter_id,
        &shown.discom,
        &shown.customer_number,
        latitude,
        longitude
    ];
    tx.execute(&TAKE_OVER, &values).await?;
    let stands = super::add(tx, &new, now).await?;
    if stands.user_id != user || stands.discom_code != shown.discom {
        return Err(ClaimError::Taken);
    }
    let proof = Proof {
        id: proof_id,
        user_id: user,
        meter_key: meter_key.clone(),
        source: shown.source,
        says: shown.says.clone(),
        valid_until: shown.valid_until,
    };
    proof::add(tx, &proof, spare, now).await?;
    find_by_key(tx, &meter_key).await?.ok_or(ClaimError::NotFound)
}

/// Gives a meter up, when no offer and no trade of the user's is open; its past stays.
///
/// # Errors
/// Not the user's; still in use; the database's.
pub async fn release(
    tx: &mut Tx,
    user: Uuid,
    meter_id: &str,
    further: &Further,
    now: Timestamp,
) -> Result<(), ClaimError> {
    // What is put on sale is so under the same row: it is found here, or refused afterwards.
    super::alone(tx, user).await?;
    let key = normalize_meter(meter_id);
    let meters = super::of_user(tx, user).await?;
    let meter = meters.into_iter().find(|meter| meter.meter_key == key).ok_or(ClaimError::NotFound)?;
    if tx.query_one(&OPEN, &params![meter.id, user]).await?.get::<i64>("n")? > 0 {
        return Err(ClaimError::InUse);
    }
    proof::end_all(tx, &meter.meter_key, now).await?;
    tx.execute(&RELEASE, &params![meter.id, now]).await?;
    Ok(further(tx, user, meter.meter_key, now).await?)
}
