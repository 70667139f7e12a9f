//! Comma-separated values (RFC 4180, lines ended by LF) that a spreadsheet takes for text and never for formulas.

use std::borrow::Cow;

use crate::model::telemetry::Value;
use crate::model::text::for_terminal;

/// One line of fields that are already safe, quoted where they must be.
pub(super) fn line<'a>(fields: impl IntoIterator<Item = Cow<'a, str>>) -> String {
    fields.into_iter().map(|field| quote(&field).into_owned()).collect::<Vec<_>>().join(",")
}

/// Text from outside: one that a spreadsheet would calculate gets an apostrophe before it.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    let text = for_terminal(text);
    if text.starts_with(['=', '+', '-', '@']) { Cow::Owned(format!("'{text}")) } else { text }
}

/// A measured value; numbers keep their sign.
pub(super) fn value(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Text(word) => text(word),
        Value::Bool(truth) => Cow::Owned(truth.to_string()),
        Value::Integer(integer) => Cow::Owned(integer.to_string()),
        Value::Number(number) => Cow::Owned(number.to_string()),
    }
}

fn quote(field: &str) -> Cow<'_, str> {
    if field.contains([',', '"', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", field.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_a_formula_and_numbers_stay_numbers() {
        assert_eq!(text("=cmd()"), "'=cmd()");
        assert_eq!(text("@x"), "'@x");
        assert_eq!(text("\t=x"), "\\u{9}=x");
        assert_eq!(value(&Value::Text("-1+1".to_owned())), "'-1+1");
        assert_eq!(value(&Value::Integer(-4)), "-4");
        assert_eq!(value(&Value::Number(-1.5)), "-1.5");
    }

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(line(["a".into(), "b,c".into(), "d\"e".into()]), "a,\"b,c\",\"d\"\"e\"");
    }
}
