//! `/activities` and `/operations`: what was sent, how far it has come, and taking it back.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use maud::{Markup, html};
use warp::http::Method;

use super::call::{Call, Redirect};
use super::failure::Failure;
use super::fields::Fields;
use super::message::{Message, activity};
use super::routes::{Route, route};
use super::ui::{Page, Tone, Ui, operation_status};
use crate::app::operation::ActivityKey;
use crate::model::device::{Device, PageStart};
use crate::model::id::{DeviceId, OperationId};
use crate::model::operation::{
    ActivityFilter, ActivitySummary, Operation, OperationFilter, OperationKind, OperationStatus,
};
use crate::model::policy::is_policy;
use crate::model::timestamp::Timestamp;

const ACTIVITIES: &str = "/activities";
const OPERATIONS: &str = "/operations";
/// Rows on a page.
const PAGE: u32 = 50;
/// The most bytes of a device's answer that are shown at once; the rest is in the API.
const MAX_SHOWN: usize = 2000;
/// What did not come to a good end.
const FAILED: [OperationStatus; 2] = [OperationStatus::Error, OperationStatus::Expired];
const KINDS: [OperationKind; 4] =
    [OperationKind::Command, OperationKind::Config, OperationKind::Profile, OperationKind::Policy];

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, ACTIVITIES, list),
        route(Method::GET, "/activities/{id}", show),
        route(Method::POST, "/activities/{id}/cancel", cancel_all),
        route(Method::GET, OPERATIONS, operations),
        route(Method::POST, "/operations/{id}/cancel", cancel),
    ]
}

async fn list(call: Call) -> Result<Page, Failure> {
    let ui = call.ui();
    let query = call.query();
    let filter = read_filter(query)?;
    let start = PageStart::Cursor(query.get("cursor").map(str::to_owned));
    let page = call.app().activity_summaries(call.actor(), filter, start, PAGE).await?;
    let filtered = query.iter().any(|(name, value)| name != "cursor" && !value.is_empty());
    let api = api_address(query);
    Ok(ui.page(activity::TITLE).curl("GET", &api).body(html! {
        div.page-head {
            h1 { (ui.t(activity::TITLE)) }
            a.button href=(OPERATIONS) { (ui.t(activity::OPERATIONS)) }
            p.muted { (ui.t(activity::INTRO)) }
        }
        (filter_form(&ui, query, filtered))
        section #list data-live="operations" {
            @if page.items.is_empty() && filtered {
                (ui.empty(activity::NOTHING, activity::NOTHING_HINT, Some((ACTIVITIES, activity::CLEAR))))
            } @else if page.items.is_empty() {
                (ui.empty(activity::NOTHING_YET, activity::NOTHING_YET_HINT, Some(("/devices", activity::DEVICES))))
            } @else {
                p.muted { (ui.count(page.total, activity::FOUND_ONE, activity::FOUND)) }
                (table(&ui, &page.items))
                (ui.pager(page.next.as_deref()))
            }
        }
    }))
}

fn filter_form(ui: &Ui, query: &Fields, filtered: bool) -> Markup {
    let given = |name| query.filled(name).unwrap_or_default();
    let any = ("", ui.t(activity::ANY));
    let kinds: Vec<_> = std::iter::once(any).chain(KINDS.iter().map(|kind| (kind.name(), kind.name()))).collect();
    let statuses = OperationStatus::ALL.iter().map(|status| (status.name(), ui.t(operation_status(*status))));
    let statuses: Vec<_> = std::iter::once(any).chain(statuses).collect();
    html! {
        form.filters method="get" action=(ACTIVITIES) {
            (ui.input("search", "code", activity::CODE, given("code"), None))
            (ui.select("kind", activity::KIND, &kinds, given("kind")))
            (ui.input("search", "by", activity::INITIATOR, given("by"), None))
            (ui.select("status", activity::STATUS, &statuses, given("status")))
            (ui.input("date", "from", activity::FROM, given("from"), None))
            (ui.input("date", "until", activity::UNTIL, given("until"), None))
            div.buttons {
                button.button.primary { (ui.t(activity::APPLY)) }
                @if filtered { a.button.quiet href=(ACTIVITIES) { (ui.t(activity::CLEAR)) } }
            }
        }
    }
}

fn read_filter(query: &Fields) -> Result<ActivityFilter, Failure> {
    let word = |name| query.filled(name).map(str::to_owned);
    let wrong = |name: &str| Failure::bad(name, format!("{name} cannot be that"));
    let kind = query.filled("kind").map(|kind| OperationKind::parse(kind).ok_or_else(|| wrong("kind"))).transpose()?;
    let status = query
        .filled("status")
        .map(|status| OperationStatus::parse(status).ok_or_else(|| wrong("status")))
        .transpose()?;
    Ok(ActivityFilter {
        code: word("code"),
        kind,
        initiated_by: word("by"),
        from: day(query, "from")?,
        until: day(query, "until")?.map(|day| day.plus(Duration::from_hours(24))),
        statuses: status.into_iter().collect(),
        ..ActivityFilter::default()
    })
}

/// The beginning of a day in UTC, as a date's control writes it.
fn day(query: &Fields, name: &str) -> Result<Option<Timestamp>, Failure> {
    let parse = |date: &str| {
        let wrong = || Failure::bad(name, format!("{name} is a date such as 2026-11-24"));
        Timestamp::parse(&format!("{date}T00:00:00Z")).ok_or_else(wrong)
    };
    query.filled(name).map(parse).transpose()
}

/// The same list over the API.
fn api_address(query: &Fields) -> String {
    let mut fields = Fields::default();
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        fields = match name {
            "code" | "kind" | "status" | "cursor" => fields.and(name, value),
            "by" => fields.and("initiated_by", value),
            "from" | "until" => match day(query, name) {
                Ok(Some(day)) if name == "until" => fields.and(name, &day.plus(Duration::from_hours(24)).to_string()),
                Ok(Some(day)) => fields.and(name, &day.to_string()),
                _ => fields,
            },
            _ => fields,
        };
    }
    fields.address("/api/v1/activities/summaries")
}

fn table(ui: &Ui, items: &[ActivitySummary]) -> Markup {
    html! {
        (ui.scroll(ui.t(activity::TITLE), html! {
            table.list {
                thead {
                    tr {
                        th.num scope="col" { (ui.t(activity::NUMBER)) }
                        th scope="col" { (ui.t(activity::CODE)) }
                        th scope="col" { (ui.t(activity::PROGRESS)) }
                        th.num scope="col" { (ui.t(activity::DEVICES)) }
                        th scope="col" { (ui.t(activity::SENT)) }
                        th scope="col" { (ui.t(activity::INITIATOR)) }
                    }
                }
                tbody {
                    @for item in items {
                        tr #{ "a" (item.number) } data-row {
                            td.num { (item.number) }
                            td {
                                a href={ "/activities/" (item.id) } { (item.code) }
                                " " span.muted { (item.kind.name()) }
                            }
                            td.progress { (progress(ui, item)) }
                            td.num { (item.devices()) }
                            td { (ui.ago(item.created_at)) }
                            td { (item.initiated_by) }
                        }
                    }
                }
            }
        }))
    }
}

/// A bar of how many operations stand where, and the same in words.
fn progress(ui: &Ui, item: &ActivitySummary) -> Markup {
    let parts: Vec<(Tone, u64)> =
        item.counts.iter().map(|(status, count)| (Tone::of_operation(*status), *count)).collect();
    let mut words = String::new();
    for (status, count) in &item.counts {
        let between = if words.is_empty() { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(words, "{between}{count} {}", ui.t(operation_status(*status)));
    }
    html! {
        (ui.stack(&words, &parts))
        span.small aria-hidden="true" { (words) }
    }
}

async fn show(call: Call) -> Result<Page, Failure> {
    let ui = call.ui();
    let key: ActivityKey = call.id(0, "activity")?;
    let found = call.app().activity_summary(call.actor(), key).await?;
    let query = call.query();
    let status = query.filled("status").and_then(OperationStatus::parse);
    let filter = OperationFilter {
        activity: Some(found.number),
        statuses: status.into_iter().collect(),
        ..OperationFilter::default()
    };
    let cursor = query.get("cursor").map(str::to_owned);
    let page = call.app().operations(call.actor(), filter, PAGE, cursor).await?;
    let devices = call.app().known_devices(call.actor(), page.items.iter().map(|operation| operation.device)).await?;
    let cancel = format!("/api/v1/activities/{}/cancel", found.id);
    let listed = format!("/api/v1/operations?activity={}", found.number);
    let title = ui.fill(activity::ACTIVITY, &[&found.number, &found.code]);
    let here = format!("/activities/{}", found.id);
    Ok(ui.page_titled(&title).curl("GET", &listed).curl("POST", &cancel).body(html! {
        p.crumbs { a href=(ACTIVITIES) { (ui.t(activity::TITLE)) } }
        div.page-head #head data-live="operations" {
            h1 { (title) }
            @if found.open() > 0 && ui.may_command() {
                (ui.action_asked(
                    &format!("/activities/{}/cancel", found.id),
                    activity::CANCEL_ALL,
                    "button danger",
                    ui.t(activity::CANCEL_ALL_ASK),
                ))
            }
        }
        section.card #progress data-live="operations" {
            div.progress { (progress(&ui, &found)) }
            p.muted { (ui.fill(activity::DONE_OF, &[&(found.devices() - found.open()), &found.devices()])) }
            (facts(&ui, &found))
        }
        section #list data-live="operations" {
            nav.tabs aria-label=(ui.t(activity::STATUS)) {
                a href=(here) aria-current=[status.is_none().then_some("true")] {
                    (ui.t(activity::ALL_STATUSES)) " " span.count { (found.devices()) }
                }
                @for (one, count) in &found.counts {
                    a href={ (here) "?status=" (one.name()) } aria-current=[(status == Some(*one)).then_some("true")] {
                        (ui.t(operation_status(*one))) " " span.count { (count) }
                    }
                }
            }
            @if page.items.is_empty() {
                (ui.empty(activity::NO_OPERATIONS, activity::NOTHING_HINT, Some((&here, activity::ALL_STATUSES))))
            } @else {
                (operation_table(&ui, &page.items, &devices, false))
                (ui.pager(page.next.as_deref()))
            }
        }
    }))
}

fn facts(ui: &Ui, found: &ActivitySummary) -> Markup {
    html! {
        dl.facts {
            dt { (ui.t(activity::KIND)) } dd { (found.kind.name()) }
            dt { (ui.t(activity::INITIATOR)) } dd { (found.initiated_by) }
            dt { (ui.t(activity::SENT)) } dd { (ui.time(found.created_at)) }
            dt { (ui.t(activity::EXPIRES)) }
            dd { @match found.expires_at { Some(at) => (ui.time(at)), None => (ui.t(activity::NEVER)) } }
            dt { (ui.t(activity::PAYLOAD)) }
            dd {
                @match &found.payload {
                    Some(text) => pre.mono tabindex="0" { (indented(text)) },
                    None => span.muted { (ui.t(activity::NO_PAYLOAD)) },
                }
            }
        }
    }
}

/// JSON on several lines; any other text as it is.
fn indented(text: &str) -> String {
    let json = serde_json::from_str::<serde_json::Value>(text).ok().filter(|json| json.is_object() || json.is_array());
    json.and_then(|json| serde_json::to_string_pretty(&json).ok()).unwrap_or_else(|| text.to_owned())
}

fn operation_table(ui: &Ui, items: &[Operation], devices: &HashMap<DeviceId, Device>, with_code: bool) -> Markup {
    html! {
        (ui.scroll(ui.t(activity::OPERATIONS), html! {
            table.list {
                thead {
                    tr {
                        @if with_code { th scope="col" { (ui.t(activity::CODE)) } }
                        th scope="col" { (ui.t(activity::DEVICE)) }
                        th scope="col" { (ui.t(activity::STATUS)) }
                        th scope="col" { (ui.t(activity::REASON)) }
                        th scope="col" { (ui.t(activity::UPDATED)) }
                        th scope="col" { span.sr { (ui.t(activity::CANCEL)) } }
                    }
                }
                tbody {
                    @for item in items {
                        tr #{ "o-" (item.id) } data-row {
                            @if with_code { td { a href={ "/activities/" (item.activity) } { (item.code) } } }
                            td { (ui.device_link(item.device, devices.get(&item.device))) }
                            td { (ui.operation_status(item.status)) }
                            td.wide { (item.reason) (responses(ui, item)) }
                            td { (ui.ago(item.updated_at)) }
                            td {
                                @if ui.may_command() { (actions(ui, item, devices.get(&item.device))) }
                            }
                        }
                    }
                }
            }
        }))
    }
}

/// What may be done with an operation: taking it back, or sending it once more.
fn actions(ui: &Ui, item: &Operation, device: Option<&Device>) -> Markup {
    // What tells a device its policy is sent by applying that.
    let again = item.status.may_be_retried()
        && !is_policy(&item.code)
        && device.is_some_and(|device| device.status.may_receive());
    html! {
        @if !item.status.is_final() {
            (ui.form_classed(&format!("/operations/{}/cancel", item.id), "inline", html! {
                input type="hidden" name="back" value=(ui.query().address(ui.path()));
                button.button.quiet.small { (ui.t(activity::CANCEL)) }
            }))
        } @else if again {
            (ui.action(
                &format!("/devices/{}/operations/{}/retry", item.device, item.id),
                activity::RETRY,
                "button small",
            ))
        }
    }
}

/// The answers of the device, folded.
fn responses(ui: &Ui, operation: &Operation) -> Markup {
    let shown: Vec<_> = operation.responses.iter().filter(|response| !response.text.is_empty()).collect();
    html! {
        @if !shown.is_empty() {
            details #{ "r-" (operation.id) } {
                summary { (ui.t(activity::RESPONSES)) " (" (shown.len()) ")" }
                @for response in shown {
                    p.small { (ui.operation_status(response.status)) " " (ui.time(response.at)) }
                    @let text = indented(&response.text);
                    @let cut = crate::model::text::cut(&text, MAX_SHOWN);
                    pre.mono tabindex="0" { (cut) @if cut.len() < text.len() { " …" } }
                }
            }
        }
    }
}

/// Which operations the list shows.
fn chosen(query: &Fields) -> (&'static str, Vec<OperationStatus>) {
    match query.filled("status") {
        Some("failed") => ("failed", FAILED.to_vec()),
        Some("all") => ("all", Vec::new()),
        Some(word) => match OperationStatus::parse(word) {
            Some(status) => (status.name(), vec![status]),
            None => ("waiting", OperationStatus::WAITING.to_vec()),
        },
        None => ("waiting", OperationStatus::WAITING.to_vec()),
    }
}

async fn operations(call: Call) -> Result<Page, Failure> {
    let ui = call.ui();
    let query = call.query();
    let (word, statuses) = chosen(query);
    let updated_since =
        query.parsed::<u32>("hours")?.map(|hours| call.app().clock().now().minus(Duration::from_hours(hours.into())));
    let asked = statuses.iter().fold(Fields::default(), |fields, status| fields.and("status", status.name()));
    let filter = OperationFilter { statuses, updated_since, ..OperationFilter::default() };
    let cursor = query.get("cursor").map(str::to_owned);
    let page = call.app().operations(call.actor(), filter, PAGE, cursor).await?;
    let devices = call.app().known_devices(call.actor(), page.items.iter().map(|operation| operation.device)).await?;
    let tabs: Vec<(&str, Message)> =
        vec![("waiting", activity::WAITING), ("failed", activity::FAILED), ("all", activity::ALL)];
    let each = OperationStatus::ALL.iter().map(|status| (status.name(), operation_status(*status)));
    Ok(ui.page(activity::OPERATIONS).curl("GET", &asked.address("/api/v1/operations")).body(html! {
        p.crumbs { a href=(ACTIVITIES) { (ui.t(activity::TITLE)) } }
        div.page-head {
            h1 { (ui.t(activity::OPERATIONS)) }
            p.muted { (ui.t(activity::OPERATIONS_INTRO)) }
        }
        nav.tabs aria-label=(ui.t(activity::STATUS)) {
            @for (name, label) in tabs.into_iter().chain(each) {
                a href={ (OPERATIONS) "?status=" (name) } aria-current=[(name == word).then_some("page")] { (ui.t(label)) }
            }
        }
        section #list data-live="operations" {
            @if page.items.is_empty() {
                (ui.empty(activity::NO_OPERATIONS, activity::NO_OPERATIONS_HINT, None))
            } @else {
                p.muted { (ui.count(page.total, activity::OPERATIONS_FOUND_ONE, activity::OPERATIONS_FOUND)) }
                (operation_table(&ui, &page.items, &devices, true))
                (ui.pager(page.next.as_deref()))
            }
        }
    }))
}

async fn cancel_all(call: Call) -> Result<Redirect, Failure> {
    let key: ActivityKey = call.id(0, "activity")?;
    let count = call.app().cancel_activity(call.actor(), key).await?;
    let said = call.ui().fill(activity::CANCELLED_ALL, &[&count]);
    Ok(call.redirect(format!("{ACTIVITIES}/{key}")).saying_text(said))
}

async fn cancel(call: Call) -> Result<Redirect, Failure> {
    let id: OperationId = call.id(0, "operation")?;
    call.app().cancel(call.actor(), id).await?;
    Ok(call.redirect(call.form().get("back").unwrap_or(OPERATIONS)).saying(activity::CANCELLED))
}
