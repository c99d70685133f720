//! By what a user signs in: an e-mail address with a password, or a mobile number. SQL.

use db::{DbError, Row, Tx, sql};
use units::{Span, Timestamp};
use uuid::Uuid;

use super::{IdentityError, User, get, no_token, token_hash};

sql! {
    INSERT_USER = "INSERT INTO users (id, handle, display_name, token_hash, payout_name, payout_vpa, created_at, \
        language, verified) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    INSERT = "INSERT INTO logins (user_id, email, email_verified, phone, password_hash, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT DO NOTHING";
    BY_USER = "SELECT * FROM logins WHERE user_id = $1";
    BY_EMAIL = "SELECT * FROM logins WHERE email = $1 {FOR UPDATE}";
    PEEK_EMAIL = "SELECT * FROM logins WHERE email = $1";
    BY_PHONE = "SELECT * FROM logins WHERE phone = $1";
    SET_PASSWORD = "UPDATE logins SET password_hash = $2, updated_at = $3 WHERE user_id = $1";
    SET_EMAIL = "UPDATE logins SET email = $2, email_verified = 1, updated_at = $3 WHERE user_id = $1";
    CONFIRM_EMAIL = "UPDATE logins SET email_verified = 1, updated_at = $2 WHERE user_id = $1";
    TOUCH = "UPDATE logins SET updated_at = updated_at WHERE user_id = $1";
    CONFIRM_USER = "UPDATE users SET verified = 1 WHERE id = $1";
    RELEASE = "UPDATE logins SET email = NULL, password_hash = NULL, updated_at = $2 WHERE user_id = $1";
    INSERT_LINK = "INSERT INTO mail_links (token_hash, user_id, kind, expires_at) VALUES ($1, $2, $3, $4)";
    LINK = "SELECT user_id, expires_at FROM mail_links WHERE token_hash = $1 AND kind = $2";
    DROP_LINKS = "DELETE FROM mail_links WHERE user_id = $1 AND kind = $2";
    PRUNE_LINKS = "DELETE FROM mail_links WHERE expires_at < $1";
}

/// How a user signs in.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    pub user_id: Uuid,
    pub email: Option<String>,
    pub email_verified: bool,
    pub phone: Option<String>,
    pub password_hash: Option<String>,
}

/// What a link in an e-mail is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    Verify,
    Reset,
}

impl LinkKind {
    const fn as_str(self) -> &'static str {
        match self {
            LinkKind::Verify => "verify",
            LinkKind::Reset => "reset",
        }
    }

    const fn life(self) -> Span {
        match self {
            LinkKind::Verify => Span::from_hours(48),
            LinkKind::Reset => Span::from_hours(1),
        }
    }
}

/// Somebody new.
#[derive(Clone, Debug)]
pub struct Newcomer {
    pub id: Uuid,
    pub name: String,
    pub language: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub password_hash: Option<String>,
    /// The address was checked already.
    pub verified: bool,
}

/// Adds a user with a login. Another one with the address, added at the same time, makes this one be tried again.
pub async fn add(tx: &mut Tx, new: &Newcomer, now: Timestamp) -> Result<User, DbError> {
    let handle = new.id.to_string();
    let params = [
        new.id.into(),
        handle.as_str().into(),
        new.name.as_str().into(),
        no_token(&handle).into(),
        new.name.as_str().into(),
        // Where they are paid only the users themselves can say.
        "".into(),
        now.into(),
        new.language.as_str().into(),
        new.verified.into(),
    ];
    tx.execute(&INSERT_USER, &params).await?;
    let email_verified = new.verified && new.email.is_some();
    let params = [
        new.id.into(),
        new.email.clone().into(),
        email_verified.into(),
        new.phone.clone().into(),
        new.password_hash.clone().into(),
        now.into(),
    ];
    if tx.execute(&INSERT, &params).await? == 0 {
        return Err(tx.met());
    }
    get(tx, new.id).await
}

/// Gives a user that the operator has entered an e-mail address and a password. Without a hash the password stays.
///
/// # Errors
/// The address is another account's; the database's.
pub async fn enter(
    tx: &mut Tx,
    user: Uuid,
    email: &str,
    hash: Option<String>,
    now: Timestamp,
) -> Result<(), IdentityError> {
    if let Some(other) = by_email(tx, email).await?
        && other.user_id != user
    {
        return Err(IdentityError::EmailTaken);
    }
    match login(tx, user).await? {
        Some(_) => {
            tx.execute(&SET_EMAIL, &[user.into(), email.into(), now.into()]).await?;
            if let Some(hash) = hash {
                set_password(tx, user, &hash, now).await?;
            }
        }
        None => {
            let none: Option<String> = None;
            let params = [user.into(), email.into(), true.into(), none.into(), hash.into(), now.into()];
            tx.execute(&INSERT, &params).await?;
        }
    }
    Ok(())
}

/// How that user signs in; nothing for one that has only a token of the operator's.
///
/// # Errors
/// The database's.
pub async fn login(tx: &mut Tx, user: Uuid) -> Result<Option<Login>, DbError> {
    tx.query_opt(&BY_USER, &[user.into()]).await?.as_ref().map(read).transpose()
}

/// Under a row lock.
pub async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<Login>, DbError> {
    tx.query_opt(&BY_EMAIL, &[email.into()]).await?.as_ref().map(read).transpose()
}

/// With the user, for reading.
pub async fn peek(tx: &mut Tx, email: &str) -> Result<Option<(Login, User)>, DbError> {
    let Some(row) = tx.query_opt(&PEEK_EMAIL, &[email.into()]).await? else { return Ok(None) };
    let login = read(&row)?;
    let user = get(tx, login.user_id).await?;
    Ok(Some((login, user)))
}

pub async fn by_phone(tx: &mut Tx, phone: &str) -> Result<Option<User>, DbError> {
    let Some(row) = tx.query_opt(&BY_PHONE, &[phone.into()]).await? else { return Ok(None) };
    Ok(Some(get(tx, row.get("user_id")?).await?))
}

pub async fn set_password(tx: &mut Tx, user: Uuid, hash: &str, now: Timestamp) -> Result<(), DbError> {
    tx.execute(&SET_PASSWORD, &[user.into(), hash.into(), now.into()]).await?;
    Ok(())
}

/// Whoever opened the link has the mailbox.
pub async fn confirm_email(tx: &mut Tx, user: Uuid, now: Timestamp) -> Result<(), DbError> {
    tx.execute(&CONFIRM_EMAIL, &[user.into(), now.into()]).await?;
    confirm_user(tx, user).await
}

/// The user has an address that was checked.
pub async fn confirm_user(tx: &mut Tx, user: Uuid) -> Result<(), DbError> {
    tx.execute(&CONFIRM_USER, &[user.into()]).await?;
    Ok(())
}

/// A write like any other, that changes nothing.
pub async fn touch(tx: &mut Tx, user: Uuid) -> Result<(), DbError> {
    tx.execute(&TOUCH, &[user.into()]).await?;
    Ok(())
}

/// Ends the mere claim to an address that was never shown to be the user's, with the links that were sent to it. What
/// the account has keeps to the account: nothing of it comes to whoever owns the address.
pub async fn release(tx: &mut Tx, user: Uuid, now: Timestamp) -> Result<(), DbError> {
    drop_links(tx, user, LinkKind::Verify).await?;
    drop_links(tx, user, LinkKind::Reset).await?;
    tx.execute(&RELEASE, &[user.into(), now.into()]).await?;
    Ok(())
}

/// Stores a link in place of the one before.
pub async fn put_link(
    tx: &mut Tx,
    user: Uuid,
    kind: LinkKind,
    token: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    drop_links(tx, user, kind).await?;
    let expires = now.saturating_add(kind.life());
    let params = [token_hash(token).into(), user.into(), kind.as_str().into(), expires.into()];
    tx.execute(&INSERT_LINK, &params).await?;
    Ok(())
}

/// Whose link this is, when it is good.
pub async fn link(tx: &mut Tx, kind: LinkKind, token: &str, now: Timestamp) -> Result<Option<Uuid>, DbError> {
    let row = tx.query_opt(&LINK, &[token_hash(token).into(), kind.as_str().into()]).await?;
    let Some(row) = row else { return Ok(None) };
    if row.get::<Timestamp>("expires_at")? <= now { Ok(None) } else { row.get("user_id").map(Some) }
}

/// False when there was none, so that of two who use a link at the same time one is late.
pub async fn drop_links(tx: &mut Tx, user: Uuid, kind: LinkKind) -> Result<bool, DbError> {
    Ok(tx.execute(&DROP_LINKS, &[user.into(), kind.as_str().into()]).await? > 0)
}

pub async fn prune_links(tx: &mut Tx, now: Timestamp) -> Result<u64, DbError> {
    tx.execute(&PRUNE_LINKS, &[now.into()]).await
}

pub(super) fn read(row: &Row) -> Result<Login, DbError> {
    Ok(Login {
        user_id: row.get("user_id")?,
        email: row.get("email")?,
        email_verified: row.get("email_verified")?,
        phone: row.get("phone")?,
        password_hash: row.get("password_hash")?,
    })
}
