//! Places, coarsely: hundredths of a degree, about a kilometer. Distances by the haversine formula, in integers.
//!
//! A seller's place is read from the catalog (`availableAt`, a GeoJSON point) and cut before it is stored; a buyer's is
//! cut before it is used. Angles are fixed-point numbers of [`ONE`]; the error over half the earth is below ten meters.

use beckn_wire::json::Json;
use units::parse_scaled;

const ONE: i128 = 1_000_000_000_000;
const PI: i128 = 3_141_592_653_590;
/// The mean radius of the earth.
const RADIUS_M: i128 = 6_371_009;

/// A place, in hundredths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    lat: i64,
    lon: i64,
}

impl Place {
    /// From hundredths of a degree; none off the globe.
    pub fn new(lat: i64, lon: i64) -> Option<Self> {
        let on_globe = (-9_000..=9_000).contains(&lat) && (-18_000..=18_000).contains(&lon);
        on_globe.then_some(Self { lat, lon })
    }

    /// From decimal text in degrees; what is finer than a hundredth is cut off.
    pub fn read(lat: &str, lon: &str) -> Option<Self> {
        Self::new(cut(lat)?, cut(lon)?)
    }

    pub const fn lat(self) -> i64 {
        self.lat
    }

    pub const fn lon(self) -> i64 {
        self.lon
    }

    /// The first point of an `availableAt`.
    pub(in crate::buyer) fn of_locations(locations: Option<&Json>) -> Option<Self> {
        let geo = locations?.as_array()?.first()?.get("geo")?;
        if geo.get("type").and_then(Json::as_str) != Some("Point") {
            return None;
        }
        let mut numbers = geo.get("coordinates")?.as_array()?.iter().map(Json::as_number);
        let (lon, lat) = (numbers.next()??, numbers.next()??);
        Self::read(lat, lon)
    }

    /// The way over the globe, to a hundred meters.
    pub fn distance_m(self, other: Self) -> i64 {
        let radians = |hundredths: i64| i128::from(hundredths) * PI / 18_000;
        let half = |one: i64, other: i64| radians((one - other).abs()) / 2;
        let across = (self.lon - other.lon).abs();
        let across = radians(across.min(36_000 - across)) / 2;
        let (north, east) = (sine(half(self.lat, other.lat)), sine(across));
        let cosine = |lat: i64| sine(PI / 2 - radians(lat.abs()));
        let meridians = cosine(self.lat) * cosine(other.lat) / ONE;
        let haversine = north * north / ONE + meridians * (east * east / ONE) / ONE;
        let meters = 2 * RADIUS_M * arcsine(root(haversine.clamp(0, ONE))) / ONE;
        i64::try_from((meters + 50) / 100 * 100).unwrap_or(i64::MAX)
    }
}

/// Decimal text to hundredths, cut.
fn cut(text: &str) -> Option<i64> {
    let text = match text.split_once('.') {
        Some((whole, fraction)) if fraction.len() > 2 => {
            let usable = fraction.bytes().all(|digit| digit.is_ascii_digit());
            let fraction = fraction.get(..2).filter(|_| usable)?;
            format!("{whole}.{fraction}")
        }
        _ => text.to_owned(),
    };
    parse_scaled(&text, 2).ok()
}

/// Of an angle between nothing and a right one.
fn sine(angle: i128) -> i128 {
    let square = angle * angle / ONE;
    let (mut term, mut sum) = (angle, angle);
    for n in 1..=12 {
        term = -(term * square / ONE) / (2 * n * (2 * n + 1));
        sum += term;
    }
    sum
}

fn arcsine(value: i128) -> i128 {
    if value > ONE / 2 {
        return PI / 2 - 2 * arcsine(root((ONE - value) / 2));
    }
    let square = value * value / ONE;
    let (mut power, mut sum) = (value, value);
    for n in 1..=24 {
        power = power * square / ONE * (2 * n - 1) / (2 * n);
        sum += power / (2 * n + 1);
    }
    sum
}

fn root(value: i128) -> i128 {
    let square = u128::try_from(value * ONE).unwrap_or(0);
    i128::try_from(square.isqrt()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(lat: &str, lon: &str) -> Place {
        Place::read(lat, lon).unwrap()
    }

    #[test]
    fn distances_of_known_places() {
        let (delhi, mumbai) = (place("28.61", "77.21"), place("19.08", "72.88"));
        for (one, other, least, most) in [
            (delhi, delhi, 0, 0),
            (delhi, mumbai, 1_145_000, 1_160_000),
            (place("0", "0"), place("0", "180"), 20_015_000, 20_015_300),
            (place("90", "0"), place("-90", "50"), 20_015_000, 20_015_300),
            (place("0", "179.99"), place("0", "-179.99"), 2_100, 2_300),
            (place("28.61", "77.21"), place("28.62", "77.21"), 1_100, 1_200),
        ] {
            let distance = one.distance_m(other);
            assert!((least..=most).contains(&distance), "{one:?} {other:?}: {distance}");
            assert_eq!(distance, other.distance_m(one));
        }
    }

    #[test]
    fn places_are_cut_to_a_kilometer() {
        assert_eq!(place("28.61999", "-77.20999"), place("28.61", "-77.20"));
        for (lat, lon) in [("91", "0"), ("0", "181"), ("x", "0"), ("1.1e3", "0"), ("1.12x", "0"), ("", "")] {
            assert_eq!(Place::read(lat, lon), None, "{lat} {lon}");
        }
        let json = |text: &str| Json::parse(text.as_bytes()).unwrap();
        let point = json(r#"[{"geo":{"type":"Point","coordinates":[77.2090,28.6139]}}]"#);
        assert_eq!(Place::of_locations(Some(&point)), Some(place("28.61", "77.20")));
        for other in ["[]", "{}", r#"[{"geo":{"type":"LineString","coordinates":[[1,2]]}}]"#] {
            assert_eq!(Place::of_locations(Some(&json(other))), None);
        }
    }
}
