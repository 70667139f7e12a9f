//! `/activities` and `/operations`.

use warp::http::header::LOCATION;
use warp::http::{Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::device::find;
use super::problem::Problem;
use super::query::Query;
use super::routes::{Route, route};
use super::tag;
use crate::app::operation::{ActivityKey, MAX_ACTIVITIES};
use crate::model::device::{DeviceFilter, DeviceStatus, PageStart};
use crate::model::id::DeviceId;
use crate::model::operation::{self, ActivityFilter, OperationFilter, OperationKind, OperationStatus};
use crate::wire::Page;
use crate::wire::operation::{Cancelled, NewActivity, Operation};

/// How many activities a page has when the request does not say.
const DEFAULT_ACTIVITIES: u32 = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/activities", activities),
        route(Method::POST, "/api/v1/activities", send),
        route(Method::GET, "/api/v1/activities/summaries", summaries),
        route(Method::GET, "/api/v1/activities/{id}", activity),
        route(Method::POST, "/api/v1/activities/{id}/cancel", cancel_all),
        route(Method::GET, "/api/v1/operations", list),
        route(Method::GET, "/api/v1/operations/{id}", get),
        route(Method::POST, "/api/v1/operations/{id}/cancel", cancel),
        route(Method::POST, "/api/v1/operations/{id}/retry", retry),
        route(Method::GET, "/api/v1/devices/{id}/operations", of_device),
    ]
}

async fn send(mut call: Call) -> Result<impl Reply, Problem> {
    let new: NewActivity = call.json().await?;
    let payload = new.payload.map(|payload| match payload {
        serde_json::Value::String(text) => text,
        json => json.to_string(),
    });
    let mut devices = new.devices;
    if new.group.is_some() || new.query.is_some() {
        let filter = DeviceFilter {
            statuses: DeviceStatus::ALL.into_iter().filter(|status| status.may_receive()).collect(),
            group: new.group,
            query: new.query.as_deref().map(|text| tag::read("query", text)).transpose()?,
            ..DeviceFilter::default()
        };
        devices.extend(call.app().targets(call.actor(), filter).await?);
    }
    let new = operation::NewActivity { code: new.code, kind: new.kind, payload, devices, expires_at: new.expires_at };
    let activity = call.app().send(call.actor(), new).await?;
    Ok(sent(&activity))
}

/// The answer to whoever sent an operation.
fn sent(activity: &operation::Activity) -> impl Reply + use<> {
    let location = format!("/api/v1/activities/{}", activity.id);
    reply::with_header(reply::with_status(reply::json(activity), StatusCode::CREATED), LOCATION, location)
}

async fn retry(call: Call) -> Result<impl Reply, Problem> {
    Ok(sent(&call.app().retry(call.actor(), call.id(0, "operation")?).await?))
}

async fn activities(call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let filter = filter(&call, &mut query).await?;
    let limit = query.limit_of(DEFAULT_ACTIVITIES, MAX_ACTIVITIES)?;
    let start = PageStart::Cursor(query.text("cursor")?);
    query.end()?;
    Ok(reply::json(&call.app().activities(call.actor(), filter, start, limit).await?))
}

async fn summaries(call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let filter = filter(&call, &mut query).await?;
    let (limit, start) = (query.limit()?, PageStart::Cursor(query.text("cursor")?));
    query.end()?;
    Ok(reply::json(&call.app().activity_summaries(call.actor(), filter, start, limit).await?))
}

async fn filter(call: &Call, query: &mut Query) -> Result<ActivityFilter, Problem> {
    let device = match query.text("device")? {
        Some(key) => Some(find(call, &key).await?),
        None => None,
    };
    Ok(ActivityFilter {
        code: query.text("code")?,
        kind: query.one("kind", OperationKind::parse)?,
        initiated_by: query.text("initiated_by")?,
        from: query.time("from")?,
        until: query.time("until")?,
        numbers: Vec::new(),
        device_type: query.text("type")?,
        device,
        statuses: query.all("status", OperationStatus::parse)?,
        since: query.time("since")?,
        own_of: None,
    })
}

async fn activity(call: Call) -> Result<impl Reply, Problem> {
    let activity = match call.param(0).parse() {
        Ok(number) => call.app().activity_by_number(call.actor(), number).await?,
        Err(_) => call.app().activity(call.actor(), call.id(0, "activity")?).await?,
    };
    Ok(reply::json(&activity))
}

async fn cancel_all(call: Call) -> Result<impl Reply, Problem> {
    let cancelled = call.app().cancel_activity(call.actor(), call.id::<ActivityKey>(0, "activity")?).await?;
    Ok(reply::json(&Cancelled { cancelled }))
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    let device = match call.query()?.text("device")? {
        Some(key) => Some(find(&call, &key).await?),
        None => None,
    };
    Ok(reply::json(&page(&call, device).await?))
}

async fn of_device(call: Call) -> Result<impl Reply, Problem> {
    let device = find(&call, call.param(0)).await?;
    call.app().device(call.actor(), device).await?;
    Ok(reply::json(&page(&call, Some(device)).await?))
}

async fn page(call: &Call, device: Option<DeviceId>) -> Result<Page<Operation>, Problem> {
    let mut query = call.query()?;
    // Read by the caller, which knows how a device is named.
    query.text("device")?;
    let filter = OperationFilter {
        device,
        activity: query.one("activity", |word| word.parse().ok())?,
        statuses: query.all("status", OperationStatus::parse)?,
        code: query.text("code")?,
        initiated_by: None,
        updated_since: None,
        own_of: None,
    };
    let (limit, cursor) = (query.limit()?, query.text("cursor")?);
    query.end()?;
    Ok(call.app().operations(call.actor(), filter, limit, cursor).await?)
}

async fn get(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&call.app().operation(call.actor(), call.id(0, "operation")?).await?))
}

async fn cancel(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&call.app().cancel(call.actor(), call.id(0, "operation")?).await?))
}
