//! An activity (one operation sent to many devices) and its operations (one a device).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::{ActivityId, DeviceId, OperationId};
use super::timestamp::Timestamp;

/// What an operation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OperationKind {
    /// Do something now. An identical pending one is merged.
    Command,
    /// Take a setting.
    Config,
    /// Take a profile: a setting with content.
    Profile,
    /// Take a whole policy.
    Policy,
}

impl OperationKind {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Command => "COMMAND",
            Self::Config => "CONFIG",
            Self::Profile => "PROFILE",
            Self::Policy => "POLICY",
        }
    }

    /// The kind of that name, in any letter case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Command, Self::Config, Self::Profile, Self::Policy]
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(text))
    }
}

/// How far an operation has come on one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OperationStatus {
    /// Waiting for the device to take it.
    Pending,
    /// The device has it and has not answered.
    InProgress,
    /// Done.
    Completed,
    /// The device could not do it.
    Error,
    /// The same command was pending already; that one does the work.
    Repeated,
    /// The device will do it later.
    #[serde(rename = "NOTNOW")]
    NotNow,
    /// Its time ran out before the device answered.
    Expired,
    /// An operator took it back.
    Cancelled,
}

impl OperationStatus {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::InProgress,
        Self::Completed,
        Self::Error,
        Self::Repeated,
        Self::NotNow,
        Self::Expired,
        Self::Cancelled,
    ];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Error => "ERROR",
            Self::Repeated => "REPEATED",
            Self::NotNow => "NOTNOW",
            Self::Expired => "EXPIRED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The status of that name, in any letter case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(text))
    }

    /// Whether nothing more is expected of the device.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Error | Self::Repeated | Self::Expired | Self::Cancelled)
    }

    /// What waits for its device.
    pub const WAITING: [Self; 3] = [Self::Pending, Self::InProgress, Self::NotNow];

    /// Whether it ended without success: such an operation may be sent again.
    #[must_use]
    pub const fn may_be_retried(self) -> bool {
        matches!(self, Self::Error | Self::Expired | Self::Cancelled)
    }

    /// Whether a device may report `next` for an operation that stands at `self`.
    /// Reporting the same status again is allowed and changes nothing, since devices repeat their reports.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        if self.is_final() {
            return false;
        }
        matches!(next, Self::Pending | Self::InProgress | Self::Completed | Self::Error | Self::Repeated | Self::NotNow)
    }
}

/// The most devices one activity may go to.
pub const MAX_ACTIVITY_DEVICES: usize = 10_000;
/// The most bytes of an operation's payload.
pub const MAX_PAYLOAD: usize = 64 * 1024;
/// The most responses kept of an operation; further ones are left out.
pub const MAX_RESPONSES: u32 = 20;
/// The most bytes kept of a device's response; the rest is cut off.
pub const MAX_RESPONSE: usize = 64 * 1024;

/// What an operator asks for: one operation, for many devices.
#[derive(Clone, Debug)]
pub struct NewActivity {
    /// The code of a feature of the devices' type.
    pub code: String,
    /// `None` takes the kind that the feature declares.
    pub kind: Option<OperationKind>,
    /// Text, or JSON as text; at most [`MAX_PAYLOAD`] bytes.
    pub payload: Option<String>,
    /// 1 to [`MAX_ACTIVITY_DEVICES`].
    pub devices: Vec<DeviceId>,
    /// When the operation is given up; `None` never.
    pub expires_at: Option<Timestamp>,
}

/// One operation sent to many devices.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Activity {
    pub id: ActivityId,
    /// The integer of the Entgra API (`ACTIVITY_n`), and the operation id that agents see; dense, from 1.
    pub number: i64,
    pub code: String,
    pub kind: OperationKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    pub initiated_by: String,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Its operations, one a device, in the order of their creation.
    pub operations: Vec<Operation>,
}

/// An activity without its operations: how many of them stand where.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ActivitySummary {
    pub id: ActivityId,
    /// As [`Activity::number`].
    pub number: i64,
    pub code: String,
    pub kind: OperationKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    pub initiated_by: String,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Operations by status; statuses none has are absent.
    pub counts: BTreeMap<OperationStatus, u64>,
}

impl ActivitySummary {
    /// How many devices it goes to.
    #[must_use]
    pub fn devices(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many of its operations have not ended.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.counts.iter().filter(|(status, _)| !status.is_final()).map(|(_, count)| count).sum()
    }
}

/// One activity's part for one device.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Operation {
    pub id: OperationId,
    pub activity: ActivityId,
    /// The activity's number: what the device knows the operation by.
    pub number: i64,
    pub device: DeviceId,
    pub code: String,
    pub kind: OperationKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    pub status: OperationStatus,
    /// In words, why it stands where it stands: "waiting for the device to connect", "merged into activity 7".
    pub reason: String,
    pub initiated_by: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When it was last handed to the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    pub responses: Vec<Response>,
}

/// One answer of a device to an operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Response {
    pub at: Timestamp,
    pub status: OperationStatus,
    /// At most [`MAX_RESPONSE`] bytes.
    pub text: String,
}

/// What a device reports of an operation.
#[derive(Clone, Debug)]
pub struct Report {
    /// [`Operation::number`].
    pub number: i64,
    pub status: OperationStatus,
    pub response: Option<String>,
}

/// Which activities a list holds: every given condition must hold, those on devices and operations for one operation.
#[derive(Clone, Debug, Default)]
pub struct ActivityFilter {
    pub code: Option<String>,
    pub kind: Option<OperationKind>,
    pub initiated_by: Option<String>,
    /// Made at or after this time, and before that one.
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Those of these numbers; empty means every one.
    pub numbers: Vec<i64>,
    pub device_type: Option<String>,
    pub device: Option<DeviceId>,
    /// Any of these; empty means every status.
    pub statuses: Vec<OperationStatus>,
    /// An operation came further at or after this time.
    pub since: Option<Timestamp>,
    /// Only what concerns devices that are this person's own, and only the operations on these; set by the application.
    pub own_of: Option<String>,
}

/// Which operations a list holds.
#[derive(Clone, Debug, Default)]
pub struct OperationFilter {
    pub device: Option<DeviceId>,
    /// Those of the activity of this number.
    pub activity: Option<i64>,
    pub statuses: Vec<OperationStatus>,
    pub code: Option<String>,
    pub initiated_by: Option<String>,
    pub updated_since: Option<Timestamp>,
    /// Only of devices that are this person's own.
    pub own_of: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_final_status_stays() {
        for from in OperationStatus::ALL {
            for to in OperationStatus::ALL {
                assert!(!(from.is_final() && from.may_become(to)), "{from:?} became {to:?}");
            }
            assert_eq!(OperationStatus::parse(from.name()), Some(from));
            assert_eq!(serde_json::to_value(from).unwrap(), from.name());
        }
        assert!(OperationStatus::Pending.may_become(OperationStatus::Completed));
        assert!(!OperationStatus::Pending.may_become(OperationStatus::Cancelled), "only an operator cancels");
    }
}
