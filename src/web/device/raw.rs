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
use crate::wire::device::DeviceDetail;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/devices/{id}/json", show)]
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let (subject, detail) = Subject::detailed(&call).await?;
    let (ui, id) = (call.ui(), subject.device.id);
    let detail = DeviceDetail::from(detail);
    let text = serde_json::to_string_pretty(&json!(detail)).unwrap_or_default();
    let body = html! {
        p.muted { (ui.t(words::RAW_HINT)) }
        section #json data-live={ "device:" (id) " telemetry:" (id) } { pre.raw tabindex="0" { code { (text) } } }
    };
    Ok(subject.page(Tab::Raw, &body).curl("GET", &subject.api("")))
}
