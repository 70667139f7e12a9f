//! One request, as the pages see it.

use std::str::FromStr;
use std::sync::Arc;

use warp::Reply;
use warp::http::header::{LOCATION, SET_COOKIE};
use warp::http::uri::Authority;
use warp::http::{HeaderMap, HeaderValue, StatusCode};
use warp::reply::Response;

use super::Web;
use super::failure::Failure;
use super::fields::Fields;
use super::message::Message;
use super::ui::{NOTICE_COOKIE, Ui};
use crate::app::App;
use crate::app::agent::Reach;
use crate::model::actor::Actor;
use crate::net::Peer;
use crate::net::browser::{SESSION_COOKIE, cookie, set_cookie};
use crate::net::request::way;

/// The most bytes of what a form says when it is done: it travels in a cookie.
const MAX_NOTICE: usize = 600;
/// How long that cookie waits for the next page, in seconds.
const NOTICE_SECONDS: u64 = 60;

/// The topics for whose sake the script fetches a page again.
const CHANGED_HEADER: &str = "x-pym-changed";

/// A request whose page and person are known.
pub struct Call {
    pub(super) web: Arc<Web>,
    pub(super) peer: Peer,
    pub(super) actor: Actor,
    pub(super) ui: Ui,
    /// The parameters of the path, decoded, in its order.
    pub(super) params: Vec<String>,
    pub(super) query: Fields,
    pub(super) form: Fields,
    pub(super) headers: HeaderMap,
}

/// Without what the person showed.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("params", &self.params).finish_non_exhaustive()
    }
}

impl Call {
    /// Whether what lives on `topic` is drawn: always, but where the script looks again because of other topics alone.
    pub(super) fn is_due(&self, topic: &str) -> bool {
        let changed = self.headers.get(CHANGED_HEADER).and_then(|changed| changed.to_str().ok());
        changed.is_none_or(|changed| changed.split(' ').any(|word| word == topic || word == "*"))
    }

    pub(super) fn app(&self) -> &App {
        &self.web.app
    }

    pub(super) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Where the call came from, for the audit trail.
    pub(super) fn origin(&self) -> String {
        self.peer.to_string()
    }

    /// How this page speaks and looks.
    pub(super) fn ui(&self) -> Ui {
        self.ui.clone()
    }

    /// The parameter of the path at that place; empty beyond the last.
    pub(super) fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    /// The parameter of the path at that place, parsed; 404 for what cannot be the name of `what`.
    pub(super) fn id<T: FromStr>(&self, index: usize, what: &str) -> Result<T, Failure> {
        let text = self.param(index);
        text.parse().map_err(|_| Failure::missing(what, text))
    }

    /// The parameters of the address.
    pub(super) fn query(&self) -> &Fields {
        &self.query
    }

    /// The fields of the form that was sent; a page of this session made it.
    pub(super) fn form(&self) -> &Fields {
        &self.form
    }

    /// The token of the session, where there is one.
    pub(super) fn session(&self) -> Option<&str> {
        cookie(&self.headers, SESSION_COOKIE)
    }

    /// How agents will reach this daemon: as the browser did, as far as that tells.
    pub(super) fn reach(&self) -> Reach {
        let (asked, local) = way(&self.peer, &self.headers);
        self.app().reach(asked.as_ref().map(Authority::host), local)
    }

    /// Refuses a form in which the name of what it would delete was not typed.
    pub(super) fn confirmed(&self, name: &str, refusal: Message) -> Result<(), Failure> {
        if self.form().filled("confirm") == Some(name.trim()) {
            Ok(())
        } else {
            Err(Failure::bad("confirm", self.ui().t(refusal)))
        }
    }

    /// Sends the browser to another page of this site.
    pub(super) fn redirect(&self, to: impl Into<String>) -> Redirect {
        Redirect { ui: self.ui.clone(), to: to.into(), said: None, cookies: Vec::new() }
    }
}

/// The way to another page of this site, after a form was taken.
#[derive(Debug)]
pub(super) struct Redirect {
    ui: Ui,
    to: String,
    said: Option<String>,
    cookies: Vec<String>,
}

impl Redirect {
    /// What the next page says first.
    #[must_use]
    pub(super) fn saying(self, message: Message) -> Self {
        let said = self.ui.t(message).to_owned();
        self.saying_text(said)
    }

    /// As [`Redirect::saying`], in words that were put together.
    #[must_use]
    pub(super) fn saying_text(self, said: impl Into<String>) -> Self {
        Self { said: Some(said.into()), ..self }
    }

    /// Sets a cookie on the way.
    #[must_use]
    pub(super) fn with_cookie(mut self, name: &str, value: &str, seconds: u64) -> Self {
        self.cookies.push(set_cookie(name, value, seconds));
        self
    }
}

impl Reply for Redirect {
    fn into_response(self) -> Response {
        let to = if is_local(&self.to) { self.to.as_str() } else { "/" };
        let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
        // A script that sent the form goes to the page itself, so that it can tell a refusal from a page.
        let (status, header) = if self.ui.scripted() {
            (StatusCode::NO_CONTENT, warp::http::HeaderName::from_static("x-pym-location"))
        } else {
            (StatusCode::SEE_OTHER, LOCATION)
        };
        let mut response = status.into_response();
        response.headers_mut().insert(header, to);
        let notice = self.said.map(|said| {
            let said = crate::model::text::cut(&said, MAX_NOTICE);
            let encoded: String = form_urlencoded::byte_serialize(said.as_bytes()).collect();
            set_cookie(NOTICE_COOKIE, &encoded, NOTICE_SECONDS)
        });
        for cookie in self.cookies.into_iter().chain(notice) {
            response.headers_mut().extend(HeaderValue::from_str(&cookie).ok().map(|value| (SET_COOKIE, value)));
        }
        response
    }
}

/// Whether an address is a path of this site: two slashes, or what browsers take for them, would name another.
pub(super) fn is_local(to: &str) -> bool {
    let mut bytes = to.bytes();
    let (first, second) = (bytes.next(), bytes.next());
    first == Some(b'/') && !matches!(second, Some(b'/' | b'\\')) && to.bytes().all(|byte| byte.is_ascii_graphic())
}
