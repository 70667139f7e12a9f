//! What devices of a type measure, and what they reported: `/api/device-mgt/v1.0/events` (`device-types/events` on
//! older servers).

use serde::{Deserialize, Serialize};
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter as _, Reply as _};

use super::call::{Call, Calls, answer, segment};
use super::errors::Error;
use super::gson::{self, Record};
use super::{BASE, Routes};
use crate::model::device_type::{DeviceType, Metric, MetricKind};
use crate::model::page::MAX_PAGE;
use crate::model::telemetry::{Event, Range};
use crate::model::timestamp::Timestamp;

/// Records of a page whose request names no limit (the pagination of the Entgra server).
const DEFAULT_LIMIT: u32 = 20;

pub(super) fn routes(calls: &Calls) -> Routes {
    let call = calls.take();
    let of_type = at().and(segment()).and(warp::path::end());
    let define = of_type.clone().and(warp::post()).and(call.clone()).then(|name, call| answer(define(name, call)));
    let show = of_type.clone().and(warp::get()).and(call.clone()).then(|name, call| answer(show(name, call)));
    let clear = of_type.and(warp::delete()).and(call.clone()).then(|name, call| answer(clear(name, call)));
    let device = segment().and(segment()).and(warp::path::end()).and(warp::get()).and(call).boxed();
    let last = at().and(warp::path("last-known")).and(device.clone()).then(|t, i, c| answer(last(t, i, c)));
    let history = at().and(device).then(|t, i, c| answer(history(t, i, c)));
    define.or(show).unify().or(clear).unify().or(last).unify().or(history).unify().boxed()
}

fn at() -> BoxedFilter<()> {
    let [api, device_mgt, version] = BASE;
    let base = warp::path(api).and(warp::path(device_mgt)).and(warp::path(version));
    base.and(warp::path("events")).or(base.and(warp::path("device-types")).and(warp::path("events"))).unify().boxed()
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

async fn define(name: String, call: Call) -> Result<Response, Error> {
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
    let existing = call.app.device_type(&actor, &name)?;
    call.app.replace_device_type(&actor, &name, DeviceType { metrics, ..(*existing).clone() }).await?;
    Ok(status.into_response())
}

async fn show(name: String, call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device_type = call.app.device_type(&actor, &name)?;
    if device_type.metrics.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let attribute = |metric: &Metric| Attribute { name: metric.name.clone(), r#type: metric.kind };
    let attributes = Attributes { attributes: device_type.metrics.iter().map(attribute).collect() };
    Ok(gson::reply(StatusCode::OK, &attributes))
}

async fn clear(name: String, call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let existing = call.app.device_type(&actor, &name)?;
    if existing.metrics.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let without = DeviceType { metrics: Vec::new(), ..(*existing).clone() };
    call.app.replace_device_type(&actor, &name, without).await?;
    Ok(StatusCode::OK.into_response())
}

/// The newest records, one where no limit is named.
async fn last(device_type: String, identifier: String, call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, &device_type, &identifier).await?;
    let limit = limit(&call, 1)?;
    let events = call.app.last_events(&actor, device.id, limit).await?;
    Ok(records(&events, &identifier))
}

/// `from` and `to` in milliseconds since the Unix epoch.
async fn history(device_type: String, identifier: String, call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, &device_type, &identifier).await?;
    let query = call.query();
    let from = Timestamp::from_millis(query.number("from")?.unwrap_or(0));
    let to = query.number::<i64>("to")?.map_or_else(|| call.app.clock().now(), Timestamp::from_millis);
    // The original's bounds are inclusive.
    let range = Range { from, to: to.plus(std::time::Duration::from_millis(1)) };
    let offset = query.number("offset")?.unwrap_or(0);
    let events = call.app.events(&actor, device.id, range, offset, limit(&call, DEFAULT_LIMIT)?).await?;
    Ok(records(&events, &identifier))
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
