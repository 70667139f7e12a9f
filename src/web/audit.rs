//! `/audit`: who did what to whom.

use maud::{Markup, html};
use warp::Reply;
use warp::http::Method;

use super::call::Call;
use super::failure::Failure;
use super::fields::Fields;
use super::message::audit as text;
use super::message::{Message, general};
use super::routes::{Route, route};
use super::ui::{Tone, Ui};
use crate::model::audit::{AuditEntry, AuditFilter, Outcome};
use crate::model::timestamp::Timestamp;

/// Lines on a page.
const PAGE: u32 = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/audit", list)]
}

const fn outcome_text(outcome: Outcome) -> Message {
    match outcome {
        Outcome::Done => text::DONE,
        Outcome::Refused => text::REFUSED,
        Outcome::Failed => text::FAILED,
    }
}

const fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Done => Tone::Ok,
        Outcome::Refused => Tone::Warn,
        Outcome::Failed => Tone::Bad,
    }
}

/// A time as a browser's field writes it, without a zone, or as everybody else does: in UTC.
fn moment(ui: &Ui, query: &Fields, name: &str) -> Result<Option<Timestamp>, Failure> {
    let Some(word) = query.filled(name) else { return Ok(None) };
    let ways = [word.to_owned(), format!("{word}Z"), format!("{word}:00Z"), format!("{word}T00:00:00Z")];
    match ways.iter().find_map(|way| Timestamp::parse(way)) {
        Some(at) => Ok(Some(at)),
        None => Err(Failure::bad(name, ui.t(text::BAD_TIME))),
    }
}

async fn list(call: Call) -> Result<impl Reply, Failure> {
    let (ui, query) = (call.ui(), call.query());
    let own = |name| query.filled(name).map(str::to_owned);
    let outcome = query.filled("outcome");
    let filter = AuditFilter {
        actor: own("actor"),
        action: own("action"),
        target: own("target"),
        outcome: outcome.map(|word| Outcome::parse(word).ok_or_else(|| Failure::bad("outcome", word))).transpose()?,
        since: moment(&ui, query, "since")?,
        until: moment(&ui, query, "until")?,
        before: query.parsed("before")?,
    };
    let asked = asked(&filter);
    let found = call.app().audit(call.actor(), filter, PAGE).await?;
    let page = ui.page(text::TITLE).curl("GET", &asked.address("/api/v1/audit"));
    Ok(page.curl("GET", &asked.and("format", "csv").address("/api/v1/audit/export")).body(html! {
        div.page-head {
            h1 { (ui.t(text::TITLE)) " " span.muted.count { (ui.count(found.total, text::FOUND_ONE, text::FOUND)) } }
            div.inline title=(ui.t(text::EXPORT_WHY)) {
                a.button href=(asked.and("format", "csv").address("/api/v1/audit/export")) download { (ui.t(text::CSV)) }
                a.button href=(asked.and("format", "jsonl").address("/api/v1/audit/export")) download { (ui.t(text::JSON)) }
            }
        }
        (filters(&ui, query))
        @if found.items.is_empty() { (ui.empty(text::NONE, text::NONE_WHY, None)) } @else { (table(&ui, &found.items)) }
        (pager(&ui, found.next.as_deref()))
    }))
}

/// The filter as parameters of the API, but for the page.
fn asked(filter: &AuditFilter) -> Fields {
    let words = [
        ("actor", filter.actor.clone()),
        ("action", filter.action.clone()),
        ("target", filter.target.clone()),
        ("outcome", filter.outcome.map(|outcome| outcome.name().to_owned())),
        ("since", filter.since.map(|at| at.to_string())),
        ("until", filter.until.map(|at| at.to_string())),
    ];
    let words = words.into_iter().filter_map(|(name, word)| Some((name, word?)));
    words.fold(Fields::default(), |fields, (name, word)| fields.and(name, &word))
}

fn filters(ui: &Ui, query: &Fields) -> Markup {
    let typed = |name: &'static str| query.get(name).unwrap_or_default();
    let field = |name: &'static str, label: Message, kind: &str, hint: Option<Message>| {
        let control = html! {
            input id=(name) name=(name) type=(kind) value=(typed(name)) placeholder=[hint.map(|hint| ui.t(hint))]
                title=[hint.map(|hint| ui.t(hint))];
        };
        ui.field(name, label, &control, None)
    };
    let mut outcomes = vec![("", ui.t(text::ANY))];
    outcomes.extend(Outcome::ALL.map(|outcome| (outcome.name(), ui.t(outcome_text(outcome)))));
    html! {
        form.filters method="get" action="/audit" {
            (field("actor", text::ACTOR, "text", Some(text::ACTOR_HINT)))
            (field("action", text::ACTION, "text", Some(text::ACTION_HINT)))
            (field("target", text::TARGET, "text", Some(text::TARGET_HINT)))
            (ui.select("outcome", text::OUTCOME, &outcomes, typed("outcome")))
            (field("since", text::SINCE, "datetime-local", None))
            (field("until", text::UNTIL, "datetime-local", None))
            div.inline {
                button.button.primary { (ui.t(text::FILTER)) }
                a.button.quiet href="/audit" { (ui.t(text::CLEAR)) }
            }
        }
    }
}

fn table(ui: &Ui, entries: &[AuditEntry]) -> Markup {
    html! {
        (ui.scroll(ui.t(text::TITLE), html! {
            table.list.trail {
                thead { tr {
                    th.num scope="col" { (ui.t(text::NUMBER)) }
                    th scope="col" { (ui.t(text::TIME)) }
                    th scope="col" { (ui.t(text::ACTOR)) }
                    th scope="col" { (ui.t(text::ORIGIN)) }
                    th scope="col" { (ui.t(text::ACTION)) }
                    th scope="col" { (ui.t(text::TARGET)) }
                    th scope="col" { (ui.t(text::OUTCOME)) }
                    th scope="col" { (ui.t(text::DETAIL)) }
                } }
                tbody { @for entry in entries { (line(ui, entry)) } }
            }
        }))
    }
}

/// A line of the trail; what it names is a link to everything else about it.
fn line(ui: &Ui, entry: &AuditEntry) -> Markup {
    let narrowed = |name: &str, value: &str| ui.query().with("before", None).with(name, Some(value)).address("/audit");
    html! {
        tr data-row {
            td.num { (entry.number) }
            td { (ui.time(entry.at)) }
            td { a href=(narrowed("actor", &entry.actor)) { (entry.actor) } }
            td.mono { (entry.origin) }
            td { a href=(narrowed("action", &entry.action)) { (entry.action) } }
            td.long { @if !entry.target.is_empty() { a href=(narrowed("target", &entry.target)) { (entry.target) } } }
            td { (ui.badge(tone(entry.outcome), ui.t(outcome_text(entry.outcome)))) }
            td.long { (entry.detail) }
        }
    }
}

fn pager(ui: &Ui, next: Option<&str>) -> Markup {
    let further = ui.query().has("before");
    html! {
        @if further || next.is_some() {
            nav.pager aria-label=(ui.t(general::PAGES)) {
                @if further { a.button.quiet href=(ui.here_with("before", None)) { (ui.t(text::NEWEST)) } }
                @if let Some(next) = next { a.button href=(ui.here_with("before", Some(next))) rel="next" { (ui.t(text::OLDER)) } }
            }
        }
    }
}
