//! The lines around every screen: the header with the connection, the banner or rule, and the footer.

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span};

use crate::tui::app::{App, Screen};
use crate::tui::state::input::Input;
use crate::tui::{format, theme};

/// The name, the screens, the connection's mark and the daemon's time.
pub(super) fn head(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let mut spans = vec![Span::styled(" pym ", theme::ACCENT.patch(theme::STRONG))];
    for (screen, number) in Screen::ALL.into_iter().zip(1..) {
        let style = if screen == app.screen { theme::ACCENT.patch(theme::STRONG) } else { theme::PLAIN };
        spans.push(Span::styled(format!("  {number} "), theme::DIM));
        spans.push(Span::styled(screen.title(), style));
    }
    frame.render_widget(Line::from(spans), area);
    let time = format::clock(app.now(), app.now());
    let corner = Line::from(vec![
        app.connection.mark(app.state.at.is_some()),
        Span::styled(format!("  {time} UTC "), theme::DIM),
    ]);
    let corner_width = u16::try_from(corner.width()).unwrap_or(area.width).min(area.width);
    let place = Rect { x: area.right().saturating_sub(corner_width), width: corner_width, ..area };
    frame.render_widget(corner.alignment(Alignment::Right), place);
}

/// The connection's banner while there is none; else nothing.
pub(super) fn banner(frame: &mut Frame<'_>, area: Rect, app: &App) {
    if let Some(line) = app.connection.banner(app.local(), app.state.at, usize::from(area.width)) {
        frame.render_widget(line, area);
    }
}

/// What is being typed, else what was said last, else the keys of the screen.
pub(super) fn foot(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let width = usize::from(area.width);
    let line = if let Some(filter) = typed(app) {
        let (before, after) = filter.halves();
        Line::from(vec![
            Span::styled(" filter: ", theme::ACCENT),
            Span::raw(format::fit(before, width.saturating_sub(12))),
            Span::styled("█", theme::ACCENT),
            Span::raw(format::fit(after, width.saturating_sub(12))),
        ])
    } else if let Some(message) = &app.message {
        Line::styled(format!(" {}", format::fit(&message.text, width.saturating_sub(2))), message.style)
    } else {
        keys(app)
    };
    frame.render_widget(line, area);
}

fn typed(app: &App) -> Option<&Input> {
    let (devices, operations) = (&app.state.devices, &app.state.operations);
    match app.screen {
        _ if app.state.page.is_some() => None,
        Screen::Devices if devices.typing => Some(&devices.filter),
        Screen::Operations if operations.typing => Some(&operations.filter),
        _ => None,
    }
}

fn keys(app: &App) -> Line<'static> {
    let keys: &[(&str, &str)] = match app.screen {
        _ if app.state.page.is_some() => {
            &[("Esc", "back"), ("←→", "section"), ("o", "send"), ("c", "cancel"), ("Enter", "operation")]
        }
        Screen::Overview => &[("Enter", "devices")],
        Screen::Devices => &[("Enter", "open"), ("/", "filter"), ("s", "sort"), ("S", "reverse"), ("o", "send")],
        Screen::Operations => &[("Enter", "details"), ("/", "filter"), ("c", "cancel"), ("o", "send")],
        Screen::Events => &[("Enter", "device")],
    };
    let common = [("Tab", "screens"), ("?", "help"), ("q", "quit")];
    let mut spans = Vec::new();
    // A page lies over a screen, and has more keys of its own.
    let common = common.get(usize::from(app.state.page.is_some())..).unwrap_or_default();
    for (key, what) in keys.iter().chain(common) {
        spans.push(Span::styled(format!(" {key}"), theme::ACCENT));
        spans.push(Span::styled(format!(" {what} "), theme::DIM));
    }
    Line::from(spans)
}
