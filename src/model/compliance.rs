//! Compliance: whether a device is as its policy wants it, feature by feature, as it answers when it is asked.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::device::DeviceStatus;
use super::id::DeviceId;
use super::text::cut;
use super::timestamp::Timestamp;

/// The code that asks a device whether it complies (the Entgra API).
pub const MONITOR: &str = "MONITOR";
/// Unanswered questions after which a device is UNREACHABLE (the default of the Entgra server).
pub const UNREACHABLE_AFTER: u32 = 8;
/// Unanswered questions after which a device is INACTIVE (the default of the Entgra server).
pub const INACTIVE_AFTER: u32 = 20;
/// The most findings read from one answer.
const MAX_FINDINGS: usize = 256;
/// The most bytes kept of a reason.
pub const MAX_REASON: usize = 500;

/// How a device complies with what it was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compliance {
    /// Absent: not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compliant: Option<bool>,
    /// When it was asked last, when it answered last, and when it was found not to comply last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Timestamp>,
    /// Times it was asked since its last answer.
    pub attempts: u32,
    /// Times the policy was sent again since the device was last compliant.
    pub enforcements: u32,
    /// By code; empty until the device has answered.
    pub features: Vec<FeatureCompliance>,
}

/// How a device complies with one feature of its policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureCompliance {
    pub code: String,
    pub compliant: bool,
    /// In the device's words; empty when it complies.
    pub reason: String,
    /// Since when it has been so.
    pub since: Timestamp,
}

/// A device that does not comply, with the features it violates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    pub id: DeviceId,
    #[serde(rename = "type")]
    pub device_type: String,
    pub identifier: String,
    pub name: String,
    pub owner: String,
    pub status: DeviceStatus,
    pub compliance: Compliance,
}

/// How the site complies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplianceCounts {
    pub compliant: u64,
    pub violating: u64,
    /// Devices with a policy that have not answered yet.
    pub unknown: u64,
}

/// What a device says of one feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub code: String,
    pub compliant: bool,
    pub reason: String,
}

/// Reads the answer to [`MONITOR`]: `[{"featureCode":"CAMERA","compliance":false,"message":".."}]` (the Entgra Android
/// agent); `[]` is compliant, and what cannot be read is no answer.
#[must_use]
pub fn read_findings(text: &str) -> Option<Vec<Finding>> {
    let list = match serde_json::from_str(text).ok()? {
        Json::Array(list) => list,
        // An agent may wrap the list in a string once more.
        Json::String(inner) => match serde_json::from_str(&inner).ok()? {
            Json::Array(list) => list,
            _ => return None,
        },
        _ => return None,
    };
    Some(list.iter().take(MAX_FINDINGS).filter_map(finding).collect())
}

fn finding(json: &Json) -> Option<Finding> {
    let code = json.get("featureCode").or_else(|| json.get("code"))?.as_str()?;
    let compliant = match json.get("compliance")? {
        Json::Bool(compliant) => *compliant,
        Json::String(word) => word.eq_ignore_ascii_case("true"),
        _ => return None,
    };
    let reason = json.get("message").and_then(Json::as_str).unwrap_or_default();
    Some(Finding { code: code.to_owned(), compliant, reason: cut(reason, MAX_REASON).to_owned() })
}

/// The status of a device that has left so many questions unanswered, where that changes it.
#[must_use]
pub const fn silent(status: DeviceStatus, attempts: u32) -> Option<DeviceStatus> {
    match status {
        DeviceStatus::Active | DeviceStatus::Unreachable if attempts >= INACTIVE_AFTER => Some(DeviceStatus::Inactive),
        DeviceStatus::Active if attempts >= UNREACHABLE_AFTER => Some(DeviceStatus::Unreachable),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_the_agent_writes_it_and_rubbish_is_none() {
        let text = r#"[{"featureCode":"CAMERA","compliance":false,"message":"it is on"},
            {"featureCode":"WIFI","compliance":"true"},{"compliance":false},7]"#;
        let read = read_findings(text).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].code.as_str(), read[0].compliant, read[0].reason.as_str()), ("CAMERA", false, "it is on"));
        assert!(read[1].compliant);
        assert_eq!(read_findings("[]"), Some(Vec::new()));
        assert_eq!(read_findings("\"[]\""), Some(Vec::new()));
        for rubbish in ["", "null", "{}", "\"x\"", "[", "7"] {
            assert_eq!(read_findings(rubbish), None, "{rubbish}");
        }
    }

    #[test]
    fn unanswered_questions_make_a_device_unreachable_and_then_inactive() {
        assert_eq!(silent(DeviceStatus::Active, 7), None);
        assert_eq!(silent(DeviceStatus::Active, 8), Some(DeviceStatus::Unreachable));
        assert_eq!(silent(DeviceStatus::Unreachable, 19), None);
        assert_eq!(silent(DeviceStatus::Unreachable, 20), Some(DeviceStatus::Inactive));
        assert_eq!(silent(DeviceStatus::Suspended, 30), None);
    }
}
