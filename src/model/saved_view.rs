//! Views of the list of devices that a person keeps: a name for a query string.

use super::text::check_label;
use super::timestamp::Timestamp;

/// The most views of one person.
pub const MAX_VIEWS: usize = 50;
/// The most bytes of a view's name.
const MAX_VIEW_NAME: usize = 60;
/// The most bytes of a view's query string.
const MAX_VIEW_QUERY: usize = 4000;

/// A view that somebody keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// Unique among a person's, in any letter case.
    pub name: String,
    /// The query string of the page, without the question mark.
    pub query: String,
    pub created_at: Timestamp,
}

/// Checks what a view is to be.
///
/// # Errors
/// The member that is wrong, and a sentence that says what is.
pub fn check_view(name: &str, query: &str) -> Result<(), (&'static str, String)> {
    if name.trim() != name || name.is_empty() {
        return Err(("name", "a view needs a name, without blanks at its ends".to_owned()));
    }
    check_label("a view's name", name, MAX_VIEW_NAME).map_err(|why| ("name", why))?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'#');
    if query.len() > MAX_VIEW_QUERY || !query.bytes().all(is_plain) {
        return Err(("query", format!("a view is an encoded query string of at most {MAX_VIEW_QUERY} bytes")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_a_name_and_an_encoded_query() {
        assert_eq!(check_view("Küche", "q=tag%3Alobby&status=ACTIVE"), Ok(()));
        assert_eq!(check_view("all", ""), Ok(()));
        for (name, query, field) in [
            ("", "", "name"),
            (" a", "", "name"),
            ("a\u{1b}", "", "name"),
            (&*"x".repeat(61), "", "name"),
            ("a", "q=a b", "query"),
            ("a", "q=\"><script>", "query"),
            ("a", &*"x".repeat(4001), "query"),
        ] {
            assert_eq!(check_view(name, query).unwrap_err().0, field, "{name} {query}");
        }
    }
}
