//! `/device-types`: what devices measure and can be told, and types of one's own.

mod edit;

use maud::{Markup, html};
use warp::http::Method;

use super::call::Call;
use super::failure::Failure;
use super::message::device_type;
use super::routes::{Route, route};
use super::ui::{Page, Tone, Ui};
use crate::model::actor::Scope;
use crate::model::device_type::{Completes, DeviceType, Feature, Payload, PayloadField, PolledOperation, PushRoute};

const PATH: &str = "/device-types";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, PATH, list),
        route(Method::POST, PATH, edit::create),
        route(Method::GET, "/device-types/new", edit::new),
        route(Method::GET, "/device-types/{name}", show),
        route(Method::POST, "/device-types/{name}", edit::replace),
        route(Method::POST, "/device-types/{name}/delete", edit::delete),
    ]
}

async fn list(call: Call) -> Result<Page, Failure> {
    let ui = call.ui();
    let types = call.app().device_types(call.actor())?;
    Ok(ui.page(device_type::TITLE).curl("GET", "/api/v1/device-types").body(html! {
        div.page-head {
            h1 { (ui.t(device_type::TITLE)) }
            @if ui.may(Scope::Admin) { a.button href="/device-types/new" { (ui.t(device_type::NEW)) } }
            p.muted { (ui.t(device_type::INTRO)) }
        }
        (ui.scroll(ui.t(device_type::TITLE), html! {
            table.list {
                thead {
                    tr {
                        th scope="col" { (ui.t(device_type::TYPE_TITLE)) }
                        th scope="col" { (ui.t(device_type::NAME)) }
                        th scope="col" { (ui.t(device_type::ORIGIN)) }
                        th.num scope="col" { (ui.t(device_type::METRICS)) }
                        th.num scope="col" { (ui.t(device_type::FEATURES)) }
                        th scope="col" { (ui.t(device_type::DEVICES)) }
                    }
                }
                tbody {
                    @for one in &types {
                        tr {
                            td { a href={ (PATH) "/" (one.name) } { (title(one)) } }
                            td.mono { (one.name) }
                            td { (origin(&ui, one)) }
                            td.num { (one.metrics.len()) }
                            td.num { (one.features.len()) }
                            td { a href={ "/devices?type=" (one.name) } { (ui.t(device_type::DEVICES)) } }
                        }
                    }
                }
            }
        }))
    }))
}

fn title(one: &DeviceType) -> &str {
    if one.title.is_empty() { &one.name } else { &one.title }
}

fn origin(ui: &Ui, one: &DeviceType) -> Markup {
    if one.custom {
        ui.badge(Tone::Info, ui.t(device_type::CUSTOM))
    } else {
        html! { span.muted { (ui.t(device_type::BUILT_IN)) } }
    }
}

async fn show(call: Call) -> Result<Page, Failure> {
    let ui = call.ui();
    let one = call.app().device_type(call.actor(), call.param(0))?;
    let address = format!("/api/v1/device-types/{}", one.name);
    let json = serde_json::to_string_pretty(&*one).unwrap_or_default();
    Ok(ui.page_titled(title(&one)).curl("GET", &address).body(html! {
        p.crumbs { a href=(PATH) { (ui.t(device_type::TITLE)) } }
        div.page-head {
            h1 { (title(&one)) " " (origin(&ui, &one)) }
            div.buttons {
                a.button href={ "/devices?type=" (one.name) } { (ui.t(device_type::DEVICES)) }
                a.button href={ "/settings/" (one.name) } { (ui.t(device_type::SETTINGS)) }
            }
            @if !one.description.is_empty() { p.muted { (one.description) } }
        }
        (facts(&ui, &one))
        section.card {
            h2 { (ui.t(device_type::FEATURES)) " " span.count { (one.features.len()) } }
            @if one.features.is_empty() { p.muted { (ui.t(device_type::NO_FEATURES)) } } @else { (features(&ui, &one.features)) }
        }
        section.card {
            h2 { (ui.t(device_type::METRICS)) " " span.count { (one.metrics.len()) } }
            @if one.metrics.is_empty() { p.muted { (ui.t(device_type::NO_METRICS)) } } @else { (metrics(&ui, &one)) }
        }
        section.card {
            h2 { (ui.t(device_type::PUSH)) }
            @if one.push.is_empty() {
                p.muted { (ui.t(device_type::NO_PUSH)) }
            } @else {
                p.muted { (ui.t(device_type::PUSH_HINT)) }
                (push(&ui, &one.push))
            }
        }
        section.card {
            details {
                summary { h2 { (ui.t(device_type::DEFINITION)) } }
                pre.mono tabindex="0" data-copy { (json) }
            }
            @if ui.may(Scope::Admin) && !one.custom {
                p.muted { (ui.t(device_type::NOT_EDITABLE)) }
                a.button href={ "/device-types/new?like=" (one.name) } { (ui.t(device_type::COPY)) }
            }
        }
        @if one.custom && ui.may(Scope::Admin) { (edit::forms(&ui, &one.name, &json)) }
    }))
}

fn facts(ui: &Ui, one: &DeviceType) -> Markup {
    let polled = |PolledOperation { code, every }: &PolledOperation| match every {
        1 => ui.fill(device_type::EVERY_ROUND, &[code]),
        _ => ui.fill(device_type::EVERY, &[code, every]),
    };
    let polled: Vec<String> = one.polled_operations.iter().map(polled).collect();
    html! {
        section.card {
            dl.facts {
                dt { (ui.t(device_type::NAME)) } dd.mono { (one.name) }
                @if !one.properties.is_empty() {
                    dt { (ui.t(device_type::PROPERTIES)) } dd { (one.properties.join(", ")) }
                }
                @if !one.initial_operations.is_empty() {
                    dt { (ui.t(device_type::INITIAL)) } dd { (one.initial_operations.join(", ")) }
                }
                @if !polled.is_empty() { dt { (ui.t(device_type::POLLED)) } dd { (polled.join(", ")) } }
                @if let Some(days) = one.token_days {
                    dt { (ui.t(device_type::TOKEN_DAYS)) } dd { (ui.fill(device_type::DAYS, &[&days])) }
                }
            }
        }
    }
}

fn features(ui: &Ui, features: &[Feature]) -> Markup {
    html! {
        (ui.filter("features", device_type::FIND))
        (ui.scroll(ui.t(device_type::FEATURES), html! {
            table.list #features {
                thead {
                    tr {
                        th scope="col" { (ui.t(device_type::CODE)) }
                        th scope="col" { (ui.t(device_type::TYPE_TITLE)) }
                        th scope="col" { (ui.t(device_type::KIND)) }
                        th scope="col" { (ui.t(device_type::PAYLOAD)) }
                    }
                }
                tbody {
                    @for feature in features {
                        tr id={ "f-" (feature.code) } {
                            td.mono { (feature.code) }
                            td.wide {
                                (feature.name)
                                @if !feature.description.is_empty() { p.small.muted { (feature.description) } }
                            }
                            td {
                                (feature.kind.name())
                                @if feature.policy { " " span.tag { (ui.t(device_type::IN_POLICY)) } }
                                @if feature.confirm { " " span.tag { (ui.t(device_type::ASKS)) } }
                            }
                            td.wide {
                                (payload(ui, &feature.payload))
                                @if !feature.push.is_empty() { details { summary { (ui.t(device_type::PUSH)) } (push(ui, &feature.push)) } }
                            }
                        }
                    }
                }
            }
        }))
    }
}

fn payload(ui: &Ui, payload: &Payload) -> Markup {
    match payload {
        Payload::None => html! { span.muted { (ui.t(device_type::NO_PAYLOAD)) } },
        Payload::Any => html! { span.muted { (ui.t(device_type::ANY_PAYLOAD)) } },
        Payload::Text => html! { (ui.t(device_type::TEXT_PAYLOAD)) },
        Payload::Choice { choices } => html! { (choices.join(" | ")) },
        Payload::Json { fields, .. } if fields.is_empty() => html! { (ui.t(device_type::JSON_PAYLOAD)) },
        Payload::Json { fields, .. } => html! {
            details { summary { (payload.field_names()) } (payload_fields(ui, fields)) }
        },
    }
}

fn payload_fields(ui: &Ui, fields: &[PayloadField]) -> Markup {
    html! {
        ul.plain {
            @for field in fields {
                li {
                    span.mono { (field.name) }
                    @if !field.title.is_empty() { " " (field.title) }
                    " " span.muted { (field.describe()) }
                    @if field.required { " " span.tag { (ui.t(device_type::REQUIRED)) } }
                    @if !field.help.is_empty() { p.small.muted { (field.help) } }
                    @if !field.fields.is_empty() { (payload_fields(ui, &field.fields)) }
                }
            }
        }
    }
}

fn metrics(ui: &Ui, one: &DeviceType) -> Markup {
    html! {
        (ui.scroll(ui.t(device_type::METRICS), html! {
            table.list {
                thead {
                    tr {
                        th scope="col" { (ui.t(device_type::NAME)) }
                        th scope="col" { (ui.t(device_type::TYPE_TITLE)) }
                        th scope="col" { (ui.t(device_type::UNIT)) }
                        th scope="col" { (ui.t(device_type::KIND)) }
                    }
                }
                tbody {
                    @for metric in &one.metrics {
                        tr {
                            td.mono { (metric.name) }
                            td { (metric.title) }
                            td { (metric.unit) }
                            td { (metric.kind.name()) }
                        }
                    }
                }
            }
        }))
    }
}

fn push(ui: &Ui, routes: &[PushRoute]) -> Markup {
    html! {
        (ui.scroll(ui.t(device_type::PUSH), html! {
            table.list {
                thead {
                    tr {
                        th scope="col" { (ui.t(device_type::TOPIC)) }
                        th scope="col" { (ui.t(device_type::MESSAGE)) }
                        th scope="col" { (ui.t(device_type::COMPLETES)) }
                    }
                }
                tbody {
                    @for route in routes {
                        tr {
                            td.mono { (route.topic) }
                            td.mono { @if route.payload.is_empty() { "{payload}" } @else { (route.payload) } }
                            td {
                                (ui.t(match route.completes {
                                    Completes::Result => device_type::BY_RESULT,
                                    Completes::Delivery => device_type::BY_DELIVERY,
                                }))
                            }
                        }
                    }
                }
            }
        }))
    }
}
