//! `/compliance`, and a device's.

use warp::http::Method;
use warp::{Reply, reply};

use super::call::Call;
use super::device::find;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::wire::policy::ComplianceReport;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/compliance", report),
        route(Method::GET, "/api/v1/devices/{id}/compliance", of_device),
    ]
}

async fn report(call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let (limit, cursor) = (query.limit()?, query.text("cursor")?);
    query.end()?;
    let (counts, page) = call.app().compliance(call.actor(), limit, cursor).await?;
    Ok(reply::json(&ComplianceReport { counts, page }))
}

async fn of_device(call: Call) -> Result<impl Reply, Problem> {
    let device = find(&call, call.param(0)).await?;
    Ok(reply::json(&call.app().device_compliance(call.actor(), device).await?))
}
