//! `/roles`: what people may do.

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::call::Call;
use super::failure::Failure;
use super::message::user as people;
use super::message::{Message, general, role as text};
use super::routes::{Route, route};
use super::token::{scope_tick, scopes};
use super::ui::Ui;
use super::user::segment;
use crate::model::actor::Scope;
use crate::model::device::PageStart;
use crate::model::page::MAX_PAGE;
use crate::model::role::{NewRole, Role, RoleEdit};
use crate::model::user::{User, UserFilter};

/// The most people who can be ticked on the page of a role.
const MAX_TICKED: u64 = 200;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/roles", list),
        route(Method::POST, "/roles", add),
        route(Method::GET, "/roles/{name}", show),
        route(Method::POST, "/roles/{name}", edit),
        route(Method::POST, "/roles/{name}/users", set_users),
        route(Method::POST, "/roles/{name}/delete", delete),
    ]
}

/// What a scope allows, in words.
pub(super) const fn scope_text(scope: Scope) -> Message {
    match scope {
        Scope::Read => text::READ,
        Scope::Operate => text::OPERATE,
        Scope::Enroll => text::ENROLL,
        Scope::Admin => text::ADMIN,
        Scope::Metrics => text::METRICS,
        Scope::Broker => text::BROKER,
        Scope::Own => text::OWN,
        Scope::Policy => text::POLICY,
    }
}

/// What a role is for: of one that came with Pym in the person's language, of any other as it was written.
pub(super) fn described<'a>(ui: &Ui, role: &'a Role) -> &'a str {
    match role.name.as_str() {
        "admin" if role.built_in => ui.t(text::IS_ADMIN),
        "operator" if role.built_in => ui.t(text::IS_OPERATOR),
        "viewer" if role.built_in => ui.t(text::IS_VIEWER),
        "device-owner" if role.built_in => ui.t(text::IS_OWNER),
        _ => &role.description,
    }
}

fn address(name: &str) -> String {
    format!("/roles/{}", segment(name))
}

async fn list(call: Call) -> Result<impl Reply, Failure> {
    let ui = call.ui();
    let roles = call.app().roles(call.actor()).await?;
    let body = r#"{"name": "night-shift", "scopes": ["read", "operate"]}"#;
    Ok(ui.page(text::TITLE).curl("GET", "/api/v1/roles").curl_json("POST", "/api/v1/roles", body).body(html! {
        div.page-head { h1 { (ui.t(text::TITLE)) } p.muted { (ui.t(text::WHY)) } }
        (ui.scroll(ui.t(text::TITLE), html! {
            table.list {
                thead { tr {
                    th scope="col" { (ui.t(text::NAME)) }
                    th scope="col" { (ui.t(text::DESCRIPTION)) }
                    th scope="col" { (ui.t(text::SCOPES)) }
                    th.num scope="col" { (ui.t(text::PEOPLE)) }
                } }
                tbody {
                    @for role in &roles {
                        tr data-row {
                            td {
                                a href=(address(&role.name)) { (role.name) }
                                @if role.built_in { " " span.tag { (ui.t(text::BUILT_IN)) } }
                            }
                            td { (described(&ui, role)) }
                            td.mono { (role.scopes) }
                            td.num { a href=(super::user::with("/users", "role", &role.name)) { (role.users) } }
                        }
                    }
                }
            }
        }))
        (add_form(&ui))
    }))
}

fn add_form(ui: &Ui) -> Markup {
    let name = html! {
        input #name name="name" type="text" maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false"
            aria-describedby="name-hint" required;
    };
    html! {
        details.card.narrow #add {
            summary { h2 { (ui.t(text::ADD)) } }
            (ui.form("/roles", html! {
                (ui.field("name", text::NAME, &name, Some(ui.t(text::NAME_HINT))))
                (ui.input("text", "description", text::DESCRIPTION, "", None))
                (scope_ticks(ui, None))
                button.button.primary { (ui.t(text::ADD)) }
            }))
        }
    }
}

fn scope_ticks(ui: &Ui, of: Option<&Role>) -> Markup {
    let has = |scope: Scope| of.is_some_and(|role| role.scopes.iter().any(|given| given == scope));
    html! {
        fieldset {
            legend { (ui.t(text::SCOPES)) }
            @for scope in Scope::ALL { (scope_tick(ui, scope, has(scope))) }
        }
    }
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let (ui, app, actor) = (call.ui(), call.app(), call.actor());
    let (role, members) = app.role(actor, call.param(0)).await?;
    let everyone = app.users(actor, UserFilter::default(), PageStart::Offset(0), MAX_PAGE).await?;
    let base = address(&role.name);
    let api = format!("/api/v1{base}");
    let page = ui.page_titled(role.name.clone()).curl("GET", &api);
    let page = page.curl_json("PUT", &format!("{api}/users"), r#"{"users": ["anna", "ben"]}"#);
    Ok(page.body(html! {
        div.page-head {
            p.muted { a href="/roles" { (ui.t(text::TITLE)) } }
            h1 { (role.name) @if role.built_in { " " span.tag { (ui.t(text::BUILT_IN)) } } }
        }
        div.columns {
            div {
                (definition(&ui, &role, &base))
                @if !role.built_in { (deletion(&ui, &role, &base)) }
            }
            div {
                section.card {
                    h2 { (ui.t(text::MEMBERS)) }
                    @if everyone.total <= MAX_TICKED {
                        (member_ticks(&ui, &members, &everyone.items, &base))
                    } @else {
                        p { (ui.fill(text::MEMBERS_MANY, &[&members.len()])) }
                        p { a.button href=(super::user::with("/users", "role", &role.name)) { (ui.t(people::TITLE)) } }
                    }
                }
            }
        }
    }))
}

fn definition(ui: &Ui, role: &Role, base: &str) -> Markup {
    html! {
        section.card {
            h2 { (ui.t(text::EDIT)) }
            @if role.built_in {
                p { (described(ui, role)) }
                p.muted { (ui.t(text::BUILT_IN_WHY)) }
                ul.plain { @for scope in role.scopes.iter() { li { span.mono { (scope.name()) } " " span.muted { (ui.t(scope_text(scope))) } } } }
            } @else {
                p.muted { (ui.t(text::EDIT_WHY)) }
                (ui.form(base, html! {
                    (ui.input("text", "description", text::DESCRIPTION, &role.description, None))
                    (scope_ticks(ui, Some(role)))
                    button.button.primary { (ui.t(text::SAVE)) }
                }))
            }
            @if !role.permissions.is_empty() {
                details {
                    summary { (ui.t(text::PERMISSIONS)) }
                    p.muted { (ui.t(text::PERMISSIONS_WHY)) }
                    ul.plain.mono { @for path in &role.permissions { li { (path) } } }
                }
            }
        }
    }
}

fn member_ticks(ui: &Ui, members: &[User], everyone: &[User], base: &str) -> Markup {
    let is_member = |user: &User| members.iter().any(|member| member.name == user.name);
    html! {
        p.muted { (ui.t(text::MEMBERS_HINT)) }
        (ui.form(&format!("{base}/users"), html! {
            fieldset {
                legend.sr { (ui.t(text::MEMBERS)) }
                @for user in everyone {
                    label.tick {
                        input type="checkbox" name="user[]" value=(user.name) checked[is_member(user)];
                        span { (user.name) " " span.muted { (user.first_name) " " (user.last_name) } }
                    }
                }
            }
            button.button { (ui.t(text::SAVE)) }
        }))
    }
}

fn deletion(ui: &Ui, role: &Role, base: &str) -> Markup {
    html! {
        section.card.danger-zone {
            h2 { (ui.t(text::DELETE_TITLE)) }
            p.muted { (ui.t(text::DELETE_WHY)) }
            (ui.delete_form(&format!("{base}/delete"), &ui.fill(general::TYPE_NAME, &[&role.name]), None, text::DELETE, None))
        }
    }
}

async fn add(call: Call) -> Result<impl Reply, Failure> {
    let form = call.form();
    let field = |name| form.get(name).unwrap_or_default().trim().to_owned();
    let new = NewRole {
        name: field("name"),
        description: field("description"),
        scopes: scopes(form)?,
        permissions: Vec::new(),
    };
    let role = call.app().create_role(call.actor(), new, &[]).await?;
    let said = call.ui().fill(text::ADDED, &[&role.name]);
    Ok(call.redirect(address(&role.name)).saying_text(said))
}

async fn edit(call: Call) -> Result<impl Reply, Failure> {
    let form = call.form();
    let description = Some(form.get("description").unwrap_or_default().trim().to_owned());
    let edit = RoleEdit { description, scopes: Some(scopes(form)?), ..RoleEdit::default() };
    let role = call.app().edit_role(call.actor(), call.param(0), edit).await?;
    let said = call.ui().fill(text::SAVED, &[&role.name]);
    Ok(call.redirect(address(&role.name)).saying_text(said))
}

async fn set_users(call: Call) -> Result<impl Reply, Failure> {
    let users: Vec<String> = call.form().all("user[]").map(str::to_owned).collect();
    let role = call.app().set_role_users(call.actor(), call.param(0), &users).await?;
    let said = call.ui().fill(text::MEMBERS_SAVED, &[&role.name]);
    Ok(call.redirect(address(&role.name)).saying_text(said))
}

async fn delete(call: Call) -> Result<impl Reply, Failure> {
    call.confirmed(call.param(0), people::NOT_CONFIRMED)?;
    call.app().delete_role(call.actor(), call.param(0)).await?;
    let said = call.ui().fill(text::DELETED, &[&call.param(0)]);
    Ok(call.redirect("/roles").saying_text(said))
}
