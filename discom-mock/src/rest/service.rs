//! What the four calls do. Each write is one transaction under the lock of its rows, and may be run again
//! from the start when that transaction is retried.

use std::collections::BTreeMap;
use std::sync::Arc;

use beckn_wire::energy::normalize_meter;
use beckn_wire::json::{Json, Object};
use db::{Db, DbError, Tx};
use energy_rules::{NetTrade, Side as Book, share_net};
use units::{Timestamp, WattHours};

use super::request::{Call, count, instant, read, text};
use super::store::{self, Record};
use super::{RestError, items};
use crate::config::Discom;
use crate::ledger::meters::Meters;
use crate::ledger::model::{Side, sha256};

/// Members that identify a trade: once set they stay.
const FIXED: [&str; 9] = [
    "platformIdBuyer",
    "platformIdSeller",
    "discomIdBuyer",
    "discomIdSeller",
    "buyerId",
    "sellerId",
    "tradeTime",
    "deliveryStartTime",
    "deliveryEndTime",
];

/// No token was given: the write is made as often as it is sent.
const NO_REFERENCE: &str = "";

const ACCEPTED: &str = "Accepted";

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error(transparent)]
    Refused(#[from] RestError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The DISCOMs of this process and their ledgers, as the interface names them.
#[derive(Clone, Debug)]
pub struct Directory {
    discoms: Arc<Vec<Names>>,
    /// The network of what is put, which does not name one.
    network: Arc<str>,
}

#[derive(Clone, Debug)]
struct Names {
    code: String,
    discom_id: String,
    ledger_id: String,
}

impl Directory {
    pub fn new(discoms: &[Discom], networks: &[String]) -> Self {
        let names = |discom: &Discom| Names {
            code: discom.code.clone(),
            discom_id: discom.discom_id.clone(),
            ledger_id: discom.ledger_id.clone(),
        };
        let network = networks.first().map_or("", String::as_str).into();
        Self { discoms: Arc::new(discoms.iter().map(names).collect()), network }
    }

    pub fn network(&self) -> &str {
        &self.network
    }

    /// Whether that ledger is kept here.
    pub fn keeps(&self, ledger_id: &str) -> bool {
        self.discoms.iter().any(|names| names.ledger_id == ledger_id)
    }

    /// Whether two names are those of one DISCOM.
    fn same(&self, one: &str, other: &str) -> bool {
        let is = |names: &Names, name: &str| names.code == name || names.discom_id == name;
        one == other || self.discoms.iter().any(|names| is(names, one) && is(names, other))
    }

    /// The ledger of a DISCOM, by its code or subscriber id.
    pub fn ledger_of(&self, discom: &str) -> Option<&str> {
        let named = |names: &&Names| names.code == discom || names.discom_id == discom;
        self.discoms.iter().find(named).map(|names| names.ledger_id.as_str())
    }

    /// The subscriber id of a DISCOM of this process, by its code.
    pub fn discom_id(&self, code: &str) -> Option<&str> {
        self.discoms.iter().find(|names| names.code == code).map(|names| names.discom_id.as_str())
    }

    fn first(&self) -> &str {
        self.discoms.first().map_or("", |names| names.ledger_id.as_str())
    }

    /// Whether that caller speaks for that DISCOM. A DISCOM of elsewhere may go by its subscriber id.
    fn speaks_for(&self, caller: &str, discom: &str) -> bool {
        caller == discom || self.discoms.iter().any(|names| names.discom_id == caller && names.code == discom)
    }

    fn code_of<'a>(&'a self, caller: &'a str) -> &'a str {
        self.discoms
            .iter()
            .find(|names| names.discom_id == caller)
            .map_or(caller, |names| names.code.as_str())
    }
}

/// A call whose sender is known.
#[derive(Clone, Debug)]
pub struct Request {
    pub call: Call,
    /// The ledger of the path; None: the one that the body belongs to.
    pub ledger_id: Option<String>,
    pub caller: String,
    pub body: Vec<u8>,
    pub now: Timestamp,
}

/// Answers a call: the body of a 200.
///
/// # Errors
/// [`CallError`]; a refused call has changed nothing.
pub async fn answer(
    db: &Db,
    directory: &Directory,
    meters: &Arc<Meters>,
    request: Request,
) -> Result<String, CallError> {
    let body = read(request.call, &request.body)?;
    let work = Arc::new((directory.clone(), request, body, Arc::clone(meters)));
    if work.1.call == Call::Get {
        let found = db.read(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move { get(tx, &work.0, &work.1, &work.2).await })
        });
        return Ok(found.await?.to_string());
    }
    let written = db.write(move |tx| {
        let work = Arc::clone(&work);
        Box::pin(async move { write(tx, &work.0, &work.3, &work.1, &work.2).await })
    });
    written.await
}

/// A write, at most once by the caller's token.
async fn write(
    tx: &mut Tx,
    directory: &Directory,
    meters: &Meters,
    request: &Request,
    body: &Object,
) -> Result<String, CallError> {
    let ledger_id = ledger_for(tx, directory, request, body).await?;
    let reference = text(body, "clientReference").unwrap_or(NO_REFERENCE).to_owned();
    let target = target(request.call, body);
    let digest = sha256(&Json::Object(body.clone()).to_bytes());
    if reference != NO_REFERENCE {
        let before = store::written(tx, &ledger_id, &request.caller, &target, &reference).await?;
        if let Some((before, answer)) = before {
            return if before == digest {
                Ok(answer)
            } else {
                Err(RestError::conflict("another request was sent under this clientReference").into())
            };
        }
    }
    let answer = match request.call {
        Call::Put => put(tx, directory, meters, &ledger_id, request, body).await?,
        Call::Record => record(tx, directory, &ledger_id, request, body).await?,
        Call::Allocate | Call::Get => allocate(tx, directory, request, body).await?,
    };
    let answer = answer.to_string();
    if reference != NO_REFERENCE {
        let key = (ledger_id.as_str(), request.caller.as_str(), target.as_str(), reference.as_str());
        if !store::add_write(tx, key, &digest, &answer, request.now).await? {
            // The same token came twice at once: the other one's answer is found when this runs again.
            return Err(DbError::Serialization.into());
        }
    }
    Ok(answer)
}

/// What a token is for: it may be used again for another record.
fn target(call: Call, body: &Object) -> String {
    let part = |name: &str| Json::from(text(body, name).unwrap_or_default());
    let parts = match call {
        Call::Allocate => ["meterId", "deliveryStartTime", "deliveryEndTime"].map(part).to_vec(),
        Call::Put => vec!["put".into(), part("transactionId"), part("orderItemId")],
        Call::Record | Call::Get => vec!["record".into(), part("transactionId"), part("orderItemId")],
    };
    Json::array(parts).to_string()
}

/// The ledger of the path; else the one that has the record; else that of the caller's side.
async fn ledger_for(
    tx: &mut Tx,
    directory: &Directory,
    request: &Request,
    body: &Object,
) -> Result<String, DbError> {
    if let Some(ledger_id) = &request.ledger_id {
        return Ok(ledger_id.clone());
    }
    let (own, other) = match text(body, "role") {
        Some("SELLER" | "SELLER_DISCOM") => ("discomIdSeller", "discomIdBuyer"),
        _ => ("discomIdBuyer", "discomIdSeller"),
    };
    let named = [own, other, "discomId"].into_iter().filter_map(|name| text(body, name));
    let mut ledgers = named.filter_map(|discom| directory.ledger_of(discom));
    let own_side = ledgers.next().unwrap_or_else(|| directory.first()).to_owned();
    if let (Some(transaction), Some(item)) = (text(body, "transactionId"), text(body, "orderItemId")) {
        let found = store::find(tx, transaction, item).await?;
        let stands = found.iter().find(|record| record.ledger_id == own_side).or_else(|| found.first());
        return Ok(stands.map_or(own_side, |record| record.ledger_id.clone()));
    }
    Ok(own_side)
}

async fn put(
    tx: &mut Tx,
    directory: &Directory,
    meters: &Meters,
    ledger_id: &str,
    request: &Request,
    body: &Object,
) -> Result<Json, CallError> {
    let own = if text(body, "role") == Some("SELLER") { "platformIdSeller" } else { "platformIdBuyer" };
    if text(body, own) != Some(request.caller.as_str()) {
        return Err(RestError::forbidden(format!("{own} is not the caller")).into());
    }
    let (transaction, item) = key(body);
    let mut fresh = Record {
        ledger_id: ledger_id.to_owned(),
        transaction_id: transaction.to_owned(),
        order_item_id: item.to_owned(),
        record_id: format!("{transaction}_{item}"),
        document: Object::new(),
        row_digest: String::new(),
        created_at: request.now,
        version: 1,
        contract_id: None,
        commitment_id: None,
        interval_id: None,
        home: None,
    };
    check_record_id(body, &fresh)?;
    let found = store::find(tx, transaction, item).await?;
    if let Some(known) = found.iter().find(|record| record.ledger_id == ledger_id) {
        items::lock(tx, known).await?;
    }
    merge(&mut fresh, body, request.now)?;
    if !directory.network().is_empty() {
        fresh.document.set("networkId", directory.network());
    }
    fresh.seal();
    let mut record = if store::add(tx, &fresh).await? {
        fresh
    } else {
        let mut stands = store::lock(tx, ledger_id, transaction, item).await?.ok_or_else(vanished)?;
        let before = stands.document.clone();
        merge(&mut stands, body, request.now)?;
        stands.write_back(tx, &before).await?;
        stands
    };
    let why_not = items::link(tx, directory, meters, &mut record, &request.caller, request.now).await?;
    let message = why_not.map(|why| format!("Accepted; it stands as it was put and is not allocated: {why}"));
    Ok(accepted(&record, message.as_deref().unwrap_or(ACCEPTED)))
}

/// Takes the members of a platform into a record.
fn merge(record: &mut Record, body: &Object, now: Timestamp) -> Result<(), RestError> {
    for name in FIXED {
        let Some(value) = body.get(name) else { continue };
        match record.document.get(name) {
            // When it was agreed, a message of the network says only by its receipt.
            Some(_) if name == "tradeTime" && record.home.is_some() => {}
            Some(stands) if stands != value => {
                return Err(RestError::conflict(format!("{name} of this record is another one")));
            }
            _ => record.document.set(name, value.clone()),
        }
    }
    if let Some(details) = body.get("tradeDetails") {
        let stands = record.document.get("tradeDetails");
        let same = stands == Some(details);
        let delivered = Side::ALL.iter().any(|side| record.document.contains(items::members_of(*side).0));
        if delivered && !same {
            return Err(RestError::conflict("tradeDetails stand once a DISCOM has recorded actuals"));
        }
        let begun = instant(&record.document, "deliveryStartTime").is_some_and(|start| start <= now);
        if record.contract_id.is_some() && begun && !same {
            return Err(RestError::conflict("tradeDetails stand once the delivery has begun"));
        }
        if record.home.is_some() {
            return match same_trade(stands, details) {
                true => Ok(()),
                false => Err(RestError::conflict("tradeDetails were agreed over the network")),
            };
        }
        record.document.set("tradeDetails", details.clone());
    }
    Ok(())
}

/// Whether details that were put are those of a contract of the network: quantity, and price where one is
/// given.
fn same_trade(stands: Option<&Json>, told: &Json) -> bool {
    let Some([stands]) = stands.and_then(Json::as_array) else { return false };
    let Some([told]) = told.as_array() else { return false };
    let (ours, theirs) = (stands.get("pricePerUnit"), told.get("pricePerUnit"));
    let equal = |name| stands.get(name) == told.get(name);
    ["tradeQty", "tradeType", "tradeUnit"].into_iter().all(equal) && (theirs.is_none() || ours == theirs)
}

async fn record(
    tx: &mut Tx,
    directory: &Directory,
    ledger_id: &str,
    request: &Request,
    body: &Object,
) -> Result<Json, CallError> {
    let seller = text(body, "role") == Some("SELLER_DISCOM");
    let (discom, side) =
        if seller { ("discomIdSeller", Side::Seller) } else { ("discomIdBuyer", Side::Buyer) };
    let (metrics, status, kind) = items::members_of(side);
    let named = text(body, discom).unwrap_or_default();
    if !directory.speaks_for(&request.caller, named) {
        return Err(RestError::forbidden(format!("{discom} is not the caller")).into());
    }
    let (transaction, item) = key(body);
    let found = store::find(tx, transaction, item).await?;
    let contracts = match found.iter().find(|record| record.ledger_id == ledger_id) {
        Some(known) => items::lock(tx, known).await?,
        None => Vec::new(),
    };
    let Some(mut stands) = store::lock(tx, ledger_id, transaction, item).await? else {
        let message =
            format!("No ledger record found for transactionId={transaction} and orderItemId={item}");
        return Err(RestError::not_found(message).into());
    };
    check_record_id(body, &stands)?;
    if !text(&stands.document, discom).is_some_and(|own| directory.same(own, named)) {
        return Err(RestError::forbidden(format!("{named} is not {discom} of this record")).into());
    }
    let before = stands.document.clone();
    for metric in body.get(metrics).and_then(Json::as_array).unwrap_or_default() {
        set_metric(&mut stands.document, metrics, metric);
    }
    if let Some(word) = body.get(status) {
        stands.document.set(status, word.clone());
    }
    let energy = items::metric(&stands.document, metrics, kind);
    if stands.contract_id.is_some() && energy.is_some_and(|energy| energy < WattHours::ZERO) {
        return Err(RestError::field(metrics, "energy is not below zero").into());
    }
    stands.write_back(tx, &before).await?;
    let word =
        items::Word { side, energy, status: text(body, status), told_by: &request.caller, now: request.now };
    items::say(tx, &contracts, &stands, &word).await?;
    Ok(accepted(&stands, ACCEPTED))
}

async fn allocate(
    tx: &mut Tx,
    directory: &Directory,
    request: &Request,
    body: &Object,
) -> Result<Json, CallError> {
    let discom = text(body, "discomId").unwrap_or_default();
    if !directory.speaks_for(&request.caller, discom) {
        return Err(RestError::forbidden("discomId is not the caller").into());
    }
    // Where no ledger is named, the ledgers of this process are one: a record is kept in one of them.
    let of_path = request.ledger_id.as_deref();
    let meter = text(body, "meterId").unwrap_or_default();
    let (from, to) = ("deliveryStartTime", "deliveryEndTime");
    let (Some(start), Some(end)) = (instant(body, from), instant(body, to)) else {
        return Err(RestError::missing(from).into());
    };
    let matched = matching(tx, of_path, meter, (start, end)).await?;
    if matched.is_empty() {
        let window = (text(body, from).unwrap_or_default(), text(body, to).unwrap_or_default());
        let message = format!(
            "No ENERGY trades found for meterId={meter} in delivery window {} to {}",
            window.0, window.1
        );
        return Err(RestError::not_found(message).into());
    }
    let own = |(record, side, _): &(Record, Book, WattHours)| {
        let of = if *side == Book::Buy { "discomIdBuyer" } else { "discomIdSeller" };
        text(&record.document, of).is_some_and(|named| directory.same(named, discom))
    };
    let matched: Vec<_> = matched.into_iter().filter(own).collect();
    if matched.is_empty() {
        let message = format!("Discom {discom} is not buyer or seller discom on any matched trades");
        return Err(RestError::forbidden(message).into());
    }
    let imported = body.get("actualImported").and_then(Json::as_number).unwrap_or_default();
    let imported = WattHours::from_kwh_text(imported)
        .map_err(|error| RestError::field("actualImported", error.to_string()))?;
    let trade = |(record, side, traded): &(Record, Book, WattHours)| NetTrade {
        id: (record.transaction_id.clone(), record.order_item_id.clone()),
        side: *side,
        traded: *traded,
    };
    let trades: Vec<_> = matched.iter().map(trade).collect();
    let shares = share_net(imported, &trades)
        .map_err(|error| RestError::field("actualImported", error.to_string()))?;
    let (mut details, mut total) = (Vec::new(), WattHours::ZERO);
    for ((record, side, traded), share) in matched.into_iter().zip(shares) {
        total = total.checked_add(share).unwrap_or(WattHours::MAX);
        let told = (share, text(body, "status"));
        details.push(write_share(tx, request, record, side, traded, told).await?);
    }
    let matched = i64::try_from(details.len()).unwrap_or(i64::MAX);
    Ok(Json::object([
        ("success", Json::from(true)),
        ("allocations", Json::array(details)),
        ("totalMatched", Json::from(matched)),
        ("totalAllocated", Json::Number(total.to_kwh_text())),
    ]))
}

/// The trades of a meter in a window, each once: of a contract of the network the row in the ledger of that
/// side, if it is kept here.
async fn matching(
    tx: &mut Tx,
    ledger_id: Option<&str>,
    meter: &str,
    (start, end): (Timestamp, Timestamp),
) -> Result<Vec<(Record, Book, WattHours)>, DbError> {
    let mut matched: BTreeMap<(String, String), (Record, Book, WattHours)> = BTreeMap::new();
    for record in store::in_window(tx, ledger_id, start, end).await? {
        let Some(side) = side_of(&record.document, meter) else { continue };
        let traded = energy(&record.document);
        if traded <= WattHours::ZERO {
            continue;
        }
        let wanted = if side == Book::Buy { Side::Buyer } else { Side::Seller };
        let own = record.home.as_deref() == Some(wanted.as_str());
        let key = (record.transaction_id.clone(), record.order_item_id.clone());
        if own || !matched.contains_key(&key) {
            matched.insert(key, (record, side, traded));
        }
    }
    Ok(matched.into_values().collect())
}

async fn write_share(
    tx: &mut Tx,
    request: &Request,
    record: Record,
    side: Book,
    traded: WattHours,
    (share, status): (WattHours, Option<&str>),
) -> Result<Json, DbError> {
    let own = if side == Book::Buy { Side::Buyer } else { Side::Seller };
    let (metrics, word, kind) = items::members_of(own);
    let contracts = items::lock(tx, &record).await?;
    let key = (record.ledger_id.as_str(), record.transaction_id.as_str(), record.order_item_id.as_str());
    let mut record = store::lock(tx, key.0, key.1, key.2).await?.ok_or_else(vanished)?;
    let before = record.document.clone();
    set_metric(&mut record.document, metrics, &items::metric_json(kind, share));
    if let Some(status) = status {
        record.document.set(word, status);
    }
    record.write_back(tx, &before).await?;
    let word =
        items::Word { side: own, energy: Some(share), status, told_by: &request.caller, now: request.now };
    items::say(tx, &contracts, &record, &word).await?;
    Ok(Json::object([
        ("recordId", Json::from(record.record_id.as_str())),
        ("transactionId", Json::from(record.transaction_id.as_str())),
        ("orderItemId", Json::from(record.order_item_id.as_str())),
        ("tradeQty", Json::Number(traded.to_kwh_text())),
        ("allocatedQty", Json::Number(share.to_kwh_text())),
        ("side", Json::from(own.as_str())),
        ("metricType", Json::from(kind)),
        ("rowDigest", Json::from(record.row_digest.as_str())),
    ]))
}

async fn get(
    tx: &mut Tx,
    directory: &Directory,
    request: &Request,
    filter: &Object,
) -> Result<Json, CallError> {
    let page = (count(filter, "limit").unwrap_or(50), count(filter, "offset").unwrap_or(0));
    let code = directory.code_of(&request.caller);
    let found = store::search(tx, request.ledger_id.as_deref(), &request.caller, code, filter, page).await?;
    let shown = found.iter().map(|record| {
        let mut shown = record.to_json();
        shown.set("rowDigest", record.row_digest.as_str());
        Json::Object(shown)
    });
    let records: Vec<Json> = shown.collect();
    let number = i64::try_from(records.len()).unwrap_or(i64::MAX);
    Ok(Json::object([("records", Json::array(records)), ("count", Json::from(number))]))
}

/// On which side of a trade a meter stands; the buyer's when it is named on both.
fn side_of(document: &Object, meter: &str) -> Option<Book> {
    let is = |name| {
        text(document, name).is_some_and(|id| id == meter || normalize_meter(id) == normalize_meter(meter))
    };
    match (is("buyerId"), is("sellerId")) {
        (true, _) => Some(Book::Buy),
        (false, true) => Some(Book::Sell),
        _ => None,
    }
}

/// The energy of a trade; zero when it trades something else.
pub(super) fn energy(document: &Object) -> WattHours {
    let details = document.get("tradeDetails").and_then(Json::as_array).unwrap_or_default();
    let is = |json: &&Json| {
        let text = |name| json.get(name).and_then(Json::as_str);
        text("tradeType") == Some("ENERGY") && text("tradeUnit") == Some("KWH")
    };
    let quantity = |json: &Json| {
        json.get("tradeQty").and_then(Json::as_number).and_then(|n| WattHours::from_kwh_text(n).ok())
    };
    WattHours::checked_sum(details.iter().filter(is).filter_map(quantity)).unwrap_or_default()
}

/// Puts a metric in place of the one of its type.
pub(super) fn set_metric(document: &mut Object, name: &str, metric: &Json) {
    let kind = |json: &Json| json.get("validationMetricType").and_then(Json::as_str).map(str::to_owned);
    let mut metrics = document.get(name).and_then(Json::as_array).unwrap_or_default().to_vec();
    match metrics.iter_mut().find(|each| kind(each) == kind(metric)) {
        Some(stands) => *stands = metric.clone(),
        None => metrics.push(metric.clone()),
    }
    document.set(name, metrics);
}

fn accepted(record: &Record, message: &str) -> Json {
    Json::object([
        ("success", Json::from(true)),
        ("recordId", Json::from(record.record_id.as_str())),
        ("creationTime", Json::from(record.created_at.to_rfc3339())),
        ("rowDigest", Json::from(record.row_digest.as_str())),
        ("message", Json::from(message)),
    ])
}

fn key(body: &Object) -> (&str, &str) {
    (text(body, "transactionId").unwrap_or_default(), text(body, "orderItemId").unwrap_or_default())
}

fn check_record_id(body: &Object, record: &Record) -> Result<(), RestError> {
    match text(body, "recordId") {
        Some(id) if id != record.record_id => Err(RestError::conflict("recordId is that of another record")),
        _ => Ok(()),
    }
}

/// A row that an insert found to be there is gone.
fn vanished() -> DbError {
    DbError::NotFound { statement: "REST record" }
}
