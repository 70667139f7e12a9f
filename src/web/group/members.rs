//! The devices of a group: the first of them, and putting in and taking out.

use std::collections::HashSet;

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::id;
use crate::model::actor::Scope;
use crate::model::device::{Device, DeviceFilter, DevicePage, DeviceSort, PageStart};
use crate::model::group::Group;
use crate::model::id::DeviceId;
use crate::model::page::Page;
use crate::model::query::Query;
use crate::web::call::Call;
use crate::web::failure::Failure;
use crate::web::message::group as words;
use crate::web::routes::{Route, route};
use crate::web::ui::Ui;

/// The most members shown here; the device list has the others.
const MAX_SHOWN: u32 = 25;
/// The most devices a search for new members shows.
const MAX_FOUND: u32 = 50;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::POST, "/groups/{id}/add", add), route(Method::POST, "/groups/{id}/take-out/{device}", take_out)]
}

async fn first(call: &Call, filter: DeviceFilter, limit: u32) -> Result<Page<Device>, Failure> {
    let page = DevicePage { sort: DeviceSort::Name, descending: false, start: PageStart::Cursor(None), limit };
    Ok(call.app().devices(call.actor(), filter, page).await?)
}

/// The devices a person looks for: by a query, or by part of a name where it is none.
pub(in crate::web) fn looked_for(text: &str) -> DeviceFilter {
    match Query::parse(text) {
        Ok(query) => DeviceFilter { query: Some(query), ..DeviceFilter::default() },
        Err(_) => DeviceFilter { text: Some(text.to_owned()), ..DeviceFilter::default() },
    }
}

pub(super) async fn section(call: &Call, ui: &Ui, group: &Group) -> Result<Markup, Failure> {
    let in_group = DeviceFilter { group: Some(group.id), ..DeviceFilter::default() };
    let members = first(call, in_group, MAX_SHOWN).await?;
    let by_hand = group.query.is_none() && ui.may(Scope::Operate);
    let adding = if by_hand { Some(adding(call, ui, group).await?) } else { None };
    Ok(html! {
        h2 { (ui.t(words::DEVICES)) }
        section #members data-live="groups devices" {
            @if members.items.is_empty() {
                p.muted { (ui.t(words::NO_MEMBERS)) }
            } @else {
                (table(ui, group, &members.items, by_hand))
                p.muted {
                    @if members.total > members.items.len() as u64 {
                        (ui.fill(words::FIRST_MEMBERS, &[&members.items.len(), &members.total])) " "
                    }
                    a href={ "/devices?group=" (group.id) } { (ui.t(words::ALL_MEMBERS)) }
                }
            }
        }
        @if let Some(adding) = adding { (adding) }
    })
}

fn table(ui: &Ui, group: &Group, members: &[Device], by_hand: bool) -> Markup {
    html! {
        (ui.scroll(&group.name, html! {
            table.list {
                thead { tr {
                    th scope="col" { (ui.t(words::DEVICE)) } th scope="col" { (ui.t(words::STATUS)) }
                    th scope="col" { (ui.t(words::TYPE)) } th scope="col" { (ui.t(words::OWNER)) }
                    @if by_hand { th scope="col" { span.sr { (ui.t(words::TAKE_OUT)) } } }
                } }
                tbody {
                    @for device in members {
                        tr data-row data-key={ "member-" (device.id) } {
                            td { a href={ "/devices/" (device.id) } { (device.called()) } }
                            td { (ui.device_status(device.status)) }
                            td { (device.device_type) }
                            td { (device.owner) }
                            @if by_hand {
                                td.num {
                                    (ui.action(&format!("/groups/{}/take-out/{}", group.id, device.id), words::TAKE_OUT, "button small quiet"))
                                }
                            }
                        }
                    }
                }
            }
        }))
    }
}

/// Looking for devices that are not in the group, and putting them in.
async fn adding(call: &Call, ui: &Ui, group: &Group) -> Result<Markup, Failure> {
    let wanted = call.query().filled("look");
    let found = match wanted {
        Some(text) => {
            let mut found = first(call, looked_for(text), MAX_FOUND).await?.items;
            let in_group = DeviceFilter { group: Some(group.id), ..looked_for(text) };
            let members: HashSet<DeviceId> =
                first(call, in_group, MAX_FOUND).await?.items.iter().map(|device| device.id).collect();
            found.retain(|device| !members.contains(&device.id));
            found
        }
        None => Vec::new(),
    };
    Ok(html! {
        section #add.card.after {
            h2 { (ui.t(words::ADD)) }
            form.row method="get" action={ "/groups/" (group.id) "#add" } {
                (ui.input("search", "look", words::FIND, wanted.unwrap_or_default(), None))
                button.button { (ui.t(words::FIND_BUTTON)) }
            }
            @if wanted.is_some() {
                @if found.is_empty() {
                    p.muted { (ui.t(words::FOUND_NONE)) }
                } @else {
                    (ui.form(&format!("/groups/{}/add", group.id), html! {
                        ul.ticks data-ticks {
                            @for device in &found {
                                li { label.tick {
                                    input type="checkbox" name="device[]" value=(device.id) data-tick;
                                    span { (device.called()) " " span.muted { (device.device_type) " · " (device.identifier) } }
                                } }
                            }
                        }
                        button.button.primary { (ui.t(words::ADD_TICKED)) }
                    }))
                }
            }
        }
    })
}

async fn add(call: Call) -> Result<impl Reply, Failure> {
    let id = id(&call)?;
    let mut devices = Vec::new();
    for device in call.form().all("device[]") {
        devices.push(device.parse().map_err(|_| Failure::missing("the device", device))?);
    }
    if devices.is_empty() {
        return Err(Failure::bad("device[]", call.ui().t(words::NONE_TICKED)));
    }
    let count = devices.len();
    call.app().add_to_group(call.actor(), id, devices).await?;
    let said = call.ui().fill(words::ADDED, &[&count]);
    Ok(call.redirect(format!("/groups/{id}")).saying_text(said))
}

async fn take_out(call: Call) -> Result<impl Reply, Failure> {
    let id = id(&call)?;
    let device: DeviceId = call.id(1, "the device")?;
    call.app().remove_from_group(call.actor(), id, vec![device]).await?;
    Ok(call.redirect(format!("/groups/{id}")).saying(words::TAKEN_OUT))
}
