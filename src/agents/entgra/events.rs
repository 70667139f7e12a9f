//! What devices of a type measure, and what they reported: `/api/device-mgt/v1.0/events` (`device-types/events` on
//! older servers).

use serde::{Deserialize, Serialize};
use warp::Reply as _;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::errors::Error;
use super::gson::{self, Record};
use super::routes::{Route, route};
use crate::model::device_type::{DeviceType, Metric, MetricKind};
use crate::model::page::MAX_PAGE;
use crate::model::telemetry::{Event, Range};
use crate::model::timestamp::Timestamp;

/// Where they live; older servers have them below the device types.
const BASES: [&str; 2] = ["/api/device-mgt/v1.0/events", "/api/device-mgt/v1.0/device-types/events"];
/// Records of a page whose request names no limit (the pagination of the Entgra server).
const DEFAULT_LIMIT: u32 = 20;

pub(super) fn routes() -> Vec<Route> {
    let of = |base: &'static str| {
        vec![
            route(Method::POST, format!("{base}/{{type}}"), define),
            route(Method::GET, format!("{base}/{{type}}"), show),
            route(Method::DELETE, format!("{base}/{{type}}"), clear),
            route(Method::GET, format!("{base}/last-known/{{type}}/{{id}}"), last),
            route(Method::GET, format!("{base}/{{type}}/{{id}}"), history),
        ]
    };
    BASES.into_iter().flat_map(of).collect()
}

/// One event of the original, or the list of them that the newer one takes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Definitions {
    Many(Vec<Definition>),
    One(Definition),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    event_attributes: Attributes,
}

#[derive(Serialize, Deserialize)]
struct Attributes {
    attributes: Vec<Attribute>,
}

#[derive(Serialize, Deserialize)]
struct Attribute {
    name: String,
    r#type: MetricKind,
}

async fn define(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let (status, definitions) = match call.json()? {
        Definitions::One(definition) => (StatusCode::OK, vec![definition]),
        Definitions::Many(definitions) => (StatusCode::CREATED, definitions),
    };
    let mut metrics: Vec<Metric> = Vec::new();
    for attribute in definitions.into_iter().flat_map(|definition| definition.event_attributes.attributes) {
        if !metrics.iter().any(|metric| metric.name == attribute.name) {
            let title = attribute.name.clone();
            metrics.push(Metric { name: attribute.name, title, unit: String::new(), kind: attribute.r#type });
        }
    }
    if metrics.is_empty() {
        return Err(Error::bad("an event needs attributes"));
    }
    let existing = call.app.device_type(&actor, call.param(0))?;
    call.app.replace_device_type(&actor, call.param(0), DeviceType { metrics, ..(*existing).clone() }).await?;
    Ok(status.into_response())
}

async fn show(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device_type = call.app.device_type(&actor, call.param(0))?;
    if device_type.metrics.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let attribute = |metric: &Metric| Attribute { name: metric.name.clone(), r#type: metric.kind };
    let attributes = Attributes { attributes: device_type.metrics.iter().map(attribute).collect() };
    Ok(gson::reply(StatusCode::OK, &attributes))
}

async fn clear(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let existing = call.app.device_type(&actor, call.param(0))?;
    if existing.metrics.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let without = DeviceType { metrics: Vec::new(), ..(*existing).clone() };
    call.app.replace_device_type(&actor, call.param(0), without).await?;
    Ok(StatusCode::OK.into_response())
}

/// The newest records, one where no limit is named.
async fn last(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, call.param(0), call.param(1)).await?;
    let limit = limit(&call, 1)?;
    let events = call.app.last_events(&actor, device.id, limit).await?;
    Ok(records(&events, &device.identifier))
}

/// `from` and `to` in milliseconds since the Unix epoch.
async fn history(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, call.param(0), call.param(1)).await?;
    let query = call.query();
    let from = Timestamp::from_millis(query.number("from")?.unwrap_or(0));
    let to = query.number::<i64>("to")?.map_or_else(|| call.app.clock().now(), Timestamp::from_millis);
    // The original's bounds are inclusive.
    let range = Range { from, to: to.plus(std::time::Duration::from_millis(1)) };
    let offset = query.number("offset")?.unwrap_or(0);
    let events = call.app.events(&actor, device.id, range, offset, limit(&call, DEFAULT_LIMIT)?).await?;
    Ok(records(&events, &device.identifier))
}

/// A limit of 0 is none.
fn limit(call: &Call, default: u32) -> Result<u32, Error> {
    let given = call.query().number::<u32>("limit")?.filter(|limit| *limit > 0);
    Ok(given.unwrap_or(default).min(MAX_PAGE))
}

#[derive(Serialize)]
struct Records {
    records: Vec<Record>,
    count: usize,
}

fn records(events: &[Event], identifier: &str) -> Response {
    let records: Vec<_> = events.iter().map(|event| Record::new(event, identifier)).collect();
    gson::reply(StatusCode::OK, &Records { count: records.len(), records })
}
