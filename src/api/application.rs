//! `/devices/{id}/applications`.

use warp::http::Method;
use warp::{Reply, reply};

use super::call::Call;
use super::device::find;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::wire::Page;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/api/v1/devices/{id}/applications", list)]
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    let id = find(&call, call.param(0)).await?;
    Ok(reply::json(&Page::whole(call.app().applications(call.actor(), id).await?)))
}
