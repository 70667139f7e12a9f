//! `/enroll/device`: the ways in, for each type of device, and the devices as they arrive.
//!
//! `/enroll` itself, for people without an account, is a page of the API's door.

use maud::{Markup, PreEscaped, html};
use warp::Reply;
use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use warp::http::{HeaderValue, Method};
use warp::reply::Response;

use super::call::Call;
use super::enrollment_token;
use super::failure::Failure;
use super::message::enrollment as words;
use super::routes::{Route, route};
use super::ui::Ui;
use crate::app::Error;
use crate::app::enrollment::has_agent;
use crate::model::actor::Scope;
use crate::model::device::{Device, DeviceFilter, DevicePage, DeviceSort, PageStart};
use crate::model::device_type::DeviceType;
use crate::model::qr::QrCode;
use crate::model::timestamp::Timestamp;

/// The type whose devices have an agent already that only needs an address.
const ANDROID: &str = "android";
/// The most arrivals shown.
const MAX_ARRIVED: u32 = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/enroll/device", choose),
        route(Method::GET, "/enroll/device/{type}", ways),
        route(Method::POST, "/enroll/device/{type}/agent", agent),
    ]
}

async fn choose(call: Call) -> Result<impl Reply, Failure> {
    let ui = call.ui();
    let types = call.app().enrollable_types(call.actor())?;
    let tokens = call.app().enrollment_tokens(call.actor()).await?;
    let body = html! {
        div.page-head { h1 { (ui.t(words::TITLE)) } p.muted { (ui.t(words::HINT)) } }
        h2.sr { (ui.t(words::TYPES)) }
        ul.types {
            @for kind in &types {
                li.card {
                    h3 { a href={ "/enroll/device/" (kind.name) } { (kind.title) } }
                    @if !kind.description.is_empty() { p { (kind.description) } }
                    p.muted { (ui.t(way(&kind.name))) }
                }
            }
        }
        h2 { (ui.t(words::TOKENS)) }
        section #tokens data-live="devices" { (enrollment_token::table(&ui, &tokens, call.app().clock().now())) }
    };
    Ok(ui.page(words::TITLE).curl("GET", "/api/v1/enrollment/tokens").body(body))
}

fn way(device_type: &str) -> super::message::Message {
    match device_type {
        ANDROID => words::WAY_ADDRESS,
        kind if has_agent(kind) => words::WAY_AGENT,
        _ => words::WAY_COMMAND,
    }
}

async fn ways(call: Call) -> Result<Response, Failure> {
    let ui = call.ui();
    let kind = find(&call)?;
    let Some(since) = call.query().parsed::<i64>("since")? else {
        let now = call.app().clock().now();
        return Ok(call.redirect(format!("/enroll/device/{}?since={}", kind.name, now.millis())).into_response());
    };
    let groups = if ui.may(Scope::Operate) { call.app().groups(call.actor()).await? } else { Vec::new() };
    let arrived = arrived(&call, &kind.name, Timestamp::from_millis(since)).await?;
    let body = html! {
        div.page-head {
            h1 { (ui.fill(words::TITLE_OF, &[&kind.title])) }
            a.button href="/enroll/device" { (ui.t(words::OTHER)) }
        }
        (arrivals(&ui, Timestamp::from_millis(since), &arrived))
        div.columns.ways {
            @if kind.name == ANDROID { (address(&call, &ui)) }
            @if has_agent(&kind.name) { (download(&ui, &kind)) }
            (enrollment_token::form(&ui, &kind.name, since, &groups))
        }
    };
    let mut page = ui.page_titled(ui.fill(words::TITLE_OF, &[&kind.title]));
    if has_agent(&kind.name) {
        page = page.curl("POST", &format!("/api/v1/devices/agent?type={}&name=NAME", kind.name));
    }
    let wanted = serde_json::json!({ "type": kind.name, "max_uses": 1 }).to_string();
    Ok(page.curl_json("POST", "/api/v1/enrollment/tokens", &wanted).body(body).into_response())
}

pub(super) fn find(call: &Call) -> Result<std::sync::Arc<DeviceType>, Failure> {
    let types = call.app().enrollable_types(call.actor())?;
    let found = types.into_iter().find(|kind| kind.name == call.param(0));
    found.ok_or_else(|| Failure::missing("the device type", call.param(0)))
}

/// The devices of a type that enrolled at or after a time, as far as the person may see them; the last first.
async fn arrived(call: &Call, device_type: &str, since: Timestamp) -> Result<Vec<Device>, Failure> {
    let filter = DeviceFilter { device_type: Some(device_type.to_owned()), ..DeviceFilter::default() };
    let page = DevicePage {
        sort: DeviceSort::EnrolledAt,
        descending: true,
        start: PageStart::Cursor(None),
        limit: MAX_ARRIVED,
    };
    match call.app().devices(call.actor(), filter, page).await {
        Ok(page) => Ok(page.items.into_iter().take_while(|device| device.enrolled_at >= since).collect()),
        // Who may enroll and see nothing sees nothing arrive.
        Err(Error::Forbidden { .. }) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn arrivals(ui: &Ui, since: Timestamp, devices: &[Device]) -> Markup {
    html! {
        section #arrived.card.arrivals data-live="devices" aria-labelledby="arrived-title" {
            h2 #arrived-title { (ui.t(words::ARRIVED)) }
            div aria-live="polite" {
                @if devices.is_empty() {
                    p.waiting { (ui.t(words::WAITING)) }
                } @else {
                    (list(ui, devices))
                }
            }
            p.muted { (ui.t(words::SINCE)) " " (ui.time(since)) }
        }
    }
}

/// Devices that enrolled, each with a way to it.
pub(super) fn list(ui: &Ui, devices: &[Device]) -> Markup {
    html! {
        ul.arrived {
            @for device in devices {
                li data-row data-key={ "arrived-" (device.id) } {
                    (ui.device_status(device.status)) " "
                    a href={ "/devices/" (device.id) } {
                        (device.called())
                    } " "
                    span.muted { (device.device_type) " · " (device.identifier) } " "
                    (ui.ago(device.enrolled_at))
                }
            }
        }
    }
}

fn address(call: &Call, ui: &Ui) -> Markup {
    let enrollment = match call.app().enrollment(&call.reach()) {
        Ok(enrollment) => enrollment,
        Err(error) => {
            return html! {
                section.card {
                    h2 { (ui.t(words::ADDRESS)) }
                    p.warning { (ui.fill(words::NO_ADDRESS, &[&error])) }
                }
            };
        }
    };
    let code = QrCode::of(&enrollment.address).map(|code| code.svg()).unwrap_or_default();
    html! {
        section.card {
            h2 { (ui.t(words::ADDRESS)) }
            p { (ui.t(words::ADDRESS_HINT)) }
            pre.address data-copy tabindex="0" { code { (enrollment.address) } }
            // Made by the model, of numbers alone.
            figure.qr { (PreEscaped(code)) figcaption.sr { (ui.t(words::CODE)) } }
            ol {
                @for step in [words::STEP_NETWORK, words::STEP_INSTALL, words::STEP_ADDRESS, words::STEP_LOG_IN, words::STEP_AGREE] {
                    li { (ui.t(step)) }
                }
            }
            p.muted { (ui.t(words::PUBLIC)) " " a href="/enroll" { "/enroll" } }
        }
    }
}

fn download(ui: &Ui, kind: &DeviceType) -> Markup {
    html! {
        section.card {
            h2 { (ui.t(words::AGENT)) }
            p { (ui.t(words::AGENT_HINT)) }
            // Without the script: the answer is a file.
            form.form method="post" action={ "/enroll/device/" (kind.name) "/agent" } {
                (ui.token_field())
                (ui.input_required("text", "name", words::NAME, "", None))
                button.button.primary { (ui.t(words::DOWNLOAD)) }
            }
            p.muted { (ui.t(words::AGENT_NEXT)) }
        }
    }
}

async fn agent(call: Call) -> Result<Response, Failure> {
    let kind = find(&call)?;
    let name = call.form().required("name")?.to_owned();
    let agent = call.app().new_agent(call.actor(), &kind.name, &name, &call.reach()).await?;
    let mut response = agent.archive.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", agent.file_name));
    headers.extend(disposition.ok().map(|disposition| (CONTENT_DISPOSITION, disposition)));
    Ok(response)
}
