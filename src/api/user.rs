//! `/setup`, `/login`, `/logout`, `/sessions` and `/users`.

use warp::http::header::{LOCATION, SET_COOKIE};
use warp::http::{Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, public, route};
use crate::app::session::{SESSION_LIFE, SessionInfo};
use crate::model::device::PageStart;
use crate::model::user;
use crate::net::browser::{SESSION_COOKIE, set_cookie};
use crate::wire::Page;
use crate::wire::admin::{Login, NewPassword, NewUser, OpenSession, Session, Setup, User, UserEdit};

pub(super) fn routes() -> Vec<Route> {
    vec![
        public(Method::POST, "/api/v1/setup", setup),
        public(Method::POST, "/api/v1/login", login),
        route(Method::POST, "/api/v1/logout", logout),
        route(Method::GET, "/api/v1/sessions", sessions),
        route(Method::DELETE, "/api/v1/sessions", close_sessions),
        route(Method::DELETE, "/api/v1/sessions/{id}", close_session),
        route(Method::GET, "/api/v1/users", list),
        route(Method::POST, "/api/v1/users", create),
        route(Method::GET, "/api/v1/users/{name}", get),
        route(Method::PATCH, "/api/v1/users/{name}", edit),
        route(Method::DELETE, "/api/v1/users/{name}", delete),
        route(Method::GET, "/api/v1/users/{name}/sessions", sessions_of),
        route(Method::DELETE, "/api/v1/users/{name}/sessions", close_sessions_of),
        route(Method::DELETE, "/api/v1/users/{name}/sessions/{id}", close_session_of),
        route(Method::PUT, "/api/v1/users/{name}/password", set_password),
    ]
}

pub(super) fn encode(user: user::User) -> User {
    User {
        name: user.name,
        roles: user.roles,
        scopes: user.scopes.iter().collect(),
        first_name: user.first_name,
        last_name: user.last_name,
        email: user.email,
        created_at: user.created_at,
        second_factor: user.second_factor,
    }
}

async fn setup(mut call: Call) -> Result<impl Reply, Problem> {
    let setup: Setup = call.json().await?;
    let user = call.app().setup(&setup.code, &setup.name, &setup.password, &call.actor().origin).await?;
    Ok(reply::with_status(reply::json(&encode(user)), StatusCode::CREATED))
}

async fn login(mut call: Call) -> Result<impl Reply, Problem> {
    let login: Login = call.json().await?;
    let origin = &call.actor().origin;
    let grant = call.app().login(&login.name, &login.password, login.code.as_deref(), origin).await?;
    let cookie = set_cookie(SESSION_COOKIE, &grant.token, SESSION_LIFE.as_secs());
    let session = Session { token: grant.token, user: grant.user.name, expires_at: grant.expires_at };
    Ok(reply::with_header(reply::json(&session), SET_COOKIE, cookie))
}

async fn logout(call: Call) -> Result<impl Reply, Problem> {
    if let Some(token) = &call.caller.token {
        call.app().logout(call.actor(), token).await?;
    }
    Ok(reply::with_header(StatusCode::NO_CONTENT, SET_COOKIE, set_cookie(SESSION_COOKIE, "", 0)))
}

fn encode_sessions(sessions: Vec<SessionInfo>) -> warp::reply::Json {
    let encode = |session: SessionInfo| OpenSession {
        id: session.id,
        origin: session.origin,
        created_at: session.created_at,
        expires_at: session.expires_at,
        last_used_at: session.last_used_at,
    };
    let items: Vec<OpenSession> = sessions.into_iter().map(encode).collect();
    reply::json(&Page::whole(items))
}

async fn sessions(call: Call) -> Result<impl Reply, Problem> {
    call.query()?.end()?;
    Ok(encode_sessions(call.app().sessions(call.actor(), None).await?))
}

async fn sessions_of(call: Call) -> Result<impl Reply, Problem> {
    call.query()?.end()?;
    Ok(encode_sessions(call.app().sessions(call.actor(), Some(call.param(0))).await?))
}

async fn close_session(call: Call) -> Result<impl Reply, Problem> {
    call.app().close_session(call.actor(), None, call.id(0, "session")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn close_session_of(call: Call) -> Result<impl Reply, Problem> {
    // Who may not know of the person learns nothing by an id that cannot be.
    call.app().user(call.actor(), call.param(0)).await?;
    call.app().close_session(call.actor(), Some(call.param(0)), call.id(1, "session")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn close_sessions_of(call: Call) -> Result<impl Reply, Problem> {
    call.app().close_sessions_of(call.actor(), call.param(0)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn close_sessions(call: Call) -> Result<impl Reply, Problem> {
    call.app().close_sessions(call.actor()).await?;
    Ok(reply::with_header(StatusCode::NO_CONTENT, SET_COOKIE, set_cookie(SESSION_COOKIE, "", 0)))
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let filter = user::UserFilter { text: query.text("text")?, role: query.text("role")? };
    let (limit, cursor) = (query.limit()?, query.text("cursor")?);
    query.end()?;
    let page = call.app().users(call.actor(), filter, PageStart::Cursor(cursor), limit).await?;
    let items: Vec<User> = page.items.into_iter().map(encode).collect();
    Ok(reply::json(&Page { items, next: page.next, total: page.total }))
}

async fn get(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&encode(call.app().user(call.actor(), call.param(0)).await?)))
}

async fn edit(mut call: Call) -> Result<impl Reply, Problem> {
    let UserEdit { roles, first_name, last_name, email } = call.json().await?;
    let edit = user::UserEdit { roles, first_name, last_name, email };
    Ok(reply::json(&encode(call.app().edit_user(call.actor(), call.param(0), edit).await?)))
}

async fn create(mut call: Call) -> Result<impl Reply, Problem> {
    let NewUser { name, password, roles, first_name, last_name, email } = call.json().await?;
    let new = user::NewUser { name, roles, first_name, last_name, email };
    let user = call.app().create_user(call.actor(), new, &password).await?;
    let location = format!("/api/v1/users/{}", user.name);
    Ok(reply::with_header(reply::with_status(reply::json(&encode(user)), StatusCode::CREATED), LOCATION, location))
}

async fn delete(call: Call) -> Result<impl Reply, Problem> {
    call.app().delete_user(call.actor(), call.param(0)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_password(mut call: Call) -> Result<impl Reply, Problem> {
    let new: NewPassword = call.json().await?;
    let old = new.old_password.as_deref();
    call.app().set_password(call.actor(), call.param(0), &new.password, old, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
