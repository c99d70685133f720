//! Rounds one and two over single meters and over whole random markets.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::check_final;

fn wh(count: i64) -> WattHours {
    WattHours::new(count)
}

fn claims(rows: &[(&'static str, i64, i64)]) -> Vec<Claim<&'static str>> {
    rows.iter().map(|(id, traded, cap)| Claim { id: *id, traded: wh(*traded), cap: wh(*cap) }).collect()
}

fn shares(metered: i64, rows: &[(&'static str, i64, i64)], rule: BuyerRound) -> Vec<i64> {
    round_two(wh(metered), &claims(rows), rule).unwrap().into_iter().map(WattHours::get).collect()
}

#[test]
fn water_filling_gives_on_what_a_capped_trade_leaves() {
    // One seller made 2 of 10, the other all; the buyer drew 12.
    let rows = [("T1", 10_000, 2_000), ("T2", 10_000, 10_000)];
    assert_eq!(shares(12_000, &rows, BuyerRound::ProRata), [2_000, 6_000]);
    assert_eq!(shares(12_000, &rows, BuyerRound::WaterFilling), [2_000, 10_000]);
    assert_eq!(shares(3_000, &rows, BuyerRound::WaterFilling), [1_500, 1_500]);
    assert_eq!(shares(50_000, &rows, BuyerRound::WaterFilling), [2_000, 10_000]);
    assert_eq!(shares(0, &rows, BuyerRound::WaterFilling), [0, 0]);
}

#[test]
fn nothing_traded_gets_nothing_and_no_cap_exceeds_the_trade() {
    let rows = [("a", 0, 0), ("b", 10, 25), ("c", 0, 7)];
    for rule in [BuyerRound::ProRata, BuyerRound::WaterFilling] {
        assert_eq!(shares(99, &rows, rule), [0, 10, 0]);
        assert_eq!(shares(5, &[], rule), [0; 0]);
        for (metered, broken) in
            [(-1, claims(&[])), (1, claims(&[("a", -1, 0)])), (1, claims(&[("a", 1, -1)]))]
        {
            assert_eq!(round_two(wh(metered), &broken, rule), Err(AllocationError::Negative));
        }
    }
}

#[test]
fn large_quantities_do_not_overflow() {
    let rows = [("a", i64::MAX, i64::MAX), ("b", i64::MAX, 1)];
    assert_eq!(shares(i64::MAX, &rows, BuyerRound::WaterFilling), [i64::MAX - 1, 1]);
}

#[test]
fn a_slot_is_unsettled_until_both_sides_have_spoken() {
    assert_eq!(final_allocation(Some(wh(5)), Some(wh(3))), Some(wh(3)));
    assert_eq!(final_allocation(Some(wh(0)), Some(wh(3))), Some(WattHours::ZERO));
    for (one, two) in [(None, None), (Some(wh(5)), None), (None, Some(wh(0)))] {
        assert_eq!(final_allocation(one, two), None);
    }
}

#[derive(Clone, Debug)]
struct Trade {
    id: u32,
    seller: u8,
    buyer: u8,
    traded: WattHours,
}

/// A market of one slot: trades between few meters, so that each has several, and what each meter saw.
#[derive(Clone, Debug)]
struct Market {
    trades: Vec<Trade>,
    exports: Vec<i64>,
    imports: Vec<i64>,
}

const METERS: usize = 4;

fn market() -> impl Strategy<Value = Market> {
    let trade = (0..METERS, 0..METERS, prop_oneof![Just(0_i64), 1_i64..50, 1_000_i64..20_000]);
    let readings = || prop::collection::vec(prop_oneof![Just(0_i64), 0_i64..100, 0_i64..60_000], METERS);
    (prop::collection::vec(trade, 0..10), readings(), readings(), any::<u32>()).prop_map(
        |(rows, exports, imports, salt)| {
            let mut seen = BTreeSet::new();
            let trades = rows.into_iter().enumerate().filter_map(|(index, (seller, buyer, traded))| {
                let id = u32::try_from(index).unwrap().wrapping_mul(2_654_435_761) ^ salt;
                seen.insert(id).then(|| Trade {
                    id,
                    seller: u8::try_from(seller).unwrap(),
                    buyer: u8::try_from(buyer).unwrap(),
                    traded: wh(traded),
                })
            });
            Market { trades: trades.collect(), exports, imports }
        },
    )
}

type Shares = BTreeMap<u32, WattHours>;

fn first_round(market: &Market) -> Shares {
    let mut out = Shares::new();
    for (meter, metered) in market.exports.iter().enumerate() {
        let own: Vec<(u32, WattHours)> = market
            .trades
            .iter()
            .filter(|trade| usize::from(trade.seller) == meter)
            .map(|trade| (trade.id, trade.traded))
            .collect();
        out.extend(own.iter().map(|(id, _)| *id).zip(pro_rata(wh(*metered), &own).unwrap()));
    }
    out
}

fn second_round(market: &Market, caps: &Shares, rule: BuyerRound) -> Shares {
    let mut out = Shares::new();
    for (meter, metered) in market.imports.iter().enumerate() {
        let own: Vec<Claim<u32>> = market
            .trades
            .iter()
            .filter(|trade| usize::from(trade.buyer) == meter)
            .map(|trade| Claim { id: trade.id, traded: trade.traded, cap: caps[&trade.id] })
            .collect();
        out.extend(own.iter().map(|claim| claim.id).zip(round_two(wh(*metered), &own, rule).unwrap()));
    }
    out
}

fn sum(shares: &Shares, of: impl Fn(u32) -> bool) -> i64 {
    shares.iter().filter(|(id, _)| of(**id)).map(|(_, share)| share.get()).sum()
}

fn check_market(market: &Market, rule: BuyerRound) -> Result<i64, TestCaseError> {
    let one = first_round(market);
    let two = second_round(market, &one, rule);
    for (meter, (export, import)) in market.exports.iter().zip(&market.imports).enumerate() {
        let sells = |id| market.trades.iter().any(|t| t.id == id && usize::from(t.seller) == meter);
        let buys = |id| market.trades.iter().any(|t| t.id == id && usize::from(t.buyer) == meter);
        prop_assert!(sum(&one, sells) <= *export);
        prop_assert!(sum(&two, buys) <= *import);
        let caps = sum(&one, buys);
        if rule == BuyerRound::WaterFilling {
            prop_assert_eq!(sum(&two, buys), caps.min(*import));
        }
    }
    for trade in &market.trades {
        let (seller_side, buyer_side) = (one[&trade.id], two[&trade.id]);
        let settled = final_allocation(Some(seller_side), Some(buyer_side)).unwrap();
        prop_assert_eq!(settled, buyer_side, "round two is capped by round one");
        prop_assert_eq!(check_final(trade.traded, buyer_side, seller_side, settled), Ok(()));
    }
    let mut reordered = market.clone();
    reordered.trades.reverse();
    prop_assert_eq!(&first_round(&reordered), &one);
    prop_assert_eq!(&second_round(&reordered, &one, rule), &two);
    Ok(sum(&two, |_| true))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn random_markets_keep_every_invariant(market in market()) {
        let pro_rata = check_market(&market, BuyerRound::ProRata)?;
        let filled = check_market(&market, BuyerRound::WaterFilling)?;
        prop_assert!(filled >= pro_rata, "{} by water-filling, {} pro rata", filled, pro_rata);
    }
}
