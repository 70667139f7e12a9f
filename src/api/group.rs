//! `/groups`.

use warp::http::header::LOCATION;
use warp::http::{Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::device;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::model::group;
use crate::model::id::GroupId;
use crate::wire::Page;
use crate::wire::group::{Members, NewGroup, Shares};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/groups", list),
        route(Method::POST, "/api/v1/groups", create),
        route(Method::GET, "/api/v1/groups/{id}", get),
        route(Method::PUT, "/api/v1/groups/{id}", replace),
        route(Method::DELETE, "/api/v1/groups/{id}", delete),
        route(Method::GET, "/api/v1/groups/{id}/roles", roles),
        route(Method::PUT, "/api/v1/groups/{id}/roles", share),
        route(Method::GET, "/api/v1/groups/{id}/devices", members),
        route(Method::POST, "/api/v1/groups/{id}/devices", add),
        route(Method::DELETE, "/api/v1/groups/{id}/devices", take_out),
    ]
}

fn id(call: &Call) -> Result<GroupId, Problem> {
    call.id(0, "group")
}

fn decoded(new: NewGroup) -> group::NewGroup {
    group::NewGroup { name: new.name, description: new.description, query: new.query }
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    call.query()?.end()?;
    let items = call.app().groups(call.actor()).await?;
    Ok(reply::json(&Page::whole(items)))
}

async fn get(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&call.app().group(call.actor(), id(&call)?).await?))
}

async fn create(mut call: Call) -> Result<impl Reply, Problem> {
    let new: NewGroup = call.json().await?;
    let group = call.app().create_group(call.actor(), decoded(new)).await?;
    let location = format!("/api/v1/groups/{}", group.id);
    Ok(reply::with_header(reply::with_status(reply::json(&group), StatusCode::CREATED), LOCATION, location))
}

async fn replace(mut call: Call) -> Result<impl Reply, Problem> {
    let id = id(&call)?;
    let new: NewGroup = call.json().await?;
    Ok(reply::json(&call.app().edit_group(call.actor(), id, decoded(new)).await?))
}

async fn delete(call: Call) -> Result<impl Reply, Problem> {
    call.app().delete_group(call.actor(), id(&call)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn roles(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&Shares { roles: call.app().group_roles(call.actor(), id(&call)?).await? }))
}

async fn share(mut call: Call) -> Result<impl Reply, Problem> {
    let id = id(&call)?;
    let shares: Shares = call.json().await?;
    Ok(reply::json(&Shares { roles: call.app().share_group(call.actor(), id, shares.roles).await? }))
}

async fn members(call: Call) -> Result<impl Reply, Problem> {
    let group = call.app().group(call.actor(), id(&call)?).await?;
    Ok(reply::json(&device::page(&call, call.query()?, Some(group.id)).await?))
}

async fn add(mut call: Call) -> Result<impl Reply, Problem> {
    let id = id(&call)?;
    let members: Members = call.json().await?;
    call.app().add_to_group(call.actor(), id, members.devices).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn take_out(mut call: Call) -> Result<impl Reply, Problem> {
    let id = id(&call)?;
    let members: Members = call.json().await?;
    call.app().remove_from_group(call.actor(), id, members.devices).await?;
    Ok(StatusCode::NO_CONTENT)
}
