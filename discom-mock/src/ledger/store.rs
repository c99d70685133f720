//! SQL of the ledger, and nothing else. Every function runs in its caller's transaction.

use db::{DbError, Row, Tx, Value};
use units::{DeliverySlot, Timestamp, WattHours};

use super::model::{ContractRow, Line, Party, Side, Status, Terms};

db::sql! {
    CLAIM = "INSERT INTO ledger_contracts (ledger_id, contract_id, record_id, network_id, transaction_id, \
        declared_by, status, revision, row_digest, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, \
        $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING";
    LOCK = "SELECT ledger_id, contract_id, record_id, network_id, transaction_id, declared_by, status, \
        revision, row_digest, created_at, updated_at FROM ledger_contracts WHERE ledger_id = $1 AND \
        contract_id = $2 {FOR UPDATE}";
    FIND = "SELECT ledger_id, contract_id, record_id, network_id, transaction_id, declared_by, status, \
        revision, row_digest, created_at, updated_at FROM ledger_contracts WHERE ledger_id = $1 AND \
        contract_id = $2";
    LOCK_ALL = "SELECT ledger_id, contract_id, record_id, network_id, transaction_id, declared_by, \
        status, revision, row_digest, created_at, updated_at FROM ledger_contracts WHERE contract_id = $1 \
        ORDER BY ledger_id {FOR UPDATE}";
    UNREFLECTED = "SELECT c.ledger_id, c.contract_id, c.record_id, c.network_id, c.transaction_id, \
        c.declared_by, c.status, c.revision, c.row_digest, c.created_at, c.updated_at FROM \
        ledger_contracts c WHERE c.revision > 0 AND NOT EXISTS (SELECT 1 FROM rest_records r WHERE \
        r.contract_id = c.contract_id AND r.ledger_id = c.ledger_id) AND NOT EXISTS (SELECT 1 FROM \
        ledger_revisions v WHERE v.ledger_id = c.ledger_id AND v.contract_id = c.contract_id AND \
        v.document = '') LIMIT $1";
    REWRITE = "UPDATE ledger_contracts SET record_id = $3, network_id = $4, transaction_id = $5, \
        declared_by = $6, status = $7, revision = $8, row_digest = $9, created_at = $10, updated_at = $11 \
        WHERE ledger_id = $1 AND contract_id = $2";
    ADD_REVISION = "INSERT INTO ledger_revisions (ledger_id, contract_id, revision, buyer_platform, \
        buyer_discom, buyer_ledger, buyer_meter, seller_platform, seller_discom, seller_ledger, \
        seller_meter, content_digest, document, recorded_by, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, \
        $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    ADD_ROW = "INSERT INTO ledger_rows (ledger_id, contract_id, revision, commitment_id, interval_id, \
        slot, price, requested_wh) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    REVISION = "SELECT buyer_platform, buyer_discom, buyer_ledger, buyer_meter, seller_platform, \
        seller_discom, seller_ledger, seller_meter, document FROM ledger_revisions WHERE ledger_id = $1 \
        AND contract_id = $2 AND revision = $3";
    ROWS = "SELECT commitment_id, interval_id, slot, price, requested_wh FROM ledger_rows WHERE ledger_id \
        = $1 AND contract_id = $2 AND revision = $3";
    KNOWN_CONTENT = "SELECT revision FROM ledger_revisions WHERE ledger_id = $1 AND contract_id = $2 AND \
        content_digest = $3 ORDER BY revision DESC LIMIT 1";
    ADD_WITHDRAWAL = "INSERT INTO ledger_withdrawals (ledger_id, contract_id, platform, withdrawn_at) \
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    WITHDRAWN_BY = "SELECT withdrawn_at FROM ledger_withdrawals WHERE ledger_id = $1 AND contract_id = $2 \
        AND platform = $3";
    OPEN_HEADROOM = "INSERT INTO ledger_headroom (ledger_id, meter, side, slot, recorded_wh, limit_wh) \
        VALUES ($1, $2, $3, $4, 0, NULL) ON CONFLICT DO NOTHING";
    LOCK_HEADROOM = "SELECT recorded_wh FROM ledger_headroom WHERE ledger_id = $1 AND meter = $2 AND side \
        = $3 AND slot = $4 {FOR UPDATE}";
    TAKE_HEADROOM = "UPDATE ledger_headroom SET recorded_wh = $5, limit_wh = $6 WHERE ledger_id = $1 AND \
        meter = $2 AND side = $3 AND slot = $4";
    RETURN_HEADROOM = "UPDATE ledger_headroom SET recorded_wh = $5 WHERE ledger_id = $1 AND meter = $2 \
        AND side = $3 AND slot = $4";
    HEADROOM = "SELECT slot, recorded_wh FROM ledger_headroom WHERE ledger_id = $1 AND meter = $2 AND \
        side = $3 AND recorded_wh > 0 ORDER BY slot LIMIT $4";
    OF_TRANSACTION = "SELECT ledger_id, contract_id, record_id, network_id, transaction_id, declared_by, \
        status, revision, row_digest, created_at, updated_at FROM ledger_contracts WHERE ledger_id = $1 \
        AND transaction_id = $2 ORDER BY contract_id LIMIT $3";
    LATEST = "SELECT ledger_id, contract_id, record_id, network_id, transaction_id, declared_by, status, \
        revision, row_digest, created_at, updated_at FROM ledger_contracts WHERE ledger_id = $1 ORDER BY \
        created_at DESC, contract_id LIMIT $2";
}

/// A revision as it stands: what was agreed, and the contract's document as the platform sent it.
#[derive(Clone, Debug)]
pub struct Revision {
    pub terms: Terms,
    pub document: String,
}

impl Revision {
    /// Whether it came through the REST interface: there is no document of the network then.
    pub fn is_rest(&self) -> bool {
        self.document.is_empty()
    }
}

/// Inserts the row of a contract; `false` when the ledger already has one. Two transactions that try at once
/// take turns: the second sees the first one's row.
pub async fn claim(tx: &mut Tx, row: &ContractRow) -> Result<bool, DbError> {
    Ok(tx.execute(&CLAIM, &values(row)).await? == 1)
}

/// The row of a contract, locked until the transaction ends.
pub async fn lock(tx: &mut Tx, ledger_id: &str, contract_id: &str) -> Result<Option<ContractRow>, DbError> {
    tx.query_opt(&LOCK, &[ledger_id.into(), contract_id.into()])
        .await?
        .map(|row| contract_row(&row))
        .transpose()
}

/// The rows of a contract in all ledgers of this process, locked, in the order of the ledgers.
pub async fn lock_all(tx: &mut Tx, contract_id: &str) -> Result<Vec<ContractRow>, DbError> {
    tx.query(&LOCK_ALL, &[contract_id.into()]).await?.iter().map(contract_row).collect()
}

/// Contracts of the network that no record of the REST interface shows: recorded before there was one ledger.
pub async fn unreflected(tx: &mut Tx, limit: i64) -> Result<Vec<ContractRow>, DbError> {
    tx.query(&UNREFLECTED, &[limit.into()]).await?.iter().map(contract_row).collect()
}

/// The row of a contract, for reading.
pub async fn find(tx: &mut Tx, ledger_id: &str, contract_id: &str) -> Result<Option<ContractRow>, DbError> {
    tx.query_opt(&FIND, &[ledger_id.into(), contract_id.into()])
        .await?
        .map(|row| contract_row(&row))
        .transpose()
}

/// Writes back a locked row.
pub async fn rewrite(tx: &mut Tx, row: &ContractRow) -> Result<(), DbError> {
    tx.execute(&REWRITE, &values(row)).await.map(drop)
}

/// Adds a revision with its rows.
pub async fn add_revision(
    tx: &mut Tx,
    row: &ContractRow,
    revision: &Revision,
    recorded_by: &str,
    recorded_at: Timestamp,
) -> Result<(), DbError> {
    let terms = &revision.terms;
    let values: [Value; 15] = [
        row.ledger_id.as_str().into(),
        row.contract_id.as_str().into(),
        row.revision.into(),
        terms.buyer.platform.as_str().into(),
        terms.buyer.discom.as_str().into(),
        terms.buyer.ledger.as_str().into(),
        terms.buyer.meter.as_str().into(),
        terms.seller.platform.as_str().into(),
        terms.seller.discom.as_str().into(),
        terms.seller.ledger.as_str().into(),
        terms.seller.meter.as_str().into(),
        terms.digest().into(),
        revision.document.as_str().into(),
        recorded_by.into(),
        recorded_at.into(),
    ];
    tx.execute(&ADD_REVISION, &values).await?;
    for line in &terms.lines {
        let values: [Value; 8] = [
            row.ledger_id.as_str().into(),
            row.contract_id.as_str().into(),
            row.revision.into(),
            line.commitment.as_str().into(),
            line.interval.into(),
            line.slot.into(),
            line.price.into(),
            line.requested.into(),
        ];
        tx.execute(&ADD_ROW, &values).await?;
    }
    Ok(())
}

/// The revision in force. None for a contract of which nothing was recorded.
pub async fn in_force(tx: &mut Tx, row: &ContractRow) -> Result<Option<Revision>, DbError> {
    let key: [Value; 3] =
        [row.ledger_id.as_str().into(), row.contract_id.as_str().into(), row.revision.into()];
    let Some(head) = tx.query_opt(&REVISION, &key).await? else { return Ok(None) };
    let mut lines = tx.query(&ROWS, &key).await?.iter().map(line).collect::<Result<Vec<_>, _>>()?;
    // Not by SQL: the order of texts is the database's own affair, and the digest depends on it.
    lines.sort_by(|a, b| (&a.commitment, a.interval).cmp(&(&b.commitment, b.interval)));
    let terms = Terms {
        contract_id: row.contract_id.clone(),
        network_id: row.network_id.clone(),
        transaction_id: row.transaction_id.clone(),
        buyer: Party {
            platform: head.get("buyer_platform")?,
            discom: head.get("buyer_discom")?,
            ledger: head.get("buyer_ledger")?,
            meter: head.get("buyer_meter")?,
        },
        seller: Party {
            platform: head.get("seller_platform")?,
            discom: head.get("seller_discom")?,
            ledger: head.get("seller_ledger")?,
            meter: head.get("seller_meter")?,
        },
        lines,
    };
    Ok(Some(Revision { terms, document: head.get("document")? }))
}

/// Whether a revision with that content was ever recorded.
pub async fn knows_content(tx: &mut Tx, row: &ContractRow, content_digest: &str) -> Result<bool, DbError> {
    let key: [Value; 3] =
        [row.ledger_id.as_str().into(), row.contract_id.as_str().into(), content_digest.into()];
    Ok(tx.query_opt(&KNOWN_CONTENT, &key).await?.is_some())
}

/// Notes that a platform withdrew a contract that is not recorded.
pub async fn add_withdrawal(
    tx: &mut Tx,
    row: &ContractRow,
    platform: &str,
    withdrawn_at: Timestamp,
) -> Result<(), DbError> {
    let values: [Value; 4] = [
        row.ledger_id.as_str().into(),
        row.contract_id.as_str().into(),
        platform.into(),
        withdrawn_at.into(),
    ];
    tx.execute(&ADD_WITHDRAWAL, &values).await.map(drop)
}

/// Whether that platform withdrew the contract before it was recorded.
pub async fn withdrawn_by(tx: &mut Tx, row: &ContractRow, platform: &str) -> Result<bool, DbError> {
    let key: [Value; 3] = [row.ledger_id.as_str().into(), row.contract_id.as_str().into(), platform.into()];
    Ok(tx.query_opt(&WITHDRAWN_BY, &key).await?.is_some())
}

/// One meter, direction and slot of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeadroomKey {
    /// The normalized meter.
    pub meter: String,
    pub side: Side,
    pub slot: DeliverySlot,
}

/// What stands recorded there, locked until the transaction ends. Callers go through keys in their order, so
/// that two contracts never wait for each other.
pub async fn lock_headroom(tx: &mut Tx, ledger_id: &str, key: &HeadroomKey) -> Result<WattHours, DbError> {
    let values = headroom_values(ledger_id, key);
    tx.execute(&OPEN_HEADROOM, &values).await?;
    tx.query_one(&LOCK_HEADROOM, &values).await?.get("recorded_wh")
}

/// Raises what stands recorded, under the limit that holds now; the database checks the sum once more.
pub async fn take_headroom(
    tx: &mut Tx,
    ledger_id: &str,
    key: &HeadroomKey,
    recorded: WattHours,
    limit: Option<WattHours>,
) -> Result<(), DbError> {
    let [ledger, meter, side, slot] = headroom_values(ledger_id, key);
    let limit = Value::I64(limit.map(WattHours::get));
    tx.execute(&TAKE_HEADROOM, &[ledger, meter, side, slot, recorded.into(), limit]).await.map(drop)
}

/// Lowers what stands recorded.
pub async fn return_headroom(
    tx: &mut Tx,
    ledger_id: &str,
    key: &HeadroomKey,
    recorded: WattHours,
) -> Result<(), DbError> {
    let [ledger, meter, side, slot] = headroom_values(ledger_id, key);
    tx.execute(&RETURN_HEADROOM, &[ledger, meter, side, slot, recorded.into()]).await.map(drop)
}

/// What stands recorded for a meter, by slot, in slot order; slots with nothing are left out.
pub async fn headroom(
    tx: &mut Tx,
    ledger_id: &str,
    meter: &str,
    side: Side,
    limit: i64,
) -> Result<Vec<(DeliverySlot, WattHours)>, DbError> {
    let values = [ledger_id.into(), meter.into(), side.as_str().into(), limit.into()];
    let rows = tx.query(&HEADROOM, &values).await?;
    rows.iter().map(|row| Ok((row.get("slot")?, row.get("recorded_wh")?))).collect()
}

/// The contracts of one transaction, or the newest ones.
pub async fn contracts(
    tx: &mut Tx,
    ledger_id: &str,
    transaction_id: Option<&str>,
    limit: i64,
) -> Result<Vec<ContractRow>, DbError> {
    let rows = match transaction_id {
        Some(id) => tx.query(&OF_TRANSACTION, &[ledger_id.into(), id.into(), limit.into()]).await?,
        None => tx.query(&LATEST, &[ledger_id.into(), limit.into()]).await?,
    };
    rows.iter().map(contract_row).collect()
}

fn headroom_values(ledger_id: &str, key: &HeadroomKey) -> [Value; 4] {
    [ledger_id.into(), key.meter.as_str().into(), key.side.as_str().into(), key.slot.into()]
}

fn values(row: &ContractRow) -> [Value; 11] {
    [
        row.ledger_id.as_str().into(),
        row.contract_id.as_str().into(),
        row.record_id.as_str().into(),
        row.network_id.as_str().into(),
        row.transaction_id.as_str().into(),
        row.declared_by.as_str().into(),
        row.status.as_str().into(),
        row.revision.into(),
        row.row_digest.as_str().into(),
        row.created_at.into(),
        row.updated_at.into(),
    ]
}

fn contract_row(row: &Row) -> Result<ContractRow, DbError> {
    let status: String = row.get("status")?;
    Ok(ContractRow {
        ledger_id: row.get("ledger_id")?,
        contract_id: row.get("contract_id")?,
        record_id: row.get("record_id")?,
        network_id: row.get("network_id")?,
        transaction_id: row.get("transaction_id")?,
        declared_by: row.get("declared_by")?,
        status: Status::parse(&status)
            .ok_or_else(|| DbError::Other("a ledger status is not known".to_owned()))?,
        revision: row.get("revision")?,
        row_digest: row.get("row_digest")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn line(row: &Row) -> Result<Line, DbError> {
    Ok(Line {
        commitment: row.get("commitment_id")?,
        interval: row.get("interval_id")?,
        slot: row.get("slot")?,
        price: row.get("price")?,
        requested: row.get("requested_wh")?,
    })
}
