//! Groups as clients of the Entgra management API make, share and fill them. Groups are named by number.

use serde::{Deserialize, Serialize};
use serde_json::json;
use warp::Reply as _;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::device::{page, reply_with};
use super::errors::Error;
use super::gson;
use super::routes::{Route, route};
use crate::model::actor::Actor;
use crate::model::device::DeviceFilter;
use crate::model::group::{Group, GroupFilter, NewGroup};
use crate::model::id::DeviceId;
use crate::model::operation::MAX_ACTIVITY_DEVICES;
use crate::model::page::MAX_PAGE;

pub(super) fn routes() -> Vec<Route> {
    const BASE: &str = "/api/device-mgt/v1.0";
    vec![
        route(Method::GET, format!("{BASE}/groups"), |call| list(call, false)),
        route(Method::POST, format!("{BASE}/groups"), create),
        route(Method::GET, format!("{BASE}/groups/count"), |call| count(call, false)),
        route(Method::GET, format!("{BASE}/groups/id/{{id}}"), get),
        route(Method::PUT, format!("{BASE}/groups/id/{{id}}"), replace),
        route(Method::DELETE, format!("{BASE}/groups/id/{{id}}"), delete),
        route(Method::POST, format!("{BASE}/groups/id/{{id}}/share"), share),
        route(Method::GET, format!("{BASE}/groups/id/{{id}}/roles"), roles),
        route(Method::GET, format!("{BASE}/groups/id/{{id}}/devices"), devices),
        route(Method::GET, format!("{BASE}/groups/id/{{id}}/devices/count"), device_count),
        route(Method::POST, format!("{BASE}/groups/id/{{id}}/devices/add"), add),
        route(Method::POST, format!("{BASE}/groups/id/{{id}}/devices/remove"), take_out),
        route(Method::GET, format!("{BASE}/groups/device"), of_device),
        route(Method::POST, format!("{BASE}/groups/device/assign"), assign),
        route(Method::GET, format!("{BASE}/admin/groups"), |call| list(call, true)),
        route(Method::GET, format!("{BASE}/admin/groups/count"), |call| count(call, true)),
    ]
}

/// `DeviceGroup` of the Entgra API.
#[derive(Serialize)]
struct Body<'a> {
    id: i64,
    description: &'a str,
    name: &'a str,
    owner: &'a str,
}

impl<'a> From<&'a Group> for Body<'a> {
    fn from(group: &'a Group) -> Self {
        Self { id: group.number, description: &group.description, name: &group.name, owner: &group.owner }
    }
}

/// What a client says of a group; members may be null.
#[derive(Deserialize)]
struct NewBody {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

impl NewBody {
    /// What fills the group stays `query`: this API knows no queries.
    fn read(self, query: Option<String>) -> NewGroup {
        NewGroup { name: self.name.unwrap_or_default(), description: self.description.unwrap_or_default(), query }
    }
}

/// `DeviceIdentifier`.
#[derive(Deserialize)]
struct Identifier {
    id: String,
    #[serde(rename = "type")]
    device_type: String,
}

/// `DeviceToGroupsAssignment`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assignment {
    #[serde(default)]
    device_group_ids: Option<Vec<i64>>,
    device_identifier: Identifier,
}

/// The group that the path names.
async fn group(call: &Call, actor: &Actor) -> Result<Group, Error> {
    let number = call.param(0).parse().map_err(|_| Error::bad("a group is named by a number"))?;
    Ok(call.app.group_numbered(actor, number).await?)
}

/// Groups whose name has the parameter `name` in it, of the owner `owner`.
async fn found(call: &Call, everyones: bool) -> Result<Vec<Group>, Error> {
    let actor = call.actor().await?;
    let query = call.query();
    let word = |name: &str| query.get(name).map(str::to_owned);
    let filter = GroupFilter { name: word("name"), owner: word("owner"), everyones };
    Ok(call.app.find_groups(&actor, filter).await?)
}

async fn list(call: Call, everyones: bool) -> Result<Response, Error> {
    let groups = found(&call, everyones).await?;
    let (offset, limit) = call.query().page(MAX_PAGE)?;
    let bodies: Vec<_> = groups.iter().skip(offset as usize).take(limit as usize).map(Body::from).collect();
    Ok(gson::reply(StatusCode::OK, &json!({ "deviceGroups": bodies, "count": groups.len() })))
}

async fn count(call: Call, everyones: bool) -> Result<Response, Error> {
    Ok(gson::reply(StatusCode::OK, &found(&call, everyones).await?.len()))
}

async fn create(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let new: NewBody = call.json()?;
    let group = call.app.create_group(&actor, new.read(None)).await?;
    Ok(gson::reply(StatusCode::CREATED, &Body::from(&group)))
}

async fn get(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    Ok(gson::reply(StatusCode::OK, &Body::from(&group(&call, &actor).await?)))
}

async fn replace(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let new: NewBody = call.json()?;
    let group = group(&call, &actor).await?;
    let edited = call.app.edit_group(&actor, group.id, new.read(group.query)).await?;
    Ok(gson::reply(StatusCode::OK, &Body::from(&edited)))
}

async fn delete(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let group = group(&call, &actor).await?;
    call.app.delete_group(&actor, group.id).await?;
    Ok(StatusCode::OK.into_response())
}

async fn share(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let roles: Vec<String> = call.json()?;
    let group = group(&call, &actor).await?;
    call.app.share_group(&actor, group.id, roles).await?;
    Ok(StatusCode::OK.into_response())
}

async fn roles(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let group = group(&call, &actor).await?;
    let roles = call.app.group_roles(&actor, group.id).await?;
    Ok(gson::reply(StatusCode::OK, &json!({ "roles": roles, "count": roles.len() })))
}

async fn devices(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let group = group(&call, &actor).await?;
    let filter = DeviceFilter { group: Some(group.id), ..DeviceFilter::default() };
    let found = page(&call, &actor, filter).await?;
    reply_with(&call, &actor, found).await
}

async fn device_count(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let group = group(&call, &actor).await?;
    let filter = DeviceFilter { group: Some(group.id), ..DeviceFilter::default() };
    Ok(gson::reply(StatusCode::OK, &page(&call, &actor, filter).await?.total))
}

async fn add(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let devices = identified(&call, &actor, call.json()?).await?;
    let group = group(&call, &actor).await?;
    call.app.add_to_group(&actor, group.id, devices).await?;
    Ok(StatusCode::OK.into_response())
}

async fn take_out(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let devices = identified(&call, &actor, call.json()?).await?;
    let group = group(&call, &actor).await?;
    call.app.remove_from_group(&actor, group.id, devices).await?;
    Ok(StatusCode::OK.into_response())
}

/// The devices a body names. One that is not enrolled is the body's fault, not the path's: 400 (as in the Entgra server).
async fn identified(call: &Call, actor: &Actor, named: Vec<Identifier>) -> Result<Vec<DeviceId>, Error> {
    if named.len() > MAX_ACTIVITY_DEVICES {
        return Err(Error::bad(format!("at most {MAX_ACTIVITY_DEVICES} devices at once")));
    }
    let mut devices = Vec::with_capacity(named.len());
    for Identifier { id, device_type } in named {
        devices.push(one(call, actor, &device_type, &id).await?);
    }
    Ok(devices)
}

async fn one(call: &Call, actor: &Actor, device_type: &str, identifier: &str) -> Result<DeviceId, Error> {
    match call.device(actor, device_type, identifier).await {
        Ok(device) => Ok(device.id),
        Err(error) if error.status() == StatusCode::NOT_FOUND => Err(Error::bad(error.detail())),
        Err(error) => Err(error),
    }
}

/// A bare list, other than [`list`].
async fn of_device(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let query = call.query();
    let device = call.device(&actor, query.need("deviceType")?, query.need("deviceId")?).await?;
    let groups = call.app.groups_of(&actor, device.id).await?;
    let bodies: Vec<_> = groups.iter().map(Body::from).collect();
    Ok(gson::reply(StatusCode::OK, &bodies))
}

async fn assign(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let Assignment { device_group_ids, device_identifier } = call.json()?;
    let device = one(&call, &actor, &device_identifier.device_type, &device_identifier.id).await?;
    call.app.assign_groups(&actor, device, device_group_ids.unwrap_or_default()).await?;
    Ok(StatusCode::OK.into_response())
}
