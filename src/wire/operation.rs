//! Operations and activities.

use serde::{Deserialize, Serialize};

use crate::model::id::DeviceId;
use crate::model::operation::OperationKind;
pub use crate::model::operation::{Activity, Operation};
use crate::model::timestamp::Timestamp;

/// `POST /activities`: one operation for many devices.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewActivity {
    pub code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<OperationKind>,
    /// A string is sent as it is, other JSON as its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<serde_json::Value>,
    pub devices: Vec<DeviceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}
