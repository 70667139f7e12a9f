//! `/policies`, and a device's policy.

use warp::http::header::LOCATION;
use warp::http::{Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::device::find;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::app::policy::PolicyKey;
use crate::model::id::PolicyId;
use crate::wire::Page;
use crate::wire::policy::{DevicePolicy, NewPolicy, Order, Trial};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/policies", list),
        route(Method::POST, "/api/v1/policies", create),
        route(Method::PUT, "/api/v1/policies/priorities", order),
        route(Method::GET, "/api/v1/policies/pending", pending),
        route(Method::POST, "/api/v1/policies/apply", apply),
        route(Method::POST, "/api/v1/policies/dry-run", dry_run),
        route(Method::GET, "/api/v1/policies/{id}", get),
        route(Method::PUT, "/api/v1/policies/{id}", replace),
        route(Method::DELETE, "/api/v1/policies/{id}", delete),
        route(Method::POST, "/api/v1/policies/{id}/activate", |call| set_active(call, true)),
        route(Method::POST, "/api/v1/policies/{id}/deactivate", |call| set_active(call, false)),
        route(Method::GET, "/api/v1/policies/{id}/versions", versions),
        route(Method::GET, "/api/v1/policies/{id}/versions/{version}/difference", difference),
        route(Method::POST, "/api/v1/policies/{id}/versions/{version}/restore", restore),
        route(Method::GET, "/api/v1/devices/{id}/policy", of_device),
    ]
}

fn id(call: &Call) -> Result<PolicyId, Problem> {
    call.id(0, "policy")
}

fn key(call: &Call) -> Result<PolicyKey, Problem> {
    Ok(PolicyKey::Id(id(call)?))
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    call.query()?.end()?;
    Ok(reply::json(&Page::whole(call.app().policies(call.actor()).await?)))
}

async fn get(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&call.app().policy(call.actor(), key(&call)?).await?))
}

async fn create(mut call: Call) -> Result<impl Reply, Problem> {
    let new: NewPolicy = call.json().await?;
    let policy = call.app().create_policy(call.actor(), new).await?;
    let location = format!("/api/v1/policies/{}", policy.id);
    Ok(reply::with_header(reply::with_status(reply::json(&policy), StatusCode::CREATED), LOCATION, location))
}

async fn replace(mut call: Call) -> Result<impl Reply, Problem> {
    let key = key(&call)?;
    let new: NewPolicy = call.json().await?;
    Ok(reply::json(&call.app().replace_policy(call.actor(), key, new).await?))
}

async fn delete(call: Call) -> Result<impl Reply, Problem> {
    call.app().delete_policies(call.actor(), vec![key(&call)?]).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_active(call: Call, active: bool) -> Result<impl Reply, Problem> {
    let key = key(&call)?;
    call.app().set_policies_active(call.actor(), vec![key], active).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn order(mut call: Call) -> Result<impl Reply, Problem> {
    let order: Order = call.json().await?;
    let keys = order.policies.into_iter().map(PolicyKey::Id).collect();
    Ok(reply::json(&Page::whole(call.app().order_policies(call.actor(), keys).await?)))
}

async fn pending(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&call.app().pending_changes(call.actor()).await?))
}

async fn apply(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&call.app().apply_policies(call.actor()).await?))
}

async fn dry_run(mut call: Call) -> Result<impl Reply, Problem> {
    let trial: Trial = call.json().await?;
    Ok(reply::json(&call.app().try_policy(call.actor(), trial.policy, trial.replaces).await?))
}

async fn versions(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&Page::whole(call.app().policy_versions(call.actor(), key(&call)?).await?)))
}

async fn difference(call: Call) -> Result<impl Reply, Problem> {
    let (key, version) = (key(&call)?, call.id(1, "version")?);
    let mut query = call.query()?;
    let from = query.one("from", |word| word.parse().ok())?;
    query.end()?;
    Ok(reply::json(&call.app().policy_difference(call.actor(), key, from, version).await?))
}

async fn restore(call: Call) -> Result<impl Reply, Problem> {
    let version = call.id(1, "version")?;
    Ok(reply::json(&call.app().restore_policy(call.actor(), key(&call)?, version).await?))
}

async fn of_device(call: Call) -> Result<impl Reply, Problem> {
    let device = find(&call, call.param(0)).await?;
    let found = call.app().device_policy(call.actor(), device).await?;
    Ok(reply::json(&DevicePolicy {
        effective: found.effective,
        applied: found.applied,
        applied_at: found.applied_at,
        untold: found.untold,
        pending: found.pending,
        policies: found.policies.into_iter().map(|policy| policy.name).collect(),
    }))
}
