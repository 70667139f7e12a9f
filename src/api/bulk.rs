//! `/devices/bulk`.

use warp::http::{Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, route};
use super::tag;
use crate::model::bulk::{self, Carried, Selection};
use crate::model::device::DeviceFilter;
use crate::model::query::Compliance;
use crate::wire::bulk::{Bulk, BulkAction, BulkActivity, BulkDone, BulkFilter, BulkPreview, LeftOut, TypeShare};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::POST, "/api/v1/devices/bulk", carry_out),
        route(Method::POST, "/api/v1/devices/bulk/preview", preview),
    ]
}

async fn preview(mut call: Call) -> Result<impl Reply, Problem> {
    let asked: Bulk = call.json().await?;
    let selection = selection(asked.devices, asked.filter)?;
    let preview = call.app().preview_bulk(call.actor(), selection, &action(asked.action)).await?;
    Ok(reply::json(&encode(preview)))
}

async fn carry_out(mut call: Call) -> Result<impl Reply, Problem> {
    let asked: Bulk = call.json().await?;
    let (selection, action) = (selection(asked.devices, asked.filter)?, action(asked.action));
    match call.app().carry_out(call.actor(), selection, action, asked.mark.as_deref()).await? {
        Carried::Changed(preview) => {
            let detail = format!(
                "nothing was done: other devices are meant than in the preview, {} by now; ask for it again",
                preview.able
            );
            Err(Problem::new(StatusCode::CONFLICT, detail))
        }
        Carried::Done(done) => Ok(reply::json(&BulkDone {
            devices: done.devices,
            changed: done.changed,
            left_out: done.left_out,
            activity: done.activity.map(|(id, number)| BulkActivity { id, number }),
        })),
    }
}

fn selection(devices: Vec<crate::model::id::DeviceId>, filter: Option<BulkFilter>) -> Result<Selection, Problem> {
    let Some(filter) = filter else { return Ok(Selection::Devices(devices)) };
    if !devices.is_empty() {
        return Err(Problem::bad("filter", "either devices are named, or a filter says which are meant"));
    }
    let compliance = filter.compliance.map(|word| {
        Compliance::parse(&word).ok_or_else(|| Problem::bad("filter.compliance", "yes, no or unknown is expected"))
    });
    Ok(Selection::Filter(Box::new(DeviceFilter {
        device_type: filter.device_type,
        statuses: filter.status,
        group: filter.group,
        owner: filter.owner,
        ownership: filter.ownership,
        compliance: compliance.transpose()?,
        query: filter.q.map(|text| tag::read("filter.q", &text)).transpose()?,
        ..DeviceFilter::default()
    })))
}

fn action(action: BulkAction) -> bulk::BulkAction {
    match action {
        BulkAction::Send { code, kind, payload, expires_at } => {
            let payload = payload.map(|payload| match payload {
                serde_json::Value::String(text) => text,
                json => json.to_string(),
            });
            bulk::BulkAction::Send(bulk::BulkSend { code, kind, payload, expires_at })
        }
        BulkAction::Tag { add, remove } => bulk::BulkAction::Tag { add, remove },
        BulkAction::Join { group } => bulk::BulkAction::Join(group),
        BulkAction::Leave { group } => bulk::BulkAction::Leave(group),
        BulkAction::Suspend {} => bulk::BulkAction::Suspend,
        BulkAction::Resume {} => bulk::BulkAction::Resume,
        BulkAction::Remove {} => bulk::BulkAction::Remove,
    }
}

fn encode(preview: bulk::Preview) -> BulkPreview {
    let types = preview.types.into_iter().map(|share| TypeShare {
        device_type: share.device_type,
        devices: share.devices,
        able: share.able,
    });
    let left_out = preview.left_out.into_iter().map(|reason| LeftOut {
        why: reason.why.to_string(),
        devices: reason.devices,
        examples: reason.examples,
    });
    BulkPreview {
        devices: preview.devices,
        able: preview.able,
        types: types.collect(),
        left_out: left_out.collect(),
        mark: preview.mark,
    }
}
