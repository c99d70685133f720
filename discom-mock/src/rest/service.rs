//! What the four calls do. Each write is one transaction under the lock of its rows, and may be run again
//! from the start when that transaction is retried.

use std::sync::Arc;

use beckn_wire::energy::normalize_meter;
use beckn_wire::json::{Json, Object};
use db::{Db, DbError, Tx};
use energy_rules::{NetTrade, Side as Book, share_net};
use units::{Timestamp, WattHours};

use super::RestError;
use super::request::{Call, count, instant, read, text};
use super::store::{self, Record};
use crate::config::Discom;
use crate::ledger::model::sha256;

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

/// What a DISCOM writes: its metrics and its status.
const BUYERS: (&str, &str, &str) =
    ("buyerFulfillmentValidationMetrics", "statusBuyerDiscom", "ACTUAL_PULLED");
const SELLERS: (&str, &str, &str) =
    ("sellerFulfillmentValidationMetrics", "statusSellerDiscom", "ACTUAL_PUSHED");

/// No token was given: the write is made as often as it is sent.
const NO_REFERENCE: &str = "";

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
pub struct Directory(Arc<Vec<Names>>);

#[derive(Clone, Debug)]
struct Names {
    code: String,
    discom_id: String,
    ledger_id: String,
}

impl Directory {
    pub fn new(discoms: &[Discom]) -> Self {
        let names = |discom: &Discom| Names {
            code: discom.code.clone(),
            discom_id: discom.discom_id.clone(),
            ledger_id: discom.ledger_id.clone(),
        };
        Self(Arc::new(discoms.iter().map(names).collect()))
    }

    /// The ledger of a DISCOM, by its code or subscriber id.
    fn ledger_of(&self, discom: &str) -> Option<&str> {
        let named = |names: &&Names| names.code == discom || names.discom_id == discom;
        self.0.iter().find(named).map(|names| names.ledger_id.as_str())
    }

    /// The subscriber id of a DISCOM of this process, by its code.
    pub fn discom_id(&self, code: &str) -> Option<&str> {
        self.0.iter().find(|names| names.code == code).map(|names| names.discom_id.as_str())
    }

    fn first(&self) -> &str {
        self.0.first().map_or("", |names| names.ledger_id.as_str())
    }

    /// Whether that caller speaks for that DISCOM. A DISCOM of elsewhere may go by its subscriber id.
    fn speaks_for(&self, caller: &str, discom: &str) -> bool {
        caller == discom || self.0.iter().any(|names| names.discom_id == caller && names.code == discom)
    }

    fn code_of<'a>(&'a self, caller: &'a str) -> &'a str {
        self.0.iter().find(|names| names.discom_id == caller).map_or(caller, |names| names.code.as_str())
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
pub async fn answer(db: &Db, directory: &Directory, request: Request) -> Result<String, CallError> {
    let body = read(request.call, &request.body)?;
    let work = Arc::new((directory.clone(), request, body));
    if work.1.call == Call::Get {
        let found = db.read(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move { get(tx, &work.0, &work.1, &work.2).await })
        });
        return Ok(found.await?.to_string());
    }
    let written = db.write(move |tx| {
        let work = Arc::clone(&work);
        Box::pin(async move { write(tx, &work.0, &work.1, &work.2).await })
    });
    written.await
}

/// A write, at most once by the caller's token.
async fn write(
    tx: &mut Tx,
    directory: &Directory,
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
        Call::Put => put(tx, &ledger_id, request, body).await?,
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

async fn put(tx: &mut Tx, ledger_id: &str, request: &Request, body: &Object) -> Result<Json, CallError> {
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
    };
    check_record_id(body, &fresh)?;
    merge(&mut fresh, body)?;
    fresh.seal();
    if store::add(tx, &fresh).await? {
        return Ok(accepted(&fresh));
    }
    let mut stands = store::lock(tx, ledger_id, transaction, item).await?.ok_or_else(vanished)?;
    let before = stands.document.clone();
    merge(&mut stands, body)?;
    change(tx, stands, &before).await
}

/// Takes the members of a platform into a record.
fn merge(record: &mut Record, body: &Object) -> Result<(), RestError> {
    for name in FIXED {
        let Some(value) = body.get(name) else { continue };
        match record.document.get(name) {
            Some(stands) if stands != value => {
                return Err(RestError::conflict(format!("{name} of this record is another one")));
            }
            _ => record.document.set(name, value.clone()),
        }
    }
    if let Some(details) = body.get("tradeDetails") {
        let stands = record.document.get("tradeDetails");
        let delivered = [BUYERS, SELLERS].iter().any(|(metrics, ..)| record.document.contains(metrics));
        if delivered && stands != Some(details) {
            return Err(RestError::conflict("tradeDetails stand once a DISCOM has recorded actuals"));
        }
        record.document.set("tradeDetails", details.clone());
    }
    Ok(())
}

async fn record(
    tx: &mut Tx,
    directory: &Directory,
    ledger_id: &str,
    request: &Request,
    body: &Object,
) -> Result<Json, CallError> {
    let seller = text(body, "role") == Some("SELLER_DISCOM");
    let (discom, own) = if seller { ("discomIdSeller", SELLERS) } else { ("discomIdBuyer", BUYERS) };
    let named = text(body, discom).unwrap_or_default();
    if !directory.speaks_for(&request.caller, named) {
        return Err(RestError::forbidden(format!("{discom} is not the caller")).into());
    }
    let (transaction, item) = key(body);
    let Some(mut stands) = store::lock(tx, ledger_id, transaction, item).await? else {
        let message =
            format!("No ledger record found for transactionId={transaction} and orderItemId={item}");
        return Err(RestError::not_found(message).into());
    };
    check_record_id(body, &stands)?;
    if text(&stands.document, discom) != Some(named) {
        return Err(RestError::forbidden(format!("{named} is not {discom} of this record")).into());
    }
    let before = stands.document.clone();
    for metric in body.get(own.0).and_then(Json::as_array).unwrap_or_default() {
        set_metric(&mut stands.document, own.0, metric);
    }
    if let Some(status) = body.get(own.1) {
        stands.document.set(own.1, status.clone());
    }
    change(tx, stands, &before).await
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
    let matched: Vec<(Record, Book, WattHours)> = store::in_window(tx, of_path, start, end)
        .await?
        .into_iter()
        .filter_map(|record| {
            let side = side_of(&record.document, meter)?;
            let traded = energy(&record.document);
            (traded > WattHours::ZERO).then_some((record, side, traded))
        })
        .collect();
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
        text(&record.document, of) == Some(discom)
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
        details.push(write_share(tx, record, side, traded, share, body.get("status")).await?);
    }
    let matched = i64::try_from(details.len()).unwrap_or(i64::MAX);
    Ok(Json::object([
        ("success", Json::from(true)),
        ("allocations", Json::array(details)),
        ("totalMatched", Json::from(matched)),
        ("totalAllocated", Json::Number(total.to_kwh_text())),
    ]))
}

async fn write_share(
    tx: &mut Tx,
    mut record: Record,
    side: Book,
    traded: WattHours,
    share: WattHours,
    status: Option<&Json>,
) -> Result<Json, DbError> {
    let (own, name) = if side == Book::Buy { (BUYERS, "BUYER") } else { (SELLERS, "SELLER") };
    let before = record.document.clone();
    let metric = Json::object([
        ("validationMetricType", Json::from(own.2)),
        ("validationMetricValue", Json::Number(share.to_kwh_text())),
    ]);
    set_metric(&mut record.document, own.0, &metric);
    if let Some(status) = status {
        record.document.set(own.1, status.clone());
    }
    seal(tx, &mut record, &before).await?;
    Ok(Json::object([
        ("recordId", Json::from(record.record_id.as_str())),
        ("transactionId", Json::from(record.transaction_id.as_str())),
        ("orderItemId", Json::from(record.order_item_id.as_str())),
        ("tradeQty", Json::Number(traded.to_kwh_text())),
        ("allocatedQty", Json::Number(share.to_kwh_text())),
        ("side", Json::from(name)),
        ("metricType", Json::from(own.2)),
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
fn energy(document: &Object) -> WattHours {
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
fn set_metric(document: &mut Object, name: &str, metric: &Json) {
    let kind = |json: &Json| json.get("validationMetricType").and_then(Json::as_str).map(str::to_owned);
    let mut metrics = document.get(name).and_then(Json::as_array).unwrap_or_default().to_vec();
    match metrics.iter_mut().find(|each| kind(each) == kind(metric)) {
        Some(stands) => *stands = metric.clone(),
        None => metrics.push(metric.clone()),
    }
    document.set(name, metrics);
}

/// Writes a record back, when it changed.
async fn change(tx: &mut Tx, mut record: Record, before: &Object) -> Result<Json, CallError> {
    seal(tx, &mut record, before).await?;
    Ok(accepted(&record))
}

async fn seal(tx: &mut Tx, record: &mut Record, before: &Object) -> Result<(), DbError> {
    if record.document == *before {
        return Ok(());
    }
    record.version = record.version.saturating_add(1);
    record.seal();
    store::change(tx, record).await
}

fn accepted(record: &Record) -> Json {
    Json::object([
        ("success", Json::from(true)),
        ("recordId", Json::from(record.record_id.as_str())),
        ("creationTime", Json::from(record.created_at.to_rfc3339())),
        ("rowDigest", Json::from(record.row_digest.as_str())),
        ("message", Json::from("Accepted")),
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
