//! Application packages.

use std::time::Duration;

use bytes::Bytes;

use super::request::{Call, with_query};
use super::{Client, Error};
use crate::model::id::{DeviceId, PackageId};
use crate::wire::Page;
use crate::wire::operation::Activity;
use crate::wire::package::{Package, Receivers};

/// How long an upload may take: a large package over a slow line.
const UPLOAD_TIME: Duration = Duration::from_mins(10);

impl Client {
    /// Every package.
    pub async fn packages(&self) -> Result<Page<Package>, Error> {
        self.fetch(Call::get("/api/v1/packages")).await
    }

    /// Uploads a package; `name` may be empty.
    pub async fn upload_package(
        &self,
        identifier: &str,
        version: &str,
        name: &str,
        content: Bytes,
    ) -> Result<Package, Error> {
        let words = [("identifier", identifier), ("version", version), ("name", name)];
        let words = words.map(|(key, word)| (key, word.to_owned()));
        let call = Call::post(with_query("/api/v1/packages", words))
            .body("application/vnd.android.package-archive", content)
            .within(UPLOAD_TIME);
        self.fetch(call).await
    }

    /// Deletes a package.
    pub async fn remove_package(&self, id: PackageId) -> Result<(), Error> {
        self.perform(Call::delete(format!("/api/v1/packages/{id}"))).await
    }

    /// Has devices `install`, `update` or `uninstall` the application of a package.
    pub async fn change_application(
        &self,
        id: PackageId,
        change: &str,
        devices: Vec<DeviceId>,
    ) -> Result<Activity, Error> {
        self.fetch(Call::post(format!("/api/v1/packages/{id}/{change}")).json(&Receivers { devices })?).await
    }
}
