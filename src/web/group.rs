//! `/groups`: the groups, what is in them, and whom they are shared with.

mod edit;
mod members;

pub(super) use members::looked_for;

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::call::Call;
use super::failure::Failure;
use super::message::{general, group as words};
use super::routes::{Route, route};
use super::ui::Ui;
use crate::model::actor::Scope;
use crate::model::group::Group;
use crate::model::id::GroupId;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        route(Method::GET, "/groups", list),
        route(Method::GET, "/groups/{id}", show),
        route(Method::POST, "/groups/{id}/share", share),
        route(Method::POST, "/groups/{id}/delete", delete),
    ];
    routes.extend(edit::routes());
    routes.extend(members::routes());
    routes
}

fn id(call: &Call) -> Result<GroupId, Failure> {
    call.id(0, "the group")
}

/// Whether people or a query fill it.
fn kind(ui: &Ui, group: &Group) -> Markup {
    html! { span.tag { (ui.t(if group.query.is_some() { words::BY_QUERY } else { words::BY_HAND })) } }
}

async fn list(call: Call) -> Result<impl Reply, Failure> {
    let ui = call.ui();
    let groups = call.app().groups(call.actor()).await?;
    let may_edit = ui.may(Scope::Operate);
    let body = html! {
        div.page-head {
            h1 { (ui.t(words::TITLE)) }
            a.button.quiet href="/tags" { (ui.t(words::TAGS)) }
            @if may_edit { a.button.primary href="/groups/new" { (ui.t(words::NEW)) } }
        }
        section #groups data-live="groups devices" {
            @if groups.is_empty() {
                (ui.empty(words::NONE, words::NONE_HINT, may_edit.then_some(("/groups/new", words::NEW))))
            } @else {
                (ui.scroll(ui.t(words::TITLE), html! {
                    table.list {
                        thead { tr {
                            th scope="col" { (ui.t(words::NAME)) } th scope="col" { (ui.t(words::KIND)) }
                            th.num scope="col" { (ui.t(words::DEVICES)) } th scope="col" { (ui.t(words::DESCRIPTION)) }
                            th scope="col" { (ui.t(words::OWNER)) }
                        } }
                        tbody {
                            @for group in &groups {
                                tr data-row data-key=(group.id) {
                                    td { a href={ "/groups/" (group.id) } { (group.name) } }
                                    td { (kind(&ui, group)) }
                                    td.num { a href={ "/devices?group=" (group.id) } { (group.devices) } }
                                    td { (group.description) }
                                    td { (group.owner) }
                                }
                            }
                        }
                    }
                }))
            }
        }
    };
    Ok(ui.page(words::TITLE).curl("GET", "/api/v1/groups").body(body))
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let (ui, id) = (call.ui(), id(&call)?);
    let group = call.app().group(call.actor(), id).await?;
    let shared = call.app().group_roles(call.actor(), id).await?;
    let may_edit = ui.may(Scope::Operate);
    let members = members::section(&call, &ui, &group).await?;
    let roles = if may_edit { call.app().role_names(call.actor()).await? } else { Vec::new() };
    let body = html! {
        div.page-head {
            h1 { (group.name) }
            @if may_edit { a.button href={ "/groups/" (id) "/edit" } { (ui.t(words::EDIT)) } }
            @if !group.description.is_empty() { p.muted { (group.description) } }
        }
        section #facts.card data-live="groups devices" {
            dl.facts {
                dt { (ui.t(words::KIND)) } dd { (kind(&ui, &group)) }
                @if let Some(query) = &group.query { dt { (ui.t(words::QUERY)) } dd { code { (query) } } }
                dt { (ui.t(words::DEVICES)) } dd { a href={ "/devices?group=" (id) } { (group.devices) } }
                dt { (ui.t(words::OWNER)) } dd { (group.owner) }
                dt { (ui.t(words::CREATED)) } dd { (ui.time(group.created_at)) }
                dt { (ui.t(words::SHARED)) }
                dd {
                    @if shared.is_empty() { span.muted { (ui.t(words::SHARED_NONE)) } }
                    @for role in &shared { span.tag { (role) } " " }
                }
            }
        }
        (members)
        @if may_edit {
            div.columns.after {
                section.card {
                    h2 { (ui.t(words::SHARED)) }
                    p.muted { (ui.t(words::SHARED_HINT)) }
                    (ui.form(&format!("/groups/{id}/share"), html! {
                        div.ticks {
                            @for role in &roles { (ui.tick("role[]", role, role, shared.contains(role))) }
                        }
                        button.button { (ui.t(words::SHARE)) }
                    }))
                }
                section.card {
                    h2 { (ui.t(words::DELETE)) }
                    p.muted { (ui.t(words::DELETE_HINT)) }
                    (ui.delete_form(&format!("/groups/{id}/delete"), ui.t(general::TYPE_ITS_NAME), Some(&group.name), words::DELETE, Some(&ui.fill(words::DELETE_ASK, &[&group.name]))))
                }
            }
        }
    };
    let path = format!("/api/v1/groups/{id}");
    let page = ui.page_titled(group.name.clone()).curl("GET", &path).curl("GET", &format!("{path}/devices"));
    let share = serde_json::json!({ "roles": shared }).to_string();
    Ok(page.curl_json("PUT", &format!("{path}/roles"), &share).curl("DELETE", &path).body(body))
}

async fn share(call: Call) -> Result<impl Reply, Failure> {
    let id = id(&call)?;
    let roles = call.form().all("role[]").map(str::to_owned).collect();
    call.app().share_group(call.actor(), id, roles).await?;
    Ok(call.redirect(format!("/groups/{id}")).saying(words::SHARED_SAVED))
}

async fn delete(call: Call) -> Result<impl Reply, Failure> {
    let id = id(&call)?;
    let group = call.app().group(call.actor(), id).await?;
    call.confirmed(&group.name, general::NOT_TYPED)?;
    call.app().delete_group(call.actor(), id).await?;
    Ok(call.redirect("/groups").saying(words::DELETED))
}
