//! `/devices/{id}`: one device, a tab for each of its sides.

mod application;
mod certificate;
mod location;
mod manage;
mod metric;
mod operation;
mod policy;
mod raw;
mod send;
mod summary;

use std::sync::Arc;

use maud::{Markup, html};

use super::call::Call;
use super::failure::Failure;
use super::message::{Message, device as words};
use super::routes::Route;
use super::ui::{Page, Tone, Ui};
use crate::model::actor::Scope;
use crate::model::device::{Device, DeviceStatus, Ownership};
use crate::model::device_detail::DeviceDetail;
use crate::model::device_type::DeviceType;

pub(super) fn routes() -> Vec<Route> {
    [
        summary::routes(),
        metric::routes(),
        location::routes(),
        application::routes(),
        policy::routes(),
        operation::routes(),
        send::routes(),
        certificate::routes(),
        manage::routes(),
        raw::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The device that a page is about.
struct Subject {
    ui: Ui,
    device: Device,
    /// Its type, unless it was deleted.
    kind: Option<Arc<DeviceType>>,
    online: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
    Summary,
    Metrics,
    Location,
    Applications,
    Policy,
    Operations,
    Certificates,
    Manage,
    Raw,
}

impl Tab {
    const ALL: [(Self, &'static str, Message); 9] = [
        (Self::Summary, "", words::TAB_OVERVIEW),
        (Self::Metrics, "/metrics", words::TAB_METRICS),
        (Self::Location, "/location", words::TAB_LOCATION),
        (Self::Applications, "/applications", words::TAB_APPLICATIONS),
        (Self::Policy, "/policy", words::TAB_POLICY),
        (Self::Operations, "/operations", words::TAB_OPERATIONS),
        (Self::Certificates, "/certificates", words::TAB_CERTIFICATES),
        (Self::Manage, "/manage", words::TAB_MANAGE),
        (Self::Raw, "/json", words::TAB_JSON),
    ];
}

impl Subject {
    async fn of(call: &Call) -> Result<Self, Failure> {
        let id = call.id(0, "device")?;
        let device = call.app().device(call.actor(), id).await?;
        let (kind, online) = (call.app().kind_of(&device), call.app().is_online(id));
        Ok(Self { ui: call.ui(), device, kind, online })
    }

    /// The same, of a device with all that is known of it.
    async fn detailed(call: &Call) -> Result<(Self, DeviceDetail), Failure> {
        let detail = call.app().device_detail(call.actor(), call.id(0, "device")?).await?;
        let (device, kind) = (detail.device.clone(), detail.kind.clone());
        Ok((Self { ui: call.ui(), device, kind, online: detail.online }, detail))
    }

    /// The address of the device's page, or of one of its tabs.
    fn path(&self, tab: &str) -> String {
        format!("/devices/{}{tab}", self.device.id)
    }

    /// The same of the API.
    fn api(&self, rest: &str) -> String {
        format!("/api/v1/devices/{}{rest}", self.device.id)
    }

    /// What people call it.
    fn name(&self) -> &str {
        self.device.called()
    }

    /// The title of its type.
    fn type_title(&self) -> &str {
        self.kind
            .as_ref()
            .map(|kind| kind.title.as_str())
            .filter(|title| !title.is_empty())
            .unwrap_or(&self.device.device_type)
    }

    /// Whether the person may command it, as far as the page can tell: the application decides.
    fn may_command(&self) -> bool {
        self.device.status != DeviceStatus::Removed && (self.ui.may(Scope::Operate) || self.ui.may(Scope::Own))
    }

    /// A page of one tab.
    fn page(&self, tab: Tab, content: &Markup) -> Page {
        let title = Tab::ALL.iter().find(|(other, _, _)| *other == tab).map_or("", |(_, _, title)| self.ui.t(*title));
        let title = if tab == Tab::Summary { self.name().to_owned() } else { format!("{} · {title}", self.name()) };
        self.ui.page_titled(title).body(html! { (self.head()) (self.tabs(tab)) (content) })
    }

    fn head(&self) -> Markup {
        let (ui, device) = (&self.ui, &self.device);
        html! {
            p.crumbs { a href="/devices" { (ui.t(words::ALL_DEVICES)) } " / " (self.type_title()) }
            div #device-head.page-head.device-head data-live={ "device:" (device.id) } {
                h1 { (self.name()) }
                (ui.device_status(device.status))
                (ui.badge(if self.online { Tone::Ok } else { Tone::Idle }, ui.t(if self.online { words::ONLINE } else { words::OFFLINE })))
                span.muted { (ui.t(words::LAST_SEEN)) " " (ui.ago_or_never(device.last_seen_at)) }
                @if !device.owner.is_empty() { span.muted { (ui.t(words::OWNED_BY)) " " b { (device.owner) } } }
                @if self.may_command() && device.status.may_receive() {
                    a.button.primary href=(self.path("/send")) { (ui.t(words::SEND)) }
                }
                @if device.status == DeviceStatus::Removed { p.warning { (ui.t(words::IS_REMOVED)) } }
            }
        }
    }

    fn tabs(&self, chosen: Tab) -> Markup {
        html! {
            nav aria-label=(self.ui.t(words::TABS)) {
                ul.tabs {
                    @for (tab, path, title) in Tab::ALL {
                        li { a href=(self.path(path)) aria-current=[(tab == chosen).then_some("page")] { (self.ui.t(title)) } }
                    }
                }
            }
        }
    }
}

/// What an ownership is called.
const fn ownership(ownership: Ownership) -> Message {
    match ownership {
        Ownership::Byod => words::BYOD,
        Ownership::Cope => words::COPE,
    }
}

/// Text of a device as JSON with lines, where it is JSON; else as it is. At most `most` bytes, and whether that is all.
fn readable(text: &str, most: usize) -> (String, bool) {
    let json = serde_json::from_str::<serde_json::Value>(text).ok().filter(|json| json.is_object() || json.is_array());
    let text = json.and_then(|json| serde_json::to_string_pretty(&json).ok()).unwrap_or_else(|| text.to_owned());
    let shown = crate::model::text::cut(&text, most);
    (shown.to_owned(), shown.len() == text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_readable_and_bounded() {
        assert_eq!(readable("{\"a\":1}", 100), ("{\n  \"a\": 1\n}".to_owned(), true));
        assert_eq!(readable("17", 100), ("17".to_owned(), true));
        assert_eq!(readable("<b>", 100), ("<b>".to_owned(), true));
        assert_eq!(readable(&"雪".repeat(10), 4), ("雪".to_owned(), false));
    }
}
