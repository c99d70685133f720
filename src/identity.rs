//! Who is asking: the users of this platform, each known by an API token.
//!
//! A token is shown once and stored as its SHA-256, so that a stolen database opens no account. Tokens are random and
//! long; a slow hash is for passwords, which people choose.

mod role;

use db::{DbError, Row, Tx, sql};
use sha2::{Digest, Sha256};
use units::Timestamp;
use uuid::Uuid;

pub use self::role::{Role, Scope};

sql! {
    INSERT = "INSERT INTO users (id, handle, display_name, token_hash, payout_name, payout_vpa, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (handle) DO UPDATE SET \
        display_name = excluded.display_name, token_hash = excluded.token_hash, \
        payout_name = excluded.payout_name, payout_vpa = excluded.payout_vpa";
    HANDLES = "SELECT handle FROM users";
    LOCK_OUT = "UPDATE users SET token_hash = $2 WHERE handle = $1";
    BY_TOKEN = "SELECT id, handle, display_name, payout_name, payout_vpa, role, discom_code, language \
        FROM users WHERE token_hash = $1";
    BY_ID = "SELECT id, handle, display_name, payout_name, payout_vpa, role, discom_code, language \
        FROM users WHERE id = $1";
    BY_HANDLE = "SELECT id, handle, display_name, payout_name, payout_vpa, role, discom_code, language \
        FROM users WHERE handle = $1";
}

/// A user of this platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: Uuid,
    pub handle: String,
    pub display_name: String,
    /// Whom the buyer pays, as the payment terms name it.
    pub payout_name: String,
    /// The virtual payment address of the payment terms.
    pub payout_vpa: String,
    pub role: Role,
    /// The DISCOM whose desk a utility account is.
    pub discom_code: Option<String>,
    /// A tag of BCP 47: `en`, `hi`.
    pub language: String,
}

/// A user to be added.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub id: Uuid,
    pub handle: String,
    pub display_name: String,
    pub token: String,
    pub payout_name: String,
    pub payout_vpa: String,
}

/// What is stored of a token.
pub fn token_hash(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Adds a user; one whose handle exists already gets the new name, token and payout. Gives the user that now stands.
///
/// # Errors
/// The database's.
pub async fn add(tx: &mut Tx, user: &NewUser, now: Timestamp) -> Result<User, DbError> {
    let params = [
        user.id.into(),
        user.handle.as_str().into(),
        user.display_name.as_str().into(),
        token_hash(&user.token).into(),
        user.payout_name.as_str().into(),
        user.payout_vpa.as_str().into(),
        now.into(),
    ];
    tx.execute(&INSERT, &params).await?;
    read(&tx.query_one(&BY_HANDLE, &[user.handle.as_str().into()]).await?)
}

/// Takes the token from every user whose handle is not among these: what the operator has removed opens nothing.
///
/// # Errors
/// The database's.
pub async fn lock_out_others(tx: &mut Tx, handles: &[String]) -> Result<(), DbError> {
    for row in tx.query(&HANDLES, &[]).await? {
        let handle: String = row.get("handle")?;
        if !handles.contains(&handle) {
            // No token has such a hash.
            let nothing = format!("none:{handle}");
            tx.execute(&LOCK_OUT, &[handle.into(), nothing.into()]).await?;
        }
    }
    Ok(())
}

/// The user whose token this is.
///
/// # Errors
/// The database's.
pub async fn find_by_token(tx: &mut Tx, token: &str) -> Result<Option<User>, DbError> {
    tx.query_opt(&BY_TOKEN, &[token_hash(token).into()]).await?.as_ref().map(read).transpose()
}

/// The user of that handle.
///
/// # Errors
/// The database's.
pub async fn find_by_handle(tx: &mut Tx, handle: &str) -> Result<Option<User>, DbError> {
    tx.query_opt(&BY_HANDLE, &[handle.into()]).await?.as_ref().map(read).transpose()
}

/// The user of that id.
///
/// # Errors
/// The database's; not found.
pub async fn get(tx: &mut Tx, id: Uuid) -> Result<User, DbError> {
    read(&tx.query_one(&BY_ID, &[id.into()]).await?)
}

fn read(row: &Row) -> Result<User, DbError> {
    let role: String = row.get("role")?;
    Ok(User {
        id: row.get("id")?,
        handle: row.get("handle")?,
        display_name: row.get("display_name")?,
        payout_name: row.get("payout_name")?,
        payout_vpa: row.get("payout_vpa")?,
        role: Role::parse(&role).ok_or_else(|| DbError::Other(format!("no role is called {role}")))?,
        discom_code: row.get("discom_code")?,
        language: row.get("language")?,
    })
}
