//! Colours and shapes: one accent, and a shape beside every colour, since colours may be missing.
//!
//! Only the sixteen colours that every terminal has, so the person's own palette decides how they look.

use ratatui::style::{Color, Modifier, Style};

use crate::model::change::NoticeKind;
use crate::model::device::DeviceStatus;
use crate::model::operation::OperationStatus;

/// The one accent: titles, the selected tab, values in motion.
pub(crate) const ACCENT: Style = Style::new().fg(Color::Cyan);
/// Labels and everything that stands back.
pub(crate) const DIM: Style = Style::new().fg(Color::DarkGray);
pub(crate) const GOOD: Style = Style::new().fg(Color::Green);
pub(crate) const WARN: Style = Style::new().fg(Color::Yellow);
pub(crate) const BAD: Style = Style::new().fg(Color::Red);
pub(crate) const PLAIN: Style = Style::new();
pub(crate) const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
/// The selected row of the list in focus.
pub(crate) const SELECTED: Style = Style::new().fg(Color::Black).bg(Color::Cyan);
/// The line that says that the connection is lost.
pub(crate) const BANNER: Style = Style::new().fg(Color::Black).bg(Color::Yellow);

/// The shape and colour of a device's status.
pub(crate) const fn device(status: DeviceStatus) -> (&'static str, Style) {
    match status {
        DeviceStatus::Created => ("○", PLAIN),
        DeviceStatus::Active => ("●", GOOD),
        DeviceStatus::Inactive => ("◦", WARN),
        DeviceStatus::Unreachable => ("▲", BAD),
        DeviceStatus::Unclaimed => ("◊", DIM),
        DeviceStatus::Suspended => ("▪", WARN),
        DeviceStatus::Blocked => ("■", BAD),
        DeviceStatus::Removed => ("×", DIM),
        DeviceStatus::DisenrollmentRequested => ("◄", WARN),
    }
}

/// A device's status in small letters, for reading.
pub(crate) const fn device_word(status: DeviceStatus) -> &'static str {
    match status {
        DeviceStatus::Created => "created",
        DeviceStatus::Active => "active",
        DeviceStatus::Inactive => "inactive",
        DeviceStatus::Unreachable => "unreachable",
        DeviceStatus::Unclaimed => "unclaimed",
        DeviceStatus::Suspended => "suspended",
        DeviceStatus::Blocked => "blocked",
        DeviceStatus::Removed => "removed",
        DeviceStatus::DisenrollmentRequested => "leaving",
    }
}

/// The shape and colour of an operation's status.
pub(crate) const fn operation(status: OperationStatus) -> (&'static str, Style) {
    match status {
        OperationStatus::Pending => ("○", WARN),
        OperationStatus::InProgress => ("►", ACCENT),
        OperationStatus::Completed => ("●", GOOD),
        OperationStatus::Error => ("×", BAD),
        OperationStatus::Repeated => ("≡", DIM),
        OperationStatus::NotNow => ("◦", WARN),
        OperationStatus::Expired => ("▲", BAD),
        OperationStatus::Cancelled => ("–", DIM),
    }
}

/// An operation's status in small letters, for reading.
pub(crate) const fn operation_word(status: OperationStatus) -> &'static str {
    match status {
        OperationStatus::Pending => "pending",
        OperationStatus::InProgress => "in progress",
        OperationStatus::Completed => "completed",
        OperationStatus::Error => "error",
        OperationStatus::Repeated => "repeated",
        OperationStatus::NotNow => "not now",
        OperationStatus::Expired => "expired",
        OperationStatus::Cancelled => "cancelled",
    }
}

/// The word, shape and colour of what a notice is about.
pub(crate) const fn notice(kind: NoticeKind) -> (&'static str, &'static str, Style) {
    match kind {
        NoticeKind::Device => ("●", "device", PLAIN),
        NoticeKind::Operation => ("►", "operation", ACCENT),
        NoticeKind::Notification => ("▲", "notification", WARN),
        NoticeKind::Refused => ("■", "refused", BAD),
        NoticeKind::Daemon => ("◊", "pymd", DIM),
    }
}

/// Calm below 75 percent, a warning below 90, alarm above.
pub(crate) fn level(fraction: f64) -> Style {
    if fraction < 0.75 {
        ACCENT
    } else if fraction < 0.9 {
        WARN
    } else {
        BAD
    }
}
