//! The page of one device.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::{operations, section, table};
use crate::tui::app::App;
use crate::tui::state::devices::title;
use crate::tui::state::page::{Metric, Page, Section};
use crate::tui::{format, theme};
use crate::wire::device::{Device, StatusChange};
use crate::wire::operation::Operation;

/// The fewest rows that a section out of focus has room for, its rule and headings included.
const OUT_OF_FOCUS: u16 = 5;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, page: &Page) {
    let known = app.state.devices.get(page.device);
    let Some(device) = page.detail.as_ref().map(|detail| &detail.device).or(known) else {
        let place = section::section(frame, area, "Device", "", true);
        let text = page.problem.as_deref().unwrap_or("asking the daemon …");
        section::lines(frame, place, vec![Line::raw(format!(" {}", format::fit(text, usize::from(area.width))))]);
        return;
    };
    let facts = fact_lines(app, page, device, area.width);
    let height = u16::try_from(facts.len() + 1).unwrap_or(u16::MAX);
    let [head, rest] = Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(area);
    let (mark, _) = theme::device(device.status);
    let note = format!("{mark} {}", theme::device_word(device.status));
    let place = section::section(frame, head, title(device), &note, true);
    section::lines(frame, place, facts);

    let rows = app.state.page.as_ref().map_or_else(Vec::new, |page| page.operations.rows(&app.state.devices));
    let history = page.detail.as_ref().map_or(&[][..], |detail| &detail.status_history);
    let lengths = [page.metrics.len(), rows.len(), history.len()];
    let heights =
        Section::ALL.into_iter().zip(lengths).map(|(section, len)| height_of(page, section, len, rest.height));
    let areas = Layout::vertical(heights).split(rest);
    for (area, section) in areas.iter().zip(Section::ALL) {
        match section {
            Section::Metrics => draw_metrics(frame, *area, app, page),
            Section::Operations => draw_operations(frame, *area, app, page, &rows),
            Section::History => draw_history(frame, *area, app, page, history),
        }
    }
}

/// The section in focus takes what the others leave of the `height`.
fn height_of(page: &Page, section: Section, len: usize, height: u16) -> Constraint {
    if page.focus == section {
        return Constraint::Fill(1);
    }
    Constraint::Length(u16::try_from(len.max(1) + 2).unwrap_or(u16::MAX).min(OUT_OF_FOCUS.max(height / 4)))
}

fn fact_lines(app: &App, page: &Page, device: &Device, width: u16) -> Vec<Line<'static>> {
    let half = usize::from(width / 2).saturating_sub(section::LABEL + 1);
    let pair = |label: &str, value: &str, other: &str, other_value: &str| {
        section::fact(
            label,
            vec![
                Span::raw(format::pad(value, half)),
                Span::styled(format::pad(&format!(" {other}"), section::LABEL + 2), theme::DIM),
                Span::raw(format::fit(other_value, half)),
            ],
        )
    };
    let seen = match device.last_seen_at {
        Some(at) => format::ago(app.now(), at),
        None => "never".to_owned(),
    };
    let link = if device.online { ", MQTT open" } else { "" };
    let owner = format!("{} ({})", device.owner, device.ownership.name());
    let mut lines = vec![
        pair("type", &device.device_type, "identifier", &device.identifier),
        pair("owner", &owner, "enrolled", &format::date(device.enrolled_at)),
    ];
    let groups = page.detail.as_ref().map(|detail| detail.groups.join(", ")).unwrap_or_default();
    lines.push(pair("seen", &format!("{seen}{link}"), "groups", if groups.is_empty() { "none" } else { &groups }));
    let properties = page.detail.as_ref().map(|detail| {
        detail.properties.iter().map(|property| format!("{}={}", property.name, property.value)).collect::<Vec<_>>()
    });
    for (label, text) in [("about", device.description.clone()), ("tells", properties.unwrap_or_default().join("  "))] {
        if !text.is_empty() {
            lines.push(section::text(label, &text, width));
        }
    }
    if let Some(problem) = &page.problem {
        lines.push(Line::styled(format!(" {}", format::fit(problem, usize::from(width))), theme::BAD));
    }
    lines
}

fn draw_metrics(frame: &mut Frame<'_>, area: Rect, app: &App, page: &Page) {
    let focus = page.focus == Section::Metrics;
    let place = section::section(frame, area, "Metrics", &page.metrics.len().to_string(), focus);
    let columns = [
        ("METRIC", Constraint::Fill(2)),
        ("VALUE", Constraint::Fill(1)),
        ("LATELY", Constraint::Fill(2)),
        ("AGE", Constraint::Length(7)),
    ];
    let room = usize::from(place.width);
    let rows: Vec<(&String, &Metric)> = page.listed();
    let selected = page.row(Section::Metrics, &app.state.devices);
    table::draw(frame, place, &columns, &rows, selected, "nothing has been reported yet", |(name, metric)| {
        // The column takes two fifths; the newest points stay when it is cut.
        let spark = format::spark(metric.points.iter().map(|(_, value)| *value), room.saturating_sub(12) * 2 / 5, None);
        vec![
            (if metric.title.is_empty() { (*name).clone() } else { metric.title.clone() }, theme::PLAIN),
            (format::value(&metric.value, &metric.unit), theme::STRONG),
            (spark, theme::ACCENT),
            (format::span(app.now().since(metric.at)), theme::DIM),
        ]
    });
}

fn draw_operations(frame: &mut Frame<'_>, area: Rect, app: &App, page: &Page, rows: &[&Operation]) {
    let focus = page.focus == Section::Operations;
    let place = section::section(frame, area, "Operations", &rows.len().to_string(), focus);
    let columns = [
        ("NO", Constraint::Length(5)),
        ("STATUS", Constraint::Length(13)),
        ("OPERATION", Constraint::Fill(1)),
        ("AGE", Constraint::Length(7)),
        ("WHY", Constraint::Fill(2)),
    ];
    let selected = page.row(Section::Operations, &app.state.devices);
    table::draw(frame, place, &columns, rows, selected, "none yet: press o to send one", |operation| {
        operations::cells(app, operation)
    });
}

fn draw_history(frame: &mut Frame<'_>, area: Rect, app: &App, page: &Page, history: &[StatusChange]) {
    let focus = page.focus == Section::History;
    let place = section::section(frame, area, "Status history", &history.len().to_string(), focus);
    let columns = [
        ("TIME", Constraint::Length(14)),
        ("STATUS", Constraint::Length(27)),
        ("WHY", Constraint::Fill(2)),
        ("BY", Constraint::Fill(1)),
    ];
    let selected = page.row(Section::History, &app.state.devices);
    table::draw(frame, place, &columns, history, selected, "asking the daemon …", |change| {
        let from = change.from.map(|from| format!("{} → ", theme::device_word(from))).unwrap_or_default();
        let (_, style) = theme::device(change.to);
        vec![
            (format::clock(app.now(), change.at), theme::DIM),
            (format!("{from}{}", theme::device_word(change.to)), style),
            (change.reason.clone(), theme::PLAIN),
            (change.by.clone(), theme::DIM),
        ]
    });
}
