//! `/settings`.

use warp::http::Method;
use warp::{Reply, reply};

use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::model::setting::AreaSettings;
use crate::wire::setting::Settings;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/api/v1/settings/{area}", get), route(Method::PUT, "/api/v1/settings/{area}", replace)]
}

async fn get(call: Call) -> Result<impl Reply, Problem> {
    let AreaSettings(settings) = call.app().area_settings(call.actor(), call.param(0)).await?;
    Ok(reply::json(&Settings { settings }))
}

async fn replace(mut call: Call) -> Result<impl Reply, Problem> {
    let Settings { settings } = call.json().await?;
    let AreaSettings(settings) = call.app().change_settings(call.actor(), call.param(0), settings).await?;
    Ok(reply::json(&Settings { settings }))
}
