//! Where a user is signed in: one session for each device, kept alive by a refresh token that is good once.
//!
//! A refresh token is good for seven days and replaced at each use; a session ends after ninety days whatever happens.
//! One that was used already and comes again is in two hands, and nobody knows in whose: the session ends, and with it
//! every token that came of it. A session is read at each request, so its end takes effect at once.

use db::{DbError, Row, Tx, sql};
use units::{Span, Timestamp};
use uuid::Uuid;

use super::{IdentityError, User, read_user, token_hash};
use crate::events;
use crate::events::fact::{Fact, SessionReused};

/// How long a refresh token is good.
pub const REFRESH_LIFE: Span = Span::from_hours(7 * 24);
/// How long a session lasts at most.
const SESSION_LIFE: Span = Span::from_hours(90 * 24);
/// Sessions of one user; a further one ends the oldest.
const PER_USER: i64 = 50;
/// An ended session is kept so long, to recognize its tokens.
const KEPT: Span = Span::from_hours(7 * 24);

sql! {
    INSERT = "INSERT INTO sessions (id, user_id, way, device, created_at, used_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $5, $6)";
    INSERT_TOKEN = "INSERT INTO refresh_tokens (token_hash, session_id, expires_at) VALUES ($1, $2, $3)";
    TOKEN = "SELECT session_id, expires_at FROM refresh_tokens WHERE token_hash = $1";
    USE_TOKEN = "UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL";
    DROP_TOKENS = "DELETE FROM refresh_tokens WHERE session_id = $1 AND expires_at < $2";
    LOCK = "SELECT id, user_id, device, created_at, expires_at, ended_at FROM sessions WHERE id = $1 {FOR UPDATE}";
    PROLONG = "UPDATE sessions SET used_at = $2, expires_at = $3 WHERE id = $1";
    END = "UPDATE sessions SET ended_at = $3, ended_by = $4 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL";
    END_OTHERS = "UPDATE sessions SET ended_at = $3, ended_by = $4 \
        WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL";
    END_OF_WAY = "UPDATE sessions SET ended_at = $4, ended_by = $5 \
        WHERE user_id = $1 AND way = $2 AND id <> $3 AND ended_at IS NULL";
    LIVE = "SELECT id, way, device, created_at, used_at, expires_at FROM sessions \
        WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY id DESC LIMIT $3";
    BEARER = "SELECT u.* FROM sessions s JOIN users u ON u.id = s.user_id \
        WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > $3";
    USER = "SELECT u.* FROM users u WHERE u.id = $1";
    OLD = "SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT 500";
    DELETE_TOKENS = "DELETE FROM refresh_tokens WHERE session_id = $1";
    DELETE = "DELETE FROM sessions WHERE id = $1";
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    User,
    /// A refresh token came a second time.
    Reuse,
    /// The password was changed or reset.
    Password,
    Lock,
    /// The user has too many others.
    Room,
}

impl EndedBy {
    const fn as_str(self) -> &'static str {
        match self {
            EndedBy::User => "user",
            EndedBy::Reuse => "reuse",
            EndedBy::Password => "password",
            EndedBy::Lock => "lock",
            EndedBy::Room => "room",
        }
    }
}

/// A device that is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: Uuid,
    /// `password`, `phone`, …
    pub way: String,
    /// As the user calls it, or as the program says it is.
    pub device: String,
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub used_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A session that begins.
#[derive(Clone, Debug)]
pub struct NewSession {
    pub id: Uuid,
    pub user: Uuid,
    pub way: &'static str,
    pub device: String,
    pub refresh_token: String,
}

/// What became of a refresh token.
#[derive(Clone, Debug)]
pub enum Refreshed {
    Done {
        user: Box<User>,
        session: Uuid,
    },
    Refused,
    /// It was used before: the session has ended.
    Reused,
    Locked,
}

/// Begins a session.
///
/// # Errors
/// The database's.
pub async fn open(tx: &mut Tx, new: &NewSession, now: Timestamp) -> Result<(), DbError> {
    let live = of_user(tx, new.user, now).await?;
    let room = usize::try_from(PER_USER.saturating_sub(1)).unwrap_or(0);
    for oldest in live.iter().skip(room) {
        end(tx, new.user, oldest.id, EndedBy::Room, now).await?;
    }
    let expires = now.saturating_add(REFRESH_LIFE);
    let params = [
        new.id.into(),
        new.user.into(),
        new.way.into(),
        new.device.as_str().into(),
        now.into(),
        expires.into(),
    ];
    tx.execute(&INSERT, &params).await?;
    let hash = token_hash(&new.refresh_token);
    tx.execute(&INSERT_TOKEN, &[hash.into(), new.id.into(), expires.into()]).await?;
    Ok(())
}

/// Replaces a refresh token by the next one. What was decided must be committed, also when it is a refusal.
///
/// # Errors
/// The database's.
pub async fn refresh(tx: &mut Tx, token: &str, next: &str, now: Timestamp) -> Result<Refreshed, DbError> {
    let hash = token_hash(token);
    let Some(row) = tx.query_opt(&TOKEN, &[hash.as_str().into()]).await? else {
        return Ok(Refreshed::Refused);
    };
    let (session, expires_at): (Uuid, Timestamp) = (row.get("session_id")?, row.get("expires_at")?);
    let row = tx.query_one(&LOCK, &[session.into()]).await?;
    let (user, created_at): (Uuid, Timestamp) = (row.get("user_id")?, row.get("created_at")?);
    if row.get::<Option<Timestamp>>("ended_at")?.is_some() {
        return Ok(Refreshed::Refused);
    }
    if tx.execute(&USE_TOKEN, &[hash.into(), now.into()]).await? == 0 {
        end(tx, user, session, EndedBy::Reuse, now).await?;
        let told = Fact::SessionReused(SessionReused { session_id: session, device: row.get("device")? });
        events::tell(tx, user, &session.to_string(), &told, now).await?;
        return Ok(Refreshed::Reused);
    }
    if expires_at <= now || row.get::<Timestamp>("expires_at")? <= now {
        return Ok(Refreshed::Refused);
    }
    let user = read_user(&tx.query_one(&USER, &[user.into()]).await?)?;
    if user.locked {
        return Ok(Refreshed::Locked);
    }
    let last = created_at.saturating_add(SESSION_LIFE);
    let expires = now.saturating_add(REFRESH_LIFE).min(last);
    tx.execute(&DROP_TOKENS, &[session.into(), now.into()]).await?;
    tx.execute(&INSERT_TOKEN, &[token_hash(next).into(), session.into(), expires.into()]).await?;
    tx.execute(&PROLONG, &[session.into(), now.into(), expires.into()]).await?;
    Ok(Refreshed::Done { user: Box::new(user), session })
}

/// The user of a session that goes on.
///
/// # Errors
/// The database's.
pub async fn bearer(tx: &mut Tx, session: Uuid, user: Uuid, now: Timestamp) -> Result<Option<User>, DbError> {
    let row = tx.query_opt(&BEARER, &[session.into(), user.into(), now.into()]).await?;
    row.as_ref().map(read_user).transpose()
}

/// Where the user is signed in, newest first.
///
/// # Errors
/// The database's.
pub async fn of_user(tx: &mut Tx, user: Uuid, now: Timestamp) -> Result<Vec<Session>, DbError> {
    tx.query(&LIVE, &[user.into(), now.into(), PER_USER.into()]).await?.iter().map(read).collect()
}

/// Ends a session of that user. False when there is none that goes on.
///
/// # Errors
/// The database's.
pub async fn end(tx: &mut Tx, user: Uuid, id: Uuid, by: EndedBy, now: Timestamp) -> Result<bool, DbError> {
    Ok(tx.execute(&END, &[id.into(), user.into(), now.into(), by.as_str().into()]).await? == 1)
}

/// Ends every session of a user but one; with none named, all. Gives how many.
///
/// # Errors
/// The database's.
pub async fn end_others(
    tx: &mut Tx,
    user: Uuid,
    but: Option<Uuid>,
    by: EndedBy,
    now: Timestamp,
) -> Result<u64, DbError> {
    let but = but.unwrap_or_else(Uuid::nil);
    tx.execute(&END_OTHERS, &[user.into(), but.into(), now.into(), by.as_str().into()]).await
}

/// Ends every session of a user that has begun in that way, but for one.
///
/// # Errors
/// The database's.
pub async fn end_of_way(
    tx: &mut Tx,
    user: Uuid,
    way: &str,
    but: Uuid,
    by: EndedBy,
    now: Timestamp,
) -> Result<u64, DbError> {
    let params = [user.into(), way.into(), but.into(), now.into(), by.as_str().into()];
    tx.execute(&END_OF_WAY, &params).await
}

/// Forgets some of the sessions that are over since a week. Gives how many; zero when none is left.
///
/// # Errors
/// The database's.
pub async fn prune(tx: &mut Tx, now: Timestamp) -> Result<usize, DbError> {
    let old = tx.query(&OLD, &[now.saturating_sub(KEPT).into()]).await?;
    for row in &old {
        let id: Uuid = row.get("id")?;
        tx.execute(&DELETE_TOKENS, &[id.into()]).await?;
        tx.execute(&DELETE, &[id.into()]).await?;
    }
    Ok(old.len())
}

impl From<Refreshed> for Result<(User, Uuid), IdentityError> {
    fn from(refreshed: Refreshed) -> Self {
        match refreshed {
            Refreshed::Done { user, session } => Ok((*user, session)),
            Refreshed::Refused | Refreshed::Reused => Err(IdentityError::RefreshInvalid),
            Refreshed::Locked => Err(IdentityError::Locked),
        }
    }
}

fn read(row: &Row) -> Result<Session, DbError> {
    Ok(Session {
        id: row.get("id")?,
        way: row.get("way")?,
        device: row.get("device")?,
        created_at: row.get("created_at")?,
        used_at: row.get("used_at")?,
        expires_at: row.get("expires_at")?,
    })
}
