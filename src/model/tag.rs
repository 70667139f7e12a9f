//! Tags: words that people stick on devices.

use super::text::is_hostile;

/// The most bytes of a tag.
pub const MAX_TAG: usize = 64;
/// The most tags of a device.
pub const MAX_TAGS: usize = 50;

/// Checks a tag: 1 to 64 bytes without control characters, quotes, commas and blanks at the ends. Tags that differ in
/// letter case alone are the same.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_tag(tag: &str) -> Result<(), String> {
    if tag.is_empty() || tag.len() > MAX_TAG || tag.trim() != tag {
        return Err(format!("a tag has 1 to {MAX_TAG} bytes, and no blanks at its ends"));
    }
    match tag.chars().find(|c| is_hostile(*c) || "\",".contains(*c)) {
        Some(bad) => Err(format!("a tag may not contain {:?}", bad.to_string())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_a_short_plain_word() {
        for good in ["lobby", "Küche 2", "floor:3", &"x".repeat(MAX_TAG)] {
            assert_eq!(check_tag(good), Ok(()), "{good}");
        }
        for bad in ["", " a", "a,b", "a\"b", "a\u{1b}", &"x".repeat(MAX_TAG + 1)] {
            assert!(check_tag(bad).is_err(), "{bad:?}");
        }
    }
}
