//! The arithmetic of trust: the table, each cause, and 100,000 random histories.

use clock::{Entropy, SeededEntropy};
use proptest::prelude::*;

use super::*;

const CONFIG: fn() -> TrustConfig = TrustConfig::default;

fn delivery(side: Side, requested: i64, round1: i64, round2: i64, outage: bool) -> Delivery {
    Delivery {
        user: Uuid::nil(),
        contract: Uuid::nil(),
        side,
        requested: WattHours::new(requested),
        round1: WattHours::new(round1),
        round2: WattHours::new(round2),
        outage,
    }
}

fn verdict(side: Side, quantities: (i64, i64, i64)) -> (Cause, i64) {
    let (requested, round1, round2) = quantities;
    let verdict = judge(&delivery(side, requested, round1, round2, false), &CONFIG()).unwrap();
    (verdict.cause, verdict.delta)
}

#[test]
fn the_table_of_tiers() {
    for (score, tier, percent) in [
        (0, Tier::New, 10),
        (299_999, Tier::New, 10),
        (300_000, Tier::Starter, 10),
        (499_999, Tier::Starter, 10),
        (500_000, Tier::Bronze, 40),
        (699_999, Tier::Bronze, 40),
        (700_000, Tier::Silver, 60),
        (849_999, Tier::Silver, 60),
        (850_000, Tier::Gold, 80),
        (949_999, Tier::Gold, 80),
        (950_000, Tier::Platinum, 100),
        (ONE, Tier::Platinum, 100),
    ] {
        let found = Score::clamped(score).tier();
        assert_eq!((found, found.percent()), (tier, percent), "{score}");
    }
    assert_eq!((Tier::Starter.next(), Tier::Platinum.next()), (Some(Tier::Bronze), None));
}

#[test]
fn the_share_of_a_capacity_is_the_limit() {
    let production = |wh: i64, verified, installed_w| Capacity {
        production: Some(WattHours::new(wh)),
        verified,
        installed_w,
        ..Capacity::default()
    };
    let allowed = |score, capacity: Capacity, kind| {
        limit(Score::clamped(score), capacity.counted(kind), &CONFIG()).get()
    };
    // 0.30 and 500 kWh a month give 50 kWh.
    assert_eq!(allowed(300_000, production(500_000, true, 0), Use::Listing), 50_000);
    assert_eq!(allowed(950_000, production(500_000, true, 0), Use::Listing), 500_000);
    assert_eq!(allowed(950_000, production(i64::MAX, true, 0), Use::Listing), i64::MAX);
    // Unverified: 150 kWh a month for each installed kW.
    assert_eq!(allowed(300_000, production(900_000, false, 3_000), Use::Listing), 45_000);
    assert_eq!(allowed(300_000, production(400_000, false, 3_000), Use::Listing), 40_000);
    // Nothing known, nothing installed, nothing at all: 10 kWh.
    for unknown in [Capacity::default(), production(900_000, false, 0), production(0, true, 3_000)] {
        assert_eq!(allowed(ONE, unknown, Use::Listing), 10_000);
    }
    assert_eq!(allowed(ONE, production(500_000, true, 0), Use::Purchase), 10_000);
    let consumption = Capacity { consumption: Some(WattHours::new(200_005)), ..Capacity::default() };
    assert_eq!(allowed(500_000, consumption, Use::Purchase), 80_002);
}

#[test]
fn shortfall_is_charged_to_the_side_that_fell_short() {
    use Cause::{Delivered, Excused, Failed, Partial};
    use Side::{Buyer, Seller};
    assert_eq!(verdict(Seller, (5_000, 5_000, 5_000)), (Delivered, 50_000));
    assert_eq!(verdict(Buyer, (5_000, 5_000, 5_000)), (Delivered, 50_000));
    // The buyer has not drawn: the seller delivered all the same.
    assert_eq!(verdict(Seller, (5_000, 5_000, 2_000)), (Delivered, 50_000));
    assert_eq!(verdict(Buyer, (5_000, 5_000, 2_000)), (Partial, -60_000));
    // The seller gave less; the buyer drew all of that.
    assert_eq!(verdict(Seller, (5_000, 4_200, 4_200)), (Partial, -16_000));
    assert_eq!(verdict(Buyer, (5_000, 4_200, 4_200)), (Delivered, 50_000));
    assert_eq!(verdict(Seller, (5_000, 0, 0)), (Failed, -100_000));
    assert_eq!(verdict(Buyer, (5_000, 0, 0)), (Excused, 0));
    assert_eq!(verdict(Buyer, (5_000, 5_000, 0)), (Failed, -100_000));
    let outage = |round1| judge(&delivery(Seller, 5_000, round1, 0, true), &CONFIG()).unwrap();
    assert_eq!((outage(2_000).cause, outage(2_000).delta), (Excused, 0));
    assert_eq!((outage(0).cause, outage(5_000).cause), (Excused, Delivered));
    let negative = judge(&delivery(Seller, 5_000, -1, 0, false), &CONFIG());
    assert_eq!(negative, Err(TrustError::OutOfRange));
}

#[test]
fn a_share_is_rounded_half_to_even() {
    for (dividend, divisor, quotient) in [
        (5, 2, 2),
        (7, 2, 4),
        (-5, 2, -2),
        (-7, 2, -4),
        (-3, 2, -2),
        (1, 3, 0),
        (2, 3, 1),
        (-1, 3, 0),
        (-2, 3, -1),
    ] {
        assert_eq!(half_even(dividend, divisor), quotient, "{dividend}/{divisor}");
    }
    // A third of 0.1 is 0.033333, two thirds 0.066667.
    assert_eq!(verdict(Side::Seller, (3_000, 2_000, 2_000)), (Cause::Partial, -33_333));
    assert_eq!(verdict(Side::Seller, (3_000, 1_000, 1_000)), (Cause::Partial, -66_667));
}

#[test]
fn a_row_shows_its_arithmetic() {
    let row = |before, verdict| Change::of(1, Score::clamped(before), verdict, None, None).arithmetic;
    let judged = |round1| judge(&delivery(Side::Seller, 5_000, round1, 0, false), &CONFIG()).unwrap();
    assert_eq!(row(300_000, judged(5_000)), "0.3 + 0.05 = 0.35");
    assert_eq!(row(300_000, judged(4_200)), "0.3 - 0.1 × (1 - 4.2/5) = 0.284");
    assert_eq!(row(980_000, judged(5_000)), "0.98 + 0.05 = 1.03, clamped to 1");
    assert_eq!(row(40_000, judged(0)), "0.04 - 0.1 = -0.06, clamped to 0");
    assert_eq!(row(350_000, correction(50_000, judged(0))), "0.35 - 0.05 - 0.1 = 0.2");
    assert_eq!(row(200_000, correction(-100_000, judged(5_000))), "0.2 + 0.1 + 0.05 = 0.35");
}

#[test]
fn a_correction_undoes_what_was_done_and_not_what_was_wished() {
    let full = judge(&delivery(Side::Seller, 5_000, 5_000, 0, false), &CONFIG()).unwrap();
    let none = judge(&delivery(Side::Seller, 5_000, 0, 0, false), &CONFIG()).unwrap();
    let first = Change::of(1, Score::clamped(980_000), full, None, None);
    assert_eq!((first.after.millionths(), first.effect()), (ONE, 20_000));
    let second = Change::of(2, first.after, correction(first.effect(), none), None, None);
    assert_eq!(second.after.millionths(), 880_000);
}

#[test]
fn a_history_that_was_edited_does_not_fold() {
    let gain = || Verdict::gain(Cause::Delivered, 50_000);
    let one = Change::of(1, Score::clamped(300_000), gain(), None, None);
    let two = Change::of(2, one.after, gain(), None, None);
    let start = Score::clamped(300_000);
    assert_eq!(fold(start, [&one, &two]), Ok(Score::clamped(400_000)));
    assert_eq!(fold(start, [&two]), Err(TrustError::HistoryBroken));
    let forged = Change { after: Score::clamped(ONE), ..two.clone() };
    assert_eq!(fold(start, [&one, &forged]), Err(TrustError::HistoryBroken));
}

/// The score of 100,000 random histories is the fold of their rows, and never leaves 0 to 1.
#[test]
fn the_score_is_the_fold_of_100_000_random_histories() {
    let entropy = SeededEntropy::new(11);
    let draw = |bound: i64| {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        i64::try_from(u64::from_le_bytes(bytes) >> 1).unwrap() % bound
    };
    let config = CONFIG();
    let (mut lowest, mut highest) = (ONE, 0);
    for _ in 0..100_000 {
        let opening = Change::opening(Score::clamped(draw(ONE + 1)));
        let (mut score, mut rows) = (opening.after, vec![opening]);
        for seq in 1..=draw(12) + 1 {
            let verdict = match draw(8) {
                0 => Verdict::loss(Cause::Cancelled, config.cancel_penalty),
                1 => Verdict::gain(Cause::MeterData, config.meter_bonus),
                _ => {
                    let requested = draw(20_000);
                    let round1 = draw(requested + 1);
                    let side = if draw(2) == 0 { Side::Seller } else { Side::Buyer };
                    let result = delivery(side, requested, round1, draw(round1 + 1), draw(9) == 0);
                    judge(&result, &config).unwrap()
                }
            };
            assert!((-100_000..=100_000).contains(&verdict.delta));
            let verdict = match rows.last() {
                Some(last) if draw(5) == 0 => correction(last.effect(), verdict),
                _ => verdict,
            };
            let row = Change::of(seq, score, verdict, None, None);
            score = row.after;
            rows.push(row);
        }
        assert_eq!(fold(Score::clamped(0), &rows), Ok(score));
        lowest = lowest.min(score.millionths());
        highest = highest.max(score.millionths());
    }
    assert_eq!((lowest, highest), (0, ONE));
}

proptest! {
    #[test]
    fn more_delivered_is_never_worse(requested in 1_i64..1_000_000, a in 0_i64..1_000_000, b in 0_i64..1_000_000) {
        let of = |round1: i64| verdict(Side::Seller, (requested, round1.min(requested), 0)).1;
        let (less, more) = (a.min(b), a.max(b));
        prop_assert!(of(less) <= of(more));
        prop_assert!((-100_000..=50_000).contains(&of(less)));
    }

    #[test]
    fn a_limit_never_passes_the_capacity_and_grows_with_the_score(
        capacity in 1_i64..=i64::MAX, a in 0_i64..=ONE, b in 0_i64..=ONE,
    ) {
        let of = |score| limit(Score::clamped(score), Some(WattHours::new(capacity)), &CONFIG()).get();
        prop_assert!(of(a.min(b)) <= of(a.max(b)));
        prop_assert!(of(ONE) == capacity && of(0) >= 0);
    }
}
