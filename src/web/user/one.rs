//! `/users/{name}`: one person.

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::{address, role_ticks, second_factor, with};
use crate::app::session::SessionInfo;
use crate::app::user::MIN_PASSWORD;
use crate::model::role::Role;
use crate::model::user::{User, UserEdit};
use crate::web::account::{new_password, session_table};
use crate::web::call::Call;
use crate::web::failure::Failure;
use crate::web::message::{account, general, login, user as text};
use crate::web::routes::{Route, route};
use crate::web::ui::Ui;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/users/{name}", show),
        route(Method::POST, "/users/{name}", edit),
        route(Method::POST, "/users/{name}/password", set_password),
        route(Method::POST, "/users/{name}/sessions/end", end_sessions),
        route(Method::POST, "/users/{name}/sessions/{id}/end", end_session),
        route(Method::POST, "/users/{name}/second-factor/reset", reset),
        route(Method::POST, "/users/{name}/delete", delete),
    ]
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let (ui, app, actor) = (call.ui(), call.app(), call.actor());
    let roles = app.roles(actor).await?;
    let user = app.user(actor, call.param(0)).await?;
    let sessions = app.sessions(actor, Some(&user.name)).await?;
    let is_self = ui.person() == user.name;
    let base = address(&user.name);
    let api = format!("/api/v1{base}");
    let page = ui.page_titled(user.name.clone()).curl("GET", &api);
    let page = page.curl_json("PATCH", &api, r#"{"roles": ["operator"]}"#);
    Ok(page.body(html! {
        div.page-head {
            p.muted { a href="/users" { (ui.t(text::TITLE)) } }
            h1 { (user.name) }
            div.inline {
                a.button.quiet href=(with("/devices", "query", &format!("owner:{}", user.name))) { (ui.t(text::DEVICES)) }
                a.button.quiet href=(with("/audit", "actor", &user.name)) { (ui.t(text::TRAIL)) }
            }
        }
        div.columns {
            div {
                (profile(&ui, &user, &roles, &base))
                @if !is_self { (deletion(&ui, &user, &base)) }
            }
            div {
                @if is_self {
                    section.card { p { (ui.t(text::OWN)) " " a href="/account" { (ui.t(account::TITLE)) } } }
                } @else {
                    (factor(&ui, &user, &base))
                    (password(&ui, &base))
                }
                (open_sessions(&ui, &user, &sessions, &base, is_self))
            }
        }
    }))
}

fn profile(ui: &Ui, user: &User, roles: &[Role], base: &str) -> Markup {
    html! {
        section.card {
            h2 { (ui.t(text::EDIT)) }
            dl.facts {
                dt { (ui.t(text::ADDED)) } dd { (ui.time(user.created_at)) }
                dt { (ui.t(text::MAY)) } dd.mono { (user.scopes) }
            }
            (ui.form(base, html! {
                (role_ticks(ui, roles, &user.roles))
                (ui.input("text", "first_name", text::FIRST_NAME, &user.first_name, None))
                (ui.input("text", "last_name", text::LAST_NAME, &user.last_name, None))
                (ui.input("text", "email", text::EMAIL, &user.email, None))
                button.button.primary { (ui.t(text::SAVE)) }
            }))
        }
    }
}

fn factor(ui: &Ui, user: &User, base: &str) -> Markup {
    html! {
        section.card {
            h2 { (ui.t(text::SECOND_FACTOR)) " " (second_factor(ui, user)) }
            @if user.second_factor {
                p.muted { (ui.t(text::RESET_WHY)) }
                (ui.action_asked(&format!("{base}/second-factor/reset"), text::RESET, "button danger", &ui.fill(text::RESET_SURE, &[&user.name])))
            }
        }
    }
}

fn password(ui: &Ui, base: &str) -> Markup {
    let hint = ui.fill(text::PASSWORD_HINT, &[&MIN_PASSWORD]);
    let least = Some(MIN_PASSWORD);
    html! {
        section.card {
            h2 { (ui.t(text::NEW_PASSWORD)) }
            p.muted { (ui.t(text::NEW_PASSWORD_WHY)) }
            (ui.form(&format!("{base}/password"), html! {
                (ui.password(("password", "password"), text::NEW_PASSWORD, "new-password", least, Some(&hint)))
                (ui.password(("again", "again"), login::PASSWORD_AGAIN, "new-password", least, None))
                button.button { (ui.t(text::SET_PASSWORD)) }
            }))
        }
    }
}

fn open_sessions(ui: &Ui, user: &User, sessions: &[SessionInfo], base: &str, is_self: bool) -> Markup {
    html! {
        section.card {
            h2 { (ui.t(text::SESSIONS)) }
            @if sessions.is_empty() {
                p.muted { (ui.t(text::NO_SESSIONS)) }
            } @else {
                (session_table(ui, sessions, None, &format!("{base}/sessions")))
                @if !is_self {
                    (ui.action_asked(&format!("{base}/sessions/end"), text::END_ALL, "button danger", &ui.fill(text::END_ALL_SURE, &[&user.name])))
                }
            }
        }
    }
}

fn deletion(ui: &Ui, user: &User, base: &str) -> Markup {
    html! {
        section.card.danger-zone {
            h2 { (ui.t(text::DELETE_TITLE)) }
            p.muted { (ui.t(text::DELETE_WHY)) }
            (ui.delete_form(&format!("{base}/delete"), &ui.fill(general::TYPE_NAME, &[&user.name]), None, text::DELETE, None))
        }
    }
}

async fn edit(call: Call) -> Result<impl Reply, Failure> {
    let form = call.form();
    let field = |name| Some(form.get(name).unwrap_or_default().trim().to_owned());
    let edit = UserEdit {
        roles: Some(form.all("role[]").map(str::to_owned).collect()),
        first_name: field("first_name"),
        last_name: field("last_name"),
        email: field("email"),
    };
    let user = call.app().edit_user(call.actor(), call.param(0), edit).await?;
    let said = call.ui().fill(text::SAVED, &[&user.name]);
    Ok(call.redirect(address(&user.name)).saying_text(said))
}

async fn set_password(call: Call) -> Result<impl Reply, Failure> {
    let ui = call.ui();
    let password = new_password(&ui, call.form())?;
    call.app().set_password(call.actor(), call.param(0), password, None, None).await?;
    Ok(call.redirect(address(call.param(0))).saying_text(ui.fill(text::PASSWORD_SET, &[&call.param(0)])))
}

async fn end_sessions(call: Call) -> Result<impl Reply, Failure> {
    call.app().close_sessions_of(call.actor(), call.param(0)).await?;
    let said = call.ui().fill(text::ENDED_ALL, &[&call.param(0)]);
    Ok(call.redirect(address(call.param(0))).saying_text(said))
}

async fn end_session(call: Call) -> Result<impl Reply, Failure> {
    call.app().close_session(call.actor(), Some(call.param(0)), call.id(1, "session")?).await?;
    Ok(call.redirect(address(call.param(0))).saying(account::ENDED))
}

async fn reset(call: Call) -> Result<impl Reply, Failure> {
    call.app().reset_second_factor(call.actor(), call.param(0)).await?;
    let said = call.ui().fill(text::RESET_DONE, &[&call.param(0)]);
    Ok(call.redirect(address(call.param(0))).saying_text(said))
}

async fn delete(call: Call) -> Result<impl Reply, Failure> {
    call.confirmed(call.param(0), text::NOT_CONFIRMED)?;
    call.app().delete_user(call.actor(), call.param(0)).await?;
    let said = call.ui().fill(text::DELETED, &[&call.param(0)]);
    Ok(call.redirect("/users").saying_text(said))
}
