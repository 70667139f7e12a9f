//! `/devices/facets` and `/devices/export`.

use futures_util::stream;
use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use warp::http::{HeaderValue, Method};
use warp::reply::Response;
use warp::{Reply, reply};

use super::call::Call;
use super::device::filter;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::app::device_list::{Export, Written};
use crate::app::{App, Error};
use crate::model::device::DeviceSort;
use crate::model::device_list::{Column, Columns};
use crate::net::shared::Shared;
use crate::wire::bulk::{Count, Facets, GroupCount};

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/api/v1/devices/facets", facets), route(Method::GET, "/api/v1/devices/export", export)]
}

async fn facets(call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let filter = filter(&mut query, None)?;
    query.end()?;
    let found = call.app().device_facets(call.actor(), filter).await?;
    let count = |value: &str, devices: u64| Count { value: value.to_owned(), devices };
    let groups =
        found.groups.iter().map(|(id, name, devices)| GroupCount { id: *id, name: name.clone(), devices: *devices });
    Ok(reply::json(&Facets {
        total: found.total,
        known: found.known,
        status: found.statuses.iter().map(|(status, devices)| count(status.name(), *devices)).collect(),
        device_type: found.types.iter().map(|(name, devices)| count(name, *devices)).collect(),
        group: groups.collect(),
        ownership: found.ownerships.iter().map(|(ownership, devices)| count(ownership.name(), *devices)).collect(),
        compliance: found.compliance.iter().map(|(answer, devices)| count(answer.name(), *devices)).collect(),
    }))
}

async fn export(call: Call) -> Result<Response, Problem> {
    let mut query = call.query()?;
    let filter = filter(&mut query, None)?;
    let order = (query.one("sort", DeviceSort::parse)?.unwrap_or_default(), query.flag("desc")?);
    let written = query.one("format", Written::parse)?.unwrap_or_default();
    let chosen: Columns = query.all("columns", Column::parse)?.into_iter().collect();
    let columns = if chosen.is_empty() { Columns::all() } else { chosen };
    query.end()?;
    let export = call.app().begin_device_export(call.actor(), filter, order, columns, written).await?;
    Ok(answer(call.app().clone(), export))
}

/// The export, sent piece by piece.
fn answer(app: App, export: Export) -> Response {
    let (kind, name) = match export.written() {
        Written::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"devices.csv\""),
        Written::Json => ("application/json", "attachment; filename=\"devices.json\""),
    };
    let pieces = stream::try_unfold((app, export), |(app, mut export)| async move {
        let piece = app.export_piece(&mut export).await?;
        Ok::<_, Error>(piece.map(|piece| (piece, (app, export))))
    });
    let mut response = reply::stream(Shared::new(pieces)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
    response
}
