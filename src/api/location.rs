//! `/devices/{id}/locations`.

use warp::http::Method;
use warp::{Reply, reply};

use super::call::Call;
use super::device::find;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::model::location::MAX_LOCATIONS;
use crate::model::telemetry::Range;
use crate::model::timestamp::Timestamp;
use crate::wire::Page;

/// How many locations are given when the request does not say.
const DEFAULT_LOCATIONS: u32 = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/api/v1/devices/{id}/locations", list)]
}

/// Newest first; older ones are asked for with `to`.
async fn list(call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let from = query.time("from")?.unwrap_or(Timestamp::from_millis(i64::MIN));
    let to = query.time("to")?.unwrap_or(Timestamp::from_millis(i64::MAX));
    let limit = query.limit_of(DEFAULT_LOCATIONS, MAX_LOCATIONS)?;
    query.end()?;
    let id = find(&call, call.param(0)).await?;
    let locations = call.app().locations(call.actor(), id, Range { from, to }, limit).await?;
    Ok(reply::json(&Page::whole(locations)))
}
