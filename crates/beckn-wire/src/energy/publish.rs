//! The catalog of a seller platform, as it is published: eight columns, the seller's side filled in.
//!
//! A catalog names the meter, which buyers need for the own-meter rule, and never the consumer number (ruling
//! 11).

use units::Timestamp;

use super::EditError;
use super::catalog::{Catalog, Catalogs, PublishDirective};
use super::column::Writer;
use super::deg::{DegContract, Policy};
use super::offer::{EnergyTradeOffer, Offer, Provider, Validity, named};
use super::party::{DiscomLedgerProvider, EnergyCustomer, Participant};
use super::resource::{EnergyResource, Resource, ResourceAttributes};
use super::schema;
use super::series::TimeSeries;
use super::table::SlotTerms;
use crate::json::Object;

/// A platform, as others see it.
#[derive(Clone, Copy, Debug)]
pub struct Platform<'a> {
    /// Its subscriber id.
    pub id: &'a str,
    /// Scheme, host and port: where the standard paths begin.
    pub url: &'a str,
    pub name: &'a str,
}

/// Whose energy is offered.
#[derive(Clone, Copy, Debug)]
pub struct Seller<'a> {
    pub platform: Platform<'a>,
    pub meter_id: &'a str,
    /// The name that buyers see.
    pub display_name: &'a str,
    /// The UPADHI code of the DISCOM.
    pub discom_code: &'a str,
    pub discom: &'a DiscomLedgerProvider,
    /// The rules of the seller's DISCOM.
    pub policy: &'a Policy,
}

/// What is offered.
#[derive(Clone, Copy, Debug)]
pub struct OfferTerms<'a> {
    pub offer_id: &'a str,
    pub resource_id: &'a str,
    pub name: &'a str,
    pub short_desc: Option<&'a str>,
    /// `SOLAR`, `BESS`, ….
    pub resource_type: &'a str,
    pub valid_from: Timestamp,
    pub valid_until: Timestamp,
    pub slots: &'a [SlotTerms],
}

/// An offer and the resource behind it.
///
/// # Errors
/// No slot, or a slot twice.
pub fn offer(seller: &Seller<'_>, terms: &OfferTerms<'_>) -> Result<(Resource, Offer), EditError> {
    let energy = EnergyResource::new(seller.meter_id, terms.resource_type);
    let resource = Resource::new(terms.resource_id, terms.name, ResourceAttributes::Energy(energy));
    let mut offer = Offer::new(terms.offer_id, terms.name, terms.short_desc, terms.resource_id);
    offer.attributes = Some(EnergyTradeOffer {
        validity: Some(Validity::new(terms.valid_from, terms.valid_until)),
        contract_attributes: Some(DegContract::new(|writer| held_by(seller, writer), seller.policy.clone())),
        participants: vec![
            Participant::customer(
                seller.platform.id,
                EnergyCustomer::new(seller.meter_id, Some(seller.platform.url)),
            ),
            Participant::discom(seller.discom_code, seller.discom.clone()),
        ],
        commitment_attributes: Some(TimeSeries::offer(terms.slots)?),
        rest: schema::ENERGY_TRADE_OFFER.members(),
    });
    let customer = EnergyCustomer::new(seller.meter_id, None);
    offer.provider = Some(Provider::new(seller.platform.id, seller.display_name, Some(customer)));
    Ok((resource, offer))
}

fn held_by(seller: &Seller<'_>, writer: Writer) -> Option<String> {
    match writer {
        Writer::SellerPlatform => Some(seller.platform.id.to_owned()),
        Writer::SellerDiscom => Some(seller.discom_code.to_owned()),
        Writer::BuyerPlatform | Writer::BuyerDiscom => None,
    }
}

/// A catalog of these offers. `bpp_uri` is the platform's receiver for requests.
pub fn catalog(
    id: &str,
    platform: &Platform<'_>,
    bpp_uri: &str,
    entries: impl IntoIterator<Item = (Resource, Offer)>,
) -> Catalog {
    let (resources, offers) = entries.into_iter().unzip();
    Catalog {
        id: Some(id.to_owned()),
        provider: Some(Provider::new(platform.id, platform.name, None)),
        bpp_id: Some(platform.id.to_owned()),
        bpp_uri: Some(bpp_uri.to_owned()),
        resources,
        offers,
        rest: named(id, platform.name, None),
    }
}

/// The message of `catalog/publish`: what is in the catalog replaces what the service has under the same ids,
/// and leaves the rest (`MERGE`), for these networks.
pub fn publish(catalog: Catalog, visible_to: &[String]) -> Catalogs {
    let directive = PublishDirective {
        catalog_id: catalog.id.clone().unwrap_or_default(),
        catalog_type: Some("REGULAR".to_owned()),
        update_mode: Some("MERGE".to_owned()),
        visible_to: visible_to.to_vec(),
        rest: Object::new(),
    };
    Catalogs { directives: vec![directive], catalogs: vec![catalog], rest: Object::new() }
}
