//! `/tokens`: API tokens.

use warp::http::header::LOCATION;
use warp::http::{Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::model::user::ApiToken;
use crate::wire::Page;
use crate::wire::admin::{NewToken, Token};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/tokens", list),
        route(Method::POST, "/api/v1/tokens", create),
        route(Method::DELETE, "/api/v1/tokens/{id}", revoke),
    ]
}

fn encode(token: ApiToken, secret: Option<String>) -> Token {
    Token {
        id: token.id,
        name: token.name,
        owner: token.owner,
        scopes: token.scopes.iter().collect(),
        created_at: token.created_at,
        expires_at: token.expires_at,
        last_used_at: token.last_used_at,
        secret,
    }
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    call.query()?.end()?;
    let tokens = call.app().tokens(call.actor()).await?;
    let items: Vec<Token> = tokens.into_iter().map(|token| encode(token, None)).collect();
    Ok(reply::json(&Page::whole(items)))
}

async fn create(mut call: Call) -> Result<impl Reply, Problem> {
    let new: NewToken = call.json().await?;
    let scopes = new.scopes.into_iter().collect();
    let (token, secret) = call.app().create_token(call.actor(), &new.name, scopes, new.expires_at).await?;
    let location = format!("/api/v1/tokens/{}", token.id);
    let made = encode(token, Some(secret));
    Ok(reply::with_header(reply::with_status(reply::json(&made), StatusCode::CREATED), LOCATION, location))
}

async fn revoke(call: Call) -> Result<impl Reply, Problem> {
    call.app().revoke_token(call.actor(), call.id(0, "token")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
