//! What a device was told, how far that has come, and what it answered.

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::{Subject, Tab, readable};
use crate::model::actor::Principal;
use crate::model::id::OperationId;
use crate::model::operation::{Operation, OperationFilter, OperationStatus};
use crate::model::policy::is_policy;
use crate::web::call::{Call, Redirect};
use crate::web::failure::Failure;
use crate::web::message::device as words;
use crate::web::routes::{Route, route};
use crate::web::ui::operation_status;

/// Operations of one page.
const PAGE: u32 = 30;
/// The most bytes of a payload or response on the page.
const MAX_TEXT: usize = 4000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/devices/{id}/operations", list),
        route(Method::POST, "/devices/{id}/operations/{operation}/retry", retry),
        route(Method::POST, "/devices/{id}/operations/{operation}/cancel", cancel),
    ]
}

async fn list(call: Call) -> Result<impl Reply, Failure> {
    let subject = Subject::of(&call).await?;
    let (ui, query) = (call.ui(), call.query());
    let statuses: Vec<OperationStatus> = query.all("status").filter_map(OperationStatus::parse).collect();
    let code = query.filled("code").map(str::to_owned);
    let narrowed = !statuses.is_empty() || code.is_some();
    let filter = OperationFilter {
        device: Some(subject.device.id),
        statuses: statuses.clone(),
        code,
        ..OperationFilter::default()
    };
    let page = call.app().operations(call.actor(), filter, PAGE, query.filled("cursor").map(str::to_owned)).await?;
    let begun = query.with("cursor", None);
    let body = html! {
        nav.facets aria-label=(ui.t(words::STATE)) {
            a href=(begun.with("status", None).address(ui.path())) aria-current=[statuses.is_empty().then_some("true")] { (ui.t(words::ALL)) }
            @for status in OperationStatus::ALL {
                @let chosen = statuses.contains(&status);
                @let other = if chosen { begun.without("status", status.name()) } else { begun.and("status", status.name()) };
                a href=(other.address(ui.path())) aria-current=[chosen.then_some("true")] { (ui.t(operation_status(status))) }
            }
        }
        section #operations.card data-live={ "device:" (subject.device.id) " operations" } {
            @if page.items.is_empty() {
                @if narrowed { p.muted { (ui.t(words::NONE_FITS)) } }
                @else { (ui.empty(words::NO_OPERATIONS, words::NO_OPERATIONS_HINT, None)) }
            }
            (timeline(&subject, &page.items))
        }
        (ui.pager(page.next.as_deref()))
    };
    Ok(subject.page(Tab::Operations, &body).curl("GET", &subject.api("/operations")))
}

/// Operations, newest first.
pub(super) fn timeline(subject: &Subject, operations: &[Operation]) -> Markup {
    html! { ol.timeline.operations { @for operation in operations { (entry(subject, operation)) } } }
}

fn entry(subject: &Subject, operation: &Operation) -> Markup {
    let ui = &subject.ui;
    let known = subject.kind.as_ref().and_then(|kind| kind.feature(&operation.code));
    let path = |verb: &str| subject.path(&format!("/operations/{}/{verb}", operation.id));
    let again = operation.status.may_be_retried() && !is_policy(&operation.code);
    let own = operation.initiated_by == Principal::System.to_string();
    html! {
        li id={ "operation-" (operation.id) } {
            div.line {
                (ui.operation_status(operation.status))
                b { (known.map_or(operation.code.as_str(), |known| &known.name)) }
                (ui.ago(operation.created_at))
                @if !own { span.muted { (ui.fill(words::BY, &[&operation.initiated_by])) } }
                @if subject.may_command() {
                    @if again && subject.device.status.may_receive() { (ui.action(&path("retry"), words::RETRY, "button small")) }
                    @if !operation.status.is_final() { (ui.action(&path("cancel"), words::CANCEL, "button small quiet")) }
                }
            }
            @if !operation.reason.is_empty() { p.muted { (operation.reason) } }
            details id={ "operation-" (operation.id) "-details" } {
                summary { (ui.t(words::DETAILS)) }
                p.muted {
                    span.mono { (operation.code) " · " (operation.kind.name()) } " · "
                    a href={ "/activities/" (operation.number) } { (ui.fill(words::ACTIVITY, &[&operation.number])) }
                    @if let Some(at) = operation.pushed_at { " · " (ui.t(words::PUSHED)) " " (ui.time(at)) }
                    @if let Some(at) = operation.expires_at { " · " (ui.t(words::EXPIRES)) " " (ui.time(at)) }
                }
                @if let Some(payload) = &operation.payload { h3 { (ui.t(words::PAYLOAD)) } (text(subject, payload)) }
                @for response in &operation.responses {
                    h3 { (ui.t(words::RESPONSE)) " " (ui.operation_status(response.status)) " " (ui.time(response.at)) }
                    (text(subject, &response.text))
                }
            }
        }
    }
}

fn text(subject: &Subject, text: &str) -> Markup {
    let (text, whole) = readable(text, MAX_TEXT);
    html! {
        pre tabindex="0" { (text) }
        @if !whole { p.muted { (subject.ui.t(words::CUT)) } }
    }
}

/// The device and the operation that a form is about; both must belong together.
async fn named(call: &Call) -> Result<(Subject, OperationId), Failure> {
    let subject = Subject::of(call).await?;
    let id: OperationId = call.id(1, "operation")?;
    let operation = call.app().operation(call.actor(), id).await?;
    if operation.device == subject.device.id {
        Ok((subject, id))
    } else {
        Err(Failure::missing("operation", call.param(1)))
    }
}

async fn retry(call: Call) -> Result<Redirect, Failure> {
    let (subject, id) = named(&call).await?;
    let activity = call.app().retry(call.actor(), id).await?;
    let said = call.ui().fill(words::RETRIED, &[&activity.number]);
    Ok(call.redirect(subject.path("/operations")).saying_text(said))
}

async fn cancel(call: Call) -> Result<Redirect, Failure> {
    let (subject, id) = named(&call).await?;
    call.app().cancel(call.actor(), id).await?;
    Ok(call.redirect(subject.path("/operations")).saying(words::CANCELLED))
}
