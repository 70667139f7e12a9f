//! `/geofences`, and where a device is by them.

use warp::http::header::LOCATION;
use warp::http::{Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::device;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::model::id::GeofenceId;
use crate::wire::Page;
use crate::wire::geofence::{GeofenceDetail, NewGeofence};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/geofences", list),
        route(Method::POST, "/api/v1/geofences", create),
        route(Method::GET, "/api/v1/geofences/{id}", get),
        route(Method::PUT, "/api/v1/geofences/{id}", replace),
        route(Method::DELETE, "/api/v1/geofences/{id}", delete),
        route(Method::GET, "/api/v1/devices/{id}/geofences", whereabouts),
    ]
}

fn id(call: &Call) -> Result<GeofenceId, Problem> {
    call.id(0, "geofence")
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    call.query()?.end()?;
    Ok(reply::json(&Page::whole(call.app().geofences(call.actor()).await?)))
}

async fn get(call: Call) -> Result<impl Reply, Problem> {
    let (id, app, actor) = (id(&call)?, call.app(), call.actor());
    let detail =
        GeofenceDetail { geofence: app.geofence(actor, id).await?, devices: app.devices_inside(actor, id).await? };
    Ok(reply::json(&detail))
}

async fn create(mut call: Call) -> Result<impl Reply, Problem> {
    let new: NewGeofence = call.json().await?;
    let made = call.app().create_geofence(call.actor(), new).await?;
    let location = format!("/api/v1/geofences/{}", made.id);
    Ok(reply::with_header(reply::with_status(reply::json(&made), StatusCode::CREATED), LOCATION, location))
}

async fn replace(mut call: Call) -> Result<impl Reply, Problem> {
    let id = id(&call)?;
    let new: NewGeofence = call.json().await?;
    Ok(reply::json(&call.app().edit_geofence(call.actor(), id, new).await?))
}

async fn delete(call: Call) -> Result<impl Reply, Problem> {
    call.app().delete_geofence(call.actor(), id(&call)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn whereabouts(call: Call) -> Result<impl Reply, Problem> {
    let device = device::find(&call, call.param(0)).await?;
    Ok(reply::json(&Page::whole(call.app().whereabouts(call.actor(), device).await?)))
}
