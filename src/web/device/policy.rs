//! What a device is to be like, whether it is, and why not.

use maud::{Markup, html};
use serde_json::Value as Json;
use warp::Reply;
use warp::http::Method;

use super::{Subject, Tab};
use crate::app::policy::DevicePolicy;
use crate::model::compliance::{Compliance, MONITOR};
use crate::model::operation::NewActivity;
use crate::model::policy::{Mode, PolicyFeature};
use crate::web::call::{Call, Redirect};
use crate::web::failure::Failure;
use crate::web::message::{Message, device as words};
use crate::web::routes::{Route, route};
use crate::web::ui::{Tone, Ui};

/// The most bytes of a feature's content on the page.
const MAX_CONTENT: usize = 4000;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/devices/{id}/policy", show), route(Method::POST, "/devices/{id}/monitor", monitor)]
}

/// How a device stands by its policy.
pub(super) fn standing(ui: &Ui, compliant: Option<bool>) -> Markup {
    match compliant {
        Some(true) => ui.badge(Tone::Ok, ui.t(words::COMPLIANT)),
        Some(false) => ui.badge(Tone::Bad, ui.t(words::VIOLATING)),
        None => ui.badge(Tone::Idle, ui.t(words::UNKNOWN)),
    }
}

const fn mode(mode: Mode) -> Message {
    match mode {
        Mode::Enforce => words::MODE_ENFORCE,
        Mode::Warn => words::MODE_WARN,
        Mode::Block => words::MODE_BLOCK,
    }
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let subject = Subject::of(&call).await?;
    let (app, actor, id) = (call.app(), call.actor(), subject.device.id);
    let policy = app.device_policy(actor, id).await?;
    let compliance = app.device_compliance(actor, id).await?;
    let live = format!("device:{id} policies");
    let body = html! {
        div.columns {
            section #compliance.card data-live=(live) { (answers(&subject, &compliance)) }
            section #effective.card data-live=(live) { (effective(&subject, &policy)) }
        }
    };
    let page = subject.page(Tab::Policy, &body).curl("GET", &subject.api("/policy"));
    Ok(page.curl("GET", &subject.api("/compliance")))
}

fn answers(subject: &Subject, compliance: &Compliance) -> Markup {
    let ui = &subject.ui;
    let named =
        |code: &str| subject.kind.as_ref().and_then(|kind| kind.feature(code)).map(|feature| feature.name.clone());
    let asks = subject.kind.as_ref().is_some_and(|kind| kind.feature(MONITOR).is_some());
    html! {
        h2 { (ui.t(words::COMPLIANCE)) }
        div.toolbar {
            (standing(ui, compliance.compliant))
            @if asks && subject.may_command() && subject.device.status.may_receive() {
                (ui.action(&subject.path("/monitor"), words::MONITOR_NOW, "button small"))
            }
        }
        dl.facts {
            dt { (ui.t(words::ASKED)) } dd { (ui.ago_or_never(compliance.asked_at)) }
            dt { (ui.t(words::ANSWERED)) } dd { (ui.ago_or_never(compliance.answered_at)) }
            dt { (ui.t(words::FAILED)) } dd { (ui.ago_or_never(compliance.failed_at)) }
            @if compliance.attempts > 0 { dt { (ui.t(words::ATTEMPTS)) } dd { (compliance.attempts) } }
            @if compliance.enforcements > 0 { dt { (ui.t(words::ENFORCEMENTS)) } dd { (compliance.enforcements) } }
        }
        @if !compliance.features.is_empty() {
            (ui.scroll(ui.t(words::TAB_POLICY), html! { table.list {
                thead { tr { th scope="col" { (ui.t(words::FEATURE)) } th scope="col" { (ui.t(words::STATE)) } th scope="col" { (ui.t(words::REASON)) } th scope="col" { (ui.t(words::SINCE)) } } }
                tbody {
                    @for feature in &compliance.features {
                        tr {
                            td { @if let Some(name) = named(&feature.code) { (name) div.muted.mono { (feature.code) } } @else { (feature.code) } }
                            td { (standing(ui, Some(feature.compliant))) }
                            td { (feature.reason) }
                            td { (ui.ago(feature.since)) }
                        }
                    }
                }
            } }))
        }
    }
}

fn effective(subject: &Subject, policy: &DevicePolicy) -> Markup {
    let ui = &subject.ui;
    html! {
        h2 { (ui.t(words::EFFECTIVE)) }
        @if policy.pending {
            p.warning { (ui.t(words::PENDING)) " " a href="/policies" { (ui.t(words::TAB_POLICY)) } }
        } @else if policy.applied.is_some() { p { (ui.badge(Tone::Ok, ui.t(words::IN_FORCE))) } }
        @match &policy.effective {
            None => { (ui.empty(words::NO_POLICY, words::NO_POLICY_HINT, None)) }
            Some(effective) => {
                dl.facts {
                    dt { (ui.t(words::MADE_OF)) }
                    dd { @for made in &policy.policies { a.tag href={ "/policies/" (made.id) } { (made.name) } " " } }
                    dt { (ui.t(words::MODE)) } dd { (ui.t(mode(effective.mode))) }
                    dt { (ui.t(words::TOLD_AT)) } dd { (ui.ago_or_never(policy.applied_at)) }
                }
                @for feature in &effective.features { (content(subject, feature)) }
            }
        }
    }
}

fn content(subject: &Subject, feature: &PolicyFeature) -> Markup {
    let known = subject.kind.as_ref().and_then(|kind| kind.feature(&feature.code));
    let text = match &feature.content {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (text, whole) = super::readable(&text, MAX_CONTENT);
    html! {
        details.content {
            summary { (known.map_or(feature.code.as_str(), |known| &known.name)) " " span.muted.mono { (feature.code) } }
            @if text.is_empty() { p.muted { (subject.ui.t(words::NONE)) } } @else { pre tabindex="0" { (text) } }
            @if !whole { p.muted { (subject.ui.t(words::CUT)) } }
        }
    }
}

async fn monitor(call: Call) -> Result<Redirect, Failure> {
    let subject = Subject::of(&call).await?;
    let new = NewActivity {
        code: MONITOR.to_owned(),
        kind: None,
        payload: None,
        devices: vec![subject.device.id],
        expires_at: None,
    };
    call.app().send(call.actor(), new).await?;
    Ok(call.redirect(subject.path("/policy")).saying(words::MONITORING))
}
