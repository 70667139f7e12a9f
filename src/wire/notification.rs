//! Notifications.

use serde::{Deserialize, Serialize};

pub use crate::model::notification::{Notification, NotificationKind};

/// The answer of `POST /notifications/check`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Checked {
    /// How many were ticked off.
    pub checked: usize,
}
