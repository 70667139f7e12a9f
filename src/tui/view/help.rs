//! The keys, in words.

use ratatui::text::{Line, Span};

use crate::tui::{format, theme};

const KEYS: [(&str, &str); 16] = [
    ("1 2 3 4  Tab", "the screens"),
    ("j k  ↑ ↓", "the next and the previous row"),
    ("PgUp PgDn g G", "ten rows, the first, the last"),
    ("Enter", "open the device or the operation"),
    ("← →  h l", "on a device's page: the next section"),
    ("Esc", "back; clears a filter"),
    ("/", "filter the list by typing"),
    ("s  S", "sort by the next column; turn the order"),
    ("o", "send an operation to the device"),
    ("c", "cancel the operation"),
    ("a", "on a fresh site: make the administrator"),
    ("r", "connect now, while there is no daemon"),
    ("Ctrl-L", "draw the screen anew"),
    ("q  Ctrl-C", "quit"),
    ("● ○ ◦ ▲", "active, created, inactive, unreachable"),
    ("▪ ■ × ◊ ◄", "suspended, blocked, removed, unclaimed, leaving"),
];

pub(super) fn lines() -> Vec<Line<'static>> {
    KEYS.iter()
        .map(|(keys, what)| Line::from(vec![Span::styled(format::pad(keys, 16), theme::ACCENT), Span::raw(*what)]))
        .collect()
}
