//! The screens, drawn anew from the state each time. One file per screen; nothing here changes anything.

mod ascii;
mod device;
mod devices;
mod dialog;
mod events;
mod frame;
mod help;
mod operations;
mod overview;
mod section;
mod table;
mod waiting;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};

use super::app::{App, Screen};
use super::charset::Charset;

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame<'_>, app: &App, charset: Charset) {
    let [head, banner, body, foot] =
        Layout::vertical([Constraint::Length(1), Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)])
            .areas(frame.area());
    frame::head(frame, head, app);
    frame::banner(frame, banner, app);
    if app.state.at.is_some() {
        draw_screen(frame, body, app);
        if !app.connection.is_connected() {
            // What is shown is old.
            frame.buffer_mut().set_style(body, Style::new().add_modifier(Modifier::DIM));
        }
    } else {
        waiting::draw(frame, body, app);
    }
    frame::foot(frame, foot, app);
    if let Some(open) = &app.dialog {
        dialog::draw(frame, body, app, open);
    }
    if charset == Charset::Ascii {
        ascii::fold(frame.buffer_mut());
    }
}

fn draw_screen(frame: &mut Frame<'_>, area: Rect, app: &App) {
    match (&app.state.page, app.screen) {
        (Some(page), _) => device::draw(frame, area, app, page),
        (None, Screen::Overview) => overview::draw(frame, area, app),
        (None, Screen::Devices) => devices::draw(frame, area, app),
        (None, Screen::Operations) => operations::draw(frame, area, app),
        (None, Screen::Events) => events::draw(frame, area, app),
    }
}

#[cfg(test)]
mod tests;
