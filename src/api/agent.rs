//! Agents to take away: `/devices/agent` and `/devices/{id}/agent`.

use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION};
use warp::http::uri::Authority;
use warp::http::{HeaderValue, Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::device::find;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::app::agent::{AgentPackage, Reach};
use crate::net::request::way;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::POST, "/api/v1/devices/agent", create), route(Method::POST, "/api/v1/devices/{id}/agent", pack)]
}

async fn create(call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let device_type = query.text("type")?.ok_or_else(|| Problem::bad("type", "the parameter \"type\" is missing"))?;
    let name = query.text("name")?.unwrap_or_default();
    query.end()?;
    let agent = call.app().new_agent(call.actor(), &device_type, &name, &reach(&call)).await?;
    let location = format!("/api/v1/devices/{}", agent.device.id);
    Ok(reply::with_header(zip(agent, StatusCode::CREATED), LOCATION, location))
}

async fn pack(call: Call) -> Result<impl Reply, Problem> {
    let id = find(&call, call.param(0)).await?;
    Ok(zip(call.app().agent(call.actor(), id, &reach(&call)).await?, StatusCode::OK))
}

/// How the agent will reach this daemon: as its operator did, as far as that tells.
pub(super) fn reach(call: &Call) -> Reach {
    let (asked, local) = way(&call.caller.peer, &call.headers);
    call.app().reach(asked.as_ref().map(Authority::host), local)
}

fn zip(agent: AgentPackage, status: StatusCode) -> impl Reply {
    let mut response = reply::with_status(agent.archive, status).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", agent.file_name));
    headers.extend(disposition.ok().map(|disposition| (CONTENT_DISPOSITION, disposition)));
    response
}
