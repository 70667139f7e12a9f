//! The terminal UI: a client of the daemon's event stream that shows the site and sends operations.
//!
//! Everything that happens (a key, a message of the daemon, an answer, a second passing) is one [`event::Event`] in one
//! bounded channel, so there is one order of things. [`app::App`] takes an event and returns what is to be done; only
//! [`runner`] does it. Then [`view`] draws the state anew. Nothing here knows the store or the daemon's own types:
//! only the client and the wire.

mod app;
mod charset;
mod conn;
mod dialog;
mod event;
mod format;
mod runner;
mod sample;
mod state;
mod theme;
mod view;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use unicode_width::UnicodeWidthStr as _;

pub use self::charset::Charset;
pub use self::runner::{Error, Options, run};

/// Draws the overview of a small site off the screen, for the daemon's self-test: the frame as text, 80×24.
///
/// # Errors
/// The frame shows nothing of the site.
pub fn self_test_frame() -> Result<String, Error> {
    let mut app = app::App::default();
    app.update(event::Event::Snapshot(Box::new(sample::snapshot())), sample::NOW);
    let text = picture(&app, 80, 24, Charset::Unicode);
    if text.contains("Raspberry Pi 4") && text.contains("unreachable") { Ok(text) } else { Err(Error::EmptyFrame) }
}

/// A frame as text, one line a row, without trailing spaces.
fn picture(app: &app::App, width: u16, height: u16, charset: Charset) -> String {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(_) = terminal.draw(|frame| view::draw(frame, app, charset));
    let buffer = terminal.backend().buffer();
    let rows = buffer.content.chunks(usize::from(width.max(1))).map(|row| {
        let mut text = String::new();
        // A wide character covers the cell after its own.
        let mut covered = 0;
        for cell in row {
            if covered == 0 {
                text.push_str(cell.symbol());
            }
            covered = covered.max(cell.symbol().width()).saturating_sub(1);
        }
        text.trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}
