//! The terms of the contract: `DEGContract` v2.0 (roles and policy) and the revenue flows of its settlement.

use units::{NumberError, Paise};

use super::column::Writer;
use super::path::{Members, Path, equal_as_written, put_child, put_list, put_text};
use super::schema;
use crate::code::WireError;
use crate::json::{Json, Object};

/// Roles of a contract and the policy that settles it.
#[derive(Clone, Debug)]
pub struct DegContract {
    pub roles: Vec<Role>,
    /// Required by the schema.
    pub policy: Option<Policy>,
    /// Only in the older place; wave 2 carries flows in the contract's consideration.
    pub revenue_flows: Vec<RevenueFlow>,
    pub rest: Object,
}

/// Who holds a role; nobody yet on the buyer's side of an offer.
#[derive(Clone, Debug)]
pub struct Role {
    pub role: String,
    pub participant_id: Option<String>,
    pub rest: Object,
}

/// Where the seller's DISCOM publishes its rules, and which of them to ask.
#[derive(Clone, Debug)]
pub struct Policy {
    pub url: String,
    pub query_path: String,
    pub rest: Object,
}

/// What one role receives (+) or pays (−).
#[derive(Clone, Debug)]
pub struct RevenueFlow {
    pub role: String,
    /// The number as it was written.
    pub value: String,
    pub currency: String,
    pub description: Option<String>,
    pub rest: Object,
}

equal_as_written!(DegContract, Role, Policy, RevenueFlow);

impl DegContract {
    /// The four roles in their usual order.
    pub fn new(bound: impl Fn(Writer) -> Option<String>, policy: Policy) -> Self {
        Self {
            roles: Writer::ALL.into_iter().map(|writer| Role::new(writer, bound(writer))).collect(),
            policy: Some(policy),
            revenue_flows: Vec::new(),
            rest: schema::DEG_CONTRACT.members(),
        }
    }

    /// # Errors
    /// A member of the wrong type; a role without a name.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        Ok(Self {
            roles: members.list("roles", Role::read)?,
            policy: members.child("policy", Policy::read)?,
            revenue_flows: members.list("revenueFlows", RevenueFlow::read)?,
            rest: members.rest(),
        })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_list(&mut object, "roles", &self.roles, Role::to_json);
        put_child(&mut object, "policy", self.policy.as_ref().map(Policy::to_json));
        put_list(&mut object, "revenueFlows", &self.revenue_flows, RevenueFlow::to_json);
        object.into()
    }

    /// The participant id that holds a role.
    pub fn holder(&self, writer: Writer) -> Option<&str> {
        let role = self.roles.iter().find(|r| Writer::from_name(&r.role) == Some(writer))?;
        role.participant_id.as_deref()
    }

    /// Binds a role, adding it when the list lacks it.
    pub fn bind(&mut self, writer: Writer, participant_id: &str) {
        let id = Some(participant_id.to_owned());
        match self.roles.iter_mut().find(|r| Writer::from_name(&r.role) == Some(writer)) {
            Some(role) => role.participant_id = id,
            None => self.roles.push(Role::new(writer, id)),
        }
    }
}

impl Role {
    pub fn new(writer: Writer, participant_id: Option<String>) -> Self {
        let mut rest = Object::new();
        rest.set("role", writer.as_str());
        rest.set("participantId", Json::Null);
        Self { role: writer.as_str().to_owned(), participant_id, rest }
    }

    fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(json, path)?;
        Ok(Self {
            role: members.required_text("role")?,
            participant_id: members.text("participantId")?,
            rest: members.rest(),
        })
    }

    fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "role", Some(&self.role));
        match self.participant_id.as_deref() {
            Some(id) => object.set("participantId", id),
            // The schema requires the key even when nobody holds the role.
            None if object.contains("participantId") => object.set("participantId", Json::Null),
            None => {}
        }
        object.into()
    }
}

impl Policy {
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), query_path: schema::POLICY_QUERY.to_owned(), rest: Object::new() }
    }

    fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(json, path)?;
        Ok(Self {
            url: members.required_text("url")?,
            query_path: members.required_text("queryPath")?,
            rest: members.rest(),
        })
    }

    fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "url", Some(&self.url));
        put_text(&mut object, "queryPath", Some(&self.query_path));
        object.into()
    }
}

impl RevenueFlow {
    pub fn new(role: Writer, value: Paise, description: Option<&str>) -> Self {
        Self {
            role: role.as_str().to_owned(),
            value: value.to_inr_text(),
            currency: schema::CURRENCY.to_owned(),
            description: description.map(str::to_owned),
            rest: Object::new(),
        }
    }

    /// # Errors
    /// A required member is missing or of the wrong type.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(json, path)?;
        Ok(Self {
            role: members.required_text("role")?,
            value: members.number("value")?.ok_or_else(|| members.missing("value"))?,
            currency: members.required_text("currency")?,
            description: members.text("description")?,
            rest: members.rest(),
        })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "role", Some(&self.role));
        object.set("value", Json::Number(self.value.clone()));
        put_text(&mut object, "currency", Some(&self.currency));
        put_text(&mut object, "description", self.description.as_deref());
        object.into()
    }

    /// The value in paise.
    ///
    /// # Errors
    /// Finer than one paisa, or out of range.
    pub fn paise(&self) -> Result<Paise, NumberError> {
        Paise::from_inr_text(&self.value)
    }
}
