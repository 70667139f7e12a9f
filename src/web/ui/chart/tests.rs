use super::*;
use crate::model::telemetry::Point;
use crate::web::ui::testing;

const HOUR: i64 = 3_600_000;

fn chart(buckets: &[(i64, f64)]) -> Chart {
    let bucket = |&(minute, value): &(i64, f64)| Bucket {
        at: Timestamp::from_millis(minute * 60_000),
        samples: 2,
        min: value - 1.0,
        max: value + 1.0,
        average: value,
        last: value,
    };
    Chart {
        from: Timestamp::from_millis(0),
        to: Timestamp::from_millis(HOUR),
        width_ms: 60_000,
        samples: 2 * buckets.len() as u64,
        buckets: buckets.iter().map(bucket).collect(),
        changes: Vec::new(),
        truncated: false,
    }
}

fn drawn(chart: &Chart) -> String {
    testing::ui().chart("c", "CPU \"<b>\" & co", "<°C>", chart).into_string()
}

#[test]
fn a_silence_is_a_gap_and_a_slow_device_has_none() {
    let lines = |chart: &Chart| drawn(chart).matches("class=\"line\"").count();
    let steady: Vec<_> = (0..60).map(|minute| (minute, 20.0)).collect();
    assert_eq!(lines(&chart(&steady)), 1);
    let silent: Vec<_> = steady.iter().copied().filter(|(minute, _)| !(20..30).contains(minute)).collect();
    assert_eq!(lines(&chart(&silent)), 2);
    assert!(drawn(&chart(&silent)).contains("gaps: 1"), "the summary tells of it");
    let slow: Vec<_> = steady.iter().copied().step_by(10).collect();
    assert_eq!(lines(&chart(&slow)), 1);
}

#[test]
fn one_value_is_a_dot_and_none_is_said() {
    let one = drawn(&chart(&[(30, 21.5)]));
    assert!(one.contains("class=\"line dot\"") && one.contains("21.5"), "{one}");
    let none = drawn(&chart(&[]));
    assert!(none.contains("No values") && !none.contains("<svg"), "{none}");
}

#[test]
fn the_line_goes_where_the_values_are() {
    let chart = chart(&[(0, 10.0), (30, 20.0), (59, 10.0)]);
    let axis = Axis::new(9.0, 21.0, "", TICKS);
    let path = line(&chart.buckets, &chart, &axis);
    let points: Vec<(f64, f64)> = path
        .trim_start_matches('M')
        .split('L')
        .map(|point| point.split_once(' ').map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap())).unwrap())
        .collect();
    assert_eq!(points.len(), 3);
    assert!(points[0].0 < points[1].0 && points[1].0 < points[2].0, "{points:?}");
    assert!(points[1].1 < points[0].1 && (points[0].1 - points[2].1).abs() < 0.1, "{points:?}");
    assert!(points.iter().all(|(x, y)| (0.0..=WIDTH).contains(x) && (0.0..=HEIGHT).contains(y)));
}

#[test]
fn names_and_units_full_of_markup_stay_text() {
    let mut chart = chart(&[(1, 1.0), (2, 3.0)]);
    let hostile = "</svg><script>alert(1)</script>";
    chart.changes.push(Point {
        device_time: Timestamp::from_millis(5),
        received_at: Timestamp::from_millis(5),
        value: Value::Text(hostile.to_owned()),
    });
    let drawn = drawn(&chart);
    assert!(!drawn.contains("<script") && !drawn.contains("<b>") && !drawn.contains("<°C>"), "{drawn}");
    assert!(drawn.contains("role=\"img\"") && drawn.contains("<table"), "{drawn}");
}

#[test]
fn words_are_steps_until_there_are_too_many() {
    let mut chart = chart(&[]);
    let change = |n: i64, text: &str| Point {
        device_time: Timestamp::from_millis(n * 60_000),
        received_at: Timestamp::from_millis(n * 60_000),
        value: Value::Text(text.to_owned()),
    };
    chart.changes = vec![change(1, "ON"), change(10, "OFF"), change(20, "ON")];
    let steps = drawn(&chart);
    assert_eq!(steps.matches("class=\"hit\"").count(), 3);
    assert!(steps.contains("class=\"step\"") && steps.contains("3 changes, last to ON"), "{steps}");
    chart.changes = (0..20).map(|n| change(n, &format!("word {n}"))).collect();
    assert!(!drawn(&chart).contains("class=\"step\""));
}

#[test]
fn the_table_is_bounded_and_keeps_every_value() {
    let mut long =
        chart(&(0..500).map(|minute| (minute, f64::from(i32::try_from(minute).unwrap()))).collect::<Vec<_>>());
    long.to = Timestamp::from_millis(500 * 60_000);
    let rows = testing::ui().number_table("CPU", "", &long).into_string();
    assert!(rows.matches("<tr>").count() <= MAX_ROWS + 1);
    let all = merged(&long.buckets).unwrap();
    assert_eq!((all.samples, all.min, all.max), (1000, -1.0, 500.0));
    assert!((all.average - 249.5).abs() < 1e-6, "{}", all.average);
}

#[test]
fn the_time_axis_has_few_round_marks() {
    for hours in [1, 24, 7 * 24, 30 * 24, 20_000] {
        let mut chart = chart(&[]);
        chart.from = Timestamp::from_millis(1_764_012_345_678 - hours * HOUR);
        chart.to = Timestamp::from_millis(1_764_012_345_678);
        let times = times(&chart);
        assert!((3..=8).contains(&times.len()), "{hours}: {times:?}");
        assert!(times.iter().all(|at| *at > chart.from && *at < chart.to));
        if hours < 1000 {
            assert!(times.iter().all(|at| at.millis() % 60_000 == 0));
        }
    }
}
