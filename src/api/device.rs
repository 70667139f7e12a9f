//! `/devices`.

use warp::http::header::LOCATION;
use warp::http::{Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::problem::Problem;
use super::query::Query;
use super::routes::{Route, route};
use super::tag;
use crate::app::{self, App};
use crate::model::TENANT;
use crate::model::device::{self, DeviceFilter, DevicePage, DeviceSort, DeviceStatus, Ownership, PageStart};
use crate::model::id::{DeviceId, GroupId};
use crate::model::query::Compliance;
use crate::wire::Page;
use crate::wire::device::{Device, DeviceCredentials, DeviceDetail, DeviceEdit, Enrolled, NewDevice, Property};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/devices", list),
        route(Method::POST, "/api/v1/devices", enroll),
        route(Method::GET, "/api/v1/devices/{id}", get),
        route(Method::PATCH, "/api/v1/devices/{id}", edit),
        route(Method::DELETE, "/api/v1/devices/{id}", remove),
        route(Method::PUT, "/api/v1/devices/{id}/properties", set_properties),
        route(Method::POST, "/api/v1/devices/{id}/tokens", renew_credentials),
    ]
}

/// A device as the wire shows it.
pub(super) fn encode(app: &App, device: device::Device) -> Device {
    let online = app.is_online(device.id);
    Device::of(device, online)
}

/// The device that `key` names: by its id, or as `type:identifier`.
pub(super) async fn find(call: &Call, key: &str) -> Result<DeviceId, Problem> {
    if let Ok(id) = key.parse() {
        return Ok(id);
    }
    let (device_type, identifier) = key.split_once(':').ok_or_else(|| Problem::missing("device", key))?;
    Ok(call.app().find_device(call.actor(), device_type, identifier).await?.id)
}

/// Which devices `query` asks for, and those of `group` alone if there is one.
pub(super) fn filter(query: &mut Query, group: Option<GroupId>) -> Result<DeviceFilter, Problem> {
    let given_group = query.one("group", |word| word.parse().ok())?;
    Ok(DeviceFilter {
        device_type: query.text("type")?,
        statuses: query.all("status", DeviceStatus::parse)?,
        group: group.or(given_group),
        owner: query.text("owner")?,
        ownership: query.one("ownership", Ownership::parse)?,
        compliance: query.one("compliance", Compliance::parse)?,
        text: query.text("text")?,
        query: query.text("q")?.map(|text| tag::read("q", &text)).transpose()?,
        ..DeviceFilter::default()
    })
}

/// One page of the devices that `query` asks for, and those of `group` alone if there is one.
pub(super) async fn page(call: &Call, mut query: Query, group: Option<GroupId>) -> Result<Page<Device>, Problem> {
    let filter = filter(&mut query, group)?;
    let page = DevicePage {
        sort: query.one("sort", DeviceSort::parse)?.unwrap_or_default(),
        descending: query.flag("desc")?,
        start: PageStart::Cursor(query.text("cursor")?),
        limit: query.limit()?,
    };
    query.end()?;
    let page = call.app().devices(call.actor(), filter, page).await?;
    let items = page.items.into_iter().map(|device| encode(call.app(), device)).collect();
    Ok(Page { items, next: page.next, total: page.total })
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&page(&call, call.query()?, None).await?))
}

async fn get(call: Call) -> Result<impl Reply, Problem> {
    let id = find(&call, call.param(0)).await?;
    let detail = DeviceDetail::from(call.app().device_detail(call.actor(), id).await?);
    Ok(reply::json(&detail))
}

async fn enroll(mut call: Call) -> Result<impl Reply, Problem> {
    let new: NewDevice = call.json().await?;
    let (app, actor) = (call.app(), call.actor());
    let new = device::NewDevice {
        device_type: new.device_type,
        identifier: new.identifier.unwrap_or_else(|| DeviceId::fresh(app.clock().now()).to_string()),
        name: new.name,
        description: new.description,
        owner: None,
        ownership: new.ownership,
        properties: new.properties,
    };
    let (enrolled, issued) = app.admit(actor, new).await?;
    let credentials = told(&enrolled.device, issued);
    let status = if enrolled.created { StatusCode::CREATED } else { StatusCode::OK };
    let location = format!("/api/v1/devices/{}", enrolled.device.id);
    let answer = Enrolled { device: encode(app, enrolled.device), credentials };
    Ok(reply::with_header(reply::with_status(reply::json(&answer), status), LOCATION, location))
}

async fn edit(mut call: Call) -> Result<impl Reply, Problem> {
    let id = find(&call, call.param(0)).await?;
    let edit: DeviceEdit = call.json().await?;
    let edit = app::device::DeviceEdit {
        name: edit.name,
        description: edit.description,
        owner: edit.owner,
        ownership: edit.ownership,
        status: edit.status,
        tags: edit.tags,
        note: edit.note,
    };
    let edited = call.app().edit_device(call.actor(), id, edit).await?;
    Ok(reply::json(&encode(call.app(), edited)))
}

async fn remove(call: Call) -> Result<impl Reply, Problem> {
    let id = find(&call, call.param(0)).await?;
    call.app().remove_device(call.actor(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_properties(mut call: Call) -> Result<impl Reply, Problem> {
    let id = find(&call, call.param(0)).await?;
    let properties: Vec<Property> = call.json().await?;
    call.app().set_properties(call.actor(), id, properties).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn renew_credentials(call: Call) -> Result<impl Reply, Problem> {
    let id = find(&call, call.param(0)).await?;
    let device = call.app().device(call.actor(), id).await?;
    let credentials = credentials(&call, &device).await?;
    Ok(reply::with_status(reply::json(&credentials), StatusCode::CREATED))
}

async fn credentials(call: &Call, device: &device::Device) -> Result<DeviceCredentials, Problem> {
    Ok(told(device, call.app().issue_device_credentials(call.actor(), device.id).await?))
}

fn told(device: &device::Device, issued: app::oauth::DeviceCredentials) -> DeviceCredentials {
    DeviceCredentials {
        client_id: issued.client_id,
        client_secret: issued.client_secret,
        access_token: issued.access_token,
        refresh_token: issued.refresh_token,
        expires_in: issued.expires_in.as_secs(),
        topic_prefix: format!("{TENANT}/{}/{}", device.device_type, device.identifier),
    }
}
