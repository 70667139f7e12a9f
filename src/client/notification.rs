//! Notifications.

use super::request::{Call, paging, segment, with_query};
use super::{Client, DeviceKey, Error};
use crate::wire::Page;
use crate::wire::notification::{Checked, Notification};

/// Which notifications to list, and which page. The newest come first.
#[derive(Clone, Debug, Default)]
pub struct NotificationQuery {
    /// Those ticked off, or those not; `None` is both.
    pub checked: Option<bool>,
    pub device: Option<DeviceKey>,
    pub limit: Option<u32>,
    /// [`Page::next`] of the page before.
    pub cursor: Option<String>,
}

impl NotificationQuery {
    fn path(&self) -> String {
        let checked = self.checked.iter().map(|checked| ("checked", checked.to_string()));
        let device = self.device.iter().map(|device| ("device", device.to_string()));
        let page = paging(self.limit, self.cursor.as_deref());
        with_query("/api/v1/notifications", checked.chain(device).chain(page))
    }
}

impl Client {
    /// One page of the notifications that `query` asks for.
    pub async fn notifications(&self, query: &NotificationQuery) -> Result<Page<Notification>, Error> {
        self.fetch(Call::get(query.path())).await
    }

    /// Ticks off the notification with that id or number.
    pub async fn check_notification(&self, id: &str) -> Result<Notification, Error> {
        self.fetch(Call::post(format!("/api/v1/notifications/{}/check", segment(id)))).await
    }

    /// Ticks off every notification. Returns how many there were.
    pub async fn check_notifications(&self) -> Result<Checked, Error> {
        self.fetch(Call::post("/api/v1/notifications/check")).await
    }
}
