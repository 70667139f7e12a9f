//! Changing a device: its names, tags, groups and note, where it stands, and its removal.

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::{Subject, Tab, ownership};
use crate::app::device::DeviceEdit;
use crate::model::actor::Scope;
use crate::model::device::{DeviceStatus, Ownership};
use crate::model::group::Group;
use crate::web::call::{Call, Redirect};
use crate::web::failure::Failure;
use crate::web::message::device as words;
use crate::web::routes::{Route, route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/devices/{id}/manage", show),
        route(Method::POST, "/devices/{id}/edit", edit),
        route(Method::POST, "/devices/{id}/note", note),
        route(Method::POST, "/devices/{id}/tags", tags),
        route(Method::POST, "/devices/{id}/groups", groups),
        route(Method::POST, "/devices/{id}/status", status),
        route(Method::POST, "/devices/{id}/remove", remove),
    ]
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let subject = Subject::of(&call).await?;
    let (ui, app, actor, id) = (call.ui(), call.app(), call.actor(), subject.device.id);
    let operator = ui.may(Scope::Operate);
    let tags = app.tags_of(actor, id).await?;
    let held = app.groups_of(actor, id).await?;
    let all = if operator { app.groups(actor).await? } else { Vec::new() };
    let body = html! {
        @if subject.device.status != DeviceStatus::Removed && !subject.may_command() { p.note { (ui.t(words::MAY_NOT)) } }
        @if subject.may_command() {
            div.columns {
                div {
                    section.card { (details(&subject, operator)) }
                    @if operator { section.card { (tag_form(&subject, &tags)) } }
                }
                div {
                    @if operator {
                        section.card { (group_form(&subject, &all, &held)) }
                        section #standing.card data-live={ "device:" (id) } { (standing(&subject)) }
                    }
                    section.card { (removal(&subject)) }
                }
            }
        }
    };
    let page = subject.page(Tab::Manage, &body).curl_json("PATCH", &subject.api(""), r#"{"name": "…"}"#);
    Ok(page.curl("DELETE", &subject.api("")))
}

fn details(subject: &Subject, operator: bool) -> Markup {
    let (ui, device) = (&subject.ui, &subject.device);
    html! {
        h2 { (ui.t(words::DETAILS_TITLE)) }
        (ui.form(&subject.path("/edit"), html! {
            (ui.input_required("text", "name", words::NAME, &device.name, None))
            div.field {
                label for="description" { (ui.t(words::DESCRIPTION)) }
                textarea #description name="description" rows="3" { (device.description) }
            }
            @if operator {
                (ui.input("text", "owner", words::OWNED_BY, &device.owner, None))
                div.field {
                    label for="ownership" { (ui.t(words::OWNERSHIP)) }
                    select #ownership name="ownership" {
                        @for one in [Ownership::Byod, Ownership::Cope] {
                            option value=(one.name()) selected[one == device.ownership] { (ui.t(ownership(one))) }
                        }
                    }
                }
            }
            button.button.primary { (ui.t(words::SAVE)) }
        }))
    }
}

fn tag_form(subject: &Subject, tags: &[String]) -> Markup {
    let ui = &subject.ui;
    html! {
        h2 { (ui.t(words::TAGS)) }
        (ui.form(&subject.path("/tags"), html! {
            (ui.input("text", "tags", words::TAGS, &tags.join(", "), Some(ui.t(words::TAGS_HINT))))
            button.button { (ui.t(words::SAVE)) }
        }))
    }
}

fn group_form(subject: &Subject, all: &[Group], held: &[Group]) -> Markup {
    let ui = &subject.ui;
    let is_held = |group: &Group| held.iter().any(|other| other.id == group.id);
    html! {
        h2 { (ui.t(words::GROUPS)) }
        @let filling = held.iter().filter(|group| group.query.is_some());
        p { @for group in filling { a.tag href={ "/groups/" (group.id) } { (group.name) " · " (ui.t(words::BY_QUERY)) } " " } }
        @if all.iter().all(|group| group.query.is_some()) { p.muted { (ui.t(words::NO_GROUPS)) } }
        @else {
            (ui.form(&subject.path("/groups"), html! {
                fieldset {
                    legend.sr { (ui.t(words::GROUPS)) }
                    @for group in all.iter().filter(|group| group.query.is_none()) {
                        (ui.tick("group", &group.number.to_string(), &group.name, is_held(group)))
                    }
                }
                p.hint.muted { (ui.t(words::GROUPS_HINT)) }
                button.button { (ui.t(words::SAVE)) }
            }))
        }
    }
}

fn standing(subject: &Subject) -> Markup {
    let (ui, device) = (&subject.ui, &subject.device);
    let question = ui.fill(words::ASK_BLOCK, &[&subject.name()]);
    let shut = matches!(device.status, DeviceStatus::Suspended | DeviceStatus::Blocked);
    html! {
        h2 { (ui.t(words::STATUS_TITLE)) }
        p { (ui.device_status(device.status)) }
        p.muted { (ui.t(words::SUSPEND_HINT)) }
        (ui.form_classed(&subject.path("/status"), "inline", html! {
            @if shut { button.button name="status" value="ACTIVE" { (ui.t(words::RESUME)) } }
            @if device.status != DeviceStatus::Suspended { button.button name="status" value="SUSPENDED" { (ui.t(words::SUSPEND)) } }
            @if device.status != DeviceStatus::Blocked {
                button.button.danger name="status" value="BLOCKED" data-confirm=(question) { (ui.t(words::BLOCK)) }
            }
        }))
    }
}

fn removal(subject: &Subject) -> Markup {
    let ui = &subject.ui;
    html! {
        h2 { (ui.t(words::REMOVE_TITLE)) }
        p.muted { (ui.t(words::REMOVE_HINT)) }
        (ui.delete_form(&subject.path("/remove"), &ui.fill(words::REMOVE_CONFIRM, &[&subject.name()]), None, words::REMOVE, None))
    }
}

async fn edit(call: Call) -> Result<Redirect, Failure> {
    let subject = Subject::of(&call).await?;
    let form = call.form();
    let text = |name: &str| form.get(name).map(|text| text.trim().replace("\r\n", "\n"));
    let ownership = form
        .filled("ownership")
        .map(|word| Ownership::parse(word).ok_or_else(|| Failure::bad("ownership", "an ownership is BYOD or COPE")));
    // What is as it was is no change: it may be another's to change.
    let owner = text("owner").filter(|owner| *owner != subject.device.owner);
    let ownership = ownership.transpose()?.filter(|ownership| *ownership != subject.device.ownership);
    let edit =
        DeviceEdit { name: text("name"), description: text("description"), owner, ownership, ..DeviceEdit::default() };
    change(&call, &subject, edit, "/manage").await
}

async fn note(call: Call) -> Result<Redirect, Failure> {
    let subject = Subject::of(&call).await?;
    let note = call.form().get("note").unwrap_or_default().trim().replace("\r\n", "\n");
    change(&call, &subject, DeviceEdit { note: Some(note), ..DeviceEdit::default() }, "").await
}

async fn tags(call: Call) -> Result<Redirect, Failure> {
    let subject = Subject::of(&call).await?;
    let typed = call.form().get("tags").unwrap_or_default();
    let tags = typed.split([',', '，']).map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    change(&call, &subject, DeviceEdit { tags: Some(tags), ..DeviceEdit::default() }, "/manage").await
}

async fn groups(call: Call) -> Result<Redirect, Failure> {
    let subject = Subject::of(&call).await?;
    let numbers = call
        .form()
        .all("group")
        .map(|number| number.parse().map_err(|_| Failure::bad("group", "a group is named by its number")));
    let numbers = numbers.collect::<Result<Vec<i64>, _>>()?;
    call.app().assign_groups(call.actor(), subject.device.id, numbers).await?;
    Ok(call.redirect(subject.path("/manage")).saying(words::SAVED))
}

async fn status(call: Call) -> Result<Redirect, Failure> {
    let subject = Subject::of(&call).await?;
    let word = call.form().required("status")?;
    // Removal asks for the name.
    let status = DeviceStatus::parse(word).filter(|status| *status != DeviceStatus::Removed);
    let status = status.ok_or_else(|| Failure::bad("status", format!("a device cannot be made {word:?} here")))?;
    change(&call, &subject, DeviceEdit { status: Some(status), ..DeviceEdit::default() }, "/manage").await
}

async fn change(call: &Call, subject: &Subject, edit: DeviceEdit, tab: &str) -> Result<Redirect, Failure> {
    call.app().edit_device(call.actor(), subject.device.id, edit).await?;
    Ok(call.redirect(subject.path(tab)).saying(words::SAVED))
}

async fn remove(call: Call) -> Result<Redirect, Failure> {
    let subject = Subject::of(&call).await?;
    let ui = call.ui();
    call.confirmed(subject.name(), words::NOT_THE_NAME)?;
    call.app().remove_device(call.actor(), subject.device.id).await?;
    Ok(call.redirect("/devices").saying_text(ui.fill(words::REMOVED, &[&subject.name()])))
}
