//! Bodies of calls (pure): which members each call takes, of which kind, and what a role must name.
//!
//! What passes is normalized: instants in one spelling, numbers without trailing zeros. Energy is exact to
//! one watt-hour and a price to 0.0001; a finer value is refused, never rounded.

use beckn_wire::json::{Json, Object};
use units::{Timestamp, format_scaled, parse_scaled};

use super::RestError;

/// One of the four calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Put,
    Record,
    Allocate,
    Get,
}

impl Call {
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "put" => Self::Put,
            "record" => Self::Record,
            "allocate" => Self::Allocate,
            "get" => Self::Get,
            _ => return None,
        })
    }
}

/// What a member holds.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Instant,
    OneOf(&'static [&'static str]),
    /// As `OneOf`, or empty for no filter.
    Filter(&'static [&'static str]),
    Energy,
    Count(i64, i64),
    Details,
    Metrics,
}

use Kind::{Count, Details, Energy, Filter, Instant, Metrics, OneOf, Text};

const STATUS: &[&str] = &[
    "PENDING",
    "CONFIRMED",
    "CANCELLED_OUTAGE",
    "CANCELLED_POL_VIOLATION",
    "CURTAILED_OUTAGE",
    "CURTAILED_POL_VIOLATION",
    "COMPLETED",
];

const TRADE: &[&str] = &["ENERGY", "RAISE_CAPACITY", "LOWER_CAPACITY", "PFR", "SFR", "TC", "BDR"];

const METRIC: &[&str] = &[
    "ACTUAL_PUSHED",
    "ACTUAL_PULLED",
    "SETPOINT_FOLLOWING_ERROR",
    "ACTUAL_RAISE_CAPACITY",
    "ACTUAL_LOWER_CAPACITY",
    "FREQUENCY_RESPONSE_ERROR",
    "ACTUAL_DEMAND_REDUCTION",
    "AVAILABILITY",
];

const SORT: &[&str] = &["creationTime", "tradeTime", "deliveryStartTime", "deliveryEndTime"];

const TEXT_MAX: usize = 256;
const LIST_MAX: usize = 64;

type Members = &'static [(&'static str, Kind)];

const PUT: Members = &[
    ("role", OneOf(&["BUYER", "SELLER"])),
    ("transactionId", Text),
    ("orderItemId", Text),
    ("recordId", Text),
    ("platformIdBuyer", Text),
    ("platformIdSeller", Text),
    ("discomIdBuyer", Text),
    ("discomIdSeller", Text),
    ("buyerId", Text),
    ("sellerId", Text),
    ("tradeTime", Instant),
    ("deliveryStartTime", Instant),
    ("deliveryEndTime", Instant),
    ("tradeDetails", Details),
    ("clientReference", Text),
];

const RECORD: Members = &[
    ("role", OneOf(&["BUYER_DISCOM", "SELLER_DISCOM"])),
    ("transactionId", Text),
    ("orderItemId", Text),
    ("recordId", Text),
    ("discomIdBuyer", Text),
    ("discomIdSeller", Text),
    ("buyerFulfillmentValidationMetrics", Metrics),
    ("sellerFulfillmentValidationMetrics", Metrics),
    ("statusBuyerDiscom", OneOf(STATUS)),
    ("statusSellerDiscom", OneOf(STATUS)),
    ("note", Text),
    ("clientReference", Text),
];

const ALLOCATE: Members = &[
    ("meterId", Text),
    ("discomId", Text),
    ("deliveryStartTime", Instant),
    ("deliveryEndTime", Instant),
    ("actualImported", Energy),
    ("status", OneOf(STATUS)),
    ("clientReference", Text),
];

const GET: Members = &[
    ("transactionId", Text),
    ("orderItemId", Text),
    ("recordId", Text),
    ("buyerId", Text),
    ("sellerId", Text),
    ("discomIdBuyer", Text),
    ("discomIdSeller", Text),
    ("platformIdBuyer", Text),
    ("platformIdSeller", Text),
    ("creationTimeFrom", Instant),
    ("creationTimeTo", Instant),
    ("tradeTimeFrom", Instant),
    ("tradeTimeTo", Instant),
    ("deliveryStartFrom", Instant),
    ("deliveryStartTo", Instant),
    ("deliveryEndFrom", Instant),
    ("deliveryEndTo", Instant),
    ("limit", Count(1, 500)),
    ("offset", Count(0, 1_000_000)),
    ("statusBuyerDiscom", Filter(STATUS)),
    ("statusSellerDiscom", Filter(STATUS)),
    ("sort", OneOf(SORT)),
    ("sortOrder", OneOf(&["asc", "desc"])),
];

/// Members of a record that a DISCOM writes: a platform that sends one oversteps, it does not misspell.
const DISCOMS_OWN: [&str; 4] = [
    "buyerFulfillmentValidationMetrics",
    "sellerFulfillmentValidationMetrics",
    "statusBuyerDiscom",
    "statusSellerDiscom",
];

/// Reads and normalizes the body of a call.
///
/// # Errors
/// 400 for what the schema forbids or misses, 403 for a platform that writes a DISCOM's member.
pub fn read(call: Call, body: &[u8]) -> Result<Object, RestError> {
    let document = Json::parse(body).map_err(|error| RestError::field("body", error.to_string()))?;
    let Json::Object(members) = document else {
        return Err(RestError::field("body", "must be an object"));
    };
    let (known, required): (Members, &[&str]) = match call {
        Call::Put => (PUT, &["role", "transactionId", "orderItemId"]),
        Call::Record => (RECORD, &["role", "transactionId", "orderItemId"]),
        Call::Allocate => {
            (ALLOCATE, &["meterId", "discomId", "deliveryStartTime", "deliveryEndTime", "actualImported"])
        }
        Call::Get => (GET, &[]),
    };
    let mut read = Object::new();
    for (name, value) in members.iter() {
        let Some((_, kind)) = known.iter().find(|(known, _)| *known == name) else {
            if call == Call::Put && DISCOMS_OWN.contains(&name) {
                let role = members.get("role").and_then(Json::as_str).unwrap_or_default();
                let role = if role == "SELLER" { "SELLER" } else { "BUYER" };
                return Err(RestError::forbidden(format!("Caller role {role} cannot write {name}")));
            }
            return Err(RestError::field(name, "is not a member of this request"));
        };
        if matches!((kind, value), (Filter(_), Json::Null)) {
            continue;
        }
        read.set(name, normalize(name, *kind, value)?);
    }
    for name in required {
        if !read.contains(name) {
            return Err(RestError::missing(name));
        }
    }
    role_demands(call, &read)?;
    ordered(&read, "deliveryStartTime", "deliveryEndTime")?;
    Ok(read)
}

/// What each role must and must not name.
fn role_demands(call: Call, body: &Object) -> Result<(), RestError> {
    let role = text(body, "role").unwrap_or_default();
    let demand = |name: &str| if body.contains(name) { Ok(()) } else { Err(RestError::missing(name)) };
    let (own, others, metric) = match (call, role) {
        (Call::Put, "BUYER") => return demand("platformIdBuyer"),
        (Call::Put, _) => return demand("platformIdSeller"),
        (Call::Record, "BUYER_DISCOM") => {
            demand("discomIdBuyer")?;
            ("buyer", ["sellerFulfillmentValidationMetrics", "statusSellerDiscom"], "ACTUAL_PULLED")
        }
        (Call::Record, _) => {
            demand("discomIdSeller")?;
            ("seller", ["buyerFulfillmentValidationMetrics", "statusBuyerDiscom"], "ACTUAL_PUSHED")
        }
        _ => return Ok(()),
    };
    if let Some(foreign) = others.into_iter().find(|name| body.contains(name)) {
        return Err(RestError::field(foreign, format!("{role} does not write it")));
    }
    let name = format!("{own}FulfillmentValidationMetrics");
    let metrics = body.get(&name).and_then(Json::as_array).ok_or_else(|| RestError::missing(&name))?;
    let is = |json: &Json| json.get("validationMetricType").and_then(Json::as_str) == Some(metric);
    if metrics.iter().any(is) {
        Ok(())
    } else {
        Err(RestError::field(&name, format!("must contain {metric}")))
    }
}

fn ordered(body: &Object, from: &str, to: &str) -> Result<(), RestError> {
    match (instant(body, from), instant(body, to)) {
        (Some(start), Some(end)) if start >= end => {
            Err(RestError::field(to, format!("must be later than {from}")))
        }
        _ => Ok(()),
    }
}

fn normalize(name: &str, kind: Kind, value: &Json) -> Result<Json, RestError> {
    let refuse = |issue: &str| Err(RestError::field(name, issue));
    let (text, number) = (value.as_str(), value.as_number());
    match (kind, text, number) {
        (Text, Some(text), _) if text.len() <= TEXT_MAX && !text.chars().any(char::is_control) => {
            if text.trim().is_empty() && matches!(name, "transactionId" | "orderItemId" | "meterId") {
                return refuse("must not be empty");
            }
            Ok(text.into())
        }
        (Text, Some(_), _) => refuse("is too long or has control characters"),
        (Text, None, _) => refuse("must be a text"),
        (Instant, Some(text), _) => match Timestamp::parse_rfc3339(text) {
            Ok(at) => Ok(at.to_rfc3339().into()),
            Err(_) => refuse("must be an RFC 3339 instant"),
        },
        (Instant, None, _) => refuse("must be an RFC 3339 instant"),
        (Filter(_), Some(""), _) => Ok("".into()),
        (OneOf(all) | Filter(all), Some(text), _) if all.contains(&text) => Ok(text.into()),
        (OneOf(all) | Filter(all), ..) => refuse(&format!("must be one of [{}]", all.join(", "))),
        (Energy, _, Some(number)) => decimal(name, number, 3),
        (Energy, _, None) => refuse("must be a number"),
        (Count(least, most), _, Some(number)) => {
            match parse_scaled(number, 0).ok().filter(|count| (least..=most).contains(&count.to_owned())) {
                Some(count) => Ok(count.into()),
                None => refuse(&format!("must be a whole number from {least} to {most}")),
            }
        }
        (Count(..), _, None) => refuse("must be a whole number"),
        (Details | Metrics, ..) => list(name, kind, value),
    }
}

fn decimal(name: &str, number: &str, places: u32) -> Result<Json, RestError> {
    match parse_scaled(number, places) {
        Ok(scaled) => Ok(Json::Number(format_scaled(scaled, places))),
        Err(error) => Err(RestError::field(name, error.to_string())),
    }
}

fn list(name: &str, kind: Kind, value: &Json) -> Result<Json, RestError> {
    let items = value.as_array().filter(|items| items.len() <= LIST_MAX);
    let items = items.ok_or_else(|| RestError::field(name, "must be a list of at most 64 entries"))?;
    let read = items.iter().enumerate().map(|(index, item)| {
        let place = format!("{name}[{index}]");
        let object = item.as_object().ok_or_else(|| RestError::field(&place, "must be an object"))?;
        match kind {
            Details => detail(&place, object),
            _ => metric(&place, object),
        }
    });
    Ok(Json::array(read.collect::<Result<Vec<_>, _>>()?))
}

fn detail(place: &str, object: &Object) -> Result<Json, RestError> {
    const MEMBERS: [(&str, Kind, bool); 5] = [
        ("tradeQty", Energy, true),
        ("tradeType", OneOf(TRADE), true),
        ("tradeUnit", OneOf(&["KWH", "KW"]), true),
        ("pricePerUnit", Energy, false),
        ("priceCurrency", Text, false),
    ];
    entry(place, object, &MEMBERS)
}

fn metric(place: &str, object: &Object) -> Result<Json, RestError> {
    const MEMBERS: [(&str, Kind, bool); 2] =
        [("validationMetricType", OneOf(METRIC), true), ("validationMetricValue", Energy, true)];
    entry(place, object, &MEMBERS)
}

fn entry(place: &str, object: &Object, members: &[(&str, Kind, bool)]) -> Result<Json, RestError> {
    if let Some((stranger, _)) =
        object.iter().find(|(name, _)| !members.iter().any(|(known, ..)| known == name))
    {
        return Err(RestError::field(&format!("{place}.{stranger}"), "is not a member of this request"));
    }
    let mut read = Object::new();
    for (name, kind, required) in members {
        let at = format!("{place}.{name}");
        match object.get(name) {
            Some(Json::Number(number)) if *name == "pricePerUnit" => {
                read.set(*name, decimal(&at, number, 4)?);
            }
            Some(value) => read.set(*name, normalize(&at, *kind, value)?),
            None if *required => return Err(RestError::missing(&at)),
            None => {}
        }
    }
    Ok(Json::Object(read))
}

/// A text of a body that was read.
pub fn text<'b>(body: &'b Object, name: &str) -> Option<&'b str> {
    body.get(name).and_then(Json::as_str)
}

/// An instant of a body that was read.
pub fn instant(body: &Object, name: &str) -> Option<Timestamp> {
    text(body, name).and_then(|text| Timestamp::parse_rfc3339(text).ok())
}

/// A whole number of a body that was read.
pub fn count(body: &Object, name: &str) -> Option<i64> {
    body.get(name).and_then(Json::as_number).and_then(|number| parse_scaled(number, 0).ok())
}
