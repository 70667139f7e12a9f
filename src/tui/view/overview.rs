//! The overview: the board, the devices by status, the messages, the daemon; and what a person should know first.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{events, section};
use crate::model::device::DeviceStatus;
use crate::tui::app::App;
use crate::tui::state::board::{Board, History, mean};
use crate::tui::{format, theme};
use crate::wire::host::{Host, Power, Space, Status};

/// Columns of the figures to the right of a bar: `43.2 GiB of 90.9 GiB`.
const FIGURES: usize = 21;
/// The longest bar, in columns.
const LONGEST_BAR: usize = 40;
/// Up to this many cores have a line each; more share one.
const CORES_IN_LINES: usize = 4;
/// The most network interfaces shown.
const MAX_INTERFACES: usize = 3;
/// Lines of the box that tells how to set Pym up.
const SETUP_HEIGHT: u16 = 4;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let board = &app.state.board;
    let [left_width, right_width] = [Constraint::Fill(29), Constraint::Fill(21)];
    let [left, right] = Layout::horizontal([left_width, right_width]).spacing(2).areas(area);
    let facts = board_lines(board, left.width);
    let sections = side_sections(board, app, right.width);

    let left_height = facts.len() + 1;
    let right_height: usize = sections.iter().map(|(_, _, lines)| lines.len() + 1).sum();
    let setup = board.status.setup_needed;
    let reserved = if setup { SETUP_HEIGHT } else { 0 };
    let wanted = u16::try_from(left_height.max(right_height)).unwrap_or(u16::MAX);
    let height = wanted.min(area.height.saturating_sub(reserved));

    let place = section::section(frame, Rect { height, ..left }, "Board", &board.host.hostname, true);
    section::lines(frame, place, facts);
    let mut rest = Rect { height, ..right };
    for (title, note, lines) in sections {
        let [place, below] = Layout::vertical([length(lines.len() + 1), Constraint::Fill(1)]).areas(rest);
        let place = section::section(frame, place, title, &note, true);
        section::lines(frame, place, lines);
        rest = below;
        if rest.is_empty() {
            break;
        }
    }

    let bottom = Rect { y: area.y + height, height: area.height - height, ..area };
    if setup {
        draw_setup(frame, bottom, board);
    } else if bottom.height > 2 {
        events::latest(frame, bottom, app);
    }
}

fn length(lines: usize) -> Constraint {
    Constraint::Length(u16::try_from(lines).unwrap_or(u16::MAX))
}

fn board_lines(board: &Board, width: u16) -> Vec<Line<'static>> {
    let host = &board.host;
    let bar = usize::from(width).saturating_sub(section::LABEL + FIGURES).min(LONGEST_BAR);
    let mut lines = vec![
        Line::raw(format!(" {}", format::fit(or_unknown(&host.model), usize::from(width).saturating_sub(1)))),
        Line::styled(
            format::fit(&format!(" {}, {}, {}", host.os, host.kernel, host.arch), usize::from(width)),
            theme::DIM,
        ),
    ];
    lines.extend(cpu_lines(host, bar));
    let mut load = vec![Span::raw(host.load.map(|load| format!("{load:.2}")).join("  "))];
    let room = usize::from(width).saturating_sub(section::LABEL + 18);
    load.push(Span::styled(format!("  {}", format::spark(board.cpu.iter(), room, Some(0.0))), theme::DIM));
    lines.push(section::fact("load", load));
    lines.push(space_line("memory", host.memory, bar));
    if host.swap.used > 0 {
        lines.push(space_line("swap", host.swap, bar));
    }
    if let Some(limit) = host.limits.memory {
        lines.push(section::text("limit", &format!("{} in this control group", format::bytes(limit)), width));
    }
    lines.push(space_line("disk", host.disk, bar));
    lines.push(section::fact("temp", temperature(host.temperature)));
    lines.push(section::fact("power", vec![power(host.power)]));
    for interface in host.network.iter().take(MAX_INTERFACES) {
        let (down, up) = (format::bytes(interface.received_per_sec), format::bytes(interface.sent_per_sec));
        lines.push(section::text(&interface.name, &format!("↓ {}  ↑ {}", per_sec(&down), per_sec(&up)), width));
    }
    lines.push(section::text("uptime", &format::span(Duration::from_secs(host.uptime_secs)), width));
    lines
}

fn per_sec(size: &str) -> String {
    format!("{:<10}", format!("{size}/s"))
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "unknown board" } else { text }
}

fn cpu_lines(host: &Host, bar: usize) -> Vec<Line<'static>> {
    let line = |label: &str, percent: f64, note: &str| {
        let fraction = percent / 100.0;
        let [filled, rest] = section::bar(fraction, bar, theme::level(fraction));
        section::fact(label, vec![filled, rest, figures(&format!("{percent:.0} %{note}"))])
    };
    if host.cpu.len() <= CORES_IN_LINES {
        let cores = host.cpu.iter().zip(0_usize..);
        return cores.map(|(percent, core)| line(&format!("cpu {core}"), f64::from(*percent), "")).collect();
    }
    let mean = mean(&host.cpu).unwrap_or_default();
    let columns = host.cpu.iter().map(|percent| f64::from(*percent)).chain([100.0]);
    let columns: String = format::spark(columns, host.cpu.len() + 1, Some(0.0));
    let columns: String = columns.chars().take(host.cpu.len()).collect();
    vec![
        line("cpu", mean, &format!(" of {}", host.cpu.len())),
        section::fact("cores", vec![Span::styled(columns, theme::ACCENT)]),
    ]
}

fn figures(text: &str) -> Span<'static> {
    Span::raw(format::pad_left(text, FIGURES))
}

#[expect(clippy::cast_precision_loss, reason = "a bar has few columns")]
fn space_line(label: &str, space: Space, bar: usize) -> Line<'static> {
    if space.total == 0 {
        return section::fact(label, vec![Span::styled("unknown", theme::DIM)]);
    }
    let fraction = space.used as f64 / space.total as f64;
    let [filled, rest] = section::bar(fraction, bar, theme::level(fraction));
    let text = format!("{} of {}", format::bytes(space.used), format::bytes(space.total));
    section::fact(label, vec![filled, rest, figures(&text)])
}

/// The Pi's firmware starts to throttle at 80 °C (Raspberry Pi documentation, "Frequency management and thermal control").
fn temperature(celsius: Option<f32>) -> Vec<Span<'static>> {
    let Some(celsius) = celsius else { return vec![Span::styled("unknown", theme::DIM)] };
    let style = match celsius {
        hot if hot >= 80.0 => theme::BAD,
        warm if warm >= 70.0 => theme::WARN,
        _ => theme::PLAIN,
    };
    vec![Span::styled(format!("{celsius:.1} °C"), style)]
}

/// What is wrong with the supply now, else what was since the start; unknown is not fine.
fn power(power: Power) -> Span<'static> {
    let troubles = [
        (power.under_voltage, "under-voltage"),
        (power.throttled, "throttled"),
        (power.frequency_capped, "frequency capped"),
        (power.soft_temperature_limit, "soft temperature limit"),
    ];
    let now: Vec<&str> = troubles.iter().filter(|(is, _)| *is == Some(true)).map(|(_, name)| *name).collect();
    if !now.is_empty() {
        return Span::styled(format!("▲ {}", now.join(", ")), theme::BAD);
    }
    if troubles.iter().all(|(is, _)| is.is_none()) {
        return Span::styled("unknown", theme::DIM);
    }
    match power.since_boot {
        Some(true) => Span::styled("▲ fine now, not always since the start", theme::WARN),
        _ => Span::styled("● no throttling, no under-voltage", theme::GOOD),
    }
}

type Section = (&'static str, String, Vec<Line<'static>>);

fn side_sections(board: &Board, app: &App, width: u16) -> Vec<Section> {
    let status = &board.status;
    let total: u64 = status.counts.devices.values().sum();
    vec![
        ("Devices", total.to_string(), device_lines(status, total, width)),
        ("Messages", "per second".to_owned(), message_lines(board, width)),
        ("pymd", status.version.clone(), daemon_lines(board, app, width)),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "a bar has few columns")]
fn device_lines(status: &Status, total: u64, width: u16) -> Vec<Line<'static>> {
    let counts = &status.counts;
    let bar = usize::from(width).saturating_sub(22).min(LONGEST_BAR);
    let mut lines: Vec<Line<'static>> = DeviceStatus::ALL
        .into_iter()
        .filter_map(|status| Some((status, *counts.devices.get(&status).filter(|count| **count > 0)?)))
        .map(|(status, count)| {
            let (mark, style) = theme::device(status);
            let [filled, rest] = section::bar(count as f64 / total as f64, bar, style);
            let word = format::pad(theme::device_word(status), 11);
            Line::from(vec![
                Span::styled(format!(" {mark} "), style),
                Span::raw(format!("{word} {count:>5} ")),
                filled,
                rest,
            ])
        })
        .collect();
    if lines.is_empty() {
        lines.push(Line::styled(" none has enrolled yet", theme::DIM));
    }
    let failed = counts.operations_failed_last_day;
    let mut doing =
        vec![Span::styled(format!(" {} over MQTT, {} to do", counts.online, counts.operations_pending), theme::DIM)];
    if failed > 0 {
        doing.push(Span::styled(format!(", × {failed} failed"), theme::BAD));
    }
    lines.push(Line::from(doing));
    lines
}

fn message_lines(board: &Board, width: u16) -> Vec<Line<'static>> {
    let rates = board.status.rates;
    let room = usize::from(width).saturating_sub(20).min(LONGEST_BAR);
    let line = |label: &str, rate: f64, history: &History, style: Style| {
        let spark = format::spark(history.iter(), room, Some(0.0));
        let figure = Span::raw(format::pad_left(&format::rate(rate), 7));
        section::fact(label, vec![figure, Span::styled(format!("  {spark}"), style)])
    };
    vec![
        line("mqtt in", rates.mqtt_in, &board.mqtt_in, theme::ACCENT),
        line("mqtt out", rates.mqtt_out, &board.mqtt_out, theme::ACCENT),
        line("http", rates.http, &board.http, theme::ACCENT),
        line("values", rates.telemetry, &board.telemetry, theme::ACCENT),
    ]
}

fn daemon_lines(board: &Board, app: &App, width: u16) -> Vec<Line<'static>> {
    let (status, process) = (&board.status, &board.host.daemon);
    let ports = |addresses: &[String]| {
        let mut ports: Vec<&str> = addresses
            .iter()
            .map(|address| address.rsplit_once(':').map_or(address.as_str(), |(_, port)| port))
            .collect();
        ports.dedup();
        ports.join(" ")
    };
    let endpoints = &status.endpoints;
    let up = format::span(app.now().since(status.started_at));
    vec![
        section::text("uptime", &up, width),
        section::text("uses", &format!("{}, {:.1} % cpu", format::bytes(process.rss), process.cpu), width),
        section::text("https", &ports(&endpoints.https), width),
        section::text("http", &ports(&endpoints.http), width),
        section::text("mqtt", &ports(&[endpoints.mqtt.as_slice(), &endpoints.mqtts].concat()), width),
    ]
}

fn draw_setup(frame: &mut Frame<'_>, area: Rect, board: &Board) {
    let (host, status) = (&board.host.hostname, &board.status);
    let port =
        status.endpoints.https.first().and_then(|address| address.rsplit_once(':')).map_or("9443", |(_, port)| port);
    let area = section::section(frame, area, "Set up", "no administrator yet", true);
    let width = usize::from(area.width);
    let code = status.setup_code.as_deref().unwrap_or("(told on the control socket alone)");
    let code = format::fit(code, width.saturating_sub(14));
    section::lines(
        frame,
        area,
        vec![
            Line::from(vec![
                Span::styled(" code      ", theme::DIM),
                Span::styled(code, theme::WARN.patch(theme::STRONG)),
                Span::styled("   works once", theme::DIM),
            ]),
            Line::from(vec![
                Span::styled(" Press ", theme::DIM),
                Span::styled("a", theme::ACCENT),
                Span::styled(" to make the first administrator, or send code, name and password to", theme::DIM),
            ]),
            Line::raw(format::fit(&format!(" POST https://{host}:{port}/api/v1/setup"), width)),
        ],
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_is_never_fine() {
        assert_eq!(power(Power::default()).content, "unknown");
        let fine = Power { under_voltage: Some(false), ..Power::default() };
        assert_eq!(power(fine).style, theme::GOOD);
        let low = Power { under_voltage: Some(true), throttled: Some(true), ..Power::default() };
        assert_eq!(power(low).content, "▲ under-voltage, throttled");
        let was = Power { since_boot: Some(true), ..fine };
        assert_eq!(power(was).style, theme::WARN);
        assert_eq!(temperature(None)[0].content, "unknown");
    }
}
