//! A notification: something about the site that a person has to see and tick off.

use serde::{Deserialize, Serialize};

use super::id::{DeviceId, NotificationId};
use super::timestamp::Timestamp;

/// The most bytes of a notification's text.
pub const MAX_TEXT: usize = 1000;
/// The most notifications kept; older ones are forgotten.
pub const MAX_NOTIFICATIONS: i64 = 10_000;

/// Something a person has to see.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Notification {
    pub id: NotificationId,
    /// The integer that clients of the Entgra API know it by; dense, from 1.
    pub number: i64,
    pub at: Timestamp,
    pub kind: NotificationKind,
    /// The device it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// The number of the operation it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<i64>,
    /// A sentence; what devices say in it is theirs, so it is shown as text and nothing else.
    pub text: String,
    /// When somebody ticked it off, and who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_by: Option<String>,
}

/// What a notification is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotificationKind {
    /// A device could not do what it was told.
    Operation,
    /// A device does not comply with its policy, or does again.
    Compliance,
    /// A device crossed a geofence.
    Geofence,
    /// Something else about a device.
    Device,
    /// The daemon itself.
    Daemon,
}

impl NotificationKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Operation, Self::Compliance, Self::Geofence, Self::Device, Self::Daemon];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operation => "operation",
            Self::Compliance => "compliance",
            Self::Geofence => "geofence",
            Self::Device => "device",
            Self::Daemon => "daemon",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

/// Which notifications a list holds.
#[derive(Clone, Debug, Default)]
pub struct NotificationFilter {
    /// Those ticked off, or those not; `None` is both.
    pub checked: Option<bool>,
    pub device: Option<DeviceId>,
    pub kind: Option<NotificationKind>,
    /// Only those about devices that are this person's own; set by the application.
    pub own_of: Option<String>,
}
