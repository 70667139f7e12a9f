//! The list of operations.

use crossterm::event::{KeyCode, KeyEvent};

use super::cursor::{Cursor, Step};
use super::devices::Devices;
use super::input::Input;
use crate::model::id::{DeviceId, OperationId};
use crate::wire::operation::Operation;

/// The most operations kept; of more, the oldest go.
const MAX_OPERATIONS: usize = 500;

/// Operations, newest first, how they are filtered, and which is selected.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    /// Newest first, at most [`MAX_OPERATIONS`].
    all: Vec<Operation>,
    pub(crate) filter: Input,
    /// Keys go to the filter.
    pub(crate) typing: bool,
    cursor: Cursor<OperationId>,
}

impl Operations {
    /// Puts a snapshot's operations in the place of what was known.
    pub(crate) fn replace(&mut self, operations: Vec<Operation>) {
        self.all = operations;
        self.order();
    }

    /// Takes an operation that is new or has come further.
    pub(crate) fn put(&mut self, operation: Operation) {
        match self.all.iter_mut().find(|known| known.id == operation.id) {
            // An answer to a request may come after a delta that is newer.
            Some(known) if known.updated_at > operation.updated_at => {}
            Some(known) => *known = operation,
            None => {
                self.all.push(operation);
                self.order();
            }
        }
    }

    /// Forgets everything about a device that is gone.
    pub(crate) fn forget(&mut self, device: DeviceId) {
        self.all.retain(|operation| operation.device != device);
    }

    pub(crate) fn get(&self, id: OperationId) -> Option<&Operation> {
        self.all.iter().find(|operation| operation.id == id)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// The operations that pass the filter, newest first; `devices` tells the names that the filter may mean.
    pub(crate) fn rows(&self, devices: &Devices) -> Vec<&Operation> {
        let wanted = self.filter.text().to_lowercase();
        self.all.iter().filter(|operation| passes(operation, devices, &wanted)).collect()
    }

    /// One device's operations, newest first.
    pub(crate) fn of(&self, device: DeviceId) -> Vec<Operation> {
        self.all.iter().filter(|operation| operation.device == device).cloned().collect()
    }

    /// The selected row among [`Self::rows`].
    pub(crate) fn row(&self, devices: &Devices) -> usize {
        self.cursor.row(&self.keys(devices))
    }

    pub(crate) fn selected(&self, devices: &Devices) -> Option<&Operation> {
        self.cursor.key(&self.keys(devices)).and_then(|id| self.get(id))
    }

    /// Takes a key that filters or moves; `false` when it is none of these.
    pub(crate) fn key(&mut self, key: KeyEvent, devices: &Devices) -> bool {
        match key.code {
            KeyCode::Enter if self.typing => self.typing = false,
            KeyCode::Esc if self.typing || !self.filter.text().is_empty() => {
                self.typing = false;
                self.filter.clear();
            }
            _ if self.typing => return self.filter.key(key),
            KeyCode::Char('/') => self.typing = true,
            _ => return self.step(key, devices),
        }
        true
    }

    /// Takes a key that moves; `false` when it does not.
    pub(crate) fn step(&mut self, key: KeyEvent, devices: &Devices) -> bool {
        let Some(step) = Step::of(key) else { return false };
        self.cursor.step(&self.keys(devices), step);
        true
    }

    fn order(&mut self) {
        self.all.sort_by_key(|operation| std::cmp::Reverse((operation.created_at, operation.id)));
        self.all.truncate(MAX_OPERATIONS);
    }

    fn keys(&self, devices: &Devices) -> Vec<OperationId> {
        self.rows(devices).iter().map(|operation| operation.id).collect()
    }
}

fn passes(operation: &Operation, devices: &Devices, wanted: &str) -> bool {
    wanted.is_empty()
        || [&operation.code, operation.status.name(), &operation.initiated_by, &operation.reason]
            .iter()
            .any(|text| text.to_lowercase().contains(wanted))
        || devices.name(operation.device).to_lowercase().contains(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::sample;

    #[test]
    fn an_older_answer_does_not_undo_a_newer_delta() {
        let mut operations = Operations::default();
        let newer = sample::operations().remove(0);
        let mut older = newer.clone();
        older.updated_at = older.updated_at.minus(std::time::Duration::from_secs(5));
        older.reason = "old news".to_owned();
        operations.put(newer.clone());
        operations.put(older);
        assert_eq!(operations.get(newer.id).unwrap().reason, newer.reason);
    }

    #[test]
    fn the_filter_finds_states_and_devices() {
        let mut operations = Operations::default();
        operations.replace(sample::operations());
        let mut devices = Devices::default();
        devices.replace(sample::devices());
        for (typed, found) in [("pending", 1), ("kitchen", 2), ("nothing like this", 0)] {
            operations.filter = Input::new(typed);
            assert_eq!(operations.rows(&devices).len(), found, "{typed}");
        }
    }
}
