//! The table of devices.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};

use super::{section, table};
use crate::tui::app::App;
use crate::tui::state::devices::{Column, title};
use crate::tui::{format, theme};
use crate::wire::device::Device;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let devices = &app.state.devices;
    let rows = devices.rows();
    let known: u64 = app.state.board.status.counts.devices.values().sum();
    let area = section::section(frame, area, "Devices", &note(app, rows.len(), known), true);
    let titles = Column::ALL.map(|column| {
        let mark = match (column == devices.sort, devices.descending) {
            (false, _) => "",
            (true, false) => " ↓",
            (true, true) => " ↑",
        };
        format!("{}{mark}", column.title())
    });
    let [status, name, device_type, identifier, seen, owner] = titles.each_ref().map(String::as_str);
    let columns = [
        (status, Constraint::Length(13)),
        (name, Constraint::Fill(3)),
        (device_type, Constraint::Length(if area.width < 100 { 12 } else { 18 })),
        (identifier, Constraint::Fill(3)),
        ("ON", Constraint::Length(2)),
        (seen, Constraint::Length(7)),
        (owner, Constraint::Length(8)),
    ];
    let empty = if devices.len() > 0 { "no device passes the filter" } else { "no device has enrolled yet" };
    table::draw(frame, area, &columns, &rows, Some(devices.row()), empty, |device| cells(app, device));
}

fn note(app: &App, shown: usize, known: u64) -> String {
    let devices = &app.state.devices;
    let filter = devices.filter.text();
    let filter = if filter.is_empty() { String::new() } else { format!("/{filter}  ") };
    let all = u64::try_from(devices.len()).unwrap_or(u64::MAX).max(known);
    let left_out = if devices.left_out > 0 { format!(", {} too many", devices.left_out) } else { String::new() };
    let problem = devices.problem.as_ref().map(|problem| format!("{problem}  ")).unwrap_or_default();
    format!("{filter}{problem}{shown} of {all}{left_out}")
}

fn cells(app: &App, device: &Device) -> Vec<table::Cell> {
    let (mark, style) = theme::device(device.status);
    let seen = device.last_seen_at.map_or_else(|| "never".to_owned(), |at| format::span(app.now().since(at)));
    vec![
        (format!("{mark} {}", theme::device_word(device.status)), style),
        (title(device).to_owned(), theme::STRONG),
        (device.device_type.clone(), theme::PLAIN),
        (device.identifier.clone(), theme::DIM),
        (if device.online { "•".to_owned() } else { String::new() }, theme::GOOD),
        (seen, theme::PLAIN),
        (device.owner.clone(), theme::DIM),
    ]
}
