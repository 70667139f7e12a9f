//! Samples summed up, one after the other.

use rusqlite::types::{FromSql, FromSqlResult, ValueRef};

use crate::model::telemetry::{Bucket, Chart, MAX_CHANGES, Point, Range, Value};
use crate::model::timestamp::Timestamp;

/// A chart on the way.
pub(super) struct Summing {
    pub(super) chart: Chart,
    /// The value of the last change, so that most samples are compared and not copied.
    last: Option<Value>,
}

impl Summing {
    pub(super) const fn new(range: Range, width: i64) -> Self {
        let chart = Chart {
            from: range.from,
            to: range.to,
            width_ms: width,
            samples: 0,
            buckets: Vec::new(),
            changes: Vec::new(),
            truncated: false,
        };
        Self { chart, last: None }
    }

    /// Adds the next sample in the order of device time.
    pub(super) fn add(&mut self, at: Timestamp, value: ValueRef<'_>) -> FromSqlResult<()> {
        self.chart.samples += 1;
        match value {
            #[expect(clippy::cast_precision_loss, reason = "a chart's y axis needs no more than 53 bits")]
            ValueRef::Integer(integer) => self.number(at, integer as f64),
            ValueRef::Real(number) => self.number(at, number),
            other => self.change(at, other)?,
        }
        Ok(())
    }

    fn number(&mut self, at: Timestamp, number: f64) {
        let width = self.chart.width_ms;
        let begins = Timestamp::from_millis(at.millis().div_euclid(width).saturating_mul(width));
        match self.chart.buckets.last_mut().filter(|bucket| bucket.at == begins) {
            Some(bucket) => {
                bucket.samples += 1;
                bucket.min = bucket.min.min(number);
                bucket.max = bucket.max.max(number);
                // The running mean: a sum of large numbers would overflow.
                #[expect(clippy::cast_precision_loss, reason = "a count of samples")]
                let share = 1.0 / bucket.samples as f64;
                bucket.average += (number - bucket.average) * share;
                bucket.last = number;
            }
            None => self.chart.buckets.push(Bucket {
                at: begins,
                samples: 1,
                min: number,
                max: number,
                average: number,
                last: number,
            }),
        }
    }

    fn change(&mut self, at: Timestamp, value: ValueRef<'_>) -> FromSqlResult<()> {
        let same = match (&self.last, value) {
            (Some(Value::Text(last)), ValueRef::Text(text)) => last.as_bytes() == text,
            (Some(Value::Bool(last)), ValueRef::Blob(truth)) => *last == (truth == [1]),
            _ => false,
        };
        if same {
            return Ok(());
        }
        let value = Value::column_result(value)?;
        self.last = Some(value.clone());
        if self.chart.changes.len() == MAX_CHANGES {
            self.chart.changes.remove(0);
            self.chart.truncated = true;
        }
        self.chart.changes.push(Point { device_time: at, received_at: at, value });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(width: i64, samples: &[(i64, Value)]) -> Chart {
        let range = Range { from: Timestamp::from_millis(0), to: Timestamp::from_millis(1_000_000) };
        let mut summing = Summing::new(range, width);
        for (at, value) in samples {
            let value = match value {
                Value::Bool(truth) => ValueRef::Blob(if *truth { &[1] } else { &[0] }),
                Value::Integer(integer) => ValueRef::Integer(*integer),
                Value::Number(number) => ValueRef::Real(*number),
                Value::Text(text) => ValueRef::Text(text.as_bytes()),
            };
            summing.add(Timestamp::from_millis(*at), value).unwrap();
        }
        summing.chart
    }

    #[test]
    fn numbers_are_summed_up_and_gaps_stay() {
        let numbers = [(5, 1.0), (9, 4.0), (9, 1.0), (31, -2.0)].map(|(at, number)| (at, Value::Number(number)));
        let drawn = chart(10, &numbers);
        let bucket = |at, samples, min, max, average, last| Bucket {
            at: Timestamp::from_millis(at),
            samples,
            min,
            max,
            average,
            last,
        };
        assert_eq!(drawn.buckets, [bucket(0, 3, 1.0, 4.0, 2.0, 1.0), bucket(30, 1, -2.0, -2.0, -2.0, -2.0)]);
        assert_eq!((drawn.samples, drawn.changes.len()), (4, 0));
    }

    #[test]
    fn the_greatest_numbers_do_not_overflow() {
        let drawn =
            chart(10, &[(1, Value::Number(f64::MAX)), (2, Value::Number(f64::MAX)), (3, Value::Integer(i64::MAX))]);
        assert!(drawn.buckets[0].average.is_finite() && drawn.buckets[0].max.is_finite());
    }

    #[test]
    fn text_is_told_where_it_changes_and_the_newest_changes_stay() {
        let text = |text: &str| Value::Text(text.to_owned());
        let drawn = chart(
            10,
            &[(1, text("ON")), (2, text("ON")), (3, text("OFF")), (4, Value::Bool(true)), (5, Value::Bool(true))],
        );
        let changes: Vec<_> =
            drawn.changes.iter().map(|point| (point.device_time.millis(), point.value.clone())).collect();
        assert_eq!(changes, [(1, text("ON")), (3, text("OFF")), (4, Value::Bool(true))]);
        let restless: Vec<_> = (0..600).map(|at| (at, text(if at % 2 == 0 { "a" } else { "b" }))).collect();
        let drawn = chart(10, &restless);
        assert!(drawn.truncated);
        assert_eq!((drawn.changes.len(), drawn.changes[0].device_time.millis()), (MAX_CHANGES, 100));
    }
}
