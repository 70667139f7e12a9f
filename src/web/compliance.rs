//! `/compliance`: how the devices comply with their policies, and why they do not.

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::call::Call;
use super::failure::Failure;
use super::fields::Fields;
use super::message::{Message, policy as words};
use super::policy::{counted, state_badge};
use super::routes::{Route, route};
use super::ui::text::percent;
use super::ui::{Tone, Ui};
use crate::model::compliance::{ComplianceFilter, ComplianceReport, ComplianceState, Standing};
use crate::model::device::DeviceFilter;
use crate::model::query::Query;

/// Devices on a page.
const PAGE: u32 = 50;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/compliance", report)]
}

fn filter(query: &Fields) -> Result<ComplianceFilter, Failure> {
    let read = |text: &str| Query::parse(text).map_err(|error| Failure::bad("q", error.to_string()));
    Ok(ComplianceFilter {
        state: match query.filled("state") {
            None => Some(ComplianceState::Violating),
            Some("all") => None,
            Some(word) => Some(ComplianceState::parse(word).ok_or_else(|| Failure::bad("state", word))?),
        },
        policy: query.parsed("policy")?,
        feature: query.filled("feature").map(str::to_owned),
        devices: DeviceFilter {
            device_type: query.filled("type").map(str::to_owned),
            query: query.filled("q").map(read).transpose()?,
            ..DeviceFilter::default()
        },
    })
}

async fn report(call: Call) -> Result<impl Reply, Failure> {
    let (ui, query) = (call.ui(), call.query());
    let asked = filter(query)?;
    let cursor = query.filled("cursor").map(str::to_owned);
    let found = call.app().compliance(call.actor(), asked.clone(), PAGE, cursor).await?;
    // What the API is asked for by the same words.
    let mut words_asked = Fields::default();
    for name in ["state", "policy", "feature", "type", "q"] {
        words_asked = words_asked.with(name, query.filled(name));
    }
    let export = words_asked.address("/api/v1/compliance/export");
    let body = html! {
        div.page-head {
            h1 { (ui.t(words::REPORT)) }
            a.button #export data-live="policies" href=(export) download="compliance.csv" { (ui.t(words::EXPORT)) }
        }
        section #tiles.tiles data-live="devices policies operations" { (tiles(&ui, &asked, &found)) }
        (narrow(&ui, &asked, &found))
        section #report data-live="devices policies operations" { (devices(&ui, &asked, &found)) }
        div #breakdown.columns.spaced data-live="devices policies operations" { (breakdown(&ui, &found)) }
    };
    let page = ui.page(words::REPORT).curl("GET", &words_asked.address("/api/v1/compliance"));
    Ok(page.curl("GET", &export).body(body))
}

const fn state_text(state: ComplianceState) -> Message {
    match state {
        ComplianceState::Compliant => words::COMPLIANT,
        ComplianceState::Violating => words::VIOLATING,
        ComplianceState::Unknown => words::UNKNOWN,
    }
}

fn tiles(ui: &Ui, asked: &ComplianceFilter, found: &ComplianceReport) -> Markup {
    let total = found.counts.total();
    html! {
        @for state in ComplianceState::ALL {
            @let count = found.counts.of(state);
            div.tile {
                h3 { a href=(with_state(ui, state.name())) aria-current=[(asked.state == Some(state)).then_some("true")] {
                    (state_badge(ui, state))
                } }
                p.value { (count) }
                p.muted { (ui.fill(words::PER_CENT, &[&percent(count, total)])) }
            }
        }
    }
}

fn with_state(ui: &Ui, state: &str) -> String {
    ui.query().with("cursor", None).with("state", Some(state)).address(ui.path())
}

fn narrow(ui: &Ui, asked: &ComplianceFilter, found: &ComplianceReport) -> Markup {
    let query = ui.query();
    html! {
        nav.facets.spaced aria-label=(ui.t(words::COMPLIANCE)) {
            @for state in ComplianceState::ALL {
                a href=(with_state(ui, state.name())) aria-current=[(asked.state == Some(state)).then_some("true")] { (ui.t(state_text(state))) }
            }
            a href=(with_state(ui, "all")) aria-current=[asked.state.is_none().then_some("true")] { (ui.t(words::ALL)) }
        }
        form.toolbar.report-filter method="get" action="/compliance" {
            input type="hidden" name="state" value=(asked.state.map_or("all", ComplianceState::name));
            div.field {
                label for="policy" { (ui.t(words::POLICY)) }
                select #policy name="policy" {
                    option value="" { (ui.t(words::ALL)) }
                    @for one in &found.policies { option value=(one.policy.id) selected[asked.policy == Some(one.policy.id)] { (one.policy.name) } }
                }
            }
            div.field {
                label for="feature" { (ui.t(words::FEATURE)) }
                select #feature name="feature" {
                    option value="" { (ui.t(words::ALL)) }
                    @for one in &found.features { option value=(one.code) selected[asked.feature.as_deref() == Some(one.code.as_str())] { (one.code) } }
                }
            }
            div.field {
                label for="q" { (ui.t(words::QUERY)) }
                input #q name="q" type="search" value=(query.get("q").unwrap_or_default()) placeholder=(ui.t(words::QUERY_HINT)) autocomplete="off" spellcheck="false";
            }
            button.button { (ui.t(words::FILTER)) }
        }
    }
}

fn devices(ui: &Ui, asked: &ComplianceFilter, found: &ComplianceReport) -> Markup {
    let total = found.page.total;
    if found.page.items.is_empty() {
        return match asked.state {
            _ if found.counts.total() == 0 && found.policies.is_empty() => {
                ui.empty(words::UNMANAGED, words::UNMANAGED_HINT, Some(("/policies", words::TITLE)))
            }
            Some(ComplianceState::Violating) if asked.policy.is_none() && asked.feature.is_none() => {
                ui.empty(words::CLEAN, words::CLEAN_HINT, None)
            }
            _ => ui.empty(words::REPORT_NONE, words::REPORT_NONE_HINT, None),
        };
    }
    html! {
        p.muted { (ui.count(total, words::FOUND_ONE, words::FOUND)) }
        (ui.scroll(ui.t(words::REPORT), html! {
            table.list {
                thead { tr {
                    th scope="col" { (ui.t(words::DEVICE)) }
                    th scope="col" { (ui.t(words::COMPLIANCE)) }
                    th scope="col" { (ui.t(words::REASONS)) }
                    th scope="col" { (ui.t(words::POLICY)) }
                    th scope="col" { (ui.t(words::OWNER)) }
                    th scope="col" { (ui.t(words::ANSWERED)) }
                } }
                tbody { @for item in &found.page.items { (row(ui, item)) } }
            }
        }))
        (ui.pager(found.page.next.as_deref()))
    }
}

fn row(ui: &Ui, item: &Standing) -> Markup {
    html! {
        tr data-row data-key=(item.id) {
            td.title {
                a href={ "/devices/" (item.id) "/policy" } { (if item.name.is_empty() { &item.identifier } else { &item.name }) }
                div.muted { (item.device_type) " · " (ui.device_status(item.status)) }
            }
            td { (state_badge(ui, item.state)) }
            td.reasons { (reasons(ui, item)) }
            td.tags { @for policy in &item.policies { a.tag href={ "/policies/" (policy.id) } { (policy.name) } " " } }
            td { (item.owner) }
            td.nowrap { (ui.ago_or_never(item.compliance.answered_at)) }
        }
    }
}

/// Why a device does not comply, or why that is not known.
fn reasons(ui: &Ui, item: &Standing) -> Markup {
    let found = &item.compliance;
    html! {
        @if !found.features.is_empty() {
            ul.plain { @for feature in &found.features {
                li { code { (feature.code) } @if !feature.reason.is_empty() { " " (feature.reason) } " " span.muted { (ui.ago(feature.since)) } }
            } }
        }
        @if let Some(untold) = &found.untold {
            (ui.badge(Tone::Warn, &ui.fill(words::UNTOLD, &[&ui.t(super::ui::operation_status(untold.status))])))
            @if !untold.reason.is_empty() { div.muted { (untold.reason) } }
        } @else if found.underway {
            (ui.badge(Tone::Info, ui.t(words::UNDERWAY)))
        } @else if item.state == ComplianceState::Unknown {
            span.muted { (ui.t(if found.asked_at.is_some() { words::NO_ANSWER } else { words::NOT_ASKED })) }
        }
    }
}

fn breakdown(ui: &Ui, found: &ComplianceReport) -> Markup {
    let policies = html! {
        @for one in &found.policies {
            @let link = html! { a href={ "/policies/" (one.policy.id) } { (one.policy.name) } };
            tr data-key=(one.policy.id) { td { (link) } td { (counted(ui, one.counts, &format!("/compliance?policy={}", one.policy.id))) } }
        }
    };
    let features = html! {
        @for one in &found.features {
            @let address = Fields::default().and("feature", &one.code).address("/compliance");
            tr data-key=(one.code) { td { code { (one.code) } } td { (counted(ui, one.counts, &address)) } }
        }
    };
    let card = |title: Message, rows: &Markup| {
        html! {
            section.card {
                h2 { (ui.t(title)) }
                table.list {
                    thead.sr { tr { th scope="col" { (ui.t(words::NAME)) } th scope="col" { (ui.t(words::COMPLIANCE)) } } }
                    tbody { (rows) }
                }
            }
        }
    };
    html! {
        @if !found.policies.is_empty() { (card(words::BY_POLICY, &policies)) }
        @if !found.features.is_empty() { (card(words::BY_FEATURE, &features)) }
    }
}
