//! Policies and compliance.

use serde::{Deserialize, Serialize};

pub use crate::model::compliance::{
    Compliance, ComplianceCounts, ComplianceReport, ComplianceState, FeatureCompliance, FeatureCounts,
    PolicyCompliance, PolicyName, Standing,
};
use crate::model::id::PolicyId;
pub use crate::model::policy::{
    Affected, AppliedChanges, Difference, DryRun, Edit, Effective, Impact, Mode, NewPolicy, Policy, PolicyFeature,
    PolicyVersion, Targets, Untold,
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
    /// Why it was not told after all; then `applied` does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untold: Option<Untold>,
    /// Applying the policies would change the device.
    pub pending: bool,
    /// The names of the policies that `effective` is made from, the first by priority first.
    pub policies: Vec<String>,
}
