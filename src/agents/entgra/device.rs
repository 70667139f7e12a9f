//! Devices as operators see them: `/api/device-mgt/v1.0/devices` and `/api/device-mgt/v1.0/admin/devices`.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::activity::ActivityBody;
use super::call::{Call, echo};
use super::device_body::DeviceBody;
use super::errors::Error;
use super::gson::{self, OperationBody};
use super::routes::{Route, route};
use crate::app::device::DeviceEdit;
use crate::model::actor::Actor;
use crate::model::device::{Device, DeviceFilter, DevicePage, DeviceSort, DeviceStatus, Ownership, PageStart};
use crate::model::device_type::{DeviceType, Feature};
use crate::model::operation::{OperationFilter, OperationKind};
use crate::model::page::{MAX_PAGE, Page};
use crate::model::query::{Field, Op, Query};
use crate::model::user::bare_name;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/device-mgt/v1.0/devices", list),
        route(Method::GET, "/api/device-mgt/v1.0/devices/user-devices", own),
        route(Method::GET, "/api/device-mgt/v1.0/devices/{type}/{id}", get),
        route(Method::GET, "/api/device-mgt/v1.0/devices/type/any/id/{id}", of_any_type),
        route(Method::GET, "/api/device-mgt/v1.0/devices/{type}/{id}/info", info),
        route(Method::GET, "/api/device-mgt/v1.0/devices/{type}/{id}/features", features),
        route(Method::GET, "/api/device-mgt/v1.0/devices/{type}/{id}/applications", applications),
        route(Method::GET, "/api/device-mgt/v1.0/devices/{type}/{id}/location", location),
        route(Method::GET, "/api/device-mgt/v1.0/devices/{type}/{id}/operations", operations),
        route(Method::GET, "/api/device-mgt/v1.0/devices/{type}/{id}/status", is_enrolled),
        route(Method::GET, "/api/device-mgt/v1.0/devices/{type}/{id}/status-history", status_history),
        route(Method::PUT, "/api/device-mgt/v1.0/devices/{type}/{id}/changestatus", change_status),
        route(Method::POST, "/api/device-mgt/v1.0/devices/type/{type}/id/{id}/rename", rename),
        route(Method::DELETE, "/api/device-mgt/v1.0/devices/type/{type}/id/{id}", remove),
        route(Method::POST, "/api/device-mgt/v1.0/devices/{type}/operations", send),
        route(Method::GET, "/api/device-mgt/v1.0/devices/type/{type}/status/{status}/count", count_of_status),
        route(Method::GET, "/api/device-mgt/v1.0/devices/type/{type}/status/{status}/ids", ids_of_status),
        route(Method::GET, "/api/device-mgt/v1.0/admin/devices", list),
        route(Method::GET, "/api/device-mgt/v1.0/admin/devices/count", count),
    ]
}

/// `{"devices":[…],"count":n}`.
#[derive(Serialize)]
struct DeviceList {
    devices: Vec<DeviceBody>,
    count: u64,
}

/// The filters of the query; empty ones are none.
async fn filter(call: &Call, actor: &Actor) -> Result<DeviceFilter, Error> {
    let query = call.query();
    let text = |name| query.get(name).map(str::to_owned);
    let wrong = |name: &str, word: &str| Error::bad(format!("the parameter {name:?} does not know {:?}", echo(word)));
    let ownership = query.get("ownership");
    let ownership = ownership.map(|word| Ownership::parse(word).ok_or_else(|| wrong("ownership", word))).transpose()?;
    let statuses = query.get("status").unwrap_or_default().split(',').filter(|word| !word.is_empty());
    let statuses = statuses.map(|word| DeviceStatus::parse(word).ok_or_else(|| wrong("status", word)));
    let mut parts = Vec::new();
    let mut part = |field: Field, op, word: &str| {
        let term = field.term(op, &[word.to_owned()]).map_err(Error::bad)?;
        parts.push(term);
        Ok::<_, Error>(())
    };
    if let Some(name) = query.get("name") {
        part(Field::Name, Op::Like, name)?;
    }
    if let Some(serial) = query.get("serialNumber") {
        part(Field::Property("SERIAL".to_owned()), Op::Is, serial)?;
    }
    if let Some(tag) = query.get("tag") {
        part(Field::Tag, Op::Is, tag)?;
    }
    if let Some(given) = query.get("customProperty") {
        let (name, value) = given.split_once('=').ok_or_else(|| wrong("customProperty", given))?;
        part(Field::Property(name.to_owned()), Op::Is, value)?;
    }
    let group = match query.number("groupId")? {
        Some(number) => Some(call.app.group_numbered(actor, number).await?.id),
        None => None,
    };
    if let Some(number) = query.number("excludeGroupId")? {
        let group = call.app.group_numbered(actor, number).await?;
        let term = Field::Group.term(Op::Is, &[group.name]).map_err(Error::bad)?;
        parts.push(Query::Not(Box::new(term)));
    }
    Ok(DeviceFilter {
        device_type: text("type"),
        statuses: statuses.collect::<Result<_, _>>()?,
        group,
        owner: query.get("user").map(|name| bare_name(name).to_owned()),
        owner_part: text("userPattern"),
        owner_role: text("role"),
        ownership,
        query: (!parts.is_empty()).then(|| Query::all(parts)),
        updated_since: call.since()?,
        ..DeviceFilter::default()
    })
}

/// The page that the query asks for, of the devices that fit.
pub(super) async fn page(call: &Call, actor: &Actor, filter: DeviceFilter) -> Result<Page<Device>, Error> {
    let (offset, limit) = call.query().page(MAX_PAGE)?;
    let page = DevicePage { sort: DeviceSort::EnrolledAt, descending: false, start: PageStart::Offset(offset), limit };
    Ok(call.app.devices(actor, filter, page).await?)
}

/// `{"devices":[…],"count":n}`, with `deviceInfo` where the query wants it.
pub(super) async fn reply_with(call: &Call, actor: &Actor, found: Page<Device>) -> Result<Response, Error> {
    if found.total == 0 && call.is_conditional() {
        return Ok(gson::not_modified());
    }
    let with_info = call.query().get("requireDeviceInfo").is_some_and(|word| word.eq_ignore_ascii_case("true"));
    let mut devices = Vec::with_capacity(found.items.len());
    for device in found.items {
        let properties = call.app.properties(actor, device.id).await?;
        devices.push(DeviceBody::new(&device, properties, with_info));
    }
    Ok(gson::reply(StatusCode::OK, &DeviceList { devices, count: found.total }))
}

async fn list(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let found = page(&call, &actor, filter(&call, &actor).await?).await?;
    reply_with(&call, &actor, found).await
}

async fn own(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let filter = DeviceFilter { owner: Some(actor.owner()), ..filter(&call, &actor).await? };
    let found = page(&call, &actor, filter).await?;
    reply_with(&call, &actor, found).await
}

async fn count(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let found = page(&call, &actor, filter(&call, &actor).await?).await?;
    Ok(gson::reply(StatusCode::OK, &found.total))
}

/// The device that the path names, and the query's `owner` owns.
async fn named(call: &Call, actor: &Actor) -> Result<Device, Error> {
    let device = call.device(actor, call.param(0), call.param(1)).await?;
    match call.query().get("owner") {
        Some(owner) if bare_name(owner) != device.owner => Err(Error::no_device(&device.identifier)),
        _ => Ok(device),
    }
}

async fn get(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = named(&call, &actor).await?;
    let properties = call.app.properties(&actor, device.id).await?;
    Ok(gson::reply(StatusCode::OK, &DeviceBody::new(&device, properties, true)))
}

async fn of_any_type(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let term = Field::Identifier.term(Op::Is, &[call.param(0).to_owned()]).map_err(Error::bad)?;
    let filter = DeviceFilter { query: Some(term), ..DeviceFilter::default() };
    let mut found = page(&call, &actor, filter).await?.items.into_iter();
    let device = found.find(|device| device.identifier == call.param(0));
    let device = device.ok_or_else(|| Error::no_device(call.param(0)))?;
    let properties = call.app.properties(&actor, device.id).await?;
    Ok(gson::reply(StatusCode::OK, &DeviceBody::new(&device, properties, true)))
}

async fn info(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = named(&call, &actor).await?;
    let properties = call.app.properties(&actor, device.id).await?;
    Ok(gson::reply(StatusCode::OK, &super::device_body::info(properties)))
}

/// `Feature`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TypeFeature<'a> {
    code: &'a str,
    name: &'a str,
    description: &'a str,
    device_type: &'a str,
}

impl<'a> TypeFeature<'a> {
    /// Every feature of a type.
    pub(super) fn all(device_type: &'a DeviceType) -> Vec<Self> {
        let body = |Feature { code, name, description, .. }: &'a Feature| Self {
            code,
            name,
            description,
            device_type: &device_type.name,
        };
        device_type.features.iter().map(body).collect()
    }
}

async fn features(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = named(&call, &actor).await?;
    let device_type = call.app.type_of(&actor, device.id).await?;
    Ok(gson::reply(StatusCode::OK, &TypeFeature::all(&device_type)))
}

/// `Application`, installed on a device.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApplicationBody {
    application_identifier: String,
    name: String,
    version: String,
    is_system_app: bool,
    is_active: bool,
    memory_usage: i64,
}

async fn applications(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = named(&call, &actor).await?;
    let (offset, limit) = call.query().page(MAX_PAGE)?;
    let installed = call.app.applications(&actor, device.id).await?.into_iter();
    let body = installed.skip(offset as usize).take(limit as usize).map(|each| ApplicationBody {
        application_identifier: each.package,
        name: each.name,
        version: each.version,
        is_system_app: each.system,
        is_active: each.active,
        memory_usage: each.memory,
    });
    Ok(gson::reply(StatusCode::OK, &body.collect::<Vec<_>>()))
}

/// `DeviceLocation`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LocationBody {
    device_id: i64,
    latitude: f64,
    longitude: f64,
    street1: String,
    street2: String,
    city: String,
    state: String,
    zip: String,
    country: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_time: Option<String>,
}

async fn location(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = named(&call, &actor).await?;
    let found = call.app.location(&actor, device.id).await?;
    let place = found.ok_or_else(|| Error::missing(format!("the location of {:?}", echo(&device.identifier))))?;
    let body = LocationBody {
        device_id: device.number,
        latitude: place.latitude,
        longitude: place.longitude,
        street1: place.address.street1,
        street2: place.address.street2,
        city: place.address.city,
        state: place.address.state,
        zip: place.address.zip,
        country: place.address.country,
        updated_time: gson::date(place.at),
    };
    Ok(gson::reply(StatusCode::OK, &body))
}

#[derive(Serialize)]
struct Operations<'a> {
    operations: Vec<OperationBody<'a>>,
    count: u64,
}

async fn operations(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = named(&call, &actor).await?;
    let (offset, limit) = call.query().page(MAX_PAGE)?;
    let filter = OperationFilter { device: Some(device.id), ..OperationFilter::default() };
    let found = call.app.operations_from(&actor, filter, PageStart::Offset(offset), limit).await?;
    let operations = found.items.iter().map(OperationBody::from).collect();
    Ok(gson::reply(StatusCode::OK, &Operations { operations, count: found.total }))
}

async fn is_enrolled(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    named(&call, &actor).await?;
    Ok(gson::reply(StatusCode::OK, &true))
}

/// `DeviceStatus`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusBody {
    device_id: i64,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_time: Option<String>,
    changed_by: String,
}

async fn status_history(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = named(&call, &actor).await?;
    let history = call.app.status_history(&actor, device.id).await?.into_iter();
    let body = history.map(|change| StatusBody {
        device_id: device.number,
        status: change.to.name(),
        update_time: gson::date(change.at),
        changed_by: change.by,
    });
    Ok(gson::reply(StatusCode::OK, &body.collect::<Vec<_>>()))
}

/// `true` when it is done.
async fn change_status(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = named(&call, &actor).await?;
    let query = call.query();
    let word = query.need("newStatus")?;
    let status = DeviceStatus::parse(word);
    let status = status.ok_or_else(|| Error::bad(format!("\"newStatus\" does not know {:?}", echo(word))))?;
    call.app.edit_device(&actor, device.id, DeviceEdit { status: Some(status), ..DeviceEdit::default() }).await?;
    Ok(gson::reply(StatusCode::OK, &true))
}

#[derive(Deserialize)]
struct Name {
    #[serde(default)]
    name: Option<String>,
}

async fn rename(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = named(&call, &actor).await?;
    let Name { name } = call.json()?;
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| Error::bad("the member \"name\" is missing"))?;
    let edit = DeviceEdit { name: Some(name), ..DeviceEdit::default() };
    let device = call.app.edit_device(&actor, device.id, edit).await?;
    let properties = call.app.properties(&actor, device.id).await?;
    Ok(gson::reply(StatusCode::CREATED, &DeviceBody::new(&device, properties, false)))
}

/// `true` when it is done.
async fn remove(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = named(&call, &actor).await?;
    call.app.remove_device(&actor, device.id).await?;
    Ok(gson::reply(StatusCode::OK, &true))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    #[serde(default)]
    device_identifiers: Option<Vec<String>>,
    #[serde(default)]
    operation: Option<Operation>,
}

#[derive(Deserialize)]
struct Operation {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default, rename = "payLoad")]
    payload: Option<Json>,
}

/// 406 for a type of operation that is not an operator's to send.
async fn send(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let order: Order = call.json()?;
    let missing = |member: &str| Error::bad(format!("the member {member:?} is missing"));
    let operation = order.operation.ok_or_else(|| missing("operation"))?;
    let code = operation.code.filter(|code| !code.is_empty()).ok_or_else(|| missing("operation.code"))?;
    let kind = operation.r#type.ok_or_else(|| missing("operation.type"))?;
    let sendable = [OperationKind::Command, OperationKind::Config, OperationKind::Profile];
    let parsed = OperationKind::parse(&kind).filter(|kind| sendable.contains(kind));
    let kind = parsed.ok_or_else(|| Error::not_acceptable(format!("\"operation.type\" is {:?}", echo(&kind))))?;
    let identifiers = order.device_identifiers.ok_or_else(|| missing("deviceIdentifiers"))?;
    let payload = match operation.payload {
        None | Some(Json::Null) => None,
        Some(Json::String(text)) => Some(text).filter(|text| !text.is_empty()),
        Some(json) => Some(json.to_string()),
    };
    let device_type = call.param(0);
    let sent = call.app.send_named(&actor, device_type, identifiers, &code, Some(kind), payload).await?;
    Ok(gson::reply(StatusCode::CREATED, &ActivityBody::sent(&sent, device_type)))
}

async fn of_status(call: &Call) -> Result<Page<Device>, Error> {
    let actor = call.actor().await?;
    let word = call.param(1);
    let status = DeviceStatus::parse(word);
    let status = status.ok_or_else(|| Error::bad(format!("\"status\" does not know {:?}", echo(word))))?;
    let device_type = Some(call.param(0).to_owned());
    let filter = DeviceFilter { device_type, statuses: vec![status], ..DeviceFilter::default() };
    let (sort, start) = (DeviceSort::EnrolledAt, PageStart::Offset(0));
    Ok(call.app.devices(&actor, filter, DevicePage { sort, descending: false, start, limit: MAX_PAGE }).await?)
}

async fn count_of_status(call: Call) -> Result<Response, Error> {
    Ok(gson::reply(StatusCode::OK, &of_status(&call).await?.total))
}

/// The first thousand.
async fn ids_of_status(call: Call) -> Result<Response, Error> {
    let found = of_status(&call).await?;
    let ids: Vec<_> = found.items.iter().map(|device| device.identifier.as_str()).collect();
    Ok(gson::reply(StatusCode::OK, &ids))
}
