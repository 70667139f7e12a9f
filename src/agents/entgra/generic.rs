//! The generic device-agent API, for devices of any type: `/api/device-mgt/v1.0/device/agent/…`.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use warp::Reply as _;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::{Call, echo};
use super::errors::Error;
use super::gson::{self, OperationBody, OperationList};
use super::routes::{Route, route};
use crate::app::Flush;
use crate::app::device::DeviceEdit;
use crate::model::device::{NewDevice, Ownership, Property};
use crate::model::device_type::DeviceType;
use crate::model::operation::{OperationFilter, OperationStatus};
use crate::model::page::MAX_PAGE;
use crate::model::telemetry::{NewEvent, Sample, Value};
use crate::model::text::cut;
use crate::model::topic::read_report;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::POST, "/api/device-mgt/v1.0/device/agent/enroll", enroll),
        route(Method::PUT, "/api/device-mgt/v1.0/device/agent/enroll/{type}/{id}", update),
        route(Method::DELETE, "/api/device-mgt/v1.0/device/agent/enroll/{type}/{id}", leave),
        route(Method::GET, "/api/device-mgt/v1.0/device/agent/enroll/{type}/{id}/config", config),
        route(Method::GET, "/api/device-mgt/v1.0/device/agent/pending/operations/{type}/{id}", pending),
        route(Method::GET, "/api/device-mgt/v1.0/device/agent/next-pending/operation/{type}/{id}", next),
        route(Method::PUT, "/api/device-mgt/v1.0/device/agent/operations/{type}/{id}", report),
        route(Method::GET, "/api/device-mgt/v1.0/device/agent/status/operations/{type}/{id}", by_status),
        route(Method::PUT, "/api/device-mgt/v1.0/device/agent/properties/{type}/{id}", properties),
        route(Method::POST, "/api/device-mgt/v1.0/device/agent/events/publish/data/{type}/{id}", values),
        route(Method::POST, "/api/device-mgt/v1.0/device/agent/events/publish/{type}/{id}", event),
    ]
}

/// A device as it describes itself; what else it says is left aside.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeviceBody {
    r#type: Option<String>,
    device_identifier: Option<String>,
    name: Option<String>,
    description: Option<String>,
    enrolment_info: Option<EnrolmentInfo>,
    properties: Option<Vec<PropertyBody>>,
}

#[derive(Deserialize)]
struct EnrolmentInfo {
    ownership: Option<String>,
}

#[derive(Deserialize)]
struct PropertyBody {
    name: String,
    value: Option<Json>,
}

/// Properties with a value; text as it is, anything else as JSON, cut to what is kept.
fn read_properties(bodies: Vec<PropertyBody>) -> Vec<Property> {
    let read = |body: PropertyBody| {
        let value = match body.value? {
            Json::Null => return None,
            Json::String(text) => text,
            other => other.to_string(),
        };
        Some(Property { name: body.name, value: cut(&value, MAX_PROPERTY).to_owned() })
    };
    bodies.into_iter().filter_map(read).collect()
}

/// The most bytes of a property's value that are kept (see [`Property`]).
const MAX_PROPERTY: usize = 4096;

/// `true`, and the owner is the caller.
async fn enroll(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let body: DeviceBody = call.json()?;
    let incorrect = || Error::bad("The payload of the device enrollment is incorrect.");
    let new = NewDevice {
        device_type: body.r#type.ok_or_else(incorrect)?,
        identifier: body.device_identifier.ok_or_else(incorrect)?,
        name: body.name.unwrap_or_default(),
        description: body.description.unwrap_or_default(),
        owner: None,
        ownership: read_ownership(body.enrolment_info.ok_or_else(incorrect)?),
        properties: read_properties(body.properties.unwrap_or_default()),
    };
    let enrolled = call.app.enroll(&actor, new).await?;
    if !enrolled.created {
        return Err(Error::bad("An active enrolment exists"));
    }
    Ok(gson::reply(StatusCode::OK, &true))
}

/// The newer server knows more kinds of ownership; all of them are the organisation's.
fn read_ownership(info: EnrolmentInfo) -> Ownership {
    let given = info.ownership.unwrap_or_default();
    if given.is_empty() { Ownership::default() } else { Ownership::parse(&given).unwrap_or(Ownership::Cope) }
}

async fn update(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let body: DeviceBody = call.json()?;
    let device = call.device(&actor, call.param(0), call.param(1)).await?;
    if let Some(properties) = body.properties {
        call.app.set_properties(&actor, device.id, read_properties(properties)).await?;
    }
    if body.name.is_some() || body.description.is_some() {
        let edit = DeviceEdit { name: body.name, description: body.description, ..DeviceEdit::default() };
        call.app.edit_device(&actor, device.id, edit).await?;
    }
    Ok(StatusCode::ACCEPTED.into_response())
}

/// 204 for a device that is not there (any more).
async fn leave(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    match call.device(&actor, call.param(0), call.param(1)).await {
        Ok(device) => {
            call.app.remove_device(&actor, device.id).await?;
            Ok(StatusCode::OK.into_response())
        }
        Err(error) if error.status() == StatusCode::NOT_FOUND => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(error) => Err(error),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    r#type: String,
    device_id: String,
    client_id: String,
    client_secret: String,
    access_token: String,
    refresh_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mqtt_gateway: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    https_gateway: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_gateway: Option<String>,
}

/// New credentials for an enrolled device, and where to use them.
async fn config(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, call.param(0), call.param(1)).await?;
    let credentials = call.app.issue_device_credentials(&actor, device.id).await?;
    let reach = call.reach();
    let config = Config {
        r#type: device.device_type,
        device_id: device.identifier,
        client_id: credentials.client_id,
        client_secret: credentials.client_secret,
        access_token: credentials.access_token,
        refresh_token: credentials.refresh_token,
        mqtt_gateway: reach.mqtt(),
        https_gateway: reach.https(),
        http_gateway: reach.http(),
    };
    Ok(super::oauth::unstored(gson::reply(StatusCode::OK, &config)))
}

async fn pending(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, call.param(0), call.param(1)).await?;
    let operations = call.app.pending(&actor, device.id).await?;
    Ok(gson::reply(StatusCode::OK, &OperationList::new(&operations)))
}

/// 204 when there is nothing to do.
async fn next(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, call.param(0), call.param(1)).await?;
    Ok(match call.app.next_pending(&actor, device.id).await? {
        Some(operation) => gson::reply(StatusCode::OK, &OperationBody::from(&operation)),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// One operation with its new status, or a list of them.
async fn report(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let body: Json = call.json()?;
    let device = call.device(&actor, call.param(0), call.param(1)).await?;
    let given = match &body {
        Json::Array(list) => list.iter().collect(),
        one => vec![one],
    };
    let incorrect = || Error::bad("an operation needs the members id (a number) and status (such as COMPLETED)");
    let reports = given.into_iter().map(|one| read_report(one).ok_or_else(incorrect)).collect::<Result<_, _>>()?;
    call.app.report(&actor, device.id, reports).await?;
    Ok(StatusCode::OK.into_response())
}

async fn by_status(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let query = call.query();
    let status = query.need("status")?;
    let status = OperationStatus::parse(status)
        .ok_or_else(|| Error::bad(format!("{:?} is no status of an operation", echo(status))))?;
    let device = call.device(&actor, call.param(0), call.param(1)).await?;
    let filter = OperationFilter { device: Some(device.id), statuses: vec![status], ..OperationFilter::default() };
    let page = call.app.operations(&actor, filter, MAX_PAGE, None).await?;
    Ok(gson::reply(StatusCode::OK, &OperationList::new(&page.items)))
}

async fn properties(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let body: Vec<PropertyBody> = call.json()?;
    let device = call.device(&actor, call.param(0), call.param(1)).await?;
    call.app.set_properties(&actor, device.id, read_properties(body)).await?;
    Ok(gson::text(StatusCode::ACCEPTED, "Device properties updated."))
}

/// An event as a map of attributes.
async fn event(call: Call) -> Result<Response, Error> {
    let body: serde_json::Map<String, Json> = call.json()?;
    let attributes = body.into_iter().collect();
    publish(call, |_| Ok(attributes)).await
}

/// An event as the values alone, in the order of the type's attributes.
async fn values(call: Call) -> Result<Response, Error> {
    let body: Vec<Json> = call.json()?;
    let name = |device_type: &DeviceType| {
        let names = device_type.metrics.iter().map(|metric| metric.name.clone());
        if names.len() == body.len() { Ok(names.zip(body).collect()) } else { Err(mismatch(device_type)) }
    };
    publish(call, name).await
}

async fn publish(
    call: Call,
    attributes: impl FnOnce(&DeviceType) -> Result<Vec<(String, Json)>, Error>,
) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, call.param(0), call.param(1)).await?;
    let device_type = call.app.type_of(&actor, device.id).await?;
    let attributes = attributes(&device_type)?;
    check_attributes(&device_type, &attributes)?;
    let sample = |(metric, value): (String, Json)| Value::from_json(&value).map(|value| Sample { metric, value });
    let event = NewEvent { device_time: None, samples: attributes.into_iter().filter_map(sample).collect() };
    call.app.ingest(&actor, device.id, vec![event], Flush::Soon).await?;
    Ok(StatusCode::OK.into_response())
}

/// A custom type that declares attributes takes all of them and no others; where a type is Pym's own, or declares
/// nothing, a device may report what it has.
fn check_attributes(device_type: &DeviceType, attributes: &[(String, Json)]) -> Result<(), Error> {
    let declared = &device_type.metrics;
    if !device_type.custom || declared.is_empty() {
        return Ok(());
    }
    let fits = declared.len() == attributes.len()
        && attributes
            .iter()
            .all(|(name, value)| declared.iter().any(|metric| metric.name == *name && metric.kind.admits(value)));
    if fits { Ok(()) } else { Err(mismatch(device_type)) }
}

fn mismatch(device_type: &DeviceType) -> Error {
    let names: Vec<_> =
        device_type.metrics.iter().map(|metric| format!("{} {}", metric.name, metric.kind.name())).collect();
    Error::bad(format!("the payload must hold exactly the attributes of the type, in order: {}", names.join(", ")))
}
