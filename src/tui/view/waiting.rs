//! The screen before anything is known: where a daemon was looked for, and what to do.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::section;
use crate::tui::app::App;
use crate::tui::conn::Connection;
use crate::tui::{format, theme};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let area = section::section(frame, area, "Waiting for pymd", "", true);
    let width = usize::from(area.width).saturating_sub(4);
    let mut lines = vec![Line::default()];
    match &app.connection {
        Connection::Connecting | Connection::Connected => lines.push(Line::raw(" Looking for the daemon …")),
        Connection::Disconnected(lost) => {
            lines.push(Line::raw(" There is no daemon yet. It was looked for at"));
            lines.push(Line::default());
            lines.extend(lost.tried.iter().map(|tried| Line::raw(format!("   {}", format::fit(tried, width)))));
            if lost.tried.is_empty() {
                lines.push(Line::raw(format!("   {}", format::fit(&lost.reason, width))));
            }
            lines.push(Line::default());
            for (what, command) in [
                (" Start it            ", "pymd"),
                ("   as a service      ", "systemctl start pymd"),
                (" Or name its socket  ", "pym-tui --socket PATH"),
            ] {
                lines.push(Line::from(vec![Span::styled(what, theme::DIM), Span::raw(command)]));
            }
        }
    }
    section::lines(frame, area, lines);
}
