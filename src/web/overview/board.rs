//! The board: how it does now, and did within the last hour.

use std::time::Duration;

use maud::{Markup, html};

use crate::model::host::{Host, HostPoint, Power};
use crate::model::telemetry::{Bucket, Chart};
use crate::model::timestamp::Timestamp;
use crate::web::message::{Message, overview};
use crate::web::ui::text::{bytes, span};
use crate::web::ui::{Tone, Ui};

/// How far back a course goes.
const HOUR: Duration = Duration::from_hours(1);
/// From one point of the history to the next, in milliseconds.
const STEP: i64 = 10_000;
/// A share of something, in percent.
const SHARE: Option<(f64, f64)> = Some((0.0, 100.0));

/// The tiles of the board.
pub(super) fn draw(ui: &Ui, host: &Host, history: &[HostPoint], now: Timestamp) -> Markup {
    let cores = host.cpu.len().max(1);
    #[expect(clippy::cast_precision_loss, reason = "a board has few cores")]
    let cpu = host.cpu.iter().sum::<f32>() / cores as f32;
    let share = |title: Message, percent: f32, note: String, value: fn(&HostPoint) -> f32| {
        html! {
            div.tile {
                h3 { a href="/settings" { (ui.t(title)) } }
                p.value { (format!("{percent:.0} %")) }
                (ui.meter(ui.t(title), whole(percent)))
                p.muted { (note) }
                (course(ui, title, "%", SHARE, history, now, |point| Some(value(point))))
            }
        }
    };
    let load = ui.fill(overview::LOAD, &[&format!("{:.2}", host.load[0])]);
    let memory = ui.fill(overview::OF, &[&bytes(host.memory.used), &bytes(host.memory.total)]);
    let disk = ui.fill(overview::OF, &[&bytes(host.disk.used), &bytes(host.disk.total)]);
    html! {
        (share(overview::CPU, cpu, load, |point| point.cpu))
        (share(overview::MEMORY, host.memory.percent(), memory, |point| point.memory))
        (share(overview::DISK, host.disk.percent(), disk, |point| point.disk))
        div.tile {
            h3 { a href="/settings" { (ui.t(overview::TEMPERATURE)) } }
            p.value { @match host.temperature { Some(degrees) => { (format!("{degrees:.1} °C")) } None => { "–" } } }
            p { (power(ui, host.power)) }
            p.muted { (ui.fill(overview::UPTIME, &[&span(host.uptime_secs)])) }
            (course(ui, overview::TEMPERATURE, "°C", None, history, now, |point| point.temperature))
        }
    }
}

/// The course of a value within the last hour, drawn within bounds or, without, within its own.
pub(super) fn course(
    ui: &Ui,
    title: Message,
    unit: &str,
    within: Option<(f64, f64)>,
    history: &[HostPoint],
    now: Timestamp,
    value: impl Fn(&HostPoint) -> Option<f32>,
) -> Markup {
    let bucket = |point: &HostPoint| {
        let value = f64::from(value(point)?);
        Some(Bucket { at: point.at, samples: 1, min: value, max: value, average: value, last: value })
    };
    let buckets: Vec<Bucket> = history.iter().filter_map(bucket).collect();
    let samples = buckets.len() as u64;
    let chart = Chart {
        from: now.minus(HOUR),
        to: now,
        width_ms: STEP,
        samples,
        buckets,
        changes: Vec::new(),
        truncated: false,
    };
    ui.sparkline(ui.t(title), unit, &chart, within)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage")]
fn whole(percent: f32) -> u64 {
    percent.clamp(0.0, 100.0) as u64
}

fn power(ui: &Ui, power: Power) -> Markup {
    let (tone, message) = match power {
        Power { under_voltage: Some(true), .. } => (Tone::Bad, overview::POWER_UNDER),
        Power { throttled: Some(true), .. }
        | Power { frequency_capped: Some(true), .. }
        | Power { soft_temperature_limit: Some(true), .. } => (Tone::Warn, overview::POWER_THROTTLED),
        Power { since_boot: Some(true), .. } => (Tone::Warn, overview::POWER_BEFORE),
        Power { throttled: Some(false), .. } => (Tone::Ok, overview::POWER_FINE),
        _ => (Tone::Idle, overview::POWER_UNKNOWN),
    };
    ui.badge(tone, ui.t(message))
}
