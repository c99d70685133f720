//! Filters and scores of the catalog that the order's tests have: 10 and 11 o'clock, 10 kWh at 5 and 4 kWh at 6 INR.

use std::collections::BTreeMap;

use units::{Price, Timestamp, WattHours};

use super::super::order::tests::{buyer, now, offered, settings, slot};
use super::*;

struct Given {
    settings: Settings,
    meters: Vec<Meter>,
    trust: BTreeMap<(String, String), ProviderTrust>,
    at: Timestamp,
}

fn given() -> Given {
    Given { settings: settings(), meters: vec![buyer()], trust: BTreeMap::new(), at: now() }
}

fn ranked(given: &Given, wish: &RankWish) -> (Rank, Vec<OfferedSlot>) {
    let scene = Scene {
        settings: &given.settings,
        meters: &given.meters,
        now_market: given.at,
        wish,
        trust: &given.trust,
    };
    let offered = offered();
    let place = Place::new(2_861, 7_721);
    rank(&scene, &[Candidate { offered: &offered, place }]).remove(0)
}

fn codes(given: &Given, wish: &RankWish) -> Vec<Code> {
    ranked(given, wish).0.refused.iter().map(|refused| refused.code).collect()
}

fn with_trust(score_millionths: i64) -> Given {
    let mut given = given();
    let key = ("seller.example".to_owned(), "test_meter_seller".to_owned());
    given.trust.insert(key, ProviderTrust { score_millionths, settled: 3, unknown: false });
    given
}

#[test]
fn a_score_is_the_weighted_sum_of_its_parts() {
    let mut given = given();
    given.settings.choice.grid_tariff_inr.insert("TEST_DISCOM_BUYER".into(), Price::new(80_000));
    let (rank, usable) = ranked(&given, &RankWish::default());
    assert_eq!(usable.len(), 2);
    // 14 kWh for 74 INR.
    assert_eq!((rank.average, rank.reference), (Some(Price::new(52_857)), Some(Price::new(80_000))));
    assert_eq!((rank.price, rank.trust, rank.window), (339_287, 300_000, 1_000_000));
    assert_eq!(rank.score, (339_287 * 400_000 + 300_000 * 350_000 + 1_000_000 * 250_000) / 1_000_000);
    assert!(rank.refused.is_empty() && rank.provider.unknown);
    assert_eq!((rank.merits.co2_grams_per_kwh, rank.merits.distance_m), (Some(727), None));

    let wish = RankWish {
        quantity: Some(WattHours::new(12_000)),
        price_limit: Some(Price::new(100_000)),
        near: Place::new(2_862, 7_721),
        ..RankWish::default()
    };
    let (rank, _) = ranked(&given, &wish);
    // 10 kWh at 5 and 2 kWh at 6.
    assert_eq!((rank.average, rank.window), (Some(Price::new(51_667)), 1_000_000));
    assert_eq!(rank.price, 483_330);
    assert_eq!((rank.merits.distance_m, rank.merits.local), (Some(1_100), Some(true)));
}

#[test]
fn each_filter_has_its_reason() {
    let plain = RankWish::default();
    let limit = |price| RankWish { price_limit: Some(Price::new(price)), ..plain.clone() };
    assert_eq!(codes(&given(), &limit(49_999)), [Code::ChoiceTooDear]);
    assert_eq!(codes(&given(), &limit(50_000)), []);
    assert_eq!(ranked(&given(), &limit(50_000)).1.len(), 1);
    let window = |from: u8, to: u8| RankWish {
        from: Some(slot(from).start()),
        to: Some(slot(to).start()),
        ..plain.clone()
    };
    assert_eq!(codes(&given(), &window(12, 14)), [Code::ChoiceOutsideWindow]);
    let (rank, usable) = ranked(&given(), &window(11, 13));
    assert_eq!((usable.len(), rank.window), (1, 500_000));
    let much = RankWish { quantity: Some(WattHours::new(14_010)), ..plain.clone() };
    assert_eq!(codes(&given(), &much), [Code::ChoiceTooLittle]);

    let mut own = given();
    own.meters[0].meter_id = "TEST_METER_SELLER".into();
    assert_eq!(codes(&own, &plain), [Code::OwnMeter]);
    let mut same = given();
    same.meters[0].discom_code = "TEST_DISCOM_SELLER".into();
    assert_eq!(codes(&same, &plain), [Code::NotEligible]);
    let mut late = given();
    late.at = slot(8).start();
    assert_eq!(codes(&late, &plain), [Code::GateClosed, Code::GateClosed]);
}

#[test]
fn trust_is_a_floor_and_the_unknown_passes_it_unless_proof_is_demanded() {
    let plain = RankWish::default();
    let proven = RankWish { proven: true, ..plain.clone() };
    assert_eq!(codes(&given(), &proven), [Code::ChoiceUnproven]);
    let demanding = RankWish { min_trust: Some(500_000), ..plain.clone() };
    assert_eq!(codes(&given(), &demanding), [Code::ChoiceUnproven]);
    assert_eq!(codes(&with_trust(199_999), &plain), [Code::ChoiceTrustLow]);
    assert_eq!(codes(&with_trust(200_000), &plain), []);
    assert_eq!(codes(&with_trust(499_999), &demanding), [Code::ChoiceTrustLow]);
    assert_eq!(codes(&with_trust(500_000), &proven), []);
}
