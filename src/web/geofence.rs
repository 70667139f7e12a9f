//! `/geofences`: areas on the map, what they watch, and who is inside.

mod edit;

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::call::Call;
use super::failure::Failure;
use super::message::{Message, general, geofence as words};
use super::routes::{Route, route};
use super::ui::Ui;
use super::ui::map::{Fence, written};
use crate::model::actor::Scope;
use crate::model::geofence::{Geofence, Notify, Shape};
use crate::model::group::Group;
use crate::model::id::{GeofenceId, GroupId};

/// The most devices inside that are shown.
const MAX_SHOWN: usize = 50;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        route(Method::GET, "/geofences", list),
        route(Method::GET, "/geofences/{id}", show),
        route(Method::POST, "/geofences/{id}/delete", delete),
    ];
    routes.extend(edit::routes());
    routes
}

fn id(call: &Call) -> Result<GeofenceId, Failure> {
    call.id(0, "the geofence")
}

const fn notify(notify: Notify) -> Message {
    match notify {
        Notify::Enter => words::NOTIFY_ENTER,
        Notify::Leave => words::NOTIFY_LEAVE,
        Notify::Both => words::NOTIFY_BOTH,
        Notify::None => words::NOTIFY_NONE,
    }
}

fn area(ui: &Ui, shape: &Shape) -> String {
    match shape {
        Shape::Circle { centre, radius } => ui.fill(words::CIRCLE_OF, &[&radius, &written(*centre)]),
        Shape::Polygon { corners } => ui.fill(words::POLYGON_OF, &[&corners.len()]),
    }
}

fn watched(ui: &Ui, groups: &[Group], group: Option<GroupId>) -> Markup {
    let Some(id) = group else { return html! { (ui.t(words::EVERY_DEVICE)) } };
    let name = groups.iter().find(|group| group.id == id).map(|group| group.name.as_str());
    html! { a href={ "/groups/" (id) } { @match name { Some(name) => (name), None => (id) } } }
}

fn fence(geofence: &Geofence) -> Fence<'_> {
    Fence { name: &geofence.name, shape: &geofence.shape, inside: None }
}

async fn list(call: Call) -> Result<impl Reply, Failure> {
    let ui = call.ui();
    let geofences = call.app().geofences(call.actor()).await?;
    let groups = call.app().groups(call.actor()).await?;
    let fences: Vec<_> = geofences.iter().map(fence).collect();
    let may_edit = ui.may(Scope::Policy);
    let body = html! {
        div.page-head {
            h1 { (ui.t(words::TITLE)) }
            @if may_edit { a.button.primary href="/geofences/new" { (ui.t(words::NEW)) } }
        }
        section #geofences data-live="geofences devices groups" {
            @if geofences.is_empty() {
                (ui.empty(words::NONE, words::NONE_HINT, may_edit.then_some(("/geofences/new", words::NEW))))
            } @else {
                (ui.map("map", ui.t(words::MAP), &[], &fences))
                div.after { (ui.scroll(ui.t(words::TITLE), html! {
                    table.list {
                        thead { tr {
                            th scope="col" { (ui.t(words::NAME)) } th scope="col" { (ui.t(words::AREA)) }
                            th scope="col" { (ui.t(words::WATCHES)) } th scope="col" { (ui.t(words::NOTIFY)) }
                            th.num scope="col" { (ui.t(words::INSIDE)) }
                        } }
                        tbody {
                            @for geofence in &geofences {
                                tr data-row data-key=(geofence.id) {
                                    td { a href={ "/geofences/" (geofence.id) } { (geofence.name) } }
                                    td { (area(&ui, &geofence.shape)) }
                                    td { (watched(&ui, &groups, geofence.group)) }
                                    td { (ui.t(notify(geofence.notify))) }
                                    td.num { (geofence.inside) }
                                }
                            }
                        }
                    }
                })) }
            }
        }
    };
    Ok(ui.page(words::TITLE).curl("GET", "/api/v1/geofences").body(body))
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let (ui, id) = (call.ui(), id(&call)?);
    let geofence = call.app().geofence(call.actor(), id).await?;
    let inside = call.app().devices_inside(call.actor(), id).await?;
    let groups = call.app().groups(call.actor()).await?;
    let mut devices = Vec::new();
    for device in inside.iter().take(MAX_SHOWN) {
        devices.extend(call.app().device(call.actor(), *device).await.ok());
    }
    let may_edit = ui.may(Scope::Policy);
    let body = html! {
        div.page-head {
            h1 { (geofence.name) }
            @if may_edit { a.button href={ "/geofences/" (id) "/edit" } { (ui.t(words::EDIT)) } }
            @if !geofence.description.is_empty() { p.muted { (geofence.description) } }
        }
        section #area data-live="geofences" {
            (ui.map("map", &ui.fill(words::MAP_OF, &[&geofence.name]), &[], &[fence(&geofence)]))
        }
        div.columns.after {
            section #facts.card data-live="geofences devices" {
                dl.facts {
                    dt { (ui.t(words::AREA)) } dd { (area(&ui, &geofence.shape)) }
                    dt { (ui.t(words::WATCHES)) } dd { (watched(&ui, &groups, geofence.group)) }
                    dt { (ui.t(words::NOTIFY)) } dd { (ui.t(notify(geofence.notify))) }
                    dt { (ui.t(words::CREATED)) } dd { (ui.time(geofence.created_at)) }
                }
            }
            section #inside.card data-live="geofences devices" {
                h2 { (ui.t(words::DEVICES_INSIDE)) " " span.muted { (inside.len()) } }
                @if inside.is_empty() {
                    p.muted { (ui.t(words::NOBODY_INSIDE)) }
                } @else {
                    ul.arrived {
                        @for device in &devices {
                            li data-row {
                                (ui.device_status(device.status)) " "
                                a href={ "/devices/" (device.id) } {
                                    (device.called())
                                }
                            }
                        }
                    }
                    @if inside.len() > MAX_SHOWN { p.muted { (ui.fill(words::MORE_INSIDE, &[&(inside.len() - MAX_SHOWN)])) } }
                }
            }
            @if may_edit {
                section.card {
                    h2 { (ui.t(words::DELETE)) }
                    p.muted { (ui.t(words::DELETE_HINT)) }
                    (ui.delete_form(&format!("/geofences/{id}/delete"), ui.t(general::TYPE_ITS_NAME), Some(&geofence.name), words::DELETE, Some(&ui.fill(words::DELETE_ASK, &[&geofence.name]))))
                }
            }
        }
    };
    let path = format!("/api/v1/geofences/{id}");
    Ok(ui.page_titled(geofence.name.clone()).curl("GET", &path).curl("DELETE", &path).body(body))
}

async fn delete(call: Call) -> Result<impl Reply, Failure> {
    let id = id(&call)?;
    let geofence = call.app().geofence(call.actor(), id).await?;
    call.confirmed(&geofence.name, general::NOT_TYPED)?;
    call.app().delete_geofence(call.actor(), id).await?;
    Ok(call.redirect("/geofences").saying(words::DELETED))
}
