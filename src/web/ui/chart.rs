//! Charts as SVG: a band from the least to the greatest value, a line of averages, steps for words. Colours are classes of
//! the style sheet, so that they follow the theme; the same numbers stand below as a table.

use maud::{Markup, html};
use time::macros::format_description;

use super::Ui;
use super::quantity::{Axis, quantity};
use super::text::utc;
use crate::model::telemetry::{Bucket, Chart, Value};
use crate::model::timestamp::Timestamp;
use crate::web::message::chart as words;

/// The plane of a plot: stretched to whatever room there is, in units of its own.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 160.0;
/// The most rows of the table: neighbouring stretches share one.
const MAX_ROWS: usize = 48;
/// The most different words that are drawn as steps.
const MAX_LEVELS: usize = 8;
/// About how many marks the axes have.
const TICKS: u32 = 4;
/// Steps between two marks of time, in seconds: the first that makes few enough marks is taken.
const TIME_STEPS: [i64; 12] = [60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000];
/// The most marks of time: what a phone has room for.
const MAX_TIMES: i64 = 7;

impl Ui {
    /// A metric over a span. The title and the unit are a device's or a type's, and may be any text.
    pub(in crate::web) fn chart(&self, id: &str, title: &str, unit: &str, chart: &Chart) -> Markup {
        if chart.buckets.is_empty() && chart.changes.is_empty() {
            return html! { p.muted.no-values { (self.t(words::NO_VALUES)) } };
        }
        html! {
            figure.chart id=(id) {
                @if !chart.buckets.is_empty() { (self.numbers(id, title, unit, chart)) }
                @if !chart.changes.is_empty() { (self.steps(id, title, chart)) }
                p.reading aria-hidden="true" {}
                details {
                    summary { (self.t(words::AS_TABLE)) }
                    @if !chart.buckets.is_empty() { (self.number_table(title, unit, chart)) }
                    @if !chart.changes.is_empty() { (self.change_table(title, chart)) }
                }
            }
        }
    }

    /// The course of a metric without axes, for a row of a list: within these bounds or, without, within its own.
    pub(in crate::web) fn sparkline(
        &self,
        title: &str,
        unit: &str,
        chart: &Chart,
        within: Option<(f64, f64)>,
    ) -> Markup {
        let Some((least, greatest)) = bounds(&chart.buckets).map(|own| within.unwrap_or(own)) else {
            return html! {};
        };
        let axis = Axis::new(least, greatest, "", TICKS);
        let label = format!("{title}: {}", self.summary(unit, chart));
        html! {
            svg.sparkline viewBox="0 0 1000 160" preserveAspectRatio="none" role="img" aria-label=(label) {
                @for run in runs(chart) { path class=(line_class(run)) d=(line(run, chart, &axis)) {} }
            }
        }
    }

    /// The numbers in a sentence.
    fn summary(&self, unit: &str, chart: &Chart) -> String {
        let Some((low, high)) = bounds(&chart.buckets) else { return self.t(words::NO_VALUES).to_owned() };
        let newest = chart.buckets.last().map_or(0.0, |bucket| bucket.last);
        let mean = merged(&chart.buckets).map_or(0.0, |all| all.average);
        let samples: u64 = chart.buckets.iter().map(|bucket| bucket.samples).sum();
        let [low, high, mean, newest] = [low, high, mean, newest].map(|value| quantity(value, unit));
        let sentence = self.fill(words::SUMMARY, &[&low, &high, &mean, &newest, &samples]);
        match runs(chart).len() - 1 {
            0 => sentence,
            gaps => format!("{sentence}; {}", self.fill(words::GAPS, &[&gaps])),
        }
    }

    fn numbers(&self, id: &str, title: &str, unit: &str, chart: &Chart) -> Markup {
        let (least, greatest) = bounds(&chart.buckets).unwrap_or_default();
        let axis = Axis::new(least, greatest, unit, TICKS);
        let runs = runs(chart);
        let content = html! {
            @for run in &runs {
                path.band d=(band(run, chart, &axis)) {}
                path class=(line_class(run)) d=(line(run, chart, &axis)) {}
            }
            @for bucket in &chart.buckets { (hit(chart, bucket, unit)) }
        };
        let marks: Vec<(f64, &str)> =
            axis.ticks.iter().map(|(value, label)| (axis.place(*value), label.as_str())).collect();
        frame(&format!("{id}-numbers"), title, &self.summary(unit, chart), chart, &marks, &content)
    }

    /// Words and truth: a level each, and a step where the value changed.
    fn steps(&self, id: &str, title: &str, chart: &Chart) -> Markup {
        let texts: Vec<String> = chart.changes.iter().map(|point| self.word(&point.value)).collect();
        let mut levels: Vec<&String> = Vec::new();
        for text in &texts {
            if !levels.contains(&text) {
                levels.push(text);
            }
        }
        let last = texts.last().map(String::as_str).unwrap_or_default();
        let summary = self.fill(words::CHANGES, &[&texts.len(), &last]);
        if levels.len() > MAX_LEVELS {
            return html! { p.muted { (summary) } };
        }
        levels.sort();
        #[expect(clippy::cast_precision_loss, reason = "a few levels")]
        let place = |text: &String| {
            let level = levels.iter().position(|level| *level == text).unwrap_or(0);
            (level as f64 + 0.5) / levels.len() as f64
        };
        let steps: Vec<String> = chart
            .changes
            .iter()
            .zip(&texts)
            .enumerate()
            .map(|(at, (point, text))| {
                let (x, y) = (across(chart, point.device_time), down(place(text)));
                if at == 0 { format!("M{x:.1} {y:.1}") } else { format!("H{x:.1}V{y:.1}") }
            })
            .collect();
        let content = html! {
            path.step d={ (steps.concat()) "H" (WIDTH) } {}
            @for (at, (point, text)) in chart.changes.iter().zip(&texts).enumerate() {
                @let until = chart.changes.get(at + 1).map_or(WIDTH, |next| across(chart, next.device_time));
                @let from = across(chart, point.device_time);
                rect.hit x=(tenth(from)) y="0" width=(tenth((until - from).max(2.0))) height=(HEIGHT) data-at=(point.device_time) { title { (utc(point.device_time)) " · " (text) } }
            }
        };
        let marks: Vec<(f64, &str)> = levels.iter().map(|text| (place(text), text.as_str())).collect();
        frame(&format!("{id}-steps"), title, &summary, chart, &marks, &content)
    }

    fn word(&self, value: &Value) -> String {
        match value {
            Value::Bool(true) => self.t(words::YES).to_owned(),
            Value::Bool(false) => self.t(words::NO).to_owned(),
            Value::Integer(integer) => integer.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Text(text) => crate::model::text::cut(text, 80).to_owned(),
        }
    }

    fn number_table(&self, title: &str, unit: &str, chart: &Chart) -> Markup {
        let share = chart.buckets.len().div_ceil(MAX_ROWS).max(1);
        html! {
            (self.scroll(title, html! { table.list {
                thead { tr {
                    th scope="col" { (self.t(words::TIME)) } th.num scope="col" { (self.t(words::LEAST)) } th.num scope="col" { (self.t(words::AVERAGE)) }
                    th.num scope="col" { (self.t(words::GREATEST)) } th.num scope="col" { (self.t(words::LAST)) } th.num scope="col" { (self.t(words::VALUES)) }
                } }
                tbody {
                    @for row in chart.buckets.chunks(share).rev().filter_map(merged) {
                        tr {
                            td { (self.time(row.at)) } td.num { (quantity(row.min, unit)) } td.num { (quantity(row.average, unit)) }
                            td.num { (quantity(row.max, unit)) } td.num { (quantity(row.last, unit)) } td.num { (row.samples) }
                        }
                    }
                }
            } }))
        }
    }

    fn change_table(&self, title: &str, chart: &Chart) -> Markup {
        html! {
            @if chart.truncated || chart.changes.len() > MAX_ROWS { p.muted { (self.t(words::ONLY_NEWEST)) } }
            (self.scroll(title, html! { table.list {
                thead { tr { th scope="col" { (self.t(words::TIME)) } th scope="col" { (self.t(words::VALUE)) } } }
                tbody {
                    @for point in chart.changes.iter().rev().take(MAX_ROWS) {
                        tr { td { (self.time(point.device_time)) } td { (self.word(&point.value)) } }
                    }
                }
            } }))
        }
    }
}

/// The axes around a plot. Texts stand at shares of the width, so that they are not stretched with it.
fn frame(id: &str, title: &str, summary: &str, chart: &Chart, marks: &[(f64, &str)], content: &Markup) -> Markup {
    let times = times(chart);
    html! {
        svg.plot width="100%" height="200" role="img" aria-labelledby={ (id) "-title " (id) "-desc" } {
            title id={ (id) "-title" } { (title) }
            desc id={ (id) "-desc" } { (summary) }
            svg x="0" y="14" width="100%" height="160" viewBox="0 0 1000 160" preserveAspectRatio="none" {
                @for (place, _) in marks { line.grid x1="0" x2="1000" y1=(tenth(down(*place))) y2=(tenth(down(*place))) {} }
                (content)
            }
            @for (place, label) in marks {
                text.mark x="2" y=(tenth(down(*place) + 14.0 - 3.0)) { (label) }
            }
            @for at in &times {
                @let share = format!("{:.2}%", across(chart, *at) / WIDTH * 100.0);
                line.tick x1=(share) x2=(share) y1="174" y2="178" {}
                text.time x=(share) y="192" text-anchor="middle" data-time=(at) data-day[in_days(chart)] { (short(*at, chart)) }
            }
        }
    }
}

/// The place of a moment across the plane.
#[expect(clippy::cast_precision_loss, reason = "a thousandth of a span")]
fn across(chart: &Chart, at: Timestamp) -> f64 {
    let span = (chart.to.millis() - chart.from.millis()).max(1) as f64;
    (at.millis().saturating_sub(chart.from.millis()) as f64 / span * WIDTH).clamp(0.0, WIDTH)
}

/// The place of a share of the height, from the top.
fn down(share: f64) -> f64 {
    HEIGHT - share * HEIGHT
}

fn tenth(place: f64) -> String {
    format!("{place:.1}")
}

/// The middle of a bucket, as far as it is within the span.
fn middle(chart: &Chart, bucket: &Bucket) -> Timestamp {
    let middle = bucket.at.millis().saturating_add(chart.width_ms / 2);
    Timestamp::from_millis(middle.clamp(chart.from.millis(), chart.to.millis()))
}

fn bounds(buckets: &[Bucket]) -> Option<(f64, f64)> {
    buckets.iter().map(|bucket| (bucket.min, bucket.max)).reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
}

/// The stretches without a gap. A device that measures seldom has empty buckets between full ones; a gap is a silence
/// that is long for this device.
fn runs(chart: &Chart) -> Vec<&[Bucket]> {
    let mut pauses: Vec<i64> = chart
        .buckets
        .windows(2)
        .filter_map(|pair| pair.last()?.at.millis().checked_sub(pair.first()?.at.millis()))
        .collect();
    pauses.sort_unstable();
    let usual = pauses.get(pauses.len() / 2).copied().unwrap_or(0).max(chart.width_ms);
    let longest = usual.saturating_mul(5) / 2;
    chart.buckets.chunk_by(|one, next| next.at.millis() - one.at.millis() <= longest).collect()
}

/// One value alone is a dot, as wide as it is high.
const fn line_class(run: &[Bucket]) -> &'static str {
    if run.len() == 1 { "line dot" } else { "line" }
}

/// The averages of a run; one alone is a dot.
fn line(run: &[Bucket], chart: &Chart, axis: &Axis) -> String {
    let path = through(run.iter().map(|bucket| (bucket, bucket.average)), chart, axis);
    if run.len() == 1 { path + "h.1" } else { path }
}

/// From the greatest values of a run back along the least.
fn band(run: &[Bucket], chart: &Chart, axis: &Axis) -> String {
    let there = run.iter().map(|bucket| (bucket, bucket.max));
    let back = run.iter().rev().map(|bucket| (bucket, bucket.min));
    through(there.chain(back), chart, axis) + "Z"
}

/// A path through the values of buckets.
fn through<'a>(values: impl Iterator<Item = (&'a Bucket, f64)>, chart: &Chart, axis: &Axis) -> String {
    let step = |(at, (bucket, value)): (usize, (&Bucket, f64))| {
        let (x, y) = (across(chart, middle(chart, bucket)), down(axis.place(value)));
        format!("{}{x:.1} {y:.1}", if at == 0 { 'M' } else { 'L' })
    };
    values.enumerate().map(step).collect::<Vec<_>>().concat()
}

/// What a pointer finds above a bucket.
fn hit(chart: &Chart, bucket: &Bucket, unit: &str) -> Markup {
    let end = Timestamp::from_millis(bucket.at.millis().saturating_add(chart.width_ms));
    let (from, until) = (across(chart, bucket.at), across(chart, end));
    let average = quantity(bucket.average, unit);
    let value = if bucket.samples == 1 {
        average
    } else {
        format!("{average} ({} – {})", quantity(bucket.min, unit), quantity(bucket.max, unit))
    };
    html! {
        rect.hit x=(tenth(from)) y="0" width=(tenth((until - from).max(2.0))) height=(HEIGHT) data-at=(bucket.at) {
            title { (utc(bucket.at)) " · " (value) }
        }
    }
}

/// Several buckets as one.
fn merged(buckets: &[Bucket]) -> Option<Bucket> {
    buckets.iter().copied().reduce(|all, one| {
        let samples = all.samples + one.samples;
        #[expect(clippy::cast_precision_loss, reason = "a share of samples")]
        let share = one.samples as f64 / samples.max(1) as f64;
        Bucket {
            at: all.at,
            samples,
            min: all.min.min(one.min),
            max: all.max.max(one.max),
            average: all.average * (1.0 - share) + one.average * share,
            last: one.last,
        }
    })
}

/// Round moments of the span, few enough for a phone.
fn times(chart: &Chart) -> Vec<Timestamp> {
    let (from, to) = (chart.from.millis(), chart.to.millis());
    let span = to.saturating_sub(from).max(1);
    let steps = TIME_STEPS.map(|seconds| seconds * 1000);
    let step = steps.into_iter().find(|step| span / step <= MAX_TIMES).unwrap_or(span / MAX_TIMES + 1);
    let first = from.div_euclid(step).saturating_add(1).saturating_mul(step);
    // What stands at the very ends would be cut off.
    let inner = |at: &i64| (span / 40..=span - span / 40).contains(&(at - from));
    (0..=MAX_TIMES).map(|n| first.saturating_add(n * step)).filter(inner).map(Timestamp::from_millis).collect()
}

/// Whether times or days mark the axis.
const fn in_days(chart: &Chart) -> bool {
    chart.to.millis().saturating_sub(chart.from.millis()) > 2 * 86_400_000
}

fn short(at: Timestamp, chart: &Chart) -> String {
    let formatted = at.to_utc().and_then(|time| {
        let days = in_days(chart).then(|| time.format(&format_description!("[month]-[day]")));
        days.unwrap_or_else(|| time.format(&format_description!("[hour]:[minute]"))).ok()
    });
    formatted.unwrap_or_default()
}

#[cfg(test)]
mod tests;
