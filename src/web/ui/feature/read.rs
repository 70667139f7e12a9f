//! A payload read back from the fields of its form.

use serde_json::{Map, Number, Value};

use super::{join, object_of};
use crate::app::Error;
use crate::model::device_type::{FieldKind, Payload, PayloadField};
use crate::web::fields::Fields;

/// The most rows that are read of a list, whatever its field says.
const MAX_ROWS: usize = 1000;

/// The payload that a form's fields make; null where none is needed and none was given. A secret that was left empty is
/// what it was in `earlier`, which is what the form was drawn with.
///
/// # Errors
/// [`Error::Invalid`] for a payload that does not fit; the sentence names the field.
pub(in crate::web) fn read(payload: &Payload, prefix: &str, form: &Fields, earlier: &Value) -> Result<Value, Error> {
    let value = match payload {
        Payload::None => Value::Null,
        Payload::Any | Payload::Text | Payload::Choice { .. } => {
            let text = form.get(&format!("{prefix}:payload")).map(lines).filter(|text| !text.is_empty());
            json(form, prefix).or_else(|| text.map(Value::String)).unwrap_or_default()
        }
        Payload::Json { fields, optional } => {
            if let Some(value) = json(form, prefix) {
                value
            } else {
                let earlier = object_of(earlier).map(Value::Object).unwrap_or_default();
                let mut object = more(form, prefix)?;
                object.extend(members(fields, prefix, form, &earlier, !*optional));
                // What was filled in is wanted, though the box above it was not ticked.
                let left_out = *optional && !form.has(&format!("{prefix}:with")) && object == defaults(fields);
                let empty = object.is_empty() && !fields.iter().any(|field| field.required);
                if left_out || empty { Value::Null } else { Value::Object(object) }
            }
        }
    };
    payload.check_value(&value).map_err(|why| Error::invalid("payload", why))?;
    Ok(value)
}

/// What a form begins with.
fn defaults(fields: &[PayloadField]) -> Map<String, Value> {
    fields.iter().filter_map(|field| Some((field.name.clone(), field.default.clone()?))).collect()
}

/// A payload as operations carry it: a text as it is, other JSON as its text, null not at all.
pub(in crate::web) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// What stands in a field for JSON; what is none stays text, for the model to refuse.
fn json(form: &Fields, path: &str) -> Option<Value> {
    let text = form.get(&format!("{path}:json"))?.trim();
    if text.is_empty() {
        return Some(Value::Null);
    }
    Some(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())))
}

/// The members that no field describes.
fn more(form: &Fields, prefix: &str) -> Result<Map<String, Value>, Error> {
    match form.get(&format!("{prefix}:more")).map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(Map::new()),
        Some(text) => serde_json::from_str(text)
            .map_err(|error| Error::invalid("payload", format!("the other members are not a JSON object: {error}"))),
    }
}

fn members(fields: &[PayloadField], prefix: &str, sent: &Fields, earlier: &Value, firm: bool) -> Map<String, Value> {
    fields
        .iter()
        .filter_map(|field| {
            let value = member(field, &join(prefix, &field.name), sent, earlier.get(&field.name), firm)?;
            Some((field.name.clone(), value))
        })
        .collect()
}

/// A field's value; `None` where nothing was filled in.
fn member(field: &PayloadField, path: &str, sent: &Fields, earlier: Option<&Value>, firm: bool) -> Option<Value> {
    if let Some(value) = json(sent, path) {
        return (!value.is_null()).then_some(value);
    }
    let typed = sent.get(path).unwrap_or_default();
    match field.kind {
        FieldKind::Bool if field.required && firm => Some(Value::Bool(sent.has(path))),
        FieldKind::Bool => match typed {
            "" => None,
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            other => Some(Value::String(other.to_owned())),
        },
        FieldKind::Object => {
            let below = firm && field.required;
            let object = members(&field.fields, &format!("{path}."), sent, earlier.unwrap_or(&Value::Null), below);
            (below || !object.is_empty()).then_some(Value::Object(object))
        }
        FieldKind::List => {
            let elements = if field.fields.is_empty() { texts(typed) } else { rows(field, path, sent, earlier) };
            (field.required || !elements.is_empty()).then_some(Value::Array(elements))
        }
        FieldKind::String => {
            let text = if field.format.is_some() { typed.trim().to_owned() } else { lines(typed) };
            if !text.is_empty() {
                return Some(Value::String(text));
            }
            let kept = field.secret && !sent.has(&format!("{path}:clear"));
            earlier.filter(|value| kept && !value.is_null()).cloned()
        }
        FieldKind::Int | FieldKind::Long | FieldKind::Float | FieldKind::Double => number(field, typed.trim(), earlier),
    }
}

fn number(field: &PayloadField, text: &str, earlier: Option<&Value>) -> Option<Value> {
    if text.is_empty() {
        return earlier.filter(|_| field.secret).cloned();
    }
    let fraction = || text.parse::<f64>().ok().filter(|_| is_fraction(field)).and_then(Number::from_f64);
    let whole = text.parse::<i64>().ok().map(Number::from);
    Some(whole.or_else(fraction).map_or_else(|| Value::String(text.to_owned()), Value::Number))
}

const fn is_fraction(field: &PayloadField) -> bool {
    matches!(field.kind, FieldKind::Float | FieldKind::Double)
}

fn texts(typed: &str) -> Vec<Value> {
    typed.lines().map(str::trim).filter(|line| !line.is_empty()).map(Value::from).collect()
}

/// The rows of a list of objects that hold anything, in the order they were sent.
fn rows(field: &PayloadField, path: &str, sent: &Fields, earlier: Option<&Value>) -> Vec<Value> {
    let name = format!("{path}[]");
    let keys = sent.all(&name).filter_map(|key| key.parse::<usize>().ok()).take(MAX_ROWS);
    keys.filter_map(|key| {
        let earlier = earlier.and_then(|earlier| earlier.get(key)).unwrap_or(&Value::Null);
        let row = members(&field.fields, &format!("{path}.{key}."), sent, earlier, false);
        // A secret that is kept does not keep its row: a row is removed by emptying it.
        let typed = members(&field.fields, &format!("{path}.{key}."), sent, &Value::Null, false);
        let only_secrets = field.fields.iter().all(|member| member.secret);
        (!typed.is_empty() || (only_secrets && !row.is_empty())).then_some(Value::Object(row))
    })
    .collect()
}

/// Forms send every line break as two characters.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}
