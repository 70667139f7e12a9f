//! One row: a call, and what must come of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

/// A call and what it must answer. `${name}` stands for what an earlier row saved, or the site made, in the path, the
/// headers, the body and the expected values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// What the row shows.
    pub(crate) name: String,
    /// Who calls: see [`super::site`].
    pub(crate) r#as: String,
    /// Method and path with the query: `GET /api/v1/devices?limit=1`.
    pub(crate) call: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// A text is sent as it is, anything else as JSON.
    #[serde(default)]
    pub(crate) body: Option<Json>,
    pub(crate) status: u16,
    /// Members of the answer, by JSON pointer (RFC 6901; "" is the whole), and their values.
    #[serde(default)]
    pub(crate) equals: BTreeMap<String, Json>,
    /// Members and their kind: string, integer, number, boolean, array, object.
    #[serde(default)]
    pub(crate) types: BTreeMap<String, String>,
    /// Members that must not be there.
    #[serde(default)]
    pub(crate) absent: Vec<String>,
    /// Lists and their length.
    #[serde(default)]
    pub(crate) count: BTreeMap<String, usize>,
    /// The whole body, which need not be JSON.
    #[serde(default)]
    pub(crate) text: Option<String>,
    /// Pieces of the body, as it is on the wire.
    #[serde(default)]
    pub(crate) contains: Vec<String>,
    /// Members to keep for later rows, by the name they get.
    #[serde(default)]
    pub(crate) save: BTreeMap<String, String>,
}

/// What later rows may name.
pub(crate) type Saved = BTreeMap<String, Json>;

impl Row {
    /// Everything that is wrong with an answer; what is to be saved of it is.
    pub(crate) fn check(&self, status: u16, body: &str, saved: &mut Saved) -> Vec<String> {
        let mut wrong = Vec::new();
        if status != self.status {
            wrong.push(format!("answers {status}, not {}", self.status));
        }
        if let Some(text) = &self.text {
            match fill(text, saved) {
                Ok(text) if text == body => {}
                Ok(text) => wrong.push(format!("the body is not {text:?}")),
                Err(unsaved) => wrong.push(unsaved),
            }
        }
        for piece in &self.contains {
            match fill(piece, saved) {
                Ok(piece) if body.contains(&piece) => {}
                Ok(piece) => wrong.push(format!("the body does not contain {piece:?}")),
                Err(unsaved) => wrong.push(unsaved),
            }
        }
        let json = serde_json::from_str(body).unwrap_or(Json::Null);
        self.check_members(&json, saved, &mut wrong);
        for (name, pointer) in &self.save {
            match json.pointer(pointer) {
                Some(found) => drop(saved.insert(name.clone(), found.clone())),
                None => wrong.push(format!("there is no {pointer} to save")),
            }
        }
        wrong
    }

    fn check_members(&self, json: &Json, saved: &Saved, wrong: &mut Vec<String>) {
        for (pointer, expected) in &self.equals {
            match (json.pointer(pointer), fill_json(expected, saved)) {
                (_, Err(unsaved)) => wrong.push(unsaved),
                (Some(found), Ok(expected)) if *found == expected => {}
                (Some(found), Ok(expected)) => wrong.push(format!("{pointer} is {found}, not {expected}")),
                (None, Ok(expected)) => wrong.push(format!("{pointer} is not there; expected {expected}")),
            }
        }
        for (pointer, kind) in &self.types {
            match json.pointer(pointer) {
                None => wrong.push(format!("{pointer} is not there; expected {kind}")),
                Some(found) if is_of_kind(found, kind) => {}
                Some(found) => wrong.push(format!("{pointer} is {}, not {}", kind_of(found), article(kind))),
            }
        }
        for pointer in &self.absent {
            if let Some(found) = json.pointer(pointer) {
                wrong.push(format!("{pointer} is there: {found}"));
            }
        }
        for (pointer, expected) in &self.count {
            match json.pointer(pointer).and_then(Json::as_array).map(Vec::len) {
                Some(found) if found == *expected => {}
                Some(found) => wrong.push(format!("{pointer} has {found} items, not {expected}")),
                None => wrong.push(format!("{pointer} is no list")),
            }
        }
    }
}

fn is_of_kind(value: &Json, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("there is no kind {other:?}"),
    }
}

fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

fn article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {kind}")
}

/// What was saved by that name.
fn named<'a>(name: &str, saved: &'a Saved) -> Result<&'a Json, String> {
    saved.get(name).ok_or_else(|| format!("${{{name}}} was never saved"))
}

/// The text with what was saved in the place of each `${name}`.
pub(crate) fn fill(text: &str, saved: &Saved) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or_else(|| format!("{text:?} has no end of ${{"))?;
        filled.push_str(before);
        match named(name, saved)? {
            Json::String(text) => filled.push_str(text),
            other => filled.push_str(&other.to_string()),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// As [`fill`], in every text of a JSON value; a text that is nothing but one `${name}` becomes what was saved, of the
/// type it was.
pub(crate) fn fill_json(value: &Json, saved: &Saved) -> Result<Json, String> {
    Ok(match value {
        Json::String(text) => match text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if !name.contains('}') => named(name, saved)?.clone(),
            _ => fill(text, saved)?.into(),
        },
        Json::Array(items) => items.iter().map(|item| fill_json(item, saved)).collect::<Result<_, _>>()?,
        Json::Object(members) => {
            let fill = |(name, value): (&String, &Json)| Ok((name.clone(), fill_json(value, saved)?));
            Json::Object(members.iter().map(fill).collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}
