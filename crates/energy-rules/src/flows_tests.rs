//! The policy's flows, their sums, and who bears the penalty.

use proptest::prelude::*;

use super::*;

fn slot(requested: i64, settled: Option<i64>, price: i64) -> SettledSlot {
    SettledSlot {
        requested: WattHours::new(requested),
        settled: settled.map(WattHours::new),
        price: Price::new(price),
    }
}

const RATES: PolicyRates = PolicyRates {
    wheeling_buyer: Price::new(2_500),
    wheeling_seller: Price::new(3_000),
    penalty: Price::new(5_000),
};

fn paise(flows: &Flows) -> [i64; 4] {
    flows.all().map(|(_, value)| value.get())
}

#[test]
fn the_flows_of_the_published_formula() {
    let flows = revenue_flows(&[slot(10_000, Some(8_000), 60_000)], &RATES).unwrap().unwrap();
    assert_eq!(paise(&flows), [-5_000, 4_460, 200, 340]);
    assert_eq!(flows.trade_value, Paise::new(4_800));
    assert_eq!((flows.settled.get(), flows.shortfall.get()), (8_000, 2_000));
    assert_eq!((flows.penalty.get(), flows.wheeling_seller.get()), (100, 240));
}

#[test]
fn an_empty_cell_is_unsettled_and_not_nothing() {
    let unsettled = slot(10_000, None, 60_000);
    assert_eq!(revenue_flows(&[unsettled], &RATES), Ok(None));
    assert_eq!(revenue_flows(&[], &RATES), Ok(None));
    // Nothing delivered is settled: no energy, all of it short.
    let nothing = revenue_flows(&[slot(10_000, Some(0), 60_000)], &RATES).unwrap().unwrap();
    assert_eq!(paise(&nothing), [0, -500, 0, 500]);
    // An unsettled slot neither pays nor is short beside a settled one.
    let partly = revenue_flows(&[slot(10_000, Some(8_000), 60_000), unsettled], &RATES).unwrap().unwrap();
    assert_eq!(paise(&partly), [-5_000, 4_460, 200, 340]);
}

#[test]
fn what_is_negative_or_too_large_has_no_flows() {
    assert_eq!(revenue_flows(&[slot(-1, Some(0), 1)], &RATES), Err(FlowError::Negative));
    assert_eq!(revenue_flows(&[slot(1, Some(-1), 1)], &RATES), Err(FlowError::Negative));
    assert_eq!(revenue_flows(&[slot(1, Some(1), -1)], &RATES), Err(FlowError::Negative));
    let negative = PolicyRates { penalty: Price::new(-1), ..RATES };
    assert_eq!(revenue_flows(&[slot(1, Some(1), 1)], &negative), Err(FlowError::Negative));
    let huge = slot(i64::MAX, Some(i64::MAX), i64::MAX);
    assert_eq!(revenue_flows(&[huge, huge, huge], &RATES), Err(FlowError::OutOfRange));
}

#[test]
fn the_penalty_follows_the_shortfall() {
    let short = |seller, buyer, excused| Shortfall {
        seller: WattHours::new(seller),
        buyer: WattHours::new(buyer),
        excused: WattHours::new(excused),
    };
    let shares = |penalty, short: &Shortfall| {
        let shares = penalty_shares(Paise::new(penalty), short).unwrap();
        [shares.seller.get(), shares.buyer.get(), shares.excused.get()]
    };
    assert_eq!(shares(100, &short(3_000, 1_000, 0)), [75, 25, 0]);
    assert_eq!(shares(1, &short(500, 500, 0)), [1, 0, 0]);
    assert_eq!(shares(2, &short(500, 500, 500)), [1, 1, 0]);
    assert_eq!(shares(7, &short(0, 0, 0)), [0, 0, 7]);
    assert_eq!(penalty_shares(Paise::new(-1), &short(1, 0, 0)), Err(AllocationError::Negative));
    assert_eq!(penalty_shares(Paise::new(1), &short(1, -1, 0)), Err(AllocationError::Negative));
}

#[test]
fn deviations_square_with_the_utilities() {
    let slot = Deviation {
        traded: WattHours::new(10_000),
        price: Price::new(60_000),
        load: WattHours::new(8_000),
        generated: WattHours::new(7_000),
        export_rate: Price::new(40_000),
        import_rate: Price::new(80_000),
    };
    let flows = settle_deviation(&slot).unwrap();
    assert_eq!((flows.buyer_pays.get(), flows.seller_gets.get()), (5_200, 3_600));
    assert_eq!((flows.buyer_utility_pays.get(), flows.seller_utility_gets.get()), (800, 2_400));
    // More than was traded is not the trade's affair.
    let more = Deviation { load: WattHours::new(11_000), generated: WattHours::new(12_000), ..slot };
    let flows = settle_deviation(&more).unwrap();
    assert_eq!((flows.buyer_pays.get(), flows.seller_gets.get()), (6_000, 6_000));
    let negative = Deviation { load: WattHours::new(-1), ..slot };
    assert_eq!(settle_deviation(&negative), Err(FlowError::Negative));
}

fn slots() -> impl Strategy<Value = Vec<SettledSlot>> {
    let row = (0_i64..200_000, prop::option::of(0_i64..200_000), 0_i64..1_000_000);
    prop::collection::vec(row.prop_map(|(asked, got, price)| slot(asked, got, price)), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn flows_sum_to_zero_in_any_order(
        slots in slots(), buyer in 0_i64..20_000, seller in 0_i64..20_000, penalty in 0_i64..20_000,
    ) {
        let rates = PolicyRates {
            wheeling_buyer: Price::new(buyer),
            wheeling_seller: Price::new(seller),
            penalty: Price::new(penalty),
        };
        let flows = revenue_flows(&slots, &rates).unwrap();
        prop_assert_eq!(flows.is_some(), slots.iter().any(|slot| slot.settled.is_some()));
        let mut turned = slots.clone();
        turned.reverse();
        prop_assert_eq!(revenue_flows(&turned, &rates).unwrap(), flows);
        if let Some(flows) = flows {
            prop_assert_eq!(paise(&flows).iter().sum::<i64>(), 0);
            let exact: i128 = slots
                .iter()
                .filter_map(|slot| slot.settled.map(|wh| i128::from(wh.get()) * i128::from(slot.price.get())))
                .sum();
            let off = exact - i128::from(flows.trade_value.get()) * 100_000;
            prop_assert!(off.abs() <= 50_000, "{} off", off);
        }
    }

    #[test]
    fn penalty_shares_sum_to_the_penalty(
        penalty in 0_i64..1_000_000,
        seller in 0_i64..50_000,
        buyer in 0_i64..50_000,
        excused in 0_i64..50_000,
    ) {
        let short = Shortfall {
            seller: WattHours::new(seller),
            buyer: WattHours::new(buyer),
            excused: WattHours::new(excused),
        };
        let shares = penalty_shares(Paise::new(penalty), &short).unwrap();
        let parts = [shares.seller, shares.buyer, shares.excused];
        prop_assert_eq!(Paise::checked_sum(parts), Some(Paise::new(penalty)));
        prop_assert!(parts.into_iter().all(|part| part >= Paise::ZERO));
    }
}
