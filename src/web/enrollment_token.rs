//! Enrollment tokens: the form that makes one, the commands that use it, and what it has enrolled.

use std::time::Duration;

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::call::Call;
use super::enrollment;
use super::failure::Failure;
use super::message::enrollment as words;
use super::routes::{Route, route};
use super::ui::{Tone, Ui};
use crate::app::enrollment::has_agent;
use crate::model::TENANT;
use crate::model::actor::Scope;
use crate::model::enrollment_token::{EnrollmentToken, MAX_USES, NewEnrollmentToken};
use crate::model::group::Group;
use crate::model::id::{EnrollmentTokenId, GroupId};
use crate::model::timestamp::Timestamp;

/// How long a token may be made to last: the value of the form, in seconds.
const LIVES: [(&str, super::message::Message); 5] = [
    ("3600", words::LIFE_HOUR),
    ("86400", words::LIFE_DAY),
    ("604800", words::LIFE_WEEK),
    ("2592000", words::LIFE_MONTH),
    ("31536000", words::LIFE_YEAR),
];
/// The most devices shown of one token.
const MAX_SHOWN: usize = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::POST, "/enroll/device/{type}/token", make),
        route(Method::GET, "/enroll/tokens/{id}", show),
        route(Method::POST, "/enroll/tokens/{id}/revoke", revoke),
    ]
}

/// The form that makes a token for a type.
pub(super) fn form(ui: &Ui, device_type: &str, since: i64, groups: &[Group]) -> Markup {
    let lives: Vec<_> = LIVES.iter().map(|(seconds, label)| (*seconds, ui.t(*label))).collect();
    let ids: Vec<String> = groups.iter().map(|group| group.id.to_string()).collect();
    let named = ids.iter().zip(groups).filter(|(_, group)| group.query.is_none());
    let mut choices = vec![("", ui.t(words::NO_GROUP))];
    choices.extend(named.map(|(id, group)| (id.as_str(), group.name.as_str())));
    let count = html! { input #count name="count" type="number" min="1" max=(MAX_USES) value="1" required; };
    html! {
        section.card {
            h2 { (ui.t(words::TOKEN)) }
            p { (ui.t(words::TOKEN_HINT)) }
            (ui.form(&format!("/enroll/device/{device_type}/token"), html! {
                input type="hidden" name="since" value=(since);
                (ui.input("text", "note", words::NOTE, "", None))
                div.row {
                    (ui.field("count", words::COUNT, &count, None))
                    (ui.select("life", words::LIFE, &lives, "86400"))
                }
                @if ui.may(Scope::Operate) {
                    fieldset {
                        legend { (ui.t(words::GIVES)) }
                        (ui.input("text", "owner", words::OWNER, "", Some(ui.t(words::OWNER_HINT))))
                        @if choices.len() > 1 { (ui.select("group", words::GROUP, &choices, "")) }
                        (ui.input("text", "tags", words::TAGS, "", Some(ui.t(words::TAGS_HINT))))
                    }
                }
                button.button.primary { (ui.t(words::MAKE)) }
            }))
        }
    }
}

async fn make(call: Call) -> Result<impl Reply, Failure> {
    let (ui, form, kind) = (call.ui(), call.form(), enrollment::find(&call)?);
    let life = form.parsed::<u64>("life")?.map(Duration::from_secs);
    let expires_at = life.map(|life| call.app().clock().now().plus(life));
    let tags = form.get("tags").unwrap_or_default().split(',').map(str::trim).filter(|tag| !tag.is_empty());
    let new = NewEnrollmentToken {
        note: form.filled("note").unwrap_or_default().to_owned(),
        device_type: Some(kind.name.clone()),
        owner: form.filled("owner").map(str::to_owned),
        groups: form.parsed::<GroupId>("group")?.into_iter().collect(),
        tags: tags.map(str::to_owned).collect(),
        expires_at,
        max_uses: form.parsed("count")?.unwrap_or(1),
    };
    let (token, secret) = call.app().create_enrollment_token(call.actor(), new).await.map_err(|error| {
        let failure = Failure::from(error);
        // The form has its own names.
        let renamed = match failure.field.as_deref() {
            Some("max_uses") => Some("count"),
            Some("expires_at") => Some("life"),
            Some("groups") => Some("group"),
            _ => None,
        };
        match renamed {
            Some(field) => Failure { field: Some(field.to_owned()), ..failure },
            None => failure,
        }
    })?;
    let title = ui.fill(words::MADE, &[&kind.title]);
    let body = html! {
        div.page-head {
            h1 { (title) }
            a.button href="/enroll/device" { (ui.t(words::OTHER)) }
        }
        section.card {
            h2 { (ui.t(words::SECRET)) }
            p.warning { (ui.t(words::MADE_ONCE)) }
            pre.mono data-copy tabindex="0" { code { (secret) } }
            p { a.button.primary href={ "/enroll/tokens/" (token.id) } { (ui.t(words::FOLLOW)) } }
        }
        section.card {
            h2 { (ui.t(words::COMMANDS)) }
            (commands(&call, &ui, &kind.name, &secret))
        }
    };
    Ok(ui.page_titled(title).body(body))
}

/// The commands by which a board enrolls itself and sends a first measurement.
fn commands(call: &Call, ui: &Ui, device_type: &str, secret: &str) -> Markup {
    let host = ui.host();
    let authority = call.app().standing().ca_fingerprint;
    let bearer = format!("curl --cacert ca.pem -H 'Authorization: Bearer {secret}'");
    let enroll = format!(
        "{bearer} -H 'Content-Type: application/json' \\\n  -d \"{{\\\"type\\\":\\\"{device_type}\\\",\
         \\\"identifier\\\":\\\"$(hostname)\\\"}}\" \\\n  https://{host}/api/v1/devices > keys.json"
    );
    let agent = format!(
        "{bearer} \\\n  -X POST \"https://{host}/api/v1/devices/agent?type={device_type}&name=$(hostname)\" > agent.zip"
    );
    let reach = call.reach().mqtt();
    let broker = reach.as_deref().and_then(|address| address.split_once("://"));
    let broker = broker.and_then(|(scheme, address)| Some((scheme, address.rsplit_once(':')?)));
    let send = broker.map(|(scheme, (name, port))| {
        let trust = if scheme == "ssl" { " --cafile ca.pem" } else { "" };
        let name = name.trim_matches(['[', ']']);
        format!(
            "T=$(sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/' keys.json)\nmosquitto_pub -h {name} -p {port}{trust} \
             -u \"$T\" -P \"\" -q 1 \\\n  -t \"{TENANT}/{device_type}/$(hostname)/temperature\" \\\n  \
             -m '{{\"event\":{{\"metaData\":{{\"time\":0}},\"payloadData\":{{\"temperature\":21.5}}}}}}'"
        )
    });
    html! {
        ol.commands {
            li {
                p { (ui.t(words::COMMAND_CA)) " " code.mono { (authority) } }
                pre data-copy tabindex="0" { code { "curl --insecure -o ca.pem https://" (host) "/ca.pem" } }
            }
            li {
                p { (ui.t(words::COMMAND_ENROLL)) }
                pre data-copy tabindex="0" { code { (enroll) } }
            }
            @if let Some(send) = send {
                li {
                    p { (ui.t(words::COMMAND_SEND)) }
                    pre data-copy tabindex="0" { code { (send) } }
                }
            }
            @if has_agent(device_type) {
                li {
                    p { (ui.t(words::COMMAND_AGENT)) }
                    pre data-copy tabindex="0" { code { (agent) } }
                }
            }
        }
    }
}

/// How a token stands.
fn state(ui: &Ui, token: &EnrollmentToken, now: Timestamp) -> Markup {
    if token.is_open(now) {
        ui.badge(Tone::Ok, ui.t(words::OPEN))
    } else if token.uses >= token.max_uses {
        ui.badge(Tone::Idle, ui.t(words::SPENT))
    } else {
        ui.badge(Tone::Warn, ui.t(words::EXPIRED))
    }
}

/// Every token a person may see.
pub(super) fn table(ui: &Ui, tokens: &[EnrollmentToken], now: Timestamp) -> Markup {
    html! {
        @if tokens.is_empty() {
            p.muted { (ui.t(words::NO_TOKENS)) ". " (ui.t(words::NO_TOKENS_HINT)) }
        } @else {
            (ui.scroll(ui.t(words::TOKENS), html! {
                table.list {
                    thead { tr {
                        th scope="col" { (ui.t(words::NOTE)) } th scope="col" { (ui.t(words::STATE)) }
                        th scope="col" { (ui.t(words::TYPE)) } th.num scope="col" { (ui.t(words::USES)) }
                        th scope="col" { (ui.t(words::EXPIRES)) } th scope="col" { (ui.t(words::OWNER)) }
                        th scope="col" { (ui.t(words::LAST_USED)) }
                    } }
                    tbody {
                        @for token in tokens {
                            tr data-row data-key=(token.id) {
                                td { a href={ "/enroll/tokens/" (token.id) } {
                                    (if token.note.is_empty() { ui.t(words::UNNAMED) } else { &token.note })
                                } }
                                td { (state(ui, token, now)) }
                                td { (token.device_type.as_deref().unwrap_or(ui.t(words::ANY_TYPE))) }
                                td.num { (ui.fill(words::USES_OF, &[&token.uses, &token.max_uses])) }
                                td.nowrap { (ui.time(token.expires_at)) }
                                td { (token.owner) }
                                td.nowrap { (ui.ago_or_never(token.last_used_at)) }
                            }
                        }
                    }
                }
            }))
        }
    }
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let ui = call.ui();
    let id: EnrollmentTokenId = call.id(0, "the enrollment token")?;
    let (token, ids) = call.app().enrollment_token(call.actor(), id).await?;
    let mut devices = Vec::new();
    for id in ids.iter().take(MAX_SHOWN) {
        // One that is gone since, or is not the person's to see, is left out.
        devices.extend(call.app().device(call.actor(), *id).await.ok());
    }
    let groups = call.app().groups(call.actor()).await.unwrap_or_default();
    let groups: Vec<_> = groups.iter().filter(|group| token.groups.contains(&group.id)).collect();
    let body = html! {
        div.page-head {
            h1 { (if token.note.is_empty() { ui.t(words::TOKEN_TITLE) } else { &token.note }) }
            (ui.action_asked(&format!("/enroll/tokens/{id}/revoke"), words::REVOKE, "button danger", ui.t(words::REVOKE_ASK)))
        }
        section #token.card data-live="devices" {
            dl.facts {
                dt { (ui.t(words::STATE)) } dd { (state(&ui, &token, call.app().clock().now())) }
                dt { (ui.t(words::USES)) } dd { (ui.fill(words::USES_OF, &[&token.uses, &token.max_uses])) }
                dt { (ui.t(words::TYPE)) } dd { (token.device_type.as_deref().unwrap_or(ui.t(words::ANY_TYPE))) }
                dt { (ui.t(words::EXPIRES)) } dd { (ui.time(token.expires_at)) }
                dt { (ui.t(words::OWNER)) } dd { (token.owner) }
                @if !groups.is_empty() {
                    dt { (ui.t(words::GROUPS)) }
                    dd { @for group in &groups { a href={ "/groups/" (group.id) } { (group.name) } " " } }
                }
                @if !token.tags.is_empty() {
                    dt { (ui.t(words::TAGS)) } dd { @for tag in &token.tags { span.tag { (tag) } " " } }
                }
                dt { (ui.t(words::MADE_BY)) } dd { (token.made_by) }
                dt { (ui.t(words::MADE_AT)) } dd { (ui.time(token.created_at)) }
                dt { (ui.t(words::LAST_USED)) } dd { (ui.ago_or_never(token.last_used_at)) }
            }
        }
        section #arrived.card data-live="devices" {
            h2 { (ui.t(words::ENROLLED_BY)) }
            div aria-live="polite" {
                @if devices.is_empty() { p.waiting { (ui.t(words::NO_DEVICES)) } } @else { (enrollment::list(&ui, &devices)) }
            }
        }
    };
    let path = format!("/api/v1/enrollment/tokens/{id}");
    Ok(ui.page(words::TOKEN_TITLE).curl("GET", &path).curl("DELETE", &path).body(body))
}

async fn revoke(call: Call) -> Result<impl Reply, Failure> {
    call.app().revoke_enrollment_token(call.actor(), call.id(0, "the enrollment token")?).await?;
    Ok(call.redirect("/enroll/device").saying(words::REVOKED))
}
