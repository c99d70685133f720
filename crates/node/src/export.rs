//! Writes every stored message with its headers to files, as evidence that others can check (ruling 35).
//!
//! One file per received message and per sending attempt, numbered in order of time: `000001-in-select.json`,
//! `000002-out-on_select.json`. Bodies are base64 of the exact bytes. Rows are read in pages, so memory stays
//! bounded whatever the database holds. Messages whose bytes were destroyed ([`crate::erase`]) are left out.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beckn_wire::json::{Json, Object};
use db::{Db, DbError, Row, params};
use units::Timestamp;

use crate::{inbox, outbox, seal};

/// Rows that are in memory at once, per direction.
const PAGE: i64 = 100;

/// Why an export stopped.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("cannot write {name}: {reason}")]
    Io { name: String, reason: String },
}

db::sql! {
    RECEIVED = "SELECT i.seq, i.id, i.receiver, i.sender, i.key_id, i.action, i.message_id, i.transaction_id, i.path, \
        i.headers, i.body, i.received_at AS at, i.state, i.error_code, i.reply_status, i.reply_headers, \
        i.reply_body, i.sealed, k.wrapped FROM inbox i LEFT JOIN message_keys k ON k.transaction_id = i.transaction_id \
        WHERE i.seq > $1 AND LENGTH(i.body) > 0 ORDER BY i.seq LIMIT $2";
    SENT = "SELECT a.outbox_id, a.number, a.at, a.authorization_header, a.url, a.duration_us, a.status, \
        a.response_headers, a.response_body, a.error, a.response_verified, o.sender, o.target, o.face, \
        o.action, o.message_id, o.transaction_id, o.body, o.state, o.answers, o.purpose, o.sealed, \
        a.sealed AS response_sealed, k.wrapped FROM outbox_attempts a JOIN outbox o ON o.id = a.outbox_id \
        LEFT JOIN message_keys k ON k.transaction_id = o.transaction_id WHERE o.body_digest IS NULL AND (a.at > $1 \
        OR (a.at = $1 AND (a.outbox_id > $2 OR (a.outbox_id = $2 AND a.number > $3)))) ORDER BY a.at, a.outbox_id, a.number \
        LIMIT $4";
}

/// Writes all messages into `folder`, which is made when it is absent, and gives how many files that are.
/// Existing files of the same names are replaced.
///
/// # Errors
/// Those of the database and of the file system.
pub async fn export(db: &Db, folder: &Path) -> Result<u64, ExportError> {
    std::fs::create_dir_all(folder)
        .map_err(|error| ExportError::Io { name: folder.display().to_string(), reason: error.to_string() })?;
    let (mut received, mut sent) = (Pages::received(), Pages::sent());
    let mut count: u64 = 0;
    loop {
        received.fill(db).await?;
        sent.fill(db).await?;
        let next = match (received.at()?, sent.at()?) {
            (None, None) => return Ok(count),
            (Some(_), None) => &mut received,
            (None, Some(_)) => &mut sent,
            (Some(got), Some(gave)) => {
                if got <= gave {
                    &mut received
                } else {
                    &mut sent
                }
            }
        };
        let Some(row) = next.rows.next() else { return Ok(count) };
        count = count.saturating_add(1);
        let (direction, document) =
            if next.incoming { ("in", incoming(db, &row)?) } else { ("out", outgoing(db, &row)?) };
        let action = row.get::<String>("action")?.replace('/', "_");
        let name = format!("{count:06}-{direction}-{action}.json");
        let mut text = document.to_bytes();
        text.push(b'\n');
        std::fs::write(folder.join(&name), text)
            .map_err(|error| ExportError::Io { name, reason: error.to_string() })?;
    }
}

/// One direction, a page at a time.
struct Pages {
    incoming: bool,
    rows: std::iter::Peekable<std::vec::IntoIter<Row>>,
    after: (i64, String, i64),
    ended: bool,
}

impl Pages {
    fn received() -> Self {
        Self {
            incoming: true,
            rows: Vec::new().into_iter().peekable(),
            after: (0, String::new(), 0),
            ended: false,
        }
    }

    fn sent() -> Self {
        Self { incoming: false, after: (i64::MIN, String::new(), 0), ..Self::received() }
    }

    async fn fill(&mut self, db: &Db) -> Result<(), DbError> {
        if self.ended || self.rows.peek().is_some() {
            return Ok(());
        }
        let (incoming, after) = (self.incoming, self.after.clone());
        let rows = db
            .read(move |tx| {
                let after = after.clone();
                Box::pin(async move {
                    if incoming {
                        tx.query(&RECEIVED, &params![after.0, PAGE]).await
                    } else {
                        tx.query(&SENT, &params![after.0, after.1, after.2, PAGE]).await
                    }
                })
            })
            .await?;
        match rows.last() {
            None => self.ended = true,
            Some(row) if incoming => self.after.0 = row.get("seq")?,
            Some(row) => self.after = (row.get("at")?, row.get("outbox_id")?, row.get("number")?),
        }
        self.rows = rows.into_iter().peekable();
        Ok(())
    }

    fn at(&mut self) -> Result<Option<i64>, DbError> {
        self.rows.peek().map(|row| row.get("at")).transpose()
    }
}

fn incoming(db: &Db, row: &Row) -> Result<Json, DbError> {
    let id = row.get("id")?;
    let mut file = common(row, "in")?;
    let body = seal::opened(db.vault(), row, ("body", &inbox::body_of(id), "sealed"))?;
    file.set("body", STANDARD.encode(body));
    for (name, column) in
        [("receiver", "receiver"), ("sender", "sender"), ("keyId", "key_id"), ("path", "path")]
    {
        file.set(name, row.get::<String>(column)?);
    }
    file.set("headers", headers(&row.get::<String>("headers")?));
    file.set("errorCode", optional(row.get("error_code")?));
    file.set("status", row.get::<i64>("reply_status")?);
    file.set("responseHeaders", headers(&row.get::<String>("reply_headers")?));
    let reply = seal::opened(db.vault(), row, ("reply_body", &inbox::reply_of(id), "sealed"))?;
    file.set("responseBody", STANDARD.encode(reply));
    Ok(Json::Object(file))
}

fn outgoing(db: &Db, row: &Row) -> Result<Json, DbError> {
    let (id, number) = (row.get("outbox_id")?, row.get("number")?);
    let mut file = common(row, "out")?;
    let body = seal::opened(db.vault(), row, ("body", &outbox::body_of(id), "sealed"))?;
    file.set("body", STANDARD.encode(body));
    for (name, column) in
        [("sender", "sender"), ("target", "target"), ("face", "face"), ("purpose", "purpose")]
    {
        file.set(name, row.get::<String>(column)?);
    }
    file.set("attempt", number);
    file.set("answers", optional(row.get("answers")?));
    file.set("url", optional(row.get("url")?));
    let sent = [
        ("content-type", "application/json".to_owned()),
        ("authorization", row.get("authorization_header")?),
    ];
    file.set(
        "headers",
        Json::array(sent.map(|(name, value)| Json::array([Json::from(name), Json::from(value)]))),
    );
    file.set("status", row.get::<Option<i64>>("status")?.map_or(Json::Null, Json::from));
    let answered: Option<String> = row.get("response_headers")?;
    file.set("responseHeaders", answered.map_or(Json::Null, |text| headers(&text)));
    let response = match row.get::<Option<Vec<u8>>>("response_body")? {
        Some(_) => {
            let place = outbox::response_of(id, number);
            let body = seal::opened(db.vault(), row, ("response_body", &place, "response_sealed"))?;
            Json::from(STANDARD.encode(body))
        }
        None => Json::Null,
    };
    file.set("responseBody", response);
    file.set("responseVerified", row.get::<bool>("response_verified")?);
    file.set("durationMicros", row.get::<Option<i64>>("duration_us")?.map_or(Json::Null, Json::from));
    file.set("error", optional(row.get("error")?));
    Ok(Json::Object(file))
}

fn common(row: &Row, direction: &str) -> Result<Object, DbError> {
    let mut file = Object::new();
    file.set("direction", direction);
    file.set("at", row.get::<Timestamp>("at")?.to_rfc3339());
    for (name, column) in [
        ("action", "action"),
        ("transactionId", "transaction_id"),
        ("messageId", "message_id"),
        ("state", "state"),
    ] {
        file.set(name, row.get::<String>(column)?);
    }
    Ok(file)
}

fn headers(text: &str) -> Json {
    Json::parse_text(text).unwrap_or(Json::Null)
}

fn optional(value: Option<String>) -> Json {
    value.map_or(Json::Null, Json::from)
}
