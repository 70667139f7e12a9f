//! Where devices are, and what is installed on them.

use serde::Deserialize;

use super::request::{Call, with_query};
use super::{Client, DeviceKey, Error};
use crate::model::timestamp::Timestamp;
use crate::wire::location::Location;

/// Which locations of a device to give: `from` inclusive, `to` exclusive; the newest where there are more than `limit`.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocationQuery {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub limit: Option<u32>,
}

#[derive(Deserialize)]
struct Locations {
    items: Vec<Location>,
}

impl Client {
    /// Where a device was, newest first.
    pub async fn locations(&self, key: &DeviceKey, query: &LocationQuery) -> Result<Vec<Location>, Error> {
        let parameters = [
            ("from", query.from.map(|from| from.to_string())),
            ("to", query.to.map(|to| to.to_string())),
            ("limit", query.limit.map(|limit| limit.to_string())),
        ];
        let parameters = parameters.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let path = with_query(&key.path("/locations"), parameters);
        self.fetch::<Locations>(Call::get(path)).await.map(|locations| locations.items)
    }
}
