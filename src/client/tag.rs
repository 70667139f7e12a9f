//! Tags of devices.

use super::request::Call;
use super::{Client, Error};
use crate::wire::Page;
use crate::wire::tag::{Tag, Tagged, Tagging};

impl Client {
    /// Every tag in use.
    pub async fn tags(&self) -> Result<Page<Tag>, Error> {
        self.fetch(Call::get("/api/v1/tags")).await
    }

    /// Adds tags to devices and takes others off them.
    pub async fn tag(&self, tagging: &Tagging) -> Result<Tagged, Error> {
        self.fetch(Call::post("/api/v1/tags").json(tagging)?).await
    }
}
