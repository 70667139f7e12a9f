//! `/device-types`.

use warp::http::header::LOCATION;
use warp::http::{Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::model::device_type::DeviceType;
use crate::wire::Page;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/device-types", list),
        route(Method::POST, "/api/v1/device-types", create),
        route(Method::GET, "/api/v1/device-types/{name}", get),
        route(Method::PUT, "/api/v1/device-types/{name}", replace),
        route(Method::DELETE, "/api/v1/device-types/{name}", delete),
    ]
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    call.query()?.end()?;
    let types = call.app().device_types(call.actor())?;
    let items: Vec<&DeviceType> = types.iter().map(AsRef::as_ref).collect();
    Ok(reply::json(&Page::whole(items)))
}

async fn get(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&*call.app().device_type(call.actor(), call.param(0))?))
}

async fn create(mut call: Call) -> Result<impl Reply, Problem> {
    let new: DeviceType = call.json().await?;
    let made = call.app().create_device_type(call.actor(), new).await?;
    let location = format!("/api/v1/device-types/{}", made.name);
    Ok(reply::with_header(reply::with_status(reply::json(&*made), StatusCode::CREATED), LOCATION, location))
}

async fn replace(mut call: Call) -> Result<impl Reply, Problem> {
    let new: DeviceType = call.json().await?;
    let replaced = call.app().replace_device_type(call.actor(), call.param(0), new).await?;
    Ok(reply::json(&*replaced))
}

async fn delete(call: Call) -> Result<impl Reply, Problem> {
    call.app().delete_device_type(call.actor(), call.param(0)).await?;
    Ok(StatusCode::NO_CONTENT)
}
