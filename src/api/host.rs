//! `/status`, `/host` with its history and storage, and `/whoami`.

use warp::http::Method;
use warp::{Reply, reply};

use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::wire::admin::Whoami;
use crate::wire::host::HostHistory;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/status", status),
        route(Method::GET, "/api/v1/host", host),
        route(Method::GET, "/api/v1/host/history", history),
        route(Method::GET, "/api/v1/host/storage", storage),
        route(Method::GET, "/api/v1/whoami", whoami),
    ]
}

async fn status(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&call.app().status(call.actor()).await?))
}

async fn host(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&*call.app().host(call.actor())?))
}

async fn history(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&HostHistory { items: call.app().host_history(call.actor())? }))
}

async fn storage(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&call.app().storage(call.actor()).await?))
}

async fn whoami(call: Call) -> Result<impl Reply, Problem> {
    let actor = call.actor();
    Ok(reply::json(&Whoami { principal: actor.principal.to_string(), scopes: actor.scopes.iter().collect() }))
}
