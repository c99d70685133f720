//! The meters of our users: the thing that is traded for, and the limits that its panel and its connection set.
//!
//! A meter belongs to one account, by its normalised id, and trades only when it is verified (ruling 19). An account
//! claims it with a proof, which says what the meter can do: a claim alone raises no limit (ruling 23).

pub mod claim;
pub mod present;
pub mod profile;
pub mod proof;
pub mod standing;

use db::{DbError, Row, Tx, sql};
use units::{Timestamp, WattHours};
use uuid::Uuid;

sql! {
    LOCK_USER = "SELECT id FROM users WHERE id = $1 {FOR UPDATE}";
    INSERT = "INSERT INTO meters (id, user_id, meter_id, meter_key, discom_code, customer_number, resource_type, \
        installed_capacity_w, sanctioned_load_w, verified, created_at, latitude, longitude) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (meter_key) DO NOTHING";
    OF_USER = "SELECT id, user_id, meter_id, meter_key, discom_code, customer_number, resource_type, \
        installed_capacity_w, sanctioned_load_w, verified, latitude, longitude FROM meters WHERE user_id = $1 \
        AND released_at IS NULL ORDER BY id";
    OF_DISCOM = "SELECT id, user_id, meter_id, meter_key, discom_code, customer_number, resource_type, \
        installed_capacity_w, sanctioned_load_w, verified, latitude, longitude FROM meters \
        WHERE discom_code = $1 AND id < $2 AND released_at IS NULL ORDER BY id DESC LIMIT $3";
    BY_KEY = "SELECT id, user_id, meter_id, meter_key, discom_code, customer_number, resource_type, \
        installed_capacity_w, sanctioned_load_w, verified, latitude, longitude FROM meters WHERE meter_key = $1";
    OWN = "SELECT id, user_id, meter_id, meter_key, discom_code, customer_number, resource_type, \
        installed_capacity_w, sanctioned_load_w, verified, latitude, longitude FROM meters WHERE meter_key = $1 \
        AND user_id = $2 AND released_at IS NULL";
}

/// A meter of one of our users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    pub id: Uuid,
    pub user_id: Uuid,
    /// As the DISCOM writes it, and as it goes on the wire.
    pub meter_id: String,
    /// Normalised, for comparison.
    pub meter_key: String,
    /// The DISCOM's code in the network, `TPDDL`.
    pub discom_code: String,
    pub customer_number: String,
    /// `SOLAR`, `BATTERY`, …; none for a meter that only draws.
    pub resource_type: Option<String>,
    /// What its generator can give, watts.
    pub installed_capacity_w: Option<i64>,
    /// What its connection may draw, watts.
    pub sanctioned_load_w: Option<i64>,
    pub verified: bool,
    /// Latitude and longitude in hundredths of a degree: about a kilometer, and never finer.
    pub place: Option<(i64, i64)>,
}

impl Meter {
    /// The most that it can deliver in one slot: a watt for an hour is a watt-hour.
    pub fn slot_capacity(&self) -> Option<WattHours> {
        self.installed_capacity_w.map(WattHours::new)
    }

    /// The most that it may draw in one slot.
    pub fn slot_load(&self) -> Option<WattHours> {
        self.sanctioned_load_w.map(WattHours::new)
    }
}

/// Adds a meter; one whose normalised id exists already stays as it is. Gives the meter that now stands, which may be
/// another account's.
///
/// # Errors
/// The database's.
pub async fn add(tx: &mut Tx, meter: &Meter, now: Timestamp) -> Result<Meter, DbError> {
    let params = [
        meter.id.into(),
        meter.user_id.into(),
        meter.meter_id.as_str().into(),
        meter.meter_key.as_str().into(),
        meter.discom_code.as_str().into(),
        meter.customer_number.as_str().into(),
        meter.resource_type.clone().into(),
        meter.installed_capacity_w.into(),
        meter.sanctioned_load_w.into(),
        meter.verified.into(),
        now.into(),
        meter.place.map(|(latitude, _)| latitude).into(),
        meter.place.map(|(_, longitude)| longitude).into(),
    ];
    tx.execute(&INSERT, &params).await?;
    read(&tx.query_one(&BY_KEY, &[meter.meter_key.as_str().into()]).await?)
}

/// The meters of a user, oldest first.
///
/// # Errors
/// The database's.
pub async fn of_user(tx: &mut Tx, user_id: Uuid) -> Result<Vec<Meter>, DbError> {
    tx.query(&OF_USER, &[user_id.into()]).await?.iter().map(read).collect()
}

/// The meters of a DISCOM, newest first, those before `before`.
///
/// # Errors
/// The database's.
pub async fn of_discom(
    tx: &mut Tx,
    discom_code: &str,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Meter>, DbError> {
    let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
    tx.query(&OF_DISCOM, &[discom_code.into(), before.into(), limit.into()]).await?.iter().map(read).collect()
}

/// The meter with that normalised id.
///
/// # Errors
/// The database's.
pub async fn find_by_key(tx: &mut Tx, meter_key: &str) -> Result<Option<Meter>, DbError> {
    tx.query_opt(&BY_KEY, &[meter_key.into()]).await?.as_ref().map(read).transpose()
}

/// The meter with that normalised id, if it is this user's and was not given up.
///
/// # Errors
/// The database's.
pub async fn own(tx: &mut Tx, user_id: Uuid, meter_key: &str) -> Result<Option<Meter>, DbError> {
    tx.query_opt(&OWN, &[meter_key.into(), user_id.into()]).await?.as_ref().map(read).transpose()
}

/// Lets what one user does at the same time happen one after the other, until the transaction ends.
async fn alone(tx: &mut Tx, user_id: Uuid) -> Result<(), DbError> {
    tx.query_one(&LOCK_USER, &[user_id.into()]).await.map(drop)
}

fn read(row: &Row) -> Result<Meter, DbError> {
    let (latitude, longitude): (Option<i64>, Option<i64>) = (row.get("latitude")?, row.get("longitude")?);
    Ok(Meter {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        meter_id: row.get("meter_id")?,
        meter_key: row.get("meter_key")?,
        discom_code: row.get("discom_code")?,
        customer_number: row.get("customer_number")?,
        resource_type: row.get("resource_type")?,
        installed_capacity_w: row.get("installed_capacity_w")?,
        sanctioned_load_w: row.get("sanctioned_load_w")?,
        verified: row.get("verified")?,
        place: latitude.zip(longitude),
    })
}
