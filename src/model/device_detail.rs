//! A device with all that is known of it, as its page and its address in the API tell of it.

use std::sync::Arc;

use super::device::{Device, Enrollment, Note, Property, StatusChange};
use super::device_type::DeviceType;
use super::group::Group;
use super::location::Location;
use super::telemetry::LastValue;

/// What one read finds of a device.
#[derive(Clone, Debug)]
pub struct DeviceDetail {
    pub device: Device,
    /// An MQTT connection of the device is open now.
    pub online: bool,
    /// Its type, unless it was deleted.
    pub kind: Option<Arc<DeviceType>>,
    /// By name.
    pub properties: Vec<Property>,
    /// Where it was last.
    pub location: Option<Location>,
    /// Sorted.
    pub tags: Vec<String>,
    /// What people wrote down about it; nothing for the device itself.
    pub note: Option<Note>,
    pub groups: Vec<Group>,
    /// In the order of its type; those it does not know come last, by name.
    pub metrics: Vec<LastValue>,
    /// Newest first, at most 50.
    pub history: Vec<StatusChange>,
    /// Newest first, at most 100.
    pub enrollments: Vec<Enrollment>,
}
