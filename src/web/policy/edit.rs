//! Making and changing a policy: a form drawn from what its device type can be set to, and the same as JSON.

use std::sync::Arc;

use maud::{Markup, html};
use serde_json::Value as Json;
use warp::Reply;
use warp::http::Method;
use warp::reply::Response;

use super::mode_text;
use super::show::{identifier, trial};
use crate::app::Error;
use crate::app::policy::PolicyKey;
use crate::model::actor::Scope;
use crate::model::device::Ownership;
use crate::model::device_type::{DeviceType, Feature, Payload};
use crate::model::group::Group;
use crate::model::id::{DeviceId, GroupId, PolicyId};
use crate::model::policy::{Definition, DryRun, Mode, NewPolicy, Policy, PolicyFeature, Targets, is_policy};
use crate::web::call::Call;
use crate::web::failure::Failure;
use crate::web::fields::Fields;
use crate::web::message::{Message, policy as words};
use crate::web::routes::{Route, route};
use crate::web::ui::{Ui, feature};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/policies/new", blank),
        route(Method::POST, "/policies/new", save),
        route(Method::GET, "/policies/{id}/edit", edit),
        route(Method::POST, "/policies/{id}/edit", save),
    ]
}

/// What the form is drawn from.
struct Sheet {
    kind: Arc<DeviceType>,
    /// The policy in whose place this one comes.
    replaces: Option<PolicyId>,
    new: NewPolicy,
    groups: Vec<Group>,
    /// The identifiers of the devices it names.
    named: Vec<String>,
}

/// What a form, and its buttons, send it to.
fn address(replaces: Option<PolicyId>) -> String {
    replaces.map_or("/policies/new".to_owned(), |id| format!("/policies/{id}/edit"))
}

/// What a policy of the type may set: what the type says so of, and what this one sets already.
fn settable<'a>(kind: &'a DeviceType, set: &[PolicyFeature]) -> Vec<&'a Feature> {
    let is_set = |feature: &Feature| set.iter().any(|set| set.code.eq_ignore_ascii_case(&feature.code));
    let features = kind.features.iter().filter(|feature| feature.payload != Payload::None && !is_policy(&feature.code));
    features.filter(|feature| feature.policy || is_set(feature)).collect()
}

async fn blank(call: Call) -> Result<impl Reply, Failure> {
    let (ui, app, actor) = (call.ui(), call.app(), call.actor());
    let mut types = app.device_types(actor)?;
    types.retain(|kind| !settable(kind, &[]).is_empty());
    types.sort_by(|one, other| one.title.cmp(&other.title));
    let asked = call.query().filled("type");
    let chosen = asked.and_then(|name| types.iter().find(|kind| kind.name == name)).or(types.first()).cloned();
    let choose = html! {
        form.toolbar method="get" action="/policies/new" {
            label for="type" { (ui.t(words::TYPE)) }
            select #type name="type" aria-describedby="type-hint" {
                @for kind in &types { option value=(kind.name) selected[chosen.as_ref().is_some_and(|chosen| chosen.name == kind.name)] { (kind.title) } }
            }
            button.button { (ui.t(words::CHOOSE_TYPE)) }
            span.muted #type-hint { (ui.t(words::TYPE_HINT)) }
        }
    };
    let sheet = match chosen {
        None => None,
        Some(kind) => {
            let new = NewPolicy {
                name: String::new(),
                device_type: kind.name.clone(),
                description: String::new(),
                mode: Mode::default(),
                targets: Targets::default(),
                features: Vec::new(),
                active: Some(true),
                note: String::new(),
            };
            Some(Sheet { kind, replaces: None, new, groups: app.groups(actor).await?, named: Vec::new() })
        }
    };
    let body = html! {
        div.page-head { h1 { (ui.t(words::NEW)) } }
        (choose)
        @match &sheet { Some(sheet) => { (draw(&ui, sheet)) } None => { p.note { (ui.t(words::NO_FEATURES)) } } }
    };
    let example = r#"{"name":"…","device_type":"…","features":[{"code":"…","content":{}}]}"#;
    Ok(ui.page(words::NEW).curl_json("POST", "/api/v1/policies", example).body(body))
}

async fn edit(call: Call) -> Result<impl Reply, Failure> {
    if !call.ui().may(Scope::Policy) {
        return Err(Error::Forbidden { needs: Scope::Policy }.into());
    }
    let policy = call.app().policy(call.actor(), PolicyKey::Id(call.id(0, "policy")?)).await?;
    let sheet = sheet(&call, Some(policy.id), of(&policy)).await?;
    Ok(page(&call, &sheet, None))
}

/// What a person would have to send to get this policy.
fn of(policy: &Policy) -> NewPolicy {
    let Definition { description, mode, targets, features } = policy.definition.clone();
    let (name, device_type) = (policy.name.clone(), policy.device_type.clone());
    NewPolicy {
        name,
        device_type,
        description,
        mode,
        targets,
        features,
        active: Some(policy.active),
        note: String::new(),
    }
}

async fn sheet(call: &Call, replaces: Option<PolicyId>, new: NewPolicy) -> Result<Sheet, Failure> {
    let (app, actor) = (call.app(), call.actor());
    let mut named = Vec::with_capacity(new.targets.devices.len());
    for id in &new.targets.devices {
        named.push(identifier(call, *id).await?);
    }
    let kind = app.device_type(actor, &new.device_type)?;
    Ok(Sheet { kind, replaces, new, groups: app.groups(actor).await?, named })
}

fn page(call: &Call, sheet: &Sheet, run: Option<&DryRun>) -> Response {
    let ui = call.ui();
    let title = match sheet.replaces {
        Some(_) => ui.fill(words::EDIT_TITLE, &[&sheet.new.name]),
        None => ui.t(words::NEW).to_owned(),
    };
    let json = serde_json::to_string(&sheet.new).unwrap_or_default();
    let body = html! {
        div.page-head { h1 { (title) } }
        @if let Some(run) = run {
            section.card role="status" {
                (trial(&ui, run))
                // What was tried, as it was typed: its secrets stand in no field below.
                (ui.form_classed(&address(sheet.replaces), "toolbar", html! {
                    input type="hidden" name="json" value=(json);
                    button.button.primary name="save" value="1" { (ui.t(words::SAVE)) }
                }))
            }
            hr;
        }
        (draw(&ui, sheet))
    };
    let page = match sheet.replaces {
        Some(id) => ui.page_titled(title).curl("PUT", &format!("/api/v1/policies/{id}")),
        None => ui.page_titled(title).curl("POST", "/api/v1/policies"),
    };
    page.curl("POST", "/api/v1/policies/dry-run").body(body).into_response()
}

fn draw(ui: &Ui, sheet: &Sheet) -> Markup {
    let (new, action) = (&sheet.new, address(sheet.replaces));
    let json = serde_json::to_string_pretty(new).unwrap_or_default();
    html! {
        (ui.form_classed(&action, "form policy-form", html! {
            input type="hidden" name="device_type" value=(new.device_type);
            fieldset {
                legend { (ui.t(words::GENERAL)) }
                (ui.input_required("text", "name", words::NAME, &new.name, None))
                (ui.input("text", "description", words::DESCRIPTION, &new.description, None))
                div.field {
                    label for="mode" { (ui.t(words::MODE_LABEL)) }
                    select #mode name="mode" {
                        @for mode in [Mode::Enforce, Mode::Warn, Mode::Block] {
                            option value=(mode.name()) selected[mode == new.mode] { (ui.t(mode_text(mode))) }
                        }
                    }
                }
                (ui.tick("active", "1", ui.t(words::ACTIVATE_IT), new.active.unwrap_or(true)))
            }
            (whom(ui, sheet))
            (what(ui, sheet))
            (ui.input("text", "note", words::NOTE, &new.note, Some(ui.t(words::NOTE_HINT))))
            (buttons(ui))
        }))
        details.card.spaced {
            summary { (ui.t(words::AS_JSON)) }
            (ui.form_classed(&action, "form policy-form", html! {
                div.field {
                    label for="json" { (ui.t(words::JSON)) }
                    textarea.code #json name="json" rows="20" spellcheck="false" aria-describedby="json-hint" { (json) }
                    p.hint #json-hint { (ui.t(words::JSON_HINT)) }
                }
                (buttons(ui))
            }))
        }
    }
}

fn buttons(ui: &Ui) -> Markup {
    html! {
        div.toolbar {
            button.button.primary name="save" value="1" { (ui.t(words::SAVE)) }
            button.button name="try" value="1" { (ui.t(words::TRY)) }
        }
    }
}

fn whom(ui: &Ui, sheet: &Sheet) -> Markup {
    let targets = &sheet.new.targets;
    let area = |name: &str, label: Message, lines: &[String], hint: Message| {
        let (id, rows) = (name.replace('.', "-"), lines.len().clamp(2, 8));
        html! {
            div.field {
                label for=(id) { (ui.t(label)) }
                textarea.short id=(id) name=(name) rows=(rows) spellcheck="false" aria-describedby={ (id) "-hint" } { (lines.join("\n")) }
                p.hint id={ (id) "-hint" } { (ui.t(hint)) }
            }
        }
    };
    html! {
        fieldset {
            legend { (ui.t(words::WHOM)) }
            p.muted { (ui.t(words::WHOM_HINT)) }
            div.row {
                (area("targets.roles", words::ROLES, &targets.roles, words::ONE_A_LINE))
                (area("targets.users", words::USERS, &targets.users, words::ONE_A_LINE))
                (area("targets.devices", words::NAMED, &sheet.named, words::NAMED_HINT))
            }
            fieldset.choices {
                legend { (ui.t(words::GROUPS)) }
                @if sheet.groups.is_empty() { p.muted { (ui.t(words::GROUP_NONE)) } }
                @for group in &sheet.groups {
                    (ui.tick("targets.groups", &group.id.to_string(), &group.name, targets.groups.contains(&group.id)))
                }
            }
            div.field {
                label for="targets-ownership" { (ui.t(words::OWNERSHIP)) }
                select #targets-ownership name="targets.ownership" {
                    option value="" { (ui.t(words::ANY)) }
                    @for one in Ownership::ALL { option value=(one.name()) selected[targets.ownership == Some(one)] { (one.name()) } }
                }
            }
        }
    }
}

fn what(ui: &Ui, sheet: &Sheet) -> Markup {
    let set = &sheet.new.features;
    html! {
        fieldset {
            legend { (ui.t(words::WHAT)) }
            p.muted { (ui.t(words::WHAT_HINT)) }
            @for known in settable(&sheet.kind, set) {
                @let held = held(set, &known.code);
                details.setting open[held.is_some()] {
                    summary { (known.name) " " span.muted.mono { (known.code) } }
                    (ui.tick(&ticked(&known.code), "1", &known.name, held.is_some()))
                    @if !known.description.is_empty() { p.muted { (known.description) } }
                    ({
                        let value = held.unwrap_or(&Json::Null);
                        let prefix = prefix(&known.code);
                        // The browser would insist on fields of settings that are not ticked.
                        feature::Form { payload: &known.payload, prefix: &prefix, value, insist: false }.draw(ui)
                    })
                }
            }
        }
    }
}

fn held<'a>(set: &'a [PolicyFeature], code: &str) -> Option<&'a Json> {
    set.iter().find(|set| set.code.eq_ignore_ascii_case(code)).map(|set| &set.content)
}

fn ticked(code: &str) -> String {
    format!("set:{code}")
}

fn prefix(code: &str) -> String {
    format!("f.{code}.")
}

async fn save(call: Call) -> Result<Response, Failure> {
    let (app, actor) = (call.app(), call.actor());
    let replaces: Option<PolicyId> = if call.param(0).is_empty() { None } else { Some(call.id(0, "policy")?) };
    let earlier = match replaces {
        Some(id) => Some(app.policy(actor, PolicyKey::Id(id)).await?),
        None => None,
    };
    let form = call.form();
    let new = match form.get("json") {
        Some(text) => serde_json::from_str(text).map_err(|error| Failure::bad("json", error.to_string()))?,
        None => read(&call, form, earlier.as_ref()).await?,
    };
    if form.has("try") {
        let trial = NewPolicy { active: Some(true), ..new.clone() };
        let run = app.try_policy(actor, trial, replaces).await?;
        return Ok(page(&call, &sheet(&call, replaces, new).await?, Some(&run)));
    }
    let saved = match replaces {
        Some(id) => app.replace_policy(actor, PolicyKey::Id(id), new).await?,
        None => app.create_policy(actor, new).await?,
    };
    Ok(call.redirect(format!("/policies/{}", saved.id)).saying(words::SAVED).into_response())
}

/// The policy that the form's fields make.
async fn read(call: &Call, form: &Fields, earlier: Option<&Policy>) -> Result<NewPolicy, Failure> {
    let (app, actor) = (call.app(), call.actor());
    let device_type = match earlier {
        Some(policy) => policy.device_type.clone(),
        None => form.required("device_type")?.to_owned(),
    };
    let kind = app.device_type(actor, &device_type)?;
    let set = earlier.map(|policy| policy.definition.features.as_slice()).unwrap_or_default();
    let mut features = Vec::new();
    for known in settable(&kind, set).into_iter().filter(|known| form.has(&ticked(&known.code))) {
        let earlier = held(set, &known.code).unwrap_or(&Json::Null);
        let content = feature::read(&known.payload, &prefix(&known.code), form, earlier)
            .map_err(|error| Failure::bad(&ticked(&known.code), format!("{}: {error}", known.name)))?;
        features.push(PolicyFeature { code: known.code.clone(), content });
    }
    let mode = form.filled("mode").unwrap_or_default();
    let targets = Targets {
        roles: lines(form, "targets.roles"),
        users: lines(form, "targets.users"),
        groups: form
            .all("targets.groups")
            .map(|id| id.parse::<GroupId>().map_err(|_| Failure::missing("group", id)))
            .collect::<Result<_, _>>()?,
        devices: named(call, form, &device_type).await?,
        ownership: form
            .filled("targets.ownership")
            .map(|word| Ownership::parse(word).ok_or_else(|| Failure::bad("targets.ownership", word)))
            .transpose()?,
    };
    Ok(NewPolicy {
        name: form.required("name")?.to_owned(),
        device_type,
        description: form.filled("description").unwrap_or_default().to_owned(),
        mode: Mode::parse(mode).ok_or_else(|| Failure::bad("mode", mode))?,
        targets,
        features,
        active: Some(form.has("active")),
        note: form.filled("note").unwrap_or_default().to_owned(),
    })
}

/// The lines of a text that are not empty.
fn lines(form: &Fields, name: &str) -> Vec<String> {
    let text = form.get(name).unwrap_or_default();
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The devices of the type that a form names by their identifiers, or by their ids.
async fn named(call: &Call, form: &Fields, device_type: &str) -> Result<Vec<DeviceId>, Failure> {
    const FIELD: &str = "targets.devices";
    let mut ids = Vec::new();
    for line in lines(form, FIELD) {
        let id = match call.app().find_device(call.actor(), device_type, &line).await {
            Ok(device) => device.id,
            Err(error @ Error::NotFound { .. }) => line.parse().map_err(|_| Failure::bad(FIELD, error.to_string()))?,
            Err(error) => return Err(error.into()),
        };
        ids.push(id);
    }
    Ok(ids)
}
