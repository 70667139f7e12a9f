//! Links to what other pages are about.

use maud::{Markup, html};

use super::Ui;
use crate::model::actor::Scope;
use crate::model::device::Device;
use crate::model::id::DeviceId;
use crate::web::message::activity;

impl Ui {
    /// A device by its name, or by its identifier where it has none; one that is not `known` is gone, or not the
    /// person's to see.
    pub(in crate::web) fn device_link(&self, id: DeviceId, known: Option<&Device>) -> Markup {
        let Some(device) = known else {
            return html! { span.muted title=(id) { (self.t(activity::GONE_DEVICE)) } };
        };
        let name = device.called();
        html! { a href={ "/devices/" (id) } title={ (device.device_type) ":" (device.identifier) } { (name) } }
    }

    /// Whether the person may command devices: all of them, or their own.
    pub(in crate::web) fn may_command(&self) -> bool {
        self.may(Scope::Operate) || self.may(Scope::Own)
    }
}
