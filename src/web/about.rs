//! `/about`: the version, what it runs on, and the licences of what it is made of.

use maud::{Markup, html};
use warp::http::Method;

use super::call::Call;
use super::failure::Failure;
use super::message::{about, reference};
use super::routes::{Route, route};
use super::ui::text::span;
use super::ui::{Page, Ui};

/// Every locked crate, made by `dev/licences`: name, version, licence and use, between tabs.
const CRATES: &str = include_str!("../../assets/licences.tsv");

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/about", show)]
}

/// A crate that Pym is made of or with.
struct Crate {
    name: &'static str,
    version: &'static str,
    licence: &'static str,
    /// It is in the programs, not only at work where they are built.
    linked: bool,
}

async fn show(call: Call) -> Result<Page, Failure> {
    let ui = call.ui();
    let status = call.app().status(call.actor()).await?;
    // Who sees their own devices alone does not see the board.
    let host = call.app().host(call.actor()).ok();
    let (linked, others): (Vec<Crate>, Vec<Crate>) = crates().partition(|one| one.linked);
    Ok(ui.page(about::TITLE).curl("GET", "/api/v1/status").body(html! {
        div.page-head {
            h1 { (ui.t(about::TITLE)) }
            a.button href="/reference" { (ui.t(reference::TITLE)) }
        }
        p.lead { (ui.t(about::PYM)) }
        div.columns {
            section.card {
                h2 { "Pym " (status.version) }
                dl.facts {
                    dt { (ui.t(about::STARTED)) } dd { (ui.time(status.started_at)) }
                    dt { (ui.t(about::SITE)) } dd.mono { (status.site) }
                    @if let Some(host) = &host {
                        dt { (ui.t(about::BOARD)) } dd { (host.model) }
                        dt { (ui.t(about::SYSTEM)) } dd { (host.os) ", " (host.kernel) " " (host.arch) }
                        dt { (ui.t(about::UPTIME)) } dd { (span(host.uptime_secs)) }
                    }
                }
            }
            section.card {
                h2 { (ui.t(about::LICENCE)) }
                p { (ui.t(about::LICENCE_TEXT)) }
            }
        }
        section.card {
            h2 { (ui.t(about::DEPENDENCIES)) }
            p.muted { (ui.fill(about::DEPENDENCIES_HINT, &[&linked.len()])) }
            (ui.filter("crates", about::FILTER))
            (table(&ui, "crates", &linked))
            details {
                summary { (ui.fill(about::BUILD_ONLY, &[&others.len()])) }
                (table(&ui, "others", &others))
            }
        }
    }))
}

fn table(ui: &Ui, id: &str, crates: &[Crate]) -> Markup {
    html! {
        (ui.scroll(ui.t(about::DEPENDENCIES), html! {
            table.list id=(id) {
                thead {
                    tr {
                        th scope="col" { (ui.t(about::CRATE)) }
                        th scope="col" { (ui.t(about::VERSION)) }
                        th scope="col" { (ui.t(about::LICENCE)) }
                    }
                }
                tbody {
                    @for one in crates {
                        tr {
                            td { (one.name) }
                            td { (one.version) }
                            td { (one.licence) }
                        }
                    }
                }
            }
        }))
    }
}

fn crates() -> impl Iterator<Item = Crate> {
    CRATES.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut parts = line.split('\t');
        let (name, version, licence) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Crate { name, version, licence, linked: parts.next()? == "binary" })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_list_is_read() {
        let lines = CRATES.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(crates().count(), lines);
        assert!(crates().any(|one| one.name == "tokio" && one.linked && one.licence == "MIT"));
        assert!(crates().any(|one| one.name == "tempfile" && !one.linked));
    }
}
