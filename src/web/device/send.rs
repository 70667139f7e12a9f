//! Sending one operation to a device, with a form drawn from what its type says of it.

use std::time::Duration;

use maud::{Markup, html};
use serde_json::Value as Json;
use warp::Reply;
use warp::http::Method;

use super::{Subject, Tab};
use crate::model::device_type::Feature;
use crate::model::operation::NewActivity;
use crate::model::policy::is_policy;
use crate::web::call::{Call, Redirect};
use crate::web::failure::Failure;
use crate::web::message::{Message, device as words};
use crate::web::routes::{Route, route};
use crate::web::ui::{device_status, feature};

/// What the names of the payload's fields begin with.
const PREFIX: &str = "p.";
/// After how long an operation is given up: seconds, and what that is called.
const EXPIRIES: [(&str, Message); 5] = [
    ("", words::NEVER),
    ("600", words::MINUTES_10),
    ("3600", words::HOUR_1),
    ("86400", words::DAY_1),
    ("604800", words::WEEK_1),
];

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/devices/{id}/send", show), route(Method::POST, "/devices/{id}/send", send)]
}

/// What a person may send: policies are applied, not sent.
fn is_sent(feature: &Feature) -> bool {
    !is_policy(&feature.code)
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let subject = Subject::of(&call).await?;
    let ui = call.ui();
    let code = call.query().filled("code");
    let features: Vec<&Feature> =
        subject.kind.iter().flat_map(|kind| &kind.features).filter(|feature| is_sent(feature)).collect();
    let chosen = features.iter().copied().find(|feature| Some(feature.code.as_str()) == code);
    let status = subject.device.status;
    let body = html! {
        section.card {
            h2 { (ui.fill(words::SEND_TITLE, &[&subject.name()])) }
            @if !subject.may_command() { p.note { (ui.t(words::MAY_NOT)) } }
            @else if !status.may_receive() { p.warning { (ui.fill(words::CANNOT_RECEIVE, &[&ui.t(device_status(status))])) } }
            @else {
                form.toolbar method="get" {
                    label for="code" { (ui.t(words::OPERATION)) }
                    select #code name="code" {
                        @for group in [false, true] {
                            @for feature in features.iter().filter(|feature| feature.policy == group) {
                                option value=(feature.code) selected[chosen.is_some_and(|chosen| chosen.code == feature.code)] {
                                    (feature.name) " (" (feature.code) ")"
                                }
                            }
                        }
                    }
                    button.button { (ui.t(words::CHOOSE)) }
                }
                @match chosen {
                    Some(feature) => { (form(&subject, feature)) }
                    None => { p.muted { (ui.t(words::CHOOSE_HINT)) } }
                }
            }
        }
    };
    let example =
        serde_json::json!({ "code": chosen.map_or("…", |feature| &feature.code), "devices": [subject.device.id] });
    Ok(subject.page(Tab::Operations, &body).curl_json("POST", "/api/v1/activities", &example.to_string()))
}

fn form(subject: &Subject, chosen: &Feature) -> Markup {
    let ui = &subject.ui;
    let fields = feature::Form { payload: &chosen.payload, prefix: PREFIX, value: &Json::Null, insist: true };
    let question = ui.fill(words::ASK_SURE, &[&chosen.name, &subject.name()]);
    html! {
        hr;
        h3 { (chosen.name) " " span.muted.mono { (chosen.code) " · " (chosen.kind.name()) } }
        @if !chosen.description.is_empty() { p.muted { (chosen.description) } }
        (ui.form(&subject.path("/send"), html! {
            input type="hidden" name="code" value=(chosen.code);
            (fields.draw(ui))
            div.field {
                label for="expires" { (ui.t(words::GIVE_UP)) }
                select #expires name="expires" {
                    @for (seconds, name) in EXPIRIES { option value=(seconds) { (ui.t(name)) } }
                }
            }
            @if chosen.confirm {
                (ui.tick("sure", "1", &ui.fill(words::SURE, &[&chosen.name]), false))
                button.button.danger data-confirm=(question) { (ui.t(words::SEND_IT)) }
            } @else { button.button.primary { (ui.t(words::SEND_IT)) } }
        }))
    }
}

async fn send(call: Call) -> Result<Redirect, Failure> {
    let subject = Subject::of(&call).await?;
    let (ui, form) = (call.ui(), call.form());
    let code = form.required("code")?;
    let feature = subject.kind.as_ref().and_then(|kind| kind.feature(code)).filter(|feature| is_sent(feature));
    let feature = feature
        .ok_or_else(|| Failure::bad("code", format!("{} has no operation {code:?}", subject.device.device_type)))?;
    if feature.confirm && !form.has("sure") {
        return Err(Failure::bad("sure", ui.t(words::SURE_NEEDED)));
    }
    let payload = feature::text(&feature::read(&feature.payload, PREFIX, form, &Json::Null)?);
    let expires = form.parsed::<u32>("expires")?.map(|seconds| Duration::from_secs(seconds.into()));
    let new = NewActivity {
        code: feature.code.clone(),
        kind: None,
        payload,
        devices: vec![subject.device.id],
        expires_at: expires.map(|span| call.app().clock().now().plus(span)),
    };
    let activity = call.app().send(call.actor(), new).await?;
    let said = ui.fill(words::SENT, &[&feature.name, &activity.number]);
    Ok(call.redirect(subject.path("/operations")).saying_text(said))
}
