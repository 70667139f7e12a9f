//! The selected row of a list, held by its key so that it stays on the same thing when the list is sorted anew.

use crossterm::event::{KeyCode, KeyEvent};

/// Rows that a page move by.
const PAGE: usize = 10;

/// A movement of the selection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
}

impl Step {
    /// The movement that a key stands for.
    pub(crate) const fn of(key: KeyEvent) -> Option<Self> {
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => Some(Self::Up),
            KeyCode::Down | KeyCode::Char('j') => Some(Self::Down),
            KeyCode::PageUp => Some(Self::PageUp),
            KeyCode::PageDown => Some(Self::PageDown),
            KeyCode::Home | KeyCode::Char('g') => Some(Self::First),
            KeyCode::End | KeyCode::Char('G') => Some(Self::Last),
            _ => None,
        }
    }

    /// The row that this step leads to from `row` in a list of `len` rows.
    pub(crate) fn from(self, row: usize, len: usize) -> usize {
        let last = len.saturating_sub(1);
        match self {
            Self::Up => row.saturating_sub(1),
            Self::Down => row.saturating_add(1).min(last),
            Self::PageUp => row.saturating_sub(PAGE),
            Self::PageDown => row.saturating_add(PAGE).min(last),
            Self::First => 0,
            Self::Last => last,
        }
    }
}

/// Which row of a list is selected.
#[derive(Debug)]
pub(crate) struct Cursor<K> {
    key: Option<K>,
    /// Where the key was last, for when it leaves the list.
    row: usize,
}

impl<K> Default for Cursor<K> {
    fn default() -> Self {
        Self { key: None, row: 0 }
    }
}

impl<K: Copy + Eq> Cursor<K> {
    /// The selected row among `keys`: the key's, or the nearest to where the key was.
    pub(crate) fn row(&self, keys: &[K]) -> usize {
        self.key
            .and_then(|key| keys.iter().position(|candidate| *candidate == key))
            .unwrap_or_else(|| self.row.min(keys.len().saturating_sub(1)))
    }

    /// The selected key among `keys`.
    pub(crate) fn key(&self, keys: &[K]) -> Option<K> {
        keys.get(self.row(keys)).copied()
    }

    /// Moves the selection.
    pub(crate) fn step(&mut self, keys: &[K], step: Step) {
        self.row = step.from(self.row(keys), keys.len());
        self.key = keys.get(self.row).copied();
    }

    /// Holds on to the selected row's key, before the list changes under it.
    pub(crate) fn hold(&mut self, keys: &[K]) {
        self.row = self.row(keys);
        self.key = keys.get(self.row).copied();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selection_follows_its_key_and_outlives_it() {
        let mut cursor = Cursor::default();
        assert_eq!(cursor.key(&['a', 'b', 'c']), Some('a'));
        cursor.step(&['a', 'b', 'c'], Step::Down);
        assert_eq!(cursor.row(&['c', 'a', 'b']), 2);
        assert_eq!(cursor.key(&['c', 'a']), Some('a'));
        assert_eq!(cursor.key(&[]), None);
        cursor.step(&['a', 'b', 'c'], Step::Last);
        cursor.step(&['a', 'b', 'c'], Step::Down);
        assert_eq!(cursor.key(&['a', 'b', 'c']), Some('c'));
    }
}
