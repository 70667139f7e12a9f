//! What is installed on a device.

use maud::html;
use warp::Reply;
use warp::http::Method;

use super::{Subject, Tab};
use crate::web::call::Call;
use crate::web::failure::Failure;
use crate::web::message::device as words;
use crate::web::routes::{Route, route};
use crate::web::ui::Tone;
use crate::web::ui::text::bytes;

/// The most rows of the list; a part of the name finds the others.
const MAX_ROWS: usize = 300;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/devices/{id}/applications", show)]
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let subject = Subject::of(&call).await?;
    let (ui, query) = (call.ui(), call.query());
    let all = call.app().applications(call.actor(), subject.device.id).await?;
    let part = query.filled("text").unwrap_or_default().to_lowercase();
    let system = query.has("system");
    let has = |text: &str| text.to_lowercase().contains(&part);
    let found: Vec<_> =
        all.iter().filter(|one| (system || !one.system) && (has(&one.name) || has(&one.package))).collect();
    let body = html! {
        form.toolbar method="get" {
            input type="search" name="text" value=(query.get("text").unwrap_or_default())
                placeholder=(ui.t(words::FIND_APPLICATION)) aria-label=(ui.t(words::FIND_APPLICATION));
            (ui.tick("system", "1", ui.t(words::WITH_SYSTEM), system))
            button.button { (ui.t(words::FIND)) }
            span.muted { (ui.fill(words::FOUND, &[&found.len(), &all.len()])) }
        }
        section #applications data-live={ "device:" (subject.device.id) } {
            @if all.is_empty() { (ui.empty(words::NO_APPLICATIONS, words::NO_APPLICATIONS_HINT, None)) }
            @else {
                (ui.scroll(ui.t(words::TAB_APPLICATIONS), html! { table.list {
                    thead { tr {
                        th scope="col" { (ui.t(words::APPLICATION)) } th scope="col" { (ui.t(words::VERSION)) } th scope="col" { (ui.t(words::STATE)) }
                        th.num scope="col" { (ui.t(words::MEMORY)) } th scope="col" { (ui.t(words::REPORTED)) }
                    } }
                    tbody {
                        @for one in found.iter().take(MAX_ROWS) {
                            tr {
                                td {
                                    (if one.name.is_empty() { &one.package } else { &one.name })
                                    @if one.name != one.package { div.muted.mono { (one.package) } }
                                }
                                td { (one.version) }
                                td {
                                    @if one.active { (ui.badge(Tone::Ok, ui.t(words::RUNNING))) " " }
                                    @if one.system { span.muted { (ui.t(words::SYSTEM)) } }
                                }
                                td.num { @if one.memory > 0 { (bytes(one.memory.unsigned_abs().saturating_mul(1024))) } }
                                td { (ui.ago(one.reported_at)) }
                            }
                        }
                    }
                } }))
            }
        }
    };
    Ok(subject.page(Tab::Applications, &body).curl("GET", &subject.api("/applications")))
}
