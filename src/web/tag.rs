//! `/tags`: the tags in use, each with a way to its devices.

use maud::html;
use warp::Reply;
use warp::http::Method;

use super::call::Call;
use super::failure::Failure;
use super::fields::Fields;
use super::message::package as words;
use super::routes::{Route, route};
use crate::model::actor::Scope;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/tags", list)]
}

async fn list(call: Call) -> Result<impl Reply, Failure> {
    let ui = call.ui();
    let tags = call.app().tags(call.actor()).await?;
    let body = html! {
        div.page-head { h1 { (ui.t(words::TAGS)) } }
        section #tags data-live="devices" {
            @if tags.is_empty() {
                (ui.empty(words::TAGS_NONE, words::TAGS_NONE_HINT, Some(("/devices", words::DEVICES))))
            } @else {
                (ui.scroll(ui.t(words::TAGS), html! {
                    table.list {
                        thead { tr {
                            th scope="col" { (ui.t(words::TAG)) } th.num scope="col" { (ui.t(words::DEVICES)) }
                            @if ui.may(Scope::Operate) { th scope="col" { span.sr { (ui.t(words::AS_GROUP)) } } }
                        } }
                        tbody {
                            @for (tag, devices) in &tags {
                                @let query = Fields::default().and("query", &format!("tag:\"{tag}\""));
                                tr data-row {
                                    td { a.tag href=(query.address("/devices")) { (tag) } }
                                    td.num { (devices) }
                                    @if ui.may(Scope::Operate) {
                                        td { a href=(query.and("name", tag).address("/groups/new")) { (ui.t(words::AS_GROUP)) } }
                                    }
                                }
                            }
                        }
                    }
                }))
            }
        }
    };
    Ok(ui.page(words::TAGS).curl("GET", "/api/v1/tags").body(body))
}
