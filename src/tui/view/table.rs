//! A list of rows under headings, with the selected one in view.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::Span;

use crate::tui::{format, theme};

/// A heading, and how much room its column takes.
pub(super) type Column<'a> = (&'a str, Constraint);

/// A cell's text and style. The text may come from a device.
pub(super) type Cell = (String, Style);

/// Draws those of `items` that fit, the selected one among them; `empty` is said where there are none.
pub(super) fn draw<T>(
    frame: &mut Frame<'_>,
    area: Rect,
    columns: &[Column<'_>],
    items: &[T],
    selected: Option<usize>,
    empty: &str,
    cells: impl Fn(&T) -> Vec<Cell>,
) {
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let headings: Vec<Cell> = columns.iter().map(|(title, _)| ((*title).to_owned(), theme::DIM)).collect();
    draw_row(frame, head, columns, &headings);
    if items.is_empty() {
        let text = format::fit(empty, usize::from(area.width).saturating_sub(1));
        frame.render_widget(Span::styled(format!(" {text}"), theme::DIM), body);
        return;
    }
    let height = usize::from(body.height);
    let first = first_in_view(selected.unwrap_or(0), items.len(), height);
    for ((row, item), y) in items.iter().enumerate().skip(first).take(height).zip(body.y..) {
        let line = Rect { y, height: 1, ..body };
        draw_row(frame, line, columns, &cells(item));
        if selected == Some(row) {
            frame.buffer_mut().set_style(line, theme::SELECTED);
        }
    }
}

fn draw_row(frame: &mut Frame<'_>, area: Rect, columns: &[Column<'_>], cells: &[Cell]) {
    let inner = Rect { x: area.x.saturating_add(1), width: area.width.saturating_sub(2), ..area };
    let areas = Layout::horizontal(columns.iter().map(|(_, width)| *width)).spacing(1).split(inner);
    for (cell_area, (text, style)) in areas.iter().zip(cells) {
        let text = format::fit(text, usize::from(cell_area.width));
        frame.render_widget(Span::styled(text, *style), *cell_area);
    }
}

/// The first row to show, so that the selected one stands in the middle where the list allows it.
fn first_in_view(selected: usize, len: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(len.saturating_sub(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selected_row_is_in_view() {
        for (selected, len, height, first) in [(0, 3, 10, 0), (9, 100, 10, 4), (99, 100, 10, 90), (5, 100, 0, 5)] {
            assert_eq!(first_in_view(selected, len, height), first, "{selected} of {len}");
        }
    }
}
