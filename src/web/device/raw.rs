//! A device as JSON, as the API tells of it.

use maud::html;
use serde_json::json;
use warp::Reply;
use warp::http::Method;

use super::{Subject, Tab};
use crate::web::call::Call;
use crate::web::failure::Failure;
use crate::web::message::device as words;
use crate::web::routes::{Route, route};
use crate::wire::device::{Device, DeviceDetail};
use crate::wire::telemetry::LastValue;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/devices/{id}/json", show)]
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let subject = Subject::of(&call).await?;
    let (ui, app, actor, id) = (call.ui(), call.app(), call.actor(), subject.device.id);
    let device = &subject.device;
    let known = |name: &str| subject.kind.as_ref()?.metrics.iter().find(|metric| metric.name == name).cloned();
    let metrics = app.last_values(actor, id).await?.into_iter().map(|value| {
        let (unit, title) = known(&value.metric).map(|known| (known.unit, known.title)).unwrap_or_default();
        let (device_time, received_at) = (value.device_time, value.received_at);
        LastValue { metric: value.metric, value: value.value, unit, title, device_time, received_at }
    });
    let detail = DeviceDetail {
        device: Device {
            id,
            number: device.number,
            device_type: device.device_type.clone(),
            identifier: device.identifier.clone(),
            name: device.name.clone(),
            description: device.description.clone(),
            owner: device.owner.clone(),
            ownership: device.ownership,
            status: device.status,
            online: subject.online,
            enrolled_at: device.enrolled_at,
            updated_at: device.updated_at,
            last_seen_at: device.last_seen_at,
        },
        properties: app.properties(actor, id).await?,
        location: app.location(actor, id).await?,
        tags: app.tags_of(actor, id).await?,
        note: app.note(actor, id).await?,
        groups: app.groups_of(actor, id).await?.into_iter().map(|group| group.name).collect(),
        metrics: metrics.collect(),
        status_history: app.status_history(actor, id).await?,
        enrollments: app.enrollments(actor, id).await?,
    };
    let text = serde_json::to_string_pretty(&json!(detail)).unwrap_or_default();
    let body = html! {
        p.muted { (ui.t(words::RAW_HINT)) }
        section #json data-live={ "device:" (id) " telemetry:" (id) } { pre.raw tabindex="0" { code { (text) } } }
    };
    Ok(subject.page(Tab::Raw, &body).curl("GET", &subject.api("")))
}
