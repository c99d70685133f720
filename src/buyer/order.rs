//! A wish against a found offer: is it allowed, and the contract that asks for it. Pure.

use beckn_wire::energy::messages::{self, Buyer, Request as WireRequest};
use beckn_wire::energy::{
    Contract as WireContract, DiscomLedgerProvider, EnergyCustomer, Line, Offer, Path, Resource,
};
use beckn_wire::json::Json;
use energy_rules::{OfferTerms, OfferedSlot, Request, RequestedSlot, RuleError};
use units::{Timestamp, WattHours};

use super::error::BuyerError;
use super::model::{Obstacle, SlotWish};
use crate::error::Coded;
use crate::metering::Meter;
use crate::network::Settings;

/// The commitment that a contract of ours has; there is one.
const COMMITMENT_ID: &str = "commitment-1";

/// A found offer, read.
#[derive(Clone, Debug)]
pub(super) struct Offered {
    pub(super) bpp_id: String,
    /// May be empty: a catalog need not say it.
    pub(super) bpp_uri: String,
    pub(super) offer_id: String,
    pub(super) offer: Offer,
    pub(super) resource: Resource,
    pub(super) lines: Vec<Line>,
    /// As it is spelled.
    pub(super) seller_meter: String,
    pub(super) seller_discom: String,
}

impl Offered {
    /// Takes an offer of a catalog that can be bought: whose platform, meter, DISCOM and table are there.
    ///
    /// # Errors
    /// What is missing, for a person.
    pub(super) fn new(bpp: (&str, &str), offer: Offer, resource: Resource) -> Result<Self, String> {
        let terms = offer.attributes.as_ref().ok_or("it is not an energy offer")?;
        let seller = terms.seller().map(|seller| seller.meter_id.clone());
        let seller_meter =
            seller.or_else(|| resource.meter().map(str::to_owned)).ok_or("it names no meter")?;
        let seller_discom = terms.discom_code().ok_or("it names no DISCOM of the seller")?.to_owned();
        let series = offer.series().ok_or("it has no table of slots")?;
        let lines = series.lines().map_err(|error| error.message)?;
        let offer_id = offer.id.clone().ok_or("it has no id")?;
        if lines.is_empty() || lines.iter().any(|line| line.price.is_none() || line.available.is_none()) {
            return Err("a slot lacks its price or its quantity".to_owned());
        }
        let (bpp_id, bpp_uri) = (bpp.0.to_owned(), bpp.1.to_owned());
        Ok(Self { bpp_id, bpp_uri, offer_id, offer, resource, lines, seller_meter, seller_discom })
    }

    /// As [`Offered::new`], from what the database kept.
    ///
    /// # Errors
    /// As [`Offered::new`].
    pub(super) fn read(bpp: (&str, &str), offer: &[u8], resource: &[u8]) -> Result<Self, String> {
        let json = |bytes: &[u8]| Json::parse(bytes).map_err(|error| error.to_string());
        let offer = Offer::read(&json(offer)?, &Path::new("offer")).map_err(|error| error.to_string())?;
        let resource =
            Resource::read(&json(resource)?, &Path::new("resource")).map_err(|error| error.to_string())?;
        Self::new(bpp, offer, resource)
    }

    /// The slots as the rules see them.
    pub(super) fn slots(&self) -> impl Iterator<Item = OfferedSlot> {
        self.lines.iter().filter_map(|line| {
            Some(OfferedSlot { slot: line.slot, price: line.price?, available: line.available? })
        })
    }

    pub(super) fn valid_until(&self) -> Option<Timestamp> {
        self.offer.attributes.as_ref()?.validity.as_ref()?.end
    }

    /// The asked quantities by interval.
    fn asked(&self, wishes: &[SlotWish]) -> Vec<(i64, WattHours)> {
        let interval =
            |wish: &SlotWish| self.lines.iter().find(|line| line.slot == wish.slot).map(|l| l.interval);
        wishes.iter().filter_map(|wish| interval(wish).map(|id| (id, wish.quantity))).collect()
    }
}

/// The meter may buy these quantities of the offer now, as far as the offer that was found tells.
///
/// # Errors
/// The first broken rule; the offer is over; the meter is not verified.
pub(super) fn check(
    offered: &Offered,
    meter: &Meter,
    wishes: &[SlotWish],
    settings: &Settings,
    now_market: Timestamp,
) -> Result<(), BuyerError> {
    if !meter.verified {
        return Err(BuyerError::MeterUnverified);
    }
    let slots: Vec<OfferedSlot> = offered.slots().collect();
    let requested = wishes
        .iter()
        .map(|wish| {
            let row = slots.iter().find(|row| row.slot == wish.slot);
            let row = row.ok_or(RuleError::SlotNotOffered { slot: wish.slot })?;
            Ok(RequestedSlot { slot: wish.slot, requested: wish.quantity, price: row.price })
        })
        .collect::<Result<Vec<_>, RuleError>>()?;
    let request = Request {
        slots: &requested,
        buyer_meter: Some(&meter.meter_id),
        seller_meter: &offered.seller_meter,
        buyer_discom: Some(&meter.discom_code),
        seller_discom: &offered.seller_discom,
        buyer_load: meter.slot_load(),
    };
    energy_rules::check_request(&request, &OfferTerms { slots: &slots }, &settings.rules, now_market)?;
    match offered.valid_until() {
        Some(until) if until <= now_market => Err(BuyerError::OfferOver { until }),
        _ => Ok(()),
    }
}

/// Whether the two sides may trade at all, whatever the quantities.
pub(super) fn check_sides(offered: &Offered, meter: &Meter, settings: &Settings) -> Result<(), RuleError> {
    if beckn_wire::energy::same_meter(&meter.meter_id, &offered.seller_meter) {
        return Err(RuleError::OwnMeter);
    }
    energy_rules::check_meter(&meter.meter_id, &settings.rules)?;
    energy_rules::check_discoms(&meter.discom_code, &offered.seller_discom, &settings.rules)
}

/// The first of the user's verified meters that may trade with the seller, or why none may.
///
/// # Errors
/// No verified meter; the rule that the first one breaks.
pub(super) fn meter_for<'m>(
    offered: &Offered,
    meters: &'m [Meter],
    settings: &Settings,
) -> Result<&'m Meter, BuyerError> {
    let mut first: Option<RuleError> = None;
    for meter in meters.iter().filter(|meter| meter.verified) {
        match check_sides(offered, meter, settings) {
            Ok(()) => return Ok(meter),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.map_or(BuyerError::NoMeter, BuyerError::Rule))
}

/// Why none of the user's meters may buy the offer; none when one may.
pub(super) fn obstacle(offered: &Offered, meters: &[Meter], settings: &Settings) -> Option<Obstacle> {
    let error = meter_for(offered, meters, settings).err()?;
    Some(Obstacle { code: error.code(), reason: error.to_string() })
}

/// How much a contract that is being asked for says of the buyer (ruling 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// `select`: the platform and the DISCOM.
    Platform,
    /// `init`: the meter and the customer number too.
    Meter,
}

/// The contract that asks for these quantities.
///
/// # Errors
/// The meter's DISCOM is not configured; the offer is not complete.
pub(super) fn contract(
    offered: &Offered,
    meter: &Meter,
    wishes: &[SlotWish],
    settings: &Settings,
    detail: Detail,
) -> Result<WireContract, BuyerError> {
    let discom = settings.discom(&meter.discom_code).ok_or(BuyerError::DiscomUnknown)?;
    let provider = DiscomLedgerProvider::new(
        &discom.discom_id,
        &discom.discom_uri,
        &discom.ledger_id,
        &discom.ledger_uri,
    );
    let mut customer = EnergyCustomer::new(&meter.meter_id, Some(&settings.base_url));
    customer.utility_customer_id = Some(meter.customer_number.clone());
    let buyer = Buyer {
        platform_id: &settings.subscriber_id,
        customer: &customer,
        discom_code: &meter.discom_code,
        discom: &provider,
    };
    let asked = offered.asked(wishes);
    let request = WireRequest {
        commitment_id: COMMITMENT_ID,
        offer: &offered.offer,
        resource: &offered.resource,
        asked: &asked,
    };
    Ok(match detail {
        Detail::Platform => messages::select(&request, &buyer)?,
        Detail::Meter => messages::init(&request, &buyer)?,
    })
}

#[cfg(test)]
pub(super) mod tests;
