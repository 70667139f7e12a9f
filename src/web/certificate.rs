//! `/certificates`: what devices log in with, the site's authority, and signing, verifying and revoking.

use maud::{Markup, html};
use std::time::Duration;
use warp::http::Method;

use super::call::{Call, Redirect};
use super::failure::Failure;
use super::message::{Message, certificate};
use super::routes::{Route, route};
use super::ui::{Page, Tone, Ui};
use crate::model::actor::Scope;
use crate::model::certificate::{Certificate, Verdict};
use crate::model::device::PageStart;
use crate::model::id::DeviceId;
use crate::model::timestamp::Timestamp;

const PATH: &str = "/certificates";
/// Certificates on a page.
const PAGE: u32 = 50;
/// A certificate with less than this left is shown as one that ends soon.
const SOON: Duration = Duration::from_hours(30 * 24);
/// Characters of a serial number that tell it from others in a list.
const SHORT: usize = 16;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, PATH, list),
        // Where the address is asked for again: after a change of language, or by the history.
        route(Method::GET, "/certificates/verify", list),
        route(Method::POST, "/certificates/verify", verify),
        route(Method::POST, "/certificates/sign", sign),
        route(Method::GET, "/certificates/{serial}", show),
        route(Method::POST, "/certificates/{serial}/revoke", revoke),
    ]
}

async fn list(call: Call) -> Result<Page, Failure> {
    page(&call, None).await
}

/// The list, with the verdict on a certificate that was pasted.
async fn page(call: &Call, verdict: Option<(String, Verdict)>) -> Result<Page, Failure> {
    let ui = call.ui();
    let query = call.query();
    let device: Option<DeviceId> = query.parsed("device")?;
    let start = PageStart::Cursor(query.get("cursor").map(str::to_owned));
    let page = call.app().certificates(call.actor(), device, start, PAGE).await?;
    let ids = page.items.iter().filter_map(|item| item.device).chain(device);
    let devices = call.app().known_devices(call.actor(), ids).await?;
    let now = call.app().clock().now();
    let api =
        device.map_or_else(|| "/api/v1/certificates".to_owned(), |id| format!("/api/v1/certificates?device={id}"));
    let rows = html! {
        (ui.scroll(ui.t(certificate::TITLE), html! {
            table.list {
                thead {
                    tr {
                        th scope="col" { (ui.t(certificate::DEVICE)) }
                        th scope="col" { (ui.t(certificate::STATE)) }
                        th scope="col" { (ui.t(certificate::EXPIRES)) }
                        th scope="col" { (ui.t(certificate::SUBJECT)) }
                        th scope="col" { (ui.t(certificate::SERIAL)) }
                    }
                }
                tbody {
                    @for item in &page.items {
                        tr {
                            td {
                                @match item.device {
                                    Some(device) => (ui.device_link(device, devices.get(&device))),
                                    None => span.muted { (ui.t(certificate::NO_DEVICE)) },
                                }
                            }
                            td { (state(&ui, item, now)) }
                            td { (ui.time(item.not_after)) }
                            td.wide { (item.subject) }
                            td.mono {
                                a href={ (PATH) "/" (item.serial) } title=(item.serial) { (short(&item.serial)) }
                            }
                        }
                    }
                }
            }
        }))
    };
    Ok(ui.page(certificate::TITLE).curl("GET", &api).body(html! {
        div.page-head {
            h1 { (ui.t(certificate::TITLE)) }
            p.muted { (ui.t(certificate::INTRO)) }
        }
        @if let Some(device) = device {
            p {
                (ui.t(certificate::DEVICE)) ": " (ui.device_link(device, devices.get(&device))) " "
                a.button.quiet href=(PATH) { (ui.t(certificate::EVERY)) }
            }
        }
        section #list {
            @if page.items.is_empty() {
                (ui.empty(certificate::NOTHING, certificate::NOTHING_HINT, None))
            } @else {
                p.muted { (ui.count(page.total, certificate::FOUND_ONE, certificate::FOUND)) }
                (rows)
                (ui.pager(page.next.as_deref()))
            }
        }
        div.columns {
            div {
                (verification(&ui, verdict.as_ref()))
                (authority(call, &ui))
            }
            @if ui.may(Scope::Enroll) || ui.may(Scope::Own) { (signing(&ui, device)) }
        }
    }))
}

fn short(serial: &str) -> String {
    match serial.get(..SHORT) {
        Some(begin) if serial.len() > SHORT => format!("{begin}…"),
        _ => serial.to_owned(),
    }
}

fn state(ui: &Ui, item: &Certificate, now: Timestamp) -> Markup {
    let (tone, word): (Tone, Message) = if item.revoked_at.is_some() {
        (Tone::Bad, certificate::REVOKED)
    } else if item.not_after <= now {
        (Tone::Idle, certificate::EXPIRED)
    } else if item.not_after.since(now) < SOON {
        (Tone::Warn, certificate::EXPIRING)
    } else {
        (Tone::Ok, certificate::GOOD)
    };
    ui.badge(tone, ui.t(word))
}

fn authority(call: &Call, ui: &Ui) -> Markup {
    let standing = call.app().standing();
    html! {
        section.card #authority {
            h2 { (ui.t(certificate::AUTHORITY)) }
            p.muted { (ui.t(certificate::AUTHORITY_HINT)) }
            dl.facts { dt { (ui.t(certificate::FINGERPRINT)) } dd.mono { (spaced(&standing.ca_fingerprint)) } }
            p.buttons {
                a.button href="/ca.pem" download="pym-ca.pem" { (ui.t(certificate::CA_DOWNLOAD)) }
                a.button href="/crl" download="pym.crl" { (ui.t(certificate::CRL_DOWNLOAD)) }
            }
        }
    }
}

/// A fingerprint in groups, so that a line may end between them and an eye can compare.
pub(super) fn spaced(hex: &str) -> String {
    let digits: Vec<char> = hex.chars().collect();
    let groups: Vec<String> = digits.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}

fn verification(ui: &Ui, verdict: Option<&(String, Verdict)>) -> Markup {
    let pasted = verdict.map(|(pem, _)| pem.as_str()).unwrap_or_default();
    let control = html! { textarea id="pem" name="pem" rows="6" required spellcheck="false" class="mono" { (pasted) } };
    html! {
        section.card #verify {
            h2 { (ui.t(certificate::VERIFY)) }
            p.muted { (ui.t(certificate::VERIFY_HINT)) }
            @if let Some((_, verdict)) = verdict {
                p role="status" {
                    @if verdict.valid {
                        (ui.badge(Tone::Ok, ui.t(certificate::VERDICT_GOOD)))
                    } @else {
                        @let why = verdict.reason.as_deref().unwrap_or_default();
                        (ui.badge(Tone::Bad, &ui.fill(certificate::VERDICT_BAD, &[&why])))
                    }
                }
                @if let Some(device) = verdict.device { p { a href={ "/devices/" (device) } { (ui.t(certificate::DEVICE)) } } }
                @if let Some(serial) = &verdict.serial { p.mono { (serial) } }
            }
            // It changes nothing and answers with a page, so the script leaves it alone.
            form.form method="post" action="/certificates/verify#verify" {
                (ui.token_field())
                (ui.field("pem", certificate::PEM, &control, None))
                button.button { (ui.t(certificate::VERIFY_BUTTON)) }
            }
        }
    }
}

fn signing(ui: &Ui, device: Option<DeviceId>) -> Markup {
    let device = device.map(|device| device.to_string()).unwrap_or_default();
    let request = html! { textarea id="csr" name="csr" rows="6" required spellcheck="false" class="mono" {} };
    html! {
        section.card #sign {
            h2 { (ui.t(certificate::SIGN)) }
            p.muted { (ui.t(certificate::SIGN_HINT)) }
            (ui.form("/certificates/sign", html! {
                (ui.input_required("text", "device", certificate::SIGN_DEVICE, &device, Some(ui.t(certificate::SIGN_DEVICE_HINT))))
                (ui.field("csr", certificate::CSR, &request, None))
                button.button { (ui.t(certificate::SIGN_BUTTON)) }
            }))
        }
    }
}

async fn verify(call: Call) -> Result<Page, Failure> {
    let pem = call.form().required("pem")?.to_owned();
    let verdict = call.app().verify_certificate(call.actor(), pem.as_bytes()).await?;
    page(&call, Some((pem, verdict))).await
}

async fn sign(call: Call) -> Result<Redirect, Failure> {
    let form = call.form();
    let device = named(&call, form.required("device")?).await?;
    let signed = call.app().sign_certificate(call.actor(), device, form.required("csr")?.as_bytes()).await?;
    let said = if signed.created { certificate::SIGNED } else { certificate::SIGNED_BEFORE };
    Ok(call.redirect(format!("{PATH}/{}", signed.certificate.serial)).saying(said))
}

/// The device of that id, or of that `type:identifier`.
async fn named(call: &Call, text: &str) -> Result<DeviceId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let (device_type, identifier) = text.split_once(':').ok_or_else(|| Failure::missing("device", text))?;
    Ok(call.app().find_device(call.actor(), device_type, identifier).await?.id)
}

async fn show(call: Call) -> Result<Page, Failure> {
    let ui = call.ui();
    let found = call.app().certificate(call.actor(), call.param(0)).await?;
    let devices = call.app().known_devices(call.actor(), found.device).await?;
    let now = call.app().clock().now();
    let address = format!("/api/v1/certificates/{}", found.serial);
    let revoke = format!("{address}/revoke");
    let may_revoke = if found.device.is_some() { ui.may_command() } else { ui.may(Scope::Admin) };
    let title = ui.fill(certificate::ONE, &[&short(&found.serial)]);
    Ok(ui.page_titled(&title).curl("GET", &address).curl("POST", &revoke).body(html! {
        p.crumbs { a href=(PATH) { (ui.t(certificate::TITLE)) } }
        div.page-head {
            h1 { (title) }
            (state(&ui, &found, now))
        }
        section.card {
            dl.facts {
                dt { (ui.t(certificate::DEVICE)) }
                dd {
                    @match found.device {
                        Some(device) => (ui.device_link(device, devices.get(&device))),
                        None => span.muted { (ui.t(certificate::NO_DEVICE)) },
                    }
                }
                dt { (ui.t(certificate::SUBJECT)) } dd { (found.subject) }
                dt { (ui.t(certificate::ISSUER)) } dd { (found.issuer) }
                dt { (ui.t(certificate::SERIAL)) } dd.mono { (found.serial) }
                dt { (ui.t(certificate::FINGERPRINT)) } dd.mono { (spaced(&found.fingerprint.to_string())) }
                dt { (ui.t(certificate::VALID_FROM)) } dd { (ui.time(found.not_before)) }
                dt { (ui.t(certificate::EXPIRES)) } dd { (ui.time(found.not_after)) }
                dt { (ui.t(certificate::MADE)) } dd { (ui.time(found.created_at)) }
                dt { (ui.t(certificate::ISSUED_BY)) } dd { (found.issued_by) }
                @if let Some(at) = found.revoked_at {
                    dt { (ui.t(certificate::REVOKED_AT)) }
                    dd {
                        (ui.time(at)) " "
                        (ui.fill(certificate::BY, &[&found.revoked_by.as_deref().unwrap_or_default()]))
                    }
                }
            }
        }
        section.card {
            h2 { (ui.t(certificate::PEM)) }
            pre.mono tabindex="0" data-copy { (found.pem) }
        }
        @if found.revoked_at.is_none() && may_revoke {
            section.card {
                h2 { (ui.t(certificate::REVOKE_TITLE)) }
                p { (ui.t(certificate::REVOKE_WARNING)) }
                (ui.form(&format!("{PATH}/{}/revoke", found.serial), html! {
                    (ui.tick("confirm", &found.serial, ui.t(certificate::REVOKE_CONFIRM), false))
                    button.button.danger { (ui.t(certificate::REVOKE)) }
                }))
            }
        }
    }))
}

async fn revoke(call: Call) -> Result<Redirect, Failure> {
    let serial = call.param(0);
    if call.form().get("confirm") != Some(serial) {
        return Err(Failure::bad("confirm", call.ui().t(certificate::REVOKE_UNCONFIRMED)));
    }
    let revoked = call.app().revoke_certificate(call.actor(), serial).await?;
    Ok(call.redirect(format!("{PATH}/{}", revoked.serial)).saying(certificate::REVOKED_NOW))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_cut_and_grouped() {
        assert_eq!(short("0123456789abcdef0"), "0123456789abcdef…");
        assert_eq!(short("1a"), "1a");
        assert_eq!(spaced("0123456789ab"), "0123 4567 89ab");
        assert_eq!(spaced(""), "");
    }
}
