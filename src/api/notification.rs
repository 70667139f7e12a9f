//! `/notifications`.

use warp::http::Method;
use warp::{Reply, reply};

use super::call::Call;
use super::device::find;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::app::notification::NotificationKey;
use crate::model::notification::{NotificationFilter, NotificationKind};
use crate::wire::notification::Checked;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/v1/notifications", list),
        route(Method::POST, "/api/v1/notifications/check", check_all),
        route(Method::POST, "/api/v1/notifications/{id}/check", check),
    ]
}

/// A page begins after as many notifications as its cursor says.
async fn list(call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let checked = query.one("checked", |word| word.parse().ok())?;
    let device = match query.text("device")? {
        Some(key) => Some(find(&call, &key).await?),
        None => None,
    };
    let kind = query.one("kind", NotificationKind::parse)?;
    let limit = query.limit()?;
    let offset = query.one("cursor", |word| word.parse().ok())?.unwrap_or(0);
    query.end()?;
    let filter = NotificationFilter { checked, device, kind, own_of: None };
    Ok(reply::json(&call.app().notifications(call.actor(), filter, offset, limit).await?))
}

async fn check(call: Call) -> Result<impl Reply, Problem> {
    let key = match call.param(0).parse() {
        Ok(number) => NotificationKey::Number(number),
        Err(_) => NotificationKey::Id(call.id(0, "notification")?),
    };
    Ok(reply::json(&call.app().check_notification(call.actor(), key).await?))
}

async fn check_all(call: Call) -> Result<impl Reply, Problem> {
    let checked = call.app().check_notifications(call.actor()).await?;
    Ok(reply::json(&Checked { checked }))
}
