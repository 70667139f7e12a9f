//! A map without tiles: where a device was, the geofences around, degrees and a scale bar, as SVG. North is up; degrees
//! of longitude are as narrow as they are at the middle of the map.

use maud::{Markup, html};

use super::Ui;
use super::quantity::round_step;
use super::text::utc;
use crate::model::geofence::{Point, Shape};
use crate::model::location::Location;
use crate::web::message::chart as words;

/// The plane of the map.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
/// Room around what has to be seen.
const MARGIN: f64 = 36.0;
/// Metres in a degree of latitude, on the sphere that the model measures with.
const METRES: f64 = 111_195.08;
/// The least that a map shows of the Earth, in metres from its middle: a place alone has no extent.
const LEAST_RADIUS: f64 = 150.0;
/// A geofence this near, in metres, is brought into view; or as near as the trail is long.
const NEAR: f64 = 5000.0;
/// The most marks of a trail; of a longer one every second, third, … is marked.
const MAX_MARKS: usize = 200;
/// The most positions in the list.
const MAX_LISTED: usize = 50;
/// The most lines of a graticule in one direction.
const MAX_LINES: usize = 16;

/// A geofence on the map.
#[derive(Clone, Copy, Debug)]
pub(in crate::web) struct Fence<'a> {
    pub(in crate::web) name: &'a str,
    pub(in crate::web) shape: &'a Shape,
    /// Where the device is known to be.
    pub(in crate::web) inside: Option<bool>,
}

/// From degrees to the plane.
#[derive(Clone, Copy, Debug)]
struct Projection {
    /// The longitude from which all others are counted, so that a trail over the date line stays together.
    zero: f64,
    /// The middle, in degrees north and in degrees east of `zero`.
    middle: (f64, f64),
    /// How much narrower a degree of longitude is there.
    narrow: f64,
    /// Units of the plane in a degree of latitude.
    units: f64,
}

/// A rectangle in degrees north, and degrees east of a longitude.
#[derive(Clone, Copy, Debug)]
struct Extent {
    south: f64,
    north: f64,
    west: f64,
    east: f64,
}

impl Ui {
    /// Where a device was, newest first, and geofences.
    pub(in crate::web) fn map(&self, id: &str, title: &str, trail: &[Location], fences: &[Fence<'_>]) -> Markup {
        let Some(view) = Projection::of(trail, fences) else { return html! {} };
        let newest = trail.first().map(place_of);
        let told = newest.map(written).unwrap_or_default();
        let summary = self.fill(words::MAP_SUMMARY, &[&trail.len(), &told]);
        html! {
            figure.map id=(id) {
                svg viewBox="0 0 720 420" role="img" aria-labelledby={ (id) "-title " (id) "-desc" } {
                    title id={ (id) "-title" } { (title) }
                    desc id={ (id) "-desc" } { (summary) }
                    (graticule(&view))
                    @for fence in fences { (area(&view, fence)) }
                    (path(&view, trail))
                    (self.bar(&view))
                }
                details {
                    summary { (self.t(words::AS_LIST)) }
                    (self.positions(trail))
                    (self.fences(fences))
                }
            }
        }
    }

    fn bar(&self, view: &Projection) -> Markup {
        let most = WIDTH / 4.0 / view.units * METRES;
        let mut length = round_step(most);
        if length > most {
            // The next smaller of 1, 2, 5.
            length = round_step(most / 2.5).min(most);
        }
        let units = length / METRES * view.units;
        let label = if length >= 1000.0 {
            self.fill(words::KILOMETRES, &[&(length / 1000.0)])
        } else {
            self.fill(words::METRES, &[&length])
        };
        html! {
            g.bar {
                path d={ "M16 " (HEIGHT - 22.0) "v6h" (tenth(units)) "v-6" } {}
                text x="20" y=(HEIGHT - 26.0) { (label) }
                // North.
                path.north d="M704 42l-6 14 6-4 6 4zM704 24l0 14" {}
                text x="704" y="18" text-anchor="middle" { "N" }
            }
        }
    }

    fn positions(&self, trail: &[Location]) -> Markup {
        html! {
            (self.scroll(self.t(words::AS_LIST), html! { table.list {
                thead { tr { th scope="col" { (self.t(words::TIME)) } th scope="col" { (self.t(words::POSITION)) } th scope="col" { (self.t(words::ADDRESS)) } } }
                tbody {
                    @for (at, location) in trail.iter().take(MAX_LISTED).enumerate() {
                        tr {
                            td { (self.time(location.at)) @if at == 0 { " (" (self.t(words::NEWEST)) ")" } }
                            td.mono { (written(place_of(location))) }
                            td { (address(location)) }
                        }
                    }
                }
            } }))
        }
    }

    fn fences(&self, fences: &[Fence<'_>]) -> Markup {
        html! {
            @if !fences.is_empty() {
                ul {
                    @for fence in fences {
                        li {
                            (self.t(words::GEOFENCE)) " " b { (fence.name) }
                            @match fence.inside {
                                Some(true) => { ": " (self.t(words::INSIDE)) }
                                Some(false) => { ": " (self.t(words::OUTSIDE)) }
                                None => {}
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Where a device was, in degrees.
pub(in crate::web) fn written(place: Point) -> String {
    format!("{}, {}", degrees(place.latitude, 5, 'N', 'S'), degrees(place.longitude, 5, 'E', 'W'))
}

/// The parts of an address that were told, in one line.
pub(in crate::web) fn address(location: &Location) -> String {
    let told = &location.address;
    let city = format!("{} {}", told.zip, told.city);
    let parts = [told.street1.as_str(), &told.street2, city.trim(), &told.state, &told.country];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

const fn place_of(location: &Location) -> Point {
    Point { latitude: location.latitude, longitude: location.longitude }
}

fn degrees(value: f64, digits: usize, positive: char, negative: char) -> String {
    let letter = if value < 0.0 { negative } else { positive };
    format!("{:.digits$}° {letter}", value.abs())
}

fn tenth(place: f64) -> String {
    format!("{place:.1}")
}

/// The way from one longitude to another, the shorter way round: -180 to 180.
fn eastward(from: f64, to: f64) -> f64 {
    (to - from + 540.0).rem_euclid(360.0) - 180.0
}

impl Extent {
    const fn at(north: f64, east: f64) -> Self {
        Self { south: north, north, west: east, east }
    }

    fn joined(self, other: Self) -> Self {
        Self {
            south: self.south.min(other.south),
            north: self.north.max(other.north),
            west: self.west.min(other.west),
            east: self.east.max(other.east),
        }
    }

    const fn middle(self) -> (f64, f64) {
        (f64::midpoint(self.south, self.north), f64::midpoint(self.west, self.east))
    }

    /// How far from each other the middles are, in metres.
    fn distance(self, other: Self) -> f64 {
        let ((north, east), (other_north, other_east)) = (self.middle(), other.middle());
        let wide = (east - other_east) * narrow(north);
        (north - other_north).hypot(wide) * METRES
    }

    /// The longer side, in metres.
    fn size(self) -> f64 {
        (self.north - self.south).max((self.east - self.west) * narrow(self.middle().0)) * METRES
    }
}

/// How much narrower a degree of longitude is than one of latitude; at the poles not infinitely.
fn narrow(latitude: f64) -> f64 {
    latitude.to_radians().cos().max(0.02)
}

/// A shape's corners in degrees north and degrees east of `zero`, one after the other the shorter way round.
fn unrolled(corners: &[Point], zero: f64) -> Vec<(f64, f64)> {
    let mut east: Option<(f64, f64)> = None;
    corners
        .iter()
        .map(|corner| {
            let at = match east {
                None => eastward(zero, corner.longitude),
                Some((longitude, at)) => at + eastward(longitude, corner.longitude),
            };
            east = Some((corner.longitude, at));
            (corner.latitude, at)
        })
        .collect()
}

fn extent_of(shape: &Shape, zero: f64) -> Option<Extent> {
    match shape {
        Shape::Circle { centre, radius } => {
            let (high, wide) = (radius / METRES, radius / METRES / narrow(centre.latitude));
            let east = eastward(zero, centre.longitude);
            Some(Extent {
                south: centre.latitude - high,
                north: centre.latitude + high,
                west: east - wide,
                east: east + wide,
            })
        }
        Shape::Polygon { corners } => {
            unrolled(corners, zero).into_iter().map(|(north, east)| Extent::at(north, east)).reduce(Extent::joined)
        }
    }
}

impl Projection {
    /// What shows the whole trail, and the geofences that are near or hold the device; without a trail every geofence.
    /// `None` where there is nothing to show.
    fn of(trail: &[Location], fences: &[Fence<'_>]) -> Option<Self> {
        let first = match (trail.first(), fences.first().map(|fence| fence.shape)) {
            (Some(newest), _) => place_of(newest),
            (None, Some(Shape::Circle { centre, .. })) => *centre,
            (None, Some(Shape::Polygon { corners })) => *corners.first()?,
            (None, None) => return None,
        };
        Self::from(first.longitude, trail, fences)
    }

    fn from(zero: f64, trail: &[Location], fences: &[Fence<'_>]) -> Option<Self> {
        let places = trail.iter().map(|place| Extent::at(place.latitude, eastward(zero, place.longitude)));
        let seen = places.reduce(Extent::joined);
        let near =
            |extent: &Extent| seen.is_none_or(|seen| seen.distance(*extent) <= (seen.size() + extent.size()).max(NEAR));
        let fences = fences.iter().filter_map(|fence| {
            let extent = extent_of(fence.shape, zero)?;
            (fence.inside == Some(true) || near(&extent)).then_some(extent)
        });
        let extent = seen.into_iter().chain(fences).reduce(Extent::joined)?;
        let middle = extent.middle();
        let narrow = narrow(middle.0);
        let least = 2.0 * LEAST_RADIUS / METRES;
        let high = (extent.north - extent.south).max(least);
        let wide = ((extent.east - extent.west) * narrow).max(least);
        let units = ((WIDTH - 2.0 * MARGIN) / wide).min((HEIGHT - 2.0 * MARGIN) / high);
        Some(Self { zero, middle, narrow, units })
    }

    /// The place on the plane of degrees north, and degrees east of `zero`.
    fn plane(&self, north: f64, east: f64) -> (f64, f64) {
        let x = ((east - self.middle.1) * self.narrow).mul_add(self.units, WIDTH / 2.0);
        let y = (self.middle.0 - north).mul_add(self.units, HEIGHT / 2.0);
        // SVG knows no numbers beyond these.
        (x.clamp(-1e6, 1e6), y.clamp(-1e6, 1e6))
    }

    fn point(&self, place: Point) -> (f64, f64) {
        self.plane(place.latitude, eastward(self.zero, place.longitude))
    }
}

/// Lines of round degrees, with their numbers at the edges.
fn graticule(view: &Projection) -> Markup {
    let step = round_step(WIDTH / 5.0 / view.units);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 8")]
    let digits = (-step.log10().floor()).clamp(0.0, 8.0) as usize;
    let lines = |middle: f64, half: f64, step: f64| {
        let first = ((middle - half) / step).ceil();
        (0..MAX_LINES).scan(first, move |at, _| {
            let value = *at * step;
            *at += 1.0;
            (value <= middle + half).then_some(value)
        })
    };
    let high = HEIGHT / 2.0 / view.units;
    let wide = WIDTH / 2.0 / view.units / view.narrow;
    let east_step = round_step(step / view.narrow);
    // Counted from Greenwich, so that the numbers are round.
    let middle_east = view.zero + view.middle.1;
    html! {
        g.graticule {
            @for north in lines(view.middle.0, high, step).filter(|north| north.abs() <= 90.0) {
                @let y = view.plane(north, 0.0).1;
                line x1="0" x2=(WIDTH) y1=(tenth(y)) y2=(tenth(y)) {}
                text x="4" y=(tenth(y - 4.0)) { (degrees(north, digits, 'N', 'S')) }
            }
            @for east in lines(middle_east, wide, east_step) {
                @let x = view.plane(0.0, east - view.zero).0;
                @let longitude = eastward(0.0, east);
                line y1="0" y2=(HEIGHT) x1=(tenth(x)) x2=(tenth(x)) {}
                text x=(tenth(x + 4.0)) y="18" { (degrees(longitude, digits, 'E', 'W')) }
            }
        }
    }
}

/// A geofence with its name.
fn area(view: &Projection, fence: &Fence<'_>) -> Markup {
    let class = if fence.inside == Some(true) { "fence held" } else { "fence" };
    match fence.shape {
        Shape::Circle { centre, radius } => {
            let (x, y) = view.point(*centre);
            let high = radius / METRES * view.units;
            let wide = high / narrow(centre.latitude) * view.narrow;
            html! {
                g class=(class) {
                    ellipse cx=(tenth(x)) cy=(tenth(y)) rx=(tenth(wide)) ry=(tenth(high)) { title { (fence.name) } }
                    text x=(tenth(x)) y=(tenth((y - high - 4.0).max(24.0))) text-anchor="middle" { (fence.name) }
                }
            }
        }
        Shape::Polygon { corners } => {
            let corners: Vec<_> =
                unrolled(corners, view.zero).into_iter().map(|(north, east)| view.plane(north, east)).collect();
            let points: Vec<String> = corners.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let Some(top) = corners.iter().copied().reduce(|top, corner| if corner.1 < top.1 { corner } else { top })
            else {
                return html! {};
            };
            html! {
                g class=(class) {
                    polygon points=(points.join(" ")) { title { (fence.name) } }
                    text x=(tenth(top.0)) y=(tenth((top.1 - 4.0).max(24.0))) text-anchor="middle" { (fence.name) }
                }
            }
        }
    }
}

/// The trail, oldest first, and its newest place.
fn path(view: &Projection, trail: &[Location]) -> Markup {
    // One after the other the shorter way round, from the newest, which is where the map counts from.
    let places: Vec<Point> = trail.iter().map(place_of).collect();
    let points: Vec<(f64, f64)> =
        unrolled(&places, view.zero).into_iter().map(|(north, east)| view.plane(north, east)).collect();
    let line: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let every = trail.len().div_ceil(MAX_MARKS).max(1);
    html! {
        g.trail {
            @if line.len() > 1 { polyline points=(line.join(" ")) {} }
            @for (location, (x, y)) in trail.iter().zip(&points).skip(1).step_by(every) {
                circle cx=(tenth(*x)) cy=(tenth(*y)) r="3.5" { title { (utc(location.at)) } }
            }
            @if let (Some(newest), Some((x, y))) = (trail.first(), points.first()) {
                circle.here cx=(tenth(*x)) cy=(tenth(*y)) r="7" { title { (utc(newest.at)) } }
                circle.halo cx=(tenth(*x)) cy=(tenth(*y)) r="13" {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
