//! API tokens of machines: random, shown once, stored as a hash, confined by scopes, good for a year at most.

use db::{DbError, Row, Tx, sql};
use units::{Span, Timestamp};
use uuid::Uuid;

use super::{IdentityError, Scope, User, read_user, token_hash};

/// How every token of this kind begins, so that a scanner of leaked secrets knows it.
pub const PREFIX: &str = "wmt_";
/// Good tokens of one user.
const PER_USER: i64 = 50;
/// How exactly it is known when a token was last used.
pub const USED_WITHIN: Span = Span::from_hours(1);

sql! {
    INSERT = "INSERT INTO api_tokens (id, user_id, name, token_hash, scopes, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    GOOD = "SELECT id, name, scopes, created_at, expires_at, used_at FROM api_tokens \
        WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY id DESC LIMIT $3";
    FIND = "SELECT u.*, t.id AS token_id, t.scopes, t.used_at FROM api_tokens t JOIN users u ON u.id = t.user_id \
        WHERE t.token_hash = $1 AND t.revoked_at IS NULL AND t.expires_at > $2";
    BY_ID = "SELECT u.*, t.id AS token_id, t.scopes, t.used_at FROM api_tokens t JOIN users u ON u.id = t.user_id \
        WHERE t.id = $1 AND t.user_id = $2 AND t.revoked_at IS NULL AND t.expires_at > $3";
    REVOKE = "UPDATE api_tokens SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL";
    USED = "UPDATE api_tokens SET used_at = $2 WHERE id = $1";
    PRUNE = "DELETE FROM api_tokens WHERE expires_at < $1";
}

/// A token, without what it opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    pub id: Uuid,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// To the hour.
    pub used_at: Option<Timestamp>,
}

/// A token as it came with a request.
#[derive(Clone, Debug)]
pub struct Presented {
    pub user: User,
    pub id: Uuid,
    pub scopes: Vec<Scope>,
    pub used_at: Option<Timestamp>,
}

/// Stores a token.
///
/// # Errors
/// The user has too many; the database's.
pub async fn add(tx: &mut Tx, user: Uuid, token: &ApiToken, secret: &str) -> Result<(), IdentityError> {
    if i64::try_from(of_user(tx, user, token.created_at).await?.len()).unwrap_or(i64::MAX) >= PER_USER {
        return Err(IdentityError::TokensFull(PER_USER));
    }
    let params = [
        token.id.into(),
        user.into(),
        token.name.as_str().into(),
        token_hash(secret).into(),
        written(&token.scopes).into(),
        token.created_at.into(),
        token.expires_at.into(),
    ];
    tx.execute(&INSERT, &params).await?;
    Ok(())
}

/// The user's tokens that are good, newest first.
///
/// # Errors
/// The database's.
pub async fn of_user(tx: &mut Tx, user: Uuid, now: Timestamp) -> Result<Vec<ApiToken>, DbError> {
    tx.query(&GOOD, &[user.into(), now.into(), PER_USER.into()]).await?.iter().map(read).collect()
}

/// Whose token this is, when it is good.
///
/// # Errors
/// The database's.
pub async fn find(tx: &mut Tx, secret: &str, now: Timestamp) -> Result<Option<Presented>, DbError> {
    tx.query_opt(&FIND, &[token_hash(secret).into(), now.into()]).await?.as_ref().map(presented).transpose()
}

/// That token of the user, when it is good.
///
/// # Errors
/// The database's.
pub async fn by_id(tx: &mut Tx, user: Uuid, id: Uuid, now: Timestamp) -> Result<Option<Presented>, DbError> {
    tx.query_opt(&BY_ID, &[id.into(), user.into(), now.into()]).await?.as_ref().map(presented).transpose()
}

fn presented(row: &Row) -> Result<Presented, DbError> {
    Ok(Presented {
        user: read_user(row)?,
        id: row.get("token_id")?,
        scopes: scopes(&row.get::<String>("scopes")?),
        used_at: row.get("used_at")?,
    })
}

/// Remembers that a token was used.
///
/// # Errors
/// The database's.
pub async fn used(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<(), DbError> {
    tx.execute(&USED, &[id.into(), now.into()]).await?;
    Ok(())
}

/// Takes a token back. False when the user has no such token that is good.
///
/// # Errors
/// The database's.
pub async fn revoke(tx: &mut Tx, user: Uuid, id: Uuid, now: Timestamp) -> Result<bool, DbError> {
    Ok(tx.execute(&REVOKE, &[id.into(), user.into(), now.into()]).await? == 1)
}

/// Forgets tokens that have expired a month ago.
///
/// # Errors
/// The database's.
pub async fn prune(tx: &mut Tx, now: Timestamp) -> Result<u64, DbError> {
    tx.execute(&PRUNE, &[now.saturating_sub(Span::from_hours(30 * 24)).into()]).await
}

fn written(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

fn scopes(text: &str) -> Vec<Scope> {
    text.split(' ').filter_map(Scope::parse).collect()
}

fn read(row: &Row) -> Result<ApiToken, DbError> {
    Ok(ApiToken {
        id: row.get("id")?,
        name: row.get("name")?,
        scopes: scopes(&row.get::<String>("scopes")?),
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        used_at: row.get("used_at")?,
    })
}
