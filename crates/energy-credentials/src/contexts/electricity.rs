//! The context of the ElectricityCredential 1.2, with the three contexts that it imports laid into it.
//!
//! There is none of 1.0 and 1.1: theirs give a protected word of the data model 2.0 (`credentialStatus`) another meaning,
//! which no JSON-LD processor may accept, so that nobody can have signed their RDF. Credentials of those versions are
//! secured as JWT or over canonical JSON, which need no context.

/// Where the published one is.
pub(super) const URL: &str =
    "https://india-energy-stack.github.io/ies-accelerator/schemas/ElectricityCredential/v1.2/context.jsonld";

/// Words of a resource with their types: of the resource itself and of its attributes.
const TEXTS: [&str; 17] = [
    "make",
    "model",
    "telemetryProvider",
    "meterCapability",
    "energyDirection",
    "feeder",
    "bus",
    "communicationTechnology",
    "applicationProtocol",
    "storageType",
    "connectorType",
    "controlProtocol",
    "v2xProtocol",
    "rideThroughCategory",
    "operatingMode",
    "loadCategory",
    "zone",
];
const MORE_TEXTS: [&str; 2] = ["substationId", "feederCode"];
const DECIMALS: [&str; 3] = ["efficiency", "stateOfHealthPct", "enterServiceRampTimeSec"];
const TRUTHS: [&str; 2] = ["voltVarEnabled", "freqDroopEnabled"];
const LISTS: [&str; 3] = ["subResources", "parentResources", "functions"];
/// Values with a unit, of a resource and of a connection.
const QUANTITIES: [&str; 8] = [
    "ratedPower",
    "maxExport",
    "maxImport",
    "nominalPower",
    "storageCapacity",
    "ratedApparentPower",
    "maxReactivePower",
    "minReactivePower",
];
const VOLTAGE: &str = "nominalVoltage";
const LOADS: [&str; 3] = ["sanctionedLoad", "sanctionedExportLoad", "contractMaxDemand"];
/// Words of a connection without a type.
const WORDS: [&str; 6] =
    ["meterId", "tariffCategoryCode", "premisesType", "connectionType", "paymentMode", "serviceStatus"];
/// Units, by their names in QUDT.
const UNITS: [(&str, &str); 11] = [
    ("W", "W"),
    ("kW", "KiloW"),
    ("MW", "MegaW"),
    ("kWh", "KiloW-HR"),
    ("MWh", "MegaW-HR"),
    ("kVA", "KiloV-A"),
    ("MVA", "MegaV-A"),
    ("kVAR", "KiloV-A_Reactive"),
    ("MVAR", "MegaV-A_Reactive"),
    ("V", "V"),
    ("kV", "KiloV"),
];
const ADDRESS: [&str; 6] =
    ["streetAddress", "extendedAddress", "addressLocality", "addressRegion", "addressCountry", "postalCode"];

/// A word under a prefix, with its type.
fn typed(prefix: &str, term: &str, kind: &str) -> String {
    format!(r#""{term}":{{"@id":"{prefix}:{term}","@type":"{kind}"}}"#)
}

fn list(prefix: &str, term: &str) -> String {
    format!(r#""{term}":{{"@id":"{prefix}:{term}","@container":"@list"}}"#)
}

fn quantity(term: &str) -> String {
    format!(
        r#""{term}":{{"@id":"deg:{term}","@context":{{"value":{{"@id":"qudt:value","@type":"xsd:decimal"}},
        "unit":{{"@id":"qudt:unit","@type":"@vocab"}},"@vocab":"http://qudt.org/vocab/unit/"}}}}"#
    )
}

/// Terms of a context that has one of its own for a part of the document.
fn scoped(term: &str, meaning: &str, container: &str, terms: &[String]) -> String {
    let terms = terms.join(",");
    format!(r#""{term}":{{"@id":"{meaning}","@type":"@id"{container},"@context":{{{terms}}}}}"#)
}

const SET: &str = r#","@container":"@set""#;

fn protected() -> String {
    r#""@version":1.1,"@protected":true"#.to_owned()
}

fn units() -> Vec<String> {
    let mut terms = vec![r#""qudt":"http://qudt.org/schema/qudt/""#.to_owned()];
    terms.extend(UNITS.map(|(unit, name)| format!(r#""{unit}":"http://qudt.org/vocab/unit/{name}""#)));
    terms
}

fn resources() -> String {
    let mut terms = units();
    terms.push(r#""id":"@id","type":{"@id":"deg:resourceType","@type":"xsd:string"}"#.to_owned());
    terms.extend(LISTS.map(|term| list("deg", term)));
    terms.extend([typed("deg", "attributes", "@id"), typed("deg", "location", "@id")]);
    terms.push(typed("deg", "commissioningDate", "xsd:dateTime"));
    terms.extend(TEXTS.iter().chain(&MORE_TEXTS).map(|term| typed("deg", term, "xsd:string")));
    terms.extend(DECIMALS.map(|term| typed("deg", term, "xsd:decimal")));
    terms.extend(TRUTHS.map(|term| typed("deg", term, "xsd:boolean")));
    terms.extend(QUANTITIES.iter().chain([&VOLTAGE]).map(|term| quantity(term)));
    scoped("energyResources", "deg:energyResources", SET, &terms)
}

fn connections() -> String {
    let mut terms = vec![r#""@protected":true"#.to_owned()];
    terms.extend(units());
    terms.extend(WORDS.map(|term| format!(r#""{term}":{{"@id":"deg:{term}"}}"#)));
    terms.push(typed("deg", "billingCycleDay", "xsd:integer"));
    terms.extend(LOADS.map(quantity));
    scoped("consumptionProfiles", "deg:consumptionProfiles", SET, &terms)
}

fn details() -> String {
    let name = |term: &str| format!(r#""{term}":{{"@id":"schema:name","@type":"xsd:string"}}"#);
    let mut geo = vec![r#""type":{"@id":"beckn:geoType","@type":"xsd:string"}"#.to_owned()];
    geo.extend(["coordinates", "bbox", "geometries"].map(|term| list("beckn", term)));
    let address = ADDRESS.map(|term| typed("beckn", term, "xsd:string"));
    let place = [scoped("geo", "beckn:geo", "", &geo), scoped("address", "beckn:address", "", &address)];
    let kin = [name("name"), typed("deg", "relationship", "xsd:string")].join(",");
    let terms = [
        r#""@protected":true,"beckn":"https://schema.nfh.global/""#.to_owned(),
        name("fullName"),
        typed("deg", "serviceConnectionDate", "xsd:dateTime"),
        format!(r#""careOf":{{"@id":"deg:careOf","@context":{{{kin}}}}}"#),
        scoped("installationAddress", "beckn:Location", "", &place),
    ];
    scoped("customerDetails", "deg:customerDetails", "", &terms)
}

/// The context.
pub(super) fn text() -> String {
    let identity = [typed("deg", "issuedBy", "@id"), typed("deg", "subjectId", "xsd:string")];
    let profile = [
        protected(),
        typed("deg", "customerNumber", "xsd:string"),
        scoped("idRef", "deg:idRef", "", &identity),
        resources(),
        connections(),
    ];
    let status = [typed("deg", "statusPurpose", "xsd:string"), typed("deg", "statusListCredential", "@id")];
    let terms = [
        r#""@version":1.1,"schema":"https://schema.org/","xsd":"http://www.w3.org/2001/XMLSchema#""#
            .to_owned(),
        r#""deg":"https://schema.nfh.global/deg#""#.to_owned(),
        r#""ElectricityCredential":{"@id":"deg:ElectricityCredential","@context":{"@version":1.1}}"#
            .to_owned(),
        scoped("customerProfile", "deg:customerProfile", "", &profile),
        details(),
        scoped("credentialStatus", "deg:credentialStatus", "", &status),
    ];
    format!(r#"{{"@context":{{{}}}}}"#, terms.join(","))
}
