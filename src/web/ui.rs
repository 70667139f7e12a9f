//! How a page speaks and looks: its language and colours, who it is for, and what every page has around it.

mod badge;
mod chart;
mod control;
mod credential;
pub(super) mod feature;
mod filter;
pub(super) mod icon;
mod layout;
mod link;
pub(super) mod map;
mod page;
pub(super) mod quantity;
mod stack;
#[cfg(test)]
pub(super) mod testing;
pub(super) mod text;

use std::fmt::Display;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use warp::Reply as _;
use warp::http::header::{ACCEPT_LANGUAGE, HOST};
use warp::http::{HeaderMap, HeaderValue};
use warp::reply::Response;

use super::failure::Failure;
use super::fields::Fields;
use super::message::{Language, Message};
use super::retry_after;
use crate::app::{App, Error};
use crate::model::actor::{Actor, Principal, Scope, Scopes};
use crate::model::notification::NotificationFilter;
use crate::net::browser::cookie;

pub(super) use badge::{Tone, device_status, operation_status};
pub(super) use page::{Page, curl};

/// The cookie of the language a person chose.
pub(super) const LANGUAGE_COOKIE: &str = "__Host-pym_language";
/// The cookie of the colours a person chose.
pub(super) const THEME_COOKIE: &str = "__Host-pym_theme";
/// The cookie that carries what a form said when it was done to the next page.
pub(super) const NOTICE_COOKIE: &str = "__Host-pym_notice";
/// The field of a form that shows that a page of this session made it.
const TOKEN: &str = "csrf";
/// What a script's requests are told by.
const SCRIPT_HEADER: &str = "x-pym-script";

/// The colours of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Theme {
    /// As the system of the person wants it.
    #[default]
    Auto,
    Light,
    Dark,
}

impl Theme {
    pub(super) const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }
}

/// What a page needs to know to be drawn; cheap to clone.
#[derive(Clone)]
pub(super) struct Ui(Arc<Face>);

/// Without the token of the forms.
impl std::fmt::Debug for Ui {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ui").field("path", &self.0.path).finish_non_exhaustive()
    }
}

#[derive(Clone, Default)]
struct Face {
    language: Language,
    theme: Theme,
    /// The person's name; empty before the login.
    person: String,
    scopes: Scopes,
    /// The token of the forms; empty before the login.
    token: String,
    path: String,
    query: Fields,
    /// The authority in the address the browser asked for.
    host: String,
    site: String,
    /// Notifications nobody has ticked off.
    unread: u64,
    /// What the form before this page said.
    said: Option<String>,
    scripted: bool,
}

impl Ui {
    /// The face of a page for whoever sent these headers.
    pub(super) fn of(headers: &HeaderMap, path: &str, query: &Fields) -> Self {
        let text =
            |value: Option<&HeaderValue>| value.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let chosen = cookie(headers, LANGUAGE_COOKIE).and_then(Language::parse);
        let language = chosen.unwrap_or_else(|| Language::negotiate(&text(headers.get(ACCEPT_LANGUAGE))));
        let theme = cookie(headers, THEME_COOKIE).and_then(Theme::parse).unwrap_or_default();
        let said = cookie(headers, NOTICE_COOKIE).filter(|said| !said.is_empty());
        let decode = |said: &str| form_urlencoded::parse(said.as_bytes()).map(|(said, _)| said.into_owned()).collect();
        let host = text(headers.get(HOST));
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".:-[]".contains(c);
        let face = Face {
            language,
            theme,
            path: path.to_owned(),
            query: query.clone(),
            host: if !host.is_empty() && host.chars().all(is_plain) { host } else { "localhost:9443".to_owned() },
            said: said.map(decode),
            scripted: headers.contains_key(SCRIPT_HEADER),
            ..Face::default()
        };
        Self(Arc::new(face))
    }

    /// Notes who the page is for, with the token of their session.
    pub(super) fn sign(&mut self, actor: &Actor, session: Option<&str>) {
        if let (Some(session), Principal::User { name, .. }) = (session, &actor.principal) {
            let face = Arc::make_mut(&mut self.0);
            face.person.clone_from(name);
            face.scopes = actor.scopes;
            face.token = token(session);
        }
    }

    /// Reads what stands around every page: the name of the site, and how many notifications wait.
    pub(super) async fn surround(&mut self, app: &App, actor: &Actor) -> Result<(), Error> {
        let face = Arc::make_mut(&mut self.0);
        face.site = app.site_name().await?;
        if face.scopes.allow(Scope::Read) || face.scopes.allow(Scope::Own) {
            let unread = NotificationFilter { checked: Some(false), ..NotificationFilter::default() };
            face.unread = app.notifications(actor, unread, 0, 1).await?.total;
        }
        Ok(())
    }

    /// Whether a page of this session made the form.
    pub(super) fn made(&self, form: &Fields) -> bool {
        let given = form.get(TOKEN).unwrap_or_default();
        !self.0.token.is_empty() && bool::from(given.as_bytes().ct_eq(self.0.token.as_bytes()))
    }

    /// Whether the page's own script asks.
    pub(super) fn scripted(&self) -> bool {
        self.0.scripted
    }

    pub(super) fn language(&self) -> Language {
        self.0.language
    }

    /// The name of the person; empty before the login.
    pub(super) fn person(&self) -> &str {
        &self.0.person
    }

    /// Whether the person may do that; a page hides what they may not.
    pub(super) fn may(&self, scope: Scope) -> bool {
        self.0.scopes.allow(scope)
    }

    /// Notifications nobody has ticked off.
    pub(super) fn unread(&self) -> u64 {
        self.0.unread
    }

    /// The path of this page.
    pub(super) fn path(&self) -> &str {
        &self.0.path
    }

    /// The parameters of this page's address.
    pub(super) fn query(&self) -> &Fields {
        &self.0.query
    }

    /// The address of this page with one parameter changed or left out.
    pub(super) fn here_with(&self, name: &str, value: Option<&str>) -> String {
        self.0.query.with(name, value).address(&self.0.path)
    }

    /// The host and port that the browser asked for.
    pub(super) fn host(&self) -> &str {
        &self.0.host
    }

    /// A message in the person's language.
    pub(super) fn t(&self, message: Message) -> &'static str {
        message.text(self.0.language)
    }

    /// A message in the person's language, with its places filled in order.
    pub(super) fn fill(&self, message: Message, values: &[&dyn Display]) -> String {
        message.fill(self.0.language, values)
    }

    /// One message for one, another for every other number, whose place is the number.
    pub(super) fn count(&self, number: u64, one: Message, many: Message) -> String {
        self.fill(if number == 1 { one } else { many }, &[&number])
    }

    /// A page of that title.
    pub(super) fn page(&self, title: Message) -> Page {
        self.page_titled(self.t(title))
    }

    /// A page whose title was put together.
    pub(super) fn page_titled(&self, title: impl Into<String>) -> Page {
        Page::new(self.clone(), title.into())
    }

    /// The answer that says why there is no page: to the script in JSON, to a person as a page.
    pub(super) fn failure(&self, failure: &Failure) -> Response {
        let mut response = if self.scripted() {
            let json = serde_json::json!({
                "title": self.t(failure.title), "detail": failure.detail, "field": failure.field,
            });
            let json = warp::reply::json(&json);
            warp::reply::with_status(json, failure.status).into_response()
        } else {
            layout::failure(self, failure).into_response()
        };
        retry_after(&mut response, failure.retry_after);
        response
    }
}

/// The token of a session's forms: whoever has it has the session, and the session cannot be found from it.
fn token(session: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"pym form\0");
    hash.update(session.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ui(session: Option<&str>) -> Ui {
        let mut ui = Ui::of(&HeaderMap::new(), "/", &Fields::default());
        Arc::make_mut(&mut ui.0).token = session.map(token).unwrap_or_default();
        ui
    }

    #[test]
    fn a_form_belongs_to_one_session() {
        let form = |token: &str| Fields::default().and(TOKEN, token);
        assert!(ui(Some("a")).made(&form(&token("a"))));
        assert!(!ui(Some("b")).made(&form(&token("a"))));
        assert!(!ui(Some("a")).made(&Fields::default()));
        assert!(!ui(None).made(&form("")));
    }

    #[test]
    fn a_host_that_could_leave_a_command_is_not_repeated() {
        let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("a;rm -rf"))]);
        assert_eq!(Ui::of(&headers, "/", &Fields::default()).host(), "localhost:9443");
    }
}
