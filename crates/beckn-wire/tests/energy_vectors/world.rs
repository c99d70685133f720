//! Two platforms, two DISCOMs and one offer, with names of our own.

use beckn_wire::energy::messages::{Buyer, Request};
use beckn_wire::energy::publish::{self, OfferTerms, Platform, Seller};
use beckn_wire::energy::{
    Catalogs, DiscomLedgerProvider, EnergyCustomer, Offer, PayTo, Policy, Resource, SettlementTerm, SlotTerms,
};
use units::{DeliverySlot, Price, Timestamp, WattHours};

pub const NETWORK: &str = "indiaenergystack.in/test-ies-p2p-trading-network";
pub const SELLER: &str = "seller.wattmandi.example";
pub const BUYER: &str = "buyer.wattmandi.example";
pub const SELLER_METER: &str = "TEST_METER_ROOF_7";
pub const BUYER_METER: &str = "TEST_METER_HOME_3";
pub const CONTRACT_ID: &str = "0b9b5d36-3c5e-4b0e-9d4f-2f6f3c1c8a11";

pub fn time(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

/// The slot of that UTC hour and half on 2026-11-21.
pub fn slot(hour: u8) -> DeliverySlot {
    DeliverySlot::starting_at(time(&format!("2026-11-21T{hour:02}:30:00Z"))).unwrap()
}

pub fn terms(hour: u8, price: &str, available: &str) -> SlotTerms {
    SlotTerms {
        slot: slot(hour),
        price: Price::from_inr_text(price).unwrap(),
        available: WattHours::from_kwh_text(available).unwrap(),
    }
}

pub fn discom(side: &str) -> DiscomLedgerProvider {
    DiscomLedgerProvider::new(
        &format!("{side}-discom.example"),
        &format!("https://{side}-discom.example"),
        &format!("{side}-ledger.example"),
        &format!("https://{side}-ledger.example"),
    )
}

/// One solar offer of three slots, the last after a gap.
pub fn offer_of(platform: Platform<'_>) -> (Resource, Offer) {
    let slots = [terms(4, "12.5", "30.5"), terms(5, "14.25", "25.5"), terms(8, "9.9999", "5")];
    let policy = Policy::new("https://dedi.example/dedi/lookup/rulesets/p2p-trading");
    let seller = Seller {
        platform,
        meter_id: SELLER_METER,
        display_name: "Roof 7",
        discom_code: "TEST_DISCOM_SELLER",
        discom: &discom("seller"),
        policy: &policy,
    };
    let terms = OfferTerms {
        offer_id: "offer-7",
        resource_id: "resource-7",
        name: "Solar, 21 November, from 10:00 IST",
        short_desc: None,
        resource_type: "SOLAR",
        valid_from: time("2026-11-20T04:30:00Z"),
        valid_until: time("2026-11-21T00:30:00Z"),
        slots: &slots,
    };
    publish::offer(&seller, &terms).unwrap()
}

pub fn seller_platform() -> Platform<'static> {
    Platform { id: SELLER, url: "https://seller.wattmandi.example", name: "Seller platform" }
}

pub fn publish_message() -> Catalogs {
    let catalog = publish::catalog(
        "catalog-1",
        &seller_platform(),
        "https://seller.wattmandi.example/bpp/receiver",
        [offer_of(seller_platform())],
    );
    publish::publish(catalog, &[NETWORK.to_owned()])
}

/// Runs a closure with the buyer's request: 20.5 and 2.01 kWh of the first and the last slot.
pub fn with_request<T>(platform_id: &str, run: impl FnOnce(&Request<'_>, &Buyer<'_>) -> T) -> T {
    let (resource, offer) = offer_of(seller_platform());
    let asked = [(0, WattHours::new(20_500)), (2, WattHours::new(2_010))];
    let mut customer = EnergyCustomer::new(BUYER_METER, Some("https://buyer.wattmandi.example"));
    customer.utility_customer_id = Some("CONSUMER-3".to_owned());
    let discom = discom("buyer");
    let request =
        Request { commitment_id: "commitment-1", offer: &offer, resource: &resource, asked: &asked };
    run(
        &request,
        &Buyer { platform_id, customer: &customer, discom_code: "TEST_DISCOM_BUYER", discom: &discom },
    )
}

pub fn term() -> SettlementTerm {
    SettlementTerm::on_fulfillment(Some(PayTo::Bank {
        holder: "Seller platform".to_owned(),
        account: "000111222333".to_owned(),
        ifsc: "TEST0000001".to_owned(),
        bank: Some("Test Bank".to_owned()),
    }))
}
