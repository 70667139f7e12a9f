//! The parts that screens are put together from: titled rules, facts and bars.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use crate::tui::{format, theme};

/// Columns of a fact's label, with the space before it.
pub(super) const LABEL: usize = 10;

/// Draws a rule with a title on the left and a note on the right; returns the area below it.
pub(super) fn section(frame: &mut Frame<'_>, area: Rect, title: &str, note: &str, focus: bool) -> Rect {
    let [rule, below] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let width = usize::from(rule.width);
    let title = format::fit(title, width.saturating_sub(6));
    let note = format::fit(note, width.saturating_sub(title.width() + 8));
    let note = if note.is_empty() { note } else { format!(" {note} ") };
    let dashes = width.saturating_sub(title.width() + note.width() + 4);
    let style = if focus { theme::ACCENT.patch(theme::STRONG) } else { theme::PLAIN };
    let line = Line::from(vec![
        Span::styled("─ ", theme::DIM),
        Span::styled(title, style),
        Span::styled(format!(" {}", "─".repeat(dashes)), theme::DIM),
        Span::styled(note, theme::DIM),
        Span::styled("─", theme::DIM),
    ]);
    frame.render_widget(line, rule);
    below
}

/// Draws lines from the top of an area; what does not fit is left out.
pub(super) fn lines(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>) {
    frame.render_widget(Paragraph::new(lines), area);
}

/// A label and what stands beside it.
pub(super) fn fact(label: &str, mut value: Vec<Span<'static>>) -> Line<'static> {
    value.insert(0, Span::styled(format::pad(&format!(" {label}"), LABEL), theme::DIM));
    Line::from(value)
}

/// A label and a text cut to the line.
pub(super) fn text(label: &str, value: &str, width: u16) -> Line<'static> {
    let room = usize::from(width).saturating_sub(LABEL);
    fact(label, vec![Span::raw(format::fit(value, room))])
}

/// A bar of `width` columns, filled by `fraction` of it.
pub(super) fn bar(fraction: f64, width: usize, style: Style) -> [Span<'static>; 2] {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "between 0 and the width by the clamp"
    )]
    let filled = (fraction.clamp(0.0, 1.0) * width as f64).round() as usize;
    [Span::styled("━".repeat(filled), style), Span::styled("─".repeat(width.saturating_sub(filled)), theme::DIM)]
}
