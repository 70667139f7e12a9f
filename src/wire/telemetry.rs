//! Telemetry.

use serde::{Deserialize, Serialize};

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
