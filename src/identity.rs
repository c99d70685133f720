//! Who is asking: the users of this platform, how they show who they are, and what they may do.
//!
//! A person signs in with a password ([`mail`]) or a code ([`phone`]) and has a session on each device ([`sessions`]),
//! whose requests carry a short-lived access token ([`keys`]); a machine has an API token ([`tokens`]); the operator may
//! give users a token by configuration. Invariants: whatever opens an account is stored as a hash, so that a stolen
//! database opens none; an unknown address gets the same answer as a known one, after the same work; nothing slow runs
//! inside a transaction; messages are handed back to be sent once the transaction stands.

mod accounts;
pub mod addresses;
pub mod admin;
pub mod codes;
pub mod consents;
pub mod contact;
mod error;
pub mod external;
pub mod grants;
pub mod keys;
mod logins;
mod mail;
mod password;
mod phone;
pub mod profile;
mod reproof;
mod role;
pub mod sessions;
pub mod tokens;

use db::{DbError, Row, Tx, sql};
use sha2::{Digest, Sha256};
use units::Timestamp;
use uuid::Uuid;

pub use self::accounts::{Accounts, Identified, Setup, SignedIn, Welcome};
pub use self::error::IdentityError;
pub use self::logins::{Login, enter, login};
pub use self::mail::Registration;
pub use self::password::{Hasher, check as check_password};
pub use self::phone::PhoneSignIn;
pub use self::reproof::{Proof, Proven};
pub use self::role::{Role, Scope};

sql! {
    INSERT = "INSERT INTO users (id, handle, display_name, token_hash, payout_name, payout_vpa, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (handle) DO UPDATE SET \
        display_name = excluded.display_name, token_hash = excluded.token_hash, \
        payout_name = excluded.payout_name, \
        payout_vpa = CASE WHEN excluded.payout_vpa = '' THEN users.payout_vpa ELSE excluded.payout_vpa END";
    WITH_TOKEN = "SELECT handle, token_hash FROM users WHERE token_hash < 'none:' OR token_hash >= 'none;'";
    LOCK_OUT = "UPDATE users SET token_hash = $2 WHERE handle = $1";
    BY_TOKEN = "SELECT * FROM users WHERE token_hash = $1";
    BY_ID = "SELECT * FROM users WHERE id = $1";
    BY_HANDLE = "SELECT * FROM users WHERE handle = $1";
    HOLD_OPEN = "SELECT id FROM users WHERE id = $1 AND locked_at IS NULL AND erased_at IS NULL {FOR KEY SHARE}";
}

/// A user of this platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: Uuid,
    pub handle: String,
    pub display_name: String,
    /// Whom the buyer pays, as the payment terms name it.
    pub payout_name: String,
    /// The virtual payment address of the payment terms; empty until the user has one, and then nothing is offered.
    pub payout_vpa: String,
    pub role: Role,
    /// The DISCOM whose desk a utility account is.
    pub discom_code: Option<String>,
    /// A tag of BCP 47: `en`, `hi`.
    pub language: String,
    /// An address was checked, or the operator knows the user. Others look around and do not trade.
    pub verified: bool,
    /// Opens nothing until the operator unlocks it.
    pub locked: bool,
    pub created_at: Timestamp,
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

/// What is stored for a user without a token of the operator's: no token has such a hash.
fn no_token(handle: &str) -> String {
    format!("none:{handle}")
}

/// Adds a user; one whose handle exists already gets the new name, token and payout, and keeps the address when the new
/// one is empty. Gives the user that now stands.
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
    read_user(&tx.query_one(&BY_HANDLE, &[user.handle.as_str().into()]).await?)
}

/// Takes the token from every user whose handle is not among these: what the operator has removed opens nothing.
///
/// # Errors
/// The database's.
pub async fn lock_out_others(tx: &mut Tx, handles: &[String]) -> Result<(), DbError> {
    for row in tx.query(&WITH_TOKEN, &[]).await? {
        let handle: String = row.get("handle")?;
        if !handles.contains(&handle) {
            let nothing = no_token(&handle);
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
    find_by_hash(tx, &token_hash(token)).await
}

/// The user whose token of the operator's has this hash.
async fn find_by_hash(tx: &mut Tx, hash: &str) -> Result<Option<User>, DbError> {
    tx.query_opt(&BY_TOKEN, &[hash.into()]).await?.as_ref().map(read_user).transpose()
}

/// The user of that handle.
///
/// # Errors
/// The database's.
pub async fn find_by_handle(tx: &mut Tx, handle: &str) -> Result<Option<User>, DbError> {
    tx.query_opt(&BY_HANDLE, &[handle.into()]).await?.as_ref().map(read_user).transpose()
}

/// The user of that id.
///
/// # Errors
/// The database's; not found.
pub async fn get(tx: &mut Tx, id: Uuid) -> Result<User, DbError> {
    read_user(&tx.query_one(&BY_ID, &[id.into()]).await?)
}

/// Whether the account is open: neither locked nor erased. Whatever locks or erases it, or gives a meter of it up, has come
/// before or waits until this transaction ends; other transactions that hold it so do not wait. The first of the
/// transaction's locks.
///
/// # Errors
/// The database's.
pub async fn hold_open(tx: &mut Tx, id: Uuid) -> Result<bool, DbError> {
    Ok(tx.query_opt(&HOLD_OPEN, &[id.into()]).await?.is_some())
}

fn read_user(row: &Row) -> Result<User, DbError> {
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
        verified: row.get("verified")?,
        locked: row.get::<Option<Timestamp>>("locked_at")?.is_some(),
        created_at: row.get("created_at")?,
    })
}
