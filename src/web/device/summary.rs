//! The first tab: what a device is, what it measured last, and what it was told last.

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::{Subject, Tab, metric, operation, ownership};
use crate::model::device::{Enrollment, Note, Property, StatusChange};
use crate::model::device_type::{Feature, Payload};
use crate::model::group::Group;
use crate::model::operation::OperationFilter;
use crate::model::policy::is_policy;
use crate::web::call::Call;
use crate::web::failure::Failure;
use crate::web::message::device as words;
use crate::web::routes::{Route, route};

/// How many of its latest operations are shown.
const RECENT: u32 = 6;
/// How many lines of its history are shown at first.
const HISTORY: usize = 8;
/// How many operations have a button of their own.
const QUICK: usize = 5;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/devices/{id}", show)]
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let (subject, detail) = Subject::detailed(&call).await?;
    let (ui, app, actor, id) = (call.ui(), call.app(), call.actor(), subject.device.id);
    let recent =
        app.operations(actor, OperationFilter { device: Some(id), ..OperationFilter::default() }, RECENT, None).await?;
    let compliance = app.device_compliance(actor, id).await?;
    let metrics = metric::latest(&call, &subject, &detail.metrics).await?;
    let body = html! {
        (quick(&subject))
        div.columns {
            div {
                section #facts.card data-live={ "device:" (id) " groups" } { (facts(&subject, &detail.tags, &detail.groups)) }
                section #properties.card data-live={ "device:" (id) } { (property_list(&subject, &detail.properties)) }
                (note_card(&subject, detail.note.as_ref()))
            }
            div {
                (metrics)
                section #compliance.card data-live={ "device:" (id) " policies" } {
                    h2 { a href=(subject.path("/policy")) { (ui.t(words::COMPLIANCE)) } }
                    (super::policy::standing(&ui, compliance.compliant))
                    @let violated = compliance.features.iter().filter(|feature| !feature.compliant);
                    ul.plain { @for feature in violated { li { b { (feature.code) } " " (feature.reason) } } }
                }
                section #recent.card data-live={ "device:" (id) " operations" } {
                    h2 { a href=(subject.path("/operations")) { (ui.t(words::RECENT)) } }
                    @if recent.items.is_empty() { p.muted { (ui.t(words::NO_OPERATIONS_HINT)) } }
                    (operation::timeline(&subject, &recent.items))
                }
                section #history.card data-live={ "device:" (id) } { (histories(&subject, &detail.history, &detail.enrollments)) }
            }
        }
    };
    Ok(subject.page(Tab::Summary, &body).curl("GET", &subject.api("")))
}

/// Operations that need nothing more: a button each. Those that ask first have a page of their own.
fn quick(subject: &Subject) -> Markup {
    let kind = subject.kind.as_ref().filter(|_| subject.may_command() && subject.device.status.may_receive());
    let Some(kind) = kind else { return html! {} };
    let fits = |feature: &&Feature| {
        let bare = matches!(feature.payload, Payload::None | Payload::Choice { .. });
        bare && !feature.policy && !is_policy(&feature.code)
    };
    html! {
        div.toolbar.quick {
            @for feature in kind.features.iter().filter(fits).take(QUICK) {
                @match &feature.payload {
                    Payload::None if !feature.confirm => {
                        (subject.ui.form_classed(&subject.path("/send"), "inline", html! {
                            input type="hidden" name="code" value=(feature.code);
                            button.button { (feature.name) }
                        }))
                    }
                    Payload::Choice { choices } if !feature.confirm && choices.len() <= 3 => {
                        (subject.ui.form_classed(&subject.path("/send"), "inline", html! {
                            input type="hidden" name="code" value=(feature.code);
                            span.muted { (feature.name) }
                            @for choice in choices { button.button name="p.:payload" value=(choice) { (choice) } }
                        }))
                    }
                    _ => { a.button href={ (subject.path("/send?code=")) (feature.code) } { (feature.name) "…" } }
                }
            }
        }
    }
}

fn facts(subject: &Subject, tags: &[String], groups: &[Group]) -> Markup {
    let (ui, device) = (&subject.ui, &subject.device);
    html! {
        h2 { (ui.t(words::FACTS)) }
        @if !device.description.is_empty() { p.lines { (device.description) } }
        dl.facts {
            dt { (ui.t(words::TYPE)) } dd { (subject.type_title()) @if subject.type_title() != device.device_type { " (" (device.device_type) ")" } }
            dt { (ui.t(words::IDENTIFIER)) } dd.mono { (device.identifier) }
            dt { (ui.t(words::NUMBER)) } dd { (device.number) }
            dt { (ui.t(words::OWNED_BY)) } dd { (device.owner) }
            dt { (ui.t(words::OWNERSHIP)) } dd { (ui.t(ownership(device.ownership))) }
            dt { (ui.t(words::ENROLLED)) } dd { (ui.time(device.enrolled_at)) }
            dt { (ui.t(words::UPDATED)) } dd { (ui.time(device.updated_at)) }
            dt { (ui.t(words::LAST_SEEN)) } dd { (ui.ago_or_never(device.last_seen_at)) }
            dt { (ui.t(words::GROUPS)) }
            dd {
                @if groups.is_empty() { span.muted { (ui.t(words::NONE)) } }
                @for group in groups { a.tag href={ "/groups/" (group.id) } { (group.name) } " " }
            }
            dt { (ui.t(words::TAGS)) }
            dd {
                @if tags.is_empty() { span.muted { (ui.t(words::NONE)) } }
                @for tag in tags { span.tag { (tag) } " " }
                @if subject.may_command() { " " a href=(subject.path("/manage")) { (ui.t(words::EDIT)) } }
            }
        }
    }
}

fn property_list(subject: &Subject, properties: &[Property]) -> Markup {
    let ui = &subject.ui;
    html! {
        h2 { (ui.t(words::PROPERTIES)) }
        @if properties.is_empty() { p.muted { (ui.t(words::NO_PROPERTIES)) } }
        dl.facts {
            @for property in properties { dt { (property.name) } dd { (property.value) } }
        }
    }
}

fn note_card(subject: &Subject, note: Option<&Note>) -> Markup {
    let ui = &subject.ui;
    let text = note.map(|note| note.text.as_str()).unwrap_or_default();
    html! {
        section #note.card data-live={ "device:" (subject.device.id) } {
            h2 { (ui.t(words::NOTE)) }
            @if let Some(note) = note {
                p.lines { (note.text) }
                p.muted { (ui.fill(words::NOTE_BY, &[&note.by])) " · " (ui.ago(note.at)) }
            } @else { p.muted { (ui.t(words::NO_NOTE)) } }
            @if subject.may_command() {
                details {
                    summary { (ui.t(words::EDIT)) }
                    (ui.form(&subject.path("/note"), html! {
                        div.field {
                            label for="note-text" { (ui.t(words::NOTE)) }
                            textarea id="note-text" name="note" rows="5" aria-describedby="note-text-hint" { (text) }
                            p.hint id="note-text-hint" { (ui.t(words::NOTE_HINT)) }
                        }
                        button.button { (ui.t(words::SAVE)) }
                    }))
                }
            }
        }
    }
}

fn histories(subject: &Subject, history: &[StatusChange], enrollments: &[Enrollment]) -> Markup {
    let ui = &subject.ui;
    let line = |change: &StatusChange| {
        html! {
            li {
                (ui.ago(change.at)) " " (ui.device_status(change.to)) " "
                span.muted { (ui.fill(words::HISTORY_LINE, &[&change.reason, &change.by])) }
            }
        }
    };
    html! {
        h2 { (ui.t(words::HISTORY)) }
        ol.timeline { @for change in history.iter().take(HISTORY) { (line(change)) } }
        @if history.len() > HISTORY {
            details { summary { "+ " (history.len() - HISTORY) } ol.timeline { @for change in history.iter().skip(HISTORY) { (line(change)) } } }
        }
        h3 { (ui.t(words::ENROLLMENTS)) }
        ol.timeline {
            @for enrollment in enrollments {
                li {
                    (ui.time(enrollment.enrolled_at)) " – "
                    @match enrollment.ended_at { Some(ended) => { (ui.time(ended)) } None => { (ui.t(words::UNTIL_NOW)) } }
                    " " b { (enrollment.owner) } " " span.muted { (ui.t(ownership(enrollment.ownership))) }
                }
            }
        }
    }
}
