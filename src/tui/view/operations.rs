//! The table of operations.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};

use super::{section, table};
use crate::tui::app::{App, what};
use crate::tui::{format, theme};
use crate::wire::operation::Operation;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let (operations, devices) = (&app.state.operations, &app.state.devices);
    let rows = operations.rows(devices);
    let filter = operations.filter.text();
    let filter = if filter.is_empty() { String::new() } else { format!("/{filter}  ") };
    let note = format!("{filter}{} of the newest {}", rows.len(), operations.len());
    let area = section::section(frame, area, "Operations", &note, true);
    let columns = [
        ("NO", Constraint::Length(5)),
        ("STATUS", Constraint::Length(13)),
        ("OPERATION", Constraint::Fill(2)),
        ("DEVICE", Constraint::Fill(2)),
        ("AGE", Constraint::Length(7)),
        ("WHY", Constraint::Fill(3)),
    ];
    let empty =
        if operations.len() > 0 { "no operation passes the filter" } else { "no operation has been sent lately" };
    table::draw(frame, area, &columns, &rows, Some(operations.row(devices)), empty, |operation| {
        let mut cells = cells(app, operation);
        cells.insert(3, (devices.name(operation.device), theme::STRONG));
        cells
    });
}

/// The number, the status, what it is, its age and why it stands there.
pub(super) fn cells(app: &App, operation: &Operation) -> Vec<table::Cell> {
    let (mark, style) = theme::operation(operation.status);
    vec![
        (operation.number.to_string(), theme::DIM),
        (format!("{mark} {}", theme::operation_word(operation.status)), style),
        (what(operation), theme::PLAIN),
        (format::span(app.now().since(operation.created_at)), theme::PLAIN),
        (operation.reason.clone(), theme::DIM),
    ]
}
