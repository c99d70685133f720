//! One ledger: contracts as records of the REST interface, and records as contracts.
//!
//! Each line of a contract that was told over the network is a record too, in the ledger of each side: its
//! cells are the record's actuals and statuses ([`reflect`]). What a DISCOM records of it through the
//! interface becomes the next round of its own cells ([`say`]). A record of which everything is known is in
//! turn a contract ([`link`]), counted in headroom and worked off on the day after like any other; the two
//! ledgers hand each other its cells here, because no platform relays them ([`pass_on`]).
//!
//! Every function is one step of its caller's transaction. Locks: contracts by ledger, then records.

use std::collections::BTreeSet;

use beckn_wire::code::ErrorCode;
use beckn_wire::energy::same_meter;
use beckn_wire::json::{Json, Object};
use db::{Db, DbError, Tx};
use energy_rules::TradeStatus;
use units::{DeliverySlot, Price, Timestamp, WattHours};

use super::RestError;
use super::request::{instant, text};
use super::service::{CallError, Directory, energy, set_metric};
use super::store::{self, PARTIES, Record};
use crate::delivery::compute::Write;
use crate::delivery::model::{Cells, LineKey, Origin, columns_of};
use crate::delivery::store::{self as days, Writing};
use crate::delivery::timetable::day_of;
use crate::delivery::told::reopen;
use crate::ledger::meters::Meters;
use crate::ledger::model::{ContractRow, ID_MAX, Line, Party, REST_PREFIX, Side, Status, Terms};
use crate::ledger::service::{self as ledger, LedgerError, Told};
use crate::ledger::store::{self as contracts, Revision};

/// The commitment of a contract that came through the interface.
const COMMITMENT: &str = "rest";

/// Contracts of one transaction that are looked at.
const PAGE: i64 = 500;

/// Contracts that are caught up with in one transaction.
const BATCH: i64 = 32;

/// What a DISCOM writes: its metrics, its status, the metric of its energy.
pub const fn members_of(side: Side) -> (&'static str, &'static str, &'static str) {
    match side {
        Side::Buyer => ("buyerFulfillmentValidationMetrics", "statusBuyerDiscom", "ACTUAL_PULLED"),
        Side::Seller => ("sellerFulfillmentValidationMetrics", "statusSellerDiscom", "ACTUAL_PUSHED"),
    }
}

/// Brings the records of a contract to what the contract is.
///
/// # Errors
/// The database's.
pub async fn reflect(tx: &mut Tx, row: &ContractRow) -> Result<(), DbError> {
    let Some(revision) = contracts::in_force(tx, row).await? else { return Ok(()) };
    let cells = days::cells(tx, &row.ledger_id, &row.contract_id).await?;
    let records = store::of_contract(tx, &row.contract_id).await?;
    if row.is_rest() {
        for mut record in records {
            let before = record.document.clone();
            if let (Some(key), Some(line)) = (record.line(), revision.terms.lines.first()) {
                take_cells(&mut record.document, &key, &cells, line.requested);
            }
            record.write_back(tx, &before).await?;
        }
        return Ok(());
    }
    let first = ContractRow { revision: 1, ..row.clone() };
    let Some(first) = contracts::in_force(tx, &first).await? else { return Ok(()) };
    let single = first.terms.lines.len() == 1;
    for line in &first.terms.lines {
        let key = key_of(row, line);
        let same = |l: &&Line| (&l.commitment, l.interval) == (&line.commitment, line.interval);
        let stands = revision.terms.lines.iter().find(same).map_or(WattHours::ZERO, |line| line.requested);
        let traded = if row.status == Status::Active { stands } else { WattHours::ZERO };
        let known = records.iter().find(|r| r.ledger_id == row.ledger_id && r.line().as_ref() == Some(&key));
        let mut record = match known {
            Some(record) => record.clone(),
            None => claim(tx, row, &first.terms, line, (traded, single)).await?,
        };
        let before = record.document.clone();
        fill(&mut record.document, row, &first.terms, line, traded);
        take_cells(&mut record.document, &key, &cells, line.requested);
        record.write_back(tx, &before).await?;
    }
    Ok(())
}

/// Shows the contracts that were recorded before there was one ledger.
///
/// # Errors
/// The database's.
pub async fn catch_up(db: &Db) -> Result<(), DbError> {
    loop {
        let shown = db.write(|tx| {
            Box::pin(async move {
                let rows = contracts::unreflected(tx, BATCH).await?;
                for row in &rows {
                    reflect(tx, row).await?;
                }
                Ok::<_, DbError>(rows.len())
            })
        });
        if shown.await? == 0 {
            return Ok(());
        }
    }
}

/// The record of a line, made when there is none. One that was put under the same key is taken over.
async fn claim(
    tx: &mut Tx,
    row: &ContractRow,
    terms: &Terms,
    line: &Line,
    (traded, single): (WattHours, bool),
) -> Result<Record, DbError> {
    let long = format!("{}:{}:{}", row.contract_id, line.commitment, line.interval);
    let items = if single { vec![row.contract_id.clone(), long] } else { vec![long] };
    let sides: Vec<Side> = terms.sides_of(&row.ledger_id).collect();
    let home = if sides.len() == 2 { Some("BOTH") } else { sides.first().copied().map(Side::as_str) };
    for item in items {
        let mut record = Record {
            ledger_id: row.ledger_id.clone(),
            transaction_id: row.transaction_id.clone(),
            record_id: format!("{}_{item}", row.transaction_id),
            order_item_id: item,
            document: Object::new(),
            row_digest: String::new(),
            created_at: row.created_at,
            version: 1,
            contract_id: Some(row.contract_id.clone()),
            commitment_id: Some(line.commitment.clone()),
            interval_id: Some(line.interval),
            home: home.map(str::to_owned),
        };
        fill(&mut record.document, row, terms, line, traded);
        record.seal();
        if store::add(tx, &record).await? {
            return Ok(record);
        }
        let key = (&record.ledger_id, &record.transaction_id, &record.order_item_id);
        let stands = store::lock(tx, key.0, key.1, key.2).await?;
        if let Some(stands) = stands.filter(|stands| stands.contract_id.is_none()) {
            record.document = stands.document;
            record.version = stands.version;
            record.created_at = stands.created_at;
            store::change(tx, &record).await?;
            return Ok(record);
        }
    }
    Err(DbError::Other("the record of a contract belongs to another one".to_owned()))
}

fn key_of(row: &ContractRow, line: &Line) -> LineKey {
    LineKey {
        contract: row.contract_id.clone(),
        commitment: line.commitment.clone(),
        interval: line.interval,
    }
}

fn fill(document: &mut Object, row: &ContractRow, terms: &Terms, line: &Line, traded: WattHours) {
    let (buyer, seller) = (&terms.buyer, &terms.seller);
    let parties =
        [&buyer.platform, &seller.platform, &buyer.discom, &seller.discom, &buyer.meter, &seller.meter];
    for (name, party) in PARTIES.into_iter().zip(parties) {
        document.set(name, party.as_str());
    }
    document.set("networkId", row.network_id.as_str());
    document.set("tradeTime", row.created_at.to_rfc3339());
    document.set("deliveryStartTime", line.slot.start().to_rfc3339());
    document.set("deliveryEndTime", line.slot.end().to_rfc3339());
    let detail = Json::object([
        ("tradeQty", Json::Number(traded.to_kwh_text())),
        ("tradeType", Json::from("ENERGY")),
        ("tradeUnit", Json::from("KWH")),
        ("pricePerUnit", Json::Number(line.price.to_inr_text())),
        ("priceCurrency", Json::from("INR")),
    ]);
    document.set("tradeDetails", vec![detail]);
}

/// The cells of a line as actuals and statuses. What a DISCOM told beyond the trade stays as it was told.
fn take_cells(document: &mut Object, key: &LineKey, cells: &Cells, requested: WattHours) {
    for side in Side::ALL {
        let (metrics, status, kind) = members_of(side);
        let (energy, word) = columns_of(side);
        if let Some(allocated) = cells.energy(key, &energy) {
            let told = metric(document, metrics, kind).map(|told| told.min(requested));
            if told != Some(allocated) {
                set_metric(document, metrics, &metric_json(kind, allocated));
            }
        }
        let word = cells.get(key, &word).filter(|cell| TradeStatus::from_name(&cell.value).is_some());
        if let Some(word) = word {
            document.set(status, word.value.as_str());
        }
    }
}

/// A metric of a side in kWh, as the interface writes it.
pub fn metric_json(kind: &str, energy: WattHours) -> Json {
    Json::object([
        ("validationMetricType", Json::from(kind)),
        ("validationMetricValue", Json::Number(energy.to_kwh_text())),
    ])
}

/// The energy in a metric.
pub fn metric(document: &Object, name: &str, kind: &str) -> Option<WattHours> {
    let metrics = document.get(name).and_then(Json::as_array)?;
    let is = |json: &&Json| json.get("validationMetricType").and_then(Json::as_str) == Some(kind);
    let value = metrics.iter().find(is)?.get("validationMetricValue").and_then(Json::as_number)?;
    WattHours::from_kwh_text(value).ok()
}

/// What a DISCOM itself says of its side.
#[derive(Clone, Copy, Debug)]
pub struct Word<'a> {
    pub side: Side,
    pub energy: Option<WattHours>,
    pub status: Option<&'a str>,
    pub told_by: &'a str,
    pub now: Timestamp,
}

/// Locks the contracts that a record shows, before the record itself is locked.
///
/// # Errors
/// The database's.
pub async fn lock(tx: &mut Tx, record: &Record) -> Result<Vec<ContractRow>, DbError> {
    let Some(contract) = &record.contract_id else { return Ok(Vec::new()) };
    let all = contracts::lock_all(tx, contract).await?;
    let own = |row: &ContractRow| row.is_rest() || row.ledger_id == record.ledger_id;
    Ok(all.into_iter().filter(own).collect())
}

/// Writes a DISCOM's word into the contract of a record: the next rounds of its cells, which its ledger does
/// not overrule. Beyond the trade nothing is allocated.
///
/// # Errors
/// The database's.
pub async fn say(tx: &mut Tx, rows: &[ContractRow], record: &Record, word: &Word<'_>) -> Result<(), DbError> {
    let Some(key) = record.line() else { return Ok(()) };
    for row in rows.iter().filter(|row| row.status == Status::Active) {
        let Some(revision) = contracts::in_force(tx, row).await? else { continue };
        let same = |l: &&Line| l.commitment == key.commitment && l.interval == key.interval;
        let Some(line) = revision.terms.lines.iter().find(same) else { continue };
        let (energy, status) = columns_of(word.side);
        let allocated = word.energy.map(|told| told.min(line.requested).to_kwh_text());
        let values = [(energy, allocated), (status, word.status.map(str::to_owned))];
        let stored = days::cells(tx, &row.ledger_id, &row.contract_id).await?;
        let mut news = false;
        for (column, value) in values {
            let Some(value) = value else { continue };
            let stands = stored.get(&key, &column);
            if stands.is_some_and(|cell| cell.value == value && cell.origin == Origin::Direct) {
                continue;
            }
            let round = stands.map_or(0, |cell| cell.round).saturating_add(1);
            let write = Write { line: key.clone(), column, value, round };
            let writing = Writing {
                ledger_id: &row.ledger_id,
                origin: Origin::Direct,
                told_by: word.told_by,
                message_id: None,
                at: word.now,
            };
            days::add_cell(tx, &write, &writing).await?;
            reopen(tx, &row.ledger_id, &stored, &write, word.now).await?;
            news = true;
        }
        if news {
            days::untold(tx, &row.ledger_id, &row.contract_id, word.now).await?;
            days::tell_day(tx, &row.ledger_id, day_of(line.slot.start())).await?;
            reflect(tx, row).await?;
        }
    }
    Ok(())
}

/// Hands what a ledger wrote of a contract of the interface to the ledger of the other side.
///
/// # Errors
/// The database's.
pub async fn pass_on(
    tx: &mut Tx,
    row: &ContractRow,
    writes: &[Write],
    now: Timestamp,
) -> Result<(), DbError> {
    if !row.is_rest() || writes.is_empty() {
        return Ok(());
    }
    let siblings = contracts::lock_all(tx, &row.contract_id).await?;
    for other in siblings.iter().filter(|other| other.ledger_id != row.ledger_id) {
        let Some(revision) = contracts::in_force(tx, other).await? else { continue };
        let stored = days::cells(tx, &other.ledger_id, &other.contract_id).await?;
        for write in writes {
            let stands = stored.get(&write.line, &write.column);
            if other.status != Status::Active || stands.is_some_and(|cell| cell.value == write.value) {
                continue;
            }
            let round = stands.map_or(0, |cell| cell.round).saturating_add(1);
            let write = Write { round, ..write.clone() };
            let writing = Writing {
                ledger_id: &other.ledger_id,
                origin: Origin::Relayed,
                told_by: &row.ledger_id,
                message_id: None,
                at: now,
            };
            days::add_cell(tx, &write, &writing).await?;
            reopen(tx, &other.ledger_id, &stored, &write, now).await?;
        }
        if let Some(line) = revision.terms.lines.first() {
            days::tell_day(tx, &other.ledger_id, day_of(line.slot.start())).await?;
        }
    }
    Ok(())
}

/// Makes a record of the interface a contract, or brings its contract to what the record now says. Gives why
/// the ledgers do not work it off, if so.
///
/// # Errors
/// `PRC_CONFLICT` when a meter's headroom does not suffice, or the delivery has begun; the database's.
pub async fn link(
    tx: &mut Tx,
    directory: &Directory,
    meters: &Meters,
    record: &mut Record,
    caller: &str,
    now: Timestamp,
) -> Result<Option<&'static str>, CallError> {
    let stands = match &record.contract_id {
        None => None,
        Some(id) if !id.starts_with(REST_PREFIX) => return Ok(Some("it was told over the network")),
        Some(id) => {
            let rows = contracts::lock_all(tx, id).await?;
            Some(rows)
        }
    };
    let terms = terms_of(directory, record);
    match (stands, terms) {
        (None, Err(why)) => Ok(Some(why)),
        (None, Ok(terms)) => begin(tx, directory, meters, record, &told_of("", caller, terms, now)).await,
        (Some(rows), terms) => {
            for row in rows.iter().filter(|row| row.status == Status::Active) {
                let told = terms.clone().ok().map(|terms| told_of(&row.ledger_id, caller, terms, now));
                ledger::replace(tx, row, told.as_ref(), meters, now).await.map_err(refused)?;
            }
            Ok(terms.err())
        }
    }
}

/// The first time that everything is known.
async fn begin(
    tx: &mut Tx,
    directory: &Directory,
    meters: &Meters,
    record: &mut Record,
    told: &Told,
) -> Result<Option<&'static str>, CallError> {
    let (terms, now) = (&told.revision.terms, told.now);
    if terms.first_delivery().is_none_or(|start| start <= now) {
        return Ok(Some("the delivery had begun when it was told"));
    }
    let ledgers = BTreeSet::from([terms.buyer.ledger.clone(), terms.seller.ledger.clone()]);
    for ledger_id in &ledgers {
        for row in contracts::contracts(tx, ledger_id, Some(&terms.transaction_id), PAGE).await? {
            if row.status == Status::Active && !row.is_rest() && covers(tx, &row, terms).await? {
                return Ok(Some("it was told over the network under another item"));
            }
        }
    }
    // The key of a side that is not served here is its DISCOM: there is no such ledger.
    for ledger_id in ledgers.iter().filter(|id| directory.keeps(id)) {
        let told = Told { ledger_id: ledger_id.clone(), ..told.clone() };
        match ledger::record(tx, &told, meters).await {
            Err(LedgerError::Refused(error)) if error.code == ErrorCode::BizAlreadyCancelled => {
                return Ok(Some("it was withdrawn"));
            }
            recorded => recorded.map(drop).map_err(refused)?,
        }
    }
    record.contract_id = Some(terms.contract_id.clone());
    record.commitment_id = Some(COMMITMENT.to_owned());
    record.interval_id = Some(0);
    store::change(tx, record).await?;
    Ok(None)
}

/// Whether a recorded contract trades between the same meters in the same hour.
pub async fn covers(tx: &mut Tx, row: &ContractRow, terms: &Terms) -> Result<bool, DbError> {
    let Some(stands) = contracts::in_force(tx, row).await? else { return Ok(false) };
    let meters = |terms: &Terms| (terms.buyer.meter.clone(), terms.seller.meter.clone());
    let (ours, theirs) = (meters(&stands.terms), meters(terms));
    let slots = |line: &Line| terms.lines.iter().any(|other| other.slot == line.slot);
    Ok(same_meter(&ours.0, &theirs.0)
        && same_meter(&ours.1, &theirs.1)
        && stands.terms.lines.iter().any(slots))
}

fn told_of(ledger_id: &str, caller: &str, terms: Terms, now: Timestamp) -> Told {
    Told {
        ledger_id: ledger_id.to_owned(),
        platform: caller.to_owned(),
        revision: Revision { terms, document: String::new() },
        now,
    }
}

fn refused(error: LedgerError) -> CallError {
    match error {
        LedgerError::Refused(error) => RestError::conflict(error.message).into(),
        LedgerError::Db(error) => error.into(),
    }
}

/// What a record says of a trade, or why that is not enough.
fn terms_of(directory: &Directory, record: &Record) -> Result<Terms, &'static str> {
    let document = &record.document;
    let mut named = Vec::with_capacity(PARTIES.len());
    for name in PARTIES {
        named.push(text(document, name).filter(|text| !text.trim().is_empty()).unwrap_or_default());
    }
    let [buyer_platform, seller_platform, buyer_discom, seller_discom, buyer, seller] = named[..] else {
        return Err("not all parties are named");
    };
    if named.contains(&"") {
        return Err("not all parties are named");
    }
    if same_meter(buyer, seller) {
        return Err("buyer and seller are the same meter");
    }
    let window = instant(document, "deliveryStartTime").zip(instant(document, "deliveryEndTime"));
    let (start, end) = window.ok_or("the delivery window is not named")?;
    let slot = DeliverySlot::containing(start);
    if (slot.start(), slot.end()) != (start, end) {
        return Err("the delivery window is no delivery slot of the network");
    }
    let requested = energy(document);
    if requested <= WattHours::ZERO {
        return Err("no energy is traded in it");
    }
    let ledgers = [buyer_discom, seller_discom].map(|discom| directory.ledger_of(discom));
    if ledgers == [None, None] {
        return Err("neither DISCOM is served here");
    }
    let contract_id = format!("{REST_PREFIX}{}", record.record_id);
    if contract_id.len() > ID_MAX {
        return Err("its record id is too long");
    }
    let party = |platform: &str, discom: &str, ledger: Option<&str>, meter: &str| Party {
        platform: platform.to_owned(),
        discom: discom.to_owned(),
        ledger: ledger.unwrap_or(discom).to_owned(),
        meter: meter.to_owned(),
    };
    let details = document.get("tradeDetails").and_then(Json::as_array).unwrap_or_default();
    let price = details.iter().find_map(|json| json.get("pricePerUnit")).and_then(Json::as_number);
    let line = Line {
        commitment: COMMITMENT.to_owned(),
        interval: 0,
        slot,
        price: price.and_then(|text| Price::from_inr_text(text).ok()).unwrap_or_default(),
        requested,
    };
    Ok(Terms {
        contract_id,
        network_id: directory.network().to_owned(),
        transaction_id: record.transaction_id.clone(),
        buyer: party(buyer_platform, buyer_discom, ledgers[0], buyer),
        seller: party(seller_platform, seller_discom, ledgers[1], seller),
        lines: vec![line],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use beckn_wire::energy::Column;

    #[test]
    fn what_was_told_beyond_the_trade_stays_as_told() {
        let key = LineKey { contract: "c".to_owned(), commitment: "rest".to_owned(), interval: 0 };
        let mut cells = Cells::default();
        let mut document = Object::new();
        let (metrics, status, kind) = members_of(Side::Seller);
        set_metric(&mut document, metrics, &metric_json(kind, WattHours::new(12_000)));
        for (column, value) in [(Column::SellerDiscomAlloc, "10"), (Column::SellerDiscomStatus, "unheard")] {
            let cell = crate::delivery::model::Cell {
                value: value.to_owned(),
                round: 1,
                origin: Origin::Direct,
                written_at: Timestamp::MIN,
            };
            cells.set(key.clone(), column, cell);
        }
        take_cells(&mut document, &key, &cells, WattHours::new(10_000));
        assert_eq!(metric(&document, metrics, kind), Some(WattHours::new(12_000)));
        assert!(!document.contains(status), "a status that the interface does not know is not shown");
        take_cells(&mut document, &key, &cells, WattHours::new(20_000));
        assert_eq!(metric(&document, metrics, kind), Some(WattHours::new(10_000)));
    }
}
