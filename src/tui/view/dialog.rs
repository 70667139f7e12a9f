//! Dialogs, in the middle of the screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Padding, Paragraph};
use unicode_width::UnicodeWidthChar;

use super::help;
use crate::model::device_type::{Feature, Payload};
use crate::model::id::{DeviceId, OperationId};
use crate::model::text::{cut, for_terminal};
use crate::tui::app::{App, what};
use crate::tui::dialog::Dialog;
use crate::tui::dialog::send::{Sending, Stage};
use crate::tui::dialog::setup::SetupForm;
use crate::tui::state::devices::title;
use crate::tui::state::input::Input;
use crate::tui::{format, theme};
use crate::wire::operation::Operation;

/// Columns of a dialog, where the screen has them.
const WIDTH: u16 = 68;
/// The most bytes of a device's response that are shown.
const MAX_SHOWN: usize = 4096;

/// What a dialog shows: its title, its lines, and the keys it takes.
struct Content {
    title: &'static str,
    lines: Vec<Line<'static>>,
    keys: &'static str,
    /// The first line shown, where there are more than fit.
    first: usize,
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, dialog: &Dialog) {
    let inner = usize::from(WIDTH.min(area.width)).saturating_sub(4);
    let content = match dialog {
        Dialog::Help => Content { title: "Help", lines: help::lines(), keys: "any key closes", first: 0 },
        Dialog::Operation(id, first) => {
            let lines = app.state.operation(*id).map_or_else(Vec::new, |operation| operation_lines(app, operation));
            Content { title: "Operation", lines, keys: "j k scroll   Esc back", first: *first }
        }
        Dialog::Cancel(id) => Content {
            title: "Cancel this operation?",
            lines: cancel_lines(app, *id),
            keys: "y cancel it   n leave it",
            first: 0,
        },
        Dialog::Setup(form) => Content {
            title: "The first administrator",
            lines: setup_lines(form),
            keys: "Enter next   Esc close",
            first: 0,
        },
        Dialog::Send(sending) => send_content(app, sending, inner, usize::from(area.height)),
    };
    draw_content(frame, area, content);
}

fn draw_content(frame: &mut Frame<'_>, area: Rect, content: Content) {
    let width = WIDTH.min(area.width);
    let inner = usize::from(width).saturating_sub(4);
    let lines: Vec<Line<'static>> = content.lines.into_iter().flat_map(|line| wrapped(line, inner)).collect();
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let last = lines.len().saturating_sub(usize::from(height.saturating_sub(2)));
    let first = u16::try_from(content.first.min(last)).unwrap_or(u16::MAX);
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let block = Block::bordered()
        .border_style(theme::ACCENT)
        .title(Span::styled(format!(" {} ", content.title), theme::ACCENT.patch(theme::STRONG)))
        .title_bottom(Line::styled(format!(" {} ", content.keys), theme::DIM).right_aligned())
        .padding(Padding::horizontal(1));
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(lines).scroll((first, 0)).block(block), place);
}

/// A line cut into as many as it takes, at any character: a payload is shown as it is.
fn wrapped(line: Line<'static>, width: usize) -> Vec<Line<'static>> {
    if line.width() <= width || width < 2 {
        return vec![line];
    }
    let mut lines = vec![Line::default()];
    let mut taken = 0;
    for span in line.spans {
        for c in span.content.chars() {
            let columns = c.width().unwrap_or(0);
            if taken + columns > width {
                lines.push(Line::default());
                taken = 0;
            }
            taken += columns;
            let Some(line) = lines.last_mut() else { continue };
            match line.spans.last_mut().filter(|last| last.style == span.style) {
                Some(last) => last.content.to_mut().push(c),
                None => line.push_span(Span::styled(c.to_string(), span.style)),
            }
        }
    }
    lines
}

fn label(label: &str, value: impl Into<String>, style: Style) -> Line<'static> {
    Line::from(vec![Span::styled(format::pad(label, 11), theme::DIM), Span::styled(value.into(), style)])
}

fn operation_lines(app: &App, operation: &Operation) -> Vec<Line<'static>> {
    let now = app.now();
    let (mark, style) = theme::operation(operation.status);
    let status = format!("{mark} {}", theme::operation_word(operation.status));
    let mut lines = vec![
        label(
            "operation",
            format!("{} (no. {}, {})", clean(&operation.code), operation.number, operation.kind.name()),
            theme::STRONG,
        ),
        label("payload", operation.payload.as_deref().map_or_else(|| "none".to_owned(), clean), theme::PLAIN),
        label("device", device_name(app, operation.device), theme::PLAIN),
        label("status", status, style),
        label("why", clean(&operation.reason), theme::PLAIN),
        label("sent by", clean(&operation.initiated_by), theme::PLAIN),
        label("created", format::clock(now, operation.created_at), theme::PLAIN),
    ];
    for (name, at) in [("pushed", operation.pushed_at), ("expires", operation.expires_at)] {
        if let Some(at) = at {
            lines.push(label(name, format::clock(now, at), theme::PLAIN));
        }
    }
    for response in &operation.responses {
        let (mark, style) = theme::operation(response.status);
        lines.push(Line::default());
        lines.push(Line::styled(format!("{mark} answered at {}", format::clock(now, response.at)), style));
        // A response may have lines of its own.
        lines.extend(cut(&response.text, MAX_SHOWN).lines().map(|line| Line::raw(clean(line))));
    }
    lines
}

fn cancel_lines(app: &App, id: OperationId) -> Vec<Line<'static>> {
    let Some(operation) = app.state.operation(id) else { return Vec::new() };
    vec![
        label("operation", clean(&what(operation)), theme::STRONG),
        label("of", device_name(app, operation.device), theme::PLAIN),
        label("status", theme::operation_word(operation.status), theme::PLAIN),
        label("why", clean(&operation.reason), theme::PLAIN),
    ]
}

fn send_content(app: &App, sending: &Sending, width: usize, height: usize) -> Content {
    let (title, mut lines, keys) = match &sending.step {
        Stage::Feature => ("Send an operation", feature_lines(sending, width, height), "Enter pick   Esc close"),
        Stage::Choice { feature, choices, row } => {
            let choices = choices.iter().zip(0..).map(|(choice, at)| option(choice, at == *row, width)).collect();
            ("Which?", headed(feature, choices), "Enter pick   Esc back")
        }
        Stage::Text { feature, input, problem } => {
            let mut lines = text_lines(feature, input);
            lines.extend(problem.as_deref().map(|why| Line::styled(clean(why), theme::BAD)));
            ("What text?", lines, "Enter go on   Esc back")
        }
        Stage::Confirm { feature, payload } => {
            let keys = if feature.confirm { "y send   n leave it" } else { "y or Enter send   n leave it" };
            ("Send this operation?", confirm_lines(app, sending.device, feature, payload.as_deref()), keys)
        }
    };
    if !matches!(sending.step, Stage::Confirm { .. }) {
        lines.insert(0, label("to", device_name(app, sending.device), theme::PLAIN));
        lines.insert(1, Line::default());
    }
    Content { title, lines, keys, first: 0 }
}

fn feature_lines(sending: &Sending, width: usize, height: usize) -> Vec<Line<'static>> {
    if sending.device_type.is_none() {
        return vec![Line::styled("asking the daemon what it can do …", theme::DIM)];
    }
    let features = sending.features();
    if features.is_empty() {
        return vec![Line::styled("the devices of this type take no operations", theme::DIM)];
    }
    // The borders, the device and an empty line stand around the list.
    let room = height.saturating_sub(5).max(1);
    let first = sending.row.saturating_sub(room / 2).min(features.len().saturating_sub(room));
    features
        .iter()
        .zip(0..)
        .skip(first)
        .take(room)
        .map(|(feature, at)| {
            let code = format::pad(&feature.code, 18);
            option(&format!("{code} {}", feature.name), at == sending.row, width)
        })
        .collect()
}

fn option(text: &str, selected: bool, width: usize) -> Line<'static> {
    let style = if selected { theme::SELECTED } else { theme::PLAIN };
    Line::styled(format::pad(&format!(" {text}"), width), style)
}

fn headed(feature: &Feature, mut lines: Vec<Line<'static>>) -> Vec<Line<'static>> {
    lines.insert(0, label("operation", clean(&format!("{} ({})", feature.name, feature.code)), theme::STRONG));
    lines.insert(1, Line::default());
    lines
}

fn text_lines(feature: &Feature, input: &Input) -> Vec<Line<'static>> {
    let (before, after) = input.halves();
    let mut lines = vec![Line::from(vec![
        Span::styled("► ", theme::ACCENT),
        Span::raw(clean(before)),
        Span::styled("█", theme::ACCENT),
        Span::raw(clean(after)),
    ])];
    match &feature.payload {
        Payload::Any => lines.push(Line::styled("may be left empty", theme::DIM)),
        Payload::Json { fields, .. } => lines.extend(fields.iter().map(|field| {
            let needed = if field.required { ", required" } else { "" };
            let text = format!("{}: {}{needed}  {}", field.name, field.describe(), field.title);
            Line::styled(clean(&text), theme::DIM)
        })),
        Payload::None | Payload::Choice { .. } | Payload::Text => {}
    }
    headed(feature, lines)
}

/// Exactly what will be sent, and to what.
fn confirm_lines(app: &App, device: DeviceId, feature: &Feature, payload: Option<&str>) -> Vec<Line<'static>> {
    let mut lines = vec![
        label(
            "operation",
            clean(&format!("{} ({}, {})", feature.name, feature.code, feature.kind.name())),
            theme::STRONG,
        ),
        label("payload", payload.map_or_else(|| "none".to_owned(), clean), theme::STRONG),
        label("to", device_name(app, device), theme::STRONG),
    ];
    if let Some(device) = app.state.devices.get(device) {
        let facts = format!("{} {}", device.device_type, device.identifier);
        lines.push(label("", clean(&facts), theme::DIM));
        let (mark, style) = theme::device(device.status);
        let link = if device.online { "connected" } else { "not connected: it waits until the device comes" };
        lines.push(label("", format!("{mark} {}, {link}", theme::device_word(device.status)), style));
    }
    if feature.confirm {
        lines.push(Line::default());
        lines.push(Line::styled("▲ It interrupts the device, or destroys something.", theme::WARN));
    }
    lines
}

fn setup_lines(form: &SetupForm) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = form
        .fields
        .iter()
        .zip(0..)
        .map(|((name, input), at)| {
            let show = |text: &str| {
                if SetupForm::is_secret(at) { "•".repeat(text.chars().count()) } else { clean(text) }
            };
            let (before, after) = input.halves();
            let mut line = label(name, show(before), theme::PLAIN);
            if at == form.focus {
                line.push_span(Span::styled("█", theme::ACCENT));
            }
            line.push_span(show(after));
            line
        })
        .collect();
    lines.extend(form.problem.map(|why| Line::styled(why, theme::BAD)));
    lines
}

fn device_name(app: &App, id: DeviceId) -> String {
    app.state.devices.get(id).map_or_else(|| id.to_string(), |device| clean(title(device)))
}

fn clean(text: &str) -> String {
    for_terminal(cut(text, MAX_SHOWN)).into_owned()
}
