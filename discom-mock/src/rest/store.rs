//! SQL of the REST records, and nothing else. Every function runs in its caller's transaction.

use beckn_wire::json::{Json, Object};
use db::{DbError, Row, Tx, Value, params};
use units::Timestamp;

use super::request::{instant, text};
use crate::delivery::model::LineKey;
use crate::ledger::model::sha256;

db::sql! {
    FIND = "SELECT ledger_id, transaction_id, order_item_id, record_id, document, row_digest, \
        created_at, version, contract_id, commitment_id, interval_id, home \
        FROM rest_records WHERE transaction_id = $1 AND order_item_id = $2 ORDER BY ledger_id";
    LOCK = "SELECT ledger_id, transaction_id, order_item_id, record_id, document, row_digest, \
        created_at, version, contract_id, commitment_id, interval_id, home \
        FROM rest_records WHERE ledger_id = $1 AND transaction_id = $2 AND order_item_id = $3 {FOR \
        UPDATE}";
    ADD = "INSERT INTO rest_records (ledger_id, transaction_id, order_item_id, record_id, \
        platform_buyer, platform_seller, discom_buyer, discom_seller, buyer_id, seller_id, \
        trade_time, delivery_start, delivery_end, document, row_digest, created_at, version, \
        status_buyer, status_seller, contract_id, commitment_id, interval_id, home) VALUES ($1, $2, \
        $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
        $23) ON CONFLICT DO NOTHING";
    CHANGE = "UPDATE rest_records SET record_id = $4, platform_buyer = $5, platform_seller = $6, \
        discom_buyer = $7, discom_seller = $8, buyer_id = $9, seller_id = $10, trade_time = $11, \
        delivery_start = $12, delivery_end = $13, document = $14, row_digest = $15, created_at = \
        $16, version = $17, status_buyer = $18, status_seller = $19, contract_id = $20, \
        commitment_id = $21, interval_id = $22, home = $23 WHERE ledger_id = $1 AND transaction_id = \
        $2 AND order_item_id = $3";
    OF_CONTRACT = "SELECT ledger_id, transaction_id, order_item_id, record_id, document, row_digest, \
        created_at, version, contract_id, commitment_id, interval_id, home \
        FROM rest_records WHERE contract_id = $1 ORDER BY ledger_id, order_item_id {FOR UPDATE}";
    UNLINK = "UPDATE rest_records SET contract_id = NULL, commitment_id = NULL, interval_id = NULL, \
        home = NULL WHERE contract_id = $1";
    IN_WINDOW = "SELECT ledger_id, transaction_id, order_item_id, record_id, document, row_digest, \
        created_at, version, contract_id, commitment_id, interval_id, home \
        FROM rest_records WHERE (CAST($1 AS TEXT) IS NULL OR ledger_id = $1) AND delivery_start = $2 \
        AND delivery_end = $3 ORDER BY transaction_id, order_item_id, ledger_id";
    // A contract of the network is a row in the ledger of each side: where no ledger is named, a caller sees
    // that of its own side.
    SEARCH = "SELECT r.ledger_id, r.transaction_id, r.order_item_id, r.record_id, r.document, \
        r.row_digest, r.created_at, r.version, r.contract_id, r.commitment_id, r.interval_id, r.home \
        FROM rest_records r WHERE (CAST($1 AS TEXT) IS NULL OR r.ledger_id = $1) AND \
        (r.platform_buyer = $2 OR r.platform_seller = $2 OR r.discom_buyer IN ($2, $3) OR \
        r.discom_seller IN ($2, $3)) AND (CAST($4 AS TEXT) IS NULL OR r.transaction_id = $4) AND \
        (CAST($5 AS TEXT) IS NULL OR r.order_item_id = $5 OR r.contract_id = $5) AND (CAST($6 AS TEXT) \
        IS NULL OR r.record_id = $6 OR r.transaction_id || '_' || r.contract_id = $6) AND (CAST($7 AS \
        TEXT) IS NULL OR r.buyer_id = $7) AND (CAST($8 AS TEXT) IS NULL OR r.seller_id = $8) AND \
        (CAST($9 AS TEXT) IS NULL OR r.discom_buyer = $9) AND (CAST($10 AS TEXT) IS NULL OR \
        r.discom_seller = $10) AND (CAST($11 AS TEXT) IS NULL OR r.platform_buyer = $11) AND (CAST($12 \
        AS TEXT) IS NULL OR r.platform_seller = $12) AND (CAST($13 AS TEXT) IS NULL OR r.status_buyer \
        = $13) AND (CAST($14 AS TEXT) IS NULL OR r.status_seller = $14) AND r.created_at >= $15 AND \
        r.created_at < $16 AND COALESCE(r.trade_time, $17) >= $17 AND COALESCE(r.trade_time, $17) < \
        $18 AND COALESCE(r.delivery_start, $19) >= $19 AND COALESCE(r.delivery_start, $19) < $20 AND \
        COALESCE(r.delivery_end, $21) >= $21 AND COALESCE(r.delivery_end, $21) < $22 AND (r.home IS \
        NULL OR CAST($1 AS TEXT) IS NOT NULL OR NOT EXISTS (SELECT 1 FROM rest_records o WHERE \
        o.transaction_id = r.transaction_id AND o.order_item_id = r.order_item_id AND o.ledger_id <> \
        r.ledger_id AND o.home IS NOT NULL AND (CASE WHEN (o.home <> 'SELLER' AND (o.platform_buyer = \
        $2 OR o.discom_buyer IN ($2, $3))) OR (o.home <> 'BUYER' AND (o.platform_seller = $2 OR \
        o.discom_seller IN ($2, $3))) THEN 1 ELSE 0 END, r.ledger_id) > (CASE WHEN (r.home <> 'SELLER' \
        AND (r.platform_buyer = $2 OR r.discom_buyer IN ($2, $3))) OR (r.home <> 'BUYER' AND \
        (r.platform_seller = $2 OR r.discom_seller IN ($2, $3))) THEN 1 ELSE 0 END, o.ledger_id))) \
        ORDER BY CASE WHEN $26 = 1 THEN CASE WHEN $23 = 2 THEN r.trade_time WHEN $23 = 3 THEN \
        r.delivery_start WHEN $23 = 4 THEN r.delivery_end ELSE r.created_at END END, CASE WHEN $26 = 2 \
        THEN CASE WHEN $23 = 2 THEN r.trade_time WHEN $23 = 3 THEN r.delivery_start WHEN $23 = 4 THEN \
        r.delivery_end ELSE r.created_at END END DESC, r.transaction_id, r.order_item_id LIMIT $24 \
        OFFSET $25";
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
    /// The contract that it shows, and the line of it.
    pub contract_id: Option<String>,
    pub commitment_id: Option<String>,
    pub interval_id: Option<i64>,
    /// `BUYER`, `SELLER` or `BOTH`: whose ledger the row is in, for a contract of the network.
    pub home: Option<String>,
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

    /// The line of the contract that it shows.
    pub fn line(&self) -> Option<LineKey> {
        let (contract, commitment) = (self.contract_id.clone()?, self.commitment_id.clone()?);
        Some(LineKey { contract, commitment, interval: self.interval_id? })
    }

    /// Writes the record back under its next version, when it is another than before.
    ///
    /// # Errors
    /// The database's.
    pub async fn write_back(&mut self, tx: &mut Tx, before: &Object) -> Result<(), DbError> {
        if self.document == *before {
            return Ok(());
        }
        self.version = self.version.saturating_add(1);
        self.seal();
        change(tx, self).await
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

const REST: [&str; 9] = [
    "networkId",
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

/// The records of a contract in all ledgers, locked.
pub async fn of_contract(tx: &mut Tx, contract_id: &str) -> Result<Vec<Record>, DbError> {
    tx.query(&OF_CONTRACT, &params![contract_id]).await?.iter().map(read).collect()
}

/// A contract is no record's any more.
pub async fn unlink(tx: &mut Tx, contract_id: &str) -> Result<(), DbError> {
    tx.execute(&UNLINK, &params![contract_id]).await.map(drop)
}

/// The records that are delivered in exactly that window, of one ledger or of all, for reading.
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
    let order: i64 = if text(filter, "sortOrder") == Some("asc") { 1 } else { 2 };
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
        order,
    ];
    tx.query(&SEARCH, &values).await?.iter().map(read).collect()
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

fn values(record: &Record) -> [Value; 23] {
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
        record.contract_id.as_deref(),
        record.commitment_id.as_deref(),
        Value::I64(record.interval_id),
        record.home.as_deref(),
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
        contract_id: row.get("contract_id")?,
        commitment_id: row.get("commitment_id")?,
        interval_id: row.get("interval_id")?,
        home: row.get("home")?,
    })
}
