//! `device/download` of the sample types: a new device, and the agent for it with its keys filled in.

use warp::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use warp::http::{HeaderValue, Method, StatusCode};
use warp::reply::{Reply as _, Response};

use super::call::Call;
use super::errors::Error;
use super::operation::device_routes;
use super::routes::Route;
use crate::app::agent::AgentPackage;

pub(super) fn routes() -> Vec<Route> {
    let get = |device_type: &'static str| {
        device_routes(&Method::GET, device_type, "/download", move |call| download(call, device_type))
    };
    ["raspberrypi", "arduino", "virtual_firealarm"].into_iter().flat_map(get).collect()
}

/// `deviceName` names the device; `sketchType` is left aside, since each type has one agent.
async fn download(call: Call, device_type: &'static str) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let query = call.query();
    let name = query.get("deviceName").unwrap_or(device_type);
    let package = call.app.new_agent(&actor, device_type, name, &call.reach()).await?;
    Ok(zip(package))
}

fn zip(package: AgentPackage) -> Response {
    let disposition = format!("attachment; filename=\"{}\"", package.file_name);
    let Ok(disposition) = HeaderValue::from_str(&disposition) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = package.archive.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(CONTENT_DISPOSITION, disposition);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
