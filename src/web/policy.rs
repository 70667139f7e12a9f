//! `/policies`: their list and order. One policy is in `show`, its form in `edit`, applying in `apply`.

mod apply;
mod edit;
mod show;

use std::collections::HashMap;

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::call::{Call, Redirect};
use super::failure::Failure;
use super::message::{Message, policy as words};
use super::routes::{Route, route};
use super::ui::{Tone, Ui};
use crate::app::policy::PolicyKey;
use crate::model::actor::Scope;
use crate::model::compliance::{ComplianceCounts, ComplianceFilter, ComplianceState, PolicyCompliance};
use crate::model::group::Group;
use crate::model::id::{GroupId, PolicyId};
use crate::model::policy::{Mode, Policy, Targets};

pub(super) fn routes() -> Vec<Route> {
    let list = vec![route(Method::GET, "/policies", list), route(Method::POST, "/policies/order", order)];
    [list, apply::routes(), edit::routes(), show::routes()].into_iter().flatten().collect()
}

/// What a mode means, in words.
pub(super) const fn mode_text(mode: Mode) -> Message {
    match mode {
        Mode::Enforce => words::ENFORCE,
        Mode::Warn => words::WARN,
        Mode::Block => words::BLOCK,
    }
}

/// How a device, or a feature of it, stands.
pub(super) fn state_badge(ui: &Ui, state: ComplianceState) -> Markup {
    match state {
        ComplianceState::Compliant => ui.badge(Tone::Ok, ui.t(words::COMPLIANT)),
        ComplianceState::Violating => ui.badge(Tone::Bad, ui.t(words::VIOLATING)),
        ComplianceState::Unknown => ui.badge(Tone::Idle, ui.t(words::UNKNOWN)),
    }
}

/// Counts that are not zero, each with its tone and the way to the devices behind it.
pub(super) fn counted(ui: &Ui, counts: ComplianceCounts, address: &str) -> Markup {
    let tone = |state| match state {
        ComplianceState::Compliant => (Tone::Ok, words::COMPLIANT),
        ComplianceState::Violating => (Tone::Bad, words::VIOLATING),
        ComplianceState::Unknown => (Tone::Idle, words::UNKNOWN),
    };
    html! {
        span.counts {
            @if counts.total() == 0 { span.muted { "–" } }
            @for state in ComplianceState::ALL.into_iter().filter(|state| counts.of(*state) > 0) {
                @let (tone, name) = tone(state);
                a href={ (address) "&state=" (state.name()) } title=(ui.t(name)) {
                    (ui.badge(tone, &counts.of(state).to_string())) span.sr { " " (ui.t(name)) }
                }
            }
        }
    }
}

/// Whether a policy is in force, and whether devices know.
fn status(ui: &Ui, policy: &Policy) -> Markup {
    let (tone, text) = match (policy.active, policy.changed) {
        (true, false) => (Tone::Ok, words::ACTIVE),
        (true, true) => (Tone::Warn, words::NOT_APPLIED),
        (false, true) => (Tone::Warn, words::OFF_NOT_APPLIED),
        (false, false) => (Tone::Idle, words::DRAFT),
    };
    ui.badge(tone, ui.t(text))
}

/// Whom a policy addresses, in one line.
fn targets(ui: &Ui, targets: &Targets, groups: &HashMap<GroupId, String>) -> String {
    let mut parts = Vec::new();
    let joined = |list: &[String]| list.join(", ");
    if !targets.groups.is_empty() {
        let named: Vec<_> =
            targets.groups.iter().map(|id| groups.get(id).cloned().unwrap_or_else(|| id.to_string())).collect();
        parts.push(ui.fill(words::SUM_GROUPS, &[&joined(&named)]));
    }
    if !targets.roles.is_empty() {
        parts.push(ui.fill(words::SUM_ROLES, &[&joined(&targets.roles)]));
    }
    if !targets.users.is_empty() {
        parts.push(ui.fill(words::SUM_USERS, &[&joined(&targets.users)]));
    }
    if !targets.devices.is_empty() {
        parts.push(ui.fill(words::SUM_DEVICES, &[&targets.devices.len()]));
    }
    parts.extend(targets.ownership.map(|ownership| ownership.name().to_owned()));
    if parts.is_empty() { ui.t(words::EVERYONE).to_owned() } else { parts.join(" · ") }
}

/// The groups by id, for their names.
fn names_of(groups: Vec<Group>) -> HashMap<GroupId, String> {
    groups.into_iter().map(|group| (group.id, group.name)).collect()
}

async fn list(call: Call) -> Result<impl Reply, Failure> {
    let (ui, app, actor) = (call.ui(), call.app(), call.actor());
    let policies = app.policies(actor).await?;
    let groups = names_of(app.groups(actor).await?);
    let report = app.compliance(actor, ComplianceFilter::default(), 1, None).await?;
    let loose = app.policy_loose_ends(actor).await?;
    let may = ui.may(Scope::Policy);
    let changed = policies.iter().filter(|policy| policy.changed).count() as u64;
    let by_policy: HashMap<PolicyId, &PolicyCompliance> =
        report.policies.iter().map(|found| (found.policy.id, found)).collect();
    let body = html! {
        div.page-head {
            h1 { (ui.t(words::TITLE)) }
            @if !policies.is_empty() || loose > 0 {
                a.button .primary[changed > 0 || loose > 0] href="/policies/apply" { (ui.t(words::APPLY)) }
            }
            @if may { a.button .primary[changed == 0 && loose == 0] href="/policies/new" { (ui.t(words::NEW)) } }
            p.muted { (ui.t(words::ORDER_HINT)) }
        }
        section #policies data-live="policies devices" {
            @if changed > 0 { p.warning { (ui.count(changed, words::UNAPPLIED_ONE, words::UNAPPLIED)) } }
            @if loose > 0 { p.warning { (ui.count(loose, words::LOOSE_ONE, words::LOOSE)) } }
            @if policies.is_empty() {
                (ui.empty(words::NONE, words::NONE_HINT, may.then_some(("/policies/new", words::NEW))))
            } @else if may {
                (ui.form_classed("/policies/order", "ordered", html! { (table(&ui, &policies, &groups, &by_policy, true)) }))
            } @else {
                (table(&ui, &policies, &groups, &by_policy, false))
            }
        }
    };
    Ok(ui.page(words::TITLE).curl("GET", "/api/v1/policies").body(body))
}

fn table(
    ui: &Ui,
    policies: &[Policy],
    groups: &HashMap<GroupId, String>,
    compliance: &HashMap<PolicyId, &PolicyCompliance>,
    may: bool,
) -> Markup {
    let (count, said) = (policies.len(), ui.t(words::MOVED));
    html! {
        (ui.scroll(ui.t(words::TITLE), html! {
            table.list {
                caption.sr { (ui.t(words::SUMMARY)) }
                thead { tr {
                    th.num scope="col" { (ui.t(words::PRIORITY)) }
                    th scope="col" { (ui.t(words::NAME)) }
                    th scope="col" { (ui.t(words::STATE)) }
                    th scope="col" { (ui.t(words::TYPE)) }
                    th scope="col" { (ui.t(words::TARGETS)) }
                    th scope="col" { (ui.t(words::MODE)) }
                    th.num scope="col" { (ui.t(words::DEVICES)) }
                    th scope="col" { (ui.t(words::COMPLIANCE)) }
                } }
                tbody data-order[may] {
                    @for (at, policy) in policies.iter().enumerate() {
                        @let found = compliance.get(&policy.id);
                        tr data-row data-key=(policy.id) data-name=(policy.name) {
                            td.num.place {
                                @if may {
                                    input type="hidden" name="order[]" value=(policy.id);
                                    button.button.quiet.small.handle type="button" data-handle hidden
                                        aria-label=(ui.fill(words::HANDLE, &[&policy.name])) { "⠿" }
                                    button.button.quiet.small name="up" value=(policy.id) data-move="-1" disabled[at == 0]
                                        aria-label=(ui.fill(words::UP, &[&policy.name])) { "↑" }
                                    button.button.quiet.small name="down" value=(policy.id) data-move="1" disabled[at + 1 == count]
                                        aria-label=(ui.fill(words::DOWN, &[&policy.name])) { "↓" }
                                }
                                span data-place { (policy.priority) }
                            }
                            td.title { a href={ "/policies/" (policy.id) } { (policy.name) } }
                            td { (status(ui, policy)) }
                            td { (policy.device_type) }
                            td.targets { (targets(ui, &policy.definition.targets, groups)) }
                            td.nowrap { (ui.t(mode_text(policy.definition.mode))) }
                            td.num { (found.map_or(0, |found| found.counts.total())) }
                            td {
                                (counted(ui, found.map(|found| found.counts).unwrap_or_default(), &format!("/compliance?policy={}", policy.id)))
                                @if let Some(found) = found.filter(|found| found.untold > 0) {
                                    " " (ui.badge(Tone::Warn, &ui.fill(words::UNTOLD_SHORT, &[&found.untold])))
                                }
                            }
                        }
                    }
                }
            }
        }))
        @if may {
            div.toolbar data-order-save hidden {
                button.button.primary name="save" value="1" { (ui.t(words::SAVE_ORDER)) }
                button.button type="button" data-order-undo { (ui.t(words::UNDO_ORDER)) }
            }
            p.sr data-order-said=(said) aria-live="polite" {}
        }
    }
}

/// Saves an order: the one that the form lists, with one policy moved where a button of a row was pressed.
async fn order(call: Call) -> Result<Redirect, Failure> {
    let form = call.form();
    let read = |id: &str| id.parse::<PolicyId>().map_err(|_| Failure::missing("policy", id));
    let mut ids = form.all("order[]").map(read).collect::<Result<Vec<_>, _>>()?;
    for (name, down) in [("up", false), ("down", true)] {
        let Some(moved) = form.filled(name).map(read).transpose()? else { continue };
        let at = ids.iter().position(|id| *id == moved);
        let to = at.and_then(|at| if down { at.checked_add(1) } else { at.checked_sub(1) });
        if let (Some(at), Some(to)) = (at, to.filter(|to| *to < ids.len())) {
            ids.swap(at, to);
        }
    }
    call.app().order_policies(call.actor(), ids.into_iter().map(PolicyKey::Id).collect()).await?;
    Ok(call.redirect("/policies").saying(words::ORDERED))
}
