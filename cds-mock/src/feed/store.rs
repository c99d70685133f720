//! SQL of the feed. Every function runs inside the caller's transaction.

use std::collections::BTreeSet;

use db::{DbError, Row, Tx, params};
use units::Timestamp;
use uuid::Uuid;

use super::{lines, unlines};

db::sql! {
    IS_RECORDED = "SELECT COUNT(*) AS n FROM publications
        WHERE publisher = $1 AND catalog_id = $2 AND source = $3 AND part = 0";
    LOCK_COUNTER = "SELECT last FROM feed_counter WHERE one = 1 {FOR UPDATE}";
    COUNTER = "SELECT last, pruned FROM feed_counter WHERE one = 1";
    SET_COUNTER = "UPDATE feed_counter SET last = $1 WHERE one = 1";
    pub(super) SET_PRUNED = "UPDATE feed_counter SET pruned = $1 WHERE one = 1 AND pruned < $1";
    INSERT_PUBLICATION = "INSERT INTO publications (seq, publisher, catalog_id, source, part, kind, update_mode,
        networks, left_networks, types, restricted, stamped_at, at, directives, body)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    CATALOG = "SELECT networks, types, stamped_at FROM feed_catalogs WHERE publisher = $1 AND catalog_id = $2";
    PUT_CATALOG = "INSERT INTO feed_catalogs (publisher, catalog_id, networks, types, stamped_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (publisher, catalog_id) DO UPDATE SET
            networks = excluded.networks, types = excluded.types, stamped_at = excluded.stamped_at";
    pub(super) BEHIND = "SELECT seq, publisher, catalog_id, kind, update_mode, networks, left_networks,
        types, restricted, directives, body FROM publications WHERE seq > $1 ORDER BY seq LIMIT $2";
    /// Publications of a time without their bodies.
    pub(super) WINDOW = "SELECT seq, networks, left_networks, types FROM publications
        WHERE at >= $1 AND at <= $2 AND seq > $3 ORDER BY seq LIMIT $4";
    pub(super) ONE_PUBLICATION = "SELECT seq, publisher, catalog_id, kind, update_mode, networks, left_networks, types,
        restricted, directives, body FROM publications WHERE seq = $1";
    pub(super) FIRST_SINCE = "SELECT COALESCE(MIN(seq), 0) AS seq FROM publications WHERE at >= $1";

    pub(super) INSERT_SUBSCRIPTION = "INSERT INTO subscriptions
        (id, subscriber, networks, types, status, since, created_at, updated_at)
        VALUES ($1, $2, $3, $4, 'ACTIVE', $5, $6, $6)";
    pub(super) CHANGE_SUBSCRIPTION = "UPDATE subscriptions SET networks = $2, types = $3, status = 'ACTIVE', since = $4,
        updated_at = $5 WHERE id = $1";
    pub(super) END_SUBSCRIPTION = "UPDATE subscriptions SET status = 'INACTIVE', updated_at = $2
        WHERE id = $1 AND status = 'ACTIVE'";
    SUBSCRIPTION = "SELECT id, subscriber, networks, types, status, since, created_at, updated_at
        FROM subscriptions WHERE id = $1";
    pub(super) TWIN = "SELECT id FROM subscriptions
        WHERE subscriber = $1 AND networks = $2 AND types = $3 AND status = 'ACTIVE'";
    pub(super) COUNT_SUBSCRIPTIONS = "SELECT COUNT(*) AS n FROM subscriptions WHERE subscriber = $1
        AND ($2 = '' OR status = $2)";
    pub(super) LIST_SUBSCRIPTIONS = "SELECT id, subscriber, networks, types, status, since, created_at, updated_at
        FROM subscriptions WHERE subscriber = $1 AND ($2 = '' OR status = $2)
        ORDER BY created_at, id LIMIT $3 OFFSET $4";
    ACTIVE_SUBSCRIPTIONS = "SELECT id, subscriber, networks, types, status, since, created_at, updated_at
        FROM subscriptions WHERE subscriber = $1 AND status = 'ACTIVE'";
    pub(super) LOWER_SINCE = "UPDATE subscriptions SET since = $2 WHERE subscriber = $1 AND since > $2";

    pub(super) PUT_SUBSCRIBER = "INSERT INTO feed_subscribers (subscriber, transaction_id, place) VALUES ($1, $2, $3)
        ON CONFLICT (subscriber) DO NOTHING";
    /// Who had no subscription for a while begins anew at the present.
    pub(super) SKIP_IDLE = "UPDATE feed_subscribers SET place = $2 WHERE subscriber = $1 AND NOT EXISTS
        (SELECT 1 FROM subscriptions s WHERE s.subscriber = $1 AND s.status = 'ACTIVE')";
    /// Subscribers with something ahead of them and room for it under way.
    pub(super) WAITING = "SELECT f.subscriber, f.transaction_id, f.place FROM feed_subscribers f
        WHERE f.subscriber > $1 AND f.place < (SELECT c.last FROM feed_counter c WHERE c.one = 1)
        AND EXISTS (SELECT 1 FROM subscriptions s WHERE s.subscriber = f.subscriber AND s.status = 'ACTIVE')
        AND (SELECT COUNT(*) FROM pushes p WHERE p.subscriber = f.subscriber AND p.state = 'queued') < $2
        ORDER BY f.subscriber LIMIT $3";
    pub(super) MOVE_PLACE = "UPDATE feed_subscribers SET place = $3 WHERE subscriber = $1 AND place = $2";
    pub(super) LOWER_PLACE = "UPDATE feed_subscribers SET place = $2 WHERE subscriber = $1 AND place > $2";

    pub(super) INSERT_PUSH = "INSERT INTO pushes (id, subscriber, publication, state, reason, enqueued_at, finished_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    pub(super) END_PUSH = "UPDATE pushes SET state = $2, reason = $3, finished_at = $4 WHERE id = $1";
    pub(super) DEAD_PUSHES = "SELECT id, subscriber, publication, reason, enqueued_at, finished_at FROM pushes
        WHERE subscriber = $1 AND state = 'dead' ORDER BY publication, id LIMIT $2";
    pub(super) DEAD_FROM = "SELECT COALESCE(MIN(publication), 0) AS seq, COUNT(*) AS n FROM pushes
        WHERE subscriber = $1 AND state = 'dead'";
    pub(super) CLEAR_DEAD = "DELETE FROM pushes WHERE subscriber = $1 AND state = 'dead'";

    pub(super) PUT_DOWNLOAD = "INSERT INTO downloads (id, subscriber, checksum, body, expires_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (id) DO UPDATE SET checksum = excluded.checksum, body = excluded.body,
            expires_at = excluded.expires_at";
    /// All but the newest few of a subscriber, so that one cannot fill the disk.
    pub(super) DROP_DOWNLOADS = "DELETE FROM downloads WHERE subscriber = $1 AND id NOT IN
        (SELECT d.id FROM downloads d WHERE d.subscriber = $1 ORDER BY d.expires_at DESC, d.id LIMIT $2)";
    pub(super) DOWNLOAD = "SELECT body FROM downloads WHERE id = $1 AND expires_at > $2";

    pub(super) EXPIRED_DOWNLOADS = "DELETE FROM downloads WHERE expires_at <= $1";
    pub(super) OLD_PUSHES = "SELECT id FROM pushes WHERE finished_at < $1 AND state = 'delivered'
        ORDER BY finished_at LIMIT $2";
    pub(super) DROP_PUSH = "DELETE FROM pushes WHERE id = $1";
    pub(super) OLD_DEAD = "DELETE FROM pushes WHERE finished_at < $1 AND state = 'dead'";
    pub(super) OLD_PUBLICATIONS = "SELECT p.seq FROM publications p WHERE p.at < $1 AND NOT EXISTS
        (SELECT 1 FROM pushes d WHERE d.publication = p.seq AND d.state = 'dead') ORDER BY p.at, p.seq LIMIT $2";
    pub(super) DROP_PUBLICATION = "DELETE FROM publications WHERE seq = $1";
}

/// What is to be inserted of one part of a publication.
pub(super) struct NewPublication<'a> {
    pub(super) seq: i64,
    pub(super) publisher: &'a str,
    pub(super) catalog_id: &'a str,
    pub(super) source: &'a str,
    pub(super) part: i64,
    pub(super) kind: &'a str,
    pub(super) mode: &'a str,
    pub(super) networks: &'a BTreeSet<String>,
    pub(super) left: &'a BTreeSet<String>,
    pub(super) types: &'a BTreeSet<String>,
    pub(super) restricted: bool,
    pub(super) stamped_at: Timestamp,
    pub(super) at: Timestamp,
    pub(super) directives: &'a Vec<u8>,
    pub(super) body: &'a Vec<u8>,
}

/// What the feed knows of a catalog.
#[derive(Clone, Debug)]
pub(super) struct KnownCatalog {
    pub(super) networks: BTreeSet<String>,
    pub(super) types: BTreeSet<String>,
    pub(super) stamped_at: Timestamp,
}

impl Default for KnownCatalog {
    fn default() -> Self {
        let (networks, types) = (BTreeSet::new(), BTreeSet::new());
        Self { networks, types, stamped_at: Timestamp::MIN }
    }
}

pub(super) async fn is_recorded(
    tx: &mut Tx,
    publisher: &str,
    catalog_id: &str,
    source: &str,
) -> Result<bool, DbError> {
    let row = tx.query_one(&IS_RECORDED, &params![publisher, catalog_id, source]).await?;
    Ok(row.get::<i64>("n")? > 0)
}

/// The last number given; nobody else gets one until the transaction ends.
pub(super) async fn lock_counter(tx: &mut Tx) -> Result<i64, DbError> {
    tx.query_one(&LOCK_COUNTER, &[]).await?.get("last")
}

pub(super) async fn set_counter(tx: &mut Tx, last: i64) -> Result<(), DbError> {
    tx.execute(&SET_COUNTER, &params![last]).await.map(|_| ())
}

/// The last number given, and that up to which publications were pruned.
pub(super) async fn counter(tx: &mut Tx) -> Result<(i64, i64), DbError> {
    let row = tx.query_one(&COUNTER, &[]).await?;
    Ok((row.get("last")?, row.get("pruned")?))
}

pub(super) async fn insert_publication(tx: &mut Tx, row: &NewPublication<'_>) -> Result<(), DbError> {
    let fields = params![
        row.seq,
        row.publisher,
        row.catalog_id,
        row.source,
        row.part,
        row.kind,
        row.mode,
        lines(row.networks),
        lines(row.left),
        lines(row.types),
        row.restricted,
        row.stamped_at,
        row.at,
        row.directives,
        row.body
    ];
    tx.execute(&INSERT_PUBLICATION, &fields).await.map(|_| ())
}

pub(super) async fn catalog(
    tx: &mut Tx,
    publisher: &str,
    catalog_id: &str,
) -> Result<Option<KnownCatalog>, DbError> {
    let row = tx.query_opt(&CATALOG, &params![publisher, catalog_id]).await?;
    row.map(|row| {
        Ok(KnownCatalog {
            networks: texts(&row, "networks")?,
            types: texts(&row, "types")?,
            stamped_at: row.get("stamped_at")?,
        })
    })
    .transpose()
}

pub(super) async fn put_catalog(
    tx: &mut Tx,
    publisher: &str,
    catalog_id: &str,
    known: &KnownCatalog,
) -> Result<(), DbError> {
    let fields =
        params![publisher, catalog_id, lines(&known.networks), lines(&known.types), known.stamped_at];
    tx.execute(&PUT_CATALOG, &fields).await.map(|_| ())
}

pub(super) fn texts(row: &Row, column: &'static str) -> Result<BTreeSet<String>, DbError> {
    Ok(unlines(&row.get::<String>(column)?))
}

/// A subscription as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) id: Uuid,
    pub(super) subscriber: String,
    pub(super) networks: BTreeSet<String>,
    pub(super) types: BTreeSet<String>,
    pub(super) active: bool,
    pub(super) since: i64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

pub(super) fn subscription(row: &Row) -> Result<Stored, DbError> {
    Ok(Stored {
        id: row.get("id")?,
        subscriber: row.get("subscriber")?,
        networks: texts(row, "networks")?,
        types: texts(row, "types")?,
        active: row.get::<String>("status")? == "ACTIVE",
        since: row.get("since")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// The subscription of that id, whosever it is.
pub(super) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Stored>, DbError> {
    let row = tx.query_opt(&SUBSCRIPTION, &params![id]).await?;
    row.as_ref().map(subscription).transpose()
}

/// The active subscriptions of one subscriber.
pub(super) async fn active(tx: &mut Tx, subscriber: &str) -> Result<Vec<Stored>, DbError> {
    let rows = tx.query(&ACTIVE_SUBSCRIPTIONS, &params![subscriber]).await?;
    rows.iter().map(subscription).collect()
}
