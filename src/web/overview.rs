//! `/`: how the devices, the work and the board stand. Every tile leads to the list behind it.

mod board;

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::call::Call;
use super::failure::Failure;
use super::message::overview;
use super::routes::{Route, route};
use super::ui::{Tone, Ui};
use crate::model::actor::Scope;
use crate::model::change::{Change, NoticeKind};
use crate::model::compliance::ComplianceCounts;
use crate::model::device::DeviceStatus;
use crate::model::host::{HostPoint, Status};
use crate::model::timestamp::Timestamp;

/// How many of the latest notices are shown.
const RECENT: usize = 12;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/", show)]
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let ui = call.ui();
    let status = call.app().status(call.actor()).await?;
    let compliance = Failure::allowed(call.app().compliance_counts(call.actor()).await)?;
    // Who may see their own devices alone sees nothing of the board and of the site.
    let history = Failure::allowed(call.app().host_history(call.actor()))?;
    let host = Failure::allowed(call.app().host(call.actor()))?;
    let notices = Failure::allowed(call.app().notices(call.actor()))?;
    let now = call.app().clock().now();
    let total: u64 = status
        .counts
        .devices
        .iter()
        .filter(|(status, _)| **status != DeviceStatus::Removed)
        .map(|(_, count)| count)
        .sum();
    let body = html! {
        div.page-head { h1 { (ui.t(overview::TITLE)) } }
        @if total == 0 {
            (ui.empty(overview::NO_DEVICES, overview::NO_DEVICES_HINT, ui.may(Scope::Enroll).then_some(("/enroll/device", overview::ENROLL))))
        }
        section #work.tiles data-live="devices operations notifications telemetry host" {
            (work(&ui, &status, total, compliance, history.as_deref(), now))
        }
        @if let (Some(host), Some(history)) = (host, &history) {
            h2 { (ui.t(overview::BOARD)) " " span.muted { (host.model) } }
            section #board.tiles data-live="host" { (board::draw(&ui, &host, history, now)) }
        }
        @if let Some(notices) = notices {
            h2 { (ui.t(overview::RECENT)) }
            section #recent data-live="devices operations notifications" {
                @if notices.is_empty() { p.muted { (ui.t(overview::QUIET)) } }
                ol.timeline { @for change in notices.iter().filter(|change| is_news(change)).take(RECENT) { (notice(&ui, change)) } }
            }
        }
    };
    Ok(ui.page(overview::TITLE).curl("GET", "/api/v1/status").curl("GET", "/api/v1/host").body(body))
}

fn work(
    ui: &Ui,
    status: &Status,
    total: u64,
    compliance: Option<ComplianceCounts>,
    history: Option<&[HostPoint]>,
    now: Timestamp,
) -> Markup {
    let counts = &status.counts;
    let failed = counts.operations_failed_last_day;
    html! {
        div.tile.wide {
            h3 { a href="/devices" { (ui.t(overview::DEVICES)) } }
            p.value { (total) }
            p.muted { (ui.fill(overview::ONLINE, &[&counts.online])) }
            ul.breakdown {
                @for (status, count) in &counts.devices {
                    li { a href={ "/devices?status=" (status.name()) } { (ui.device_status(*status)) " " b { (count) } } }
                }
            }
        }
        div.tile {
            h3 { a href="/operations?status=waiting" { (ui.t(overview::OPERATIONS)) } }
            p.value { (counts.operations_pending) }
            p { (ui.fill(overview::WAITING, &[&counts.operations_pending])) }
            p { a href="/operations?status=ERROR&hours=24" {
                (ui.badge(if failed > 0 { Tone::Bad } else { Tone::Ok }, &ui.fill(overview::FAILED, &[&failed])))
            } }
        }
        div.tile {
            h3 { a href="/notifications" { (ui.t(overview::NOTIFICATIONS)) } }
            p.value { (ui.unread()) }
            p.muted { (ui.t(overview::UNREAD)) }
        }
        @if let Some(ComplianceCounts { compliant, violating, unknown }) = compliance {
            div.tile {
                h3 { a href="/compliance" { (ui.t(overview::COMPLIANCE)) } }
                p.value { (violating) }
                p.muted { (ui.fill(overview::COMPLY, &[&compliant, &(compliant + violating + unknown)])) }
                @let tone = if violating > 0 { Tone::Bad } else if unknown > 0 || compliant == 0 { Tone::Idle } else { Tone::Ok };
                p { (ui.badge(tone, &ui.fill(overview::VIOLATING, &[&violating, &unknown]))) }
            }
        }
        @if let Some(history) = history {
            div.tile {
                h3 { a href="/settings" { (ui.t(overview::MESSAGES)) } }
                p.value { (format!("{:.1}", status.rates.mqtt_in + status.rates.http)) }
                p.muted {
                    (ui.fill(overview::MESSAGES_IN, &[&format!("{:.1}", status.rates.mqtt_in), &format!("{:.1}", status.rates.mqtt_out)]))
                }
                (board::course(ui, overview::MESSAGES, "1/s", None, history, now, |point| Some(point.mqtt_in + point.http)))
            }
        }
    }
}

/// What operations come to is told where they are listed; devices are asked things all the time.
fn is_news(change: &Change) -> bool {
    !matches!(change, Change::Notice { kind: NoticeKind::Operation, .. })
}

fn notice(ui: &Ui, change: &Change) -> Markup {
    let Change::Notice { at, text, device, .. } = change else { return html! {} };
    html! {
        li {
            (ui.ago(*at)) " "
            @match device {
                Some(device) => { a href={ "/devices/" (device) } { (text) } }
                None => { (text) }
            }
        }
    }
}
