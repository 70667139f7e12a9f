//! Policies and compliance.

use serde::{Deserialize, Serialize};

use super::Page;
pub use crate::model::compliance::{Compliance, ComplianceCounts, FeatureCompliance, Violation};
use crate::model::id::PolicyId;
pub use crate::model::policy::{
    Affected, AppliedChanges, DryRun, Effective, Impact, Mode, NewPolicy, Policy, PolicyFeature, PolicyVersion, Targets,
};
use crate::model::timestamp::Timestamp;

/// `PUT /policies/priorities`: the policies that come first, in this order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub policies: Vec<PolicyId>,
}

/// `POST /policies/dry-run`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    pub policy: NewPolicy,
    /// The policy in whose place it is tried; absent: after all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<PolicyId>,
}

/// `GET /devices/{id}/policy`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DevicePolicy {
    /// What the policies as they stand would set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<Effective>,
    /// What the device was told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Effective>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_at: Option<Timestamp>,
    /// Applying the policies would change the device.
    pub pending: bool,
    /// The names of the policies that `effective` is made from, the first by priority first.
    pub policies: Vec<String>,
}

/// `GET /compliance`: how many devices comply, and a page of those that do not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ComplianceReport {
    pub counts: ComplianceCounts,
    #[serde(flatten)]
    pub page: Page<Violation>,
}
