//! The daily leg between a ledger and its DISCOM: which meters are asked for which slots, and what they read.
//!
//! It has neither participants nor roles; energy is signed, + import and − export.

use units::{DeliverySlot, WattHours};

use super::EditError;
use super::column::Column;
use super::contract::{Commitment, Contract, OfferRef};
use super::path::{put_code, wire_time};
use super::resource::{DatasetItem, Resource, ResourceAttributes};
use super::schema;
use super::series::TimeSeries;
use crate::code::WireError;
use crate::json::{Json, Object};

/// One meter and the slots for which it is asked.
#[derive(Clone, Copy, Debug)]
pub struct MeterQuery<'a> {
    pub meter_id: &'a str,
    /// The UPADHI code of the DISCOM.
    pub discom_code: &'a str,
    pub slots: &'a [DeliverySlot],
}

/// What one meter read in one slot; none while there is no complete reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterValue {
    pub meter_id: String,
    pub slot: DeliverySlot,
    /// Import minus export.
    pub net: Option<WattHours>,
}

/// The names that the skeleton of a meter leg needs.
#[derive(Clone, Copy, Debug)]
pub struct MeterLeg<'a> {
    /// A UUID.
    pub contract_id: &'a str,
    pub commitment_id: &'a str,
    pub dataset_id: &'a str,
    pub offer_id: &'a str,
}

/// The contract of the `status` by which a ledger asks its DISCOM.
///
/// # Errors
/// No meter, no slot, or a slot twice.
pub fn meter_request(leg: &MeterLeg<'_>, queries: &[MeterQuery<'_>]) -> Result<Contract, EditError> {
    let of = |query: &MeterQuery<'_>| TimeSeries::meter(query.meter_id, query.discom_code, query.slots);
    let series = queries.iter().map(of).collect::<Result<Vec<_>, _>>()?;
    let slots = || queries.iter().flat_map(|query| query.slots.iter().copied());
    let (first, last) = slots().min().zip(slots().max()).ok_or(EditError::NoSlots)?;
    let mut rest = schema::DATASET_ITEM.members();
    rest.set("schema:identifier", leg.dataset_id);
    rest.set("schema:name", "Meter readings");
    let coverage = format!("{}/{}", wire_time(first.start()), wire_time(last.end()));
    rest.set("schema:temporalCoverage", coverage);
    let item = ResourceAttributes::Dataset(DatasetItem { series, array: true, rest });
    let mut resource = Resource::new(leg.dataset_id, "Meter readings", item);
    resource.rest.set("quantity", one_dataset("request"));
    Ok(skeleton(leg, resource))
}

fn skeleton(leg: &MeterLeg<'_>, resource: Resource) -> Contract {
    let offer = OfferRef::new(leg.offer_id, &[leg.dataset_id.to_owned()]);
    let commitment = Commitment {
        id: Some(leg.commitment_id.to_owned()),
        status: Some("ACTIVE".to_owned()),
        resources: vec![resource],
        offer: Some(offer),
        series: None,
        rest: Object::new(),
    };
    Contract {
        id: Some(leg.contract_id.to_owned()),
        status: Some("ACTIVE".to_owned()),
        commitments: vec![commitment],
        contract_attributes: None,
        participants: Vec::new(),
        consideration: Vec::new(),
        settlements: Vec::new(),
        performance: Vec::new(),
        rest: Object::new(),
    }
}

/// The contract of the DISCOM's `on_status`: the request with every cell filled for which there is a reading.
///
/// # Errors
/// A row of the request that is not a delivery slot.
pub fn meter_report(
    request: &Contract,
    reading: impl Fn(&str, DeliverySlot) -> Option<WattHours>,
) -> Result<Contract, EditError> {
    let mut report = request.clone();
    for resource in report.commitments.iter_mut().flat_map(|c| c.resources.iter_mut()) {
        let Some(ResourceAttributes::Dataset(item)) = &mut resource.attributes else { continue };
        for series in &mut item.series {
            fill(series, &reading)?;
        }
        put_code(&mut resource.rest, &["quantity", "unitText"], Some("report"));
    }
    Ok(report)
}

fn fill(
    series: &mut TimeSeries,
    reading: &impl Fn(&str, DeliverySlot) -> Option<WattHours>,
) -> Result<(), EditError> {
    let meter = series.resource_name.clone().unwrap_or_default();
    let ids: Vec<i64> = series.intervals.iter().map(|row| row.id).collect();
    for id in ids {
        let slot = series.slot_of(id).map_err(EditError::Table)?;
        match reading(&meter, slot) {
            Some(net) => series.set_energy(id, &Column::EnergyConsumption, net)?,
            None => series.clear(id, &Column::EnergyConsumption)?,
        }
    }
    Ok(())
}

/// Every cell of a meter leg, request or report.
///
/// # Errors
/// A series that names no meter, a row that is not a delivery slot, a value that is not exact to one
/// watt-hour.
pub fn meter_values(contract: &Contract) -> Result<Vec<MeterValue>, WireError> {
    let mut values = Vec::new();
    for series in contract.meter_series() {
        let meter =
            series.resource_name.as_ref().ok_or_else(|| WireError::required("dataPayload/resourceName"))?;
        for row in &series.intervals {
            values.push(MeterValue {
                meter_id: meter.clone(),
                slot: series.slot_of(row.id)?,
                net: series.energy(row.id, &Column::EnergyConsumption)?,
            });
        }
    }
    Ok(values)
}

fn one_dataset(unit_text: &str) -> Json {
    Json::object([
        ("@type", Json::from("Quantity")),
        ("unitText", Json::from(unit_text)),
        ("unitCode", Json::from("EA")),
        ("unitQuantity", Json::from(1_i64)),
    ])
}
