//! `/users`: people.

mod one;

use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use warp::Reply;
use warp::http::Method;

use super::call::Call;
use super::failure::Failure;
use super::fields::Fields;
use super::message::user as text;
use super::role::described;
use super::routes::{Route, route};
use super::ui::{Tone, Ui};
use crate::app::user::MIN_PASSWORD;
use crate::model::device::PageStart;
use crate::model::role::Role;
use crate::model::user::{NewUser, User, UserFilter};

/// People on a page.
const PAGE: u32 = 50;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![route(Method::GET, "/users", list), route(Method::POST, "/users", add)];
    routes.extend(one::routes());
    routes
}

/// The page of a person.
pub(super) fn address(name: &str) -> String {
    format!("/users/{}", segment(name))
}

/// A name as one segment of a path.
pub(super) fn segment(name: &str) -> String {
    const OTHERS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
    utf8_percent_encode(name, OTHERS).to_string()
}

/// An address with one parameter.
pub(super) fn with(path: &str, name: &str, value: &str) -> String {
    Fields::default().and(name, value).address(path)
}

async fn list(call: Call) -> Result<impl Reply, Failure> {
    let (ui, query) = (call.ui(), call.query());
    let own = |name| query.filled(name).map(str::to_owned);
    let filter = UserFilter { text: own("text"), role: own("role") };
    let roles = call.app().roles(call.actor()).await?;
    let found = call.app().users(call.actor(), filter, PageStart::Cursor(own("cursor")), PAGE).await?;
    let asked = query.with("cursor", None).address("/api/v1/users");
    let body = r#"{"name": "anna", "password": "…", "roles": ["viewer"]}"#;
    Ok(ui.page(text::TITLE).curl("GET", &asked).curl_json("POST", "/api/v1/users", body).body(html! {
        div.page-head {
            h1 { (ui.t(text::TITLE)) }
            p.muted { (ui.count(found.total, text::FOUND_ONE, text::FOUND)) }
        }
        form.toolbar method="get" action="/users" {
            label.sr for="text" { (ui.t(text::SEARCH)) }
            input #text type="search" name="text" value=(query.get("text").unwrap_or_default()) placeholder=(ui.t(text::SEARCH));
            label.sr for="role" { (ui.t(text::ROLES)) }
            select #role name="role" {
                option value="" { (ui.t(text::ANY_ROLE)) }
                @for role in &roles { option value=(role.name) selected[query.get("role") == Some(&*role.name)] { (role.name) } }
            }
            button.button { (ui.t(text::FIND)) }
        }
        @if found.items.is_empty() { (ui.empty(text::NONE, text::NONE_WHY, None)) } @else { (table(&ui, &found.items)) }
        (ui.pager(found.next.as_deref()))
        (add_form(&ui, &roles))
    }))
}

fn table(ui: &Ui, users: &[User]) -> Markup {
    html! {
        (ui.scroll(ui.t(text::TITLE), html! {
            table.list {
                thead { tr {
                    th scope="col" { (ui.t(text::NAME)) }
                    th scope="col" { (ui.t(text::WHOLE_NAME)) }
                    th scope="col" { (ui.t(text::ROLES)) }
                    th scope="col" { (ui.t(text::SECOND_FACTOR)) }
                    th scope="col" { (ui.t(text::ADDED)) }
                } }
                tbody {
                    @for user in users {
                        tr data-row {
                            td { a href=(address(&user.name)) { (user.name) } }
                            td { (user.first_name) " " (user.last_name) }
                            td { (user.roles.join(", ")) }
                            td { (second_factor(ui, user)) }
                            td { (ui.time(user.created_at)) }
                        }
                    }
                }
            }
        }))
    }
}

/// Whether a person has a second factor.
fn second_factor(ui: &Ui, user: &User) -> Markup {
    if user.second_factor { ui.badge(Tone::Ok, ui.t(text::ON)) } else { ui.badge(Tone::Idle, ui.t(text::OFF)) }
}

fn add_form(ui: &Ui, roles: &[Role]) -> Markup {
    let name = html! {
        input #name name="name" type="text" maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false"
            aria-describedby="name-hint" required;
    };
    let hint = ui.fill(text::PASSWORD_HINT, &[&MIN_PASSWORD]);
    html! {
        details.card.narrow #add {
            summary { h2 { (ui.t(text::ADD)) } }
            (ui.form("/users", html! {
                (ui.field("name", text::NAME, &name, Some(ui.t(text::NAME_HINT))))
                (ui.password(("password", "password"), text::PASSWORD, "new-password", Some(MIN_PASSWORD), Some(&hint)))
                (role_ticks(ui, roles, &[]))
                (ui.input("text", "first_name", text::FIRST_NAME, "", None))
                (ui.input("text", "last_name", text::LAST_NAME, "", None))
                (ui.input("text", "email", text::EMAIL, "", None))
                button.button.primary { (ui.t(text::ADD)) }
            }))
        }
    }
}

/// Roles to tick, with their descriptions.
fn role_ticks(ui: &Ui, roles: &[Role], has: &[String]) -> Markup {
    html! {
        fieldset {
            legend { (ui.t(text::ROLES)) }
            @for role in roles {
                label.tick {
                    input type="checkbox" name="role[]" value=(role.name) checked[has.contains(&role.name)];
                    span { (role.name) " " span.muted { (described(ui, role)) } }
                }
            }
        }
    }
}

async fn add(call: Call) -> Result<impl Reply, Failure> {
    let form = call.form();
    let field = |name| form.get(name).unwrap_or_default().trim().to_owned();
    let new = NewUser {
        name: field("name"),
        roles: form.all("role[]").map(str::to_owned).collect(),
        first_name: field("first_name"),
        last_name: field("last_name"),
        email: field("email"),
    };
    let user = call.app().create_user(call.actor(), new, form.get("password").unwrap_or_default()).await?;
    let said = call.ui().fill(text::ADDED_NOW, &[&user.name]);
    Ok(call.redirect(address(&user.name)).saying_text(said))
}
