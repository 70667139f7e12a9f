//! Times, sizes and numbers as people read them.

use maud::{Markup, html};
use time::macros::format_description;

use super::Ui;
use crate::model::timestamp::Timestamp;
use crate::web::message::general;

impl Ui {
    /// A moment: in UTC, until the script makes it local with UTC on hover.
    #[expect(clippy::unused_self, reason = "as the other components")]
    pub(in crate::web) fn time(&self, at: Timestamp) -> Markup {
        html! { time datetime=(at) { (utc(at)) } }
    }

    /// A moment that the script shows as the time that has passed since.
    #[expect(clippy::unused_self, reason = "as the other components")]
    pub(in crate::web) fn ago(&self, at: Timestamp) -> Markup {
        html! { time datetime=(at) data-ago { (utc(at)) } }
    }

    /// As [`Ui::ago`]; says so where there was no such moment.
    pub(in crate::web) fn ago_or_never(&self, at: Option<Timestamp>) -> Markup {
        at.map_or_else(|| html! { span.muted { (self.t(general::NEVER)) } }, |at| self.ago(at))
    }
}

/// A moment to the second: `2026-11-24 19:09:15 UTC`.
pub(in crate::web) fn utc(at: Timestamp) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    at.to_utc().and_then(|time| time.format(&format).ok()).unwrap_or_else(|| at.to_string())
}

/// Bytes in the largest binary unit that leaves a number of at least one: `3.4 MiB`.
pub(in crate::web) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut size = count as f64;
    let mut unit = UNITS[0];
    for next in UNITS.iter().skip(1) {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = next;
    }
    if unit == "B" || size >= 100.0 { format!("{size:.0} {unit}") } else { format!("{size:.1} {unit}") }
}

/// A span of time in its two largest units: `3 d 4 h`.
pub(in crate::web) fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// How many percent of a whole something is; nothing of nothing is 0.
pub(in crate::web) fn percent(used: u64, total: u64) -> u64 {
    used.saturating_mul(100).checked_div(total).unwrap_or(0).min(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_spans_are_short() {
        assert_eq!([bytes(0), bytes(1023), bytes(1536), bytes(512 << 20)], ["0 B", "1023 B", "1.5 KiB", "512 MiB"]);
        assert_eq!([span(59), span(3599), span(7260), span(90_000)], ["59 s", "59 min", "2 h 1 min", "1 d 1 h"]);
        assert_eq!([percent(1, 3), percent(5, 0), percent(9, 3)], [33, 0, 100]);
        assert_eq!(utc(Timestamp::from_secs(0)), "1970-01-01 00:00:00 UTC");
    }
}
