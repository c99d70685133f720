//! Judges a `catalog/publish`, catalog by catalog and offer by offer. Pure.
//!
//! What is wrong with a catalog as a whole rejects it; what is wrong with one offer or resource leaves that
//! one out.

use std::collections::BTreeSet;

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::schema::POLICY_QUERY;
use beckn_wire::energy::{Column, Offer, Path, TimeSeries, Writer};
use beckn_wire::json::{Json, Object};
use energy_rules::{RuleSet, check_agreeing_table, closes_at, read_price};
use units::{Timestamp, WattHours};

use super::facts::Facts;
use super::limits::*;
use super::showable::{self, Place};

/// Who publishes.
#[derive(Clone, Copy, Debug)]
pub struct Publisher<'a> {
    pub id: &'a str,
    /// Networks that the registry says it is a member of.
    pub memberships: &'a [String],
    /// The address in the message's context.
    pub uri: Option<&'a str>,
}

/// What a catalog is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Master,
    Regular,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Master => "MASTER",
            Self::Regular => "REGULAR",
        }
    }
}

#[derive(Clone, Debug)]
pub struct ResourceRow {
    pub id: String,
    pub body: Vec<u8>,
    /// What the index knows of it, as it is stored.
    pub facts: String,
}

#[derive(Clone, Debug)]
pub struct OfferRow {
    pub id: String,
    pub body: Vec<u8>,
    /// What the index knows of it, as it is stored.
    pub facts: String,
    pub resource_ids: Vec<String>,
    /// Something of it can be bought, and it is not switched off.
    pub listed: bool,
    /// Market time from which it is not shown: its validity ends, or its last gate closes.
    pub shown_until: Timestamp,
    /// Where it stands in the message, for errors found later.
    pub path: String,
}

/// What became of one catalog of the message.
#[derive(Clone, Debug)]
pub struct Judged {
    pub catalog_id: String,
    pub path: String,
    /// Replace all of the catalog instead of merging into it.
    pub full: bool,
    pub kind: Kind,
    pub networks: Vec<String>,
    /// The catalog without its resources and offers.
    pub head: Vec<u8>,
    pub active: bool,
    /// Market time from which the whole catalog is not shown.
    pub valid_until: Option<Timestamp>,
    pub resources: Vec<ResourceRow>,
    pub offers: Vec<OfferRow>,
    pub errors: Vec<WireError>,
    /// Nothing of it is stored.
    pub rejected: bool,
}

impl Judged {
    fn rejected(catalog_id: &str, path: &Path<'_>, error: WireError) -> Self {
        Self {
            catalog_id: catalog_id.to_owned(),
            path: path.to_string(),
            full: false,
            kind: Kind::Regular,
            networks: Vec::new(),
            head: Vec::new(),
            active: false,
            valid_until: None,
            resources: Vec::new(),
            offers: Vec::new(),
            errors: vec![error],
            rejected: true,
        }
    }

    /// Rejects the whole catalog for this reason.
    pub fn reject(&mut self, error: WireError) {
        self.errors.push(error);
        self.rejected = true;
    }

    /// Resources that offers name and the message does not bring.
    pub fn unresolved(&self) -> BTreeSet<String> {
        let brought: BTreeSet<&str> = self.resources.iter().map(|r| r.id.as_str()).collect();
        let named = self.offers.iter().flat_map(|o| &o.resource_ids);
        named.filter(|id| !brought.contains(id.as_str())).cloned().collect()
    }

    /// Leaves out the offers that name a resource in `missing`; a catalog of which no offer is left is
    /// rejected.
    pub fn leave_out(&mut self, missing: &BTreeSet<String>) {
        let had_offers = !self.offers.is_empty();
        let Self { offers, errors, .. } = self;
        offers.retain(|offer| {
            let lost = offer.resource_ids.iter().position(|id| missing.contains(id));
            if let Some(at) = lost {
                let error =
                    WireError::new(ErrorCode::BizItemNotFound, "the catalog has no resource of this id");
                errors.push(error.at(format!("{}/resourceIds/{at}", offer.path)));
            }
            lost.is_none()
        });
        self.rejected |= had_offers && self.offers.is_empty();
    }

    /// The result for the publisher.
    pub fn status(&self) -> &'static str {
        match (self.rejected, self.errors.is_empty()) {
            (true, _) => "REJECTED",
            (false, false) => "PARTIAL",
            (false, true) => "ACCEPTED",
        }
    }
}

/// Judges every catalog of the message. `network` is `context.networkId`, `now` market time.
pub fn judge(
    message: &Json,
    publisher: &Publisher<'_>,
    network: Option<&str>,
    now: Timestamp,
) -> Vec<Judged> {
    let list = |name: &str| message.get(name).and_then(Json::as_array).unwrap_or_default();
    let directives = list("publishDirectives");
    let mut seen = BTreeSet::new();
    let root = Path::new("message");
    let root = root.member("catalogs");
    list("catalogs")
        .iter()
        .enumerate()
        .map(|(index, catalog)| {
            let path = root.element(index);
            let id = catalog.get("id").and_then(Json::as_str).unwrap_or_default();
            let directive = directives.iter().find(|d| d.get("catalogId").and_then(Json::as_str) == Some(id));
            if !seen.insert(id) {
                let error =
                    WireError::new(ErrorCode::SchSchemaValidationFailed, "this catalog id occurs twice");
                return Judged::rejected(id, &path, error.at(path.member("id").to_string()));
            }
            let case = Case { publisher, network, now, path: &path };
            case.judge(id, catalog, directive).unwrap_or_else(|error| Judged::rejected(id, &path, error))
        })
        .collect()
}

/// One catalog under judgement.
struct Case<'a> {
    publisher: &'a Publisher<'a>,
    network: Option<&'a str>,
    now: Timestamp,
    path: &'a Path<'a>,
}

impl Case<'_> {
    fn judge(&self, id: &str, catalog: &Json, directive: Option<&Json>) -> Result<Judged, WireError> {
        let refuse = |code, member: &str, why: &str| {
            Err(WireError::new(code, why).at(self.path.member(member).to_string()))
        };
        let Some(object) = catalog.as_object() else {
            return Err(WireError::format(self.path.to_string(), "a catalog is an object"));
        };
        if !is_id(id) {
            return refuse(
                ErrorCode::SchInvalidFormat,
                "id",
                "an id has 1 to 255 characters, none a control character",
            );
        }
        if catalog
            .get("bppId")
            .and_then(Json::as_str)
            .is_some_and(|bpp| !bpp.eq_ignore_ascii_case(self.publisher.id))
        {
            return refuse(
                ErrorCode::AutUnauthorizedAction,
                "bppId",
                "a catalog is published by its own bppId",
            );
        }
        let networks = self.networks(directive)?;
        let rules =
            networks.iter().find_map(|n| RuleSet::for_network(n, self.now)).unwrap_or_else(RuleSet::ies_test);
        let mut errors = Vec::new();
        let head = self.head(object)?;
        let resources = self.resources(object, &head, &mut errors);
        let offers = self.offers(object, &head, &rules, &mut errors);
        let has_offers = catalog.get("offers").and_then(Json::as_array).is_some_and(|o| !o.is_empty());
        let text = |member: &str| directive.and_then(|d| d.get(member)).and_then(Json::as_str);
        let master = text("catalogType").map_or(!has_offers, |kind| kind == "MASTER");
        Ok(Judged {
            catalog_id: id.to_owned(),
            path: self.path.to_string(),
            full: text("updateMode") == Some("FULL"),
            kind: if master { Kind::Master } else { Kind::Regular },
            networks,
            head: Json::Object(head).to_bytes(),
            active: catalog.get("isActive").and_then(Json::as_bool).unwrap_or(true),
            valid_until: end_of(catalog),
            rejected: !errors.is_empty() && offers.is_empty() && (has_offers || resources.is_empty()),
            resources,
            offers,
            errors,
        })
    }

    /// Where the catalog is shown: the directive's networks, else the message's.
    fn networks(&self, directive: Option<&Json>) -> Result<Vec<String>, WireError> {
        let place = "message/publishDirectives";
        let wanted = directive.and_then(|d| d.get("visibleTo")).and_then(Json::as_array).unwrap_or_default();
        let mut networks: Vec<String> = wanted.iter().filter_map(|n| n.as_str().map(str::to_owned)).collect();
        if networks.is_empty() {
            networks.extend(self.network.map(str::to_owned));
        }
        networks.sort_unstable();
        networks.dedup();
        if networks.len() > NETWORKS_PER_CATALOG_MAX {
            return Err(WireError::format(place, "visibleTo names too many networks"));
        }
        match networks.iter().find(|n| !self.publisher.memberships.contains(n)) {
            Some(_) => {
                let why = "visibleTo names a network of which the publisher is no member";
                Err(WireError::new(ErrorCode::AutDomainNotAllowed, why).at(place))
            }
            None => Ok(networks),
        }
    }

    fn head(&self, catalog: &Object) -> Result<Object, WireError> {
        let mut head = catalog.clone();
        for list in ["resources", "offers", "publishDirectives"] {
            head.remove(list);
        }
        head.set("bppId", self.publisher.id);
        if !head.contains("bppUri")
            && let Some(uri) = self.publisher.uri
        {
            head.set("bppUri", uri);
        }
        let path = self.path.to_string();
        if Json::Object(head.clone()).to_bytes().len() > HEAD_MAX {
            return Err(WireError::format(path, "the catalog's own members are too large"));
        }
        showable::head(&head, &path)?;
        Ok(head)
    }

    fn resources(&self, catalog: &Object, head: &Object, errors: &mut Vec<WireError>) -> Vec<ResourceRow> {
        let list_path = self.path.member("resources");
        let mut seen = BTreeSet::new();
        let mut rows = Vec::new();
        for (index, resource) in elements(catalog, "resources").iter().enumerate() {
            let path = list_path.element(index);
            let id = resource.get("id").and_then(Json::as_str).unwrap_or_default();
            let body = resource.to_bytes();
            let why = if !is_id(id) {
                "an id has 1 to 255 characters, none a control character"
            } else if !seen.insert(id) {
                "this resource id occurs twice"
            } else if body.len() > RESOURCE_MAX {
                "the resource is too large"
            } else {
                match showable::element(head, Place::Resources, resource, &path.to_string()) {
                    Ok(()) => {
                        let facts = facts_of(&Facts::of_resource(resource));
                        rows.push(ResourceRow { id: id.to_owned(), body, facts });
                    }
                    Err(error) => errors.push(error),
                }
                continue;
            };
            errors.push(WireError::new(ErrorCode::SchSchemaValidationFailed, why).at(path.to_string()));
        }
        rows
    }

    fn offers(
        &self,
        catalog: &Object,
        head: &Object,
        rules: &RuleSet,
        errors: &mut Vec<WireError>,
    ) -> Vec<OfferRow> {
        let list_path = self.path.member("offers");
        let mut seen = BTreeSet::new();
        let mut rows = Vec::new();
        for (index, offer) in elements(catalog, "offers").iter().enumerate() {
            let path = list_path.element(index);
            let judged = self.offer(offer, &path, rules);
            let shown = |row| showable::element(head, Place::Offers, offer, &path.to_string()).map(|()| row);
            match judged.and_then(shown) {
                Ok(row) if seen.insert(row.id.clone()) => rows.push(row),
                Ok(_) => {
                    let why = "this offer id occurs twice";
                    errors
                        .push(WireError::new(ErrorCode::SchSchemaValidationFailed, why).at(path.to_string()));
                }
                Err(error) => errors.push(error),
            }
        }
        rows
    }

    fn offer(&self, json: &Json, path: &Path<'_>, rules: &RuleSet) -> Result<OfferRow, WireError> {
        let refuse = |code, at: &Path<'_>, why: &str| Err(WireError::new(code, why).at(at.to_string()));
        let body = json.to_bytes();
        if body.len() > OFFER_MAX {
            return refuse(ErrorCode::SchSchemaValidationFailed, path, "the offer is too large");
        }
        let offer = Offer::read(json, path)?;
        let id = offer.id.as_deref().unwrap_or_default();
        if !is_id(id) {
            let why = "an id has 1 to 255 characters, none a control character";
            return refuse(ErrorCode::SchInvalidFormat, &path.member("id"), why);
        }
        let named = &offer.resource_ids;
        if named.is_empty() || named.len() > RESOURCES_PER_OFFER_MAX || !named.iter().all(|id| is_id(id)) {
            let why = format!("an offer names 1 to {RESOURCES_PER_OFFER_MAX} resources by their ids");
            return refuse(ErrorCode::SchSchemaValidationFailed, &path.member("resourceIds"), &why);
        }
        let attributes_path = path.member("offerAttributes");
        let Some(attributes) = &offer.attributes else {
            let why = "only offers of type EnergyTradeOffer are traded here";
            return refuse(ErrorCode::SchTypeNotSupported, &attributes_path, why);
        };
        let window_path = attributes_path.member("validityWindow");
        let window = attributes.validity.as_ref().map(|v| (v.start, v.end));
        let Some((Some(start), Some(end))) = window else {
            return Err(WireError::required(window_path.to_string()));
        };
        if start >= end {
            return refuse(
                ErrorCode::SchSchemaValidationFailed,
                &window_path,
                "the offer ends before it starts",
            );
        }
        let contract_path = attributes_path.member("contractAttributes");
        let contract = attributes.contract_attributes.as_ref();
        let contract = contract.ok_or_else(|| WireError::required(contract_path.to_string()))?;
        if contract.holder(Writer::SellerPlatform) != Some(self.publisher.id) {
            let why = "the seller's platform in an offer is its publisher";
            return refuse(ErrorCode::AutUnauthorizedAction, &contract_path.member("roles"), why);
        }
        let series_path = attributes_path.member("commitmentAttributes");
        let series = attributes.commitment_attributes.as_ref();
        let series = series.ok_or_else(|| WireError::required(series_path.to_string()))?;
        check_agreeing_table(series)
            .map_err(|rule| WireError::new(rule.code(), rule.to_string()).at(series_path.to_string()))?;
        if contract.policy.as_ref().is_some_and(|policy| policy.query_path != POLICY_QUERY) {
            let why = "the policy's query path is not the network's";
            return refuse(ErrorCode::PolGenericError, &contract_path.member("policy"), why);
        }
        let last_gate = last_gate(series, &series_path, rules)?;
        let ends = [Some(end), last_gate, end_of(json)].into_iter().flatten().min().unwrap_or(end);
        let active = json.get("isActive").and_then(Json::as_bool).unwrap_or(true);
        Ok(OfferRow {
            id: id.to_owned(),
            body,
            facts: facts_of(&Facts::of_offer(json)),
            resource_ids: named.clone(),
            listed: active && last_gate.is_some(),
            shown_until: ends,
            path: path.to_string(),
        })
    }
}

/// When the last slot closes of which something can be bought; `None` when nothing can.
fn last_gate(series: &TimeSeries, path: &Path<'_>, rules: &RuleSet) -> Result<Option<Timestamp>, WireError> {
    let below = |error: WireError| {
        let inner = error.path.clone().unwrap_or_default();
        let place = if inner.is_empty() { path.to_string() } else { format!("{path}/{inner}") };
        error.at(place)
    };
    let pack = |member: &str, why: String| {
        Err(WireError::new(ErrorCode::SchAttributePackInvalid, why).at(path.member(member).to_string()))
    };
    if series.rest.get("@type").and_then(Json::as_str) != Some("TimeSeries") {
        return pack("@type", "the table of slots is a TimeSeries".to_owned());
    }
    if let Some(column) = Column::OFFER.iter().find(|column| !series.declares(column)) {
        return pack("payloadDescriptors", format!("{} is not declared", column.as_str()));
    }
    if let Some(column) = series.undeclared().first() {
        return pack("payloadDescriptors", format!("{} is not declared", column.as_str()));
    }
    let lines = series.lines().map_err(below)?;
    if lines.is_empty() {
        return Err(WireError::required(path.member("intervals").to_string()));
    }
    let mut last = None;
    for line in lines {
        let place = format!("{path}/intervals/{}", line.interval);
        let cell = |column: &Column| series.cell(line.interval, column).map(str::to_owned);
        let price = cell(&Column::PricePerKwh).ok_or_else(|| WireError::required(place.as_str()))?;
        read_price(&price, rules)
            .map_err(|rule| WireError::new(rule.code(), rule.to_string()).at(place.as_str()))?;
        let available = line.available.ok_or_else(|| WireError::required(place.as_str()))?;
        let whole_steps = available.get().checked_rem(rules.quantity_step.get()) == Some(0);
        if available < WattHours::ZERO || !whole_steps {
            let why = "AVAILABLE_QTY is not a quantity in steps of 0.01 kWh";
            return Err(WireError::new(ErrorCode::BizQuantityUnavailable, why).at(place));
        }
        if available >= rules.min_quantity {
            last = last.max(Some(closes_at(line.slot, rules)));
        }
    }
    Ok(last)
}

/// Facts that cannot be written are none: a start makes them anew.
fn facts_of(facts: &Facts) -> String {
    facts.to_text().unwrap_or_default()
}

fn elements<'a>(catalog: &'a Object, name: &str) -> &'a [Json] {
    catalog.get(name).and_then(Json::as_array).unwrap_or_default()
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= ID_MAX && !text.chars().any(char::is_control)
}

/// The end of a core `validity`, when there is one.
fn end_of(json: &Json) -> Option<Timestamp> {
    json.at(&["validity", "endDate"])
        .and_then(Json::as_str)
        .and_then(|text| Timestamp::parse_rfc3339(text).ok())
}
