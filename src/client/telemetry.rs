//! Telemetry of a device.

use serde::Deserialize;

use super::request::{Call, segment, with_query};
use super::{Client, DeviceKey, Error};
use crate::model::timestamp::Timestamp;
use crate::wire::telemetry::{LastValue, NewEvent, Series};

/// Which points of a metric to give: `from` inclusive, `to` exclusive; the newest where there are more than `limit`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SeriesQuery {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub limit: Option<u32>,
}

#[derive(Deserialize)]
struct LastValues {
    items: Vec<LastValue>,
}

impl Client {
    /// The last-known value of every metric of a device.
    pub async fn last_values(&self, key: &DeviceKey) -> Result<Vec<LastValue>, Error> {
        self.fetch::<LastValues>(Call::get(key.path("/telemetry"))).await.map(|values| values.items)
    }

    /// The history of one metric.
    pub async fn series(&self, key: &DeviceKey, metric: &str, query: &SeriesQuery) -> Result<Series, Error> {
        let parameters = [
            ("from", query.from.map(|from| from.to_string())),
            ("to", query.to.map(|to| to.to_string())),
            ("limit", query.limit.map(|limit| limit.to_string())),
        ];
        let parameters = parameters.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let path = key.path(&format!("/telemetry/{}", segment(metric)));
        self.fetch(Call::get(with_query(&path, parameters))).await
    }

    /// Reports values for a device.
    pub async fn post_event(&self, key: &DeviceKey, event: &NewEvent) -> Result<(), Error> {
        self.perform(Call::post(key.path("/telemetry")).json(event)?).await
    }
}
