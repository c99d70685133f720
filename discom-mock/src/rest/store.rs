//! SQL of the REST records, and nothing else. Every function runs in its caller's transaction.

use beckn_wire::json::{Json, Object};
use db::{DbError, Row, Tx, Value, params};
use units::Timestamp;

use super::request::{instant, text};
use crate::ledger::model::sha256;

db::sql! {
    FIND = "SELECT ledger_id, transaction_id, order_item_id, record_id, document, row_digest, \
        created_at, version FROM rest_records WHERE transaction_id = $1 AND order_item_id = $2 ORDER \
        BY ledger_id";
    LOCK = "SELECT ledger_id, transaction_id, order_item_id, record_id, document, row_digest, \
        created_at, version FROM rest_records WHERE ledger_id = $1 AND transaction_id = $2 AND \
        order_item_id = $3 {FOR UPDATE}";
    ADD = "INSERT INTO rest_records (ledger_id, transaction_id, order_item_id, record_id, \
        platform_buyer, platform_seller, discom_buyer, discom_seller, buyer_id, seller_id, \
        trade_time, delivery_start, delivery_end, document, row_digest, created_at, version, \
        status_buyer, status_seller) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
        $14, $15, $16, $17, $18, $19) ON CONFLICT DO NOTHING";
    CHANGE = "UPDATE rest_records SET record_id = $4, platform_buyer = $5, platform_seller = $6, \
        discom_buyer = $7, discom_seller = $8, buyer_id = $9, seller_id = $10, trade_time = $11, \
        delivery_start = $12, delivery_end = $13, document = $14, row_digest = $15, created_at = \
        $16, version = $17, status_buyer = $18, status_seller = $19 WHERE ledger_id = $1 AND \
        transaction_id = $2 AND order_item_id = $3";
    IN_WINDOW = "SELECT ledger_id, transaction_id, order_item_id, record_id, document, row_digest, \
        created_at, version FROM rest_records WHERE (CAST($1 AS TEXT) IS NULL OR ledger_id = $1) AND \
        delivery_start = $2 AND delivery_end = $3 ORDER BY transaction_id, order_item_id {FOR \
        UPDATE}";
    SEARCH_DOWN = "SELECT ledger_id, transaction_id, order_item_id, record_id, document, row_digest, \
        created_at, version FROM rest_records WHERE (CAST($1 AS TEXT) IS NULL OR ledger_id = $1) AND \
        (platform_buyer = $2 OR platform_seller = $2 OR discom_buyer IN ($2, $3) OR discom_seller IN \
        ($2, $3)) AND (CAST($4 AS TEXT) IS NULL OR transaction_id = $4) AND (CAST($5 AS TEXT) IS \
        NULL OR order_item_id = $5) AND (CAST($6 AS TEXT) IS NULL OR record_id = $6) AND (CAST($7 AS \
        TEXT) IS NULL OR buyer_id = $7) AND (CAST($8 AS TEXT) IS NULL OR seller_id = $8) AND \
        (CAST($9 AS TEXT) IS NULL OR discom_buyer = $9) AND (CAST($10 AS TEXT) IS NULL OR \
        discom_seller = $10) AND (CAST($11 AS TEXT) IS NULL OR platform_buyer = $11) AND (CAST($12 \
        AS TEXT) IS NULL OR platform_seller = $12) AND (CAST($13 AS TEXT) IS NULL OR status_buyer = \
        $13) AND (CAST($14 AS TEXT) IS NULL OR status_seller = $14) AND created_at >= $15 AND \
        created_at < $16 AND COALESCE(trade_time, $17) >= $17 AND COALESCE(trade_time, $17) < $18 \
        AND COALESCE(delivery_start, $19) >= $19 AND COALESCE(delivery_start, $19) < $20 AND \
        COALESCE(delivery_end, $21) >= $21 AND COALESCE(delivery_end, $21) < $22 ORDER BY CASE WHEN \
        $23 = 2 THEN trade_time WHEN $23 = 3 THEN delivery_start WHEN $23 = 4 THEN delivery_end ELSE \
        created_at END DESC, transaction_id, order_item_id LIMIT $24 OFFSET $25";
    SEARCH_UP = "SELECT ledger_id, transaction_id, order_item_id, record_id, document, row_digest, \
        created_at, version FROM rest_records WHERE (CAST($1 AS TEXT) IS NULL OR ledger_id = $1) AND \
        (platform_buyer = $2 OR platform_seller = $2 OR discom_buyer IN ($2, $3) OR discom_seller IN \
        ($2, $3)) AND (CAST($4 AS TEXT) IS NULL OR transaction_id = $4) AND (CAST($5 AS TEXT) IS \
        NULL OR order_item_id = $5) AND (CAST($6 AS TEXT) IS NULL OR record_id = $6) AND (CAST($7 AS \
        TEXT) IS NULL OR buyer_id = $7) AND (CAST($8 AS TEXT) IS NULL OR seller_id = $8) AND \
        (CAST($9 AS TEXT) IS NULL OR discom_buyer = $9) AND (CAST($10 AS TEXT) IS NULL OR \
        discom_seller = $10) AND (CAST($11 AS TEXT) IS NULL OR platform_buyer = $11) AND (CAST($12 \
        AS TEXT) IS NULL OR platform_seller = $12) AND (CAST($13 AS TEXT) IS NULL OR status_buyer = \
        $13) AND (CAST($14 AS TEXT) IS NULL OR status_seller = $14) AND created_at >= $15 AND \
        created_at < $16 AND COALESCE(trade_time, $17) >= $17 AND COALESCE(trade_time, $17) < $18 \
        AND COALESCE(delivery_start, $19) >= $19 AND COALESCE(delivery_start, $19) < $20 AND \
        COALESCE(delivery_end, $21) >= $21 AND COALESCE(delivery_end, $21) < $22 ORDER BY CASE WHEN \
        $23 = 2 THEN trade_time WHEN $23 = 3 THEN delivery_start WHEN $23 = 4 THEN delivery_end ELSE \
        created_at END, transaction_id, order_item_id LIMIT $24 OFFSET $25";
    WRITTEN = "SELECT body_digest, status, answer FROM rest_writes WHERE ledger_id = $1 AND caller = \
        $2 AND target = $3 AND client_reference = $4";
    ADD_WRITE = "INSERT INTO rest_writes (ledger_id, caller, target, client_reference, body_digest, \
        status, answer, written_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
}

/// A record as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub ledger_id: String,
    pub transaction_id: String,
    pub order_item_id: String,
    pub record_id: String,
    /// The members that were written, normalized.
    pub document: Object,
    pub row_digest: String,
    pub created_at: Timestamp,
    pub version: i64,
}

impl Record {
    /// The record as the interface shows it, without its digest. A party that nobody named yet is empty: the
    /// schema knows no record without parties.
    pub fn to_json(&self) -> Object {
        let mut shown = Object::new();
        shown.set("creationTime", self.created_at.to_rfc3339());
        shown.set("recordId", self.record_id.as_str());
        shown.set("transactionId", self.transaction_id.as_str());
        shown.set("orderItemId", self.order_item_id.as_str());
        for name in PARTIES {
            shown.set(name, text(&self.document, name).unwrap_or_default());
        }
        for name in REST {
            if let Some(value) = self.document.get(name) {
                shown.set(name, value.clone());
            }
        }
        shown
    }

    /// Takes the digest of the row as it now stands.
    pub fn seal(&mut self) {
        let mut row = self.to_json();
        row.set("version", self.version);
        row.set("ledgerId", self.ledger_id.as_str());
        self.row_digest = sha256(&Json::Object(row).to_bytes());
    }
}

/// Who trades.
pub const PARTIES: [&str; 6] =
    ["platformIdBuyer", "platformIdSeller", "discomIdBuyer", "discomIdSeller", "buyerId", "sellerId"];

const REST: [&str; 8] = [
    "tradeTime",
    "deliveryStartTime",
    "deliveryEndTime",
    "tradeDetails",
    "buyerFulfillmentValidationMetrics",
    "sellerFulfillmentValidationMetrics",
    "statusBuyerDiscom",
    "statusSellerDiscom",
];

/// The records of that key in all ledgers of this process, for reading.
pub async fn find(tx: &mut Tx, transaction: &str, item: &str) -> Result<Vec<Record>, DbError> {
    tx.query(&FIND, &params![transaction, item]).await?.iter().map(read).collect()
}

/// A record, locked until the transaction ends.
pub async fn lock(
    tx: &mut Tx,
    ledger_id: &str,
    transaction: &str,
    item: &str,
) -> Result<Option<Record>, DbError> {
    tx.query_opt(&LOCK, &params![ledger_id, transaction, item]).await?.as_ref().map(read).transpose()
}

/// Inserts a record; false when there is one.
pub async fn add(tx: &mut Tx, record: &Record) -> Result<bool, DbError> {
    Ok(tx.execute(&ADD, &values(record)).await? == 1)
}

/// Writes back a locked record.
pub async fn change(tx: &mut Tx, record: &Record) -> Result<(), DbError> {
    tx.execute(&CHANGE, &values(record)).await.map(drop)
}

/// The records that are delivered in exactly that window, of one ledger or of all, locked.
pub async fn in_window(
    tx: &mut Tx,
    ledger_id: Option<&str>,
    start: Timestamp,
    end: Timestamp,
) -> Result<Vec<Record>, DbError> {
    tx.query(&IN_WINDOW, &params![ledger_id, start, end]).await?.iter().map(read).collect()
}

/// The records that a caller may see and asks for. `code` is the short name of the caller's DISCOM.
pub async fn search(
    tx: &mut Tx,
    ledger_id: Option<&str>,
    caller: &str,
    code: &str,
    filter: &Object,
    page: (i64, i64),
) -> Result<Vec<Record>, DbError> {
    let wanted = |name: &str| text(filter, name).filter(|text| !text.is_empty());
    let from = |name: &str| instant(filter, name).unwrap_or(Timestamp::MIN);
    let to = |name: &str| instant(filter, name).unwrap_or(Timestamp::MAX);
    let sort: i64 = match text(filter, "sort") {
        Some("tradeTime") => 2,
        Some("deliveryStartTime") => 3,
        Some("deliveryEndTime") => 4,
        _ => 1,
    };
    let statement = if text(filter, "sortOrder") == Some("asc") { &SEARCH_UP } else { &SEARCH_DOWN };
    let values = params![
        ledger_id,
        caller,
        code,
        wanted("transactionId"),
        wanted("orderItemId"),
        wanted("recordId"),
        wanted("buyerId"),
        wanted("sellerId"),
        wanted("discomIdBuyer"),
        wanted("discomIdSeller"),
        wanted("platformIdBuyer"),
        wanted("platformIdSeller"),
        wanted("statusBuyerDiscom"),
        wanted("statusSellerDiscom"),
        from("creationTimeFrom"),
        to("creationTimeTo"),
        from("tradeTimeFrom"),
        to("tradeTimeTo"),
        from("deliveryStartFrom"),
        to("deliveryStartTo"),
        from("deliveryEndFrom"),
        to("deliveryEndTo"),
        sort,
        page.0,
        page.1,
    ];
    tx.query(statement, &values).await?.iter().map(read).collect()
}

/// An earlier write under a caller's own token: the digest of its body, and its answer.
pub async fn written(
    tx: &mut Tx,
    ledger_id: &str,
    caller: &str,
    target: &str,
    reference: &str,
) -> Result<Option<(String, String)>, DbError> {
    let row = tx.query_opt(&WRITTEN, &params![ledger_id, caller, target, reference]).await?;
    row.map(|row| Ok((row.get("body_digest")?, row.get("answer")?))).transpose()
}

/// Keeps a write under a caller's own token; false when another one was faster.
pub async fn add_write(
    tx: &mut Tx,
    key: (&str, &str, &str, &str),
    body_digest: &str,
    answer: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let (ledger_id, caller, target, reference) = key;
    let values = params![ledger_id, caller, target, reference, body_digest, 200_i64, answer, now];
    Ok(tx.execute(&ADD_WRITE, &values).await? == 1)
}

fn values(record: &Record) -> [Value; 19] {
    let document = &record.document;
    params![
        &record.ledger_id,
        &record.transaction_id,
        &record.order_item_id,
        &record.record_id,
        text(document, "platformIdBuyer"),
        text(document, "platformIdSeller"),
        text(document, "discomIdBuyer"),
        text(document, "discomIdSeller"),
        text(document, "buyerId"),
        text(document, "sellerId"),
        instant(document, "tradeTime"),
        instant(document, "deliveryStartTime"),
        instant(document, "deliveryEndTime"),
        Json::Object(document.clone()).to_string(),
        &record.row_digest,
        record.created_at,
        record.version,
        text(document, "statusBuyerDiscom"),
        text(document, "statusSellerDiscom"),
    ]
}

fn read(row: &Row) -> Result<Record, DbError> {
    let document: String = row.get("document")?;
    let Ok(Json::Object(document)) = Json::parse_text(&document) else {
        return Err(DbError::Other("a record is no object".to_owned()));
    };
    Ok(Record {
        ledger_id: row.get("ledger_id")?,
        transaction_id: row.get("transaction_id")?,
        order_item_id: row.get("order_item_id")?,
        record_id: row.get("record_id")?,
        document,
        row_digest: row.get("row_digest")?,
        created_at: row.get("created_at")?,
        version: row.get("version")?,
    })
}
