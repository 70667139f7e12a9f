//! Operations and activities.

use serde::{Deserialize, Serialize};

use crate::model::id::{DeviceId, GroupId};
use crate::model::operation::OperationKind;
pub use crate::model::operation::{Activity, ActivitySummary, Operation};
use crate::model::timestamp::Timestamp;

/// `POST /activities`: one operation for many devices.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewActivity {
    pub code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<OperationKind>,
    /// A string is sent as it is, other JSON as its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceId>,
    /// Further devices: those of this group that may receive operations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// Further devices: those that fit this query and may receive operations; with a group, those of it that do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// The answer of `POST /activities/{id}/cancel`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Cancelled {
    /// How many operations were taken back.
    pub cancelled: usize,
}
