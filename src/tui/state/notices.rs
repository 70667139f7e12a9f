//! The list of events: what a person should read, newest first.

use std::collections::VecDeque;

use crossterm::event::KeyEvent;

use super::cursor::{Cursor, Step};
use crate::wire::watch::Notice;

/// The most notices kept; of more, the oldest go.
const MAX_NOTICES: usize = 500;

/// Notices, newest first, and which is selected.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// With a number of their own, since notices have no id.
    all: VecDeque<(u64, Notice)>,
    next: u64,
    cursor: Cursor<u64>,
    /// The selection was moved by hand; before that it stays on the newest.
    moved: bool,
}

impl Notices {
    /// Puts a snapshot's notices (newest first) in the place of what was known.
    pub(crate) fn replace(&mut self, notices: Vec<Notice>) {
        self.all.clear();
        self.cursor = Cursor::default();
        self.moved = false;
        for notice in notices.into_iter().rev() {
            self.put(notice);
        }
    }

    /// Takes a new notice.
    pub(crate) fn put(&mut self, notice: Notice) {
        self.all.push_front((self.next, notice));
        self.all.truncate(MAX_NOTICES);
        self.next += 1;
    }

    /// Newest first.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &Notice> {
        self.all.iter().map(|(_, notice)| notice)
    }

    /// The selected row among [`Self::rows`].
    pub(crate) fn row(&self) -> usize {
        if self.moved { self.cursor.row(&self.keys()) } else { 0 }
    }

    pub(crate) fn selected(&self) -> Option<&Notice> {
        self.all.get(self.row()).map(|(_, notice)| notice)
    }

    /// Takes a key that moves; `false` when it does not.
    pub(crate) fn key(&mut self, key: KeyEvent) -> bool {
        let Some(step) = Step::of(key) else { return false };
        let keys = self.keys();
        if !self.moved {
            self.cursor.step(&keys, Step::First);
        }
        self.cursor.step(&keys, step);
        self.moved = self.cursor.row(&keys) > 0;
        true
    }

    fn keys(&self) -> Vec<u64> {
        self.all.iter().map(|(number, _)| *number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::sample;
    use crossterm::event::KeyCode;

    #[test]
    fn the_selection_stays_on_the_newest_until_it_is_moved() {
        let mut notices = Notices::default();
        notices.replace(sample::notices());
        let newest = Notice { text: "fresh".to_owned(), ..sample::notices().remove(0) };
        notices.put(newest.clone());
        assert_eq!(notices.selected().unwrap().text, "fresh");
        notices.key(KeyEvent::from(KeyCode::Down));
        let held = notices.selected().unwrap().text.clone();
        notices.put(newest);
        assert_eq!((notices.row(), &notices.selected().unwrap().text), (2, &held));
    }

    #[test]
    fn the_list_has_a_bound() {
        let mut notices = Notices::default();
        for _ in 0..=MAX_NOTICES {
            notices.put(sample::notices().remove(0));
        }
        assert_eq!(notices.rows().len(), MAX_NOTICES);
    }
}
