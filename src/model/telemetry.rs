//! What devices measure: events of samples, one a metric.

use serde::{Deserialize, Serialize};

use super::id::DeviceId;
use super::timestamp::Timestamp;

/// The most samples in one event.
pub const MAX_SAMPLES: usize = 64;
/// The most events, or outcomes of operations, in one message; further ones are left out.
pub const MAX_EVENTS: usize = 1000;
/// The most different metrics one device may have.
pub const MAX_METRICS: usize = 256;
/// The most bytes of a metric's name.
pub const MAX_METRIC_NAME: usize = 64;
/// The most bytes of a text value; the rest is cut off.
pub const MAX_TEXT_VALUE: usize = 4096;

/// A measured value. Integers and floats both read as numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Bool(bool),
    Integer(i64),
    Number(f64),
    Text(String),
}

impl Value {
    /// The value as a number: truth is 1, text is nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a chart's y axis needs no more than 53 bits")]
    pub const fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Bool(truth) => Some(if *truth { 1.0 } else { 0.0 }),
            Self::Integer(integer) => Some(*integer as f64),
            Self::Number(number) => Some(*number),
            Self::Text(_) => None,
        }
    }

    /// A value from JSON: scalars as they are, arrays and objects as their text; `None` for null.
    #[must_use]
    pub fn from_json(json: &serde_json::Value) -> Option<Self> {
        match json {
            serde_json::Value::Null => None,
            serde_json::Value::Bool(truth) => Some(Self::Bool(*truth)),
            serde_json::Value::Number(number) => {
                number.as_i64().map(Self::Integer).or_else(|| number.as_f64().map(Self::Number))
            }
            serde_json::Value::String(text) => Some(Self::Text(super::text::cut(text, MAX_TEXT_VALUE).to_owned())),
            other => Some(Self::Text(super::text::cut(&other.to_string(), MAX_TEXT_VALUE).to_owned())),
        }
    }
}

/// One metric's value within an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// 1 to [`MAX_METRIC_NAME`] bytes.
    pub metric: String,
    pub value: Value,
}

/// What a device reported at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// The device's clock; `None` where it sent none or an impossible one, and the time of receipt stands in.
    pub device_time: Option<Timestamp>,
    /// 1 to [`MAX_SAMPLES`].
    pub samples: Vec<Sample>,
}

/// A stored event, as a device's history shows it.
#[derive(Clone, Debug)]
pub struct Event {
    /// Unique in the store, growing with the time of receipt.
    pub id: i64,
    pub device: DeviceId,
    pub device_time: Timestamp,
    pub received_at: Timestamp,
    pub samples: Vec<Sample>,
}

/// One point of a metric's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    pub device_time: Timestamp,
    pub received_at: Timestamp,
    pub value: Value,
}

/// A device's metric with its last-known value.
#[derive(Clone, Debug)]
pub struct LastValue {
    pub metric: String,
    pub device_time: Timestamp,
    pub received_at: Timestamp,
    pub value: Value,
}

/// A metric over a span of device time, summed up for a drawing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    pub from: Timestamp,
    pub to: Timestamp,
    /// The width of a bucket, in milliseconds; buckets begin at multiples of it, so that a later chart has the same ones.
    pub width_ms: i64,
    /// Every sample of the span, whatever its kind.
    pub samples: u64,
    /// The numbers, in order; a span without any has no bucket.
    pub buckets: Vec<Bucket>,
    /// Text and truth: where the value changed, in order.
    pub changes: Vec<Point>,
    /// There are more changes than [`MAX_CHANGES`]; the newest are given.
    pub truncated: bool,
}

/// The numbers that a metric had in one stretch of device time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// When the stretch begins.
    pub at: Timestamp,
    pub samples: u64,
    pub min: f64,
    pub max: f64,
    pub average: f64,
    pub last: f64,
}

/// The most changes of a chart.
pub const MAX_CHANGES: usize = 500;

/// A span of device time: `from` inclusive, `to` exclusive.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    pub from: Timestamp,
    pub to: Timestamp,
}
