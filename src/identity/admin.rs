//! What an administrator does to other people's accounts: find them, give them a role, lock and unlock them.
//!
//! Role and lock are read at each request, so both take effect at once.

use db::{DbError, Row, Tx, sql};
use serde_json::json;
use units::Timestamp;
use uuid::Uuid;

use super::sessions::{self, EndedBy};
use super::{IdentityError, Role, User, find_by_handle, get, logins, read_user};
use crate::events;

sql! {
    PAGE = "SELECT u.*, l.email, l.email_verified, l.phone FROM users u LEFT JOIN logins l ON l.user_id = u.id \
        WHERE u.id < $1 ORDER BY u.id DESC LIMIT $2";
    ONE = "SELECT u.*, l.email, l.email_verified, l.phone FROM users u LEFT JOIN logins l ON l.user_id = u.id \
        WHERE u.id = $1";
    LOCK_ROW = "SELECT * FROM users WHERE id = $1 {FOR UPDATE}";
    SET_ROLE = "UPDATE users SET role = $2, discom_code = $3 WHERE id = $1";
    SET_LOCK = "UPDATE users SET locked_at = $2 WHERE id = $1";
}

/// A user with the addresses, as an administrator sees it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub user: User,
    pub email: Option<String>,
    pub email_verified: bool,
    pub phone: Option<String>,
}

/// Users, newest first, those before `before`.
///
/// # Errors
/// The database's.
pub async fn list(tx: &mut Tx, before: Option<Uuid>, limit: i64) -> Result<Vec<Listed>, DbError> {
    let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
    tx.query(&PAGE, &[before.into(), limit.into()]).await?.iter().map(listed).collect()
}

/// One user.
///
/// # Errors
/// There is none; the database's.
pub async fn find(tx: &mut Tx, id: Uuid) -> Result<Listed, IdentityError> {
    let row = tx.query_opt(&ONE, &[id.into()]).await?.ok_or(IdentityError::NotFound("user"))?;
    Ok(listed(&row)?)
}

/// The user of that id, handle or e-mail address, as an operator names people.
///
/// # Errors
/// There is none; the database's.
pub async fn named(tx: &mut Tx, name: &str) -> Result<User, IdentityError> {
    if let Some(user) = find_by_handle(tx, name).await? {
        return Ok(user);
    }
    if let Some((_, user)) = logins::peek(tx, &name.to_ascii_lowercase()).await? {
        return Ok(user);
    }
    let id = Uuid::parse_str(name).map_err(|_| IdentityError::NotFound("user"))?;
    Ok(find(tx, id).await?.user)
}

/// Gives a user another role.
///
/// # Errors
/// There is no such user; a utility needs a DISCOM, and nobody else has one.
pub async fn set_role(
    tx: &mut Tx,
    id: Uuid,
    role: Role,
    discom: Option<&str>,
    now: Timestamp,
) -> Result<User, IdentityError> {
    if (role == Role::Utility) != discom.is_some() {
        return Err(IdentityError::DiscomMisplaced);
    }
    let row = tx.query_opt(&LOCK_ROW, &[id.into()]).await?.ok_or(IdentityError::NotFound("user"))?;
    let old = read_user(&row)?;
    tx.execute(&SET_ROLE, &[id.into(), role.as_str().into(), discom.map(str::to_owned).into()]).await?;
    if old.role != role {
        let told = json!({"role": role.as_str(), "was": old.role.as_str()});
        events::record(tx, id, &id.to_string(), "account.role_changed", &told, now).await?;
    }
    Ok(get(tx, id).await?)
}

/// Locks an account, which ends its sessions, or unlocks it.
///
/// # Errors
/// There is no such user; the database's.
pub async fn set_lock(tx: &mut Tx, id: Uuid, locked: bool, now: Timestamp) -> Result<User, IdentityError> {
    tx.query_opt(&LOCK_ROW, &[id.into()]).await?.ok_or(IdentityError::NotFound("user"))?;
    tx.execute(&SET_LOCK, &[id.into(), locked.then_some(now).into()]).await?;
    if locked {
        sessions::end_others(tx, id, None, EndedBy::Lock, now).await?;
    }
    Ok(get(tx, id).await?)
}

fn listed(row: &Row) -> Result<Listed, DbError> {
    Ok(Listed {
        user: read_user(row)?,
        email: row.get("email")?,
        email_verified: row.get::<Option<bool>>("email_verified")?.unwrap_or(false),
        phone: row.get("phone")?,
    })
}
