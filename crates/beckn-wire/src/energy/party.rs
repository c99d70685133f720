//! Who takes part: `EnergyCustomer` v2.0, `DiscomLedgerProvider` v1.0, and the entries of `participants`.
//!
//! Older spellings are read (`ledgerUrl`, `utilityId` or `subscriberId` for a DISCOM, `role` in a
//! participant) and replaced by `canonicalize` before a message of ours leaves.

use super::column::Writer;
use super::path::{Members, Path, equal_as_written, has_type, put_child, put_text};
use super::schema;
use crate::code::WireError;
use crate::json::{Json, Object};

/// A prosumer behind a platform, named by the meter.
#[derive(Clone, Debug)]
pub struct EnergyCustomer {
    pub meter_id: String,
    /// The consumer number at the DISCOM: personal data, never in a catalog.
    pub utility_customer_id: Option<String>,
    pub utility_id: Option<String>,
    /// The base URL of the platform.
    pub platform_url: Option<String>,
    /// In kW, as it was written.
    pub sanctioned_load: Option<String>,
    pub rest: Object,
}

equal_as_written!(EnergyCustomer, DiscomLedgerProvider, Participant);

impl EnergyCustomer {
    pub fn new(meter_id: &str, platform_url: Option<&str>) -> Self {
        Self {
            meter_id: meter_id.to_owned(),
            utility_customer_id: None,
            utility_id: None,
            platform_url: platform_url.map(str::to_owned),
            sanctioned_load: None,
            rest: schema::ENERGY_CUSTOMER.members(),
        }
    }

    /// # Errors
    /// `meterId` is missing, or a member has the wrong type.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(json, path)?;
        Ok(Self {
            meter_id: members.required_text("meterId")?,
            utility_customer_id: members.text("utilityCustomerId")?,
            utility_id: members.text("utilityId")?,
            platform_url: members.text("platformUrl")?,
            sanctioned_load: members.number("sanctionedLoad")?,
            rest: members.rest(),
        })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "meterId", Some(&self.meter_id));
        put_text(&mut object, "utilityCustomerId", self.utility_customer_id.as_deref());
        put_text(&mut object, "utilityId", self.utility_id.as_deref());
        put_text(&mut object, "platformUrl", self.platform_url.as_deref());
        put_child(&mut object, "sanctionedLoad", self.sanctioned_load.clone().map(Json::Number));
        object.into()
    }
}

/// A DISCOM in the network: its own node and its ledger's. All four members are required by the schema; an
/// older peer may leave out all but one of the names.
#[derive(Clone, Debug, Default)]
pub struct DiscomLedgerProvider {
    /// The subscriber id of the DISCOM.
    pub discom_id: Option<String>,
    /// Scheme, host and port, no path.
    pub discom_uri: Option<String>,
    pub ledger_id: Option<String>,
    /// Scheme, host and port, no path.
    pub ledger_uri: Option<String>,
    pub rest: Object,
}

/// The names of each member, the one that we send first.
const LEDGER_NAMES: [&[&str]; 4] = [
    &["discomId", "utilityId", "subscriberId"],
    &["discomUri", "discomUrl"],
    &["ledgerId"],
    &["ledgerUri", "ledgerUrl"],
];

impl DiscomLedgerProvider {
    pub fn new(discom_id: &str, discom_uri: &str, ledger_id: &str, ledger_uri: &str) -> Self {
        Self {
            discom_id: Some(discom_id.to_owned()),
            discom_uri: Some(discom_uri.to_owned()),
            ledger_id: Some(ledger_id.to_owned()),
            ledger_uri: Some(ledger_uri.to_owned()),
            rest: schema::DISCOM_LEDGER_PROVIDER.members(),
        }
    }

    /// # Errors
    /// A member of the wrong type.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(json, path)?;
        let [discom_id, discom_uri, ledger_id, ledger_uri] = LEDGER_NAMES;
        Ok(Self {
            discom_id: members.any_text(discom_id)?,
            discom_uri: members.any_text(discom_uri)?,
            ledger_id: members.any_text(ledger_id)?,
            ledger_uri: members.any_text(ledger_uri)?,
            rest: members.rest(),
        })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        let values = [&self.discom_id, &self.discom_uri, &self.ledger_id, &self.ledger_uri];
        for (names, value) in LEDGER_NAMES.into_iter().zip(values) {
            // The first name that is there held the value when it was read.
            let spelled = names.iter().find_map(|name| object.get(name).and_then(Json::as_str));
            if spelled != value.as_deref() {
                put_text(&mut object, names[0], value.as_deref());
            }
        }
        object.into()
    }

    fn canonicalize(&mut self) {
        let values = [&self.discom_id, &self.discom_uri, &self.ledger_id, &self.ledger_uri];
        for (names, value) in LEDGER_NAMES.into_iter().zip(values) {
            for alias in &names[1..] {
                self.rest.remove(alias);
            }
            put_text(&mut self.rest, names[0], value.as_deref());
        }
        with_type(&mut self.rest, schema::DISCOM_LEDGER_PROVIDER);
    }
}

/// What a participant says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartyAttributes {
    Customer(EnergyCustomer),
    Discom(DiscomLedgerProvider),
    Other(Json),
}

impl PartyAttributes {
    fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let untyped = json.get("@type").is_none();
        let any = |names: &[&str]| untyped && names.iter().any(|name| json.get(name).is_some());
        if has_type(json, schema::ENERGY_CUSTOMER.type_name) || any(&["meterId"]) {
            EnergyCustomer::read(json, path).map(Self::Customer)
        } else if has_type(json, schema::DISCOM_LEDGER_PROVIDER.type_name) || any(&["ledgerUri", "ledgerUrl"])
        {
            DiscomLedgerProvider::read(json, path).map(Self::Discom)
        } else {
            Ok(Self::Other(json.clone()))
        }
    }

    fn to_json(&self) -> Json {
        match self {
            Self::Customer(customer) => customer.to_json(),
            Self::Discom(discom) => discom.to_json(),
            Self::Other(json) => json.clone(),
        }
    }
}

/// An entry of `participants`. Its role is found by joining its id with the contract's roles.
#[derive(Clone, Debug)]
pub struct Participant {
    /// A platform's subscriber id, or a DISCOM's UPADHI code.
    pub id: Option<String>,
    /// Only in older payloads.
    pub role: Option<Writer>,
    pub attributes: Option<PartyAttributes>,
    pub rest: Object,
}

impl Participant {
    pub fn customer(platform_id: &str, customer: EnergyCustomer) -> Self {
        Self::new(platform_id, Some(PartyAttributes::Customer(customer)))
    }

    pub fn discom(code: &str, discom: DiscomLedgerProvider) -> Self {
        Self::new(code, Some(PartyAttributes::Discom(discom)))
    }

    /// Only the name: what a platform shows of its side before `init`.
    pub fn unnamed(platform_id: &str) -> Self {
        Self::new(platform_id, None)
    }

    fn new(id: &str, attributes: Option<PartyAttributes>) -> Self {
        Self { id: Some(id.to_owned()), role: None, attributes, rest: Object::new() }
    }

    /// # Errors
    /// A member of the wrong type; a customer without a meter.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        Ok(Self {
            id: members.text("id")?,
            role: members.text("role")?.and_then(|name| Writer::from_name(&name)),
            attributes: members.child("participantAttributes", PartyAttributes::read)?,
            rest: members.rest(),
        })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "id", self.id.as_deref());
        let spelled = object.get("role").and_then(Json::as_str).and_then(Writer::from_name);
        if spelled != self.role {
            put_text(&mut object, "role", self.role.map(Writer::as_str));
        }
        put_child(
            &mut object,
            "participantAttributes",
            self.attributes.as_ref().map(PartyAttributes::to_json),
        );
        object.into()
    }

    pub fn as_customer(&self) -> Option<&EnergyCustomer> {
        if let Some(PartyAttributes::Customer(customer)) = &self.attributes { Some(customer) } else { None }
    }

    pub fn as_discom(&self) -> Option<&DiscomLedgerProvider> {
        if let Some(PartyAttributes::Discom(discom)) = &self.attributes { Some(discom) } else { None }
    }

    pub(super) fn canonicalize(&mut self) {
        match &mut self.attributes {
            Some(PartyAttributes::Customer(customer)) => {
                with_type(&mut customer.rest, schema::ENERGY_CUSTOMER)
            }
            Some(PartyAttributes::Discom(discom)) => discom.canonicalize(),
            _ => {}
        }
    }
}

/// Adds the JSON-LD members where a peer left them out.
pub(super) fn with_type(object: &mut Object, schema: schema::Schema) {
    for (name, value) in schema.members().iter() {
        if !object.contains(name) {
            object.set(name, value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Participant {
        Participant::read(&Json::parse_text(text).unwrap(), &Path::new("p")).unwrap()
    }

    #[test]
    fn older_names_are_read_and_never_sent() {
        let text =
            r#"{"id":"D","participantAttributes":{"utilityId":"d.example","ledgerUrl":"https://l.example"}}"#;
        let mut old = read(text);
        assert_eq!(old.to_json().to_string(), text);
        let discom = old.as_discom().unwrap();
        assert_eq!(discom.discom_id.as_deref(), Some("d.example"));
        assert_eq!(discom.ledger_uri.as_deref(), Some("https://l.example"));
        old.canonicalize();
        let sent = old.to_json();
        let attributes = sent.get("participantAttributes").unwrap();
        assert_eq!(attributes.get("ledgerUri").and_then(Json::as_str), Some("https://l.example"));
        assert_eq!(attributes.get("discomId").and_then(Json::as_str), Some("d.example"));
        assert!(attributes.get("ledgerUrl").is_none() && attributes.get("utilityId").is_none());
        assert!(has_type(attributes, "DiscomLedgerProvider"));
    }

    #[test]
    fn a_changed_value_replaces_the_old_spelling_on_reading_back() {
        let mut old = read(r#"{"id":"D","participantAttributes":{"subscriberId":"a","ledgerUrl":"b"}}"#);
        let Some(PartyAttributes::Discom(discom)) = &mut old.attributes else { panic!("a DISCOM") };
        discom.discom_id = Some("c".to_owned());
        assert_eq!(read(&old.to_json().to_string()).as_discom().unwrap().discom_id.as_deref(), Some("c"));
    }

    #[test]
    fn a_customer_needs_a_meter() {
        let json = Json::parse_text(r#"{"participantAttributes":{"@type":"EnergyCustomer"}}"#).unwrap();
        let error = Participant::read(&json, &Path::new("participants").element(1)).unwrap_err();
        assert_eq!(error.path.as_deref(), Some("participants/1/participantAttributes/meterId"));
    }
}
