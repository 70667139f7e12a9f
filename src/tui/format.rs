//! Numbers, times and device text as the screens write them.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::model::text;
use crate::model::timestamp::Timestamp;
use crate::wire::telemetry::Value;

/// The most bytes of a text that are looked at to fill one line.
const LONGEST_LINE: usize = 1024;

/// `text` made harmless and cut to `width` columns, with `…` where something is missing.
pub(crate) fn fit(text: &str, width: usize) -> String {
    let clean = text::for_terminal(text::cut(text, LONGEST_LINE));
    if clean.width() <= width && text.len() <= LONGEST_LINE {
        return clean.into_owned();
    }
    let room = width.saturating_sub(1);
    let mut end = 0;
    for (start, c) in clean.char_indices() {
        let next = start + c.len_utf8();
        if clean.get(..next).is_none_or(|prefix| prefix.width() > room) {
            break;
        }
        end = next;
    }
    let mut cut = clean.get(..end).unwrap_or_default().to_owned();
    if width > 0 {
        cut.push('…');
    }
    cut
}

/// [`fit`], filled up with spaces on the right to exactly `width` columns.
pub(crate) fn pad(text: &str, width: usize) -> String {
    let mut padded = fit(text, width);
    let missing = width.saturating_sub(padded.width());
    padded.extend(std::iter::repeat_n(' ', missing));
    padded
}

/// [`fit`], filled up with spaces on the left to exactly `width` columns.
pub(crate) fn pad_left(text: &str, width: usize) -> String {
    let fitted = fit(text, width);
    let missing = width.saturating_sub(fitted.width());
    format!("{:missing$}{fitted}", "")
}

/// A size in powers of 1024: `412 MiB`, `3.7 GiB`.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn bytes(count: u64) -> String {
    let mut size = count as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if size < 1000.0 {
            return if unit == "B" || size >= 100.0 {
                format!("{size:.0} {unit}")
            } else {
                format!("{size:.1} {unit}")
            };
        }
        size /= 1024.0;
    }
    format!("{size:.1} TiB")
}

/// The two largest units of a span: `3d 4h`, `12m 5s`, `5s`.
pub(crate) fn span(span: Duration) -> String {
    let secs = span.as_secs();
    let (days, hours, minutes) = (secs / 86_400, secs / 3600 % 24, secs / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{secs}s"),
        (0, 0, _) => format!("{minutes}m {}s", secs % 60),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// How long before `now` something was.
pub(crate) fn ago(now: Timestamp, at: Timestamp) -> String {
    format!("{} ago", span(now.since(at)))
}

/// The time of day in UTC, and the day before it where that is not `now`'s.
pub(crate) fn clock(now: Timestamp, at: Timestamp) -> String {
    let Some(utc) = at.to_utc() else { return "?".to_owned() };
    let time = format!("{:02}:{:02}:{:02}", utc.hour(), utc.minute(), utc.second());
    if now.to_utc().is_some_and(|now| now.date() == utc.date()) {
        return time;
    }
    format!("{:02}-{:02} {time}", u8::from(utc.month()), utc.day())
}

/// The date and the time to the minute, in UTC.
pub(crate) fn date(at: Timestamp) -> String {
    at.to_utc().map_or_else(
        || "?".to_owned(),
        |utc| {
            let month = u8::from(utc.month());
            format!("{:04}-{month:02}-{:02} {:02}:{:02}", utc.year(), utc.day(), utc.hour(), utc.minute())
        },
    )
}

/// A rate to three digits: `0.4`, `12.3`, `1230`.
pub(crate) fn rate(per_sec: f64) -> String {
    if per_sec < 100.0 { format!("{per_sec:.1}") } else { format!("{per_sec:.0}") }
}

/// A measured value with its unit, numbers to at most two decimals.
pub(crate) fn value(value: &Value, unit: &str) -> String {
    let text = match value {
        Value::Integer(count @ 0..) if unit == "B" => return bytes(count.unsigned_abs()),
        Value::Integer(secs @ 0..) if unit == "s" => return span(Duration::from_secs(secs.unsigned_abs())),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Integer(integer) => integer.to_string(),
        Value::Number(number) if number.abs() >= 1e9 => format!("{number:.3e}"),
        Value::Number(number) => {
            let two = format!("{number:.2}");
            two.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Value::Text(text) => text.clone(),
    };
    if unit.is_empty() { text } else { format!("{text} {unit}") }
}

/// Eight heights of a column, lowest first.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The newest `width` values as columns between the lowest and the highest of them; `floor` is the lowest that the
/// scale may start at (zero for rates), so that a flat line reads as flat.
pub(crate) fn spark(values: impl DoubleEndedIterator<Item = f64>, width: usize, floor: Option<f64>) -> String {
    let mut shown: Vec<f64> = values.rev().filter(|value| value.is_finite()).take(width).collect();
    shown.reverse();
    let low = floor.unwrap_or_else(|| shown.iter().copied().fold(f64::INFINITY, f64::min));
    let high = shown.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let spread = high - low;
    shown
        .iter()
        .map(|value| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 7 by the clamp")]
            let height = if spread > 0.0 { ((value - low) / spread * 7.0).round().clamp(0.0, 7.0) as usize } else { 0 };
            HEIGHTS.get(height).copied().unwrap_or(' ')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_columns_and_made_harmless() {
        assert_eq!(fit("kitchen", 7), "kitchen");
        assert_eq!(fit("kitchen", 5), "kitc…");
        assert_eq!(fit("温度計です", 5), "温度…");
        assert_eq!(fit("\u{1b}[31mred", 20), "\\u{1b}[31mred");
        assert_eq!(fit("anything", 0), "");
        assert_eq!(pad("温", 4), "温  ");
        assert_eq!(pad_left("7", 3), "  7");
        assert_eq!(fit(&"x".repeat(5000), 5000).len(), LONGEST_LINE + '…'.len_utf8());
    }

    #[test]
    fn sizes_spans_and_values_are_short() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(10_276_044), "9.8 MiB");
        assert_eq!(bytes(u64::MAX), "16777216.0 TiB");
        assert_eq!(span(Duration::from_secs(59)), "59s");
        assert_eq!(span(Duration::from_hours(76)), "3d 4h");
        assert_eq!(value(&Value::Number(48.30), "°C"), "48.3 °C");
        assert_eq!(value(&Value::Number(5.0), ""), "5");
        assert_eq!(value(&Value::Integer(2048), "B"), "2.0 KiB");
        assert_eq!(value(&Value::Integer(61), "s"), "1m 1s");
        assert_eq!(value(&Value::Integer(-1), "s"), "-1 s");
        assert_eq!(value(&Value::Bool(true), ""), "yes");
    }

    #[test]
    fn times_of_another_day_carry_the_day() {
        let now = Timestamp::parse("2026-11-22T10:00:00Z").unwrap();
        assert_eq!(clock(now, Timestamp::parse("2026-11-22T09:59:01Z").unwrap()), "09:59:01");
        assert_eq!(clock(now, Timestamp::parse("2026-11-21T09:59:01Z").unwrap()), "11-21 09:59:01");
        assert_eq!(date(now), "2026-11-22 10:00");
    }

    #[test]
    fn a_sparkline_shows_the_newest_values() {
        assert_eq!(spark([9.0, 0.0, 7.0].into_iter(), 2, None), "▁█");
        assert_eq!(spark([5.0, 5.0].into_iter(), 8, None), "▁▁");
        assert_eq!(spark([5.0, 10.0].into_iter(), 8, Some(0.0)), "▅█");
        assert_eq!(spark([f64::NAN].into_iter(), 8, None), "");
    }
}
