use super::*;
use crate::model::location::Address;
use crate::model::timestamp::Timestamp;
use crate::web::ui::testing;

fn at(latitude: f64, longitude: f64) -> Location {
    let at = Timestamp::from_millis(1_764_000_000_000);
    Location { at, received_at: at, latitude, longitude, address: Address::default() }
}

fn circle(latitude: f64, longitude: f64, radius: f64) -> Shape {
    Shape::Circle { centre: Point { latitude, longitude }, radius }
}

fn polygon(corners: &[(f64, f64)]) -> Shape {
    Shape::Polygon { corners: corners.iter().map(|&(latitude, longitude)| Point { latitude, longitude }).collect() }
}

fn drawn(trail: &[Location], fences: &[Fence<'_>]) -> String {
    testing::ui().map("m", "Where", trail, fences).into_string()
}

/// Every place that is drawn.
fn places(view: &Projection, trail: &[Location]) -> Vec<(f64, f64)> {
    trail.iter().map(|location| view.point(place_of(location))).collect()
}

#[test]
fn one_place_and_the_same_place_twice_are_in_the_middle() {
    for trail in [vec![at(52.5, 13.4)], vec![at(52.5, 13.4); 3]] {
        let view = Projection::of(&trail, &[]).unwrap();
        for (x, y) in places(&view, &trail) {
            assert!((x - WIDTH / 2.0).abs() < 0.01 && (y - HEIGHT / 2.0).abs() < 0.01, "{x} {y}");
        }
        assert!(drawn(&trail, &[]).contains("class=\"here\""));
    }
    assert_eq!(drawn(&[], &[]), "");
}

#[test]
fn everything_is_in_view_anywhere_on_earth() {
    for (latitude, longitude) in
        [(0.0, 0.0), (52.5, 13.4), (-41.3, 174.8), (78.2, 15.6), (-90.0, 0.0), (90.0, 180.0), (-17.0, -179.99)]
    {
        let south = if latitude > 0.0 { -0.4 } else { 0.4 };
        let trail =
            [at(latitude, longitude), at(latitude + south, (longitude + 0.7 + 180.0).rem_euclid(360.0) - 180.0)];
        let view = Projection::of(&trail, &[]).unwrap();
        for (x, y) in places(&view, &trail) {
            assert!((0.0..=WIDTH).contains(&x) && (0.0..=HEIGHT).contains(&y), "{latitude} {longitude}: {x} {y}");
        }
        let map = drawn(&trail, &[]);
        assert!(!map.contains("NaN") && !map.contains("inf"), "{map}");
    }
}

#[test]
fn a_trail_over_the_date_line_stays_together() {
    let trail = [at(-17.0, 179.9), at(-17.1, -179.9)];
    let view = Projection::of(&trail, &[]).unwrap();
    let [(west, _), (east, _)] = places(&view, &trail)[..] else { panic!() };
    assert!(west < east && east < WIDTH, "{west} {east}");
    let map = drawn(&trail, &[]);
    assert!(map.contains("° W") && map.contains("° E"), "{map}");
    let shape = polygon(&[(-20.0, 177.0), (-20.0, -178.0), (-15.0, -178.0), (-15.0, 177.0)]);
    let fence = Fence { name: "fiji", shape: &shape, inside: Some(true) };
    let view = Projection::of(&trail, &[fence]).unwrap();
    let extent = extent_of(&shape, view.zero).unwrap();
    assert!((extent.east - extent.west - 5.0).abs() < 1e-9, "{extent:?}");
}

#[test]
fn north_is_up_and_the_scale_bar_is_true() {
    let trail = [at(50.0, 8.0), at(51.0, 9.0)];
    let view = Projection::of(&trail, &[]).unwrap();
    let [(x, y), (other_x, other_y)] = places(&view, &trail)[..] else { panic!() };
    assert!(other_x > x && other_y < y);
    // A kilometre to the north is as long as one to the east.
    let north = (view.plane(50.5, 0.0).1 - view.plane(50.5 + 1000.0 / METRES, 0.0).1).abs();
    let east = view.plane(50.5, 1000.0 / METRES / view.narrow).0 - view.plane(50.5, 0.0).0;
    assert!((north - east).abs() < 0.01, "{north} {east}");
    let map = drawn(&trail, &[]);
    assert!(map.contains(" km</text>"), "{map}");
}

#[test]
fn far_geofences_do_not_shrink_the_map() {
    let trail = [at(50.0, 8.0)];
    let (near, far) = (circle(50.01, 8.0, 200.0), circle(-33.0, 151.0, 200.0));
    let fence = |shape| Fence { name: "x", shape, inside: Some(false) };
    let alone = Projection::of(&trail, &[fence(&far)]).unwrap();
    assert!(alone.units > 10_000.0, "{alone:?}");
    let with = Projection::of(&trail, &[fence(&near), fence(&far)]).unwrap();
    let (x, y) = with.point(Point { latitude: 50.01, longitude: 8.0 });
    assert!((0.0..=WIDTH).contains(&x) && (0.0..=HEIGHT).contains(&y));
}

#[test]
fn names_full_of_markup_stay_text() {
    let shape = circle(50.0, 8.0, 100.0);
    let hostile = "</title><script>alert(1)</script>";
    let mut place = at(50.0, 8.0);
    place.address.city = hostile.to_owned();
    let map = testing::ui().map("m", hostile, &[place], &[Fence { name: hostile, shape: &shape, inside: None }]);
    let map = map.into_string();
    assert!(!map.contains("<script"), "{map}");
    assert!(map.contains("role=\"img\"") && map.contains("<table"), "{map}");
}
