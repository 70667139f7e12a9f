//! What changed: the deltas that the event stream is made of.

use super::device::Device;
use super::id::DeviceId;
use super::operation::Operation;
use super::telemetry::Sample;
use super::timestamp::Timestamp;

/// One change, told after it was committed.
#[derive(Clone, Debug)]
pub enum Change {
    /// A device is new, or something about it changed.
    Device { device: Box<Device>, online: bool },
    /// An operation is new or has come further.
    Operation { operation: Box<Operation> },
    /// A device reported values.
    Telemetry { device: DeviceId, at: Timestamp, samples: Vec<Sample> },
    /// Something else was made, changed or deleted, of that kind.
    Edited(Area),
    /// Something a person should read: a sentence, and what it is about.
    Notice { at: Timestamp, kind: NoticeKind, text: String, device: Option<DeviceId> },
}

/// What people edit, beside devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    Groups,
    Policies,
    Geofences,
    Packages,
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeKind {
    /// A device came, went, or changed its status.
    Device,
    /// An operation came further.
    Operation,
    /// A notification: a person has to see it.
    Notification,
    /// Someone was refused.
    Refused,
    /// The daemon itself: certificates, store, broker.
    Daemon,
}
