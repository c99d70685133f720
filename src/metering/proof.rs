//! Why a meter is verified, and what each proof says of it.
//!
//! The newest proof that says something of a limit decides it; a meter that no proof stands for any more trades
//! no more. What no proof says of a claimed meter is zero, never unlimited.

use db::{DbError, Tx, params, sql};
use units::Timestamp;
use uuid::Uuid;

use crate::credentials::{self, Proven, Stored};

sql! {
    INSERT = "INSERT INTO meter_proofs (id, meter_key, user_id, source, credential, resource_type, \
        installed_capacity_w, sanctioned_load_w, valid_until, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    END_OF_CREDENTIAL = "UPDATE meter_proofs SET ended_at = $2 WHERE credential = $1 AND ended_at IS NULL";
    END_OF_METER = "UPDATE meter_proofs SET ended_at = $2 WHERE meter_key = $1 AND ended_at IS NULL";
    METERS_OF_CREDENTIAL = "SELECT DISTINCT meter_key FROM meter_proofs WHERE credential = $1 AND ended_at IS NULL";
    EXPIRED = "SELECT id, meter_key FROM meter_proofs WHERE ended_at IS NULL AND valid_until <= $1 ORDER BY id LIMIT 100";
    END = "UPDATE meter_proofs SET ended_at = $2 WHERE id = $1";
    STANDING = "SELECT resource_type, installed_capacity_w, sanctioned_load_w FROM meter_proofs \
        WHERE meter_key = $1 AND ended_at IS NULL AND suspended = 0 ORDER BY at, id";
    SUSPEND = "UPDATE meter_proofs SET suspended = $2 WHERE credential = $1 AND ended_at IS NULL";
    SET = "UPDATE meters SET resource_type = $2, installed_capacity_w = $3, sanctioned_load_w = $4, verified = $5 \
        WHERE meter_key = $1";
    OPERATORS = "INSERT INTO meter_proofs (id, meter_key, user_id, source, resource_type, installed_capacity_w, \
        sanctioned_load_w, at) SELECT $2, m.meter_key, m.user_id, 'operator', m.resource_type, m.installed_capacity_w, \
        m.sanctioned_load_w, m.created_at FROM meters m WHERE m.meter_key = $1 AND m.verified = 1 \
        AND NOT EXISTS (SELECT 1 FROM meter_proofs p WHERE p.meter_key = m.meter_key AND p.ended_at IS NULL)";
}

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Discom,
    Credential(Uuid),
}

/// A proof of a meter.
#[derive(Clone, Debug)]
pub struct Proof {
    pub id: Uuid,
    pub user_id: Uuid,
    pub meter_key: String,
    pub source: Source,
    pub says: Proven,
    pub valid_until: Option<Timestamp>,
}

/// Adds a proof, and gives the meter what its proofs now say.
///
/// # Errors
/// The database's.
pub async fn add(tx: &mut Tx, proof: &Proof, spare: Uuid, now: Timestamp) -> Result<(), DbError> {
    // What the operator had verified before there were proofs is one itself, older than this.
    tx.execute(&OPERATORS, &params![&proof.meter_key, spare]).await?;
    let (source, credential) = match proof.source {
        Source::Discom => ("discom", None),
        Source::Credential(id) => ("credential", Some(id)),
    };
    let values = params![
        proof.id,
        &proof.meter_key,
        proof.user_id,
        source,
        credential,
        proof.says.resource_type.clone(),
        proof.says.installed_capacity_w,
        proof.says.sanctioned_load_w,
        proof.valid_until,
        now
    ];
    tx.execute(&INSERT, &values).await?;
    refresh(tx, &proof.meter_key).await
}

/// Lays what a verified credential says over the user's meters that it names. Gives how many there were.
///
/// # Errors
/// The database's.
pub async fn apply(
    tx: &mut Tx,
    credential: &Stored,
    ids: &[(Uuid, Uuid)],
    now: Timestamp,
) -> Result<usize, DbError> {
    let Some(claims) = credential.claims.as_ref().filter(|_| credential.holds_at(now)) else { return Ok(0) };
    let meters = super::of_user(tx, credential.user_id).await?;
    let own = meters.iter().filter(|meter| credential.discom.as_ref() == Some(&meter.discom_code));
    let mut count = 0_usize;
    for (meter, (id, spare)) in own.zip(ids) {
        let named = |said: &&Proven| {
            said.meter.as_deref().is_some_and(|id| crate::network::normalize_meter(id) == meter.meter_key)
        };
        let Some(says) = claims.meters.iter().find(named).filter(|says| says_limits(says)) else { continue };
        let proof = Proof {
            id: *id,
            user_id: credential.user_id,
            meter_key: meter.meter_key.clone(),
            source: Source::Credential(credential.id),
            says: says.clone(),
            valid_until: credential.valid_until,
        };
        add(tx, &proof, *spare, now).await?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

fn says_limits(says: &Proven) -> bool {
    says.installed_capacity_w.is_some() || says.sanctioned_load_w.is_some()
}

/// Takes a credential away, with what it proved; false when there is none of that user.
///
/// # Errors
/// The database's.
pub async fn withdraw(tx: &mut Tx, user: Uuid, credential: Uuid, now: Timestamp) -> Result<bool, DbError> {
    if !credentials::delete(tx, user, credential, now).await? {
        return Ok(false);
    }
    end_of_credential(tx, credential, now).await?;
    Ok(true)
}

/// Ends what a credential proves.
pub(super) async fn end_of_credential(tx: &mut Tx, credential: Uuid, now: Timestamp) -> Result<(), DbError> {
    let meters = tx.query(&METERS_OF_CREDENTIAL, &params![credential]).await?;
    tx.execute(&END_OF_CREDENTIAL, &params![credential, now]).await?;
    for row in meters {
        refresh(tx, &row.get::<String>("meter_key")?).await?;
    }
    Ok(())
}

/// Lets what a credential proves count no more for the time being, or again.
pub(super) async fn suspend(tx: &mut Tx, credential: Uuid, suspended: bool) -> Result<(), DbError> {
    tx.execute(&SUSPEND, &params![credential, i64::from(suspended)]).await?;
    for row in tx.query(&METERS_OF_CREDENTIAL, &params![credential]).await? {
        refresh(tx, &row.get::<String>("meter_key")?).await?;
    }
    Ok(())
}

/// Ends every proof of a meter.
pub(super) async fn end_all(tx: &mut Tx, meter_key: &str, now: Timestamp) -> Result<(), DbError> {
    tx.execute(&END_OF_METER, &params![meter_key, now]).await.map(drop)
}

/// Ends the proofs whose credential has expired. Gives how many there were, a hundred at most.
///
/// # Errors
/// The database's.
pub async fn lapse(tx: &mut Tx, now: Timestamp) -> Result<usize, DbError> {
    let expired = tx.query(&EXPIRED, &params![now]).await?;
    for row in &expired {
        tx.execute(&END, &params![row.get::<Uuid>("id")?, now]).await?;
        refresh(tx, &row.get::<String>("meter_key")?).await?;
    }
    Ok(expired.len())
}

async fn refresh(tx: &mut Tx, meter_key: &str) -> Result<(), DbError> {
    let rows = tx.query(&STANDING, &params![meter_key]).await?;
    let (mut resource, mut installed, mut load): (Option<String>, Option<i64>, Option<i64>) =
        (None, None, None);
    for row in &rows {
        resource = row.get::<Option<String>>("resource_type")?.or(resource);
        installed = row.get::<Option<i64>>("installed_capacity_w")?.or(installed);
        load = row.get::<Option<i64>>("sanctioned_load_w")?.or(load);
    }
    let (installed, load) = (installed.unwrap_or(0), load.unwrap_or(0));
    tx.execute(&SET, &params![meter_key, resource, installed, load, !rows.is_empty()]).await.map(drop)
}
