//! One line of text that a person types.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The most bytes one input line takes: more than any payload a person types.
const MAX_INPUT: usize = 4096;

/// A line under edit, and where its caret is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Input {
    text: String,
    /// In bytes, always at a character's boundary.
    caret: usize,
}

impl Input {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), caret: text.len() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text before and after the caret.
    pub(crate) fn halves(&self) -> (&str, &str) {
        self.text.split_at_checked(self.caret).unwrap_or((&self.text, ""))
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.caret = 0;
    }

    /// Takes a key; `false` when it is none of an input line's.
    pub(crate) fn key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u') if control => self.clear(),
            KeyCode::Char('a') if control => self.caret = 0,
            KeyCode::Char('e') if control => self.caret = self.text.len(),
            KeyCode::Char(_) if control => return false,
            KeyCode::Char(c) => self.insert(c),
            KeyCode::Backspace => {
                if let Some(before) = self.before() {
                    self.text.remove(before);
                    self.caret = before;
                }
            }
            KeyCode::Delete if self.caret < self.text.len() => {
                self.text.remove(self.caret);
            }
            KeyCode::Left => self.caret = self.before().unwrap_or(0),
            KeyCode::Right => self.caret = self.after(),
            KeyCode::Home => self.caret = 0,
            KeyCode::End => self.caret = self.text.len(),
            _ => return false,
        }
        true
    }

    fn insert(&mut self, c: char) {
        if self.text.len() + c.len_utf8() <= MAX_INPUT && !c.is_control() {
            self.text.insert(self.caret, c);
            self.caret += c.len_utf8();
        }
    }

    fn before(&self) -> Option<usize> {
        self.halves().0.char_indices().next_back().map(|(at, _)| at)
    }

    fn after(&self) -> usize {
        self.caret + self.halves().1.chars().next().map_or(0, char::len_utf8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(input: &mut Input, codes: &[KeyCode]) {
        for code in codes {
            assert!(input.key(KeyEvent::from(*code)));
        }
    }

    #[test]
    fn text_is_edited_in_the_middle() {
        let mut input = Input::new("Kche");
        typed(&mut input, &[KeyCode::Home, KeyCode::Right, KeyCode::Char('ü')]);
        assert_eq!(input.text(), "Küche");
        assert_eq!(input.halves(), ("Kü", "che"));
        typed(&mut input, &[KeyCode::Backspace, KeyCode::Delete, KeyCode::Left, KeyCode::Delete]);
        assert_eq!(input.text(), "he");
        assert!(!input.key(KeyEvent::from(KeyCode::Enter)));
    }

    #[test]
    fn a_line_has_a_bound() {
        let mut input = Input::new(&"x".repeat(MAX_INPUT));
        input.key(KeyEvent::from(KeyCode::Char('y')));
        assert_eq!(input.text().len(), MAX_INPUT);
    }
}
