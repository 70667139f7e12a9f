//! People as the Entgra API knows them (`UserManagementService`, `UserManagementAdminService`). Since 2018 a person is
//! named in the path, or by the parameters `username` and `domain`; the domain of a user store means nothing here.

use serde::{Deserialize, Serialize};
use serde_json::json;
use warp::Reply as _;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::{Call, echo};
use super::errors::Error;
use super::gson;
use super::role::own_name;
use super::routes::{Route, route};
use crate::app;
use crate::model::device::PageStart;
use crate::model::page::MAX_PAGE;
use crate::model::user::{NewUser, User, UserEdit, UserFilter};

const BASE: &str = "/api/device-mgt/v1.0/users";
const ADMIN: &str = "/api/device-mgt/v1.0/admin/users";
/// How many people a list has when the request does not say (`PaginationConfiguration`).
const DEFAULT_PAGE: u32 = 20;
/// The role of those for whom no role is named: whoever may enroll, and use what is theirs.
const DEFAULT_ROLE: &str = "device-owner";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, BASE, list),
        route(Method::POST, BASE, create),
        route(Method::PUT, BASE, edit),
        route(Method::DELETE, BASE, delete),
        route(Method::GET, format!("{BASE}/count"), count),
        route(Method::GET, format!("{BASE}/checkUser"), check),
        route(Method::GET, format!("{BASE}/search"), search),
        route(Method::GET, format!("{BASE}/search/usernames"), search),
        route(Method::PUT, format!("{BASE}/credentials"), change_password),
        route(Method::POST, format!("{BASE}/send-invitation"), invite),
        route(Method::POST, format!("{BASE}/enrollment-invite"), invite),
        route(Method::GET, format!("{BASE}/roles"), roles),
        route(Method::GET, format!("{BASE}/{{name}}"), get),
        route(Method::PUT, format!("{BASE}/{{name}}"), edit),
        route(Method::DELETE, format!("{BASE}/{{name}}"), delete),
        route(Method::GET, format!("{BASE}/{{name}}/roles"), roles),
        route(Method::POST, format!("{ADMIN}/credentials"), reset_password),
        route(Method::POST, format!("{ADMIN}/{{name}}/credentials"), reset_password),
    ]
}

/// `BasicUserInfo`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    username: String,
    #[serde(rename = "firstname", skip_serializing_if = "String::is_empty")]
    first_name: String,
    #[serde(rename = "lastname", skip_serializing_if = "String::is_empty")]
    last_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    email_address: String,
    roles: Vec<String>,
    /// In milliseconds since the Unix epoch.
    created_date: String,
}

impl From<User> for Info {
    fn from(user: User) -> Self {
        Self {
            username: user.name,
            first_name: user.first_name,
            last_name: user.last_name,
            email_address: user.email,
            roles: user.roles,
            created_date: user.created_at.millis().to_string(),
        }
    }
}

/// `UserInfo`, as clients send it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    username: Option<String>,
    password: Option<String>,
    firstname: Option<String>,
    lastname: Option<String>,
    email_address: Option<String>,
    roles: Option<Vec<String>>,
}

impl Body {
    /// The roles by their names here; without any, none is meant.
    fn roles(&self) -> Option<Vec<String>> {
        let roles = self.roles.iter().flatten().filter_map(|role| own_name(role)).map(str::to_owned);
        Some(roles.collect::<Vec<_>>()).filter(|roles| !roles.is_empty())
    }
}

/// `OldPasswordResetWrapper` and `PasswordResetWrapper`: passwords as they are.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Passwords {
    #[serde(default)]
    old_password: Option<String>,
    new_password: String,
}

/// The person that the path or the query names.
fn named(call: &Call) -> Result<String, Error> {
    if call.param(0).is_empty() { Ok(call.query().need("username")?.to_owned()) } else { Ok(call.param(0).to_owned()) }
}

async fn list(call: Call) -> Result<Response, Error> {
    let query = call.query();
    if query.get("username").is_some() && query.get("filter").is_none() {
        return get(call).await;
    }
    let actor = call.actor().await?;
    let limit = query.number("limit")?.filter(|limit| *limit > 0).unwrap_or(DEFAULT_PAGE).min(MAX_PAGE);
    let start = PageStart::Offset(query.number("offset")?.unwrap_or(0));
    let filter = UserFilter { text: query.get("filter").map(str::to_owned), role: None };
    let page = call.app.users(&actor, filter, start, limit).await?;
    let users: Vec<Info> = page.items.into_iter().map(Info::from).collect();
    Ok(gson::reply(StatusCode::OK, &json!({ "users": users, "count": page.total })))
}

async fn create(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let body: Body = call.json()?;
    let roles = body.roles().unwrap_or_else(|| vec![DEFAULT_ROLE.to_owned()]);
    let new = NewUser {
        name: body.username.unwrap_or_default(),
        roles,
        first_name: body.firstname.unwrap_or_default(),
        last_name: body.lastname.unwrap_or_default(),
        email: body.email_address.unwrap_or_default(),
    };
    let password = body.password.filter(|password| !password.is_empty());
    let user = call.app.add_user(&actor, new, password.as_deref()).await?;
    Ok(gson::reply(StatusCode::CREATED, &Info::from(user)))
}

async fn get(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    Ok(gson::reply(StatusCode::OK, &Info::from(call.app.user(&actor, &named(&call)?).await?)))
}

async fn edit(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let body: Body = call.json()?;
    let roles = body.roles();
    let edit = UserEdit { roles, first_name: body.firstname, last_name: body.lastname, email: body.email_address };
    Ok(gson::reply(StatusCode::OK, &Info::from(call.app.edit_user(&actor, &named(&call)?, edit).await?)))
}

async fn delete(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    call.app.delete_user(&actor, &named(&call)?).await?;
    Ok(StatusCode::OK.into_response())
}

async fn roles(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let roles = call.app.user(&actor, &named(&call)?).await?.roles;
    Ok(gson::reply(StatusCode::OK, &json!({ "count": roles.len(), "roles": roles })))
}

async fn count(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let page = call.app.users(&actor, UserFilter::default(), PageStart::Offset(0), 1).await?;
    Ok(gson::reply(StatusCode::OK, &json!({ "users": [], "count": page.total })))
}

async fn check(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let there = match call.app.user(&actor, &named(&call)?).await {
        Ok(_) => true,
        Err(app::Error::NotFound { .. }) => false,
        Err(other) => return Err(other.into()),
    };
    Ok(gson::reply(StatusCode::OK, &there))
}

async fn search(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let query = call.query();
    let text = query.get("filter").or(query.get("username")).map(str::to_owned);
    let filter = UserFilter { text, role: None };
    let page = call.app.users(&actor, filter, PageStart::Offset(0), MAX_PAGE).await?;
    let users: Vec<Info> = page.items.into_iter().map(Info::from).collect();
    Ok(gson::reply(StatusCode::OK, &users))
}

async fn change_password(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let Passwords { old_password, new_password } = call.json()?;
    call.app.set_password(&actor, &actor.owner(), &new_password, old_password.as_deref(), None).await?;
    Ok(gson::reply(StatusCode::OK, &"the password is changed"))
}

async fn reset_password(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let name = named(&call)?;
    let Passwords { old_password, new_password } = call.json()?;
    call.app.set_password(&actor, &name, &new_password, old_password.as_deref(), None).await?;
    let said = format!("the password of {} is changed", echo(&name));
    Ok(gson::reply(StatusCode::OK, &said))
}

/// No mail leaves a fog node.
async fn invite(call: Call) -> Result<Response, Error> {
    call.app.users(&call.actor().await?, UserFilter::default(), PageStart::Offset(0), 1).await?;
    Err(Error::not_implemented("this server sends no mail: tell the person their name and password another way"))
}
