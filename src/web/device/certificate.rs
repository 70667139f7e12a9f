//! The certificates that name a device.

use maud::html;
use warp::Reply;
use warp::http::Method;

use super::{Subject, Tab};
use crate::model::actor::Scope;
use crate::model::device::PageStart;
use crate::web::call::{Call, Redirect};
use crate::web::failure::Failure;
use crate::web::message::device as words;
use crate::web::routes::{Route, route};
use crate::web::ui::Tone;

/// Certificates of one page.
const PAGE: u32 = 50;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/devices/{id}/certificates", list),
        route(Method::POST, "/devices/{id}/certificates/{serial}/revoke", revoke),
    ]
}

async fn list(call: Call) -> Result<impl Reply, Failure> {
    let subject = Subject::of(&call).await?;
    let ui = call.ui();
    let start = PageStart::Cursor(call.query().filled("cursor").map(str::to_owned));
    let page = call.app().certificates(call.actor(), Some(subject.device.id), start, PAGE).await?;
    let now = call.app().clock().now();
    let body = html! {
        section #certificates data-live={ "device:" (subject.device.id) } {
            @if page.items.is_empty() { (ui.empty(words::NO_CERTIFICATES, words::NO_CERTIFICATES_HINT, None)) }
            @else {
                (ui.scroll(ui.t(words::TAB_CERTIFICATES), html! { table.list {
                    thead { tr {
                        th scope="col" { (ui.t(words::SUBJECT)) } th scope="col" { (ui.t(words::SERIAL)) } th scope="col" { (ui.t(words::STATE)) }
                        th scope="col" { (ui.t(words::VALID)) } th scope="col" { span.sr { (ui.t(words::REVOKE)) } }
                    } }
                    tbody {
                        @for one in &page.items {
                            tr {
                                td { (one.subject) }
                                td.mono { (one.serial) }
                                td {
                                    @match one.revoked_at {
                                        Some(at) => { (ui.badge(Tone::Bad, ui.t(words::REVOKED))) " " (ui.ago(at)) }
                                        None if one.not_after <= now => { (ui.badge(Tone::Warn, ui.t(words::CERTIFICATE_EXPIRED))) }
                                        None => { (ui.badge(Tone::Ok, ui.t(words::CERTIFICATE_VALID))) }
                                    }
                                }
                                td { (ui.time(one.not_before)) " – " (ui.time(one.not_after)) }
                                td {
                                    @if one.revoked_at.is_none() && ui.may(Scope::Operate) {
                                        (ui.action_asked(
                                            &subject.path(&format!("/certificates/{}/revoke", one.serial)),
                                            words::REVOKE, "button small danger", ui.t(words::ASK_REVOKE),
                                        ))
                                    }
                                }
                            }
                        }
                    }
                } }))
            }
        }
        (ui.pager(page.next.as_deref()))
    };
    let api = format!("/api/v1/certificates?device={}", subject.device.id);
    Ok(subject.page(Tab::Certificates, &body).curl("GET", &api))
}

async fn revoke(call: Call) -> Result<Redirect, Failure> {
    let subject = Subject::of(&call).await?;
    let certificate = call.app().certificate(call.actor(), call.param(1)).await?;
    if certificate.device != Some(subject.device.id) {
        return Err(Failure::missing("certificate", call.param(1)));
    }
    call.app().revoke_certificate(call.actor(), &certificate.serial).await?;
    Ok(call.redirect(subject.path("/certificates")).saying(words::REVOKED_NOW))
}
