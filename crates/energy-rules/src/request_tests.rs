//! Every way to ask wrongly, each by one change to a request that is right.

use super::*;
use crate::TradingHours;
use units::Span;

/// The start of the first offered slot, 10:00 in India, and an instant inside its window.
const START: &str = "2026-11-21T04:30:00Z";
const NOW: &str = "2026-11-20T12:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

struct Case {
    rows: Vec<RequestedSlot>,
    offered: Vec<OfferedSlot>,
    buyer_meter: Option<&'static str>,
    seller_meter: &'static str,
    buyer_discom: Option<&'static str>,
    buyer_load: Option<WattHours>,
    rules: RuleSet,
    now: Timestamp,
}

impl Case {
    fn good() -> Self {
        let first = DeliverySlot::starting_at(at(START)).unwrap();
        let offered = |slot, price, available| OfferedSlot {
            slot,
            price: Price::new(price),
            available: WattHours::new(available),
        };
        let wanted = |slot, price, requested| RequestedSlot {
            slot,
            price: Price::new(price),
            requested: WattHours::new(requested),
        };
        Self {
            rows: vec![wanted(first, 125_000, 20_500), wanted(first.next(), 145_000, 10_000)],
            offered: vec![
                offered(first, 125_000, 30_500),
                offered(first.next(), 145_000, 10_000),
                offered(first.next().next(), 90_000, 5_000),
            ],
            buyer_meter: Some("TEST_METER_BUYER_001"),
            seller_meter: "TEST_METER_SELLER_001",
            buyer_discom: Some("TEST_DISCOM_BUYER"),
            buyer_load: None,
            rules: RuleSet::ies_test(),
            now: at(NOW),
        }
    }

    fn judge(&self) -> Result<(), RuleError> {
        let request = Request {
            slots: &self.rows,
            buyer_meter: self.buyer_meter,
            seller_meter: self.seller_meter,
            buyer_discom: self.buyer_discom,
            seller_discom: "TEST_DISCOM_SELLER",
            buyer_load: self.buyer_load,
        };
        check_request(&request, &OfferTerms { slots: &self.offered }, &self.rules, self.now)
    }
}

fn judge(change: impl FnOnce(&mut Case)) -> Result<(), RuleError> {
    let mut case = Case::good();
    change(&mut case);
    case.judge()
}

fn code(change: impl FnOnce(&mut Case)) -> &'static str {
    judge(change).unwrap_err().code().as_str()
}

#[test]
fn a_good_request_passes() {
    assert_eq!(judge(|_| ()), Ok(()));
    // All of the stock may be bought, some slots left out, and one asked for with zero.
    assert_eq!(judge(|c| c.rows[0].requested = WattHours::new(30_500)), Ok(()));
    assert_eq!(judge(|c| c.rows.truncate(1)), Ok(()));
    assert_eq!(judge(|c| c.rows[1].requested = WattHours::ZERO), Ok(()));
    // `select` names no buyer.
    assert_eq!(judge(|c| (c.buyer_meter, c.buyer_discom) = (None, None)), Ok(()));
}

#[test]
fn the_parties_are_judged() {
    assert_eq!(judge(|c| c.buyer_meter = Some(" test_meter_seller_001")), Err(RuleError::OwnMeter));
    assert_eq!(judge(|c| c.buyer_meter = Some("MTR-1")), Err(RuleError::TestMeterRequired));
    assert_eq!(judge(|c| c.seller_meter = "MTR-1"), Err(RuleError::TestMeterRequired));
    assert_eq!(judge(|c| c.buyer_meter = Some("")), Err(RuleError::MeterBlank));
    assert_eq!(judge(|c| c.rules.test_meters = false), Err(RuleError::TestMeterForbidden));
    assert_eq!(judge(|c| c.buyer_discom = Some("TEST_DISCOM_SELLER")), Err(RuleError::SameDiscom));
    assert_eq!(code(|c| c.buyer_meter = Some("TEST_METER_SELLER_001")), "POL_ELIGIBILITY_NOT_MET");
    assert_eq!(code(|c| c.buyer_discom = Some("TEST_DISCOM_SELLER")), "POL_ELIGIBILITY_NOT_MET");
}

#[test]
fn slots_are_offered_once_open_and_in_hours() {
    let first = DeliverySlot::starting_at(at(START)).unwrap();
    assert_eq!(
        judge(|c| c.rows[0].slot = first.previous()),
        Err(RuleError::SlotNotOffered { slot: first.previous() })
    );
    assert_eq!(judge(|c| c.rows[1].slot = first), Err(RuleError::SlotRepeated { slot: first }));

    let closed = at("2026-11-21T00:30:00Z");
    assert_eq!(judge(|c| c.now = closed.saturating_sub(Span::from_micros(1))), Ok(()));
    assert_eq!(judge(|c| c.now = closed), Err(RuleError::GateClosed { slot: first, closed }));
    // A slot of which nothing is wanted does not hold the others back.
    assert_eq!(judge(|c| (c.now, c.rows[0].requested) = (closed, WattHours::ZERO)), Ok(()));
    let opens = at("2026-11-20T04:30:00Z");
    let early = opens.saturating_sub(Span::from_micros(1));
    assert_eq!(judge(|c| c.now = early), Err(RuleError::GateNotOpen { slot: first, opens }));
    assert_eq!(code(|c| c.now = closed), "BIZ_FULFILLMENT_UNAVAILABLE");

    let morning = Some(TradingHours { from: 6, to: 11 });
    assert_eq!(
        judge(|c| c.rules.trading_hours = morning),
        Err(RuleError::OutsideTradingHours { slot: first.next() })
    );
}

#[test]
fn quantities_fit_rules_stock_and_load() {
    let slot = DeliverySlot::starting_at(at(START)).unwrap();
    let ask = |wh| judge(|c| c.rows[0].requested = WattHours::new(wh));
    let available = WattHours::new(30_500);
    assert_eq!(ask(30_510), Err(RuleError::QuantityUnavailable { slot, available }));
    assert_eq!(ask(i64::MAX - 7), Err(RuleError::QuantityInvalid));
    assert_eq!(ask(990), Err(RuleError::QuantityBelowMinimum { minimum: WattHours::new(1_000) }));
    assert_eq!(ask(1_005), Err(RuleError::QuantityTooPrecise { step: WattHours::new(10) }));
    assert_eq!(ask(-20_500), Err(RuleError::QuantityInvalid));
    let nothing = judge(|c| c.rows.iter_mut().for_each(|row| row.requested = WattHours::ZERO));
    assert_eq!(nothing, Err(RuleError::NothingRequested));
    assert_eq!(judge(|c| c.rows.clear()), Err(RuleError::NothingRequested));
    let limit = WattHours::new(20_000);
    assert_eq!(judge(|c| c.buyer_load = Some(limit)), Err(RuleError::LoadExceeded { slot, limit }));
    assert_eq!(code(|c| c.rows[0].requested = WattHours::new(30_510)), "BIZ_QUANTITY_UNAVAILABLE");
    // An offer that was oversold by mistake has nothing, not less than nothing.
    let oversold = judge(|c| c.offered[0].available = WattHours::new(-10));
    assert_eq!(oversold, Err(RuleError::QuantityUnavailable { slot, available: WattHours::ZERO }));
}

#[test]
fn the_price_is_the_published_one() {
    let slot = DeliverySlot::starting_at(at(START)).unwrap();
    let published = Price::new(125_000);
    for price in [124_999, 125_001, 0, -125_000] {
        let refused = judge(|c| c.rows[0].price = Price::new(price));
        assert_eq!(refused, Err(RuleError::PriceMismatch { slot, published }));
    }
    assert_eq!(code(|c| c.rows[0].price = Price::ZERO), "BIZ_PRICE_MISMATCH");
    // Also where nothing is wanted: the row would stand in the contract.
    let refused = judge(|c| (c.rows[0].price, c.rows[0].requested) = (Price::ZERO, WattHours::ZERO));
    assert_eq!(refused, Err(RuleError::PriceMismatch { slot, published }));
}

#[test]
fn listings_keep_the_rules_too() {
    let rules = RuleSet::ies_test();
    let slot = DeliverySlot::starting_at(at(START)).unwrap();
    let row = OfferedSlot { slot, price: Price::new(60_000), available: WattHours::new(5_000) };
    let list = |rows: &[OfferedSlot], now| check_listing(rows, &rules, at(now));
    assert_eq!(list(&[row, OfferedSlot { slot: slot.next(), ..row }], NOW), Ok(()));
    assert_eq!(list(&[row], "2026-11-01T00:00:00Z"), Ok(()));
    let closed = at("2026-11-21T00:30:00Z");
    assert_eq!(list(&[row], "2026-11-21T00:30:00Z"), Err(RuleError::GateClosed { slot, closed }));
    assert_eq!(list(&[row, row], NOW), Err(RuleError::SlotRepeated { slot }));
    assert_eq!(list(&[], NOW), Err(RuleError::NothingRequested));
    let minimum = rules.min_quantity;
    let small = OfferedSlot { available: WattHours::new(990), ..row };
    assert_eq!(list(&[small], NOW), Err(RuleError::QuantityBelowMinimum { minimum }));
    let free = OfferedSlot { price: Price::ZERO, ..row };
    assert!(matches!(list(&[free], NOW), Err(RuleError::PriceOutOfRange { .. })));
    let pilot = RuleSet { trading_hours: Some(TradingHours { from: 11, to: 18 }), ..rules.clone() };
    assert_eq!(check_listing(&[row], &pilot, at(NOW)), Err(RuleError::OutsideTradingHours { slot }));
}
