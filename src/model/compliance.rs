//! Compliance: whether a device is as its policy wants it, feature by feature, as it answers when it is asked.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::device::{DeviceFilter, DeviceStatus};
use super::id::{DeviceId, PolicyId};
use super::page::Page;
use super::policy::Untold;
use super::text::{csv_text, cut};
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
    /// The policy is on its way to the device, so that answers are about an older one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub underway: bool,
    /// Why the policy did not reach the device; then no answer makes it compliant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untold: Option<Untold>,
    /// By code; empty until the device has answered.
    pub features: Vec<FeatureCompliance>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_false(flag: &bool) -> bool {
    !*flag
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

/// How a device stands to its policy, or to one feature of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ComplianceState {
    Compliant,
    Violating,
    /// It has not answered yet, or the policy did not reach it.
    Unknown,
}

impl ComplianceState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Violating, Self::Unknown, Self::Compliant];

    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::Violating => "violating",
            Self::Unknown => "unknown",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == text)
    }
}

/// Which devices a report is about: every given condition must hold.
#[derive(Clone, Debug, Default)]
pub struct ComplianceFilter {
    /// Of `feature`, where there is one.
    pub state: Option<ComplianceState>,
    /// Devices that were told this policy.
    pub policy: Option<PolicyId>,
    /// Devices whose policy speaks of the feature of this code.
    pub feature: Option<String>,
    pub devices: DeviceFilter,
}

/// A device with a policy, with the features it violates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub id: DeviceId,
    #[serde(rename = "type")]
    pub device_type: String,
    pub identifier: String,
    pub name: String,
    pub owner: String,
    pub status: DeviceStatus,
    pub state: ComplianceState,
    /// The policies it was told, the first by priority first; deleted ones are left out.
    pub policies: Vec<PolicyName>,
    pub compliance: Compliance,
}

/// A policy by its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyName {
    pub id: PolicyId,
    pub name: String,
}

/// How the devices that were told a policy comply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyCompliance {
    #[serde(flatten)]
    pub policy: PolicyName,
    #[serde(flatten)]
    pub counts: ComplianceCounts,
    /// Those of them that it did not reach.
    pub untold: u64,
}

/// How devices comply with one feature of their policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureCounts {
    pub code: String,
    #[serde(flatten)]
    pub counts: ComplianceCounts,
}

/// How the devices of a site comply.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ComplianceReport {
    /// Of the devices that fit the filter, whatever their state.
    pub counts: ComplianceCounts,
    /// By policy, in the order of their priority; the filter's policy, feature and state left aside.
    pub policies: Vec<PolicyCompliance>,
    /// By code; the filter's feature and state left aside.
    pub features: Vec<FeatureCounts>,
    #[serde(flatten)]
    pub page: Page<Standing>,
}

/// How the site complies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplianceCounts {
    pub compliant: u64,
    pub violating: u64,
    /// Devices with a policy that have not answered yet, or that it did not reach.
    pub unknown: u64,
}

impl ComplianceCounts {
    /// All of them.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.compliant + self.violating + self.unknown
    }

    /// Those in a state.
    #[must_use]
    pub const fn of(self, state: ComplianceState) -> u64 {
        match state {
            ComplianceState::Compliant => self.compliant,
            ComplianceState::Violating => self.violating,
            ComplianceState::Unknown => self.unknown,
        }
    }
}

impl Standing {
    /// The names of the columns of [`Standing::csv`].
    pub const CSV_HEADER: &'static str =
        "type,identifier,name,owner,status,compliance,policies,feature,reason,since,asked_at,answered_at\r\n";

    /// The device as lines of comma-separated values (RFC 4180), one for each feature it violates, else one; a
    /// spreadsheet takes every text for text.
    #[must_use]
    pub fn csv(&self) -> String {
        let policies = self.policies.iter().map(|policy| policy.name.as_str()).collect::<Vec<_>>().join("; ");
        let device =
            [&self.device_type, &self.identifier, &self.name, &self.owner].map(|text| csv_text(text)).join(",");
        let begin = format!("{device},{},{},{}", self.status.name(), self.state.name(), csv_text(&policies));
        let time = |at: Option<Timestamp>| at.map_or(String::new(), |at| at.to_string());
        let end = format!("{},{}\r\n", time(self.compliance.asked_at), time(self.compliance.answered_at));
        let line = |code: &str, reason: &str, since: Option<Timestamp>| {
            format!("{begin},{},{},{},{end}", csv_text(code), csv_text(reason), time(since))
        };
        let violated: String = self
            .compliance
            .features
            .iter()
            .filter(|feature| !feature.compliant)
            .map(|feature| line(&feature.code, &feature.reason, Some(feature.since)))
            .collect();
        if violated.is_empty() {
            let reason = self.compliance.untold.as_ref().map_or("", |untold| untold.reason.as_str());
            return line("", reason, None);
        }
        violated
    }
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
    fn a_file_has_a_line_a_violated_feature_and_no_formula() {
        let feature = |code: &str, compliant, reason: &str| FeatureCompliance {
            code: code.to_owned(),
            compliant,
            reason: reason.to_owned(),
            since: Timestamp::from_millis(0),
        };
        let mut standing = Standing {
            id: DeviceId::fresh(Timestamp::from_millis(0)),
            device_type: "android".to_owned(),
            identifier: "a1".to_owned(),
            name: "=1+1".to_owned(),
            owner: "ann".to_owned(),
            status: DeviceStatus::Active,
            state: ComplianceState::Violating,
            policies: vec![],
            compliance: Compliance {
                features: vec![
                    feature("CAMERA", false, "-on"),
                    feature("WIFI", true, ""),
                    feature("PASSCODE", false, "a \"b\""),
                ],
                ..Compliance::default()
            },
        };
        let begin = r#""android","a1","'=1+1","ann",ACTIVE,"#;
        let zero = Timestamp::from_millis(0);
        assert_eq!(
            standing.csv(),
            format!(
                "{begin}violating,\"\",\"CAMERA\",\"'-on\",{zero},,\r\n\
                 {begin}violating,\"\",\"PASSCODE\",\"a \"\"b\"\"\",{zero},,\r\n"
            )
        );
        standing.state = ComplianceState::Unknown;
        let untold = Untold { status: super::super::operation::OperationStatus::Cancelled, reason: "gone".to_owned() };
        standing.compliance = Compliance { untold: Some(untold), asked_at: Some(zero), ..Compliance::default() };
        assert_eq!(standing.csv(), format!("{begin}unknown,\"\",\"\",\"gone\",,{zero},\r\n"));
        let columns = Standing::CSV_HEADER.split(',').count();
        assert_eq!(standing.csv().split(',').count(), columns);
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
