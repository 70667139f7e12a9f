//! Installing, updating and removing the application of a package: which devices, shown first, and then the order.

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;
use warp::reply::Response;

use super::id;
use crate::app::package::Change;
use crate::model::device::{DeviceFilter, DevicePage, DeviceSort, PageStart};
use crate::model::group::Group;
use crate::model::package::Package;
use crate::web::call::Call;
use crate::web::failure::Failure;
use crate::web::fields::Fields;
use crate::web::group::looked_for;
use crate::web::message::{Message, package as words};
use crate::web::routes::{Route, route};
use crate::web::ui::{Page, Ui};

/// The type of the devices that packages are for.
const ANDROID: &str = "android";
/// The most devices of a preview.
const MAX_SHOWN: u32 = 50;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/packages/{id}/apply", preview), route(Method::POST, "/packages/{id}/apply", apply)]
}

const CHANGES: [(&str, Change, Message); 3] = [
    ("install", Change::Install, words::INSTALL),
    ("update", Change::Update, words::UPDATE),
    ("uninstall", Change::Uninstall, words::UNINSTALL),
];

fn change(fields: &Fields) -> Result<(&'static str, Change, Message), Failure> {
    let given = fields.get("change").unwrap_or("install");
    let found = CHANGES.into_iter().find(|(word, ..)| *word == given);
    found.ok_or_else(|| {
        Failure::bad(
            "change",
            format!("{:?} is none of install, update and uninstall", crate::model::text::cut(given, 100)),
        )
    })
}

/// The devices that the fields name: those of a group, those that fit the words, or those of the group that fit them.
fn filter(call: &Call, fields: &Fields) -> Result<DeviceFilter, Failure> {
    let group = fields.parsed("group")?;
    let words = fields.filled("query");
    if group.is_none() && words.is_none() {
        return Err(Failure::bad("query", call.ui().t(words::NO_TARGET)));
    }
    let wanted = words.map(looked_for).unwrap_or_default();
    Ok(DeviceFilter { group, device_type: Some(ANDROID.to_owned()), ..wanted })
}

/// The form that leads to the preview.
pub(super) fn form(ui: &Ui, package: &Package, groups: &[Group]) -> Markup {
    let changes: Vec<_> = CHANGES.iter().map(|(word, _, label)| (*word, ui.t(*label))).collect();
    let ids: Vec<String> = groups.iter().map(|group| group.id.to_string()).collect();
    let mut choices = vec![("", ui.t(words::GROUP_NONE))];
    choices.extend(ids.iter().zip(groups).map(|(id, group)| (id.as_str(), group.name.as_str())));
    html! {
        section.card {
            h2 { (ui.t(words::APPLY)) }
            p.muted { (ui.t(words::APPLY_HINT)) }
            form.form method="get" action={ "/packages/" (package.id) "/apply" } {
                (ui.select("change", words::WHAT, &changes, "install"))
                (ui.select("group", words::GROUP, &choices, ""))
                (ui.input("search", "query", words::QUERY, "", Some(ui.t(words::QUERY_HINT))))
                button.button.primary { (ui.t(words::PREVIEW)) }
            }
        }
    }
}

async fn preview(call: Call) -> Result<Page, Failure> {
    page(&call, call.query(), false).await
}

/// The devices that the fields name, and the order to give; `changed` when they were others a moment ago.
async fn page(call: &Call, fields: &Fields, changed: bool) -> Result<Page, Failure> {
    let (ui, id) = (call.ui(), id(call)?);
    let package = call.app().package(call.actor(), id).await?;
    let (word, _, label) = change(fields)?;
    // Who may not tell devices anything is refused here.
    let mark = call.app().mark_targets(call.actor(), filter(call, fields)?).await?;
    let page =
        DevicePage { sort: DeviceSort::Name, descending: false, start: PageStart::Cursor(None), limit: MAX_SHOWN };
    let devices = call.app().devices(call.actor(), filter(call, fields)?, page).await?;
    let title = ui.fill(words::PREVIEW_OF, &[&ui.t(label), &devices.total]);
    let question = ui.fill(words::DO_ASK, &[&ui.t(label), &package.name, &devices.total]);
    let body = html! {
        div.page-head {
            h1 { (title) }
            p { a href={ "/packages/" (id) } { (package.name) " " (package.version) } }
        }
        @if changed { p.warning role="alert" { (ui.t(words::PREVIEW_CHANGED)) } }
        @if devices.items.is_empty() {
            p.empty { (ui.t(words::PREVIEW_NONE)) }
        } @else {
            ul.arrived.card {
                @for device in &devices.items {
                    li data-row {
                        (ui.device_status(device.status)) " "
                        a href={ "/devices/" (device.id) } {
                            (device.called())
                        } " "
                        span.muted { (device.identifier) }
                    }
                }
            }
            @if devices.total > devices.items.len() as u64 {
                p.muted { (ui.fill(words::PREVIEW_MORE, &[&devices.items.len()])) }
            }
            (ui.form_classed(&format!("/packages/{id}/apply"), "inline after", html! {
                input type="hidden" name="change" value=(word);
                input type="hidden" name="mark" value=(mark);
                input type="hidden" name="group" value=(fields.get("group").unwrap_or_default());
                input type="hidden" name="query" value=(fields.get("query").unwrap_or_default());
                button.button.primary data-confirm=(question) { (ui.t(label)) }
            }))
        }
    };
    let path = format!("/api/v1/packages/{id}/{word}");
    let ids: Vec<_> = devices.items.iter().take(3).map(|device| device.id).collect();
    let receivers = serde_json::json!({ "devices": ids }).to_string();
    Ok(ui.page_titled(title).curl_json("POST", &path, &receivers).body(body))
}

async fn apply(call: Call) -> Result<Response, Failure> {
    let (id, form) = (id(&call)?, call.form());
    let (_, change, _) = change(form)?;
    let marked = (filter(&call, form)?, form.required("mark")?);
    let sent = call.app().change_application_marked(call.actor(), id, change, marked, &call.reach()).await?;
    let Some((count, activity)) = sent else { return Ok(page(&call, form, true).await?.into_response()) };
    let said = call.ui().fill(words::SENT, &[&count]);
    Ok(call.redirect(format!("/activities/{}", activity.id)).saying_text(said).into_response())
}
