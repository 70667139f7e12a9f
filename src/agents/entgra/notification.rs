//! Notifications: `/api/device-mgt/v1.0/notifications`.

use serde::Serialize;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::{Call, echo};
use super::errors::Error;
use super::gson;
use super::routes::{Route, route};
use crate::app::notification::NotificationKey;
use crate::model::actor::Actor;
use crate::model::notification::{Notification, NotificationFilter};
use crate::model::page::MAX_PAGE;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/device-mgt/v1.0/notifications", list),
        route(Method::PUT, "/api/device-mgt/v1.0/notifications/{id}/mark-checked", check),
        route(Method::PUT, "/api/device-mgt/v1.0/notifications/clear-all", check_all),
    ]
}

/// `Notification`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    id: i64,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_id: Option<i64>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_identifier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_type: Option<String>,
}

#[derive(Serialize)]
struct Notifications {
    notifications: Vec<Body>,
    count: u64,
}

async fn body(call: &Call, actor: &Actor, notification: Notification) -> Result<Body, Error> {
    let device = match notification.device {
        Some(id) => Some(call.app.device(actor, id).await?),
        None => None,
    };
    let (device_identifier, device_name, device_type) = match device {
        Some(device) => (Some(device.identifier), Some(device.name), Some(device.device_type)),
        None => (None, None, None),
    };
    Ok(Body {
        id: notification.number,
        description: notification.text,
        operation_id: notification.operation,
        status: if notification.checked_at.is_some() { "CHECKED" } else { "NEW" },
        device_identifier,
        device_name,
        device_type,
    })
}

async fn list(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let query = call.query();
    let checked = match query.get("status") {
        None => None,
        Some(word) if word.eq_ignore_ascii_case("NEW") => Some(false),
        Some(word) if word.eq_ignore_ascii_case("CHECKED") => Some(true),
        Some(word) => return Err(Error::bad(format!("\"status\" is NEW or CHECKED, not {:?}", echo(word)))),
    };
    let (offset, limit) = query.page(MAX_PAGE)?;
    let filter = NotificationFilter { checked, ..NotificationFilter::default() };
    let found = call.app.notifications(&actor, filter, offset, limit).await?;
    if found.total == 0 && call.is_conditional() {
        return Ok(gson::not_modified());
    }
    let mut notifications = Vec::with_capacity(found.items.len());
    for notification in found.items {
        notifications.push(body(&call, &actor, notification).await?);
    }
    Ok(gson::reply(StatusCode::OK, &Notifications { notifications, count: found.total }))
}

async fn check(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let number = call.param(0).parse();
    let number = number.map_err(|_| Error::bad(format!("\"id\" is a number, not {:?}", echo(call.param(0)))))?;
    let checked = call.app.check_notification(&actor, NotificationKey::Number(number)).await?;
    Ok(gson::reply(StatusCode::OK, &body(&call, &actor, checked).await?))
}

async fn check_all(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    call.app.check_notifications(&actor).await?;
    Ok(gson::text(StatusCode::OK, "All notifications have been cleared."))
}
