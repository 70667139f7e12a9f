//! The event stream `GET /watch` (server-sent events): a snapshot first, then deltas.
//!
//! The SSE `event:` field is `snapshot` or `delta`; the data is one JSON object. After a delta with `dropped` above
//! zero the client has missed that many changes and should connect again for a fresh snapshot.

use serde::{Deserialize, Serialize};

use crate::model::change::NoticeKind;
use crate::model::id::DeviceId;
use crate::model::telemetry::Value;
use crate::model::timestamp::Timestamp;

use super::device::Device;
use super::host::{Host, Status};
use super::operation::Operation;

/// The whole picture at one moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    pub at: Timestamp,
    pub status: Status,
    pub host: Host,
    /// At most [`SNAPSHOT_DEVICES`], sorted by name; `status.counts` tells how many there are.
    pub devices: Vec<Device>,
    /// The newest, at most [`SNAPSHOT_OPERATIONS`], newest first.
    pub operations: Vec<Operation>,
    /// The newest notices, at most [`SNAPSHOT_NOTICES`], newest first.
    pub notices: Vec<Notice>,
}

/// The most devices in a snapshot.
pub const SNAPSHOT_DEVICES: u32 = 1000;
/// The most operations in a snapshot.
pub const SNAPSHOT_OPERATIONS: u32 = 200;
/// The most notices in a snapshot.
pub const SNAPSHOT_NOTICES: usize = 200;

/// What changed since the last message, under one time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delta {
    pub at: Timestamp,
    /// Changes this client was too slow for, since the last delta.
    #[serde(default)]
    pub dropped: u64,
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    Device {
        device: Box<Device>,
    },
    DeviceGone {
        id: DeviceId,
    },
    Operation {
        operation: Box<Operation>,
    },
    Telemetry {
        device: DeviceId,
        at: Timestamp,
        values: Vec<(String, Value)>,
    },
    Notice {
        notice: Notice,
    },
    /// A new sample of the board, every two seconds.
    Host {
        host: Box<Host>,
    },
    /// Counts and rates, every two seconds.
    Status {
        status: Box<Status>,
    },
}

/// Something a person should read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Notice {
    pub at: Timestamp,
    pub about: NoticeKind,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
}
