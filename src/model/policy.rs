//! Policies: what devices of a type are to be set to, for whom, and which of several policies counts for a device.

mod difference;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use difference::{Difference, Edit, difference};

use super::compliance::MAX_REASON;
use super::device::{Device, Ownership};
use super::device_type::{DeviceType, Payload};
use super::id::{DeviceId, GroupId, OperationId, PolicyId};
use super::operation::{Operation, OperationKind, OperationStatus};
use super::text::{MAX_DESCRIPTION, MAX_NAME, check_label, cut};
use super::timestamp::Timestamp;

/// The most versions kept of a policy; older ones are forgotten.
pub const MAX_VERSIONS: u32 = 100;
/// The most policies.
pub const MAX_POLICIES: usize = 500;
/// The most features of one policy.
pub const MAX_FEATURES: usize = 128;
/// The most bytes of one policy's features, as JSON: a bundle of them has to fit into an operation's payload.
pub const MAX_CONTENT: usize = 48 * 1024;
/// The most roles, users, groups or devices that one policy names.
pub const MAX_TARGETS: usize = 1000;
/// The code that a whole policy is sent with (the Entgra API); types that do not know it get one operation a feature.
pub const BUNDLE: &str = "POLICY_BUNDLE";
/// The code that takes a policy back (the Entgra API).
pub const REVOKE: &str = "POLICY_REVOKE";
/// The role, or user, that stands for everybody (the Entgra API).
pub const ANY: &str = "ANY";

/// Whether an operation of that code, in any letter case, carries a policy: such are applied, nobody sends them by hand.
#[must_use]
pub fn is_policy(code: &str) -> bool {
    [BUNDLE, REVOKE].iter().any(|known| known.eq_ignore_ascii_case(code))
}

/// What follows when a device does not comply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The policy is sent again.
    #[default]
    Enforce,
    /// People are notified.
    Warn,
    /// People are notified, and the device is SUSPENDED until it complies: it is monitored, and receives nothing else.
    Block,
}

impl Mode {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }

    /// The mode of that name, in any letter case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Enforce, Self::Warn, Self::Block].into_iter().find(|mode| mode.name().eq_ignore_ascii_case(text))
    }
}

/// How the policies that address a device become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evaluation {
    /// The first by priority counts, whole.
    #[default]
    First,
    /// All of them count: of each feature, the first policy by priority that speaks of it.
    Merge,
}

impl std::str::FromStr for Evaluation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "first" => Ok(Self::First),
            "merge" => Ok(Self::Merge),
            _ => Err("expected first or merge".to_owned()),
        }
    }
}

/// Whom a policy addresses: every list that is not empty must name the device, its owner or one of the owner's roles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Targets {
    /// Roles of the device's owner; [`ANY`] is everybody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Owners; [`ANY`] is everybody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ownership: Option<Ownership>,
}

/// One setting: a feature of the device type, and what it is to be set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyFeature {
    /// The code of a feature that takes a payload.
    pub code: String,
    /// The payload: an object where the feature wants JSON, else a text.
    pub content: Json,
}

/// What a version of a policy says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Definition {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub mode: Mode,
    pub targets: Targets,
    pub features: Vec<PolicyFeature>,
}

/// A policy as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    pub id: PolicyId,
    /// The integer that clients of the Entgra API know it by; dense, from 1.
    pub number: i64,
    /// Unique, in any letter case; 1 to 200 bytes.
    pub name: String,
    pub device_type: String,
    /// 1 comes first.
    pub priority: u32,
    pub active: bool,
    /// Something of it was not applied to the devices yet.
    pub changed: bool,
    /// Of the definition in force, from 1.
    pub version: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[serde(flatten)]
    pub definition: Definition,
}

/// A version of a policy, kept for looking back and restoring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    pub version: u32,
    pub changed_by: String,
    pub changed_at: Timestamp,
    /// Why, in the words of whoever changed it; may be empty.
    pub note: String,
    #[serde(flatten)]
    pub definition: Definition,
}

/// What a person makes of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPolicy {
    pub name: String,
    pub device_type: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(default)]
    pub mode: Mode,
    #[serde(default)]
    pub targets: Targets,
    pub features: Vec<PolicyFeature>,
    /// Absent: a new policy is inactive, another stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Why, for whoever looks back; at most 2,000 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl NewPolicy {
    /// What its version will say.
    #[must_use]
    pub fn definition(&self) -> Definition {
        Definition {
            description: self.description.clone(),
            mode: self.mode,
            targets: self.targets.clone(),
            features: self.features.clone(),
        }
    }
}

/// What is known of a device when its policy is looked for.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    pub device: &'a Device,
    /// Of its owner.
    pub roles: &'a [String],
    pub groups: &'a [GroupId],
}

/// What a device is to be set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effective {
    /// The numbers of the policies it is made from, in the order of their priority.
    pub policies: Vec<i64>,
    /// That of the first of them.
    pub mode: Mode,
    pub features: Vec<PolicyFeature>,
}

/// What a device was told last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// `None` after a revocation.
    pub effective: Option<Effective>,
    /// The operations that carried it.
    pub operations: Vec<OperationId>,
    pub applied_at: Timestamp,
    /// One of the operations ended without the device doing it.
    pub untold: Option<Untold>,
}

impl Applied {
    /// What a device is being told by these operations.
    #[must_use]
    pub const fn told(effective: Option<Effective>, operations: Vec<OperationId>, applied_at: Timestamp) -> Self {
        Self { effective, operations, applied_at, untold: None }
    }
}

/// How telling a device of its policy came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untold {
    /// CANCELLED, EXPIRED or ERROR.
    pub status: OperationStatus,
    /// In a sentence, or in the device's words; at most [`MAX_REASON`] bytes.
    pub reason: String,
}

impl Untold {
    /// What an operation that carried a policy says of it; `None` unless it ended in vain.
    #[must_use]
    pub fn of(operation: &Operation) -> Option<Self> {
        let status = operation.status;
        let carries = matches!(operation.kind, OperationKind::Policy | OperationKind::Profile);
        if !carries || !status.is_final() || matches!(status, OperationStatus::Completed | OperationStatus::Repeated) {
            return None;
        }
        let answer = operation.responses.last().filter(|last| last.status == OperationStatus::Error);
        let words = answer.map_or("", |last| last.text.trim());
        let reason = if words.is_empty() { operation.reason.as_str() } else { words };
        Some(Self { status, reason: cut(reason, MAX_REASON).to_owned() })
    }

    /// Whether the device had it, and could not do all of it; else it never came so far.
    #[must_use]
    pub fn was_tried(&self) -> bool {
        self.status == OperationStatus::Error
    }

    /// Whether a person took it back; then it is not sent again by itself.
    #[must_use]
    pub fn was_taken_back(&self) -> bool {
        self.status == OperationStatus::Cancelled
    }
}

/// How a change would change one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Impact {
    /// It had no policy and gets one.
    Gains,
    /// It has a policy and gets none.
    Loses,
    /// It gets other settings, or another mode.
    Changes,
    /// It is told once more what did not reach it.
    Repeats,
}

/// The most devices that a dry run names.
pub const MAX_NAMED: usize = 100;

/// What a change would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DryRun {
    /// The whole in a sentence.
    pub summary: String,
    pub affected: u64,
    pub gains: u64,
    pub loses: u64,
    pub changes: u64,
    #[serde(default)]
    pub repeats: u64,
    /// The first [`MAX_NAMED`] of them.
    pub devices: Vec<Affected>,
}

/// A device that a change would reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affected {
    pub id: DeviceId,
    #[serde(rename = "type")]
    pub device_type: String,
    pub identifier: String,
    pub name: String,
    pub impact: Impact,
}

/// What applying the policies did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedChanges {
    /// Devices looked at.
    pub devices: u64,
    /// Devices that are sent another policy.
    pub sent: u64,
    /// Devices whose policy is taken back.
    pub revoked: u64,
}

impl DryRun {
    /// Notes what becomes of one more device.
    pub fn add(&mut self, device: &Device, impact: Option<Impact>) {
        let Some(impact) = impact else { return };
        self.affected += 1;
        match impact {
            Impact::Gains => self.gains += 1,
            Impact::Loses => self.loses += 1,
            Impact::Changes => self.changes += 1,
            Impact::Repeats => self.repeats += 1,
        }
        if self.devices.len() < MAX_NAMED {
            self.devices.push(Affected {
                id: device.id,
                device_type: device.device_type.clone(),
                identifier: device.identifier.clone(),
                name: device.name.clone(),
                impact,
            });
        }
    }

    /// Puts the whole into a sentence.
    #[must_use]
    pub fn summed_up(mut self) -> Self {
        const NAMES: usize = 5;
        let noun = if self.affected == 1 { "device" } else { "devices" };
        let names: Vec<_> =
            self.devices.iter().take(NAMES).map(|d| format!("{}:{}", d.device_type, d.identifier)).collect();
        let before = if names.is_empty() { "" } else { ": " };
        let rest = if self.affected > NAMES as u64 { ", …" } else { "" };
        self.summary = format!("this change affects {} {noun}{before}{}{rest}", self.affected, names.join(", "));
        self
    }
}

/// How a device's settings differ; `None` when they do not.
#[must_use]
pub fn impact(before: Option<&Effective>, after: Option<&Effective>) -> Option<Impact> {
    match (before, after) {
        (None, None) => None,
        (None, Some(_)) => Some(Impact::Gains),
        (Some(_), None) => Some(Impact::Loses),
        (Some(before), Some(after)) => {
            (before.features != after.features || before.mode != after.mode).then_some(Impact::Changes)
        }
    }
}

impl Targets {
    /// Whether the policy addresses the device.
    #[must_use]
    pub fn address(&self, subject: &Subject<'_>) -> bool {
        let everybody = |names: &[String]| names.is_empty() || names.iter().any(|name| name.eq_ignore_ascii_case(ANY));
        let device = subject.device;
        (everybody(&self.roles)
            || self.roles.iter().any(|role| subject.roles.iter().any(|own| own.eq_ignore_ascii_case(role))))
            && (everybody(&self.users) || self.users.iter().any(|user| user.eq_ignore_ascii_case(&device.owner)))
            && (self.groups.is_empty() || self.groups.iter().any(|group| subject.groups.contains(group)))
            && (self.devices.is_empty() || self.devices.contains(&device.id))
            && self.ownership.is_none_or(|ownership| ownership == device.ownership)
    }

    fn check(&self) -> Result<(), Wrong> {
        let lists = [
            ("targets.roles", self.roles.len()),
            ("targets.users", self.users.len()),
            ("targets.groups", self.groups.len()),
            ("targets.devices", self.devices.len()),
        ];
        if let Some((field, _)) = lists.into_iter().find(|(_, length)| *length > MAX_TARGETS) {
            return Err(Wrong { field, why: format!("a policy names at most {MAX_TARGETS} of a kind") });
        }
        for (field, names) in [("targets.roles", &self.roles), ("targets.users", &self.users)] {
            for name in names {
                check_label("a name", name, MAX_NAME).map_err(|why| Wrong { field, why })?;
                if name.is_empty() {
                    return Err(Wrong { field, why: "a name has at least one character".to_owned() });
                }
            }
        }
        Ok(())
    }
}

/// A member of a policy that cannot be, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub field: &'static str,
    pub why: String,
}

/// Checks a policy and brings its features into the form they are sent in.
///
/// # Errors
/// The first member that cannot be.
pub fn check(new: &mut NewPolicy, device_type: &DeviceType) -> Result<(), Wrong> {
    if new.name.trim().is_empty() {
        return Err(Wrong { field: "name", why: "a policy needs a name".to_owned() });
    }
    check_label("a name", &new.name, MAX_NAME).map_err(|why| Wrong { field: "name", why })?;
    check_label("a description", &new.description, MAX_DESCRIPTION)
        .map_err(|why| Wrong { field: "description", why })?;
    check_label("a note", &new.note, MAX_DESCRIPTION).map_err(|why| Wrong { field: "note", why })?;
    new.targets.check()?;
    check_features(&mut new.features, device_type)
}

/// Checks the features of a policy against the type, and brings them into the form they are sent in.
///
/// # Errors
/// The first feature that cannot be.
pub fn check_features(features: &mut [PolicyFeature], device_type: &DeviceType) -> Result<(), Wrong> {
    let wrong = |why: String| Wrong { field: "features", why };
    if features.is_empty() || features.len() > MAX_FEATURES {
        return Err(wrong(format!("a policy has 1 to {MAX_FEATURES} features")));
    }
    let mut seen = BTreeSet::new();
    for given in features.iter_mut() {
        let known = device_type
            .feature(&given.code)
            .ok_or_else(|| wrong(format!("{} has no feature {:?}", device_type.name, given.code)))?;
        if known.payload == Payload::None || is_policy(&known.code) {
            return Err(wrong(format!("{} takes no content, so no policy can set it", known.code)));
        }
        given.code.clone_from(&known.code);
        if !seen.insert(known.code.as_str()) {
            return Err(wrong(format!("{} is there twice", known.code)));
        }
        let text = payload(given);
        let checked = known.payload.check(Some(&text)).map_err(|why| wrong(format!("{}: {why}", known.code)))?;
        if let (Some(checked), Json::String(content)) = (checked, &mut given.content) {
            *content = checked;
        }
    }
    let length = serde_json::to_string(features).map_or(usize::MAX, |json| json.len());
    if length > MAX_CONTENT {
        return Err(wrong(format!("the features of a policy have at most {MAX_CONTENT} bytes")));
    }
    Ok(())
}

/// A feature's content as the device gets it.
#[must_use]
pub fn payload(feature: &PolicyFeature) -> String {
    match &feature.content {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The policy that counts for a device: total, and the same in whatever order the policies come.
#[must_use]
pub fn effective(policies: &[Policy], subject: &Subject<'_>, evaluation: Evaluation) -> Option<Effective> {
    let mut fitting: Vec<&Policy> = policies
        .iter()
        .filter(|policy| policy.active && policy.device_type == subject.device.device_type)
        .filter(|policy| policy.definition.targets.address(subject))
        .collect();
    fitting.sort_unstable_by_key(|policy| (policy.priority, policy.number));
    let first = *fitting.first()?;
    let mut whole = Effective { policies: Vec::new(), mode: first.definition.mode, features: Vec::new() };
    let counting = match evaluation {
        Evaluation::First => fitting.get(..1).unwrap_or_default(),
        Evaluation::Merge => &fitting,
    };
    let mut spoken = BTreeSet::new();
    for policy in counting {
        let before = whole.features.len();
        for feature in &policy.definition.features {
            if spoken.insert(feature.code.as_str()) {
                whole.features.push(feature.clone());
            }
        }
        if whole.features.len() > before {
            whole.policies.push(policy.number);
        }
    }
    // In the order of the codes, so that the same settings are the same text.
    whole.features.sort_by(|one, other| one.code.cmp(&other.code));
    Some(whole)
}

/// The payload of a [`BUNDLE`]: `[{"code","type","id","isEnabled","payLoad"}]`, the contents as JSON in a string (the
/// Entgra Android agent).
#[must_use]
pub fn bundle(features: &[PolicyFeature]) -> String {
    let parts: Vec<_> = features
        .iter()
        .map(|feature| Part {
            code: &feature.code,
            kind: "PROFILE",
            id: 0,
            is_enabled: true,
            payload: payload(feature),
        })
        .collect();
    serde_json::to_string(&parts).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    code: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    id: u8,
    is_enabled: bool,
    #[serde(rename = "payLoad")]
    payload: String,
}

#[cfg(test)]
mod tests;
