//! `/account`: one's own profile, password, second factor and sessions.

mod second_factor;

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::call::Call;
use super::failure::Failure;
use super::message::{account as text, login};
use super::routes::{Route, route};
use super::ui::Ui;
use crate::app::session::SessionInfo;
use crate::app::user::MIN_PASSWORD;
use crate::model::id::SessionId;
use crate::model::user::{User, UserEdit};
use crate::net::browser::SESSION_COOKIE;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        route(Method::GET, "/account", show),
        route(Method::POST, "/account/profile", edit),
        route(Method::POST, "/account/password", change_password),
        route(Method::POST, "/account/sessions/end", end_all),
        route(Method::POST, "/account/sessions/{id}/end", end_one),
    ];
    routes.extend(second_factor::routes());
    routes
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let (ui, app, actor) = (call.ui(), call.app(), call.actor());
    let user = app.user(actor, ui.person()).await?;
    let factor = app.second_factor(actor).await?;
    let sessions = app.sessions(actor, None).await?;
    let current = match call.session() {
        Some(token) => app.session_id(token).await?,
        None => None,
    };
    let page = ui.page(text::TITLE).curl("GET", "/api/v1/sessions").curl("GET", "/api/v1/second-factor");
    Ok(page.body(html! {
        div.page-head { h1 { (ui.t(text::TITLE)) } }
        div.columns {
            div { (profile(&ui, &user)) (password(&ui, &user)) }
            div { (second_factor::section(&ui, factor)) (open_sessions(&ui, &sessions, current)) }
        }
    }))
}

fn profile(ui: &Ui, user: &User) -> Markup {
    html! {
        section.card {
            h2 { (ui.t(text::PROFILE)) }
            dl.facts {
                dt { (ui.t(text::NAME)) } dd { (user.name) }
                dt { (ui.t(text::ROLES)) } dd { (user.roles.join(", ")) }
                dt { (ui.t(text::MAY)) } dd.mono { (user.scopes) }
            }
            (ui.form("/account/profile", html! {
                (ui.input("text", "first_name", text::FIRST_NAME, &user.first_name, None))
                (ui.input("text", "last_name", text::LAST_NAME, &user.last_name, None))
                (ui.input("text", "email", text::EMAIL, &user.email, None))
                button.button { (ui.t(text::SAVE)) }
            }))
        }
    }
}

fn password(ui: &Ui, user: &User) -> Markup {
    let rules = ui.fill(login::PASSWORD_RULES, &[&MIN_PASSWORD]);
    let least = Some(MIN_PASSWORD);
    html! {
        section.card {
            h2 { (ui.t(text::PASSWORD)) }
            p.muted { (ui.t(text::PASSWORD_WHY)) }
            (ui.form("/account/password", html! {
                // For the browser's keeper of passwords.
                input type="hidden" name="username" value=(user.name) autocomplete="username";
                (ui.password(("old_password", "old_password"), text::OLD_PASSWORD, "current-password", None, None))
                (ui.password(("new_password", "password"), text::NEW_PASSWORD, "new-password", least, Some(&rules)))
                (ui.password(("again", "again"), login::PASSWORD_AGAIN, "new-password", least, None))
                button.button { (ui.t(text::CHANGE_PASSWORD)) }
            }))
        }
    }
}

fn open_sessions(ui: &Ui, sessions: &[SessionInfo], current: Option<SessionId>) -> Markup {
    html! {
        section.card {
            h2 { (ui.t(text::SESSIONS)) }
            (session_table(ui, sessions, current, "/account/sessions"))
            (ui.action_asked("/account/sessions/end", text::LOG_OUT_EVERYWHERE, "button danger", ui.t(text::LOG_OUT_EVERYWHERE_SURE)))
        }
    }
}

/// Open sessions, each with a button that ends it; `base` is the path before its id.
pub(super) fn session_table(ui: &Ui, sessions: &[SessionInfo], current: Option<SessionId>, base: &str) -> Markup {
    html! {
        (ui.scroll(ui.t(text::SESSIONS), html! {
            table.list {
                thead { tr {
                    th scope="col" { (ui.t(text::SESSION_FROM)) }
                    th scope="col" { (ui.t(text::SESSION_OPENED)) }
                    th scope="col" { (ui.t(text::SESSION_USED)) }
                    th scope="col" { span.sr { (ui.t(text::END)) } }
                } }
                tbody {
                    @for session in sessions {
                        tr {
                            td { span.mono { (session.origin) } @if current == Some(session.id) { " " span.tag { (ui.t(text::THIS_SESSION)) } } }
                            td { (ui.time(session.created_at)) }
                            td { (ui.ago(session.last_used_at)) }
                            td.act {
                                (ui.form_classed(&format!("{base}/{}/end", session.id), "inline", html! {
                                    button.button.quiet aria-label=(ui.fill(text::END_OF, &[&session.origin])) { (ui.t(text::END)) }
                                }))
                            }
                        }
                    }
                }
            }
        }))
    }
}

async fn edit(call: Call) -> Result<impl Reply, Failure> {
    let form = call.form();
    let field = |name| Some(form.get(name).unwrap_or_default().trim().to_owned());
    let edit =
        UserEdit { roles: None, first_name: field("first_name"), last_name: field("last_name"), email: field("email") };
    call.app().edit_user(call.actor(), call.ui().person(), edit).await?;
    Ok(call.redirect("/account").saying(text::SAVED))
}

/// The two passwords of a form, which must be the same.
pub(super) fn new_password<'a>(ui: &Ui, form: &'a super::fields::Fields) -> Result<&'a str, Failure> {
    let password = form.get("password").unwrap_or_default();
    if form.get("again").unwrap_or_default() == password {
        Ok(password)
    } else {
        Err(Failure::bad("again", ui.t(login::PASSWORDS_DIFFER)))
    }
}

async fn change_password(call: Call) -> Result<impl Reply, Failure> {
    let (ui, form) = (call.ui(), call.form());
    let password = new_password(&ui, form)?;
    let old = form.get("old_password").unwrap_or_default();
    call.app().set_password(call.actor(), ui.person(), password, Some(old), call.session()).await?;
    Ok(call.redirect("/account").saying(text::PASSWORD_CHANGED))
}

async fn end_one(call: Call) -> Result<impl Reply, Failure> {
    let id: SessionId = call.id(0, "session")?;
    let is_current = match call.session() {
        Some(token) => call.app().session_id(token).await? == Some(id),
        None => false,
    };
    call.app().close_session(call.actor(), None, id).await?;
    let redirect = call.redirect(if is_current { "/login" } else { "/account" }).saying(text::ENDED);
    Ok(if is_current { redirect.with_cookie(SESSION_COOKIE, "", 0) } else { redirect })
}

async fn end_all(call: Call) -> Result<impl Reply, Failure> {
    call.app().close_sessions(call.actor()).await?;
    Ok(call.redirect("/login").saying(login::LOGGED_OUT).with_cookie(SESSION_COOKIE, "", 0))
}
