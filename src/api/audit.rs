//! `GET /audit`.

use warp::http::Method;
use warp::{Reply, reply};

use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::model::audit::AuditFilter;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/api/v1/audit", list)]
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let filter = AuditFilter {
        actor: query.text("actor")?,
        action: query.text("action")?,
        target: query.text("target")?,
        since: query.time("since")?,
        before: query.one("before", |word| word.parse().ok())?,
    };
    let limit = query.limit()?;
    query.end()?;
    Ok(reply::json(&call.app().audit(call.actor(), filter, limit).await?))
}
