//! What is traded or measured: resources with `EnergyResource` v2.0 or `DatasetItem` 1.1 attributes, and
//! their quantity.

use units::WattHours;

use super::path::{Members, Path, equal_as_written, has_type, put_child, put_code, put_text};
use super::schema;
use super::series::TimeSeries;
use crate::code::WireError;
use crate::json::{Json, Object};

/// `EnergyResource`: the source behind a meter.
#[derive(Clone, Debug)]
pub struct EnergyResource {
    /// The meter.
    pub id: Option<String>,
    /// The kind of source: `SOLAR`, `BESS`, ….
    pub resource_type: Option<String>,
    pub rest: Object,
}

equal_as_written!(EnergyResource, DatasetItem, Resource);

impl EnergyResource {
    pub fn new(meter_id: &str, resource_type: &str) -> Self {
        Self {
            id: Some(meter_id.to_owned()),
            resource_type: Some(resource_type.to_owned()),
            rest: schema::ENERGY_RESOURCE.members(),
        }
    }

    /// # Errors
    /// A member of the wrong type.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(json, path)?;
        Ok(Self { id: members.text("id")?, resource_type: members.text("type")?, rest: members.rest() })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "type", self.resource_type.as_deref());
        put_text(&mut object, "id", self.id.as_deref());
        object.into()
    }
}

/// `DatasetItem` as the meter legs use it: one series, or an array of them.
#[derive(Clone, Debug)]
pub struct DatasetItem {
    pub series: Vec<TimeSeries>,
    /// Written as an array also when it holds one series.
    pub array: bool,
    pub rest: Object,
}

impl DatasetItem {
    fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        let array = members.get("dataPayload").is_some_and(|payload| payload.as_array().is_some());
        let series = if array {
            members.list("dataPayload", TimeSeries::read)?
        } else {
            members.child("dataPayload", TimeSeries::read)?.into_iter().collect()
        };
        Ok(Self { series, array, rest: members.rest() })
    }

    fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        let payload = match self.series.as_slice() {
            [] if !self.array => None,
            [one] if !self.array => Some(one.to_json()),
            many => Some(Json::array(many.iter().map(TimeSeries::to_json))),
        };
        put_child(&mut object, "dataPayload", payload);
        object.into()
    }
}

/// The attributes of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceAttributes {
    Energy(EnergyResource),
    Dataset(DatasetItem),
    Other(Json),
}

impl ResourceAttributes {
    fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        if has_type(json, schema::ENERGY_RESOURCE.type_name) {
            EnergyResource::read(json, path).map(Self::Energy)
        } else if has_type(json, schema::DATASET_ITEM.type_name) {
            DatasetItem::read(json, path).map(Self::Dataset)
        } else {
            Ok(Self::Other(json.clone()))
        }
    }

    fn to_json(&self) -> Json {
        match self {
            Self::Energy(resource) => resource.to_json(),
            Self::Dataset(item) => item.to_json(),
            Self::Other(json) => json.clone(),
        }
    }
}

/// A resource of a catalog or of a commitment. In a commitment it also has a quantity, left in `rest`.
#[derive(Clone, Debug)]
pub struct Resource {
    pub id: Option<String>,
    pub attributes: Option<ResourceAttributes>,
    pub rest: Object,
}

impl Resource {
    pub fn new(id: &str, name: &str, attributes: ResourceAttributes) -> Self {
        let mut rest = Object::new();
        rest.set("id", id);
        put_code(&mut rest, &["descriptor", "name"], Some(name));
        Self { id: Some(id.to_owned()), attributes: Some(attributes), rest }
    }

    /// # Errors
    /// A member of the wrong type.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        Ok(Self {
            id: members.text("id")?,
            attributes: members.child("resourceAttributes", ResourceAttributes::read)?,
            rest: members.rest(),
        })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "id", self.id.as_deref());
        put_child(
            &mut object,
            "resourceAttributes",
            self.attributes.as_ref().map(ResourceAttributes::to_json),
        );
        object.into()
    }

    /// The meter behind the resource.
    pub fn meter(&self) -> Option<&str> {
        if let Some(ResourceAttributes::Energy(resource)) = &self.attributes {
            resource.id.as_deref()
        } else {
            None
        }
    }

    /// The text of `quantity.unitQuantity`.
    pub fn quantity(&self) -> Option<&str> {
        self.rest.get("quantity")?.get("unitQuantity")?.as_number()
    }

    /// States the quantity in kWh.
    pub fn set_quantity(&mut self, energy: WattHours) {
        let members = [
            ("@type", Json::from("Quantity")),
            ("unitCode", Json::from(schema::ENERGY_UNIT)),
            ("unitQuantity", Json::Number(energy.to_kwh_text())),
        ];
        self.rest.set("quantity", Json::object(members));
    }
}
