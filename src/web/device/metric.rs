//! What a device measures: its last values, and charts of its metrics over a span.

use std::time::Duration;

use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use warp::Reply;
use warp::http::Method;

use super::{Subject, Tab};
use crate::model::telemetry::{Chart, LastValue, Range, Value};
use crate::model::timestamp::Timestamp;
use crate::web::call::Call;
use crate::web::failure::Failure;
use crate::web::message::{Message, chart, device as words};
use crate::web::routes::{Route, route};
use crate::web::ui::Ui;
use crate::web::ui::quantity::quantity;

/// The most charts of one page; further metrics are links.
const MAX_CHARTS: usize = 12;
/// The most metrics with a small chart on the first tab.
const MAX_SPARKS: usize = 12;
/// Metrics that are a place: the map shows them.
const PLACE: [&str; 2] = ["latitude", "longitude"];
/// The buckets of a small chart.
const SPARK_BUCKETS: u32 = 48;
/// How far the clock of a device may be ahead and its newest values still end the chart.
const AHEAD: Duration = Duration::from_hours(1);

/// A span of charts: its word in the address, its name, its length, its buckets, and whether it is redrawn as values come
/// in. A day has tens of thousands of samples a chart, and its drawing hardly moves: only the last values do.
struct Span {
    word: &'static str,
    name: Message,
    length: Duration,
    /// Of one chart alone, and of one among others.
    buckets: [u32; 2],
    live: bool,
}

const SPANS: [Span; 4] = [
    Span { word: "1h", name: words::RANGE_HOUR, length: Duration::from_hours(1), buckets: [120, 60], live: true },
    Span { word: "24h", name: words::RANGE_DAY, length: Duration::from_hours(24), buckets: [144, 96], live: false },
    Span { word: "7d", name: words::RANGE_WEEK, length: Duration::from_hours(24 * 7), buckets: [168, 84], live: false },
    Span {
        word: "30d",
        name: words::RANGE_MONTH,
        length: Duration::from_hours(24 * 30),
        buckets: [180, 90],
        live: false,
    },
];

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/devices/{id}/metrics", show)]
}

/// What a metric is called, and its unit.
fn described<'a>(subject: &'a Subject, name: &'a str) -> (&'a str, &'a str) {
    let known = subject.kind.as_ref().and_then(|kind| kind.metrics.iter().find(|metric| metric.name == name));
    known.map_or((name, ""), |known| (if known.title.is_empty() { name } else { &known.title }, &known.unit))
}

/// The last values in the order of the device's type; those it does not know come last, by name.
async fn last_values(call: &Call, subject: &Subject) -> Result<Vec<LastValue>, Failure> {
    let mut values = call.app().last_values(call.actor(), subject.device.id).await?;
    if let Some(kind) = &subject.kind {
        kind.arrange(&mut values);
    }
    Ok(values)
}

/// A value as people read it.
fn written(ui: &Ui, value: &Value, unit: &str) -> String {
    match value {
        Value::Bool(true) => ui.t(chart::YES).to_owned(),
        Value::Bool(false) => ui.t(chart::NO).to_owned(),
        Value::Text(text) => crate::model::text::cut(text, 200).to_owned(),
        Value::Integer(_) | Value::Number(_) => quantity(value.as_f64().unwrap_or(0.0), unit),
    }
}

/// The span up to now, or up to the newest value of a device whose clock is ahead.
fn range(now: Timestamp, values: &[LastValue], length: Duration) -> Range {
    let newest = values.iter().map(|value| value.device_time).max();
    // The end is not in the range.
    let newest = newest.map(|newest| newest.plus(Duration::from_millis(1)));
    let to = newest.filter(|newest| *newest > now && newest.since(now) < AHEAD).unwrap_or(now);
    Range { from: to.minus(length), to }
}

/// What changes with each message of a device: a part of its own, so that the charts beside it are left alone.
fn moving(subject: &Subject, what: &str, value: &LastValue, content: &Markup) -> Markup {
    let name = utf8_percent_encode(&value.metric, NON_ALPHANUMERIC);
    html! { span id={ (what) "-" (name) } data-live={ "telemetry:" (subject.device.id) } { (content) } }
}

/// The charts of some metrics, in their order; none for a look of the script that does not draw `topic` again.
async fn charts(
    call: &Call,
    subject: &Subject,
    topic: &str,
    metrics: &[String],
    range: Range,
    buckets: u32,
) -> Result<Vec<Chart>, Failure> {
    if metrics.is_empty() || !call.is_due(topic) {
        return Ok(Vec::new());
    }
    Ok(call.app().charts(call.actor(), subject.device.id, metrics, range, buckets).await?)
}

/// The card of the first tab: each metric with its last value and its last day.
pub(super) async fn latest(call: &Call, subject: &Subject, values: &[LastValue]) -> Result<Markup, Failure> {
    let (ui, id) = (&subject.ui, subject.device.id);
    let range = range(call.app().clock().now(), values, Duration::from_hours(24));
    let values: Vec<_> = values.iter().filter(|value| !PLACE.contains(&value.metric.as_str())).collect();
    let numeric = values.iter().filter(|value| value.value.as_f64().is_some()).take(MAX_SPARKS);
    let names: Vec<_> = numeric.map(|value| value.metric.clone()).collect();
    // A card without a line has no sparklines to save, and waits for the first value.
    let live = format!("{}:{id}", if values.is_empty() { "telemetry" } else { "device" });
    let drawn = charts(call, subject, &live, &names, range, SPARK_BUCKETS).await?;
    let spark = |name: &str| names.iter().zip(&drawn).find(|(other, _)| *other == name).map(|(_, chart)| chart);
    Ok(html! {
        section #latest.card data-live=(live) {
            h2 { a href=(subject.path("/metrics")) { (ui.t(words::METRICS_NOW)) } }
            @if values.is_empty() { p.muted { (ui.t(words::NO_METRICS_HINT)) } }
            @else {
                (ui.scroll(ui.t(words::METRICS_NOW), html! { table.list {
                    thead { tr {
                        th scope="col" { (ui.t(words::METRIC)) } th.num scope="col" { (ui.t(words::VALUE)) } th scope="col" { (ui.t(words::LAST_DAY)) } th scope="col" { (ui.t(words::MEASURED)) }
                    } }
                    tbody { @for value in &values {
                        @let (title, unit) = described(subject, &value.metric);
                        tr {
                            td { a href=(address(subject, "24h", Some(&value.metric))) { (title) } }
                            td.num { (moving(subject, "value", value, &html! { (written(ui, &value.value, unit)) })) }
                            td { @if let Some(chart) = spark(&value.metric) { (ui.sparkline(title, unit, chart, None)) } }
                            td { (moving(subject, "age", value, &ui.ago(value.device_time))) }
                        }
                    } }
                } }))
            }
        }
    })
}

fn address(subject: &Subject, span: &str, metric: Option<&str>) -> String {
    let fields = crate::web::fields::Fields::default().and("range", span).with("metric", metric);
    fields.address(&subject.path("/metrics"))
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let subject = Subject::of(&call).await?;
    let (ui, query) = (call.ui(), call.query());
    let [_, day, ..] = &SPANS;
    let wanted = query.get("range").unwrap_or(day.word);
    let span = SPANS.iter().find(|span| span.word == wanted).unwrap_or(day);
    let chosen = query.filled("metric");
    let mut values = last_values(&call, &subject).await?;
    let range = range(call.app().clock().now(), &values, span.length);
    values.retain(|value| chosen == Some(value.metric.as_str()) || !PLACE.contains(&value.metric.as_str()));
    let [alone, among] = span.buckets;
    let buckets = if chosen.is_some() { alone } else { among };
    let shown: Vec<&LastValue> =
        values.iter().filter(|value| chosen.is_none_or(|name| name == value.metric)).take(MAX_CHARTS).collect();
    let live = format!("{}:{}", if span.live || shown.is_empty() { "telemetry" } else { "device" }, subject.device.id);
    let names: Vec<_> = shown.iter().map(|value| value.metric.clone()).collect();
    let drawn = charts(&call, &subject, &live, &names, range, buckets).await?;
    let card = |at: usize, value: &LastValue| {
        let (title, unit) = described(&subject, &value.metric);
        html! {
            section.card.metric {
                h2 { a href=(address(&subject, span.word, Some(&value.metric))) { (title) } }
                p.value { (moving(&subject, "value", value, &html! { (written(&ui, &value.value, unit)) })) }
                p.muted {
                    @if title != value.metric { span.mono { (value.metric) } " · " }
                    (moving(&subject, "age", value, &ui.ago(value.device_time)))
                }
                @if let Some(chart) = drawn.get(at) { (ui.chart(&format!("chart-{at}"), title, unit, chart)) }
            }
        }
    };
    let body = html! {
        nav.facets aria-label=(ui.t(words::RANGE)) {
            @for other in &SPANS {
                a href=(address(&subject, other.word, chosen)) aria-current=[(other.word == span.word).then_some("true")] { (ui.t(other.name)) }
            }
            @if chosen.is_some() { a href=(address(&subject, span.word, None)) { (ui.t(words::EVERY_METRIC)) } }
        }
        section #charts class=(if chosen.is_some() { "charts one" } else { "charts" }) data-live=(live) {
            @if shown.is_empty() { (ui.empty(words::NO_METRICS, words::NO_METRICS_HINT, None)) }
            @for (at, value) in shown.iter().enumerate() { (card(at, value)) }
        }
        @if chosen.is_none() && values.len() > MAX_CHARTS {
            h2 { (ui.fill(words::MORE_METRICS, &[&(values.len() - MAX_CHARTS)])) }
            p { @for value in values.iter().skip(MAX_CHARTS) { a.tag href=(address(&subject, span.word, Some(&value.metric))) { (value.metric) } " " } }
        }
    };
    let page = subject.page(Tab::Metrics, &body).curl("GET", &subject.api("/telemetry"));
    Ok(match shown.first() {
        Some(value) => {
            let metric = utf8_percent_encode(&value.metric, NON_ALPHANUMERIC);
            let path = format!("/telemetry/{metric}/chart?from={}&to={}&buckets={}", range.from, range.to, buckets);
            page.curl("GET", &subject.api(&path))
        }
        None => page,
    })
}
