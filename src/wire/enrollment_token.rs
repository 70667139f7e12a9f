//! Enrollment tokens.

use serde::{Deserialize, Serialize};

pub use crate::model::enrollment_token::EnrollmentToken;
use crate::model::id::{DeviceId, GroupId};
use crate::model::timestamp::Timestamp;

/// `POST /enrollment/tokens`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEnrollmentToken {
    #[serde(default)]
    pub note: String,
    /// The type of the devices it enrolls; any without one.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub device_type: Option<String>,
    /// Whose the devices are; the caller's without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default)]
    pub groups: Vec<GroupId>,
    #[serde(default)]
    pub tags: Vec<String>,
    /// 24 hours from now without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How many devices it enrolls at most.
    #[serde(default = "one")]
    pub max_uses: u32,
}

const fn one() -> u32 {
    1
}

/// An enrollment token that was made, and its secret, told once.
#[derive(Clone, Serialize, Deserialize)]
pub struct MadeEnrollmentToken {
    #[serde(flatten)]
    pub token: EnrollmentToken,
    pub secret: String,
}

/// Without the secret.
impl std::fmt::Debug for MadeEnrollmentToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeEnrollmentToken").field("token", &self.token).finish_non_exhaustive()
    }
}

/// `GET /enrollment/tokens/{id}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrollmentTokenDetail {
    #[serde(flatten)]
    pub token: EnrollmentToken,
    /// The devices that are enrolled by it, the last first; at most 1000.
    pub devices: Vec<DeviceId>,
}
