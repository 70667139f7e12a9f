use proptest::prelude::*;

use super::*;

fn point(latitude: f64, longitude: f64) -> Point {
    Point { latitude, longitude }
}

fn polygon(corners: &[(f64, f64)]) -> Shape {
    Shape::Polygon { corners: corners.iter().map(|(latitude, longitude)| point(*latitude, *longitude)).collect() }
}

#[test]
fn a_circle_is_measured_in_metres() {
    let colombo = point(6.9271, 79.8612);
    let kandy = point(7.2906, 80.6337);
    let apart = colombo.distance(kandy);
    assert!((94_000.0..95_000.0).contains(&apart), "{apart}");
    let circle = |radius| Shape::Circle { centre: colombo, radius };
    assert!(circle(95_000.0).contains(kandy) && !circle(94_000.0).contains(kandy));
    let edge = Shape::Circle { centre: point(0.0, 179.999), radius: 500.0 };
    assert!(edge.contains(point(0.0, -179.999)) && !edge.contains(point(0.0, -179.99)));
}

#[test]
fn a_polygon_may_have_a_bay_and_cross_the_antimeridian() {
    let bay = polygon(&[
        (0.0, 0.0),
        (0.0, 10.0),
        (10.0, 10.0),
        (10.0, 6.0),
        (4.0, 6.0),
        (4.0, 4.0),
        (10.0, 4.0),
        (10.0, 0.0),
    ]);
    bay.check().unwrap();
    assert!(bay.contains(point(8.0, 2.0)) && bay.contains(point(8.0, 8.0)) && bay.contains(point(2.0, 5.0)));
    assert!(!bay.contains(point(8.0, 5.0)) && !bay.contains(point(-1.0, 5.0)));

    for fiji in [
        polygon(&[(-20.0, 177.0), (-20.0, -178.0), (-15.0, -178.0), (-15.0, 177.0)]),
        polygon(&[(-20.0, -178.0), (-15.0, -178.0), (-15.0, 177.0), (-20.0, 177.0)]),
    ] {
        fiji.check().unwrap();
        for inside in [178.0, 180.0, -180.0, -179.0] {
            assert!(fiji.contains(point(-17.0, inside)), "{inside}");
        }
        for outside in [0.0, 176.0, -177.0] {
            assert!(!fiji.contains(point(-17.0, outside)), "{outside}");
        }
    }
}

#[test]
fn what_cannot_be_an_area_is_refused() {
    let circle = |latitude, longitude, radius| Shape::Circle { centre: point(latitude, longitude), radius };
    let wrong = [
        (circle(90.1, 0.0, 100.0), "latitude"),
        (circle(0.0, -180.1, 100.0), "latitude"),
        (circle(f64::NAN, 0.0, 100.0), "latitude"),
        (circle(0.0, 0.0, 9.9), "radius"),
        (circle(0.0, 0.0, 1e7), "radius"),
        (circle(0.0, 0.0, f64::NAN), "radius"),
        (polygon(&[(0.0, 0.0), (1.0, 1.0)]), "corners"),
        (polygon(&[(0.0, 0.0); 201]), "corners"),
        (polygon(&[(0.0, 0.0), (1.0, 1.0), (f64::INFINITY, 0.0)]), "latitude"),
        (polygon(&[(5.0, 0.0), (5.0, 1.0), (5.0, 2.0)]), "line"),
        (polygon(&[(0.0, 7.0), (1.0, 7.0), (2.0, 7.0)]), "line"),
        (polygon(&[(60.0, 0.0), (60.0, 120.0), (61.0, -120.0)]), "whole Earth"),
    ];
    for (shape, why) in wrong {
        let error = shape.check().unwrap_err();
        assert!(error.contains(why), "{shape:?}: {error}");
    }
}

#[test]
fn shapes_refuse_members_they_do_not_know() {
    let read = |json: &str| serde_json::from_str::<Shape>(json);
    assert!(read(r#"{"kind":"circle","centre":{"latitude":1,"longitude":2},"radius":50}"#).is_ok());
    assert!(read(r#"{"kind":"circle","centre":{"latitude":1,"longitude":2},"radius":50,"colour":1}"#).is_err());
    assert!(read(r#"{"kind":"circle","centre":{"latitude":1,"longitude":2,"x":0},"radius":50}"#).is_err());
    assert!(read(r#"{"kind":"square"}"#).is_err());
}

prop_compose! {
    fn anywhere()(latitude in -85.0..85.0, longitude in -180.0..180.0) -> Point { point(latitude, longitude) }
}

proptest! {
    #[test]
    fn distance_is_symmetric_and_bounded(a in anywhere(), b in anywhere()) {
        let apart = a.distance(b);
        prop_assert!((apart - b.distance(a)).abs() < 1e-3);
        prop_assert!((0.0..=std::f64::consts::PI * EARTH + 1.0).contains(&apart));
        prop_assert!(a.distance(a) < 1e-3);
    }

    #[test]
    fn a_box_holds_what_is_between_its_sides_wherever_it_lies(
        south in -80.0..70.0, height in 0.1..9.0, west in -180.0..180.0, width in 0.1..90.0,
        up in -0.5..1.5, right in -0.5..1.5, start in 0_usize..4, backwards: bool,
    ) {
        // Not on a side, where it may go either way.
        prop_assume!([up, right].iter().all(|part: &f64| part.abs() > 1e-6 && (part - 1.0).abs() > 1e-6));
        let wrap = |longitude: f64| (longitude + 180.0_f64).rem_euclid(360.0) - 180.0;
        let (north, east) = (south + height, wrap(west + width));
        let mut corners = vec![(south, west), (south, east), (north, east), (north, west)];
        corners.rotate_left(start);
        if backwards {
            corners.reverse();
        }
        let shape = polygon(&corners);
        prop_assert!(shape.check().is_ok());
        let there = point(south + up * height, wrap(west + right * width));
        let between = (0.0..1.0).contains(&up) && (0.0..1.0).contains(&right);
        prop_assert_eq!(shape.contains(there), between);
    }

    #[test]
    fn no_shape_panics(
        corners in prop::collection::vec((prop::num::f64::ANY, prop::num::f64::ANY), 0..20),
        radius in prop::num::f64::ANY, latitude in prop::num::f64::ANY, longitude in prop::num::f64::ANY,
    ) {
        let there = point(latitude, longitude);
        for shape in [polygon(&corners), Shape::Circle { centre: there, radius }] {
            let _ = (shape.check(), shape.contains(there));
        }
    }
}
