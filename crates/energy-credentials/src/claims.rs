//! What a credential says of its customer's meters: power in whole watts, storage in whole watt-hours.
//!
//! Numbers come as numbers or as text (`"20"`), in kW or with a unit beside them. What a kind needs and does not have
//! is a fault with the member's name; bounds are those of the published schemas.

use beckn_wire::json::Json;

use crate::presented::{Kind, Presented};

/// The schemas' bounds of a power or a capacity, in W or Wh.
const LOAD_MIN: i64 = 500;
const CAPACITY_MIN: i64 = 100;
const CAPACITY_MAX: i64 = 10_000_000;
/// Most entries of a list that are read.
const ENTRIES_MAX: usize = 200;

/// The members of a subject that are read; whatever else stands there decides nothing.
pub(crate) const READ: [&str; 33] = [
    "customerNumber",
    "consumerNumber",
    "fullName",
    "meterNumber",
    "serviceConnectionDate",
    "premisesType",
    "connectionType",
    "tariffCategoryCode",
    "sanctionedLoadKW",
    "sanctionedLoadKw",
    "sanctionedLoad",
    "generationType",
    "commissioningDate",
    "capacityKW",
    "storageCapacityKWh",
    "powerRatingKW",
    "programName",
    "programCode",
    "enrollmentDate",
    "enrollmentValidUntil",
    "meterId",
    "parentResources",
    "subResources",
    "maxExport",
    "maxExportKw",
    "ratedPower",
    "ratedPowerKw",
    "nominalPower",
    "nominalPowerKw",
    "storageCapacity",
    "storageCapacityKwh",
    "energyCapacity",
    "energyCapacityKwh",
];

/// A plant behind a meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generator {
    /// `SOLAR`, `WIND`, `HYDRO`, `OTHER`.
    pub resource_type: &'static str,
    /// W.
    pub capacity_w: i64,
}

/// A battery behind a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storage {
    /// Wh.
    pub capacity_wh: i64,
    /// W, where it is said.
    pub power_w: Option<i64>,
}

/// What is said of one meter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeterClaim {
    /// As the issuer writes it; none when the credential is about the customer's connection as a whole.
    pub meter: Option<String>,
    pub generators: Vec<Generator>,
    pub storage: Vec<Storage>,
    /// What the connection may draw, W.
    pub sanctioned_load_w: Option<i64>,
}

impl MeterClaim {
    /// All that the plants can give, W; none without a plant.
    pub fn installed_capacity_w(&self) -> Option<i64> {
        let sum = self.generators.iter().try_fold(0_i64, |sum, plant| sum.checked_add(plant.capacity_w))?;
        if self.generators.is_empty() { None } else { Some(sum) }
    }

    /// What the energy comes from, as offers name it; that of the largest plant.
    pub fn resource_type(&self) -> Option<&'static str> {
        self.generators.iter().max_by_key(|plant| plant.capacity_w).map(|plant| plant.resource_type)
    }
}

/// What a credential says, whether or not it may be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    pub kind: Kind,
    pub customer_number: Option<String>,
    pub full_name: Option<String>,
    pub subject: Option<String>,
    /// One per meter that is named.
    pub meters: Vec<MeterClaim>,
    /// Code of the program, of an enrollment.
    pub program: Option<String>,
}

impl Claims {
    /// # Errors
    /// The member that is missing or wrong, with what is wrong with it.
    pub fn read(presented: &Presented) -> Result<Self, String> {
        let kind = presented.kind().ok_or("its type is not one that is known here")?;
        let subject = match presented.document.get("credentialSubject") {
            Some(subject @ Json::Object(_)) => subject,
            Some(Json::Array(several)) if several.len() == 1 => &several[0],
            _ => return Err("credentialSubject is not one object".to_owned()),
        };
        let mut claims = match kind {
            Kind::Electricity => electricity(subject)?,
            Kind::ProgramEnrollment => enrollment(subject)?,
            _ => profile(kind, subject)?,
        };
        claims.subject = text(subject, "id").map(str::to_owned);
        Ok(claims)
    }

    /// What is said of that meter, or of the connection as a whole when no meter is named; `meter` is normalized.
    pub fn of_meter(&self, meter: &str) -> Option<&MeterClaim> {
        let named = |claim: &&MeterClaim| {
            claim.meter.as_deref().is_some_and(|id| beckn_wire::energy::normalize_meter(id) == meter)
        };
        self.meters.iter().find(named).or_else(|| self.meters.iter().find(|claim| claim.meter.is_none()))
    }
}

fn blank(kind: Kind) -> Claims {
    Claims { kind, customer_number: None, full_name: None, subject: None, meters: Vec::new(), program: None }
}

fn text<'a>(value: &'a Json, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Json::as_str).map(str::trim).filter(|text| !text.is_empty())
}

/// A name or number of somebody, which stores write as text or as a number.
fn label(value: &Json, name: &str) -> Option<String> {
    let number = || value.get(name).and_then(Json::as_number);
    text(value, name).or_else(number).map(str::to_owned).filter(|text| text.len() <= 200)
}

fn need(value: &Json, name: &str) -> Result<String, String> {
    label(value, name).ok_or_else(|| format!("{name} is missing"))
}

fn list<'a>(value: &'a Json, name: &str) -> impl Iterator<Item = &'a Json> {
    value.get(name).and_then(Json::as_array).unwrap_or_default().iter().take(ENTRIES_MAX)
}

/// A number of kilo-units in units, exactly.
fn kilo(value: &Json, name: &str) -> Result<i64, String> {
    let number = value.as_number().or_else(|| value.as_str().map(str::trim));
    units::parse_scaled(number.unwrap_or_default(), 3).map_err(|_| format!("{name} is not a usable number"))
}

fn bounded(value: i64, min: i64, name: &str) -> Result<i64, String> {
    if (min..=CAPACITY_MAX).contains(&value) { Ok(value) } else { Err(format!("{name} is out of range")) }
}

fn need_kilo(value: &Json, name: &str, min: i64) -> Result<i64, String> {
    bounded(kilo(value.get(name).ok_or_else(|| format!("{name} is missing"))?, name)?, min, name)
}

/// One of the words, in any spelling of case, spaces and hyphens.
fn one_of(value: &Json, name: &str, words: &[&str]) -> Result<(), String> {
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let given = plain(&need(value, name)?);
    let known = words.iter().any(|word| plain(word) == given);
    if known { Ok(()) } else { Err(format!("{name} is not one of the known words")) }
}

const PREMISES: [&str; 4] = ["Residential", "Commercial", "Industrial", "Agricultural"];
const CONNECTIONS: [&str; 2] = ["Single-phase", "Three-phase"];

fn profile(kind: Kind, subject: &Json) -> Result<Claims, String> {
    let mut meter = MeterClaim { meter: label(subject, "meterNumber"), ..MeterClaim::default() };
    match kind {
        Kind::UtilityCustomer => {
            need(subject, "fullName")?;
            need(subject, "meterNumber")?;
            need(subject, "serviceConnectionDate")?;
            let address = ["installationAddress", "fullAddress"].iter().find_map(|name| subject.get(name));
            address.ok_or("installationAddress is missing")?;
        }
        Kind::ConsumptionProfile => {
            need(subject, "fullName")?;
            one_of(subject, "premisesType", &PREMISES)?;
            one_of(subject, "connectionType", &CONNECTIONS)?;
            need(subject, "tariffCategoryCode")?;
            meter.sanctioned_load_w = Some(need_kilo(subject, "sanctionedLoadKW", LOAD_MIN)?);
        }
        Kind::GenerationProfile => meter.generators.push(generator(subject)?),
        _ => meter.storage.push(storage(subject)?),
    }
    Ok(Claims {
        customer_number: Some(need(subject, "consumerNumber")?),
        full_name: label(subject, "fullName"),
        meters: vec![meter],
        ..blank(kind)
    })
}

fn generator(subject: &Json) -> Result<Generator, String> {
    one_of(subject, "generationType", &["Solar", "Wind", "MicroHydro", "Other"])?;
    need(subject, "commissioningDate")?;
    let resource_type = match need(subject, "generationType")?.to_ascii_lowercase().as_str() {
        "solar" => "SOLAR",
        "wind" => "WIND",
        "other" => "OTHER",
        _ => "HYDRO",
    };
    Ok(Generator { resource_type, capacity_w: need_kilo(subject, "capacityKW", CAPACITY_MIN)? })
}

fn storage(subject: &Json) -> Result<Storage, String> {
    need(subject, "commissioningDate")?;
    Ok(Storage {
        capacity_wh: need_kilo(subject, "storageCapacityKWh", CAPACITY_MIN)?,
        power_w: Some(need_kilo(subject, "powerRatingKW", CAPACITY_MIN)?),
    })
}

fn enrollment(subject: &Json) -> Result<Claims, String> {
    need(subject, "programName")?;
    need(subject, "enrollmentDate")?;
    let customer = subject.get("customerProfile").unwrap_or(&Json::Null);
    let meter = label(customer, "meterNumber");
    Ok(Claims {
        customer_number: label(customer, "customerNumber"),
        full_name: subject.get("customerDetails").and_then(|details| label(details, "fullName")),
        meters: meter
            .map(|meter| MeterClaim { meter: Some(meter), ..MeterClaim::default() })
            .into_iter()
            .collect(),
        program: Some(need(subject, "programCode")?),
        ..blank(Kind::ProgramEnrollment)
    })
}

/// The three versions: 1.0 has one meter and lists of profiles, 1.1 and 1.2 a tree of resources.
fn electricity(subject: &Json) -> Result<Claims, String> {
    let customer = subject.get("customerProfile").ok_or("customerProfile is missing")?;
    let mut claims = Claims {
        customer_number: Some(need(customer, "customerNumber")?),
        full_name: subject.get("customerDetails").and_then(|details| label(details, "fullName")),
        ..blank(Kind::Electricity)
    };
    if let Some(meter) = label(customer, "meterNumber") {
        claims.meters = vec![first_version(subject, meter)?];
        return Ok(claims);
    }
    if customer.get("energyResources").is_none() {
        return Err("energyResources is missing".to_owned());
    }
    let resources: Vec<&Json> = list(customer, "energyResources").collect();
    let is_meter = |resource: &Json| text(resource, "type") == Some("METER");
    for meter in resources.iter().filter(|resource| is_meter(resource)) {
        let id = need(meter, "id")?;
        let mut claim = MeterClaim { meter: Some(id.clone()), ..MeterClaim::default() };
        for resource in &resources {
            let hangs = list(resource, "parentResources").any(|parent| parent.as_str() == Some(&id))
                || list(meter, "subResources")
                    .any(|child| child.as_str().is_some() && child.as_str() == text(resource, "id"));
            if hangs && !is_meter(resource) {
                install(resource, &mut claim)?;
            }
        }
        for inline in
            list(meter, "subResources").filter(|child| child.as_object().is_some() && !is_meter(child))
        {
            install(inline, &mut claim)?;
        }
        claims.meters.push(claim);
    }
    for entry in list(customer, "consumptionProfiles") {
        let meter = need(entry, "meterId")?;
        let load = quantity(entry, &["sanctionedLoad", "sanctionedLoadKw", "sanctionedLoadKW"])?;
        let load = bounded(load.ok_or("sanctionedLoad is missing")?, LOAD_MIN, "sanctionedLoad")?;
        match claims.meters.iter_mut().find(|claim| claim.meter.as_ref() == Some(&meter)) {
            Some(claim) => claim.sanctioned_load_w = Some(load),
            None => return Err("meterId names no meter of the credential".to_owned()),
        }
    }
    if claims.meters.is_empty() { Err("no meter is named in energyResources".to_owned()) } else { Ok(claims) }
}

fn first_version(subject: &Json, meter: String) -> Result<MeterClaim, String> {
    let own = |entry: &&Json| label(entry, "meterNumber").is_none_or(|number| number == meter);
    let mut claim = MeterClaim::default();
    for entry in list(subject, "generationProfiles").filter(own) {
        claim.generators.push(generator(entry)?);
    }
    for entry in list(subject, "storageProfiles").filter(own) {
        claim.storage.push(storage(entry)?);
    }
    for entry in list(subject, "consumptionProfiles").filter(own) {
        claim.sanctioned_load_w = Some(need_kilo(entry, "sanctionedLoadKW", LOAD_MIN)?);
    }
    Ok(MeterClaim { meter: Some(meter), ..claim })
}

/// What of a resource counts for its meter: a plant's export, a battery's capacity.
fn install(resource: &Json, claim: &mut MeterClaim) -> Result<(), String> {
    let nothing = Json::Null;
    let attributes = resource.get("attributes").unwrap_or(&nothing);
    let power = || {
        quantity(
            attributes,
            &["maxExport", "maxExportKw", "ratedPower", "ratedPowerKw", "nominalPower", "nominalPowerKw"],
        )
    };
    let resource_type = match text(resource, "type").unwrap_or_default() {
        "SOLAR" | "SOLAR_PV" => "SOLAR",
        "WIND" => "WIND",
        "HYDRO" => "HYDRO",
        "BIOGAS" | "CHP" | "FUEL_CELL" => "OTHER",
        "BATTERY" | "BESS" => {
            let capacity = quantity(
                attributes,
                &["storageCapacity", "storageCapacityKwh", "energyCapacity", "energyCapacityKwh"],
            )?;
            if let Some(capacity) = capacity {
                let capacity_wh = bounded(capacity, CAPACITY_MIN, "storageCapacity")?;
                claim.storage.push(Storage { capacity_wh, power_w: power()? });
            }
            return Ok(());
        }
        _ => return Ok(()),
    };
    if let Some(capacity) = power()? {
        let capacity_w = bounded(capacity, CAPACITY_MIN, "the power of a plant")?;
        claim.generators.push(Generator { resource_type, capacity_w });
    }
    Ok(())
}

/// The first of these members: a plain number of kilo-units, or a value with its unit.
fn quantity(value: &Json, names: &[&str]) -> Result<Option<i64>, String> {
    let Some((name, found)) = names.iter().find_map(|name| value.get(name).map(|found| (*name, found)))
    else {
        return Ok(None);
    };
    let Some(inner) = found.get("value") else { return kilo(found, name).map(Some) };
    let places = match text(found, "unit").unwrap_or_default() {
        "W" | "Wh" => 0,
        "kW" | "kWh" | "KW" | "KWH" => 3,
        "MW" | "MWh" => 6,
        _ => return Err(format!("{name} has a unit that is not known here")),
    };
    let number = inner.as_number().or_else(|| inner.as_str().map(str::trim)).unwrap_or_default();
    units::parse_scaled(number, places).map(Some).map_err(|_| format!("{name} is not a usable number"))
}
