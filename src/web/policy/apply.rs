//! `/policies/apply`: what applying would do, and doing it; also how a trial is told.

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use crate::model::actor::Scope;
use crate::model::policy::{DryRun, Impact};
use crate::web::call::{Call, Redirect};
use crate::web::failure::Failure;
use crate::web::message::policy as words;
use crate::web::routes::{Route, route};
use crate::web::ui::{Tone, Ui};

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/policies/apply", preview), route(Method::POST, "/policies/apply", apply)]
}

async fn preview(call: Call) -> Result<impl Reply, Failure> {
    let ui = call.ui();
    let run = call.app().pending_changes(call.actor()).await?;
    let body = html! {
        div.page-head { h1 { (ui.t(words::APPLY_TITLE)) } p.muted { (ui.t(words::APPLY_HINT)) } }
        section #pending data-live="policies groups" {
            @if run.affected == 0 {
                (ui.empty(words::NOTHING, words::NOTHING_HINT, Some(("/policies", words::TITLE))))
            } @else {
                (told(&ui, &run))
            }
        }
        @if ui.may(Scope::Policy) {
            (ui.form_classed("/policies/apply", "toolbar", html! {
                button.button.primary { (ui.t(words::APPLY_NOW)) }
                a.button href="/policies" { (ui.t(words::TITLE)) }
            }))
        }
    };
    let page = ui.page(words::APPLY_TITLE).curl("GET", "/api/v1/policies/pending");
    Ok(page.curl("POST", "/api/v1/policies/apply").body(body))
}

async fn apply(call: Call) -> Result<Redirect, Failure> {
    let done = call.app().apply_policies(call.actor()).await?;
    Ok(call.redirect("/policies").saying_text(call.ui().fill(words::APPLIED, &[&done.sent, &done.revoked])))
}

/// What a change does: how many devices of each kind, and the first of them.
pub(super) fn told(ui: &Ui, run: &DryRun) -> Markup {
    let kinds = [
        (Impact::Gains, run.gains),
        (Impact::Changes, run.changes),
        (Impact::Loses, run.loses),
        (Impact::Repeats, run.repeats),
    ];
    html! {
        div.tiles {
            @for (impact, count) in kinds {
                @let (_, text) = named(impact);
                div.tile { h3 { (ui.t(text)) } p.value { (count) } }
            }
        }
        div.spaced { (ui.scroll(ui.t(words::AFFECTED), html! {
            table.list {
                caption { (ui.t(words::AFFECTED)) }
                thead { tr { th scope="col" { (ui.t(words::DEVICE)) } th scope="col" { (ui.t(words::TYPE)) } th scope="col" { (ui.t(words::IMPACT)) } } }
                tbody {
                    @for device in &run.devices {
                        @let (tone, text) = named(device.impact);
                        tr data-row {
                            td { a href={ "/devices/" (device.id) "/policy" } { (if device.name.is_empty() { &device.identifier } else { &device.name }) } }
                            td { (device.device_type) }
                            td { (ui.badge(tone, ui.t(text))) }
                        }
                    }
                }
            }
        })) }
        @if (run.devices.len() as u64) < run.affected {
            p.muted { (ui.fill(words::FIRST_OF, &[&run.devices.len(), &run.affected])) }
        }
    }
}

const fn named(impact: Impact) -> (Tone, crate::web::message::Message) {
    match impact {
        Impact::Gains => (Tone::Ok, words::GAINS),
        Impact::Loses => (Tone::Bad, words::LOSES),
        Impact::Changes => (Tone::Info, words::CHANGES),
        Impact::Repeats => (Tone::Warn, words::REPEATS),
    }
}
