//! What is installed on devices.

use serde::Deserialize;

use super::request::Call;
use super::{Client, DeviceKey, Error};
use crate::wire::application::Application;

#[derive(Deserialize)]
struct Applications {
    items: Vec<Application>,
}

impl Client {
    /// What is installed on a device, by package.
    pub async fn applications(&self, key: &DeviceKey) -> Result<Vec<Application>, Error> {
        let call = Call::get(key.path("/applications"));
        self.fetch::<Applications>(call).await.map(|applications| applications.items)
    }
}
