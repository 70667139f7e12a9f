//! `/notifications`: what a person has to see, and ticking it off.

use std::collections::HashMap;

use maud::{Markup, html};
use warp::http::Method;

use super::call::{Call, Redirect};
use super::failure::Failure;
use super::message::{Message, notification};
use super::routes::{Route, route};
use super::ui::{Page, Tone, Ui};
use crate::app::notification::NotificationKey;
use crate::model::device::Device;
use crate::model::id::{DeviceId, NotificationId};
use crate::model::notification::{Notification, NotificationFilter, NotificationKind};

const PATH: &str = "/notifications";
/// Notifications on a page.
const PAGE: u32 = 50;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, PATH, list),
        route(Method::POST, "/notifications/check", check_all),
        route(Method::POST, "/notifications/{id}/check", check),
    ]
}

async fn list(call: Call) -> Result<Page, Failure> {
    let ui = call.ui();
    let query = call.query();
    let all = query.has("all");
    let kind = query.filled("kind").and_then(NotificationKind::parse);
    let device: Option<DeviceId> = query.parsed("device")?;
    let offset = query.parsed("cursor")?.unwrap_or(0);
    let checked = if all { None } else { Some(false) };
    let filter = NotificationFilter { checked, device, kind, own_of: None };
    let page = call.app().notifications(call.actor(), filter, offset, PAGE).await?;
    let ids = page.items.iter().filter_map(|item| item.device).chain(device);
    let devices = call.app().known_devices(call.actor(), ids).await?;
    let asked = query.with("all", None).with("cursor", None);
    let api = api_address(all, kind, device);
    Ok(ui.page(notification::TITLE).curl("GET", &api).curl("POST", "/api/v1/notifications/check").body(html! {
        div.page-head {
            h1 { (ui.t(notification::TITLE)) }
            @if page.total > 0 && ui.may_command() {
                (ui.action_asked(
                    "/notifications/check",
                    notification::TICK_ALL,
                    "button",
                    ui.t(notification::TICK_ALL_ASK),
                ))
            }
            p.muted { (ui.t(notification::INTRO)) }
        }
        nav.tabs aria-label=(ui.t(notification::TITLE)) {
            a href=(asked.address(PATH)) aria-current=[(!all).then_some("page")] { (ui.t(notification::OPEN)) }
            a href=(asked.and("all", "1").address(PATH)) aria-current=[all.then_some("page")] {
                (ui.t(notification::ALL))
            }
        }
        nav.facets aria-label=(ui.t(notification::KIND)) {
            @let plain = query.with("kind", None).with("cursor", None);
            a href=(plain.address(PATH)) aria-current=[kind.is_none().then_some("true")] {
                (ui.t(notification::ANY_KIND))
            }
            @for one in NotificationKind::ALL {
                a href=(plain.and("kind", one.name()).address(PATH))
                    aria-current=[(kind == Some(one)).then_some("true")] { (ui.t(kind_name(one))) }
            }
            @if let Some(device) = device {
                span { (ui.t(notification::DEVICE)) ": " (ui.device_link(device, devices.get(&device))) }
                a href=(query.with("device", None).with("cursor", None).address(PATH)) {
                    (ui.t(notification::EVERY_DEVICE))
                }
            }
        }
        section #list data-live="notifications" {
            @if page.items.is_empty() {
                (nothing(&ui, !all && kind.is_none() && device.is_none()))
            } @else {
                p.muted { (ui.count(page.total, notification::FOUND_ONE, notification::FOUND)) }
                (table(&ui, &page.items, &devices))
                (ui.pager(page.next.as_deref()))
            }
        }
    }))
}

fn nothing(ui: &Ui, quiet: bool) -> Markup {
    if quiet {
        ui.empty(notification::NOTHING_OPEN, notification::NOTHING_OPEN_HINT, None)
    } else {
        ui.empty(notification::NOTHING, notification::NOTHING_HINT, Some((PATH, notification::OPEN)))
    }
}

fn table(ui: &Ui, items: &[Notification], devices: &HashMap<DeviceId, Device>) -> Markup {
    html! {
        (ui.scroll(ui.t(notification::TITLE), html! {
            table.list {
                thead {
                    tr {
                        th scope="col" { (ui.t(notification::TEXT)) }
                        th scope="col" { (ui.t(notification::KIND)) }
                        th scope="col" { (ui.t(notification::DEVICE)) }
                        th scope="col" { (ui.t(notification::AT)) }
                        th scope="col" { span.sr { (ui.t(notification::TICK)) } }
                    }
                }
                tbody {
                    @for item in items { (row(ui, item, devices)) }
                }
            }
        }))
    }
}

fn row(ui: &Ui, item: &Notification, devices: &HashMap<DeviceId, Device>) -> Markup {
    html! {
        tr #{ "n" (item.number) } data-row {
            td.wide {
                (item.text)
                @if let Some(number) = item.operation {
                    " " a href={ "/activities/" (number) } { (ui.fill(notification::OPERATION, &[&number])) }
                }
            }
            td { (ui.badge(tone(item.kind), ui.t(kind_name(item.kind)))) }
            td { @if let Some(device) = item.device { (ui.device_link(device, devices.get(&device))) } }
            td { (ui.ago(item.at)) }
            td {
                @if let Some(at) = item.checked_at {
                    span.muted {
                        (ui.time(at)) " "
                        (ui.fill(notification::TICKED_BY, &[&item.checked_by.as_deref().unwrap_or_default()]))
                    }
                } @else if ui.may_command() {
                    (ui.form_classed(&format!("/notifications/{}/check", item.id), "inline", html! {
                        input type="hidden" name="back" value=(ui.query().address(PATH));
                        button.button.quiet.small { (ui.t(notification::TICK)) }
                    }))
                }
            }
        }
    }
}

async fn check(call: Call) -> Result<Redirect, Failure> {
    let id: NotificationId = call.id(0, "notification")?;
    call.app().check_notification(call.actor(), NotificationKey::Id(id)).await?;
    Ok(call.redirect(call.form().get("back").unwrap_or(PATH)).saying(notification::TICKED))
}

async fn check_all(call: Call) -> Result<Redirect, Failure> {
    let count = call.app().check_notifications(call.actor()).await?;
    let said = call.ui().fill(notification::TICKED_ALL, &[&count]);
    Ok(call.redirect(PATH).saying_text(said))
}

const fn kind_name(kind: NotificationKind) -> Message {
    match kind {
        NotificationKind::Operation => notification::OF_OPERATION,
        NotificationKind::Compliance => notification::OF_COMPLIANCE,
        NotificationKind::Geofence => notification::OF_GEOFENCE,
        NotificationKind::Device => notification::OF_DEVICE,
        NotificationKind::Daemon => notification::OF_DAEMON,
    }
}

const fn tone(kind: NotificationKind) -> Tone {
    match kind {
        NotificationKind::Operation | NotificationKind::Daemon => Tone::Bad,
        NotificationKind::Compliance => Tone::Warn,
        NotificationKind::Geofence | NotificationKind::Device => Tone::Info,
    }
}

fn api_address(all: bool, kind: Option<NotificationKind>, device: Option<DeviceId>) -> String {
    let mut parts = Vec::new();
    if !all {
        parts.push("checked=false".to_owned());
    }
    parts.extend(kind.map(|kind| format!("kind={}", kind.name())));
    parts.extend(device.map(|device| format!("device={device}")));
    let query = if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) };
    format!("/api/v1/notifications{query}")
}
