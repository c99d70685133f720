//! SQL of the registry. Every function runs inside the caller's transaction.

use beckn_wire::signature::PublicKey;
use db::{DbError, Row, Tx};
use units::Timestamp;

use super::model::{Entry, Registration};

db::sql! {
    LOCK_SUBSCRIBER = "SELECT url, kind, domain, memberships, updated_at FROM subscribers
        WHERE subscriber_id = $1 {FOR UPDATE}";
    /// How many have registered by themselves.
    COUNT_SELF = "SELECT COUNT(*) AS n FROM subscribers WHERE origin = 'self'";
    UPSERT_SUBSCRIBER = "INSERT INTO subscribers
        (subscriber_id, url, kind, domain, memberships, origin, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (subscriber_id) DO UPDATE SET url = excluded.url, kind = excluded.kind,
            domain = excluded.domain, memberships = excluded.memberships,
            updated_at = CASE WHEN excluded.updated_at > subscribers.updated_at THEN excluded.updated_at
                ELSE subscribers.updated_at END,
            origin = CASE WHEN excluded.origin = 'operator' THEN 'operator' ELSE subscribers.origin END";
    REVOKE_SQUATTERS = "UPDATE subscriber_keys SET revoked_at = $3, updated_at = $3
        WHERE subscriber_id = $1 AND key_id <> $2 AND revoked_at IS NULL
        AND EXISTS (SELECT 1 FROM subscribers s WHERE s.subscriber_id = $1 AND s.origin = 'self')";
    INSERT_KEY = "INSERT INTO subscriber_keys
        (subscriber_id, key_id, signing_public_key, encr_public_key, valid_until, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (subscriber_id, key_id) DO NOTHING";
    REVOKE_KEY = "UPDATE subscriber_keys SET revoked_at = $3, updated_at = $3
        WHERE subscriber_id = $1 AND key_id = $2 AND revoked_at IS NULL";
    SELECT_KEYS = "SELECT s.subscriber_id, s.url, s.kind, s.domain, s.memberships, k.key_id,
            k.signing_public_key, k.encr_public_key, k.valid_until, k.revoked_at, k.created_at, k.updated_at
        FROM subscribers s JOIN subscriber_keys k ON k.subscriber_id = s.subscriber_id
        WHERE s.subscriber_id = $1 ORDER BY k.created_at DESC, k.key_id LIMIT 256";
}

/// Every key of a subscriber, the newest first.
pub(super) async fn keys(tx: &mut Tx, subscriber_id: &str) -> Result<Vec<Entry>, DbError> {
    tx.query(&SELECT_KEYS, &[subscriber_id.into()]).await?.iter().map(entry).collect()
}

/// What is said of a subscriber, and when it was said.
pub(super) struct Description {
    url: String,
    kind: String,
    domain: String,
    pub(super) memberships: Vec<String>,
    pub(super) said_at: Timestamp,
}

impl Description {
    /// Whether this says the same.
    pub(super) fn is_of(&self, entry: &Registration) -> bool {
        (&self.url, &self.kind, &self.domain) == (&entry.url, &entry.kind, &entry.domain)
            && self.memberships == entry.network_memberships
    }
}

/// What is known of a subscriber, its row locked. `None` when there is no such subscriber.
pub(super) async fn lock(tx: &mut Tx, subscriber_id: &str) -> Result<Option<Description>, DbError> {
    let row = tx.query_opt(&LOCK_SUBSCRIBER, &[subscriber_id.into()]).await?;
    row.map(|row| {
        Ok(Description {
            url: row.get("url")?,
            kind: row.get("kind")?,
            domain: row.get("domain")?,
            memberships: names(&row, "memberships")?,
            said_at: row.get("updated_at")?,
        })
    })
    .transpose()
}

pub(super) async fn count_self_registered(tx: &mut Tx) -> Result<i64, DbError> {
    tx.query_one(&COUNT_SELF, &[]).await?.get("n")
}

/// Adds the subscriber, or changes its address, role and memberships, as said at that time.
pub(super) async fn put_subscriber(
    tx: &mut Tx,
    entry: &Registration,
    origin: &str,
    now: Timestamp,
    said_at: Timestamp,
) -> Result<(), DbError> {
    let memberships = entry.network_memberships.join("\n");
    let id = &entry.subscriber_id;
    let values = [
        id.into(),
        (&entry.url).into(),
        (&entry.kind).into(),
        (&entry.domain).into(),
        memberships.into(),
        origin.into(),
    ];
    let values: Vec<db::Value> = values.into_iter().chain([now.into(), said_at.into()]).collect();
    tx.execute(&UPSERT_SUBSCRIBER, &values).await.map(|_| ())
}

/// Adds a key; one of that id stays as it is.
pub(super) async fn add_key(tx: &mut Tx, entry: &Registration, now: Timestamp) -> Result<(), DbError> {
    let values = [
        (&entry.subscriber_id).into(),
        (&entry.key_id).into(),
        entry.public_key.to_base64().into(),
        (&entry.encr_public_key).into(),
        entry.valid_until.into(),
        now.into(),
    ];
    tx.execute(&INSERT_KEY, &values).await.map(|_| ())
}

/// Revokes every key but the named one of a subscriber that had registered itself: the operator's word is another's.
pub(super) async fn revoke_squatters(
    tx: &mut Tx,
    subscriber: &str,
    key: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    tx.execute(&REVOKE_SQUATTERS, &[subscriber.into(), key.into(), now.into()]).await.map(|_| ())
}

/// Revokes a key; one that is revoked already keeps its date.
pub(super) async fn revoke(tx: &mut Tx, subscriber: &str, key: &str, now: Timestamp) -> Result<(), DbError> {
    tx.execute(&REVOKE_KEY, &[subscriber.into(), key.into(), now.into()]).await.map(|_| ())
}

fn entry(row: &Row) -> Result<Entry, DbError> {
    let key: String = row.get("signing_public_key")?;
    let public_key = PublicKey::from_base64(&key)
        .map_err(|e| DbError::Column { column: "signing_public_key".to_owned(), reason: e.to_string() })?;
    Ok(Entry {
        registration: Registration {
            subscriber_id: row.get("subscriber_id")?,
            url: row.get("url")?,
            kind: row.get("kind")?,
            domain: row.get("domain")?,
            key_id: row.get("key_id")?,
            public_key,
            encr_public_key: row.get("encr_public_key")?,
            network_memberships: names(row, "memberships")?,
            valid_until: row.get("valid_until")?,
        },
        revoked: row.get::<Option<i64>>("revoked_at")?.is_some(),
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// Names are stored one to a line; control characters cannot be in them.
fn names(row: &Row, column: &str) -> Result<Vec<String>, DbError> {
    let text: String = row.get(column)?;
    Ok(text.lines().map(str::to_owned).collect())
}
