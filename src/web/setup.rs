//! `/setup`: the first run, from the setup code to a site with an administrator and a name.

use maud::html;
use warp::Reply;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::failure::Failure;
use super::login::{enter, refused};
use super::message::login as text;
use super::routes::{Route, public, route};
use super::ui::{Page, Ui};
use crate::app::Error;
use crate::app::user::{ADMIN, MIN_PASSWORD};
use crate::model::setting::{GENERAL, MAX_SITE_NAME, SITE_NAME};

pub(super) fn routes() -> Vec<Route> {
    vec![
        public(Method::GET, "/setup", show),
        public(Method::POST, "/setup", make),
        route(Method::GET, "/setup/site", show_site),
        route(Method::POST, "/setup/site", name_site),
    ]
}

async fn show(call: Call) -> Result<Response, Failure> {
    if !call.app().setup_needed().await? {
        return Ok(call.redirect("/login").into_response());
    }
    Ok(page(&call.ui(), "", ADMIN, None).into_response())
}

fn page(ui: &Ui, code: &str, name: &str, refused: Option<&str>) -> Page {
    let code_field = html! {
        input #code name="code" type="text" value=(code) autocomplete="off" autocapitalize="characters"
            spellcheck="false" placeholder="7KQM-X2RD-9FHT" maxlength="24" aria-describedby="code-hint"
            autofocus[code.is_empty()] required;
    };
    let name_field = html! {
        input #name name="name" type="text" value=(name) autocomplete="username" autocapitalize="none"
            spellcheck="false" maxlength="64" aria-describedby="name-hint" required;
    };
    let rules = ui.fill(text::PASSWORD_RULES, &[&MIN_PASSWORD]);
    let least = Some(MIN_PASSWORD);
    let body = r#"{"code": "7KQM-X2RD-9FHT", "name": "admin", "password": "…"}"#;
    ui.page(text::SETUP).bare().curl_json("POST", "/api/v1/setup", body).body(html! {
        section.card.gate {
            p.step { (ui.fill(text::SETUP_STEP, &[&1])) }
            h1 { (ui.t(text::SETUP)) }
            p { (ui.t(text::SETUP_WHY)) }
            (ui.refusal(refused))
            (ui.plain_form("/setup", &html! {
                (ui.field("code", text::SETUP_CODE, &code_field, Some(ui.t(text::SETUP_CODE_HINT))))
                (ui.field("name", text::ADMINISTRATOR, &name_field, Some(ui.t(text::ADMINISTRATOR_HINT))))
                (ui.password(("password", "password"), text::PASSWORD, "new-password", least, Some(&rules)))
                (ui.password(("again", "again"), text::PASSWORD_AGAIN, "new-password", least, None))
                button.button.primary { (ui.t(text::CREATE_ADMINISTRATOR)) }
            }))
        }
    })
}

async fn make(call: Call) -> Result<Response, Failure> {
    let (ui, form) = (call.ui(), call.form());
    let text_of = |name| form.get(name).unwrap_or_default();
    let (code, name, password) = (text_of("code"), text_of("name"), text_of("password"));
    if password != text_of("again") {
        let again = page(&ui, code, name, Some(ui.t(text::PASSWORDS_DIFFER)));
        return Ok(again.status(StatusCode::BAD_REQUEST).into_response());
    }
    match call.app().setup(code, name, password, &call.origin()).await {
        Ok(user) => {
            let grant = call.app().login(&user.name, password, None, &call.origin()).await?;
            Ok(enter(&call, &grant, "/setup/site"))
        }
        // Somebody was quicker.
        Err(Error::Conflict(_)) => Ok(call.redirect("/login").into_response()),
        Err(Error::Unauthorized(_)) => {
            let again = page(&ui, code, name, Some(ui.t(text::WRONG_SETUP_CODE)));
            Ok(again.status(StatusCode::UNAUTHORIZED).into_response())
        }
        Err(error) => {
            let (why, status) = refused(&ui, error)?;
            Ok(page(&ui, code, name, Some(&why)).status(status).into_response())
        }
    }
}

async fn show_site(call: Call) -> Result<impl Reply, Failure> {
    let ui = call.ui();
    let settings = call.app().area_settings(call.actor(), GENERAL).await?;
    let name = html! {
        input #site name="site" type="text" value=(settings.value(SITE_NAME).unwrap_or_default())
            maxlength=(MAX_SITE_NAME) autocomplete="organization" aria-describedby="site-hint" autofocus required;
    };
    Ok(ui.page(text::SITE_TITLE).bare().body(html! {
        section.card.gate {
            p.step { (ui.fill(text::SETUP_STEP, &[&2])) }
            h1 { (ui.t(text::SITE_TITLE)) }
            p { (ui.fill(text::SITE_WELCOME, &[&ui.person()])) }
            (ui.form("/setup/site", html! {
                (ui.field("site", text::SITE_NAME, &name, Some(ui.t(text::SITE_NAME_HINT))))
                div.inline {
                    button.button.primary { (ui.t(text::FINISH)) }
                    a.button.quiet href="/" { (ui.t(text::LATER)) }
                }
            }))
        }
    }))
}

async fn name_site(call: Call) -> Result<impl Reply, Failure> {
    let value = call.form().required("site")?.to_owned();
    call.app().name_site(call.actor(), value).await?;
    Ok(call.redirect("/").saying(text::SITE_NAMED))
}
