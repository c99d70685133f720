//! The contract as messages carry it: commitments with their tables, roles joined with participants, money.

use super::column::Writer;
use super::deg::DegContract;
use super::meter::same_meter;
use super::party::{DiscomLedgerProvider, EnergyCustomer, Participant};
use super::path::{
    Members, Path, equal_as_written, has_type, put_child, put_code, put_list, put_text, put_texts,
};
use super::resource::{Resource, ResourceAttributes};
use super::schema;
use super::series::TimeSeries;
use super::settlement::{Consideration, Settlement};
use crate::code::WireError;
use crate::json::{Json, Object};

/// A contract. `id` is the seller platform's, a UUID, and is absent until it gave one.
#[derive(Clone, Debug)]
pub struct Contract {
    pub id: Option<String>,
    /// `DRAFT`, `ACTIVE`, `CANCELLED` or `COMPLETE`.
    pub status: Option<String>,
    pub commitments: Vec<Commitment>,
    pub contract_attributes: Option<DegContract>,
    pub participants: Vec<Participant>,
    pub consideration: Vec<Consideration>,
    pub settlements: Vec<Settlement>,
    /// Not used by this network; carried along.
    pub performance: Vec<Json>,
    pub rest: Object,
}

/// One undertaking: resources of an offer, and the table.
#[derive(Clone, Debug)]
pub struct Commitment {
    pub id: Option<String>,
    /// `DRAFT`, `ACTIVE` or `CLOSED`.
    pub status: Option<String>,
    pub resources: Vec<Resource>,
    pub offer: Option<OfferRef>,
    /// Of type `TimeSeries`; other attributes stay in `rest`.
    pub series: Option<TimeSeries>,
    pub rest: Object,
}

/// The offer that is taken, by name.
#[derive(Clone, Debug)]
pub struct OfferRef {
    pub id: Option<String>,
    pub resource_ids: Vec<String>,
    /// `offerAttributes` here is against rule N14 of the network policy.
    pub rest: Object,
}

const CONTRACT_STATUS: [&str; 2] = ["status", "code"];
const COMMITMENT_STATUS: [&str; 3] = ["status", "descriptor", "code"];

equal_as_written!(Contract, Commitment, OfferRef);

impl Contract {
    /// # Errors
    /// A member of the wrong type; see the parts.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        Ok(Self {
            id: members.text("id")?,
            status: members.code(&CONTRACT_STATUS)?,
            commitments: members.list("commitments", Commitment::read)?,
            contract_attributes: members.child("contractAttributes", DegContract::read)?,
            participants: members.list("participants", Participant::read)?,
            consideration: members.list("consideration", Consideration::read)?,
            settlements: members.list("settlements", Settlement::read)?,
            performance: members.list("performance", |entry, _| Ok(entry.clone()))?,
            rest: members.rest(),
        })
    }

    /// The contract of a message: `{"contract": …}`.
    ///
    /// # Errors
    /// There is none, or as [`Contract::read`].
    pub fn of_message(message: &Json) -> Result<Self, WireError> {
        let path = Path::new("message/contract");
        Self::read(message.get("contract").ok_or_else(|| WireError::required(path.to_string()))?, &path)
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "id", self.id.as_deref());
        put_code(&mut object, &CONTRACT_STATUS, self.status.as_deref());
        put_list(&mut object, "commitments", &self.commitments, Commitment::to_json);
        let terms = self.contract_attributes.as_ref().map(DegContract::to_json);
        put_child(&mut object, "contractAttributes", terms);
        put_list(&mut object, "participants", &self.participants, Participant::to_json);
        put_list(&mut object, "consideration", &self.consideration, Consideration::to_json);
        put_list(&mut object, "settlements", &self.settlements, Settlement::to_json);
        put_list(&mut object, "performance", &self.performance, Json::clone);
        object.into()
    }

    /// The message that carries this contract.
    pub fn to_message(&self) -> Json {
        Json::object([("contract", self.to_json())])
    }

    /// The id that holds a role.
    pub fn holder(&self, writer: Writer) -> Option<&str> {
        self.contract_attributes.as_ref()?.holder(writer)
    }

    /// The role of a platform or DISCOM by its id in the roles; two when one platform has both sides.
    pub fn roles_of(&self, participant_id: &str) -> Vec<Writer> {
        Writer::ALL.into_iter().filter(|writer| self.holder(*writer) == Some(participant_id)).collect()
    }

    /// The participant that holds a role. Where one platform has both sides, the seller is the participant
    /// whose meter is that of the resource, and the buyer is the other one.
    pub fn party(&self, writer: Writer) -> Option<&Participant> {
        if let Some(marked) = self.participants.iter().find(|p| p.role == Some(writer)) {
            return Some(marked);
        }
        let id = self.holder(writer)?;
        let mut held = self.participants.iter().filter(|p| p.id.as_deref() == Some(id));
        let shared = match writer {
            Writer::BuyerPlatform => self.holder(Writer::SellerPlatform) == Some(id),
            Writer::SellerPlatform => self.holder(Writer::BuyerPlatform) == Some(id),
            Writer::BuyerDiscom | Writer::SellerDiscom => false,
        };
        if !shared {
            return held.next();
        }
        let held: Vec<&Participant> = held.collect();
        let seller = held.iter().position(|p| self.owns_resource(p)).unwrap_or(0);
        match writer {
            Writer::SellerPlatform => held.get(seller).copied(),
            _ => held.iter().enumerate().find(|(i, _)| *i != seller).map(|(_, p)| *p),
        }
    }

    fn owns_resource(&self, participant: &Participant) -> bool {
        let Some(customer) = participant.as_customer() else { return false };
        self.resources().filter_map(Resource::meter).any(|meter| same_meter(meter, &customer.meter_id))
    }

    /// The prosumer on the side of that role.
    pub fn customer(&self, writer: Writer) -> Option<&EnergyCustomer> {
        self.party(writer.platform())?.as_customer()
    }

    /// The meter on the side of that role, as it is spelled.
    pub fn meter_of(&self, writer: Writer) -> Option<&str> {
        self.customer(writer).map(|customer| customer.meter_id.as_str())
    }

    /// The DISCOM on the side of that role, with its ledger.
    pub fn discom_of(&self, writer: Writer) -> Option<&DiscomLedgerProvider> {
        self.party(writer.discom())?.as_discom()
    }

    /// Every resource of every commitment.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.commitments.iter().flat_map(|c| c.resources.iter())
    }

    /// The table of the only commitment.
    ///
    /// # Errors
    /// There is not exactly one commitment, or it carries no table.
    pub fn series(&self) -> Result<&TimeSeries, WireError> {
        let path = Path::new("message/contract/commitments");
        let [commitment] = self.commitments.as_slice() else {
            return Err(path.refuse("a contract of this network has one commitment"));
        };
        let missing = || WireError::required(path.element(0).member("commitmentAttributes").to_string());
        commitment.series.as_ref().ok_or_else(missing)
    }

    /// As [`Contract::series`], for changing it.
    ///
    /// # Errors
    /// As [`Contract::series`].
    pub fn series_mut(&mut self) -> Result<&mut TimeSeries, WireError> {
        self.series()?;
        let missing = || WireError::required("message/contract/commitments/0/commitmentAttributes");
        self.commitments.first_mut().and_then(|c| c.series.as_mut()).ok_or_else(missing)
    }

    /// The series of a meter leg, in all its datasets.
    pub fn meter_series(&self) -> impl Iterator<Item = &TimeSeries> {
        self.resources().flat_map(|resource| match &resource.attributes {
            Some(ResourceAttributes::Dataset(item)) => item.series.as_slice(),
            _ => &[],
        })
    }
}

impl Commitment {
    fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        let table = members.get("commitmentAttributes").is_some_and(is_table);
        let series = if table { members.child("commitmentAttributes", TimeSeries::read)? } else { None };
        Ok(Self {
            id: members.text("id")?,
            status: members.code(&COMMITMENT_STATUS)?,
            resources: members.list("resources", Resource::read)?,
            offer: members.child("offer", OfferRef::read)?,
            series,
            rest: members.rest(),
        })
    }

    fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "id", self.id.as_deref());
        put_code(&mut object, &COMMITMENT_STATUS, self.status.as_deref());
        put_list(&mut object, "resources", &self.resources, Resource::to_json);
        put_child(&mut object, "offer", self.offer.as_ref().map(OfferRef::to_json));
        if let Some(series) = &self.series {
            object.set("commitmentAttributes", series.to_json());
        }
        object.into()
    }
}

impl OfferRef {
    pub fn new(id: &str, resource_ids: &[String]) -> Self {
        Self { id: Some(id.to_owned()), resource_ids: resource_ids.to_vec(), rest: Object::new() }
    }

    fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(json, path)?;
        Ok(Self {
            id: members.text("id")?,
            resource_ids: members.texts("resourceIds")?,
            rest: members.rest(),
        })
    }

    fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "id", self.id.as_deref());
        put_texts(&mut object, "resourceIds", &self.resource_ids);
        object.into()
    }
}

/// Typed as a table, or untyped with rows.
fn is_table(json: &Json) -> bool {
    let untyped = json.get("@type").is_none();
    has_type(json, schema::TIME_SERIES.type_name) || (untyped && json.get("intervals").is_some())
}
