//! Roles as the Entgra API knows them (`RoleManagementService`): a list of permission paths, which is kept and comes to
//! scopes by the table in [`crate::model::role`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::{Call, echo};
use super::errors::Error;
use super::gson;
use super::routes::{Route, route};
use crate::model::role::{NewRole, RoleEdit, scopes_of};

const BASE: &str = "/api/device-mgt/v1.0/roles";
/// How many roles a list has when the request does not say (`PaginationConfiguration`).
const DEFAULT_PAGE: usize = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, BASE, list),
        route(Method::POST, BASE, create),
        route(Method::GET, format!("{BASE}/filter/{{prefix}}"), list),
        route(Method::GET, format!("{BASE}/{{name}}"), get),
        route(Method::PUT, format!("{BASE}/{{name}}"), edit),
        route(Method::DELETE, format!("{BASE}/{{name}}"), delete),
        route(Method::GET, format!("{BASE}/{{name}}/permissions"), permissions),
        route(Method::PUT, format!("{BASE}/{{name}}/users"), set_users),
    ]
}

/// A role of the original by its name here; `None` for the one that everybody has there and that allows nothing.
pub(super) fn own_name(role: &str) -> Option<&str> {
    match role.trim() {
        "" | "Internal/everyone" => None,
        // The original gives it to everyone it adds: they may enroll, and use what is theirs.
        "Internal/devicemgt-user" => Some("device-owner"),
        "Internal/devicemgt-admin" => Some("admin"),
        other => Some(other.strip_prefix("Internal/").unwrap_or(other)),
    }
}

/// `RoleInfo`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    role_name: Option<String>,
    permissions: Option<Vec<String>>,
    users: Option<Vec<String>>,
}

/// `UIPermissionNode`: a permission with those below it.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    resource_path: String,
    display_name: String,
    is_selected: bool,
    #[serde(rename = "nodeList")]
    below: Vec<Node>,
}

fn tree(path: &str, permissions: &[&str]) -> Node {
    let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for permission in permissions {
        let rest = permission.strip_prefix(path).unwrap_or_default().trim_start_matches('/');
        if let Some(word) = rest.split('/').next().filter(|word| !word.is_empty()) {
            below.entry(word).or_default().push(permission);
        }
    }
    let nodes = below.iter().map(|(word, permissions)| tree(&format!("{path}/{word}"), permissions));
    Node {
        resource_path: path.to_owned(),
        display_name: path.rsplit('/').next().unwrap_or_default().to_owned(),
        is_selected: permissions.contains(&path),
        below: nodes.collect(),
    }
}

fn named(call: &Call) -> String {
    own_name(call.param(0)).unwrap_or_default().to_owned()
}

async fn list(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let query = call.query();
    let (prefix, part) = (call.param(0).to_lowercase(), query.get("filter").unwrap_or_default().to_lowercase());
    let limit = query.number("limit")?.filter(|limit| *limit > 0).unwrap_or(DEFAULT_PAGE);
    let offset = query.number("offset")?.unwrap_or(0);
    let mut names: Vec<String> = call.app.roles(&actor).await?.into_iter().map(|role| role.name).collect();
    names.retain(|name| name.to_lowercase().starts_with(&prefix) && name.to_lowercase().contains(&part));
    let page: Vec<&String> = names.iter().skip(offset).take(limit).collect();
    Ok(gson::reply(StatusCode::OK, &json!({ "roles": page, "count": names.len() })))
}

async fn get(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let (role, users) = call.app.role(&actor, &named(&call)).await?;
    let users: Vec<String> = users.into_iter().map(|user| user.name).collect();
    let body = json!({ "roleName": role.name, "permissions": role.permissions, "users": users });
    Ok(gson::reply(StatusCode::OK, &body))
}

async fn permissions(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let (role, _) = call.app.role(&actor, &named(&call)).await?;
    let paths: Vec<&str> = role.permissions.iter().map(|path| path.trim_end_matches('/')).collect();
    let paths: Vec<&str> = paths.into_iter().filter(|path| path.starts_with("/permission")).collect();
    Ok(gson::reply(StatusCode::OK, &tree("/permission", &paths)))
}

async fn create(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let Body { role_name, permissions, users } = call.json()?;
    let permissions = permissions.unwrap_or_default();
    let name = role_name.as_deref().and_then(own_name).unwrap_or_default().to_owned();
    let new = NewRole { name, description: String::new(), scopes: scopes_of(&permissions), permissions };
    let role = call.app.create_role(&actor, new, &users.unwrap_or_default()).await?;
    Ok(gson::reply(StatusCode::CREATED, &told(&role.name, "has successfully been created")))
}

async fn edit(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let name = named(&call);
    let Body { role_name, permissions, users } = call.json()?;
    if role_name.as_deref().and_then(own_name).is_some_and(|new| !new.eq_ignore_ascii_case(&name)) {
        return Err(Error::bad("a role keeps its name (roleName): policies and groups refer to it"));
    }
    let scopes = permissions.as_deref().map(scopes_of);
    call.app.edit_role(&actor, &name, RoleEdit { description: None, scopes, permissions, users }).await?;
    Ok(gson::reply(StatusCode::OK, &told(&name, "has successfully been updated")))
}

async fn delete(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let name = named(&call);
    call.app.delete_role(&actor, &name).await?;
    Ok(gson::reply(StatusCode::OK, &told(&name, "has successfully been deleted")))
}

async fn set_users(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let name = named(&call);
    let users: Vec<String> = call.json()?;
    call.app.set_role_users(&actor, &name, &users).await?;
    Ok(gson::reply(StatusCode::OK, &told(&name, "has successfully been updated with the user list")))
}

fn told(role: &str, what: &str) -> String {
    format!("Role '{}' {what}", echo(role))
}
