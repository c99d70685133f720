//! The energy attribute packs: what the `*Attributes` objects of the energy contract contain.
//!
//! The core leaves these objects open; a pack closes the ones that the network's vocabulary defines (domain
//! facts, section 8). A pack is chosen by the JSON-LD type together with name and major version in the
//! context's address, so that older objects of the same name are left alone. Decimal places, gates and
//! ownership of cells are business rules and are not judged here.

use super::shape::Shape::{self, Any, NullOr, Number, Object as Of, OneOf, Str, Words};
use super::shape::{
    DATE_TIME, Form, INTEGER, NUMBER, Object, TEXT, TEXTS, Text, URI, list, list_of_some, need, opt,
};
use super::{VIOLATIONS_MAX, Violation, check::Walk};
use crate::code::ErrorCode;
use crate::json::Json;

/// One type of the energy vocabulary.
#[derive(Debug)]
pub(crate) struct Pack {
    /// The value of `@type`.
    pub(crate) kind: &'static str,
    /// The name in the context's address.
    pub(crate) vocabulary: &'static str,
    pub(crate) major: &'static str,
    pub(crate) shape: &'static Object,
}

pub(crate) static PACKS: [Pack; 9] = [
    Pack { kind: "EnergyTradeOffer", vocabulary: "EnergyTradeOffer", major: "2", shape: &ENERGY_TRADE_OFFER },
    Pack { kind: "TimeSeries", vocabulary: "BecknTimeSeries", major: "1", shape: &TIME_SERIES },
    Pack { kind: "DEGContract", vocabulary: "DEGContract", major: "2", shape: &DEG_CONTRACT },
    Pack { kind: "EnergyCustomer", vocabulary: "EnergyCustomer", major: "2", shape: &ENERGY_CUSTOMER },
    Pack {
        kind: "DiscomLedgerProvider",
        vocabulary: "DiscomLedgerProvider",
        major: "1",
        shape: &LEDGER_PROVIDER,
    },
    Pack { kind: "EnergyResource", vocabulary: "EnergyResource", major: "2", shape: &ENERGY_RESOURCE },
    Pack { kind: "RevenueFlow", vocabulary: "RevenueFlow", major: "2", shape: &REVENUE_FLOW },
    Pack { kind: "SettlementTerm", vocabulary: "SettlementTerm", major: "2", shape: &SETTLEMENT_TERM },
    Pack { kind: "PaymentAction", vocabulary: "PaymentAction", major: "2", shape: &PAYMENT_ACTION },
];

/// Judges every object of a known energy type anywhere in the document. All violations have the code
/// `SCH_ATTRIBUTE_PACK_INVALID`.
///
/// # Errors
/// The first violations, at most [`VIOLATIONS_MAX`], with paths from the document's root.
pub fn validate_attributes(document: &Json) -> Result<(), Vec<Violation>> {
    let mut found = Vec::new();
    search(document, &mut String::new(), &mut found);
    if found.is_empty() { Ok(()) } else { Err(found) }
}

fn search(value: &Json, path: &mut String, found: &mut Vec<Violation>) {
    if found.len() >= VIOLATIONS_MAX {
        return;
    }
    if let Some(pack) = pack_of(value) {
        // Nested objects of a known type are found by the search itself, so a pack's own walk does not
        // descend there.
        let mut walk = Walk::new(Text::Main, VIOLATIONS_MAX - found.len());
        walk.value(&Of(pack.shape), value);
        for violation in walk.finish().err().unwrap_or_default() {
            let path = [path.as_str(), &violation.path]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>();
            found.push(Violation {
                code: ErrorCode::SchAttributePackInvalid,
                path: path.join("/"),
                ..violation
            });
        }
    }
    let mut descend = |step: &str, inner: &Json| {
        let length = path.len();
        if length > 0 {
            path.push('/');
        }
        path.extend(step.chars().take(40).filter(|c| !c.is_control()));
        search(inner, path, found);
        path.truncate(length);
    };
    match value {
        Json::Object(members) => members.iter().for_each(|(name, member)| descend(name, member)),
        Json::Array(items) => items.iter().enumerate().for_each(|(at, item)| descend(&at.to_string(), item)),
        _ => {}
    }
}

fn pack_of(value: &Json) -> Option<&'static Pack> {
    let (kind, context) = (value.get("@type")?.as_str()?, value.get("@context")?.as_str()?);
    let mut steps = context.rsplit('/').skip(1);
    let (version, vocabulary) = (steps.next()?, steps.next()?);
    let major = version.trim_start_matches('v').split('.').next()?;
    PACKS.iter().find(|pack| pack.kind == kind && pack.vocabulary == vocabulary && pack.major == major)
}

static LINKED: Object = Object::open("LinkedData", &[need("@context", URI), need("@type", TEXT)]);

static VALIDITY: Object = Object::open(
    "ValidityWindow",
    &[opt("@type", TEXT), opt("schema:startTime", DATE_TIME), opt("schema:endTime", DATE_TIME)],
);

static OFFER_PARTICIPANT_FORM: Object = Object::open(
    "OfferParticipant",
    &[need("id", TEXT), opt("descriptor", Of(&OPEN)), opt("participantAttributes", Of(&OPEN))],
);

static OPEN: Object = Object::open("OpenObject", &[]);

static TIME_SERIES_HEAD: Object =
    Object::open("TimeSeriesHead", &[need("@context", URI), need("@type", Words(&["TimeSeries"]))]);

static ENERGY_TRADE_OFFER: Object = Object::closed(
    "EnergyTradeOffer",
    &[
        need("@context", URI),
        need("@type", Words(&["EnergyTradeOffer"])),
        opt("validityWindow", Of(&VALIDITY)),
        opt("contractAttributes", Of(&LINKED)),
        opt("participants", list(&Of(&OFFER_PARTICIPANT_FORM))),
        opt("commitmentAttributes", Of(&TIME_SERIES_HEAD)),
    ],
);

static INTERVAL_PERIOD: Object = Object::open(
    "IntervalPeriod",
    &[need("start", DATE_TIME), opt("duration", TEXT), opt("randomizeStart", TEXT)],
);

static DESCRIPTOR_OF_COLUMN: Object = Object::open(
    "PayloadDescriptor",
    &[
        need("objectType", Words(&["EVENT_PAYLOAD_DESCRIPTOR", "REPORT_PAYLOAD_DESCRIPTOR"])),
        need("payloadType", TEXT),
        opt("units", TEXT),
        opt("currency", TEXT),
        opt("insertedBy", TEXT),
    ],
);

static CELL: Object = Object::open(
    "Payload",
    &[need("type", TEXT), need("values", list(&OneOf(&[NUMBER, TEXT, Shape::Bool])))],
);

static INTERVAL: Object = Object::open(
    "Interval",
    &[need("id", INTEGER), opt("intervalPeriod", Of(&INTERVAL_PERIOD)), need("payloads", list(&Of(&CELL)))],
);

static TIME_SERIES: Object = Object::closed(
    "TimeSeries",
    &[
        need("@context", URI),
        need("@type", Words(&["TimeSeries"])),
        need("intervalPeriod", Of(&INTERVAL_PERIOD)),
        need("payloadDescriptors", list_of_some(&Of(&DESCRIPTOR_OF_COLUMN))),
        need("intervals", list_of_some(&Of(&INTERVAL))),
        opt("resourceName", TEXT),
        opt("clientName", TEXT),
    ],
);

static ROLE: Object = Object::closed("Role", &[need("role", TEXT), need("participantId", NullOr(&TEXT))]);

static POLICY: Object = Object::closed("PolicyReference", &[need("url", URI), need("queryPath", TEXT)]);

static FLOW: Object = Object::closed(
    "Flow",
    &[
        need("role", TEXT),
        need("value", NUMBER),
        need("currency", Str(Form::Length(3))),
        opt("description", TEXT),
    ],
);

static DEG_CONTRACT: Object = Object::closed(
    "DEGContract",
    &[
        need("@context", URI),
        need("@type", Words(&["DEGContract"])),
        need("roles", list(&Of(&ROLE))),
        need("policy", Of(&POLICY)),
        opt("revenueFlows", list(&Of(&FLOW))),
    ],
);

static ENERGY_CUSTOMER: Object = Object::closed(
    "EnergyCustomer",
    &[
        need("@context", URI),
        need("@type", Words(&["EnergyCustomer"])),
        need("meterId", TEXT),
        opt("sanctionedLoad", Number { min: Some(0) }),
        opt("utilityCustomerId", TEXT),
        opt("utilityId", TEXT),
        opt("platformUrl", URI),
    ],
);

static LEDGER_PROVIDER: Object = Object::closed(
    "DiscomLedgerProvider",
    &[
        need("@context", URI),
        need("@type", Words(&["DiscomLedgerProvider"])),
        need("discomId", TEXT),
        need("discomUri", URI),
        need("ledgerId", TEXT),
        need("ledgerUri", URI),
    ],
);

static ENERGY_RESOURCE: Object = Object::open(
    "EnergyResource",
    &[
        need("@context", URI),
        need("@type", Words(&["EnergyResource"])),
        need("id", TEXT),
        need("type", TEXT),
        opt("subResources", list(&Any)),
        opt("parentResources", list(&Any)),
        opt("attributes", Of(&OPEN)),
    ],
);

static REVENUE_FLOW: Object = Object::closed(
    "RevenueFlow",
    &[
        need("@context", URI),
        need("@type", Words(&["RevenueFlow"])),
        need("revenueFlows", list_of_some(&Of(&FLOW))),
    ],
);

static AMOUNT: Object = Object::open("Amount", &[opt("currency", TEXT), opt("value", NUMBER)]);

static PAY_TO: Object = Object::open(
    "PayTo",
    &[
        opt("accountHolderName", TEXT),
        opt("accountNumber", TEXT),
        opt("branchCode", TEXT),
        opt("bankName", TEXT),
        opt("vpa", TEXT),
        opt("paymentUrl", URI),
    ],
);

static SETTLEMENT_TERM: Object = Object::open(
    "SettlementTerm",
    &[
        need("@context", URI),
        need("@type", Words(&["SettlementTerm"])),
        opt("amount", Of(&AMOUNT)),
        opt("settlementStatus", Words(&["PENDING", "COMPLETE"])),
        opt("paymentTrigger", TEXT),
        opt("payTo", Of(&PAY_TO)),
        opt("acceptedPaymentMethods", TEXTS),
    ],
);

static PAYMENT_METHOD: Object = Object::open("PaymentMethod", &[opt("method", TEXT)]);

static PAYMENT_ACTION: Object = Object::open(
    "PaymentAction",
    &[
        need("@context", URI),
        need("@type", Words(&["PaymentAction"])),
        need(
            "paymentStatus",
            Words(&[
                "INITIATED",
                "PENDING",
                "AUTHORIZED",
                "CAPTURED",
                "COMPLETED",
                "FAILED",
                "CANCELLED",
                "REFUNDED",
                "PARTIALLY_REFUNDED",
                "CHARGEBACK",
                "DISPUTED",
                "EXPIRED",
                "REVERSED",
                "VOIDED",
                "SETTLED",
                "ON_HOLD",
                "ADJUSTED",
            ]),
        ),
        opt("amount", Of(&AMOUNT)),
        opt("paymentMethod", Of(&PAYMENT_METHOD)),
        opt("paymentUrl", URI),
        opt("txnRef", TEXT),
        opt("paidAt", DATE_TIME),
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(kind: &str, context: &str, members: &str) -> Result<(), Vec<Violation>> {
        let text = format!(r#"{{"message":{{"a":[{{"@type":"{kind}","@context":"{context}"{members}}}]}}}}"#);
        validate_attributes(&Json::parse(text.as_bytes()).unwrap())
    }

    const LEDGER: &str = "https://schema.nfh.global/DiscomLedgerProvider/v1.0/context.jsonld";

    #[test]
    fn a_fault_is_named_with_its_place_in_the_document() {
        let members = r#","discomId":"d","discomUri":"u","ledgerId":"l","ledgerUrl":"x""#;
        let found = judge("DiscomLedgerProvider", LEDGER, members).unwrap_err();
        let places: Vec<&str> = found.iter().map(|violation| violation.path.as_str()).collect();
        assert_eq!(places, ["message/a/0", "message/a/0/ledgerUri"]);
        assert!(found.iter().all(|violation| violation.code == ErrorCode::SchAttributePackInvalid));
        assert!(judge("DiscomLedgerProvider", LEDGER, &members.replace("Url", "Uri")).is_ok());
    }

    #[test]
    fn the_version_spelling_is_free_and_other_majors_are_left_alone() {
        let flow = |context: &str| judge("RevenueFlow", context, r#","revenueFlows":[]"#);
        assert!(flow("https://schema.nfh.global/RevenueFlow/v2.0/context.jsonld").is_err());
        assert!(flow("https://schema.nfh.global/RevenueFlow/2.0/context.jsonld").is_err());
        assert!(flow("https://schema.nfh.global/RevenueFlow/v0.3/context.jsonld").is_ok());
        assert!(flow("RevenueFlow").is_ok());
    }

    #[test]
    fn objects_inside_objects_are_judged_and_the_report_is_short() {
        let series = r#"{"@type":"TimeSeries","@context":"https://x/BecknTimeSeries/v1.0/c"}"#;
        let many = vec![series; 30].join(",");
        let members =
            format!(r#","commitmentAttributes":{series},"participants":[{{"id":"p","x":[{many}]}}]"#);
        let found = judge("EnergyTradeOffer", "https://x/EnergyTradeOffer/v2.0/c", &members).unwrap_err();
        assert_eq!(found.len(), VIOLATIONS_MAX);
        assert_eq!(found[0].path, "message/a/0/commitmentAttributes/intervalPeriod");
    }
}
