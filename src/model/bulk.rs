//! Doing one thing to many devices: which, what, and what is known of it beforehand.

use super::device::{DeviceFilter, DeviceStatus};
use super::id::{ActivityId, DeviceId, GroupId};
use super::operation::OperationKind;
use super::timestamp::Timestamp;

/// The most devices that something is done to at once.
pub const MAX_BULK: usize = super::operation::MAX_ACTIVITY_DEVICES;

/// Which devices are meant.
#[derive(Clone, Debug)]
pub enum Selection {
    /// These, at most [`MAX_BULK`].
    Devices(Vec<DeviceId>),
    /// All that fit, at most [`MAX_BULK`].
    Filter(Box<DeviceFilter>),
}

/// What is to be done to each of them.
#[derive(Clone, Debug)]
pub enum BulkAction {
    Send(BulkSend),
    /// Adds tags and takes others off.
    Tag {
        add: Vec<String>,
        remove: Vec<String>,
    },
    /// Puts them into a group that is filled by hand.
    Join(GroupId),
    /// Takes them out of such a group.
    Leave(GroupId),
    Suspend,
    /// Ends a suspension.
    Resume,
    Remove,
}

/// One operation for all of them, as one activity.
#[derive(Clone, Debug, Default)]
pub struct BulkSend {
    /// The code of a feature of the devices' types; types without it are left out.
    pub code: String,
    /// `None` takes the kind that the feature declares.
    pub kind: Option<OperationKind>,
    pub payload: Option<String>,
    pub expires_at: Option<Timestamp>,
}

/// What an action would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// How many devices are meant.
    pub devices: u64,
    /// How many of them it can be done to.
    pub able: u64,
    /// By type: how many are meant, and how many of them it can be done to.
    pub types: Vec<TypeShare>,
    /// Why it cannot be done to the others, the most frequent reason first.
    pub left_out: Vec<LeftOut>,
    /// Stands for the very devices it can be done to: the same as long as these are the same.
    pub mark: String,
}

/// A type's part of a preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeShare {
    pub device_type: String,
    pub devices: u64,
    pub able: u64,
}

/// Devices that an action leaves out for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub why: Why,
    pub devices: u64,
    /// The names of some of them.
    pub examples: Vec<String>,
}

/// Why a device is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It stands where the action makes no sense.
    Status(DeviceStatus),
    /// Its type, this one, does not know the operation.
    NoOperation(String),
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => write!(f, "is {}", status.name()),
            Self::NoOperation(device_type) => write!(f, "the type {device_type} has no such operation"),
        }
    }
}

/// How an action went.
#[derive(Clone, Debug)]
pub enum Carried {
    /// Nothing was done: other devices are meant now than in the preview.
    Changed(Preview),
    Done(BulkDone),
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkDone {
    /// How many devices it was done to.
    pub devices: u64,
    /// How many of them it changed.
    pub changed: u64,
    /// How many of those meant were left out.
    pub left_out: u64,
    /// What was sent: the activity and its number.
    pub activity: Option<(ActivityId, i64)>,
}

impl BulkAction {
    /// Whether the status lets it be done to a device; a suspension by a policy is judged by the caller.
    #[must_use]
    pub const fn may_reach(&self, status: DeviceStatus) -> bool {
        match self {
            Self::Send(_) => status.may_receive(),
            Self::Tag { .. } | Self::Join(_) | Self::Leave(_) | Self::Remove => {
                !matches!(status, DeviceStatus::Removed)
            }
            // A block is more than a suspension.
            Self::Suspend => !matches!(status, DeviceStatus::Removed | DeviceStatus::Blocked | DeviceStatus::Suspended),
            Self::Resume => matches!(status, DeviceStatus::Suspended),
        }
    }
}
