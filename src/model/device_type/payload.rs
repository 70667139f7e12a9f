//! What may go with an operation, and with a feature in a policy: forms, fields, and their one check.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::text::{MAX_DESCRIPTION, MAX_NAME, check_label};

/// How deep fields may be nested.
const MAX_FIELD_DEPTH: usize = 4;
/// The most fields of one object, and the most choices of one field.
const MAX_FIELDS: usize = 128;
/// The most elements of a list whose field names no bound of its own.
const MAX_LIST: u32 = 1000;
/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// What a feature's payload may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "lowercase", deny_unknown_fields)]
pub enum Payload {
    /// No payload is needed; one that is given is passed on.
    #[default]
    Any,
    /// The operation takes no payload.
    None,
    /// One of these words, in any letter case; sent as written here.
    Choice { choices: Vec<String> },
    /// Text of any kind.
    Text,
    /// A JSON object; members that are not among the fields are passed on.
    Json {
        #[serde(default)]
        fields: Vec<PayloadField>,
        /// The payload may be left out even though some of its fields are required.
        #[serde(default, skip_serializing_if = "is_false")]
        optional: bool,
    },
}

/// One member of a JSON payload. Consoles of the Entgra API send what a form holds, which is text: a whole number or a
/// boolean may come as one (`"4"`, `"true"`), and an empty text is none. What fits is passed on as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayloadField {
    /// The member's name, 1 to 64 bytes.
    pub name: String,
    #[serde(default)]
    pub title: String,
    pub kind: FieldKind,
    #[serde(default)]
    pub required: bool,
    /// A sentence for whoever fills it in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// The least and the greatest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// The least and the most characters of a text, or elements of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// The only texts there are, or the only texts of a list; in exactly this spelling.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// What a text must look like, or each text of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// A password, PIN or key: kept out of logs, and shown only to those who may operate the device.
    #[serde(default, skip_serializing_if = "is_false")]
    pub secret: bool,
    /// What a form begins with; the server itself fills nothing in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The members of an object, or of each element of a list; a list without fields holds texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<PayloadField>,
}

/// The type of a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FieldKind {
    String,
    Long,
    Bool,
    Int,
    Float,
    Double,
    Object,
    List,
}

/// What a text must look like. An empty text passes where the field is not required.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// An address with a scheme and a host, without spaces.
    Url,
    /// The name of an Android application: words of letters, digits and `_`, at least two, with dots between them.
    Package,
    /// A host name or an IP address.
    Host,
    /// A number from 1 to 65535.
    Port,
    /// A time of the day, `HH:MM`.
    Time,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Payload {
    /// The payload to send, or why this one cannot be sent.
    ///
    /// # Errors
    /// A sentence for the caller, when the payload does not fit the form; it names the field that is wrong.
    pub fn check(&self, given: Option<&str>) -> Result<Option<String>, String> {
        let given = given.filter(|text| !text.is_empty());
        match (self, given) {
            (Self::Any, text) => Ok(text.map(str::to_owned)),
            (Self::None, None) => Ok(None),
            (Self::None, Some(_)) => Err("this operation takes no payload".to_owned()),
            (Self::Choice { choices }, text) => text
                .and_then(|text| choices.iter().find(|choice| choice.eq_ignore_ascii_case(text)))
                .map(|choice| Some(choice.clone()))
                .ok_or_else(|| format!("the payload must be one of {}", choices.join(", "))),
            (Self::Text, Some(text)) => Ok(Some(text.to_owned())),
            (Self::Text, None) => Err("the payload is missing".to_owned()),
            (Self::Json { fields, optional }, None) => match fields.iter().find(|field| field.required) {
                Some(field) if !optional => Err(format!("the payload is missing: {:?} is required", field.name)),
                _ => Ok(None),
            },
            (Self::Json { fields, .. }, Some(text)) => {
                let object: Map<String, Value> =
                    serde_json::from_str(text).map_err(|error| format!("the payload is not a JSON object: {error}"))?;
                check_members(fields, &object, "")?;
                Ok(Some(text.to_owned()))
            }
        }
    }

    /// Checks a payload that is JSON already, such as a feature's content in a policy; null is none.
    ///
    /// # Errors
    /// As [`Payload::check`].
    pub fn check_value(&self, given: &Value) -> Result<(), String> {
        match (self, given) {
            (_, Value::Null) => self.check(None),
            (Self::Json { fields, .. }, Value::Object(object)) => return check_members(fields, object, ""),
            (Self::None, Value::Object(object)) if object.is_empty() => return Ok(()),
            (_, Value::String(text)) => self.check(Some(text)),
            (_, other) => self.check(Some(&other.to_string())),
        }
        .map(|_| ())
    }

    /// The fields of a JSON payload; of any other form none.
    #[must_use]
    pub fn fields(&self) -> &[PayloadField] {
        match self {
            Self::Json { fields, .. } => fields,
            _ => &[],
        }
    }

    /// The names of the fields, for people.
    #[must_use]
    pub fn field_names(&self) -> String {
        let names: Vec<&str> = self.fields().iter().map(|field| field.name.as_str()).collect();
        names.join(", ")
    }

    /// The payload with [`MASK`] in the place of every secret; `None` where it holds none.
    #[must_use]
    pub fn masked(&self, text: &str) -> Option<String> {
        let mut value: Value = serde_json::from_str(text).ok()?;
        mask_value(self.fields(), &mut value).then(|| value.to_string())
    }

    /// Puts [`MASK`] in the place of every secret of a payload that is JSON. True when there was one.
    pub fn mask(&self, value: &mut Value) -> bool {
        mask_value(self.fields(), value)
    }

    /// Checks the definition itself.
    ///
    /// # Errors
    /// A sentence that names the field that cannot be.
    pub fn check_definition(&self) -> Result<(), String> {
        match self {
            Self::Choice { choices } if choices.is_empty() || choices.len() > MAX_FIELDS => {
                Err(format!("a choice has 1 to {MAX_FIELDS} words"))
            }
            Self::Json { fields, .. } => check_definitions(fields, 1),
            _ => Ok(()),
        }
    }
}

fn mask_value(fields: &[PayloadField], value: &mut Value) -> bool {
    let Value::Object(object) = value else { return false };
    let mut found = false;
    for field in fields {
        let Some(member) = object.get_mut(&field.name) else { continue };
        if field.secret {
            *member = Value::String(MASK.to_owned());
            found = true;
        } else if let Value::Array(elements) = member {
            for element in elements {
                found |= mask_value(&field.fields, element);
            }
        } else {
            found |= mask_value(&field.fields, member);
        }
    }
    found
}

fn check_members(fields: &[PayloadField], object: &Map<String, Value>, within: &str) -> Result<(), String> {
    for field in fields {
        let path = if within.is_empty() { field.name.clone() } else { format!("{within}.{}", field.name) };
        match object.get(&field.name) {
            None | Some(Value::Null) if field.required => return Err(format!("payload field {path:?} is missing")),
            None | Some(Value::Null) => {}
            Some(value) => field.check(value, &path)?,
        }
    }
    Ok(())
}

fn check_definitions(fields: &[PayloadField], depth: usize) -> Result<(), String> {
    if fields.len() > MAX_FIELDS || depth > MAX_FIELD_DEPTH {
        return Err(format!("a payload has at most {MAX_FIELDS} fields in an object and {MAX_FIELD_DEPTH} levels"));
    }
    for (at, field) in fields.iter().enumerate() {
        if field.name.is_empty() {
            return Err("a payload field's name is empty".to_owned());
        }
        check_label("a payload field's name", &field.name, 64)?;
        check_label("a payload field's title", &field.title, MAX_NAME)?;
        check_label("a payload field's help", &field.help, MAX_DESCRIPTION)?;
        let wrong = |why: &str| Err(format!("payload field {:?} {why}", field.name));
        if fields.iter().take(at).any(|other| other.name == field.name) {
            return wrong("is there twice");
        }
        let texts = matches!(field.kind, FieldKind::String)
            || (matches!(field.kind, FieldKind::List) && field.fields.is_empty());
        if !texts && (!field.choices.is_empty() || field.format.is_some()) {
            return wrong("has choices or a format, but is no text");
        }
        if !field.kind.is_number() && (field.min.is_some() || field.max.is_some()) {
            return wrong("has a least or greatest number, but is none");
        }
        let lengths = field.min_length.is_some() || field.max_length.is_some();
        if !matches!(field.kind, FieldKind::String | FieldKind::List) && lengths {
            return wrong("has a length, but is neither text nor list");
        }
        let upside_down = field.min.zip(field.max).is_some_and(|(min, max)| min > max)
            || field.min_length.zip(field.max_length).is_some_and(|(min, max)| min > max);
        if upside_down {
            return wrong("has a least value above its greatest");
        }
        if !matches!(field.kind, FieldKind::Object | FieldKind::List) && !field.fields.is_empty() {
            return wrong("has fields, but is neither object nor list");
        }
        if field.choices.len() > MAX_FIELDS {
            return wrong("has too many choices");
        }
        check_definitions(&field.fields, depth + 1)?;
        if let Some(default) = &field.default {
            field.check(default, &field.name).map_err(|why| format!("the default does not fit: {why}"))?;
        }
    }
    Ok(())
}

impl PayloadField {
    /// What a value of this field may be, in a few words: `STRING, 1 to 64 characters`.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut words = vec![self.kind.name().to_owned()];
        if !self.choices.is_empty() {
            words.push(format!("one of {}", self.choices.join(", ")));
        }
        if let Some(format) = self.format {
            words.push(format.describe().to_owned());
        }
        words.extend(range(self.min, self.max));
        let unit = if self.kind == FieldKind::List { "elements" } else { "characters" };
        words.extend(range(self.min_length, self.max_length).map(|range| format!("{range} {unit}")));
        if let Some(default) = &self.default {
            words.push(format!("default {default}"));
        }
        if self.secret {
            words.push("secret".to_owned());
        }
        words.join(", ")
    }

    fn check(&self, value: &Value, path: &str) -> Result<(), String> {
        let wrong = |why: String| Err(format!("payload field {path:?} must {why}"));
        match value {
            Value::String(text) if self.kind.is_read_from_text() => match self.kind.read(text) {
                Some(read) => self.check(&read, path),
                None if text.is_empty() && !self.required => Ok(()),
                None => wrong(format!("be of type {}", self.kind.name())),
            },
            _ if !self.kind.admits(value) => wrong(format!("be of type {}", self.kind.name())),
            Value::String(text) => self.check_text(text, path),
            Value::Number(number) => {
                let low = self.min.is_some_and(|min| less(number, min));
                let high = self.max.is_some_and(|max| greater(number, max));
                if low || high {
                    return wrong(format!("be {}", range(self.min, self.max).unwrap_or_default()));
                }
                Ok(())
            }
            Value::Array(elements) => {
                let least = self.min_length.unwrap_or(0);
                let most = self.max_length.unwrap_or(MAX_LIST);
                if elements.len() < least as usize || elements.len() > most as usize {
                    return wrong(format!("have {least} to {most} elements"));
                }
                for (at, element) in elements.iter().enumerate() {
                    let path = format!("{path}[{at}]");
                    match element {
                        Value::Object(object) if !self.fields.is_empty() => check_members(&self.fields, object, &path)?,
                        Value::String(text) if self.fields.is_empty() => self.check_word(text, &path)?,
                        _ => {
                            let wanted = if self.fields.is_empty() { FieldKind::String } else { FieldKind::Object };
                            return Err(format!("payload field {path:?} must be of type {}", wanted.name()));
                        }
                    }
                }
                Ok(())
            }
            Value::Object(object) => check_members(&self.fields, object, path),
            Value::Null | Value::Bool(_) => Ok(()),
        }
    }

    fn check_text(&self, text: &str, path: &str) -> Result<(), String> {
        if text.is_empty() && !self.required {
            return Ok(());
        }
        let characters = text.chars().count();
        let short = self.min_length.is_some_and(|min| characters < min as usize);
        let long = self.max_length.is_some_and(|max| characters > max as usize);
        if short || long {
            let range = range(self.min_length, self.max_length).unwrap_or_default();
            return Err(format!("payload field {path:?} must have {range} characters"));
        }
        self.check_word(text, path)
    }

    fn check_word(&self, text: &str, path: &str) -> Result<(), String> {
        if !self.choices.is_empty() && !self.choices.iter().any(|choice| choice == text) {
            return Err(format!("payload field {path:?} must be one of {}", self.choices.join(", ")));
        }
        match self.format {
            Some(format) if !format.admits(text) => {
                Err(format!("payload field {path:?} must be {}", format.describe()))
            }
            _ => Ok(()),
        }
    }
}

fn range<T: std::fmt::Display>(min: Option<T>, max: Option<T>) -> Option<String> {
    match (min, max) {
        (Some(min), Some(max)) => Some(format!("{min} to {max}")),
        (Some(min), None) => Some(format!("at least {min}")),
        (None, Some(max)) => Some(format!("at most {max}")),
        (None, None) => None,
    }
}

/// Exact for whole numbers; a fraction is compared as it is.
fn less(number: &serde_json::Number, bound: i64) -> bool {
    match (number.as_i64(), number.as_u64()) {
        (Some(whole), _) => whole < bound,
        (None, Some(_)) => false,
        #[expect(clippy::cast_precision_loss, reason = "a fraction has no exact bound")]
        (None, None) => number.as_f64().is_some_and(|fraction| fraction < bound as f64),
    }
}

/// As [`less`].
fn greater(number: &serde_json::Number, bound: i64) -> bool {
    match (number.as_i64(), number.as_u64()) {
        (Some(whole), _) => whole > bound,
        (None, Some(_)) => true,
        #[expect(clippy::cast_precision_loss, reason = "a fraction has no exact bound")]
        (None, None) => number.as_f64().is_some_and(|fraction| fraction > bound as f64),
    }
}

impl FieldKind {
    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "STRING",
            Self::Long => "LONG",
            Self::Bool => "BOOL",
            Self::Int => "INT",
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
            Self::Object => "OBJECT",
            Self::List => "LIST",
        }
    }

    const fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Long | Self::Float | Self::Double)
    }

    const fn is_read_from_text(self) -> bool {
        matches!(self, Self::Int | Self::Long | Self::Bool)
    }

    /// The number or boolean that a form's text stands for.
    fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::Int | Self::Long => text.parse::<i64>().ok().map(Value::from),
            Self::Bool if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
            Self::Bool if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
            _ => None,
        }
    }

    fn admits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Bool => value.is_boolean(),
            Self::Int => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            Self::Long => value.is_i64(),
            Self::Float | Self::Double => value.is_number(),
            Self::Object => value.is_object(),
            Self::List => value.is_array(),
        }
    }
}

impl Format {
    /// What a text of this format is, for people.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Url => "an address such as https://host/path",
            Self::Package => "an application's name such as com.example.app",
            Self::Host => "a host name or an IP address",
            Self::Port => "a port from 1 to 65535",
            Self::Time => "a time of the day as HH:MM",
        }
    }

    /// Whether a text is of this format.
    #[must_use]
    pub fn admits(self, text: &str) -> bool {
        match self {
            Self::Url => is_url(text),
            Self::Package => is_package(text),
            Self::Host => is_host(text),
            Self::Port => text.parse::<u16>().is_ok_and(|port| port > 0),
            Self::Time => is_time(text),
        }
    }
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    scheme_fits && !host.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Whether a text is the name of an Android application.
#[must_use]
pub fn is_package(text: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    text.len() <= 255 && text.contains('.') && text.split('.').all(word)
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.parse::<std::net::IpAddr>().is_ok() || (text.len() <= 253 && text.split('.').all(label))
}

fn is_time(text: &str) -> bool {
    let two = |digits: &str, end: u8| {
        digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u8>().is_ok_and(|n| n < end)
    };
    text.split_once(':').is_some_and(|(hours, minutes)| two(hours, 24) && two(minutes, 60))
}

#[cfg(test)]
mod tests;
