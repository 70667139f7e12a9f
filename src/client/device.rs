//! Devices and device types.

use std::fmt;

use bytes::Bytes;
use hyper::Method;

use super::request::{Call, paging, segment, with_query};
use super::{Client, Error};
use crate::model::device::DeviceSort;
use crate::model::device_type::DeviceType;
use crate::model::id::DeviceId;
use crate::wire::Page;
use crate::wire::device::{Device, DeviceDetail, DeviceEdit, DeviceStatus, Enrolled, NewDevice, Ownership};

/// What names a device in a path: its id, or its type and identifier as `type:identifier`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceKey(String);

impl From<DeviceId> for DeviceKey {
    fn from(id: DeviceId) -> Self {
        Self(id.to_string())
    }
}

impl From<&Device> for DeviceKey {
    fn from(device: &Device) -> Self {
        device.id.into()
    }
}

/// An id, or `type:identifier`; whether it is one shows when the daemon is asked.
impl From<&str> for DeviceKey {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl DeviceKey {
    /// The path of the device, with `rest` below it.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/api/v1/devices/{}{rest}", segment(&self.0))
    }
}

/// Which devices to list, in which order, and which page. Everything that is `None` or empty is left to the daemon.
#[derive(Clone, Debug, Default)]
pub struct DeviceQuery {
    pub device_type: Option<String>,
    /// Any of these; empty means every status but REMOVED.
    pub statuses: Vec<DeviceStatus>,
    /// A group's id.
    pub group: Option<String>,
    pub owner: Option<String>,
    pub ownership: Option<Ownership>,
    /// Part of the name or the identifier.
    pub text: Option<String>,
    /// What the devices fit, in the query language.
    pub query: Option<String>,
    pub sort: Option<DeviceSort>,
    pub descending: bool,
    pub limit: Option<u32>,
    /// [`Page::next`] of the page before.
    pub cursor: Option<String>,
}

impl DeviceQuery {
    fn path(&self) -> String {
        let words = [
            ("type", self.device_type.clone()),
            ("group", self.group.clone()),
            ("owner", self.owner.clone()),
            ("ownership", self.ownership.map(|ownership| ownership.name().to_owned())),
            ("text", self.text.clone()),
            ("q", self.query.clone()),
            ("sort", self.sort.map(|sort| sort.name().to_owned())),
            ("desc", self.descending.then(|| "true".to_owned())),
        ];
        let words = words.into_iter().filter_map(|(name, word)| Some((name, word?)));
        let statuses = self.statuses.iter().map(|status| ("status", status.name().to_owned()));
        with_query("/api/v1/devices", words.chain(statuses).chain(paging(self.limit, self.cursor.as_deref())))
    }
}

impl Client {
    /// One page of the devices that `query` asks for.
    pub async fn devices(&self, query: &DeviceQuery) -> Result<Page<Device>, Error> {
        self.fetch(Call::get(query.path())).await
    }

    /// A device with all that is known of it.
    pub async fn device(&self, key: &DeviceKey) -> Result<DeviceDetail, Error> {
        self.fetch(Call::get(key.path(""))).await
    }

    /// Enrolls a device; its credentials are told this once.
    pub async fn enroll(&self, device: &NewDevice) -> Result<Enrolled, Error> {
        self.fetch(Call::post("/api/v1/devices").json(device)?).await
    }

    /// Changes the members that `edit` holds.
    pub async fn edit_device(&self, key: &DeviceKey, edit: &DeviceEdit) -> Result<Device, Error> {
        self.fetch(Call::new(Method::PATCH, key.path("")).json(edit)?).await
    }

    /// Ends the management of a device; the record stays.
    pub async fn remove_device(&self, key: &DeviceKey) -> Result<(), Error> {
        self.perform(Call::delete(key.path(""))).await
    }

    /// The agent of an enrolled device, with new credentials in it: a zip archive, at most 32 MiB.
    pub async fn agent(&self, key: &DeviceKey) -> Result<Bytes, Error> {
        self.bytes(&Call::post(key.path("/agent"))).await
    }

    /// Every device type.
    pub async fn device_types(&self) -> Result<Page<DeviceType>, Error> {
        self.fetch(Call::get("/api/v1/device-types")).await
    }

    /// The device type of that name.
    pub async fn device_type(&self, name: &str) -> Result<DeviceType, Error> {
        self.fetch(Call::get(type_path(name))).await
    }
}

fn type_path(name: &str) -> String {
    format!("/api/v1/device-types/{}", segment(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_what_it_asks_for_and_nothing_else() {
        assert_eq!(DeviceQuery::default().path(), "/api/v1/devices");
        let query = DeviceQuery {
            device_type: Some("raspberrypi".to_owned()),
            statuses: vec![DeviceStatus::Active, DeviceStatus::Unreachable],
            text: Some("kü".to_owned()),
            sort: Some(DeviceSort::LastSeen),
            descending: true,
            limit: Some(10),
            ..DeviceQuery::default()
        };
        assert_eq!(
            query.path(),
            "/api/v1/devices?type=raspberrypi&text=k%C3%BC&sort=last_seen&desc=true\
             &status=ACTIVE&status=UNREACHABLE&limit=10"
        );
    }

    #[test]
    fn a_key_cannot_leave_its_place_in_the_path() {
        let key = DeviceKey::from("android:../../users?x");
        assert_eq!(key.path("/agent"), "/api/v1/devices/android:..%2F..%2Fusers%3Fx/agent");
    }
}
