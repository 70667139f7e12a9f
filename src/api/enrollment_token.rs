//! `/enrollment/tokens`: what lets devices in that nobody stands beside.

use warp::http::header::LOCATION;
use warp::http::{Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::model::enrollment_token;
use crate::model::id::EnrollmentTokenId;
use crate::wire::Page;
use crate::wire::enrollment_token::{EnrollmentTokenDetail, MadeEnrollmentToken, NewEnrollmentToken};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/enrollment/tokens", list),
        route(Method::POST, "/api/v1/enrollment/tokens", create),
        route(Method::GET, "/api/v1/enrollment/tokens/{id}", get),
        route(Method::DELETE, "/api/v1/enrollment/tokens/{id}", revoke),
    ]
}

fn id(call: &Call) -> Result<EnrollmentTokenId, Problem> {
    call.id(0, "enrollment token")
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    call.query()?.end()?;
    Ok(reply::json(&Page::whole(call.app().enrollment_tokens(call.actor()).await?)))
}

async fn create(mut call: Call) -> Result<impl Reply, Problem> {
    let new: NewEnrollmentToken = call.json().await?;
    let new = enrollment_token::NewEnrollmentToken {
        note: new.note,
        device_type: new.device_type,
        owner: new.owner,
        groups: new.groups,
        tags: new.tags,
        expires_at: new.expires_at,
        max_uses: new.max_uses,
    };
    let (token, secret) = call.app().create_enrollment_token(call.actor(), new).await?;
    let location = format!("/api/v1/enrollment/tokens/{}", token.id);
    let made = MadeEnrollmentToken { token, secret };
    Ok(reply::with_header(reply::with_status(reply::json(&made), StatusCode::CREATED), LOCATION, location))
}

async fn get(call: Call) -> Result<impl Reply, Problem> {
    let (token, devices) = call.app().enrollment_token(call.actor(), id(&call)?).await?;
    Ok(reply::json(&EnrollmentTokenDetail { token, devices }))
}

async fn revoke(call: Call) -> Result<impl Reply, Problem> {
    call.app().revoke_enrollment_token(call.actor(), id(&call)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
