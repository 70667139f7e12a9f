//! `/roles`.

use warp::http::header::LOCATION;
use warp::http::{Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, route};
use super::user;
use crate::model::role;
use crate::wire::Page;
use crate::wire::admin::{NewRole, Role, RoleEdit, RoleUsers};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/roles", list),
        route(Method::POST, "/api/v1/roles", create),
        route(Method::GET, "/api/v1/roles/{name}", get),
        route(Method::PATCH, "/api/v1/roles/{name}", edit),
        route(Method::DELETE, "/api/v1/roles/{name}", delete),
        route(Method::GET, "/api/v1/roles/{name}/users", users),
        route(Method::PUT, "/api/v1/roles/{name}/users", set_users),
    ]
}

fn encode(role: role::Role) -> Role {
    let role::Role { name, description, scopes, permissions, built_in, users } = role;
    Role { name, description, scopes: scopes.iter().collect(), permissions, built_in, users }
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    call.query()?.end()?;
    let items: Vec<Role> = call.app().roles(call.actor()).await?.into_iter().map(encode).collect();
    Ok(reply::json(&Page::whole(items)))
}

async fn create(mut call: Call) -> Result<impl Reply, Problem> {
    let NewRole { name, description, scopes } = call.json().await?;
    let new = role::NewRole { name, description, scopes: scopes.into_iter().collect(), permissions: Vec::new() };
    let role = call.app().create_role(call.actor(), new, &[]).await?;
    let location = format!("/api/v1/roles/{}", role.name);
    Ok(reply::with_header(reply::with_status(reply::json(&encode(role)), StatusCode::CREATED), LOCATION, location))
}

async fn get(call: Call) -> Result<impl Reply, Problem> {
    let (role, _) = call.app().role(call.actor(), call.param(0)).await?;
    Ok(reply::json(&encode(role)))
}

async fn edit(mut call: Call) -> Result<impl Reply, Problem> {
    let RoleEdit { description, scopes } = call.json().await?;
    let scopes = scopes.map(|scopes| scopes.into_iter().collect());
    let edit = role::RoleEdit { description, scopes, ..role::RoleEdit::default() };
    Ok(reply::json(&encode(call.app().edit_role(call.actor(), call.param(0), edit).await?)))
}

async fn delete(call: Call) -> Result<impl Reply, Problem> {
    call.app().delete_role(call.actor(), call.param(0)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn users(call: Call) -> Result<impl Reply, Problem> {
    call.query()?.end()?;
    let (_, users) = call.app().role(call.actor(), call.param(0)).await?;
    let items: Vec<_> = users.into_iter().map(user::encode).collect();
    Ok(reply::json(&Page::whole(items)))
}

async fn set_users(mut call: Call) -> Result<impl Reply, Problem> {
    let RoleUsers { users } = call.json().await?;
    Ok(reply::json(&encode(call.app().set_role_users(call.actor(), call.param(0), &users).await?)))
}
