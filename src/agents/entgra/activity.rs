//! Activities, `/api/device-mgt/v1.0/activities`. An activity as the Entgra API writes it: its keys are the field names of the Java class, its times are Java's
//! `Date.toString()`.

use std::collections::HashMap;

use serde::Serialize;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::{Call, echo};
use super::errors::Error;
use super::gson;
use super::operation::seconds;
use super::routes::{Route, route};
use crate::app::operation::{MAX_ACTIVITIES, Named};
use crate::model::actor::Actor;
use crate::model::device::PageStart;
use crate::model::id::DeviceId;
use crate::model::operation::{Activity, ActivityFilter, Operation, OperationKind, OperationStatus};
use crate::model::timestamp::Timestamp;
use crate::model::user::bare_name;

const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short] [month repr:short] [day] [hour]:[minute]:[second] UTC [year]");

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/device-mgt/v1.0/activities", list),
        route(Method::GET, "/api/device-mgt/v1.0/activities/ids", of_ids),
        route(Method::GET, "/api/device-mgt/v1.0/activities/type/{code}", of_code),
        route(Method::GET, "/api/device-mgt/v1.0/activities/{id}", get),
        route(Method::GET, "/api/device-mgt/v1.0/activities/{id}/{type}/{deviceId}", of_device),
    ]
}

/// `{"activities":[…],"count":n}`.
#[derive(Serialize)]
struct ActivityList {
    activities: Vec<ActivityBody>,
    count: u64,
}

/// `ACTIVITY_7`, or `7` alone.
fn number(id: &str) -> Result<i64, Error> {
    let digits = id.strip_prefix("ACTIVITY_").unwrap_or(id);
    digits.parse().map_err(|_| Error::bad(format!("an activity is called ACTIVITY_n, not {:?}", echo(id))))
}

async fn filter(call: &Call, actor: &Actor) -> Result<ActivityFilter, Error> {
    let query = call.query();
    let text = |name| query.get(name).map(str::to_owned);
    let wrong = |name: &str, word: &str| Error::bad(format!("the parameter {name:?} does not know {:?}", echo(word)));
    let kind = query.get("type").map(|word| OperationKind::parse(word).ok_or_else(|| wrong("type", word)));
    let status = query.get("status").map(|word| OperationStatus::parse(word).ok_or_else(|| wrong("status", word)));
    let device = match (query.get("deviceType"), query.get("deviceId")) {
        (Some(device_type), Some(id)) => Some(call.device(actor, device_type, id).await?.id),
        (None, Some(_)) => return Err(Error::bad("the parameter \"deviceId\" needs \"deviceType\"")),
        _ => None,
    };
    Ok(ActivityFilter {
        code: text("operationCode"),
        kind: kind.transpose()?,
        initiated_by: query.get("initiatedBy").map(|name| bare_name(name).to_owned()),
        from: query.number("startTimestamp")?.map(seconds),
        until: query.number("endTimestamp")?.map(seconds),
        numbers: query.get("operationId").map(number).transpose()?.into_iter().collect(),
        device_type: text("deviceType"),
        device,
        statuses: status.transpose()?.into_iter().collect(),
        since: call.since()?,
        own_of: None,
    })
}

async fn page(call: &Call, actor: &Actor, filter: ActivityFilter) -> Result<Response, Error> {
    let (offset, limit) = call.query().page(MAX_ACTIVITIES)?;
    let found = call.app.activities(actor, filter, PageStart::Offset(offset), limit).await?;
    if found.total == 0 && call.is_conditional() {
        return Ok(gson::not_modified());
    }
    let mut names = Names::new();
    let mut activities = Vec::with_capacity(found.items.len());
    for activity in &found.items {
        activities.push(body(call, actor, activity, &mut names).await?);
    }
    Ok(gson::reply(StatusCode::OK, &ActivityList { activities, count: found.total }))
}

/// The type and the identifier of devices.
type Names = HashMap<DeviceId, (String, String)>;

async fn body(call: &Call, actor: &Actor, activity: &Activity, names: &mut Names) -> Result<ActivityBody, Error> {
    for operation in &activity.operations {
        if !names.contains_key(&operation.device) {
            let device = call.app.device(actor, operation.device).await?;
            names.insert(device.id, (device.device_type, device.identifier));
        }
    }
    Ok(ActivityBody::new(activity, |operation| names.get(&operation.device).cloned().unwrap_or_default()))
}

async fn list(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let filter = filter(&call, &actor).await?;
    page(&call, &actor, filter).await
}

async fn of_code(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let filter = ActivityFilter { code: Some(call.param(0).to_owned()), ..filter(&call, &actor).await? };
    page(&call, &actor, filter).await
}

/// `ids`: numbers or `ACTIVITY_n`, between commas.
async fn of_ids(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let numbers = call.query().need("ids")?.split(',').map(|id| number(id.trim())).collect::<Result<_, _>>()?;
    page(&call, &actor, ActivityFilter { numbers, ..ActivityFilter::default() }).await
}

async fn get(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let activity = call.app.activity_by_number(&actor, number(call.param(0))?).await?;
    Ok(gson::reply(StatusCode::OK, &body(&call, &actor, &activity, &mut Names::new()).await?))
}

/// An activity's part for one device.
async fn of_device(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, call.param(1), call.param(2)).await?;
    let mut activity = call.app.activity_by_number(&actor, number(call.param(0))?).await?;
    activity.operations.retain(|operation| operation.device == device.id);
    if activity.operations.is_empty() {
        return Err(Error::missing(format!("a part of the activity for {:?}", echo(&device.identifier))));
    }
    Ok(gson::reply(StatusCode::OK, &body(&call, &actor, &activity, &mut Names::new()).await?))
}

/// `Activity`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActivityBody {
    activity_id: String,
    code: String,
    r#type: OperationKind,
    created_time_stamp: Option<String>,
    activity_status: Vec<StatusBody>,
    initiated_by: String,
}

/// `ActivityStatus`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusBody {
    device_identifier: Identifier,
    status: &'static str,
    responses: Vec<ResponseBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_timestamp: Option<String>,
}

/// `DeviceIdentifier`.
#[derive(Serialize)]
struct Identifier {
    id: String,
    r#type: String,
}

/// `OperationResponse`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseBody {
    response: String,
    received_time_stamp: Option<String>,
}

impl ActivityBody {
    /// With the type and the identifier that `name` knows each operation's device by.
    pub(super) fn new(activity: &Activity, name: impl Fn(&Operation) -> (String, String)) -> Self {
        let status = |operation: &Operation| {
            let (device_type, identifier) = name(operation);
            StatusBody {
                device_identifier: Identifier { id: identifier, r#type: device_type },
                status: status_name(operation.status),
                responses: operation
                    .responses
                    .iter()
                    .map(|response| ResponseBody {
                        response: response.text.clone(),
                        received_time_stamp: date(response.at),
                    })
                    .collect(),
                updated_timestamp: date(operation.updated_at),
            }
        };
        Self {
            activity_id: format!("ACTIVITY_{}", activity.number),
            code: activity.code.clone(),
            r#type: activity.kind,
            created_time_stamp: date(activity.created_at),
            activity_status: activity.operations.iter().map(status).collect(),
            initiated_by: activity.initiated_by.clone(),
        }
    }

    /// An activity just sent, with the names that nothing was sent to: `INVALID`, or `UNAUTHORIZED` for a caller who
    /// cannot tell a device that is not there from another's.
    pub(super) fn sent(named: &Named, device_type: &str) -> Self {
        let mut body = Self::new(&named.activity, |operation| {
            let identifier = named.identifiers.get(&operation.device).cloned().unwrap_or_default();
            (device_type.to_owned(), identifier)
        });
        body.activity_status.extend(named.refused.iter().map(|name| StatusBody {
            device_identifier: Identifier { id: name.clone(), r#type: device_type.to_owned() },
            status: if named.personal { "UNAUTHORIZED" } else { "INVALID" },
            responses: Vec::new(),
            updated_timestamp: None,
        }));
        body
    }
}

/// The word for a status; the Entgra API knows neither expiry nor cancellation.
const fn status_name(status: OperationStatus) -> &'static str {
    match status {
        OperationStatus::Expired | OperationStatus::Cancelled => OperationStatus::Error.name(),
        other => other.name(),
    }
}

fn date(at: Timestamp) -> Option<String> {
    at.to_utc()?.format(DATE).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_dates_as_java_does() {
        assert_eq!(date(Timestamp::from_millis(1_470_232_854_603)).unwrap(), "Wed Aug 03 14:00:54 UTC 2016");
    }
}
