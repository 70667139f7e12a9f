//! `/preferences`: the language and the colours, kept by the browser.

use warp::Reply;
use warp::http::Method;

use super::call::Call;
use super::failure::Failure;
use super::message::Language;
use super::routes::{Route, public};
use super::ui::{LANGUAGE_COOKIE, THEME_COOKIE, Theme};

/// A year.
const SECONDS: u64 = 365 * 24 * 3600;

pub(super) fn routes() -> Vec<Route> {
    vec![public(Method::POST, "/preferences", choose)]
}

/// Takes `language` or `theme`, and leads back to the page in `back`.
async fn choose(call: Call) -> Result<impl Reply, Failure> {
    let form = call.form();
    let mut redirect = call.redirect(form.get("back").unwrap_or("/"));
    if let Some(language) = form.get("language").and_then(Language::parse) {
        redirect = redirect.with_cookie(LANGUAGE_COOKIE, language.tag(), SECONDS);
    }
    if let Some(theme) = form.get("theme").and_then(Theme::parse) {
        redirect = redirect.with_cookie(THEME_COOKIE, theme.name(), SECONDS);
    }
    Ok(redirect)
}
