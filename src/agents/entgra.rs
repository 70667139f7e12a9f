//! The door for devices and tools made for the Entgra (formerly WSO2) IoT Server.
//!
//! One set of routes, the same on every port, one file for each resource. What they take and answer was read from the
//! public sources of the server (`device-mgt-core`, `device-mgt-plugins`) and of its agents. Trailing slashes, unknown
//! members and unknown scope words are accepted everywhere.

mod activity;
mod android;
mod android_admin;
mod application;
mod arduino;
mod call;
mod certificate;
mod configuration;
mod device;
mod device_body;
mod device_types;
mod download;
mod errors;
mod events;
mod generic;
mod group;
mod gson;
mod notification;
mod oauth;
mod operation;
mod policies;
mod role;
pub mod routes;
mod search;
mod store;
mod user;

use std::sync::Arc;

use bytes::Bytes;
use warp::filters::BoxedFilter;
use warp::http::header::ALLOW;
use warp::http::{HeaderValue, Method, StatusCode};
use warp::reply::Response;
use warp::{Filter as _, Reply as _};

use crate::app::App;
use crate::net::request::{self, Request};
use crate::net::table::Found;
use call::Call;
use errors::Error;
use routes::Table;

/// Every route of this door, for every listener. Paths that are not its own are rejected, so that another door may have
/// them.
#[must_use]
pub fn routes(app: App) -> BoxedFilter<(Response,)> {
    let table = Arc::new(routes::table());
    let claimed = Arc::clone(&table);
    request::claimed(move |request| routes::claims(&claimed, request.path.as_str()))
        .and(warp::body::bytes())
        .then(move |request, body| {
            let (app, table) = (app.clone(), Arc::clone(&table));
            async move { answer(app, &table, request, body).await }
        })
        .boxed()
}

async fn answer(app: App, table: &Table, request: Request, body: Bytes) -> Response {
    let Request { path, method, query, headers, peer } = request;
    let path = path.as_str();
    let answer = match table.find(&method, path) {
        Found::Route(route, params) => route.answer(Call::new(app, peer, headers, params, query, body)).await,
        Found::Methods(allow) => {
            let mut response = if method == Method::OPTIONS {
                StatusCode::NO_CONTENT.into_response()
            } else {
                Error::method_not_allowed(&allow).respond()
            };
            response.headers_mut().extend(HeaderValue::from_str(&allow).ok().map(|allow| (ALLOW, allow)));
            return response;
        }
        Found::Unreadable | Found::Nothing => Err(Error::unknown_path(path)),
    };
    answer.unwrap_or_else(Error::respond)
}
