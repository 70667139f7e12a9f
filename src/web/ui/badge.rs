//! How something stands, in a word, a colour and a shape.

use maud::{Markup, html};

use super::Ui;
use crate::model::device::DeviceStatus;
use crate::model::operation::OperationStatus;
use crate::web::message::{Message, general};

/// How something stands, whatever it is; each has a colour and a shape of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum Tone {
    /// Fine: a disc.
    Ok,
    /// To be looked at: a triangle.
    Warn,
    /// Wrong: a cross.
    Bad,
    /// Nothing happens: a ring.
    Idle,
    /// Under way: a half disc.
    Info,
}

impl Tone {
    /// The word of the style sheet.
    pub(in crate::web) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Idle => "idle",
            Self::Info => "info",
        }
    }

    /// The shape, in a square of ten units.
    const fn shape(self) -> &'static str {
        match self {
            Self::Ok => "M5 1a4 4 0 1 0 .01 0z",
            Self::Warn => "M5 .5 9.8 9H.2z",
            Self::Bad => "M2 .6 5 3.6 8 .6 9.4 2 6.4 5l3 3L8 9.4 5 6.4 2 9.4.6 8l3-3-3-3z",
            Self::Idle => "M5 1a4 4 0 1 0 .01 0zM5 2.6a2.4 2.4 0 1 1-.01 0z",
            Self::Info => "M5 1a4 4 0 1 0 .01 0zM5 2.6a2.4 2.4 0 0 0 0 4.800z",
        }
    }

    /// The tone of a device's status.
    pub(in crate::web) const fn of_device(status: DeviceStatus) -> Self {
        match status {
            DeviceStatus::Active => Self::Ok,
            DeviceStatus::Unreachable | DeviceStatus::DisenrollmentRequested => Self::Warn,
            DeviceStatus::Blocked | DeviceStatus::Suspended => Self::Bad,
            DeviceStatus::Created | DeviceStatus::Unclaimed => Self::Info,
            DeviceStatus::Inactive | DeviceStatus::Removed => Self::Idle,
        }
    }

    /// The tone of an operation's status.
    pub(in crate::web) const fn of_operation(status: OperationStatus) -> Self {
        match status {
            OperationStatus::Completed => Self::Ok,
            OperationStatus::Expired | OperationStatus::NotNow => Self::Warn,
            OperationStatus::Error => Self::Bad,
            OperationStatus::Pending | OperationStatus::InProgress => Self::Info,
            OperationStatus::Repeated | OperationStatus::Cancelled => Self::Idle,
        }
    }
}

impl Ui {
    /// A word with the colour and the shape of its tone.
    #[expect(clippy::unused_self, reason = "as the other components")]
    pub(in crate::web) fn badge(&self, tone: Tone, text: &str) -> Markup {
        html! {
            span.badge data-tone=(tone.name()) {
                svg.shape viewBox="0 0 10 10" aria-hidden="true" { path d=(tone.shape()) {} }
                (text)
            }
        }
    }

    /// A device's status.
    pub(in crate::web) fn device_status(&self, status: DeviceStatus) -> Markup {
        self.badge(Tone::of_device(status), self.t(device_status(status)))
    }

    /// An operation's status.
    pub(in crate::web) fn operation_status(&self, status: OperationStatus) -> Markup {
        self.badge(Tone::of_operation(status), self.t(operation_status(status)))
    }
}

/// What a device's status is called.
pub(in crate::web) const fn device_status(status: DeviceStatus) -> Message {
    match status {
        DeviceStatus::Created => general::STATUS_CREATED,
        DeviceStatus::Active => general::STATUS_ACTIVE,
        DeviceStatus::Inactive => general::STATUS_INACTIVE,
        DeviceStatus::Unreachable => general::STATUS_UNREACHABLE,
        DeviceStatus::Unclaimed => general::STATUS_UNCLAIMED,
        DeviceStatus::Suspended => general::STATUS_SUSPENDED,
        DeviceStatus::Blocked => general::STATUS_BLOCKED,
        DeviceStatus::Removed => general::STATUS_REMOVED,
        DeviceStatus::DisenrollmentRequested => general::STATUS_DISENROLLMENT_REQUESTED,
    }
}

/// What an operation's status is called.
pub(in crate::web) const fn operation_status(status: OperationStatus) -> Message {
    match status {
        OperationStatus::Pending => general::OPERATION_PENDING,
        OperationStatus::InProgress => general::OPERATION_IN_PROGRESS,
        OperationStatus::Completed => general::OPERATION_COMPLETED,
        OperationStatus::Error => general::OPERATION_ERROR,
        OperationStatus::Repeated => general::OPERATION_REPEATED,
        OperationStatus::NotNow => general::OPERATION_NOT_NOW,
        OperationStatus::Expired => general::OPERATION_EXPIRED,
        OperationStatus::Cancelled => general::OPERATION_CANCELLED,
    }
}
