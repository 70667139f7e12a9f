//! Reading a query. It ends with a query or with an error that has a place, whatever the text.

use super::{Field, MAX_DEPTH, MAX_FIELD_NAME, MAX_LENGTH, MAX_VALUES, Op, Query, QueryError};

pub(super) fn parse(text: &str) -> Result<Query, QueryError> {
    let mut parser = Parser { text, at: 0, values: 0 };
    if text.len() > MAX_LENGTH {
        parser.at = text.floor_char_boundary(MAX_LENGTH);
        return Err(parser.expected(format!("a query has at most {MAX_LENGTH} bytes")));
    }
    parser.blanks();
    if parser.rest().is_empty() {
        return Ok(Query::All(Vec::new()));
    }
    let query = parser.any(0)?;
    if parser.rest().is_empty() { Ok(query) } else { Err(parser.expected("this parenthesis was not opened")) }
}

/// Whether the word has a meaning of its own.
pub(super) fn is_keyword(word: &str) -> bool {
    ["or", "and", "not"].iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

pub(super) const fn is_field_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// How words that cannot be read further end.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '"')
}

struct Parser<'t> {
    text: &'t str,
    /// In bytes, at a character's boundary.
    at: usize,
    values: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, expected: impl Into<String>) -> QueryError {
        self.expected_at(self.at, expected)
    }

    fn expected_at(&self, at: usize, expected: impl Into<String>) -> QueryError {
        QueryError { at: self.text.get(..at).unwrap_or(self.text).chars().count(), expected: expected.into() }
    }

    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, word: &str) -> bool {
        let taken = self.rest().starts_with(word);
        if taken {
            self.at += word.len();
        }
        taken
    }

    /// The characters until one that `ends`.
    fn until(&mut self, ends: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let word = rest.find(ends).and_then(|end| rest.get(..end)).unwrap_or(rest);
        self.at += word.len();
        word
    }

    /// Takes a keyword that stands by itself.
    fn keyword(&mut self, keyword: &str) -> bool {
        let before = self.at;
        if self.until(ends_word).eq_ignore_ascii_case(keyword) {
            self.blanks();
            return true;
        }
        self.at = before;
        false
    }

    fn any(&mut self, depth: usize) -> Result<Query, QueryError> {
        let mut parts = vec![self.all(depth)?];
        while self.keyword("or") {
            parts.push(self.all(depth)?);
        }
        Ok(Query::any(parts))
    }

    fn all(&mut self, depth: usize) -> Result<Query, QueryError> {
        let mut parts = vec![self.one(depth)?];
        loop {
            let joined = self.keyword("and");
            let before = self.at;
            let ends = self.rest().is_empty() || self.rest().starts_with(')') || self.keyword("or");
            self.at = before;
            if ends && !joined {
                return Ok(Query::all(parts));
            }
            parts.push(self.one(depth)?);
        }
    }

    fn one(&mut self, depth: usize) -> Result<Query, QueryError> {
        if depth >= MAX_DEPTH {
            return Err(self.expected(format!("parentheses and negations stand at most {MAX_DEPTH} deep")));
        }
        if self.keyword("not") || self.take("-") {
            self.blanks();
            return Ok(Query::Not(Box::new(self.one(depth + 1)?)));
        }
        let start = self.at;
        if self.take("(") {
            self.blanks();
            let inner = self.any(depth + 1)?;
            if !self.take(")") {
                return Err(self.expected_at(start, "this parenthesis is not closed"));
            }
            self.blanks();
            return Ok(inner);
        }
        let query = self.term()?;
        self.blanks();
        Ok(query)
    }

    fn term(&mut self) -> Result<Query, QueryError> {
        let start = self.at;
        if self.rest().starts_with('"') {
            let word = self.quoted()?;
            self.count(start)?;
            return Ok(Query::Word(word));
        }
        let name = self.until(|c| !c.is_ascii() || !is_field_byte(c as u8));
        let field = match name {
            "prop." | "metric." if self.rest().starts_with('"') => {
                let inner = self.quoted()?;
                Some(if name == "prop." { Field::Property(inner) } else { Field::Metric(inner) })
            }
            _ => field(name),
        };
        let op_at = self.at;
        if let Some((op, negated)) = self.op() {
            let Some(field) = field else { return Err(self.expected_at(start, no_field(name))) };
            if matches!(&field, Field::Property(name) | Field::Metric(name) if name.is_empty() || name.len() > MAX_FIELD_NAME)
            {
                let why = format!("a name of 1 to {MAX_FIELD_NAME} bytes is expected behind {}", field.word());
                return Err(self.expected_at(start, why));
            }
            let values_at = self.at;
            let words = self.words()?;
            let at = if words.iter().all(String::is_empty) { values_at } else { op_at };
            let term = field.term(op, &words).map_err(|why| self.expected_at(at, why))?;
            return Ok(if negated { Query::Not(Box::new(term)) } else { term });
        }
        self.at = start;
        let word = self.until(ends_word);
        if word.is_empty() || is_keyword(word) {
            let found = if self.rest().starts_with(')') {
                "a term is expected before the parenthesis"
            } else {
                "a term is expected"
            };
            return Err(self.expected_at(start, found));
        }
        if let Some(sign) = word.find([':', '=', '<', '>', '!']) {
            let why =
                format!("there is no such field as {:?}; put text in double quotes", word.get(..sign).unwrap_or(word));
            return Err(self.expected_at(start, why));
        }
        self.count(start)?;
        Ok(Query::Word(word.to_owned()))
    }

    /// The operator, and whether it negates.
    fn op(&mut self) -> Option<(Op, bool)> {
        const OPS: [(&str, Op, bool); 7] = [
            (":", Op::Like, false),
            ("!=", Op::Is, true),
            ("=", Op::Is, false),
            ("<=", Op::AtMost, false),
            ("<", Op::Less, false),
            (">=", Op::AtLeast, false),
            (">", Op::More, false),
        ];
        OPS.into_iter().find(|(word, ..)| self.take(word)).map(|(_, op, negated)| (op, negated))
    }

    /// Values between commas.
    fn words(&mut self) -> Result<Vec<String>, QueryError> {
        let mut words = Vec::new();
        loop {
            let at = self.at;
            words.push(if self.rest().starts_with('"') {
                self.quoted()?
            } else {
                self.until(|c| ends_word(c) || c == ',').to_owned()
            });
            self.count(at)?;
            if !self.take(",") {
                return Ok(words);
            }
        }
    }

    fn quoted(&mut self) -> Result<String, QueryError> {
        let start = self.at;
        let mut text = String::new();
        let mut escaped = false;
        for (index, c) in self.rest().char_indices().skip(1) {
            match c {
                '"' if !escaped => {
                    self.at += index + 1;
                    return Ok(text);
                }
                '\\' if !escaped => escaped = true,
                _ => {
                    escaped = false;
                    text.push(c);
                }
            }
        }
        Err(self.expected_at(start, "this quote is not closed"))
    }

    fn count(&mut self, at: usize) -> Result<(), QueryError> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(self.expected_at(at, format!("a query has at most {MAX_VALUES} values")));
        }
        Ok(())
    }
}

fn field(name: &str) -> Option<Field> {
    if let Some(name) = name.strip_prefix("prop.") {
        return Some(Field::Property(name.to_owned()));
    }
    if let Some(name) = name.strip_prefix("metric.") {
        return Some(Field::Metric(name.to_owned()));
    }
    Field::NAMED.into_iter().find(|field| field.word().eq_ignore_ascii_case(name))
}

fn no_field(name: &str) -> String {
    let known: Vec<_> = Field::NAMED.iter().map(Field::word).collect();
    format!("there is no field {name:?}; there are {}, prop.NAME and metric.NAME", known.join(", "))
}
