//! What users say of their roofs and households. It is kept apart from what is proven, and raises no limit.

use db::{DbError, Row, Tx, params, sql};
use units::{Timestamp, WattHours};
use uuid::Uuid;

sql! {
    GET = "SELECT installed_capacity_w, sanctioned_load_w, discom_code, customer_number, battery_capacity_wh, \
        battery_level, latitude, longitude FROM user_profiles WHERE user_id = $1";
    PUT = "INSERT INTO user_profiles (user_id, installed_capacity_w, sanctioned_load_w, discom_code, customer_number, \
        battery_capacity_wh, battery_level, latitude, longitude, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (user_id) DO UPDATE SET \
        installed_capacity_w = excluded.installed_capacity_w, sanctioned_load_w = excluded.sanctioned_load_w, \
        discom_code = excluded.discom_code, customer_number = excluded.customer_number, \
        battery_capacity_wh = excluded.battery_capacity_wh, battery_level = excluded.battery_level, \
        latitude = excluded.latitude, longitude = excluded.longitude, updated_at = excluded.updated_at";
}

/// What a user says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// W.
    pub installed_capacity_w: Option<i64>,
    /// W.
    pub sanctioned_load_w: Option<i64>,
    pub discom: Option<String>,
    pub customer_number: Option<String>,
    pub battery_capacity: Option<WattHours>,
    /// Percent.
    pub battery_level: Option<i64>,
    /// Latitude and longitude in hundredths of a degree.
    pub place: Option<(i64, i64)>,
}

/// What the user has said; nothing yet is nothing.
///
/// # Errors
/// The database's.
pub async fn get(tx: &mut Tx, user: Uuid) -> Result<Declared, DbError> {
    let row = tx.query_opt(&GET, &params![user]).await?;
    row.as_ref().map(read).transpose().map(Option::unwrap_or_default)
}

/// Replaces what the user has said.
///
/// # Errors
/// The database's.
pub async fn put(tx: &mut Tx, user: Uuid, said: &Declared, now: Timestamp) -> Result<(), DbError> {
    let (latitude, longitude) = said.place.unzip();
    let values = params![
        user,
        said.installed_capacity_w,
        said.sanctioned_load_w,
        said.discom.clone(),
        said.customer_number.clone(),
        said.battery_capacity,
        said.battery_level,
        latitude,
        longitude,
        now
    ];
    tx.execute(&PUT, &values).await.map(drop)
}

fn read(row: &Row) -> Result<Declared, DbError> {
    let (latitude, longitude): (Option<i64>, Option<i64>) = (row.get("latitude")?, row.get("longitude")?);
    Ok(Declared {
        installed_capacity_w: row.get("installed_capacity_w")?,
        sanctioned_load_w: row.get("sanctioned_load_w")?,
        discom: row.get("discom_code")?,
        customer_number: row.get("customer_number")?,
        battery_capacity: row.get("battery_capacity_wh")?,
        battery_level: row.get("battery_level")?,
        place: latitude.zip(longitude),
    })
}
