//! One policy: what it says, who has it, and what it said before.

use maud::{Markup, html};
use serde_json::Value as Json;
use warp::Reply;
use warp::http::Method;

use super::{apply, counted, mode_text, names_of, state_badge, status};
use crate::app::Error;
use crate::app::policy::PolicyKey;
use crate::model::actor::Scope;
use crate::model::compliance::{ComplianceFilter, ComplianceReport};
use crate::model::device_type::DeviceType;
use crate::model::id::{DeviceId, GroupId, PolicyId};
use crate::model::policy::{Difference, Edit, Policy, PolicyVersion, payload};
use crate::web::call::{Call, Redirect};
use crate::web::failure::Failure;
use crate::web::message::{general, policy as words};
use crate::web::routes::{Route, route};
use crate::web::ui::{Tone, Ui};

/// Devices on a policy's own page; the compliance report has the rest.
const DEVICES: u32 = 10;
/// Versions shown before all are asked for.
const VERSIONS: usize = 10;
/// The most named devices that are looked up.
const MAX_NAMED: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/policies/{id}", show),
        route(Method::POST, "/policies/{id}/activate", |call| set_active(call, true)),
        route(Method::POST, "/policies/{id}/deactivate", |call| set_active(call, false)),
        route(Method::POST, "/policies/{id}/restore", restore),
        route(Method::POST, "/policies/{id}/delete", delete),
    ]
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let (ui, app, actor) = (call.ui(), call.app(), call.actor());
    let id: PolicyId = call.id(0, "policy")?;
    let key = PolicyKey::Id(id);
    let policy = app.policy(actor, key).await?;
    let kind = app.device_type(actor, &policy.device_type).ok();
    let versions = app.policy_history(actor, key).await?;
    let filter = ComplianceFilter { policy: Some(id), ..ComplianceFilter::default() };
    let report = app.compliance(actor, filter, DEVICES, None).await?;
    let whom = whom(&call, &policy).await?;
    let may = ui.may(Scope::Policy);
    let base = format!("/policies/{id}");
    let body = html! {
        div.page-head {
            h1 { (policy.name) }
            (status(&ui, &policy))
            @if may {
                @if policy.active { (ui.action(&format!("{base}/deactivate"), words::DEACTIVATE, "button")) }
                @else { (ui.action(&format!("{base}/activate"), words::ACTIVATE, "button")) }
                a.button.primary href={ (base) "/edit" } { (ui.t(words::EDIT)) }
            }
            @if !policy.definition.description.is_empty() { p.muted { (policy.definition.description) } }
        }
        div #policy data-live="policies devices" {
            @if policy.changed { p.warning { (ui.t(words::UNAPPLIED_ONE)) " " a href="/policies/apply" { (ui.t(words::APPLY)) } } }
            div.columns {
                section.card { h2 { (ui.t(words::DEFINITION)) } (definition(&ui, &policy, &whom, kind.as_deref())) }
                section.card { h2 { (ui.t(words::EFFECTIVE)) } (devices(&ui, id, &report)) }
            }
            section.card.spaced { h2 { (ui.t(words::VERSIONS)) } (history(&ui, &base, &policy, &versions, may)) }
        }
        @if may {
            details.card.spaced {
                summary { (ui.t(words::DELETE)) }
                p.muted { (ui.t(words::DELETE_HINT)) }
                (ui.delete_form(&format!("{base}/delete"), &ui.fill(general::TYPE_NAME, &[&policy.name]), None, words::DELETE, None))
            }
        }
    };
    let page = ui.page_titled(policy.name.clone()).curl("GET", &format!("/api/v1{base}"));
    Ok(page.curl("GET", &format!("/api/v1{base}/versions/{}/difference", policy.version)).body(body))
}

/// Whom a policy addresses: what each list is called, and what is in it.
async fn whom(call: &Call, policy: &Policy) -> Result<Vec<(&'static str, Markup)>, Failure> {
    let (ui, app, actor) = (call.ui(), call.app(), call.actor());
    let targets = &policy.definition.targets;
    let mut rows = Vec::new();
    if !targets.groups.is_empty() {
        let names = names_of(app.groups(actor).await?);
        let one = |id: &GroupId| html! { a.tag href={ "/groups/" (id) } { @match names.get(id) { Some(name) => { (name) } None => { (id) } } } " " };
        rows.push((ui.t(words::GROUPS), html! { @for id in &targets.groups { (one(id)) } }));
    }
    let tags = |names: &[String]| html! { @for name in names { span.tag { (name) } " " } };
    if !targets.roles.is_empty() {
        rows.push((ui.t(words::ROLES), tags(&targets.roles)));
    }
    if !targets.users.is_empty() {
        rows.push((ui.t(words::USERS), tags(&targets.users)));
    }
    if !targets.devices.is_empty() {
        let mut named = Vec::new();
        for id in targets.devices.iter().take(MAX_NAMED) {
            named.push((*id, identifier(call, *id).await?));
        }
        let left = targets.devices.len() - named.len();
        rows.push((
            ui.t(words::NAMED),
            html! {
                @for (id, name) in &named { a.tag href={ "/devices/" (id) } { (name) } " " }
                @if left > 0 { "+" (left) }
            },
        ));
    }
    if let Some(ownership) = targets.ownership {
        rows.push((ui.t(words::OWNERSHIP), html! { (ownership.name()) }));
    }
    if rows.is_empty() {
        rows.push((ui.t(words::TARGETS), html! { (ui.t(words::EVERYONE)) }));
    }
    Ok(rows)
}

/// What a device calls itself; its id where it is gone.
pub(super) async fn identifier(call: &Call, id: DeviceId) -> Result<String, Failure> {
    match call.app().device(call.actor(), id).await {
        Ok(device) => Ok(device.identifier),
        Err(Error::NotFound { .. }) => Ok(id.to_string()),
        Err(error) => Err(error.into()),
    }
}

fn definition(ui: &Ui, policy: &Policy, whom: &[(&'static str, Markup)], kind: Option<&DeviceType>) -> Markup {
    html! {
        dl.facts {
            dt { (ui.t(words::TYPE)) } dd { (kind.map_or(policy.device_type.as_str(), |kind| &kind.title)) }
            @for (name, value) in whom { dt { (name) } dd { (value) } }
            dt { (ui.t(words::MODE)) } dd { (ui.t(mode_text(policy.definition.mode))) }
            dt { (ui.t(words::PRIORITY)) } dd { (policy.priority) }
            dt { (ui.t(words::UPDATED)) } dd { (ui.ago(policy.updated_at)) }
            dt { (ui.t(words::CREATED)) } dd { (ui.time(policy.created_at)) }
        }
        @for feature in &policy.definition.features {
            @let known = kind.and_then(|kind| kind.feature(&feature.code));
            h3.setting { (known.map_or(feature.code.as_str(), |known| &known.name)) " " span.muted.mono { (feature.code) } }
            pre tabindex="0" { (pretty(&feature.content, || payload(feature))) }
        }
    }
}

fn pretty(content: &Json, plain: impl FnOnce() -> String) -> String {
    match content {
        Json::Object(_) | Json::Array(_) => serde_json::to_string_pretty(content).unwrap_or_else(|_| plain()),
        _ => plain(),
    }
}

fn devices(ui: &Ui, id: PolicyId, report: &ComplianceReport) -> Markup {
    let address = format!("/compliance?policy={id}");
    let total = report.counts.total();
    if total == 0 {
        return html! { p.muted { (ui.t(words::EFFECTIVE_NONE)) } };
    }
    html! {
        p { (counted(ui, report.counts, &address)) }
        table.list {
            thead.sr { tr { th scope="col" { (ui.t(words::DEVICE)) } th scope="col" { (ui.t(words::COMPLIANCE)) } } }
            tbody { @for item in &report.page.items {
                tr data-row data-key=(item.id) {
                    td { a href={ "/devices/" (item.id) "/policy" } { (if item.name.is_empty() { &item.identifier } else { &item.name }) } }
                    td { (state_badge(ui, item.state)) }
                }
            } }
        }
        p { a href={ (address) "&state=all" } { (ui.fill(words::ALL_DEVICES, &[&total])) } }
    }
}

fn history(
    ui: &Ui,
    base: &str,
    policy: &Policy,
    versions: &[(PolicyVersion, Option<Difference>)],
    may: bool,
) -> Markup {
    let shown = if ui.query().has("all") { versions.len() } else { VERSIONS };
    html! {
        ol.versions {
            @for (version, difference) in versions.iter().take(shown) {
                @let number = version.version;
                li data-key={ "v" (number) } {
                    div.toolbar {
                        strong { (ui.fill(words::VERSION, &[&number])) }
                        @if number == policy.version { (ui.badge(Tone::Ok, ui.t(words::IN_FORCE))) }
                        span.muted { (ui.ago(version.changed_at)) " " (ui.fill(words::BY, &[&version.changed_by])) }
                        @if may && number != policy.version {
                            (ui.form_classed(&format!("{base}/restore"), "inline end", html! {
                                input type="hidden" name="version" value=(number);
                                button.button.small data-confirm=(ui.fill(words::RESTORE_ASK, &[&number]))
                                    aria-label={ (ui.t(words::RESTORE)) " " (number) } { (ui.t(words::RESTORE)) }
                            }))
                        }
                    }
                    @if !version.note.is_empty() { p { (version.note) } }
                    @match difference {
                        Some(difference) => { (changes(ui, difference)) }
                        None => { p.muted { (ui.t(if number == 1 { words::FIRST } else { words::OLDEST })) } }
                    }
                }
            }
        }
        @if versions.len() > shown { p { a href={ (base) "?all" } { (ui.t(words::OLDER)) } } }
    }
}

/// What was added, removed and changed, each with a sign besides its colour.
fn changes(ui: &Ui, difference: &Difference) -> Markup {
    let text = |value: &Json| match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let one = |edit: &Edit| {
        let (sign, class, name) = match (&edit.before, &edit.after) {
            (None, _) => ("+", "added", words::ADDED),
            (_, None) => ("−", "removed", words::REMOVED),
            _ => ("~", "changed", words::CHANGED),
        };
        html! {
            li class=(class) {
                span.sign aria-hidden="true" { (sign) } span.sr { (ui.t(name)) ": " }
                code { (edit.path.join(" › ")) }
                span {
                    @if let Some(before) = &edit.before { del { (text(before)) } }
                    @if edit.before.is_some() && edit.after.is_some() { " → " }
                    @if let Some(after) = &edit.after { ins { (text(after)) } }
                }
            }
        }
    };
    html! { ul.difference { @for edit in &difference.changes { (one(edit)) } } }
}

async fn set_active(call: Call, active: bool) -> Result<Redirect, Failure> {
    let id: PolicyId = call.id(0, "policy")?;
    call.app().set_policies_active(call.actor(), vec![PolicyKey::Id(id)], active).await?;
    let said = if active { words::ACTIVATED } else { words::DEACTIVATED };
    Ok(call.redirect(format!("/policies/{id}")).saying(said))
}

async fn restore(call: Call) -> Result<Redirect, Failure> {
    let id: PolicyId = call.id(0, "policy")?;
    let version: u32 = call.form().parsed("version")?.ok_or_else(|| Failure::bad("version", "version is needed"))?;
    call.app().restore_policy(call.actor(), PolicyKey::Id(id), version).await?;
    Ok(call.redirect(format!("/policies/{id}")).saying_text(call.ui().fill(words::RESTORED, &[&version])))
}

async fn delete(call: Call) -> Result<Redirect, Failure> {
    let key = PolicyKey::Id(call.id(0, "policy")?);
    let policy = call.app().policy(call.actor(), key).await?;
    call.confirmed(&policy.name, words::NOT_CONFIRMED)?;
    call.app().delete_policies(call.actor(), vec![key]).await?;
    Ok(call.redirect("/policies").saying(words::DELETED))
}

/// The result of a trial, above the form it was made with.
pub(super) fn trial(ui: &Ui, run: &crate::model::policy::DryRun) -> Markup {
    html! {
        h2 { (ui.t(words::TRIED)) }
        p.muted { (ui.t(words::TRIED_HINT)) }
        @if run.affected == 0 { p { (ui.t(words::TRIED_NONE)) } } @else { (apply::told(ui, run)) }
    }
}
