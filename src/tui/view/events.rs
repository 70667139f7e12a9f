//! The list of events, newest first.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::{section, table};
use crate::model::change::NoticeKind;
use crate::model::text::for_terminal;
use crate::tui::app::App;
use crate::tui::{format, theme};
use crate::wire::watch::Notice;

/// Lines for the whole text of the selected event, with their rule.
const DETAIL_HEIGHT: u16 = 4;

const COLUMNS: [table::Column<'_>; 3] =
    [("TIME", Constraint::Length(14)), ("ABOUT", Constraint::Length(11)), ("EVENT", Constraint::Fill(1))];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let notices = &app.state.notices;
    let rows: Vec<&Notice> = notices.rows().collect();
    let [list, detail] = Layout::vertical([Constraint::Fill(1), Constraint::Length(DETAIL_HEIGHT)]).areas(area);
    let place = section::section(frame, list, "Events", &format!("the newest {}", rows.len()), true);
    table::draw(frame, place, &COLUMNS, &rows, Some(notices.row()), "nothing has happened yet", |notice| {
        cells(app, notice)
    });
    let Some(selected) = notices.selected() else { return };
    let place = section::section(frame, detail, &format::date(selected.at), "", false);
    let text = told(app, selected);
    let text = Line::raw(for_terminal(&text));
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), place);
}

/// The newest events, for the overview.
pub(super) fn latest(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let place = section::section(frame, area, "Latest events", "", true);
    let width = usize::from(place.width).saturating_sub(1);
    let rows = app.state.notices.rows().take(usize::from(place.height));
    let mut lines: Vec<Line<'static>> = rows
        .map(|notice| {
            let (mark, _, style) = theme::notice(notice.about);
            let line = format!(" {} {mark} {}", format::clock(app.now(), notice.at), told(app, notice));
            Line::styled(format::fit(&line, width), style)
        })
        .collect();
    if lines.is_empty() {
        lines.push(Line::styled(" nothing has happened yet", theme::DIM));
    }
    section::lines(frame, place, lines);
}

fn cells(app: &App, notice: &Notice) -> Vec<table::Cell> {
    let (mark, about, style) = theme::notice(notice.about);
    vec![
        (format::clock(app.now(), notice.at), theme::DIM),
        (format!("{mark} {about}"), style),
        (told(app, notice), theme::PLAIN),
    ]
}

/// What happened, and to which device.
fn told(app: &App, notice: &Notice) -> String {
    match notice.device {
        Some(device) if notice.about == NoticeKind::Operation => {
            format!("{}: {}", app.state.devices.name(device), notice.text)
        }
        _ => notice.text.clone(),
    }
}
