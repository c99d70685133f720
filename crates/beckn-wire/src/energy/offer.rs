//! Offers: `EnergyTradeOffer` v2.0 inside a catalog's offer.

use units::Timestamp;

use super::column::Writer;
use super::deg::DegContract;
use super::party::{DiscomLedgerProvider, EnergyCustomer, Participant};
use super::path::{
    Members, Path, equal_as_written, has_type, put_child, put_list, put_text, put_texts, put_timestamp,
};
use super::schema;
use super::series::TimeSeries;
use crate::code::WireError;
use crate::json::{Json, Object};

/// When an offer can be taken: from `start` until before `end`.
#[derive(Clone, Debug)]
pub struct Validity {
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
    pub rest: Object,
}

/// The spellings of each bound, the one that we send first.
const START_NAMES: [&str; 4] = ["schema:startTime", "schema:startDate", "startDate", "startTime"];
const END_NAMES: [&str; 4] = ["schema:endTime", "schema:endDate", "endDate", "endTime"];

equal_as_written!(Validity, EnergyTradeOffer, Provider, Offer);

impl Validity {
    pub fn new(start: Timestamp, end: Timestamp) -> Self {
        let mut rest = Object::new();
        rest.set("@type", "beckn:TimePeriod");
        Self { start: Some(start), end: Some(end), rest }
    }

    /// # Errors
    /// A member has the wrong type.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(json, path)?;
        let bound = |names: [&str; 4]| {
            let Some(name) = names.into_iter().find(|name| members.get(name).is_some()) else {
                return Ok(None);
            };
            members.timestamp(name)
        };
        Ok(Self { start: bound(START_NAMES)?, end: bound(END_NAMES)?, rest: members.rest() })
    }

    fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        for (names, value) in [(START_NAMES, self.start), (END_NAMES, self.end)] {
            let spelled = names.into_iter().find(|name| object.contains(name)).unwrap_or(names[0]);
            match value {
                Some(value) => put_timestamp(&mut object, spelled, value),
                None => put_text(&mut object, spelled, None),
            }
        }
        object.into()
    }
}

/// What a seller offers: when, on whose terms, by whom, and the table of slots.
#[derive(Clone, Debug)]
pub struct EnergyTradeOffer {
    pub validity: Option<Validity>,
    pub contract_attributes: Option<DegContract>,
    pub participants: Vec<Participant>,
    pub commitment_attributes: Option<TimeSeries>,
    pub rest: Object,
}

impl EnergyTradeOffer {
    /// # Errors
    /// A member of the wrong type.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        Ok(Self {
            validity: members.child("validityWindow", Validity::read)?,
            contract_attributes: members.child("contractAttributes", DegContract::read)?,
            participants: members.list("participants", Participant::read)?,
            commitment_attributes: members.child("commitmentAttributes", TimeSeries::read)?,
            rest: members.rest(),
        })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_child(&mut object, "validityWindow", self.validity.as_ref().map(Validity::to_json));
        let terms = self.contract_attributes.as_ref().map(DegContract::to_json);
        put_child(&mut object, "contractAttributes", terms);
        put_list(&mut object, "participants", &self.participants, Participant::to_json);
        let table = self.commitment_attributes.as_ref().map(TimeSeries::to_json);
        put_child(&mut object, "commitmentAttributes", table);
        object.into()
    }

    /// The seller behind the offer.
    pub fn seller(&self) -> Option<&EnergyCustomer> {
        let id = self.contract_attributes.as_ref().and_then(|terms| terms.holder(Writer::SellerPlatform));
        let mut customers =
            self.participants.iter().filter_map(|p| p.as_customer().map(|c| (p.id.as_deref(), c)));
        customers.find(|(held_by, _)| id.is_none() || *held_by == id).map(|(_, customer)| customer)
    }

    /// The seller's DISCOM: its UPADHI code.
    pub fn discom_code(&self) -> Option<&str> {
        self.contract_attributes.as_ref()?.holder(Writer::SellerDiscom)
    }

    /// The seller's DISCOM and its ledger.
    pub fn discom(&self) -> Option<&DiscomLedgerProvider> {
        let code = self.discom_code()?;
        self.participants.iter().find(|p| p.id.as_deref() == Some(code))?.as_discom()
    }
}

/// A provider: the platform, with the prosumer in its attributes.
#[derive(Clone, Debug)]
pub struct Provider {
    pub id: Option<String>,
    /// Of type `EnergyCustomer`; other attributes stay in `rest`.
    pub customer: Option<EnergyCustomer>,
    pub rest: Object,
}

impl Provider {
    pub fn new(platform_id: &str, name: &str, customer: Option<EnergyCustomer>) -> Self {
        Self { id: Some(platform_id.to_owned()), customer, rest: named(platform_id, name, None) }
    }

    pub(super) fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        let energy = members.get("providerAttributes").is_some_and(|a| has_type(a, "EnergyCustomer"));
        let customer = if energy { members.child("providerAttributes", EnergyCustomer::read)? } else { None };
        Ok(Self { id: members.text("id")?, customer, rest: members.rest() })
    }

    pub(super) fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "id", self.id.as_deref());
        if let Some(customer) = &self.customer {
            object.set("providerAttributes", customer.to_json());
        }
        object.into()
    }
}

/// An offer in a catalog.
#[derive(Clone, Debug)]
pub struct Offer {
    pub id: Option<String>,
    pub resource_ids: Vec<String>,
    pub provider: Option<Provider>,
    /// Of type `EnergyTradeOffer`; other attributes stay in `rest`.
    pub attributes: Option<EnergyTradeOffer>,
    pub rest: Object,
}

impl Offer {
    pub fn new(id: &str, name: &str, short_desc: Option<&str>, resource_id: &str) -> Self {
        let mut rest = named(id, name, short_desc);
        rest.set("resourceIds", Vec::new());
        rest.set("availableTo", Vec::new());
        Self {
            id: Some(id.to_owned()),
            resource_ids: vec![resource_id.to_owned()],
            provider: None,
            attributes: None,
            rest,
        }
    }

    /// # Errors
    /// A member of the wrong type.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        let energy = members.get("offerAttributes").is_some_and(is_energy_offer);
        let attributes =
            if energy { members.child("offerAttributes", EnergyTradeOffer::read)? } else { None };
        Ok(Self {
            id: members.text("id")?,
            resource_ids: members.texts("resourceIds")?,
            provider: members.child("provider", Provider::read)?,
            attributes,
            rest: members.rest(),
        })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "id", self.id.as_deref());
        put_texts(&mut object, "resourceIds", &self.resource_ids);
        if let Some(attributes) = &self.attributes {
            object.set("offerAttributes", attributes.to_json());
        }
        put_child(&mut object, "provider", self.provider.as_ref().map(Provider::to_json));
        object.into()
    }

    /// The name in the descriptor.
    pub fn name(&self) -> Option<&str> {
        self.rest.get("descriptor")?.get("name")?.as_str()
    }

    /// The table of slots.
    pub fn series(&self) -> Option<&TimeSeries> {
        self.attributes.as_ref()?.commitment_attributes.as_ref()
    }
}

/// Typed as an energy offer, or untyped with the members of one.
fn is_energy_offer(json: &Json) -> bool {
    let untyped = json.get("@type").is_none();
    has_type(json, schema::ENERGY_TRADE_OFFER.type_name)
        || (untyped && json.get("commitmentAttributes").is_some())
}

/// `id` and a descriptor.
pub(super) fn named(id: &str, name: &str, short_desc: Option<&str>) -> Object {
    let mut descriptor = Object::new();
    descriptor.set("name", name);
    put_text(&mut descriptor, "shortDesc", short_desc);
    let mut object = Object::new();
    object.set("id", id);
    object.set("descriptor", descriptor);
    object
}
