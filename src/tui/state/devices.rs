//! The list of devices.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use crossterm::event::{KeyCode, KeyEvent};

use super::cursor::{Cursor, Step};
use super::input::Input;
use crate::model::id::DeviceId;
use crate::model::query::Query;
use crate::wire::device::Device;
use crate::wire::watch::SNAPSHOT_DEVICES;

/// The most devices kept: those of a snapshot, and as many again that came after it.
const MAX_DEVICES: usize = 2 * SNAPSHOT_DEVICES as usize;

/// A column that the list can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Status,
    Name,
    Type,
    Identifier,
    LastSeen,
    Owner,
}

impl Column {
    /// Every column, as they stand on the screen.
    pub(crate) const ALL: [Self; 6] =
        [Self::Status, Self::Name, Self::Type, Self::Identifier, Self::LastSeen, Self::Owner];

    /// The heading.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Status => "STATUS",
            Self::Name => "NAME",
            Self::Type => "TYPE",
            Self::Identifier => "IDENTIFIER",
            Self::LastSeen => "SEEN",
            Self::Owner => "OWNER",
        }
    }

    fn next(self) -> Self {
        let at = Self::ALL.iter().position(|column| *column == self).unwrap_or(0);
        Self::ALL.get(at + 1).copied().unwrap_or(Self::Status)
    }

    fn compare(self, a: &Device, b: &Device) -> Ordering {
        match self {
            Self::Status => a.status.cmp(&b.status),
            Self::Name => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
            Self::Type => a.device_type.cmp(&b.device_type),
            Self::Identifier => a.identifier.cmp(&b.identifier),
            // The one heard last stands first.
            Self::LastSeen => b.last_seen_at.cmp(&a.last_seen_at),
            Self::Owner => a.owner.cmp(&b.owner),
        }
    }
}

/// The devices, how they are filtered and sorted, and which is selected.
#[derive(Debug)]
pub(crate) struct Devices {
    all: HashMap<DeviceId, Device>,
    /// Devices that came when [`MAX_DEVICES`] were there.
    pub(crate) left_out: u64,
    /// A query, which the daemon answers.
    pub(crate) filter: Input,
    /// What is wrong with the filter, or why it has no answer.
    pub(crate) problem: Option<String>,
    /// The devices that pass the filter; `None` is all.
    found: Option<HashSet<DeviceId>>,
    /// The query that the daemon is asked now.
    asked: Option<String>,
    /// The query it answered last.
    answered: String,
    /// Devices have changed since it was asked.
    stale: bool,
    /// Keys go to the filter.
    pub(crate) typing: bool,
    pub(crate) sort: Column,
    pub(crate) descending: bool,
    cursor: Cursor<DeviceId>,
}

impl Default for Devices {
    fn default() -> Self {
        Self {
            all: HashMap::new(),
            left_out: 0,
            filter: Input::default(),
            problem: None,
            found: None,
            asked: None,
            answered: String::new(),
            stale: false,
            typing: false,
            sort: Column::Name,
            descending: false,
            cursor: Cursor::default(),
        }
    }
}

impl Devices {
    /// Puts a snapshot's devices in the place of what was known.
    pub(crate) fn replace(&mut self, devices: Vec<Device>) {
        self.cursor.hold(&self.keys());
        (self.left_out, self.stale) = (0, true);
        self.all = devices.into_iter().take(MAX_DEVICES).map(|device| (device.id, device)).collect();
    }

    /// Takes a device that is new or has changed.
    pub(crate) fn put(&mut self, device: Device) {
        self.stale = true;
        self.keep(device);
    }

    fn keep(&mut self, device: Device) {
        if self.all.len() >= MAX_DEVICES && !self.all.contains_key(&device.id) {
            self.left_out += 1;
            return;
        }
        self.all.insert(device.id, device);
    }

    pub(crate) fn remove(&mut self, id: DeviceId) {
        self.all.remove(&id);
    }

    pub(crate) fn get(&self, id: DeviceId) -> Option<&Device> {
        self.all.get(&id)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// What a device is called on the screens: its name, else its identifier, else its id.
    pub(crate) fn name(&self, id: DeviceId) -> String {
        self.get(id).map_or_else(|| id.to_string(), |device| title(device).to_owned())
    }

    /// The devices that pass the filter, in order.
    pub(crate) fn rows(&self) -> Vec<&Device> {
        let passes = |device: &&Device| self.found.as_ref().is_none_or(|found| found.contains(&device.id));
        let mut rows: Vec<&Device> = self.all.values().filter(passes).collect();
        rows.sort_by(|a, b| {
            let order = self.sort.compare(a, b).then_with(|| Column::Name.compare(a, b));
            let order = if self.descending { order.reverse() } else { order };
            order.then_with(|| a.id.cmp(&b.id))
        });
        rows
    }

    /// What the daemon is to be asked for the filter: one question at a time, again a second after devices changed.
    pub(crate) fn question(&mut self, second: bool) -> Option<String> {
        let text = self.filter.text().trim();
        if text.is_empty() {
            (self.found, self.problem) = (None, None);
            self.answered.clear();
            return None;
        }
        if let Err(error) = Query::parse(text) {
            self.problem = Some(error.to_string());
            self.answered.clear();
            return None;
        }
        if self.asked.is_some() || (text == self.answered && !(second && self.stale)) {
            return None;
        }
        self.stale = false;
        self.asked = Some(text.to_owned());
        self.asked.clone()
    }

    /// Takes the daemon's answer to a question.
    pub(crate) fn answer(&mut self, text: String, answer: Result<Vec<Device>, String>) {
        self.asked = None;
        self.answered = text;
        match answer {
            Ok(devices) => {
                self.problem = None;
                self.found = Some(devices.iter().map(|device| device.id).collect());
                for device in devices {
                    self.keep(device);
                }
            }
            Err(why) => self.problem = Some(why),
        }
    }

    /// The selected row among [`Self::rows`].
    pub(crate) fn row(&self) -> usize {
        self.cursor.row(&self.keys())
    }

    pub(crate) fn selected(&self) -> Option<&Device> {
        self.cursor.key(&self.keys()).and_then(|id| self.get(id))
    }

    /// Takes a key that filters, sorts or moves; `false` when it is none of these.
    pub(crate) fn key(&mut self, key: KeyEvent) -> bool {
        if self.typing {
            return self.type_filter(key);
        }
        match key.code {
            KeyCode::Char('/') => self.typing = true,
            KeyCode::Esc if !self.filter.text().is_empty() => self.filter.clear(),
            KeyCode::Char('s') => self.sort = self.sort.next(),
            KeyCode::Char('S') => self.descending = !self.descending,
            _ => match Step::of(key) {
                Some(step) => self.cursor.step(&self.keys(), step),
                None => return false,
            },
        }
        true
    }

    fn type_filter(&mut self, key: KeyEvent) -> bool {
        match key.code {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => {
                self.typing = false;
                self.filter.clear();
            }
            KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown => {
                if let Some(step) = Step::of(key) {
                    self.cursor.step(&self.keys(), step);
                }
            }
            _ => return self.filter.key(key),
        }
        true
    }

    fn keys(&self) -> Vec<DeviceId> {
        self.rows().iter().map(|device| device.id).collect()
    }
}

/// What a device is called: its name, or its identifier where it has none.
pub(crate) fn title(device: &Device) -> &str {
    if device.name.is_empty() { &device.identifier } else { &device.name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::sample;

    fn press(devices: &mut Devices, keys: &str) {
        for c in keys.chars() {
            let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
            devices.key(KeyEvent::from(code));
        }
    }

    fn names(devices: &Devices) -> Vec<&str> {
        devices.rows().into_iter().map(title).collect()
    }

    #[test]
    fn typing_after_a_slash_filters() {
        let mut devices = Devices::default();
        devices.replace(sample::devices());
        let all = devices.len();
        press(&mut devices, "/status:unreachable\n");
        let text = devices.question(false).unwrap();
        assert_eq!((text.as_str(), devices.question(true)), ("status:unreachable", None));
        let cellar = sample::devices().into_iter().find(|device| device.name == "cellar").unwrap();
        devices.answer(text, Ok(vec![cellar.clone()]));
        assert_eq!(names(&devices), ["cellar"]);
        assert_eq!(devices.question(true).as_deref(), None, "nothing has changed");
        devices.put(cellar);
        assert_eq!(devices.question(false), None);
        let again = devices.question(true).unwrap();
        devices.answer(again, Err("the daemon is gone".to_owned()));
        assert_eq!((names(&devices), devices.problem.as_deref()), (vec!["cellar"], Some("the daemon is gone")));
        press(&mut devices, "/ os<\n");
        assert_eq!(devices.question(true), None);
        assert!(devices.problem.as_ref().unwrap().starts_with("character "), "{:?}", devices.problem);
        devices.key(KeyEvent::from(KeyCode::Esc));
        assert_eq!(devices.question(true), None);
        assert_eq!((devices.rows().len(), &devices.problem), (all, &None));
    }

    #[test]
    fn the_selection_stays_when_the_order_turns() {
        let mut devices = Devices::default();
        devices.replace(sample::devices());
        press(&mut devices, "j");
        let selected = devices.selected().unwrap().id;
        press(&mut devices, "S");
        assert_eq!(devices.selected().unwrap().id, selected);
        press(&mut devices, "s");
        assert_eq!(devices.sort, Column::Type);
        assert_eq!(devices.selected().unwrap().id, selected);
    }

    #[test]
    fn the_list_has_a_bound() {
        let mut devices = Devices::default();
        let model = sample::devices().remove(0);
        for number in 0..=MAX_DEVICES {
            let id = DeviceId::from_bytes(u128::try_from(number).unwrap().to_be_bytes());
            devices.put(Device { id, ..model.clone() });
        }
        assert_eq!((devices.len(), devices.left_out), (MAX_DEVICES, 1));
    }
}
