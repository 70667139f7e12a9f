//! Doing one thing to many devices.

use serde::{Deserialize, Serialize};

use super::device::{DeviceStatus, Ownership};
use crate::model::id::{ActivityId, DeviceId, GroupId};
use crate::model::operation::OperationKind;
use crate::model::timestamp::Timestamp;

/// `POST /devices/bulk/preview` and `POST /devices/bulk`: either `devices` or a `filter`, and what is to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<BulkFilter>,
    pub action: BulkAction,
    /// The `mark` of a preview: nothing is done when other devices are meant by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
}

/// The devices that fit all of it; an empty one means every device that is not removed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BulkFilter {
    /// In the query language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub device_type: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<DeviceStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ownership: Option<Ownership>,
    /// `yes`, `no` or `unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compliance: Option<String>,
}

/// What is done to each device.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum BulkAction {
    /// Sends one operation to all of them, as one activity; types that do not know it are left out.
    Send {
        code: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<OperationKind>,
        /// A string is sent as it is, other JSON as its text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payload: Option<serde_json::Value>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    },
    Tag {
        #[serde(default)]
        add: Vec<String>,
        #[serde(default)]
        remove: Vec<String>,
    },
    Join {
        group: GroupId,
    },
    Leave {
        group: GroupId,
    },
    Suspend {},
    /// Ends a suspension.
    Resume {},
    Remove {},
}

/// What an action would do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BulkPreview {
    /// How many devices are meant.
    pub devices: u64,
    /// How many of them it can be done to.
    pub able: u64,
    pub types: Vec<TypeShare>,
    /// The most frequent reason first.
    pub left_out: Vec<LeftOut>,
    /// Stands for the very devices it can be done to.
    pub mark: String,
}

/// A type's part of a preview.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TypeShare {
    #[serde(rename = "type")]
    pub device_type: String,
    pub devices: u64,
    pub able: u64,
}

/// Devices that are left out for one reason.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeftOut {
    pub why: String,
    pub devices: u64,
    /// The names of some of them.
    pub examples: Vec<String>,
}

/// What was done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BulkDone {
    /// How many devices it was done to.
    pub devices: u64,
    /// How many of them it changed.
    pub changed: u64,
    pub left_out: u64,
    /// What was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<BulkActivity>,
}

/// The activity of an operation that was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BulkActivity {
    pub id: ActivityId,
    pub number: i64,
}

/// `GET /devices/facets`: how many devices stand where.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Facets {
    /// What the whole filter finds.
    pub total: u64,
    /// The devices the caller may see that are not removed.
    pub known: u64,
    pub status: Vec<Count>,
    #[serde(rename = "type")]
    pub device_type: Vec<Count>,
    pub group: Vec<GroupCount>,
    pub ownership: Vec<Count>,
    pub compliance: Vec<Count>,
}

/// How many devices have a value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Count {
    pub value: String,
    pub devices: u64,
}

/// How many devices are in a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupCount {
    pub id: GroupId,
    pub name: String,
    pub devices: u64,
}
