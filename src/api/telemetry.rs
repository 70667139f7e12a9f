//! `/devices/{id}/telemetry`.

use std::time::Duration;

use warp::http::{Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::device::find;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::app::Flush;
use crate::app::telemetry::MAX_POINTS;
use crate::model::device::Device;
use crate::model::telemetry::{self, Range, Sample};
use crate::model::timestamp::Timestamp;
use crate::wire::Page;
use crate::wire::telemetry::{Chart, LastValue, NewEvent, Series};

/// How far back a series goes when the request does not say.
const DEFAULT_SPAN: Duration = Duration::from_hours(24);
/// How many buckets a chart has when the request does not say.
const DEFAULT_BUCKETS: u32 = 120;
/// How many points a series has when the request does not say.
const DEFAULT_POINTS: u32 = 1000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/devices/{id}/telemetry", list),
        route(Method::POST, "/api/v1/devices/{id}/telemetry", add),
        route(Method::GET, "/api/v1/devices/{id}/telemetry/{metric}", series),
        route(Method::GET, "/api/v1/devices/{id}/telemetry/{metric}/chart", chart),
    ]
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    let id = find(&call, call.param(0)).await?;
    let device = call.app().device(call.actor(), id).await?;
    let kind = call.app().kind_of(&device);
    let mut values = call.app().last_values(call.actor(), id).await?;
    if let Some(kind) = &kind {
        kind.arrange(&mut values);
    }
    let items = values.into_iter().map(|value| LastValue::of(value, kind.as_deref())).collect();
    Ok(reply::json(&Page::<LastValue>::whole(items)))
}

async fn series(call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let from = query.time("from")?;
    // Device clocks may be ahead of this one, so the end is open unless it is said.
    let to = query.time("to")?.unwrap_or(Timestamp::from_millis(i64::MAX));
    let limit = query.limit_of(DEFAULT_POINTS, MAX_POINTS)?;
    query.end()?;
    let from = from.unwrap_or_else(|| call.app().clock().now().min(to).minus(DEFAULT_SPAN));
    let id = find(&call, call.param(0)).await?;
    let device = call.app().device(call.actor(), id).await?;
    let metric = call.param(1);
    let (points, truncated) = call.app().series(call.actor(), id, metric, Range { from, to }, limit).await?;
    let unit = unit_of(&call, &device, metric);
    Ok(reply::json(&Series { metric: metric.to_owned(), unit, points, truncated }))
}

/// The unit of a metric by the device's type; empty where the type does not know it.
fn unit_of(call: &Call, device: &Device, metric: &str) -> String {
    let kind = call.app().kind_of(device);
    let described = kind.as_ref().and_then(|kind| kind.metrics.iter().find(|known| known.name == metric));
    described.map(|metric| metric.unit.clone()).unwrap_or_default()
}

async fn chart(call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let from = query.time("from")?;
    let to = query.time("to")?.unwrap_or_else(|| call.app().clock().now());
    let buckets = query.one("buckets", |word| word.parse().ok())?.unwrap_or(DEFAULT_BUCKETS);
    query.end()?;
    let from = from.unwrap_or_else(|| to.minus(DEFAULT_SPAN));
    let id = find(&call, call.param(0)).await?;
    let device = call.app().device(call.actor(), id).await?;
    let metric = call.param(1);
    let chart = call.app().chart(call.actor(), id, metric, Range { from, to }, buckets).await?;
    Ok(reply::json(&Chart { metric: metric.to_owned(), unit: unit_of(&call, &device, metric), chart }))
}

async fn add(mut call: Call) -> Result<impl Reply, Problem> {
    let id = find(&call, call.param(0)).await?;
    let event: NewEvent = call.json().await?;
    let samples = event.values.into_iter().map(|(metric, value)| Sample { metric, value }).collect();
    let event = telemetry::NewEvent { device_time: event.device_time, samples };
    call.app().ingest(call.actor(), id, vec![event], Flush::Soon).await?;
    Ok(StatusCode::CREATED)
}
