//! A device and its enrollment.

use serde::{Deserialize, Serialize};

use super::id::{DeviceId, EnrollmentId, GroupId};
use super::query::{Compliance, Field, Query};
use super::timestamp::Timestamp;

/// The most status changes kept of a device; older ones are forgotten.
pub const MAX_STATUS_CHANGES: i64 = 1000;

/// Where a device stands (the statuses of the Entgra data model).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeviceStatus {
    /// Known, but it has never spoken.
    Created,
    /// Enrolled, and heard of lately.
    Active,
    /// Silent for longer than the inactivity time.
    Inactive,
    /// Its connection ended, or it was silent for longer than the reach time.
    Unreachable,
    /// Claimable, and not yet claimed.
    Unclaimed,
    /// Set aside by an operator; it may speak but receives nothing.
    Suspended,
    /// Shut out by an operator.
    Blocked,
    /// No longer managed; the record stays.
    Removed,
    /// An operator asked it to leave, and it has not answered yet.
    DisenrollmentRequested,
}

impl DeviceStatus {
    /// Every status, in the order people read them.
    pub const ALL: [Self; 9] = [
        Self::Created,
        Self::Active,
        Self::Inactive,
        Self::Unreachable,
        Self::Unclaimed,
        Self::Suspended,
        Self::Blocked,
        Self::Removed,
        Self::DisenrollmentRequested,
    ];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Unreachable => "UNREACHABLE",
            Self::Unclaimed => "UNCLAIMED",
            Self::Suspended => "SUSPENDED",
            Self::Blocked => "BLOCKED",
            Self::Removed => "REMOVED",
            Self::DisenrollmentRequested => "DISENROLLMENT_REQUESTED",
        }
    }

    /// The status of that name, in any letter case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(text))
    }

    /// Whether the device may use its tokens.
    #[must_use]
    pub const fn may_speak(self) -> bool {
        !matches!(self, Self::Blocked | Self::Removed)
    }

    /// Whether operations may be sent to the device.
    #[must_use]
    pub const fn may_receive(self) -> bool {
        !matches!(self, Self::Blocked | Self::Removed | Self::Suspended)
    }

    /// The status after the device was heard, where that changes it.
    #[must_use]
    pub const fn heard(self) -> Option<Self> {
        match self {
            Self::Created | Self::Inactive | Self::Unreachable => Some(Self::Active),
            _ => None,
        }
    }
}

/// Whose a device is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Ownership {
    /// Bring your own device: a person's.
    #[default]
    Byod,
    /// Corporate owned, personally enabled: the organisation's.
    Cope,
}

impl Ownership {
    /// Every ownership.
    pub const ALL: [Self; 2] = [Self::Byod, Self::Cope];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Byod => "BYOD",
            Self::Cope => "COPE",
        }
    }

    /// The ownership of that name, in any letter case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ownership| ownership.name().eq_ignore_ascii_case(text))
    }
}

/// A device with its current enrollment.
#[derive(Clone, Debug)]
pub struct Device {
    pub id: DeviceId,
    /// The integer that clients of the Entgra API know the device by; dense, from 1.
    pub number: i64,
    pub device_type: String,
    /// What the device calls itself; unique within its type, 1 to 300 bytes, see [`super::text::check_identifier`].
    pub identifier: String,
    pub name: String,
    pub description: String,
    pub owner: String,
    pub ownership: Ownership,
    pub status: DeviceStatus,
    pub enrolled_at: Timestamp,
    pub updated_at: Timestamp,
    /// When the device was last heard, over any door.
    pub last_seen_at: Option<Timestamp>,
}

impl Device {
    /// What people call it: its name, or its identifier where it has none.
    #[must_use]
    pub fn called(&self) -> &str {
        if self.name.is_empty() { &self.identifier } else { &self.name }
    }
}

/// What a device (or an operator for it) says when it enrolls.
#[derive(Clone, Debug, Default)]
pub struct NewDevice {
    pub device_type: String,
    pub identifier: String,
    pub name: String,
    pub description: String,
    /// Defaults to the actor's owner name.
    pub owner: Option<String>,
    pub ownership: Ownership,
    pub properties: Vec<Property>,
}

/// One fact a device tells about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Property {
    /// 1 to 100 bytes.
    pub name: String,
    /// At most 4,096 bytes.
    pub value: String,
}

/// What people write down about a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// 1 to [`MAX_NOTE`] bytes, of several lines.
    pub text: String,
    /// Who wrote it last.
    pub by: String,
    pub at: Timestamp,
}

/// The most bytes of a note.
pub const MAX_NOTE: usize = 4096;

/// One enrollment of a device: from when to when, and whose it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Enrollment {
    pub id: EnrollmentId,
    pub owner: String,
    pub ownership: Ownership,
    pub enrolled_at: Timestamp,
    /// `None` for the current enrollment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// One change of a device's status.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StatusChange {
    pub at: Timestamp,
    /// `None` for the first status.
    pub from: Option<DeviceStatus>,
    pub to: DeviceStatus,
    /// Who or what changed it: a principal, or `system`.
    pub by: String,
    /// In words: "enrolled", "silent for 600 s", "connection ended".
    pub reason: String,
}

/// Which devices a list holds: every given condition must hold.
#[derive(Clone, Debug, Default)]
pub struct DeviceFilter {
    pub device_type: Option<String>,
    /// Any of these; empty means every status but REMOVED, unless the query names statuses.
    pub statuses: Vec<DeviceStatus>,
    pub group: Option<GroupId>,
    pub owner: Option<String>,
    /// Part of the owner's name, in any letter case.
    pub owner_part: Option<String>,
    /// A role of the owner.
    pub owner_role: Option<String>,
    pub ownership: Option<Ownership>,
    /// How it stands to its policy.
    pub compliance: Option<Compliance>,
    /// Part of the name or the identifier, in any letter case.
    pub text: Option<String>,
    /// What fits these words.
    pub query: Option<Query>,
    /// Changed at or after this time.
    pub updated_since: Option<Timestamp>,
    /// Only what the person of that name may see as their own: devices they own, and those of groups that are shared
    /// with a role of theirs. Set by the application, for callers who may not see every device.
    pub own_of: Option<String>,
}

impl DeviceFilter {
    /// Whether removed devices are left out because nobody asks for a status.
    #[must_use]
    pub fn leaves_removed_out(&self) -> bool {
        self.statuses.is_empty() && !self.query.as_ref().is_some_and(|query| query.names(&Field::Status))
    }
}

/// What a device list is sorted by; ties by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceSort {
    #[default]
    Name,
    Identifier,
    Type,
    Status,
    Owner,
    EnrolledAt,
    LastSeen,
}

impl DeviceSort {
    /// Every sort key.
    pub const ALL: [Self; 7] =
        [Self::Name, Self::Identifier, Self::Type, Self::Status, Self::Owner, Self::EnrolledAt, Self::LastSeen];

    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Identifier => "identifier",
            Self::Type => "type",
            Self::Status => "status",
            Self::Owner => "owner",
            Self::EnrolledAt => "enrolled_at",
            Self::LastSeen => "last_seen",
        }
    }

    /// The sort key of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.name() == text)
    }
}

/// Where a page of a list starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageStart {
    /// After the row that this opaque cursor names; `None` is the beginning.
    Cursor(Option<String>),
    /// After this many rows (the Entgra API pages so).
    Offset(u32),
}

/// Which page of a list, and in which order.
#[derive(Clone, Debug)]
pub struct DevicePage {
    pub sort: DeviceSort,
    pub descending: bool,
    pub start: PageStart,
    /// 1 to [`MAX_PAGE`](super::page::MAX_PAGE).
    pub limit: u32,
}
