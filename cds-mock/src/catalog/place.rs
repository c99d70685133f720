//! Places: GeoJSON geometries in longitude and latitude (EPSG:4326), their bounds, and how two of them lie to
//! each other (OGC relations; facts, beckn-wire b.5).
//!
//! The only module of this crate with floats: they decide what is shown, never an amount. Invariants: a
//! geometry that was read is finite, within the globe and not larger than [`POSITIONS_MAX`]; bounds are never
//! too small.

#![allow(
    clippy::float_arithmetic,
    reason = "coordinates and distances on the globe; nothing is priced by them"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use beckn_wire::json::Json;
use geo::algorithm::line_measures::metric_spaces::{Euclidean, Haversine};
use geo::{
    BoundingRect as _, Coord, Distance as _, Geometry, GeometryCollection, LineString, MapCoords as _,
    MultiLineString, MultiPoint, MultiPolygon, Point, Polygon, Relate as _,
};
use serde::{Deserialize, Serialize};

/// Most positions of one geometry.
pub const POSITIONS_MAX: usize = 2_000;
/// Deepest nesting of what is searched for geometries.
const DEPTH_MAX: usize = 12;
/// Radius of the sphere on which distances are measured, in meters: the mean radius of the Earth.
const EARTH: f64 = 6_371_008.8;
/// Meters of one degree of latitude, a little too few, so that bounds become a little too large.
const DEGREE: f64 = 110_000.0;

/// West, south, east and north in degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds(pub [f32; 4]);

impl Bounds {
    pub const GLOBE: Self = Self([-180.0, -90.0, 180.0, 90.0]);

    fn of(geometry: &Geometry<f64>) -> Option<Self> {
        let rect = geometry.bounding_rect()?;
        let (min, max) = (rect.min(), rect.max());
        Some(Self([down(min.x), down(min.y), up(max.x), up(max.y)]))
    }

    /// Both.
    #[must_use]
    pub fn union(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let (Some(Self(a)), Some(Self(b))) = (one, other) else { return one.or(other) };
        Some(Self([a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]))
    }

    pub fn meets(&self, other: &Self) -> bool {
        let (Self(a), Self(b)) = (self, other);
        a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3]
    }

    /// Everything within so many meters.
    fn widened(&self, meters: f64) -> Self {
        let Self([west, south, east, north]) = *self;
        let high = meters / DEGREE;
        let (south, north) = (f64::from(south) - high, f64::from(north) + high);
        let shrink = south.abs().max(north.abs()).min(90.0).to_radians().cos();
        let wide = if shrink < 0.01 { 360.0 } else { high / shrink };
        Self([down(f64::from(west) - wide), down(south), up(f64::from(east) + wide), up(north)])
    }
}

#[allow(clippy::cast_possible_truncation, reason = "rounded outwards")]
fn down(value: f64) -> f32 {
    (value as f32).next_down()
}

#[allow(clippy::cast_possible_truncation, reason = "rounded outwards")]
fn up(value: f64) -> f32 {
    (value as f32).next_up()
}

/// The bounds of all geometries that stand anywhere in the JSON; `None` when there are none.
pub fn bounds(json: &Json) -> Option<Bounds> {
    search(json, DEPTH_MAX)
}

fn search(json: &Json, depth: usize) -> Option<Bounds> {
    let below = depth.checked_sub(1)?;
    match json {
        Json::Object(members) => {
            if let Some(shape) = Shape::read(json) {
                return Bounds::of(&shape.0);
            }
            let inner = members.iter().map(|(_, value)| search(value, below));
            inner.fold(None, Bounds::union)
        }
        Json::Array(items) => items.iter().map(|item| search(item, below)).fold(None, Bounds::union),
        _ => None,
    }
}

/// A geometry.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape(Geometry<f64>);

/// How the first geometry lies to the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Relation {
    Within,
    Contains,
    Intersects,
    Disjoint,
    Overlaps,
    Crosses,
    Touches,
    Equals,
    /// Not farther than so many meters.
    DistanceWithin(f64),
}

impl Shape {
    /// Reads a GeoJSON geometry; `None` when the JSON is none that can be worked with.
    pub fn read(json: &Json) -> Option<Self> {
        let kind = json.get("type").and_then(Json::as_str)?;
        if !matches!(
            kind,
            "Point"
                | "LineString"
                | "Polygon"
                | "MultiPoint"
                | "MultiLineString"
                | "MultiPolygon"
                | "GeometryCollection"
        ) {
            return None;
        }
        let mut left = POSITIONS_MAX;
        geometry(json, &mut left, 3).map(Self)
    }

    /// Where a geometry must have some bounds in common to have this relation to the shape; `None` for a
    /// relation that says nothing of that.
    pub fn reach(&self, relation: Relation) -> Option<Bounds> {
        match relation {
            Relation::Disjoint => None,
            Relation::DistanceWithin(meters) => Some(Bounds::of(&self.0)?.widened(meters)),
            _ => Bounds::of(&self.0),
        }
    }

    /// Whether this geometry has the relation to the other.
    pub fn has(&self, relation: Relation, other: &Self) -> bool {
        // A self-crossing polygon of a stranger must not end the work on everything else.
        catch_unwind(AssertUnwindSafe(|| self.judge(relation, other))).unwrap_or(false)
    }

    fn judge(&self, relation: Relation, other: &Self) -> bool {
        let matrix = || self.0.relate(&other.0);
        match relation {
            Relation::Within => matrix().is_within(),
            Relation::Contains => matrix().is_contains(),
            Relation::Intersects => matrix().is_intersects(),
            Relation::Disjoint => matrix().is_disjoint(),
            Relation::Overlaps => matrix().is_overlaps(),
            Relation::Crosses => matrix().is_crosses(),
            Relation::Touches => matrix().is_touches(),
            Relation::Equals => matrix().is_equal_topo(),
            Relation::DistanceWithin(meters) => self.distance(other) <= meters,
        }
    }

    /// In meters: between two points on the great circle, otherwise on the plane that touches the sphere
    /// between the two.
    fn distance(&self, other: &Self) -> f64 {
        if let (Geometry::Point(one), Geometry::Point(two)) = (&self.0, &other.0) {
            return Haversine.distance(*one, *two);
        }
        let middle = |shape: &Self| shape.0.bounding_rect().map_or(0.0, |rect| rect.center().y);
        let shrink = f64::midpoint(middle(self), middle(other)).to_radians().cos();
        let flat = |shape: &Self| {
            shape.0.map_coords(|Coord { x, y }| Coord {
                x: x.to_radians() * shrink * EARTH,
                y: y.to_radians() * EARTH,
            })
        };
        Euclidean.distance(&flat(self), &flat(other))
    }
}

/// A number of meters, not negative.
pub fn meters(json: &Json) -> Option<f64> {
    number(json).filter(|meters| *meters >= 0.0)
}

fn number(json: &Json) -> Option<f64> {
    json.as_number()?.parse::<f64>().ok().filter(|number| number.is_finite())
}

fn geometry(json: &Json, left: &mut usize, depth: usize) -> Option<Geometry<f64>> {
    let depth = depth.checked_sub(1)?;
    let at = || json.get("coordinates").and_then(Json::as_array);
    Some(match json.get("type").and_then(Json::as_str)? {
        "Point" => Geometry::Point(Point(position(json.get("coordinates")?, left)?)),
        "MultiPoint" => Geometry::MultiPoint(MultiPoint(
            positions(json.get("coordinates")?, left)?.into_iter().map(Point).collect(),
        )),
        "LineString" => Geometry::LineString(line(json.get("coordinates")?, left)?),
        "MultiLineString" => {
            let lines = at()?.iter().map(|item| line(item, left)).collect::<Option<Vec<_>>>()?;
            Geometry::MultiLineString(MultiLineString(lines))
        }
        "Polygon" => Geometry::Polygon(polygon(json.get("coordinates")?, left)?),
        "MultiPolygon" => {
            let polygons = at()?.iter().map(|item| polygon(item, left)).collect::<Option<Vec<_>>>()?;
            Geometry::MultiPolygon(MultiPolygon(polygons))
        }
        "GeometryCollection" => {
            let items = json.get("geometries").and_then(Json::as_array)?;
            let inner = items.iter().map(|item| geometry(item, left, depth)).collect::<Option<Vec<_>>>()?;
            Geometry::GeometryCollection(GeometryCollection(inner))
        }
        _ => return None,
    })
}

/// Longitude and latitude; a height is not looked at.
fn position(json: &Json, left: &mut usize) -> Option<Coord<f64>> {
    *left = left.checked_sub(1)?;
    let [x, y, ..] = json.as_array()? else { return None };
    let (x, y) = (number(x)?, number(y)?);
    (x.abs() <= 180.0 && y.abs() <= 90.0).then_some(Coord { x, y })
}

fn positions(json: &Json, left: &mut usize) -> Option<Vec<Coord<f64>>> {
    json.as_array()?.iter().map(|item| position(item, left)).collect()
}

fn line(json: &Json, left: &mut usize) -> Option<LineString<f64>> {
    let line = positions(json, left)?;
    (line.len() >= 2).then_some(LineString(line))
}

fn polygon(json: &Json, left: &mut usize) -> Option<Polygon<f64>> {
    let ring = |item: &Json, left: &mut usize| {
        let ring = positions(item, left)?;
        (ring.len() >= 4 && ring.first() == ring.last()).then_some(LineString(ring))
    };
    let mut rings =
        json.as_array()?.iter().map(|item| ring(item, left)).collect::<Option<Vec<_>>>()?.into_iter();
    Some(Polygon::new(rings.next()?, rings.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Shape {
        Shape::read(&Json::parse(text.as_bytes()).unwrap()).unwrap_or_else(|| panic!("{text}"))
    }

    fn square(west: i32, south: i32, east: i32, north: i32) -> Shape {
        shape(&format!(
            r#"{{"type":"Polygon","coordinates":[[[{west},{south}],[{east},{south}],[{east},{north}],
               [{west},{north}],[{west},{south}]]]}}"#
        ))
    }

    fn point(x: f64, y: f64) -> Shape {
        shape(&format!(r#"{{"type":"Point","coordinates":[{x},{y}]}}"#))
    }

    #[test]
    fn relations_are_those_of_the_standard() {
        use Relation::*;
        let (big, small, far) = (square(0, 0, 10, 10), square(2, 2, 4, 4), square(20, 20, 30, 30));
        let (beside, over) = (square(10, 0, 20, 10), square(5, 5, 15, 15));
        let road = shape(r#"{"type":"LineString","coordinates":[[-5,5],[5,5]]}"#);
        let cases = [
            (&small, Within, &big, true),
            (&big, Contains, &small, true),
            (&big, Within, &small, false),
            (&big, Intersects, &over, true),
            (&big, Disjoint, &far, true),
            (&big, Disjoint, &beside, false),
            (&big, Touches, &beside, true),
            (&big, Overlaps, &over, true),
            (&big, Overlaps, &small, false),
            (&road, Crosses, &big, true),
            (&road, Crosses, &far, false),
            (&big, Equals, &square(0, 0, 10, 10), true),
            (&point(0.0, 5.0), Within, &big, false),
            (&point(0.0, 5.0), Intersects, &big, true),
        ];
        for (one, relation, other, expected) in cases {
            assert_eq!(one.has(relation, other), expected, "{one:?} {relation:?} {other:?}");
        }
    }

    #[test]
    fn distances_are_in_meters() {
        // Bengaluru to Chennai is some 290 km.
        let (bengaluru, chennai) = (point(77.5946, 12.9716), point(80.2707, 13.0827));
        assert!(bengaluru.has(Relation::DistanceWithin(295_000.0), &chennai));
        assert!(!bengaluru.has(Relation::DistanceWithin(285_000.0), &chennai));
        let block = square(77, 12, 78, 13);
        assert!(point(77.5, 12.5).has(Relation::DistanceWithin(0.0), &block));
        // One degree of longitude at 12.5 degrees north is 108.6 km.
        assert!(point(79.0, 12.5).has(Relation::DistanceWithin(109_500.0), &block));
        assert!(!point(79.0, 12.5).has(Relation::DistanceWithin(107_500.0), &block));
    }

    #[test]
    fn bounds_are_found_anywhere_and_reach_far_enough() {
        let json = Json::parse(
            br#"{"a":[{"geo":{"type":"Point","coordinates":[77.5,12.9,900]}}],
             "b":{"type":"SOLAR","geo":{"type":"Polygon","coordinates":[[[76,12],[76.5,12],[76.5,13],[76,12]]]}},
             "c":{"type":"Point","coordinates":["x",1]}}"#,
        );
        let found = bounds(&json.unwrap()).unwrap();
        assert!(found.meets(&Bounds([77.4, 12.8, 77.6, 13.0])));
        assert!(!found.meets(&Bounds([77.6, 12.0, 78.0, 13.0])));
        let near = point(77.5, 12.9).reach(Relation::DistanceWithin(1_000.0)).unwrap();
        assert!(
            near.meets(&Bounds([77.5091, 12.9, 77.6, 12.9]))
                && !near.meets(&Bounds([77.6, 12.9, 78.0, 13.0]))
        );
        assert!(point(0.0, 89.9).reach(Relation::DistanceWithin(50_000.0)).unwrap().0[0] < -180.0);
        assert_eq!(point(1.0, 1.0).reach(Relation::Disjoint), None);
        assert_eq!(bounds(&Json::from("text")), None);
    }

    #[test]
    fn what_is_no_geometry_is_not_read() {
        for text in [
            r#"{"type":"Point","coordinates":[181,0]}"#,
            r#"{"type":"Point","coordinates":[1e999,0]}"#,
            r#"{"type":"Point","coordinates":[1]}"#,
            r#"{"type":"LineString","coordinates":[[1,1]]}"#,
            r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}"#,
            r#"{"type":"Polygon","coordinates":[]}"#,
            r#"{"type":"GeometryCollection","geometries":[{"type":"Circle"}]}"#,
            r#"{"type":"SOLAR"}"#,
            "7",
        ] {
            assert_eq!(Shape::read(&Json::parse(text.as_bytes()).unwrap()), None, "{text}");
        }
        let many = vec!["[1,1]"; POSITIONS_MAX + 1].join(",");
        let many = format!(r#"{{"type":"MultiPoint","coordinates":[{many}]}}"#);
        assert_eq!(Shape::read(&Json::parse(many.as_bytes()).unwrap()), None);
        // Crosses itself: judged somehow, without a panic.
        let bow = r#"{"type":"Polygon","coordinates":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}"#;
        let _ = shape(bow).has(Relation::Within, &square(0, 0, 3, 3));
    }
}
