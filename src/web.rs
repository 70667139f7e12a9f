//! DOOR: the dashboard. Pages drawn here over the calls of [`crate::app`], their one style sheet and one script, and a
//! stream that tells an open page what to fetch again.
//!
//! A request takes this way: its page is found (404, 405), a form must come from this site (403), the person is found by
//! the session in the cookie (else the way leads to the login), a form must carry the session's own token (403), the
//! handler makes its call of the application, which decides, and draws the answer. Nothing on a page is inline: the
//! content security policy forbids it.

mod about;
mod account;
mod activity;
mod asset;
mod audit;
mod bulk;
mod call;
mod certificate;
mod compliance;
mod device;
mod device_list;
mod device_type;
mod enrollment;
mod enrollment_token;
mod failure;
mod fields;
mod geofence;
mod group;
mod live;
mod login;
mod message;
mod notification;
mod overview;
mod package;
mod policy;
mod preference;
mod reference;
mod role;
pub mod routes;
mod setting;
mod setup;
mod tag;
mod token;
mod ui;
mod user;

use std::sync::Arc;

use bytes::Buf;
use futures_util::Stream;
use tokio_util::sync::CancellationToken;
use warp::filters::BoxedFilter;
use warp::http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, LOCATION, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use warp::http::{HeaderMap, HeaderValue, Method, StatusCode};
use warp::reply::Response;
use warp::{Filter as _, Reply as _};

use crate::app::{App, Error};
use crate::metrics::Door;
use crate::model::actor::{Actor, Principal, Scopes};
use crate::net::Peer;
use crate::net::browser::{SESSION_COOKIE, cookie, may_use_session};
use crate::net::request::{self, Request, WholeError};
use crate::net::table::Found;

use call::Call;
use failure::Failure;
use fields::Fields;
use routes::Table;
use ui::Ui;

/// The most bytes of a form: room for a policy as JSON.
const MAX_FORM: usize = 512 * 1024;
/// A page loads its own files, talks to its own site, and stands in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What the pages share.
#[derive(Debug)]
struct Web {
    app: App,
    /// Cancelled when the daemon drains: the streams of open pages end.
    stop: CancellationToken,
    /// The pages that are open.
    streams: Arc<live::Streams>,
}

/// The routes of the dashboard, under TLS alone; without it the first page leads there. They go before those of the
/// other doors: of these, they take only the pages' own paths.
#[must_use]
pub fn routes(app: App, stop: CancellationToken) -> BoxedFilter<(Response,)> {
    let web = Arc::new(Web { app, stop, streams: Arc::default() });
    let table = Arc::new(routes::table());
    let claimed = Arc::clone(&table);
    request::claimed(move |request| claims(&claimed, request))
        .and(warp::body::stream())
        .then(move |request: Request, body| {
            let (web, table) = (Arc::clone(&web), Arc::clone(&table));
            async move {
                let response = finish(answer(&web, &table, request, body).await);
                web.app.metrics().http_answered(Door::Web, response.status().as_u16());
                response
            }
        })
        .boxed()
}

/// A page for people who came to an address where nothing is: goes after the other doors.
#[must_use]
pub fn nothing(app: App, stop: CancellationToken) -> BoxedFilter<(Response,)> {
    let web = Arc::new(Web { app, stop, streams: Arc::default() });
    request::claimed(|request| {
        is_secure(&request.peer) && request.method == Method::GET && wants_html(&request.headers)
    })
    .then(move |request: Request| {
        let web = Arc::clone(&web);
        async move {
            let table = Table::new(Vec::new());
            let body = futures_util::stream::empty::<Result<bytes::Bytes, warp::Error>>();
            finish(answer(&web, &table, request, body).await)
        }
    })
    .boxed()
}

fn claims(table: &Table, request: &Request) -> bool {
    let path = request.path.as_str();
    if path == "/" && !wants_html(&request.headers) {
        // A script learns from the API what this is.
        return false;
    }
    if !is_secure(&request.peer) {
        return path == "/" && matches!(request.peer, Peer::Remote { .. });
    }
    path.starts_with(asset::SPACE) || table.knows(path)
}

const fn is_secure(peer: &Peer) -> bool {
    matches!(peer, Peer::Remote { tls: true, .. })
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

async fn answer<B: Buf>(
    web: &Arc<Web>,
    table: &Table,
    request: Request,
    body: impl Stream<Item = Result<B, warp::Error>> + Send,
) -> Response {
    let Request { path, method, query, headers, peer } = request;
    let path = path.as_str();
    if !is_secure(&peer) {
        return to_tls(&web.app, &headers);
    }
    if path.starts_with(asset::SPACE) {
        return match asset::find(path) {
            Some(asset) => asset.reply(&headers),
            None => StatusCode::NOT_FOUND.into_response(),
        };
    }
    let query = match Fields::parse(query.as_bytes()) {
        Ok(query) => query,
        Err(failure) => return Ui::of(&headers, path, &Fields::default()).failure(&failure),
    };
    let mut ui = Ui::of(&headers, path, &query);
    let origin = peer.to_string();
    let (actor, signed_in) = match person(web, &headers, &origin).await {
        Ok(found) => found,
        Err(failure) => return ui.failure(&failure),
    };
    let session = cookie(&headers, SESSION_COOKIE).filter(|_| signed_in);
    ui.sign(&actor, session);
    if path != live::PATH
        && let Err(error) = ui.surround(&web.app, &actor).await
    {
        return ui.failure(&error.into());
    }
    let (route, params) = match table.find(&method, path) {
        Found::Route(route, params) => (route, params),
        Found::Methods(allow) => {
            let mut response = ui.failure(&Failure::method(&allow));
            response.headers_mut().extend(HeaderValue::from_str(&allow).ok().map(|allow| (ALLOW, allow)));
            return response;
        }
        Found::Unreadable | Found::Nothing => return ui.failure(&Failure::unknown_path(path)),
    };
    if !may_use_session(&method, &headers) {
        return ui.failure(&Failure::forged());
    }
    if !route.public && !signed_in {
        return to_login(web, &ui, &method, &query, path).await;
    }
    let form = if method.is_safe() {
        Fields::default()
    } else {
        match read_form(body).await {
            Ok(form) => form,
            Err(failure) => return ui.failure(&failure),
        }
    };
    if !method.is_safe() && signed_in && !ui.made(&form) {
        return ui.failure(&Failure::forged());
    }
    let call = Call { web: Arc::clone(web), peer, actor, ui: ui.clone(), params, query, form, headers };
    route.answer(call).await.unwrap_or_else(|failure| ui.failure(&failure))
}

/// Who asks, and whether it is somebody who logged in.
async fn person(web: &Web, headers: &HeaderMap, origin: &str) -> Result<(Actor, bool), Failure> {
    if let Some(token) = cookie(headers, SESSION_COOKIE) {
        match web.app.bearer(token, origin).await {
            Ok(actor) if matches!(actor.principal, Principal::User { .. }) => return Ok((actor, true)),
            Ok(_) | Err(Error::Unauthorized(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let nobody = Actor { principal: Principal::Anonymous, scopes: Scopes::NONE, origin: origin.to_owned() };
    Ok((nobody, false))
}

async fn to_login(web: &Web, ui: &Ui, method: &Method, query: &Fields, path: &str) -> Response {
    if path == live::PATH {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let to = match web.app.setup_needed().await {
        Err(error) => return ui.failure(&error.into()),
        Ok(true) => "/setup".to_owned(),
        Ok(false) if method.is_safe() && path != "/" => {
            Fields::default().and("to", &query.address(path)).address("/login")
        }
        Ok(false) => "/login".to_owned(),
    };
    if ui.scripted() {
        // The script reloads the page, and so comes to the login.
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().extend(HeaderValue::from_str(&to).ok().map(|to| (LOCATION, to)));
    response
}

/// Leads from the unencrypted port to the dashboard's own.
fn to_tls(app: &App, headers: &HeaderMap) -> Response {
    let Some(asked) = request::authority(headers) else { return StatusCode::BAD_REQUEST.into_response() };
    let ports = app.standing().endpoints.https;
    let port = ports.first().and_then(|address| address.rsplit_once(':')).map_or("9443", |(_, port)| port);
    let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
    let to = HeaderValue::from_str(&format!("https://{}:{port}/", asked.host()));
    response.headers_mut().extend(to.ok().map(|to| (LOCATION, to)));
    response
}

async fn read_form<B: Buf>(body: impl Stream<Item = Result<B, warp::Error>> + Send) -> Result<Fields, Failure> {
    let form = request::whole(body, MAX_FORM).await.map_err(|error| match error {
        WholeError::Broken(error) => Failure::bad("", format!("the form broke off: {error}")),
        WholeError::TooLarge => Failure::bad("", format!("a form has at most {MAX_FORM} bytes")),
    })?;
    Fields::parse(&form)
}

/// What every answer of this door carries.
fn finish(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // The origin has to go along with forms: it shows that they are this site's.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    response
}

/// The header of an answer that says when another attempt makes sense.
fn retry_after(response: &mut Response, seconds: Option<u64>) {
    response.headers_mut().extend(seconds.map(|seconds| (RETRY_AFTER, seconds.into())));
}
