//! Where the sun stands, in integers (pure): a table of sines instead of floats, so that every machine sees
//! the same sky.
//!
//! Angles are hundredths of a degree, sines are millionths. Sources of the formulas: Cooper's declination,
//! `sin h = sin φ sin δ + cos φ cos δ cos ω`.

use units::{IstDate, Span, Timestamp};

/// One whole.
pub const ONE: i64 = 1_000_000;

const CIRCLE: i64 = 36_000;
const RIGHT: i64 = 9_000;

/// Indian Standard Time is the solar time of this meridian.
const MERIDIAN: i64 = 8_250;

/// The greatest declination, 23.45°.
const TILT: i64 = 2_345;

/// Sines of 0° to 90°.
const SINES: [i64; 91] = [
    0, 17_452, 34_899, 52_336, 69_756, 87_156, 104_528, 121_869, 139_173, 156_434, 173_648, 190_809, 207_912,
    224_951, 241_922, 258_819, 275_637, 292_372, 309_017, 325_568, 342_020, 358_368, 374_607, 390_731,
    406_737, 422_618, 438_371, 453_990, 469_472, 484_810, 500_000, 515_038, 529_919, 544_639, 559_193,
    573_576, 587_785, 601_815, 615_661, 629_320, 642_788, 656_059, 669_131, 681_998, 694_658, 707_107,
    719_340, 731_354, 743_145, 754_710, 766_044, 777_146, 788_011, 798_636, 809_017, 819_152, 829_038,
    838_671, 848_048, 857_167, 866_025, 874_620, 882_948, 891_007, 898_794, 906_308, 913_545, 920_505,
    927_184, 933_580, 939_693, 945_519, 951_057, 956_305, 961_262, 965_926, 970_296, 974_370, 978_148,
    981_627, 984_808, 987_688, 990_268, 992_546, 994_522, 996_195, 997_564, 998_630, 999_391, 999_848,
    1_000_000,
];

/// The sine of an angle in hundredths of a degree, in millionths; linear between whole degrees.
pub fn sin(angle: i64) -> i64 {
    let angle = angle.rem_euclid(CIRCLE);
    let (angle, sign) = if angle >= 2 * RIGHT { (angle - 2 * RIGHT, -1) } else { (angle, 1) };
    let angle = if angle > RIGHT { 2 * RIGHT - angle } else { angle };
    let at = |degree: i64| usize::try_from(degree).ok().and_then(|i| SINES.get(i)).copied().unwrap_or(ONE);
    let (degree, part) = (angle / 100, angle % 100);
    let low = at(degree);
    sign * (low + (at(degree + 1) - low) * part / 100)
}

pub fn cos(angle: i64) -> i64 {
    sin(angle.saturating_add(RIGHT))
}

/// The sine of the sun's height over a place at an instant, in millionths; zero while it is below the
/// horizon.
pub fn height(latitude: i64, longitude: i64, at: Timestamp) -> i64 {
    let date = IstDate::of(at);
    let midnight = date.first_slot().start();
    let january = IstDate::new(date.year(), 1, 1).map_or(midnight, |day| day.first_slot().start());
    let day = midnight.since(january).as_secs() / 86_400 + 1;
    let declination = TILT * sin((284 + day) * CIRCLE / 365) / ONE;
    // The hour angle turns 15° an hour, and a place east of the meridian has its noon earlier.
    let seconds = at.since(midnight).as_secs();
    let hour = (seconds - Span::from_hours(12).as_secs()) * 1_500 / 3_600 + (longitude - MERIDIAN);
    let sine =
        sin(latitude) * sin(declination) / ONE + cos(latitude) * cos(declination) / ONE * cos(hour) / ONE;
    sine.max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sines_are_exact_at_whole_degrees_and_odd() {
        assert_eq!([sin(0), sin(3_000), sin(9_000), sin(18_000), sin(27_000)], [0, 500_000, ONE, 0, -ONE]);
        assert_eq!((cos(0), cos(6_000), cos(9_000)), (ONE, 500_000, 0));
        assert_eq!(sin(-1_234), -sin(1_234));
        assert!(sin(1_550) > sin(1_500) && sin(1_550) < sin(1_600));
    }

    #[test]
    fn the_sun_of_delhi_rises_and_sets() {
        let height = |text: &str| height(2_860, 7_720, Timestamp::parse_rfc3339(text).unwrap());
        assert_eq!(height("2026-06-21T02:00:00+05:30"), 0);
        assert_eq!(height("2026-12-21T06:30:00+05:30"), 0);
        // Noon is twenty-one minutes after twelve; in June the sun is five degrees from overhead.
        assert!((990_000..=1_000_000).contains(&height("2026-06-21T12:21:00+05:30")));
        let december = height("2026-12-21T12:21:00+05:30");
        assert!((600_000..=630_000).contains(&december), "{december}");
        assert!(height("2026-06-21T07:00:00+05:30") > height("2026-12-21T07:30:00+05:30"));
    }
}
