//! `/tokens`: what scripts log in with.

use std::time::Duration;

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::call::Call;
use super::failure::Failure;
use super::fields::Fields;
use super::message::token as text;
use super::role::scope_text;
use super::routes::{Route, route};
use super::ui::{Page, Tone, Ui};
use crate::model::actor::{Scope, Scopes};
use crate::model::text::MAX_NAME;
use crate::model::timestamp::Timestamp;
use crate::model::user::ApiToken;

/// The name of the boxes of scopes; by the brackets, validators know that there are several.
const SCOPES: &str = "scope[]";
/// The lives a token can be given, in days.
const LIVES: [u64; 3] = [30, 90, 365];

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/tokens", list),
        route(Method::POST, "/tokens", make),
        route(Method::POST, "/tokens/{id}/revoke", revoke),
    ]
}

async fn list(call: Call) -> Result<impl Reply, Failure> {
    let ui = call.ui();
    let tokens = call.app().tokens(call.actor()).await?;
    let now = call.app().clock().now();
    let body = r#"{"name": "backup-script", "scopes": ["read"]}"#;
    let page = ui.page(text::TITLE).curl("GET", "/api/v1/tokens").curl_json("POST", "/api/v1/tokens", body);
    Ok(page.body(html! {
        div.page-head { h1 { (ui.t(text::TITLE)) } p.muted { (ui.t(text::WHY)) } }
        @if tokens.is_empty() { (ui.empty(text::NONE, text::NONE_WHY, None)) } @else { (table(&ui, &tokens, now)) }
        (form(&ui, call.actor().scopes))
    }))
}

fn table(ui: &Ui, tokens: &[ApiToken], now: Timestamp) -> Markup {
    html! {
        (ui.scroll(ui.t(text::TITLE), html! {
            table.list {
                thead { tr {
                    th scope="col" { (ui.t(text::NAME)) }
                    @if ui.may(Scope::Admin) { th scope="col" { (ui.t(text::OWNER)) } }
                    th scope="col" { (ui.t(text::SCOPES)) }
                    th scope="col" { (ui.t(text::MADE)) }
                    th scope="col" { (ui.t(text::EXPIRES)) }
                    th scope="col" { (ui.t(text::USED)) }
                    th scope="col" { span.sr { (ui.t(text::REVOKE)) } }
                } }
                tbody {
                    @for token in tokens {
                        tr {
                            td { strong { (token.name) } }
                            @if ui.may(Scope::Admin) { td { (token.owner) } }
                            td.mono { (token.scopes) }
                            td { (ui.time(token.created_at)) }
                            td {
                                @match token.expires_at {
                                    None => span.muted { (ui.t(text::NEVER)) },
                                    Some(at) if at <= now => (ui.badge(Tone::Warn, ui.t(text::EXPIRED))),
                                    Some(at) => (ui.time(at)),
                                }
                            }
                            td { (ui.ago_or_never(token.last_used_at)) }
                            td.act { (revoke_button(ui, token)) }
                        }
                    }
                }
            }
        }))
    }
}

fn revoke_button(ui: &Ui, token: &ApiToken) -> Markup {
    ui.form_classed(
        &format!("/tokens/{}/revoke", token.id),
        "inline",
        html! {
            button.button.quiet.danger aria-label=(ui.fill(text::REVOKE_OF, &[&token.name]))
                data-confirm=(ui.fill(text::REVOKE_SURE, &[&token.name])) { (ui.t(text::REVOKE)) }
        },
    )
}

fn form(ui: &Ui, may: Scopes) -> Markup {
    let name = html! {
        input #name name="name" type="text" maxlength=(MAX_NAME)
            autocomplete="off" aria-describedby="name-hint" required;
    };
    let lives: Vec<_> = LIVES.iter().map(|days| (days.to_string(), ui.fill(text::DAYS, &[days]))).collect();
    let mut options: Vec<_> = lives.iter().map(|(days, label)| (days.as_str(), label.as_str())).collect();
    options.push(("", ui.t(text::UNTIL_REVOKED)));
    html! {
        section.card.narrow {
            h2 { (ui.t(text::NEW)) }
            (ui.form("/tokens", html! {
                (ui.field("name", text::NAME, &name, Some(ui.t(text::NAME_HINT))))
                fieldset {
                    legend { (ui.t(text::SCOPES)) }
                    @for scope in Scope::ALL.into_iter().filter(|scope| may.allow(*scope)) {
                        (scope_tick(ui, scope, false))
                    }
                }
                (ui.select("life", text::LIFE, &options, "90"))
                button.button.primary { (ui.t(text::MAKE)) }
            }))
        }
    }
}

/// A scope to tick, with what it allows.
pub(super) fn scope_tick(ui: &Ui, scope: Scope, ticked: bool) -> Markup {
    html! {
        label.tick {
            input type="checkbox" name=(SCOPES) value=(scope.name()) checked[ticked];
            span { span.mono { (scope.name()) } " " span.muted { (ui.t(scope_text(scope))) } }
        }
    }
}

/// The scopes that were ticked.
pub(super) fn scopes(form: &Fields) -> Result<Scopes, Failure> {
    let parse = |word: &str| word.parse::<Scope>().map_err(|why| Failure::bad("scope", why));
    form.all(SCOPES).map(parse).collect()
}

async fn make(call: Call) -> Result<impl Reply, Failure> {
    let form = call.form();
    let now = call.app().clock().now();
    let days: Option<u64> = form.parsed("life")?;
    if days.is_some_and(|days| !LIVES.contains(&days)) {
        return Err(Failure::bad("life", call.ui().t(text::LIFE_WRONG)));
    }
    let expires_at = days.map(|days| now.plus(Duration::from_hours(24 * days)));
    let name = form.get("name").unwrap_or_default().trim();
    let (token, secret) = call.app().create_token(call.actor(), name, scopes(form)?, expires_at).await?;
    Ok(made(&call.ui(), &token, &secret))
}

fn made(ui: &Ui, token: &ApiToken, secret: &str) -> Page {
    ui.page(text::MADE_TITLE).curl("GET", "/api/v1/whoami").body(html! {
        div.page-head { h1 { (ui.t(text::MADE_TITLE)) } }
        section.card.narrow {
            p { strong { (token.name) } " " span.mono.muted { (token.scopes) } }
            p { (ui.t(text::MADE_ONCE)) }
            h2 { (ui.t(text::SECRET)) }
            (ui.copied(secret))
            h2 { (ui.t(text::TRY)) }
            (ui.copied(&format!("export PYM_TOKEN={secret}")))
            p { a.button.primary href="/tokens" { (ui.t(text::DONE)) } }
        }
    })
}

async fn revoke(call: Call) -> Result<impl Reply, Failure> {
    call.app().revoke_token(call.actor(), call.id(0, "token")?).await?;
    Ok(call.redirect("/tokens").saying(text::REVOKED))
}
