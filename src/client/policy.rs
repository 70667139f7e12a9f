//! Policies and compliance.

use super::request::{Call, paging, with_query};
use super::{Client, Error};
use crate::model::id::{DeviceId, PolicyId};
use crate::wire::Page;
use crate::wire::policy::{
    AppliedChanges, Compliance, ComplianceReport, DevicePolicy, DryRun, NewPolicy, Order, Policy, PolicyVersion, Trial,
};

impl Client {
    /// Every policy, in the order of their priority.
    pub async fn policies(&self) -> Result<Page<Policy>, Error> {
        self.fetch(Call::get("/api/v1/policies")).await
    }

    /// The policy with that id.
    pub async fn policy(&self, id: PolicyId) -> Result<Policy, Error> {
        self.fetch(Call::get(path(id, ""))).await
    }

    /// Makes a policy.
    pub async fn create_policy(&self, policy: &NewPolicy) -> Result<Policy, Error> {
        self.fetch(Call::post("/api/v1/policies").json(policy)?).await
    }

    /// Puts another definition in the place of a policy's.
    pub async fn replace_policy(&self, id: PolicyId, policy: &NewPolicy) -> Result<Policy, Error> {
        self.fetch(Call::put(path(id, "")).json(policy)?).await
    }

    /// Deletes a policy.
    pub async fn remove_policy(&self, id: PolicyId) -> Result<(), Error> {
        self.perform(Call::delete(path(id, ""))).await
    }

    /// Makes a policy active or inactive.
    pub async fn set_policy_active(&self, id: PolicyId, active: bool) -> Result<(), Error> {
        self.perform(Call::post(path(id, if active { "/activate" } else { "/deactivate" }))).await
    }

    /// Sets which policies come first.
    pub async fn order_policies(&self, policies: Vec<PolicyId>) -> Result<Page<Policy>, Error> {
        self.fetch(Call::put("/api/v1/policies/priorities").json(&Order { policies })?).await
    }

    /// Tells every device whose policy is another one now.
    pub async fn apply_policies(&self) -> Result<AppliedChanges, Error> {
        self.fetch(Call::post("/api/v1/policies/apply")).await
    }

    /// What applying the changes would do.
    pub async fn pending_policy_changes(&self) -> Result<DryRun, Error> {
        self.fetch(Call::get("/api/v1/policies/pending")).await
    }

    /// What a policy would do.
    pub async fn try_policy(&self, trial: &Trial) -> Result<DryRun, Error> {
        self.fetch(Call::post("/api/v1/policies/dry-run").json(trial)?).await
    }

    /// The versions of a policy, newest first.
    pub async fn policy_versions(&self, id: PolicyId) -> Result<Page<PolicyVersion>, Error> {
        self.fetch(Call::get(path(id, "/versions"))).await
    }

    /// Makes an earlier version of a policy the newest.
    pub async fn restore_policy(&self, id: PolicyId, version: u32) -> Result<Policy, Error> {
        self.fetch(Call::post(path(id, &format!("/versions/{version}/restore")))).await
    }

    /// A device's policy.
    pub async fn device_policy(&self, device: DeviceId) -> Result<DevicePolicy, Error> {
        self.fetch(Call::get(format!("/api/v1/devices/{device}/policy"))).await
    }

    /// How a device complies.
    pub async fn device_compliance(&self, device: DeviceId) -> Result<Compliance, Error> {
        self.fetch(Call::get(format!("/api/v1/devices/{device}/compliance"))).await
    }

    /// How many devices comply, and a page of those that do not.
    pub async fn compliance(&self, limit: Option<u32>, cursor: Option<&str>) -> Result<ComplianceReport, Error> {
        self.fetch(Call::get(with_query("/api/v1/compliance", paging(limit, cursor)))).await
    }
}

fn path(id: PolicyId, rest: &str) -> String {
    format!("/api/v1/policies/{id}{rest}")
}
