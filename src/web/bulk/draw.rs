//! The pages of a thing done to many devices.

use maud::{Markup, html};
use serde_json::json;

use super::{Asked, PAYLOAD};
use crate::model::bulk::{LeftOut, Preview, Why};
use crate::model::device_type::Feature;
use crate::model::group::Group;
use crate::web::device_list::draw::ACTIONS;
use crate::web::fields::Fields;
use crate::web::message::{Message, device_list as message};
use crate::web::ui::{Ui, device_status, feature};

/// What is still to be said.
pub(super) enum Step {
    /// Which operation: those there are, and how many of the devices know each.
    Operation(Vec<(Feature, u64)>),
    /// What is in the operation.
    Payload(Feature),
    Tags,
    Group(Vec<Group>),
    /// That it is meant: how many devices, typed.
    Typed,
    /// Nothing but that it is meant.
    Plain,
}

/// What an action is called.
pub(super) fn label(action: &str) -> Message {
    ACTIONS.iter().find(|(name, ..)| *name == action).map_or(message::TITLE, |(_, label, _)| *label)
}

pub(super) fn page(ui: &Ui, asked: &Asked, form: &Fields, preview: &Preview, step: &Step, changed: bool) -> Markup {
    let choosing = matches!(step, Step::Operation(_));
    html! {
        div.page-head {
            h1 { (ui.t(label(&asked.action))) @if let Step::Payload(feature) = step { ": " (feature.name) } }
            a.button.quiet href=(asked.view.address()) { (ui.t(message::BACK)) }
        }
        @if changed { p.warning role="alert" { (ui.t(message::CHANGED)) } }
        div.columns {
            section.card {
                h2 { (ui.t(if choosing { message::CHOOSE_OPERATION } else { label(&asked.action) })) }
                @if let Step::Operation(offered) = step {
                    (operations(ui, asked, offered))
                } @else if preview.able == 0 {
                    p { (ui.t(message::NOBODY)) }
                } @else {
                    (last_step(ui, asked, form, preview, step))
                }
            }
            section.card {
                h2 { (ui.t(message::PREVIEW)) }
                (outlook(ui, preview, choosing))
            }
        }
    }
}

/// What the form before said, handed on.
fn handed_on(asked: &Asked) -> Markup {
    html! {
        input type="hidden" name="view" value=(asked.view.encoded());
        input type="hidden" name="action" value=(asked.action);
        @if asked.all { input type="hidden" name="all" value="1"; }
        @for device in &asked.devices { input type="hidden" name="device" value=(device); }
    }
}

fn operations(ui: &Ui, asked: &Asked, offered: &[(Feature, u64)]) -> Markup {
    if offered.is_empty() {
        return html! { p { (ui.t(message::NO_OPERATION)) } };
    }
    ui.form(
        "/devices/bulk",
        html! {
            (handed_on(asked))
            ul.offered {
                @for (feature, devices) in offered {
                    li {
                        button.button.quiet name="code" value=(feature.code) { (feature.name) }
                        span.num.muted { (devices) }
                        @if !feature.description.is_empty() { p.muted { (feature.description) } }
                    }
                }
            }
        },
    )
}

fn last_step(ui: &Ui, asked: &Asked, form: &Fields, preview: &Preview, step: &Step) -> Markup {
    let title = ui.t(label(&asked.action));
    let able = preview.able;
    let go = |classes: &str, question: Option<String>| {
        let text = ui.fill(message::DO_IT, &[&title, &able]);
        html! { button class={ "button " (classes) } data-confirm=[question] { (text) } }
    };
    let held = |name: &str| form.get(name).unwrap_or_default();
    let content = match step {
        Step::Operation(_) => html! {},
        Step::Payload(feature) => {
            let question = ui.fill(message::ASK_SEND, &[&feature.name, &able]);
            let drawn = feature::Form {
                payload: &feature.payload,
                prefix: PAYLOAD,
                value: &serde_json::Value::Null,
                insist: true,
            };
            html! {
                @if !feature.description.is_empty() { p.muted { (feature.description) } }
                input type="hidden" name="code" value=(feature.code);
                (drawn.draw(ui))
                @if feature.confirm {
                    (typed(ui, &ui.fill(message::CONFIRM_NUMBER, &[&able])))
                    (go("danger", None))
                } @else {
                    (go("primary", Some(question)))
                }
            }
        }
        Step::Tags => html! {
            (ui.input("text", "add", message::ADD_TAGS, held("add"), Some(ui.t(message::TAGS_HINT))))
            (ui.input("text", "remove", message::REMOVE_TAGS, held("remove"), Some(ui.t(message::TAGS_HINT))))
            (go("primary", None))
        },
        Step::Group(groups) if groups.is_empty() => html! { p { (ui.t(message::NO_GROUP)) } },
        Step::Group(groups) => {
            let ids: Vec<String> = groups.iter().map(|group| group.id.to_string()).collect();
            let options: Vec<(&str, &str)> =
                ids.iter().zip(groups).map(|(id, group)| (id.as_str(), group.name.as_str())).collect();
            html! { (ui.select("group", message::GROUP, &options, held("group"))) (go("primary", None)) }
        }
        Step::Typed if asked.action == "suspend" => html! {
            p { (ui.fill(message::ASK_SUSPEND, &[&able])) }
            (typed(ui, &ui.fill(message::CONFIRM_NUMBER, &[&able])))
            (go("danger", None))
        },
        Step::Typed => html! { (typed(ui, &ui.fill(message::CONFIRM_REMOVE, &[&able]))) (go("danger", None)) },
        Step::Plain => go("primary", None),
    };
    ui.form(
        "/devices/bulk/do",
        html! {
            (handed_on(asked))
            input type="hidden" name="mark" value=(preview.mark);
            (content)
        },
    )
}

/// A number to type, so that nothing is done to many by a slip.
fn typed(ui: &Ui, hint: &str) -> Markup {
    let control = html! {
        input #confirm name="confirm" type="text" inputmode="numeric" autocomplete="off" required
            aria-describedby="confirm-hint";
    };
    ui.field("confirm", message::CONFIRM_LABEL, &control, Some(hint))
}

/// To whom it would be done, and to whom not.
fn outlook(ui: &Ui, preview: &Preview, choosing: bool) -> Markup {
    html! {
        dl.facts {
            dt { (ui.t(message::MEANT)) }
            dd { b { (preview.devices) } }
            @if choosing {
                dt { (ui.t(message::TYPE)) }
                dd { @for share in &preview.types { div { (share.device_type) ": " (share.devices) } } }
            } @else {
                dt { (ui.t(message::ABLE)) }
                dd {
                    b { (preview.able) }
                    @for share in &preview.types {
                        div { (ui.fill(message::TYPE_SHARE, &[&share.device_type, &share.able, &share.devices])) }
                    }
                }
                @if !preview.left_out.is_empty() {
                    dt { (ui.t(message::LEFT_OUT)) }
                    dd { @for reason in &preview.left_out { (left_out(ui, reason)) } }
                }
            }
        }
    }
}

fn left_out(ui: &Ui, reason: &LeftOut) -> Markup {
    let why = match &reason.why {
        Why::Status(status) => ui.fill(message::LEFT_STATUS, &[&reason.devices, &ui.t(device_status(*status))]),
        Why::NoOperation(device_type) => ui.fill(message::LEFT_TYPE, &[&reason.devices, device_type]),
    };
    let named = reason.examples.join(", ");
    let more = reason.devices > reason.examples.len() as u64;
    let named = if more { ui.fill(message::AND_MORE, &[&named]) } else { named };
    html! { div { (why) " " span.muted { (ui.fill(message::SUCH_AS, &[&named])) } } }
}

/// The request of the API that does the same, as far as it is known.
pub(super) fn curl(asked: &Asked, form: &Fields) -> String {
    let action = match asked.action.as_str() {
        "send" => json!({ "do": "send", "code": form.get("code").unwrap_or("CODE") }),
        "tag" => json!({ "do": "tag", "add": ["TAG"] }),
        "join" | "leave" => json!({ "do": asked.action, "group": "GROUP" }),
        other => json!({ "do": other }),
    };
    let mut body = serde_json::Map::new();
    if asked.all {
        let mut filter = serde_json::Map::new();
        let mut statuses = Vec::new();
        for (name, value) in asked.view.conditions() {
            if name == "status" {
                statuses.push(json!(value));
            } else {
                filter.insert(name.to_owned(), json!(value));
            }
        }
        if !statuses.is_empty() {
            filter.insert("status".to_owned(), json!(statuses));
        }
        body.insert("filter".to_owned(), json!(filter));
    } else {
        body.insert("devices".to_owned(), json!(asked.devices));
    }
    body.insert("action".to_owned(), action);
    serde_json::Value::Object(body).to_string()
}
