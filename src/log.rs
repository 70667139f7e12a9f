//! The log: one line an event on standard error, or structured entries in the journal under systemd.
//!
//! Log fields carry what devices say, so control characters are escaped in every field and message; the formatter of
//! tracing-subscriber does so for messages alone, and lets line feeds pass.

use std::borrow::Cow;
use std::env;
use std::fmt::Write as _;
use std::io;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::fstat;
use serde::Deserialize;
use thiserror::Error;
use tracing::field::Field;
use tracing_subscriber::Layer;
use tracing_subscriber::Registry;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;

use crate::model::text::for_terminal;

/// How log events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One line for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub levels: Targets,
    pub format: Format,
}

/// Somebody has set the log up before.
#[derive(Debug, Error)]
#[error("cannot set the log up")]
pub struct Error(#[from] tracing_subscriber::util::TryInitError);

/// Sends every event of the process from here on to the journal, if standard error is its stream, else to standard error.
///
/// The levels can be changed later by what is returned.
///
/// # Errors
/// When the process has a log already.
pub fn init(settings: &Settings) -> Result<Levels, Error> {
    let journal = stderr_is_journal();
    let layer = match settings.format {
        Format::Text if journal => match tracing_journald::layer() {
            Ok(layer) => layer.boxed(),
            Err(_) => written(settings.format, false, io::stderr),
        },
        format => written(format, !journal, io::stderr),
    };
    let (levels, handle) = reload::Layer::new(settings.levels.clone());
    tracing_subscriber::registry().with(layer.with_filter(levels)).try_init()?;
    Ok(Levels(handle))
}

/// The levels of the running log.
#[derive(Debug)]
pub struct Levels(reload::Handle<Targets, Registry>);

impl Levels {
    /// Changes what is logged from here on.
    pub fn set(&self, levels: Targets) {
        if let Err(error) = self.0.reload(levels) {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot change the log's levels");
        }
    }
}

/// A layer that writes lines; `timed` unless something downstream notes the time.
fn written<W>(format: Format, timed: bool, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(writer).with_ansi(false);
    match (format, timed) {
        (Format::Text, true) => layer.fmt_fields(debug_fn(write_field).delimited(" ")).boxed(),
        (Format::Text, false) => layer.fmt_fields(debug_fn(write_field).delimited(" ")).without_time().boxed(),
        (Format::Json, true) => layer.map_writer(JsonWriter).json().flatten_event(true).boxed(),
        (Format::Json, false) => layer.map_writer(JsonWriter).json().flatten_event(true).without_time().boxed(),
    }
}

fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn std::fmt::Debug) -> std::fmt::Result {
    let text = format!("{value:?}");
    let text = for_terminal(&text);
    if field.name() == "message" { write!(writer, "{text}") } else { write!(writer, "{}={text}", field.name()) }
}

/// JSON escapes the controls of ASCII by itself; this does the same for those beyond it, which reach it inside strings
/// alone. The formatter writes each event at once.
#[derive(Debug)]
struct JsonWriter<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for JsonWriter<W> {
    type Writer = JsonWriter<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        JsonWriter(self.0.make_writer())
    }
}

impl<W: io::Write> io::Write for JsonWriter<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let mut escaped = String::with_capacity(event.len());
        for c in String::from_utf8_lossy(event).chars() {
            if !c.is_ascii() && matches!(for_terminal(c.encode_utf8(&mut [0; 4])), Cow::Owned(_)) {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "\\u{:04x}", u32::from(c));
            } else {
                escaped.push(c);
            }
        }
        self.0.write_all(escaped.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Whether standard error is the stream systemd named: `JOURNAL_STREAM` is its device and inode (systemd.exec(5)).
fn stderr_is_journal() -> bool {
    let Some(stream) = env::var_os("JOURNAL_STREAM") else { return false };
    fstat(io::stderr())
        .is_ok_and(|stderr| stream.as_bytes() == format!("{}:{}", stderr.st_dev, stderr.st_ino).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format, timed: bool, levels: &str) -> String {
        let lines = Lines::default();
        let sink = lines.clone();
        let layer = written(format, timed, move || sink.clone()).with_filter(levels.parse::<Targets>().unwrap());
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let hostile = "\u{1b}[2J\nINFO forged \u{9b}2J\u{202e}";
            tracing::info!(device.name = %hostile, quoted = hostile, "seen {hostile}");
            tracing::debug!(target: "pym::broker", "fine print");
        });
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn control_characters_never_reach_the_log() {
        for format in [Format::Text, Format::Json] {
            let text = logged(format, true, "info");
            assert_eq!(text.lines().count(), 1, "{text}");
            assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text}");
            assert!(text.contains("forged") && text.contains("device.name"), "{text}");
        }
    }

    #[test]
    fn levels_hold_by_module_and_time_can_be_left_out() {
        assert!(logged(Format::Text, true, "info,pym::broker=debug").contains("fine print"));
        let text = logged(Format::Text, false, "info");
        assert!(text.trim_start().starts_with("INFO pym::log"), "{text}");
        assert!(!text.contains("fine print"));
        let json: serde_json::Value = serde_json::from_str(&logged(Format::Json, false, "info")).unwrap();
        assert_eq!(json["level"], "INFO");
        assert_eq!(json["device.name"], "\u{1b}[2J\nINFO forged \u{9b}2J\u{202e}");
    }
}
