//! Geofences: areas on the map, and whether a point is in one.

use serde::{Deserialize, Serialize};

use super::id::{GeofenceId, GroupId};
use super::timestamp::Timestamp;

/// The smallest radius of a circle, in metres: less than a location's error means nothing.
pub const MIN_RADIUS: f64 = 10.0;
/// The largest radius of a circle, in metres.
pub const MAX_RADIUS: f64 = 1_000_000.0;
/// The fewest corners of a polygon.
pub const MIN_CORNERS: usize = 3;
/// The most corners of a polygon.
pub const MAX_CORNERS: usize = 200;
/// The mean radius of the Earth, in metres (IUGG).
const EARTH: f64 = 6_371_008.8;

/// A point on the Earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// -90 to 90, north positive.
    pub latitude: f64,
    /// -180 to 180, east positive.
    pub longitude: f64,
}

impl Point {
    /// Whether latitude and longitude are numbers within their bounds.
    #[must_use]
    pub fn is_real(self) -> bool {
        // Neither holds for NaN.
        self.latitude.abs() <= 90.0 && self.longitude.abs() <= 180.0
    }

    /// The distance on a sphere, in metres (the haversine formula).
    #[must_use]
    pub fn distance(self, other: Self) -> f64 {
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let north = ((to - from) / 2.0).sin();
        let east = ((other.longitude - self.longitude).to_radians() / 2.0).sin();
        let chord = north.mul_add(north, from.cos() * to.cos() * east * east);
        2.0 * EARTH * chord.clamp(0.0, 1.0).sqrt().asin()
    }
}

/// An area.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Shape {
    /// All points at most `radius` metres from the centre.
    Circle { centre: Point, radius: f64 },
    /// The points within; a side is a straight line in latitude and longitude, and goes the shorter way round the Earth.
    Polygon { corners: Vec<Point> },
}

impl Shape {
    /// Checks the bounds.
    ///
    /// # Errors
    /// A sentence that says what is wrong: a point or a radius that cannot be, too few or too many corners, an area that
    /// has none, or one that goes round the whole Earth.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Circle { centre, radius } => {
                check_point(*centre)?;
                if (MIN_RADIUS..=MAX_RADIUS).contains(radius) {
                    Ok(())
                } else {
                    Err(format!("a radius is {MIN_RADIUS} to {MAX_RADIUS} metres"))
                }
            }
            Self::Polygon { corners } => {
                if !(MIN_CORNERS..=MAX_CORNERS).contains(&corners.len()) {
                    return Err(format!("a polygon has {MIN_CORNERS} to {MAX_CORNERS} corners"));
                }
                corners.iter().try_for_each(|corner| check_point(*corner))?;
                let unrolled = unroll(corners);
                let turned = unrolled.last().zip(unrolled.first()).map_or(0.0, |(last, first)| {
                    last.longitude + short_way(last.longitude, first.longitude) - first.longitude
                });
                if turned.abs() > 1.0 {
                    return Err("a polygon does not go round the whole Earth".to_owned());
                }
                let flat = |of: fn(&Point) -> f64| {
                    let least = unrolled.iter().map(of).fold(f64::INFINITY, f64::min);
                    unrolled.iter().map(of).fold(f64::NEG_INFINITY, f64::max) <= least
                };
                if flat(|point| point.latitude) || flat(|point| point.longitude) {
                    return Err("the corners of a polygon do not lie on one line".to_owned());
                }
                Ok(())
            }
        }
    }

    /// Whether a point is within; a polygon's sides may count either way.
    #[must_use]
    pub fn contains(&self, point: Point) -> bool {
        match self {
            Self::Circle { centre, radius } => centre.distance(point) <= *radius,
            Self::Polygon { corners } => {
                let corners = unroll(corners);
                // The polygon may lie beyond the antimeridian, to either side of it.
                [-360.0, 0.0, 360.0].into_iter().any(|turn| surround(&corners, point.latitude, point.longitude + turn))
            }
        }
    }
}

fn check_point(point: Point) -> Result<(), String> {
    if point.is_real() { Ok(()) } else { Err("a latitude is -90 to 90 degrees, a longitude -180 to 180".to_owned()) }
}

/// How far it is from one longitude to another the shorter way, in degrees.
fn short_way(from: f64, to: f64) -> f64 {
    (to - from + 540.0).rem_euclid(360.0) - 180.0
}

/// The corners with longitudes that do not jump at the antimeridian; they may leave -180 to 180.
fn unroll(corners: &[Point]) -> Vec<Point> {
    let mut before: Option<f64> = None;
    let unrolled = corners.iter().map(|corner| {
        let longitude = before.map_or(corner.longitude, |before| before + short_way(before, corner.longitude));
        before = Some(longitude);
        Point { longitude, ..*corner }
    });
    unrolled.collect()
}

/// Whether a ray to the east crosses the sides an odd number of times.
fn surround(corners: &[Point], latitude: f64, longitude: f64) -> bool {
    let next = corners.iter().cycle().skip(1);
    let crossed = corners.iter().zip(next).filter(|(from, to)| {
        (from.latitude > latitude) != (to.latitude > latitude) && {
            let part = (latitude - from.latitude) / (to.latitude - from.latitude);
            longitude < part.mul_add(to.longitude - from.longitude, from.longitude)
        }
    });
    crossed.count() % 2 == 1
}

/// Which crossings a person is told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    Enter,
    Leave,
    #[default]
    Both,
    None,
}

impl Notify {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::Enter, Self::Leave, Self::Both, Self::None];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enter => "enter",
            Self::Leave => "leave",
            Self::Both => "both",
            Self::None => "none",
        }
    }

    /// The choice of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == text)
    }

    /// Whether a person is told of a crossing.
    #[must_use]
    pub const fn tells(self, inside: bool) -> bool {
        match self {
            Self::Enter => inside,
            Self::Leave => !inside,
            Self::Both => true,
            Self::None => false,
        }
    }
}

/// An area, and whom it watches.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Geofence {
    pub id: GeofenceId,
    /// Unique; 1 to 200 bytes.
    pub name: String,
    pub description: String,
    /// The group whose devices it watches; without one it watches every device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    pub shape: Shape,
    pub notify: Notify,
    pub created_at: Timestamp,
    /// How many devices were inside when they were heard of last.
    pub inside: u64,
}

/// A geofence to be made, or what one is to become.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGeofence {
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    pub shape: Shape,
    #[serde(default)]
    pub notify: Notify,
}

/// Where a device is by one geofence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Whereabouts {
    pub geofence: GeofenceId,
    pub name: String,
    pub inside: bool,
    /// Since when that is so, as far as the device told.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests;
