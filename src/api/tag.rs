//! `/tags`, and `/query`, which checks the language that finds devices.

use warp::http::Method;
use warp::{Reply, reply};

use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::app;
use crate::model::device::DeviceFilter;
use crate::model::query::Query;
use crate::wire::Page;
use crate::wire::tag::{QueryCheck, Tag, Tagged, Tagging};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/tags", list),
        route(Method::POST, "/api/v1/tags", tag),
        route(Method::GET, "/api/v1/query", check),
    ]
}

/// A query, or the problem of the member it came in.
pub(super) fn read(field: &str, text: &str) -> Result<Query, Problem> {
    Query::parse(text).map_err(|error| Problem::bad(field, error.to_string()))
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    call.query()?.end()?;
    let tags = call.app().tags(call.actor()).await?;
    Ok(reply::json(&Page::whole(tags.into_iter().map(|(name, devices)| Tag { name, devices }).collect())))
}

async fn tag(mut call: Call) -> Result<impl Reply, Problem> {
    let wanted: Tagging = call.json().await?;
    let mut devices = wanted.devices;
    if let Some(text) = &wanted.query {
        let filter = DeviceFilter { query: Some(read("query", text)?), ..DeviceFilter::default() };
        devices.extend(call.app().targets(call.actor(), filter).await?);
    }
    let tagging = app::tag::Tagging { devices, add: wanted.add, remove: wanted.remove };
    let changed = call.app().tag(call.actor(), tagging).await?;
    Ok(reply::json(&Tagged { changed: changed as u64 }))
}

async fn check(call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let text = query.text("q")?.unwrap_or_default();
    query.end()?;
    Ok(reply::json(&match call.app().check_query(call.actor(), &text)? {
        Ok(query) => QueryCheck { valid: true, query: Some(query.to_string()), at: None, expected: None },
        Err(error) => {
            let (at, expected) = (Some(error.at as u64), Some(error.expected));
            QueryCheck { valid: false, query: None, at, expected }
        }
    }))
}
