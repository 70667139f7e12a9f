//! A form drawn from the description of a feature's payload, and the payload read back from what was sent.
//!
//! Nothing is checked here that the model checks: what cannot be read stays as it was typed, and the model's own check
//! names the field.

mod read;
#[cfg(test)]
mod tests;

use std::cell::Cell;

use maud::{Markup, html};
use serde_json::Value;

pub(in crate::web) use read::{read, text};

use super::Ui;
use crate::model::device_type::{FieldKind, Format, Payload, PayloadField};
use crate::web::message::feature;

/// Empty rows that a list of objects offers below those it holds, for those who have no scripting.
const SPARE_ROWS: usize = 2;
/// The most choices that are shown side by side rather than in a list.
const MAX_RADIOS: usize = 4;
/// A text that may be longer than this gets several lines.
const ONE_LINE: u32 = 500;

/// A payload's form: what it describes, where its names begin, and what it holds.
#[derive(Clone, Copy)]
pub(in crate::web) struct Form<'a> {
    pub(in crate::web) payload: &'a Payload,
    /// What every field's name begins with, so that several forms can stand in one.
    pub(in crate::web) prefix: &'a str,
    /// What the form holds; null begins with the defaults.
    pub(in crate::web) value: &'a Value,
    /// Whether the browser insists on required fields: not where the whole form may be left out.
    pub(in crate::web) insist: bool,
}

struct Drawing<'a> {
    ui: &'a Ui,
    prefix: &'a str,
    insist: bool,
    /// Whether fields begin with their defaults.
    fresh: bool,
    drawn: Cell<u32>,
}

/// How a field stands among others.
#[derive(Clone, Copy)]
enum Place {
    /// What is required here is required.
    Firm,
    /// In a row or an object that may be left out: only what is filled in counts.
    Loose,
}

impl Form<'_> {
    /// The form's fields, without the form around them.
    pub(in crate::web) fn draw(&self, ui: &Ui) -> Markup {
        let (fresh, prefix) = (self.value.is_null(), self.prefix);
        let drawing = Drawing { ui, prefix, insist: self.insist, fresh, drawn: Cell::new(0) };
        match self.payload {
            Payload::None => html! { p.muted { (ui.t(feature::NO_PAYLOAD)) } },
            Payload::Any | Payload::Text => drawing.free(self.payload, self.value),
            Payload::Choice { choices } => drawing.choice(choices, self.value),
            Payload::Json { fields, optional } => match object_of(self.value) {
                Some(members) if !fields.is_empty() => drawing.object(fields, *optional, &members),
                _ => {
                    let held = if fresh { String::new() } else { pretty(self.value) };
                    drawing.json(&format!("{prefix}:json"), ui.t(feature::PAYLOAD), &held, false)
                }
            },
        }
    }
}

impl Drawing<'_> {
    /// An id that no other element of the page has, as long as the prefixes differ.
    fn id(&self) -> String {
        self.drawn.set(self.drawn.get() + 1);
        let prefix = self.prefix.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        format!("field-{prefix}-{}", self.drawn.get())
    }

    fn free(&self, payload: &Payload, value: &Value) -> Markup {
        let (ui, id) = (self.ui, self.id());
        let required = *payload == Payload::Text;
        let (key, held) = match value {
            Value::Null => (":payload", String::new()),
            Value::String(text) => (":payload", text.clone()),
            other => (":json", pretty(other)),
        };
        html! {
            div.field {
                label for=(id) { (ui.t(feature::PAYLOAD)) @if required { (self.star()) } }
                textarea.code id=(id) name={ (self.prefix) (key) } rows="4" spellcheck="false"
                    required[required && self.insist] aria-describedby=[(!required).then(|| format!("{id}-hint"))]
                    { (line_break(&held)) (held) }
                @if !required { p.hint id={ (id) "-hint" } { (ui.t(feature::ANY_HINT)) } }
            }
        }
    }

    fn choice(&self, choices: &[String], value: &Value) -> Markup {
        let name = format!("{}:payload", self.prefix);
        self.choices(&name, self.ui.t(feature::PAYLOAD), choices, value.as_str(), true, None)
    }

    /// A choice of one: side by side where there are few, in a list otherwise.
    fn choices(
        &self,
        name: &str,
        title: &str,
        choices: &[String],
        held: Option<&str>,
        required: bool,
        hint: Option<&str>,
    ) -> Markup {
        let (ui, id) = (self.ui, self.id());
        let is_held = |choice: &str| held.is_some_and(|held| held.eq_ignore_ascii_case(choice));
        let unknown = held.filter(|held| !held.is_empty() && !choices.iter().any(|choice| is_held(choice)));
        if required && choices.len() <= MAX_RADIOS && unknown.is_none() {
            return html! {
                fieldset.choices aria-describedby=[hint.map(|_| format!("{id}-hint"))] {
                    legend { (title) (self.star()) }
                    @for choice in choices {
                        label { input type="radio" name=(name) value=(choice) required[self.insist]
                            checked[is_held(choice)]; " " (choice) }
                    }
                    @if let Some(hint) = hint { p.hint id={ (id) "-hint" } { (hint) } }
                }
            };
        }
        html! {
            div.field {
                label for=(id) { (title) @if required { (self.star()) } }
                select id=(id) name=(name) required[required && self.insist]
                    aria-describedby=[hint.map(|_| format!("{id}-hint"))] {
                    option value="" { (ui.t(if required { feature::CHOOSE } else { feature::NOT_SET })) }
                    @for choice in choices.iter().map(String::as_str).chain(unknown) {
                        option value=(choice) selected[is_held(choice)] { (choice) }
                    }
                }
                @if let Some(hint) = hint { p.hint id={ (id) "-hint" } { (hint) } }
            }
        }
    }

    fn object(&self, fields: &[PayloadField], optional: bool, held: &serde_json::Map<String, Value>) -> Markup {
        let ui = self.ui;
        let place = if optional { Place::Loose } else { Place::Firm };
        let extra = extras(fields, held);
        let more_id = self.id();
        html! {
            @if optional {
                label.tick { input type="checkbox" name={ (self.prefix) ":with" } value="1" checked[!self.fresh];
                    " " (ui.t(feature::WITH_PAYLOAD)) }
            }
            @for field in fields {
                (self.field(field, &join(self.prefix, &field.name), held.get(&field.name), place, optional))
            }
            details.more open[!extra.is_empty()] {
                summary { (ui.t(feature::MORE)) }
                div.field {
                    label for=(more_id) { (ui.t(feature::MORE)) " (JSON)" }
                    textarea.code id=(more_id) name={ (self.prefix) ":more" } rows="3" spellcheck="false"
                        aria-describedby={ (more_id) "-hint" } {
                        @if !extra.is_empty() { (pretty(&Value::Object(extra))) }
                    }
                    p.hint id={ (more_id) "-hint" } { (ui.t(feature::MORE_HINT)) }
                }
            }
        }
    }

    /// One field. `whole` marks the members of a payload that may be left out: they begin with their defaults all the same.
    fn field(&self, field: &PayloadField, path: &str, held: Option<&Value>, place: Place, whole: bool) -> Markup {
        let firm = matches!(place, Place::Firm);
        let default = field.default.as_ref().filter(|_| self.fresh && (firm || whole));
        let held = held.filter(|value| !value.is_null()).or(default);
        let title = if field.title.is_empty() { &field.name } else { &field.title };
        let required = field.required && (firm || whole);
        // What the field's own control cannot show is shown as JSON; a secret is not shown at all.
        if !field.secret && held.is_some_and(|held| !fits(field, held)) {
            let held = held.map(pretty).unwrap_or_default();
            return self.json(&format!("{path}:json"), title, &held, required && firm);
        }
        let hint = self.hint(field);
        match field.kind {
            FieldKind::Bool => self.truth(field, path, title, held, firm, &hint),
            FieldKind::Object if field.fields.is_empty() => {
                let held = held.map(pretty).unwrap_or_default();
                self.json(&format!("{path}:json"), title, &held, required && firm)
            }
            FieldKind::Object => {
                let below = if required && firm { Place::Firm } else { Place::Loose };
                html! {
                    fieldset {
                        legend { (title) @if required { (self.star()) } }
                        @if !hint.is_empty() { p.hint { (hint) } }
                        @for member in &field.fields {
                            @let held = held.and_then(|held| held.get(&member.name));
                            (self.field(member, &join(&dotted(path), &member.name), held, below, false))
                        }
                    }
                }
            }
            FieldKind::List if field.fields.is_empty() => {
                let lines: Vec<&str> =
                    held.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
                let hint = [self.ui.t(feature::ONE_A_LINE), &hint].into_iter().filter(|part| !part.is_empty());
                self.area(
                    path,
                    title,
                    &lines.join("\n"),
                    required,
                    required && firm,
                    &hint.collect::<Vec<_>>().join("; "),
                )
            }
            FieldKind::List => self.rows(field, path, title, held, required, &hint),
            _ if !field.choices.is_empty() => {
                let hint = (!hint.is_empty()).then_some(hint.as_str());
                self.choices(path, title, &field.choices, held.and_then(Value::as_str), required && firm, hint)
            }
            FieldKind::String if is_long(field, held) => {
                let held = held.and_then(Value::as_str).unwrap_or_default();
                self.area(path, title, held, required, required && firm, &hint)
            }
            _ => self.line(field, path, title, held, firm, &hint),
        }
    }

    fn truth(
        &self,
        field: &PayloadField,
        path: &str,
        title: &str,
        held: Option<&Value>,
        firm: bool,
        hint: &str,
    ) -> Markup {
        let (ui, id) = (self.ui, self.id());
        let truth = held.and_then(truth_of);
        let describes = (!hint.is_empty()).then(|| format!("{id}-hint"));
        html! {
            div.field {
                @if field.required && firm {
                    label.tick { input type="checkbox" id=(id) name=(path) value="true" checked[truth == Some(true)]
                        aria-describedby=[describes.as_ref()]; " " (title) }
                } @else {
                    label for=(id) { (title) }
                    select id=(id) name=(path) aria-describedby=[describes.as_ref()] {
                        option value="" { (ui.t(feature::NOT_SET)) }
                        option value="true" selected[truth == Some(true)] { (ui.t(feature::YES)) }
                        option value="false" selected[truth == Some(false)] { (ui.t(feature::NO)) }
                    }
                }
                @if let Some(hint_id) = &describes { p.hint id=(hint_id) { (hint) } }
            }
        }
    }

    /// A control of one line: text, number, time, address or password.
    fn line(
        &self,
        field: &PayloadField,
        path: &str,
        title: &str,
        held: Option<&Value>,
        firm: bool,
        hint: &str,
    ) -> Markup {
        let (ui, id) = (self.ui, self.id());
        let describes = (!hint.is_empty()).then(|| format!("{id}-hint"));
        let whole = matches!(field.kind, FieldKind::Int | FieldKind::Long);
        let number = whole || matches!(field.kind, FieldKind::Float | FieldKind::Double);
        let kind = match field.format {
            _ if field.secret => "password",
            _ if number => "number",
            Some(Format::Url) => "url",
            Some(Format::Time) => "time",
            _ => "text",
        };
        let (least, most) = match field.kind {
            FieldKind::Int => (field.min.or(Some(i32::MIN.into())), field.max.or(Some(i32::MAX.into()))),
            _ => (field.min, field.max),
        };
        let kept = field.secret && held.is_some();
        let shown = match held {
            Some(_) if field.secret => None,
            Some(Value::String(text)) => Some(text.clone()),
            other => other.map(Value::to_string),
        };
        let plain = matches!(kind, "text" | "password" | "url");
        let required = field.required && firm && self.insist && !kept;
        html! {
            div.field {
                label for=(id) { (title) @if field.required && firm { (self.star()) } }
                input id=(id) name=(path) type=(kind) value=[shown.as_ref()] required[required]
                    min=[least.filter(|_| number)] max=[most.filter(|_| number)]
                    step=[number.then_some(if whole { "1" } else { "any" })]
                    minlength=[field.min_length.filter(|_| plain)] maxlength=[field.max_length.filter(|_| plain)]
                    placeholder=[kept.then(|| ui.t(feature::UNCHANGED))]
                    inputmode=[(field.format == Some(Format::Port)).then_some("numeric")]
                    autocomplete=(if field.secret { "new-password" } else { "off" })
                    spellcheck=[plain.then_some("false")] aria-describedby=[describes.as_ref()];
                @if kept && !field.required {
                    label.tick { input type="checkbox" name={ (path) ":clear" } value="1"; " " (ui.t(feature::CLEAR)) }
                }
                @if let Some(hint_id) = &describes { p.hint id=(hint_id) { (hint) } }
            }
        }
    }

    fn area(&self, path: &str, title: &str, held: &str, starred: bool, required: bool, hint: &str) -> Markup {
        let id = self.id();
        let describes = (!hint.is_empty()).then(|| format!("{id}-hint"));
        html! {
            div.field {
                label for=(id) { (title) @if starred { (self.star()) } }
                textarea id=(id) name=(path) rows="4" spellcheck="false" required[required && self.insist]
                    aria-describedby=[describes.as_ref()] { (line_break(held)) (held) }
                @if let Some(hint_id) = &describes { p.hint id=(hint_id) { (hint) } }
            }
        }
    }

    fn json(&self, name: &str, title: &str, held: &str, required: bool) -> Markup {
        let id = self.id();
        html! {
            div.field {
                label for=(id) { (title) @if required { (self.star()) } }
                textarea.code id=(id) name=(name) rows="5" spellcheck="false" required[required && self.insist]
                    aria-describedby={ (id) "-hint" } { (line_break(held)) (held) }
                p.hint id={ (id) "-hint" } { (self.ui.t(feature::JSON_HINT)) }
            }
        }
    }

    /// A list of objects: a row each. The script adds rows from the template; without it there are spare ones.
    fn rows(
        &self,
        field: &PayloadField,
        path: &str,
        title: &str,
        held: Option<&Value>,
        required: bool,
        hint: &str,
    ) -> Markup {
        let ui = self.ui;
        let held = held.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let most = field.max_length.map_or(usize::MAX, |most| most as usize).max(held.len());
        let shown = (held.len() + SPARE_ROWS).min(most);
        html! {
            fieldset.entries data-rows=(path) {
                legend { (title) @if required { (self.star()) } }
                @if !hint.is_empty() { p.hint { (hint) } }
                @for at in 0..shown { (self.row(field, path, &at.to_string(), at + 1, held.get(at))) }
                // A list within a row of the template has no template of its own: its rows would need two numbers.
                @if !path.contains("{row}") {
                    template { (self.row(field, path, "{row}", 0, None)) }
                    button.button.quiet type="button" data-add-row hidden { (ui.t(feature::ADD_ROW)) }
                }
            }
        }
    }

    fn row(&self, field: &PayloadField, path: &str, key: &str, number: usize, held: Option<&Value>) -> Markup {
        let title = if number == 0 { "{number}".to_owned() } else { number.to_string() };
        html! {
            fieldset.entry {
                legend { (self.ui.fill(feature::ROW, &[&title])) }
                input type="hidden" name={ (path) "[]" } value=(key);
                @for member in &field.fields {
                    @let held = held.and_then(|held| held.get(&member.name));
                    (self.field(member, &join(&format!("{path}.{key}."), &member.name), held, Place::Loose, false))
                }
                button.button.quiet type="button" data-remove-row hidden { (self.ui.t(feature::REMOVE_ROW)) }
            }
        }
    }

    fn star(&self) -> Markup {
        html! { " " span.required title=(self.ui.t(feature::REQUIRED)) aria-hidden="true" { "*" } }
    }

    /// What may be filled in, in a few words.
    fn hint(&self, field: &PayloadField) -> String {
        let ui = self.ui;
        let mut words = Vec::new();
        if !field.help.is_empty() {
            words.push(field.help.clone());
        }
        let format = field.format.map(|format| match format {
            Format::Url => feature::FORMAT_URL,
            Format::Package => feature::FORMAT_PACKAGE,
            Format::Host => feature::FORMAT_HOST,
            Format::Port => feature::FORMAT_PORT,
            Format::Time => feature::FORMAT_TIME,
        });
        words.extend(format.map(|format| ui.t(format).to_owned()));
        words.extend(self.range(field.min, field.max));
        let list = field.kind == FieldKind::List;
        let lengths = self.range(field.min_length, field.max_length);
        words.extend(
            lengths.map(|range| ui.fill(if list { feature::ELEMENTS } else { feature::CHARACTERS }, &[&range])),
        );
        words.join("; ")
    }

    fn range<T: std::fmt::Display>(&self, least: Option<T>, most: Option<T>) -> Option<String> {
        Some(match (least, most) {
            (Some(least), Some(most)) => self.ui.fill(feature::BETWEEN, &[&least, &most]),
            (Some(least), None) => self.ui.fill(feature::AT_LEAST, &[&least]),
            (None, Some(most)) => self.ui.fill(feature::AT_MOST, &[&most]),
            (None, None) => return None,
        })
    }
}

/// A member's name below a prefix. A dot within a name is no step.
fn join(prefix: &str, name: &str) -> String {
    format!("{prefix}{}", name.replace('\\', "\\\\").replace('.', "\\.").replace(':', "\\:").replace('[', "\\["))
}

fn dotted(path: &str) -> String {
    format!("{path}.")
}

/// The members of a payload that is an object, also one that is written as text; null is an empty one.
fn object_of(value: &Value) -> Option<serde_json::Map<String, Value>> {
    match value {
        Value::Null => Some(serde_json::Map::new()),
        Value::Object(members) => Some(members.clone()),
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => None,
    }
}

/// The members that no field describes.
fn extras(fields: &[PayloadField], held: &serde_json::Map<String, Value>) -> serde_json::Map<String, Value> {
    let known = |name: &str| fields.iter().any(|field| field.name == name);
    held.iter().filter(|(name, _)| !known(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Whether a field's own control can show a value, so that it comes back as it was.
fn fits(field: &PayloadField, held: &Value) -> bool {
    match (field.kind, held) {
        (FieldKind::String, Value::String(text)) => !text.contains('\r'),
        (FieldKind::Bool, _) => truth_of(held).is_some() || held.as_str() == Some(""),
        (FieldKind::Int | FieldKind::Long, Value::Number(number)) => number.is_i64(),
        (FieldKind::Int | FieldKind::Long, Value::String(text)) => text.is_empty() || text.parse::<i64>().is_ok(),
        (FieldKind::Float | FieldKind::Double, Value::Number(_)) => true,
        (FieldKind::Object, Value::Object(members)) => {
            field.fields.is_empty() || (extras(&field.fields, members).is_empty() && !members.is_empty())
        }
        (FieldKind::List, Value::Array(elements)) if field.fields.is_empty() => elements.iter().all(|element| {
            element.as_str().is_some_and(|line| !line.is_empty() && line.trim() == line && !line.contains(['\n', '\r']))
        }),
        (FieldKind::List, Value::Array(elements)) => elements.iter().all(|element| {
            element.as_object().is_some_and(|members| !members.is_empty() && extras(&field.fields, members).is_empty())
        }),
        _ => false,
    }
}

fn truth_of(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn is_long(field: &PayloadField, held: Option<&Value>) -> bool {
    let lines = held.and_then(Value::as_str).is_some_and(|text| text.contains('\n'));
    !field.secret && field.format.is_none() && (lines || field.max_length.is_some_and(|most| most > ONE_LINE))
}

/// Browsers drop one line break at the beginning of a text area.
fn line_break(held: &str) -> &'static str {
    if held.starts_with('\n') { "\n" } else { "" }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}
