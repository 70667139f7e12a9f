//! Where results go: tables and sentences for people, JSON for scripts.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::time::SystemTime;

use comfy_table::{Attribute, Cell, Color, Table};
use serde::Serialize;

use super::failure::Failure;
use super::units::relative;
use crate::model::device::DeviceStatus;
use crate::model::operation::OperationStatus;
use crate::model::text::{for_terminal, is_hostile};
use crate::model::timestamp::Timestamp;

/// The standard output, and how to write to it.
pub(super) struct Output {
    to: Box<dyn Write>,
    json: bool,
    colour: bool,
    now: Timestamp,
}

impl Output {
    /// The standard output of the process, at this time.
    pub(super) fn standard(json: bool) -> Self {
        let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { to: Box::new(BufWriter::new(io::stdout().lock())), json, colour, now: now() }
    }

    /// Whether a script reads.
    pub(super) const fn is_json(&self) -> bool {
        self.json
    }

    /// When the command was started.
    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// One JSON document, indented.
    pub(super) fn document(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(Failure::Json)?;
        self.line(escape_json(&text))
    }

    /// One JSON document in one line, written at once.
    pub(super) fn json_line(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value).map_err(Failure::Json)?;
        self.line(escape_json(&text))?;
        self.flush()
    }

    /// One line, as it is: what came from outside must be escaped.
    pub(super) fn line(&mut self, text: impl std::fmt::Display) -> Result<(), Failure> {
        writeln!(self.to, "{text}").map_err(Failure::Output)
    }

    /// Bytes, as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.to.write_all(bytes).map_err(Failure::Output)
    }

    /// A table with a header, without lines.
    pub(super) fn table(&mut self, header: &[&str], rows: Vec<Vec<Cell>>) -> Result<(), Failure> {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        if self.colour {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        if !header.is_empty() {
            table.set_header(header.iter().map(|title| Cell::new(title).add_attribute(Attribute::Bold)));
        }
        table.add_rows(rows);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        for line in table.lines() {
            self.line(line.trim_end())?;
        }
        Ok(())
    }

    /// A list of facts, each with its name.
    pub(super) fn facts(&mut self, facts: Vec<(&str, Cell)>) -> Result<(), Failure> {
        let rows = facts.into_iter().map(|(name, fact)| vec![Cell::new(name).add_attribute(Attribute::Bold), fact]);
        self.table(&[], rows.collect())
    }

    /// How long ago a moment was.
    pub(super) fn ago(&self, at: Timestamp) -> Cell {
        Cell::new(relative(self.now, at))
    }

    /// How long ago a moment was, where there was one.
    pub(super) fn ago_or_never(&self, at: Option<Timestamp>) -> Cell {
        at.map_or_else(|| Cell::new("never"), |at| self.ago(at))
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.to.flush().map_err(Failure::Output)
    }
}

/// The clock of this board.
pub(super) fn now() -> Timestamp {
    Timestamp::default().plus(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

/// Text from outside, made harmless.
pub(super) fn text(text: &str) -> Cell {
    Cell::new(for_terminal(text))
}

/// At most `width` characters of text from outside, in one line.
pub(super) fn short(text: &str, width: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let harmless = for_terminal(&line);
    if harmless.chars().count() <= width {
        return harmless.into_owned();
    }
    harmless.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

pub(super) fn device_status(status: DeviceStatus) -> Cell {
    let colour = match status {
        DeviceStatus::Active => Color::Green,
        DeviceStatus::Created | DeviceStatus::Unclaimed => Color::Cyan,
        DeviceStatus::Inactive | DeviceStatus::Unreachable | DeviceStatus::DisenrollmentRequested => Color::Yellow,
        DeviceStatus::Suspended | DeviceStatus::Blocked => Color::Red,
        DeviceStatus::Removed => Color::DarkGrey,
    };
    Cell::new(status.name()).fg(colour)
}

pub(super) fn operation_status(status: OperationStatus) -> Cell {
    let colour = match status {
        OperationStatus::Completed => Color::Green,
        OperationStatus::Pending | OperationStatus::InProgress | OperationStatus::NotNow => Color::Yellow,
        OperationStatus::Error | OperationStatus::Expired => Color::Red,
        OperationStatus::Repeated | OperationStatus::Cancelled => Color::DarkGrey,
    };
    Cell::new(status.name()).fg(colour)
}

/// JSON in which no character can steer a terminal: those that JSON allows in strings become `\uXXXX`.
fn escape_json(json: &str) -> Cow<'_, str> {
    let hostile = |c: char| c != '\n' && is_hostile(c);
    if !json.contains(hostile) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hostile(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Everything that was written to an [`Output`] made with it.
    #[derive(Clone, Default)]
    pub(in crate::ctl) struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        pub(in crate::ctl) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    pub(in crate::ctl) fn output(json: bool, colour: bool) -> (Output, Written) {
        let written = Written::default();
        let now = Timestamp::parse("2026-11-22T10:00:00Z").unwrap();
        (Output { to: Box::new(written.clone()), json, colour, now }, written)
    }

    #[test]
    fn a_table_is_aligned_and_harmless() {
        let (mut output, written) = output(false, false);
        let rows = vec![
            vec![text("pi-1"), device_status(DeviceStatus::Active)],
            vec![text("\u{1b}[2J"), device_status(DeviceStatus::Unreachable)],
        ];
        output.table(&["NAME", "STATUS"], rows).unwrap();
        assert_eq!(written.text(), "NAME       STATUS\npi-1       ACTIVE\n\\u{1b}[2J  UNREACHABLE\n");
    }

    #[test]
    fn colours_are_there_only_when_asked_for() {
        let (mut output, written) = output(false, true);
        output.table(&[], vec![vec![device_status(DeviceStatus::Active)]]).unwrap();
        assert!(written.text().contains("\u{1b}["), "{:?}", written.text());
    }

    #[test]
    fn json_cannot_steer_a_terminal_and_stays_the_same_json() {
        let (mut output, written) = output(true, false);
        let hostile = "a\u{1b}b\u{9b}2J\u{202e}\u{7f}\n";
        output.document(&[hostile]).unwrap();
        assert!(!written.text().contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{7f}']), "{:?}", written.text());
        assert_eq!(serde_json::from_str::<Vec<String>>(&written.text()).unwrap(), [hostile]);
    }

    #[test]
    fn long_text_is_cut_to_one_line() {
        assert_eq!(short("a\nb  c", 10), "a b c");
        assert_eq!(short("äöüß", 3), "äö…");
    }
}
