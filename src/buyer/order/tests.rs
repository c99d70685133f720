//! Orders against an offer of two slots, and the makers that other tests of the buyer share.

use beckn_wire::energy::{
    Catalog, DegContract, EnergyResource, EnergyTradeOffer, Participant, Policy, Provider,
    ResourceAttributes, SlotTerms, TimeSeries, Validity, Writer, schema,
};
use beckn_wire::json::Object;
use energy_rules::RuleSet;
use units::{DeliverySlot, Paise, Price, Span};
use uuid::Uuid;

use super::*;
use crate::error::{Code, Coded};
use crate::network::{self, Discom};

const SELLER: &str = "seller.example";

/// The slot of that hour in India on 2026-11-21.
pub(in crate::buyer) fn slot(hour: u8) -> DeliverySlot {
    let midnight = Timestamp::parse_rfc3339("2026-11-21T00:00:00+05:30").unwrap();
    DeliverySlot::starting_at(midnight.saturating_add(Span::from_hours(i64::from(hour)))).unwrap()
}

/// 10 and 11 o'clock: 10 kWh at 5 INR, 4 kWh at 6 INR.
pub(in crate::buyer) fn offer_of_two_slots() -> Offer {
    let terms = |hour, price, available| SlotTerms {
        slot: slot(hour),
        price: Price::new(price),
        available: WattHours::new(available),
    };
    let roles = |writer| match writer {
        Writer::SellerPlatform => Some(SELLER.to_owned()),
        Writer::SellerDiscom => Some("TEST_DISCOM_SELLER".to_owned()),
        Writer::BuyerPlatform | Writer::BuyerDiscom => None,
    };
    let ledger = DiscomLedgerProvider::new("d", "https://d.example", "l", "https://l.example");
    let mut offer = Offer::new("offer-1", "Rooftop", None, "resource-1");
    offer.attributes = Some(EnergyTradeOffer {
        validity: Some(Validity::new(slot(0).start(), slot(6).start())),
        contract_attributes: Some(DegContract::new(roles, Policy::new("https://p.example/rules"))),
        participants: vec![
            Participant::customer(SELLER, EnergyCustomer::new("TEST_METER_SELLER", None)),
            Participant::discom("TEST_DISCOM_SELLER", ledger),
        ],
        commitment_attributes: Some(
            TimeSeries::offer(&[terms(10, 50_000, 10_000), terms(11, 60_000, 4_000)]).unwrap(),
        ),
        rest: schema::ENERGY_TRADE_OFFER.members(),
    });
    offer
}

fn resource() -> Resource {
    let source = EnergyResource::new("TEST_METER_SELLER", "SOLAR");
    Resource::new("resource-1", "Rooftop", ResourceAttributes::Energy(source))
}

pub(in crate::buyer) fn catalog(offers: Vec<Offer>) -> Catalog {
    Catalog {
        id: Some("catalog-1".into()),
        provider: Some(Provider::new(SELLER, "Seller", None)),
        bpp_id: Some(SELLER.into()),
        bpp_uri: Some("https://seller.example/bpp/receiver".into()),
        resources: vec![resource()],
        offers,
        rest: Object::new(),
    }
}

pub(in crate::buyer) fn offered() -> Offered {
    Offered::new((SELLER, ""), offer_of_two_slots(), resource()).unwrap()
}

fn meter(id: &str, discom: &str) -> Meter {
    Meter {
        id: Uuid::nil(),
        user_id: Uuid::nil(),
        meter_id: id.into(),
        meter_key: network::normalize_meter(id),
        discom_code: discom.into(),
        customer_number: "C-1".into(),
        resource_type: None,
        installed_capacity_w: None,
        sanctioned_load_w: Some(5_000),
        verified: true,
        place: None,
    }
}

pub(in crate::buyer) fn buyer() -> Meter {
    meter("TEST_METER_BUYER", "TEST_DISCOM_BUYER")
}

pub(in crate::buyer) fn settings() -> Settings {
    let discom = |code: &str| Discom {
        code: code.into(),
        discom_id: format!("{code}.example"),
        discom_uri: "https://discom.example".into(),
        ledger_id: format!("{code}.ledger.example"),
        ledger_uri: "https://ledger.example".into(),
    };
    Settings {
        subscriber_id: "buyer.example".into(),
        base_url: "https://buyer.example".into(),
        network_id: energy_rules::NETWORK_TEST.into(),
        catalog_service_id: "cds.example".into(),
        policy: network::Policy { url: "https://p.example/rules".into(), query_path: "data.x".into() },
        discoms: vec![discom("TEST_DISCOM_BUYER"), discom("TEST_DISCOM_SELLER")],
        rules: RuleSet::ies_test(),
        reservation_ttl: Span::from_minutes(10),
        cancel_window: Span::from_minutes(30),
        check_interval: Span::from_secs(60),
        subscription_interval: Span::from_secs(60),
        dispute_period: Span::from_days(90),
        open_per_meter_max: 20,
        open_per_peer_max: 1_000,
        trust: crate::config::TrustConfig::default(),
        credit_limit: Paise::new(10_000_000),
        choice: network::ChoiceConfig::default(),
    }
}

fn wishes(all: &[(u8, i64)]) -> Vec<SlotWish> {
    all.iter().map(|(hour, wh)| SlotWish { slot: slot(*hour), quantity: WattHours::new(*wh) }).collect()
}

/// `init` for 2 kWh at 10 and 1.5 kWh at 11 o'clock.
pub(in crate::buyer) fn init_of_two_slots() -> WireContract {
    contract(&offered(), &buyer(), &wishes(&[(10, 2_000), (11, 1_500)]), &settings(), Detail::Meter).unwrap()
}

/// Midnight: 10 and 11 o'clock are open.
pub(in crate::buyer) fn now() -> Timestamp {
    slot(0).start()
}

fn code(meter: &Meter, wished: &[(u8, i64)], at: Timestamp) -> Code {
    check(&offered(), meter, &wishes(wished), &settings(), at).unwrap_err().code()
}

#[test]
fn what_the_rules_allow_is_allowed() {
    assert_eq!(check(&offered(), &buyer(), &wishes(&[(10, 5_000), (11, 4_000)]), &settings(), now()), Ok(()));
}

#[test]
fn what_they_forbid_is_refused_precisely() {
    let buyer = buyer();
    for (wished, expected) in [
        (&[][..], Code::QuantityInvalid),
        (&[(10, 0)][..], Code::QuantityInvalid),
        (&[(10, 999)][..], Code::QuantityInvalid),
        (&[(10, 1_001)][..], Code::QuantityInvalid),
        (&[(10, -1_000)][..], Code::QuantityInvalid),
        (&[(11, 4_010)][..], Code::QuantityUnavailable),
        (&[(10, 5_010)][..], Code::LoadExceeded),
        (&[(12, 1_000)][..], Code::SlotInvalid),
        (&[(10, 1_000), (10, 1_000)][..], Code::SlotInvalid),
    ] {
        assert_eq!(code(&buyer, wished, now()), expected, "{wished:?}");
    }
    let fine = &[(10, 1_000)][..];
    assert_eq!(
        code(&meter("der://meter/TEST_METER_SELLER", "TEST_DISCOM_BUYER"), fine, now()),
        Code::OwnMeter
    );
    assert_eq!(code(&meter("TEST_METER_X", "TEST_DISCOM_SELLER"), fine, now()), Code::NotEligible);
    assert_eq!(code(&meter("REAL_METER", "TEST_DISCOM_BUYER"), fine, now()), Code::NotEligible);
    assert_eq!(code(&Meter { verified: false, ..buyer.clone() }, fine, now()), Code::MeterUnverified);
    assert_eq!(code(&buyer, fine, slot(6).start()), Code::GateClosed);
    // Past the offer's own end, although the later slot would still be open.
    assert_eq!(code(&buyer, &[(11, 1_000)], slot(6).start()), Code::GateClosed);
    assert_eq!(code(&buyer, fine, now().saturating_sub(Span::from_hours(15))), Code::GateNotOpen);
}

#[test]
fn a_meter_that_may_buy_is_found() {
    let (offered, settings) = (offered(), settings());
    let same = meter("TEST_METER_2", "TEST_DISCOM_SELLER");
    let own = meter("TEST_METER_SELLER", "TEST_DISCOM_BUYER");
    let idle = Meter { verified: false, ..buyer() };
    let meters = [same.clone(), own, idle.clone(), buyer()];
    assert_eq!(meter_for(&offered, &meters, &settings).unwrap().meter_id, "TEST_METER_BUYER");
    assert_eq!(obstacle(&offered, &meters, &settings), None);
    let told = obstacle(&offered, &[same], &settings).unwrap();
    assert_eq!(told.code, Code::NotEligible);
    assert!(told.reason.contains("same DISCOM"), "{}", told.reason);
    assert_eq!(meter_for(&offered, &[idle], &settings), Err(BuyerError::NoMeter));
}

#[test]
fn a_question_for_the_price_says_nothing_of_the_buyer() {
    let asked = wishes(&[(10, 2_000)]);
    let select =
        contract(&offered(), &buyer(), &asked, &settings(), Detail::Platform).unwrap().to_json().to_string();
    assert!(!select.contains("TEST_METER_BUYER") && !select.contains("C-1"), "{select}");
    let init = contract(&offered(), &buyer(), &asked, &settings(), Detail::Meter).unwrap();
    assert_eq!(init.meter_of(Writer::BuyerPlatform), Some("TEST_METER_BUYER"));
    assert_eq!(init.holder(Writer::BuyerDiscom), Some("TEST_DISCOM_BUYER"));
    let ledger = init.discom_of(Writer::BuyerDiscom).unwrap();
    assert_eq!(ledger.ledger_id.as_deref(), Some("TEST_DISCOM_BUYER.ledger.example"));
    let lines = init.series().unwrap().lines().unwrap();
    let asked: Vec<i64> = lines.iter().map(|line| line.requested.unwrap().get()).collect();
    assert_eq!(asked, [2_000, 0]);
    let unknown = meter("TEST_METER_X", "TEST_DISCOM_OTHER");
    let refused = contract(&offered(), &unknown, &wishes(&[(10, 2_000)]), &settings(), Detail::Meter);
    assert_eq!(refused.unwrap_err(), BuyerError::DiscomUnknown);
}
