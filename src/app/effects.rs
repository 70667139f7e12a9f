//! What a transaction leads to beyond itself: gathered while it runs, told and pushed after its commit.

use super::App;
use super::downlink::Downlink;
use crate::model::change::NoticeKind;
use crate::model::device::Device;
use crate::model::id::DeviceId;
use crate::model::notification::Notification;
use crate::model::operation::Operation;
use crate::model::text::for_terminal;

/// What happened in a transaction that others should know.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Devices whose earlier credentials are void: what was opened with them ends.
    pub(super) shut: Vec<DeviceId>,
    /// Devices whose status changed because they were heard.
    pub(super) heard: Vec<Device>,
    /// Operations that came further.
    pub(super) progressed: Vec<Operation>,
    /// Operations that are new, and the devices they are for.
    pub(super) queued: Vec<(Device, Operation)>,
    /// Crossings of geofences that no notification tells of.
    pub(super) crossings: Vec<(DeviceId, String)>,
    /// Notifications that are new.
    pub(super) notifications: Vec<Notification>,
    /// Devices that violate a policy which is to be enforced.
    pub(super) violating: Vec<Device>,
}

impl App {
    /// Tells the watchers what was committed, and pushes the operations that are new.
    pub(super) async fn follow(&self, mut effects: Effects) {
        for device in &effects.shut {
            self.order(Downlink::Close { device: *device, forget: true }).await;
        }
        if !effects.violating.is_empty() {
            self.enforce(&mut effects).await;
        }
        for device in effects.heard {
            self.tell_changed(Some(device));
        }
        self.tell_all_progress(&effects.progressed);
        for (device, text) in effects.crossings {
            self.notice(NoticeKind::Device, Some(device), for_terminal(&text).into_owned());
        }
        for notification in effects.notifications {
            let text = for_terminal(&notification.text).into_owned();
            self.notice(NoticeKind::Notification, notification.device, text);
        }
        for (device, operation) in &effects.queued {
            self.sent(device, operation).await;
        }
    }
}
