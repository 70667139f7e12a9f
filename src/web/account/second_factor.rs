//! One's own second factor: set up with a QR code, turned off, and its recovery codes.

use maud::{Markup, PreEscaped, html};
use warp::Reply;
use warp::http::{Method, StatusCode};

use crate::app::Error;
use crate::app::session::Proof;
use crate::app::user::MIN_PASSWORD;
use crate::model::qr::QrCode;
use crate::model::second_factor::{RECOVERY_CODES, SecondFactor};
use crate::web::call::Call;
use crate::web::failure::Failure;
use crate::web::message::account as text;
use crate::web::message::login;
use crate::web::routes::{Route, route};
use crate::web::ui::{Page, Tone, Ui};

/// Below so many recovery codes a new set is due.
const FEW: u32 = 3;
/// What a key's URI begins with, and the most bytes of it that come back with a wrong code.
const URI: &str = "otpauth://totp/";
const MAX_URI: usize = 1000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::POST, "/account/second-factor", begin),
        route(Method::POST, "/account/second-factor/confirm", confirm),
        route(Method::POST, "/account/second-factor/recovery-codes", renew),
        route(Method::POST, "/account/second-factor/off", turn_off),
    ]
}

pub(super) fn section(ui: &Ui, factor: SecondFactor) -> Markup {
    html! {
        section.card #second-factor {
            h2 {
                (ui.t(text::SECOND_FACTOR)) " "
                @if factor.since.is_some() { (ui.badge(Tone::Ok, ui.t(text::IS_ON))) } @else { (ui.badge(Tone::Idle, ui.t(text::IS_OFF))) }
            }
            @if let Some(since) = factor.since {
                p.muted { (ui.t(text::SINCE)) " " (ui.time(since)) }
                p { (ui.t(text::ON_WHY)) }
                p {
                    (ui.fill(text::CODES_LEFT, &[&factor.recovery_codes, &RECOVERY_CODES]))
                    @if factor.recovery_codes < FEW { " " strong { (ui.t(text::CODES_FEW)) } }
                }
                (ui.form("/account/second-factor/recovery-codes", html! {
                    (proof(ui, "renew-proof"))
                    div.inline {
                        button.button data-confirm=(ui.t(text::NEW_CODES_SURE)) { (ui.t(text::NEW_CODES)) }
                        button.button.danger formaction="/account/second-factor/off" data-confirm=(ui.t(text::TURN_OFF_SURE)) {
                            (ui.t(text::TURN_OFF))
                        }
                    }
                }))
            } @else {
                p { (ui.t(text::OFF_WHY)) }
                (ui.form("/account/second-factor", html! {
                    (ui.password(("own-password", "password"), text::YOUR_PASSWORD, "current-password", None, Some(ui.t(text::YOUR_PASSWORD_HINT))))
                    button.button.primary { (ui.t(text::SET_UP)) }
                }))
            }
        }
    }
}

/// Where the password, a one-time code or a recovery code is typed.
fn proof(ui: &Ui, id: &str) -> Markup {
    let control = html! {
        input id=(id) name="proof" type="password" autocomplete="current-password" required;
    };
    ui.field(id, text::PROOF, &control, None)
}

/// What was typed for a proof: a code where it looks like one. No password has six characters, and one that looks like
/// a recovery code is taken for what it is when it is none.
fn shown(typed: &str) -> Proof<'_> {
    let is_timed = typed.chars().filter(|c| !c.is_whitespace()).count() == 6
        && typed.chars().all(|c| c.is_ascii_digit() || c.is_whitespace());
    let is_group = |group: &str| group.len() == 4 && group.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_recovery = typed.trim().split('-').count() == 4 && typed.trim().split('-').all(is_group);
    if is_timed || is_recovery { Proof::Code(typed) } else { Proof::Password(typed) }
}

/// Whether the other way to read a proof is to be tried: it was no code, and can be a password.
fn is_password_instead(typed: &str, refused: &Error) -> bool {
    matches!(refused, Error::Invalid { field: "code", .. }) && typed.len() >= MIN_PASSWORD
}

async fn begin(call: Call) -> Result<impl Reply, Failure> {
    let password = call.form().get("password").unwrap_or_default();
    let key = call.app().begin_second_factor(call.actor(), password).await?;
    Ok(scan(&call.ui(), &key.uri, None))
}

/// The page with the key. `uri` holds it, and comes from the application or, after a wrong code, back from this page.
fn scan(ui: &Ui, uri: &str, refused: Option<&str>) -> Page {
    let secret = uri.split(['?', '&']).find_map(|pair| pair.strip_prefix("secret=")).unwrap_or_default();
    let mut groups = String::new();
    for (index, character) in secret.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            groups.push(' ');
        }
        groups.push(character);
    }
    let code = html! {
        input #code name="code" type="text" inputmode="numeric" autocomplete="one-time-code" maxlength="16" autofocus required;
    };
    ui.page(text::SCAN_TITLE).body(html! {
        div.page-head { h1 { (ui.t(text::SCAN_TITLE)) } }
        section.card.narrow {
            (ui.refusal(refused))
            h2 { (ui.t(text::SCAN)) }
            @if let Some(qr) = QrCode::of(uri) { div.qr { (PreEscaped(qr.svg())) } }
            p.muted { (ui.t(text::SCAN_OR)) }
            (ui.copied(&groups))
            h2 { (ui.t(text::THEN_CODE)) }
            (ui.form("/account/second-factor/confirm", html! {
                input type="hidden" name="uri" value=(uri);
                (ui.field("code", login::CODE, &code, None))
                div.inline {
                    button.button.primary { (ui.t(text::CONFIRM)) }
                    a.button.quiet href="/account" { (ui.t(crate::web::message::general::CANCEL)) }
                }
            }))
        }
    })
}

async fn confirm(call: Call) -> Result<impl Reply, Failure> {
    let (ui, form) = (call.ui(), call.form());
    let code = form.get("code").unwrap_or_default();
    let wrong = match call.app().confirm_second_factor(call.actor(), code, call.session()).await {
        Ok(codes) => return Ok(recovery_codes(&ui, &codes, Some(ui.t(text::CODES_ON)))),
        Err(wrong @ Error::Invalid { .. }) if !ui.scripted() => wrong,
        Err(other) => return Err(other.into()),
    };
    // Without the script, the page has to come back for another code.
    let uri = form.get("uri").filter(|uri| uri.len() <= MAX_URI && uri.starts_with(URI));
    let uri = uri.ok_or_else(|| Failure::from(wrong))?;
    Ok(scan(&ui, uri, Some(ui.t(login::WRONG_CODE))).status(StatusCode::BAD_REQUEST))
}

fn recovery_codes(ui: &Ui, codes: &[String], said: Option<&str>) -> Page {
    ui.page(text::CODES_TITLE).body(html! {
        div.page-head { h1 { (ui.t(text::CODES_TITLE)) } }
        section.card.narrow {
            @if let Some(said) = said { p.said role="status" { (said) } }
            p { (ui.t(text::CODES_ONCE)) }
            (ui.copied(&codes.join("\n")))
            p { a.button.primary href="/account" { (ui.t(text::KEPT)) } }
        }
    })
}

async fn renew(call: Call) -> Result<impl Reply, Failure> {
    let typed = call.form().get("proof").unwrap_or_default();
    let codes = match call.app().renew_recovery_codes(call.actor(), shown(typed)).await {
        Err(refused) if is_password_instead(typed, &refused) => {
            call.app().renew_recovery_codes(call.actor(), Proof::Password(typed)).await?
        }
        other => other?,
    };
    Ok(recovery_codes(&call.ui(), &codes, None))
}

async fn turn_off(call: Call) -> Result<impl Reply, Failure> {
    let typed = call.form().get("proof").unwrap_or_default();
    match call.app().end_second_factor(call.actor(), shown(typed)).await {
        Err(refused) if is_password_instead(typed, &refused) => {
            call.app().end_second_factor(call.actor(), Proof::Password(typed)).await?;
        }
        other => other?,
    }
    Ok(call.redirect("/account").saying(text::TURNED_OFF))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_a_code_where_it_looks_like_one() {
        let code = |typed: &str| matches!(shown(typed), Proof::Code(_));
        assert!(code("123456") && code("123 456") && code("7KQM-X2RD-9FHT-ABCD"));
        assert!(!code("correct horse") && !code("1234567") && !code("") && !code("a-b-c-d"));
    }
}
