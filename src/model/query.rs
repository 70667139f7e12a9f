//! The query language: which devices a person means, in words such as `type:android status:active os<9 tag:lobby`.
//!
//! ```text
//! query = all { "or" all }
//! all   = one { [ "and" ] one }
//! one   = ( "not" | "-" ) one | "(" query ")" | field op value { "," value } | word
//! op    = ":" | "=" | "!=" | "<" | "<=" | ">" | ">="
//! ```
//!
//! A query is kept in a normal form, so that its text reads back as the same query.

mod parse;

#[cfg(test)]
mod tests;

use std::fmt;

use super::device::{DeviceStatus, Ownership};

/// The most bytes of a query's text.
pub const MAX_LENGTH: usize = 1000;
/// How deep parentheses and negations may stand in each other.
pub const MAX_DEPTH: usize = 20;
/// The most values and words of a query.
pub const MAX_VALUES: usize = 100;
/// The most bytes of a field's name behind `prop.` or `metric.`.
const MAX_FIELD_NAME: usize = 100;

/// Which devices are meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// Every one of these; without any, every device.
    All(Vec<Self>),
    /// At least one of these.
    Any(Vec<Self>),
    Not(Box<Self>),
    /// Part of the name or the identifier, in any letter case.
    Word(String),
    /// A field compares so with at least one of the values.
    Term {
        field: Field,
        op: Op,
        values: Vec<Value>,
    },
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `:`: as a person would mean it; part of a text, the beginning of a version, else the same.
    Like,
    /// `=`: the same, in any letter case.
    Is,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// What a device is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    Type,
    Status,
    Name,
    Identifier,
    Owner,
    Ownership,
    Group,
    Tag,
    /// The version of the operating system.
    Os,
    Model,
    Vendor,
    /// The battery's charge in percent.
    Battery,
    /// How long ago the device was heard last; one that never was counts from its enrollment.
    Seen,
    /// How long ago the device was enrolled.
    Enrolled,
    Compliant,
    /// The package of an installed application.
    App,
    /// The name of a policy that is applied to the device.
    Policy,
    /// A property of that name.
    Property(String),
    /// The last value of the metric of that name.
    Metric(String),
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    Number(f64),
    Status(DeviceStatus),
    Ownership(Ownership),
    /// Seconds.
    Age(u64),
    Compliance(Compliance),
}

/// How a device stands to its policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compliance {
    Yes,
    No,
    Unknown,
}

/// What kind of values a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One of a set of names: only the whole of it is meant.
    Exact,
    Text,
    Version,
    Number,
    Age,
    /// Whatever the value looks like.
    Free,
}

/// Why a text is no query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("character {}: {expected}", at + 1)]
pub struct QueryError {
    /// How many characters stand before the place.
    pub at: usize,
    /// What is wrong there, and what was expected.
    pub expected: String,
}

impl Query {
    /// Reads a query; text without any term means every device.
    ///
    /// # Errors
    /// Where the text goes wrong, and what was expected there.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        parse::parse(text)
    }

    /// Every one of `parts`, in normal form.
    #[must_use]
    pub fn all(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::All(flat) }
    }

    /// One of `parts`, in normal form; there is at least one.
    #[must_use]
    pub fn any(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::Any(flat) }
    }

    /// Whether it means every device there is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }

    /// Whether every term is of a field that `fits`.
    #[must_use]
    pub fn keeps_to(&self, fits: &impl Fn(&Field) -> bool) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().all(|part| part.keeps_to(fits)),
            Self::Not(part) => part.keeps_to(fits),
            Self::Word(_) => true,
            Self::Term { field, .. } => fits(field),
        }
    }

    /// Whether a term of that field is in it.
    #[must_use]
    pub fn names(&self, wanted: &Field) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.names(wanted)),
            Self::Not(part) => part.names(wanted),
            Self::Word(_) => false,
            Self::Term { field, .. } => field == wanted,
        }
    }
}

impl Field {
    /// The fields with a name of their own.
    pub const NAMED: [Self; 17] = [
        Self::Type,
        Self::Status,
        Self::Name,
        Self::Identifier,
        Self::Owner,
        Self::Ownership,
        Self::Group,
        Self::Tag,
        Self::Os,
        Self::Model,
        Self::Vendor,
        Self::Battery,
        Self::Seen,
        Self::Enrolled,
        Self::Compliant,
        Self::App,
        Self::Policy,
    ];

    /// The word in a query, without the name behind `prop.` and `metric.`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Status => "status",
            Self::Name => "name",
            Self::Identifier => "identifier",
            Self::Owner => "owner",
            Self::Ownership => "ownership",
            Self::Group => "group",
            Self::Tag => "tag",
            Self::Os => "os",
            Self::Model => "model",
            Self::Vendor => "vendor",
            Self::Battery => "battery",
            Self::Seen => "seen",
            Self::Enrolled => "enrolled",
            Self::Compliant => "compliant",
            Self::App => "app",
            Self::Policy => "policy",
            Self::Property(_) => "prop.",
            Self::Metric(_) => "metric.",
        }
    }

    const fn kind(&self) -> Kind {
        match self {
            Self::Type
            | Self::Status
            | Self::Owner
            | Self::Ownership
            | Self::Group
            | Self::Tag
            | Self::Compliant
            | Self::App
            | Self::Policy => Kind::Exact,
            Self::Name | Self::Identifier | Self::Model | Self::Vendor => Kind::Text,
            Self::Os => Kind::Version,
            Self::Battery => Kind::Number,
            Self::Seen | Self::Enrolled => Kind::Age,
            Self::Property(_) | Self::Metric(_) => Kind::Free,
        }
    }

    /// A term of this field, as the language would make it of these words.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn term(self, op: Op, words: &[String]) -> Result<Query, String> {
        let kind = self.kind();
        let compares = !matches!(op, Op::Like | Op::Is);
        let takes = match kind {
            Kind::Exact | Kind::Text => !compares,
            Kind::Age => compares,
            Kind::Version | Kind::Number | Kind::Free => true,
        };
        if !takes {
            let ops = if kind == Kind::Age { "<, <=, > or >=, such as seen>1d" } else { ":, = or !=" };
            return Err(format!("{} is compared by {ops}", self.word()));
        }
        // Where both mean the same there is one of them, so that equal queries are equal.
        let op = if op == Op::Is && matches!(kind, Kind::Exact | Kind::Number) { Op::Like } else { op };
        let values = words.iter().map(|word| self.value(op, word)).collect::<Result<Vec<_>, _>>()?;
        if values.is_empty() {
            return Err(format!("{} needs a value", self.word()));
        }
        Ok(Query::Term { field: self, op, values })
    }

    fn value(&self, op: Op, word: &str) -> Result<Value, String> {
        let text = || Ok(Value::Text(word.to_owned()));
        let number = || word.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::Number);
        match self {
            Self::Status => DeviceStatus::parse(word).map(Value::Status).ok_or_else(|| {
                let known: Vec<_> = DeviceStatus::ALL.iter().map(|status| status.name().to_lowercase()).collect();
                format!("a status is {}", known.join(", "))
            }),
            Self::Ownership => {
                Ownership::parse(word).map(Value::Ownership).ok_or_else(|| "an ownership is byod or cope".to_owned())
            }
            Self::Compliant => Compliance::parse(word)
                .map(Value::Compliance)
                .ok_or_else(|| "yes, no or unknown is expected".to_owned()),
            Self::Seen | Self::Enrolled => age(word)
                .map(Value::Age)
                .ok_or_else(|| "a time such as 90s, 15m, 12h, 30d or 2w is expected".to_owned()),
            Self::Os if version(word).is_none() => Err("a version such as 9 or 10.0.1 is expected".to_owned()),
            Self::Battery => number().ok_or_else(|| "a number is expected".to_owned()),
            Self::Property(_) | Self::Metric(_) if !matches!(op, Op::Like | Op::Is) => {
                number().ok_or_else(|| "<, <=, > and >= compare with a number".to_owned())
            }
            _ if word.is_empty() => Err(format!("{} needs a value", self.word())),
            _ => text(),
        }
    }
}

impl Compliance {
    /// Every answer.
    pub const ALL: [Self; 3] = [Self::Yes, Self::No, Self::Unknown];

    /// The answer of that name, in any letter case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.name().eq_ignore_ascii_case(word))
    }

    /// The word in a query.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// The units of a time, and how many seconds each has.
const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// Seconds; at most a thousand years.
fn age(word: &str) -> Option<u64> {
    let (unit, seconds) = UNITS.into_iter().find(|(unit, _)| word.ends_with(*unit))?;
    let count: u64 = word.strip_suffix(unit)?.parse().ok()?;
    count.checked_mul(seconds).filter(|seconds| *seconds <= 1000 * 366 * 86_400)
}

/// The most parts of a version that count.
const MAX_VERSION_PARTS: usize = 8;

/// What versions are sorted by: each part in four bytes, big end first, without zeros at the end. A part counts as far
/// as it is a number, and what comes after one that is none does not count. `None` for a text that begins otherwise.
#[must_use]
pub fn version(text: &str) -> Option<Vec<u8>> {
    let mut key = Vec::new();
    for part in text.trim().split('.').take(MAX_VERSION_PARTS) {
        let digits = part.find(|c: char| !c.is_ascii_digit()).map_or(part, |end| part.get(..end).unwrap_or_default());
        let Ok(number) = digits.parse::<u32>() else { break };
        key.extend(number.to_be_bytes());
        if digits.len() < part.len() {
            break;
        }
    }
    if key.is_empty() {
        return None;
    }
    while key.len() > 4 && key.ends_with(&[0; 4]) {
        key.truncate(key.len() - 4);
    }
    Some(key)
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) => joined(f, parts, " "),
            Self::Any(parts) => joined(f, parts, " or "),
            Self::Not(part) => {
                f.write_str("-")?;
                nested(f, part)
            }
            Self::Word(word) => f.write_str(&quoted(word)),
            Self::Term { field, op, values } => {
                f.write_str(field.word())?;
                if let Field::Property(name) | Field::Metric(name) = field {
                    let plain = !name.is_empty() && name.bytes().all(parse::is_field_byte);
                    f.write_str(&if plain { name.clone() } else { in_quotes(name) })?;
                }
                f.write_str(op.word())?;
                for (index, value) in values.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    value.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Query], between: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { between })?;
        nested(f, part)?;
    }
    Ok(())
}

fn nested(f: &mut fmt::Formatter<'_>, part: &Query) -> fmt::Result {
    if matches!(part, Query::All(_) | Query::Any(_)) { write!(f, "({part})") } else { fmt::Display::fmt(part, f) }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Number(number) => number.fmt(f),
            Self::Status(status) => f.write_str(&status.name().to_lowercase()),
            Self::Ownership(ownership) => f.write_str(&ownership.name().to_lowercase()),
            Self::Age(seconds) => {
                let fits = |(_, length): &(char, u64)| *seconds > 0 && seconds.is_multiple_of(*length);
                let (unit, length) = UNITS.into_iter().find(fits).unwrap_or(('s', 1));
                write!(f, "{}{unit}", seconds / length)
            }
            Self::Compliance(answer) => f.write_str(answer.name()),
        }
    }
}

impl Op {
    const fn word(self) -> &'static str {
        match self {
            Self::Like => ":",
            Self::Is => "=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// The text as it stands in a query: in quotes where it would mean something else without.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-.@/+".contains(c);
    let plain = !text.is_empty() && text.chars().all(is_plain) && !text.starts_with('-') && !parse::is_keyword(text);
    if plain { text.to_owned() } else { in_quotes(text) }
}

fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
