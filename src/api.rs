//! DOOR: Pym's own REST API `/api/v1` over the types of [`crate::wire`], and the signs of life beside it.
//!
//! Everything that is served stands in one [`routes::Table`], which the OpenAPI document is compared with. A request
//! takes this way: its route is found (404, 405), its caller is found out (401), the handler decodes it, makes its call
//! of the application, which decides (403, 404, 409, 429), and encodes the answer. Every refusal is a
//! [`problem::Problem`].

mod agent;
mod application;
mod audit;
mod auth;
mod backup;
mod bulk;
mod call;
mod certificate;
mod compliance;
mod device;
mod device_list;
mod device_type;
mod enrollment;
mod enrollment_token;
mod geofence;
mod group;
mod health;
mod host;
mod location;
mod notification;
mod operation;
pub mod package;
mod policy;
pub mod problem;
mod query;
mod role;
pub mod routes;
mod second_factor;
mod setting;
mod tag;
mod telemetry;
mod token;
mod user;
mod watch;

use std::sync::Arc;

use hyper::body::Body as _;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use warp::filters::BoxedFilter;
use warp::http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, X_CONTENT_TYPE_OPTIONS};
use warp::http::{HeaderValue, Method, StatusCode};
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::app::App;
use crate::metrics::Door;
use crate::net::Peer;
use crate::net::request::{self, Request};
use crate::net::table::Found;

use call::{Body, Call};
use problem::Problem;
use routes::Table;

/// What the handlers share.
#[derive(Debug)]
struct Api {
    app: App,
    /// The site CA's certificate, which anyone may have.
    ca_pem: String,
    /// Cancelled when the daemon drains: it is no longer ready, and the event streams end.
    stop: CancellationToken,
    /// One permit an open event stream.
    streams: Arc<Semaphore>,
    /// As `streams`, for callers on the board itself: those from elsewhere cannot shut them out.
    local_streams: Arc<Semaphore>,
}

/// The routes of the API for every listener, the control socket's too: the [`Peer`] among a request's extensions says
/// who asks. Paths that are not the API's are rejected, so that another door may have them.
#[must_use]
pub fn routes(app: App, ca_pem: String, stop: CancellationToken) -> BoxedFilter<(Response,)> {
    let api = Arc::new(Api {
        app,
        ca_pem,
        stop,
        streams: Arc::new(Semaphore::new(watch::MAX_STREAMS)),
        local_streams: Arc::new(Semaphore::new(watch::MAX_LOCAL_STREAMS)),
    });
    let table = Arc::new(routes::table());
    let claimed = Arc::clone(&table);
    request::claimed(move |request| routes::claims(&claimed, request.path.as_str()))
        .and(warp::body::stream().map(Body::new))
        .then(move |request: Request, body| {
            let (api, table) = (Arc::clone(&api), Arc::clone(&table));
            async move {
                let (head, door) = (request.method == Method::HEAD, door(&request.peer));
                let response = match answer(&api, &table, request, body).await {
                    Ok(response) => response,
                    Err(problem) => problem.into_response(),
                };
                api.app.metrics().http_answered(door, response.status().as_u16());
                finish(response, head)
            }
        })
        .boxed()
}

async fn answer(api: &Arc<Api>, table: &Table, request: Request, body: Body) -> Result<Response, Problem> {
    let Request { path, method, query, headers, peer } = request;
    let (method, path) = (&method, path.as_str());
    let (route, params) = match table.find(method, path) {
        Found::Route(route, params) => (route, params),
        Found::Unreadable => {
            return Err(Problem::new(StatusCode::NOT_FOUND, "the path holds bytes that are not UTF-8"));
        }
        Found::Methods(allow) if method == Method::OPTIONS => {
            let reply = warp::reply::with_header(StatusCode::NO_CONTENT, ALLOW, allow);
            return Ok(reply.into_response());
        }
        Found::Methods(allow) => return Err(Problem::method_not_allowed(method, path, &allow)),
        Found::Nothing => return Err(Problem::unknown_path(path)),
    };
    let caller = if route.public { auth::stranger(&peer) } else { auth::caller(api, &peer, method, &headers).await? };
    let call = Call { api: Arc::clone(api), caller, params, query, headers, body };
    route.answer(call).await
}

fn door(peer: &Peer) -> Door {
    if matches!(peer, Peer::Local { .. }) { Door::Control } else { Door::Api }
}

/// What every answer carries; an answer to HEAD keeps its length and loses its body (RFC 9110, section 9.3.2).
fn finish(mut response: Response, head: bool) -> Response {
    let length = response.body().size_hint().exact();
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !head {
        return response;
    }
    if let Some(length) = length {
        headers.entry(CONTENT_LENGTH).or_insert(length.into());
    }
    let mut empty = warp::reply().into_response();
    *empty.status_mut() = response.status();
    *empty.headers_mut() = std::mem::take(response.headers_mut());
    empty
}
