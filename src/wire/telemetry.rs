//! Telemetry.

use serde::{Deserialize, Serialize};

use crate::model::device_type::DeviceType;
use crate::model::telemetry;
pub use crate::model::telemetry::{Bucket, Point, Value};
use crate::model::timestamp::Timestamp;

/// A metric's last-known value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LastValue {
    pub metric: String,
    pub value: Value,
    /// From the device type; empty when the type does not describe the metric.
    #[serde(default)]
    pub unit: String,
    #[serde(default)]
    pub title: String,
    pub device_time: Timestamp,
    pub received_at: Timestamp,
}

impl LastValue {
    /// A value with the unit and title that the device's type gives its metric.
    #[must_use]
    pub fn of(value: telemetry::LastValue, kind: Option<&DeviceType>) -> Self {
        let known = kind.and_then(|kind| kind.metrics.iter().find(|metric| metric.name == value.metric));
        let (unit, title) = known.map(|known| (known.unit.clone(), known.title.clone())).unwrap_or_default();
        let telemetry::LastValue { metric, device_time, received_at, value } = value;
        Self { metric, value, unit, title, device_time, received_at }
    }
}

/// `GET /devices/{id}/telemetry/{metric}`: points in the order of device time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Series {
    pub metric: String,
    #[serde(default)]
    pub unit: String,
    pub points: Vec<Point>,
    /// There are more points than the limit allows; the newest are given.
    pub truncated: bool,
}

/// `GET /devices/{id}/telemetry/{metric}/chart`: a metric summed up for a drawing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Chart {
    pub metric: String,
    #[serde(default)]
    pub unit: String,
    #[serde(flatten)]
    pub chart: crate::model::telemetry::Chart,
}

/// `POST /devices/{id}/telemetry`: one event.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEvent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_time: Option<Timestamp>,
    /// Metric names to values; 1 to 64.
    pub values: std::collections::BTreeMap<String, Value>,
}
