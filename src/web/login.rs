//! `/login` and `/logout`: in with a password, and with a code where there is a second factor.

use maud::html;
use warp::Reply;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::{Call, is_local};
use super::failure::Failure;
use super::fields::Fields;
use super::message::login as text;
use super::routes::{Route, public, route};
use super::ui::{Page, Ui};
use crate::app::Error;
use crate::app::session::{Login, PENDING_LIFE, SESSION_LIFE, SessionGrant};
use crate::net::browser::{SESSION_COOKIE, cookie};

/// The cookie of a login that still owes its code; it opens nothing.
const PENDING_COOKIE: &str = "__Host-pym_login";
/// Pages that nobody is led back to.
const NOT_BACK: [&str; 3] = ["/login", "/logout", "/setup"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        public(Method::GET, "/login", show),
        public(Method::POST, "/login", begin),
        public(Method::GET, "/login/code", show_code),
        public(Method::POST, "/login/code", finish),
        route(Method::POST, "/logout", logout),
    ]
}

/// The page that somebody wanted before they had to log in, if it is one of this site; else the first.
fn wanted(to: Option<&str>) -> &str {
    let to = to.unwrap_or("/");
    let path = to.split(['?', '#']).next().unwrap_or_default();
    let leads_back = !NOT_BACK.iter().any(|page| path == *page || path.starts_with(&format!("{page}/")));
    if is_local(to) && leads_back { to } else { "/" }
}

fn with_wanted(path: &str, to: &str) -> String {
    let to = Some(to).filter(|to| *to != "/");
    Fields::default().with("to", to).address(path)
}

async fn show(call: Call) -> Result<Response, Failure> {
    let (ui, to) = (call.ui(), wanted(call.query().get("to")));
    if !ui.person().is_empty() {
        return Ok(call.redirect(to).into_response());
    }
    if call.app().setup_needed().await? {
        return Ok(call.redirect("/setup").into_response());
    }
    Ok(password_page(&ui, to, "", None).into_response())
}

fn password_page(ui: &Ui, to: &str, name: &str, refused: Option<&str>) -> Page {
    let name_field = html! {
        input #name name="name" type="text" value=(name) autocomplete="username" autocapitalize="none"
            spellcheck="false" autofocus[name.is_empty()] required;
    };
    ui.page(text::LOGIN).bare().body(html! {
        section.card.gate {
            h1 { (ui.t(text::LOGIN)) }
            (ui.refusal(refused))
            (ui.plain_form("/login", &html! {
                @if to != "/" { input type="hidden" name="to" value=(to); }
                (ui.field("name", text::NAME, &name_field, None))
                (ui.password(("password", "password"), text::PASSWORD, "current-password", None, None))
                button.button.primary { (ui.t(text::LOGIN)) }
            }))
            p.muted { (ui.t(text::LOST_PASSWORD)) }
        }
    })
}

/// The way into the site with a session.
pub(super) fn enter(call: &Call, grant: &SessionGrant, to: &str) -> Response {
    call.redirect(to)
        .with_cookie(SESSION_COOKIE, &grant.token, SESSION_LIFE.as_secs())
        .with_cookie(PENDING_COOKIE, "", 0)
        .into_response()
}

/// What a form says when it is refused, and the status of that; what is no refusal stays a failure.
pub(super) fn refused(ui: &Ui, error: Error) -> Result<(String, StatusCode), Failure> {
    Ok(match error {
        Error::Invalid { detail, .. } => (detail, StatusCode::BAD_REQUEST),
        Error::Unauthorized(detail) => (detail, StatusCode::UNAUTHORIZED),
        Error::Conflict(detail) => (detail, StatusCode::CONFLICT),
        Error::SecondFactor(_) => (ui.t(text::WRONG_CODE).to_owned(), StatusCode::UNAUTHORIZED),
        Error::TooMany { retry_after } => {
            let seconds = retry_after.as_secs() + 1;
            (ui.fill(text::WAIT, &[&seconds]), StatusCode::TOO_MANY_REQUESTS)
        }
        other => return Err(other.into()),
    })
}

async fn begin(call: Call) -> Result<Response, Failure> {
    let (ui, form) = (call.ui(), call.form());
    let to = wanted(form.get("to"));
    let (name, password) = (form.get("name").unwrap_or_default(), form.get("password").unwrap_or_default());
    match call.app().begin_login(name, password, &call.origin()).await {
        Ok(Login::Open(grant)) => Ok(enter(&call, &grant, to)),
        Ok(Login::CodeNeeded(token)) => Ok(call
            .redirect(with_wanted("/login/code", to))
            .with_cookie(PENDING_COOKIE, token.expose(), PENDING_LIFE.as_secs())
            .into_response()),
        Err(Error::Unauthorized(_)) => {
            let page = password_page(&ui, to, name, Some(ui.t(text::WRONG)));
            Ok(page.status(StatusCode::UNAUTHORIZED).into_response())
        }
        Err(error) => {
            let (why, status) = refused(&ui, error)?;
            Ok(password_page(&ui, to, name, Some(&why)).status(status).into_response())
        }
    }
}

/// The token of the login that owes its code; empty without one.
fn pending(call: &Call) -> &str {
    cookie(&call.headers, PENDING_COOKIE).unwrap_or_default()
}

fn over(call: &Call, to: &str) -> Response {
    let redirect = call.redirect(with_wanted("/login", to)).saying(text::LOGIN_OVER);
    redirect.with_cookie(PENDING_COOKIE, "", 0).into_response()
}

async fn show_code(call: Call) -> Result<Response, Failure> {
    let to = wanted(call.query().get("to"));
    if !call.app().awaits_code(pending(&call)) {
        return Ok(over(&call, to));
    }
    Ok(code_page(&call.ui(), to, None).into_response())
}

fn code_page(ui: &Ui, to: &str, refused: Option<&str>) -> Page {
    let code = html! {
        input #code name="code" type="text" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false"
            maxlength="64" aria-describedby="code-hint" autofocus required;
    };
    ui.page(text::CODE_TITLE).bare().body(html! {
        section.card.gate {
            h1 { (ui.t(text::CODE_TITLE)) }
            p { (ui.t(text::CODE_WHY)) }
            (ui.refusal(refused))
            (ui.plain_form("/login/code", &html! {
                @if to != "/" { input type="hidden" name="to" value=(to); }
                (ui.field("code", text::CODE, &code, Some(ui.t(text::CODE_HINT))))
                button.button.primary { (ui.t(text::CONTINUE)) }
            }))
            p.muted { (ui.t(text::CODE_LOST)) }
            p { a href=(with_wanted("/login", to)) { (ui.t(text::BEGIN_AGAIN)) } }
        }
    })
}

async fn finish(call: Call) -> Result<Response, Failure> {
    let to = wanted(call.form().get("to"));
    let code = call.form().get("code").unwrap_or_default();
    match call.app().finish_login(pending(&call), code, &call.origin()).await {
        Ok(grant) => Ok(enter(&call, &grant, to)),
        Err(Error::Unauthorized(_)) => Ok(over(&call, to)),
        Err(error) => {
            let ui = call.ui();
            let (why, status) = refused(&ui, error)?;
            Ok(code_page(&ui, to, Some(&why)).status(status).into_response())
        }
    }
}

async fn logout(call: Call) -> Result<impl Reply, Failure> {
    if let Some(session) = call.session() {
        call.app().logout(call.actor(), session).await?;
    }
    Ok(call.redirect("/login").saying(text::LOGGED_OUT).with_cookie(SESSION_COOKIE, "", 0))
}

#[cfg(test)]
mod tests;
