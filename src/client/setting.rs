//! Settings that people change while the site runs.

use super::request::{Call, segment};
use super::{Client, Error};
use crate::wire::setting::Settings;

impl Client {
    /// The settings of the platform (`general`) or of a device type.
    pub async fn settings(&self, area: &str) -> Result<Settings, Error> {
        self.fetch(Call::get(path(area))).await
    }

    /// Puts settings in the place of all that the area has.
    pub async fn replace_settings(&self, area: &str, settings: &Settings) -> Result<Settings, Error> {
        self.fetch(Call::put(path(area)).json(settings)?).await
    }
}

fn path(area: &str) -> String {
    format!("/api/v1/settings/{}", segment(area))
}
