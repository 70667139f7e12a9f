//! Devices and device types.

use serde::{Deserialize, Serialize};

pub use crate::model::device::{DeviceStatus, Enrollment, Note, Ownership, Property, StatusChange};
use crate::model::id::DeviceId;
use crate::model::timestamp::Timestamp;
use crate::model::{device, device_detail};

use super::location::Location;
use super::telemetry::LastValue;

/// A device as lists and the event stream show it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Device {
    pub id: DeviceId,
    /// The integer that clients of the Entgra API know the device by.
    pub number: i64,
    #[serde(rename = "type")]
    pub device_type: String,
    pub identifier: String,
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub owner: String,
    pub ownership: Ownership,
    pub status: DeviceStatus,
    /// An MQTT connection of the device is open now.
    pub online: bool,
    pub enrolled_at: Timestamp,
    pub updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<Timestamp>,
}

impl Device {
    /// A device, and whether an MQTT connection of it is open.
    #[must_use]
    pub fn of(device: device::Device, online: bool) -> Self {
        Self {
            id: device.id,
            number: device.number,
            device_type: device.device_type,
            identifier: device.identifier,
            name: device.name,
            description: device.description,
            owner: device.owner,
            ownership: device.ownership,
            status: device.status,
            online,
            enrolled_at: device.enrolled_at,
            updated_at: device.updated_at,
            last_seen_at: device.last_seen_at,
        }
    }
}

/// A device with all that is known of it: `GET /devices/{id}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeviceDetail {
    #[serde(flatten)]
    pub device: Device,
    pub properties: Vec<Property>,
    /// Where it was last; absent for a device that never told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    pub tags: Vec<String>,
    /// What people wrote down about it; absent where they did not, and for the device itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    pub groups: Vec<String>,
    pub metrics: Vec<LastValue>,
    /// Newest first, at most 50.
    pub status_history: Vec<StatusChange>,
    /// Newest first.
    pub enrollments: Vec<Enrollment>,
}

impl From<device_detail::DeviceDetail> for DeviceDetail {
    fn from(detail: device_detail::DeviceDetail) -> Self {
        let kind = detail.kind.as_deref();
        Self {
            device: Device::of(detail.device, detail.online),
            properties: detail.properties,
            location: detail.location,
            tags: detail.tags,
            note: detail.note,
            groups: detail.groups.into_iter().map(|group| group.name).collect(),
            metrics: detail.metrics.into_iter().map(|value| LastValue::of(value, kind)).collect(),
            status_history: detail.history,
            enrollments: detail.enrollments,
        }
    }
}

/// `POST /devices`: enrolls a device; the answer carries its credentials, once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    #[serde(rename = "type")]
    pub device_type: String,
    /// Made by Pym when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub ownership: Ownership,
    #[serde(default)]
    pub properties: Vec<Property>,
}

/// A device that was just enrolled, with its credentials.
#[derive(Clone, Serialize, Deserialize)]
pub struct Enrolled {
    pub device: Device,
    pub credentials: DeviceCredentials,
}

/// What a device proves itself with; shown once and never kept in clear.
#[derive(Clone, Serialize, Deserialize)]
pub struct DeviceCredentials {
    pub client_id: String,
    pub client_secret: String,
    /// The MQTT user name, and the Bearer token over HTTP.
    pub access_token: String,
    pub refresh_token: String,
    /// Seconds.
    pub expires_in: u64,
    /// The device's topic prefix: it may publish and subscribe below this.
    pub topic_prefix: String,
}

/// `PATCH /devices/{id}`: the members that are present change.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceEdit {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ownership: Option<Ownership>,
    /// Where an operator may put it: `ACTIVE`, `SUSPENDED`, `BLOCKED`, `DISENROLLMENT_REQUESTED` or `REMOVED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<DeviceStatus>,
    /// These tags and no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// What people know of it; empty for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl std::fmt::Debug for Enrolled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrolled").field("device", &self.device).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for DeviceCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceCredentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}
