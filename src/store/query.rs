//! From the query language to SQL: conditions on a device `d`, with every value bound.

use rusqlite::functions::FunctionFlags;
use rusqlite::types::ToSql;
use rusqlite::{Connection, ParamsFromIter, params_from_iter};

use crate::model::query::{Compliance, Field, Op, Query, Value, version};
use crate::model::telemetry;
use crate::model::timestamp::Timestamp;

/// A WHERE clause and what is bound to it.
#[derive(Default)]
pub(super) struct Clause {
    pub(super) text: String,
    pub(super) bound: Vec<Box<dyn ToSql>>,
}

/// Teaches a connection what the clauses need: `version(text)`, the key that versions are sorted by.
pub(super) fn teach(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection
        .create_scalar_function("version", 1, flags, |context| Ok(context.get_raw(0).as_str().ok().and_then(version)))
}

impl Clause {
    /// Begins a further condition.
    pub(super) fn joint(&mut self) {
        self.text.push_str(if self.text.is_empty() { " WHERE " } else { " AND " });
    }

    pub(super) fn and(&mut self, condition: &str, value: impl ToSql + 'static) {
        self.joint();
        self.text.push_str(condition);
        self.bound.push(Box::new(value));
    }

    /// Adds what the query says; relative times count back from `now`.
    pub(super) fn and_query(&mut self, query: &Query, now: Timestamp) {
        self.joint();
        self.query(query, now);
    }

    pub(super) fn bound(&self) -> ParamsFromIter<impl Iterator<Item = &dyn ToSql>> {
        params_from_iter(self.bound.iter().map(AsRef::as_ref))
    }

    fn query(&mut self, query: &Query, now: Timestamp) {
        match query {
            Query::All(parts) if parts.is_empty() => self.text.push_str("TRUE"),
            Query::Any(parts) if parts.is_empty() => self.text.push_str("FALSE"),
            Query::All(parts) => self.joined(parts, " AND ", |clause, part| clause.query(part, now)),
            Query::Any(parts) => self.joined(parts, " OR ", |clause, part| clause.query(part, now)),
            Query::Not(part) => {
                self.text.push_str("NOT (");
                self.query(part, now);
                self.text.push(')');
            }
            Query::Word(word) => {
                self.push("(instr(lower(d.name), lower(?)) > 0", word.clone());
                self.push(" OR instr(lower(d.identifier), lower(?)) > 0)", word.clone());
            }
            Query::Term { field, op, values } => {
                self.joined(values, " OR ", |clause, value| clause.term(field, *op, value, now));
            }
        }
    }

    fn push(&mut self, text: &str, value: impl ToSql + 'static) {
        self.text.push_str(text);
        self.bound.push(Box::new(value));
    }

    fn joined<T>(&mut self, parts: &[T], between: &str, each: impl Fn(&mut Self, &T)) {
        for (index, part) in parts.iter().enumerate() {
            self.text.push_str(if index == 0 { "(" } else { between });
            each(self, part);
        }
        self.text.push(')');
    }

    /// One value of a term. No condition is ever NULL, so that NOT turns it round.
    fn term(&mut self, field: &Field, op: Op, value: &Value, now: Timestamp) {
        let text = text(value);
        match field {
            Field::Type => self.push("d.type = ? COLLATE NOCASE", text),
            Field::Status => self.push("d.status = ?", text),
            Field::Owner => self.push("d.owner = ? COLLATE NOCASE", text),
            Field::Ownership => self.push("d.ownership = ?", text),
            Field::Name => self.text_term("d.name", op, text),
            Field::Identifier => self.text_term("d.identifier", op, text),
            Field::Group => self.push(
                "EXISTS (SELECT 1 FROM group_member m JOIN device_group g ON g.number = m.device_group
                 WHERE m.device = d.number AND g.name = ?)",
                text,
            ),
            Field::Tag => {
                self.push("EXISTS (SELECT 1 FROM tag t WHERE t.device = d.number AND t.name = ?)", text);
            }
            Field::App => {
                self.push("EXISTS (SELECT 1 FROM application a WHERE a.device = d.number AND a.package = ?)", text);
            }
            Field::Policy => self.push(
                "EXISTS (SELECT 1 FROM policy_applied a
                 JOIN json_each(CASE WHEN json_valid(a.policies) THEN a.policies ELSE '[]' END) e
                 JOIN policy p ON p.number = e.value WHERE a.device = d.number AND p.name = ?)",
                text,
            ),
            Field::Compliant => self.text.push_str(complies(match value {
                Value::Compliance(answer) => *answer,
                _ => Compliance::Unknown,
            })),
            Field::Seen => self.age("coalesce(d.last_seen_at, d.enrolled_at)", op, value, now),
            Field::Enrolled => self.age("d.enrolled_at", op, value, now),
            Field::Model => self.property("DEVICE_MODEL".to_owned(), |clause| clause.text_term("p.value", op, text)),
            Field::Vendor => self.property("VENDOR".to_owned(), |clause| clause.text_term("p.value", op, text)),
            Field::Os => self.property("OS_VERSION".to_owned(), |clause| clause.version(op, &text)),
            Field::Battery => {
                self.property("BATTERY_LEVEL".to_owned(), |clause| clause.number("p.value", op, value));
            }
            Field::Property(name) => self.property(name.clone(), |clause| match value {
                Value::Number(_) => clause.number("p.value", op, value),
                _ => clause.text_term("p.value", op, text),
            }),
            Field::Metric(name) => self.metric(name.clone(), op, value, text),
        }
    }

    fn text_term(&mut self, column: &str, op: Op, text: String) {
        if op == Op::Like {
            self.push(&format!("instr(lower({column}), lower(?)) > 0"), text);
        } else {
            self.push(&format!("{column} = ? COLLATE NOCASE"), text);
        }
    }

    fn property(&mut self, name: String, condition: impl FnOnce(&mut Self)) {
        self.push("EXISTS (SELECT 1 FROM property p WHERE p.device = d.number AND p.name = ? AND ", name);
        condition(self);
        self.text.push(')');
    }

    /// Text counts as a number when it looks like one; SQLite would take other text for zero.
    fn number(&mut self, column: &str, op: Op, value: &Value) {
        let Value::Number(number) = value else { return self.text.push_str("FALSE") };
        let condition = format!("{column} GLOB '[-+.0-9]*' AND CAST({column} AS REAL) {} ?", sign(op));
        self.push(&condition, *number);
    }

    fn version(&mut self, op: Op, text: &str) {
        let key = version(text).unwrap_or_default();
        if op == Op::Like {
            // The beginning of the version: 13 is 13 and 13.1.
            let condition = format!("substr(coalesce(version(p.value), x''), 1, {}) = ?", key.len());
            self.push(&condition, key);
        } else {
            self.push(&format!("coalesce(version(p.value) {} ?, FALSE)", sign(op)), key);
        }
    }

    /// An age is greater when the time is earlier.
    fn age(&mut self, column: &str, op: Op, value: &Value, now: Timestamp) {
        let Value::Age(seconds) = value else { return self.text.push_str("FALSE") };
        let limit = now.minus(std::time::Duration::from_secs(*seconds));
        let sign = match op {
            Op::Less => ">",
            Op::AtMost => ">=",
            Op::More => "<",
            Op::AtLeast => "<=",
            Op::Like | Op::Is => "=",
        };
        self.push(&format!("{column} {sign} ?"), limit);
    }

    fn metric(&mut self, name: String, op: Op, value: &Value, text: String) {
        self.push("EXISTS (SELECT 1 FROM metric m WHERE m.device = d.number AND m.name = ? AND ", name);
        if let Value::Number(number) = value {
            let condition = format!("typeof(m.value) IN ('integer', 'real') AND m.value {} ?", sign(op));
            self.push(&condition, *number);
        } else {
            if let Ok(number) = text.parse::<f64>() {
                self.push("(m.value = ?", number);
            } else if let Ok(truth) = text.parse() {
                self.push("(m.value = ?", telemetry::Value::Bool(truth));
            } else {
                self.text.push_str("(FALSE");
            }
            self.push(" OR m.value = ? COLLATE NOCASE)", text);
        }
        self.text.push(')');
    }
}

/// The condition that a device stands so to its policy.
pub(super) const fn complies(answer: Compliance) -> &'static str {
    match answer {
        Compliance::Yes => "EXISTS (SELECT 1 FROM compliance c WHERE c.device = d.number AND c.compliant = 1)",
        Compliance::No => "EXISTS (SELECT 1 FROM compliance c WHERE c.device = d.number AND c.compliant = 0)",
        Compliance::Unknown => {
            "NOT EXISTS (SELECT 1 FROM compliance c WHERE c.device = d.number AND c.compliant IS NOT NULL)"
        }
    }
}

const fn sign(op: Op) -> &'static str {
    match op {
        Op::Like | Op::Is => "=",
        Op::Less => "<",
        Op::AtMost => "<=",
        Op::More => ">",
        Op::AtLeast => ">=",
    }
}

/// The value as the store holds it, where it is text there.
fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Status(status) => status.name().to_owned(),
        Value::Ownership(ownership) => ownership.name().to_owned(),
        Value::Number(_) | Value::Age(_) | Value::Compliance(_) => String::new(),
    }
}

#[cfg(test)]
mod tests;
