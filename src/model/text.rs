//! Text from outside: what names may hold, and how hostile text is made harmless for a terminal.

use std::borrow::Cow;

/// The most bytes of a device identifier (the Entgra data model's column).
pub const MAX_IDENTIFIER: usize = 300;
/// The most bytes of a display name.
pub const MAX_NAME: usize = 200;
/// The most bytes of a description.
pub const MAX_DESCRIPTION: usize = 2000;

/// Checks a device identifier: 1 to 300 bytes of printable text without `/`, `+`, `#`, which would change its topic,
/// without quotes, backslashes and spaces at the ends, and not `.` or `..`, which would change its path.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_identifier(text: &str) -> Result<(), String> {
    if text.is_empty() || text.len() > MAX_IDENTIFIER {
        return Err(format!("a device identifier has 1 to {MAX_IDENTIFIER} bytes, not {}", text.len()));
    }
    if text == "." || text == ".." || text.trim() != text {
        return Err("a device identifier is not '.', '..' or padded with spaces".to_owned());
    }
    match text.chars().find(|c| is_hostile(*c) || "/+#\"'\\<>?%".contains(*c)) {
        Some(bad) => Err(format!("a device identifier may not contain {:?}", bad.to_string())),
        None => Ok(()),
    }
}

/// Checks a word that stands in URLs and topics (type names, codes): 1 to 64 of `A-Z a-z 0-9 _ - .`, not `.` or `..`.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_word(what: &str, text: &str) -> Result<(), String> {
    let fits = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
        && text != "."
        && text != "..";
    if fits { Ok(()) } else { Err(format!("{what} has 1 to 64 letters, digits, '_', '-' or '.'")) }
}

/// Checks a name or description for people: at most `max` bytes without control characters.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_label(what: &str, text: &str, max: usize) -> Result<(), String> {
    if text.len() > max {
        return Err(format!("{what} has at most {max} bytes, not {}", text.len()));
    }
    if text.chars().any(|c| is_hostile(c) && c != '\n') {
        return Err(format!("{what} may not contain control characters"));
    }
    Ok(())
}

/// At most `max` bytes of `text`, cut at a character's boundary.
#[must_use]
pub fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}

/// `text` of a device without the characters that [`is_hostile`] names, and without blanks around it; at most `max` bytes.
#[must_use]
pub fn clean(text: &str, max: usize) -> String {
    let clean: String = text.trim().chars().filter(|c| !is_hostile(*c)).collect();
    cut(&clean, max).to_owned()
}

/// `text` with every character that could steer a terminal or hide text replaced by `\u{…}`.
#[must_use]
pub fn for_terminal(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let harmless = text.chars().fold(String::with_capacity(text.len() + 8), |mut harmless, c| {
        if is_hostile(c) {
            harmless.extend(c.escape_unicode());
        } else {
            harmless.push(c);
        }
        harmless
    });
    Cow::Owned(harmless)
}

/// Whether a character could steer a terminal or hide text: control characters (C0, DEL, C1), the bidirectional
/// overrides and the invisible joiners (Unicode UAX #9).
#[must_use]
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A field of comma-separated values (RFC 4180): always quoted; one that a spreadsheet would calculate gets an apostrophe
/// first.
#[must_use]
pub fn csv_text(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_that_would_leave_their_place_are_refused() {
        for good in ["d24f870f390352a4", "pi-1", "Küche 2", "a.b:c@d"] {
            assert_eq!(check_identifier(good), Ok(()), "{good}");
        }
        let long = "x".repeat(301);
        for bad in ["", "..", "../x", "a/b", "a+", "#", "a\"b", "a'b", "\u{1b}[2J", "a\u{202e}b", " a", &long] {
            assert!(check_identifier(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn hostile_text_does_not_reach_the_terminal() {
        assert_eq!(for_terminal("plain ünïcode"), "plain ünïcode");
        assert_eq!(for_terminal("\u{1b}[31mred"), "\\u{1b}[31mred");
        assert_eq!(cut("aé", 2), "a");
    }
}
